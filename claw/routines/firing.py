"""What the claw tells itself about its routines: one is due, some were missed, the file of one was changed."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial

from claw.clock import Clock
from claw.names import fold
from claw.reflex.reading import Context, Request
from claw.routines import which
from claw.routines.files import Written, digest
from claw.routines.making import YES_OR_NO, Making, Slots
from claw.routines.routine import Routine
from claw.routines.routines import Routines
from claw.turns.deciding import Deciding
from claw.turns.replies import capital, the
from claw.turns.turn import Turn
from claw.when import When

Chat = tuple[str, str]  # bridge and chat


class Firing:
    """Fills the turns of rows of the kind "routine"."""

    def __init__(self, routines: Routines, making: Making, deciding: Deciding, clock: Clock,
                 owners: Callable[[], Sequence[Chat]]) -> None:  # fmt: skip
        self.routines, self.making, self.deciding, self.clock, self.owners = routines, making, deciding, clock, owners

    def fire(self, turn: Turn, slots: Slots, context: Context) -> None:
        """Do it, if it was neither paused nor deleted while it waited, and is not too late by now."""
        one, late = self.routines.get(slots["id"]), self.clock.time() - slots["due"] > slots["grace"]
        if one is None or one.status != "on":
            turn.writes.append(partial(self.routines.drop, slots["id"], slots["due"], "dropped"))
            turn.quiet = True
            return
        turn.writes.append(partial(self.routines.begin, one.id))
        if slots["kind"] != "deed":
            self._announce(turn, self._word(slots, late=late))
        elif late and slots["catch_up"] == "skip":
            turn.writes.append(partial(self.routines.drop, one.id, slots["due"], "missed"))
            turn.reply = f"I was interrupted, so I missed this {self.routines.at(slots['due'])}: {slots['do']}."
        else:
            self._do(turn, slots, replace(context, area=one.area), late=late)

    def _do(self, turn: Turn, slots: Slots, context: Context, *, late: bool) -> None:
        reading = self.making.read(slots["do"], context)
        turn.level, turn.reply = reading.level, reading.reply
        if not reading.calls:
            why = self._away(slots["do"]) or turn.reply
            turn.reply = f"{capital(self.routines.at(slots['due']))} I should have done this: {slots['do']}. {why}".strip()
        elif late and slots["catch_up"] == "ask":
            why = f"I should have done this {self.routines.at(slots['due'])}"
            self.deciding.late(turn, reading.calls, why, routine=slots["id"])
        else:
            turn.reply = f"{turn.reply} That was for {self._from(slots)}.".strip() if late else turn.reply
            self.deciding.judge(turn, reading.calls, granted=slots["granted"])
        turn.quiet = bool(slots["recurs"]) and not turn.reply

    def _away(self, do: str) -> str:
        """That a device which is named here was not found again since the start; empty when none is."""
        said, house = f" {' '.join(fold(do))} ", self.deciding.house
        gone = [one.owner_name or one.name for id, one in house.records.items() if id not in house.devices]
        named = [name for name in gone if name and f" {' '.join(fold(name))} " in said]
        return f"{capital(the(max(named, key=len)))} cannot be reached." if named else ""

    def _from(self, slots: Slots) -> str:
        return self.routines.at(slots["due"]).removeprefix("at ").removeprefix("on ")

    def _word(self, slots: Slots, *, late: bool) -> str:
        """What a reminder or a timer says."""
        if slots["kind"] == "timer":
            return (
                f"Your {slots['name']} was done {self.routines.at(slots['due'])}." if late else f"Your {slots['name']} is done."
            )
        if slots["name"] == "alarm":
            return f"I should have woken you {self.routines.at(slots['due'])}." if late else "Good morning! Time to wake up."
        if slots["name"] == "notice":
            return f"{capital(slots['do'])}{f' since {self._from(slots)}' if late else ''}."
        return f"Reminder{f' from {self._from(slots)}' if late else ''}: {slots['do']}."

    def _announce(self, turn: Turn, text: str) -> None:
        """Say it in the chat where it was made, and wherever else the owner reads."""
        turn.reply, outbox = text, self.deciding.asks.outbox
        for bridge, chat in self.owners() if turn.message.person == "owner" else ():
            if chat != turn.message.place:
                key = f"unasked:{turn.message.id}:{chat}"
                turn.writes.append(partial(outbox.put, text, key=key, bridge=bridge, chat=chat))

    def missed(self, turn: Turn, slots: Slots, context: Context) -> None:
        """One message about all that could not be done in time."""
        rows = slots["missed"]
        many = [f"{row['count']} times, last " if row["count"] > 1 else "" for row in rows]
        lines = [f"{row['do']} ({often}{self.routines.at(row['last'])})" for row, often in zip(rows, many, strict=True)]
        more = f", and {len(lines) - 8} more (`claw routines` lists them)" if len(lines) > 8 else ""
        self._announce(turn, f"I could not do this in time: {'; '.join(lines[:8])}{more}.")

    def edited(self, turn: Turn, slots: Slots, context: Context) -> None:
        """Take over what a person changed in the file of a routine; calls that nobody approved ask again."""
        one = self.routines.get(slots["id"])
        if one is None or one.status == "over":
            turn.quiet = True
            return
        try:
            new = self.routines.files.read(slots["text"], one)
        except ValueError as error:
            turn.reply = f"I did not take over what was changed in {one.file}: {error}. I go on as before."
            return
        ruled = self.making.ruled(turn, new.do, replace(context, area=one.area)) if one.kind == "deed" else ("", list[str]())
        if ruled is None:
            turn.reply = f"I did not take over what was changed in {one.file}. {turn.reply}"
            return
        wish = {**asdict(new), "when": new.when.plain(), "id": one.id, "granted": ruled[1], "file": digest(slots["text"])}
        old = Written(one.when, one.do, one.catch_up, new.status)
        if ruled[1] and (set(ruled[1]) - set(one.granted) or new != old):  # a yes was for that deed at that time
            text = f"You changed {one.file}. {self.making.plan(new.when, ruled[0])}{YES_OR_NO}"
            self.deciding.ask(turn, Request("routines", "edited", wish), text)
        else:
            self.take_over(turn, one, wish)

    def take_over(self, turn: Turn, one: Routine, slots: Slots) -> None:
        """What `edited` found, after a yes where it needed one."""
        new = Written(When.of(slots["when"]), slots["do"], slots["catch_up"], slots["status"])
        turn.writes.append(partial(self.routines.change, one, new, slots["granted"], slots["file"]))
        name = one.name if one.name == "alarm" else new.do
        changed = replace(one, when=new.when, do=new.do, name=name, status=new.status)
        turn.reply = f"{turn.reply} I took over your change of {one.file}: {which.words(self.routines, changed)}.".strip()
