"""Crash before every step of every scenario, start again on the same file, and count which rules broke."""

import asyncio
import contextlib
import logging
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claw.clock import ManualClock
from tests.crash.bugs import BUGS
from tests.crash.life import STATES, Build, Life, live, outside
from tests.crash.matrix import MatrixChannel
from tests.crash.rules import Traces, broken, traces
from tests.crash.scenarios import SCENARIOS, Scenario
from tests.crash.telegram import TelegramChannel
from tests.crash.world import Channel, World, keyed, keyless

LINES: dict[str, Callable[[ManualClock], Channel]] = {
    "keyed": keyed, "keyless": keyless, "telegram": TelegramChannel, "matrix": MatrixChannel,
}  # fmt: skip
READS = ("SELECT", "PRAGMA", "BEGIN")  # a crash before one of these leaves what a crash before the next step leaves


@dataclass
class Result:
    """points: crashes made. unknown: how often a person was told that the outcome is not known."""

    points: int = 0
    unknown: int = 0
    broken: list[str] = field(default_factory=list)

    def add(self, other: "Result") -> None:
        """Take another result in."""
        self.points, self.unknown = self.points + other.points, self.unknown + other.unknown
        self.broken = self.broken + other.broken

    def count(self, kind: str) -> int:
        """How many rules of this kind (lost, duplicated, wrong) broke."""
        return sum(f" {kind}: " in one for one in self.broken)


class Road:
    """One folder with a house that knows its devices and the person on the line, from which every run starts."""

    def __init__(self, folder: Path, build: Build, line: str) -> None:
        self.folder, self.build, self.line, self.channel = folder, build, line, LINES[line]

    async def prepare(self) -> None:
        """Let the house meet its devices once."""
        assert await live(World(self.folder / "met.db", STATES, channel=self.channel), self.build, 0)

    async def play(self, scenario: Scenario, crashes: Sequence[int]) -> tuple[Traces, list[list[str]]]:
        """The scenario with a crash in each of the first lives; what is there at the end, and the steps of each life."""
        path = self.folder / "house.db"
        path.unlink(missing_ok=True)
        if not scenario.first:
            shutil.copyfile(self.folder / "met.db", path)
        world = World(path, STATES, scenario.script, dict([scenario.aside] if scenario.aside else []), channel=self.channel)
        found, steps = list[Traces](), list[list[str]]()

        def look(life: Life) -> None:
            found.append(traces(world, life))

        for crash_at in (*crashes, 0):
            done = await live(world, self.build, crash_at, look)
            steps.append(world.steps)
            if done:
                break
        return found[0], steps

    async def scenario(self, scenario: Scenario, *, again: bool, until_broken: bool = False, stride: int = 1) -> Result:
        """Crash at every point; with `again` also, for every other point, once more somewhere in the life that follows.

        stride: only at every so many points; which of them, the name of the scenario says.
        """
        right, steps = await self.play(scenario, ())
        result = Result()
        if tuple(right.effects) != scenario.deeds or len(right.shown) != scenario.replies:
            result.broken.append(f"{scenario.name}: wrong: without a crash it did {right.effects} and said {right.shown}")
        for number, at in list(enumerate(points(steps[0])))[len(scenario.name) % stride :: stride]:
            later = await self.crash(scenario, right, (at,), result)
            if again and number % 2 and (more := points(later)):
                await self.crash(scenario, right, (at, more[number * 7 % len(more)]), result)
            if until_broken and result.broken:
                break
        return result

    async def crash(self, scenario: Scenario, right: Traces, crashes: Sequence[int], result: Result) -> list[str]:
        """One run with these crashes, judged; returns the steps of the life after the first."""
        place = f"{self.line}, {scenario.name}, crash at {crashes}"
        result.points += 1
        try:
            now, steps = await self.play(scenario, crashes)
        except TimeoutError as error:
            result.broken.append(f"{place}: lost: {error}")
            return []
        result.unknown += any("unknown" in events for events in now.ends.values())
        result.broken += [f"{place} before {steps[0][-1]!r}: {rule}" for rule in broken(now, right)]
        return steps[1]


def points(steps: Sequence[str]) -> list[int]:
    """The numbers of the steps before which a crash leaves something else behind than at the step before."""
    return [number for number, label in enumerate(steps, 1) if not label.startswith(READS)]


async def crash_all(
    build: Build, scenarios: Sequence[Scenario] = SCENARIOS, *, lines: Sequence[str] = ("keyed", "keyless"),
    again: bool = False, until_broken: bool = False, stride: int = 1,
) -> Result:  # fmt: skip
    """Every point of these scenarios, on each of these lines; those of a bridge begin where its person is known."""
    total = Result()
    with _quiet_loop():
        for line in lines:
            with tempfile.TemporaryDirectory() as folder:
                road = Road(Path(folder), build, line)
                await road.prepare()
                for one in scenarios:
                    if one.first and line not in ("keyed", "keyless"):
                        continue
                    total.add(await road.scenario(one, again=again and line != "keyed", until_broken=until_broken, stride=stride))
                    if until_broken and total.broken:
                        return total
    return total


async def crash_everywhere(lines: Sequence[str] = ("keyed", "keyless")) -> dict[str, Any]:
    """The figures for the bench: points, lost, duplicated, wrong, told as unknown, and which planted bugs were detected."""
    real = await crash_all(Build(), lines=lines, again=True)
    for one in real.broken:
        print(one, file=sys.stderr)
    bugs = [await crash_all(build, lines=lines, until_broken=True) for build in BUGS.values()]
    broken = {kind: real.count(kind) for kind in ("lost", "duplicated", "wrong")}
    detected = sum(bool(bug.count("lost") + bug.count("duplicated")) for bug in bugs)
    return {"crash_points": real.points, **broken, "told_unknown": real.unknown, "bugs": len(BUGS), "bugs_detected": detected}


@contextlib.contextmanager
def _quiet_loop() -> Iterator[None]:
    """A crash ends tasks whose results nobody reads: neither the loop nor the logs shall speak of it."""
    loop = asyncio.get_running_loop()
    handler, level = loop.get_exception_handler(), logging.root.manager.disable
    loop.set_exception_handler(lambda *_: None)
    logging.disable(logging.CRITICAL)
    outside(asyncio.current_task())
    try:
        yield
    finally:
        loop.set_exception_handler(handler)
        logging.disable(level)


def main() -> None:
    """`python -m tests.crash.road [LINE...]` prints the figures of each line."""
    for line in sys.argv[1:] or LINES:
        print(line, ", ".join(f"{name} {value}" for name, value in asyncio.run(crash_everywhere([line])).items()), flush=True)


if __name__ == "__main__":
    main()
