"""What may be said of each device of a house, as bit masks: bit n of a mask is the n-th device."""

from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from functools import cached_property, reduce
from itertools import compress
from operator import or_

from claw.device import Device
from claw.house import House
from claw.names.hearing import Hearing
from claw.names.slips import Slips
from claw.names.words import ALSO, FLOORS, HOME, NUMERALS, ROOMS, Words, level, nouns, numbered, plainly, stems

Masks = dict[str, int]
COMMON = 60  # a word in more names than these tells nothing
NEAR = 0.7  # of difflib


class Index:
    """One version of a house: words -> devices. Building it takes about 40 ms for 1,000 devices."""

    def __init__(self, house: House) -> None:
        self.house, self.version = house, house.version
        self.devices = list(house.devices.values())
        self.number = {device.id: n for n, device in enumerate(self.devices)}
        self.everything = (1 << len(self.devices)) - 1
        self.kinds, self.nouns, self.rooms = Masks(), Masks(), Masks()  # rooms: by folded name, each by itself
        self.own = Masks()  # words of its names and sort, beside those of all its kind
        self.bags, self.settings = Masks(), Masks()  # words of names, kinds, makers; words of the room and its floor
        self.owners, self.names, self.places = dict[Words, int](), dict[Words, int](), dict[Words, int]()
        self.unordered: dict[frozenset[str], int] = {}
        self.floors = set[Words]()
        self.labels: dict[Words, str] = {}  # of places
        self.plurals = set[Words]()  # names that are plurals themselves: "Christmas Lights"
        self.area = [house.area(device).casefold() for device in self.devices]
        self._surroundings: dict[str, set[str]] = {}
        self._add_places()
        for n, device in enumerate(self.devices):
            self._add(1 << n, device, self.area[n])
        self._cover_places()
        self.tells = {word: self.bags.get(word, 0) | self.settings.get(word, 0) for word in {*self.bags, *self.settings}}
        self._homely = [words for words in self.places if len(words) > 1 and not HOME.isdisjoint(words)]
        self.longest = max(map(len, self.places), default=0)
        self.slips = Slips({*self.tells, *(word for place in self.places for word in place)}, {*self.places, *self.names})

    @cached_property
    def hearing(self) -> Hearing:
        """Its names and places by how they sound."""
        areas = (name for area in self.house.areas.values() for name in (area.name, *area.aliases))
        names = (name for device in self.devices for name in (self.house.name(device), *self.house.aliases(device)))
        return Hearing((*areas, *self.labels.values(), *names), self.slips)

    def members(self, mask: int) -> tuple[Device, ...]:
        """The devices of a mask, in the order of the house."""
        if mask.bit_count() < 32:
            return tuple(self.devices[n] for n in bits(mask))
        return tuple(compress(self.devices, map(ord("1").__eq__, bin(mask)[:1:-1].encode())))

    def within(self, area: str) -> int:
        """The devices in this area and in all areas inside it; also of a floor."""
        if (found := self.places.get(stems(area))) is not None:
            return found
        return self.rooms.get(area.casefold(), 0)

    def around(self, area: str) -> Iterator[int]:
        """The devices of a room, then of what the room is a part of, and so on."""
        seen = set[str]()
        while area and area.casefold() not in seen:
            seen.add(area.casefold())
            yield self.within(area)
            known = self.house.areas.get(area.casefold())
            area = known.parent if known else ""

    def floor(self, area: str) -> int:
        """The devices on the floor of this room; 0 when nobody knows it."""
        known = self.house.areas.get(area.casefold())
        return self.places.get(stems(known.floor), 0) if known and known.floor else 0

    def mask(self, devices: Iterable[Device]) -> int:
        """The mask of some devices."""
        return self.of(device.id for device in devices)

    def of(self, ids: Iterable[str]) -> int:
        """The mask of the devices with these ids; unknown ids are left out."""
        return reduce(or_, (1 << self.number[id] for id in ids if id in self.number), 0)

    def of_kinds(self, kinds: Iterable[str]) -> int:
        """The mask of all devices of some kinds."""
        return reduce(or_, (self.kinds.get(kind, 0) for kind in kinds), 0)

    def alike(self, topic: int) -> int:
        """All devices of the kinds of these."""
        return self.of_kinds({self.devices[n].kind for n in bits(topic)})

    def same_sort(self, topic: int) -> int:
        """All devices of their kinds and sorts."""
        sorts = {self.house.sort(self.devices[n]) for n in bits(topic)}
        return self.of(self.devices[n].id for n in bits(self.alike(topic)) if self.house.sort(self.devices[n]) in sorts)

    def beside(self, topic: int) -> int:
        """All devices in their rooms."""
        return reduce(or_, (self.rooms[self.area[n]] for n in bits(topic) if self.area[n]), 0)

    def homely(self, said: set[str]) -> bool:
        """Whether a place with "house" or "home" in its name was said: "the guest house"."""
        return any(said.issuperset(words) for words in self._homely)

    def nearest(self, words: str, among: int) -> str:
        """The name of a device of this mask or of a place that is much like these words; empty when there is none."""
        said, hits = words.split(), Counter[Words]()
        for word in (near for one in said for near in self.slips.near(one)):
            phrases = self.slips.phrases.get(word, ())
            hits.update(phrases if len(phrases) <= COMMON else [(word,)] if (word,) in phrases else [])
        alike = [(SequenceMatcher(None, " ".join(one), words).ratio(), one) for one, _ in hits.most_common(12)]
        best = [
            one
            for ratio, one in sorted(alike, reverse=True)
            if ratio >= NEAR and (self.names.get(one, 0) & among or one in self.labels)
        ]
        if not best:
            return ""
        named = self.members(self.names.get(best[0], 0) & among)
        return self.house.name(named[0]) if named else self.labels[best[0]]

    def _add(self, bit: int, device: Device, area: str) -> None:
        record, known = self.house.records.get(device.id), self.house.areas.get(area)
        owned = [record.owner_name, *record.aliases] if record else []
        owner = _names(stems(name) for name in owned if name)
        names = owner | _names([stems(self.house.name(device))])
        called = nouns(device.kind, self.house.sort(device))
        self.plurals |= {said for name in (self.house.name(device), *owned) if (said := plainly(name)) != stems(name)}
        _put(self.kinds, [device.kind], bit)
        _put(self.nouns, called, bit)
        _put(self.rooms, [area], bit)
        _put(self.own, set(stems(self.house.sort(device))).union(*names), bit)
        bag = called.union(*names, stems(device.maker), stems(device.model))
        _put(self.bags, bag.union(ALSO[word] for word in bag & ALSO.keys()), bit)
        _put(self.settings, {*stems(area), *(stems(known.floor) if known else ()), *self._surroundings.get(area, ())}, bit)
        for words in names:
            self.names[words] = self.names.get(words, 0) | bit
            self.unordered[frozenset(words)] = self.unordered.get(frozenset(words), 0) | bit
        for words in owner:
            self.owners[words] = self.owners.get(words, 0) | bit

    def _add_places(self) -> None:
        """Which areas each phrase for a place covers."""
        self._covered: dict[Words, set[str]] = {}
        levels: dict[str, int] = {}
        for key, area in self.house.areas.items():
            inside = self.house.within(area.name)
            for name in (area.name, *area.aliases):
                for words in _names([stems(name)]):
                    self._place(words, inside, area.name)
            if area.floor:
                floor = stems(area.floor)
                for words in _names([floor, (*(word for word in floor if word not in ("floor", "level")), "floor")]):
                    self._place(words, {key}, area.floor)
                    self.floors.add(words)
                if (height := level(area.floor)) is not None:
                    levels[key] = height
        self._add_floors(levels)
        self._add_other_words()

    def _add_other_words(self) -> None:
        """Other words for a room, unless they are ambiguous here."""
        known = dict(self._covered)
        for said, meant in ROOMS.items():
            room = next((words for one in meant if (words := stems(one)) in known), None)
            if room and stems(said) not in known:
                self._place(stems(said), known[room], self.labels[room])

    def _add_floors(self, levels: dict[str, int]) -> None:
        """ "Upstairs", "downstairs", "the top floor": what they cover, by the heights of the floors."""
        heights = sorted(set(levels.values()))
        if not heights:
            return
        ground = next((height for height in heights if height >= 0), heights[-1])
        lone = heights[-1] == ground and len(heights) > 1  # a ground floor with a basement
        parts = {
            "upstair": {key for key, height in levels.items() if height > ground or (lone and height == ground)},
            "downstair": {key for key, height in levels.items() if (height < ground if lone else height == ground)},
        }
        for word, keys in parts.items():
            for key in keys:
                self._surroundings.setdefault(key, set()).add(word)
        parts |= {"top": {key for key, height in levels.items() if height == heights[-1]}, "ground": parts["downstair"]}
        self.floors |= {("upstair",), ("downstair",)}
        for word, keys in parts.items():
            words = (word,) if word in FLOORS else (word, "floor")
            if keys and words not in self._covered:
                self._place(words, keys, f"{word}s" if word in FLOORS else f"{word} floor")

    def _place(self, words: Words, inside: set[str], label: str) -> None:
        if words:
            self._covered.setdefault(words, set()).update(inside)
            self.labels.setdefault(words, label)

    def _cover_places(self) -> None:
        for words, inside in self._covered.items():
            self.places[words] = reduce(or_, (self.rooms.get(area, 0) for area in inside), 0)


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _put(masks: Masks, words: Iterable[str], bit: int) -> None:
    for word in words:
        masks[word] = masks.get(word, 0) | bit


def _names(said: Iterable[Words]) -> set[Words]:
    """Names, and each with its number words as digits."""
    names = set(said)
    return names | {numbered(words) for words in names if not NUMERALS.keys().isdisjoint(words)}
