"""Everything that happens is a row here: a chat message, a fired routine, an alarm. Accepted means committed."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from claw.clock import Clock
from claw.events import Events
from claw.store import Store

HIDDEN = "(an answer)"


@dataclass(frozen=True)
class Message:
    """One row of the inbox. kind: message (somebody wrote it) or call (the claw told itself to do this at `due`)."""

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
        kind: str = "message", due: float = 0.0, cursor: str | None = None,
    ) -> Message | None:  # fmt: skip
        """Commit a message and the bridge's cursor together; None when the key is known already."""
        with self.store.transaction():
            if cursor is not None:
                self.store.write("INSERT OR REPLACE INTO cursors VALUES (?, ?)", bridge, cursor)
            if self.store.one("SELECT 1 FROM inbox WHERE key = ?", key):
                return None
            id = self.store.insert(
                "inbox", key=key, bridge=bridge, chat=chat, person=person, kind=kind, text=text, at=self.clock.time(), due=due
            )
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
