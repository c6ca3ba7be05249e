"""What goes out: first in, first out per chat, never twice without saying so."""

import asyncio
import contextlib
import json
import logging
import re
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from claw.clock import Clock
from claw.hosting.secrets import redact
from claw.people.codes import Codes
from claw.store import Store
from claw.supervise import attempt

log = logging.getLogger("claw.outbox")
LOOK_SECONDS = 3600.0  # at the latest, for what is over by the wall clock
FULL_SECONDS = 5.0  # until the next try while the disk is full or read-only
REPEAT_NOTE = "(may be a repeat) "
GROUP = "-group"  # behind the name of a bridge: the groups that it reaches, where others write and read, too
ENDED = {"approved": "Approved{who} at {now}.", "declined": "Declined{who} at {now}.", "answered": "Answered at {now}."}
ASKED = "outbox JOIN questions ON questions.id = question WHERE question IS NOT NULL AND settled = 0"
SOONEST = (
    "SELECT min(expires) AS at FROM"
    f" (SELECT expires FROM {ASKED} AND questions.status = 'open' UNION ALL SELECT expires FROM codes)"
)


class NotSent(Exception):
    """It surely did not go out; try again later (`seconds`)."""

    def __init__(self, seconds: float = 5.0) -> None:
        super().__init__(f"not sent, again in {seconds:g} s")
        self.seconds = seconds


class Refused(Exception):
    """The channel will never take it."""


class Choice(str):
    """The words on a button; `data` is what the bridge hands back when it is pressed (at most 40 letters of ASCII)."""

    data: str

    def __new__(cls, label: str, data: str) -> "Choice":
        choice = super().__new__(cls, label)
        choice.data = data
        return choice


class Bridge(Protocol):
    """A way to reach people. `idempotent`: sending the same key twice shows one message. What else it can do: see below."""

    name: str
    idempotent: bool
    approves: bool  # whether a yes that comes this way counts: not where it could be forged or overheard
    limit: int  # characters of one message, or what it `Measures` instead

    async def send(self, chat: str, text: str, key: str, choices: Sequence[str]) -> str:
        """Deliver; returns the channel's reference. Raises NotSent, Refused, or anything else when it is not known.

        `choices` are `Choice`s where a press can be told apart, else plain words.
        """
        ...


@runtime_checkable
class Measures(Protocol):
    """A bridge whose limit counts something else than characters."""

    def measure(self, text: str) -> int:
        """How much of its limit a text takes."""
        ...


@runtime_checkable
class Edits(Protocol):
    """A bridge that can change what it sent."""

    async def edit(self, chat: str, ref: str, text: str) -> None:
        """Show this text in place of the message that `send` gave this reference, without buttons. Raises like `send`."""
        ...


@runtime_checkable
class Pictures(Protocol):
    """A bridge that can send a picture."""

    async def picture(self, chat: str, path: str, text: str, key: str) -> str:
        """Deliver this file with a text. Returns and raises like `send`."""
        ...


@runtime_checkable
class Types(Protocol):
    """A bridge that can show that an answer is on its way."""

    async def typing(self, chat: str) -> None:
        """Show it for a few seconds; nothing is raised for the channel's faults."""
        ...


class Outbox:
    """Queued -> sending -> sent; a row found sending at the start is ambiguous."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock, self.codes = store, clock, Codes(store, clock)
        self.bridges: dict[str, Bridge] = {}
        self._wake = asyncio.Event()
        self._chats: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._timers: set[asyncio.Task[None]] = set()

    def bridge(self, name: str) -> Bridge | None:
        """The bridge of a row, which may be for a group that it reaches."""
        return self.bridges.get(name.removesuffix(GROUP))

    def put(self, text: str, *, key: str, bridge: str, chat: str, choices: Sequence[str] = (), question: int | None = None,
            image: str = "", edits: int | None = None) -> None:  # fmt: skip
        """Queue a message (part of the caller's transaction), a long one in parts; a key that is known is dropped.

        question: the id of the one that it asks. image: a file. edits: the row that it is shown in place of.
        """
        text = redact(text)
        if self.store.one("SELECT 1 FROM outbox WHERE key = ?", key) is None:
            way = self.bridge(bridge)
            measure = way.measure if isinstance(way, Measures) else len
            *parts, last = parted(text, way.limit - len(REPEAT_NOTE), measure) if way else [text]
            row: dict[str, Any] = {"bridge": bridge, "chat": chat, "due": 0.0, "at": self.clock.time()}
            for number, part in enumerate(parts):
                self.store.insert("outbox", key=f"{key}#{number}", text=part, choices=[], **row)
            row |= {"question": question, "image": image, "edits": edits}
            self.store.insert("outbox", key=key, text=last, choices=list(choices), **row)
        self._wake.set()

    def settle(self, now: str, name: Callable[[str], str]) -> None:
        """Let the questions that were sent show how they ended; `now`: "21:04", `name`: of the person with this id."""
        self._settle("(questions.status != 'open' OR expires <= ?)", now, name)

    def _settle(self, which: str, now: str = "", name: Callable[[str], str] = str) -> None:
        ended = f"SELECT outbox.*, questions.status AS end, questions.answer FROM {ASKED} AND {which}"
        for row in self.store.all(ended, self.clock.time()):
            self.store.write("UPDATE outbox SET settled = 1 WHERE id = ?", row["id"])
            if isinstance(self.bridge(row["bridge"]), Edits):
                who = f" by {name(row['answer'])}" if row["answer"] else ""
                words = ENDED.get(row["end"], "No longer open.").format(who=who, now=now)
                text = f"{row['text']}\n{words}"
                self.put(text, key=f"settled:{row['key']}", bridge=row["bridge"], chat=row["chat"], edits=row["id"])

    def asked(self, bridge: str, chat: str, ref: str) -> sqlite3.Row | None:
        """The row that was sent to this chat and has this reference."""
        return self.store.one("SELECT * FROM outbox WHERE ref = ? AND chat = ? AND bridge = ?", ref, chat, bridge)

    def withdraw(self, key: str) -> None:
        """Take back what has not gone out yet: nobody waits for an answer to it any more."""
        self.store.write("DELETE FROM outbox WHERE key = ? AND status = 'queued'", key)

    def wake(self) -> None:
        """Look again now: a channel came up."""
        with contextlib.suppress(sqlite3.OperationalError):  # a full disk: then it goes out when it is due
            self.store.write("UPDATE outbox SET due = 0 WHERE status = 'queued'")
        self._wake.set()

    async def run(self) -> None:
        """Send what is queued, each chat in its own task, until cancelled."""
        self._mark_ambiguous()
        try:
            while True:
                self._wake.clear()
                for row in self.store.all("SELECT DISTINCT bridge, chat FROM outbox WHERE status IN ('queued', 'sending')"):
                    place = (row["bridge"], row["chat"])
                    if place not in self._chats and self.bridge(row["bridge"]):
                        task = self._chats[place] = asyncio.create_task(self._deliver(*place))
                        task.add_done_callback(lambda _, place=place: self._chats.pop(place, None))  # type: ignore[misc]
                await self.clock.until(self._wake, self._expire())
        finally:
            for task in (*self._chats.values(), *self._timers):
                task.cancel()

    def _expire(self) -> float:
        """Let questions and codes whose time is over show it; the seconds until to look again."""
        soonest = self.store.one(SOONEST)
        left = soonest["at"] - self.clock.time() if soonest and soonest["at"] else LOOK_SECONDS
        if left > 0:
            return min(left, LOOK_SECONDS)
        try:
            with self.store.transaction():
                self._settle("questions.status = 'open' AND expires <= ?")
                self.codes.expire()
        except sqlite3.OperationalError:
            return FULL_SECONDS
        return 0.0

    def _wake_in(self, seconds: float) -> None:
        """Look again then."""

        async def later() -> None:
            await self.clock.sleep(seconds)
            self._wake.set()

        self._timers.add(task := asyncio.create_task(later()))
        task.add_done_callback(self._timers.discard)

    def _mark_ambiguous(self) -> None:
        """After a crash nobody knows whether a row that was `sending` went out."""
        for row in self.store.all("SELECT * FROM outbox WHERE status = 'sending'"):
            self._again(row)

    def _again(self, row: sqlite3.Row, *, failed: bool = False) -> None:
        """Queue a row anew that may have gone out; at once, or the later the more often it `failed`."""
        due = self.clock.time() + min(60.0, 2.0 ** row["tries"]) if failed else 0.0
        bridge = self.bridge(row["bridge"])
        silent = bridge is None or bridge.idempotent or row["edits"] is not None  # the same edit twice shows one
        note = "" if silent or row["text"].startswith(REPEAT_NOTE) else REPEAT_NOTE
        self.store.write("UPDATE outbox SET status = 'queued', due = ?, text = ? || text WHERE id = ?", due, note, row["id"])

    async def _deliver(self, bridge: str, chat: str) -> None:
        try:
            await self._drain(bridge, chat)
        except sqlite3.OperationalError as error:
            log.warning("%s: %s; trying again", bridge, error)
            self._wake_in(FULL_SECONDS)

    async def _drain(self, bridge: str, chat: str) -> None:
        """Send what is queued for one chat; what is `sending` now is left from a try that broke off."""
        for left in self.store.all("SELECT * FROM outbox WHERE status = 'sending' AND bridge = ? AND chat = ?", bridge, chat):
            self._again(left)
        while row := self.store.one(
            "SELECT * FROM outbox WHERE status = 'queued' AND bridge = ? AND chat = ? ORDER BY id LIMIT 1", bridge, chat
        ):
            wait = row["due"] - self.clock.time()
            if wait > 0:
                self._wake_in(wait)
                return
            self.store.write("UPDATE outbox SET status = 'sending', tries = tries + 1 WHERE id = ?", row["id"])
            error = await attempt(self._send(row), f"sending by {bridge}")
            if isinstance(error, sqlite3.OperationalError):
                raise error
            if error is not None:  # whatever else a bridge raises: nobody knows whether it went out
                self._again(row, failed=True)

    async def _send(self, row: sqlite3.Row) -> None:
        id, bridge = row["id"], row["bridge"]
        try:
            ref = await self._by(row)
        except NotSent as again:
            self.store.write("UPDATE outbox SET status = 'queued', due = ? WHERE id = ?", self.clock.time() + again.seconds, id)
        except Refused as error:
            log.warning("%s refused a message: %s", bridge, error)
            self.store.write("UPDATE outbox SET status = 'refused' WHERE id = ?", id)
        except (OSError, TimeoutError) as error:
            log.warning("%s: sending ended with %r; trying again", bridge, error)
            self._again(row, failed=True)
        else:
            self.store.write("UPDATE outbox SET status = 'sent', ref = ? WHERE id = ?", ref, id)

    async def _by(self, row: sqlite3.Row) -> str | None:
        """Hand a row to its bridge in the way that it can take it; the reference."""
        bridge, chat, text = self.bridge(row["bridge"]), row["chat"], row["text"]
        if bridge is None:
            raise NotSent(FULL_SECONDS)
        if row["edits"] is not None:
            before = self.store.one("SELECT ref FROM outbox WHERE id = ?", row["edits"])
            if before and before["ref"] and isinstance(bridge, Edits):
                await bridge.edit(chat, before["ref"], text)
            return None
        if row["image"] and isinstance(bridge, Pictures) and Path(row["image"]).is_file():
            return await bridge.picture(chat, row["image"], text, row["key"])
        return await bridge.send(chat, text, row["key"], _buttons(json.loads(row["choices"]), row["question"]))


def _buttons(labels: Sequence[str], question: int | None) -> list[str]:
    """Choices that say which question they answer: yes, no or a number. A yes without a question is no button."""
    words = {label: label if label in ("yes", "no") else str(number) for number, label in enumerate(labels, 1)}
    if question is None and {"yes", "no"} & set(labels):
        return list(labels)
    return [Choice(label, f"{question or 0}:{answer}") for label, answer in words.items()]


def parted(text: str, limit: int, measure: Callable[[str], int] = len) -> list[str]:
    """A text in parts of at most this measure, cut between paragraphs, lines, sentences or words where there are any."""
    parts = []
    while measure(text) > limit:
        most = bisect_right(range(len(text)), limit, key=lambda end: measure(text[:end])) - 1
        cuts = [found.end() for gap in (r"\n\n+", r"\n", r"[.!?]\s", r"\s") for found in _last(gap, text, most)]
        at = next((cut for cut in cuts if cut > most // 2), cuts[-1] if cuts else most)
        parts.append(text[:at].rstrip())
        text = text[at:].lstrip()
    return [*parts, text]


def _last(gap: str, text: str, limit: int) -> list[re.Match[str]]:
    """The last such gap within the limit."""
    return list(re.finditer(gap, text[:limit]))[-1:]
