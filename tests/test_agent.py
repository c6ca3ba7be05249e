"""The agent alone, on devices that obey at once: what it does later, and what it does when a device will not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from claw import capabilities as can
from claw.agent import Agent
from claw.clock import ManualClock
from claw.config import Config
from claw.device import Device, DeviceError
from claw.events import Events
from claw.house import House
from claw.names import Names
from claw.reflex.reader import Reader
from claw.store import Store
from claw.testing import eventually

HOUR = 3600.0


class Spa(Device, can.Power, can.Target):
    kind, sort = "heater", "spa"
    stuck = False

    async def turn_on(self) -> None:
        self.update(on=True)

    async def turn_off(self) -> None:
        if self.stuck:
            raise DeviceError("its relay is stuck")
        self.update(on=False)

    async def set_target(self, target: float) -> None:
        self.update(target=target)


class Cooler(Device, can.Thermostat):
    kind = "thermostat"

    async def set_mode(self, mode: Any) -> None:
        self.update(mode=mode)

    async def turn_on(self) -> None:
        self.update(mode="cool")

    async def set_target(self, target: float) -> None:
        self.update(target=target)


class Lamp(Device, can.Power):
    kind = "light"
    lies = False

    async def turn_on(self) -> None:
        self.update(on=True)

    async def turn_off(self) -> None:
        raise ValueError("a mistake in the skill")


class Living:
    """A store, a clock, and an agent at work on them; what it says is in `heard`."""

    def __init__(self, path: Path, clock: ManualClock) -> None:
        self.clock, self.store, events = clock, Store(path), Events()
        self.house = House(self.store, events, clock)
        self.agent = Agent(self.house, self.store, events, clock, Config(), Reader(self.house, Names(self.house), clock))

    def add(self, device: Device, **state: Any) -> Any:
        device.update(**state)
        self.house.adopt(device, skill="test", keyed=True)
        return device

    async def reply(self, text: str) -> str:
        return str((await self.agent.say(text))["reply"])

    @property
    def heard(self) -> list[str]:
        return [row["text"] for row in self.store.all("SELECT text FROM outbox ORDER BY id")]

    async def after(self, seconds: float) -> None:
        """Let this much time pass, and the agent do what is due."""
        self.clock.advance(seconds)
        with contextlib.suppress(AssertionError):
            await eventually(lambda: not [m for m in self.agent.inbox.open() if m.due <= self.clock.time()], seconds=2)


@contextlib.asynccontextmanager
async def living(path: Path, clock: ManualClock) -> AsyncIterator[Living]:
    one = Living(path, clock)
    work = asyncio.create_task(one.agent.run())
    await asyncio.sleep(0)
    try:
        yield one
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        one.store.close()


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Living]:
    async with living(tmp_path / "house.db", ManualClock()) as one:
        yield one


async def test_a_spa_is_turned_off_after_four_hours(home: Living) -> None:
    spa = home.add(Spa("spa", "Spa"), on=False, temperature=20.0, target=36.0)
    assert await home.reply("turn on the spa") == "The spa is on."
    await home.after(4 * HOUR - 1)
    assert spa.on
    await home.after(1)
    assert not spa.on
    assert home.heard[-1] == "It ran for as long as it may. The spa is off."


async def test_a_second_wish_does_not_prolong_it(home: Living) -> None:
    spa = home.add(Spa("spa", "Spa"), on=False, temperature=20.0, target=36.0)
    await home.reply("turn on the spa")
    await home.after(3 * HOUR)
    await home.reply("set the spa to 38 degrees")
    await home.after(HOUR)
    assert not spa.on


async def test_a_new_start_gets_a_new_lease_and_silence_about_the_old(home: Living) -> None:
    spa = home.add(Spa("spa", "Spa"), on=False, temperature=20.0, target=36.0)
    await home.reply("turn on the spa")
    await home.after(HOUR)
    assert await home.reply("turn off the spa") == "The spa is off."
    await home.after(2 * HOUR)
    await home.reply("turn on the spa")
    said = len(home.heard)
    await home.after(HOUR + 1)  # when the first lease would have ended
    assert (spa.on, len(home.heard)) == (True, said)
    await home.after(3 * HOUR)
    assert not spa.on


async def test_the_lease_survives_a_restart(tmp_path: Path) -> None:
    """The claw is down when it ends, and the spa is found again only a moment after the start."""
    clock = ManualClock()
    async with living(tmp_path / "house.db", clock) as before:
        before.add(Spa("spa", "Spa"), on=False, temperature=20.0, target=36.0)
        await before.reply("turn on the spa")
    clock.advance(5 * HOUR)
    async with living(tmp_path / "house.db", clock) as after:
        await asyncio.sleep(0.05)
        spa = after.add(Spa("spa", "Spa"), on=True, temperature=36.0, target=36.0)
        await eventually(lambda: not spa.on, seconds=3)


async def test_a_spa_that_cannot_be_turned_off_is_tried_again_until_it_is(home: Living) -> None:
    spa = home.add(Spa("spa", "Spa"), on=False, temperature=20.0, target=36.0)
    await home.reply("turn on the spa")
    spa.stuck = True
    await home.after(4 * HOUR)
    assert home.heard[-1] == "It ran for as long as it may. I could not turn off the spa: its relay is stuck."
    for _ in range(12):
        await home.after(300)
    assert spa.on
    assert len([text for text in home.heard if "stuck" in text]) == 3
    spa.stuck = False
    await home.after(300)
    assert not spa.on
    assert home.heard[-1] == "It ran for as long as it may. The spa is off."


async def test_a_compressor_start_is_postponed_told_and_done(home: Living) -> None:
    cooler = home.add(Cooler("ac", "Office Thermostat"), mode="off", temperature=26.0, target=22.0)
    assert await home.reply("turn on the office thermostat") == "The office thermostat is on."
    await home.reply("turn off the office thermostat")
    await home.after(240)
    at = home.clock.now().fromtimestamp(home.clock.time() + 360, home.clock.zone)
    reply = await home.reply("turn on the office thermostat")
    assert reply == f"Its compressor needs a rest of 10 minutes; I will turn on the office thermostat at {at:%H:%M}."
    assert cooler.mode == "off"
    await home.after(359)
    assert cooler.mode == "off"
    await home.after(1)
    assert cooler.mode == "cool"
    assert home.heard[-1] == "The office thermostat is on."


async def test_a_newer_word_replaces_what_was_postponed(home: Living) -> None:
    cooler = home.add(Cooler("ac", "Office Thermostat"), mode="off", temperature=26.0, target=22.0)
    await home.reply("turn on the office thermostat")
    await home.reply("turn off the office thermostat")
    await home.reply("turn on the office thermostat")
    assert await home.reply("turn off the office thermostat") == "The office thermostat is off."
    await home.after(HOUR)
    assert cooler.mode == "off"


async def test_asking_twice_while_it_rests_does_it_once(home: Living) -> None:
    home.add(Cooler("ac", "Office Thermostat"), mode="off", temperature=26.0, target=22.0)
    await home.reply("turn on the office thermostat")
    await home.reply("turn off the office thermostat")
    await home.reply("turn on the office thermostat")
    await home.reply("turn on the office thermostat")
    said = len(home.heard)
    await home.after(HOUR)
    assert home.heard[said:] == ["The office thermostat is on."]


async def test_a_mistake_in_a_skill_is_a_short_sentence(home: Living) -> None:
    home.add(Lamp("lamp", "Desk Lamp"), on=True)
    reply = await home.reply("turn off the desk lamp")
    assert reply.startswith("I could not turn off the desk lamp: ")
    assert len(reply) < 150


async def test_a_code_that_answers_a_skill_is_kept_nowhere(tmp_path: Path) -> None:
    living = Living(tmp_path / "house.db", ManualClock())
    asking = asyncio.create_task(living.agent.asks.ask("What is the 8-digit code?"))
    await eventually(living.agent.asks.open)
    record = await living.agent.say("314-15-926")
    assert await asking == "314-15-926"
    assert record["say"] == "(an answer)"
    living.store.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    everything = "".join(living.store.conn.iterdump())
    assert "314-15-926" not in everything
    assert "31415926" not in everything
