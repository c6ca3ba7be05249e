"""Skill files and markers without a daemon: what is read from a file, who may run, and who is blamed for a dead process."""

import sys
from pathlib import Path

import pytest

from claw.device import DeviceError
from claw.hosting.loading import DEATHS, Markers, SkillFile, read_file, scan, shipped, untrusted
from claw.skill import Matcher
from claw.store import Store

GOOD = '''"""A door.

More words."""
from claw.skill import mdns, skill, ssdp, static

@skill(mdns("_door._tcp.local.", id="serial"), ssdp("urn:x"), static())
async def connect(found, home):
    yield None
'''


def put(path: Path, text: str) -> SkillFile:
    """Write a skill file into a folder that is ours alone, and read it."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(text, "utf-8")
    return read_file(path)


def test_what_a_file_looks_for_is_read_without_running_it(tmp_path: Path) -> None:
    file = put(tmp_path / "skills" / "door.py", GOOD + "\nraise SystemExit\n")
    assert (file.problem, file.doc, file.module) == ("", "A door.", None)
    assert file.matchers == (Matcher("mdns", "_door._tcp.local.", "serial"), Matcher("ssdp", "urn:x"), Matcher("static"))


def test_exactly_what_was_read_is_run_and_nothing_is_written_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "skills" / "door.py"
    file = put(path, GOOD + "colour = 'red'\n")
    path.write_text(GOOD + "colour = 'bad'\n", "utf-8")
    assert file.load().colour == "red"
    assert read_file(path).load().colour == "bad"
    assert [one.name for one in path.parent.iterdir()] == ["door.py"]


@pytest.mark.parametrize("name", ["_shared", ".hidden", "test_door"])
def test_files_that_are_no_skills_are_passed_over(tmp_path: Path, name: str) -> None:
    put(tmp_path / "skills" / f"{name}.py", "1 / 0")
    assert scan([tmp_path / "skills", tmp_path / "none"]) == ({}, [])


def test_every_shipped_skill_can_be_read() -> None:
    files, wrong = scan([shipped()])
    assert {name: file.problem for name, file in files.items() if file.problem} == {}
    assert wrong == []
    assert {"hue", "sonos", "homekit"} <= set(files)


def test_a_missing_library_is_named_and_one_of_ours_is_not_offered_for_installation(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="it needs the library libdoor, which is missing: pip install libdoor"):
        put(tmp_path / "skills" / "door.py", GOOD + "import libdoor.api\n").load()
    with pytest.raises(DeviceError, match=r"cannot be imported \(No module named 'claw.doors'\)"):
        put(tmp_path / "skills" / "door.py", GOOD + "import claw.doors\n").load()


@pytest.mark.parametrize(("mode", "words"), [(0o777, "chmod go-w"), (0o770, "chmod go-w"), (0o755, ""), (0o700, "")])
def test_a_folder_must_be_writable_by_nobody_else(tmp_path: Path, mode: int, words: str) -> None:
    tmp_path.chmod(mode)
    assert words in untrusted(tmp_path)
    assert bool(untrusted(tmp_path)) == bool(words)


def test_a_file_that_others_can_write_runs_only_where_nobody_else_gets_to_it(tmp_path: Path) -> None:
    path = tmp_path / "skills" / "door.py"
    put(path, GOOD)
    path.chmod(0o666)
    assert read_file(path).problem == ""
    path.parent.chmod(0o755)
    loose = read_file(path)
    assert "chmod go-w" in loose.problem
    path.chmod(0o644)
    assert (read_file(path).problem, read_file(path).hash != loose.hash) == ("", True)


def process(store: Store, *files: SkillFile, dies: bool) -> Markers:
    """A start of the claw with these files at work at the same moment."""
    markers = Markers(store)
    for file in files:
        markers.begin(file, "connect")
    if not dies:
        for file in files:
            markers.end(file, well=True)
    return markers


def test_two_dead_processes_count_and_a_good_start_forgives(tmp_path: Path) -> None:
    store, file = Store(None), SkillFile("door", tmp_path, "1")
    process(store, file, dies=True)
    assert process(store, file, dies=False).deaths(file) == 0
    process(store, file, dies=True)
    process(store, file, dies=True)
    assert Markers(store).deaths(file) == DEATHS


def test_a_changed_file_starts_with_a_clean_record(tmp_path: Path) -> None:
    store, file = Store(None), SkillFile("door", tmp_path, "1")
    process(store, file, dies=True)
    process(store, file, dies=True)
    assert Markers(store).deaths(SkillFile("door", tmp_path, "2")) == 0


def test_of_two_connections_of_one_skill_the_last_wipes_the_marker(tmp_path: Path) -> None:
    store, file = Store(None), SkillFile("door", tmp_path, "1")
    markers = Markers(store)
    markers.begin(file, "connect")
    markers.begin(file, "connect")
    markers.end(file, well=True)
    assert store.all("SELECT phase FROM markers")[0]["phase"] == "connect"
    markers.end(file, well=True)
    assert store.all("SELECT phase FROM markers")[0]["phase"] == ""


def test_a_module_can_be_found_by_its_name_for_its_own_annotations(tmp_path: Path) -> None:
    module = put(tmp_path / "skills" / "door.py", "from __future__ import annotations\n" + GOOD).load()
    assert sys.modules[module.__name__] is module
