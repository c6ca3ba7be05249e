"""Where the house stands and which time zone it keeps: what the config says, else what the machine's zone tells."""

import contextlib
import re
import zoneinfo
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

from claw.clock import Clock
from claw.config import HouseConfig
from claw.when import Place

TABLES = ("zone.tab", "zone1970.tab")
GREENWICH = ("UTC", "Etc/UTC", "GMT", "Etc/GMT")  # zones that name no town, but its meridian


def zone_name(clock: Clock) -> str:
    """The IANA name of the clock's zone; UTC when the machine has none."""
    if isinstance(clock.zone, zoneinfo.ZoneInfo):
        return str(clock.zone.key)
    import tzlocal

    try:
        return str(tzlocal.get_localzone_name()) or "UTC"
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):  # /etc/timezone and /etc/localtime contradict each other
        return "UTC"


def place(house: HouseConfig, zone: str) -> tuple[Place | None, str]:
    """Where to reckon the sun for, and the town if that is a guess from the zone; None where the zone names no town."""
    if house.latitude is not None and house.longitude is not None:
        return Place(house.latitude, house.longitude), ""
    if zone in GREENWICH:
        return Place(51.48, 0.0), "Greenwich"
    found = _town(zone)
    return found, zone.rpartition("/")[2].replace("_", " ") if found else ""


@cache
def _town(zone: str) -> Place | None:
    for text in _tables():
        for line in text.splitlines():
            cells = line.split("\t")
            if not line.startswith("#") and len(cells) > 2 and cells[2] == zone:
                latitude, longitude = (_degrees(angle) for angle in re.findall(r"[+-]\d+", cells[1]))
                return Place(latitude, longitude)
    return None


def _degrees(angle: str) -> float:
    whole = 3 if len(angle) in (6, 8) else 2
    sign, degrees, rest = angle[0], angle[1 : whole + 1], angle[whole + 1 :]
    value = int(degrees) + int(rest[:2]) / 60 + int(rest[2:] or 0) / 3600
    return -value if sign == "-" else value


def _tables() -> Iterator[str]:
    """The tables of towns: the system's, else those that the tzdata package ships."""
    folders = [Path(folder) for folder in zoneinfo.TZPATH]
    with contextlib.suppress(ModuleNotFoundError):
        folders.append(Path(str(files("tzdata") / "zoneinfo")))
    for name in TABLES:
        yield from ((folder / name).read_text("utf-8") for folder in folders if (folder / name).is_file())
