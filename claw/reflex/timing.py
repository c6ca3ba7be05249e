"""The When that the times of a sentence make together.

A bare hour ("at 7", "at 7:30"; not "07:30", "7 am" or "19:30") is read so: once, and on no day or today, as the next moment at
which a 12 h clock shows it; on a named day or again and again, as on the 24 h clock, but reminders at 1-6 are in the afternoon;
to wake somebody, always as on the 24 h clock. A part of the day decides: "at 7 in the evening". Alone it means the hour in PARTS.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Literal

from claw.moments import MONTHS
from claw.reflex.times import Fragment, Slots, of_month
from claw.when import When

Kind = Literal["deed", "reminder", "wake"]
PARTS = {"morning": 8, "noon": 12, "midday": 12, "afternoon": 15, "evening": 19, "night": 22, "midnight": 0}
FARTHEST = 366 * 86400  # seconds
ONE_AT_A_TIME = "I take one time in one message, so I did nothing. Please write them one by one."
FOR_NOW = "I can do something for a while only from now on, and only turn things on or off. I did nothing. "
FOR_NOW += "Tell me the end alone: “turn off the fan in 10 minutes”."


def merged(fragments: Sequence[Fragment]) -> Slots | None:
    """What the fragments say together; None when two say the same differently. A vague "later" counts only alone."""
    slots: Slots = {}
    for fragment in [one for one in fragments if "vague" not in one.slots] or fragments:
        same = slots.keys() & fragment.slots.keys() - {"roll", "bare"}
        differing = [{slots[key], fragment.slots[key]} for key in same if slots[key] != fragment.slots[key]]
        if any(values != {"evening", "night"} for values in differing):
            return None
        slots |= fragment.slots
    return slots


def made(slots: Slots, now: datetime, kind: Kind) -> When | str:
    """The When of the slots, or the sentence that says why there is none."""
    if "sorry" in slots:
        return str(slots["sorry"])
    if "for" in slots:
        return FOR_NOW
    alone = slots.keys() - {"part"}
    if "span" in slots or "every" in slots:
        return _after(slots, now) if len(alone) == 1 else ONE_AT_A_TIME
    if "weekly" in slots and slots.get("roll") == "week":
        slots = {"days": (slots["date"].weekday(),), **{key: slots[key] for key in slots.keys() - {"date", "roll"}}}
    if "sun" in slots:
        return _by_sun(slots)
    return _by_clock(slots, now, kind)


def _after(slots: Slots, now: datetime) -> When | str:
    seconds = slots.get("span") or slots.get("every", 0)
    if not seconds:
        return "That is now, so say it without a time. I did nothing."
    if seconds > FARTHEST:
        return "That is too far away for me, so I did nothing."
    if "span" in slots:
        return When("once", at=now.timestamp() + seconds)
    often = "Once a minute is the most I can do, so I did nothing."
    return When("interval", at=now.timestamp() + seconds, every=seconds) if seconds >= 60 else often


def _by_sun(slots: Slots) -> When | str:
    if "clock" in slots:
        return ONE_AT_A_TIME
    if "date" in slots or "month_day" in slots:
        return "By the sun I can do things only again and again, such as “every day at sunset”. I did nothing."
    return When("sun", sun=slots["sun"][0], offset=slots["sun"][1], days=slots.get("days", ()))


def _by_clock(slots: Slots, now: datetime, kind: Kind) -> When | str:
    if "more" in slots:
        return _several(slots, now, kind)
    named = slots.keys() & {"days", "month_day"} or slots.get("roll") == "week" or slots.get("date", now.date()) != now.date()
    if "clock" not in slots and "part" not in slots and slots.get("same"):
        slots = {**slots, "clock": (now.hour, now.minute, now.second, True)}
    elif "clock" not in slots and "part" not in slots:
        if kind != "reminder" or "weekly" in slots:
            return "Tell me the time of day and the day, too, for example “tomorrow at 7” or “every Monday at 7”; I did nothing."
        slots = {**slots, "clock": (PARTS["morning"], 0, 0, True)}
    hour, minute, second, late, either = _hour(slots, kind, bool(named))
    words = f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")
    if "month_day" in slots:
        day = slots["month_day"]
        return When("monthly", time=words, day=day) if 1 <= day <= 31 and "days" not in slots else ONE_AT_A_TIME
    if "days" in slots:
        days = slots["days"] if not late else tuple(sorted((day + 1) % 7 for day in slots["days"]))
        return When("daily", time=words, days=days if len(days) < 7 else ()) if "date" not in slots else ONE_AT_A_TIME
    return _once(slots, now, time(hour, minute, second), late, either)


def _several(slots: Slots, now: datetime, kind: Kind) -> When | str:
    """Several times of the same days, each as if it stood alone."""
    alone = {key: value for key, value in slots.items() if key != "more"}
    each = [_by_clock({**alone, "clock": clock}, now, kind) for clock in (*slots["more"], slots["clock"])]
    first = each[0]
    if isinstance(first, str) or first.kind != "daily":
        return first if isinstance(first, str) else ONE_AT_A_TIME
    times = {one.time for one in each if isinstance(one, When) and replace(one, time=first.time) == first}
    return replace(first, time=" ".join(sorted(times))) if len(times) == len(each) else ONE_AT_A_TIME


def _hour(slots: Slots, kind: Kind, named: bool) -> tuple[int, int, int, bool, bool]:
    """Hour, minute, second; whether it is after the midnight that ends the day said; whether twelve hours later fits as well."""
    part = slots.get("part", "")
    if "clock" not in slots:
        return PARTS[part], 0, 0, part == "midnight" and "date" in slots, False
    hour, minute, second, exact = slots["clock"]
    if slots.get("midnight"):
        return 0, 0, 0, bool(slots.get("days") or "date" in slots), False
    if exact or not part or part in ("noon", "midday", "midnight"):
        afternoon = not exact and named and kind == "reminder" and hour < 7
        after, either = exact and part == "night" and hour < 5, not (exact or named or kind == "wake")
        return hour + 12 * afternoon, minute, second, after, either
    if part == "morning":
        return hour % 12, minute, second, False, False
    after = (hour == 12 and part != "afternoon") or (hour < 5 and part == "night")
    return hour % 12 + 12 * (not after), minute, second, after, False


def _once(slots: Slots, now: datetime, at: time, late: bool, either: bool) -> When | str:
    day = slots.get("date", now.date()) + timedelta(late)
    times = [at, at.replace(hour=(at.hour + 12) % 24)] if either else [at]
    days = [day, *_rolled(day, slots.get("roll", "day"))]
    moments = [datetime.combine(one, t, now.tzinfo).timestamp() for one in days for t in times]
    coming = [moment for moment in moments if moment > now.timestamp()]
    said = f"{day.day} {MONTHS[day.month - 1]} {day.year}" if day != now.date() else "today"
    return When("once", at=min(coming)) if coming else f"{at:%H:%M} {said} is past, so I did nothing."


def _rolled(day: date, by: str) -> list[date]:
    """The next day that the same words mean."""
    if by == "year":
        return [of_month(day.replace(year=day.year + 1, day=1), day.day) or day.replace(year=day.year + 1, day=28)]
    return [day + timedelta({"day": 1, "week": 7}[by])] if by else []
