"""The resolver: words -> devices, in a house of its own."""

import time
from typing import Any

import pytest

from claw.clock import ManualClock
from claw.evaluation.simulated import build
from claw.events import Events
from claw.house import Area, House
from claw.names import Names, Selection
from claw.store import Store

AREAS: list[dict[str, Any]] = [
    {"name": "Attic", "floor": "First floor"},
    {"name": "Library", "floor": "Ground floor", "aliases": ["book room"]},
    {"name": "Reading Nook", "floor": "Ground floor", "parent": "Library"},
    {"name": "Pantry", "floor": "Ground floor"},
]
DEVICES = [
    ("attic-lamp", "Moon", "Attic", "light", "", "Signify", {"on": False}),
    ("attic-fan", "Breeze", "Attic", "fan", "", "", {"on": False, "speed": 0}),
    ("library-main", "Chandelier", "Library", "light", "", "", {"on": False}),
    ("nook-lamp", "Reading Lamp", "Reading Nook", "light", "", "", {"on": False}),
    ("library-player", "Library", "Library", "player", "speaker", "Sonos", {"playback": "stopped", "volume": 20}),
    ("library-tv", "Samsung 7", "Library", "player", "tv", "Samsung", {"on": False, "playback": "stopped"}),
    ("left-blind", "Left Blind", "Library", "shade", "blind", "", {"position": 0}),
    ("right-blind", "Right Blind", "Library", "shade", "blind", "", {"position": 0}),
    ("gate", "Big Iron Thing", "", "door", "gate", "", {"open": False}),
    ("yes", "yes", "Pantry", "switch", "", "", {"on": False}),
    ("all", "all", "Pantry", "switch", "", "", {"on": False}),
]


def house_of(devices: list[Any]) -> House:
    clock = ManualClock()
    house = House(Store(None), Events(), clock)
    keys = ("id", "name", "area", "kind", "class", "maker", "state")
    build({"areas": AREAS, "devices": [dict(zip(keys, device, strict=True)) for device in devices]}, house)
    return house


@pytest.fixture
def names() -> Names:
    return Names(house_of(DEVICES))


def ids(found: Selection) -> set[str]:
    return {device.id for device in found.devices}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("the moon", {"attic-lamp"}),
        ("attic fan", {"attic-fan"}),
        ("the fan", {"attic-fan"}),
        ("the light in the attic", {"attic-lamp"}),
        ("library lights", {"library-main", "nook-lamp"}),
        ("the lights in the book room", {"library-main", "nook-lamp"}),
        ("signify lamp", {"attic-lamp"}),
        ("upstairs lights", {"attic-lamp"}),
        ("the television", {"library-tv"}),
        ("library blinds", {"left-blind", "right-blind"}),
        ("the gate", {"gate"}),
        ("all the lights", {"attic-lamp", "library-main", "nook-lamp"}),
        ("the moon and the chandelier", {"attic-lamp", "library-main"}),
        ("every light except the moon", {"library-main", "nook-lamp"}),
    ],
)
def test_words_name_devices(names: Names, words: str, expected: set[str]) -> None:
    assert ids(names.find(words)) == expected


def test_two_that_fit_equally_are_ambiguous(names: Names) -> None:
    found = names.find("the blind")
    assert not found.devices
    assert {device.id for device in found.ambiguous} == {"left-blind", "right-blind"}


def test_the_room_of_the_speaker_settles_it(names: Names) -> None:
    assert ids(names.find("the light", speaker_area="Attic")) == {"attic-lamp"}
    assert ids(names.find("here", kinds=("light",), speaker_area="Reading Nook")) == {"nook-lamp"}


def test_the_name_of_a_room_beats_a_device_that_is_called_like_it(names: Names) -> None:
    found = names.find("the library")
    assert found.bare
    assert ids(found) >= {"library-main", "library-player", "left-blind"}


def test_the_owners_name_beats_an_advertised_one() -> None:
    house = house_of(DEVICES)
    house.describe("attic-fan", name="chandelier")
    assert ids(Names(house).find("the chandelier")) == {"attic-fan"}


def test_my_room_is_not_the_living_room() -> None:
    devices = [
        ("one", "Living Room Ceiling", "Living Room", "light", "", "", {"on": False}),
        ("two", "Floor Lamp", "Living Room", "light", "", "", {"on": False}),
        ("three", "Attic Lamp", "Attic", "light", "", "", {"on": False}),
    ]
    found = Names(house_of(devices)).find("lights in my room")
    assert ids(found) == set()
    assert ids(Names(house_of(devices)).find("lights in the living room")) == {"one", "two"}


def test_a_device_called_all_or_yes_does_no_harm(names: Names) -> None:
    assert len(names.find("all").devices) == len(DEVICES)
    assert ids(names.find("all the fans")) == {"attic-fan"}


def test_unknown_words_are_said_with_the_nearest_name(names: Names) -> None:
    found = names.find("chandellear")
    assert (found.unknown, found.nearest) == ("chandellear", "Chandelier")
    assert names.find("the fan in the pantry").place == "Pantry"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("the chandeleer", {"library-main"}),
        ("the lihgts in the libary", {"library-main", "nook-lamp"}),
        ("readinglamp", {"nook-lamp"}),
        ("lirbary lights and the moon", {"library-main", "nook-lamp", "attic-lamp"}),
    ],
)
def test_one_typing_slip_is_corrected_and_marked_as_a_guess(names: Names, words: str, expected: set[str]) -> None:
    found = names.find(words)
    assert ids(found) == expected
    assert found.guess
    assert not names.find("the chandelier").guess


def test_a_slip_that_could_be_two_words_is_not_corrected() -> None:
    near = [
        ("one", "Marina", "Attic", "light", "", "", {"on": False}),
        ("two", "Marita", "Pantry", "light", "", "", {"on": False}),
    ]
    assert Names(house_of(near)).find("the marixa").unknown


@pytest.mark.parametrize(
    "words", ["the noon", "lamp 2", "the attic fax", "the lobrary and the chandolear lampshape", "the libaries"]
)
def test_short_words_numbers_and_two_slips_are_not_corrected(names: Names, words: str) -> None:
    assert names.find(words).unknown


def test_every_word_must_be_known(names: Names) -> None:
    assert names.find("the moon tomorrow").unknown
    assert names.find("why is the moon").unknown


def test_the_index_follows_the_house(names: Names) -> None:
    names.find("the moon")
    names.house.describe("attic-lamp", name="Sun")
    names.house.add_area(Area("Cellar"))
    assert ids(names.find("the sun")) == {"attic-lamp"}
    assert names.find("the moon").unknown


def test_sixty_devices_take_well_below_a_millisecond() -> None:
    devices = [(f"lamp-{n}", f"Lamp {n}", AREAS[n % 4]["name"], "light", "", "", {"on": False}) for n in range(60)]
    names = Names(house_of(devices))
    names.find("warm up")
    taken = []
    for n in range(60):
        began = time.perf_counter()
        names.find(f"lamp {n}")
        taken.append(time.perf_counter() - began)
    assert sorted(taken)[30] < 0.001
