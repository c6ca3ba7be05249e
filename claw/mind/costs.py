"""What the model cost: a row per step in history.db; budgets per day, and per person and day."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claw.clock import Clock
from claw.mind.wire import Usage
from claw.store import Store

MILLION = 1_000_000
OVER = "I have used up what I may spend on thinking today; plain wishes I still understand."
OVER_PERSON = "You have used up what you may spend on my thinking today; plain wishes I still understand."


@dataclass(frozen=True)
class Prices:
    """Per million tokens, in whatever money the owner counts."""

    input: float = 0.0
    output: float = 0.0
    read: float = 0.0
    written: float = 0.0

    def of(self, usage: Usage) -> float:
        """What these tokens cost."""
        whole = usage.input * self.input + usage.output * self.output + usage.read * self.read + usage.written * self.written
        return whole / MILLION


@dataclass(frozen=True)
class Budget:
    """A day's most; 0 = no bound."""

    tokens: int = 0
    money: float = 0.0
    person_tokens: int = 0


NO_BOUNDS = Budget()


class Costs:
    """Adds up what was spent; the day is the house's own."""

    def __init__(
        self, history: Store, clock: Clock, budget: Budget = NO_BOUNDS, prices: Mapping[str, Prices] | None = None
    ) -> None:
        self.history, self.clock, self.budget, self.prices = history, clock, budget, prices or {}

    def add(self, message: int, person: str, model: str, usage: Usage, ms: float) -> None:
        """Keep what one step took."""
        money = self.prices.get(model, Prices()).of(usage)
        self.history.insert(
            "costs", message=message, day=self._today(), at=self.clock.time(), person=person, model=model, input=usage.input,
            output=usage.output, read=usage.read, written=usage.written, money=money, ms=ms,
        )  # fmt: skip

    def refusal(self, person: str) -> str:
        """Why no model may be asked for this person now; empty when one may."""
        tokens, money = self._spent("day = ?", self._today())
        if (self.budget.tokens and tokens >= self.budget.tokens) or (self.budget.money and money >= self.budget.money):
            return OVER
        own, _ = self._spent("day = ? AND person = ?", self._today(), person)
        return OVER_PERSON if self.budget.person_tokens and own >= self.budget.person_tokens else ""

    def _spent(self, where: str, *params: object) -> tuple[int, float]:
        sums = "coalesce(sum(input + output + read + written), 0) AS t, coalesce(sum(money), 0) AS m"
        row = self.history.one(f"SELECT {sums} FROM costs WHERE {where}", *params)
        return (int(row["t"]), float(row["m"])) if row else (0, 0.0)

    def days(self, count: int = 14) -> list[dict[str, Any]]:
        """What each of the last days took, the newest first: messages, steps, tokens, share read from the cache, money."""
        rows = self.history.all(
            "SELECT day, count(DISTINCT message) AS messages, count(*) AS steps, sum(input + written + read) AS input,"
            " sum(output) AS output, sum(read) AS read, sum(money) AS money, sum(ms) AS ms FROM costs"
            " GROUP BY day ORDER BY day DESC LIMIT ?", count,
        )  # fmt: skip
        return [dict(row) for row in rows]

    def _today(self) -> str:
        return f"{self.clock.now():%Y-%m-%d}"
