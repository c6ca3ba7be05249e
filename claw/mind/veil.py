"""Names that need not leave the house: people, rooms and devices with names of their own have aliases, if so configured."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from claw.names import fold
from claw.turns.replies import COMMON

WIRE = ("type", "role", "id", "tool_use_id", "name")  # words of the wire, though a room may be called so


class Veil:
    """Puts "Person 1" for Anna on the way out, and Anna for "Person 1" on the way in. Words such as "kitchen" stay."""

    def __init__(self, people: Iterable[str] = (), rooms: Iterable[str] = (), things: Iterable[str] = ()) -> None:
        self._aliases: dict[str, str] = {}
        self._names: dict[str, str] = {}
        for word, names in (("Person", people), ("Room", rooms), ("Device", things)):
            own = [name for name in dict.fromkeys(names) if name and not set(fold(name)) <= COMMON]
            for number, name in enumerate(own, 1):
                self._aliases.setdefault(name.casefold(), f"{word} {number}")
                self._names.setdefault(f"{word} {number}".casefold(), name)
        self._out, self._in = _either(self._aliases), _either(self._names)

    def hide(self, data: Any) -> Any:
        """The same text, or JSON data, with aliases; pictures stay as they are."""
        return self._each(data, self._out, self._aliases)

    def lift(self, data: Any) -> Any:
        """The same with the names."""
        return self._each(data, self._in, self._names)

    def _each(self, data: Any, pattern: re.Pattern[str] | None, table: Mapping[str, str]) -> Any:
        return each(data, lambda text: pattern.sub(lambda found: table[found[0].casefold()], text)) if pattern else data


def each(data: Any, change: Callable[[str], str]) -> Any:
    """JSON data with all its texts changed; pictures, and what the wire itself says, stay as they are."""
    if isinstance(data, str):
        return change(data)
    if isinstance(data, Mapping):
        whole = data.get("type") == "image"
        return {key: value if whole or key in WIRE else each(value, change) for key, value in data.items()}
    return [each(one, change) for one in data] if isinstance(data, Sequence) else data


def _either(table: Mapping[str, str]) -> re.Pattern[str] | None:
    words = sorted(map(re.escape, table), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE) if words else None
