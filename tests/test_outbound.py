"""What only notifies: ntfy, e-mail and Web Push against servers on loopback. Nobody can answer there, and nothing is read."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from phone import house, phone
from py_vapid import Vapid02
from simulated_house import SmallHouse

from claw.bridges.arriving import NOTICE, Arriving
from claw.bridges.email import MISSING, Email
from claw.bridges.ntfy import Ntfy
from claw.bridges.oneway import OneWay
from claw.bridges.push import LONGEST_ADDRESS, WRONG, Push
from claw.config import ConfigError, EmailConfig, PushConfig, parse
from claw.console import show
from claw.hosting.secrets import FileSecrets
from claw.messages.outbox import REPEAT_NOTE
from claw.people.people import ONE_WAY
from claw.reflex import people as sentences
from claw.supervise import cancel
from claw.testing import eventually, say
from tests.peers.notices import PASSWORD, USER, Mail, Phone, Web, certificate, mail, served

TOPIC = "our-house-7f3a9c"
HOUR = 3600.0


class Home:
    """A small house that notifies by all three, with the owner's terminal, and a stopped clock."""

    def __init__(self, folder: Path, web: Web, port: int) -> None:
        self.secrets = FileSecrets(folder, "secrets")
        self.secrets.set("ntfy", f"{TOPIC}\ntk_AgQdq7mVBoFD37zQVN29RhuMzNIz2\n")
        self.secrets.set("email", PASSWORD)
        self.house = SmallHouse(folder)
        self.agent, self.people, self.clock, file = (
            self.house.agent,
            self.house.agent.people,
            self.house.clock,
            folder / "secrets",
        )
        email, push = EmailConfig(True, "127.0.0.1", port, sender=USER), PushConfig(True, services=(web.base,))
        self.ntfy = Ntfy(self.read("ntfy"), file / "ntfy", self.clock, web.base)
        self.email = Email(self.read("email"), file / "email", self.clock, email)
        self.push = Push(self.people, self.secrets, self.clock, push)
        self.bridges: tuple[OneWay, ...] = self.ntfy, self.email, self.push
        self.agent.outbox.bridges.update({one.name: one for one in self.bridges})
        self.arriving = Arriving(self.agent, folder / "media")
        self.tasks = [asyncio.create_task(one.run(self.arriving)) for one in self.bridges]
        self.tasks += [asyncio.create_task(self.agent.outbox.run())]

    def read(self, name: str) -> Callable[[], str]:
        return lambda: (self.secrets.get(name) or "").strip()

    async def say(self, text: str, person: str = "owner") -> str:
        self.clock.advance(1)
        return str((await self.agent.say(text, chat=f"{person}'s", person=person))["reply"])

    def notify(self, bridge: str, address: str = "owner", chat: str = "owner", person: str = "owner") -> None:
        """As if it had been set up long ago."""
        self.clock.advance(1)
        self.people.notify(person, bridge, address, f"{bridge}:{chat}")
        self.arriving._chats = self.arriving._reached()

    def people_words(self) -> list[str]:
        return [self.agent.people_talk.words(one) for one in self.people.all()]

    def rows(self, bridge: str) -> list[tuple[str, str]]:
        """Text and status of all that was to go out by a bridge."""
        return [(row["text"], row["status"]) for row in self.house.store.all("SELECT * FROM outbox WHERE bridge = ?", bridge)]

    async def ended(self, bridge: str, status: str = "sent") -> None:
        """Wait until the last one has come to this."""
        try:
            await eventually(lambda: self.rows(bridge)[-1][1] == status)
        except AssertionError:
            assert self.rows(bridge)[-1][1] == status, (self.rows(bridge), [one.trouble for one in self.bridges])

    async def later(self, seconds: float) -> None:
        """Move the clock once something failed and waits for another try."""
        await eventually(lambda: not self.agent.outbox._chats and self.agent.outbox._timers and self.waiting())
        self.clock.advance(seconds)

    def waiting(self) -> bool:
        due = "SELECT 1 FROM outbox WHERE status = 'queued' AND due > ?"
        return self.house.store.one(due, self.clock.time()) is not None

    async def stop(self) -> None:
        await cancel(*self.tasks)
        await self.arriving.close()
        self.house.close()


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    async with served() as one:
        yield one


@pytest.fixture
async def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mail]:
    """A mail server whose authority this machine trusts."""
    pem = certificate()
    (tmp_path / "authority.pem").write_bytes(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    async with mail(pem) as one:
        yield one


@pytest.fixture
async def home(tmp_path: Path, web: Web, box: Mail) -> AsyncIterator[Home]:
    one = Home(tmp_path / "data", web, box.port)
    yield one
    await one.stop()


@pytest.fixture
def device(home: Home, web: Web) -> Phone:
    """The owner's phone, which is notified."""
    one = Phone(web)
    home.notify("push", home.push.address(one.subscription), "1")
    return one


# -- ntfy


async def test_who_asks_for_ntfy_is_greeted_there_and_told_what_is_urgent(home: Home, web: Web) -> None:
    said = await home.say("notify me by ntfy")
    assert said == "I notify you by ntfy now (topic: what is in secrets/ntfy)."
    home.agent.tell("Water! The sink sensor is wet.", urgent=True)
    await eventually(lambda: len(web.requests) == 2)
    assert web.published[1] == {"topic": TOPIC, "title": "claw", "message": "Water! The sink sensor is wet."}
    assert web.texts[0] == NOTICE
    assert web.requests[0][1]["Authorization"] == "Bearer tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"
    assert await home.say("who may use this house?") == "Owner, notified by ntfy."
    assert await home.say("stop notifying me by ntfy") == "I do not notify you by ntfy any more."
    home.agent.tell("Smoke!", urgent=True)
    assert home.people.addresses("owner") == []
    assert len(home.rows("ntfy")) == 2


async def test_another_person_has_a_topic_of_their_own(home: Home, web: Web) -> None:
    home.people.add("Jörg", "adult")
    assert "-jf6rg behind it" in await home.say("notify me by ntfy", "jörg")
    await eventually(lambda: web.published and web.published[0]["topic"] == f"{TOPIC}-jf6rg")


async def test_without_a_topic_it_waits_and_says_where_to_write_it(home: Home, web: Web) -> None:
    home.secrets.set("ntfy", "short")
    home.notify("ntfy")
    home.agent.tell("A lamp was found.")
    await eventually(home.waiting)
    assert "write a topic that nobody guesses" in home.ntfy.trouble
    assert str(home.ntfy.file) in home.ntfy.trouble
    home.secrets.set("ntfy", TOPIC)
    await home.later(30)
    await eventually(lambda: web.texts == ["A lamp was found."])
    assert home.ntfy.trouble == ""
    assert "Authorization" not in web.requests[0][1]


async def test_a_wrong_token_is_told_once_and_what_is_to_go_out_waits_for_another(home: Home, web: Web) -> None:
    home.notify("ntfy")
    web.answers = [401, 403]
    home.agent.tell("A lamp was found.")
    await home.later(30)
    await home.later(30)
    await eventually(lambda: "A lamp was found." in web.texts)
    told = [text for text, _ in home.rows("terminal") if "refuses" in text]
    assert len(told) == 2  # the second status is another reason
    assert "is the token in" in told[0]


# -- what may go wrong, by ntfy and by push alike


async def test_too_many_requests_wait_as_long_as_the_server_says_and_are_sent_once(home: Home, web: Web, device: Phone) -> None:
    web.answers = [(429, {"Retry-After": "90"})]
    home.agent.tell("A lamp was found.")
    await home.later(89)
    assert web.requests == []
    await home.later(1)
    await home.ended("push")
    assert device.texts == ["A lamp was found."]


@pytest.mark.parametrize("fault", [500, "cut"], ids=str)
async def test_what_may_have_gone_out_by_ntfy_goes_again_with_a_remark(home: Home, web: Web, fault: Any) -> None:
    home.notify("ntfy")
    web.answers = [fault]
    home.agent.tell("A lamp was found.")
    await home.later(60)
    await home.ended("ntfy")
    assert web.texts == ["A lamp was found.", f"{REPEAT_NOTE}A lamp was found."]
    assert home.ntfy.trouble == ""


@pytest.mark.parametrize("fault", [500, "cut"], ids=str)
async def test_what_may_have_gone_out_by_push_goes_again_under_the_same_tag(
    home: Home, web: Web, device: Phone, fault: Any
) -> None:
    web.answers = [fault]
    home.agent.tell("A lamp was found.")
    await home.later(60)
    await home.ended("push")
    first, again = device.notices
    assert first == again  # a browser shows one notice of a tag
    assert first["text"] == "A lamp was found."
    topics = [headers["Topic"] for _, headers, _ in web.requests]
    assert topics == [first["tag"]] * 2
    assert len(topics[0]) <= 32


async def test_what_was_surely_not_sent_goes_again_without_a_remark(home: Home, web: Web) -> None:
    home.notify("ntfy")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        home.ntfy.url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        home.agent.tell("A lamp was found.")
        await eventually(lambda: "cannot be reached" in home.ntfy.trouble)
    home.ntfy.url = web.base
    await home.later(30)
    await home.ended("ntfy")
    assert web.texts == ["A lamp was found."]


@pytest.mark.parametrize("status", [400, 413, 301, 308])
async def test_what_is_refused_is_told_once_and_not_sent_again(home: Home, web: Web, status: int) -> None:
    home.notify("ntfy")
    web.answers = [(status, {"Location": f"{web.base}/elsewhere"})] * 3
    home.agent.tell("A lamp was found.")
    home.agent.tell("Another one was found.")
    await eventually(lambda: [status for _, status in home.rows("ntfy")] == ["refused"] * 3)  # with what told it
    assert [text for text, _ in home.rows("terminal")] == [
        "A lamp was found.", "Another one was found.", f"{home.ntfy.trouble}."
    ]  # fmt: skip
    assert f"ntfy refuses to notify: status {status}" in home.ntfy.trouble
    assert web.requests == []
    home.agent.tell("It works again.")
    await home.ended("ntfy")
    assert home.ntfy.trouble == ""


# -- e-mail


async def test_an_e_mail_goes_out_over_tls_with_a_password(home: Home, box: Mail) -> None:
    assert await home.say("notify me by e-mail at anna@example.org") == "I notify you by email now at anna@example.org."
    home.agent.tell("Water!\nThe sink sensor in Jörg’s room is wet.", urgent=True)
    await eventually(lambda: len(box.letters) == 2)
    letter = box.letters[1]
    assert (letter["From"], letter["To"]) == (USER, "anna@example.org")
    assert letter["Subject"] == "Water! The sink sensor in Jörg’s room is wet."
    assert box.texts == [NOTICE, "Water!\nThe sink sensor in Jörg’s room is wet."]
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Message-ID"].endswith("@example.org>")
    assert letter["Message-ID"] != box.letters[0]["Message-ID"]
    assert box.logins == [PASSWORD.encode()] * 2


async def test_what_may_have_gone_out_by_e_mail_has_the_same_message_id_when_it_goes_again(home: Home, box: Mail) -> None:
    home.notify("email", "anna@example.org", "anna@example.org")
    box.data = ["cut"]
    home.agent.tell("A lamp was found.")
    await home.later(60)
    await home.ended("email")
    assert box.texts == ["A lamp was found.", f"{REPEAT_NOTE}A lamp was found."]  # for mailboxes that keep both
    assert len({letter["Message-ID"] for letter in box.letters}) == 1


@pytest.mark.parametrize("where", ["recipients", "data"])
async def test_of_a_mail_server_s_answers_4xx_means_later_and_5xx_never(home: Home, box: Mail, where: str) -> None:
    home.notify("email", "anna@example.org", "anna@example.org")
    setattr(box, where, ["451 4.3.0 greylisted", "550 5.1.1 no such mailbox", "550 5.1.1 no such mailbox"])
    home.agent.tell("A lamp was found.")
    await home.later(30)
    await eventually(lambda: [status for _, status in home.rows("email")] == ["refused"] * 2)
    assert box.letters == []
    (told,) = [text for text, _ in home.rows("terminal") if "refuses" in text]
    assert "email refuses to notify" in told
    assert "no such mailbox" in told


async def test_a_wrong_password_is_told_once_and_letters_wait_for_the_right_one(home: Home, box: Mail) -> None:
    home.secrets.set("email", "the wrong horse")
    home.notify("email", "anna@example.org", "anna@example.org")
    home.agent.tell("A lamp was found.")
    await home.later(30)
    await eventually(lambda: len(box.logins) >= 4)  # the client tries PLAIN and LOGIN
    await eventually(home.waiting)
    home.secrets.set("email", PASSWORD)
    await home.later(30)
    await eventually(lambda: box.texts[:1] == ["A lamp was found."])
    (told,) = [text for text, _ in home.rows("terminal") if "refuses" in text]
    assert "the wrong horse" not in told


async def test_neither_letter_nor_password_goes_to_a_server_without_the_right_certificate(
    home: Home, box: Mail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "other.pem").write_bytes(certificate())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    home.notify("email", "anna@example.org", "anna@example.org")
    home.agent.tell("A lamp was found.")
    await eventually(lambda: home.email.trouble)
    async with mail(None) as plain:
        home.email.config = replace(home.email.config, port=plain.port)
        await home.later(30)
        await eventually(lambda: "STARTTLS" in home.email.trouble)
        assert box.logins + plain.logins == []
        assert box.letters + plain.letters == []
    assert home.rows("email")[0] == ("A lamp was found.", "queued")


async def test_a_mail_server_on_this_machine_needs_no_password(home: Home) -> None:
    async with mail(None) as plain:
        home.email.config = replace(home.email.config, port=plain.port, tls="none")
        home.secrets.delete("email")
        home.notify("email", "anna@example.org", "anna@example.org")
        home.agent.tell("A lamp was found.")
        await eventually(lambda: plain.texts == ["A lamp was found."])
        assert plain.logins == []
    home.email.config = replace(home.email.config, tls="starttls")
    assert f"write the password of {USER} into {home.email.file}" in home.email.trouble


# -- push


async def test_a_phone_opens_what_is_pushed_and_the_service_knows_who_pushed(home: Home, web: Web, device: Phone) -> None:
    home.agent.tell("Water! Der Sensor in Jörgs Bad ist naß. " + "🚰" * 1500, urgent=True)
    await home.ended("push")
    assert device.texts[0].startswith("Water! Der Sensor in Jörgs Bad ist naß.")
    assert "".join(device.texts).count("🚰") == 1500
    _, headers, body = web.requests[0]
    assert all(len(one) <= 4096 for _, _, one in web.requests)  # RFC 8291, 4: no service need take more
    assert b"Water" not in body
    assert (headers["Content-Encoding"], headers["Urgency"]) == ("aes128gcm", "high")
    assert int(headers["TTL"]) > 0
    signed = headers["Authorization"].replace(", k=", ",k=")
    assert Vapid02.verify(signed)
    claims = json.loads(_bytes(signed.split("t=")[1].split(".")[1]))
    assert claims["aud"] == web.base
    assert 0 < claims["exp"] - home.clock.time() <= 24 * HOUR  # RFC 8292, 2
    assert claims["sub"].startswith("mailto:")
    assert signed.split("k=")[1] == home.push.key()


async def test_the_key_is_made_when_it_is_first_needed_and_kept_from_others(home: Home) -> None:
    file = home.push._secrets.folder / "push"
    assert not file.exists()
    key = home.push.key()
    assert file.stat().st_mode & 0o777 == 0o600
    assert Push(home.people, home.secrets, home.clock, PushConfig()).key() == key
    assert len(_bytes(key)) == 65


@pytest.mark.parametrize("status", [404, 410])
async def test_a_phone_that_is_gone_is_forgotten_and_nobody_is_bothered(home: Home, web: Web, device: Phone, status: int) -> None:
    web.answers = [status]
    home.agent.tell("A lamp was found.")
    await home.ended("push", "refused")
    assert home.people.addresses("owner") == []
    assert home.push.trouble == ""
    assert [text for text, _ in home.rows("terminal")] == ["A lamp was found."]


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.org/1", "https://127.0.0.1/1", "https://[::1]/1", "https://192.168.1.1/1", "https://10.0.0.1:8443/1",
        "https://169.254.169.254/latest", "https://[fd00::1]/1", "https://[::ffff:127.0.0.1]/1", "https://0.0.0.0/1", "https:///1",
        "https://push.example.org@127.0.0.1/1", "https://me:word@push.example.org/1", "file:///etc/passwd", "https://push.example.org/a b", "https://push.example.org/é",
        f"https://push.example.org/{'x' * LONGEST_ADDRESS}", "", 7, "http://127.0.0.1:1/1", "https://push.example.org/a\nb",
    ],
)  # fmt: skip
async def test_a_browser_cannot_name_an_address_within_the_house(home: Home, device: Phone, endpoint: Any) -> None:
    with pytest.raises(ValueError, match=WRONG):
        home.push.address({**device.subscription, "endpoint": endpoint})


@pytest.mark.parametrize("keys", [None, {}, {"p256dh": "AAAA", "auth": "AAAA"}, {"p256dh": 1, "auth": 2}, {"auth": ""}], ids=str)
async def test_a_browser_cannot_name_keys_that_are_none(home: Home, device: Phone, keys: Any) -> None:
    with pytest.raises(ValueError, match=WRONG):
        home.push.address({**device.subscription, "keys": keys})
    with pytest.raises(ValueError, match=WRONG):
        home.push.address([])
    short = {**device.subscription["keys"], "auth": "AAAA"}  # type: ignore[dict-item]
    with pytest.raises(ValueError, match=WRONG):
        home.push.address({**device.subscription, "keys": short})


@pytest.mark.parametrize("name", ["localhost", "2130706433", "127.1"])
async def test_a_name_that_leads_into_the_house_is_not_followed(home: Home, device: Phone, name: str) -> None:
    knocks: list[object] = []
    server = await asyncio.start_server(lambda *_: knocks.append(1), "127.0.0.1", 0)
    endpoint = f"https://{name}:{server.sockets[0].getsockname()[1]}/1"
    home.notify("push", home.push.address({**device.subscription, "endpoint": endpoint}), "1")
    home.agent.tell("A lamp was found.")
    await eventually(lambda: "cannot be reached" in home.push.trouble)
    server.close()
    assert knocks == []


# -- where whom is reached


async def test_what_is_urgent_goes_everywhere_and_all_else_to_the_first_place(home: Home, web: Web, box: Mail) -> None:
    await home.say("notify me by email at anna@example.org")
    assert await home.say("notify me by ntfy") == (
        "I notify you by ntfy now (topic: what is in secrets/ntfy). What is urgent comes there; the rest, as before, by email."
    )
    kim = home.people.add("Kim", "owner")
    home.notify("ntfy", kim.id, kim.id, kim.id)
    await home.say("hello")
    home.agent.tell("A lamp was found.")
    home.agent.tell("Smoke!", urgent=True)
    await eventually(lambda: len(web.requests) == 4 and len(box.letters) == 3)
    assert box.texts == [NOTICE, "A lamp was found.", "Smoke!"]
    mine = [one["message"] for one in web.published if one["topic"] == TOPIC]
    kims = [one["message"] for one in web.published if one["topic"] == f"{TOPIC}-kim"]
    assert (mine, kims) == ([NOTICE, "Smoke!"], ["A lamp was found.", "Smoke!"])
    assert [text for text, _ in home.rows("terminal")][-2:] == ["A lamp was found.", "Smoke!"]


async def test_a_first_place_that_is_switched_off_is_passed_over_and_nothing_heaps_up_for_it(home: Home, web: Web) -> None:
    home.notify("email", "anna@example.org", "anna@example.org")
    home.notify("telegram", "7", "7")  # of which nothing is switched on
    home.notify("ntfy")
    del home.agent.outbox.bridges["email"]
    home.agent.tell("A lamp was found.")
    home.agent.tell("Smoke!", urgent=True)
    await eventually(lambda: web.texts == ["A lamp was found.", "Smoke!"])
    assert home.rows("email") == []
    assert home.rows("telegram") == [("Smoke!", "queued")]


async def test_quiet_hours_hold_back_what_is_not_urgent(home: Home, web: Web) -> None:
    home.notify("ntfy")
    now = home.clock.now()
    home.people.change("owner", quiet=f"{now.hour:02}:00-{(now.hour + 2) % 24:02}:00")
    home.agent.tell("A lamp was found.")
    home.agent.tell("Smoke!", urgent=True)
    await eventually(lambda: web.texts == ["Smoke!"])


# -- nobody answers there


@pytest.mark.parametrize("name", sorted(ONE_WAY))
async def test_none_of_them_can_approve_or_tell_who_writes(home: Home, name: str) -> None:
    home.notify(name)
    await home.say("open the garage door")
    (question,) = home.agent.questions.open()
    for there in (True, False):  # also while the config has it switched off
        for text, kind in (("yes", "message"), (json.dumps({"question": question.id, "text": "yes"}), "answer")):
            message = home.agent.inbox.put(text, key=f"{there}:{kind}", bridge=name, chat=f"{name}:owner", kind=kind)
            assert message
            await home.agent.handle(message)
            assert home.house["gate"].state["open"] is False
            assert home.agent.questions.open() == [question]
        assert not home.agent.approves(name)
        assert home.people.who(name, "owner") is None
        home.agent.outbox.bridges.pop(name, None)
    assert home.people.first_code()  # for a bridge on which the owner can write


@pytest.mark.parametrize("name", sorted(ONE_WAY))
async def test_what_is_asked_elsewhere_says_where_to_answer_and_has_no_buttons(home: Home, name: str) -> None:
    home.people.add("Tom", "child")
    home.notify(name)
    await home.say("set the bedroom thermostat to 28 degrees", "tom")
    (row,) = home.house.store.all("SELECT * FROM outbox WHERE bridge = ?", name)
    assert row["text"] == "Tom asks: Set the bedroom thermostat to 28 °C? Answer in the terminal."
    assert (row["choices"], row["question"]) == ("[]", None)
    home.people._reach("owner", "telegram", "7", "telegram:7")
    await home.say("set the bedroom thermostat to 29 degrees", "tom")
    assert home.rows(name)[-1][0].endswith("29 °C? Answer in Telegram or in the terminal.")


async def test_a_question_whose_answer_may_be_a_code_is_not_asked_there(home: Home) -> None:
    for name in ONE_WAY:
        home.notify(name)
    asking = asyncio.create_task(home.agent.asks.ask("What is the code of the lock?"))
    await eventually(home.agent.asks.open)
    assert [home.rows(name) for name in ONE_WAY] == [[]] * 3
    assert len(home.rows("terminal")) == 1
    await cancel(asking)


# -- who says so


@pytest.mark.parametrize(
    ("text", "verb", "slots"),
    [
        ("notify me by ntfy", "notify", {"by": "ntfy"}),
        ("Notify me via web push", "notify", {"by": "push"}),
        ("notify me by mail at anna@example.org", "notify", {"by": "email", "to": "anna@example.org"}),
        ("notify Mia by e-mail to mia@example.org", "notify", {"by": "email", "to": "mia@example.org", "name": "Mia"}),
        ("don't notify me by ntfy any more", "notify", {"by": "ntfy", "off": "don't "}),
        ("stop notifying Mia via email", "notify", {"by": "email", "off": "stop ", "name": "Mia"}),
    ],
)
def test_the_sentences(home: Home, text: str, verb: str, slots: dict[str, str]) -> None:
    request = sentences.read(text, home.clock.now(), lambda: ["Mia"])
    assert request
    assert (request.verb, request.slots) == (verb, slots)


@pytest.mark.parametrize("text", ["notify me when the door opens", "notify me at 7 by the door", "notify Bob by ntfy"])
def test_what_only_sounds_like_it(home: Home, text: str) -> None:
    assert sentences.read(text, home.clock.now(), lambda: ["Mia"]) is None


async def test_adults_decide_for_themselves_and_the_owner_for_others_with_a_yes(home: Home, web: Web) -> None:
    for name, role in (("Mia", "adult"), ("Tom", "child"), ("Ann", "guest")):
        home.people.add(name, role)
    assert (await home.say("notify me by ntfy", "mia")).startswith("I notify you by ntfy now")
    for person in ("tom", "ann"):
        assert await home.say("notify me by ntfy", person) == "Only the owner of this house can change who may use it."
    assert (
        await home.say("notify Tom by email at mia@example.org", "mia")
        == "Only the owner of this house can change who may use it."
    )
    assert await home.say("notify Tom by email at tom@example.org") == "Notify Tom by email at tom@example.org? Yes or no?"
    assert home.people.addresses("tom") == []
    assert await home.say("yes") == "I notify Tom by email now at tom@example.org."
    assert home.people.addresses("tom") == [("email", "email:tom@example.org")]


async def test_the_console_sets_it_up_for_anybody_without_asking(home: Home) -> None:
    home.people.add("Mia", "adult")
    wish = {"about": "people", "verb": "notify", "slots": {"name": "Mia", "by": "email", "to": "mia@example.org"}}
    assert await home.house.put("request", wish) == "I notify Mia by email now at mia@example.org."
    assert home.people_words() == ["Mia: adult, notified by email."]
    wish["slots"] |= {"off": True}  # type: ignore[operator]
    assert await home.house.put("request", wish) == "I do not notify Mia by email any more."
    assert home.people_words() == ["Mia: adult, no address yet."]


async def test_what_cannot_be_is_said_with_what_can(home: Home) -> None:
    assert "“” is no e-mail address" in await home.say("notify me by email")
    assert "“anna@home” is no e-mail address" in await home.say("notify me by email at anna@home")
    assert "press “Notify this phone”" in await home.say("notify me by push")
    home.secrets.delete("ntfy")
    assert "But first write a topic that nobody guesses" in await home.say("notify me by ntfy")
    await home.say("stop notifying me by ntfy")
    del home.agent.outbox.bridges["ntfy"]
    assert "it is not set up in this house" in await home.say("notify me by ntfy")
    assert home.people.addresses("owner") == []


# -- the page


PUSHING = '[push]\nenabled = true\nservices = ["{}"]\n'


async def test_a_phone_signs_up_on_the_page_and_is_forgotten_when_it_signs_out(tmp_path: Path, web: Web) -> None:
    async with house(tmp_path / "data", PUSHING.format(web.base)) as daemon, phone(daemon) as one:
        assert (await one.open())["state"]["push"] is True
        async with one.http.get("/push") as answer:
            key = (await answer.json())["key"]
        device = Phone(web)
        async with one.http.post("/push", json=device.subscription) as answer:
            assert await answer.json() == {"reply": "I notify you by push now on this phone."}
        await eventually(lambda: device.texts == [NOTICE])
        assert web.requests[0][1]["Authorization"].endswith(f"k={key}")
        kept = "\n".join(str(tuple(row)) for row in daemon.store.all("SELECT * FROM inbox"))
        assert web.base not in kept  # the address stands where it is used, and nowhere else
        assert "push: running" in "\n".join(show.status([daemon.status()]))
        async with one.http.post("/push", json=Phone(web, "phone-2").subscription) as answer:  # signed up anew
            assert answer.status == 200
        assert len(daemon.agent.people.addresses("owner")) == 1
        async with one.http.post("/leave") as answer:
            assert answer.status == 204
        assert daemon.agent.people.addresses("owner") == []


async def test_only_a_phone_that_is_signed_in_signs_up_and_only_with_what_a_browser_says(tmp_path: Path, web: Web) -> None:
    async with house(tmp_path / "data", PUSHING.format(web.base)) as daemon:
        async with phone(daemon, paired=False) as stranger:
            async with stranger.http.get("/push") as answer:
                assert answer.status == 401
            async with stranger.http.post("/push", json=Phone(web).subscription) as answer:
                assert answer.status == 401
        async with phone(daemon) as one:
            elsewhere = {"Origin": "https://evil.example"}
            async with one.http.post("/push", json=Phone(web).subscription, headers=elsewhere) as answer:
                assert answer.status == 403
            for wrong in ({}, [], "x", {**Phone(web).subscription, "endpoint": "https://192.168.1.1/"}):
                async with one.http.post("/push", json=wrong) as answer:
                    assert (answer.status, await answer.json()) == (400, {"error": WRONG})
            async with one.http.post("/push", data=b"{") as answer:
                assert answer.status == 400
        assert daemon.agent.people.addresses("owner") == []


async def test_without_push_in_the_config_the_page_offers_nothing(tmp_path: Path) -> None:
    async with house(tmp_path / "data") as daemon, phone(daemon) as one:
        assert (await one.open())["state"]["push"] is False
        async with one.http.get("/push") as answer:
            assert answer.status == 404
        assert not (tmp_path / "data" / "secrets" / "push").exists()


# -- config, status


async def test_all_three_run_in_the_daemon_and_status_says_what_they_lack(tmp_path: Path) -> None:
    config = '[ntfy]\nenabled = true\n[email]\nenabled = true\nhost = "mail.lan"\nsender = "claw@example.org"\n' + PUSHING.format(
        "https://push.lan"
    )
    async with house(tmp_path / "data", config) as daemon:
        shown = "\n".join(show.status([daemon.status()]))
        assert "ntfy: running write a topic that nobody guesses" in shown
        assert "email: running write the password of claw@example.org into" in shown
        assert (await say(daemon, "notify me by ntfy"))["reply"].startswith("I notify you by ntfy now")


def test_a_missing_package_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claw.bridges.email.find_spec", lambda name: None)
    assert home.email.trouble == MISSING


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('[ntfy]\nurl = "http://ntfy.example.org"', "ntfy.url"),
        ("[email]\nenabled = true", "email.host"),
        ('[email]\nenabled = true\nhost = "mail.lan"\nsender = "claw"', "email.sender"),
        ('[email]\nhost = "mail.lan"\ntls = "none"', "email.tls"),
        ('[email]\nhost = "127.0.0.1.example.org"\ntls = "none"', "email.tls"),
        ('[email]\ntls = "ssl"', "email.tls"),
        ('[push]\ncontact = "me"', "push.contact"),
        ('[push]\nservices = ["http://push.lan"]', "push.services"),
        ('[push]\nservices = ["https://push.lan/"]', "push.services"),
    ],
)
def test_what_is_wrong_with_a_config_is_named(text: str, wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong):
        parse(text)


def _bytes(text: str) -> bytes:
    from base64 import urlsafe_b64decode

    return urlsafe_b64decode(text + "==")
