"""From the state before a deed to the absolute calls that bring it back."""

from collections.abc import Mapping
from typing import Any

from claw.call import ToolCall
from claw.capabilities import holds
from claw.device import Device

State = Mapping[str, Any]
Call = tuple[str, dict[str, Any]]
ORDER = {"turn_on": 0, "set_mode": 1, "turn_off": 9}  # what wakes a device comes first, what ends it last
RESTING = {"paused", "stopped"}
ACTIVITIES = {"cleaning": "start", "paused": "pause_cleaning", "idle": "pause_cleaning"}
LISTED = ("items", "done")  # told apart by what the turn did with them, not by their state

FIELDS = ("color", "color_temperature", "brightness", "speed", "position", "tilt", "locked", "mode", "target", "source", "volume",
          "muted", "playback", "activity", "on", "open")  # fmt: skip
RESTORED = frozenset(FIELDS)
SIDES = {"locked": ("unlock", "lock"), "muted": ("unmute", "mute"), "on": ("turn_off", "turn_on")}  # for false, for true
IMPLIES_ON = {"brightness", "speed"}  # setting these turns it on
# while it is off these are nothing to see or hear, and setting them would turn it on
NEEDS_ON = {"brightness", "color", "color_temperature", "speed", "source", "playback"}


def calls_back(device: Device, before: State) -> list[ToolCall]:
    """The calls that bring back what differs now from `before`, in no order."""
    differs = [field for field in FIELDS if field in before and not _stays(device, field, before[field])]
    if before.get("on") is False:
        differs = [field for field in differs if field not in NEEDS_ON]
    elif IMPLIES_ON & {field for field in differs if before[field]}:
        differs = [field for field in differs if field != "on"]
    found = [_call(device, field, before[field]) for field in differs]
    return [ToolCall(name, (device.id,), args) for name, args in found if name in device.commands]


def _stays(device: Device, field: str, value: Any) -> bool:
    """Whether a device reports this value and is not on its way to another."""
    now = device.state.get(field)
    return alike(field, value, now) and alike(field, value, device.state.get(f"target_{field}", now))


def alike(field: str, one: Any, other: Any) -> bool:
    """Whether two reported values are the same to a person; a player that does not play is at rest."""
    if field == "playback":
        return one == other or {one, other} <= RESTING
    if field == "activity":
        return bool(ACTIVITIES.get(one, "return_home") == ACTIVITIES.get(other, "return_home"))
    return holds(field, one, other)


def _call(device: Device, field: str, value: Any) -> Call:
    """The command that brings a value of this field back."""
    if field == "open":
        name = ("open" if value else "close") + ("_valve" if device.kind == "valve" else "_door")
        return name, {}
    if field == "mode" and device.kind == "alarm":
        return ("disarm", {}) if value == "disarmed" else ("arm", {"mode": value})
    if field in SIDES:
        return SIDES[field][bool(value)], {}
    if field == "playback":
        return {"playing": "play", "paused": "pause"}.get(value, "stop_playing"), {}
    if field == "activity":
        return ACTIVITIES.get(value, "return_home"), {}
    return "select_source" if field == "source" else f"set_{field}", {field: value}


def items_back(device: Device, before: State, call: ToolCall) -> list[ToolCall]:
    """The same for what was put on a list, taken off or ticked; empty when it is so already, or the list held it before."""
    item = str(call.args.get("item", ""))
    was = [one for one in before.get("items", ()) if one.casefold() == item.casefold()]
    now = [one for one in device.state.get("items", ()) if one.casefold() == item.casefold()]
    if call.command == "add_item":
        return [ToolCall("remove_item", (device.id,), {"item": item})] if now and not was else []
    return [ToolCall("add_item", (device.id,), {"item": was[0]})] if was and not now else []


def together(calls: list[ToolCall]) -> list[ToolCall]:
    """Calls that say the same of several devices as one, in an order that no call of it spoils."""
    groups: dict[str, list[ToolCall]] = {}
    for call in calls:
        groups.setdefault(f"{call.command} {sorted(call.args.items())}", []).append(call)
    merged = [
        ToolCall(same[0].command, tuple(dict.fromkeys(id for call in same for id in call.targets)), same[0].args)
        for same in groups.values()
    ]
    return sorted(merged, key=lambda call: ORDER.get(call.command, 5))
