"""What devices reported is kept; accounts of what was done, and causes of what is so, are told from it."""

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from simulated_house import SmallHouse

from claw.call import ToolCall
from claw.clock import ManualClock
from claw.evaluation.simulated import build
from claw.history.recorder import BATCH_ROWS, FOUND, WHILE_OFF
from claw.messages.inbox import CUT
from claw.reflex.reading import Request
from claw.supervise import cancel
from claw.testing import eventually

START = ManualClock().time()  # Monday 21 September 2026, 14:13 UTC
HOUR = 3600.0


@pytest.fixture
def home(tmp_path: Path) -> Iterator[SmallHouse]:
    one = SmallHouse(tmp_path)
    yield one
    one.close()


def rows(home: SmallHouse, device: str, field: str = "on") -> list[tuple[object, int | None]]:
    home.recorder.flush()
    found = home.history.all("SELECT value, turn FROM changes WHERE device = ? AND field = ? ORDER BY id", device, field)
    return [(json.loads(row["value"]), row["turn"]) for row in found]


# -- the recorder


async def test_each_real_change_is_one_row(home: SmallHouse) -> None:
    home["spot"].update(on=False, brightness=80)
    home["spot"].update(on=False)
    home["spot"].update(on=True)
    assert rows(home, "spot") == [(True, FOUND), (False, None), (True, None)]
    assert rows(home, "spot", "brightness") == [(80, FOUND)]


async def test_what_no_command_changes_is_not_kept(home: SmallHouse) -> None:
    home["heat"].update(temperature=21.5)
    home["shade"].update(position=60, target_position=90)
    assert not rows(home, "heat", "temperature") + rows(home, "shade", "target_position")
    assert rows(home, "shade", "position")[-1] == (60, None)


async def test_after_a_restart_only_what_differs_is_noted(home: SmallHouse, tmp_path: Path) -> None:
    home = home.again(tmp_path, spot={"on": False})
    assert rows(home, "spot") == [(True, FOUND), (False, WHILE_OFF)]
    assert rows(home, "lamp") == [(False, FOUND)]
    home.close()


async def test_rows_are_written_after_a_while_in_one_batch_and_at_the_stop(home: SmallHouse) -> None:
    home.recorder.flush()
    kept = len(rows(home, "spot"))
    work = asyncio.create_task(home.recorder.run())
    await asyncio.sleep(0)
    home["spot"].update(on=False)
    await asyncio.sleep(0)
    count = "SELECT count(*) AS n FROM changes WHERE device = 'spot' AND field = 'on'"
    assert home.history.all(count)[0]["n"] == kept

    def written() -> bool:
        home.clock.advance(1)
        return bool(home.history.all(count)[0]["n"] == kept + 1)

    await eventually(written)
    home["spot"].update(on=True)
    await cancel(work)
    assert home.history.all(count)[0]["n"] == kept + 2


async def test_many_changes_do_not_wait(home: SmallHouse) -> None:
    work = asyncio.create_task(home.recorder.run())
    for number in range(BATCH_ROWS):
        home["spot"].update(on=bool(number % 2))
    await eventually(lambda: len(home.history.all("SELECT id FROM changes")) >= BATCH_ROWS)
    await cancel(work)


async def test_after_30_days_rows_go_but_the_last_of_each_stays(home: SmallHouse) -> None:
    for on in (False, True, False):
        home["spot"].update(on=on)
    home.recorder.flush()
    home.clock.advance(31 * 86400)
    home["lamp"].update(on=True)
    assert rows(home, "spot") == [(False, None)]
    assert rows(home, "lamp")[-1] == (True, None)


async def test_a_full_disk_loses_rows_is_said_once_and_heals(home: SmallHouse, caplog: pytest.LogCaptureFixture) -> None:
    home.recorder.flush()
    pages = home.history.one("PRAGMA page_count")
    assert pages is not None
    home.history.conn.execute(f"PRAGMA max_page_count = {pages[0]}")
    with caplog.at_level(logging.WARNING):
        for n in range(3000):
            home["spot"].update(on=bool(n % 2))
            if n % 500 == 499:
                home.recorder.flush()
    assert [record.message for record in caplog.records if "not kept" in record.message] == [
        "What the devices report is not kept for now: database or disk is full"
    ]
    home.history.conn.execute("PRAGMA max_page_count = 1000000")
    home["spot"].update(on=not home["spot"].on)
    assert rows(home, "spot")[-1] == (home["spot"].on, None)


# -- what was done


async def test_deeds_are_told_with_their_time_and_cause_newest_last(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    home.clock.advance(HOUR)
    await home.put("touch", {"command": "turn_off", "targets": ["spot"], "args": {}}, chat="web:owner")
    home.clock.advance(HOUR)
    assert (await home.say("what did you do today?")).splitlines() == [
        "At 14:13 I turned on the kitchen lamp: you wrote “turn on the kitchen lamp”.",
        "At 15:13 I turned off the bedroom lamp: you touched it on the page.",
    ]


async def test_a_turn_of_several_deeds_is_one_line_with_what_failed(home: SmallHouse) -> None:
    home["spot"].offline("it does not answer")
    home["lamp"].update(on=True)
    await home.say("turn off all the lights and lock the front door")
    home.clock.advance(HOUR)
    assert await home.say("what did you do in the last two hours") == (
        "At 14:13 I turned off the kitchen lamp, could not turn off the bedroom lamp (it does not answer) "
        "and locked the front door: you wrote “turn off all the lights and lock the front door”."
    )


async def test_a_yes_names_what_was_asked_for(home: SmallHouse) -> None:
    await home.say("open the garage")
    await home.say("yes")
    home.clock.advance(HOUR)
    assert await home.say("what have you done?") == (
        "At 14:13 I opened the garage door: you wrote “open the garage” and then “yes”."
    )  # fmt: skip


async def test_a_button_names_the_question_that_it_answered(home: SmallHouse) -> None:
    await home.say("open the garage")
    question = home.agent.questions.open()[0].id
    await home.put("answer", {"question": question, "text": "yes"}, chat="web:owner")
    home.clock.advance(HOUR)
    assert await home.say("why is the garage door open?") == "Because you said yes to “Open the garage door?” at 14:13."


async def test_nothing_was_done(home: SmallHouse) -> None:
    assert await home.say("what did you do last night?") == "I did nothing last night."
    assert await home.say("what did you do to the kitchen lamp?") == "I did nothing with the kitchen lamp."
    assert await home.say("what did you do to the chandelier?") == "I know no chandelier here."


async def test_last_night_is_from_18_to_8(home: SmallHouse) -> None:
    for hour in (17, 18, 31, 33):  # of the first day; 31 is 7 in the morning
        home.clock.at = START - START % 86400 + hour * HOUR + 60
        await home.say(f"dim the bedroom lamp to {hour}")
    told = await home.say("what did you do last night?")
    assert [line.split(" I ")[1].split(":")[0] for line in told.splitlines()] == [
        "set the bedroom lamp to 18 %", "set the bedroom lamp to 31 %",
    ]  # fmt: skip
    assert told.startswith("Yesterday at 18:01 I set")


async def test_only_one_thing_is_told_of(home: SmallHouse) -> None:
    await home.say("turn on all the lights")
    await home.say("close the bedroom shade")
    home.clock.advance(HOUR)
    assert await home.say("what did you do to the kitchen lamp") == (
        "At 14:13 I turned on the kitchen lamp: you wrote “turn on all the lights”."
    )


async def test_a_long_account_is_cut(home: SmallHouse) -> None:
    for number in range(20):
        await home.say(f"dim the bedroom lamp to {number + 30}")
    lines = (await home.say("what did you do today")).splitlines()
    assert len(lines) == 9
    assert "to 49 %" in lines[7]
    assert lines[8] == "And 12 more before that; `claw log` has all."


async def test_what_happened_while_i_was_away(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    home.clock.advance(HOUR)
    call = ToolCall("turn_off", ("lamp",)).plain()
    await home.put("call", call, key=f"lease:lamp{CUT}1{CUT}")
    home.clock.advance(HOUR)
    assert await home.say("what happened while I was away?") == (
        "At 15:13 I turned off the kitchen lamp: it had run for as long as it may."
    )  # fmt: skip


async def test_a_routine_is_named_as_the_cause(home: SmallHouse) -> None:
    class Speaks:
        def take(self, turn: object, request: Request, context: object) -> None:
            home.agent.deciding.judge(turn, [ToolCall("turn_on", ("lamp",))])  # type: ignore[arg-type]

        def grant(self, turn: object, request: Request) -> None:
            raise AssertionError

    home.agent.deciding.subjects["routines"] = Speaks()  # type: ignore[assignment]
    await home.put("routine", Request("routines", "fire", {"say": "wake up"}).plain())
    home.clock.advance(HOUR)
    assert await home.say("why is the kitchen lamp on?") == "The routine “wake up” did it at 14:13."
    assert await home.say("what did you do today") == "At 14:13 I turned on the kitchen lamp: the routine “wake up” did it."


# -- why


async def test_what_i_did_is_explained_by_what_was_written(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    home.clock.advance(HOUR)
    said = "Because you wrote “turn on the kitchen lamp” at 14:13."
    assert await home.say("why is the kitchen lamp on?") == said
    assert await home.say("who turned on the kitchen lamp?") == (
        "You did, at 14:13: you wrote “turn on the kitchen lamp”."
    )  # fmt: skip
    assert await home.say("when did the kitchen lamp go on?") == "At 14:13, when you wrote “turn on the kitchen lamp”."
    assert await home.say("did you turn the kitchen lamp on?") == "Yes, at 14:13: you wrote “turn on the kitchen lamp”."
    assert await home.say("how long has the kitchen lamp been on?") == (
        "The kitchen lamp has been on for 1 hour, since 14:13: you wrote “turn on the kitchen lamp”."
    )


async def test_the_claw_owns_up_to_what_it_did_not_do(home: SmallHouse) -> None:
    assert await home.say("have you closed the garage?") == (
        "No: the garage door has been closed since before I first saw it (today)."
    )
    home.clock.advance(HOUR)
    home["gate"].update(open=True)
    assert await home.say("did you open the garage?") == (
        "No: the garage door was opened at 15:13, not by me: by hand, or by another app."
    )
    assert await home.say("did you lock the front door?") == "No: I have not seen that happen to the front door lock."
    await home.say("turn off the bedroom lamp")
    assert await home.say("did you turn the bedroom lamp on?") == "No: I have not seen that happen to the bedroom lamp."
    assert await home.say("did you open the front door?") == "I cannot tell that of the front door lock."
    assert await home.say("did I lock the front door?") == "No, the front door is unlocked."


async def test_how_it_was_in_a_span(home: SmallHouse) -> None:
    assert await home.say("was the garage open yesterday?") == "I do not know how the garage door was yesterday."
    home.clock.advance(8 * HOUR)  # 22:13
    home["gate"].update(open=True)
    home.clock.advance(HOUR)
    home["gate"].update(open=False)
    home.clock.advance(12 * HOUR)
    assert await home.say("was the garage open last night?") == (
        "Yes, the garage door was open last night, yesterday at 22:13."
    )  # fmt: skip
    assert await home.say("was the garage open this morning?") == "No, the garage door was not open this morning."


async def test_times_have_no_seconds(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    assert (await home.say("why is the kitchen lamp on?")).endswith(" at 14:13.")
    assert (await home.say("what did you just do?")).startswith("At 14:13 I ")


async def test_players_are_stopped_without_playing(home: SmallHouse) -> None:
    await home.say("stop playing")
    assert (await home.say("what did you do?")).startswith("At 14:13 I stopped the kitchen speaker: ")


async def test_what_was_done_by_hand_is_not_claimed(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    await home.say("turn off the kitchen lamp")
    home.clock.advance(HOUR)
    home["lamp"].update(on=True)
    home.clock.advance(HOUR)
    assert await home.say("why is the kitchen lamp on?") == (
        "The kitchen lamp was turned on at 15:13, not by me: by hand, or by another app."
    )


async def test_what_was_so_all_the_time(home: SmallHouse) -> None:
    home.clock.advance(HOUR)
    assert await home.say("why is the bedroom lamp on?") == "The bedroom lamp has been on since before I first saw it (today)."
    assert await home.say("why is the heating on in the bedroom?") == (
        "The bedroom thermostat has been in heat mode since before I first saw it (today)."
    )
    home.clock.advance(24 * HOUR)
    assert (await home.say("why is the bedroom lamp on?")).endswith("I first saw it (21 Sep).")


async def test_a_false_premise_is_put_right(home: SmallHouse) -> None:
    assert await home.say("why is the kitchen lamp on?") == "The kitchen lamp is off."
    assert await home.say("why is the front door locked?") == "The front door lock is unlocked."


async def test_what_happened_but_is_over_is_told_with_how_it_is_now(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    home.clock.advance(HOUR)
    home["lamp"].update(on=False)
    assert await home.say("who turned on the kitchen lamp?") == (
        "You did, at 14:13: you wrote “turn on the kitchen lamp”. It is off now."
    )
    assert await home.say("why did you turn on the kitchen lamp?") == (
        "The kitchen lamp is off now. That was because you wrote “turn on the kitchen lamp” at 14:13."
    )
    assert await home.say("why did the garage door open?") == "I have not seen that happen to the garage door."


async def test_a_change_while_i_was_off_is_told_as_such(home: SmallHouse, tmp_path: Path) -> None:
    home = home.again(tmp_path, HOUR, lamp={"on": True})
    home.clock.advance(HOUR)
    assert await home.say("why is the kitchen lamp on") == (
        "The kitchen lamp was turned on while I was not running; I saw it at 15:13."
    )  # fmt: skip
    home.close()


async def test_a_shade_that_moves_slowly_is_still_my_deed(home: SmallHouse) -> None:
    await home.say("open the bedroom shade")
    home.clock.advance(HOUR)
    assert await home.say("why did the bedroom shade open?") == "Because you wrote “open the bedroom shade” at 14:13."


async def test_values_and_colours_have_causes_too(home: SmallHouse) -> None:
    await home.say("make the kitchen lamp blue")
    await home.say("set the bedroom to 22 degrees")
    home.clock.advance(HOUR)
    assert "“make the kitchen lamp blue”" in await home.say("why is the kitchen lamp blue?")
    assert "“set the bedroom to 22 degrees”" in await home.say("why is the bedroom thermostat at 22?")
    assert await home.say("why is the bedroom thermostat at 25?") == "The bedroom thermostat is set to 22 °C."
    assert "“set the bedroom to 22 degrees”" in await home.say("who changed the bedroom thermostat?")


async def test_several_devices_have_their_causes_apart(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    home.clock.advance(HOUR)
    assert (await home.say("why are the lights on?")).splitlines() == [
        "The kitchen lamp: because you wrote “turn on the kitchen lamp” at 14:13.",
        "The bedroom lamp: it has been on since before I first saw it (today).",
    ]


async def test_unknown_things_are_said_to_be_unknown(home: SmallHouse) -> None:
    assert await home.say("why is the oven on?") == "I know no oven here."


async def test_why_alone_is_about_the_last_deed(home: SmallHouse) -> None:
    assert await home.say("why?") == "I have done nothing here yet."
    await home.say("turn on the kitchen lamp")
    home.clock.advance(HOUR)
    assert await home.say("why?") == "At 14:13 I turned on the kitchen lamp: you wrote “turn on the kitchen lamp”."
    await home.say("open the garage")
    assert await home.say("why?") == "I do that only with a yes."


async def test_without_a_record_of_changes_the_ledger_still_tells(home: SmallHouse) -> None:
    await home.say("turn on the kitchen lamp")
    home.recorder.flush()
    home.history.write("DELETE FROM changes")
    home.clock.advance(HOUR)
    assert await home.say("why is the kitchen lamp on?") == "Because you wrote “turn on the kitchen lamp” at 14:13."


async def test_what_sensors_notice_is_kept_and_told_since_when(tmp_path: Path) -> None:
    window = {"id": "win", "name": "Bedroom Window", "area": "Bedroom", "kind": "sensor", "class": "window"}
    home = SmallHouse(tmp_path)
    pane = build({"areas": [], "devices": [{**window, "state": {"value": "closed"}}]}, home.house)["win"]
    home.clock.advance(HOUR)
    pane.update(value="open")
    home.clock.advance(2 * HOUR)
    assert rows(home, "win", "value") == [("closed", FOUND), ("open", None)]
    assert await home.say("since when is the bedroom window open?") == (
        "The bedroom window has been open for 2 hours, since 15:13."
    )  # fmt: skip
    assert await home.say("when was the bedroom window opened?") == "The bedroom window was opened at 15:13."
    home.close()


async def test_how_it_was_all_the_time(home: SmallHouse) -> None:
    home.clock.advance(8 * HOUR)  # 22:13
    await home.say("lock the front door")
    home.clock.advance(13 * HOUR)
    assert (await home.say("was the front door locked all night?")).startswith("No, the front door lock was not locked all night")
    home.clock.advance(24 * HOUR)
    assert await home.say("was the front door locked all night?") == "Yes, the front door lock was locked all night."


async def test_only_what_happened_is_told_of_everything(home: SmallHouse) -> None:
    await home.say("turn off the bedroom lamp")
    home.clock.advance(HOUR)
    assert await home.say("did you turn off everything?") == "Yes, at 14:13: you wrote “turn off the bedroom lamp”."
    assert await home.say("why is it so dark in the bedroom?") == "Because you wrote “turn off the bedroom lamp” at 14:13."
