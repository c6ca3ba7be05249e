"""What every skill file must keep to, checked without a device: for `claw skill check`, at hot load, and over skills/ unasked.

What is wrong is told in plain words with a remedy; " (line N)" at the end says where, as far as that is known.
"""

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from claw import capabilities
from claw.capabilities import KINDS
from claw.device import Capability, Device, DeviceError
from claw.discovery.mdns import check_types
from claw.discovery.ssdp import check_targets
from claw.hosting.boundary import as_device_error
from claw.hosting.loading import SkillFile, read_file

Lines = dict[str, int]  # "Lamp" or "Lamp.turn_on" -> where it begins


def broken_promises(path: Path) -> list[str]:
    """What is wrong with a skill file, in plain words; empty when nothing is. Imports it, and runs nothing else of it."""
    file = read_file(path)
    if file.problem:
        return [file.problem]
    found = [] if file.doc else ["its first line should be a docstring that says what it is for (line 1)"]
    found += _imports(ast.parse(file.source))
    try:
        file.load()
    except DeviceError as error:
        return [*found, str(error)]
    found += [] if inspect.getdoc(file.spec.connect) else [f"{file.spec.connect.__name__} needs a docstring: what it connects"]
    return [*found, *mistakes(file)]


def mistakes(file: SkillFile) -> list[str]:
    """What will not work in a skill that is loaded; DeviceError when the skill is so odd that it cannot be looked at."""
    with as_device_error(f"skill {file.name} check"):
        tree, module = ast.parse(file.source), file.load()
        kinds, lines = devices_of(module), _lines(tree)
        found = [*_matchers(file), *_functions(file, module, lines)]
        if not kinds:
            found.append("it defines no device: write a class such as `class Lamp(Device, Power):`")
        found += [wrong for kind in kinds for wrong in _device(kind, lines)]
        return found + list(_updates(tree, kinds))


def devices_of(module: ModuleType) -> list[type[Device]]:
    """The device classes that a module defines."""
    kinds = (one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Device))
    return [kind for kind in kinds if kind.__module__ == module.__name__]


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        for name in names:
            if name.split(".")[0] == "claw" and name != "claw.skill":
                yield f"a skill may import claw.skill and its device library, not {name} (line {node.lineno})"


def _lines(tree: ast.Module) -> Lines:
    lines: Lines = {}
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            lines[node.name] = node.lineno
            inner = node.body if isinstance(node, ast.ClassDef) else []
            lines |= {f"{node.name}.{one.name}": one.lineno for one in inner if hasattr(one, "name")}
    return lines


def _matchers(file: SkillFile) -> Iterator[str]:
    if not file.matchers:
        yield '@skill looks for nothing: write what it finds, such as @skill(mdns("_lamp._tcp.local."))'
    for matcher in file.matchers:
        try:
            {"mdns": check_types, "ssdp": check_targets}.get(matcher.via, list)([matcher.what])
        except ValueError as error:
            yield str(error)


def _functions(file: SkillFile, module: ModuleType, lines: Lines) -> Iterator[str]:
    connect = file.spec.connect
    if not inspect.isasyncgenfunction(connect):
        yield f"{connect.__name__} must be an async generator: async def with yield{_at(lines, connect.__name__)}"
    if hasattr(module, "pair") != hasattr(module, "paired"):
        yield "pair and paired go together: one asks a person, the other says whether a key is there"
    wanted = {connect.__name__: ("found", "home"), "pair": ("found", "home", "ask"), "paired": ("found", "home")}
    for name, takes in wanted.items():
        function = connect if name == connect.__name__ else getattr(module, name, None)
        if function is not None and not _takes(function, *takes):
            yield f"{name} must take ({', '.join(takes)}){_at(lines, name)}"
        if function is not None and name != connect.__name__ and inspect.iscoroutinefunction(function) != (name == "pair"):
            yield f"{name} must be {'async def' if name == 'pair' else 'a plain def, not async'}{_at(lines, name)}"


def _device(kind: type[Device], lines: Lines) -> Iterator[str]:
    if not kind.commands and not kind.fields:
        return  # a base class of the skill's own
    name, at = kind.__name__, _at(lines, kind.__name__)
    if not kind.kind:
        yield f'{name} has no kind: write in it kind = "light", or another of {", ".join(KINDS)}{at}'
    elif kind.kind not in KINDS:
        yield f"{name}.kind is {kind.kind!r}; it must be one of {', '.join(KINDS)}{at}"
    if kind.refresh is Device.refresh:
        yield f"{name} needs `async def refresh(self):` that asks the device for its state and calls self.update(...){at}"
    elif not inspect.iscoroutinefunction(kind.refresh):
        yield f"{name}.refresh must be async: async def refresh(self){_at(lines, f'{name}.refresh')}"
    for command in kind.commands.values():
        yield from _command(kind, command.name, command.function, lines)


def _command(kind: type[Device], name: str, core: Callable[..., Any], lines: Lines) -> Iterator[str]:
    """What is wrong with one command of a device, whose capability declared it as `core`."""
    own, names = getattr(kind, name), list(inspect.signature(core).parameters)
    head, at = f"async def {name}({', '.join(names)})", _at(lines, f"{kind.__name__}.{name}")
    if own is core and _abstract(core):
        yield f"{kind.__name__} does not say how to {name}: write `{head}:`{_at(lines, kind.__name__)}"
    elif not inspect.iscoroutinefunction(own):
        yield f"{kind.__name__}.{name} must be async: {head}{at}"
    elif own is not core and not _takes(own, "self", **dict.fromkeys(names[1:])):
        yield f"{kind.__name__}.{name} must take these arguments, by these names: {head}{at}"


def _updates(tree: ast.Module, kinds: list[type[Device]]) -> Iterator[str]:
    """Fields that self.update() names literally and that no capability of the device has, nor of one that is made of it."""
    if any(isinstance(node, ast.Name) and node.id == "shape" for node in ast.walk(tree)):
        return  # which fields a device has is known when it is made
    for node in (one for one in tree.body if isinstance(one, ast.ClassDef)):
        made_of_it = [kind for kind in kinds if node.name in {base.__name__ for base in kind.__mro__}]
        fields = {field for kind in made_of_it for field in kind.fields}
        for word, line in _reported(node) if fields else ():
            if word not in fields:
                brings = [one.__name__ for one in vars(capabilities).values() if _brings(one, word)]
                remedy = f"; {' or '.join(brings)} among its bases brings it" if brings else ""
                yield f"{node.name} has no field {word!r}, it has {', '.join(sorted(fields))}{remedy} (line {line})"


def _reported(node: ast.ClassDef) -> Iterator[tuple[str, int]]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "self.update":
            yield from ((word.arg, word.value.lineno) for word in call.keywords if word.arg)


def _brings(one: object, field: str) -> bool:
    return isinstance(one, type) and issubclass(one, Capability) and field in inspect.get_annotations(one)


def _at(lines: Lines, name: str) -> str:
    return f" (line {lines[name]})" if name in lines else ""


def _abstract(function: object) -> bool:
    return "NotImplementedError" in getattr(getattr(function, "__code__", None), "co_names", ())


def _takes(own: Callable[..., Any], *args: object, **named: object) -> bool:
    """Whether it can be called with these arguments."""
    try:
        inspect.signature(own).bind(*args, **named)
    except TypeError:
        return False
    return True
