"""A newcomer's sentences in the virtual house, from the words to the state of the devices themselves."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from whole_house import Home, whole_house

from claw.testing import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Home]:
    async with whole_house(tmp_path_factory.mktemp("road") / "data") as home:
        yield home


async def test_the_kitchen_lights_are_turned_on_and_nothing_else(home: Home) -> None:
    before = {name: lamp.on for name, lamp in home.house.hue.lamps.items()}
    assert await home.reply("turn on the kitchen lights") == "The kitchen lights are on."
    after = {name: lamp.on for name, lamp in home.house.hue.lamps.items()}
    assert after == {**before, "Kitchen Ceiling": True, "Kitchen Counter": True}


async def test_something_is_played_in_the_living_room(home: Home) -> None:
    assert await home.reply("play something in the living room") == "The living room speaker is playing “Rain on Tin”."
    assert [player.playback for player in home.house.sonos.players] == ["playing", "stopped", "stopped"]


async def test_the_bedroom_is_set_to_20_degrees(home: Home) -> None:
    assert await home.reply("set the bedroom to 20 degrees") == "The bedroom thermostat is set to 20 °C."
    assert home.house.homekit.part["Bedroom Thermostat"].target == 20


@pytest.mark.parametrize(
    ("locked", "reply"), [(True, "Yes, the front door is locked."), (False, "No, the front door is unlocked.")]
)
async def test_the_lock_is_asked_for_its_state(home: Home, locked: bool, reply: str) -> None:
    home.house.homekit.part["Front Door Lock"].by_hand(locked=locked)
    await eventually(lambda: home.device("Front Door Lock").state["locked"] is locked)
    assert await home.reply("is the front door locked?") == reply


async def test_the_garage_opens_after_a_yes_and_closes_without_one(home: Home) -> None:
    door = home.house.homekit.part["Garage Door"]
    asked = await home.say("open the garage")
    assert (asked["reply"], asked["asked"]) == ("Open the garage door? Yes or no?", "approval")
    assert not door.open
    assert await home.reply("yes") == "The garage door is opening."
    await eventually(lambda: door.open and not door.moving)
    assert await home.reply("close the garage") == "The garage door is closing."
    await eventually(lambda: not door.open)


async def test_the_garage_stays_closed_after_a_no(home: Home) -> None:
    await home.say("open the garage")
    assert await home.reply("no") == "All right, I did nothing."
    assert await home.reply("yes") == "Nothing is waiting for a yes."
    assert not home.house.homekit.part["Garage Door"].open


async def test_an_approval_expires_after_two_minutes(home: Home) -> None:
    await home.say("open the garage")
    home.clock.advance(121)
    assert await home.reply("yes") == "That was too long ago, so I did nothing. Please say it again."
    assert not home.house.homekit.part["Garage Door"].open


async def test_sleepy_time_puts_the_house_to_bed(home: Home) -> None:
    house = home.house
    await home.say("turn on all the lights")
    await home.say("play something in the kitchen")
    house.homekit.part["Front Door Lock"].by_hand(locked=False)
    house.homekit.part["Bedroom Shade"].by_hand(100)
    await eventually(lambda: home.device("Front Door Lock").state["locked"] is False)
    record = await home.say("sleepy time")
    assert record["reply"].replace("is locking", "is locked") == (
        "All 6 lights are off. All 3 players have stopped. The bedroom shade is closing. The front door is locked."
        " The bedroom thermostat is set to 18 °C."
    )
    assert not any(lamp.on for lamp in house.hue.lamps.values())
    assert all(player.playback != "playing" for player in house.sonos.players)
    assert house.homekit.part["Bedroom Thermostat"].target == 18
    await eventually(lambda: house.homekit.part["Front Door Lock"].locked and house.homekit.part["Bedroom Shade"].position == 0)


async def test_a_change_by_hand_is_known_within_a_second(home: Home) -> None:
    home.house.hue.by_hand("Floor Lamp", on=True)
    home.house.sonos["Bedroom"].by_hand(volume=33)
    home.house.homekit.part["Bedroom Thermostat"].by_hand(target=21.5)
    async with asyncio.timeout(1):
        await eventually(lambda: home.device("Floor Lamp").state["on"])
        await eventually(lambda: home.device("Bedroom").state["volume"] == 33)
        await eventually(lambda: home.device("Bedroom Thermostat").state["target"] == 21.5)


async def test_stop_in_mid_turn_skips_what_has_not_begun(home: Home) -> None:
    """The first step waits for a slow hub; stop arrives meanwhile, and so does not reach the shade."""
    await home.say("turn on all the lights")
    shade, hub = home.house.homekit.part["Bedroom Shade"], home.house.hue
    shade.by_hand(0)
    await eventually(lambda: home.device("Bedroom Shade").state["position"] == 0)
    hub.faults.slow = 0.3
    try:
        work = asyncio.create_task(home.say("turn off all the lights and open the bedroom shade"))
        await eventually(lambda: home.daemon.agent._turns)
        stop = await home.reply("stop")
        record = await work
    finally:
        hub.faults.slow = 0.0
    assert [call["outcome"] for call in record["calls"]] == ["done", "declined"]
    assert record["reply"] == "All 6 lights are off. I did not open the bedroom shade: you said stop."
    assert stop == "Stopped. Nothing is under way."
    assert shade.position == 0


async def test_a_moving_shade_is_halted_by_stop(home: Home) -> None:
    shade = home.house.homekit.part["Bedroom Shade"]
    shade.by_hand(0)
    await eventually(lambda: home.device("Bedroom Shade").state["position"] == 0)
    assert await home.reply("open the bedroom shade") == "The bedroom shade is opening."
    assert await home.reply("stop") == "The bedroom shade was told to stop."
    assert 0 <= shade.position < 100
    assert not shade.moving


async def test_two_virtual_houses_on_one_machine_never_see_each_other(
    home: Home, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with whole_house(tmp_path_factory.mktemp("second") / "data") as second:
        hosts = {connection.found.host for connection in second.daemon.connections.open.values()}
        assert all(host.startswith(second.house.network.prefix) for host in hosts)
        assert await second.reply("turn on the kitchen lights") == "The kitchen lights are on."
        assert second.house.hue.lamps["Kitchen Ceiling"].on
        assert not home.house.hue.lamps["Kitchen Ceiling"].on
        assert len(home.daemon.house.devices) == len(second.daemon.house.devices) == 15
