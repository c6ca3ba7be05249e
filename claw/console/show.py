"""What the commands print for people."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

UNITS = {
    "brightness": " %",
    "speed": " %",
    "tilt": " % tilted",
    "humidity": " % humidity",
    "temperature": " °C",
    "color_temperature": " K",
}
WORDS = {"open": ("closed", "open"), "locked": ("unlocked", "locked"), "on": ("off", "on")}
SHOWN = ("on", "playback", "activity", "mode", "open", "locked", "position", "tilt", "brightness", "speed", "color",
         "color_temperature", "temperature", "target", "humidity", "title", "volume", "muted", "source", "items")  # fmt: skip
WHEN_ON = ("brightness", "speed", "color", "color_temperature")


def state(device: dict[str, Any]) -> str:
    """The state of a device in a few words."""
    if not device["online"]:
        return f"not reachable: {device['trouble']}"
    now = device["state"]
    if "value" in now:
        return f"{_plain(now['value'])}{_unit(now.get('unit', ''))}"
    off = now.get("on") is False
    return ", ".join(
        filter(None, (_field(name, now[name], now) for name in SHOWN if name in now and not (off and name in WHEN_ON)))
    )


def _field(name: str, value: Any, now: dict[str, Any]) -> str:
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
    return f"{before}{_plain(value)}{UNITS.get(name, ' %' if name == 'volume' else '')}"


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""


def rooms(devices: Iterable[dict[str, Any]]) -> Iterable[str]:
    """The house room by room."""
    ordered = sorted(devices, key=lambda one: (not one["area"], one["area"], one["kind"], one["name"]))
    for area, members in groupby(ordered, key=lambda one: one["area"]):
        yield area or "(no room yet)"
        for one in members:
            yield f"  {one['name']:<24} {one['sort'] or one['kind']:<11} {state(one)}"


def event(row: dict[str, Any]) -> str:
    """One line of the ledger."""
    at = _moment(row["at"], row["zone"], "%Y-%m-%d %H:%M:%S")
    args = " ".join(f"{name}={value}" for name, value in row["args"].items())
    return f"{at}  {row['event']:<9} {row['command']} {args} {', '.join(row['targets'])}".rstrip()


def routine(row: dict[str, Any]) -> str:
    """One routine, reminder or timer: when, what, when next, and what became of it last."""
    words = row["name"] if row["kind"] == "timer" else f"{row['when']}: {row['do']}"
    coming = f"next {_moment(row['next'], row['zone'])}" if row["next"] else row["status"]
    last = f", last {_moment(row['last']['due'], row['zone'])} {row['last']['outcome']}" if row["last"] else ""
    return f"{row['id']:>3}  {row['kind']:<8} {words}  ({coming}{last})"


def _moment(at: float, zone: str, shape: str = "%Y-%m-%d %H:%M") -> str:
    """A moment on the clocks of the house, wherever this command runs."""
    return datetime.fromtimestamp(at, ZoneInfo(zone)).strftime(shape)


def status(data: dict[str, Any]) -> Iterable[str]:
    """How the daemon fares."""
    yield f"{'running' if data['ready'] else 'starting'} for {data['uptime_s']:g} s on {data['data']}, {data['devices']} devices"
    for part in data["parts"]:
        if part["state"] != "running":
            yield f"  {part['name']}: {part['state']} {part['problem']}"
    for one in data["skills"]:
        where = ", ".join(f"{host} {how}" for host, how in one["connections"].items())
        yield f"  skill {one['name']}: {one['problem'] or where or 'nothing found yet'}"
    if data["page"]:
        yield f"  page: {' and '.join(data['page'])} (`claw web` lets a phone in)"
    for problem in (data["network"], data["clock"], *data["folders"]):
        if problem:
            yield f"  ! {problem}"
    if data["offline"]:
        yield f"  not reachable: {', '.join(data['offline'])}"
    if data["pairing"]:
        yield "  a question about pairing or rooms waits in `claw chat`"
