"""How a talk begins: the house, what was said before, the message with its pictures, and what its words may mean."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from claw.clock import Clock
from claw.hosting.secrets import redact
from claw.house import House
from claw.messages.inbox import Inbox, Message
from claw.mind import prompt, taint
from claw.mind.blocks import photo, text, user
from claw.mind.handles import Handles
from claw.mind.talk import Talk
from claw.mind.wire import Block
from claw.names import Names
from claw.turns.turn import Turn

HISTORY, HISTORY_SECONDS, LONGEST_PAST = 4, 1800.0, 400  # exchanges of a chat; how old; characters of each text
LIKELY = 8  # devices that are offered with a message
KNOWN, VIEWS = 1000, 4  # replies without words of others that are kept; houses as several people see them
PICTURES, PICTURE = 3, "(a picture)"  # of a message


class Opening:
    """Makes talks. Knows which replies held no words of others, since the start."""

    def __init__(self, house: House, names: Names, inbox: Inbox, clock: Clock) -> None:
        self.house, self.names, self.inbox, self.clock = house, names, inbox, clock
        self.images = True  # whether a model can look at pictures
        self.clean: dict[int, str] = {}  # message -> what the model said, where no words of others were in it
        self._known: dict[int, tuple[Handles, Sequence[Block]]] = {}  # by version of the house

    def begin(self, turn: Turn) -> Talk:
        """A talk about the message of this turn."""
        if self.house.version not in self._known:
            handles = Handles(self.house)
            self._known = dict([*self._known.items()][1 - VIEWS :])
            self._known[self.house.version] = handles, prompt.prefix(handles)
        talk = Talk(turn, *self._known[self.house.version], self.clock.monotonic())
        talk.messages = [*self._past(turn.message)]
        paths = (turn.message.extra or {}).get("images", ())[:PICTURES] if self.images else ()
        images = [block for path in paths if (block := photo(Path(path)))]
        talk.tainted |= {"picture"} if images else set()
        talk.messages.append(user(*images, text(redact(turn.message.text).strip() or PICTURE), text(self._now(talk))))
        return talk

    def remember(self, message: int, words: str) -> None:
        """Keep what the model said in a talk without words of others."""
        self.clean[message] = words
        if len(self.clean) > KNOWN:
            del self.clean[next(iter(self.clean))]

    def _now(self, talk: Talk) -> str:
        """Who writes, when, and what the words may mean: the only part of the request that changes by itself."""
        message = talk.turn.message
        ids = sorted(taint.named(message.text, self.names, sure=False))
        perhaps = f"; perhaps meant: {told}" if ids and (told := prompt.likely(talk.handles, ids[:LIKELY])) else ""
        return f"[the house: {self.clock.now():%A %d %B %Y, %H:%M}; {talk.turn.role} writes{perhaps}]"

    def _past(self, message: Message) -> list[dict[str, Any]]:
        """The last exchanges of this person in this chat, without what may hold words of others."""
        rows = [one for one in self.inbox.before(message) if one.kind == "message" and one.person == message.person][:HISTORY]
        talk: list[dict[str, Any]] = []
        for one in reversed(rows):
            record = one.record or {}
            if message.at - one.at <= HISTORY_SECONDS and record.get("say") == one.text:
                talk += [
                    user(text(redact(one.text)[:LONGEST_PAST].strip() or PICTURE)),
                    {"role": "assistant", "content": [text(self._replied(one))]},
                ]
        return talk

    def _replied(self, one: Message) -> str:
        """What was done, and the model's own words; the house's sentences hold names as devices gave them to themselves."""
        done = [f"{call['command']} {call['outcome']}" for call in (one.record or {}).get("calls", ())]
        words = self.clean.get(one.id, "")[:LONGEST_PAST]
        return " ".join([*([f"({', '.join(done)})"] if done else []), *([words] if words else [])]) or "(answered)"
