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
        ("make the easel lamp purple", "The Easel lamp cannot do that."),
        ("turn on the sewing machine", "I know no sewing machine here."),
        ("turn it off", "I don't know what you mean by “it”."),
        ("what is playing in the loft?", "“Low Tide” is playing in the loft."),
        ("what's playing?", "“Low Tide” is playing on the loft speaker."),
        ("is music playing in the loft", "Yes, “Low Tide” is playing in the loft."),
        ("what's playing in the studio", "Nothing is playing in the studio."),
        ("is anything playing on the tv", "No, nothing is playing on the LG TV."),
        ("what is playing on the terrace", "There is no player on the terrace."),
        ("open the side door", "Unlock the side door? Yes or no?"),
        ("close the side door", "I cannot close the side door, only lock it."),
        ("don't open the gate", "All right, I leave it as it is."),
        ("please never unlock the side door", "All right, I leave it as it is."),
        ("don't forget the gate", "I did not understand that."),
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
        ("close and lock the side door", "", {}),
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
    assert await said(agent, "turm on the studio lights") == (f"I did not understand that. {near}", {})
