"""Pairing: the conversation, the pinned certificate, the pace of a hub, and what the daemon does when it goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from claw.clock import Clock, ManualClock
from claw.daemon import Daemon
from claw.demo.hue.certificate import make_certificate, tls
from claw.device import DeviceError
from claw.discovery.found import Found
from claw.hosting.connections import Connection
from claw.kit.http import Http
from claw.kit.pace import Pace
from claw.kit.pairing import ask_until
from claw.kit.pinned import fingerprint, session
from claw.testing import Answers, eventually, running

CONFIG = '[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["127.66.0.0/24"]\n[skills.lamp]\naddresses = ["127.66.0.9"]\n'
SKILL = '''"""A lamp that pairs once a file is there."""
import asyncio
from claw.skill import Device, DeviceError, Power, skill, static

class Lamp(Device, Power):
    kind = "light"
    async def turn_on(self): self.update(on=True)
    async def turn_off(self): self.update(on=False)
    async def refresh(self): self.update(on=False)

def paired(found, home):
    return bool(home.secrets.get("key"))

async def pair(found, home, ask):
    if not (home.folder / "free").exists():
        raise DeviceError("it belongs to somebody else")
    home.secrets.set("key", "1")
    return True

@skill(static())
async def connect(found, home):
    """A lamp."""
    lamp = Lamp(id="lamp-1", name="lamp", found=found)
    lamp.update(on=False)
    yield lamp
    while not (home.folder / "gone").exists():
        await asyncio.sleep(0.01)
    raise DeviceError("the hub fell into the sea")
'''


class NotedClock(Clock):
    """Real time, and the long waits that were begun."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    async def until(self, event: asyncio.Event, seconds: float) -> None:
        self.waits.append(seconds)
        await super().until(event, seconds)


async def attempt(answer: str) -> str:
    return "" if answer == "4711" else "That is wrong."


@pytest.mark.parametrize(
    ("answers", "done", "asked"),
    [
        (["4711"], True, ["Code?"]),
        (["1", "4711"], True, ["Code?", "That is wrong. Code?"]),
        (["1", "2", "3", "4711"], False, ["Code?", "That is wrong. Code?", "That is wrong. The last. Code?"]),
        (["1", " No "], False, ["Code?", "That is wrong. Code?"]),
        ([None], False, ["Code?"]),
    ],
)
async def test_a_person_is_asked_until_it_works(answers: list[str | None], done: bool, asked: list[str]) -> None:
    ask = Answers(*answers)
    assert await ask_until(ask, "Code?", attempt, last="The last.") is done
    assert ask.asked == asked


async def test_a_pace_lets_a_burst_through_and_spaces_the_rest() -> None:
    clock, through = ManualClock(), list[int]()
    pace = Pace(clock, 1.0, burst=2)

    async def turn(number: int) -> None:
        await pace.turn()
        through.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(4):
            group.create_task(turn(number))
        await asyncio.sleep(0)
        for expected in ([0, 1], [0, 1, 2], [0, 1, 2, 3]):
            await eventually(lambda expected=expected: through == expected)  # type: ignore[misc]
            clock.advance(1)


@asynccontextmanager
async def device(answer: Any) -> AsyncIterator[tuple[str, int]]:
    """A TLS server on loopback with a certificate of its own."""
    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls(make_certificate("x"))).start()
    try:
        yield runner.addresses[0][:2]
    finally:
        await runner.cleanup()


async def test_only_the_pinned_certificate_is_spoken_to() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async with device(answer) as (host, port):
        pin = await fingerprint(host, port)
        assert len(pin) == 64
        async with session(pin) as client, client.get(f"https://{host}:{port}/") as reply:
            assert await reply.json() == {"ok": True}
        async with session("0" * 64) as client:
            with pytest.raises(aiohttp.ServerFingerprintMismatch):
                await client.get(f"https://{host}:{port}/")


async def test_a_redirect_and_a_flood_are_errors() -> None:
    async def answer(request: web.Request) -> web.Response:
        if "away" in request.query:
            raise web.HTTPFound("https://127.0.0.1:1/")
        return web.json_response("x" * 5_000_000)

    async with device(answer) as (host, port), session(await fingerprint(host, port)) as client:
        async with client.get(f"https://{host}:{port}/") as reply:
            with pytest.raises(ValueError, match="4 MiB"):
                await reply.json()
        with pytest.raises(DeviceError, match="another address"):
            await client.get(f"https://{host}:{port}/?away=1")


def only(daemon: Daemon) -> Connection:
    """The daemon's one connection."""
    (connection,) = daemon.connections.open.values()
    return connection


@asynccontextmanager
async def lamp_house(folder: Path, clock: Clock) -> AsyncIterator[tuple[Daemon, Path]]:
    """A daemon with the lamp's skill, and the skill's scratch folder."""
    skills = folder / "skills"
    skills.mkdir(parents=True, mode=0o700)
    (skills / "lamp.py").write_text(SKILL, "utf-8")
    async with running(folder, CONFIG, clock=clock) as daemon:
        await eventually(lambda: daemon.connections.open)
        yield daemon, daemon.connections.scratch / "lamp"


async def test_a_pairing_that_goes_wrong_is_shown_and_tried_again(tmp_path: Path) -> None:
    clock = NotedClock()
    async with lamp_house(tmp_path / "data", clock) as (daemon, scratch):
        await eventually(lambda: only(daemon).state == "unpaired" and 600.0 in clock.waits)
        assert only(daemon).problem == "it belongs to somebody else"
        assert not daemon.store.all("SELECT text FROM outbox")  # nobody was asked or told
        (scratch / "free").touch()
        assert daemon.connections.pair_again() == 1
        await eventually(lambda: only(daemon).state == "connected")


async def test_devices_say_why_their_connection_ended(tmp_path: Path) -> None:
    async with lamp_house(tmp_path / "data", Clock()) as (daemon, scratch):
        await eventually(lambda: only(daemon).state == "unpaired")
        (scratch / "free").touch()
        daemon.connections.pair_again()
        await eventually(lambda: daemon.house.devices)
        lamp = daemon.house.devices["lamp-1"]
        (scratch / "gone").touch()
        await eventually(lambda: not lamp.online)
        assert lamp.trouble == "the hub fell into the sea"


TWO_HUBS = '''"""Hubs that say who they are; up.txt lists the addresses that answer."""
import asyncio
from claw.skill import Device, DeviceError, Power, mdns, skill

class Lamp(Device, Power):
    kind = "light"
    async def turn_on(self): self.update(on=True)
    async def turn_off(self): self.update(on=False)
    async def refresh(self): self.up()
    def up(self):
        if self.found.host not in (self.folder / "up.txt").read_text().split(): raise DeviceError("it does not answer")

PAIR
@skill(mdns("_tst._tcp.local."))
async def connect(found, home):
    """A lamp."""
    lamp = Lamp(id="lamp-1", name="lamp", area="Hall", found=found)
    lamp.folder = home.folder
    lamp.up()
    lamp.update(on=False)
    yield lamp
    while True:
        await asyncio.sleep(0.01)
        lamp.up()
'''
PAIR = """
def paired(found, home): return False
async def pair(found, home, ask):
    await ask(f"The code of {found.host}?")
    return False
"""


class HastyClock(Clock):
    """Real time, in which nobody waits long to try again."""

    async def until(self, event: asyncio.Event, seconds: float) -> None:
        await super().until(event, min(seconds, 0.02))


@asynccontextmanager
async def hub_house(folder: Path, pair: str = "") -> AsyncIterator[tuple[Daemon, Path]]:
    """A daemon with the hubs' skill, and the file of the addresses that answer."""
    for name in ("skills", "scratch/tst"):
        (folder / name).mkdir(parents=True, mode=0o700)
    up = folder / "scratch" / "tst" / "up.txt"
    up.write_text("127.66.0.5", "utf-8")
    (folder / "skills" / "tst.py").write_text(TWO_HUBS.replace("PAIR", pair), "utf-8")
    async with running(folder, CONFIG, clock=HastyClock()) as daemon:
        await eventually(lambda: "tst" in daemon.connections.files)
        yield daemon, up


def hub(host: str, name: str = "Hub") -> Found:
    return Found("mdns", "_tst._tcp.local.", name, host, 80, "hub-1")


async def test_the_real_hub_is_tried_again_after_an_impostor_was(tmp_path: Path) -> None:
    async with hub_house(tmp_path / "data") as (daemon, up):
        daemon.connections.offer(hub("127.66.0.5"))
        await eventually(lambda: "lamp-1" in daemon.house.devices and only(daemon).state == "connected")
        up.write_text("", "utf-8")
        daemon.connections.offer(hub("127.66.0.66"))
        await eventually(lambda: daemon.connections.open and only(daemon).found.host == "127.66.0.66")
        up.write_text("127.66.0.5", "utf-8")
        await eventually(lambda: daemon.house.devices["lamp-1"].online)
        assert (only(daemon).state, only(daemon).found.host) == ("connected", "127.66.0.5")


async def test_a_second_address_does_not_take_over_a_pairing_and_is_named_in_the_next_question(tmp_path: Path) -> None:
    async with hub_house(tmp_path / "data", PAIR) as (daemon, _):
        asks = daemon.agent.asks
        daemon.connections.offer(hub("127.66.0.5"))
        await eventually(asks.open)
        (before,) = asks.open()
        task = only(daemon).task
        daemon.connections.offer(hub("127.66.0.66"))
        for _ in range(20):
            await asyncio.sleep(0)
        assert (asks.open(), only(daemon).task) == ([before], task)
        assert before.text == "The code of 127.66.0.5?"
        asks.answer("no")
        await eventually(lambda: asks.open() and asks.open() != [before])
        (after,) = asks.open()
        assert after.text == "The code of 127.66.0.66? (This is about 127.66.0.66; 127.66.0.5 claims to be the same.)"


async def test_nothing_is_kept_of_services_that_came_and_went(tmp_path: Path) -> None:
    async with hub_house(tmp_path / "data") as (daemon, _):
        connections = daemon.connections
        for number in range(20):
            connections.offer(replace(hub("127.66.0.77"), id=f"hub-{number}"))
        for connection in list(connections.open.values()):
            connections._close(connection)
            connections.lost(connection.found)
        await eventually(lambda: not connections._closing)
        assert (connections.open, connections._places, connections._services) == ({}, {}, {})


async def test_a_skill_is_led_only_to_addresses_that_discovery_allows(tmp_path: Path) -> None:
    async with hub_house(tmp_path / "data") as (daemon, _):
        daemon.connections.offer(hub("127.66.0.5"))
        http = only(daemon).found.http
        assert http.at("127.66.0.9", 1400).base == "http://127.66.0.9:1400"
        for host in ("127.77.0.9", "10.9.9.9", "169.254.1.1", "0.0.0.0"):
            with pytest.raises(DeviceError):
                http.at(host, 1400)


@pytest.mark.parametrize("host", ["192.168.1.9", "192.168.1.5"])
def test_without_discovery_a_device_leads_to_its_own_subnet_only(host: str) -> None:
    http = Http("192.168.1.5", 1400)
    assert http.at(host, 1400).base == f"http://{host}:1400"
    for other in ("192.168.2.9", "10.9.9.9", "169.254.1.1"):
        with pytest.raises(DeviceError):
            http.at(other, 1400)
