"""Moments and spans in words."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from claw.moments import at_words, span_words, when_words
from claw.when import When

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 18, 10, 0, tzinfo=ZONE)  # a Wednesday


def moment(words: str) -> float:
    return datetime.fromisoformat(words).replace(tzinfo=ZONE).timestamp()


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-18 21:14", "at 21:14"),
        ("2026-11-18 00:00", "at 00:00"),
        ("2026-11-18 10:10:23", "at 10:10"),
        ("2026-11-18 10:01:30", "at 10:01:30"),
        ("2026-11-18 10:04:01", "at 10:04"),
        ("2026-11-18 09:59:30", "at 09:59"),
        ("2026-11-19 07:00", "tomorrow at 07:00"),
        ("2026-11-19 00:00", "tomorrow at 00:00"),
        ("2026-11-17 18:22", "yesterday at 18:22"),
        ("2026-11-20 07:00", "on Friday at 07:00"),
        ("2026-11-24 07:00", "on Tuesday at 07:00"),
        ("2026-11-25 07:00", "on 25 November at 07:00"),
        ("2026-11-16 07:00", "on Monday at 07:00"),
        ("2026-11-11 07:00", "on 11 November at 07:00"),
        ("2026-12-24 07:00", "on 24 December at 07:00"),
        ("2027-01-05 07:00", "on 5 January 2027 at 07:00"),
        ("2025-12-24 07:00", "on 24 December 2025 at 07:00"),
    ],
)
def test_a_moment_is_said_as_near_as_it_is(at: str, words: str) -> None:
    assert at_words(moment(at), NOW) == words


def test_a_moment_is_said_in_the_zone_of_now() -> None:
    assert at_words(moment("2026-11-18 23:30"), NOW.astimezone(ZoneInfo("Australia/Lord_Howe"))) == "tomorrow at 09:30"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (0.4, "0 seconds"),
        (1, "1 second"),
        (45, "45 seconds"),
        (60, "1 minute"),
        (90, "1 minute 30 seconds"),
        (599.7, "10 minutes"),
        (3600, "1 hour"),
        (3605, "1 hour"),
        (5400, "1 hour 30 minutes"),
        (7261, "2 hours 1 minute"),
        (86400, "1 day"),
        (90000, "1 day 1 hour"),
        (172860, "2 days"),
        (-1200, "20 minutes"),
    ],
)
def test_a_span_is_said_to_two_units(seconds: float, words: str) -> None:
    assert span_words(seconds) == words


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (When("once", at=moment("2026-11-19 07:00")), "tomorrow at 07:00"),
        (When("daily", time="07:00"), "every day at 07:00"),
        (When("daily", time="07:00:30"), "every day at 07:00:30"),
        (When("daily", time="07:00 19:30", days=(0,)), "every Monday at 07:00 and 19:30"),
        (When("daily", time="07:00", days=(0, 1, 2, 3, 4)), "every weekday at 07:00"),
        (When("daily", time="07:00", days=(0, 1, 2, 3, 4, 5, 6)), "every day at 07:00"),
        (When("daily", time="09:00", days=(5, 6)), "every Saturday and Sunday at 09:00"),
        (When("daily", time="09:00", days=(0,)), "every Monday at 09:00"),
        (When("daily", time="09:00", days=(0, 2, 4)), "every Monday, Wednesday and Friday at 09:00"),
        (When("sun", sun="sunset"), "every day at sunset"),
        (When("sun", sun="sunset", offset=-1200), "every day 20 minutes before sunset"),
        (When("sun", sun="sunrise", offset=3600, days=(5,)), "every Saturday 1 hour after sunrise"),
        (When("monthly", time="09:00", day=1), "on the 1st of every month at 09:00"),
        (When("monthly", time="09:00", day=12), "on the 12th of every month at 09:00"),
        (When("monthly", time="09:00", day=22), "on the 22nd of every month at 09:00"),
        (When("monthly", time="09:00", day=31), "on the last day of every month at 09:00"),
        (When("interval", every=7200), "every 2 hours"),
        (When("interval", every=3600), "every hour"),
        (When("interval", every=60), "every minute"),
        (When("interval", every=5400), "every 1 hour 30 minutes"),
        (When("interval", every=86400), "every day"),
    ],
)
def test_when_a_routine_comes(when: When, words: str) -> None:
    assert when_words(when, NOW) == words
