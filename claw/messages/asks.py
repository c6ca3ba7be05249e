"""Questions that need a person's words: a code, a pressed button, a room. Any door may answer.

One at a time of each sort: a code that is waited for does not wait behind a question about a room.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any

from claw.events import Events
from claw.messages.outbox import Outbox
from claw.messages.questions import Question, Questions
from claw.people.people import ONE_WAY

ASK_SECONDS = 600.0
CLAIMED = re.compile(r"\s*(?:skip[\s.!]*$|(?:call|name) (?:it|that|this)\b)", re.IGNORECASE)


class Asks:
    """Asks the owner in the owner's chat and hands the answer to whoever waits for it."""

    def __init__(self, questions: Questions, outbox: Outbox, events: Events, *, bridge: str, chat: str) -> None:
        self.questions, self.outbox, self.events = questions, outbox, events
        self.bridge, self.chat = bridge, chat
        self.owners: list[tuple[str, str]] = [(bridge, chat)]  # the bridges and chats in which the owner is asked and answers
        self.reach: Callable[[str], list[tuple[str, str]]] = lambda person: []  # a person's own chats; of "": all adults'
        self._one_at_a_time = asyncio.Lock(), asyncio.Lock()  # what takes any words, and what knows its answers
        self._waiting: dict[int, asyncio.Future[str]] = {}
        self._accepts: dict[int, Callable[[str], str]] = {}
        for old in questions.open():
            if old.kind == "ask":
                questions.close(old.id, "dropped", "")  # whoever waited for it went with the last process

    async def ask(self, text: str, *, about: str = "", accepts: Callable[[str], str] | None = None) -> str | None:
        """Ask, and wait up to 10 minutes; None when nobody answered. `about` names the device, for the doors that show it.

        accepts: what to say to this answer; empty when it is none. Without it any words are one.
        """
        async with self._one_at_a_time[accepts is not None]:
            id = self.questions.put(self.chat, "ask", text, {"about": about}, seconds=ASK_SECONDS)
            self._waiting[id] = asyncio.get_running_loop().create_future()
            self._accepts[id] = accepts or _anything
            places = [place for place in self.places() if place[0] not in ONE_WAY]  # an answer may be a code
            keys = {f"ask:{id}:{self.questions.clock.time()}:{':'.join(place)}": place for place in places}
            for key, (bridge, chat) in keys.items():
                self.outbox.put(text, key=key, bridge=bridge, chat=chat)
            timer = asyncio.ensure_future(self.questions.clock.sleep(ASK_SECONDS))
            either: list[asyncio.Future[Any]] = [self._waiting[id], timer]
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                return self._waiting[id].result() if self._waiting[id].done() else None
            finally:
                timer.cancel()
                self.questions.close(id, "dropped", "")
                for key in keys:
                    self.outbox.withdraw(key)
                del self._waiting[id], self._accepts[id]

    def where(self, person: str, approves: Callable[[str], bool]) -> list[tuple[str, str]]:
        """Where this person may say yes; without one of their own, where the owner may. The page shows all that waits.

        At the end stands where the person is only notified of it.
        """
        reached = self.reach(person)
        own, deaf = [one for one in reached if approves(one[0])], [one for one in reached if self._notifies(one[0])]
        console = (self.bridge, self.chat)
        others = [place for place in self.owners if place[0] not in (self.bridge, "web") and approves(place[0])]
        return [*([*own, console] if own and person in ("owner", "") else own or [console, *others]), *deaf]

    def _notifies(self, bridge: str) -> bool:
        """Whether it is one that only notifies, and there now."""
        return bridge in ONE_WAY and self.outbox.bridge(bridge) is not None

    def places(self) -> list[tuple[str, str]]:
        """Where the owner reads what is asked and said unasked."""
        places = dict.fromkeys([*self.owners, *self.reach("owner")])
        return [place for place in places if place[0] not in ONE_WAY or self._notifies(place[0])]

    def approval(self, text: str, data: Any, *, hash: str, seconds: float, key: str, places: Sequence[tuple[str, str]]) -> None:
        """Ask for a yes, in each of these places; the first answer wins."""
        id = self.questions.put(places[0][1], "approval", text, data, hash=hash, seconds=seconds)
        doors = dict.fromkeys(one.capitalize() for one, _ in places if one not in ONE_WAY)
        where = " or in ".join(doors).replace(self.bridge.capitalize(), "the terminal")
        elsewhere = f"{text.removesuffix(' Yes or no?')} Answer in {where}."
        for number, (bridge, chat) in enumerate(places):
            one = f"{key}:{number}" if number else key
            if bridge in ONE_WAY:
                self.outbox.put(elsewhere, key=one, bridge=bridge, chat=chat)
            else:
                self.outbox.put(text, key=one, bridge=bridge, chat=chat, choices=["yes", "no"], question=id)

    def open(self) -> list[Question]:
        """The questions that wait for words."""
        return [question for question in self.questions.open() if question.id in self._waiting]

    def takes(self, text: str, chat: str) -> list[Question]:
        """The open questions to which this text would be an answer, from this chat."""
        asked = any(place == chat for _, place in self.places())
        return [one for one in self.open() if asked and self._accepts[one.id](text)]

    def claims(self, text: str, chat: str) -> bool:
        """Whether a question that knows its answers takes this, though elsewhere it would mean more: "skip", "call it ..."."""
        known = [one for one in self.takes(text, chat) if self._accepts[one.id] is not _anything]
        return bool(known) and CLAIMED.match(text) is not None

    def answer(self, text: str, id: int | None = None) -> str:
        """Answer a question (an open one: rather one that knows its answers); returns what to say, empty when it is no answer."""
        fits = [one for one in self._waiting if id in (None, one) and self._accepts[one](text) and not self._waiting[one].done()]
        if not fits:
            return ""
        id = min(fits, key=lambda one: self._accepts[one] is _anything)
        if not self.questions.close(id, "answered", ""):  # an answer may be a code: it is not kept
            return ""
        said = self._accepts[id](text)
        self._waiting[id].set_result(text)
        return said


def _anything(answer: str) -> str:
    return "Thank you."
