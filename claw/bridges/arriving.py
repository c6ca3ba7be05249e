"""What comes over any bridge: who wrote it, whether it is for the claw, and one commit for it and the bridge's place.

Here and not in a bridge: strangers and their codes, groups, edits, quotes, files, commands with a slash, buttons, typing.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from claw import media
from claw.agent import Agent
from claw.clock import Clock
from claw.messages.inbox import Answered, Message
from claw.messages.outbox import GROUP, Bridge, NotSent, Types
from claw.moments import at_words
from claw.names import fold
from claw.people.people import ONE_WAY, PeopleError, Person
from claw.reflex.alias import AGREED, REFUSED
from claw.supervise import attempt, cancel

log = logging.getLogger("claw.bridges")
RECORDING = "(a recording)"  # stands for a voice note or sound file that is not the person's own words
FRESH_SECONDS = 5.0  # what a channel's clock says to be so old is new: no two clocks agree to the second
TYPING_SECONDS, TYPING_AGAIN, TYPING_LONGEST = 1.0, 4.0, 120.0
DEAD_SECONDS = 120.0
FETCH_SECONDS, AGAIN_SECONDS = 10.0, 0.5  # for all files of a message; between tries while there is no connection
CLOSE_SECONDS = 5.0  # for a bridge that is stopped
HELLO = "Hello{name}. Write what you want, such as “turn on the kitchen lamp”; “help” shows what this house understands."
SOON = "Hello{name}. Your time in this house begins {begins}: then I do what you write here."
STRANGER = "Hello. I answer only people of this house. Show this code to its owner within 10 minutes: {code}"
EDITED = "I take no message twice: please write the changed one anew."
NOTICE = "From now on I tell you here what you should know. What you answer here I do not read: write to me elsewhere."


@dataclass(frozen=True)
class Incoming:
    """One thing that came over a bridge, told apart as the channel itself vouches for it.

    key: unique for ever, and the same when it comes again (of an edit: one of the message that was edited). chat, address: the
    channel's own ids of where it was written and by whom; name: what they call themselves. text: their own words, without a
    mention of the claw. at: when it was written, seconds since 1970 (0: now). addressed: meant for the claw (a mention, a reply
    to it, a command). quoted: words of others that were forwarded or quoted. answers: the reference of the message of ours that
    this replies to. pressed: the data of a choice. images, voice: the channel's references, for `fetch`; a voice note that was
    forwarded, or sent as a file, is none of their own words, so it goes into `quoted` as RECORDING.
    """

    key: str
    chat: str
    address: str
    name: str
    text: str = ""
    at: float = 0.0
    private: bool = True
    addressed: bool = True
    edited: bool = False
    quoted: str = ""
    answers: str = ""
    pressed: str = ""
    images: tuple[str, ...] = ()
    voice: str = ""


class Polled(Bridge, Protocol):
    """A bridge that runs: `run` hands what arrives to `arriving.take` until it is cancelled.

    beat: monotonic time at which its channel answered last, however; trouble: what is wrong, for people, and empty when it works.
    """

    beat: float

    @property
    def trouble(self) -> str: ...

    async def run(self, arriving: "Arriving") -> None:
        """Receive until cancelled. What it raises has it started anew."""
        ...


@runtime_checkable
class Fetches(Protocol):
    """A bridge that can fetch the files that came with a message."""

    async def fetch(self, ref: str) -> bytes:
        """The file; OSError when it cannot be had."""
        ...


@runtime_checkable
class Links(Protocol):
    """A bridge that becomes a device of somebody's account: a phone scans a picture, or a code is typed there."""

    linked: bool

    async def link(self, phone: str = "") -> dict[str, str]:
        """How to link an account; ask every few seconds until it is done. phone: digits, the country's code first.

        scan: the text of a QR code, or code: what to type on that phone. linked: the account, when it is done. trouble: why not.
        """
        ...


class Arriving:
    """Takes what bridges hand over."""

    def __init__(self, agent: Agent, media: Path) -> None:
        """`media`: the folder for the pictures that people send."""
        self.agent, self.people, self.store, self.clock = agent, agent.people, agent.store, agent.clock
        self.media = media
        self._typing: set[asyncio.Task[Exception | None]] = set()
        self._chats = self._reached()
        self._look()
        agent.events.subscribe(Answered, lambda _: self._look())
        agent.listening.fetch = self._fetch

    def _reached(self) -> dict[tuple[str, str], Person]:
        """Bridge and chat of everybody who has one."""
        return {place: one for one in self.people.all() for place in self.people.addresses(one.id)}

    def _look(self) -> None:
        """Who came and went: greet who is new; what is said unasked goes to the chats of the owners."""
        old, self._chats = self._chats, self._reached()
        for (bridge, chat), person in self._chats.items():
            if (bridge, chat) not in old:
                hello = NOTICE if bridge in ONE_WAY else self._hello(person)
                self.agent.outbox.put(hello, key=f"hello:{chat}:{self.clock.time()}", bridge=bridge, chat=chat)
        others = [place for place in self.agent.owners if place not in {**old, **self._chats}]
        self.agent.owners[:] = [*others, *(place for place, one in self._chats.items() if one.role == "owner")]

    def _hello(self, person: Person) -> str:
        begins = at_words(person.begins, self.clock.now()) if person.begins and self.people.early(person) else ""
        return (SOON if begins else HELLO).format(name=_named(person), begins=begins)

    async def take(self, bridge: Polled, batch: Sequence[Incoming], cursor: tuple[str, str] | None = None) -> None:
        """Commit all of them and the bridge's place (name and value) at once; then the channel may forget them.

        What was taken before is dropped; sqlite3.OperationalError: the disk is full, and nothing was taken.
        """
        batch = [replace(one, text=one.text.encode("utf-8", "replace").decode()) for one in batch]  # half a letter is none
        taken: list[Message] = []
        with self.store.transaction():
            if cursor:
                self.store.keep(*cursor)
            for one in batch:
                if message := self._one(bridge, one):
                    taken.append(message)
        for message in taken:
            self._show_typing(bridge, message)

    def _one(self, bridge: Bridge, one: Incoming) -> Message | None:
        """Who it is decides: a stranger is shown a code or let in by one, and in a group not even that."""
        person = self.people.who(bridge.name, one.address)
        if person is None:
            if one.private and not (one.edited or one.pressed):
                self._stranger(bridge, one)
            return None
        if not one.private and not (one.addressed or one.pressed):
            return None
        if one.edited or self.people.early(person):
            self._say(bridge, one, EDITED if one.edited else self._hello(person))
            return None
        return self._message(bridge, one, person)

    def _stranger(self, bridge: Bridge, one: Incoming) -> None:
        """No word of a stranger goes further than this."""
        place = bridge.name, one.address, f"{bridge.name}:{one.chat}"
        words = one.text.removeprefix("/start").strip()
        self.store.on_rollback(self._look)
        try:
            person = self.people.redeem(*place, words, one.name) if words and not one.quoted else None
        except PeopleError as error:
            log.warning("%s: a code could not be used: %s", bridge.name, error)
            person = None
        if person:
            self._look()
        elif getattr(bridge, "greets", True) and (code := self.people.stranger(*place, one.name)):
            self._say(bridge, one, STRANGER.format(code=code))

    def _say(self, bridge: Bridge, one: Incoming, text: str) -> None:
        self.agent.outbox.put(text, key=f"said:{one.key}", bridge=_way(bridge, one), chat=f"{bridge.name}:{one.chat}")

    def _message(self, bridge: Bridge, one: Incoming, person: Person) -> Message | None:
        """A row of the inbox: an answer to a question, or words to read."""
        chat, text = f"{bridge.name}:{one.chat}", _command(one.text)
        if text == "start":
            self._say(bridge, one, self._hello(person))
            return None
        age = self.clock.time() - one.at if one.at else 0.0
        kind, text = self._answer(_way(bridge, one), chat, one, text) or ("message", text)
        extra: dict[str, Any] = {"quoted": one.quoted} if one.quoted else {}
        extra |= {"voice": ""} if one.voice else {}
        if refs := [one.voice] if one.voice else list(one.images):
            extra["refs"] = refs
        return self.agent.inbox.put(
            text, key=one.key, bridge=_way(bridge, one), chat=chat, person=person.id, kind=kind,
            age=age if age > FRESH_SECONDS else 0.0, extra=extra,
        )  # fmt: skip

    def _answer(self, way: str, chat: str, one: Incoming, text: str) -> tuple[str, str] | None:
        """Kind and text of the row, when a button was pressed or a question of ours replied to with yes, no or a number."""
        id, _, said = one.pressed.partition(":")
        if one.answers and not one.pressed and (row := self.agent.outbox.asked(way, chat, one.answers)):
            words = " ".join(fold(text))
            id, said = str(row["question"]), "yes" if AGREED.fullmatch(words) else "no" if REFUSED.fullmatch(words) else words
            if said not in ("yes", "no") and not said.isdecimal():
                return None
        if not id.isdecimal():
            return ("message", "") if one.pressed else None
        return ("answer", json.dumps({"question": int(id), "text": said})) if int(id) else ("message", said)

    # -- what comes with a message

    async def _fetch(self, message: Message) -> Message:
        """The message with its voice note or pictures as files: fetched in its turn, so that only its own chat waits for them."""
        extra = dict(message.extra or {})
        if not (refs := extra.pop("refs", ())):
            return message
        until, kept = asyncio.get_running_loop().time() + FETCH_SECONDS, list[str]()
        for ref in refs:
            try:
                async with asyncio.timeout_at(until):
                    kept.append(self._keep(await self._fetched(message.bridge, ref), message.key if "voice" in extra else ""))
            except OSError as error:  # also a time-out, and a full disk
                log.warning("%s: a file could not be kept: %s", message.bridge, error)
        files = {"voice": "".join(kept)} if "voice" in extra else {"images": kept} if kept else {}
        return self.agent.inbox.bring(message, extra | files)

    async def _fetched(self, name: str, ref: str) -> bytes:
        """A file from a bridge, which may not be connected yet."""
        bridge = self.agent.outbox.bridge(name)
        if not isinstance(bridge, Fetches):
            raise OSError("this bridge fetches no files")
        while True:
            try:
                return await bridge.fetch(ref)
            except NotSent:
                await asyncio.sleep(AGAIN_SECONDS)

    def _keep(self, data: bytes, voice: str = "") -> str:
        """A file of its own: of a picture the same is kept once; a voice note, by its message's key, is deleted when heard."""
        return str(media.keep(self.media, data, voice and f"{hashlib.sha256(voice.encode()).hexdigest()[:32]}.voice"))

    def _show_typing(self, bridge: Bridge, message: Message) -> None:
        if isinstance(bridge, Types):
            task = asyncio.create_task(attempt(self._type(bridge, message), f"typing by {message.bridge}"))
            self._typing.add(task)
            task.add_done_callback(self._typing.discard)

    async def _type(self, bridge: Types, message: Message) -> None:
        """While a turn takes longer than a second."""
        await self.clock.sleep(TYPING_SECONDS)
        until = self.clock.monotonic() + TYPING_LONGEST
        while self.agent.inbox.get(message.id).status != "done" and self.clock.monotonic() < until:
            await bridge.typing(message.place)
            await self.clock.sleep(TYPING_AGAIN)

    async def close(self) -> None:
        """End what is under way."""
        await cancel(*self._typing)


async def watched(bridge: Polled, arriving: Arriving, clock: Clock) -> None:
    """Run a bridge; TimeoutError when its channel answered nothing for 120 s, so that it is started anew."""
    bridge.beat = clock.monotonic()
    work = asyncio.create_task(bridge.run(arriving), name=bridge.name)
    ended = asyncio.Event()
    work.add_done_callback(lambda _: ended.set())
    try:
        while not work.done():
            if (left := bridge.beat + DEAD_SECONDS - clock.monotonic()) <= 0:
                raise TimeoutError(f"{bridge.name} heard nothing for {DEAD_SECONDS:g} s")
            await clock.until(ended, left)
        work.result()
    finally:
        await cancel(work, seconds=CLOSE_SECONDS)


def _way(bridge: Bridge, one: Incoming) -> str:
    return bridge.name if one.private else bridge.name + GROUP


def _named(person: Person) -> str:
    return "" if person.name == person.id else f", {person.name}"


def _command(text: str) -> str:
    """What a command with a slash says in words: "/good_night" is good night."""
    return text[1:].replace("_", " ").strip() if text.startswith("/") else text
