"""Routines that wait for an event: made, fired at the change and never before, through restarts, flapping and loops."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from test_agent import Living

from claw import capabilities as can
from claw.clock import ManualClock
from claw.device import Device
from claw.reflex.reading import Request
from claw.routines.triggers import Triggers
from claw.testing import eventually

MINUTE, HOUR = 60.0, 3600.0
START = datetime(2026, 3, 4, 10, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()


class Lamp(Device, can.Power):
    kind = "light"

    async def turn_on(self) -> None:
        self.update(on=True)

    async def turn_off(self) -> None:
        self.update(on=False)


class Plug(Lamp):
    kind, sort = "switch", "plug"


class Garage(Device, can.Door):
    kind, sort = "door", "garage"

    async def open_door(self) -> None:
        self.update(open=True)

    async def close_door(self) -> None:
        self.update(open=False)


class Senses(Device, can.Sensor):
    kind = "sensor"


class Home(Living):
    """A house with its triggers; `restarted` is the same house after a crash."""

    def __init__(self, path: Path, clock: ManualClock) -> None:
        super().__init__(path, clock)
        self.path = path
        self.triggers = Triggers(self.house, self.agent.routines, self.house.events, clock, self.agent.tell)
        self.tasks: list[asyncio.Task[None]] = []

    def furnish(self, **state: Any) -> None:
        self.lamp = self.add(Lamp("lamp", "Hall Light", area="Hall"), on=False)
        self.plug = self.add(Plug("plug", "Washing Machine", area="Bathroom"), on=True)
        self.garage = self.add(Garage("garage", "Garage Door", area="Garage"), open=False)
        self.door = self.add(Senses("door", "Front Door", area="Hall", sort="contact"), value=state.get("door", "closed"))
        for room in ("Kitchen", "Bedroom"):
            self.add(Senses(room, f"{room} Window", area=room, sort="window"), value="closed")
        self.warmth = self.add(Senses("warmth", "Bedroom Temperature", area="Bedroom", sort="temperature"), value=21.0, unit="°C")

    def work(self) -> None:
        self.tasks = [asyncio.create_task(one) for one in (self.agent.run(), self.triggers.run())]

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.store.close()

    async def wait(self, seconds: float = 0.0) -> list[str]:
        """Time passes, and what comes of it is done; what was said meanwhile."""
        said = len(self.heard)
        await asyncio.sleep(0.02)
        await self.after(seconds)
        await asyncio.sleep(0.02)
        await self.after(0)
        return self.heard[said:]

    async def approved(self, text: str) -> str:
        assert (await self.reply(text)).endswith("Yes or no?")
        said = await self.reply("yes")
        await self.wait()
        return said

    def runs(self) -> list[str]:
        return [row["outcome"] for row in self.store.all("SELECT * FROM runs ORDER BY id")]

    @property
    def statuses(self) -> list[str]:
        return [one.status for one in self.agent.routines.all()]


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with living(Home(tmp_path / "house.db", ManualClock(START, "Europe/Berlin"))) as one:
        yield one


@contextlib.asynccontextmanager
async def living(one: Home, **state: Any) -> AsyncIterator[Home]:
    one.work()
    await asyncio.sleep(0)
    one.furnish(**state)
    try:
        yield one
    finally:
        await one.close()


@contextlib.asynccontextmanager
async def restarted(before: Home, seconds: float = 5.0, **state: Any) -> AsyncIterator[Home]:
    """The same house so many seconds later: nothing but its file is left, and its devices report this."""
    await before.close()
    before.clock.advance(seconds)
    async with living(Home(before.path, before.clock), **state) as one:
        yield one


# -- made and fired


async def test_a_deed_comes_each_time_the_state_changes_into_the_condition(home: Home) -> None:
    made = await home.approved("when the front door opens turn on the hall light")
    assert made == "Done: every time the front door opens I will turn on the hall light."
    for _ in range(2):
        home.door.update(value="open")
        assert await home.wait(MINUTE) == []
        assert home.lamp.on
        home.lamp.update(on=False)
        home.door.update(value="closed")
        await home.wait(MINUTE)
        assert not home.lamp.on
    assert home.runs() == ["fired", "fired"]
    assert "Every time the front door opens turn on the hall light" in await home.reply("list my routines")


async def test_what_is_so_already_is_said_and_is_no_event(home: Home) -> None:
    home.door.update(value="open")
    asked = await home.reply("when the front door opens turn on the hall light")
    assert asked == (
        "Every time the front door opens I will turn on the hall light. "
        "The front door is open already; I act the next time. Yes or no?"
    )
    await home.reply("yes")
    home.door.update(value="open")
    await home.wait(MINUTE)
    assert not home.lamp.on
    home.door.update(value="closed")
    home.door.update(value="open")
    await home.wait()
    assert home.lamp.on


async def test_a_word_comes_once_and_the_routine_is_over(home: Home) -> None:
    assert await home.reply("tell me when the washing machine stops") == (
        "The next time the washing machine stops I will tell you."
    )
    await home.wait()
    home.plug.update(on=False)
    assert await home.wait() == ["The washing machine has stopped."]
    assert home.statuses == []
    home.plug.update(on=True)
    home.plug.update(on=False)
    assert await home.wait(MINUTE) == []


async def test_a_reminder_says_what_to_do(home: Home) -> None:
    await home.reply("when the washing machine is done remind me to hang up the laundry")
    await home.wait()
    home.plug.update(on=False)
    assert await home.wait() == ["Reminder: hang up the laundry."]


async def test_a_deed_for_once_needs_no_yes_and_is_told(home: Home) -> None:
    home.lamp.update(on=True)
    assert await home.reply("once the washing machine is done, turn off the hall light") == (
        "The next time the washing machine stops I will turn off the hall light."
    )
    await home.wait()
    home.plug.update(on=False)
    assert await home.wait() == ["The hall light is off."]
    assert not home.lamp.on
    assert home.statuses == []


async def test_of_several_the_one_that_changed_is_named(home: Home) -> None:
    await home.reply("whenever a window opens tell me")
    await home.wait()
    home.house.devices["Bedroom"].update(value="open")
    assert await home.wait(MINUTE) == ["The bedroom window is open."]
    home.house.devices["Kitchen"].update(value="open")
    assert await home.wait() == ["The kitchen window is open."]


async def test_all_together_come_when_the_last_one_is_so(home: Home) -> None:
    for room in ("Kitchen", "Bedroom"):
        home.house.devices[room].update(value="open")
    await home.approved("when all the windows are closed turn on the hall light")
    home.house.devices["Bedroom"].update(value="closed")
    await home.wait(MINUTE)
    assert not home.lamp.on
    home.house.devices["Kitchen"].update(value="closed")
    await home.wait()
    assert home.lamp.on


async def test_a_measure_must_go_back_before_it_counts_again(home: Home) -> None:
    await home.reply("warn me if the bedroom gets warmer than 25 degrees")
    await home.wait()
    said = []
    for value in (25.1, 24.9, 25.1, 24.4, 25.2):
        home.warmth.update(value=value)
        said += await home.wait(MINUTE)
    assert said == ["It is warmer than 25 °C in the bedroom."] * 2


async def test_what_must_last_comes_when_it_has(home: Home) -> None:
    made = await home.reply("let me know if the garage is open for more than 10 minutes")
    assert made == "Every time the garage door is open for 10 minutes I will tell you."
    await home.wait()
    home.garage.update(open=True)
    assert await home.wait(9 * MINUTE) == []
    home.garage.update(open=False)
    assert await home.wait(5 * MINUTE) == []
    home.garage.update(open=True)
    assert await home.wait(9 * MINUTE) == []
    assert await home.wait(MINUTE + 1) == ["The garage door has been open for 10 minutes."]
    assert await home.wait(HOUR) == []


async def test_what_is_said_does_what_was_agreed(home: Home) -> None:
    home.lamp.update(on=True)
    asked = await home.reply("when I say goodnight, turn off the hall light")
    assert asked == "Every time you say “goodnight” I will turn off the hall light. Yes or no?"
    await home.reply("yes")
    assert await home.reply("Goodnight!") == "The hall light is off."
    await home.reply("delete routine 1")
    assert await home.reply("goodnight") == "Good night."


# -- who may, and what needs a yes


async def test_a_call_that_needs_a_yes_is_asked_when_it_is_made_and_done_without_a_word(home: Home) -> None:
    await home.approved("when the front door opens open the garage door")
    home.door.update(value="open")
    await home.wait()
    assert home.garage.open


async def test_a_call_that_needs_a_yes_is_asked_anew_when_nobody_saw_the_change(home: Home) -> None:
    await home.approved("when the front door opens open the garage door")
    async with restarted(home, HOUR, door="open") as after:
        said = await after.wait(11)
        assert "shall I still open the garage door?" in said[0]
        assert not after.garage.open


async def test_a_child_makes_none(home: Home) -> None:
    message = home.agent.inbox.put(
        "when the front door opens turn on the hall light", key="tom:1", bridge="terminal", chat="tom", person="child"
    )
    assert message is not None
    assert (await home.agent.handle(message))["reply"] == "Only an adult of this house can do that."
    assert home.statuses == []


# -- paused, deleted, gone


async def test_a_paused_one_waits_and_misses_nothing_later(home: Home) -> None:
    await home.approved("when the front door opens turn on the hall light")
    assert (await home.reply("pause routine 1")).startswith("Paused: every time the front door opens")
    home.door.update(value="open")
    await home.wait(MINUTE)
    assert not home.lamp.on
    assert (await home.reply("resume routine 1")) == "Resumed: every time the front door opens turn on the hall light."
    await home.wait(MINUTE)
    assert not home.lamp.on
    home.door.update(value="closed")
    home.door.update(value="open")
    await home.wait()
    assert home.lamp.on


async def test_a_deleted_one_is_over_and_comes_back_with_undo(home: Home) -> None:
    await home.approved("when the front door opens turn on the hall light")
    await home.reply("delete routine 1")
    home.door.update(value="open")
    await home.wait(MINUTE)
    assert not home.lamp.on
    assert (await home.reply("undo that")).startswith("Back again")
    home.door.update(value="closed")
    await home.wait()
    home.door.update(value="open")
    await home.wait()
    assert home.lamp.on


async def test_a_device_that_goes_is_no_event_and_one_that_comes_back_counts(home: Home) -> None:
    await home.approved("when the front door opens turn on the hall light")
    home.door.offline("its battery is empty")
    await home.wait(HOUR)
    home.door.update(value="closed")
    await home.wait(MINUTE)
    assert home.runs() == []
    home.door.leave()
    await home.wait(MINUTE)
    home.add(Senses("door", "Front Door", area="Hall", sort="contact"), value="open")
    await home.wait()
    assert home.runs() == ["fired"]


async def test_the_page_deletes_one(home: Home) -> None:
    await home.approved("when the front door opens turn on the hall light")
    row = home.agent.routines.plain()[0]
    assert (row["when"], row["next"], row["status"]) == ("every time the front door opens", None, "on")
    await home.agent.ask_for(Request("routines", "delete", {"id": 1}))
    assert home.statuses == []


# -- restarts


async def test_after_a_restart_the_same_state_is_no_event(home: Home) -> None:
    await home.approved("when the front door opens turn on the hall light")
    home.door.update(value="open")
    await home.wait(MINUTE)
    async with restarted(home, door="open") as after:
        await after.wait(MINUTE)
        assert (after.lamp.on, after.runs()) == (False, ["fired"])
        after.door.update(value="closed")
        await after.wait(MINUTE)
        after.door.update(value="open")
        await after.wait()
        assert (after.lamp.on, after.runs()) == (True, ["fired", "fired"])


async def test_a_change_that_nobody_saw_counts_once_when_it_is_seen(home: Home) -> None:
    await home.approved("when the front door opens turn on the hall light")
    async with restarted(home, HOUR, door="open") as after:
        await after.wait(11)
        assert after.lamp.on
    async with restarted(after, door="open") as again:
        await again.wait(MINUTE)
        assert again.runs() == ["fired"]


async def test_a_crash_between_the_report_and_the_commit_loses_nothing(home: Home) -> None:
    await home.approved("when the front door opens turn on the hall light")
    home.door.update(value="open")  # and no look follows
    async with restarted(home, door="open") as after:
        await after.wait(11)
        assert (after.lamp.on, after.runs()) == (True, ["fired"])


async def test_a_crash_between_the_commit_and_the_deed_repeats_nothing(home: Home) -> None:
    await home.approved("when the front door opens turn on the hall light")
    home.tasks[0].cancel()  # the agent does nothing more
    await asyncio.sleep(0)
    home.door.update(value="open")
    await eventually(home.runs)
    assert not home.lamp.on
    async with restarted(home, door="open") as after:
        await after.wait(11)
        assert (after.lamp.on, after.runs()) == (True, ["fired"])


class Dying:
    """A connection on which the statement after so many others is never made: there the program ends."""

    def __init__(self, conn: Any, left: int) -> None:
        self.conn, self.left = conn, left

    def __getattr__(self, name: str) -> Any:
        return getattr(self.conn, name)

    def execute(self, *args: Any) -> Any:
        if self.left == 0:
            raise RuntimeError("the program ends here")
        self.left -= 1
        return self.conn.execute(*args)


async def test_a_crash_at_any_statement_of_a_firing_loses_and_repeats_nothing(tmp_path: Path) -> None:
    for number in itertools.count():
        async with living(Home(tmp_path / f"{number}.db", ManualClock(START, "Europe/Berlin"))) as home:
            await home.approved("when the front door opens turn on the hall light")
            home.tasks[0].cancel()
            await asyncio.sleep(0)
            home.store.conn = dying = Dying(home.store.conn, number)  # type: ignore[assignment]
            home.door.update(value="open")
            await asyncio.sleep(0.02)
            async with restarted(home, MINUTE + 1, door="open") as after:
                await after.wait(11)
                assert (number, after.lamp.on, after.runs()) == (number, True, ["fired"])
        if dying.left:
            assert number > 5
            return


async def test_what_must_last_goes_on_counting_through_a_restart(home: Home) -> None:
    await home.reply("let me know if the garage is open for more than 10 minutes")
    await home.wait()
    home.garage.update(open=True)
    await home.wait(8 * MINUTE)
    await home.close()
    after = Home(home.path, home.clock)
    after.work()
    await asyncio.sleep(0)
    after.garage = after.add(Garage("garage", "Garage Door", area="Garage"), open=True)
    assert await after.wait(3 * MINUTE) == ["The garage door has been open for 10 minutes."]
    await after.close()


# -- too often


async def test_a_flapping_device_fires_at_most_once_in_ten_seconds(home: Home) -> None:
    await home.reply("whenever the front door opens tell me")
    await home.wait()
    for _ in range(20):
        home.door.update(value="open")
        home.door.update(value="closed")
    assert await home.wait() == ["The front door is open."]
    for _ in range(9):
        home.door.update(value="open")
        home.door.update(value="closed")
        assert await home.wait(1) == []


async def test_routines_that_set_each_other_off_come_to_rest(home: Home) -> None:
    await home.approved("whenever the hall light goes on turn off the hall light")
    await home.approved("whenever the hall light goes off turn on the hall light")
    home.lamp.update(on=True)
    for _ in range(60):
        await home.wait(1)
    assert len(home.runs()) <= 12


async def test_what_comes_again_and_again_is_paused_and_that_is_told(home: Home) -> None:
    home.lamp.update(on=True)
    await home.approved("whenever the hall light goes off turn on the hall light")
    said = []
    for _ in range(6):
        home.lamp.update(on=False)  # something else turns it off whenever the claw turns it on
        said += await home.wait(11)
    assert said == [
        "This came 5 times within a minute, so I paused it: every time the hall light goes off turn on the hall light. "
        "Say “resume routine 1” when it may go on."
    ]
    assert (home.runs(), home.statuses, home.lamp.on) == (["fired"] * 5, ["paused"], False)


async def test_a_full_disk_loses_no_event(home: Home) -> None:
    await home.approved("when the front door opens turn on the hall light")
    home.store.conn.execute("PRAGMA query_only = ON")
    home.door.update(value="open")
    await asyncio.sleep(0.05)
    home.store.conn.execute("PRAGMA query_only = OFF")
    await home.wait(31)
    assert home.lamp.on
