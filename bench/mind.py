"""The language model: how large a request is, and what our own part of a step takes, with a model that answers at once."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from bench.row import Bar, Measure, Options, Sample, Samples
from claw.evaluation.evaluate import fresh
from claw.evaluation.prompt_size import house, sizes
from claw.mind import tools
from claw.mind.costs import Budget
from claw.mind.fallback import Fallback
from claw.mind.wire import Answer, Ask

TOOLS, SMALL, LARGE = "tokens of the tool list", "tokens of a request, 60 devices", "tokens of a request, 1,000 devices"
STEP, LOOK = "our part of a turn of one step, 60 devices", "our part of a turn of two steps, 1,000 devices"
BYTES_A_TOKEN = 3.5
SAID = "it is awfully gloomy in here while I chop the onions"


class Instant:
    """A model that answers at once: a deed, or a look and then a word."""

    name = "instant"

    def __init__(self, *calls: dict[str, Any]) -> None:
        self.calls, self.left = calls, list(calls)

    async def step(self, ask: Ask, on_text: Callable[[str], None], *, seconds: float) -> Answer:
        if not self.left:
            self.left = list(self.calls)
            return Answer([{"type": "text", "text": "Fine."}], "end_turn")
        return Answer([{"type": "tool_use", "id": "a", **self.left.pop(0)}], "tool_use")

    async def close(self) -> None:
        return None


async def measure(options: Options) -> Samples:
    """Processor milliseconds of a whole turn but the device's own time (a simulated one confirms at once)."""
    rounds = 20 if options.quick else 100
    rows = {row["devices"]: row["tokens"] for row in await asyncio.to_thread(lambda: list(sizes()))}
    act = {"name": "switch", "input": {"targets": ["Kitchen lamp"], "action": "turn_on"}}
    look = {"name": "look", "input": {"targets": ["Kitchen lamp"]}}
    return {
        TOOLS: Sample([tools.size() / BYTES_A_TOKEN], f"{len(tools.TOOLS)} tools"),
        SMALL: Sample([rows[60]]), LARGE: Sample([rows[1000]]),
        STEP: Sample(await _turns(60, act, rounds)), LOOK: Sample(await _turns(1000, look, rounds)),
    }  # fmt: skip


async def _turns(devices: int, call: dict[str, Any], rounds: int) -> list[float]:
    agent = fresh(house(devices))
    model = Instant(call)
    agent.think_with(Fallback([model], agent.clock), Budget(), {})
    took = list[float]()
    for _ in range(rounds + 1):
        model.left = [call]
        began = time.process_time()
        await agent.say(SAID)
        took.append((time.process_time() - began) * 1000)
        agent.clock.advance(60)
    agent.store.close()
    agent.history.close()
    return took[1:]


MEASURE = Measure(
    (
        Bar(TOOLS, "tokens", 1000),
        Bar(SMALL, "tokens", 2000),
        Bar(LARGE, "tokens", 2500),
        Bar(STEP, "ms", 10),
        Bar(LOOK, "ms", 20),
    ),
    measure,
)
