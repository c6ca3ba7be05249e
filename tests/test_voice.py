"""Voice notes over Telegram with the real agent: what is heard is the person's wish, but never a yes. The words of a note are its
bytes here; recognisers that are real processes are at the end, and one that really listens is in tests/peers/test_voice.py."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from claw.bridges.telegram import Telegram
from claw.clock import Clock, ManualClock
from claw.speech.recogniser import ERRORS, IDLE_SECONDS, MISSING, Hears, Missing, Recogniser, Unheard
from claw.testing import eventually
from claw.turns.answering import SPOKEN
from claw.turns.listening import DEAF
from tests.bridged import Bridged, Fast
from tests.peers.bot_api import TOKEN, BotApi, bot_api
from tests.peers.telegram_people import Person


class Ears:
    """A fake recogniser: the bytes of a recording are its words; `deaf` is raised instead, `open` lets it answer."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.deaf: Unheard | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def heard(self, path: Path, language: str) -> str:
        self.asked.append(path.read_text("utf-8"))
        await self.open.wait()
        if self.deaf:
            raise self.deaf
        return self.asked[-1]

    async def close(self) -> None:
        pass


@dataclass
class Home(Bridged):
    """A house with a bot and ears, on a folder that outlives it."""

    ears: Ears = field(default_factory=Ears)

    def made(self) -> Telegram:
        return Telegram(lambda: TOKEN, self.folder / "telegram", self.clock, self.peer.base)

    def heard(self, chat: int) -> list[str]:
        return [message["text"] for message in self.peer.sent[chat]]

    def build(self) -> None:
        super().build()
        self.house.agent.listening.recogniser = self.ears

    def recordings(self) -> list[Path]:
        return list((self.folder / "media").glob("*"))


@pytest.fixture
async def peer() -> AsyncIterator[BotApi]:
    async with bot_api(clock=Fast()) as one:
        yield one


@pytest.fixture
async def home(tmp_path: Path, peer: BotApi) -> AsyncIterator[Home]:
    one = Home(tmp_path, peer, peer.clock)
    one.build()
    one.start()
    yield one
    await one.stop()


def person(home: Home, id: int, name: str, role: str) -> Person:
    one: Person = home.peer.person(id, name)
    home.let_in(str(id), name, role)
    one.chat.state = "member"
    return one


@pytest.fixture
def anna(home: Home) -> Person:
    """The owner."""
    return person(home, 1001, "Anna", "owner")


@pytest.fixture
def tim(home: Home, anna: Person) -> Person:
    """A child of the house."""
    return person(home, 1003, "Tim", "child")


# -- the road


async def test_what_is_heard_is_done_and_shown_and_the_recording_is_deleted(home: Home, anna: Person) -> None:
    anna.sends_voice(b"Turn on the kitchen lamp.")
    await home.hears(1001, "I heard “Turn on the kitchen lamp”. The kitchen lamp is on.")
    assert home.house["lamp"].state["on"]
    assert not home.recordings()


async def test_a_note_is_committed_and_acknowledged_before_it_is_listened_to(home: Home, anna: Person) -> None:
    home.ears.open.clear()
    anna.sends_voice(b"turn on the kitchen lamp")
    anna.writes("is the kitchen lamp on")
    await eventually(lambda: home.rows() == ["", "is the kitchen lamp on"])
    await eventually(lambda: not home.peer.updates)  # Telegram was let forget them
    await eventually(lambda: home.ears.asked)
    home.ears.open.set()
    await home.hears(1001, "I heard “turn on the kitchen lamp”. The kitchen lamp is on.", "Yes, the kitchen lamp is on.")


async def test_a_death_while_listening_loses_nothing(home: Home, anna: Person) -> None:
    home.ears.open.clear()
    anna.sends_voice(b"turn on the kitchen lamp")
    await eventually(lambda: home.ears.asked)
    await home.stop()
    home.ears.open.set()
    home.build()
    home.start()
    await home.hears(1001, "I heard “turn on the kitchen lamp”. The kitchen lamp is on.")
    assert home.rows() == ["turn on the kitchen lamp"]


async def test_what_was_heard_before_a_death_is_not_listened_to_again(home: Home, anna: Person) -> None:
    home.ears.open.clear()
    anna.sends_voice(b"turn on the kitchen lamp")
    await eventually(lambda: home.ears.asked)
    await home.stop()
    home.build()
    inbox = home.house.agent.inbox
    inbox.hear(inbox.open()[0], "turn on the kitchen lamp", {"heard": True})
    home.start()
    await home.hears(1001, "I heard “turn on the kitchen lamp”. The kitchen lamp is on.")
    assert home.ears.asked == ["turn on the kitchen lamp"]
    assert not home.recordings()


async def test_other_chats_go_on_while_one_is_listened_to(home: Home, anna: Person, tim: Person) -> None:
    home.ears.open.clear()
    anna.sends_voice(b"turn on the kitchen lamp")
    await eventually(lambda: home.ears.asked)
    tim.writes("turn on the bedroom fan")
    await home.hears(1003, "The bedroom fan is on.")
    assert home.heard(1001) == []
    home.ears.open.set()


# -- whose words they are


@pytest.mark.parametrize("what", ["forwarded", "sound file"])
async def test_what_may_be_the_voice_of_others_is_not_listened_to(home: Home, anna: Person, what: str) -> None:
    kept = home.peer.keep(b"turn on the kitchen lamp", "voice", "oga") | {"duration": 2}
    origin = {"type": "hidden_user", "sender_user_name": "Mallory", "date": home.peer.now() - 60}
    anna.send(None, **({"voice": kept, "forward_origin": origin} if what == "forwarded" else {"audio": kept}))
    await home.hears(1001, "Somebody else wrote that, so I did nothing of it. Tell me in your own words what you want.")
    assert not home.ears.asked
    assert not home.recordings()


async def test_the_note_of_a_stranger_is_not_even_fetched(home: Home, anna: Person) -> None:
    home.peer.person(1002, "Ben").sends_voice(b"turn on the kitchen lamp")
    await eventually(lambda: home.heard(1002))
    assert "Show this code to its owner" in home.heard(1002)[0]
    assert not home.ears.asked
    assert not home.recordings()


async def test_whoever_was_removed_meanwhile_is_not_listened_to(home: Home, anna: Person, tim: Person) -> None:
    await home.stop()
    home.build()
    id = home.house.agent.people.at("telegram", "telegram:1003")
    (home.folder / "media").mkdir(exist_ok=True)
    (note := home.folder / "media" / "note.voice").write_bytes(b"turn on the kitchen lamp")
    put = home.house.agent.inbox.put
    put("", key="n", bridge="telegram", chat="telegram:1003", person=str(id), extra={"voice": str(note)})
    home.house.agent.people.remove(str(id))
    home.start()
    await eventually(lambda: not home.house.agent.inbox.open())
    assert not home.ears.asked
    assert not note.exists()


# -- a yes is never spoken


async def test_a_spoken_yes_approves_nothing_and_the_button_still_does(home: Home, anna: Person) -> None:
    asked = "I heard “open the garage door”. Open the garage door? Yes or no?"
    anna.sends_voice(b"open the garage door")
    await home.hears(1001, asked)
    anna.sends_voice(b"Yes.")
    await home.hears(1001, asked, f"I heard “Yes”. {SPOKEN}")
    assert not home.house["gate"].state["open"]
    anna.presses("yes")
    await eventually(lambda: home.house["gate"].state["open"])


async def test_a_spoken_no_declines(home: Home, anna: Person) -> None:
    anna.writes("open the garage door")
    await eventually(lambda: home.heard(1001))
    anna.sends_voice(b"no")
    await eventually(lambda: home.heard(1001)[-1] == "I heard “no”. All right, I did nothing.")
    assert not home.house.agent.questions.open()


async def test_a_spoken_number_picks_no_approval(home: Home, anna: Person) -> None:
    anna.writes("open the garage door")
    await eventually(lambda: len(home.heard(1001)) == 1)
    anna.writes("unlock the front door")
    await eventually(lambda: len(home.heard(1001)) == 2)
    anna.writes("yes")
    await eventually(lambda: home.heard(1001)[-1].startswith("Several things wait"))
    anna.sends_voice(b"1")
    await eventually(lambda: home.heard(1001)[-1] == f"I heard “1”. {SPOKEN}")
    assert not home.house["gate"].state["open"]


async def test_a_spoken_yes_is_no_answer_to_a_skill(home: Home, anna: Person) -> None:
    ask = asyncio.create_task(home.house.agent.asks.ask("May I pair with the hub?"))
    await eventually(lambda: home.house.agent.asks.open())
    anna.sends_voice(b"yes")
    await eventually(lambda: home.heard(1001) and home.heard(1001)[-1] == f"I heard “yes”. {SPOKEN}")
    assert not ask.done()
    ask.cancel()


async def test_a_spoken_code_is_neither_kept_nor_repeated(home: Home, anna: Person) -> None:
    anna.sends_voice(b"123-45-678")
    await eventually(lambda: home.heard(1001))
    assert home.rows() == ["(an answer)"]
    assert "123-45-678" not in "".join(home.heard(1001))


# -- when it cannot be heard


async def test_without_a_recogniser_the_owner_hears_how_to_install_it_and_others_do_not(
    home: Home, anna: Person, tim: Person
) -> None:
    home.ears.deaf = Missing(MISSING)
    anna.sends_voice(b"turn on the kitchen lamp")
    tim.sends_voice(b"turn on the kitchen lamp")
    await home.hears(1001, MISSING)
    await home.hears(1003, DEAF)
    assert "pip install claw-house[voice]" in MISSING
    assert not home.recordings()


async def test_a_note_without_words_is_answered(home: Home, anna: Person) -> None:
    home.ears.deaf = Unheard(ERRORS["silent"])
    anna.sends_voice(b"hum")
    await home.hears(1001, "I heard no words in that voice note. Please say it again, or write it.")


async def test_a_note_that_cannot_be_fetched_is_answered(home: Home, anna: Person, peer: BotApi) -> None:
    peer.fault("getFile", "500")
    anna.sends_voice(b"turn on the kitchen lamp")
    await home.hears(1001, "I could not fetch that voice note. Please send it again, or write it.")
    assert not home.ears.asked


# -- the process that recognises


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Any]:
    """Recognisers whose process is this shell script; they share a recording of four bytes, at `note`."""
    made: list[Hears] = []

    def one(script: str, clock: Clock | None = None, **more: Any) -> Recogniser:
        (program := tmp_path / "python").write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        made.append(recogniser := Recogniser(clock or Clock(), python=str(program), **more))
        return recogniser

    yield one
    for recogniser in made:
        await recogniser.close()


@pytest.fixture
def note(tmp_path: Path) -> Path:
    (file := tmp_path / "note.voice").write_bytes(b"OggS")
    return file


ANSWERS = 'echo {}; while read line; do echo "{\\"text\\": \\"$$\\"}"; done'


async def why(recogniser: Recogniser, note: Path) -> str:
    with pytest.raises(Unheard) as caught:
        await recogniser.heard(note, "en")
    return str(caught.value)


async def test_without_the_packages_the_process_says_so(make: Any, note: Path) -> None:
    recogniser = make(f'exec {sys.executable} -S "$@"')
    with pytest.raises(Missing, match=r"pip install claw-house\[voice\]"):
        await recogniser.heard(note, "en")
    assert recogniser.process is None


async def test_a_model_that_cannot_be_loaded_is_named(make: Any, note: Path) -> None:
    recogniser = make("""echo '{"error": "model", "why": "there is no tokenizer.json in /m"}'""")
    with pytest.raises(Missing, match=r"there is no tokenizer\.json in /m"):
        await recogniser.heard(note, "en")


async def test_one_process_serves_until_it_was_idle_for_ten_minutes(make: Any, note: Path) -> None:
    recogniser = make(ANSWERS, clock := ManualClock())
    first = await recogniser.heard(note, "en")
    clock.advance(IDLE_SECONDS - 1)
    assert await recogniser.heard(note, "en") == first
    await asyncio.sleep(0)  # it begins to be idle
    clock.advance(IDLE_SECONDS - 1)
    assert recogniser.process is not None
    clock.advance(1)
    await eventually(lambda: recogniser.process is None)
    assert await recogniser.heard(note, "en") != first


async def test_a_process_that_takes_too_long_is_ended(make: Any, note: Path) -> None:
    recogniser = make("echo {}; read line; sleep 60", seconds=0.2)
    assert await why(recogniser, note) == ERRORS["slow"]
    assert recogniser.process is None


async def test_a_recording_that_kills_the_process_is_answered_and_the_next_is_heard(
    make: Any, note: Path, tmp_path: Path
) -> None:
    recogniser = make(
        f'echo {{}}; read line; [ -e {tmp_path}/died ] || {{ touch {tmp_path}/died; kill -9 $$; }}; echo "{{\\"text\\": \\"on\\"}}"'
    )
    assert await why(recogniser, note) == ERRORS["broken"]
    assert await recogniser.heard(note, "en") == "on"


async def test_a_process_that_answers_nonsense_is_ended(make: Any, note: Path) -> None:
    recogniser = make("echo {}; while read line; do echo []; done")
    assert await why(recogniser, note) == ERRORS["broken"]
    assert recogniser.process is None


async def test_a_turn_that_is_given_up_leaves_no_answer_for_the_next(make: Any, note: Path) -> None:
    recogniser = make("echo {}; while read line; do sleep 60; done")
    hearing = asyncio.create_task(recogniser.heard(note, "en"))
    await eventually(lambda: recogniser.process is not None)
    hearing.cancel()
    await asyncio.wait([hearing])
    assert recogniser.process is None


async def test_a_recording_that_is_too_large_starts_nothing(make: Any, note: Path) -> None:
    with note.open("wb") as file:
        file.truncate((8 << 20) + 1)
    recogniser = make(ANSWERS)
    assert await why(recogniser, note) == ERRORS["long"]
    assert recogniser.process is None
