"""Where times stand in a sentence and what each piece of them says. What they mean together is for timing.py."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from claw.reflex.numbers import DAYS, MONTHS, NUMBERS, ONES, ORDINALS, TENS

Slots = dict[str, Any]

HOURS = ONES
FRACTIONS = {"half": 0.5, "quarter": 0.25, "three quarters": 0.75, "couple": 2.0, "": 1.0}
SECONDS = {"s": 1, "m": 60, "h": 3600}

NUM = rf"(?:\d+(?:\.\d+)?|(?:{'|'.join(TENS)})(?:[ -](?:{'|'.join(HOURS[:9])})\b)?|\b(?:{'|'.join(reversed(NUMBERS))})\b)"
AMOUNT = rf"(?:{NUM}(?: and a (?:half|quarter))?|(?:a |an )?(?:quarter|three quarters|couple|half)(?: of)?(?: an?)?|an?)"
SPAN_1 = rf"{AMOUNT}[ -]?(?:hours?|hrs?|minutes?|mins?|seconds?|secs?|(?<=\d)[hms]|(?<=\d )[hms])\b(?: and a (?:half|quarter))?"
SPAN = rf"(?:\d+ ?h(?:ours?|rs?)? ?\d\d?(?: ?m(?:in(?:ute)?s?)?)?\b(?![:.%]| \w+s\b)|{SPAN_1}(?:(?:,? and|,)? {SPAN_1})*)"
PART = "morning|noon|midday|afternoon|evening|night|midnight"
DAY = rf"(?:{'|'.join(DAYS)})"
SHORT = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:days?|s)?"
WEEK = "(?:week|school)"
LIST = rf"{SHORT}(?:(?:,|,? and| &| or)? (?:on )?{SHORT})*"
ORD = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|{'|'.join(ORDINALS)}|last)"
MONTH = rf"(?:{'|'.join(f'{month[:3]}(?:{month[3:]})?' if month[3:] else month for month in MONTHS)}|sept)\.?"
SUN = "sunset|sundown|dusk|nightfall|sunrise|sunup|dawn"
THING = r"(?! (?:room|lamp|light|lights|scene|mode|show|routine|timer|alarm)\b)(?!['’]s)"  # "in the morning room", "today's"
UNIT = r"(?! ?(?:%|°|percent|per\b|degrees?|kelvin\b|[kcf]\b|hundred|point|of\b|min|hour|sec|days?|weeks?|\d)|[:.]\d)"
SHARP = r"(?:ish)?(?: sharp| exactly| on the dot)?"
AT = r"(?:at|by|around|about|@)(?: around| about| exactly| approximately)? ?"
HOUR = rf"(?:2[0-4]|1\d|0?\d|{'|'.join(reversed(HOURS))})"
SHOWN = rf"(?:{HOUR}(?:[:.]\d\d)? ?[ap]\.?m\b\.?|\d\d?:\d\d|noon|midnight)"  # what can be nothing but a time
TO = r" ?(?:to|and|until|till|til|-|–) ?"
MEALS = "breakfast|lunch|dinner|supper"
FEASTS = "christmas(?: eve| day)?|new year['’]?s?(?: eve| day)?|easter(?: sunday| monday)?|halloween|thanksgiving"
POINT = r"(?:at|around|@)(?: around| about| exactly)? ?"  # not "dim it by 10", "about 7 things"
AMPM = r"(?: ?(?P<half>[ap])\.?m\b\.?| ?(?P<clock>o['’]?clock)\b)"
HINT = re.compile(
    rf"\d|\b(?:every|each|daily|nightly|hourly|weekly|monthly|yearly|{SUN}|gets? dark|is dark|the sun|today|tomorrow|tonight"
    rf"|month|(?:at|half|past|to) (?:{'|'.join(HOURS)})|quarter (?:past|to)|{PART}|o['’]?clock|[ap]\.?m"
    rf"|on the (?:{'|'.join(ORDINALS)})|{FEASTS}"
    rf"|(?:hour|minute|min|second|sec|day|week|weekday|weekend|weeknight|evening|morning|night|{DAY})s?"
    rf"|soon|later|shortly|yesterday|year|in a (?:bit|while|moment)|(?:{MEALS}|bed|tea)[ -]?(?:time)?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Fragment:
    """One piece of a time in the text, from `start` to `end`; a weak one may as well be a value: "at 7"."""

    start: int
    end: int
    slots: Slots
    weak: bool = False


def number(words: str) -> float:
    """A number in digits or words: "ten", "twenty-five", "1.5", "half", "one and a half"; ValueError for other words."""
    words = words.casefold().strip()
    if more := re.fullmatch(r"(.+) and a (half|quarter)", words):
        return number(more[1]) + FRACTIONS[more[2]]
    if re.fullmatch(r"\d+(\.\d+)?", words):
        return float(words)
    if (bare := re.sub(r"^(?:an? )|(?: of)?(?: an?)?$", "", words).removesuffix(" of")) in FRACTIONS:
        return FRACTIONS[bare]
    if words in ("a", "an"):
        return 1.0
    parts = re.split(r"[ -]", words)
    return float(sum(TENS.get(part) or NUMBERS.get(part) or _no_number(part) for part in parts))


def _no_number(word: str) -> int:
    raise ValueError(word)


def seconds(words: str) -> int:
    """How long a span lasts: "an hour and a half", "1h30", "2 minutes and 30 seconds"."""
    words = words.casefold()
    if short := re.fullmatch(r"(\d+) ?h[a-z]* ?(\d+)\D*", words):
        return int(short[1]) * 3600 + int(short[2]) * 60
    total = 0.0
    for one in re.finditer(
        rf"\b({AMOUNT})[ -]?(?:(h)(?:ours?|rs?)?|(m)in\w*|(s)ec\w*|([ms]))\b(?: and a (half|quarter))?", words
    ):
        unit = one[2] or one[3] or one[4] or one[5]
        total += (number(one[1]) + (FRACTIONS[one[6]] if one[6] else 0)) * SECONDS[unit]
    return round(total)


def _days(words: str) -> tuple[int, ...]:
    """The weekdays of a list, a range or a group; 0 = Monday."""
    words = words.casefold()
    if re.search("weekend", words):
        return (5, 6)
    if re.search("school ?night", words):
        return (0, 1, 2, 3, 6)
    if re.search("(week|school) ?(day|night)|work(ing)? ?day|business", words):
        return (0, 1, 2, 3, 4)
    found = [n for one in re.findall(r"[a-z]+", words) for n, day in enumerate(DAYS) if one[:3] == day[:3]]
    if len(found) == 2 and re.search(r" to | through | thru | till | until |-|–", words):
        first, last = found
        return tuple(sorted((first + n) % 7 for n in range((last - first) % 7 + 1)))
    return tuple(sorted(set(found)))


def _sun(m: re.Match[str], now: datetime) -> Slots | None:
    rises = re.search("sunrise|sunup|dawn|rises|comes up|light", m["sun"], re.IGNORECASE)
    offset = seconds(m["offset"]) if m["offset"] else 0
    before = (m["side"] or "").casefold() == "before"
    return {"sun": ("sunrise" if rises else "sunset", -offset if before else offset)}


def _every(m: re.Match[str], now: datetime) -> Slots | None:
    words = (m["span"] or "hour").casefold()
    return {"every": seconds(words) if re.match(rf"{AMOUNT}[ -]", words) else seconds(f"one {words}")}


def _cannot(m: re.Match[str], now: datetime) -> Slots | None:
    can = "I can do days of the week and of the month, such as “every Monday at 7”."
    return {"sorry": f"I cannot do “{m[0].strip()}” yet, so I did nothing. {can}"}


def _sorry(text: str) -> "Build":
    """Says why the words, which stand for {}, cannot be a time."""
    return lambda m, now: {"sorry": text.format(re.sub("^(?:on|at) ", "", m[0].strip(), flags=re.IGNORECASE))}


def _weekly(m: re.Match[str], now: datetime) -> Slots | None:
    days = _days(m["days"]) if m["days"] else ()
    if m["but"]:
        days = tuple(sorted(set(days or range(7)) - set(_days(m["but"]))))
    night = "night" if re.search("night", m[0], re.IGNORECASE) else ""
    return {"days": days} | _in_part(m["part"] or m["each"] or night)


def _plural(m: re.Match[str], now: datetime) -> Slots | None:
    """A list of days: again and again when it is in the plural, a range or of several."""
    days, night = _days(m["days"]), re.search("(week|school) ?night", m[0], re.IGNORECASE)
    again = len(days) > 1 or re.search(r"days\b|[a-z]s\b(?<!tues)(?<!thurs)", m["days"], re.IGNORECASE)
    return {"days": days} | _in_part(m["part"] or (night and "night")) if again else None


def _in_part(said: str | None) -> Slots:
    """The part of the day, if one was said."""
    return {"part": said.casefold().removesuffix("s")} if said else {}


def _month(m: re.Match[str], now: datetime) -> Slots | None:
    return {"month_day": _ordinal(m["a"] or m["b"])}


def _ordinal(words: str) -> int:
    """1-31 of "first", "3rd", "last"."""
    words = words.casefold()
    return 31 if words == "last" else ORDINALS.get(words) or int(re.sub(r"\D", "", words))


def _near(m: re.Match[str], now: datetime) -> Slots | None:
    """today, tomorrow, tonight, this evening, the day after tomorrow."""
    words = m[0].casefold()
    ahead = 2 if "after" in words else 1 if "tomorrow" in words else 0
    part = "night" if "tonight" in words else m["part"] or m["this"]
    return {"date": now.date() + timedelta(ahead), "roll": ""} | _in_part(part)


def _weekday(m: re.Match[str], now: datetime) -> Slots | None:
    ahead = (_days(m["day"])[0] - now.weekday()) % 7
    ahead = 7 if not ahead and "next" in (m["lead"] or "").casefold() else ahead
    return {"date": now.date() + timedelta(ahead), "roll": "week", "bare": not m["lead"]} | _in_part(m["part"])


def _date(m: re.Match[str], now: datetime) -> Slots | None:
    """24 December, December 24th 2027, 2027-12-24; None when there is no such day."""
    said = {name[0]: value.casefold() for name, value in m.groupdict().items() if value}
    month, year = said["m"], said.get("y")
    number = int(month) if month.isdecimal() else next(n for n, one in enumerate(MONTHS, 1) if one.startswith(month[:3]))
    try:
        day = date(int(year or now.year), number, int(said["d"]))
    except ValueError:
        return {"sorry": f"There is no {m[0].removeprefix('on ').strip()}, so I did nothing."}
    return {"date": day, "roll": "" if year else "year"}


def _day_of_month(m: re.Match[str], now: datetime) -> Slots | None:
    day = now.date().replace(day=1)
    while not (found := of_month(day, _ordinal(m["day"]))) or found < now.date():
        day = (day + timedelta(32)).replace(day=1)
    return {"date": found, "roll": ""} if 1 <= _ordinal(m["day"]) <= 31 else None


def of_month(first: date, day: int) -> date | None:
    try:
        return first.replace(day=day)
    except ValueError:
        return None if 1 <= day <= 31 else first.replace(day=28)


def _ahead(m: re.Match[str], now: datetime) -> Slots | None:
    days = _count(m)
    return {"date": now.date() + timedelta(round(days)), "roll": "", "same": True} if days <= 366 else None


def _count(m: re.Match[str]) -> float:
    """How many days."""
    return number(m["n"]) * (7 if m["unit"].casefold().startswith("week") else 1)


def _in(m: re.Match[str], now: datetime) -> Slots | None:
    return {"span": seconds(m["a"] or m["b"])}


def _for(m: re.Match[str], now: datetime) -> Slots | None:
    """For how many seconds; 0 when that is not said."""
    return {"for": seconds(m["span"]) if m["span"] else round(_count(m) * 86400) if m["n"] else 0}


def _part(m: re.Match[str], now: datetime) -> Slots | None:
    return _in_part(m["part"]) | ({"days": ()} if m["part"].casefold().endswith("s") else {})


def _named(m: re.Match[str], now: datetime) -> Slots | None:
    midnight = m["named"].casefold() == "midnight"
    return {"clock": (0 if midnight else 12, 0, 0, True), "midnight": midnight}


def _clock(m: re.Match[str], now: datetime) -> Slots | None:
    """A time on the clock; None when no clock shows it. A bare hour is not exact."""
    groups = m.groupdict()
    hour = int(number(groups["h"]))
    minute, second = int(_minute(groups.get("min") or "0")), int(groups.get("sec") or 0)
    if (side := (groups.get("past") or "").casefold()) and side in ("to", "till", "before", "of"):
        hour, minute = (hour - 1) % 24 or (12 if hour == 1 else 0), 60 - minute
    half = (groups.get("half") or "").casefold()
    if hour > 24 or minute > 59 or second > 59 or (half and not 1 <= hour <= 12):
        return None
    exact = bool(half) or not 1 <= hour <= 12 or (groups["h"].startswith("0") and "min" in groups)
    hour = hour % 12 + 12 * (half == "p") if half else hour % 24
    return {"clock": (hour, minute, second, exact)}


def _minute(words: str) -> float:
    words = words.casefold().removeprefix("oh ").removeprefix("o ").removeprefix("a ")
    return {"half": 30.0, "quarter": 15.0}.get(words) or number(words)


H = rf"(?P<h>2[0-4]|1\d|0?\d|{'|'.join(reversed(HOURS))})"
SOME = r"(?P<min>\d\d?|five|ten|twenty[ -]five|twenty)(?: min(?:ute)?s)?"
TEN = rf"(?:twenty|thirty|forty|fifty)(?:[ -](?:{'|'.join(HOURS[:9])}))?"
MINUTES = rf"(?P<min>[0-5]\d|(?:oh |o )(?:{'|'.join(HOURS[:9])})|ten|fifteen|{TEN})"
AND = re.compile(r"(?: (?:and|or|&)|,(?: and| or)?) (?:again )?", re.IGNORECASE)
BARE = re.compile(
    r"(?:at )?([01]?\d|2[0-3])(?:[:.]([0-5]\d))?(?=$|,| (?:every|each|daily|on|and|or|to|tomorrow|today|tonight|that|turn|switch"
    r"|open|close|lock|play|start|stop|set|dim|do|run|remind)\b)", re.IGNORECASE)  # fmt: skip
FROM = r"(?<!before )(?<!after )(?<!until )(?<!till )(?<!from )(?<!to )(?<!between )(?<!since )(?<!than )(?<![:.\d])"
Build = Callable[[re.Match[str], datetime], Slots | None]


def _rule(pattern: str, build: Build, *, weak: bool = False) -> tuple[str, Build, bool]:
    return pattern, build, weak


RULES = (  # the first that matches takes its words
    _rule(rf"\b(?:(?P<offset>{SPAN}) )?(?P<side>before|after|at|by|around)(?: the)? (?P<sun>{SUN})\b{THING}", _sun),
    _rule(
        r"\b(?P<offset>(?P<side>(?!)))?(?:when|once|as soon as) (?P<sun>the sun (?:sets|goes down|rises|comes up|is (?:down|up))"
        r"|it (?:gets|is|becomes|gets to be) (?:dark|light))\b", _sun),
    _rule(rf"(?<!turn )(?<!switch )\bon (?:{FEASTS})\b(?= at|,|$)|^on (?:{FEASTS})\b", _cannot),
    _rule(rf"\b(?:(?:on )?the |every )?(?:{'|'.join(ORDINALS)}|last) {DAY} (?:of|in) (?:the|every|each) month\b", _cannot),
    _rule(
        rf"\b(?:(?:on )?(?:the |every |each )(?P<a>{ORD})(?: day)? (?:of|in) (?:the |every |each |a )month"
        rf"|(?:every month|each month|monthly) on the (?P<b>{ORD}))\b", _month),
    _rule(
        rf"\b(?:every|each) (?:(?:other|second|third|fourth|alternate|few|couple of|\d+(?:st|nd|rd|th)) (?!to\b)\w+|year|month"
        rf"|(?!(?:1|one) ){NUM} (?:days|weeks|months|years|weekdays|mornings|evenings|nights|{DAY}s))\b"
        r"|\b(?:(?:once|twice|(?:three|four|five|\d+) times) (?:a|an|per|every|each) \w+"
        r"|yearly|annually|fortnightly|monthly|biweekly)\b",
        _cannot),
    _rule(rf"\b(?:every|each) (?P<span>{SPAN}|hour|minute|second|half hour|quarter hour)\b|\bhourly\b", _every),
    _rule(
        rf"(?:(?:^on )?\b(?:every|each)(?: single)? ?(?:(?:(?P<days>{WEEK} ?(?:days?|night)|working day|work ?day|weekend"
        rf"|{SHORT}(?: to | through | thru ?| ?[-–] ?){SHORT}|{LIST})|day(?: of the week)?)(?: (?P<part>{PART}))?"
        rf"|(?P<each>{PART}))\b{THING}|daily|nightly)"
        rf"(?:,? (?:except|but not)(?: for)?(?: on)? (?P<but>weekends?|{LIST})\b)?", _weekly),
    _rule(
        rf"\b(?:(?:on|from|during) )?(?:the )?(?P<days>{WEEK} ?(?:day|night)s|weekends?|(?:working|business) days"
        rf"|{SHORT}(?: to | through | thru | ?[-–] ?| till | until ){SHORT}|{LIST})(?: (?P<part>{PART})s?)?\b{THING}", _plural),
    _rule(r"\b(?:every|each) week\b|\bweekly\b", lambda m, now: {"weekly": True}),
    _rule(
        rf"(?<!the )\b(?:today|tonight|(?:the )?day after tomorrow|tomorrow|this (?P<this>{PART}))"
        rf"(?: (?P<part>{PART}))?\b{THING}",
        _near),
    _rule(
        rf"\b(?:on )?(?:the )?(?:(?P<d1>\d\d?)(?:st|nd|rd|th)?(?: of)? (?P<m1>{MONTH})(?:,? (?P<y1>20\d\d))?"
        rf"|(?P<m2>{MONTH}) (?:the )?(?P<d2>\d\d?)(?:st|nd|rd|th)?(?:,? (?P<y2>20\d\d))?"
        r"|(?P<y3>20\d\d)-(?P<m3>\d\d)-(?P<d3>\d\d))\b(?![:.%])",
        _date),
    _rule(r"\bon (?:the )?(?P<d>0?[1-9]|[12]\d|3[01])\.(?P<m>0?[1-9]|1[0-2])(?:\.(?P<y>20\d\d)?|(?= at\b))(?![\d%])", _date),
    _rule(r"\bon (?:the )?\d\d?/\d\d?(?:/\d+)?\b", _sorry(
        "I cannot tell the day from the month in “{}”, so I did nothing. Please write the month as a word: “12 July”.")),
    _rule(rf"\b(?:on the )(?P<day>{ORD})\b(?= (?:at|to|around)\b|,|$)", _day_of_month),
    _rule(
        rf"\b(?P<lead>(?:on |this |the |next |coming )+)?(?P<day>{DAY}|(?<=(?:on|xt|is) )(?:mon|tues?|wed|thu(?:rs)?|fri|sat))"
        rf"(?: (?P<part>{PART}))?\b{THING}", _weekday),
    _rule(rf"\bin (?P<n>{NUM}|a) (?P<unit>days?|weeks?)\b(?: time)?", _ahead),
    _rule(rf"\b(?P<n>{NUM}|a) (?P<unit>days?|weeks?) from (?:now|today)\b", _ahead),
    _rule(r"\bin (?:an?|\d+|two|three|six) (?:months?|years?)\b|(?<!the )\b(?:next|this) (?:week|month|year)\b", _sorry(
        "I need the day, such as “on Monday at 7” or “on 24 July at 7”. I did nothing.")),
    _rule(
        rf"\b(?:in|after)(?: about| around| exactly| another| like| roughly| maybe)? (?P<a>{SPAN})"
        r"(?: or (?:two|so))?(?:['’]?s? time)?"
        rf"|\b(?P<b>{SPAN}) (?:from now|later)\b",
        _in),
    _rule(r"\bin (?P<n>\d\d?)(?=$| to\b)", lambda m, now: {"span": int(m["n"]) * 60}),
    _rule(
        rf"\bfor(?: about| the next| another| like)? (?:(?P<span>{SPAN})|(?P<n>{NUM}|a) (?P<unit>days?|weeks?)"
        r"|a (?:while|bit|moment))\b", _for),
    _rule(rf"\b(?:from|between) (?:{SHOWN}{TO}(?:{SHOWN}|{HOUR}\b)|{HOUR}(?:\.\d\d)?{TO}{SHOWN})", _sorry(
        "I cannot do “{}” yet, so I did nothing. Please write the start and the end as two messages, each with its time.")),
    _rule(rf"\byesterday\b(?: (?:{PART}))?{THING}", _sorry("Yesterday is past, so I did nothing.")),
    _rule(rf"\bat (?:my |our )?(?:(?:{MEALS}|bed|tea)[ -]?time|{MEALS})\b{THING}", _sorry(
        "I do not know when {} is, so I did nothing. Tell me the time, such as “at 22:00”.")),
    _rule(r"\bat (?:(?:2[5-9]|[3-9]\d):\d\d|\d\d?:[6-9]\d)\b", _sorry("There is no {}, so I did nothing.")),
    _rule(
        r"^(?:soon|later|shortly)\b|(?<!see you )\b(?:soon|later|shortly)(?: on)?(?=$|,| (?:in|at|around)\b)"
        r"|\bin a (?:bit|while|moment)\b",
        lambda m, now: {"vague": True, "sorry": "When? Say for example “in 10 minutes” or “at 19:00”. I did nothing."}),
    _rule(rf"\b(?:in the (?P<part>morning|afternoon|evening|mornings|afternoons|evenings))\b{THING}", _part),
    _rule(rf"\bat (?P<part>nights?)\b{THING}", _part),
    _rule(rf"\b(?:{AT})(?P<named>noon|midday|midnight)\b{THING}", _named),
    _rule(
        rf"{FROM}\b(?:{AT})?(?:(?P<min>half|(?:a )?quarter) (?P<past>past|to|after|till|of)) {H}\b{AMPM}?{SHARP}", _clock),
    _rule(rf"\b{AT}{SOME} (?P<past>past|to|after|till|before) {H}\b{AMPM}?", _clock),
    _rule(rf"^{SOME} (?P<past>past) {H}\b{AMPM}?", _clock),
    _rule(rf"\b{AT}(?P<min>half) {H}\b{UNIT}", _clock),
    _rule(rf"{FROM}(?:\b{AT}|(?<![\w@])){H}(?::|h)(?P<min>[0-5]\d)(?::(?P<sec>[0-5]\d))?(?! ?%|\d){AMPM}?{SHARP}\b", _clock),
    _rule(rf"{FROM}(?:\b{AT}|(?<![\w@])){H}(?:[.: ]?{MINUTES})?(?:{AMPM}| hours\b| ?h\b){SHARP}", _clock),
    _rule(rf"(?:\b{POINT}){H}[. ]{MINUTES}\b{UNIT}", _clock),
    _rule(rf"(?:\b{POINT})(?P<h>[01]\d|2[0-3])(?P<min>[0-5]\d)\b{UNIT}(?: hours| hrs)?", _clock),
    _rule(rf"(?:\b{POINT}){H}(?:ish)?\b{UNIT}(?! (?:{'|'.join([*TENS, *NUMBERS])})\b){SHARP}", _clock, weak=True),
)  # fmt: skip


@cache
def _rules() -> list[tuple[re.Pattern[str], Build, bool]]:
    """RULES compiled, at the first sentence with a time: it takes too long for the start of the daemon."""
    return [(re.compile(pattern, re.IGNORECASE), build, weak) for pattern, build, weak in RULES]


def find(text: str, now: datetime) -> list[Fragment]:
    """All fragments of times in the order of the text."""
    found: list[Fragment] = []
    if not HINT.search(text):
        return found
    for pattern, build, weak in _rules():
        for m in pattern.finditer(text):
            if not any(m.start() < other.end and other.start < m.end() for other in found) and (slots := build(m, now)):
                found.append(Fragment(m.start(), m.end(), slots, weak))
    return _listed(text, sorted(found, key=lambda fragment: fragment.start))


def _listed(text: str, found: list[Fragment]) -> list[Fragment]:
    """Times of day that are listed become one: "at 8 and 20", "at 7 am and again at 7 pm"; "or" says nothing certain."""
    for n, first in enumerate(found):
        link = AND.match(text, first.end) if "clock" in first.slots else None
        after = _clock_at(text, link.end(), found[n + 1 :]) if link else None
        if link and after:
            slots = {**first.slots, **after.slots, "more": (*first.slots.get("more", ()), first.slots["clock"])}
            slots |= {"sorry": "I cannot choose between two times, so I did nothing."} if "or" in link[0] else {}
            both = Fragment(first.start, after.end, slots, first.weak and after.weak)
            return _listed(text, [*found[:n], both, *(one for one in found[n + 1 :] if one.start >= after.end)])
    return found


def _clock_at(text: str, start: int, found: list[Fragment]) -> Fragment | None:
    """The time of day that stands there, which may be a bare number."""
    if found and found[0].start == start:
        return found[0] if "clock" in found[0].slots else None
    if not (bare := BARE.match(text, start)):
        return None
    hour = int(bare[1])
    return Fragment(start, bare.end(), {"clock": (hour, int(bare[2] or 0), 0, not 1 <= hour <= 12)}, weak=True)


def cut(text: str, fragments: Sequence[Fragment]) -> str:
    """The text without them, and without the commas that set them off."""
    for fragment in sorted(fragments, key=lambda fragment: -fragment.start):
        text = f"{text[: fragment.start].rstrip(' ,')} {text[fragment.end :].lstrip(' ,:')}"
    return " ".join(re.sub(r"^\s*(?:,|then\b|and\b)|(?:,|\b(?:then|and|starting|starting from))\s*$", "", text).split())
