"""Simulated devices for evaluations: made of the fields that a state lists, they change at once and always obey."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from claw import capabilities as core
from claw.device import Capability, Command, Device
from claw.house import Area, House

Run = Callable[..., Awaitable[bytes | None]]
TOLD = {"area": "area", "sort": "class", "maker": "maker", "model": "model"}  # our words for the keys of a file

PARTS: dict[str, dict[str, type[Capability]]] = {  # kind -> field -> capability
    "light": {"on": core.Power, "brightness": core.Brightness, "color": core.Color, "color_temperature": core.ColorTemperature},
    "switch": {"on": core.Power},
    "fan": {"on": core.Power, "speed": core.Speed},
    "shade": {"position": core.Position, "tilt": core.Tilt},
    "door": {"open": core.Door},
    "lock": {"locked": core.Lock},
    "thermostat": {"temperature": core.Target, "target": core.Target, "mode": core.Climate, "humidity": core.Humidity},
    "heater": {"on": core.Power, "temperature": core.Target, "target": core.Target},
    "player": {"on": core.Power, "playback": core.Player, "title": core.Player, "volume": core.Volume, "muted": core.Volume,
               "source": core.Source},
    "vacuum": {"activity": core.Vacuum},
    "valve": {"open": core.Valve},
    "camera": {"on": core.Power},
    "alarm": {"mode": core.Alarm},
    "list": {"items": core.ListItems, "done": core.ListItems},
    "sensor": {"value": core.Sensor, "unit": core.Sensor},
}  # fmt: skip

# of the commands that are content with any of several states, the one that they lead to
SETTLED = {"pause": "paused", "stop_playing": "stopped", "pause_cleaning": "paused", "return_home": "returning",
           "turn_on": "heat"}  # fmt: skip


class Simulated(Device):
    """What every simulated device shares; its commands report the state that they aim at."""

    listed: frozenset[str] = frozenset()  # the fields of its state; it has no others

    def obey(self, command: Command, args: Mapping[str, Any]) -> None:
        """Change as the command says, and as follows from it (FORMAT.md)."""
        changes = {name: _settled(command.name, value) for name, value in command.goal(args).items()}
        follow = {**_follow(self, command.name, dict(args)), **changes}
        self.update(**{name: value for name, value in follow.items() if name in self.listed})


def _settled(command: str, value: Any) -> Any:
    return SETTLED[command] if isinstance(value, (set, frozenset)) else value


def _follow(device: Device, command: str, args: dict[str, Any]) -> dict[str, Any]:
    if command in ("set_brightness", "set_speed"):
        value = next(iter(args.values()))
        return {"on": value > 0, command.removeprefix("set_"): value}
    if command in ("play", "play_media", "next_track", "previous_track"):
        return {"on": True}
    if command == "turn_off" and device.kind == "player":
        return {"playback": "stopped"} if device.state.get("on") else {}
    if command in ("add_item", "tick_item", "remove_item"):
        return _listing(device, command, args["item"])
    return {}


def _listing(device: Device, command: str, item: str) -> dict[str, Any]:
    items, done = list(device.state.get("items", [])), list(device.state.get("done", []))
    if command == "add_item":
        return {"items": [*items, item]}
    same = [one for one in items if one.casefold() == item.casefold()]
    return {"items": [one for one in items if one not in same], "done": done + same if command == "tick_item" else done}


STILL = b"\xff\xd8\xff\xe0 what the camera sees"  # begins as a JPEG does


def _runner(command: Command) -> Run:
    async def run(self: Simulated, *args: Any, **named: Any) -> bytes | None:
        given = dict(zip(command.model.model_fields, args, strict=False)) | named
        self.obey(command, given)
        return STILL if command.name == "snapshot" else None

    run.__name__, run.__doc__ = command.name, command.doc
    return run


def kind_of(kind: str, fields: frozenset[str]) -> type[Simulated]:
    """A device class of this kind with the capabilities of these fields; KeyError names a field that the kind has not."""
    parts = list(dict.fromkeys(PARTS[kind][name] for name in sorted(fields)))
    if kind == "camera":
        parts.append(core.Camera)
    if core.Target in parts and core.Climate in parts:
        parts = [core.Thermostat, *(part for part in parts if part not in (core.Target, core.Climate))]
    made: type[Simulated] = type(f"Simulated{kind.title()}", (Simulated, *parts), {"kind": kind, "listed": fields})
    for name, command in made.commands.items():
        setattr(made, name, _runner(command))
    return made


def build(house_yaml: Mapping[str, Any], house: House) -> dict[str, Simulated]:
    """Fill the house with the areas and devices of an evaluation file; returns them by id."""
    for area in house_yaml.get("areas", ()):
        house.add_area(Area(area["name"], area.get("floor", ""), area.get("parent", ""), tuple(area.get("aliases", ()))))
    devices = {}
    for one in house_yaml["devices"]:
        make = kind_of(one["kind"], frozenset(one["state"]))
        told = {name: one.get(key, "") for name, key in TOLD.items()}
        device = make(one["id"], one["name"], **told)
        house.adopt(device, skill="simulated")
        if one.get("aliases"):
            house.describe(one["id"], aliases=one["aliases"])
        device.update(**one["state"])
        devices[one["id"]] = device
    return devices
