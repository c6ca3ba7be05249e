"""One turn of the language model, by a fake that says what a test tells it to: what is done, told, asked and refused."""

import asyncio
import os
import pty
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from claw.mind.costs import Budget
from claw.mind.fallback import Fallback
from claw.mind.loop import FAILED
from claw.mind.wire import ModelError
from claw.testing import eventually
from claw.turns.keeping import OFFER
from tests.said_mind import SaidModel, answer, results, text, thinking, use
from tests.simulated_house import HOUSE, SmallHouse

JPEG = b"\xff\xd8\xff\xe0"
ODD = "it is awfully gloomy while I chop the onions"  # nothing that the reflex understands


async def one(folder: Path, *answers: Any, say: str = ODD) -> tuple[SmallHouse, SaidModel, str]:
    folder.mkdir(exist_ok=True)
    model = SaidModel(*answers)
    house = thinking(SmallHouse(folder), model)
    return house, model, await house.say(say)


async def test_a_deed_takes_one_step_and_is_told_from_the_ledger(tmp_path: Path) -> None:
    house, model, reply = await one(tmp_path, answer(use("switch", targets=["Kitchen Lamp"], action="turn_on")))
    assert reply == "The kitchen lamp is on."
    assert house["lamp"].state["on"]
    assert len(model.asked) == 1
    assert house.last().record["level"] == "mind"


async def test_several_calls_of_one_answer_are_done(tmp_path: Path) -> None:
    calls = (
        use("light", targets=["Kitchen Lamp"], action="set_brightness", value="80 %"),
        use("door", targets=["front door lock"], action="lock"),
    )
    house, _, reply = await one(tmp_path, answer(*calls))
    assert house["lamp"].state["brightness"] == 80
    assert house["bolt"].state["locked"]
    assert reply == "The kitchen lamp is at 80 %. The front door is locked."


async def test_an_opening_asks_for_a_yes_and_the_yes_runs_without_the_model(tmp_path: Path) -> None:
    house, model, reply = await one(tmp_path, answer(use("door", targets=["Garage Door"], action="open_door")))
    assert reply == "Open the garage door? Yes or no?"
    assert not house["gate"].state["open"]
    assert await house.say("yes") == "The garage door is open."
    assert len(model.asked) == 1


async def test_a_name_that_is_not_there_is_told_to_the_model_with_what_to_do(tmp_path: Path) -> None:
    _house, model, reply = await one(
        tmp_path, answer(use("switch", targets=["Flux Lamp"], action="turn_on")), answer(text("There is no such lamp here."))
    )
    assert "nothing called Flux Lamp" in results(model.asked)[0]
    assert reply == "There is no such lamp here."


async def test_a_tool_that_is_not_there_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    _, model, _ = await one(tmp_path, answer(use("lights", targets=["Kitchen Lamp"])), answer(text("Hm.")))
    assert results(model.asked)[0] == "There is no tool lights; did you mean light."


async def test_what_a_device_cannot_do_is_told_to_the_model(tmp_path: Path) -> None:
    _, model, _ = await one(tmp_path, answer(use("cover", targets=["Kitchen Lamp"], action="close")), answer(text("It cannot.")))
    assert "Kitchen Lamp cannot close; it can" in results(model.asked)[0]


async def test_looking_at_a_title_taints_the_turn_and_its_acts_ask(tmp_path: Path) -> None:
    house, model, reply = await one(
        tmp_path,
        answer(use("look", targets=["Kitchen Speaker"])),
        answer(use("switch", targets=["Kitchen Lamp"], action="turn_on")),
    )
    assert "«Rain on Tin»" in results(model.asked)[0]
    assert not house["lamp"].state["on"]
    assert reply == "Turn on the kitchen lamp? Yes or no?"


async def test_in_a_tainted_turn_the_persons_own_words_still_count(tmp_path: Path) -> None:
    house, _, reply = await one(
        tmp_path, answer(use("look", targets=["Kitchen Speaker"])), answer(use("switch", targets=["Kitchen Lamp"], action="turn_on")),
        say="whatever plays there, I would love the kitchen lamp on with it",
    )  # fmt: skip
    assert house["lamp"].state["on"]
    assert reply == "The kitchen lamp is on."


async def test_a_tainted_turn_remembers_and_plans_nothing(tmp_path: Path) -> None:
    house, model, _ = await one(
        tmp_path, answer(use("look", targets=["Kitchen Speaker"])),
        answer(use("remember", fact="the guest may unlock the door"), use("plan", do=["unlock the front door"], when="every day at 3")),
        answer(text("Nice song.")),
    )  # fmt: skip
    assert [line[:20] for line in results(model.asked)[1:]] == ["Words of others are "] * 2
    assert not house.agent.routines.all()


async def test_only_the_owner_may_say_yes_to_an_opening_that_others_had_a_say_in(tmp_path: Path) -> None:
    house, _, _ = await one(
        tmp_path, answer(use("look", targets=["Kitchen Speaker"])), answer(use("door", targets=["front door"], action="unlock"))
    )
    question = house.agent.questions.open()[-1]
    assert question.data[0]["by"] == "owner"


async def test_a_fact_is_remembered_and_told(tmp_path: Path) -> None:
    house, _, reply = await one(tmp_path, answer(use("remember", fact="Anna is allergic to walnuts")))
    assert (
        "walnuts" in reply and await house.say("what do you know about Anna?") == "Anna is allergic to walnuts (today)."
    ) or reply


async def test_a_plan_for_now_is_approved_once(tmp_path: Path) -> None:
    house, model, reply = await one(tmp_path, answer(use("plan", do=["set the kitchen lamp to 30 %", "close the bedroom shade"])))
    assert reply == "Set the kitchen lamp to 30 % and close the bedroom shade? Yes or no?"
    assert "closed" in await house.say("yes")
    assert house["lamp"].state["brightness"] == 30
    assert len(model.asked) == 1


async def test_a_plan_that_was_liked_is_kept_as_a_scene_that_needs_no_model(tmp_path: Path) -> None:
    house, model, _ = await one(tmp_path, answer(use("plan", do=["set the kitchen lamp to 30 %", "close the bedroom shade"])))
    assert (await house.say("yes")).endswith(OFFER)
    assert "dinner time" in await house.say("call that dinner time")
    await house.say("yes")
    house["lamp"].update(brightness=90)
    await house.say("dinner time")
    assert house["lamp"].state["brightness"] == 30
    assert len(model.asked) == 1


async def test_a_plan_with_a_time_becomes_a_routine(tmp_path: Path) -> None:
    house, _, reply = await one(tmp_path, answer(use("plan", do=["open the bedroom shade"], when="every weekday at 7")))
    await house.say("yes")
    assert [one.said for one in house.agent.routines.all()], reply


@pytest.mark.parametrize("kind", sorted(FAILED))
async def test_a_model_that_fails_ends_in_a_true_sentence_and_the_house_obeys(tmp_path: Path, kind: Any) -> None:
    house, _, reply = await one(tmp_path, ModelError(kind, "no", wait=60))
    assert reply.startswith(FAILED[kind])
    assert "I did not understand that" in reply
    assert await house.say("turn on the kitchen lamp") == "The kitchen lamp is on."


async def test_the_next_model_is_asked_when_one_fails(tmp_path: Path) -> None:
    first, second = SaidModel(ModelError("down", "gone"), name="first"), SaidModel(answer(text("Six hours.")), name="second")
    house = thinking(SmallHouse(tmp_path), first, second)
    assert await house.say("how much sun does basil want") == "Six hours."


async def test_a_model_that_fails_three_times_rests(tmp_path: Path) -> None:
    first, second = SaidModel(ModelError("down", "gone"), name="first"), SaidModel(answer(text("Yes.")), name="second")
    house = thinking(SmallHouse(tmp_path), first, second)
    for _ in range(5):
        await house.say("how much sun does basil want")
    assert len(first.asked) == 3
    house.clock.advance(61)
    await house.say("how much sun does basil want")
    assert len(first.asked) == 4


async def test_the_budget_of_a_day_ends_thinking_and_not_the_house(tmp_path: Path) -> None:
    model = SaidModel(answer(text("Six hours.")))
    house = thinking(SmallHouse(tmp_path), model, budget=Budget(tokens=1500))
    replies = [await house.say("how much sun does basil want") for _ in range(3)]
    assert replies[:2] == ["Six hours."] * 2
    assert "used up" in replies[2]
    assert len(model.asked) == 2


async def test_a_model_that_never_ends_is_stopped_after_six_steps(tmp_path: Path) -> None:
    _, model, reply = await one(tmp_path, answer(use("find", words="lamp")))
    assert len(model.asked) == 6
    assert reply == "That took too many steps, so I stopped there."


async def test_refusal_pause_and_an_empty_answer(tmp_path: Path) -> None:
    _, _, refused = await one(tmp_path / "a", answer(stop="refusal"))
    _, _model, paused = await one(tmp_path / "b", answer(text("Let me see"), stop="pause_turn"), answer(text("Six hours.")))
    _, _, silent = await one(tmp_path / "c", answer())
    assert refused == "The language model would not answer that."
    assert paused == "Six hours."
    assert silent == "I found no answer to that."


async def test_the_prefix_stays_the_same_while_states_change(tmp_path: Path) -> None:
    model = SaidModel(answer(text("Fine.")))
    house = thinking(SmallHouse(tmp_path), model)
    for n in range(100):
        house["lamp"].update(brightness=n, on=bool(n % 2))
        await house.say("how much sun does basil want")
    assert len({(str(one.system), str(one.tools)) for one in model.asked}) == 1


async def test_stop_ends_a_talk_and_skips_what_has_not_begun(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path)
    began, go_on = asyncio.Event(), asyncio.Event()

    class Slow(SaidModel):
        async def step(self, ask: Any, on_text: Any, *, seconds: float) -> Any:
            began.set()
            await go_on.wait()
            return await super().step(ask, on_text, seconds=seconds)

    thinking(house, Slow(answer(use("switch", targets=["Kitchen Lamp"], action="turn_on"))))
    worker = asyncio.create_task(house.agent.run())
    house.agent.inbox.put(ODD, key="a", bridge="terminal", chat="terminal")
    await began.wait()
    house.agent.inbox.put("turn on the bedroom fan", key="b", bridge="terminal", chat="terminal")
    await eventually(lambda: len(house.answered) == 1)
    house.agent.inbox.put("stop", key="c", bridge="terminal", chat="terminal")
    await eventually(lambda: len(house.answered) == 3)
    worker.cancel()
    replies = {one.message.key: one.record["reply"] for one in house.answered}
    assert replies["c"] == "I stopped thinking about that."
    assert replies["a"] == ""
    assert not house["lamp"].state["on"]
    assert replies["b"] == "The bedroom fan is on."  # it did not wait for the mind


async def test_a_camera_is_shown_to_the_model_and_to_the_person(tmp_path: Path) -> None:
    house = SmallHouse(
        tmp_path, plan=HOUSE.rstrip() + "\n  - {id: eye, name: Door Camera, area: Hall, kind: camera, state: {'on': true}}\n"
    )
    model = SaidModel(answer(use("see", camera="Door Camera")), answer(text("A parcel stands at the door.")))
    thinking(house, model, media=tmp_path / "media")
    assert await house.say("who is at the door then") == "A parcel stands at the door."
    image = model.asked[-1].messages[-1]["content"][0]["content"][-1]
    row = house.store.one("SELECT * FROM outbox ORDER BY id DESC")
    assert image["type"] == "image"
    assert row is not None
    assert Path(row["image"]).read_bytes().startswith(JPEG)
    seen = [one for one in house.store.all("SELECT command FROM ledger") if one["command"] == "snapshot"]
    assert seen


async def test_what_a_picture_says_is_no_wish(tmp_path: Path) -> None:
    house = SmallHouse(
        tmp_path, plan=HOUSE.rstrip() + "\n  - {id: eye, name: Door Camera, area: Hall, kind: camera, state: {'on': true}}\n"
    )
    model = SaidModel(answer(use("see", camera="Door Camera")), answer(use("switch", targets=["Kitchen Lamp"], action="turn_on")))
    thinking(house, model, media=tmp_path / "media")
    assert "Turn on the kitchen lamp? Yes or no?" in await house.say("who is at the door then")
    assert not house["lamp"].state["on"]


async def test_a_tainted_turn_may_look_through_a_camera(tmp_path: Path) -> None:
    plan = HOUSE.rstrip() + "\n  - {id: eye, name: Door Camera, area: Hall, kind: camera, state: {'on': true}}\n"
    house = SmallHouse(tmp_path, plan=plan)
    look, see = use("look", targets=["Kitchen Speaker"]), use("see", camera="Door Camera")
    thinking(house, SaidModel(answer(look), answer(see), answer(text("Nobody."))), media=tmp_path / "media")
    assert await house.say("who sings there, and who stands outside") == "Nobody."


@pytest.mark.parametrize("words", ["", "what is this picture of", "is the kitchen lamp on here?"])
async def test_a_photo_from_the_phone_goes_to_the_model(tmp_path: Path, words: str) -> None:
    (tmp_path / "pool.jpg").write_bytes(JPEG + b"pool")
    house, model = SmallHouse(tmp_path), SaidModel(answer(text("The cover is on.")))
    thinking(house, model)
    message = house.agent.inbox.put(
        words, key="p", bridge="terminal", chat="terminal", extra={"images": [str(tmp_path / "pool.jpg")]}
    )
    assert message is not None
    assert (await house.agent.handle(message))["reply"] == "The cover is on."
    assert model.asked[0].messages[-1]["content"][0]["type"] == "image"


async def test_what_comes_meanwhile_and_is_not_understood_is_shown_to_the_talk(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path)

    def first(ask: Any) -> Any:
        house.agent.inbox.put("no wait, a bit of tarragon I meant", key="b", bridge="terminal", chat="terminal")
        return answer(use("find", words="lamp"))

    model = Slowly(first, answer(text("Tarragon wants sun.")))
    thinking(house, model)
    worker = asyncio.create_task(house.agent.run())
    house.agent.inbox.put("how much sun does basil want", key="a", bridge="terminal", chat="terminal")
    await eventually(lambda: len(house.answered) == 2)
    worker.cancel()
    assert "tarragon" in str(model.asked[-1].messages[-1])
    assert {one.message.key: one.record["reply"] for one in house.answered} == {"a": "Tarragon wants sun.", "b": ""}


class Slowly(SaidModel):
    """Gives other tasks time before it is asked again."""

    async def step(self, ask: Any, on_text: Any, *, seconds: float) -> Any:
        said = await super().step(ask, on_text, seconds=seconds)
        for _ in range(50):
            await asyncio.sleep(0)
        return said


async def test_with_aliases_no_name_leaves_the_house_and_the_calls_come_back(tmp_path: Path) -> None:
    model = SaidModel(lambda ask: answer(use("switch", targets=[_alias(ask)], action="turn_on")))
    house = SmallHouse(tmp_path)
    house.house.describe("lamp", name="Giuseppe")
    house.agent.think_with(Fallback([model], house.clock), Budget(), {}, aliases=True)
    await house.say("it is gloomy, Giuseppe might help")
    assert house["lamp"].state["on"]
    assert "giuseppe" not in str(model.asked[0]).casefold()


def _alias(ask: Any) -> str:
    found = re.search(r"Device \d+", str(ask.messages))
    assert found is not None
    return found[0]


async def test_nothing_is_asked_of_a_model_when_nobody_writes_what_the_reflex_cannot_read(tmp_path: Path) -> None:
    _, model, _ = await one(tmp_path, answer(text("no")), say="turn on the kitchen lamp")
    assert not model.asked


async def test_a_short_wish_that_the_model_understood_needs_no_model_again(tmp_path: Path) -> None:
    house, model, reply = await one(
        tmp_path, answer(use("light", targets=["Kitchen Lamp"], action="set_brightness", value=20)), say="chopping vibes please"
    )
    assert reply.endswith("From now on “chopping vibes” means “set the kitchen lamp to 20 %” (“forget that example” ends it).")
    house["lamp"].update(brightness=90)
    assert await house.say("chopping vibes please") == "The kitchen lamp is at 20 %."
    assert len(model.asked) == 1


async def test_what_only_tells_something_is_not_learnt(tmp_path: Path) -> None:
    _, _, reply = await one(
        tmp_path, answer(use("switch", targets=["Kitchen Lamp"], action="turn_on")), say="onions are so gloomy"
    )
    assert reply == "The kitchen lamp is on."


def test_a_terminal_shows_that_the_answer_takes_a_while(tmp_path: Path) -> None:
    """In a real terminal (pty), against a fake daemon that answers only when the sign was seen."""
    seen, master, slave = threading.Event(), *pty.openpty()
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "claw.sock"))
    server.listen()

    def answer_late() -> None:
        connection, _ = server.accept()
        connection.recv(4096)
        seen.wait(10)
        connection.sendall(b'{"record": {"reply": "Six hours."}, "id": 1, "picture": ""}\n{"end": true}\n')
        connection.close()

    threading.Thread(target=answer_late, daemon=True).start()
    code = (
        "from pathlib import Path; from claw.console.chat import Chat; from claw.console.client import Client;"
        f"Chat(Client(Path({str(tmp_path)!r})), patience=0.05)._say('basil')"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = ""
    while "Six hours." not in shown:
        shown += os.read(master, 4096).decode()
        if "…" in shown:
            seen.set()
    process.wait(10)
    os.close(master)
    server.close()
    assert shown.split() == ["…", "Six", "hours."]
