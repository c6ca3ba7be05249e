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
from typing import Protocol, runtime_checkable

from claw.agent import Agent
from claw.clock import Clock
from claw.files import replace as write
from claw.messages.inbox import Answered, Message
from claw.messages.outbox import GROUP, Bridge, Types
from claw.names import fold
from claw.people.people import PeopleError, Person
from claw.reflex.alias import AGREED, REFUSED
from claw.supervise import attempt, cancel

log = logging.getLogger("claw.bridges")
FRESH_SECONDS = 5.0  # what a channel's clock says to be so old is new: no two clocks agree to the second
TYPING_SECONDS, TYPING_AGAIN, TYPING_LONGEST = 1.0, 4.0, 120.0
DEAD_SECONDS = 120.0
FETCH_SECONDS = 10.0  # for all files of a batch; what comes later waits meanwhile
MEDIA_BYTES = 256 << 20  # of pictures that are kept; the oldest go first
CLOSE_SECONDS = 5.0  # for a bridge that is stopped
HELLO = "Hello{name}. Write what you want, such as “turn on the kitchen lamp”; “help” shows what this house understands."
STRANGER = "Hello. I answer only people of this house. Show this code to its owner within 10 minutes: {code}"
EDITED = "I take no message twice: please write the changed one anew."
DEAF = "I cannot listen to voice notes: no speech recogniser is installed here. Please write it."


@dataclass(frozen=True)
class Incoming:
    """One thing that came over a bridge, told apart as the channel itself vouches for it.

    key: unique for ever, and the same when it comes again (of an edit: one of the message that was edited). chat, address: the
    channel's own ids of where it was written and by whom; name: what they call themselves. text: their own words, without a
    mention of the claw. at: when it was written, seconds since 1970 (0: now). addressed: meant for the claw (a mention, a reply
    to it, a command). quoted: words of others that were forwarded or quoted. answers: the reference of the message of ours that
    this replies to. pressed: the data of a choice. images: the channel's references, for `fetch`.
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
    voice: bool = False


class Polled(Bridge, Protocol):
    """A bridge that runs: `run` hands what arrives to `arriving.take` until it is cancelled.

    beat: monotonic time at which its channel answered last, however; trouble: what is wrong, for people, and empty when it works.
    """

    beat: float
    trouble: str

    async def run(self, arriving: "Arriving") -> None:
        """Receive until cancelled. What it raises has it started anew."""
        ...


@runtime_checkable
class Fetches(Protocol):
    """A bridge that can fetch the files that came with a message."""

    async def fetch(self, ref: str) -> bytes:
        """The file; OSError when it cannot be had."""
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

    def _reached(self) -> dict[tuple[str, str], Person]:
        """Bridge and chat of everybody who has one."""
        return {place: one for one in self.people.all() for place in self.people.addresses(one.id)}

    def _look(self) -> None:
        """Who came and went: greet who is new; what is said unasked goes to the chats of the owners."""
        old, self._chats = self._chats, self._reached()
        for (bridge, chat), person in self._chats.items():
            if (bridge, chat) not in old:
                hello = HELLO.format(name=_named(person))
                self.agent.outbox.put(hello, key=f"hello:{chat}:{self.clock.time()}", bridge=bridge, chat=chat)
        others = [place for place in self.agent.owners if place not in {**old, **self._chats}]
        self.agent.owners[:] = [*others, *(place for place, one in self._chats.items() if one.role == "owner")]

    async def take(self, bridge: Polled, batch: Sequence[Incoming], cursor: tuple[str, str] | None = None) -> None:
        """Commit all of them and the bridge's place (name and value) at once; then the channel may forget them.

        What was taken before is dropped; sqlite3.OperationalError: the disk is full, and nothing was taken.
        """
        batch = [replace(one, text=one.text.encode("utf-8", "replace").decode()) for one in batch]  # half a letter is none
        until = asyncio.get_running_loop().time() + FETCH_SECONDS
        files = {one.key: await self._files(bridge, one, until) for one in batch if one.images and not one.edited}
        taken: list[Message] = []
        with self.store.transaction():
            if cursor:
                self.store.keep(*cursor)
            for one in batch:
                if message := self._one(bridge, one, files.get(one.key, ())):
                    taken.append(message)
        for message in taken:
            self._show_typing(bridge, message)

    def _one(self, bridge: Bridge, one: Incoming, files: Sequence[str]) -> Message | None:
        """Who it is decides: a stranger is shown a code or let in by one, and in a group not even that."""
        person = self.people.who(bridge.name, one.address)
        if person is None:
            if one.private and not (one.edited or one.pressed):
                self._stranger(bridge, one)
            return None
        if not one.private and not (one.addressed or one.pressed):
            return None
        if one.edited or one.voice:
            self._say(bridge, one, EDITED if one.edited else DEAF)
            return None
        return self._message(bridge, one, person, files)

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
        elif code := self.people.stranger(*place, one.name):
            self._say(bridge, one, STRANGER.format(code=code))

    def _say(self, bridge: Bridge, one: Incoming, text: str) -> None:
        self.agent.outbox.put(text, key=f"said:{one.key}", bridge=_way(bridge, one), chat=f"{bridge.name}:{one.chat}")

    def _message(self, bridge: Bridge, one: Incoming, person: Person, files: Sequence[str]) -> Message | None:
        """A row of the inbox: an answer to a question, or words to read."""
        chat, text = f"{bridge.name}:{one.chat}", _command(one.text)
        if text == "start":
            self._say(bridge, one, HELLO.format(name=_named(person)))
            return None
        age = self.clock.time() - one.at if one.at else 0.0
        kind, text = self._answer(_way(bridge, one), chat, one, text) or ("message", text)
        extra = {"quoted": one.quoted} if one.quoted else {}
        return self.agent.inbox.put(
            text, key=one.key, bridge=_way(bridge, one), chat=chat, person=person.id, kind=kind,
            age=age if age > FRESH_SECONDS else 0.0, extra=extra | ({"images": list(files)} if files else {}),
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

    async def _files(self, bridge: Bridge, one: Incoming, until: float) -> list[str]:
        """Keep the pictures of a person of the house that come before `until` (seconds of the loop); never a stranger's."""
        known = self.people.who(bridge.name, one.address) and (one.private or one.addressed)
        if not known or not isinstance(bridge, Fetches):
            return []
        kept = []
        for ref in one.images:
            try:
                async with asyncio.timeout_at(until):
                    kept.append(self._keep(await bridge.fetch(ref)))
            except OSError as error:  # also a time-out, and a full disk
                log.warning("%s: a picture could not be kept: %s", bridge.name, error)
        return kept

    def _keep(self, data: bytes) -> str:
        """A picture as a file of its own; the same picture is kept once."""
        path = self.media / (hashlib.sha256(data).hexdigest()[:32] + (".png" if data.startswith(b"\x89PNG") else ".jpg"))
        self.media.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(path, data)
        self._make_room()
        return str(path)

    def _make_room(self) -> None:
        """Drop the oldest pictures beyond what is kept."""
        kept, total = sorted(self.media.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True), 0
        for number, path in enumerate(kept):
            total += path.stat().st_size
            if total > MEDIA_BYTES and number:
                path.unlink()

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
