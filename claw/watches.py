"""What the owner is told unasked: a leak or smoke, a door left open at night, a device that has been silent for a day."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import timedelta
from typing import Any

from claw.capabilities import Sensor
from claw.clock import PLAUSIBLE, Clock
from claw.device import Device
from claw.events import Events
from claw.house import DeviceAdded, DeviceChanged, House
from claw.moments import at_words
from claw.names import fold
from claw.reflex.states import noticed
from claw.turns.replies import call_of_it, capital, few, the

Tell = Callable[..., None]  # Agent.tell
Kept = dict[str, Any]

NIGHT, MORNING = 22, 6  # hours between which an open door is told
OPEN_SECONDS, TIMES = 600.0, 3  # how long it may be open, and how often one door is told in a night
SILENT_SECONDS, TOGETHER_SECONDS = 86400.0, 600.0  # until a device counts as silent; those of one hub are told together
SETTLE_SECONDS, HEARD_SECONDS = 600.0, 3600.0  # what discovery may take after a start; how often it is kept who was there
CHECK_SECONDS = 60.0  # while something is pending: the date may jump
CALM_SECONDS, RESTLESS = 600.0, 3  # a sensor that changes its mind so often is dry only when it was for so long

ALARMS = (  # words of a sort or name, what is called out, what is said of the sensor, and what when it is over
    (({"leak"}, {"water"}, {"moisture"}, {"flood"}), "Water!", "is wet", "is dry again"),
    (({"smoke"}, {"fire"}), "Smoke!", "has noticed smoke", "notices no more smoke"),
    (({"carbon", "monoxide"}, {"co"}), "Carbon monoxide! Please go out into the fresh air.", "has noticed it", "is clear again"),
    (({"gas"},), "Gas! Please open the windows and touch no switches.", "has noticed it", "is clear again"),
)
DOORS = {"door", "gate", "garage"}
INDOORS = {"bedroom", "bathroom", "toilet", "nursery", "closet", "cupboard", "wardrobe", "cabinet", "inner"}  # open at night


class Watches:
    """Listens to the house. What was told is kept together with the telling, so that a restart repeats and loses nothing."""

    def __init__(self, house: House, events: Events, clock: Clock, tell: Tell, calmly: Tell | None = None) -> None:
        """`tell`: at once, for alarms and doors; `calmly`: what may wait for the end of the owner's quiet hours."""
        self.house, self.events, self.clock, self.tell, self.calmly = house, events, clock, tell, calmly or tell
        self.kept: Kept = {"alarms": {}, "doors": {}, "silent": []} | json.loads(house.store.kept("watches") or "{}")
        self._began = clock.monotonic()
        self._closed: set[str] = set()  # doors that were seen closed since the start
        self._gone: set[str] = set()  # devices that left their hub since the last look
        self._brief: set[str] = set()  # alarms that came since the last look, and may be over again
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Watch until cancelled."""
        heard = self.clock.monotonic() + SETTLE_SECONDS
        forget = [self.events.subscribe(DeviceChanged, self._changed), self.events.subscribe(DeviceAdded, self._added)]
        try:
            while True:
                self._wake.clear()
                pending = self.look()
                if self.clock.monotonic() >= heard:
                    self._keep_heard()
                    heard = self.clock.monotonic() + HEARD_SECONDS
                wait = heard - self.clock.monotonic()
                await self.clock.until(self._wake, min(CHECK_SECONDS, wait) if pending else wait)
        finally:
            for one in forget:
                one()
            self._keep_heard()

    def _keep_heard(self) -> None:
        if self.clock.plausible():
            with contextlib.suppress(sqlite3.OperationalError):  # a full disk: then it is kept an hour later
                self.house.keep_heard()

    def _changed(self, event: DeviceChanged) -> None:
        """Look only after what may matter; nothing is done here, in the midst of a device's report."""
        device = event.device
        if device.left:
            self._gone.add(device.id)
        if not device.online:
            self._closed.discard(device.id)
        if noticed(device) and "value" in event.changes:
            self._brief.add(device.id)
        matters = _alarm(self.house, device) is not None or _opened(self.house, device) is not None
        if matters or not device.online or device.id in self.kept["silent"]:
            self._wake.set()

    def _added(self, event: DeviceAdded) -> None:
        self._gone.discard(event.device.id)
        self._wake.set()

    def look(self) -> bool:
        """Tell what is to be told; True while something may have to be told later though nothing changes."""
        kept, texts = deepcopy(self.kept), list[str]()
        present = [device for device in self.house.devices.values() if device.online]
        pending = [self._alarm(device, kept["alarms"], texts) for device in present]
        pending += [self._door(device, kept["doors"], texts) for device in present] if self.clock.plausible() else []
        calm = list[str]()
        pending += [self._silence(kept, calm)]
        if kept != self.kept or texts or calm:
            with self.house.store.transaction():
                for text in texts:
                    self.tell(text)
                for text in calm:
                    self.calmly(text)
                self.house.store.keep("watches", json.dumps(kept))
            self.kept = kept
        brief = self._brief & {device.id for device in present}
        self._brief.clear()
        return any(pending) or bool(brief)

    # -- water, smoke, gas

    def _alarm(self, device: Device, kept: Kept, texts: list[str]) -> bool:
        """Whether it is told later that this sensor is quiet again: a restless one must have been for a while."""
        alarm, seen = _alarm(self.house, device), device.id in self._brief or noticed(device)
        if alarm is None or seen is None:
            return False
        _, shout, is_so, over = alarm
        now, entry = self.clock.time(), kept.get(device.id, {"on": False, "at": 0.0, "times": 0})
        recent = abs(now - entry["at"]) < CALM_SECONDS
        if seen and not entry["on"]:
            kept[device.id] = {"on": True, "at": now, "times": entry["times"] + 1 if recent else 1}
            texts.append(f"{shout} {capital(self._called(device))} {is_so}.")
        elif seen:
            entry.pop("quiet", None)
        elif entry["on"] and (entry["times"] < RESTLESS or abs(now - entry.setdefault("quiet", now)) >= CALM_SECONDS):
            kept[device.id] = {"on": False, "at": now, "times": entry["times"]}
            texts.append(f"{capital(self._called(device))} {over}.")
        elif not entry["on"] and not recent:
            kept.pop(device.id, None)
        return not seen and bool(entry["on"])

    def _called(self, device: Device) -> str:
        """The device with its room: "the leak sensor under the sink (kitchen)"."""
        it, area = call_of_it(self.house, device), self.house.area(device)
        return it if not area or area.casefold() in it.casefold() else f"{it} ({the(area).removeprefix('the ')})"

    # -- doors at night

    def _door(self, device: Device, kept: Kept, texts: list[str]) -> bool:
        """Whether this door is open and may be told of later."""
        opened, now, tonight = _opened(self.house, device), self.clock.time(), self._tonight()
        entry = kept.get(device.id, {"since": 0.0, "sure": False, "said": "", "night": "", "times": 0})
        if opened is None:
            return False
        if not opened:
            self._closed.add(device.id)
            kept.pop(device.id, None)
            if entry["night"] and entry["night"] == tonight:
                kept[device.id] = {**entry, "since": 0.0, "said": ""}
            return False
        if not 0 < entry["since"] <= now:
            entry = {**entry, "since": now, "sure": device.id in self._closed}
        if tonight and entry["said"] != tonight and now - entry["since"] >= OPEN_SECONDS:
            times = entry["times"] if entry["night"] == tonight else 0
            texts += [self._open_since(device, entry)] if times < TIMES else []
            entry = {**entry, "said": tonight, "night": tonight, "times": times + 1}
        kept[device.id] = entry
        return True

    def _tonight(self) -> str:
        """The date on which this night began; empty by day."""
        now = self.clock.now()
        return (now - timedelta(hours=MORNING)).date().isoformat() if not MORNING <= now.hour < NIGHT else ""

    def _open_since(self, device: Device, entry: Kept) -> str:
        it = call_of_it(self.house, device)
        hint = f" Say “close {it}” and I close it." if {"close", "close_door"} & set(device.commands) else ""
        since = f"since {self._moment(entry['since'])}{'' if entry['sure'] else ' or longer'}"
        return f"{capital(it)} has been open {since}.{hint}"

    def _moment(self, at: float) -> str:
        return at_words(at, self.clock.now()).removeprefix("at ")

    # -- silent devices

    def _silence(self, kept: Kept, texts: list[str]) -> bool:
        """Whether some device does not answer and was not told of yet."""
        silent = {id: at for id, at in self._unheard().items() if id not in self._gone}
        known = {*kept["silent"], *self._gone}
        kept["silent"] = sorted(id for id in known if id not in self.house.devices or not self.house.devices[id].online)
        self._gone.clear()
        waiting = {id: at for id, at in silent.items() if id not in kept["silent"]}
        if self.clock.monotonic() - self._began < SETTLE_SECONDS or not self.clock.plausible():
            return bool(waiting)
        now = self.clock.time()
        if any(now - at >= SILENT_SECONDS for at in waiting.values()):
            told = {id: at for id, at in waiting.items() if now - at >= SILENT_SECONDS - TOGETHER_SECONDS}
            texts.append(f"I have not heard from {self._names(list(told))} since {self._moment(max(told.values()))}.")
            kept["silent"] = sorted({*kept["silent"], *told})
        return len(waiting) > 0

    def _unheard(self) -> dict[str, float]:
        """Known devices that do not answer, or have not been found since the start, and when each was last heard."""
        present = self.house.devices
        return {
            id: record.last_seen
            for id, record in self.house.records.items()
            if record.skill and record.last_seen >= PLAUSIBLE and not (id in present and present[id].online)
        }

    def _names(self, ids: Sequence[str]) -> str:
        names = sorted(self._name(id) for id in ids)
        return few(names, 4)

    def _name(self, id: str) -> str:
        if id in self.house.devices:
            return call_of_it(self.house, self.house.devices[id])
        record = self.house.records[id]
        name = record.called
        return the(f"{name} {record.owner_sort or record.kind}" if name.casefold() in self.house.areas else name)


def _alarm(house: House, device: Device) -> tuple[tuple[set[str], ...], str, str, str] | None:
    """What kind of alarm a sensor is, by its sort, else by its name; None when it is none."""
    if not isinstance(device, Sensor):
        return None
    said = set(fold(" ".join(house.sorts(device)) or house.name(device)))
    return next((alarm for alarm in ALARMS if any(words <= said for words in alarm[0])), None)


def _opened(house: House, device: Device) -> bool | None:
    """Whether a door, gate or garage is open, or the contact of one; None for everything else and what is not known."""
    if device.kind == "door":
        opened = device.state.get("open")
        return None if opened is None else bool(opened)
    if device.kind not in ("sensor", "shade"):
        return None
    sorts, words = set(fold(" ".join(house.sorts(device)))), set(fold(house.name(device)))
    if isinstance(device, Sensor) and (sorts & DOORS or (sorts <= {"contact", "opening"} and words & DOORS)):
        value = str(device.state.get("value")).casefold()
        return {"open": True, "closed": False}.get(value) if not (sorts | words) & INDOORS else None
    if device.kind == "shade" and sorts & DOORS and "position" in device.state:
        return bool(device.state["position"] > 3)
    return None
