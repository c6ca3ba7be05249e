"""Sentences that the grammar knows, from the message to the device's confirmation, at devices that answer at once.

Not covered: a hub's own pause between two group commands (Hue: one a second, so a round takes longer), and motors under way.
"""

import asyncio
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.house import FAMILIES, Running, paired, running, standing, until
from bench.row import Bar, Measure, Options, Sample, Samples
from claw.call import ToolCall
from claw.clock import Clock
from claw.demo.house import VirtualHouse
from claw.evaluation.simulated import PARTS, build
from claw.events import Events
from claw.house import House
from claw.policy import Policy
from claw.store import Store

KINDS: dict[str, Sequence[str]] = {
    "lights of a room (Hue)": ("turn on the kitchen lights", "turn off the kitchen lights"),
    "set-point (HomeKit)": ("set the bedroom to 20 degrees", "set the bedroom to 21 degrees"),
    "lock (HomeKit)": ("lock the front door",),
    "volume (Sonos)": ("set the volume in the living room to 25", "set the volume in the living room to 30"),
}
ALL, READING, POLICY, BOTH, REPLY = (
    "confirmed, all four",
    "reading alone",
    "policy alone",
    "reading and policy",
    "reply in the chat",
)
PACE = 1.1  # seconds between two group commands: the hub's own pause is 1 s


async def measure(options: Options) -> Samples:
    """Rounds of one sentence of each kind."""
    with tempfile.TemporaryDirectory(prefix="claw-bench-") as folder:
        async with standing() as house, running(house, Path(folder)) as run:
            await paired(house, run, sum(FAMILIES.values()))
            records = await _rounds(house, run, 6 if options.quick else 30)
            judged = _policy_ms(await run.devices(), [one for some in records.values() for one in some], Path(folder))
    everything = [record for some in records.values() for record in some]
    samples = {kind: Sample([one["ms"] for one in some]) for kind, some in records.items()}
    return samples | {
        ALL: Sample([one["ms"] for one in everything]),
        READING: Sample([one["read_ms"] for one in everything]),
        POLICY: Sample(judged, "in this process, the demo's devices"),
        BOTH: Sample([one["read_ms"] + ms for one, ms in zip(everything, judged, strict=True)]),
        REPLY: Sample([one["wall_ms"] for one in everything], "from the socket to the socket, all commits included"),
    }


async def _rounds(house: VirtualHouse, run: Running, count: int) -> dict[str, list[dict[str, Any]]]:
    records: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for number in range(-2, count):  # two rounds to warm up
        await _unlock(house, run)
        pause = asyncio.create_task(asyncio.sleep(PACE))
        for kind, sentences in KINDS.items():
            record = await _say(run, sentences[number % len(sentences)])
            if number >= 0:
                records[kind].append(record)
        await pause
    return records


async def _unlock(house: VirtualHouse, run: Running) -> None:
    """Somebody turns the key by hand, and the daemon has heard of it."""
    house.homekit.part["Front Door Lock"].by_hand(locked=False)

    async def heard() -> bool:
        return any(one["kind"] == "lock" and not one["state"]["locked"] for one in await run.devices())

    await until(run, heard)


async def _say(run: Running, text: str) -> dict[str, Any]:
    """The record of one turn, with wall_ms until its reply came to a chat; RuntimeError when it was not done."""
    hearing, chat = await asyncio.open_unix_connection(str(run.client.path))
    answers, mouth = await asyncio.open_unix_connection(str(run.client.path))
    chat.write(b'{"op": "chat"}\n')
    await asyncio.sleep(0.02)  # the socket says nothing when a chat is attached
    began = time.perf_counter()
    mouth.write(json.dumps({"op": "say", "text": text}).encode() + b"\n")
    while not json.loads(await hearing.readline())["message"]["key"].startswith("reply:"):
        pass
    wall = (time.perf_counter() - began) * 1000
    record: dict[str, Any] = {}
    while "record" not in record:
        record = json.loads(await answers.readline())
    for writer in (chat, mouth):
        writer.close()
        await writer.wait_closed()
    return _done(record["record"]) | {"wall_ms": wall}


def _done(record: dict[str, Any]) -> dict[str, Any]:
    done = record["calls"] and all(call["outcome"] == "done" for call in record["calls"])
    if record["level"] not in ("tagger", "grammar") or not done:
        raise RuntimeError(f"this was not done: {json.dumps(record)}")
    return record


def _policy_ms(devices: list[dict[str, Any]], records: Sequence[dict[str, Any]], folder: Path) -> list[float]:
    """What judging the calls of each record takes in a simulated copy of the house."""
    clock = Clock()
    store = Store(folder / "policy.db")
    house = House(store, Events(), clock)
    build({"areas": [{"name": name} for name in {one["area"] for one in devices} if name], "devices": _known(devices)}, house)
    policy = Policy(house, clock)
    times = []
    for record in records:
        calls = [ToolCall(call["command"], tuple(call["targets"]), call["args"]) for call in record["calls"]]
        began = time.perf_counter()
        rulings = [verdict.ruling for call in calls for _, verdict in policy.judge(call)]
        times.append((time.perf_counter() - began) * 1000)
        if set(rulings) != {"allow"}:
            raise RuntimeError(f"the policy ruled {rulings} on {record['say']!r}")
    store.close()
    return times


def _known(devices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The devices as an evaluation file would list them."""
    known = [one for one in devices if one["kind"] in PARTS]
    states = [{name: value for name, value in one["state"].items() if name in PARTS[one["kind"]]} for one in known]
    return [{**one, "class": one["sort"], "state": state} for one, state in zip(known, states, strict=True)]


MEASURE = Measure(
    (
        *(Bar(what, "ms", 25) for what in (ALL, *KINDS)),
        Bar(BOTH, "ms", 10),
        *(Bar(what, "ms") for what in (READING, POLICY, REPLY)),
    ),
    measure,
)
