"""The services that are believed at present, with the caps that keep a hostile network from filling the daemon's memory."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from claw.clock import Clock
from claw.discovery.found import Found
from claw.discovery.network import Reach

Key = tuple[str, str, str]  # via, type, announced name: one announcement, whatever id it claims
Ear = Callable[[Found], None]


@dataclass(frozen=True)
class Caps:
    """Limits of discovery. When the table is full the known services stay and new ones are refused."""

    services: int = 256
    per_address: int = 32
    burst: int = 64  # new services at once ...
    per_second: float = 20.0  # ... and after that
    resolves: int = 16  # mDNS look-ups at the same time
    answer: float = 3.0  # seconds to answer us (SSDP spreads answers over 2, mDNS may hold a repeated one back for 1)


class Bucket:
    """Permits: `burst` at once, `per_second` after that."""

    def __init__(self, clock: Clock, burst: int, per_second: float) -> None:
        self.clock, self.burst, self.per_second = clock, burst, per_second
        self.left, self.at = float(burst), clock.monotonic()

    def take(self) -> bool:
        """Use one permit; False when there is none left."""
        now = self.clock.monotonic()
        self.left, self.at = min(self.burst, self.left + (now - self.at) * self.per_second), now
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass
class Source:
    """One announcement that is believed."""

    found: Found
    updates: Bucket
    until: float = math.inf  # SSDP: when its max-age ends, in seconds of the clock
    doubted: asyncio.TimerHandle | None = None

    def trust(self) -> None:
        """It was heard again."""
        if self.doubted:
            self.doubted.cancel()
            self.doubted = None


class Known:
    """What mDNS and SSDP heard and we believe; calls on_found at news (also for an id that is known) and on_lost at the end."""

    def __init__(self, caps: Caps, clock: Clock, on_found: Ear, on_lost: Ear) -> None:
        self.caps, self.clock, self.on_found, self.on_lost = caps, clock, on_found, on_lost
        self.reach = Reach()
        self.sources: dict[Key, Source] = {}
        self.refused: Counter[str] = Counter()
        self._new = Bucket(clock, caps.burst, caps.per_second)

    def seen(self, key: Key, found: Found, until: float = math.inf) -> None:
        """Take in what was heard, or count why not. The caps on an address come before those on all."""
        source = self.sources.get(key)
        if source:
            self._again(key, source, found, until)
        elif self._fits(found) and self._room():
            self.sources[key] = Source(found, Bucket(self.clock, 8, 1.0), until)
            self.on_found(found)

    def refuse(self, reason: str) -> bool:
        """Count one refusal; always False."""
        self.refused[reason] += 1
        return False

    def doubt(self, key: Key, ask: Callable[[], None]) -> None:
        """It seems to be gone: ask the network once more, and lose it unless it answers in time."""
        source = self.sources.get(key)
        if source and not source.doubted:
            source.doubted = asyncio.get_running_loop().call_later(self.caps.answer, self.lose, key)
            ask()

    def lose(self, key: Key) -> None:
        """Forget an announcement; when another one carries the same id, that is where the device is now."""
        source = self.sources.pop(key, None)
        if source is None:
            return
        source.trust()
        twin = next((other.found for other in self.sources.values() if _identity(other.found) == _identity(source.found)), None)
        if twin:
            self.on_found(twin)
        else:
            self.on_lost(source.found)

    def prune(self) -> None:
        """Lose what lies outside the reach, after the network changed."""
        for key in [key for key, source in self.sources.items() if not self.reach.allows(source.found.host)]:
            self.lose(key)

    def clear(self) -> None:
        """Forget everything without a word, at the end."""
        for source in self.sources.values():
            source.trust()
        self.sources.clear()

    def _again(self, key: Key, source: Source, found: Found, until: float) -> None:
        """A known announcement was heard again; news pass at most once a second (8 at once)."""
        if found.host != source.found.host and not self._fits(found):
            return
        source.trust()
        source.until = until
        if (_identity(found), _news(found)) == (_identity(source.found), _news(source.found)):
            return
        if not source.updates.take():
            self.refuse("updates")
        elif _identity(found) != _identity(source.found):
            self.lose(key)
            self.seen(key, found, until)
        else:
            source.found = found
            self.on_found(found)

    def _fits(self, found: Found) -> bool:
        if not self.reach.allows(found.host):
            return self.refuse("outside")
        at_address = sum(source.found.host == found.host for source in self.sources.values())
        return at_address < self.caps.per_address or self.refuse("full address")

    def _room(self) -> bool:
        if len(self.sources) >= self.caps.services:
            return self.refuse("full")
        return self._new.take() or self.refuse("rate")


def _identity(found: Found) -> tuple[str, str, str]:
    return found.via, found.type, found.id


def _news(found: Found) -> tuple[object, ...]:
    """What makes an announcement differ from the last one; SSDP headers hold a date, so only its boot id counts."""
    text = found.txt if found.via == "mdns" else found.txt.get("bootid.upnp.org")
    return found.name, found.host, found.port, found.location, text
