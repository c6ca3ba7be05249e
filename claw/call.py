"""ToolCall: the one form of every deed that somebody wants, and what became of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class ToolCall:
    """A command for devices: ids already resolved, arguments absolute and final."""

    command: str
    targets: tuple[str, ...]
    args: Mapping[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON data."""
        return {**asdict(self), "targets": list(self.targets), "args": dict(self.args)}

    def apart(self) -> "list[ToolCall]":
        """The same for each target alone."""
        return [ToolCall(self.command, (id,), self.args) for id in self.targets]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "ToolCall":
        """From JSON data."""
        return cls(data["command"], tuple(data["targets"]), data["args"])


def digest(calls: Sequence[ToolCall]) -> str:
    """The hash that an approval is bound to: command, resolved devices and arguments of every call."""
    return digest_of([call.plain() for call in calls])


def digest_of(data: Any) -> str:
    """The hash of JSON data, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
