"""Fires the routines that wait for an event, when what devices report comes to be so. A restart loses and repeats nothing.

What was so when it was last looked at is kept together with the firing, so that a change that nobody saw counts when it is seen.
"""

import asyncio
import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from claw.clock import Clock
from claw.device import Device
from claw.events import Events
from claw.house import DeviceAdded, DeviceChanged, House
from claw.reflex.events import holds, told
from claw.routines import which
from claw.routines.routine import Routine, RoutinesChanged
from claw.routines.routines import Routines
from claw.when import Event

REST = 10.0  # seconds between two firings of one routine
MOST, MINUTE = 5, 60.0  # firings in so many seconds: then it is paused
LONGEST_WAIT, FULL_DISK = 3600.0, 30.0  # seconds
ALL = "all"  # the key of what must be so of all devices together
Kept = dict[str, dict[str, float | None]]  # routine -> device -> None: not so; since when, if that still counts; 0: it is so


@dataclass(frozen=True)
class Change:
    """What a device reported made the condition of a routine so, or not so any more."""

    routine: int
    key: str
    device: str
    so: bool
    at: float
    dark: float  # when the device was last heard before that


class Triggers:
    """Listens to the house, and looks after each change."""

    def __init__(self, house: House, routines: Routines, events: Events, clock: Clock, tell: Callable[[str], object]) -> None:
        self.house, self.routines, self.events, self.clock, self.tell = house, routines, events, clock, tell
        self.kept: Kept = json.loads(house.store.kept("triggers") or "{}")
        self._dark = {id: record.last_seen for id, record in house.records.items()}
        self._so = {(id, key): at is not None for id, entries in self.kept.items() for key, at in entries.items()}
        self._waiting: dict[str, list[tuple[Routine, Event]]] = {}  # by device
        self.changes: list[Change] = []
        self._wake = asyncio.Event()
        self._index()

    async def run(self) -> None:
        """Watch until cancelled."""
        forget = [
            self.events.subscribe(DeviceChanged, lambda event: self._note(event.device)),
            self.events.subscribe(DeviceAdded, lambda event: self._note(event.device)),
            self.events.subscribe(RoutinesChanged, lambda event: self._index()),
        ]
        try:
            self._index()
            while True:
                self._wake.clear()
                await self.clock.until(self._wake, self._patience())
        finally:
            for one in forget:
                one()

    def _patience(self) -> float:
        """Look, and give the seconds until it is worth looking again."""
        try:
            return self.look()
        except sqlite3.OperationalError:  # a full disk: what happened is kept in memory and tried again
            return FULL_DISK

    def _index(self) -> None:
        """Which routines wait for which device; of a new one, what is so now is no event."""
        self._waiting = defaultdict(list)
        for one in self.routines.all():
            for id in one.when.event.devices if one.when.event else ():
                self._waiting[id].append((one, one.when.event))  # type: ignore[arg-type]
        for device in list(self.house.devices.values()):
            self._note(device)
        self._wake.set()

    def _note(self, device: Device) -> None:
        """Notice what has changed; nothing is done here, in the midst of a device's report."""
        now = self.clock.time()
        dark = self._dark.pop(device.id, now) if device.online else self._dark.setdefault(device.id, now)
        for one, event in self._waiting.get(device.id, ()):
            key = ALL if event.together else device.id
            was = self._so.get((str(one.id), key))
            so = self._holds(event, device, was)
            if so is not None and so != was:
                self._so[str(one.id), key] = so
                self.changes.append(Change(one.id, key, device.id, so, now, dark))
                self._wake.set()

    def _holds(self, event: Event, device: Device, was: bool | None) -> bool | None:
        if not event.together:
            return holds(event, device, was)
        each = [holds(event, one) if (one := self.house.devices.get(id)) else None for id in event.devices]
        return False if False in each else None if None in each else True

    def look(self) -> float:
        """Fire what happened; returns the seconds until something may be due (at most 3600)."""
        now, alive = self.clock.time(), {str(one.id): one for one in self.routines.all() if one.when.event}
        kept: Kept = {id: dict(self.kept.get(id, {})) for id in alive}
        with self.house.store.transaction():
            for change in self.changes:
                if str(change.routine) in alive:
                    self._take(alive[str(change.routine)], change, kept[str(change.routine)])
            left = [self._lasting(one, kept[id], now) for id, one in alive.items()]
            if kept != self.kept:
                self.house.store.keep("triggers", json.dumps(kept))
        self.kept = kept
        self.changes.clear()
        self._so = {(id, key): so for (id, key), so in self._so.items() if id in alive}
        return min(LONGEST_WAIT, *left) if left else LONGEST_WAIT

    def _take(self, one: Routine, change: Change, entries: dict[str, float | None]) -> None:
        """Keep a change, and fire if it is one into the condition that need not last."""
        known, was = change.key in entries, entries.get(change.key)
        lasting = one.when.event is not None and one.when.event.seconds > 0
        if not change.so or was is None:
            entries[change.key] = None if not change.so else change.at if lasting else 0.0
        if known and was is None and change.so and not lasting:
            self._fire(one, change.device, change.dark if one.granted else change.at)

    def _lasting(self, one: Routine, entries: dict[str, float | None], now: float) -> float:
        """Fire what has been so for as long as it must; returns the seconds until the next may have."""
        seconds = one.when.event.seconds if one.when.event else 0
        waiting = {key: at for key, at in entries.items() if seconds and at}
        for key, at in waiting.items():
            if now - at >= seconds:
                entries[key] = 0.0
                self._fire(one, one.when.event.devices[0] if one.when.event and key == ALL else key, now)
        left = [at + seconds - now for key, at in waiting.items() if entries[key]]
        return min([*left, MINUTE]) if left else LONGEST_WAIT

    def _fire(self, one: Routine, id: str, due: float) -> None:
        """Once in REST seconds; what comes again and again is paused, since it may be its own cause."""
        now, device = self.clock.time(), self.house.devices.get(id)
        recent = [row["at"] for row in self.routines.store.all(
            "SELECT at FROM runs WHERE routine = ? AND at BETWEEN ? AND ? ORDER BY at", one.id, now - MINUTE, now)]  # fmt: skip
        current = self.routines.get(one.id)
        if not current or current.status != "on" or not one.when.event or not self.routines.comes(one.when, one.zone, one.id):
            return
        if recent and recent[-1] > now - REST:
            return
        if len(recent) >= MOST:
            self.routines.pause(one.id)
            self.tell(f"This came {MOST} times within a minute, so I paused it: {which.words(self.routines, one)}. "
                      f"Say “resume routine {one.id}” when it may go on.")  # fmt: skip
            return
        self.routines.happened(one, id, told(one.when.event, self.house, device) if device else one.do, due)
