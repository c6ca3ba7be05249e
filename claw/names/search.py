"""One search for the devices that some words name."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from claw.names.pointing import Pointing
from claw.names.resolving import NOTHING, Query, without_end
from claw.names.selection import Selection
from claw.names.words import ARTICLES, FILLERS, HOME, NUMERALS, ONES, POINTING, fold, numbered, singular

EXCEPT = re.compile(
    r"(?:,\s*|\s+)(?:(?:but|and) not|but|except(?:ing)?|apart from|aside from|other than|excluding|besides|minus|not)\s+"
    r"(?:for\s+)?",
    re.IGNORECASE,
)
AND = re.compile(r"\s*,\s*(?:and\s+)?|\s+(?:and|plus)\s+|\s*&\s*", re.IGNORECASE)
LONGEST = 16  # words: no name is as long
MOST = 6  # parts
ELSEWHERE = frozenset(["work", "school"])  # "at work" is another house, unless a place is called so
COUNTED = NUMERALS.keys() | {"number", "no"}
UNSURE = frozenset(["it", "that"])  # never a part of a name


class Search(Pointing):
    """Reads whole phrases: parts, exceptions, fillers, slips."""

    def phrase(self, text: str, *, all: bool = False) -> Selection:
        """What a phrase means as a whole, or in its parts, or when its slips are corrected."""
        sides = EXCEPT.split(text, maxsplit=1)
        if len(sides) == 2 and sides[0].strip() and fold(sides[1]):
            return self._except(sides[0], sides[1])
        tokens = fold(text)
        found = self._said(tokens, all)
        if not found.unknown or found.unknown == "here" or len(tokens) > LONGEST:
            return found
        if several := self._several(text):
            return several
        for better in self._corrected(tokens):
            again = self._said(better, all)
            if again.devices or again.ambiguous:
                return replace(again, guess=True)
        if found.unknown in POINTING:
            return found
        return replace(found, suggest=lambda: self.index.nearest(found.unknown, self.base))

    def _corrected(self, tokens: Sequence[str]) -> Iterator[Sequence[str]]:
        """The words without their slips, else as names that sound alike."""
        if better := self.index.slips.corrected(tokens):
            yield better
        yield from map(fold, map(" ".join, self.index.hearing.said(tokens)))

    # -- the ways to read words

    def _said(self, tokens: Sequence[str], all: bool) -> Selection:
        """The first way to read the words that comes to something; else what is unknown, in a known place if there is one."""
        missed: Selection | None = None
        if tokens[-1:] and tokens[-1] in ELSEWHERE and tokens[-2:-1] == ["at"] and (tokens[-1],) not in self.index.places:
            return Selection(unknown=tokens[-1])
        for found in self._ways(tokens, all):
            if not found.unknown or found.unknown == "here":
                return found
            missed = missed if missed and (missed.place or not found.place) and found.unknown not in POINTING else found
        return missed or Selection(unknown=NOTHING)

    def _ways(self, tokens: Sequence[str], all: bool) -> Iterator[Selection]:
        """As it is; with numbers; pointing at what was spoken of, or without fillers; with abbreviations spelled out."""
        said, pointing = set(tokens), [word for word in tokens if word not in FILLERS or word in POINTING]
        if one := self._stands_for_a_kind(tokens):
            yield self.pointed(pointing, all)
        if said.isdisjoint(UNSURE) and not (said and said <= ARTICLES):
            yield self.resolve(self.query(tokens, all))
        if not said.isdisjoint(COUNTED):
            yield self.resolve(self.query(numbered(tokens), all))
        if not said.isdisjoint(POINTING) and not one:
            yield self.pointed(pointing, all)
        elif not said.isdisjoint(FILLERS) or not said.isdisjoint(HOME):
            yield self.resolve(self._without_fillers(tokens, all))
        if better := self.index.slips.spelled_out(tokens):
            yield self.resolve(self.query(better, all))

    def _stands_for_a_kind(self, tokens: Sequence[str]) -> bool:
        """Whether it ends with "one" behind no kind: "the kitchen one", but "lamp one" is a number and "Sonos One" a name."""
        ends = len(tokens) > 1 and tokens[-1] in ONES and singular(tokens[-2]) not in self.index.nouns
        return ends and tuple(singular(word) for word in tokens if word not in ARTICLES) not in self.index.names

    def _without_fillers(self, tokens: Sequence[str], all: bool) -> Query:
        whole = not HOME.isdisjoint(tokens)
        query = self.query(without_end([word for word in tokens if word not in FILLERS and word not in HOME]), all)
        return replace(query, group=query.group or (whole and query.plural), one="thing" in tokens, lost=not query.words)

    # -- parts

    def _except(self, left: str, right: str) -> Selection:
        """ "Everything except the bedroom"; both sides must be known."""
        whole = replace(self, base=self.wide).phrase(left, all=True)
        if not whole.devices:
            return whole
        among = self.index.mask(whole.devices)
        out = Selection()
        for base in (among, self.index.everything):
            out = out if out.devices else Search(self.index, base, base, None, self.speaker_area, among).phrase(right, all=True)
        if not out.devices:
            return out
        kept = self.index.members(self.index.mask(whole.devices) & ~self.index.mask(out.devices))
        guess = whole.guess or out.guess
        return replace(whole, devices=kept, group=True, guess=guess, place="") if kept else Selection(unknown=NOTHING)

    def _several(self, text: str) -> Selection | None:
        """ "A and B": both, when each is known by itself or by what it shares with the other."""
        parts = [part for part in AND.split(text.strip()) if part]
        if not 1 < len(parts) <= MOST:
            return None
        found = [self.phrase(part) for part in parts]
        for n in range(len(parts)):
            found[n] = self._shared(n, parts, found) or found[n]
        if not all(one.devices for one in found):
            return None
        devices, named = (
            tuple(dict.fromkeys(device for one in found if one.devices and (not plain or not one.bare) for device in one.devices))
            for plain in (False, True)
        )
        bare = any(one.bare for one in found)
        return Selection(devices, group=True, bare=bare, named=named if bare else (), guess=any(one.guess for one in found))

    def _shared(self, n: int, parts: Sequence[str], found: Sequence[Selection]) -> Selection | None:
        """A part with the kind or the place that another part says for both; None when that is not so."""
        first, last, part = found[0], found[-1], parts[n]
        if n < len(parts) - 1 and not last.bare and (found[n].bare or not found[n].devices):
            noun = fold(parts[-1])[-1:]  # "the kitchen and hall lights"
            if not found[n].devices or last.group or fold(parts[-1].casefold())[0] not in ARTICLES:
                return self._known(f"{part} {' '.join(noun)}")
        if n and found[n].bare and first.group and first.place and not first.bare:  # "the lights in the kitchen and the hall"
            return self._known(f"{self._nouns(parts[0])} in {part}")
        if n < len(parts) - 1 and last.place and not last.bare and self._is_kind(part) and not self._is_kind(fold(parts[-1])[-1]):
            return self._known(f"{part} in {last.place}")  # "the lamp and the fan in the bedroom"
        if n and first.place and not first.bare and self._is_kind(part) and self._is_kind(fold(parts[0])[-1]):
            return self._known(f"{part} in {first.place}")  # "the kitchen lights and fan"
        return None

    def _known(self, text: str) -> Selection | None:
        found = self.phrase(text)
        return found if found.devices else None

    def _nouns(self, text: str) -> str:
        return " ".join(word for word in fold(text) if singular(word) in self.index.nouns)

    def _is_kind(self, text: str) -> bool:
        """Whether it says a kind of device and nothing else."""
        return all(singular(word) in self.index.nouns for word in fold(text) if word not in ARTICLES)
