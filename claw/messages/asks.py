"""Questions that need a person's words: a code, a pressed button, a room. Any door may answer.

One at a time of each sort: a code that is waited for does not wait behind a question about a room.
"""

import asyncio
from collections.abc import Callable

from claw.events import Events
from claw.messages.outbox import Outbox
from claw.messages.questions import Question, Questions

ASK_SECONDS = 600.0


class Asks:
    """Asks the owner in the owner's chat and hands the answer to whoever waits for it."""

    def __init__(self, questions: Questions, outbox: Outbox, events: Events, *, bridge: str, chat: str) -> None:
        self.questions, self.outbox, self.events = questions, outbox, events
        self.bridge, self.chat = bridge, chat
        self._one_at_a_time = asyncio.Lock(), asyncio.Lock()  # what takes any words, and what knows its answers
        self._waiting: dict[int, asyncio.Future[str]] = {}
        self._accepts: dict[int, Callable[[str], bool]] = {}
        for old in questions.open():
            if old.kind == "ask":
                questions.close(old.id, "dropped", "")  # whoever waited for it went with the last process

    async def ask(self, text: str, *, about: str = "", accepts: Callable[[str], bool] | None = None) -> str | None:
        """Ask, and wait up to 10 minutes; None when nobody answered. `about` names the device, for the doors that show it."""
        async with self._one_at_a_time[accepts is not None]:
            id = self.questions.put(self.chat, "ask", text, {"about": about}, seconds=ASK_SECONDS)
            self._waiting[id] = asyncio.get_running_loop().create_future()
            self._accepts[id] = accepts or _anything
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
        """Answer a question (an open one: rather one that knows its answers); False when the text is no answer to any."""
        fits = [one for one in self._waiting if id in (None, one) and self._accepts[one](text) and not self._waiting[one].done()]
        if not fits:
            return False
        id = min(fits, key=lambda one: self._accepts[one] is _anything)
        if not self.questions.close(id, "answered", ""):  # an answer may be a code: it is not kept
            return False
        self._waiting[id].set_result(text)
        return True


def _anything(answer: str) -> bool:
    return True
