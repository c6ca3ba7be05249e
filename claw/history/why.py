"""Why something is as it is: the last change of it, and what caused that."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from claw.capabilities import holds
from claw.device import Device
from claw.history.account import Account
from claw.history.past import Deed, Past
from claw.history.recorder import FOUND, WHILE_FULL, WHILE_OFF
from claw.history.restore import RESTORED
from claw.messages.inbox import Message
from claw.moments import span_words
from claw.reflex.reading import Context
from claw.reflex.states import STATES, meaning
from claw.store import Store
from claw.turns.deciding import Deciding
from claw.turns.replies import UNITS, call_of_it, called, capital, state_words

SLACK_SECONDS, MOVE_SECONDS = 5.0, 120.0  # how long after its end a deed still shows; that of something that moves
ALWAYS = "since before I first saw it"
RECORDED = RESTORED | {"value"}
NUMBERS = ("target", "brightness", "position", "volume", "speed", "tilt")  # what a bare number may be about
SEVERAL = 4  # so many causes are told at once
VERBS = {
    ("on", True): "turned on", ("on", False): "turned off", ("open", True): "opened", ("open", False): "closed",
    ("locked", True): "locked", ("locked", False): "unlocked", ("muted", True): "muted", ("muted", False): "unmuted",
    ("position", 0): "closed", ("position", 100): "opened", ("playback", "playing"): "started", ("playback", "paused"): "paused",
    ("playback", "stopped"): "stopped", ("activity", "cleaning"): "started", ("mode", "off"): "turned off",
    ("value", "open"): "opened", ("value", "closed"): "closed",
}  # fmt: skip
Test = Callable[[Any], bool]


@dataclass(frozen=True)
class Asked:
    """Who asks what: `how` is why, who, when, long (since when) or did (you); `event`: it may be over."""

    state: str
    person: str
    how: str = "why"
    event: bool = False


@dataclass(frozen=True)
class Aspect:
    """What of a device is asked about: the field, and which of its values are meant."""

    field: str
    fits: Test


class Why:
    """Reads the recorder's rows and the ledger."""

    def __init__(self, past: Past, history: Store, account: Account, deciding: Deciding) -> None:
        self.past, self.history, self.account, self.deciding = past, history, account, deciding
        self.house, self.clock = deciding.house, deciding.clock

    def reply(self, message: Message, slots: Mapping[str, Any], context: Context) -> str:
        """The cause that `why` asks for; without slots, of the last turn."""
        if not slots:
            before = self.past.before(message)
            asked = (before.record or {}).get("asked") if before else None
            return "I do that only with a yes." if asked == "approval" else self.account.last(message)
        state = str(slots["state"])
        found = self.account.find(str(slots["thing"]), context, fits=lambda device: aspect(device, state) is not None)
        devices = found.devices or found.ambiguous
        if not devices:
            named = self.account.find(str(slots["thing"]), context)
            told = named.devices or named.ambiguous
            return f"I cannot tell that of {called(self.house, told)}." if told else self.account.unknown(found)
        now = [device for device in devices if self._is(device, state)]
        asked = Asked(state, message.person, str(slots.get("asks", "why")), bool(slots.get("event")))
        if asked.how == "was":
            return " ".join(self._was(device, state, slots) for device in devices[:SEVERAL])
        if asked.how != "now" and (now or asked.event):
            return self._causes(now or devices, asked)
        return " ".join(self._as_it_is(device, state, sure=asked.how == "now") for device in devices[:SEVERAL])

    def _is(self, device: Device, state: str) -> bool:
        about = aspect(device, state)
        return about is not None and about.fits(device.state.get(about.field))

    def _as_it_is(self, device: Device, state: str, *, sure: bool) -> str:
        """How it is; with a yes or a no where `sure` was wanted."""
        about, it = aspect(device, state), call_of_it(self.house, device)
        words = _words(device, about.field) if about else "as it was"
        if not sure:
            return capital(f"{it} is {words}.")
        if not device.online:
            return f"I can't reach {it}; when I last heard from it, it was {words}."
        it = it.removesuffix(" lock") if it.count(" ") > 1 else it
        return f"{'Yes' if self._is(device, state) else 'No'}, {it} is {words}."

    def _was(self, device: Device, state: str, slots: Mapping[str, Any]) -> str:
        """Whether it was so at any time in a span, as far as it was recorded."""
        about, it = aspect(device, state), call_of_it(self.house, device)
        field = about.field if about else ""
        rows = [row for row in self._changes(device, field) if row["at"] < slots["until"]]
        seen = [row for row in rows if row["at"] >= slots["since"]]
        seen += rows[len(seen) : len(seen) + 1]  # how it was when the span began
        if not seen:
            return f"I do not know how {it} was {slots['span']}."
        so = [row for row in seen if about and about.fits(json.loads(row["value"]))]
        if str(slots["span"]).startswith(("all ", "the whole ")) and 0 < len(so) < len(seen):
            other = next(row for row in seen if row not in so)
            return f"No, {it} was not {state} {slots['span']}: it changed {self.account.when(max(other['at'], slots['since']))}."
        since = f", {self.account.when(so[-1]['at'])}" if so and so[-1]["at"] >= slots["since"] else ""
        return f"{'Yes' if so else 'No'}, {it} was {'' if so else 'not '}{state} {slots['span']}{since}."

    def _causes(self, devices: Sequence[Device], asked: Asked) -> str:
        """One cause for each device, those with the same one together."""
        causes: dict[str, list[Device]] = {}
        for device in devices:
            text = self._cause(device, asked)
            text = f"no: {text}" if asked.how == "did" and not text.startswith("yes") else text
            causes.setdefault(text, []).append(device)
        happened = {text: same for text, same in causes.items() if ALWAYS not in text} if asked.event else {}
        causes = happened or causes
        if len(causes) == 1:
            text, same = next(iter(causes.items()))
            return capital(_plural(text, len(same)).replace("{it}", called(self.house, same)))
        told = [f"{capital(called(self.house, same))}: {text.replace('{it}', 'it')}" for text, same in causes.items()]
        more = len(told) - SEVERAL
        return "\n".join([*told[:SEVERAL], *([f"And {more} more."] if more > 0 else [])])

    def _cause(self, device: Device, asked: Asked) -> str:
        """Why, with {it} where the device is named."""
        about, event = aspect(device, asked.state), asked.event
        field = about.field if about else ""
        fits: Test = about.fits if about else lambda _: True
        over = event and field and not fits(device.state.get(field))
        past = f"{{it}} is {_words(device, field)} now." if over else ""
        for change in self._changes(device, field):
            if over and change["turn"] == FOUND:  # it was so to begin with; nothing made it so
                continue
            if (change["field"] == field or not field) and fits(value := json.loads(change["value"])):
                text = self._explained(device, change["field"], value, change["at"], change["turn"], asked)
                return _after(past, text, asked.how)
        for turn in self.past.last_of(device.id, self.clock.time()):
            for deed in self.past.deeds(turn):
                goal = device.goal(deed.call.command, deed.call.args)
                if deed.happened(device.id) and (not field or (field in goal and _any(fits, goal[field]))):
                    return _after(past, self._by(turn, deed, device, asked), asked.how)
        return "I have not seen that happen to {it}." if event else self._always(device, field)

    def _changes(self, device: Device, field: str) -> list[Any]:
        rows = self.history.all(
            "SELECT * FROM changes WHERE device = ? AND (field = ? OR ? = '') ORDER BY id DESC LIMIT 200", device.id, field, field
        )
        return [row for row in rows if row["field"] in RECORDED and (field or row["turn"] != FOUND)]

    def _explained(self, device: Device, field: str, value: Any, at: float, turn: int | None, asked: Asked) -> str:
        """The cause of one recorded change."""
        if turn == FOUND:
            return self._always(device, field)
        when = self.account.when(at)
        verb = VERBS.get((field, value)) or f"set to {value}{UNITS.get(field, '')}"
        if turn in (WHILE_OFF, WHILE_FULL):
            return f"{{it}} was {verb} while {'I was not running' if turn == WHILE_OFF else 'my disk was full'}; I saw it {when}."
        by = None if field == "value" else self._deed_of(device, field, value, at)
        if by:
            return self._by(*by, device, asked)
        other = "" if field == "value" else ", not by me: by hand, or by another app"
        if asked.how == "long" and not asked.event:
            return f"{{it}} has been {asked.state or verb} {self._for(at)}, since {when.removeprefix('at ')}{other}."
        return f"{{it}} was {verb} {when}{other}."

    def _deed_of(self, device: Device, field: str, value: Any, at: float) -> tuple[int, Deed] | None:
        """Our deed that a change came from: it was under way then, and aimed at this or at nothing else of the field."""
        for turn in self.past.last_of(device.id, at + 1):
            deeds = [deed for deed in self.past.deeds(turn) if device.id in deed.call.targets]
            for deed in reversed(deeds):
                outcome = deed.outcomes.get(device.id)
                moving = outcome is not None and outcome.moving
                goal = device.goal(deed.call.command, deed.call.args)
                passing = moving and field == "position"  # on its way through
                aimed = field not in goal or passing or holds(field, goal[field], value)
                if aimed and deed.at - 1 <= at <= deed.ended + (MOVE_SECONDS if moving else SLACK_SECONDS):
                    return turn, deed
                if field in goal and not aimed and deed.at <= at and deed.happened(device.id):
                    return None  # we wanted the opposite last
        return None

    def _by(self, turn: int, deed: Deed, device: Device, asked: Asked) -> str:
        message, when = self.past.message(turn), self.account.when(deed.at)
        if message is None:
            return f"I did it {when}."
        cause, own = self.past.cause(message, asked.person), message.kind == "call"
        if asked.how == "long":
            about = aspect(device, asked.state)
            state = asked.state if asked.state in STATES or about is None else _words(device, about.field)
            return f"{{it}} has been {state} {self._for(deed.at)}, since {when.removeprefix('at ')}: {cause}."
        if asked.how == "when":
            return f"{when}: {cause}." if own else f"{when}, when {cause}."
        if asked.how == "did":
            return f"yes, {when}: {cause}."
        if own or message.kind == "routine":
            return f"I {self.account.deeds(turn)} {when}: {cause}." if own else f"{cause} {when}."
        return (
            f"{self.past.who(message, asked.person)} did, {when}: {cause}." if asked.how == "who" else f"because {cause} {when}."
        )

    def _for(self, at: float) -> str:
        """How long ago, in whole minutes."""
        seconds = (self.clock.time() - at) // 60 * 60
        return f"for {span_words(seconds)}" if seconds else "for less than a minute"

    def _always(self, device: Device, field: str) -> str:
        """Nothing of it was seen to change."""
        first = datetime.fromtimestamp(self.house.records[device.id].first_seen, self.clock.now().tzinfo)
        day = "today" if first.date() == self.clock.now().date() else f"{first.day} {first:%b}"
        return f"{{it}} has been {_words(device, field)} {ALWAYS} ({day})."


def aspect(device: Device, state: str) -> Aspect | None:
    """What the word for a state is about at this device; None when it has nothing of that kind."""
    if state == "":
        return Aspect("", lambda _: True) if set(device.fields) & RESTORED else None
    if state in ("brightness", "volume", "target"):
        return Aspect(state, lambda _: True) if state in device.state else None
    if state.isdecimal():
        fields = [field for field in NUMBERS if field in device.state]
        field = next((one for one in fields if holds(one, int(state), device.state[one])), fields[0] if fields else "")
        return Aspect(field, lambda value: holds(field, int(state), value)) if field else None
    if found := meaning(device, state):
        return Aspect(found[0], lambda value: (value.casefold() if isinstance(value, str) else value) in found[1])
    return Aspect("color", lambda value: value == state) if "color" in device.fields and state not in STATES else None


def _any(fits: Test, goal: Any) -> bool:
    return any(fits(one) for one in goal) if isinstance(goal, (set, frozenset)) else fits(goal)


def _words(device: Device, field: str) -> str:
    """How a field is now, after "it is": "on", "in heat mode", "set to 20 °C"."""
    words = state_words(device, field)
    if field == "mode" and words not in ("off", "disarmed"):
        return f"in {words} mode"
    return f"set to {words}" if field in ("target", "volume") else words


def _after(past: str, text: str, how: str) -> str:
    """How it is now, if that is something else, and how it came about."""
    if not past:
        return text
    if how != "why":
        return f"{text} {past.replace('{it}', 'It')}"
    return f"{past} That was {text}" if text.startswith("because") else f"{past} {capital(text.replace('{it}', 'It'))}"


def _plural(text: str, count: int) -> str:
    """A sentence about {it}, said of several."""
    for one, many in (("was", "were"), ("has", "have"), ("is", "are")) if count > 1 else ():
        text = text.replace(f"{{it}} {one} ", f"{{it}} {many} ")
    return text
