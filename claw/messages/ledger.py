"""What was wanted and what came of it: rows are events of a call, committed before and after the deed.

Rows are only appended, each with a hash over the one before it: `claw audit verify` finds what was changed afterwards.
"""

import json
import sqlite3
from typing import Any

from claw.call import ToolCall
from claw.clock import Clock
from claw.hosting.secrets import redact
from claw.store import Store, chained

ENDS = ("confirmed", "failed", "unknown", "refused", "declined")


class Ledger:
    """Events: intended, then one of confirmed, failed, unknown, refused, declined."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock

    def append(self, turn: int, number: int, event: str, call: ToolCall, detail: dict[str, Any] | None = None) -> None:
        """One event of the call `number` of a turn; `detail` says per device what happened."""
        last = self.store.one("SELECT id, hash FROM ledger ORDER BY id DESC LIMIT 1")
        id, before = (last["id"] + 1, last["hash"]) if last else (1, "")
        targets, args = json.dumps(list(call.targets)), redact(json.dumps(dict(call.args)))
        row = (id, turn, number, event, call.command, targets, args, redact(json.dumps(detail or {})), float(self.clock.time()))
        self.store.write(f"INSERT INTO ledger VALUES ({', '.join('?' * 10)})", *row, chained(before, row))

    def end_of(self, turn: int, number: int) -> dict[str, Any] | None:
        """How a call ended, with its detail; None while it is open."""
        marks = ", ".join("?" * len(ENDS))
        row = self.store.one(
            f"SELECT * FROM ledger WHERE turn = ? AND call = ? AND event IN ({marks}) ORDER BY id DESC", turn, number, *ENDS
        )
        return {"event": row["event"], "detail": json.loads(row["detail"])} if row else None

    def recent(self, limit: int = 50) -> list[dict[str, Any]]:
        """The newest events first."""
        return [_event(row) for row in self.store.all("SELECT * FROM ledger ORDER BY id DESC LIMIT ?", limit)]

    def begun_since(self, at: float) -> list[dict[str, Any]]:
        """What was intended since then (seconds since 1970), oldest first."""
        return [
            _event(row) for row in self.store.all("SELECT * FROM ledger WHERE event = 'intended' AND at >= ? ORDER BY id", at)
        ]


def _event(row: sqlite3.Row) -> dict[str, Any]:
    return {**dict(row), **{column: json.loads(row[column]) for column in ("targets", "args", "detail")}}
