"""The road that a message took through the levels, as plain data, for `claw say --explain`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from claw.reflex.reading import Reading
from claw.reflex.tagging import TAKEN, UNREAD, Tagging

TAGS = {"T": "thing", "V": "value", "C": "color", "W": "white", "M": "mode", "X": "media", "I": "item", "S": "state",
        "N": "noticed", "H": "time or condition", "J": "joins", "K": "talk"}  # fmt: skip
RAW = ("tags: ", "tagger: ")  # Tagging.told, which stands in the other fields
NOT_READ = {"none": "it asks for nothing", "later": "it is for another time", "several": "it holds several wishes",
            "same": "it asks for the same as before"}  # fmt: skip
NO_WISH = {
    "alias": "no scene, and no word such as yes, no, stop or thanks",
    "grammar": "no template fits all of its words, or none comes to anything",
    "languages": "no template of another language fits",
}  # fmt: skip


@dataclass(frozen=True)
class Stop:
    """One level that a text was given to, and what it made of it; kept by the reader, put in words only when asked for."""

    level: str
    text: str
    reading: Reading | None
    tagging: Tagging | None = None
    why: str = ""  # it passed on, when neither reading nor tagging tell

    @property
    def answered(self) -> bool:
        """Whether it made something of it, were it only that words are unknown."""
        return self.reading is not None and not self.reading.unknown

    def plain(self) -> dict[str, Any]:
        """As JSON data: level, text, answered, why (not), trace; from the tagger also words, verb, share, next, strange."""
        trace = [line for line in (self.reading.trace if self.reading else ()) if not line.startswith(RAW)]
        tagged = {} if self.tagging is None else _tagged(self.tagging)
        return {"level": self.level, "text": self.text, "answered": self.answered, "why": self._why(), "trace": trace, **tagged}

    def _why(self) -> str:
        if self.answered:
            return ""
        if self.reading:
            return self.reading.reply or "not all of its words are known here"
        if self.tagging is None:
            return self.why or NO_WISH.get(self.level, "it is nothing of that kind")
        if self.tagging.nothing:
            return NOT_READ["none"]
        if strange := self.tagging.tagged.strange:
            return f"no wish that it learnt is made of: {', '.join(strange)}"
        if self.tagging.tagged.sure < TAKEN:
            return f"it is not sure: {self.tagging.tagged.sure:.2f} is below {TAKEN}"
        verb = self.tagging.verb
        return NOT_READ[verb] if verb in UNREAD else "a value is missing, or this house has no such thing"


def _tagged(tagging: Tagging) -> dict[str, Any]:
    """The words in stretches of one tag, and the verb with its share and the next one."""
    tagged = tagging.tagged
    pairs = zip((token.word for token in tagged.tokens), tagged.tags, strict=True)
    words = [(" ".join(word for word, _ in some), TAGS.get(tag, "")) for tag, some in groupby(pairs, key=lambda pair: pair[1])]
    second = (tagged.next[0], round(tagged.next[1], 3))
    return {"words": words, "verb": tagged.verb, "share": round(tagged.sure, 3), "next": second, "strange": list(tagged.strange)}


def road(stops: Iterable[Stop]) -> list[dict[str, Any]]:
    """The stops in order; what was told at one is not told again."""
    told: list[dict[str, Any]] = []
    for stop in stops:
        plain, before = stop.plain(), {line for one in told for line in one["trace"]}
        if plain not in told:
            told.append({**plain, "trace": [line for line in plain["trace"] if line not in before]})
    return told


def nothing_else(level: str, road: Sequence[Mapping[str, Any]]) -> str:
    """Why no other level had its say, in words."""
    if level == "none":
        return "no level understood it"
    if not any(stop["answered"] for stop in road):
        return "no level knew all of its words"
    return f"{level} answered, so no level after it was asked"
