"""`claw skill check`: the contract, and advice on what works but not well. The file is imported; nothing else of it is run."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from claw.hosting.contract import broken_promises
from claw.hosting.loading import PASSED_OVER

BLOCKING = (
    "time.sleep", "requests.", "urllib.request.", "http.client.", "socket.create_connection", "socket.getaddrinfo", "subprocess.",
    "os.system", "serial.", "telnetlib.", "ftplib.",
)  # fmt: skip
INSTEAD = {"time.sleep": "await home.clock.sleep(seconds)", "requests.": "await self.http.request(path)"}
AWAY = "or await home.blocking(function, ...)"
PASSING = {"name": "the owner can change the name that it announces", "host": "its address may change"}


@dataclass(frozen=True)
class Finding:
    """One thing to mend: `level` is error (it breaks the contract) or advice; line 0 is not known."""

    level: str
    text: str
    line: int = 0

    def words(self, file: Path) -> str:
        """As compilers write it: lamp.py:12: advice: text."""
        return f"{file}:{f'{self.line}:' if self.line else ''} {'advice: ' if self.level == 'advice' else ''}{self.text}"


def check(path: Path) -> list[Finding]:
    """All that should be mended in a skill file, errors first."""
    found = [_finding("error", text) for text in broken_promises(path)]
    if path.suffix != ".py" or path.name.startswith(PASSED_OVER):
        found.append(Finding("error", "a file of this name is not taken for a skill: name it like desk_lamp.py"))
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return found  # the contract has said so
    found += [_finding("advice", text) for text in dict.fromkeys(advice(tree))]
    return sorted(found, key=lambda one: (one.level != "error", one.line))


def _finding(level: str, text: str) -> Finding:
    at = re.search(r" \((?:\w+\.py, )?line (\d+)\)", text)
    if at is None:  # the parser's own words: "(invalid syntax (lamp.py, line 3))"
        return Finding(level, text)
    return Finding(level, text.replace(at[0], "", 1), int(at[1]))


def advice(tree: ast.Module) -> Iterator[str]:
    """What works, but not well, each with " (line N)" at its end."""
    origins = dict(_origins(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef):
            yield from _blocking(node, origins)
        elif isinstance(node, ast.Call):
            yield from _passing(node)
            if isinstance(node.func, ast.Name) and node.func.id == "print":
                yield f"print is lost in the log: write home.log.info(...) (line {node.lineno})"


def _origins(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names that imports bind, and what they stand for: ("sleep", "time.sleep")."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                yield (one.asname, one.name) if one.asname else (one.name.split(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom):
            yield from ((one.asname or one.name, f"{node.module}.{one.name}") for one in node.names)


def _blocking(function: ast.AsyncFunctionDef, origins: dict[str, str]) -> Iterator[str]:
    """Calls that keep the whole house waiting; a function within may be meant for a thread."""
    inner = list(function.body)
    while inner:
        node: ast.AST = inner.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        inner += ast.iter_child_nodes(node)  # type: ignore[arg-type]
        if isinstance(node, ast.Call):
            first, dot, rest = ast.unparse(node.func).partition(".")
            called = origins.get(first, "") + dot + rest
            if found := next((one for one in BLOCKING if called == one or (one[-1] == "." and called.startswith(one))), ""):
                remedy = " ".join(filter(None, (INSTEAD.get(found), AWAY))).removeprefix("or ")
                yield f"{called}() stops the whole claw while it waits: write {remedy} (line {node.lineno})"


def _passing(call: ast.Call) -> Iterator[str]:
    """An id that is made of something that does not last."""
    for word in call.keywords:
        for node in ast.walk(word.value) if word.arg == "id" else ():
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "found" and node.attr in PASSING:
                remedy = "use a serial number that the device tells"
                yield f"id from found.{node.attr}: {PASSING[node.attr]}; {remedy} (line {node.lineno})"
