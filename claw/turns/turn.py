"""A message on its way through the road: what it asks for, how that was ruled, and what came of it."""

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from claw.call import ToolCall
from claw.messages.inbox import CUT, Message
from claw.reflex.reading import Context, Request
from claw.turns.acting import Outcome


@dataclass
class Step:
    """A call of a turn with its ruling: run, refused, asked, declined, later."""

    call: ToolCall
    ruling: str
    reason: str = ""
    approved: bool = False  # a person said yes to it
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    ms: float = 0.0  # from the command to what the devices confirmed
    back: bool = False  # it takes back what was done by mistake

    def within(self, ids: Collection[str]) -> "Step | None":
        """The part of a taking back that concerns these devices; None when none does."""
        targets = tuple(id for id in self.call.targets if id in ids)
        return replace(self, call=replace(self.call, targets=targets), back=True) if targets else None


# of a turn, through a restart
KEPT = ("level", "reply", "asked", "choices", "read_ms", "quiet", "request", "undoes", "image", "unread")


@dataclass
class Turn:
    """A message on its way through the road."""

    message: Message
    before: dict[str, dict[str, Any]]
    role: str = "nobody"  # of whoever wrote it
    level: str = "none"
    reply: str = ""  # said before what was done
    steps: list[Step] = field(default_factory=list)
    asked: str | None = None
    choices: list[str] = field(default_factory=list)
    read_ms: float = 0.0
    redo: bool = False
    writes: list[Callable[[], object]] = field(default_factory=list, repr=False)  # committed together with the plan
    quiet: bool = False  # it is told only if something of it was not done
    stopped: bool = False
    unread: bool = False  # no level of the reflex made anything of it; `reply` says so
    image: str = ""  # a file that goes out with the reply
    kept: int = 0  # how many of the steps are committed
    request: dict[str, Any] | None = None  # what was wanted of the claw itself
    undoes: int | None = None  # the turn that it takes back
    secret: bool = False  # its words answered a skill and may be a code: they are not kept
    began: float = field(default_factory=time.perf_counter)

    def plan(self) -> dict[str, Any]:
        """What a restart needs to go on with this turn."""
        steps = [{"call": s.call.plain(), "ruling": s.ruling, "reason": s.reason, "approved": s.approved, "back": s.back}
                 for s in self.steps]  # fmt: skip
        kept = {name: getattr(self, name) for name in KEPT}
        return {**kept, "steps": steps}


class Subject(Protocol):
    """Answers requests about something that is no device; fills the turn's reply, steps and writes, and does nothing itself."""

    def take(self, turn: Turn, request: Request, context: Context) -> None:
        """Somebody wants this."""
        ...

    def grant(self, turn: Turn, request: Request) -> None:
        """A person said yes to what `take` asked about (Deciding.ask)."""
        ...


def outcome_of(step: Step) -> str:
    """One word for a call at several devices: the worst of them."""
    if step.ruling in ("declined", "refused"):
        return step.ruling
    return worst(one.outcome for one in step.outcomes.values())


def worst(outcomes: Iterable[str]) -> str:
    """The one of several outcomes that matters most."""
    found = set(outcomes)
    return next((word for word in ("unknown", "failed", "refused", "declined") if word in found), "done")


def later(id: str, key: str = "") -> str:
    """The key of what a message put off for a device; without a key, what all of them begin with."""
    return f"later:{id}{CUT}{key}"
