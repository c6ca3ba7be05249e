"""The disk of the data folder: while it is full the owner knows, and nothing is kept that need not be; it recovers by itself."""

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from claw import media
from claw.clock import Clock
from claw.messages.outbox import NotSent, Outbox, Refused
from claw.moments import span_words
from claw.store import Store

LOW_BYTES, LOW_SHARE = 32 << 20, 0.02  # of the disk; whichever is less is little room
LOOK_SECONDS, TRY_SECONDS = 60.0, 5.0  # between two looks; while it is full
PROBE_BYTES = 1 << 18  # must fit into each file before all is well again
WRITTEN = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR)  # what says that a file cannot be written
LITTLE = "My disk is nearly full ({:.0f} MB left), so I keep no record of what the devices report. Please free some space."
FULL = "I cannot write to my disk ({}), so I take no messages and keep no record. Please free some space: I go on by myself then."
BACK = "There is room on my disk again: I go on as before."
BACK_LATE = "For {} I could not write to my disk, so I took no messages and kept no record. There is room again."


class Disk:
    """Looks at the room that is left, and is told by the stores what they could not write."""

    def __init__(self, folder: Path, stores: Sequence[Store], clock: Clock, outbox: Outbox, owners: Sequence[tuple[str, str]],
                 tell: Callable[[str], None], rest: Callable[[bool], None]) -> None:  # fmt: skip
        """`tell`: tells the owner, `owners` are where; `rest`: stops telemetry, or lets it go on."""
        self.folder, self.stores, self.clock, self.outbox, self.owners = folder, stores, clock, outbox, owners
        self.tell, self.rest = tell, rest
        self.problem, self._owed, self._since = "", "", 0.0  # what is wrong; what the owner should hear; since when (monotonic)
        self._wake = asyncio.Event()
        for store in stores:
            store.failed = self.failed

    def failed(self, error: sqlite3.OperationalError) -> None:
        """A store could not write."""
        if not self.problem and getattr(error, "sqlite_errorcode", sqlite3.SQLITE_FULL) & 0xFF in WRITTEN:
            self._begin(FULL.format(error))

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._wake.clear()
            self._look()
            await self._tell()
            await self.clock.until(self._wake, TRY_SECONDS if self.problem or self._owed else LOOK_SECONDS)

    def _look(self) -> None:
        media.tidy(self.folder / "media", self.clock.time() if self.clock.plausible() else 0.0)
        total, _, free = shutil.disk_usage(self.folder)
        little = min(LOW_BYTES, LOW_SHARE * total)
        if not self.problem and free < little:
            self._begin(LITTLE.format(free / 1e6))
        elif self.problem and free >= 2 * little and all(map(_writes, self.stores)):
            self._end()

    def _begin(self, problem: str) -> None:
        self.problem = self._owed = problem
        self._since = self.clock.monotonic()
        self.rest(True)
        self._wake.set()

    def _end(self) -> None:
        late = BACK_LATE.format(span_words(max(60.0, (self.clock.monotonic() - self._since) // 60 * 60)))
        self.problem, self._owed = "", late if self._owed else BACK
        self.rest(False)

    async def _tell(self) -> None:
        """Through the outbox; while that cannot be written either, straight to whoever listens now."""
        try:
            if self._owed:
                self.tell(self._owed)
                self._owed = ""
        except sqlite3.OperationalError:
            for bridge, chat in self.owners:
                if self._owed and (way := self.outbox.bridges.get(bridge)):
                    with contextlib.suppress(NotSent, Refused, OSError):  # tried again after a moment
                        await way.send(chat, self._owed, f"disk:{self.clock.time()}", ())
                        self._owed = ""


def _writes(store: Store) -> bool:
    """Whether a little more fits into the file; it takes the room and gives it back."""
    try:
        with store.transaction():
            store.write("CREATE TABLE probe AS SELECT zeroblob(?) AS room", PROBE_BYTES)
            store.write("DROP TABLE probe")
    except sqlite3.OperationalError:
        return False
    return True
