"""A FAKE of signal-cli's HTTP daemon (`signal-cli --account +N daemon --http --receive-mode on-connection`) and of people who write to it.

Paths, statuses, codes of errors and names of fields are those of signal-cli 0.13.19's classes, manual and, without an account, its
running daemon; what Signal's servers do is guessed. Faithful in what hurts: what was written into a connection is forgotten at once.
"""

import asyncio
import base64
import contextlib
import json
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from claw.clock import Clock

Json = dict[str, Any]
ACCOUNT = "+4915100000000"
ALIVE_SECONDS = 0.05  # 15 in signal-cli: then it sees that a client is gone
MENTION = "\ufffc"


class Failed(Exception):
    """A JSON-RPC error."""

    def __init__(self, code: int, message: str, results: list[Json] | None = None) -> None:
        data = {"response": {"results": results, "timestamp": 1}} if results else None
        self.error = {"code": code, "message": message, "data": data}


class SignalCli:
    """Its memory. `sent`: what people see of the account, by their UUID or the group; `waiting`: what Signal's server keeps for it."""

    def __init__(self, clock: Clock, account: str = ACCOUNT) -> None:
        self.clock, self.account, self.uuid, self.base = clock, account, str(uuid.uuid4()), ""
        self.waiting, self.given = list[Json](), list[Json]()
        self.sent, self.typed = defaultdict[str, list[Json]](list), list[str]()
        self.calls, self.faults = list[str](), list[tuple[str, str]]()
        self.files, self.streams = dict[str, bytes](), list[web.Request]()
        self.gone, self.untrusted = set[str](), set[str]()
        self._last, self._more = 0, asyncio.Event()

    def now(self) -> int:
        """Milliseconds since 1970; never the same twice."""
        self._last = max(self._last + 1, int(self.clock.time() * 1000))
        return self._last

    def person(self, name: str, number: str = "") -> "Person":
        return Person(self, name, number)

    def push(self, envelope: Json) -> None:
        """Something comes for the account."""
        self.waiting.append({"envelope": envelope, "account": self.account})
        self._more.set()

    def gives_again(self) -> None:
        """It died before it had forgotten what it gave."""
        self.waiting[:0] = self.given
        self._more.set()

    def fault(self, method: str, *faults: str) -> None:
        """500, drop, drop after apply, hang, nonsense; limited, network, io: what the next calls of a method end in."""
        self.faults += [(method, one) for one in faults]

    def cut(self) -> None:
        """Every stream breaks off."""
        for request in self.streams:
            if request.transport:
                request.transport.abort()

    # -- the wire

    async def events(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("account") not in (None, "", self.account):
            return web.Response(status=400)
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        self.streams.append(request)
        try:
            while True:
                while self.waiting:
                    self.given.append(self.waiting.pop(0))
                    await answer.write(f"event:receive\ndata:{json.dumps(self.given[-1])}\n\n".encode())
                self._more.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._more.wait(), ALIVE_SECONDS)
                await answer.write(b":\n")
        except ConnectionError:
            return answer
        finally:
            self.streams.remove(request)

    async def rpc(self, request: web.Request) -> web.StreamResponse:
        if not request.content_type.startswith("application/json"):
            return web.Response(status=415)
        asked = await request.json()
        method, params = asked["method"], asked["params"]
        self.calls.append(method)
        fault = next((one for one in self.faults if one[0] == method), ("", ""))
        if fault[0]:
            self.faults.remove(fault)
        if fault[1] == "hang":
            await asyncio.Event().wait()
        if fault[1].isdecimal():
            return web.Response(status=int(fault[1]))
        if fault[1] == "drop" and request.transport:
            request.transport.abort()
        if fault[1] == "drop":
            return web.Response()
        answer: Json = {"jsonrpc": "2.0", "id": asked["id"]}
        try:
            self._fail(fault[1])
            if params.pop("account") != self.account:
                raise Failed(-32602, "Specified account does not exist")
            answer["result"] = getattr(self, method)(params)
        except Failed as no:
            answer["error"] = no.error
        if fault[1] == "drop after apply" and request.transport:
            request.transport.abort()
        return web.Response(text="what?") if fault[1] == "nonsense" else web.json_response(answer)

    def _fail(self, fault: str) -> None:
        if fault == "limited":
            results = [{"type": "RATE_LIMIT_FAILURE", "token": "t", "retryAfterSeconds": 3}]
            raise Failed(-5, "Failed to send message due to rate limiting", results)
        if fault == "network":
            raise Failed(-1, "Failed to send message", [{"type": "NETWORK_FAILURE"}])
        if fault == "io":
            raise Failed(-3, "Failed to send message: closed (IOException)")

    # -- methods

    def send(self, params: Json) -> Json:
        to = params["recipient"][0] if "recipient" in params else params["groupId"]
        address = {"uuid": to, "number": None}
        if to in self.gone:
            raise Failed(-1, "Failed to send message", [{"recipientAddress": address, "type": "UNREGISTERED_FAILURE"}])
        if to in self.untrusted:
            results = [{"recipientAddress": address, "type": "IDENTITY_FAILURE"}]
            raise Failed(-4, "Failed to send message due to untrusted identities", results)
        pictures = [base64.b64decode(one.partition(";base64,")[2], validate=True) for one in params.get("attachments", ())]
        if "editTimestamp" in params:
            next(one for one in self.sent[to] if one["id"] == params["editTimestamp"])["text"] = params["message"]
            id = self.now()
        else:
            id = self.now()
            self.sent[to].append({"id": id, "text": params["message"], "pictures": pictures})
        return {"timestamp": id, "results": [{"recipientAddress": address, "type": "SUCCESS"}]}

    def sendTyping(self, params: Json) -> Json:
        self.typed += params.get("recipient") or [params["groupId"]]
        return {"timestamp": self.now()}

    def getAttachment(self, params: Json) -> Json:
        if params["id"] not in self.files or not ("recipient" in params or "groupId" in params):
            raise Failed(-1, "Could not find attachment with ID")
        return {"data": base64.b64encode(self.files[params["id"]]).decode()}


class Person:
    """Somebody with the app. Without `group` all is in the private chat with the account."""

    def __init__(self, peer: SignalCli, name: str, number: str) -> None:
        self.peer, self.name, self.number, self.id = peer, name, number, str(uuid.uuid4())

    def sends(self, data: Json, *, group: str = "", edits: int = 0) -> int:
        """Any message; its timestamp."""
        at = self.peer.now()
        data = {"timestamp": at, "message": None, "expiresInSeconds": 0, "viewOnce": False, **data}
        if group:
            data["groupInfo"] = {"groupId": group, "groupName": "Family", "revision": 3, "type": "DELIVER"}
        self.peer.push({
            "source": self.number or self.id, "sourceNumber": self.number or None, "sourceUuid": self.id, "sourceName": self.name,
            "sourceDevice": 1, "timestamp": at, "serverReceivedTimestamp": at + 5, "serverDeliveredTimestamp": at + 9,
            **({"editMessage": {"targetSentTimestamp": edits, "dataMessage": data}} if edits else {"dataMessage": data}),
        })  # fmt: skip
        return at

    def writes(self, text: str, *, quotes: Json | None = None, calls: bool = False, group: str = "", edits: int = 0) -> int:
        """`quotes`: one of `sent`, or any id and text; `calls`: with a mention of the account."""
        data: Json = {"message": f"{MENTION} {text}" if calls else text}
        if calls:
            who = {"name": self.peer.account, "number": self.peer.account, "uuid": self.peer.uuid}
            data["mentions"] = [{**who, "start": 0, "length": 1}]
        if quotes:
            data["quote"] = {"id": quotes["id"], "author": "+1", "authorUuid": self.id, "text": quotes["text"], "attachments": []}
        return self.sends(data, group=group, edits=edits)

    def reacts(self, to: Json, emoji: str, *, removes: bool = False, group: str = "") -> int:
        target = {"targetAuthor": self.peer.account, "targetAuthorNumber": self.peer.account, "targetAuthorUuid": self.peer.uuid}
        reaction = {"emoji": emoji, **target, "targetSentTimestamp": to["id"], "isRemove": removes}
        return self.sends({"reaction": reaction}, group=group)

    def sends_file(self, data: bytes, kind: str, text: str = "", filename: str = "", **more: Any) -> int:
        id = f"{self.peer.now()}.{kind.partition('/')[2]}"
        self.peer.files[id] = data
        file = {"contentType": kind, "filename": filename or None, "id": id, "size": len(data), "width": None, "height": None}
        return self.sends({"message": text or None, "attachments": [file], **more})

    def stirs(self) -> None:
        """What is no message: typing, a receipt, and what another device of the account did."""
        about = {"source": self.id, "sourceUuid": self.id, "sourceName": self.name, "timestamp": self.peer.now()}
        self.peer.push({**about, "typingMessage": {"action": "STARTED", "timestamp": 1}})
        self.peer.push({**about, "receiptMessage": {"when": 1, "isDelivery": True, "isRead": False, "timestamps": [1]}})
        sent = {"destination": self.id, "timestamp": 1, "message": "unlock the front door"}
        self.peer.push({**about, "sourceUuid": self.peer.uuid, "syncMessage": {"sentMessage": sent}})


@contextlib.asynccontextmanager
async def signal_cli(clock: Clock, account: str = ACCOUNT, port: int = 0) -> AsyncIterator[SignalCli]:
    """A fake on a free port of 127.0.0.1; `base` is its address."""
    peer = SignalCli(clock, account)
    app = web.Application(client_max_size=50 * 2**20)
    app.router.add_post("/api/v1/rpc", peer.rpc)
    app.router.add_get("/api/v1/events", peer.events)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    peer.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield peer
    finally:
        peer.cut()
        await runner.cleanup()
