"""The house: its devices as they are now, its rooms, and the owner's names for them, which survive rediscovery."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from weakref import WeakSet

from claw.clock import Clock
from claw.device import Device
from claw.discovery.found import clean
from claw.events import Events
from claw.hosting.secrets import redact
from claw.store import Store

V = TypeVar("V")
SILENT_SECONDS = 60.0  # an unkeyed device may come back elsewhere only after its old address was silent for so long
LONGEST = 300  # characters of why a device cannot be reached
GUARDED = ("door", "lock", "camera")  # kinds that never move unkeyed without the owner

FLAGS = ("room_asked", "name_asked", "away")  # of a record
MEASURED = ("temperature", "humidity", "value", "unit")  # fields that no command changes


@dataclass(frozen=True)
class Area:
    """A room or a part of the house."""

    name: str
    floor: str = ""
    parent: str = ""
    aliases: tuple[str, ...] = ()


@dataclass
class Record:
    """What the house remembers of a device while it is away."""

    id: str
    skill: str = ""
    name: str = ""
    kind: str = ""
    area: str = ""
    host: str = ""
    owner_name: str = ""
    owner_area: str | None = None
    owner_sort: str = ""
    aliases: list[str] = field(default_factory=list)
    room_asked: bool = False
    name_asked: bool = False
    away: bool = False  # could not be reached when last tried
    first_seen: float = 0.0
    last_seen: float = 0.0

    @property
    def called(self) -> str:
        """The owner's name for it, else the one that it gave itself."""
        return self.owner_name or self.name


@dataclass(frozen=True)
class DeviceChanged:
    """A device reported a change, or went, or came back."""

    device: Device
    changes: dict[str, Any]


@dataclass(frozen=True)
class DeviceAdded:
    """A device joined; `new` if the house has never seen it."""

    device: Device
    new: bool


@dataclass(frozen=True)
class DeviceDescribed:
    """The owner gave a device that is here a name, a room or a sort."""

    device: Device


@dataclass(frozen=True)
class DeviceHeld:
    """A known device appeared elsewhere without proof that it is the same; it is not used. `reason` is for the owner."""

    device: Device
    reason: str


@dataclass(frozen=True)
class DeviceMoved:
    """A known device was taken in at another address without proof that it is the same; the owner is told."""

    device: Device
    host: str


@dataclass(frozen=True, eq=False)
class Place:
    """A device as one connection gives it; `keyed` if that connection proved who is at the other end."""

    device: Device
    skill: str
    host: str
    keyed: bool


class House:
    """Devices by id, areas by folded name. Knows nothing of brands."""

    def __init__(self, store: Store, events: Events, clock: Clock) -> None:
        self.store, self.events, self.clock = store, events, clock
        self._started = clock.monotonic()
        self._heard: dict[str, float] = {}  # when each device was last there, since the start; the date may jump
        self.devices: dict[str, Device] = {}
        self.closing = False  # devices that go now go because we do
        self.version = 0  # grows with every change of names, rooms or devices
        self.areas: dict[str, Area] = {}
        self.said_areas = set[str]()  # folded names of those that a person named, and not only a device
        for row in store.all("SELECT * FROM areas"):
            self.areas[row["name"].casefold()] = Area(row["name"], row["floor"], row["parent"], tuple(json.loads(row["aliases"])))
        self.records = {row["id"]: _record(dict(row)) for row in store.all("SELECT * FROM devices")}
        self._spares: dict[str, list[Place]] = {}  # the same device over other connections
        self._watched = WeakSet[Device]()
        self._waiting: set[asyncio.Task[None]] = set()
        self._places: dict[str, Place] = {}  # where each device of `devices` came from
        self.said_areas |= {record.owner_area.casefold() for record in self.records.values() if record.owner_area}

    # -- devices

    def adopt(self, device: Device, *, skill: str, host: str = "", keyed: bool = False) -> str:
        """Take a device in; returns adopted, duplicate (same one twice), spare (known one elsewhere too), held or refused."""
        device.name = clean(redact(device.name)) or device.kind
        device.trouble = clean(redact(device.trouble), LONGEST)
        for word in ("area", "maker", "model", "sort"):
            setattr(device, word, clean(redact(str(getattr(device, word) or ""))))
        record, present = self.records.get(device.id), self.devices.get(device.id)
        place = Place(device, skill, host, keyed)
        if record and record.skill not in ("", skill):  # empty: the config described it before it was seen
            return self._hold(device, f"{device.name} has the identity of a device of another skill ({record.skill})", "refused")
        if present and present.online and record:
            if record.host == host:
                return "duplicate" if present is not device else "adopted"
            self._spare(place)
            return "spare"
        if record and (reason := self._unproved(place)):
            return self._hold(device, reason, "held")
        self._take(place)
        return "adopted"

    def _unproved(self, place: Place) -> str:
        """Why a device without a key may not come back at another address yet; empty when it may."""
        record = self.records[place.device.id]
        name = record.called
        if place.keyed or place.host == record.host or not record.host:
            return ""
        if record.kind in GUARDED:
            return f"{name} answers at a new address and cannot prove that it is the same {record.kind}"
        if self.clock.monotonic() - self._heard.get(record.id, self._started) < SILENT_SECONDS:
            return f"{name} answers at a new address while the old one was heard a moment ago"
        return ""

    def _hold(self, device: Device, reason: str, verdict: str) -> str:
        self.events.publish(DeviceHeld(device, reason))
        return verdict

    def _spare(self, place: Place) -> None:
        """Keep another way to a device that is here already."""
        self._spares.setdefault(place.device.id, []).append(place)
        self._watch(place.device)

    def _watch(self, device: Device) -> None:
        if device not in self._watched:
            self._watched.add(device)
            device.subscribe(self._observe)

    def _take(self, place: Place) -> None:
        device, skill, host = place.device, place.skill, place.host
        known, now = self.records.get(device.id), self.clock.time()
        new = known is None or not known.skill
        before = known or Record(device.id)
        record = replace(
            before, skill=skill, name=device.name, kind=device.kind, area=device.area, host=host,
            first_seen=before.first_seen or now, last_seen=now, away=False,
        )  # fmt: skip
        if device.area:
            self.add_area(Area(device.area), said=False)
        if record != replace(before, last_seen=now):
            self._save(record)  # first: on a full disk nothing is taken, and it comes again
        self.records[device.id], self._heard[device.id] = record, self.clock.monotonic()
        self.devices[device.id], self._places[device.id] = device, place
        self._watch(device)
        self.version += 1
        self.events.publish(DeviceAdded(device, new))
        if not place.keyed and before.host not in ("", host):
            self.events.publish(DeviceMoved(device, host))

    def accept_move(self, id: str, host: str) -> None:
        """The owner says that this device now stands at another address."""
        self.records[id].host = host
        self._save(self.records[id])
        if id in self.devices:
            self._promote(self.devices[id])

    def drop(self, device: Device) -> None:
        """The connection that gave this device has ended; a spare takes over, else it stays known as unreachable."""
        for spares in self._spares.values():
            spares[:] = [spare for spare in spares if spare.device is not device]
        if self.devices.get(device.id) is device:
            device.offline(device.trouble or "its connection was lost")

    def explain(self, skill: str, host: str, trouble: str) -> None:
        """Why the devices of this skill that stood at this address are still away."""
        for device in self.devices.values():
            record = self.records[device.id]
            if not device.online and (record.skill, record.host) == (skill, host):
                device.trouble = trouble

    def _observe(self, device: Device, changes: dict[str, Any]) -> None:
        device.trouble = clean(redact(device.trouble), LONGEST)
        present = self.devices.get(device.id)
        if present is not device:  # a spare came or went
            return self._promote(present) if present else None
        self.records[device.id].last_seen = self.clock.time()  # also when it goes: until now it was heard
        self._heard[device.id] = self.clock.monotonic()
        if not device.online:
            self.version += device.left
            self._promote(device)
        self._away(device.id, not device.online)
        self.events.publish(DeviceChanged(device, changes))
        return None

    def _away(self, id: str, away: bool) -> None:
        if self.records[id].away != away and not self.closing:
            self.records[id].away = away
            with contextlib.suppress(sqlite3.OperationalError):  # a full disk: it is only a hint for the next start
                self._save(self.records[id])

    def keep_heard(self) -> None:
        """Keep until when each device was there, since those that answer and do not change write nothing; for the next start."""
        now = self.clock.time()
        with self.store.transaction():
            for id, device in self.devices.items():
                self.records[id].last_seen = now if device.online else self.records[id].last_seen
                self.store.write("UPDATE devices SET last_seen = ? WHERE id = ?", self.records[id].last_seen, id)

    def missing(self) -> list[str]:
        """Devices that were here when last tried and have not been found again since the start."""
        return [id for id, record in self.records.items() if record.skill and not record.away and id not in self.devices]

    def give_up(self) -> None:
        """Expect the missing ones no longer, nor at the next start."""
        for id in self.missing():
            self._away(id, True)

    def _promote(self, device: Device) -> None:
        """Let a spare take the place of a device that cannot be reached, which becomes a spare itself unless it left for good."""
        spares = self._spares.get(device.id, [])
        ready = [spare for spare in spares if spare.device.online and not device.online]
        proved = next((spare for spare in ready if not self._unproved(spare)), None)
        if proved:
            spares.remove(proved)
            spares.extend([] if device.left else [self._places[device.id]])
            self._take(proved)
        elif device.left:
            del self.devices[device.id]
        elif ready:
            self._hold(ready[0].device, self._unproved(ready[0]), "held")
            self._try_later(device)

    def _try_later(self, device: Device) -> None:
        async def later() -> None:
            await self.clock.sleep(SILENT_SECONDS)
            if self.devices.get(device.id) is device:
                self._promote(device)

        if device.kind not in GUARDED:
            task = asyncio.get_running_loop().create_task(later())
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """The state of every device, as far as commands can change it."""
        return {id: _lasting(device.state) for id, device in self.devices.items()}

    def changed(self, before: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """What is different now from a snapshot: device id -> field -> value now."""
        now = {
            id: {field: value for field, value in state.items() if before.get(id, {}).get(field) != value}
            for id, state in self.snapshot().items()
        }
        return {id: changes for id, changes in now.items() if changes}

    # -- names and rooms

    def name(self, device: Device) -> str:
        """The owner's name for it, else the one that it gave itself."""
        return self._record(device).owner_name or device.name

    def _record(self, device: Device) -> Record:
        return self.records.get(device.id) or Record(device.id)

    def sort(self, device: Device) -> str:
        """What kind of its kind it is (blind, garage, plug, tv ...): from the device, else from the owner's name for it."""
        return self._record(device).owner_sort or device.sort

    def aliases(self, device: Device) -> list[str]:
        """The owner's other names for it."""
        return self._record(device).aliases

    def sorts(self, device: Device) -> list[str]:
        """Its own word for its sort and the owner's, which does not replace it where safety asks."""
        return [sort for sort in (device.sort, self._record(device).owner_sort) if sort]

    def called(self, device: Device) -> list[str]:
        """Everything that it goes by: sorts, its own name, the owner's, and the other names."""
        return [*self.sorts(device), *dict.fromkeys((device.name, self.name(device))), *self.aliases(device)]

    def area(self, device: Device) -> str:
        """Its room: the owner's word, else the protocol's, else a known room in its name, else empty."""
        said = self._record(device).owner_area
        return said if said is not None else device.area or self._area_in(self.name(device))

    def _area_in(self, name: str) -> str:
        words = f" {name.casefold()} "
        fits = [
            area for area in self.areas.values() for called in (area.name, *area.aliases) if f" {called.casefold()} " in words
        ]
        return max(fits, key=lambda area: len(area.name)).name if fits else ""

    def within(self, area: str) -> set[str]:
        """The folded names of this area and of all areas inside it."""
        inside, grew = {area.casefold()}, True
        while grew:
            more = {key for key, one in self.areas.items() if one.parent.casefold() in inside}
            grew = not more <= inside
            inside |= more
        return inside

    def roomless(self) -> list[Device]:
        """Devices whose room nobody knows and nobody was asked for yet."""
        return [d for d in self.devices.values() if not self.area(d) and not self.records[d.id].room_asked]

    def owned(self, device: Device) -> bool:
        """Whether its name is a person's: given here, or in the app of a hub that proved by its key who it is."""
        return bool(self._record(device).owner_name) or (device.id in self._places and self._places[device.id].keyed)

    def add_area(self, area: Area, *, anew: bool = False, said: bool = True) -> None:
        """Add a room, or replace what is known of it when it says more than a name, or `anew` in any case.

        said: a person named it, and not a device.
        """
        if said:
            self.said_areas.add(area.name.casefold())
        key, known = area.name.casefold(), self.areas.get(area.name.casefold())
        if known == area or (known and not anew and area == Area(area.name)):
            return
        with self.store.transaction():
            self.store.write("DELETE FROM areas WHERE lower(name) = lower(?)", area.name)
            self.store.insert("areas", name=area.name, floor=area.floor, parent=area.parent, aliases=list(area.aliases))
        self._put(self.areas, key, area)

    def _put(self, kept: dict[str, V], key: str, value: V) -> None:
        """Set what the store holds by now; a rollback takes it back here, too."""
        before = kept.get(key)
        self.store.on_rollback(lambda: kept.pop(key) if before is None else kept.__setitem__(key, before))
        kept[key] = value
        self.version += 1

    def describe(self, id: str, *, name: str | None = None, area: str | None = None, sort: str | None = None,
                 aliases: Iterable[str] | None = None, room_asked: bool | None = None,
                 name_asked: bool | None = None) -> None:  # fmt: skip
        """Keep what the owner says of a device (known or not yet seen); all of it or nothing."""
        old = self.records.get(id) or Record(id)
        said = {
            "owner_name": None if name is None else clean(name), "owner_area": None if area is None else clean(area),
            "owner_sort": None if sort is None else clean(sort), "room_asked": room_asked, "name_asked": name_asked,
            "aliases": None if aliases is None else [clean(alias) for alias in aliases],
        }  # fmt: skip
        record = replace(old, **{key: value for key, value in said.items() if value is not None})  # type: ignore[arg-type]
        with self.store.transaction():
            if area:
                self.add_area(Area(clean(area)))
            self._save(record)
            self._put(self.records, id, record)
        if id in self.devices:
            self.events.publish(DeviceDescribed(self.devices[id]))

    def _save(self, record: Record) -> None:
        flags = {name: int(getattr(record, name)) for name in FLAGS}
        row = {**record.__dict__, **flags, "aliases": json.dumps(record.aliases)}
        marks = ", ".join(f":{key}" for key in row)
        self.store.conn.execute(f"INSERT OR REPLACE INTO devices ({', '.join(row)}) VALUES ({marks})", row)


def _lasting(state: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in state.items() if field not in MEASURED and not field.startswith("target_")}


def _record(row: dict[str, Any]) -> Record:
    flags = {name: bool(row[name]) for name in FLAGS}
    return Record(**{**row, **flags, "aliases": json.loads(row["aliases"])})
