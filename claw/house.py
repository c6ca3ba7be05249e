"""The house: its devices as they are now, its rooms, and the owner's names for them, which survive rediscovery."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from claw.clock import Clock
from claw.device import Device
from claw.discovery.found import clean
from claw.events import Events
from claw.store import Store

SILENT_SECONDS = 60.0  # an unkeyed device may come back elsewhere only after its old address was silent for so long
GUARDED = ("door", "lock", "camera")  # kinds that never move unkeyed without the owner

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
    skill: str
    name: str
    kind: str
    area: str
    host: str
    owner_name: str = ""
    owner_area: str | None = None
    owner_sort: str = ""
    aliases: list[str] = field(default_factory=list)
    room_asked: bool = False
    first_seen: float = 0.0
    last_seen: float = 0.0


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
class DeviceHeld:
    """A known device appeared elsewhere without proof that it is the same; it is not used. `reason` is for the owner."""

    device: Device
    reason: str


class House:
    """Devices by id, areas by folded name. Knows nothing of brands."""

    def __init__(self, store: Store, events: Events, clock: Clock) -> None:
        self.store, self.events, self.clock = store, events, clock
        self.started = clock.time()
        self.devices: dict[str, Device] = {}
        self.version = 0  # grows with every change of names, rooms or devices
        self.areas: dict[str, Area] = {}
        for row in store.all("SELECT * FROM areas"):
            self.areas[row["name"].casefold()] = Area(row["name"], row["floor"], row["parent"], tuple(json.loads(row["aliases"])))
        self.records = {row["id"]: _record(dict(row)) for row in store.all("SELECT * FROM devices")}
        self._spares: dict[str, list[tuple[Device, str, str, bool]]] = {}

    # -- devices

    def adopt(self, device: Device, *, skill: str, host: str = "", keyed: bool = False) -> str:
        """Take a device in; returns adopted, duplicate (same one twice), spare (known one elsewhere too), held or refused."""
        device.name = clean(device.name) or device.kind
        device.area = clean(device.area)
        record, present = self.records.get(device.id), self.devices.get(device.id)
        if record and record.skill != skill:
            return self._hold(device, f"{device.name} has the identity of a device of another skill ({record.skill})", "refused")
        if present and present.online and record:
            if record.host == host:
                return "duplicate" if present is not device else "adopted"
            self._spares.setdefault(device.id, []).append((device, skill, host, keyed))
            return "spare"
        if record and record.host and record.host != host and not keyed and (reason := self._unproved(record, present)):
            return self._hold(device, reason, "held")
        self._take(device, skill, host)
        return "adopted"

    def _unproved(self, record: Record, present: Device | None) -> str:
        """Why a device without a key may not come back at another address yet; empty when it may."""
        name = record.owner_name or record.name
        if record.kind in GUARDED:
            return f"{name} answers at a new address and cannot prove that it is the same {record.kind}"
        if self.clock.time() - max(record.last_seen, self.started) < SILENT_SECONDS:
            return f"{name} answers at a new address while the old one was heard a moment ago"
        return ""

    def _hold(self, device: Device, reason: str, verdict: str) -> str:
        self.events.publish(DeviceHeld(device, reason))
        return verdict

    def _take(self, device: Device, skill: str, host: str) -> None:
        known, now = self.records.get(device.id), self.clock.time()
        new = known is None
        before = known or Record(device.id, skill, "", "", "", host, first_seen=now)
        seen = {"name": device.name, "kind": device.kind, "area": device.area, "host": host}
        record = replace(before, **seen, last_seen=now)
        if device.area:
            self.add_area(Area(device.area))
        if new or record != replace(before, last_seen=now):
            self._save(record)  # first: on a full disk nothing is taken, and it comes again
        self.records[device.id] = record
        self.devices[device.id] = device
        device.subscribe(self._observe)
        self.version += 1
        self.events.publish(DeviceAdded(device, new))

    def accept_move(self, id: str, host: str) -> None:
        """The owner says that this device now stands at another address."""
        self.records[id].host = host
        self._save(self.records[id])

    def drop(self, device: Device) -> None:
        """The connection that gave this device has ended; a spare takes over, else it stays known as unreachable."""
        for spares in self._spares.values():
            spares[:] = [spare for spare in spares if spare[0] is not device]
        if self.devices.get(device.id) is device:
            device.offline(device.trouble or "its connection was lost")

    def _observe(self, device: Device, changes: dict[str, Any]) -> None:
        if self.devices.get(device.id) is not device:
            return
        if device.online or changes:
            self.records[device.id].last_seen = self.clock.time()
        if not device.online:
            self.version += device.left
            self._promote(device)
        self.events.publish(DeviceChanged(device, changes))

    def _promote(self, device: Device) -> None:
        """Let a spare of a device that went away take its place."""
        spares = self._spares.get(device.id, [])
        if device.left:
            del self.devices[device.id]
        for spare, skill, host, keyed in list(spares):
            if spare.online and (keyed or device.kind not in GUARDED):
                spares.remove((spare, skill, host, keyed))
                self._take(spare, skill, host)
                return

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """The state of every device, as far as commands can change it."""
        return {
            id: {
                field: value for field, value in device.state.items() if field not in MEASURED and not field.startswith("target_")
            }
            for id, device in self.devices.items()
        }

    def changed(self, before: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """What is different now from a snapshot: device id -> field -> value now."""
        changed = {}
        for id, state in self.snapshot().items():
            if different := {field: value for field, value in state.items() if before.get(id, {}).get(field) != value}:
                changed[id] = different
        return changed

    # -- names and rooms

    def name(self, device: Device) -> str:
        """The owner's name for it, else the one that it gave itself."""
        record = self.records.get(device.id)
        return (record.owner_name if record else "") or device.name

    def sort(self, device: Device) -> str:
        """What kind of its kind it is (blind, garage, plug, tv ...): from the device, else from the owner's name for it."""
        record = self.records.get(device.id)
        return (record.owner_sort if record else "") or device.sort

    def aliases(self, device: Device) -> list[str]:
        """The owner's other names for it."""
        record = self.records.get(device.id)
        return record.aliases if record else []

    def area(self, device: Device) -> str:
        """Its room: the owner's word, else the protocol's, else a known room in its name, else empty."""
        record = self.records.get(device.id)
        if record and record.owner_area is not None:
            return record.owner_area
        return device.area or self._area_in(self.name(device))

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

    def in_area(self, area: str) -> list[Device]:
        """The devices of an area and of the areas inside it."""
        inside = self.within(area)
        return [device for device in self.devices.values() if self.area(device).casefold() in inside]

    def roomless(self) -> list[Device]:
        """Devices whose room nobody knows and nobody was asked for yet."""
        return [d for d in self.devices.values() if not self.area(d) and not self.records[d.id].room_asked]

    def add_area(self, area: Area) -> None:
        """Add a room, or replace what is known of it when it says more than a name."""
        key, known = area.name.casefold(), self.areas.get(area.name.casefold())
        if known == area or (known and area == Area(area.name)):
            return
        with self.store.transaction():
            self.store.write("DELETE FROM areas WHERE lower(name) = lower(?)", area.name)
            self.store.insert("areas", name=area.name, floor=area.floor, parent=area.parent, aliases=list(area.aliases))
        self.areas[key] = area
        self.version += 1

    def describe(self, id: str, *, name: str | None = None, area: str | None = None, sort: str | None = None,
                 aliases: Iterable[str] | None = None, room_asked: bool | None = None) -> None:  # fmt: skip
        """Keep what the owner says of a device (known or not yet seen)."""
        record = self.records.setdefault(id, Record(id, "", "", "", "", ""))
        record.owner_name = record.owner_name if name is None else clean(name)
        record.owner_sort = record.owner_sort if sort is None else clean(sort)
        record.aliases = record.aliases if aliases is None else [clean(alias) for alias in aliases]
        record.room_asked = record.room_asked if room_asked is None else room_asked
        if area is not None:
            record.owner_area = clean(area)
            self.add_area(Area(record.owner_area)) if record.owner_area else None
        self._save(record)
        self.version += 1

    def _save(self, record: Record) -> None:
        row = {**record.__dict__, "aliases": json.dumps(record.aliases), "room_asked": int(record.room_asked)}
        marks = ", ".join(f":{key}" for key in row)
        self.store.conn.execute(f"INSERT OR REPLACE INTO devices ({', '.join(row)}) VALUES ({marks})", row)


def _record(row: dict[str, Any]) -> Record:
    return Record(**{**row, "aliases": json.loads(row["aliases"]), "room_asked": bool(row["room_asked"])})
