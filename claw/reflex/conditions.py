"""Sentences with a condition in them: "when the front door opens turn on the hall light", "tell me when the washer stops".

A condition is read as an Event (claw/when.py) of devices that report such a state; what the house cannot know is said.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from claw.capabilities import Humidity, Sensor, Target
from claw.device import Device
from claw.names import KINDS_SAID, Names, Selection, fold, singular
from claw.reflex import times
from claw.reflex.alias import NO, STOP, YES, plain
from claw.reflex.events import happens, measured, what
from claw.reflex.grammar import QUESTION, tidy
from claw.reflex.numbers import NUMBERS
from claw.reflex.reading import Context, Request
from claw.reflex.states import OPPOSITE, is_so
from claw.reflex.times import SPAN
from claw.turns.replies import call_of_it, listed
from claw.when import Event, When

EVERY = r"whenever|every ?time(?: that)?|each time(?: that)?|any ?time(?: that)?|always when"
ONCE = r"once|as soon as|(?:the )?next time(?: that)?|the (?:moment|minute|second|instant)(?: that)?|right after|after"
CONJUNCTION = rf"(?:{EVERY}|{ONCE}|when|if|in case|unless)"
HINT = re.compile(rf"\b{CONJUNCTION}\b", re.IGNORECASE)
FIRST = re.compile(rf"(?:from now on|always|then)?[, ]*(?P<link>{CONJUNCTION}) (?P<rest>.+)", re.IGNORECASE)
LAST = re.compile(rf"[, ]+(?:but |and )?(?:only )?(?P<link>{CONJUNCTION}) (?=\S)", re.IGNORECASE)
NO_WISH = re.compile(
    r".*\b(?:even|as|what|except|but|not|and|or|only)$|(?:even|as|what|only)\b|(?:i|you|we|they|he|she|it)['’]", re.IGNORECASE
)
VERBS = (
    "turn switch open close shut lock unlock set play start stop pause dim brighten make put raise lower mute unmute arm disarm"
    " clean vacuum send run resume water add activate tell let notify alert warn inform ping message text remind please then"
    " always bring light"
)
VERB = re.compile(rf"[, ]+(?=(?:{VERBS.replace(' ', '|')})\b)", re.IGNORECASE)
TELL = re.compile(
    r"(?:(?:always )?(?:(?:tell|notify|alert|warn|inform|ping|message|text|remind)(?: me| us)?|let (?:me|us) know"
    r"|(?:want to |like to )?(?:know|be (?:told|notified|informed|alerted|warned|reminded))"
    r"|(?:send|give)(?: me| us)? (?:a |an )?(?:message|notification|notice|note|text|alert|warning|heads[ -]?up|shout|ping)))"
    r"(?:,? (?:to|that|about|of) (?P<what>.+)|,? (?P<fact>.+ (?:is|are|has|have|needs?)\b.*))?", re.IGNORECASE)  # fmt: skip
ASKS = re.compile(r"(?:tell me|check|know)$", re.IGNORECASE)
CHECKS = re.compile(r"(?:.* )?(?:check|ask|see|know|find out|look|wonder)", re.IGNORECASE)
NO_CONDITION = re.compile(  # what stands before a verb that is no wish: "if i were you i'd turn ..."
    r"(?:\b(?:i|you|we|they|he|she|to|will|would|should|can|could|must|might|may|not|never|who|and|or)|['’](?:d|ll)|n['’]t)$"
    r"|[,;] ?(?:i|you|we|they|he|she|it|that|would|will|could|should|might|does|do|is|are)\b",
    re.IGNORECASE,
)
PAST = re.compile(r"\b(?:was|were|did|had)\b|^you\b|^the (?:next|last)\b|^(?:(?!\b(?:is|are|gets?|has|have|been)\b).)*\w{3,}ed$")
TALK = re.compile(r"(?:remind|tell) (?:me|us)$", re.IGNORECASE)
TAIL = re.compile(r"(?P<said>.+?),? (?:to|that i (?:must|should|have to|need to)) (?P<what>.+)", re.IGNORECASE)
SAYING = re.compile(r"(?:i|we) (?:say|write|type|tell you|text you)[ :,]+[\"“'‘]?(?P<words>.+?)[\"”'’]?", re.IGNORECASE)
LENGTH = re.compile(
    rf"(?P<said>.+?),? for (?:(?:more|longer) than |over |at least |about |another )?(?P<span>{SPAN})(?: or (?:more|longer))?",
    re.IGNORECASE,
)
TOO_LONG = re.compile(
    r"\b(?:for )?(?:too|so|very|a) long\b|\bfor (?:a while|ages|long)\b|\btoo (?:hot|warm|cold|humid|dry|loud)\b"
)
NEGATIVE = re.compile(r"\b(?:nobody|no one|noone|none|nothing|neither|never|no longer|without)\b|^no ")
ANY = re.compile(r"^(?:any|a|an|some|either|any of|one of|any one of|at least one of)\b ?(?:of )?(?:the |my |our )?")
ALL = re.compile(r"\b(?:all|every|each|both|everything)\b")
SEVERAL = re.compile(r"\b(?:and|or|but|if|when|while|unless|because|before)\b")

IS = r"(?:is|are|gets?|becomes?|goes?|go|has been|have been|stays?|remains?|is left|are left|is being)"
GO = rf"(?:(?:{IS}|turns?|comes?|switches|switch|powers?)(?: (?:turned|switched|powered|left|back|all))*)"
DOING = r"(?:starts?|begins?|is|are)(?: to)?"
STATES = {  # what is said of something that comes to be so; the first that fits is it
    "playing": rf"plays?|{DOING} play(?:ing)?(?: music)?",
    "cleaning": rf"(?:{DOING} (?:clean|vacuum|hoover)(?:ing)?)|cleans|vacuums",
    "done": rf"(?:(?:has|have) )?(?:stops?|stopped|finish(?:es|ed)?|ends?|ended|completes?|completed)"
            rf"(?: \w+ing| its \w+| the \w+)?|{IS} (?:all )?(?:done|finished|complete|completed|ready|over|through)(?: \w+ing)?",
    "running": rf"(?:starts?|begins?)(?: up| running| to run)?|{IS} running|kicks in",
    "docked": rf"docks?|{IS} (?:docked|back|home|charging)(?: (?:in|on|at) (?:its|the) \w+)?"
              r"|(?:returns?|goes|gets|comes) (?:back )?(?:home|to (?:its|the) (?:dock|base|station|charger))",
    "on": rf"{GO} on|lights? up", "off": rf"{GO} off|goes? out|powers? down",
    "open": rf"opens?(?: up)?|(?:{IS}|swings?) (?:wide |left |still )?(?:open|opened|opening)",
    "closed": rf"closes?|shuts?|{IS} (?:closed|shut|closing)",
    "locked": rf"locks?|{IS} locked", "unlocked": rf"unlocks?|{IS} unlocked",
    "paused": rf"pauses?|{IS} paused", "muted": rf"{IS} muted",
    "noticing": rf"rings?|trips|triggers|leaks?|{IS} (?:wet|leaking|triggered|tripped|set off|ringing|flooded)"
                r"|(?:detects?|notices?|sees?|senses?|reports?|picks up) (?:any |some )?(?:motion|movement|smoke"
                r"|(?:a )?leaks?|water|gas|something|someone|somebody|fire)",
    "quiet": rf"dries(?: up| out)?|{IS} (?:dry|clear|quiet)",
    "armed": rf"{IS} armed", "disarmed": rf"{IS} disarmed",
}  # fmt: skip
ALARMING = {"alarm", "detector", "sensor", "doorbell", "bell"}  # when these "go off", they notice something
WHO = r"(?:someone|somebody|anyone|anybody|a person|people|a visitor|motion|movement|any motion|any movement)"
THERE = {  # what a sensor notices, by its sort or name
    ("motion", "occupancy", "presence", "movement", "doorbell"):
        rf"(?:there(?: is| are) (?:any |some )?{WHO}|{WHO} (?:is|are|comes?|walks?|shows? up|rings?|enters|passes|moves|gets"
        r"|stands|arrives|approaches)(?: (?:detected|seen|noticed|sensed|picked up|moving|standing|walking|up))?)",
    ("smoke", "fire"): r"(?:there is |there are )?(?:any |some )?(?:smoke|a fire|fire)(?: is| are)?(?: detected| noticed| seen)?",
    ("leak", "moisture", "flood", "water"):
        r"(?:there is |there are )?(?:any |some )?(?:a (?:water )?leak|water|a flood)(?: is)?"
        r"(?: detected| noticed| seen| leaking)?",
}  # fmt: skip
PLACE = r"(?: (?:at|in|on|into|to|by|past|through|near|under|around|inside|outside|from) (?:the |my |our )?(?P<place>.+?)| here)?"
GONE = r"(?:there (?:is|has been) no (?:more )?(?:motion|movement)|(?:the )?(?:motion|movement) (?:stops|ends|is over))"
ABOVE = r"(?:above|over|more than|higher than|greater than|warmer than|hotter than|louder than|brighter than)"
BELOW = r"(?:below|under|less than|lower than|colder than|cooler than|fewer than|beneath)"
NUMBER = rf"(?P<minus>minus |-)?(?P<number>\d+(?:\.\d+)?|{'|'.join(NUMBERS)})"
NUMBER += (
    r"(?: ?(?P<unit>percent|degrees?(?: (?:celsius|centigrade|fahrenheit|c|f))?|celsius|fahrenheit|watts?|kw|w|lux|ppm|c|f))?"
)
MOVE = r"(?:(?:is|are|gets?(?: to be)?|becomes?|goes|rises|climbs|jumps|drops|falls|sinks|dips|reads|shows|stays|has been)"
MOVE += r"(?: up| down)?)"
REACH = (
    r"(?P<up>(?:reaches|hits|exceeds|gets to|climbs to|rises to|goes up to))|(?P<down>(?:drops|falls|sinks|goes down|cools) to)"
)
MEASURE = re.compile(
    rf"(?P<thing>.+?) (?:{MOVE} (?:(?P<above>{ABOVE})|(?P<below>{BELOW}))|{REACH}|(?:is|gets)(?= \S+ (?:degrees?|percent)))"
    rf" {NUMBER}(?P<place> (?:in|on|at) .+)?"
)
TIMED = {"clock", "part", "date", "days", "sun", "span"}  # slots of a time
BOUND = re.compile(r"\b(?:after|before|between|until|till|past) (?:\d|noon|midnight|sunset|sunrise|dark)|\d ?[ap]m\b")
FIELDS = ("temperature", "humidity", "brightness", "volume", "position", "speed")
TEMPERATURE = re.compile(r"\b(?:the )?temperature\b|\bit\b|\b(?:the )?(?:thermometer|air)\b")
HAS_SENSOR = re.compile(r"\b(?:sensor|detector)s?\b")
FLIPPED = {
    "i": "you",
    "me": "you",
    "my": "your",
    "mine": "yours",
    "am": "are",
    "we": "you",
    "us": "you",
    "our": "your",
    "im": "you are",
}

NOTHING = " so I did nothing."
NEGATED = "I can wait until something happens, not for something that does not." + " I did nothing."
ONE_CONDITION = "I can keep one condition at a time, without “and” or “or”," + NOTHING
NO_TIME = "I can keep a condition or a time, not both in one sentence," + NOTHING
HOW_LONG = "For how long, or how much? Say for example “for more than 10 minutes” or “above 25 degrees”. I did nothing."


@dataclass(frozen=True)
class Part:
    """A sentence cut in two: the wish, the word that links, and the condition."""

    text: str
    do: str
    link: str
    said: str
    first: bool = False  # the condition stands first

    @property
    def tell(self) -> re.Match[str] | None:
        """The wish, where it is to be told or reminded."""
        return TELL.fullmatch(self.do)


class Unclear(Exception):
    """The condition cannot be kept; the text tells the person why."""


def read(text: str, names: Names, context: Context, now: datetime) -> Iterator[Request]:
    """What the sentence may ask for, likeliest first: make or sorry as of schedules.read; nothing if it is no such sentence."""
    text = " ".join(text.split()).rstrip(" .!?")
    if not HINT.search(text) or QUESTION.match(text) or len(text.split()) > 40:
        return
    unknown: list[Request] = []
    for part in _parts(text):
        request = _request(part, names, context, now)
        if request and request.verb == "make":
            yield request
        elif request:
            unknown.append(request)
    yield from unknown


def _parts(text: str) -> Iterator[Part]:
    """The ways in which it can be cut."""
    if first := FIRST.fullmatch(text):
        rest = first["rest"]
        for cut in [*re.finditer(r", ?(?:then )?", rest), *VERB.finditer(rest)][:8]:
            do = plain(re.sub("^then,? ", "", rest[cut.end() :]))
            yield Part(text, do, first["link"].casefold(), rest[: cut.start()], first=True)
    for link in list(LAST.finditer(text))[:3]:
        yield Part(text, plain(re.sub("^from now on,? ", "", text[: link.start()])), link["link"].casefold(), text[link.end() :])


def _request(part: Part, names: Names, context: Context, now: datetime) -> Request | None:
    """What this cut means, if it means anything: its wish is yet to be read."""
    do, tell = part.do, part.tell
    if (
        NO_WISH.match(do)
        or QUESTION.match(do)
        or NO_CONDITION.search(part.said)
        or (tell and CHECKS.fullmatch(tell["what"] or ""))
    ):
        return None
    tail = TAIL.fullmatch(part.said) if TALK.match(do) else None
    aim = tail["what"] if tail else (tell and (tell["what"] or tell["fact"])) or ""
    said = _normal(tail["said"] if tail else part.said)
    if part.link == "if" and ASKS.match(do) and not part.first and re.fullmatch(r"(?!there ).+ (?:is|are) \w+", said):
        return None  # "tell me if the door is open" asks how it is
    if _is_time(said, part, now):
        return None
    wish = "" if tell else times.cut(do, found) if (found := times.find(do, now)) else do
    try:
        event = _event(said, part, names, context, now)
    except Unclear as why:
        if part.link.endswith("after") or (tell and (PAST.search(said) or (aim and str(why) == NO_TIME))):
            return None  # "clean up after yourself", "tell me when the war ended"
        return Request("routines", "sorry", {"text": str(why), "do": wish})
    if wish and wish != do:
        return Request("routines", "sorry", {"text": NO_TIME, "do": wish})
    slots = {"when": When("event", event=event).plain(), "say": part.text}
    if tell:
        notice = {"do": aim} if aim else {"do": event.words, "name": "notice"}
        return Request("routines", "make", {"kind": "reminder", **slots, **notice})
    return Request("routines", "make", {"kind": "deed", **slots, "do": _without_it(do, event, names)})


def _normal(said: str) -> str:
    """The condition as the patterns know it: no capitals, no short forms."""
    said = tidy(re.sub(r"\b(it|there|that|who|door|light|tv)['’]s\b", r"\1 is", said, flags=re.IGNORECASE))
    said = re.sub(r"^of (?=an? )", "there is ", re.sub(r"^(it|that|there)s\b", r"\1 is", said))
    said = re.sub(r"\b(is|are|does|do|has|have|was)n['’]?t\b", r"\1 not", said)
    return re.sub(
        r"^(?:that |ever |you (?:see|notice|find|hear)(?: that)? )+|,? (?:again|at some point|completely|fully)$", "", said
    )


def _is_time(said: str, part: Part, now: datetime) -> bool:
    """ "it gets dark", "it is 7", "after sunset": a time, which the schedules read."""
    for text in (f"when {said}", f"{part.link} {said}"):
        found = times.find(text, now)
        if found and not re.sub(rf"\b(?:when|it|is|{part.link})\b|\W", "", times.cut(text, found)):
            return True
    return False


def _event(said: str, part: Part, names: Names, context: Context, now: datetime) -> Event:
    """The Event of a condition; Unclear says why there is none."""
    always = re.match("always|from now on", part.text, re.IGNORECASE)
    once = bool(re.fullmatch(ONCE, part.link) or (part.tell and part.link == "when" and not always))
    seconds = 0
    if length := LENGTH.fullmatch(said):
        said, seconds = length["said"], times.seconds(length["span"])
    if saying := SAYING.fullmatch(said):
        words = saying["words"]
        if once or part.tell or {words} & (YES | NO | STOP | {"so", "it", "that"}) or words.isdecimal():
            raise Unclear(f"I cannot wait for “{words}”," + NOTHING)
        return Event((), "said", "is", words, f"you say “{words}”")
    if part.link == "unless":
        raise Unclear(NEGATED)
    if BOUND.search(said) or any(one.slots.keys() & TIMED and not one.weak for one in times.find(said, now)):
        raise Unclear(NO_TIME)
    found = _motion(said, names) or _measure(said, names, context, part) or _state(said, names, context, part)
    if found is None:
        raise Unclear(_why_not(said, part, now))
    event, label, noticed = found
    event = replace(event, seconds=seconds, once=once)
    devices = [names.house.devices[id] for id in event.devices]
    words = measured(names.house, devices[0], event) if event.field != "state" else happens(event, label, noticed)
    return replace(event, words=words)


Found = tuple[Event, str, str]  # the event, what its devices are called, and what they notice


def _motion(said: str, names: Names) -> Found | None:
    """Somebody or something that sensors notice at a place."""
    for sorts, pattern in THERE.items():
        gone = re.fullmatch(GONE + PLACE, said) if "motion" in sorts else None
        m = gone or re.fullmatch(pattern + PLACE, said)
        if m:
            found = _sensors(m["place"] or "", sorts, names)
            if not found:
                raise Unclear(f"No sensor here tells me when {_you(said)}, so I did nothing.")
            event = Event(tuple(one.id for one in found), "state", "is", "quiet" if gone else "noticing", "", together=bool(gone))
            return event, _label(names, found), what(names.house, found[0])
    return None


def _sensors(place: str, sorts: Sequence[str], names: Names) -> tuple[Device, ...]:
    def fits(device: Device) -> bool:
        words = {singular(word) for word in fold(" ".join(names.house.called(device)))}
        return isinstance(device, Sensor) and is_so(device, "noticing") is not None and bool(words & set(sorts))

    if place in ("", "here", "home", "the house"):
        return tuple(one for one in list(names.house.devices.values()) if fits(one))
    found = names.find(HAS_SENSOR.sub("", place), all=True, fits=fits)
    return () if found.guess else found.devices or found.ambiguous


def _measure(said: str, names: Names, context: Context, part: Part) -> Found | None:
    """A number that passes a bound."""
    m = MEASURE.fullmatch(said)
    if not m:
        return None
    thing = f"{m['thing']}{m['place'] or ''}"
    warm = re.search(r"warmer|hotter|colder|cooler|cools|degree|celsius|fahrenheit", f"{m[0]}") or m["unit"] in ("c", "f")
    field = next((one for one in FIELDS if one in thing), "temperature" if warm else "")
    field = field or (
        "temperature" if re.match(r"it\b", thing) else "humidity" if m["unit"] == "percent" and "humid" in thing else ""
    )
    words = re.sub(
        r"\bof\b|\b(?:room|air|relative)\b(?= ?$)", "", TEMPERATURE.sub("", thing.replace(field, "") if field else thing)
    )
    words = re.sub(r"\s+", " ", words).strip(" ")
    words = (
        ""
        if re.fullmatch(r"(?:the|in|in here|here|level|\s)*", words)
        else re.sub(r"^(?:the )?(?:in|on|at) |\b level$", "", words)
    )
    device = _gauge(words, field, names, context)
    if device is None:
        raise Unclear(f"No sensor here tells me when {_you(said)}," + NOTHING)
    value = float(NUMBERS.get(m["number"], 0) or m["number"]) * (-1 if m["minus"] else 1)
    if m["unit"] and m["unit"].rpartition(" ")[2] in ("f", "fahrenheit"):
        value = round((value - 32) / 1.8, 1)
    kept = field if field in device.state else "value"
    value += (
        (0.01 if m["down"] else -0.01 if m["up"] and "exceeds" not in m["up"] else 0.0) if kept in ("value", "temperature") else 0
    )
    rises = not (m["above"] or m["up"] or m["below"] or m["down"]) and device.state[kept] < value
    side = "above" if m["above"] or m["up"] or rises else "below"
    return Event((device.id,), kept, side, value, ""), call_of_it(names.house, device), ""  # type: ignore[arg-type]


def _gauge(words: str, field: str, names: Names, context: Context) -> Device | None:
    """What measures it there: a sensor before a thermostat; None when nothing does, or several do."""
    house = names.house

    def fits(device: Device) -> bool:
        state = device.state
        if isinstance(device, Sensor):
            unit = str(state.get("unit", ""))
            right = (
                not field
                or device.sort == field
                or (field == "temperature" and unit == "°C")
                or field in fold(house.name(device))
            )
            return (
                right
                and isinstance(state.get("value"), (int, float))
                and (bool(field) or device.sort not in ("temperature", "humidity"))
            )
        measures = {"temperature": Target, "humidity": Humidity}.get(field)
        return (measures is None or isinstance(device, measures)) and isinstance(state.get(field), (int, float))

    if words:
        found = names.find(words, all=True, fits=fits)
        some = () if found.guess else found.devices or found.ambiguous
    else:
        some = tuple(device for device in house.devices.values() if fits(device))
        some = tuple(one for one in some if context.area and house.area(one) == context.area) or some
    best: list[Device] = [one for one in some if isinstance(one, Sensor)]
    best = best or list(some)
    return best[0] if best and len({house.area(one) for one in best}) == 1 else None


def _state(said: str, names: Names, context: Context, part: Part) -> Found | None:
    """Something that comes to be in a state."""
    for state, said_so, said_not in _patterns():
        m = said_so.fullmatch(said)
        no = None if m or " not " not in said else said_not.fullmatch(said)
        if m or no:
            wanted = OPPOSITE.get(state, "") if no else state
            thing = f"{(m or no)['thing']}{(m and m['place']) or ''}"  # type: ignore[index]
            if state == "off" and ALARMING & set(fold(thing)):
                wanted = "noticing"
            return _things(thing, wanted, said, names, context, part)
    return None


@cache
def _patterns() -> list[tuple[str, re.Pattern[str], re.Pattern[str]]]:
    """STATES compiled, and the same with a "not", at the first condition."""
    where = r"(?P<place> (?:in|on|at|upstairs|downstairs|outside)\b.*)?"
    both = ((words, words.replace(IS, f"{IS} not")) for words in STATES.values())
    compiled = [(re.compile(rf"(?P<thing>.+?) (?:{so}){where}"), re.compile(rf"(?P<thing>.+?) (?:{no})")) for so, no in both]
    return [(state, *patterns) for state, patterns in zip(STATES, compiled, strict=True)]


def _things(thing: str, state: str, said: str, names: Names, context: Context, part: Part) -> Found | None:
    """The devices that are meant and report such a state."""
    if not state or NEGATIVE.search(thing):
        raise Unclear(NEGATED)
    if re.fullmatch(r"(?:i|we|he|she|you|they|it|that|this|everyone|everybody|someone|somebody|anyone|anybody|who|what)", thing):
        return None
    a, every = ANY.match(thing), bool(ALL.search(thing))
    found = names.find(thing[a.end() :] if a else thing, all=bool(a) or every, speaker_area=context.area,
                       fits=lambda device: is_so(device, state) is not None)  # fmt: skip
    if not found.devices and SEVERAL.search(thing):
        raise Unclear(ONE_CONDITION)
    if found.ambiguous and not (a or every):
        labels = listed([call_of_it(names.house, device) for device in found.ambiguous[:5]], "or")
        raise Unclear(f"Do you mean {labels}? Say it again with the whole name, please; I did nothing.")
    devices = _unguessed(found, names) or found.ambiguous
    if not devices:
        known = found.place or KINDS_SAID & {singular(word) for word in fold(thing)}
        raise Unclear(f"Nothing here tells me when {_you(said)}," + NOTHING if known else _cannot(said, part))
    together = len(devices) > 1 and not a and (every or state in ("off", "closed", "locked", "docked", "done", "quiet"))
    label = f"{thing}" if a or every else _label(names, devices) if len(devices) == 1 else f"{'all of ' * together}{thing}"
    if len(devices) > 1 and not (a or together):
        label = f"one of {label}"
    event = Event(tuple(device.id for device in devices), "state", "is", state, "", together=together)
    return event, label, what(names.house, devices[0])


def _unguessed(found: Selection, names: Names) -> tuple[Device, ...]:
    if found.guess and found.devices:
        raise Unclear(f"Did you mean {listed([call_of_it(names.house, one) for one in found.devices[:3]], 'or')}? I did nothing.")
    return found.devices


def _label(names: Names, devices: Sequence[Device]) -> str:
    called = [call_of_it(names.house, device) for device in devices]
    return called[0] if len(called) == 1 else listed(called, "or") if len(called) < 4 else "one of these sensors"


def _why_not(said: str, part: Part, now: datetime) -> str:
    """Why a condition that fits no pattern is not kept."""
    if NEGATIVE.search(said) or re.search(r"\bnot\b", said):
        return NEGATED
    if TOO_LONG.search(said):
        return HOW_LONG
    if SEVERAL.search(said):
        return ONE_CONDITION
    return NO_TIME if times.find(said, now) else _cannot(said, part)


def _cannot(said: str, part: Part) -> str:
    whether = "whether" if part.link in ("if", "in case", "unless") else "when"
    return f"I cannot know {whether} {_you(said)}," + NOTHING


def _you(said: str) -> str:
    """The condition as it is said back: "you get home"."""
    return " ".join(FLIPPED.get(word, word) for word in said.split())


def _without_it(do: str, event: Event, names: Names) -> str:
    """ "Close it" says what: the thing of the condition."""
    if len(event.devices) != 1 or not re.search(r"\b(?:it|them)\b", do, re.IGNORECASE):
        return do
    it = call_of_it(names.house, names.house.devices[event.devices[0]])
    return re.sub(r"\b(?:it|them)\b", it, do, count=1, flags=re.IGNORECASE)
