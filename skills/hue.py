"""Philips Hue: lamps and plugs of a Hue hub, over its local API v2: TLS with the certificate seen at pairing, pushed state."""

import asyncio
import hashlib
import json
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import aiohttp
from aiohue.errors import AiohueException, Unauthorized
from aiohue.util import update_dataclass
from aiohue.v2 import HueBridgeV2
from aiohue.v2.controllers.events import EventType
from aiohue.v2.models.resource import ResourceTypes
from aiohue.v2.models.zigbee_connectivity import ConnectivityServiceStatus

from claw.skill import (
    Ask,
    Brightness,
    Color,
    ColorTemperature,
    Device,
    DeviceError,
    Found,
    Home,
    Power,
    kelvin_to_mired,
    mdns,
    mired_to_kelvin,
    name_to_xy,
    nearest_in_gamut,
    skill,
    xy_distance,
    xy_to_name,
)  # fmt: skip

POLL = 300.0  # seconds between looks at everything: the event stream is the normal way
LARGEST = 4 << 20  # bytes of a reply; 166 resources are 0.1 MB
UNREACHED = (ConnectivityServiceStatus.DISCONNECTED, ConnectivityServiceStatus.CONNECTIVITY_ISSUE)


class Capped(aiohttp.ClientResponse):
    """A reply whose JSON may have 4 MiB at most."""

    async def json(self, **_: Any) -> Any:
        body = bytearray()
        async for chunk in self.content.iter_any():
            body += chunk
            if len(body) > LARGEST:
                self.close()
                raise ValueError("more than 4 MiB")
        return json.loads(body)


class Pace:
    """Lets `burst` commands through at once, then one every `seconds`: the hub's radio carries no more."""

    def __init__(self, home: Home, seconds: float, burst: int) -> None:
        self.clock, self.seconds, self.slack, self.due = home.clock, seconds, (burst - 1) * seconds, 0.0

    async def turn(self) -> None:
        """Wait for the next free place."""
        now = self.clock.monotonic()
        due = max(self.due, now - self.slack)
        self.due = due + self.seconds
        if due > now:
            await self.clock.sleep(due - now)


class Lamp(Device, Power):
    """A light resource of the hub; subclasses add what it can do."""

    kind = "light"
    asked: tuple[str, tuple[float, float]] | None = None  # the colour name of the last command, and its xy

    def __init__(self, hub: "Hub", light: Any, radio: str | None, **about: Any) -> None:
        super().__init__(found=hub.found, **about)
        self.hub, self.light, self.radio = hub, light.id, radio

    async def turn_on(self) -> None:
        await self.send("turn_on")

    async def turn_off(self) -> None:
        await self.send("turn_off")

    async def set_brightness(self, brightness: int) -> None:
        await self.send("set_brightness", brightness=brightness)

    async def set_color(self, color: str) -> None:
        await self.send("set_color", color=color)

    async def set_color_temperature(self, color_temperature: int) -> None:
        await self.send("set_color_temperature", color_temperature=color_temperature)

    def wish(self, command: str, args: dict[str, Any]) -> dict[str, Any]:
        """The command as arguments of aiohue's set_state, for a light or a group; {} for one that the hub does not know."""
        match command:
            case "turn_on" | "turn_off":
                return {"on": command == "turn_on"}
            case "set_brightness":
                return {"on": True, "brightness": float(args["brightness"])} if args["brightness"] else {"on": False}
            case "set_color":
                return {"on": True, "color_xy": self.xy(args["color"])}
            case "set_color_temperature":
                return {"on": True, "color_temp": self.mired(args["color_temperature"])}
        return {}

    def xy(self, color: str) -> tuple[float, float]:
        try:
            self.asked = color, name_to_xy(color)
        except ValueError:
            raise DeviceError(f"{self.name} does not know the colour {color!r}") from None
        return self.asked[1]

    def mired(self, kelvin: int) -> int:
        """Within the lamp's range; a wish that lies within 2 % of it gets the end of the range."""
        schema = self.hub.bridge.lights[self.light].color_temperature.mirek_schema
        low, high = int(schema.mirek_minimum), int(schema.mirek_maximum)
        if not low * 0.98 <= 1_000_000 / kelvin <= high * 1.02:
            raise DeviceError(f"{self.name} can show {mired_to_kelvin(high)} to {mired_to_kelvin(low)} kelvin")
        return min(high, max(low, kelvin_to_mired(kelvin)))

    async def send(self, command: str, **args: Any) -> None:
        with self.hub.understood():
            wish = self.wish(command, args)
            await self.hub.lights.turn()
            await self.hub.bridge.lights.set_state(self.light, **wish)

    async def refresh(self) -> None:
        with self.hub.understood():
            reply = await self.hub.bridge.request("get", f"clip/v2/resource/light/{self.light}")
            update_dataclass(self.hub.bridge.lights[self.light], reply[0])
        self.report()

    def report(self) -> None:
        """Take over what the hub said last about this lamp."""
        radio = self.hub.bridge.sensors.zigbee_connectivity.get(self.radio)
        if radio and radio.status in UNREACHED:
            return self.offline("its hub does not reach it; it may have no power")
        try:
            self.update(**self.reported(self.hub.bridge.lights[self.light]))
        except DeviceError as error:
            self.hub.home.log.warning("%s", error)
        return None

    def reported(self, light: Any) -> dict[str, Any]:
        white = light.color_temperature
        warm = white.mirek if white and white.mirek_valid else None
        state = {"on": light.is_on, "brightness": light.brightness, "color": None, "color_temperature": None}
        if warm:
            state["color_temperature"] = min(12000, mired_to_kelvin(warm))  # the house knows no colder white
        elif light.color:
            state["color"] = self.color_name(light.color)
        return {name: value for name, value in state.items() if name in self.fields}

    def color_name(self, color: Any) -> str:
        """The name that was asked for, while the lamp shows what it can of that; else the nearest that people say."""
        xy, gamut = (color.xy.x, color.xy.y), color.gamut
        name, wanted = self.asked or ("", (0.0, 0.0))
        if gamut:
            red, green, blue = ((corner.x, corner.y) for corner in (gamut.red, gamut.green, gamut.blue))
            wanted = nearest_in_gamut(wanted, (red, green, blue))
        return name if name and xy_distance(xy, wanted) < 0.02 else xy_to_name(xy)


class Plug(Lamp):
    """A plug with a relay."""

    kind, sort = "switch", "plug"


class Dimmable(Lamp, Brightness):
    """A lamp with one white."""


class Ambiance(Lamp, Brightness, ColorTemperature):
    """A lamp with warm to cold white."""


class Colored(Lamp, Brightness, Color):
    """A lamp with colours, and white only as one of them."""


class Full(Lamp, Brightness, ColorTemperature, Color):
    """A lamp with colours and warm to cold white."""


def shape(light: Any, archetype: str) -> type[Lamp]:
    """The class for what a light resource can do."""
    if archetype == "plug":
        return Plug
    if light.color:
        return Full if light.color_temperature else Colored
    return Ambiance if light.color_temperature else Dimmable if light.dimming else Lamp


class Hub:
    """A connection to one Hue hub, and its lamps by the id of their light resource."""

    def __init__(self, found: Found, home: Home) -> None:
        self.found, self.home, self.lamps = found, home, dict[str, Lamp]()
        self.lights, self.groups = Pace(home, 0.1, 5), Pace(home, 1.0, 1)  # the maker's advice: 10 lights or 1 group a second
        self.news, self.stale = asyncio.Event(), False
        self.poll: asyncio.Task[None] | None = None
        self.bridge = HueBridgeV2(where(found), home.secrets.get(f"key:{bridge_id(found)}") or "")
        self.bridge._websession = session(home, home.secrets.get(f"cert:{bridge_id(found)}") or "")  # its constructor takes none

    async def open(self) -> None:
        """Fetch everything and listen to the event stream."""
        with self.understood():
            await self.bridge.initialize()
            whole(self.bridge.config.bridges.items)
        for watched in (self.bridge.lights, self.bridge.devices, self.bridge.sensors.zigbee_connectivity):
            watched.subscribe(self.heard)
        self.bridge.events.subscribe(self.doubt, (EventType.CONNECTED, EventType.DISCONNECTED, EventType.RECONNECTED))
        self.poll = asyncio.create_task(self.look_now_and_then())
        for task in self.bridge.events._bg_tasks:  # nothing public tells that the reader died of a broken event
            task.add_done_callback(self.doubt)

    def heard(self, event: EventType, item: Any) -> None:
        """One resource changed: a known lamp's state at once, everything else in sync()."""
        if event is EventType.RESOURCE_UPDATED and item.type is ResourceTypes.LIGHT and item.id in self.lamps:
            self.lamps[item.id].report()
        else:
            self.news.set()

    def doubt(self, *_: Any) -> None:
        """Have everything fetched anew: events may have been missed, or the hub is gone."""
        self.stale = True
        self.news.set()

    async def look_now_and_then(self) -> None:
        while True:
            await self.home.clock.sleep(POLL)
            self.doubt()

    async def wait(self) -> None:
        """Until something joined, left or is in doubt; raises when the hub is lost."""
        await self.news.wait()
        self.news.clear()
        if self.stale:
            self.stale = False
            await self.fetch()

    async def fetch(self) -> None:
        """Hand everything to aiohue as events (its own way of doing so forgets what was removed)."""
        if any(task.done() for task in self.bridge.events._bg_tasks):
            raise DeviceError("the event stream of the Hue hub broke off")
        with self.understood():
            state = await self.bridge.request("get", "clip/v2/resource")
            whole([item for item in state if item["type"] == "bridge"])
            for item in state:
                self.bridge.events.emit(EventType.RESOURCE_ADDED, item)
            for gone in {light.id for light in self.bridge.lights} - {item["id"] for item in state}:
                self.bridge.events.emit(EventType.RESOURCE_DELETED, {"id": gone, "type": "light"})
        await asyncio.sleep(0)  # aiohue takes each of them over in a task of its own

    def sync(self) -> list[Lamp]:
        """Bring the lamps in line with what aiohue knows; returns the new ones."""
        new = [lamp for light in self.bridge.lights if light.id not in self.lamps and (lamp := self.lamp_for(light))]
        self.lamps |= {lamp.light: lamp for lamp in new}
        for gone in [id for id in self.lamps if id not in self.bridge.lights]:
            self.lamps.pop(gone).leave()
        for lamp in self.lamps.values():
            lamp.report()
        return new

    def lamp_for(self, light: Any) -> Lamp | None:
        """The device for a light; None while the hub has not yet told what its id is made from."""
        if not (device := self.bridge.lights.get_device(light.id)):
            return None
        radio = next((s.rid for s in device.services if s.rtype is ResourceTypes.ZIGBEE_CONNECTIVITY), None)
        heard = self.bridge.sensors.zigbee_connectivity.get(radio)
        if radio and not heard:
            return None
        serial = heard.mac_address.replace(":", "").lower() if heard and len(device.lights) == 1 else light.id
        room, product = self.bridge.devices.get_room(device.id), device.product_data
        return shape(light, product.product_archetype.value)(
            self, light, radio, id=f"hue-{serial}", name=light.metadata.name if light.metadata else device.metadata.name,
            area=room.metadata.name if room else "", maker=product.manufacturer_name, model=product.product_name,
        )  # fmt: skip

    def group_of(self, lights: set[str]) -> str | None:
        """The grouped_light that drives exactly these: a room's, a zone's or the home's."""
        groups = self.bridge.groups.grouped_light
        for group in groups:
            if {light.id for light in groups.get_lights(group.id)} == lights:
                return str(group.id)
        everywhere = [s.rid for home in self.bridge.config.bridge_home for s in home.services if s.rid in groups]
        return everywhere[0] if everywhere and {light.id for light in self.bridge.lights} == lights else None

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Say in words what went wrong: raises only DeviceError."""
        try:
            yield
        except Unauthorized:
            self.home.secrets.delete(f"key:{bridge_id(self.found)}")
            self.doubt()
            raise DeviceError("the Hue hub no longer accepts us and must be paired again") from None
        except aiohttp.ServerFingerprintMismatch:
            raise DeviceError("the certificate of the Hue hub changed; if you reset or replaced it, pair it again") from None
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            raise DeviceError("the Hue hub does not answer") from error
        except AiohueException as error:
            raise DeviceError(f"the Hue hub answered: {str(error)[:100]}") from None
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise DeviceError("the Hue hub answered something that makes no sense") from error

    async def close(self, trouble: str) -> None:
        """End the connection; with trouble, the lamps are offline because of it."""
        if trouble:
            for lamp in self.lamps.values():
                lamp.offline(trouble)
        if self.poll:
            self.poll.cancel()
        await self.bridge.close()


def bridge_id(found: Found) -> str:
    return found.txt.get("bridgeid", found.id).lower()


def where(found: Found) -> str:
    return f"[{found.host}]:{found.port}" if ":" in found.host else f"{found.host}:{found.port}"


def session(home: Home, fingerprint: str) -> aiohttp.ClientSession:
    """A client that speaks only to the certificate with this SHA-256; the hub takes 3 connections at a time."""
    connector = aiohttp.TCPConnector(ssl=aiohttp.Fingerprint(bytes.fromhex(fingerprint)), limit_per_host=3)
    timeout = aiohttp.ClientTimeout(total=float(home.config.get("seconds", 8.0)))
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(refuse)
    return aiohttp.ClientSession(
        connector=connector, timeout=timeout, response_class=Capped, read_bufsize=1 << 19, trace_configs=[trace]
    )


async def refuse(*_: Any) -> None:
    raise DeviceError("the Hue hub sent us to another address")


def whole(bridges: list[Any]) -> None:
    """ValueError for a list of resources without the hub itself: taken at its word, such a list would make every lamp leave."""
    if not bridges:
        raise ValueError("the hub is not in its own list")


def paired(found: Found, home: Home) -> bool:
    """Whether there are a key and a certificate for this hub."""
    return all(home.secrets.get(f"{kept}:{bridge_id(found)}") for kept in ("key", "cert"))


async def pair(found: Found, home: Home, ask: Ask) -> bool:
    """Ask a person to press the hub's button, up to 3 times; keeps the key and the certificate. False when nobody did."""
    pem = await home.blocking(ssl.get_server_certificate, (found.host, found.port), timeout=8)
    seen = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    known = home.secrets.get(f"cert:{bridge_id(found)}")
    warning = "" if known in (None, seen) else " Its certificate is not the one I knew: go on only if you reset or replaced it."
    question = f"To pair {found.name}, press the round button on it and then answer anything.{warning}"
    async with session(home, seen) as client:
        for _ in range(3):
            answer = await ask(question)
            if answer is None or answer.strip().lower() in ("no", "stop", "cancel"):
                return False
            if key := await link(client, found):
                home.secrets.set(f"cert:{bridge_id(found)}", seen)
                home.secrets.set(f"key:{bridge_id(found)}", key)
                return True
            question = f"The button of {found.name} was not pressed. Press it and then answer anything; it counts for 30 seconds."
    return False


async def link(client: aiohttp.ClientSession, found: Found) -> str | None:
    """A new key, or None when the button was not pressed (error 101); API v2 has no way of its own to make one."""
    wanted = {"devicetype": "claw#house", "generateclientkey": True}
    async with client.post(f"https://{where(found)}/api", json=wanted, allow_redirects=False) as reply:
        try:
            (answer,) = await reply.json()
            if "success" in answer:
                return str(answer["success"]["username"])
            type, text = answer["error"]["type"], answer["error"]["description"]
        except (ValueError, KeyError, TypeError) as error:
            raise DeviceError("the Hue hub answered something that makes no sense") from error
    if type != 101:
        raise DeviceError(f"the Hue hub answered: {str(text)[:100]}")
    return None


@skill(mdns("_hue._tcp.local.", id="bridgeid"), errors=AiohueException)
async def connect(found: Found, home: Home) -> AsyncIterator[Device]:
    """The lamps and plugs of a Philips Hue hub."""
    hub, trouble = Hub(found, home), ""
    try:
        await hub.open()
        while True:
            for lamp in hub.sync():
                yield lamp
            await hub.wait()
    except DeviceError as error:
        trouble = str(error)
        raise
    finally:
        await hub.close(trouble)


async def together(devices: Sequence[Lamp], command: str, args: dict[str, Any]) -> bool:
    """One call to a group when the devices are all lights of a room, a zone or the hub; False when they are not."""
    hub = devices[0].hub
    if len(devices) < 2 or any(lamp.hub is not hub for lamp in devices):
        return False
    try:
        with hub.understood():
            first, *others = [lamp.wish(command, args) for lamp in devices]
    except DeviceError:
        return False  # said by the lamp that cannot
    group = hub.group_of({lamp.light for lamp in devices})
    if not first or not group or any(wish != first for wish in others):
        return False
    await hub.groups.turn()
    with hub.understood():
        await hub.bridge.groups.grouped_light.set_state(group, **first)
    return True
