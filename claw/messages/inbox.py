"""Everything that happens is a row here: a chat message, a fired routine, an alarm. Accepted means committed."""

import asyncio
import json
import re
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from claw.clock import Clock
from claw.events import Events
from claw.messages.leases import Leases
from claw.store import Store

HIDDEN = "(an answer)"
CODE = re.compile(r"\s*(\d{8}|\d{3}-\d{2}-\d{3})\s*")  # what pairs a device is never kept, whether or not it was asked for
# What somebody wrote is due at once; what has a time, only while the clock knows the date, but what must end ends.
DUE = "status != 'done' AND (due = 0 OR (due <= ? AND (? OR substr(key, 1, 6) = 'lease:')))"
HERE = "(chat = ? OR substr(chat, 1, ?) = ?)"  # a place: a chat or a lane of it
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
    extra: dict[str, Any] | None = None
    """What came with it: `quoted` (the words of others), `images` (files), `voice` (the file of a voice note of the person's own,
    empty when it could not be had), before its turn `refs` (where the bridge fetches these); once that was listened to also
    `heard` (the text is what was heard) or `unheard` (why not).
    """

    @property
    def spoken(self) -> bool:
        """Whether its words are what was heard in a voice note: good for wishes, but a voice can be played back."""
        return bool((self.extra or {}).get("heard"))

    @property
    def place(self) -> str:
        """The chat in which it is answered; `chat` itself may be a lane of it, so that a touch waits for no conversation."""
        return self.chat.split(CUT)[0]


def lane(chat: str, name: str) -> str:
    """A part of a chat whose messages are in order among themselves only."""
    return f"{chat}{CUT}{name}"


def here(place: str) -> tuple[str, int, str]:
    """The parameters of HERE."""
    return place, len(place) + 1, place + CUT


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


@dataclass(frozen=True)
class Thinking:
    """The mind began or ended to think about something in this place."""

    place: str


class Inbox:
    """Messages with unique keys; a key that is known is dropped silently, since the bridge will repeat what it sent."""

    def __init__(self, store: Store, events: Events, clock: Clock) -> None:
        self.store, self.events, self.clock = store, events, clock
        self.leases = Leases(store, clock)

    def put(
        self, text: str, *, key: str, bridge: str, chat: str, person: str = "owner",
        kind: str = "message", due: float = 0.0, age: float = 0.0, cursor: str | None = None,
        extra: dict[str, Any] | None = None,
    ) -> Message | None:  # fmt: skip
        """Commit a message, written `age` seconds ago, and the bridge's cursor together; None when the key is known already."""
        self.leases.follow()
        with self.store.transaction():
            if cursor is not None:
                self.store.keep(bridge, cursor)
            if self.store.one("SELECT 1 FROM inbox WHERE key = ?", key):
                return None
            id = self.store.insert(
                "inbox", key=key, bridge=bridge, chat=chat, person=person, kind=kind, text=text, due=due,
                at=self.clock.time() - max(0.0, age), extra=json.dumps(extra) if extra else None,
            )  # fmt: skip
        message = self.get(id)
        self.store.after_commit(lambda: self.events.publish(Arrived(message)))
        return message

    def get(self, id: int) -> Message:
        """The message with this id; KeyError when there is none."""
        row = self.store.one("SELECT * FROM inbox WHERE id = ?", id)
        if row is None:
            raise KeyError(id)
        return _message(row)

    def select(self, where: str, *params: object) -> Iterator[Message]:
        """The messages for which this SQL condition holds, oldest first unless it orders them otherwise."""
        order = "" if "ORDER BY" in where else " ORDER BY id"
        return map(_message, self.store.all(f"SELECT * FROM inbox WHERE {where}{order}", *params))

    def open(self) -> list[Message]:
        """Messages that were not answered yet, oldest first, whenever they are due."""
        return list(self.select("status != 'done'"))

    def next(self, chat: str, without: Collection[int] = ()) -> Message | None:
        """The oldest message of a chat that is due now, but not one of these."""
        self.leases.follow()
        now = self.clock.time(), self.clock.plausible()
        some = self.select(f"chat = ? AND {DUE} ORDER BY id LIMIT ?", chat, *now, len(without) + 1)
        return next((one for one in some if one.id not in without), None)

    async def answered(self, message: Message) -> Answered:
        """Wait for the end of the turn of a message that was put in just now, with no `await` between; needs the worker."""
        ended: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()

        def hear(event: Answered) -> None:
            if event.message.id == message.id and not ended.done():
                ended.set_result(event)

        forget = self.events.subscribe(Answered, hear)
        try:
            return await ended
        finally:
            forget()

    def chats(self) -> list[str]:
        """The chats with something that is due now."""
        self.leases.follow()
        rows = self.store.all(f"SELECT DISTINCT chat FROM inbox WHERE {DUE}", self.clock.time(), self.clock.plausible())
        return [str(row["chat"]) for row in rows]

    def soonest(self) -> float | None:
        """When the next thing that has a time is due (seconds since 1970)."""
        row = self.store.one("SELECT min(due) AS due FROM inbox WHERE status != 'done' AND due > ?", self.clock.time())
        return row["due"] if row else None

    def waiting(self, prefix: str, chat: str | None = None) -> list[Message]:
        """The deeds for later whose key begins so and that have not begun; of one chat, or of all."""
        own = "status != 'done' AND status = 'new' AND kind = 'call' AND substr(key, 1, ?) = ? AND coalesce(chat = ?, 1)"
        return list(self.select(own, len(prefix), prefix, chat))

    def last_lasting(self, message: Message) -> Message | None:
        """The turn in this place that last did, planned or asked anything before this message."""
        return next((one for one in self.before(message) if one.plan is not None), None)

    def follows(self, message: Message, other: Message) -> bool:
        """Whether nothing was said in this place between the other message and this one."""
        return next(self.before(message), other).id == other.id

    def before(self, message: Message) -> Iterator[Message]:
        """The turns in this place before this message, the newest first."""
        where = f"id < ? AND status = 'done' AND kind != 'call' AND {HERE} ORDER BY id DESC LIMIT 50"
        return self.select(where, message.id, *here(message.place))

    def begin(self, id: int, plan: dict[str, Any]) -> None:
        """Keep what will be done, so that a crash does not read the message anew in a changed house."""
        self.store.write("UPDATE inbox SET status = 'running', plan = ? WHERE id = ?", json.dumps(plan), id)

    def hear(self, message: Message, text: str, found: dict[str, Any]) -> Message:
        """Keep what was heard in a voice note as the text of its message; `found`: `heard` or `unheard`."""
        extra = json.dumps({**(message.extra or {}), **found})
        self.store.write("UPDATE inbox SET text = ?, extra = ? WHERE id = ?", text, extra, message.id)
        return self.get(message.id)

    def bring(self, message: Message, extra: dict[str, Any]) -> Message:
        """Keep what came with a message, in place of where it is to be fetched."""
        self.store.write("UPDATE inbox SET extra = ? WHERE id = ?", json.dumps(extra) if extra else None, message.id)
        return self.get(message.id)

    def hide(self, id: int) -> None:
        """Forget the words of a message: they were an answer to a skill, perhaps a code."""
        self.store.write("UPDATE inbox SET text = ? WHERE id = ?", HIDDEN, id)
        self.store.erase()

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
    for column in ("plan", "record", "extra"):
        data[column] = json.loads(data[column]) if data[column] else None
    return Message(**data)
