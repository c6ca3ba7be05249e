"""What a message means beside what was said before it: no, never mind, don't, yes with more behind it, the missing time, "it"."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from test_agent import living
from test_routines import START, House

from claw.clock import ManualClock
from claw.when import When

SHADES = "Every weekday at 07:00 I will open all 3 shades, first tomorrow."


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with living(tmp_path / "house.db", ManualClock(START, "Europe/Berlin")) as one:
        one.__class__ = House
        one.furnish()  # type: ignore[attr-defined]
        yield one  # type: ignore[misc]


def plans(home: House) -> list[str]:
    return [one.do for one in home.agent.routines.all()]


# -- after a plan


@pytest.mark.parametrize(
    "said",
    ["no", "Never mind.", "oh no, forget it", "nah, leave it", "cancel that", "stop", "abort", "don't do it", "no thank you"],
)
async def test_a_no_after_a_plan_takes_it_back_and_says_so(home: House, said: str) -> None:
    await home.reply("in an hour turn on the porch lamp")
    assert await home.reply(said) == "Deleted: at 11:00 turn on the porch lamp."
    await home.pass_(7200)
    assert not home.lamp.on


async def test_a_question_between_changes_nothing_and_a_second_no_takes_back_no_more(home: House) -> None:
    await home.reply("remind me at noon to call Ben")
    await home.reply("remind me at 13:00 to feed the fish")
    await home.reply("is the porch lamp on?")
    assert await home.reply("never mind") == "Deleted: at 13:00 remind you: feed the fish."
    assert await home.reply("never mind") == "All right, I do nothing."
    assert plans(home) == ["call Ben"]


async def test_a_routine_that_a_yes_made_is_taken_back_too(home: House) -> None:
    await home.approved("every weekday at 7 open the shades")
    assert await home.reply("no, stop") == "Deleted: every weekday at 07:00 open the shades."


async def test_a_no_to_something_else_ends_no_routine(home: House) -> None:
    await home.approved("every weekday at 7 open the shades")
    await home.reply("turn on the dishwasher")  # there is none
    assert await home.reply("no") == "All right, I do nothing."
    assert plans(home) == ["open the shades"]


async def test_what_was_planned_long_ago_stands_and_stop_names_it(home: House) -> None:
    await home.reply("remind me at noon to call Ben")
    home.clock.advance(600)
    assert await home.reply("no") == "All right, I do nothing."
    stands = "Stopped. Nothing is under way. Still planned: at 12:00 remind you: call Ben (say “delete it”)."
    assert await home.reply("stop") == stands
    assert await home.reply("delete it") == "Deleted: at 12:00 remind you: call Ben."


async def test_what_is_done_is_not_taken_back_by_a_bare_no(home: House) -> None:
    await home.reply("in an hour turn off the porch lamp")
    await home.reply("turn on the porch lamp")
    for said in ("no", "cancel"):
        assert await home.reply(said) == "It is done already: say “undo that” to take it back."
    assert home.lamp.on
    assert plans(home) == ["turn off the porch lamp"]
    home.clock.advance(150)
    assert await home.reply("no") == "All right, I do nothing."


# -- don't


async def test_dont_deletes_the_one_plan_that_would_do_it(home: House) -> None:
    await home.reply("at 11:00 turn on the porch lamp")
    await home.reply("at 12:00 turn off the porch lamp")
    assert await home.reply("please don't switch the porch lamp on") == "Deleted: at 11:00 turn on the porch lamp."
    assert plans(home) == ["turn off the porch lamp"]
    assert await home.reply("don't switch the porch lamp on") == "All right, I leave it as it is."


async def test_dont_names_a_routine_that_stands_and_leaves_it(home: House) -> None:
    await home.approved("every weekday at 7 open the shades")
    await home.reply("at noon open all the shades")
    said = await home.reply("do not open the kitchen shade tomorrow")
    assert "every weekday at 07:00 open the shades (say “delete routine 1” or “pause routine 1”)" in said
    assert plans(home) == ["open the shades", "open all the shades"]
    assert await home.reply("don't open the shades") == (
        "Deleted: at 12:00 open all the shades. "
        "Still planned: every weekday at 07:00 open the shades (say “delete routine 1” or “pause routine 1”)."
    )


async def test_never_promises_no_rule(home: House) -> None:
    assert (await home.reply("never open the garage door in the evening")).startswith("I cannot keep such a rule yet")


# -- beside yes or no


@pytest.mark.parametrize("said", ["no, at 9", "Nope, thanks", "nah not today", "no way, it is cold", "none", "👎"])
async def test_whatever_begins_with_no_is_a_no(home: House, said: str) -> None:
    await home.reply("open the garage door")
    assert await home.reply(said) == "All right, I did nothing."
    assert await home.reply("yes") == "Nothing is waiting for a yes."
    assert not home.garage.open


@pytest.mark.parametrize("said", ["yeah sure", "ok do it", "yes please, go ahead", "Sure, why not?", "👍", "yes yes"])
async def test_clear_forms_are_a_yes(home: House, said: str) -> None:
    await home.reply("open the garage door")
    assert await home.reply(said) == "The garage door is open."


@pytest.mark.parametrize(
    "said", ["yes, and turn on the porch lamp", "yes at noon", "perhaps", "yeah, no idea", "sure it is safe?"]
)
async def test_anything_else_is_none_and_the_question_is_asked_again(home: House, said: str) -> None:
    await home.reply("open the garage door")
    assert (await home.reply(said)).endswith("Please answer yes or no: open the garage door?")
    assert not home.garage.open
    assert not home.lamp.on
    assert await home.reply("yes") == "The garage door is open."


async def test_a_wish_after_a_no_is_done_and_the_question_is_closed(home: House) -> None:
    await home.reply("open the garage door")
    assert await home.reply("no, turn on the porch lamp") == "The porch lamp is on."
    assert await home.reply("yes") == "Nothing is waiting for a yes."
    assert not home.garage.open


async def test_a_no_after_which_one_may_name_another(home: House) -> None:
    await home.reply("open the shade")
    assert await home.reply("no, the second one") == "The bedroom shade is open."
    await home.reply("open the shade")
    assert await home.reply("neither of them") == "All right."
    assert await home.reply("2") != "The bedroom shade is open."


async def test_ok_with_nothing_open_is_only_polite(home: House) -> None:
    assert await home.reply("okay") == "All right."
    await home.reply("open the garage door")
    home.clock.advance(130)
    assert await home.reply("ok") == "That was too long ago, so I did nothing. Please say it again."


# -- a question that wants more words


@pytest.mark.parametrize(
    ("first", "more", "reply"),
    [
        ("remind me to water the plants", "noon", "I will remind you at 12:00: water the plants."),
        ("remind me to water the plants", "in 2 hours", "I will remind you at 12:00: water the plants."),
        (
            "every day turn on the porch lamp",
            "21:30",
            "Every day at 21:30 I will turn on the porch lamp, first today. Yes or no?",
        ),
        ("at noon open the shade", "the study one", "I will open the study shade at 12:00."),
    ],
)
async def test_the_missing_words_complete_the_sentence(home: House, first: str, more: str, reply: str) -> None:
    await home.reply(first)
    assert plans(home) == []
    assert await home.reply(more) == reply


async def test_a_deed_goes_its_own_way_and_the_question_waits_two_minutes(home: House) -> None:
    await home.reply("remind me to water the plants")
    assert await home.reply("turn on the porch lamp") == "The porch lamp is on."
    assert await home.reply("at noon") == "I will remind you at 12:00: water the plants."
    await home.reply("remind me to call Ben")
    home.clock.advance(121)
    await home.reply("at noon")
    await home.reply("remind me to call Ben")
    assert await home.reply("never mind") == "All right."
    await home.reply("at noon")
    assert plans(home) == ["water the plants"]


async def test_undo_skips_a_question_that_was_left_open(home: House) -> None:
    await home.reply("turn on the porch lamp")
    await home.reply("remind me to call Ben")
    await home.reply("undo that")
    assert not home.lamp.on


# -- it, the second one, another time


async def test_it_and_numbers_mean_what_was_made_or_listed_here(home: House) -> None:
    for hour, what in ((12, "call Ben"), (13, "feed the fish"), (14, "water the plants")):
        await home.reply(f"remind me at {hour}:00 to {what}")
    assert await home.reply("delete it") == "Deleted: at 14:00 remind you: water the plants."
    await home.reply("what reminders do i have")
    assert (await home.reply("delete it")).startswith("Which one?")
    assert await home.reply("delete the second one") == "Deleted: at 13:00 remind you: feed the fish."
    home.clock.advance(4000)
    assert await home.reply("make it 15:00") == "Now at 15:00: call Ben."
    assert await home.reply("undo that") == "Now at 12:00: call Ben."


async def test_what_nobody_spoke_of_lately_is_no_it(home: House) -> None:
    await home.reply("remind me at 20:00 to call Ben")
    home.clock.advance(4000)
    assert not (await home.reply("delete it")).startswith("Deleted")


async def test_a_new_time_keeps_the_days_and_asks_again(home: House) -> None:
    await home.approved("every weekday at 7 open the shades")
    asked = "Every weekday at 08:00 I will open all 3 shades, first tomorrow. Yes or no?"
    assert await home.reply("change the shades routine to 8") == asked
    assert home.agent.routines.all()[0].when.time == "07:00"
    assert await home.reply("yes") == "Now every weekday at 08:00: open the shades."
    assert home.agent.routines.all()[0].when == When("daily", time="08:00", days=(0, 1, 2, 3, 4))


@pytest.mark.parametrize("said", ["make it 8", "no, at 8", "no wait, at 8 instead"])
async def test_a_new_time_for_what_was_asked_replaces_the_question(home: House, said: str) -> None:
    assert await home.reply("every weekday at 7 open the shades") == f"{SHADES} Yes or no?"
    assert "08:00" in await home.reply(said)
    assert "08:00" in await home.reply("yes")
    assert [one.when.time for one in home.agent.routines.all()] == ["08:00"]


async def test_a_guarded_deed_asks_again_for_its_new_time(home: House) -> None:
    await home.approved("at 11:00 open the garage door")
    assert await home.reply("at 12 instead") == "I will open the garage door at 12:00. Yes or no?"
    await home.reply("no")
    assert await home.pass_(3600) == ["The garage door is open."]


# -- routines that are there, or not


async def test_the_same_again_is_there_already(home: House) -> None:
    await home.approved("every weekday at 7 open the shades")
    said = await home.reply("Every weekday at 07:00 open the shades!")
    assert said == "That one is there already: every weekday at 07:00 open the shades."
    await home.reply("remind me at noon to call Ben")
    assert (await home.reply("remind me at 12:00 to call Ben")).startswith("That one is there already")
    assert len(plans(home)) == 2


async def test_with_none_there_it_says_how_to_make_one(home: House) -> None:
    hint = "No routines yet. Say for example “every weekday at 7 open the shades”."
    assert await home.reply("list my routines") == hint
    assert await home.reply("pause all routines") == hint
    assert await home.reply("resume all routines") == "No routine is paused."


async def test_cancel_with_the_name_of_a_thing_means_its_plan(home: House) -> None:
    await home.reply("in an hour turn on the porch lamp")
    assert await home.reply("cancel the lamp") == "Deleted: at 11:00 turn on the porch lamp."
    assert (await home.reply("cancel the lamp")).startswith("I did not understand that.")


@pytest.mark.parametrize(
    ("plan", "said", "reply"),
    [
        ("in ten minutes turn on the porch lamp", "no, make it 20", "Now at 10:20: turn on the porch lamp."),
        ("remind me to call Ben in half an hour", "make it 20:00", "Now at 20:00: call Ben."),
        ("remind me at 9 tomorrow to call Ben", "make it 10", "Now tomorrow at 10:00: call Ben."),
        ("remind me at 11 to call Ben", "change that to tomorrow at 8:30", "Now tomorrow at 08:30: call Ben."),
        ("remind me at 11 to call Ben", "change the Ben reminder to 3", "Now at 15:00: call Ben."),
        ("set a pasta timer for 5 minutes", "make it 8", "Now at 10:08: the pasta timer."),
    ],
)
async def test_another_time_is_read_as_the_first_was(home: House, plan: str, said: str, reply: str) -> None:
    await home.reply(plan)
    assert await home.reply(said) == reply
    assert len(plans(home)) == 1


@pytest.mark.parametrize("said", ["the second one", "the fish one", "2"])
async def test_which_one_is_answered_by_a_place_a_word_or_a_number(home: House, said: str) -> None:
    await home.reply("remind me at 12:00 to call Ben")
    await home.reply("remind me at 13:00 to feed the fish")
    assert (await home.reply("delete the reminder")).startswith("Which one?")
    assert await home.reply(said) == "Deleted: at 13:00 remind you: feed the fish."


async def test_a_paused_routine_stays_paused_at_its_new_time_and_one_that_is_over_stays_over(home: House) -> None:
    await home.approved("every weekday at 7 open the shades")
    await home.reply("pause it")
    await home.reply("change the shades routine to 8")
    await home.reply("yes")
    assert [(one.status, one.due, one.when.time) for one in home.agent.routines.all()] == [("paused", None, "08:00")]
    await home.approved("in one minute open the garage door")
    await home.reply("make it 3")
    await home.pass_(61)
    assert await home.reply("yes") == "That time has passed, so I did nothing."


async def test_one_thing_after_the_other_is_asked_for(home: House) -> None:
    await home.reply("remind me")
    assert (await home.reply("to call Ben")).startswith("When shall I remind you?")
    assert await home.reply("at noon") == "I will remind you at 12:00: call Ben."
    await home.reply("remind me")
    assert (await home.reply("at 13:00")).startswith("Of what shall I remind you?")
    assert await home.reply("to feed the fish") == "I will remind you at 13:00: feed the fish."


async def test_cancel_that_takes_back_what_was_just_done(home: House) -> None:
    await home.reply("turn on the porch lamp")
    assert await home.reply("cancel that") == "The porch lamp is off."
