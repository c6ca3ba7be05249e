"""Proof that bot_api.py is a Bot API: bots on aiogram and on python-telegram-bot live on it, in processes of their own.

aiogram 3.31 wants pydantic below 2.14, so it has an environment of its own inside ours (make test-peers, aiogram.txt).
"""

import asyncio
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from claw.clock import ManualClock
from claw.testing import eventually
from tests.peers.bot_api import TOKEN, BotApi, bot_api
from tests.peers.telegram_people import Person, picture

AIOGRAM = Path(sys.prefix) / "aiogram" / "bin" / "python"
ROOT = Path(__file__).parent.parent.parent
Json = dict[str, Any]


class Library:
    """A process that has one of the libraries imported, which takes seconds, and forks bots."""

    def __init__(self, python: str | Path, module: str) -> None:
        self.process = subprocess.Popen(
            [python, "-m", f"tests.peers.{module}"], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def bot(self, base: str, folder: Path) -> int:
        """Start a bot; its process id."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([base, TOKEN, str(folder)]) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


class Bot:
    """A bot in a process; `said` is what it told, `log` what its library complained about."""

    def __init__(self, folder: Path) -> None:
        self.out, self.err = folder / "out", folder / "err"
        self.out.touch()
        self.err.touch()

    @property
    def said(self) -> list[Json]:
        return [json.loads(line) for line in self.out.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n")]

    @property
    def log(self) -> str:
        return self.err.read_text("utf-8")

    def told(self, key: str) -> list[Any]:
        return [one[key] for one in self.said if key in one]


@pytest.fixture
async def peer() -> AsyncIterator[BotApi]:
    async with bot_api() as one:
        yield one


@pytest.fixture
def anna(peer: BotApi) -> Person:
    return peer.person(1001, "Anna", username="anna_k")


@pytest.fixture(scope="module", params=["aiogram", "python-telegram-bot"])
def library(request: pytest.FixtureRequest) -> Iterator[Library]:
    if request.param == "aiogram" and not AIOGRAM.exists():
        pytest.skip(f"no aiogram at {AIOGRAM}: run `make test-peers`")
    if request.param != "aiogram" and not importlib.util.find_spec("telegram"):
        pytest.skip("no python-telegram-bot: run `make test-peers`")
    one = Library(AIOGRAM, "aiogram_bot") if request.param == "aiogram" else Library(sys.executable, "ptb_bot")
    yield one
    one.end()


@pytest.fixture
def bot(library: Library, peer: BotApi, tmp_path: Path) -> Iterator[Bot]:
    """A bot of each library in turn; at the end every field that it was sent must be one that the library knows."""
    one = Bot(tmp_path)
    child = library.bot(peer.base, tmp_path)
    try:
        yield one
    finally:
        os.kill(child, signal.SIGKILL)
        print(one.log)
    assert one.told("unknown") == []


async def ask(peer: BotApi, method: str, *, token: str = "", **parameters: Any) -> tuple[int, Json]:
    """One call in plain JSON: status and body."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{peer.base}/bot{token or peer.token}/{method}", json=parameters) as answer,
    ):
        return answer.status, await answer.json(content_type=None)


def texts(peer: BotApi, chat: int) -> list[str]:
    return [message.get("text") or message.get("caption", "") for message in peer.sent[chat]]


async def shows(peer: BotApi, chat: int, *expected: str) -> None:
    """Wait until the bot's messages in a chat are these."""
    try:
        await eventually(lambda: texts(peer, chat) == list(expected), seconds=20)
    except AssertionError:
        assert texts(peer, chat) == list(expected)


@pytest.mark.peers
async def test_text_and_its_correction_are_answered(peer: BotApi, anna: Person, bot: Bot) -> None:
    message = anna.writes("turn on the light 💡")
    await shows(peer, anna.id, "heard: turn on the light 💡")
    anna.edits(message, "turn off the light")
    await shows(peer, anna.id, "heard: turn on the light 💡", "corrected: turn off the light")
    assert bot.log == ""


@pytest.mark.peers
async def test_a_button_is_pressed_answered_and_the_message_edited(peer: BotApi, anna: Person, bot: Bot) -> None:
    anna.writes("/start")
    await shows(peer, anna.id, "Hello Anna <3", "Open the door?")
    before = peer.sent[anna.id][1]
    query = anna.presses("Yes")
    await shows(peer, anna.id, "Hello Anna <3", "approve:Yes by Anna")
    assert peer.answers[query]["text"] == "noted"
    assert "reply_markup" not in peer.sent[anna.id][1]
    await ask(peer, "deleteMessage", chat_id=anna.id, message_id=before["message_id"])
    assert texts(peer, anna.id) == ["Hello Anna <3"]
    anna.presses("No", message=before)
    await eventually(lambda: len(bot.told("accessible")) == 2)
    assert (bot.told("kinds"), bot.told("pressed"), bot.told("accessible")) == (
        [["bold"]],
        ["approve:Yes", "approve:No"],
        [True, False],
    )
    assert bot.log == ""


@pytest.mark.peers
async def test_photos_and_voice_notes_go_down_and_up(peer: BotApi, anna: Person, bot: Bot) -> None:
    data = picture(1280, 720)
    anna.sends_photo(data, caption="the hall")
    await shows(peer, anna.id, "4 sizes: the hall", "again")
    first, again = peer.sent[anna.id]
    assert peer.files[first["photo"][-1]["file_id"]][0] == data
    assert again["photo"] == first["photo"]
    anna.sends_voice(b"a voice in Opus", 3)
    await shows(peer, anna.id, "4 sizes: the hall", "again", "3 s: a voice in Opus")
    assert bot.log == ""


@pytest.mark.peers
async def test_a_forwarded_message_names_its_origin(peer: BotApi, anna: Person, bot: Bot) -> None:
    anna.forwards("from a friend", peer.person(1002, "Ben"))
    anna.forwards("from nobody", "Hidden One")
    await shows(peer, anna.id, "heard: from a friend", "heard: from nobody")
    assert bot.told("forwarded") == ["Ben", "Hidden One"]


@pytest.mark.peers
async def test_every_other_method_parses_and_errors_have_the_words_of_the_real_server(
    peer: BotApi, anna: Person, bot: Bot
) -> None:
    anna.writes("/all")
    await eventually(lambda: len(bot.told("refused")) == 9, seconds=20)
    expected = (
        "chat not found", "message is not modified", "message is too long", "message text is empty", "can't parse entities",
        "BUTTON_DATA_INVALID", "query is too old", "invalid file_id", "IMAGE_PROCESS_FAILED",
    )  # fmt: skip
    for text, words in zip(bot.told("text"), expected, strict=True):
        assert words.lower() in text.lower()
    assert (bot.told("me"), bot.told("chat")) == ([peer.me["username"]], ["Anna"])
    assert [one["command"] for one in peer.commands] == ["help"]
    assert "sendChatAction" in [name for name, _ in peer.calls]
    (shown,) = peer.sent[anna.id]
    assert shown["link_preview_options"] == {"is_disabled": True}
    assert shown["reply_to_message"]["text"] == "/all"
    assert "reply_markup" not in shown


@pytest.mark.peers
async def test_a_group_is_joined_spoken_in_migrated_and_left(peer: BotApi, anna: Person, bot: Bot) -> None:
    group = peer.group(-55, "Home", by=anna)
    anna.writes("nobody asked you", chat=group)
    anna.writes(f"@{peer.me['username']} hello", chat=group)
    await shows(peer, -55, f"heard: @{peer.me['username']} hello")
    anna.writes("and this?", chat=group, reply_to=peer.sent[-55][0])
    await eventually(lambda: len(peer.sent[-55]) == 2)
    new = group.migrates(-1001234, anna)
    await eventually(lambda: -55 in bot.told("migrate_from"))
    assert -1001234 in bot.told("migrate_to")
    anna.writes("/to -55")
    await eventually(lambda: bot.told("refused"))
    assert [one["migrate_to"] for one in bot.said if "refused" in one] == [-1001234]
    anna.writes("/leave", chat=new)
    await eventually(lambda: "left" in bot.told("now"))
    assert new.state == "left"


@pytest.mark.peers
async def test_who_blocked_the_bot_is_not_written_to(peer: BotApi, anna: Person, bot: Bot) -> None:
    ben = peer.person(1002, "Ben")
    ben.writes("hello")
    await shows(peer, ben.id, "heard: hello")
    ben.chat.becomes("kicked", ben.user)
    anna.writes(f"/to {ben.id}")
    await eventually(lambda: bot.told("refused"))
    assert bot.told("refused")[0] in ("TelegramForbiddenError", "Forbidden")
    assert "bot was blocked by the user" in bot.told("text")[0]
    assert ("member", "kicked") in zip(bot.told("was"), bot.told("now"), strict=True)


@pytest.mark.peers
async def test_too_many_requests_are_waited_out_and_nothing_is_lost(peer: BotApi, anna: Person, bot: Bot) -> None:
    peer.limits = True
    for number in range(3):
        anna.writes(str(number))
    await shows(peer, anna.id, "heard: 0", "heard: 1", "heard: 2")
    assert bot.told("retry_after")
    assert set(bot.told("retry_after")) == {1}


@pytest.mark.peers
async def test_a_second_poller_ends_the_first_and_the_bot_comes_back(peer: BotApi, anna: Person, bot: Bot) -> None:
    await eventually(lambda: peer.poll, seconds=20)
    await ask(peer, "getUpdates", timeout=0)
    await eventually(lambda: "terminated by other getUpdates request" in bot.log)
    anna.writes("still there?")
    await shows(peer, anna.id, "heard: still there?")


@pytest.mark.peers
async def test_a_token_that_was_revoked_is_unauthorized(peer: BotApi, anna: Person, bot: Bot) -> None:
    anna.writes("hello")
    await shows(peer, anna.id, "heard: hello")
    peer.rotate("4242:AAEanother-token-of-the-same-bot_0000")
    await eventually(lambda: "Unauthorized" in bot.log or "InvalidToken" in bot.log)
    anna.writes("unheard")
    assert (await updates(peer))[-1]["message"]["text"] == "unheard"


@pytest.mark.peers
@pytest.mark.parametrize("kind", ["502", "drop", "drop after apply", "500", "429"])
async def test_a_poll_that_fails_is_made_again_and_nothing_is_lost(peer: BotApi, anna: Person, bot: Bot, kind: str) -> None:
    anna.writes("one")
    await shows(peer, anna.id, "heard: one")
    peer.fault("getUpdates", kind)
    anna.writes("two")
    await eventually(lambda: not peer.faults)
    await shows(peer, anna.id, "heard: one", "heard: two")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def timed(clock: ManualClock) -> AsyncIterator[BotApi]:
    """A server whose clock only the test moves; tests from here on need no library."""
    async with bot_api(clock=clock) as one:
        yield one


async def updates(peer: BotApi, offset: int = 0, **more: Any) -> list[Json]:
    status, body = await ask(peer, "getUpdates", offset=offset, **more)
    assert status == 200, body
    return list(body["result"])


async def refusal(peer: BotApi, method: str, **parameters: Any) -> tuple[int, str]:
    status, body = await ask(peer, method, **parameters)
    return status, body.get("description", "no refusal")


async def test_updates_come_until_they_are_confirmed_or_a_day_old(timed: BotApi, clock: ManualClock) -> None:
    anna = timed.person(1, "Anna")
    for text in "abc":
        anna.writes(text)
    first, second, third = [one["update_id"] for one in await updates(timed)]
    assert [one["update_id"] for one in await updates(timed, first, limit=2)] == [first, second]
    assert [one["update_id"] for one in await updates(timed, third + 100)] == [first, second, third]
    assert [one["update_id"] for one in await updates(timed, second)] == [second, third]
    assert [one["update_id"] for one in await updates(timed, -1)] == [third]
    clock.advance(86400)
    assert await updates(timed) == []


async def test_a_long_poll_ends_with_the_first_update_or_with_its_time(timed: BotApi, clock: ManualClock) -> None:
    poll = asyncio.create_task(updates(timed, timeout=30))
    await eventually(lambda: timed.poll)
    timed.person(1, "Anna").writes("hello")
    (came,) = await poll
    poll = asyncio.create_task(updates(timed, came["update_id"] + 1, timeout=30))
    await eventually(lambda: timed.poll)

    def over() -> bool:
        clock.advance(10)
        return poll.done()

    await eventually(over)
    assert await poll == []


async def test_of_two_polls_the_first_ends_with_a_conflict_and_a_webhook_forbids_both(timed: BotApi) -> None:
    first = asyncio.create_task(refusal(timed, "getUpdates", timeout=30))
    await eventually(lambda: timed.poll)
    second = asyncio.create_task(updates(timed, timeout=30))
    assert await first == (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )
    timed.person(1, "Anna").writes("hello")
    assert len(await second) == 1
    timed.webhook = "https://example.org"
    assert (await refusal(timed, "getUpdates"))[0] == 409
    await ask(timed, "deleteWebhook")
    assert len(await updates(timed)) == 1


async def test_kinds_that_were_not_asked_for_are_not_queued(timed: BotApi) -> None:
    anna = timed.person(1, "Anna")
    await updates(timed, allowed_updates=["edited_message"])
    anna.edits(anna.writes("a"), "b")
    assert [sorted(one) for one in await updates(timed)] == [["edited_message", "update_id"]]


async def test_updates_may_come_twice_and_out_of_order(timed: BotApi) -> None:
    anna = timed.person(1, "Anna")
    for text in "abc":
        anna.writes(text)
    timed.fault("getUpdates", "reverse")
    timed.fault("getUpdates", "repeat")
    numbers = [one["update_id"] for one in await updates(timed)]
    assert numbers == sorted(numbers, reverse=True)
    assert [one["update_id"] for one in await updates(timed, max(numbers) + 1)] == sorted(numbers)


async def test_an_answer_that_is_lost_leaves_the_message_with_the_person(timed: BotApi) -> None:
    anna = timed.person(1, "Anna")
    anna.writes("/start")
    for kind, left in (("drop", 0), ("drop after apply", 1), ("502", 1), ("502 after apply", 2)):
        timed.fault("sendMessage", kind)
        with pytest.raises((aiohttp.ClientError, ValueError)):
            await ask(timed, "sendMessage", chat_id=1, text="hello")
        assert len(timed.sent[1]) == left
    timed.fault("sendMessage", "hang")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask(timed, "sendMessage", chat_id=1, text="hello"), 0.1)
    assert len(timed.sent[1]) == 2


async def test_limits_are_one_a_second_in_a_chat_twenty_a_minute_in_a_group_and_thirty_a_second_in_all(
    clock: ManualClock,
) -> None:
    async with bot_api(clock=clock, limits=True) as peer:
        for id in range(1, 32):
            peer.person(id, f"P{id}").writes("/start")
        assert [(await ask(peer, "sendMessage", chat_id=1, text="x"))[0] for _ in "ab"] == [200, 429]
        statuses = [(await ask(peer, "sendMessage", chat_id=id, text="x"))[0] for id in range(2, 32)]
        assert (statuses.count(200), statuses[-1]) == (29, 429)
        peer.group(-5, "Home")
        for _ in range(20):
            clock.advance(1)
            assert (await ask(peer, "sendMessage", chat_id=-5, text="x"))[0] == 200
        clock.advance(1)
        answer = {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 40",
            "parameters": {"retry_after": 40},
        }
        assert await ask(peer, "sendMessage", chat_id=-5, text="x") == (429, answer)
        clock.advance(40)
        assert (await ask(peer, "sendMessage", chat_id=-5, text="x"))[0] == 200


async def test_in_a_group_the_bot_sees_commands_mentions_and_replies_only(timed: BotApi) -> None:
    anna, group, name = timed.person(1, "Anna"), timed.group(-5, "Home"), timed.me["username"]
    _, said = await ask(timed, "sendMessage", chat_id=-5, text="hello")
    for text in ("lights", "/help", f"/help@{name}", "/help@other_bot", f"please @{name.upper()}", f"@{name}s"):
        anna.writes(text, chat=group)
    anna.writes("yes", chat=group, reply_to=said["result"])
    seen = [one["message"]["text"] for one in await updates(timed)]
    assert seen == ["/help", f"/help@{name}", f"please @{name.upper()}", "yes"]
    assert await refusal(timed, "sendMessage", chat_id=1, text="x") == (
        403,
        "Forbidden: bot can't initiate conversation with a user",
    )


async def test_tokens_and_paths_are_checked(timed: BotApi) -> None:
    anna = timed.person(1, "Anna")
    anna.writes("/start")
    assert await refusal(timed, "getMe", token="nonsense") == (404, "Not Found")
    assert await refusal(timed, "getMe", token="4242:wrong") == (401, "Unauthorized")
    assert await refusal(timed, "noSuchMethod") == (404, "Not Found: method not found")
    timed.rotate("4242:another")
    assert await refusal(timed, "getMe", token=TOKEN) == (401, "Unauthorized")
    assert len(await updates(timed)) == 1
    timed.rotate("777:another-bot")
    assert await updates(timed) == []
    assert await refusal(timed, "sendMessage", chat_id=1, text="x") == (400, "Bad Request: chat not found")


async def test_a_query_is_too_old_after_a_while_and_a_link_after_an_hour(timed: BotApi, clock: ManualClock) -> None:
    anna = timed.person(1, "Anna")
    voice = anna.sends_voice(b"ogg")["voice"]
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y" * 64}]]}
    await ask(timed, "sendMessage", chat_id=1, text="<b>sure?</b>", parse_mode="HTML", reply_markup=keyboard)
    query = anna.presses("Yes")
    path = (await ask(timed, "getFile", file_id=voice["file_id"]))[1]["result"]["file_path"]
    assert await fetched(timed, path) == (200, b"ogg")
    assert (await ask(timed, "answerCallbackQuery", callback_query_id=query))[0] == 200
    clock.advance(3600)
    assert (await fetched(timed, path))[0] == 404
    late = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    assert await refusal(timed, "answerCallbackQuery", callback_query_id=query) == (400, late)


async def fetched(peer: BotApi, path: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as http, http.get(f"{peer.base}/file/bot{peer.token}/{path}") as answer:
        return answer.status, await answer.read()


async def test_marks_become_entities_counted_in_utf16(timed: BotApi) -> None:
    timed.person(1, "Anna").writes("/start")
    text = ' 💡<b>on &amp; <i>off</i></b> <a href="https://x.org/">x</a> '
    _, answer = await ask(timed, "sendMessage", chat_id=1, text=text, parse_mode="HTML")
    assert answer["result"]["text"] == "💡on & off x"
    assert [(one["type"], one["offset"], one["length"]) for one in answer["result"]["entities"]] == [
        ("bold", 2, 8), ("italic", 7, 3), ("text_link", 11, 1),
    ]  # fmt: skip
    assert (await refusal(timed, "sendMessage", chat_id=1, text="<b>x", parse_mode="HTML"))[0] == 400
    assert (await ask(timed, "sendMessage", chat_id=1, text=f"<b>{'x' * 4096}</b>", parse_mode="HTML"))[0] == 200
