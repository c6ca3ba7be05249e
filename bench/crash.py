"""Crashes before every statement, effect, acknowledgement and request: the figures of crash_everywhere() in tests/crash."""

import importlib
from pathlib import Path

from bench.row import Bar, Measure, Options, Sample, Samples

LINES = {"the road": ("keyed", "keyless"), "Telegram": ("telegram",), "Matrix": ("matrix",)}
POINTS, WRONG, MISSED = "crash points, {}", "lost, doubled or untrue after a crash, {}", "planted bugs not found, {}"
TESTS = Path(__file__).parent.parent / "tests"


async def measure(options: Options) -> Samples:
    """All points of each line and the planted bugs; nothing is measured where the tests are not there (a wheel)."""
    if not (TESTS / "crash" / "road.py").exists():
        return {bar.what: Sample(note="there is no tests/crash") for bar in MEASURE.bars}
    samples = dict[str, Sample]()
    for name, lines in LINES.items():
        figures = await importlib.import_module("tests.crash.road").crash_everywhere(lines)
        samples |= {
            POINTS.format(name): Sample([figures["crash_points"]], f"{figures['told_unknown']} told as unknown"),
            WRONG.format(name): Sample([figures["lost"] + figures["duplicated"] + figures["wrong"]]),
            MISSED.format(name): Sample([figures["bugs"] - figures["bugs_detected"]], f"of {figures['bugs']}"),
        }
    return samples


MEASURE = Measure(
    tuple(Bar(what.format(name), "", limit) for name in LINES for what, limit in ((POINTS, None), (WRONG, 0), (MISSED, 0))),
    measure,
)
