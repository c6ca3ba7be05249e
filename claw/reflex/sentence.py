"""A sentence with no time in it: by the tagger, else by the grammar; as one wish or as several, all of them or none."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from claw.clock import Clock
from claw.names import Names
from claw.reflex.alias import plain
from claw.reflex.cutting import cut
from claw.reflex.deeds import DEEDS
from claw.reflex.following import Following, named, topic_of
from claw.reflex.grammar import ACTS, CONDITION, LATER, NEGATED, QUESTION, Grammar
from claw.reflex.parts import CARRIED, MOST_PARTS, VALUE, parts_of, two_sided, without_remarks
from claw.reflex.reading import Context, Reading, Request, in_words
from claw.reflex.tagging import ABSOLUTE, NEEDED, Tagging, Tags, wish

UNTAGGED = "not English; or a no, a condition or a time that it does not read"
ASKS = re.compile(  # what begins so only asks, whatever stands in it
    rf"{QUESTION.pattern}|(?:when (?:was|were|has|have)|since when|(?:for )?how long|at what)\b"
    r"|(?:please |just |(?:can|could) you (?:please )?)*"
    r"(?:check|tell me|look|see|find out|do you know|i (?:wonder|want to know|need to know)|show me)\b"
    r" (?:if|whether|when|which|what|how|that|since|for how)",
    re.IGNORECASE,
)
INTERROGATIVE = re.compile(  # never a deed, whatever the tagger says
    r"(?:is|are|was|were|isn'?t|aren'?t|does|did|what|what'?s|which|who|who'?s|whose|where|why|how)\b(?! about)", re.IGNORECASE
)
FOR_NOW = re.compile(r",? for (?:a (?:little )?(?:bit|while|moment|sec)|now|the moment|the time being)\b", re.IGNORECASE)
CANCELLED = re.compile(r"(?:please )?(?:cancel|scrap|forget|delete)\b", re.IGNORECASE)  # a plan or a routine
BESIDES = frozenset(
    ["and", "also", "then", "too", "please", "as", "well", "to", "at", "in", "on", "for", "now", ",", ".", "-", ":"]
)  # beside a thing that takes a verb over
LEVELS = ("alias", "tagger", "grammar")
SHORT = 6  # words; the grammar has honest answers to some questions and wishes that concern nothing here


class Sentences:
    """Reads sentences for one house; `noted` keeps for --explain what a level made of a text."""

    def __init__(self, names: Names, clock: Clock, noted: Callable[..., Reading | None]) -> None:
        self.names, self.clock, self.noted = names, clock, noted
        self.tags = Tags(names)
        self._grammars: dict[str, Grammar] = {}
        self.following: Following  # set by the reader, which it reads with

    def grammar(self, language: str) -> Grammar:
        """The grammar of a language, made when it is first asked for."""
        if language not in self._grammars:
            self._grammars[language] = Grammar(self.names, self.clock, language)
        return self._grammars[language]

    def read(self, text: str, context: Context) -> Reading | None:
        """A sentence as it was written; if that comes to nothing, with the names that some of its words sound like."""
        text = FOR_NOW.sub("", text)
        reading = self._written(text, context)
        settled = not (reading.unknown or reading.options) if reading else not ACTS.search(text.casefold())
        if settled or context.language != "en" or NEGATED.search(text.casefold()):
            return reading
        heard = (one for version in self.tags.misheard(text) if (one := self._written(version, context)) and one.calls)
        return next(heard, reading)

    def _written(self, text: str, context: Context) -> Reading | None:
        """The whole as one wish; if that is not one, each of its parts - all of them or none."""
        if context.language == "en" and not NEGATED.search(text.casefold()):  # a "none" must not become a "nose"
            text = self.tags.mended(text)
        tagging = self.tagging(text, context)
        if tagging and tagging.parts:
            self.noted("tagger", text, None, tagging)
        if tagging and tagging.doubtful and (joint := self._several(tagging, context)):
            return joint
        short = text.count(" ") < SHORT and (QUESTION.match(text) or ACTS.match(text.casefold()))
        if tagging and tagging.nothing and not short:
            return self.noted("tagger", text, None, tagging)
        if tagging and tagging.follows and context.topic.devices:
            return self.noted("conversation", text, self.following.tagged(text, str(tagging.slots.get("thing", "")), context))
        whole = None if two_sided(text) else self._one(text, tagging, context)
        if (whole and not whole.unknown) or not self.grammar(context.language).templates:
            return whole
        if tagging and not tagging.doubtful and tagging.verb in DEEDS and (joint := self._several(tagging, context)):
            return joint if not joint.unknown else whole
        parts = parts_of(text)
        if not 1 < len(parts) <= MOST_PARTS:
            return whole
        return self._joint(parts, context) or whole

    def _several(self, tagging: Tagging, context: Context) -> Reading | None:
        """Its parts as the tagger cuts them, or as they read best; else what says which words are not known here."""
        ways = [parts for parts in (tagging.parts, cut(tagging.tagged, self.tags.read)) if len(parts) > 1]
        readings = [reading for parts in ways if (reading := self._joint(parts, context))]
        return next((one for one in readings if not one.unknown), readings[0] if readings else None)

    def _joint(self, parts: Sequence[str], context: Context) -> Reading | None:
        """All parts as deeds; else what says which words are not known here; None when nothing does."""
        readings: list[Reading | None] = []
        parts = without_remarks([*parts])
        for part in parts:
            readings.append(reading := self._part(part, parts[0], context))
            context = replace(context, topic=(reading and reading.topic) or context.topic)
        deeds = [reading for reading in readings if reading and reading.calls]
        if len(deeds) == len(readings):
            return joined(deeds)
        return next((reading for reading in readings if reading and reading.unknown), None)

    def _one(self, text: str, tagging: Tagging | None, context: Context) -> Reading | None:
        """One wish or question: by the tagger when it is sure and every word is known, else by the grammar."""
        tagged = self._tagged(tagging, context) if tagging and tagging.taken else None
        self.noted("tagger", text, tagged, tagging, "" if tagging else UNTAGGED)
        if tagged and not tagged.unknown:
            return tagged
        reading = self.noted("grammar", text, self.grammar(context.language).read(text, context))
        return tagged if tagged and (reading is None or reading.unknown) else reading

    def tagging(self, text: str, context: Context) -> Tagging | None:
        """What the tagger makes of it; English only, and nothing that is forbidden or for another time."""
        if context.language != "en":
            return None
        later = CONDITION.search(text) or LATER.search(text)
        tagging = self.tags.read(text)
        if tagging and tagging.beside(CONDITION, LATER, NEGATED):
            return tagging
        if later and not ASKS.match(text):
            return None
        if tagging and tagging.verb in ("turn_off", "stop", "close") and CANCELLED.match(text):
            return None
        if tagging and tagging.verb in DEEDS and INTERROGATIVE.match(text):
            return None
        negated = NEGATED.search(text.casefold())
        spared = negated and tagging and tagging.spares(negated[0])
        return None if tagging and (later or (negated and not spared)) and not tagging.verb.startswith("ask") else tagging

    def _tagged(self, tagging: Tagging, context: Context) -> Reading | None:
        """What the tagger's verb and slots come to here."""
        verb, slots = wish(tagging) or ("", {})
        if not verb:
            return None
        if verb == "ask_since":
            found = self.names.find(str(slots.get("thing", "")), topic=context.topic.devices)
            known = found.devices or found.ambiguous
            if not known or "thing" not in slots:
                return None
            asked = slots | {"thing": named(str(slots["thing"]), context, self.names.house)}
            return Reading("tagger", request=Request("history", "why", asked), trace=(in_words("history why", asked),))
        came = self.grammar("en").come(verb, slots, context)
        if verb in ABSOLUTE and "thing" in slots and not came.calls and not came.options:  # "fan on at 30 %"
            came = next((one for one in [self.grammar("en").come("set", slots, context)] if one.calls), came)
        if not (came.calls or came.reply or came.options):
            return None
        unknown = came.miss and not came.calls
        trace = (*tagging.told(), in_words(verb, slots, came.note or came.reply))
        reading = Reading("tagger", came.calls, came.reply, came.options, unknown=unknown, topic=came.topic, trace=trace)
        further = [self.grammar("en").come(*more, context) for more in tagging.more] if came.calls else []
        if any(not one.calls for one in further):
            return None
        return replace(reading, calls=(*came.calls, *(call for one in further for call in one.calls)))

    def _part(self, part: str, first: str, context: Context) -> Reading | None:
        """One wish of several; what it lacks it has from those before: "A to 50 % and B to 20 %", "set A to blue and 50 %"."""
        text = plain(part)
        tagging = self.tagging(text, context)
        reading = self._one(text, tagging, context)
        if part == first or (reading and reading.calls):
            return reading
        if tagging and (carried := self._carried(tagging, context)):
            return carried
        verb = CARRIED.match(first)
        if not verb or (reading and not reading.unknown):
            return reading
        lead = f"{verb[0]} to" if verb[2] and VALUE.fullmatch(part) else verb[1]
        carried = self.grammar(context.language).read(f"{lead} {part}", context)
        return carried if carried and carried.calls else reading

    def _carried(self, tagging: Tagging, context: Context) -> Reading | None:
        """The wish before for what this part names: "warm the den to 20 and the hall to 18", "lamp off and the fan"."""
        topic, said = context.topic, tagging.slots
        values = {name: value for name, value in said.items() if name != "thing"}
        if not said.get("thing") or topic.verb not in DEEDS or not topic.did or any(value is None for value in values.values()):
            return None
        if (
            not tagging.plain <= BESIDES
            or (values and topic.verb not in NEEDED)
            or (tagging.taken and tagging.verb not in (topic.verb, "set", "same"))
        ):
            return None  # "lamp off, fan on at 30 %": what it says itself is not what was said before
        kept = {} if values else {name: value for name, value in topic.slots.items() if name not in ("thing", "place", "area")}
        came = self.grammar("en").come(topic.verb, {**kept, **said}, context)
        if not came.calls or came.guess:
            return None
        return Reading("tagger", came.calls, came.reply, topic=came.topic, trace=(*tagging.told(), f"{topic.verb} {came.note}"))


def joined(readings: list[Reading]) -> Reading:
    """Several deeds as one reading."""
    calls = tuple(call for reading in readings for call in reading.calls)
    trace = tuple(line for reading in readings for line in reading.trace)
    level = max((reading.level for reading in readings), key=LEVELS.index)
    reply = " ".join(reading.reply for reading in readings if reading.reply)
    return Reading(level, calls, reply, topic=topic_of(readings), trace=trace)
