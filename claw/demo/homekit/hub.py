"""A virtual HomeKit bridge, or one accessory without a bridge, on HAP-python: real pairing and encryption, our own motors."""

import asyncio
import hashlib
import os
from dataclasses import dataclass, field
from typing import Any

from pyhap.accessory import Bridge
from pyhap.accessory_driver import AccessoryDriver
from pyhap.hap_protocol import HAPServerProtocol
from pyhap.hap_server import HAPServer
from pyhap.hsrp import Server as SrpServer
from pyhap.params import get_srp_context

from claw.demo.homekit.parts import PARTS, Part
from claw.demo.virtual import Faults, Network, Virtual

PORT = 51826
BUNDLE = 0.5  # seconds


class _Hub(Bridge):  # type: ignore[misc]
    def setup_message(self) -> None:
        """Stay quiet."""


class _Wire(HAPServerProtocol):  # type: ignore[misc]
    """One connection, with the misdeeds that a test asks for."""

    _event_timer: Any

    def queue_event(self, data: dict[str, Any], immediate: bool) -> None:
        """Bundle events for 0.5 s of the house's time, as HAP-python does in real time."""
        if not self._event_timer:
            self._event_timer = self.loop.call_later(BUNDLE / self.accessory_driver.speed, self._send_events)
        super().queue_event(data, immediate)

    def _process_response(self, response: Any) -> None:
        faults: Faults = self.accessory_driver.faults
        if faults.garbage is not None:
            response.status_code, response.reason, response.body = 200, "OK", faults.garbage
        if faults.slow:
            self.loop.call_later(faults.slow, self._answer, response)
        else:
            super()._process_response(response)

    def _answer(self, response: Any) -> None:
        if not self.transport.is_closing():
            super()._process_response(response)


class _Key(int):
    """A session key whose 64 bytes survive HAP-python's long_to_bytes(), which would drop leading zeros."""

    _shifted = -8

    def __rshift__(self, bits: int) -> int:
        self._shifted = bits
        return int(self) >> bits

    def __ne__(self, other: object) -> bool:  # its loop asks "not all bytes yet?"
        more, self._shifted = self._shifted < 504, self._shifted if self._shifted < 504 else -8
        return more

    __hash__ = int.__hash__


class _Srp(SrpServer):  # type: ignore[misc]
    """HAP-python 5.0 drops leading zero bytes of B, S and K, and so refuses 3 of 256 right codes; this one keeps them."""

    def _derive_B(self) -> int:
        while (public := int(super()._derive_B())).bit_length() <= self.N_len - 8:
            self.b = int.from_bytes(os.urandom(32))
        return public

    def _get_K(self) -> int:
        self.Sb: bytes = self._padN(self.Sb)
        return int(super()._get_K())

    def set_A(self, client_key: bytes) -> None:
        super().set_A(client_key)
        self.Kb = self.K.to_bytes(64)
        self.M = self._get_M()
        self.HAMK = self._get_HAMK()

    def get_session_key(self) -> int:
        return _Key(self.K)


class _Server(HAPServer):  # type: ignore[misc]
    async def async_start(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.server = await loop.create_server(lambda: _Wire(loop, self.connections, self.accessory_handler), *self._addr_port)
        self.async_cleanup_connections()

    def cut(self) -> None:
        """Break all connections without a word."""
        for connection in list(self.connections.values()):
            connection.transport.abort()


class _Driver(AccessoryDriver):  # type: ignore[misc]
    """Keeps its state in memory only, and lies on request."""

    faults: Faults
    speed: float

    def persist(self) -> None:
        """Write no accessory.state."""

    def setup_srp_verifier(self) -> None:
        """Begin a pairing."""
        self.srp_verifier = _Srp(get_srp_context(3072, hashlib.sha512, 16), b"Pair-Setup", self.state.pincode)

    def set_characteristics(self, query: dict[str, Any], client: Any) -> Any:
        if self.faults.lies:
            rows = [{key: value for key, value in row.items() if key != "value"} for row in query["characteristics"]]
            query = {**query, "characteristics": rows}
        return super().set_characteristics(query, client)


@dataclass
class _Voice:
    """The network's mDNS voice as a driver wants it: shared by all devices, so never closed by one of them.

    The instance name carries the subnet: two houses on one machine would otherwise overwrite each other's records.
    """

    network: Network
    silent: bool = False  # leave without a goodbye

    def _own(self, info: Any) -> Any:
        if self.network.prefix not in info.name:
            info.name = info.name.replace(f".{info.type}", f" {self.network.prefix.replace('.', '-')}.{info.type}")
        return info

    async def async_register_service(self, info: Any, cooperating_responders: bool = False) -> None:
        await self.network.zeroconf.async_register_service(self._own(info), cooperating_responders=cooperating_responders)

    async def async_update_service(self, info: Any) -> None:
        await self.network.zeroconf.async_update_service(self._own(info))

    async def async_unregister_service(self, info: Any) -> None:
        if self.silent:
            self.network.zeroconf.zeroconf.registry.async_remove(info)
        else:
            await (await self.network.zeroconf.async_unregister_service(info))

    async def async_close(self) -> None:
        """The network closes it."""


@dataclass
class VirtualHomekit(Virtual):
    """A bridge with `parts`, or with `bridge=False` its first part alone. `code` pairs it, `mac` is its accessory id."""

    name: str = "Home Bridge"
    parts: tuple[tuple[type[Part], str], ...] = PARTS
    bridge: bool = True
    mac: str = "C1:A3:0B:00:00:01"
    code: str = "031-45-154"
    speed: float = 1.0  # how much faster than life its motors run
    part: dict[str, Any] = field(default_factory=dict, init=False)  # by name, filled by start()
    _driver: Any = field(default=None, init=False)
    _voice: _Voice = field(init=False)

    @property
    def paired(self) -> bool:
        """Whether a controller holds a key."""
        return bool(self._driver.state.paired)

    def forget_pairings(self) -> None:
        """Somebody resets its pairings: controllers are thrown out, it announces sf=1."""
        for controller in list(self._driver.state.paired_clients):
            self._driver.state.remove_paired_client(controller)
        self._driver.http_server.cut()
        self._driver.async_update_advertisement()

    def pair_elsewhere(self) -> None:
        """Another controller takes it: sf=0 and no key of ours."""
        self._driver.state.add_paired_client(b"5d4ad6e2-0000-4000-8000-00000000e15e", bytes(32), b"\x01")
        self._driver.async_update_advertisement()

    async def start(self) -> None:
        if self._driver is None:
            self._build()
        self._voice.silent = False
        self._driver.state.addresses = [self.address]
        self._driver.http_server = _Server((self.address, PORT), self._driver)
        await self._driver.async_start()
        for part in self.part.values():
            part.begin()

    def _build(self) -> None:
        self._voice = _Voice(self.network)
        host = f"{self.name}-{self.network.prefix}".replace(" ", "-").replace(".", "-") + ".local."
        self._driver = _Driver(
            address=self.address, port=PORT, persist_file="", pincode=self.code.encode(), mac=self.mac,
            loop=asyncio.get_running_loop(), async_zeroconf_instance=self._voice, zeroconf_server=host,
        )  # fmt: skip
        self._driver.faults, self._driver.speed = self.faults, self.speed
        hub = _Hub(self._driver, self.name) if self.bridge else None
        for number, (kind, name) in enumerate(self.parts if self.bridge else self.parts[:1], start=2):
            aid = (number if number < 7 else number + 1) if hub else 1  # HAP-python avoids 7
            self.part[name] = kind(self._driver, name, aid=aid, serial=f"{self.mac.replace(':', '')}-{aid}", speed=self.speed)
            if hub:
                hub.add_accessory(self.part[name])
        self._driver.add_accessory(hub or next(iter(self.part.values())))

    async def stop(self, *, goodbye: bool = True) -> None:
        for part in self.part.values():
            part.halt()
        self._voice.silent = not goodbye
        if not goodbye:
            self._driver.http_server.cut()
        await self._driver.async_stop()
