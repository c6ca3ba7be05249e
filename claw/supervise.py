"""Keep a subsystem running: restart with back-off, and give it up as degraded rather than loop."""

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from claw.clock import Clock

log = logging.getLogger("claw.supervise")
WINDOW, TRIES, LONGEST = 600.0, 5, 60.0


@dataclass
class Supervised:
    """One subsystem and how it fares: running, waiting, degraded or stopped."""

    name: str
    start: Callable[[], Awaitable[None]]
    clock: Clock
    degraded: Callable[[], None] = lambda: None  # called when it is given up
    lasting: bool = False  # never given up: what it talks to may be away for days
    state: str = "stopped"
    problem: str = ""
    failures: deque[float] = field(default_factory=lambda: deque(maxlen=TRIES + 2))

    async def run(self) -> None:
        """Run until cancelled; after five failures in ten minutes stay degraded, unless it is `lasting`."""
        try:
            while True:
                self.state = "running"
                try:
                    await self.start()
                    return
                except Exception as error:
                    log.exception("%s failed", self.name)
                    self.problem = f"{type(error).__name__}: {error}"
                    full = isinstance(error, sqlite3.OperationalError)  # a disk that has room again heals it
                if not await self._back_off(forgiven=full or self.lasting):
                    return
        finally:
            if self.state != "degraded":
                self.state = "stopped"

    async def _back_off(self, *, forgiven: bool) -> bool:
        now = self.clock.monotonic()
        self.failures.append(now)
        recent = [at for at in self.failures if at > now - WINDOW]
        if len(recent) >= TRIES and not forgiven:
            self.state = "degraded"
            log.error("%s failed %d times in ten minutes and is left out: %s", self.name, TRIES, self.problem)
            self.degraded()
            return False
        self.state = "waiting"
        await self.clock.sleep(min(LONGEST, 2.0 ** (len(recent) - 1)))
        return True


async def cancel(*tasks: asyncio.Task[object] | asyncio.Task[None] | None, seconds: float | None = None) -> None:
    """Cancel tasks and wait until they have cleaned up, for at most so many seconds (None: as long as it takes)."""
    alive = [task for task in tasks if task is not None and not task.done()]
    for task in alive:
        task.cancel()
    done, stubborn = await asyncio.wait(alive, timeout=seconds) if alive else (set(), set())
    for task in done:
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not report it
    for task in stubborn:
        log.warning("%s did not end within %s s", task.get_name(), seconds)


async def attempt(work: Awaitable[object], name: str) -> Exception | None:
    """Await some work; what it raises is logged and returned, so that one bad turn does not end the others."""
    try:
        await work
    except Exception as error:
        log.exception("%s failed", name)
        return error
    return None
