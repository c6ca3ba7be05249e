"""The grammar level in other languages than English: the same road, with the words of each language (reflex/languages.py).

Answers are in English but for the sentences under "say" in sentences/LANGUAGE.yaml.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from claw.clock import Clock
from claw.names import VIEWS, Names
from claw.reflex.grammar import LONGEST, Grammar, Match
from claw.reflex.languages import KNOWN, Tongue, bare, detect, tongue, ways
from claw.reflex.reading import Context, Reading
from claw.reflex.wishes import Outcome

MOST = 6  # wishes in one message


class Languages:
    """Reads what is no English: in the speaker's language, in those of the house, or in the one that the words show."""

    def __init__(self, names: Names, clock: Clock) -> None:
        self.names, self.clock = names, clock
        self.of_house: tuple[str, ...] = ()  # [house] languages; empty = whichever is recognized
        self._grammars: dict[str, Foreign] = {}

    def read(self, text: str, context: Context) -> Reading | None:
        """A deed, an answer or an honest sentence; None for English and for what is not understood."""
        best: Reading | None = None
        for language in self._candidates(text, context):
            reading = self._grammar(language).read(text, replace(context, language=language))
            if reading and not reading.unknown:
                return reading
            best = best or reading
        return best

    def warm(self) -> None:
        """Load the languages of the house (0.2 to 0.6 s each; others load at their first message)."""
        for language in self.of_house:
            if language != "en":
                self._grammar(language).matches("licht", Context(language=language))

    def _candidates(self, text: str, context: Context) -> list[str]:
        found = detect(text, self.of_house or KNOWN)
        return list(dict.fromkeys([context.language, *found])) if context.language != "en" else found

    def _grammar(self, language: str) -> "Foreign":
        if language not in self._grammars:
            self._grammars[language] = Foreign(self.names, self.clock, language)
        return self._grammars[language]


class Foreign(Grammar):
    """Reads sentences of one language that is not English."""

    def __init__(self, names: Names, clock: Clock, language: str) -> None:
        super().__init__(names, clock, language)
        self._own, self._said = lru_cache(VIEWS)(lambda version: self._names()), dict[str, str]()

    @property
    def tongue(self) -> Tongue | None:
        """The words of this language."""
        return tongue(self.language)

    def read(self, text: str, context: Context) -> Reading | None:
        """As Grammar.read; several wishes are done only if each is understood."""
        self._said = {bare(word): word for word in text.split()}
        text = self.tidy(text)
        if len(text.split()) > LONGEST:
            return None
        if words := self.tongue:
            if words.condition.search(text) or words.later.search(text):
                return self._refusal(text, words)
            if words.negated.search(text):
                return self._asked(text, context) if words.question.match(text) else self._refusal(text, words)
        whole = self._choose(self.matches(text, context), context)
        parts = [part for part in words.joins.split(text) if part.strip()] if words else []
        if (whole and not whole.unknown) or not 1 < len(parts) <= MOST:
            return whole
        readings = [self._choose(self.matches(part.strip(), context), context) for part in parts]
        deeds = [one for one in readings if one and one.calls]
        return _joined(deeds) if len(deeds) == len(parts) else whole

    def tidy(self, text: str) -> str:
        """As the templates have it: no accents, numbers as digits, no politeness around it."""
        text = " ".join(re.sub(r"^(sí,?|si,)\s", "", text.casefold().strip(" ¿¡")).split())
        text = bare(text).rstrip(" .!?")
        words = self.tongue
        if words is None:
            return text
        while (less := words.polite.sub("", text).strip(" ,")) and less != text:
            text = less
        return " ".join(words.tidy(text).split())

    def matches(self, text: str, context: Context) -> list[Match]:
        """All templates that the sentence fits, with the unit that was said."""
        unit = self.tongue.unit(text) if self.tongue else ""
        return [replace(one, slots={**one.slots, "unit": unit}) if unit else one for one in super().matches(text, context)]

    def outcome(self, match: Match, context: Context) -> Outcome:
        """What a match comes to, its thing said in the words of the house."""
        if self._of_the_house(str(match.slots.get("search_query", match.slots.get("media", "")))):
            return Outcome(miss=True)
        thing = str(match.slots.get("thing", ""))
        if not thing or self.tongue is None:
            return super().outcome(match, context)
        ways = self.tongue.english(thing, self._own(self.names.house.version), inside=bool(context.area))
        came = [super(Foreign, self).outcome(replace(match, slots={**match.slots, "thing": way}), context) for way in ways if way]
        if done := next((one for one in came if not one.miss), None):
            return done
        best = came[-1] if came else Outcome(miss=True)
        unknown = best.reply.startswith(("I know no ", "I don't know what you mean"))
        words = " ".join(self._said.get(word, word) for word in thing.split())
        return replace(best, reply=self.tongue.say["unknown"].format(words)) if unknown else best

    def _asked(self, text: str, context: Context) -> Reading | None:
        """The answer to a question with a "not" in it; nothing that acts."""
        reading = self._choose(self.matches(text, context), context)
        return reading if reading and not (reading.calls or reading.options) else None

    def _of_the_house(self, media: str) -> bool:
        """Whether what should be played has a thing or a room in it: "pon la lámpara roja" is no song."""
        nouns = {word for word, meant in self.tongue.nouns.items() if meant != "music"} if self.tongue else set()
        return bool((nouns | self._own(self.names.house.version).keys()) & set(media.split()))

    def _refusal(self, text: str, words: Tongue) -> Reading | None:
        """Why nothing is done now; None when nothing was asked for."""
        if words.question.match(text) or not words.acts.search(text):
            return None
        if words.negated.search(text):
            whole = not words.joins.search(text)
            return Reading(self.level, reply=words.say["negated"], trace=("negated",)) if whole else None
        kind = "condition" if words.condition.search(text) else "later"
        return Reading(self.level, reply=words.say[kind], trace=("conditional" if kind == "condition" else "delayed",))

    def _names(self) -> dict[str, str]:
        """Bare names of devices, rooms and floors, and the words in them, as the house writes them."""
        areas = [name for area in self.names.house.areas.values() for name in (area.name, *area.aliases, area.floor) if name]
        names = [*areas, *(name for name, _ in self.names.spoken())]
        nouns = self.tongue.nouns if self.tongue else {}
        words = {word for name in names for word in name.split() if len(word) > 3}
        own = {way: word for word in words for way in ways(word) - nouns.keys()}
        return own | {way: name for name in names for way in ways(name)}


def _joined(readings: Sequence[Reading]) -> Reading:
    """Several deeds as one."""
    calls = tuple(call for one in readings for call in one.calls)
    trace = tuple(line for one in readings for line in one.trace)
    return Reading(Grammar.level, calls, " ".join(filter(None, (one.reply for one in readings))), trace=trace)
