"""Finding by SSDP (UPnP Device Architecture 1.1, chapter 1): ask for the declared types, listen to who comes and goes."""

import asyncio
import re
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from ipaddress import ip_address
from urllib.parse import urlsplit

from claw.discovery.found import Found, clean
from claw.discovery.known import Key, Known

GROUP, PORT = "239.255.255.250", 1900
IP_MULTICAST_ALL = 49  # Linux: 0 = only groups that this socket joined itself
MX = 2  # seconds within which devices spread their answers
AGAIN = 1.0  # seconds to the second copy of a search: multicast gets lost on Wi-Fi
AGE = re.compile(r"max-age\s*=\s*(\d{1,9})", re.IGNORECASE)
DEFAULT_AGE, MOST_AGE = 1800, 86400  # seconds
TARGET = re.compile(r"[!-~]{1,200}")

Packet = tuple[str, dict[str, str]]  # first line, headers with names in lower case


class Ssdp:
    """Searches for the declared types on each chosen interface; tells `known` what is there and what left."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.trouble = ""
        self._types: set[str] = set()
        self._searchers: list[asyncio.DatagramTransport] = []
        self._listener: asyncio.DatagramTransport | None = None
        self._repeats: set[asyncio.TimerHandle] = set()

    def watch(self, types: Iterable[str]) -> None:
        """Look for more types (ssdp:all for everything)."""
        new = set(types) - self._types
        self._types |= new
        self.search(new)

    async def start(self, addresses: Sequence[str]) -> None:
        """Open the sockets on these addresses of ours and search; `trouble` says why when that fails."""
        self.trouble = ""
        try:
            for address in addresses:
                self._searchers.append(await self._open(_search_socket(address)))
            if addresses:
                self._listener = await self._open(_group_socket(addresses))
        except OSError as error:
            self.trouble = f"SSDP does not work: {error.strerror or error}"
        self.search()

    def stop(self) -> None:
        """Close the sockets."""
        for repeat in self._repeats:
            repeat.cancel()
        for transport in (*self._searchers, *([self._listener] if self._listener else [])):
            transport.close()
        self._repeats, self._searchers, self._listener = set(), [], None

    async def network_changed(self, addresses: Sequence[str]) -> None:
        """Use these addresses from now on, and search again."""
        self.stop()
        await self.start(addresses)

    def search(self, types: Iterable[str] | None = None) -> None:
        """Ask for these types (default: all that are declared), and once more a second later."""
        wanted = sorted(self._types if types is None else types)
        if not wanted or not self._searchers:
            return
        self._ask(wanted)
        loop = asyncio.get_running_loop()
        self._repeats = {repeat for repeat in self._repeats if repeat.when() > loop.time()}
        self._repeats.add(loop.call_later(AGAIN, self._ask, wanted))

    def check(self) -> None:
        """Doubt what has outlived its max-age."""
        now = self.known.clock.monotonic()
        for key in [key for key, source in self.known.sources.items() if source.until <= now]:
            self._doubt(key)

    def heard(self, data: bytes, sender: str) -> None:
        """Take in one packet that came from this address."""
        packet = parse(data)
        if packet is None:
            self.known.refuse("malformed")
            return
        line, headers = packet
        if line.startswith("M-SEARCH"):
            return
        type = headers.get("nt") or headers.get("st", "")
        if type not in self._types and "ssdp:all" not in self._types:
            return
        if line.startswith("NOTIFY") and headers.get("nts", "").lower() == "ssdp:byebye":
            self._leaves(type, headers, sender)
        else:
            self._comes(type, headers, sender)

    def _comes(self, type: str, headers: dict[str, str], sender: str) -> None:
        id, target = _uuid(headers), _target(headers.get("location", ""))
        if not id or target is None:
            self.known.refuse("malformed")
        elif not _same_address(target[0], sender):
            # stricter than "inside the allowed subnets": else any guest's phone could aim us, with our keys, at a third device
            self.known.refuse("location elsewhere")
        else:
            name = headers.get("server", "")[:64].strip() or id
            found = Found("ssdp", type, name, sender, target[1], id, headers, headers["location"])
            self.known.seen(("ssdp", type, id), found, self.known.clock.monotonic() + _age(headers))

    def _leaves(self, type: str, headers: dict[str, str], sender: str) -> None:
        """A goodbye counts only when it comes from the device's own address, and then it is asked once more."""
        key = ("ssdp", type, _uuid(headers))
        source = self.known.sources.get(key)
        if source and source.found.host == sender:
            self._doubt(key)

    def _doubt(self, key: Key) -> None:
        self.known.doubt(key, partial(self._ask, [key[1]]))

    def _ask(self, types: Iterable[str]) -> None:
        for transport in self._searchers:
            for type in types:
                lines = "M-SEARCH * HTTP/1.1", f"HOST: {GROUP}:{PORT}", 'MAN: "ssdp:discover"', f"MX: {MX}", f"ST: {type}", "", ""
                transport.sendto("\r\n".join(lines).encode(), (GROUP, PORT))

    async def _open(self, sock: socket.socket) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Ear(self.heard), sock=sock)
        return transport


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, heard: Callable[[bytes, str], None]) -> None:
        self.heard = heard

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard(data, addr[0])

    def error_received(self, exc: Exception) -> None:
        """A send failed (interface gone); the slow check of the addresses finds out."""


def check_targets(types: Iterable[str]) -> None:
    """ValueError for a type that is no SSDP search target."""
    for type in types:
        if not TARGET.fullmatch(type):
            raise ValueError(f"{type!r} is no SSDP type: write it like urn:schemas-upnp-org:device:ZonePlayer:1")


def parse(data: bytes) -> Packet | None:
    """First line and headers of an SSDP packet, cleaned, at most 64 of 255 characters; None when it is none."""
    first, *rest = data[:8192].decode("utf-8", "replace").split("\r\n" if b"\r\n" in data else "\n")
    if not re.fullmatch(r"(HTTP/1\.[01] 200 .*|(NOTIFY|M-SEARCH) \* HTTP/1\.[01]\s*)", first):
        return None
    pairs = (line.partition(":") for line in rest[:64] if ":" in line)
    return first, {clean(name).lower(): clean(value, 255) for name, _, value in pairs}


def _target(location: str) -> tuple[str, int] | None:
    """Host and port of a description's URL; None unless it is http(s) with an address literal and no login."""
    try:
        url = urlsplit(location)
        port = url.port if url.port is not None else {"http": 80, "https": 443}.get(url.scheme, 0)
        ip_address(url.hostname or "")
    except ValueError:
        return None
    return (url.hostname or "", port) if port and url.scheme in ("http", "https") and url.username is None else None


def _same_address(one: str, other: str) -> bool:
    return ip_address(one) == ip_address(other)


def _uuid(headers: dict[str, str]) -> str:
    """The device's id from "uuid:ID::TYPE", in lower case; empty when there is none."""
    scheme, _, rest = headers.get("usn", "").partition(":")
    return rest.partition("::")[0].strip().lower() if scheme.lower() == "uuid" else ""


def _age(headers: dict[str, str]) -> int:
    """Seconds for which the announcement holds."""
    match = AGE.search(headers.get("cache-control", ""))
    return min(int(match[1]), MOST_AGE) if match else DEFAULT_AGE


def _search_socket(address: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 2)
        sock.bind((address, 0))
    except OSError:
        sock.close()
        raise
    return sock


def _group_socket(addresses: Sequence[str]) -> socket.socket:
    """Hears the group on the interfaces with these addresses, and on no other even if another program joined there."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if sys.platform == "linux":
            sock.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
        sock.bind((GROUP, PORT))
        for address in addresses:
            joined = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(address))
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
    except OSError:
        sock.close()
        raise
    return sock
