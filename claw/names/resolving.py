"""Words of one place, one kind or one name -> devices."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from claw.device import Device
from claw.names.index import Index, bits
from claw.names.selection import Selection
from claw.names.words import ALL, ARTICLES, HERE, HOME, RELATIONS, THE_ROOM, THIS_FLOOR, Words, singular, stems

Fits = Callable[[Device], bool]
VAGUE = ("room", "house", "home", "floor")  # "lights in my room" are not those of every room that has "room" in its name
WHOLE = frozenset(["whole", "entire"])
SHADES = frozenset(["blind", "curtain", "shutter", "drape", "awning", "window", "skylight"])  # where both hang, each is itself
GENERAL = frozenset(
    ["light", "shade", "room", "door", "gate", "lock", "switch", "plug"]
)  # words of a name that tell it from no other
NOTHING = "anything"  # the unknown word when there was none
UNSAID = "?"  # nobody knows where "here" is


@dataclass(frozen=True)
class Query:
    """Words to resolve, and what the words that were left out of them say."""

    words: Words  # singular, without articles and quantifiers
    plural: bool = False
    group: bool = False  # all are meant
    inside: int = -1  # mask: among these
    place: str = ""  # the room that "here" or "there" means; "?" = nobody knows
    both: bool = False
    lost: bool = False  # nothing is left of them
    one: bool = False  # "one" stands for a kind that was not said
    said: Words = ()  # the words with their plurals


@dataclass
class Resolver:
    """Among which devices is looked, and from where."""

    index: Index
    wide: int  # mask of the devices of the wanted kinds
    base: int  # those of them in the wanted area
    fits: Fits | None = None
    speaker_area: str = ""
    topic: int = 0  # mask of the devices last spoken of
    _asked: int = field(default=0, init=False)
    _able: int = field(default=0, init=False)

    def able(self, mask: int) -> int:
        """Those of the mask that come into question and that `fits`, which is asked once for each."""
        mask &= self.base
        if self.fits is None or not mask:
            return mask
        if new := mask & ~self._asked:
            self._asked |= new
            for n in bits(new):
                if self.fits(self.index.devices[n]):
                    self._able |= 1 << n
        return mask & self._able

    def query(self, tokens: Sequence[str], all: bool) -> Query:
        place, inside, ends = "", -1, tuple(tokens[-2:])
        if width := self._here(tokens):
            tokens, place = without_end(tokens[:-width]), self.speaker_area or UNSAID
            inside = self.index.within(self.speaker_area) if ends != THIS_FLOOR else self.index.floor(self.speaker_area)
        said = set(tokens := _without_rooms(tokens))
        whole = bool(said & HOME) and said <= HOME | ARTICLES | RELATIONS
        group = whole or "both" in said or not said.isdisjoint(ALL) or not said.isdisjoint(WHOLE)
        drop = ARTICLES | ALL | (HOME if group and not self.index.homely(said) else frozenset())
        kept = [word for word in tokens if word not in drop]
        kept = [word for n, word in enumerate(kept) if word not in RELATIONS or (n == len(kept) - 1 and not group)]
        words = tuple(map(singular, kept))
        plural = any(word != stem and self.index.nouns.get(stem, 0) & self.base for word, stem in zip(kept, words, strict=True))
        return Query(words, plural, group or all, inside, place, "both" in said, said=tuple(kept))

    def _here(self, tokens: Sequence[str]) -> int:
        """How many words at the end say the room, or the floor, in which the speaker is."""
        ends = tuple(tokens[-2:])
        if ends in HERE or ends == THIS_FLOOR or (ends == THE_ROOM and ("room",) not in self.index.places):
            return 2 if len(tokens) > 1 else 1
        return int(tokens[-1:] == ["here"])

    # -- resolving

    def resolve(self, query: Query) -> Selection:
        index, words = self.index, query.words
        if query.place == UNSAID or query.lost:
            return Selection(unknown="here" if query.place else NOTHING)
        if not words:
            return self.pick(self.able(query.inside), query, bare=True, group=query.group or bool(query.place), place=query.place)
        several = query.plural and query.said not in index.plurals and all(word in index.nouns for word in words)  # "the blinds"
        if not several and words not in index.places and (owned := self.able(index.owners.get(words, 0) & query.inside)):
            return self.pick(owned, query)
        best = Selection(unknown=" ".join(words))
        for span in self._places_in(words):
            found = self._in_place(span, query)
            if not found.unknown or found.bare:
                return found
            best = best if best.place else found
        if not several and (named := self.able(index.names.get(words, 0) & query.inside)):
            return self.pick(named, query, group=query.group or (query.plural and query.said not in index.plurals))
        fits = self.able(self._all_of(words, index.tells) & query.inside & ~self._vaguely(words))
        return self.pick(fits, query) if fits else best

    def _places_in(self, words: Words) -> list[tuple[int, int]]:
        """Spans of the words that name a place, longest first."""
        ends = ((a, b) for a in range(len(words)) for b in range(a + 1, min(len(words), a + self.index.longest) + 1))
        return sorted(
            (span for span in ends if words[span[0] : span[1]] in self.index.places), key=lambda span: span[0] - span[1]
        )

    def _all_of(self, words: Collection[str], masks: dict[str, int]) -> int:
        """The devices that have every one of the words."""
        mask = self.base
        for word in words:
            mask &= masks.get(word, 0)
        return mask

    def _vaguely(self, words: Words) -> int:
        """Those of which only their kind and a word like "room" was said: mine need not be the living room."""
        vague = next((word for word in VAGUE if word in words), "")
        return self._all_of([word for word in words if word != vague], self.index.nouns) if vague else 0

    def _in_place(self, span: tuple[int, int], query: Query) -> Selection:
        index = self.index
        words, rest = query.words[span[0] : span[1]], query.words[: span[0]] + query.words[span[1] :]
        there, label = index.places[words] & query.inside, index.labels[words]
        if not rest:
            able = self.able(there)
            if not able and (named := self.able(index.names.get(words, 0) & query.inside)):
                return self.pick(named, query, area="")
            if not able:
                return Selection(unknown=NOTHING, bare=True, place=label)
            return self.pick(able, query, bare=True, group=not query.one, place=label, area="")
        nouns = self._all_of(rest, index.nouns) & there
        exact = self.able((index.names.get(query.words, 0) | index.names.get(rest, 0)) & there)
        if exact and (query.said in index.plurals or not (query.plural and exact & -exact & nouns)):
            return self.pick(exact, query, place=label, area="")
        bags = self.able(self._all_of(rest, index.bags) & there)
        part = self._all_of(rest, index.settings) & there & ~self._vaguely(rest)  # "downstairs bathroom": a place in a place
        if fits := self.able(nouns) or (0 if part and words in index.floors else bags):
            return self.pick(fits, query, place=label, area="")
        if part:
            return self.pick(self.able(part), query, bare=True, group=not query.one, place=label, area="", unknown=NOTHING)
        fits = self.able(self._all_of(rest, index.tells) & there & ~self._vaguely(rest))
        return self.pick(fits, query, place=label, area="", unknown=" ".join(rest))

    def pick(self, mask: int, query: Query, *, group: bool | None = None, bare: bool = False, place: str = "",
              unknown: str = "", area: str | None = None) -> Selection:  # fmt: skip
        """All of them when several were meant, else the one that fits best, else a question; `area` for the speaker's room."""
        if not mask:
            return Selection(unknown=unknown or " ".join(query.words) or NOTHING, place=place)
        group = (query.group or query.plural) if group is None else group
        for word in SHADES.intersection(query.words):
            mask = mask & self.index.own.get(word, 0) or mask
        if query.inside == -1 and (not query.group or query.both) and (area := self.speaker_area if area is None else area):
            mask = next((near for around in self.index.around(area) if (near := mask & around)), mask)
        if query.both and mask.bit_count() > 2:
            return Selection(ambiguous=self.index.members(mask), place=place)
        if not mask & (mask - 1) or not group:
            return self._single(mask, query, group=group, bare=bare, place=place)
        return Selection(self.index.members(mask), group=True, bare=bare, place=place)

    def _single(self, mask: int, query: Query, *, group: bool, bare: bool, place: str) -> Selection:
        """The one that is called exactly so, if there is one; else all of them, to be asked about."""
        index, words = self.index, query.words
        if mask & (mask - 1):
            kinds = [word for word in words if word in index.nouns and word not in GENERAL]
            own = self._all_of(kinds, index.own) if kinds and set(words) <= {*kinds, *GENERAL, *stems(place)} else 0
            exact = (index.owners.get(words, 0), index.names.get(words, 0), index.unordered.get(frozenset(words), 0), own)
            mask = next((some for one in exact if (some := mask & one)), mask)
        devices = index.members(mask)
        if len(devices) == 1:
            return Selection(devices, group=group, bare=bare, place=place)
        return Selection(ambiguous=devices, place=place)


def _without_rooms(tokens: Sequence[str]) -> Sequence[str]:
    """Without the rooms of "in all the rooms" and "in every room", which are everywhere."""
    for n, word in enumerate(tokens):
        if word in ("room", "rooms") and any(
            one in ALL and set(tokens[k + 1 : n]) <= ARTICLES for k, one in enumerate(tokens[:n])
        ):
            return [*tokens[:n], *tokens[n + 1 :]]
    return tokens


def without_end(tokens: Sequence[str]) -> Sequence[str]:
    """The words without "in" or "on the" at their end, from which a place was taken."""
    while tokens and (tokens[-1] in RELATIONS or tokens[-1] in ARTICLES):
        tokens = tokens[:-1]
    return tokens
