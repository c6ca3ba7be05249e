"""Undo on the real road: what comes back, what is said of what does not, and what is left alone."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simulated_house import SmallHouse

from claw import view
from claw.clock import ManualClock
from claw.messages.inbox import lane
from claw.reflex.reading import Request


@pytest.fixture
def home(tmp_path: Path) -> Iterator[SmallHouse]:
    one = SmallHouse(tmp_path)
    yield one
    one.close()


def undo_of(turn: int) -> dict[str, Any]:
    return Request("history", "undo", {"turn": turn}).plain()


@pytest.mark.parametrize(
    ("deed", "id", "state"),
    [
        ("turn on the kitchen lamp", "lamp", {"on": False}),
        ("turn off the bedroom lamp", "spot", {"on": True, "brightness": 80}),
        ("dim the bedroom lamp to 20", "spot", {"on": True, "brightness": 80}),
        ("set the bedroom fan to 60 percent", "fan", {"on": False}),
        ("close the bedroom shade", "shade", {"position": 70}),
        ("lock the front door", "bolt", {"locked": True}),  # only asked: the lock stays until the yes
        ("set the bedroom to 22 degrees", "heat", {"target": 20.0}),
        ("turn off the bedroom thermostat", "heat", {"mode": "heat"}),
        ("set the volume of the kitchen speaker to 60", "box", {"volume": 30}),
        ("turn up the volume in the kitchen", "box", {"volume": 30}),
        ("mute the kitchen speaker", "box", {"muted": False}),
        ("pause the kitchen speaker", "box", {"playback": "playing"}),
        ("put milk on the shopping list", "list", {"items": ["bread"]}),
        ("remove bread from the shopping list", "list", {"items": ["bread"]}),
    ],
)
async def test_the_state_before_the_last_deed_comes_back(home: SmallHouse, deed: str, id: str, state: dict[str, Any]) -> None:
    before = dict(home[id].state)
    await home.say(deed)
    assert home[id].state != before
    await home.say("undo that")
    assert {field: home[id].state[field] for field in state} == state


async def test_the_colour_that_the_lamp_had_comes_back(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    await home.say("make the kitchen lamp blue")
    assert home["lamp"].color == "blue"
    assert await home.say("undo") == "The kitchen lamp is red."
    assert home["lamp"].color == "red"


async def test_a_lamp_that_shone_white_is_white_again(home: SmallHouse) -> None:
    home["lamp"].update(on=True, color=None, color_temperature=2700)
    await home.say("make the kitchen lamp blue")
    home["lamp"].update(color_temperature=None)  # as lamps do that have one or the other
    assert await home.say("undo") == "The kitchen lamp is at 2700 K."


async def test_a_scene_is_taken_back_in_all_its_groups(home: SmallHouse) -> None:
    home["bolt"].update(locked=True)
    home["lamp"].update(on=True)
    before = {id: dict(device.state) for id, device in home.devices.items()}
    await home.say("sleepy time")
    assert {id for id, device in home.devices.items() if device.state != before[id]} == {"lamp", "spot", "shade", "box", "heat"}
    reply = await home.say("undo that")
    assert {id: dict(device.state) for id, device in home.devices.items()} == before
    for words in ("lamp", "on", "70 %", "20 °C", "playing"):
        assert words in reply


async def test_unlocking_again_waits_for_a_yes(home: SmallHouse) -> None:
    await home.say("lock the front door")
    assert await home.say("undo that") == "Unlock the front door? Yes or no?"
    assert home["bolt"].locked
    await home.say("yes")
    assert not home["bolt"].locked


async def test_what_a_no_kept_can_be_undone_still(home: SmallHouse) -> None:
    await home.say("lock the front door")
    await home.say("undo")
    await home.say("no")
    assert await home.say("undo") == "Unlock the front door? Yes or no?"


async def test_undo_twice_takes_back_the_turn_before(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    await home.say("dim the bedroom lamp to 20")
    assert await home.say("undo") == "The bedroom lamp is at 80 %."
    assert await home.say("undo") == "The kitchen lamp is off."
    assert await home.say("undo") == "There is nothing to undo."


async def test_redo_does_it_again_and_undo_then_takes_that_back(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    await home.say("undo")
    await home.say("redo")
    assert home["lamp"].on
    assert await home.say("redo") == "There is nothing to redo."
    assert await home.say("undo") == "The kitchen lamp is off."
    await home.say("redo")
    assert home["lamp"].on


async def test_of_several_things_the_last_is_undone_and_the_next_is_named(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    await home.say("dim the bedroom lamp to 20")
    said = await home.say("undo the last two things")
    assert "say “undo that” again for “turn on the kitchen lamp”" in said
    assert (home["lamp"].on, home["spot"].brightness) == (True, 80)
    assert await home.say("undo everything") == "The kitchen lamp is off."


async def test_the_last_deed_at_one_thing_is_undone(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    await home.say("dim the bedroom lamp to 20")
    assert await home.say("undo the kitchen lamp") == "The kitchen lamp is off."
    assert home["spot"].brightness == 20
    assert await home.say("undo the kitchen lamp") == "There is nothing to undo with the kitchen lamp."
    assert await home.say("undo the chandelier") == "There is nothing to undo with the chandelier."


async def test_a_deed_at_more_than_the_one_thing_is_left(home: SmallHouse) -> None:
    await home.say("turn off all the lights")
    await home.say("turn on all the lights")
    assert (await home.say("undo the bedroom lamp")).startswith("“turn on all the lights” did more than that, so I left it.")
    assert home["spot"].on
    assert home["lamp"].on


async def test_a_doubt_undoes_nothing_but_says_how(home: SmallHouse) -> None:
    assert await home.say("sorry, wrong room") == "There is nothing to undo."
    await home.say("turn on the kitchen lamp")
    assert await home.say("sorry, wrong room") == "Say “undo that” and I take back “turn on the kitchen lamp”."
    assert home["lamp"].on


async def test_again_is_a_step_further_and_after_an_undo_does_it_anew(home: SmallHouse) -> None:
    assert await home.say("do it again") == "I have done nothing here yet."
    await home.say("dim the bedroom lamp to 20")
    await home.say("make the bedroom lamp brighter")
    await home.say("again")
    await home.say("once more")
    assert home["spot"].brightness == 80
    await home.say("undo that")
    assert home["spot"].brightness == 60
    await home.say("do that again")
    assert home["spot"].brightness == 80


async def test_again_asks_again_for_what_needs_a_yes(home: SmallHouse) -> None:
    await home.say("open the garage")
    await home.say("yes")
    home["gate"].update(open=False)
    assert await home.say("do it again") == "Open the garage door? Yes or no?"
    assert not home["gate"].open


async def test_what_lasts_is_not_made_twice(home: SmallHouse) -> None:
    await home.say("remember that the bins go out on Monday")
    assert await home.say("do it again") == "Please write “remember that the bins go out on Monday” again."


async def test_two_undos_are_redone_in_their_order(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    await home.say("dim the bedroom lamp to 20")
    await home.say("undo")
    await home.say("undo")
    await home.say("redo")
    assert (home["lamp"].on, home["spot"].brightness) == (True, 80)
    await home.say("redo")
    assert (home["lamp"].on, home["spot"].brightness) == (True, 20)


async def test_nothing_was_done_yet(home: SmallHouse) -> None:
    assert await home.say("undo") == "There is nothing to undo."
    await home.say("is the kitchen lamp on?")
    await home.say("turn off the kitchen lamp")  # it is off
    assert await home.say("undo that") == "There is nothing to undo."


async def test_what_somebody_changed_since_is_left(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    await home.say("make the kitchen lamp blue")
    home.clock.advance(60)
    home["lamp"].update(color="green")
    assert await home.say("undo") == "I left the kitchen lamp as it is: it was changed since."
    assert home["lamp"].color == "green"


async def test_several_things_that_were_changed_since_are_named_together(home: SmallHouse) -> None:
    await home.say("turn on all the lights")
    await home.say("dim all the lights to 10")
    home["lamp"].update(brightness=70)
    home["spot"].update(brightness=70)
    assert await home.say("undo") == ("I left the kitchen lamp and the bedroom lamp as they are: they were changed since.")


async def test_another_side_of_it_that_was_changed_by_hand_counts_too(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    home.clock.advance(60)
    home["lamp"].update(color="green")
    assert await home.say("undo") == "I left the kitchen lamp as it is: it was changed since."
    assert home["lamp"].on


async def test_what_a_device_reports_a_moment_later_is_part_of_the_deed(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    home["lamp"].update(brightness=90)
    home.clock.advance(60)
    assert await home.say("undo") == "The kitchen lamp is off."


async def test_somebody_undid_it_by_hand_already(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    home["lamp"].update(on=False)
    assert await home.say("undo") == "Everything is as it was before."


async def test_a_device_that_cannot_be_reached_is_named_and_can_be_tried_again(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    home["lamp"].offline("it does not answer")
    assert await home.say("undo") == "I could not turn off the kitchen lamp: it does not answer."
    home["lamp"].update()
    assert await home.say("undo") == "The kitchen lamp is off."


async def test_what_was_never_sure_is_said(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    home.store.write("DROP TRIGGER ledger_update")
    home.store.write("""UPDATE ledger SET detail = replace(detail, '"done"', '"unknown"') WHERE event = 'confirmed'""")
    assert await home.say("undo") == "The kitchen lamp is off. I never learnt whether the kitchen lamp had done it."


async def test_a_device_that_is_gone_is_named_and_the_rest_comes_back(home: SmallHouse) -> None:
    home["lamp"].update(on=True)
    await home.say("turn off all the lights")
    del home.house.devices["lamp"]
    home.house.version += 1
    assert await home.say("undo") == (
        "The bedroom lamp is on. I could not bring back the kitchen lamp: it is not there any more."
    )  # fmt: skip


@pytest.mark.parametrize(
    ("deed", "reply"),
    [
        ("next track on the kitchen speaker", "I cannot bring back the track that was playing on the kitchen speaker."),
        ("play jazz on the kitchen speaker", "I cannot bring back “Rain on Tin” on the kitchen speaker."),
    ],
)
async def test_what_no_command_brings_back_is_said(home: SmallHouse, deed: str, reply: str) -> None:
    await home.say(deed)
    assert await home.say("undo that") == reply


async def test_an_item_that_stood_on_the_list_before_stays(home: SmallHouse) -> None:
    await home.say("put bread on the shopping list")
    assert await home.say("undo") == "I left the shopping list as it is."
    assert "bread" in home["list"].items


async def test_undo_and_redo_survive_a_restart(home: SmallHouse, tmp_path: Path) -> None:
    await home.say("turn on the kitchen lamp")
    await home.say("dim the bedroom lamp to 20")
    await home.say("undo")
    home = home.again(tmp_path)
    assert await home.say("undo") == "The kitchen lamp is off."
    home = home.again(tmp_path)
    assert await home.say("undo") == "There is nothing to undo."
    await home.say("redo")
    assert home["lamp"].on
    home.close()


async def test_what_is_long_ago_is_named(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    home.clock.advance(2 * 86400)
    reply = await home.say("undo")
    assert reply.startswith("The kitchen lamp is off. That was “turn on the kitchen lamp” on ")


async def test_a_touch_of_the_same_person_is_undone_from_the_chat(home: SmallHouse) -> None:
    call = {"command": "turn_on", "targets": ["lamp"], "args": {}}
    await home.put("touch", call, chat=lane("web:owner", "lamp"))
    reply = await home.say("undo")
    assert reply.startswith("The kitchen lamp is off. That was “turn on the kitchen lamp” at ")


async def test_another_chat_is_left_alone(home: SmallHouse) -> None:
    await home.agent.say("turn on the kitchen lamp", chat="elsewhere")
    assert await home.say("undo") == "There is nothing to undo."


async def test_the_page_undoes_a_turn_by_its_id_once(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    turn = home.last().id
    await home.say("dim the bedroom lamp to 20")
    assert await home.put("request", undo_of(turn)) == "The kitchen lamp is off."
    assert home["spot"].brightness == 20
    assert await home.put("request", undo_of(turn)) == "That was undone already."
    assert await home.put("request", undo_of(999)) == "I do not know that any more, so I did nothing."
    assert await home.put("request", {**undo_of(1), "slots": {"turn": "x"}}) == "I do not know that any more, so I did nothing."


async def test_the_page_takes_back_an_undo_by_its_id(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    await home.say("undo")
    assert await home.put("request", undo_of(home.last().id)) == "The kitchen lamp is on."
    assert await home.say("undo") == "The kitchen lamp is off."


async def test_an_approved_deed_is_undone(home: SmallHouse) -> None:
    await home.say("open the garage")
    await home.say("yes")
    assert home["gate"].open
    assert await home.say("undo that") == "The garage door is closed."


async def test_stopping_on_the_way_is_no_hindrance(home: SmallHouse) -> None:
    await home.say("open the bedroom shade")
    home["shade"].update(position=85, target_position=85)
    await home.put("touch", {"command": "stop", "targets": ["shade"], "args": {}})
    assert await home.say("undo") == "The bedroom shade is at 70 %."


async def test_an_old_wish_to_undo_is_not_carried_out(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    message = home.agent.inbox.put("undo", key="late", bridge="terminal", chat="terminal")
    assert message is not None
    home.clock.advance(3600)
    assert "a while ago" in (await home.agent.handle(message))["reply"]
    assert home["lamp"].on


async def test_what_had_to_wait_is_dropped(home: SmallHouse) -> None:
    await home.say("turn off the bedroom thermostat")
    home.agent.policy.recall("heat", "thermostat", "turn_on", {}, home.clock.monotonic())
    assert "needs a rest" in await home.say("turn on the bedroom thermostat")
    assert await home.say("undo") == "What waited for the bedroom thermostat is dropped."
    assert not home.agent.inbox.waiting("later:")


async def test_a_routine_that_was_just_made_is_deleted(home: SmallHouse) -> None:
    await home.say("every weekday at 7 turn on the kitchen lamp")
    await home.say("yes")
    assert len(home.agent.routines.all()) == 1
    assert view.turn(home.agent, home.last())["undo"]
    assert (await home.say("undo that")).startswith("Deleted: ")
    assert not home.agent.routines.all()
    assert "write it again" in await home.say("redo")


async def test_a_pause_is_taken_back(home: SmallHouse) -> None:
    await home.say("every weekday at 7 turn on the kitchen lamp")
    await home.say("yes")
    await home.put("request", Request("routines", "pause", {"id": home.agent.routines.all()[0].id}).plain())
    assert home.agent.routines.all()[0].status == "paused"
    await home.put("request", undo_of(home.last().id))
    assert home.agent.routines.all()[0].status == "on"


async def test_a_fact_that_was_just_remembered_is_forgotten(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    await home.say("remember that the spare key is in the drawer")
    await home.say("undo that")
    assert "drawer" not in await home.say("what do you know about the spare key?")
    assert home["lamp"].on
    await home.say("undo")
    assert not home["lamp"].on


async def test_a_name_that_was_just_given_is_taken_back_and_not_the_deed_before(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    await home.say("call the bedroom lamp the moon")
    assert await home.say("is the moon on?") == "Yes, the moon is on."
    await home.say("undo that")
    assert "the moon" not in await home.say("is the bedroom lamp on?")
    assert home["lamp"].on


async def test_the_page_sees_turns_with_what_can_be_undone(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    lit = home.last().id
    shown = view.turn(home.agent, home.last())
    assert (shown["say"], shown["reply"], shown["who"]) == ("turn on the kitchen lamp", "The kitchen lamp is on.", "you")
    assert shown["calls"] == [{"command": "turn_on", "names": ["Kitchen Lamp"], "args": {}, "outcome": "done"}]
    assert shown["undo"]
    await home.say("is the kitchen lamp on?")
    assert not view.turn(home.agent, home.last())["undo"]
    await home.say("undo")
    assert view.turn(home.agent, home.last())["undo"]
    assert not view.turn(home.agent, home.agent.inbox.get(lit))["undo"]
    await home.say("next track on the kitchen speaker")
    assert not view.turn(home.agent, home.last())["undo"]


async def test_fifty_turns_for_the_page_cost_little(home: SmallHouse) -> None:
    for number in range(25):
        await home.say(f"dim the bedroom lamp to {number + 10}")
        await home.say("undo")
    messages = [answer.message for answer in home.answered]
    messages = [home.agent.inbox.get(message.id) for message in messages]
    began = time.process_time()  # not the time on the wall: the machine may be busy
    for message in messages:
        view.turn(home.agent, message)
    assert (time.process_time() - began) * 1000 < 25  # 5 ms are meant


async def test_the_clock_of_a_deed_is_the_house_clock(tmp_path: Path) -> None:
    home = SmallHouse(tmp_path, ManualClock(zone="Europe/Berlin"))
    await home.say("turn on the kitchen lamp")
    at = home.clock.now()
    home.clock.advance(3600)
    assert f"at {at:%H:%M}." in await home.say("undo")
    home.close()
