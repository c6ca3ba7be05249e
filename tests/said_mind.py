"""A fake model that says what a test tells it to, and keeps what it was asked; and a small house that thinks with it."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from claw.mind.costs import Budget, Prices
from claw.mind.fallback import Fallback
from claw.mind.wire import Answer, Ask, Block, ModelError, Usage
from tests.simulated_house import SmallHouse

Said = Answer | ModelError | Callable[[Ask], Answer]


def text(words: str) -> Block:
    return {"type": "text", "text": words}


def use(tool: str, **given: Any) -> Block:
    return {"type": "tool_use", "id": f"call_{tool}", "name": tool, "input": given}


def answer(*content: Block, stop: Any = None) -> Answer:
    """An answer of these blocks; it ends the turn unless it calls a tool."""
    called = any(block["type"] == "tool_use" for block in content)
    return Answer(content, stop or ("tool_use" if called else "end_turn"), Usage(1000, 20), "said")


class SaidModel:
    """Gives its answers one after the other, the last one again and again."""

    def __init__(self, *answers: Said, name: str = "said") -> None:
        self.name, self.answers, self.asked = name, list(answers), list[Ask]()

    async def step(self, ask: Ask, on_text: Callable[[str], None], *, seconds: float) -> Answer:
        self.asked.append(
            Ask(json.loads(json.dumps(ask.system)), ask.tools, json.loads(json.dumps(ask.messages)), ask.max_tokens)
        )
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(said, ModelError):
            raise said
        return said if isinstance(said, Answer) else said(ask)

    async def close(self) -> None:
        """Nothing is open."""


class Waits(SaidModel):
    """Thinks until it is let go by `free`."""

    def __init__(self, *answers: Any) -> None:
        super().__init__(*answers)
        self.free = asyncio.Event()

    async def step(self, ask: Ask, on_text: Callable[[str], None], *, seconds: float) -> Answer:
        await self.free.wait()
        return await super().step(ask, on_text, seconds=seconds)


def thinking(house: SmallHouse, *models: SaidModel, budget: Budget | None = None, prices: Mapping[str, Prices] | None = None,
             media: Path | None = None) -> SmallHouse:  # fmt: skip
    """Let this house think with these models."""
    house.agent.think_with(Fallback(models, house.clock), budget or Budget(), prices or {}, media)
    return house


def results(asked: Sequence[Ask]) -> list[str]:
    """What the tools gave back, as the model was told in the end."""
    blocks = [block for message in asked[-1].messages for block in message["content"] if block["type"] == "tool_result"]
    return [part["text"] for block in blocks for part in block["content"] if part["type"] == "text"]
