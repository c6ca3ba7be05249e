"""Three planted bugs. A crash test that does not find them proves nothing."""

from collections.abc import Mapping
from typing import Any

from claw.agent import Agent
from claw.device import Command, Device
from claw.turns.acting import Acting, Outcome
from claw.turns.turn import Turn
from crash.life import Build
from crash.world import Bridge


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


BUGS = {
    "no read-back before redo": Build(agent=BlindAgent),
    "acknowledge before commit": Build(bridge=HastyBridge),
    "done before effect": Build(agent=BoastfulAgent),
}
