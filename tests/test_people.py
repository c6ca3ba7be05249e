"""People: how a stranger comes in, how long a guest stays, who may change that, and what a removed one may still do: nothing."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import process
import pytest
from simulated_house import SmallHouse

from claw.api import Api
from claw.bridges.terminal import Terminal
from claw.clock import ManualClock
from claw.messages.outbox import Outbox
from claw.people.codes import ALPHABET, PENDING, WRONG, WRONG_SECONDS
from claw.people.people import INVITE_SECONDS, NOBODY, People, PeopleError
from claw.reflex import people as sentences
from claw.store import Store
from claw.supervise import cancel
from claw.testing import eventually

NO_LONGER = "You may not use this house any more."
MINUTE, DAY = 60.0, 86400.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "house.db")


@pytest.fixture
def people(store: Store, clock: ManualClock) -> People:
    """With an owner, so that strangers are shown codes."""
    one = People(store, clock)
    assert one.redeem("tg", "1", "1", one.first_code())
    return one


def shown(people: People, address: str = "9", name: str = "Bob") -> str:
    code = people.stranger("tg", address, address, name)
    assert code is not None
    return code


# -- codes


def test_a_code_that_is_over_before_it_went_out_goes_out_no_more(people: People, store: Store, clock: ManualClock) -> None:
    """Found by seed 101 of tests/days.py: the stranger was sent dots."""
    outbox = Outbox(store, clock)
    code = people.codes.keep("ABCD2345", "stranger", data={})
    for key in ("said:waits", "said:went", "reply:1"):
        outbox.put(f"Show this code: {code}", key=key, bridge="tg", chat="tg:9")
    store.write("UPDATE outbox SET status = 'sent' WHERE key = 'said:went'")
    clock.advance(601)
    people.codes.expire()
    left = {row["key"]: row["text"] for row in store.all("SELECT key, text FROM outbox")}
    assert left == dict.fromkeys(("said:went", "reply:1"), "Show this code: ••••••••")


def test_a_stranger_is_shown_one_code_of_eight_plain_characters(people: People) -> None:
    code = shown(people)
    assert len(code) == 8
    assert set(code) <= set(ALPHABET)
    assert not set("0O1I") & set(ALPHABET)
    assert people.stranger("tg", "9", "9", "Bob") is None
    assert people.who("tg", "9") is None


def test_a_code_counts_once_and_for_ten_minutes(people: People, clock: ManualClock) -> None:
    first, late = shown(people), shown(people, "10")
    assert people.claim(first, "Mia", "adult") == people.who("tg", "9")
    assert people.claim(first, "Mia", "adult") is None
    clock.advance(10 * MINUTE)
    assert people.claim(late, "Tom", "adult") is None
    assert people.named("Tom") is None
    assert shown(people, "10") != late


def test_three_strangers_at_most_wait_in_all(people: People, clock: ManualClock) -> None:
    codes = [shown(people, str(number)) for number in range(10, 10 + PENDING)]
    assert people.stranger("wa", "99", "99", "one more") is None
    assert people.claim(codes[0], "Mia", "adult")
    assert people.stranger("wa", "99", "99", "one more")


def test_no_code_is_kept_in_clear(people: People, store: Store) -> None:
    codes = [shown(people), people.invite("Ann", "guest")]
    kept = "\n".join(store.conn.iterdump())
    assert not any(code in kept for code in codes)


def test_codes_go_on_counting_after_a_restart(people: People, store: Store, clock: ManualClock) -> None:
    code = shown(people)
    assert People(store, clock).claim(code, "Mia", "child")


def test_a_clock_set_back_keeps_no_code_alive(people: People, clock: ManualClock) -> None:
    code = shown(people)
    clock.at -= DAY
    assert people.claim(code, "Mia", "adult") is None


def test_whoever_guesses_five_times_is_heard_no_more_even_with_the_right_code(people: People, clock: ManualClock) -> None:
    code = people.invite("Ann", "guest")
    for _ in range(WRONG):
        assert people.redeem("tg", "9", "9", "AAAA2222") is None
    assert people.redeem("tg", "9", "9", code) is None
    assert people.who("tg", "9") is None
    clock.advance(WRONG_SECONDS)
    assert people.redeem("tg", "9", "9", code)


def test_what_is_no_code_is_no_guess(people: People) -> None:
    code = people.invite("Ann", "guest")
    for _ in range(2 * WRONG):
        assert people.redeem("tg", "9", "9", "hello, who is there?") is None
    assert people.redeem("tg", "9", "9", f" {code[:4].lower()}-{code[4:]} ")


def test_the_code_of_another_stranger_lets_nobody_in(people: People) -> None:
    """It is for the owner to approve; whoever sees it on a screen cannot use it."""
    assert people.redeem("tg", "10", "10", shown(people)) is None


# -- the first owner


def test_before_the_first_owner_only_the_code_of_the_console_counts(store: Store, clock: ManualClock) -> None:
    people = People(store, clock)
    assert people.first()
    assert people.stranger("tg", "9", "9", "Bob") is None
    old, code = people.first_code(), people.first_code()
    assert people.redeem("tg", "1", "1", old) is None
    owner = people.redeem("tg", "1", "1", code, "Jo")
    assert owner
    assert (owner.id, owner.name, owner.role) == ("owner", "Jo", "owner")
    assert not people.first()
    assert people.redeem("tg", "2", "2", code) is None
    with pytest.raises(PeopleError, match="has an owner already"):
        people.first_code()


def test_two_first_codes_make_no_second_owner(store: Store, clock: ManualClock) -> None:
    people = People(store, clock)
    assert people.redeem("tg", "1", "1", people.first_code())
    store.insert("codes", hash="x", kind="first", bridge="", address="", data={}, made=clock.time(), expires=clock.time() + 9)
    assert people.codes.open("first")
    people.codes.keep("ABCD2345", "first", data={})
    assert people.redeem("tg", "2", "2", "ABCD2345") is None


# -- people


def test_a_guest_ends_on_time_and_never_while_the_date_is_unknown(people: People, clock: ManualClock) -> None:
    code = people.invite("Ann", "guest", clock.time() + DAY, ("Kitchen",))
    assert people.redeem("tg", "7", "7", code)
    ann = people.who("tg", "7")
    assert ann
    assert (ann.role, ann.areas, people.addresses("ann")) == ("guest", ("Kitchen",), [("tg", "7")])
    now, clock.at = clock.at, 0.0
    assert people.who("tg", "7") is None
    clock.at = now + DAY
    assert people.who("tg", "7") is None
    assert (people.role("ann"), people.addresses("ann")) == (NOBODY, [])


def test_an_invitation_is_no_longer_good_than_the_guest_or_a_week(people: People, clock: ManualClock) -> None:
    short, long = people.invite("Ann", "guest", clock.time() + 60), people.invite("Tom", "child")
    clock.advance(60)
    assert people.redeem("tg", "7", "7", short) is None
    clock.advance(INVITE_SECONDS)
    assert people.redeem("tg", "7", "7", long) is None


def test_an_invitation_for_a_name_that_was_taken_meanwhile_still_lets_in(people: People) -> None:
    code = people.invite("Ann", "guest")
    people.add("Ann", "adult")
    guest = people.redeem("tg", "7", "7", code)
    assert guest
    assert (guest.name, guest.role) == ("Ann 2", "guest")


def test_an_id_never_comes_back(people: People) -> None:
    """What a removed person left open must not be another's of the same name."""
    assert people.add("Mia", "adult").id == "mia"
    people.remove("mia")
    assert people.add("Mia", "guest").id == "mia-2"
    assert (people.role("mia"), people.role("mia-2")) == (NOBODY, "guest")


def test_somebody_known_gets_one_more_address(people: People) -> None:
    mia = people.add("Mia", "adult")
    assert people.claim(shown(people), "mia") == mia
    assert people.claim(people.stranger("wa", "4", "4", "") or "", "Mia") == mia
    assert people.addresses("mia") == [("tg", "9"), ("wa", "4")]


def test_who_is_unknown_may_nothing(people: People) -> None:
    assert (people.role("somebody"), people.get("somebody"), people.addresses("somebody")) == (NOBODY, None, [])


@pytest.mark.parametrize(
    ("name", "role"), [("", "guest"), ("42", "guest"), ("Guest", "guest"), ("nobody", "adult"), ("Ann", "king")]
)
def test_names_and_roles_that_cannot_be(people: People, name: str, role: str) -> None:
    with pytest.raises(PeopleError):
        people.add(name, role)


def test_the_last_owner_stays(people: People) -> None:
    for act in (lambda: people.remove("owner"), lambda: people.change("owner", role="adult")):
        with pytest.raises(PeopleError):
            act()
    people.add("Mia", "owner")
    people.remove("owner")
    assert people.role("owner") == "owner"  # at the console
    assert people.who("tg", "1") is None
    with pytest.raises(PeopleError, match="needs an owner"):
        people.remove("mia")


def test_what_is_not_committed_is_not_so(people: People, store: Store) -> None:
    def both() -> None:
        with store.transaction():
            people.add("Mia", "adult")
            raise KeyError

    with pytest.raises(KeyError):
        both()
    assert people.role("mia") == NOBODY


@pytest.mark.parametrize(
    ("hour", "quiet", "left"),
    [(23, "22:00-07:00", 8), (6, "22:00-07:00", 1), (7, "22:00-07:00", 0), (12, "22:00-07:00", 0), (13, "13:00-15:00", 2)],
)
def test_quiet_hours(people: People, clock: ManualClock, hour: int, quiet: str, left: int) -> None:
    clock.at = datetime(2026, 9, 21, hour, tzinfo=clock.now().tzinfo).timestamp()
    people.change("owner", quiet=quiet)
    assert people.quiet("owner") == left * 3600


# -- by chat


class House:
    """A small house with Mia (adult), Tom (child) and Ann (guest), each in a chat of their own."""

    def __init__(self, folder: Path) -> None:
        self.house = SmallHouse(folder)
        self.people, self.agent, self.clock = self.house.agent.people, self.house.agent, self.house.clock
        self.people.redeem("tg", "1", "tg:1", self.people.first_code())
        for number, (name, role) in enumerate([("Mia", "adult"), ("Tom", "child"), ("Ann", "guest")], 2):
            self.people.claim(self.people.stranger("tg", str(number), f"tg:{number}", name) or "", name, role)

    async def say(self, text: str, person: str = "owner", bridge: str = "tg") -> str:
        self.clock.advance(1)
        (_, chat), *_ = self.people.addresses(person) or [("", f"was {person}")]
        message = self.agent.inbox.put(text, key=f"k{self.clock.at}", bridge=bridge, chat=chat, person=person)
        assert message
        return str((await self.agent.handle(message))["reply"])

    def heard(self, chat: str) -> list[str]:
        return [row["text"] for row in self.house.store.all("SELECT text FROM outbox WHERE chat = ? ORDER BY id", chat)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    one = House(tmp_path)
    yield one
    one.house.close()


async def test_the_owner_lets_a_stranger_in_by_chat_with_a_yes(home: House) -> None:
    code = home.people.stranger("tg", "9", "tg:9", "Bobby Tables")
    asked = await home.say(f"approve {code} as adult Bob")
    assert asked == "Let in “Bobby Tables” on tg as an adult, Bob? Yes or no?"
    assert home.people.who("tg", "9") is None
    assert await home.say("yes") == "Bob may use this house from tg now, as an adult."
    assert (one := home.people.who("tg", "9"))
    assert (one.name, one.role) == ("Bob", "adult")
    assert not home.house.store.one("SELECT 1 FROM inbox WHERE instr(text, ?)", code)


async def test_what_a_stranger_is_called_makes_nobody_known_of_them(home: House) -> None:
    for address, name in (("8", "Mia"), ("9", "owner")):
        code = home.people.stranger("tg", address, f"tg:{address}", name)
        assert await home.say(f"approve {code}") == f"Let in “{name}” on tg as a guest, {name} 2? Yes or no?"
        await home.say("yes")
        assert (one := home.people.who("tg", address))
        assert (one.name, one.role) == (f"{name} 2", "guest")
    one = home.people.claim(home.people.stranger("tg", "10", "tg:10", "Mia") or "")
    assert one is not None
    assert (one.name, one.role) == ("Mia 3", "guest")


async def test_a_yes_lets_in_the_stranger_that_was_asked_about_and_no_later_one(home: House) -> None:
    code = home.people.stranger("tg", "8", "tg:8", "Bob")
    home.clock.advance(9.5 * MINUTE)
    await home.say(f"approve {code}")
    home.clock.advance(40)
    assert home.people.stranger("tg", "9", "tg:9", "Eve")
    assert (await home.say("yes")).startswith("No stranger was shown this code")
    assert home.people.who("tg", "9") is None


async def test_a_code_that_ran_out_before_the_yes_lets_nobody_in(home: House) -> None:
    code = home.people.stranger("tg", "9", "tg:9", "Bob")
    home.clock.advance(9.5 * MINUTE)
    await home.say(f"pair {code} as Bob")
    home.clock.advance(40)
    assert (await home.say("yes")).startswith("No stranger was shown this code")
    assert home.people.named("Bob") is None


async def test_the_owner_approves_an_address_of_their_own(home: House) -> None:
    for words in ("me", "owner"):
        code = home.people.stranger("wa", words, f"wa:{words}", "Jo")
        await home.say(f"approve {code} as {words}")
        await home.say("yes")
        assert (one := home.people.who("wa", words))
        assert one.id == "owner"


async def test_somebody_else_made_an_owner_is_another_person(home: House) -> None:
    code = home.people.stranger("wa", "5", "wa:5", "Kim")
    await home.say(f"approve {code} as owner Kim")
    await home.say("yes")
    assert (one := home.people.who("wa", "5"))
    assert (one.id, one.role) == ("kim", "owner")


async def test_an_invitation_by_chat_has_an_end_and_limits(home: House) -> None:
    assert (await home.say("let my sister control the lights this weekend")).startswith("What is your sister called?")
    asked = await home.say("let my sister Eva control the lights this weekend")
    assert asked == "Invite Eva as a guest, to use the lights from Saturday at 00:00 until Sunday at 23:59? Yes or no?"
    code = re.findall(r"\b[A-Z2-9]{8}\b", await home.say("yes"))[0]
    eva = home.people.redeem("tg", "9", "tg:9", code)
    assert eva
    assert (eva.kinds, eva.role, datetime.fromtimestamp(eva.until or 0, home.clock.now().tzinfo).weekday()) == (
        ("light",),
        "guest",
        6,
    )
    assert "Eva: guest from Saturday at 00:00 until Sunday at 23:59, may use the lights only, on tg." in await home.say(
        "who may use this house?"
    )
    await home.say("turn on the kitchen lamp", "eva")
    assert (home.people.role("eva"), home.house["lamp"].state["on"]) == (NOBODY, False)
    home.clock.at = datetime(2026, 9, 26, tzinfo=home.clock.now().tzinfo).timestamp()
    assert await home.say("turn on the kitchen lamp", "eva") == "The kitchen lamp is on."
    assert home.house["fan"].state["on"] is False
    await home.say("turn on the bedroom fan", "eva")
    assert home.house["fan"].state["on"] is False
    home.clock.advance(8 * DAY)
    assert await home.say("turn off the kitchen lamp", "eva") == NO_LONGER
    assert home.house["lamp"].state["on"] is True


async def invited(home: House) -> str:
    """The code that an invitation of Eva is answered with."""
    await home.say("let Eva use the lights")
    return str(re.findall(r"\b[A-Z2-9]{8}\b", await home.say("yes"))[0])


def places(folder: Path, word: str) -> list[str]:
    """The files in which a word stands."""
    return [path.name for path in folder.iterdir() if path.is_file() and word.encode() in path.read_bytes()]


async def test_an_invitation_that_was_used_stands_nowhere_in_clear(home: House, tmp_path: Path) -> None:
    code, other = await invited(home), home.people.invite("Zoe", "guest")
    home.agent.outbox.put(f"{other} of Zoe", key="other", bridge="tg", chat="tg:1")
    await home.say(f"is it {code[:4].lower()}-{code[4:].lower()} or {code}?")
    assert places(tmp_path, code)
    assert home.people.redeem("tg", "9", "tg:9", code)
    assert places(tmp_path, code) == places(tmp_path, f"{code[:4]}-{code[4:]}".lower()) == []
    assert any(text.startswith("Hand on this code: ••••••••. Whoever") for text in home.heard("tg:1"))
    assert f"{other} of Zoe" in home.heard("tg:1")


async def test_a_code_that_ran_out_stands_nowhere_in_clear(home: House, tmp_path: Path) -> None:
    code, sending = await invited(home), asyncio.create_task(home.agent.outbox.run())
    await eventually(lambda: home.clock._sleepers)
    home.clock.advance(INVITE_SECONDS - 1)
    await eventually(lambda: home.clock._sleepers)
    assert places(tmp_path, code)
    home.clock.advance(1)
    await eventually(lambda: not places(tmp_path, code))
    await cancel(sending)


CHANGES = ["remove Tom", "make Tom an adult", "Ann may use the kitchen only", "let Eva use the lights", "approve {code} as adult Eva",
           "quiet hours for Mia from 22 to 7"]  # fmt: skip


@pytest.mark.parametrize("text", CHANGES)
@pytest.mark.parametrize("person", ["mia", "tom", "ann"])
async def test_nobody_but_the_owner_changes_people(home: House, person: str, text: str) -> None:
    code, before = home.people.stranger("tg", "9", "tg:9", "Eva"), home.people.all()
    assert await home.say(text.format(code=code), person) == "Only the owner of this house can change who may use it."
    await home.say("yes", person)
    assert home.people.all() == before
    assert home.people.who("tg", "9") is None


@pytest.mark.parametrize("text", CHANGES)
async def test_the_owner_changes_people_only_with_a_yes(home: House, text: str) -> None:
    code, before = home.people.stranger("tg", "9", "tg:9", "Eva"), home.people.all()
    assert (await home.say(text.format(code=code))).endswith("? Yes or no?")
    assert (home.people.all(), home.people.who("tg", "9")) == (before, None)
    await home.say("yes")
    assert home.people.all() != before or home.people.codes.open("invite")


async def test_a_change_asked_by_an_owner_who_is_none_any_more_is_not_made(home: House) -> None:
    home.people.change("mia", role="owner")
    await home.say("make Tom an adult", "mia")
    home.people.change("mia", role="adult")
    assert await home.say("yes", "mia") == "Only the owner of this house can change who may use it."
    assert home.people.role("tom") == "child"


async def test_a_person_removed_meanwhile_approves_nothing(home: House) -> None:
    assert (await home.say("unlock the front door", "mia")).endswith("Yes or no?")
    home.house["bolt"].update(locked=True)
    question = home.agent.questions.open()[-1]
    home.people.remove("mia")
    assert await home.say("yes", "mia") == NO_LONGER
    press = json.dumps({"question": question.id, "text": "yes"})
    message = home.agent.inbox.put(press, key="press", bridge="tg", chat="tg:2", person="mia", kind="answer")
    assert message
    assert (await home.agent.handle(message))["reply"] == NO_LONGER
    assert home.house["bolt"].state["locked"] is True


async def test_what_a_removed_person_put_off_or_planned_is_not_done(home: House) -> None:
    await home.say("every day at 18:00 turn on the kitchen lamp", "mia")
    assert (await home.say("yes", "mia")).startswith("Done")
    (plan,) = home.agent.routines.all()
    await home.say("remove Mia")
    assert await home.say("yes") == "Mia may not use this house any more. I paused what Mia had planned (1)."
    assert home.agent.routines.get(plan.id).status == "paused"  # type: ignore[union-attr]
    call = json.dumps({"command": "turn_on", "targets": ["fan"], "args": {}, "approved": True})
    message = home.agent.inbox.put(call, key="later:fan", bridge="tg", chat="tg:2", person="mia", kind="call")
    assert message
    assert (await home.agent.handle(message))["reply"] == ""
    assert home.house["fan"].state["on"] is False


async def test_what_others_did_is_told_by_their_names(home: House) -> None:
    home.people.change("mia", name="Mia Wallace")
    await home.say("turn on the kitchen lamp", "mia")
    assert await home.say("who turned on the kitchen lamp?") == (
        "Mia Wallace did, at 14:13: Mia Wallace wrote “turn on the kitchen lamp”."
    )
    home.people.remove("mia")
    assert "Mia Wallace wrote" in await home.say("what did you do today?")


async def test_a_lease_ends_whoever_began_it_and_is_gone(home: House) -> None:
    home.house["fan"].update(on=True)
    home.people.remove("mia")
    call = json.dumps({"command": "turn_off", "targets": ["fan"], "args": {}})
    message = home.agent.inbox.put(call, key="lease:fan", bridge="tg", chat="tg:2", person="mia", kind="call")
    assert message
    await home.agent.handle(message)
    assert home.house["fan"].state["on"] is False


async def test_what_others_planned_is_neither_told_to_a_guest_or_child_nor_theirs_to_delete(home: House) -> None:
    await home.say("remind me to buy a ring at 9 pm")
    await home.say("turn on the kitchen lamp at 8 pm")
    for person in ("ann", "tom"):
        for text in ("what is planned", "what reminders are there", "cancel my reminder", "cancel all reminders", "cancel it",
                     "cancel reminder 1", "move reminder 1 to 10 pm", "undo that"):  # fmt: skip
            said = await home.say(text, person)
            assert "ring" not in said, (text, said)
            assert "lamp" not in said, (text, said)
        await home.say("remind me to feed the cat at 7 pm", person)
        assert "feed the cat" in await home.say("what reminders are there", person)
    assert len(home.agent.routines.all()) == 4


async def test_who_may_use_this_house_is_told_to_adults(home: House) -> None:
    home.people.change("ann", until=home.clock.time() + DAY)
    for person in ("owner", "mia"):
        lines = (await home.say("who may use this house?", person)).splitlines()
        assert lines == [
            "Owner, on tg.",
            "Ann: guest until tomorrow at 14:13, on tg.",
            "Mia: adult, on tg.",
            "Tom: child, on tg.",
        ]
    for person in ("tom", "ann"):
        assert await home.say("who may use this house?", person) == "That is for the people who live here."


async def test_what_is_unasked_waits_for_the_end_of_quiet_hours_but_an_alarm_does_not(home: House) -> None:
    home.clock.at = datetime(2026, 9, 21, 23, tzinfo=home.clock.now().tzinfo).timestamp()
    assert (await home.say("my quiet hours are 22:00 to 7:00")).startswith("Done.")
    home.agent.tell("A lamp was found.")
    home.agent.tell("Smoke!", urgent=True)
    assert home.heard("tg:1")[1:] == ["Smoke!"]
    assert home.agent.inbox.soonest() == home.clock.time() + 8 * 3600 - 1
    home.clock.advance(8 * 3600)
    for message in home.agent.inbox.open():
        await home.agent.handle(message)
    assert home.heard("tg:1")[2:] == ["A lamp was found."]
    home.agent.tell("Another one.")
    assert home.heard("tg:1")[3:] == ["Another one."]


async def test_what_waited_for_the_end_of_quiet_hours_is_not_told_to_one_who_was_removed(home: House) -> None:
    kim = home.people.add("Kim", "owner")
    home.people._reach(kim.id, "tg", "7", "tg:7")
    home.agent.owners.append(("tg", "tg:7"))
    now = home.clock.now()
    home.people.change(kim.id, quiet=f"{now.hour:02}:00-{(now.hour + 2) % 24:02}:00")
    home.agent.tell("The cellar is damp.")
    home.people.remove(kim.id)
    home.clock.advance(7201)
    (held,) = (one for one in home.agent.inbox.open() if one.kind == "tell" and one.place == "tg:7")
    await home.agent.handle(held)
    assert home.heard("tg:7") == []


async def test_anybody_sets_their_own_quiet_hours(home: House) -> None:
    await home.say("don't disturb me between 21:30 and 6", "mia")
    mia = home.people.get("mia")
    assert mia
    assert mia.quiet == "21:30-06:00"
    await home.say("no quiet hours for me", "mia")
    assert home.people.named("mia").quiet == ""  # type: ignore[union-attr]


async def test_what_a_child_asks_waits_with_every_adult_and_the_first_answer_wins(home: House) -> None:
    home.house["bolt"].update(locked=True)
    await home.say("unlock the front door", "tom")
    for chat in ("tg:1", "tg:2", "terminal"):
        assert home.heard(chat)[-1] == "Tom asks: Unlock the front door? Yes or no?"
    assert not [text for text in home.heard("tg:4") if "asks" in text]
    assert await home.say("yes", "mia") == "The front door is unlocked."
    home.house["bolt"].update(locked=True)
    assert await home.say("yes") == "Nothing is waiting for a yes."
    assert home.house["bolt"].state["locked"] is True


async def test_an_adult_may_not_approve_what_is_beyond_her_limits(home: House) -> None:
    home.house["bolt"].update(locked=True)
    await home.say("unlock the front door", "tom")
    home.people.change("mia", areas=("Kitchen",))
    await home.say("yes", "mia")
    assert home.house["bolt"].state["locked"] is True


# -- the console


class Hubs:
    def pair_again(self) -> int:
        return 2


async def test_the_console_shows_the_first_code_only_while_a_bridge_has_no_owner(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path)
    api = Api(house.agent, Terminal(house.agent.inbox), Hubs(), dict, dict, tmp_path / "sock")  # type: ignore[arg-type]
    assert [line async for line in api.pair({})] == [{"asked": 2}]  # nobody could send it
    house.agent.outbox.bridges["tg"] = house.agent.outbox.bridges["terminal"] = Terminal(house.agent.inbox)
    (line,) = [line async for line in api.pair({})]
    assert (line["asked"], line["bridges"]) == (2, ["tg"])
    assert house.agent.people.redeem("tg", "1", "tg:1", line["code"])
    assert [line async for line in api.pair({})] == [{"asked": 2}]
    house.agent.people.stranger("tg", "9", "tg:9", "Bob")
    names = [line["person"]["name"] async for line in api.people({})]
    assert names == ["owner", "Bob"]
    house.close()


# -- sentences


NOW = datetime(2026, 9, 23, 14, 0).astimezone()  # a Wednesday


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ("this weekend", "2026-09-27 23:59"), ("today", "2026-09-23 23:59"), ("tonight", "2026-09-24 06:00"),
        ("tomorrow", "2026-09-24 23:59"), ("for 3 days", "2026-09-26 14:00"), ("for half an hour", "2026-09-23 14:30"),
        ("until friday", "2026-09-25 23:59"), ("until friday at 6pm", "2026-09-25 18:00"), ("until 18:30", "2026-09-23 18:30"),
        ("until 9 am", "2026-09-24 09:00"), ("until 2026-10-01", "2026-10-01 23:59"), ("until noon tomorrow", "2026-09-24 12:00"),
    ],
)  # fmt: skip
def test_until_when(words: str, until: str) -> None:
    assert datetime.fromtimestamp(sentences.end(words, NOW), NOW.tzinfo).strftime("%Y-%m-%d %H:%M") == until


@pytest.mark.parametrize(
    ("words", "day", "begins"),
    [("this weekend", 23, "2026-09-26 00:00"), ("for the weekend", 25, "2026-09-26 00:00"), ("this weekend", 26, ""),
     ("the weekend", 27, ""), ("this week", 23, ""), ("tomorrow", 23, "2026-09-24 00:00"), ("until tomorrow", 23, ""),
     ("for 3 days", 23, "")],
)  # fmt: skip
def test_from_when(words: str, day: int, begins: str) -> None:
    now = NOW.replace(day=day)
    request = sentences.read(f"let Eva use the lights {words}", now, list)
    assert request is not None
    at = request.slots.get("begins")
    assert (datetime.fromtimestamp(float(str(at)), now.tzinfo).strftime("%Y-%m-%d %H:%M") if at else "") == begins
    assert float(str(request.slots["until"])) > now.timestamp()


@pytest.mark.parametrize(
    "text",
    ["remove milk", "remove the lamp", "make the lamp an adult", "let me use the lights", "let it use the lights", "approve it",
     "Bob is a guest", "Bob may use the kitchen only", "pair the speakers", "allow the cat to use the kitchen"],
)  # fmt: skip
def test_what_is_not_about_a_person_is_left_to_others(text: str) -> None:
    assert sentences.read(text, NOW, lambda: ["Mia"]) is None


# -- the command


def test_the_command_lists_adds_changes_and_removes(tmp_path: Path) -> None:
    def claw(*words: str) -> str:
        ended = process.claw(*words, "--data", running.data)
        assert ended.stderr == ""
        return ended.stdout.strip()

    with process.running(tmp_path, process.CONFIG) as running:
        assert claw("people").startswith("only you, at this console")
        assert claw("people", "add", "Mia", "adult") == "Mia is an adult of this house now."
        assert claw("people", "role", "Mia", "child") == "Done. Mia: child, no address yet."
        assert claw("people", "quiet", "Mia", "--hours", "21:00-07:00") == "Done. Mia: child, quiet 21:00-07:00, no address yet."
        told = claw("people", "invite", "Ann", "guest", "--until", "for 3 days")
        assert re.match(r"Hand on this code: [A-Z2-9]{8}\. Whoever sends it to me first is Ann", told)
        (row,) = map(json.loads, claw("people", "--json").splitlines())
        assert (row["id"], row["role"], row["addresses"]) == ("mia", "child", [])
        assert claw("people", "remove", "Mia") == "Mia may not use this house any more."
        assert claw("pair", "ABCD2345", "--name", "Bob").startswith("No stranger was shown this code")
        assert process.claw("people", "remove", "--data", running.data).returncode == 1
