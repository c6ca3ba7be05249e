"""Device, Capability, command: the typed shape of everything in the house. Brands live in skills, words in capabilities.py."""

import enum
import inspect
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Annotated, Any, ClassVar, TypeVar, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from claw.hosting.secrets import redact, redacted

F = TypeVar("F", bound=Callable[..., Any])
D = TypeVar("D", bound="Device")


class Safety(enum.IntEnum):
    """How much a command may do before a person is asked; config may raise it, a skill can never lower it."""

    READ = 0
    ACT = 1
    CONFIRM = 2
    FORBIDDEN = 3


class DeviceError(Exception):
    """Something a device did or could not do, as a sentence for people."""


def _number(value: Any) -> Any:
    """Refuse truth values and NaN where a number is wanted (True would pass as 1)."""
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError("must be a number")
    return value


def _whole(value: Any) -> Any:
    value = _number(value)
    return round(value) if isinstance(value, float) else value


Percent = Annotated[int, BeforeValidator(_whole), Field(strict=True, ge=0, le=100)]
Kelvin = Annotated[int, BeforeValidator(_whole), Field(strict=True, ge=1000, le=12000)]
Celsius = Annotated[float, BeforeValidator(_number), Field(strict=True, ge=-60, le=130)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(strict=True, max_length=500)]


@dataclass(frozen=True)
class Command:
    """One thing that a device can be told: name, safety, docstring, signature, and the state that it aims at."""

    name: str
    safety: Safety
    function: Callable[..., Any]
    aims: Callable[..., Mapping[str, Any]] | None = None  # args -> state that confirms it; None = nothing to read back
    repeatable: bool = True  # may be sent again after a crash without doing more
    seconds: float = 10.0

    @property
    def doc(self) -> str:
        """First line of the docstring: what a model and a person read."""
        return (inspect.getdoc(self.function) or "").split("\n")[0]

    @cached_property
    def model(self) -> type[BaseModel]:
        """The arguments as a pydantic model, made from the signature; undeclared arguments are errors."""
        hints = get_type_hints(self.function, include_extras=True)
        fields: dict[str, Any] = {
            p.name: (hints[p.name], ... if p.default is p.empty else p.default)
            for p in list(inspect.signature(self.function).parameters.values())[1:]
        }
        return create_model(self.name, __config__=ConfigDict(extra="forbid"), **fields)

    def check(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments validated and converted; DeviceError says what is wrong."""
        try:
            return self.model(**args).model_dump(exclude_unset=True)
        except ValidationError as error:
            first = error.errors()[0]
            where = " ".join(str(part) for part in first["loc"]) or self.name
            raise DeviceError(f"{where}: {first['msg'].removeprefix('Value error, ')} (got {first['input']!r})") from None

    def goal(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """The state that confirms this command with these arguments; empty when nothing can be read back."""
        return dict(self.aims(**args)) if self.aims else {}


def command(
    safety: Safety = Safety.ACT,
    *,
    aims: Callable[..., Mapping[str, Any]] | None = None,
    repeatable: bool = True,
    seconds: float = 10.0,
) -> Callable[[F], F]:
    """Mark a method as a command of its capability (or, in a skill, as a vendor extra)."""

    def mark(function: F) -> F:
        function.__command__ = Command(function.__name__, safety, function, aims, repeatable, seconds)  # type: ignore[attr-defined]
        return function

    return mark


class StateField:
    """Reads one field of a device's reported state: `lamp.brightness`; None until the device has reported it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, device: "Device | None", owner: type) -> Any:
        return self if device is None else device.state.get(self.name)

    def __set__(self, device: "Device", value: Any) -> None:
        raise AttributeError(f"{self.name} is reported state: use self.update({self.name}=...)")


class Capability:
    """Typed state and commands of one ability. Annotations are the state's fields, @command methods its commands."""

    fields: ClassVar[dict[str, TypeAdapter[Any]]] = {}
    commands: ClassVar[dict[str, Command]] = {}
    whole: ClassVar[bool] = False  # True for devices, whose annotations are not state

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.fields, cls.commands = {}, {}
        for base in reversed(cls.__mro__):
            if base is not cls and issubclass(base, Capability):
                cls.fields |= base.fields
                cls.commands |= base.commands
        if not cls.whole:
            cls.fields |= {name: _adapter(cls, name) for name in inspect.get_annotations(cls)}
            for name in inspect.get_annotations(cls):
                setattr(cls, name, StateField(name))
        for name, value in list(vars(cls).items()):
            if found := getattr(value, "__command__", None):
                cls.commands[name] = _stricter(cls.commands.get(name), found)


def _adapter(cls: type, name: str) -> TypeAdapter[Any]:
    return TypeAdapter(get_type_hints(cls, include_extras=True)[name])


def _stricter(core: Command | None, own: Command) -> Command:
    """A capability's own signature and safety win over an override's; an override may only raise the safety."""
    if core is None:
        return own
    return Command(core.name, max(core.safety, own.safety), core.function, core.aims, core.repeatable, own.seconds)


def shape(kind: type[D], *abilities: type) -> type[D]:
    """The class of devices of this kind that can do these too: for skills whose devices tell what they can do."""
    made: type[D] = _shape(kind, *abilities)
    return made


_shape: Callable[..., Any] = cache(lambda kind, *abilities: type(kind.__name__, (kind, *abilities), {}))


class Device(Capability):
    """One thing in the house: identity, the state that it reported, and the commands of its capabilities."""

    whole = True
    kind: ClassVar[str] = ""
    sort: str = ""  # what people call it within its kind: blind, garage, plug, tv, oven ...

    def __init__(
        self,
        id: str,
        name: str,
        *,
        found: Any = None,
        area: str = "",
        sort: str = "",
        maker: str = "",
        model: str = "",
    ) -> None:
        self.id, self.name, self.found = id, name, found
        self.area, self.maker, self.model = area, maker, model
        self.sort = sort or type(self).sort
        self.state: dict[str, Any] = {}
        self.online = True
        self.trouble = ""
        self.left = False
        self.together: Callable[..., Awaitable[bool]] | None = None  # set by the core: its hub's group call
        self.errors: tuple[type[BaseException], ...] = ()  # set by the core: its library's own errors
        self._observers: list[Callable[[Device, dict[str, Any]], None]] = []

    @property
    def http(self) -> Any:
        """A client for the address where this device was found, with limits and errors handled (claw.kit.http.Http)."""
        return self.found.http

    async def refresh(self) -> None:
        """Ask the device for its state and update() it; a skill overrides this."""

    def update(self, **reported: Any) -> None:
        """Take over what the device reported; DeviceError when a value makes no sense, and then nothing is taken over.

        None means "not known" or "does not apply now": the field leaves the state, which counts as a change.
        """
        changes = {}
        for name, value in reported.items():
            if name not in self.fields:
                raise TypeError(f"{type(self).__name__} has no field {name!r}; it has {', '.join(self.fields)}")
            try:
                clean = None if value is None else redacted(self.fields[name].validate_python(value))
            except ValidationError:
                raise DeviceError(f"{self.name} reported {name} {redact(str(value))[:40]!r}, which makes no sense") from None
            if self.state.get(name) != clean:
                changes[name] = clean
        back = not self.online
        self.online, self.trouble = True, ""
        self.state.update(changes)
        for name in [name for name, value in changes.items() if value is None]:
            del self.state[name]
        if changes or back:
            self._notify(changes)

    def goal(self, command: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """The state that confirms this command; empty when nothing can be read back, or it has no such command."""
        return self.commands[command].goal(args) if command in self.commands else {}

    @property
    def moving(self) -> bool:
        """Whether it says that it is on its way to somewhere else."""
        targets = {name: value for name, value in self.state.items() if name.startswith("target_")}
        return any(value != self.state.get(name.removeprefix("target_")) for name, value in targets.items())

    def offline(self, trouble: str) -> None:
        """Say that the device cannot be reached and why; the next update() brings it back."""
        if self.online:
            self.online, self.trouble = False, trouble
            self._notify({})

    def leave(self) -> None:
        """The hub says that this device is no longer part of it."""
        self.left, self.online, self.trouble = True, False, "it was removed from its hub"
        self._notify({})

    def subscribe(self, observer: Callable[["Device", dict[str, Any]], None]) -> Callable[[], None]:
        """Call `observer(device, changes)` at each real change and when it goes or comes back; returns unsubscribe."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def _notify(self, changes: dict[str, Any]) -> None:
        for observer in list(self._observers):
            observer(self, changes)
