"""Mends what fingers and dictation spoil around the names: a slip in a verb, signs written out, words that sound alike.

Only words that neither the house nor the tagger's training knows are touched, each towards the only one that it can have been.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import islice, product

from claw.names import Names
from claw.names.slips import Slips, distance
from claw.reflex.numbers import NUMBERS, TENS
from claw.reflex.tagger import EXCEPTING, tagger
from claw.reflex.tokens import COLORS, NUMERALS, normal, tokens

UNITS, TENTHS = "|".join(NUMBERS), "|".join(["zero", "oh", *list(NUMBERS)[:9]])
DECIMAL = re.compile(rf"\b(?:({'|'.join(TENS)})(?:[ -]({UNITS}))?|({UNITS})|(\d+)) point (?:({TENTHS})|(\d))\b", re.IGNORECASE)
HEARD = {  # signs that a dictation wrote out, and sound-alikes beside words that leave no doubt
    r"^(?:um+|uh+|er+m?|hey|hi|hello|ok|okay|dear|\s)*\b(?:(?:hey|hi|hello|dear|ok|okay) (?:computer|google|assistant|alexa|siri)"
    r"|(?:hey|hi|hello|its|it's) \w+ here(?=\W+(?:can|could|would|will|please)\b))\W*(?:comma\b\W*)?(?=\w)": "",
    r"(?:\b(?:um+|uh+|erm+|uhm+)\b,? ?)+(?=\w)": "",
    r"^put (?=(?:it|that|them) (?:at|on) \d)": "set ", r"(?<=^set it )(?:at|on)(?= \d)": "to",
    r"^ad (?=\w.* (?:to|on|onto)\b)": "add ",
    r"\bcomma\b": ",", r"\bfull stop\b": ".", r"\b(?:period|exclamation mark|question mark)$": "", r"\bnite\b": "night",
    r"\b(turn|turned|switch|switched|swich|shut|power) of(?= (?:the|all|my|every|it|that|this|them)\b)": r"\1 off",
    r"\b(lights?|lamps?|tv|music|heating) of$": r"\1 off", r"\b(lights?|lamps?) own$": r"\1 on",
    r"\b(?:two|too) (?=\d+ ?(?:%|percent|degrees))": "to ", r"\b(?:'?em|dem)\b": "them",
    r"\b(?:teh|hte|tge|thw)\b": "the", r"\b(?:adn|nad)\b": "and",
    r"\b(?:n|'n'|nd)\b": "and", r"\b(\d+) purse ?ent\b": r"\1 percent", r"\bper scent\b": "percent",
    r"\b(turn|switch|set|put|dim|close|open|lock)(ed|s)? (?:he|hte|da|th)\b": r"\1\2 the",
}  # fmt: skip
HEARD_AS = [(re.compile(said, re.IGNORECASE), meant) for said, meant in HEARD.items()]


MOST = 6  # ways to mend a text that are tried
PER_WORD = 3


def heard(text: str) -> str:
    """The text with what a dictation wrote out or misheard made good."""
    text = normal(text)
    for said, meant in HEARD_AS:
        text = said.sub(meant, text)
    if " point " in text.casefold():
        text = DECIMAL.sub(_decimal, text)
    return " ".join(text.split())


def _decimal(found: re.Match[str]) -> str:
    """The digits of "nineteen point five"."""
    tens, ones, lone, digits, tenth, tenths = (one and one.casefold() for one in found.groups())
    whole = digits or str(TENS.get(tens or "", 0) + NUMBERS.get(ones or lone or "", 0))
    return f"{whole}.{tenths or NUMBERS.get(tenth or '', 0)}"


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

    def misheard(self, text: str) -> Iterator[str]:
        """The text with names of the house for what sounds like them, the likeliest first; nothing when nothing does."""
        text = heard(text)
        found, plain = tokens(text), _plain()
        for runs in self.names.index.hearing.versions([token.word for token in found]):
            better = text
            for start, end, name in reversed(runs):
                if end - start > 1 or not plain.known(found[start].word):
                    better = f"{better[: found[start].start]}{name}{better[found[end - 1].end :]}"
            if better != text:
                yield better

    def _meant(self, word: str) -> list[str]:
        """What a word that nobody knows may have been; nothing for a known one, or when that cannot be told."""
        plain, house = _plain(), self.names.index.slips
        if not word.isalpha() or plain.known(word) or house.known(word) or word in common():
            return []
        found = [" ".join(meant) for words in (house, plain) if all(meant := words.mended(word))]
        single = re.sub(r"(.)\1+", r"\1", word)
        near = [single] if single != word and single in plain.words else []
        here, said = (
            [one for one in words.near(word) if one[0] == word[0] and distance(word, one) == 1 and len(word) > 2]
            for words in (house, plain)
        )
        told = len(word) > 3 or not set("aeiouy") & set(word)  # "lst" has lost its vowel
        near += [*(here if told and len(here) == 1 else ()), *said]  # of two names of the house it is neither
        return list(dict.fromkeys([*found, *near]))[:PER_WORD]


@cache
def common() -> frozenset[str]:
    """The 12,000 commonest English words of GloVe 6B (public domain): they are meant as they stand, and no slips."""
    return frozenset((resources.files("claw.reflex") / "common.txt").read_text("utf-8").split())


@cache
def _plain() -> Slips:
    """The plain words of wishes and questions, numbers and colours."""
    model = tagger()
    return Slips({*(model.plain["O"] if model else ()), *NUMERALS, *COLORS, *EXCEPTING}, ())
