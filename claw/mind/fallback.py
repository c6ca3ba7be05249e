"""Several models in their order: one that fails again and again is left alone for a while (circuit breaker)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from claw.clock import Clock
from claw.mind.wire import Answer, Ask, Model, ModelError

TRIES, FIRST_REST, LONGEST_REST = 3, 60.0, 900.0  # failures in a row; seconds that a model is left alone
AT_ONCE = ("key", "money", "missing")  # kinds that do not pass by themselves
SOON = 3.0  # a wait that a server asks for and that is waited out, once


@dataclass
class State:
    """How a model fares. `until`: monotonic seconds before which it is not asked."""

    failed: int = 0
    rests: int = 0
    until: float = 0.0
    problem: str = ""


class Fallback:
    """Asks the first model that is not resting; the next one when it fails."""

    def __init__(self, models: Sequence[Model], clock: Clock) -> None:
        self.models, self.clock = list(models), clock
        self.states = {model.name: State() for model in models}
        self.on_try: Callable[[str, Answer, float], None] = lambda name, answer, ms: None

    async def step(self, ask: Ask, on_text: Callable[[str], None], *, seconds: float) -> Answer:
        """An answer, within so many seconds in all; the last ModelError when no model gave one."""
        end = self.clock.monotonic() + seconds
        last = ModelError("down", "every model rests after failures")
        for model in self.models:
            if self.states[model.name].until > self.clock.monotonic():
                continue
            try:
                return await self._by(model, ask, on_text, end)
            except ModelError as error:
                last = error
        raise last

    async def _by(self, model: Model, ask: Ask, on_text: Callable[[str], None], end: float) -> Answer:
        for again in (True, False):
            left = end - self.clock.monotonic()
            if left <= 0:
                raise ModelError("slow", "no time is left")
            began = time.perf_counter()
            try:
                answer = await model.step(ask, on_text, seconds=left)
            except ModelError as error:
                if again and error.kind == "busy" and error.wait <= min(SOON, left / 2):
                    await self.clock.sleep(error.wait or 1.0)
                    continue
                self._failed(model.name, error)
                raise
            self.states[model.name] = State()
            self.on_try(model.name, answer, (time.perf_counter() - began) * 1000)
            return answer
        raise ModelError("busy", f"{model.name} is overloaded")

    def _failed(self, name: str, error: ModelError) -> None:
        state = self.states[name]
        state.failed, state.problem = state.failed + 1, f"{error.kind}: {error}"
        if error.kind in AT_ONCE or state.failed >= TRIES:
            rest = max(min(LONGEST_REST, FIRST_REST * 2**state.rests), min(error.wait, LONGEST_REST))
            state.until, state.rests, state.failed = self.clock.monotonic() + rest, state.rests + 1, 0

    def status(self) -> list[dict[str, object]]:
        """Per model: whether it would be asked now, and what went wrong last."""
        now = self.clock.monotonic()
        return [{"name": name, "state": "resting" if state.until > now else "ready", "problem": state.problem}
                for name, state in self.states.items()]  # fmt: skip

    async def close(self) -> None:
        """End the connections of all models."""
        for model in self.models:
            await model.close()
