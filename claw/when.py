"""When: the time of a routine, reminder or timer as data; its words; and its next moment in a zone. No clock, no store."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import tzinfo
from typing import Any, Literal


@dataclass(frozen=True)
class Place:
    """Where the house stands, in degrees; for sunrise and sunset."""

    latitude: float
    longitude: float


@dataclass(frozen=True)
class When:
    """kind: once (`at`), daily (`time` on `days`), monthly (`time` on `day`), sun (`sun` plus `offset` on `days`), interval.

    An interval begins at `at` and comes again every `every` seconds. Times are local to the house: wall time, not UTC.
    """

    kind: Literal["once", "daily", "monthly", "sun", "interval"]
    at: float = 0.0  # seconds since 1970
    time: str = ""  # "07:00", or "07:00:30"
    days: tuple[int, ...] = ()  # 0 = Monday; empty = every day
    day: int = 0  # of the month, 1-31; in a shorter month its last day
    sun: Literal["", "sunrise", "sunset"] = ""
    offset: int = 0  # seconds after sunrise or sunset; negative: before
    every: int = 0  # seconds

    def plain(self) -> dict[str, Any]:
        """As JSON data, without what is not said."""
        return {name: value for name, value in asdict(self).items() if value or name == "kind"}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "When":
        """From JSON data."""
        return cls(**{**data, "days": tuple(data.get("days", ()))})

    def next(self, after: float, zone: tzinfo, place: Place | None = None) -> float | None:
        """The first moment after `after` (both seconds since 1970); None when there is none any more.

        A wall time that a changeover skips is its first moment after the gap; one that comes twice is the first of the two.
        """
        return self.at if self.kind == "once" and self.at > after else None
