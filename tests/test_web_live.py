"""The page's websocket: every word exactly once, every frame in order, and nothing that a phone sends can hurt."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from phone import Frame, Phone, house, phone
from whole_house import JumpClock

from claw import view
from claw.daemon import Daemon
from claw.discovery.found import Found
from claw.evaluation.simulated import kind_of
from claw.house import DeviceHeld
from claw.messages.inbox import Inbox
from claw.reflex.reading import Request
from claw.testing import eventually
from claw.testing import say as type_in
from claw.web.live import KEPT

LAN = '[web]\nlisten = "127.7.8.9"\n'
DEVICE = {"id", "name", "area", "kind", "sort", "maker", "model", "online", "trouble", "skill", "state", "commands"}
TURN = {"id", "at", "say", "reply", "who", "kind", "asked", "calls", "undo", "undone", "redo"}


@pytest.fixture
def clock() -> JumpClock:
    return JumpClock()


@pytest_asyncio.fixture
async def daemon(tmp_path: Path, clock: JumpClock) -> AsyncIterator[Daemon]:
    async with house(tmp_path / "data", LAN, clock=clock) as daemon:
        yield daemon


@pytest_asyncio.fixture
async def anna(daemon: Daemon) -> AsyncIterator[Phone]:
    async with phone(daemon) as one:
        await one.open()
        yield one


@pytest_asyncio.fixture
async def lan(daemon: Daemon) -> AsyncIterator[Phone]:
    async with phone(daemon, number=1) as one:
        await one.open()
        yield one


def numbers(frames: list[Frame]) -> list[int]:
    return [frame["seq"] for frame in frames if "seq" in frame and frame["type"] != "hello"]


# -- hello


async def test_the_hello_has_the_whole_state(daemon: Daemon, anna: Phone) -> None:
    hello = anna.frames[0]
    assert (hello["type"], hello["resumed"], hello["seq"]) == ("hello", False, daemon.web.live.seq)
    state = hello["state"]
    assert set(state) == {
        "zone",
        "name",
        "approves",
        "areas",
        "devices",
        "waiting",
        "routines",
        "log",
        "chat",
        "links",
        "push",
        "thinking",
    }
    assert (state["areas"], state["approves"]) == (["Kitchen", "Hall"], True)
    assert [one["id"] for one in state["devices"]] == ["lamp", "spot", "lock", "warm"]
    assert all(set(one) == DEVICE for one in state["devices"])


async def test_the_hello_has_the_chat_and_the_log_of_before(daemon: Daemon, anna: Phone) -> None:
    cid = await anna.send("say", text="turn on the kitchen lamp")
    await anna.heard("chat", lambda one: one["message"]["from"] == "claw")
    await type_in(daemon, "turn off the kitchen lamp")
    await anna.close()
    state = (await anna.open())["state"]
    assert [(one["from"], one["text"], one["cid"]) for one in state["chat"]] == [
        ("you", "turn on the kitchen lamp", cid), ("claw", "The kitchen lamp is on.", ""),
    ]  # fmt: skip
    assert [(one["say"], one["who"], one["undo"]) for one in state["log"]] == [
        ("turn off the kitchen lamp", "you", True), ("turn on the kitchen lamp", "you", True),
    ]  # fmt: skip
    assert set(state["log"][0]) == TURN
    assert state["log"][0]["calls"] == [{"command": "turn_off", "names": ["Kitchen Lamp"], "args": {}, "outcome": "done"}]


async def test_the_log_has_no_lookups_of_commands_and_no_answers_to_skills(daemon: Daemon, anna: Phone) -> None:
    asking = asyncio.create_task(daemon.agent.asks.ask("What is the code of the hub?", about="hub"))
    await anna.heard("waiting", lambda one: one["waiting"])
    await type_in(daemon, "secret-words")
    assert await asking == "secret-words"
    assert (await daemon.agent.ask_for(Request("memory", "show")))["reply"]
    await type_in(daemon, "what time is it?")
    await anna.heard("turn", lambda one: one["turn"]["say"] == "what time is it?")
    assert [one["turn"]["say"] for one in anna.frames if one["type"] == "turn"] == ["what time is it?"]
    assert [one["say"] for one in view.log(daemon.agent)] == ["what time is it?"]


async def test_an_undo_names_what_it_took_back_and_that_is_marked_until_it_is_done_again(daemon: Daemon, anna: Phone) -> None:
    said = "turn on the kitchen lamp"
    await type_in(daemon, said)
    expected = [[(said, False, False)]]
    expected += [[(f"undo “{said}”", False, True), (said, True, False)]]
    expected += [[(f"redo “{said}”", False, False), (f"undo “{said}”", True, True), (said, False, False)]]
    for log in expected:
        assert [(one["say"], one["undone"], one["redo"]) for one in view.log(daemon.agent)] == log
        ack = await anna.does("undo", turn=view.log(daemon.agent)[0]["id"])
        await anna.heard("result", lambda one, cid=ack["cid"]: one["cid"] == cid)


async def test_a_yes_is_logged_with_its_question(daemon: Daemon, anna: Phone) -> None:
    await anna.send("say", text="unlock the front door")
    question = (await anna.heard("waiting", lambda one: one["waiting"]))["waiting"][0]
    await anna.send("answer", question=question["id"], text="yes")
    turn = (await anna.heard("turn", lambda one: one["turn"]["kind"] == "answer"))["turn"]
    assert turn["say"] == f"{question['text'].removesuffix(' Yes or no?')} Yes"


# -- words and fingers


async def test_a_message_is_acknowledged_answered_and_logged(daemon: Daemon, anna: Phone) -> None:
    ack = await anna.does("say", "m1", text="turn on the kitchen lamp")
    assert (ack["ok"], ack["message"]["cid"], ack["message"]["text"]) == (True, "m1", "turn on the kitchen lamp")
    said = (await anna.heard("chat", lambda one: one["message"]["from"] == "claw"))["message"]
    assert (said["text"], said["choices"], said["question"]) == ("The kitchen lamp is on.", [], None)
    heard = (await anna.heard("chat", lambda one: one["message"]["from"] == "you"))["message"]
    assert heard == {**ack["message"], "answered": True}
    await anna.heard("turn", lambda one: one["turn"]["say"] == "turn on the kitchen lamp")
    await anna.heard("device", lambda one: one["device"]["id"] == "lamp" and one["device"]["state"]["on"])
    assert numbers(anna.frames) == sorted(set(numbers(anna.frames)))


async def test_a_touch_reaches_the_lamp_and_its_result_only_who_touched(daemon: Daemon, anna: Phone) -> None:
    async with phone(daemon) as ben:
        await ben.open()
        assert (await anna.does("touch", "t1", device="lamp", command="turn_on", args={}))["ok"]
        result = await anna.heard("result")
        assert result == {"type": "result", "cid": "t1", "reply": "The kitchen lamp is on.", "ok": True}
        assert daemon.house.devices["lamp"].state["on"] is True
        await ben.heard("turn")
        assert not [one for one in (*anna.frames, *ben.frames) if one["type"] == "chat"]
        assert not [one for one in ben.frames if one["type"] == "result"]


async def test_a_message_that_is_sent_again_is_taken_once(daemon: Daemon, anna: Phone) -> None:
    for _ in range(2):
        await anna.send("say", "same", text="turn on the kitchen lamp")
        await anna.send("touch", "finger", device="spot", command="turn_on", args={})
    await anna.close()
    await anna.open()
    for op, cid in (("say", "same"), ("touch", "finger")):
        assert (await anna.does(op, cid, text="turn on the kitchen lamp", device="spot", command="turn_on", args={}))["ok"]
    await eventually(lambda: not daemon.agent.inbox.open())
    assert [row["event"] for row in daemon.agent.ledger.recent()].count("intended") == 2


async def test_the_same_cid_of_two_phones_is_two_messages(daemon: Daemon, anna: Phone) -> None:
    async with phone(daemon) as ben:
        await ben.open()
        await anna.does("say", "m1", text="hello")
        await ben.does("say", "m1", text="hello")
    assert daemon.store.one("SELECT count(*) AS n FROM inbox")["n"] == 2  # type: ignore[index]


async def test_the_commit_comes_before_the_acknowledgement(daemon: Daemon, anna: Phone) -> None:
    with sqlite3.connect(daemon.store.path or "") as other:
        await anna.does("say", "m1", text="hello")
        kept = other.execute("SELECT count(*) FROM inbox").fetchone()[0]
    other.close()
    assert kept == 1


async def test_on_a_full_disk_nothing_is_taken_and_that_is_said(daemon: Daemon, anna: Phone) -> None:
    (pages,) = daemon.store.one("PRAGMA page_count") or (0,)
    daemon.store.write(f"PRAGMA max_page_count = {pages}")
    ack = await anna.does("say", "long", text="x" * 60_000)
    assert (ack["ok"], ack["error"]) == (False, "Nothing was taken: the disk is full.")
    daemon.store.write(f"PRAGMA max_page_count = {pages + 1000}")
    assert (await anna.does("say", "again", text="hello"))["ok"]
    assert daemon.store.one("SELECT 1 FROM inbox WHERE key LIKE '%:long'") is None


# -- what was typed before


async def test_what_was_typed_hours_ago_is_asked_about(daemon: Daemon, anna: Phone) -> None:
    ack = await anna.does("say", text="turn on the kitchen lamp", age=3 * 3600)
    said = (await anna.heard("chat", lambda one: one["message"]["from"] == "claw"))["message"]
    assert said["text"] == "You wrote this 3 hours ago: shall I still turn on the kitchen lamp?"
    assert said["at"] - ack["message"]["at"] == pytest.approx(3 * 3600, abs=30)
    assert daemon.house.devices["lamp"].state["on"] is False
    await anna.does("answer", question=said["question"], text="yes")
    await anna.heard("chat", lambda one: one["message"]["text"] == "The kitchen lamp is on.")


async def test_a_yes_that_was_typed_before_the_question_approves_nothing(daemon: Daemon, anna: Phone) -> None:
    await anna.does("say", text="unlock the front door")
    asked = (await anna.heard("chat", lambda one: one["message"]["from"] == "claw"))["message"]["text"]
    await anna.does("say", "early", text="yes", age=60.5)
    await anna.heard("turn", lambda one: (one["turn"]["say"], one["turn"]["reply"]) == ("yes", asked))
    assert daemon.house.devices["lock"].state["locked"] is True
    await anna.does("say", text="yes", age=0.001)
    await anna.heard("chat", lambda one: one["message"]["text"] == "The front door is unlocked.")


async def test_an_age_that_cannot_be_is_no_harm(daemon: Daemon, anna: Phone) -> None:
    for number, age in enumerate(("1e999", "-1e999", '"1"', "true", "null", "[]", "1" + "0" * 400)):
        await anna.ws.send_str(f'{{"op": "say", "cid": "c{number}", "text": "hello", "age": {age}}}')
        ack = await anna.heard("ack", lambda one, number=number: one["cid"] == f"c{number}")
        assert ack["ok"] is False, age
    assert daemon.store.one("SELECT 1 FROM inbox") is None
    now = daemon.agent.clock.time()
    for age, past in ((-3600, 0), (1e300, 366 * 86400)):
        ack = await anna.does("say", text="hello", age=age)
        assert now - ack["message"]["at"] == pytest.approx(past, abs=10)


# -- what is nobody else's

SECRET = "remember that the wifi password is hunter2"


@pytest.mark.parametrize("text", [SECRET, "031-45-154"])
async def test_a_secret_reaches_no_other_phone_and_no_later_one(daemon: Daemon, anna: Phone, text: str) -> None:
    async with phone(daemon) as ben:
        await ben.open()
        assert (await anna.does("say", text=text))["message"]["text"] == text
        for one in (anna, ben):
            heard = await one.heard("chat", lambda frame: frame["message"]["from"] == "you")
            assert heard["message"]["text"] == "(an answer)"
        assert text not in json.dumps(ben.frames)
        assert text not in "".join(daemon.web.live.since(0) or ())
        await ben.close()
        assert text not in json.dumps(await ben.open())


async def test_another_phone_is_told_the_question_before_the_answer(daemon: Daemon, anna: Phone) -> None:
    async with phone(daemon) as ben:
        await ben.open()
        for text in ("turn on the kitchen lamp", "turn off the kitchen lamp"):
            await anna.does("say", text=text)
        await ben.heard("chat", lambda frame: frame["message"]["text"] == "The kitchen lamp is off.")
        told = [frame["message"] for frame in ben.frames if frame["type"] == "chat"]
        assert [one["from"] for one in told] == ["you", "claw", "you", "claw"]


async def test_what_is_not_answered_yet_is_shown_to_its_sender_only(daemon: Daemon, anna: Phone) -> None:
    goes_on = asyncio.Event()

    async def slow() -> None:
        await goes_on.wait()
        daemon.house.devices["lamp"].update(on=True)

    daemon.house.devices["lamp"].turn_on = slow  # type: ignore[attr-defined]
    await anna.does("say", text="turn on the kitchen lamp")
    async with phone(daemon) as ben:
        assert (await ben.open())["state"]["chat"] == []
        await anna.close()
        assert [one["text"] for one in (await anna.open())["state"]["chat"]] == ["turn on the kitchen lamp"]
        goes_on.set()
        await ben.heard("chat", lambda one: one["message"]["text"] == "turn on the kitchen lamp")


# -- questions


async def test_a_yes_on_the_page_unlocks_the_door_once(daemon: Daemon, anna: Phone) -> None:
    await anna.send("touch", device="lock", command="unlock", args={})
    waiting = (await anna.heard("waiting", lambda one: one["waiting"]))["waiting"]
    assert [(one["kind"], one["text"], one["choices"]) for one in waiting] == [
        ("approval", "Unlock the front door? Yes or no?", ["yes", "no"])
    ]
    assert daemon.house.devices["lock"].state["locked"] is True
    for _ in range(2):
        await anna.send("answer", "a1", question=waiting[0]["id"], text="yes")
    await anna.heard("chat", lambda one: one["message"]["text"] == "The front door is unlocked.")
    await anna.heard("waiting", lambda one: not one["waiting"] and one["seq"] > 1)
    assert [one["ok"] for one in anna.frames if one["type"] == "ack" and one["cid"] == "a1"] == [True, True]
    assert [row["event"] for row in daemon.agent.ledger.recent()].count("intended") == 1


async def test_a_message_of_the_chat_names_the_question_that_it_asks(daemon: Daemon, anna: Phone) -> None:
    await anna.send("say", text="unlock the front door")
    asked = (await anna.heard("chat", lambda one: one["message"]["from"] == "claw"))["message"]
    waiting = (await anna.heard("waiting", lambda one: one["waiting"]))["waiting"]
    assert (asked["choices"], asked["question"]) == (["yes", "no"], waiting[0]["id"])
    await anna.send("answer", question=asked["question"], text="no")
    await anna.heard("chat", lambda one: one["message"]["text"] == "All right, I did nothing.")
    assert daemon.house.devices["lock"].state["locked"] is True


@pytest.mark.parametrize("text", ["", "banana", "YES", "1"])
async def test_only_a_plain_yes_opens(daemon: Daemon, anna: Phone, text: str) -> None:
    await anna.send("touch", device="lock", command="unlock", args={})
    question = (await anna.heard("waiting", lambda one: one["waiting"]))["waiting"][0]["id"]
    await anna.send("answer", question=question, text=text)
    await anna.heard("turn", lambda one: one["turn"]["kind"] == "answer")
    assert daemon.house.devices["lock"].state["locked"] is True


async def test_what_waits_goes_away_when_it_expires(daemon: Daemon, anna: Phone, clock: JumpClock) -> None:
    await anna.send("touch", device="lock", command="unlock", args={})
    seq = (await anna.heard("waiting", lambda one: one["waiting"]))["seq"]
    clock.advance(121)
    await anna.heard("waiting", lambda one: not one["waiting"] and one["seq"] > seq)


async def test_which_one_is_answered_by_the_number_of_a_choice(daemon: Daemon, anna: Phone) -> None:
    for id, area in (("kitchen-fan", "Kitchen"), ("hall-fan", "Hall")):
        fan = kind_of("fan", frozenset({"on"}))(id, "Fan", area=area)
        daemon.house.adopt(fan, skill="simulated")
        fan.update(on=False)
    await anna.send("say", text="turn on the fan")
    question = (await anna.heard("waiting", lambda one: one["waiting"]))["waiting"][0]
    assert (question["kind"], len(question["choices"])) == ("which", 2)
    await anna.send("answer", question=question["id"], text="2")
    await anna.heard("turn", lambda one: one["turn"]["kind"] == "answer")
    on = [area for area in ("kitchen", "hall") if daemon.house.devices[f"{area}-fan"].state["on"]]
    assert len(on) == 1
    assert on[0] in question["choices"][1].lower()


async def test_a_question_of_a_skill_is_answered_once_and_the_words_are_kept_nowhere(daemon: Daemon, anna: Phone) -> None:
    asking = asyncio.create_task(daemon.agent.asks.ask("What is the code of the hub?", about="hub"))
    question = (await anna.heard("waiting", lambda one: one["waiting"]))["waiting"][0]
    assert (question["kind"], question["about"], question["choices"]) == ("ask", "hub", [])
    for _ in range(2):
        assert (await anna.does("answer", "c1", question=question["id"], text="secret-words"))["ok"]
    assert await asking == "secret-words"
    assert "no longer open" in (await anna.does("answer", "c2", question=question["id"], text="secret-words"))["error"]
    assert "secret-words" not in "\n".join(daemon.store.conn.iterdump())


async def test_over_plain_http_a_yes_does_not_count_and_the_terminal_s_does(daemon: Daemon, lan: Phone) -> None:
    assert lan.frames[0]["state"]["approves"] is False
    await lan.send("touch", "t1", device="lock", command="unlock", args={})
    question = (await lan.heard("waiting", lambda one: one["waiting"]))["waiting"][0]
    assert question["chat"] == "terminal"
    assert "in the terminal" in (await lan.heard("result"))["reply"]
    await lan.send("answer", question=question["id"], text="yes")
    await lan.heard("chat", lambda one: "no yes over this connection" in one["message"]["text"])
    assert daemon.house.devices["lock"].state["locked"] is True
    assert (await type_in(daemon, "yes"))["reply"] == "The front door is unlocked."
    assert daemon.house.devices["lock"].state["locked"] is False


async def overheard(one: Phone, text: str) -> None:
    """Write this; it must be refused, since it could be overheard."""
    await one.does("say", text=text)
    turn = (await one.heard("turn", lambda frame: frame["turn"]["say"] == text))["turn"]
    assert "no yes over this connection" in turn["reply"]
    assert turn["calls"] == []


async def test_over_plain_http_a_typed_yes_does_not_count_for_what_was_asked_here_or_elsewhere(
    daemon: Daemon, anna: Phone, lan: Phone
) -> None:
    await lan.does("say", text="unlock the front door")
    await lan.heard("chat", lambda one: "in the terminal" in one["message"]["text"])
    await overheard(lan, "yes")  # asked in the terminal
    await type_in(daemon, "no")
    await anna.does("say", text="unlock the front door")
    await anna.heard("chat", lambda one: one["message"]["choices"])
    await overheard(lan, "yes please")  # asked in the same chat, by a phone that may
    assert daemon.house.devices["lock"].state["locked"] is True
    await anna.does("say", text="yes")
    await anna.heard("chat", lambda one: one["message"]["text"] == "The front door is unlocked.")


async def test_over_plain_http_a_number_from_the_list_does_not_count(daemon: Daemon, anna: Phone, lan: Phone) -> None:
    lock = kind_of("lock", frozenset({"locked"}))("back", "Back Door", area="Kitchen")
    daemon.house.adopt(lock, skill="simulated")
    lock.update(locked=True)
    for door in ("front", "back"):
        await anna.does("say", text=f"unlock the {door} door")
        await anna.heard("chat", lambda one, door=door: f"{door} door? yes or no?" in one["message"]["text"].lower())
    await lan.does("say", text="yes")
    await lan.heard("chat", lambda one: "Which number?" in one["message"]["text"])
    await overheard(lan, "2")
    assert (lock.state["locked"], daemon.house.devices["lock"].state["locked"]) == (True, True)


async def test_over_plain_http_no_routine_is_granted(daemon: Daemon, anna: Phone, lan: Phone) -> None:
    await anna.does("say", text="every day at 7 unlock the front door")
    question = (await anna.heard("waiting", lambda one: one["waiting"]))["waiting"][0]
    await overheard(lan, "yes")
    await lan.does("answer", question=question["id"], text="yes")
    await lan.heard("turn", lambda one: one["turn"]["kind"] == "answer" and "no yes over" in one["turn"]["reply"])
    assert daemon.agent.routines.all() == []
    await anna.does("answer", question=question["id"], text="yes")
    await eventually(daemon.agent.routines.all)


async def test_over_plain_http_nobody_says_that_it_is_the_same_lock(
    daemon: Daemon, anna: Phone, lan: Phone, clock: JumpClock
) -> None:
    lock = kind_of("lock", frozenset({"locked"}))("lock", "Front Door")
    lock.found = Found("mdns", "_lock._tcp.local.", "Front Door", "127.66.9.9", 80, "lock")
    daemon.events.publish(DeviceHeld(lock, "The front door is silent at its old address"))

    def asked() -> list[Frame]:
        clock.advance(1)
        return [one for one in view.waiting(daemon.agent) if "same one" in one["text"]]

    await eventually(asked)
    (question,) = asked()
    assert (question["kind"], question["choices"]) == ("approval", ["yes", "no"])
    await overheard(lan, "yes")
    await lan.does("answer", question=question["id"], text="yes")
    await lan.heard("turn", lambda one: one["turn"]["kind"] == "answer" and "no yes over" in one["turn"]["reply"])
    assert asked()
    await anna.does("answer", question=question["id"], text="yes")
    await eventually(lambda: not asked())


async def test_a_proxy_s_plain_http_does_not_count_as_this_machine(daemon: Daemon) -> None:
    async with phone(daemon) as one:
        one.http.headers["X-Forwarded-For"] = "192.168.1.20"
        assert (await one.open())["state"]["approves"] is False


async def test_behind_a_proxy_with_https_a_yes_counts_and_the_cookie_is_secure(daemon: Daemon) -> None:
    async with phone(daemon, paired=False) as one:
        headers = {"X-Forwarded-Proto": "https", "Origin": one.base.replace("http", "https")}
        async with one.http.post("/pair", json={"code": daemon.web.sessions.code()}, headers=headers) as answer:
            cookie = answer.headers["Set-Cookie"]
        assert "Secure" in cookie
        one.http.headers.update(headers | {"Cookie": cookie.split(";")[0]})
        assert (await one.open())["state"]["approves"] is True


async def test_the_owner_may_let_a_yes_over_http_count(tmp_path: Path) -> None:
    async with house(tmp_path / "data", f"{LAN}approve_over_http = true\n") as daemon, phone(daemon, number=1) as one:
        assert (await one.open())["state"]["approves"] is True
        await one.send("touch", device="lock", command="unlock", args={})
        question = (await one.heard("waiting", lambda frame: frame["waiting"]))["waiting"][0]
        await one.send("answer", question=question["id"], text="yes")
        await one.heard("chat", lambda frame: frame["message"]["text"] == "The front door is unlocked.")


# -- resume


async def test_after_a_lost_socket_nothing_is_missing_and_nothing_twice(daemon: Daemon, anna: Phone) -> None:
    await anna.does("say", text="turn on the kitchen lamp")
    await anna.heard("turn")
    epoch, seen = anna.frames[0]["epoch"], list(anna.frames)
    last = max(numbers(seen))
    await anna.close()
    await type_in(daemon, "turn on the hall spot")
    daemon.agent.tell("Hello from afar.")
    hello = await anna.open(epoch, last)
    assert (hello["resumed"], hello["seq"], "state" in hello) == (True, last, False)
    await anna.heard("chat", lambda one: one["message"]["text"] == "Hello from afar.")
    assert numbers(anna.frames) == list(range(last + 1, daemon.web.live.seq + 1))
    assert not [one for one in anna.frames if one in seen]


@pytest.mark.parametrize("change", [("x", 0), ("", 10**6), ("", -1), ("", -KEPT)])
async def test_who_cannot_be_told_the_rest_is_told_everything(daemon: Daemon, anna: Phone, change: tuple[str, int]) -> None:
    live = daemon.web.live
    for _ in range(KEPT + 10):
        live.put("test")
    await anna.close()
    hello = await anna.open(live.epoch + change[0], live.seq + change[1] if change[1] != -1 else -1)
    assert hello["resumed"] is (change == ("", -KEPT))
    assert ("state" in hello) is not hello["resumed"]


@pytest.mark.parametrize("since", ["", "x", "1e3", "9" * 400, "²"])
async def test_a_since_that_is_no_number_is_no_harm(daemon: Daemon, anna: Phone, since: Any) -> None:
    await anna.close()
    assert (await anna.open(daemon.web.live.epoch, since))["resumed"] is False


async def test_another_life_of_the_daemon_is_another_epoch(tmp_path: Path) -> None:
    hellos = []
    for _ in range(2):
        async with house(tmp_path / "data") as daemon, phone(daemon) as one:
            hellos.append(await one.open(hellos[0]["epoch"] if hellos else "", 0))
    assert hellos[0]["epoch"] != hellos[1]["epoch"]
    assert hellos[1]["resumed"] is False


# -- devices


async def test_measured_changes_are_at_most_one_frame_a_second_and_the_last_one_arrives(daemon: Daemon, anna: Phone) -> None:
    for value in range(200):
        daemon.house.devices["warm"].update(value=float(value))
    await anna.heard("device", lambda one: one["device"]["state"].get("value") == 199.0)
    assert len([one for one in anna.frames if one["type"] == "device" and one["device"]["id"] == "warm"]) <= 2


async def test_a_device_that_comes_gets_a_name_or_goes_is_told(daemon: Daemon, anna: Phone) -> None:
    fan = kind_of("fan", frozenset({"on"}))("fan", "Fan", area="Hall")
    daemon.house.adopt(fan, skill="simulated")
    await anna.heard("device", lambda one: one["device"]["name"] == "Fan")
    daemon.house.describe("fan", name="Windmill", area="Attic")
    await anna.heard("device", lambda one: (one["device"]["name"], one["device"]["area"]) == ("Windmill", "Attic"))
    fan.offline("its plug was pulled")
    await anna.heard("device", lambda one: one["device"]["trouble"] == "its plug was pulled")
    fan.leave()
    await anna.heard("gone", lambda one: one["id"] == "fan")


async def test_the_frames_of_a_device_come_in_order(daemon: Daemon, anna: Phone) -> None:
    for value in range(1, 101):
        daemon.house.devices["lamp"].update(brightness=value)
    await anna.heard("device", lambda one: one["device"]["state"].get("brightness") == 100)
    values = [one["device"]["state"]["brightness"] for one in anna.frames if one["type"] == "device"]
    assert values == list(range(1, 101))


async def test_a_hostile_name_arrives_as_data(daemon: Daemon, anna: Phone) -> None:
    name = '<script>alert("\u2028")</script>\u202e\x00"}'
    daemon.house.adopt(kind_of("fan", frozenset({"on"}))("evil", name, area="Hall"), skill="simulated")
    told = (await anna.heard("device", lambda one: one["device"]["id"] == "evil"))["device"]
    assert told["name"] == '<script>alert(" ")</script>"}'


async def test_a_sensor_s_nonsense_is_json_that_a_browser_reads(daemon: Daemon, anna: Phone) -> None:
    daemon.house.devices["warm"].update(value=float("nan"), unit="K")
    told = await anna.heard("device", lambda one: one["device"]["state"].get("unit") == "K")
    assert told["device"]["state"]["value"] is None
    await anna.close()
    assert (await anna.open())["state"]["devices"][3]["state"]["value"] is None


# -- what a phone may not do


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '"op"', "{}", '{"op": "say"}', '{"op": "say", "cid": ""}', '{"op": "say", "cid": 1, "text": "x"}',
                                  '{"op": "ping", "x": NaN}', "[" * 60_000, json.dumps({"op": "say", "cid": "c" * 65, "text": "x"})])  # fmt: skip
async def test_what_is_no_frame_is_an_error_and_the_socket_lives(daemon: Daemon, anna: Phone, text: str) -> None:
    await anna.ws.send_str(text)
    assert (await anna.heard("error"))["error"]
    await anna.ws.send_bytes(b"\x00")
    await anna.ws.send_json({"op": "ping"})
    await anna.heard("pong")
    assert daemon.agent.inbox.open() == []


@pytest.mark.parametrize(("op", "data"), [
    ("fly", {}), ("say", {}), ("say", {"text": 7}), ("say", {"text": "x", "age": "1"}), ("say", {"text": "\ud800"}), ("touch", {}),
    ("touch", {"device": "nobody", "command": "turn_on"}), ("touch", {"device": "lamp", "command": "unlock"}),
    ("touch", {"device": "lamp", "command": "set_brightness", "args": {"brightness": 101}}),
    ("touch", {"device": "lamp", "command": "turn_on", "args": {"hard": True}}), ("touch", {"device": ["lamp"], "command": "turn_on"}),
    ("touch", {"device": "lamp", "command": "__init__", "args": {}}), ("answer", {"question": "x", "text": "yes"}),
    ("answer", {"question": 1 << 80, "text": "yes"}), ("undo", {}), ("undo", {"turn": -1}),
    ("routine", {"id": 1, "verb": "make"}), ("routine", {"id": "1", "verb": "pause"}),
])  # fmt: skip
async def test_what_makes_no_sense_is_refused_in_words(daemon: Daemon, anna: Phone, op: str, data: dict[str, Any]) -> None:
    ack = await anna.does(op, **data)
    assert ack["ok"] is False
    assert ack["error"].endswith(".")
    assert daemon.store.one("SELECT 1 FROM inbox") is None


async def test_undo_and_routines_are_requests_with_a_result(daemon: Daemon, anna: Phone) -> None:
    for op, data in (("undo", {"turn": 1}), ("routine", {"id": 1, "verb": "pause"})):
        ack = await anna.does(op, **data)
        assert ack["ok"]
        assert (await anna.heard("result", lambda one, cid=ack["cid"]: one["cid"] == cid))["reply"]
    kinds = [(row["kind"], json.loads(row["text"])["about"]) for row in daemon.store.all("SELECT * FROM inbox ORDER BY id")]
    assert kinds == [("request", "history"), ("request", "routines")]


async def test_a_long_frame_ends_the_socket_only(daemon: Daemon, anna: Phone) -> None:
    await anna.ws.send_str("x" * (65 << 10))
    await eventually(lambda: anna.ws.closed)
    assert anna.ws.close_code == 1009
    await anna.open()
    assert (await anna.does("say", text="hello"))["ok"]


async def test_a_flood_is_told_so_and_slowed_and_loses_nothing(daemon: Daemon, anna: Phone, clock: JumpClock) -> None:
    for _ in range(80):
        await anna.ws.send_json({"op": "ping"})
    await anna.heard("error", lambda one: "too much" in one["error"])

    def pongs() -> int:
        return len([one for one in anna.frames if one["type"] == "pong"])

    assert pongs() < 70

    def all_came() -> bool:
        clock.advance(0.05)
        return pongs() == 80

    await eventually(all_came)
    assert len([one for one in anna.frames if one["type"] == "error"]) == 1


async def test_one_socket_too_many_is_refused(daemon: Daemon, anna: Phone) -> None:
    more = [await anna.http.ws_connect("/live") for _ in range(31)]
    async with anna.http.get("/live") as answer:
        assert answer.status == 503
    for one in more:
        await one.close()
    await eventually(lambda: len(daemon.web.live.sockets) == 1)


async def test_who_does_not_read_is_dropped_and_the_others_hear_all(daemon: Daemon, anna: Phone) -> None:
    async with phone(daemon) as slow:
        slow.ws = await slow.http.ws_connect("/live", compress=0)  # nobody receives from it
        await eventually(lambda: len(daemon.web.live.sockets) == 2)
        for number in range(3000):
            daemon.web.live.put("test", number=number, much="x" * 8000)
            await asyncio.sleep(0)
            if number % 100 == 99:
                await anna.heard("test", lambda one, number=number: one["number"] == number)
        await eventually(lambda: len(daemon.web.live.sockets) == 1)
        assert [one["number"] for one in anna.frames if one["type"] == "test"] == list(range(3000))


async def test_a_message_whose_answer_is_lost_is_found_after_the_reload(daemon: Daemon, anna: Phone) -> None:
    """The socket goes before the acknowledgement; the phone sends it again, and it is acknowledged and done once."""
    await anna.ws.send_json({"op": "say", "cid": "lost", "text": "turn on the kitchen lamp"})
    await eventually(lambda: daemon.store.one("SELECT 1 FROM inbox"))
    daemon.web.live.sockets.copy().pop().drop()
    await eventually(lambda: anna.ws.closed)
    hello = await anna.open()
    assert (await anna.does("say", "lost", text="turn on the kitchen lamp"))["ok"]
    assert [one["cid"] for one in hello["state"]["chat"] if one["from"] == "you"] == ["lost"]
    assert isinstance(daemon.agent.inbox, Inbox)
    assert daemon.store.one("SELECT count(*) AS n FROM inbox")["n"] == 1  # type: ignore[index]
