"""The states that people ask about: the one table of which reported values mean which, and the words for how a device is."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from claw.capabilities import Player, Sensor, holds
from claw.device import Device
from claw.house import House
from claw.names import fold
from claw.turns.replies import state_words, title_of

Meaning = tuple[str, frozenset[Any]]  # a field, and which of its values are meant
NOTICING = frozenset(
    {"wet", "leak", "leaking", "detected", "smoke", "gas", "alarm", "on", "true", "yes", "occupied", "triggered"}
)
QUIET = frozenset({"dry", "clear", "ok", "normal", "not detected", "off", "false", "no", "unoccupied", "idle"})
RUNNING = frozenset({"running", "washing", "drying", "rinsing", "spinning", "on", "active", "busy", "in use", "started"})
DONE = frozenset({"done", "finished", "complete", "completed", "off", "idle", "stopped", "end", "ended", "ready", "standby"})
ARMED, WARMING, COOLING = ("home", "away", "night"), ("heat", "heat_cool"), ("cool", "heat_cool", "dry", "fan_only")


def _means(*meanings: tuple[str, Any]) -> tuple[tuple[str, str, frozenset[Any]], ...]:
    """Kind (empty for any), field and values as a set, of "valve.open" and what it is then."""
    many = (range, tuple, frozenset)
    split = ((*field.rpartition(".")[::2], wanted) for field, wanted in meanings)
    return tuple((kind, name, frozenset(wanted if isinstance(wanted, many) else [wanted])) for kind, name, wanted in split)


STATES: dict[str, tuple[tuple[str, str, frozenset[Any]], ...]] = {  # the first field that a device has decides
    "on": _means(("on", True), ("thermostat.mode", (*WARMING, *COOLING)), ("playback", "playing"), ("activity", "cleaning"),
                 ("valve.open", True), ("alarm.mode", ARMED), ("value", RUNNING)),
    "off": _means(("on", False), ("thermostat.mode", "off"), ("playback", ("stopped", "paused")),
                  ("activity", ("docked", "idle")), ("valve.open", False), ("alarm.mode", "disarmed"), ("value", DONE)),
    "open": _means(("open", True), ("position", range(4, 101)), ("value", ("open", "opened"))),
    "closed": _means(("open", False), ("position", range(4)), ("value", ("closed", "shut"))),
    "locked": _means(("locked", True), ("value", "locked")), "unlocked": _means(("locked", False), ("value", "unlocked")),
    "muted": _means(("muted", True)), "unmuted": _means(("muted", False)),
    "playing": _means(("playback", "playing")), "paused": _means(("playback", "paused"), ("activity", "paused")),
    "stopped": _means(("playback", ("stopped", "paused"))),
    "cleaning": _means(("activity", "cleaning")), "docked": _means(("activity", "docked")),
    "returning": _means(("activity", "returning")), "stuck": _means(("activity", ("stuck", "error"))),
    "dry": _means(("value", "dry")), "wet": _means(("value", "wet")),
    "running": _means(("activity", "cleaning"), ("playback", "playing"), ("on", True), ("valve.open", True),
                      ("thermostat.mode", (*WARMING, *COOLING)), ("value", RUNNING)),
    "done": _means(("activity", ("docked", "returning", "idle")), ("playback", ("stopped", "paused")), ("on", False),
                   ("value", DONE)),
    "armed": _means(("alarm.mode", ARMED)), "disarmed": _means(("alarm.mode", "disarmed")),
    "heating": _means(("mode", WARMING), ("heater.on", True)), "cooling": _means(("mode", COOLING)),
    "empty": _means(("items", "")),
}  # fmt: skip
PAIRS = {"on": "off", "open": "closed", "locked": "unlocked", "dry": "wet", "armed": "disarmed", "muted": "unmuted",
         "running": "done", "online": "offline", "noticing": "quiet"}  # fmt: skip
OPPOSITE = PAIRS | {other: one for one, other in PAIRS.items()}
ON_ITS_WAY = {"open": ("closing", "opening"), "locked": ("unlocking", "locking")}
STATUS = {  # what is told of a device, in this order
    "brightness": "at {}", "color": "{}", "speed": "at {}", "volume": "at volume {}", "locked": "{}", "open": "{}",
    "position": "{}", "activity": "{}", "temperature": "at {}", "target": "set to {}", "mode": "in {} mode", "source": "on {}",
}  # fmt: skip
INSIDE = frozenset(
    ["fridge", "refrigerator", "freezer", "oven", "grill", "pool", "spa", "tub", "sauna", "boiler", "tank", "water", "soil"]
)
WHILE_ON = ("brightness", "color", "speed", "source")
MODES = {"off": "off", "disarmed": "disarmed", "home": "armed (home)", "away": "armed (away)", "night": "armed (night)"}


def meaning(device: Device, state: str) -> Meaning | None:
    """By which reported field of this device the state is told; None when it has none, or has not reported it."""
    reported = device.state
    for kind, name, wanted in STATES.get(state, ()):
        if name in reported and (not kind or kind == device.kind):
            return (name, wanted) if name != "value" or _word_of(device) in _vocabulary(state) else None
    return None


@cache
def _vocabulary(state: str) -> frozenset[Any]:
    """The words of sensors that tell this state or its opposite."""
    both = (*STATES[state], *STATES.get(OPPOSITE.get(state, ""), ()))
    return frozenset().union(*(wanted for _, name, wanted in both if name == "value"))


def is_so(device: Device, state: str) -> bool | None:
    """Whether the device is in this state; None when it has no such state or has not reported it."""
    if state in ("online", "offline"):
        return device.online == (state == "online")
    if state in ("noticing", "quiet"):
        now = noticed(device) if isinstance(device, Sensor) else None
        return now if now is None or state == "noticing" else not now
    found = meaning(device, state)
    if found is None:
        return None
    value = device.state[found[0]]
    return not value if found[0] == "items" else (_word_of(device) if found[0] == "value" else value) in found[1]


def could_be(kind: type[Device], state: str) -> bool:
    """Whether devices of this class report a field of this state, when they report."""
    meanings = STATES.get(state, ())
    return any(name in kind.fields and name != "value" and of in ("", kind.kind) for of, name, _ in meanings)


def noticed(device: Device) -> bool | None:
    """Whether a sensor notices something; None when it does not say, or measures it with a number and unit."""
    value = device.state.get("value")
    if isinstance(value, (int, float)):
        return None if device.state.get("unit") or value not in (0, 1) else bool(value)
    word = _word_of(device)
    return True if word in NOTICING else False if word in QUIET else None


def _word_of(device: Device) -> str:
    return str(device.state.get("value")).strip().casefold()


def now_words(device: Device, state: str) -> str:
    """The present state in the words of the question: "on", "closed"; where that says more, in the device's own."""
    if state in ("online", "offline"):
        return f"{'online' if device.online else 'offline'}"
    found = meaning(device, state)
    if found and found[0] in ("on", "locked", "open", "muted"):
        return state_words(device, found[0])
    if found and found[0] in ("position", "value"):
        return next((one for one in (state, OPPOSITE.get(state, "")) if is_so(device, one) and _whole(device)), status(device))
    return status(device) or f"not {state}"


def _whole(device: Device) -> bool:
    """Whether a shade is open or closed and not in between."""
    position = device.state.get("position", 0)
    return bool(position < 4 or position > 96)


def moving(device: Device) -> str:
    """Where a door, shade or lock that answers is on its way to: "opening", "locking"; empty when it rests."""
    state = device.state
    for field, words in ON_ITS_WAY.items():
        wanted = state.get(f"target_{field}")
        if device.online and wanted is not None and field in state and wanted != state[field]:
            return words[bool(wanted)]
    now, aim = state.get("position"), state.get("target_position")
    if not device.online or now is None or aim is None or holds("position", aim, now):
        return ""
    return "opening" if aim > now else "closing"


def status(device: Device, fields: Iterable[str] = STATUS) -> str:
    """What a device reported, of these fields, in a few words."""
    state, said = device.state, []
    whole = fields is STATUS
    if isinstance(device, Player) and whole:
        title = title_of([device]) if state.get("playback") == "playing" else ""
        said.append(f"{state.get('playback', 'off' if state.get('on') is False else 'on')}{title}")
    elif "on" in state and (whole or not state["on"]):
        said.append(state_words(device, "on"))
    for field in fields:
        if state.get(field) is not None and (field not in WHILE_ON or (state.get("on", True) and state[field])):
            said.append(_field(device, field))
    if "items" in state and whole:
        said.append(f"holding: {', '.join(state['items'])}" if state["items"] else "empty")
    if "value" in state and whole:
        unit = f" {state.get('unit', '')}".rstrip()
        said.append(f"{state['value']:g}{unit}" if isinstance(state["value"], (int, float)) else str(state["value"]))
    return ", ".join(said)


def _field(device: Device, field: str) -> str:
    words = state_words(device, field)
    if field == "mode" and words in MODES:
        return MODES[words]
    return STATUS.get(field, "at {}").format(words) + (" (muted)" if field == "volume" and device.state.get("muted") else "")


def measure(device: Device, what: str) -> float | None:
    """The temperature (°C) or the humidity (%) that a device measures; None when it does not, or has not reported it."""
    value, unit = device.state.get("value" if isinstance(device, Sensor) else what), str(device.state.get("unit", ""))
    if isinstance(device, Sensor) and device.sort != what and not (what == "temperature" and unit in ("°C", "C")):
        return None
    return float(value) if isinstance(value, (int, float)) else None


def of_air(house: House, device: Device, what: str) -> float | None:
    """The same of the air of a room, and not of what is in a fridge or a boiler."""
    inside = device.kind == "heater" or (isinstance(device, Sensor) and not INSIDE.isdisjoint(fold(house.name(device))))
    return None if inside else measure(device, what)
