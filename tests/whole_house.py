"""The virtual house with a whole daemon in it, as the tests of devices, messages and the road share it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from claw.clock import Clock
from claw.daemon import Daemon
from claw.demo.house import DEVICES, VirtualHouse
from claw.device import Device
from claw.testing import eventually, running, say


class JumpClock(Clock):
    """Real time that a test can move forward; whoever slept until then wakes."""

    def __init__(self) -> None:
        super().__init__("UTC")
        self.ahead = 0.0
        self._jumped = asyncio.Event()

    def time(self) -> float:
        return super().time() + self.ahead

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        end = self.monotonic() + seconds
        while (left := end - self.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._jumped.wait()

    def advance(self, seconds: float) -> None:
        """Jump so many seconds ahead."""
        self.ahead += seconds
        self._jumped.set()
        self._jumped = asyncio.Event()


class Home:
    """A running daemon, the virtual house around it, and what the claw said unasked."""

    def __init__(self, house: VirtualHouse, daemon: Daemon, clock: JumpClock) -> None:
        self.house, self.daemon, self.clock = house, daemon, clock
        self.heard: list[str] = []
        self.answering = True
        daemon.terminal.attach("terminal", lambda line: self.heard.append(str(line["text"])))

    async def say(self, text: str, chat: str = "terminal") -> dict[str, Any]:
        """Write a message; returns the record of its turn."""
        return await say(self.daemon, text, chat=chat)

    async def reply(self, text: str, chat: str = "terminal") -> str:
        """Write a message; returns what the person reads."""
        return str((await self.say(text, chat))["reply"])

    def device(self, name: str) -> Device:
        """A device of the claw by its name."""
        return next(one for one in self.daemon.house.devices.values() if self.daemon.house.name(one) == name)

    async def told(self, words: str, *, seconds: float = 10.0) -> str:
        """Wait until the claw says something with these words in it."""
        await eventually(lambda: any(words in text for text in self.heard), seconds=seconds)
        return next(text for text in self.heard if words in text)

    async def answer_asks(self) -> None:
        """Press the button and read out the code, as often as the claw asks, while `answering`."""
        answered = set[int]()
        while True:
            for one in self.daemon.agent.asks.open():
                if self.answering and one.id not in answered and (words := self.house.answer(one.data["about"])[1]):
                    answered.add(one.id)
                    self.daemon.agent.asks.answer(words, one.id)
            await asyncio.sleep(0.01)


@contextlib.contextmanager
def settled(daemon: Daemon) -> Iterator[None]:
    """Say what is missing when the house does not come together."""
    try:
        yield
    except AssertionError:
        missing = [(one.found.name, one.state, one.problem, len(one.devices)) for one in daemon.connections.open.values()]
        raise AssertionError(f"the house did not come together: {missing}, {daemon.status()}") from None


@contextlib.asynccontextmanager
async def whole_house(data: Path, config: str = "", *, devices: int = DEVICES) -> AsyncIterator[Home]:
    """A virtual house and a daemon that has paired everything in it."""
    house, clock = VirtualHouse(speed=20), JumpClock()
    await house.start()
    try:
        async with running(data, house.config() + config, clock=clock) as daemon:
            home = Home(house, daemon, clock)
            answerer = asyncio.create_task(home.answer_asks())
            try:
                with settled(daemon):
                    await eventually(lambda: len(daemon.house.devices) >= devices, seconds=20)
                yield home
            finally:
                answerer.cancel()
    finally:
        await house.stop()
