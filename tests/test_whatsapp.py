"""WhatsApp at the boundary of neonize: its real client and its real protobuf messages, over a fake of its half in Go. No network.

What the service does with all that is tested nowhere: docs/bridges.md has the list.
"""

import asyncio
import ctypes
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from claw.bridges.arriving import EDITED, RECORDING, Arriving, watched
from claw.bridges.whatsapp import AWAY, ME, MISSING, PATIENCE_SECONDS, UNLINKED, UNLINKED_THERE, WhatsApp, _fault
from claw.clock import Clock, ManualClock
from claw.config import ConfigError, parse
from claw.console import show
from claw.messages.outbox import NotSent, Refused
from claw.supervise import cancel
from claw.testing import eventually, running
from tests.phone import house, phone
from tests.simulated_house import SmallHouse

with warnings.catch_warnings():  # neonize leaves two `uname` behind when it is imported
    warnings.simplefilter("ignore")
    pytest.importorskip(
        "neonize.aioze.client", exc_type=ImportError, reason="WhatsApp is not tested: pip install claw-house[whatsapp]"
    )
    while subprocess._active:  # type: ignore[attr-defined]
        subprocess._cleanup()  # type: ignore[attr-defined]

from neonize.aioze.client import NewAClient
from neonize.events import EVENT_TO_INT
from neonize.proto import Neonize_pb2 as pb
from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as e2e
from neonize.utils.jid import build_jid

ANNA, BEN, CLAW = ("491701", "9001"), ("491702", "9002"), ("491799", "9099")  # phone number and LID
ASKED = "Open the garage door? Yes or no?\n1 or 👍 yes, 2 or 👎 no"
GROUP = build_jid("120363", "g.us")
NONE = build_jid("", "")
CONFIG = '[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["127.9.79.0/24"]\n[whatsapp]\nenabled = true\n'


class FakeCore:
    """A fake of neonize's half in Go: it takes what the client hands down, and answers with neonize's own messages."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, e2e.Message]] = []  # every message, with the chat that it is for
        self.typing: list[str] = []
        self.wrong = ""  # what the next send ends with
        self.files: dict[bytes, bytes] = {}  # by the key of the message
        self.pairs: dict[str, str] = {}  # LID and phone number, both ways
        self.logged_in = self.stopped = False

    async def SendMessage(self, _: bytes, to: bytes, _size: int, message: bytes, _length: int) -> bytes:
        if self.wrong:
            wrong, self.wrong = self.wrong, ""
            return pb.SendMessageReturnFunction(Error=wrong).SerializeToString()
        jid = pb.JID.FromString(to)
        self.sent.append((f"{jid.User}@{jid.Server}", e2e.Message.FromString(message)))
        zero = {field.name: 0 for field in pb.MessageDebugTimings.DESCRIPTOR.fields}
        response = pb.SendResponse(
            Timestamp=0, ID=f"OUT{len(self.sent)}", ServerID=0, DebugTimings=pb.MessageDebugTimings(**zero)
        )
        return pb.SendMessageReturnFunction(SendResponse=response).SerializeToString()

    async def Upload(self, _: bytes, data: bytes, size: int, _kind: int) -> bytes:
        if self.wrong:
            wrong, self.wrong = self.wrong, ""
            return pb.UploadReturnFunction(Error=wrong).SerializeToString()
        self.files[b"out"] = data
        response = pb.UploadResponse(
            url="https://mmg.whatsapp.net/1", DirectPath="/1", Handle="", MediaKey=b"out", FileLength=size
        )
        return pb.UploadReturnFunction(UploadResponse=response).SerializeToString()

    async def DownloadAny(self, _: bytes, message: bytes, _size: int) -> bytes:
        asked = e2e.Message.FromString(message)
        key = asked.imageMessage.mediaKey or asked.audioMessage.mediaKey
        found = {"Binary": self.files[key]} if key in self.files else {"Error": "download failed with status code 410"}
        return pb.DownloadReturnFunction(**found).SerializeToString()

    async def GetMe(self, _: bytes) -> bytes:
        ids = {"JID": build_jid(CLAW[0]), "LID": build_jid(CLAW[1], "lid")}
        return pb.Device(**ids, Platform="", BussinessName="", PushName="claw", Initialized=True).SerializeToString()

    async def GetPNFromLID(self, _: bytes, jid: bytes, _size: int) -> bytes:
        return self._other(jid, "s.whatsapp.net")

    async def GetLIDFromPN(self, _: bytes, jid: bytes, _size: int) -> bytes:
        return self._other(jid, "lid")

    def _other(self, jid: bytes, server: str) -> bytes:
        user = self.pairs.get(pb.JID.FromString(jid).User)
        found = {"Jid": build_jid(user, server)} if user else {"Error": "no such id"}
        return pb.GetJIDFromStoreReturnFunction(**found).SerializeToString()

    async def SendChatPresence(self, _: bytes, jid: bytes, _size: int, _state: int, _media: int) -> bytes:
        self.typing.append(pb.JID.FromString(jid).User)
        return b""

    async def PairPhone(self, _: bytes, asked: bytes, _size: int) -> bytes:
        number = pb.PairPhoneParams.FromString(asked).phone
        found = {"Code": "ABCD-EFGH"} if len(number) > 6 else {"Error": "phone number too short"}
        return pb.PairPhoneReturnFunction(**found).SerializeToString()

    async def IsLoggedIn(self, _: bytes) -> bool:
        return self.logged_in

    async def Stop(self, _: bytes) -> None:
        self.stopped = True


class FakeClient(NewAClient):  # type: ignore[misc]
    """neonize's client over the fake core; connecting reaches nothing."""

    def __init__(self, database: str) -> None:
        super().__init__(database, uuid=database)
        self._stop_finalizer.detach()
        self.core = self._NewAClient__client = FakeCore()

    async def connect(self, proxy_settings: Any = None) -> asyncio.Task[bool]:
        Path(self.name).touch()
        return asyncio.create_task(asyncio.Event().wait())

    def bring(self, event: Any) -> None:
        """Hand an event over as a thread of the half in Go does: its bytes, to the callback; returns when that does."""
        data = event.SerializeToString()
        buffer = ctypes.create_string_buffer(data, len(data))
        self.event.execute(0, ctypes.addressof(buffer), len(data), EVENT_TO_INT[type(event)])

    async def tells(self, event: Any) -> None:
        """The same from a test."""
        await asyncio.to_thread(self.bring, event)

    async def shows(self, text: str) -> None:
        """Another QR code."""
        await self.event._qr(self, text.encode())


@dataclass
class Home:
    """A small house that is a linked device, on a folder that outlives it."""

    folder: Path
    clock: Clock
    strangers: bool = False
    house: SmallHouse = field(init=False)
    bridge: WhatsApp = field(init=False)
    arriving: Arriving = field(init=False)
    clients: list[FakeClient] = field(default_factory=list)
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    ids: int = 0

    def start(self) -> None:
        self.house = SmallHouse(self.folder, self.clock)  # type: ignore[arg-type]
        self.bridge = WhatsApp(self.folder / "whatsapp", self.clock, strangers=self.strangers, make=self._make)
        self.house.agent.outbox.bridges["whatsapp"] = self.bridge
        self.arriving = Arriving(self.house.agent, self.folder / "media")
        agent = self.house.agent
        self.tasks = [
            asyncio.create_task(one) for one in (agent.run(), agent.outbox.run(), watched(self.bridge, self.arriving, self.clock))
        ]

    def _make(self, database: str) -> FakeClient:
        self.clients.append(FakeClient(database))
        return self.clients[-1]

    @property
    def client(self) -> FakeClient:
        return self.clients[-1]

    async def stop(self) -> None:
        await cancel(*self.tasks)
        await self.arriving.close()
        self.house.close()

    async def again(self) -> None:
        """The process ends and comes back."""
        await self.stop()
        self.start()
        await self.connected()

    async def connected(self, number: int = 1) -> None:
        """The linked device is let in."""
        seen = len(self.clients) - (not self.bridge._client)
        await eventually(lambda: self.bridge._client and len(self.clients) >= max(number, seen))
        self.client.core.logged_in = True
        await self.client.tells(pb.Connected(status=True))
        await eventually(lambda: self.bridge._up)

    def pair(self, who: tuple[str, str], name: str, role: str = "owner", by: int = 0) -> None:
        """Let somebody in under the phone number (by=0) or the LID (by=1), as if it had been long ago."""
        people, id = self.house.agent.people, f"{who[by]}@{('s.whatsapp.net', 'lid')[by]}"
        person = "owner" if role == "owner" else people.add(name, role).id
        people._reach(person, "whatsapp", id, f"whatsapp:{id}")
        self.arriving._chats = self.arriving._reached()
        self.arriving._look()

    def heard(self, user: str = ANNA[0], server: str = "s.whatsapp.net") -> list[str]:
        """What was said to a chat, also the pictures' words and the edits ("~")."""
        return [_words(message) for chat, message in self.client.core.sent if chat == f"{user}@{server}"]

    async def hears(self, *texts: str, user: str = ANNA[0], server: str = "s.whatsapp.net") -> None:
        try:
            await eventually(lambda: self.heard(user, server) == list(texts))
        except AssertionError:
            assert self.heard(user, server) == list(texts)

    def event(
        self, who: tuple[str, str], message: e2e.Message, *, by: int = 0, alone: bool = False, group: bool = False,
        at: float = 0.0, id: str = "", **more: Any,
    ) -> pb.Message:  # fmt: skip
        """A Message event of neonize's; by: which of the person's ids is the sender; alone: the other one is not told."""
        self.ids += 1
        ids = build_jid(who[0]), build_jid(who[1], "lid")
        source = pb.MessageSource(
            Chat=GROUP if group else ids[by], Sender=ids[by], IsFromMe=more.pop("mine", False), IsGroup=group,
            SenderAlt=NONE if alone else ids[1 - by], RecipientAlt=NONE, BroadcastListOwner=NONE,
        )  # fmt: skip
        info = pb.MessageInfo(
            MessageSource=source, ID=id or f"IN{self.ids}", ServerID=0, Type="text", Pushname="Ann", Category="",
            Timestamp=int(at or self.clock.time()), Multicast=False, MediaType="", Edit="",
        )  # fmt: skip
        flags = {field.name: False for field in pb.Message.DESCRIPTOR.fields if field.name.startswith("Is")}
        return pb.Message(Info=info, Message=message, **flags | more, UnavailableRequestID="", RetryCount=0)

    async def writes(self, who: tuple[str, str], message: str | e2e.Message, **more: Any) -> None:
        words = e2e.Message(conversation=message) if isinstance(message, str) else message
        await self.client.tells(self.event(who, words, **more))

    def rows(self) -> list[str]:
        return [row["text"] for row in self.house.store.all("SELECT text FROM inbox WHERE kind = 'message' ORDER BY id")]


def _words(message: e2e.Message) -> str:
    edited = message.editedMessage.message.protocolMessage.editedMessage.conversation
    return f"~{edited}" if edited else message.conversation or message.imageMessage.caption


def _text(text: str, **context: Any) -> e2e.Message:
    return e2e.Message(extendedTextMessage=e2e.ExtendedTextMessage(text=text, contextInfo=e2e.ContextInfo(**context)))


def _reaction(sign: str, ref: str) -> e2e.Message:
    message = e2e.Message(reactionMessage=e2e.ReactionMessage(text=sign))
    message.reactionMessage.key.ID = ref
    return message


def _png() -> bytes:
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))  # noqa: E731
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\1\2\3")) + chunk(b"IEND", b"")


async def _linked(home: Home) -> Home:
    """Link it as a person does, with Anna as the owner."""
    home.start()
    await home.bridge.link()
    await home.connected()
    home.pair(ANNA, "Anna")
    return home


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    one = await _linked(Home(tmp_path, Clock("UTC")))
    yield one
    await one.stop()


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[Home]:
    """Nothing is linked yet, and time stands still."""
    one = Home(tmp_path, ManualClock())
    one.start()
    yield one
    await one.stop()


# -- the road


async def test_a_message_does_a_deed_and_is_answered(home: Home) -> None:
    await home.writes(ANNA, "turn on the kitchen lamp", id="3EB0")
    await home.hears("The kitchen lamp is on.")
    assert home.house["lamp"].state["on"]
    assert home.house.last().key == "wa:491701@s.whatsapp.net:3EB0"
    assert home.house.last().person == "owner"


async def test_the_library_goes_on_only_when_the_message_is_committed(bare: Home) -> None:
    await bare.bridge.link()
    await bare.connected()
    bare.pair(ANNA, "Anna")
    bare.house.store.write("PRAGMA query_only = ON")  # as on a full disk
    event = bare.event(ANNA, e2e.Message(conversation="turn on the kitchen lamp"))
    thread = threading.Thread(target=bare.client.bring, args=(event,))
    thread.start()
    await eventually(lambda: bare.clock._sleepers and bare.bridge._taking)  # type: ignore[attr-defined]
    await _until(bare, lambda: True)
    assert thread.is_alive()
    assert bare.rows() == []
    bare.house.store.write("PRAGMA query_only = OFF")
    await _until(bare, lambda: not thread.is_alive())
    assert bare.rows() == ["turn on the kitchen lamp"]


async def test_what_comes_twice_under_either_id_is_taken_once(home: Home) -> None:
    for by in (0, 1, 0):
        await home.writes(ANNA, "set the bedroom thermostat to 21 degrees", id="3EB1", by=by)
    assert len(home.rows()) == 1


@pytest.mark.parametrize("paired", [0, 1])
async def test_both_ids_of_a_person_are_one_person(home: Home, paired: int) -> None:
    home.pair(BEN, "Ben", "adult", by=paired)
    await home.writes(BEN, "turn on the kitchen lamp", by=0)
    await home.writes(BEN, "turn off the kitchen lamp", by=1)
    await eventually(lambda: len(home.house.answered) == 2)
    assert {home.house.agent.inbox.get(one.message.id).person for one in home.house.answered} == {"ben"}
    where = {row["chat"] for row in home.house.store.all("SELECT chat FROM inbox")}
    assert where == {f"whatsapp:{BEN[paired]}@{('s.whatsapp.net', 'lid')[paired]}"}


async def test_an_id_that_comes_alone_is_looked_up_in_the_library(home: Home) -> None:
    home.client.core.pairs[ANNA[1]] = ANNA[0]
    await home.writes(ANNA, "turn on the kitchen lamp", by=1, alone=True)
    await home.hears("The kitchen lamp is on.")


async def test_an_unknown_lid_alone_is_a_stranger(home: Home) -> None:
    await home.writes(ANNA, "turn on the kitchen lamp", by=1, alone=True)
    assert home.rows() == []


# -- approvals


@pytest.mark.parametrize("sign", ["👍", "👍🏽", "1️⃣", "✅"])
async def test_a_reaction_approves_and_the_question_says_by_whom(home: Home, sign: str) -> None:
    await home.writes(ANNA, "open the garage door")
    await home.hears(ASKED)
    await home.writes(ANNA, _reaction(sign, "OUT1"), by=1)
    await eventually(lambda: home.house["gate"].state["open"])
    await eventually(lambda: len(home.heard()) == 3)
    assert f"~Open the garage door? Yes or no?\nApproved by owner at {home.clock.now():%H:%M}." in home.heard()


@pytest.mark.parametrize(("said", "opens"), [("1", True), ("yes", True), ("👍", True), ("2", False), ("no", False), ("3", False)])
async def test_a_number_a_word_or_a_thumb_answers(home: Home, said: str, opens: bool) -> None:
    await home.writes(ANNA, "open the garage door")
    await home.hears(ASKED)
    await home.writes(ANNA, said)
    await eventually(lambda: len(home.house.answered) == 2)
    assert home.house["gate"].state["open"] is opens


async def test_a_number_in_a_reply_answers_that_question_and_not_the_other(home: Home) -> None:
    await home.writes(ANNA, "open the garage door")
    await home.hears(ASKED)
    await home.writes(ANNA, "unlock the front door")
    await home.hears(ASKED, ASKED.replace("Open the garage door", "Unlock the front door"))
    await home.writes(ANNA, "1")
    await eventually(lambda: len(home.house.answered) == 3)
    assert not home.house["gate"].state["open"]
    await eventually(lambda: home.heard()[-1].startswith("Several things wait: 1 "))
    await home.writes(ANNA, _text("1", stanzaID="OUT1"))
    await eventually(lambda: home.house["gate"].state["open"])


@pytest.mark.parametrize("sign", ["👎", "❤️", "", "2"])
async def test_another_reaction_approves_nothing(home: Home, sign: str) -> None:
    await home.writes(ANNA, "open the garage door")
    await home.hears(ASKED)
    await home.writes(ANNA, _reaction(sign, "OUT1"))
    await home.writes(ANNA, "turn on the kitchen lamp")
    await eventually(lambda: home.house["lamp"].state["on"])
    assert not home.house["gate"].state["open"]


async def test_nobody_approves_for_another_or_in_a_group(home: Home) -> None:
    home.pair(BEN, "Ben", "adult")
    await home.writes(ANNA, "open the garage door")
    await home.hears(ASKED)
    await home.writes(BEN, _reaction("👍", "OUT1"))
    await home.writes(ANNA, _reaction("👍", "OUT1"), group=True)
    await home.writes(ANNA, "turn on the kitchen lamp")
    await eventually(lambda: home.house["lamp"].state["on"])
    assert not home.house["gate"].state["open"]


async def test_a_choice_is_made_by_its_number(home: Home) -> None:
    await home.writes(ANNA, "turn on the lamp")
    await eventually(lambda: home.heard() and "\n1 " in home.heard()[0])
    number = next(line[0] for line in home.heard()[0].splitlines() if line.endswith("Kitchen Lamp"))
    await home.writes(ANNA, number)
    await eventually(lambda: home.house["lamp"].state["on"])


# -- who it is


async def test_a_stranger_hears_nothing_and_an_invitation_lets_one_in(home: Home) -> None:
    await home.writes(BEN, "unlock the front door")
    await home.writes(BEN, "hallways")  # eight letters, as a code has
    invitation = home.house.agent.people.invite("Ben", "guest")
    assert home.rows() == []
    assert home.heard(BEN[0]) == []
    await home.writes(BEN, invitation)
    await eventually(lambda: home.heard(BEN[0]) and home.heard(BEN[0])[0].startswith("Hello, Ben."))
    await home.writes(BEN, "turn on the kitchen lamp", by=1)
    await eventually(lambda: home.house["lamp"].state["on"])


async def test_a_stranger_is_shown_a_code_where_that_is_switched_on(tmp_path: Path) -> None:
    home = await _linked(Home(tmp_path, Clock("UTC"), strangers=True))
    await home.writes(BEN, "unlock the front door")
    await eventually(lambda: home.heard(BEN[0]))
    assert home.house.agent.people.claim(home.heard(BEN[0])[0].split()[-1], "Ben", "adult")
    assert home.rows() == []
    await home.stop()


async def test_the_first_one_is_let_in_by_the_code_of_the_console(bare: Home) -> None:
    await bare.bridge.link()
    await bare.connected()
    await bare.writes(ANNA, bare.house.agent.people.first_code(), by=1)
    await eventually(lambda: bare.heard())
    assert bare.heard()[0].startswith("Hello, Ann.")
    await bare.writes(ANNA, "turn on the kitchen lamp", by=0)
    await eventually(lambda: bare.house["lamp"].state["on"])


@pytest.mark.parametrize("me", ["491799@s.whatsapp.net", "9099@lid", "491799:7@s.whatsapp.net"])
async def test_in_a_group_it_takes_what_mentions_it_from_people_of_the_house(home: Home, me: str) -> None:
    user = me.partition("@")[0].partition(":")[0]
    words = _text(f"@{user} turn on the kitchen lamp", mentionedJID=[me])
    await home.writes(BEN, words, group=True)
    await home.writes(ANNA, "turn off the bedroom lamp", group=True)
    await home.writes(ANNA, words, group=True, by=1)
    await home.hears("The kitchen lamp is on.", user="120363", server="g.us")
    assert home.rows() == ["turn on the kitchen lamp"]


async def test_in_a_group_a_reply_to_it_is_for_it(home: Home) -> None:
    await home.writes(ANNA, _text("@491799 turn on the kitchen lamp", mentionedJID=["491799@s.whatsapp.net"]), group=True)
    await home.hears("The kitchen lamp is on.", user="120363", server="g.us")
    await home.writes(ANNA, _text("turn it off", stanzaID="OUT1"), group=True)
    await eventually(lambda: not home.house["lamp"].state["on"])


async def test_what_we_wrote_and_what_is_no_chat_is_passed_over(home: Home) -> None:
    event = home.event(ANNA, e2e.Message(conversation="turn on the kitchen lamp"))
    for server in ("broadcast", "newsletter"):
        event.Info.MessageSource.Chat.CopyFrom(build_jid("status", server))
        await home.client.tells(event)
    await home.writes(ANNA, "turn on the kitchen lamp", mine=True)
    await home.writes(ANNA, e2e.Message(stickerMessage=e2e.StickerMessage()))
    await home.writes(ANNA, e2e.Message(protocolMessage=e2e.ProtocolMessage(type=e2e.ProtocolMessage.REVOKE)))
    await home.writes(ANNA, e2e.Message())
    assert home.rows() == []


# -- what it is


async def test_an_edited_message_never_runs_again(home: Home) -> None:
    await home.writes(ANNA, "turn on the kitchen lamp", id="3EB2")
    await home.hears("The kitchen lamp is on.")
    inner = e2e.Message(conversation="turn off the kitchen lamp")
    change = e2e.ProtocolMessage(type=e2e.ProtocolMessage.MESSAGE_EDIT, editedMessage=inner)
    change.key.ID = "3EB2"
    plain = e2e.Message(protocolMessage=change)
    await home.writes(ANNA, plain)
    await home.writes(ANNA, e2e.Message(editedMessage=e2e.FutureProofMessage(message=plain)))
    await home.writes(ANNA, inner, id="3EB2", IsEdit=True)
    await home.hears("The kitchen lamp is on.", EDITED)
    assert home.house["lamp"].state["on"]


async def test_what_was_forwarded_or_quoted_is_not_read(home: Home) -> None:
    await home.writes(ANNA, _text("open the garage door", isForwarded=True))
    await home.writes(ANNA, _text("turn on the kitchen lamp", forwardingScore=4))
    theirs = e2e.Message(conversation="turn on the bedroom fan")
    await home.writes(ANNA, _text("hello", stanzaID="X1", participant="491702@s.whatsapp.net", quotedMessage=theirs))
    await eventually(lambda: len(home.house.answered) == 3)
    assert not home.house["lamp"].state["on"]
    assert not home.house["fan"].state["on"]
    messages = [home.house.agent.inbox.get(one.message.id) for one in home.house.answered]
    assert [one.text for one in messages] == ["", "", "hello"]
    assert [one.extra["quoted"] for one in messages] == [
        "open the garage door",
        "turn on the kitchen lamp",
        "turn on the bedroom fan",
    ]


async def test_a_quote_that_names_a_message_of_ours_but_says_something_else_counts_for_nothing(home: Home) -> None:
    await home.writes(ANNA, "turn on the kitchen lamp")
    await home.hears("The kitchen lamp is on.")
    forged = e2e.Message(conversation="open the garage door")
    await home.writes(ANNA, _text("thanks", stanzaID="OUT1", quotedMessage=forged))
    await eventually(lambda: len(home.house.answered) == 2)
    assert not (home.house.last().extra or {}).get("quoted")


async def test_a_message_that_vanishes_is_read(home: Home) -> None:
    inner = e2e.FutureProofMessage(message=_text("turn on the kitchen lamp"))
    await home.writes(ANNA, e2e.Message(ephemeralMessage=inner))
    await home.hears("The kitchen lamp is on.")


async def test_an_old_message_that_would_act_is_asked_about(home: Home) -> None:
    await home.writes(ANNA, "turn on the kitchen lamp", at=home.clock.time() - 3 * 3600)
    await home.writes(ANNA, "turn on the bedroom fan", at=(home.clock.time() - 3 * 3600) * 1000)
    await eventually(lambda: len(home.heard()) == 2)
    assert "3 hours ago" in home.heard()[0]
    assert "3 hours ago" in home.heard()[1]
    assert not home.house["lamp"].state["on"]
    assert not home.house["fan"].state["on"]


# -- pictures and voice


async def test_a_picture_is_kept_with_its_words(home: Home) -> None:
    home.client.core.files[b"key"] = _png()
    image = e2e.ImageMessage(caption="turn on the kitchen lamp", mediaKey=b"key", directPath="/2", fileLength=70)
    await home.writes(ANNA, e2e.Message(imageMessage=image))
    await home.hears("The kitchen lamp is on.")
    (kept,) = home.house.last().extra["images"]
    assert Path(kept).read_bytes() == _png()


async def test_a_picture_that_cannot_be_had_or_is_too_large_loses_no_words(home: Home) -> None:
    for image in (e2e.ImageMessage(mediaKey=b"gone", fileLength=70), e2e.ImageMessage(mediaKey=b"key", fileLength=21 << 20)):
        image.caption = "turn on the kitchen lamp"
        await home.writes(ANNA, e2e.Message(imageMessage=image))
    await eventually(lambda: len(home.house.answered) == 2)
    rows = [home.house.agent.inbox.get(one.message.id) for one in home.house.answered]
    assert [(row.text, (row.extra or {}).get("images")) for row in rows] == [("turn on the kitchen lamp", None)] * 2


async def test_a_voice_note_is_kept_for_the_recogniser_and_a_forwarded_one_is_none(home: Home) -> None:
    home.client.core.files[b"key"] = b"OggS opus"
    audio = e2e.AudioMessage(PTT=True, mediaKey=b"key", fileLength=9)
    event = home.event(ANNA, e2e.Message(audioMessage=audio))
    one = await home.bridge._incoming(home.arriving, event)
    assert one
    assert await home.bridge.fetch(one.voice) == b"OggS opus"
    audio.contextInfo.isForwarded = True
    for other in (audio, e2e.AudioMessage(mediaKey=b"key", fileLength=9)):
        one = await home.bridge._incoming(home.arriving, home.event(ANNA, e2e.Message(audioMessage=other)))
        assert one
        assert (one.voice, one.text, one.quoted) == ("", "", RECORDING)


async def test_a_picture_goes_out_once_it_is_uploaded(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "door.png"
    path.write_bytes(_png())
    place = "whatsapp:491701@s.whatsapp.net"
    home.client.core.wrong = "failed to upload media: unexpected EOF"
    with pytest.raises(NotSent):
        await home.bridge.picture(place, str(path), "the door", "key")
    assert await home.bridge.picture(place, str(path), "the door", "key") == "OUT1"
    assert home.heard() == ["the door"]
    assert home.client.core.files[b"out"] == _png()
    path.write_text("no picture")
    with pytest.raises(Refused):
        await home.bridge.picture(place, str(path), "", "key")


async def test_a_long_turn_shows_typing(home: Home) -> None:
    await home.bridge.typing("whatsapp:491701@s.whatsapp.net")
    assert home.client.core.typing == ["491701"]


# -- faults


async def test_words_with_an_at_sign_mention_nobody(home: Home) -> None:
    await home.bridge.send("whatsapp:491701@s.whatsapp.net", "write to @491702 or https://claw.example", "key", [])
    assert home.client.core.sent[-1][1] == e2e.Message(conversation="write to @491702 or https://claw.example")


@pytest.mark.parametrize(
    ("why", "kind"),
    [
        ("websocket not connected", NotSent),
        ("the store doesn't contain a device JID", NotSent),
        ("server returned error 429", NotSent),
        ("server returned error 479", Refused),
        ("server returned error 500", OSError),
        ("message send timed out", OSError),
        ("websocket disconnected before message send returned response", OSError),
    ],
)
def test_what_a_failed_send_means(why: str, kind: type[Exception]) -> None:
    assert isinstance(_fault(why), kind)


async def test_a_send_of_which_nobody_knows_is_repeated_with_a_remark(home: Home) -> None:
    home.client.core.wrong = "message send timed out"
    await home.writes(ANNA, "turn on the kitchen lamp")
    await home.hears("(may be a repeat) The kitchen lamp is on.")


async def test_nothing_goes_out_while_it_is_not_connected(home: Home) -> None:
    home.client.core.logged_in = False
    await home.client.tells(pb.Disconnected(status=True))
    await eventually(lambda: home.bridge.trouble == AWAY)
    await home.writes(ANNA, "turn on the kitchen lamp")
    await eventually(lambda: home.house["lamp"].state["on"])
    assert home.heard() == []
    await home.connected()
    await home.hears("The kitchen lamp is on.")
    assert home.bridge.trouble == ""


async def test_after_a_restart_it_goes_on_by_itself_and_forgets_nobody(home: Home) -> None:
    await home.again()
    assert len(home.clients) == 2
    assert home.clients[0].core.stopped
    await home.writes(ANNA, "turn on the kitchen lamp")
    await home.hears("The kitchen lamp is on.")


async def test_a_message_that_was_not_committed_is_not_told_to_have_come(home: Home) -> None:
    """On a full disk it waits, and the connection ends before it is let go."""
    home.house.store.write("PRAGMA query_only = ON")
    order: list[str] = []

    def bring() -> None:
        home.client.bring(home.event(ANNA, e2e.Message(conversation="turn on the kitchen lamp")))
        order.append("stopped" if home.client.core.stopped else "too soon")

    thread = threading.Thread(target=bring)
    thread.start()
    await eventually(lambda: home.bridge._taking)
    home.house.store.write("PRAGMA query_only = OFF")
    await cancel(*home.tasks)
    await asyncio.to_thread(thread.join)
    assert order == ["stopped"]


# -- linking


async def test_nothing_is_connected_until_somebody_wants_to_link(bare: Home) -> None:
    await eventually(lambda: bare.bridge.trouble == UNLINKED)
    assert bare.clients == []
    assert (await bare.bridge.link())["scan"] == ""
    await eventually(lambda: bare.bridge._client)
    await bare.client.shows("2@first")
    assert await bare.bridge.link() == {"linked": "", "scan": "2@first", "code": "", "trouble": ""}
    await bare.client.shows("2@second")
    assert (await bare.bridge.link())["scan"] == "2@second"
    await bare.connected()
    assert await bare.bridge.link() == {"linked": "491799@s.whatsapp.net 9099@lid", "scan": "", "code": "", "trouble": ""}
    assert bare.bridge.linked


async def test_nobody_looks_any_more_and_it_hangs_up(bare: Home) -> None:
    await bare.bridge.link()
    await eventually(lambda: bare.bridge._client)
    await _until(bare, lambda: not bare.bridge._client and bare.bridge.trouble == UNLINKED)
    assert bare.client.core.stopped
    assert len(bare.clients) == 1


async def _until(home: Home, condition: Any, step: float = 5.0) -> None:
    """Let time pass until it is so."""
    for _ in range(100):
        if condition():
            return
        home.clock.advance(step)  # type: ignore[attr-defined]
        for _ in range(20):
            await asyncio.sleep(0.001)
    assert condition()


async def test_a_code_for_the_phone_is_asked_for(bare: Home) -> None:
    await bare.bridge.link("+49 1799")
    await eventually(lambda: bare.bridge._client)
    assert (await bare.bridge.link("+49 1799"))["code"] == ""
    await bare.client.shows("2@first")
    assert "phone number too short" in (await bare.bridge.link())["trouble"]
    shown = await bare.bridge.link("+49 1799 123")
    assert shown["code"] == "ABCD-EFGH"
    assert shown["trouble"] == ""


async def test_a_phone_that_unlinks_the_device_is_told_to_the_owner(home: Home) -> None:
    gone = pb.LoggedOut(OnConnect=False, Reason=pb.LOGGED_OUT)
    await home.client.tells(gone)
    await eventually(lambda: home.bridge.trouble == UNLINKED_THERE and not home.bridge._client)
    assert home.house.store.kept(ME) == ""
    said = home.house.store.all("SELECT text FROM outbox WHERE text LIKE 'WhatsApp: %'")
    assert [row["text"] for row in said] == [f"WhatsApp: {UNLINKED_THERE}."] * len(said)
    assert said
    assert (await home.bridge.link())["trouble"] == ""
    await eventually(lambda: len(home.clients) == 2)


@pytest.mark.parametrize(
    ("event", "what"),
    [
        (pb.StreamReplaced(), "another program uses this linked device"),
        (pb.TemporaryBan(Code=pb.TemporaryBan.BLOCKED_BY_USERS, Expire=1), "has blocked this number"),
        (pb.ClientOutdated(), "pip install -U neonize"),
        (pb.ConnectFailure(Reason=pb.SERVICE_UNAVAILABLE, Message="busy", Raw=pb.ConnectFailure.DESCRIPTOR and None), "(busy)"),
    ],
)
async def test_what_ends_a_connection_is_said_and_tried_again_later(bare: Home, event: Any, what: str) -> None:
    await bare.bridge.link()
    await bare.connected()
    if isinstance(event, pb.ConnectFailure):
        event.Raw.Tag = "failure"
    await bare.client.tells(event)
    await eventually(lambda: what in bare.bridge.trouble and not bare.bridge._client)
    assert bare.bridge.linked
    await _until(bare, lambda: len(bare.clients) == 2, 60.0)


async def test_a_connection_that_stays_away_is_begun_anew(bare: Home) -> None:
    await bare.bridge.link()
    await bare.connected()
    bare.client.core.logged_in = False
    began = bare.clock.monotonic()
    await _until(bare, lambda: len(bare.clients) == 2)
    assert PATIENCE_SECONDS <= bare.clock.monotonic() - began <= PATIENCE_SECONDS + 30.0


async def test_a_picture_to_scan_for_a_linked_device_means_that_it_is_linked_no_more(bare: Home) -> None:
    await bare.bridge.link()
    await bare.connected()
    await bare.client.shows("2@again")
    assert not bare.bridge.linked
    assert bare.house.store.kept(ME) == ""


# -- around it


def test_the_config_has_two_keys() -> None:
    assert not parse("").whatsapp.enabled
    assert parse("[whatsapp]\nenabled = true").whatsapp == parse("[whatsapp]\nenabled = true\nstrangers = false").whatsapp
    with pytest.raises(ConfigError, match=r'whatsapp\.stranger: unknown key; did you mean "strangers"'):
        parse("[whatsapp]\nstranger = true")


async def test_status_says_what_to_install_and_the_house_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "neonize", None)  # importing it fails, as where it is not installed
    async with running(tmp_path, CONFIG) as daemon:
        await eventually(lambda: MISSING in "\n".join(show.status([daemon.status()])))
        assert daemon.ready.is_set()


async def test_the_page_shows_the_picture_to_the_owner_only(tmp_path: Path) -> None:
    async with house(tmp_path, "[whatsapp]\nenabled = true\n") as daemon:
        (bridge,) = daemon.bridges
        assert isinstance(bridge, WhatsApp)
        bridge._make = FakeClient
        async with phone(daemon, paired=False) as stranger, stranger.http.get("/link/whatsapp.svg") as answer:
            assert answer.status == 401
        assert not bridge._wanted()
        async with phone(daemon) as owner:
            assert (await owner.open())["state"]["links"] == ["whatsapp"]
            async with owner.http.get("/link/whatsapp.svg") as answer:
                assert answer.status == 204
            await eventually(lambda: bridge._client)
            await bridge._client.shows("2@first")
            async with owner.http.get("/link/whatsapp.svg") as answer:
                assert (answer.status, answer.content_type) == (200, "image/svg+xml")
                assert (await answer.text()).startswith("<svg xmlns=")
                assert answer.headers["Cache-Control"] == "no-store"
            async with owner.http.get("/link/telegram.svg") as answer:
                assert answer.status == 204


async def test_the_command_shows_what_to_scan_until_it_is_linked(tmp_path: Path) -> None:
    async with running(tmp_path, CONFIG) as daemon:
        (bridge,) = daemon.bridges
        assert isinstance(bridge, WhatsApp)
        bridge._make = FakeClient
        claw = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "claw.cli", "pair", "whatsapp", "--data", str(tmp_path), stdout=asyncio.subprocess.PIPE
        )
        await eventually(lambda: bridge._client)
        await bridge._client.shows("2@first")
        assert claw.stdout
        seen = b""
        while b"scan this" not in seen:
            seen += await asyncio.wait_for(claw.stdout.readline(), 20)
        assert "█".encode() in seen
        bridge._client.core.logged_in = True
        await bridge._client.tells(pb.Connected(status=True))
        assert b"linked as 491799@s.whatsapp.net 9099@lid" in await claw.stdout.read()
        assert await claw.wait() == 0


async def test_the_command_says_that_it_is_not_switched_on(tmp_path: Path) -> None:
    async with running(tmp_path, CONFIG.replace("true", "false")):
        claw = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "claw.cli", "pair", "whatsapp", "--data", str(tmp_path), stderr=asyncio.subprocess.PIPE
        )
        assert b"whatsapp is not switched on: write enabled = true under [whatsapp]" in (await claw.communicate())[1]
        assert claw.returncode == 1
