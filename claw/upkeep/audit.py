"""`claw audit verify`: whether the ledger is as it was written, read from the file itself, also while claw runs."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claw.store import advice, chained

SHORTEST_HEAD = 16  # characters of a hash that say enough


class AuditError(RuntimeError):
    """There is no ledger that could be verified; the text says what to do."""


@dataclass(frozen=True)
class Audit:
    """What was found. head: the hash of the last row; wrong: a sentence about the first row that is broken, empty if none is."""

    rows: int
    head: str
    row: int | None = None  # the id of the row that is broken
    wrong: str = ""


def verify(data: Path, head: str = "") -> Audit:
    """Follow the chain of the ledger in a data folder. `head`: a hash that was written down; it must still be in the chain.

    AuditError when there is no ledger, or the file is damaged.
    """
    file, head = data / "house.db", "".join(head.split()).lower()
    if head and len(head) < SHORTEST_HEAD:
        raise AuditError(f"--head is too short: give at least the first {SHORTEST_HEAD} characters of the hash")
    if not file.exists():
        raise AuditError(f"there is no house in {data}: name its folder with --data")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as conn:
            if "hash" not in [column[1] for column in conn.execute("PRAGMA table_info(ledger)")]:
                raise AuditError(f"the ledger in {file} is of an older claw: start this one on it once, and the chain begins")
            return follow(conn.execute("SELECT * FROM ledger ORDER BY id"), head)
    except sqlite3.DatabaseError as error:
        raise AuditError(advice(file, error)) from error


def follow(rows: Iterable[tuple[Any, ...]], head: str = "") -> Audit:
    """The chain of these rows, whose last column is their hash; up to the first that is broken."""
    count, before, last, found = 0, "", 0, not head
    for *row, hash in rows:
        if chained(before, row) != hash:
            return Audit(count, before, row[0], _wrong(row[0], last))
        count, before, last, found = count + 1, hash, row[0], found or hash.startswith(head)
    gone = f"no row has the hash {head}: rows at the end are missing, or all were written anew since it was noted"
    return Audit(count, before, None, "" if found else gone)


def _wrong(id: Any, last: int) -> str:
    if id == last + 1:
        return f"row {id} is not as it was written: it was changed, or this row or the one before it was put in its place"
    gone = f"row {last + 1}" if id == last + 2 else f"rows {last + 1} to {id - 1}"
    return f"row {id} does not follow on {f'row {last}' if last else 'nothing'}; missing before it: {gone}"
