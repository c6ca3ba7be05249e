"""The research loop: something is tried within bounds, measured, and kept or reverted. `claw train` is its first program."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

Figures = Mapping[str, Any]  # JSON data
Candidate = TypeVar("Candidate")


class Refused(Exception):
    """Nothing can be tried, or it went beyond its bounds; the text says what to do. Nothing was changed."""


class Program(Protocol[Candidate]):
    """An objective, a metric and bounds."""

    objective: str  # what shall get better
    metric: str  # by which that is judged, and what may get no worse
    bounds: str  # time, steps, size

    async def propose(self) -> Candidate:
        """Something to try, made within the bounds; Refused when there is nothing."""
        ...

    async def measure(self, candidate: Candidate | None) -> Figures:
        """The metric with the candidate; None: as it is now."""
        ...

    def against(self, before: Figures, after: Figures) -> str:
        """What speaks against keeping it, for people; empty when it is better."""
        ...

    def keep(self, candidate: Candidate, figures: Figures) -> None:
        """From now on it holds, through restarts, too; Refused when it cannot be written."""
        ...


@dataclass(frozen=True)
class Result:
    """What came of a program: `why` it was not kept; empty when it was."""

    kept: bool
    why: str
    before: Figures = field(default_factory=dict)
    after: Figures = field(default_factory=dict)
    seconds: float = 0.0


async def run(program: Program[Candidate]) -> Result:
    """Try it once. What is not better is dropped; Refused is a result, too."""
    began = time.monotonic()
    try:
        before = await program.measure(None)
        candidate = await program.propose()
        after = await program.measure(candidate)
        if not (why := program.against(before, after)):
            program.keep(candidate, after)
    except Refused as refused:
        return Result(False, str(refused), seconds=round(time.monotonic() - began, 2))
    return Result(not why, why, before, after, round(time.monotonic() - began, 2))
