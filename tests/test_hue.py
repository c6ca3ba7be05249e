"""The virtual Hue hub against plain aiohue, and the Hue skill against the virtual hub."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohue.errors import AiohueException, Unauthorized
from aiohue.v2 import HueBridgeV2
from aiohue.v2.models.geofence_client import GeofenceClientPost

from claw.clock import ManualClock
from claw.color import name_to_xy, nearest_in_gamut, xy_distance
from claw.demo.hue import HueHub, Lamp
from claw.demo.hue.lamp import GAMUT_C
from claw.demo.hue.resources import Documents
from claw.demo.virtual import Network
from claw.device import Capability, Device, DeviceError
from claw.discovery.found import Found
from claw.skill import Home
from claw.testing import home_for, load_skill

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
hue: Any = load_skill(ROOT / "skills" / "hue.py")


@pytest.fixture
async def hub() -> AsyncIterator[HueHub]:
    network = Network()
    hub = HueHub(network, 10, announce=False)
    await hub.start()
    yield hub
    await hub.stop()
    await network.close()


@pytest.fixture
async def bridge(hub: HueHub) -> AsyncIterator[HueBridgeV2]:
    """Plain aiohue, connected and listening."""
    hub.keys.add("key")
    async with HueBridgeV2(f"{hub.address}:{hub.port}", "key") as bridge:
        await hub.events.connected.wait()
        yield bridge


def found_at(hub: HueHub) -> Found:
    txt = {"bridgeid": hub.bridge_id, "modelid": "BSB002"}
    return Found("mdns", "_hue._tcp.local.", "Hue Bridge - 84FDC7", hub.address, hub.port, hub.bridge_id, txt)


async def until(true: Callable[[], Any], seconds: float = 3.0) -> None:
    """Wait for something that has no event of its own."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.002)


class House:
    """Runs the skill's connect() as the core does, and keeps its devices by name."""

    def __init__(self, hub: HueHub, home: Home) -> None:
        self.devices: dict[str, Any] = {}
        self.home, self.error = home, None
        self.task = asyncio.create_task(self.run(found_at(hub)))

    def __getitem__(self, name: str) -> Any:
        return self.devices[name]

    async def run(self, found: Found) -> None:
        async with aclosing(hue.connect(found, self.home)) as devices:
            try:
                async for device in devices:
                    self.devices[device.name] = device
            except DeviceError as error:
                for device in self.devices.values():
                    device.offline(str(error))
                raise

    async def lost(self) -> BaseException:
        """What connect() raised, when it has."""
        await asyncio.wait([self.task], timeout=3)
        error = self.task.exception()
        assert error is not None
        return error


async def paired_home(hub: HueHub, folder: Path, **config: Any) -> Any:
    home = home_for("hue", folder, answers=["done"], **config)
    hub.press_button()
    assert await hue.pair(found_at(hub), home, home.ask)
    return home


@asynccontextmanager
async def connected(hub: HueHub, home: Home) -> AsyncIterator[House]:
    """The skill connected: events flow, and everything was fetched once more since they do."""
    hub.requests.clear()
    house = House(hub, home)
    try:
        await until(lambda: house.task.done() or hub.requests.count(("GET", "/clip/v2/resource", None)) == 2)
        yield house
    finally:
        house.task.cancel()
        await asyncio.wait([house.task])


@pytest.fixture
async def house(hub: HueHub, tmp_path: Path) -> AsyncIterator[House]:
    async with connected(hub, await paired_home(hub, tmp_path)) as house:
        yield house


# the virtual hub


async def test_plain_aiohue_reads_the_whole_hub(bridge: HueBridgeV2) -> None:
    assert bridge.bridge_id == "ecb5fafffe84fdc7"
    assert bridge.config.name == "Hue Bridge"
    assert {light.metadata.name for light in bridge.lights} >= {"Kitchen Counter", "Floor Lamp"}
    assert {room.metadata.name for room in bridge.groups.room} == {"Living Room", "Kitchen", "Bedroom"}
    kitchen = next(room for room in bridge.groups.room if room.metadata.name == "Kitchen")
    assert len(bridge.groups.room.get_lights(kitchen.id)) == 2
    assert {scene.metadata.name for scene in bridge.groups.room.get_scenes(kitchen.id)} == {"Bright", "Relax"}


async def test_plain_aiohue_drives_a_lamp_and_hears_of_it(hub: HueHub, bridge: HueBridgeV2) -> None:
    light = next(light for light in bridge.lights if light.metadata.name == "Floor Lamp")
    await bridge.lights.set_state(light.id, on=True, brightness=40, color_xy=(0.64, 0.33))
    await until(lambda: light.is_on)
    assert (hub.lamps["Floor Lamp"].on, light.brightness) == (True, 40.16)
    assert not light.color_temperature.mirek_valid


async def test_plain_aiohue_recalls_a_scene(hub: HueHub, bridge: HueBridgeV2) -> None:
    scene = next(scene for scene in bridge.scenes.scene if scene.metadata.name == "Relax")
    await bridge.scenes.scene.recall(scene.id)
    assert [lamp.brightness for lamp in hub.lamps.values() if lamp.room == "Living Room"] == [55.91, 55.91]


async def test_the_keep_alive_of_aiohue_comes_down_the_stream(bridge: HueBridgeV2) -> None:
    await bridge.sensors.geofence_client.create(GeofenceClientPost(name="aiohue_", is_at_home=False))
    await until(lambda: len(bridge.sensors.geofence_client.items) == 1)


async def test_an_unknown_key_is_refused(hub: HueHub) -> None:
    bridge = HueBridgeV2(f"{hub.address}:{hub.port}", "guessed")
    with pytest.raises(Unauthorized):
        await bridge.initialize()
    await bridge.close()


async def test_lamps_that_are_off_or_unplugged_complain_as_real_ones_do(hub: HueHub, bridge: HueBridgeV2) -> None:
    light = next(light for light in bridge.lights if light.metadata.name == "Kitchen Counter")
    with pytest.raises(AiohueException, match="soft off"):
        await bridge.lights.set_state(light.id, brightness=10)
    hub.unplug("Kitchen Counter")
    with pytest.raises(AiohueException, match="communication issues"):
        await bridge.lights.turn_on(light.id)


async def test_the_short_config_needs_no_key(hub: HueHub) -> None:
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"https://{hub.address}:{hub.port}/api/0/config", ssl=False) as reply,
    ):
        config = await reply.json()
    assert (config["bridgeid"], config["modelid"], config["name"]) == ("ECB5FAFFFE84FDC7", "BSB002", "Hue Bridge")


async def test_the_hub_announces_itself_and_says_goodbye() -> None:
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

    network, listener = Network(), AsyncZeroconf(interfaces=["127.0.0.1"])
    hub = HueHub(network, 10)
    await hub.start()
    info = AsyncServiceInfo("_hue._tcp.local.", "Hue Bridge - 84FDC7._hue._tcp.local.")
    assert await info.async_request(listener.zeroconf, 3000)
    assert info.parsed_addresses() == [hub.address]
    assert (info.port, info.properties[b"bridgeid"]) == (8443, b"ecb5fafffe84fdc7")
    await hub.stop()
    await network.close()
    await listener.async_close()


def recorded_resources() -> list[dict[str, Any]]:
    """All resources of a real hub; skips the test when they are not at hand."""
    recorded = SHARED / "fixtures" / "hue-bridge-v2-resources.json"
    if not recorded.exists():
        pytest.skip("../shared is absent: no recorded hub to compare with")
    resources: list[dict[str, Any]] = json.loads(recorded.read_text())
    return resources


def shapes(value: Any, path: str = "") -> set[tuple[str, str]]:
    """Every path in a document with the JSON type of its leaf."""
    if isinstance(value, dict):
        return {(path, "object")}.union(*(shapes(part, f"{path}.{key}") for key, part in value.items()))
    if isinstance(value, list):
        return {(path, "list")}.union(*(shapes(part, f"{path}[]") for part in value))
    kind = "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__
    return {(path, kind)}


async def test_resources_look_like_those_of_a_real_hub(hub: HueHub) -> None:
    real: dict[str, set[tuple[str, str]]] = {}
    for item in recorded_resources():
        real.setdefault(item["type"], set()).update(shapes(item))
    strange = {(item["type"], *shape) for item in hub.documents.all() for shape in shapes(item) - real[item["type"]]}
    assert strange == set()


# pairing


async def test_pairing_asks_for_the_button_and_keeps_key_and_certificate(hub: HueHub, tmp_path: Path) -> None:
    home: Any = home_for("hue", tmp_path, answers=["done"])
    assert not hue.paired(found_at(hub), home)
    hub.press_button()
    assert await hue.pair(found_at(hub), home, home.ask)
    assert hue.paired(found_at(hub), home)
    assert home.ask.asked == ["To pair Hue Bridge - 84FDC7, press the round button on it and then answer anything."]
    assert home.secrets.get("key:ecb5fafffe84fdc7") in hub.keys
    assert len(home.secrets.get("cert:ecb5fafffe84fdc7")) == 64


async def test_pairing_says_that_the_button_was_not_pressed_and_asks_again(hub: HueHub, tmp_path: Path) -> None:
    home = home_for("hue", tmp_path)

    async def ask(question: str) -> str:
        if "not pressed" in question:
            hub.press_button()
        return "ok"

    assert await hue.pair(found_at(hub), home, ask)


async def test_pairing_gives_up_after_three_times_without_the_button(hub: HueHub, tmp_path: Path) -> None:
    home: Any = home_for("hue", tmp_path, answers=["ok"] * 5)
    assert not await hue.pair(found_at(hub), home, home.ask)
    assert len(home.ask.asked) == 3
    assert not hue.paired(found_at(hub), home)


@pytest.mark.parametrize("answer", [None, "no", "Stop"])
async def test_pairing_without_consent_sends_nothing(hub: HueHub, tmp_path: Path, answer: str | None) -> None:
    home = home_for("hue", tmp_path, answers=[answer])
    assert not await hue.pair(found_at(hub), home, home.ask)
    assert not hub.requests


async def test_pairing_again_warns_of_another_certificate(hub: HueHub, tmp_path: Path) -> None:
    home = await paired_home(hub, tmp_path)
    await hub.change_certificate()
    assert not await hue.pair(found_at(hub), home, home.ask)
    assert "not the one I knew" in home.ask.asked[-1]


@pytest.mark.parametrize("garbage", [b"", b"<html>", b"[]", b'{"a": 1}', b"[[1]]", b"x" * 10_000_000])
async def test_pairing_with_garbage_is_an_error_in_words(hub: HueHub, tmp_path: Path, garbage: bytes) -> None:
    home = home_for("hue", tmp_path, answers=["ok"])
    hub.faults.garbage = garbage
    with pytest.raises(DeviceError, match="makes no sense"):
        await hue.pair(found_at(hub), home, home.ask)


# devices


def abilities(device: Device) -> list[str]:
    """The capabilities of a device, by name."""
    return [one.__name__ for one in type(device).__mro__ if Capability in one.__bases__ and not issubclass(one, Device)]


async def test_devices_have_serials_rooms_and_abilities(house: House) -> None:
    shown = {device.name: (device.area, abilities(device)) for device in house.devices.values()}
    assert shown["Floor Lamp"] == ("Living Room", ["Power", "Brightness", "ColorTemperature", "Color"])
    assert shown["Kitchen Ceiling"] == ("Kitchen", ["Power", "Brightness", "ColorTemperature"])
    assert shown["Bedroom Ceiling"] == ("Bedroom", ["Power", "Brightness"])
    lamp = house["Floor Lamp"]
    assert (lamp.id, lamp.kind, lamp.maker) == ("hue-00178801746c4a3a-0b", "light", "Signify Netherlands B.V.")
    assert lamp.state == {"on": False, "brightness": 100, "color_temperature": 2732}


async def test_each_command_is_carried_out_and_reported(hub: HueHub, house: House) -> None:
    lamp, real = house["Floor Lamp"], hub.lamps["Floor Lamp"]
    await lamp.turn_on()
    await until(lambda: lamp.on)
    await lamp.set_brightness(37)
    await until(lambda: lamp.brightness == 37)
    await lamp.set_color_temperature(4000)
    await until(lambda: lamp.color_temperature == 4000)
    await lamp.set_color("crimson")
    await until(lambda: lamp.color == "crimson")
    assert (real.on, real.mirek, "color_temperature" in lamp.state) == (True, None, False)
    await lamp.set_color_temperature(2700)
    await until(lambda: lamp.color_temperature == 2703)
    assert "color" not in lamp.state
    await lamp.set_brightness(0)
    await until(lambda: not lamp.on)
    assert lamp.brightness == 37


@pytest.mark.parametrize("color", ["red", "blue", "cyan", "lime", "hotpink", "white"])
async def test_the_name_asked_for_holds_though_the_lamp_clips_the_colour(house: House, color: str) -> None:
    await house["Floor Lamp"].set_color(color)
    await until(lambda: house["Floor Lamp"].color == color)


def test_a_colour_outside_of_the_gamut_goes_to_its_nearest_edge() -> None:
    assert nearest_in_gamut((0.4, 0.4), GAMUT_C) == (0.4, 0.4)
    assert xy_distance(nearest_in_gamut((0.9, 0.2), GAMUT_C), (0.6915, 0.3083)) < 0.001
    assert 0.001 < xy_distance(nearest_in_gamut(name_to_xy("blue"), GAMUT_C), name_to_xy("blue")) < 0.01


async def test_a_colour_changed_by_hand_gets_the_name_that_people_say(hub: HueHub, house: House) -> None:
    await house["Floor Lamp"].set_color("crimson")
    hub.by_hand("Floor Lamp", xy=(0.16, 0.06), mirek=None)
    await until(lambda: house["Floor Lamp"].color == "blue")


async def test_impossible_wishes_are_refused_in_words(hub: HueHub, house: House) -> None:
    with pytest.raises(DeviceError, match="Kitchen Ceiling can show 2203 to 6536 kelvin"):
        await house["Kitchen Ceiling"].set_color_temperature(2000)
    with pytest.raises(DeviceError, match="does not know the colour 'octarine'"):
        await house["Floor Lamp"].set_color("octarine")
    assert not [request for request in hub.requests if request[0] == "PUT"]


async def test_a_white_just_outside_of_the_range_gets_its_end(hub: HueHub, house: House) -> None:
    await house["Kitchen Ceiling"].set_color_temperature(2180)
    assert hub.lamps["Kitchen Ceiling"].mirek == 454


async def test_a_change_by_hand_is_pushed(hub: HueHub, house: House) -> None:
    seen: list[dict[str, Any]] = []
    house["Kitchen Counter"].subscribe(lambda device, changes: seen.append(changes))
    hub.by_hand("Kitchen Counter", on=True, brightness=12.6)
    await until(lambda: seen)
    assert seen == [{"on": True, "brightness": 13}]


async def test_refresh_reads_one_lamp(hub: HueHub, house: House) -> None:
    hub.lamps["Kitchen Counter"].on = True  # without an event
    await house["Kitchen Counter"].refresh()
    assert house["Kitchen Counter"].on


async def test_a_plug_is_a_switch(hub: HueHub, house: House) -> None:
    hub.add_lamp(Lamp("Coffee Machine", "Kitchen", "plug"))
    await until(lambda: "Coffee Machine" in house.devices)
    plug = house["Coffee Machine"]
    assert (plug.kind, plug.sort, plug.area, list(plug.fields)) == ("switch", "plug", "Kitchen", ["on"])
    await plug.turn_on()
    await until(lambda: plug.on)


async def test_a_lamp_joins_and_leaves(hub: HueHub, house: House) -> None:
    hub.add_lamp(Lamp("Attic Lamp", "Attic", "color"))
    await until(lambda: "Attic Lamp" in house.devices)
    lamp = house["Attic Lamp"]
    assert lamp.area == "Attic"
    await lamp.turn_on()
    await until(lambda: lamp.on)
    hub.remove_lamp("Attic Lamp")
    await until(lambda: lamp.left)
    assert house["Floor Lamp"].online


async def test_an_unplugged_lamp_is_offline_until_it_is_back(hub: HueHub, house: House) -> None:
    lamp = house["Bedside Lamp"]
    hub.unplug("Bedside Lamp")
    await until(lambda: not lamp.online)
    assert lamp.trouble == "its hub does not reach it; it may have no power"
    with pytest.raises(DeviceError, match="communication issues"):
        await lamp.turn_on()
    await lamp.refresh()
    assert not lamp.online
    hub.plug_in("Bedside Lamp")
    await until(lambda: lamp.online)


async def test_the_slow_poll_finds_what_no_event_told(hub: HueHub, tmp_path: Path) -> None:
    home = await paired_home(hub, tmp_path)
    home.clock = ManualClock()
    async with connected(hub, home) as house:
        hub.lamps["Floor Lamp"].on = True
        home.clock.advance(299)
        assert hub.requests.count(("GET", "/clip/v2/resource", None)) == 2
        home.clock.advance(1)
        await until(lambda: house["Floor Lamp"].on)


async def test_the_lamps_of_a_recorded_hub_are_understood(hub: HueHub, tmp_path: Path) -> None:
    class Recorded(Documents):
        def all(self) -> Iterator[dict[str, Any]]:
            yield from recorded_resources()

    recorded_resources()
    hub.documents = Recorded(hub.bridge_id, hub.name, hub.lamps, hub.zones)
    async with connected(hub, await paired_home(hub, tmp_path)) as house:
        await until(lambda: len(house.devices) == 8)
    assert house["Light 7"].state == {"on": True, "brightness": 62, "color_temperature": 2710}
    assert house["Light 8"].state == {"on": True, "brightness": 20, "color": "blue"}
    assert {device.kind for device in house.devices.values()} == {"light"}


# groups and pace


@pytest.mark.parametrize(
    ("names", "group"),
    [
        (["Kitchen Ceiling", "Kitchen Counter"], "Kitchen"),
        (["Kitchen Ceiling", "Kitchen Counter", "Living Room Ceiling", "Floor Lamp"], "Downstairs"),
        (None, "home"),
    ],
)
async def test_a_whole_group_is_one_call(hub: HueHub, house: House, names: list[str] | None, group: str) -> None:
    lamps = [house[name] for name in names or house.devices]
    assert await hue.together(lamps, "set_brightness", {"brightness": 50})
    await until(lambda: all(lamp.on and lamp.brightness == 50 for lamp in lamps))
    path = f"/clip/v2/resource/grouped_light/{hub.documents.uid(group, 'grouped_light')}"
    puts = [request for request in hub.requests if request[0] == "PUT"]
    assert puts == [("PUT", path, {"on": {"on": True}, "dimming": {"brightness": 50.0}})]
    assert sum(lamp.on for lamp in hub.lamps.values()) == len(lamps)


@pytest.mark.parametrize(
    ("names", "command", "args"),
    [
        (["Kitchen Counter"], "turn_on", {}),
        (["Kitchen Counter", "Floor Lamp"], "turn_on", {}),
        (["Living Room Ceiling", "Floor Lamp"], "set_color_temperature", {"color_temperature": 2000}),
        (["Living Room Ceiling", "Floor Lamp"], "dance", {}),
    ],
)
async def test_what_is_no_group_falls_back(
    hub: HueHub, house: House, names: list[str], command: str, args: dict[str, Any]
) -> None:
    assert not await hue.together([house[name] for name in names], command, args)
    assert not [request for request in hub.requests if request[0] == "PUT"]


async def test_a_burst_is_spaced_and_a_single_command_is_not(house: House) -> None:
    start = time.monotonic()
    await house["Floor Lamp"].turn_on()
    alone = time.monotonic() - start
    await asyncio.gather(*(lamp.turn_on() for lamp in house.devices.values()))
    assert alone < 0.1
    assert 0.15 < time.monotonic() - start < 3.0


# what goes wrong


async def test_another_certificate_gets_no_request(hub: HueHub, tmp_path: Path) -> None:
    async with connected(hub, await paired_home(hub, tmp_path)) as house:
        await hub.change_certificate()
        hub.requests.clear()
        await house.lost()
    async with connected(hub, house.home) as again:
        assert "certificate of the Hue hub changed" in str(await again.lost())
    assert not hub.requests
    assert hue.paired(found_at(hub), house.home)


async def test_a_revoked_key_asks_for_pairing(hub: HueHub, house: House) -> None:
    hub.keys.clear()
    with pytest.raises(DeviceError, match="must be paired again"):
        await house["Floor Lamp"].turn_on()
    assert not hue.paired(found_at(hub), house.home)
    assert "must be paired again" in str(await house.lost())
    assert not house["Floor Lamp"].online


async def test_a_revoked_key_is_noticed_without_a_command(hub: HueHub, house: House) -> None:
    hub.revoke_keys()
    assert "must be paired again" in str(await house.lost())
    assert not hue.paired(found_at(hub), house.home)


async def test_a_slow_hub_is_waited_for(hub: HueHub, house: House) -> None:
    hub.faults.slow = 0.2
    await house["Floor Lamp"].turn_on()
    await until(lambda: house["Floor Lamp"].on)


async def test_a_hub_that_is_too_slow_times_out(hub: HueHub, tmp_path: Path) -> None:
    async with connected(hub, await paired_home(hub, tmp_path, seconds=0.2)) as house:
        hub.faults.slow = 5.0
        with pytest.raises(DeviceError, match="does not answer"):
            await house["Floor Lamp"].turn_on()


@pytest.mark.parametrize(
    "garbage", [b"", b"<html>", b"[]", b'{"data": 5}', b'{"data": []}', b'{"data": [{"id": 1, "type": 2}]}', b"x" * 10_000_000]
)
async def test_garbage_is_an_error_in_words(hub: HueHub, tmp_path: Path, garbage: bytes) -> None:
    home = await paired_home(hub, tmp_path)
    async with connected(hub, home) as house:
        hub.faults.garbage = garbage
        with pytest.raises(DeviceError, match="makes no sense"):
            await house["Floor Lamp"].refresh()
        assert house["Floor Lamp"].state["on"] is False
        hub.events.end()
        assert "makes no sense" in str(await house.lost())
    async with connected(hub, home) as house:
        assert "makes no sense" in str(await house.lost())


async def test_a_redirect_is_not_followed(hub: HueHub, house: House) -> None:
    hub.redirect = f"https://{hub.address}:{hub.port}/elsewhere"
    with pytest.raises(DeviceError, match="another address"):
        await house["Floor Lamp"].turn_on()
    assert "/elsewhere" not in [path for _, path, _ in hub.requests]


async def test_senseless_values_are_not_taken_over(hub: HueHub, house: House, caplog: pytest.LogCaptureFixture) -> None:
    hub.by_hand("Floor Lamp", on=True, brightness=400.0)
    await until(lambda: "makes no sense" in caplog.text)
    assert house["Floor Lamp"].brightness == 100
    assert house["Floor Lamp"].on is False


@pytest.mark.parametrize("broken", [b"data: " + b"x" * 10_000_000, b'data: [{"type": "update"}]\n\n'])
async def test_a_broken_event_stream_ends_the_connection(hub: HueHub, house: House, broken: bytes) -> None:
    hub.events.send_raw(broken)
    assert "event stream" in str(await house.lost())
    assert not house["Floor Lamp"].online


async def test_an_event_that_is_not_json_is_passed_over(hub: HueHub, house: House) -> None:
    hub.events.send_raw(b"data: {nonsense\n\n")
    hub.by_hand("Floor Lamp", on=True)
    await until(lambda: house["Floor Lamp"].on)


async def test_a_lying_hub_does_not_confirm(hub: HueHub, house: House) -> None:
    hub.faults.lies = True
    await house["Floor Lamp"].set_color("red")
    await house["Floor Lamp"].refresh()
    assert (house["Floor Lamp"].on, house["Floor Lamp"].color) == (False, None)


async def test_events_missed_while_the_stream_was_down_are_caught_up(hub: HueHub, house: House) -> None:
    del hub.lamps["Bedside Lamp"]  # without an event, as is the next
    hub.lamps["Floor Lamp"].on = True
    hub.lamps["New Lamp"] = Lamp("New Lamp", "Bedroom")
    hub.events.end()
    await until(lambda: house["Floor Lamp"].on and house["Bedside Lamp"].left and "New Lamp" in house.devices)


async def test_a_moved_hub_is_the_same_hub(hub: HueHub, tmp_path: Path) -> None:
    home = await paired_home(hub, tmp_path)
    async with connected(hub, home) as house:
        before = {device.id for device in house.devices.values()}
        await hub.move(20)
        assert "does not answer" in str(await house.lost())
    async with connected(hub, home) as again:
        assert {device.id for device in again.devices.values()} == before


async def test_a_hub_that_vanishes_takes_its_lamps_offline_and_returns(hub: HueHub, tmp_path: Path) -> None:
    home = await paired_home(hub, tmp_path)
    async with connected(hub, home) as house:
        await hub.stop(goodbye=False)
        assert "does not answer" in str(await house.lost())
        assert {device.trouble for device in house.devices.values()} == {"the Hue hub does not answer"}
    await hub.start()
    async with connected(hub, home) as house:
        await house["Floor Lamp"].turn_on()
        await until(lambda: house["Floor Lamp"].on)


async def test_closing_leaves_nothing_behind(hub: HueHub, tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with connected(hub, await paired_home(hub, tmp_path)) as house:
        pass
    assert all(device.online for device in house.devices.values())
    await until(lambda: not hub.events.connected.is_set())
    await until(lambda: not {task for task in asyncio.all_tasks() - before if "aiohue" in repr(task)})
