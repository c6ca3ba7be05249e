"""Devices that vanish, lie, talk nonsense, move, jam or pretend: what the claw says of each, and that it recovers."""

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from whole_house import Home, JumpClock, whole_house
from zeroconf import ServiceInfo

from claw.daemon import Daemon
from claw.demo.homekit import Lock, VirtualHomekit
from claw.demo.hue import Lamp
from claw.demo.virtual import Network
from claw.device import DeviceError
from claw.testing import eventually, running, say

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Home]:
    async with whole_house(tmp_path_factory.mktemp("devices") / "data") as home:
        yield home


async def back(home: Home, *names: str) -> None:
    """Wait until these are reachable again; the claw's back-off is cut short."""
    for name in names:
        for _ in range(100):
            if home.device(name).online:
                break
            home.clock.advance(30)
            await asyncio.sleep(0.1)
        assert home.device(name).online, home.device(name).trouble


# -- vanishing and talking nonsense


async def test_a_hub_that_comes_back_elsewhere_is_followed_by_its_key(home: Home) -> None:
    await home.house.hue.move(22)
    await eventually(lambda: home.daemon.house.records[home.device("Floor Lamp").id].host.endswith(".22"), seconds=10)
    await back(home, "Floor Lamp")
    assert await home.reply("turn off the floor lamp") == "The floor lamp is off."


async def test_a_hub_that_vanishes_in_mid_command_is_no_success(home: Home) -> None:
    hub = home.house.hue
    hub.by_hand("Floor Lamp", on=False)
    await eventually(lambda: home.device("Floor Lamp").state["on"] is False)
    hub.faults.slow = 0.5
    work = asyncio.create_task(home.reply("turn on the floor lamp"))
    await eventually(lambda: home.daemon.agent._turns)
    await hub.stop(goodbye=False)
    hub.faults.slow = 0.0
    reply = await work
    assert reply.startswith(("I could not turn on the floor lamp: ", "I tried to turn on the floor lamp, but "))
    assert "Error" not in reply
    await hub.start()
    await back(home, "Floor Lamp")
    assert await home.reply("turn on the floor lamp") == "The floor lamp is on."


BODIES = {"noise": b"\x00\xff\xfe<<garbage", "10 MB": b"x" * 10_000_000}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_a_hub_that_answers_garbage_confirms_nothing(home: Home, body: bytes) -> None:
    home.house.hue.by_hand("Floor Lamp", on=False)
    await eventually(lambda: home.device("Floor Lamp").state["on"] is False)
    home.house.hue.faults.garbage = body
    try:
        reply = await home.reply("turn on the floor lamp")
    finally:
        home.house.hue.faults.garbage = None
    assert reply.startswith(("I could not turn on the floor lamp: ", "I tried to turn on the floor lamp, but "))
    assert len(reply) < 200
    await back(home, "Floor Lamp")
    assert await home.reply("turn on the floor lamp") == "The floor lamp is on."


@pytest.mark.parametrize("body", [BODIES["noise"], BODIES["10 MB"]], ids=["noise", "10 MB"])
async def test_a_player_that_answers_garbage_confirms_nothing(home: Home, body: bytes) -> None:
    player = home.house.sonos["Kitchen"]
    player.by_hand(volume=20)
    await eventually(lambda: home.device("Kitchen").state["volume"] == 20)
    player.faults.garbage = body
    try:
        reply = await home.reply("set the volume of the kitchen speaker to 40 percent")
    finally:
        player.faults.garbage = None
    assert "at volume 40 %" not in reply
    assert reply.startswith(
        ("I could not set the volume of the kitchen speaker", "I tried to set the volume of the kitchen speaker")
    )
    await back(home, "Kitchen")


async def test_devices_that_lie_are_caught(home: Home) -> None:
    """Both acknowledge the command and do nothing."""
    home.house.hue.by_hand("Floor Lamp", on=False)
    home.house.homekit.part["Front Door Lock"].by_hand(locked=False)
    await eventually(lambda: not home.device("Floor Lamp").state["on"] and not home.device("Front Door Lock").state["locked"])
    home.house.hue.faults.lies = home.house.homekit.faults.lies = True
    try:
        lamp, lock = await asyncio.gather(home.say("turn on the floor lamp", "one"), home.say("lock the front door", "two"))
    finally:
        home.house.hue.faults.lies = home.house.homekit.faults.lies = False
        home.house.homekit.part["Front Door Lock"].by_hand(locked=True)
    assert [record["calls"][0]["outcome"] for record in (lamp, lock)] == ["failed", "failed"]
    assert lamp["reply"] == "I tried to turn on the floor lamp, but it still says off."
    assert lock["reply"] == "I tried to lock the front door, but it still says unlocked."


async def test_nan_is_no_state(home: Home) -> None:
    thermostat, lamp = home.device("Bedroom Thermostat"), home.device("Floor Lamp")
    before = thermostat.state["temperature"]
    with pytest.raises(DeviceError, match="which makes no sense"):
        thermostat.update(temperature=math.nan)
    assert thermostat.state["temperature"] == before
    home.house.hue.by_hand("Floor Lamp", on=True, brightness=math.nan)
    home.house.hue.by_hand("Bedside Lamp", on=True)
    await eventually(lambda: home.device("Bedside Lamp").state["on"])
    assert not math.isnan(lamp.state["brightness"])
    home.house.hue.by_hand("Floor Lamp", brightness=50.0)
    await back(home, "Floor Lamp")
    await eventually(lambda: lamp.state["brightness"] == 50)


# -- motors


async def test_a_shade_that_sticks_half_way_is_told_later(home: Home) -> None:
    shade = home.house.homekit.part["Bedroom Shade"]
    shade.by_hand(100)
    await eventually(lambda: home.device("Bedroom Shade").state["position"] == 100)
    shade.sticks_at = 40
    try:
        assert await home.reply("close the bedroom shade") == "The bedroom shade is closing."
        assert await home.told("after all") == "I could not close the bedroom shade after all: it says 40 % open."
    finally:
        shade.sticks_at = None
        home.heard.clear()


async def test_a_lock_that_jams_is_told(home: Home) -> None:
    lock = home.house.homekit.part["Front Door Lock"]
    lock.jams = True
    try:
        await home.say("unlock the front door")
        reply = await home.reply("yes")
        assert "is unlocked" not in reply
        text = reply if reply.startswith("I ") else await home.told("after all")
        assert "unlock the front door" in text
    finally:
        lock.jams = False
        lock.by_hand(locked=True)
        home.heard.clear()


# -- hubs and players


async def test_a_coordinator_that_leaves_its_group_leaves_the_others_playing(home: Home) -> None:
    living, kitchen = home.house.sonos["Living Room"], home.house.sonos["Kitchen"]
    kitchen.join(living)
    await home.say("play something in the living room")
    living.leave_group()
    assert kitchen.coordinator is kitchen
    assert await home.reply("pause the kitchen") == "The kitchen speaker is paused."
    assert kitchen.playback == "paused"


async def test_a_revoked_key_is_asked_for_again(home: Home) -> None:
    home.answering = False
    home.house.hue.revoke_keys()
    for _ in range(50):
        if any("press the round button" in one.text for one in home.daemon.agent.asks.open()):
            break
        home.clock.advance(30)
        await asyncio.sleep(0.05)
    reply = await home.reply("turn on the floor lamp")
    assert reply.startswith("I could not turn on the floor lamp: ")
    home.answering = True
    await back(home, "Floor Lamp")
    assert await home.reply("turn on the floor lamp") == "The floor lamp is on."


async def test_a_changed_certificate_is_not_believed_until_the_owner_pairs_again(home: Home) -> None:
    hub = home.house.hue
    await hub.change_certificate()
    hub.requests.clear()
    for _ in range(40):
        if "certificate" in home.device("Floor Lamp").trouble:
            break
        home.clock.advance(30)
        await asyncio.sleep(0.05)
    reply = await home.reply("turn on the floor lamp")
    assert "certificate" in reply
    assert not [one for one in hub.requests if one[0] == "PUT"]
    home.heard.clear()
    assert home.daemon.connections.pair_again() == 1
    assert "not the one I knew" in await home.told("press the round button")
    await back(home, "Floor Lamp")
    assert await home.reply("turn on the floor lamp") == "The floor lamp is on."


async def test_a_player_that_drops_off_is_said_to_be_gone_and_lives_again(home: Home) -> None:
    player = home.house.sonos["Bedroom"]
    await player.stop(goodbye=False)
    reply = await home.reply("set the volume of the bedroom speaker to 11 percent")
    assert reply.startswith("I could not set the volume of the bedroom speaker to 11 %: ")
    assert "Error" not in reply
    await player.start()
    await back(home, "Bedroom")
    assert await home.reply("set the volume of the bedroom speaker to 11 percent") == "The bedroom speaker is at volume 11 %."


# -- names


async def test_two_devices_of_one_name_are_asked_about(home: Home) -> None:
    house = home.daemon.house
    for name in ("Floor Lamp", "Bedside Lamp"):
        house.describe(home.device(name).id, name="Reading Lamp")
    try:
        asked = await home.say("turn on the reading lamp")
        assert asked["asked"] == "which"
        assert asked["reply"].startswith("Which one: 1 ")
        assert "Living Room" in asked["reply"]
        assert "Bedroom" in asked["reply"]
        done = await home.say("2")
        assert [call["outcome"] for call in done["calls"]] == ["done"]
        assert done["reply"] in ("The bedroom reading lamp is on.", "The living room reading lamp is on.")
    finally:
        for id, record in house.records.items():
            if record.owner_name:
                house.describe(id, name="")


@pytest.mark.parametrize("name", ["yes", "all", "Kitchen", "Two\nLines", "x" * 500, "Evil \u202epmal\u202c", "stop", "1"])
async def test_a_lamp_with_a_strange_name_takes_nothing_over(home: Home, name: str) -> None:
    """Words of the reader stay its own, and a name is one clean line of at most 64 characters."""
    hub = home.house.hue
    known = set(home.daemon.house.devices)
    hub.add_lamp(Lamp(name, "Living Room"))
    await eventually(lambda: set(home.daemon.house.devices) - known)
    (id,) = set(home.daemon.house.devices) - known
    lamp = home.daemon.house.devices[id]
    try:
        assert len(lamp.name) <= 64
        assert lamp.name.isprintable()
        assert await home.reply("turn on the kitchen counter") == "The kitchen counter is on."
        assert not hub.lamps[name].on
        await home.say("open the garage")
        assert await home.reply("no") == "All right, I did nothing."
        assert await home.reply("stop") == "Stopped. Nothing is under way."
        assert (await home.reply("1")).startswith("I did not understand that.")
        assert not hub.lamps[name].on
    finally:
        hub.remove_lamp(name)
    await eventually(lambda: id not in home.daemon.house.devices)


# -- a device with no key: who is the real one?

SKILL = '''"""A relay behind a lamp or a door, for tests."""
from claw.skill import Device, Door, Power, command, mdns, skill


class Wire(Device):
    async def send(self, **wish):
        self.update(**await self.http.request("/", json=wish or None))

    async def refresh(self):
        await self.send()


class Light(Wire, Power):
    kind = "light"

    @command(seconds=4)
    async def turn_on(self): await self.send(on=True)

    async def turn_off(self): await self.send(on=False)


class Gate(Wire, Door):
    kind, sort = "door", "gate"

    async def open_door(self): await self.send(open=True)

    async def close_door(self): await self.send(open=False)


@skill(mdns("_wire._tcp.local."))
async def connect(found, home):
    """Its one device."""
    device = (Gate if found.txt["kind"] == "gate" else Light)(
        id=f"wire-{found.txt['id']}", name=found.txt["name"], area="Garden", found=found
    )
    await device.refresh()
    yield device
'''


class Wire:
    """The other end: GET / and POST / with a JSON object."""

    def __init__(self, network: Network, host: int, kind: str, id: str, name: str) -> None:
        self.network, self.host, self.kind, self.id, self.name = network, host, kind, id, name
        self.state: dict[str, Any] = {"open": False} if kind == "gate" else {"on": False}
        self.slow, self.requests = 0.0, 0
        self.runner: web.AppRunner | None = None
        self.info: ServiceInfo | None = None

    async def serve(self, request: web.Request) -> web.Response:
        self.requests += 1
        await asyncio.sleep(self.slow)
        if request.method == "POST":
            self.state |= await request.json()
        return web.json_response(self.state)

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/", self.serve)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05, handler_cancellation=True)
        await self.runner.setup()
        address = self.network.address(self.host)
        await web.TCPSite(self.runner, address, 8080).start()
        self.info = ServiceInfo(
            "_wire._tcp.local.", f"wire-{self.host}-{self.network.prefix}._wire._tcp.local.", parsed_addresses=[address], port=8080,
            properties={"id": self.id, "kind": self.kind, "name": self.name}, server=f"wire-{self.host}.local.",
        )  # fmt: skip
        await self.network.zeroconf.async_register_service(self.info, cooperating_responders=True)

    async def stop(self) -> None:
        if self.runner:
            await self.runner.cleanup()
            self.runner = None


class Garden:
    """A daemon with the wire skill, its clock and its network."""

    def __init__(self, daemon: Daemon, network: Network, clock: JumpClock) -> None:
        self.daemon, self.network, self.clock = daemon, network, clock
        self.heard: list[str] = []
        self.wires: list[Wire] = []
        daemon.terminal.attach("terminal", lambda line: self.heard.append(str(line["text"])))

    async def wire(self, host: int, kind: str, id: str, name: str) -> Wire:
        """Switch one on and wait until the claw has looked at it."""
        one = Wire(self.network, host, kind, id, name)
        self.wires.append(one)
        await one.start()
        await eventually(lambda: one.requests and (self.host(id) or self.heard))
        return one

    def host(self, id: str) -> str:
        """The last part of the address that the house believes."""
        record = self.daemon.house.records.get(f"wire-{id}")
        return record.host.rpartition(".")[2] if record else ""

    async def gone(self, wire: Wire) -> None:
        """It drops off, and the claw notices at its next look."""
        await wire.stop()
        device = self.daemon.house.devices[f"wire-{wire.id}"]
        for _ in range(100):
            if not device.online:
                break
            self.clock.advance(61)
            await asyncio.sleep(0.05)
        assert not device.online


@pytest_asyncio.fixture(loop_scope="module")
async def garden(tmp_path: Path) -> AsyncIterator[Garden]:
    network, clock = Network(), JumpClock()
    (tmp_path / "data" / "skills").mkdir(parents=True, mode=0o700)
    (tmp_path / "data").chmod(0o700)
    (tmp_path / "data" / "skills" / "wire.py").write_text(SKILL)
    config = f'[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["{network.subnet}"]'
    async with running(tmp_path / "data", config, clock=clock) as daemon:
        garden = Garden(daemon, network, clock)
        yield garden
        for wire in garden.wires:
            await wire.stop()
    await network.close()


async def test_a_known_lamp_keeps_its_address_while_it_answers(garden: Garden) -> None:
    mine = await garden.wire(60, "light", "7", "Path Lamp")
    impostor = await garden.wire(61, "light", "7", "Path Lamp")
    assert garden.host("7") == "60"
    assert (await say(garden.daemon, "turn on the path lamp"))["reply"] == "The path lamp is on."
    assert (mine.state["on"], impostor.state["on"]) == (True, False)


async def test_a_lamp_moves_after_a_minute_of_silence_and_not_before(garden: Garden) -> None:
    mine = await garden.wire(60, "light", "7", "Path Lamp")
    await garden.wire(61, "light", "7", "Path Lamp")
    await garden.gone(mine)
    assert garden.host("7") == "60"
    for _ in range(100):
        garden.clock.advance(5)
        await asyncio.sleep(0.02)
        if garden.host("7") == "61":
            break
    assert garden.host("7") == "61"
    assert (await say(garden.daemon, "turn on the path lamp"))["reply"] == "The path lamp is on."


async def test_a_gate_that_answers_elsewhere_waits_for_the_owner(garden: Garden) -> None:
    mine = await garden.wire(60, "gate", "9", "Garden Gate")
    impostor = await garden.wire(61, "gate", "9", "Garden Gate")
    await garden.gone(mine)
    garden.clock.advance(600)
    await eventually(lambda: any("Is it the same one" in text for text in garden.heard))
    assert garden.host("9") == "60"
    assert "I could not" in (await say(garden.daemon, "close the garden gate"))["reply"]
    assert "All right, the garden gate is at " in (await say(garden.daemon, "yes"))["reply"]
    for _ in range(100):
        garden.clock.advance(5)
        await asyncio.sleep(0.02)
        if garden.host("9") == "61":
            break
    assert (await say(garden.daemon, "close the garden gate"))["reply"] == "The garden gate is closed."
    assert impostor.state == {"open": False}


async def test_a_slow_lamp_does_not_delay_word_of_the_others(garden: Garden) -> None:
    await garden.wire(60, "light", "1", "Path Lamp")
    slow = await garden.wire(61, "light", "2", "Pond Lamp")
    slow.slow = 30.0
    began = asyncio.get_running_loop().time()
    work = asyncio.create_task(say(garden.daemon, "turn on the garden lights"))
    await eventually(lambda: any(text == "The path lamp is on. I am still waiting for the pond lamp." for text in garden.heard))
    assert asyncio.get_running_loop().time() - began < 4
    assert not work.done()
    slow.slow = 0.0
    record = await work
    assert record["reply"].startswith("The path lamp is on. ") or record["reply"] == "The garden lights are on."
    assert asyncio.get_running_loop().time() - began < 10


# -- pairing


async def test_a_wrong_homekit_code_is_asked_for_again(tmp_path: Path) -> None:
    network = Network()
    bridge = VirtualHomekit(network, 31, parts=((Lock, "Shed Lock"),), speed=20)
    await bridge.start()
    config = f'[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["{network.subnet}"]'
    heard: list[str] = []
    async with running(tmp_path / "data", config) as daemon:
        daemon.terminal.attach("terminal", lambda line: heard.append(str(line["text"])))
        await eventually(lambda: len(heard) == 1)
        assert "8-digit HomeKit code" in heard[0]
        assert (await say(daemon, "the blue one"))["reply"] == "Thank you."
        await eventually(lambda: len(heard) == 3)
        assert "8 digits" in heard[2]
        assert (await say(daemon, "111-22-333"))["reply"] == "Thank you."
        await eventually(lambda: len(heard) == 5)
        assert "wrong" in heard[4].lower() or "not the code" in heard[4].lower()
        assert not daemon.house.devices
        assert (await say(daemon, bridge.code))["reply"] == "Thank you."
        await eventually(lambda: daemon.house.devices)
        assert (await say(daemon, "is the shed lock locked?"))["reply"] == "Yes, the shed is locked."
    await bridge.stop()
    await network.close()
