"""Everything that happens is a row here: a chat message, a fired routine, an alarm. Accepted means committed."""

import contextlib
import json
import re
import sqlite3
from dataclasses import dataclass
from typing import Any

from claw.clock import Clock
from claw.events import Events
from claw.store import Store

HIDDEN = "(an answer)"
CODE = re.compile(r"\s*(\d{8}|\d{3}-\d{2}-\d{3})\s*")  # what pairs a device is never kept, whether or not it was asked for
# What somebody wrote is due at once; what has a time, only while the clock knows the date, but what must end ends.
DUE = "status != 'done' AND (due = 0 OR (due <= ? AND (? OR substr(key, 1, 6) = 'lease:')))"
CUT = "\x1f"  # between the parts of a key of our own: ids hold colons, but not this


@dataclass(frozen=True)
class Message:
    """One row of the inbox.

    kind: message (somebody wrote it), or in JSON: call (the claw told itself to do this at `due`), routine (one that is due),
    touch (a call by a finger on a page), request (one that a page or command made), answer (to a question by its id).
    """

    id: int
    key: str
    bridge: str
    chat: str
    person: str
    kind: str
    text: str
    at: float
    due: float
    status: str
    plan: dict[str, Any] | None
    record: dict[str, Any] | None

    @property
    def place(self) -> str:
        """The chat in which it is answered; `chat` itself may be a lane of it, so that a touch waits for no conversation."""
        return self.chat.split(CUT)[0]


def lane(chat: str, name: str) -> str:
    """A part of a chat whose messages are in order among themselves only."""
    return f"{chat}{CUT}{name}"


@dataclass(frozen=True)
class Arrived:
    """A message was committed."""

    message: Message


@dataclass(frozen=True)
class Answered:
    """A turn ended; `record` is its record as in the ledger, `before` the state of the house when it began."""

    message: Message
    record: dict[str, Any]
    before: dict[str, dict[str, Any]]


class Inbox:
    """Messages with unique keys; a key that is known is dropped silently, since the bridge will repeat what it sent."""

    def __init__(self, store: Store, events: Events, clock: Clock) -> None:
        self.store, self.events, self.clock = store, events, clock

    def put(
        self, text: str, *, key: str, bridge: str, chat: str, person: str = "owner",
        kind: str = "message", due: float = 0.0, age: float = 0.0, cursor: str | None = None,
    ) -> Message | None:  # fmt: skip
        """Commit a message, written `age` seconds ago, and the bridge's cursor together; None when the key is known already."""
        with self.store.transaction():
            if cursor is not None:
                self.store.write("INSERT OR REPLACE INTO cursors VALUES (?, ?)", bridge, cursor)
            if self.store.one("SELECT 1 FROM inbox WHERE key = ?", key):
                return None
            id = self.store.insert(
                "inbox", key=key, bridge=bridge, chat=chat, person=person, kind=kind, text=text, due=due,
                at=self.clock.time() - max(0.0, age),
            )  # fmt: skip
        message = self.get(id)
        self.events.publish(Arrived(message))
        return message

    def get(self, id: int) -> Message:
        """The message with this id; KeyError when there is none."""
        row = self.store.one("SELECT * FROM inbox WHERE id = ?", id)
        if row is None:
            raise KeyError(id)
        return _message(row)

    def open(self) -> list[Message]:
        """Messages that were not answered yet, oldest first, whenever they are due."""
        return [_message(row) for row in self.store.all("SELECT * FROM inbox WHERE status != 'done' ORDER BY id")]

    def next(self, chat: str) -> Message | None:
        """The oldest message of a chat that is due now."""
        row = self.store.one(
            f"SELECT * FROM inbox WHERE chat = ? AND {DUE} ORDER BY id LIMIT 1", chat, self.clock.time(), self.clock.plausible()
        )
        return _message(row) if row else None

    def chats(self) -> list[str]:
        """The chats with something that is due now."""
        rows = self.store.all(f"SELECT DISTINCT chat FROM inbox WHERE {DUE}", self.clock.time(), self.clock.plausible())
        return [str(row["chat"]) for row in rows]

    def soonest(self) -> float | None:
        """When the next thing that has a time is due (seconds since 1970)."""
        row = self.store.one("SELECT min(due) AS due FROM inbox WHERE status != 'done' AND due > ?", self.clock.time())
        return row["due"] if row else None

    def waiting(self, prefix: str, chat: str | None = None) -> list[Message]:
        """The deeds for later whose key begins so and that have not begun; of one chat, or of all."""
        rows = self.store.all(
            "SELECT * FROM inbox WHERE status != 'done' AND status = 'new' AND kind = 'call' AND substr(key, 1, ?) = ? "
            "AND (? IS NULL OR chat = ?) ORDER BY id", len(prefix), prefix, chat, chat,
        )  # fmt: skip
        return [_message(row) for row in rows]

    def last_lasting(self, message: Message) -> Message | None:
        """The turn in this place that last did, planned or asked anything before this message."""
        row = self.store.one(
            "SELECT * FROM inbox WHERE id < ? AND status = 'done' AND plan IS NOT NULL AND kind != 'call' "
            "AND (chat = ? OR substr(chat, 1, ?) = ?) ORDER BY id DESC LIMIT 1",
            message.id, message.place, len(message.place) + 1, message.place + CUT,
        )  # fmt: skip
        return _message(row) if row else None

    def cursor(self, bridge: str) -> str:
        """Where this bridge had read to; empty at first."""
        row = self.store.one("SELECT value FROM cursors WHERE bridge = ?", bridge)
        return str(row["value"]) if row else ""

    def begin(self, id: int, plan: dict[str, Any]) -> None:
        """Keep what will be done, so that a crash does not read the message anew in a changed house."""
        self.store.write("UPDATE inbox SET status = 'running', plan = ? WHERE id = ?", json.dumps(plan), id)

    def hide(self, id: int) -> None:
        """Forget the words of a message: they were an answer to a skill, perhaps a code."""
        self.store.write("UPDATE inbox SET text = ? WHERE id = ?", HIDDEN, id)

    def erase(self) -> None:
        """After a commit: take hidden words out of the write-ahead log, too."""
        with contextlib.suppress(sqlite3.OperationalError):  # a full disk: they go with a later checkpoint
            self.store.one("PRAGMA wal_checkpoint(TRUNCATE)")

    def finish(self, id: int, record: dict[str, Any]) -> None:
        """Mark as answered."""
        self.store.write("UPDATE inbox SET status = 'done', record = ? WHERE id = ?", json.dumps(record), id)

    def due(self, key: str) -> float:
        """When the message with this key is due (seconds since 1970); now, if there is none."""
        row = self.store.one("SELECT due FROM inbox WHERE key = ?", key)
        return float(row["due"]) if row else self.clock.time()

    def forget(self, prefix: str) -> None:
        """Drop the deeds that the claw told itself to do later whose key begins so, if they have not begun."""
        self.store.write(
            "DELETE FROM inbox WHERE kind = 'call' AND status = 'new' AND substr(key, 1, ?) = ?", len(prefix), prefix
        )


def _message(row: sqlite3.Row) -> Message:
    data = dict(row)
    for column in ("plan", "record"):
        data[column] = json.loads(data[column]) if data[column] else None
    return Message(**data)
