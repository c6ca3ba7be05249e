"""Which words are a person's own, and which came from a device, a page or a stranger: data, never a wish."""

import re
from collections.abc import Iterable
from typing import Any, get_args

from claw import capabilities
from claw.call import ToolCall
from claw.color import is_color
from claw.device import Capability
from claw.names import KINDS_SAID, NOUNS, POINTING, PREPOSITIONS, SMALL, Names, Selection, fold, stems
from claw.reflex.reader import Reader
from claw.reflex.reading import Context
from claw.reflex.values import STATES

FREE_TEXT = ("title", "source", "items", "done", "unit")  # fields of a state that somebody else writes
BETWEEN = re.compile(
    r"[,.;:!\n]+|(?<=\?)\s|\b(?:and|but|then|while|because|so|with)\b"
    r"|(?=\b(?:i (?:want|would|need|fancy)|i['’]d|please)\b)",
    re.IGNORECASE,
)
REPORTED = re.compile(  # somebody else's wish, a story, or no wish yet
    r"\b(?:says|said|tells|told|asks|asked|wrote|writes|wants|wanted|wished|heard|reads|if|whether|imagine|pretend|suppose"
    r"|sagt|sagte|schrieb|dit|dice|zegt)\b",
    re.IGNORECASE,
)
ASKS = r"is|are|was|were|do|does|did|has|had|should|(?:would|could|can|will)(?! you\b)|may|might|must|why|when|where|who"
HEDGED = re.compile(
    rf"\?|^\s*(?:{ASKS}|what|which|how)\b"
    r"|\b(?:not|never|no longer|nothing|nobody|\w+n['’]t|(?:do|did|does|ca|wo|is|are|should|could|would)nt|without|instead)\b"
    r"|\b(?:ever|always|was|were|did|used to|nicht|nie|niemals|kein\w*|pas|jamais|rien|nunca|jamás|niet|nooit|geen|mai|non)\b",
    re.IGNORECASE,
)
# "don't, please, ..."
CUT_OFF = re.compile(r"(?:\b(?:not|never|nicht|nie|pas|niet|no)|n['’]t|\bdont)\s*[,;:.!–—-]", re.IGNORECASE)
QUOTED = re.compile(r"[“„«‘\"`][^”“»’\"`]*[”“»’\"`]")
LONGEST_SAID, SPAN = 60, 6  # words of a message that are looked at; words of one name


def foreign(name: str, value: Any) -> bool:
    """Whether a reported value is more than a number, a yes or no, or a word of our own vocabulary."""
    if name not in FIELDS:
        return True
    if name in FREE_TEXT:
        return bool(value) and not (name == "unit" and isinstance(value, str) and len(value) <= LONGEST_UNIT)
    if not isinstance(value, str):
        return not isinstance(value, (int, float))
    return value not in VOCABULARY and not (name == "color" and is_color(value))


LONGEST_UNIT = 4
OURS = [one for one in vars(capabilities).values() if isinstance(one, type) and issubclass(one, Capability)]
FIELDS = frozenset(name for one in OURS for name in one.fields)  # all others, and other commands, are words of a skill
COMMANDS = frozenset(name for one in OURS for name in one.commands)
VOCABULARY = frozenset({
    *get_args(capabilities.Mode), *get_args(capabilities.Playback), *get_args(capabilities.Activity), "disarmed", "home", "away",
    "night", "detected", "clear", "normal", "not detected", "unoccupied", "occupied", "shut", "unknown",
    *(word for words in STATES.values() for word in words.split()),
})  # fmt: skip


def named(text: str, names: Names, *, sure: bool = True) -> set[str]:
    """The ids of the devices that these words name, if `sure` beyond doubt; nothing is guessed, and the longest name counts."""
    words = text.split()[:LONGEST_SAID]
    known = [_known(word, names) for word in words]
    places, things, end_before = set[str](), set[str](), 0
    for start in range(len(words)):
        for end in range(min(len(words), start + SPAN), max(start, end_before), -1):
            if not all(known[start:end]):
                continue
            if found := _called(" ".join(words[start:end]).strip(" ,.;:!?"), names, sure):
                (places if found.bare else things).update(device.id for device in found.devices or found.ambiguous)
                end_before = end
                break
    said = set(stems(text))
    kinds = {kind for kind, nouns in NOUNS.items() if said & set(nouns.split())}
    places = {id for id in places if not kinds or names.house.devices[id].kind in kinds}
    return (things & places) or things or places


def _known(word: str, names: Names) -> bool:
    """Whether a name of this house could have the word."""
    return all(one in SMALL or one in names.index.tells or one in KINDS_SAID for one in stems(word))


def _called(span: str, names: Names, sure: bool) -> Selection | None:
    found = names.find(span) if _names(span) else None
    if found is None or found.guess or found.unknown:
        return None
    return found if found.devices or (found.ambiguous and not sure) else None


def _names(span: str) -> bool:
    """Whether a stretch of words could be a name: it does not begin or end with a small word."""
    words = fold(span)
    return bool(words) and not {words[0], words[-1]} & (PREPOSITIONS | POINTING | {"and", "or"})


def wishes(text: str, reader: Reader) -> list[ToolCall]:
    """What these words of a person wish by themselves: what the reflex reads in each of their clauses.

    Nothing in a message counts that tells what somebody said, asks, supposes or forbids.
    """
    if REPORTED.search(text) or CUT_OFF.search(text):
        return []
    text = QUOTED.sub(" ", text)
    clauses = [one.strip() for one in dict.fromkeys([text, *BETWEEN.split(text)]) if one and not HEDGED.search(one)]
    readings = [reader.read(clause, Context()) for clause in clauses if fold(clause)]
    return [call for reading in readings if reading for call in reading.calls]


def own(call: ToolCall, wished: Iterable[ToolCall]) -> bool:
    """Whether a call is one of these wishes: the command, these devices and these values."""
    return any(
        one.command == call.command and dict(one.args) == dict(call.args) and set(call.targets) <= set(one.targets)
        for one in wished
    )
