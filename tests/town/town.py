"""What outlives the processes of a simulated day: time, devices that flap, Telegram's server, the disk, and what was seen."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claw.clock import ManualClock
from claw.device import Command, DeviceError
from tests.crash.world import Connection, Wired, World, wired
from tests.peers.bot_api import BotApi

TURN: ContextVar[int] = ContextVar("turn", default=0)
PEOPLE = {1001: ("Anna", "owner"), 1002: ("Ben", "adult"), 1003: ("Cleo", "child")}
STRANGERS = (2001, 2002, 2003, 2004, 2005)
STEP_SECONDS = 1e-4  # what a statement takes: without it a wait of less than a wink would be one for ever
CONFIRMED = {"open_door", "unlock"}  # commands that need a yes
LEASED = {"sauna": 3 * 3600.0, "spa": 4 * 3600.0}  # seconds
DEVICES = {  # id -> name, kind, room, sort
    "kitchen_lamp": ("Kitchen Lamp", "light", "Kitchen", ""),
    "hall_lamp": ("Hall Lamp", "light", "Hall", ""),
    "speaker": ("Kitchen Speaker", "player", "Kitchen", ""),
    "garage": ("Garage Door", "door", "Garage", "garage"),
    "bolt": ("Front Door Lock", "lock", "Hall", ""),
    "spa": ("Spa", "heater", "Garden", "spa"),
    "sauna": ("Sauna", "heater", "Cellar", "sauna"),
    "fan": ("Bedroom Fan", "fan", "Bedroom", ""),
    "groceries": ("Shopping List", "list", "", ""),
}
STATES: dict[str, dict[str, Any]] = {
    "kitchen_lamp": {"on": False, "brightness": 40},
    "hall_lamp": {"on": False, "brightness": 40},
    "speaker": {"on": True, "playback": "playing", "title": "Take Five", "volume": 20, "muted": False},
    "garage": {"open": False},
    "bolt": {"locked": True},
    "spa": {"on": False, "temperature": 24.0, "target": 36.0},
    "sauna": {"on": False, "temperature": 20.0, "target": 80.0},
    "fan": {"on": False, "speed": 0},
    "groceries": {"items": ["bread"], "done": []},
}


@dataclass
class Deed:
    """A command that a device carried out. `life`: which process had it done; `changed`: it made a difference."""

    turn: int
    life: int
    device: str
    command: str
    args: tuple[tuple[str, Any], ...]
    steady: float
    changed: bool = False

    @property
    def what(self) -> tuple[Any, ...]:
        """The same for the same deed of a turn."""
        return self.turn, self.device, self.command, self.args


class TrueClock(ManualClock):
    """The time of Telegram's servers: that of the loop, which nobody sets."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock.at)
        self.clock, self.ahead = clock, clock.ahead

    def time(self) -> float:
        return self.clock.at + self.ahead

    def monotonic(self) -> float:
        return self.clock.at

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Town(World):
    """Everything around the processes, and what was seen there."""

    def __init__(self, folder: Path, clock: ManualClock, seed: int) -> None:
        super().__init__(folder / "house.db", STATES)
        self.clock, self.seed = clock, seed
        self.chances = random.Random(f"{seed} devices")
        self.peer = BotApi(clock=TrueClock(clock), limits=True)
        self.persons = {id: self.peer.person(id, name) for id, (name, _) in PEOPLE.items()}
        self.persons |= {id: self.peer.person(id, f"Stranger {id}") for id in STRANGERS}
        self.modes = dict.fromkeys(DEVICES, "ok")
        self.fine_since = dict.fromkeys(DEVICES, clock.at)  # steady
        self.on_since: dict[str, float] = {}
        self.born_at, self.room_since = clock.at, clock.at
        self.life: Any = None  # the process that runs now
        self.mistakes: Callable[[Any], None] = lambda life: None  # what is planted into a process that was built
        self.lives, self.full = 0, False
        self.outside: set[Any] = set()  # tasks that no process owns
        self.deeds: list[Deed] = []
        self.written: dict[str, tuple[int, str]] = {}  # key of the inbox -> who wrote what
        self.shown: list[tuple[str, str, str]] = []  # key, chat, text: over any bridge
        self.wrong: list[str] = []
        self.counts = Counter[str]()
        self.telling = False

    # -- what is seen

    def log(self, text: str) -> None:
        """One line, when somebody wants to see it."""
        self.counts[text.split(" ")[0]] += 1
        if self.telling:
            print(f"{self.clock.now():%a %H:%M:%S} {self.clock.at - 1000:9.2f} {text}")

    def blame(self, text: str) -> None:
        """Something is wrong; said once."""
        if text not in self.wrong:
            self.wrong.append(text)
            self.log(f"WRONG {text}")

    def born(self, crash_at: int) -> None:
        super().born(crash_at)
        self.born_at, self.lives = self.clock.at, self.lives + 1

    def step(self, label: str) -> None:
        super().step(label)
        self.clock.at += STEP_SECONDS
        self.steps.clear()

    # -- what happens to it

    def jump(self, seconds: float) -> None:
        """Somebody sets the clock of the house."""
        self.clock.ahead += seconds
        self.log(f"jump {seconds:+.0f}")

    def fill(self) -> None:
        """Let the process that runs feel how full the disk is."""
        self.room_since = self.clock.at
        if self.life and self.life.conn and not self.dead:
            self.squeeze(self.life.conn)

    def squeeze(self, conn: Connection) -> None:
        """SQLite gets no page more while the disk is full."""
        pages = conn.peek("PRAGMA page_count")[0][0] if self.full else 4_294_967_294
        conn.peek(f"PRAGMA max_page_count = {pages}")
        self.log(f"disk {'full' if self.full else 'free'}")

    def turns(self, id: str, mode: str) -> None:
        """A device is from now on ok, offline, lying or slow."""
        if self.modes[id] != mode:
            self.log(f"device {id} {mode}")
            self.fine_since[id] = self.clock.at
        self.modes[id] = mode
        device = self.life.house.devices.get(id) if self.life and not self.dead else None
        if device and mode == "offline":
            device.offline("it does not answer")
        elif device and not device.online:
            device.update(**self.states[id])


class Flapping(Wired):
    """A device as it is today."""

    town: Town

    async def refresh(self) -> None:
        """The truth, when it answers."""
        await self.answers()
        await super().refresh()

    async def answers(self) -> None:
        """DeviceError when it does not; slow ones think about it."""
        mode = self.town.modes[self.id]
        if mode == "slow":
            await asyncio.sleep(self.town.chances.uniform(0.1, 8))
        if mode == "offline":
            self.offline("it does not answer")
            raise DeviceError("it does not answer")

    def obey(self, command: Command, args: Mapping[str, Any]) -> None:
        """The deed, and whether it made a difference."""
        before, town = dict(self.town.states[self.id]), self.town
        town.step(f"before {self.id} {command.name}")
        deed = Deed(TURN.get(), town.lives, self.id, command.name, tuple(sorted(args.items())), town.clock.at)
        town.deeds.append(deed)
        try:
            super().obey(command, args)
        finally:
            deed.changed = before != town.states[self.id] or not command.repeatable
            was_on, is_on = before.get("on"), town.states[self.id].get("on")
            if self.id in LEASED and is_on != was_on:
                town.on_since.pop(self.id, None)
                town.on_since |= {self.id: town.clock.at} if is_on else {}
            town.log(f"deed {deed.device} {deed.command} {dict(deed.args)} turn {deed.turn}")


def _told(command: Command) -> Any:
    """A command that waits for the device, which may think, lie or be away; the deed comes before or after a slow one's thought."""

    async def run(self: Flapping, *args: Any, **named: Any) -> None:
        given = dict(zip(command.model.model_fields, args, strict=False)) | named
        early = self.town.modes[self.id] == "slow" and self.town.chances.random() < 0.5
        if early:
            self.obey(command, given)
        await self.answers()
        if not early and self.town.modes[self.id] != "lying":
            self.obey(command, given)

    return run


_KINDS: dict[type, type[Flapping]] = {}


def flapping(town: Town, id: str) -> Flapping:
    """A device for one process."""
    name, kind, area, sort = DEVICES[id]
    device = wired(town, id, name, kind, area, sort)
    base = type(device)
    if base not in _KINDS:
        _KINDS[base] = type(f"Flapping{base.__name__}", (Flapping, base), {"kind": kind, "listed": base.listed})
        for command in base.commands.values():
            setattr(_KINDS[base], command.name, _told(command))
    made = _KINDS[base](id, name, area=area, sort=sort)
    made.world = made.town = town
    made.update(**town.states[id])
    if town.modes[id] == "offline":
        made.offline("it does not answer")
    return made
