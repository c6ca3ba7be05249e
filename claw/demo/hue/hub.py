"""The virtual Hue hub: TLS server with link button, API v2 and event stream, and the controls that tests pull."""

import asyncio
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from zeroconf import ServiceInfo

from claw.demo.hue.certificate import make_certificate, tls
from claw.demo.hue.events import EventStream
from claw.demo.hue.lamp import JSON, Lamp, demo_lamps
from claw.demo.hue.resources import SOFTWARE, Documents, identified, ref
from claw.demo.virtual import Virtual

LINK_SECONDS = 30.0  # how long a press of the button lasts


@dataclass
class HueHub(Virtual):
    """A Hue hub that stands at `network.address(host)`:8443; ids of hub and lamps are the same in every run."""

    port: int = 8443
    bridge_id: str = "ecb5fafffe84fdc7"
    name: str = "Hue Bridge"
    announce: bool = True  # tell mDNS; tests that look for nothing start faster without
    lamps: dict[str, Lamp] = field(default_factory=lambda: {lamp.name: lamp for lamp in demo_lamps()})
    zones: dict[str, list[str]] = field(default_factory=lambda: {"Downstairs": ["Living Room", "Kitchen"]})
    keys: set[str] = field(default_factory=set)  # application keys that it accepts
    redirect: str = ""  # send every client there instead of answering
    requests: deque[tuple[str, str, Any]] = field(default_factory=lambda: deque(maxlen=1000))  # method, path, body

    def __post_init__(self) -> None:
        self.documents = Documents(self.bridge_id, self.name, self.lamps, self.zones)
        self.events = EventStream()
        self.certificate = make_certificate(self.bridge_id)
        self._linking_until = 0.0
        self._runner: web.AppRunner | None = None
        self._service: ServiceInfo | None = None

    # what tests and the demo do to it

    def press_button(self) -> None:
        """Open the link window for 30 seconds."""
        self._linking_until = time.monotonic() + LINK_SECONDS

    def revoke_keys(self) -> None:
        """Forget every application key and end the streams of their owners."""
        self.keys.clear()
        self.events.end()

    async def change_certificate(self) -> None:
        """Come back with another key and certificate, as after a factory reset (or as an impostor)."""
        await self.stop()
        self.certificate = make_certificate(self.bridge_id)
        await self.start()

    def by_hand(self, lamp: str, **state: Any) -> None:
        """Somebody used a switch or the maker's app: set attributes of a Lamp (on, brightness, mirek, xy)."""
        for name, value in state.items():
            setattr(self.lamps[lamp], name, value)
        self._told(self.lamps[lamp])

    def unplug(self, lamp: str) -> None:
        """Take the lamp's power away."""
        self.lamps[lamp].reachable = False
        self.events.tell("update", self.documents.radio(self.lamps[lamp]))

    def plug_in(self, lamp: str) -> None:
        """Give the lamp its power back."""
        self.lamps[lamp].reachable = True
        self.events.tell("update", self.documents.radio(self.lamps[lamp]))

    def add_lamp(self, lamp: Lamp) -> None:
        """A lamp joins a room while the hub runs."""
        known = lamp.room in self.documents.rooms()
        self.lamps[lamp.name] = lamp
        self.events.tell("add", *self.documents.lamp(lamp))
        if not known:
            self.events.tell("add", self.documents.grouped_light(lamp.room, "room"))
        self.events.tell("update" if known else "add", self.documents.place("room", lamp.room))

    def remove_lamp(self, name: str) -> None:
        """A lamp is deleted from the hub."""
        lamp = self.lamps[name]
        gone = identified(self.documents.lamp(lamp))
        del self.lamps[name]
        self.events.tell("delete", *gone)
        if lamp.room in self.documents.rooms():
            self.events.tell("update", self.documents.place("room", lamp.room))

    # life

    async def start(self) -> None:
        """Listen with TLS and announce _hue._tcp; OSError when the port is taken."""
        app = web.Application(middlewares=[self._faulty], client_max_size=1 << 20)
        app.add_routes([
            web.post("/api", self._link),
            web.get("/api/config", self._config),
            web.get("/api/{key}/config", self._config),
            web.get("/clip/v2/resource", self._get),
            web.get("/clip/v2/resource/{type}", self._get),
            web.get("/clip/v2/resource/{type}/{id}", self._get),
            web.put("/clip/v2/resource/{type}/{id}", self._put),
            web.post("/clip/v2/resource/geofence_client", self._post_geofence),
            web.get("/eventstream/clip/v2", self._stream),
        ])  # fmt: skip
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.address, self.port, ssl_context=tls(self.certificate)).start()
        if self.announce:
            await self._announce()

    async def _announce(self) -> None:
        self._service = ServiceInfo(
            "_hue._tcp.local.",
            f"{self.name} - {self.bridge_id[-6:].upper()}._hue._tcp.local.",
            parsed_addresses=[self.address],
            port=self.port,
            properties={"bridgeid": self.bridge_id, "modelid": "BSB002"},
            server=f"{self.bridge_id}.local.",
        )
        await self.network.zeroconf.async_register_service(self._service, cooperating_responders=True)

    async def stop(self, *, goodbye: bool = True) -> None:
        """Leave; without goodbye mDNS is not told."""
        if self._service is not None and goodbye:
            await self.network.zeroconf.async_unregister_service(self._service)
        elif self._service is not None:
            self.network.zeroconf.zeroconf.registry.async_remove(self._service)
        self._service = None
        self.events.end()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # what clients see

    @web.middleware
    async def _faulty(self, request: web.Request, handler: Any) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        await asyncio.sleep(self.faults.slow)
        self.requests.append((request.method, request.path, body))
        if self.redirect:
            raise web.HTTPTemporaryRedirect(self.redirect)
        if self.faults.garbage is not None:
            return web.Response(body=self.faults.garbage, content_type="application/json")
        if not request.path.startswith("/api") and request.headers.get("hue-application-key") not in self.keys:
            return web.json_response({"errors": [{"description": "unauthorized"}], "data": []}, status=403)
        reply: web.StreamResponse = await handler(request)
        return reply

    async def _link(self, request: web.Request) -> web.Response:
        """POST /api: a key for whoever asks while the link window is open (v1; the only way to make one)."""
        if time.monotonic() >= self._linking_until:
            error = {"type": 101, "address": "", "description": "link button not pressed"}
            return web.json_response([{"error": error}])
        made = {"username": secrets.token_urlsafe(30)}
        self.keys.add(made["username"])
        if (await request.json()).get("generateclientkey"):
            made["clientkey"] = secrets.token_hex(16).upper()
        return web.json_response([{"success": made}])

    async def _config(self, request: web.Request) -> web.Response:
        """The short config of API v1, which needs no key."""
        mac = ":".join(self.bridge_id[i : i + 2] for i in (0, 2, 4, 10, 12, 14))
        config = {"name": self.name, "datastoreversion": "176", "swversion": SOFTWARE.split(".")[-1], "apiversion": "1.66.0"}
        config |= {"mac": mac, "bridgeid": self.bridge_id.upper(), "modelid": "BSB002", "starterkitid": ""}
        return web.json_response(config | {"factorynew": False, "replacesbridgeid": None})

    async def _get(self, request: web.Request) -> web.Response:
        type, id = request.match_info.get("type", ""), request.match_info.get("id", "")
        found = self.documents.find(type, id) if type else list(self.documents.all())
        return answer(found) if found or not id else answer([], "Not Found", status=404)

    async def _put(self, request: web.Request) -> web.Response:
        type, id = request.match_info["type"], request.match_info["id"]
        if not self.documents.find(type, id):
            return answer([], "Not Found", status=404)
        complaint = "" if self.faults.lies else self._carry_out(type, id, await request.json())
        status = 200 if not complaint else 400 if complaint.startswith("invalid") else 207
        return answer([ref(type, id)], complaint, status=status)

    def _carry_out(self, type: str, id: str, wish: JSON) -> str:
        if type == "light":
            return self._drive(next(lamp for lamp in self.lamps.values() if self.documents.uid(lamp.name, "light") == id), wish)
        if type == "grouped_light":
            for lamp in self.documents.members(id):
                self._drive(lamp, {key: part for key, part in wish.items() if key in self.documents.light_state(lamp)})
            return ""
        if type == "scene" and "recall" in wish:
            for step in self.documents.find(type, id)[0]["actions"]:
                self._carry_out("light", step["target"]["rid"], step["action"])
            return ""
        if type == "geofence_client":
            self.documents.geofence[id]["name"] = wish.get("name", "")
            self.events.tell("update", self.documents.geofence[id])
            return ""
        return "invalid request: this cannot be set"

    def _drive(self, lamp: Lamp, wish: JSON) -> str:
        if complaint := lamp.take(wish):
            return complaint
        self._told(lamp)
        return ""

    def _told(self, lamp: Lamp) -> None:
        """Tell the streams of a lamp's new state and of that of its room."""
        self.events.tell("update", self.documents.light_state(lamp), self.documents.grouped_light(lamp.room, "room"))

    async def _post_geofence(self, request: web.Request) -> web.Response:
        """aiohue makes one of these and renames it each minute, so that something comes down the event stream."""
        body = await request.json()
        item = {"id": self.documents.uid(body["name"], "geofence_client"), "name": body["name"], "type": "geofence_client"}
        self.documents.geofence[item["id"]] = item
        self.events.tell("add", item)
        return answer([ref("geofence_client", item["id"])], status=201)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        return await self.events.serve(request)


def answer(data: list[JSON], complaint: str = "", *, status: int = 200) -> web.Response:
    """A reply in the envelope of API v2."""
    errors = [{"description": complaint}] if complaint else []
    return web.json_response({"errors": errors, "data": data}, status=status)
