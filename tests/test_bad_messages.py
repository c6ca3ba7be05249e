"""Messages that a person should not have written, or wrote at the wrong moment: each gets one short, true answer."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from whole_house import Home, whole_house

from claw.testing import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOT_UNDERSTOOD = "I did not understand that."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Home]:
    async with whole_house(tmp_path_factory.mktemp("messages") / "data") as home:
        yield home


@pytest.fixture(autouse=True)
def nothing_open(home: Home) -> None:
    """Each test begins with no question open."""
    for one in home.daemon.agent.questions.open():
        home.daemon.agent.questions.close(one.id, "dropped", "")


def deeds(home: Home) -> int:
    return len(home.daemon.agent.ledger.recent(100_000))


# -- what is no sentence


@pytest.mark.parametrize(
    "text", ["", "   ", "\n\t \r\n", "\x00\x01\x02\x1b", "\u202e\u2066\u200b", "\ufeff"],
    ids=["empty", "spaces", "white", "control", "bidi", "bom"],
)  # fmt: skip
async def test_a_message_without_a_word_is_called_empty(home: Home, text: str) -> None:
    before = deeds(home)
    assert await home.reply(text) == "I got an empty message."
    assert deeds(home) == before


@pytest.mark.parametrize(
    "text", ["x" * 1_000_000, "turn on the kitchen lights " * 40_000, "🎉" * 5000], ids=["1 MB", "words", "emojis"]
)
async def test_a_very_long_message_is_answered_at_once_and_does_nothing(home: Home, text: str) -> None:
    before = deeds(home)
    async with asyncio.timeout(2):
        reply = await home.reply(text)
    assert reply == "That is too long for me: at most 4000 characters, please."
    assert deeds(home) == before


@pytest.mark.parametrize(
    "text", ["🎉" * 50, "?!?!", "asdf qwer", "\U0001f4a9" * 3999, "'; DROP TABLE inbox; --", "{0.__class__}", "%s%n"]
)
async def test_nonsense_is_not_understood(home: Home, text: str) -> None:
    before = deeds(home)
    async with asyncio.timeout(3):
        reply = await home.reply(text)
    assert reply.startswith(NOT_UNDERSTOOD)
    assert len(reply) < 200
    assert deeds(home) == before


async def test_bidi_and_control_characters_inside_a_sentence_do_not_matter(home: Home) -> None:
    assert await home.reply("turn on\x00 the \u202ekitchen\u202c\nlights") == "The kitchen lights are on."


# -- what is not there, or not possible


async def test_a_typing_slip_is_understood(home: Home) -> None:
    assert await home.reply("turn on the kichen lights") == "The kitchen lights are on."


async def test_an_unknown_place_is_named(home: Home) -> None:
    assert "attic" in await home.reply("turn on the attic lights")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("set the floor lamp to 150 percent", "between 0 and 100"),
        ("set the bedroom thermostat to 45 degrees celsius", "between 5 and 35 °C"),
        ("set the volume of the kitchen to 400 percent", "100"),
    ],
)
async def test_a_value_out_of_range_is_refused_with_the_range(home: Home, text: str, words: str) -> None:
    before = home.daemon.house.snapshot()
    assert words in await home.reply(text)
    assert not home.daemon.house.changed(before)


async def test_two_opposite_commands_in_one_message_do_nothing(home: Home) -> None:
    before = home.daemon.house.snapshot()
    reply = await home.reply("turn on the floor lamp and turn off the floor lamp")
    assert reply == "You asked two opposite things of the floor lamp, so I did nothing. Which one?"
    assert not home.daemon.house.changed(before)


async def test_two_opposite_commands_in_two_chats_are_both_answered_truly(home: Home) -> None:
    """The later one wins; no reply claims what the device did not report at that moment."""
    await home.say("turn off the bedroom lights")
    on, off = await asyncio.gather(home.say("turn on the bedroom lights", "one"), home.say("turn off the bedroom lights", "two"))
    assert (on["reply"], off["reply"]) == ("The bedroom lights are on.", "The bedroom lights are off.")
    assert not home.house.hue.lamps["Bedroom Ceiling"].on


async def test_a_device_that_is_offline_is_said_to_be(home: Home) -> None:
    home.house.hue.unplug("Floor Lamp")
    await eventually(lambda: not home.device("Floor Lamp").online)
    try:
        reply = await home.reply("turn on the floor lamp")
        assert reply == "I could not turn on the floor lamp: its hub does not reach it; it may have no power."
        reply = await home.reply("turn on the living room lights")
        assert reply.startswith("The living room ceiling is on. I could not turn on the floor lamp: ")
    finally:
        home.house.hue.plug_in("Floor Lamp")
    await eventually(lambda: home.device("Floor Lamp").online)
    assert await home.reply("turn on the floor lamp") == "The floor lamp is on."


# -- yes and no


@pytest.mark.parametrize("text", ["yes", "Yes!", "sure", "yes please", "do it"])
async def test_a_yes_with_nothing_open_says_so(home: Home, text: str) -> None:
    home.clock.advance(4000)
    assert await home.reply(text) == "Nothing is waiting for a yes."


async def test_a_number_with_nothing_open_is_not_understood(home: Home) -> None:
    assert (await home.reply("2")).startswith(NOT_UNDERSTOOD)


async def test_a_yes_with_two_questions_open_acts_on_neither_and_a_number_picks(home: Home) -> None:
    lock, door = home.house.homekit.part["Front Door Lock"], home.house.homekit.part["Garage Door"]
    await home.say("open the garage")
    await home.say("unlock the front door")
    listing = await home.say("yes")
    assert listing["reply"] == "Several things wait: 1 open the garage door, 2 unlock the front door. Which number?"
    assert (lock.locked, door.open) == (True, False)
    assert (await home.reply("2")).startswith("The front door is unlock")
    await eventually(lambda: not lock.locked)
    assert not door.open
    assert await home.reply("no") == "All right, I did nothing."
    assert await home.reply("yes") == "Nothing is waiting for a yes."
    assert not door.open
    lock.by_hand(locked=True)


async def test_a_number_that_is_no_choice_picks_nothing(home: Home) -> None:
    await home.say("open the garage")
    await home.say("unlock the front door")
    assert (await home.reply("7")).startswith(NOT_UNDERSTOOD)
    assert not home.house.homekit.part["Garage Door"].open


async def test_a_bare_number_is_no_yes_to_the_only_question(home: Home) -> None:
    await home.say("open the garage")
    assert (await home.reply("1")).startswith(NOT_UNDERSTOOD)
    assert not home.house.homekit.part["Garage Door"].open


async def test_asking_for_the_same_twice_asks_one_question(home: Home) -> None:
    await home.say("open the garage")
    await home.say("open the garage")
    assert await home.reply("no") == "All right, I did nothing."
    assert not home.daemon.agent.questions.open("terminal")


async def test_the_yes_of_another_chat_approves_nothing(home: Home) -> None:
    await home.say("open the garage", "one")
    assert await home.reply("yes", "two") == "Nothing is waiting for a yes."
    assert not home.house.homekit.part["Garage Door"].open


async def test_an_approval_for_a_device_that_is_gone_does_nothing(home: Home) -> None:
    """The hub removes the accessory between question and answer."""
    await home.say("unlock the front door")
    lock = home.device("Front Door Lock")
    del home.daemon.house.devices[lock.id]
    try:
        reply = await home.reply("yes")
    finally:
        home.daemon.house.devices[lock.id] = lock
    assert reply == "The devices have changed since I asked, so I did nothing. Please say it again."
    assert home.house.homekit.part["Front Door Lock"].locked


async def test_stop_is_never_taken_for_a_code(home: Home) -> None:
    """A skill waits for words; the garage question and a stop go past it."""
    asks = home.daemon.agent.asks
    waiting = asyncio.create_task(asks.ask("What is the code of the Old Bridge?", about="Old Bridge"))
    await eventually(lambda: asks.open())
    assert await home.reply("stop") == "Stopped. Nothing is under way."
    assert await home.reply("turn off the floor lamp") == "The floor lamp is off."
    await home.say("open the garage")
    assert (await home.reply("yes")).startswith("Several things wait: 1 open the garage door, 2 ")
    assert not home.house.homekit.part["Garage Door"].open
    assert not waiting.done()
    await home.say("no")
    assert await home.reply("031-45-154") == "Thank you."
    assert await waiting == "031-45-154"


# -- time and order


async def test_a_stale_message_that_would_act_is_asked_about(home: Home) -> None:
    """It lay in the inbox while the claw was down: 20 minutes later nobody may want it any more."""
    await home.say("turn off the floor lamp")
    agent = home.daemon.agent
    message = agent.inbox.put("turn on the floor lamp", key="stale", bridge="terminal", chat="late")
    assert message is not None
    agent.store.write("UPDATE inbox SET at = at - 1200 WHERE id = ?", message.id)
    await eventually(lambda: agent.inbox.get(message.id).status == "done")
    record = agent.inbox.get(message.id).record or {}
    assert record["reply"] == "You wrote this 20 minutes ago: shall I still turn on the floor lamp?"
    assert not home.house.hue.lamps["Floor Lamp"].on
    assert await home.reply("yes", "late") == "The floor lamp is on."


async def test_a_stale_question_is_simply_answered(home: Home) -> None:
    agent = home.daemon.agent
    message = agent.inbox.put("is the front door locked?", key="stale question", bridge="terminal", chat="late")
    assert message is not None
    agent.store.write("UPDATE inbox SET at = at - 1200 WHERE id = ?", message.id)
    await eventually(lambda: agent.inbox.get(message.id).status == "done")
    assert (agent.inbox.get(message.id).record or {})["reply"] == "Yes, the front door is locked."


async def test_a_repeated_key_is_answered_once(home: Home) -> None:
    first = home.daemon.terminal.receive("turn on the floor lamp", "twice")
    assert first is not None
    assert home.daemon.terminal.receive("turn on the floor lamp", "twice") is None
    await eventually(lambda: home.daemon.agent.inbox.get(first.id).status == "done")
    assert home.daemon.terminal.receive("turn on the floor lamp", "twice") is None


async def test_another_chat_is_answered_while_one_waits_for_a_slow_device(home: Home) -> None:
    home.house.hue.faults.slow = 0.6
    try:
        slow = asyncio.create_task(home.say("turn off all the lights", "slow"))
        await eventually(lambda: any(turn.message.chat == "slow" for turn in home.daemon.agent._turns.values()))
        assert await home.reply("is the front door locked?", "quick") == "Yes, the front door is locked."
        assert not slow.done()
        assert (await slow)["reply"] == "All 6 lights are off."
    finally:
        home.house.hue.faults.slow = 0.0


async def test_the_order_within_a_chat_is_kept(home: Home) -> None:
    texts = [f"set the floor lamp to {percent} percent" for percent in (10, 60, 30, 90, 20)]
    ids = [message.id for text in texts if (message := home.daemon.terminal.receive(text, f"order {text}", "order"))]
    await eventually(lambda: home.daemon.agent.inbox.get(ids[-1]).status == "done")
    replies = [(home.daemon.agent.inbox.get(id).record or {})["reply"] for id in ids]
    assert replies == [f"The floor lamp is at {percent} %." for percent in (10, 60, 30, 90, 20)]
    assert round(home.house.hue.lamps["Floor Lamp"].brightness) == 20


async def test_stop_also_skips_the_messages_that_wait_before_it(home: Home) -> None:
    home.house.hue.faults.slow = 0.5
    shade = home.house.homekit.part["Bedroom Shade"]
    try:
        texts = ("turn on the floor lamp", "close the bedroom shade", "stop")
        ids = [message.id for text in texts if (message := home.daemon.terminal.receive(text, f"skip {text}", "skip"))]
        await eventually(lambda: home.daemon.agent.inbox.get(ids[-1]).status == "done")
    finally:
        home.house.hue.faults.slow = 0.0
    assert (home.daemon.agent.inbox.get(ids[1]).record or {})["reply"] == "I did not close the bedroom shade: you said stop."
    assert shade.position == 100
