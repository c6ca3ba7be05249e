"""Sentences with a time in them: "every weekday at 7 open the shades", "remind me at six to ...", and talk about routines."""

import re
from collections.abc import Iterator
from datetime import datetime

from claw.reflex import standing, times, timing
from claw.reflex.alias import plain
from claw.reflex.reading import Request
from claw.reflex.times import NUM, SPAN, Fragment
from claw.when import When

HINT = re.compile(
    r"\b(?:remind\w*|forget|timers?|count ?down|alarms?|routines?|schedules?|scheduled|planned|automations?|wake|left|notify"
    r"|ping|goes off)\b|^(?:stop|don['’]?t|do not|no longer|quit) ", re.IGNORECASE)  # fmt: skip


CALL = r"(?:called|named|labell?ed|for|for the|of|about)"
TIMER_VERB = (
    r"(?:(?:set|start|make|create|add|put|begin|run|give me|i need|new)(?: me| us)?(?: up)? )?"
    r"(?:a |an |the |another |my |on a )?(?:new )?"
)
TIMERS = (
    rf"{TIMER_VERB}(?P<span>{SPAN})(?: long)? (?P<name>.*?)\s?(?:timer|count ?down)(?: {CALL} (?P<after>.+))?",
    rf"{TIMER_VERB}(?P<name>.*?)\s?(?:timer|count ?down):?(?: {CALL} (?P<before>(?!{NUM}|an? |half ).+?),?)?"
    rf" (?:for |to |of |in |at |with |on )?(?P<span>{SPAN})(?: from now)?(?:,? {CALL} (?P<after>.+))?",
)
TIMER_DEED = rf"{TIMER_VERB}(?:timer|count ?down) to (?P<do>(?!{NUM}|an? |half ).+)"
REMIND = re.compile(
    r"(?P<before>.*?)[, ]*\b(?:(?:remind|notify|ping) (?:me|us)|(?:don['’]?t|do not) let me forget"
    r"|(?:i need|i want|set|give|make|create|add|send|put|schedule)(?: me| us)? "
    r"(?:up )?(?:a |an |another )?reminder(?: for (?:me|us))?|^(?:a |new )?reminder)\b[:,]?(?P<rest>.*)",
    re.IGNORECASE,
)
LINK = re.compile(r"^(?:(?:to|that|about|of|for|:)\s+|:)", re.IGNORECASE)
POLITE = re.compile(r"\b(?:please|and|then|can you|could you|also)\b", re.IGNORECASE)
FOR_SPAN = rf"^for (?={SPAN})"
FOR_HOUR = re.compile(rf"^for (?={times.H}\b)", re.IGNORECASE)
WAKE = re.compile(
    r"(?P<a>.*?)[, ]*\b(?:wake (?:me|us)(?: up)?|(?:set|make|create|add)(?: me)? (?:an?|the|my) (?:wake[- ]?up )?alarm(?: clock)?"
    r"|^alarm|i (?:want|need|have) to (?:wake up|get up|be woken))\b(?P<b>.*)",
    re.IGNORECASE,
)
QUESTION = re.compile(
    r"(?:what|which|who|whose|where|when (?:is|are|do|does|did|will)|why|how|is|are|was|were|did|does|do (?:i|we|you|they)|will"
    r"|has|have|had|should|shall|am|isn|aren|i (?!(?:want|need|would like)\b)|he |she |it |they |we )(?:\b|['’])",
    re.IGNORECASE,
)
CONDITION = re.compile(
    r"\b(?:if|when|whenever|unless|until|till|once|as soon as|as long as|while|in case|provided)\b", re.IGNORECASE
)
MIDDLE = re.compile(r"(?:\b(?:and|then|but)|;)[\s,]*$", re.IGNORECASE)
VALUED = re.compile(r"(?:set|dim|brighten|change|make|put|volume)\b", re.IGNORECASE)  # "set the lamp at 20 and the fan at 10"
RANGE = re.compile(rf"\b(?:from|between) {times.H}\b.* (?:to|and|until|till) \d", re.IGNORECASE)
MORE = re.compile(r"\s*(?:and|or|,|&|-)\s*(?:at )?\d+(?:[:.]\d\d)?(?: ?[ap]m)?(?:$|,)")  # "at 7 and 9"
RUN = re.compile(r"(?:do|run|activate|start|trigger|execute|apply)(?: the)? (?P<scene>.+?)(?: scene)?", re.IGNORECASE)
WAKE_HOW = "At what time? For example: “wake me at 7” or “wake me at 6:30 on weekdays”."
REMIND_HOW = "For example: “remind me at six to feed the cat” or “remind me in 20 minutes to call mum”."


def read(text: str, now: datetime) -> Iterator[Request]:
    """What the sentence may ask for, likeliest first: in `make` of a deed, "do" must still be read as a wish by the reader.

    make: {"kind": deed|reminder|timer, "when": When.plain(), "do": the wish or what to remind of, "name": of a timer or "alarm",
    "say": the sentence}. list, pause, resume, delete, left: {"kind": ""|deed|reminder|timer, "words": which one, "all": bool,
    "times": the "HH:MM" it may be at}. sorry: {"text": why it cannot be, "do": said only if that is readable; empty: always}.
    """
    text = " ".join(text.split()).rstrip(" .!?")
    if HINT.search(text) and (m := re.fullmatch(TIMER_DEED, text, re.IGNORECASE)):
        yield from _deeds(m["do"], text, now)
    elif HINT.search(text) and (request := standing.read(text, now) or _said_to_me(text, now)):
        yield request
    elif not QUESTION.match(text):
        yield from _deeds(text, text, now)


def _make(kind: str, when: When | str, do: str, say: str, name: str = "") -> Request:
    if isinstance(when, str):
        checked = kind == "deed" and when != timing.ONE_AT_A_TIME
        return Request("routines", "sorry", {"text": when, "do": do if checked else ""})
    slots = {"kind": kind, "when": when.plain(), "do": do, "say": say}
    return Request("routines", "make", slots | ({"name": name} if name else {}))


def _said_to_me(text: str, now: datetime) -> Request | None:
    """A timer, an alarm or a reminder."""
    return _timer(text, now) or _wake(text, now) or _reminder(text, now)


def _timer(text: str, now: datetime) -> Request | None:
    """ "10 minute pizza timer", "set a timer for 10 minutes called eggs", "set a timer for 18:30"."""
    if not re.search(r"\btimer|count ?down", text, re.IGNORECASE):
        return None
    for pattern in TIMERS:
        if m := re.fullmatch(pattern, text, re.IGNORECASE):
            groups = m.groupdict()
            name = re.sub(r"^(?:the|my) ", "", groups["name"] or groups["after"] or groups.get("before") or "")
            when = timing.made({"span": times.seconds(m["span"])}, now, "deed")
            return _make("timer", timing.ONE_AT_A_TIME if "timer" in name.casefold() else when, "", text, name)
    if re.fullmatch(rf"{TIMER_VERB}(?:\w+ )?timers?", text, re.IGNORECASE):
        return _make("", "For how long? For example: “set a timer for 10 minutes”.", "", text)
    clock = re.fullmatch(rf"{TIMER_VERB}timer (?:for|at|to|until) (.+)", text, re.IGNORECASE)
    fragments = times.find(f"at {clock[1]}", now) if clock else []
    if len(fragments) == 1 and not fragments[0].weak and fragments[0].slots.keys() == {"clock"}:
        return _make("timer", timing.made(fragments[0].slots, now, "deed"), "", text)
    return None


def _wake(text: str, now: datetime) -> Request | None:
    """An alarm: nothing but the time is said."""
    m = WAKE.fullmatch(text)
    if not m:
        return None
    said = f"{m['a']} {re.sub(r'^ (?:for|to)(?= )', ' at', m['b'])}".strip()
    said = re.sub(r"\bat (tomorrow|every|\w+days?\b|in )", r"\1", said)
    said = re.sub(r"\bfor (?=\d|tomorrow|every|half|quarter)", "at ", said)
    fragments = times.find(said, now)
    slots = timing.merged(fragments)
    if re.sub(r"\W|\b(?:at|to|get|up|and|wake)\b", "", times.cut(said, fragments)):
        return None
    if not slots:
        return None if re.search("alarm", text, re.IGNORECASE) and " an " not in text else _make("", WAKE_HOW, "", text)
    return _make("reminder", timing.made(slots, now, "wake"), "wake up", text, "alarm")


def _reminder(text: str, now: datetime) -> Request | None:
    """When stands before "remind me", right after it or at the end; what follows "to", "that" or "about" is what."""
    m = REMIND.fullmatch(text)
    before = times.find(m["before"], now) if m else []
    if not m or POLITE.sub("", times.cut(m["before"], before)).strip(" ,"):
        return None
    rest = FOR_HOUR.sub("at ", re.sub(FOR_SPAN, "in ", m["rest"].strip(" ,:"), flags=re.IGNORECASE))
    head, what = _head(rest, times.find(rest, now))
    if CONDITION.match(what):
        return None
    near, what = _with_tail([*before, *head], LINK.sub("", what), now)
    slots = timing.merged(near)
    if slots is None:
        return _make("", timing.ONE_AT_A_TIME, "", text)
    if not slots or not what:
        return _make("", f"{'Of what' if slots else 'When'} shall I remind you? {REMIND_HOW}", "", text)
    return _make("reminder", timing.made(slots, now, "reminder"), what, text)


def _head(text: str, fragments: list[Fragment]) -> tuple[list[Fragment], str]:
    """The times with which the text begins, and what follows them."""
    head, end = list[Fragment](), 0
    for fragment in fragments:
        if text[end : fragment.start].strip(" ,") not in ("", "for", "at", "on"):
            break
        head, end = [*head, fragment], fragment.end
    return head, text[end:].strip(" ,")


def _with_tail(near: list[Fragment], what: str, now: datetime) -> tuple[list[Fragment], str]:
    """The times so far and those at the end of the text that add to them; and the text without the latter."""
    found = [one for one in times.find(what, now) if "for" not in one.slots]
    full = any(one.slots.keys() & {"clock", "span", "every", "sun", "part"} for one in near)
    tail, end = list[Fragment](), len(what)
    for one in reversed(found):
        if what[one.end : end].strip(" ,") or timing.merged([*near, *tail, one]) is None or (full and "days" not in one.slots):
            break
        tail, end = [*tail, one], one.start
    if not near and not tail and found and timing.merged(found):
        tail = found
    return [*near, *tail], re.sub(r"\s+(?:for|at|,)$", "", times.cut(what, tail))


def _deeds(text: str, say: str, now: datetime) -> Iterator[Request]:
    """The wish and its time, once for each of several ways to cut the time out."""
    fragments = times.find(text, now)
    bare = not any(one.slots.keys() & {"clock"} for one in fragments)
    fragments = [one for one in fragments if not (bare and one.slots.get("bare"))]
    if not fragments or CONDITION.search(times.cut(text, fragments)):
        return
    if any(MIDDLE.search(text[: one.start]) and text[one.end :].strip(" ,") for one in fragments[:1]):
        yield _make("", timing.ONE_AT_A_TIME, "", say)
        return
    for chosen in _choices(text, fragments):
        slots = timing.merged(chosen)
        do = plain(times.cut(text, chosen))
        if do.casefold() in ("", "play", "turn"):
            return
        several = not slots or ("clock" not in slots and RANGE.search(do)) or any(MORE.match(text, one.end) for one in chosen)
        when = timing.ONE_AT_A_TIME if several or not slots else timing.made(slots, now, "deed")
        run = RUN.fullmatch(do)
        on = any(text[one.start :].casefold().startswith("on ") for one in chosen)  # "turn the lights on monday"
        others = (run["scene"] if run else "", f"{do} on" if on else "", do[:-3] if do.endswith(" on") else "")
        yield from (_make("deed", when, wish, say) for wish in (do, *others) if wish)


def _choices(text: str, fragments: list[Fragment]) -> list[list[Fragment]]:
    """All fragments; or, where that says two times of day, all without one that may be a value: the first is, then the last."""
    clocks = [one for one in fragments if "clock" in one.slots]
    weak = [one for one in clocks if one.weak]
    joined = re.search(r"\b(?:and|then|but)\b|,", text[clocks[0].end : clocks[-1].start]) if clocks else None
    if len(clocks) < 2 or not weak or joined:
        return [] if len(weak) == len(fragments) > 1 and VALUED.match(text) else [fragments]
    return [[one for one in fragments if one is not value] for value in (weak[0], weak[-1])]
