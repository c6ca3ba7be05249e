"""Moments and spans in words, as people say them near to now."""

from datetime import date, datetime

from claw.when import When

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
YEAR = "January February March April May June July August September October November December"
MONTHS = YEAR.split()
UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
SOON = 120  # seconds; further ahead nobody asks for the second


def at_words(at: float, now: datetime) -> str:
    """A moment (seconds since 1970) seen from local `now`: "at 21:14", "tomorrow at 07:00", "yesterday at 18:22"."""
    moment = datetime.fromtimestamp(at, now.tzinfo)
    exact = moment.second and 0 < at - now.timestamp() < SOON
    day = "" if moment.date() == now.date() else f"{day_words(moment.date(), now.date())} "
    return f"{day}at {moment:%H:%M:%S}" if exact else f"{day}at {moment:%H:%M}"


def day_words(day: date, today: date) -> str:
    """A day seen from today: "today", "tomorrow", "yesterday", "on Monday" within a week, "on 3 May", "on 3 May 2027"."""
    ahead = (day - today).days
    if abs(ahead) < 2:
        return ("today", "tomorrow", "yesterday")[ahead]
    if abs(ahead) < 7:
        return f"on {DAYS[day.weekday()]}"
    return f"on {day.day} {MONTHS[day.month - 1]}" + (f" {day.year}" if day.year != today.year else "")


def span_words(seconds: float) -> str:
    """How long, to two units: "10 minutes", "1 hour 30 minutes", "45 seconds"."""
    left, counts = round(abs(seconds)), list[tuple[int, str]]()
    for unit, size in UNITS:
        count, left = divmod(left, size)
        counts += [(count, unit)] if count or counts else []
    return " ".join(f"{count} {unit}{'s' * (count != 1)}" for count, unit in counts[:2] if count) or "0 seconds"


def when_words(when: When, now: datetime) -> str:
    """When a routine comes: "every weekday at 07:00", "every day at sunset", "tomorrow at 07:00", "every 2 hours"."""
    if when.kind == "once":
        return at_words(when.at, now)
    if when.event:
        return f"{'the next' if when.event.once else 'every'} time {when.event.words}"
    if when.kind == "interval":
        span = span_words(when.every)
        return f"every {span if ' ' in span.removeprefix('1 ') else span.removeprefix('1 ')}"
    if when.kind == "monthly":
        return f"on the {'last day' if when.day == 31 else _ordinal(when.day)} of every month at {when.time}"
    if when.kind == "daily":
        return f"{_days_words(when.days)} at {' and '.join(when.time.split())}"
    side = "before" if when.offset < 0 else "after"
    return f"{_days_words(when.days)} {f'{span_words(when.offset)} {side}' if when.offset else 'at'} {when.sun}"


def _days_words(days: tuple[int, ...]) -> str:
    """The weekdays of a routine; none and all seven mean every day."""
    if days in ((), (0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 3, 4)):
        return "every weekday" if len(days) == 5 else "every day"
    names = [DAYS[day] for day in days]
    return "every " + " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 11th."""
    return f"{number}{'th' if number in (11, 12, 13) else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
