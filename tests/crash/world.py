"""What a crash leaves standing: the database file, the devices, the chat channel, the person who writes, and time."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from claw.agent import Agent
from claw.clock import ManualClock
from claw.device import Command
from claw.evaluation.simulated import Simulated, kind_of
from claw.messages.outbox import REPEAT_NOTE

START = 1_772_618_400.0  # Wednesday 2026-03-04 10:00 UTC


class Crash(BaseException):
    """The process is gone. No `except Exception` of the code under test may see it."""


@dataclass(frozen=True)
class Effect:
    """Something that a device did, at `at` seconds since 1970."""

    device: str
    command: str
    args: tuple[tuple[str, Any], ...]
    at: float

    def __str__(self) -> str:
        return " ".join([self.device, self.command, *(str(value) for _, value in self.args)])


@dataclass
class Channel:
    """A chat network: keeps what was not acknowledged and what it showed; `idempotent` ones drop a key that they know."""

    idempotent: bool
    bridge: str = "test"
    chat: str = "phone"
    written: list[tuple[str, str]] = field(default_factory=list)
    acked: set[str] = field(default_factory=set)
    shown: list[tuple[str, str]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, text: str) -> None:
        """The person writes."""
        self.written.append((f"test:{len(self.written) + 1}", text))
        self.news.set()

    def show(self, key: str, text: str) -> None:
        """The person sees."""
        if not (self.idempotent and key in dict(self.shown)):
            self.shown.append((key, text))

    def waiting(self) -> list[tuple[str, str]]:
        """What will be delivered (again), oldest first."""
        return [one for one in self.written if one[0] not in self.acked]

    def views(self) -> list[str]:
        """What the chat looks like now, where messages can change after they were shown."""
        return []


def keyed(clock: ManualClock) -> Channel:
    """A network like the terminal and the page: what is sent twice shows once."""
    return Channel(True)


def keyless(clock: ManualClock) -> Channel:
    """A network that shows everything that is sent."""
    return Channel(False)


class World:
    """Counts every step of a life, and ends the life before step number `crash_at` (0 = never)."""

    def __init__(
        self, path: Path, things: Mapping[str, Mapping[str, Any]], script: Sequence[Any] = (),
        asides: Mapping[str, str] = MappingProxyType({}), *, channel: Callable[[ManualClock], Channel] = keyed,
    ) -> None:  # fmt: skip
        self.path, self.script, self.asides = path, list(script), dict(asides)
        self.states = {id: dict(state) for id, state in things.items()}
        self.effects: list[Effect] = []
        self.clock = ManualClock(START)
        self.channel = channel(self.clock)
        self.crash_at, self.count, self.dead = 0, 0, False
        self.crashed = asyncio.Event()
        self.steps: list[str] = []  # of the present life

    def born(self, crash_at: int) -> None:
        """A new process starts."""
        self.crash_at, self.count, self.dead, self.steps = crash_at, 0, False, []
        self.crashed = asyncio.Event()

    def happen(self, effect: Effect) -> None:
        """Something visible happens in the house, and the person may have something to say about it."""
        self.effects.append(effect)
        if text := self.asides.pop(str(effect), ""):
            self.channel.write(text)

    def step(self, label: str) -> None:
        """Something that outlives the process is about to happen.

        A crash after a step is a crash before the next one: nothing lasting lies between.
        """
        if self.dead:
            raise Crash(label)
        self.count += 1
        self.steps.append(label)
        if self.count == self.crash_at:
            self.dead = True
            self.crashed.set()
            raise Crash(label)


class Connection(sqlite3.Connection):
    """SQLite whose every statement is a step; a dead process executes nothing more.

    It does not wait for the disk: a process that dies loses nothing that it gave to the system, only a power cut would.
    """

    world: World

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        self.world.step(" ".join(sql.split())[:70])
        return super().execute(sql.replace("synchronous=FULL", "synchronous=OFF"), parameters)

    def executescript(self, sql: str, /) -> sqlite3.Cursor:
        raise NotImplementedError("a script would hide steps")

    def cursor(self, *_: Any) -> Any:
        raise NotImplementedError("a cursor would hide steps")

    def peek(self, sql: str, *parameters: Any) -> list[sqlite3.Row]:
        """All rows of a query of the test's own, which is no step."""
        return super().execute(sql, parameters).fetchall()


class Wired(Simulated):
    """A simulated device whose state lives outside of the process."""

    world: World

    async def refresh(self) -> None:
        """Ask the world."""
        self.update(**self.world.states[self.id])

    def obey(self, command: Command, args: Mapping[str, Any]) -> None:
        """The effect, which is a step before it and one after it."""
        self.world.step(f"before {self.id} {command.name}")
        self.world.happen(Effect(self.id, command.name, tuple(sorted(args.items())), self.world.clock.time()))
        super().obey(command, args)
        self.world.states[self.id] = dict(self.state)
        self.world.step(f"after {self.id} {command.name}")


_WIRED: dict[Any, type[Wired]] = {}


def wired(world: World, id: str, name: str, kind: str, area: str, sort: str) -> Wired:
    """A device for one life, which shows the state of its thing."""
    key = (kind, frozenset(world.states[id]))
    base = kind_of(kind, key[1]) if key not in _WIRED else None
    if base is not None:
        _WIRED[key] = type(f"Wired{kind.title()}", (Wired, base), {"kind": kind, "listed": key[1]})
    device = _WIRED[key](id, name, area=area, sort=sort)
    device.world = world
    device.update(**world.states[id])
    return device


class Bridge:
    """Receives in order, commits, then acknowledges; sends with the key. A step stands before and after each act."""

    name, limit, approves = "test", 1000, True

    def __init__(self, world: World, agent: Agent) -> None:
        self.world, self.inbox, self.idempotent = world, agent.inbox, world.channel.idempotent

    async def listen(self) -> None:
        """Receive until cancelled."""
        while True:
            self.world.channel.news.clear()
            for key, text in self.world.channel.waiting():
                self.receive(key, text)
            await self.world.channel.news.wait()

    def receive(self, key: str, text: str) -> None:
        """Take one message."""
        self.put(key, text)
        self.ack(key)

    def put(self, key: str, text: str) -> None:
        """Commit the message and how far this bridge has read."""
        self.inbox.put(text, key=key, bridge=self.name, chat=self.world.channel.chat, cursor=key)

    def ack(self, key: str) -> None:
        """Tell the channel that it may forget the message."""
        self.world.step(f"before ack {key}")
        self.world.channel.acked.add(key)
        self.world.step(f"after ack {key}")

    async def send(self, chat: str, text: str, key: str, choices: Sequence[str]) -> str:
        """Show it to the person."""
        self.world.step(f"before send {key}")
        await asyncio.sleep(0)
        self.world.channel.show(key, text)
        self.world.step(f"after send {key}")
        return key


def unmarked(text: str) -> str:
    """A delivered text without the note that it may be a repeat."""
    return text.removeprefix(REPEAT_NOTE)
