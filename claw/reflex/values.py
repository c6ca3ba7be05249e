"""What the words for a value are worth: "half", "68F", "full blast", "cosy", "running"."""

import re
from typing import Any

from claw.reflex.numbers import NUMBERS, TENS

SHARES = {
    100: "full max maximum highest brightest loudest fastest top all completely fully whole blast tilt",
    1: "min minimum lowest dimmest faintest quietest slowest bottom",
    33: "low slow gentle third", 67: "thirds", 66: "medium mid moderate", 25: "quarter", 75: "quarters",
    50: "half halfway midway middle", 10: "crack sliver ajar gap",
}  # fmt: skip
SHARE = {word: share for share, words in SHARES.items() for word in words.split()} | {"high": 100, "fast": 100}
FURTHEST = {  # phrases whose words alone would say something else
    r"all the way (?:down|shut|closed)|as (?:low|dim|dark|slow|quiet|soft|faint)\b|dim as|as far down": 1,
    r"as (?:high|bright|loud|fast|hard|far|wide)\b|flat out|(?:it|they) goe?s?\b|all the way": 100,
}
WHITES = {
    2200: "warmest candle candlelight candles firelight fire flame sunset romantic",
    2700: "warm warmer cosy cozy soft relaxing relaxed relax comfy homely yellowish incandescent evening",
    5500: "cold cool bright concentrate concentration reading focus work working crisp energizing energising bluish",
    6500: "daylight day sunlight noon coldest coolest ice icy", 4000: "neutral natural plain standard moonlight white",
}  # fmt: skip
WHITE = {word: kelvin for kelvin, words in WHITES.items() for word in words.split()}
MODES = {
    "heat": "heat heating hot warm warming", "cool": "cool cooling cold ac", "heat_cool": "auto automatic both", "off": "off",
    "dry": "dry drying dehumidify dehumidifying dehumidifier", "fan_only": "fan ventilate ventilation",
}  # fmt: skip
MODE = {word: mode for mode, words in MODES.items() for word in words.split()}
ALARM = {
    "home": "home stay indoors inside", "away": "away vacation holiday full out", "night": "night sleep sleeping bedtime",
}  # fmt: skip
ALARM_MODE = {word: mode for mode, words in ALARM.items() for word in words.split()}
STATES = {
    "on": "on live lit burning burn working work glowing alight active shining shine", "off": "off out dark inactive",
    "open": "open opened ajar up raised", "closed": "closed shut close fastened down lowered drawn",
    "locked": "locked secured secure bolted bolt lock", "unlocked": "unlocked unsecured unlock", "playing": "playing",
    "paused": "paused", "muted": "muted silenced silent", "unmuted": "unmuted", "stopped": "stopped",
    "cleaning": "cleaning vacuuming hoovering sweeping mopping", "docked": "docked dock charging parked home base",
    "returning": "returning", "stuck": "stuck", "done": "done finished finish complete completed ready idle",
    "running": "running run ran going spinning started", "dry": "dry", "wet": "wet", "heating": "heating", "cooling": "cooling",
    "armed": "armed arm set", "disarmed": "disarmed", "empty": "empty",
    "online": "online reachable connected available responding", "offline": "offline unreachable disconnected unavailable dead",
}  # fmt: skip
STATE = {word: state for state, words in STATES.items() for word in words.split()}
NOTICED = {
    "leak": "leak leaks water leaking flooded flooding flood dripping", "smoke": "smoke smoking fire",
    "motion": "motion movement moving somebody someone anybody anyone presence", "gas": "gas",
    "carbon monoxide": "carbon monoxide co",
}  # fmt: skip
NOTICE = {word: what for what, words in NOTICED.items() for word in words.split()}
ASPECTS = {  # what of a thing a question is about
    "battery": r"batter(?:y|ies)\b", "where": r"^where(?:'s|s| is| are)?\b",
    "count": r"\bhow many (?:things|items)\b|^how long is\b", "volume": r"\bvolume\b|\bhow (?:loud|quiet)\b",
    "color": r"\bcolou?rs?\b",
    "target": r"\bset (?:to|at)\b|\bset\b.* (?:to|at)$"
    r"|\bset ?-?points?\b|\bset temperature|\btarget|\baiming\b|\b(?:supposed|meant) to\b"
    r"|\bhow (?:high|warm|hot|cold|white)\b.* (?:set|turned up)\b|^at what is\b.*\bset\b",
    "brightness": r"\bbright(?:ness)?\b|\bdim(?:med)?\b|^at what percent", "speed": r"\bhow fast\b|\bspeed\b",
    "position": r"\bhow (?:far|open)\b|\bposition\b", "mode": r"\bmode\b|\bsetting\b",
    "source": r"\b(?:source|input|channel|app)\b",
}  # fmt: skip
UNITS = {
    "percent": r"%|pct|per ?cent", "fahrenheit": r"(?<![a-z])f(?:ahrenheit)?\b", "celsius": r"(?<![a-z])c(?:elsius|entigrade)?\b",
    "kelvin": r"(?<![a-z])k(?:elvins?)?\b", "degrees": "°|deg",
}  # fmt: skip
DIGITS = re.compile(r"((?:^|(?<=\s))-)?(\d+)(?:[.,](\d+))?")
COUPLE = {"couple": 2, "few": 3, "zero": 0}
FRACTIONS = {"1/2": "half", "1/4": "a quarter", "3/4": "three quarters", "1/3": "a third", "2/3": "two thirds"}


def value(said: str) -> dict[str, Any]:
    """ "number" and "unit" (percent, celsius, fahrenheit, kelvin, degrees) of the words; empty when they hold none."""
    said = re.sub(r"\bminus (?=\d)", "-", said.casefold())
    said = re.sub(r"(?<![\d/])[123][/⁄][234](?![\d/])", lambda m: FRACTIONS.get(m[0].replace("⁄", "/"), m[0]), said)
    words = re.findall(r"[a-z]+|\d+(?:[.,]\d+)?", said)
    unit = next((unit for unit, signs in UNITS.items() if re.search(signs, re.sub(r"(?<=\d)(?=[a-z])", " ", said))), "")
    if far := next((share for phrase, share in FURTHEST.items() if re.search(phrase, said)), 0):
        return {"number": far, "unit": "percent"}
    shares = [SHARE[word] for word in words if word in SHARE]
    plus = 0.5 if said.endswith("and a half") else 0.0
    if digits := DIGITS.search(said):
        number = float(f"{digits[1] or ''}{digits[2]}.{digits[3] or 0}") + plus
    elif shares and unit in ("degrees", "celsius", "fahrenheit"):
        number = 0.5  # "half a degree"
    elif shares and not plus and "hundred" not in words:
        number, unit = (shares[-1] if {"half", "third", "quarter"} & set(words) else shares[0]), "percent"
        number = 67 if "two" in words and number == 33 else 75 if "three" in words and number == 25 else number
    elif (spelt := _spelt(words)) is not None:
        number = spelt + plus
    else:
        return {}
    return {"number": number, **({"unit": unit} if unit else {})}


def _spelt(words: list[str]) -> float | None:
    """A number in words, up to 199; of two that are no one number ("two nineteen", heard for "to") the last; None when none."""
    total, last = 0, 0
    for word in words:
        worth = TENS.get(word, NUMBERS.get(word, COUPLE.get(word, 100 if word == "hundred" else None)))
        if worth is None:
            continue
        composed = (last >= 20 and worth < 10) or (worth == 100 and last < 10) or last == 100
        total = (total or 1) * worth if composed and worth == 100 else total + worth if composed else worth
        last = worth
    one = {"a", "an"} & set(words) and {"degree", "notch", "point", "step", "percent", "deg"} & set(words)
    return float(total) if last else 0.0 if "zero" in words else 1.0 if one else None


def looked_up(table: dict[str, Any], said: str) -> Any:
    """The worth of the first known word; None when none is known."""
    words = re.findall(r"[a-z]+", said.casefold())
    return next((table[word] for word in words if word in table), None)


def state(said: str) -> str | None:
    """The state that words tell, "not locked" as its opposite; None when they tell none."""
    from claw.reflex.states import OPPOSITE

    words = set(re.findall(r"[a-z]+", said.casefold()))
    found = next((side for side in ("on", "off") if side in words), None) or looked_up(STATE, said)  # "shut off"
    return OPPOSITE.get(found, found) if found and {"not", "t", "arent", "isnt", "hasnt", "havent"} & words else found


def aspect(said: str) -> str:
    """What of a thing the question is about; empty when it is about the whole."""
    return next((aspect for aspect, words in ASPECTS.items() if re.search(words, said.casefold())), "")
