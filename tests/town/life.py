"""One process of a simulated day, wired as the daemon wires it, but for discovery, the page and the sockets."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from claw.agent import Agent
from claw.bridges.arriving import Arriving, watched
from claw.bridges.telegram import Telegram
from claw.bridges.terminal import Terminal
from claw.clock import Clock
from claw.config import Config
from claw.events import Events
from claw.house import House
from claw.messages.inbox import Message
from claw.names import Names
from claw.reflex.reader import Reader
from claw.routines.routines import Routines
from claw.routines.triggers import Triggers
from claw.store import Store
from claw.supervise import Supervised
from claw.watches import Watches
from tests.crash.telegram import KEY, answered
from tests.crash.world import Connection, Crash
from tests.town.town import DEVICES, PEOPLE, TURN, Town, flapping

LOOK_SECONDS = 60.0


class Marking(Agent):
    """Marks what is done for which turn."""

    async def handle(self, message: Message, **more: str) -> dict[str, Any]:
        TURN.set(message.id)
        return await super().handle(message, **more)


class Wire(Telegram):
    """The real bridge but for its socket, with the faults that the peer is told to have."""

    def __init__(self, town: Town) -> None:
        super().__init__(lambda: town.peer.token, Path("telegram"), town.clock)
        self.town = town

    async def send(self, chat: str, *args: Any) -> str:
        KEY.set(args[1])
        return await super().send(chat, *args)

    async def _request(self, verb: str, path: str, seconds: float, **more: Any) -> bytes:
        import json

        peer, method, params = self.town.peer, path.rpartition("/")[2], json.loads(json.dumps(more.get("json", {})))
        fault = next((one for one in peer.faults if one[0] == method), ("", "", 0))
        if fault[1]:
            peer.faults.remove(fault)
            self.town.log(f"fault {method} {fault[1]}")
        self.town.step(f"before {method}")
        await asyncio.sleep(0.01)
        body = await self._answer(method, params, *fault[1:], seconds)
        self.town.step(f"after {method}")
        return body

    async def _answer(self, method: str, params: dict[str, Any], fault: str, retry_after: int, seconds: float) -> bytes:
        if fault == "429":
            return b'{"ok": false, "error_code": 429, "description": "slow", "parameters": {"retry_after": %d}}' % retry_after
        if fault == "hang":
            await asyncio.sleep(seconds)
        if fault in ("hang", "502", "500", "drop"):
            raise OSError(fault)
        body = await answered(self.town.peer, method, params, fault if fault in ("repeat", "reverse") else "")
        if method == "sendMessage" and body.startswith(b'{"ok": true'):
            self.town.shown.append((KEY.get(), f"telegram:{params['chat_id']}", params["text"]))
            self.town.log(f"shows {params['chat_id']} {KEY.get()} {params['text']!r}")
        if fault == "drop after apply":
            raise OSError(fault)
        return body


class Life:
    """A process from its start to its death."""

    def __init__(self, town: Town) -> None:
        self.town, self.conn = town, None  # type: Town, Connection | None
        self.terminal: Terminal | None = None

    def build(self) -> None:
        """Crash when it dies so early."""
        town, clock = self.town, self.town.clock
        self.store = Store(town.path, connect=self._connect)
        events = Events()
        self.house = House(self.store, events, clock)
        self.reader = Reader(self.house, Names(self.house), clock)
        self.agent = Marking(self.house, self.store, events, clock, Config(), self.reader)
        self._meet()
        self.telegram, self.terminal = Wire(town), Terminal(self.agent.inbox)
        self.agent.outbox.bridges |= {"telegram": self.telegram, "terminal": self.terminal}
        self.terminal.on_attach = self.agent.outbox.wake
        self.arriving = Arriving(self.agent, town.path.parent / "media")
        self.triggers = Triggers(self.house, self.agent.routines, events, clock, self.agent.tell)
        self.watches = Watches(self.house, events, clock, partial(self.agent.tell, urgent=True), self.agent.tell)
        self.terminal.attach("terminal", self._hear)
        self.parts = [Supervised(name, start, clock) for name, start in self._starts().items()]

    def _starts(self) -> dict[str, Callable[[], Any]]:
        return {
            "agent": self.agent.run, "outbox": self.agent.outbox.run, "triggers": self.triggers.run, "watches": self.watches.run,
            "routines": partial(ticking, self.agent.routines, self.town.clock), "devices": self._discover,
            "telegram": lambda: watched(self.telegram, self.arriving, self.town.clock),
        }  # fmt: skip

    def _connect(self, path: str, **options: Any) -> sqlite3.Connection:
        self.conn = sqlite3.connect(path, factory=Connection, **options)
        self.conn.world = self.town
        return self.conn

    def _meet(self) -> None:
        """The people, at the very first start."""
        people = self.agent.people
        for id, (name, role) in PEOPLE.items() if people.first() else ():
            with self.store.transaction():
                known = "owner" if role == "owner" else people.add(name, role).id
                people._reach(known, "telegram", str(id), f"telegram:{id}")

    def _hear(self, line: dict[str, object]) -> None:
        if line["key"] not in [key for key, *_ in self.town.shown]:  # a listener is told the key
            self.town.shown.append((str(line["key"]), "terminal", str(line["text"])))
            self.town.log(f"shows terminal {line['key']} {line['text']!r}")

    async def _discover(self) -> None:
        await asyncio.sleep(1)
        for id in DEVICES:
            self.house.adopt(flapping(self.town, id), skill="test", host="127.0.0.1")
        await asyncio.Event().wait()

    async def live(self) -> None:
        """Run until it dies."""
        self.town.life = self
        with contextlib.suppress(Crash, sqlite3.OperationalError):  # a full disk: it is started again
            self.build()
            self.town.mistakes(self)
            if self.town.full and self.conn:
                self.town.squeeze(self.conn)
            for part in self.parts:
                part.lasting = part.name == "telegram"
            self.tasks = [asyncio.create_task(part.run(), name=part.name) for part in self.parts]
            await self.town.crashed.wait()
        self.town.dead = True
        self.town.crashed.set()
        await self._end()

    async def _end(self) -> None:
        """What is cancelled now leaves no trace."""
        for _ in range(3):  # what one ends may begin another
            rest = asyncio.all_tasks() - self.town.outside
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
        if self.conn is not None:
            self.conn.close()

    @property
    def alive(self) -> bool:
        """Whether somebody may talk to it."""
        return not self.town.dead and self.terminal is not None


async def ticking(routines: Routines, clock: Clock) -> None:
    """What the ticker does, without an alarm clock of its own, which would look at the real time."""
    wake = asyncio.Event()
    routines.changed = wake.set
    while True:
        seconds = min(LOOK_SECONDS, routines.fire_due())
        wake.clear()
        await clock.until(wake, seconds)
