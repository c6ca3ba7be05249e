"""Questions that need a person's words: a code, a pressed button, a room. One at a time; any door may answer."""

import asyncio
from collections.abc import Callable

from claw.events import Events
from claw.outbox import Outbox
from claw.questions import Question, Questions

ASK_SECONDS = 600.0


class Asks:
    """Asks the owner in the owner's chat and hands the answer to whoever waits for it."""

    def __init__(self, questions: Questions, outbox: Outbox, events: Events, *, bridge: str, chat: str) -> None:
        self.questions, self.outbox, self.events = questions, outbox, events
        self.bridge, self.chat = bridge, chat
        self._one_at_a_time = asyncio.Lock()
        self._waiting: dict[int, asyncio.Future[str]] = {}
        self._accepts: dict[int, Callable[[str], bool]] = {}
        for old in questions.open():
            if old.kind == "ask":
                questions.close(old.id, "dropped", "")  # whoever waited for it went with the last process

    async def ask(self, text: str, *, about: str = "", accepts: Callable[[str], bool] | None = None) -> str | None:
        """Ask, and wait up to 10 minutes; None when nobody answered. `about` names the device, for the doors that show it."""
        async with self._one_at_a_time:
            id = self.questions.put(self.chat, "ask", text, {"about": about}, seconds=ASK_SECONDS)
            self._waiting[id] = asyncio.get_running_loop().create_future()
            self._accepts[id] = accepts or (lambda answer: True)
            key = f"ask:{id}:{self.questions.clock.time()}"
            self.outbox.put(text, key=key, bridge=self.bridge, chat=self.chat)
            try:
                async with asyncio.timeout(ASK_SECONDS):
                    return await self._waiting[id]
            except TimeoutError:
                return None
            finally:
                self.questions.close(id, "dropped", "")
                self.outbox.withdraw(key)
                del self._waiting[id], self._accepts[id]

    def open(self) -> list[Question]:
        """The questions that wait for words."""
        return [question for question in self.questions.open() if question.id in self._waiting]

    def takes(self, text: str, chat: str) -> list[Question]:
        """The open questions of a chat to which this text would be an answer."""
        return [one for one in self.open() if one.chat == chat and self._accepts[one.id](text)]

    def answer(self, text: str, id: int | None = None) -> bool:
        """Answer a question (the open one); False when there is none or the text is no answer to it."""
        id = next(iter(self._waiting), None) if id is None else id
        waiting = self._waiting.get(id) if id is not None else None
        if id is None or waiting is None or waiting.done() or not self._accepts[id](text):
            return False
        if not self.questions.close(id, "answered", ""):  # an answer may be a code: it is not kept
            return False
        waiting.set_result(text)
        return True
