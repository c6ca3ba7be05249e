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
from functools import cache
from typing import Any, NoReturn

sys.modules.setdefault("aiocoap", None)  # type: ignore[arg-type]  # else aiohomekit imports all of it: 1.5 MB and 10 ms

from aiohomekit.characteristic_cache import CharacteristicCacheMemory
from aiohomekit.controller.ip import IpController, IpDiscovery, IpPairing
from aiohomekit.exceptions import AccessoryDisconnectedError, AuthenticationError, FormatError, HomeKitException
from aiohomekit.exceptions import HttpErrorResponse, InvalidError, MaxTriesError, UnavailableError
from aiohomekit.model.categories import Categories
from aiohomekit.model.characteristics import CharacteristicsTypes as C
from aiohomekit.model.characteristics.characteristic import check_convert_value
from aiohomekit.model.feature_flags import FeatureFlags
from aiohomekit.model.services import ServicesTypes as S
from aiohomekit.model.status_flags import StatusFlags
from aiohomekit.protocol.statuscodes import to_status_code
from aiohomekit.zeroconf import HomeKitService

from claw.skill import Ask, Brightness, ColorTemperature, Device, DeviceError, Door, Found, Home, Humidity, Lock, Position, Power
from claw.skill import Sensor, Speed, Thermostat, Tilt, kelvin_to_mired, mdns, mired_to_kelvin, skill

POLL = 300  # seconds between two readings of everything, behind the events
GONE = 60  # seconds without a connection until the accessory counts as gone
AT_ONCE = 48  # characteristics in one request; more make the address too long for some accessories
JAMMED, UNKNOWN = 2, 3  # LockCurrentState
MODES = ("off", "heat", "cool", "heat_cool")  # TargetHeatingCoolingState 0-3
OTHERS = "It is paired with another controller; remove it there first."
SHAPE = "A HomeKit code has 8 digits, like 123-45-678."
WRONG = "That code was not accepted."
LAST = "This is the last try, since wrong codes lock an accessory."
LOCKED = "It has locked itself after too many wrong codes; switch it off and on."
SILENT = "It did not answer as it should."
NONSENSE = "it answered something that makes no sense"

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

    async def refresh(self) -> None:
        self.take(await self.hub.fetch(self.iids))

    def take(self, rows: dict[tuple[int, int], dict[str, Any]]) -> None:
        """Take over what was read or pushed; DeviceError for nonsense."""
        mine = {type: rows[key] for key, type in self.iids.items() if key in rows}
        if any(row.get("status") for row in mine.values()):
            return self.offline("its bridge cannot reach it")
        self.raw.update({type: row["value"] for type, row in mine.items() if row.get("value") is not None})
        try:
            state = self.report()
        except (TypeError, ArithmeticError, LookupError, ValueError):
            raise DeviceError(NONSENSE) from None
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
        await self.hub.put(rows)


class Switch(HomekitDevice):
    kind = "switch"

    async def turn_on(self, **more: Any) -> None:
        await self.write(**{"ON" if self.service.has(C.ON) else "ACTIVE": 1}, **more)

    async def turn_off(self) -> None:
        await self.write(**{"ON" if self.service.has(C.ON) else "ACTIVE": 0})


class Light(Switch):
    kind = "light"

    async def set_brightness(self, brightness: int) -> None:
        await (self.turn_on(BRIGHTNESS=brightness) if brightness else self.turn_off())

    async def set_color_temperature(self, color_temperature: int) -> None:
        char = self.service[C.COLOR_TEMPERATURE]  # in mired
        coldest, warmest = mired_to_kelvin(char.minValue or 50), mired_to_kelvin(char.maxValue or 400)
        if not warmest <= color_temperature <= coldest:
            raise DeviceError(f"it takes {warmest} to {coldest} K")
        await self.write(COLOR_TEMPERATURE=kelvin_to_mired(color_temperature))


class Fan(Switch):
    kind = "fan"

    async def set_speed(self, speed: int) -> None:
        await (self.turn_on(ROTATION_SPEED=speed) if speed else self.turn_off())


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
    started = False  # it was seen moving towards the present target

    async def set_position(self, position: int) -> None:
        self.started = False
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
        moving = self.raw.get(C.POSITION_STATE, 2) != 2
        self.started = self.started or moving
        state = super().report()
        if self.started and not moving and "position" in state:
            state["target_position"] = state["position"]
        return state


class Bolt(HomekitDevice):
    """A lock that jams gives up its target; what it is then, nobody knows, so the last state that it knew stays."""

    kind = "lock"
    trying = False  # told anew while it was jammed

    async def lock(self) -> None:
        await self._turn(1)

    async def unlock(self) -> None:
        await self._turn(0)

    async def _turn(self, target: int) -> None:
        self.trying = self.raw.get(C.LOCK_MECHANISM_CURRENT_STATE) == JAMMED
        await self.write(LOCK_MECHANISM_TARGET_STATE=target)

    def report(self) -> dict[str, Any]:
        state, current = super().report(), self.raw.get(C.LOCK_MECHANISM_CURRENT_STATE)
        if current in (JAMMED, UNKNOWN):
            state.pop("locked")
        self.trying = self.trying and current == JAMMED
        if current == JAMMED and not self.trying:
            state.pop("target_locked", None)
            state |= {} if "locked" not in self.state else {"target_locked": self.state["locked"]}
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
SERVICES: dict[str, tuple[type[Any], str, tuple[type, ...], dict[str, type]]] = {
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


@cache
def shape(kind: type[Any], *abilities: type) -> type[Any]:
    """The class of devices that can do these."""
    return type(kind.__name__, (kind, *abilities), {})


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
        yield shape(kind, *abilities)(hub, accessory, service, name, sort)  # type: ignore[arg-type]  # a class is hashable


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
        self._fresh = False  # connected since the last survey: subscriptions are gone
        self._written: dict[tuple[int, int], float] = {}  # when, to be read again
        self._lock = asyncio.Lock()

    async def survey(self) -> list[HomekitDevice]:
        """Connect if need be, subscribe, read everything; returns the devices that are new."""
        await self._connect()
        self._fresh = False
        await self._request(self.pairing.list_accessories_and_characteristics)
        there = {device.id: device for accessory in self.pairing.accessories or () for device in devices_of(self, accessory)}
        new = [device for id, device in there.items() if id not in self.devices]
        for id in set(self.devices) - set(there):
            self.devices.pop(id).leave()
        self.devices |= {device.id: device for device in new}
        await self._subscribe()
        self._share(await self.fetch(key for device in self.devices.values() for key in device.iids))
        return new

    async def _connect(self) -> None:
        for _ in range(10):
            with contextlib.suppress(TimeoutError, AuthenticationError):
                async with asyncio.timeout(1):  # aiohomekit goes on trying meanwhile
                    return await self.pairing.connection.ensure_connection()
            self._check_key()
        raise DeviceError("it cannot be reached")

    def _check_key(self) -> None:
        """DeviceError when the last attempt to connect shows that our key is refused.

        An accessory without any pairing answers so early that aiohomekit only calls it invalid; then its TXT record says so too.
        """
        error = self.pairing.connection.last_connector_error
        unpaired = number(self.found, "sf", 0) & StatusFlags.UNPAIRED
        if isinstance(error, AuthenticationError) or (isinstance(error, InvalidError) and unpaired):
            self._forget()

    async def _subscribe(self) -> None:
        """Ask for events, one request per accessory as Apple's controllers do it."""
        for accessory in self.pairing.accessories or ():
            keys = [key for device in self.devices.values() if device.aid == accessory.aid for key in device.iids]
            if keys:
                rows = [{"aid": aid, "iid": iid, "ev": True} for aid, iid in keys]
                await self._request(self.pairing.connection.put_json, "/characteristics", {"characteristics": rows})

    async def idle(self) -> None:
        """Return when all should be read again: after POLL seconds, or connected anew; DeviceError when it is gone for good."""
        clock = self.home.clock
        seen = begun = clock.monotonic()
        while not self._fresh:
            await clock.sleep(1)
            now = clock.monotonic()
            if self.pairing.is_connected:
                if now - begun >= POLL:
                    return
                seen = now
                await self._settle(now)
                continue
            self._offline()
            self._check_key()
            if now - seen > GONE:
                raise DeviceError("it did not come back")

    async def _settle(self, now: float) -> None:
        """Read again what was written a second ago: an older event may have come after it (HAP-python holds them 0.5 s)."""
        if due := [key for key, at in self._written.items() if now - at >= 1]:
            for key in due:
                del self._written[key]
            with contextlib.suppress(DeviceError):  # a lost connection is seen at the next turn
                self._share(await self.fetch(due))

    async def fetch(self, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], dict[str, Any]]:
        """What these characteristics are now: rows with a value or a status."""
        wanted, rows = list(keys), dict[tuple[int, int], dict[str, Any]]()
        for start in range(0, len(wanted), AT_ONCE):
            rows |= await self._request(self.pairing.get_characteristics, wanted[start : start + AT_ONCE])
        return rows

    async def put(self, rows: list[dict[str, Any]]) -> None:
        """Write characteristics; DeviceError when the accessory refuses one."""
        self._written |= {(row["aid"], row["iid"]): self.home.clock.monotonic() for row in rows}
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
                return await call(*args)
            except HttpErrorResponse as error:
                raise DeviceError(f"it refused with status {error.response.code}") from error
            except AccessoryDisconnectedError:
                self._offline()
                raise DeviceError("the connection to it was lost") from None
            except (ValueError, LookupError, TypeError, AttributeError, FormatError):
                raise DeviceError(NONSENSE) from None

    def _heard(self, rows: dict[tuple[int, int], dict[str, Any]]) -> None:
        """An event; without rows it is aiohomekit's sign that a connection stands."""
        self._fresh = self._fresh or not rows
        self._share(rows)

    def _share(self, rows: dict[tuple[int, int], dict[str, Any]]) -> None:
        for device in self.devices.values():
            if not device.iids.keys().isdisjoint(rows):
                try:
                    device.take(rows)
                except DeviceError as error:
                    self.home.log.warning("%s: %s", device.id, error)

    def _offline(self) -> None:
        for device in self.devices.values():
            device.offline("the connection to it was lost")

    def _forget(self) -> NoReturn:
        """It knows us no more. Anyone could claim that, so the key is put aside for when a person pairs anew."""
        secrets = self.home.secrets
        secrets.set(f"refused:{self.found.id}", secrets.get(f"pairing:{self.found.id}") or "")
        secrets.delete(f"pairing:{self.found.id}")
        raise DeviceError("it has removed our pairing; it must be paired again")

    async def close(self) -> None:
        """Leave without unpairing."""
        with contextlib.suppress(HomeKitException):  # it raises what its last attempt to connect raised
            await self.pairing.shutdown()


@skill(mdns("_hap._tcp.local.", id="id"), errors=HomeKitException)
async def connect(found: Found, home: Home) -> AsyncIterator[Device]:
    """HomeKit accessories and bridges: one device per service."""
    hub = Hub(found, home)
    try:
        while True:
            for device in await hub.survey():
                yield device
            await hub.idle()
    finally:
        await hub.close()


def paired(found: Found, home: Home) -> bool:
    """Whether we hold a key of this accessory."""
    return home.secrets.get(f"pairing:{found.id}") is not None


async def pair(found: Found, home: Home, ask: Ask) -> bool:
    """Ask a person for the code, at most three times, and keep the key; False when that came to nothing."""
    kind = (Categories(number(found, "ci", 1)).name or "accessory").lower().replace("_", " ")
    question = f"What is the 8-digit HomeKit code of {found.name} ({kind})? It is on its label or in its manual."
    problem = "" if number(found, "sf", 1) & StatusFlags.UNPAIRED else OTHERS
    for last in (False, False, True):
        answer = await ask(" ".join(filter(None, (problem, LAST if last else "", question))))
        if answer is None or answer.strip().lower() in ("", "no", "stop", "cancel"):
            return False
        code = re.sub(r"[\s-]", "", answer)
        problem = SHAPE if not re.fullmatch("[0-9]{8}", code) else await try_code(found, home, code)
        if not problem:
            return True
    return False


async def try_code(found: Found, home: Home, code: str) -> str:
    """Pair with these 8 digits and keep the key; returns what stands in the way, for people."""
    discovery: Any = IpDiscovery(controller(home), described(found))
    try:
        async with asyncio.timeout(30):
            pairing = await (await discovery.async_start_pairing(found.id))(f"{code[:3]}-{code[3:5]}-{code[5:]}")
    except AuthenticationError:
        return WRONG
    except UnavailableError:
        return "" if restore(found, home) else OTHERS
    except MaxTriesError:
        return LOCKED
    except (TimeoutError, HomeKitException):
        return SILENT
    finally:
        await discovery.close()
    home.secrets.set(f"pairing:{found.id}", json.dumps(pairing.pairing_data))
    home.secrets.delete(f"refused:{found.id}")
    return ""


def restore(found: Found, home: Home) -> bool:
    """It says that it is paired: perhaps with us, by a key that was put aside."""
    if not (key := home.secrets.get(f"refused:{found.id}")):
        return False
    home.secrets.set(f"pairing:{found.id}", key)
    home.secrets.delete(f"refused:{found.id}")
    return True


def controller(home: Home) -> IpController:
    """What aiohomekit wants as a parent; never started, so it opens and hears nothing."""
    return IpController(CharacteristicCacheMemory(), home.zeroconf)


def described(found: Found) -> HomeKitService:
    """What was found, as aiohomekit describes it."""
    return HomeKitService(
        name=found.name, id=found.id, model=found.txt.get("md", ""), type=found.type, protocol_version=found.txt.get("pv", "1.1"),
        feature_flags=FeatureFlags(number(found, "ff", 0)), status_flags=StatusFlags(number(found, "sf", 1)),
        config_num=number(found, "c#", 0), state_num=number(found, "s#", 0), category=Categories(number(found, "ci", 1)),
        address=found.host, addresses=[found.host], port=found.port,
    )  # fmt: skip


def number(found: Found, key: str, default: int) -> int:
    """A small number of the TXT record, or the default when there is none."""
    text = found.txt.get(key, "")
    return int(text) if re.fullmatch("[0-9]{1,6}", text) else default
