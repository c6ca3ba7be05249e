"""Typing slips and dictation: the words of a house that an unknown word may have been."""

import re
from collections.abc import Collection, Iterable, Sequence

from claw.names.words import ALL, FILLERS, KINDS_SAID, OTHER_WORDS, POINTING, RELATIONS, SHORT, SMALL, Words, singular

SAID_TOO = frozenset({"upstair", "downstair", *ALL, "apartment"})  # of the small words those that are worth correcting
LONG, LONGEST = 8, 20  # letters: from there on two slips are forgiven; none in what is no word of people
SPANS = (3, 2)  # words that dictation may have torn apart
CONSONANTS = 4  # of a phrase that is known by its sound: fewer are like too many others
SOUNDS = [
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("igh", "Y"), ("ph", "f"), ("^kn|^gn", "n"), ("^wr", "r"), ("ck|q|x", "k"), ("c(?=[eiy])", "s"), ("c(?!h)", "k"),
        ("z", "s"),
        ("ea|ee|ie|ei|y$", "E"), ("ai|ay", "A"), ("oa|ow", "O"), ("oo|uu|ew|ue|ou", "U"), ("ey$", "E"),
        ("a([^aeiou])e$", r"A\1"), ("i([^aeiou])e$", r"Y\1"), ("o([^aeiou])e$", r"O\1"), ("u([^aeiou])e$", r"U\1"), ("y", "i"),
        ("e$", ""), (r"(.)\1", r"\1"),
    )
]  # fmt: skip


class Slips:
    """Finds near words by what is left of them when letters are left out, not by comparing with all."""

    def __init__(self, words: Collection[str], phrases: Iterable[Words]) -> None:
        self.words = {*words, *KINDS_SAID}
        self.phrases: dict[str, list[Words]] = {}
        self._joined: dict[str, Words] = {}
        self._heard: dict[str, str] = {}
        self._skeletons: dict[str, Words | None] = {}
        self._left: dict[str, list[str]] = {}
        for phrase in phrases:
            self._add_phrase(phrase)
        for word in {*self.words, *SAID_TOO}:
            if word.isalpha() and 2 < len(word) <= LONGEST:
                self._add_word(word)

    def known(self, word: str) -> bool:
        """Whether it needs no correction."""
        stem = singular(word)
        small = word in SMALL or word in FILLERS or word in RELATIONS or word in POINTING
        return small or word in self.words or stem in self.words or stem in SAID_TOO

    def corrected(self, tokens: Sequence[str]) -> list[str]:
        """The words with every unknown one replaced by what it must have been; empty when one cannot be or none needs it."""
        better = self._rejoined(tokens)
        said = [part for word in better for part in self.mended(word)]
        return said if said != [*tokens] and all(said) else []

    def spelled_out(self, tokens: Sequence[str]) -> list[str]:
        """The words with abbreviations and other words for a room as this house has them; empty when there are none."""
        said, n = list[str](), 0
        while n < len(tokens):
            widths = ((width, SHORT.get(" ".join(tokens[n : n + width]), "")) for width in (2, 1))
            meant = (
                (width, one) for width, some in widths for one in some.split("|") if one and self.words.issuperset(one.split())
            )
            width, words = next(meant, (1, tokens[n]))
            said, n = [*said, *words.split()], n + width
        return said if said != [*tokens] else []

    def near(self, word: str) -> list[str]:
        """The word itself if it is known, else the known ones that are up to two slips away."""
        if word in self.words:
            return [word]
        once = _less(word)
        twice = {two for one in once for two in _less(one)} if LONG <= len(word) <= LONGEST else set()
        found = {one for left in {word, *once, *twice} for one in self._left.get(left, ())}
        return sorted(one for one in found if distance(word, one) <= 2)

    def _add_phrase(self, phrase: Words) -> None:
        for word in phrase:
            self.phrases.setdefault(word, []).append(phrase)
        if len(phrase) > 1:
            self._joined["".join(phrase)] = phrase
        if len(bones := skeleton("".join(phrase))) >= CONSONANTS:
            self._skeletons[bones] = None if self._skeletons.get(bones, phrase) != phrase else phrase

    def _add_word(self, word: str) -> None:
        if len(word) >= 4:
            heard = sound(word)
            self._heard[heard] = "" if self._heard.get(heard, word) != word else word
        once = _less(word)
        for left in {word, *once, *(two for one in once for two in _less(one) if len(word) >= LONG)}:
            self._left.setdefault(left, []).append(word)

    def _rejoined(self, tokens: Sequence[str]) -> list[str]:
        """Words that dictation tore apart ("kit chen", "live in room") put together again."""
        said, n = list[str](), 0
        while n < len(tokens):
            whole = next(((width, words) for width in SPANS if (words := self._whole(tokens[n : n + width], width))), None)
            width, words = whole or (1, (tokens[n],))
            said, n = [*said, *words], n + width
        return said

    def _whole(self, tokens: Sequence[str], width: int) -> Words:
        if len(tokens) < width:
            return ()
        run = "".join(tokens)
        stem = singular(run)
        if len(run) > 4 and stem in self.words:
            return (stem + "s" * (stem != run),)
        if stem in self._joined and self._joined[stem] != tuple(map(singular, tokens)):
            return self._joined[stem]
        if all(map(self.known, tokens)) or not run.isalpha():
            return ()
        phrase = self._skeletons.get(skeleton(run)) or ()
        return phrase if not set(tokens).isdisjoint(phrase) else ()  # one of its words was heard well

    def mended(self, word: str) -> Sequence[str]:
        """What one word must have been: itself, or known words; "" when nobody knows."""
        stem = singular(word)
        if self.known(word):
            return (word,)
        if stem in self._joined:
            return self._joined[stem]
        ending = "s" * (word != stem)
        if len(parts := self._parts(stem)) == 1:
            return (parts[0][0], parts[0][1] + ending)
        found = (
            "" if stem in OTHER_WORDS or not stem.isalpha() or len(stem) > LONGEST else self._slip(stem) or self._same_sound(stem)
        )
        return (found + ending if found else "",)

    def _parts(self, stem: str) -> list[tuple[str, str]]:
        halves = [(stem[:n], stem[n:]) for n in range(3, len(stem) - 2)]
        return [(one, two) for one, two in halves if one in self.words and two in self.words]

    def _slip(self, stem: str) -> str:
        near = {one: slips for one in self.near(stem) if (slips := distance(stem, one)) and _forgiven(stem, one, slips)}
        best = [one for one, slips in near.items() if slips == min(near.values())]
        return best[0] if len(best) == 1 else ""

    def _same_sound(self, stem: str) -> str:
        return self._heard.get(sound(stem), "") if len(stem) >= 4 else ""


def sound(word: str) -> str:
    """A key that words which sound alike share: lite and light, heeter and heater."""
    for pattern, said in SOUNDS:
        word = pattern.sub(said, word)
    return word


def skeleton(run: str) -> str:
    """The consonants of words spoken in one breath; "ng" and "n" are one."""
    bare = re.sub(r"[aeiouyhw]", "", run.replace("ing", "in").replace("ck", "k").replace("c", "k").replace("z", "s"))
    return re.sub(r"(.)\1", r"\1", run[:1] + bare[run[:1] == bare[:1] :])


def _less(word: str) -> list[str]:
    return [word[:n] + word[n + 1 :] for n in range(len(word))] if len(word) > 2 else []


def _forgiven(said: str, known: str, slips: int) -> bool:
    """No slip in numbers, in the first letter of a word that is not long, or in short words but for two letters swapped."""
    length, swapped = min(len(said), len(known)), sorted(said) == sorted(known)
    if not known.isalpha() or slips > (2 if length >= LONG else 1):
        return False
    if said[0] != known[0]:
        return length >= 6 and slips == 1 and len(said) != len(known)
    if slips == 2 and known.startswith(said):
        return False
    if slips == 2 and len(said) == len(known) and sum(x != y for x, y in zip(said, known, strict=True)) == 2:
        return False  # two other letters: ballroom is no bathroom
    return max(len(said), len(known)) >= 5 or swapped


def distance(said: str, known: str) -> int:
    """Letters wrong, missing, too many or two swapped (optimal string alignment)."""
    before, row = [0] * (len(known) + 1), list(range(len(known) + 1))
    for n, letter in enumerate(said, 1):
        older, before, row = before, row, [n]
        for k, other in enumerate(known, 1):
            row.append(min(before[k] + 1, row[k - 1] + 1, before[k - 1] + (letter != other)))
            if n > 1 and k > 1 and letter == known[k - 2] and said[n - 2] == other:
                row[k] = min(row[k], older[k - 2] + 1)
    return row[-1]
