"""`claw eval`: says the sentences of evaluation files to the agent of the daemon and compares the whole house afterwards.

The format, what counts as ok, wrong, missed and unsaid, and the report are those of evals/FORMAT.md. No network, no real device.
"""

import asyncio
import contextlib
import json
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from claw.clock import ManualClock
from claw.device import DeviceError

START = datetime(2026, 3, 4, 10, tzinfo=UTC).timestamp()  # a Wednesday
RESULTS = ("ok", "wrong", "missed", "unsaid")
LEVELS = ("alias", "tagger", "grammar", "mind", "none")
PERSONS = ("owner", "adult", "child", "guest")
TIMES = {"s": 1, "m": 60, "h": 3600, "d": 86400}
State = dict[str, dict[str, Any]]
AREA_KEYS = {"name": str, "floor": str, "parent": str, "aliases": list}
DEVICE_KEYS = dict.fromkeys(["id", "name", "area", "kind", "class", "maker", "model"], str) | {"aliases": list, "state": dict}
CASE_KEYS = {
    "say": str, "area": str, "set": dict, "expect": dict, "any_of": list, "ignore": dict, "approval": str, "reply": list,
    "reply_not": list, "before": list, "after": str, "person": str, "language": str, "category": str,
}  # fmt: skip


class FormatError(Exception):
    """A file does not fit the format; the text says where and why."""


@dataclass
class Tally:
    """What came of the cases of one file, or of all."""

    results: Counter[str] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    questions: int = 0
    read_ms: list[float] = field(default_factory=list)

    def add(self, record: Mapping[str, Any]) -> None:
        """Count one case."""
        self.results[record["result"]] += 1
        self.levels[record["level"]] += 1
        self.questions += record["asked"] is not None
        self.read_ms.append(record["read_ms"])

    def summary(self) -> dict[str, Any]:
        """The figures of the report; latencies in ms."""
        p50, p95 = (_quantile(self.read_ms, share) for share in (0.5, 0.95))
        return {
            "cases": sum(self.results.values()), **{name: self.results[name] for name in RESULTS}, "questions": self.questions,
            "p50_ms": p50, "p95_ms": p95, "levels": {name: self.levels[name] for name in LEVELS},
        }  # fmt: skip


def evaluate(paths: Sequence[Path | str], *, failures: bool = False, as_json: bool = False, out: TextIO | None = None) -> int:
    """Run all cases of the files and report; 0 however they went, 2 where a file does not fit the format (said on stderr)."""
    out = out or sys.stdout
    try:
        files = [(Path(path), load(Path(path))) for path in paths]
    except FormatError as error:
        print(error, file=sys.stderr)
        return 2
    records = asyncio.run(_run(files))
    total, per_file = Tally(), {str(path): Tally() for path, _ in files}
    for record in records:
        total.add(record)
        per_file[record["file"]].add(record)
        if as_json:
            print(json.dumps(record), file=out)
    _report(records, per_file, total, failures, as_json, out)
    return 0


async def _run(files: Sequence[tuple[Path, dict[str, Any]]]) -> list[dict[str, Any]]:
    await asyncio.to_thread(_warm)
    return [await run_case(data["house"], case, str(path)) for path, data in files for case in data["cases"]]


def _report(
    records: Sequence[Mapping[str, Any]], files: Mapping[str, Tally], total: Tally, failures: bool, as_json: bool, out: TextIO
) -> None:
    if as_json:
        print(json.dumps({"summary": total.summary()}), file=out)
        return
    for name, tally in (*files.items(), ("all", total)):
        figures = tally.summary()
        levels = " ".join(f"{level} {count}" for level, count in figures.pop("levels").items())
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()) + f"; {levels}", file=out)
    for record in records if failures else ():
        if record["result"] != "ok":
            said = f"{record['result']:7} {record['file']}: {record['say']!r} -> {record['changed']}"
            print(said, f"{record['reply']!r} {record['why']}", file=out)


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) if ordered else 0.0


# -- one case


def _fresh(house_data: Mapping[str, Any]) -> Any:
    """An agent in a new house of simulated devices, at Wednesday 10:00."""
    from claw.agent import Agent
    from claw.config import Config
    from claw.evaluation.simulated import build
    from claw.events import Events
    from claw.house import House
    from claw.names import Names
    from claw.reflex.reader import Reader
    from claw.store import Store

    clock, events, store = ManualClock(START), Events(), Store(None)
    house = House(store, events, clock)
    build(house_data, house)
    return Agent(house, store, events, clock, Config(), Reader(house, Names(house), clock))


def _warm() -> None:
    agent = _fresh({"areas": [], "devices": []})
    agent.reader.warm()
    agent.store.close()


async def run_case(house_data: Mapping[str, Any], case: Mapping[str, Any], file: str = "") -> dict[str, Any]:
    """The record of the turn with file, result, category and why; from a fresh house that nothing else sees."""
    agent = _fresh(house_data)
    try:
        for id, changes in case.get("set", {}).items():
            agent.house.devices[id].update(**changes)
        said = {"person": case.get("person", "owner"), "area": case.get("area", ""), "language": case.get("language", "en")}
        for sentence in case.get("before", ()):
            await _say(agent, sentence, said)
        start = _snapshot(agent)
        record, replies, needless = await _say(agent, case["say"], said)
        await _pass(agent, case.get("after", ""))
        result, why = judge(case, start, _snapshot(agent), record, replies, needless)
    finally:
        agent.store.close()
    told = {"reply": " ".join(replies), "file": file, "result": result, "category": case.get("category", ""), "why": why}
    return {**record, **told}


async def _say(agent: Any, sentence: str, said: Mapping[str, str]) -> tuple[dict[str, Any], list[str], bool]:
    """Say it, and yes to an approval; returns the record of it all, the replies, and whether the approval was needless."""
    record = await agent.say(sentence, **said)
    if record["asked"] != "approval":
        return record, [record["reply"]], False
    answer = await agent.say("yes", **said)
    needed = not answer["calls"] or any(
        agent.policy.verdict(agent.house.devices[id], call["command"], call["args"]).ruling == "confirm"
        for call in answer["calls"]
        for id in call["targets"]
    )
    changed = {**record["changed"], **answer["changed"]}
    calls = [call for call in record["calls"] if call["outcome"] == "done"] + answer["calls"]
    return {**record, "calls": calls, "changed": changed}, [record["reply"], answer["reply"]], not needed


async def _pass(agent: Any, after: str) -> None:
    """Let simulated time pass, with the agent's worker awake."""
    if not after:
        return
    worker = asyncio.create_task(agent.run())
    seconds, turns = _seconds(after), 60
    for _ in range(turns):
        agent.clock.advance(seconds / turns)
        for _ in range(20):
            await asyncio.sleep(0)
    worker.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await worker


def _seconds(text: str) -> float:
    return sum(float(number) * TIMES[unit] for number, unit in re.findall(r"(\d+(?:\.\d+)?)\s*([smhd])", text))


def _snapshot(agent: Any) -> State:
    return {id: json.loads(json.dumps(device.state)) for id, device in agent.house.devices.items()}


# -- judging


def judge(
    case: Mapping[str, Any], start: State, end: State, record: Mapping[str, Any], replies: Sequence[str], needless: bool
) -> tuple[str, str]:
    """ok, wrong, missed or unsaid, and why."""
    wanted = case.get("any_of") or [case["expect"]]
    verdicts = [compare(expect, case.get("ignore", {}), start, end) for expect in wanted]
    best = min(verdicts, key=lambda verdict: ("ok", "missed", "wrong").index(verdict[0]))
    if best[0] != "ok":
        return best
    said = " ".join(" ".join(replies).split())
    if case.get("approval") == "required" and record["asked"] != "approval":
        return "unsaid", "it did not ask"
    if needless:
        return "unsaid", "it asked about a command that needs no approval"
    for entry in case.get("reply", ()):
        if not any(_stands(words, said) for words in (entry if isinstance(entry, list) else [entry])):
            return "unsaid", f"the reply lacks {entry!r}"
    bad = next((words for words in case.get("reply_not", ()) if _stands(words, said)), None)
    return ("unsaid", f"the reply has {bad!r}") if bad is not None else ("ok", "")


def _stands(words: Any, said: str) -> bool:
    text = r"\s+".join(re.escape(word) for word in str(words).split())
    return bool(re.search(rf"(?<!\w){text}(?!\w)", said, re.IGNORECASE))


def compare(
    expect: Mapping[str, Mapping[str, Any]], ignore: Mapping[str, Sequence[str]], start: State, end: State
) -> tuple[str, str]:
    """The worst that any field of the house says."""
    missed = ""
    for id, was in start.items():
        now, wanted = end[id], expect.get(id, {})
        for name in {*was, *now, *wanted}:
            if name in ignore.get(id, ()):
                continue
            old, new = was.get(name), now.get(name)
            if name in wanted:
                if not _same(name, wanted[name], new):
                    if new != old:
                        return "wrong", f"{id}.{name} is {new!r}, wanted {wanted[name]!r}"
                    missed = missed or f"{id}.{name} is still {new!r}"
            elif new != old and not _follows(name, was, now, wanted):
                return "wrong", f"{id}.{name} became {new!r}"
    return ("missed", missed) if missed else ("ok", "")


def _follows(name: str, was: Mapping[str, Any], now: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether this change is only what follows from a wanted one (FORMAT.md)."""
    switched = "on" in wanted and was.get("on") != now.get("on")
    if name in ("brightness", "color", "color_temperature", "speed", "playback", "title", "source") and switched:
        return True
    if name == "on":
        return now.get("on") is True and bool(wanted.keys() & {"brightness", "speed", "mode", "target", "playback"})
    return (name == "color" and "color_temperature" in wanted) or (name == "color_temperature" and "color" in wanted)


def _same(name: str, wanted: Any, value: Any) -> bool:
    if name in ("items", "done") and isinstance(wanted, list):
        return sorted(map(_item, wanted)) == sorted(map(_item, value or ()))
    if isinstance(wanted, list):
        return isinstance(value, (int, float)) and wanted[0] <= value <= wanted[1]
    if wanted == "docked" and value == "returning":
        return True
    if isinstance(wanted, float) and isinstance(value, (int, float)):
        return abs(wanted - value) < 0.06
    return bool(wanted == value)


def _item(text: Any) -> str:
    return re.sub(r"^(the|a|an|some)\s+", "", " ".join(str(text).casefold().split()))


# -- loading


def load(path: Path) -> dict[str, Any]:
    """The file, checked throughout; FormatError names the place and the reason."""
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: {' '.join(str(error).split())}") from None
    try:
        _check_keys(data)
        _check(data)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    return dict(data)


def _check_keys(data: Any, place: str = "file") -> None:
    if isinstance(data, dict):
        for key, value in data.items():
            if not isinstance(key, str):
                hint = " (quote 'on' and 'off')" if isinstance(key, bool) else ""
                raise FormatError(f"{place}: the key {key!r} is no string{hint}")
            _check_keys(value, f"{place}.{key}".removeprefix("file."))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            _check_keys(value, f"{place}[{number}]")


def _table(data: Any, place: str, keys: Mapping[str, type], *needed: str) -> None:
    if not isinstance(data, dict):
        raise FormatError(f"{place}: must be a mapping")
    for key, value in data.items():
        if key not in keys:
            raise FormatError(f"{place}: unknown key {key!r}; known are {', '.join(keys)}")
        if not isinstance(value, keys[key]):
            raise FormatError(f"{place}.{key}: must be a {keys[key].__name__}, not {value!r}")
    for key in needed:
        if key not in data:
            raise FormatError(f"{place}: {key!r} is missing")


def _check(data: Any) -> None:
    _table(data, "file", {"house": dict, "cases": list}, "house", "cases")
    _table(data["house"], "house", {"areas": list, "devices": list}, "devices")
    areas = data["house"].get("areas", [])
    for number, area in enumerate(areas):
        _table(area, f"house.areas[{number}]", AREA_KEYS, "name")
    rooms = {area["name"] for area in areas}
    devices: dict[str, Any] = {}
    for number, device in enumerate(data["house"]["devices"]):
        place = f"house.devices[{number}]"
        _table(device, place, DEVICE_KEYS, "id", "name", "kind", "state")
        if device["id"] in devices:
            raise FormatError(f"{place}.id: {device['id']!r} stands there twice")
        if "area" in device and device["area"] not in rooms:
            raise FormatError(f"{place}.area: there is no area {device['area']!r}")
        devices[device["id"]] = _sample(device, place)
    for number, case in enumerate(data["cases"]):
        _check_case(case, f"cases[{number}]", devices)


def _sample(device: Mapping[str, Any], place: str) -> Any:
    """A device of this kind, to check values with."""
    from claw.evaluation.simulated import PARTS, kind_of

    if device["kind"] not in PARTS:
        raise FormatError(f"{place}.kind: {device['kind']!r} is none of {', '.join(PARTS)}")
    for name in device["state"]:
        if name not in PARTS[device["kind"]]:
            raise FormatError(f"{place}.state: a {device['kind']} has no {name!r}; it has {', '.join(PARTS[device['kind']])}")
    made = kind_of(device["kind"], frozenset(device["state"]))(device["id"], device["name"])
    _fill(made, device["state"], f"{place}.state")
    return made


def _fill(device: Any, state: Mapping[str, Any], place: str) -> None:
    for name, value in state.items():
        if name not in device.listed:
            raise FormatError(f"{place}: {device.id!r} has no {name!r} in its state")
        try:
            device.update(**{name: value})
        except DeviceError as error:
            raise FormatError(f"{place}.{name}: {error}") from None


def _check_case(case: Any, place: str, devices: Mapping[str, Any]) -> None:
    _table(case, place, CASE_KEYS, "say")
    if ("expect" in case) == ("any_of" in case):
        raise FormatError(f"{place}: needs either 'expect' or 'any_of'")
    for key, allowed in (("approval", ("required",)), ("person", PERSONS)):
        if key in case and case[key] not in allowed:
            raise FormatError(f"{place}.{key}: {case[key]!r} is none of {', '.join(allowed)}")
    if "after" in case and not re.fullmatch(r"(\d+(\.\d+)?\s*[smhd]\s*)+", case["after"]):
        raise FormatError(f"{place}.after: {case['after']!r} is no time like 30s, 10m or 2h")
    if case.get("any_of") == []:
        raise FormatError(f"{place}.any_of: is empty")
    for key in ("reply", "reply_not", "before"):
        for words in case.get(key, ()):
            if not isinstance(words, str) and not (
                key == "reply" and isinstance(words, list) and words and all(isinstance(one, str) for one in words)
            ):
                raise FormatError(f"{place}.{key}: {words!r} is no text")
    for key in ("set", "expect", "ignore"):
        _check_changes(case.get(key, {}), f"{place}.{key}", devices, key)
    for number, changes in enumerate(case.get("any_of", ())):
        _check_changes(changes, f"{place}.any_of[{number}]", devices, "expect")


def _check_changes(changes: Any, place: str, devices: Mapping[str, Any], key: str) -> None:
    if not isinstance(changes, dict):
        raise FormatError(f"{place}: must be a mapping of device ids")
    for id, fields in changes.items():
        if id not in devices:
            raise FormatError(f"{place}: there is no device {id!r}")
        shaped = isinstance(fields, list if key == "ignore" else dict)
        if not shaped:
            raise FormatError(f"{place}.{id}: must be a {'list of fields' if key == 'ignore' else 'mapping of fields'}")
        for name in fields:
            if name not in devices[id].listed:
                raise FormatError(f"{place}: {id!r} has no {name!r} in its state")
        if key != "ignore":
            ranges = _ranges(fields, f"{place}.{id}") if key == "expect" else set()
            _fill(devices[id], {name: value for name, value in fields.items() if name not in ranges}, f"{place}.{id}")


def _ranges(fields: Mapping[str, Any], place: str) -> set[str]:
    """The names of the fields whose expected value is a range [low, high]."""
    names = {name for name, value in fields.items() if isinstance(value, list) and name not in ("items", "done")}
    for name in names:
        value = fields[name]
        if len(value) != 2 or not all(isinstance(one, (int, float)) for one in value) or value[0] > value[1]:
            raise FormatError(f"{place}.{name}: {value!r} is no range [low, high]")
    return names
