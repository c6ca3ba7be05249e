"""What the commands print for people."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

UNITS = {"brightness": " %", "volume": " %", "speed": " %", "position": " %", "tilt": " %", "humidity": " %", "target": " °C",
         "temperature": " °C", "color_temperature": " K"}  # fmt: skip


def state(device: dict[str, Any]) -> str:
    """The state of a device in a few words."""
    if not device["online"]:
        return f"not reachable: {device['trouble']}"
    parts = []
    unit = device["state"].get("unit", "")
    for name, value in device["state"].items():
        if name.startswith("target_") or name == "unit":
            continue
        shown = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
        if name == "on":
            shown = "on" if value else "off"
        bare = name in ("on", "playback", "activity", "value")
        shown = f"{shown:g}" if isinstance(shown, float) else shown
        parts.append(
            f"{'' if bare else name.replace('_', ' ') + ' '}{shown}{UNITS.get(name, '')}{unit if name == 'value' else ''}"
        )
    return ", ".join(parts)


def rooms(devices: Iterable[dict[str, Any]]) -> Iterable[str]:
    """The house room by room."""
    ordered = sorted(devices, key=lambda one: (not one["area"], one["area"], one["kind"], one["name"]))
    for area, members in groupby(ordered, key=lambda one: one["area"]):
        yield area or "(no room yet)"
        for one in members:
            yield f"  {one['name']:<24} {one['sort'] or one['kind']:<11} {state(one)}"


def event(row: dict[str, Any]) -> str:
    """One line of the ledger."""
    at = datetime.fromtimestamp(row["at"]).strftime("%Y-%m-%d %H:%M:%S")
    args = " ".join(f"{name}={value}" for name, value in row["args"].items())
    return f"{at}  {row['event']:<9} {row['command']} {args} {', '.join(row['targets'])}".rstrip()


def status(data: dict[str, Any]) -> Iterable[str]:
    """How the daemon fares."""
    yield f"{'running' if data['ready'] else 'starting'} for {data['uptime_s']:g} s on {data['data']}, {data['devices']} devices"
    for part in data["parts"]:
        if part["state"] != "running":
            yield f"  {part['name']}: {part['state']} {part['problem']}"
    for one in data["skills"]:
        where = ", ".join(f"{host} {how}" for host, how in one["connections"].items())
        yield f"  skill {one['name']}: {one['problem'] or where or 'nothing found yet'}"
    for problem in (data["network"], data["clock"], *data["folders"]):
        if problem:
            yield f"  ! {problem}"
    if data["offline"]:
        yield f"  not reachable: {', '.join(data['offline'])}"
    if data["pairing"]:
        yield "  a question about pairing or rooms waits in `claw chat`"
