"""What the model calls the devices and rooms: the owner's words, or words that cannot be an instruction."""

import re
from collections import Counter

from claw.device import Device
from claw.house import House
from claw.names import FLOORS, KINDS_SAID, fold, singular
from claw.reflex.numbers import NUMBERS, ORDINALS
from claw.turns.replies import COMMON

SAYINGS = """
a of and in on at by to old new little upper lower north south east west white black red green blue yellow orange pink grey
tv led kid parent child dad mum mom granny baby day night first second third
"""
PLAIN = COMMON | KINDS_SAID | NUMBERS.keys() | ORDINALS.keys() | FLOORS.keys() | frozenset(SAYINGS.split())
LONGEST, LONGEST_WORD = 6, 12  # words of an advertised name; letters of one that is a single word
ORDERS = re.compile(  # no name of a single word holds one of these
    "turn|open|close|lock|unlock|start|stop|play|mute|pause|ignore|remember|forget|always|never|every|approve|allow|arm|send|tell|say",
    re.IGNORECASE,
)


class Handles:
    """One version of a house: for each device a name that only it has; of what a device calls itself only plain words."""

    def __init__(self, house: House) -> None:
        self.house, self.version = house, house.version
        names = {id: self._name(device) for id, device in house.devices.items()}
        often = Counter(name.casefold() for name in names.values())
        self.of: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        for id, name in sorted(names.items(), key=lambda item: (not house.owned(house.devices[item[0]]), item[0])):
            area = self.area(house.devices[id])
            alone = often[name.casefold()] == 1 or not area or area.casefold() in name.casefold()
            self._give(id, name if alone else f"{area} {name}")

    def _give(self, id: str, name: str) -> None:
        number, unique = 1, name
        while unique.casefold() in self.ids:
            unique = f"{name} {(number := number + 1)}"
        self.of[id], self.ids[unique.casefold()] = unique, id

    def _name(self, device: Device) -> str:
        name = self.house.name(device)
        if self.house.owned(device) or plain(name):
            return _unmarked(name)
        sort = self.house.sort(device)
        return sort if plain(sort) else device.kind

    def name(self, device: Device) -> str:
        """What it is called; of one that has just come, its kind."""
        return self.of.get(device.id, device.kind)

    def veiled(self, device: Device) -> bool:
        """Whether its own name is not told to the model."""
        return self._name(device) != self.house.name(device)

    def area(self, device: Device) -> str:
        """Its room; empty when only a device says so, in words that could be an instruction."""
        area = self.house.area(device)
        return _unmarked(area) if area.casefold() in self.house.said_areas or self.house.owned(device) or plain(area) else ""


def _unmarked(name: str) -> str:
    """The name without the marks of the request."""
    return " ".join(re.sub(r"[«»\[\]]", " ", name).split())


def plain(name: str) -> bool:
    """Whether a name that a device gave itself consists of words for rooms, things and numbers, or is one single word."""
    words = fold(name)
    alone = len(words) == 1 and len(name) <= LONGEST_WORD and name.isalpha() and name[1:].islower() and not ORDERS.search(name)
    return alone or (0 < len(words) <= LONGEST and all(_known(word) for word in words))


def _known(word: str) -> bool:
    return word.isdecimal() or len(word) == 1 or word in PLAIN or singular(word) in PLAIN
