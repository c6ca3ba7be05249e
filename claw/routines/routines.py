"""The routines of a house: their rows, and which of them are due. A fired one is a row of the inbox with a unique key."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claw.clock import Clock
from claw.config import Config
from claw.events import Events
from claw.messages.inbox import Inbox
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


class Routines:
    """Reads and writes them. Writes are part of the caller's transaction."""

    def __init__(self, store: Store, inbox: Inbox, events: Events, clock: Clock, config: Config, folder: Path | None) -> None:
        """`folder`: where each is kept as a readable file, too; None: nowhere."""
        self.store, self.inbox, self.events, self.clock, self.config, self.folder = store, inbox, events, clock, config, folder
        self.changed: Callable[[], None] = lambda: None  # the ticker looks anew

    def all(self) -> list[Routine]:
        """Those that are not over, oldest first."""
        return []

    def plain(self) -> list[dict[str, Any]]:
        """The same for the doors: id, name, kind, when (words), do, status, next, last {due, at, outcome}, file."""
        return []

    def fire_due(self) -> float:
        """Put what is due into the inbox, or mark it missed; returns the seconds until the next is due (at most 3600)."""
        return 3600.0
