"""What may only run for a time ends by steady seconds, though somebody sets the clock; after a restart rather too early.

The end of a lease is a row of the inbox with a wall time, so that it survives a restart. While the process lives, that time
is moved along whenever the wall clock jumps.
"""

import contextlib
import logging
import sqlite3

from claw.clock import Clock
from claw.store import Store

log = logging.getLogger("claw.leases")
JUMP_SECONDS = 1.0  # less than this is no jump: clocks are slewed, too
BACK_SECONDS = 60.0  # by so much a clock may be behind at a start
LEASE = "substr(key, 1, 6) = 'lease:' AND status = 'new'"


class Leases:
    """Keeps the rows whose keys begin with "lease:" due at the right moment."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self._offset = self._ahead()
        last = store.one("SELECT id, at FROM inbox ORDER BY id DESC LIMIT 1")
        self._older = last["id"] if last else 0  # rows up to this one are of processes before
        with contextlib.suppress(sqlite3.OperationalError):  # a full disk
            self._distrust(max(last["at"] if last else 0.0, float(store.kept("watchdog") or 0)))

    def _ahead(self) -> float:
        """By how much wall time is ahead of steady time."""
        return self.clock.time() - self.clock.steady()

    def _distrust(self, seen: float) -> None:
        """What runs since before a restart ends now if the clock shows less than it did then: nobody knows how long it ran."""
        now = self.clock.time()
        if now < seen - BACK_SECONDS and self.store.write(f"UPDATE inbox SET due = ? WHERE {LEASE}", now).rowcount:
            log.warning("the clock was set back while I was off: what may only run for a time ends now")

    def follow(self) -> None:
        """Look whether the wall clock jumped. A lease of before the restart moves only towards an earlier end: what its stored
        time is worth is not known any more.
        """
        before, jump = self._offset, self._ahead() - self._offset
        if abs(jump) < JUMP_SECONDS:
            return
        with contextlib.suppress(sqlite3.OperationalError), self.store.transaction():  # a full disk: at the next look
            self.store.write(
                f"UPDATE inbox SET due = due + CASE WHEN id > ? THEN ? ELSE min(?, 0) END WHERE {LEASE}", self._older, jump, jump
            )
            self._offset += jump
            self.store.on_rollback(lambda: setattr(self, "_offset", before))
        log.warning("the clock was set %+.0f s; what may only run for a time ends when it would have", jump)
