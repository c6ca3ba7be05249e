"""What the claw asked and waits for: approvals, "which one?", and questions of skills. Each is answered at most once."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from claw.clock import Clock
from claw.store import Store

APPROVAL_SECONDS = 120.0
NUMBERED = ("which", "list")  # what says what a number means
UNANSWERED = (*NUMBERED, "more", "mind")  # what a yes does not answer


@dataclass(frozen=True)
class Question:
    """kind: approval, which, ask (of a skill, or about a room), list (numbered questions), more ("when?": data is the
    sentence in which that was missing), or mind (of the language model, which reads the answer).

    data: what an answer needs; of an approval the calls, or the request, that a yes carries out.
    """

    id: int
    chat: str
    kind: str
    text: str
    data: Any
    hash: str
    at: float
    expires: float
    status: str


class Questions:
    """Open questions per chat, in the store, so that they outlive a restart."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.changed: Callable[[], None] = lambda: None  # a question came or went, perhaps not committed yet

    def put(self, chat: str, kind: str, text: str, data: Any, *, hash: str = "", seconds: float = APPROVAL_SECONDS) -> int:
        """Keep a question; it expires after `seconds`. A newer meaning of numbers replaces the older one."""
        if kind in NUMBERED:
            self.store.write(
                "UPDATE questions SET status = 'dropped' WHERE chat = ? AND kind IN ('which', 'list') AND status = 'open'", chat
            )
        now = self.clock.time()
        self.changed()
        return self.store.insert(
            "questions", chat=chat, kind=kind, text=text, data=json.dumps(data), hash=hash, at=now, expires=now + seconds
        )

    def open(self, chat: str | None = None) -> list[Question]:
        """Open questions that have not expired, oldest first; of one chat and those that were asked there, too, or of all.

        One that was put in the future is not open: the clock was set back, and nobody knows how old it is.
        """
        asked = "chat = ? OR id IN (SELECT question FROM outbox WHERE question IS NOT NULL AND settled = 0 AND chat = ?)"
        where, params = (f"({asked}) AND ", [chat, chat]) if chat is not None else ("", [])
        now = self.clock.time()
        rows = self.store.all(
            f"SELECT * FROM questions WHERE {where}status = 'open' AND expires > ? AND at <= ? ORDER BY id", *params, now, now
        )
        return [_question(row) for row in rows]

    def asked_by(self, text: str, chat: str) -> int | None:
        """The id of the open question that the end of this message asks."""
        buttons = [one for one in self.open(chat) if one.kind in ("approval", *NUMBERED) and text.endswith(one.text)]
        return buttons[-1].id if buttons else None

    def expired(self, chat: str) -> Question | None:
        """The last question of a chat, if its time ran out before an answer came (at most an hour ago)."""
        row = self.store.one(
            "SELECT * FROM questions WHERE chat = ? AND kind NOT IN ('ask', 'list', 'more') ORDER BY id DESC", chat
        )
        now = self.clock.time()
        return _question(row) if row and row["status"] == "open" and now - 3600 < row["expires"] <= now else None

    def close(self, id: int, status: str, answer: str) -> bool:
        """The first answer wins: True if this one was it."""
        done = self.store.write(
            "UPDATE questions SET status = ?, answer = ? WHERE id = ? AND status = 'open' AND expires > ?",
            status, answer, id, self.clock.time(),
        )  # fmt: skip
        self.changed()
        return done.rowcount == 1


def _question(row: sqlite3.Row) -> Question:
    data = {key: row[key] for key in row.keys() if key != "answer"}  # noqa: SIM118 - a Row iterates over values
    return Question(**{**data, "data": json.loads(row["data"])})
