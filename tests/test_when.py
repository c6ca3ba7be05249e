"""The next moment of a routine: both changeovers, short months, leap days, the sun, and intervals that keep their rhythm."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from claw.clock import ManualClock
from claw.config import HouseConfig
from claw.routines.places import place, zone_name
from claw.when import Place, When

NEW_YORK, BERLIN, LORD_HOWE, OSLO = (
    ZoneInfo(name) for name in ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Europe/Oslo")
)
TROMSO = Place(69.65, 18.95)


def at(text: str, zone: ZoneInfo, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def shown(when: When, after: str, zone: ZoneInfo, place: Place | None = None, *, fold: int = 0) -> str:
    """The next moment in local time with its offset, to the minute."""
    found = when.next(at(after, zone, fold), zone, place)
    return datetime.fromtimestamp(found, zone).isoformat(timespec="minutes") if found is not None else ""


DAILY = When("daily", time="07:00")
CASES = [
    (DAILY, "2026-11-23 06:59", BERLIN, "2026-11-23T07:00+01:00"),
    (DAILY, "2026-11-23 07:00", BERLIN, "2026-11-24T07:00+01:00"),  # after, not at
    (When("daily", time="07:00:30"), "2026-11-23 07:00", BERLIN, "2026-11-23T07:00+01:00"),
    (When("daily", time="07:00", days=(5, 6)), "2026-11-23 12:00", BERLIN, "2026-11-28T07:00+01:00"),
    (When("daily", time="07:00", days=(0,)), "2026-11-23 12:00", BERLIN, "2026-11-30T07:00+01:00"),
    # the wall time stays over a changeover
    (DAILY, "2026-03-28 12:00", BERLIN, "2026-03-29T07:00+02:00"),
    (DAILY, "2026-10-24 12:00", BERLIN, "2026-10-25T07:00+01:00"),
    # what is skipped comes at the first moment after the gap, once
    (When("daily", time="02:30"), "2026-03-07 12:00", NEW_YORK, "2026-03-08T03:00-04:00"),
    (When("daily", time="02:30"), "2026-03-08 03:00", NEW_YORK, "2026-03-09T02:30-04:00"),
    (When("daily", time="02:00"), "2026-03-28 12:00", BERLIN, "2026-03-29T03:00+02:00"),
    (When("daily", time="02:15"), "2026-10-03 12:00", LORD_HOWE, "2026-10-04T02:30+11:00"),
    (When("daily", time="00:00"), "2026-04-23 12:00", ZoneInfo("Africa/Cairo"), "2026-04-24T01:00+03:00"),
    # what comes twice is done at the first of the two
    (When("daily", time="01:30"), "2026-10-31 12:00", NEW_YORK, "2026-11-01T01:30-04:00"),
    (When("daily", time="01:30"), "2026-11-01 01:30", NEW_YORK, "2026-11-02T01:30-05:00"),
    (When("daily", time="01:45"), "2026-04-04 12:00", LORD_HOWE, "2026-04-05T01:45+11:00"),
    (When("daily", time="01:45"), "2026-04-05 01:45", LORD_HOWE, "2026-04-06T01:45+10:30"),
    # several times a day
    (When("daily", time="08:00 20:00"), "2026-11-23 07:00", BERLIN, "2026-11-23T08:00+01:00"),
    (When("daily", time="08:00 20:00"), "2026-11-23 08:00", BERLIN, "2026-11-23T20:00+01:00"),
    (When("daily", time="08:00 20:00", days=(0,)), "2026-11-23 20:00", BERLIN, "2026-11-30T08:00+01:00"),
    # months and leap days
    (When("monthly", time="09:00", day=31), "2026-02-01 00:00", BERLIN, "2026-02-28T09:00+01:00"),
    (When("monthly", time="09:00", day=31), "2028-02-01 00:00", BERLIN, "2028-02-29T09:00+01:00"),
    (When("monthly", time="09:00", day=31), "2026-04-30 09:00", BERLIN, "2026-05-31T09:00+02:00"),
    (When("monthly", time="09:00", day=1), "2026-12-01 09:00", BERLIN, "2027-01-01T09:00+01:00"),
    (When("daily", time="09:00"), "2028-02-28 09:00", BERLIN, "2028-02-29T09:00+01:00"),
]


@pytest.mark.parametrize(("when", "after", "zone", "expected"), CASES)
def test_the_next_moment(when: When, after: str, zone: ZoneInfo, expected: str) -> None:
    assert shown(when, after, zone) == expected


def test_the_second_of_two_equal_wall_times_is_no_new_moment() -> None:
    assert shown(When("daily", time="01:30"), "2026-11-01 01:15", NEW_YORK, fold=1) == "2026-11-02T01:30-05:00"


def test_once_comes_once() -> None:
    assert When("once", at=100.0).next(99.0, BERLIN) == 100.0
    assert When("once", at=100.0).next(100.0, BERLIN) is None


def test_an_interval_keeps_its_rhythm_over_a_changeover() -> None:
    every = When("interval", at=at("2026-03-29 00:30", BERLIN), every=7200)
    assert every.next(0.0, BERLIN) == every.at
    assert every.next(every.at, BERLIN) == every.at + 7200
    assert shown(every, "2026-03-29 04:00", BERLIN) == "2026-03-29T05:30+02:00"


# typed in by hand, to the minute
@pytest.mark.parametrize(
    ("sun", "day", "zone", "where", "published"),
    [
        ("sunrise", "2026-06-21", BERLIN, Place(52.52, 13.40), "04:43"),
        ("sunset", "2026-06-21", BERLIN, Place(52.52, 13.40), "21:33"),
        ("sunset", "2026-12-21", BERLIN, Place(52.52, 13.40), "15:54"),
        ("sunrise", "2026-03-20", NEW_YORK, Place(40.71, -74.01), "06:59"),
        ("sunset", "2026-12-21", NEW_YORK, Place(40.71, -74.01), "16:32"),
    ],
)
def test_the_sun_is_where_almanacs_say(sun: str, day: str, zone: ZoneInfo, where: Place, published: str) -> None:
    found = When("sun", sun=sun).next(at(f"{day} 00:00", zone), zone, where)  # type: ignore[arg-type]
    assert found is not None
    assert abs(found - at(f"{day} {published}", zone)) <= 120


def test_an_offset_moves_it_over_midnight_too() -> None:
    late = When("sun", sun="sunset", offset=8 * 3600)
    sunset = When("sun", sun="sunset").next(at("2026-12-20 12:00", BERLIN), BERLIN, Place(52.52, 13.40))
    assert sunset is not None
    found = late.next(at("2026-12-20 23:50", BERLIN), BERLIN, Place(52.52, 13.40))
    assert found is not None
    assert found - 8 * 3600 == sunset
    before = When("sun", sun="sunset", offset=-1200).next(at("2026-12-20 12:00", BERLIN), BERLIN, Place(52.52, 13.40))
    assert before == sunset - 1200


def test_where_the_sun_does_not_set_the_next_day_that_it_does_is_meant() -> None:
    assert shown(When("sun", sun="sunset"), "2026-05-20 12:00", OSLO, TROMSO).startswith("2026-07-2")
    assert shown(When("sun", sun="sunrise"), "2026-12-01 12:00", OSLO, TROMSO).startswith("2027-01-1")


def test_without_a_place_there_is_no_sunset() -> None:
    assert When("sun", sun="sunset").next(0.0, BERLIN) is None


def test_the_place_is_the_configs_else_the_town_of_the_zone() -> None:
    assert place(HouseConfig(latitude=1.0, longitude=2.0), "Europe/Berlin") == (Place(1.0, 2.0), "")
    found, town = place(HouseConfig(), "America/Argentina/Buenos_Aires")
    assert town == "Buenos Aires"
    assert found == Place(pytest.approx(-34.6, abs=0.01), pytest.approx(-58.45, abs=0.01))  # type: ignore[arg-type]
    found, town = place(HouseConfig(), "America/New_York")  # given to the second
    assert found == Place(pytest.approx(40.714, abs=0.001), pytest.approx(-74.006, abs=0.001))  # type: ignore[arg-type]
    assert place(HouseConfig(), "UTC") == (Place(51.48, 0.0), "Greenwich")
    assert place(HouseConfig(), "Etc/GMT+5") == (None, "")


def test_the_zone_is_the_clocks_and_has_a_name_for_the_machines_own() -> None:
    assert zone_name(ManualClock(zone="Asia/Tokyo")) == "Asia/Tokyo"
    clock = ManualClock()
    clock.zone = None
    ZoneInfo(zone_name(clock))
