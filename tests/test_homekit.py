"""HomeKit: the virtual accessories (HAP-python) against an unmodified aiohomekit, and the skill against them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf

from claw.clock import Clock
from claw.demo.homekit import VirtualHomekit
from claw.demo.virtual import Network
from claw.device import Device, DeviceError
from claw.discovery.found import Found
from claw.skill import Home
from claw.testing import home_for, load_skill
from claw.turns.acting import arrived, reached

pytest.importorskip("pyhap")
pytestmark = pytest.mark.asyncio(loop_scope="module")

skill = load_skill(Path(__file__).parent.parent / "skills" / "homekit.py")
CODE = "031-45-154"
ID = "c1:a3:0b:00:00:01"


class QuickClock(Clock):
    """Time that runs `pace` times as fast, so that a minute's silence is short."""

    def __init__(self, pace: float) -> None:
        super().__init__()
        self.pace = pace

    def monotonic(self) -> float:
        return time.monotonic() * self.pace

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.pace)


async def until(holds: Callable[[], Any], seconds: float = 5.0) -> None:
    """Wait for a condition, with a deadline."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - a third party's state has no event
            await asyncio.sleep(0.01)


def found_of(virtual: VirtualHomekit, *, sf: int | None = None) -> Found:
    """What the discovery would hand over."""
    txt = {"id": virtual.mac, "md": virtual.name, "ci": "2", "c#": "2", "sf": str(int(not virtual.paired) if sf is None else sf)}
    return Found("mdns", "_hap._tcp.local.", virtual.name, virtual.address, 51826, virtual.mac.lower(), txt)


@dataclass
class Running:
    """One connection of the skill, kept up by a task as the core would."""

    found: Found
    home: Home
    devices: dict[str, Device] = field(default_factory=dict)
    failure: BaseException | None = None

    async def run(self) -> None:
        """Connect, and again after a failure, until the pairing is gone."""
        while skill.paired(self.found, self.home):
            devices = skill.connect(self.found, self.home)
            try:
                async for device in devices:
                    self.devices[device.name] = device
            except DeviceError as error:
                self.failure = error
                for device in self.devices.values():
                    device.offline(str(error))
                await self.home.clock.sleep(1)
            finally:
                await devices.aclose()


@contextlib.asynccontextmanager
async def connected(virtual: VirtualHomekit, home: Home, *, devices: int = 6) -> AsyncIterator[Running]:
    """The skill connected to a virtual accessory."""
    running = Running(found_of(virtual), home)
    task = asyncio.create_task(running.run())
    try:
        await until(lambda: len(running.devices) == devices or task.done())
        yield running
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def tell(device: Device, command: str, **args: Any) -> bool:
    """Run a command and read back, once; whether the device confirmed it."""
    await getattr(device, command)(**args)
    await device.refresh()
    return reached(device, device.commands[command].goal(args))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network() -> AsyncIterator[Network]:
    network = Network()
    yield network
    await network.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bridge(network: Network) -> AsyncIterator[VirtualHomekit]:
    """One bridge, paired once, whose motors are 40 times as fast as in life."""
    virtual = VirtualHomekit(network, 20, speed=40)
    await virtual.start()
    yield virtual
    await virtual.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def keys(bridge: VirtualHomekit, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The pairing as the skill keeps it."""
    home = home_for("homekit", tmp_path_factory.mktemp("pairing"), answers=[CODE])
    assert await skill.pair(found_of(bridge), home, home.ask)
    return home.secrets.get(f"pairing:{ID}") or ""


@pytest.fixture
def home(keys: str, tmp_path: Path) -> Home:
    home = home_for("homekit", tmp_path)
    home.secrets.set(f"pairing:{ID}", keys)
    home.clock = QuickClock(20)
    return home


@pytest_asyncio.fixture(loop_scope="module")
async def house(bridge: VirtualHomekit, home: Home) -> AsyncIterator[Running]:
    bridge.part["Bedroom Shade"].sticks_at = None
    bridge.part["Bedroom Shade"].by_hand(100)
    bridge.part["Front Door Lock"].jams = False
    bridge.part["Front Door Lock"].by_hand(locked=True)
    bridge.part["Garage Door"].blocked = False
    bridge.part["Garage Door"].by_hand(open=False)
    bridge.part["Kitchen Leak Sensor"].by_hand(wet=False)
    bridge.part["Hall Motion Sensor"].by_hand(detected=False)
    bridge.part["Bedroom Thermostat"].by_hand(target=19.0, mode="heat", temperature=19.0)
    async with connected(bridge, home) as running:
        yield running
    bridge.faults.slow, bridge.faults.garbage, bridge.faults.lies = 0.0, None, False


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def thermostat(network: Network) -> AsyncIterator[VirtualHomekit]:
    """A thermostat without a bridge."""
    virtual = VirtualHomekit(network, 30, name="Bedroom Thermostat", bridge=False, mac="C1:A3:0B:00:00:02", speed=40)
    await virtual.start()
    yield virtual
    await virtual.stop()


@pytest.fixture
def alone(thermostat: VirtualHomekit) -> VirtualHomekit:
    """The thermostat, not paired."""
    thermostat.forget_pairings()
    return thermostat


# -- the virtual accessories, by aiohomekit alone


async def test_plain_aiohomekit_finds_pairs_and_switches(alone: VirtualHomekit, capfd: pytest.CaptureFixture[str]) -> None:
    from aiohomekit.characteristic_cache import CharacteristicCacheMemory
    from aiohomekit.controller.ip import IpController

    zeroconf = AsyncZeroconf(interfaces=["127.0.0.1"])
    browser = AsyncServiceBrowser(zeroconf.zeroconf, ["_hap._tcp.local."], handlers=[lambda **_: None])
    async with IpController(CharacteristicCacheMemory(), zeroconf) as controller:
        discovery: Any = await controller.async_find(alone.mac)
        assert (discovery.description.address, discovery.paired) == (alone.address, False)
        pairing: Any = await (await discovery.async_start_pairing("x"))(alone.code)
        (accessory,) = await pairing.list_accessories_and_characteristics()
        chars = [char for service in accessory["services"] for char in service["characteristics"]]
        (target,) = [char["iid"] for char in chars if char["type"].startswith("00000035")]
        assert not await pairing.put_characteristics([(1, target, 21.5)])
        assert alone.part["Bedroom Thermostat"].target == 21.5
        await until(lambda: controller.discoveries[alone.mac.lower()].paired)
        await pairing.shutdown()
    await browser.async_cancel()
    await zeroconf.async_close()
    assert capfd.readouterr().out == ""


# -- pairing


async def test_a_wrong_format_and_a_wrong_code_are_asked_again(alone: VirtualHomekit, tmp_path: Path) -> None:
    home, found = home_for("homekit", tmp_path, answers=["1234", "111-22-333", "03145154"]), found_of(alone)
    assert not skill.paired(found, home)
    assert await skill.pair(found, home, home.ask)
    assert skill.paired(found, home)
    first, second, third = home.ask.asked  # type: ignore[attr-defined]
    assert "Bedroom Thermostat (bridge)" in first
    assert "8 digits" in second
    assert third.startswith("That code was not accepted. This is the last try")
    assert alone.paired
    async with connected(alone, home, devices=1) as running:
        (device,) = running.devices.values()
        assert (device.kind, device.name, device.id) == ("thermostat", "Bedroom Thermostat", "homekit-c1:a3:0b:00:00:02-1-10")


async def test_three_wrong_codes_are_enough(alone: VirtualHomekit, tmp_path: Path) -> None:
    home = home_for("homekit", tmp_path, answers=["111-22-333"] * 5)
    assert await skill.pair(found_of(alone), home, home.ask) is False
    assert len(home.ask.asked) == 3  # type: ignore[attr-defined]
    assert home.ask.asked[2].startswith("That code was not accepted. This is the last try")  # type: ignore[attr-defined]
    assert not skill.paired(found_of(alone), home)


async def test_without_an_answer_nothing_is_tried(alone: VirtualHomekit, tmp_path: Path) -> None:
    home = home_for("homekit", tmp_path, answers=[None, "no"])
    assert await skill.pair(found_of(alone), home, home.ask) is False
    assert await skill.pair(found_of(alone), home, home.ask) is False
    assert not alone.paired


async def test_what_is_paired_elsewhere_says_so(alone: VirtualHomekit, tmp_path: Path) -> None:
    alone.pair_elsewhere()
    home = home_for("homekit", tmp_path, answers=[CODE])
    with pytest.raises(DeviceError, match="it is paired with another controller; remove it there first"):
        await skill.pair(found_of(alone, sf=0), home, home.ask)
    assert home.ask.asked == []  # type: ignore[attr-defined]
    with pytest.raises(DeviceError, match="it is paired with another controller"):
        await skill.pair(found_of(alone, sf=1), home, home.ask)  # the announcement was stale
    assert len(home.ask.asked) == 1  # type: ignore[attr-defined]


async def test_the_question_names_it_without_the_numbers_of_its_announcement(alone: VirtualHomekit, tmp_path: Path) -> None:
    home, found = home_for("homekit", tmp_path), found_of(alone)
    await skill.pair(replace(found, name=f"{found.name} 000002 127-1-2"), home, home.ask)
    await skill.pair(replace(found, name="Heating"), home, home.ask)
    first, second = home.ask.asked  # type: ignore[attr-defined]
    assert "code of Bedroom Thermostat (bridge)?" in first
    assert "code of Heating (bridge)?" in second


async def test_pairing_with_nobody_there_says_so(alone: VirtualHomekit, tmp_path: Path) -> None:
    home = home_for("homekit", tmp_path, answers=[CODE])
    alone.faults.garbage = b"\x99\x99\x99"
    try:
        assert await skill.pair(found_of(alone), home, home.ask) is False
    finally:
        alone.faults.garbage = None
    assert home.ask.asked[1].startswith("It did not answer as it should.")  # type: ignore[attr-defined]


# -- what there is


async def test_each_service_is_a_device(house: Running) -> None:
    seen = {name: (device.kind, device.sort, dict(device.state)) for name, device in house.devices.items()}
    assert seen == {
        "Bedroom Thermostat": ("thermostat", "", {"temperature": 19.0, "target": 19.0, "humidity": 45, "mode": "heat"}),
        "Bedroom Shade": ("shade", "", {"position": 100, "target_position": 100}),
        "Front Door Lock": ("lock", "", {"locked": True, "target_locked": True}),
        "Garage Door": ("door", "garage", {"open": False, "target_open": False}),
        "Kitchen Leak Sensor": ("sensor", "leak", {"value": "dry", "unit": ""}),
        "Hall Motion Sensor": ("sensor", "motion", {"value": "clear", "unit": ""}),
    }
    assert [device.id for device in house.devices.values()] == [f"homekit-{ID}-{aid}-8" for aid in (2, 3, 4, 5, 6, 8)]
    assert house.devices["Bedroom Shade"].maker == "Virtual House"


async def test_ids_are_equal_in_every_house(bridge: VirtualHomekit) -> None:
    network = Network()
    other = VirtualHomekit(network, 20)
    await other.start()
    assert [part.aid for part in other.part.values()] == [part.aid for part in bridge.part.values()] == [2, 3, 4, 5, 6, 8]
    await other.stop()
    await network.close()


@pytest.mark.parametrize(
    ("name", "command", "args"),
    [
        ("Bedroom Thermostat", "set_target", {"target": 21.5}),
        ("Bedroom Thermostat", "set_mode", {"mode": "cool"}),
        ("Bedroom Thermostat", "turn_off", {}),
        ("Bedroom Thermostat", "turn_on", {}),
        ("Bedroom Shade", "set_position", {"position": 40}),
        ("Bedroom Shade", "open", {}),
        ("Bedroom Shade", "close", {}),
        ("Front Door Lock", "lock", {}),
        ("Front Door Lock", "unlock", {}),
        ("Garage Door", "open_door", {}),
        ("Garage Door", "close_door", {}),
    ],
)
async def test_a_command_is_confirmed_at_once_and_carried_out(
    house: Running, name: str, command: str, args: dict[str, Any]
) -> None:
    device = house.devices[name]
    assert await tell(device, command, **args)
    await until(lambda: arrived(device, device.commands[command].goal(args)))


async def test_turn_on_takes_the_last_mode(house: Running) -> None:
    device = house.devices["Bedroom Thermostat"]
    for command, args in (("set_mode", {"mode": "heat_cool"}), ("turn_off", {}), ("turn_on", {})):
        assert await tell(device, command, **args)
    assert device.state["mode"] == "heat_cool"


async def test_what_it_cannot_do_is_said(house: Running) -> None:
    device: Any = house.devices["Bedroom Thermostat"]
    with pytest.raises(DeviceError, match="it has no mode dry; it has off, heat, cool, heat and cool"):
        await device.set_mode("dry")
    with pytest.raises(DeviceError, match="it takes 10 to 38"):
        await device.set_target(5.0)


# -- what moves


async def test_a_moving_shade_tells_where_it_is_going(bridge: VirtualHomekit, house: Running) -> None:
    shade, seen = house.devices["Bedroom Shade"], list[tuple[int, int]]()
    shade.subscribe(lambda device, _: seen.append((device.state["position"], device.state["target_position"])))
    assert await tell(shade, "close")
    assert bridge.part["Bedroom Shade"].moving
    await until(lambda: shade.state["position"] == 0)
    assert {target for _, target in seen} == {0}
    assert bridge.part["Bedroom Shade"].position == 0


async def test_a_shade_stops_where_it_is(bridge: VirtualHomekit, house: Running) -> None:
    shade, part = house.devices["Bedroom Shade"], bridge.part["Bedroom Shade"]
    await tell(shade, "close")
    await until(lambda: part.position < 90)
    await tell(shade, "stop")
    assert not part.moving
    assert 0 < part.position == shade.state["position"] == shade.state["target_position"]


async def test_a_closing_garage_door_is_open_until_it_is_closed(bridge: VirtualHomekit, house: Running) -> None:
    bridge.part["Garage Door"].by_hand(open=True)
    door = house.devices["Garage Door"]
    await until(lambda: door.state["open"])
    await tell(door, "close_door")
    assert (door.state["open"], door.state["target_open"]) == (True, False)
    await until(lambda: not door.state["open"])


async def test_the_temperature_drifts_to_the_target(house: Running) -> None:
    device = house.devices["Bedroom Thermostat"]
    await tell(device, "set_target", target=19.5)
    await until(lambda: device.state["temperature"] == 19.5)


async def test_a_stuck_shade_gives_up_its_target_and_tries_again_when_told(bridge: VirtualHomekit, house: Running) -> None:
    shade, part = house.devices["Bedroom Shade"], bridge.part["Bedroom Shade"]
    part.sticks_at = 50
    assert await tell(shade, "close")
    await until(lambda: not part.moving)
    await until(lambda: (shade.state["position"], shade.state["target_position"]) == (50, 50))
    part.sticks_at = None
    assert await tell(shade, "close")
    await until(lambda: shade.state["position"] == 0)


async def test_a_jammed_lock_does_not_claim_to_be_locked(bridge: VirtualHomekit, house: Running) -> None:
    lock, part = house.devices["Front Door Lock"], bridge.part["Front Door Lock"]
    part.by_hand(locked=False)
    part.jams = True
    await until(lambda: lock.state["locked"] is False)
    assert await tell(lock, "lock")  # on its way
    await until(lambda: part.jammed)
    await until(lambda: lock.state["target_locked"] is False)
    assert lock.state["locked"] is False
    part.jams = False
    assert await tell(lock, "lock")
    await until(lambda: lock.state["locked"])


async def test_a_blocked_garage_door_stays_open(bridge: VirtualHomekit, house: Running) -> None:
    door, part = house.devices["Garage Door"], bridge.part["Garage Door"]
    part.by_hand(open=True)
    part.blocked = True
    await until(lambda: door.state["open"])
    assert await tell(door, "close_door")
    await until(lambda: door.state["target_open"])
    assert door.state["open"]


# -- what happens by hand


@pytest.mark.parametrize(
    ("name", "change", "state"),
    [
        ("Bedroom Thermostat", {"target": 23.0, "mode": "off"}, {"target": 23.0, "mode": "off"}),
        ("Bedroom Shade", {"position": 30}, {"position": 30, "target_position": 30}),
        ("Front Door Lock", {"locked": False}, {"locked": False, "target_locked": False}),
        ("Garage Door", {"open": True}, {"open": True, "target_open": True}),
        ("Kitchen Leak Sensor", {"wet": True}, {"value": "wet"}),
        ("Kitchen Leak Sensor", {"wet": False}, {"value": "dry"}),
        ("Hall Motion Sensor", {"detected": True}, {"value": "detected"}),
        ("Hall Motion Sensor", {"detected": False}, {"value": "clear"}),
    ],
)
async def test_a_change_by_hand_is_pushed(
    bridge: VirtualHomekit, house: Running, name: str, change: dict[str, Any], state: dict[str, Any]
) -> None:
    bridge.part[name].by_hand(**change)
    await until(lambda: state.items() <= house.devices[name].state.items(), 2)


async def test_a_part_that_the_bridge_has_lost_is_offline_alone(bridge: VirtualHomekit, house: Running) -> None:
    part, lock = bridge.part["Front Door Lock"], house.devices["Front Door Lock"]
    part.reachable = False
    await lock.refresh()
    assert (lock.online, lock.trouble) == (False, "its bridge cannot reach it")
    assert house.devices["Bedroom Shade"].online
    part.reachable = True
    await lock.refresh()
    assert lock.online


async def test_an_old_event_does_not_undo_a_command(bridge: VirtualHomekit, house: Running) -> None:
    device, part = house.devices["Bedroom Thermostat"], bridge.part["Bedroom Thermostat"]
    part.by_hand(target=30.0)  # its event waits in HAP-python's bundle ...
    assert await tell(device, "set_target", target=22.0)
    await until(lambda: device.state["target"] == 30.0)  # ... and overtakes what was read
    await until(lambda: device.state["target"] == 22.0)


# -- misdeeds


async def test_a_lie_is_not_believed(bridge: VirtualHomekit, house: Running) -> None:
    bridge.faults.lies = True
    assert not await tell(house.devices["Front Door Lock"], "unlock")
    assert not await tell(house.devices["Bedroom Thermostat"], "set_target", target=25.0)
    assert house.devices["Front Door Lock"].state == {"locked": True, "target_locked": True}


async def test_a_slow_bridge_is_waited_for(bridge: VirtualHomekit, house: Running) -> None:
    bridge.faults.slow = 0.1
    assert await tell(house.devices["Front Door Lock"], "unlock")


async def test_garbage_is_an_error_and_passes(bridge: VirtualHomekit, house: Running, caplog: pytest.LogCaptureFixture) -> None:
    shade = house.devices["Bedroom Shade"]
    for garbage in (b"\xff\x00garbage", b"[1, 2]", b'{"characteristics": [{"aid": 3, "iid": 9, "value": {"a": []}}]}'):
        bridge.faults.garbage = garbage
        with contextlib.suppress(DeviceError):  # some garbage is read as "nothing new"
            await shade.refresh()
        assert shade.state == {"position": 100, "target_position": 100}
    bridge.faults.garbage = None
    await until(lambda: not house.failure and shade.online)
    assert await tell(shade, "set_position", position=90)


async def test_a_garbled_answer_to_a_command_is_an_error(bridge: VirtualHomekit, house: Running) -> None:
    lock: Any = house.devices["Front Door Lock"]
    bridge.faults.garbage = b"\xff\x00garbage"
    with pytest.raises(DeviceError, match="lost"):
        await lock.unlock()
    bridge.faults.garbage = None
    await until(lambda: house.devices["Front Door Lock"].online)


async def test_a_bridge_that_vanishes_in_mid_command_comes_back(bridge: VirtualHomekit, house: Running) -> None:
    lock: Any = house.devices["Front Door Lock"]
    bridge.faults.slow = 5.0
    command = asyncio.create_task(lock.unlock())
    await until(lambda: bridge.part["Front Door Lock"].target_locked is False)
    await bridge.stop(goodbye=False)
    with pytest.raises(DeviceError, match="the connection to it was lost"):
        await command
    await until(lambda: not any(device.online for device in house.devices.values()))
    with pytest.raises(DeviceError, match="cannot be reached"):
        await lock.lock()
    bridge.faults.slow = 0.0
    bridge.part["Kitchen Leak Sensor"].by_hand(wet=True)  # while nobody listens
    await bridge.start()
    await until(lambda: all(device.online for device in house.devices.values()))
    assert house.devices["Kitchen Leak Sensor"].state["value"] == "wet"
    bridge.part["Kitchen Leak Sensor"].by_hand(wet=False)
    await until(lambda: house.devices["Kitchen Leak Sensor"].state["value"] == "dry")  # events flow again


async def test_an_idle_loss_is_noticed(bridge: VirtualHomekit, home: Home) -> None:
    async with connected(bridge, home) as running:
        await bridge.stop(goodbye=False)
        await until(lambda: running.failure)
        assert str(running.failure) == "the connection to it was lost"
        assert not any(device.online for device in running.devices.values())
    await bridge.start()


async def test_after_a_move_the_new_address_gives_the_same_devices(bridge: VirtualHomekit, home: Home) -> None:
    async with connected(bridge, home) as before:
        bridge.part["Front Door Lock"].by_hand(locked=False)
        await bridge.move(21)
        async with connected(bridge, home) as after:
            assert [device.id for device in after.devices.values()] == [device.id for device in before.devices.values()]
            assert after.devices["Front Door Lock"].state["locked"] is False
    await bridge.move(20)


async def test_an_accessory_that_left_the_bridge_leaves(bridge: VirtualHomekit, home: Home) -> None:
    home.clock = QuickClock(1000)
    async with connected(bridge, home) as running:
        sensors = bridge._driver.accessory.accessories
        motion = sensors.pop(8)
        await until(lambda: running.devices["Hall Motion Sensor"].left)
        sensors[8], old = motion, running.devices["Hall Motion Sensor"]
        await until(lambda: running.devices["Hall Motion Sensor"] is not old)
        assert running.devices["Hall Motion Sensor"].online


# -- the end


async def test_a_removed_pairing_is_put_aside_and_found_again(alone: VirtualHomekit, tmp_path: Path) -> None:
    home = home_for("homekit", tmp_path, answers=[CODE, CODE])
    home.clock = QuickClock(20)
    assert await skill.pair(found_of(alone), home, home.ask)
    state = alone._driver.state
    clients, rights = dict(state.paired_clients), dict(state.client_properties)
    async with connected(alone, home, devices=1) as running:
        alone.forget_pairings()
        alone.pair_elsewhere()
        await until(lambda: not skill.paired(running.found, home) and "lost" not in str(running.failure))
        assert str(running.failure) == "it has removed our pairing; it must be paired again"
    assert not skill.paired(found_of(alone), home)
    state.paired_clients |= clients  # somebody had only pretended
    state.client_properties |= rights
    assert await skill.pair(found_of(alone), home, home.ask)
    async with connected(alone, home, devices=1) as running:
        assert running.failure is None


async def test_a_removed_pairing_is_noticed_at_the_start_too(alone: VirtualHomekit, tmp_path: Path) -> None:
    home = home_for("homekit", tmp_path, answers=[CODE, CODE])
    assert await skill.pair(found_of(alone), home, home.ask)
    alone.forget_pairings()
    async with connected(alone, home, devices=1) as running:
        await until(lambda: running.failure)
    assert await skill.pair(found_of(alone), home, home.ask)
    assert list(home.secrets.kept) == ["pairing:c1:a3:0b:00:00:02"]  # type: ignore[attr-defined]


async def test_closing_leaves_nothing_behind(bridge: VirtualHomekit, home: Home) -> None:
    await until(lambda: not bridge._driver.http_server.connections)
    before = asyncio.all_tasks()
    async with connected(bridge, home):
        assert len(bridge._driver.http_server.connections) == 1
    await until(lambda: not bridge._driver.http_server.connections)
    await until(lambda: asyncio.all_tasks() <= before)
