"""Http and what UPnP skills share, against a device on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from claw.clock import Clock, ManualClock
from claw.device import Device, DeviceError
from claw.kit.http import Http
from claw.kit.upnp import Subscriptions, xml, xml_text
from claw.testing import eventually

EVENT = "/Thing/Event"


class Thing(Device):
    """Its refresh does what a test says."""

    def __init__(self, refresh: Callable[[], Awaitable[None]]) -> None:
        super().__init__("thing", "thing")
        self.act, self.readings = refresh, 0

    async def refresh(self) -> None:
        self.readings += 1
        await self.act()
        self.update()


class Peer:
    """A device that keeps what it was asked, and the callback of each subscription by its SID."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ports: set[Any] = set()
        self.callbacks: dict[str, str] = {}
        self.number = 0

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Everything at one place: what comes back depends on the method and path."""
        assert request.transport is not None
        self.asked.append(request.method)
        self.ports.add(request.transport.get_extra_info("peername"))
        if request.method == "SUBSCRIBE":
            return self._subscribe(request)
        if request.method == "UNSUBSCRIBE":
            return web.Response(status=200 if self.callbacks.pop(request.headers["SID"], None) else 412)
        bodies = {"/big": b"x" * (2 << 20), "/zip": b"\x1f\x8b", "/echo": await request.read()}
        status = {"/away": 302, "/fault": 500}.get(request.path, 200)
        return web.Response(body=bodies.get(request.path, b"{}"), status=status, headers={"Location": "/echo", "X-One": "1"})

    def _subscribe(self, request: web.BaseRequest) -> web.Response:
        sid = request.headers.get("SID", "")
        if sid and sid not in self.callbacks:
            return web.Response(status=412)
        if not sid:
            self.number += 1
            sid = f"uuid:{self.number}"
            self.callbacks[sid] = request.headers["CALLBACK"].strip("<>")
        return web.Response(headers={"SID": sid})

    async def notify(self) -> int:
        """Send an event to the only subscriber; its status."""
        (callback,) = self.callbacks.values()
        return await send(callback)


async def send(url: str, method: str = "NOTIFY") -> int:
    """The status that a request gets."""
    async with aiohttp.ClientSession() as session, session.request(method, url, data=b"<x/>") as reply:
        return reply.status


@pytest.fixture
async def peer() -> AsyncIterator[tuple[Peer, Http]]:
    peer = Peer()
    runner = web.ServerRunner(web.Server(peer.answer), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield peer, Http("127.0.0.1", runner.addresses[0][1], seconds=2)
    await runner.cleanup()


async def test_raw_bodies_and_any_status_go_through(peer: tuple[Peer, Http]) -> None:
    _, http = peer
    reply = await http.exchange("POST", "/echo", data=b"\x00<x/>", headers={"SOAPACTION": "y"})
    assert (reply.status, reply.body, reply.headers["x-one"]) == (200, b"\x00<x/>", "1")
    assert (await http.exchange("GET", "/fault")).status == 500
    assert (await http.exchange("GET", "/away")).status == 302
    with pytest.raises(DeviceError, match="status 302"):
        await http.fetch("/away")


async def test_what_a_reply_may_not_be(peer: tuple[Peer, Http]) -> None:
    _, http = peer
    with pytest.raises(DeviceError, match="more than 1 MiB"):
        await http.fetch("/big")
    with pytest.raises(DeviceError, match="not JSON"):
        await http.request("/zip")
    with pytest.raises(ValueError, match="does not begin"):
        await http.fetch("@127.0.0.2/")


async def test_connections_are_kept_within_async_with(peer: tuple[Peer, Http]) -> None:
    device, http = peer
    for _ in range(3):
        await http.fetch("/echo")
    assert len(device.ports) == 3
    device.ports.clear()
    async with http:
        for one in (http, http.at("127.0.0.1", int(http.base.rpartition(":")[2])), http):
            await one.fetch("/echo")
    assert len(device.ports) == 1


@pytest.mark.parametrize("host", ["8.8.8.8", "192.168.1.2", "house.local", "fd00::1", ""])
async def test_an_address_outside_of_the_house_is_not_talked_to(host: str) -> None:
    with pytest.raises(DeviceError):
        Http("127.0.0.1", 80).at(host, 80)


def test_a_dtd_is_not_read() -> None:
    assert xml("<a><b>c</b></a>").findtext("b") == "c"
    for text in ("<!DOCTYPE a><a/>", "<a>&lt;!DOCTYPE b></a>"):
        with pytest.raises(DeviceError, match="DTD"):
            xml(text)
        with pytest.raises(DeviceError, match="DTD"):
            xml_text(text.encode())
    with pytest.raises(DeviceError, match="no sense"):
        xml("<a>")


async def test_a_subscription_is_heard_renewed_and_ended(peer: tuple[Peer, Http]) -> None:
    device, http = peer
    heard: list[str] = []
    async with Subscriptions("127.0.0.1", heard.append) as events:
        await events.keep({(http, EVENT)})
        await events.keep({(http, EVENT)})
        assert device.asked == ["SUBSCRIBE"]
        assert await device.notify() == 200
        assert heard == [EVENT]
        device.callbacks.clear()  # it forgets us
        await events.keep({(http, EVENT)}, renew=True)
        assert await device.notify() == 200
        await events.keep(set())
        assert not device.callbacks
        await events.keep({(http, EVENT)})
    assert not device.callbacks


async def test_a_stranger_is_not_heard(peer: tuple[Peer, Http]) -> None:
    device, http = peer
    heard: list[str] = []
    async with Subscriptions("127.0.0.1", heard.append) as events:
        await events.keep({(http, EVENT)})
        (callback,) = device.callbacks.values()
        base = events.callback.removesuffix(events.secret)
        assert [await send(base + path) for path in ("/", "/guess", EVENT)] == [404] * 3
        assert await send(callback, "POST") == 404
        assert not heard
        assert not events.news.is_set()


async def test_without_an_address_there_are_no_events_and_no_listener(peer: tuple[Peer, Http]) -> None:
    device, http = peer
    async with Subscriptions("", lambda path: None) as events:
        await events.keep({(http, EVENT)}, renew=True)
    assert device.asked == []


async def test_a_device_that_is_silent_at_the_end_does_not_hold_us(peer: tuple[Peer, Http]) -> None:
    _, http = peer
    async with asyncio.timeout(2), Subscriptions("127.0.0.1", lambda path: None) as events:
        await events.keep({(http, EVENT)})
        gone = Http("127.0.0.1", 1)
        events._sids[gone, EVENT] = "uuid:x"


async def test_follows_pushes_and_the_minute_and_gives_up_after_three_failures(peer: tuple[Peer, Http]) -> None:
    device, http = peer
    clock, broken = ManualClock(), asyncio.Event()

    async def act() -> None:
        if broken.is_set():
            raise DeviceError("it does not answer")

    thing = Thing(act)
    async with Subscriptions("127.0.0.1", lambda path: None) as events:
        task = asyncio.create_task(events.follow(thing, lambda: {(http, EVENT)}, clock))
        await eventually(lambda: thing.readings == 1 and clock._sleepers)
        await device.notify()
        await eventually(lambda: thing.readings == 2 and len(clock._sleepers) == 2)
        clock.advance(60)
        await eventually(lambda: device.asked.count("SUBSCRIBE") == 2 and clock._sleepers)
        broken.set()
        clock.advance(60)
        await eventually(lambda: not thing.online)
        await eventually(lambda: clock.advance(5) or task.done())
        with pytest.raises(DeviceError, match="does not answer"):
            await task
        assert thing.readings == 6


@pytest.mark.parametrize("ticks", range(6))
async def test_an_error_at_the_moment_of_a_cancellation_does_not_swallow_it(ticks: int) -> None:
    gate = asyncio.Event()

    async def fail() -> None:
        await gate.wait()
        raise DeviceError("it does not answer")

    async def act() -> None:
        await asyncio.gather(fail(), asyncio.Event().wait())

    thing, events = Thing(act), Subscriptions("", lambda path: None)
    task = asyncio.create_task(events.follow(thing, set, Clock()))
    await eventually(lambda: thing.readings)
    await asyncio.sleep(0)
    gate.set()
    for _ in range(ticks):
        await asyncio.sleep(0)
    task.cancel()
    async with asyncio.timeout(2):
        await asyncio.wait([task])
    assert task.cancelled()
