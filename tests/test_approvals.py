"""What a yes is bound to: these devices, this command, these arguments, as they were named, for two minutes, once (SAFETY.md)."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from test_agent import HOUR, Cooler, Door, Living, living

from claw.call import ToolCall, digest
from claw.clock import ManualClock
from claw.device import Safety

CHANGED = "The devices have changed since I asked, so I did nothing. Please say it again."


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Living]:
    async with living(tmp_path / "house.db", ManualClock()) as one:
        yield one


def door(home: Living, id: str = "a", name: str = "Garage Door") -> Door:
    return home.add(Door(id, name), open=False)  # type: ignore[no-any-return]


def test_the_hash_is_over_devices_command_and_arguments() -> None:
    call = ToolCall("set_target", ("heat",), {"target": 30.0, "mode": "heat"})
    same = ToolCall("set_target", ("heat",), {"mode": "heat", "target": 30.0})
    others = [
        ToolCall("set_target", ("heat",), {"target": 31.0, "mode": "heat"}), ToolCall("set_target", ("heat",), {"target": 30.0}),
        ToolCall("set_target", ("bath",), call.args), ToolCall("set_target", ("heat", "bath"), call.args),
        ToolCall("set_mode", ("heat",), call.args),
    ]  # fmt: skip
    assert digest([same]) == digest([call])
    assert len({digest([call]), digest([call, call]), *(digest([one]) for one in others)}) == len(others) + 2


@pytest.mark.parametrize(
    "call", [ToolCall("open_door", ("b",)), ToolCall("close_door", ("a",)), ToolCall("open_door", ("a", "b"))],
    ids=["another device", "another command", "one device more"],
)  # fmt: skip
async def test_a_yes_to_a_question_whose_call_was_changed_does_nothing(home: Living, call: ToolCall) -> None:
    one, other = door(home), door(home, "b", "Front Door")
    await home.reply("open the garage door")
    home.store.write("UPDATE questions SET data = ?", json.dumps([call.plain()]))
    assert await home.reply("yes") == CHANGED
    assert (one.open, other.open) == (False, False)


async def test_a_yes_to_a_question_whose_argument_was_changed_does_nothing(home: Living) -> None:
    heat = home.add(Cooler("heat", "Thermostat"), mode="heat", temperature=20.0, target=20.0)
    await home.reply("set the thermostat to 30 degrees")
    call = ToolCall("set_target", ("heat",), {"target": 34.0})
    home.store.write("UPDATE questions SET data = ?", json.dumps([call.plain()]))
    assert await home.reply("yes") == CHANGED
    assert heat.target == 20.0


async def test_a_yes_does_nothing_when_the_name_that_was_asked_about_is_another_s_by_now(home: Living) -> None:
    garage, front = door(home), door(home, "b", "Front Door")
    await home.reply("open the garage door")
    home.house.describe("a", name="Front Door")
    home.house.describe("b", name="Garage Door")
    assert await home.reply("yes") == CHANGED
    assert (garage.open, front.open) == (False, False)
    assert await home.reply("open the garage door") == "Open the garage door? Yes or no?"
    assert await home.reply("yes") == "The garage door is open."
    assert (garage.open, front.open) == (False, True)


@pytest.mark.parametrize(("said", "asked"), [
    ("set the thermostat to 30 degrees", "Set the thermostat to 30 °C? Yes or no?"),
    ("make the thermostat 3 degrees warmer", "Set the thermostat to 30 °C? Yes or no?"),
])  # fmt: skip
async def test_the_question_has_the_final_value_and_a_yes_means_it_whatever_changed_since(
    home: Living, said: str, asked: str
) -> None:
    heat = home.add(Cooler("heat", "Thermostat"), mode="heat", temperature=20.0, target=27.0)
    assert await home.reply(said) == asked
    heat.update(target=22.0)  # somebody turned it by hand
    await home.reply("yes")
    assert heat.target == 30.0


@pytest.mark.parametrize(("seconds", "opens"), [(119.0, True), (121.0, False)])
async def test_an_approval_expires_after_two_minutes(home: Living, seconds: float, opens: bool) -> None:
    one = door(home)
    await home.reply("open the garage door")
    home.clock.advance(seconds)
    reply = await home.reply("yes")
    assert one.open is opens
    assert reply == ("The garage door is open." if opens else "That was too long ago, so I did nothing. Please say it again.")


@pytest.mark.parametrize(("hours", "opens"), [(11.9, True), (12.1, False)])
async def test_the_question_about_a_stale_message_expires_after_twelve_hours(home: Living, hours: float, opens: bool) -> None:
    one = door(home)
    home.agent.inbox.put("open the garage door", key="old", bridge="terminal", chat="terminal", age=3 * HOUR)
    await home.after(1)
    assert home.heard[-1] == "You wrote this 3 hours ago: shall I still open the garage door?"
    home.clock.advance(hours * HOUR)
    await home.reply("yes")
    assert one.open is opens


async def test_a_yes_does_not_help_what_is_forbidden_meanwhile(home: Living) -> None:
    one = door(home)
    await home.reply("open the garage door")
    home.agent.policy.raised["open_door"] = Safety.FORBIDDEN
    assert await home.reply("yes") == "I will not open the garage door: that is never done from here."
    assert not one.open


async def test_only_the_first_answer_counts(home: Living) -> None:
    one = door(home)
    await home.reply("open the garage door")
    id = home.agent.questions.open()[0].id
    assert await home.reply("yes") == "The garage door is open."
    one.update(open=False)
    press = json.dumps({"question": id, "text": "yes"})
    home.agent.inbox.put(press, key="press", bridge="terminal", chat="terminal", kind="answer")
    await home.after(1)
    assert home.heard[-1].startswith("That question is no longer open")
    assert not one.open


async def test_a_yes_counts_only_from_where_it_was_asked(home: Living) -> None:
    one = door(home)
    await home.agent.say("open the garage door", chat="one")
    assert (await home.agent.say("yes", chat="two"))["reply"] == "Nothing is waiting for a yes."
    assert not one.open


async def test_one_that_was_removed_approves_nothing(home: Living) -> None:
    one = door(home)
    await home.reply("open the garage door")
    await home.agent.say("yes", person="gone")
    assert not one.open
