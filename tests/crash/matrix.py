"""Matrix' bridge on a homeserver in memory: exactly the calls of the client that it uses, with a step before and after each.

What the semantics are (a token to go on from, ids of events, a transaction that shows once) is the specification's; the real
homeserver and the real client library are in tests/peers/test_matrix.py, with encryption, which is not here.
"""

import asyncio
import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from claw.agent import Agent
from claw.bridges.arriving import Arriving
from claw.bridges.matrix import SIGNS, Matrix
from claw.clock import ManualClock
from tests.crash.world import Channel, World

ROOM, CLAW, ANNA = "!kitchen:lan", "@claw:lan", "@anna:lan"
Json = dict[str, Any]


class MatrixChannel(Channel):
    """A homeserver with one room of two. A token is the number of events before it."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(True, "matrix", f"matrix:{ROOM}")
        self.clock, self.events, self.read = clock, list[Json](), 0
        self.done: dict[str, str] = {}  # transaction -> event id
        self.txns: dict[str, str] = {}  # transaction -> key of the outbox

    def write(self, text: str) -> None:
        """React where the claw offered it, else write."""
        self.written.append((f"mx:{self._id(ANNA)}", text))
        signs = [one["content"]["m.relates_to"] for one in self.events if one["sender"] == CLAW and one["type"] == "m.reaction"]
        offered = [one for one in signs if one["key"] == SIGNS.get(text)]
        if offered and offered[-1]["event_id"] == self._asked():
            self.add(ANNA, "m.reaction", {"m.relates_to": offered[-1]})
        else:
            self.add(ANNA, "m.room.message", {"msgtype": "m.text", "body": text})

    def _asked(self) -> str:
        """The newest message of the claw."""
        said = [one for one in self.events if one["sender"] == CLAW and one["type"] == "m.room.message"]
        return str(said[-1]["event_id"]) if said else ""

    def add(self, sender: str, kind: str, content: Json, txn: str = "") -> str:
        """A new event, or the one of this transaction; its id."""
        if txn in self.done:
            return self.done[txn]
        id = self._id(sender)
        self.events.append(
            {"event_id": id, "sender": sender, "type": kind, "content": content, "at": int(self.clock.time() * 1000)}
        )
        if txn:
            self.done[txn] = id
        self.news.set()
        return id

    def _id(self, sender: str) -> str:
        """The next of this sender: what the claw says more often after a crash must not change the ids of others."""
        return f"${sender[1:5]}{sum(one['sender'] == sender for one in self.events) + 1}"

    def waiting(self) -> list[tuple[str, str]]:
        """What no later sync went on from."""
        return [(one["event_id"], "") for one in self.events[self.read :]]

    def views(self) -> list[str]:
        """The claw's messages as edited since."""
        texts = dict[str, str]()
        for one in self.events:
            if one["sender"] == CLAW and one["type"] == "m.room.message":
                about = one["content"].get("m.relates_to", {})
                texts[about.get("event_id", one["event_id"])] = one["content"].get("m.new_content", one["content"])["body"]
        return list(texts.values())


class Client:
    """The methods of nio.AsyncClient that the bridge calls on an account without encryption."""

    should_upload_keys = should_query_keys = should_claim_keys = False
    device_store: tuple[Any, ...] = ()
    olm = store = None

    def __init__(self, world: World, channel: MatrixChannel) -> None:
        self.world, self.channel, self.access_token, self.next_batch = world, channel, "token", ""
        self.user_id, self.device_id = CLAW, "CLAW"
        names = {CLAW: "claw", ANNA: "Anna"}
        self.rooms = {ROOM: SimpleNamespace(room_id=ROOM, member_count=2, users=names, encrypted=False, user_name=names.get)}

    async def sync(self, milliseconds: int, filter: Json, since: str | None, full_state: bool) -> Any:
        """What came after a token; waits for it."""
        self.world.step(f"before sync {since or '-'}")
        channel, begin = self.channel, int(since) if since else len(self.channel.events)
        channel.read = max(channel.read, begin)
        if begin == len(channel.events):
            channel.news.clear()
            await channel.clock.until(channel.news, milliseconds / 1000)
        events = [_event(one) for one in channel.events[begin:]]
        self.world.step(f"after sync {since or '-'}")
        joined = {ROOM: SimpleNamespace(timeline=SimpleNamespace(events=events, limited=False, prev_batch=""))} if events else {}
        return SimpleNamespace(rooms=SimpleNamespace(join=joined, invite={}), next_batch=str(begin + len(events)))

    async def send_to_device_messages(self) -> list[Any]:
        """Nothing is encrypted."""
        return []

    async def room_send(self, room: str, kind: str, content: Json, txn: str, ignore_unverified_devices: bool) -> Any:
        """An event of ours."""
        self.world.step(f"before send {kind}")
        await asyncio.sleep(0)
        known = txn in self.channel.done
        id = self.channel.add(CLAW, kind, content, txn)
        if txn in self.channel.txns and not known:
            self.channel.show(self.channel.txns[txn], content["body"])
        self.world.step(f"after send {kind}")
        return SimpleNamespace(event_id=id)

    async def room_typing(self, *_: Any) -> Any:
        """Nobody looks."""
        return SimpleNamespace()

    async def close(self) -> None:
        """There is no socket."""


def _event(one: Json) -> Any:
    return SimpleNamespace(event_id=one["event_id"], sender=one["sender"], server_timestamp=one["at"], source=one)


class WiredMatrix(Matrix):
    """The real bridge but for its client library."""

    arrives: type[Arriving] = Arriving

    def __init__(self, world: World, agent: Agent) -> None:
        channel = world.channel
        assert isinstance(channel, MatrixChannel)
        self.world, self.channel = world, channel
        super().__init__(lambda: "", Path("matrix"), world.path.parent / "keys", world.clock)
        if agent.people.first():
            agent.people._reach("owner", self.name, ANNA, channel.chat)
        self.arriving = self.arrives(agent, world.path.parent / "media")

    async def listen(self) -> None:
        """Sync until cancelled."""
        await self.run(self.arriving)

    async def _another(self, tried: str) -> tuple[str, Json]:
        """An account, and the library in memory."""
        nothing = type("Nothing", (), {})
        self._nio = SimpleNamespace(
            AsyncClient=lambda *_: Client(self.world, self.channel), AsyncClientConfig=lambda **_: None, ErrorResponse=nothing,
            MegolmEvent=nothing, EncryptionError=OSError,
        )  # fmt: skip
        return "", {"homeserver": "https://matrix.lan", "user": CLAW, "token": "token"}

    async def _send(self, chat: str, kind: str, content: Json, key: str) -> str:
        """As it is; which key a transaction has is kept for the rules, but for what changes a message or stands under it."""
        if kind == "m.room.message" and "m.new_content" not in content:
            self.channel.txns[hashlib.sha256(key.encode()).hexdigest()[:40]] = key
        return await super()._send(chat, kind, content, key)
