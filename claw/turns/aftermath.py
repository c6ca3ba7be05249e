"""What a deed leaves behind: the end of what may only run for a time, and word of what was on its way and did not arrive."""

import asyncio
import json
from collections.abc import Callable

from claw.call import ToolCall
from claw.clock import Clock
from claw.device import Device
from claw.house import House
from claw.messages.inbox import CUT, Inbox, Message
from claw.messages.ledger import Ledger
from claw.policy import Policy
from claw.supervise import cancel
from claw.turns.acting import arrived
from claw.turns.replies import state_words, wanted
from claw.turns.turn import Step, Turn

FOLLOW_SECONDS = 120.0  # how long a thing that moves may take before the owner is told
Tell = Callable[[str, Message, str], None]


class Aftermath:
    """Leases are rows of the inbox, which knows steady time (messages/leases.py); followers end with the process."""

    def __init__(self, house: House, policy: Policy, inbox: Inbox, ledger: Ledger, clock: Clock, tell: Tell) -> None:
        self.house, self.policy, self.inbox, self.ledger, self.clock, self.tell = house, policy, inbox, ledger, clock, tell
        self._followers: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Follow nothing any more."""
        await cancel(*self._followers)

    def lease(self, turn: Turn, step: Step) -> None:
        """What turning it off ends, and what did not begin has no end; what could not be turned off in time is tried again."""
        message = turn.message
        for id, outcome in step.outcomes.items():
            off = step.call.command == "turn_off" or step.call.args.get("mode") == "off"
            if off and outcome.outcome == "done":
                self.inbox.forget(_lease(id))
            elif message.key.startswith("lease:"):
                self._turn_off_in(min(300.0, 60.0 * 2 ** message.key.count("+")), id, f"{message.key}+", message)
            elif outcome.outcome in ("declined", "refused"):
                self.inbox.forget(_lease(id, message.id))
            else:
                self._lease_at(id, step, message)

    def intend(self, turn: Turn, step: Step) -> None:
        """What may only run for a time gets its end as a message in the inbox before it begins, whatever happens then.

        A second wish does not prolong it.
        """
        for id in step.call.targets:
            self._lease_at(id, step, turn.message)

    def _lease_at(self, id: str, step: Step, message: Message) -> None:
        device = self.house.devices.get(id)
        seconds = self.policy.lease(device, step.call.command, step.call.args) if device else 0.0
        if seconds and not self.inbox.waiting(_lease(id)):
            self._turn_off_in(seconds, id, _lease(id, message.id), message)

    def _turn_off_in(self, seconds: float, id: str, key: str, to: Message) -> None:
        text, due = json.dumps(ToolCall("turn_off", (id,)).plain()), self.clock.time() + seconds
        self.inbox.put(text, key=key, bridge=to.bridge, chat=to.chat, person=to.person, kind="call", due=due)

    def follow(self, turn: Turn, step: Step) -> None:
        """Tell it later when something that was on its way does not arrive."""
        for id, outcome in step.outcomes.items():
            device = self.house.devices.get(id)
            if device and outcome.moving:
                task = asyncio.create_task(self._arrival(turn, device, step.call))
                self._followers.add(task)
                task.add_done_callback(self._followers.discard)

    async def _arrival(self, turn: Turn, device: Device, call: ToolCall) -> None:
        goal, ended = device.goal(call.command, call.args), asyncio.Event()
        unsubscribe = device.subscribe(lambda *_: ended.set() if arrived(device, goal) or not device.moving else None)
        try:
            await self.clock.until(ended, FOLLOW_SECONDS)
        finally:
            unsubscribe()
        if not arrived(device, goal) and self._last_wish(device.id) == call:
            now = ", ".join(state_words(device, name) for name in goal)
            wish = wanted(self.house, ToolCall(call.command, (device.id,), call.args))
            self.tell(f"I could not {wish} after all: it says {now}.", turn.message, f"follow:{turn.message.id}:{device.id}")

    def _last_wish(self, id: str) -> ToolCall | None:
        """The last call that concerned a device; an older one is no longer owed."""
        for row in self.ledger.recent(50):
            if id in row["targets"]:
                return ToolCall(row["command"], tuple(row["targets"]), row["args"])
        return None


def _lease(id: str, turn: int | None = None) -> str:
    """The key of a device's lease that a turn began, or what all of its leases begin with."""
    return f"lease:{id}{CUT}{'' if turn is None else f'{turn}{CUT}'}"
