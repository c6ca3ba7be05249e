"""The project's own evaluation, within the bars: an author who saw neither templates nor generator wrote these."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from claw.evaluation.evaluate import run_case
from claw.evaluation.format import load

EVALS = Path(__file__).parent / "evals"
HOUSES = ("town-flat", "farm", "family-house", "villa")


def results(*names: str) -> Counter[str]:
    files = [load(EVALS / f"{name}.yaml") for name in names]

    async def run() -> list[str]:
        return [(await run_case(file["house"], case, "own"))["result"] for file in files for case in file["cases"]]

    return Counter(asyncio.run(run()))


def test_messages_of_people_who_saw_no_template_are_understood() -> None:
    found = results(*HOUSES)
    assert found["ok"] >= OK * found.total()
    assert found["wrong"] <= WRONG * found.total()


@pytest.mark.parametrize("name", ["asks-nothing-1", "asks-nothing-2"])
def test_what_asks_nothing_moves_nothing(name: str) -> None:
    found = results(name)
    assert found["wrong"] <= 0.003 * found.total()


OK, WRONG = 0.9, 0.01
