"""People: what a verdict costs, and a bridge from a message to its answer, at rest, behind a crowd and after a death.

The bridge is Telegram's against the tests' Bot API server, over http on loopback, in one process.
"""

import asyncio
import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.row import Bar, Measure, Options, Sample, Samples, quantile
from claw.clock import Clock

VERDICT = "a verdict of the policy, four people"
ANSWER, ANSWER_95 = "Telegram: message to answer, p50", "Telegram: message to answer, p95"
CROWD, DEATH = "Telegram: the owner behind 10,000 of strangers", "Telegram: from the bridge's death to an answer"
STRANGERS, ANNA = 10_000, 1001
TESTS = Path(__file__).parent.parent / "tests"
JUDGED: Sequence[tuple[str, str, dict[str, Any]]] = (
    ("lamp", "turn_on", {}), ("lamp", "set_brightness", {"brightness": 40}), ("bolt", "unlock", {}), ("gate", "open_door", {}),
    ("heat", "set_target", {"target": 21.0}), ("box", "set_volume", {"volume": 30}),
)  # fmt: skip


async def measure(options: Options) -> Samples:
    """Nothing is measured where the tests are not there (a wheel)."""
    if not (TESTS / "bridged.py").exists():
        return {bar.what: Sample(note="there are no tests") for bar in MEASURE.bars}
    from tests.peers.bot_api import bot_api

    rounds = 20 if options.quick else 100
    with tempfile.TemporaryDirectory(prefix="claw-bench-") as folder:
        async with bot_api() as peer, _home(Path(folder), peer) as home:
            anna = peer.person(ANNA, "Anna")
            home.let_in(str(ANNA), "Anna", "owner")
            anna.chat.state = "member"
            home.bridge._pace.wait = lambda chat: 0.0  # the channel's own limit, one a second, is none of ours
            verdicts = _verdicts(home.house.agent, 50 if options.quick else 500)
            answers = [await _answer(home, anna, number) for number in range(-2, rounds)][2:]
            death = [await _death(home, anna, number) for number in range(1 if options.quick else 3)]
            crowd = await _crowd(home, peer, anna)
    return {
        VERDICT: Sample(verdicts), ANSWER: Sample(answers, "http on loopback, all commits included"),
        ANSWER_95: Sample([quantile(answers, 0.95)]), CROWD: Sample([crowd]),
        DEATH: Sample(death, "with back-off of 1, 2 and 4 s"),
    }  # fmt: skip


def _home(folder: Path, peer: Any) -> Any:
    """A small house with a bot."""
    from claw.bridges.telegram import Telegram
    from tests.bridged import Bridged

    class Home(Bridged):
        def made(self) -> Telegram:
            return Telegram(lambda: peer.token, folder / "telegram", self.clock, peer.base)

        def heard(self, chat: int) -> list[str]:
            return [one["text"] for one in peer.sent[chat]]

    return Home(folder, peer, Clock("UTC"))


def _verdicts(agent: Any, rounds: int) -> list[float]:
    """Microseconds of each verdict."""
    people = ["owner", *(agent.people.add(f"A {role}", role).id for role in ("adult", "child", "guest"))]
    found = []
    for _ in range(rounds):
        for person in people:
            for id, command, args in JUDGED:
                began = time.perf_counter()
                agent.policy.verdict(agent.house.devices[id], command, args, person=person)
                found.append((time.perf_counter() - began) * 1e6)
    return found


async def _answer(home: Any, anna: Any, number: int) -> float:
    """Milliseconds from the message to its answer at the server."""
    text = f"turn {'on' if number % 2 else 'off'} the kitchen lamp"
    return await _until_heard(home, lambda: anna.writes(text), f"The kitchen lamp is {'on' if number % 2 else 'off'}.") * 1000


async def _until_heard(home: Any, write: Callable[[], object], answer: str, limit: float = 60.0) -> float:
    """Seconds until the answer is there; RuntimeError when it does not come."""
    before = len(home.heard(ANNA))
    began = time.perf_counter()
    write()
    while answer not in home.heard(ANNA)[before:]:
        await asyncio.sleep(0.001)
        if time.perf_counter() - began > limit:
            raise RuntimeError(f"no answer {answer!r}, but {home.heard(ANNA)[before:]}")
    return time.perf_counter() - began


async def _death(home: Any, anna: Any, number: int) -> float:
    """The bridge breaks on a message; it is started anew and takes it."""
    take = home.arriving.take

    async def breaks(*_: Any) -> None:
        home.arriving.take = take
        raise ValueError("a mistake")

    home.arriving.take = breaks
    now, level = "on" if number % 2 else "off", logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # the mistake is planted
    try:
        return await _until_heard(home, lambda: anna.writes(f"turn {now} the bedroom fan"), f"The bedroom fan is {now}.")
    finally:
        logging.disable(level)


async def _crowd(home: Any, peer: Any, anna: Any) -> float:
    """Seconds that the owner waits behind a crowd."""
    crowd = [peer.person(5000 + number, "Crowd") for number in range(50)]

    def write() -> None:
        for number in range(STRANGERS):
            crowd[number % 50].writes("unlock the front door")
        nonlocal began
        began = time.perf_counter()
        anna.writes("turn off the bedroom lamp")

    began = 0.0
    await _until_heard(home, write, "The bedroom lamp is off.", 300.0)
    return time.perf_counter() - began


MEASURE = Measure(
    (Bar(VERDICT, "us", 100), Bar(ANSWER, "ms", 60), Bar(ANSWER_95, "ms"), Bar(CROWD, "s", 5), Bar(DEATH, "s", 5)), measure
)
