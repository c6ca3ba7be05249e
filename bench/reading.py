"""How long a message takes to read, in houses of 60 and 1,000 devices, and what reading costs in memory; beside hassil alone.

The sentences are those of the development sets (../shared/evals, where they are) or of tests/evals, each in its own house filled
up with other devices, and 500 that ask for nothing. The first sentence is read in a fresh process that has warmed up.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from bench.row import Bar, Measure, Options, Sample, Samples, quantile
from claw.clock import Clock
from claw.evaluation.simulated import build
from claw.events import Events
from claw.house import House
from claw.names import Names
from claw.reflex.reader import Reader
from claw.reflex.reading import Context
from claw.store import Store

HERE = Path(__file__).parent.parent
SHARED, OWN = HERE.parent / "shared" / "evals", HERE / "tests" / "evals"
SMALL, LARGE = 60, 1000
NOTHING = 500
HASSIL = "hassil alone, 60 devices"
FIRST, TAGGER, ALL = "the first sentence after the warm-up", "memory of the tagger over numpy", "memory of all levels over numpy"
WEIGHTS = "weights"
MORE: Sequence[tuple[str, str, dict[str, Any]]] = (
    ("Light", "light", {"on": False}), ("Blind", "shade", {"position": 0}), ("Plug", "switch", {"on": False}),
    ("Speaker", "player", {"playback": "stopped"}),
)  # fmt: skip
Said = tuple[str, Context]


async def measure(options: Options) -> Samples:
    """Every sentence once, after a first pass over some that warms what is made once in a process."""
    found: dict[str, Sample] = {}
    files = [yaml.safe_load(path.read_text("utf-8")) for path in _files()]
    files = files[:: 4 if options.quick else 1]
    prose = [yaml.safe_load(path.read_text("utf-8"))["cases"] for path in sorted(OWN.glob("asks-nothing*.yaml"))]
    nothing = [case["say"] for cases in prose for case in cases]
    for count in (SMALL, LARGE):
        times, alone = _times(files, nothing[:NOTHING], count, alone=count == SMALL)
        found[f"{count} devices, p50"] = Sample(times)
        found[f"{count} devices, p95"] = Sample([quantile(times, 0.95)])
        if alone:
            found[HASSIL] = Sample(alone)
    costs = [await asyncio.to_thread(_child) for _ in range(3)]
    found |= {what: Sample([one[what] for one in costs]) for what in (FIRST, TAGGER, ALL)}
    return found | {WEIGHTS: Sample([(HERE / "claw" / "reflex" / "weights.npz").stat().st_size / 1e6])}


def _files() -> Sequence[Path]:
    shared = sorted(SHARED.glob("*/*.yaml"))
    return shared or sorted(path for path in OWN.glob("*.yaml") if not path.name.startswith("asks-nothing"))


def _times(files: Sequence[Any], nothing: Sequence[str], count: int, *, alone: bool) -> tuple[list[float], list[float]]:
    """Milliseconds for each sentence, by the reader and by hassil."""
    times: list[float] = []
    others: list[float] = []
    share = len(nothing) // len(files) + 1
    for number, file in enumerate(files):
        with tempfile.TemporaryDirectory(prefix="claw-bench-") as folder:
            reader = _reader(file["house"], count, Path(folder))
            said = [(case["say"], Context(area=case.get("area", ""))) for case in file["cases"]]
            said += [(text, Context()) for text in nothing[number * share : (number + 1) * share]]
            for text, context in said[:3]:
                reader.read(text, context)
            times += [_timed(reader.read, *one) for one in said]
            others += [_timed(reader.sentences.grammar("en").matches, *one) for one in said] if alone else []
    return times, others


def _timed(work: Callable[[str, Context], object], text: str, context: Context) -> float:
    began = time.perf_counter()
    work(text, context)
    return (time.perf_counter() - began) * 1000


def _reader(house: Any, count: int, folder: Path) -> Reader:
    """A reader of this house with more devices in more rooms."""
    devices = [*house["devices"]]
    rooms = [f"Room {number}" for number in range(count // 12)]
    devices += [_more(n, rooms[n % len(rooms)]) for n in range(count - len(devices))]
    made = House(Store(folder / "house.db"), Events(), Clock())
    build({"areas": [*house.get("areas", []), *({"name": room} for room in rooms)], "devices": devices}, made)
    return Reader(made, Names(made), Clock())


def _more(n: int, room: str) -> dict[str, Any]:
    """One of the devices that fill the house up."""
    name, kind, state = MORE[n % len(MORE)]
    return {"id": f"more-{n}", "name": f"{room} {name} {n}", "area": room, "kind": kind, "state": state}


def _child() -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", "bench.reading"], capture_output=True, text=True, check=True, cwd=HERE)
    return dict(json.loads(done.stdout))


def _own_costs() -> None:
    """In a fresh process: resident memory before and after, and the first sentence."""
    import numpy  # noqa: F401

    from claw.reflex.tagger import tagger
    from claw.reflex.tokens import Lexicon

    before = _resident()
    model = tagger()
    assert model
    model.read("turn on the light", Lexicon((), (), ()))
    after_tagger = _resident()
    with tempfile.TemporaryDirectory(prefix="claw-bench-") as folder:
        reader = _reader(yaml.safe_load(_files()[0].read_text("utf-8"))["house"], SMALL, Path(folder))
        reader.warm()
        first = _timed(reader.read, "turn on the lights in the kitchen", Context())
    print(json.dumps({FIRST: first, TAGGER: after_tagger - before, ALL: _resident() - before}))


def _resident() -> float:
    """Megabytes of this process."""
    fields = Path("/proc/self/status").read_text("utf-8")
    return int(fields.split("VmRSS:")[1].split()[0]) / 1024


BARS = (
    Bar(f"{SMALL} devices, p50", "ms", 1), Bar(f"{SMALL} devices, p95", "ms", 5), Bar(f"{LARGE} devices, p50", "ms", 2),
    Bar(f"{LARGE} devices, p95", "ms"), Bar(HASSIL, "ms"), Bar(FIRST, "ms", 50), Bar(TAGGER, "MB", 25), Bar(ALL, "MB"),
    Bar(WEIGHTS, "MB", 2),
)  # fmt: skip
MEASURE = Measure(BARS, measure)

if __name__ == "__main__":
    _own_costs()
