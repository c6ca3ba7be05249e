"""Sentences about who may use the house: "let my sister control the lights this weekend", "approve ABCD2345 as adult Mia"."""

import re
from collections.abc import Callable, Collection
from datetime import datetime, time, timedelta
from functools import cache

from claw.people.codes import code_in
from claw.reflex.reading import Request

HOUSE = r"(?:this|the|my|our) (?:house|home|flat|apartment|claw)"
ROLES = {"owner": "owner", "adult": "adult", "grown-up": "adult", "grownup": "adult", "child": "child", "kid": "child",
         "guest": "guest", "visitor": "guest"}  # fmt: skip
ANY = "|".join(ROLES)
ROLE = rf"(?P<role>{ANY})"
NAME = r"(?P<name>[^\W\d_][\w'’-]*(?-i: [A-Z][\w'’-]*)?)"
WHO = rf"(?:(?:my|our) (?P<kin>[a-z]+(?:[- ]in[- ]law)?)(?-i: (?P<called>[A-Z][\w'’-]*))?|{NAME})"
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
SPAN = r"(?:an?|half an?|\d+|one|two|three|four|five|six|seven|eight|ten) (?:hours?|days?|weeks?|months?)"
SECONDS = {"hour": 3600, "day": 86400, "week": 7 * 86400, "month": 30 * 86400}
CLOCK = r"(?:noon|midnight|\d{1,2}(?:[:.]\d{2})?(?: ?[ap]m)?)"
DAY = rf"(?:today|tomorrow|(?:next )?(?:{'|'.join(DAYS)})|\d{{4}}-\d\d-\d\d)"
WHEN = (
    rf"(?P<when>(?:for )?(?:this|the) (?:whole )?weekend|this week|today|tonight|tomorrow|for {SPAN}"
    rf"|(?:until|till) (?:{DAY}(?: at)? {CLOCK}|{CLOCK}(?: {DAY})?|{DAY}|the end of the week))"
)
USE = r"(?:use|control|operate|access|have access to)"
WHAT = r"(?P<what>[\w'’, -]+?)"
BY = r"(?P<by>ntfy|e-?mail|mail|(?:web )?push)"
TO = r"(?:at|to) (?P<to>\S+@\S+)"
FORMS = (
    ("list", rf"who (?:may|can|is allowed to|is able to) {USE} {HOUSE}", rf"who has access(?: to {HOUSE})?",
     r"(?:list|show)(?: me)? (?:all )?(?:the |my )?people", rf"who lives (?:here|in {HOUSE})"),
    ("pair", r"(?:approve|pair|accept|admit|let in)(?: the)?(?: code)? (?P<code>\S{4}[ -]?\S{4})(?: as "
     rf"(?:(?:my|our) (?!{ANY})(?-i:[a-z]+),? |(?:an?|the|my|our) )?(?:{ROLE}\b)?(?:,? ?(?:called |named )?{NAME})?)?"),
    ("invite", rf"(?:let|allow) {WHO} (?:to )?{USE} {WHAT}(?: {WHEN})?",
     rf"give {WHO} access to {WHAT}(?: {WHEN})?",
     rf"invite {WHO}(?: as (?:an? )?{ROLE})?(?: (?:to {USE}|for) {WHAT})??(?: {WHEN})?"),
    ("limit", rf"{NAME} (?:may|can|should|is allowed to) only {USE} {WHAT}(?: {WHEN})?",
     rf"{NAME} (?:may|can|should|is allowed to) {USE} {WHAT}(?: only)?(?: {WHEN})?"),
    ("remove", rf"(?:remove|delete|throw out|kick out) {NAME}(?: from (?:{HOUSE}|the people))?",
     rf"{NAME} (?:may|can) (?:not|no longer) {USE} {HOUSE}(?: any ?more| any longer)?"),
    ("role", rf"make {NAME} (?:an? |the )?{ROLE}", rf"{NAME} is (?:an? |now an? |the ){ROLE}(?: now)?"),
    ("quiet", rf"(?:the )?quiet hours (?:for|of) {NAME} (?:are |from )?(?P<from>{CLOCK}) (?:to|until|till|-) (?P<to>{CLOCK})",
     rf"my quiet hours are (?:from )?(?P<from>{CLOCK}) (?:to|until|till|-) (?P<to>{CLOCK})",
     rf"(?:do not|don['’]?t) disturb (?:me|{NAME}) (?:from|between) (?P<from>{CLOCK}) (?:to|until|till|and) (?P<to>{CLOCK})",
     rf"(?:no(?: more)?|end the|cancel the|delete the) quiet hours for (?:me|{NAME})", r"no(?: more)? quiet hours"),
    ("notify", rf"(?P<off>(?:stop |do not |don['’]?t )?)notify(?:ing)? (?:me|{NAME}) (?:by|via|with|through) {BY}(?: {TO})?"
     r"(?: any ?more)?"),
)  # fmt: skip
NOBODY = frozenset({"me", "us", "it", "them", "everyone", "everybody", "that", "this", "the", "my", "our", "him", "her"})


@cache
def _forms() -> list[tuple[str, re.Pattern[str]]]:
    """Compiled when first needed: it takes 20 ms."""
    return [(verb, re.compile(pattern, re.IGNORECASE)) for verb, *patterns in FORMS for pattern in patterns]


def read(text: str, now: datetime, known: Callable[[], Collection[str]]) -> Request | None:
    """What is wanted of the people of the house; `known`: their names, which alone make "remove Mia" a wish about a person."""
    for verb, pattern in _forms():
        if (m := pattern.fullmatch(text)) and (request := _request(verb, m, now, {one.casefold() for one in known()})):
            return request
    return None


def _request(verb: str, m: re.Match[str], now: datetime, known: Collection[str]) -> Request | None:
    said = {name: value for name, value in m.groupdict().items() if value}
    name = said.get("name", "").casefold()
    if verb == "pair" and not (code_in(said["code"]) and (said["code"].isupper() or re.search(r"\d", said["code"]))):
        return None
    if (name.split(" ")[0] in NOBODY and (verb, name) != ("pair", "me")) or (
        verb not in ("pair", "invite") and name and name not in known
    ):
        return None
    if verb == "invite" and name in known and "what" in said:
        verb = "limit"
    if "when" in said:
        when = term(said.pop("when"), now)
        return Request("people", verb, {**_slots(said), **when}) if when["until"] else None
    return Request("people", verb, _slots(said))


def _slots(said: dict[str, str]) -> dict[str, object]:
    slots: dict[str, object] = dict(said)
    if "role" in said:
        slots["role"] = ROLES[said["role"].casefold()]
    if "by" in said:
        slots["by"] = "email" if "mail" in said["by"].casefold() else said["by"].casefold().removeprefix("web ")
    if "from" in said:
        slots["quiet"] = f"{slots.pop('from') and _clock(said['from'])}-{slots.pop('to') and _clock(said['to'])}"
    return slots


def term(words: str, now: datetime) -> dict[str, float]:
    """`until` when such a time lasts (0 when unknown), and when it `begins`, unless at once: seconds since 1970."""
    days = 5 - now.weekday() if "weekend" in words.casefold() else int(words.strip().casefold() == "tomorrow")
    begins = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days)
    return {"until": end(words, now)} | ({"begins": begins.timestamp()} if days > 0 else {})


def end(words: str, now: datetime) -> float:
    """When a time such as "this weekend", "for 3 days", "until Friday at 6 pm" is over (seconds since 1970); 0 when unknown."""
    said = " ".join(words.casefold().split())
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if re.search("weekend|this week|end of the week", said):  # this weekend, this week: until Sunday 23:59
        return (midnight + timedelta(7 - now.weekday(), minutes=-1)).timestamp()
    if said == "tonight":
        return (midnight + timedelta(1, hours=6)).timestamp()
    if span := re.fullmatch(rf"for ({SPAN})", said):
        return (now + _span(span[1])).timestamp()
    at = _moment(re.sub(r"^(?:until|till) ", "", said), now)
    return at.timestamp() if at and at > now else 0.0


def _span(said: str) -> timedelta:
    from claw.reflex.times import number  # it takes a moment to compile

    count, unit = said.replace("half an", "0.5").replace("half a", "0.5").rsplit(" ", 1)
    return number("1" if count in ("a", "an") else count) * timedelta(seconds=SECONDS[unit.rstrip("s")])


def _moment(said: str, now: datetime) -> datetime | None:
    """The end of a day, or the next such hour of the 24 h clock, by the reader of times that schedules have."""
    from claw.reflex import times, timing

    said = re.sub(rf"(?<=\w)(?<!at) (?={CLOCK}$)", " at ", said)
    lead = "at" if re.match(rf"{CLOCK}(?!-)\b", said) else "on"
    slots = timing.merged(times.find(f"{lead} {said}", now))
    if slots and "date" in slots and "clock" not in slots:
        return datetime.combine(slots["date"], time(23, 59), now.tzinfo)
    when = timing.made(slots, now, "wake") if slots else ""
    return None if isinstance(when, str) else datetime.fromtimestamp(when.at, now.tzinfo)


def _clock(said: str) -> str:
    """22, 10 pm, 22:30, noon, midnight as 22:00."""
    from claw.reflex import times

    hour, minute = times.find(f"at {said}", datetime.min)[0].slots["clock"][:2]
    return f"{hour:02}:{minute:02}"
