"""Colours: CSS names, CIE xy as lamps speak it, mired and kelvin."""

import math
from collections.abc import Sequence

import webcolors

from claw.device import DeviceError

XY = tuple[float, float]


def name_to_xy(name: str) -> XY:
    """CIE 1931 xy of a CSS colour name (sRGB, D65; the matrix is IEC 61966-2-1); DeviceError for an unknown name."""
    if not is_color(name):
        raise DeviceError(f"it does not know the colour {name!r}")
    rgb = webcolors.name_to_rgb(name.replace(" ", ""))
    r, g, b = (_linear(part / 255) for part in rgb)
    x = 0.4124 * r + 0.3576 * g + 0.1805 * b
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = 0.0193 * r + 0.1192 * g + 0.9505 * b
    total = x + y + z
    return (x / total, y / total) if total else (0.3127, 0.3290)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else math.pow((part + 0.055) / 1.055, 2.4)


def xy_distance(one: XY, other: XY) -> float:
    """How far two colours lie apart in xy; below 0.01 people see one colour."""
    return math.dist(one, other)


def nearest_in_gamut(xy: XY, corners: Sequence[XY]) -> XY:
    """The colour of the triangle that lies nearest to xy: where a lamp ends up that is asked for more than it can show."""
    edges = [(corners[i], corners[(i + 1) % 3]) for i in range(3)]
    sides = [(b[0] - a[0]) * (xy[1] - a[1]) - (b[1] - a[1]) * (xy[0] - a[0]) for a, b in edges]
    if min(sides) >= 0 or max(sides) <= 0:
        return xy
    return min((_nearest_on_edge(xy, a, b) for a, b in edges), key=lambda point: xy_distance(xy, point))


def _nearest_on_edge(xy: XY, a: XY, b: XY) -> XY:
    along = (b[0] - a[0], b[1] - a[1])
    part = ((xy[0] - a[0]) * along[0] + (xy[1] - a[1]) * along[1]) / (along[0] ** 2 + along[1] ** 2)
    part = min(1.0, max(0.0, part))
    return (a[0] + part * along[0], a[1] + part * along[1])


# what people say; the other CSS names are understood but not used to describe what a lamp reports
SPOKEN = (
    "red", "orange", "gold", "yellow", "lime", "green", "turquoise", "cyan", "skyblue", "blue", "indigo", "purple", "magenta",
    "pink", "white",
)  # fmt: skip


def xy_to_name(xy: XY) -> str:
    """The spoken colour name nearest to xy."""
    return min(SPOKEN, key=lambda name: xy_distance(name_to_xy(name), xy))


def shown_name(xy: XY, asked: str, corners: Sequence[XY] | None) -> str:
    """The name to report for xy: the one that was asked for while xy is what the lamp can show of it, else the nearest."""
    if asked:
        wanted = nearest_in_gamut(name_to_xy(asked), corners) if corners else name_to_xy(asked)
        if xy_distance(xy, wanted) < 0.02:
            return asked
    return xy_to_name(xy)


def is_color(name: str) -> bool:
    """Whether CSS knows this colour name (spaces ignored)."""
    try:
        webcolors.name_to_rgb(name.replace(" ", ""))
    except ValueError:
        return False
    return True


def mired_to_kelvin(mired: int) -> int:
    """Kelvin of a mired value."""
    return round(1_000_000 / mired)


def mired_within(kelvin: int, low: int, high: int, *, name: str = "it") -> int:
    """Mired of a kelvin value for a lamp that shows `low` to `high` mired.

    A wish that lies within 2 % of its range gets the end of the range; DeviceError says what the lamp can show.
    """
    if not low * 0.98 <= 1_000_000 / kelvin <= high * 1.02:
        raise DeviceError(f"{name} can show {mired_to_kelvin(high)} to {mired_to_kelvin(low)} kelvin")
    return min(high, max(low, kelvin_to_mired(kelvin)))


def kelvin_to_mired(kelvin: int) -> int:
    """Mired of a kelvin value."""
    return round(1_000_000 / kelvin)
