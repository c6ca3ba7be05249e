"""A year of 20 routines in three zones, with downtimes, clocks that are set back and both changeovers.

What should have come is reckoned here by hand: minute by minute through the offsets of each zone, not by When.next.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from claw.clock import ManualClock
from claw.config import Config
from claw.events import Events
from claw.messages.inbox import Inbox
from claw.routines.routines import Routines
from claw.store import Store
from claw.when import When

# the last day before each changeover of 2026, written out: date, first UTC minute of the new offset, offsets in minutes
CHANGEOVERS = {
    "America/New_York": (-300, [("2026-03-08T07:00", -240), ("2026-11-01T06:00", -300)]),
    "Europe/Berlin": (60, [("2026-03-29T01:00", 120), ("2026-10-25T01:00", 60)]),
    "Australia/Lord_Howe": (660, [("2026-04-04T15:00", 630), ("2026-10-03T15:30", 660)]),
}
BEGIN, END = datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC).timestamp(), datetime(2027, 1, 1, tzinfo=UTC).timestamp()
HOUR = 3600.0


@dataclass(frozen=True)
class Plan:
    """A routine, and whether a local day is one of its days."""

    when: When
    on: Callable[[date], bool] = lambda day: True
    kind: str = "deed"


def last_of_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


PLANS = [
    Plan(When("daily", time="07:00")),
    Plan(When("daily", time="07:00", days=(0, 1, 2, 3, 4)), lambda day: day.isoweekday() <= 5),
    Plan(When("daily", time="09:30", days=(5, 6)), lambda day: day.isoweekday() >= 6),
    Plan(When("daily", time="00:00")),
    Plan(When("daily", time="23:59")),
    Plan(When("daily", time="01:30")),  # comes twice in New York and on Lord Howe
    Plan(When("daily", time="01:45")),
    Plan(When("daily", time="02:00")),
    Plan(When("daily", time="02:15")),  # skipped everywhere
    Plan(When("daily", time="02:30")),
    Plan(When("daily", time="03:00", days=(6,)), lambda day: day.isoweekday() == 7),
    Plan(When("monthly", time="08:00", day=1), lambda day: day.day == 1),
    Plan(When("monthly", time="08:00", day=31), last_of_month),
    Plan(When("monthly", time="02:30", day=29), lambda day: day.day == 29 or (day.month == 2 and day.day == 28)),
    Plan(When("daily", time="18:00"), kind="reminder"),
    Plan(When("daily", time="12:00", days=(2,)), lambda day: day.isoweekday() == 3, kind="reminder"),
    Plan(When("interval", at=BEGIN + 100, every=14400)),
    Plan(When("interval", at=BEGIN + 50, every=9000)),
    Plan(When("sun", sun="sunset")),
    Plan(When("sun", sun="sunrise", offset=-1200)),
]


def wall_minutes(zone: str) -> dict[tuple[date, int], float]:
    """The first moment at which the clocks of the zone show a minute of a day, for each that they show, by the table above."""
    offset, changes = CHANGEOVERS[zone]
    turns = [(int(datetime.fromisoformat(f"{at}+00:00").timestamp()) // 60, minutes) for at, minutes in changes]
    parts = [(int(BEGIN // 60) + 1, offset), *turns, (int(END // 60), 0)]
    shown: dict[tuple[int, int], float] = {}
    for (begin, minutes), (end, _) in pairwise(parts):
        for minute in range(begin, end):
            shown.setdefault(divmod(minute + minutes, 1440), minute * 60.0)
    days = {number: date(1970, 1, 1) + timedelta(days=number) for number, _ in shown}
    return {(days[number], minute): at for (number, minute), at in shown.items()}


def expected(plan: Plan, walls: dict[tuple[date, int], float]) -> list[float]:
    """The moment on each of its days that shows its time, or the first one after it where that is skipped."""
    hour, minute = map(int, plan.when.time.split(":"))
    first, last = next(iter(walls)), next(reversed(walls))
    found = []
    for number in range((last[0] - first[0]).days + 1):
        wanted = (first[0] + timedelta(days=number), hour * 60 + minute)
        if first <= wanted <= last and plan.on(wanted[0]):
            found.append(next(walls[wanted[0], later] for later in range(wanted[1], 1440) if (wanted[0], later) in walls))
    return found


class Year:
    """A store that lives through it."""

    def __init__(self, path: Path, zone: str) -> None:
        self.clock = ManualClock(BEGIN, zone)
        self.store = Store(path)
        self.store.conn.execute("PRAGMA synchronous=OFF")
        self.start()
        for plan in PLANS:
            self.routines.put(plan.kind, plan.when, "do it", said="", person="owner", bridge="test", chat="test")
        self.looks = 0

    def start(self) -> None:
        """A new process on the same file."""
        events = Events()
        self.routines = Routines(self.store, Inbox(self.store, events, self.clock), events, self.clock, Config(), None)
        self.routines.fire_due()

    def live(self, until: float) -> None:
        """Wake as the ticker does, up to a minute apart: at the soonest due."""
        while self.clock.at < until:
            self.clock.at = min(until, self.clock.at + max(0.001, self.routines.fire_due()))
            self.looks += 1
        self.routines.fire_due()

    def runs(self, id: int, outcome: str) -> list[float]:
        return [row["due"] for row in self.store.all(
            "SELECT due FROM runs WHERE routine = ? AND outcome = ? ORDER BY due", id, outcome)]  # fmt: skip

    def fired(self) -> list[tuple[int, float]]:
        """What the agent got, with every key once."""
        rows = self.store.all("SELECT text FROM inbox WHERE key LIKE 'routine:%'")
        slots = [json.loads(row["text"])["slots"] for row in rows]
        return [(one["id"], one["due"]) for one in slots]


def utc(text: str) -> float:
    return datetime.fromisoformat(f"{text}+00:00").timestamp()


OFF = [  # from, to: the machine is off, or its clock jumps ahead
    (utc("2026-02-10T05:00"), utc("2026-02-10T11:30")),
    (utc("2026-03-08T06:30"), utc("2026-03-08T07:30")),  # over the changeover of New York
    (utc("2026-03-28T20:00"), utc("2026-03-29T03:00")),  # of Berlin
    (utc("2026-04-04T14:00"), utc("2026-04-04T16:00")),  # of Lord Howe
    (utc("2026-06-01T00:00"), utc("2026-06-04T12:00")),
    (utc("2026-10-25T00:00"), utc("2026-10-25T00:20")),
]
BACK = [utc("2026-01-20T07:20"), utc("2026-05-05T12:10"), utc("2026-11-01T06:10"), utc("2026-12-24T00:10")]


@pytest.mark.parametrize("zone", CHANGEOVERS)
def test_every_run_of_a_year_comes_exactly_once_or_is_visibly_missed(zone: str, tmp_path: Path) -> None:
    began, walls = time.perf_counter(), wall_minutes(zone)
    year = Year(tmp_path / "house.db", zone)
    stops = sorted([*((start, "off", end) for start, end in OFF), *((at, "back", at - HOUR) for at in BACK)])
    lived = time.perf_counter()
    for number, (at, what, then) in enumerate(stops):
        year.live(at)
        year.clock.at = then
        if what == "off" and number % 2:
            year.start()
    year.live(END - 1)
    seconds = time.perf_counter() - lived
    assert len(set(year.fired())) == len(year.fired())
    for id, plan in enumerate(PLANS, 1):
        fired, missed = year.runs(id, "fired"), year.runs(id, "missed")
        assert sorted(due for one, due in year.fired() if one == id) == fired
        if plan.when.kind in ("daily", "monthly"):
            assert sorted([*fired, *missed]) == expected(plan, walls), plan.when
        assert not set(fired) & set(missed)
        assert all(any(start < due <= end for start, end in OFF) for due in missed), plan.when
        assert len(missed) < 200
    check_intervals(year)
    check_sun(year, zone)
    print(
        f"\n{zone}: {len(year.fired())} runs, {year.looks} looks in {seconds:.1f} s, {time.perf_counter() - began:.1f} s in all"
    )
    year.store.close()


def check_intervals(year: Year) -> None:
    """They come in their rhythm, whatever the clock does: real time between two runs is never more than their span."""
    for id, plan in ((id, plan) for id, plan in enumerate(PLANS, 1) if plan.when.kind == "interval"):
        rows = year.store.all("SELECT due, outcome FROM runs WHERE routine = ? ORDER BY id", id)
        for before, after in pairwise(rows):
            gap = after["due"] - before["due"]
            assert gap == pytest.approx(plan.when.every, abs=0.01) or -HOUR <= gap < plan.when.every
        assert sum(after["due"] < before["due"] for before, after in pairwise(rows)) <= len(BACK)
        assert sum(row["outcome"] == "missed" for row in rows) >= sum(end - start for start, end in OFF) // plan.when.every - 12
    every = PLANS[16].when.every
    assert len(year.store.all("SELECT 1 FROM runs WHERE routine = 17")) >= (END - BEGIN) // every


def check_sun(year: Year, zone: str) -> None:
    """One sunset and one sunrise on each local date."""
    for id in (19, 20):
        runs = [*year.runs(id, "fired"), *year.runs(id, "missed")]
        days = [datetime.fromtimestamp(due, ZoneInfo(zone)).date() for due in runs]
        assert len(days) == len(set(days))
        assert 364 <= len(days) <= 365


def test_what_was_missed_is_told_once_for_all_of_it(tmp_path: Path) -> None:
    year = Year(tmp_path / "house.db", "Europe/Berlin")
    year.live(utc("2026-05-31T12:00"))
    year.clock.at = utc("2026-06-04T12:20")
    year.start()
    rows = year.store.all("SELECT text FROM inbox WHERE key LIKE 'missed:%'")
    assert len(rows) == 1
    told = {one["id"]: one["count"] for one in json.loads(rows[0]["text"])["slots"]["missed"]}
    assert told[1] == 4  # every day at 07:00
    assert told[15] == 3  # of the four reminders the last one still comes, late
    assert sum(told.values()) == len(year.store.all("SELECT 1 FROM runs WHERE outcome = 'missed'"))
    year.store.close()
