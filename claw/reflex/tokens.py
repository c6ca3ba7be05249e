"""The one tokenizer, for training and running, and what a house knows of each word."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from claw.color import SPOKEN
from claw.names import ARTICLES, KINDS_SAID, singular
from claw.reflex.numbers import NUMBERS, ORDINALS, TENS

LONGEST = 48  # tokens; a longer message is none that this level reads
WORD = re.compile(r"\d+(?:[.,:]\d+)?|[^\W\d_]+(?:'[^\W\d_]+)*|[^\w\s]")
NUMERALS = frozenset([*NUMBERS, *TENS, *ORDINALS, "hundred", "zero", "half", "third", "quarter", "percent", "degree"])
OTHERS = "aqua beige brown coral crimson fuchsia grey gray ivory khaki lavender lilac maroon navy olive peach plum salmon teal"
COLORS = frozenset([*SPOKEN, *OTHERS.split()])
# one bit each, in the order in which the weights know them
NAME, IN_NAME, AREA, IN_AREA, FLOOR, NUMBER, KIND, COLOR, HERE = (1 << n for n in range(9))
FLAGS = 9


@dataclass(frozen=True)
class Token:
    """A word, number or sign in lower case, without apostrophes, and where it stands in the text."""

    word: str
    start: int
    end: int


def normal(text: str) -> str:
    """The text as tokens and slots are cut from it: NFKC, straight apostrophes, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).replace("’", "'").split())


def tokens(text: str) -> list[Token]:
    """The tokens of a text that `normal` gave; "50%" and "68F" are two each."""
    return [Token(m[0].casefold().replace("'", "") or m[0], m.start(), m.end()) for m in WORD.finditer(text)]


class Lexicon:
    """The names, areas and floors of one house by their first word."""

    def __init__(self, names: Iterable[str], areas: Iterable[str], floors: Iterable[str]) -> None:
        self.names, self.areas, self.floors = (_by_first(phrases) for phrases in (names, areas, floors))
        self.words = {word for phrases in (self.names, self.areas) for many in phrases.values() for one in many for word in one}

    def flags(self, words: Sequence[str]) -> list[int]:
        """The bits of each word: what it begins or continues here, whether it is a number, a kind of device, a colour."""
        stems = [singular(word) for word in words]
        bits = [_of_itself(word, stem) | HERE * (stem in self.words) for word, stem in zip(words, stems, strict=True)]
        for phrases, first, later in ((self.names, NAME, IN_NAME), (self.areas, AREA, IN_AREA), (self.floors, FLOOR, FLOOR)):
            for start, length in _found(stems, phrases):
                bits[start] |= first
                for n in range(start + 1, start + length):
                    bits[n] |= later
        return bits


def _of_itself(word: str, stem: str) -> int:
    number = word[0].isdigit() or stem in NUMERALS
    return NUMBER * number | KIND * (stem in KINDS_SAID) | COLOR * (word in COLORS)


def _by_first(phrases: Iterable[str]) -> dict[str, list[tuple[str, ...]]]:
    """The phrases by their first word, long ones first; articles do not count."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in phrases:
        words = tuple(singular(token.word) for token in tokens(normal(phrase)) if token.word not in ARTICLES)
        if words and words not in found.setdefault(words[0], []):
            found[words[0]].append(words)
    for many in found.values():
        many.sort(key=len, reverse=True)
    return found


def _found(stems: Sequence[str], phrases: dict[str, list[tuple[str, ...]]]) -> Iterable[tuple[int, int]]:
    """Where phrases stand, the longest at each place and none inside another."""
    at = 0
    while at < len(stems):
        length = next((len(one) for one in phrases.get(stems[at], ()) if tuple(stems[at : at + len(one)]) == one), 0)
        if length:
            yield at, length
        at += length or 1
