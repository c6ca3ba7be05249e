"""The one resolver that turns words into devices: names, aliases, makers, sorts, rooms, floors, "everywhere"."""

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace

from claw.device import Device
from claw.house import House

Words = tuple[str, ...]
Fits = Callable[[Device], bool]

ARTICLES = frozenset(["the", "a", "an", "my", "our", "your", "both", "of"])
PREPOSITIONS = frozenset({"in", "on", "at", "from", "for", "inside", "throughout", "across", "around", "to", "by", "near"})
ALL = frozenset(["all", "every", "each", "everything", "everywhere"])
HOME = frozenset(["house", "home", "apartment", "flat", "whole", "entire"])
HERE = frozenset({("here",), ("this", "room"), ("in", "here")})
SMALL = {*ARTICLES, *PREPOSITIONS, *ALL, *HOME, "and", "this", "here", "room", "any", "other", "left", "right"}
FLOORS = {"upstair": ("first", "upper", "second", "top", "1"), "downstair": ("ground", "lower", "main", "0")}

NOUNS = {  # what people call a kind
    "light": "light lamp lighting bulb",
    "switch": "switch plug outlet socket",
    "fan": "fan ventilator",
    "shade": "shade blind curtain drape shutter cover",
    "door": "door",
    "lock": "lock door",
    "thermostat": "thermostat temperature heating heat climate ac conditioner conditioning hvac aircon air radiator",
    "heater": "heater heating temperature",
    "player": "speaker player music audio sound song media",
    "vacuum": "vacuum hoover vac robot cleaner",
    "valve": "valve water",
    "camera": "camera cam",
    "alarm": "alarm system security",
    "list": "list",
    "sensor": "sensor detector",
}
SORTS = {  # what people call a sort, beside its own name
    "tv": "tv television telly",
    "garage": "garage door opener",
    "gate": "gate",
    "window": "window",
    "awning": "awning",
    "curtain": "curtain drape",
    "blind": "blind shade",
    "sprinkler": "sprinkler irrigation",
    "outlet": "outlet plug socket",
    "plug": "plug outlet socket",
}
OWN_NOUNS_ONLY = ("window", "awning")  # nobody calls these a blind


@dataclass(frozen=True)
class Selection:
    """What the words mean: devices; or `ambiguous` ones of which one was meant; or `unknown` words (in a known `place`)."""

    devices: tuple[Device, ...] = ()
    ambiguous: tuple[Device, ...] = ()
    group: bool = False  # several were meant
    bare: bool = False  # only a place was named, no kind of thing
    unknown: str = ""
    place: str = ""
    nearest: str = ""
    guess: bool = False  # only after a typing slip was corrected


@dataclass
class _Known:
    """What the index holds of one device; all words folded and singular."""

    device: Device
    owner: set[Words]  # the owner's names
    names: set[Words]  # all names
    bag: set[str]  # any word that may describe it, its room aside
    nouns: set[str]
    places: set[str]
    area: str


@dataclass(frozen=True)
class _Scope:
    """Among which devices is looked (Names.find)."""

    kinds: Collection[str] | None
    sort: str
    area: str
    speaker_area: str
    fits: Fits | None


@dataclass
class _Query:
    words: Words  # singular, without articles and quantifiers
    plural: bool
    group: bool
    here: bool
    fits: list[_Known] = field(default_factory=list)


KINDS_SAID = frozenset(" ".join((*NOUNS.values(), *SORTS.values())).split())  # words that are known though nothing here is one


def fold(text: str) -> list[str]:
    """Lower-case words of a text, apostrophes dropped."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return re.findall(r"[^\W_]+", plain.replace("'s ", " ").replace("'", ""))


def singular(word: str) -> str:
    """An English plural without its ending; other words unchanged."""
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us")) else word


def stems(text: str) -> Words:
    """The words of a name as the index keeps them."""
    return tuple(singular(word) for word in fold(text) if word not in ARTICLES)


class Names:
    """Finds devices by words in one house; the index follows house.version."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._version = -1
        self._known: list[_Known] = []
        self._places: dict[Words, set[str]] = {}  # words -> folded names of the areas that they cover
        self._labels: dict[Words, str] = {}
        self._vocabulary: set[str] = set()
        self._joined: dict[str, str] = {}  # "livingroom" -> "living room"

    def find(self, words: str, *, kinds: Collection[str] | None = None, sort: str = "", area: str = "", speaker_area: str = "",
             all: bool = False, fits: Fits | None = None) -> Selection:  # fmt: skip
        """The devices that these words name, among those of `kinds`/`sort`/`area` for which `fits` holds.

        `speaker_area` settles what is said without a room; `all` means that several are wanted.
        """
        self._refresh()
        return self._find(words, _Scope(kinds, sort, area, speaker_area, fits), all=all)

    def _find(self, words: str, scope: _Scope, *, all: bool = False) -> Selection:
        tokens = fold(words)
        for mark in ("except", "but"):
            if mark in tokens[1:]:
                return self._except(words, mark, replace(scope, area=""))
        pool = self._pool(scope)
        query = _query(tokens, pool)
        query.group |= all
        found = self._resolve(query, scope.speaker_area)
        if not found.unknown or found.unknown == "here":
            return found
        if several := self._several(words, scope):
            return several
        if better := self._corrected(tokens):
            again = self._find(better, scope, all=all)
            if again.devices or again.ambiguous:
                return replace(again, guess=True)
        return self._suggest(found, pool)

    def _pool(self, scope: _Scope) -> list[_Known]:
        kinds, sort, fits = scope.kinds, scope.sort, scope.fits
        known = [one for one in self._known if (kinds is None or one.device.kind in kinds) and (not sort or sort in one.nouns)]
        if scope.area:
            inside = self._inside(scope.area)
            known = [one for one in known if one.area in inside]
        return [one for one in known if fits(one.device)] if fits else known

    # -- index

    def spoken(self) -> Iterable[tuple[str, Device]]:
        """Every name under which a device may be asked for."""
        for device in self.house.devices.values():
            for name in dict.fromkeys([self.house.name(device), *self.house.aliases(device)]):
                yield name, device

    def _refresh(self) -> None:
        if self._version == self.house.version:
            return
        self._version = self.house.version
        self._places, self._labels = {}, {}
        for key, area in self.house.areas.items():
            inside = self.house.within(area.name)
            for name in (area.name, *area.aliases):
                self._place(stems(name), inside, area.name)
            if area.floor:
                for words in (stems(area.floor), (*stems(area.floor), "floor")):
                    self._place(words, {key}, area.floor)
        for word, hints in FLOORS.items():
            for words, inside in list(self._places.items()):
                if (word,) not in self._places and words[-1] == "floor" and words[0] in hints:
                    self._place((word,), inside, word + "s")
        self._known = [self._learn(device) for device in self.house.devices.values()]
        phrases = {*self._places, *(name for one in self._known for name in one.names)}
        self._joined = {"".join(words): " ".join(words) for words in phrases if len(words) > 1}
        self._vocabulary = set().union(SMALL, KINDS_SAID, *phrases, *(one.bag | one.places for one in self._known))

    def _place(self, words: Words, inside: set[str], label: str) -> None:
        if words:
            self._places.setdefault(words, set()).update(inside)
            self._labels.setdefault(words, label)

    def _learn(self, device: Device) -> _Known:
        record = self.house.records.get(device.id)
        owned = [record.owner_name, *record.aliases] if record else []
        owner = {stems(name) for name in owned if name}
        names = owner | {stems(self.house.name(device))}
        nouns = _nouns(device.kind, self.house.sort(device))
        area = self.house.area(device).casefold()
        bag = set().union(*names, nouns, stems(device.maker), stems(device.model))
        known_area = self.house.areas.get(area)
        places = {*stems(area), *(stems(known_area.floor) if known_area else ())}
        return _Known(device, owner, names, bag, nouns, places, area)

    def _inside(self, area: str) -> set[str]:
        return self._places.get(stems(area)) or self.house.within(area)

    # -- resolving

    def _resolve(self, query: _Query, speaker_area: str) -> Selection:
        if query.here:
            if not speaker_area:
                return Selection(unknown="here")
            query.fits = [one for one in query.fits if one.area in self._inside(speaker_area)]
        if not query.words:
            here = speaker_area if query.here else ""
            return self._pick(query.fits, query, speaker_area, bare=True, group=query.group or query.here, place=here)
        if owned := [one for one in query.fits if query.words in one.owner and query.words not in self._places]:
            return self._pick(owned, query, speaker_area)
        best = Selection(unknown=" ".join(query.words))
        for place in self._places_in(query.words):
            found = self._in_place(place, query)
            if not found.unknown or found.bare:
                return found
            best = best if best.place else found
        if named := [one for one in query.fits if query.words in one.names]:
            return self._pick(named, query, speaker_area, group=query.group)
        fits = [one for one in query.fits if _tells(query.words, one)]
        return self._pick(fits, query, speaker_area) if fits else best

    def _places_in(self, words: Words) -> list[tuple[int, int]]:
        """Spans of the words that name a place, longest first."""
        spans = [(a, b) for a in range(len(words)) for b in range(len(words), a, -1) if words[a:b] in self._places]
        return sorted(spans, key=lambda span: span[0] - span[1])

    def _in_place(self, span: tuple[int, int], query: _Query) -> Selection:
        words, rest = query.words[span[0] : span[1]], query.words[: span[0]] + query.words[span[1] :]
        inside, label = self._places[words], self._labels[words]
        there = [one for one in query.fits if one.area in inside]
        if not rest:
            if not there and (named := [one for one in query.fits if words in one.names]):
                return self._pick(named, query)
            if not there:
                return Selection(unknown="anything", bare=True, place=label)
            return self._pick(there, query, bare=True, group=True, place=label)
        exact = [one for one in there if query.words in one.names or rest in one.names]
        if exact and not (query.plural and set(rest) <= exact[0].nouns):
            return self._pick(exact, query, place=label)
        fits = [one for one in there if set(rest) <= one.nouns] or [one for one in there if set(rest) <= one.bag]
        return self._pick(fits, query, place=label, unknown=" ".join(rest))

    def _pick(self, fits: list[_Known], query: _Query, speaker_area: str = "", *, group: bool | None = None, bare: bool = False,
              place: str = "", unknown: str = "") -> Selection:  # fmt: skip
        """All of them when several were meant, else the one that fits best, else a question."""
        if not fits:
            return Selection(unknown=unknown or " ".join(query.words) or "anything", place=place)
        group = (query.group or query.plural) if group is None else group
        if speaker_area and not query.group:
            inside = self._inside(speaker_area)
            fits = [one for one in fits if one.area in inside] or fits
        if len(fits) > 1 and not group:
            fits = (
                [one for one in fits if query.words in one.owner]
                or [one for one in fits if query.words in one.names]
                or [one for one in fits if {*query.words} in map(set, one.names)]
                or fits
            )
        devices = tuple(one.device for one in fits)
        if len(devices) == 1 or group:
            return Selection(devices, group=group, bare=bare, place=place)
        return Selection(ambiguous=devices, place=place)

    def _several(self, words: str, scope: _Scope) -> Selection | None:
        """ "A and B": both, when each is known by itself."""
        parts = [part for part in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*", words.strip()) if part]
        if len(parts) < 2:
            return None
        found = [self._find(part, scope) for part in parts]
        if len(parts) == 2 and found[1].devices and not found[0].devices:
            noun = parts[1].split()[-1]  # "the kitchen and hall lights": it belongs to both
            found[0] = self._find(f"{parts[0]} {noun}", scope)
        if not all(one.devices for one in found):
            return None
        devices = tuple(dict.fromkeys(d for one in found for d in one.devices))
        return Selection(devices, group=True, bare=any(one.bare for one in found), guess=any(one.guess for one in found))

    def _except(self, words: str, mark: str, scope: _Scope) -> Selection:
        """ "everything except the bedroom"; both sides must be known."""
        left, right = re.split(rf"\s+{mark}\s+(?:for\s+)?", words, maxsplit=1, flags=re.IGNORECASE)
        whole, out = self._find(left, scope, all=True), self._find(right, scope, all=True)
        if not whole.devices or not out.devices:
            return whole if whole.unknown else out
        devices = tuple(device for device in whole.devices if device not in out.devices)
        return Selection(devices, group=True, bare=whole.bare, guess=whole.guess or out.guess)

    def _corrected(self, tokens: list[str]) -> str:
        """The words with every unknown one replaced by the only known one that is a slip away; empty when one has none."""
        better = [self._slip(word) for word in tokens]
        return " ".join(better) if better != tokens and all(better) else ""

    def _slip(self, word: str) -> str:
        stem = singular(word)
        if word in self._vocabulary or stem in self._vocabulary:
            return word
        if stem in self._joined:
            return self._joined[stem]
        near = [known for known in self._vocabulary if _one_slip(stem, known)]
        return near[0] + "s" * (word != stem) if len(near) == 1 else ""

    def _suggest(self, found: Selection, pool: list[_Known]) -> Selection:
        names = {" ".join(words): self.house.name(one.device) for one in pool for words in one.names}
        names |= {" ".join(words): label for words, label in self._labels.items()}
        near = difflib.get_close_matches(found.unknown, names, 1, 0.7)
        return replace(found, nearest=names[near[0]] if near else "")


def _tells(words: Words, one: _Known) -> bool:
    """Whether words of its name, kind and room tell of this device; "room" alone does not: mine need not be the living room."""
    said = set(words)
    return said <= one.bag | one.places and said - one.nouns != {"room"}


def _one_slip(said: str, known: str) -> bool:
    """One letter wrong, missing, too many, or two swapped; not the first letter, and not in short words or numbers."""
    if said[0] != known[0] or max(len(said), len(known)) < 5 or not (said + known).isalpha():
        return False
    same = next((n for n, (x, y) in enumerate(zip(said, known, strict=False)) if x != y), min(len(said), len(known)))
    a, b = said[same:], known[same:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[1::-1], a[2:]) == (b[:2], b[2:])


def _nouns(kind: str, sort: str) -> set[str]:
    words = set(stems(sort)) | set(SORTS.get(sort.casefold(), "").split())
    if kind == "player" and sort and sort != "speaker":  # a TV is no speaker
        return words | (set(NOUNS["player"].split()) - {"speaker"})
    if kind == "heater" and sort:  # "the heating" is not the pool
        return words | {"heater", "temperature"}
    return words if sort in OWN_NOUNS_ONLY else words | set(NOUNS.get(kind, kind).split())


def _query(tokens: list[str], pool: list[_Known]) -> _Query:
    here = tokens == ["here"] or tuple(tokens[-2:]) in HERE or tokens[-1:] == ["here"]
    if here:
        tokens = tokens[: -2 if tuple(tokens[-2:]) in HERE else -1]
    said = set(tokens)
    group = bool(said & {*ALL, "both"}) or bool(said & HOME and said <= HOME | ARTICLES | PREPOSITIONS)
    drop = ARTICLES | ALL | (HOME if group else frozenset())
    kept = [word for word in tokens if word not in drop]
    kept = [word for i, word in enumerate(kept) if word not in PREPOSITIONS or (i == len(kept) - 1 and not group)]
    words = tuple(singular(word) for word in kept)
    nouns = set().union(*(one.nouns for one in pool)) if pool else set()
    plural = any(word != singular(word) and singular(word) in nouns for word in kept)
    return _Query(words, plural, group, here, pool)
