"""Slips and dictation around the names: what is mended, and what is left alone."""

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

HOUSE = """
areas: [{name: Kitchen}, {name: Cellar}]
devices:
  - {id: kettle, name: Kettle, area: Kitchen, kind: switch, state: {'on': false}}
  - {id: spots, name: Spots, area: Kitchen, kind: light, state: {'on': false, brightness: 0}}
  - {id: bar, name: Soundbar, area: Cellar, kind: player, state: {playback: playing, volume: 30}}
  - {id: door, name: Cellar Door, area: Cellar, kind: lock, state: {locked: false}}
  - {id: list, name: Shopping List, kind: list, state: {items: [], done: []}}
"""


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    clock = ManualClock()
    house = House(Store(tmp_path / "house.db"), Events(), clock)
    build(yaml.safe_load(HOUSE), house)
    return Reader(house, Names(house), clock)


@pytest.mark.parametrize(
    ("text", "command", "target", "args"),
    [
        ("trun on teh spots", "turn_on", "spots", {}),
        ("swich of the kettel", "turn_off", "kettle", {}),
        ("turnoff kettle", "turn_off", "kettle", {}),
        ("spots onn", "turn_on", "spots", {}),
        ("set soundabr volme to 45", "set_volume", "bar", {"volume": 45}),
        ("lok teh cellar door", "lock", "door", {}),
        ("turn of the kettle", "turn_off", "kettle", {}),
        ("add suger to the shopping list", "add_item", "list", {"item": "suger"}),
    ],
)
def test_a_slip_does_no_harm(reader: Reader, text: str, command: str, target: str, args: dict[str, object]) -> None:
    reading = reader.read(text, Context())
    assert reading is not None
    assert [(call.command, call.targets, dict(call.args)) for call in reading.calls] == [(command, (target,), args)]


def test_short_slips_are_mended_towards_the_only_word_of_the_house(reader: Reader) -> None:
    assert heard("ad milk to the shoping lst") == "add milk to the shoping lst"
    versions = reader.tags.mending.versions("add milk to the shoping lst", "      ")
    assert "add milk to the shopping list" in list(versions)


@pytest.mark.parametrize(
    "text",
    ["i got the job!", "last nigth was fun", "the melting is at ten", "turn of events", "what a gmae", "lol ok", "good lcuk with the test", "we wont the match"],
)  # fmt: skip
def test_nothing_is_made_of_what_asks_nothing(reader: Reader, text: str) -> None:
    reading = reader.read(text, Context())
    assert reading is None or not reading.calls


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("add milk comma eggs comma and bread full stop", "add milk , eggs , and bread ."),
        ("shut em", "shut them"),
        ("turn teh lamp on", "turn the lamp on"),
        ("rock n roll", "rock and roll"),
        ("the turn of the year", "the turn off the year"),
        ("two lemons", "two lemons"),
    ],
)
def test_what_a_dictation_wrote_out_is_read_as_signs(said: str, meant: str) -> None:
    assert heard(said) == meant
