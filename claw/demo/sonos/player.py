"""One virtual Sonos player: the HTTP server at port 1400 and the announcements around its state (zone.py)."""

import asyncio
import socket
from typing import Any
from xml.etree import ElementTree

from aiohttp import web
from zeroconf.asyncio import AsyncServiceInfo

from claw.demo.sonos import control, documents
from claw.demo.sonos.protocol import SERVICES
from claw.demo.sonos.ssdp import Ssdp
from claw.demo.sonos.zone import PORT, Zone

MDNS = "_sonos._tcp.local."
BODY = "{http://schemas.xmlsoap.org/soap/envelope/}Body"


class VirtualSonos(Zone):
    """A player of a household. Read `playback`, `title`, `volume`, `muted`, `coordinator`; change them as its Zone says."""

    _runner: web.AppRunner | None = None
    _ssdp: Ssdp | None = None
    _mdns: AsyncServiceInfo | None = None

    async def start(self) -> None:
        """Listen at port 1400 and announce by mDNS and SSDP."""
        app = web.Application(middlewares=[self._faulty])
        app.router.add_get("/xml/{name}.xml", self._document)
        for service, (path, _, _) in SERVICES.items():
            app.router.add_post(f"{path}/Control", self._control_of(service))
            app.router.add_route("*", f"{path}/Event", self._event_of(service))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.address, PORT).start()
        self.events.open()
        self.running = True
        self.household.regrouped()
        if self.announce:
            await self._announce()

    async def stop(self, *, goodbye: bool = True) -> None:
        """Leave the network; its group goes on without it."""
        if not self.running:
            return
        if self._ssdp is not None:
            await self._ssdp.stop(goodbye=goodbye)
        if self._mdns is not None:
            await self._withdraw(self._mdns, goodbye)
        if self._runner is not None:
            await self._runner.cleanup()
        await self.events.close()
        self._ssdp = self._mdns = self._runner = None
        self.running = False
        self.leave_group()
        self.household.regrouped()

    async def _announce(self) -> None:
        headers = {
            "LOCATION": self.location, "SERVER": f"Linux UPnP/1.0 Sonos/{documents.SOFTWARE} (ZPS18)",
            "X-RINCON-HOUSEHOLD": self.household.id, "X-RINCON-BOOTSEQ": str(self.bootseq), "BOOTID.UPNP.ORG": str(self.bootseq),
            "X-RINCON-WIFIMODE": "1", "X-RINCON-VARIANT": "0", "HOUSEHOLD.SMARTSPEAKER.AUDIO": self.household.id,
        }  # fmt: skip
        self._ssdp = Ssdp(self.address, self.uid, headers)
        await self._ssdp.start()
        txt = {
            "info": f"/api/v1/players/{self.uid}/info", "vers": "3", "protovers": "1.42.5", "bootseq": str(self.bootseq),
            "hhid": self.household.id, "location": self.location, "sslport": "1443", "hhsslport": "1843", "variant": "0",
        }  # fmt: skip
        self._mdns = AsyncServiceInfo(
            MDNS, f"{self.uid}@{self.name}.{MDNS}", port=1443, addresses=[socket.inet_aton(self.address)], properties=txt,
            server=f"Sonos-{self.address.replace('.', '-')}.local.",
        )  # fmt: skip
        await self.network.zeroconf.async_register_service(self._mdns, allow_name_change=True)

    async def _withdraw(self, info: AsyncServiceInfo, goodbye: bool) -> None:
        """Also from our own cache, else a player that comes back would find its own name taken."""
        zeroconf = self.network.zeroconf.zeroconf
        if goodbye:
            await (await self.network.zeroconf.async_unregister_service(info))
        else:
            zeroconf.registry.async_remove(info)
        old = [record for record in zeroconf.cache.entries_with_name(MDNS) if getattr(record, "alias", "") == info.name]
        zeroconf.cache.async_remove_records(old)

    @web.middleware
    async def _faulty(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests += 1
        if self.faults.slow:
            await asyncio.sleep(self.faults.slow)
        if self.faults.garbage is not None:
            return web.Response(body=self.faults.garbage, content_type="text/xml")
        response: web.StreamResponse = await handler(request)
        return response

    async def _document(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name == "device_description":
            return _xml(documents.description(self))
        if name[-1:] == "1" and name[:-1] in SERVICES:
            return _xml(documents.scpd(name[:-1]))
        raise web.HTTPNotFound

    def _control_of(self, service: str) -> Any:
        async def act(request: web.Request) -> web.Response:
            try:
                call = ElementTree.fromstring(await request.read()).find(f"{BODY}/*")
                if call is None:
                    raise control.UPnPError(401)
                name = call.tag.partition("}")[2]
                values = control.run(self, service, name, {part.tag: part.text or "" for part in call})
            except ElementTree.ParseError:
                return _xml(documents.fault(402), 500)
            except control.UPnPError as error:
                return _xml(documents.fault(error.code), 500)
            return _xml(documents.answer(service, name, values))

        return act

    def _event_of(self, service: str) -> Any:
        async def subscribe(request: web.Request) -> web.StreamResponse:
            if request.method == "SUBSCRIBE":
                return await self.events.subscribe(request, service)
            if request.method == "UNSUBSCRIBE":
                return self.events.unsubscribe(request.headers.get("SID", ""))
            raise web.HTTPMethodNotAllowed(request.method, ["SUBSCRIBE", "UNSUBSCRIBE"])

        return subscribe


def _xml(text: str, status: int = 200) -> web.Response:
    return web.Response(
        text=text, status=status, content_type="text/xml", headers={"Server": "Linux UPnP/1.0 Sonos/95.0-77060 (ZPS18)"}
    )
