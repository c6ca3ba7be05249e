"""All that a skill may import: devices, capabilities, where things are found, and a narrow view of the home."""

import asyncio
import importlib
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from claw.capabilities import (
    Alarm,
    Brightness,
    Camera,
    Climate,
    Color,
    ColorTemperature,
    Door,
    Humidity,
    ListItems,
    Lock,
    Player,
    Position,
    Power,
    Sensor,
    Source,
    Speed,
    Target,
    Thermostat,
    Tilt,
    Vacuum,
    Valve,
    Volume,
)
from claw.clock import Clock
from claw.color import (
    kelvin_to_mired,
    mired_to_kelvin,
    mired_within,
    name_to_xy,
    nearest_in_gamut,
    shown_name,
    xy_distance,
    xy_to_name,
)
from claw.device import Celsius, Device, DeviceError, Flag, Kelvin, Percent, Safety, Text, command, shape
from claw.discovery.found import Found, clean
from claw.hosting.boundary import sense
from claw.kit.pace import Pace
from claw.kit.pairing import Ask, ask_until

if TYPE_CHECKING:
    from claw.kit.http import Http
    from claw.kit.pinned import fingerprint, session
    from claw.kit.upnp import Subscriptions, xml, xml_text

T = TypeVar("T")
LATER = {  # what needs aiohttp -> its module in claw/kit
    "Http": "http", "fingerprint": "pinned", "session": "pinned", "Subscriptions": "upnp", "xml": "upnp", "xml_text": "upnp",
}  # fmt: skip

__all__ = [
    "Alarm", "Ask", "Brightness", "Camera", "Celsius", "Climate", "Color", "ColorTemperature", "Device", "DeviceError", "Door",
    "Flag", "Found", "Home", "Http", "Humidity", "Kelvin", "ListItems", "Lock", "Matcher", "Pace", "Percent", "Player",
    "Position", "Power", "Safety", "Sensor", "Source", "Speed", "Subscriptions", "Target", "Text", "Thermostat", "Tilt",
    "Vacuum", "Valve", "Volume", "ask_until", "clean", "command", "fingerprint", "kelvin_to_mired", "mdns", "mired_to_kelvin",
    "mired_within", "mqtt", "name_to_xy", "nearest_in_gamut", "sense", "session", "shape", "shown_name", "skill", "ssdp",
    "static", "xml", "xml_text", "xy_distance", "xy_to_name",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import at the first use what would make the daemon's start slower."""
    if name not in LATER:
        raise AttributeError(f"claw.skill has no {name}")
    return getattr(importlib.import_module(f"claw.kit.{LATER[name]}"), name)


class Secrets(Protocol):
    """Keys of one skill, kept in files that only the daemon's user can read."""

    def get(self, name: str) -> str | None: ...
    def set(self, name: str, value: str) -> None: ...
    def delete(self, name: str) -> None: ...


@dataclass
class Home:
    """What a skill sees of the home: its own secrets and config, a person to ask, a log, a clock. Nothing else."""

    name: str
    secrets: Secrets
    config: dict[str, Any]
    ask: Ask
    log: logging.Logger
    clock: Clock
    folder: Path  # scratch files of this skill
    zeroconf: Any = None  # the daemon's AsyncZeroconf, for libraries that want one
    listen_address: Callable[[str], str] = lambda host: ""  # our own address as seen from that host
    pool: ThreadPoolExecutor | None = field(default=None, repr=False)

    async def blocking(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run a blocking library call in the daemon's one bounded thread pool."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, partial(function, *args, **kwargs))


@dataclass(frozen=True)
class Matcher:
    """What to look for on the network: via mdns, ssdp, mqtt or static, and which type."""

    via: str
    what: str = ""
    id: str = ""  # mdns: the TXT key that names the device for good (else its instance name does)


def mdns(type: str, *, id: str = "") -> Matcher:
    """A DNS-SD type such as "_hue._tcp.local."; `id` names the TXT key that identifies the device."""
    return Matcher("mdns", type, id)


def ssdp(type: str) -> Matcher:
    """An SSDP search target such as "urn:schemas-upnp-org:device:ZonePlayer:1"."""
    return Matcher("ssdp", type)


def mqtt(topic: str) -> Matcher:
    """Retained topics of the broker in the config."""
    return Matcher("mqtt", topic)


def static() -> Matcher:
    """Addresses that the config names under [skills.NAME] addresses = [...]."""
    return Matcher("static")


Connect = Callable[[Found, Home], AsyncIterator[Device]]


@dataclass(frozen=True)
class Spec:
    """What @skill said about a connect function."""

    matchers: tuple[Matcher, ...]
    errors: tuple[type[BaseException], ...]
    connect: Connect


def skill(*matchers: Matcher, errors: type[BaseException] | tuple[type[BaseException], ...] = ()) -> Callable[[Connect], Connect]:
    """Make an async generator of devices a skill; the matchers' arguments must be literals: they are read without import."""

    def mark(connect: Connect) -> Connect:
        kinds = errors if isinstance(errors, tuple) else (errors,)
        connect.__skill__ = Spec(matchers, kinds, connect)  # type: ignore[attr-defined]
        return connect

    return mark
