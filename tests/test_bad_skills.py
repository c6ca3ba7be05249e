"""Skills by careless and by evil authors, dropped into a running daemon: what a person sees, and that the rest lives."""

import asyncio
import json
import os
import signal
import textwrap
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import process
import pytest

from claw.daemon import Daemon
from claw.device import Command
from claw.hosting.connections import Connection
from claw.skill import Power
from claw.testing import eventually, running, say

NAMES = ("good", "bad", "other", "hue")
CONFIG = '[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["127.66.0.0/24"]\n' + "".join(
    f'[skills.{name}]\naddresses = ["127.66.0.9"]\n' for name in NAMES
)

LAMP = '''
"""A lamp that exists in memory only."""
{top}
from claw.skill import Device, DeviceError, Power, command, skill, static

class Lamp(Device, Power):
    kind = "light"

    async def turn_on(self):
        {on}
        self.update(on=True)

    async def turn_off(self):
        self.update(on=False)

    async def refresh(self):
        {refresh}

@skill(static())
async def connect(found, home):
    """A lamp."""
    {first}
    lamp = Lamp(id="{id}", name="{name} lamp", area="Hall", found=found)
    lamp.update(on=False)
    yield lamp
    {last}
'''


def lamp(
    name: str, *, id: str = "", top: str = "", on: str = "pass", refresh: str = "pass", first: str = "pass", last: str = "pass"
) -> str:  # fmt: skip
    """The source of a skill with one lamp, and something bad at one place."""
    places = {place: textwrap.indent(code, " " * depth).strip() for place, code, depth in
              (("on", on, 8), ("refresh", refresh, 8), ("first", first, 4), ("last", last, 4))}  # fmt: skip
    return LAMP.format(name=name, id=id or f"{name}-1", top=top, **places)


@dataclass
class Dropped:
    """A daemon with a good lamp, and its folder of skills."""

    daemon: Daemon
    folder: Path

    def drop(self, name: str, source: str) -> None:
        """Save a skill file as an editor does: in one go."""
        fresh = self.folder / f".{name}.new"
        fresh.write_text(source, "utf-8")
        fresh.replace(self.folder / f"{name}.py")

    def told(self) -> str:
        """All that the owner was told."""
        return "\n".join(row["text"] for row in self.daemon.store.all("SELECT text FROM outbox ORDER BY id"))

    def connection(self, name: str) -> Connection | None:
        """The connection of this skill."""
        return next((one for key, one in self.daemon.connections.open.items() if key[0] == name), None)

    def problem(self, name: str) -> str:
        """What `claw discover` shows of it."""
        connection = self.connection(name)
        return connection.problem if connection else ""

    def has(self, id: str, name: str = "") -> bool:
        """Whether the device is there (with this name) and answers."""
        device = self.daemon.house.devices.get(id)
        return device is not None and device.online and name in ("", device.name)

    async def good_lamp_obeys(self) -> None:
        """The rest lives: the good lamp goes on and off."""
        for word, on in (("on", True), ("off", False)):
            record = await say(self.daemon, f"turn {word} the good lamp")
            assert record["calls"][0]["outcome"] == "done"
            assert self.daemon.house.devices["good-1"].state["on"] is on
        assert [part.name for part in self.daemon.parts if part.state not in ("running", "stopped")] == []


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Dropped]:
    folder = tmp_path / "data" / "skills"
    folder.mkdir(parents=True, mode=0o700)
    async with running(tmp_path / "data", CONFIG) as daemon:
        house = Dropped(daemon, folder)
        house.drop("good", lamp("good"))
        await eventually(lambda: house.has("good-1"), seconds=2)
        yield house


LEFT_OUT = [
    ("an import that fails", lamp("bad", top="1 / 0"), "its skill failed (ZeroDivisionError: division by zero)"),
    ("a missing library", lamp("bad", top="import libdoor.api"), "the library libdoor, which is missing: pip install libdoor"),
    ("an import of what is not in the API", lamp("bad", top="from claw.skill import Garage"), "cannot import name 'Garage'"),
    ("sys.exit in the import", lamp("bad", top="import sys; sys.exit(3)"), "its skill failed (SystemExit: 3)"),
    ("no Python", "def connect(:\n", "it is no valid Python (invalid syntax"),
    ("NUL bytes", "\0" * 100, "it is no valid Python"),
    ("brackets without end", "(" * 5000, "it is no valid Python"),
    ("an empty file", "", "it has no async function marked with @skill"),
    ("a function without yield", lamp("bad").replace("    yield lamp", "    return lamp"), "connect() never yields a device"),
    ("matchers that are no literals", lamp("bad").replace("static()", "mdns(TYPE)"), "with literal texts (line 19"),
    ("a type that is none", lamp("bad").replace("static()", 'mdns("garage")'), "it looks for something that is no such type"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "words"), [row[1:] for row in LEFT_OUT], ids=[row[0] for row in LEFT_OUT])
async def test_what_cannot_be_used_is_left_out_and_the_owner_is_told_why(house: Dropped, source: str, words: str) -> None:
    house.drop("bad", source)
    await eventually(lambda: "I left out the skill bad: " in house.told(), seconds=2)
    assert words in house.told()
    assert house.told().count("I left out") == 1
    assert words in next(one["problem"] for one in house.daemon.status()["skills"] if one["name"] == "bad")
    await house.good_lamp_obeys()
    house.drop("bad", lamp("bad"))
    await eventually(lambda: house.has("bad-1"), seconds=2)


TROUBLED = [
    ("raises in connect", lamp("bad", first="raise KeyError('door')"), "its skill failed (KeyError: 'door')"),
    ("sys.exit in connect", lamp("bad", first="import sys; sys.exit()"), "its skill failed (SystemExit: )"),
    ("sys.exit after a device", lamp("bad", last="import sys; sys.exit()"), "its skill failed (SystemExit: )"),
    ("its library cancels itself", lamp("bad", first="import asyncio; raise asyncio.CancelledError"), "it cancelled itself"),
    ("a library that is imported late", lamp("bad", first="import libdoor"), "it needs the library libdoor"),
    ("connect takes no home", lamp("bad").replace("(found, home)", "(found)"), "its skill failed (TypeError"),
    ("cannot reach", lamp("bad", first="raise ConnectionRefusedError(111, 'No')"), "it cannot be reached (No)"),
    ("yields a text", lamp("bad").replace("yield lamp", "yield 'lamp'"), "no device with an id, a name and an area"),
    ("yields a number for an id", lamp("bad").replace('id="bad-1"', "id=7"), "no device with an id, a name and an area"),
    ("yields an empty id", lamp("bad").replace('id="bad-1"', 'id=""'), "gave bad lamp no id"),
    ("yields half a character for an id", lamp("bad").replace('id="bad-1"', 'id="l\\ud800"'), "an id that is no plain text"),
    ("yields a device of no kind", lamp("bad").replace('kind = "light"', "kind = None"), "gave bad lamp no kind"),
    ("has a group call that is none", lamp("bad", top="together = 5"), "its skill failed (TypeError"),
    ("speaks in control characters", lamp("bad", first="raise DeviceError('a\\u202e\\x1b\\nb')"), "a b"),
    ("yields nothing", lamp("bad", first="return"), "its skill gave no device"),
    ("reports nonsense", lamp("bad").replace("update(on=False)\n    yield", "update(on=3)\n    yield"), "bad lamp reported on '3'"),
    ("reports an unknown field", lamp("bad", first="Lamp('x', 'x').update(glow=1)"), "Lamp has no field 'glow'"),
    ("fails in its clean-up too", lamp("bad", first="try:\n    1 / 0\nfinally:\n    raise OSError('x')"), "it cannot be reached"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "words"), [row[1:] for row in TROUBLED], ids=[row[0] for row in TROUBLED])
async def test_what_fails_in_connect_is_shown_and_tried_again(house: Dropped, source: str, words: str) -> None:
    house.drop("bad", source)
    await eventually(lambda: words in house.problem("bad"), seconds=2)
    connection = house.connection("bad")
    assert connection is not None
    await eventually(lambda: connection.state == "retrying", seconds=2)
    connection.again.set()
    await eventually(lambda: connection.state != "retrying" or not connection.again.is_set(), seconds=2)
    await eventually(lambda: words in connection.problem, seconds=2)
    assert connection.task is not None
    assert not connection.task.done()
    assert house.daemon.store.all("SELECT * FROM markers WHERE phase != ''") == []
    await house.good_lamp_obeys()


async def test_a_half_saved_file_works_soon_after_it_is_complete(house: Dropped) -> None:
    whole, path = lamp("bad"), house.folder / "bad.py"
    path.write_text(whole[: len(whole) // 2], "utf-8")
    await eventually(lambda: "I left out the skill bad: it is no valid Python" in house.told(), seconds=2)
    path.write_text(whole, "utf-8")
    await eventually(lambda: house.has("bad-1"), seconds=2)
    assert (await say(house.daemon, "turn on the bad lamp"))["reply"] == "The bad lamp is on."


async def test_a_library_that_is_installed_later_is_used_without_a_restart(house: Dropped, tmp_path: Path) -> None:
    house.drop("bad", lamp("bad", top=f"import sys; sys.path.append({str(tmp_path)!r}); import libwindow"))
    await eventually(lambda: "pip install libwindow" in house.told(), seconds=2)
    (tmp_path / "libwindow.py").touch()
    await eventually(lambda: house.has("bad-1"), seconds=4)
    assert [one["problem"] for one in house.daemon.status()["skills"] if one["name"] == "bad"] == [""]


async def test_one_that_hangs_in_connect_keeps_nobody_waiting(house: Dropped) -> None:
    house.drop("bad", lamp("bad", first="import asyncio\nawait asyncio.Event().wait()"))
    await eventually(lambda: house.connection("bad"), seconds=2)
    house.drop("other", lamp("other"))
    await eventually(lambda: house.has("other-1"), seconds=2)
    connection = house.connection("bad")
    assert connection is not None
    assert connection.state == "connecting"
    await house.good_lamp_obeys()


async def test_one_that_will_not_end_is_replaced_all_the_same(house: Dropped) -> None:
    last = "import asyncio\ntry:\n    await asyncio.sleep(60)\nexcept BaseException:\n    await asyncio.sleep(60)"
    house.drop("bad", lamp("bad", last=last))
    await eventually(lambda: house.has("bad-1"), seconds=2)
    house.drop("bad", lamp("bad", id="bad-2"))
    await eventually(lambda: house.has("bad-2"), seconds=4)
    assert not house.has("bad-1")


async def test_a_device_that_is_given_twice_is_one_device(house: Dropped) -> None:
    again = 'yield lamp\nyield Lamp("bad-1", "bad twin", area="Hall", found=found)\nyield Lamp("bad-2", "last", area="Hall")'
    house.drop("bad", lamp("bad", last=again))
    await eventually(lambda: house.has("bad-2"), seconds=2)
    connection = house.connection("bad")
    assert connection is not None
    assert [device.name for device in connection.devices] == ["bad lamp", "last"]
    assert (await say(house.daemon, "turn on the bad lamp"))["reply"] == "The bad lamp is on."


async def test_nobody_takes_the_identity_of_another_skills_device(house: Dropped) -> None:
    house.drop("bad", lamp("bad", id="good-1", on="raise RuntimeError('stolen')"))
    await eventually(lambda: house.problem("bad") == "good-1 is the identity of a device of the skill good", seconds=2)
    connection = house.connection("bad")
    assert connection is not None
    assert connection.state == "held"
    assert house.daemon.house.name(house.daemon.house.devices["good-1"]) == "good lamp"
    await house.good_lamp_obeys()


async def test_a_command_that_raises_is_told_as_not_done(house: Dropped) -> None:
    house.drop("bad", lamp("bad", on="raise RuntimeError('no fuse')"))
    await eventually(lambda: house.has("bad-1"), seconds=2)
    record = await say(house.daemon, "turn on the bad lamp")
    assert record["calls"][0]["outcome"] == "failed"
    assert "no fuse" in record["reply"]
    assert house.has("bad-1")
    await house.good_lamp_obeys()


async def test_sys_exit_in_a_command_is_an_error_like_any_other(house: Dropped) -> None:
    house.drop("bad", lamp("bad", on="raise SystemExit(4)"))
    await eventually(lambda: house.has("bad-1"), seconds=2)
    assert (await say(house.daemon, "turn on the bad lamp"))["calls"][0]["outcome"] == "failed"
    await house.good_lamp_obeys()


async def test_a_device_that_raises_in_refresh_is_unreachable_with_the_reason(house: Dropped) -> None:
    house.drop("bad", lamp("bad", refresh="raise RuntimeError('broken')"))
    await eventually(lambda: house.has("bad-1"), seconds=2)
    connection = house.connection("bad")
    assert connection is not None
    assert not await house.daemon.connections._answers(connection)
    reply = (await say(house.daemon, "turn on the bad lamp"))["reply"]
    assert reply == "I could not turn on the bad lamp: its skill failed (RuntimeError: broken)."
    await house.good_lamp_obeys()


def test_a_command_has_ten_seconds() -> None:
    command: Command = Power.commands["turn_on"]
    assert command.seconds == 10


async def test_a_command_that_hangs_is_given_up_and_others_obey_meanwhile(house: Dropped) -> None:
    hangs = lamp("bad", on="import asyncio\nawait asyncio.sleep(30)").replace(
        "    async def turn_on", "    @command(seconds=1.0)\n    async def turn_on"
    )
    house.drop("bad", hangs)
    await eventually(lambda: house.has("bad-1"), seconds=2)
    slow = asyncio.create_task(say(house.daemon, "turn on the bad lamp", chat="hall"))
    await eventually(lambda: house.daemon.store.all("SELECT 1 FROM ledger WHERE targets LIKE '%bad-1%'"))
    await house.good_lamp_obeys()
    assert not slow.done()
    record = await slow
    assert record["calls"][0]["outcome"] == "failed"
    assert "did not answer in time" in record["reply"]


async def test_a_changed_file_is_used_at_once_even_if_it_has_the_same_length(house: Dropped) -> None:
    last = "import asyncio\ntry:\n    await asyncio.Event().wait()\nfinally:\n    await asyncio.sleep(0.2)"
    for number in range(4):
        house.drop("bad", lamp("bad", id="bad-1", last=last).replace("bad lamp", f"bad lamp {number}"))
        await eventually(partial(house.has, "bad-1", f"bad lamp {number}"), seconds=2)
    connection = house.connection("bad")
    assert connection is not None
    assert connection.state == "connected"


async def test_a_deleted_file_closes_its_devices_and_keeps_what_the_owner_said_of_them(house: Dropped, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    last = f"import asyncio, pathlib\ntry:\n    await asyncio.Event().wait()\nfinally:\n    pathlib.Path({str(closed)!r}).touch()"
    house.drop("bad", lamp("bad", last=last))
    await eventually(lambda: house.has("bad-1"), seconds=2)
    house.daemon.house.describe("bad-1", name="old lamp")
    (house.folder / "bad.py").unlink()
    await eventually(lambda: closed.exists() and not house.has("bad-1"), seconds=2)
    assert "its connection was lost" in (await say(house.daemon, "turn on the old lamp"))["reply"]
    house.drop("bad", lamp("bad"))
    await eventually(lambda: house.has("bad-1"), seconds=2)
    assert (await say(house.daemon, "turn on the old lamp"))["reply"] == "The old lamp is on."


async def test_a_folder_that_others_can_write_runs_nothing_and_says_why(house: Dropped) -> None:
    house.folder.chmod(0o777)
    await eventually(lambda: not house.has("good-1"), seconds=2)
    assert house.daemon.status()["folders"] == [f"{house.folder} can be written by others: chmod go-w {house.folder}"]
    house.drop("bad", lamp("bad", top="1 / 0"))
    house.folder.chmod(0o700)
    await eventually(lambda: house.has("good-1"), seconds=2)
    assert house.daemon.status()["folders"] == []
    await house.good_lamp_obeys()


async def test_links_and_files_that_cannot_be_read_hurt_nobody(house: Dropped, tmp_path: Path) -> None:
    (house.folder / "nowhere.py").symlink_to(tmp_path / "none.py")
    (house.folder / "folder.py").mkdir()
    (house.folder / "loop.py").symlink_to(house.folder / "loop.py")
    everybodys = tmp_path / "everybodys"
    everybodys.mkdir()
    everybodys.chmod(0o777)
    (everybodys / "bad.py").write_text(lamp("bad", top="1 / 0"), "utf-8")
    (house.folder / "bad.py").symlink_to(everybodys / "bad.py")
    mine = tmp_path / "mine.py"
    mine.write_text(lamp("other"), "utf-8")
    (house.folder / "other.py").symlink_to(mine)
    await eventually(lambda: house.has("other-1"), seconds=2)
    told = house.told()
    assert "I left out the skill nowhere: it cannot be read (No such file or directory)" in told
    assert "I left out the skill folder: it cannot be read (Is a directory)" in told
    assert "I left out the skill loop: it cannot be read" in told
    assert f"I left out the skill bad: {everybodys} can be written by others" in told
    await house.good_lamp_obeys()


@pytest.mark.skipif(os.getuid() == 0, reason="root reads every file")
async def test_a_file_without_the_right_to_read_it_is_named(house: Dropped) -> None:
    house.drop("bad", lamp("bad"))
    (house.folder / "bad.py").chmod(0)
    await eventually(lambda: "I left out the skill bad: it cannot be read (Permission denied)" in house.told(), seconds=2)
    (house.folder / "bad.py").chmod(0o600)
    await eventually(lambda: house.has("bad-1"), seconds=2)


async def test_a_skill_of_the_data_folder_wins_over_the_shipped_one(house: Dropped) -> None:
    assert house.daemon.connections.files["hue"].path.parent != house.folder
    house.drop("hue", lamp("hue"))
    await eventually(lambda: house.has("hue-1"), seconds=2)
    assert house.daemon.connections.files["hue"].path.parent == house.folder
    (house.folder / "hue.py").unlink()
    await eventually(lambda: not house.has("hue-1"), seconds=2)
    assert house.daemon.connections.files["hue"].path.parent != house.folder


# -- those that end or block the whole process: a real `claw run`, started anew as systemd would


def starts(folder: Path, **skills: str) -> None:
    """Put these skills into the data folder before anything runs."""
    (folder / "data" / "skills").mkdir(parents=True, mode=0o700)
    for name, source in skills.items():
        (folder / "data" / "skills" / f"{name}.py").write_text(source, "utf-8")


@pytest.mark.parametrize("place", ["top", "first"])
def test_one_that_ends_the_process_twice_is_left_out_at_the_third_start(tmp_path: Path, place: str) -> None:
    starts(tmp_path, good=lamp("good"), bad=lamp("bad", **{place: "import os; os._exit(7)"}))
    for _ in range(2):
        assert process.Running(tmp_path, CONFIG).process.wait(timeout=15) == 7
    with process.running(tmp_path, CONFIG) as claw:
        process.until(lambda: claw.devices().get("good-1", {}).get("online"))
        problems = {one["name"]: one["problem"] for one in claw.status()["skills"] if one["problem"]}
        assert problems == {"bad": "it was at work when the claw ended, twice; change the file to try it again"}
        said = process.claw("say", "turn on the good lamp", "--data", claw.data)
        assert (said.stdout, said.returncode) == ("The good lamp is on.\n", 0)
        assert "I left out the skill bad: it was at work when the claw ended, twice" in said.stderr
        (claw.data / "skills" / "bad.py").write_text(lamp("bad"), "utf-8")
        process.until(lambda: "bad-1" in claw.devices(), seconds=2)


def test_one_that_blocks_the_process_is_left_out_and_those_who_connected_beside_it_are_not(tmp_path: Path) -> None:
    """The test is the watchdog: it kills the process as soon as the bad skill has it."""
    slow = "import asyncio; await asyncio.sleep(0.3)"
    bad = "import asyncio, time\nawait asyncio.sleep(0.1)\n(home.folder / 'blocked').touch()\ntime.sleep(60)"
    starts(tmp_path, good=lamp("good", first=slow), other=lamp("other", first=slow), bad=lamp("bad", first=bad))
    for _ in range(2):
        claw = process.Running(tmp_path, CONFIG)
        blocked = tmp_path / "data" / "scratch" / "bad" / "blocked"
        process.until(blocked.exists)
        blocked.unlink()
        claw.end(signal.SIGKILL)
    with process.running(tmp_path, CONFIG) as claw:
        process.until(lambda: {"good-1", "other-1"} <= set(claw.devices()))
        assert [one["name"] for one in claw.status()["skills"] if one["problem"]] == ["bad"]


def test_what_a_skill_prints_does_not_get_into_the_answers(tmp_path: Path) -> None:
    noise = "import os, sys\nprint('noise')\nsys.__stdout__.write('noise\\n')\nos.write(1, b'noise\\n')"
    starts(tmp_path, good=lamp("good", top=noise.replace("\n", "; "), first=noise, on=noise, refresh=noise))
    with process.running(tmp_path, CONFIG) as claw:
        process.until(lambda: "good-1" in claw.devices())
        said = process.claw("say", "turn on the good lamp", "--json", "--data", claw.data)
        assert [json.loads(line)["reply"] for line in said.stdout.splitlines()] == ["The good lamp is on."]
        assert claw.end() == 0
    assert (tmp_path / "out").read_bytes() == b""
    assert (tmp_path / "log").read_text("utf-8").count("noise") >= 9


def test_neither_a_thread_that_hangs_nor_a_clean_up_that_hangs_keeps_the_claw_from_ending(tmp_path: Path) -> None:
    hangs = "import asyncio, time\nasyncio.ensure_future(home.blocking(time.sleep, 60))"
    stubborn = (
        "import asyncio\nwhile True:\n    try:\n        await asyncio.sleep(60)\n    except asyncio.CancelledError:\n        pass"
    )
    starts(tmp_path, good=lamp("good", first=hangs), bad=lamp("bad", last=stubborn))
    with process.running(tmp_path, CONFIG) as claw:
        process.until(lambda: {"good-1", "bad-1"} <= set(claw.devices()))
        began = time.monotonic()
        assert claw.end() == 0
        assert time.monotonic() - began < 3


async def test_a_scratch_folder_that_cannot_be_made_is_a_trouble_of_its_skill_alone(house: Dropped) -> None:
    (house.folder.parent / "scratch" / "bad").touch()
    house.drop("bad", lamp("bad"))
    await eventually(lambda: "it cannot be reached (File exists)" in house.problem("bad"), seconds=2)
    (house.folder.parent / "scratch" / "bad").unlink()
    await eventually(lambda: house.has("bad-1"), seconds=4)


async def test_a_connection_that_died_is_begun_again(house: Dropped) -> None:
    """What a skill's own offline() raises gets out of the connection's clean-up."""
    house.daemon.connections.back_off = (0.05,)
    fail = "    def offline(self, trouble):\n        raise RuntimeError('no')\n\n    async def turn_on"
    house.drop("bad", lamp("bad", last="raise DeviceError('gone')").replace("    async def turn_on", fail))
    await eventually(lambda: house.problem("bad") == "its skill failed (RuntimeError)", seconds=2)
    connection = house.connection("bad")
    assert connection is not None
    dead = connection.task
    await eventually(lambda: connection.task is not dead, seconds=2)
    await house.good_lamp_obeys()
