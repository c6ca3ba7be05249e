"""The end of a turn: its record, and the reply composed from what came of its steps."""

import json
import time
from typing import Any

from claw.call import ToolCall
from claw.clock import Clock
from claw.hosting.secrets import redact
from claw.house import House
from claw.messages.inbox import CODE, HIDDEN, Inbox
from claw.moments import at_words
from claw.turns.acting import arrived
from claw.turns.listening import heard
from claw.turns.replies import capital, together, told, wanted
from claw.turns.turn import Step, Turn, later, outcome_of

LEASE_OVER = "It ran for as long as it may. "
LEASE_TRIES = 3  # how often it is said that a lease could not be ended; it is tried on for ever


class Closing:
    """Reads a finished turn; changes nothing."""

    def __init__(self, house: House, inbox: Inbox, clock: Clock) -> None:
        self.house, self.inbox, self.clock = house, inbox, clock

    def record(self, turn: Turn) -> dict[str, Any]:
        """The record of a turn as the ledger, `claw say` and `claw eval` show it."""
        return {
            "say": HIDDEN if private(turn) else self._said(turn), "reply": self._reply(turn), "level": turn.level,
            "read_ms": round(turn.read_ms, 3), "ms": round((time.perf_counter() - turn.began) * 1000, 3), "asked": turn.asked,
            "calls": [self._called(step) for step in turn.steps if step.ruling not in ("asked", "later")],
            "changed": self.house.changed(turn.before),
        }  # fmt: skip

    def _said(self, turn: Turn) -> str:
        """What was wanted, in words, however it came."""
        message = turn.message
        if message.kind in ("routine", "request"):
            data = json.loads(message.text)
            return str(data["slots"].get("say") or f"{data['verb']} {data['about']}")
        if message.kind in ("answer", "tell"):
            return str(json.loads(message.text)["text"])
        return message.text if message.kind == "message" else wanted(self.house, ToolCall.of(json.loads(message.text)))

    def _called(self, step: Step) -> dict[str, Any]:
        names = [self.house.name(self.house.devices[id]) for id in step.call.targets if id in self.house.devices]
        return {
            "command": step.call.command, "targets": list(step.call.targets), "names": names, "args": dict(step.call.args),
            "outcome": outcome_of(step), "ms": round(step.ms, 3),
        }  # fmt: skip

    def _reply(self, turn: Turn) -> str:
        parts = []
        for step in turn.steps:
            if step.ruling == "refused":
                parts.append(capital(f"I will not {wanted(self.house, step.call)}: {step.reason}."))
            elif step.ruling == "later":
                due = self.inbox.due(later(step.call.targets[0], turn.message.key))
                when = at_words(due, self.clock.now())
                parts.append(capital(f"{step.reason}; I will {wanted(self.house, step.call)} {when}."))
            elif step.call.command == "snapshot" and turn.image:
                continue  # the picture itself tells it
            elif step.ruling == "run" and not self._silent(turn, step):
                said = told(self.house, step.call, step.outcomes)
                said = f"{said[:-1]} again." if step.back and outcome_of(step) == "done" and "told to" not in said else said
                parts.append(LEASE_OVER * turn.message.key.startswith("lease:") + said)
        said = "" if private(turn) else heard(turn.message)
        return " ".join(part for part in (said, *together(parts), turn.reply) if part)

    def _silent(self, turn: Turn, step: Step) -> bool:
        """A lease that ends what is off already is nothing to tell, unless it may be off by this very deed, before a crash."""
        if turn.message.kind != "call" or turn.redo:
            return False
        if turn.message.key.count("+") >= LEASE_TRIES and outcome_of(step) != "done":
            return True
        return all(
            (device := self.house.devices.get(id)) is not None
            and arrived(device, device.goal(step.call.command, step.call.args))
            and not self.house.changed(turn.before).get(id)
            for id in step.call.targets
        )


def told_nothing(turn: Turn) -> bool:
    """Whether no message tells of this turn: whoever touched sees what came of it, and a quiet one went well."""
    if turn.message.kind in ("touch", "request"):
        return True
    return turn.quiet and all(step.ruling == "run" and outcome_of(step) == "done" for step in turn.steps)


def private(turn: Turn) -> bool:
    """Whether the words of a turn are kept nowhere: they answered a skill, look like a code, or hold a secret."""
    said = turn.message.text
    return turn.secret or CODE.fullmatch(said) is not None or redact(said) != said
