"""house.db: what cannot be used is refused in plain words and stays as it is; what is committed survives."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from claw.clock import ManualClock
from claw.events import Events
from claw.messages.inbox import Arrived, Inbox
from claw.store import Store, StoreError


def made(path: Path) -> bytes:
    """A database with some content, closed; its bytes."""
    store = Store(path)
    for number in range(50):
        store.insert("areas", name=f"room {number}", floor="x" * 200, parent="", aliases=[])
    store.close()
    return path.read_bytes()


def test_what_a_newer_claw_wrote_is_refused_and_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "house.db"
    made(path)
    with contextlib.closing(sqlite3.connect(path)) as conn, conn:
        conn.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('house', 'from_2031', '2031-01-01')"
        )
    conn.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"written by a newer claw \(from_2031\): install that version again"):
        Store(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("where", ["head", "middle", "all", "cut"])
def test_a_damaged_file_is_refused_with_advice_and_not_touched(tmp_path: Path, where: str) -> None:
    path = tmp_path / "house.db"
    whole = made(path)
    harms: dict[str, bytes] = {
        "head": b"not a database at all" + whole[21:],
        "middle": whole[:4096] + b"\xff" * (len(whole) - 8192) + whole[-4096:],
        "all": b"\x00garbage" * 1000,
        "cut": whole[: len(whole) // 2],
    }
    path.write_bytes(harms[where])
    with pytest.raises(StoreError, match=r"is damaged .* restore a backup; nothing was changed in it"):
        Store(path)
    assert path.read_bytes() == harms[where]


def test_an_empty_file_becomes_a_new_database(tmp_path: Path) -> None:
    path = tmp_path / "house.db"
    path.touch()
    store = Store(path)
    assert store.all("SELECT * FROM inbox") == []
    store.close()


def test_a_folder_that_is_missing_or_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "none" / "house.db", tmp_path / "file" / "house.db", tmp_path):
        with pytest.raises(StoreError, match="check the owner and the rights of the data folder"):
            Store(path)


def test_a_full_disk_refuses_the_whole_transaction_and_heals(tmp_path: Path) -> None:
    store = Store(tmp_path / "house.db")
    pages = store.conn.execute("PRAGMA page_count").fetchone()[0]
    store.conn.execute(f"PRAGMA max_page_count = {pages}")

    def put() -> None:
        with store.transaction():
            store.write("INSERT INTO cursors VALUES ('telegram', '7')")
            store.insert("areas", name="x" * 20_000, floor="", parent="", aliases=[])

    with pytest.raises(sqlite3.OperationalError, match="full"):
        put()
    assert store.all("SELECT * FROM cursors") == []
    store.conn.execute("PRAGMA max_page_count = 100000")
    put()
    assert len(store.all("SELECT * FROM cursors")) == 1
    store.close()


def test_a_full_disk_at_the_start_says_to_free_some_space(tmp_path: Path) -> None:
    def small(*args: object, **kwargs: object) -> sqlite3.Connection:
        conn = sqlite3.connect(*args, **kwargs)  # type: ignore[call-overload]
        conn.execute("PRAGMA max_page_count = 4")
        return conn  # type: ignore[no-any-return]

    with pytest.raises(StoreError, match="free some space on that disk"):
        Store(tmp_path / "house.db", connect=small)


def test_a_transaction_inside_another_is_part_of_it() -> None:
    store = Store(None)

    def put() -> None:
        with store.transaction():
            with store.transaction():
                store.write("INSERT INTO cursors VALUES ('a', '1')")
            raise KeyError

    with pytest.raises(KeyError):
        put()
    assert store.all("SELECT * FROM cursors") == []


@pytest.mark.parametrize("fails", [False, True])
def test_a_message_is_made_known_when_the_outer_transaction_is_committed_and_never_when_it_is_not(fails: bool) -> None:
    store, events, open_at = Store(None), Events(), list[bool]()
    inbox = Inbox(store, events, ManualClock())
    events.subscribe(Arrived, lambda _: open_at.append(store.conn.in_transaction))
    with contextlib.suppress(KeyError), store.transaction():
        inbox.put("hello", key="a", bridge="tg", chat="tg:1")
        if fails:
            raise KeyError
        assert open_at == []
    assert open_at == ([] if fails else [False])
    inbox.put("hello", key="b", bridge="tg", chat="tg:1")
    assert open_at == ([False] if fails else [False, False])


def test_a_commit_that_fails_is_rolled_back_and_the_next_one_works(tmp_path: Path) -> None:
    """A deferred constraint fails at COMMIT, as a full disk may."""
    store = Store(tmp_path / "house.db")
    store.conn.execute("PRAGMA foreign_keys = 1")
    store.conn.execute("CREATE TABLE a (id INTEGER PRIMARY KEY)")
    store.conn.execute("CREATE TABLE b (a INTEGER REFERENCES a(id) DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(sqlite3.IntegrityError), store.transaction():
        store.insert("b", a=7)
    assert not store.conn.in_transaction
    with store.transaction():
        store.insert("a", id=1)
    assert (store.all("SELECT * FROM b"), len(store.all("SELECT * FROM a"))) == ([], 1)
    store.close()
