"""An answer that grows: parts of words and of calls, by either wire, become whole blocks, or are named as broken."""

import json
import re
import secrets
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from claw.mind.wire import Answer, Block, Stop, Usage


@dataclass
class _Block:
    name: str | None = None  # of a tool; None: words
    id: str = ""
    parts: list[str] = field(default_factory=list)


class Growing:
    """An answer that comes in parts, its blocks in the order in which they begin; `index` is the wire's own name for one."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self.began = False
        self._on_text, self._fresh = on_text, ""
        self._blocks: dict[Hashable, _Block] = {}

    def words(self, index: Hashable, part: Any) -> None:
        """More text."""
        if isinstance(part, str) and part:
            self.began = True
            self._blocks.setdefault(index, _Block()).parts.append(part)
            self._fresh += part

    def tell(self) -> None:
        """Pass on the words that came since the last time."""
        if self._fresh:
            fresh, self._fresh = _whole(self._fresh), ""
            self._on_text(fresh)

    def call(self, index: Hashable, id: Any, name: Any, input: Any = None) -> None:
        """A tool call begins."""
        self.began = True
        id = re.sub(r"[^a-zA-Z0-9_-]", "_", str(id or ""))  # other models, which may read it later, refuse more than these
        block = self._blocks[index] = _Block(str(name or ""), id or f"call_{secrets.token_hex(6)}")
        if input:
            block.parts.append(json.dumps(input))

    def arguments(self, index: Hashable, part: Any) -> None:
        """More JSON of a call's input."""
        block = self._blocks.get(index)
        if block and block.name is not None and part:
            block.parts.append(part if isinstance(part, str) else json.dumps(part))

    def answer(self, stop: Stop, usage: Usage, model: str) -> Answer:
        """What has come; calls that are not whole are only named."""
        content, broken = list[Block](), list[str]()
        for block in self._blocks.values():
            text = _whole("".join(block.parts))
            if block.name is None:
                content += [{"type": "text", "text": text}] if text.strip() else []
            elif block.name and (input := _input(text, stop)) is not None:
                content.append({"type": "tool_use", "id": block.id, "name": block.name, "input": input})
            else:
                broken.append(block.name)
        called = bool(broken) or any(block["type"] == "tool_use" for block in content)
        if stop in ("end_turn", "tool_use"):  # some servers say one for the other
            stop = "tool_use" if called else "end_turn"
        return Answer(content, stop, usage, model, broken)


def _input(text: str, stop: Stop) -> Any:
    """The object of a call's JSON; None for anything else. Nothing at all is {}, but not where the answer was cut off."""
    try:
        value = json.loads(text or ("" if stop == "max_tokens" else "{}"))
        json.dumps(value, ensure_ascii=False).encode()  # "\\ud83d" alone is JSON, but no text
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _whole(text: str) -> str:
    """Text whose surrogates are paired, as JSON of two events may split them; one that stays alone becomes a question mark."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
