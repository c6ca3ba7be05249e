"""How long until the house can be used: starts on a data folder that knows it, and first starts, which find and pair everything.

Python's caches are warm (`python -m bench` compiles claw and skills first), as after an installation.
"""

import tempfile
from pathlib import Path

from bench.house import FAMILIES, paired, running, standing, usable
from bench.row import Bar, Measure, Options, Sample, Samples

READY, ONE, EVERY, NEW = (
    "start: reads messages",
    "start: first device usable",
    "start: all devices usable",
    "first start: all found and paired",
)
COUNT = sum(FAMILIES.values())


async def measure(options: Options) -> Samples:
    """Each first start has a new house; the later starts use the last of them."""
    first: list[float] = []
    later: dict[str, list[float]] = {READY: [], ONE: [], EVERY: []}
    for left in reversed(range(1 if options.quick else 3)):
        with tempfile.TemporaryDirectory(prefix="claw-bench-") as folder:
            async with standing() as house:
                async with running(house, Path(folder)) as run:
                    first.append(await paired(house, run, COUNT))
                for _ in range(0 if left else 2 if options.quick else 5):
                    async with running(house, Path(folder)) as run:
                        for what, count in ((READY, 0), (ONE, 1), (EVERY, COUNT)):
                            later[what].append(await usable(run, count))
    return {NEW: Sample(first, "a person who answers at once"), **{what: Sample(times) for what, times in later.items()}}


MEASURE = Measure((Bar(READY, "s"), Bar(ONE, "s", 1.5), Bar(EVERY, "s", 5), Bar(NEW, "s", 10)), measure)
