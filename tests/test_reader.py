"""The reader: what a message asks for, and above all what it does not."""

import subprocess
import sys
from typing import Any

import pytest

from claw.call import ToolCall
from claw.clock import ManualClock
from claw.evaluation.simulated import build
from claw.events import Events
from claw.house import House
from claw.names import Names
from claw.reflex.reader import Reader
from claw.reflex.reading import Context, Reading
from claw.store import Store

HOUSE: dict[str, Any] = {
    "areas": [{"name": "Attic", "floor": "First floor"}, {"name": "Library"}, {"name": "Pantry"}],
    "devices": [
        {"id": "moon", "name": "Moon Lamp", "area": "Attic", "kind": "light", "state": {"on": True, "brightness": 40,
            "color": "white"}},
        {"id": "desk", "name": "Desk Lamp", "area": "Library", "kind": "light", "state": {"on": False, "brightness": 0}},
        {"id": "shelf", "name": "Shelf Lamp", "area": "Library", "kind": "light", "state": {"on": True, "brightness": 80}},
        {"id": "warm", "name": "Attic Thermostat", "area": "Attic", "kind": "thermostat",
         "state": {"temperature": 19.5, "target": 20, "mode": "heat"}},
        {"id": "sonos", "name": "Library", "area": "Library", "kind": "player", "state": {"playback": "playing", "volume": 30,
            "muted": False}},
        {"id": "radio", "name": "Radio", "area": "Pantry", "kind": "player", "state": {"playback": "stopped", "volume": 30,
            "muted": False}},
        {"id": "blind", "name": "Attic Blind", "area": "Attic", "kind": "shade", "class": "blind", "state": {"position": 50}},
        {"id": "lock", "name": "Back Door Lock", "kind": "lock", "state": {"locked": True}},
        {"id": "gate", "name": "Yard Gate", "kind": "door", "class": "gate", "state": {"open": False}},
        {"id": "robot", "name": "Dusty", "area": "Library", "kind": "vacuum", "state": {"activity": "docked"}},
        {"id": "list", "name": "Shopping List", "kind": "list", "state": {"items": [], "done": []}},
    ],
}  # fmt: skip


ROOMS = {"question": "which", "choices": 3, "extra": {"labels": ["Moon Lamp", "Book Room Lamp Pantry", "Stop Lock"]}}


@pytest.fixture(scope="module")
def reader() -> Reader:
    clock = ManualClock()
    house = House(Store(None), Events(), clock)
    build(HOUSE, house)
    reader = Reader(house, Names(house), clock)
    reader.warm()
    return reader


def read(reader: Reader, text: str, **context: Any) -> Reading:
    reading = reader.read(text, Context(**context))
    assert reading is not None, text
    assert reading.trace
    return reading


@pytest.mark.parametrize(
    ("text", "command", "targets", "args"),
    [
        ("turn on the desk lamp", "turn_on", {"desk"}, {}),
        ("could you switch the library lamps off, please?", "turn_off", {"desk", "shelf"}, {}),
        ("attic light off", "turn_off", {"moon"}, {}),
        ("turn off all the lights", "turn_off", {"moon", "desk", "shelf"}, {}),
        ("dim the moon lamp to thirty percent", "set_brightness", {"moon"}, {"brightness": 30}),
        ("moon lamp half brightness", "set_brightness", {"moon"}, {"brightness": 50}),
        ("make the moon lamp a bit brighter", "set_brightness", {"moon"}, {"brightness": 60}),
        ("turn the moon lamp blue", "set_color", {"moon"}, {"color": "blue"}),
        ("make the moon lamp light blue", "set_color", {"moon"}, {"color": "lightblue"}),
        ("set the attic to 21 degrees", "set_target", {"warm"}, {"target": 21.0}),
        ("set the attic thermostat to 68 °F", "set_target", {"warm"}, {"target": 20.0}),
        ("attic a bit warmer", "set_target", {"warm"}, {"target": 21.0}),
        ("close the blind", "close", {"blind"}, {}),
        ("open the attic blind halfway", "set_position", {"blind"}, {"position": 50}),
        ("lock up", "lock", {"lock"}, {}),
        ("unlock the back door", "unlock", {"lock"}, {}),
        ("open the gate", "open_door", {"gate"}, {}),
        ("stop the music", "stop_playing", {"sonos"}, {}),
        ("volume 20 in the pantry", "set_volume", {"radio"}, {"volume": 20}),
        ("louder", "set_volume", {"sonos"}, {"volume": 40}),
        ("play jazz on the radio", "play_media", {"radio"}, {"media": "jazz"}),
        ("vacuum the library", "start", {"robot"}, {}),
        ("add oat milk to the shopping list", "add_item", {"list"}, {"item": "oat milk"}),
    ],
)
def test_a_wish_becomes_one_call(reader: Reader, text: str, command: str, targets: set[str], args: dict[str, Any]) -> None:
    calls = read(reader, text).calls
    assert [(call.command, set(call.targets), dict(call.args)) for call in calls] == [(command, targets, args)]


@pytest.mark.parametrize(
    "text",
    [
        "don't turn on the desk lamp",
        "if it rains close the blind",
        "turn on the desk lamp tomorrow",
        "turn on the desk lamp in ten minutes",
        "close the blind when the sun sets",
        "should I open the gate?",
        "why is the desk lamp on",
        "did you lock the back door",
        "I left the desk lamp on",
        "he said open the gate",
        "the desk lamp",
        "library",
        "never unlock the back door and turn on the moon lamp",
        "set the desk lamp to 150%",
        "set the attic to 300 degrees",
        "turn on the sun",
        "turn on the desk lamp and fly to the moon",
        "play jazz in the cellar",
        "set a timer for 5 minutes",
        "is the gate open?",
        "yes",
        "on off in on at " * 200,
    ],
)
def test_nothing_is_done_that_was_not_asked(reader: Reader, text: str) -> None:
    reading = reader.read(text, Context())
    assert reading is None or not (reading.calls or reading.options or reading.control)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("is the back door locked?", "Yes, the back door is locked."),
        ("which lights are on?", "2 lights are on: the Moon lamp in the attic and the shelf lamp in the library."),
        ("what's the temperature in the attic?", "It is 19.5 °C in the attic."),
        ("set the desk lamp to 150%", "The desk lamp can only be set between 0 and 100 %."),
        ("set the attic to 300 degrees", "between 5 and 35 °C"),
        ("pantry a bit warmer", "There is no thermostat in the pantry."),
        ("set a timer", "For how long?"),
        ("turn on the desk lamp tomorrow", "I did nothing"),
        ("what time is it?", "It is"),
        ("thanks", "welcome"),
    ],
)
def test_an_honest_reply(reader: Reader, text: str, words: str) -> None:
    reading = read(reader, text)
    assert words in reading.reply
    assert not reading.calls


def test_two_that_fit_become_options(reader: Reader) -> None:
    options = read(reader, "turn on the library light").options
    assert [option.label for option in options] == ["Desk Lamp", "Shelf Lamp"]
    assert options[0].calls == (ToolCall("turn_on", ("desk",)),)


def test_an_unreachable_device_is_said_to_be_so(reader: Reader) -> None:
    lock = reader.house.devices["lock"]
    lock.offline("it does not answer")
    reply = read(reader, "is the back door locked?").reply
    lock.update(locked=True)
    assert reply == "I can't reach the back door lock; when I last heard from it, it was locked."


def test_compound_wishes_are_all_or_nothing(reader: Reader) -> None:
    calls = read(reader, "turn on the desk lamp and then close the blind").calls
    assert [call.command for call in calls] == ["turn_on", "close"]


@pytest.mark.parametrize(
    ("text", "context", "control"),
    [
        ("yes please", {"question": "approval"}, "yes"),
        ("No!", {"question": "approval"}, "no"),
        ("the second", {"question": "which", "choices": 2}, "pick:2"),
        ("2", {"question": "which", "choices": 2}, "pick:2"),
        ("Desk Lamp", {"question": "which", "choices": 2, "extra": {"labels": ["Desk Lamp", "Shelf Lamp"]}}, "pick:1"),
        ("stop", {}, "stop"),
        *[(text, ROOMS, "pick:2") for text in ("the pantry one", "pantry", "in the pantry", "the book room lamp, please", "two")],
        ("stop", ROOMS, "stop"),
        ("the moon lamp", ROOMS, "pick:1"),
    ],
)
def test_words_of_the_reader(reader: Reader, text: str, context: dict[str, Any], control: str) -> None:
    reading = read(reader, text, **context)
    assert (reading.level, reading.control) == ("alias", control)


def test_a_choice_out_of_range_is_none(reader: Reader) -> None:
    reading = reader.read("3", Context(question="which", choices=2))
    assert reading is None or not reading.control


@pytest.mark.parametrize("text", ["both", "all of them"])
def test_several_are_not_chosen_silently(reader: Reader, text: str) -> None:
    reading = read(reader, text, **ROOMS)
    assert reading.reply == "Only one can be chosen: its number or its name, please."


@pytest.mark.parametrize("text", ["the lamp", "the attic one", "the library one", "lock"])
def test_what_fits_several_options_or_none_chooses_none_and_does_nothing(reader: Reader, text: str) -> None:
    reading = reader.read(text, Context(**ROOMS))
    assert reading is None or not (reading.calls or reading.control)


def test_a_scene_joins_its_sentences_and_says_what_it_cannot_read(reader: Reader) -> None:
    scenes = {"Bed Time": ["turn off all the lights", "turn off all the fans", "lock the back door", "sing a song"]}
    reading = read(reader, "bed time please", scenes=scenes)
    assert reading.level == "alias"
    assert [call.command for call in reading.calls] == ["turn_off", "lock"]
    assert "“sing a song”" in reading.reply
    assert "fans" not in reading.reply


def test_a_scene_that_names_itself_ends(reader: Reader) -> None:
    assert not read(reader, "loop", scenes={"loop": ["loop"]}).calls


def test_another_language_is_read_by_its_own_templates(reader: Reader) -> None:
    reading = read(reader, "Schalte Desk Lamp ein", language="de")
    assert reading.calls == (ToolCall("turn_on", ("desk",)),)


def test_nearest_gives_two_readable_sentences(reader: Reader) -> None:
    near = reader.nearest("tern on desk lamp", Context())
    assert near[0] == "turn on the desk lamp"
    assert len(near) == 2


def test_importing_the_reader_loads_no_grammar() -> None:
    code = "import sys, claw.reflex.reader; sys.exit('hassil' in sys.modules or 'home_assistant_intents' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
