"""Answers to questions about the state of the house, composed from what devices reported and nothing else."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from claw.capabilities import Climate, Humidity, Player, Sensor, Target, holds
from claw.device import Device
from claw.names import ALL, Names, Selection, fold
from claw.reflex.reading import Context
from claw.turns.replies import are, call_of_it, called, capital, listed, plural_of, state_words, title_of, within

STATES: dict[str, tuple[tuple[str, Any], ...]] = {  # the first field that a device has decides
    "on": (("on", True), ("playback", "playing"), ("activity", "cleaning")),
    "off": (("on", False), ("mode", "off"), ("playback", "stopped")),
    "open": (("open", True), ("position", range(4, 101)), ("value", "open")),
    "closed": (("open", False), ("position", range(4)), ("value", "closed")),
    "locked": (("locked", True),), "unlocked": (("locked", False),), "muted": (("muted", True),),
    "playing": (("playback", "playing"),), "paused": (("playback", "paused"),),
    "cleaning": (("activity", "cleaning"),), "docked": (("activity", "docked"),),
    "dry": (("value", "dry"),), "wet": (("value", "wet"),),
}  # fmt: skip
PAIRS = {"on": "off", "open": "closed", "locked": "unlocked", "dry": "wet"}
OPPOSITE = PAIRS | {other: one for one, other in PAIRS.items()}
WORDS = ({"open", "closed"}, {"dry", "wet"})  # of sensors that have one of two words as their value
ON_ITS_WAY = {"open": ("closing", "opening"), "locked": ("unlocking", "locking")}
QUIET, NOTICING = ("dry", "clear"), ("wet", "detected")  # of sensors for leaks, motion, smoke
STATUS = {  # what is told of a device, in this order
    "brightness": "at {}", "color": "{}", "speed": "at {}", "volume": "at volume {}", "locked": "{}", "open": "{}",
    "position": "{}", "activity": "{}", "temperature": "at {}", "target": "set to {}", "mode": "in mode {}",
}  # fmt: skip
WHILE_ON = ("brightness", "color", "speed")
SUFFIXES = {"lock": " lock", "door": " opener"}


class Answers:
    """Short plain sentences about one house."""

    def __init__(self, names: Names) -> None:
        self.names, self.house = names, names.house
        self.missed = Selection()

    def reply(self, verb: str, slots: Mapping[str, Any], context: Context) -> str:
        """The answer to a question; empty when its words are not known, and then `missed` says which."""
        thing, state = str(slots.get("thing", "")), str(slots.get("state", ""))
        if verb == "ask_noticed":
            return self._noticed(str(slots["noticed"]), thing)
        measured = verb.removeprefix("ask_")
        fits: Callable[[Device], bool] = {
            "ask_state": lambda device: _holds(device, state) is not None,
            "ask_playing": lambda device: isinstance(device, Player),
            "ask": lambda device: True,
        }.get(verb, lambda device: _measured(device, measured) is not None)
        found = self._find(thing, slots, context, fits)
        devices, self.missed = found.devices or found.ambiguous, found
        if not devices or (verb == "ask" and len(devices) > 12):
            return ""
        if verb == "ask_state":
            place = found.place or str(slots.get("area", ""))
            return self._whether(devices, state, thing, place, yes_no=bool(slots.get("whether")))
        if verb == "ask_playing":
            return self._playing(devices, found.place, bool(slots.get("whether")))
        if verb == "ask":
            return " ".join(self._describe(device) for device in devices)
        return self._measures(devices, measured)

    def _find(self, thing: str, slots: Mapping[str, Any], context: Context, fits: Any) -> Selection:
        area, kinds = str(slots.get("area", "")), slots.get("kinds")
        group = not thing or bool(ALL & set(fold(thing)))
        narrow: dict[str, Any] = {"fits": fits, "area": area, "kinds": kinds, "sort": str(slots.get("sort", ""))}
        found = self.names.find(thing.removeprefix("any "), all=group, **narrow)
        if found.ambiguous or (group and not thing and context.area):
            near = self.names.find(thing, speaker_area=context.area, **narrow)
            return near if near.devices else found
        return found

    def _noticed(self, what: str, thing: str) -> str:
        """What the sensors for leaks, motion or smoke say; empty when the place is not known."""
        found = self.names.find(thing, all=True) if thing else Selection(tuple(self.house.devices.values()))
        self.missed = found
        if not (found.devices or found.ambiguous or found.place):
            return ""
        sensors = [device for device in found.devices or found.ambiguous if isinstance(device, Sensor) and device.sort == what]
        if not sensors:
            return f"There is no {what} sensor {within(found.place) if found.place else 'here'}."
        noticing = [device for device in sensors if device.online and device.state.get("value") in NOTICING]
        if noticing:
            names = listed([self.called(device) for device in noticing])
            return f"Yes, {names} {'notices' if len(noticing) == 1 else 'notice'} {'a leak' if what == 'leak' else what}."
        said = " ".join(self._describe(device) for device in sensors)
        sure = all(device.online and device.state.get("value") in QUIET for device in sensors)
        return f"No, {said[0].lower()}{said[1:]}" if sure else said

    def _whether(self, devices: Sequence[Device], state: str, thing: str, place: str, *, yes_no: bool) -> str:
        """Yes or no for one device, a count and the names for several."""
        if len(devices) == 1 and not thing.startswith("any"):
            return self._yes_no(devices[0], state)
        fitting = [device for device in devices if _holds(device, state)]
        sure = all(device.online and _holds(device, OPPOSITE.get(state, "")) for device in devices)
        if yes_no and sure and not thing.startswith("any"):
            return f"No, {called(self.house, devices)} are {OPPOSITE[state]}."
        kinds = {device.kind for device in devices}
        noun = kinds.pop() if len(kinds) == 1 else "device"
        names = listed([self.called(device, short=True) for device in fitting]) if fitting else ""
        count = f"{len(fitting) or 'No'} {noun if len(fitting) == 1 else plural_of(noun)}"
        where = f" {within(place)}" if place and not fitting else ""
        said = f"{count} {'is' if len(fitting) == 1 else 'are'} {state}{where}" + (f": {names}." if fitting else ".")
        return said + self._silent(devices)

    def _silent(self, devices: Sequence[Device]) -> str:
        silent = [self.called(device) for device in devices if not device.online]
        return f" I can't reach {listed(silent)}." if silent else ""

    def _playing(self, devices: Sequence[Device], place: str, whether: bool) -> str:
        """What plays where, with the titles that the players tell."""
        playing = [device for device in devices if device.online and device.state.get("playback") == "playing"]
        where = within(place) if place else f"on {self.called(devices[0])}" if len(devices) == 1 else ""
        if not playing:
            return f"{'No, nothing' if whether else 'Nothing'} is playing {where}".strip() + "." + self._silent(devices)
        said = []
        for device in playing:
            what = title_of([device]).strip() or ("music" if whether else "something")
            said.append(f"{what} is playing {where if where and len(playing) == 1 else f'on {self.called(device)}'}")
        text = "Yes, " * whether + listed(said)
        untitled = not whether and len(said) == 1 and text.startswith("something")
        return capital(text) + (", but it does not tell me what." if untitled else ".") + self._silent(devices)

    def _yes_no(self, device: Device, state: str) -> str:
        now, name = _word(device, state), self.called(device, short=True)
        if not device.online:
            return f"I can't reach {self.called(device)}; when I last heard from it, it was {now}."
        if moving := _moving(device):
            return f"{capital(name)} {are(name)} {moving}."
        return f"{'Yes' if _holds(device, state) else 'No'}, {name} {are(name)} {now}."

    def called(self, device: Device, *, short: bool = False) -> str:
        """The device's name with its article; `short` leaves out "lock" where its state says it anyway."""
        name, suffix = call_of_it(self.house, device), SUFFIXES.get(device.kind, "-")
        return name.removesuffix(suffix) if short and name != f"the{suffix}" else name

    def _describe(self, device: Device) -> str:
        name, now = self.called(device), _moving(device) or _status(device)
        if not device.online:
            return f"I can't reach {name}; when I last heard from it, it was {now}." if now else f"I can't reach {name}."
        return capital(f"{name} {are(name)} {now}." if now else f"{name} has not reported anything yet.")

    def _measures(self, devices: Sequence[Device], what: str) -> str:
        unit = "°C" if what == "temperature" else "%"
        by_room: dict[str, Device] = {}
        for device in sorted(devices, key=lambda one: not isinstance(one, Sensor)):
            area = self.house.area(device)
            by_room.setdefault(within(area) if area else f"at {self.called(device)}", device)
        said = []
        for room, device in by_room.items():
            value = f"{_measured(device, what):g} {unit}"
            said.append(f"It is {value} {room}" if device.online else f"It was {value} {room} when I last heard from it")
        return ". ".join(said) + "."


def _holds(device: Device, state: str) -> bool | None:
    """Whether the device is in this state; None when it has no such state or has not reported it."""
    for field, wanted in STATES.get(state, ()):
        if field in device.fields and field in device.state:
            value = device.state[field]
            if field == "value" and not any({wanted, value} <= words for words in WORDS):
                return None
            return value in wanted if isinstance(wanted, range) else value == wanted
    if state == "on" and isinstance(device, Climate) and "mode" in device.state:
        return bool(device.state["mode"] != "off")
    return None


def _word(device: Device, state: str) -> str:
    """The present state in the words of the question."""
    if _holds(device, state):
        return state
    opposite = OPPOSITE.get(state, "")
    return opposite if opposite and _holds(device, opposite) is not None else _status(device) or f"not {state}"


def _moving(device: Device) -> str:
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


def _measured(device: Device, what: str) -> float | None:
    if isinstance(device, Sensor):
        value, unit = device.state.get("value"), str(device.state.get("unit", ""))
        right = device.sort == what or (what == "temperature" and unit in ("°C", "C"))
        return float(value) if right and isinstance(value, (int, float)) else None
    if isinstance(device, Target if what == "temperature" else Humidity) and device.kind == "thermostat":
        value = device.state.get(what)
        return None if value is None else float(value)
    return None


def _status(device: Device) -> str:
    """What a device reported, in a few words."""
    state, said = device.state, []
    if isinstance(device, Player):
        title = title_of([device]) if state.get("playback") == "playing" else ""
        said.append(f"{state.get('playback', 'off' if state.get('on') is False else 'on')}{title}")
    elif "on" in state:
        said.append(state_words(device, "on"))
    for field, phrase in STATUS.items():
        if field in state and (field not in WHILE_ON or (state.get("on") and state[field])):
            said.append(phrase.format(state_words(device, field)))
            said[-1] += " (muted)" if field == "volume" and state.get("muted") else ""
    if "items" in state:
        said.append(f"holding: {', '.join(state['items'])}" if state["items"] else "empty")
    if "value" in state:
        unit = f" {state.get('unit', '')}".rstrip()
        said.append(f"{state['value']:g}{unit}" if isinstance(state["value"], (int, float)) else str(state["value"]))
    return ", ".join(said)
