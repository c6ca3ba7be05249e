"""The state of one virtual Sonos player: what it plays, how loud, in whose group, and what it tells subscribers."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from claw.demo.sonos import control, documents
from claw.demo.sonos.documents import Track
from claw.demo.sonos.events import Events
from claw.demo.virtual import Virtual

if TYPE_CHECKING:
    from claw.demo.sonos.household import Household

PORT = 1400
PLAYBACK = {"PLAYING": "playing", "TRANSITIONING": "playing", "PAUSED_PLAYBACK": "paused", "STOPPED": "stopped"}
TRANSPORT = {"playing": "PLAYING", "paused": "PAUSED_PLAYBACK", "stopped": "STOPPED"}
GROUPS = itertools.count(1)


@dataclass(eq=False)
class Zone(Virtual):
    """A player of a household, without its network. Change it with by_hand(), join(), leave_group(), reboot()."""

    name: str
    uid: str
    household: "Household"
    announce: bool = field(default=True, kw_only=True)  # by mDNS and SSDP
    volume: int = field(default=20, kw_only=True)
    muted: bool = field(default=False, kw_only=True)
    invisible: bool = field(default=False, kw_only=True)  # the second player of a stereo pair, a subwoofer
    buffering: bool = field(default=False, kw_only=True)  # play stays at TRANSITIONING until somebody changes it by hand

    def __post_init__(self) -> None:
        self.running, self.bootseq, self.requests = False, 1, 0
        self.leader: Zone = self
        self.transport, self.uri, self.meta, self.number = "STOPPED", f"x-rincon-queue:{self.uid}#0", "", 1
        self.queue: list[Track] = []
        self.group_id = f"{self.uid}:{next(GROUPS)}"
        self.events = Events(self.uid, self.values)

    # -- state

    @property
    def mac(self) -> str:
        """The hardware address, which the RINCON id is made of."""
        digits = self.uid.removeprefix("RINCON_")[:12]
        return ":".join(digits[i : i + 2] for i in range(0, 12, 2))

    @property
    def location(self) -> str:
        """The address of its description."""
        return f"http://{self.address}:{PORT}/xml/device_description.xml"

    @property
    def coordinator(self) -> "Zone":
        """Who leads its group; itself when it plays alone."""
        return self.leader

    @property
    def members(self) -> "list[Zone]":
        """Those who follow this coordinator, itself included."""
        return [player for player in self.household.present if player.leader is self]

    @property
    def playback(self) -> str:
        """playing, paused or stopped: that of its group."""
        return PLAYBACK[self.leader.transport]

    @property
    def is_stream(self) -> bool:
        """Whether it plays something that is not the queue: a station."""
        return not self.uri.startswith("x-rincon-queue:")

    @property
    def media_uri(self) -> str:
        """CurrentURI: of a member, whom it follows."""
        return self.uri if self.leader is self else f"x-rincon:{self.leader.uid}"

    @property
    def current(self) -> Track | None:
        """What is chosen for playing, if anything."""
        if self.is_stream:
            return Track(control.title_in(self.meta), self.uri, kind="object.item", duration="0:00:00")
        return self.queue[self.number - 1] if self.number <= len(self.queue) else None

    @property
    def title(self) -> str:
        """The title of what its group plays or would play."""
        track = self.leader.current
        return track.title if track else ""

    @property
    def group_volume(self) -> int:
        """The mean of the members, as a coordinator reports it."""
        return round(sum(member.volume for member in self.members) / len(self.members))

    @property
    def group_muted(self) -> bool:
        """Whether all members are muted."""
        return all(member.muted for member in self.members)

    def browse(self, container: str) -> list[str] | None:
        """The DIDL elements of a container: FV:2 favourites, SQ: playlists, Q:0 the queue; else None."""
        if container == "FV:2":
            return [documents.favourite(track, number) for number, track in enumerate(self.household.favourites)]
        if container == "SQ:":
            return [track.element(f"SQ:{number}", "SQ:") for number, track in enumerate(self.household.saved, 1)]
        if container == "Q:0":
            return [track.element(f"Q:0/{number}", "Q:0") for number, track in enumerate(self.queue, 1)]
        return None

    # -- changes

    def by_hand(
        self, *, playback: str = "", title: str | None = None, volume: int | None = None, muted: bool | None = None
    ) -> None:
        """Change it as a person at the player does; playback and title are those of its group."""
        if volume is not None or muted is not None:
            self.volume = self.volume if volume is None else volume
            self.muted = self.muted if muted is None else muted
            self.publish("RenderingControl")
            self.leader.publish("GroupRenderingControl")
        if title is not None:
            self.leader.queue, self.leader.number = [Track(title, "x-file-cifs://nas/music/other.mp3")], 1
            self.leader.uri = f"x-rincon-queue:{self.leader.uid}#0"
        if playback or title is not None:
            self.leader.set_transport(TRANSPORT[playback] if playback else self.leader.transport)

    def set_transport(self, state: str) -> None:
        """Take this TransportState and tell the subscribers."""
        self.transport = state
        self.publish("AVTransport")

    def join(self, other: "Zone") -> None:
        """Play with the group of another player."""
        if other.leader is self.leader:
            return
        self.leave_group()
        self.leader, self.transport = other.leader, "STOPPED"
        self._regrouped(self, other.leader)

    def leave_group(self) -> "Zone | None":
        """Play alone, stopped; a coordinator leaves its music to a member, which is returned as the new coordinator."""
        heir = next((member for member in self.members if member is not self), None)
        if self.leader is self and heir is None:
            return None
        if heir is not None:
            heir.transport, heir.number, heir.queue, heir.meta = self.transport, self.number, list(self.queue), self.meta
            heir.uri = self.uri if self.is_stream else f"x-rincon-queue:{heir.uid}#0"
            for member in [one for one in self.members if one is not self]:
                member.leader = heir
        old, self.leader, self.transport = self.leader, self, "STOPPED"
        self._regrouped(self, heir or old)
        return heir

    def _regrouped(self, *changed: "Zone") -> None:
        for player in changed:
            player.group_id = f"{player.uid}:{next(GROUPS)}"
            player.publish("AVTransport")
        self.household.regrouped()

    def reboot(self) -> None:
        """Forget who subscribed, as after a power cut; state and address stay."""
        self.bootseq += 1
        self.events.forget()

    # -- events

    def publish(self, service: str) -> None:
        """Tell the subscribers of a service what it is now."""
        if self.running:
            self.events.publish(service)

    def values(self, service: str) -> Mapping[str, object]:
        """The evented variables of a service."""
        if service == "AVTransport":
            track = self.current if self.leader is self else None
            return {"LastChange": documents.last_change(service, [
                ("TransportState", "", self.transport), ("CurrentPlayMode", "", "NORMAL"),
                ("NumberOfTracks", "", len(self.queue)), ("CurrentTrack", "", self.number),
                ("CurrentTrackURI", "", track.uri if track else self.media_uri),
                ("CurrentTrackMetaData", "", track.didl if track else ""), ("AVTransportURI", "", self.media_uri),
            ])}  # fmt: skip
        if service == "RenderingControl":
            return {"LastChange": documents.last_change(service, [
                ("Volume", "Master", self.volume), ("Volume", "LF", 100), ("Volume", "RF", 100),
                ("Mute", "Master", int(self.muted)),
            ])}  # fmt: skip
        return self._plain_values(service)

    def _plain_values(self, service: str) -> Mapping[str, object]:
        if service == "ZoneGroupTopology":
            group = control.get_zone_group_attributes(self, {}) or {}
            return {
                "ZoneGroupState": documents.topology(self.household.present), "ZoneGroupName": group["CurrentZoneGroupName"],
                "ZoneGroupID": group["CurrentZoneGroupID"], "ZonePlayerUUIDsInGroup": group["CurrentZonePlayerUUIDsInGroup"],
            }  # fmt: skip
        if service == "GroupRenderingControl":
            return {
                "GroupMute": int(self.leader.group_muted), "GroupVolume": self.leader.group_volume, "GroupVolumeChangeable": 1,
            }  # fmt: skip
        if service == "DeviceProperties":
            return {"ZoneName": self.name}
        return {"FavoritesUpdateID": f"{self.uid},1", "SavedQueuesUpdateID": f"{self.uid},1"}
