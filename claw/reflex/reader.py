"""The reader: one message -> one Reading, by the levels in order. The first level that answers wins; None goes to the mind."""

import difflib
import re
from dataclasses import replace

from claw.clock import Clock
from claw.house import House
from claw.names import ALL, Names, fold
from claw.reflex import help, memories, recounts
from claw.reflex.alias import Alias, plain, scene
from claw.reflex.grammar import NEGATED, Grammar
from claw.reflex.reading import Context, Reading, Request
from claw.turns.replies import listed, the

DEPTH = 3  # a scene may name a scene, not itself for ever
THEN = re.compile(r"\s*(?:;|,?\s+and then|,\s*then|,\s*and|,?\s+then|\.\s|,|\s+and)\s+", re.IGNORECASE)
VERB = r"(?:turn|switch|power) (?:on|off)|open|close|shut|lock|unlock|raise|lower|mute|unmute|pause|resume|start|stop"
SHARED = re.compile(rf"({VERB}),? (?:and|then|and then) ({VERB}|on|off) (.+)", re.IGNORECASE)
AROUND = re.compile(r"((turn|switch|power) .+) (on|off),? (?:and|then|and then) (on|off)", re.IGNORECASE)
SIDE = re.compile(r"(?:(?:turn|switch|power|put|shut) )?(on|off)\b.+|.+ (on|off)", re.IGNORECASE)
CARRIED = re.compile(r"(set|dim|brighten|turn|change|make|put|bring) .+?(?= to (.+)|$)", re.IGNORECASE)
DIM = re.compile(r"(dim|brighten)\b", re.IGNORECASE)  # "dim the lamp at 7" is a wish for seven o'clock, also while it is off
VALUE = re.compile(r"\d+ ?(%|percent)?|[a-z]+", re.IGNORECASE)
OPPOSITE = {"turn_on": "turn_off", "turn_off": "turn_on", "open_valve": "close_valve", "close_valve": "open_valve"}
NEAR = 0.75  # of difflib; below it the sentences have little to do with each other


class Reader:
    """Alias, then grammar (a tagger comes between them later), for one house."""

    def __init__(self, house: House, names: Names, clock: Clock) -> None:
        self.house, self.names, self.clock = house, names, clock
        self.alias = Alias()
        self._grammars: dict[str, Grammar] = {}

    def read(self, text: str, context: Context) -> Reading | None:
        """What the message asks for; None when no level understood it. Nothing is done here."""
        return self._read(text, context, 0)

    def warm(self) -> None:
        """Read one sentence, since the first one compiles the templates (about 0.4 s; call it in a thread)."""
        self._later("in 5 minutes set a timer", Context())
        self._grammar("en").matches("turn on the light", Context())

    def nearest(self, text: str, context: Context) -> list[str]:
        """The at most two readable sentences that the text is near to, for "I did not understand"; none for a negated one."""
        said = plain(text).casefold()
        examples = {example.casefold(): example for example in self._examples()}
        return [] if NEGATED.search(said) else [examples[one] for one in difflib.get_close_matches(said, examples, 2, NEAR)]

    def _read(self, text: str, context: Context, depth: int) -> Reading | None:
        if (name := scene(text, context)) and depth < DEPTH:
            return self._scene(name, context, depth)
        if reading := self.alias.read(text, context) or self.alias.read(plain(text), context):
            return reading
        if reading := self._request(plain(text), context, depth):
            return reading
        reading = self._sentence(plain(text), context)
        parts = [] if depth or (reading and not reading.unknown) else re.split(r"[.!?]\s+", text)[1:]
        if any((wish := self._request(plain(part), context, 0)) and wish.request for part in parts):
            return Reading("grammar", reply="One thing at a time, please: I did nothing.", trace=("several wishes",))
        if reading and reading.trace == ("negated",) and context.question == "approval":  # "don't open it" is a no
            return Reading("alias", control="no", trace=reading.trace)
        return reading

    def _request(self, text: str, context: Context, depth: int) -> Reading | None:
        """What is wanted of the claw itself, now or later; English only, but for help."""
        if depth:  # a scene is made of deeds
            return None
        if reply := help.read(text, self.names, lambda example: self._reads(example, context)):
            return Reading("grammar", reply=reply, trace=("about the claw",))
        if context.language != "en":
            return None
        now = self.clock.now()
        if request := memories.read(text) or recounts.read(text, now) or help.sun(text, now):
            return _asked(request)
        return self._later(text, context)

    def _later(self, text: str, context: Context) -> Reading | None:
        """A wish for another time, a reminder, or talk about those; a reply without a request says why it cannot be."""
        from claw.reflex import schedules  # its patterns take 50 ms to compile

        sorry: Reading | None = None
        for request in schedules.read(text, self.clock.now()):
            told = _asked(request)
            if "now" in request.slots:
                return self._for_a_while(request, context)
            if not request.slots.get("do") or request.slots.get("kind", "deed") != "deed":
                return told
            wish = self._read(str(request.slots["do"]), replace(context, question="", choices=0), 1)
            if wish and (wish.calls or (wish.options and request.verb == "sorry")):
                return replace(told, trace=(*told.trace, *wish.trace))
            sorry = sorry or (_unsure(wish) if wish else None)
        whole = self._sentence(text, context) if sorry and not DIM.match(text) else None
        return whole if whole and whole.calls else sorry  # "set the volume at 7" is no time

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
        reading = self._read(example, replace(context, question="", choices=0), 0)
        return reading is not None and not reading.unknown and not reading.options

    def _sentence(self, text: str, context: Context) -> Reading | None:
        """The whole as one wish; if that is not one, each of its parts - all of them or none."""
        grammar = self._grammar(context.language)
        whole = None if _two_sided(text) else grammar.read(text, context)
        if (whole and not whole.unknown) or not grammar.templates:
            return whole
        parts = _parts(text)
        readings = [self._part(part, parts[0], context) for part in parts] if 1 < len(parts) <= 6 else []
        deeds = [reading for reading in readings if reading and reading.calls]
        if readings and len(deeds) == len(readings):
            return _joined(deeds)
        return next((reading for reading in readings if reading and reading.unknown), None if deeds else whole)

    def _part(self, part: str, first: str, context: Context) -> Reading | None:
        """One wish of several; what it lacks it has from the first: "set A to 50 % and B to 20 %", "set A to blue and 50 %"."""
        grammar = self._grammar(context.language)
        reading = grammar.read(plain(part), context)
        verb = CARRIED.match(first)
        if part == first or not verb or (reading and not reading.unknown):
            return reading
        lead = f"{verb[0]} to" if verb[2] and VALUE.fullmatch(part) else verb[1]
        carried = grammar.read(f"{lead} {part}", context)
        return carried if carried and carried.calls else reading

    def _scene(self, name: str, context: Context, depth: int) -> Reading:
        """All sentences of a scene as one reading; what cannot be read is named, what concerns nothing here is left out."""
        deeds, unread = [], []
        bare = replace(context, question="", choices=0)
        for sentence in context.scenes[name]:
            reading = self._read(sentence, bare, depth + 1)
            if reading and reading.calls:
                deeds.append(reading)
                unread += [reading.reply] if reading.reply else []
            elif not (ALL & set(fold(sentence)) and (reading is None or reading.reply)):
                unread.append(f"I could not read “{sentence}” in {name}.")
        joined = _joined(deeds) if deeds else Reading("alias", reply="" if unread else f"There is nothing to do for {name}.")
        note = " ".join([joined.reply, *unread]).strip()
        return replace(joined, level="alias", reply=note, trace=(f"scene {name}", *joined.trace))

    def _grammar(self, language: str) -> Grammar:
        if language not in self._grammars:
            self._grammars[language] = Grammar(self.names, self.clock, language)
        return self._grammars[language]

    def _examples(self) -> list[str]:
        lit = {self.house.area(device) for device in self.house.devices.values() if device.kind == "light"} - {""}
        rooms = [f"turn {way} {the(room)} lights" for room in sorted(lit) for way in ("on", "off")]
        return [*help.examples(self.names), *rooms]


def _parts(text: str) -> list[str]:
    """The wishes of a sentence; what two verbs share stands in both: "open and close the blind"."""
    if shared := SHARED.fullmatch(text):
        first, second, thing = shared.groups()
        second = f"{first.split()[0]} {second}" if second.casefold() in ("on", "off") else second
        return [f"{first} {thing}", f"{second} {thing}"]
    if around := AROUND.fullmatch(text):
        return [f"{around[1]} {around[3]}", f"{around[1]} {around[4]}"]
    parts = [part for part in THEN.split(text) if part]
    return [f"turn {part}" if re.match(r"(on|off) ", part, re.IGNORECASE) else part for part in parts]


def _two_sided(text: str) -> bool:
    """Whether one part of it goes on and another off, which no single wish says."""
    sides = [SIDE.fullmatch(part.strip()) for part in re.split(r"[,;]|\b(?:and|but|then|while)\b", text) if part.strip()]
    return len({(side[1] or side[2]).casefold() for side in sides if side}) > 1


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
    return Reading("grammar", request=request, trace=(f"{request.about}: {request.verb} {dict(request.slots)}",))


def _joined(readings: list[Reading]) -> Reading:
    calls = tuple(call for reading in readings for call in reading.calls)
    trace = tuple(line for reading in readings for line in reading.trace)
    level = "grammar" if any(reading.level == "grammar" for reading in readings) else "alias"
    return Reading(level, calls, " ".join(reading.reply for reading in readings if reading.reply), trace=trace)
