"""Crashes before every statement, effect and acknowledgement: the figures of crash_everywhere() in tests/crash."""

import importlib
import sys
from pathlib import Path

from bench.row import Bar, Measure, Options, Sample, Samples

POINTS, WRONG, MISSED = "crash points tried", "lost, duplicated or untrue after a crash", "planted bugs that were not found"
TESTS = Path(__file__).parent.parent / "tests"


async def measure(options: Options) -> Samples:
    """All crash points of the road and of the planted bugs; nothing is measured where the tests are not there (a wheel)."""
    if not (TESTS / "crash" / "road.py").exists():
        return {POINTS: Sample(note="there is no tests/crash"), WRONG: Sample(), MISSED: Sample()}
    sys.path.insert(0, str(TESTS))
    figures = await importlib.import_module("crash.road").crash_everywhere()
    return {
        POINTS: Sample([figures["crash_points"]], f"{figures['told_unknown']} told as unknown"),
        WRONG: Sample([figures["lost"] + figures["duplicated"] + figures["wrong"]]),
        MISSED: Sample([figures["bugs"] - figures["bugs_detected"]], f"of {figures['bugs']}"),
    }


MEASURE = Measure((Bar(POINTS, ""), Bar(WRONG, "", 0), Bar(MISSED, "", 0)), measure)
