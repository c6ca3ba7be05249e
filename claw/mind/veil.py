"""Names that need not leave the house: people, rooms and devices with names of their own have aliases, if so configured."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from claw.names import fold
from claw.turns.replies import COMMON


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
        if pattern is None or (isinstance(data, Mapping) and data.get("type") == "image"):
            return data
        if isinstance(data, str):
            return pattern.sub(lambda found: table[found[0].casefold()], data)
        if isinstance(data, Mapping):
            return {key: self._each(value, pattern, table) for key, value in data.items()}
        return [self._each(one, pattern, table) for one in data] if isinstance(data, Sequence) else data


def _either(table: Mapping[str, str]) -> re.Pattern[str] | None:
    words = sorted(map(re.escape, table), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE) if words else None
