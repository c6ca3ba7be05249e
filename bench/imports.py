"""A house pays only for the families that it has: what the daemon has imported, read from sys.modules at its end."""

import ast
import asyncio
import sys
import tempfile
from pathlib import Path

from bench.house import FAMILIES, paired, running, standing, usable
from bench.idle import memory
from bench.row import Bar, Measure, Options, Sample, Samples

ROOT = Path(__file__).parent.parent
HEAVY = frozenset({"anthropic", "openai", "httpx", "httpx2", "pandas", "torch"})  # a model SDK, or what only training needs
KEEP = """
import atexit, sys
from pathlib import Path
atexit.register(lambda: Path({path!r}).write_text("\\n".join(n for n, m in sys.modules.items() if m)))
from claw.cli import main
sys.exit(main())
"""
HOUSES: dict[str, tuple[str, ...]] = {"nobody": (), **{name: (name,) for name in FAMILIES}, "all": tuple(FAMILIES)}
HEAVIES, EMPTY = "model SDK or torch loaded, any house", "memory of a house with nobody, PSS"
QUIET = 2.0  # seconds for a daemon to find nothing


async def measure(options: Options) -> Samples:
    """One daemon for each house: with nobody, with each family alone, with all."""
    heavy, absent, empty = set[str](), dict[str, set[str]](), 0.0
    for house, families in HOUSES.items():
        loaded, pss = await _loaded(families)
        heavy |= loaded & HEAVY
        absent[house] = loaded & (set().union(*(libraries(name) for name in skills())) - set().union(*map(libraries, families)))
        empty = empty or pss
    return {
        HEAVIES: Sample([len(heavy)], ", ".join(sorted(heavy))),
        EMPTY: Sample([empty]),
        **{_what(house): Sample([len(names)], ", ".join(sorted(names))) for house, names in absent.items()},
    }


async def _loaded(families: tuple[str, ...]) -> tuple[set[str], float]:
    """The top-level packages of a daemon in a house of these families, and its PSS in MB."""
    with tempfile.TemporaryDirectory(prefix="claw-bench-") as folder:
        modules = Path(folder) / "modules"
        command = ("-c", KEEP.format(path=str(modules)))
        async with standing(families) as house, running(house, Path(folder), command=command) as run:
            await paired(house, run, sum(FAMILIES[name] for name in families))
            await usable(run, 0)
            await asyncio.sleep(QUIET)
            pss = memory(run.pid, "Pss")
        return {name.partition(".")[0] for name in modules.read_text("utf-8").split("\n")}, pss


def skills() -> list[str]:
    """The families that have a skill."""
    return sorted(path.stem for path in (ROOT / "skills").glob("*.py"))


def libraries(skill: str) -> set[str]:
    """What a skill imports, anywhere in its file, that the core does not."""
    core = set().union(*(_imported(path) for path in (ROOT / "claw").rglob("*.py") if "demo" not in path.parts))
    return _imported(ROOT / "skills" / f"{skill}.py") - core - set(sys.stdlib_module_names) - {"claw"}


def _imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_bytes())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.partition(".")[0] for name in names}


def _what(house: str) -> str:
    return f"libraries of absent families, house: {house}"


MEASURE = Measure((Bar(HEAVIES, "", 0), *(Bar(_what(house), "", 0) for house in HOUSES), Bar(EMPTY, "MB")), measure)
