"""Sonos players: transport commands go to the coordinator of the group, volume to the player itself.

SoCo writes and reads the messages; they travel over our own Http and not through SoCo's blocking calls, because those follow
redirects, read answers of any size and hold a thread for as long as a player drips. An event (GENA) only says "look again":
its content is not believed. The player's own answers are the state, and all of them are asked for again each minute.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from soco import SoCo
from soco.data_structures import to_didl_string
from soco.data_structures_entry import from_didl_string
from soco.exceptions import SoCoException, SoCoUPnPException

from claw.skill import (  # isort: skip
    Device, DeviceError, Found, Home, Http, Player, Subscriptions, Text, Volume, clean, command, mdns, skill, ssdp, static, xml,
    xml_text,
)  # fmt: skip

PORT, SECONDS = 1400, 4.0  # of one answer
REGROUPED = 50.0  # seconds after which the groups are looked at again, though no event has told of a change
TRANSPORT, RENDERING, TOPOLOGY = "avTransport", "renderingControl", "zoneGroupTopology"  # SoCo's names of the services
EVENTS = ("/MediaRenderer/AVTransport/Event", "/MediaRenderer/RenderingControl/Event", "/ZoneGroupTopology/Event")
DEVICE = "{urn:schemas-upnp-org:device-1-0}device/{urn:schemas-upnp-org:device-1-0}"
TITLE = ".//{http://purl.org/dc/elements/1.1/}title"
STREAM = ".//{urn:schemas-rinconnetworks-com:metadata-1-0/}streamContent"
PLAYBACK = {"PLAYING": "playing", "PAUSED_PLAYBACK": "paused", "STOPPED": "stopped"}  # TRANSITIONING is neither yet
PERCENT, MUTED = {str(number): number for number in range(101)}, {"0": False, "1": True}
STATIONS = (  # what is played as it is; the rest goes through the queue
    "x-sonosapi-stream:", "x-sonosapi-radio:", "x-sonosapi-hls:", "x-rincon-mp3radio:", "hls-radio:", "aac:", "http:", "https:",
)  # fmt: skip
REFUSALS = {"701": "it cannot do that now", "711": "there is no such track", "714": "it cannot play that"}
NONSENSE = (SyntaxError, SoCoException, TypeError, IndexError)  # ElementTree's and lxml's errors are SyntaxErrors


class Zone(NamedTuple):
    """A player as the topology describes it; `leader` is the uid of its group's coordinator."""

    uid: str
    name: str
    host: str
    leader: str
    hidden: bool  # the second player of a stereo pair, a subwoofer: commands go to the first


class Speaker:
    """The SOAP actions of the player at one address."""

    def __init__(self, http: Http) -> None:
        self.http, self.soco = http, SoCo(http.host, PORT)

    async def ask(self, service: str, action: str, **args: Any) -> dict[str, str]:
        """One SOAP action; DeviceError when the player refuses or answers nonsense."""
        soap = getattr(self.soco, service)
        headers, body = soap.build_command(action, [*soap.DEFAULT_ARGS.items(), *args.items()])
        reply = await self.http.exchange("POST", soap.control_url, data=body.encode(), headers=headers)
        text = xml_text(reply.body)
        try:
            if reply.status == 500:
                soap.handle_upnp_error(text)
            if reply.status != 200:
                raise DeviceError(f"it answered with status {reply.status}")
            return dict(soap.unwrap_arguments(text))
        except SoCoUPnPException as error:
            why = error.error_description or f"error {error.error_code}"
            raise DeviceError(REFUSALS.get(error.error_code, f"it refused ({why})")) from error
        except NONSENSE as error:
            raise DeviceError("it answered something that makes no sense") from error

    async def browse(self, container: str) -> dict[str, Any]:
        """What can be played of a container, as SoCo's DIDL objects by name."""
        page = await self.ask(
            "contentDirectory", "Browse", ObjectID=container, BrowseFlag="BrowseDirectChildren", Filter="*",
            StartingIndex=0, RequestedCount=200, SortCriteria="",
        )  # fmt: skip
        try:
            items = from_didl_string(page.get("Result", ""))
            return {clean(item.title): item for item in items if item.resources and item.resources[0].uri}
        except NONSENSE as error:
            raise DeviceError("its favourites make no sense") from error


class Sonos(Device, Player, Volume):
    """One player."""

    kind, sort = "player", "speaker"

    def __init__(self, uid: str, name: str, model: str, found: Found, speaker: Speaker, home: Home) -> None:
        super().__init__(f"sonos-{uid}", name, found=found, area=name, maker="Sonos", model=model)
        self.uid, self.clock, self.own, self.leader = uid, home.clock, speaker, speaker
        self.zones: dict[str, Zone] = {}
        self.look_at, self.reading = 0.0, asyncio.Lock()
        self.events = Subscriptions(home.listen_address(found.host), self.pushed)

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
        await self.own.ask(RENDERING, "SetVolume", Channel="Master", DesiredVolume=volume)

    async def mute(self) -> None:
        await self.own.ask(RENDERING, "SetMute", Channel="Master", DesiredMute=1)

    async def unmute(self) -> None:
        await self.own.ask(RENDERING, "SetMute", Channel="Master", DesiredMute=0)

    async def play_media(self, media: str) -> None:
        wanted = "" if media.casefold().strip() in ("", "something", "anything", "music") else media.strip()
        await self.look()
        loaded = await self.transport("GetMediaInfo")
        if wanted or not loaded.get("CurrentURI") or loaded.get("NrTracks") == "0":
            await self.load(wanted)
        await self.play()

    @command()
    async def join(self, player: Text) -> None:
        """Play together with this other Sonos player, named by its room."""
        await self.look()
        others = {zone.name: zone for zone in self.zones.values() if zone.uid != self.uid and not zone.hidden}
        zone = next((zone for name, zone in others.items() if name.casefold() == player.casefold().strip()), None)
        if zone is None:
            raise DeviceError(f"there is no other player {player!r}; there is {', '.join(others) or 'none'}")
        await self.own.ask(TRANSPORT, "SetAVTransportURI", CurrentURI=f"x-rincon:{zone.leader}", CurrentURIMetaData="")
        self.look_at = 0.0

    @command()
    async def unjoin(self) -> None:
        """Leave the group and play alone."""
        await self.own.ask(TRANSPORT, "BecomeCoordinatorOfStandaloneGroup")
        self.look_at = 0.0

    async def transport(self, action: str, **args: Any) -> dict[str, str]:
        """An AVTransport action of the group: a former leader would obey for the wrong room, one that now follows refuses."""
        if self.leader is not self.own:
            await self.look()
        leader = self.leader
        try:
            return await leader.ask(TRANSPORT, action, **args)
        except DeviceError:
            await self.look()
            if self.leader is leader:
                raise
            return await self.leader.ask(TRANSPORT, action, **args)

    async def load(self, wanted: str) -> None:
        """Choose what is named: an address or a station as it is, anything else at the end of the queue, so that none is lost."""
        uri, meta, track = wanted, "", ""
        if not wanted.startswith(("http://", "https://")):
            favourites, playlists = await asyncio.gather(self.own.browse("FV:2"), self.own.browse("SQ:"))
            item = _named(wanted, favourites | playlists | favourites)  # of two with one name the favourite
            uri, meta = item.resources[0].uri, getattr(item, "resource_meta_data", None) or to_didl_string(item)
        if not uri.startswith(STATIONS):
            where = {"DesiredFirstTrackNumberEnqueued": 0, "EnqueueAsNext": 0}
            added = await self.transport("AddURIToQueue", EnqueuedURI=uri, EnqueuedURIMetaData=meta, **where)
            uri, meta, track = f"x-rincon-queue:{self.zones[self.uid].leader}#0", "", added.get("FirstTrackNumberEnqueued", "")
        await self.transport("SetAVTransportURI", CurrentURI=uri, CurrentURIMetaData=meta)
        if track:
            await self.transport("Seek", Unit="TRACK_NR", Target=track)

    # -- state

    async def refresh(self) -> None:
        async with self.reading:  # one at a time, or an older answer might replace a newer one
            try:
                if self.clock.monotonic() >= self.look_at:
                    await self.look()
                self.update(**await self.read())
            except DeviceError:
                self.look_at = 0.0  # perhaps the leader has gone
                raise

    async def read(self) -> dict[str, Any]:
        """Its own volume, and what its group plays."""
        own, leader = self.own.ask, self.leader.ask
        volume, mute, transport, position = await asyncio.gather(
            own(RENDERING, "GetVolume", Channel="Master"), own(RENDERING, "GetMute", Channel="Master"),
            leader(TRANSPORT, "GetTransportInfo"), leader(TRANSPORT, "GetPositionInfo"),
        )  # fmt: skip
        playback = PLAYBACK.get(transport.get("CurrentTransportState", ""), self.state.get("playback"))
        return {
            "volume": PERCENT.get(volume.get("CurrentVolume", "")), "muted": MUTED.get(mute.get("CurrentMute", "")),
            "title": await self.title_of(position), "playback": playback,
        }  # fmt: skip

    async def title_of(self, position: dict[str, str]) -> str:
        """The title of the track, else of the station; nothing for a TV or a line in."""
        uri, track = position.get("TrackURI", ""), _didl(position.get("TrackMetaData", ""))
        title = track.findtext(STREAM) or track.findtext(TITLE) or ""
        if uri and (not title or title in uri):  # no title, but the end of an address
            media = await self.leader.ask(TRANSPORT, "GetMediaInfo")
            title = _didl(media.get("CurrentURIMetaData", "")).findtext(TITLE) or ""
        return clean(title, 200)

    async def look(self) -> None:
        """Who leads whom, by the player's own view of the topology."""
        self.look_at = self.clock.monotonic() + REGROUPED
        answer = await self.own.ask(TOPOLOGY, "GetZoneGroupState")
        self.zones = _zones(xml(answer.get("ZoneGroupState", "")))
        if self.uid not in self.zones:
            raise DeviceError("it says that it belongs to no group")
        leader = self.zones.get(self.zones[self.uid].leader)
        if leader is None or leader.uid == self.uid:
            self.leader = self.own
        elif leader.host != self.leader.http.host:
            self.leader = Speaker(self.own.http.at(leader.host, PORT, seconds=SECONDS))

    def pushed(self, path: str) -> None:
        """A player says that a service has news."""
        self.look_at = 0.0 if path == EVENTS[-1] else self.look_at

    def topics(self) -> set[tuple[Http, str]]:
        """What tells of its state: its own events, and those of its group's leader."""
        return {*((self.own.http, path) for path in EVENTS), (self.leader.http, EVENTS[0])}


@skill(mdns("_sonos._tcp.local."), ssdp("urn:schemas-upnp-org:device:ZonePlayer:1"), static(), errors=SoCoException)
async def connect(found: Found, home: Home) -> AsyncIterator[Device]:
    """A Sonos player."""
    async with found.http.at(found.host, PORT, seconds=SECONDS) as http:
        player = Sonos(*await _introduce(http), found, Speaker(http), home)
        async with player.events:
            await player.refresh()
            while player.zones[player.uid].hidden:
                await home.clock.sleep(60)
                await player.look()
            yield player
            await player.events.follow(player, player.topics, home.clock)


async def _introduce(http: Http) -> tuple[str, str, str]:
    """Uid, name and model of the player at this address, from its description."""
    tree = xml(xml_text(await http.fetch("/xml/device_description.xml")))
    uid, name, model = (tree.findtext(DEVICE + tag) or "" for tag in ("UDN", "roomName", "modelName"))
    if not re.fullmatch(r"uuid:RINCON_\w{1,40}", uid, re.ASCII):
        raise DeviceError("it does not describe itself as a Sonos player")
    return uid.removeprefix("uuid:"), clean(name) or "speaker", clean(model)


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


def _didl(text: str) -> Element:
    """What is said about a track; it may be nothing, or a word such as NOT_IMPLEMENTED."""
    return xml(text) if text.startswith("<") else Element("nothing")
