"""A routine as it is kept: the row of house.db as a record."""

import json
import sqlite3
from dataclasses import dataclass, fields

from claw.store import Store
from claw.when import When


@dataclass(frozen=True)
class RoutinesChanged:
    """A routine was made, changed, fired, missed or ended."""


@dataclass(frozen=True)
class Routine:
    """One routine. kind: deed, reminder or timer; status: on, paused or over; granted: digests of its approved calls."""

    id: int
    name: str
    kind: str
    said: str
    person: str
    bridge: str
    chat: str
    when: When
    zone: str
    do: str  # a sentence for the reader, or what to remind of
    due: float | None
    grace: float  # seconds after `due` in which it still counts as in time
    catch_up: str  # skip, run or ask: what becomes of one that is later than that
    granted: tuple[str, ...]
    status: str
    made: float
    file: str
    digest: str  # of its file as it was last written or taken over
    area: str = ""  # the room of who asked for it, which its words are read in

    @property
    def recurs(self) -> bool:
        """Whether it comes again."""
        return self.when.recurs


def of_row(row: sqlite3.Row) -> Routine:
    """The record of a row."""
    data = dict(row)
    plain = {field.name: data[field.name] for field in fields(Routine) if field.name in data}
    return Routine(**{**plain, "when": When.of(json.loads(data["spec"])), "granted": tuple(json.loads(data["granted"]))})


def alive(store: Store) -> list[Routine]:
    """Those that are not over, oldest first."""
    return [of_row(row) for row in store.all("SELECT * FROM routines WHERE status != 'over' ORDER BY id")]
