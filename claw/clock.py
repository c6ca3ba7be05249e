"""The one clock: wall time for people, monotonic time for intervals. Tests hand in a clock that they move."""

import asyncio
import time
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # Linux: time.monotonic() stands still while the machine sleeps
PLAUSIBLE = datetime(2025, 1, 1, tzinfo=UTC).timestamp()  # a board without a battery starts at 1970


class Clock:
    """Real time; `zone` is an IANA name, empty for the machine's own."""

    def __init__(self, zone: str = "") -> None:
        self.zone: tzinfo | None = ZoneInfo(zone) if zone else None

    def time(self) -> float:
        """Seconds since 1970, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    def steady(self) -> float:
        """Seconds that never jump, and that pass while the machine sleeps, too."""
        return self.monotonic() + time.clock_gettime(STEADY) - time.monotonic()

    def now(self) -> datetime:
        """Local time in the house."""
        return datetime.fromtimestamp(self.time(), UTC).astimezone(self.zone)

    def plausible(self) -> bool:
        """False while the machine does not know the date."""
        return self.time() >= PLAUSIBLE

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds of this clock."""
        await asyncio.sleep(seconds)

    async def until(self, event: asyncio.Event, seconds: float) -> None:
        """Wait for an event, at most so many seconds of this clock."""
        if seconds <= 0:
            return
        waiting = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self.sleep(seconds))]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()


class ManualClock(Clock):
    """A clock that stands still until a test or an evaluation moves it."""

    def __init__(self, at: float = 1_790_000_000.0, zone: str = "UTC") -> None:
        super().__init__(zone)
        self.at = at
        self.ahead = 0.0  # by how much somebody set the wall clock forward
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def time(self) -> float:
        return self.at + self.ahead

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.at + seconds, woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Move time forward and wake whoever slept until then."""
        self.at += seconds
        for due, woken in self._sleepers:
            if due <= self.at and not woken.done():
                woken.set_result(None)
        self._sleepers = [(due, woken) for due, woken in self._sleepers if not woken.done()]
