"""A small house that is reached by a bridge, on a folder that outlives it: what the tests of all bridges stand on."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from claw.bridges.arriving import Arriving, watched
from claw.clock import Clock
from claw.supervise import Supervised, cancel
from claw.testing import eventually
from tests.simulated_house import SmallHouse

SPEED = 10.0


class Fast(Clock):
    """Ten times as fast as real time, for the house and for its peer, so that a pause of a second is no pause for a test."""

    def __init__(self) -> None:
        super().__init__("UTC")
        self.began, self.at = super().monotonic(), super().time()

    def monotonic(self) -> float:
        return (super().monotonic() - self.began) * SPEED

    def time(self) -> float:
        return self.at + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / SPEED)


@dataclass
class Bridged:
    """A house and one bridge to a peer. A bridge's own tests say how it is `made` and what a chat has `heard`."""

    folder: Path
    peer: Any
    clock: Clock
    house: SmallHouse = field(init=False)
    bridge: Any = field(init=False)
    arriving: Arriving = field(init=False)
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)

    def made(self) -> Any:
        """A new bridge to the peer."""
        raise NotImplementedError

    def heard(self, chat: Any) -> list[str]:
        """What the claw shows in a chat now."""
        raise NotImplementedError

    def build(self) -> None:
        """Everything but what runs."""
        self.house = SmallHouse(self.folder, self.clock)  # type: ignore[arg-type]
        self.bridge = self.made()
        self.house.agent.outbox.bridges[self.bridge.name] = self.bridge
        self.arriving = Arriving(self.house.agent, self.folder / "media")

    def start(self) -> None:
        agent, name = self.house.agent, self.bridge.name
        part = Supervised(name, lambda: watched(self.bridge, self.arriving, self.clock), self.clock, lasting=True)
        self.tasks = [asyncio.create_task(one) for one in (agent.run(), agent.outbox.run(), part.run())]

    async def stop(self) -> None:
        await cancel(*self.tasks)
        await self.arriving.close()
        self.house.close()

    async def __aenter__(self) -> Self:
        self.build()
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def again(self) -> None:
        """The process dies and comes back."""
        await self.stop()
        self.build()
        self.start()

    def let_in(self, address: str, name: str, role: str) -> None:
        """Somebody is of the house, as if it had been long ago."""
        people, bridge = self.house.agent.people, self.bridge.name
        id = "owner" if role == "owner" and people.first() else people.add(name, role).id
        people._reach(id, bridge, address, f"{bridge}:{address}")
        self.arriving._chats = self.arriving._reached()
        self.arriving._look()

    async def hears(self, chat: Any, *texts: str, seconds: float = 10.0) -> None:
        """Wait until the chat shows exactly this."""
        try:
            await eventually(lambda: self.heard(chat) == list(texts), seconds=seconds)
        except AssertionError:
            assert self.heard(chat) == list(texts), self.heard(chat)

    async def said(self, text: str) -> str:
        """Write in the terminal; the reply."""
        message = self.house.agent.inbox.put(text, key=f"said:{self.clock.time()}", bridge="terminal", chat="terminal")
        assert message
        return str((await self.house.agent.inbox.answered(message)).record["reply"])

    def says(self, chat: str, *texts: str, **more: Any) -> None:
        """The claw writes unasked."""
        for text in texts:
            self.house.agent.outbox.put(text, key=text, bridge=self.bridge.name, chat=f"{self.bridge.name}:{chat}", **more)

    def outcome(self, key: str) -> str:
        """The status of a row of the outbox."""
        row = self.house.store.one("SELECT status FROM outbox WHERE key = ?", key)
        return str(row["status"]) if row else ""

    def rows(self) -> Sequence[str]:
        """What was read of people, in order."""
        return [row["text"] for row in self.house.store.all("SELECT text FROM inbox WHERE kind = 'message' ORDER BY id")]
