"""Sentences that a person would shake their head over: what is done, and every reply word by word."""

from collections.abc import Iterator
from typing import Any

import pytest

from claw.agent import Agent
from claw.clock import ManualClock
from claw.config import Config
from claw.evaluation.evaluate import START
from claw.evaluation.simulated import build
from claw.events import Events
from claw.house import House
from claw.names import Names
from claw.reflex.reader import Reader
from claw.store import Store

HOUSE: dict[str, Any] = {
    "areas": [{"name": "Studio", "floor": "First floor"}, {"name": "Laundry"}, {"name": "Terrace"}, {"name": "Loft"}],
    "devices": [
        {"id": "spots", "name": "Studio Spots", "area": "Studio", "kind": "light", "state": {"on": True, "brightness": 50}},
        {"id": "easel", "name": "Easel Lamp", "area": "Studio", "kind": "light", "state": {"on": False, "brightness": 0}},
        {"id": "tube", "name": "Laundry Light", "area": "Laundry", "kind": "light", "state": {"on": False, "brightness": 0}},
        {"id": "heat", "name": "Loft Thermostat", "area": "Loft", "kind": "thermostat",
         "state": {"temperature": 18, "target": 20, "mode": "heat"}},
        {"id": "den", "name": "Loft", "area": "Loft", "kind": "player", "class": "speaker",
         "state": {"playback": "playing", "title": "Low Tide", "volume": 30, "muted": False}},
        {"id": "tv", "name": "LG TV", "area": "Studio", "kind": "player", "class": "tv",
         "state": {"playback": "stopped", "volume": 100, "muted": False}},
        {"id": "side", "name": "Side Door Lock", "kind": "lock", "state": {"locked": True}},
        {"id": "gate", "name": "Gate", "kind": "door", "class": "gate", "state": {"open": False}},
        {"id": "blind", "name": "Studio Blind", "area": "Studio", "kind": "shade", "class": "blind", "state": {"position": 40}},
        {"id": "drip", "name": "Laundry Leak Sensor", "area": "Laundry", "kind": "sensor", "class": "leak", "state": {"value": "dry"}},
        {"id": "eye", "name": "Terrace Motion Sensor", "area": "Terrace", "kind": "sensor", "class": "motion",
         "state": {"value": "detected"}},
    ],
}  # fmt: skip


@pytest.fixture
def agent() -> Iterator[Agent]:
    clock, events, store = ManualClock(START), Events(), Store(None)
    house = House(store, events, clock)
    build(HOUSE, house)
    yield Agent(house, store, events, clock, Config(), Reader(house, Names(house), clock))
    store.close()


async def said(agent: Agent, text: str) -> tuple[str, dict[str, Any]]:
    record = await agent.say(text)
    return str(record["reply"]), record["changed"]


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("open and close the blind", "You asked two opposite things of the studio blind, so I did nothing. Which one?"),
        ("turn the laundry light on and off", "You asked two opposite things of the laundry light, so I did nothing. Which one?"),
        ("turn on and off the tube", "I know no tube here."),
        ("dim the laundry light", "The laundry light is off."),
        ("set the loft to 48 degrees", "I took that as 48 °F. Set the loft thermostat to 8.9 °C? Yes or no?"),
        ("set the loft to 400 degrees", "The loft thermostat can only be set between 5 and 35 °C."),
        ("turn the tv up", "The LG TV is already at 100 %."),
        ("is the lg tv playing?", "No, the LG TV is stopped, at volume 100 %."),
        ("make the terrace warmer", "There is no thermostat on the terrace."),
        ("turn on the light in the loft", "There is no light in the loft."),
        ("what's the humidity in the loft", "There is no humidity sensor in the loft."),
        ("make the easel lamp purple", "The Easel lamp cannot show colours."),
        ("set the easel lamp to purple at 20%", "The Easel lamp cannot show colours."),
        ("lock the gate", "The gate cannot be locked."),
        ("turn on the light in the wexquin", "I know no light in the wexquin here."),
        ("set it to 21", "I do not know what “it” is; name it."),
        ("make it brighter", "I do not know what “it” is; name it."),
        ("the studio one", "I did not understand that."),
        ("turn the laundry light on, turn the blorf off", "I know no blorf here."),
        ("is the laundry light on?", "No, the laundry light is off."),
        ("is there a leak?", "No, the laundry leak sensor is dry."),
        ("is there a leak in the laundry?", "No, the laundry leak sensor is dry."),
        ("is the leak sensor dry?", "Yes, the laundry leak sensor is dry."),
        ("is there motion on the terrace?", "Yes, the terrace motion sensor notices motion."),
        ("is there motion in the laundry?", "There is no motion sensor in the laundry."),
        ("is anyone home?", "I cannot know whether anyone is there."),
        ("turn on the sewing machine", "I know no sewing machine here."),
        ("turn it off", "I do not know what “it” is; name it."),
        ("what is playing in the loft?", "“Low Tide” is playing in the loft."),
        ("what's playing?", "“Low Tide” is playing on the loft speaker."),
        ("is music playing in the loft", "Yes, “Low Tide” is playing in the loft."),
        ("what's playing in the studio", "Nothing is playing in the studio."),
        ("is anything playing on the tv", "No, nothing is playing on the LG TV."),
        ("what is playing on the terrace", "There is no player on the terrace."),
        ("open the side door", "Unlock the side door? Yes or no?"),
        ("close the side door", "I cannot close the side door, only lock it."),
        ("don't open the gate", "All right, I leave it as it is."),
        ("please do not unlock the side door", "All right, I leave it as it is."),
        ("don't forget the gate", "When shall I remind you of the gate? Say, for example, “remind me of the gate at six”."),
        ("don't open the gate but close the blind", "I did not understand that."),
        ("good night", "Good night."),
        ("😀", "I did not understand that."),
        ("blorf the wubble", "I did not understand that."),
        ("tell me a story", "I did not understand that."),
        ("play with the dog in the loft", "I did not understand that."),
        ("play nice", "I did not understand that."),
    ],
)  # fmt: skip
async def test_nothing_changes_and_the_reply_says_why(agent: Agent, text: str, reply: str) -> None:
    assert await said(agent, text) == (reply, {})


@pytest.mark.parametrize(
    ("text", "reply", "changed"),
    [
        ("dim the studio lights", "The studio spots are at 30 %.", {"spots": {"brightness": 30}}),
        ("make the lights brighter", "The studio spots are at 70 %.", {"spots": {"brightness": 70}}),
        ("darker", "The studio spots are at 30 %.", {"spots": {"brightness": 30}}),
        ("turn on the landry light", "The laundry light is on.", {"tube": {"on": True}}),
        (
            "set the loft to 66 degrees",
            "The loft thermostat is set to 18.9 °C. I took that as 66 °F.",
            {"heat": {"target": 18.9}},
        ),
        ("set the loft to 66 °F", "The loft thermostat is set to 18.9 °C.", {"heat": {"target": 18.9}}),
        ("turn the laundry light on again", "The laundry light is on.", {"tube": {"on": True}}),
        ("switch the studio spots back off please", "The studio spots are off.", {"spots": {"on": False}}),
        ("put the laundry light back on", "The laundry light is on.", {"tube": {"on": True}}),
        ("half close the studio blind", "The studio blind is at 50 %.", {"blind": {"position": 50}}),
        ("play the lg tv", "The LG TV is playing.", {"tv": {"playback": "playing"}}),
        ("set the thermostat to 23 in the loft", "The loft thermostat is set to 23 °C.", {"heat": {"target": 23}}),
        ("Heating 19", "The loft thermostat is set to 19 °C.", {"heat": {"target": 19}}),
        ("loft thermostat at 21 degrees", "The loft thermostat is set to 21 °C.", {"heat": {"target": 21}}),
        ("thanks, turn off the studio spots", "The studio spots are off.", {"spots": {"on": False}}),
        ("are the studio spots still on?", "Yes, the studio spots are on.", {}),
        ("Turn on the laundry light. What did you do today?", "One thing at a time, please: I did nothing.", {}),
        ("hey, how's it going?", "I am fine, thank you.", {}),
        ("Thank you, see you later", "Goodbye.", {}),
        ("close and lock the side door", "", {}),
        ("turn the laundry light on and the studio lights off", "", {"tube": {"on": True}, "spots": {"on": False}}),
        ("turn off the studio lights and the laundry light on", "", {"tube": {"on": True}, "spots": {"on": False}}),
        ("turn on the laundry light and off the studio lights", "", {"tube": {"on": True}, "spots": {"on": False}}),
        ("set the spots to 70% and the laundry light to 20%", "", {"spots": {"brightness": 70}, "tube": {"brightness": 20}}),
    ],
)
async def test_a_deed_and_how_it_was_understood(agent: Agent, text: str, reply: str, changed: dict[str, Any]) -> None:
    heard, now = await said(agent, text)
    if reply:
        assert heard.replace("spots is", "spots are") == reply
    assert {id: {k: v for k, v in one.items() if k in changed[id]} for id, one in now.items()} == changed


async def test_in_a_room_without_light_dimming_says_so_in_the_plural(agent: Agent) -> None:
    agent.house.devices["spots"].update(on=False)
    assert await said(agent, "dim the studio lights") == ("The studio lights are off.", {})
    assert await said(agent, "dim the lights") == ("All 3 lights are off.", {})


async def test_a_player_that_tells_no_title_or_does_not_answer_is_said_to_be_so(agent: Agent) -> None:
    agent.house.devices["den"].update(title="")
    assert (await said(agent, "what's playing in the loft"))[
        0
    ] == "Something is playing in the loft, but it does not tell me what."
    agent.house.devices["den"].offline("it does not answer")
    assert (await said(agent, "what's playing in the loft"))[
        0
    ] == "Nothing is playing in the loft. I can't reach the loft speaker."


async def test_dont_is_a_no_to_the_open_question(agent: Agent) -> None:
    await agent.say("open the gate")
    assert await said(agent, "don't open the gate") == ("All right, I did nothing.", {})
    assert await said(agent, "yes") == ("Nothing is waiting for a yes.", {})


async def test_an_exact_word_beats_a_corrected_one(agent: Agent) -> None:
    agent.house.describe("easel", name="Studia")
    assert (await agent.say("turn off the studio lights"))["changed"] == {"spots": {"on": False}}


async def test_a_suggestion_names_things_as_people_do(agent: Agent) -> None:
    near = "Did you mean “turn on the studio lights” or “turn off the studio lights”?"
    assert await said(agent, "tzrxm on the studio lights") == (f"I did not understand that. {near}", {})


async def test_a_slip_in_a_verb_is_no_hindrance(agent: Agent) -> None:
    assert await said(agent, "turm on the studio lights") == ("The studio lights are on.", {"easel": {"on": True}})


async def test_a_room_of_which_nothing_is_on_is_said_to_be_off(agent: Agent) -> None:
    agent.house.devices["spots"].update(on=False)
    assert await said(agent, "is the studio light on?") == ("No, the studio lights are off.", {})
    assert await said(agent, "which lights are on in the studio?") == ("No lights are on in the studio.", {})


async def test_a_lamp_takes_a_colour_and_a_brightness_in_one_sentence(agent: Agent) -> None:
    build(
        {
            "areas": [],
            "devices": [{"id": "orb", "name": "Orb", "kind": "light", "state": {"on": True, "brightness": 9, "color": ""}}],
        },
        agent.house,
    )
    assert (await said(agent, "set the orb to blue and 50%"))[1] == {"orb": {"brightness": 50, "color": "blue"}}


async def test_a_door_a_lock_or_a_shade_on_its_way_is_said_to_be(agent: Agent) -> None:
    gate, side, blind = (agent.house.devices[id] for id in ("gate", "side", "blind"))
    gate.update(target_open=True)
    side.update(target_locked=False)
    blind.update(target_position=0)
    assert await said(agent, "is the gate open?") == ("The gate is opening.", {})
    assert await said(agent, "is the side door locked?") == ("The side door is unlocking.", {})
    assert await said(agent, "is the blind open?") == ("The studio blind is closing.", {})
    assert await said(agent, "how is the gate?") == ("The gate is opening.", {})


@pytest.mark.parametrize("answer", ["the thermostat", "loft thermostat please", "2"])
@pytest.mark.parametrize("text", ["set the loft to 30", "loft 30"])
async def test_a_bare_number_for_a_room_with_lights_and_a_thermostat_is_asked_about(agent: Agent, text: str, answer: str) -> None:
    lamps = [
        {"id": id, "name": id, "area": "Loft", "kind": "light", "state": {"on": False, "brightness": 0}} for id in ("a1", "a2")
    ]
    build({"areas": [], "devices": lamps}, agent.house)
    asked = "Which one: 1 the loft lights at 30 %, 2 the loft thermostat at 30 °C?"
    assert await said(agent, text) == (asked, {})
    assert await said(agent, answer) == ("Set the loft thermostat to 30 °C? Yes or no?", {})


@pytest.mark.parametrize("text", ["set the loft to 19", "loft 22"])
async def test_a_number_that_is_a_warmth_of_rooms_is_for_the_thermostat(agent: Agent, text: str) -> None:
    build(
        {
            "areas": [],
            "devices": [{"id": "a1", "name": "a1", "area": "Loft", "kind": "light", "state": {"on": False, "brightness": 0}}],
        },
        agent.house,
    )
    assert (await said(agent, text))[1] == {"heat": {"target": float(text[-2:])}}
