"""`claw eval`: says the sentences of evaluation files to the agent of the daemon and compares the whole house afterwards.

The format is that of evals/FORMAT.md. No network, no real device.
"""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TextIO

from claw.clock import ManualClock
from claw.evaluation import report
from claw.evaluation.format import FormatError, load
from claw.evaluation.judging import State, judge, nearest
from claw.reflex.reading import Context
from claw.supervise import attempt, cancel

START = 1_772_618_400.0  # Wednesday 2026-03-04 10:00, in UTC, where every simulated house stands
TIMES = {"s": 1, "m": 60, "h": 3600, "d": 86400}
STEP = 60.0  # seconds of simulated time at once, at most
HUNG = 60.0  # real seconds after which a case counts as broken: it waits for time that nobody lets pass
YIELDS = 40  # turns of the loop in which what woke up has its say
UNREAD = {"reply": "", "level": "none", "read_ms": 0.0, "ms": 0.0, "asked": None, "calls": [], "changed": {}}
Prepare = Callable[[Any], None]  # is shown the agent before the first word
Said = tuple[dict[str, Any], list[str], bool]  # the record of a turn, the replies, and whether it asked needlessly


def evaluate(
    paths: Sequence[Path | str], *, failures: bool = False, category: str = "", as_json: bool = False, out: TextIO | None = None,
    prepare: Prepare | None = None,
) -> int:  # fmt: skip
    """Run all cases of the files, or of one category, and report; 0 however they went.

    prepare: gives each agent a mind. 2 where a file does not fit the format or no case has the category (said on stderr).
    """
    out = out or sys.stdout
    try:
        files = [(Path(path), load(Path(path))) for path in paths]
        cases = [(data["house"], case, str(path)) for path, data in files for case in _chosen(files, category, data)]
    except FormatError as error:
        print(error, file=sys.stderr)
        return 2
    records = asyncio.run(_run(cases, prepare))
    told = [json.dumps(one) for one in (*records, {"summary": report.summary(records)})] if as_json else None
    for line in told or report.lines(records, failures=failures):
        print(line, file=out)
    return 0


def _chosen(files: Sequence[tuple[Path, dict[str, Any]]], category: str, data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The cases of the category in one file; FormatError when no file has any."""
    known = {case.get("category", "") for _, data in files for case in data["cases"]} - {""}
    if category and category not in known:
        raise FormatError(f"no case has the category {category!r}; there are {', '.join(sorted(known)) or 'none'}")
    return [case for case in data["cases"] if not category or case.get("category") == category]


async def _run(
    cases: Sequence[tuple[dict[str, Any], dict[str, Any], str]], prepare: Prepare | None
) -> list[dict[str, Any]]:  # fmt: skip
    await asyncio.to_thread(_warm)
    return [await run_case(house, case, file, prepare) for house, case, file in cases]


def _warm() -> None:
    agent = fresh({"areas": [], "devices": []})
    agent.reader.warm()
    agent.store.close()


# -- one case


def fresh(house_data: Mapping[str, Any]) -> Any:
    """An agent in a new house of simulated devices, at Wednesday 10:00, whose changes are recorded."""
    from claw.agent import Agent
    from claw.config import Config, HouseConfig
    from claw.evaluation.simulated import build
    from claw.events import Events
    from claw.history.recorder import Recorder
    from claw.house import House
    from claw.names import Names
    from claw.reflex.reader import Reader
    from claw.store import Store, history

    clock, events, store, past = ManualClock(START), Events(), Store(None), history(None)
    house = House(store, events, clock)
    Recorder(house, events, clock, past)
    build(house_data, house)
    config = Config(house=HouseConfig(zone="UTC"))
    return Agent(house, store, events, clock, config, Reader(house, Names(house), clock), history=past)


async def run_case(
    house_data: Mapping[str, Any], case: Mapping[str, Any], file: str = "", prepare: Prepare | None = None
) -> dict[str, Any]:
    """The record of the turn, with what the judge made of it; from a fresh house that nothing else sees."""
    agent = fresh(house_data)
    if prepare:
        prepare(agent)
    try:
        agent.reader.read("turn on the light", Context())  # the words of a house are indexed once, and not for each message
        for id, changes in case.get("set", {}).items():
            agent.house.devices[id].update(**changes)
        record = await _judged(agent, case)
    finally:
        agent.store.close()
        agent.history.close()
    return {**record, "file": file, "category": case.get("category", ""), "before": case.get("before", [])}


async def _judged(agent: Any, case: Mapping[str, Any]) -> dict[str, Any]:
    """Say it all, and judge what came of it; what breaks inside of the claw is an answer that it owes."""
    start, said = _snapshot(agent), list[Said]()

    async def play() -> None:
        nonlocal start
        whose = {"person": case.get("person", "owner"), "area": case.get("area", ""), "language": case.get("language", "en")}
        async with _awake(agent):
            for sentence in case.get("before", ()):
                await _say(agent, sentence, whose)
            start = _snapshot(agent)
            said.append(await _say(agent, case["say"], whose))
            await _pass(agent, _seconds(case.get("after", "")))

    error = await attempt(asyncio.wait_for(play(), HUNG), f"the case {case['say']!r}")
    record, replies, needless = said[0] if said else ({**UNREAD, "say": case["say"]}, [""], False)
    end = _snapshot(agent)
    result, why = judge(case, start, end, record, replies, needless)
    if error:
        result, why = "unsaid" if result == "ok" else result, f"{type(error).__name__}: {error}"
    wanted = nearest(case, start, end)
    return {
        **record, "reply": " ".join(replies), "result": result, "why": why, "expected": _meant(agent, wanted, start),
        "made": _made(agent, record), "wanted": ", ".join(f"{id}.{name}: {value!r}" for id, fields in wanted.items()
                                                          for name, value in fields.items()),
    }  # fmt: skip


async def _say(agent: Any, sentence: str, whose: Mapping[str, str]) -> Said:
    """Say it, and yes to an approval; what follows of it in the house happens before the next sentence."""
    record = await agent.say(sentence, **whose)
    replies, needless = [record["reply"]], False
    if record["asked"] == "approval":
        needless = _needless(agent, whose["person"])
        answer = await agent.say("yes", **whose)
        replies.append(answer["reply"])
        calls = [call for call in record["calls"] if call["outcome"] == "done"] + answer["calls"]
        record = {**record, "calls": calls, "changed": {**record["changed"], **answer["changed"]}}
    await asyncio.sleep(0)
    if agent.inbox.open() or agent.routines.all():
        await _pass(agent, 0.0)
    return record, replies, needless


def _needless(agent: Any, person: str) -> bool:
    """Whether the question that is open asks about calls none of which needs a yes."""
    from claw.call import ToolCall

    asked = [one.data for one in agent.questions.open() if one.kind == "approval"][-1]
    if isinstance(asked, dict):  # a request: a routine may be asked about
        return False
    ruled = [verdict.ruling for call in asked for _, verdict in agent.policy.judge(ToolCall.of(call), person=person)]
    return "confirm" not in ruled


@asynccontextmanager
async def _awake(agent: Any) -> AsyncIterator[None]:
    """With what waits for events of the house."""
    from claw.routines.triggers import Triggers

    triggers = Triggers(agent.house, agent.routines, agent.events, agent.clock, agent.tell)
    task = asyncio.create_task(triggers.run())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        await cancel(task)


async def _pass(agent: Any, seconds: float) -> None:
    """Let simulated time pass with the agent's worker awake, from one thing that is due to the next."""
    if not seconds and not agent.inbox.open() and not agent.routines.all():
        return
    worker = asyncio.create_task(agent.run())
    await _settle()
    while seconds > 0:
        step = min(seconds, STEP, max(1.0, agent.routines.fire_due()))
        agent.clock.advance(step)
        seconds -= step
        agent.routines.fire_due()
        await _settle()
    await cancel(worker)


async def _settle() -> None:
    for _ in range(YIELDS):
        await asyncio.sleep(0)


def _seconds(text: str) -> float:
    return sum(float(number) * TIMES[unit] for number, unit in re.findall(r"(\d+(?:\.\d+)?)\s*([smhd])", text))


def _snapshot(agent: Any) -> State:
    return {id: json.loads(json.dumps(device.state)) for id, device in agent.house.devices.items()}


# -- what it was read as


def _made(agent: Any, record: Mapping[str, Any]) -> list[str]:
    """The commands of a turn with the kinds of their devices: "turn_on light"."""
    kinds = [(call["command"], agent.house.devices[id].kind) for call in record["calls"] for id in call["targets"]]
    return sorted({f"{command} {kind}" for command, kind in kinds})


def _meant(agent: Any, expect: Mapping[str, Mapping[str, Any]], start: State) -> list[str]:
    """The same for a change that was expected: the commands that would aim at it."""
    meant = set()
    for id, fields in expect.items():
        device = agent.house.devices[id]
        meant |= {f"{command_for(device, name, value, start[id].get(name))} {device.kind}" for name, value in fields.items()}
    return sorted(meant)


def command_for(device: Any, name: str, value: Any, old: Any) -> str:
    """The first command that aims at this value of this field; where none does, the field that changes."""
    if name in ("items", "done"):
        return "tick_item" if name == "done" else "add_item" if len(value) > len(old or ()) else "remove_item"
    for command in device.commands.values():
        goal = {} if command.model.model_fields else command.goal({})
        if name in goal and (value in goal[name] if isinstance(goal[name], (set, frozenset)) else value == goal[name]):
            return str(command.name)
    taking = (command.name for command in device.commands.values() if name in command.model.model_fields)
    return next(taking, f"change {name}")
