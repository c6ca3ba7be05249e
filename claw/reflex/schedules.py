"""Sentences with a time in them: "every weekday at 7 open the shades", "remind me at six to ...", and talk about routines."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from claw.reflex import standing, times, timing
from claw.reflex.alias import plain
from claw.reflex.grammar import QUESTION
from claw.reflex.reading import Request
from claw.reflex.times import NUM, SPAN, Fragment
from claw.when import When

HINT = re.compile(
    r"\b(?:remind\w*|forget|timers?|count ?down|alarms?|routines?|schedules?|scheduled|planned|automations?|wake|left|notify"
    r"|ping|nudge|goes off|tell me|let me know|remember|snooze|coming up|going to do|will you|have to do)\b"
    r"|^(?:stop|don['’]?t|do not|no longer|quit|delete|cancel|remove|erase|scrap|get rid|pause|resume|unpause|change|move|make"
    r"|push|no|actually|sorry|wait|at|in)[ ,]|\b(?:instead|next)$", re.IGNORECASE)  # fmt: skip
MISSPELT = {
    r"tmrw|tmr|tomo|2moro|tom+or+ow": "tomorrow", r"evry|evrey": "every", "everyday": "every day", "o ?clock": "o'clock",
    r"minuets?|mintues?|minuts": "minutes", "a fortnight": "2 weeks", "later (?=today|tonight|this )": "",
}  # fmt: skip
SPELLED = [(re.compile(rf"\b(?:{wrong})\b" if right else wrong, re.IGNORECASE), right) for wrong, right in MISSPELT.items()]
WAITED = re.compile(rf"^wait (?:for )?(?P<span>{SPAN}),?(?: and)?(?: then)? ", re.IGNORECASE)
ROUTINE = re.compile(
    r"(?:make|create|set up|add|build|start|give me|i need)(?: me)? (?:a|an|another) (?:new )?(?P<often>daily |weekly )?"
    r"(?:routine|schedule|automation|rule)(?: (?:that|which|to|for)\b|\s*[:,])\s*(?P<do>.+)", re.IGNORECASE)  # fmt: skip
DOES = "|".join(f"{verb}(?:es|s)" for verb in standing.COMMON.split())
VERBS_SAID = re.compile(rf"(?:^|(?<=and )|(?<=, ))(?:{DOES})\b", re.IGNORECASE)
WISHED = re.compile(
    r"(?:schedule |could |can )?(?P<thing>(?:.*\b)?(?:the|my|our|all) (?:(?!remind)\w+ )*?\w+?) (?P<modal>to |should |shall |must"
    r" |(?:has|have|needs?) to )?(?:(?(modal)(?:come|go|turn|switch|be(?: turned| switched)?) (?P<side>on|off)(?! \w+day)|(?!))"
    r"|(?:be |(?(modal)|(?!)))(?P<verb>open|close|lock|unlock|start|stop)(?:e?d)?)\b(?P<rest>.*)", re.IGNORECASE)  # fmt: skip


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
NO_TIMER = (
    (rf"{TIMER_VERB}(?:\w+ )?timers?", "For how long? For example: “set a timer for 10 minutes”."),
    (rf"{TIMER_VERB}timer (?:for |of )?\d\d?:\d\d",
     "That may be minutes or a time of day. Say “timer 3 minutes 30 seconds” or “timer until 3:30”."),
    (rf"(?:set|start|make) (?:{NUM} )?timers\b.*\d.*", timing.ONE_AT_A_TIME),
)  # fmt: skip
TIMER_DEED = rf"{TIMER_VERB}(?:timer|count ?down) to (?P<do>(?!{NUM}|an? |half ).+)"
REMIND = re.compile(
    r"(?P<before>.*?)[, ]*\b(?:(?:remind|notify|ping|nudge) (?:me|us)|(?:don['’]?t|do not) let me forget"
    r"|^(?:tell me|let me know)(?= (?:in|at|on|to|tomorrow|tonight|today|every|next|this|when it)\b)"
    r"|(?:^|i (?:need|have) to )be reminded"
    r"|^(?:remember|(?:don['’]?t|do not) forget)(?= to )"
    r"|(?:i need|i want|set|give|make|create|add|send|put|schedule)(?: me| us)? "
    r"(?:up )?(?:a |an |another )?reminder(?: for (?:me|us))?|^(?:a |new )?reminder)\b[:,]?(?P<rest>.*)",
    re.IGNORECASE,
)
LINK = re.compile(r"^(?:(?:to|that|about|of|for|:)\s+|:)", re.IGNORECASE)
KINDLY = re.compile(r"^(?:(?:please|pls|plz|kindly|then)\b[, ]*)+", re.IGNORECASE)
OTHERS = re.compile(r"(?:.*\b)?remind (?!me\b|us\b|you\b)(?:the |my |our )?\w+ .*", re.IGNORECASE)
ONLY_HERE = "I can only remind whoever writes here. Say “remind me ...” and I tell you in this chat."
UNSAID = re.compile(  # a time or a limit that was not understood as one, where a reminder's text begins or ends
    r"^(?:and|or|but|except|between|until|till|til|before|after|yesterday|instead|every|each|next|last"
    r"|(?:at|on|in|by|from|for) \d)\b"
    rf"|\b(?:and|or|until|till|til|between|except|from|before) (?:at |on )?"
    rf"(?:{times.SHOWN}|{times.HOUR}|{times.DAY}s?|weekends?)$", re.IGNORECASE)  # fmt: skip
BOUNDED = re.compile(
    r"\b(?:until|till|til|between|except|from)\b.*\b(?:\d+|\w+days?|weekends?|noon|midnight)(?: ?[ap]m)?$", re.IGNORECASE
)
UNSAID_HOW = "I did not get all of the time, so I did nothing. Please say it simply, such as “remind me at six to feed the cat”."
LINKED = re.compile(r"(?:\band|\bthen|[.;])\s*$", re.IGNORECASE)
IT_IS = re.compile(r"^when it(?:['’]?s| is) (?=\d|half|quarter|noon|mid)", re.IGNORECASE)
UNASKED = re.compile(r"tell|let|remember|(?:don['’]?t|do not) forget", re.IGNORECASE)  # no reminder unless a time is said
POLITE = re.compile(r"\b(?:please|pls|plz|and|then|can you|could you|also)\b", re.IGNORECASE)
FOR_SPAN = rf"^for (?={SPAN})"
FOR_HOUR = re.compile(rf"^for (?={times.H}\b)", re.IGNORECASE)
WAKE = re.compile(
    r"(?P<a>.*?)[, ]*\b(?:wake (?:me|us)(?: up)?"
    r"|(?:set|make|create|add)(?: me)?(?: an?| the| my)? (?:wake[- ]?up )?alarm(?: clock)?|^alarm"
    r"|i (?:want|need|have) to (?:wake up|get up|be woken))\b(?P<b>.*)", re.IGNORECASE)  # fmt: skip
CONDITION = re.compile(
    r"\b(?:if|when|whenever|unless|until|till|once|as soon as|as long as|while|in case|provided)\b", re.IGNORECASE
)
ARMED = re.compile(  # the alarm that is no clock
    r" (?:to|for|on|in|as) (?:the )?(?:home|away|night|stay|vacation)(?: mode)?\W*", re.IGNORECASE
)
MIDDLE = re.compile(r"(?:\b(?:and|then|but)|;)[\s,]*$", re.IGNORECASE)
VALUED = re.compile(r"(?:set|dim|brighten|change|make|put|volume)\b", re.IGNORECASE)  # "set the lamp at 20 and the fan at 10"
FLIPPED = {"on": "off", "off": "on", "open": "close", "close": "open"}
FLIP = re.compile(r"\b(?:on|off|open|close)\b", re.IGNORECASE)
KEPT = re.compile(r"(?:keep|leave|let|have) (.+) (on|off)", re.IGNORECASE)
UNTIL = re.compile(r"(?P<now>.+?),? (?:until|till|til) (?P<end>.+)", re.IGNORECASE)
BACK = re.compile(
    r"(?P<now>.+?)[, ]+(?:and |then |but )*(?:turn|switch|put) (?:(?:it|them) (?:back )?(?:on|off)|(?:on|off) (?:it|them))"
    r"(?: again)?", re.IGNORECASE)  # fmt: skip
AND_NOW = re.compile(r"\bnow\b,? (?:and|then|but)\b", re.IGNORECASE)
RANGE = re.compile(rf"\b(?:from|between) {times.H}\b.* (?:to|and|until|till) \d", re.IGNORECASE)
MORE = re.compile(r"\s*(?:and|or|,|&|-)\s*(?:at )?\d+(?:[:.]\d\d)?(?: ?[ap]m)?(?:$|,)")  # "at 7 and 9"
RUN = re.compile(r"(?:do|run|activate|start|trigger|execute|apply)(?: the)? (?P<scene>.+?)(?: scene)?", re.IGNORECASE)
WAKE_HOW = "At what time? For example: “wake me at 7” or “wake me at 6:30 on weekdays”."
REMIND_HOW = "For example: “remind me at six to feed the cat” or “remind me in 20 minutes to call mum”."


def read(text: str, now: datetime) -> Iterator[Request]:
    """What the sentence may ask for, likeliest first: in `make` of a deed, "do" must still be read as a wish by the reader.

    make: {"kind": deed|reminder|timer, "when": When.plain(), "do": the wish or what to remind of, "name": of a timer or "alarm",
    "say": the sentence, "once": by the sun, but once, "now": a wish to be done at once that "do" ends}. list, pause, resume,
    delete, left, change: {"kind": ""|deed|reminder|timer, "words": which one, "all": bool, "times": the "HH:MM" it may be at}, or
    {"last": True}, or {"number": n} of a list; change also: {"when", "clock": "HH:MM" as it was said, "span": bool}.
    sorry: {"text": why it cannot be, "do": said only if that is readable; empty: always}.
    """
    text = " ".join(text.split()).rstrip(" .!?")
    for request in _read(text, now):
        yield replace(request, slots={**request.slots, "say": text}) if "say" in request.slots else request


def _read(text: str, now: datetime) -> Iterator[Request]:
    for wrong, right in SPELLED:
        text = wrong.sub(right, text)
    text = WAITED.sub(r"in \g<span> ", text)
    hint = HINT.search(text)
    if hint and (m := re.fullmatch(TIMER_DEED, text, re.IGNORECASE)):
        yield from _deeds(m["do"], text, now)
    elif hint and (request := standing.read(text, now) or _said_to_me(text, now)):
        yield request
    elif not QUESTION.match(text):
        yield from _deeds(_plainly(text), text, now)


def _plainly(text: str) -> str:
    """The wish itself in "make a routine that opens the shades at 7", "the lamp should go off at 7", "schedule a wish for 7"."""
    if routine := ROUTINE.fullmatch(text):
        text = VERBS_SAID.sub(lambda m: standing.GERUNDS[m[0].casefold()], f"{routine['do']} {routine['often'] or ''}".strip())
    if (wished := WISHED.fullmatch(text)) and not QUESTION.match(wished["thing"]):
        verb = f"turn {wished['side']}" if wished["side"] else wished["verb"]
        return f"{verb} {wished['thing']}{wished['rest']}"
    return _at(re.sub(r"^schedule (.+) for ", r"\1 at ", text, flags=re.IGNORECASE))


def _at(text: str) -> str:
    """ "at tomorrow", which comes of "for tomorrow", is tomorrow."""
    return re.sub(r"\bat (tomorrow|tonight|every|\w+days?\b|in )", r"\1", text, flags=re.IGNORECASE)


def _make(kind: str, when: When | str, do: str, say: str, name: str = "", **more: str | bool) -> Request:
    if isinstance(when, str):
        checked = kind == "deed" and when != timing.ONE_AT_A_TIME
        return Request("routines", "sorry", {"text": when, "do": do if checked else ""})
    slots = {"kind": kind, "when": when.plain(), "do": do, "say": say}
    return Request("routines", "make", slots | {key: said for key, said in {"name": name, **more}.items() if said})


def _once(slots: times.Slots) -> bool:
    """Whether the next sunset is meant, where somebody is to be told or something ends: nobody said "every"."""
    return "sun" in slots and "days" not in slots


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
    if short := re.fullmatch(rf"({TIMER_VERB}timer (?:for |of )?{NUM})", text, re.IGNORECASE):
        return _timer(f"{short[1]} minutes", now)
    if why := next((why for pattern, why in NO_TIMER if re.fullmatch(pattern, text, re.IGNORECASE)), ""):
        return standing.sorry(why)
    clock = re.fullmatch(rf"{TIMER_VERB}timer (?:for|at|to|until|till|til) (.+)", text, re.IGNORECASE)
    fragments = times.find(f"at {clock[1]}", now) if clock else []
    if len(fragments) == 1 and not fragments[0].weak and fragments[0].slots.keys() == {"clock"}:
        return _make("timer", timing.made(fragments[0].slots, now, "deed"), "", text)
    return None


def _wake(text: str, now: datetime) -> Request | None:
    """An alarm: nothing but the time is said."""
    m = WAKE.fullmatch(text)
    if not m or ARMED.fullmatch(m["b"]):
        return None
    said = _at(f"{m['a']} {re.sub(r'^ (?:(?:for|to) (?=.)|(?=[0-9]))', ' at ', m['b'])}".strip())
    said = re.sub(r"\bfor (?=\d|tomorrow|every|half|quarter)", "at ", said)
    fragments = times.find(said, now)
    slots = timing.merged(fragments)
    if re.sub(r"\W|\b(?:at|to|get|up|and|wake)\b", "", times.cut(said, fragments)):
        return None
    if not slots:
        return None if re.search("alarm", text, re.IGNORECASE) and " an " not in text else standing.sorry(WAKE_HOW)
    return _make("reminder", timing.made(slots, now, "wake"), "wake up", text, "alarm", once=_once(slots))


def _reminder(text: str, now: datetime) -> Request | None:
    """When stands before "remind me", right after it or at the end; what follows "to", "that" or "about" is what."""
    m = REMIND.fullmatch(text)
    if not m:
        return _no_reminder(text)
    before = times.find(m["before"], now)
    if POLITE.sub("", times.cut(m["before"], before)).strip(" ,"):
        return standing.sorry(timing.ONE_AT_A_TIME) if LINKED.search(m["before"]) else None
    rest = KINDLY.sub("", IT_IS.sub("at ", m["rest"].strip(" ,:")))
    rest = FOR_HOUR.sub("at ", re.sub(FOR_SPAN, "in ", rest, flags=re.IGNORECASE))
    head, what = _head(rest, times.find(rest, now))
    what = KINDLY.sub("", what)
    told = re.match("tell|let", text, re.IGNORECASE)
    if CONDITION.match(what) or (told and QUESTION.match(what)):
        return None
    near, left = _with_tail([*before, *head], LINK.sub("", what), now)
    left = "" if left.casefold() == "again" else left
    slots = timing.merged(near)
    if slots is None:
        return standing.sorry(timing.ONE_AT_A_TIME)
    if not slots and UNASKED.match(text):
        return None
    if not slots or not (left or told):
        return standing.sorry(f"{'Of what' if slots else 'When'} shall I remind you? {REMIND_HOW}")
    if _left_over(what, left, slots, now, tail=near != [*before, *head]):
        return standing.sorry(UNSAID_HOW)
    return _make("reminder", timing.made(slots, now, "reminder"), left or "it is time", text, once=_once(slots))


def _no_reminder(text: str) -> Request | None:
    if re.fullmatch("snooze(?: .*)?", text, re.IGNORECASE):
        return standing.sorry(f"Say it again with its time, please. {REMIND_HOW}")
    return standing.sorry(ONLY_HERE) if OTHERS.fullmatch(text) and not QUESTION.match(text) else None


def _left_over(what: str, left: str, slots: times.Slots, now: datetime, *, tail: bool) -> bool:
    """Whether part of the time may still be in the text of a reminder, which would then come at a wrong time."""
    if UNSAID.match(what) or (slots.keys() & {"days", "every", "sun", "month_day"} and BOUNDED.search(left)):
        return True
    return tail and bool(UNSAID.search(left) or any(one.end == len(left) for one in times.find(left, now)))


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
    if both := _while(text, fragments, say, now):
        yield both
    bare = not any(one.slots.keys() & {"clock"} for one in fragments)
    fragments = [one for one in fragments if not (bare and one.slots.get("bare"))]
    if not fragments or CONDITION.search(times.cut(text, fragments)):
        return
    if AND_NOW.search(text) or any(MIDDLE.search(text[: one.start]) and text[one.end :].strip(" ,") for one in fragments[:1]):
        yield standing.sorry(timing.ONE_AT_A_TIME)
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


def _while(text: str, fragments: list[Fragment], say: str, now: datetime) -> Request | None:
    """A wish for now that ends by itself: "for ten minutes", "until 7", "and turn it off in 5 minutes"."""
    slots, do, until = timing.merged(fragments) or {}, times.cut(text, fragments), UNTIL.fullmatch(text)
    if until and not times.find(until["now"], now):
        ends = times.find(said := f"at {until['end']}", now)
        slots, do = timing.merged(ends) or {}, until["now"] if times.cut(said, ends) in ("", "at") else ""
    elif slots.keys() == {"for"} and slots["for"]:
        slots = {"span": slots["for"]}
    elif fragments and (back := BACK.fullmatch(do)) and text.startswith(back["now"]):
        do = back["now"]
    else:
        return None
    do = plain(KEPT.sub(r"turn \2 \1", do))
    end = FLIP.sub(lambda m: FLIPPED[m[0].casefold()], do, count=1)
    if not slots or end == do or slots.keys() & {"days", "every", "month_day"} or CONDITION.search(do):
        return None
    return _make("deed", timing.made(slots, now, "deed"), end, say, now=do, once=_once(slots))


def _choices(text: str, fragments: list[Fragment]) -> list[list[Fragment]]:
    """All fragments; or, where that says two times of day, all without one that may be a value: the first is, then the last."""
    clocks = [one for one in fragments if "clock" in one.slots]
    weak = [one for one in clocks if one.weak]
    joined = re.search(r"\b(?:and|then|but)\b|,", text[clocks[0].end : clocks[-1].start]) if clocks else None
    if len(clocks) < 2 or not weak or joined:
        return [] if len(weak) == len(fragments) > 1 and VALUED.match(text) else [fragments]
    return [[one for one in fragments if one is not value] for value in (weak[0], weak[-1])]
