"""Questions about the state of the house: what the verb and slots of a question are answered with, and whole sentences."""

from typing import Any

import pytest

from claw.capabilities import Power
from claw.clock import ManualClock
from claw.device import Device, shape
from claw.evaluation.simulated import build
from claw.events import Events
from claw.house import House
from claw.names import Names
from claw.reflex.answers import Answers
from claw.reflex.reader import Reader
from claw.reflex.reading import Context
from claw.reflex.states import is_so
from claw.reflex.tagging import asked
from claw.reflex.values import aspect, state
from claw.store import Store

HOUSE: dict[str, Any] = {
    "areas": [{"name": "Pantry", "floor": "Ground"}, {"name": "Loft", "floor": "Upper"}, {"name": "Porch"}, {"name": "Lounge"}],
    "devices": [
        {"id": "tube", "name": "Ceiling Light", "area": "Pantry", "kind": "light", "state": {"on": True, "brightness": 60}},
        {"id": "spot", "name": "Sink Lamp", "area": "Pantry", "kind": "light", "state": {"on": False, "brightness": 0}},
        {"id": "easel", "name": "Easel Lamp", "area": "Loft", "kind": "light",
         "state": {"on": True, "brightness": 35, "color": "blue"}},
        {"id": "step", "name": "Step Light", "area": "Porch", "kind": "light", "state": {"on": False}},
        {"id": "brew", "name": "Coffee Machine", "area": "Pantry", "kind": "switch", "class": "plug", "state": {"on": True}},
        {"id": "fan", "name": "Loft Fan", "area": "Loft", "kind": "fan", "state": {"on": False, "speed": 0}},
        {"id": "tv", "name": "Lounge TV", "area": "Lounge", "kind": "player", "class": "tv",
         "state": {"on": True, "playback": "playing", "volume": 22, "muted": False, "title": "Low Tide", "source": "HDMI 1"}},
        {"id": "blind", "name": "Loft Blind", "area": "Loft", "kind": "shade", "class": "blind", "state": {"position": 50}},
        {"id": "pane", "name": "Lounge Window", "area": "Lounge", "kind": "sensor", "class": "window", "state": {"value": "open"}},
        {"id": "front", "name": "Front Door Lock", "area": "Porch", "kind": "lock", "state": {"locked": True}},
        {"id": "side", "name": "Side Door Lock", "area": "Pantry", "kind": "lock", "state": {"locked": False}},
        {"id": "gate", "name": "Yard Gate", "kind": "door", "class": "gate", "state": {"open": False}},
        {"id": "warm", "name": "Lounge Thermostat", "area": "Lounge", "kind": "thermostat",
         "state": {"temperature": 20.5, "target": 21, "mode": "heat", "humidity": 45}},
        {"id": "boiler", "name": "Boiler", "area": "Pantry", "kind": "heater", "state": {"on": True, "temperature": 52}},
        {"id": "robot", "name": "Robot", "area": "Lounge", "kind": "vacuum", "state": {"activity": "docked"}},
        {"id": "valve", "name": "Lawn Sprinkler", "kind": "valve", "class": "sprinkler", "state": {"open": False}},
        {"id": "alarm", "name": "Alarm", "area": "Porch", "kind": "alarm", "state": {"mode": "away"}},
        {"id": "list", "name": "Shopping List", "kind": "list", "state": {"items": ["milk", "rye bread", "eggs"], "done": ["tea"]}},
        {"id": "moves", "name": "Porch Motion Sensor", "area": "Porch", "kind": "sensor", "class": "motion",
         "state": {"value": "detected"}},
        {"id": "leak", "name": "Sink Leak Sensor", "area": "Pantry", "kind": "sensor", "class": "leak", "state": {"value": "dry"}},
        {"id": "cold", "name": "Fridge", "area": "Pantry", "kind": "sensor", "state": {"value": 4, "unit": "°C"}},
        {"id": "cell", "name": "Front Door Lock Battery", "area": "Porch", "kind": "sensor", "class": "battery",
         "state": {"value": 15, "unit": "%"}},
        {"id": "shed", "name": "Shed Light", "area": "Shed", "kind": "light", "state": {"on": True}},
    ],
}  # fmt: skip
SILENT = " I can't reach the shed light."


def built(plan: dict[str, Any] = HOUSE) -> House:
    house = House(Store(None), Events(), ManualClock())
    build(plan, house)
    return house


@pytest.fixture(scope="module")
def house() -> House:
    house = built()
    house.devices["shed"].offline("it does not answer")
    return house


@pytest.fixture(scope="module")
def answers(house: House) -> Answers:
    return Answers(Names(house))


@pytest.fixture(scope="module")
def reader(house: House) -> Reader:
    return Reader(house, Names(house), house.clock)


def is_(thing: str, state: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "ask_state", {"thing": thing, "state": state, "whether": True, **more}


def which(thing: str, state: str) -> tuple[str, dict[str, Any]]:
    return "ask_state", {"state": state, **({"thing": thing} if thing else {})}


def how(thing: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "ask", {"thing": thing, **more}


ON = "the ceiling light in the pantry, the Easel lamp in the loft, the coffee machine in the pantry, the lounge TV"


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        (is_("the easel lamp", "on"), "Yes, the Easel lamp is on."),
        (is_("the eazel lmap", "on"), "Yes, the Easel lamp is on."),
        (is_("the sink lamp", "on"), "No, the sink lamp is off."),
        (is_("the front door", "locked"), "Yes, the front door is locked."),
        (is_("the front door", "closed"), "The front door is locked. I can't tell whether it is closed."),
        (is_("the blind", "open"), "Yes, the loft blind is 50 % open."),
        (is_("the blind", "closed", either=True), "The loft blind is 50 % open."),
        (is_("the alarm", "armed"), "Yes, the alarm is armed (away)."),
        (is_("the robot", "done"), "Yes, the robot is docked."),
        (is_("the robot", "on"), "No, the robot is docked."),
        (is_("the sprinkler", "on"), "No, the lawn sprinkler is closed."),
        (is_("the tv", "muted"), "No, the lounge TV is not muted."),
        (is_("the list", "empty"), "No, the shopping list is holding: milk, rye bread, eggs."),
        (is_("the shed light", "online"), "No, I can't reach the shed light."),
        (is_("the tv", "online"), "Yes, the lounge TV is online."),
        (is_("the shed light", "on"), "I can't reach the shed light; when I last heard from it, it was on."),
        (is_("all the lights", "off"),
         f"No: the ceiling light in the pantry and the Easel lamp in the loft are on.{SILENT}"),
        (is_("the pantry lights", "on"), "1 of 2 lights is on: the ceiling light."),
        (is_("everything", "locked"), "No: the side door in the pantry is unlocked."),
        (is_("everything", "closed"), "No: the loft blind and the lounge window are open."),
        (is_("any lights in the loft", "on"), "Yes, 1 light is on: the Easel lamp."),
        (is_("any lights on the porch", "on"), "No, no lights are on on the porch."),
        (("ask_state", {"state": "on", "whether": True}), f"Yes, 5 things are on: {ON} and the boiler in the pantry.{SILENT}"),
        (is_("the lights", "on", place="the loft"), "Yes, the Easel lamp is on."),
        (("ask_count", {"thing": "devices", "place": "the loft"}), "There are 3 devices in the loft."),
        (which("", "on"), f"5 things are on: {ON} and the boiler in the pantry.{SILENT}"),
        (which("", "open"), "2 things are open: the lounge window and the loft blind."),
        (which("windows", "open"), "1 window is open: the lounge window."),
        (which("the lounge window", "open"), "The lounge window is open."),
        (which("fans", "on"), "No fans are on."),
        (how("the easel lamp", aspect="brightness"), "The Easel lamp is at 35 %."),
        (how("the sink lamp", aspect="brightness"), "The sink lamp is off."),
        (how("the easel lamp", aspect="color"), "The Easel lamp is blue."),
        (how("the lounge", aspect="volume"), "The lounge TV is at volume 22 %."),
        (how("the loft", aspect="volume"), "There is no speaker in the loft."),
        (how("the thermostat", aspect="target"), "The lounge thermostat is set to 21 °C."),
        (how("the thermostat", aspect="mode"), "The lounge thermostat is in heat mode."),
        (how("the tv", aspect="source"), "The lounge TV is on HDMI 1."),
        (how("the blind", aspect="position"), "The loft blind is 50 % open."),
        (how("the front door lock", aspect="battery"), "The front door lock battery is 15 %."),
        (how("the easel lamp", aspect="battery"), "I don't know: the Easel lamp does not tell me."),
        (how("the easel lamp", aspect="where"), "The Easel lamp is in the loft."),
        (how("the robot", aspect="where"), "The robot is docked."),
        (how("the list"), "The shopping list is holding: milk, rye bread, eggs."),
        (how("the list", aspect="count"), "3 things are on the shopping list: milk, rye bread and eggs."),
        (how("the list", item="bread"), "Yes, rye bread is on the shopping list."),
        (how("the list", item="egg"), "Yes, eggs are on the shopping list."),
        (how("the list", item="tea"), "No, tea is ticked off on the shopping list."),
        (how("the list", item="jam"), "No, jam is not on the shopping list."),
        (how("the motion sensor"), "The porch motion sensor notices motion."),
        (how("the loft"), "The Easel lamp is on, at 35 %, blue. The loft fan is off. The loft blind is 50 % open."),
        (("ask_count", {"thing": "lights"}), "There are 5 lights."),
        (("ask_count", {"thing": "lights", "place": "the pantry"}), "There are 2 lights in the pantry."),
        (("ask_temperature", {"thing": "lounge"}), "It is 20.5 °C in the lounge."),
        (("ask_temperature", {}), "It is 20.5 °C in the lounge."),
        (("ask_temperature", {"thing": "the boiler"}), "The boiler is at 52 °C."),
        (("ask_temperature", {"thing": "the fridge"}), "The fridge is at 4 °C."),
        (("ask_temperature", {"thing": "outside"}), "I know no thermometer outside."),
        (("ask_humidity", {}), "It is 45 % in the lounge."),
        (("ask_playing", {}), "“Low Tide” is playing on the lounge TV."),
        (("ask_playing", {"thing": "the lounge", "whether": True}), "Yes, “Low Tide” is playing in the lounge."),
        (("ask_noticed", {"noticed": "leak"}), "No, the sink leak sensor is dry."),
        (("ask_noticed", {"noticed": "motion", "thing": "the porch"}), "Yes, the porch motion sensor notices motion."),
        (("ask_noticed", {"noticed": "gas"}), "There is no gas sensor here."),
    ],
)  # fmt: skip
def test_a_question_is_answered_from_what_was_reported(
    answers: Answers, question: tuple[str, dict[str, Any]], reply: str
) -> None:
    assert answers.reply(*question, Context()) == reply


@pytest.mark.parametrize(
    "question", [is_("the teapot", "on"), how("the weather"), ("ask", {}), ("ask_count", {"thing": "unicorns"})]
)
def test_what_is_not_here_has_no_answer(answers: Answers, question: tuple[str, dict[str, Any]]) -> None:
    assert answers.reply(*question, Context()) == ""


def test_how_the_house_is_fits_in_a_few_sentences(answers: Answers) -> None:
    said = answers.reply("ask", {"thing": "the house"}, Context())
    for words in (
        "Easel lamp",
        "lounge window",
        "side door",
        "20.5 °C",
        "armed (away)",
        "notices motion",
        "can't reach the shed light",
    ):
        assert words in said
    assert "52" not in said  # the boiler is no room
    assert said.count(". ") < 12


def test_what_has_not_reported_is_not_guessed() -> None:
    house = built({"areas": [], "devices": []})
    house.adopt(shape(Device, Power)("new", "Desk Light"), skill="test")
    assert Answers(Names(house)).reply(*is_("the desk light", "on"), Context()) == (
        "The desk light has not told me yet whether it is on."
    )


def test_many_are_counted_and_some_are_named() -> None:
    lamps = [{"id": f"l{n}", "name": f"Lamp {n}", "kind": "light", "state": {"on": True}} for n in range(20)]
    said = Answers(Names(built({"areas": [], "devices": lamps}))).reply(*which("lights", "on"), Context())
    assert said.startswith("20 lights are on: ")
    assert said.endswith(" and 13 more.")


@pytest.mark.parametrize(
    ("said", "meant"),
    [("on", "on"), ("still on", "on"), ("not locked", "unlocked"), ("shut off", "off"), ("back in its dock", "docked"),
     ("standing open", "open"), ("drawn", "closed"), ("set", "armed"), ("reachable", "online"), ("purple", None)],
)  # fmt: skip
def test_words_for_a_state(said: str, meant: str | None) -> None:
    assert state(said) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [("how bright is it", "brightness"), ("where is the lamp", "where"), ("what is the heating set to", "target"),
     ("how loud is the tv", "volume"), ("which mode is it in", "mode"), ("how is the tv", "")],
)  # fmt: skip
def test_what_a_question_is_about(said: str, meant: str) -> None:
    assert aspect(said) == meant


@pytest.mark.parametrize(
    ("verb", "slots", "text", "question"),
    [
        ("ask_which", {"thing": "anything", "state": "on"}, "is anything on", ("ask_state", {"state": "on", "whether": True})),
        ("ask_which", {"thing": "lights", "state": "on"}, "which lights are on", which("lights", "on")),
        ("ask_which", {"thing": "any of them", "state": "on"}, "are any of them on", is_("any them", "on")),
        ("ask_which", {"thing": "rooms in lights", "state": "on"}, "which rooms have lights on", which("lights", "on")),
        ("ask_is", {"state": "locked"}, "are we locked up", is_("everything", "locked")),
        ("ask_is", {"thing": "the gate", "state": "open"}, "is the gate open or closed", is_("the gate", "open", either=True)),
        ("ask_is", {"thing": "the door", "state": "locked"}, "did i forget to lock the door", is_("the door", "unlocked")),
        ("ask_temperature", {}, "how cold is it outside", ("ask_temperature", {"thing": "outside", "whether": True})),
        ("ask_since", {"thing": "tv", "state": "on"}, "how long is the tv on",
         ("ask_since", {"thing": "tv", "state": "on", "asks": "long"})),
        ("ask_since", {"thing": "tv", "state": "on"}, "when did the tv go on",
         ("ask_since", {"thing": "tv", "state": "on", "asks": "when", "event": True})),
    ],
)  # fmt: skip
def test_a_tagged_question_as_the_answers_take_it(
    verb: str, slots: dict[str, Any], text: str, question: tuple[str, dict[str, Any]]
) -> None:
    assert asked(verb, slots, text) == question


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("is the easel lamp on?", "Yes"), ("which lights are on?", "Easel lamp"), ("is the front door locked?", "locked"),
        ("did i leave the fan on", "No, the loft fan is off."), ("how bright is the easel lamp", "35 %"),
        ("what is the thermostat set to", "21 °C"), ("what's the volume of the tv", "22 %"),
        ("what mode is the thermostat in", "heat"), ("is milk on the shopping list", "Yes, milk"),
        ("how many things are on the shopping list", "3 things"), ("is the shed light online", "can't reach"),
        ("how many lights are there", "5 lights"), ("status", "Easel lamp"), ("how is the lounge", "window"),
        ("is there motion on the porch", "notices motion"), ("is the alarm armed", "armed"), ("is the robot docked", "docked"),
        ("what's playing on the tv", "Low Tide"), ("how humid is it in the lounge", "45 %"), ("is there a leak", "dry"),
    ],
)  # fmt: skip
def test_whole_sentences_are_answered_and_nothing_is_done(reader: Reader, text: str, words: str) -> None:
    reading = reader.read(text, Context())
    assert reading is not None, text
    assert words in reading.reply, reading
    assert (reading.calls, reading.options) == ((), ())


def test_since_when_is_asked_of_the_history(reader: Reader) -> None:
    for text in ("when was the loft fan last on", "since when is the lounge window open", "how long has the tv been on"):
        reading = reader.read(text, Context())
        request = reading.request if reading else None
        assert request is not None, text
        assert (request.about, request.verb) == ("history", "why")
        assert request.slots["state"] in ("on", "open")


@pytest.mark.parametrize(
    ("id", "state", "so"),
    [("robot", "running", False), ("robot", "done", True), ("valve", "off", True), ("warm", "heating", True),
     ("pane", "closed", False), ("leak", "open", None), ("front", "open", None), ("shed", "online", False), ("alarm", "disarmed", False)],
)  # fmt: skip
def test_which_reported_values_mean_a_state(house: House, id: str, state: str, so: bool | None) -> None:
    assert is_so(house.devices[id], state) is so
