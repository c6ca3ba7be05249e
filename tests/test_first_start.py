"""At the first start the claw asks for rooms and names that it could not know: one short question at a time, each once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from claw.agent import Agent
from claw.capabilities import Player, Power, Sensor
from claw.clock import ManualClock
from claw.config import Config
from claw.device import Device
from claw.events import Events
from claw.house import Area, House
from claw.names import Names
from claw.reflex.reader import Reader
from claw.rooms import Rooms, says_nothing
from claw.store import Store
from claw.testing import eventually


class Lamp(Device, Power):
    kind = "light"

    async def turn_on(self) -> None:
        self.update(on=True)

    async def turn_off(self) -> None:
        self.update(on=False)


class Radio(Device, Player):
    kind = "player"

    async def next_track(self) -> None:
        self.update(title="the next one")


class Thermometer(Device, Sensor):
    kind = "sensor"


class Start:
    """A house that asks, with an owner who writes to it."""

    def __init__(self, path: Path | None = None) -> None:
        self.clock, self.events, self.store = ManualClock(), Events(), Store(path)
        self.house = House(self.store, self.events, self.clock)
        reader = Reader(self.house, Names(self.house), self.clock)
        self.agent = Agent(self.house, self.store, self.events, self.clock, Config(), reader)
        agent = self.agent
        self.rooms = Rooms(self.house, self.events, agent.asks, agent.tell, agent.propose, agent.refused)
        self.house.add_area(Area("Kitchen"))
        self.house.add_area(Area("Living Room"))

    def lamp(self, id: str, name: str, *, area: str = "Kitchen", model: str = "") -> Lamp:
        lamp = Lamp(id, name, area=area, model=model)
        lamp.update(on=False)
        self.house.adopt(lamp, skill="hue", host="10.0.0.1")
        return lamp

    async def reply(self, text: str) -> str:
        return str((await self.agent.say(text))["reply"])

    def open(self) -> list[str]:
        return [one.text for one in self.agent.asks.open()]

    async def asked(self, words: str) -> str:
        """The one question that is open, once it has these words in it."""
        await eventually(lambda: words in " ".join(self.open()), seconds=3)
        assert len(self.open()) == 1
        return self.open()[0]

    def told(self) -> list[str]:
        return [str(row["text"]) for row in self.store.all("SELECT text FROM outbox ORDER BY id")]

    def questions(self) -> list[str]:
        """Everything that was ever asked."""
        return [str(row["text"]) for row in self.store.all("SELECT text FROM questions ORDER BY id")]

    async def at_rest(self) -> None:
        """Wait until it has asked all that it wants to ask."""
        await eventually(lambda: not self.open() and not self.rooms._new.is_set() and not self.rooms.unnamed(), seconds=3)

    @contextlib.asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.rooms.run())
        try:
            await eventually(lambda: self.clock._sleepers)
            self.clock.advance(4)
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


@pytest.fixture
def start() -> Start:
    return Start()


# -- rooms


@pytest.mark.parametrize(
    ("answer", "reply", "room"),
    [
        ("living room", "The floor lamp is in the living room now.", "Living Room"),
        ("it's in the kitchen", "The floor lamp is in the kitchen now.", "Kitchen"),
        ("In the garden shed", "The floor lamp is in the garden shed now.", "Garden Shed"),
        ("in Anna's room", "The floor lamp is in Anna's room now.", "Anna's Room"),
        ("skip", "All right, it has no room.", ""),
        ("none", "All right, it has no room.", ""),
    ],
)
async def test_an_answer_about_a_room_is_told_as_it_was_understood(start: Start, answer: str, reply: str, room: str) -> None:
    lamp = start.lamp("floor", "Floor Lamp", area="")
    async with start.asking():
        await start.asked("Which room is the floor lamp in?")
        assert await start.reply(answer) == reply
        await eventually(lambda: start.house.area(lamp) == room)


async def test_rooms_come_before_names_and_one_question_at_a_time(start: Start) -> None:
    start.lamp("one", "Hue color lamp 1", area="")
    start.lamp("two", "Hue color lamp 2", area="")
    async with start.asking():
        for room in ("kitchen", "living room"):
            await start.asked("Which room")
            await start.reply(room)
        assert (await start.asked("What do you call")).startswith(
            "What do you call the lamp “Hue color lamp 1” in the kitchen? (a name, or skip; “turn on the"
        )
        await start.reply("skip")
        await start.asked("“Hue color lamp 2” in the living room?")


@pytest.mark.parametrize("answer", ["at six", "in ten minutes", "on friday", "at 18:30"])
async def test_a_time_is_no_room(start: Start, answer: str) -> None:
    lamp = start.lamp("floor", "Floor Lamp", area="")
    async with start.asking():
        await start.asked("Which room is the floor lamp in?")
        await start.reply(answer)
        assert start.house.area(lamp) == ""
        assert await start.asked("Which room is the floor lamp in?")


async def test_a_question_that_nobody_answers_comes_again_the_next_day_but_not_for_ever(start: Start) -> None:
    start.lamp("floor", "Floor Lamp", area="")
    async with start.asking():
        for day in range(1, 4):
            await start.asked("Which room is the floor lamp in?")
            assert len(start.questions()) == day
            start.clock.advance(601)
            await eventually(lambda: not start.open())
            await asyncio.sleep(0.01)
            start.clock.advance(86401)
            await eventually(lambda: len(start.clock._sleepers) > 0)
            await asyncio.sleep(0.01)
            start.clock.advance(4)
        await start.at_rest()
    assert len(start.questions()) == 3
    assert start.house.records["floor"].room_asked


# -- names


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("Sunny", "Sunny"),
        ("sunny", "Sunny"),
        ("the reading lamp", "Reading Lamp"),
        ("call it Sunny", "Sunny"),
        ("It's Anna's lamp.", "Anna's lamp"),
        ("that's the big one", "Big One"),
        ("“Moby Dick”", "Moby Dick"),
    ],
)
async def test_a_name_is_kept_and_told(start: Start, answer: str, name: str) -> None:
    lamp = start.lamp("one", "Hue color lamp 3")
    async with start.asking():
        await start.asked("What do you call")
        assert await start.reply(answer) == f"I call it “{name}” now."
        await eventually(lambda: start.house.name(lamp) == name)
        assert (await start.reply(f"turn on {name}")).endswith("is on.")
        assert lamp.state["on"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("Kitchen", "“Kitchen” is already what you call the kitchen."),
        ("call it Kitchen", "“Kitchen” is already what you call the kitchen."),
        ("the floor lamp", "“Floor Lamp” is already what you call the floor lamp."),
        ("lights", "“Lights” can mean many things"),
        ("call it everything", "“Everything” can mean many things"),
        ("call it turn on", "“Turn On” can mean many things"),
    ],
)
async def test_a_name_that_would_break_talking_is_refused_and_asked_for_again(start: Start, answer: str, why: str) -> None:
    start.lamp("floor", "Floor lamp")
    lamp = start.lamp("one", "Hue color lamp 3")
    async with start.asking():
        await start.asked("What do you call")
        assert (await start.reply(answer)).startswith(why)
        await start.asked("What do you call")
        assert start.house.name(lamp) == "Hue color lamp 3"
        assert await start.reply("Sunny") == "I call it “Sunny” now."


@pytest.mark.parametrize(
    "text", ["turn on hue color lamp 3", "is hue color lamp 3 on?", "help", "what time is it?", "hello", "thanks", "how was your day",
             "frobnicate the thing over there would you", "yes", "031-45-154", "12", "why?"],
)  # fmt: skip
async def test_commands_and_talk_are_no_names_and_leave_the_question_open(start: Start, text: str) -> None:
    lamp = start.lamp("one", "Hue color lamp 3")
    async with start.asking():
        question = await start.asked("What do you call")
        await start.reply(text)
        assert start.open() == [question]
        assert start.house.name(lamp) == "Hue color lamp 3"
        assert lamp.state["on"] is text.startswith("turn on")


async def test_the_hint_of_the_question_works(start: Start) -> None:
    lamp = start.lamp("one", "Hue color lamp 3")
    async with start.asking():
        question = await start.asked("What do you call")
        await start.reply(question.split("“")[2].split("”")[0])
        assert lamp.state["on"]


async def test_skip_is_an_answer_though_music_could_be_skipped(start: Start) -> None:
    radio = Radio("radio", "Radio", area="Kitchen")
    radio.update(playback="playing", title="a song")
    start.house.adopt(radio, skill="sonos", host="10.0.0.2")
    lamp = start.lamp("one", "Hue color lamp 3")
    async with start.asking():
        await start.asked("What do you call")
        assert await start.reply("skip") == "All right, it stays “Hue color lamp 3”."
        await start.at_rest()
        assert start.house.name(lamp) == "Hue color lamp 3"
        assert radio.state["title"] == "a song"
        await start.reply("skip")
        assert radio.state["title"] == "the next one"


async def test_a_bare_word_is_no_name_while_a_code_is_asked_for(start: Start) -> None:
    lamp = start.lamp("one", "Hue color lamp 3")
    async with start.asking():
        await start.asked("What do you call")
        code = asyncio.create_task(start.agent.asks.ask("What is written on the label?"))
        await eventually(lambda: len(start.open()) == 2)
        assert await start.reply("the blue one") == "Thank you."
        assert await code == "the blue one"
        assert start.house.name(lamp) == "Hue color lamp 3"
        await start.asked("What do you call")


async def test_nothing_is_asked_twice_whatever_restarts(tmp_path: Path) -> None:
    first = Start(tmp_path / "house.db")
    first.lamp("one", "Hue color lamp 3", area="")
    async with first.asking():
        await first.asked("Which room")
        await first.reply("skip")
        await first.asked("What do you call")
        await first.reply("skip")
        await first.at_rest()
    first.store.close()
    again = Start(tmp_path / "house.db")
    again.lamp("one", "Hue color lamp 3", area="")
    async with again.asking():
        await again.at_rest()
    assert [text[:10] for text in again.questions()] == ["Which room", "What do yo"]
    assert again.rooms.unnamed() == []
    assert again.house.roomless() == []


async def test_not_more_than_five_names_are_asked_for_and_the_rest_can_be_told(start: Start) -> None:
    for n in range(1, 10):
        start.lamp(f"lamp-{n}", f"Hue color lamp {n}")
    async with start.asking():
        for n in range(1, 6):
            await start.asked(f"“Hue color lamp {n}”")
            await start.reply(f"star number {['one', 'two', 'three', 'four', 'five'][n - 1]}")
        await start.at_rest()
    last = [text for text in start.told() if "no more names" in text]
    assert len(last) == 1
    assert "2 more" in last[0]
    assert "“call the Hue color lamp 6 Sunny”" in last[0]
    assert len(start.questions()) == 5


async def test_two_of_one_name_in_one_room_are_asked_about_until_they_differ(start: Start) -> None:
    start.lamp("a", "Pendant")
    start.lamp("b", "Pendant")
    start.lamp("c", "Pendant", area="Living Room")
    async with start.asking():
        await start.asked("What do you call the lamp “Pendant” in the kitchen?")
        await start.reply("Left pendant")
        await start.at_rest()
    assert sorted(start.house.name(lamp) for lamp in start.house.devices.values()) == ["Left pendant", "Pendant", "Pendant"]


@pytest.mark.parametrize(
    ("name", "model"),
    [("Hue color lamp 3", "LCA001"), ("ESP_1A2B3C", ""), ("RINCON_5CAAFD0123450140", ""), ("LWA004", "LWA004"), ("Sonos 5CAAFD012345", ""),
     ("Light 1", ""), ("shellyplug-s-7A3F21", ""), ("esp32", ""), ("Lamp2", ""), ("Sonos One", "Sonos One"), ("Smart Plug 12", ""),
     ("IKEA Tradfri bulb 4", ""), ("Hue white lamp 12", "")],
)  # fmt: skip
def test_names_that_say_nothing(name: str, model: str) -> None:
    assert says_nothing(Lamp("x", name, model=model))


@pytest.mark.parametrize(
    "name", ["Kitchen Lamp", "Lamp", "Kitchen2", "Floor Lamp", "Desk Lamp 2", "Sunny", "TV", "Garage Door", "Anna's Lamp", "LG TV",
             "Spot left", "Pendant", "Bedroom light 1", "Samsung The Frame", "Studio 54"],
)  # fmt: skip
def test_names_that_people_know(name: str) -> None:
    assert not says_nothing(Lamp("x", name, model="LCA001"))


def test_parts_of_one_thing_and_named_ones_are_not_asked_about(start: Start) -> None:
    for sort in ("temperature", "humidity"):
        start.house.adopt(Thermometer(sort, "Hall Sensor", area="Kitchen", sort=sort), skill="homekit", host="10.0.0.3")
    start.lamp("one", "Hue color lamp 3")
    start.house.describe("one", name="Sunny")
    assert start.rooms.unnamed() == []
