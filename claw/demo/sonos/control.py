"""What the SOAP actions of a virtual player do. Error codes are those of AVTransport:1; 800 is Sonos's "not the coordinator"."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from claw.demo.sonos import documents
from claw.demo.sonos.documents import Track
from claw.demo.sonos.protocol import SERVICES

if TYPE_CHECKING:
    from claw.demo.sonos.zone import Zone

Args = dict[str, str]
Values = dict[str, object]
Action = Callable[["Zone", Args], Values | None]
ACTIONS: dict[tuple[str, str], Action] = {}
TITLE = ".//{http://purl.org/dc/elements/1.1/}title"


class UPnPError(Exception):
    """An action is refused with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def action(service: str, name: str = "") -> Callable[[Action], Action]:
    """Register a function as an action; its name is the function's in camel case unless given."""

    def register(function: Action) -> Action:
        camel = name or "".join(part.capitalize() for part in function.__name__.split("_"))
        ACTIONS[service, camel] = function
        return function

    return register


def run(player: "Zone", service: str, name: str, args: Args) -> Values:
    """Do it and return the values out; UPnPError 401 for an unknown action, 402 for a missing argument."""
    signature = SERVICES[service][1].get(name)
    if signature is None or (service, name) not in ACTIONS:
        raise UPnPError(401)
    if missing := set(signature[0].split()) - set(args):
        raise UPnPError(402 if missing - {"Channel"} else 600)
    if player.faults.lies and not name.startswith(("Get", "Browse")):
        return {}
    return ACTIONS[service, name](player, args) or {}


def _leading(player: "Zone") -> "Zone":
    if player.coordinator is not player:
        raise UPnPError(800)
    return player


def _number(text: str, low: int, high: int) -> int:
    try:
        value = int(text)
    except ValueError:
        raise UPnPError(402) from None
    if not low <= value <= high:
        raise UPnPError(601)
    return value


@action("AVTransport")
def play(player: "Zone", args: Args) -> None:
    if not _leading(player).current:
        raise UPnPError(701)
    player.set_transport("TRANSITIONING" if player.buffering else "PLAYING")


@action("AVTransport")
def pause(player: "Zone", args: Args) -> None:
    if _leading(player).transport != "PLAYING" or player.is_stream:
        raise UPnPError(701)
    player.set_transport("PAUSED_PLAYBACK")


@action("AVTransport")
def stop(player: "Zone", args: Args) -> None:
    _leading(player).set_transport("STOPPED")


@action("AVTransport")
def next(player: "Zone", args: Args) -> None:
    _seek(player, _leading(player).number + 1)


@action("AVTransport")
def previous(player: "Zone", args: Args) -> None:
    _seek(player, _leading(player).number - 1)


@action("AVTransport")
def seek(player: "Zone", args: Args) -> None:
    if _leading(player) and args["Unit"] == "TRACK_NR":
        _seek(player, _number(args["Target"], 0, 1 << 31))


def _seek(player: "Zone", number: int) -> None:
    if player.is_stream or not player.queue:
        raise UPnPError(701)
    if not 1 <= number <= len(player.queue):
        raise UPnPError(711)
    player.number = number
    player.set_transport(player.transport)


@action("AVTransport", "SetAVTransportURI")
def set_uri(player: "Zone", args: Args) -> None:
    uri, meta = args["CurrentURI"], args["CurrentURIMetaData"]
    if uri.startswith("x-rincon:"):
        leader = player.household.by_uid(uri.removeprefix("x-rincon:"))
        if leader is None:
            raise UPnPError(714)
        player.join(leader)
        return
    player.leave_group()
    player.uri, player.meta, player.transport, player.number = uri, meta, "STOPPED", 1
    player.publish("AVTransport")


@action("AVTransport", "AddURIToQueue")
def add_to_queue(player: "Zone", args: Args) -> Values:
    _leading(player)
    uri = args["EnqueuedURI"]
    tracks = player.household.playlists.get(uri) or [Track(title_in(args["EnqueuedURIMetaData"]), uri)]
    first = len(player.queue) + 1
    player.queue.extend(tracks)
    return {"FirstTrackNumberEnqueued": first, "NumTracksAdded": len(tracks), "NewQueueLength": len(player.queue)}


@action("AVTransport")
def remove_all_tracks_from_queue(player: "Zone", args: Args) -> None:
    _leading(player).queue.clear()
    player.set_transport("STOPPED")


@action("AVTransport")
def become_coordinator_of_standalone_group(player: "Zone", args: Args) -> Values:
    heir = player.leave_group()
    return {"DelegatedGroupCoordinatorID": heir.uid if heir else "", "NewGroupID": player.group_id}


@action("AVTransport")
def get_transport_info(player: "Zone", args: Args) -> Values:
    return {"CurrentTransportState": player.transport, "CurrentTransportStatus": "OK", "CurrentSpeed": "1"}


@action("AVTransport")
def get_position_info(player: "Zone", args: Args) -> Values:
    if player.coordinator is not player:
        track = (1, "NOT_IMPLEMENTED", "NOT_IMPLEMENTED", player.media_uri)
    elif now := player.current:
        track = (player.number, now.duration, now.didl, now.uri)
    else:
        track = (0, "0:00:00", "", "")
    return {
        **dict(zip(("Track", "TrackDuration", "TrackMetaData", "TrackURI"), track, strict=True)),
        "RelTime": "0:00:07", "AbsTime": "NOT_IMPLEMENTED", "RelCount": 2147483647, "AbsCount": 2147483647,
    }  # fmt: skip


@action("AVTransport")
def get_media_info(player: "Zone", args: Args) -> Values:
    return {
        "NrTracks": 1 if player.is_stream else len(player.queue), "MediaDuration": "NOT_IMPLEMENTED",
        "CurrentURI": player.media_uri, "CurrentURIMetaData": player.meta, "NextURI": "", "NextURIMetaData": "",
        "PlayMedium": "NETWORK",
        "RecordMedium": "NOT_IMPLEMENTED", "WriteStatus": "NOT_IMPLEMENTED",
    }  # fmt: skip


@action("AVTransport")
def get_transport_settings(player: "Zone", args: Args) -> Values:
    return {"PlayMode": "NORMAL", "RecQualityMode": "NOT_IMPLEMENTED"}


@action("AVTransport")
def get_current_transport_actions(player: "Zone", args: Args) -> Values:
    common = "Set, Stop, Play"
    return {"Actions": common if player.is_stream else f"{common}, Pause, Next, Previous, X_DLNA_SeekTrackNr"}


@action("RenderingControl")
def get_volume(player: "Zone", args: Args) -> Values:
    return {"CurrentVolume": player.volume if args["Channel"] == "Master" else 100}


@action("RenderingControl")
def set_volume(player: "Zone", args: Args) -> None:
    player.by_hand(volume=_number(args["DesiredVolume"], 0, 100))


@action("RenderingControl")
def set_relative_volume(player: "Zone", args: Args) -> Values:
    player.by_hand(volume=max(0, min(100, player.volume + _number(args["Adjustment"], -100, 100))))
    return {"NewVolume": player.volume}


@action("RenderingControl")
def get_mute(player: "Zone", args: Args) -> Values:
    return {"CurrentMute": int(player.muted)}


@action("RenderingControl")
def set_mute(player: "Zone", args: Args) -> None:
    player.by_hand(muted=bool(_number(args["DesiredMute"], 0, 1)))


@action("GroupRenderingControl")
def get_group_mute(player: "Zone", args: Args) -> Values:
    return {"CurrentMute": int(_leading(player).group_muted)}


@action("GroupRenderingControl")
def set_group_mute(player: "Zone", args: Args) -> None:
    for member in _leading(player).members:
        member.by_hand(muted=bool(_number(args["DesiredMute"], 0, 1)))


@action("GroupRenderingControl")
def snapshot_group_volume(player: "Zone", args: Args) -> None:
    _leading(player)


@action("GroupRenderingControl")
def get_group_volume(player: "Zone", args: Args) -> Values:
    return {"CurrentVolume": _leading(player).group_volume}


@action("GroupRenderingControl")
def set_group_volume(player: "Zone", args: Args) -> None:
    _shift(player, _number(args["DesiredVolume"], 0, 100) - _leading(player).group_volume)


@action("GroupRenderingControl")
def set_relative_group_volume(player: "Zone", args: Args) -> Values:
    _shift(_leading(player), _number(args["Adjustment"], -100, 100))
    return {"NewVolume": player.group_volume}


def _shift(leader: "Zone", by: int) -> None:
    """The members keep their distances as far as 0 and 100 allow (the real thing keeps proportions)."""
    for member in leader.members:
        member.by_hand(volume=max(0, min(100, member.volume + by)))


@action("ZoneGroupTopology")
def get_zone_group_state(player: "Zone", args: Args) -> Values:
    return {"ZoneGroupState": documents.topology(player.household.present)}


@action("ZoneGroupTopology")
def get_zone_group_attributes(player: "Zone", args: Args) -> Values:
    members = player.coordinator.members
    return {
        "CurrentZoneGroupName": " + ".join(member.name for member in members), "CurrentZoneGroupID": player.coordinator.group_id,
        "CurrentZonePlayerUUIDsInGroup": ",".join(member.uid for member in members),
        "CurrentMuseHouseholdId": player.household.id,
    }  # fmt: skip


@action("DeviceProperties", "GetHouseholdID")
def get_household_id(player: "Zone", args: Args) -> Values:
    return {"CurrentHouseholdID": player.household.id}


@action("DeviceProperties")
def get_zone_attributes(player: "Zone", args: Args) -> Values:
    return {"CurrentZoneName": player.name, "CurrentIcon": "", "CurrentConfiguration": "1", "CurrentTargetRoomName": player.name}


@action("DeviceProperties")
def get_zone_info(player: "Zone", args: Args) -> Values:
    return {
        "SerialNumber": f"{player.mac}:8", "SoftwareVersion": documents.SOFTWARE,
        "DisplaySoftwareVersion": "16.9", "HardwareVersion": "1.26.1.7-2.2", "IPAddress": player.address,
        "MACAddress": player.mac, "CopyrightInfo": "", "ExtraInfo": "", "HTAudioIn": 0, "Flags": 1,
    }  # fmt: skip


@action("ContentDirectory")
def browse(player: "Zone", args: Args) -> Values:
    elements = player.browse(args["ObjectID"])
    if elements is None:
        raise UPnPError(701)
    start, count = _number(args["StartingIndex"], 0, 1 << 31), _number(args["RequestedCount"], 0, 1 << 31)
    some = elements[start : start + min(count or 1000, 1000)]
    return {
        "Result": documents.DIDL.format("".join(some)), "NumberReturned": len(some), "TotalMatches": len(elements), "UpdateID": 1,
    }  # fmt: skip


def title_in(meta: str) -> str:
    """The title in a DIDL-Lite document, or nothing."""
    try:
        return ElementTree.fromstring(meta).findtext(TITLE) or "" if meta else ""
    except ElementTree.ParseError:
        raise UPnPError(402) from None
