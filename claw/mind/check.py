"""What a configured model can do, found by asking it: at most 9 requests, all small but two of 5,000 tokens for the cache."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from claw.mind.adapters.adapter import Adapter
from claw.mind.wire import Answer, Ask, ModelError

SECONDS = 60.0  # a local model may have to be loaded first
LAMP = {
    "name": "turn_on", "description": "Turn on one lamp",
    "input_schema": {"type": "object", "properties": {"lamp": {"type": "string"}}, "required": ["lamp"]},
}  # fmt: skip
RULES = "You switch lamps. Call the tool for what you are asked to switch, once for each lamp. Else answer in one short sentence."
LONG = "\n".join(
    f"lamp {number}: in room {number % 40}, on floor {number % 3}" for number in range(400)
)  # 5,000 tokens: all cache that
RED = (  # a PNG of 64 x 64 pixels
    "iVBORw0KGgoAAAANSUhEUgAAAEAAAABAAQMAAACQp+OdAAAAA1BMVEX/AAAZ4gk3AAAAD0lEQVR42mNgGAWjgHwAAAJAAAHgTR1EAAAAAElFTkSuQmCC"
)


@dataclass(frozen=True)
class Finding:
    """Whether a model has a feature."""

    model: str
    feature: str
    ok: bool
    ms: int = 0
    note: str = ""


Seen = tuple[bool, str]  # whether it can, and what it did


class _Asking:
    """Requests to one model, each timed."""

    def __init__(self, model: Adapter) -> None:
        self.model, self.first, self.ms, self.parts = model, 0, 0, 0

    async def step(self, *messages: Mapping[str, Any], system: str = RULES, tools: bool = True, most: int = 200) -> Answer:
        ask = Ask([{"type": "text", "text": system}], [LAMP] if tools else [], messages, most)
        began, self.first, self.parts = time.perf_counter(), 0, 0

        def words(_: str) -> None:
            self.parts += 1
            self.first = self.first or round((time.perf_counter() - began) * 1000)

        try:
            return await self.model.step(ask, words, seconds=SECONDS)
        finally:
            self.ms = round((time.perf_counter() - began) * 1000)

    def found(self, feature: str, ok: bool, note: str = "", ms: int | None = None) -> Finding:
        return Finding(self.model.name, feature, ok, self.ms if ms is None else ms, note)


async def check(model: Adapter) -> AsyncIterator[Finding]:
    """One finding after the other; only the first when it does not answer at all."""
    asking, (prompt, output) = _Asking(model), await model.limits()  # first: that imports the SDK, which is not to be timed
    try:
        answer = await asking.step(_user("Write the numbers from one to twenty as words."), tools=False)
    except ModelError as error:
        yield asking.found("answers", False, f"{error.kind}: {error}")
        return
    yield asking.found("answers", bool(answer.content), answer.model)
    yield asking.found("streams", asking.parts > 1, "the first words came then", asking.first)
    for feature, ask in FEATURES.items():
        if ask is not _picture or model.config.images:
            yield await _feature(asking, feature, ask)
    began = time.perf_counter()
    tokens = await model.count(Ask([], [], [_user("How many tokens are this?")], 1))
    yield asking.found("counts tokens", tokens is not None, ms=round((time.perf_counter() - began) * 1000))
    yield asking.found("says its limits", prompt is not None, f"{prompt or '?'} tokens in, {output or '?'} out", 0)


async def _feature(asking: _Asking, feature: str, ask: Callable[[_Asking], Awaitable[Seen]]) -> Finding:
    try:
        return asking.found(feature, *await ask(asking))
    except ModelError as error:
        return asking.found(feature, False, f"{error.kind}: {error}")


async def _tool(asking: _Asking) -> Seen:
    answer = await asking.step(_user("Turn on the desk lamp."))
    return _lamps(answer) == ["desk"], _shown(answer)


async def _result(asking: _Asking) -> Seen:
    call = {"type": "tool_use", "id": "call_1", "name": "turn_on", "input": {"lamp": "desk"}}
    told = {"type": "tool_result", "tool_use_id": "call_1", "content": "The bulb is broken."}
    answer = await asking.step(
        _user("Turn on the desk lamp."), {"role": "assistant", "content": [call]}, {"role": "user", "content": [told]}
    )
    return any(word in _text(answer).lower() for word in ("bulb", "broken")), _shown(answer)


async def _two(asking: _Asking) -> Seen:
    answer = await asking.step(_user("Turn on the desk lamp and the floor lamp, both at once."))
    return sorted(_lamps(answer)) == ["desk", "floor"], _shown(answer)


async def _picture(asking: _Asking) -> Seen:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": RED}}
    asked = {"type": "text", "text": "Which colour is this? Answer with one word."}
    answer = await asking.step(
        {"role": "user", "content": [picture, asked]}, system="You describe pictures.", tools=False, most=50
    )
    return "red" in _text(answer).lower(), _shown(answer)


async def _cache(asking: _Asking) -> Seen:
    for words in ("Say yes.", "Say no."):
        answer = await asking.step(_user(words), system=f"{RULES}\n{LONG}", most=20)
    used = answer.usage
    return used.read > 0, f"{used.read} of {used.input + used.read + used.written} tokens"


FEATURES: dict[str, Callable[[_Asking], Awaitable[Seen]]] = {
    "calls a tool": _tool, "reads a tool's result": _result, "calls two tools in one step": _two, "sees a picture": _picture,
    "caches": _cache,
}  # fmt: skip


async def ask_all(models: Iterable[Adapter], tell: Callable[[Finding], object]) -> bool:
    """Ask each model; whether all of them answer."""
    fine = True
    for model in models:
        try:
            async for found in check(model):
                tell(found)
                fine = fine and (found.ok or found.feature != "answers")
        finally:
            await model.close()
    return fine


def words(found: Finding) -> str:
    """A finding as a line for people."""
    took = f"{found.ms} ms" if found.ms else ""
    return f"{found.model:<12} {found.feature:<28} {'yes' if found.ok else 'no':<4} {took:>8}  {found.note}".rstrip()


def _user(text: str) -> Mapping[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def _lamps(answer: Answer) -> list[str]:
    """The lamps that it called the tool for."""
    said = [str(block["input"].get("lamp", "")).lower() for block in answer.content if block["type"] == "tool_use"]
    return [lamp.removeprefix("the ").removesuffix(" lamp") for lamp in said]


def _text(answer: Answer) -> str:
    return " ".join(block["text"] for block in answer.content if block["type"] == "text")


def _shown(answer: Answer) -> str:
    """What it did, for people, in a few words."""
    calls = ", ".join(f"turn_on {lamp}" for lamp in _lamps(answer))
    return " ".join((calls or _text(answer) or answer.stop).split())[:80]
