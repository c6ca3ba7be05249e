"""Sentences with a condition: what becomes a routine that waits for an event, what is said of the rest, and what is no such sentence."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from claw.clock import ManualClock
from claw.evaluation.simulated import build
from claw.events import Events
from claw.house import House
from claw.names import Names
from claw.reflex.reader import Reader
from claw.reflex.reading import Context, Reading
from claw.store import Store
from claw.when import Event, When

NOW = datetime(2026, 11, 18, 10, 0, tzinfo=ZoneInfo("Europe/Berlin"))
HOUSE = {
    "areas": [{"name": name} for name in ("Hall", "Kitchen", "Bedroom", "Bathroom", "Porch", "Living Room")],
    "devices": [
        {"id": "hall_light", "kind": "light", "name": "Hall Light", "area": "Hall", "state": {"on": False, "brightness": 0}},
        {"id": "kitchen_light", "kind": "light", "name": "Kitchen Light", "area": "Kitchen", "state": {"on": True}},
        {"id": "counter_light", "kind": "light", "name": "Kitchen Counter Light", "area": "Kitchen", "state": {"on": True}},
        {"id": "porch_light", "kind": "light", "name": "Porch Light", "area": "Porch", "state": {"on": False}},
        {"id": "washer", "kind": "switch", "name": "Washing Machine", "area": "Bathroom", "class": "plug", "state": {"on": True}},
        {"id": "fan", "kind": "fan", "name": "Bedroom Fan", "area": "Bedroom", "state": {"on": False}},
        {"id": "garage", "kind": "door", "name": "Garage Door", "class": "garage", "state": {"open": False}},
        {"id": "lock", "kind": "lock", "name": "Front Door Lock", "area": "Hall", "state": {"locked": True}},
        {"id": "front", "kind": "sensor", "name": "Front Door", "area": "Hall", "class": "contact", "state": {"value": "closed"}},
        {"id": "back", "kind": "sensor", "name": "Back Door", "area": "Kitchen", "class": "contact", "state": {"value": "closed"}},
        {"id": "bed_win", "kind": "sensor", "name": "Bedroom Window", "area": "Bedroom", "class": "window", "state": {"value": "closed"}},
        {"id": "kit_win", "kind": "sensor", "name": "Kitchen Window", "area": "Kitchen", "class": "window", "state": {"value": "open"}},
        {"id": "hall_pir", "kind": "sensor", "name": "Hall Motion Sensor", "area": "Hall", "class": "motion", "state": {"value": "clear"}},
        {"id": "porch_pir", "kind": "sensor", "name": "Front Door Motion", "area": "Porch", "class": "motion", "state": {"value": "clear"}},
        {"id": "leak", "kind": "sensor", "name": "Sink Leak Sensor", "area": "Kitchen", "class": "leak", "state": {"value": "dry"}},
        {"id": "smoke", "kind": "sensor", "name": "Smoke Alarm", "area": "Kitchen", "class": "smoke", "state": {"value": "clear"}},
        {"id": "warmth", "kind": "sensor", "name": "Bedroom Temperature", "area": "Bedroom", "class": "temperature", "state": {"value": 21.5, "unit": "°C"}},
        {"id": "damp", "kind": "sensor", "name": "Bathroom Humidity", "area": "Bathroom", "class": "humidity", "state": {"value": 50.0, "unit": "%"}},
        {"id": "watts", "kind": "sensor", "name": "Washer Power", "area": "Bathroom", "class": "power", "state": {"value": 4.0, "unit": "W"}},
        {"id": "heating", "kind": "thermostat", "name": "Heating", "area": "Living Room", "state": {"temperature": 20.0, "target": 21.0, "mode": "heat"}},
        {"id": "robot", "kind": "vacuum", "name": "Robot Vacuum", "area": "Kitchen", "state": {"activity": "cleaning"}},
        {"id": "tv", "kind": "player", "name": "TV", "area": "Living Room", "class": "tv", "state": {"on": False, "playback": "stopped", "volume": 20}},
        {"id": "blinds", "kind": "shade", "name": "Living Room Blinds", "area": "Living Room", "class": "blind", "state": {"position": 100}},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def reader() -> Reader:
    clock = ManualClock(NOW.timestamp(), "Europe/Berlin")
    house = House(Store(None), Events(), clock)
    build(HOUSE, house)
    return Reader(house, Names(house), clock)


def read(reader: Reader, text: str) -> Reading:
    return reader.read(text, Context()) or Reading("none")


def event_of(reading: Reading) -> Event:
    assert reading.request is not None, reading.reply
    event = When.of(reading.request.slots["when"]).event
    assert event is not None
    return event


DEEDS = [  # text, devices, state or comparison, words, only once, the wish
    ("when the front door opens turn on the hall light", "front", "open", "the front door opens", False, "turn on the hall light"),
    ("Turn on the hall light when the front door opens.", "front", "open", "the front door opens", False, "Turn on the hall light"),
    ("whenever the front door is opened, please turn on the hall light", "front", "open", "the front door opens", False, "turn on the hall light"),
    ("could you turn on the hall light every time the garage door opens?", "garage", "open", "the garage door opens", False, "turn on the hall light"),
    ("the next time the garage door closes turn off the porch light", "garage", "closed", "the garage door closes", True, "turn off the porch light"),
    ("once the vacuum is done, turn off the hall light", "robot", "done", "the robot vacuum stops", True, "turn off the hall light"),
    ("as soon as the washing machine finishes turn on the hall light", "washer", "done", "the washing machine stops", True, "turn on the hall light"),
    ("turn off the heating when a window is open", "bed_win kit_win", "open", "a window opens", False, "turn off the heating"),
    ("when all the windows are closed turn on the heating", "bed_win kit_win", "closed", "all the windows are closed", False, "turn on the heating"),
    ("if the bedroom gets warmer than 25 turn on the fan", "warmth", "above 25", "it is warmer than 25 °C in the bedroom", False, "turn on the fan"),
    ("turn on the fan if it's hotter than 77F in the bedroom", "warmth", "above 25", "it is warmer than 25 °C in the bedroom", False, "turn on the fan"),
    ("when the temperature in the living room drops below eighteen degrees turn on the heating", "heating", "below 18", "it is colder than 18 °C in the living room", False, "turn on the heating"),
    ("when the humidity in the bathroom is over 70% turn on the fan", "damp", "above 70", "the humidity is above 70 % in the bathroom", False, "turn on the fan"),
    ("when there's motion in the hall, turn the hall light on", "hall_pir", "noticing", "the hall motion sensor notices motion", False, "turn the hall light on"),
    ("whenever somebody is at the front door turn on the porch light", "porch_pir", "noticing", "the front door motion notices motion", False, "turn on the porch light"),
    ("when there is no motion in the hall for 10 minutes turn off the hall light", "hall_pir", "quiet", "the hall motion sensor no longer notices motion for 10 minutes", False, "turn off the hall light"),
    ("when the tv goes on close the living room blinds", "tv", "on", "the TV goes on", False, "close the living room blinds"),
    ("when the kitchen lights go off turn on the hall light", "kitchen_light counter_light", "off", "all of the kitchen lights are off", False, "turn on the hall light"),
    ("if the front door isn't locked turn on the porch light", "lock", "unlocked", "the front door lock is unlocked", False, "turn on the porch light"),
    ("when the hall light goes on turn it off", "hall_light", "on", "the hall light goes on", False, "turn the hall light off"),
    ("when the robot is back in its dock turn on the hall light", "robot", "docked", "the robot vacuum is back in its dock", False, "turn on the hall light"),
    ("when i say bedtime turn off the hall light", "", "bedtime", "you say “bedtime”", False, "turn off the hall light"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "devices", "value", "words", "once", "do"), DEEDS, ids=[row[0] for row in DEEDS])
def test_a_condition_becomes_an_event(
    reader: Reader, text: str, devices: str, value: str, words: str, once: bool, do: str
) -> None:
    reading = read(reader, text)
    event = event_of(reading)
    assert (set(event.devices), event.words, event.once) == (set(devices.split()), words, once)
    measured = f"{event.comparison} {event.value:g}" if isinstance(event.value, float) else event.value
    assert (measured, reading.calls) == (value, ())
    assert reading.request is not None
    assert (reading.request.slots["kind"], reading.request.slots["do"]) == ("deed", do)


WORDS = [  # text, words, only once, what to remind of
    ("tell me when the washing machine stops", "the washing machine stops", True, ""),
    ("let me know when the washing machine is done", "the washing machine stops", True, ""),
    ("can you ping me as soon as the robot vacuum has finished?", "the robot vacuum stops", True, ""),
    ("i want to know when the washing machine is finished", "the washing machine stops", True, ""),
    ("always tell me when the garage door opens", "the garage door opens", False, ""),
    ("tell me every time the front door opens", "the front door opens", False, ""),
    ("let me know if the garage is open for more than 10 minutes", "the garage door is open for 10 minutes", False, ""),
    ("if the front door is left open for five minutes, tell me", "the front door is open for 5 minutes", False, ""),
    ("alert me when the smoke alarm goes off", "the smoke alarm notices smoke", True, ""),
    ("if there's a leak under the sink tell me", "the sink leak sensor notices water", False, ""),
    ("warn me if the bedroom gets colder than 16", "it is colder than 16 °C in the bedroom", False, ""),
    ("tell me when the washer power drops below 5 watts", "the washer Power is below 5 W", True, ""),
    ("if any window opens, notify me", "any window opens", False, ""),
    ("remind me to hang up the laundry when the washing machine stops", "the washing machine stops", True, "hang up the laundry"),
    ("remind me when the washing machine stops to hang up the laundry", "the washing machine stops", True, "hang up the laundry"),
    ("when the washing machine is done, tell me the laundry is ready", "the washing machine stops", True, "the laundry is ready"),
]


@pytest.mark.parametrize(("text", "words", "once", "do"), WORDS, ids=[row[0] for row in WORDS])
def test_to_be_told_or_reminded_becomes_one_too(reader: Reader, text: str, words: str, once: bool, do: str) -> None:
    reading = read(reader, text)
    event = event_of(reading)
    assert (event.words, event.once) == (words, once)
    assert reading.request is not None
    slots = reading.request.slots
    assert (slots["kind"], slots["do"], slots.get("name", "")) == ("reminder", do or words, "" if do else "notice")


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("if it rains close the living room blinds", "I cannot know whether it rains, so I did nothing."),
        ("when i get home turn on the hall light", "I cannot know when you get home, so I did nothing."),
        ("if anyone calls pause the tv", "I cannot know whether anyone calls, so I did nothing."),
        ("turn on the kitchen light when my movie is over", "I cannot know when your movie is over, so I did nothing."),
        ("let me know when it snows", "I cannot know when it snows, so I did nothing."),
        ("when the cellar door opens turn on the hall light", "Nothing here tells me when the cellar door opens"),
        ("when the door opens turn on the hall light", "Do you mean the garage door, the front door or the back door?"),
        ("if nobody is in the kitchen turn off the kitchen light", "not for something that does not"),
        ("turn off the kitchen light unless the tv is on", "not for something that does not"),
        ("turn off the hall light when the front door closes and the tv is off", "one condition at a time"),
        ("when the front door opens turn on the hall light for 5 minutes", "a condition or a time"),
        ("when the front door opens after 10 pm turn on the hall light", "a condition or a time"),
        ("when it is too hot in the bedroom turn on the fan", "above 25 degrees"),
        ("turn on the hall light when i say stop", "I cannot wait for “stop”"),
    ],
)
def test_what_cannot_be_kept_is_said(reader: Reader, text: str, reply: str) -> None:
    reading = read(reader, text)
    assert reply in reading.reply
    assert (reading.calls, reading.options, reading.request) == ((), (), None)


@pytest.mark.parametrize(
    "text",
    [
        "what if the front door opens", "what happens when the front door opens", "if i opened the window would it get cold",
        "is the hall light on when the front door opens", "if you ask me the kitchen light is ugly",
        "if the shop is closed we try the one at the station", "tell me when the war ended",
        "she said turn off the light when the door opens", "when the front door opens don't turn on the hall light",
        "I would turn the hall light off if I were you", "the dog barks when the front door opens",
        "we turned on the porch light when the taxi came", "if only the bedroom had a bigger fan",
        "even if you turn off the hall light it stays bright", "once upon a time the front door opens",
        "if the lamp breaks we'll get a new one",
    ],
)  # fmt: skip
def test_other_sentences_make_and_do_nothing(reader: Reader, text: str) -> None:
    reading = read(reader, text)
    assert (reading.calls, reading.options, reading.request) == ((), (), None)


@pytest.mark.parametrize(
    "text",
    ["if you don't mind turn on the hall light", "when you get a chance, turn on the hall light",
     "turn on the hall light if you can", "turn on the hall light if possible please"],
)  # fmt: skip
def test_a_polite_if_is_no_condition(reader: Reader, text: str) -> None:
    assert [(call.command, call.targets) for call in read(reader, text).calls] == [("turn_on", ("hall_light",))]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("when it gets dark turn on the porch light", "sun"), ("turn on the porch light after sunset", "sun"),
        ("remind me at 6 to check if the front door is locked", "once"),
        ("remind me to check if the front door is locked at 6", "once"),
    ],
)  # fmt: skip
def test_a_time_stays_a_time(reader: Reader, text: str, kind: str) -> None:
    request = read(reader, text).request
    assert request is not None
    assert When.of(request.slots["when"]).kind == kind


@pytest.mark.parametrize("text", ["tell me if the front door is open", "check whether the front door is still open"])
def test_to_be_told_whether_something_is_so_is_a_question(reader: Reader, text: str) -> None:
    assert read(reader, text).reply == "No, the front door is closed."


def test_an_event_survives_being_kept_as_json(reader: Reader) -> None:
    when = When.of(read(reader, "turn off the heating when a window is open").request.slots["when"])  # type: ignore[union-attr]
    assert when.event is not None
    assert When.of(when.plain()) == when


def test_a_sentence_without_a_condition_costs_nothing(reader: Reader) -> None:
    from claw.reflex import conditions

    read(reader, "when the front door opens turn on the hall light")
    began = time.perf_counter()
    for _ in range(1000):
        assert not list(conditions.read("turn on the hall light", reader.names, Context(), NOW))
    assert time.perf_counter() - began < 0.1
