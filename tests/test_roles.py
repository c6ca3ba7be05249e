"""The safety table, every cell for every role; and the limits that a person may have beside the role."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simulated_house import SmallHouse
from test_policy import (
    ALLOW,
    CONFIRM,
    REFUSE,
    Alarm,
    Camera,
    Door,
    Fan,
    Gadget,
    Groceries,
    Heater,
    Lamp,
    Lock,
    Player,
    Plug,
    Shade,
    Thermostat,
    Valve,
)

from claw import capabilities as can
from claw.call import ToolCall
from claw.clock import ManualClock
from claw.config import ConfigError, parse
from claw.device import Device
from claw.events import Events
from claw.house import Area, House
from claw.people.people import People, Person
from claw.policy import Policy
from claw.roles import ROLES, sight, stand_in
from claw.store import Store

ROLE_ORDER = ("owner", "adult", "child", "guest", "nobody")
A, C, R = ALLOW, CONFIRM, REFUSE


class Robot(Device, can.Vacuum):
    kind = "vacuum"


class Gate(Device, can.Position):
    kind, sort = "shade", "gate"


# device, its name and state, command, arguments, and the ruling for owner, adult, child and guest
Row = tuple[type[Device], str, dict[str, Any], str, dict[str, Any], str]
TABLE: list[Row] = [
    (Lamp, "Lamp", {}, "turn_on", {}, "AAAA"),
    (Lamp, "Lamp", {}, "set_brightness", {"brightness": 10}, "AAAA"),
    (Fan, "Fan", {}, "turn_on", {}, "AAAA"),
    (Plug, "Plug", {}, "turn_on", {}, "AAAA"),
    (Valve, "Garden Tap", {}, "open_valve", {}, "AAAA"),
    (Robot, "Robot", {}, "start", {}, "AAAA"),
    (Groceries, "Shopping", {}, "add_item", {"item": "milk"}, "AAAA"),
    (Player, "Radio", {}, "play", {}, "AAAA"),
    (Player, "Radio", {}, "set_volume", {"volume": 60}, "AAAA"),
    (Player, "Radio", {}, "set_volume", {"volume": 61}, "AACC"),
    (Shade, "Shade", {}, "open", {}, "AAAA"),
    (Shade, "Shade", {}, "stop", {}, "AAAA"),
    (Thermostat, "Heating", {}, "set_target", {"target": 4.9}, "RRRR"),
    (Thermostat, "Heating", {}, "set_target", {"target": 5}, "CCCC"),
    (Thermostat, "Heating", {}, "set_target", {"target": 16}, "AACC"),
    (Thermostat, "Heating", {}, "set_target", {"target": 18}, "AAAA"),
    (Thermostat, "Heating", {}, "set_target", {"target": 24}, "AAAA"),
    (Thermostat, "Heating", {}, "set_target", {"target": 28}, "AACC"),
    (Thermostat, "Heating", {}, "set_target", {"target": 28.5}, "CCCC"),
    (Thermostat, "Heating", {}, "set_target", {"target": 35.5}, "RRRR"),
    (Heater, "Pool", {}, "turn_on", {}, "AACR"),
    (Heater, "Pool", {}, "set_target", {"target": 32}, "AACR"),
    (Heater, "Pool", {}, "set_target", {"target": 33}, "CCCR"),
    (Heater, "Pool", {}, "set_target", {"target": 41}, "RRRR"),
    (Heater, "Pool", {}, "turn_off", {}, "AAAA"),
    (Heater, "Spa", {}, "set_target", {"target": 40}, "AACR"),
    (Heater, "Spa", {}, "set_target", {"target": 41}, "RRRR"),
    (Heater, "Water Heater", {}, "set_target", {"target": 65}, "AARR"),
    (Heater, "Water Heater", {}, "set_target", {"target": 66}, "RRRR"),
    (Heater, "Shower", {}, "set_target", {"target": 45}, "AARR"),
    (Heater, "Shower", {}, "set_target", {"target": 46}, "RRRR"),
    (Heater, "Sauna", {}, "set_target", {"target": 100}, "AARR"),
    (Heater, "Sauna", {}, "set_target", {"target": 101}, "RRRR"),
    (Plug, "Oven", {}, "turn_on", {}, "CCRR"),
    (Plug, "Iron", {}, "turn_on", {}, "CCRR"),
    (Plug, "Fireplace", {}, "turn_on", {}, "CCRR"),
    (Plug, "Space Heater", {}, "turn_on", {}, "CCRR"),
    (Plug, "Space Heater", {}, "turn_off", {}, "AAAA"),
    (Lock, "Front Door", {}, "lock", {}, "AAAA"),
    (Door, "Garage Door", {}, "close_door", {}, "AAAA"),
    (Gate, "Gate", {"position": 50}, "close", {}, "AAAA"),
    (Alarm, "Alarm", {}, "arm", {"mode": "away"}, "AAAA"),
    (Lock, "Front Door", {}, "unlock", {}, "CCCC"),
    (Door, "Garage Door", {}, "open_door", {}, "CCCC"),
    (Gate, "Gate", {"position": 0}, "open", {}, "CCCC"),
    (Alarm, "Alarm", {}, "disarm", {}, "CCCC"),
    (Camera, "Porch", {}, "turn_off", {}, "CCCC"),
    (Camera, "Porch", {}, "snapshot", {}, "AARR"),
    (Plug, "Gas Hob", {}, "turn_on", {}, "RRRR"),
    (Valve, "Gas Valve", {}, "open_valve", {}, "RRRR"),
    (Gadget, "Gadget", {}, "firmware_update", {}, "RRRR"),
]
CELLS = [
    pytest.param(row, role, {"A": A, "C": C, "R": R}[(row[5] + "R")[n]], id=f"{role} {row[3]} {row[1]} {row[4] or ''}")
    for row in TABLE
    for n, role in enumerate(ROLE_ORDER)
]


def policy_for(*devices: Device, people: People | None = None, areas: tuple[str, ...] = ()) -> Policy:
    clock = ManualClock()
    house = House(Store(None), Events(), clock)
    for area in areas:
        house.add_area(Area(area))
    for device in devices:
        house.adopt(device, skill="test")
    return Policy(house, clock, None, people.get if people else stand_in)


def ruling(policy: Policy, device: Device, command: str, args: dict[str, Any], person: str, *, approved: bool = False) -> str:
    ((_, verdict),) = policy.judge(ToolCall(command, (device.id,), args), person=person, approved=approved)
    return verdict.ruling


@pytest.mark.parametrize(("row", "role", "expected"), CELLS)
def test_the_table(row: Row, role: str, expected: str) -> None:
    kind, name, state, command, args, _ = row
    device = kind(id="1", name=name)
    device.update(**state)
    assert ruling(policy_for(device), device, command, args, role) == expected


@pytest.mark.parametrize(("row", "role", "expected"), CELLS)
def test_a_yes_helps_only_where_it_is_asked_for(row: Row, role: str, expected: str) -> None:
    kind, name, state, command, args, _ = row
    device = kind(id="1", name=name)
    device.update(**state)
    assert ruling(policy_for(device), device, command, args, role, approved=True) == (R if expected == R else A)


def test_the_table_has_every_role() -> None:
    assert {*ROLES, "nobody"} == set(ROLE_ORDER)
    assert all(len(row[5]) == len(ROLES) for row in TABLE)


# what of the camera, the memory and the ledger each role sees, and what is granted beyond it
SEEN = [
    ("owner", (), "all", "all", "all"), ("adult", (), "all", "common", "all"), ("child", (), "own", "own", "own"),
    ("guest", (), "none", "none", "none"), ("guest", ("camera",), "all", "none", "none"),
    ("guest", ("memory",), "none", "common", "none"), ("child", ("ledger",), "own", "own", "all"),
    ("owner", ("memory",), "all", "all", "all"),
]  # fmt: skip


@pytest.mark.parametrize(("role", "granted", "camera", "memory", "ledger"), SEEN)
def test_what_is_seen(role: str, granted: tuple[str, ...], camera: str, memory: str, ledger: str) -> None:
    who = Person("x", "X", role, sees=granted)
    assert [sight(who, what) for what in ("camera", "memory", "ledger")] == [camera, memory, ledger]


def test_nobody_sees_nothing() -> None:
    assert {sight(None, what) for what in ("camera", "memory", "ledger")} == {"none"}


# -- limits of a person


@pytest.fixture
def people() -> People:
    return People(Store(None), ManualClock())


def two_rooms() -> tuple[Device, Device, Device]:
    return (
        Lamp(id="near", name="Kitchen Lamp", area="Kitchen"), Lamp(id="far", name="Bedroom Lamp", area="Bedroom"),
        Shade(id="shade", name="Bedroom Shade", area="Bedroom"),
    )  # fmt: skip


LIMITS = [
    ((), (), "near far shade"), (("Kitchen",), (), "near"), (("bedroom",), (), "far shade"), ((), ("light",), "near far"),
    (("Kitchen",), ("shade",), "near shade"), ((), ("far",), "far"), (("Attic",), (), ""),
]  # fmt: skip


@pytest.mark.parametrize("role", ["adult", "child", "guest"])
@pytest.mark.parametrize(("areas", "kinds", "may"), LIMITS)
def test_limits_narrow_every_role(people: People, role: str, areas: tuple[str, ...], kinds: tuple[str, ...], may: str) -> None:
    people.add("Mia", role)
    people.change("mia", areas=areas, kinds=kinds)
    policy = policy_for(*(devices := two_rooms()), people=people, areas=("Kitchen", "Bedroom"))
    allowed = [one.id for one in devices if ruling(policy, one, "turn_on" if one.kind == "light" else "open", {}, "mia") == ALLOW]
    assert allowed == may.split()
    seen = policy.sight("mia")
    assert seen is None if not (areas or kinds) else seen is not None and list(seen) == may.split()
    assert ruling(policy, devices[2], "stop", {}, "mia") == ALLOW


def test_a_room_has_the_rooms_in_it(people: People) -> None:
    people.add("Mia", "guest")
    people.change("mia", areas=("Upstairs",))
    policy = policy_for(*(devices := two_rooms()), people=people)
    policy.house.add_area(Area("Bedroom", parent="Upstairs"))
    assert [ruling(policy, one, "turn_on", {}, "mia") for one in devices[:2]] == [REFUSE, ALLOW]


def test_no_yes_reaches_beyond_a_limit(people: People) -> None:
    people.add("Mia", "adult")
    people.change("mia", areas=("Kitchen",))
    lock = Lock(id="lock", name="Front Door", area="Hall")
    assert ruling(policy_for(lock, people=people), lock, "unlock", {}, "mia", approved=True) == REFUSE


def test_a_child_sees_the_cameras_of_its_own_rooms(people: People) -> None:
    people.add("Tom", "child")
    camera = Camera(id="c", name="Nursery Camera", area="Nursery")
    policy = policy_for(camera, people=people)
    assert ruling(policy, camera, "snapshot", {}, "tom") == REFUSE
    people.change("tom", areas=("Nursery",))
    assert ruling(policy, camera, "snapshot", {}, "tom") == ALLOW


def test_a_refusal_names_what_one_may_use(people: People) -> None:
    people.add("Ann", "guest")
    people.change("ann", areas=("Kitchen",), kinds=("switch",))
    policy = policy_for(*(devices := two_rooms()), people=people)
    assert policy.verdict(devices[1], "turn_on", {}, person="ann").reason == "you may use the kitchen and the switches only"


def test_a_removed_or_expired_person_may_do_nothing(people: People) -> None:
    clock = people.clock
    people.add("Mia", "adult")
    people.add("Ann", "guest", clock.time() + 60)
    policy = policy_for(*(devices := two_rooms()), people=people)
    assert [ruling(policy, devices[2], "stop", {}, one) for one in ("mia", "ann")] == [ALLOW, ALLOW]
    people.remove("mia")
    assert isinstance(clock, ManualClock)
    clock.advance(60)
    assert [ruling(policy, devices[2], "stop", {}, one, approved=True) for one in ("mia", "ann")] == [REFUSE, REFUSE]


# -- who may ask, approve and plan, through the whole agent


class Home:
    """The small house, its owner at the console, and one person of each role in a chat of their own."""

    def __init__(self, folder: Path) -> None:
        self.house = SmallHouse(folder)
        self.people, self.clock = self.house.agent.people, self.house.clock
        for name, role in (("Mia", "adult"), ("Tom", "child"), ("Ann", "guest")):
            self.people.add(name, role)

    async def say(self, text: str, person: str = "owner", chat: str = "") -> str:
        self.clock.advance(1)
        chat = chat or ("terminal" if person == "owner" else f"tg:{person}")
        bridge = "terminal" if chat == "terminal" else "tg"
        message = self.house.agent.inbox.put(text, key=f"k{self.clock.at}", bridge=bridge, chat=chat, person=person)
        assert message
        return str((await self.house.agent.handle(message))["reply"])


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    one = Home(tmp_path)
    yield one
    one.house.close()


EVERYBODY = ["owner", "mia", "tom", "ann"]
PERSONAL = "That is for the people who live here."


@pytest.mark.parametrize("person", EVERYBODY)
async def test_everybody_asks_about_the_rooms_that_they_may_use(home: Home, person: str) -> None:
    assert await home.say("is the front door locked?", person) == "No, the front door is unlocked."


async def test_of_other_rooms_nothing_is_told(home: Home) -> None:
    home.people.change("ann", areas=("Kitchen",))
    told = [await home.say(text, "ann") for text in (
        "is the front door locked?", "which lights are on?", "what is on?", "how is the house?", "what is the temperature?",
        "how is the bedroom?", "is the bedroom lamp on?", "what can you do?", "turn on the bedroom fan", "turn on the lamp",
    )]  # fmt: skip
    words = " ".join(told).casefold()
    assert not [word for word in ("bedroom lamp", "thermostat", "°c", "garage", "unlocked", "shade") if word in words]
    assert await home.say("is the kitchen lamp on?", "ann") == "Yes, the kitchen lamp is on."
    assert await home.say("is the bedroom lamp on?") == "Yes, the bedroom lamp is on."


async def test_each_guest_has_only_their_own_rooms_though_another_wrote_just_before(home: Home) -> None:
    home.people.change("mia", areas=("Bedroom",))
    home.people.change("ann", areas=("Kitchen",))
    assert await home.say("is the bedroom lamp on?", "mia") == "Yes, the bedroom lamp is on."
    assert await home.say("is the kitchen lamp on?", "ann") == "No, the kitchen lamp is off."
    assert "bedroom lamp is on" not in await home.say("is the bedroom lamp on?", "ann")
    assert "kitchen lamp is off" not in await home.say("is the kitchen lamp on?", "mia")


async def test_all_lights_of_a_guest_are_those_of_the_guests_room(home: Home) -> None:
    home.people.change("ann", areas=("Kitchen",))
    await home.say("turn on all the lights", "ann")
    await home.say("set all the lights to 10 %", "ann")
    assert home.house["lamp"].state["brightness"] == 10
    assert home.house["spot"].state["brightness"] == 80


async def test_memory_is_shown_by_role(home: Home) -> None:
    await home.say("remember that I like gin")
    await home.say("remember that the spare key is in the drawer")
    await home.say("remember that I like tea", "mia")
    await home.say("remember that I like cocoa", "tom")
    facts = ("gin", "spare key", "tea", "cocoa")
    seen = {"owner": facts, "mia": ("spare key", "tea"), "tom": ("cocoa",), "ann": ()}
    for person, known in seen.items():
        asked = ["what do you know", "what do you know about gin", "where is the spare key?", "what do you know about tea",
                 "what do you know about cocoa", "show the page owner", "show the page mia"]  # fmt: skip
        told = " ".join([await home.say(text, person) for text in asked])
        quoted = told.replace("I know nothing about ", "nothing ")
        assert {fact for fact in facts if f"like {fact}" in quoted or f"{fact} is in" in quoted} == set(known), person
    assert await home.say("what do you know", "ann") == PERSONAL
    assert await home.say("remember that the key is lost", "ann") == PERSONAL


async def test_a_granted_guest_is_told_what_is_common(home: Home) -> None:
    await home.say("remember that the spare key is in the drawer")
    home.people.change("ann", sees=("memory",))
    assert "drawer" in await home.say("where is the spare key?", "ann")


async def test_the_ledger_is_told_by_role(home: Home) -> None:
    await home.say("turn on the kitchen lamp")
    await home.say("close the bedroom shade", "tom")
    for person in ("owner", "mia"):
        told = await home.say("what did you do today?", person)
        assert "lamp" in told
        assert "shade" in told
        assert "ecause" in await home.say("why is the kitchen lamp on?", person)
    told = await home.say("what did you do today?", "tom")
    assert "shade" in told
    assert "lamp" not in told
    assert await home.say("why is the kitchen lamp on?", "tom") == "I can only tell you what you did yourself."
    for text in ("what did you do today?", "why is the kitchen lamp on?"):
        assert await home.say(text, "ann") == PERSONAL


@pytest.mark.parametrize("person", EVERYBODY)
async def test_a_confirm_is_asked_of_an_adult_and_answered_by_one(home: Home, person: str) -> None:
    home.house["bolt"].update(locked=True)
    asked = await home.say("unlock the front door", person)
    if person in ("owner", "mia"):
        assert asked == "Unlock the front door? Yes or no?"
        await home.say("yes", person)
    else:
        assert asked.endswith("Only an adult can say yes to that; I asked.")
        await home.say("yes", person)
        assert home.house["bolt"].state["locked"] is True
        (question,) = home.house.agent.questions.open()
        assert question.text.startswith(f"{person.capitalize()} asks: Unlock the front door?")
        await home.say("yes")
    assert home.house["bolt"].state["locked"] is False


@pytest.mark.parametrize("person", ["tom", "ann"])
async def test_a_yes_of_a_child_or_guest_counts_nowhere(home: Home, person: str) -> None:
    home.house["bolt"].update(locked=True)
    await home.say("unlock the front door")
    assert await home.say("yes", person, chat="terminal") == "Only an adult of this house can say yes to that, so I did nothing."
    assert home.house["bolt"].state["locked"] is True


async def test_an_adult_approves_what_a_child_asked(home: Home) -> None:
    await home.say("set the kitchen speaker to volume 80", "tom")
    (question,) = home.house.agent.questions.open()
    assert question.text.startswith("Tom asks: ")
    assert "80 %" in await home.say("yes")
    assert home.house["box"].state["volume"] == 80


PLANS = [("every day at 7 turn on the kitchen lamp", "owner mia"), ("every day at 7 unlock the front door", "owner")]


@pytest.mark.parametrize(("text", "planners"), PLANS)
@pytest.mark.parametrize("person", EVERYBODY)
async def test_routines_by_role(home: Home, person: str, text: str, planners: str) -> None:
    await home.say(text, person)
    await home.say("yes", person)
    assert len(home.house.agent.routines.all()) == (person in planners.split())


async def test_a_routine_is_judged_by_the_limits_of_who_plans_it(home: Home) -> None:
    home.people.change("mia", areas=("Kitchen",))
    await home.say("every day at 7 turn on the bedroom fan", "mia")
    await home.say("yes", "mia")
    assert home.house.agent.routines.all() == []


def test_a_verdict_for_a_person_with_limits_takes_no_time(people: People) -> None:
    from time import perf_counter

    people.add("Ann", "guest")
    people.change("ann", areas=("Kitchen",), kinds=("switch",))
    policy = policy_for(*(devices := two_rooms()), people=people, areas=("Kitchen", "Bedroom"))
    took = []
    for _ in range(200):
        began = perf_counter()
        policy.verdict(devices[0], "turn_on", {}, person="ann")
        took.append(perf_counter() - began)
    assert sorted(took)[100] < 100e-6


ROLES_CONFIG = """
[roles.child]
confirm = ["turn_off"]
forbid = ["play"]
areas = ["Kitchen"]
"""


async def test_the_config_limits_a_role_in_its_commands_and_rooms(tmp_path: Path) -> None:
    home = SmallHouse(tmp_path, config=ROLES_CONFIG)

    async def says(text: str, person: str) -> str:
        home.clock.advance(1)
        return str((await home.agent.say(text, person=person))["reply"])

    assert await says("turn on the kitchen lamp", "child") == "The kitchen lamp is on."
    assert "Only an adult can say yes" in await says("turn off the kitchen lamp", "child")
    assert home["lamp"].state["on"]
    assert "never done" in await says("play the kitchen speaker", "child")
    await says("turn on the bedroom fan", "child")
    assert not home["fan"].state["on"]
    assert await says("turn off the kitchen lamp", "adult") == "The kitchen lamp is off."
    await says("turn on the bedroom fan", "adult")
    assert home["fan"].state["on"]


def test_a_role_that_the_config_does_not_know_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="'adult', 'child' or 'guest'"):
        parse('[roles.owner]\nforbid = ["lock"]')
