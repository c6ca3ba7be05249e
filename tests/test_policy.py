"""The safety table for the owner, row by row, on devices of every kind; no device is driven here."""

from typing import Any

import pytest

from claw import capabilities as can
from claw.call import ToolCall
from claw.clock import ManualClock
from claw.config import ConfigError
from claw.device import Capability, Device, Safety, command
from claw.events import Events
from claw.house import House
from claw.policy import Policy, raised
from claw.store import Store
from claw.turns.acting import Outcome
from claw.turns.replies import told, wanted

ALLOW, CONFIRM, REFUSE = "allow", "confirm", "refuse"


class Lock(Device, can.Lock):
    kind = "lock"


class Door(Device, can.Door):
    kind, sort = "door", "garage"


class Thermostat(Device, can.Thermostat):
    kind = "thermostat"


class Heater(Device, can.Power, can.Target):
    kind = "heater"


class Plug(Device, can.Power):
    kind, sort = "switch", "plug"


class Lamp(Device, can.Power, can.Brightness, can.ColorTemperature):
    kind = "light"


class Shade(Device, can.Position, can.Tilt):
    kind = "shade"


class Player(Device, can.Player, can.Volume):
    kind = "player"


class Valve(Device, can.Valve):
    kind = "valve"


class Alarm(Device, can.Alarm):
    kind = "alarm"


class Groceries(Device, can.ListItems):
    kind = "list"


class Camera(Device, can.Camera, can.Power):
    kind = "camera"


class Fan(Device, can.Power):
    kind = "fan"


class Spa(Device, can.Thermostat):
    """A heater with modes."""

    kind = "heater"


class Pump(Capability):
    @command()
    async def dose(self, levels: list[int], water_hardness: int = 0) -> None:
        """Dose it."""


class Doser(Device, Pump):
    kind = "switch"


class Firmware(Capability):
    @command()
    async def firmware_update(self) -> None:
        """Update it."""


class Gadget(Device, can.Power, Firmware):
    kind = "switch"


class Meek(Device, can.Lock):
    """Its author thinks that unlocking is harmless."""

    kind = "lock"

    @command(Safety.ACT)
    async def unlock(self) -> None:
        """Unlock it."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def house(clock: ManualClock) -> House:
    return House(Store(None), Events(), clock)


@pytest.fixture
def policy(house: House, clock: ManualClock) -> Policy:
    return Policy(house, clock)


def put(house: House, kind: type[Device], name: str = "Thing", sort: str = "", **state: Any) -> Device:
    device = kind(f"id-{name}", name, sort=sort)
    house.adopt(device, skill="test")
    device.update(**state)
    return device


TABLE: list[tuple[type[Device], str, str, str, dict[str, Any], str]] = [  # kind, name, sort, command, args, ruling
    # thermostats: 16 to 28 free, outside asks, never outside 5 to 35
    *((Thermostat, "Heating", "", "set_target", {"target": t}, r) for t, r in (
        (4.9, REFUSE), (5.0, CONFIRM), (15.9, CONFIRM), (16.0, ALLOW), (21.5, ALLOW), (28.0, ALLOW), (28.1, CONFIRM), (35.0, CONFIRM),
        (35.1, REFUSE), (-40.0, REFUSE), (130.0, REFUSE))),
    (Thermostat, "Heating", "", "set_mode", {"mode": "off"}, ALLOW),
    (Thermostat, "Heating", "", "set_mode", {"mode": "heat"}, ALLOW),
    (Thermostat, "Space Heater", "space heater", "set_mode", {"mode": "heat"}, CONFIRM),
    (Thermostat, "Space Heater", "space heater", "set_mode", {"mode": "off"}, ALLOW),
    # pools, spas, saunas, water
    *((Heater, "Pool", "pool", "set_target", {"target": t}, r) for t, r in ((32.0, ALLOW), (32.5, CONFIRM), (40.0, CONFIRM), (40.5, REFUSE))),
    *((Heater, "Spa", "spa", "set_target", {"target": t}, r) for t, r in ((38.0, ALLOW), (40.0, ALLOW), (40.1, REFUSE))),
    *((Heater, "Hot Tub", "hot tub", "set_target", {"target": t}, r) for t, r in ((40.0, ALLOW), (41.0, REFUSE))),
    *((Heater, "Sauna", "sauna", "set_target", {"target": t}, r) for t, r in ((90.0, ALLOW), (100.0, ALLOW), (101.0, REFUSE))),
    *((Heater, "Boiler", "", "set_target", {"target": t}, r) for t, r in ((65.0, ALLOW), (65.5, REFUSE))),
    *((Heater, "Shower", "shower", "set_target", {"target": t}, r) for t, r in ((45.0, ALLOW), (46.0, REFUSE))),
    (Heater, "My Spa", "", "set_target", {"target": 41.0}, REFUSE),  # the owner's name says what it is
    # what burns, also behind a plug: on asks, off does not
    *((kind, name, sort, "turn_on", {}, CONFIRM) for kind, name, sort in (
        (Plug, "Oven", ""), (Plug, "Iron", "plug"), (Plug, "Thing", "oven"), (Plug, "Garage Space Heater", ""), (Heater, "Fireplace", ""),
        (Plug, "Laundry Iron", "plug"))),
    *((kind, name, sort, "turn_off", {}, ALLOW) for kind, name, sort in ((Plug, "Oven", ""), (Heater, "Fireplace", ""), (Plug, "T", "oven"))),
    (Plug, "Environment", "", "turn_on", {}, ALLOW),  # "iron" is no word of it
    (Plug, "Fireplace Lamp", "plug", "turn_on", {}, ALLOW),
    (Lamp, "Fireplace Light", "", "set_brightness", {"brightness": 40}, ALLOW),
    (Lamp, "Oven", "", "set_brightness", {"brightness": 0}, ALLOW),
    *((Plug, name, "", "turn_on", {}, CONFIRM) for name in (
        "Oven-plug", "Kitchen (oven)", "Space-heater", "Electric heater", "Cooker", "Hob", "Toaster_oven", "Ovens")),
    (Fan, "Fan heater", "space heater", "turn_on", {}, CONFIRM),
    (Fan, "Cooker Hood", "", "turn_on", {}, ALLOW),
    (Plug, "Oven Lamp", "oven", "turn_on", {}, CONFIRM),  # its sort says what it is
    (Lamp, "Fireplace Lamp", "lamp", "turn_on", {}, ALLOW),
    (Heater, "Sauna Shower", "shower", "set_target", {"target": 90.0}, REFUSE),  # the tightest of all words
    *((Heater, name, "", "set_target", {"target": 41.0}, REFUSE) for name in ("Jacuzzi", "Hot-tub", "Whirlpool", "Jacuzzi sauna")),
    # gas, firmware
    (Valve, "Gas Valve", "", "open_valve", {}, REFUSE),
    (Valve, "Kitchen", "gas", "open_valve", {}, REFUSE),
    (Valve, "Gas Valve", "", "close_valve", {}, ALLOW),
    (Plug, "Gas-hob", "", "turn_on", {}, REFUSE),
    (Plug, "Gas Hob", "", "turn_on", {}, REFUSE),
    (Valve, "Gas Hob", "", "open_valve", {}, REFUSE),
    (Valve, "Gas Hob", "", "close_valve", {}, ALLOW),
    (Plug, "Chlorinator", "", "turn_on", {}, REFUSE),
    (Gadget, "Gadget", "", "firmware_update", {}, REFUSE),
    # who gets in
    (Lock, "Front Door", "", "lock", {}, ALLOW),
    (Lock, "Front Door", "", "unlock", {}, CONFIRM),
    (Meek, "Back Door", "", "unlock", {}, CONFIRM),  # a skill cannot lower it
    (Door, "Garage", "garage", "open_door", {}, CONFIRM),
    (Door, "Garage", "garage", "close_door", {}, ALLOW),
    *((Shade, name, sort, "open", {}, CONFIRM) for name, sort in (
        ("Garage door", ""), ("Garage", ""), ("Drive", "garage"), ("Drive", "gate"), ("Driveway-gate", ""), ("Garage doors", ""))),
    (Shade, "Gate", "", "set_position", {"position": 1}, CONFIRM),
    (Shade, "Gate", "", "set_position", {"position": 0}, ALLOW),
    (Shade, "Gate", "", "close", {}, ALLOW),
    (Shade, "Garage Blind", "blind", "open", {}, ALLOW),
    *((Plug, name, sort, "turn_on", {}, CONFIRM) for name, sort in (
        ("Driveway gate", ""), ("Garage door opener", ""), ("Relay 2", "garage"))),
    (Plug, "Driveway gate", "", "turn_off", {}, ALLOW),
    (Plug, "Garage", "plug", "turn_on", {}, ALLOW),
    (Plug, "Gate Light", "", "turn_on", {}, ALLOW),
    (Lamp, "Garage Door", "", "turn_on", {}, ALLOW),
    (Thermostat, "Garage Door", "", "set_mode", {"mode": "heat"}, ALLOW),
    (Alarm, "Alarm", "", "arm", {}, ALLOW),
    (Alarm, "Alarm", "", "arm", {"mode": "night"}, ALLOW),
    (Alarm, "Alarm", "", "disarm", {}, CONFIRM),
    (Camera, "Porch", "", "snapshot", {}, ALLOW),
    (Camera, "Porch", "", "turn_off", {}, CONFIRM),
    (Camera, "Porch", "", "turn_on", {}, ALLOW),
    # comfort
    (Lamp, "Lamp", "", "turn_on", {}, ALLOW),
    (Plug, "Fan Plug", "", "turn_on", {}, ALLOW),
    (Valve, "Garden Water", "", "open_valve", {}, ALLOW),
    (Player, "Speaker", "", "set_volume", {"volume": 100}, ALLOW),
    (Shade, "Shade", "", "close", {}, ALLOW),
    # what makes no sense
    *((Lamp, "Lamp", "", "set_brightness", args, REFUSE) for args in (
        {"brightness": 101}, {"brightness": -1}, {"brightness": True}, {"brightness": float("nan")}, {"brightness": float("inf")},
        {"brightness": "50"}, {"brightness": None}, {}, {"brightness": 50, "force": True}, {"level": 50})),
    *((Thermostat, "Heating", "", "set_target", args, REFUSE) for args in (
        {"target": float("nan")}, {"target": True}, {"target": "21"}, {"target": 21.0, "really": 1}, {"target": 10**30})),
    (Lamp, "Lamp", "", "turn_on", {"color": "red"}, REFUSE),
    (Lamp, "Lamp", "", "unlock", {}, REFUSE),
    (Lamp, "Lamp", "", "__init__", {}, REFUSE),
    (Alarm, "Alarm", "", "arm", {"mode": "disarmed"}, REFUSE),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "sort", "command", "args", "ruling"), TABLE, ids=str)
def test_the_table(
    house: House, policy: Policy, kind: type[Device], name: str, sort: str, command: str, args: dict[str, Any], ruling: str
) -> None:
    assert policy.verdict(put(house, kind, name, sort), command, args).ruling == ruling


@pytest.mark.parametrize("row", [row for row in TABLE if row[-1] != CONFIRM], ids=str)
def test_an_approval_changes_only_what_asks(house: House, policy: Policy, row: Any) -> None:
    kind, name, sort, command, args, ruling = row
    device = put(house, kind, name, sort)
    assert [verdict.ruling for _, verdict in policy.judge(ToolCall(command, (device.id,), args), approved=True)] == [ruling]


def test_a_refusal_is_a_sentence_for_people(house: House, policy: Policy) -> None:
    heating, lamp = put(house, Thermostat, "Heating"), put(house, Lamp, "Lamp")
    assert policy.verdict(heating, "set_target", {"target": 50.0}).reason == "50 °C is outside of what is safe (5 to 35 °C)"
    assert "nan" in policy.verdict(heating, "set_target", {"target": float("nan")}).reason
    assert policy.verdict(lamp, "open_door", {}).reason == "it cannot open door"


def test_one_call_is_split_by_verdict(house: House, policy: Policy) -> None:
    lamp, oven, hob = put(house, Plug, "Lamp"), put(house, Plug, "Oven"), put(house, Plug, "Gas Hob")
    parts = policy.judge(ToolCall("turn_on", (lamp.id, oven.id, hob.id)))
    assert [(part.targets, verdict.ruling) for part, verdict in parts] == [
        ((lamp.id,), ALLOW), ((oven.id,), CONFIRM), ((hob.id,), REFUSE),
    ]  # fmt: skip


def test_an_alias_is_a_word_too(house: House, policy: Policy) -> None:
    plug = put(house, Plug, "Plug 3")
    assert policy.verdict(plug, "turn_on", {}).ruling == ALLOW
    house.describe(plug.id, aliases=["oven"])
    assert policy.verdict(plug, "turn_on", {}).ruling == CONFIRM


def test_the_owner_cannot_make_an_oven_a_plug(house: House, policy: Policy) -> None:
    oven = put(house, Plug, "Thing", "oven")
    house.describe(oven.id, name="Plug", sort="plug")
    assert policy.verdict(oven, "turn_on", {}).ruling == CONFIRM


def test_a_gate_opens_from_where_it_is_or_goes(house: House, policy: Policy) -> None:
    gate = put(house, Shade, "Gate", position=60)
    assert policy.verdict(gate, "set_position", {"position": 61}).ruling == CONFIRM
    assert policy.verdict(gate, "set_position", {"position": 40}).ruling == ALLOW
    gate.update(target_position=0)
    assert policy.verdict(gate, "set_position", {"position": 40}).ruling == CONFIRM


def test_what_runs_is_what_was_judged(house: House, policy: Policy) -> None:
    lamp = put(house, Lamp, "Lamp")
    [(call, _)] = policy.judge(ToolCall("set_brightness", (lamp.id,), {"brightness": 49.6}))
    assert repr(call.args) == "{'brightness': 50}"


def test_what_needs_a_yes_asks_before_it_is_put_off(house: House, policy: Policy, clock: ManualClock) -> None:
    fire = put(house, Thermostat, "Fireplace", mode="off")
    policy.note(fire, "turn_on", {})
    wish = ToolCall("turn_on", (fire.id,))
    assert [verdict.ruling for _, verdict in policy.judge(wish)] == [CONFIRM]
    assert [verdict.ruling for _, verdict in policy.judge(wish, approved=True)] == ["later"]
    clock.advance(600)
    assert [verdict.ruling for _, verdict in policy.judge(wish, approved=True)] == [ALLOW]


# -- what a question names


def test_a_question_names_every_device_and_every_argument(house: House) -> None:
    plugs = [put(house, Plug, name) for name in ("Lamp", "Pump", "Oven", "Iron", "Grill", "Kettle")]
    every = "turn on the lamp, the Pump, the oven, the iron, the Grill and the kettle"
    assert wanted(house, ToolCall("turn_on", tuple(plug.id for plug in plugs))) == every
    doser = put(house, Doser, "Doser")
    call = ToolCall("dose", (doser.id,), {"levels": [1, 2], "water_hardness": 3})
    assert wanted(house, call) == "dose the Doser (levels [1, 2], water hardness 3)"
    shade = put(house, Shade, "Shade")
    assert wanted(house, ToolCall("set_position", (shade.id,), {"position": 100})) == "open the shade"


def test_a_list_that_reports_nothing_back_was_only_told(house: House) -> None:
    groceries = put(house, Groceries, "Groceries")
    for order, said in (("add_item", "add"), ("tick_item", "tick off"), ("remove_item", "remove")):
        call = ToolCall(order, (groceries.id,), {"item": "milk"})
        assert told(house, call, {groceries.id: Outcome("done")}) == f"The Groceries was told to {said} milk."


# -- rates


def test_a_shade_moves_six_times_a_minute_and_stops_without_limit(house: House, policy: Policy, clock: ManualClock) -> None:
    shade = put(house, Shade)
    for position in range(6):
        assert policy.verdict(shade, "set_position", {"position": position}).ruling == ALLOW
        policy.note(shade, "set_position", {"position": position})
    assert policy.verdict(shade, "close", {}).ruling == REFUSE
    assert policy.verdict(shade, "set_tilt", {"tilt": 5}).ruling == REFUSE
    assert "give it a rest" in policy.verdict(shade, "open", {}).reason
    assert all(policy.verdict(shade, "stop", {}).ruling == ALLOW for _ in range(100))
    clock.advance(60)
    assert policy.verdict(shade, "close", {}).ruling == ALLOW


def test_what_acts_unasked_gives_a_motor_a_minute_and_thirty_moves_a_day(
    house: House, policy: Policy, clock: ManualClock
) -> None:
    shade = put(house, Shade)
    for position in range(30):
        assert policy.verdict(shade, "set_position", {"position": position}, unasked=True).ruling == ALLOW
        policy.note(shade, "set_position", {"position": position})
        assert "less than a minute ago" in policy.verdict(shade, "open", {}, unasked=True).reason
        assert policy.verdict(shade, "open", {}).ruling == ALLOW  # a person may
        clock.advance(60)
    assert "30 times in the last day" in policy.verdict(shade, "open", {}, unasked=True).reason
    assert policy.verdict(shade, "open", {}).ruling == ALLOW
    assert policy.verdict(shade, "stop", {}, unasked=True).ruling == ALLOW
    clock.advance(86400 - 30 * 60)
    assert policy.verdict(shade, "open", {}, unasked=True).ruling == ALLOW


def test_one_shade_does_not_count_for_another(house: House, policy: Policy) -> None:
    one, other = put(house, Shade, "One"), put(house, Shade, "Other")
    for _ in range(6):
        policy.note(one, "open", {})
    assert policy.verdict(other, "open", {}).ruling == ALLOW


def test_a_compressor_rests_ten_minutes_between_starts(house: House, policy: Policy, clock: ManualClock) -> None:
    ac = put(house, Thermostat, "Air Conditioner", mode="off")
    assert policy.verdict(ac, "turn_on", {}).ruling == ALLOW
    policy.note(ac, "turn_on", {})
    ac.update(mode="cool")
    assert policy.verdict(ac, "set_target", {"target": 22.0}).ruling == ALLOW
    assert policy.verdict(ac, "set_mode", {"mode": "heat"}).ruling == ALLOW  # running already
    ac.update(mode="off")
    clock.advance(240)
    later = policy.verdict(ac, "set_mode", {"mode": "cool"})
    assert (later.ruling, later.due) == ("later", clock.time() + 360)
    assert policy.verdict(ac, "turn_off", {}).ruling == ALLOW
    clock.advance(360)
    assert policy.verdict(ac, "turn_on", {}).ruling == ALLOW


@pytest.mark.parametrize(("sort", "hours"), [("spa", 4), ("hot tub", 4), ("sauna", 3), ("pool", 48), ("", 0)])
def test_leases(house: House, policy: Policy, sort: str, hours: int) -> None:
    heater = put(house, Heater, "Warm Thing", sort)
    assert policy.lease(heater, "turn_on") == hours * 3600
    assert policy.lease(heater, "turn_off") == 0


@pytest.mark.parametrize(
    ("kind", "name", "sort", "command", "hours"),
    [
        (Plug, "Sauna", "", "turn_on", 3), (Plug, "Thing", "hot tub", "turn_on", 4), (Plug, "Hot-tub", "", "turn_on", 4),
        (Plug, "Jacuzzi", "plug", "turn_on", 4), (Plug, "Pool Heater", "", "turn_on", 48), (Plug, "Pool Pump", "", "turn_on", 0),
        (Plug, "Sauna Light", "", "turn_on", 0), (Plug, "Sauna", "", "turn_off", 0), (Lamp, "Sauna", "", "turn_on", 0),
        (Spa, "Spa", "spa", "set_mode", 4), (Spa, "Spa", "spa", "turn_on", 4), (Heater, "Spa", "pool", "set_target", 4),
    ],
)  # fmt: skip
def test_leases_by_words(
    house: House, policy: Policy, kind: type[Device], name: str, sort: str, command: str, hours: int
) -> None:
    assert policy.lease(put(house, kind, name, sort), command) == hours * 3600


def test_a_mode_that_is_off_has_no_lease(house: House, policy: Policy) -> None:
    assert policy.lease(put(house, Spa, "Spa", "spa"), "set_mode", {"mode": "off"}) == 0


# -- the owner's config


def test_config_raises_and_never_lowers(house: House, clock: ManualClock) -> None:
    policy = Policy(house, clock, raised(["turn_on", "unlock"], ["open_door"]))
    assert policy.verdict(put(house, Lamp, "Lamp"), "turn_on", {}).ruling == CONFIRM
    assert policy.verdict(put(house, Lock, "Lock"), "unlock", {}).ruling == CONFIRM
    assert policy.verdict(put(house, Door, "Door"), "open_door", {}).ruling == REFUSE
    assert policy.verdict(put(house, Plug, "Gas Hob"), "turn_on", {}).ruling == REFUSE


def test_a_command_that_does_not_exist_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match='there is no command "unlok"; did you mean "unlock"'):
        raised(["unlok"], [])


ROLES = [  # who, device, command, args, ruling
    ("child", Lock(id="1", name="Front Door"), "unlock", {}, CONFIRM),
    ("child", Lock(id="1", name="Front Door"), "lock", {}, ALLOW),
    ("child", Lamp(id="1", name="Lamp"), "turn_on", {}, ALLOW),
    ("child", Player(id="1", name="Radio"), "set_volume", {"volume": 60}, ALLOW),
    ("guest", Player(id="1", name="Radio"), "set_volume", {"volume": 61}, CONFIRM),
    ("adult", Player(id="1", name="Radio"), "set_volume", {"volume": 100}, ALLOW),
    ("child", Thermostat(id="1", name="Thermostat"), "set_target", {"target": 24}, ALLOW),
    ("guest", Thermostat(id="1", name="Thermostat"), "set_target", {"target": 17.5}, CONFIRM),
    ("adult", Thermostat(id="1", name="Thermostat"), "set_target", {"target": 17.5}, ALLOW),
    ("child", Heater(id="1", name="Pool"), "turn_on", {}, CONFIRM),
    ("child", Heater(id="1", name="Hot Tub"), "set_target", {"target": 36}, CONFIRM),
    ("guest", Heater(id="1", name="Pool"), "turn_on", {}, REFUSE),
    ("guest", Heater(id="1", name="Pool"), "turn_off", {}, ALLOW),
    ("child", Heater(id="1", name="Sauna"), "turn_on", {}, REFUSE),
    ("child", Heater(id="1", name="Water Heater"), "set_target", {"target": 50}, REFUSE),
    ("child", Plug(id="1", name="Space Heater"), "turn_on", {}, REFUSE),
    ("child", Plug(id="1", name="Space Heater"), "turn_off", {}, ALLOW),
    ("child", Plug(id="1", name="Pool Pump"), "turn_on", {}, ALLOW),
    ("adult", Plug(id="1", name="Space Heater"), "turn_on", {}, CONFIRM),
    ("somebody", Heater(id="1", name="Sauna"), "turn_on", {}, REFUSE),
]


@pytest.mark.parametrize(("person", "device", "command", "args", "ruling"), ROLES)
def test_a_role_may_what_its_column_says(person: str, device: Device, command: str, args: dict[str, Any], ruling: str) -> None:
    clock = ManualClock()
    house = House(Store(None), Events(), clock)
    house.adopt(device, skill="test")
    policy = Policy(house, clock)
    ((_, verdict),) = policy.judge(ToolCall(command, (device.id,), args), person=person)
    assert verdict.ruling == ruling
