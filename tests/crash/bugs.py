"""Four planted bugs. A crash test that does not find them proves nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from claw.agent import Agent
from claw.bridges.arriving import Arriving, Incoming, Polled
from claw.device import Command, Device
from claw.routines.routine import Routine
from claw.routines.routines import Routines
from claw.routines.talk import RoutineTalk
from claw.turns.acting import Acting, Outcome
from claw.turns.turn import Turn
from tests.crash.life import Build
from tests.crash.matrix import WiredMatrix
from tests.crash.telegram import WiredTelegram
from tests.crash.world import Bridge


class Blind(Acting):
    """Repeats what a crash left open without looking."""

    async def _after_crash(self, device: Device, command: Command, goal: Mapping[str, Any]) -> Outcome | None:
        return None


class BlindAgent(Agent):
    """Acts blindly."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.acting = Blind(self.house, self.policy, self.clock)


class HastyBridge(Bridge):
    """Acknowledges before the message is committed."""

    def receive(self, key: str, text: str) -> None:
        self.ack(key)
        self.put(key, text)


class HastyArriving(Arriving):
    """Commits how far the bridge has read before what it read."""

    async def take(self, bridge: Polled, batch: Sequence[Incoming], cursor: tuple[str, str] | None = None) -> None:
        """The mistake: two commits where there must be one."""
        if cursor:
            self.store.keep(*cursor)
        await super().take(bridge, batch)


class HastyTelegram(WiredTelegram):
    """Its place is committed first; the next poll lets Telegram forget."""

    arrives = HastyArriving


class HastyMatrix(WiredMatrix):
    """The same with the token of a sync."""

    arrives = HastyArriving


class BoastfulAgent(Agent):
    """Commits the end of a call before the deed."""

    async def _perform(self, turn: Turn) -> None:
        for number, step in enumerate(turn.steps):
            if step.ruling == "run":
                step.outcomes = {id: Outcome("done") for id in step.call.targets}
                if not (turn.redo and self.ledger.end_of(turn.message.id, number)):
                    self._end(turn, number, step)
                    await self.acting.run(step.call, redo=turn.redo)
                    self.aftermath.lease(turn, step)


class Forgetful(Routines):
    """Commits when a routine comes next, and fires it afterwards."""

    def fire_due(self) -> float:
        """The mistake: two commits where there must be one."""
        self.put_off: list[tuple[Routine, float, float]] = []
        seconds = super().fire_due()
        for one in self.put_off:
            super()._put(*one)
        return seconds

    def _put(self, one: Routine, due: float, now: float) -> None:
        self.put_off.append((one, due, now))


class ForgetfulAgent(Agent):
    """Has forgetful routines."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.routines = Forgetful(self.store, self.inbox, self.events, self.clock, self.config, None)
        self.deciding.subjects["routines"] = RoutineTalk(self.routines, self.deciding, self.clock, lambda: self.owners)


BUGS = {
    "no read-back before redo": Build(agent=BlindAgent),
    "acknowledge before commit": Build(bridges={"test": HastyBridge, "telegram": HastyTelegram, "matrix": HastyMatrix}),
    "done before effect": Build(agent=BoastfulAgent),
    "next due before the run": Build(agent=ForgetfulAgent),
}
