"""The evaluation: its format, its judging, its report; and the development sets as a smoke test."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from claw.clock import ManualClock
from claw.evaluation.evaluate import START, compare, evaluate, load

SETS = Path(__file__).parents[2] / "shared" / "evals"
FILE = """
house:
  areas:
    - {name: Loft}
  devices:
    - {id: lamp, name: Loft Lamp, area: Loft, kind: light, state: {'on': false, brightness: 0}}
    - {id: bolt, name: Cellar Bolt, kind: lock, state: {locked: true}}
    - {id: list, name: Hardware List, kind: list, state: {items: [the nails], done: []}}
cases:
"""
CASES = {
    "ok": "- {say: turn on the loft lamp, expect: {lamp: {'on': true}}}",
    "ok approval": "- {say: unlock the cellar bolt, expect: {bolt: {locked: false}}, approval: required}",
    "ok range": "- {say: dim the lamp to 30, set: {lamp: {'on': true, brightness: 90}}, expect: {lamp: {brightness: [20, 40]}}}",
    "ok nothing": "- {say: 'is the bolt locked?', expect: {}, reply: [[locked, bolted]], reply_not: [open]}",
    "ok before": "- {say: turn off the lamp, before: [turn on the lamp], expect: {lamp: {'on': false}}}",
    "ok after": "- {say: turn on the lamp, after: 10m, expect: {lamp: {'on': true}}}",
    "ok list": "- {say: cross nails off the list, any_of: [{list: {items: [nails]}}, {list: {items: [], done: [nails]}}]}",
    "wrong": "- {say: turn on the lamp, expect: {}}",
    "missed": "- {say: sing a song, expect: {lamp: {'on': true}}}",
    "unsaid": "- {say: turn on the lamp, expect: {lamp: {'on': true}}, approval: required}",
    "unsaid reply": "- {say: turn on the lamp, expect: {lamp: {'on': true}}, reply: [banana]}",
}


def written(tmp_path: Path, cases: str, head: str = FILE) -> Path:
    path = tmp_path / "house.yaml"
    path.write_text(head + "".join(f"  {line}\n" for line in cases.splitlines()))
    return path


def test_the_clock_stands_at_wednesday_ten() -> None:
    assert f"{ManualClock(START).now():%A %H:%M}" == "Wednesday 10:00"


def test_each_case_gets_its_result_as_one_line_of_json(tmp_path: Path) -> None:
    out = io.StringIO()
    assert evaluate([written(tmp_path, "\n".join(CASES.values()))], as_json=True, out=out) == 0
    *records, last = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [record["result"] for record in records] == [name.split()[0] for name in CASES], [r["why"] for r in records]
    assert records[0].keys() >= {"say", "reply", "level", "read_ms", "ms", "asked", "calls", "changed", "file", "category"}
    assert last["summary"]["cases"] == len(CASES)
    assert last["summary"]["questions"] == 1


def test_the_report_names_files_levels_and_failures(tmp_path: Path) -> None:
    out = io.StringIO()
    evaluate([written(tmp_path, CASES["ok"] + "\n" + CASES["missed"])], failures=True, out=out)
    assert "cases 2, ok 1, wrong 0, missed 1, unsaid 0" in out.getvalue()
    assert "grammar 1" in out.getvalue()
    assert "'sing a song'" in out.getvalue()


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("- {say: hello}", "needs either"),
        ("- {say: hello, expect: {}, any_of: [{}]}", "needs either"),
        ("- {say: hello, expect: {}, extra: 1}", "unknown key 'extra'"),
        ("- {say: hello, expect: {cat: {on: true}}}", "is no string"),
        ("- {say: hello, expect: {cat: {'on': true}}}", "no device 'cat'"),
        ("- {say: hello, expect: {lamp: {speed: 3}}}", "has no 'speed'"),
        ("- {say: hello, expect: {lamp: {brightness: loud}}}", "makes no sense"),
        ("- {say: hello, expect: {lamp: {brightness: [9, 1]}}}", "no range"),
        ("- {say: hello, expect: {}, approval: maybe}", "none of required"),
        ("- {say: hello, expect: {}, after: soon}", "no time"),
        ("- {say: 5, expect: {}}", "must be a str"),
        ("- {say: [", "expected"),
    ],
)
def test_a_file_that_does_not_fit_ends_with_2_and_the_place(
    tmp_path: Path, case: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate([written(tmp_path, case)]) == 2
    said = capsys.readouterr().err
    assert "house.yaml" in said
    assert reason in said


def test_a_missing_file_ends_with_2(tmp_path: Path) -> None:
    assert evaluate([tmp_path / "none.yaml"]) == 2


@pytest.mark.parametrize(
    ("expect", "end", "result"),
    [
        ({"on": True}, {"on": True, "brightness": 80}, "ok"),
        ({"brightness": 80}, {"on": True, "brightness": 80}, "ok"),
        ({}, {"on": True, "brightness": 0}, "wrong"),
        ({"brightness": 80}, {"on": True, "brightness": 70}, "wrong"),
        ({"on": True}, {"on": False, "brightness": 0}, "missed"),
    ],
)
def test_what_follows_is_not_counted(expect: dict[str, Any], end: dict[str, Any], result: str) -> None:
    start = {"lamp": {"on": False, "brightness": 0}}
    assert compare({"lamp": expect}, {}, start, {"lamp": end})[0] == result


@pytest.mark.skipif(not SETS.exists(), reason="the development sets (../shared/evals) are not here")
def test_the_development_sets_are_mostly_right_and_hardly_ever_wrong() -> None:
    paths = [
        *sorted(SETS.glob("assist-mini/*.yaml")),
        *sorted(SETS.glob("assist/*.yaml")),
        *sorted(SETS.glob("device-actions/*.yaml"))[:4],
    ]
    out = io.StringIO()
    assert evaluate(paths, as_json=True, out=out) == 0
    summary = json.loads(out.getvalue().splitlines()[-1])["summary"]
    print(summary)
    assert summary["wrong"] <= 0.02 * summary["cases"]
    assert summary["ok"] >= 0.7 * summary["cases"]


@pytest.mark.skipif(not SETS.exists(), reason="the development sets (../shared/evals) are not here")
def test_every_development_file_fits_the_format() -> None:
    assert all(load(path)["cases"] for path in SETS.glob("*/*.yaml"))
