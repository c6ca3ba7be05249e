"""The one resolver that turns words into devices: names, aliases, makers, sorts, rooms, floors, "everywhere", "the other one"."""

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from claw.device import Device
from claw.house import House
from claw.names.index import Index
from claw.names.resolving import Fits
from claw.names.search import Search
from claw.names.selection import Selection
from claw.names.words import (
    ALL,
    ARTICLES,
    FLOORS,
    HOME,
    KINDS_SAID,
    NOUNS,
    POINTING,
    PREPOSITIONS,
    SMALL,
    SORTS,
    Words,
    fold,
    singular,
    stems,
)  # fmt: skip

__all__ = [
    "ALL", "ARTICLES", "FLOORS", "HOME", "KINDS_SAID", "NOUNS", "POINTING", "PREPOSITIONS", "SMALL", "SORTS", "VIEWS", "Fits",
    "Names", "Selection", "Words", "fold", "singular", "stems",
]  # fmt: skip

VIEWS = 4  # of a house are kept, by house.version: the whole one, and what some guests may use of it


class Names:
    """Finds devices by words in one house; the index is built anew when house.version has changed (40 ms for 1,000 devices)."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._index = lru_cache(VIEWS)(lambda version: Index(house))

    @property
    def index(self) -> Index:
        """What may be said of each device of the house as it is now."""
        return self._index(self.house.version)

    def find(self, words: str, *, kinds: Collection[str] | None = None, sort: str = "", area: str = "", speaker_area: str = "",
             all: bool = False, fits: Fits | None = None, topic: Sequence[str] = ()) -> Selection:  # fmt: skip
        """The devices that these words name, among those of `kinds`/`sort`/`area` for which `fits` holds.

        `speaker_area` settles what is said without a room; `all` means that several are wanted; `topic` holds the ids of the
        devices last spoken of, for "it" and "the other one".
        """
        index = self.index
        wide = index.everything if kinds is None else index.of_kinds(kinds)
        wide &= index.nouns.get(sort, 0) if sort else -1
        base = wide & index.within(area) if area else wide
        return Search(index, wide, base, fits, speaker_area, index.of(topic)).phrase(words, all=all)

    def spoken(self) -> Iterable[tuple[str, Device]]:
        """Every name under which a device may be asked for."""
        for device in self.house.devices.values():
            for name in dict.fromkeys([self.house.name(device), *self.house.aliases(device)]):
                yield name, device
