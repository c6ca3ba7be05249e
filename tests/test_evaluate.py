"""The evaluation: its format, its judging, its report; and the development sets as a smoke test."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from claw.clock import ManualClock
from claw.evaluation.evaluate import START, evaluate, run_case
from claw.evaluation.format import load
from claw.evaluation.judging import compare, judge

SETS = Path(__file__).parents[2] / "shared" / "evals"
FILE = """
house:
  areas:
    - {name: Loft}
    - {name: Cellar}
  devices:
    - {id: lamp, name: Loft Lamp, area: Loft, kind: light, state: {'on': false, brightness: 0, color: blue}}
    - {id: bolt, name: Cellar Bolt, kind: lock, state: {locked: true}}
    - {id: list, name: Hardware List, kind: list, state: {items: [the nails], done: []}}
    - {id: west, name: West Fan, area: Cellar, kind: fan, state: {'on': false}}
    - {id: east, name: East Fan, area: Cellar, kind: fan, state: {'on': false}}
    - {id: heat, name: Loft Thermostat, area: Loft, kind: thermostat, state: {target: 20, temperature: 19, mode: heat}}
    - {id: boiler, name: Water Heater, kind: heater, state: {'on': false, target: 50}}
    - {id: gate, name: Side Gate, kind: shade, state: {position: 0}}
    - {id: radio, name: Cellar Radio, area: Cellar, kind: player, state: {'on': true, volume: 20}}
cases:
"""
CASES = {
    "ok": "- {say: turn on the loft lamp, expect: {lamp: {'on': true}}}",
    "ok approval": "- {say: unlock the cellar bolt, expect: {bolt: {locked: false}}, approval: required}",
    "ok approval without the key": "- {say: unlock the cellar bolt, expect: {bolt: {locked: false}}}",
    "ok approval of what is so by then": "- {say: set the side gate to 50 %, expect: {gate: {position: 50}}}",
    "ok range": "- {say: dim the lamp to 30, set: {lamp: {'on': true, brightness: 90}}, expect: {lamp: {brightness: [20, 40]}}}",
    "ok nothing": "- {say: 'is the bolt locked?', expect: {}, reply: [[locked, bolted]], reply_not: [open]}",
    "ok which": "- {say: turn on the fan in the cellar, expect: {}, reply: [which one, west  FAN]}",
    "ok here": "- {say: turn off the light, area: Loft, set: {lamp: {'on': true}}, expect: {lamp: {'on': false}}}",
    "ok before": "- {say: turn off the lamp, before: [turn on the lamp], expect: {lamp: {'on': false}}}",
    "ok before is the start": "- {say: 'is the lamp on?', before: [turn on the lamp, unlock the bolt], expect: {}, reply: ['yes']}",
    "ok after": "- {say: turn on the lamp in 5 minutes, after: 10m, expect: {lamp: {'on': true}}}",
    "ok after too soon": "- {say: turn on the lamp in 5 minutes, after: 4m 30s, expect: {}}",
    "ok after twice": "- {say: 'turn off the lamp at 10:20', before: [turn on the lamp in 5 minutes], after: 1h, expect: {}}",
    "ok event": "- {say: unlock the bolt, before: [when the cellar bolt is unlocked turn on the lamp], approval: required, "
    "expect: {bolt: {locked: false}, lamp: {'on': true}}}",
    "ok history": "- {say: 'since when is the lamp on?', before: [turn on the lamp], expect: {}, reply_not: [do not know]}",
    "ok list": "- {say: cross nails off the list, any_of: [{list: {items: [nails]}}, {list: {items: [], done: [Nails]}}]}",
    "ok ignore": "- {say: turn on the lamp, expect: {}, ignore: {lamp: ['on', brightness]}}",
    "ok language": "- {say: mach die Loft Lamp an, language: de, expect: {lamp: {'on': true}}}",
    "ok child": "- {say: turn on the loft lamp, person: child, expect: {lamp: {'on': true}}}",
    "ok child unlocks": "- {say: unlock the bolt, person: child, approval: required, expect: {}, reply: [adult]}",
    "ok adult": "- {say: set the loft thermostat to 27 degrees, person: adult, expect: {heat: {target: 27}}}",
    "ok child is cold": "- {say: set the loft thermostat to 27 degrees, person: child, approval: required, expect: {}}",
    "ok child is loud": "- {say: set the volume of the cellar radio to 70, person: child, approval: required, expect: {}}",
    "ok guest": "- {say: turn on the water heater, person: guest, expect: {}, reply: [[only an adult]]}",
    "wrong": "- {say: turn on the lamp, expect: {}}",
    "wrong value": "- {say: dim the lamp to 30, expect: {lamp: {brightness: 40}}}",
    "wrong unlock": "- {say: unlock the bolt, expect: {}}",
    "missed": "- {say: Paris is a lovely city, expect: {lamp: {'on': true}}}",
    "missed which": "- {say: turn on the fan in the cellar, expect: {west: {'on': true}}}",
    "unsaid": "- {say: turn on the lamp, expect: {lamp: {'on': true}}, approval: required}",
    "unsaid reply": "- {say: turn on the lamp, expect: {lamp: {'on': true}}, reply: [banana]}",
    "unsaid part of a word": "- {say: turn on the lamp, expect: {lamp: {'on': true}}, reply: [lam]}",
    "unsaid reply_not": "- {say: turn on the lamp, expect: {lamp: {'on': true}}, reply_not: [LAMP]}",
}  # fmt: skip


def written(tmp_path: Path, cases: str, head: str = FILE) -> Path:
    path = tmp_path / "house.yaml"
    path.write_text(head + "".join(f"  {line}\n" for line in cases.splitlines()))
    return path


def test_the_clock_stands_at_wednesday_ten() -> None:
    assert f"{ManualClock(START).now():%A %H:%M}" == "Wednesday 10:00"


def run(path: Path, **how: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The records of the cases, and the summary."""
    out = io.StringIO()
    assert evaluate([path], as_json=True, out=out, **how) == 0
    *records, last = [json.loads(line) for line in out.getvalue().splitlines()]
    return records, last["summary"]


@pytest.mark.parametrize("name", CASES)
def test_a_case_comes_to_its_result(tmp_path: Path, name: str) -> None:
    ((record,), _) = run(written(tmp_path, CASES[name]))
    assert record["result"] == name.split()[0], record


def test_no_case_sees_another(tmp_path: Path) -> None:
    again = "- {say: 'what did you do?', expect: {}, reply_not: [lamp]}"
    (one, two, three), _ = run(written(tmp_path, "\n".join([CASES["ok"], again, CASES["ok"]])))
    assert [one["changed"], two["result"], three["changed"]] == [{"lamp": {"on": True}}, "ok", {"lamp": {"on": True}}], two


def test_the_records_and_the_summary_have_what_the_format_names(tmp_path: Path) -> None:
    records, summary = run(written(tmp_path, "\n".join(CASES.values())))
    assert records[0].keys() >= {
        "say",
        "reply",
        "level",
        "read_ms",
        "ms",
        "asked",
        "calls",
        "changed",
        "file",
        "result",
        "category",
    }
    assert summary["cases"] == len(CASES)
    for result in ("ok", "wrong", "missed", "unsaid"):
        assert summary[result] == sum(name.split()[0] == result for name in CASES)
    assert summary["questions"] == sum(record["asked"] is not None for record in records) > 5
    assert sum(summary["levels"].values()) == sum(one["cases"] for one in summary["by_level"].values()) == len(CASES)
    assert 0 < summary["p50_ms"] <= summary["p95_ms"]


def test_the_summary_says_what_was_read_instead_of_what(tmp_path: Path) -> None:
    names = ("missed", "missed which", "wrong", "wrong value", "wrong unlock", "unsaid reply")
    twice = (
        "- {say: Paris is a lovely city, expect: {lamp: {brightness: 50, 'on': true}, bolt: {locked: false}, list: {items: []}}}"
    )
    _, summary = run(written(tmp_path, "\n".join([*(CASES[name] for name in names), CASES["missed"], twice])))
    assert next(iter(summary["confusion"].items())) == ("turn_on light -> nothing", 2)
    assert summary["confusion"] == {
        "turn_on light -> nothing": 2, "turn_on fan -> a question": 1, "nothing -> turn_on light": 1,
        "set_brightness light -> set_brightness light (another device or value)": 1, "nothing -> unlock lock": 1,
        "turn_on light -> turn_on light (not said or asked so)": 1,
        "remove_item list, set_brightness light, turn_on light, unlock lock -> nothing": 1,
    }  # fmt: skip


def test_categories_are_counted_and_chosen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = [CASES["ok"], *(CASES[name].replace("{say", "{category: loft, say") for name in ("ok", "wrong", "missed"))]
    path = written(tmp_path, "\n".join(cases))
    assert run(path)[1]["categories"] == {"loft": {"cases": 3, "ok": 1, "wrong": 1, "missed": 1, "unsaid": 0}}
    assert [record["category"] for record in run(path, category="loft")[0]] == ["loft"] * 3
    assert evaluate([path], category="attic") == 2
    assert "no case has the category 'attic'; there are loft" in capsys.readouterr().err


def test_the_report_names_files_levels_and_failures(tmp_path: Path) -> None:
    out = io.StringIO()
    path = written(tmp_path, CASES["ok"] + "\n" + CASES["missed"].replace("{say", "{category: song, before: [hello], say"))
    evaluate([path], failures=True, out=out)
    said = out.getvalue()
    assert f"{path}: cases 2, ok 1, wrong 0, missed 1, unsaid 0, questions 0, p50_ms" in said
    assert "\nall: cases 2" in said
    assert "none 1" in said
    assert "  turn_on light -> nothing: 1" in said
    block = said[said.index(f"missed: {path}") :].splitlines()
    assert block[1:6] == [
        "  before:   hello", "  say:      Paris is a lovely city", "  category: song", "  changed:  nothing", "  expected: lamp.on: True",
    ]  # fmt: skip
    assert block[-1] == "  why:      lamp.on is still False, wanted True"


async def test_what_breaks_inside_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    house = load(written(tmp_path, CASES["ok"]))["house"]
    record = await run_case(house, {"say": None, "expect": {"lamp": {"on": True}}})
    assert record["result"] == "missed"
    assert "Error" in record["why"]


def test_a_question_about_what_needs_no_yes_is_over_asking_unless_it_was_required() -> None:
    record, case = {"asked": "approval"}, {"say": "x", "expect": {}}
    assert judge(case, {}, {}, record, ["?"], True) == ("unsaid", "it asked about a command that needs no approval")
    assert judge(case, {}, {}, record, ["?"], False)[0] == "ok"
    assert judge({**case, "approval": "required"}, {}, {}, record, ["?"], True)[0] == "ok"


def test_numbers_may_stand_in_a_reply(tmp_path: Path) -> None:
    case = "- {say: how warm is it in the loft, expect: {}, reply: [19], reply_not: [[20], 1]}"
    assert evaluate([written(tmp_path, case)]) == 2
    assert run(written(tmp_path, case.replace("[[20], 1]", "[20, 1]")))[1]["ok"] == 1


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


LIT = {"on": False, "brightness": 0, "color": "blue"}
FOLLOWS = [  # the state before, what is expected, what changes, the result
    (LIT, {"on": True}, {"on": True, "brightness": 80, "color": "red"}, "ok"),
    (LIT, {"brightness": 80}, {"on": True, "brightness": 80, "color": "red"}, "ok"),
    (LIT, {}, {"on": True}, "wrong"),
    (LIT, {"brightness": 80}, {"on": True, "brightness": 70}, "wrong"),
    (LIT, {"brightness": [60, 80]}, {"on": True, "brightness": 70}, "ok"),
    (LIT, {"brightness": [60, 80]}, {"on": True, "brightness": 59}, "wrong"),
    (LIT, {"on": True}, {}, "missed"),
    (LIT, {"on": True, "brightness": 0}, {"on": True, "brightness": 80}, "wrong"),
    ({"on": True, "color": "blue"}, {"color": "red"}, {"color": "green"}, "wrong"),
    ({"on": True, "color": "blue"}, {"color": "dark gray"}, {"color": "darkgrey"}, "ok"),
    ({"color": "blue", "color_temperature": 0}, {"color_temperature": 2700}, {"color": "", "color_temperature": 2700}, "ok"),
    ({"on": True, "color": "blue", "brightness": 50}, {"color": "red"}, {"color": "red", "brightness": 60}, "wrong"),
    ({"on": True, "playback": "playing", "title": "A", "source": "TV"}, {"on": False},
     {"on": False, "playback": "stopped", "title": "", "source": ""}, "ok"),
    ({"on": True, "playback": "playing", "volume": 9}, {"on": False}, {"on": False, "volume": 0}, "wrong"),
    ({"on": False, "playback": "stopped"}, {"playback": "playing"}, {"on": True, "playback": "playing"}, "ok"),
    ({"on": False, "speed": 0}, {"on": True}, {"on": True, "speed": 50}, "ok"),
    ({"on": False, "target": 20}, {"target": 30}, {"on": True, "target": 30}, "ok"),
    ({"on": False, "volume": 20}, {"volume": 30}, {"on": True, "volume": 30}, "wrong"),
    ({"activity": "cleaning"}, {"activity": "docked"}, {"activity": "returning"}, "ok"),
    ({"activity": "cleaning"}, {"activity": "returning"}, {"activity": "docked"}, "wrong"),
    ({"items": ["A"]}, {"items": ["a", "the Eggs"]}, {"items": ["eggs", "a"]}, "ok"),
    ({"items": []}, {"items": ["milk", "eggs"]}, {"items": ["milk"]}, "missed"),
    ({"items": []}, {"items": ["milk", "eggs"]}, {"items": ["milk", "rum"]}, "wrong"),
    ({"items": ["milk"], "done": []}, {"items": []}, {"items": [], "done": ["milk"]}, "wrong"),
]  # fmt: skip


@pytest.mark.parametrize(("start", "expect", "change", "result"), FOLLOWS)
def test_what_follows_is_not_counted(start: dict[str, Any], expect: dict[str, Any], change: dict[str, Any], result: str) -> None:
    assert compare({"it": expect}, {}, {"it": start}, {"it": start | change})[0] == result


def test_another_device_is_wrong_and_an_ignored_field_is_not() -> None:
    start = {"a": {"on": False}, "b": {"on": False}}
    end = {"a": {"on": True}, "b": {"on": True}}
    assert compare({"a": {"on": True}}, {}, start, end) == ("wrong", "b.on became True")
    assert compare({"a": {"on": True}}, {"b": ["on"]}, start, end) == ("ok", "")
