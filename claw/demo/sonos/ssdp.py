"""SSDP of one player: answers M-SEARCH and says alive and byebye, on 239.255.255.250:1900 joined on 127.0.0.1 only."""

import asyncio
import contextlib
import socket
import struct

GROUP, PORT = "239.255.255.250", 1900
ZONE_PLAYER = "urn:schemas-upnp-org:device:ZonePlayer:1"
IP_MULTICAST_ALL = 49  # linux/in.h; 0: only groups that this socket joined, so nothing of a real interface is heard


class Ssdp(asyncio.DatagramProtocol):
    """The voice of one device; `headers` are added to each message (LOCATION, SERVER, X-RINCON-...)."""

    def __init__(self, address: str, uid: str, headers: dict[str, str]) -> None:
        self.address, self.headers = address, headers
        self.targets = {  # search target or NT -> USN
            "upnp:rootdevice": f"uuid:{uid}::upnp:rootdevice",
            f"uuid:{uid}": f"uuid:{uid}",
            ZONE_PLAYER: f"uuid:{uid}::{ZONE_PLAYER}",
        }
        self._out: socket.socket | None = None
        self._in: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        """Join the group on loopback and say alive."""
        loop = asyncio.get_running_loop()
        self._in, _ = await loop.create_datagram_endpoint(lambda: self, sock=_listening())
        self._out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._out.setblocking(False)
        self._out.bind((self.address, 0))
        self._out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        self._out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        self._notify("ssdp:alive")

    async def stop(self, *, goodbye: bool = True) -> None:
        """Leave, saying so or not."""
        if goodbye:
            self._notify("ssdp:byebye")
        if self._in is not None:
            self._in.close()
        if self._out is not None:
            self._out.close()
            self._out = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a search for us or for everything."""
        start, *lines = data.decode("latin-1").split("\r\n")
        headers = {name.strip().upper(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if start != "M-SEARCH * HTTP/1.1" or headers.get("MAN") != '"ssdp:discover"' or not addr[0].startswith("127."):
            return
        for target, usn in self.targets.items():
            if headers.get("ST") in (target, "ssdp:all"):
                extra = {"CACHE-CONTROL": "max-age = 1800", "EXT": "", **self.headers, "ST": target, "USN": usn}
                self._send("HTTP/1.1 200 OK", extra, addr)

    def _notify(self, nts: str) -> None:
        for target, usn in self.targets.items():
            extra = {
                "HOST": f"{GROUP}:{PORT}", "CACHE-CONTROL": "max-age = 1800", **self.headers, "NT": target, "NTS": nts,
                "USN": usn,
            }  # fmt: skip
            self._send("NOTIFY * HTTP/1.1", extra, (GROUP, PORT))

    def _send(self, start: str, headers: dict[str, str], to: tuple[str, int]) -> None:
        text = "\r\n".join([start, *(f"{name}: {value}" for name, value in headers.items()), "", ""])
        with contextlib.suppress(OSError):  # SSDP promises nothing
            if self._out is not None:
                self._out.sendto(text.encode(), to)


def _listening() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
    sock.bind((GROUP, PORT))
    sock.setsockopt(
        socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton("127.0.0.1"))
    )
    return sock
