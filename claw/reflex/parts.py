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


def two_sided(text: str) -> bool:
    """Whether one part of it goes on and another off, which no single wish says."""
    if AROUND.fullmatch(text) or SHARED.fullmatch(text):
        return True
    sides = [SIDE.fullmatch(part.strip()) for part in re.split(r"[,;]|\b(?:and|but|then|while)\b", text) if part.strip()]
    return len({(side[1] or side[2]).casefold() for side in sides if side}) > 1


def without_remarks(parts: list[str]) -> list[str]:
    """The parts that wish something: "i'm off to bed" beside a wish is none; all of them when they are all such."""
    return [part for part in parts if not REMARK.match(part) or TELLS.search(part)] or parts
