"""What may only run for a time ends when it should, whatever somebody does to the clock, the disk or the process."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from test_agent import HOUR, Living, Spa, living

from claw.clock import Clock, ManualClock
from claw.testing import eventually

DAY = 24 * HOUR


def spa(home: Living, *, on: bool = False) -> Spa:
    return home.add(Spa("spa", "Spa"), on=on, temperature=20.0, target=36.0)  # type: ignore[no-any-return]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def home(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Living]:
    async with living(tmp_path / "house.db", clock) as one:
        yield one


@pytest.fixture
async def tub(home: Living) -> Spa:
    """A spa that was turned on now."""
    one = spa(home)
    await home.reply("turn on the spa")
    return one


@pytest.fixture
async def left(tmp_path: Path, clock: ManualClock) -> Path:
    """The folder of a process that ended right after a spa was turned on."""
    async with living(tmp_path / "house.db", clock) as before:
        spa(before)
        await before.reply("turn on the spa")
    return tmp_path


async def looked(home: Living) -> None:
    """Let the agent look at what is due, as it does every few seconds."""
    for _ in range(5):
        home.agent._wake.set()
        await asyncio.sleep(0)


@pytest.mark.parametrize("jump", [-DAY, DAY, -5 * 365 * DAY, 40.0], ids=["back", "forward", "years back", "a little"])
async def test_a_clock_that_is_set_changes_nothing_of_when_it_ends(
    home: Living, tub: Spa, clock: ManualClock, jump: float
) -> None:
    await home.after(HOUR)
    clock.ahead += jump
    await home.after(3 * HOUR - 2)
    await looked(home)
    assert tub.on
    await home.after(3)
    assert not tub.on


async def test_a_clock_that_is_set_to_and_fro_changes_nothing(home: Living, tub: Spa, clock: ManualClock) -> None:
    for jump in (DAY, -2 * DAY, DAY, 300.0):
        await home.after(HOUR / 2)
        clock.ahead += jump
    await home.after(2 * HOUR - 2)
    await looked(home)
    assert tub.on
    await home.after(3)
    assert not tub.on


async def test_one_that_begins_after_the_clock_was_set_has_its_own_time(home: Living, clock: ManualClock) -> None:
    tub = spa(home)
    clock.ahead -= DAY
    await home.reply("turn on the spa")
    await home.after(4 * HOUR - 1)
    assert tub.on
    await home.after(1)
    assert not tub.on


async def test_the_stored_time_follows_so_that_a_restart_ends_it_in_time(tmp_path: Path, clock: ManualClock) -> None:
    """The clock is set while the first process runs; the second knows only what is stored."""
    async with living(tmp_path / "house.db", clock) as before:
        spa(before)
        await before.reply("turn on the spa")
        clock.ahead += DAY
        await before.after(HOUR)
        await looked(before)
    async with living(tmp_path / "house.db", clock) as after:
        tub = spa(after, on=True)
        await after.after(3 * HOUR - 2)
        await looked(after)
        assert tub.on
        await after.after(3)
        assert not tub.on


async def test_after_a_restart_a_clock_that_is_set_back_delays_nothing(left: Path, clock: ManualClock) -> None:
    async with living(left / "house.db", clock) as after:
        tub = spa(after, on=True)
        await after.after(HOUR)
        clock.ahead -= DAY
        await after.after(3 * HOUR)
        await eventually(lambda: not tub.on, seconds=3)


async def test_after_a_restart_a_clock_that_learns_the_date_ends_what_is_over(left: Path, clock: ManualClock) -> None:
    """A board without a battery comes back with the time at which it went, and hears the real one a moment later."""
    async with living(left / "house.db", clock) as after:
        tub = spa(after, on=True)
        await looked(after)
        assert tub.on
        clock.ahead += 5 * HOUR
        await after.after(1)
        assert not tub.on


@pytest.mark.parametrize("now", [1000.0, ManualClock().at - HOUR], ids=["1970", "an hour before it began"])
async def test_what_ran_before_a_restart_ends_at_once_when_the_clock_went_back_meanwhile(left: Path, now: float) -> None:
    clock = ManualClock(now)
    async with living(left / "house.db", clock) as after:
        tub = spa(after, on=True)
        await after.after(5)
        await eventually(lambda: not tub.on, seconds=3)


async def test_a_clock_that_is_a_few_seconds_behind_after_a_restart_ends_nothing_early(left: Path) -> None:
    clock = ManualClock(ManualClock().at - 30)
    async with living(left / "house.db", clock) as after:
        tub = spa(after, on=True)
        await after.after(HOUR)
        await looked(after)
        assert tub.on


async def test_only_leases_follow_steady_time_and_the_rest_goes_by_the_clock(home: Living, clock: ManualClock) -> None:
    due = clock.time() + HOUR
    home.agent.inbox.put("{}", key="later:x", bridge="terminal", chat="terminal", kind="call", due=due)
    clock.ahead -= DAY
    home.agent.inbox.leases.follow()
    assert home.agent.inbox.due("later:x") == due


async def test_it_ends_on_a_full_disk_and_the_ledger_has_it_when_there_is_room(
    home: Living, tub: Spa, clock: ManualClock
) -> None:
    home.store.conn.execute("PRAGMA query_only = 1")  # every write fails as on a full disk
    clock.advance(4 * HOUR)
    await looked(home)
    clock.advance(31)  # the chat waits for room on the disk, and looks again
    await eventually(lambda: not tub.on, seconds=3)
    home.store.conn.execute("PRAGMA query_only = 0")
    newest = lambda: [(row["command"], row["event"]) for row in home.agent.ledger.recent(2)]  # noqa: E731
    told = [("turn_off", "confirmed"), ("turn_off", "intended")]
    await eventually(lambda: clock.advance(31) is None and newest() == told)  # type: ignore[func-returns-value]


def test_steady_time_passes_with_the_real_clock() -> None:
    clock = Clock()
    first = clock.steady()
    assert clock.steady() >= first >= clock.monotonic() - 1
