"""The reader: one message -> one Reading, by the levels in order. The first level that answers wins; None goes to the mind."""

import difflib
import re
from collections.abc import Callable, Collection
from dataclasses import replace
from itertools import chain
from typing import Any

from claw.clock import Clock
from claw.color import SPOKEN
from claw.house import House
from claw.names import ALL, POINTING, Names, fold
from claw.reflex import help, leaning, memories, people, recounts
from claw.reflex.alias import Alias, key, plain, scene
from claw.reflex.deeds import DEEDS
from claw.reflex.explained import Stop
from claw.reflex.following import Following, named
from claw.reflex.foreign import Languages
from claw.reflex.grammar import NEGATED
from claw.reflex.parts import needed
from claw.reflex.reading import Context, Reading, Request, Topic, in_words
from claw.reflex.sentence import Sentences, joined
from claw.reflex.tagging import Tagging
from claw.turns.replies import listed, the

DEPTH = 3  # a scene may name a scene, not itself for ever
DIM = re.compile(r"(dim|brighten)\b", re.IGNORECASE)  # "dim the lamp at 7" is a wish for seven o'clock, also while it is off
OPPOSITE = {"turn_on": "turn_off", "turn_off": "turn_on", "open_valve": "close_valve", "close_valve": "open_valve"}
ALARM = re.compile(r"is (?:the|my|our) alarm (?:on|off|set|armed|active)", re.IGNORECASE)
NO = r"no(?! (?:one|longer|more|less|later|matter|need|problem|thanks|worries|rush|hurry)\b)"
ALL_OF = re.compile(
    r"(?:all|every\w*)(?: of (?:it|them))? (?:but|except|bar|apart|besides|without)\b", re.IGNORECASE
)  # all of what?
RETRACTED = re.compile(
    r"(?!(?:(?:when|if) i say|by|no|nah|nope|oops|sorry|wait|actually|oh)\b)"  # a meaning; a correction of the last message
    rf"(?P<first>\w.{{3,}}?)\W*(?:\W(?:er+|uh+|um+|oh|ah)\W+)?(?:[,.;:–—-]+\s*(?:{NO}|nah|wait|sorry|actually|oops)\b"
    r"|\b(?:scratch that|i mean|i meant|no wait|wait no|make that|correction)\b"
    rf"|\b(?P<weak>{NO}|sorry|oops|hang on|wait|actually)\b)"
    r"(?:\W+(?:no|wait|sorry|hang on|actually|i mean|i meant|make (?:that|it)|rather))*\W+(?P<second>\w.*)",
    re.IGNORECASE,
)
TIMED = re.compile(r"H|V[^V]+V")  # tags with which a sentence may be one of times
VALUED = ("set", "brightness", "target", "volume", "speed", "tilt", "up", "down")
NEAR = 0.75  # of difflib; below it the sentences have little to do with each other


class Reader:
    """Alias, tagger, grammar, for one house."""

    def __init__(self, house: House, names: Names, clock: Clock) -> None:
        self.house, self.names, self.clock = house, names, clock
        self.alias, self.languages = Alias(), Languages(names, clock)
        self.people: Callable[[], Collection[str]] = tuple  # what the people of the house are called
        self.explained: list[Stop] = []  # the road of the last message
        self.sentences = Sentences(names, clock, self._noted)
        self.tags, self.come = self.sentences.tags, self.sentences.grammar("en").come
        self.following = self.sentences.following = Following(names, self.come, self._whole)

    def read(self, text: str, context: Context) -> Reading | None:
        """What the message asks for; None when no level understood it. Nothing is done here."""
        self.explained = []
        return self._read(text, context, 0)

    def _noted(self, level: str, text: str, reading: Reading | None, *why: Any) -> Reading | None:
        """Keep for --explain what a level made of a text."""
        self.explained.append(Stop(level, text, reading, *why))
        return reading

    def warm(self) -> None:
        """Read a sentence by each level, which loads weights and compiles templates (0.6 s; call it in a thread)."""
        self.tags.mended("turn on teh light")
        self._request("in 5 minutes set a timer", Context(), 0)
        self.sentences.grammar("en").matches("turn on the light", Context())
        self.languages.warm()

    def nearest(self, text: str, context: Context) -> list[str]:
        """The at most two readable sentences that the text is near to, for "I did not understand"; none for a negated one."""
        said = plain(text).casefold()
        examples = {example.casefold(): example for example in self._examples()}
        return [] if NEGATED.search(said) else [examples[one] for one in difflib.get_close_matches(said, examples, 2, NEAR)]

    def _read(self, text: str, context: Context, depth: int) -> Reading | None:
        if (name := scene(text, context)) and depth < DEPTH:
            return self._noted("alias", text, self._scene(name, context, depth))
        if reading := self._noted("alias", text, self.alias.read(text, context) or self.alias.read(plain(text), context)):
            return reading
        meant = "" if depth or not context.examples else context.examples.get(key(text), "")
        if meant and (reading := self._example(meant, context)):
            return self._noted("alias", text, reading)
        reading = self._noted("languages", text, self.languages.read(text, context))
        if reading is None or reading.unknown:
            english = self._english(text, context if context.language == "en" else replace(context, language="en"), depth)
            reading = english if english and not (reading and english.unknown) else reading
        parts = [] if depth or (reading and not reading.unknown) else re.split(r"[.!?]\s+", text)[1:]
        if any((wish := self._request(plain(part), context, 0)) and wish.request for part in parts):
            return Reading("grammar", reply="One thing at a time, please: I did nothing.", trace=("several wishes",))
        if reading and reading.trace == ("negated",) and context.question == "approval":  # "don't open it" is a no
            return Reading("alias", control="no", trace=reading.trace)
        return reading

    def _english(self, text: str, context: Context, depth: int) -> Reading | None:
        """As English: what follows on the message before, else a wish or question of its own."""
        text = text if depth else self.following.spelled(text, context)
        followed = None if depth else self.following.read(text, context)
        if followed and not followed.unknown:
            return self._noted("conversation", text, followed)
        if retracted := RETRACTED.fullmatch(text):
            reading = self._instead(retracted["first"], retracted["second"].strip(" .!"), context, sure=not retracted["weak"])
            if reading or not retracted["weak"]:
                return reading
        reading = self._alone(plain(text), context, depth)
        silent = reading is None or not _asks(reading)
        if silent and not NEGATED.search(text.casefold()) and (shorter := self.tags.without_talk(text)) != text:
            wish = self._alone(plain(shorter), context, depth)
            reading = wish if wish and _asks(wish) else reading
        return followed or reading if reading is None or reading.unknown else reading

    def _alone(self, text: str, context: Context, depth: int) -> Reading | None:
        """A request to the claw itself, else a sentence."""
        text = needed(text)
        reading = self._request(text, context, depth)
        return self._noted("requests", text, reading) if reading else self.sentences.read(text, context)

    def _instead(self, first: str, second: str, context: Context, *, sure: bool) -> Reading | None:
        """A wish taken back in the same breath: "lamp on, no, the fan" is only about the fan; None for talk unless `sure`."""
        if ALL_OF.match(second):
            return None
        word = self.alias.read(second, Context())
        if word and word.control in ("no", "stop"):
            return replace(word, control="", reply="All right, I do nothing.")
        meant = self.sentences.read(plain(first), context)
        if meant and meant.topic and meant.topic.devices and (sure or meant.topic.verb not in leaning.SPELT):
            aimed = replace(context, question="", choices=0, topic=replace(meant.topic, did=False, said=first))
            reading = self.following.read(f"no, {second}", aimed)
            if reading and (sure or reading.calls or reading.options):
                return replace(reading, corrects="")
        tagging = self.sentences.tagging(plain(first), context)
        if tagging and tagging.verb in DEEDS and (sure or tagging.verb not in leaning.SPELT):
            verb, other = leaning.value(second.casefold(), Topic(tagging.verb), sure=False) or (tagging.verb, {"thing": second})
            came = self.come(verb, {**tagging.slots, **other}, context)
            if came.calls:
                return Reading("tagger", came.calls, came.reply, topic=came.topic, trace=(*tagging.told(), came.note))
        if not sure and second.casefold() in SPOKEN:  # "can i have my light rainbow no pink"
            swapped = self.sentences.read(f"{first.rsplit(' ', 1)[0]} {second}", context)
            return swapped if swapped and swapped.calls else None
        return self.sentences.read(second, context) if sure else None

    def _whole(self, text: str, context: Context) -> Reading | None:
        """A sentence, or the choice of an option."""
        return self.alias.read(text, context) or self.sentences.read(text, context)

    def _request(self, text: str, context: Context, depth: int) -> Reading | None:
        """What is wanted of the claw itself, now or later; English only, but for help."""
        if depth:  # a scene is made of deeds
            return None
        if reply := help.read(text, self.names, lambda example: self._reads(example, context)):
            return Reading("grammar", reply=reply, trace=("about the claw",))
        if context.language != "en":
            return None
        now = self.clock.now()
        ours = people.read(text, now, self.people) or memories.read(text)
        if request := ours or recounts.read(text, now) or help.sun(text, now):
            return _asked(request)
        return self._later(text, context)

    def _later(self, text: str, context: Context) -> Reading | None:
        """A wish for another time, a reminder, or talk about those; a reply without a request says why it cannot be."""
        from claw.reflex import conditions, schedules  # their patterns take 50 ms to compile

        if (tagging := self.sentences.tagging(text, context)) and _valued(tagging):
            return None  # "the lamp at 20" is no time
        sorry, now = None, self.clock.now()
        for request in chain(conditions.read(text, self.names, context, now), schedules.read(text, now)):
            request, context = self._named(request, context), replace(context, topic=Topic())
            if request.verb == "list" and ALARM.fullmatch(text) and self.names.find("alarm", kinds=("alarm",)).devices:
                continue  # the house has one, and an alarm clock is not meant
            told = _asked(request)
            if "now" in request.slots:
                return self._for_a_while(request, context)
            if not request.slots.get("do") or request.slots.get("kind", "deed") != "deed":
                return told
            wish = self._read(str(request.slots["do"]), replace(context, question="", choices=0), 1)
            if wish and (wish.calls or (wish.options and request.verb == "sorry")):
                return replace(told, trace=(*told.trace, *wish.trace))
            sorry = sorry or (_unsure(wish) if wish else None)
        whole = self.sentences.read(text, context) if sorry and not DIM.match(text) else None
        return whole if whole and whole.calls else sorry  # "set the volume at 7" is no time

    def _named(self, request: Request, context: Context) -> Request:
        """The request with names for what "it" means in what will be done: nobody knows later what was spoken of now."""
        if request.slots.get("kind", "deed") != "deed":
            return request
        wishes = {slot: named(str(wish), context, self.house) for slot in ("do", "now") if (wish := request.slots.get(slot))}
        return replace(request, slots={**request.slots, **wishes})

    def _for_a_while(self, request: Request, context: Context) -> Reading | None:
        """A wish for now, with the request that ends it: both, or the reason why neither can be."""
        from claw.reflex.timing import FOR_NOW

        slots, bare = dict(request.slots), replace(context, question="", choices=0)
        now, end = (self._read(str(wish), bare, 1) for wish in (slots.pop("now"), slots["do"]))
        if not now or not now.calls:
            return _unsure(now) if now else None
        sides = [(OPPOSITE.get(call.command), id) for call in now.calls for id in call.targets]
        if end and sorted(sides, key=str) == sorted([(c.command, id) for c in end.calls for id in c.targets], key=str):
            return replace(now, request=Request(request.about, request.verb, slots))
        return Reading("grammar", reply=FOR_NOW, trace=("for a while",))

    def _reads(self, example: str, context: Context) -> bool:
        """Whether a sentence that is suggested would be understood."""
        kept = self.explained
        reading = self.read(example, replace(context, question="", choices=0))
        self.explained = kept
        return reading is not None and not reading.unknown and not reading.options

    def _example(self, meant: str, context: Context) -> Reading | None:
        """The deed or question that an example of this house stands for; None when that cannot be read now."""
        bare = replace(context, question="", choices=0, topic=Topic(), examples={})
        reading = self._read(meant, bare, 1)
        if reading is None or reading.unknown or not (reading.calls or reading.options or reading.reply):
            return None
        return replace(reading, level="alias", trace=(f"an example of this house: “{meant}”", *reading.trace))

    def _scene(self, name: str, context: Context, depth: int) -> Reading:
        """All sentences of a scene as one reading; what cannot be read is named, what concerns nothing here is left out."""
        deeds, unread = [], []
        bare = replace(context, question="", choices=0, topic=Topic())
        for sentence in context.scenes[name]:
            reading = self._read(sentence, bare, depth + 1)
            if reading and reading.calls:
                deeds.append(reading)
                unread += [reading.reply] if reading.reply else []
            elif not (ALL & set(fold(sentence)) and (reading is None or reading.reply)):
                unread.append(f"I could not read “{sentence}” in {name}.")
        whole = joined(deeds) if deeds else Reading("alias", reply="" if unread else f"There is nothing to do for {name}.")
        note = " ".join([whole.reply, *unread]).strip()
        return replace(whole, level="alias", reply=note, trace=(f"scene {name}", *whole.trace))

    def _examples(self) -> list[str]:
        lit = {self.house.area(device) for device in self.house.devices.values() if device.kind == "light"} - {""}
        rooms = [f"turn {way} {the(room)} lights" for room in sorted(lit) for way in ("on", "off")]
        return [*help.examples(self.names), *rooms]


def _asks(reading: Reading) -> bool:
    """Whether it comes to a deed, a request or a choice."""
    return bool(reading.calls or reading.request or reading.options or reading.control)


def _valued(tagging: Tagging) -> bool:
    """Whether it surely gives one thing one value."""
    thing = str(tagging.slots.get("thing", "")).casefold()
    value = tagging.verb in VALUED and "number" in tagging.slots and not TIMED.search(tagging.tagged.tags)
    return value and tagging.taken and bool(thing) and thing not in POINTING


def _unsure(wish: Reading) -> Reading | None:
    """Why the wish of a sentence with a time in it is not kept; None when nothing is known of it."""
    if wish.options:
        labels = listed([option.label for option in wish.options], "or")
        reply = f"Do you mean {labels}? Say it again with the whole name, please; I did nothing."
        return Reading("grammar", reply=reply, trace=wish.trace)
    return replace(wish, control="") if wish.reply else None


def _asked(request: Request) -> Reading:
    """A request as it is; one that only says why it cannot be, as the reply."""
    if request.verb == "sorry":
        return Reading("grammar", reply=str(request.slots["text"]), trace=("delayed",))
    return Reading("grammar", request=request, trace=(in_words(f"{request.about} {request.verb}", request.slots),))
