"""Sonos players: transport commands go to the coordinator of the group, volume to the player itself.

SoCo writes and reads the messages; they travel over aiohttp and not through SoCo's blocking calls, because those follow
redirects, read answers of any size and hold a thread for as long as a player drips. An event (GENA) only says "look again":
its content is not believed. The player's own answers are the state, and are asked again each minute, with a renewal.
"""

import asyncio
import contextlib
import ipaddress
import re
import secrets
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, fromstring

import aiohttp
from aiohttp import web
from soco import SoCo
from soco.data_structures import to_didl_string
from soco.data_structures_entry import from_didl_string
from soco.exceptions import SoCoException, SoCoUPnPException

from claw.skill import Device, DeviceError, Found, Home, Player, Text, Volume, clean, command, mdns, skill, ssdp, static

PORT = 1400
SECONDS, LIMIT = 4.0, 1 << 20  # of one answer
MINUTE, SOON, TRIES = 60.0, 5.0, 3  # between polls; after one that failed; then the connection is given up
DEVICE = "{urn:schemas-upnp-org:device-1-0}device/{urn:schemas-upnp-org:device-1-0}"
TITLE = ".//{http://purl.org/dc/elements/1.1/}title"
STREAM = ".//{urn:schemas-rinconnetworks-com:metadata-1-0/}streamContent"
PLAYBACK = {"PLAYING": "playing", "PAUSED_PLAYBACK": "paused", "STOPPED": "stopped"}  # TRANSITIONING is neither yet
STATIONS = ("x-sonosapi-stream:", "x-sonosapi-radio:", "x-sonosapi-hls:", "x-rincon-mp3radio:", "hls-radio:", "aac:")
REFUSALS = {
    "701": "it cannot do that now",
    "711": "there is no such track",
    "714": "it cannot play that",
    "800": "its group has changed",
}
MUTED = {"0": False, "1": True}
NONSENSE = (SyntaxError, SoCoException, TypeError, IndexError)  # ElementTree's and lxml's errors are SyntaxErrors
FAILURES = (DeviceError, OSError, TimeoutError, aiohttp.ClientError)


@dataclass(frozen=True)
class Zone:
    """A player as the topology describes it; `leader` is the uid of its group's coordinator."""

    uid: str
    name: str
    host: str
    leader: str
    hidden: bool  # the second player of a stereo pair, a subwoofer: commands go to the first


class Wire:
    """SOAP and GENA requests, each bounded in time and size."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def ask(self, service: Any, action: str, **args: Any) -> dict[str, str]:
        """One SOAP action; DeviceError when the player refuses or answers nonsense."""
        if service.DEFAULT_ARGS:
            args = {**service.DEFAULT_ARGS, **args}
        headers, body = service.build_command(action, list(args.items()))
        status, _, text = await self.fetch("POST", service.base_url + service.control_url, headers, body.encode())
        try:
            if status == 500:
                service.handle_upnp_error(text)
            if status != 200:
                raise DeviceError(f"it answered with status {status}")
            return dict(service.unwrap_arguments(text))
        except SoCoUPnPException as error:
            raise DeviceError(
                REFUSALS.get(error.error_code, f"it refused ({error.error_description or error.error_code})")
            ) from error
        except NONSENSE as error:
            raise DeviceError("it answered something that makes no sense") from error

    async def fetch(
        self, method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, Any, str]:
        """Status, headers and text of an answer without redirects, of at most LIMIT bytes and without a DTD."""
        async with self.session.request(method, url, headers=headers, data=body or None, allow_redirects=False) as reply:
            data = b""
            async for chunk in reply.content.iter_any():
                data += chunk
                if len(data) > LIMIT:
                    raise DeviceError("it answered more than 1 MiB")
            text = data.decode(errors="replace")
            if "!DOCTYPE" in text:  # plain or escaped: of a document within the document
                raise DeviceError("it answered with a DTD, which is not read")
            return reply.status, reply.headers, text

    async def introduce(self, host: str) -> tuple[str, str, str]:
        """Uid, name and model of the player at this address, from its description."""
        _, _, text = await self.fetch("GET", f"http://{host}:{PORT}/xml/device_description.xml")
        tree = _tree(text)
        uid, name, model = (tree.findtext(DEVICE + tag) or "" for tag in ("UDN", "roomName", "modelName"))
        if not re.fullmatch(r"uuid:RINCON_\w{1,40}", uid, re.ASCII):
            raise DeviceError("it does not describe itself as a Sonos player")
        return uid.removeprefix("uuid:"), clean(name) or "speaker", clean(model)


class Ears:
    """GENA: subscriptions to services of players, and where their NOTIFY requests arrive. An event only means: look again."""

    def __init__(self, wire: Wire) -> None:
        self.wire, self.callback, self.pushed = wire, "", asyncio.Event()
        self.sids: dict[str, str] = {}  # event address -> SID
        self.runner = web.ServerRunner(web.Server(self.notified), shutdown_timeout=1.0)

    async def open(self, address: str) -> None:
        """Listen on this address of ours, under a path that nobody can guess; with no address there are no events, only polls."""
        await self.runner.setup()
        if address:
            await web.TCPSite(self.runner, address, 0).start()
            self.callback = f"http://{address}:{self.runner.addresses[0][1]}/{secrets.token_urlsafe(16)}"

    async def notified(self, request: web.BaseRequest) -> web.Response:
        """Take one NOTIFY."""
        if not self.callback.endswith(request.path):
            return web.Response(status=404)
        self.pushed.set()
        return web.Response()

    async def wait(self, timer: Coroutine[Any, Any, None]) -> None:
        """Until something is pushed, or the timer ends."""
        waiting = [asyncio.ensure_future(self.pushed.wait()), asyncio.ensure_future(timer)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        self.pushed.clear()

    async def hear(self, services: set[Any], renew: bool) -> None:
        """Be subscribed to these services and no others; a renewal finds out whether a player has forgotten us."""
        wanted = {service.base_url + service.event_subscription_url for service in services} if self.callback else set()
        for url in set(self.sids) - wanted:
            await self.unsubscribe(url)
        for url in wanted if renew else wanted - set(self.sids):
            with contextlib.suppress(*FAILURES):  # the poll tells whether it is there
                await self.subscribe(url)

    async def subscribe(self, url: str) -> None:
        """Renew by the SID; subscribe anew without one or when the player does not know it (412)."""
        sid = self.sids.pop(url, "")
        for headers in [{"SID": sid}] * bool(sid) + [{"CALLBACK": f"<{self.callback}>", "NT": "upnp:event"}]:
            status, answer, _ = await self.wire.fetch("SUBSCRIBE", url, {**headers, "TIMEOUT": "Second-300"})
            if status == 200:
                self.sids[url] = answer.get("SID", "")
                return

    async def unsubscribe(self, url: str) -> None:
        """Tell the player, if it is still there."""
        with contextlib.suppress(*FAILURES):
            await self.wire.fetch("UNSUBSCRIBE", url, {"SID": self.sids.pop(url)})

    async def close(self) -> None:
        """Unsubscribe, in two seconds at most, and stop listening."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await asyncio.gather(*map(self.unsubscribe, list(self.sids)))
        await self.runner.cleanup()


class Sonos(Device, Player, Volume):
    """One player."""

    kind, sort = "player", "speaker"

    def __init__(self, uid: str, name: str, model: str, found: Found, wire: Wire, home: Home) -> None:
        super().__init__(f"sonos-{uid}", name, found=found, area=name, maker="Sonos", model=model)
        self.uid, self.home, self.ask, self.ears = uid, home, wire.ask, Ears(wire)
        self.own = self.leader = SoCo(found.host, PORT)
        self.zones: dict[str, Zone] = {}

    # -- commands

    async def play(self) -> None:
        await self.transport("Play", Speed=1)

    async def pause(self) -> None:
        try:
            await self.transport("Pause")
        except DeviceError:  # a live station cannot pause
            await self.transport("Stop")

    async def stop_playing(self) -> None:
        await self.transport("Stop")

    async def next_track(self) -> None:
        await self.transport("Next")

    async def previous_track(self) -> None:
        await self.transport("Previous")

    async def set_volume(self, volume: int) -> None:
        await self.ask(self.own.renderingControl, "SetVolume", Channel="Master", DesiredVolume=volume)

    async def mute(self) -> None:
        await self.ask(self.own.renderingControl, "SetMute", Channel="Master", DesiredMute=1)

    async def unmute(self) -> None:
        await self.ask(self.own.renderingControl, "SetMute", Channel="Master", DesiredMute=0)

    async def play_media(self, media: str) -> None:
        wanted = "" if media.casefold().strip() in ("", "something", "anything", "music") else media.strip()
        loaded = await self.transport("GetMediaInfo")
        if not wanted and loaded.get("CurrentURI") and loaded.get("NrTracks") != "0":
            await self.play()
        elif wanted.startswith(("http://", "https://")):
            await self.load(wanted, "")
        else:
            await self.start(_named(wanted, await self.favourites()))

    @command()
    async def join(self, player: Text) -> None:
        """Play together with this other Sonos player, named by its room."""
        await self.look()
        others = {zone.name: zone for zone in self.zones.values() if zone.uid != self.uid and not zone.hidden}
        zone = next((zone for name, zone in others.items() if name.casefold() == player.casefold().strip()), None)
        if zone is None:
            raise DeviceError(f"there is no other player {player!r}; there is {', '.join(others) or 'none'}")
        await self.ask(self.own.avTransport, "SetAVTransportURI", CurrentURI=f"x-rincon:{zone.leader}", CurrentURIMetaData="")

    @command()
    async def unjoin(self) -> None:
        """Leave the group and play alone."""
        await self.ask(self.own.avTransport, "BecomeCoordinatorOfStandaloneGroup")

    # -- media

    async def favourites(self) -> dict[str, Any]:
        """Favourites, then playlists, as SoCo's DIDL objects by name."""
        items: dict[str, Any] = {}
        for container in ("FV:2", "SQ:"):
            page = await self.ask(
                self.own.contentDirectory, "Browse", ObjectID=container, BrowseFlag="BrowseDirectChildren", Filter="*",
                StartingIndex=0, RequestedCount=200, SortCriteria="",
            )  # fmt: skip
            try:
                found = from_didl_string(page.get("Result", ""))
                new = {clean(item.title): item for item in found if item.resources and item.resources[0].uri}
            except NONSENSE as error:
                raise DeviceError("its favourites make no sense") from error
            items = items | new | items  # the first of a name is kept
        return items

    async def start(self, item: Any) -> None:
        """Play a station at once; put anything else at the end of the queue and play it from there, so that no queue is lost."""
        uri, meta = item.resources[0].uri, getattr(item, "resource_meta_data", None) or to_didl_string(item)
        if uri.startswith(STATIONS):
            await self.load(uri, meta)
            return
        added = await self.transport(
            "AddURIToQueue", EnqueuedURI=uri, EnqueuedURIMetaData=meta, DesiredFirstTrackNumberEnqueued=0, EnqueueAsNext=0
        )
        await self.load(f"x-rincon-queue:{self.zones[self.uid].leader}#0", "", _whole(added.get("FirstTrackNumberEnqueued")))

    async def load(self, uri: str, meta: str, track: int = 0) -> None:
        """Choose this address (and track of the queue) and play it."""
        await self.transport("SetAVTransportURI", CurrentURI=uri, CurrentURIMetaData=meta)
        if track:
            await self.transport("Seek", Unit="TRACK_NR", Target=track)
        await self.play()

    # -- state

    async def refresh(self) -> None:
        rendering = self.own.renderingControl
        _, volume, mute = await asyncio.gather(
            self.look(), self.ask(rendering, "GetVolume", Channel="Master"), self.ask(rendering, "GetMute", Channel="Master")
        )
        transport, position = await asyncio.gather(
            self.ask(self.leader.avTransport, "GetTransportInfo"), self.ask(self.leader.avTransport, "GetPositionInfo")
        )
        state: dict[str, Any] = {"title": await self.title_of(position), "muted": MUTED.get(mute.get("CurrentMute", ""))}
        if playback := PLAYBACK.get(transport.get("CurrentTransportState", "")):
            state["playback"] = playback
        self.update(volume=_whole(volume.get("CurrentVolume")), **state)

    async def title_of(self, position: dict[str, str]) -> str:
        """The title of the track, else of the station; nothing for a TV or a line in."""
        uri, meta = position.get("TrackURI", ""), position.get("TrackMetaData", "")
        tree = _tree(meta) if meta.startswith("<") else Element("none")
        title = tree.findtext(STREAM) or tree.findtext(TITLE) or ""
        if (title and title not in uri) or not uri:
            return clean(title, 200)
        media = (await self.ask(self.leader.avTransport, "GetMediaInfo")).get("CurrentURIMetaData", "")
        return clean(_tree(media).findtext(TITLE) or "" if media.startswith("<") else "", 200)

    async def look(self) -> None:
        """Who leads whom, by the player's own view of the topology."""
        answer = await self.ask(self.own.zoneGroupTopology, "GetZoneGroupState")
        self.zones = _zones(_tree(answer.get("ZoneGroupState", "")))
        if self.uid not in self.zones:
            raise DeviceError("it says that it belongs to no group")
        leader = self.zones.get(self.zones[self.uid].leader)
        if leader is None or leader.uid == self.uid:
            self.leader = self.own
        elif _beside(leader.host, self.found.host):
            self.leader = SoCo(leader.host, PORT)
        else:
            raise DeviceError("its group is led from an address outside of the house")

    async def transport(self, action: str, **args: Any) -> dict[str, str]:
        """An AVTransport action at the coordinator of now: a former one would obey for the wrong room."""
        await self.look()
        return await self.ask(self.leader.avTransport, action, **args)

    async def follow(self) -> None:
        """Look again when a player pushes, and each minute; raises when TRIES polls in a row have failed."""
        failures, due, clock = 0, 0.0, self.home.clock
        while True:
            try:
                await self.refresh()
                renew = clock.monotonic() >= due
                leaders = {self.own.avTransport, self.leader.avTransport}
                await self.ears.hear({*leaders, self.own.renderingControl, self.own.zoneGroupTopology}, renew)
                failures, due = 0, clock.monotonic() + MINUTE if renew else due
            except FAILURES as error:
                failures, due = failures + 1, 0.0
                self.offline(str(error) if isinstance(error, DeviceError) else "it does not answer")
                if failures == TRIES:
                    raise
            await self.ears.wait(clock.sleep(SOON if failures else due - clock.monotonic()))


@skill(mdns("_sonos._tcp.local."), ssdp("urn:schemas-upnp-org:device:ZonePlayer:1"), static(), errors=SoCoException)
async def connect(found: Found, home: Home) -> AsyncIterator[Device]:
    """A Sonos player."""
    if not _beside(found.host, found.host):
        raise DeviceError("a Sonos player has a private IPv4 address")
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=SECONDS), connector=aiohttp.TCPConnector(force_close=True, limit_per_host=4),
        auto_decompress=False, skip_auto_headers=("Accept-Encoding",),
    ) as session:  # fmt: skip
        wire = Wire(session)
        player = Sonos(*await wire.introduce(found.host), found, wire, home)
        try:
            await player.ears.open(home.listen_address(found.host))
            await player.refresh()
            while player.zones[player.uid].hidden:
                await home.clock.sleep(MINUTE)
                await player.look()
            yield player
            await player.follow()
        finally:
            await player.ears.close()


def _named(wanted: str, items: dict[str, Any]) -> Any:
    """The item of this name, else the first whose name begins with it or holds it; the first of all for no name."""
    word = wanted.casefold()
    for fits in (str.__eq__, str.startswith, str.__contains__):
        for name, item in items.items():
            if fits(name.casefold(), word):
                return item
    names = ", ".join(list(items)[:12])
    raise DeviceError(f"there is no {wanted!r}; there is {names}" if items and wanted else "it has no favourites to play")


def _zones(state: Element) -> dict[str, Zone]:
    """The players by uid (a Satellite belongs to the player that holds it)."""
    zones = [
        Zone(
            member.get("UUID", ""), clean(member.get("ZoneName", "")), urlsplit(member.get("Location", "")).hostname or "",
            group.get("Coordinator", ""), member.tag == "Satellite" or member.get("Invisible") == "1",
        )
        for group in state.iter("ZoneGroup")
        for member in group.iter()
        if member.tag in ("ZoneGroupMember", "Satellite")
    ]  # fmt: skip
    return {zone.uid: zone for zone in zones}


def _tree(text: str) -> Element:
    try:
        return fromstring(text)
    except SyntaxError:
        raise DeviceError("it answered something that makes no sense") from None


def _whole(text: str | None) -> int:
    if not re.fullmatch(r"\d{1,6}", text or ""):
        raise DeviceError("it answered something that makes no sense")
    return int(text or 0)


def _beside(host: str, other: str) -> bool:
    """Whether this is a private IPv4 address, and on loopback if the other one is."""
    try:
        one, two = ipaddress.IPv4Address(host), ipaddress.IPv4Address(other)
    except ValueError:
        return False
    return one.is_private and one.is_loopback == two.is_loopback
