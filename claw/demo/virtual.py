"""What every virtual device shares: an address of its own on loopback, and the misdeeds that tests ask of it."""

import contextlib
import random
import socket
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from zeroconf.asyncio import AsyncZeroconf


@dataclass
class Faults:
    """What a test makes a device do wrong; all off by default."""

    slow: float = 0.0  # seconds before each answer
    garbage: bytes | None = None  # sent as the body of every answer instead of the real one
    lies: bool = False  # commands are acknowledged and not carried out


class Network:
    """One free loopback subnet 127.x.y.0/24 with its own mDNS voice on 127.0.0.1; nothing leaves the machine."""

    def __init__(self) -> None:
        self.prefix, self._claim = _claim_subnet()
        self.subnet = f"{self.prefix}.0/24"
        self._zeroconf: AsyncZeroconf | None = None

    @property
    def zeroconf(self) -> AsyncZeroconf:
        """The voice with which this house's devices announce themselves (needs a running loop)."""
        if self._zeroconf is None:
            self._zeroconf = AsyncZeroconf(interfaces=["127.0.0.1"])
        return self._zeroconf

    def address(self, host: int) -> str:
        """The address with this last byte (1-253); on Linux every one of them can be bound without root."""
        return f"{self.prefix}.{host}"

    async def close(self) -> None:
        """Say goodbye on mDNS and give the subnet back."""
        if self._zeroconf is not None:
            await self._zeroconf.async_unregister_all_services()
            await self._zeroconf.async_close()
            self._zeroconf = None
        self._claim.close()


def _claim_subnet() -> tuple[str, socket.socket]:
    """A random prefix that no other virtual house holds; a bound socket is the claim, so it ends with the process."""
    while True:
        prefix = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}"
        claim = socket.socket()
        with contextlib.suppress(OSError):
            claim.bind((f"{prefix}.254", 19999))
            return prefix, claim
        claim.close()


@dataclass
class Virtual(ABC):
    """A device that speaks its real protocol on `network.address(host)`."""

    network: Network
    host: int
    faults: Faults = field(default_factory=Faults, kw_only=True)

    @property
    def address(self) -> str:
        """Where it stands now."""
        return self.network.address(self.host)

    @abstractmethod
    async def start(self) -> None:
        """Listen and announce."""

    @abstractmethod
    async def stop(self, *, goodbye: bool = True) -> None:
        """Leave the network; without goodbye it drops off like a pulled plug."""

    async def move(self, host: int) -> None:
        """Come back at another address with the same identity and state."""
        await self.stop()
        self.host = host
        await self.start()
