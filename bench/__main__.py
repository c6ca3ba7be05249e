"""`python -m bench [NAME...] [--json]`: a table of bars and what was measured: medians, with the machine's load in them."""

import argparse
import asyncio
import compileall
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import crash, doctor, idle, imports, mind, page, people, reading, routines, sentence, size, start, suite
from bench.row import HEAD, Measure, Options, Sample, line, row

ROOT = Path(__file__).parent.parent
MEASURES: dict[str, Measure] = {
    "sentence": sentence.MEASURE, "reading": reading.MEASURE, "start": start.MEASURE, "idle": idle.MEASURE,
    "imports": imports.MEASURE, "size": size.MEASURE, "doctor": doctor.MEASURE, "page": page.MEASURE,
    "people": people.MEASURE, "mind": mind.MEASURE,
    "routines": routines.MEASURE, "crash": crash.MEASURE, "suite": suite.MEASURE,
}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a bar was missed or a measurement failed. A skill file saved meanwhile reconnects its devices."""
    args = parser().parse_args(argv)
    for folder in ("claw", "skills"):
        compileall.compile_dir(ROOT / folder, quiet=2)  # as pip would
    options = Options(quick=args.quick, install=args.install, suite=args.suite)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    print("" if args.json else HEAD + "\n", end="", flush=True)
    failed = [name for name in args.name or MEASURES if show(name, options, as_json=args.json)]
    return int(bool(failed))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    made.add_argument("name", nargs="*", metavar="NAME", help=f"any of {', '.join(MEASURES)} (default: all)")
    made.add_argument("--json", action="store_true", help="one JSON object a row")
    made.add_argument("--quick", action="store_true", help="fewer rounds, 15 s idle")
    made.add_argument("--install", action="store_true", help="weigh a fresh installation (needs the package index)")
    made.add_argument("--suite", action="store_true", help="also time `make test`")
    return made


def show(name: str, options: Options, *, as_json: bool) -> bool:
    """Run one measurement and print its rows; whether a bar was missed or it failed."""
    measure = MEASURES[name]
    try:
        samples, failed = asyncio.run(measure.run(options)), False
    except (RuntimeError, OSError, LookupError, AssertionError) as error:  # a measurement must not take the others with it
        print(f"{name} failed: {error!r}", file=sys.stderr)
        samples, failed = dict.fromkeys([bar.what for bar in measure.bars], Sample(note="failed")), True
    rows = [row(name, bar, samples[bar.what]) for bar in measure.bars]
    print("\n".join(json.dumps(one) if as_json else line(one) for one in rows), flush=True)
    return failed or any(one["verdict"] == "miss" for one in rows)


if __name__ == "__main__":
    sys.exit(main())
