"""A phone for the tests of the page: it pairs with a code, and keeps what its websocket is told."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp

from claw.clock import Clock
from claw.daemon import Daemon
from claw.evaluation.simulated import build
from claw.testing import eventually, running

CONFIG = '[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["127.66.9.0/24"]\n'
HOUSE = {
    "areas": [{"name": "Kitchen"}, {"name": "Hall"}],
    "devices": [
        {"id": "lamp", "name": "Kitchen Lamp", "area": "Kitchen", "kind": "light", "state": {"on": False, "brightness": 50}},
        {"id": "spot", "name": "Hall Spot", "area": "Hall", "kind": "light", "state": {"on": False}},
        {"id": "lock", "name": "Front Door", "area": "Hall", "kind": "lock", "state": {"locked": True}},
        {"id": "warm", "name": "Hall Sensor", "area": "Hall", "kind": "sensor", "state": {"value": 20.0, "unit": "C"}},
    ],
}
Frame = dict[str, Any]


def _refuse(word: str) -> None:
    raise AssertionError(f"{word} is no JSON for a browser")


class Phone:
    """One browser: its cookies, and the frames of its websocket in the order in which they came."""

    def __init__(self, daemon: Daemon, base: str) -> None:
        self.daemon, self.base = daemon, base
        self.http = aiohttp.ClientSession(base, cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"Origin": base})
        self.ws: Any = None
        self.frames: list[Frame] = []
        self._came = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def pair(self, code: str | None = None, name: str = "Anna's phone") -> int:
        """Trade a code (default: a fresh one) for a cookie; the status of the answer."""
        async with self.http.post("/pair", json={"code": code or self.daemon.web.sessions.code(), "name": name}) as answer:
            return answer.status

    async def open(self, epoch: str = "", since: int = 0) -> Frame:
        """Connect; the hello."""
        self.frames.clear()
        self.ws = await self.http.ws_connect("/live", params={"epoch": epoch, "since": since} if epoch else {}, compress=15)
        self._reading = asyncio.create_task(self._read())
        return await self.heard("hello")

    async def _read(self) -> None:
        async for message in self.ws:
            self.frames.append(json.loads(message.data, parse_constant=_refuse))
            self._came.set()
        self._came.set()

    async def close(self) -> None:
        """Hang up."""
        await self.ws.close()
        if self._reading is not None:
            await self._reading

    async def send(self, op: str, cid: str = "", **data: Any) -> str:
        """Send an operation; returns its cid."""
        cid = cid or uuid.uuid4().hex
        await self.ws.send_json({"op": op, "cid": cid, **data})
        return cid

    async def heard(self, type: str, check: Callable[[Frame], Any] = lambda frame: True) -> Frame:
        """The first frame of this type that passes the check, whether it came already or comes within 10 s."""
        async with asyncio.timeout(10):
            while True:
                self._came.clear()
                for frame in self.frames:
                    if frame["type"] == type and check(frame):
                        return frame
                assert not self.ws.closed, f"the socket was closed ({self.ws.close_code}) before {type}"
                await self._came.wait()

    async def does(self, op: str, cid: str = "", **data: Any) -> Frame:
        """Send an operation; its acknowledgement."""
        sent = await self.send(op, cid, **data)
        return await self.heard("ack", lambda frame: frame["cid"] == sent)


@contextlib.asynccontextmanager
async def house(data: Path, config: str = "", *, clock: Clock | None = None) -> AsyncIterator[Daemon]:
    """A daemon with a page, a simulated house in it."""
    async with running(data, CONFIG + config, clock=clock) as daemon:
        await eventually(lambda: daemon.web.addresses)
        build(HOUSE, daemon.house)
        yield daemon


@contextlib.asynccontextmanager
async def phone(daemon: Daemon, *, paired: bool = True, number: int = 0) -> AsyncIterator[Phone]:
    """A phone at the address with this number."""
    one = Phone(daemon, daemon.web.addresses[number])
    try:
        if paired:
            assert await one.pair() == 204
        yield one
    finally:
        if one.ws is not None and not one.ws.closed:
            await one.close()
        await one.http.close()
