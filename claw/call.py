"""ToolCall: the one form of every deed that somebody wants, and what became of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

OUTCOMES = ("done", "refused", "declined", "failed", "unknown")


@dataclass(frozen=True)
class ToolCall:
    """A command for devices: ids already resolved, arguments absolute and final."""

    command: str
    targets: tuple[str, ...]
    args: Mapping[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON data."""
        return {**asdict(self), "targets": list(self.targets), "args": dict(self.args)}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "ToolCall":
        """From JSON data."""
        return cls(data["command"], tuple(data["targets"]), data["args"])


def digest(calls: Sequence[ToolCall]) -> str:
    """The hash that an approval is bound to: command, resolved devices and arguments of every call."""
    text = json.dumps([call.plain() for call in calls], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
