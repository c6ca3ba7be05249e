"""Skill files: what they look for is read without running them; each is imported at its first match, anew when it changes."""

import ast
import hashlib
import os
import stat
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from claw.device import DeviceError
from claw.hosting.boundary import as_device_error
from claw.skill import Matcher, Spec
from claw.store import Store

BUILDERS = {"mdns": "type", "ssdp": "type", "mqtt": "topic", "static": ""}
PASSED_OVER = ("_", ".", "test_")  # how files in a skills folder begin that are no skills
DEATHS = 2  # a skill that was at work when two processes ended is left out


@dataclass
class SkillFile:
    """One file: what it looks for, and why it cannot be used if it cannot."""

    name: str
    path: Path
    hash: str
    doc: str = ""
    matchers: tuple[Matcher, ...] = ()
    problem: str = ""
    left_out: bool = False
    source: bytes = field(default=b"", repr=False)
    module: ModuleType | None = field(default=None, repr=False)

    @property
    def spec(self) -> Spec:
        """What @skill said; only after load()."""
        spec: Spec = next(one.__skill__ for one in vars(self.module).values() if hasattr(one, "__skill__"))
        return spec

    def plain(self) -> dict[str, Any]:
        """As JSON data."""
        looks = [f"{one.via} {one.what}".strip() for one in self.matchers]
        return {"name": self.name, "doc": self.doc, "looks_for": looks, "problem": self.problem, "path": str(self.path)}

    def load(self) -> ModuleType:
        """Run what was read, once; DeviceError in plain words when it fails. (A .pyc would hide an edit of the same second.)"""
        if self.module is None:
            name = f"claw_skill_{self.name}_{self.hash[:8]}"
            try:
                with as_device_error(f"skill {self.name}"):
                    module = ModuleType(name)
                    module.__file__ = str(self.path)
                    sys.modules[name] = module
                    exec(compile(self.source, str(self.path), "exec"), vars(module))
                    if not any(hasattr(one, "__skill__") for one in vars(module).values()):
                        raise DeviceError("it has no function marked with @skill")
            except DeviceError as error:
                raise DeviceError(f"{error}{self._line(error.__cause__)}") from error
            self.module = module
        return self.module

    def _line(self, cause: BaseException | None) -> str:
        """Where in the file it went wrong, as " (line 3)"."""
        frames = traceback.extract_tb(cause.__traceback__) if cause else []
        lines = [frame.lineno for frame in frames if frame.filename == str(self.path)]
        return f" (line {lines[-1]})" if lines else ""


def read_file(path: Path) -> SkillFile:
    """Read what a skill file declares, with ast alone: nothing in it runs."""
    try:
        foreign, data = _foreign(path), path.read_bytes()
    except OSError as error:
        return SkillFile(path.stem, path, "", problem=f"it cannot be read ({error.strerror})")
    file = SkillFile(path.stem, path, hashlib.sha256(data).hexdigest(), source=data, problem=foreign)
    if not foreign:
        try:
            _declare(file, ast.parse(data, str(path)))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            file.problem = f"it is no valid Python ({error or type(error).__name__})"
    if foreign:
        file.hash += " foreign"  # so that a chmod counts as a change
    return file


def _foreign(path: Path) -> str:
    """Why this file is not ours alone, wherever a link leads; empty when it is."""
    real = Path(os.path.realpath(path, strict=True))  # Path.resolve raises RuntimeError for a loop of links
    closed = not real.parent.stat().st_mode & 0o011  # nobody else gets into the folder, whatever the mode of the file
    return untrusted(real.parent) or ("" if closed else untrusted(real))


def _declare(file: SkillFile, tree: ast.Module) -> None:
    """Take over what the file says about itself, or what is wrong with that."""
    file.doc = (ast.get_docstring(tree) or "").split("\n")[0]
    functions = (node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    found = [(node, call) for node in functions for call in _skill_calls(node)]
    if not found:
        file.problem = "it has no async function marked with @skill(...)"
    elif isinstance(found[0][0], ast.FunctionDef):
        file.problem = f"{found[0][0].name} must be `async def` (line {found[0][0].lineno})"
    elif not any(isinstance(node, ast.Yield) for node in ast.walk(found[0][0])):
        file.problem = f"{found[0][0].name}() never yields a device"
    else:
        try:
            file.matchers = tuple(_matcher(one) for one in found[0][1].args)
        except (ValueError, TypeError):
            line = found[0][1].lineno
            file.problem = f"@skill wants mdns(...), ssdp(...), mqtt(...) or static() with literal texts (line {line})"


def _skill_calls(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterable[ast.Call]:
    for one in node.decorator_list:
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == "skill":
            yield one


def _matcher(node: ast.expr) -> Matcher:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILDERS):
        raise ValueError("not one of the matchers")
    args = [str(ast.literal_eval(arg)) for arg in node.args]
    keywords = {word.arg: str(ast.literal_eval(word.value)) for word in node.keywords if word.arg}
    return Matcher(node.func.id, args[0] if args else keywords.get(BUILDERS[node.func.id], ""), keywords.get("id", ""))


def shipped() -> Path:
    """The folder of the skills that come with claw: in the wheel, or beside the package in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "share" / "skills"
    return inside if inside.is_dir() else package.parent / "skills"


def untrusted(path: Path) -> str:
    """Why this folder or file may not run: it must belong to us (or root) and be writable by nobody else; empty when fine."""
    info = path.stat()
    if info.st_uid not in (os.getuid(), 0):
        return f"{path} belongs to somebody else: chown it to the user who runs claw"
    if stat.S_IMODE(info.st_mode) & 0o022:
        return f"{path} can be written by others: chmod go-w {path}"
    return ""


def scan(folders: Iterable[Path]) -> tuple[dict[str, SkillFile], list[str]]:
    """The skills of these folders, a later folder winning, and what is wrong with the folders."""
    files: dict[str, SkillFile] = {}
    wrong: list[str] = []
    for folder in folders:
        if not folder.is_dir():
            continue
        if reason := untrusted(folder):
            wrong.append(reason)
            continue
        for path in sorted(folder.glob("*.py")):
            if not path.name.startswith(PASSED_OVER):
                files[path.stem] = read_file(path)
    return files, wrong


class Markers:
    """Who was at work when the process ended: written before each import and connect, wiped once it went well."""

    def __init__(self, store: Store) -> None:
        """Count a death for every skill whose marker the last process left behind."""
        self.store = store
        store.write("UPDATE markers SET deaths = deaths + 1, phase = '' WHERE phase != ''")
        self._busy: dict[str, int] = {}

    def deaths(self, file: SkillFile) -> int:
        """How often in a row the process ended while this very file was at work."""
        row = self.store.one("SELECT deaths FROM markers WHERE skill = ? AND hash = ?", file.name, file.hash)
        return int(row["deaths"]) if row else 0

    def begin(self, file: SkillFile, phase: str) -> None:
        """This skill is about to import or connect."""
        self._busy[file.name] = self._busy.get(file.name, 0) + 1
        self.store.write(
            "INSERT OR REPLACE INTO markers (skill, phase, deaths, hash) VALUES (?, ?, ?, ?)",
            file.name, phase, self.deaths(file), file.hash,
        )  # fmt: skip

    def end(self, file: SkillFile, *, well: bool) -> None:
        """It came back; if all of its work did and `well`, its deaths are forgiven."""
        self._busy[file.name] = max(0, self._busy.get(file.name, 0) - 1)
        if not self._busy[file.name]:
            forgive = ", deaths = 0" if well else ""
            self.store.write(f"UPDATE markers SET phase = ''{forgive} WHERE skill = ?", file.name)
