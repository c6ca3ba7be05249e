"""Help is made of what this house has, and everything that it suggests is understood; who it is, the time and the date."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from claw.clock import ManualClock
from claw.evaluation.simulated import build
from claw.events import Events
from claw.house import House
from claw.names import Names
from claw.reflex.reader import Reader
from claw.reflex.reading import Context, Request
from claw.store import Store
from tests.test_reader import HOUSE

ODD: dict[str, Any] = {  # names of which some cannot be said without a question
    "areas": [{"name": "Den"}, {"name": "Attic"}],
    "devices": [
        {"id": "1", "name": "Lamp", "area": "Den", "kind": "light", "state": {"on": True}},
        {"id": "2", "name": "Lamp", "area": "Den", "kind": "light", "state": {"on": True}},
        {"id": "3", "name": "ESP_1A2B3C", "area": "Den", "kind": "light", "state": {"on": True}},
        {"id": "4", "name": "Turn and Open", "area": "Attic", "kind": "switch", "state": {"on": True}},
        {"id": "5", "name": "Den", "area": "Den", "kind": "player", "state": {"playback": "stopped"}},
        {"id": "6", "name": "Cellar Leak", "kind": "sensor", "class": "leak", "state": {"value": "dry"}},
    ],
}


def reader_of(house_yaml: dict[str, Any], *, zone: str = "UTC", at: str = "2026-09-21T23:30") -> Reader:
    clock = ManualClock(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp(), zone)
    house = House(Store(None), Events(), clock)
    build(house_yaml, house)
    return Reader(house, Names(house), clock)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return reader_of(HOUSE)


def reply(reader: Reader, text: str) -> str:
    reading = reader.read(text, Context())
    return reading.reply if reading and not reading.calls else ""


@pytest.mark.parametrize(
    "text",
    ["help", "Help!", "help me", "please help", "I need help", "what can you do?", "What can I say?", "can you help me?",
     "what can I ask you", "what do you do", "what can you do for me?", "how does this work?", "how do I use this?", "commands",
     "show me what you can do", "what can you do here?", "what all can you do?"],
)  # fmt: skip
def test_the_ways_to_ask_for_help(reader: Reader, text: str) -> None:
    said = reply(reader, text)
    assert said.startswith("Write what you want")
    assert len(said.splitlines()) <= 8


@pytest.mark.parametrize("house_yaml", [HOUSE, ODD, {"devices": []}], ids=["house", "odd names", "empty"])
@pytest.mark.parametrize(
    "text",
    ["help", "what can you do in the attic?", "what can you do in the library", "what can you do with the lights?",
     "what can you do with the lock?", "what can the blind do?", "what can you do with the radio?", "help with the thermostat",
     "what can you do in the den?", "what can you do with Dusty?", "what can you do with the shopping list?",
     "what can you do with the gate?", "what can you do with the sensors?"],
)  # fmt: skip
def test_every_suggestion_is_understood(house_yaml: dict[str, Any], text: str) -> None:
    reader = reader_of(house_yaml)
    said = reply(reader, text)
    assert said
    examples = re.findall("“(.+?)”", said)
    assert examples or re.match(r"I know no |.* nothing ", said), said
    for example in examples:
        reading = reader.read(example, Context())
        assert reading, example
        assert reading.calls or reading.reply or reading.request, example
        assert not reading.unknown, (example, reading.reply)
        assert not reading.options, example


def test_help_names_what_this_house_has(reader: Reader) -> None:
    said = reply(reader, "help")
    for part in (
        "Devices: “turn on the desk lamp”",
        "the attic blind",
        "is the back door locked?",
        "Undo:",
        "Memory:",
        "Routines:",
    ):
        assert part in said
    assert "vacuum" not in reply(reader_of(ODD), "help")
    assert reply(reader_of({"devices": []}), "help").startswith("I have found no devices yet.")


def test_help_about_a_room_a_kind_and_a_thing(reader: Reader) -> None:
    attic = reply(reader, "what can you do in the attic?")
    assert attic.startswith("In the attic: ")
    assert "attic thermostat" in attic
    assert "library" not in attic
    assert "lock the back door" in reply(reader, "What can you do with the lock?")
    assert reply(reader, "what can the radio do?").casefold().startswith("with the radio: ")
    assert reply(reader, "what can you do with the pool?") == "I know no pool here."


@pytest.mark.parametrize(
    "text", ["who are you?", "what are you", "What's your name?", "what is your name", "do you have a name?", "are you a robot?",
             "tell me about yourself", "who am I talking to?"],
)  # fmt: skip
def test_it_says_honestly_who_it_is(reader: Reader, text: str) -> None:
    said = reply(reader, text)
    assert said.startswith("I am claw")
    assert "no language model" in said
    assert "no cloud" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("what time is it?", "It is 01:30."),  # the zone of the house, not that of the machine
        ("What's the time?", "It is 01:30."),
        ("time", "It is 01:30."),
        ("can you tell me what time it is", "It is 01:30."),
        ("what's today?", "It is Tuesday, 22 September 2026."),
        ("which day is it?", "It is Tuesday, 22 September 2026."),
        ("What's today's date?", "It is Tuesday, 22 September 2026."),
        ("what day of the week is it today", "It is Tuesday, 22 September 2026."),
        ("what's the date tomorrow?", "Tomorrow is Wednesday, 23 September 2026."),
        ("what is tomorrow's date", "Tomorrow is Wednesday, 23 September 2026."),
        ("what day was yesterday?", "Yesterday was Monday, 21 September 2026."),
        ("what day is the day after tomorrow?", "The day after tomorrow is Thursday, 24 September 2026."),
        ("what week is it?", "It is week 39."),
        ("which month is it", "It is September 2026."),
        ("what year is it?", "It is 2026."),
        ("wot time is it", "It is 01:30."),
        ("what date is next friday?", "That is Friday, 25 September 2026."),
        ("what day is on tuesday", "That is Tuesday, 29 September 2026."),
        ("what time is it in Tokyo?", "I only know the time here: it is 01:30."),
    ],
)
def test_the_time_and_the_date_are_those_of_the_house(text: str, said: str) -> None:
    assert reply(reader_of({"devices": []}, zone="Europe/Berlin"), text) == said


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("how can I make a schedule?", "Routines: “every weekday at 7 "),
        ("help with reminders", "Reminders: “remind me at six"),
        ("how do I create an alarm", "Reminders: "),
        ("how do I close the attic blind?", "Write “close the attic blind”."),
        ("how do we take that back", "Write “take that back”."),
        ("how should I connect a new gadget", "I look for devices on this network"),
        ("are you awake?", "I am here."),
        ("can you speak french?", "I understand English."),
        ("who r you", "I am claw"),
        ("which rooms do you know?", "The rooms: "),
        ("list the devices in the attic", "Attic: "),
        ("what shades are in the attic?", "Attic: "),
    ],
)
def test_short_answers_about_itself_and_the_house(reader: Reader, text: str, start: str) -> None:
    assert reply(reader, text).startswith(start)


def test_lists_hold_what_is_there(reader: Reader) -> None:
    house = reader.house
    listed = reply(reader, "list all devices")
    for device in house.devices.values():
        assert house.name(device) in listed
    assert "Thermostat" not in reply(reader, "what shades are in the attic?")


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("when does the sun come up", {"sun": "sunrise", "days": []}),
        ("what time is sunset tomorrow?", {"sun": "sunset", "days": [1]}),
        ("when does it get dark tonight", {"sun": "sunset", "days": []}),
    ],
)
def test_the_sun_is_asked_for(reader: Reader, text: str, slots: dict[str, Any]) -> None:
    reading = reader.read(text, Context())
    assert reading
    assert reading.request == Request("routines", "sun", slots)


@pytest.mark.parametrize(
    "text",
    ["what is on the shopping list?", "which lights are on in the attic?", "what lights are on", "list my reminders", "how are the lights",
     "how do I look", "when is the sunset party", "what time is it going to be hot", "what's the temperature?", "what is playing?", "what did you do today?", "is it hot today?",
     "what is the weekday alarm", "turn on the desk lamp", "what are the lights doing?", "who opened the gate?",
     "what will be on tv tomorrow", "help yourself", "time for bed", "date night"],
)  # fmt: skip
def test_other_sentences_are_not_swallowed(reader: Reader, text: str) -> None:
    reading = reader.read(text, Context())
    assert reading is None or "about the claw" not in reading.trace


def test_a_question_inside_a_question_has_an_end(reader: Reader) -> None:
    assert reader.read("how do i " * 440 + "open it", Context()) is None
