"""Names that a dictation wrote as other words that sound alike: what is found, done, asked, and left alone."""

from pathlib import Path

import pytest
import yaml

from claw.clock import ManualClock
from claw.evaluation.simulated import build
from claw.events import Events
from claw.house import House
from claw.names import Names
from claw.reflex.mending import heard
from claw.reflex.reader import Reader
from claw.reflex.reading import Context
from claw.store import Store

LAMP, SWITCH, FAN = (
    "kind: light, state: {'on': false, brightness: 0}",
    "kind: switch, state: {'on': false}",
    "kind: fan, state: {'on': false, speed: 0}",
)
PLAYER = "kind: player, class: speaker, state: {'on': true, playback: playing, volume: 30}"
HEAT = "kind: thermostat, state: {temperature: 19, target: 20, mode: heat}"
HOUSE = f"""
areas:
  - {{name: Living Room, floor: Ground}}
  - {{name: Conservatory, floor: Ground, aliases: [sunroom]}}
  - {{name: Cellar, floor: Basement}}
  - {{name: Mezzanine, floor: First}}
  - {{name: Jo's Study, floor: First}}
  - {{name: Nia's Room, floor: First}}
  - {{name: Boys' Room, floor: First}}
  - {{name: En Suite, floor: First}}
  - {{name: Orangery}}
  - {{name: Potting Shed}}
devices:
  - {{id: poise, name: Anglepoise, area: Jo's Study, {LAMP}}}
  - {{id: jo-fan, name: Tower Fan, area: Jo's Study, {FAN}}}
  - {{id: nia-lamp, name: Lava Lamp, area: Nia's Room, {LAMP}}}
  - {{id: nia-heat, name: Ecobee, area: Nia's Room, {HEAT}}}
  - {{id: nia-blind, name: Velvet Curtains, area: Nia's Room, kind: shade, class: curtain, state: {{position: 0}}}}
  - {{id: boys-leaf, name: Nanoleaf, area: Boys' Room, {LAMP}}}
  - {{id: tonie, name: Toniebox, area: Boys' Room, {PLAYER}}}
  - {{id: suite, name: Mirror Light, area: En Suite, {LAMP}}}
  - {{id: candela, name: Candelabra, area: Living Room, {LAMP}}}
  - {{id: arc, name: Sonos Arc, area: Living Room, {PLAYER}}}
  - {{id: marantz, name: Marantz, area: Cellar, {PLAYER}}}
  - {{id: cellar-lamp, name: Bulkhead, area: Cellar, {LAMP}}}
  - {{id: mezz, name: Tiffany Lamp, area: Mezzanine, {LAMP}}}
  - {{id: fairy, name: Fairy Lights, area: Conservatory, {LAMP}}}
  - {{id: dehum, name: Dehumidifier, area: Conservatory, {SWITCH}}}
  - {{id: aquarium, name: Aquarium, area: Living Room, {SWITCH}}}
  - {{id: coffee, name: Espresso Machine, area: Living Room, {SWITCH}}}
  - {{id: orange, name: Festoon Lights, area: Orangery, {LAMP}}}
  - {{id: heated, name: Propagator, area: Potting Shed, {SWITCH}}}
  - {{id: bird, name: Rainbird, area: Orangery, kind: valve, class: sprinkler, state: {{open: false}}}}
  - {{id: rumba, name: Roomba, kind: vacuum, state: {{activity: docked}}}}
  - {{id: dado, name: Tado, area: Living Room, {HEAT}}}
  - {{id: one, name: Marina, area: Potting Shed, {LAMP}}}
  - {{id: two, name: Marena, area: Potting Shed, {LAMP}}}
  - {{id: gate, name: Front Door, kind: lock, state: {{locked: true}}}}
"""
MISHEARD = {
    "poise": "angle poise|ankle poise|angle poys", "rumba": "rumba|room bar|roombah|rumbah", "arc": "sonos ark|sonoss arc|sonus arc",
    "nia-heat": "eco bee|echo bee|ecco bee|eckobee", "boys-leaf": "nano leaf|nanno leaf|nano leef",
    "nia-lamp": "larva lamp|lava lamb|lamp in niahs room|lamp in nias room|nia's lava lump",
    "nia-blind": "vel vet curtains|velvit curtains|curtains in nias room|nias curtains",
    "mezz": "tiff any lamp|tiffanie lamp|tiffany lump|lamp on the mezza nine|lamp on the messanine", "dehum": "dee humidifier|de humidifier",
    "aquarium": "aqua rium|a quarium|acquarium|akwarium", "coffee": "expresso machine|espresso mashine|express o machine",
    "fairy": "ferry lights|fairy lites|farey lights|lights in the sun room|lights in the son room|conserve a tory lights",
    "candela": "candle abra|candela bra|kandelabra|candle arbra", "marantz": "ma rants|marants|marrantz",
    "bird": "rain bird|reign bird|rane bird", "tonie": "tony box|toni box|toney box|tonybox", "dado": "tato|tadoe|tardo|tahdo",
    "jo-fan": "fan in joes study|fan in jo's studdy|fan in the joe study|tower van", "orange": "festune lights|orange ery lights|orangerie lights",
    "suite": "on suite light|ensweet light|ong suite light", "heated": "propper gator|propa gator|proper gater",
    "cellar-lamp": "bulk head|seller light|sellar light|bulkhed",
}  # fmt: skip


@pytest.fixture(scope="module")
def reader() -> Reader:
    clock = ManualClock()
    house = House(Store(None), Events(), clock)
    build(yaml.safe_load(HOUSE), house)
    return Reader(house, Names(house), clock)


@pytest.mark.parametrize(("words", "id"), [(words, id) for id, many in MISHEARD.items() for words in many.split("|")])
def test_a_name_is_found_by_its_sound(reader: Reader, words: str, id: str) -> None:
    assert [device.id for device in reader.names.find(f"the {words}").devices] == [id]


@pytest.mark.parametrize(
    ("text", "command", "target"),
    [
        ("set the tato to 21 degrees", "set_target", "dado"),
        ("put the fan in joes study on", "turn_on", "jo-fan"),
        ("turn on the ferry lights please", "turn_on", "fairy"),
        ("turn up the tony box", "set_volume", "tonie"),
        ("dim the candle arbra to 20 percent", "set_brightness", "candela"),
        ("switch the dee humidifier on", "turn_on", "dehum"),
        ("turn the ankle poise on", "turn_on", "poise"),
        ("open the vel vet curtains", "open", "nia-blind"),
        ("send the room bar home", "return_home", "rumba"),
        ("turn on the light in the boys room", "turn_on", "boys-leaf"),
        ("set the eco bee to nineteen point five", "set_target", "nia-heat"),
    ],
)
def test_a_misheard_wish_is_done(reader: Reader, text: str, command: str, target: str) -> None:
    reading = reader.read(text, Context())
    assert reading is not None
    assert [(call.command, call.targets) for call in reading.calls] == [(command, (target,))]


@pytest.mark.parametrize("words", ["maruna", "the marona lamp", "the rover", "orange juice", "a van", "the bear", "festival lights",
    "the tomato", "an angel", "conversation", "my propeller", "the fury", "box", "the rainbow", "a study in scarlet", "the ferry",
    "the ferry to calais", "her lava", "the leaf", "an echo", "my ankle", "the birds", "a room with a view", "celery", "the bar"])  # fmt: skip
def test_other_words_name_nothing(reader: Reader, words: str) -> None:
    assert not reader.names.find(words).devices


@pytest.mark.parametrize("text", ["the ferry was lit up", "tony boxes on sundays", "we saw an angel", "my ankle hurts", "i need a new room, barely fits",
    "the ferry lights were beautiful last night", "rain birds and sun", "the expresso was nice", "she is the best seller", "echo bees are fun",
    "we sat in a room bar and talked", "the proper gate is broken"])  # fmt: skip
def test_talk_that_sounds_like_a_name_does_nothing(reader: Reader, text: str) -> None:
    reading = reader.read(text, Context())
    assert reading is None or not reading.calls


def test_what_sounds_like_two_names_is_not_guessed(reader: Reader) -> None:
    found = reader.names.find("maruna")
    assert not found.devices
    reading = reader.read("turn on the maruna", Context())
    assert reading is None or not reading.calls


def test_a_new_name_is_heard_at_once(tmp_path: Path) -> None:
    house = House(Store(tmp_path / "house.db"), Events(), ManualClock())
    build(yaml.safe_load(HOUSE), house)
    names = Names(house)
    assert not names.find("the hey loft").devices
    house.describe("mezz", name="Hayloft")
    assert [device.id for device in names.find("the hey loft").devices] == ["mezz"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("nineteen point five", "19.5"),
        ("set it to twenty one point five degrees", "set it to 21.5 degrees"),
        ("21 point 5", "21.5"),
        ("at this point five people", "at this point five people"),
        ("dear computer comma lights on", "lights on"),
        ("uh hi alex here could you get the lights", "could you get the lights"),
        ("my friend is here can you", "my friend is here can you"),
        ("close the door and um lock it", "close the door and lock it"),
        ("the umbrella", "the umbrella"),
    ],
)
def test_what_surrounds_a_dictated_wish_is_left_out(said: str, meant: str) -> None:
    assert heard(said) == meant
