"""A real `claw run` on the virtual house, whose process id and moment of birth are known. Loopback only."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claw.console.client import Client, Down
from claw.demo.house import VirtualHouse

FAMILIES = {"sonos": 3, "hue": 6, "homekit": 6}  # part of the virtual house -> its devices
COMMAND = ("-m", "claw.cli")
POLL, PATIENCE = 0.01, 60.0  # seconds


@dataclass
class Running:
    """One daemon process; `began` is perf_counter() just before it was spawned."""

    client: Client
    pid: int
    began: float

    async def ask(self, op: str, **fields: Any) -> list[dict[str, Any]]:
        """All lines of an answer; Down while nobody listens."""
        return await asyncio.to_thread(lambda: list(self.client.request(op, **fields)))

    async def devices(self) -> list[dict[str, Any]]:
        """The devices that are online and have reported a state."""
        found = [line["device"] for line in await self.ask("devices")]
        return [one for one in found if one["online"] and one["state"]]

    async def status(self) -> dict[str, Any]:
        """What `claw status` shows."""
        (line,) = await self.ask("status")
        return dict(line["status"])


@contextlib.asynccontextmanager
async def standing(families: Sequence[str] = tuple(FAMILIES)) -> AsyncIterator[VirtualHouse]:
    """The virtual house with these families switched on."""
    house = VirtualHouse()
    parts = [getattr(house, name) for name in families]
    await asyncio.gather(*(part.start() for part in parts))
    try:
        yield house
    finally:
        await asyncio.gather(*(part.stop() for part in parts))
        await house.network.close()


@contextlib.asynccontextmanager
async def running(house: VirtualHouse, folder: Path, *, command: Sequence[str] = COMMAND) -> AsyncIterator[Running]:
    """A daemon with its data in `folder`/data; returns at once, ends by SIGTERM. `command`: what python runs it with."""
    (folder / "config.toml").write_text(house.config(str(folder / "data")), "utf-8")
    with (folder / "claw.log").open("ab") as log:
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, "run", "--config", str(folder / "config.toml"), stderr=log, stdout=log
        )
    try:
        yield Running(Client(folder / "data", seconds=30), process.pid, began)
    except (TimeoutError, RuntimeError):
        print((folder / "claw.log").read_text("utf-8", "replace")[-4000:], file=sys.stderr)
        raise
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def until(run: Running, reached: Callable[[], Any]) -> float:
    """Seconds from the spawn until the awaitable of `reached()` is true, to 10 ms; TimeoutError after a minute."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(Down):
                if await reached():
                    return time.perf_counter() - run.began
            await asyncio.sleep(POLL)


async def usable(run: Running, count: int) -> float:
    """Seconds until the daemon reads messages and so many devices have reported their state."""

    async def reached() -> bool:
        return len(await run.devices()) >= count and bool((await run.status())["ready"])

    return await until(run, reached)


async def paired(house: VirtualHouse, run: Running, count: int) -> float:
    """The same for a house that the daemon has never seen: its questions are answered as they come."""
    answered = set[int]()

    async def reached() -> bool:
        for ask in [line["ask"] for line in await run.ask("asks")]:
            words = house.answer(ask["about"])[1] if ask["id"] not in answered else ""
            if words:
                answered.add(ask["id"])
                await run.ask("answer", id=ask["id"], text=words)
        return len(await run.devices()) >= count

    return await until(run, reached)
