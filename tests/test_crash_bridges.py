"""A crash around every request of Telegram's and Matrix' bridges: some points here, all of them by `python -m bench crash`."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.crash.bugs import BUGS
from tests.crash.life import Build
from tests.crash.road import Road, crash_all
from tests.crash.scenarios import SCENARIOS

BRIDGES = ("telegram", "matrix")
STRIDE = 11  # crash at every so many points
FIND: Mapping[str, str] = {  # the scenario in which a planted bug shows
    "no read-back before redo": "two relative ones", "acknowledge before commit": "not repeatable",
    "done before effect": "not repeatable", "next due before the run": "a deed for later",
}  # fmt: skip


@pytest.mark.parametrize("line", BRIDGES)
async def test_a_crash_around_a_request_loses_and_doubles_nothing(line: str) -> None:
    result = await crash_all(Build(), lines=[line], again=True, stride=STRIDE)
    assert result.broken == []
    assert result.points >= 150


@pytest.mark.parametrize("line", BRIDGES)
@pytest.mark.parametrize("bug", BUGS)
async def test_a_planted_bug_is_found_by_each_bridge(bug: str, line: str) -> None:
    scenario = next(one for one in SCENARIOS if one.name == FIND[bug])
    result = await crash_all(BUGS[bug], [scenario], lines=[line], until_broken=True)
    assert result.count("lost") + result.count("duplicated") > 0


@pytest.mark.parametrize(
    ("line", "before"),
    [
        (
            "telegram",
            ("before getUpdates", "after getUpdates", "before sendMessage", "after sendMessage", "after editMessageText"),
        ),
        ("matrix", ("before sync 0", "after sync 0", "before send m.room.message", "after send m.room.message")),
    ],
)
async def test_each_request_is_a_step(tmp_path: Path, line: str, before: tuple[str, ...]) -> None:
    road = Road(tmp_path, Build(), line)
    await road.prepare()
    _, steps = await road.play(next(one for one in SCENARIOS if one.name == "approved"), ())
    assert set(before) <= set(steps[0])
