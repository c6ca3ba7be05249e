"""What is left out of a model's text: claims and promises that nothing stands behind. tests/truth holds the sentences."""

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from claw.mind.shown import shown
from claw.mind.truth import checked
from claw.names import Names
from tests.said_mind import SaidModel, answer, text, thinking
from tests.simulated_house import SmallHouse

TRUTH = Path(__file__).parent / "truth"
FALSE_KEEPS, FALSE_DROPS = 15, 1  # of the hundred that were written after the code, when they were written


def sentences(file: str) -> list[Any]:
    """(sentence, whether it is kept, the flags)"""
    groups = yaml.safe_load((TRUTH / file).read_text("utf-8"))
    split = [({k: v for k, v in one.items() if k not in ("verdict", "sentences")}, one) for one in groups]
    return [(said, one["verdict"] == "keep", flags) for flags, one in split for said in one["sentences"]]


def left(said: str, state: bool | None = None, **flags: bool) -> str:
    """What is kept of a text."""
    return checked(said, **{"did": False, "planned": False, "remembered": False, **flags}, state=lambda _: state)[0]


@pytest.mark.parametrize(("said", "kept", "flags"), sentences("sentences.yaml"))
def test_a_sentence_is_kept_or_left_out(said: str, kept: bool, flags: dict[str, bool]) -> None:
    assert left(said, **flags) == (said if kept else "")


def test_sentences_that_the_code_was_not_made_for_do_no_worse_than_at_first() -> None:
    wrong = [kept for said, kept, flags in sentences("fresh.yaml") if bool(left(said, **flags)) != kept]
    assert wrong.count(False) <= FALSE_KEEPS
    assert wrong.count(True) <= FALSE_DROPS


TEXTS = {
    "Sure! I've turned off the kitchen light. Basil needs six hours of light.": "Basil needs six hours of light.",
    "Done! Anything else?": "",
    "I turned on the lamp. Enjoy!": "",
    "Here's what I did:\n- Kitchen lamp: off\n- Hall lamp: dimmed to 30 %\n\nSleep well!": "",
    "I've made the following changes:\n\n1. Turned off the lights\n2. Locked the door\n\nBasil needs light.": "Basil needs light.",
    "Dinner:\n- Pasta\n- Rice, done in 15 minutes\n\nI've turned on the oven.": "Dinner:\n- Pasta\n- Rice, done in 15 minutes",
    "Done ✅ The lights are off 🎉 Basil needs e.g. six hours.": "Basil needs e.g. six hours.",
    "I'll remind you at 5 p.m. tomorrow. Is that right?": "Is that right?",
    "“Done! The lights are off.”": "",
    "## Result\n\nAll lights are off now.": "",
    "I can’t lock it. I’ve closed the window.": "I can’t lock it.",
    "```\nI turned off the lights.\n```\nI turned off the lights.": "```\nI turned off the lights.\n```",
}
WHOLE = (
    "He said “Done! I turned it off.” and left.", "1. Open the valve. 2. Close the tap.", "", "👍", "  - a\n\n\n  - b  ",
    "It is 21.5 degrees, e.g. in the hall.", "```\nI turned off the lights.\n```",
)  # fmt: skip


@pytest.mark.parametrize(("said", "kept"), TEXTS.items())
def test_of_a_text_what_is_true_is_left(said: str, kept: str) -> None:
    assert left(said) == kept


@pytest.mark.parametrize("said", WHOLE)
def test_a_text_without_claims_is_given_back_as_it_is(said: str) -> None:
    assert checked(said, did=False, planned=False, remembered=False) == (said, False)


def test_after_a_deed_a_farewell_stays_and_what_the_house_told_is_not_told_again() -> None:
    assert left("I turned on the lamp. Enjoy!", did=True) == "Enjoy!"
    assert left("The lamp is on now. Enjoy!", state=True, did=True) == "Enjoy!"


@pytest.mark.parametrize(
    "piece",
    [
        "Basil needs light, and the lamp is on. ",
        "I've turned off the lights. ",
        "ich habe ",
        "I'll ",
        "a,",
        "Done! ",
        "“a",
        ". ",
        "is now",
    ],
)
def test_eight_thousand_characters_take_no_time_and_ten_times_as_many_ten_times_that(piece: str) -> None:
    def seconds(length: int) -> float:
        said, best = (piece * length)[:length], 1e9
        for _ in range(3):
            began = time.process_time()
            left(said)
            best = min(best, time.process_time() - began)
        return best

    assert seconds(8000) < 0.05
    assert seconds(80000) < 0.5


SHOWN = {
    "The front door is locked.": False, "The front door is unlocked.": True, "The front door isn't locked.": True,
    "The lights in the kitchen are off.": True, "All the lights are off.": False, "The lamp is on.": None,
    "Your front door is locked now.": False, "The kitchen lamp is no longer on.": True, "Kitchen Lamp: on": False,
    "The thermostat is set to 20 degrees.": True, "The thermostat is set to 21.": False,
    "The bedroom lamp is dimmed to 80 %.": True, "The bedroom lamp is at 30 percent.": False,
    "It is 19 degrees in the bedroom.": True, "It's 25 degrees in the bedroom.": False, "It is 7 in the kitchen.": None,
    "The temperature in the bedroom is 19 °C.": True, "The bedroom is at 19 degrees.": True,
    "The kitchen lamp is off and the front door is locked.": False, "The kitchen lamp is off, but the garage door is closed.": True,
    "The kitchen speaker is playing.": True, "The bedroom shade is open.": True, "The garage door is now open.": False,
    "The museum is open.": None, "It's closed.": None, "Two lights are on.": None, "Basil needs six hours of light.": None,
    "The front door was locked.": None, "Everything is off.": None,
}  # fmt: skip


async def test_the_house_shows_what_a_sentence_says_or_not_or_does_not_know(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path).house
    so = shown(house, Names(house))
    assert {said: so(said) for said in SHOWN} == SHOWN


async def test_a_device_that_does_not_answer_shows_nothing(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path)
    house["bolt"].online = False
    assert shown(house.house, Names(house.house))("The front door is unlocked.") is None


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("The front door is locked. Sleep well!", "I did nothing."),
        ("The front door is unlocked.", "The front door is unlocked."),
        ("Done! The front door is locked now.", "I did nothing."),
        ("Basil needs light. I've closed the shade.", "I did nothing. Basil needs light."),
    ],
)
async def test_a_model_that_called_no_tool_claims_no_deed(tmp_path: Path, said: str, reply: str) -> None:
    house = thinking(SmallHouse(tmp_path), SaidModel(answer(text(said))))
    assert await house.say("it is awfully gloomy while I chop the onions") == reply
