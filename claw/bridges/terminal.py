"""The terminal bridge: `claw chat` and `claw say` over the daemon's socket. Its sender was checked by the socket's door."""

import asyncio
from collections.abc import Callable, Sequence

from claw.messages.inbox import Inbox, Message
from claw.messages.outbox import NotSent


class Terminal:
    """Delivers to whoever is attached to a chat; what comes while nobody is stays queued."""

    name = "terminal"
    idempotent = True  # a listener is told the key
    approves = True
    limit = 100_000

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self._attached: dict[str, list[Callable[[dict[str, object]], None]]] = {}
        self.on_attach: Callable[[], None] = lambda: None

    def receive(self, text: str, key: str, chat: str = "terminal") -> Message | None:
        """Commit what was typed; None when this very message was taken before."""
        return self.inbox.put(text, key=f"term:{key}", bridge=self.name, chat=chat)

    def attach(self, chat: str, listener: Callable[[dict[str, object]], None]) -> Callable[[], None]:
        """Hand everything for this chat to `listener`; returns detach."""
        self._attached.setdefault(chat, []).append(listener)
        self.on_attach()
        return lambda: self._attached[chat].remove(listener)

    async def send(self, chat: str, text: str, key: str, choices: Sequence[str]) -> str:
        """Deliver to every terminal of the chat; NotSent while there is none."""
        return await self._deliver(chat, {"text": text, "key": key, "choices": list(choices)})

    async def picture(self, chat: str, path: str, text: str, key: str) -> str:
        """Deliver a text with where its picture is."""
        return await self._deliver(chat, {"text": text, "key": key, "choices": [], "picture": path})

    async def _deliver(self, chat: str, line: dict[str, object]) -> str:
        listeners = list(self._attached.get(chat, []))
        if not listeners:
            raise NotSent(3600)
        for listener in listeners:
            listener(line)
        await asyncio.sleep(0)
        return str(line["key"])
