"""What a measurement promises (its bars) and what it found (its samples), and the table of both."""

import math
import statistics
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Options:
    """quick: fewer rounds and a shorter idle window. install: build a fresh venv. suite: run `make test`."""

    quick: bool = False
    install: bool = False
    suite: bool = False


@dataclass(frozen=True)
class Bar:
    """One row of the table; without a limit it is there to be read, not to be passed."""

    what: str
    unit: str
    limit: float | None = None


@dataclass(frozen=True)
class Sample:
    """The values of one row (empty: not measured) and how they came about."""

    values: Sequence[float] = field(default=())
    note: str = ""


Samples = Mapping[str, Sample]


@dataclass(frozen=True)
class Measure:
    """One measurement: `run` returns a sample for each of its bars, by `what`."""

    bars: Sequence[Bar]
    run: Callable[[Options], Coroutine[Any, Any, Samples]]


def quantile(values: Sequence[float], share: float) -> float:
    """The nearest-rank quantile; ValueError without values."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def row(name: str, bar: Bar, sample: Sample) -> dict[str, Any]:
    """A row as --json prints it; the verdict is pass, miss, or empty when there is no limit or nothing was measured."""
    measured = statistics.median(sample.values) if sample.values else None
    passed = measured is None or bar.limit is None or measured <= bar.limit
    verdict = "" if measured is None or bar.limit is None else "pass" if passed else "miss"
    p95 = quantile(sample.values, 0.95) if len(sample.values) >= 20 else None
    return {
        "name": name, "what": bar.what, "unit": bar.unit, "bar": bar.limit, "median": _rounded(measured), "p95": _rounded(p95),
        "n": len(sample.values), "verdict": verdict, "note": sample.note,
    }  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.3g}") if abs(value) < 100 else round(value)


def line(row: Mapping[str, Any]) -> str:
    """A row for people."""
    cells = [_cell(row[key], row["unit"]) for key in ("bar", "median", "p95")]
    text = f"{row['name']:<9} {row['what']:<52} {cells[0]:>10} {cells[1]:>10} {cells[2]:>10} {row['n']:>4}  {row['verdict']:<4}"
    return f"{text}  {row['note']}".rstrip()


def _cell(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:g} {unit}"


HEAD = f"{'':<9} {'what':<52} {'bar':>10} {'median':>10} {'p95':>10} {'n':>4}"
