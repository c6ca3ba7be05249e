"""Which routines are meant by some words, a number or a time; and what a routine is in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from claw.moments import at_words, when_words
from claw.names import SMALL, stems
from claw.routines.routine import Routine
from claw.routines.routines import Routines
from claw.turns.replies import capital

LONGEST_LIST = 12
COUNT = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMBERS = {word: str(number) for number, word in enumerate(COUNT, 1)}
NONE_YET = "No routines yet. Say for example “every weekday at 7 open the shades”."
NOUNS = {"": "routine", "deed": "routine", "reminder": "reminder", "timer": "timer"}
Slots = Mapping[str, Any]


def words(routines: Routines, one: Routine) -> str:
    """A routine in a few words: "every weekday at 07:00 open the shades", "the pizza timer"."""
    if one.kind == "timer":
        return f"the {one.name}"
    what = (
        one.name
        if one.name == "alarm"
        else "tell you"
        if one.name == "notice"
        else f"remind you: {one.do}"
        if one.kind == "reminder"
        else one.do
    )
    return f"{when_words(one.when, routines.now(one.zone))} {what}{' (paused)' if one.status == 'paused' else ''}"


def fitting(routines: Routines, slots: Slots, over: Sequence[Routine] = ()) -> list[Routine]:
    """Those that the slots mean: "ids"; or "kind" with "words" or "times"; all of the kind where nothing else is said.

    over: what may be meant besides those that are not over.
    """
    pool = [*routines.all(), *over]
    if "id" in slots or "ids" in slots:
        return [one for one in pool if one.id in slots.get("ids", (slots.get("id"),))]
    some = [one for one in pool if slots.get("kind") in (None, "", one.kind)]
    said = _stems(str(slots.get("words") or ""))
    if len(said) == 1 and (numbered := [one for one in pool if str(one.id) in said]):
        return numbered
    some = [one for one in some if said <= _stems(f"{one.name} {one.do} {one.said} {words(routines, one)}")]
    return [one for one in some if _clock(one) in slots["times"]] if slots.get("times") else some


def told(routines: Routines, slots: Slots) -> str:
    """The list of those that fit, or that there are none."""
    found = fitting(routines, {"kind": slots.get("kind"), "words": slots.get("words"), "times": slots.get("times")})
    none = "" if slots.get("words") or slots.get("kind") not in (None, "", "deed") else NONE_YET
    return lines(routines, found) or none or f"There is no {'such ' if slots.get('words') else ''}{_noun(slots)}."


def lines(routines: Routines, found: Sequence[Routine]) -> str:
    """A line for each."""
    rows = [f"{one.id}. {capital(words(routines, one))}{_next(routines, one)}" for one in found[:LONGEST_LIST]]
    more = [f"and {len(found) - LONGEST_LIST} more (`claw routines` shows all)"] if len(found) > LONGEST_LIST else []
    return "\n".join([*rows, *more])


def unclear(routines: Routines, slots: Slots, found: Sequence[Routine], verb: str) -> str:
    """Which one, or that there is none like that."""
    if found:
        return f"Which one? Say for example “{verb} {_noun(slots)} {found[0].id}”.\n{lines(routines, found)}"
    if not (there := routines.all()) and slots.get("all") and _noun(slots) == "routine":
        return NONE_YET
    return f"I know no such {_noun(slots)}." + (f" These are there:\n{lines(routines, there)}" if there else "")


def _next(routines: Routines, one: Routine) -> str:
    if one.due is None or one.when.event or (one.when.kind == "once" and one.kind != "timer"):
        return ""
    return f", {'' if one.kind == 'timer' else 'next '}{at_words(one.due, routines.now(one.zone))}"


def _noun(slots: Slots) -> str:
    return NOUNS[str(slots.get("kind") or "")]


def _stems(text: str) -> set[str]:
    """Words by which one is found: "opening" and "open" are the same, a number is a number."""
    bare = (word.removesuffix("ing") if len(word) > 5 else word for word in stems(text) if word not in SMALL)
    found = [NUMBERS.get(word, word) for word in bare if word not in ("number", "no")]
    return set(found[:-1] if len(found) > 1 and text.casefold().endswith(" one") else found)  # "the cat one"


def _clock(one: Routine) -> str:
    """ "07:00", when it has a time of day."""
    if one.when.kind == "once":
        return f"{datetime.fromtimestamp(one.when.at, ZoneInfo(one.zone)):%H:%M}"
    return one.when.time[:5]
