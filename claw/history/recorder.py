"""Keeps what the devices reported: one row a change, written in batches, for at most 30 days."""

import asyncio
import json
import logging
import sqlite3
from dataclasses import dataclass
from typing import Any

from claw.clock import Clock
from claw.device import Device
from claw.events import Events
from claw.hosting.secrets import redact
from claw.house import MEASURED, DeviceAdded, DeviceChanged, House
from claw.store import Store

log = logging.getLogger("claw.history")
BATCH_SECONDS, BATCH_ROWS = 3.0, 200
KEPT_SECONDS, PRUNE_SECONDS = 30 * 86400.0, 86400.0
ARRIVAL_SECONDS = 10.0  # in which a device that joined tells how it has been all the time
# in the column `turn`: the value was so when the device was first seen; it changed while I was off, or while the disk was full
FOUND, WHILE_OFF, WHILE_FULL = 0, -1, -2


@dataclass(frozen=True)
class Looking:
    """Somebody is about to read history.db: what is not written yet is written now."""


class Recorder:
    """Follows the house into history.db, from when it is made until it is stopped."""

    def __init__(self, house: House, events: Events, clock: Clock, history: Store) -> None:
        self.house, self.events, self.clock, self.history = house, events, clock, history
        self._rows: list[tuple[str, str, str, float, int | None]] = []
        self._last: dict[str, dict[str, str]] = {}  # device -> field -> the value recorded last, as JSON
        self._joined: dict[str, float] = {}  # when each device joined since the start (monotonic)
        self._strange: set[str] = set()  # devices of which nothing was recorded before
        self._seen: set[tuple[str, str]] = set()  # what was reported since the start
        self._some, self._many = asyncio.Event(), asyncio.Event()
        self._pruned = -PRUNE_SECONDS
        self._full = self._resting = False
        events.subscribe(DeviceAdded, lambda event: self._join(event.device))
        events.subscribe(DeviceChanged, lambda event: self._note(event.device, event.changes))
        events.subscribe(Looking, lambda _: self.flush())

    async def run(self) -> None:
        """Write until cancelled, and then what is left."""
        try:
            while True:
                await self._some.wait()
                await self.clock.until(self._many, BATCH_SECONDS)
                self.flush()
        finally:
            self.flush()

    def rest(self, resting: bool) -> None:
        """Keep nothing while the disk is full; after it, note what is not as it was kept last."""
        self._resting = resting
        self._rows.clear()
        self._last.clear()
        for device in () if resting else self.house.devices.values():
            self._note(device, device.state, WHILE_FULL)

    def _join(self, device: Device) -> None:
        self._joined.setdefault(device.id, self.clock.monotonic())
        self._note(device, device.state)

    def _note(self, device: Device, changes: dict[str, Any], missed: int | None = None) -> None:
        fields = [] if self._resting else [field for field in changes if _kept(field, device.state.get(field))]
        known = self._known(device.id) if fields else {}
        for field in fields:
            value = json.dumps(device.state.get(field))
            if known.get(field) != value:
                self._put(device.id, field, value, missed)
            self._seen.add((device.id, field))
        for field in fields:
            known[field] = json.dumps(device.state.get(field))

    def _put(self, id: str, field: str, value: str, missed: int | None) -> None:
        """One change. What is heard first since the start tells how it was found, not when it came to be so."""
        arriving = self.clock.monotonic() - self._joined.get(id, self.clock.monotonic()) < ARRIVAL_SECONDS
        first = (id, field) not in self._seen and arriving
        turn = missed if not first else FOUND if id in self._strange else WHILE_OFF
        self._rows.append((id, field, redact(value), self.clock.time(), turn))
        self._some.set()
        if len(self._rows) >= BATCH_ROWS:
            self._many.set()

    def _known(self, id: str) -> dict[str, str]:
        """What was recorded of a device last, also before this start."""
        if id not in self._last:
            rows = self.history.all("SELECT field, value, max(id) FROM changes WHERE device = ? GROUP BY field", id)
            self._last[id] = {row["field"]: row["value"] for row in rows}
            self._strange |= set() if rows else {id}
        return self._last[id]

    def flush(self) -> None:
        """Write what was noted, in one transaction; a full disk loses it, and that is said once."""
        rows, self._rows = self._rows, []
        self._some.clear()
        self._many.clear()
        if not rows:
            return
        try:
            with self.history.transaction():
                self.history.conn.executemany(
                    "INSERT INTO changes (device, field, value, at, turn) VALUES (?, ?, ?, ?, ?)", rows
                )  # fmt: skip
                self._prune()
            self._full = False
        except sqlite3.OperationalError as error:
            if not self._full:
                log.warning("What the devices report is not kept for now: %s", error)
            self._full = True

    def _prune(self) -> None:
        """Once a day drop what is older than 30 days, but never the last value of anything."""
        now = self.clock.monotonic()
        if now - self._pruned < PRUNE_SECONDS:
            return
        self._pruned = now
        young = self.history.one("SELECT id FROM changes WHERE at >= ? ORDER BY id LIMIT 1", self.clock.time() - KEPT_SECONDS)
        self.history.write(
            "DELETE FROM changes WHERE id < ? AND EXISTS (SELECT 1 FROM changes AS newer "
            "WHERE newer.device = changes.device AND newer.field = changes.field AND newer.id > changes.id)",
            young["id"] if young else 1 << 62,
        )  # fmt: skip


def _kept(field: str, value: Any) -> bool:
    """Whether a change is kept: what commands change, and what sensors notice ("open", "wet"); measured numbers are not."""
    if field == "value":
        return isinstance(value, str)
    return field not in MEASURED and not field.startswith("target_")
