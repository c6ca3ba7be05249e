"""Names that dictation wrote as other words which sound alike: "hey loft" for the hayloft, "moes room" for Mo's."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from claw.names.slips import Slips, distance
from claw.names.words import ARTICLES, KINDS_SAID, OTHER_WORDS, PREPOSITIONS, singular

WIDEST = 3  # words that were heard for a name, and words of a name
ALIKE, SURE_ALIKE = 0.6, 0.8  # how much of the sounds must agree, vowels too; where few consonants do, or one does not
MARGIN = 0.2  # by which a name must be nearer than every other
BONES = 3  # consonants: fewer are like too many others
NEARLY = 4  # consonants beside which there may be one more
SOUNDS = [
    (re.compile(pattern), said)
    for pattern, said in (
        ("^[kg]n", "n"), ("^wr", "r"), ("^wh", "w"), ("^ps", "s"), ("eig(?=n)", "a"), ("eigh|igh", "i"), ("mb$", "m"),
        ("ph", "f"), ("th", "0"), ("ch(?=[rlm]|o$)", "k"), ("t?ch|sch|sh", "X"), ("dge?|(?<=.)g(?=e)", "j"),
        ("x", "ks"), ("c(?=[eiy])|z", "s"), ("ck|q|c", "k"), ("v", "f"), ("d", "t"), ("n[gk](?=[^aeiou]|$)", "n"),
        ("[aeiou]+rs?$", "a"), (r"([^aeiouy])e(?=s?$)", r"\1"), ("(?<=.)g?h", ""), ("ee|ea|ie|y$|ey$", "i"),
        ("ai|ay|ei|ey", "a"), ("oa|ow|oe|au|aw", "o"), ("oo|ou|ew|ue|u", "u"), ("y", "i"), ("(?<=.)w", "u"),
        ("r(?=[^aeiou]|$)", ""), (r"(.)\1+", r"\1"),
    )
]  # fmt: skip
VOWELS = str.maketrans("", "", "aeiou")


@lru_cache(8192)
def sound(word: str) -> str:
    """How a word is spoken, roughly: voiced and unvoiced are one, a few vowels stand for all."""
    for pattern, said in SOUNDS:
        word = pattern.sub(said, word)
    return word


def spoken(words: Sequence[str]) -> str:
    """How words sound in one breath; a plural as one of them."""
    said = sound(words[0])
    for word in words[1:]:
        more = sound(word).removeprefix("h")
        said += more[said[-1:] == more[:1] :]
    return said[:-1] if len(said) > 3 and said[-1] == "s" else said


def bones(said: str) -> str:
    """The consonants of what is spoken, and whether a vowel begins it."""
    return "a" * (said[:1] in "aeiou") + said.translate(VOWELS)


@dataclass(frozen=True)
class Name:
    """A name or place of the house, or a part of one: as it is written, its words, and how it sounds."""

    text: str
    words: tuple[str, ...]
    said: str


class Hearing:
    """Finds what a run of words may have been in one house; made when words first came to nothing."""

    def __init__(self, texts: Iterable[str], slips: Slips) -> None:
        self.slips = slips
        self._by_bones: dict[str, list[Name]] = {}
        self._nearly: dict[str, list[Name]] = {}  # of several words, by their bones without one
        for saying in dict.fromkeys(part for text in texts for part in _sayings(text)):
            words = _words(saying)
            name = Name(saying, words, spoken(words))
            key = bones(name.said)
            self._by_bones.setdefault(key, []).append(name)
            if len(words) > 1 and len(key) > NEARLY:
                for less in _less(key):
                    self._nearly.setdefault(less, []).append(name)

    def versions(self, words: Sequence[str]) -> Iterator[list[tuple[int, int, str]]]:
        """The runs of the words that sound like one name each, as (start, end, name): all of them, then each by itself."""
        ends = range(1, len(words) + 1)
        runs = [(end - width, end) for width in range(WIDEST, 0, -1) for end in ends if end >= width]
        found = [(share, a, b, text) for a, b in runs for share, text in self._name(words[a:b])]
        found.sort(key=lambda one: (-one[0], one[1] - one[2]))
        kept: list[tuple[int, int, str]] = []
        for _, a, b, text in found:
            if all(b <= start or end <= a for start, end, _ in kept):
                kept.append((a, b, text))
        if kept:
            yield sorted(kept)
        if len(found) > 1:
            yield from ([(a, b, text)] for _, a, b, text in found)

    def said(self, words: Sequence[str]) -> Iterator[list[str]]:
        """The words with names of the house for what sounds like them."""
        for runs in self.versions(words):
            better = [*words]
            for start, end, text in reversed(runs):
                better[start:end] = text.split()
            yield better

    def _name(self, run: Sequence[str]) -> list[tuple[float, str]]:
        """The only name that this run may have been, with how much it is like it; an empty list when there is none."""
        if run[0] in ARTICLES or run[-1] in ARTICLES:
            return []
        said = spoken(run)
        key = bones(said)
        same = self._by_bones.get(key, ())
        near = same or self._one_off(key)
        if not near or not self._doubtful(run):
            return []
        least = ALIKE if same and len(key) >= BONES else SURE_ALIKE
        whole, letters = [one for one in near if self._fits(run, one)], "".join(run)
        shares = [(_share(said, one.said) + (letters == "".join(one.words)), one) for one in whole]
        likely = sorted((one for one in shares if one[0] >= least), key=lambda one: -one[0])
        if not likely or any(share > likely[0][0] - MARGIN and one.words != likely[0][1].words for share, one in likely[1:]):
            return []
        share, name = likely[0]
        plural = run[-1] != singular(run[-1]) and name.words[-1] == singular(name.words[-1])
        return [(share, name.text + "s" * plural)]

    def _one_off(self, key: str) -> Sequence[Name]:
        """Names of several words with one consonant more or less."""
        if len(key) < NEARLY:
            return ()
        fewer = (name for less in _less(key) for name in self._by_bones.get(less, ()) if len(name.words) > 1)
        return list(dict.fromkeys((*self._nearly.get(key, ()), *fewer)))

    def _doubtful(self, run: Sequence[str]) -> bool:
        """Whether a name may be sought for these words: not all of them are known here, or they are one word torn apart."""
        if not all(map(str.isalpha, run)):
            return False
        if len(run) == 1:
            return len(run[0]) > 3 and not self.slips.known(run[0]) and singular(run[0]) not in OTHER_WORDS
        return not all(map(self.slips.known, run)) or singular("".join(run)) in self.slips.words

    def _fits(self, run: Sequence[str], name: Name) -> bool:
        """Whether a word is torn, or sounds alike and is no mere kind; whether one word of several was heard well."""
        if len(name.words) == 1:
            torn = run[-1] not in PREPOSITIONS and run[0] not in PREPOSITIONS
            return torn if len(run) > 1 else singular(name.text) not in KINDS_SAID
        if len(run) == 1:
            return spoken(run) == name.said
        return tuple(run) != name.words and (
            not {*map(singular, run)}.isdisjoint(map(singular, name.words)) or "".join(run) == "".join(name.words)
        )


def _sayings(text: str) -> Iterator[str]:
    """The name itself, whose it is, and two words of a long one."""
    plain = text.casefold().replace("’", "'")
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", plain)
    if 0 < len(words) <= WIDEST + 1 and not re.search(r"\d", plain):
        yield " ".join(words)
    yield from (word for word in words if word.endswith(("'s", "s'")))
    yield from (" ".join(pair) for pair in pairwise(words) if len(words) > 2)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace("'", "").split())


def _share(said: str, other: str) -> float:
    return 1 - distance(said, other) / max(len(said), len(other))


def _less(key: str) -> list[str]:
    return [key[:n] + key[n + 1 :] for n in range(len(key))]
