"""Several wishes in one message: where a sentence without tags is cut, and what a part takes from the first."""

import re

THEN = re.compile(r"\s*(?:;|,?\s+and then|,\s*then|,\s*and|,?\s+then|\.\s|,|\s+and)\s+", re.IGNORECASE)
VERB = r"(?:turn|switch|power) (?:on|off)|open|close|shut|lock|unlock|raise|lower|mute|unmute|pause|resume|start|stop"
SHARED = re.compile(rf"({VERB}),? (?:and|then|and then) ({VERB}|on|off) (.+)", re.IGNORECASE)
AROUND = re.compile(r"((turn|switch|power) .+) (on|off),? (?:and|then|and then) (on|off)", re.IGNORECASE)
SIDE = re.compile(r"(?:(?:turn|switch|power|put|shut) )?(on|off)\b.+|.+ (on|off)", re.IGNORECASE)
CARRIED = re.compile(r"(set|dim|brighten|turn|change|make|put|bring) .+?(?= to (.+)|$)", re.IGNORECASE)
VALUE = re.compile(r"\d+ ?(%|percent)?|[a-z]+", re.IGNORECASE)
REMARK = re.compile(
    r"(?:i|i'?m|we|we'?re|it|it'?s|there|there'?s|theres)\b(?! (?:want|need|would|'d|should|has to|must))", re.IGNORECASE
)
TELLS = re.compile(r"\b(?:said|says?|told|asked|wrote|heard|think|thought|hope|wish|never|not|\w+n'?t)\b", re.IGNORECASE)
MOST_PARTS = 6
IS = r"(?: is|'?s| are|'re)(?P<{}>n'?t| not)?(?: still| yet| already| even)?"
POLITELY = r"(?:then |please |pls |just |can you |could you )*"
KIND = r"if (?:you (?:would|could|can|will)(?: be so (?:kind|good|nice))?|you (?:do not|don['’]?t) mind|possible|i may)"
KINDLY = re.compile(
    rf"^{KIND}(?: as to)?,? |,? {KIND}[ .!]*$|,? if it['’]?s not too much (?:trouble|bother)[ .!]*$", re.IGNORECASE
)
IF_IT = re.compile(
    rf"if (?P<thing>.+?){IS.format('no')} (?P<state>\w+),? {POLITELY}(?P<do>.*\b(?:it|them|that|those)\b.*)"
    rf"|{POLITELY}(?P<said>.+?) if (?:it|they|that){IS.format('not')} (?P<ended>\w+)",
    re.IGNORECASE,
)
AGAINST = {  # the state in which a wish makes sense at all
    "on": ("turn off", "switch off", "shut off", "kill"), "running": ("turn off", "switch off", "stop"),
    "off": ("turn on", "switch on"), "open": ("close", "shut"), "closed": ("open",), "shut": ("open",),
    "unlocked": ("lock",), "locked": ("unlock",), "playing": ("turn off", "pause", "stop"), "paused": ("resume",),
}  # fmt: skip
SWITCH = re.compile(r"(turn|switch|shut) (?:.+ )?(on|off)\b", re.IGNORECASE)
SAME = {"on": "off", "off": "on", "open": "closed", "closed": "open", "shut": "open", "locked": "unlocked", "unlocked": "locked"}


def parts_of(text: str) -> list[str]:
    """The wishes of a sentence; what two verbs share stands in both: "open and close the blind"."""
    if shared := SHARED.fullmatch(text):
        first, second, thing = shared.groups()
        second = f"{first.split()[0]} {second}" if second.casefold() in ("on", "off") else second
        return [f"{first} {thing}", f"{second} {thing}"]
    if around := AROUND.fullmatch(text):
        return [f"{around[1]} {around[3]}", f"{around[1]} {around[4]}"]
    parts = [part for part in THEN.split(text) if part]
    return [f"turn {part}" if re.match(r"(on|off) ", part, re.IGNORECASE) else part for part in parts]


def needed(text: str) -> str:
    """The wish of "if the oven is on, turn it off": a state that the wish only ends is no condition. Else the text.

    Nor is a polite phrase: "lights off, if you would be so kind".
    """
    text = KINDLY.sub("", text).strip() or text
    if not (m := IF_IT.fullmatch(text)):
        return text
    do, state = m["do"] or m["said"], (m["state"] or m["ended"]).casefold()
    state = SAME.get(state, "") if m["no"] or m["not"] else state
    way = f"{verb[1]} {verb[2]}" if (verb := SWITCH.match(do)) else do.split()[0].casefold()
    if way.casefold() not in AGAINST.get(state, ()):
        return text
    return re.sub(r"\b(?:it|them|that|those)\b", m["thing"], do, count=1) if m["thing"] else do


def two_sided(text: str) -> bool:
    """Whether one part of it goes on and another off, which no single wish says."""
    if AROUND.fullmatch(text) or SHARED.fullmatch(text):
        return True
    sides = [SIDE.fullmatch(part.strip()) for part in re.split(r"[,;]|\b(?:and|but|then|while)\b", text) if part.strip()]
    return len({(side[1] or side[2]).casefold() for side in sides if side}) > 1


def without_remarks(parts: list[str]) -> list[str]:
    """The parts that wish something: "i'm off to bed" beside a wish is none; all of them when they are all such."""
    return [part for part in parts if not REMARK.match(part) or TELLS.search(part)] or parts
