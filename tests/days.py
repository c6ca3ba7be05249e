"""Simulated days of a house in which much goes wrong, by a seed: `python -m tests.days --seed N --hours H` plays one again.

One loop with a time of its own that leaps to whatever comes next, so that hours take seconds and a seed always plays the same.
Real: store, agent, outbox, routines, triggers, the Telegram bridge and the terminal. Simulated: devices, people, Telegram.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import random
import selectors
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

from claw.clock import ManualClock
from tests.town.checks import Checks
from tests.town.life import Life
from tests.town.people import Somebody, Stranger, Typist
from tests.town.town import PEOPLE, Town

CALM_SECONDS = 5400.0  # after the last hour, in which nothing goes wrong any more and everything comes to rest
DAWNS = (  # seconds since 1970: an ordinary Wednesday, and the nights in which Berlin's clocks go forward and back
    1_772_618_400.0, 1_774_738_800.0, 1_792_879_200.0,
)  # fmt: skip


class Leaping(selectors.DefaultSelector):
    """Waits for nothing: time moves on instead."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        """What is ready now."""
        if timeout is None:
            raise RuntimeError("everybody waits for ever")
        self.clock.at += max(0.0, timeout)
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """The loop whose time is the clock's."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(Leaping(clock))
        self.clock = clock

    def time(self) -> float:
        return self.clock.monotonic()


class LoopClock(ManualClock):
    """Steady time begins at 1,000 s; `ahead` is what makes it the date."""

    def __init__(self, began: float) -> None:
        super().__init__(1000.0, "Europe/Berlin")
        self.ahead = began - self.at

    def steady(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Day:
    """So many hours of one seed."""

    def __init__(self, seed: int, hours: float, folder: Path) -> None:
        self.seed, self.hours = seed, hours
        began = DAWNS[seed % len(DAWNS)]
        self.clock = LoopClock(began)
        self.town = Town(folder, self.clock, seed)
        self.checks = Checks(self.town)
        self.end = self.clock.at + hours * 3600
        self.chances = random.Random(f"{seed} chances")

    def play(self) -> list[str]:
        """What was wrong, each with its time; empty when all was well."""
        loop = Loop(self.clock)
        try:
            with _quietly():
                loop.run_until_complete(self._play())
        finally:
            loop.close()
        return self.town.wrong

    async def _play(self) -> None:
        town = self.town
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        around: list[Coroutine[Any, Any, None]] = [
            *(Somebody(town, id, f"{self.seed} {id}").live(self.end) for id in PEOPLE),
            Typist(town, f"{self.seed} terminal").live(), Stranger(town, f"{self.seed} stranger").live(self.end),
            *(self._until_calm(one) for one in (self._network(), self._devices(), self._jumps(), self._disk(), self._kills())),
            self._processes(),
        ]  # fmt: skip
        tasks = [asyncio.create_task(one) for one in around]
        town.outside.update(tasks, {asyncio.current_task()})  # type: ignore[arg-type]
        try:
            await self._judge()
        finally:
            everything = asyncio.all_tasks() - {asyncio.current_task()}
            for task in everything:
                task.cancel()
            await asyncio.gather(*everything, return_exceptions=True)

    async def _judge(self) -> None:
        for hour in range(int(self.hours)):
            await asyncio.sleep(3600)
            self.checks.always(f"after {hour + 1} h")
        await asyncio.sleep(max(0.0, self.end - self.clock.at))
        self._calm()
        await asyncio.sleep(CALM_SECONDS)
        self.checks.always("at the end")
        self.checks.at_rest()

    # -- what goes wrong

    async def _until_calm(self, work: Coroutine[Any, Any, None]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self.end):
                await work

    def _calm(self) -> None:
        town = self.town
        town.peer.faults.clear()
        town.crash_at, town.full = 0, False
        town.fill()
        for id in town.modes:
            town.turns(id, "ok")

    def _rare(self, mean: float) -> float:
        """Seconds until something that happens every so many seconds happens again."""
        return self.chances.expovariate(1 / mean)

    async def _network(self) -> None:
        """Telegram's faults, in bursts."""
        while True:
            await asyncio.sleep(self._rare(500))
            kind = self.chances.choice(["429", "502", "drop after apply", "drop", "hang", "500"])
            method = self.chances.choice(["sendMessage", "sendMessage", "getUpdates", "editMessageText", "answerCallbackQuery"])
            if method == "getUpdates" and self.chances.random() < 0.5:
                kind = self.chances.choice(["repeat", "reverse"])
            self.town.peer.fault(method, kind, times=self.chances.choice([1, 1, 2, 5]), retry_after=self.chances.randint(1, 40))

    async def _devices(self) -> None:
        """On average three in ten are away, lie, or are slow."""
        while True:
            await asyncio.sleep(self._rare(60))
            id = self.chances.choice(sorted(self.town.modes))
            self.town.turns(id, self.chances.choices(["ok", "offline", "lying", "slow"], [7, 1, 1, 1])[0])

    async def _jumps(self) -> None:
        """Somebody sets the clock, and it is set right some time later."""
        while True:
            await asyncio.sleep(self._rare(5400))
            by = self.chances.choice([3600.0, -3600.0])
            self.town.jump(by)
            await asyncio.sleep(self._rare(1200))
            self.town.jump(-by)

    async def _disk(self) -> None:
        """The disk is full for a while."""
        while True:
            await asyncio.sleep(self._rare(7200))
            for full in (True, False):
                self.town.full = full
                self.town.fill()
                await asyncio.sleep(self._rare(300) if full else 0)

    async def _kills(self) -> None:
        """The process dies, mostly between two steps of something."""
        while True:
            await asyncio.sleep(self._rare(1000))
            steps = self.chances.choice([1, self.chances.randint(2, 60), self.chances.randint(2, 400)])
            self.town.crash_at = self.town.count + steps

    async def _processes(self) -> None:
        """One process after the other on the same folder."""
        while True:
            self.town.born(0)
            self.town.log("start")
            await Life(self.town).live()
            self.town.log("dead")
            await asyncio.sleep(self.chances.choice([0.5, 3, 3, 30, self._rare(200)]))


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """What is logged when so much goes wrong helps nobody."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(level)


def play(
    seed: int, hours: float, *, tell: bool = False, mistakes: Callable[[Life], None] = lambda life: None
) -> tuple[list[str], dict[str, int]]:
    """What was wrong with a seed, and how much happened. `mistakes` plants one into each process."""
    with tempfile.TemporaryDirectory(prefix="claw-days-") as folder:
        day = Day(seed, hours, Path(folder))
        day.town.telling, day.town.mistakes = tell, mistakes
        try:
            day.play()
        except (RuntimeError, sqlite3.Error) as error:
            day.town.wrong.append(f"it broke off: {error!r}")
        return day.town.wrong, dict(day.town.counts)


def main(argv: Sequence[str] | None = None) -> int:
    """Play one seed, or several; those that fail are printed."""
    made = argparse.ArgumentParser(prog="python -m tests.days", description=__doc__)
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--seeds", type=int, default=1, help="so many, from --seed on")
    made.add_argument("--hours", type=float, default=6.0)
    made.add_argument("--tell", action="store_true", help="everything that happens")
    args = made.parse_args(argv)
    failed = 0
    for seed in range(args.seed, args.seed + args.seeds):
        wrong, counts = play(seed, args.hours, tell=args.tell)
        print(f"seed {seed}: {'; '.join(wrong[:5]) or 'ok'}  {counts}", flush=True)
        failed += bool(wrong)
    print(f"{failed} of {args.seeds} seeds failed; again: python -m tests.days --seed N --hours {args.hours:g} --tell")
    return int(bool(failed))


if __name__ == "__main__":
    if "PYTHONHASHSEED" not in os.environ:  # the order of a set is chance, too
        os.execve(sys.executable, [sys.executable, "-m", "tests.days", *sys.argv[1:]], {**os.environ, "PYTHONHASHSEED": "0"})
    sys.exit(main())
