"""What every skill file must keep to, checked without a device: the contract tests run over each file in skills/ unasked."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from claw.capabilities import KINDS
from claw.device import Device, DeviceError
from claw.hosting.loading import SkillFile, read_file


def broken_promises(path: Path) -> list[str]:
    """What is wrong with a skill file, in plain words; empty when nothing is."""
    file = read_file(path)
    if file.problem:
        return [file.problem]
    found = [] if file.doc else ["its first line should be a docstring that says what it is for"]
    found += _imports(path)
    try:
        module = file.load()
    except DeviceError as error:
        return [*found, f"it cannot be imported: {error}"]
    return [*found, *_functions(file, module), *(wrong for kind in devices_of(module) for wrong in _device(kind))]


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        for name in names:
            if name.split(".")[0] == "claw" and name != "claw.skill":
                yield f"line {node.lineno}: a skill may import claw.skill and its device library, not {name}"


def _functions(file: SkillFile, module: ModuleType) -> Iterator[str]:
    connect = file.spec.connect
    if not inspect.isasyncgenfunction(connect):
        yield f"{connect.__name__} must be an async generator: async def with yield"
    if not inspect.getdoc(connect):
        yield f"{connect.__name__} needs a docstring: what it connects"
    if hasattr(module, "pair") != hasattr(module, "paired"):
        yield "pair and paired go together: one asks a person, the other says whether a key is there"


def devices_of(module: ModuleType) -> list[type[Device]]:
    """The device classes that a module defines."""
    kinds = (one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Device))
    return [kind for kind in kinds if kind.__module__ == module.__name__]


def _device(kind: type[Device]) -> Iterator[str]:
    if not kind.commands and not kind.fields:
        return  # a base class of the skill's own
    if kind.kind not in KINDS:
        yield f"{kind.__name__}.kind is {kind.kind!r}; it must be one of {', '.join(KINDS)}"
    if kind.refresh is Device.refresh:
        yield f"{kind.__name__} needs refresh(): ask the device for its state and update() it"
    for name, command in kind.commands.items():
        own = getattr(kind, name)
        if own is command.function and _abstract(command.function):
            yield f"{kind.__name__} does not say how to {name}"
        elif not inspect.iscoroutinefunction(own):
            yield f"{kind.__name__}.{name} must be async"
        elif own is not command.function and not _fits(own, command.function):
            yield f"{kind.__name__}.{name} must take {inspect.signature(command.function)}"


def _abstract(function: object) -> bool:
    return "NotImplementedError" in getattr(getattr(function, "__code__", None), "co_names", ())


def _fits(own: object, core: object) -> bool:
    """Whether an override can be called with the arguments of the capability's own signature."""
    try:
        inspect.signature(own).bind(*inspect.signature(core).parameters)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True
