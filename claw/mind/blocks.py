"""Blocks of the Messages API, as the loop makes them."""

import base64
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from claw import media
from claw.mind.talk import Result, Talk
from claw.mind.wire import Block


def text(words: str) -> dict[str, Any]:
    """Words."""
    return {"type": "text", "text": words}


def user(*content: Block) -> dict[str, Any]:
    """A message of the person, or of the house to the model."""
    return {"role": "user", "content": list(content)}


def image(data: bytes) -> Block:
    """A picture for the model."""
    kind = media.kind(data) or "image/jpeg"
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": base64.b64encode(data).decode()}}


def photo(path: Path) -> Block | None:
    """A photo that a person sent; None when it is gone or too large."""
    with contextlib.suppress(OSError):
        if path.stat().st_size <= media.LARGEST:
            return image(path.read_bytes())
    return None


def numbered(talk: Talk, content: Sequence[Block]) -> list[Block]:
    """The blocks with ids that no other call of this talk has; some servers begin anew with each answer, others refuse that."""
    said = list[Block]()
    for block in content:
        if block["type"] == "tool_use" and block["id"] in talk.ids:
            block = {**block, "id": f"{block['id']}_{len(talk.ids)}"}
        talk.ids |= {block["id"]} if block["type"] == "tool_use" else set()
        said.append(block)
    return said


def results(calls: Sequence[Block], came: Sequence[Result]) -> list[Block]:
    """One tool_result for each call, also for those that were too many."""
    missing = [Result("too many calls", failed=True)] * (len(calls) - len(came))
    return [
        {"type": "tool_result", "tool_use_id": block["id"], "is_error": one.failed,
         "content": [text(one.text or "ok"), *([one.image] if one.image else [])]}
        for block, one in zip(calls, [*came, *missing], strict=True)
    ]  # fmt: skip
