"""house.db (synchronous FULL: what must not be lost) and history.db (NORMAL: what may): migrations, explicit transactions."""

import contextlib
import hashlib
import json
import sqlite3
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.modules.setdefault("numpy", None)  # type: ignore[arg-type]  # sqlite_utils would load it for a type that we never store
from sqlite_utils import Database  # noqa: E402
from sqlite_utils.migrations import Migrations  # noqa: E402

if sys.modules["numpy"] is None:
    del sys.modules["numpy"]

house_tables, history_tables = Migrations("house"), Migrations("history")


class StoreError(RuntimeError):
    """The database cannot be used; the text says what to do."""


@house_tables()
def first_tables(db: Database) -> None:
    """Messages in and out, deeds, questions, devices and rooms."""
    _execute(db, FIRST)


@house_tables()
def first_doors(db: Database) -> None:
    """Routines with their runs, and the phones that may use the page."""
    _execute(db, DOORS)


@house_tables()
def names_asked(db: Database) -> None:
    """For which devices the owner was asked for a name."""
    _execute(db, "ALTER TABLE devices ADD COLUMN name_asked INTEGER NOT NULL DEFAULT 0")


@house_tables()
def routine_rooms(db: Database) -> None:
    """In which room a routine was asked for: "the tv" may be another elsewhere."""
    _execute(db, "ALTER TABLE routines ADD COLUMN area TEXT NOT NULL DEFAULT ''")


@house_tables()
def first_people(db: Database) -> None:
    """People, their addresses on bridges, codes that let one in, and who guessed at them."""
    _execute(db, PEOPLE)


@house_tables()
def ledger_chain(db: Database) -> None:
    """Every row of the ledger holds a hash over the one before it and itself; rows are only added."""
    db.conn.execute("ALTER TABLE ledger ADD COLUMN hash TEXT NOT NULL DEFAULT ''")
    before = ""
    for *row, _ in db.conn.execute("SELECT * FROM ledger ORDER BY id").fetchall():
        before = chained(before, row)
        db.conn.execute("UPDATE ledger SET hash = ? WHERE id = ?", (before, row[0]))
    for deed in ("update", "delete"):
        only_added = "SELECT RAISE(ABORT, 'the ledger is only added to')"
        db.conn.execute(f"CREATE TRIGGER ledger_{deed} BEFORE {deed} ON ledger BEGIN {only_added}; END")


def chained(before: str, row: Sequence[Any]) -> str:
    """The hash of a row of the ledger: over the hash of the row before it ("" for the first) and all its other columns."""
    return hashlib.sha256(json.dumps([before, *row], default=repr).encode()).hexdigest()


@house_tables()
def bridge_rows(db: Database) -> None:
    """Which question a message asks, how it may look otherwise, and what came with one beside the person's own words."""
    _execute(db, BRIDGES)


@house_tables()
def guests_begin(db: Database) -> None:
    """From when a guest may do something (seconds since 1970); NULL: at once."""
    _execute(db, "ALTER TABLE people ADD COLUMN begins REAL")


@history_tables()
def first_history(db: Database) -> None:
    """What the devices reported; the facts of the pages with their index, and every version of every page."""
    _execute(db, HISTORY)


@history_tables()
def first_costs(db: Database) -> None:
    """What each step of a language model took."""
    _execute(db, COSTS)


def _execute(db: Database, script: str) -> None:
    for statement in script.split(";"):
        if statement.strip():
            db.conn.execute(statement)


FIRST = """
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, bridge TEXT NOT NULL, chat TEXT NOT NULL, person TEXT NOT NULL,
    kind TEXT NOT NULL, text TEXT NOT NULL, at REAL NOT NULL, due REAL NOT NULL, status TEXT NOT NULL DEFAULT 'new',
    plan TEXT, record TEXT);
CREATE INDEX inbox_open ON inbox(status, due) WHERE status != 'done';
CREATE TABLE cursors (bridge TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY, turn INTEGER NOT NULL, call INTEGER NOT NULL, event TEXT NOT NULL, command TEXT NOT NULL,
    targets TEXT NOT NULL, args TEXT NOT NULL, detail TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX ledger_turn ON ledger(turn, call);
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, bridge TEXT NOT NULL, chat TEXT NOT NULL, text TEXT NOT NULL,
    choices TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'queued', ref TEXT, tries INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL, at REAL NOT NULL);
CREATE INDEX outbox_open ON outbox(status) WHERE status IN ('queued', 'sending');
CREATE TABLE questions (
    id INTEGER PRIMARY KEY, chat TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, data TEXT NOT NULL, hash TEXT NOT NULL,
    at REAL NOT NULL, expires REAL NOT NULL, status TEXT NOT NULL DEFAULT 'open', answer TEXT);
CREATE INDEX questions_open ON questions(chat) WHERE status = 'open';
CREATE TABLE devices (
    id TEXT PRIMARY KEY, skill TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, area TEXT NOT NULL, host TEXT NOT NULL,
    owner_name TEXT NOT NULL DEFAULT '', owner_area TEXT, owner_sort TEXT NOT NULL DEFAULT '', aliases TEXT NOT NULL DEFAULT '[]',
    room_asked INTEGER NOT NULL DEFAULT 0, away INTEGER NOT NULL DEFAULT 0, first_seen REAL NOT NULL, last_seen REAL NOT NULL);
CREATE TABLE areas (name TEXT PRIMARY KEY, floor TEXT NOT NULL, parent TEXT NOT NULL, aliases TEXT NOT NULL);
CREATE TABLE markers (skill TEXT PRIMARY KEY, phase TEXT NOT NULL, deaths INTEGER NOT NULL DEFAULT 0, hash TEXT NOT NULL)
"""
# routines.due: seconds since 1970 of the next run, NULL while it is paused or over
DOORS = """
CREATE TABLE routines (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, said TEXT NOT NULL, person TEXT NOT NULL,
    bridge TEXT NOT NULL, chat TEXT NOT NULL, spec TEXT NOT NULL, zone TEXT NOT NULL, do TEXT NOT NULL, due REAL,
    grace REAL NOT NULL, catch_up TEXT NOT NULL, granted TEXT NOT NULL DEFAULT '[]',
    status TEXT NOT NULL DEFAULT 'on', file TEXT NOT NULL DEFAULT '', digest TEXT NOT NULL DEFAULT '', made REAL NOT NULL);
CREATE INDEX routines_due ON routines(due) WHERE due IS NOT NULL;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, routine INTEGER NOT NULL, due REAL NOT NULL, at REAL NOT NULL, outcome TEXT NOT NULL,
    message INTEGER, UNIQUE(routine, due));
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, person TEXT NOT NULL, scopes TEXT NOT NULL, name TEXT NOT NULL,
    made REAL NOT NULL, seen REAL NOT NULL)
"""
# people.removed: when; an id is never given twice. codes.hash: SHA-256; the code itself is kept nowhere
PEOPLE = """
CREATE TABLE people (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, until REAL, areas TEXT NOT NULL DEFAULT '[]',
    kinds TEXT NOT NULL DEFAULT '[]', sees TEXT NOT NULL DEFAULT '[]', quiet TEXT NOT NULL DEFAULT '', made REAL NOT NULL,
    removed REAL);
CREATE TABLE addresses (
    bridge TEXT NOT NULL, address TEXT NOT NULL, chat TEXT NOT NULL, person TEXT NOT NULL, made REAL NOT NULL,
    PRIMARY KEY (bridge, address));
CREATE TABLE codes (
    id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, bridge TEXT NOT NULL, address TEXT NOT NULL,
    data TEXT NOT NULL, made REAL NOT NULL, expires REAL NOT NULL);
CREATE TABLE guesses (
    bridge TEXT NOT NULL, address TEXT NOT NULL, tries INTEGER NOT NULL, at REAL NOT NULL, PRIMARY KEY (bridge, address))
"""
BRIDGES = """
ALTER TABLE outbox ADD COLUMN question INTEGER;
ALTER TABLE outbox ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN image TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN edits INTEGER;
CREATE INDEX outbox_asks ON outbox(question) WHERE question IS NOT NULL;
ALTER TABLE inbox ADD COLUMN extra TEXT
"""
# costs.day: the date in the house's own time; money: by the prices of the config
COSTS = """
CREATE TABLE costs (
    id INTEGER PRIMARY KEY, message INTEGER NOT NULL, day TEXT NOT NULL, at REAL NOT NULL, person TEXT NOT NULL,
    model TEXT NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL, read INTEGER NOT NULL, written INTEGER NOT NULL,
    money REAL NOT NULL, ms REAL NOT NULL);
CREATE INDEX costs_day ON costs(day)
"""
HISTORY = """
CREATE TABLE changes (
    id INTEGER PRIMARY KEY, device TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, at REAL NOT NULL, turn INTEGER);
CREATE INDEX changes_device ON changes(device, field, at);
CREATE TABLE pages (name TEXT PRIMARY KEY, digest TEXT NOT NULL);
CREATE VIRTUAL TABLE facts USING fts5(text, page, line UNINDEXED, source UNINDEXED, tokenize='porter unicode61');
CREATE TABLE versions (
    id INTEGER PRIMARY KEY, page TEXT NOT NULL, text TEXT NOT NULL, why TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX versions_page ON versions(page, id)
"""


class Store:
    """One SQLite file, open in this process only. Every write outside `transaction()` commits by itself."""

    def __init__(
        self, path: Path | None, *, tables: Migrations = house_tables, synchronous: str = "FULL",
        connect: Callable[..., sqlite3.Connection] = sqlite3.connect,
    ) -> None:  # fmt: skip
        """Open or make the file (None: in memory); StoreError when it is newer, damaged or cannot be written."""
        self.path, self._tables = path, tables
        self._undo: list[Callable[[], object]] = []  # of the transaction that is open
        self._after: list[Callable[[], object]] = []
        self.failed: Callable[[sqlite3.OperationalError], None] = lambda _: None  # is told what could not be written
        try:
            self.conn = connect(str(path or ":memory:"), isolation_level=None, check_same_thread=False)
            weakref.finalize(self, self.conn.close)  # also when what follows fails, or nobody calls close()
            self.conn.row_factory = sqlite3.Row
            self._check()
            self.conn.execute("PRAGMA journal_mode=WAL")
            self.conn.execute(f"PRAGMA synchronous={synchronous}")
            self.conn.execute("PRAGMA secure_delete=ON")  # a code that was typed is not left in a free page
            self._migrate()
        except sqlite3.DatabaseError as error:
            raise StoreError(advice(path, error)) from error

    def _check(self) -> None:
        """Look before anything is written; quick_check reads every page (0.1 s for 100 MB)."""
        wrong = self.conn.execute("PRAGMA quick_check(1)").fetchone()[0]
        if wrong != "ok":
            raise sqlite3.DatabaseError(str(wrong).splitlines()[-1])

    def _migrate(self) -> None:
        db = Database(self.conn)
        known = {migration.name for migration in self._tables._migrations}
        newer = {migration.name for migration in self._tables.applied(db)} - known
        if newer:
            raise StoreError(f"{self.path} was written by a newer claw ({', '.join(sorted(newer))}): install that version again")
        if self._tables.pending(db):
            self._tables.apply(db)

    def all(self, sql: str, *params: Any) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self.conn.execute(sql, params).fetchall()

    def one(self, sql: str, *params: Any) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        row: sqlite3.Row | None = self.conn.execute(sql, params).fetchone()
        return row

    def write(self, sql: str, *params: Any) -> sqlite3.Cursor:
        """One INSERT, UPDATE or DELETE."""
        return self.conn.execute(sql, params)

    def insert(self, table: str, **row: Any) -> int:
        """Insert a row (lists and dicts become JSON); returns its id."""
        cursor = self.conn.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", _plain(row.values())
        )
        return cursor.lastrowid or 0

    def kept(self, name: str) -> str:
        """What was kept under this name; empty at first."""
        row = self.one("SELECT value FROM cursors WHERE bridge = ?", name)
        return str(row["value"]) if row else ""

    def keep(self, name: str, value: str) -> None:
        """Keep a text through restarts, such as where a bridge had read to (hence the words of the table), or what was told."""
        self.write("INSERT OR REPLACE INTO cursors VALUES (?, ?)", name, value)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside are committed together, or none."""
        if self.conn.in_transaction:
            yield
            return
        self._undo.clear()
        self._after.clear()
        try:
            self.conn.execute("BEGIN IMMEDIATE")
            yield
            self.conn.execute("COMMIT")
        except BaseException as error:
            if self.conn.in_transaction:
                self.conn.rollback()
            for undo in reversed(self._undo):
                undo()
            if isinstance(error, sqlite3.OperationalError):
                self.failed(error)
            raise
        after, self._after = self._after, []
        for do in after:
            do()

    def on_rollback(self, undo: Callable[[], object]) -> None:
        """What mends the memory of the caller when the transaction that is open now is not committed."""
        if self.conn.in_transaction:
            self._undo.append(undo)

    def after_commit(self, do: Callable[[], object]) -> None:
        """What follows once all that was written so far is committed: at once, or when the open transaction is; else never."""
        if self.conn.in_transaction:
            self._after.append(do)
        else:
            do()

    def erase(self) -> None:
        """Take what was overwritten out of the write-ahead log, too, once it is committed."""
        self.after_commit(self._checkpoint)

    def _checkpoint(self) -> None:
        with contextlib.suppress(sqlite3.OperationalError):  # a full disk: it goes with a later checkpoint
            self.one("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file."""
        self.conn.close()


def history(path: Path | None) -> Store:
    """history.db: a power cut may take the last seconds of it, so it costs no wait for the disk."""
    return Store(path, tables=history_tables, synchronous="NORMAL")


def _plain(values: Any) -> Sequence[Any]:
    return [json.dumps(value) if isinstance(value, (list, tuple, dict)) else value for value in values]


def advice(path: Path | None, error: sqlite3.DatabaseError) -> str:
    """What is wrong with the database and what to do, as a sentence for people."""
    text = str(error)
    if "readonly" in text or "unable to open" in text:
        return f"{path} cannot be written ({text}): check the owner and the rights of the data folder"
    if "disk is full" in text or "disk I/O" in text:
        return f"{path}: {text}: free some space on that disk"
    return f"{path} is damaged ({text}): move it away or restore a backup; nothing was changed in it"
