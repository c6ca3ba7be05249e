"""When: the time or event of a routine, reminder or timer as data, and its next moment in a zone. No clock, no store."""

import calendar
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Literal

LOOK_DAYS = 400  # a place has sun again within that many days


@dataclass(frozen=True)
class Place:
    """Where the house stands, in degrees; for sunrise and sunset."""

    latitude: float
    longitude: float


@dataclass(frozen=True)
class Event:
    """The change of a state into a condition: `field` of one of `devices` comes to be `value`, or passes above or below it.

    field: a field of the state with a number; "state": then `value` is a word of reflex/conditions.py such as "open"; or "said":
    somebody writes `value`. seconds: for how long it must be so. words: all of it for people, "the front door opens".
    """

    devices: tuple[str, ...]
    field: str
    comparison: Literal["is", "above", "below"]
    value: str | float
    words: str
    seconds: int = 0
    once: bool = False  # only the next time
    together: bool = False  # all of the devices, not one of them


@dataclass(frozen=True)
class When:
    """kind: once (`at`), daily (`time` on `days`), monthly (`time` on `day`), sun (`sun` plus `offset` on `days`), interval,
    or event.

    An interval begins at `at` and comes again every `every` seconds. Times are local to the house: wall time, not UTC.
    """

    kind: Literal["once", "daily", "monthly", "sun", "interval", "event"]
    at: float = 0.0  # seconds since 1970
    time: str = ""  # "07:00", or "07:00:30"; of a daily one also several: "08:00 20:00"
    days: tuple[int, ...] = ()  # 0 = Monday; empty = every day
    day: int = 0  # of the month, 1-31; in a shorter month its last day
    sun: Literal["", "sunrise", "sunset"] = ""
    offset: int = 0  # seconds after sunrise or sunset; negative: before
    every: int = 0  # seconds
    event: Event | None = None

    @property
    def recurs(self) -> bool:
        """Whether it comes again."""
        return not self.event.once if self.event else self.kind != "once"

    @property
    def too_often(self) -> bool:
        """Whether it comes more than once a minute, which no routine may."""
        return self.kind == "interval" and self.every < 60

    def plain(self) -> dict[str, Any]:
        """As JSON data, without what is not said."""
        return {name: value for name, value in asdict(self).items() if value or name == "kind"}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "When":
        """From JSON data."""
        event = data.get("event")
        event = event and Event(**{**event, "devices": tuple(event["devices"])})
        return cls(**{**data, "days": tuple(data.get("days", ())), "event": event})

    def next(self, after: float, zone: tzinfo, place: Place | None = None) -> float | None:
        """The first moment after `after` (both seconds since 1970); None when there is none any more, or nobody can know.

        A wall time that a changeover skips is its first moment after the gap; one that comes twice is the first of the two.
        """
        if self.kind == "once":
            return self.at if self.at > after else None
        if self.kind == "event":
            return None
        if self.kind == "interval":
            return max(self.at, self.at + ((after - self.at) // self.every + 1) * self.every)
        first = datetime.fromtimestamp(after, zone).date() - timedelta(days=2)  # a gap, or an offset, carries over midnight
        times = self.time.split() or [""]
        moments = (self._moment(day, at, zone, place) for day in self._dates(first) for at in times)
        return next((moment for moment in moments if moment is not None and moment > after), None)

    def _dates(self, first: date) -> Iterator[date]:
        """The dates on which it comes, beginning with `first`."""
        for number in range(LOOK_DAYS):
            day = first + timedelta(days=number)
            last = calendar.monthrange(day.year, day.month)[1]
            if day.day == min(self.day, last) if self.kind == "monthly" else not self.days or day.weekday() in self.days:
                yield day

    def _moment(self, day: date, at: str, zone: tzinfo, place: Place | None) -> float | None:
        """When it comes on this date; None when the sun does neither rise nor set, or nobody knows where."""
        if self.kind != "sun":
            return moment(datetime.combine(day, time.fromisoformat(at)), zone)
        return _sun(self.sun, day, zone, place, self.offset) if place else None


def moment(wall: datetime, zone: tzinfo) -> float:
    """The first moment (seconds since 1970) at which the clocks of the zone show this wall time, or one after it."""
    at, early = (wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    if datetime.fromtimestamp(at, zone).replace(tzinfo=None) == wall:
        return at
    # the changeover skips it; it lies between the readings by the old offset and by the new one
    before = datetime.fromtimestamp(early, zone).utcoffset()
    seconds = range(int(early), int(at) + 1)
    return float(seconds[bisect_left(seconds, True, key=lambda one: datetime.fromtimestamp(one, zone).utcoffset() != before)])


def _sun(which: str, day: date, zone: tzinfo, place: Place, offset: int) -> float | None:
    import astral.sun

    try:
        found: datetime = getattr(astral.sun, which)(astral.Observer(place.latitude, place.longitude), day, tzinfo=zone)
    except ValueError:  # polar day or night
        return None
    return round(found.timestamp()) + offset
