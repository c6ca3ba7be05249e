"""From a tagged text to slots: thing, number, unit, color, white, mode, media, item, state, noticed."""

import re
from collections.abc import Iterator
from typing import Any

from claw.reflex import values
from claw.reflex.tagger import Tagged

Slots = dict[str, Any]
BUT = "(?:but|and|just|only)"
EXCEPT = re.compile(
    rf"(?:\b{BUT} )?\b(?:leave(?: out| on| off)?|keep(?: just| only)?|don'?t touch|skip|spare)\b|\b{BUT} not\b"
    r"|\b(?:without|bar(?:ring)?|save for|with the exception of|other than|not counting|(?:any|every)where but)(?= )"
    r"|^(?:except(?: for)?|(?:apart|aside) from|but|not|minus|excluding|besides|save)\b"
    r"|^(?=.*\S (?:(?:can|may|should|must|has to|is to) stay|stays|keeps playing)\b)",
    re.IGNORECASE,
)  # beside the words that claw.names knows
STAYING = r"(?:lit|on|off|alone|be|open|up|down|closed|shut|locked|unlocked|muted|playing|running|out|as (?:it is|they are|is))"
STAYS = re.compile(  # "but keep the hall on"
    rf"\s+(?:(?:(?:can|may|should|must|has to|is to) )?stays?(?: {STAYING})?|keeps playing|{STAYING})$", re.IGNORECASE
)
ALL_BUT = re.compile(r"^all but\b", re.IGNORECASE)  # behind what it is all of: "lights off, all but the hall"
LEANING = frozenset(["it", "that", "this", "them", "those", "these", "that one", "this one", "that thing"])
EACH = re.compile(
    r"(?:all|every(?: single| last)?(?: one)?|each(?: one)?|the (?:whole )?lot|both)(?: of (?:them|'?em|it|those|these))?",
    re.IGNORECASE,
)


def spans(tagged: Tagged, tag: str) -> list[str]:
    """The stretches of the text that have this tag."""
    found: list[tuple[int, int]] = []
    for n, token in enumerate(tagged.tokens if tag in tagged.tags else ()):
        if tagged.tags[n] == tag:
            joined = n > 0 and tagged.tags[n - 1] == tag
            found[-1:] = [(found[-1][0], token.end)] if joined else [*found[-1:], (token.start, token.end)]
    return [tagged.text[start:end] for start, end in found]


def slots_of(tagged: Tagged) -> Slots:
    """The slots of the verb, as claw.reflex.wishes and answers take them; None is a value that nobody knows."""
    slots: Slots = {}
    if things := spans(tagged, "T"):
        slots["thing"] = _thing(things)
    if numbers := _numbers(tagged):
        slots |= numbers[0]
    if items := spans(tagged, "I"):
        slots["item"] = " and ".join(items)
    for tag, name, look in LOOKED_UP:
        if said := " ".join(spans(tagged, tag)):
            slots[name] = look(said)
    if said := " ".join(spans(tagged, "M")):
        name, table = ("alarm_mode", values.ALARM_MODE) if tagged.verb == "arm" else ("mode", values.MODE)
        slots[name] = values.looked_up(table, said)
    return slots


LOOKED_UP = (
    ("W", "white", lambda said: values.looked_up(values.WHITE, said)),
    ("N", "noticed", lambda said: values.looked_up(values.NOTICE, said)),
    ("S", "state", values.state), ("C", "color", str), ("X", "media", str),
)  # fmt: skip


def further(tagged: Tagged) -> Iterator[tuple[str, Slots]]:
    """The wishes of the other values: "blue at 30 %" is a colour and a brightness."""
    if tagged.verb not in ("color", "white", "brightness", "set"):
        return
    slots, numbers = slots_of(tagged), _numbers(tagged)
    thing = {"thing": slots["thing"]} if "thing" in slots else {}
    for said in numbers if tagged.verb == "color" else numbers[1:]:
        yield ("white", {**thing, "white": said["number"]}) if _kelvin(said) else ("brightness", {**thing, **said})
    for name in ("color", "white"):
        if slots.get(name) and tagged.verb in ("brightness", "set"):
            yield name, {**thing, name: slots[name]}


def _numbers(tagged: Tagged) -> list[Slots]:
    """The values with a number, first that of the verb's own kind."""
    found = [value for said in spans(tagged, "V") if (value := values.value(said))]
    return sorted(found, key=lambda one: _kelvin(one) != (tagged.verb == "white"))


def torn(tagged: Tagged) -> bool:
    """Whether it holds two values of one kind, of which nobody can tell the right one: "at 7 and 9"."""
    kinds = [_kelvin(one) for one in _numbers(tagged)]
    return len(set(kinds)) < len(kinds)


def _kelvin(value: Slots) -> bool:
    return bool(value.get("unit") == "kelvin" or value["number"] > 1000)


def _thing(spans: list[str]) -> str:
    """All words for what is meant, with its place and its exceptions."""
    said = [_but(ALL_BUT.sub("but", one) if n else one) for n, one in enumerate(spans)]
    said = [one for n, one in enumerate(said) if not (n and one.casefold() in LEANING)]  # "the lamp is too bright, dim it"
    said.sort(key=lambda one: one.startswith("except"))  # "apart from the lamp, all lights off"
    if len(said) > 1 and (named := [one for one in said if not EACH.fullmatch(one)]):
        every = "all " if len(named) < len(said) else ""
        said = [every + named[0], *named[1:]]
    return said[0] + "".join(f" {one}" if one.startswith("except") else f" in {one}" for one in said[1:])


def _but(span: str) -> str:
    """Words with an exception as claw.names knows it: "but leave the hall on" is "except the hall"."""
    found = EXCEPT.sub("except ", span, count=1)
    return " ".join(STAYS.sub("", found).split()) if "except" in found else span
