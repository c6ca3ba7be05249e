"""Crashes at every statement, effect and acknowledgement: the figures of tests/crash."""

import asyncio
import importlib
import importlib.util
import inspect

from bench.row import Bar, Measure, Options, Sample, Samples

POINTS, WRONG = "crash points tried", "lost, repeated or untrue after a crash"


async def measure(options: Options) -> Samples:
    """Run crash_everywhere() of tests/crash, when that is there; its figures stand in the note."""
    found = importlib.util.find_spec("tests.crash")
    everywhere = getattr(importlib.import_module("tests.crash"), "crash_everywhere", None) if found else None
    if everywhere is None:
        return {POINTS: Sample(note="there is no crash_everywhere() in tests/crash"), WRONG: Sample()}
    figures = await everywhere() if inspect.iscoroutinefunction(everywhere) else await asyncio.to_thread(everywhere)
    wrong = [figures[name] for name in ("lost", "duplicated", "untrue") if name in figures]
    return {
        POINTS: Sample([figures["points"]], ", ".join(f"{name} {value}" for name, value in figures.items())),
        WRONG: Sample([sum(wrong)]),
    }


MEASURE = Measure((Bar(POINTS, ""), Bar(WRONG, "", 0)), measure)
