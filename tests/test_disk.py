"""A disk that is full: the owner hears it once and once that it is over, telemetry rests meanwhile, and what it missed is noted."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from simulated_house import SmallHouse
from test_bad_machine import on_a_small_disk

from claw.clock import ManualClock
from claw.disk import BACK, TRY_SECONDS, Disk
from claw.history.recorder import WHILE_FULL
from claw.messages.outbox import NotSent, Outbox
from claw.store import Store, history
from claw.supervise import cancel
from claw.testing import eventually

FULL = """
def rows(daemon):
    return [row["value"] for row in daemon.history.all("SELECT value FROM changes WHERE field = 'on' ORDER BY id")]

async def main(data, config):
    async with running(data, config) as daemon:
        await eventually(lambda: "lamp-1" in daemon.house.devices)
        heard = []
        daemon.terminal.attach("terminal", lambda line: heard.append(line["text"]) if "disk" in line["text"] else None)
        lamp = daemon.house.devices["lamp-1"]
        daemon.recorder.flush()
        filler = filled(data)
        for number in range(400):  # until what SQLite had set aside is used up
            lamp.update(on=not lamp.state["on"])
            daemon.recorder.flush()
            if daemon.disk.problem:
                break
        await eventually(lambda: heard)
        out = {"problem": daemon.disk.problem, "status": daemon.status()["disk"], "rows": len(rows(daemon))}
        for number in range(3):
            daemon.disk._wake.set()
            await asyncio.sleep(0.05)
        lamp.update(on=True)
        lamp.update(on=False)
        daemon.recorder.flush()
        out["more"] = len(rows(daemon)) - out["rows"]
        out["heard_full"] = list(heard)
        filler.unlink()
        daemon.disk._wake.set()
        await eventually(lambda: len(heard) > len(out["heard_full"]))
        lamp.update(on=True)
        daemon.recorder.flush()
        out["heard"], out["after"], out["end"] = heard, rows(daemon)[-1], daemon.disk.problem
        out["parts"] = [part.name for part in daemon.parts if part.state != "running"]
        print(json.dumps(out))
"""


def test_on_a_real_full_disk_the_owner_is_told_once_and_once_when_it_is_over(tmp_path: Path) -> None:
    out = on_a_small_disk(tmp_path, FULL)
    assert len(out["heard_full"]) == 1
    assert out["heard_full"][0] == out["problem"] == out["status"]
    assert "Please free some space" in out["problem"]
    assert out["more"] == 0
    assert out["heard"][1:] == [BACK]
    assert (out["after"], out["end"], out["parts"]) == ("true", "", [])


class Chat:
    """A bridge of which somebody may be listening."""

    name, idempotent, approves, limit = "terminal", True, True, 100_000

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.listens = True

    async def send(self, chat: str, text: str, key: str, choices: Sequence[str]) -> str:
        if not self.listens:
            raise NotSent(3600)
        self.heard.append(text)
        return key


class Full:
    """Both databases, which cannot grow beyond their pages once `fill` was called, and a Disk that watches them."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.chat, self.rested = ManualClock(), Chat(), list[bool]()
        self.stores = [Store(folder / "house.db"), history(folder / "history.db")]
        self.outbox = Outbox(self.stores[0], self.clock)
        self.outbox.bridges["terminal"] = self.chat
        self.disk = Disk(folder, self.stores, self.clock, self.outbox, [("terminal", "terminal")], self.tell, self.rested.append)

    def tell(self, text: str) -> None:
        self.outbox.put(text, key=f"tell:{self.clock.time()}", bridge="terminal", chat="terminal")

    def fill(self, store: Store) -> None:
        """From now on no page fits in any more; and something finds that out."""
        store.one("PRAGMA max_page_count = 1")
        with contextlib.suppress(sqlite3.OperationalError), store.transaction():
            store.write("CREATE TABLE more AS SELECT zeroblob(100000)")

    def free(self) -> None:
        for store in self.stores:
            store.one("PRAGMA max_page_count = 1000000")

    async def passes(self, seconds: float) -> None:
        for _ in range(int(seconds / TRY_SECONDS)):
            self.clock.advance(TRY_SECONDS)
            await asyncio.sleep(0.01)

    @property
    def told(self) -> list[str]:
        """What reached the owner: at once, or queued."""
        return self.chat.heard + [row["text"] for row in self.stores[0].all("SELECT text FROM outbox ORDER BY id")]


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[Full]:
    one = Full(tmp_path)
    work = asyncio.create_task(one.disk.run())
    await asyncio.sleep(0)
    yield one
    await cancel(work)
    for store in one.stores:
        store.close()


async def test_a_full_file_of_history_is_told_in_the_usual_way_and_stops_telemetry(full: Full) -> None:
    full.fill(full.stores[1])
    await eventually(lambda: full.told)
    await full.passes(60)
    assert full.rested == [True]
    assert [text[:40] for text in full.told] == ["I cannot write to my disk (database or d"]
    full.free()
    await full.passes(60)
    assert full.told[1:] == [BACK]
    assert full.rested == [True, False]
    assert full.disk.problem == ""


async def test_when_nothing_at_all_can_be_written_whoever_listens_hears_it_at_once(full: Full) -> None:
    full.stores[0].conn.execute("PRAGMA query_only = 1")
    full.fill(full.stores[0])
    await eventually(lambda: full.chat.heard)
    await full.passes(60)
    assert len(full.chat.heard) == 1


async def test_who_did_not_listen_hears_afterwards_for_how_long_it_was_full(full: Full) -> None:
    full.chat.listens = False
    full.stores[0].conn.execute("PRAGMA query_only = 1")
    full.fill(full.stores[0])
    await full.passes(600)
    assert full.told == []
    full.stores[0].conn.execute("PRAGMA query_only = 0")
    full.free()
    await full.passes(30)
    assert [text.split(" I ")[0] for text in full.told] == ["For 10 minutes"]


async def test_an_error_that_is_no_full_disk_stops_nothing(full: Full) -> None:
    with pytest.raises(sqlite3.OperationalError), full.stores[0].transaction():
        full.stores[0].write("INSERT INTO nowhere VALUES (1)")
    await full.passes(60)
    assert (full.told, full.rested) == ([], [])


async def test_what_changed_while_the_disk_was_full_is_noted_afterwards_with_its_cause(tmp_path: Path) -> None:
    home = SmallHouse(tmp_path)
    home.recorder.flush()
    home.recorder.rest(True)
    home["lamp"].update(on=True)
    home.recorder.flush()
    before = home.history.one("SELECT count(*) FROM changes")
    home.clock.advance(3600)
    home.recorder.rest(False)
    home.recorder.flush()
    rows = home.history.all("SELECT device, value, turn FROM changes WHERE id > ?", before[0] if before else 0)
    assert [tuple(row) for row in rows] == [("lamp", "true", WHILE_FULL)]
    assert "while my disk was full" in await home.say("why is the lamp on?")
    home.close()
