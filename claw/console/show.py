"""What the commands print for people."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

UNITS = {"brightness": " %", "speed": " %", "tilt": " % tilted", "humidity": " % humidity", "temperature": " °C",
         "color_temperature": " K", "volume": " %"}  # fmt: skip
Row = dict[str, Any]
BRIDGES = (
    "telegram",
    "matrix",
    "whatsapp",
    "signal",
    "ntfy",
    "email",
    "push",
)  # always shown: what they reach is not seen elsewhere
WORDS = {"open": ("closed", "open"), "locked": ("unlocked", "locked"), "on": ("off", "on")}
SHOWN = ("on", "playback", "activity", "mode", "open", "locked", "position", "tilt", "brightness", "speed", "color",
         "color_temperature", "temperature", "target", "humidity", "title", "volume", "muted", "source", "items")  # fmt: skip
WHEN_ON = ("brightness", "speed", "color", "color_temperature")


def state(device: Row) -> str:
    """The state of a device in a few words."""
    if not device["online"]:
        return f"not reachable: {device['trouble']}"
    now = device["state"]
    if "value" in now:
        return f"{_plain(now['value'])} {now.get('unit', '')}".rstrip()
    shown = [name for name in SHOWN if name in now and not (now.get("on") is False and name in WHEN_ON)]
    return ", ".join(filter(None, (_field(name, now[name], now) for name in shown)))


def _field(name: str, value: Any, now: Row) -> str:
    """One field in words; empty for what says nothing."""
    if name in WORDS:
        return WORDS[name][bool(value)]
    if name == "title":
        return f"“{value}”" if now.get("playback") == "playing" and value else ""
    if name == "muted":
        return "muted" if value else ""
    if name == "position":
        return {0: "closed", 100: "open"}.get(value, f"{value} % open")
    if name == "target":
        return f"set to {value:g} °C"
    if name == "items":
        return f"{len(value)} items"
    before = {"volume": "volume ", "source": "on "}.get(name, "")
    return f"{before}{_plain(value)}{UNITS.get(name, '')}"


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")


def rooms(devices: Sequence[Row]) -> Iterable[str]:
    """The house room by room."""
    if not devices:
        yield "no devices yet: `claw discover` shows what was found"
    ordered = sorted(devices, key=lambda one: (not one["area"], one["area"], one["kind"], one["name"]))
    for area, members in groupby(ordered, key=lambda one: one["area"]):
        yield area or "(no room yet)"
        for one in members:
            yield f"  {one['name']:<24} {one['sort'] or one['kind']:<11} {state(one)}"


def services(rows: Sequence[Row]) -> Iterable[str]:
    """What was found on the network, a line each."""
    for one in rows:
        yield f"{one['state']:<11} {one['skill']:<9} {one['host']}:{one['port']} {one['name']} {one['problem']}".rstrip()


def events(rows: Sequence[Row]) -> Iterable[str]:
    """Events of the ledger, a line each."""
    for row in rows:
        at = _moment(row["at"], row["zone"], "%Y-%m-%d %H:%M:%S")
        args = " ".join(f"{name}={value}" for name, value in row["args"].items())
        yield f"{at}  {row['event']:<9} {row['command']} {args} {', '.join(row['targets'])}".rstrip()


RULED = {"allow": "would do", "confirm": "would ask before", "refuse": "would refuse", "later": "would do later"}


def reading(data: Row, *, trace: bool) -> str:
    """What a message would be read as; with `trace`, its road: what each level made of it, and why nothing else."""
    calls = []
    for one in data["calls"]:
        args = "".join(f" {name} {value}" for name, value in one["args"].items())
        calls.append(f"{RULED[one['ruling']]}: {one['command']}{args}  {', '.join(one['names'])}  {one['reason']}")
    near = [f"near: {one}" for one in data.get("nearest", ())]
    reply = f"would say: {data['reply']}" if data.get("reply") else ""
    options = f"would ask: {', '.join(data['options'])}" if data.get("options") else ""
    request = f"would hand to {data['request']['about']}: {data['request']['verb']}" if data.get("request") else ""
    road = [line for stop in data["trace"] for line in _stop(stop)] if trace else []
    road += [f"nothing else: {data['nothing_else']}"] if trace else []
    lines = [f"level: {data['level']}", *road, *calls, *near, reply, options, request]
    return "\n".join(line.rstrip() for line in lines if line)


def _stop(stop: Row) -> Iterable[str]:
    """What one level made of the text."""
    yield f"{stop['level']}: “{stop['text']}”"
    if "words" in stop:
        yield "  " + " ".join(f"[{words}: {tag}]" if tag else words for words, tag in stop["words"])
        yield f"  {stop['verb']} {stop['share']:.2f}, next {stop['next'][0]} {stop['next'][1]:.2f}"
    yield from (f"  {line}" for line in stop["trace"])
    yield "  answers" if stop["answered"] else f"  passes on: {stop['why']}"


def routine(row: Row) -> str:
    """One routine, reminder or timer: when, what, when next, and what became of it last."""
    words = row["name"] if row["kind"] == "timer" else f"{row['when']}: {row['do']}"
    coming = f"next {_moment(row['next'], row['zone'])}" if row["next"] else row["status"]
    last = f", last {_moment(row['last']['due'], row['zone'])} {row['last']['outcome']}" if row["last"] else ""
    return f"{row['id']:>3}  {row['kind']:<8} {words}  ({coming}{last})"


def training(row: Row) -> str:
    """What `claw train` came to: each figure before and after, and whether the layer was kept."""
    if not row["after"]:
        return f"not trained: {row['why']}"
    before, after = row["before"], row["after"]
    lines = [f"{'':<10}{'before':>12}{'after':>12}"]
    for name, what in (("examples", "taken"), ("suite", "right")):
        shares = (f"{one[name][what]} of {one[name]['of']}" for one in (before, after))
        lines.append(f"{name:<10}" + "".join(f"{share:>12}" for share in shares))
    new = len(set(after["suite"]["taken"]) - set(before["suite"]["taken"]))
    replay = after["replay"]
    lines.append(f"{'replay':<10}{replay['of']:>12}{replay['of'] - len(replay['changed']):>12} read the same")
    lines.append(f"of what asks nothing {new} newly taken; {row['seconds']:g} s")
    return "\n".join([*lines, f"not kept: {row['why']}" if row["why"] else "kept: it holds from now on"])


def _moment(at: float, zone: str, shape: str = "%Y-%m-%d %H:%M") -> str:
    """A moment on the clocks of the house, wherever this command runs."""
    return datetime.fromtimestamp(at, ZoneInfo(zone)).strftime(shape)


def costs(days: Sequence[Row]) -> Iterable[str]:
    """What the language model took, a line a day."""
    yield from () if days else ["nobody wrote anything yet"]
    for one in days:
        took = f"{one['steps']} steps, {one['tokens']:,} tokens ({one['cached']:,} cached), {one['money']:g}"
        saved = f", which saved about {one['saved']['money']:g}" if one["saved"] else ""
        yield f"{one['day']}: {one['reflex']} messages without a model{saved}; {one['mind']} with it: {took}"


def thought(rows: Sequence[Row]) -> Iterable[str]:
    """The last request that left the house."""
    if not rows or rows[0] is None:
        yield "no language model was asked since the start"
        return
    yield from (block["text"] for block in rows[0]["system"])
    for message in rows[0]["messages"]:
        yield from (f"{message['role']}: {_block(block)}" for block in message["content"])
    yield f"and the tools {', '.join(tool['name'] for tool in rows[0]['tools'])}; `--json` shows all of it"


def size(row: Row) -> str:
    """How large one request is."""
    parts = ", ".join(f"{part} {size}" for part, size in row["parts"].items())
    counted = f", {row['counted']} as the provider counts" if "counted" in row else ""
    return f"{row['devices']:5} devices: {row['tokens']:5} tokens{counted}, {row['bytes']:6} bytes ({parts})"


def _block(block: Row) -> str:
    if block["type"] == "tool_use":
        return f"{block['name']} {json.dumps(block['input'], ensure_ascii=False)}"
    if block["type"] == "tool_result":
        return " ".join(_block(part) for part in block["content"])
    return str(block["text"]) if block["type"] == "text" else f"({block['type']})"


def status(rows: Sequence[Row]) -> Iterable[str]:
    """How the daemon fares."""
    (data,) = rows
    yield f"{'running' if data['ready'] else 'starting'} for {data['uptime_s']:g} s on {data['data']}, {data['devices']} devices"
    for part in data["parts"]:
        if part["state"] != "running" or part["name"] in BRIDGES:
            yield f"  {part['name']}: {part['state']} {part['problem']}".rstrip()
    for one in data["skills"]:
        where = ", ".join(f"{host} {how}" for host, how in one["connections"].items())
        yield f"  skill {one['name']}: {one['problem'] or where or 'nothing found yet'}"
    if data["page"]:
        yield f"  page: {' and '.join(data['page'])} (`claw web` lets a phone in)"
    for one in data["mind"]:
        yield f"  model {one['name']}: {one['state']} {one['problem']}".rstrip()
    if data["learnt"]["examples"]:
        yield f"  learnt: {data['learnt']['examples']} examples, a layer trained on {data['learnt']['trained']}"
    for problem in (data["network"], data["disk"], data["clock"], data["learnt"]["problem"], *data["folders"]):
        if problem:
            yield f"  ! {problem}"
    if data["offline"]:
        yield f"  not reachable: {', '.join(data['offline'])}"
    if data["pairing"]:
        yield "  a question about pairing or rooms waits in `claw chat`"
