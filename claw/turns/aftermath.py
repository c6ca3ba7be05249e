"""What a deed leaves behind: the end of what may only run for a time, and word of what was on its way and did not arrive."""

import asyncio
import json
from collections.abc import Callable

from claw.call import ToolCall
from claw.clock import Clock
from claw.device import Device
from claw.house import House
from claw.messages.inbox import Inbox, Message
from claw.messages.ledger import Ledger
from claw.policy import Policy
from claw.supervise import cancel
from claw.turns.acting import arrived
from claw.turns.replies import state_words, wanted
from claw.turns.turn import Step, Turn

FOLLOW_SECONDS = 120.0  # how long a thing that moves may take before the owner is told
Tell = Callable[[str, Message, str], None]


class Aftermath:
    """Leases are rows of the inbox and survive a restart; followers end with the process."""

    def __init__(self, house: House, policy: Policy, inbox: Inbox, ledger: Ledger, clock: Clock, tell: Tell) -> None:
        self.house, self.policy, self.inbox, self.ledger, self.clock, self.tell = house, policy, inbox, ledger, clock, tell
        self._followers: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Follow nothing any more."""
        await cancel(*self._followers)

    def lease(self, turn: Turn, step: Step) -> None:
        """What may only run for a time gets its end as a message in the inbox, so that it comes after any restart.

        A second wish does not prolong it; turning it off ends it; what could not be turned off in time is tried again.
        """
        message = turn.message
        for id, outcome in step.outcomes.items():
            device = self.house.devices.get(id)
            seconds = self.policy.lease(device, step.call.command) if device else 0.0
            if step.call.command == "turn_off" and outcome.outcome == "done":
                self.inbox.forget(f"lease:{id}:")
            elif message.key.startswith("lease:"):
                self._turn_off_in(min(300.0, 60.0 * 2 ** message.key.count("+")), id, f"{message.key}+", message)
            elif seconds and not any(one.key.startswith(f"lease:{id}:") for one in self.inbox.open()):
                self._turn_off_in(seconds, id, f"lease:{id}:{message.id}", message)

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
        goal = device.commands[call.command].goal(call.args)
        ended = asyncio.Event()
        unsubscribe = device.subscribe(lambda *_: ended.set() if arrived(device, goal) or not device.moving else None)
        waiting = [asyncio.ensure_future(ended.wait()), asyncio.ensure_future(self.clock.sleep(FOLLOW_SECONDS))]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            unsubscribe()
            await cancel(*waiting)
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
