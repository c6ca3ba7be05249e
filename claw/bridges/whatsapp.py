"""WhatsApp: a linked device of an account of the claw's own, by neonize (whatsmeow). Not official: WhatsApp may block the number.

People are known by phone number or by LID (the id that hides it): WhatsApp uses either, and vouches for both. Messages and
reactions are end-to-end encrypted. What is written here about WhatsApp is what neonize 0.5 and its protobuf messages say.
"""

import asyncio
import base64
import contextlib
import ctypes
import importlib
import importlib.util
import json
import logging
import re
import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from pathlib import Path
from typing import Any

from claw.bridges.arriving import RECORDING, Arriving, Incoming
from claw.clock import Clock
from claw.messages.outbox import GROUP, Choice, NotSent, Refused
from claw.supervise import attempt, cancel

log = logging.getLogger("claw.whatsapp")
LOOK_SECONDS, SEND_SECONDS, LONGEST_WAIT, REST_SECONDS = 10.0, 80.0, 60.0, 1800.0
PATIENCE_SECONDS = 180.0  # without a connection, then a new one is begun; the pictures to scan end after 160 s
WISH_SECONDS = 60.0  # for how long somebody who looked at the picture is taken to look on
FULL_SECONDS, STOP_SECONDS = 5.0, 3.0
LARGEST = 20 * 2**20  # bytes of a picture
PHONE, LID, TEAM = "s.whatsapp.net", "lid", "g.us"  # servers of an id: a phone number, a hidden one, a group
ME = "whatsapp:me"  # in the store: our own ids, with a space between; empty while not linked
WRAPS = ("ephemeralMessage", "viewOnceMessage", "viewOnceMessageV2", "viewOnceMessageV2Extension", "editedMessage")
EDIT = 14  # ProtocolMessage.MESSAGE_EDIT; its other types are no messages of people
SIGNS = {"👍": "yes", "✅": "yes", "👎": "no", "❌": "no"}
HEARD = ("PairStatus", "Connected", "Disconnected")
MISSING = "a package is missing: pip install claw-house[whatsapp] (on Debian also: apt install libmagic1)"
UNLINKED = "no account is linked: `claw pair whatsapp` shows what to scan with the phone"
UNLINKED_THERE = "the phone has unlinked this device: `claw pair whatsapp` links it anew"
AWAY = "WhatsApp cannot be reached"
ENDS = {  # what ends a connection for good -> in words, and seconds until the next one
    "LoggedOut": (UNLINKED_THERE, 0.0),
    "StreamReplaced": ("another program uses this linked device: stop it, or link anew with `claw pair whatsapp`", LONGEST_WAIT),
    "TemporaryBan": ("WhatsApp has blocked this number for a time", REST_SECONDS),
    "ClientOutdated": ("WhatsApp wants a newer neonize: pip install -U neonize", REST_SECONDS),
    "ConnectFailure": ("WhatsApp does not let us in", LONGEST_WAIT),
}


class WhatsApp:
    """One linked device. neonize takes no key for a send, so what may have gone out is sent again with a remark."""

    name, idempotent, approves = "whatsapp", False, True
    limit = 4096

    def __init__(self, folder: Path, clock: Clock, *, strangers: bool = False, make: Callable[[str], Any] | None = None) -> None:
        """`folder`: for the keys of the device; `strangers`: whether they are shown a code; `make`: a client, by its database."""
        self.folder, self.clock, self.greets, self._make = folder, clock, strangers, make or _client
        self.beat, self.trouble, self.linked = 0.0, "", False
        self._neonize: Any = None
        self._client: Any = None  # neonize.aioze.client.NewAClient
        self._up, self._rest, self._over = False, 0.0, asyncio.Event()
        self._me: set[str] = set()
        self._wish, self._wished = float("-inf"), asyncio.Event()
        self._scan, self._phone, self._code = "", "", ""
        self._taking: set[Future[Exception | None]] = set()

    # -- the link

    async def link(self, phone: str = "") -> dict[str, str]:
        """See `Links`."""
        self._wish = self.clock.monotonic()
        self._wished.set()
        if (phone := re.sub(r"\D", "", phone)) and phone != self._phone:
            self._phone, self._code, self.trouble = phone, "", AWAY
            await self._ask_code()
        trouble = "" if self.trouble in (AWAY, UNLINKED, UNLINKED_THERE) else self.trouble
        linked = " ".join(sorted(self._me)) if self.linked else ""
        return {"linked": linked, "scan": self._scan, "code": self._code, "trouble": trouble}

    def _wanted(self) -> bool:
        return self.linked or self.clock.monotonic() - self._wish < WISH_SECONDS

    async def _offer(self, arriving: Arriving, _: Any, data: bytes) -> None:
        """Another picture to scan: there is no account (any more). From now on a code for a phone can be asked for, too."""
        first, self._scan, self.trouble = not self._scan, data.decode(), AWAY
        if self.linked:
            self._unlink(arriving)
        if first:
            await self._ask_code()

    def _unlink(self, arriving: Arriving) -> None:
        arriving.store.keep(ME, "")
        self.linked = False

    async def _ask_code(self) -> None:
        """Ask for what is typed on the phone in place of scanning."""
        if not (self._phone and self._scan and self._client):
            return
        try:
            self._code = await self._client.PairPhone(self._phone, True)
        except self._neonize.exc.NeonizeError as error:
            self.trouble, self._phone = f"WhatsApp gives no code for this number ({error})", ""

    # -- in

    async def run(self, arriving: Arriving) -> None:
        """Be the linked device until cancelled; while there is no account, wait until somebody wants to link one."""
        while True:
            self._me = set((arriving.store.kept(ME) or "").split())
            self.linked, self._rest = bool(self._me), 0.0
            if await self._ready():
                await self._serve(arriving)
                await self._pause(self._rest)

    async def _ready(self) -> bool:
        """Whether the library is there and a connection is wanted; else wait a moment."""
        self.beat = self.clock.monotonic()
        try:
            self._neonize = await asyncio.to_thread(_library)
        except (ImportError, OSError, RuntimeError) as error:  # not there, or its other half does not load on this machine
            if self.trouble != MISSING:
                log.warning("neonize: %s", error)
            self.trouble = MISSING
            await self.clock.sleep(LOOK_SECONDS)
            return False
        if self._wanted():
            return True
        self.trouble = self.trouble if self.trouble == UNLINKED_THERE else UNLINKED
        self._wished.clear()
        await self.clock.until(self._wished, LOOK_SECONDS)
        return False

    async def _pause(self, seconds: float) -> None:
        until = self.clock.monotonic() + seconds
        while (left := until - self.clock.monotonic()) > 0:
            self.beat = self.clock.monotonic()
            await self.clock.sleep(min(left, LOOK_SECONDS))

    async def _serve(self, arriving: Arriving) -> None:
        """One connection, until it is over for good, unwanted, or away for too long; short breaks the library mends itself."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._over.clear()
        self.trouble = AWAY
        client = self._client = self._make(str(self.folder / "session.db"))
        self._hear(arriving, client)
        work, last = await client.connect(), self.clock.monotonic()
        work.add_done_callback(lambda _: self._over.set())
        try:
            while not self._over.is_set() and self._wanted() and self.clock.monotonic() - last < PATIENCE_SECONDS:
                await self.clock.until(self._over, LOOK_SECONDS)
                up = self._up and await client.is_logged_in
                self.beat = self.clock.monotonic()
                last = self.beat if up else last
            if work.done() and not work.cancelled() and (error := work.exception()):
                self.trouble, self._rest = f"{AWAY}: {error}", LONGEST_WAIT
        finally:
            self._up, self._scan, self._code = False, "", ""
            await self._stop(client, work)
            self._client = None

    async def _stop(self, client: Any, work: "asyncio.Task[None]") -> None:
        """Hang up first: what was not committed must not be acknowledged."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await client.stop()
        for one in list(self._taking):
            one.cancel()
        await cancel(work, seconds=STOP_SECONDS)

    def _hear(self, arriving: Arriving, client: Any) -> None:
        """Take events from the library's threads; when one has brought a message and returns, WhatsApp is told that it came."""
        loop, events = asyncio.get_running_loop(), self._neonize.events

        def came(_: int, address: int, size: int, code: int) -> None:
            event = events.INT_TO_EVENT[code].FromString(ctypes.string_at(address, size))
            work = asyncio.run_coroutine_threadsafe(attempt(self._heard(arriving, client, event), "an event of WhatsApp"), loop)
            if isinstance(event, self._neonize.pb.Message):
                self._taking.add(work)
                work.add_done_callback(self._taking.discard)
                with contextlib.suppress(CancelledError):
                    work.result()  # waits for the commit

        for name in ("Message", *HEARD, *ENDS):
            client.event(getattr(self._neonize.pb, name))(_nothing)  # has the library tell of it
        client.qr(partial(self._offer, arriving))
        client.event.execute = came

    async def _heard(self, arriving: Arriving, client: Any, event: Any) -> None:
        """One event of the library; what an older connection tells of itself is of no interest any more."""
        kind = type(event).__name__
        if kind == "Message":
            await self._take(arriving, event)
        elif client is not self._client:
            log.debug("too late: %s", kind)
        elif kind == "Connected":
            await self._connected(arriving)
        elif kind == "Disconnected":
            self._up, self.trouble = False, AWAY
        elif kind == "PairStatus" and event.Error:
            self.trouble = f"the phone could not link this device ({event.Error})"
        elif kind in ENDS:
            self._ended(arriving, kind, event)

    async def _connected(self, arriving: Arriving) -> None:
        """We are let in: from here on the outbox may go out."""
        me = await self._client.get_me()
        self._me = {_id(one) for one in (me.JID, me.LID) if one.User}
        arriving.store.keep(ME, " ".join(sorted(self._me)))
        self._up, self.linked, self.trouble = True, True, ""
        self._phone = self._code = self._scan = ""
        self._wish = float("-inf")
        arriving.agent.outbox.wake()

    def _ended(self, arriving: Arriving, kind: str, event: Any) -> None:
        words, self._rest = ENDS[kind]
        why = getattr(event, "Message", "")
        self._up, self.trouble = False, f"{words} ({why})" if why else words
        log.warning("%s", self.trouble)
        if kind == "LoggedOut":
            self._unlink(arriving)
            arriving.agent.tell(f"WhatsApp: {self.trouble}.")
        self._over.set()

    async def _take(self, arriving: Arriving, event: Any) -> None:
        """Returns when it is committed: on a full disk not before there is room."""
        one = await self._incoming(arriving, event)
        while one:
            try:
                await arriving.take(self, [one])
                return
            except sqlite3.OperationalError as error:
                log.warning("a message waits: %s", error)
                await self.clock.sleep(FULL_SECONDS)

    async def _incoming(self, arriving: Arriving, event: Any) -> Incoming | None:
        """An event as the core knows it; None for what is of no use: our own, status, channels, stickers, settings."""
        info, message = event.Info, _unwrapped(event.Message)
        source = info.MessageSource
        if source.IsFromMe or source.Chat.Server not in (PHONE, LID, TEAM):
            return None
        ids = await self._ids(source)
        address = next((one for one in ids if arriving.people.who(self.name, one)), ids[0])
        chat = _id(source.Chat) if source.IsGroup else address
        who = {"chat": chat, "address": address, "name": info.Pushname, "private": not source.IsGroup}
        if message.HasField("protocolMessage"):
            change = message.protocolMessage
            return Incoming(f"wa:{chat}:edit:{change.key.ID}", edited=True, **who) if change.type == EDIT else None
        if event.IsEdit:
            return Incoming(f"wa:{chat}:edit:{info.ID}", edited=True, **who)
        key, at = f"wa:{chat}:{info.ID}", _seconds(info.Timestamp)
        if message.HasField("reactionMessage"):
            answer = self._meant(self._row(arriving, chat, message.reactionMessage.key.ID), message.reactionMessage.text)
            return Incoming(key, at=at, pressed=answer, **who) if answer and who["private"] else None
        return self._written(arriving, message, Incoming(key, at=at, **who))

    async def _ids(self, source: Any) -> list[str]:
        """The ids of who wrote, the phone number first. When only one came along, the library may know the other."""
        found = {one.Server: _id(one) for one in (source.Sender, source.SenderAlt) if one.User}
        look = {PHONE: self._client.get_lid_from_pn, LID: self._client.get_pn_from_lid}.get(source.Sender.Server)
        if len(found) == 1 and look:
            with contextlib.suppress(self._neonize.exc.NeonizeError):
                other = await look(self._neonize.jid(source.Sender.User, source.Sender.Server))
                found |= {other.Server: _id(other)} if other.User else {}
        return [found[server] for server in (PHONE, LID, *found) if server in found]

    def _written(self, arriving: Arriving, message: Any, one: Incoming) -> Incoming | None:
        """Words, a picture or a voice note. Whoever quotes can write the quote himself, so only our reference counts of it."""
        content = next((getattr(message, name) for name in CONTENTS if message.HasField(name)), None)
        if content is None and not message.HasField("conversation"):
            return None
        text = message.conversation or getattr(content, "text", "") or getattr(content, "caption", "")
        context = content.contextInfo if content else self._neonize.e2e.ContextInfo()
        forwarded = context.isForwarded or context.forwardingScore > 0
        row = self._row(arriving, one.chat, context.stanzaID) if context.stanzaID else None
        quoted = _unwrapped(context.quotedMessage)
        others = "" if row else quoted.conversation or quoted.extendedTextMessage.text or quoted.imageMessage.caption
        called = bool(self._me & {re.sub(r":\d+@", "@", jid) for jid in context.mentionedJID})
        if one.private and not forwarded and (answer := self._meant(row or self._open(arriving, one.chat), text.strip())):
            return Incoming(one.key, one.chat, one.address, one.name, at=one.at, pressed=answer)
        voice = "".join(_file(message, "audioMessage")) if message.audioMessage.PTT and not forwarded else ""
        if message.HasField("audioMessage") and not voice:
            text, others = "", RECORDING  # it may be anybody's
        return Incoming(
            one.key, one.chat, one.address, one.name, text="" if forwarded else self._own(text), at=one.at, private=one.private,
            addressed=called or row is not None, quoted=text if forwarded and text else others,
            answers=context.stanzaID if row else "", voice=voice, images=_file(message, "imageMessage"),
        )  # fmt: skip

    def _own(self, text: str) -> str:
        """The words without a mention of the claw, which is @ and the first part of an id."""
        users = "|".join(re.escape(one.partition("@")[0]) for one in self._me)
        return re.sub(rf"@(?:{users})\b", "", text).strip(" ,:") if users else text

    def _row(self, arriving: Arriving, chat: str, ref: str) -> sqlite3.Row | None:
        """What we sent to this chat with this reference."""
        way = self.name + GROUP if chat.endswith(TEAM) else self.name
        return arriving.agent.outbox.asked(way, f"{self.name}:{chat}", ref)

    def _open(self, arriving: Arriving, chat: str) -> sqlite3.Row | None:
        """The question that a bare number answers: the only one that is open in this chat."""
        rows = arriving.store.all(
            "SELECT outbox.* FROM outbox JOIN questions ON questions.id = question WHERE outbox.bridge = ? AND outbox.chat = ?"
            " AND outbox.status = 'sent' AND questions.status = 'open' AND expires > ?",
            self.name, f"{self.name}:{chat}", self.clock.time(),
        )  # fmt: skip
        return rows[0] if len(rows) == 1 else None

    def _meant(self, row: sqlite3.Row | None, sign: str) -> str:
        """The data of the choice that a thumb or a number means ("12:yes"); empty when it means none."""
        labels = json.loads(row["choices"]) if row else []
        word = re.sub("[\ufe0f\u20e3\U0001f3fb-\U0001f3ff]", "", sign)  # keycaps and colours of skin
        if word.isascii() and word.isdecimal() and 0 < int(word[:3]) <= len(labels):
            label = labels[int(word) - 1] if len(word) < 3 else ""
            word = label if label in ("yes", "no") else word
        else:
            word = SIGNS.get(word, "")
        fits = word.isdecimal() or word in labels
        return f"{row['question'] or 0}:{word}" if row and word and fits else ""

    async def fetch(self, ref: str) -> bytes:
        """A file that came with a message, decrypted; OSError when it cannot be had."""
        if self._client is None:
            raise OSError("not connected")
        try:
            return bytes(await self._client.download_any(self._neonize.e2e.Message.FromString(base64.b64decode(ref))))
        except self._neonize.exc.NeonizeError as error:
            raise OSError(str(error)) from None

    # -- out

    async def send(self, chat: str, text: str, key: str, choices: Sequence[str]) -> str:
        """Send text, with a number for each choice that can be told apart; WhatsApp's id of it."""
        return await self._say(chat, self._text(text + _numbered([one for one in choices if isinstance(one, Choice)])))

    async def picture(self, chat: str, path: str, text: str, key: str) -> str:
        """Send a picture with a text under it."""
        client, data = self._ready_client(), Path(path).read_bytes()
        try:
            message = await self._heard_out(client.build_image_message(data, text))
        except self._neonize.no_image:
            raise Refused(f"{path} is no picture") from None
        except OSError:
            raise NotSent(LONGEST_WAIT) from None  # it was only uploaded, or not even that
        return await self._say(chat, message)

    async def edit(self, chat: str, ref: str, text: str) -> None:
        """Show another text in place of a message; phones take that for 15 minutes."""
        await self._heard_out(self._ready_client().edit_message(self._place(chat), ref, self._text(text)))

    async def typing(self, chat: str) -> None:
        """Show that an answer is on its way."""
        with contextlib.suppress(OSError, NotSent, Refused):
            client, enum = self._ready_client(), self._neonize.enum
            composing = enum.ChatPresence.CHAT_PRESENCE_COMPOSING, enum.ChatPresenceMedia.CHAT_PRESENCE_MEDIA_TEXT
            await self._heard_out(client.send_chat_presence(self._place(chat), *composing))

    def _text(self, text: str) -> Any:
        """A message, as one without a preview or mentions: the library looks into what it is given as words."""
        self._ready_client()
        return self._neonize.e2e.Message(conversation=text)

    def _place(self, chat: str) -> Any:
        user, _, server = chat.partition(":")[2].partition("@")
        return self._neonize.jid(user, server)

    def _ready_client(self) -> Any:
        """The client; NotSent while it is not let in."""
        if self._client is None or not self._up:
            raise NotSent(LONGEST_WAIT)
        return self._client

    async def _say(self, chat: str, message: Any) -> str:
        return str((await self._heard_out(self._ready_client().send_message(self._place(chat), message))).ID)

    async def _heard_out(self, asked: Awaitable[Any]) -> Any:
        """What WhatsApp answers; raises as Bridge.send says."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return await asked
        except TimeoutError:
            raise OSError(f"no answer within {SEND_SECONDS:g} s") from None
        except self._neonize.exc.NeonizeError as error:
            raise _fault(str(error)) from None


CONTENTS = ("extendedTextMessage", "imageMessage", "audioMessage")


class Neonize:
    """The parts of the library that are used here."""

    def __init__(self) -> None:
        part = importlib.import_module
        self.exc, self.events, self.enum = part("neonize.exc"), part("neonize.events"), part("neonize.utils.enum")
        self.pb, self.e2e = part("neonize.proto.Neonize_pb2"), part("neonize.proto.waE2E.WAWebProtobufsE2E_pb2")
        self.no_image = part("PIL").UnidentifiedImageError
        self.jid, self.client = part("neonize.utils.jid").build_jid, part("neonize.aioze.client").NewAClient


def _library() -> Neonize:
    """neonize; ImportError when it cannot be used, also where it would first load its other half from the internet."""
    importlib.invalidate_caches()
    found = importlib.util.find_spec("neonize")
    if found is None or not list(Path(found.origin or "").parent.glob("neonize-*")):
        raise ImportError("neonize")
    logging.getLogger("neonize.utils.log").setLevel(logging.WARNING)  # and so the other half, which is not told of secrets
    return Neonize()


def _client(database: str) -> Any:
    """A client with a name of its own: one that is forgotten ends what has its name."""
    return Neonize().client(database, uuid=uuid.uuid4().hex)


async def _nothing(*_: Any) -> None:
    """Stands where the library wants a function; what comes is heard before it gets there."""


def _id(jid: Any) -> str:
    """An id without the device that it was written on: "491701234567@s.whatsapp.net"."""
    return f"{jid.User}@{jid.Server}"


def _seconds(stamp: int) -> float:
    """Seconds since 1970 of a time stamp in seconds or milliseconds: neonize does not say which."""
    return stamp / 1000 if stamp > 10**11 else float(stamp)


def _unwrapped(message: Any) -> Any:
    """What is in the wrappings of messages that vanish or may be seen once."""
    for _ in range(len(WRAPS)):
        inner = next((getattr(message, name).message for name in WRAPS if message.HasField(name)), None)
        if inner is None:
            break
        message = inner
    return message


def _file(message: Any, name: str) -> tuple[str, ...]:
    """A file as `fetch` wants it: the part of the message that says where it is, and its key."""
    part = getattr(message, name)
    if not message.HasField(name) or part.fileLength > LARGEST:
        return ()
    alone = type(message)(**{name: part})
    return (base64.b64encode(alone.SerializeToString()).decode(),)


def _numbered(labels: Sequence[str]) -> str:
    """What stands under a question: how to answer it."""
    if set(labels) == {"yes", "no"}:
        return "\n" + ", ".join(f"{number} or {'👍' if one == 'yes' else '👎'} {one}" for number, one in enumerate(labels, 1))
    return "".join(f"\n{number} {label}" for number, label in enumerate(labels, 1))


def _fault(why: str) -> Exception:
    """What whatsmeow's words for a failed send mean: surely not sent, refused for good, or nobody knows."""
    code = re.search(r"server returned error (\d{3})", why)
    if re.search(r"not connected|not logged in|doesn't contain a device", why) or (code and code[1] == "429"):
        return NotSent(LONGEST_WAIT)
    return Refused(why[:300]) if code and code[1].startswith("4") else OSError(why[:300])
