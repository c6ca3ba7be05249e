"""A small simulated house with an agent and a recorder, on real files and a clock that tests move."""

import json
from pathlib import Path
from typing import Any

import yaml

from claw.agent import Agent
from claw.clock import ManualClock
from claw.config import parse
from claw.evaluation.simulated import Simulated, build
from claw.events import Events
from claw.history.recorder import Recorder
from claw.house import House
from claw.messages.inbox import Answered, Message
from claw.names import Names
from claw.reflex.reader import Reader
from claw.store import Store, history

HOUSE = """
areas: [{name: Kitchen}, {name: Bedroom}, {name: Hall}, {name: Garage}]
devices:
  - {id: lamp, name: Kitchen Lamp, area: Kitchen, kind: light,
     state: {'on': false, brightness: 40, color: red, color_temperature: 2700}}
  - {id: spot, name: Bedroom Lamp, area: Bedroom, kind: light, state: {'on': true, brightness: 80}}
  - {id: fan, name: Bedroom Fan, area: Bedroom, kind: fan, state: {'on': false, speed: 0}}
  - {id: shade, name: Bedroom Shade, area: Bedroom, kind: shade, state: {position: 70}}
  - {id: bolt, name: Front Door Lock, area: Hall, kind: lock, state: {locked: false}}
  - {id: gate, name: Garage Door, area: Garage, kind: door, class: garage, state: {open: false}}
  - {id: heat, name: Bedroom Thermostat, area: Bedroom, kind: thermostat, state: {temperature: 19.0, target: 20.0, mode: heat}}
  - {id: box, name: Kitchen Speaker, area: Kitchen, kind: player,
     state: {playback: playing, title: Rain on Tin, volume: 30, muted: false}}
  - {id: list, name: Shopping List, kind: list, state: {items: [bread], done: []}}
"""
SCENE = """
[scenes."sleepy time"]
say = ["turn off all the lights", "lock the front door", "close the bedroom shade", "pause the kitchen speaker",
       "set the bedroom thermostat to 17 degrees"]
"""


class SmallHouse:
    """The agent is asked directly; no worker runs. Another one on the same folder is the same house after a restart."""

    def __init__(
        self, folder: Path, clock: ManualClock | None = None, state: dict[str, dict[str, Any]] | None = None, plan: str = HOUSE,
        config: str = "",
    ) -> None:  # fmt: skip
        """`plan`: the rooms and devices, as an evaluation file has them; `state`: how devices stand that are not as there.

        `config`: more of config.toml.
        """
        self.clock, self.store, self.history = clock or ManualClock(), Store(folder / "house.db"), history(folder / "history.db")
        self.events = Events()
        self.house = House(self.store, self.events, self.clock)
        self.reader = Reader(self.house, Names(self.house), self.clock)
        self.agent = Agent(
            self.house, self.store, self.events, self.clock, parse(SCENE + config), self.reader, history=self.history, data=folder
        )  # fmt: skip
        self.recorder = Recorder(self.house, self.events, self.clock, self.history)
        self.answered: list[Answered] = []
        self.events.subscribe(Answered, self.answered.append)
        house = yaml.safe_load(plan)
        for one in house["devices"]:
            one["state"] |= (state or {}).get(one["id"], {})
        self.devices = build(house, self.house)

    def __getitem__(self, id: str) -> Simulated:
        return self.devices[id]

    async def say(self, text: str) -> str:
        """Write a message a moment later; returns the reply."""
        self.clock.advance(1)
        return str((await self.agent.say(text))["reply"])

    async def put(self, kind: str, data: dict[str, Any], chat: str = "terminal", key: str = "") -> str:
        """What a door or the claw itself puts into the inbox; returns the reply of the turn."""
        self.clock.advance(1)
        message = self.agent.inbox.put(
            json.dumps(data), key=key or f"test:{self.clock.time()}", bridge="terminal", chat=chat, kind=kind
        )  # fmt: skip
        assert message is not None
        return str((await self.agent.handle(message))["reply"])

    def last(self) -> Message:
        """The turn that ended last."""
        return self.agent.inbox.get(self.answered[-1].message.id)

    def close(self) -> None:
        """As a stop does."""
        self.recorder.flush()
        self.store.close()
        self.history.close()

    def again(self, folder: Path, after: float = 60.0, **changed: dict[str, Any]) -> "SmallHouse":
        """The same house after a restart, its devices as they are, except for what changed meanwhile."""
        self.close()
        self.clock.advance(after)
        state = {id: {**device.state, **changed.get(id, {})} for id, device in self.devices.items()}
        return SmallHouse(folder, self.clock, state)
