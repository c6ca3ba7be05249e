"""Messages that mean something only after what was spoken of: "and the bedroom?", "a bit more", "no, the other one"."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from claw.house import House
from claw.names import KINDS_SAID, VIEWS, Names, Selection, fold, singular, stems
from claw.reflex import aside, leaning
from claw.reflex.alias import plain
from claw.reflex.deeds import LISTING
from claw.reflex.leaning import ALSO, CORRECTS, NO_THING, VALUED
from claw.reflex.reading import Context, Reading, Request, Topic
from claw.reflex.states import is_so
from claw.reflex.wishes import Outcome
from claw.turns.replies import call_of_it, called, listed, within

Come = Callable[[str, dict[str, Any], Context], Outcome]  # a verb with slots -> what it comes to
Read = Callable[[str, Context], Reading | None]  # a sentence, or the choice of an option


class Following:
    """Reads what leans on the topic of a chat, by planning the topic's verb anew with another thing or value."""

    def __init__(self, names: Names, come: Come, read: Read) -> None:
        self.names, self.house, self.come, self.sentence = names, names.house, come, read
        self._owners = lru_cache(VIEWS)(lambda version: _owners(names))

    def read(self, text: str, context: Context) -> Reading | None:
        """What a follow-up or a correction means; None when it is neither, or there is nothing that it could lean on."""
        topic, said = context.topic, _bare(" ".join(text.casefold().replace("’", "'").split()))
        if not said or len(said.split()) > 24:
            return None
        if context.question == "which":
            return self._leaning(said, context) if len(said.split()) <= 14 else None
        if not context.question and (reading := self._if_so(said, context) or self._of_named(said, context)):
            return reading
        if not topic.verb or not (topic.devices or topic.verb.startswith("ask")):
            return None
        reading = self._leaning(said, context) if len(said.split()) <= 14 else None
        return reading if (reading and not reading.unknown) or context.question else self._aside(said, context) or reading

    def _leaning(self, said: str, context: Context) -> Reading | None:
        """The whole message as one that leans on the topic."""
        topic = context.topic
        said = f"i meant {said.strip('* ')}" if "*" in (said[0], said[-1]) else said
        if context.question == "which":
            return self._choice(said, context)
        if context.question in ("pair", "room") and not leaning.MARKED.match(said):  # it may be what is waited for
            return None
        if (context.choices or context.question) and said.isdecimal():  # of a list that was shown
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

    # -- only a part of the message leans

    def spelled(self, text: str, context: Context) -> str:
        """The text with names for whom and where its "her" and "in there" mean, and with a verb for "off again in an hour"."""
        topic = context.topic
        devices = [self.house.devices[id] for id in topic.devices if id in self.house.devices]
        areas = {self.house.area(device) for device in devices}
        if aside.SHE.search(text.casefold()):
            places = " ".join(areas)
            text = aside.with_owner(
                text, self._owners(self.house.version), f"{topic.slots.get('thing', '')} {places} {topic.said}"
            )
        if topic.did and topic.said and (again := aside.AGAIN_LATER.fullmatch(_bare(text.casefold()))):
            return f"{aside.LATER_SAID[again['way']]} {again['when']}"
        return aside.with_place(text, within(areas.pop()) if len(areas) == 1 and "" not in areas else "")

    def _if_so(self, said: str, context: Context) -> Reading | None:
        """A wish under a condition on how it is now: "is the lamp on? if not turn it on"."""
        found = aside.IF_SO.fullmatch(said)
        asked = self.sentence(plain(found["asked"].removesuffix(" and")), context) if found else None
        if not found or not asked or not asked.topic or asked.calls or not asked.reply.startswith(("Yes", "No")):
            return None
        negative = bool(re.search(r"n'?t\b|not\b|^no$", found["way"]))
        if asked.reply.startswith("Yes") == negative:
            return asked
        then = self.sentence(plain(found["do"]), replace(context, topic=asked.topic))
        return then if then and then.calls else asked

    def _of_named(self, said: str, context: Context) -> Reading | None:
        """A wish for "it" behind a remark about a thing: "sam's lamp is blinding, can you lower it"."""
        for talk, wish in aside.pieces(said):
            for thing in aside.subjects(talk):
                found = self.names.find(thing) if not NO_THING.match(thing) and len(thing.split()) < 7 else None
                if not found or not found.devices or found.guess or found.bare:
                    continue
                ids = tuple(device.id for device in found.devices)
                reading = self.sentence(plain(wish), replace(context, topic=Topic(devices=ids)))
                aims = {id for call in reading.calls for id in call.targets} if reading else set()
                return reading if aims and aims <= {*ids} else None
        return None

    def _aside(self, said: str, context: Context) -> Reading | None:
        """A follow-up with talk before or behind it, or a value behind a sigh."""
        if back := self._back(said, context):
            return back
        for talk, wish in aside.pieces(said):
            wish = _bare(re.sub(rf"^{aside.POLITELY}", "", wish))
            back = self._back(wish, context)
            if back and aside.UNDONE.fullmatch(wish):
                return back
            if self._wishes(talk, context):
                continue
            if back:
                return back
            if self._speaks_of_another(talk):
                continue
            reading = (
                self._now(wish, context) or self._step(wish, context) or self._part(wish, context) or self.sentence(wish, context)
            )
            if reading and (reading.calls or reading.request):
                return reading
        return self._behind_talk(said, context)

    def _behind_talk(self, said: str, context: Context) -> Reading | None:
        """A value or a step alone behind talk: "the baby is asleep, 15"."""
        cut, topic = aside.CUT.fullmatch(said), context.topic
        if not cut or not topic.did or not topic.said or re.search(r"\d", cut["talk"]):
            return None
        wish = _bare(cut["wish"])
        value = topic.verb in leaning.NUMERIC and leaning.value(wish, topic, sure=False)
        if not (value or leaning.stepped(wish, topic)[0]) or self._wishes(cut["talk"], context):
            return None
        return self._leaning(wish, context)

    def _back(self, wish: str, context: Context) -> Reading | None:
        """The undo of the last deed; of several devices also "put them back on", for not all of them were."""
        topic = context.topic
        if not topic.did or not topic.said or not topic.turn:
            return None
        back = aside.BACK_AGAIN.fullmatch(wish)
        several = (
            back and len(topic.aimed) > 1 and leaning.WAYS.get(back["way"].removesuffix("d")) == leaning.OTHER_WAY.get(topic.verb)
        )
        if back and not several and leaning.WAYS.get(back["way"].removesuffix("d")) == leaning.OTHER_WAY.get(topic.verb):
            return self._planned(leaning.OTHER_WAY[topic.verb], {"ids": topic.aimed}, context)
        if not several and not aside.UNDONE.fullmatch(wish):
            return None
        return Reading("grammar", request=Request("history", "undo", {"turn": str(topic.turn)}), trace=("as it was",))

    def _wishes(self, talk: str, context: Context) -> bool:
        """Whether the talk is a wish by itself, and no complaint."""
        if aside.remarks(talk) or leaning.stepped(talk, context.topic)[0]:
            return False
        reading = self.sentence(plain(talk), context)
        return bool(reading and (reading.calls or reading.options or reading.request or reading.topic))

    def _speaks_of_another(self, talk: str) -> bool:
        """Whether it is about a thing that this house does not know, or about a room."""
        return any(set(stems(thing)[-1:]) & KINDS_SAID or self.names.find(thing).bare for thing in aside.subjects(talk) if thing)

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
        verb, slots = leaning.shared(said, topic) or leaning.stepped(said, topic)
        if not verb:
            return None
        if verb in ("up", "down") and (shaded := self._shaded(topic, verb)):
            return self._planned("set", {**shaded, "ids": topic.aimed}, context)
        return self._planned(verb, {**slots, "ids": topic.aimed}, context)

    def _part(self, said: str, context: Context) -> Reading | None:
        """Only some of the devices that were meant, or an item that is to go from their list again."""
        topic, part = context.topic, leaning.PART.fullmatch(said)
        if topic.did and topic.said and leaning.MOVED.match(said) and (moved := self._other_list(said, context)):
            return self._corrected(moved, context)
        if topic.did and len(topic.aimed) == 1 and (every := leaning.EVERY.fullmatch(said)):
            return self._with_others(every["both"] is not None, context)
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

    def _with_others(self, two: bool, context: Context) -> Reading | None:
        """The same for the one that was spoken of and for its twins; with `two` for the only twin."""
        topic, (one,) = context.topic, context.topic.aimed
        kinds = {self.house.devices[id].kind for id in topic.aimed if id in self.house.devices}
        others = self.names.find("the other one" if two else "the other ones", kinds=kinds, topic=(one,)).devices
        if not others or (two and len(others) != 1):
            return None
        return self._planned(topic.verb, {**_kept(topic), "ids": (one, *(other.id for other in others))}, context)

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
        if leaning.AIMLESS.fullmatch(rest):
            return self._with_value(rest, context, sure=False)
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
        words = re.sub(r"^(?:(?:and|with|for|in|on|at|only|just) )+", "", re.sub(r"\bmy own\b", "my", words))
        words = leaning.OTHER_ONE.sub("the other one", words)
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
        outside = said["wrong"] and re.match(r"i'm in |we're in |i am in ", rest)
        if NO_THING.match(rest) and not leaning.ON_OFF.fullmatch(rest) and not outside:
            whole = self.sentence(plain(rest), context) if sure or leaning.REFUSING.match(said["no"]) else None
            asked = whole and whole.topic and whole.topic.verb.startswith("ask")
            return self._corrected(whole, context) if whole and (whole.calls or asked) else None
        thing = re.sub(r"^(?:only |just |(?:it's|it is) (?=(?:the|my|in|on) ))", "", rest)
        thing = re.sub(r"^(?:i'm|i am|we're|we are) (?=in )", "", thing) if said["wrong"] else thing
        if moved := self._other_list(thing, context):
            return self._corrected(moved, context)
        free = topic.verb not in leaning.SPELT or leaning.explicit(said)
        reading = self._with_value(thing, context, sure=free) or self._both(thing, context) or self._with_thing(thing, context)
        if reading and reading.unknown and topic.did:
            left = [self.house.devices[id] for id in topic.aimed if id in self.house.devices]
            stays = f"I left {called(self.house, left)} as {'they are' if len(left) > 1 else 'it is'}." if left else ""
            return replace(reading, reply=f"{reading.reply} {stays}".strip())
        return self._corrected(reading, context) if reading else None

    def _other_list(self, words: str, context: Context) -> Reading | None:
        """The item on the list that was meant: "not that list, the shopping list", "move it to the chores list"."""
        topic = context.topic
        if topic.verb != "add_item" or not topic.slots.get("item") or not (to := leaning.LIST.fullmatch(words)):
            return None
        found = self.names.find(f"{to['list']} list", kinds=("list",))
        ids = tuple(device.id for device in found.devices)
        if len(ids) != 1 or ids == topic.aimed or found.guess:
            return None
        return self._planned("add_item", {"item": topic.slots["item"], "ids": ids}, context)

    def _both(self, rest: str, context: Context) -> Reading | None:
        both = VALUED.fullmatch(rest)
        value = leaning.value(both["value"], context.topic, sure=False) if both else None
        return self._with_thing(both["thing"], context, *value) if both and value else None

    def _corrected(self, reading: Reading, context: Context) -> Reading:
        return replace(reading, corrects=context.topic.said)


def _bare(said: str) -> str:
    """The message without politeness, but with its "just"."""
    said = re.sub(r"(?<=\w) then$", "", said.rstrip(" .!?"))
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


def _owners(names: Names) -> set[str]:
    """Whose rooms or things there are, as they are called."""
    called = [area.name for area in names.house.areas.values()] + [name for name, _ in names.spoken()]
    return {word for name in called for word in aside.OWNED.findall(name.casefold())}
