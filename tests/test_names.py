"""The resolver: words -> devices, in a house of its own."""

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from claw.clock import ManualClock
from claw.evaluation.simulated import build
from claw.events import Events
from claw.house import Area, House
from claw.names import Names, Selection, stems
from claw.store import Store

SHARED = Path(__file__).parents[2] / "shared" / "evals"
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
    found = names.find("shambolic")
    assert (found.unknown, found.nearest) == ("shambolic", "")
    assert names.find("the reading lamb post").nearest == "Reading Lamp"
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


FLOORS = {
    "Ground floor": "Kitchen|Living Room|Hallway|Bathroom|Den",
    "First floor": "Master Bedroom|Bedroom 2|Lena's Room|Kids' Room",
}
VILLA_AREAS: list[dict[str, Any]] = [
    *({"name": name, "floor": floor} for floor, names in FLOORS.items() for name in names.split("|")),
    {"name": "Master Bathroom", "floor": "First floor"},
    {"name": "Reading Corner", "floor": "Ground floor", "parent": "Living Room"},
    {"name": "Cellar", "floor": "Basement"},
    {"name": "Porch"},
]
VILLA = """
kitchen-ceiling: Ceiling Light, Kitchen, light, , Philips
kitchen-strip: LED Strip, Kitchen, light
sonos: Sonos One, Kitchen, player, speaker, Sonos
coffee: Coffee Maker, Kitchen, switch, outlet
fridge: Fridge, Kitchen, sensor
living-floor: Floor Lamp, Living Room, light, , IKEA
sofa-lamp: Sofa Lamp, Living Room, light
tv: TV, Living Room, player, tv, LG
left-blind: Left Blind, Living Room, shade, blind
right-blind: Right Blind, Living Room, shade, blind
living-fan: Fan, Living Room, fan
reading-lamp: Reading Lamp, Reading Corner, light
hall-light: Hall Light, Hallway, light
vacuum: Roborock, Hallway, vacuum
thermostat: Thermostat, Hallway, thermostat
bath-light: Bathroom Light, Bathroom, light
bath-fan: Exhaust Fan, Bathroom, fan
den-corner: Corner Light, Den, light
desk-lamp: Desk Lamp, Den, light
lamp-2: Lamp 2, Den, light
master-light: Bedroom Light, Master Bedroom, light
master-blind: Blind, Master Bedroom, shade, blind
b2-light: Bedroom 2 Light, Bedroom 2, light
b2-blind: Bedroom 2 Blind, Bedroom 2, shade, blind
lena-lamp: Lena's Lamp, Lena's Room, light
kids-light: Night Light, Kids' Room, light
mbath-light: Master Bathroom Light, Master Bathroom, light
cellar-light: Cellar Light, Cellar, light
pump: Pump, Cellar, switch
porch-light: Porch Light, Porch, light
front-door: Front Door, Hallway, lock
"""
STATES: dict[str, dict[str, Any]] = {
    "player": {"playback": "stopped"}, "shade": {"position": 0}, "sensor": {"value": 4}, "vacuum": {"activity": "docked"},
    "thermostat": {"target": 20, "mode": "heat"}, "lock": {"locked": True},
}  # fmt: skip
UP = "master-light b2-light lena-lamp kids-light mbath-light"
LIVING = "living-floor sofa-lamp reading-lamp"
DEN = "den-corner desk-lamp lamp-2"
KITCHEN = "kitchen-ceiling kitchen-strip"
DOWN = f"{KITCHEN} {LIVING} hall-light bath-light {DEN}"
LIGHTS = f"{UP} {DOWN} cellar-light porch-light"


def villa_of(areas: list[dict[str, Any]]) -> Names:
    house = House(Store(None), Events(), ManualClock())
    devices = []
    for row in VILLA.strip().splitlines():
        id, told = row.split(": ")
        said = dict(zip(("name", "area", "kind", "class", "maker"), told.split(", "), strict=False))
        devices.append({"id": id, **said, "state": dict(STATES.get(said["kind"], {"on": False}))})
    build({"areas": areas, "devices": devices}, house)
    return Names(house)


@pytest.fixture(scope="module")
def villa() -> Names:
    return villa_of(VILLA_AREAS)


def found_ids(found: Selection) -> set[str]:
    """The ids; those of a question begin with "?"."""
    return ids(found) | {f"?{device.id}" for device in found.ambiguous}


PHRASES = {  # words: what they name; "?" before each when it must be asked
    # floors, places in places, the whole house
    "all the lights upstairs": UP, "first floor lights": UP, "lights on the top floor": UP, "lights downstairs": DOWN,
    "the lights on the ground floor": DOWN, "downstairs bathroom": "bath-light bath-fan", "light in the upstairs bathroom": "mbath-light",
    "all the blinds upstairs": "master-blind b2-blind", "the basement light": "cellar-light", "lights in the whole house": LIGHTS,
    "the lights in the house": LIGHTS, "all the house lights": LIGHTS, "the lounge lights": LIVING,
    # exceptions
    "all lights except the hall": LIGHTS.replace("hall-light ", ""), "all lights but the desk lamp": LIGHTS.replace("desk-lamp ", ""),
    "everything in the kitchen apart from the fridge": f"{KITCHEN} sonos coffee",
    "all the lights except upstairs and the porch": f"{DOWN} cellar-light", "all the lights upstairs except lena's": UP.replace("lena-lamp ", ""),
    "the den lights, not the desk one": "den-corner lamp-2", "lights in the den except the desk lamp and the corner one": "lamp-2",
    # whose, where, of whom
    "lena's lamp": "lena-lamp", "lenas lamp": "lena-lamp", "lamp in lenas room": "lena-lamp", "the kids room light": "kids-light",
    "children's room": "kids-light", "the lamp on the desk": "desk-lamp", "the lamp next to the sofa": "sofa-lamp",
    "light in the corner of the den": "den-corner", "the ikea lamp": "living-floor", "philips light": "kitchen-ceiling",
    "the sonos in the kitchen": "sonos", "the lamp in the corner": "?den-corner ?reading-lamp", "blind on the left": "left-blind",
    "the left one": "left-blind", "the right blind": "right-blind", "the telly": "tv", "the hoover": "vacuum",
    "the coffee machine": "coffee", "the blinds": "left-blind right-blind master-blind b2-blind",
    # numbers and abbreviations
    "second lamp": "lamp-2", "lamp two": "lamp-2", "lamp number 2": "lamp-2", "br 2": "b2-light b2-blind", "br 2 light": "b2-light",
    "second bedroom blind": "b2-blind", "lr fan": "living-fan", "mbr light": "master-light", "the temp": "thermostat",
    # several, and what parts share
    "both living room blinds": "left-blind right-blind", "both blinds": "?left-blind ?right-blind ?master-blind ?b2-blind",
    "the lights in the kitchen and the den": f"{KITCHEN} {DEN}", "kitchen, den and porch lights": f"{KITCHEN} {DEN} porch-light",
    "lights and fans in the living room": f"{LIVING} living-fan", "one of the den lights": " ".join(f"?{one}" for one in DEN.split()),
    "the den lights please": DEN, "the kitchen one": f"?{' ?'.join(KITCHEN.split())} ?sonos ?coffee ?fridge",
}  # fmt: skip
SLIPS = {
    "the kitchn lihgts": KITCHEN, "the bedrom ligth": "master-light", "the thermostst": "thermostat", "the thremostt": "thermostat",
    "upstiars lights": UP, "live in room lights": LIVING, "kit chen lites": KITCHEN, "hall way light": "hall-light",
    "livingroom lights": LIVING, "frontdoor": "front-door", "nite light": "kids-light", "vacume": "vacuum", "up stairs lights": UP,
    "coffe maker": "coffee", "the sofa lmap": "sofa-lamp", "reeding lamp": "reading-lamp", "master bed room light": "master-light",
}  # fmt: skip
FOREIGN = [
    "my sister's lamp", "the neighbour's kitchen light", "lamp at work", "my daughter's lamp", "bedroom 3 light", "bedroom 22",
    "the ballroom lights", "the horse light", "a certain light", "blinds halfway", "heather's lamp", "love in rome", "traffic lights",
    "the light of the moon", "kitchen sink", "the kitchen knife", "light beer", "all my friends", "the whole thing", "all day",
    "the lights went out", "house of cards", "the other room", "home alone", "the first light of the day", "the value of the lamp",
    "lights in my room", "two lamps", "the lights there", "everything else", "those lights", "both of them", "the rest",
]  # fmt: skip


@pytest.mark.parametrize(("words", "expected"), PHRASES.items())
def test_words_are_taken_as_a_person_would(villa: Names, words: str, expected: str) -> None:
    found = villa.find(words)
    assert found_ids(found) == set(expected.split())
    assert not found.guess


@pytest.mark.parametrize(("words", "expected"), SLIPS.items())
def test_slips_and_dictation_are_a_guess(villa: Names, words: str, expected: str) -> None:
    found = villa.find(words)
    assert found_ids(found) == set(expected.split())
    assert found.guess


@pytest.mark.parametrize("words", FOREIGN)
def test_words_that_the_house_does_not_have_are_unknown(villa: Names, words: str) -> None:
    found = villa.find(words)
    assert found.unknown
    assert not found_ids(found)


@pytest.mark.parametrize(
    ("words", "topic", "expected"),
    [
        ("it", "desk-lamp", "desk-lamp"),
        ("it please", "desk-lamp", "desk-lamp"),
        ("that one", DEN, DEN),
        ("all of them", "desk-lamp lamp-2", "desk-lamp lamp-2"),
        ("both of them", "desk-lamp lamp-2", "desk-lamp lamp-2"),
        ("both", DEN, ""),
        ("him", "vacuum", "vacuum"),
        ("her", "desk-lamp", ""),
        ("the other one", "left-blind", "right-blind"),
        ("the other one", "master-blind", "?left-blind ?right-blind ?b2-blind"),
        ("the other one", "desk-lamp", "?den-corner ?lamp-2"),
        ("the other kitchen light", "kitchen-strip", "kitchen-ceiling"),
        ("the others", "desk-lamp", "den-corner lamp-2"),
        ("the rest of them", "desk-lamp", "den-corner lamp-2"),
        ("all the other lights", "desk-lamp", LIGHTS.replace("desk-lamp ", "")),
        ("the rest of the kitchen", "kitchen-strip", "kitchen-ceiling sonos coffee fridge"),
        ("everything else in the kitchen", "kitchen-strip", "kitchen-ceiling sonos coffee fridge"),
        ("that lamp", "desk-lamp", "desk-lamp"),
        ("those lights", "desk-lamp lamp-2", "desk-lamp lamp-2"),
        ("the lamps there", "tv", LIVING),
        ("the kitchen ones", "hall-light", KITCHEN),
        ("the one in the kitchen", "tv", "sonos"),
        ("the bedroom 2 one", "master-blind", "b2-blind"),
        ("it", "gone", ""),
        ("the other room", "desk-lamp", ""),
    ],
)
def test_pointing_words_are_read_by_the_topic(villa: Names, words: str, topic: str, expected: str) -> None:
    assert found_ids(villa.find(words, topic=topic.split())) == set(expected.split())


def test_what_does_not_fit_is_not_meant_by_it(villa: Names) -> None:
    assert villa.find("it", topic=["tv"], fits=lambda device: device.kind == "light").unknown == "it"
    assert villa.find("it").unknown == "it"


@pytest.mark.parametrize(
    ("words", "area", "expected"),
    [
        ("the fan", "Reading Corner", "living-fan"),
        ("the lamp", "Reading Corner", "reading-lamp"),
        ("the lights in the room", "Den", DEN),
        ("lights on this floor", "Master Bathroom", UP),
        ("these lights", "Den", DEN),
        ("both blinds", "Living Room", "left-blind right-blind"),
        ("the light", "Den", "?den-corner ?desk-lamp ?lamp-2"),
        ("all the lights", "Den", LIGHTS),
    ],
)
def test_the_speakers_room_and_what_is_around_it_come_first(villa: Names, words: str, area: str, expected: str) -> None:
    assert found_ids(villa.find(words, speaker_area=area)) == set(expected.split())


@pytest.mark.parametrize(
    ("floors", "upstairs"),
    [
        (("Ground", "First"), "First"),
        (("First floor", "Second floor"), "Second floor"),
        (("Basement", "Ground floor"), "Ground floor"),
        (("Lower", "Upper"), "Upper"),
    ],
)
def test_upstairs_is_what_is_above_the_lowest_floor(floors: tuple[str, str], upstairs: str) -> None:
    areas = [{"name": "Den", "floor": floors[0]}, {"name": "Kitchen", "floor": floors[1]}]
    names = villa_of(areas)
    there = "Den" if upstairs == floors[0] else "Kitchen"
    assert ids(names.find("the lights upstairs")) == ids(names.find("the lights", area=there))
    assert not ids(names.find("the lights downstairs")) & ids(names.find("the lights", area=there))


@pytest.mark.parametrize("path", sorted(SHARED.glob("*/*.yaml")), ids=lambda path: path.stem)
def test_every_name_finds_its_device_or_namesakes(path: Path) -> None:
    house = House(Store(None), Events(), ManualClock())
    build(yaml.safe_load(path.read_text("utf-8"))["house"], house)
    names = Names(house)
    for name, device in names.spoken():
        found = names.find(name)
        alike = {one.id for one in house.devices.values() if stems(house.name(one)) == stems(name)}
        assert found.bare or {one.id for one in found.devices or found.ambiguous} <= alike, (name, device.id)
        assert found.bare or len(alike) > 1 or ids(found) == {device.id}


@pytest.mark.parametrize(("count", "most"), [(60, 0.0006), (1000, 0.0016)])
def test_typical_phrases_are_found_at_once(count: int, most: float) -> None:
    devices = [
        (f"lamp-{n}", f"Lamp {n}", AREAS[n % 4]["name"], ("light", "fan")[n % 2], "", "", {"on": False}) for n in range(count)
    ]
    names = Names(house_of(devices))
    names.find("warm up")
    for words in ("pantry lights", "the attic fan", "lamp 33", "the frobnicator", "my zebra lamp"):
        taken = []
        for _ in range(50):
            began = time.process_time()
            names.find(words, fits=lambda device: device.kind != "sensor")
            taken.append(time.process_time() - began)
        assert min(taken) < most, words  # four times what it takes on a quiet machine: a guard against a wrong order of growth


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
