"""What the owner is told unasked: water, smoke, doors left open at night, devices that fell silent; once each, whatever restarts."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from claw.capabilities import Door, Position, Power, Sensor
from claw.clock import ManualClock
from claw.device import Device
from claw.events import Events
from claw.house import House
from claw.store import Store
from claw.testing import eventually
from claw.watches import Watches
from tests.whole_house import whole_house

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class Notices(Device, Sensor):
    kind = "sensor"


class Lamp(Device, Power):
    kind = "light"


class Gate(Device, Door):
    kind = "door"

    async def close_door(self) -> None:
        self.update(open=False)


class Shade(Device, Position):
    kind = "shade"


class Seen:
    """A house with its watches; `restart` begins anew on the same file."""

    def __init__(self, path: Path, at: str) -> None:
        self.path, self.told = path, list[str]()
        self.clock = ManualClock(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp())
        self.start()

    def start(self) -> None:
        self.store, self.events = Store(self.path), Events()
        self.house = House(self.store, self.events, self.clock)
        self.watches = Watches(self.house, self.events, self.clock, self.told.append)

    def restart(self) -> None:
        self.store.close()
        self.start()

    def add(self, device: Device, **state: object) -> Device:
        device.update(**state)
        self.house.adopt(device, skill="test", host="10.0.0.1")
        return device

    def leak(self, value: object = "dry") -> Device:
        return self.add(Notices("leak", "Leak sensor under the sink", area="Kitchen", sort="leak"), value=value)

    def gate(self, *, open: bool = False) -> Device:
        return self.add(Gate("garage", "Garage Door", sort="garage"), open=open)

    def after(self, seconds: float) -> list[str]:
        """What is told within so many seconds, looked at each minute."""
        before, end = len(self.told), self.clock.time() + seconds
        while True:
            self.watches.look()
            if self.clock.time() >= end:
                return self.told[before:]
            self.clock.advance(min(MINUTE, end - self.clock.time()))

    async def jump(self, seconds: float) -> None:
        """Move the time while the watches run."""
        await eventually(lambda: self.clock._sleepers)
        self.clock.advance(seconds)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.watches.run())
        try:
            await eventually(lambda: self.clock._sleepers)
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


@pytest.fixture
def noon(tmp_path: Path) -> Seen:
    return Seen(tmp_path / "house.db", "2026-11-18 12:00")


@pytest.fixture
def evening(tmp_path: Path) -> Seen:
    return Seen(tmp_path / "house.db", "2026-11-18 21:00")


# -- water, smoke


async def test_water_is_told_at_once_and_again_when_it_is_dry(noon: Seen) -> None:
    leak = noon.leak()
    async with noon.running():
        leak.update(value="wet")
        await eventually(lambda: noon.told == ["Water! The leak sensor under the sink (kitchen) is wet."])
        leak.update(value="dry")
        await eventually(lambda: noon.told[1:] == ["The leak sensor under the sink (kitchen) is dry again."])


async def test_water_that_came_and_went_between_two_looks_is_told_all_the_same(noon: Seen) -> None:
    sensor = Notices("leak-1", "Leak Sensor", area="Kitchen", sort="leak")
    sensor.update(value="dry")
    noon.house.adopt(sensor, skill="test")
    watching = asyncio.create_task(noon.watches.run())
    await asyncio.sleep(0)
    sensor.update(value="wet")
    sensor.update(value="dry")
    await eventually(lambda: any("is wet" in text for text in noon.told))
    noon.clock.advance(61)
    await eventually(lambda: any("is dry again" in text for text in noon.told))
    assert len(noon.told) == 2
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


def test_the_same_report_again_is_not_told_again(noon: Seen) -> None:
    leak = noon.leak("wet")
    assert len(noon.after(0)) == 1
    leak.offline("its battery")
    leak.update(value="wet")
    assert noon.after(2 * HOUR) == []


def test_after_a_restart_water_is_told_only_if_it_was_not_told_before(noon: Seen) -> None:
    leak = noon.leak()
    noon.after(0)
    leak.update(value="wet")  # and the process dies before anything is looked at
    noon.restart()
    noon.leak("wet")
    assert len(noon.after(0)) == 1
    noon.restart()
    leak = noon.leak("wet")
    assert noon.after(HOUR) == []
    leak.update(value="dry")
    assert noon.after(0) == ["The leak sensor under the sink (kitchen) is dry again."]


def test_nothing_is_kept_of_an_alarm_that_could_not_be_told(noon: Seen) -> None:
    noon.leak("wet")
    noon.watches.tell = lambda text: noon.store.write("INSERT INTO nowhere VALUES (1)")
    with pytest.raises(Exception, match="no such table"):
        noon.watches.look()
    noon.watches.tell = noon.told.append
    assert len(noon.after(0)) == 1


def test_a_sensor_that_cannot_make_up_its_mind_is_told_of_a_few_times_only(noon: Seen) -> None:
    leak = noon.leak()
    for _ in range(50):
        leak.update(value="wet")
        noon.after(5)
        leak.update(value="dry")
        noon.after(5)
    assert len(noon.told) == 5
    assert noon.after(HOUR) == ["The leak sensor under the sink (kitchen) is dry again."]


@pytest.mark.parametrize(
    ("sort", "name", "value", "words"),
    [
        ("smoke", "Hall Smoke Detector", "detected", "Smoke! The hall smoke detector has noticed smoke."),
        ("carbon monoxide", "Boiler Alarm", "detected", "Carbon monoxide!"),
        ("gas", "Stove Sensor", "alarm", "Gas!"),
        ("moisture", "Cellar Sensor", "detected", "Water! The cellar sensor is wet."),
        ("water", "Cellar Sensor", 1.0, "Water!"),
        ("", "Washing Machine Leak Sensor", "wet", "Water!"),
    ],
)
def test_every_alarm_is_called_by_its_name(noon: Seen, sort: str, name: str, value: object, words: str) -> None:
    noon.add(Notices("one", name, sort=sort), value=value)
    assert [text for text in noon.after(0) if words in text]


@pytest.mark.parametrize(
    ("sort", "name", "state"),
    [
        ("motion", "Hall Motion", {"value": "detected"}),
        ("moisture", "Fern", {"value": 71.0, "unit": "%"}),
        ("temperature", "Water Temperature", {"value": 1.0, "unit": "°C"}),
        ("leak", "Sink", {}),
        ("leak", "Sink", {"value": "dry"}),
    ],
)
def test_other_sensors_alarm_nobody(noon: Seen, sort: str, name: str, state: dict[str, object]) -> None:
    noon.add(Notices("one", name, sort=sort), **state)
    assert noon.after(0) == []


# -- doors


def test_a_door_left_open_is_told_when_the_night_begins(evening: Seen) -> None:
    gate = evening.gate()
    evening.after(40 * MINUTE)
    gate.update(open=True)
    assert evening.after(19 * MINUTE) == []
    said = evening.after(2 * MINUTE)
    assert said == ["The garage door has been open since 21:40. Say “close the garage door” and I close it."]
    assert evening.after(7 * HOUR) == []  # once in a night
    assert evening.after(10 * HOUR) == []  # nor by day
    assert len(evening.after(10 * HOUR)) == 1  # but in the next night


def test_a_door_opened_at_night_is_told_after_ten_minutes(evening: Seen) -> None:
    gate = evening.gate()
    evening.after(2 * HOUR)
    gate.update(open=True)
    assert evening.after(9 * MINUTE) == []
    assert "since 23:00" in evening.after(2 * MINUTE)[0]


def test_a_door_that_is_closed_and_opened_again_is_told_again_but_not_all_night(evening: Seen) -> None:
    gate = evening.gate()
    evening.after(2 * HOUR)
    counts = []
    for _ in range(6):
        gate.update(open=True)
        counts.append(len(evening.after(15 * MINUTE)))
        gate.update(open=False)
        evening.after(MINUTE)
    assert counts == [1, 1, 1, 0, 0, 0]


def test_a_door_opened_shortly_before_the_morning_is_nobodys_business(evening: Seen) -> None:
    gate = evening.gate()
    evening.after(8 * HOUR + 55 * MINUTE)
    gate.update(open=True)
    assert evening.after(3 * HOUR) == []


def test_an_open_door_is_told_once_whatever_restarts_and_knows_since_when(evening: Seen) -> None:
    gate = evening.gate()
    evening.after(30 * MINUTE)
    gate.update(open=True)
    evening.after(MINUTE)
    evening.restart()
    evening.gate(open=True)
    assert "since 21:30." in evening.after(40 * MINUTE)[0]
    evening.restart()
    evening.gate(open=True)
    assert evening.after(3 * HOUR) == []


def test_a_door_that_was_open_before_anybody_looked_is_not_given_a_time_that_nobody_knows(evening: Seen) -> None:
    evening.gate(open=True)
    assert "since 21:00 or longer." in evening.after(61 * MINUTE)[0]


async def test_the_watch_wakes_by_itself_for_an_open_door(evening: Seen) -> None:
    gate = evening.gate()
    evening.after(2 * HOUR)
    async with evening.running():
        gate.update(open=True)
        await eventually(lambda: evening.watches.kept["doors"])
        await evening.jump(11 * MINUTE)
        await eventually(lambda: len(evening.told) == 1)


def test_a_door_that_does_not_answer_is_not_said_to_be_open(evening: Seen) -> None:
    gate = evening.gate(open=True)
    evening.after(0)
    gate.offline("no power")
    assert evening.after(2 * HOUR) == []


@pytest.mark.parametrize(
    ("device", "state", "told"),
    [
        (Notices("one", "Front Door", sort="contact"), {"value": "open"}, True),
        (Notices("one", "Contact 1", sort="door"), {"value": "open"}, True),
        (Shade("one", "Garage", sort="garage"), {"position": 60}, True),
        (Notices("one", "Bathroom Door", sort="contact"), {"value": "open"}, False),
        (Notices("one", "Kitchen Window", sort="contact"), {"value": "open"}, False),
        (Shade("one", "Blind", sort="blind"), {"position": 60}, False),
    ],
)
def test_which_things_count_as_doors(evening: Seen, device: Device, state: dict[str, object], told: bool) -> None:
    evening.add(device, **state)
    assert bool(evening.after(2 * HOUR)) is told


# -- silence


def test_a_device_that_is_silent_for_a_day_is_told_once_until_it_comes_back(noon: Seen) -> None:
    lamp = noon.add(Lamp("hall", "Hall Lamp"), on=True)
    noon.after(2 * HOUR)
    lamp.offline("it does not answer")
    assert noon.after(DAY - 5 * MINUTE) == []
    said = noon.after(10 * MINUTE)
    assert len(said) == 1
    assert re.fullmatch(r"I have not heard from the hall lamp since (yesterday at )?14:00\.", said[0])
    assert noon.after(3 * DAY) == []
    lamp.update(on=True)
    noon.after(HOUR)
    lamp.offline("it does not answer")
    assert len(noon.after(2 * DAY)) == 1


def test_a_device_that_answers_and_never_changes_is_not_silent(noon: Seen) -> None:
    noon.add(Lamp("hall", "Hall Lamp"), on=True)
    assert noon.after(3 * DAY) == []


def test_a_dead_hub_is_one_message(noon: Seen) -> None:
    lamps = [
        noon.add(Lamp(f"lamp-{n}", name), on=True) for n, name in enumerate(["Desk", "Floor", "Hall", "Porch", "Sink", "Stairs"])
    ]
    for lamp in lamps:
        lamp.offline("its bridge is gone")
        noon.clock.advance(5)
    said = noon.after(2 * DAY)
    assert len(said) == 1
    assert said[0].startswith("I have not heard from the desk, the floor, the hall and 3 more since ")


def test_silence_survives_restarts_and_is_not_repeated(noon: Seen) -> None:
    noon.add(Lamp("hall", "Hall Lamp"), on=True).offline("gone")
    noon.after(20 * HOUR)
    noon.restart()
    assert len(noon.after(5 * HOUR)) == 1
    noon.restart()
    assert noon.after(2 * DAY) == []


def test_a_device_is_not_silent_because_the_claw_was_off(noon: Seen) -> None:
    noon.add(Lamp("hall", "Hall Lamp"), on=True)
    noon.store.close()
    noon.clock.advance(3 * DAY)
    noon.start()
    assert noon.after(5 * MINUTE) == []
    noon.add(Lamp("hall", "Hall Lamp"), on=True)  # discovery needs a while
    assert noon.after(HOUR) == []


async def test_a_device_that_was_removed_from_its_hub_is_not_missed(noon: Seen) -> None:
    lamp = noon.add(Lamp("hall", "Hall Lamp"), on=True)
    async with noon.running():
        lamp.leave()
        await eventually(lambda: noon.watches.kept["silent"] == ["hall"])
    assert noon.after(2 * DAY) == []


async def test_who_was_there_is_kept_hourly_and_at_the_end_though_nothing_changed(noon: Seen) -> None:
    noon.add(Lamp("hall", "Hall Lamp"), on=True)

    def kept() -> float:
        return float(Store(noon.path).all("SELECT last_seen FROM devices")[0]["last_seen"])

    began = noon.clock.time()
    async with noon.running():
        await noon.jump(10 * MINUTE)
        await eventually(lambda: kept() == began + 10 * MINUTE)
        await noon.jump(HOUR)
        await eventually(lambda: kept() == began + 10 * MINUTE + HOUR)
        noon.clock.at += 5 * MINUTE
    assert kept() == noon.clock.time()


def test_nothing_is_told_of_doors_or_silence_while_nobody_knows_the_date(tmp_path: Path) -> None:
    lost = Seen(tmp_path / "house.db", "1970-01-02 21:00")
    lost.gate(open=True)
    lost.add(Lamp("hall", "Hall Lamp"), on=True).offline("gone")
    lost.leak("wet")
    assert [text[:6] for text in lost.after(2 * DAY)] == ["Water!"]


async def test_water_in_the_kitchen_of_the_virtual_house_reaches_the_owner(tmp_path: Path) -> None:
    async with whole_house(tmp_path / "data") as home:
        home.house.homekit.part["Kitchen Leak Sensor"].by_hand(wet=True)
        await home.told("Water! The kitchen leak sensor is wet.")
        home.house.homekit.part["Kitchen Leak Sensor"].by_hand(wet=False)
        await home.told("The kitchen leak sensor is dry again.")
