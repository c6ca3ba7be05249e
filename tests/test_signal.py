"""Signal over real HTTP and Server-Sent Events against a fake of signal-cli on loopback, with the real agent."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from claw.bridges.signal import Signal
from claw.clock import Clock
from claw.config import ConfigError, parse
from claw.console import show
from claw.messages.outbox import NotSent
from claw.testing import eventually, running
from tests.bridged import Bridged, Fast
from tests.peers.signal_cli import ACCOUNT, Json, Person, SignalCli, signal_cli
from tests.peers.telegram_people import picture

HOUR = 3600.0
FAMILY = "Pmpi+EfPWmsxiomLe9Nx2XF9HOE483p6iKiFj65iMwI="
DOOR = "Open the garage door? Yes or no?"


class Home(Bridged):
    """A small house with a number of its own."""

    peer: SignalCli
    bridge: Signal

    def made(self) -> Signal:
        return Signal(self.peer.base, ACCOUNT, self.clock)

    def heard(self, chat: str | Person) -> list[str]:
        return [one["text"] for one in self.shown(chat)]

    def shown(self, chat: str | Person) -> list[Json]:
        return self.peer.sent[chat.id if isinstance(chat, Person) else chat]

    async def taken(self) -> None:
        """Wait until everything that was written is taken: what a person of the house writes last, too."""
        await eventually(lambda: not self.peer.waiting)
        end = self.peer.person("End", "+4999")
        self.let_in(end.id, "End", "guest")
        end.writes("hello")
        await eventually(lambda: self.heard(end))


@pytest.fixture
async def peer() -> AsyncIterator[SignalCli]:
    async with signal_cli(Fast()) as one:
        yield one


@pytest.fixture
async def home(tmp_path: Path, peer: SignalCli) -> AsyncIterator[Home]:
    async with Home(tmp_path, peer, peer.clock) as one:
        yield one


@pytest.fixture
def anna(home: Home, peer: SignalCli) -> Person:
    """The owner, paired long ago."""
    one = peer.person("Anna", "+49151")
    home.let_in(one.id, "Anna", "owner")
    return one


# -- the road


async def test_a_message_does_a_deed_and_is_answered(home: Home, anna: Person) -> None:
    at = anna.writes("turn on the kitchen lamp")
    await home.hears(anna, "The kitchen lamp is on.")
    assert home.house["lamp"].state["on"]
    assert (home.house.last().key, home.house.last().person) == (f"sg:{anna.id}:{at}", "owner")


@pytest.mark.parametrize("thumb", ["👍", "👍🏽"])
async def test_a_thumb_up_approves_and_the_question_says_by_whom_and_when(home: Home, anna: Person, thumb: str) -> None:
    anna.writes("open the garage door")
    await home.hears(anna, DOOR)
    anna.reacts(home.shown(anna)[0], thumb)
    await home.hears(anna, f"{DOOR}\nApproved by owner at {home.clock.now():%H:%M}.", "The garage door is open.")
    assert home.house["gate"].state["open"]


async def test_a_thumb_down_declines_and_a_late_thumb_up_does_nothing_and_says_so(home: Home, anna: Person) -> None:
    anna.writes("open the garage door")
    await home.hears(anna, DOOR)
    anna.reacts(home.shown(anna)[0], "👎")
    await eventually(lambda: "Declined by owner" in home.heard(anna)[0])
    anna.reacts(home.shown(anna)[0], "👍")
    await eventually(lambda: home.heard(anna)[-1] == "That question is no longer open, so I did nothing. Please say it again.")
    assert not home.house["gate"].state["open"]


async def test_only_a_thumb_that_is_given_in_ones_own_chat_is_an_answer(home: Home, anna: Person, peer: SignalCli) -> None:
    ben, tim = peer.person("Ben"), peer.person("Tim")
    home.let_in(tim.id, "Tim", "adult")
    anna.writes("open the garage door")
    await home.hears(anna, DOOR)
    question = home.shown(anna)[0]
    anna.reacts(question, "❤️")
    anna.reacts(question, "👍", removes=True)
    anna.reacts(question, "👍", group=FAMILY)
    ben.reacts(question, "👍")
    tim.reacts(question, "👍")
    await home.taken()
    assert not home.house["gate"].state["open"]
    assert home.heard(anna) == [DOOR]
    anna.reacts(question, "👍")
    await eventually(lambda: home.house["gate"].state["open"])


async def test_a_yes_in_words_counts(home: Home, anna: Person) -> None:
    anna.writes("open the garage door")
    await home.hears(anna, DOOR)
    anna.writes("yes please")
    await eventually(lambda: home.house["gate"].state["open"])


async def test_of_two_questions_a_reply_answers_the_one_that_it_quotes(home: Home, anna: Person) -> None:
    for text in ("unlock the front door", "open the garage door"):
        anna.writes(text)
    await home.hears(anna, "Unlock the front door? Yes or no?", DOOR)
    home.house["bolt"].update(locked=True)
    anna.writes("yes", quotes=home.shown(anna)[1])
    await eventually(lambda: home.house["gate"].state["open"])
    assert home.house["bolt"].state["locked"]


@pytest.mark.parametrize("replies", [False, True])
async def test_a_choice_is_made_by_its_number(home: Home, anna: Person, replies: bool) -> None:
    anna.writes("turn on the lamp")
    await eventually(lambda: home.heard(anna) and home.heard(anna)[0].startswith("Which one:"))
    home.house["spot"].update(on=False)
    anna.writes("2" if "2 Bedroom" in home.heard(anna)[0] else "1", quotes=home.shown(anna)[0] if replies else None)
    await eventually(lambda: home.house["spot"].state["on"])
    assert not home.house["lamp"].state["on"]


# -- who it is


async def test_a_stranger_gets_a_code_once_and_is_served_when_the_owner_lets_them_in(
    home: Home, anna: Person, peer: SignalCli
) -> None:
    ben = peer.person("Ben")
    ben.writes("unlock the front door")
    ben.writes("hello?")
    await home.taken()
    assert len(home.heard(ben)) == 1
    assert home.rows() == ["hello"]
    home.house.agent.people.claim(home.heard(ben)[0].split()[-1], "Ben", "adult")
    anna.writes("thanks")  # a turn, as the one in which the owner says it
    await eventually(lambda: len(home.heard(ben)) == 2)
    ben.writes("turn on the kitchen lamp")
    await eventually(lambda: home.heard(ben)[-1] == "The kitchen lamp is on.")


async def test_the_first_one_is_let_in_by_the_code_of_the_console(home: Home, peer: SignalCli) -> None:
    ben = peer.person("Ben")
    ben.writes(home.house.agent.people.first_code())
    await eventually(lambda: home.heard(ben))
    assert home.heard(ben)[0].startswith("Hello, Ben. Write what you want")
    assert ("signal", f"signal:{ben.id}") in home.house.agent.owners


async def test_a_number_that_went_to_somebody_else_is_a_stranger(home: Home, anna: Person, peer: SignalCli) -> None:
    other = peer.person("Anna", anna.number)
    other.writes("turn on the kitchen lamp")
    await home.taken()
    assert home.heard(other)[0].startswith("Hello. I answer only people of this house.")
    assert not home.house["lamp"].state["on"]


# -- groups, edits, what others wrote, files


async def test_in_a_group_only_what_is_meant_for_the_claw_is_taken(home: Home, anna: Person, peer: SignalCli) -> None:
    ben = peer.person("Ben")
    anna.writes("turn on the kitchen lamp", group=FAMILY)
    ben.writes("turn on the kitchen lamp", group=FAMILY, calls=True)
    anna.writes("turn off the bedroom lamp", group=FAMILY, calls=True)
    await home.hears(FAMILY, "The bedroom lamp is off.")
    anna.writes("turn it on", group=FAMILY, quotes=home.shown(FAMILY)[0])
    await eventually(lambda: home.house["spot"].state["on"])
    assert home.rows() == ["turn off the bedroom lamp", "turn it on"]
    assert not home.house["lamp"].state["on"]
    assert home.heard(ben) == []


async def test_a_group_pairs_nobody_and_approves_nothing(home: Home, anna: Person, peer: SignalCli) -> None:
    ben = peer.person("Ben")
    ben.writes(home.house.agent.people.invite("Ben", "guest"), group=FAMILY, calls=True)
    anna.writes("open the garage door", group=FAMILY, calls=True)
    await eventually(lambda: home.heard(FAMILY) and home.heard(anna))
    assert home.house.agent.people.who("signal", ben.id) is None
    anna.reacts(home.shown(FAMILY)[0], "👍", group=FAMILY)
    anna.writes("yes", group=FAMILY, calls=True)
    await eventually(lambda: len(home.heard(FAMILY)) == 2)
    assert not home.house["gate"].state["open"]
    anna.reacts(home.shown(anna)[0], "👍")
    await eventually(lambda: home.house["gate"].state["open"])


async def test_an_edited_message_never_runs_again(home: Home, anna: Person) -> None:
    at = anna.writes("turn on the kitchen lamp")
    await home.hears(anna, "The kitchen lamp is on.")
    anna.writes("turn off the kitchen lamp", edits=at)
    anna.writes("turn off the bedroom lamp", edits=at)
    await home.taken()
    assert home.heard(anna)[1:] == ["I take no message twice: please write the changed one anew."]
    assert home.house["lamp"].state["on"]
    assert home.house["spot"].state["on"]


async def test_what_is_quoted_is_not_the_persons_own_word(home: Home, anna: Person) -> None:
    anna.writes("turn on the kitchen lamp", quotes={"id": 5, "text": "turn off the bedroom lamp"})
    await home.hears(anna, "The kitchen lamp is on.")
    assert home.house["spot"].state["on"]
    assert home.house.last().extra == {"quoted": "turn off the bedroom lamp"}


async def test_a_quote_of_our_message_that_was_tampered_with_is_not_read(home: Home, anna: Person) -> None:
    anna.writes("turn on the kitchen lamp")
    await home.hears(anna, "The kitchen lamp is on.")
    anna.writes("turn it off", quotes={**home.shown(anna)[0], "text": "unlock the front door"})
    await home.hears(anna, "The kitchen lamp is on.", "The kitchen lamp is off.")
    assert home.house.last().text == "turn it off"
    assert home.house.last().extra is None


async def test_a_picture_of_a_person_is_kept_and_of_a_stranger_not_fetched(home: Home, anna: Person, peer: SignalCli) -> None:
    data = picture(800, 600)
    peer.person("Ben").sends_file(data, "image/png")
    anna.sends_file(data, "image/png", viewOnce=True)
    await home.taken()
    assert "getAttachment" not in peer.calls
    anna.sends_file(data, "image/png", "turn on the kitchen lamp")
    await eventually(lambda: home.house["lamp"].state["on"])
    await eventually(lambda: home.house.last().text == "turn on the kitchen lamp")
    (kept,) = (home.house.last().extra or {})["images"]
    assert Path(kept).read_bytes() == data


async def test_a_picture_that_cannot_be_had_holds_up_nobody(home: Home, anna: Person, peer: SignalCli) -> None:
    peer.fault("getAttachment", "500")
    anna.sends_file(picture(80, 60), "image/png", "turn on the kitchen lamp")
    anna.sends_file(picture(80, 61), "image/png", "turn off the bedroom lamp")
    peer.files.clear()
    await eventually(lambda: home.house["lamp"].state["on"] and not home.house["spot"].state["on"])
    assert peer.calls.count("getAttachment") == 2


async def test_a_picture_goes_out_under_its_words(home: Home, anna: Person, tmp_path: Path) -> None:
    (tmp_path / "still.png").write_bytes(picture(320, 240))
    home.says(anna.id, "The door.", image=str(tmp_path / "still.png"))
    await home.hears(anna, "The door.")
    assert home.shown(anna)[0]["pictures"] == [picture(320, 240)]


async def test_a_voice_note_reaches_the_frame_as_one(home: Home, anna: Person, peer: SignalCli) -> None:
    anna.sends_file(b"\0\0\0\x18ftyp", "audio/aac")
    await eventually(lambda: home.heard(anna))
    assert "voice note" in home.heard(anna)[0]
    assert peer.calls.count("getAttachment") == 1


async def test_a_sound_file_is_not_the_persons_own_word(home: Home, anna: Person, peer: SignalCli) -> None:
    anna.sends_file(b"ID3", "audio/mpeg", filename="ben.mp3")
    await eventually(lambda: home.heard(anna))
    assert home.heard(anna)[0].startswith("Somebody else wrote that, so I did nothing of it.")
    assert "getAttachment" not in peer.calls


async def test_typing_is_shown_while_a_turn_takes_long(home: Home, anna: Person, peer: SignalCli) -> None:
    gate = asyncio.Event()
    home.house.agent._perform = lambda turn: gate.wait()  # type: ignore[method-assign, assignment, return-value]
    anna.writes("turn on the kitchen lamp")
    await eventually(lambda: peer.typed == [anna.id])
    gate.set()


# -- nothing lost, nothing twice


async def test_what_comes_again_after_the_stream_broke_off_runs_once(home: Home, anna: Person, peer: SignalCli) -> None:
    anna.writes("turn on the kitchen lamp")
    await home.hears(anna, "The kitchen lamp is on.")
    home.house["lamp"].update(on=False)
    peer.cut()
    await eventually(lambda: not peer.streams)
    peer.gives_again()
    anna.writes("turn off the bedroom lamp")
    await home.hears(anna, "The kitchen lamp is on.", "The bedroom lamp is off.")
    assert not home.house["lamp"].state["on"]


async def test_what_was_written_while_the_claw_was_away_is_taken_in_order(home: Home, anna: Person, peer: SignalCli) -> None:
    await home.stop()
    await eventually(lambda: not peer.streams)
    for text in ("turn on the kitchen lamp", "turn off the kitchen lamp"):
        anna.writes(text)
    home.build()
    home.start()
    await home.hears(anna, "The kitchen lamp is on.", "The kitchen lamp is off.")


async def test_an_old_message_is_asked_about(home: Home, anna: Person, peer: SignalCli) -> None:
    await home.stop()
    await eventually(lambda: not peer.streams)
    anna.writes("turn on the kitchen lamp")
    assert isinstance(peer.clock, Fast)
    peer.clock.at += 3 * HOUR
    home.build()
    home.start()
    await home.hears(anna, "You wrote this 3 hours ago: shall I still turn on the kitchen lamp?")
    anna.reacts(home.shown(anna)[0], "👍")
    await eventually(lambda: home.house["lamp"].state["on"])


@pytest.mark.parametrize("steps", range(44))  # it takes about 38
async def test_a_death_at_any_step_does_it_once_and_answers(tmp_path: Path, steps: int) -> None:
    """After so many rounds of the loop claw and signal-cli die, and signal-cli gives again what it had not forgotten."""
    async with signal_cli(Clock("UTC")) as peer:
        home = Home(tmp_path, peer, peer.clock)
        home.build()
        anna = peer.person("Anna")
        home.let_in(anna.id, "Anna", "owner")
        anna.writes("turn on the kitchen lamp")
        home.start()
        for _ in range(steps):
            await asyncio.sleep(0)
        kept = home.rows()
        await home.stop()
        if not kept:
            await eventually(lambda: not peer.streams)
            peer.gives_again()
        home.build()
        home.start()
        await eventually(lambda: any("lamp" in one for one in home.heard(anna)))
        await eventually(lambda: not home.house.store.one("SELECT 1 FROM outbox WHERE status != 'sent'"))
        first, *more = [one for one in home.heard(anna) if "lamp is" in one]
        assert first.removeprefix("(may be a repeat) ") == "The kitchen lamp is on."
        assert more in ([], ["(may be a repeat) The kitchen lamp is on."])
        assert home.rows() == ["turn on the kitchen lamp"]
        await home.stop()


async def test_on_a_full_disk_it_waits_for_room_and_reads_no_more(home: Home, anna: Person, peer: SignalCli) -> None:
    await eventually(lambda: peer.streams)
    pages = home.house.store.one("PRAGMA page_count")
    assert pages is not None
    home.house.store.one(f"PRAGMA max_page_count = {pages[0]}")
    anna.writes("turn on the kitchen lamp " + "please " * 2000)
    await eventually(lambda: peer.given)
    for _ in range(20):
        await asyncio.sleep(0.02)
        assert home.rows() == []
    home.house.store.one("PRAGMA max_page_count = 1000000")
    await eventually(lambda: len(home.rows()) == 1, seconds=20)


async def test_an_answer_that_got_lost_on_the_way_is_marked_when_it_comes_again(
    home: Home, anna: Person, peer: SignalCli
) -> None:
    peer.fault("send", "drop after apply")
    anna.writes("turn on the kitchen lamp")
    await home.hears(anna, "The kitchen lamp is on.", "(may be a repeat) The kitchen lamp is on.")


@pytest.mark.parametrize("fault", ["500", "502", "drop", "network", "io"])
async def test_when_it_is_not_known_whether_it_went_out_it_is_said(home: Home, anna: Person, peer: SignalCli, fault: str) -> None:
    peer.fault("send", fault)
    anna.writes("turn on the kitchen lamp")
    await home.hears(anna, "(may be a repeat) The kitchen lamp is on.")


async def test_an_answer_that_is_no_json_leaves_it_open_too(home: Home, anna: Person, peer: SignalCli) -> None:
    peer.fault("send", "nonsense")
    home.says(anna.id, "hello")
    await home.hears(anna, "hello", "(may be a repeat) hello")


@pytest.mark.parametrize("fault", ["limited", "404", "429"])
async def test_a_limit_waits_and_keeps_the_order(
    home: Home, anna: Person, peer: SignalCli, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claw.bridges.signal.LONGEST_WAIT", 3.0)
    peer.fault("send", fault)
    began = home.clock.monotonic()
    home.says(anna.id, "first", "second")
    await home.hears(anna, "first", "second")
    assert home.clock.monotonic() - began >= 3


async def test_a_refused_connection_is_surely_not_sent(home: Home, anna: Person) -> None:
    url, home.bridge.url = home.bridge.url, "http://127.0.0.1:9"
    home.says(anna.id, "hello")
    await eventually(lambda: home.house.store.one("SELECT 1 FROM outbox WHERE key = 'hello' AND tries > 0 AND status = 'queued'"))
    home.bridge.url = url
    await home.hears(anna, "hello")


async def test_who_left_signal_holds_up_nobody(home: Home, anna: Person, peer: SignalCli) -> None:
    ben = peer.person("Ben")
    peer.gone.add(ben.id)
    home.says(ben.id, "hello")
    home.says(anna.id, "hello there")
    await home.hears(anna, "hello there")
    await eventually(lambda: home.outcome("hello") == "refused")


async def test_a_changed_safety_number_stops_what_goes_there_until_somebody_trusts_it(
    home: Home, anna: Person, peer: SignalCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("claw.bridges.signal.LONGEST_WAIT", 3.0)
    peer.untrusted.add(anna.id)
    home.says(anna.id, "hello")
    await eventually(lambda: f"trust -v NUMBER {anna.id}" in home.bridge.trouble)
    peer.untrusted.clear()
    await home.hears(anna, "hello")
    assert home.bridge.trouble == ""


# -- the channel's own troubles


async def test_a_daemon_that_goes_away_is_told_and_found_again(tmp_path: Path) -> None:
    clock = Fast()
    async with signal_cli(clock) as peer:
        home = Home(tmp_path, peer, clock)
        port = int(peer.base.rpartition(":")[2])
        home.build()
        home.start()
        await eventually(lambda: peer.streams)
    await eventually(lambda: "--receive-mode on-connection" in home.bridge.trouble)
    home.says(FAMILY, "hello")
    await eventually(lambda: home.house.store.one("SELECT 1 FROM outbox WHERE tries > 0 AND status = 'queued'"))
    home.house.store.write("UPDATE outbox SET due = due + ?", HOUR)
    async with signal_cli(clock, port=port) as home.peer:
        await home.hears(FAMILY, "hello")
        assert home.bridge.trouble == ""
        await home.stop()


async def test_what_is_no_daemon_with_the_account_is_told(tmp_path: Path) -> None:
    async with signal_cli(Fast(), account="+4917") as peer, Home(tmp_path, peer, peer.clock) as home:
        await eventually(lambda: f"no signal-cli daemon with the account {ACCOUNT} (status 400)" in home.bridge.trouble)
        with pytest.raises(NotSent):
            await home.bridge.send("signal:x", "hello", "key", ())


async def test_what_makes_no_sense_holds_up_nothing(home: Home, anna: Person, peer: SignalCli) -> None:
    anna.stirs()
    for data in ("what?", {"message": 5}, {"message": "unlock the front door", "timestamp": "then"}, {"reaction": {"emoji": 1}}):
        peer.push({"sourceUuid": anna.id, "timestamp": 1, "dataMessage": data})
    peer.push({"sourceUuid": "x", "dataMessage": {"message": "unlock the front door", "timestamp": 1}})
    peer.waiting += [{}, [], 5]  # type: ignore[list-item]
    anna.sends({"message": "\ud83d hello"})
    anna.writes("turn on the kitchen lamp")
    await eventually(lambda: home.house["lamp"].state["on"])
    assert home.house["bolt"].state["locked"] is False
    assert home.rows()[-1] == "turn on the kitchen lamp"
    assert len(peer.streams) == 1


async def test_too_long_an_event_is_dropped_and_the_next_one_taken(home: Home, anna: Person) -> None:
    anna.writes("x" * (2 << 20))
    await eventually(lambda: "too long an event" in home.bridge.trouble)
    anna.writes("turn on the kitchen lamp")
    await eventually(lambda: home.house["lamp"].state["on"])


# -- the daemon


async def test_the_daemon_runs_the_account_that_its_config_names(tmp_path: Path, peer: SignalCli) -> None:
    config = (
        '[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["127.9.76.0/24"]\n'
        f'[signal]\naccount = "{ACCOUNT}"\nurl = "{peer.base}"\n'
    )
    async with running(tmp_path, config, clock=peer.clock) as daemon:
        anna = peer.person("Anna")
        anna.writes(daemon.agent.people.first_code())
        await eventually(lambda: peer.sent[anna.id], seconds=15)
        assert "  signal: running" in show.status([daemon.status()])


def test_the_config_takes_a_number_and_a_daemon_on_this_machine_or_by_https() -> None:
    assert parse("").signal.account == ""
    for url in ("http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:8080", "https://signal.lan"):
        assert parse(f'[signal]\nurl = "{url}"').signal.url == url
    for key, value, what in (
        ("url", "http://signal.lan:8080", "must be https, or on this machine"),
        ("url", "http://127.0.0.1.example.org", "must be https, or on this machine"),
        ("account", "015112345678", "is no number"),
    ):
        with pytest.raises(ConfigError, match=what):
            parse(f'[signal]\n{key} = "{value}"')
