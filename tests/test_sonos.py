"""Virtual Sonos players against a plain SoCo, and the Sonos skill against them."""

import asyncio
import contextlib
import json
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import soco
from soco import events_asyncio
from soco.exceptions import SoCoSlaveException, SoCoUPnPException

from claw.clock import ManualClock
from claw.demo.sonos import Household, VirtualSonos, documents, protocol
from claw.demo.sonos.ssdp import GROUP, PORT, ZONE_PLAYER
from claw.demo.virtual import Network
from claw.device import Device, DeviceError
from claw.discovery.found import Found
from claw.testing import home_for, load_skill

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT.parent / "shared" / "fixtures"
sonos = load_skill(ROOT / "skills" / "sonos.py")
fixtures = pytest.mark.skipif(not FIXTURES.exists(), reason="../shared is absent: no recorded player to compare with")


@pytest.fixture
async def house() -> AsyncIterator[Household]:
    network = Network()
    household = Household(network, announce=False)
    await household.start()
    yield household
    await household.stop()
    await network.close()


async def until(true: Callable[[], Any], seconds: float = 5.0) -> None:
    """Poll with a deadline."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class Connection:
    """The skill connected to one player, pumped as the core does it; `clock` stands still unless moved."""

    def __init__(self, player: VirtualSonos, folder: Path) -> None:
        self.clock = ManualClock()
        self.home = home_for("sonos", folder)
        self.home.clock = self.clock
        self.found = Found("static", "", player.name, player.address, 1400, player.uid)
        self.devices: list[Any] = []
        self.task = asyncio.create_task(self._pump())

    async def _pump(self) -> None:
        async for device in sonos.connect(self.found, self.home):
            self.devices.append(device)

    async def device(self) -> Any:
        """The device, once it is there and follows the player."""
        await until(lambda: self.devices or self.task.done())
        if self.task.done():
            await self.task
        return self.devices[0]

    def waits(self) -> bool:
        """Whether the skill sleeps until the clock is moved."""
        return any(not woken.done() for _, woken in self.clock._sleepers)

    async def close(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


@pytest.fixture
async def connect(house: Household, tmp_path: Path) -> AsyncIterator[Callable[[str], Any]]:
    made: list[Connection] = []

    async def to(name: str) -> tuple[Connection, Any]:
        made.append(Connection(house[name], tmp_path))
        device = await made[-1].device()
        await until(lambda: len(house[name].events.subscriptions) >= 3 and house[name].events.delivered >= 3)
        await until(lambda: made[-1].waits() and not device.events.news.is_set())
        return made[-1], device

    yield to
    for connection in made:
        with contextlib.suppress(DeviceError, OSError):
            await connection.close()


# -- the virtual player


@fixtures
def test_actions_and_arguments_are_those_of_a_real_player() -> None:
    recorded = json.loads((FIXTURES / "sonos-one-s18-services.json").read_text())
    services = {service["name"]: service for service in recorded["services"]}
    for name, (path, actions, evented) in protocol.SERVICES.items():
        real = services[name]
        assert (real["controlURL"], real["eventSubURL"]) == (f"{path}/Control", f"{path}/Event")
        assert set(evented.split()) <= {variable["name"] for variable in real["stateVariables"] if variable["sendEvents"]}
        signatures = {action["name"]: action for action in real["actions"]}
        for action, (given, answered) in actions.items():
            assert [arg["name"] for arg in signatures[action].get("inputs", [])] == given.split()
            assert [arg["name"] for arg in signatures[action].get("outputs", [])] == answered.split()


@fixtures
async def test_topology_has_the_attributes_of_a_real_one(house: Household) -> None:
    real = ElementTree.parse(FIXTURES / "zone-group-state.xml").getroot()
    ours = ElementTree.fromstring(documents.topology(house.present))
    for path in ("ZoneGroups/ZoneGroup", "ZoneGroups/ZoneGroup/ZoneGroupMember"):
        one, other = real.find(path), ours.find(path)
        assert one is not None
        assert other is not None
        assert set(one.attrib) == set(other.attrib)


async def test_a_plain_soco_controls_a_player(house: Household) -> None:
    kitchen = house["Kitchen"]

    def drive() -> None:
        player = soco.SoCo(kitchen.address)
        assert player.household_id == house.id
        assert player.get_speaker_info()["zone_name"] == "Kitchen"
        assert player.get_speaker_info()["uid"] == kitchen.uid
        player.play()
        assert player.get_current_transport_info()["current_transport_state"] == "PLAYING"
        assert player.get_current_track_info()["title"] == "Rain on Tin"
        player.next()
        assert player.get_current_track_info()["title"] == "Paper Boats"
        player.previous()
        player.pause()
        player.volume, player.mute = 33, True
        assert (player.volume, player.mute) == (33, True)
        assert player.avTransport.GetTransportInfo(InstanceID=0)["CurrentTransportState"] == "PAUSED_PLAYBACK"
        assert [item.title for item in player.music_library.get_sonos_favorites()] == [
            "Morning Jazz",
            "Rainy Evening",
            "Radio Harbour",
        ]
        assert [item.title for item in player.get_sonos_playlists()] == ["Dinner", "Party"]
        assert [item.title for item in player.get_queue()] == ["Rain on Tin", "Paper Boats", "Long Way to Harbour"]
        favourite = player.music_library.get_sonos_favorites()[0]
        player.play_uri(favourite.resources[0].uri, favourite.resource_meta_data)
        player.stop()

    await asyncio.to_thread(drive)
    assert (kitchen.playback, kitchen.volume, kitchen.muted, kitchen.title) == ("stopped", 33, True, "Morning Jazz")


async def test_a_plain_soco_groups_players(house: Household) -> None:
    living, kitchen = house["Living Room"], house["Kitchen"]

    def group() -> None:
        leader, member = soco.SoCo(living.address), soco.SoCo(kitchen.address)
        leader.volume, member.volume = 10, 30
        member.join(leader)
        assert member.group.coordinator is leader
        assert len(soco.SoCo(living.address).all_groups) == 2
        with pytest.raises(SoCoSlaveException):
            member.play()
        with pytest.raises(SoCoUPnPException, match="800"):
            member.avTransport.Play([("InstanceID", 0), ("Speed", 1)])
        leader.play()
        leader.group.volume = 40
        assert leader.group.volume == 40

    await asyncio.to_thread(group)
    assert kitchen.coordinator is living
    assert (kitchen.playback, living.volume, kitchen.volume) == ("playing", 30, 50)
    await asyncio.to_thread(lambda: soco.SoCo(living.address).unjoin())
    assert (kitchen.coordinator, kitchen.playback, living.playback) == (kitchen, "playing", "stopped")


@pytest.mark.parametrize(
    ("service", "action", "args", "code"),
    [
        ("avTransport", "Fly", [("InstanceID", 0)], "401"),
        ("avTransport", "Play", [("InstanceID", 0)], "402"),
        ("avTransport", "Pause", [("InstanceID", 0)], "701"),
        ("avTransport", "Previous", [("InstanceID", 0)], "711"),
        ("renderingControl", "SetVolume", [("InstanceID", 0), ("Channel", "Master"), ("DesiredVolume", 101)], "601"),
    ],
)  # fmt: skip
async def test_refusals_have_upnp_codes(house: Household, service: str, action: str, args: list[Any], code: str) -> None:
    player = soco.SoCo(house["Kitchen"].address)
    with pytest.raises(SoCoUPnPException) as refused:
        await asyncio.to_thread(getattr(player, service).send_command, action, args)
    assert refused.value.error_code == code


async def test_a_plain_soco_hears_events(house: Household) -> None:
    kitchen = house["Kitchen"]
    player = soco.SoCo(kitchen.address)
    await asyncio.to_thread(lambda: player.uid)  # else SoCo would ask for it in this thread
    heard: list[dict[str, Any]] = []
    soco.config.EVENTS_MODULE = events_asyncio
    soco.config.EVENT_LISTENER_IP = house.network.address(210)  # its port 1400 is free, unlike that of an address used before
    try:
        services = (player.avTransport, player.renderingControl, player.zoneGroupTopology)
        subscriptions = [await service.subscribe(requested_timeout=60) for service in services]
        for subscription in subscriptions:
            subscription.callback = lambda event: heard.append(event.variables)
        kitchen.by_hand(volume=44)
        await until(lambda: any(event.get("volume", {}).get("Master") == "44" for event in heard))
        kitchen.by_hand(playback="playing")
        await until(lambda: any(event.get("transport_state") == "PLAYING" for event in heard))
        kitchen.join(house["Bedroom"])
        await until(lambda: any("zone_group_state" in event for event in heard))
        await subscriptions[0].renew(requested_timeout=90)
        assert subscriptions[0].timeout == 90
        for subscription in subscriptions:
            await subscription.unsubscribe()
        assert not kitchen.events.subscriptions
    finally:
        await events_asyncio.event_listener.async_stop()
        if task := events_asyncio.event_listener._stop_grace_task:
            task.cancel()
        events_asyncio.event_listener.is_running = False
        soco.config.EVENTS_MODULE = soco.events
        soco.config.EVENT_LISTENER_IP = None


class Heard(asyncio.DatagramProtocol):
    """Keeps SSDP messages."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.search: Callable[[], None]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.messages.append(data.decode())


@pytest.fixture
async def heard() -> AsyncIterator[tuple[Network, Heard]]:
    """Ears of another machine on a network."""
    network = Network()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((network.address(200), 0))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
    transport, heard = await asyncio.get_running_loop().create_datagram_endpoint(Heard, sock=sock)
    search = f'M-SEARCH * HTTP/1.1\r\nHOST: {GROUP}:{PORT}\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: {ZONE_PLAYER}\r\n\r\n'
    heard.search = lambda: transport.sendto(search.encode(), (GROUP, PORT))
    yield network, heard
    transport.close()
    await network.close()


@pytest.fixture
async def announced(heard: tuple[Network, Heard]) -> AsyncIterator[VirtualSonos]:
    """A player that announces itself under a name that no other house on this machine has."""
    household = Household(heard[0])
    kitchen = household["Kitchen"]
    kitchen.name = f"Kitchen {heard[0].prefix.replace('.', '-')}"
    await kitchen.start()
    yield kitchen
    await kitchen.stop(goodbye=False)


async def test_a_player_is_found_by_ssdp(heard: tuple[Network, Heard], announced: VirtualSonos) -> None:
    heard[1].search()
    await until(lambda: any(announced.location in message for message in heard[1].messages))
    mine = next(message for message in heard[1].messages if announced.location in message)
    assert f"USN: uuid:{announced.uid}::{ZONE_PLAYER}" in mine
    assert f"X-RINCON-HOUSEHOLD: {announced.household.id}" in mine


async def test_a_player_is_found_by_mdns_wherever_it_moves(announced: VirtualSonos) -> None:
    for host in (12, 99):
        if announced.host != host:
            await announced.move(host)
        assert announced.address == announced.network.address(host)
        instance = f"{announced.uid}@{announced.name}._sonos._tcp.local."
        info = await announced.network.zeroconf.async_get_service_info("_sonos._tcp.local.", instance)
        assert info is not None
        assert info.parsed_addresses() == [announced.address]
        assert info.decoded_properties["location"] == announced.location


async def test_ids_are_the_same_in_every_house() -> None:
    one, other = Network(), Network()
    assert [player.uid for player in Household(one).players] == [player.uid for player in Household(other).players]
    assert Household(one).id != Household(other).id
    await one.close()
    await other.close()


# -- the skill


async def test_connects_with_identity_and_state(connect: Any) -> None:
    _, kitchen = await connect("Kitchen")
    assert (kitchen.id, kitchen.name, kitchen.area) == ("sonos-RINCON_949F3E0A1B0201400", "Kitchen", "Kitchen")
    assert (kitchen.maker, kitchen.model, kitchen.kind, kitchen.sort) == ("Sonos", "Sonos One", "player", "speaker")
    assert kitchen.state == {"playback": "stopped", "volume": 20, "muted": False, "title": "Rain on Tin"}
    assert {"join", "unjoin", "play_media", "set_volume"} <= set(kitchen.commands)


async def test_each_command_is_confirmed_by_the_player(house: Household, connect: Any) -> None:
    _, kitchen = await connect("Kitchen")
    for name, args, field, value in [
        ("play", {}, "playback", "playing"), ("next_track", {}, "title", "Paper Boats"),
        ("previous_track", {}, "title", "Rain on Tin"),
        ("pause", {}, "playback", "paused"), ("play", {}, "playback", "playing"), ("stop_playing", {}, "playback", "stopped"),
        ("set_volume", {"volume": 41}, "volume", 41), ("mute", {}, "muted", True), ("unmute", {}, "muted", False),
    ]:  # fmt: skip
        await getattr(kitchen, name)(**args)
        await kitchen.refresh()
        assert kitchen.state[field] == getattr(house["Kitchen"], field) == value, name


@pytest.mark.parametrize(
    ("media", "title"),
    [("something", "Rain on Tin"), ("", "Rain on Tin"), ("MORNING jazz", "Morning Jazz"), ("harbour", "Radio Harbour"),
     ("dinner", "Slow Simmer"), ("rainy", "Rain on Tin")],
)  # fmt: skip
async def test_plays_what_is_named(house: Household, connect: Any, media: str, title: str) -> None:
    _, kitchen = await connect("Kitchen")
    await kitchen.play_media(media)
    await kitchen.refresh()
    assert (kitchen.playback, kitchen.title) == ("playing", title)
    assert house["Kitchen"].queue[:3] == house["Bedroom"].queue  # what was queued is still there


async def test_something_is_the_first_favourite_when_nothing_is_loaded(house: Household, connect: Any) -> None:
    _, kitchen = await connect("Kitchen")
    house["Kitchen"].queue.clear()
    await kitchen.play_media("something")
    await kitchen.refresh()
    assert (kitchen.playback, kitchen.title) == ("playing", "Morning Jazz")
    await kitchen.pause()  # a station cannot pause, so it stops
    await kitchen.refresh()
    assert kitchen.playback == "stopped"


async def test_an_unknown_name_is_answered_with_the_known_ones(connect: Any) -> None:
    _, kitchen = await connect("Kitchen")
    with pytest.raises(DeviceError, match=r"no 'polka'; there is Morning Jazz, Rainy Evening, Radio Harbour, Dinner, Party"):
        await kitchen.play_media("polka")


async def test_refusals_are_sentences(house: Household, connect: Any) -> None:
    _, kitchen = await connect("Kitchen")
    with pytest.raises(DeviceError, match="no such track"):
        await kitchen.previous_track()
    house["Kitchen"].queue.clear()
    with pytest.raises(DeviceError, match="cannot do that now"):
        await kitchen.play()


async def test_a_change_by_hand_is_pushed(house: Household, connect: Any) -> None:
    _, kitchen = await connect("Kitchen")
    house["Kitchen"].by_hand(playback="playing", volume=30, muted=True, title="Somebody's\u202e Song\n")
    await until(lambda: kitchen.state == {"playback": "playing", "volume": 30, "muted": True, "title": "Somebody's Song"})


async def test_buffering_is_not_called_playing_before_it_plays(house: Household, connect: Any) -> None:
    _, kitchen = await connect("Kitchen")
    house["Kitchen"].buffering = True
    await kitchen.play()
    await kitchen.refresh()
    assert kitchen.playback == "stopped"
    house["Kitchen"].by_hand(playback="playing")
    await until(lambda: kitchen.playback == "playing")


async def test_a_member_follows_its_coordinator(house: Household, connect: Any) -> None:
    _, kitchen = await connect("Kitchen")
    await kitchen.join("living room")
    assert house["Kitchen"].coordinator is house["Living Room"]
    house["Living Room"].by_hand(playback="playing", title="Together")
    await until(lambda: (kitchen.playback, kitchen.title) == ("playing", "Together"))
    await until(lambda: len(house["Living Room"].events.subscriptions) == 1)
    await kitchen.set_volume(55)
    await kitchen.pause()
    assert (house["Living Room"].playback, house["Living Room"].volume, house["Kitchen"].volume) == ("paused", 20, 55)
    await kitchen.unjoin()
    assert house["Kitchen"].coordinator is house["Kitchen"]
    await until(lambda: not house["Living Room"].events.subscriptions)
    with pytest.raises(DeviceError, match="no other player 'Attic'; there is Living Room, Bedroom"):
        await kitchen.join("Attic")


async def test_a_coordinator_that_left_does_not_play_for_its_former_group(house: Household, connect: Any) -> None:
    living, kitchen, bedroom = (house[name] for name in ("Living Room", "Kitchen", "Bedroom"))
    kitchen.join(living)
    bedroom.join(living)
    _, device = await connect("Bedroom")
    kitchen.events.forget()
    bedroom.events.forget()  # it does not even hear of it
    assert living.leave_group() is kitchen
    await device.play()
    await device.refresh()
    assert (kitchen.playback, living.playback, device.playback) == ("playing", "stopped", "playing")


async def test_a_player_that_forgot_us_is_subscribed_again(house: Household, connect: Any) -> None:
    connection, kitchen = await connect("Kitchen")
    house["Kitchen"].reboot()
    house["Kitchen"].by_hand(volume=77)
    assert not house["Kitchen"].events.subscriptions
    assert kitchen.volume == 20
    connection.clock.advance(60)
    await until(lambda: len(house["Kitchen"].events.subscriptions) == 3 and kitchen.volume == 77)
    house["Kitchen"].by_hand(volume=78)
    await until(lambda: kitchen.volume == 78)


async def test_three_failed_polls_end_the_connection(house: Household, connect: Any) -> None:
    connection, kitchen = await connect("Kitchen")
    await house["Kitchen"].stop(goodbye=False)
    connection.clock.advance(60)
    await until(lambda: not kitchen.online)
    assert kitchen.trouble == "it does not answer"

    def on() -> bool:
        connection.clock.advance(5)
        return connection.task.done()

    await until(on)
    with pytest.raises(DeviceError, match="does not answer"):
        await connection.task


async def test_a_player_that_comes_back_is_online_again(house: Household, connect: Any) -> None:
    connection, kitchen = await connect("Kitchen")
    await house["Kitchen"].stop(goodbye=False)
    connection.clock.advance(60)
    await until(lambda: not kitchen.online)
    await house["Kitchen"].start()

    def back() -> bool:
        connection.clock.advance(5)
        return bool(kitchen.online and len(house["Kitchen"].events.subscriptions) == 3)

    await until(back)


async def test_a_player_that_vanishes_in_mid_command_is_an_error_and_closes_at_once(house: Household, connect: Any) -> None:
    connection, kitchen = await connect("Kitchen")
    house["Kitchen"].faults.slow = 3.0
    before = house["Kitchen"].requests
    play = asyncio.create_task(kitchen.play())
    await until(lambda: house["Kitchen"].requests > before)
    await house["Kitchen"].stop(goodbye=False)
    with pytest.raises(DeviceError, match="does not answer"):
        await play
    async with asyncio.timeout(1):
        await connection.close()


@pytest.mark.parametrize("garbage", [b"\x00\xff not xml", b"<a/>", b"", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"])
async def test_garbage_is_an_error_for_people(house: Household, connect: Any, garbage: bytes) -> None:
    _, kitchen = await connect("Kitchen")
    house["Kitchen"].faults.garbage = garbage
    for act in (kitchen.play, kitchen.refresh, lambda: kitchen.play_media("jazz")):
        with pytest.raises(DeviceError, match="it answered"):
            await act()
    assert kitchen.state["volume"] == 20


async def test_an_answer_without_end_is_cut(house: Household, connect: Any) -> None:
    _, kitchen = await connect("Kitchen")
    house["Kitchen"].faults.garbage = b"<a>" + b"x" * 10_000_000
    with pytest.raises(DeviceError, match="more than 1 MiB"):
        await kitchen.set_volume(30)


async def test_what_a_player_only_claims_to_have_done_is_not_in_its_state(house: Household, connect: Any) -> None:
    _, kitchen = await connect("Kitchen")
    house["Kitchen"].faults.lies = True
    await kitchen.play()
    await kitchen.set_volume(90)
    await kitchen.refresh()
    assert (kitchen.playback, kitchen.volume) == ("stopped", 20)


async def test_something_else_at_the_address_is_not_connected(house: Household, tmp_path: Path) -> None:
    house["Kitchen"].faults.garbage = b"<html/>"
    with pytest.raises(DeviceError, match="not describe itself as a Sonos"):
        await Connection(house["Kitchen"], tmp_path).device()
    connection = Connection(house["Kitchen"], tmp_path)
    connection.found = Found("static", "", "", "8.8.8.8", 1400, "")
    with pytest.raises(DeviceError, match="private IPv4"):
        await connection.device()


async def test_the_hidden_half_of_a_pair_is_no_device(house: Household, tmp_path: Path) -> None:
    house["Kitchen"].invisible = True
    connection = Connection(house["Kitchen"], tmp_path)
    await until(lambda: connection.clock._sleepers)
    assert not connection.devices
    house["Kitchen"].invisible = False
    connection.clock.advance(60)
    assert isinstance(await connection.device(), Device)
    await connection.close()


async def test_closing_leaves_no_thread_socket_or_subscription(house: Household, connect: Any) -> None:
    threads, files = threading.active_count(), _sockets()
    connection, kitchen = await connect("Kitchen")
    await kitchen.play()
    await connection.close()
    assert not house["Kitchen"].events.subscriptions
    assert threading.active_count() == threads
    await until(lambda: _sockets() <= files)


async def test_a_stranger_cannot_push(house: Household, connect: Any) -> None:
    _, kitchen = await connect("Kitchen")
    await until(lambda: not kitchen.events.news.is_set() and not kitchen.reading.locked())
    before = house["Kitchen"].requests
    port = re.search(r":(\d+)/", kitchen.events.callback)
    assert port is not None
    for path in (b"/guess", b"/", b"/MediaRenderer/AVTransport/Event"):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port[1]))
        writer.write(b"NOTIFY " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"404" in await reader.readline()
        writer.close()
        await writer.wait_closed()
    assert not kitchen.events.news.is_set()
    assert house["Kitchen"].requests == before


def _sockets() -> int:
    return sum(1 for link in Path("/proc/self/fd").iterdir() if _target(link).startswith("socket:"))


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""
