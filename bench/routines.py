"""Routines: how long it takes to find what is due among a thousand, and a simulated year of 20 in three time zones."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from bench.row import Bar, Measure, Options, Sample, Samples
from claw.clock import ManualClock
from claw.config import Config
from claw.events import Events
from claw.messages.inbox import Inbox
from claw.routines.routines import Routines
from claw.store import Store
from claw.when import When

DUE, YEAR = "what is due among 1,000 routines", "a year of 20 routines in three zones"
TESTS = Path(__file__).parent.parent / "tests"


async def measure(options: Options) -> Samples:
    """A year takes its time, so that it is lived once; with --quick not at all."""
    with tempfile.TemporaryDirectory(prefix="claw-bench-") as folder:
        due = Sample(_find(Path(folder), 20 if options.quick else 200), "the query, one of them due")
    year = TESTS / "test_routines_year.py"
    if options.quick or not year.exists():
        return {DUE: due, YEAR: Sample(note="left out")}
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pytest", "-q", str(year), stdout=asyncio.subprocess.DEVNULL, cwd=TESTS.parent
    )
    if await process.wait():
        raise RuntimeError("the year of routines is not right: run tests/test_routines_year.py")
    return {DUE: due, YEAR: Sample([time.perf_counter() - began], "with the oracle and all checks")}


def _find(folder: Path, rounds: int) -> list[float]:
    """Milliseconds of each round, in which one routine is due."""
    clock, events, store = ManualClock(zone="Europe/Berlin"), Events(), Store(folder / "house.db")
    routines = Routines(store, Inbox(store, events, clock), events, clock, Config(), None)
    with store.transaction():
        for number in range(1000):
            when = When("daily", time=f"{number // 60:02}:{number % 60:02}")
            routines.put("deed", when, "open the shades", said="", person="owner", bridge="terminal", chat="terminal")
    routines.fire_due()
    found = list[float]()
    for _ in range(rounds):
        routines.fire_due()
        clock.at = min(one.due for one in routines.all() if one.due)
        began = time.perf_counter()
        rows = routines.due(clock.time())
        found.append((time.perf_counter() - began) * 1000)
        if len(rows) != 1:
            raise AssertionError(f"{len(rows)} routines are due, not one")
    store.close()
    return found


MEASURE = Measure((Bar(DUE, "ms", 2), Bar(YEAR, "s", 60)), measure)
