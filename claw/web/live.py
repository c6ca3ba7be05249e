"""What the phones are told as it happens: numbered frames in a ring, so that a phone that was away hears what it missed."""

import asyncio
import secrets
from collections import deque
from typing import Any

from claw import view
from claw.agent import Agent
from claw.bridges.arriving import Links
from claw.device import Device
from claw.house import MEASURED, DeviceAdded, DeviceChanged, DeviceDescribed
from claw.messages.inbox import Answered, Message, Thinking
from claw.routines.routine import RoutinesChanged
from claw.web.sessions import Session, Sessions
from claw.web.sockets import Socket, dump

KEPT = 1000  # frames for those who come back
MEASURED_SECONDS = 1.0  # at most one frame a device for what is only measured
OWNER = ("web", "web:owner")


class Live:
    """Follows the house and the chats, and hands frames to the sockets. An epoch is one life of it."""

    def __init__(self, agent: Agent, sessions: Sessions) -> None:
        self.agent, self.sessions = agent, sessions
        self.sockets: set[Socket] = set()
        self._begin()

    def _begin(self) -> None:
        self.epoch, self.seq = secrets.token_hex(8), 0
        self._ring: deque[str] = deque(maxlen=KEPT)
        self._shown: dict[str, float] = {}  # when each device was told last, on the loop's clock
        self._later: dict[str, asyncio.TimerHandle] = {}
        self._stirred = asyncio.Event()

    async def run(self) -> None:
        """Follow until cancelled."""
        self._begin()
        events, questions = self.agent.events, self.agent.questions
        forget = [
            events.subscribe(DeviceChanged, self._changed),
            events.subscribe(DeviceAdded, lambda event: self._device(event.device)),
            events.subscribe(DeviceDescribed, lambda event: self._device(event.device)),
            events.subscribe(Answered, self._answered),
            events.subscribe(Thinking, self._thinking),
            events.subscribe(RoutinesChanged, lambda _: self.put("routines", routines=self.agent.routines.plain())),
        ]
        questions.changed = self._stirred.set
        try:
            await self._watch_questions()
        finally:
            questions.changed = lambda: None
            for one in (*forget, *(timer.cancel for timer in self._later.values())):
                one()

    def reach_owner(self) -> None:
        """What is said unasked goes to the page, too, while a phone may see it."""
        self.agent.owners[:] = [one for one in self.agent.owners if one != OWNER] + [OWNER] * self.sessions.any()

    def sign_out(self, id: int | None) -> int:
        """End the session with this id, or all (None), and cut what is connected; returns how many ended."""
        for one in self.sessions.plain():
            if id in (None, one["id"]):
                self.agent.people.forget("push", chat=f"push:{one['id']}")
        ended = self.sessions.end(id)
        self.drop(id)
        self.reach_owner()
        return ended

    def drop(self, session: int | None = None) -> None:
        """Cut the sockets of a session, or all."""
        for one in list(self.sockets):
            if session in (None, one.session.id):
                one.drop()

    async def _watch_questions(self) -> None:
        """Tell what waits for a person whenever it changed, and when one of it expires."""
        told: list[dict[str, Any]] = []
        while True:
            self._stirred.clear()
            if (waiting := view.waiting(self.agent)) != told:
                told = waiting
                self.put("waiting", waiting=waiting)
            left = min((one["expires"] for one in waiting), default=float("inf")) - self.agent.clock.time()
            await self.agent.clock.until(self._stirred, min(3600.0, max(0.05, left)))

    # -- frames

    def put(self, type: str, **data: Any) -> None:
        """Number a frame, keep it and hand it on."""
        self.seq += 1
        self._ring.append(dump({"seq": self.seq, "type": type, **data}))
        for socket in list(self.sockets):
            socket.more(self.seq, KEPT)

    def since(self, seq: int) -> list[str] | None:
        """The frames after this one; None when they are not kept any more, or never were."""
        missed = self.seq - seq
        if not 0 <= missed <= len(self._ring):
            return None
        return [self._ring[number] for number in range(len(self._ring) - missed, len(self._ring))]

    def hello(self, session: Session, epoch: str, since: str, *, approves: bool) -> tuple[str, int]:
        """The first frame for a phone, and the number after which it goes on: where it was, or else the whole state."""
        seq = int(since) if epoch == self.epoch and since.isdecimal() and len(since) < 16 else -1
        if self.since(seq) is not None:
            return dump({"type": "hello", "epoch": self.epoch, "seq": seq, "resumed": True}), seq
        hello = {"type": "hello", "epoch": self.epoch, "seq": self.seq, "resumed": False, "state": self.state(session, approves)}
        return dump(hello), self.seq

    def state(self, session: Session, approves: bool) -> dict[str, Any]:
        """All that the page shows at first."""
        agent = self.agent
        return {
            "zone": agent.routines.zone, "name": "claw", "approves": approves, "push": "push" in agent.outbox.bridges,
            "areas": [area.name for area in agent.house.areas.values()],
            "devices": [view.device(agent, device) for device in agent.house.devices.values()],
            "waiting": view.waiting(agent), "routines": agent.routines.plain(), "log": view.log(agent),
            "chat": view.chat(agent, session.chat, session.key("")), "thinking": agent.thinks(session.chat),
            "links": [name for name, one in agent.outbox.bridges.items() if isinstance(one, Links) and not one.linked],
        }  # fmt: skip

    # -- what happens

    def _changed(self, event: DeviceChanged) -> None:
        """What is only measured may wait a moment; all else is told at once."""
        device, now = event.device, asyncio.get_running_loop().time()
        due = self._shown.get(device.id, 0.0) + MEASURED_SECONDS
        if not event.changes or set(event.changes) - set(MEASURED) or now >= due:
            self._device(device)
        elif device.id not in self._later:
            self._later[device.id] = asyncio.get_running_loop().call_at(due, self._device, device)

    def _device(self, device: Device) -> None:
        if timer := self._later.pop(device.id, None):
            timer.cancel()
        present = self.agent.house.devices.get(device.id)
        if present is None:
            self._shown.pop(device.id, None)
            self.put("gone", id=device.id)
        else:
            self._shown[device.id] = asyncio.get_running_loop().time()
            self.put("device", device=view.device(self.agent, present))

    def _turn(self, message: Message) -> None:
        """A turn that ended, and whatever it took back, whose undo button goes or comes with it."""
        if view.tells(message):
            self.put("turn", turn=view.turn(self.agent, message))
        if undoes := (message.plan or {}).get("undoes"):
            self._turn(self.agent.inbox.get(undoes))

    def _thinking(self, event: Thinking) -> None:
        if event.place == OWNER[1]:  # whose chat all phones share
            self.put("thinking", on=self.agent.thinks(event.place))

    def _answered(self, event: Answered) -> None:
        """What was written is told only now: as it is kept, without what turned out to be a secret."""
        message = self.agent.inbox.get(event.message.id)
        if message.kind == "message" and message.bridge in ("web", "web-http"):
            self.put("chat", message=view.heard(message))
        self._turn(message)
        for socket in list(self.sockets):
            socket.answered(event.message.key, event.record)
        self._stirred.set()
