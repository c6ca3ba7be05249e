"""Undo, accounts and causes with the whole daemon and the virtual house around it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from whole_house import Home, whole_house

from claw.reflex.reading import Request
from claw.testing import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Home]:
    async with whole_house(tmp_path_factory.mktemp("undo") / "data") as home:
        yield home


def state(home: Home) -> dict[str, Any]:
    fields = ("on", "brightness", "position", "locked", "target", "mode", "volume")
    return {id: {f: device.state.get(f) for f in fields} for id, device in home.daemon.house.devices.items()}


async def test_a_hue_lamp_gets_its_white_back(home: Home) -> None:
    lamp = colour_lamp(home)
    name = home.daemon.house.name(lamp)
    await home.say(f"turn on the {name}")
    await home.say(f"set the {name} to 3000 K")
    white = lamp.state["color_temperature"]
    await home.say(f"make the {name} blue")
    assert "color_temperature" not in lamp.state
    await home.say("undo that")
    assert lamp.state.get("color_temperature") == pytest.approx(white, rel=0.02)
    assert "undo that" in await home.reply(f"who changed the {name}?")


async def test_a_scene_is_taken_back_by_the_devices_themselves(home: Home) -> None:
    house = home.house
    await home.say("turn on all the lights")
    await home.say("play something in the kitchen")
    house.homekit.part["Front Door Lock"].by_hand(locked=False)
    house.homekit.part["Bedroom Shade"].by_hand(100)
    await eventually(lambda: home.device("Front Door Lock").state["locked"] is False)
    await eventually(lambda: home.device("Bedroom Shade").state["position"] == 100)
    before = state(home)
    await home.say("sleepy time")
    await eventually(lambda: not any(device.moving for device in home.daemon.house.devices.values()))
    record = await home.say("undo that")
    assert record["asked"] == "approval"
    assert "Unlock the front door? Yes or no?" in record["reply"]
    await home.say("yes")
    await eventually(lambda: not any(device.moving for device in home.daemon.house.devices.values()))
    assert state(home) == before


async def test_the_page_undoes_through_the_worker_and_a_hand_is_no_deed_of_mine(home: Home) -> None:
    record = await home.say("turn off the kitchen lights")
    assert record["calls"][0]["outcome"] == "done"
    row = home.daemon.store.one("SELECT max(id) AS id FROM inbox WHERE kind = 'message'")
    assert row is not None
    answer = await home.daemon.agent.ask_for(Request("history", "undo", {"turn": row["id"]}))
    assert answer["reply"] == "The kitchen lights are on."
    home.clock.advance(60)
    house = home.house.homekit.part["Front Door Lock"]
    house.by_hand(locked=not house.locked)
    await eventually(lambda: home.device("Front Door Lock").state["locked"] is house.locked)
    word = "locked" if house.locked else "unlocked"
    assert "not by me" in await home.reply(f"why is the front door {word}?")


def colour_lamp(home: Home) -> Any:
    """One that can show colours and whites."""
    both = {"set_color", "set_color_temperature"}
    return next(one for one in home.daemon.house.devices.values() if both <= set(one.commands))
