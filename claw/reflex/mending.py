"""Mends what fingers and dictation spoil around the names: a slip in a verb, signs written out, words that sound alike.

Only words that neither the house nor the tagger's training knows are touched, each towards the only one that it can have been.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice, product

from claw.names import Names
from claw.names.slips import Slips, distance
from claw.reflex.tagger import tagger
from claw.reflex.tokens import COLORS, NUMERALS, normal, tokens

HEARD = {  # signs that a dictation wrote out, and sound-alikes beside words that leave no doubt
    r"\bcomma\b": ",", r"\bfull stop\b": ".", r"\b(?:period|exclamation mark|question mark)$": "", r"\bnite\b": "night",
    r"\b(turn|turned|switch|switched|swich|shut|power) of(?= (?:the|all|my|every|it|that|this|them)\b)": r"\1 off",
    r"\b(lights?|lamps?|tv|music|heating) of$": r"\1 off", r"\b(lights?|lamps?) own$": r"\1 on",
    r"\b(?:two|too) (?=\d+ ?(?:%|percent|degrees))": "to ", r"\b(?:'?em|dem)\b": "them",
    r"\b(?:teh|hte|tge|thw)\b": "the", r"\b(?:adn|nad)\b": "and",
    r"\b(?:n|'n'|nd)\b": "and", r"\b(\d+) purse ?ent\b": r"\1 percent", r"\bper scent\b": "percent",
    r"\b(turn|switch|set|put|dim|close|open|lock)(ed|s)? (?:he|hte|da|th)\b": r"\1\2 the",
}  # fmt: skip
HEARD_AS = [(re.compile(said, re.IGNORECASE), meant) for said, meant in HEARD.items()]


SPARING = ("bar", "except", "excluding", "minus", "save", "barring")  # of exceptions, which are no plain words
MOST = 6  # ways to mend a text that are tried
PER_WORD = 3


def heard(text: str) -> str:
    """The text with what a dictation wrote out or misheard made good."""
    text = normal(text)
    for said, meant in HEARD_AS:
        text = said.sub(meant, text)
    return " ".join(text.split())


class Mending:
    """For one house."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def versions(self, text: str, free: str) -> Iterator[str]:
        """The text with its unknown words as what they may have been, six ways at most; `free` has "-" for tokens that stay."""
        found = tokens(text)
        choices = [
            [text[token.start : token.end]] if kept == "-" else self._meant(token.word) or [text[token.start : token.end]]
            for token, kept in zip(found, free, strict=True)
        ]
        starts = [token.start for token in found] + [len(text)]
        for words in islice(product(*choices), MOST):
            parts = (word + text[token.end : start] for word, token, start in zip(words, found, starts[1:], strict=True))
            if (better := "".join(parts)) != text:
                yield better

    def _meant(self, word: str) -> list[str]:
        """What a word that nobody knows may have been; nothing for a known one, or when that cannot be told."""
        plain, house = _plain(), self.names.index.slips
        if not word.isalpha() or plain.known(word) or house.known(word):
            return []
        found = [" ".join(meant) for words in (house, plain) if all(meant := words.mended(word))]
        single = re.sub(r"(.)\1+", r"\1", word)
        near = [single] if single != word and single in plain.words else []
        known = [*(house.near(word) if len(word) > 3 else ()), *plain.near(word)]
        near += [one for one in known if one[0] == word[0] and distance(word, one) == 1 and len(word) > 2]
        return list(dict.fromkeys([*found, *near]))[:PER_WORD]


@cache
def _plain() -> Slips:
    """The plain words of wishes and questions, numbers and colours."""
    model = tagger()
    return Slips({*(model.plain["O"] if model else ()), *NUMERALS, *COLORS, *SPARING}, ())
