"""Imports point downward only; a skill imports claw.skill and its device library; heavy libraries come when first needed."""

import ast
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = [
    ["config", "store", "files", "clock", "when", "moments", "events", "hosting.secrets", "device", "color", "supervise",
     "notify", "media"],
    ["capabilities", "kit", "call", "discovery", "hosting.boundary", "speech"],
    ["people.codes", "people.people", "messages", "skill"],
    ["house", "hosting.loading"],
    ["names", "roles", "policy", "turns.acting"],
    ["turns.replies", "turns.keeping", "reflex"],
    ["turns.turn", "turns.answering", "turns.listening", "turns.closing", "turns.continuing", "turns.topics", "turns.aftermath",
     "turns.deciding", "hosting.contract", "hosting.connections"],
    ["routines", "memory", "learning", "history", "watches", "rooms", "people.talk", "disk"],
    ["mind"],
    ["agent"],
    ["view", "bridges", "web", "api"],
    ["daemon", "console", "upkeep", "evaluation", "testing", "authoring", "demo", "cli"],
]  # fmt: skip
SPLIT = {"hosting", "people", "turns"}  # folders whose files stand in different layers
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def modules() -> list[Path]:
    return sorted((ROOT / "claw").rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The parts of claw that a file imports, wherever in it, but not for type checking only."""
    tree = ast.parse(path.read_text("utf-8"))
    guards = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    typing_only = {id(node) for guard in guards for node in ast.walk(guard)}
    names = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "claw":
            whole = [node.module] if "." in node.module else [f"claw.{alias.name}" for alias in node.names]
            names |= {part(one.split(".")[1:]) for one in whole}
        elif isinstance(node, ast.Import):
            names |= {part(alias.name.split(".")[1:]) for alias in node.names if alias.name.startswith("claw.")}
    return names


def part(names: Sequence[str]) -> str:
    """The part of claw that a module belongs to: its folder, or the file itself in a folder that is split."""
    return ".".join(names[: 2 if names[0] in SPLIT else 1])


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_downward(path: Path) -> None:
    own = part(path.relative_to(ROOT / "claw").with_suffix("").parts)
    if own.endswith("__init__"):
        return
    assert own in LEVEL, f"say in LAYERS where claw/{own} belongs"
    others = imported(path) - {own, "__version__"}
    higher = {name for name in others if LEVEL[name] >= LEVEL[own] and not same_layer_ok(own, name)}
    assert not higher, f"claw/{own} may not import {higher}"


def same_layer_ok(own: str, name: str) -> bool:
    """Within one layer imports may go one way, in the order of the list."""
    return LEVEL[own] == LEVEL[name] and LAYERS[LEVEL[own]].index(name) < LAYERS[LEVEL[own]].index(own)


@pytest.mark.parametrize("path", sorted((ROOT / "skills").glob("*.py")), ids=lambda path: path.stem)
def test_a_skill_sees_nothing_of_ours_but_claw_skill(path: Path) -> None:
    assert imported(path) <= {"skill"}


def test_only_the_mind_may_import_a_model_sdk() -> None:
    sdk = re.compile(r"^\s*(?:from|import) anthropic", re.MULTILINE)
    guilty = [path for path in modules() if sdk.search(path.read_text("utf-8")) and "mind" not in path.parts]
    assert not guilty


def test_except_exception_stands_at_the_two_boundaries_only() -> None:
    guilty = set()
    for path in [*modules(), *(ROOT / "skills").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ExceptHandler) and (node.type is None or "'Exception'" in ast.dump(node.type)):
                guilty.add(path.name)
    assert guilty == {"boundary.py", "supervise.py"}


def test_starting_imports_no_heavy_library() -> None:
    code = "import claw.daemon, sys; print(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    heavy = {"anthropic", "numpy", "torch", "soco", "aiohue", "aiohomekit", "bleak", "pyhap", "hassil", "lxml", "requests"}
    speech = {"av", "ctranslate2", "faster_whisper", "onnxruntime"}
    assert not loaded & (heavy | speech)
