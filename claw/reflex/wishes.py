"""From a verb and what was said with it to calls: which devices are meant, which command each takes, which absolute value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from claw.call import ToolCall
from claw.capabilities import (
    Alarm,
    Brightness,
    Climate,
    Color,
    ColorTemperature,
    Door,
    ListItems,
    Lock,
    Player,
    Position,
    Power,
    Source,
    Speed,
    Target,
    Tilt,
    Vacuum,
    Valve,
    Volume,
)
from claw.color import is_color
from claw.device import Capability, Device
from claw.names import ALL, Names, Selection, fold, stems
from claw.reflex.reading import Context, Option

Deed = tuple[type[Capability], str]

DEEDS: dict[str, tuple[Deed, ...]] = {  # the first capability that a device has decides
    "turn_on": ((Power, "turn_on"), (Climate, "turn_on"), (Vacuum, "start"), (Valve, "open_valve"), (Player, "play")),
    "turn_off": (
        (Power, "turn_off"),
        (Climate, "turn_off"),
        (Vacuum, "return_home"),
        (Valve, "close_valve"),
        (Player, "stop_playing"),
    ),
    "open": ((Position, "open"), (Door, "open_door"), (Valve, "open_valve")),
    "close": ((Position, "close"), (Door, "close_door"), (Valve, "close_valve")),
    "lock": ((Lock, "lock"),),
    "unlock": ((Lock, "unlock"),),
    "start": ((Vacuum, "start"), (Player, "play"), (Power, "turn_on"), (Climate, "turn_on"), (Valve, "open_valve")),
    "clean": ((Vacuum, "start"),),
    "stop_cleaning": ((Vacuum, "pause_cleaning"),),
    "stop_water": ((Valve, "close_valve"),),
    "water": ((Valve, "open_valve"),),
    "stop": (
        (Vacuum, "pause_cleaning"),
        (Player, "stop_playing"),
        (Position, "stop"),
        (Valve, "close_valve"),
        (Climate, "turn_off"),
        (Power, "turn_off"),
    ),
    "return": ((Vacuum, "return_home"),),
    "pause": ((Player, "pause"), (Vacuum, "pause_cleaning")),
    "resume": ((Player, "play"), (Vacuum, "start")),
    "stop_playing": ((Player, "stop_playing"),),
    "next": ((Player, "next_track"),),
    "previous": ((Player, "previous_track"),),
    "mute": ((Volume, "mute"),),
    "unmute": ((Volume, "unmute"),),
    "play": ((Player, "play_media"),),
    "source": ((Source, "select_source"),),
    "brightness": ((Brightness, "set_brightness"),),
    "color": ((Color, "set_color"),),
    "white": ((ColorTemperature, "set_color_temperature"),),
    "target": ((Target, "set_target"),),
    "mode": ((Climate, "set_mode"),),
    "speed": ((Speed, "set_speed"),),
    "tilt": ((Tilt, "set_tilt"),),
    "volume": ((Volume, "set_volume"),),
    "arm": ((Alarm, "arm"),),
    "disarm": ((Alarm, "disarm"),),
    "add_item": ((ListItems, "add_item"),),
    "tick_item": ((ListItems, "tick_item"),),
    "remove_item": ((ListItems, "remove_item"),),
    "set": (
        (Brightness, "set_brightness"),
        (Position, "set_position"),
        (Speed, "set_speed"),
        (Target, "set_target"),
        (Volume, "set_volume"),
    ),
}
# home-assistant-intents says HassTurnOn for opening and locking too; the words of the template have decided which
DEEDS["ha_on"] = (*DEEDS["turn_on"], (Position, "open"), (Door, "open_door"), (Lock, "lock"))
DEEDS["ha_off"] = (*DEEDS["turn_off"], (Position, "close"), (Door, "close_door"), (Lock, "unlock"))

STEPS: dict[str, tuple[tuple[type[Capability], str, str, float, float, float], ...]] = {  # command, field, step, lowest, highest
    "brighter": ((Brightness, "set_brightness", "brightness", 20, 1, 100),),
    "dimmer": ((Brightness, "set_brightness", "brightness", -20, 1, 100),),
    "up": (
        (Brightness, "set_brightness", "brightness", 20, 1, 100),
        (Volume, "set_volume", "volume", 10, 0, 100),
        (Target, "set_target", "target", 1, 5, 100),
    ),
    "down": (
        (Brightness, "set_brightness", "brightness", -20, 1, 100),
        (Volume, "set_volume", "volume", -10, 0, 100),
        (Target, "set_target", "target", -1, 5, 100),
    ),
    "louder": ((Volume, "set_volume", "volume", 10, 0, 100),),
    "quieter": ((Volume, "set_volume", "volume", -10, 0, 100),),
    "warmer": (
        (Target, "set_target", "target", 1, 5, 100),
        (ColorTemperature, "set_color_temperature", "color_temperature", -500, 2000, 6500),
    ),
    "colder": (
        (Target, "set_target", "target", -1, 5, 100),
        (ColorTemperature, "set_color_temperature", "color_temperature", 500, 2000, 6500),
    ),
    "faster": ((Speed, "set_speed", "speed", 25, 0, 100),),
    "slower": ((Speed, "set_speed", "speed", -25, 25, 100),),
}
for _verb, _steps in STEPS.items():
    DEEDS[_verb] = tuple((step[0], step[1]) for step in _steps)

ARGUMENT = {
    "set_brightness": "brightness",
    "set_position": "position",
    "set_speed": "speed",
    "set_target": "target",
    "set_volume": "volume",
    "set_tilt": "tilt",
    "set_color": "color",
    "set_color_temperature": "color_temperature",
    "set_mode": "mode",
    "play_media": "media",
    "select_source": "source",
    "arm": "mode",
    "add_item": "item",
    "tick_item": "item",
    "remove_item": "item",
}
BARE = {  # what is meant when only a room was named
    **dict.fromkeys(
        ("turn_on", "turn_off", "ha_on", "ha_off", "brightness", "brighter", "dimmer", "up", "down", "color", "white"), ("light",)
    ),
    **dict.fromkeys(("warmer", "colder", "target"), ("thermostat", "heater")),
    "open": ("shade", "door"),
    "close": ("shade", "door"),
    "start": ("vacuum",),
}
EVERYTHING = {
    "turn_on": ("light",),
    "turn_off": ("light", "switch", "fan", "player", "heater"),
}  # a thermostat off is frost: by name only
PLAYING = ("pause", "stop_playing", "stop", "next", "previous", "mute", "unmute", "volume", "louder", "quieter", "resume")
PERCENT = ("set_brightness", "set_position", "set_speed", "set_volume", "set_tilt")
LOWEST, HIGHEST = 5.0, 100.0  # degrees that any room, pool or sauna can be asked for; the policy is narrower


@dataclass(frozen=True)
class Outcome:
    """What a wish came to: calls, a reply, options; `miss` = the reply says only that the words are not known."""

    calls: tuple[ToolCall, ...] = ()
    reply: str = ""
    options: tuple[Option, ...] = ()
    miss: bool = False
    sure: bool = False  # a miss, but every word was understood
    note: str = ""


class Say(Exception):
    """The wish cannot be a deed; the text tells the person why."""


class Wishes:
    """Turns verbs into calls for one house."""

    def __init__(self, names: Names) -> None:
        self.names, self.house = names, names.house

    def plan(self, verb: str, slots: Mapping[str, Any], context: Context) -> Outcome:
        """What the verb with these slots (thing, number, unit, color, media, item, area, kinds ...) would do; nothing is done."""
        found = self._select(verb, slots, context)
        note = f"{slots.get('thing', '')!r}: {[d.id for d in found.devices or found.ambiguous]}"
        if found.unknown:
            return Outcome(reply=self.unknown(found, verb), miss=True, sure=found.bare, note=note)
        if "thing" in slots and _quiet(verb, found):
            return Outcome(reply="Nothing is playing.", note=note)
        try:
            if found.ambiguous:
                return self._options(verb, slots, found.ambiguous, note)
            return Outcome(self._calls(verb, slots, found.devices), note=note)
        except Say as error:
            return Outcome(reply=str(error), note=note)

    def _select(self, verb: str, slots: Mapping[str, Any], context: Context) -> Selection:
        thing = " in ".join(str(slots[name]) for name in ("thing", "place") if slots.get(name))
        kinds = slots.get("kinds") or (None if thing or slots.get("area") else BARE.get(verb))
        deeds = _narrow(verb, slots)
        area, group = slots.get("area", ""), bool(slots.get("area")) and not thing
        found = self.names.find(
            thing,
            kinds=kinds,
            sort=slots.get("sort", ""),
            area=area,
            speaker_area=context.area,
            all=group,
            fits=lambda device: _deed(deeds, device) is not None,
        )
        if found.bare and found.devices and (meant := _meant(verb, thing, found)):
            devices = tuple(device for device in found.devices if device.kind in meant)
            devices = devices or self._namesake(thing, found.devices)
            found = replace(found, devices=devices) if devices else Selection(unknown=meant[0], place=found.place, bare=True)
        return _prefer(verb, found, thing)

    def _namesake(self, thing: str, devices: Sequence[Device]) -> tuple[Device, ...]:
        """The only device of a place that bears its name: the fountain's "Fountain Switch"."""
        alike = [device for device in devices if set(stems(thing)) <= set(stems(self.house.name(device)))]
        return tuple(alike) if len(alike) == 1 and alike[0].kind == "switch" else ()

    def unknown(self, found: Selection, verb: str = "") -> str:
        """A sentence that says which words the house does not know."""
        if found.unknown == "here":
            return "I don't know which room you are in."
        if found.place:
            what = (BARE.get(verb) or ("such device",))[0] if found.unknown in ("anything", found.place) else found.unknown
            return f"There is no {what} in the {found.place} that I could do this with."
        if found.unknown == "anything":
            return "There is no device here that I could do this with."
        near = f" Do you mean {found.nearest}?" if found.nearest else ""
        return f'I don\'t know anything here called "{found.unknown}" that I could do this with.{near}'

    def _options(self, verb: str, slots: Mapping[str, Any], devices: Sequence[Device], note: str) -> Outcome:
        labels = [self._label(device, devices) for device in devices]
        options = tuple(Option(label, self._calls(verb, slots, [one])) for label, one in zip(labels, devices, strict=True))
        return Outcome(options=options, note=note)

    def _label(self, device: Device, among: Sequence[Device]) -> str:
        name = self.house.name(device)
        twins = [one for one in among if self.house.name(one) == name]
        where = self.house.area(device) if len({self.house.area(one) for one in twins}) > 1 else device.kind
        return f"{name} ({where})" if len(twins) > 1 else name

    def _calls(self, verb: str, slots: Mapping[str, Any], devices: Sequence[Device]) -> tuple[ToolCall, ...]:
        grouped: dict[str, tuple[str, dict[str, Any], list[str]]] = {}
        for device in devices:
            command, args = self._command(verb, slots, device)
            grouped.setdefault(f"{command} {sorted(args.items())}", (command, args, []))[2].append(device.id)
        return tuple(ToolCall(command, tuple(ids), args) for command, args, ids in grouped.values())

    def _command(self, verb: str, slots: Mapping[str, Any], device: Device) -> tuple[str, dict[str, Any]]:
        name, deed = self.house.name(device), _deed(_narrow(verb, slots), device)
        assert deed is not None  # the selection asked for it
        if verb in STEPS:
            return deed[1], _step(verb, slots, device, name)
        argument = ARGUMENT.get(deed[1])
        return deed[1], {} if argument is None else _value(argument, deed[1], slots, device, name)


def _narrow(verb: str, slots: Mapping[str, Any]) -> tuple[Deed, ...]:
    """The deeds of a verb that agree with the unit that was said."""
    deeds = DEEDS[verb]
    if verb != "set" or not slots.get("unit"):
        return deeds
    return tuple(deed for deed in deeds if (deed[1] in PERCENT) == (slots["unit"] == "percent"))


def _deed(deeds: Sequence[Deed], device: Device) -> Deed | None:
    return next((deed for deed in deeds if isinstance(device, deed[0])), None)


def _meant(verb: str, thing: str, found: Selection) -> tuple[str, ...]:
    if ALL & set(fold(thing)) and verb in EVERYTHING:
        return EVERYTHING[verb]
    kinds = {device.kind for device in found.devices}
    if verb == "set" and len(kinds) > 1:  # "set the bedroom to 20": 20 of what?
        return (
            ("thermostat",)
            if kinds & {"thermostat"} and "light" not in kinds
            else ("nothing",)
            if "light" not in kinds
            else ("light",)
        )
    return BARE.get(verb, ()) if thing and not ALL & set(fold(thing)) else ()


def _prefer(verb: str, found: Selection, thing: str) -> Selection:
    """Among several players the one that plays (or, to go on, the one that paused)."""
    several = found.ambiguous or (found.devices if len(found.devices) > 1 else ())
    if verb not in PLAYING or not several or (found.devices and not found.bare) or ALL & set(fold(thing)):
        return found
    wanted = ("paused",) if verb == "resume" else ("playing",)
    active = tuple(
        d
        for d in several
        if d.state.get("playback") in wanted or (d.state.get("activity") == "cleaning" and verb in ("stop", "pause"))
    )
    if len(active) == 1 or (active and (verb == "stop_playing" or (thing and verb in ("pause", "stop")))):
        return Selection(active, group=len(active) > 1)
    return Selection(ambiguous=active or several) if len(several) > 1 else found


def _quiet(verb: str, found: Selection) -> bool:
    players = [device for device in found.ambiguous if isinstance(device, Player)]
    return verb in ("stop_playing", "pause") and bool(players) and not any(d.state.get("playback") == "playing" for d in players)


def _step(verb: str, slots: Mapping[str, Any], device: Device, name: str) -> dict[str, Any]:
    """The absolute value after a relative wish."""
    _, _, field, step, low, high = next(one for one in STEPS[verb] if isinstance(device, one[0]))
    now = device.state.get(field)
    if field in ("brightness", "speed") and (now is None or device.state.get("on") is False):
        now = 0
    if now is None:
        raise Say(f"I don't know the present {field.replace('_', ' ')} of {name}, so I cannot change it by a step.")
    if field == "brightness" and now == 0 and step < 0:
        raise Say(f"{name} is off.")
    if isinstance(slots.get("number"), (int, float)):
        step = abs(float(slots["number"])) * (1 if step > 0 else -1) * (5 / 9 if slots.get("unit") == "fahrenheit" else 1)
    value = min(high, max(low, now + step))
    if value == now:
        raise Say(f"{name} is already as far as it goes ({now:g}).")
    return {field: round(value, 1) if field == "target" else round(value)}


def _value(argument: str, command: str, slots: Mapping[str, Any], device: Device, name: str) -> dict[str, Any]:
    """The argument of an absolute command, in its unit and range; Say when it is outside."""
    if argument == "mode" and command == "arm":
        return {"mode": slots.get("alarm_mode", "away")}
    if argument in ("media", "source", "item", "mode"):
        return {argument: str(slots.get(argument, slots.get("media", "something")))}
    if argument == "color":
        color = str(slots["color"]).replace(" ", "").casefold()
        if not is_color(color):
            raise Say(f"I don't know the colour {slots['color']}.")
        return {"color": color}
    number = float(slots.get("white", slots.get("level", slots.get("number", 0))))
    if command in PERCENT:
        return {argument: round(_within(number, 0, 100, "percent", name))}
    if argument == "color_temperature":
        return {argument: round(_within(number, 1000, 12000, "kelvin", name))}
    fahrenheit = slots.get("unit") == "fahrenheit" or (
        slots.get("unit") != "celsius"
        and ((isinstance(device, Climate) and 45 < number < 100) or (not isinstance(device, Climate) and 100 < number < 213))
    )
    celsius = (number - 32) * 5 / 9 if fahrenheit else number
    high = 35.0 if isinstance(device, Climate) else HIGHEST
    return {argument: round(_within(celsius, LOWEST, high, "degrees Celsius", name), 1)}


def _within(number: float, low: float, high: float, unit: str, name: str) -> float:
    if not low <= number <= high:
        raise Say(f"{name} can only be set between {low:g} and {high:g} {unit}.")
    return number
