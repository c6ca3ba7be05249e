"""What a tool call comes to: calls for the one road, or words for the model. Nothing reaches a device from here."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from claw.call import ToolCall
from claw.device import Device, DeviceError, Safety
from claw.discovery.found import clean
from claw.house import House
from claw.memory.pages import Fact
from claw.memory.talk import MemoryTalk
from claw.mind import taint
from claw.mind.talk import Result, Talk, quoted
from claw.mind.tools import ACTING
from claw.mind.wire import Block
from claw.names import Names, stems
from claw.reflex.reading import Context, Request
from claw.roles import ADULTS
from claw.turns.deciding import Deciding
from claw.turns.turn import Step, Turn

FOUND, LOOKED, SENTENCES = 30, 20, 12  # devices of an answer; wishes of a plan
LONGEST, MOST = 2000, 100  # characters of a result; names in one call
ITEMS = ("add_item", "tick_item", "remove_item")  # which take several values at once
NUMBER = re.compile(r"(-?\d+(?:[.,]\d+)?)\s*(?:%|percent|°\s?C?|C|degrees|K|kelvin)?", re.IGNORECASE)  # as models write one
FROM_OTHERS = "Words of others are in this talk, so this is not done. The person has to say it in a message of their own."
AGAIN = ("next_track", "previous_track")  # means more when it is said twice
NO_SUCH = "There is nothing called {what} here that can do that. Use names from the list, or find."


class Wrong(Exception):
    """The model has to do it otherwise; the text says how."""


@dataclass
class Begun:
    """A call that was ruled; its steps of the turn are `first` to `last`."""

    first: int
    last: int


class Doing:
    """Carries tool calls to the turn; `Deciding` rules them."""

    def __init__(self, house: House, names: Names, deciding: Deciding, memory: MemoryTalk) -> None:
        self.house, self.names, self.deciding, self.memory = house, names, deciding, memory

    # -- acts

    def begin(self, talk: Talk, block: Block) -> Begun | Result:
        """Rule an act, or do what needs no device; what only reads comes in `read`, after the acts."""
        with self.deciding.in_sight(talk.turn.message.person):
            return self._begin(talk, str(block["name"]), block["input"])

    def _begin(self, talk: Talk, name: str, given: Mapping[str, Any]) -> Begun | Result:
        try:
            if name in ACTING:
                return self._act(talk, given, str(given.get("action", "")), given.get("value"), ACTING[name][1])
            if name == "do":
                return self._act(talk, given, str(given.get("command", "")), dict(given.get("args") or {}), ())
            own: Mapping[str, Callable[[Talk, Mapping[str, Any]], Result]] = {
                "remember": self._remember, "plan": self._plan, "ask": self._ask, "look": _later, "find": _later, "see": _later,
                "recall": _later,
            }  # fmt: skip
            if name not in own:
                there = [*ACTING, *own, "do"]
                near = difflib.get_close_matches(name, there, 1)
                meant = f"did you mean {near[0]}" if near else f"there are {', '.join(there)}"
                return Result(f"There is no tool {clean(name)}; {meant}.", failed=True)
            return own[name](talk, given)
        except Wrong as wrong:
            return Result(str(wrong)[:LONGEST], failed=True)
        except (TypeError, ValueError, KeyError) as error:
            return Result(f"The input does not fit: {error}"[:LONGEST], failed=True)

    def _act(self, talk: Talk, given: Mapping[str, Any], command: str, value: Any, known: Sequence[str]) -> Begun | Result:
        if known and command not in known:
            raise Wrong(f"action must be one of {', '.join(known)}.")
        devices = self._targets(talk, _texts(given.get("targets")), command)
        calls: dict[str, ToolCall] = {}
        values = value[:FOUND] if isinstance(value, list) and command in ITEMS else [value]
        for device, one in product(devices, values):
            try:
                args = device.commands[command].check(one if isinstance(one, dict) else _args(device, command, one))
            except DeviceError as error:
                raise Wrong(f"{talk.handles.name(device)}: {error}") from None
            same = calls.setdefault(repr(args), ToolCall(command, (), args))
            calls[repr(args)] = replace(same, targets=(*same.targets, device.id))
        return self._rule(talk, list(calls.values()))

    def _rule(self, talk: Talk, calls: Sequence[ToolCall]) -> Begun:
        """Each device is ruled for itself where words of others might have named it."""
        first = len(talk.turn.steps)
        fresh = [step.call for step in talk.turn.steps[talk.turn.kept :]]
        wished = taint.wishes(talk.text, self.deciding.reader)
        for call in calls:
            if call in fresh and call.command not in AGAIN:
                continue  # said twice in one answer
            for part in call.apart() if talk.tainted else [call]:
                own = taint.own(part, wished)
                if talk.tainted and not own and talk.turn.role not in ADULTS and _worded(part):
                    raise Wrong(FROM_OTHERS)  # what others wrote would be put to those who may say yes
                asks = bool(talk.tainted) and not own and not self._only_reads(part)
                asked = self.deciding.rule(talk.turn, part, unasked=not own, ask=asks)
                talk.asked += [one for one in asked if one not in talk.asked]
        return Begun(first, len(talk.turn.steps))

    def _only_reads(self, call: ToolCall) -> bool:
        """Whether it changes nothing: a still of a camera."""
        devices = [self.house.devices[id] for id in call.targets if id in self.house.devices]
        return all(device.commands[call.command].safety <= Safety.READ for device in devices)

    def ended(self, talk: Talk, begun: Begun) -> Result:
        """What became of an act, without a word of any device."""
        steps = talk.turn.steps[begun.first : begun.last]
        lines = [line for step in steps for line in self._ended(talk, step)]
        return Result("; ".join(dict.fromkeys(lines))[:LONGEST] or "nothing to do")

    def _ended(self, talk: Talk, step: Step) -> list[str]:
        names = {id: talk.handles.of.get(id, "a device that is gone") for id in step.call.targets}
        if step.ruling == "run":
            came = {id: outcome.outcome for id, outcome in step.outcomes.items()}
            return [f"{names[id]}: {came.get(id, 'unknown')}" for id in names]
        reasons = {"asked": "the person is asked for a yes", "later": f"later: {step.reason}"}
        why = reasons.get(step.ruling, f"refused: {step.reason}")
        return [f"{', '.join(names.values())}: {why}"]

    # -- names

    def _targets(self, talk: Talk, said: Sequence[str], command: str = "") -> list[Device]:
        """The devices of these names that have the command."""
        if not said:
            raise Wrong("targets must be a list of names.")
        found: dict[str, Device] = {}
        for one in said:
            for device in self._called(talk, one, command):
                found[device.id] = device
        return list(found.values())

    def _called(self, talk: Talk, name: str, command: str) -> Sequence[Device]:
        exact = self.house.devices.get(talk.handles.ids.get(name.casefold().strip(), ""))

        def fits(device: Device) -> bool:
            return not command or command in device.commands

        if exact:
            if not fits(exact):
                able = ", ".join(sorted(exact.commands.keys() & taint.COMMANDS)) or "nothing"
                raise Wrong(f"{talk.handles.name(exact)} cannot {command}; it can {able}.")
            return [exact]
        came = self.names.find(name, fits=fits)
        if came.ambiguous:
            raise Wrong(f"{clean(name)} may be {', '.join(talk.handles.name(one) for one in came.ambiguous[:LOOKED])}. Which?")
        if not came.devices:
            raise Wrong(NO_SUCH.format(what=clean(name)))
        lights = [one for one in came.devices if one.kind == "light"] if came.bare and command in ("turn_on", "turn_off") else []
        return lights or came.devices

    # -- what changes no device

    def _remember(self, talk: Talk, given: Mapping[str, Any]) -> Result:
        return self._subject(talk, Request("memory", "remember", {"fact": _words(given, "fact")}))

    def _subject(self, talk: Talk, request: Request) -> Result:
        """Hand a request to its subject; its answer is told to the person as it is."""
        if talk.tainted:
            return Result(FROM_OTHERS, failed=True)
        if hidden := self.deciding.hidden(talk.turn.message.person, request):
            return Result(hidden, failed=True)
        part = Turn(talk.turn.message, talk.turn.before, role=talk.turn.role, request=request.plain())
        self.deciding.subjects[request.about].take(part, request, self.deciding.context(part.message))
        if not (part.writes or part.steps or part.asked):
            return self._refused(talk, part.reply)
        talk.turn.writes += part.writes
        talk.turn.steps += part.steps
        talk.turn.asked, talk.turn.choices = part.asked or talk.turn.asked, part.choices or talk.turn.choices
        talk.turn.request = part.request or talk.turn.request
        talk.said.append(part.reply)
        return Result("Done, and the person is told.", ends=bool(part.asked))

    def _refused(self, talk: Talk, reply: str) -> Result:
        """The house's own sentence, which may hold a name that a device gave itself: that is the words of others."""
        names = (self.house.name(one) for one in self.house.devices.values() if talk.handles.veiled(one))
        others = any(name.casefold() in reply.casefold() for name in names)
        return Result(quoted(reply) if others else reply, failed=True, taint="name" if others else "")

    def _plan(self, talk: Talk, given: Mapping[str, Any]) -> Result:
        """Later: a routine, made of what the reader of schedules reads. Now: all of it, approved once."""
        wishes, when = _texts(given.get("do"))[:SENTENCES], clean(str(given.get("when") or ""), 200)
        if not wishes:
            raise Wrong("do must be a list of plain English wishes, such as “turn off the kitchen light”.")
        if talk.tainted:
            return Result(FROM_OTHERS, failed=True)
        context = replace(self.deciding.context(talk.turn.message), question="", choices=0)
        if when:
            return self._routine(talk, f"{when}, {' and '.join(wishes)}", context)
        calls = [call for wish in wishes for call in self._read(wish, context)]
        first, talk.planned = len(talk.turn.steps), True
        for call in calls:
            talk.asked += self.deciding.rule(talk.turn, call, unasked=True, ask=True)
        refused = [line for step in talk.turn.steps[first:] if step.ruling == "refused" for line in self._ended(talk, step)]
        return Result("; ".join(["The person is asked for one yes to all of it.", *refused]), ends=True)

    def _read(self, wish: str, context: Context) -> Sequence[ToolCall]:
        reading = self.deciding.reader.read(wish, context)
        if reading is None or not reading.calls:
            raise Wrong(f"I cannot read the wish {quoted(wish)}; say it plainly, with names from the list.")
        return reading.calls

    def _routine(self, talk: Talk, sentence: str, context: Context) -> Result:
        reading = self.deciding.reader.read(sentence, context)
        if reading is None or reading.request is None or reading.request.about != "routines":
            raise Wrong(
                f"I cannot read {quoted(sentence)} as a routine; when: every weekday at 7, at sunset, when the door opens."
            )
        return self._subject(talk, reading.request)

    def _ask(self, talk: Talk, given: Mapping[str, Any]) -> Result:
        return Result(clean(_words(given, "question"), 500), ends=True)

    # -- what only reads

    def read(self, talk: Talk, block: Block) -> Result:
        """Look, find, recall; `see` is the loop's, since it waits for the camera."""
        with self.deciding.in_sight(talk.turn.message.person):
            return self._read_only(talk, str(block["name"]), block["input"])

    def _read_only(self, talk: Talk, name: str, given: Mapping[str, Any]) -> Result:
        try:
            if name == "look":
                return self._look(talk, self._targets(talk, _texts(given.get("targets"))))
            if name == "find":
                return self._find(talk, clean(str(given.get("words", "")), 200))
            return self._recall(talk, clean(str(given.get("words", "")), 200))
        except Wrong as wrong:
            return Result(str(wrong)[:LONGEST], reads=True, failed=True)

    def _look(self, talk: Talk, devices: Sequence[Device]) -> Result:
        lines, tainted = [], False
        for device in devices[:LOOKED]:
            marked = {name: quoted(value) for name, value in device.state.items() if taint.foreign(name, value)}
            tainted |= bool(marked)
            told = ", ".join(f"{_field(name)} {marked.get(name, value)}" for name, value in device.state.items())
            away = "" if device.online else " (cannot be reached)"
            lines.append(f"{talk.handles.name(device)}: {told or 'nothing reported'}{away}")
        more = [f"and {len(devices) - LOOKED} more: name fewer"] if len(devices) > LOOKED else []
        return Result("\n".join([*lines, *more])[:LONGEST], reads=True, taint="state" if tainted else "")

    def _find(self, talk: Talk, words: str) -> Result:
        said = set(stems(words))
        came = self.names.find(words, all=True)
        devices = [*came.devices, *came.ambiguous] or [
            device for device in self.house.devices.values() if said & set(stems(f"{talk.handles.name(device)} {device.kind}"))
        ]
        lines = [self._found(talk, device) for device in devices[:FOUND]]
        foreign = any(device.commands.keys() - taint.COMMANDS for device in devices[:FOUND])
        return Result("\n".join(lines)[:LONGEST] or "nothing like that here", reads=True, taint="skill" if foreign else "")

    def _found(self, talk: Talk, device: Device) -> str:
        """A device and what it can do; commands that only its skill has are told in the skill's words."""
        names = sorted(device.commands)
        area, commands = talk.handles.area(device), ", ".join(one if one in taint.COMMANDS else quoted(one) for one in names)
        return f"{talk.handles.name(device)} ({device.kind}{f', {area}' if area else ''}): {commands or 'tells its state only'}"

    def _recall(self, talk: Talk, words: str) -> Result:
        """Facts that this person may see; what somebody else but the owner told is the words of others."""
        facts = self.memory.found(words, talk.turn.message.person)
        foreign = [fact for fact in facts if self._foreign(fact, talk.turn.message.person)]
        lines = [quoted(fact.text) if fact in foreign else fact.text for fact in facts]
        return Result(
            "\n".join(lines)[:LONGEST] or "nothing is remembered about that", reads=True, taint="memory" if foreign else ""
        )

    def _foreign(self, fact: Fact, person: str) -> bool:
        """Whether somebody else but the owner told it, or nobody knows who: a line that was written into the file."""
        who = fact.source.split(",")[0]
        return who != person and self.deciding.policy.role(who) != "owner"


def _later(talk: Talk, given: Mapping[str, Any]) -> Result:
    return Result("", reads=True)


def _field(name: str) -> str:
    return name if name in taint.FIELDS else quoted(name)


def _worded(call: ToolCall) -> bool:
    """Whether a call carries words, and not only numbers and words of ours."""
    return any(isinstance(value, str) and taint.foreign(name, value) for name, value in call.args.items())


def _texts(value: Any) -> list[str]:
    """A list of texts; one text is a list of one."""
    some = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    if len(some) > MOST:
        raise Wrong(f"At most {MOST} at once; name rooms, or “everywhere”.")
    return [clean(str(one), 200) for one in some if str(one).strip()]


def _words(given: Mapping[str, Any], name: str) -> str:
    """What must be a text with something in it."""
    value = given.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Wrong(f"{name} must be a sentence.")
    return value


def _args(device: Device, command: str, value: Any) -> dict[str, Any]:
    """The value as the one argument that the command has; numbers may come as texts."""
    fields = device.commands[command].model.model_fields
    if not fields or value is None:
        return {}
    name = next(iter(fields))
    if isinstance(value, str) and not _takes_text(fields[name].annotation):
        number = NUMBER.fullmatch(value.strip())
        value = float(number[1].replace(",", ".")) if number else value
    return {name: value}


def _takes_text(annotation: Any) -> bool:
    return annotation not in (int, float)
