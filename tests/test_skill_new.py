"""`claw skill new`, `check` and `try`: what is written works at once for every kind, and what is wrong is said in plain words."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import process
import pytest
from zeroconf import ServiceInfo

from claw.authoring.check import check
from claw.authoring.new import Refused, source, write
from claw.authoring.shapes import SHAPES
from claw.authoring.trial import serving
from claw.capabilities import KINDS
from claw.demo.virtual import Network
from claw.hosting.loading import scan
from claw.testing import eventually, load_skill, running, say

SECONDS = 2.0  # from the save to the device


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "skills"
    made.mkdir(mode=0o700)
    return made


# -- new


def test_every_kind_can_be_written_is_short_and_right(folder: Path) -> None:
    assert set(SHAPES) == set(KINDS)
    for kind in KINDS:
        skill, _ = write(f"my_{kind}", kind, folder)
        assert len(skill.read_text().splitlines()) <= 45
        assert check(skill) == []
    files, wrong = scan([folder])
    assert (set(files), wrong) == ({f"my_{kind}" for kind in KINDS}, [])  # the tests beside them are no skills


@pytest.mark.slow
def test_the_test_of_every_kind_passes_as_it_was_written(folder: Path) -> None:
    for kind in KINDS:
        write(f"my_{kind}", kind, folder)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=folder)
    assert (ended.returncode, f"{len(KINDS)} passed" in ended.stdout) == (0, True), ended.stdout


@pytest.mark.slow
def test_a_test_fails_when_its_skill_does_nothing(folder: Path) -> None:
    skill, _ = write("lamp", "light", folder)
    assert process.claw("skill", "try", skill).returncode == 0
    skill.write_text(skill.read_text().replace("on=True", "on=1 / 0"))
    ended = process.claw("skill", "try", skill)
    assert (ended.returncode, "AssertionError" in ended.stderr) == (1, True)
    skill.write_text(skill.read_text().replace("yield device", "raise ValueError('no lamp')\n    yield"))
    assert "lamp.py gave no device: its skill failed (ValueError: no lamp)" in process.claw("skill", "try", skill).stderr


@pytest.mark.parametrize("name", ["lock", "light", "found", "skill", "device_error", "a", "desk__lamp_", "x" * 32])
def test_names_that_could_be_confused_with_words_of_the_code_work(folder: Path, name: str) -> None:
    skill, _ = write(name, "lock", folder)
    assert check(skill) == []


def test_a_name_that_says_my_and_its_kind_is_tried_in_plain_sentences(folder: Path) -> None:
    skill, test = write("my_lock", "lock", folder)
    assert '"unlock my lock"' in test.read_text()
    assert "Unlock my lock? Yes or no?" in process.claw("skill", "try", skill).stdout


@pytest.mark.parametrize(
    "name", ["", "Lamp", "desk lamp", "desk-lamp", "2lamps", "_lamp", "test_lamp", "class", "../lamp", "lämp", "x" * 33]
)
def test_a_name_that_cannot_be_is_refused_with_one_that_could(folder: Path, name: str) -> None:
    with pytest.raises(Refused, match="such as desk_lamp"):
        write(name, "light", folder)
    assert list(folder.iterdir()) == []


def test_a_shipped_skill_is_not_replaced(folder: Path) -> None:
    with pytest.raises(Refused, match=r"hue is a skill that comes with claw.*my_hue"):
        write("hue", "light", folder)


@pytest.mark.parametrize("name", ["calendar", "aiohttp", "claw"])
def test_a_library_is_not_hidden_from_the_tests_beside_the_skills(folder: Path, name: str) -> None:
    with pytest.raises(Refused, match=f"{name} is a library.*such as my_{name}"):
        write(name, "light", folder)


def test_an_unknown_kind_is_told_with_all_that_are_known(folder: Path) -> None:
    with pytest.raises(Refused, match=f"no kind 'toaster': --like takes {', '.join(KINDS)}"):
        write("toaster", "toaster", folder)


@pytest.mark.parametrize("there", ["lamp.py", "test_lamp.py"])
def test_nothing_is_overwritten_and_nothing_is_half_written(folder: Path, there: str) -> None:
    (folder / there).write_text("mine")
    with pytest.raises(Refused, match=f"{there} is there already, and nothing was written"):
        write("lamp", "light", folder)
    assert [(one.name, one.read_text()) for one in folder.iterdir()] == [(there, "mine")]


def test_the_command_writes_into_the_data_folder_and_says_the_next_steps(tmp_path: Path) -> None:
    ended = process.claw("skill", "new", "lamp", "--data", tmp_path / "data")
    skill = tmp_path / "data" / "skills" / "lamp.py"
    assert skill.read_text() == source("lamp", "light")
    assert (skill.parent.stat().st_mode & 0o777, skill.parent.parent.stat().st_mode & 0o777) == (0o700, 0o700)
    assert [f"skill {word} {skill}" in ended.stdout for word in ("check", "try")] == [True, True]
    assert "It is live within 2 s" in ended.stdout
    again = process.claw("skill", "new", "lamp", "--data", tmp_path / "data")
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    elsewhere = process.claw("skill", "new", "lamp", "--data", tmp_path / "data", "--to", tmp_path / "mine", "--json")
    row = json.loads(elsewhere.stdout)
    assert row["skill"] == str(tmp_path / "mine" / "lamp.py")
    assert f"Copy it into {skill.parent}" in row["steps"][2]


def test_files_are_not_open_to_others_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        paths = write("lamp", "light", folder)
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o022 for path in paths] == [0, 0]


def test_without_a_test_beside_it_there_is_nothing_to_try(tmp_path: Path) -> None:
    ended = process.claw("skill", "try", tmp_path / "lamp.py")
    assert (ended.returncode, "claw skill new" in ended.stderr) == (1, True)


# -- check

BREAK = [
    ("a colon is missing", "async def turn_on(self):", "async def turn_on(self)", "it is no valid Python (expected ':')", 11),
    ("a library is missing", "from claw.skill", "import libdoor\nfrom claw.skill", "pip install libdoor", 3),
    ("a name that nobody knows", "Power):", "Pover):", "name 'Pover' is not defined", 6),
    ("an ability that is not imported", "Power, mdns", "Pover, mdns", "cannot import name 'Pover'", 3),
    ("more of claw than skills may see", "from claw.skill", "import claw.house\nfrom claw.skill", "may import claw.skill and its", 3),
    ("no @skill", "@skill", "# @skill", "no async function marked with @skill", 0),
    ("a matcher that is no literal", '"_lamp._tcp.local."', "TYPE", "with literal texts", 26),
    ("a type that is none", "_lamp._tcp.local.", "lamp", "is no mDNS type", 0),
    ("looks for nothing", 'mdns("_lamp._tcp.local."), static()', "", "@skill looks for nothing", 0),
    ("no kind", 'kind = "light"', 'kin = "light"', 'Lamp has no kind: write in it kind = "light"', 6),
    ("a wrong kind", 'kind = "light"', 'kind = "lamp"', "it must be one of light, switch", 6),
    ("no refresh", "async def refresh", "async def fresh", "Lamp needs `async def refresh(self):`", 6),
    ("a refresh that is not async", "async def refresh(self):\n        await", "def refresh(self):\n        ", "refresh must be async", 17),
    ("a command is missing", "turn_off", "switch_off", "how to turn_off: write `async def turn_off(self):`", 6),
    ("a command that is not async", "async def turn_on(self):\n        await", "def turn_on(self):\n        ", "turn_on must be async", 11),
    ("a command with an argument more", "turn_on(self)", "turn_on(self, level)", "async def turn_on(self)", 11),
    ("an unknown field", "update(on=", "update(brightness=", "no field 'brightness', it has on; Brightness among", 23),
    ("no device", "(Device, Power)", "(Power)", "it defines no device", 0),
    ("connect takes no home", "connect(found, home)", "connect(found)", "connect must take (found, home)", 27),
    ("never yields", "yield device", "return", "connect() never yields a device", 0),
    ("pair without paired", "@skill", "async def pair(found, home, ask): pass\n\n@skill", "pair and paired go together", 0),
    ("pair is not async", "@skill", "def pair(found, home, ask): 0\ndef paired(found, home): 0\n@skill", "pair must be async", 26),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says", "line"), [row[1:] for row in BREAK], ids=[row[0] for row in BREAK])
def test_what_is_wrong_is_said_with_its_line(folder: Path, old: str, new: str, says: str, line: int) -> None:
    skill, _ = write("lamp", "light", folder)
    assert old in skill.read_text()
    skill.write_text(skill.read_text().replace(old, new))
    found = check(skill)
    assert found[0].level == "error"
    assert (says in found[0].text, found[0].line) == (True, line), found


ADVICE = [
    ("import time\n", "time.sleep(1)", "time.sleep() stops the whole claw while it waits: write await home.clock.sleep"),
    ("from time import sleep as nap\n", "nap(1)", "time.sleep() stops"),
    ("from urllib import request\n", 'request.urlopen("http://127.0.0.1")', "urllib.request.urlopen() stops"),
    ("import subprocess\n", 'subprocess.run(["true"])', "home.blocking"),
    ("", 'print("hello")', "home.log.info"),
    ("", "Lamp(id=f'lamp-{found.name}', name='')", "id from found.name"),
    ("", "Lamp(id='lamp-' + found.host, name='')", "its address may change"),
]


@pytest.mark.parametrize(("top", "line", "says"), ADVICE, ids=[row[1] for row in ADVICE])
def test_what_works_badly_is_advice_and_no_error(folder: Path, top: str, line: str, says: str) -> None:
    skill, _ = write("lamp", "light", folder)
    text = skill.read_text().replace("from claw.skill", f"{top}from claw.skill")
    skill.write_text(text.replace("    yield", f"    {line}\n    yield"))
    (found,) = check(skill)
    assert (found.level, says in found.text) == ("advice", True), found
    assert line in skill.read_text().splitlines()[found.line - 1]
    assert process.claw("skill", "check", skill).returncode == 0


def test_blocking_work_in_a_function_for_a_thread_is_fine(folder: Path) -> None:
    skill, _ = write("lamp", "light", folder)
    slow = (
        "    def slow():\n        time.sleep(1)\n    await home.blocking(slow)\n    await home.blocking(time.sleep, 1)\n    yield"
    )
    skill.write_text(skill.read_text().replace("from claw", "import time\nfrom claw").replace("    yield", slow))
    assert check(skill) == []


def test_a_file_that_others_may_write_is_an_error(folder: Path) -> None:
    skill, _ = write("lamp", "light", folder)
    folder.chmod(0o777)
    assert "chmod go-w" in check(skill)[0].text
    folder.chmod(0o755)
    skill.chmod(0o666)
    assert "chmod go-w" in check(skill)[0].text
    skill.chmod(0o644)
    assert check(skill) == []


def test_check_speaks_to_people_and_to_programs(folder: Path) -> None:
    skill, _ = write("lamp", "light", folder)
    assert process.claw("skill", "check", skill).stdout == f"{skill} is right\n"
    assert process.claw("skill", "check", skill, "--json").stdout == ""
    skill.write_text(skill.read_text().replace("turn_on(self)", "turn_on(self, level)"))
    ended = process.claw("skill", "check", skill)
    assert (ended.returncode, ended.stdout.startswith(f"{skill}:11: Lamp.turn_on must take")) == (1, True)
    row = json.loads(process.claw("skill", "check", skill, "--json").stdout)
    assert (row["level"], row["line"]) == ("error", 11)
    gone = process.claw("skill", "check", folder / "none.py")
    assert (gone.returncode, "cannot be read" in gone.stdout) == (1, True)


@pytest.mark.parametrize("name", ["_lamp.py", "test_it.py", "lamp.txt"])
def test_a_name_that_is_passed_over_is_told(folder: Path, name: str) -> None:
    (folder / name).write_text(source("lamp", "light"))
    (found,) = check(folder / name)
    assert (found.level, "is not taken for a skill" in found.text) == ("error", True)


def test_nothing_but_the_import_is_run(folder: Path) -> None:
    skill, _ = write("lamp", "light", folder)
    for word in ("__init__(self, **about)", "turn_on(self)", "refresh(self)"):
        text = source("lamp", "light")
        body = f"def {word}:\n        open('{folder}/ran', 'w')\n"
        skill.write_text(text + f"\n\nclass Other(Lamp):\n    {'' if 'init' in word else 'async '}{body}")
        check(skill)
    assert not (folder / "ran").exists()


# -- live


class House:
    """A daemon that runs, its skills folder, and the virtual device of a generated skill at a static address."""

    def __init__(self, daemon: Any, folder: Path, virtual: Any) -> None:
        self.daemon, self.folder, self.virtual = daemon, folder, virtual

    @property
    def lamp(self) -> Any:
        return self.daemon.house.devices.get("lamp-e8db84")

    def told(self) -> str:
        return "\n".join(row["text"] for row in self.daemon.store.all("SELECT text FROM outbox ORDER BY id"))


@pytest.fixture
async def house(tmp_path: Path, folder: Path) -> AsyncIterator[House]:
    _, test = write("lamp", "light", folder)
    virtual = load_skill(test).Virtual()
    live = tmp_path / "data" / "skills"
    live.mkdir(mode=0o700, parents=True)
    async with serving(virtual.app()) as port:
        network = '[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["127.66.1.0/24"]\n'
        async with running(tmp_path / "data", f'{network}[skills.lamp]\naddresses = ["127.0.0.1:{port}"]\n') as daemon:
            yield House(daemon, live, virtual)


async def test_saved_edited_and_deleted_without_a_restart(house: House) -> None:
    began = time.monotonic()
    skill, _ = write("lamp", "light", house.folder)
    await eventually(lambda: house.lamp, seconds=SECONDS)
    assert (await say(house.daemon, "turn on the lamp"))["reply"] == "The lamp is on."
    assert house.virtual.state["on"] is True
    assert time.monotonic() - began < SECONDS

    skill.write_text(skill.read_text().replace('name="lamp"', 'name="globe"'))
    await eventually(lambda: house.lamp and house.lamp.name == "globe", seconds=SECONDS)
    assert (await say(house.daemon, "turn off the globe"))["reply"] == "The globe is off."

    skill.unlink()
    await eventually(lambda: not house.lamp or not house.lamp.online, seconds=SECONDS)
    reply = (await say(house.daemon, "turn on the globe"))["reply"]
    assert "is on" not in reply
    assert house.virtual.state["on"] is False


async def test_a_mistake_is_told_in_the_chat_in_the_words_of_the_check(house: House) -> None:
    skill = house.folder / "lamp.py"
    skill.write_text(source("lamp", "light").replace("turn_off", "switch_off"))
    await eventually(lambda: "In the skill lamp: " in house.told(), seconds=SECONDS)
    (found,) = check(skill)
    assert f"In the skill lamp: {found.text} (line {found.line})." in house.told()
    await eventually(lambda: house.lamp, seconds=SECONDS)  # what does work, works

    skill.write_text(source("lamp", "light").replace("Power):", "Pover):"))
    await eventually(lambda: "I left out the skill lamp" in house.told(), seconds=SECONDS)
    (found,) = check(skill)
    assert f"I left out the skill lamp: {found.text} (line {found.line})." in house.told()


async def test_a_device_that_announces_itself_is_found(tmp_path: Path, folder: Path) -> None:
    _, test = write("desk_lamp", "light", folder)
    virtual, network = load_skill(test).Virtual(), Network()
    config = f'[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["{network.subnet}"]'
    async with serving(virtual.app(), host=network.address(50)) as port, running(tmp_path / "data", config) as daemon:
        info = ServiceInfo(
            "_desk-lamp._tcp.local.", "lamp._desk-lamp._tcp.local.", parsed_addresses=[network.address(50)], port=port, server="lamp.local."
        )  # fmt: skip
        await network.zeroconf.async_register_service(info)
        shutil.copy(folder / "desk_lamp.py", tmp_path / "data" / "skills")
        await eventually(lambda: daemon.house.devices)
        assert (await say(daemon, "turn on the desk lamp"))["reply"] == "The desk lamp is on."
    await network.close()
