"""What goes to a language model and comes back, in blocks of the Messages API, whichever server speaks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Block = Mapping[str, Any]  # {"type": "text", "text"}, {"type": "tool_use", "id", "name", "input"}, {"type": "tool_result", ...}
Stop = Literal["end_turn", "max_tokens", "tool_use", "pause_turn", "refusal", "context"]  # context: the prompt is too long
Kind = Literal["key", "money", "missing", "large", "busy", "down", "slow", "cut", "wrong"]


@dataclass(frozen=True)
class Usage:
    """Tokens of one step as the server counted them; 0 where it says nothing. `read`, `written`: of its cache."""

    input: int = 0  # without those that were read from or written to the cache
    output: int = 0
    read: int = 0
    written: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input + other.input, self.output + other.output, self.read + other.read, self.written + other.written
        )  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """One request. `system` and `tools` are the prefix that a server may cache: the same bytes while the house stays the same."""

    system: Sequence[Block]
    tools: Sequence[Block]
    messages: Sequence[Mapping[str, Any]]  # {"role": "user" or "assistant", "content": [Block, ...]}
    max_tokens: int
    strong: bool = False  # by the stronger model, where one is configured


@dataclass(frozen=True)
class Answer:
    """What the model said: text and tool_use blocks only, each tool_use with a complete input."""

    content: Sequence[Block]
    stop: Stop
    usage: Usage = Usage()
    model: str = ""  # the name of the model that answered
    broken: Sequence[str] = field(default=())  # names of tools whose input was cut off or is no JSON object; not in `content`


class ModelError(Exception):
    """A step failed. The text is for logs; `kind` decides what a person is told and whether another model is tried.

    key: 401, 403. money: 402, or a budget of the account. missing: 404. large: 413. busy: 429, 529 (`wait`: seconds that the
    server asks for, 0 = it does not say). down: 5xx, refused, reset. slow: our deadline. cut: the stream ended or failed
    half-way. wrong: 400, or what came is not of this wire. Never holds a key.
    """

    def __init__(self, kind: Kind, text: str, wait: float = 0.0) -> None:
        super().__init__(text)
        self.kind: Kind = kind
        self.wait = wait


class Model(Protocol):
    """One configured model behind an adapter."""

    name: str  # as in the config: [models.NAME]

    async def step(self, ask: Ask, on_text: Callable[[str], None], *, seconds: float) -> Answer:
        """Ask once, streaming; `on_text` gets the words as they come. Ends within `seconds`. Raises ModelError only.

        Nothing is retried here: the loop decides. Cancelling ends the request.
        """
        ...

    async def close(self) -> None:
        """End connections that are kept open."""
        ...
