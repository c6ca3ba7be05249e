"""What goes out: first in, first out per chat, never twice without saying so."""

import asyncio
import contextlib
import json
import logging
import sqlite3
from collections.abc import Sequence
from typing import Protocol

from claw.clock import Clock
from claw.store import Store
from claw.supervise import attempt

log = logging.getLogger("claw.outbox")
FULL_SECONDS = 5.0  # until the next try while the disk is full or read-only
REPEAT_NOTE = "(may be a repeat) "


class NotSent(Exception):
    """It surely did not go out; try again later (`seconds`)."""

    def __init__(self, seconds: float = 5.0) -> None:
        super().__init__(f"not sent, again in {seconds:g} s")
        self.seconds = seconds


class Refused(Exception):
    """The channel will never take it."""


class Bridge(Protocol):
    """A way to reach people. `idempotent`: sending the same key twice shows one message."""

    name: str
    idempotent: bool
    approves: bool  # whether a yes that comes this way counts: not where it could be forged or overheard
    limit: int  # characters of one message

    async def send(self, chat: str, text: str, key: str, choices: Sequence[str]) -> str:
        """Deliver; returns the channel's reference. Raises NotSent, Refused, or anything else when it is not known."""
        ...


class Outbox:
    """Queued -> sending -> sent; a row found sending at the start is ambiguous."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.bridges: dict[str, Bridge] = {}
        self._wake = asyncio.Event()
        self._chats: dict[tuple[str, str], asyncio.Task[None]] = {}

    def put(self, text: str, *, key: str, bridge: str, chat: str, choices: Sequence[str] = ()) -> None:
        """Queue a message (part of the caller's transaction); a key that is known is dropped."""
        if self.store.one("SELECT 1 FROM outbox WHERE key = ?", key) is None:
            self.store.insert(
                "outbox", key=key, bridge=bridge, chat=chat, text=text, choices=list(choices), due=0.0, at=self.clock.time()
            )
        self._wake.set()

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
        self._wake.set()
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                for row in self.store.all("SELECT DISTINCT bridge, chat FROM outbox WHERE status IN ('queued', 'sending')"):
                    place = (row["bridge"], row["chat"])
                    if place not in self._chats and row["bridge"] in self.bridges:
                        task = self._chats[place] = asyncio.create_task(self._deliver(*place))
                        task.add_done_callback(lambda _, place=place: self._chats.pop(place, None))  # type: ignore[misc]
        finally:
            for task in self._chats.values():
                task.cancel()

    def _mark_ambiguous(self) -> None:
        """After a crash nobody knows whether a row that was `sending` went out."""
        for row in self.store.all("SELECT * FROM outbox WHERE status = 'sending'"):
            self._again(row)

    def _again(self, row: sqlite3.Row, *, failed: bool = False) -> None:
        """Queue a row anew that may have gone out; at once, or the later the more often it `failed`."""
        due = self.clock.time() + min(60.0, 2.0 ** row["tries"]) if failed else 0.0
        bridge = self.bridges.get(row["bridge"])
        text = row["text"] if bridge is None or bridge.idempotent else _noted(row["text"])
        self.store.write("UPDATE outbox SET status = 'queued', due = ?, text = ? WHERE id = ?", due, text, row["id"])

    async def _deliver(self, bridge: str, chat: str) -> None:
        try:
            await self._drain(bridge, chat)
        except sqlite3.OperationalError as error:
            log.warning("%s: %s; trying again", bridge, error)
            asyncio.get_running_loop().call_later(FULL_SECONDS, self._wake.set)

    async def _drain(self, bridge: str, chat: str) -> None:
        """Send what is queued for one chat; what is `sending` now is left from a try that broke off."""
        for left in self.store.all("SELECT * FROM outbox WHERE status = 'sending' AND bridge = ? AND chat = ?", bridge, chat):
            self._again(left)
        while row := self.store.one(
            "SELECT * FROM outbox WHERE status = 'queued' AND bridge = ? AND chat = ? ORDER BY id LIMIT 1", bridge, chat
        ):
            wait = row["due"] - self.clock.time()
            if wait > 0:
                asyncio.get_running_loop().call_later(wait, self._wake.set)
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
            ref = await self.bridges[bridge].send(row["chat"], row["text"], row["key"], json.loads(row["choices"]))
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


def _noted(text: str) -> str:
    return text if text.startswith(REPEAT_NOTE) else REPEAT_NOTE + text
