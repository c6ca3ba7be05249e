"""Models by chat completions over aiohttp, for servers that have nothing else (platform.openai.com/docs/api-reference/chat)."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import aiohttp

from claw.device import DeviceError
from claw.kit.http import body
from claw.mind.adapters.adapter import CONNECT_SECONDS, LARGEST, LOOK_SECONDS, Adapter, Json, bounded
from claw.mind.adapters.growing import Growing
from claw.mind.wire import Answer, Ask, Block, ModelError, Stop, Usage

STOPS: dict[str, Stop] = {
    "length": "max_tokens", "tool_calls": "tool_use", "function_call": "tool_use", "content_filter": "refusal",
}  # fmt: skip
LIMITS = ("max_model_len", "context_length", "n_ctx", "n_ctx_train")  # of vLLM, OpenRouter and llama.cpp


class Completions(Adapter):
    """One model."""

    _session: aiohttp.ClientSession | None = None

    def request(self, ask: Ask) -> dict[str, Any]:
        """The body."""
        most = "max_completion_tokens" if "//api.openai.com" in self.config.base_url else "max_tokens"
        system = "\n\n".join(block["text"] for block in ask.system)
        prefix: list[Json] = [{"role": "system", "content": system}] if system else []
        tools = [
            {"type": "function", "function": {"name": tool["name"], "description": tool.get("description", ""),
                                              "parameters": tool["input_schema"]}} for tool in ask.tools
        ]  # fmt: skip
        return {
            "model": self._model(ask), **({"tools": tools} if tools else {}),
            "messages": [*prefix, *(said for one in self._messages(ask) for said in _messages(one["role"], one["content"]))],
            most: min(ask.max_tokens, self.config.max_output), "stream": True, "stream_options": {"include_usage": True},
        }  # fmt: skip

    async def _step(self, ask: Ask, growing: Growing) -> Answer:
        came = _Came(self, growing)
        try:
            reply = await self._open("POST", "/chat/completions", self.body(ask))
        except (aiohttp.ClientError, OSError) as error:  # among them its own TimeoutError
            raise self.unreached(error) from None
        async with reply:
            try:
                await self._take(reply, came)
            except DeviceError as error:
                raise ModelError("wrong", f"{self.name}: {error}") from None
            except (aiohttp.ClientError, OSError) as error:
                raise self.broken_off(error) from None
        return came.answer()

    async def _take(self, reply: aiohttp.ClientResponse, came: "_Came") -> None:
        if reply.status != 200:
            raise self.refused(reply.status, reply.headers, _parsed(await body(reply, LARGEST)))
        if reply.content_type == "application/json":  # it does not stream
            self._taken(came.take, await body(reply, LARGEST))
            came.growing.tell()
        else:
            await self._read(bounded(_chunks(reply)), came.take, came.growing)

    async def count(self, ask: Ask) -> int | None:
        """This wire does not count."""
        return None

    async def limits(self) -> tuple[int | None, int | None]:
        """By /models, where the server says it there."""
        try:
            async with asyncio.timeout(LOOK_SECONDS), await self._open("GET", "/models") as reply:
                found = json.loads(await body(reply, LARGEST))["data"]
            (model,) = [one for one in found if one["id"] == self.config.model or len(found) == 1]
        except (TimeoutError, aiohttp.ClientError, OSError, DeviceError, ValueError, KeyError, TypeError):
            return None, None
        said = {**(model.get("meta") or {}), **model}
        return next((said[name] for name in LIMITS if isinstance(said.get(name), int)), None), None

    async def close(self) -> None:
        """As in Adapter."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _open(self, method: str, path: str, data: bytes | None = None) -> aiohttp.ClientResponse:
        if self._session is None:
            limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
            connector = aiohttp.TCPConnector(force_close=not self._keeps)
            self._session = aiohttp.ClientSession(connector=connector, timeout=limits, auto_decompress=False)
        key = self._key()
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"} | (
            {"Authorization": f"Bearer {key}"} if key else {}
        )
        base = self.config.base_url.rstrip("/")
        base += "" if base.count("/") > 2 else "/v1"  # written without a path, as for the other wire
        return await self._session.request(method, base + path, data=data, headers=headers, allow_redirects=False)


async def _chunks(reply: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async for chunk in reply.content.iter_any():
        yield chunk


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")


def _messages(role: str, content: str | Iterable[Block]) -> Iterable[Json]:
    """One message of ours in theirs: results of tools are messages of their own, and come first."""
    blocks = _blocks(content)
    if role == "assistant":
        yield _said(blocks)
        return
    parts = [part for block in blocks if block["type"] != "tool_result" for part in _part(block)]
    for block in blocks:
        if block["type"] == "tool_result":
            seen = [part for one in _blocks(block.get("content") or "") for part in _part(one)]
            yield {"role": "tool", "tool_call_id": block["tool_use_id"], "content": _text(seen)}
            parts += [part for part in seen if part["type"] != "text"]  # only a person may show a picture on this wire
    if parts:
        yield {"role": "user", "content": parts if any(part["type"] != "text" for part in parts) else _text(parts)}


def _blocks(content: str | Iterable[Block]) -> list[Block]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _said(blocks: list[Block]) -> Json:
    calls = [
        {"id": block["id"], "type": "function",
         "function": {"name": block["name"], "arguments": json.dumps(block["input"], ensure_ascii=False)}}
        for block in blocks if block["type"] == "tool_use"
    ]  # fmt: skip
    words = _text([block for block in blocks if block["type"] == "text"])
    return {"role": "assistant", "content": words or None, **({"tool_calls": calls} if calls else {})}


def _part(block: Block) -> Iterable[dict[str, Any]]:
    if block["type"] == "text":
        yield {"type": "text", "text": block["text"]}
    elif block["type"] == "image":
        source: Mapping[str, str] = block["source"]
        yield {"type": "image_url", "image_url": {"url": f"data:{source['media_type']};base64,{source['data']}"}}


def _text(parts: Iterable[Block]) -> str:
    return "\n".join(part["text"] for part in parts if part["type"] == "text")


class _Came:
    """What the chunks of one reply said."""

    def __init__(self, adapter: Adapter, growing: Growing) -> None:
        self.adapter, self.growing = adapter, growing
        self.stop, self.model, self.began, self.refused, self.usage = "", "", False, False, Usage()
        self._ids: dict[Any, str] = {}

    def take(self, event: Json) -> bool:
        """Read one chunk; whether it is the last."""
        if event.get("error"):
            raise self.adapter.failed(event["error"], self.growing)
        self.model = event.get("model") or self.model
        if usage := event.get("usage"):
            cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
            self.usage = Usage(max((usage.get("prompt_tokens") or 0) - cached, 0), usage.get("completion_tokens") or 0, cached)
        for choice in event.get("choices") or ():
            self.began = True
            self._delta(choice.get("delta") or choice.get("message") or {})
            self.stop = choice.get("finish_reason") or self.stop
        return not event  # [DONE]

    def _delta(self, delta: Json) -> None:
        self.growing.words("text", delta.get("content"))
        self.growing.words("text", delta.get("refusal"))
        self.refused |= bool(delta.get("refusal"))
        for number, call in enumerate(delta.get("tool_calls") or ()):
            self._call(call, call.get("index", number))

    def _call(self, call: Json, index: Any) -> None:
        """Some servers number each call 0, so another id means another call."""
        id, function = call.get("id") or "", call.get("function") or {}
        if index not in self._ids or (id and id != self._ids[index]):
            self._ids[index] = id
            self.growing.call((index, id), id, function.get("name"))
        self.growing.arguments((index, self._ids[index]), function.get("arguments"))

    def answer(self) -> Answer:
        """The whole; ModelError when it did not come to an end."""
        if not self.began:
            raise ModelError("wrong", f"{self.adapter.name} does not speak chat completions: no choice came")
        if not self.stop:
            raise self.adapter.broken_off()
        stop = "refusal" if self.refused else STOPS.get(self.stop, "end_turn")
        return self.growing.answer(stop, self.usage, self.model)
