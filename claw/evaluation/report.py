"""The report of an evaluation: figures per file and in all, what was read instead of what, and each case that is not ok."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

RESULTS = ("ok", "wrong", "missed", "unsaid")
LEVELS = ("alias", "tagger", "grammar", "mind", "none")
NOTHING = "nothing"
MOST = 20  # pairs that the text names; the JSON has all
Record = Mapping[str, Any]


def figures(records: Sequence[Record]) -> dict[str, Any]:
    """The line of a file, or of all: how many came to what, and how fast they were understood, in ms."""
    results, levels = (Counter(record[key] for record in records) for key in ("result", "level"))
    return {
        "cases": len(records), **{name: results[name] for name in RESULTS},
        "questions": sum(record["asked"] is not None for record in records), **_latency(records),
        "levels": {name: levels[name] for name in LEVELS},
    }  # fmt: skip


def summary(records: Sequence[Record]) -> dict[str, Any]:
    """The figures of all, with those of each level and category, and the confusions: "expected -> made": how often."""
    return {
        **figures(records),
        "by_level": _by_level(records),
        "categories": _categories(records),
        "confusion": _confusion(records),
    }


def lines(records: Sequence[Record], *, failures: bool = False) -> Iterator[str]:
    """The same for people; with `failures` one block for each case that is not ok."""
    files = defaultdict[str, list[Record]](list)
    for record in records:
        files[record["file"]].append(record)
    for name, some in (*files.items(), ("all", records)):
        told = figures(some)
        levels = " ".join(f"{level} {count}" for level, count in told.pop("levels").items())
        yield f"{name}: " + ", ".join(f"{key} {value}" for key, value in told.items()) + f"; {levels}"
    for level, told in _by_level(records).items():
        yield f"  {level}: cases {told['cases']}, p50_ms {told['p50_ms']}, p95_ms {told['p95_ms']}"
    for category, counted in _categories(records).items():
        yield f"  {category}: " + ", ".join(f"{key} {value}" for key, value in counted.items())
    if wrong := _confusion(records):
        yield "expected -> made:"
        yield from (f"  {pair}: {count}" for pair, count in list(wrong.items())[:MOST])
        yield from [f"  and {len(wrong) - MOST} more (--json has all)"] if len(wrong) > MOST else []
    for record in records if failures else ():
        if record["result"] != "ok":
            yield _block(record)


def _latency(records: Sequence[Record]) -> dict[str, float]:
    times = sorted(record["read_ms"] for record in records)
    return {
        f"p{share}_ms": round(times[min(len(times) - 1, len(times) * share // 100)], 3) if times else 0.0 for share in (50, 95)
    }


def _by_level(records: Sequence[Record]) -> dict[str, dict[str, Any]]:
    some = {level: [record for record in records if record["level"] == level] for level in LEVELS}
    return {level: {"cases": len(those), **_latency(those)} for level, those in some.items() if those}


def _categories(records: Sequence[Record]) -> dict[str, dict[str, int]]:
    names = sorted({record["category"] for record in records} - {""})
    counted = {name: Counter(record["result"] for record in records if record["category"] == name) for name in names}
    return {name: {"cases": of.total(), **{result: of[result] for result in RESULTS}} for name, of in counted.items()}


def _confusion(records: Sequence[Record]) -> dict[str, int]:
    return dict(Counter(_pair(record) for record in records if record["result"] != "ok").most_common())


def _pair(record: Record) -> str:
    """ "turn_on light -> nothing"; where the commands were right, what else was not."""
    expected, made = (", ".join(record[key]) or NOTHING for key in ("expected", "made"))
    if record["asked"] == "which" and not record["made"]:
        made = "a question"
    if record["result"] == "unsaid":
        made += " (not said or asked so)"
    elif expected == made:
        made += " (another device or value)"
    return f"{expected} -> {made}"


def _block(record: Record) -> str:
    changed = [f"{id}.{name}: {value!r}" for id, fields in record["changed"].items() for name, value in fields.items()]
    rows = {
        "before": "; ".join(record["before"]), "say": record["say"], "category": record["category"],
        "changed": ", ".join(changed) or NOTHING, "expected": record["wanted"] or NOTHING, "reply": record["reply"],
        "level": record["level"], "why": record["why"],
    }  # fmt: skip
    told = [f"  {name + ':':9} {value}" for name, value in rows.items() if value]
    return "\n".join([f"{record['result']}: {record['file']}", *told])
