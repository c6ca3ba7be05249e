"""Making a routine: what it would do is read and judged now, what needs a yes is asked now, and the reply says when it comes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from claw.call import digest
from claw.clock import Clock
from claw.moments import span_words
from claw.names import fold
from claw.policy import Policy
from claw.reflex.events import holds, told
from claw.reflex.reading import Context, Reading, Request
from claw.roles import ADULTS
from claw.routines import which
from claw.routines.places import place
from claw.routines.routine import Routine
from claw.routines.routines import Routines
from claw.turns.deciding import STALE_SECONDS, Deciding, contradiction
from claw.turns.replies import capital, listed, wanted
from claw.turns.turn import Turn
from claw.when import Event, When

NO_DATE = "I do not know the date and the time yet, so I planned nothing. Please say it again in a while."
NO_PLACE = (
    "I do not know where the house stands, so I cannot tell when the sun rises and sets: "
    "write latitude and longitude below [house] in the config."
)
TOO_OFTEN = "Once a minute is the most I can do, so I did nothing."
PAST = "That time has passed, so I did nothing."
ADULTS_ONLY = "Only an adult of this house can do that."
OWNER_ONLY = "Only the owner of this house can plan that."
YES_OR_NO = " Yes or no?"
Slots = Mapping[str, Any]


class Making:
    """Fills a turn that makes a routine; does nothing itself."""

    def __init__(self, routines: Routines, deciding: Deciding, clock: Clock) -> None:
        self.routines, self.deciding, self.clock = routines, deciding, clock

    def make(self, turn: Turn, slots: Slots, context: Context) -> None:
        """Somebody wants one."""
        when = When.of(slots["when"])
        if slots.get("once") and (at := self.routines.next(when, self.routines.zone)):
            when = When("once", at=at)
        if not self.clock.plausible():
            turn.reply = NO_DATE
        elif when.too_often:
            turn.reply = TOO_OFTEN
        elif not self.routines.comes(when, self.routines.zone):
            turn.reply = NO_PLACE if when.kind == "sun" else PAST
        else:
            message = turn.message
            name = self._timer(slots, when) if slots["kind"] == "timer" else slots.get("name", "")
            maker = {"bridge": message.bridge, "chat": message.place, "person": message.person, "area": context.area}
            kept = {**slots, **maker, "when": when.plain(), "granted": [], "name": name}
            if same := self._there(slots, when):
                turn.reply = f"That one is there already: {which.words(self.routines, same)}."
            elif slots["kind"] == "deed":
                self._make_deed(turn, {**kept, "said": slots.get("say", slots["do"])}, when, context)
            else:
                self.keep(turn, {**kept, "text": self._promise(kept, when)})

    def _there(self, slots: Slots, when: When) -> Routine | None:
        """The same one, made before."""
        wish = slots["kind"], when, fold(slots["do"])
        return next((one for one in self.routines.all() if (one.kind, one.when, fold(one.do)) == wish), None)

    def _make_deed(self, turn: Turn, slots: dict[str, Any], when: When, context: Context) -> None:
        """One that comes again needs one yes; one for once only if its calls would need one, or if it was said long ago."""
        ruled = self.ruled(turn, slots["do"], context) if may(turn) else None
        if ruled is None or (ruled[1] and not may(turn, needs_owner=True)):
            return
        deeds, slots["granted"] = ruled
        late = self.clock.time() - turn.message.at > STALE_SECONDS
        slots["text"] = text = self.plan(when, deeds)
        if when.recurs or slots["granted"] or late:
            ago = f"You wrote this {self.routines.at(turn.message.at)}. " if late else ""
            self.deciding.ask(turn, Request("routines", "make", slots), ago + text + YES_OR_NO)
        else:
            self.keep(turn, slots)

    def ruled(self, turn: Turn, do: str, context: Context) -> tuple[str, list[str]] | None:
        """What a wish would do, in words, and the digests of its calls that need a yes; None if it may not be: see the reply."""
        reading = self.read(do, context)
        calls, deciding = reading.calls, self.deciding
        if not calls:
            turn.reply = f"I cannot plan “{do}”. {reading.reply}".strip()
            return None
        # one that remembers no moves: they will be long ago
        policy, person = Policy(deciding.house, self.clock, deciding.policy.raised, deciding.policy.who), turn.message.person
        ruled = [
            (one, policy.verdict(deciding.house.devices[one.targets[0]], one.command, one.args, person=person))
            for call in calls for one in call.apart()
        ]  # fmt: skip
        if refused := [(one, verdict) for one, verdict in ruled if verdict.ruling == "refuse"]:
            whys = [capital(f"I will not {wanted(deciding.house, one)}: {verdict.reason}.") for one, verdict in refused]
            turn.reply = " ".join([*dict.fromkeys(whys), "So I planned nothing."])
            return None
        asked = [one for one, verdict in ruled if verdict.ruling == "confirm"]
        frozen = [call for call in calls if any(one in asked for one in call.apart())]  # these are named one by one
        words = listed([wanted(deciding.house, call, short=call not in frozen) for call in calls])
        turn.reply = reading.reply
        return words, [digest([one]) for one in asked]

    def read(self, do: str, context: Context) -> Reading:
        """What a wish means now; without calls the reply says why."""
        reading = self.deciding.reader.read(do, replace(context, question="", choices=0))
        if reading is None:
            return Reading("none", reply="I do not understand that any more.")
        if clash := contradiction(self.deciding.house, reading.calls):
            return Reading("none", reply=clash)
        if reading.options:
            labels = listed([option.label for option in reading.options], "or")
            return Reading("none", reply=f"I cannot tell which one is meant: {labels}.")
        return reading if not reading.request else Reading("none", reply="That has a time of its own.")

    def keep(self, turn: Turn, slots: Slots, done: str = "") -> None:
        """Make it, if its time has not passed while we asked."""
        when = When.of(slots["when"])
        if not self.routines.comes(when, self.routines.zone):
            turn.reply = PAST
            return
        said = slots.get("said") or slots.get("say") or slots["do"]
        rest = {name: slots.get(name) or "" for name in ("name", "person", "bridge", "chat", "area")}
        put = partial(self.routines.put, slots["kind"], when, slots["do"], said=said, granted=slots["granted"], **rest)
        turn.writes.append(put)
        text = slots["text"].replace(self._guess(when), "") if done else slots["text"]  # the question has said it
        text = text if not done or text.startswith("I ") else text[:1].lower() + text[1:]
        turn.reply = f"{turn.reply} {done}{text}".strip()

    def asked(self) -> dict[int, list[int]]:
        """The ids of the open questions about each routine: its late run, its changed file, another time for it."""
        found = defaultdict[int, list[int]](list)
        for one in self.deciding.questions.open():
            if one.kind == "approval":
                planned = isinstance(one.data, dict) and one.data["about"] == "routines"
                id = one.data["slots"].get("id") if planned else isinstance(one.data, list) and one.data[0].get("routine")
                found[id or 0].append(one.id)
        return {id: ids for id, ids in found.items() if id}

    def overdue(self) -> list[Routine]:
        """Those that are over, but for a question about them."""
        found = (one for id in self.asked() if (one := self.routines.get(id)) and one.status == "over")
        return [one for one in found if self.routines.shows(one)]

    def end(self, turn: Turn, ids: Sequence[int]) -> None:
        """Delete them, and what is asked about them; an undo brings back what is kept with the turn."""
        asked, close = self.asked(), self.deciding.questions.close
        turn.writes += [partial(self.routines.delete, id) for id in ids]
        turn.writes += [partial(close, one, "dropped", "") for id in ids for one in asked.get(id, ())]
        paused = [one.id for one in self.routines.all() if one.id in ids and one.status == "paused"]
        turn.request = Request("routines", "delete", {"ids": list(ids), "paused": paused}).plain() if ids else None

    # -- the words for it

    def plan(self, when: When, deeds: str) -> str:
        """What will be done when."""
        if when.kind == "once":
            return f"I will {deeds} {self.routines.at(when.at)}."
        if when.event:
            return f"{capital(self.routines.words(when))} I will {deeds}.{self._already(when.event)}"
        return f"{capital(self.routines.words(when))} I will {deeds}, first {self._first(when)}.{self._guess(when)}"

    def _promise(self, slots: Slots, when: When) -> str:
        """What is said when a reminder or a timer is made."""
        if slots["kind"] == "timer":
            return f"Your {slots['name']} is set: it ends {self.routines.at(when.at)}."
        if when.event:
            what = "tell you" if slots["name"] == "notice" else f"remind you: {slots['do']}"
            return f"{capital(self.routines.words(when))} I will {what}.{self._already(when.event)}"
        often = "" if when.kind == "once" else f", first {self._first(when)}"
        if slots["name"] == "alarm":
            return f"I will wake you {self.routines.words(when)}{often}.{self._guess(when)}"
        return f"I will remind you {self.routines.words(when)}{often}: {slots['do']}.{self._guess(when)}"

    def _already(self, event: Event) -> str:
        """That it is so now, which is no reason to act yet."""
        devices = [self.deciding.house.devices[id] for id in event.devices if id in self.deciding.house.devices]
        so = [device for device in devices if holds(event, device)]
        if not so or (event.together and len(so) < len(devices)):
            return ""
        plain = event.field == "state" and not event.together
        now = capital(told(replace(event, seconds=0), self.deciding.house, so[0])) if plain else "That is so"
        return f" {now} already; {'I count from now' if event.seconds else 'I act the next time'}."

    def _timer(self, slots: Slots, when: When) -> str:
        """What a timer is called: pizza timer, 10-minute timer, timer of 1 hour 30 minutes."""
        if name := str(slots.get("name") or "").removesuffix(" timer"):
            return f"{name} timer"
        span = span_words(round(when.at - self.clock.time())).split()
        return f"{span[0]}-{span[1].rstrip('s')} timer" if len(span) == 2 else f"timer of {' '.join(span)}"

    def _first(self, when: When) -> str:
        """The day of the first time; with the time where the rest of the sentence does not say it."""
        words = self.routines.at(self.routines.next(when, self.routines.zone) or 0.0)
        return (words.rpartition(" at ")[0] or words if " at " in words else "today") if when.time else words

    def _guess(self, when: When) -> str:
        town = place(self.routines.config.house, self.routines.zone)[1] if when.kind == "sun" else ""
        return (
            f" (I reckon with the sun in {town}; latitude and longitude below [house] in the config are exact.)" if town else ""
        )


def may(turn: Turn, *, needs_owner: bool = False) -> bool:
    """Whether whoever wrote this may; if not, the reply says so."""
    if turn.role in ADULTS[: 1 if needs_owner else None]:
        return True
    turn.reply = OWNER_ONLY if needs_owner and turn.role in ADULTS else ADULTS_ONLY
    return False
