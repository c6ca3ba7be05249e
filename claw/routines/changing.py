"""A plan that there is and what becomes of it when people say "it", "don't", or another time."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from claw.call import digest
from claw.names import fold
from claw.reflex import times
from claw.reflex.reading import Context, Request
from claw.routines import which
from claw.routines.files import Written
from claw.routines.making import PAST, TOO_OFTEN, YES_OR_NO, Making, Slots, may
from claw.routines.routine import Routine
from claw.routines.routines import Routines
from claw.turns.replies import listed
from claw.turns.turn import Turn
from claw.when import When

LAST_SECONDS = 3600.0  # what was made longer ago is no "it" any more
SPAN = re.compile(r"\b(?:in|for)\b.*\b(sec|min|hour)", re.IGNORECASE)
UNITS = {"sec": 1, "min": 60, "hour": 3600}
NEGATION = {"dont", "do", "not", "never", "ever"}
NO_RULES = "I cannot keep such a rule yet: I only do what I am told, when I am told. I leave it as it is now."


class Changing:
    """Finds the plan that is meant in its chat, and moves it to another time."""

    def __init__(self, routines: Routines, making: Making) -> None:
        self.routines, self.making = routines, making
        self._told: dict[str, list[int]] = {}  # chat -> ids of what was listed there last

    def told(self, turn: Turn, found: Sequence[Routine]) -> None:
        """Remember what was named here: "it" and "the second one" mean these."""
        self._told[turn.message.place] = [one.id for one in found]

    def meant(self, turn: Turn, slots: Slots) -> Slots:
        """The slots with "ids" for {"last": True}, the last plan made or told here, or for {"number": n}, one of the list."""
        if not slots.get("last") and not slots.get("number"):
            return slots
        alive = {one.id: one for one in [*self.routines.all(), *self.making.overdue()]}
        told = [id for id in self._told.get(turn.message.place, ()) if id in alive]
        if number := int(slots.get("number") or 0):
            return {**slots, "ids": (told or list(alive))[number - 1 : number] if number > 0 else told[-1:]}
        since = self.routines.clock.time() - LAST_SECONDS
        made = [one.id for one in alive.values() if one.chat == turn.message.place and one.made > since]
        newer = made and (not told or made[-1] > max(told))
        return {**slots, "ids": made[-1:] if newer else told}

    # -- another time

    def move(self, turn: Turn, slots: Slots, context: Context) -> None:
        """Change the time of a plan: slots as of `which.fitting` or `meant`, and "when"."""
        new = When.of(slots["when"])
        if slots.get("last") and (asked := self._asked(turn)):
            turn.writes.append(partial(self.making.deciding.questions.close, asked[0], "dropped", ""))
            when = self._moved(When.of(asked[1]["when"]), str(asked[1].get("said")), new, slots)
            self.making.make(turn, {**asked[1], "when": when.plain()}, context)
            return
        found = which.fitting(self.routines, slots := self.meant(turn, slots))
        if len(found) != 1:
            turn.reply = which.unclear(self.routines, slots, found, "delete")
            return
        one, when = found[0], self._moved(found[0].when, found[0].said, new, slots)
        if when.too_often or not self.routines.comes(when, one.zone):
            turn.reply = TOO_OFTEN if when.too_often else PAST
            return
        wish = {"id": one.id, "when": when.plain(), "was": one.when.plain(), "granted": list(one.granted)}
        if one.kind == "deed" and not may(turn):
            return
        ruled = self.making.ruled(turn, one.do, context) if one.kind == "deed" else ("", list[str]())
        if ruled is None:
            return
        if one.kind == "deed" and (one.recurs or ruled[1]):
            request = Request("routines", "change", {**wish, "granted": ruled[1]})
            self.making.deciding.ask(turn, request, self.making.plan(when, ruled[0]) + YES_OR_NO)
        else:
            self.take(turn, one, wish)

    def take(self, turn: Turn, one: Routine, slots: Slots) -> None:
        """The same after a yes where it needs one."""
        when = When.of(slots["when"])
        written = Written(when, one.do or one.name, one.catch_up, one.status)
        turn.request = Request("routines", "change", slots).plain()
        turn.writes.append(partial(self.routines.change, one, written, slots["granted"], one.digest))
        self.told(turn, [one])
        turn.reply = f"Now {self.routines.words(when)}: {f'the {one.name}' if one.kind == 'timer' else one.do}."

    def _asked(self, turn: Turn) -> tuple[int, dict[str, Any]] | None:
        """The question about a routine that is open here: its id, and what a yes would make."""
        for one in reversed(self.making.deciding.questions.open(turn.message.place)):
            wish = Request.of(one.data) if one.kind == "approval" and isinstance(one.data, dict) else None
            if wish and (wish.about, wish.verb) == ("routines", "make"):
                return one.id, dict(wish.slots)
        return None

    def _moved(self, old: When, said: str, new: When, slots: Slots) -> When:
        """A bare time leaves the days as they are; a bare number counts in the unit in which the plan was said."""
        zone, span = ZoneInfo(self.routines.zone), SPAN.search(said)
        if "bare" in slots and old.kind == "once" and span:
            return replace(old, at=self.routines.clock.time() + slots["bare"] * UNITS[span[1].casefold()])
        if new.kind != "once" or slots.get("span") or slots.get("date") or old.kind in ("interval", "event"):
            return new
        was = f"{datetime.fromtimestamp(old.at, zone):%H:%M}" if old.kind == "once" else old.time
        at = str((was < "12" and slots.get("clock")) or f"{datetime.fromtimestamp(new.at, zone):%H:%M}")
        if old.kind == "once":
            day = datetime.combine(datetime.fromtimestamp(old.at, zone), time.fromisoformat(at), zone).timestamp()
            return replace(old, at=day) if day > self.routines.clock.time() else new
        return replace(old, kind="daily" if old.kind == "sun" else old.kind, time=at, sun="", offset=0)

    # -- what stands

    def leave(self, turn: Turn, slots: Slots, context: Context) -> None:
        """ "Don't turn off the TV": what was planned so for once is deleted; what comes again is named."""
        said, now = str(slots["words"]), self.routines.now(self.routines.zone)
        words = [word for word in times.cut(said, times.find(said, now)).split() if not NEGATION & set(fold(word))]
        unwanted = self._digests(" ".join(words), context)
        deeds = [one for one in self.routines.all() if one.kind == "deed" and one.status == "on"]
        plans = {one.id: self._digests(one.do, context) for one in deeds}
        found = [one for one in deeds if unwanted & plans[one.id]]
        gone = [one for one in found if not one.recurs and plans[one.id] <= unwanted]
        if not found and ("never" in fold(said) or times.find(said, now)):
            turn.reply = NO_RULES
        elif found and may(turn):
            self.told(turn, found)
            names = {one.id: which.words(self.routines, one) for one in found}
            left = [one for one in found if one not in gone]
            hows = [f"{names[one.id]} (say “delete routine {one.id}” or “pause routine {one.id}”)" for one in left]
            self.making.end(turn, [one.id for one in gone])
            deleted = f"Deleted: {listed([names[one.id] for one in gone])}." if gone else ""
            turn.reply = f"{deleted} Still planned: {listed(hows)}.".strip() if hows else deleted

    def _digests(self, do: str, context: Context) -> set[str]:
        return {digest([one]) for call in self.making.read(do, context).calls for one in call.apart()}

    def standing(self, turn: Turn) -> None:
        """Add what this chat planned for once."""
        if found := [one for one in self.routines.all() if one.chat == turn.message.place and not one.recurs][:3]:
            self.told(turn, found)
            names = listed([which.words(self.routines, one) for one in found])
            turn.reply += f" Still planned: {names} (say “delete {'it' if len(found) == 1 else 'the first one'}”)."
