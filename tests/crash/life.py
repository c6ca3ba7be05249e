"""One life: a process from its start to a crash, or until the script of the person is played and nothing is left to do."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from claw.agent import Agent
from claw.config import Config
from claw.events import Events
from claw.house import House
from claw.names import Names
from claw.reflex.reader import Reader
from claw.reflex.reading import Context, Reading
from claw.routines.ticker import Ticker
from claw.routines.triggers import Triggers
from claw.store import Store
from tests.crash.matrix import WiredMatrix
from tests.crash.telegram import WiredTelegram
from tests.crash.world import Bridge, Connection, Crash, World, wired

DEADLINE = 20.0  # real seconds for one life, which takes milliseconds
FOUND_AFTER = 30  # turns of the loop until discovery has found the devices again
DEVICES = {  # id -> name, kind, room, sort
    "kitchen_lamp": ("Kitchen Lamp", "light", "Kitchen", ""),
    "hall_lamp": ("Hall Lamp", "light", "Hall", ""),
    "speaker": ("Kitchen Speaker", "player", "Kitchen", ""),
    "garage": ("Garage Door", "door", "Garage", "garage"),
    "pool": ("Pool", "heater", "Garden", "pool"),
    "sauna": ("Sauna", "heater", "Cellar", "sauna"),
    "thermostat": ("Hall Thermostat", "thermostat", "Hall", ""),
    "groceries": ("Shopping List", "list", "", ""),
}
STATES: dict[str, dict[str, Any]] = {
    "kitchen_lamp": {"on": False, "brightness": 40},
    "hall_lamp": {"on": False, "brightness": 40},
    "speaker": {"on": True, "playback": "playing", "title": "Take Five", "volume": 20, "muted": False},
    "garage": {"open": False},
    "pool": {"on": True, "temperature": 24.0, "target": 26.0},
    "sauna": {"on": False, "temperature": 20.0, "target": 80.0},
    "thermostat": {"temperature": 19.0, "target": 20.0, "mode": "off"},
    "groceries": {"items": ["bread"], "done": []},
}


BRIDGES: Mapping[str, Callable[[World, Agent], Any]] = {"test": Bridge, "telegram": WiredTelegram, "matrix": WiredMatrix}


@dataclass(frozen=True)
class Build:
    """Which classes a life is made of; the planted bugs hand in others."""

    agent: Callable[..., Agent] = Agent
    bridges: Mapping[str, Callable[[World, Agent], Any]] = field(default_factory=lambda: BRIDGES)


class Remembering(Reader):
    """The real reader, which does not parse anew what it read before in the same house in the same state."""

    _read_before: ClassVar[dict[str, Reading | None]] = {}

    def read(self, text: str, context: Context) -> Reading | None:
        """What Reader.read says."""
        states = {id: device.state for id, device in self.house.devices.items()}
        key = f"{text} {context} {states} {self.clock.time()}"
        if key not in self._read_before:
            self._read_before[key] = super().read(text, context)
        return self._read_before[key]


class Life:
    """The daemon's parts on the world's file, wired as the daemon wires them."""

    def __init__(self, world: World, build: Build) -> None:
        self.world = world
        self.conn: Connection | None = None
        try:
            self.store = Store(world.path, connect=self._connect)
            events = Events()
            self.house = House(self.store, events, world.clock)
            reader = Remembering(self.house, Names(self.house), world.clock)
            self.agent = build.agent(self.house, self.store, events, world.clock, Config(), reader)
            self.bridge = build.bridges[world.channel.bridge](world, self.agent)
            self.agent.outbox.bridges[world.channel.bridge] = self.bridge
            self.agent.owners[:] = [(world.channel.bridge, world.channel.chat)]
            self.ticker = Ticker(self.agent.routines)
            self.triggers = Triggers(self.house, self.agent.routines, events, world.clock, self.agent.tell)
        except Crash:
            self.close()
            raise

    def _connect(self, path: str, **options: Any) -> sqlite3.Connection:
        self.conn = sqlite3.connect(path, factory=Connection, **options)
        self.conn.world = self.world
        return self.conn

    async def discover(self) -> None:
        """Find the devices, some time after everything else has begun."""
        await self._turns(FOUND_AFTER)
        for id, (name, kind, area, sort) in DEVICES.items():
            self.house.adopt(wired(self.world, id, name, kind, area, sort), skill="test", host="127.0.0.1")

    async def play(self) -> None:
        """Be the person: write, wait for everything to be answered, write on; numbers are seconds that pass."""
        await self._until(lambda: len(self.house.devices) == len(DEVICES))
        while True:
            await self._until(self.quiet)
            if not self.world.script:
                return
            if not isinstance(self.world.script[0], str):
                await self._turns(10)  # whoever is about to sleep on the clock, or to look at it, does so before it moves
            entry = self.world.script.pop(0)
            if isinstance(entry, str):
                for text in entry.split(" | "):
                    self.world.channel.write(text)
            else:
                self.world.clock.advance(entry)
                self.ticker.look()

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():  # noqa: ASYNC110 - nothing is published when nothing happens any more
            await asyncio.sleep(0)

    async def _turns(self, count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    def quiet(self) -> bool:
        """Nothing is on its way: not at the channel, not in the inbox, not in the outbox."""
        assert self.conn is not None
        unread = self.conn.peek("SELECT 1 FROM inbox WHERE status != 'done' AND due <= ?", self.world.clock.time())
        due = self.conn.peek("SELECT 1 FROM routines WHERE due <= ?", self.world.clock.time())
        open_rows = "SELECT 1 FROM outbox WHERE status IN ('queued', 'sending') AND bridge = ?"
        unsent = self.conn.peek(open_rows, self.world.channel.bridge)
        return not (self.world.channel.waiting() or unread or unsent or due or self.triggers.changes)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """What the file holds."""
        assert self.conn is not None
        return [dict(row) for row in self.conn.peek(sql)]

    def close(self) -> None:
        """Leave the file, as the system does for a dead process: what was not committed is gone."""
        if self.conn is not None:
            self.conn.close()


async def live(world: World, build: Build, crash_at: int, look: Callable[[Life], None] = lambda life: None) -> bool:
    """Run one life; False when it crashed. `look` sees the file at the end of a life that did not."""
    world.born(crash_at)
    try:
        life = Life(world, build)
    except Crash:
        return False
    script = asyncio.create_task(life.play())
    parts: list[Callable[[], Awaitable[None]]] = [
        life.agent.run, life.agent.outbox.run, life.bridge.listen, life.ticker.run, life.triggers.run, life.discover,
    ]  # fmt: skip
    tasks = [asyncio.ensure_future(part()) for part in parts]
    end = asyncio.ensure_future(world.crashed.wait())
    try:
        await asyncio.wait([script, end], timeout=DEADLINE, return_when=asyncio.FIRST_COMPLETED)
        if script.done() and not world.dead:
            script.result()
            look(life)
            return True
        if not world.dead:
            raise TimeoutError("it never came to rest")
        return False
    finally:
        world.dead = True  # what is cancelled now must leave no trace
        await _abandon(script, end, *tasks)
        life.close()


async def _abandon(*mine: "asyncio.Future[Any]") -> None:
    """End everything that this life started, whoever started it."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    rest = {*others, *mine} - _OUTSIDE
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


_OUTSIDE: set[Any] = set()  # tasks of the caller, which no life may end


def outside(*tasks: Any) -> None:
    """Keep these tasks out of every life."""
    _OUTSIDE.clear()
    _OUTSIDE.update(tasks)
