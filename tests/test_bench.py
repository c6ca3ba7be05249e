"""The benchmark's table has all its rows, whatever could be measured. No figure is asserted here."""

import json
import os

import pytest

from bench.__main__ import MEASURES, main
from bench.idle import memory
from bench.imports import HEAVY, libraries, skills
from bench.row import Bar, Sample, line, quantile, row
from bench.size import SIZE, required


def test_every_bar_is_named_once() -> None:
    named = [bar.what for measure in MEASURES.values() for bar in measure.bars]
    assert len(named) == len(set(named))
    others = {"sentence", "reading", "start", "idle", "imports", "size", "doctor", "page", "people", "mind", "routines", "crash"}
    assert {*others, "suite"} == set(MEASURES)


def test_a_measurement_prints_all_of_its_rows(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["size", "suite", "--json"])
    rows = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [one["what"] for one in rows] == [SIZE, *(bar.what for bar in MEASURES["suite"].bars)]
    assert status == any(one["verdict"] == "miss" for one in rows)
    assert rows[1]["median"] is None


def test_the_verdict_follows_the_median_and_the_bar() -> None:
    bar = Bar("something", "ms", 10)
    assert row("x", bar, Sample([9, 10, 30]))["verdict"] == "pass"
    assert row("x", bar, Sample([9, 11, 30]))["verdict"] == "miss"
    assert row("x", bar, Sample())["verdict"] == row("x", Bar("something", "ms"), Sample([5]))["verdict"] == ""
    assert "not today" in line(row("x", bar, Sample(note="not today")))


def test_quantiles_are_values_that_were_measured() -> None:
    assert quantile([3, 1, 2], 0.5) == 2
    assert quantile(list(range(1, 101)), 0.95) == 95
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)


def test_memory_is_read_from_the_kernel() -> None:
    assert 1 < memory(os.getpid(), "Pss") <= memory(os.getpid(), "Rss")


def test_required_distributions_leave_out_the_extras() -> None:
    names = {name.casefold() for name in required("claw-house")}
    assert {"claw-house", "aiohttp", "pydantic", "pydantic_core"} <= names
    assert not {"hap-python", "pytest", "mypy"} & names


def test_a_family_s_libraries_are_those_that_only_its_skill_imports() -> None:
    assert libraries("hue") == {"aiohue"}
    assert "aiohttp" not in set().union(*map(libraries, skills()))
    assert not HEAVY & set().union(*map(libraries, skills()))
