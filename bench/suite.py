"""How long the project's own checks take once it is set up."""

import asyncio
import sys
import time
from pathlib import Path

from bench.row import Bar, Measure, Options, Sample, Samples

SUITE = "`make test` after set-up"


async def measure(options: Options) -> Samples:
    """One run, only with --suite; RuntimeError when the checks fail."""
    if not options.suite:
        return {SUITE: Sample(note="measured with --suite")}
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec("make", "test", cwd=Path(__file__).parent.parent, stdout=sys.stderr)
    if await process.wait():
        raise RuntimeError("make test failed")
    return {SUITE: Sample([time.monotonic() - began])}


MEASURE = Measure((Bar(SUITE, "s", 180),), measure)
