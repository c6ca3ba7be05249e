"""Machines that fail: disks, folders, clocks, networks, signals. What a person sees, what is kept, and that the rest lives."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import process
import pytest

from claw.call import ToolCall
from claw.clock import ManualClock
from claw.messages.outbox import Outbox
from claw.skill import Device, Power
from claw.store import Store
from claw.testing import eventually, running, say

LOOPBACK = process.CONFIG
LAMP = '''
from claw.skill import Device, Power, skill, static

class Lamp(Device, Power):
    kind = "light"
    async def turn_on(self): self.update(on=True)
    async def turn_off(self): self.update(on=False)

@skill(static())
async def connect(found, home):
    """A lamp."""
    home.secrets.set("key", home.secrets.get("key") or "s3cret")
    lamp = Lamp(id="lamp-1", name="lamp", area="Hall", found=found)
    lamp.update(on=False)
    yield lamp
'''
WITH_LAMP = LOOPBACK + '[skills.lamp]\naddresses = ["127.66.0.9"]\n'


def put_lamp(data: Path) -> None:
    """The lamp's skill into a data folder."""
    (data / "skills").mkdir(mode=0o700, parents=True, exist_ok=True)
    (data / "skills" / "lamp.py").write_text(LAMP, "utf-8")


# -- what keeps it from starting: one clear sentence, and nothing changed


def refused(folder: Path, data: Path, status: int = 1, config: str = LOOPBACK) -> str:
    """What `claw run` says when it does not start."""
    (folder / "config.toml").write_text(config, "utf-8")
    ended = process.claw("run", "--config", folder / "config.toml", "--data", data)
    assert (ended.returncode, ended.stdout) == (status, "")
    assert "Traceback" not in ended.stderr
    return ended.stderr


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("[network]\ninterfacs = []", 'config.toml:2: network.interfacs: unknown key; did you mean "interfaces"?'),
        ('[safety]\nforbid = ["open_dor"]', 'there is no command "open_dor"; did you mean "open_door"?'),
        ("[house", "config.toml:1: "),
    ],
)
def test_a_bad_config_ends_with_78_so_that_systemd_does_not_restart_it(tmp_path: Path, config: str, words: str) -> None:
    assert words in refused(tmp_path, tmp_path / "data", 78, config)


def test_a_second_claw_on_the_folder_is_refused_and_the_first_lives(tmp_path: Path) -> None:
    with process.running(tmp_path) as claw:
        said = refused(tmp_path, claw.data)
        assert said.startswith(f"claw: another claw runs on {claw.data}: stop it, or use another folder with --data")
        assert claw.status()["ready"]


@pytest.mark.parametrize("harm", ["newer", "damaged"])
def test_a_database_that_cannot_be_used_is_told_and_not_touched(tmp_path: Path, harm: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    Store(data / "house.db").close()
    if harm == "newer":
        with contextlib.closing(sqlite3.connect(data / "house.db")) as conn, conn:
            conn.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('house', 'from_2031', '')")
    else:
        (data / "house.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 9000)
    before = (data / "house.db").read_bytes()
    words = {"newer": "install that version again", "damaged": "move it away or restore a backup"}[harm]
    assert words in refused(tmp_path, data)
    assert (data / "house.db").read_bytes() == before


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = refused(tmp_path, tmp_path / "file" / "data")
    assert (
        said
        == f"claw: the data folder {tmp_path / 'file' / 'data'} cannot be used (Not a directory): choose another with --data\n"
    )
    long = tmp_path / ("x" * 120)
    assert "longer than the 107 bytes that a socket may have" in refused(tmp_path, long)


def test_secrets_that_others_can_read_keep_it_from_starting(tmp_path: Path) -> None:
    secrets = tmp_path / "data" / "secrets"
    secrets.mkdir(parents=True)
    secrets.chmod(0o750)
    assert f"{secrets} can be read by others: chmod 700 {secrets}" in refused(tmp_path, tmp_path / "data")


def test_an_old_data_folder_is_closed_to_others_and_so_is_all_that_is_made_in_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)
    with process.running(tmp_path) as claw:
        assert (data.stat().st_mode & 0o777, (data / "house.db").stat().st_mode & 0o777) == (0o700, 0o600)
        assert f"chmod 700 {claw.data}" in (tmp_path / "log").read_text("utf-8")


def test_a_folder_of_something_else_is_neither_taken_nor_changed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)
    (data / "photo.jpg").touch()
    assert f"{data} is open to others and is no data folder" in refused(tmp_path, data)
    assert (data.stat().st_mode & 0o777, [one.name for one in data.iterdir()]) == (0o755, ["photo.jpg"])


CORE_FAILS = """
import asyncio, sys
from pathlib import Path
from claw.cli import _failed
from claw.clock import Clock
from claw.config import parse
from claw.daemon import serve

class Hasty(Clock):
    async def sleep(self, seconds):
        await asyncio.sleep(min(seconds, 0.01))

try:
    asyncio.run(serve(parse(sys.argv[2]), Path(sys.argv[1]), clock=Hasty()))
except RuntimeError as error:
    sys.exit(_failed(str(error)))
"""


def test_a_core_part_that_fails_for_good_ends_the_process_so_that_systemd_begins_it_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "claw.sock").mkdir(parents=True)  # the api cannot have its socket
    (data / "skills").mkdir(mode=0o700)
    command = [sys.executable, "-c", CORE_FAILS, str(data), LOOPBACK]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert "claw: the part api failed again and again: " in ended.stderr


# -- disks of their own, in a mount namespace that ends with the process


def in_namespace(folder: Path, options: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command with a small disk mounted on `folder`; skips where that is not allowed."""
    folder.mkdir()
    mount = 'mount -t tmpfs -o "$2" claw-test "$1" || exit 99; shift 2; exec "$@"'
    line = ["unshare", "--mount", "sh", "-c", mount, "sh", str(folder), options, *command]
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare here, so no disk can be mounted for the test")
    ended = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    if ended.returncode == 99 or "unshare failed" in ended.stderr:
        pytest.skip(f"no disk can be mounted here for the test: {ended.stderr.strip()}")
    return ended


def test_a_read_only_data_folder_is_named(tmp_path: Path) -> None:
    ended = in_namespace(tmp_path / "disk", "ro,size=2m", *process.CLAW, "run", "--data", str(tmp_path / "disk"))
    assert ended.returncode == 1
    assert (
        ended.stderr
        == f"claw: the data folder {tmp_path / 'disk'} cannot be used (Read-only file system): choose another with --data\n"
    )


ON_A_DISK = """
import asyncio, json, sys
from pathlib import Path
from claw.testing import eventually, running

def filled(data):
    filler = data / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler

data = Path(sys.argv[1])
(data / "skills").mkdir(mode=0o700)
(data / "skills" / "lamp.py").write_text(sys.argv[3])
exec(sys.argv[4])
asyncio.run(main(data, sys.argv[2]))
"""


def on_a_small_disk(folder: Path, script: str) -> Any:
    """What a script prints as JSON whose `main(data, config)` runs on a disk of 2 MB, with the lamp; `filled(data)` fills it."""
    command = sys.executable, "-c", ON_A_DISK, str(folder / "disk"), WITH_LAMP, LAMP, script
    ended = in_namespace(folder / "disk", "size=2m,mode=0700", *command)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


FULL = """
from claw.console.client import Client

async def asked(data, text):
    return await asyncio.to_thread(lambda: Client(data, seconds=20).one("say", "record", text=text)["reply"])

async def main(data, config):
    async with running(data, config) as daemon:
        await eventually(lambda: "lamp-1" in daemon.house.devices)
        out = {"before": await asked(data, "turn on the lamp")}
        filler = filled(data)
        replies = []
        for number in range(400):
            try:
                replies.append(await asked(data, "turn off the lamp " + "please " * 100))
            except RuntimeError as error:
                out["full"] = str(error)
                break
        out["taken"] = len(daemon.store.all("SELECT 1 FROM inbox")) - 1 - len(replies)
        out["alive"] = (await asyncio.to_thread(Client(data).one, "status", "status"))["ready"]
        filler.unlink()
        out["after"] = await asked(data, "turn on the lamp")
        out["parts"] = [part.name for part in daemon.parts if part.state == "degraded"]
        print(json.dumps(out))
"""


def test_on_a_full_disk_messages_are_refused_in_words_and_it_recovers_by_itself(tmp_path: Path) -> None:
    out = on_a_small_disk(tmp_path, FULL)
    assert out["before"] == out["after"] == "The lamp is on."
    assert out["full"] == "nothing was taken: database or disk is full; is the disk full or read-only?"
    assert (out["taken"], out["alive"], out["parts"]) == (0, True, [])


async def test_a_device_that_came_while_the_disk_was_full_is_remembered_afterwards(tmp_path: Path) -> None:
    async with running(tmp_path / "data", WITH_LAMP) as daemon:
        daemon.store.conn.execute("PRAGMA query_only = 1")  # every write fails as on a read-only disk
        put_lamp(tmp_path / "data")
        await eventually(lambda: daemon.connections.open)
        connection = next(iter(daemon.connections.open.values()))
        await eventually(lambda: connection.problem)
        assert daemon.store.all("SELECT * FROM devices") == []
        daemon.store.conn.execute("PRAGMA query_only = 0")
        connection.again.set()
        await eventually(lambda: daemon.store.all("SELECT * FROM devices WHERE id = 'lamp-1'"), seconds=3)
        assert (await say(daemon, "turn on the lamp"))["reply"] == "The lamp is on."


async def test_what_was_queued_while_the_disk_was_full_goes_out_afterwards(tmp_path: Path) -> None:
    """The outbox looks again by itself after a few seconds; here another message wakes it."""
    async with running(tmp_path / "data", LOOPBACK) as daemon:
        daemon.agent.tell("The garage door did not get there.")
        daemon.store.conn.execute("PRAGMA query_only = 1")
        heard: list[dict[str, object]] = []
        daemon.terminal.attach("terminal", heard.append)
        await eventually(lambda: not daemon.agent.outbox._chats)
        daemon.store.conn.execute("PRAGMA query_only = 0")
        daemon.agent.outbox.wake()
        await eventually(lambda: heard)
        assert [row["text"] for row in heard] == ["The garage door did not get there."]
        assert next(part.state for part in daemon.parts if part.name == "outbox") == "running"


def test_an_outbox_hurries_nobody_when_it_cannot_write() -> None:
    store = Store(None)
    outbox = Outbox(store, ManualClock())
    store.conn.execute("PRAGMA query_only = 1")
    outbox.wake()


# -- network and clock


async def test_an_interface_that_is_not_there_is_told_and_the_rest_works(tmp_path: Path) -> None:
    put_lamp(tmp_path / "data")
    async with running(tmp_path / "data", WITH_LAMP.replace('"127.0.0.1"', '"eth9"')) as daemon:
        await eventually(lambda: "lamp-1" in daemon.house.devices)
        assert daemon.status()["network"].startswith("network interface eth9 is not there")
        assert (await say(daemon, "turn on the lamp"))["reply"] == "The lamp is on."


async def test_a_change_of_our_addresses_keeps_the_devices_and_the_one_voice(tmp_path: Path) -> None:
    put_lamp(tmp_path / "data")
    async with running(tmp_path / "data", WITH_LAMP) as daemon:
        await eventually(lambda: "lamp-1" in daemon.house.devices)
        voice = daemon.discovery.zeroconf
        daemon.discovery.interfaces = ["eth9"]
        await daemon.discovery.network_changed()
        assert "eth9 is not there" in daemon.status()["network"]
        daemon.discovery.interfaces = ["127.0.0.1"]
        await daemon.discovery.network_changed()
        assert daemon.status()["network"] == ""
        assert daemon.discovery.zeroconf is voice
        assert (await say(daemon, "turn on the lamp"))["reply"] == "The lamp is on."


async def test_at_1970_messages_work_and_nothing_that_has_a_time_fires(tmp_path: Path) -> None:
    class Lamp(Device, Power):
        kind = "light"

        async def turn_on(self) -> None:
            self.update(on=True)

        async def turn_off(self) -> None:
            self.update(on=False)

    clock = ManualClock(at=1000.0)
    async with running(tmp_path / "data", LOOPBACK, clock=clock) as daemon:
        lamp = Lamp("lamp-1", "lamp", area="Hall")
        lamp.update(on=False)
        daemon.house.adopt(lamp, skill="test")
        off = json.dumps(ToolCall("turn_off", ("lamp-1",)).plain())
        daemon.agent.inbox.put(off, key="lease", bridge="terminal", chat="terminal", kind="call", due=900.0)
        assert (await say(daemon, "turn on the lamp"))["reply"] == "The lamp is on."
        assert (await say(daemon, "is the lamp on?"))["reply"]
        assert lamp.state["on"] is True
        assert "not plausible" in daemon.status()["clock"]
        clock.advance(1_790_000_000.0)
        await eventually(lambda: lamp.state["on"] is False)
        assert daemon.status()["clock"] == ""


async def test_the_owners_words_for_a_device_may_stand_in_the_config_before_it_is_found(tmp_path: Path) -> None:
    put_lamp(tmp_path / "data")
    words = WITH_LAMP + '[[devices]]\nid = "lamp-1"\nname = "beacon"\narea = "Attic"\n'
    async with running(tmp_path / "data", words) as daemon:
        await eventually(lambda: "lamp-1" in daemon.house.devices)
        assert (await say(daemon, "turn on the beacon"))["reply"] == "Beacon is on."
        assert daemon.house.area(daemon.house.devices["lamp-1"]) == "Attic"


# -- ends and restarts


def test_after_kill_9_names_rooms_and_secrets_are_there(tmp_path: Path) -> None:
    put_lamp(tmp_path / "data")
    with process.running(tmp_path, WITH_LAMP) as claw:
        process.until(lambda: "lamp-1" in claw.devices())
        claw.say("turn on the lamp")
        secret = claw.data / "secrets" / "lamp" / "key"
        assert secret.stat().st_mode & 0o077 == 0
        claw.end(signal.SIGKILL)
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "house.db")) as conn, conn:
        conn.execute("UPDATE devices SET owner_name = 'beacon', owner_area = 'Attic'")
    with process.running(tmp_path, WITH_LAMP) as claw:
        device = process.until(lambda: claw.devices().get("lamp-1"))
        assert (device["name"], device["area"]) == ("beacon", "Attic")
        assert secret.read_text("utf-8") == "s3cret"
        assert "confirmed" in [line["event"]["event"] for line in claw.client.request("log")]
        assert claw.say("turn on the beacon") == "Beacon is on."


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_soon(tmp_path: Path, number: int) -> None:
    put_lamp(tmp_path / "data")
    with process.running(tmp_path, WITH_LAMP) as claw:
        process.until(lambda: "lamp-1" in claw.devices())
        began = time.monotonic()
        assert claw.end(number) == 0
        assert time.monotonic() - began < 3
        assert not (claw.data / "claw.sock").exists()
        assert "Traceback" not in (tmp_path / "log").read_text("utf-8")


# -- the socket


@contextlib.contextmanager
def everybodys_folder() -> Iterator[Path]:
    """A folder that other users can enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory(prefix="claw-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


AS_NOBODY = "import os, socket, sys; os.setgid(65534); os.setuid(65534); "


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
async def test_another_user_is_refused_even_where_the_rights_of_the_files_let_him_in() -> None:
    raw = (
        f"{AS_NOBODY}s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
        """s.sendall(b'{"op": "devices"}\\n'); print(s.makefile().read(), end="")"""
    )
    with everybodys_folder() as folder:
        async with running(folder / "data", LOOPBACK) as daemon:
            await eventually((folder / "data" / "claw.sock").is_socket)
            for words, mode in (("Permission denied", 0o600), ("this socket belongs to another user", 0o666)):
                (folder / "data").chmod(0o755)
                (folder / "data" / "claw.sock").chmod(mode)
                ended = await output_of(sys.executable, "-c", raw, str(folder / "data" / "claw.sock"))
                assert words in ended
            assert (await say(daemon, "help"))["reply"]


async def output_of(*command: str) -> str:
    """Run a command beside the daemon of this process; what it wrote."""
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    return (await child.communicate())[0].decode()


async def test_nonsense_on_the_socket_is_answered_and_the_next_request_works(tmp_path: Path) -> None:
    async with running(tmp_path / "data", LOOPBACK):
        path = tmp_path / "data" / "claw.sock"
        await eventually(path.is_socket)
        reader, writer = await asyncio.open_unix_connection(str(path))
        for line, words in (
            (b"[1, 2]", "a JSON object"), (b'{"op": "fly"}', "no operation 'fly'"), (b'{"op": "say"}', "makes no sense"),
            (b'{"op": "answer", "id": "x", "text": ""}', "makes no sense"), (b'{"op": "log", "limit": "many"}', "makes no sense"),
            (b'{"op": "say", "text": "\\ud800"}', "makes no sense"), (b"{", "a JSON object"),
            (b'{"op": "log", "limit": 1' + b"0" * 30 + b"}", "makes no sense"), (b"[" * 200_000, "a JSON object"),
        ):  # fmt: skip
            writer.write(line + b"\n")
            while "error" not in (answer := json.loads(await asyncio.wait_for(reader.readline(), 5))):
                pass
            assert words in answer["error"]
        writer.write(b'{"op": "status"}\n')
        while "status" not in (answer := json.loads(await asyncio.wait_for(reader.readline(), 5))):
            pass
        writer.close()


async def test_what_is_said_after_a_chat_was_closed_waits_for_the_next_one(tmp_path: Path) -> None:
    async with running(tmp_path / "data", LOOPBACK) as daemon:
        path = tmp_path / "data" / "claw.sock"
        await eventually(path.is_socket)
        _, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b'{"op": "chat"}\n')
        await eventually(lambda: daemon.terminal._attached.get("terminal"))
        writer.close()
        await eventually(lambda: not daemon.terminal._attached["terminal"])
        daemon.agent.tell("The garage door did not get there.")
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b'{"op": "chat"}\n')
        line = json.loads(await asyncio.wait_for(reader.readline(), 5))
        assert line["message"]["text"] == "The garage door did not get there."
        writer.close()


async def test_a_say_that_was_broken_off_leaves_what_is_queued_to_the_next_chat(tmp_path: Path) -> None:
    async with running(tmp_path / "data", LOOPBACK) as daemon:
        path = tmp_path / "data" / "claw.sock"
        await eventually(path.is_socket)
        daemon.agent.tell("I could not lock the front door.")
        go_on = asyncio.Event()
        slow = daemon.agent._chats["terminal"] = asyncio.create_task(go_on.wait())  # type: ignore[assignment,arg-type]
        _, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b'{"op": "say", "text": "help"}\n')
        await eventually(lambda: daemon.agent.inbox.open())
        writer.close()
        go_on.set()
        await slow
        daemon.agent._chats.pop("terminal", None)
        daemon.agent._wake.set()
        await eventually(lambda: not daemon.agent.inbox.open())
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b'{"op": "chat"}\n')
        line = json.loads(await asyncio.wait_for(reader.readline(), 5))
        assert line["message"]["text"] == "I could not lock the front door."
        writer.close()


async def test_a_say_brings_what_is_queued_and_then_its_own_record(tmp_path: Path) -> None:
    async with running(tmp_path / "data", LOOPBACK) as daemon:
        path = tmp_path / "data" / "claw.sock"
        await eventually(path.is_socket)
        daemon.agent.tell("I could not lock the front door.")
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b'{"op": "say", "text": "help"}\n')
        lines = [json.loads(await asyncio.wait_for(reader.readline(), 5)) for _ in range(3)]
        assert [*lines[0], *lines[1], *lines[2]] == ["message", "record", "id", "picture", "end"]
        assert lines[0]["message"]["text"] == "I could not lock the front door."
        writer.close()


def test_a_socket_that_a_dead_claw_left_is_no_running_claw(tmp_path: Path) -> None:
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as sock:
        sock.bind(str(tmp_path / "claw.sock"))
    said = process.claw("status", "--data", tmp_path)
    assert (said.returncode, said.stdout) == (1, "")
    assert f"no claw is running on {tmp_path} (start it with `claw run`" in said.stderr
