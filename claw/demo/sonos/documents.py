"""The XML that a virtual player serves: description, SCPD, SOAP answers and faults, DIDL, topology, events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from claw.demo.sonos.protocol import SERVICES, TYPES

if TYPE_CHECKING:
    from claw.demo.sonos.zone import Zone

XML = '<?xml version="1.0" encoding="utf-8"?>'
SOFTWARE = "95.0-77060"
DIDL = (
    '<DIDL-Lite xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:upnp="urn:schemas-upnp-org:metadata-1-0/upnp/" '
    'xmlns:r="urn:schemas-rinconnetworks-com:metadata-1-0/" xmlns="urn:schemas-upnp-org:metadata-1-0/DIDL-Lite/">{}</DIDL-Lite>'
)
EVENT_SPACES = {
    "AVTransport": "urn:schemas-upnp-org:metadata-1-0/AVT/",
    "RenderingControl": "urn:schemas-upnp-org:metadata-1-0/RCS/",
}


@dataclass(frozen=True)
class Track:
    """Something that can be played or browsed: a track, a station, a playlist."""

    title: str
    uri: str
    creator: str = ""
    kind: str = "object.item.audioItem.musicTrack"  # its upnp:class
    duration: str = "0:03:30"

    @property
    def didl(self) -> str:
        """Its DIDL-Lite document, as TrackMetaData and resMD hold it."""
        return DIDL.format(self.element("-1", "-1"))

    def element(self, id: str, parent: str, extra: str = "") -> str:
        """One item or container element of a DIDL-Lite document."""
        tag = "container" if ".container" in self.kind else "item"
        creator = f"<dc:creator>{escape(self.creator)}</dc:creator>" if self.creator else ""
        return (
            f'<{tag} id={quoteattr(id)} parentID={quoteattr(parent)} restricted="true">'
            f'<res protocolInfo="x-rincon-playlist:*:*:*">{escape(self.uri)}</res>'
            f"<dc:title>{escape(self.title)}</dc:title>{creator}<upnp:class>{self.kind}</upnp:class>{extra}</{tag}>"
        )


def favourite(track: Track, number: int) -> str:
    """One item of the container FV:2: a wrapper whose resMD is the DIDL of the thing itself."""
    wrapper = Track(track.title, track.uri, kind="object.itemobject.item.sonos-favorite")
    extra = f"<r:ordinal>{number}</r:ordinal><r:type>instantPlay</r:type><r:resMD>{escape(track.didl)}</r:resMD>"
    return wrapper.element(f"FV:2/{number}", "FV:2", extra)


def description(player: "Zone") -> str:
    """/xml/device_description.xml."""
    listed = "".join(
        f"<service><serviceType>urn:schemas-upnp-org:service:{name}:1</serviceType>"
        f"<serviceId>urn:upnp-org:serviceId:{name}</serviceId><controlURL>{path}/Control</controlURL>"
        f"<eventSubURL>{path}/Event</eventSubURL><SCPDURL>/xml/{name}1.xml</SCPDURL></service>"
        for name, (path, _, _) in SERVICES.items()
    )
    return (
        f'{XML}<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion><device>'
        "<deviceType>urn:schemas-upnp-org:device:ZonePlayer:1</deviceType>"
        f"<friendlyName>{player.address} - Sonos One - {player.uid}</friendlyName><manufacturer>Sonos, Inc.</manufacturer>"
        "<manufacturerURL>http://www.sonos.com</manufacturerURL><modelNumber>S18</modelNumber>"
        "<modelDescription>Sonos One</modelDescription>"
        f"<modelName>Sonos One</modelName><softwareVersion>{SOFTWARE}</softwareVersion><swGen>2</swGen>"
        "<hardwareVersion>1.26.1.7-2.2</hardwareVersion>"
        f"<serialNum>{player.mac}:8</serialNum><MACAddress>{player.mac}</MACAddress><UDN>uuid:{player.uid}</UDN>"
        f"<displayVersion>16.9</displayVersion><roomName>{escape(player.name)}</roomName><displayName>One</displayName>"
        f"<serviceList>{listed}</serviceList></device></root>"
    )


def scpd(service: str) -> str:
    """/xml/<Service>1.xml: every action with its arguments and their types."""
    _, actions, evented = SERVICES[service]
    names = {name for pair in actions.values() for part in pair for name in part.split()}
    variables = "".join(_variable(f"A_ARG_TYPE_{name}", TYPES.get(name, "string"), "no") for name in sorted(names))
    variables += "".join(_variable(name, "string", "yes") for name in evented.split())
    listed = "".join(
        f"<action><name>{name}</name><argumentList>{_arguments(given, 'in')}{_arguments(answered, 'out')}</argumentList></action>"
        for name, (given, answered) in actions.items()
    )
    return (
        f'{XML}<scpd xmlns="urn:schemas-upnp-org:service-1-0"><specVersion><major>1</major><minor>0</minor></specVersion>'
        f"<serviceStateTable>{variables}</serviceStateTable><actionList>{listed}</actionList></scpd>"
    )


def _variable(name: str, kind: str, evented: str) -> str:
    return f'<stateVariable sendEvents="{evented}"><name>{name}</name><dataType>{kind}</dataType></stateVariable>'


def _arguments(names: str, direction: str) -> str:
    return "".join(
        f"<argument><name>{name}</name><direction>{direction}</direction>"
        f"<relatedStateVariable>A_ARG_TYPE_{name}</relatedStateVariable></argument>"
        for name in names.split()
    )


def _envelope(body: str) -> str:
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )


def answer(service: str, action: str, values: Mapping[str, object]) -> str:
    """The SOAP answer of an action that went well."""
    inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in values.items())
    return _envelope(f'<u:{action}Response xmlns:u="urn:schemas-upnp-org:service:{service}:1">{inner}</u:{action}Response>')


def fault(code: int) -> str:
    """The SOAP fault of an action that was refused (sent with status 500)."""
    return _envelope(
        "<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>"
        f'<UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>{code}</errorCode></UPnPError></detail></s:Fault>'
    )


def topology(players: Iterable["Zone"]) -> str:
    """The ZoneGroupState document of all players that are there."""
    groups = "".join(
        f'<ZoneGroup Coordinator="{leader.uid}" ID="{leader.group_id}">{"".join(map(_member, leader.members))}</ZoneGroup>'
        for leader in players
        if leader.coordinator is leader
    )
    return f"<ZoneGroupState><ZoneGroups>{groups}</ZoneGroups><VanishedDevices></VanishedDevices></ZoneGroupState>"


def _member(player: "Zone") -> str:
    invisible = 'Invisible="1" ' if player.invisible else ""
    return (
        f'<ZoneGroupMember UUID="{player.uid}" Location="{player.location}" ZoneName={quoteattr(player.name)} '
        f'Icon="" Configuration="1" {invisible}SoftwareVersion="{SOFTWARE}" SWGen="2" '
        f'MinCompatibleVersion="94.0-00000" LegacyCompatibleVersion="58.0-00000" '
        f'BootSeq="{player.bootseq}" TVConfigurationError="0" HdmiCecAvailable="0" WirelessMode="1" WirelessLeafOnly="0" '
        'ChannelFreq="5180" BehindWifiExtender="0" WifiEnabled="1" EthLink="0" Orientation="0" RoomCalibrationState="4" '
        'SecureRegState="3" VoiceConfigState="0" MicEnabled="0" AirPlayEnabled="1" IdleState="1" MoreInfo="" '
        'SSLPort="1443" HHSSLPort="1843"/>'
    )


def properties(values: Mapping[str, object]) -> str:
    """The body of a GENA NOTIFY."""
    inner = "".join(f"<e:property><{name}>{escape(str(value))}</{name}></e:property>" for name, value in values.items())
    return f'<e:propertyset xmlns:e="urn:schemas-upnp-org:event-1-0">{inner}</e:propertyset>'


def last_change(service: str, values: Iterable[tuple[str, str, object]]) -> str:
    """A LastChange document of (variable, channel or "", value)."""
    inner = "".join(
        f"<{name}{f' channel={quoteattr(channel)}' if channel else ''} val={quoteattr(str(value))}/>"
        for name, channel, value in values
    )
    spaces = f'xmlns="{EVENT_SPACES[service]}" xmlns:r="urn:schemas-rinconnetworks-com:metadata-1-0/"'
    return f'<Event {spaces}><InstanceID val="0">{inner}</InstanceID></Event>'
