"""`claw say --explain`: the road of a sentence, as data and in words; nothing is done."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from claw.console import show
from tests.simulated_house import SmallHouse

SENTENCES = [
    "turn on the kitchen lamp", "dim the kitchen lamp to 20 and unlock the front door", "Paris is a lovely city", "turn on the attic lamp",
    "turn on the lamp", "turn on the kitchen lamp in 5 minutes", "schalte die Kitchen Lamp ein", "is the garage door open?",
    "sleepy time", "thanks", "help", "don't open the garage door", "if it rains close the bedroom shade",
    "remember that the key is in the drawer", "set the bedroom thermostat to 21.5 degrees",
]  # fmt: skip
REPR = re.compile(r"ToolCall|Reading\(|Outcome|frozenset|mappingproxy|dict_|<claw|\w=\(|\('|\{'|\['")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[SmallHouse]:
    house = SmallHouse(tmp_path)
    yield house
    house.close()


def explained(home: SmallHouse, text: str) -> tuple[dict[str, Any], list[str]]:
    data = json.loads(json.dumps(home.agent.explain(text)))
    return data, show.reading(data, trace=True).splitlines()


def test_a_deed_tells_of_each_level_its_words_its_things_and_its_ruling(home: SmallHouse) -> None:
    data, lines = explained(home, "turn on the kitchen lamp")
    assert lines[0] == f"level: {data['level']}"
    at = lines.index("alias: “turn on the kitchen lamp”")
    assert lines[at + 1].startswith("  passes on: no scene")
    assert any(line.startswith('  turn_on  thing "the kitchen lamp" -> Kitchen Lamp') for line in lines)
    assert lines[-2:] == [
        f"nothing else: {data['level']} answered, so no level after it was asked",
        "would do: turn_on  Kitchen Lamp",
    ]
    assert data["calls"][0]["names"] == ["Kitchen Lamp"]
    assert home["lamp"].state["on"] is False


def test_the_tagger_shows_stretches_shares_and_the_next_verb(home: SmallHouse) -> None:
    data, lines = explained(home, "turn on the kitchen lamp")
    (stop,) = [one for one in data["trace"] if one["level"] == "tagger"]
    assert ["the kitchen lamp", "thing"] in stop["words"]
    assert (stop["verb"], stop["answered"]) == ("turn_on", True)
    assert 0.5 < stop["share"] <= 1
    assert stop["next"][0] != "turn_on"
    assert "  turn on [the kitchen lamp: thing]" in lines


def test_what_a_person_must_approve_is_told_and_not_asked(home: SmallHouse) -> None:
    _, lines = explained(home, "open the garage door")
    assert "would ask before: open_door  Garage Door" in lines
    assert home.agent.questions.open() == []


def test_several_things_that_fit_are_named(home: SmallHouse) -> None:
    _, lines = explained(home, "turn on the lamp")
    assert any("-> Kitchen Lamp or Bedroom Lamp" in line for line in lines)
    assert "would ask: Kitchen Lamp, Bedroom Lamp" in lines


def test_unknown_words_are_named_by_every_level_that_was_asked(home: SmallHouse) -> None:
    data, lines = explained(home, "turn on the attic lamp")
    assert any("nothing is called “attic lamp”" in line for line in lines)
    assert "nothing else: no level knew all of its words" in lines
    assert [stop["level"] for stop in data["trace"]][-1] == "grammar"
    assert not any(stop["answered"] for stop in data["trace"])


def test_what_nobody_understood_has_a_reason_for_each_level(home: SmallHouse) -> None:
    data, lines = explained(home, "Paris is a lovely city")
    assert data["level"] == "none"
    assert all(stop["why"] for stop in data["trace"])
    assert {"alias", "tagger"} <= {stop["level"] for stop in data["trace"]}
    assert "nothing else: no level understood it" in lines


def test_what_is_for_later_goes_to_its_subject(home: SmallHouse) -> None:
    _, lines = explained(home, "turn on the kitchen lamp in 5 minutes")
    assert lines[-1] == "would hand to routines: make"


@pytest.mark.parametrize("text", SENTENCES)
def test_no_line_shows_the_inside_of_python(home: SmallHouse, text: str) -> None:
    data, lines = explained(home, text)
    assert data["trace"]
    assert not [line for line in lines if REPR.search(line)]


def test_the_examples_of_a_suggestion_are_not_told_as_its_road(home: SmallHouse) -> None:
    data, _ = explained(home, "help")
    assert {stop["text"] for stop in data["trace"]} == {"help"}


def test_a_new_sentence_has_a_road_of_its_own(home: SmallHouse) -> None:
    explained(home, "turn on the kitchen lamp")
    data, _ = explained(home, "thanks")
    assert [(stop["level"], stop["text"], stop["answered"]) for stop in data["trace"]] == [("alias", "thanks", True)]


def test_a_dry_run_tells_only_what_would_be_done(home: SmallHouse) -> None:
    data = home.agent.explain("set the kitchen lamp to 20 %")
    assert show.reading(data, trace=False).splitlines() == [
        f"level: {data['level']}",
        "would do: set_brightness brightness 20  Kitchen Lamp",
    ]
