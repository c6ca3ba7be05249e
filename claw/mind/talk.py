"""One talk of the model about one message: what was said to it and by it, what taints it, and what it came to."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claw.call import ToolCall
from claw.discovery.found import clean
from claw.mind.handles import Handles
from claw.mind.wire import Block
from claw.turns.turn import Turn

LONGEST_QUOTE = 300  # characters


@dataclass
class Talk:
    """`turn` collects the steps; the rest is what only the model and the loop need."""

    turn: Turn
    handles: Handles
    system: Sequence[Block]
    began: float  # monotonic seconds
    messages: list[dict[str, Any]] = field(default_factory=list)
    tainted: set[str] = field(default_factory=set)  # from where words of others came in: title, picture, memory ...
    asked: list[ToolCall] = field(default_factory=list)  # what needs a yes, asked at the end in one question
    said: list[str] = field(default_factory=list)  # true sentences of our own: "I'll remember that ..."
    words: list[str] = field(default_factory=list)  # what the model answered before it was shown another message
    pictures: list[Path] = field(default_factory=list)  # shown in the reply
    shown: list[Turn] = field(default_factory=list)  # of messages that came meanwhile and were shown to the model
    waiting: list[Turn] = field(default_factory=list)  # those that it has not seen yet
    planned: bool = False  # what is asked is a plan of several wishes
    failures: int = 0  # tools that failed one after the other
    calls: int = 0
    ids: set[str] = field(default_factory=set)  # of calls
    urged: bool = False  # it was told once that it claimed what no tool had done
    halted: asyncio.Event = field(default_factory=asyncio.Event)
    lead: int = 0  # the message with which the thought began

    @property
    def text(self) -> str:
        """All that the person wrote: the message and what came meanwhile."""
        return "\n".join([self.turn.message.text, *(one.message.text for one in self.shown)])


@dataclass(frozen=True)
class Result:
    """What a tool came to, for the model. reads: it wants to see it before it goes on; ends: the turn waits for the person."""

    text: str
    reads: bool = False
    failed: bool = False
    ends: bool = False
    image: Block | None = None
    taint: str = ""


def quoted(text: object) -> str:
    """Words of others, marked as such; they cannot close the mark, nor begin a line of their own."""
    return f"«{clean(str(text), LONGEST_QUOTE).replace('«', '‹').replace('»', '›')}»"
