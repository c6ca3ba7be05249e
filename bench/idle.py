"""What the daemon costs while nobody talks to it: processor time and memory, with all devices of the virtual house connected."""

import asyncio
import os
import re
import tempfile
import time
from pathlib import Path

from bench.house import FAMILIES, Running, paired, running, standing
from bench.row import Bar, Measure, Options, Sample, Samples

PSS, RSS, CPU, WAKES = "idle memory, PSS", "idle memory, RSS", "idle processor, of one core", "idle wake-ups a second"
SETTLE = 5.0  # seconds after the last device


async def measure(options: Options) -> Samples:
    """One daemon; memory at the end of the idle time."""
    seconds = 15 if options.quick else 60
    with tempfile.TemporaryDirectory(prefix="claw-bench-") as folder:
        async with standing() as house, running(house, Path(folder)) as run:
            await paired(house, run, sum(FAMILIES.values()))
            await asyncio.sleep(SETTLE)
            cpu, wakes = await _used(run, seconds)
            pss, rss = memory(run.pid, "Pss"), memory(run.pid, "Rss")
    return {
        PSS: Sample([pss], "less what it shares with this benchmark's process"),
        RSS: Sample([rss], "what it would be without another Python"),
        CPU: Sample([cpu], f"over {seconds} s"),
        WAKES: Sample([wakes]),
    }


async def _used(run: Running, seconds: float) -> tuple[float, float]:
    """Percent of a core and wake-ups a second over a time in which nobody talks to the daemon."""
    cpu, wakes, began = _cpu_seconds(run.pid), _switches(run.pid), time.monotonic()
    await asyncio.sleep(seconds)
    passed = time.monotonic() - began
    return (_cpu_seconds(run.pid) - cpu) / passed * 100, (_switches(run.pid) - wakes) / passed


def memory(pid: int, what: str) -> float:
    """Pss or Rss of a process in MB of 1,000,000 bytes (/proc/PID/smaps_rollup, proc(5))."""
    found = re.search(rf"^{what}:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def _cpu_seconds(pid: int) -> float:
    """utime + stime: fields 14 and 15 of /proc/PID/stat (proc(5)); the second field may hold spaces."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _switches(pid: int) -> int:
    """How often its threads went to sleep of their own will."""
    return sum(
        int(line.split()[1])
        for task in Path(f"/proc/{pid}/task").iterdir()
        for line in (task / "status").read_text("utf-8").splitlines()
        if line.startswith("voluntary_ctxt_switches")
    )


MEASURE = Measure((Bar(PSS, "MB", 100), Bar(RSS, "MB"), Bar(CPU, "%", 1), Bar(WAKES, "/s")), measure)
