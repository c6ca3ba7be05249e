"""The `claw` command: what it says when it cannot, its exit statuses, and --json in every subcommand."""

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import process
import pytest

from claw.cli import parser

EXAMPLES = Path(__file__).parent.parent / "examples"
LAMP = '''"""A lamp in memory."""
from claw.skill import Device, Power, skill, static

class Lamp(Device, Power):
    kind = "light"
    async def turn_on(self): self.update(on=True)
    async def turn_off(self): self.update(on=False)

@skill(static())
async def connect(found, home):
    """A lamp."""
    lamp = Lamp(id="lamp-1", name="lamp", area="Hall", found=found)
    lamp.update(on=False)
    yield lamp
'''
CONFIG = process.CONFIG + '[skills.lamp]\naddresses = ["127.66.0.9"]\n'


def commands(top: argparse.ArgumentParser, path: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that can be given, with its parser."""
    below = [action for action in top._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield path.strip(), top
    for action in below:
        for name, one in action.choices.items():
            yield from commands(one, f"{path} {name}")


COMMANDS = dict(commands(parser()))
ASKS_THE_DAEMON = {
    "routines": [], "say": ["hello"], "chat": [], "devices": [], "discover": [], "status": [], "log": [], "pair": [], "people": [], "web": [], "memory": [], "train": [],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_json_and_a_line_of_help(name: str) -> None:
    assert "--json" in COMMANDS[name].format_usage()
    assert COMMANDS[name].description


@pytest.mark.parametrize("name", sorted(ASKS_THE_DAEMON))
def test_without_a_daemon_it_says_how_to_start_one(name: str, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        ended = process.claw(name, *ASKS_THE_DAEMON[name], "--data", folder)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert (
            ended.stderr == f"claw: no claw is running on {folder} (start it with `claw run`, or name its folder with --data)\n"
        )


@pytest.fixture(scope="module")
def claw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.Running]:
    folder = tmp_path_factory.mktemp("claw")
    (folder / "data" / "skills").mkdir(mode=0o700, parents=True)
    (folder / "data" / "skills" / "lamp.py").write_text(LAMP, "utf-8")
    with process.running(folder, CONFIG) as one:
        process.until(lambda: "lamp-1" in one.devices())
        one.say("turn on the lamp")
        one.say("remind me every monday at 19:00 to put the bins out")
        yield one


ROWS = {
    ("say", "turn on the lamp"): {"say", "reply", "level", "read_ms", "ms", "asked", "calls", "changed"},
    ("say", "turn on the lamp", "--dry-run"): {"level", "calls", "trace"},
    ("say", "turn on the lamp", "--explain"): {"level", "calls", "trace"},
    ("devices",): {"id", "name", "area", "kind", "online", "state"},
    ("discover",): {"skill", "host", "state", "problem", "devices"},
    ("status",): {"ready", "parts", "devices", "skills", "network", "clock"},
    ("log",): {"event", "command", "targets", "args", "at"},
    ("pair",): {"asked"},
    ("train",): {"kept", "why", "before", "after"},
    ("routines",): {"id", "name", "kind", "when", "do", "status", "next", "last", "file"},
    ("skill", "list"): {"name", "doc", "looks_for", "problem", "path"},
    ("config", "check"): {"ok"},
}


@pytest.mark.parametrize("words", sorted(ROWS), ids=" ".join)
def test_with_json_stdout_carries_only_json_lines(claw: process.Running, words: tuple[str, ...]) -> None:
    ended = process.claw(*words, "--json", "--data", claw.data)
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert rows
    for row in rows:
        assert set(row) >= ROWS[words]
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("words", sorted(ROWS), ids=" ".join)
def test_without_json_it_speaks_to_people(claw: process.Running, words: tuple[str, ...]) -> None:
    ended = process.claw(*words, "--data", claw.data)
    assert ended.returncode == 0
    assert ended.stdout.strip()
    assert not ended.stdout.startswith("{")


def test_a_chat_answers_line_by_line_in_words_and_in_json(claw: process.Running) -> None:
    ended = process.claw("chat", "--data", claw.data, input="turn off the lamp\n\nturn on the lamp\nquit\nturn off the lamp\n")
    assert (ended.returncode, ended.stdout) == (0, "The lamp is off.\nThe lamp is on.\n")
    ended = process.claw("chat", "--json", "--data", claw.data, input="turn off the lamp\n")
    assert [json.loads(line)["reply"] for line in ended.stdout.splitlines()] == ["The lamp is off."]


def test_looking_only_does_nothing(claw: process.Running) -> None:
    claw.say("turn off the lamp")
    process.claw("say", "turn on the lamp", "--dry-run", "--data", claw.data)
    assert claw.devices()["lamp-1"]["state"] == {"on": False}


def test_bytes_that_are_no_text_are_refused_and_the_claw_lives(claw: process.Running) -> None:
    ended = process.claw("say", "\udcff\udcfe", "--data", claw.data)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "makes no sense" in ended.stderr
    assert claw.status()["ready"]


def test_config_check_names_every_mistake_and_ends_with_78(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[huose]\n[run]\nlog = "loud"\n', "utf-8")
    for given in ([file], ["--config", file]):
        ended = process.claw("config", "check", *given)
        assert ended.returncode == 78
        assert [line.split(": ")[0] for line in ended.stdout.splitlines()] == [f"{file}:1", f"{file}:3"]
    ended = process.claw("config", "check", file, "--json")
    assert ["mistake" in json.loads(line) for line in ended.stdout.splitlines()] == [True, True]
    file.write_text('[safety]\nconfirm = ["lokc"]\n', "utf-8")
    ended = process.claw("config", "check", file)
    assert (ended.returncode, ended.stdout) == (78, 'safety: there is no command "lokc"; did you mean "lock"?\n')
    file.write_text("", "utf-8")
    assert process.claw("config", "check", file).returncode == 0
    assert process.claw("config", "check", EXAMPLES.parent / "config.example.toml").returncode == 0


def test_a_bad_config_ends_every_command_with_78(tmp_path: Path) -> None:
    for name, args in ASKS_THE_DAEMON.items():
        if name in ("say", "status"):
            ended = process.claw(name, *args, "--config", tmp_path / "none.toml")
            assert (ended.returncode, ended.stdout) == (78, "")
            assert f"{tmp_path / 'none.toml'}: cannot be read" in ended.stderr


def test_skill_list_shows_what_is_wrong_and_ends_with_1(tmp_path: Path) -> None:
    skills = tmp_path / "skills"
    skills.mkdir(mode=0o700)
    shutil.copy(EXAMPLES / "garage_door.py", skills)
    (skills / "broken.py").write_text("def", "utf-8")
    ended = process.claw("skill", "list", "--json", "--data", tmp_path)
    rows = {row["name"]: row for row in map(json.loads, ended.stdout.splitlines())}
    assert rows["garage_door"]["looks_for"] == ["mdns _garage._tcp.local."]
    assert rows["broken"]["problem"].startswith("it is no valid Python")
    assert ended.returncode == 1
    skills.chmod(0o777)
    ended = process.claw("skill", "list", "--data", tmp_path)
    assert (ended.returncode, "chmod go-w" in ended.stderr, "broken" in ended.stdout) == (1, True, False)


def test_wrong_use_ends_with_2() -> None:
    for words in ([], ["fly"], ["say"], ["log", "--limit", "many"]):
        assert process.claw(*words).returncode == 2


def test_routines_are_listed_paused_resumed_and_deleted_by_their_number(claw: process.Running) -> None:
    claw.say("every day at 7:00 turn off the lamp")
    claw.say("yes")
    listed = process.claw("routines", "--data", claw.data).stdout
    number = next(line.split()[0] for line in listed.splitlines() if "every day at 07:00: turn off the lamp" in line)
    for verb, said in (("pause", "Paused: "), ("resume", "Resumed: "), ("delete", "Deleted: ")):
        ended = process.claw("routines", verb, number, "--data", claw.data)
        assert ended.returncode == 0
        assert ended.stdout.startswith(f"{said}every day at 07:00 turn off the lamp")
    ended = process.claw("routines", "delete", number, "--data", claw.data)
    assert (ended.returncode, ended.stderr) == (1, f"claw: there is no routine {number}\n")
    assert process.claw("routines", "pause", "--data", claw.data).stderr == "claw: which one? claw routines pause ID\n"
