"""Answers to questions about the state of the house, composed from what devices reported and nothing else."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from claw.capabilities import ListItems, Player, Sensor
from claw.device import Device
from claw.names import ALL, HOME, KINDS_SAID, Selection, fold, singular
from claw.reflex.reading import Context
from claw.reflex.sensing import NOBODY_KNOWS, Sensing
from claw.reflex.states import OPPOSITE, could_be, is_so, measure, moving, now_words, of_air, status
from claw.reflex.telling import MOST, WHOLE
from claw.turns.replies import are, called, capital, few, plural_of, within

LEFT_ON = ("light", "switch", "fan", "heater", "player")  # what "anything" means, left on; the heating stays on for months
ASPECTS = {  # what of a device is asked about -> the fields that tell it, the first that it has
    "volume": ("volume",), "brightness": ("brightness",), "color": ("color", "color_temperature"), "speed": ("speed",),
    "position": ("position", "open", "tilt"), "target": ("target", "mode", "color_temperature"), "mode": ("mode",),
    "source": ("source",),
}  # fmt: skip
TELLING = {"volume": "speaker", "brightness": "light that can be dimmed", "color": "coloured light", "speed": "fan",
           "position": "shade", "target": "thermostat", "mode": "thermostat", "source": "player"}  # fmt: skip
Fits = Callable[[Device], bool]


class Answers(Sensing):
    """Short plain sentences about one house."""

    def reply(self, verb: str, slots: Mapping[str, Any], context: Context) -> str:
        """The answer to a question; empty when its words are not known, and then `missed` says which."""
        thing = " in ".join(str(slots[name]) for name in ("thing", "place") if slots.get(name))
        if verb == "ask_noticed" and slots.get("presence"):
            return self.presence("" if set(fold(thing)) <= HOME else thing) or NOBODY_KNOWS
        if verb == "ask_noticed":
            return self.noticing(str(slots["noticed"]), thing)
        if verb == "ask_state":
            return self._states(thing, str(slots.get("state", "")), slots, context)
        if verb == "ask_count":
            return self._count(thing, slots, context)
        if verb == "ask":
            return self._ask(thing, slots, context)
        measured = verb.removeprefix("ask_")
        if verb == "ask_playing":
            found = self._find(thing, slots, context, lambda device: isinstance(device, Player))
            devices = found.devices or found.ambiguous
            return self.playing(devices, found.place, bool(slots.get("whether"))) if devices else ""
        found = self._find(thing, slots, context, lambda device: of_air(self.house, device, measured) is not None)
        if thing and not (found.devices or found.ambiguous):
            missed, found = found, self._find(thing, slots, context, lambda device: measure(device, measured) is not None)
            self.missed = found if found.devices or found.ambiguous else missed
        devices = found.devices or found.ambiguous
        if not devices and fold(thing)[:1] in (["outside"], ["outdoors"]):
            return "I know no thermometer outside." if measured == "temperature" else "I know no sensor for that outside."
        return self.measures(devices, measured) if devices else ""

    def about(self, slots: Mapping[str, Any]) -> tuple[str, ...]:
        """The ids of the devices of the last answer; when it told which are so, of those."""
        devices = self.missed.devices or self.missed.ambiguous
        so = [device.id for device in devices if slots.get("state") and is_so(device, str(slots["state"]))]
        return tuple(so or (device.id for device in devices))

    def _find(self, thing: str, slots: Mapping[str, Any], context: Context, fits: Fits | None) -> Selection:
        """The devices that are asked about; what is not known is kept in `missed`."""
        group = not thing or bool(ALL & set(fold(thing)))
        narrow: dict[str, Any] = {"fits": fits, "area": str(slots.get("area", "")), "kinds": slots.get("kinds")}
        narrow |= {"sort": str(slots.get("sort", "")), "topic": context.topic.devices}
        found = self.names.find(thing.removeprefix("any "), all=group, **narrow)
        if found.ambiguous or (group and not thing and context.area):
            near = self.names.find(thing, speaker_area=context.area, **narrow)
            found = near if near.devices else found
        self.missed = found
        return found

    # -- in a state or not

    def _states(self, thing: str, state: str, slots: Mapping[str, Any], context: Context) -> str:
        """Whether, or which of them, are in this state."""
        found = self._find(thing, slots, context, lambda device: is_so(device, state) is not None)
        devices = found.devices or found.ambiguous
        if not devices:
            return self._untold(thing, state, slots, context, found)
        vague = found.bare and not slots.get("kinds")
        if vague and state in ("on", "off", "running"):
            devices = tuple(one for one in devices if one.kind in LEFT_ON or one in found.named) or devices
        place, whether = found.place or str(slots.get("area", "")), bool(slots.get("whether"))
        noun = "thing" if vague else _noun(thing, devices)
        some = thing.startswith("any") or (not whether and not slots.get("either") and singular(noun) in _stems(thing))
        if len(devices) == 1 and not some:
            said = self._yes_no(devices[0], state)
            return capital(said.removeprefix("Yes, ").removeprefix("No, ")) if slots.get("either") or not whether else said
        every = whether and bool(thing) and not some
        if every and (said := self._all(devices, state)):
            return said
        return self._some(devices, state, noun, place, whether=whether and not every, every=every)

    def _untold(self, thing: str, state: str, slots: Mapping[str, Any], context: Context, missed: Selection) -> str:
        """What can be said of named devices that do not tell this state; empty when there is nothing of that name."""
        found = self._find(thing, slots, context, lambda device: could_be(type(device), state)) if thing else missed
        devices, yet = found.devices or found.ambiguous, True
        if thing and not devices:
            found, yet = self._find(thing, slots, context, None), False
            devices = found.devices or found.ambiguous
            devices = tuple(one for one in devices if not isinstance(one, Sensor)) or devices
        if not devices or found.bare or found.guess or len(devices) > WHOLE:
            self.missed = missed
            return ""
        it = called(self.house, devices) if len(devices) > 1 else self.called(devices[0], short=True)
        many = len(devices) > 1 or are(it) == "are"
        if yet:
            return capital(f"{it} {'have' if many else 'has'} not told me yet whether {'they are' if many else 'it is'} {state}.")
        if len(devices) > 1 or not status(devices[0]):
            return f"I can't tell whether {it} {'are' if many else 'is'} {state}."
        return f"{self.describe(devices[0], short=True)} I can't tell whether {'they are' if many else 'it is'} {state}."

    def _all(self, devices: Sequence[Device], state: str) -> str:
        """Yes when all are so, no when none is or some should; empty when some are so and that is worth a count."""
        there = [device for device in devices if device.online or state in ("online", "offline")]
        not_so = [device for device in there if not is_so(device, state)]
        if there and not not_so:
            return f"Yes, {called(self.house, there)}{_are(there)}{state}.{self.silent(devices)}"
        opposite = OPPOSITE.get(state, "")
        if len(not_so) == len(devices) and all(is_so(device, opposite) for device in not_so):
            return f"No, {called(self.house, devices)}{_are(devices)}{opposite}."
        if not not_so or state in ("on", "open", "unlocked", "playing", "running", "wet", "muted"):
            return ""
        words = {OPPOSITE.get(state) if is_so(one, OPPOSITE.get(state, "")) else now_words(one, state) for one in not_so}
        if len(words) > 1:
            return f"No: {few([f'{self.placed(one)} is {now_words(one, state)}' for one in not_so], MOST)}.{self.silent(devices)}"
        return f"No: {self.listed(not_so)}{_are(not_so)}{state if state == 'empty' else words.pop()}.{self.silent(devices)}"

    def _some(self, devices: Sequence[Device], state: str, noun: str, place: str, *, whether: bool, every: bool) -> str:
        """How many of them are so, and which."""
        fitting = [one for one in devices if is_so(one, state) and (one.online or state == "offline")]
        fitting.sort(key=lambda device: device.kind == "shade")  # an open door matters more
        where, silent = f" {within(place)}" if place else "", "" if state in ("online", "offline") else self.silent(devices)
        if not fitting:
            nothing = "nothing" if noun == "thing" else f"no {plural_of(noun)}"
            said = f"{'No, ' * whether}{nothing} {'is' if noun == 'thing' else 'are'} {state}{where}."
            return capital(said) + silent
        one, of = len(fitting) == 1, f" of {len(devices)}" if every and len(fitting) < len(devices) else ""
        said = f"{len(fitting)}{of} {noun if one and not of else plural_of(noun)} {'is' if one else 'are'} {state}"
        return f"{'Yes, ' * whether}{said}: {self.listed(fitting, rooms=not place)}.{silent}"

    def _yes_no(self, device: Device, state: str) -> str:
        now, name = now_words(device, state), self.called(device, short=True)
        if state in ("online", "offline"):
            yes = "Yes" if is_so(device, state) else "No"
            return f"{yes}, {name} {are(name)} online." if device.online else f"{yes}, I can't reach {self.called(device)}."
        if not device.online:
            return f"I can't reach {self.called(device)}; when I last heard from it, it was {now}."
        if state in ("open", "closed", "locked", "unlocked") and (way := moving(device)):
            return f"{capital(name)} {are(name)} {way}."
        return f"{'Yes' if is_so(device, state) else 'No'}, {name} {are(name)} {now}."

    # -- how something is

    def _ask(self, thing: str, slots: Mapping[str, Any], context: Context) -> str:
        """How it is: as a whole, in one aspect, or whether a list has an item."""
        aspect, item = str(slots.get("aspect", "")), str(slots.get("item", ""))
        if not (thing or aspect or item or slots.get("area") or slots.get("kinds")):
            self.missed = Selection(unknown="anything")
            return ""
        if item or aspect == "count":
            found = self._find(thing, slots, context, lambda device: isinstance(device, ListItems))
            lists = found.devices or found.ambiguous
            if lists:
                return next(
                    (said for one in lists if (said := self._on_list(one, item)).startswith("Yes")), self._on_list(lists[0], item)
                )
        if aspect in ("battery", *ASPECTS) and (said := self._aspect(aspect, thing, slots, context)):
            return said
        found = self._find(thing, slots, context, None)
        devices = found.devices or found.ambiguous
        if found.bare and found.place and aspect in TELLING:
            return f"There is no {TELLING[aspect]} {within(found.place)}."
        if aspect == "where" and devices and len(devices) <= MOST and any(one.kind != "vacuum" for one in devices):
            return " ".join(self._where(device) for device in devices)
        if len(devices) <= WHOLE:
            return " ".join(self.describe(device) for device in devices)
        if not (found.bare or set(fold(thing)) & {*ALL, *HOME}):
            return " ".join(self.describe(device) for device in devices) if len(devices) <= MOST else ""
        from claw.reflex.overview import overview

        return overview(self, devices, found.place)

    def _aspect(self, aspect: str, thing: str, slots: Mapping[str, Any], context: Context) -> str:
        """One value of each device that has it; empty when none has."""
        if aspect == "battery":
            return self._battery(thing, slots, context)
        found = self._find(thing, slots, context, lambda device: any(field in device.state for field in ASPECTS[aspect]))
        devices = found.devices or found.ambiguous
        if found.bare and len(devices) > 1:  # the first field is what was said, the others stand in for it
            devices = tuple(one for one in devices if ASPECTS[aspect][0] in one.state) or devices
        return " ".join(self._told(device, ASPECTS[aspect]) for device in devices[:MOST])

    def _told(self, device: Device, fields: Sequence[str]) -> str:
        field = next(field for field in fields if field in device.state)
        name, words = self.called(device, short=True), status(device, [field])
        if field == "target" and device.state.get("mode") == "off":
            words = f"off ({words})"
        if not device.online:
            return f"I can't reach {self.called(device)}; when I last heard from it, it was {words}."
        return capital(f"{name} {are(name)} {words}.")

    def _battery(self, thing: str, slots: Mapping[str, Any], context: Context) -> str:
        fits: Fits = lambda one: "battery" in one.state or "battery" in fold(" ".join(self.house.called(one)))  # noqa: E731
        found = self._find(thing, slots, context, fits)
        if devices := found.devices or found.ambiguous:
            return " ".join(self.describe(device) for device in devices[:MOST])
        named = self._find(thing, slots, context, None).devices if thing else ()
        return f"I don't know: {called(self.house, named)} {'do' if len(named) > 1 else 'does'} not tell me." if named else ""

    def _where(self, device: Device) -> str:
        area, name = self.house.area(device), self.called(device)
        if not area:
            return f"I don't know in which room {name} {are(name)}."
        return capital(f"{name} {are(name)} {within(area)}.")

    def _count(self, thing: str, slots: Mapping[str, Any], context: Context) -> str:
        """How many of them are here."""
        thing = re.sub(r"^(?:devices?|things)\b(?: in)? ?", "", thing)
        found = self._find(f"all {thing}".strip(), slots, context, None)
        if not found.devices:
            return ""
        one, noun = len(found.devices) == 1, "device" if found.bare else _noun(thing, found.devices)
        where = f" {within(found.place)}" if found.place else ""
        return f"There {'is 1 ' + noun if one else f'are {len(found.devices)} {plural_of(noun)}'}{where}."

    def _on_list(self, device: Device, item: str) -> str:
        """Whether the item is on the list, as a person means it: "egg" is there with "eggs"; without an item, how many."""
        name, items = self.called(device), list(device.state.get("items", ()))
        if not item:
            many = "1 thing is" if len(items) == 1 else f"{len(items) or 'No'} things are"
            return f"{many} on {name}" + (f": {few(items, MOST)}." if items else ".")
        said = {singular(word) for word in fold(item)}
        same = [one for one in items if said <= {singular(word) for word in fold(one)}]
        if same:
            return f"Yes, {few(same, MOST)} {'is' if len(same) == 1 and not same[0].endswith('s') else 'are'} on {name}."
        done = item.casefold() in (str(one).casefold() for one in device.state.get("done", ()))
        return f"No, {item} is {'ticked off' if done else 'not'} on {name}."


def _are(devices: Sequence[Device]) -> str:
    return " is " if len(devices) == 1 else " are "


def _noun(thing: str, devices: Sequence[Device]) -> str:
    """What they are called, for a count: the word of the question, else their common kind."""
    said = next((one for word in fold(thing) if (one := singular(word)) in KINDS_SAID and one != word), "")
    kinds = {device.kind for device in devices}
    return said or (kinds.pop() if len(kinds) == 1 else "device")


def _stems(thing: str) -> set[str]:
    return {singular(word) for word in fold(thing) if singular(word) != word}
