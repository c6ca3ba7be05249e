"""Talk about routines, reminders and timers that there are: list, pause, resume, delete, and how long is left."""

import re
from datetime import datetime
from typing import Any

from claw.reflex import times, timing
from claw.reflex.numbers import ORDINALS
from claw.reflex.reading import Request
from claw.reflex.times import SPAN

NOUN = r"(?P<noun>routine|schedule|automation|reminder|timer|alarm)s?"
KINDS = {"reminder": "reminder", "alarm": "reminder", "timer": "timer"}
ASKED = re.compile(
    r"(?!set\b)(?: ?\b(?:list|show|give|tell|read|what|which|how many|when|me|us|all|my|the|are|is|there|set|running|active|on|do"
    r"|does|i|have|you|we|got|planned|any|of|current|currently|going|scheduled|kind|sort|exist|left|now|for|today|tomorrow|a|out|s|re"
    rf"|{NOUN.replace('?P<noun>', '?:')})\b|['’](?:s|re)\b)+", re.IGNORECASE)  # fmt: skip
ABOUT = re.compile(
    rf"(?:show|list|tell me|what is|what['’]s|when is|when['’]s) (?:me )?(?:the |my )?(?P<words>.*?) ?{NOUN}(?P<rest> .*)?",
    re.IGNORECASE,
)
LEFT = re.compile(
    r"(?:how (?:long|much(?: time| longer)?|many (?:minutes|seconds))(?: is| are|['’]s| do i have| does?)?(?: there)?(?: still)?"
    r"(?: left| remaining| remain| have| to go| go)?|(?:what['’]?s |what is )?(?:the )?(?:remaining )?time ?(?:left|remaining)?"
    r")(?: (?:on|for|of|in|until|till))?(?: the| my)?(?: (?P<words>.*?))?(?: ?\btimer\b)?"
    r"(?: (?:have|has|left|goes off|rings|ends|is (?:done|up|over)|remaining|still|to go))*", re.IGNORECASE)  # fmt: skip
WHEN = re.compile(
    r"when (?:does|will|is) (?:the|my) (?P<words>.*?) ?timer (?:go(?:ing)? off|ring|end|be \w+|done|over|up)", re.IGNORECASE
)
VERBS = (
    ("pause", r"pause|suspend|disable|deactivate|hold"),
    ("resume", r"resume|unpause|enable|activate|reactivate|restart|continue|turn (?:back )?on|switch (?:back )?on|start"),
    ("delete", r"delete|remove|cancel|clear|drop|end|erase|get rid of|forget|kill|scrap|no more"),
    ("stop", r"stop|turn off|switch off"),
)
CHANGE = re.compile(
    rf"(?:{'|'.join(f'(?P<{verb}>{words})' for verb, words in VERBS)})"
    rf"(?P<all> all| every| both| each)?(?: of)?(?: the| my| our| that| this| those)? ?(?P<words>.*?) ?\b{NOUN}"
    r"(?P<rest> .*)?(?: again)?", re.IGNORECASE)  # fmt: skip
NO_MORE = re.compile(
    r"(?:don['’]?t|do not|no longer|stop|quit)(?: ever)? (?:remind(?:ing)?|wak(?:e|ing)) (?:me|us)(?: up)?(?P<words>.*)",
    re.IGNORECASE,
)
STOPPED = re.compile(r"(?:stop|quit|don['’]?t|do not|no longer) (?P<verb>[a-z]+) (?P<rest>.+)", re.IGNORECASE)
JOIN = re.compile(
    r"^(?:about|for|to|at|that|called|named|of|number|no|#|which|where|with|from|on|next)\s+|^(?:the|my)\s+", re.IGNORECASE
)
DELETED = r"delete|remove|cancel|erase|scrap|drop|get rid of|pause|resume|unpause"
WHICH = (
    rf"(?P<last>that(?: one)?|it|this(?: one)?|the last one)|(?:the )?(?P<nth>{'|'.join(ORDINALS)}) one|number (?P<number>\d+)"
    r"|the (?P<words>.+) one"
)
ONE = re.compile(rf"(?P<verb>{DELETED}) (?:{WHICH})", re.IGNORECASE)
MOVED = re.compile(
    rf"(?:(?:no|nah|oh|wait|actually|sorry|hm+|but|then|well)\b[, ]*)*(?:(?:make|change|move|push|shift|postpone|delay) "
    rf"(?:(?P<last>it|that|this)|(?:the |my |our )?(?P<words>.*?) ?{NOUN})(?: to| for| until)?)? ?(?P<time>\S.*?)"
    r"(?P<instead>,? (?:instead|rather))?", re.IGNORECASE)  # fmt: skip
COMING = re.compile(
    r"(?:what(?:['’]?s| is| are)? (?:coming up|(?:up )?next|you going to do|(?:on|planned) (?:for )?(?:today|tomorrow|tonight)"
    r"|(?:do|must|should) (?:i|we) (?:have|need) to do|will you do)"
    r"|what(?:['’]?ll| will| are| do) you (?:do|going to do|have planned))(?: (?:for|in|the|this|next|on|today|tomorrow|tonight"
    r"|morning|afternoon|evening|week|later|now|soon))*", re.IGNORECASE)  # fmt: skip
UNWANTED = re.compile(
    rf"(?:i|we) (?:don['’]?t|do not|no longer) (?:want|need) (?P<which>.*\b{NOUN})(?: any ?more| any longer)?", re.IGNORECASE
)
BY_HAND = re.compile(r"(?:run|trigger|execute|do) (?:the |my )?.*\b(?:routine|schedule|automation)s?(?: now)?", re.IGNORECASE)
AWAY = re.compile(rf"(?:.*, ?)?pause .*\b{NOUN}\b.* (?:until|till|til|for|from|while|as long as) .+", re.IGNORECASE)
AGAIN = re.compile(r"\s*\b(?:any ?more|any longer|again|ever|now)$", re.IGNORECASE)
COMMON = "open close turn switch lock unlock start stop play pause dim raise lower set shut make put water run clean vacuum mute"
GERUNDS = {
    said: verb
    for verb in COMMON.split()
    for said in (verb, f"{verb}s", f"{verb}es", f"{verb}ing", f"{verb.removesuffix('e')}ing", f"{verb}{verb[-1]}ing")
}


def read(text: str, now: datetime) -> Request | None:
    """A question about routines, or a change of one."""
    text = re.sub(rf"^(turn|switch) (.*\b{NOUN}\b.*) (on|off)$", r"\1 \4 \2", text, flags=re.IGNORECASE)
    if request := _meant(text, now):
        return request
    if ASKED.fullmatch(text) and (noun := re.search(rf"\b{NOUN}\b|\b(?:scheduled|planned)\b", text, re.IGNORECASE)):
        return _which("list", noun["noun"] or "", "", now)
    if when := WHEN.fullmatch(text):
        return _which("left", "timer", when["words"], now)
    if re.search(r"timer|left|goes off|remaining", text, re.IGNORECASE) and (left := LEFT.fullmatch(text)):
        words = re.sub(r"\b(?:is|are|left|on|until|till|the|my|timer|for)\b", "", left["words"] or "")
        return _which("left", "timer", words, now) if "timer" in text.casefold() or not words.strip() else None
    if (no := NO_MORE.fullmatch(text)) and not re.search(r"\b(?:if|when|unless|until)\b", text):
        gone = "alarm" if re.search(r"\bwak", text, re.IGNORECASE) else "reminder"
        return _which("delete", gone, AGAIN.sub("", no["words"]), now)
    if (change := CHANGE.fullmatch(text)) and (request := _changed(change, now)):
        return request
    if about := ABOUT.fullmatch(text):
        return _which("list", about["noun"], f"{about['words']} {about['rest'] or ''}", now)
    return _stopped(text, now)


def _meant(text: str, now: datetime) -> Request | None:
    """One by "it" or "the second one", another time for it, what comes next; and what cannot be done with them."""
    if one := ONE.fullmatch(text):
        verb = "pause" if one["verb"] == "pause" else "resume" if "resume" in one["verb"] or "unp" in one["verb"] else "delete"
        said = one["words"]
        return Request("routines", verb, {"words": said} if said else _pointed(one))
    if BY_HAND.fullmatch(text):
        return sorry("I cannot run a routine by hand yet; tell me what it does, such as “open the shades”.")
    if AWAY.fullmatch(text):
        return sorry(
            "I cannot pause until a day yet. Say “pause all routines”, and “resume all routines” when they are wanted again."
        )
    if COMING.fullmatch(text):
        return _which("list", "", "", now)
    if gone := UNWANTED.fullmatch(text):
        return read(f"delete {gone['which']}", now)
    return _moved(text, now)


def sorry(text: str) -> Request:
    """Why it cannot be, whatever else is in the sentence."""
    return Request("routines", "sorry", {"text": text})


def _pointed(one: re.Match[str]) -> dict[str, Any]:
    """The last plan, or one of the list that was told."""
    number = ORDINALS[one["nth"].casefold()] if one["nth"] else int(one["number"] or 0)
    return {"number": number} if number else {"last": True}


def _moved(text: str, now: datetime) -> Request | None:
    """Another time: "make it 8", "at 7 instead", "change the cat reminder to 7"."""
    moved = MOVED.fullmatch(text)
    if not moved or not (moved["last"] or moved["noun"] or moved["instead"]):
        return None
    time = re.sub(r"^to ", "", moved["time"], flags=re.IGNORECASE)
    said = next((one for one in (time, f"at {time}", f"in {time}") if times.find(one, now)), time)
    found = times.find(said, now)
    slots = timing.merged(found)
    when = timing.made(slots, now, "reminder") if slots and not times.cut(said, found) else ""
    if isinstance(when, str):
        return sorry(when) if when else None
    which = {"last": True} if not moved["noun"] else _which("change", moved["noun"], moved["words"] or "", now).slots
    hour = slots["clock"][:2] if slots and "clock" in slots and "part" not in slots else None
    exact: dict[str, Any] = {"clock": f"{hour[0]:02}:{hour[1]:02}"} if hour else {}
    exact |= {"bare": int(time)} if time.isdecimal() else {}  # minutes, of what was planned in minutes
    exact |= {name: True for name in ("span", "date") if slots and name in slots}
    return Request("routines", "change", {**which, **exact, "when": when.plain()})


def _changed(change: re.Match[str], now: datetime) -> Request | None:
    """pause, resume, delete of what the noun says; None when it may be a device, such as a security alarm."""
    noun, words = change["noun"].casefold(), f"{change['words']} {change['rest'] or ''}".strip()
    verb = next(verb for verb, _ in VERBS if change[verb])
    if noun == "alarm" and not re.match("delete|remove|cancel|clear|erase|get rid|forget|scrap|no more", change[0].casefold()):
        return None
    if verb == "resume" and noun == "timer" and re.match("start|turn|switch", change[verb].casefold()) and words:
        return None
    if re.match(SPAN, change["words"]) and verb == "resume":  # "start a 10 minute timer"
        return None
    many = bool(change["all"]) or (change[0].casefold().endswith("s") and not words)
    verb = {"stop": "pause" if KINDS.get(noun, "deed") == "deed" else "delete"}.get(verb, verb)
    return _which(verb, noun, words, now, many=many)


def _stopped(text: str, now: datetime) -> Request | None:
    """ "stop opening the shades every morning", "don't open the shades at sunset any more": pauses what does so."""
    stop = STOPPED.fullmatch(text)
    base = GERUNDS.get(stop["verb"].casefold()) if stop else None
    if not stop or not base:
        return None
    fragments = [one for one in times.find(stop["rest"], now) if one.slots.keys() & {"days", "every", "sun", "month_day"}]
    if not fragments and not AGAIN.search(stop["rest"]):
        return None
    return _which("pause", "routine", f"{base} {AGAIN.sub('', times.cut(stop['rest'], fragments))}", now)


def _which(verb: str, noun: str, words: str, now: datetime, *, many: bool = False) -> Request:
    """One of several: by its words, its number or its time."""
    words = " ".join(words.split()).strip(" ,:#")
    clocks = [one for one in times.find(words if re.search(r"\bat ", words) else f"at {words}", now) if "clock" in one.slots]
    said: list[str] = []
    if clocks and not words.isdecimal():
        fragments = times.find(words, now)
        hour, minute, _, exact = clocks[0].slots["clock"]
        said = [f"{hour:02}:{minute:02}"] + ([] if exact else [f"{(hour + 12) % 24:02}:{minute:02}"])
        words = times.cut(words, fragments) if fragments else ""
    words = "" if words.casefold() == "next" else words
    while (less := JOIN.sub("", words).strip()) != words:
        words = less
    kind = "" if words.isdecimal() else KINDS.get(noun.casefold(), "deed" if noun else "")
    slots: dict[str, Any] = {"kind": kind, "words": words, "all": many}
    if noun.casefold() == "alarm" and not words and verb != "list":
        slots["words"] = "alarm"
    return Request("routines", verb, slots | ({"times": said} if said else {}))
