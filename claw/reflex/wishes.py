"""From a verb and what was said with it to calls: which devices are meant, which command each takes, which absolute value."""

import contextlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from claw.call import ToolCall
from claw.capabilities import Climate, Player
from claw.color import is_color
from claw.device import Device
from claw.names import ALL, KINDS_SAID, POINTING, Names, Selection, fold, stems
from claw.reflex import deeds
from claw.reflex.reading import Context, Option, Topic
from claw.turns.replies import call_of_it, called, capital, spoken, state_words, the, within

IMPLYING = ("volume", "target", "speed")  # verbs that say the kind of thing by themselves
ACTIVE = {  # for a wish without a thing: what a player that was spoken of must be doing
    **dict.fromkeys(("pause", "stop_playing", "next", "previous"), ("playing",)), "resume": ("paused",),
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What a wish came to: calls, a reply (beside calls: how they were understood), options; `miss` = words are not known."""

    calls: tuple[ToolCall, ...] = ()
    reply: str = ""
    options: tuple[Option, ...] = ()
    miss: bool = False
    sure: bool = False  # a miss, but every word was understood
    guess: bool = False  # a typing slip was corrected: only if nothing else fits
    topic: Topic | None = None  # what it speaks of
    note: str = ""


SHOWN = 6  # devices that --explain names


BIT = 20  # percent of a shade
AND_SIGN = "\x00"
ITEMS = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*|\s+plus\s+", re.IGNORECASE)
PAIRED = re.compile(
    r"\b(?:salt and (?:pepper|vinegar)|fish and chips|mac(?:aroni)? and cheese|bread and butter|rice and beans|gin and tonic"
    r"|oil and vinegar|peanut butter and jelly|cookies and cream|ham and cheese|half and half|head and shoulders)\b",
    re.IGNORECASE,
)  # what is bought or asked for as one


class Say(Exception):
    """The wish cannot be a deed; the text tells the person why."""


class Needless(Say):
    """There is nothing to do at this one device; the others of a group go on."""


class Wishes:
    """Turns verbs into calls for one house."""

    def __init__(self, names: Names) -> None:
        self.names, self.house = names, names.house

    def plan(self, verb: str, slots: Mapping[str, Any], context: Context) -> Outcome:
        """What the verb with these slots (thing, number, unit, color, media, item, area, kinds ...) would do; nothing is done."""
        if verb == "play" and _no_media(slots):
            return Outcome(miss=True)
        if verb in deeds.LISTING and len(items := _items(str(slots.get("item", "")))) > 1:
            return _all([self.plan(verb, {**slots, "item": one}, context) for one in items])
        found, said = _holding(verb, slots, self._select(verb, slots, context)), verb
        if found.unknown and verb in deeds.INSTEAD:
            lock = self._select(deeds.INSTEAD[verb], slots, context)
            verb, found = (deeds.INSTEAD[verb], lock) if (lock.devices or lock.ambiguous) and not lock.bare else (verb, found)
            if verb == "lock":
                it = called(self.house, found.devices or found.ambiguous).removesuffix(" lock")
                return Outcome(reply=f"I cannot close {it}, only lock it.")
        if verb == "set" and found.bare and (options := self._lights_or_heat(slots, found)):
            return Outcome(options=options, note="a bare number")
        note = self._note(found)
        topic = Topic(said, slots, tuple(device.id for device in found.devices))
        if found.unknown:
            return Outcome(reply=self.unknown(found, verb, slots), miss=True, sure=found.bare, note=note)
        if "thing" in slots and _quiet(verb, found):
            return Outcome(reply="Nothing is playing.", guess=found.guess, note=note)
        try:
            if found.ambiguous:
                return _spoken_of(replace(self._options(verb, slots, found.ambiguous, note), guess=found.guess), topic)
            calls = self._calls(verb, slots, found.devices)
            return _spoken_of(Outcome(calls, _understood(verb, slots, calls), guess=found.guess, note=note), topic)
        except Say as error:
            return Outcome(reply=capital(str(error)), guess=found.guess, topic=topic, note=note)

    def _note(self, found: Selection) -> str:
        """What the words came to, for --explain."""
        if found.unknown:
            return f"nothing is called “{found.unknown}”" + (f" in {found.place}" if found.place else "")
        some = found.devices or found.ambiguous
        names = (" or " if found.ambiguous else ", ").join(self.house.name(device) for device in some[:SHOWN])
        more = f" and {len(some) - SHOWN} more" if len(some) > SHOWN else ""
        why = ("a slip was corrected" * found.guess, f"all that is in {found.place}" * bool(found.bare and found.place))
        return f"{names}{more}" + "".join(f" ({one})" for one in why if one)

    def _select(self, verb: str, slots: Mapping[str, Any], context: Context) -> Selection:
        thing = _thing(slots)
        kinds = slots.get("kinds") or (None if thing or slots.get("area") else deeds.BARE.get(verb))
        fitting = _narrow(verb, slots)
        said = thing or slots.get("area") or slots.get("sort") or (slots.get("kinds") and verb not in IMPLYING)
        if "ids" in slots or not said:
            if devices := self._spoken_of(verb, fitting, slots, context):
                return Selection(devices, group=len(devices) > 1)
            if "ids" in slots:
                return Selection(unknown="it")
        area, group = slots.get("area", ""), bool(slots.get("area")) and not thing
        able: dict[type, bool] = {}
        found = self.names.find(
            thing, kinds=kinds, sort=slots.get("sort", ""), area=area, speaker_area=context.area, all=group,
            fits=lambda device: _able(fitting, type(device), able), topic=context.topic.devices,
        )  # fmt: skip
        if found.bare and found.devices and not slots.get("kinds") and (meant := _meant(verb, thing, found)):
            devices = tuple(device for device in found.devices if device.kind in meant or device in found.named)
            devices = devices or self._namesake(thing, found.devices)
            found = replace(found, devices=devices) if devices else Selection(unknown=meant[0], place=found.place, bare=True)
        if verb == "turn_off" and found.bare:
            found = replace(found, devices=tuple(device for device in found.devices if not _idle(device)) or found.devices)
        if verb == "pause" and found.group:
            found = replace(found, devices=tuple(device for device in found.devices if not _silent(device)) or found.devices)
        return _prefer(verb, found, thing)

    def _spoken_of(
        self, verb: str, fitting: Sequence[deeds.Deed], slots: Mapping[str, Any], context: Context
    ) -> tuple[Device, ...]:
        """The devices last spoken of that a wish without a thing fits: "brighter", "pause"."""
        known = [self.house.devices[id] for id in slots.get("ids", context.topic.devices) if id in self.house.devices]
        kinds = slots.get("kinds")
        fits = tuple(device for device in known if _deed(fitting, device) and (not kinds or device.kind in kinds))
        active = ACTIVE.get(verb, ()) if "ids" not in slots else ()
        return fits if not active or any(device.state.get("playback") in active for device in fits) else ()

    def _lights_or_heat(self, slots: Mapping[str, Any], found: Selection) -> tuple[Option, ...]:
        """A bare number for a room with lights and one thermostat, when it could be % or °C: what each would do."""
        there = self.names.find(found.place, kinds=("thermostat",)).devices if found.place else ()
        number = slots.get("number")
        if not isinstance(number, (int, float)) or slots.get("unit") or not deeds.LOWEST <= number <= 35:
            return ()
        if len(there) != 1 or {device.kind for device in found.devices} != {"light"}:
            return ()
        both = ((found.devices, f"{number:g} %"), (there, f"{number:g} °C"))
        return tuple(
            Option(f"{called(self.house, devices)} at {value}", self._calls("set", {"number": number}, devices))
            for devices, value in both
        )

    def _namesake(self, thing: str, devices: Sequence[Device]) -> tuple[Device, ...]:
        """The only device of a place that bears its name: the fountain's "Fountain Switch"."""
        alike = [device for device in devices if set(stems(thing)) <= set(stems(self.house.name(device)))]
        return tuple(alike) if len(alike) == 1 and alike[0].kind == "switch" else ()

    def unknown(self, found: Selection, verb: str = "", slots: Mapping[str, Any] | None = None) -> str:
        """A sentence that says which words the house does not know, or what is there but cannot do it."""
        if found.unknown == "here":
            return "I don't know which room you are in."
        deed = "tell" if verb.startswith("ask") else "do"
        if unable := self._unable(found, slots or {}):
            if verb == "source":  # "set the lamp to soft pink": words that no level knows
                return ""
            return f"{capital(called(self.house, unable))} {deeds.UNABLE.get(verb, f'cannot {deed} that')}."
        if verb in ("lock", "unlock") and (door := self._door(slots or {})):
            return f"{capital(called(self.house, door))} {deeds.UNABLE[verb]}."
        if found.place:
            whole = found.unknown in ("anything", found.place)
            what = _sought(verb, slots or {}) if whole else spoken(found.unknown)
            return f"There is no {what} {within(found.place)}." if what else f"Nothing {within(found.place)} could {deed} that."
        if found.unknown == "anything":
            return f"There is no device here that could {deed} that."
        if found.unknown and POINTING.issuperset(found.unknown.split()):
            return f"I do not know what “{found.unknown}” is; name it."
        said = _in_own_words(found.unknown, slots or {})
        if found.unknown.count(" ") > 2:
            return f"I don't know what you mean by “{said}”."
        return f"I know no {said} here." + (f" Did you mean {the(found.nearest)}?" if found.nearest else "")

    def _unable(self, found: Selection, slots: Mapping[str, Any]) -> tuple[Device, ...]:
        """The devices that were named, when it is only that they cannot do it."""
        thing = _thing(slots)
        narrow = {"kinds": slots.get("kinds"), "sort": slots.get("sort", ""), "area": slots.get("area", "")}
        if "ids" in slots:
            return tuple(self.house.devices[id] for id in slots["ids"] if id in self.house.devices)
        if not thing and not slots.get("kinds"):
            return ()
        named, said = self.names.find(thing, all=not thing, **narrow), stems(thing)
        devices = () if named.bare else named.devices or named.ambiguous
        sure = not thing or set(said) & KINDS_SAID or any(stems(self.house.name(device)) == said for device in devices)
        return devices if sure else ()

    def _door(self, slots: Mapping[str, Any]) -> tuple[Device, ...]:
        """The only door of a place that was named, when it bears the name: "lock the garage"."""
        thing = str(slots.get("thing", ""))
        found = self.names.find(thing, kinds=("door",)).devices if thing else ()
        return found if len(found) == 1 and set(stems(thing)) <= set(stems(self.house.name(found[0]))) else ()

    def _options(self, verb: str, slots: Mapping[str, Any], devices: Sequence[Device], note: str) -> Outcome:
        """A question between those that it would change; no question when that is one."""
        options = []
        for device in self._lit(verb, devices):
            with contextlib.suppress(Needless):
                options.append(Option(self._label(device, devices), self._calls(verb, slots, [device])))
        if len(options) > 1:
            return Outcome(options=tuple(options), note=note)
        return Outcome(options[0].calls if options else self._calls(verb, slots, devices), note=note)

    def _label(self, device: Device, among: Sequence[Device]) -> str:
        name = self.house.name(device)
        twins = [one for one in among if self.house.name(one) == name]
        where = self.house.area(device) if len({self.house.area(one) for one in twins}) > 1 else device.kind
        return f"{name} ({where})" if len(twins) > 1 else name

    def _calls(self, verb: str, slots: Mapping[str, Any], devices: Sequence[Device]) -> tuple[ToolCall, ...]:
        grouped: dict[str, tuple[str, dict[str, Any], list[str]]] = {}
        needless: list[Needless] = []
        for device in self._lit(verb, devices):
            try:
                command, args = self._command(verb, slots, device)
            except Needless as error:
                needless.append(error)
                continue
            grouped.setdefault(f"{command} {sorted(args.items())}", (command, args, []))[2].append(device.id)
        if needless and not grouped:
            raise needless[0]
        return tuple(ToolCall(command, tuple(ids), args) for command, args, ids in grouped.values())

    def _lit(self, verb: str, devices: Sequence[Device]) -> Sequence[Device]:
        """A step concerns those that are on, if any is."""
        lit = [device for device in devices if device.state.get("on") is not False] if verb in deeds.STEPS else devices
        if not lit and verb in deeds.DARKER:
            raise Say(f"{called(self.house, devices)} {'are' if len(devices) > 1 else 'is'} off.")
        return lit or devices

    def _command(self, verb: str, slots: Mapping[str, Any], device: Device) -> tuple[str, dict[str, Any]]:
        name, deed = call_of_it(self.house, device), _deed(_narrow(verb, slots), device)
        assert deed is not None  # the selection asked for it
        if deed[1] == "set_position" and verb in deeds.ALL_THE_WAY and not slots.keys() & {"bit", "number", "share"}:
            return deeds.ALL_THE_WAY[verb], {}
        if verb in deeds.STEPS:
            return deed[1], _step(verb, slots, device, name)
        argument = deeds.ARGUMENT.get(deed[1])
        return deed[1], {} if argument is None else _value(argument, deed[1], slots, device, name)


def _holding(verb: str, slots: Mapping[str, Any], found: Selection) -> Selection:
    """Of several lists the one that the thing stands on, where it is to come off."""
    if verb not in ("tick_item", "remove_item") or not found.ambiguous:
        return found
    item = fold(str(slots.get("item", "")))
    holding = [one for one in found.ambiguous if item in [fold(str(other)) for other in one.state.get("items", ())]]
    return replace(found, devices=(holding[0],), ambiguous=()) if len(holding) == 1 else found


def _spoken_of(outcome: Outcome, topic: Topic) -> Outcome:
    """The outcome with its topic: the devices of its calls; none while it is asked which."""
    ids = tuple(dict.fromkeys(id for call in outcome.calls for id in call.targets))
    return replace(outcome, topic=replace(topic, devices=ids, did=bool(ids)))


def _items(said: str) -> list[str]:
    """The things of "milk, eggs and bread", but "salt and pepper" is one."""
    kept = PAIRED.sub(lambda m: m[0].replace(" and ", AND_SIGN), said)
    return [part.replace(AND_SIGN, " and ").strip() for part in ITEMS.split(kept) if part.strip()]


def _all(outcomes: list[Outcome]) -> Outcome:
    """Several wishes as one: all of them, or the first that cannot be."""
    failed = next((one for one in outcomes if not one.calls), None)
    return failed or replace(outcomes[0], calls=tuple(call for one in outcomes for call in one.calls))


def _thing(slots: Mapping[str, Any]) -> str:
    """The words for what is meant: "the lamp in the study"."""
    return " in ".join(str(slots[name]) for name in ("thing", "place") if slots.get(name))


def _sought(verb: str, slots: Mapping[str, Any]) -> str:
    """What a room lacks for this verb; empty when it could be many things."""
    kinds = slots.get("kinds") or deeds.BARE.get("target" if slots.get("unit") in ("degrees", "celsius", "fahrenheit") else verb)
    return deeds.SOUGHT.get(verb) or (kinds[0] if kinds else "player" if verb in deeds.PLAYING else "")


def _in_own_words(unknown: str, slots: Mapping[str, Any]) -> str:
    """The unknown words as the person said them: the shortest run of the sentence that has them all."""
    said, sought = str(slots.get("thing", "")).split(), set(unknown.split())
    runs = (said[a:b] for length in range(1, len(said) + 1) for a in range(len(said)) if (b := a + length) <= len(said))
    return next((" ".join(run) for run in runs if sought <= set(stems(" ".join(run)))), unknown)


def _no_media(slots: Mapping[str, Any]) -> bool:
    """Whether this is no wish to hear something: "play with the kids", "play nice"."""
    return bool(deeds.NO_MEDIA & {(*fold(str(slots.get("media", ""))), "")[0]})


def _understood(verb: str, slots: Mapping[str, Any], calls: Sequence[ToolCall]) -> str:
    """How a number without a unit was taken, when it was not as °C."""
    for call in calls:
        number = slots.get("number")
        if call.command == "set_target" and verb not in deeds.STEPS and slots.get("unit") != "fahrenheit" and number is not None:
            target = call.args["target"]
            return f"I took that as {number:g} °F." if abs(target - float(number)) > 0.1 else ""
    return ""


def _narrow(verb: str, slots: Mapping[str, Any]) -> tuple[deeds.Deed, ...]:
    """The deeds of a verb that agree with the unit that was said."""
    meant = deeds.DEEDS[verb]
    if verb != "set" or not slots.get("unit"):
        return meant
    return tuple(deed for deed in meant if (deed[1] in deeds.PERCENT) == (slots["unit"] == "percent"))


def _able(fitting: Sequence[deeds.Deed], kind: type, known: dict[type, bool]) -> bool:
    """Whether devices of this class have one of the deeds; each class is asked once."""
    if kind not in known:
        known[kind] = any(issubclass(kind, deed[0]) for deed in fitting)
    return known[kind]


def _deed(fitting: Sequence[deeds.Deed], device: Device) -> deeds.Deed | None:
    return next((deed for deed in fitting if isinstance(device, deed[0])), None)


def _meant(verb: str, thing: str, found: Selection) -> tuple[str, ...]:
    if ALL & set(fold(thing)) and verb in deeds.EVERYTHING:
        return deeds.EVERYTHING[verb]
    kinds = {device.kind for device in found.devices}
    if verb == "set" and len(kinds) > 1:  # "set the bedroom to 20": 20 of what?
        return ("light",) if "light" in kinds else ("thermostat",) if "thermostat" in kinds else ("nothing",)
    return deeds.BARE.get(verb, ()) if thing and not ALL & set(fold(thing)) else ()


def _silent(device: Device) -> bool:
    """Whether it is a player that plays nothing, which cannot be paused."""
    return isinstance(device, Player) and device.state.get("playback") in ("paused", "stopped")


def _idle(device: Device) -> bool:
    """Whether it is a player without a switch that plays nothing: it is off already."""
    return isinstance(device, Player) and "on" not in device.state and device.state.get("playback") in ("paused", "stopped")


def _prefer(verb: str, found: Selection, thing: str) -> Selection:
    """Among several players the one that plays (or, to go on, the one that paused)."""
    several = found.ambiguous or (found.devices if len(found.devices) > 1 else ())
    if verb not in deeds.PLAYING or not several or (found.devices and not found.bare) or ALL & set(fold(thing)):
        return found
    wanted, cleaned = "paused" if verb == "resume" else "playing", "cleaning" if verb in ("stop", "pause") else "-"
    active = tuple(one for one in several if one.state.get("playback") == wanted or one.state.get("activity") == cleaned)
    if len(active) == 1 or (active and (verb == "stop_playing" or (thing and verb in ("pause", "stop")))):
        return Selection(active, group=len(active) > 1, guess=found.guess)
    return Selection(ambiguous=active or several, guess=found.guess) if len(several) > 1 else found


def _quiet(verb: str, found: Selection) -> bool:
    players = [device for device in found.ambiguous if isinstance(device, Player)]
    return verb in ("stop_playing", "pause") and bool(players) and not any(d.state.get("playback") == "playing" for d in players)


def _step(verb: str, slots: Mapping[str, Any], device: Device, name: str) -> dict[str, Any]:
    """The absolute value after a relative wish."""
    _, _, field, step, low, high = next(one for one in deeds.STEPS[verb] if isinstance(device, one[0]))
    now = device.state.get(field)
    if field in ("brightness", "speed") and (now is None or device.state.get("on") is False):
        now = 0
    if now is None:
        raise Say(f"I don't know the present {field.replace('_', ' ')} of {name}, so I cannot change it by a step.")
    if "share" in slots:
        step = math.copysign(now * slots["share"], step)
    elif field == "position" and slots.get("bit"):
        step = math.copysign(BIT, step)
    elif isinstance(slots.get("number"), (int, float)):
        step = abs(float(slots["number"])) * (1 if step > 0 else -1) * (5 / 9 if slots.get("unit") == "fahrenheit" else 1)
    value = min(high, max(low, now + step))
    if value == now:
        raise Needless(f"{name} is already at {state_words(device, field)}.")
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
    if command in deeds.PERCENT:
        return {argument: round(_within(number, 0, 100, "%", name))}
    if argument == "color_temperature":
        return {argument: round(_within(number, 1000, 12000, "K", name))}
    low, high = (45, 100) if isinstance(device, Climate) else (100, 213)  # what without a unit must be °F
    fahrenheit = slots.get("unit") == "fahrenheit" or (slots.get("unit") != "celsius" and low < number < high)
    celsius = (number - 32) * 5 / 9 if fahrenheit else number
    highest = 35.0 if isinstance(device, Climate) else deeds.HIGHEST
    return {argument: round(_within(celsius, deeds.LOWEST, highest, "°C", name), 1)}


def _within(number: float, low: float, high: float, unit: str, name: str) -> float:
    if not low <= number <= high:
        raise Say(f"{name} can only be set between {low:g} and {high:g} {unit}.")
    return number
