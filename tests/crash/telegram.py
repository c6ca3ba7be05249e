"""Telegram's bridge on the Bot API peer without a socket, so that a step stands before and after each request, the same every time."""

import asyncio
import json
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from claw.agent import Agent
from claw.bridges.arriving import Arriving
from claw.bridges.telegram import Pace, Telegram
from claw.clock import ManualClock
from tests.crash.world import Channel, World
from tests.peers.bot_api import BotApi, Call, Methods
from tests.peers.telegram_people import Refused

ANNA = 1001
KEY: ContextVar[str] = ContextVar("key", default="")  # of the row that is sent in this task


class TelegramChannel(Channel):
    """One person who writes to the bot, and presses a button where one says what would be written."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(False, "telegram", f"telegram:{ANNA}")
        self.peer = BotApi(clock=clock)
        self.anna = self.peer.person(ANNA, "Anna")
        self.anna.chat.state = "member"

    def write(self, text: str) -> None:
        """Press or write; the poll that waits is answered."""
        self.written.append((f"tg:{self.peer.next_id}", text))
        keyboards = [one.get("reply_markup") for one in self.peer.sent[ANNA][-1:]]
        if text in ("yes", "no") and keyboards[0:1] != [None] and keyboards:
            self.anna.presses(text)
        else:
            self.anna.writes(text)

    def waiting(self) -> list[tuple[str, str]]:
        """What the bot has not confirmed by a later poll."""
        return [(str(update["update_id"]), "") for _, update in self.peer.updates]

    def views(self) -> list[str]:
        """The bot's messages as edited since."""
        return [str(one.get("text")) for one in self.peer.sent[ANNA]]


class Unpaced(Pace):
    """No pauses between two messages: time stands still."""

    def wait(self, chat: str) -> float:
        return 0.0


async def answered(peer: BotApi, method: str, params: dict[str, Any], fault: str = "") -> bytes:
    """The body of what the peer answers to a request; OSError for a 5xx. `fault`: repeat or reverse, of updates."""
    try:
        result = await Methods(peer).run(method, Call(params, {}), fault)
        return json.dumps({"ok": True, "result": result}).encode()
    except Refused as refused:
        if refused.code >= 500:
            raise OSError(f"it answered with status {refused.code}") from None
        return json.dumps(refused.body).encode()


class WiredTelegram(Telegram):
    """The real bridge but for its socket."""

    arrives: type[Arriving] = Arriving

    def __init__(self, world: World, agent: Agent) -> None:
        channel = world.channel
        assert isinstance(channel, TelegramChannel)
        self.world, self.channel, self.peer = world, channel, channel.peer
        super().__init__(lambda: self.peer.token, Path("telegram"), world.clock)
        self._pace = Unpaced(world.clock)
        if agent.people.first():
            agent.people._reach("owner", self.name, str(ANNA), channel.chat)
        self.arriving = self.arrives(agent, world.path.parent / "media")

    async def listen(self) -> None:
        """Poll until cancelled."""
        await self.run(self.arriving)

    async def send(self, chat: str, *args: Any) -> str:
        """As it is; the key, which Telegram never sees, is kept for the rules."""
        KEY.set(args[1])
        return await super().send(chat, *args)

    async def _request(self, verb: str, path: str, seconds: float, **more: Any) -> bytes:
        """What goes over the wire."""
        method, params = path.rpartition("/")[2], json.loads(json.dumps(more.get("json", {})))  # as it would arrive
        self.world.step(f"before {method}")
        await asyncio.sleep(0)
        body = await answered(self.peer, method, params)
        if method == "sendMessage":
            self.channel.show(KEY.get(), params["text"])
        self.world.step(f"after {method}")
        return body
