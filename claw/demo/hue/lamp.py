"""What a lamp on the virtual Hue hub is and does: its state as plain attributes, and how it takes a command."""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any, NamedTuple

from claw.color import XY, nearest_in_gamut

GAMUT_C = ((0.6915, 0.3083), (0.17, 0.7), (0.1532, 0.0475))  # red, green, blue of the newer colour lamps
JSON = dict[str, Any]


class Product(NamedTuple):
    """One model of lamp: what its maker calls it, and what it can do."""

    model: str
    name: str
    archetype: str
    dims: bool = True
    mirek: tuple[int, int] | None = None
    colored: bool = False


PRODUCTS = {
    "white": Product("LWA017", "Hue white lamp", "sultan_bulb"),
    "ambiance": Product("LTA009", "Hue ambiance lamp", "sultan_bulb", mirek=(153, 454)),
    "color": Product("LCA006", "Hue color lamp", "sultan_bulb", mirek=(153, 500), colored=True),
    "plug": Product("LOM007", "Hue smart plug", "plug", dims=False),
}


@dataclass
class Lamp:
    """A lamp or plug: `product` is a key of PRODUCTS; tests read the attributes, and change them with HueHub.by_hand()."""

    name: str
    room: str
    product: str = "white"
    on: bool = False
    brightness: float = 100.0
    mirek: int | None = 366
    xy: XY = (0.4573, 0.41)
    reachable: bool = True

    @property
    def make(self) -> Product:
        """Its model and abilities."""
        return PRODUCTS[self.product]

    def take(self, wish: JSON) -> str:
        """Carry out the body of a PUT as a real lamp does (254 steps, its own gamut); returns the hub's complaint or ""."""
        if "mirek" in wish.get("color_temperature", {}) and not self._shows(wish["color_temperature"]["mirek"]):
            return "invalid value for (.color_temperature.mirek)"
        if not self.reachable:
            return "device (light) has communication issues, command (.on) may not have effect"
        self.on = wish.get("on", {}).get("on", self.on)
        rest = [part for part in ("dimming", "color", "color_temperature") if part in wish]
        if rest and not self.on:
            return f'device (light) is "soft off", command (.{rest[0]}) may not have effect'
        self._shine(wish)
        return ""

    def _shows(self, mirek: int) -> bool:
        low, high = self.make.mirek or (0, 0)
        return low <= mirek <= high

    def _shine(self, wish: JSON) -> None:
        if "dimming" in wish and self.make.dims:
            self.brightness = round(max(1, round(wish["dimming"]["brightness"] * 2.54)) / 2.54, 2)
        if "color_temperature" in wish and self.make.mirek:
            self.mirek = wish["color_temperature"]["mirek"]
        if "color" in wish and self.make.colored:
            x, y = nearest_in_gamut((wish["color"]["xy"]["x"], wish["color"]["xy"]["y"]), GAMUT_C)
            self.xy, self.mirek = (round(x, 4), round(y, 4)), None


def demo_lamps() -> list[Lamp]:
    """The lamps of the demo house: three rooms, two lamps each."""
    return [
        Lamp("Living Room Ceiling", "Living Room", "ambiance"),
        Lamp("Floor Lamp", "Living Room", "color"),
        Lamp("Kitchen Ceiling", "Kitchen", "ambiance"),
        Lamp("Kitchen Counter", "Kitchen", "white"),
        Lamp("Bedroom Ceiling", "Bedroom", "white"),
        Lamp("Bedside Lamp", "Bedroom", "color"),
    ]


def uid(*parts: str) -> str:
    """The id of a resource: the same in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))


def zigbee_mac(bridge_id: str, name: str) -> str:
    """The 64-bit Zigbee address of a lamp with its endpoint, as hubs write it: 00:17:88:01:xx:xx:xx:xx-0b."""
    last = hashlib.sha256(f"{bridge_id}/{name}".encode()).hexdigest()[:8]
    return "00:17:88:01:" + ":".join(last[i : i + 2] for i in range(0, 8, 2)) + "-0b"
