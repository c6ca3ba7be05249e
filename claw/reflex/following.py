"""Messages that mean something only after what was spoken of: "and the bedroom?", "a bit more", "no, the other one"."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from claw.house import House
from claw.names import KINDS_SAID, Names, Selection, fold, singular, stems
from claw.reflex import leaning
from claw.reflex.alias import plain
from claw.reflex.deeds import LISTING
from claw.reflex.leaning import ALSO, CORRECTS, NO_THING, VALUED
from claw.reflex.reading import Context, Reading, Request, Topic
from claw.reflex.states import is_so
from claw.reflex.wishes import Outcome
from claw.turns.replies import call_of_it, called, listed

Come = Callable[[str, dict[str, Any], Context], Outcome]  # a verb with slots -> what it comes to
Read = Callable[[str, Context], Reading | None]  # a sentence, or the choice of an option


class Following:
    """Reads what leans on the topic of a chat, by planning the topic's verb anew with another thing or value."""

    def __init__(self, names: Names, come: Come, read: Read) -> None:
        self.names, self.house, self.come, self.sentence = names, names.house, come, read

    def read(self, text: str, context: Context) -> Reading | None:
        """What a follow-up or a correction means; None when it is neither, or there is nothing that it could lean on."""
        topic, said = context.topic, _bare(" ".join(text.casefold().replace("’", "'").split()))
        if not said or len(said.split()) > 14:
            return None
        said = f"i meant {said.strip('* ')}" if "*" in (said[0], said[-1]) else said
        if context.question == "which":
            return self._choice(said, context)
        if context.question in ("pair", "room") and not leaning.MARKED.match(said):  # it may be what is waited for
            return None
        if (context.choices or context.question) and said.isdecimal():  # of a list that was shown
            return None
        if not topic.verb or not (topic.devices or topic.verb.startswith("ask")):
            return None
        bare = replace(context, question="", choices=0)
        opened = _bare(said[opening.end() :]) if (opening := leaning.OPENED.match(said)) else said
        if reading := self._now(opened, bare) or self._step(opened, bare) or self._part(opened, bare):
            return reading
        corrects = CORRECTS.fullmatch(said)
        if corrects and (context.extra.get("refused") or leaning.corrects(corrects)):
            return self._instead(corrects, bare) if topic.said or context.extra.get("refused") else None
        return self._also(opened if leaning.MARKED.match(opened) else said, bare)

    def tagged(self, text: str, thing: str, context: Context) -> Reading | None:
        """The same for a text of which the tagger says so, when nothing but linking words stand around the thing."""
        around = fold(text.casefold().replace(thing.casefold(), " ", 1))
        return self.same(thing, context) if thing and leaning.LINKS.issuperset(around) else None

    def same(self, thing: str, context: Context) -> Reading | None:
        """The topic's wishes or question for what these words mean; None when they mean nothing here."""
        topics = (*context.topic.besides, context.topic) if context.topic.verb else ()
        found = [self._with_thing(thing.casefold(), replace(context, topic=topic)) for topic in topics]
        readings = [reading for reading in found if reading]
        if len(found) == 1 or not all(reading and reading.calls for reading in found):
            return readings[-1] if found and found[-1] else None
        return replace(readings[-1], calls=tuple(call for one in readings for call in one.calls), topic=topic_of(readings))

    # -- another choice, another step

    def _choice(self, said: str, context: Context) -> Reading | None:
        """ "I meant the kitchen one" after "which one?"."""
        asked = CORRECTS.fullmatch(said)
        picked = self.sentence(asked["rest"], context) if asked and leaning.corrects(asked) else None
        return picked if picked and picked.control.startswith("pick:") else None

    def _now(self, said: str, context: Context) -> Reading | None:
        """The question once more; or what a word for routines, too, would do with "it"."""
        if leaning.STILL.fullmatch(said) and context.topic.verb.startswith("ask"):
            return self._planned(context.topic.verb, dict(context.topic.slots), context)
        lists = context.topic.verb in LISTING  # "make that oat milk" is a correction
        whole = self.sentence(said, context) if leaning.WITH_IT.match(said) and not lists else None
        return whole if whole and whole.calls else None

    def _step(self, said: str, context: Context) -> Reading | None:
        """More, less, too much, even brighter, as it was."""
        topic = context.topic
        if topic.verb.startswith("ask"):
            return None
        if (back := leaning.BEFORE.fullmatch(said)) and (
            not back["used"] or topic.verb in ("turn_off", "close", "pause", "mute")
        ):
            return Reading("grammar", request=Request("history", "undo"), trace=("as it was",)) if topic.said else None
        verb, slots = leaning.stepped(said, topic)
        if not verb:
            return None
        if verb in ("up", "down") and (shaded := self._shaded(topic, verb)):
            return self._planned("set", {**shaded, "ids": topic.aimed}, context)
        return self._planned(verb, {**slots, "ids": topic.aimed}, context)

    def _part(self, said: str, context: Context) -> Reading | None:
        """Only some of the devices that were meant, or an item that is to go from their list again."""
        topic, part = context.topic, leaning.PART.fullmatch(said)
        off = leaning.OFF_LIST.fullmatch(said) if topic.verb == "add_item" else None
        item = off and (topic.slots.get("item") if off["item"] in ("it", "that", "them") else off["item"])
        if item and any(item in self.house.devices[id].state.get("items", ()) for id in topic.aimed if id in self.house.devices):
            return self._planned("remove_item", {"item": item, "ids": topic.aimed}, context)
        if not part or not topic.did or not topic.said or len(topic.aimed) < 2:
            return None
        kinds = {self.house.devices[id].kind for id in topic.aimed if id in self.house.devices}
        some = {device.id for device in self.names.find(part["rest"], kinds=kinds, all=True).devices}
        ids = tuple(id for id in topic.aimed if (id in some) == bool(part["only"]))
        reading = self._planned(topic.verb, {**_kept(topic), "ids": ids}, context) if 0 < len(ids) < len(topic.aimed) else None
        return self._corrected(reading, context) if reading else None

    def _shaded(self, topic: Topic, verb: str) -> dict[str, Any] | None:
        """A further position for the one shade that was spoken of."""
        devices = [self.house.devices[id] for id in topic.aimed if id in self.house.devices]
        now = devices[0].state.get("position") if len(devices) == 1 else None
        return None if now is None else {"number": min(100, max(0, now + (20 if verb == "up" else -20))), "unit": "percent"}

    # -- another thing

    def _also(self, said: str, context: Context) -> Reading | None:
        found = ALSO.fullmatch(said)
        if found is None or leaning.REFUSING.fullmatch(said):
            return None
        rest, marked = found["rest"], bool(found["also"].strip() or found["too"])
        if NO_THING.match(rest):
            whole = self.sentence(rest, context) if marked else None
            return whole if whole and (whole.calls or whole.topic) else None
        if not (marked or context.topic.said):
            return None
        if (marked or leaning.alone(rest, context.topic)) and (reading := self._with_value(rest, context, sure=False)):
            return reading
        if marked and (reading := self._both(rest, context)):
            return reading
        if reading := self.same(rest, context):
            return None if reading.unknown and not marked else reading
        return self._with_item(rest, context) if found["also"].startswith(("and ", "also ")) or found["too"] else None

    def _with_item(self, rest: str, context: Context) -> Reading | None:
        """ "And eggs" after "add milk to the list"."""
        topic = context.topic
        if topic.verb not in LISTING or len(rest.split()) > 3:
            return None
        return self._planned(topic.verb, {"item": rest, "ids": topic.aimed}, context)

    def _with_thing(self, words: str, context: Context, verb: str = "", value: Mapping[str, Any] | None = None) -> Reading | None:
        """The topic's verb (or another, with a value) for what the words name; a room alone keeps the kind that was spoken of."""
        topic = context.topic
        words = re.sub(r"^(?:(?:and|with|for|in|on|at|only|just) )+", "", words)
        if len(words.split()) > 8:
            return None
        verb, kept = verb or topic.verb, {**_kept(topic), **(value or {})}
        found = self.names.find(words, topic=topic.devices)
        if found.unknown and not found.place:
            return self._unknown(words, found, verb, kept, context)
        if found.guess and found.bare and not set(stems(words)) & KINDS_SAID:
            return None
        for slots in (*self._of_that_kind(words, found, verb, topic), {"thing": words}):
            came = self.come(verb, {**kept, **slots}, self._near(context, found))
            if came.calls or came.options or (came.reply and not came.miss):
                return _reading(came)
        lacking = found.unknown in ("", "anything") or set(stems(found.unknown)) <= KINDS_SAID
        return _reading(came) if came.reply and lacking else None

    def _unknown(self, words: str, found: Selection, verb: str, slots: dict[str, Any], context: Context) -> Reading | None:
        """That there is no such thing, when it is sure that a thing was meant."""
        if not re.match(r"(?:the|my|our) ", words) or not set(stems(words)[-1:]) & KINDS_SAID:
            return None
        came = self.come(verb, {**slots, "thing": words}, context)
        return replace(_reading(came), unknown=True) if came.reply else None

    def _of_that_kind(self, words: str, found: Selection, verb: str, topic: Topic) -> list[dict[str, Any]]:
        """How a room alone is to be taken: with the kind and sort of the devices that were spoken of; empty for other words."""
        if not found.bare or verb in ("ask_temperature", "ask_humidity", "ask_playing", "ask_noticed"):
            return []
        devices = [self.house.devices[id] for id in topic.devices if id in self.house.devices]
        kinds, sorts = {one.kind for one in devices}, {self.house.sort(one) for one in devices}
        if not kinds:
            return []
        slots = {"thing": words, "kinds": sorted(kinds)}
        sort = sorts.pop() if len(sorts) == 1 else ""
        return [{**slots, "sort": sort}, slots] if sort else [slots]

    def _near(self, context: Context, found: Selection) -> Context:
        """Beside what was spoken of, when the words leave open where."""
        areas = {self.house.area(self.house.devices[id]) for id in context.topic.devices if id in self.house.devices}
        return replace(context, area=areas.pop()) if found.ambiguous and len(areas) == 1 and not context.area else context

    # -- another value

    def _with_value(self, words: str, context: Context, *, sure: bool) -> Reading | None:
        """The same devices with another value; None when the words are no value, or the devices take none."""
        value = leaning.value(words, context.topic, sure=sure)
        if value is None or context.topic.verb.startswith("ask"):
            return None
        reading = self._planned(value[0], {**value[1], "ids": context.topic.aimed}, context)
        return replace(reading, unknown=reading.unknown and not sure) if reading else None

    def _planned(self, verb: str, slots: dict[str, Any], context: Context) -> Reading | None:
        came = self.come(verb, slots, context)
        return _reading(came) if came.reply or came.calls else None

    # -- corrections

    def _instead(self, said: re.Match[str], context: Context) -> Reading | None:
        """What was meant in place of the last wish; Reading.corrects then holds the words of that wish."""
        rest, topic, unwanted = said["rest"], context.topic, set(fold(said["not"] or said["nor"] or ""))
        if not {singular(word) for word in unwanted - leaning.NUMBER_WORDS} <= {singular(word) for word in fold(topic.said)}:
            return None
        sure = bool(said["meant"].strip() or said["tail"].strip() or said["wrong"].strip())
        if NO_THING.match(rest) and not leaning.ON_OFF.fullmatch(rest):
            whole = self.sentence(plain(rest), context) if sure or leaning.REFUSING.match(said["no"]) else None
            asked = whole and whole.topic and whole.topic.verb.startswith("ask")
            return self._corrected(whole, context) if whole and (whole.calls or asked) else None
        thing = re.sub(r"^(?:only |just |(?:it's|it is) (?=(?:the|my|in|on) ))", "", rest)
        free = topic.verb not in leaning.SPELT or leaning.explicit(said)
        reading = self._with_value(thing, context, sure=free) or self._both(thing, context) or self._with_thing(thing, context)
        if reading and reading.unknown and topic.did:
            left = [self.house.devices[id] for id in topic.aimed if id in self.house.devices]
            stays = f"I left {called(self.house, left)} as {'they are' if len(left) > 1 else 'it is'}." if left else ""
            return replace(reading, reply=f"{reading.reply} {stays}".strip())
        return self._corrected(reading, context) if reading else None

    def _both(self, rest: str, context: Context) -> Reading | None:
        both = VALUED.fullmatch(rest)
        value = leaning.value(both["value"], context.topic, sure=False) if both else None
        return self._with_thing(both["thing"], context, *value) if both and value else None

    def _corrected(self, reading: Reading, context: Context) -> Reading:
        return replace(reading, corrects=context.topic.said)


def _bare(said: str) -> str:
    """The message without politeness, but with its "just"."""
    return plain(re.sub(r"^just (?=(?:the|my|our|in|on|at)\b)", "only ", said)).rstrip(" .!?")


def _kept(topic: Topic) -> dict[str, Any]:
    """The value that a topic's wish had."""
    return {name: slot for name, slot in topic.slots.items() if name in leaning.VALUE_SLOTS}


def answered(found: Selection, slots: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the devices of an answer; when it told which of them are so, of those."""
    devices = found.devices or found.ambiguous
    so = [device.id for device in devices if slots.get("state") and is_so(device, str(slots["state"]))]
    return tuple(so or (device.id for device in devices))


def named(text: str, context: Context, house: House) -> str:
    """A wish to be kept, with the names of the devices that its "it" or "them" means."""
    devices = [house.devices[id] for id in context.topic.devices if id in house.devices]
    if not 0 < len(devices) <= leaning.MOST_NAMES:
        return text
    return leaning.IT.sub(listed([call_of_it(house, device) for device in devices]), text, count=1)


def topic_of(readings: list[Reading]) -> Topic | None:
    """What a message of several wishes speaks of: the last wish, and the devices of all."""
    topics = [reading.topic for reading in readings if reading.topic]
    devices = tuple(dict.fromkeys(id for topic in topics for id in topic.devices))
    besides = tuple(topic for topic in topics[:-1] if topic.devices == topics[-1].devices)
    return replace(topics[-1], devices=devices, last=topics[-1].devices, besides=besides) if topics else None


def _reading(came: Outcome) -> Reading:
    unknown, trace = came.miss and not came.calls, (f"after what was said: {came.note}",)
    return Reading("grammar", came.calls, came.reply, came.options, unknown=unknown, topic=came.topic, trace=trace)
