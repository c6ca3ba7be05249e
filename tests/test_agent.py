"""The agent alone, on devices that obey at once: what it does later, and what it does when a device will not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from claw import capabilities as can
from claw.agent import Agent
from claw.clock import ManualClock
from claw.config import Config
from claw.device import Device, DeviceError, Safety
from claw.events import Events
from claw.house import House
from claw.names import Names
from claw.reflex.reader import Reader
from claw.store import Store
from claw.supervise import cancel
from claw.testing import eventually
from claw.turns.acting import LATE

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
    await home.after(600)
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


# -- approvals, numbers and stops


class Door(Device, can.Door):
    kind = "door"

    async def open_door(self) -> None:
        self.update(open=True)

    async def close_door(self) -> None:
        self.update(open=False)


class Fan(Device, can.Power):
    kind = "fan"

    async def turn_on(self) -> None:
        self.update(on=True)

    async def turn_off(self) -> None:
        self.update(on=False)


class Faulty:
    """A bridge with a mistake in it, which shows the first time only."""

    name, idempotent, approves, limit = "terminal", False, True, 1000

    def __init__(self) -> None:
        self.tries, self.sent = 0, list[str]()

    async def send(self, chat: str, text: str, key: str, choices: Sequence[str]) -> str:
        self.tries += 1
        if self.tries == 1:
            raise KeyError("ref")
        self.sent.append(text)
        return key


def crashed(path: Path, clock: ManualClock, device: Device, *texts: str, **state: Any) -> None:
    """Answer all but the last of these texts, and die when the plan for the last is committed."""
    one = Living(path, clock)
    one.add(device, **state)
    messages = [one.agent.inbox.put(text, key=text, bridge="terminal", chat="terminal") for text in texts]
    for message in messages:
        assert message is not None
        one.agent._finish(one.agent._begin(message, "", "")) if message is not messages[-1] else one.agent._begin(message, "", "")
    one.store.close()


async def rests(home: Living) -> Any:
    """A thermostat that was turned on and off, and wants to be on again while its compressor rests."""
    cooler = home.add(Cooler("ac", "Office Thermostat"), mode="off", temperature=26.0, target=22.0)
    for wish in ("on", "off", "on"):
        await home.agent.say(f"turn {wish} the office thermostat")
    return cooler


async def test_what_was_postponed_without_a_yes_asks_when_it_is_due(home: Living) -> None:
    cooler = await rests(home)
    home.agent.policy.raised["turn_on"] = Safety.CONFIRM
    await home.after(600)
    assert (cooler.mode, home.heard[-1]) == ("off", "Turn on the office thermostat? Yes or no?")
    await home.reply("yes")
    assert cooler.mode == "cool"


async def test_what_was_postponed_is_asked_about_when_it_is_late(home: Living) -> None:
    cooler = await rests(home)
    await home.after(600 + 2 * HOUR)
    assert cooler.mode == "off"
    assert home.heard[-1] == "I should have done this 2 hours ago: shall I still turn on the office thermostat?"


async def test_a_stop_drops_what_was_postponed(home: Living) -> None:
    cooler = await rests(home)
    assert await home.reply("cancel that") == "All right. I will not turn on the office thermostat."
    await home.after(600)
    assert cooler.mode == "off"


async def test_a_number_picks_from_what_was_shown(home: Living) -> None:
    """The first question expires between the list and the number."""
    doors = [home.add(Door(id, name), open=False) for id, name in (("a", "Garage Door"), ("b", "Side Gate"), ("c", "Front Gate"))]
    for name in ("garage door", "side gate", "front gate"):
        await home.reply(f"open the {name}")
        home.clock.advance(30)
    listing = "Several things wait: 1 open the garage door, 2 open the side gate, 3 open the front gate. Which number?"
    assert await home.reply("yes") == listing
    home.clock.advance(40)
    assert await home.reply("1") == "That question is no longer open, so I did nothing. Please say it again."
    assert not any(door.open for door in doors)


async def test_a_number_picks_what_stood_beside_it_after_another_expired(home: Living) -> None:
    doors = [home.add(Door(id, name), open=False) for id, name in (("a", "Garage Door"), ("b", "Side Gate"), ("c", "Front Gate"))]
    for name in ("garage door", "side gate", "front gate"):
        await home.reply(f"open the {name}")
        home.clock.advance(30)
    await home.reply("yes")
    home.clock.advance(40)
    assert await home.reply("2") == "The side gate is open."
    assert [door.open for door in doors] == [False, True, False]


async def test_a_yes_that_was_written_before_the_question_does_not_count(home: Living) -> None:
    door = home.add(Door("a", "Garage Door"), open=False)
    yes = home.agent.inbox.put("yes", key="yes", bridge="terminal", chat="terminal", kind="message", due=home.clock.time() + 9)
    home.clock.advance(1)
    await home.reply("open the garage door")
    await home.after(8)
    assert yes is not None
    assert (door.open, home.heard[-1]) == (False, "Open the garage door? Yes or no?")
    assert await home.reply("yes") == "The garage door is open."


async def test_a_question_from_before_the_clock_was_set_back_is_not_open(home: Living) -> None:
    door = home.add(Door("a", "Garage Door"), open=False)
    await home.reply("open the garage door")
    home.clock.at -= HOUR
    assert await home.reply("yes") == "Nothing is waiting for a yes."
    assert not door.open


# -- after a crash


@pytest.mark.parametrize(("seconds", "opens"), [(60, True), (180, False), (8 * HOUR, False)])
async def test_an_approved_deed_is_done_after_a_crash_only_soon(tmp_path: Path, seconds: float, opens: bool) -> None:
    clock, path = ManualClock(), tmp_path / "house.db"
    crashed(path, clock, Door("a", "Garage Door"), "open the garage door", "yes", open=False)
    clock.advance(seconds)
    async with living(path, clock) as after:
        door = after.add(Door("a", "Garage Door"), open=False)
        await eventually(lambda: not after.agent.inbox.open())
        told = "The garage door is open." if opens else "I did not open the garage door: " + LATE.detail + "."
        assert (door.open, after.heard[-1]) == (opens, told)


async def test_a_deed_that_was_forbidden_meanwhile_is_not_done_after_a_crash(tmp_path: Path) -> None:
    clock, path = ManualClock(), tmp_path / "house.db"
    crashed(path, clock, Fan("a", "Fan"), "turn on the fan", on=False)
    async with living(path, clock) as after:
        after.agent.policy.raised["turn_on"] = Safety.FORBIDDEN
        fan = after.add(Fan("a", "Fan"), on=False)
        await eventually(lambda: not after.agent.inbox.open())
        assert (fan.on, after.heard[-1]) == (False, "I could not turn on the fan: that is never done from here.")


async def test_the_lease_is_there_before_the_deed(tmp_path: Path) -> None:
    """A crash while it is turned on: the claw comes back five hours later and does not turn it on, but off."""
    clock, path = ManualClock(), tmp_path / "house.db"
    crashed(path, clock, Spa("spa", "Spa"), "turn on the spa", on=False, temperature=20.0, target=36.0)
    clock.advance(5 * HOUR)
    async with living(path, clock) as after:
        spa = after.add(Spa("spa", "Spa"), on=True, temperature=20.0, target=36.0)
        await eventually(lambda: not after.agent.inbox.open())
        assert not spa.on


async def test_a_lease_ends_while_the_clock_does_not_know_the_date(tmp_path: Path) -> None:
    async with living(tmp_path / "house.db", ManualClock(1000.0)) as home:
        spa = home.add(Spa("spa", "Spa"), on=False, temperature=20.0, target=36.0)
        await home.reply("turn on the spa")
        await home.after(4 * HOUR)
        assert not spa.on


async def test_turning_one_off_leaves_the_lease_of_another_whose_id_begins_so(home: Living) -> None:
    home.add(Spa("a", "Spa"), on=False, temperature=20.0, target=36.0)
    tub = home.add(Spa("a:b", "Tub"), on=False, temperature=20.0, target=36.0)
    await home.reply("turn on the spa")
    await home.reply("turn on the tub")
    await home.reply("turn off the spa")
    await home.after(4 * HOUR)
    assert not tub.on


# -- what goes wrong inside of us


async def test_a_turn_that_breaks_off_tells_what_it_did_and_ends_its_calls(home: Living) -> None:
    home.add(Fan("a", "Fan"), on=True)
    home.add(Fan("b", "Kettle"), on=False).together = []  # no part of ours expects that
    home.agent.inbox.put("turn off the fan and then turn on the kettle", key="1", bridge="terminal", chat="terminal")
    await eventually(lambda: not home.agent.inbox.open())
    assert home.heard[-1].startswith("The fan is off. I tried to turn on the kettle, but I was interrupted")
    assert home.heard[-1].endswith("Something in me went wrong (TypeError), so I stopped there.")
    assert {row["event"] for row in home.agent.ledger.recent()} == {"intended", "confirmed", "unknown"}


async def test_a_backlog_is_answered_in_little_time_and_lets_others_in(home: Living) -> None:
    with home.store.transaction():
        for number in range(1000):
            home.agent.inbox.put("hello", key=f"{number}", bridge="terminal", chat="busy")
        other = home.agent.inbox.put("hello", key="other", bridge="terminal", chat="other")
    assert other is not None
    await eventually(lambda: home.agent.inbox.get(other.id).status == "done")
    assert len(home.agent.inbox.open()) > 900
    await eventually(lambda: not home.agent.inbox.open(), seconds=10)


async def test_a_bridge_that_raises_anything_is_tried_again(home: Living) -> None:
    bridge = Faulty()
    home.agent.outbox.bridges["terminal"] = bridge
    sending = asyncio.create_task(home.agent.outbox.run())
    home.agent.tell("hello")
    await eventually(lambda: bridge.tries == 1)
    home.clock.advance(60)
    await eventually(lambda: bridge.sent == ["(may be a repeat) hello"])
    await cancel(sending)


async def test_a_code_that_nobody_waits_for_is_kept_nowhere(tmp_path: Path) -> None:
    """The question went with a restart; the person reads out the code all the same."""
    living = Living(tmp_path / "house.db", ManualClock())
    for code in ("314-15-926", " 27182818"):
        assert (await living.agent.say(code))["say"] == "(an answer)"
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"314-15-926" not in files
    assert b"27182818" not in files
