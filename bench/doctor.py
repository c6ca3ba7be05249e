"""How long `claw doctor` takes beside no daemon and without a network: the whole command, as a person waits for it."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from bench.row import Bar, Measure, Options, Sample, Samples

OFFLINE = "doctor: the whole command, offline"
CONFIG = '[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["127.66.0.0/24"]\n'


async def measure(options: Options) -> Samples:
    """A fresh process each time, on an empty data folder."""
    times: list[float] = []
    with tempfile.TemporaryDirectory(prefix="claw-bench-") as folder:
        config = Path(folder, "config.toml")
        config.write_text(CONFIG, "utf-8")
        for _ in range(3 if options.quick else 10):
            began = time.perf_counter()
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "claw.cli", "doctor", "--config", str(config), "--data", str(Path(folder, "data")),
                stdout=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            await process.wait()
            times.append(time.perf_counter() - began)
    return {OFFLINE: Sample(times)}


MEASURE = Measure((Bar(OFFLINE, "s", 1),), measure)
