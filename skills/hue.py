"""Philips Hue: lamps and plugs of a Hue hub, over its local API v2: TLS with the certificate seen at pairing, pushed state."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
from aiohue.errors import AiohueException, Unauthorized
from aiohue.util import update_dataclass
from aiohue.v2 import HueBridgeV2
from aiohue.v2.controllers.events import EventType

from claw.skill import (  # isort: skip
    Ask, Brightness, Color, ColorTemperature, Device, DeviceError, Found, Home, Pace, Power, ask_until, fingerprint, mdns,
    mired_to_kelvin, mired_within, name_to_xy, sense, session, shape, shown_name, skill,
)  # fmt: skip

POLL = 300.0  # seconds between looks at everything: the event stream is the normal way
ALL = "clip/v2/resource"


class Lamp(Device, Power):
    """A light resource of the hub; shape() adds what it can do."""

    kind = "light"
    asked = ""  # the colour name of the last command

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
                xy, self.asked = name_to_xy(args["color"]), args["color"]
                return {"on": True, "color_xy": xy}
            case "set_color_temperature":
                white = self.hub.lights[self.light].color_temperature.mirek_schema
                mired = mired_within(args["color_temperature"], white.mirek_minimum, white.mirek_maximum, name=self.name)
                return {"on": True, "color_temp": mired}
        return {}

    async def send(self, command: str, **args: Any) -> None:
        with sense(AiohueException):
            wish = self.wish(command, args)
            await self.hub.light_pace.turn()
            await self.hub.lights.set_state(self.light, **wish)

    async def refresh(self) -> None:
        with sense(AiohueException):
            (state,) = await self.hub.request("get", f"{ALL}/light/{self.light}")
            update_dataclass(self.hub.lights[self.light], state)
        self.report()

    def report(self) -> None:
        """Take over what the hub said last about this lamp."""
        radio = self.hub.sensors.zigbee_connectivity.get(self.radio)
        if radio and radio.status.value in ("disconnected", "connectivity_issue"):
            return self.offline("its hub does not reach it; it may have no power")
        try:
            self.update(**self.reported(self.hub.lights[self.light]))
        except DeviceError as error:
            self.hub.home.log.warning("%s", error)
        return None

    def reported(self, light: Any) -> dict[str, Any]:
        white, color = light.color_temperature, light.color
        state = {"on": light.is_on, "brightness": light.brightness, "color": None, "color_temperature": None}
        if white and white.mirek_valid and white.mirek:
            state["color_temperature"] = min(12000, mired_to_kelvin(white.mirek))  # the house knows no colder white
        elif color:
            corners = color.gamut and [(at.x, at.y) for at in (color.gamut.red, color.gamut.green, color.gamut.blue)]
            state["color"] = shown_name((color.xy.x, color.xy.y), self.asked, corners)
        return {name: value for name, value in state.items() if name in self.fields}


class Plug(Lamp):
    """A plug with a relay."""

    kind, sort = "switch", "plug"


class Hub(HueBridgeV2):  # type: ignore[misc]
    """A connection to one Hue hub, and its lamps by the id of their light resource."""

    def __init__(self, found: Found, home: Home) -> None:
        super().__init__(f"{found.host}:{found.port}", home.secrets.get(f"key:{found.id}") or "")
        seconds = float(home.config.get("seconds", 8.0))
        self._websession = session(home.secrets.get(f"cert:{found.id}") or "", seconds=seconds)  # __init__ takes none
        self.found, self.home, self.lamps = found, home, dict[str, Lamp]()
        # the maker's advice: 10 lights or 1 group a second
        self.light_pace, self.group_pace = Pace(home.clock, 0.1, 5), Pace(home.clock, 1.0)
        self.news, self.due = asyncio.Event(), home.clock.monotonic() + POLL  # due: when everything is fetched anew

    async def request(self, method: str, path: str, **kwargs: Any) -> Any:
        """As aiohue's, with errors for people; the list of everything holds the hub itself, else every lamp would leave."""
        try:
            reply = await super().request(method, path, **kwargs)
        except Unauthorized:
            self.home.secrets.delete(f"key:{self.found.id}")
            self.doubt()
            raise AiohueException("the Hue hub no longer accepts us and must be paired again") from None
        except aiohttp.ServerFingerprintMismatch:
            raise AiohueException("the certificate of the Hue hub changed; if you replaced or reset it, pair it again") from None
        except (aiohttp.ClientError, OSError) as error:  # a TimeoutError is an OSError
            raise AiohueException("the Hue hub does not answer") from error
        if path == ALL and not any(item["type"] == "bridge" for item in reply):
            raise ValueError("the hub is not in its own list")
        return reply

    async def open(self) -> None:
        """Fetch everything and listen to the event stream."""
        with sense(AiohueException):
            await self.initialize()
        for watched in (self.lights, self.devices, self.sensors.zigbee_connectivity):
            watched.subscribe(self.heard)
        self.events.subscribe(self.doubt, (EventType.CONNECTED, EventType.DISCONNECTED, EventType.RECONNECTED))
        for task in self.events._bg_tasks:  # nothing public tells that the reader died of a broken event
            task.add_done_callback(self.doubt)

    def heard(self, event: EventType, item: Any) -> None:
        """One resource changed: a known lamp's state at once, everything else in sync()."""
        if event is EventType.RESOURCE_UPDATED and item.id in self.lamps:
            self.lamps[item.id].report()
        else:
            self.news.set()

    def doubt(self, *_: Any) -> None:
        """Have everything fetched anew: events may have been missed, or the hub is gone."""
        self.due = 0.0
        self.news.set()

    async def wait(self) -> None:
        """Until something joined or left; DeviceError when the hub is lost. In doubt, and now and then, all is fetched anew."""
        await self.home.clock.until(self.news, self.due - self.home.clock.monotonic())
        self.news.clear()
        if self.due <= self.home.clock.monotonic():
            self.due = self.home.clock.monotonic() + POLL
            await self.fetch()

    async def fetch(self) -> None:
        """Hand everything to aiohue as events (its own way of doing so forgets what was removed)."""
        if any(task.done() for task in self.events._bg_tasks):
            raise DeviceError("the event stream of the Hue hub broke off")
        with sense(AiohueException):
            state = await self.request("get", ALL)
            for item in state:
                self.events.emit(EventType.RESOURCE_ADDED, item)
            for gone in {light.id for light in self.lights} - {item["id"] for item in state}:
                self.events.emit(EventType.RESOURCE_DELETED, {"id": gone, "type": "light"})
        await asyncio.sleep(0)  # aiohue takes each of them over in a task of its own

    def sync(self) -> list[Lamp]:
        """Bring the lamps in line with what aiohue knows; returns the new ones."""
        new = [lamp for light in self.lights if light.id not in self.lamps and (lamp := self.lamp_for(light))]
        self.lamps |= {lamp.light: lamp for lamp in new}
        for gone in [id for id in self.lamps if id not in self.lights]:
            self.lamps.pop(gone).leave()
        for lamp in self.lamps.values():
            lamp.report()
        return new

    def lamp_for(self, light: Any) -> Lamp | None:
        """The device for a light; None while the hub has not yet told what its id is made from."""
        if not (device := self.lights.get_device(light.id)):
            return None
        radio = next((s.rid for s in device.services if s.rtype.value == "zigbee_connectivity"), None)
        heard = self.sensors.zigbee_connectivity.get(radio)
        if radio and not heard:
            return None
        serial = heard.mac_address.replace(":", "").lower() if heard and len(device.lights) == 1 else light.id
        room, product = self.devices.get_room(device.id), device.product_data
        return kind_of(light, product)(
            self, light, radio, id=f"hue-{serial}", name=light.metadata.name if light.metadata else device.metadata.name,
            area=room.metadata.name if room else "", maker=product.manufacturer_name, model=product.product_name,
        )  # fmt: skip

    def group_of(self, lights: set[str]) -> str | None:
        """The grouped_light that drives exactly these: a room's, a zone's or the home's."""
        groups = self.groups.grouped_light
        for group in groups:
            if {light.id for light in groups.get_lights(group.id)} == lights:
                return str(group.id)
        everywhere = [s.rid for home in self.config.bridge_home for s in home.services if s.rid in groups]
        return everywhere[0] if everywhere and {light.id for light in self.lights} == lights else None


def kind_of(light: Any, product: Any) -> type[Lamp]:
    """The class for what a light resource can do."""
    if product.product_archetype.value == "plug":
        return Plug
    can = ((Brightness, light.dimming), (ColorTemperature, light.color_temperature), (Color, light.color))
    return shape(Lamp, *(ability for ability, there in can if there))


def paired(found: Found, home: Home) -> bool:
    """Whether there are a key and a certificate for this hub."""
    return all(home.secrets.get(f"{kept}:{found.id}") for kept in ("key", "cert"))


async def pair(found: Found, home: Home, ask: Ask) -> bool:
    """Ask a person to press the hub's button, up to 3 times; keeps the key and the certificate. False when nobody did."""
    seen = await fingerprint(found.host, found.port)
    known = home.secrets.get(f"cert:{found.id}")
    warning = "" if known in (None, seen) else " Its certificate is not the one I knew: go on only if you reset or replaced it."
    question = f"To pair {found.name}, press the round button on it and then answer anything.{warning}"
    return await ask_until(ask, question, lambda _: link(found, home, seen))


async def link(found: Found, home: Home, seen: str) -> str:
    """Fetch and keep a key, by API v1 since v2 has no way to make one; returns what is wrong when the button was not pressed."""
    async with (
        session(seen) as client,
        client.post(f"https://{found.host}:{found.port}/api", json={"devicetype": "claw#house"}) as reply,
    ):
        with sense(AiohueException):
            (answer,) = await reply.json()
            if "success" in answer:
                home.secrets.set(f"cert:{found.id}", seen)
                home.secrets.set(f"key:{found.id}", str(answer["success"]["username"]))
                return ""
            if answer["error"]["type"] != 101:
                raise DeviceError(f"the Hue hub answered: {str(answer['error']['description'])[:100]}")
    return "Its button was not pressed; a press counts for 30 seconds."


@skill(mdns("_hue._tcp.local.", id="bridgeid"), errors=AiohueException)
async def connect(found: Found, home: Home) -> AsyncIterator[Device]:
    """The lamps and plugs of a Philips Hue hub."""
    hub = Hub(found, home)
    try:
        await hub.open()
        while True:
            for lamp in hub.sync():
                yield lamp
            await hub.wait()
    finally:
        await hub.close()


async def together(devices: Sequence[Lamp], command: str, args: dict[str, Any]) -> bool:
    """One call to a group when the devices are all lights of a room, a zone or the hub; False when they are not."""
    hub = devices[0].hub
    if len(devices) < 2 or any(lamp.hub is not hub for lamp in devices):
        return False
    try:
        with sense(AiohueException):
            first, *others = [lamp.wish(command, args) for lamp in devices]
    except DeviceError:
        return False  # said by the lamp that cannot
    group = hub.group_of({lamp.light for lamp in devices})
    if not first or not group or any(wish != first for wish in others):
        return False
    await hub.group_pace.turn()
    with sense(AiohueException):
        await hub.groups.grouped_light.set_state(group, **first)
    return True
