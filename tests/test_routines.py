"""Routines, reminders and timers in the chat: made, listed, paused, deleted; fired once, late or visibly missed."""

import asyncio
import contextlib
import json
import math
import signal
import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import process
import pytest
from test_agent import Living, living

from claw import capabilities as can
from claw.clock import PLAUSIBLE, Clock, ManualClock
from claw.device import Device, DeviceError, Safety
from claw.reflex.reading import Request
from claw.routines.ticker import Ticker
from claw.testing import eventually
from claw.when import When

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 4, 10, tzinfo=BERLIN).timestamp()  # a Wednesday


class Lamp(Device, can.Power):
    kind = "light"
    broken = False

    async def turn_on(self) -> None:
        if self.broken:
            raise DeviceError("it does not answer")
        self.update(on=True)

    async def turn_off(self) -> None:
        self.update(on=False)


class Shade(Device, can.Position):
    kind = "shade"

    async def set_position(self, position: int) -> None:
        self.update(position=position)


class Garage(Device, can.Door):
    kind, sort = "door", "garage"

    async def open_door(self) -> None:
        self.update(open=True)

    async def close_door(self) -> None:
        self.update(open=False)


class House(Living):
    """A house that a test lets live through days."""

    def furnish(self) -> None:
        for room in ("Kitchen", "Bedroom", "Study"):
            self.add(Shade(f"{room} shade", f"{room} Shade", area=room), position=0)
        self.lamp = self.add(Lamp("lamp", "Porch Lamp", area="Porch"), on=False)
        self.garage = self.add(Garage("garage", "Garage Door", area="Garage"), open=False)

    async def pass_(self, seconds: float) -> list[str]:
        """Time passes, the ticker looks, and what is due is done; what was said meanwhile."""
        said = len(self.heard)
        self.clock.advance(seconds)
        self.agent.routines.fire_due()
        await self.after(0)
        return self.heard[said:]

    async def approved(self, text: str) -> str:
        assert (await self.reply(text)).endswith("Yes or no?")
        return await self.reply("yes")

    def runs(self) -> list[tuple[int, str]]:
        return [(row["routine"], row["outcome"]) for row in self.store.all("SELECT * FROM runs ORDER BY id")]


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with living(tmp_path / "house.db", ManualClock(START, "Europe/Berlin")) as one:
        one.__class__ = House
        one.furnish()  # type: ignore[attr-defined]
        yield one  # type: ignore[misc]


# -- deeds


async def test_a_routine_needs_one_yes_and_then_comes_on_its_days_in_silence(home: House) -> None:
    asked = await home.reply("every weekday at 7 open the shades")
    assert asked == "Every weekday at 07:00 I will open all 3 shades, first tomorrow. Yes or no?"
    assert home.agent.routines.all() == []
    assert await home.reply("yes") == "Done: every weekday at 07:00 I will open all 3 shades, first tomorrow."
    assert await home.pass_(21 * HOUR) == []
    assert all(one.state["position"] == 100 for one in home.house.devices.values() if one.kind == "shade")
    await home.pass_(DAY)
    await home.pass_(DAY)  # Saturday
    assert home.runs() == [(1, "fired")] * 2


async def test_a_no_makes_none(home: House) -> None:
    await home.reply("every weekday at 7 open the shades")
    assert await home.reply("no") == "All right, I did nothing."
    assert home.agent.routines.all() == []


async def test_what_comes_once_needs_no_yes_and_is_told(home: House) -> None:
    home.lamp.update(on=True)
    assert await home.reply("in ten minutes turn off the porch lamp") == "I will turn off the porch lamp at 10:10."
    assert await home.pass_(599) == []
    assert await home.pass_(1) == ["The porch lamp is off."]
    assert home.agent.routines.all() == []
    assert await home.pass_(DAY) == []


async def test_what_is_on_for_a_while_goes_off_again(home: House) -> None:
    assert (
        await home.reply("turn on the porch lamp for an hour") == "The porch lamp is on. I will turn off the porch lamp at 11:00."
    )
    assert home.lamp.on
    assert await home.pass_(HOUR) == ["The porch lamp is off."]
    assert not home.lamp.on


async def test_what_was_planned_in_a_room_is_done_in_that_room(home: House) -> None:
    desk = home.add(Lamp("desk", "Desk Lamp", area="Study"), on=True)
    home.lamp.update(on=True)
    planned = await home.agent.say("lamp off in ten minutes", area="Study")
    assert planned["reply"] == "I will turn off the desk lamp at 10:10."
    assert await home.pass_(10 * MINUTE) == ["The desk lamp is off."]
    assert (desk.on, home.lamp.on) == (False, True)


async def test_what_may_not_be_planned_is_not_begun(home: House) -> None:
    message = home.agent.inbox.put(
        "turn on the porch lamp for an hour", key="tom:1", bridge="terminal", chat="tom", person="child"
    )
    assert message is not None
    record = await home.agent.handle(message)
    assert (record["reply"], home.lamp.on) == ("Only an adult of this house can do that.", False)


async def test_what_needs_a_yes_is_not_done_for_a_while(home: House) -> None:
    home.agent.deciding.policy.raised["turn_off"] = Safety.CONFIRM
    assert "needs no yes" in await home.reply("turn on the porch lamp for an hour")
    assert (home.lamp.on, home.agent.routines.all()) == (False, [])


async def test_a_reminder_by_the_sun_comes_once(home: House) -> None:
    assert await home.reply("remind me at sunset to look up") == "I will remind you at 17:50: look up."
    assert await home.pass_(8 * HOUR) == ["Reminder from 17:50: look up."]
    assert home.agent.routines.all() == []


async def test_a_call_that_needs_a_yes_is_asked_now_and_not_again(home: House) -> None:
    assert await home.approved("at 11:00 open the garage door") == "Done: I will open the garage door at 11:00."
    assert await home.pass_(HOUR) == ["The garage door is open."]
    assert home.garage.open


async def test_a_yes_after_its_time_makes_nothing(home: House) -> None:
    await home.reply("in one minute open the garage door")
    home.clock.advance(90)
    assert await home.reply("yes") == "That time has passed, so I did nothing."


async def test_groups_are_resolved_anew_and_what_nobody_approved_asks_again(home: House) -> None:
    await home.approved("every day at 12:00 open all the doors")
    gate = home.add(Garage("gate", "Side Gate", area="Garage"), open=False)
    said = await home.pass_(2 * HOUR)
    assert home.garage.open
    assert not gate.open
    assert said == ["The garage door is open. Open the side gate? Yes or no?"]
    await home.reply("yes")
    assert gate.open


async def test_what_the_policy_refuses_becomes_no_routine(home: House) -> None:
    home.add(
        type("Pool", (Device, can.Power, can.Target), {"kind": "heater", "sort": "pool"})("pool", "Pool"), on=False, target=20.0
    )
    said = await home.reply("every day at 8:00 set the pool to 45 degrees")
    assert "I will not set the pool to 45 °C" in said
    assert said.endswith("So I planned nothing.")
    assert home.store.all("SELECT 1 FROM questions") == []


async def test_a_motor_that_moved_a_lot_may_still_be_planned(home: House) -> None:
    for _ in range(4):
        await home.reply("open the study shade")
        await home.reply("close the study shade")
    assert (await home.reply("every day at 8:00 open the study shade")).endswith("Yes or no?")


async def test_a_failure_of_a_routine_is_told(home: House) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    home.lamp.broken = True
    assert await home.pass_(2 * HOUR) == ["I could not turn on the porch lamp: it does not answer."]
    assert home.agent.routines.plain()[0]["last"]["outcome"] == "failed"


async def test_what_cannot_be_read_any_more_is_told(home: House) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    home.house.describe("lamp", name="Sunny", area="Attic")
    (said,) = await home.pass_(2 * HOUR)
    assert said.startswith("At 12:00 I should have done this: turn on the porch lamp. ")
    assert home.agent.routines.plain()[0]["last"]["outcome"] == "failed"


async def test_a_child_may_set_a_timer_and_make_no_routine(home: House) -> None:
    async def said(text: str) -> str:
        return str((await home.agent.say(text, chat="kids", person="child"))["reply"])

    assert await said("every day at 7:00 turn on the porch lamp") == "Only an adult of this house can do that."
    assert await said("set a timer for 5 minutes") == "Your 5-minute timer is set: it ends at 10:05."
    await home.reply("in ten minutes turn on the porch lamp")
    assert await said("delete routine 2") == "Only an adult of this house can do that."
    assert len(home.agent.routines.all()) == 2


async def test_only_the_owner_plans_what_needs_a_yes(home: House) -> None:
    record = await home.agent.say("every day at 7:00 open the garage door", chat="other", person="adult")
    assert record["reply"] == "Only the owner of this house can plan that."


async def test_sunset_and_sunrise_are_told(home: House) -> None:
    assert await home.reply("when is sunset?") == "Sunset is at 17:50."
    assert await home.reply("what time does the sun rise tomorrow") == "Sunrise is tomorrow at 06:44."


async def test_the_sun_of_the_zones_own_town_is_named(home: House) -> None:
    assert "the sun in Berlin" in await home.reply("at sunset turn on the porch lamp")
    assert "the sun in Berlin" not in await home.reply("yes")
    (one,) = home.agent.routines.all()
    assert f"{datetime.fromtimestamp(one.due or 0, BERLIN):%H:%M}" in ("17:49", "17:50", "17:51", "17:52")


async def test_without_the_date_nothing_is_planned_and_nothing_fires(tmp_path: Path) -> None:
    async with living(tmp_path / "house.db", ManualClock(PLAUSIBLE - DAY)) as one:
        assert (await one.reply("set a timer for 5 minutes")).startswith("I do not know the date and the time yet")
        one.agent.routines.put(
            "timer", When("once", at=one.clock.at + 5), "", said="", person="owner", bridge="terminal", chat="terminal"
        )
        one.clock.advance(10)
        one.agent.routines.fire_due()
        assert one.agent.inbox.open() == []
        one.clock.at = PLAUSIBLE + DAY
        one.agent.routines.fire_due()
        assert len(one.agent.inbox.open()) == 1


async def test_more_than_once_a_minute_is_too_often(home: House) -> None:
    slots = {"kind": "deed", "when": When("interval", at=START, every=10).plain(), "do": "turn on the porch lamp"}
    record = await home.agent.ask_for(Request("routines", "make", slots))
    assert record["reply"] == "Once a minute is the most I can do, so I did nothing."


# -- reminders and timers


async def test_a_reminder_and_a_timer_say_their_word(home: House) -> None:
    assert await home.reply("remind me at six to feed the cat") == "I will remind you at 18:00: feed the cat."
    assert await home.reply("set a 10 minute pizza timer") == "Your pizza timer is set: it ends at 10:10."
    home.clock.advance(350)
    assert await home.reply("how long is left on the timer?") == "4 minutes 10 seconds left on the pizza timer."
    assert await home.pass_(250) == ["Your pizza timer is done."]
    assert await home.reply("how long is left on the timer?") == "No such timer is running."
    assert await home.pass_(8 * HOUR - 600) == ["Reminder: feed the cat."]


async def test_what_comes_late_says_so(home: House) -> None:
    await home.reply("remind me at six to feed the cat")
    await home.reply("set a timer for 10 minutes")
    assert await home.pass_(10 * HOUR) == ["Your 10-minute timer was done at 10:10.", "Reminder from 18:00: feed the cat."]


async def test_a_reminder_reaches_every_door_of_the_owner(home: House) -> None:
    home.agent.owners.append(("web", "web:owner"))
    await home.reply("remind me at six to feed the cat")
    await home.pass_(8 * HOUR)
    rows = home.store.all("SELECT bridge, chat, text FROM outbox WHERE text LIKE 'Reminder%'")
    assert sorted((row["bridge"], row["chat"]) for row in rows) == [("terminal", "terminal"), ("web", "web:owner")]


# -- late and missed


async def test_a_routine_that_is_too_late_is_missed_and_told_once(home: House) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await home.approved("every day at 13:00 open the study shade")
    (said,) = await home.pass_(2 * DAY)
    assert said == (
        "I could not do this in time: turn on the porch lamp (2 times, last yesterday at 12:00); "
        "open the study shade (2 times, last yesterday at 13:00)."
    )
    assert not home.lamp.on
    assert home.agent.routines.plain()[0]["last"]["outcome"] == "missed"


async def test_a_routine_that_is_a_little_late_is_done(home: House) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await home.pass_(2 * HOUR + 9 * MINUTE)
    assert home.lamp.on


async def test_a_deed_for_once_that_is_late_is_asked_about(home: House) -> None:
    await home.reply("at 11:00 turn on the porch lamp")
    (said,) = await home.pass_(5 * HOUR)
    assert said == "I should have done this at 11:00: shall I still turn on the porch lamp?"
    assert not home.lamp.on
    await home.reply("yes")
    assert home.lamp.on


@pytest.mark.parametrize("words", ["delete routine 2", "delete it", "delete the garage door routine", "delete all routines"])
async def test_what_is_asked_about_a_late_deed_goes_with_its_routine(home: House, words: str) -> None:
    await home.reply("set a timer for 1 minute")
    await home.approved("at 11:00 open the garage door")
    assert "shall I still open the garage door?" in (await home.pass_(5 * HOUR))[-1]
    assert await home.reply(words) == "Deleted: at 11:00 open the garage door."
    assert await home.reply("yes") == "Nothing is waiting for a yes."
    assert not home.garage.open


async def test_delete_it_after_a_late_deed_means_what_was_made_last(home: House) -> None:
    await home.reply("at 11:00 turn on the porch lamp")
    await home.pass_(5 * HOUR)
    await home.reply("remind me at 18:00 to feed the cat")
    assert await home.reply("delete it") == "Deleted: at 18:00 remind you: feed the cat."


async def test_a_device_that_was_not_found_again_is_not_unknown(tmp_path: Path) -> None:
    clock = ManualClock(START, "Europe/Berlin")
    async with living(tmp_path / "house.db", clock) as one:
        one.add(Lamp("lamp", "Porch Lamp", area="Porch"), on=False)
        await one.reply("at 12:00 turn on the porch lamp")
    async with living(tmp_path / "house.db", clock) as one:
        one.__class__ = House
        assert await one.pass_(2 * HOUR) == [  # type: ignore[attr-defined]
            "At 12:00 I should have done this: turn on the porch lamp. The porch lamp cannot be reached."
        ]


async def test_a_run_that_waited_too_long_in_the_inbox_is_missed(home: House) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    home.clock.at = START + 2 * HOUR
    home.agent.routines.fire_due()
    home.clock.at += HOUR  # the process was dead for an hour
    await home.after(0)
    assert home.heard[-1] == "I was interrupted, so I missed this at 12:00: turn on the porch lamp."
    assert home.runs() == [(1, "missed")]
    assert not home.lamp.on


async def test_what_is_paused_or_deleted_while_its_run_waits_does_nothing(home: House) -> None:
    await home.reply("in ten minutes turn on the porch lamp")
    await home.approved("every day at 10:10 open the study shade")
    home.clock.at += 600
    home.agent.routines.fire_due()
    home.agent.routines.delete(1)
    home.agent.routines.pause(2)
    await home.after(0)
    assert not home.lamp.on
    assert home.house.devices["Study shade"].state["position"] == 0
    assert home.runs() == [(1, "dropped"), (2, "dropped")]


async def test_while_it_is_paused_it_neither_comes_nor_is_missed(home: House) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    assert await home.reply("pause the porch lamp routine") == "Paused: every day at 12:00 turn on the porch lamp."
    assert await home.pass_(3 * DAY) == []
    assert home.runs() == []
    assert await home.reply("resume the porch lamp routine") == (
        "Resumed: every day at 12:00 turn on the porch lamp, next at 12:00."
    )
    await home.pass_(2 * HOUR)
    assert home.runs() == [(1, "fired")]


# -- the clock


async def test_a_clock_that_is_set_back_repeats_nothing(home: House) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await home.pass_(2 * HOUR + 1)
    await home.pass_(-HOUR)
    await home.pass_(HOUR + 5)
    assert home.runs() == [(1, "fired")]
    await home.pass_(DAY)
    assert home.runs() == [(1, "fired")] * 2


async def test_after_a_wrong_year_it_comes_tomorrow_and_not_in_that_year(home: House) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await home.pass_(4 * 365 * DAY)
    await home.pass_(-4 * 365 * DAY)
    await home.pass_(2 * HOUR)
    assert home.lamp.on


async def test_an_interval_goes_on_while_the_clock_catches_up_with_itself(home: House) -> None:
    await home.approved("every 10 minutes turn on the porch lamp")
    for _ in range(7):
        await home.pass_(600)
    await home.pass_(-HOUR)
    before = len(home.runs())
    for _ in range(6):
        await home.pass_(600.5)
    assert len(home.runs()) == before + 6


async def test_what_was_for_once_and_came_in_a_wrong_year_comes_again_at_its_time(home: House) -> None:
    await home.reply("at 11:00 turn on the porch lamp")
    await home.reply("remind me at 11:30 to call Ben")
    await home.reply("set a timer for 50 minutes")
    await home.pass_(4 * 365 * DAY)
    assert home.agent.routines.all() == []
    await home.pass_(-4 * 365 * DAY)
    assert len(home.agent.routines.all()) == 3
    assert await home.pass_(HOUR) == ["Your 50-minute timer was done at 10:50.", "The porch lamp is on."]
    assert await home.pass_(30 * MINUTE) == ["Reminder: call Ben."]
    assert await home.reply("yes") == "Nothing is waiting for a yes."


async def test_what_was_decided_or_done_in_a_wrong_year_does_not_come_again(home: House) -> None:
    await home.reply("at 11:00 turn on the porch lamp")
    await home.pass_(4 * 365 * DAY)
    await home.reply("no")
    await home.reply("in ten minutes open the study shade")
    await home.pass_(605)  # in time, as far as anybody could tell
    await home.pass_(-4 * 365 * DAY)
    assert home.agent.routines.all() == []


async def test_a_clock_that_is_corrected_by_seconds_or_a_restart_repeats_nothing(home: House) -> None:
    await home.reply("remind me at 11:00 to call Ben")
    await home.pass_(HOUR)
    assert await home.pass_(-2) == []
    home.agent.routines._seen = math.inf  # as after a start
    assert await home.pass_(3) == []
    assert home.runs() == [(1, "fired")]


async def test_a_run_of_a_wrong_year_that_nobody_read_yet_comes_once(home: House) -> None:
    await home.reply("at 11:00 turn on the porch lamp")
    home.clock.at += 4 * 365 * DAY
    home.agent.routines.fire_due()
    home.clock.at -= 4 * 365 * DAY
    assert await home.pass_(0) == []
    assert not home.lamp.on
    assert await home.pass_(HOUR) == ["The porch lamp is on."]


async def test_a_timer_outlives_a_clock_that_is_set_back(home: House) -> None:
    await home.reply("set a timer for 10 minutes")
    await home.pass_(-DAY)
    assert await home.pass_(600) == ["Your 10-minute timer is done."]


async def test_the_ticker_fires_what_is_made_while_it_runs(home: House) -> None:
    ticker = Ticker(home.agent.routines)
    running = asyncio.create_task(ticker.run())
    await home.reply("set a timer for 10 minutes")
    home.clock.advance(600)
    ticker.look()
    await eventually(lambda: home.heard[-1] == "Your 10-minute timer is done.")
    running.cancel()


async def test_what_is_due_in_a_moment_wakes_the_ticker_by_itself(tmp_path: Path) -> None:
    async with living(tmp_path / "house.db", Clock("UTC")) as one:  # type: ignore[arg-type]
        running = asyncio.create_task(Ticker(one.agent.routines).run())
        await one.reply("set a timer for 1 second")
        await eventually(lambda: one.heard[-1].endswith("timer is done."), seconds=5)
        running.cancel()


# -- which one


async def test_words_numbers_and_times_find_the_right_one(home: House) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await home.approved("every day at 18:30 close the shades")
    await home.reply("remind me at 18:00 to feed the cat")
    await home.reply("remind me at 19:00 to feed the dog")
    assert (await home.reply("what routines are there?")).splitlines()[:2] == [
        "1. Every day at 12:00 turn on the porch lamp, next at 12:00",
        "2. Every day at 18:30 close the shades, next at 18:30",
    ]
    assert (await home.reply("delete the reminder")).startswith("Which one? Say for example “delete reminder 3”.\n3. At 18:00")
    assert await home.reply("delete reminder 3") == "Deleted: at 18:00 remind you: feed the cat."
    assert await home.reply("cancel the 7 pm reminder") == "Deleted: at 19:00 remind you: feed the dog."
    assert await home.reply("stop closing the shades every day") == "Paused: every day at 18:30 close the shades."
    assert (await home.reply("delete the pool routine")).startswith("I know no such routine. These are there:\n1. ")
    assert (await home.reply("delete all routines")).endswith("Yes or no?")
    assert len(home.agent.routines.all()) == 2
    await home.reply("yes")
    assert (await home.reply("what routines are there?")).startswith("No routines yet.")


async def test_several_of_any_kind_are_deleted_after_a_yes_and_come_back_with_undo(home: House) -> None:
    await home.reply("remind me at 18:00 to feed the cat")
    await home.reply("remind me at 19:00 to feed the dog")
    assert await home.reply("delete all reminders") == (
        "Delete all 2: at 18:00 remind you: feed the cat and at 19:00 remind you: feed the dog? Yes or no?"
    )
    assert len(home.agent.routines.all()) == 2
    await home.reply("yes")
    assert home.agent.routines.all() == []
    home.clock.advance(8.5 * HOUR)
    assert (await home.reply("undo that")).startswith(
        "Back again: at 19:00 remind you: feed the dog. The time of this one has passed: at 18:00 remind you: feed the cat."
    )
    assert await home.pass_(0.5 * HOUR) == ["Reminder: feed the dog."]


async def test_an_undo_brings_back_what_was_paused_as_paused(home: House) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await home.reply("pause routine 1")
    await home.reply("delete routine 1")
    assert await home.reply("undo that") == "Back again: every day at 12:00 turn on the porch lamp."
    (one,) = home.agent.routines.all()
    assert (one.status, one.due) == ("paused", None)


async def test_an_undo_asks_before_it_brings_back_what_needed_a_yes(home: House) -> None:
    await home.approved("every day at 12:00 open the garage door")
    await home.reply("delete it")
    assert await home.reply("undo that") == "Bring back: every day at 12:00 open the garage door? Yes or no?"
    assert home.agent.routines.all() == []
    assert await home.reply("yes") == "Back again: every day at 12:00 open the garage door."
    assert await home.pass_(2 * HOUR) == []
    assert home.garage.open


async def test_a_page_takes_back_a_deletion_of_its_own(home: House) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await home.agent.ask_for(Request("routines", "delete", {"id": 1}))
    turn = home.store.all("SELECT id FROM inbox WHERE kind = 'request'")[0]["id"]
    record = await home.agent.ask_for(Request("history", "undo", {"turn": str(turn)}))
    assert record["reply"].startswith("Back again: every day at 12:00 turn on the porch lamp.")
    assert [one.id for one in home.agent.routines.all()] == [1]


async def test_a_page_pauses_and_deletes_by_id(home: House) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    for verb, said in (("pause", "Paused: "), ("resume", "Resumed: "), ("delete", "Deleted: "), ("delete", "I know no such")):
        record = await home.agent.ask_for(Request("routines", verb, {"id": 1}))
        assert record["reply"].startswith(said)
    assert home.agent.routines.plain() == []


async def test_a_verb_that_does_not_exist_does_nothing(home: House) -> None:
    record = await home.agent.ask_for(Request("routines", "explode", {"id": 1}))
    assert record["reply"] == "I cannot do that with a routine."


async def test_no_door_fires_a_routine_with_an_approval_of_its_own(home: House) -> None:
    await home.approved("every day at 12:00 open the garage door")
    (one,) = home.agent.routines.all()
    slots = {
        "id": 1,
        "kind": "deed",
        "do": one.do,
        "due": home.clock.at,
        "grace": 600,
        "catch_up": "run",
        "granted": [*one.granted],
    }
    record = await home.agent.ask_for(Request("routines", "fire", {**slots, "recurs": True}))
    assert record["reply"] == "I cannot do that with a routine."
    made = {"kind": "deed", "when": When("daily", time="11:00").plain(), "do": one.do, "granted": [*one.granted]}
    assert (await home.agent.ask_for(Request("routines", "make", made)))["asked"] == "approval"
    assert not home.garage.open


async def test_the_doors_see_when_it_comes_and_what_became_of_it(home: House) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    (row,) = home.agent.routines.plain()
    assert row == {
        "id": 1, "name": "turn on the porch lamp", "kind": "deed", "when": "every day at 12:00", "do": "turn on the porch lamp",
        "status": "on", "next": START + 2 * HOUR, "last": None, "file": "",
    }  # fmt: skip
    await home.pass_(2 * HOUR)
    assert home.agent.routines.plain()[0]["last"] == {"due": START + 2 * HOUR, "at": START + 2 * HOUR, "outcome": "done"}
    assert json.loads(home.store.all("SELECT record FROM inbox WHERE kind = 'routine'")[0]["record"])["say"].startswith(
        "every day"
    )


async def test_finding_what_is_due_uses_the_index(home: House) -> None:
    (plan,) = home.store.all("EXPLAIN QUERY PLAN SELECT * FROM routines WHERE due <= ? ORDER BY due, id", 1.0)[:1]
    assert "routines_due" in plan["detail"]


def test_a_timer_survives_the_death_of_a_real_process(tmp_path: Path) -> None:
    with process.running(tmp_path) as one:
        assert one.say("set a timer for 2 seconds").startswith("Your 2-second timer is set")
        one.end(signal.SIGKILL)
    with process.running(tmp_path) as one, contextlib.closing(sqlite3.connect(one.data / "house.db")) as db:
        process.until(lambda: db.execute("SELECT 1 FROM outbox WHERE text = 'Your 2-second timer is done.'").fetchall())
        assert list(one.client.request("routines")) == []
