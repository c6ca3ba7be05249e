"""Telegram over real HTTP against a Bot API server on loopback, with the real agent: the rules of bridges, one test each."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from claw.bridges.arriving import DEAD_SECONDS, Arriving, watched
from claw.bridges.telegram import Pace, Telegram
from claw.clock import Clock, ManualClock
from claw.config import ConfigError, parse
from claw.console import show
from claw.messages.outbox import parted
from claw.messages.questions import APPROVAL_SECONDS
from claw.supervise import Supervised, cancel
from claw.testing import eventually, running
from tests.bridged import Bridged, Fast
from tests.peers.bot_api import TOKEN, BotApi, bot_api
from tests.peers.telegram_people import Person, picture

HOUR = 3600.0
BOT = int(TOKEN.split(":")[0])
SMILE = "\U0001f600"  # two units of UTF-16


@dataclass
class Home(Bridged):
    """A small house with a bot."""

    token: str = TOKEN

    def made(self) -> Telegram:
        return Telegram(lambda: self.token, self.folder / "telegram", self.clock, self.peer.base)

    @property
    def bot(self) -> Telegram:
        return self.bridge  # type: ignore[no-any-return]

    def pair(self, person: Person, name: str = "Anna", role: str = "owner") -> None:
        """Let somebody in, as if it had been long ago."""
        self.let_in(str(person.id), name, role)
        person.chat.state = "member"

    def heard(self, chat: int) -> list[str]:
        return [message.get("text") or message.get("caption") or "" for message in self.peer.sent[chat]]

    async def polled(self) -> None:
        """Wait until everything that was written is taken."""
        await eventually(lambda: not self.peer.updates or self.peer.updates[-1][1]["update_id"] < self.offset())

    def offset(self) -> int:
        return int(self.house.store.kept(f"telegram:{self.bot.bot}") or 0)


@pytest.fixture
async def peer() -> AsyncIterator[BotApi]:
    async with bot_api(clock=Fast(), limits=True) as one:
        yield one


@pytest.fixture
async def home(tmp_path: Path, peer: BotApi) -> AsyncIterator[Home]:
    async with Home(tmp_path, peer, peer.clock) as one:
        yield one


@pytest.fixture
def anna(home: Home, peer: BotApi) -> Person:
    """The owner, paired long ago."""
    one = peer.person(1001, "Anna", username="anna_k")
    home.pair(one)
    return one


@pytest.fixture
def tim(home: Home, peer: BotApi) -> Person:
    """A child of the house."""
    one = peer.person(1003, "Tim")
    home.pair(one, "Tim", "child")
    return one


# -- the road


async def test_a_message_does_a_deed_and_is_answered(home: Home, anna: Person) -> None:
    anna.writes("turn on the kitchen lamp")
    await home.hears(1001, "The kitchen lamp is on.")
    assert home.house["lamp"].state["on"]
    assert home.house.last().key.startswith(f"tg:{BOT}:")
    assert home.house.last().person == "owner"


async def test_a_button_approves_and_the_question_says_by_whom_and_when(home: Home, anna: Person, peer: BotApi) -> None:
    anna.writes("open the garage door")
    await home.hears(1001, "Open the garage door? Yes or no?")
    query = anna.presses("yes")
    await home.hears(
        1001, f"Open the garage door? Yes or no?\nApproved by owner at {home.clock.now():%H:%M}.", "The garage door is open."
    )
    assert home.house["gate"].state["open"]
    assert query in peer.answers
    assert not peer.sent[1001][0].get("reply_markup")


async def test_a_no_declines(home: Home, anna: Person) -> None:
    anna.writes("open the garage door")
    await home.hears(1001, "Open the garage door? Yes or no?")
    anna.presses("no")
    await eventually(lambda: "Declined by owner" in home.heard(1001)[0])
    assert not home.house["gate"].state["open"]


async def test_a_late_press_does_nothing_and_says_so(home: Home, anna: Person, peer: BotApi) -> None:
    anna.writes("open the garage door")
    await home.hears(1001, "Open the garage door? Yes or no?")
    shown = peer.sent[1001][0]
    anna.presses("no")
    await eventually(lambda: "Declined" in home.heard(1001)[0])
    anna.presses("yes", message=shown)
    await eventually(lambda: home.heard(1001)[-1] == "That question is no longer open, so I did nothing. Please say it again.")
    assert not home.house["gate"].state["open"]


async def test_a_yes_in_words_and_one_in_a_reply_count(home: Home, anna: Person, peer: BotApi) -> None:
    for reply in (False, True):
        anna.writes("open the garage door")
        await eventually(lambda: home.heard(1001)[-1:] == ["Open the garage door? Yes or no?"])
        anna.writes("yes please" if reply else "yes", reply_to=peer.sent[1001][-1] if reply else None)
        await eventually(
            lambda: (
                "The garage door is open." in home.heard(1001)[-2:] and "Approved" in home.heard(1001)[-2] + home.heard(1001)[-1]
            )
        )
        await home.said("close the garage door")


async def test_a_choice_is_made_by_a_button(home: Home, anna: Person) -> None:
    anna.writes("turn on the lamp")
    await eventually(lambda: home.heard(1001) and home.heard(1001)[0].startswith("Which one:"))
    anna.presses("Kitchen Lamp")
    await eventually(lambda: home.house["lamp"].state["on"])


# -- who it is


async def test_a_stranger_gets_a_code_once_and_is_served_when_the_owner_lets_them_in(
    home: Home, anna: Person, peer: BotApi
) -> None:
    ben = peer.person(1002, "Ben")
    ben.writes("unlock the front door")
    ben.writes("hello?")
    await eventually(lambda: len(home.heard(1002)) == 1)
    await home.polled()
    code = home.heard(1002)[0].split()[-1]
    assert home.rows() == []
    home.house.agent.people.claim(code, "Ben", "adult")
    anna.writes("thanks")  # a turn, as the one in which the owner says it
    await eventually(lambda: len(home.heard(1002)) == 2)
    assert home.heard(1002)[1].startswith("Hello, Ben. Write what you want")
    assert home.house.store.one("SELECT 1 FROM outbox WHERE text LIKE '%within 10 minutes: ••••••••'")
    ben.writes("turn on the kitchen lamp")
    await eventually(lambda: home.heard(1002)[-1] == "The kitchen lamp is on.")
    assert home.rows() == ["thanks", "turn on the kitchen lamp"]


async def test_the_first_one_is_let_in_by_the_code_of_the_console(home: Home, peer: BotApi) -> None:
    ben = peer.person(1002, "Ben")
    ben.writes("/start")
    await home.polled()
    assert home.heard(1002) == []
    ben.writes(f"/start {home.house.agent.people.first_code()}")
    await eventually(lambda: home.heard(1002))
    assert home.heard(1002)[0].startswith("Hello, Ben. Write what you want")
    ben.writes("turn on the kitchen lamp")
    await eventually(lambda: home.house["lamp"].state["on"])
    assert ("telegram", "telegram:1002") in home.house.agent.owners
    assert home.rows() == ["turn on the kitchen lamp"]


async def test_an_invitation_lets_a_guest_in(home: Home, anna: Person, peer: BotApi) -> None:
    ben = peer.person(1002, "Ben")
    ben.writes(home.house.agent.people.invite("Ben", "guest"))
    await eventually(lambda: home.heard(1002) and home.heard(1002)[0].startswith("Hello, Ben."))
    who = home.house.agent.people.who("telegram", "1002")
    assert who is not None
    assert who.role == "guest"


async def test_a_guest_of_the_weekend_is_told_when_it_begins_and_no_code(tmp_path: Path) -> None:
    clock = ManualClock()  # on a Monday
    async with bot_api() as peer, Home(tmp_path, peer, clock) as home:
        home.pair(peer.person(1001, "Anna"))
        people, ben = home.house.agent.people, peer.person(1002, "Ben")
        ben.writes(people.invite("Ben", "guest", clock.time() + 6 * 24 * HOUR, begins=clock.time() + 3 * 24 * HOUR))
        soon = f"Hello, Ben. Your time in this house begins on Thursday at {clock.now():%H:%M}: then I do what you write here."
        await home.hears(1002, soon)
        clock.advance(2)
        ben.writes("turn on the kitchen lamp")
        await eventually(lambda: clock.advance(1) is None and home.heard(1002) == [soon, soon])  # type: ignore[func-returns-value]
        assert home.rows() == []
        clock.advance(3 * 24 * HOUR)
        ben.writes("turn on the kitchen lamp")
        await eventually(lambda: clock.advance(1) is None and home.house["lamp"].state["on"])  # type: ignore[func-returns-value]


async def test_start_and_help_are_answered_shortly(home: Home, anna: Person, peer: BotApi) -> None:
    anna.writes("/start")
    anna.writes("/help")
    await eventually(lambda: len(home.heard(1001)) == 2)
    assert home.heard(1001)[0].startswith("Hello. Write what you want")
    assert home.heard(1001)[1].startswith("Write what you want in your own words, for example:")
    assert {one["command"] for one in peer.commands} == {"help", "stop", "undo"}


async def test_a_stranger_who_presses_is_nobody(home: Home, anna: Person, peer: BotApi) -> None:
    ben, family = peer.person(1002, "Ben"), peer.group(-500, "Family")
    anna.writes("open the garage door")
    await home.hears(1001, "Open the garage door? Yes or no?")
    ben.presses("yes", message=peer.sent[1001][0])
    ben.writes("yes", chat=family)
    await home.polled()
    assert not home.house["gate"].state["open"]
    assert home.heard(1001) == ["Open the garage door? Yes or no?"]
    assert home.heard(1002) == home.heard(-500) == []


async def test_a_child_who_presses_approves_nothing(home: Home, anna: Person, tim: Person, peer: BotApi) -> None:
    anna.writes("open the garage door")
    await home.hears(1001, "Open the garage door? Yes or no?")
    tim.presses("yes", message=peer.sent[1001][0])
    await eventually(lambda: len(home.heard(1001)) == 2)
    assert not home.house["gate"].state["open"]
    anna.presses("yes")
    await eventually(lambda: home.house["gate"].state["open"])


async def test_a_forged_press_answers_no_question_of_another_chat(home: Home, anna: Person, peer: BotApi) -> None:
    tim = peer.person(1003, "Tim")
    home.pair(tim, "Tim", "adult")
    anna.writes("open the garage door")
    await home.hears(1001, "Open the garage door? Yes or no?")
    tim.writes("hello")
    await eventually(lambda: home.heard(1003))
    (id,) = (one.id for one in home.house.agent.questions.open())
    for data in (f"{id}:no", f"{id}:yes", f"{id}:1"):
        peer.query(tim.user, peer.sent[1003][0], data)
    await eventually(lambda: len(home.heard(1003)) == 4)
    assert {text.split(",")[0] for text in home.heard(1003)[1:]} == {"That question is no longer open"}
    assert not home.house["gate"].state["open"]
    assert home.heard(1001) == ["Open the garage door? Yes or no?"]
    anna.presses("yes")
    await eventually(lambda: home.house["gate"].state["open"])


async def test_a_late_press_in_a_list_means_nothing_in_a_newer_one(home: Home, anna: Person, peer: BotApi) -> None:
    for text in ("open the garage door", "unlock the front door", "yes"):
        anna.writes(text)
    await eventually(lambda: len(home.heard(1001)) == 3)
    assert home.heard(1001)[2].startswith("Several things wait: 1 open the garage door, 2 unlock the front door.")
    old = peer.sent[1001][2]
    for text in ("1", "open the garage door", "yes"):
        await home.polled()
        home.house["gate"].update(open=False)
        anna.writes(text)
        await eventually(lambda: all(one.status == "done" for one in home.house.agent.inbox.select("kind = 'message'")))
    home.house["gate"].update(open=False)
    anna.presses("open the garage door", message=old)
    await home.polled()
    await eventually(lambda: "That question is no longer open, so I did nothing. Please say it again." in home.heard(1001))
    assert not home.house["gate"].state["open"]


async def test_what_a_child_may_not_do_is_asked_in_the_chat_of_the_owner(home: Home, anna: Person, tim: Person) -> None:
    tim.writes("open the garage door")
    await eventually(lambda: home.heard(1001) and home.heard(1003))
    anna.presses("yes")
    await eventually(lambda: home.house["gate"].state["open"])


async def test_what_is_answered_in_one_place_is_shown_in_all(home: Home, anna: Person, tim: Person) -> None:
    tim.writes("open the garage door")
    await home.hears(1001, "Tim asks: Open the garage door? Yes or no?")
    assert await home.said("yes") == "The garage door is open."
    await home.hears(1001, f"Tim asks: Open the garage door? Yes or no?\nApproved by owner at {home.clock.now():%H:%M}.")


async def test_a_question_nobody_answered_shows_that_it_is_over_with_no_message_in_between(tmp_path: Path) -> None:
    clock = ManualClock()
    async with bot_api() as peer, Home(tmp_path, peer, clock) as home:
        anna = peer.person(1001, "Anna")
        home.pair(anna)
        anna.writes("open the garage door")
        await home.hears(1001, "Open the garage door? Yes or no?")
        clock.advance(APPROVAL_SECONDS - 1)
        assert home.heard(1001) == ["Open the garage door? Yes or no?"]
        over = "Open the garage door? Yes or no?\nNo longer open."
        await eventually(lambda: clock.advance(1) is None and home.heard(1001) == [over])  # type: ignore[func-returns-value]


# -- groups, edits, what others wrote


async def test_in_a_group_only_what_is_meant_for_the_claw_is_taken(tmp_path: Path) -> None:
    async with bot_api(clock=Fast(), privacy=False) as peer, Home(tmp_path, peer, peer.clock) as home:
        anna = peer.person(1001, "Anna")
        home.pair(anna)
        family = peer.group(-500, "Family")
        anna.writes("turn on the kitchen lamp", chat=family)
        anna.writes("/help@some_other_bot", chat=family)
        anna.writes(f"@claw_{BOT}_bot turn off the bedroom lamp", chat=family)
        await home.hears(-500, "The bedroom lamp is off.")
        anna.writes("turn it on", chat=family, reply_to=peer.sent[-500][0])
        await eventually(lambda: home.house["spot"].state["on"])
        assert home.rows() == ["turn off the bedroom lamp", "turn it on"]
        assert not home.house["lamp"].state["on"]


async def test_a_group_pairs_nobody_and_approves_nothing(home: Home, anna: Person, peer: BotApi) -> None:
    ben, family = peer.person(1002, "Ben"), peer.group(-500, "Family")
    ben.writes(f"@claw_{BOT}_bot {home.house.agent.people.invite('Ben', 'guest')}", chat=family)
    ben.writes(f"@claw_{BOT}_bot turn on the kitchen lamp", chat=family)
    anna.writes(f"@claw_{BOT}_bot open the garage door", chat=family)
    await eventually(lambda: home.heard(-500) and home.heard(1001))
    assert home.house.agent.people.who("telegram", "1002") is None
    assert home.heard(-500) == [
        "Open the garage door? Yes or no? Others read this chat, so I asked you in our own: please say yes or no there."
    ]
    assert "reply_markup" not in peer.sent[-500][0]
    anna.writes(f"@claw_{BOT}_bot yes", chat=family)
    await eventually(lambda: len(home.heard(-500)) == 2)
    assert not home.house["gate"].state["open"]
    anna.presses("yes")
    await eventually(lambda: home.house["gate"].state["open"])


async def test_an_edited_message_never_runs_again(home: Home, anna: Person) -> None:
    message = anna.writes("turn on the kitchen lamp")
    await home.hears(1001, "The kitchen lamp is on.")
    anna.edits(message, "turn off the kitchen lamp")
    anna.edits(message, "turn off the bedroom lamp")
    await home.hears(1001, "The kitchen lamp is on.", "I take no message twice: please write the changed one anew.")
    await home.polled()
    assert len(home.heard(1001)) == 2
    assert home.house["lamp"].state["on"]


async def test_what_is_forwarded_or_quoted_is_not_the_persons_own_word(home: Home, anna: Person, peer: BotApi) -> None:
    ben = peer.person(1002, "Ben")
    anna.forwards("unlock the front door", ben)
    await eventually(lambda: home.heard(1001))
    assert home.heard(1001)[0].startswith("Somebody else wrote that, so I did nothing of it.")
    anna.writes("turn on the kitchen lamp", reply_to=ben.send(anna.chat, text="turn off the bedroom lamp"))
    await eventually(lambda: home.house["lamp"].state["on"])
    assert home.house["spot"].state["on"]
    assert [one.extra for one in home.house.agent.inbox.select("extra IS NOT NULL")] == [
        {"quoted": "unlock the front door"}, {"quoted": "turn off the bedroom lamp"},
    ]  # fmt: skip


@pytest.mark.parametrize("mark", [{"via_bot": {"id": 7, "is_bot": True, "first_name": "B"}}, {"forward_date": 1}])
async def test_what_another_bot_or_an_old_server_passes_on_is_not_the_persons_own_word(
    home: Home, anna: Person, mark: dict[str, Any]
) -> None:
    anna.writes("turn on the kitchen lamp", **mark)
    await eventually(lambda: home.heard(1001))
    assert home.heard(1001)[0].startswith("Somebody else wrote that, so I did nothing of it.")


async def test_half_a_letter_holds_up_nobody(home: Home, anna: Person) -> None:
    anna.peer.push("message", anna.peer.new(anna.chat, anna.user, text="\ud83d hello"))
    anna.writes("turn on the kitchen lamp")
    await eventually(lambda: home.house["lamp"].state["on"])


async def test_a_picture_of_a_person_is_kept_and_of_a_stranger_not_fetched(home: Home, anna: Person, peer: BotApi) -> None:
    data = picture(800, 600)
    peer.person(1002, "Ben").sends_photo(data)
    await home.polled()
    assert not [name for name, _ in peer.calls if name == "getFile"]
    anna.sends_photo(data, "turn on the kitchen lamp")
    await home.hears(1001, "The kitchen lamp is on.")
    (kept,) = (home.house.last().extra or {})["images"]
    assert Path(kept).read_bytes() == data
    assert Path(kept).stat().st_mode & 0o777 == 0o600


async def test_a_picture_that_cannot_be_had_holds_up_nobody(home: Home, anna: Person, peer: BotApi) -> None:
    peer.lost = "path"
    anna.sends_photo(picture(80, 60), "turn on the kitchen lamp")
    await eventually(lambda: home.house["lamp"].state["on"])
    peer.lost = "gone"
    anna.sends_photo(picture(80, 61), "turn off the kitchen lamp")
    await home.hears(1001, "The kitchen lamp is on.", "The kitchen lamp is off.")
    assert home.house.last().extra is None


async def test_a_slow_picture_holds_up_nobody_else_and_not_for_long(
    home: Home, anna: Person, tim: Person, peer: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.fault("getFile", "hang")
    anna.sends_photo(picture(80, 60), "turn on the kitchen lamp")
    await eventually(lambda: ("getFile", 1) in Counter(name for name, _ in peer.calls).items())
    tim.writes("turn off the bedroom lamp")
    await home.hears(1003, "The bedroom lamp is off.")
    assert home.heard(1001) == []
    assert (home.house["lamp"].state["on"], home.rows()) == (False, ["turn on the kitchen lamp", "turn off the bedroom lamp"])
    await home.again()  # a death meanwhile: it is fetched once more
    await home.hears(1001, "The kitchen lamp is on.")
    assert (home.house.last().extra or {}).keys() == {"images"}
    monkeypatch.setattr("claw.bridges.arriving.FETCH_SECONDS", 0.2)
    peer.fault("getFile", "hang")
    anna.sends_photo(picture(80, 61), "turn off the kitchen lamp")
    await home.hears(1001, "The kitchen lamp is on.", "The kitchen lamp is off.")
    assert home.house.last().extra is None


async def test_pictures_take_no_more_room_than_they_may(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claw.media.KEPT_BYTES", 250)
    kept = [home.arriving._keep(bytes([n]) * 100) for n in range(5)]
    assert Path(kept[-1]).is_file()
    assert len(list(home.arriving.media.iterdir())) == 2


async def test_a_picture_that_is_gone_goes_out_as_words(home: Home, anna: Person, tmp_path: Path) -> None:
    put = home.house.agent.outbox.put
    put("The door.", key="still", bridge="telegram", chat="telegram:1001", image=str(tmp_path / "gone.png"))
    await home.hears(1001, "The door.")


async def test_a_picture_goes_out(home: Home, anna: Person, peer: BotApi, tmp_path: Path) -> None:
    (tmp_path / "still.png").write_bytes(picture(320, 240))
    home.house.agent.outbox.put(
        "The door.", key="still", bridge="telegram", chat="telegram:1001", image=str(tmp_path / "still.png")
    )
    await home.hears(1001, "The door.")
    assert peer.sent[1001][0]["photo"]


# -- nothing lost, nothing twice


async def test_repeated_and_reordered_updates_run_once_each_in_order(home: Home, anna: Person, peer: BotApi) -> None:
    await eventually(lambda: peer.poll is not None)
    await home.stop()
    anna.writes("turn on the kitchen lamp")
    anna.writes("turn off the kitchen lamp")
    peer.fault("getUpdates", "reverse")
    peer.fault("getUpdates", "repeat", times=2)
    home.build()
    home.start()
    await home.hears(1001, "The kitchen lamp is on.", "The kitchen lamp is off.")
    await eventually(lambda: not peer.faults)
    assert home.rows() == ["turn on the kitchen lamp", "turn off the kitchen lamp"]


@pytest.mark.parametrize("steps", range(56))  # it takes about 50
async def test_a_death_at_any_step_loses_nothing_and_answers_once(tmp_path: Path, steps: int) -> None:
    """The process dies after so many rounds of its loop; the next one goes on with what is in the store."""
    async with bot_api() as peer:
        home = Home(tmp_path, peer, Clock("UTC"))
        home.build()
        anna = peer.person(1001, "Anna")
        home.pair(anna)
        anna.writes("turn on the kitchen lamp")
        home.start()
        for _ in range(steps):
            await asyncio.sleep(0)
        await home.again()
        await eventually(lambda: home.house.store.one("SELECT 1 FROM outbox WHERE status = 'sent'"))
        await home.polled()
        first, *more = home.heard(1001)
        assert first.removeprefix("(may be a repeat) ") == "The kitchen lamp is on."
        assert more in ([], ["(may be a repeat) The kitchen lamp is on."])
        assert home.rows() == ["turn on the kitchen lamp"]
        await home.stop()


async def test_a_full_disk_takes_nothing_and_tells_telegram_nothing(home: Home, anna: Person, peer: BotApi) -> None:
    await eventually(lambda: peer.poll is not None)
    pages = home.house.store.one("PRAGMA page_count")
    assert pages is not None
    home.house.store.one(f"PRAGMA max_page_count = {pages[0]}")
    before = home.offset()
    anna.writes("turn on the kitchen lamp " + "please " * 2000)
    anna.writes("turn on the kitchen lamp")
    await eventually(lambda: [name for name, _ in peer.calls].count("getUpdates") > 3)
    assert (home.offset(), home.rows()) == (before, [])
    home.house.store.one("PRAGMA max_page_count = 1000000")
    await eventually(lambda: home.house["lamp"].state["on"], seconds=20)


async def test_an_answer_that_got_lost_on_the_way_is_marked_when_it_comes_again(home: Home, anna: Person, peer: BotApi) -> None:
    peer.fault("sendMessage", "drop after apply")
    anna.writes("turn on the kitchen lamp")
    await home.hears(1001, "The kitchen lamp is on.", "(may be a repeat) The kitchen lamp is on.")


@pytest.mark.parametrize("fault", ["502", "500", "drop"])
async def test_when_it_is_not_known_whether_it_went_out_it_is_said(home: Home, anna: Person, peer: BotApi, fault: str) -> None:
    peer.fault("sendMessage", fault)
    anna.writes("turn on the kitchen lamp")
    await home.hears(1001, "(may be a repeat) The kitchen lamp is on.")


async def test_a_429_waits_and_keeps_the_order(home: Home, anna: Person, peer: BotApi) -> None:
    peer.fault("sendMessage", "429", retry_after=3)
    anna.writes("turn on the kitchen lamp")
    anna.writes("turn off the kitchen lamp")
    await home.hears(1001, "The kitchen lamp is on.", "The kitchen lamp is off.")


async def test_a_refused_connection_is_surely_not_sent(home: Home, anna: Person) -> None:
    await eventually(lambda: home.bot.bot)
    api, home.bot.api = home.bot.api, "http://127.0.0.1:9"
    home.house.agent.outbox.put("hello", key="hello", bridge="telegram", chat="telegram:1001")
    await eventually(lambda: home.house.store.one("SELECT 1 FROM outbox WHERE key = 'hello' AND tries > 0 AND status = 'queued'"))
    home.bot.api = api
    await home.hears(1001, "hello")


async def test_who_blocked_the_bot_holds_up_nobody(home: Home, anna: Person, peer: BotApi) -> None:
    ben = peer.person(1002, "Ben")
    home.pair(ben, "Ben", "adult")
    ben.chat.state = "kicked"
    home.house.agent.outbox.put("hello", key="a", bridge="telegram", chat="telegram:1002")
    home.house.agent.outbox.put("hello", key="b", bridge="telegram", chat="telegram:1001")
    await home.hears(1001, "hello")
    await eventually(lambda: home.house.store.one("SELECT 1 FROM outbox WHERE key = 'a' AND status = 'refused'"))


async def test_long_text_comes_in_parts_and_in_order(home: Home, anna: Person, peer: BotApi) -> None:
    text = "\n\n".join(f"{number}. " + "word " * 300 for number in range(9))
    home.house.agent.outbox.put(text, key="long", bridge="telegram", chat="telegram:1001")
    await eventually(lambda: len(home.heard(1001)) > 2 and "8. word" in home.heard(1001)[-1])
    assert all(len(one) <= 4096 for one in home.heard(1001))
    assert " ".join(" ".join(home.heard(1001)).split()) == " ".join(text.split())


async def test_what_counts_twice_for_telegram_is_parted_by_its_count(home: Home, anna: Person, tmp_path: Path) -> None:
    await eventually(lambda: home.bot.bot)
    (tmp_path / "a.png").write_bytes(picture(8, 6))
    await home.bot.picture("telegram:1001", str(tmp_path / "a.png"), SMILE * 1000, "picture")
    home.house.agent.outbox.put(SMILE * 5000, key="long", bridge="telegram", chat="telegram:1001")
    await eventually(lambda: len(home.heard(1001)) == 4)
    assert home.heard(1001)[0] == SMILE * 512
    assert "".join(home.heard(1001)[1:]) == SMILE * 5000


def test_a_text_is_cut_where_it_hurts_least() -> None:
    assert parted("a b", 10) == ["a b"]
    assert parted("One two. Three four", 12) == ["One two.", "Three four"]
    assert parted("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert parted("one two\nthree four", 14) == ["one two", "three four"]


async def test_an_old_message_is_asked_about(home: Home, anna: Person, peer: BotApi) -> None:
    await eventually(lambda: peer.poll is not None)
    await home.stop()
    anna.writes("turn on the kitchen lamp")
    assert isinstance(peer.clock, Fast)
    peer.clock.at += 3 * HOUR
    home.build()
    home.start()
    await home.hears(1001, "You wrote this 3 hours ago: shall I still turn on the kitchen lamp?")
    assert not home.house["lamp"].state["on"]
    anna.presses("yes")
    await eventually(lambda: home.house["lamp"].state["on"])


async def test_limits_are_kept_without_being_told(home: Home, anna: Person, peer: BotApi) -> None:
    for number in range(4):
        home.house.agent.outbox.put(f"{number}", key=f"{number}", bridge="telegram", chat="telegram:1001")
    began = home.clock.monotonic()
    await home.hears(1001, "0", "1", "2", "3")
    assert home.clock.monotonic() - began >= 3
    assert sum(name == "sendMessage" for name, _ in peer.calls) <= 5  # one may be too early by a hair; without pauses there are 7


def test_limits_of_a_chat_a_group_and_all() -> None:
    clock = ManualClock()
    pace = Pace(clock)
    assert [pace.wait("telegram:1") > 0, pace.wait("telegram:1") > 0] == [False, True]
    assert sum(pace.wait(f"telegram:{number}") == 0 for number in range(2, 50)) == 29
    sent = 0
    clock.advance(100)
    for _ in range(50):
        sent += pace.wait("telegram:-5") == 0
        clock.advance(1.1)
    assert sent == 20


# -- the channel's own troubles


async def test_a_second_program_on_the_token_is_told_and_waited_for(home: Home, anna: Person, peer: BotApi) -> None:
    peer.webhook = "https://example.org"
    anna.writes("turn on the kitchen lamp")
    await eventually(lambda: "uses this bot's token" in home.bot.trouble)
    peer.webhook = ""
    await eventually(lambda: home.house["lamp"].state["on"])
    await eventually(lambda: home.bot.trouble == "")


async def test_a_revoked_token_stops_the_bridge_until_there_is_another(home: Home, anna: Person, peer: BotApi) -> None:
    """Another bot has updates of its own, so its cursor is another one."""
    anna.writes("turn off the bedroom lamp")
    await eventually(lambda: home.offset())
    peer.rotate("7777:another-token-of-another-bot")
    await eventually(lambda: "get one from @BotFather and put it into" in home.bot.trouble)
    calls = len(peer.calls)
    assert await home.said("turn on the kitchen lamp") == "The kitchen lamp is on."
    assert len(peer.calls) == calls
    home.token = peer.token
    anna.writes("turn off the kitchen lamp")
    await eventually(lambda: not home.house["lamp"].state["on"])
    await eventually(lambda: home.bot.trouble == "")
    assert {row["bridge"] for row in home.house.store.all("SELECT bridge FROM cursors WHERE bridge LIKE 'telegram:%'")} == {
        f"telegram:{BOT}", "telegram:7777",
    }  # fmt: skip


async def test_a_token_that_was_refused_in_passing_is_tried_again_and_told_once(tmp_path: Path) -> None:
    clock = ManualClock()
    async with bot_api() as peer, Home(tmp_path, peer, clock) as home:
        anna = peer.person(1001, "Anna")
        home.pair(anna)
        peer.fault("getMe", "401", times=2)
        peer.fault("getUpdates", "404", times=2)
        await eventually(lambda: "I try this one again, every 10 minutes at least" in home.bot.trouble)
        anna.writes("turn on the kitchen lamp")
        await eventually(lambda: clock.advance(1) is None and home.house["lamp"].state["on"])  # type: ignore[func-returns-value]
        await eventually(lambda: home.bot.trouble == "")
        told = home.house.store.all("SELECT 1 FROM outbox WHERE chat = 'terminal' AND text LIKE '%does not take this token%'")
        assert len(told) == 1


async def test_the_tries_of_a_refused_token_are_ever_further_apart(home: Home) -> None:
    await home.stop()
    clock = home.bot.clock = ManualClock()
    home.bot._tried = TOKEN
    again = asyncio.create_task(home.bot._another(600.0))
    for _ in range(59):
        await eventually(lambda: clock._sleepers)
        clock.advance(10)
    await asyncio.sleep(0)
    assert not again.done()
    await eventually(lambda: clock._sleepers)
    clock.advance(10)
    assert await again == TOKEN


async def test_without_a_token_it_says_where_to_put_it(home: Home, anna: Person) -> None:
    await home.stop()
    home.token = ""
    home.build()
    home.start()
    await eventually(lambda: home.bot.trouble)
    assert home.bot.trouble.startswith("there is no token: get one from @BotFather and put it into")
    home.token = TOKEN
    await eventually(lambda: home.bot.trouble == "")


async def test_no_log_holds_the_token(home: Home, anna: Person, peer: BotApi, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for fault in ("502", "drop", "401", "429"):
        peer.fault("sendMessage", fault)
    for fault in ("502", "drop", "500", "429"):
        peer.fault("getUpdates", fault)
    anna.writes("turn on the kitchen lamp")
    await eventually(lambda: not [one for one in peer.faults if one[0] == "getUpdates"], seconds=20)
    api, home.bot.api = home.bot.api, "http://127.0.0.1:9"
    await eventually(lambda: "cannot be reached" in home.bot.trouble)
    home.bot.api = api
    assert "Telegram" in caplog.text
    assert TOKEN not in caplog.text
    assert TOKEN.split(":")[1] not in caplog.text


async def test_an_update_that_makes_no_sense_holds_up_nothing(home: Home, anna: Person, peer: BotApi) -> None:
    peer.push("message", {"message_id": "x", "chat": 5})
    peer.push("message", {"text": "unlock the front door", "chat": {"id": 1}, "from": None, "date": "then"})
    anna.writes("turn on the kitchen lamp")
    await home.hears(1001, "The kitchen lamp is on.")
    assert home.bot.trouble == ""


async def test_a_bridge_whose_poll_hangs_is_started_anew(tmp_path: Path) -> None:
    async with bot_api() as peer:
        clock = ManualClock()
        home = Home(tmp_path, peer, clock)
        home.build()
        anna = peer.person(1001, "Anna")
        home.pair(anna)
        peer.fault("getUpdates", "hang")
        home.start()
        await eventually(lambda: [name for name, _ in peer.calls].count("getUpdates") == 1)
        clock.advance(DEAD_SECONDS + 1)
        await eventually(
            lambda: clock._sleepers and clock.advance(1) is None and [name for name, _ in peer.calls].count("getUpdates") > 1
        )
        anna.writes("turn on the kitchen lamp")
        await eventually(lambda: home.house["lamp"].state["on"])
        await home.stop()


class Dying:
    """A bridge with a mistake in it."""

    name, idempotent, approves, limit, beat, trouble = "dying", True, False, 1000, 0.0, ""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.starts = clock, list[float]()

    async def run(self, arriving: Arriving) -> None:
        self.starts.append(self.clock.monotonic())
        raise ValueError("a mistake")

    async def send(self, chat: str, text: str, key: str, choices: object) -> str:
        return key


async def test_a_bridge_that_dies_is_back_soon_three_times_then_later_and_the_others_never_notice(
    home: Home, anna: Person
) -> None:
    clock = ManualClock()
    dying = Dying(clock)
    part = Supervised("dying", lambda: watched(dying, home.arriving, clock), clock, lasting=True)
    task = asyncio.create_task(part.run())
    anna.writes("turn on the kitchen lamp")
    await home.hears(1001, "The kitchen lamp is on.")
    while len(dying.starts) < 8:
        clock.advance(0.5)
        for _ in range(20):
            await asyncio.sleep(0)
    gaps = [after - before for before, after in zip(dying.starts, dying.starts[1:], strict=False)]
    assert sum(gaps[:3]) < 10 < gaps[4]
    assert part.state != "degraded"
    await cancel(task)


async def test_typing_is_shown_only_while_a_turn_takes_long(home: Home, anna: Person, peer: BotApi) -> None:
    anna.writes("hello")
    await eventually(lambda: home.heard(1001))
    gate = asyncio.Event()
    home.house.agent._perform = lambda turn: gate.wait()  # type: ignore[method-assign, assignment]
    anna.writes("turn on the kitchen lamp")
    await eventually(lambda: [name for name, _ in peer.calls].count("sendChatAction") == 2)
    gate.set()
    await home.polled()


async def test_a_burst_of_strangers_keeps_nobody_waiting(home: Home, anna: Person, peer: BotApi) -> None:
    crowd = [peer.person(5000 + number, "Crowd") for number in range(20)]
    for number in range(2000):
        crowd[number % 20].writes("unlock the front door")
    began = asyncio.get_running_loop().time()
    anna.writes("turn on the kitchen lamp")
    await eventually(lambda: home.house["lamp"].state["on"])
    assert asyncio.get_running_loop().time() - began < 5
    assert sum(len(home.heard(one.id)) for one in crowd) <= 3
    assert home.rows() == ["turn on the kitchen lamp"]


# -- the daemon


async def test_the_daemon_runs_the_bot_that_its_config_names(tmp_path: Path, peer: BotApi) -> None:
    (tmp_path / "secrets").mkdir(mode=0o700, parents=True)
    token = tmp_path / "secrets" / "telegram"
    token.write_text(f"{TOKEN}\n")
    config = (
        f'[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["127.9.77.0/24"]\n[telegram]\nenabled = true\napi = "{peer.base}"\n'
    )
    async with running(tmp_path, config, clock=peer.clock) as daemon:
        part = lambda: next(one for one in daemon.status()["parts"] if one["name"] == "telegram")  # noqa: E731
        await eventually(lambda: "there is no token" in part()["problem"])  # it can be read by others
        token.chmod(0o600)
        anna = peer.person(1001, "Anna")
        anna.writes(daemon.agent.people.first_code())
        await eventually(lambda: peer.sent[1001], seconds=15)
        assert part() == {"name": "telegram", "state": "running", "problem": ""}
        assert "  telegram: running" in show.status([daemon.status()])


def test_a_server_of_ones_own_is_https_or_on_this_machine() -> None:
    for api in ("https://bot.lan:8081", "http://127.0.0.1:8081", "http://[::1]:8081", "http://localhost"):
        assert parse(f'[telegram]\napi = "{api}"').telegram.api == api
    for api in ("http://bot.lan", "ftp://127.0.0.1", "https://bot.lan/x?y", "http://127.0.0.1.example.org", ""):
        with pytest.raises(ConfigError, match="must be https"):
            parse(f'[telegram]\napi = "{api}"')
