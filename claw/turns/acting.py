"""The last stretch of the one road: run a command on its devices, and read back what they did."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from claw.call import ToolCall
from claw.capabilities import holds
from claw.clock import Clock
from claw.device import Command, Device, DeviceError
from claw.hosting.boundary import guard
from claw.house import House
from claw.policy import Policy
from claw.supervise import cancel

EARLY_SECONDS = 3.0  # after so long the fast devices of a call are reported without waiting for the slow ones
CONFIRM_SECONDS = 5.0  # how long a device may take to report what it was told
READ_BACK = (0.05, 0.1, 0.2, 0.4, 0.8)  # pauses between two readings while it has not
RETURN_SECONDS = 20.0  # how long a deed that a crash interrupted waits for its device


@dataclass(frozen=True)
class Outcome:
    """What became of a call at one device. `detail` is for people; `moving`: on its way, not there yet."""

    outcome: str
    detail: str = ""
    moving: bool = False


STOPPED = Outcome("declined", "you said stop")
LATE = Outcome("declined", "I was interrupted, and now it is too late for it")
UNSEEN = Outcome("unknown", "I was interrupted and cannot see whether it happened")
Early = Callable[[Mapping[str, Outcome]], None]
Judge = Callable[[Device], Outcome | None]  # why it is not done at this device after all


class Acting:
    """Runs calls that the policy allowed; one command at a time per device."""

    def __init__(self, house: House, policy: Policy, clock: Clock) -> None:
        self.house, self.policy, self.clock = house, policy, clock
        self.pictures: dict[str, bytes] = {}  # the still that a camera gave last, until it is taken from here
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def run(
        self, call: ToolCall, *, redo: bool = False, anew: bool = False, approved: bool = False, early: Early | None = None
    ) -> dict[str, Outcome]:
        """Outcome per device id; never raises for what a device does. redo: a crash left it open, so read first.

        anew: it was ruled before a crash and is judged once more at each device, `approved` or not.
        `early` is called once with what is known after 3 s, when some devices have answered and others have not.
        """
        judge = partial(self._forbidden, call=call, approved=approved) if anew else _not_judged
        work = [asyncio.create_task(self._unit(ids, call, redo, judge)) for ids in self._units(call, redo or anew)]
        try:
            done, slow = await asyncio.wait(work, timeout=EARLY_SECONDS)
            if early and done and slow:
                early({id: outcome for task in done for id, outcome in task.result().items()})
            outcomes = {id: outcome for unit in await asyncio.gather(*work) for id, outcome in unit.items()}
        finally:
            await cancel(*work)
        return {id: outcomes[id] for id in call.targets}

    async def look(self, call: ToolCall, otherwise: Outcome) -> dict[str, Outcome]:
        """What came of a call that a crash left open and that is not wanted any more; nothing is done."""
        devices = {id: self.house.devices.get(id) or await self._return_of(id) for id in call.targets}
        return {id: await self._seen(device, call, otherwise) for id, device in devices.items()}

    async def _seen(self, device: Device | None, call: ToolCall, otherwise: Outcome) -> Outcome:
        goal = device.goal(call.command, call.args) if device else {}
        if device is None or not goal or not await self._refresh(device):
            return UNSEEN
        return confirmed(device, goal) or otherwise

    def _forbidden(self, device: Device, *, call: ToolCall, approved: bool) -> Outcome | None:
        """Why a call that was ruled before a crash is not done any more; None when it still may be."""
        verdict = self.policy.verdict(device, call.command, call.args)
        if verdict.ruling == "refuse":
            return Outcome("refused", verdict.reason)
        return Outcome("declined", "it needs a yes by now") if verdict.ruling == "confirm" and not approved else None

    def _units(self, call: ToolCall, alone: bool) -> list[tuple[str, ...]]:
        """The targets in the parts that run side by side: those that one hub may serve with a group call, the others alone."""
        hubs: dict[Any, list[str]] = defaultdict(list)
        for id in call.targets:
            device = self.house.devices.get(id)
            grouped = device is not None and device.together is not None and device.online and not alone
            hubs[device.together if device and grouped else id].append(id)
        return [tuple(ids) for ids in hubs.values()]

    async def _unit(self, ids: Sequence[str], call: ToolCall, redo: bool, judge: Judge) -> dict[str, Outcome]:
        """One part of a call; the locks are taken in order, so that two calls never wait for each other."""
        async with contextlib.AsyncExitStack() as stack:
            for id in sorted(ids):
                await stack.enter_async_context(self._locks[id])
            members = [self.house.devices[id] for id in ids if id in self.house.devices]
            sent = len(members) > 1 and await self._group(members[0].together, members, call)
            outcomes = await asyncio.gather(*(self._one(id, call, redo=redo, sent=sent, judge=judge) for id in ids))
        return dict(zip(ids, outcomes, strict=True))

    async def _group(self, together: Any, members: list[Device], call: ToolCall) -> bool:
        try:
            return bool(await guard(together(members, call.command, dict(call.args)), who="group call", seconds=10))
        except DeviceError:
            return False

    async def _one(self, id: str, call: ToolCall, *, redo: bool, sent: bool, judge: Judge) -> Outcome:
        device = self.house.devices.get(id) or (await self._return_of(id) if redo else None)
        if device is None:
            return Outcome("unknown" if redo else "failed", "it is not there")
        return await self._at(device, call, redo=redo, sent=sent, judge=judge)

    async def _at(self, device: Device, call: ToolCall, *, redo: bool, sent: bool, judge: Judge) -> Outcome:
        command = device.commands[call.command]
        goal = device.goal(call.command, call.args)
        if not device.online and not (redo and await self._wait(device, lambda: device.online, RETURN_SECONDS)):
            return Outcome("unknown" if redo else "failed", device.trouble or "it cannot be reached")
        if redo and (settled := await self._after_crash(device, command, goal)):
            return settled
        if no := judge(device):
            return no
        stale = reached(device, goal)
        self.policy.note(device, call.command, call.args)
        if not sent:
            try:
                came = await guard(
                    getattr(device, call.command)(**call.args),
                    who=f"{device.id} {call.command}", seconds=command.seconds, errors=device.errors,
                )  # fmt: skip
                if isinstance(came, bytes):
                    self.pictures[device.id] = came
            except DeviceError as error:
                return await self._despite(device, goal, str(error))
        return await self._read_back(device, goal, stale=stale)

    async def _after_crash(self, device: Device, command: Command, goal: Mapping[str, Any]) -> Outcome | None:
        """What a deed left open by a crash came to, as far as the device shows; None when it is safe to do it (again)."""
        done = confirmed(device, goal) if goal and await self._refresh(device) else None
        return done or (None if command.repeatable else UNSEEN)

    async def _despite(self, device: Device, goal: Mapping[str, Any], trouble: str) -> Outcome:
        """After an error the deed may have happened all the same: look."""
        done = confirmed(device, goal) if goal and device.online and await self._refresh(device) else None
        return done or Outcome("failed", trouble)

    async def _read_back(self, device: Device, goal: Mapping[str, Any], *, stale: bool) -> Outcome:
        """Wait until the device reports the goal; what was reported before the command confirms nothing (`stale`)."""
        if not goal:
            return Outcome("done", "sent")
        end = self.clock.monotonic() + CONFIRM_SECONDS
        fresh = not stale
        for pause in (*READ_BACK, *READ_BACK[-1:] * 9):
            if fresh and reached(device, goal):
                break
            fresh = await self._refresh(device) or fresh
            if (fresh and reached(device, goal)) or self.clock.monotonic() >= end:
                break
            await self._wait(device, lambda: reached(device, goal), pause)
        if fresh and (done := confirmed(device, goal)):
            return done
        if not device.online or not fresh:
            return Outcome("unknown", "it does not answer, so I cannot tell whether it did it")
        return Outcome("failed", "it did not do it")

    async def _refresh(self, device: Device) -> bool:
        """Ask the device for its state; False when that failed."""
        try:
            await guard(device.refresh(), who=f"{device.id} refresh", seconds=CONFIRM_SECONDS, errors=device.errors)
        except DeviceError:
            return False
        return True

    async def _wait(self, device: Device, reached: Any, seconds: float) -> bool:
        """Wait for a condition on pushed state, at most so many seconds."""
        if reached():
            return True
        changed = asyncio.Event()
        unsubscribe = device.subscribe(lambda *_: changed.set() if reached() else None)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await changed.wait()
        finally:
            unsubscribe()
        return changed.is_set() or bool(reached())

    async def _return_of(self, id: str) -> Device | None:
        """Wait for a known device that was not yet found again after a restart."""
        for _ in range(int(RETURN_SECONDS / 0.1)):
            if id in self.house.devices:
                return self.house.devices[id]
            await asyncio.sleep(0.1)
        return None


def _not_judged(device: Device) -> None:
    """The ruling is fresh."""


def confirmed(device: Device, goal: Mapping[str, Any]) -> Outcome | None:
    """Done, if the device reports the goal or that it is on its way there; else None."""
    return Outcome("done", moving=not arrived(device, goal)) if reached(device, goal) else None


def reached(device: Device, goal: Mapping[str, Any]) -> bool:
    """Whether the device reports the goal, or that it is on its way there."""
    return all(
        holds(field, wanted, device.state.get(field)) or holds(field, wanted, device.state.get(f"target_{field}"))
        for field, wanted in goal.items()
    )


def arrived(device: Device, goal: Mapping[str, Any]) -> bool:
    """Whether the device reports the goal itself."""
    return all(holds(field, wanted, device.state.get(field)) for field, wanted in goal.items())
