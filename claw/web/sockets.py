"""One phone's connection: its words become rows of the inbox before they are acknowledged; what is told is written in order."""

import asyncio
import contextlib
import json
import math
import sqlite3
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from claw import view
from claw.agent import Agent
from claw.call import ToolCall
from claw.device import DeviceError
from claw.messages.inbox import lane
from claw.reflex.reading import Request
from claw.web.sessions import Session

if TYPE_CHECKING:
    from aiohttp import web

A_SECOND, BURST = 20.0, 60.0  # messages of one phone
UNREAD = 512  # own frames that may wait for a slow reader
LONGEST_CID = 64
OLDEST = 366 * 86400.0  # seconds; what was typed before counts as typed then
FULL = "Nothing was taken: the disk is full."
NONSENSE = "That makes no sense to me, so nothing was taken."
AWAY = "That device is not here any more."
GONE = "That question is no longer open, or this is no answer to it. Nothing was done."
FLOOD = "That is too much at once; the rest is taken more slowly."
Frame = dict[str, Any]


class Refused(Exception):
    """Nothing was taken; in words for a person, why."""


class Socket:
    """Reads one websocket and writes to it, until it ends or is too slow."""

    def __init__(self, ws: "web.WebSocketResponse", cut: Callable[[], None], agent: Agent, session: Session, via: str,
                 since: Callable[[int], list[str] | None], answered: set[str]) -> None:  # fmt: skip
        """`cut` the connection; `via`: the bridge; `since`: frames after a number; `answered`: keys of answers taken."""
        self.ws, self._cut, self.agent, self.session, self.via, self._since = ws, cut, agent, session, via, since
        self._seq, self._own, self._wake = 0, deque[str](), asyncio.Event()
        self._results: dict[str, tuple[str, bool]] = {}  # key of a message -> cid, whether a finger did it
        self._said, self._flooded, self._dropped = answered, False, False
        self._left, self._at = BURST, agent.clock.monotonic()
        self._takes = {
            "say": self._say, "touch": self._touch, "answer": self._answer, "undo": self._undo, "routine": self._routine
        }  # fmt: skip

    def drop(self) -> None:
        """Cut the connection: it is too slow, signed out, or we end. What it sent and was not taken yet is not taken."""
        self._dropped = True
        self._cut()

    # -- out

    def more(self, seq: int, kept: int) -> None:
        """There are frames up to this number, of which so many are kept: whoever is further behind is dropped."""
        if seq - self._seq > kept:
            self.drop()
        self._wake.set()

    def tell(self, frame: Frame) -> None:
        """A frame for this phone only."""
        self._own.append(dump(frame))
        if len(self._own) > UNREAD:
            self.drop()
        self._wake.set()

    def answered(self, key: str, record: Frame) -> None:
        """A turn ended: say what came of it, if this phone asked for it by a finger."""
        cid, touched = self._results.pop(key, ("", False))
        if cid:
            begun = not record["asked"] and (record["calls"] or not touched)  # neither asked about nor put off
            well = bool(begun) and all(call["outcome"] == "done" for call in record["calls"])
            self.tell({"type": "result", "cid": cid, "reply": record["reply"], "ok": well})

    async def serve(self, hello: str, seq: int) -> None:
        """Greet, then write and read until one of both ends."""
        self._seq = seq
        self._own.append(hello)
        self._wake.set()
        writing = asyncio.create_task(self._write())
        try:
            await self._read()
        finally:
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await writing

    async def _write(self) -> None:
        while not self.ws.closed:
            await self._wake.wait()
            self._wake.clear()
            while self._own:
                await self.ws.send_str(self._own.popleft())
            frames = self._since(self._seq)
            if frames is None:
                return self.drop()
            for text in frames:
                await self.ws.send_str(text)
                self._seq += 1
        return None

    # -- in

    async def _read(self) -> None:
        from aiohttp import WSMsgType

        async for message in self.ws:
            if message.type == WSMsgType.TEXT:
                await self._pace()
                if self._dropped:
                    return
                self.take(message.data)
            else:
                self.tell({"type": "error", "error": NONSENSE})

    async def _pace(self) -> None:
        """Let so many messages a second through; what is above that waits, and the sender is told."""
        now = self.agent.clock.monotonic()
        self._left, self._at = min(BURST, self._left + (now - self._at) * A_SECOND) - 1, now
        self._flooded = self._flooded and self._left < BURST / 2
        if self._left < 0:
            if not self._flooded:
                self.tell({"type": "error", "error": FLOOD})
            self._flooded = True
            await self.agent.clock.sleep(-self._left / A_SECOND)

    def take(self, text: str) -> None:
        """One frame of the phone; it is acknowledged after the commit."""
        try:
            frame = json.loads(text, parse_constant=_refuse)
            if frame["op"] == "ping":
                return self.tell({"type": "pong"})
            cid = cid_of(frame)
        except (ValueError, KeyError, TypeError, RecursionError):
            return self.tell({"type": "error", "error": NONSENSE})
        return self.tell({"type": "ack", "cid": cid} | self._taken(frame, cid))

    def _taken(self, frame: Frame, cid: str) -> Frame:
        """Take it, or say what is wrong with it."""
        try:
            return {"ok": True} | (self._takes[frame["op"]](frame, cid) or {})
        except (DeviceError, Refused) as error:
            wrong = str(error) if isinstance(error, Refused) else f"That cannot be done: {error}."
        except sqlite3.OperationalError:
            wrong = FULL
        except (KeyError, TypeError, ValueError, ArithmeticError):
            wrong = NONSENSE
        return {"ok": False, "error": wrong}

    def _put(self, cid: str, text: str, kind: str, chat: str = "") -> None:
        """Commit it under a key of this phone's own, once; who touched is told the result."""
        key = self.session.key(cid)
        person, chat = self.session.person, chat or self.session.chat
        taken = self.agent.inbox.put(text, key=key, bridge=self.via, chat=chat, person=person, kind=kind)
        if taken and kind in ("touch", "request"):
            self._results[key] = cid, kind == "touch"

    def _say(self, frame: Frame, cid: str) -> Frame:
        return say(self.agent, self.session, self.via, frame, cid)

    def _touch(self, frame: Frame, cid: str) -> None:
        """A finger on a device; each device has a lane of its own, so that it waits for no conversation."""
        device = self.agent.house.devices.get(_text(frame["device"]))
        if device is None:
            raise Refused(AWAY)
        command, args = _text(frame["command"]), dict(frame.get("args") or {})
        if command not in device.commands:
            raise Refused(f"{self.agent.house.name(device)} cannot do that.")
        device.commands[command].check(args)
        call = ToolCall(command, (device.id,), args)
        self._put(cid, json.dumps(call.plain()), "touch", lane(self.session.chat, device.id))

    def _answer(self, frame: Frame, cid: str) -> None:
        """A button, or words for whoever asked; these are kept nowhere, since they may be a code."""
        id, text, key = _id(frame["question"]), _text(frame["text"]), self.session.key(cid)
        kind = next((one.kind for one in self.agent.questions.open() if one.id == id), "")
        if key in self._said or self.agent.store.one("SELECT 1 FROM inbox WHERE key = ?", key):
            return
        if kind in ("approval", "which"):
            self._put(cid, json.dumps({"question": id, "text": text}), "answer")
        elif kind != "ask" or not self.agent.asks.answer(text, id):
            raise Refused(GONE)
        else:
            self._said.add(key)

    def _undo(self, frame: Frame, cid: str) -> None:
        self._request(cid, Request("history", "undo", {"turn": _id(frame["turn"]), "say": "undo"}))

    def _routine(self, frame: Frame, cid: str) -> None:
        verb, id = frame["verb"], _id(frame["id"])
        if verb not in ("pause", "resume", "delete"):
            raise ValueError("a verb")
        routine = self.agent.routines.get(id)
        say = f"{verb} {routine.name}" if routine else verb
        self._request(cid, Request("routines", verb, {"id": id, "say": say}))

    def _request(self, cid: str, request: Request) -> None:
        self._put(cid, json.dumps(request.plain()), "request", lane(self.session.chat, "requests"))


def say(agent: Agent, session: Session, via: str, frame: Frame, cid: str, extra: Frame | None = None) -> Frame:
    """Commit the words of a frame and what came with them, once; the phone gets them back as they stand in the chat.

    Its `age`: how many seconds ago they were typed, by the phone's own clock.
    """
    key, age = session.key(cid), _seconds(frame.get("age", 0))
    agent.inbox.put(_text(frame["text"]), key=key, bridge=via, chat=session.chat, person=session.person, age=age, extra=extra)
    row = agent.store.one("SELECT id FROM inbox WHERE key = ?", key)
    return {"message": view.heard(agent.inbox.get(row["id"]))} if row else {}


def cid_of(frame: Frame) -> str:
    """The phone's own name for what it sends."""
    cid = frame["cid"]
    if not isinstance(cid, str) or not 0 < len(cid) <= LONGEST_CID:
        raise ValueError("no cid")
    return cid


def dump(data: Any) -> str:
    """JSON that every browser reads: what is no number (NaN, from a strange sensor) becomes null."""
    try:
        return json.dumps(data, allow_nan=False, default=str)
    except ValueError:
        return json.dumps(json.loads(json.dumps(data, default=str), parse_constant=lambda _: None))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text")
    return value


def _id(value: Any) -> int:
    if not isinstance(value, int) or not 0 < value < 1 << 53:
        raise ValueError("an id")
    return value


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("seconds")
    return min(value, OLDEST)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number")
