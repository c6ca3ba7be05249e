"""The daemon's own door: JSON lines over a unix socket that only the daemon's user (or root) may use."""

import asyncio
import contextlib
import json
import logging
import os
import socket
import sqlite3
import struct
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from claw import view
from claw.agent import Agent
from claw.bridges.arriving import Links
from claw.bridges.terminal import Terminal
from claw.hosting.connections import Connections
from claw.house import MEASURED, DeviceChanged
from claw.reflex.reading import Request

log = logging.getLogger("claw.api")
LONGEST_LINE = 4 << 20
OPERATIONS = (
    "say", "chat", "devices", "discover", "log", "status", "asks", "answer", "pair", "read", "routines", "request", "page",
    "train", "people", "link", "costs", "thought",
)  # fmt: skip
WAITS = "“{name}” waits on {bridge}: `claw pair CODE --role ROLE --name NAME` lets them in, with the code that they were shown."
NO_LINK = "{name} is not switched on: write enabled = true under [{name}] in the config, and start the claw anew"
LINK_SECONDS = 1.0  # between two looks at what there is to scan
QUIET_SECONDS = 0.4  # without a change, and nothing moving: the devices have settled


class Api:
    """One request a line: {"op": ...}; answers are lines too. `chat` keeps the connection open."""

    def __init__(
        self, agent: Agent, terminal: Terminal, connections: Connections, how: Callable[[], dict[str, Any]],
        page: Callable[[dict[str, Any]], dict[str, Any]], path: Path,
    ) -> None:  # fmt: skip
        """`how`: what `claw status` tells; `page`: an address of it with a one-time code, or a sign-out."""
        self.agent, self.terminal, self.connections, self.how = agent, terminal, connections, how
        self.web, self.path = page, path
        self._streams: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_unix_server(self._serve, sock=self._listen(), limit=LONGEST_LINE)
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            for stream in self._streams:
                stream.cancel()
            self.path.unlink(missing_ok=True)

    def _listen(self) -> socket.socket:
        """The socket, closed to others from its first moment on (no await: the umask is everybody's)."""
        self.path.unlink(missing_ok=True)
        sock, mask = socket.socket(socket.AF_UNIX), os.umask(0o177)
        try:
            sock.bind(str(self.path))
        finally:
            os.umask(mask)
        return sock

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        try:
            while line := await reader.readline():
                if _peer(writer) not in (0, os.getuid()):  # after reading: closing with unread bytes would drop our answer
                    _write(writer, {"error": "this socket belongs to another user"})
                    return
                await self._request(line, reader, writer)
                await writer.drain()
        except (ConnectionError, ValueError, asyncio.CancelledError) as error:
            log.debug("a terminal left: %r", error)
        finally:
            self._streams.discard(task)
            writer.close()

    async def _request(self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):  # a line of brackets
            request = None
        if not isinstance(request, dict):
            _write(writer, {"error": "a request is a JSON object in one line"})
            return
        op = request.get("op")
        if op not in OPERATIONS:
            _write(writer, {"error": f"there is no operation {op!r}"})
            return
        try:
            leaving = _cancelled_when_gone(reader) if op in ("chat", "link") else contextlib.nullcontext()
            answers: Any = self.say(request, reader.at_eof) if op == "say" else getattr(self, op)(request)
            async with leaving, contextlib.aclosing(answers) as lines:
                async for answer in lines:
                    _write(writer, answer)
                    await writer.drain()
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            _write(writer, {"error": f"the request makes no sense: {error!r:.200}"})
        except sqlite3.OperationalError as error:
            _write(writer, {"error": f"nothing was taken: {error}; is the disk full or read-only?"})
        _write(writer, {"end": True})

    # -- talking

    async def say(self, request: dict[str, Any], gone: Callable[[], bool]) -> AsyncIterator[dict[str, Any]]:
        """One message and its record; with `settle` seconds, `changed` is taken when the devices have come to rest.

        What else waits to be said is shown too, unless whoever asked has `gone`: then it stays queued for a chat.
        """
        chat, key = str(request.get("chat") or "terminal"), str(request.get("key") or uuid.uuid4().hex)
        message = self.terminal.receive(str(request["text"]), key, chat)
        if message is None:
            yield {"error": "this message was taken before"}
            return
        event, settle = await self.agent.inbox.answered(message), float(request.get("settle") or 0)
        await self._settled(settle)
        for other in await self._others(chat, f"reply:{message.id}", gone):
            yield {"message": other}
        changed = {"changed": self.agent.house.changed(event.before)} if settle else {}
        row = self.agent.store.one("SELECT image FROM outbox WHERE key = ?", f"reply:{message.id}")
        yield {"record": {**event.record, **changed}, "id": message.id, "picture": row["image"] if row else ""}

    async def _others(self, chat: str, key: str, gone: Callable[[], bool]) -> list[dict[str, Any]]:
        """What is queued for this chat before the reply with this key; nothing is taken once the other end has gone."""
        lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        def hear(line: dict[str, Any]) -> None:
            if gone():
                raise ConnectionResetError("the terminal left")  # so that it stays queued
            lines.put_nowait(line)

        if gone() or not self.agent.store.one("SELECT 1 FROM outbox WHERE key = ? AND status = 'queued'", key):
            return []  # an open chat has shown it
        detach = self.terminal.attach(chat, hear)
        try:
            return await _until(lines, key)
        finally:
            detach()

    async def _settled(self, seconds: float) -> None:
        """Wait until nothing moves and nothing has changed for a moment, at most so many seconds."""
        quiet = asyncio.Event()
        forget = self.agent.events.subscribe(DeviceChanged, lambda event: quiet.set() if _matters(event) else None)
        end = asyncio.get_running_loop().time() + seconds
        try:
            while (left := end - asyncio.get_running_loop().time()) > 0:
                quiet.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(left, QUIET_SECONDS)):
                        await quiet.wait()
                    continue
                if not any(device.moving for device in self.agent.house.devices.values()):
                    return
        finally:
            forget()

    async def chat(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Everything that the claw says in this chat, from now on."""
        lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        detach = self.terminal.attach(str(request.get("chat") or "terminal"), lines.put_nowait)
        try:
            while True:
                yield {"message": await lines.get()}
        finally:
            detach()

    async def read(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """What a message would be read as, and how the policy would rule: nothing is done."""
        yield {"reading": self.agent.explain(str(request["text"]), str(request.get("chat") or "terminal"))}

    async def request(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Something of a subject (Request): a routine paused, a page restored; and the record of that turn."""
        wish = Request.of(request["request"])
        if wish.about not in self.agent.deciding.subjects:
            raise ValueError(f"nothing here is about {wish.about}")
        yield {"record": await self.agent.ask_for(wish)}

    # -- looking

    async def routines(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Every routine, reminder and timer."""
        for routine in self.agent.routines.plain():
            yield {"routine": {**routine, "zone": self.agent.routines.zone}}

    async def page(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """A fresh address of the page with a one-time code, and the phones; with `sign_out`: "all" or the id of one."""
        yield self.web(request)

    async def devices(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Every device with its room and state."""
        for device in self.agent.house.devices.values():
            yield {"device": view.device(self.agent, device)}

    async def discover(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """What is on the network that a skill looks for, and what became of it."""
        for connection in list(self.connections.open.values()):
            found = connection.found
            yield {
                "service": {
                    "skill": connection.file.name, "via": found.via, "type": found.type, "name": found.name, "host": found.host,
                    "port": found.port, "state": connection.state, "problem": connection.problem,
                    "devices": len(connection.devices),
                }
            }  # fmt: skip

    async def log(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """The newest events of the ledger, oldest first."""
        for row in reversed(self.agent.ledger.recent(int(request.get("limit") or 50))):
            yield {"event": {**row, "zone": self.agent.routines.zone}}

    async def costs(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """What the language model took, day by day, and how many messages needed none."""
        for day in view.costs(self.agent):
            yield {"day": day}

    async def thought(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """The last request to a language model, as it left the house."""
        last = self.agent.mind.last if self.agent.mind else None
        yield {"thought": None if last is None else {"system": last.system, "tools": last.tools, "messages": last.messages}}

    async def status(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """How the daemon fares."""
        yield {"status": self.how()}

    async def train(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Fit the layer to this house's examples, and what came of it; it goes on when the other end leaves."""
        yield {"training": await self.agent.learning.train()}

    # -- questions of skills

    async def asks(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Questions that wait for a person's words."""
        for question in self.agent.asks.open():
            yield {"ask": {"id": question.id, "text": question.text, "about": question.data["about"]}}

    async def answer(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Answer one of them."""
        yield {"answered": bool(self.agent.asks.answer(str(request["text"]), int(request["id"])))}

    async def pair(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Ask anew for what is not paired; and while no owner has a chat on a bridge, the code that makes one."""
        reached = [name for name in self.agent.outbox.bridges if name not in ("terminal", "web")]
        code = {"code": self.agent.people.first_code(), "bridges": reached} if reached and self.agent.people.first() else {}
        yield {"asked": self.connections.pair_again(), **code}

    async def link(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """How a bridge is linked to an account, whenever that changes, until it is."""
        name, told = str(request["bridge"]), dict[str, str]()
        bridge = self.agent.outbox.bridges.get(name)
        if not isinstance(bridge, Links):
            yield {"error": NO_LINK.format(name=name)}
            return
        while not (told.get("linked") or told.get("trouble")):
            now = await bridge.link(str(request.get("phone") or ""))
            if now != told:
                yield {"link": now}
            told = now
            await self.agent.clock.sleep(LINK_SECONDS)

    async def people(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Who may use the house, and the strangers who were shown a code."""
        people, talk = self.agent.people, self.agent.people_talk
        for one in people.all():
            yield {"person": {**asdict(one), "addresses": people.addresses(one.id), "words": talk.words(one)}}
        for stranger in people.waiting():
            yield {"person": {"name": stranger["name"], "role": "stranger", **stranger, "words": WAITS.format(**stranger)}}


@contextlib.asynccontextmanager
async def _cancelled_when_gone(reader: asyncio.StreamReader) -> AsyncIterator[None]:
    """Cancel the current task when the other end leaves: what is said to a terminal that is gone would count as delivered."""
    task = asyncio.current_task()
    assert task is not None

    async def watch() -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
        task.cancel()

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


async def _until(lines: asyncio.Queue[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """What else the claw says, until it has said the line with this key (or has not within a second)."""
    others: list[dict[str, Any]] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            while (line := await lines.get())["key"] != key:
                others.append(line)
    return others


def _matters(event: DeviceChanged) -> bool:
    return any(name not in MEASURED for name in event.changes)


def _peer(writer: asyncio.StreamWriter) -> int:
    """The uid of the process at the other end (SO_PEERCRED, unix(7))."""
    sock = writer.get_extra_info("socket")
    _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(uid)


def _write(writer: asyncio.StreamWriter, line: dict[str, Any]) -> None:
    writer.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
