"""What people say about routines: make, list, pause, resume, delete; and what a routine that is due does."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from claw.clock import Clock
from claw.moments import span_words
from claw.reflex.reading import Context, Request
from claw.roles import ADULTS
from claw.routines import which
from claw.routines.changing import Changing
from claw.routines.firing import Chat, Firing
from claw.routines.making import NO_PLACE, PAST, YES_OR_NO, Making, Slots, may
from claw.routines.routine import Routine
from claw.routines.routines import Routines
from claw.turns.deciding import Deciding
from claw.turns.replies import capital, listed
from claw.turns.turn import Turn
from claw.when import When


class RoutineTalk:
    """A Subject (turns/turn.py)."""

    def __init__(self, routines: Routines, deciding: Deciding, clock: Clock, owners: Callable[[], Sequence[Chat]]) -> None:
        """`owners`: where what is said unasked goes."""
        self.routines, self.deciding, self.clock = routines, deciding, clock
        self.making = Making(routines, deciding, clock)
        self.changing = Changing(routines, self.making)
        self.firing = Firing(routines, self.making, deciding, clock, owners)

    def take(self, turn: Turn, request: Request, context: Context) -> None:
        """make, list, pause, resume, delete, change, left (of a timer), sun, leave ("don't ..."), scrap, standing, restore.

        And of the claw's own: fire, missed, edited.
        """
        verbs: dict[str, Callable[[Turn, Slots, Context], None]] = {
            "make": self.making.make, "list": self._list, "left": self._left, "sun": self._sun,
            "pause": partial(self._change, "pause"),
            "resume": partial(self._change, "resume"), "delete": partial(self._change, "delete"), "sorry": self._sorry,
            "restore": self._restore,
            "change": self.changing.move, "leave": self.changing.leave, "standing": self._standing, "scrap": self._scrap,
        }  # fmt: skip
        if turn.message.kind == "routine":  # no door may say what was approved beforehand
            verbs = {"fire": self._fire, "missed": self.firing.missed, "edited": self.firing.edited}
        with self.routines.seen_by("" if turn.role in ADULTS else turn.message.person):
            verbs.get(request.verb, self._sorry)(turn, request.slots, context)

    def grant(self, turn: Turn, request: Request) -> None:
        """A person said yes to a routine."""
        slots = request.slots
        if not may(turn, needs_owner=bool(slots.get("granted"))):
            return
        if request.verb == "make":
            self.making.keep(turn, slots, "Done: ")
        elif request.verb == "delete":
            self._end(turn, which.fitting(self.routines, slots, self.making.overdue()))
        elif request.verb == "restore":
            self._bring_back(turn, self._gone(slots), slots)
        elif (one := self.routines.get(slots["id"])) and one.status == "over":
            past = one.when.kind == "once" and one.when.at <= self.clock.time()
            turn.request, turn.reply = None, PAST if past else "It was deleted meanwhile."
        elif one and request.verb == "change":
            self.changing.take(turn, one, slots)
        elif one:
            self.firing.take_over(turn, one, slots)

    def _sorry(self, turn: Turn, slots: Slots, context: Context) -> None:
        turn.reply = str(slots.get("text") or "I cannot do that with a routine.")

    def _fire(self, turn: Turn, slots: Slots, context: Context) -> None:
        self.firing.fire(turn, slots, context)
        if turn.asked and (one := self.routines.get(slots["id"])):
            self.changing.told(turn, [one])

    # -- looking and changing

    def _list(self, turn: Turn, slots: Slots, context: Context) -> None:
        turn.reply = which.told(self.routines, slots)
        self.changing.told(turn, which.fitting(self.routines, slots))

    def _standing(self, turn: Turn, slots: Slots, context: Context) -> None:
        self.changing.standing(turn)

    def _left(self, turn: Turn, slots: Slots, context: Context) -> None:
        found = which.fitting(self.routines, {"kind": "timer", **slots})
        now, running = self.clock.time(), [one for one in found if one.due]
        turn.reply = " ".join(f"{span_words((one.due or now) - now)} left on the {one.name or one.do}." for one in running)
        turn.reply = turn.reply or "No such timer is running."

    def _sun(self, turn: Turn, slots: Slots, context: Context) -> None:
        """When the sun rises or sets next, or on the next of some days."""
        at = self.routines.next(When("sun", days=tuple(slots["days"]), sun=slots["sun"]), self.routines.zone)
        turn.reply = f"{capital(str(slots['sun']))} is {self.routines.at(at)}." if at else NO_PLACE

    def _scrap(self, turn: Turn, slots: Slots, context: Context) -> None:
        """ "Cancel the TV": only if there is such a plan."""
        if which.fitting(self.routines, slots):
            self._change("delete", turn, slots, context)

    def _change(self, verb: str, turn: Turn, slots: Slots, context: Context) -> None:
        slots = self.changing.meant(turn, slots)
        found = which.fitting(self.routines, slots, self.making.overdue() if verb == "delete" else ())
        if verb == "resume" and slots.get("all"):
            found = [one for one in found if one.status == "paused"]
            if not found:
                turn.reply = "No routine is paused."
                return
        others = not found and slots.get("kind") != "timer"  # a child or guest is not told whether there is one
        if (others or any(one.kind == "deed" for one in found)) and not may(turn):
            return
        if not found or (len(found) > 1 and not slots.get("all")):
            turn.reply = which.unclear(self.routines, slots, found, verb)
            self.changing.told(turn, found or self.routines.all())
        elif verb == "delete" and len(found) > 1:
            names = listed([which.words(self.routines, one) for one in found])
            wish = Request("routines", "delete", {"ids": [one.id for one in found], "say": slots.get("say", "")})
            self.deciding.ask(turn, wish, f"Delete all {len(found)}: {names}?{YES_OR_NO}")
        elif verb == "delete":
            self._end(turn, found)
        else:
            self.changing.told(turn, found)
            turn.reply = " ".join(self._paused(turn, one) if verb == "pause" else self._resumed(turn, one) for one in found)

    def _end(self, turn: Turn, found: Sequence[Routine]) -> None:
        self.making.end(turn, [one.id for one in found])
        turn.reply = (
            f"Deleted: {listed([which.words(self.routines, one) for one in found])}." if found else "They are gone already."
        )

    def _restore(self, turn: Turn, slots: Slots, context: Context) -> None:
        """Bring back what was deleted: slots as of `Making.end`. What was approved beforehand needs a yes anew."""
        gone = self._gone(slots)
        if any(one.kind == "deed" for one in gone) and not may(turn, needs_owner=any(one.granted for one in gone)):
            return
        coming = [one for one in gone if self.routines.comes(one.when, one.zone, one.id)]
        if any(one.granted for one in coming):
            names = listed([which.words(self.routines, one) for one in coming])
            self.deciding.ask(turn, Request("routines", "restore", {**slots}), f"Bring back: {names}?{YES_OR_NO}")
        else:
            self._bring_back(turn, gone, slots)

    def _gone(self, slots: Slots) -> list[Routine]:
        return [one for id in slots.get("ids", ()) if (one := self.routines.get(id)) and one.status == "over"]

    def _bring_back(self, turn: Turn, gone: Sequence[Routine], slots: Slots) -> None:
        coming = [one for one in gone if self.routines.comes(one.when, one.zone, one.id)]
        past = [which.words(self.routines, one) for one in gone if one not in coming]
        for one in coming:
            turn.writes.append(partial(self.routines.resume, one.id))
            turn.writes += [partial(self.routines.pause, one.id)] if one.id in slots.get("paused", ()) else []
        back = f"Back again: {listed([which.words(self.routines, one) for one in coming])}." if coming else ""
        over = f"The time of {'this one' if len(past) == 1 else 'these'} has passed: {listed(past)}." if past else ""
        turn.reply = f"{back} {over}".strip() or "That is there already."

    def _paused(self, turn: Turn, one: Routine) -> str:
        if one.kind == "timer":
            return "I cannot pause a timer; I can only delete it."
        turn.writes.append(partial(self.routines.pause, one.id))
        return f"Paused: {which.words(self.routines, one)}."

    def _resumed(self, turn: Turn, one: Routine) -> str:
        due = self.routines.next(one.when, one.zone)
        if one.status == "on":
            return f"It is not paused: {which.words(self.routines, one)}."
        turn.writes.append(partial(self.routines.resume, one.id))
        said = which.words(self.routines, replace(one, status="on"))
        over = f"The time of this one has passed, so it is over: {said}."
        if one.when.event:
            return f"Resumed: {said}."
        return f"Resumed: {said}, next {self.routines.at(due)}." if due else over
