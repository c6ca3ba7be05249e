"""HomeKit over IP: accessories and bridges, paired by their 8-digit code, with encrypted events (aiohomekit).

Addresses come from `Found` only, so that a house stays inside its subnets: aiohomekit's own mDNS following is not used.
Thread (CoAP) and Bluetooth accessories are left out.
"""
# ruff: noqa: E402, I001

import asyncio
import contextlib
import json
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

sys.modules.setdefault("aiocoap", None)  # type: ignore[arg-type]  # else aiohomekit imports all of it: 1.5 MB and 10 ms

from aiohomekit.characteristic_cache import CharacteristicCacheMemory
from aiohomekit.controller.ip import IpController, IpDiscovery, IpPairing
from aiohomekit.exceptions import AccessoryDisconnectedError, AuthenticationError, HomeKitException
from aiohomekit.exceptions import HttpErrorResponse, InvalidError, MaxTriesError, UnavailableError
from aiohomekit.model.categories import Categories
from aiohomekit.model.characteristics import CharacteristicsTypes as C
from aiohomekit.model.characteristics.characteristic import check_convert_value
from aiohomekit.model.feature_flags import FeatureFlags
from aiohomekit.model.services import ServicesTypes as S
from aiohomekit.protocol.statuscodes import to_status_code

from claw.skill import Ask, Brightness, ColorTemperature, Device, DeviceError, Door, Found, Home, Humidity, Lock, Position, Power
from claw.skill import Sensor, Speed, Thermostat, Tilt, ask_until, mdns, mired_to_kelvin, mired_within, sense, shape, skill

POLL = 300  # seconds between two readings of everything, behind the events
AT_ONCE = 48  # characteristics in one request; more make the address too long for some accessories
JAMMED, UNKNOWN = 2, 3  # LockCurrentState
MODES = ("off", "heat", "cool", "heat_cool")  # TargetHeatingCoolingState 0-3
OTHERS = "it is paired with another controller; remove it there first"
LOST = "the connection to it was lost"

YES_NO = {0: False, 1: True}.get  # HAP booleans come as true and false or as 1 and 0
# what is reported as it is: characteristic -> field, conversion (HAP specification R2, chapter 9)
PLAIN: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    (C.ON, "on", YES_NO),
    (C.ACTIVE, "on", YES_NO),
    (C.BRIGHTNESS, "brightness", round),
    (C.COLOR_TEMPERATURE, "color_temperature", mired_to_kelvin),
    (C.ROTATION_SPEED, "speed", round),
    (C.TEMPERATURE_CURRENT, "temperature", float),
    (C.TEMPERATURE_TARGET, "target", float),
    (C.RELATIVE_HUMIDITY_CURRENT, "humidity", round),
    (C.HEATING_COOLING_TARGET, "mode", dict(enumerate(MODES)).get),
    (C.POSITION_CURRENT, "position", round),
    (C.POSITION_TARGET, "target_position", round),
    (C.HORIZONTAL_TILT_CURRENT, "tilt", lambda angle: 100 - abs(angle) / 0.9),  # degrees from level, which is open
    (C.LOCK_MECHANISM_CURRENT_STATE, "locked", YES_NO),
    (C.LOCK_MECHANISM_TARGET_STATE, "target_locked", YES_NO),
    (C.DOOR_STATE_CURRENT, "open", {0: True, 1: False, 2: False, 3: True, 4: True}.get),  # 2 opening, 3 closing, 4 stopped
    (C.DOOR_STATE_TARGET, "target_open", {0: True, 1: False}.get),
)
LEVEL, ALARM = ("", "excellent", "good", "fair", "inferior", "poor"), ("clear", "detected")
# sensors: service -> characteristic, sort, and the words of its values, else the unit of its number
SENSORS: dict[str, tuple[str, str, tuple[str, ...] | str]] = {
    S.LEAK_SENSOR: (C.LEAK_DETECTED, "leak", ("dry", "wet")),
    S.MOTION_SENSOR: (C.MOTION_DETECTED, "motion", ALARM),
    S.OCCUPANCY_SENSOR: (C.OCCUPANCY_DETECTED, "occupancy", ALARM),
    S.CONTACT_SENSOR: (C.CONTACT_STATE, "contact", ("closed", "open")),
    S.SMOKE_SENSOR: (C.SMOKE_DETECTED, "smoke", ALARM),
    S.CARBON_MONOXIDE_SENSOR: (C.CARBON_MONOXIDE_DETECTED, "carbon monoxide", ALARM),
    S.CARBON_DIOXIDE_SENSOR: (C.CARBON_DIOXIDE_DETECTED, "carbon dioxide", ALARM),
    S.AIR_QUALITY_SENSOR: (C.AIR_QUALITY, "air quality", LEVEL),
    S.TEMPERATURE_SENSOR: (C.TEMPERATURE_CURRENT, "temperature", "°C"),
    S.HUMIDITY_SENSOR: (C.RELATIVE_HUMIDITY_CURRENT, "humidity", "%"),
    S.LIGHT_SENSOR: (C.LIGHT_LEVEL_CURRENT, "brightness", "lx"),
    S.BATTERY_SERVICE: (C.BATTERY_LEVEL, "battery", "%"),
}


READ = {type for type, _, _ in PLAIN} | {type for type, _, _ in SENSORS.values()} | {C.POSITION_STATE}


class HomekitDevice(Device):
    """One service of an accessory; `raw` holds the values that it reported, by characteristic."""

    def __init__(self, hub: "Hub", accessory: Any, service: Any, name: str, sort: str) -> None:
        super().__init__(
            f"homekit-{hub.found.id}-{accessory.aid}-{service.iid}", name,
            found=hub.found, sort=sort, maker=accessory.manufacturer, model=accessory.model or "",
        )  # fmt: skip
        self.hub, self.service = hub, service
        readable = (char for char in service.characteristics if char.type in READ and "pr" in char.perms)
        self.iids = {(accessory.aid, char.iid): char.type for char in readable}
        self.aid = accessory.aid
        self.raw: dict[str, Any] = {}
        self.before: dict[str, Any] = {}  # `raw` at the last command, until the device is seen to act on it

    async def refresh(self) -> None:
        self.take(await self.hub.fetch(self.iids))

    def take(self, rows: dict[tuple[int, int], dict[str, Any]]) -> None:
        """Take over what was read or pushed; DeviceError for nonsense."""
        mine = {type: rows[key] for key, type in self.iids.items() if key in rows}
        if any(row.get("status") for row in mine.values()):
            return self.offline("its bridge cannot reach it")
        self.raw.update({type: row["value"] for type, row in mine.items() if row.get("value") is not None})
        with sense():
            state = self.report()
        return self.update(**state)

    def report(self) -> dict[str, Any]:
        """The state of the device by the raw values."""
        return {field: convert(self.raw[type]) for type, field, convert in PLAIN if type in self.raw and field in self.fields}

    async def write(self, **values: Any) -> None:
        """Write characteristics, named as in CharacteristicsTypes; DeviceError says what it takes, or that it refused."""
        rows = []
        for name, value in values.items():
            char = self.service[getattr(C, name)]
            if None not in (char.minValue, char.maxValue) and not char.minValue <= value <= char.maxValue:
                raise DeviceError(f"it takes {char.minValue:g} to {char.maxValue:g}")
            rows.append({"aid": self.aid, "iid": char.iid, "value": check_convert_value(value, char)})
        self.before = dict(self.raw)
        await self.hub.put(rows)


class Switch(HomekitDevice):
    kind = "switch"

    async def turn_on(self, **more: Any) -> None:
        await self.write(**{"ON" if self.service.has(C.ON) else "ACTIVE": 1}, **more)

    async def turn_off(self) -> None:
        await self.write(**{"ON" if self.service.has(C.ON) else "ACTIVE": 0})

    async def set_brightness(self, brightness: int) -> None:
        await (self.turn_on(BRIGHTNESS=brightness) if brightness else self.turn_off())

    async def set_color_temperature(self, color_temperature: int) -> None:
        char = self.service[C.COLOR_TEMPERATURE]
        await self.write(COLOR_TEMPERATURE=mired_within(color_temperature, char.minValue or 50, char.maxValue or 400))

    async def set_speed(self, speed: int) -> None:
        await (self.turn_on(ROTATION_SPEED=speed) if speed else self.turn_off())


class Light(Switch):
    kind = "light"


class Fan(Switch):
    kind = "fan"


class Climate(HomekitDevice):
    kind = "thermostat"
    last = "heat"

    async def set_target(self, target: float) -> None:
        await self.write(TEMPERATURE_TARGET=target)

    async def set_mode(self, mode: str) -> None:
        known = [MODES[number] for number in self.service[C.HEATING_COOLING_TARGET].valid_values or range(4)]
        if mode not in known:
            raise DeviceError(f"it has no mode {mode.replace('_', ' and ')}; it has {', '.join(known).replace('_', ' and ')}")
        await self.write(HEATING_COOLING_TARGET=MODES.index(mode))

    async def turn_on(self) -> None:
        await self.set_mode(self.last)

    def report(self) -> dict[str, Any]:
        state = super().report()
        self.last = state["mode"] if state.get("mode") not in ("off", None) else self.last
        return state


class Shade(HomekitDevice):
    """TargetPosition stays what was asked when a motor gets stuck; then the target that we report is where it stands."""

    kind = "shade"

    async def set_position(self, position: int) -> None:
        await self.write(POSITION_TARGET=position)

    async def stop(self) -> None:
        if self.service.has(C.POSITION_HOLD):
            return await self.write(POSITION_HOLD=1)
        await self.refresh()
        return await self.write(POSITION_TARGET=self.raw[C.POSITION_CURRENT])

    async def set_tilt(self, tilt: int) -> None:
        lowest = self.service[C.HORIZONTAL_TILT_TARGET].minValue
        await self.write(HORIZONTAL_TILT_TARGET=(100 - tilt) * (-0.9 if lowest else 0.9))

    def report(self) -> dict[str, Any]:
        state = super().report()
        if self.raw.get(C.POSITION_STATE, 2) != 2:
            self.before.clear()
        elif not self.before and "position" in state:
            state["target_position"] = state["position"]
        return state


class Bolt(HomekitDevice):
    """A lock that jams gives up its target; what it is then, nobody knows, so the last state that it knew stays."""

    kind = "lock"

    async def lock(self) -> None:
        await self.write(LOCK_MECHANISM_TARGET_STATE=1)

    async def unlock(self) -> None:
        await self.write(LOCK_MECHANISM_TARGET_STATE=0)

    def report(self) -> dict[str, Any]:
        state, current = super().report(), self.raw.get(C.LOCK_MECHANISM_CURRENT_STATE)
        if current in (JAMMED, UNKNOWN):
            state["locked"] = self.state.get("locked")
        if current != JAMMED:
            self.before.clear()
        elif self.before.get(C.LOCK_MECHANISM_CURRENT_STATE) != JAMMED:
            state["target_locked"] = state["locked"]
        return state


class GarageDoor(HomekitDevice):
    """A door that stops half-way is open and goes nowhere."""

    kind = "door"

    async def open_door(self) -> None:
        await self.write(DOOR_STATE_TARGET=0)

    async def close_door(self) -> None:
        await self.write(DOOR_STATE_TARGET=1)

    def report(self) -> dict[str, Any]:
        state = super().report()
        return state | {"target_open": True} if self.raw.get(C.DOOR_STATE_CURRENT) == 4 else state


class Meter(HomekitDevice):
    kind = "sensor"

    def report(self) -> dict[str, Any]:
        type, _, meaning = SENSORS[self.service.type]
        if type not in self.raw:
            return {}
        if isinstance(meaning, str):
            return {"value": float(self.raw[type]), "unit": meaning}
        return {"value": meaning[int(self.raw[type])], "unit": ""}


# service -> class, sort, what it can always do, what it can do with that characteristic
SERVICES: dict[str, tuple[type[HomekitDevice], str, tuple[type, ...], dict[str, type]]] = {
    S.LIGHTBULB: (Light, "", (Power,), {C.BRIGHTNESS: Brightness, C.COLOR_TEMPERATURE: ColorTemperature}),
    S.OUTLET: (Switch, "outlet", (Power,), {}),
    S.SWITCH: (Switch, "", (Power,), {}),
    S.FAN: (Fan, "", (Power,), {C.ROTATION_SPEED: Speed}),
    S.FAN_V2: (Fan, "", (Power,), {C.ROTATION_SPEED: Speed}),
    S.THERMOSTAT: (Climate, "", (Thermostat,), {C.RELATIVE_HUMIDITY_CURRENT: Humidity}),
    S.WINDOW_COVERING: (Shade, "", (Position,), {C.HORIZONTAL_TILT_TARGET: Tilt}),
    S.WINDOW: (Shade, "window", (Position,), {}),
    S.LOCK_MECHANISM: (Bolt, "", (Lock,), {}),
    S.GARAGE_DOOR_OPENER: (GarageDoor, "garage", (Door,), {}),
}
SERVICES.update({service: (Meter, sort, (Sensor,), {}) for service, (_, sort, _) in SENSORS.items()})


def devices_of(hub: "Hub", accessory: Any) -> Iterator[HomekitDevice]:
    """One device per service that we know; the first of its accessory has the accessory's name."""
    known = [service for service in accessory.services if service.type in SERVICES]
    for service in known:
        kind, sort, always, maybe = SERVICES[service.type]
        twins = sum(service.type == other.type for other in known) > 1
        name = f"{accessory.name} {sort or kind.kind}"
        if service is known[0] and not twins:
            name = accessory.name
        elif twins:
            name = service.value(C.CONFIGURED_NAME) or service.value(C.NAME) or name
        abilities = (*always, *(ability for type, ability in maybe.items() if service.has(type)))
        yield shape(kind, *abilities)(hub, accessory, service, name, sort)


class Hub:
    """The encrypted connection to one accessory or bridge, and the devices behind it.

    Writes do not go through IpPairing.put_characteristics: it tells listeners what was written as if that had been reported.
    """

    def __init__(self, found: Found, home: Home) -> None:
        self.found, self.home = found, home
        data = json.loads(home.secrets.get(f"pairing:{found.id}") or "{}")
        data |= {"AccessoryIP": found.host, "AccessoryIPs": [found.host], "AccessoryPort": found.port}
        self.pairing = IpPairing(controller(home), data)
        self.pairing.dispatcher_connect(self._heard)
        self.devices: dict[str, HomekitDevice] = {}
        self._due = float("inf")  # when all should be read again
        self._lost = False
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        """Connect; DeviceError when it cannot be reached, or knows us no more."""
        for _ in range(10):
            with contextlib.suppress(TimeoutError, AuthenticationError):
                async with asyncio.timeout(1):  # aiohomekit goes on trying meanwhile
                    return await self.pairing.connection.ensure_connection()
            error = self.pairing.connection.last_connector_error
            # without any pairing it answers so early that aiohomekit only calls it invalid; then its TXT record says so too
            if isinstance(error, AuthenticationError) or (isinstance(error, InvalidError) and unpaired(self.found)):
                # anyone could claim that, so the key is kept for when a person pairs anew
                self.home.secrets.set(f"refused:{self.found.id}", "yes")
                raise DeviceError("it has removed our pairing; it must be paired again")
        raise DeviceError("it cannot be reached")

    async def survey(self) -> list[HomekitDevice]:
        """Subscribe and read everything; returns the devices that are new."""
        await self._request(self.pairing.list_accessories_and_characteristics)
        there = {device.id: device for accessory in self.pairing.accessories or () for device in devices_of(self, accessory)}
        new = [device for id, device in there.items() if id not in self.devices]
        for id in set(self.devices) - set(there):
            self.devices.pop(id).leave()
        self.devices |= {device.id: device for device in new}
        await self._subscribe()
        await self._read()
        return new

    async def _subscribe(self) -> None:
        """Ask for events, one request per accessory as Apple's controllers do it."""
        for accessory in self.pairing.accessories or ():
            keys = [key for device in self.devices.values() if device.aid == accessory.aid for key in device.iids]
            if keys:
                rows = [{"aid": aid, "iid": iid, "ev": True} for aid, iid in keys]
                await self._request(self.pairing.connection.put_json, "/characteristics", {"characteristics": rows})

    async def idle(self) -> None:
        """Return after POLL seconds; DeviceError when the connection was lost, since a new one knows no subscriptions."""
        clock = self.home.clock
        end = clock.monotonic() + POLL
        while (now := clock.monotonic()) < end:
            if self._lost or not self.pairing.is_connected:
                raise DeviceError(LOST)
            if now >= self._due:
                await self._read()
            await clock.sleep(1)

    async def _read(self) -> None:
        self._due = float("inf")
        self._share(await self.fetch(key for device in self.devices.values() for key in device.iids))

    async def fetch(self, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], dict[str, Any]]:
        """What these characteristics are now: rows with a value or a status."""
        wanted, rows = list(keys), dict[tuple[int, int], dict[str, Any]]()
        for start in range(0, len(wanted), AT_ONCE):
            rows |= await self._request(self.pairing.get_characteristics, wanted[start : start + AT_ONCE])
        return rows

    async def put(self, rows: list[dict[str, Any]]) -> None:
        """Write characteristics; DeviceError when the accessory refuses one."""
        self._due = self.home.clock.monotonic() + 1  # an older event may come after the answer (HAP-python holds them 0.5 s)
        reply = await self._request(self.pairing.connection.put_json, "/characteristics", {"characteristics": rows})
        for row in reply.get("characteristics", []) if isinstance(reply, dict) else []:
            if row.get("status"):
                raise DeviceError(f"it refused: {to_status_code(row['status']).description}")

    async def _request(self, call: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """One request at a time, and only while encrypted: aiohomekit would send it in clear while it reconnects."""
        async with self._lock:
            if not self.pairing.is_connected:
                raise DeviceError("it cannot be reached")
            try:
                with sense():
                    return await call(*args)
            except HttpErrorResponse as error:
                raise DeviceError(f"it refused with status {error.response.code}") from error
            except AccessoryDisconnectedError:
                self._lost = True
                raise DeviceError(LOST) from None

    def _heard(self, rows: dict[tuple[int, int], dict[str, Any]]) -> None:
        """An event; without rows it is aiohomekit's sign that a connection stands."""
        self._lost = self._lost or bool(self.devices and not rows)
        self._share(rows)

    def _share(self, rows: dict[tuple[int, int], dict[str, Any]]) -> None:
        for device in self.devices.values():
            if not device.iids.keys().isdisjoint(rows):
                try:
                    device.take(rows)
                except DeviceError as error:
                    self.home.log.warning("%s: %s", device.id, error)

    async def close(self) -> None:
        """Leave without unpairing."""
        with contextlib.suppress(HomeKitException):  # it raises what its last attempt to connect raised
            await self.pairing.shutdown()


@skill(mdns("_hap._tcp.local.", id="id"), errors=HomeKitException)
async def connect(found: Found, home: Home) -> AsyncIterator[Device]:
    """HomeKit accessories and bridges: one device per service."""
    hub = Hub(found, home)
    try:
        await hub.open()
        while True:
            for device in await hub.survey():
                yield device
            await hub.idle()
    finally:
        await hub.close()


def paired(found: Found, home: Home) -> bool:
    """Whether we hold a key that this accessory has not refused."""
    return bool(home.secrets.get(f"pairing:{found.id}")) and not home.secrets.get(f"refused:{found.id}")


async def pair(found: Found, home: Home, ask: Ask) -> bool:
    """Ask a person for the code, at most three times, and keep the key; DeviceError when it is paired with somebody else."""
    if not unpaired(found) and not home.secrets.get(f"pairing:{found.id}"):
        raise DeviceError(OTHERS)
    model = found.txt.get("md", "")
    name = model if model and found.name.startswith(model) else found.name  # without the numbers that keep names apart
    kind = str(Categories(number(found, "ci", 1)).name).lower().replace("_", " ")
    question = f"What is the 8-digit HomeKit code of {name} ({kind})? It is on its label or in its manual."
    last = "This is the last try, since wrong codes lock an accessory."
    return await ask_until(ask, question, lambda code: try_code(found, home, code), last=last)


async def try_code(found: Found, home: Home, answer: str) -> str:
    """Pair with these 8 digits and keep the key; returns what is wrong, for people; DeviceError when no code can help."""
    digits = re.sub(r"[\s-]", "", answer)
    if not re.fullmatch("[0-9]{8}", digits):
        return "A HomeKit code has 8 digits, like 123-45-678."
    about: Any = SimpleNamespace(  # all that IpDiscovery reads of a description
        address=found.host, addresses=[found.host], port=found.port, feature_flags=FeatureFlags(number(found, "ff", 0))
    )
    discovery: Any = IpDiscovery(controller(home), about)
    try:
        async with asyncio.timeout(30):
            pairing = await (await discovery.async_start_pairing(found.id))(f"{digits[:3]}-{digits[3:5]}-{digits[5:]}")
        home.secrets.set(f"pairing:{found.id}", json.dumps(pairing.pairing_data))
    except AuthenticationError:
        return "That code was not accepted."
    except UnavailableError:  # it says that it is paired: perhaps with us
        if not home.secrets.get(f"pairing:{found.id}"):
            raise DeviceError(OTHERS) from None
    except MaxTriesError:
        return "It has locked itself after too many wrong codes; switch it off and on."
    except (TimeoutError, HomeKitException):
        return "It did not answer as it should."
    finally:
        await discovery.close()
    home.secrets.delete(f"refused:{found.id}")
    return ""


def controller(home: Home) -> IpController:
    """What aiohomekit wants as a parent; never started, so it opens and hears nothing."""
    return IpController(CharacteristicCacheMemory(), home.zeroconf)


def unpaired(found: Found) -> bool:
    """Whether it announces that nobody has paired it (bit 0 of sf)."""
    return bool(number(found, "sf", 1) & 1)


def number(found: Found, key: str, default: int) -> int:
    """A small number of the TXT record, or the default when there is none."""
    text = found.txt.get(key, "")
    return int(text) if re.fullmatch("[0-9]{1,6}", text) else default
