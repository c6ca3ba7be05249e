"""Models by the Messages API, on the `anthropic` SDK: Anthropic's, and Ollama, llama.cpp, vLLM and LM Studio by `base_url`.

The SDK costs 1.6 s and 78 MB to import, so that happens in a thread at the first step. It does not retry here, does not read the
environment for keys, servers or proxies, and follows no redirect.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from claw.mind.adapters.adapter import CONNECT_SECONDS, LOOK_SECONDS, Adapter, Json, bounded
from claw.mind.adapters.growing import Growing
from claw.mind.wire import Answer, Ask, ModelError, Stop, Usage

if TYPE_CHECKING:
    import anthropic

STOPS: dict[str, Stop] = {
    "max_tokens": "max_tokens", "tool_use": "tool_use", "pause_turn": "pause_turn", "refusal": "refusal",
    "model_context_window_exceeded": "context",
}  # fmt: skip


class Messages(Adapter):
    """One model."""

    _made: "anthropic.AsyncAnthropic | None" = None

    def request(self, ask: Ask) -> dict[str, Any]:
        """The body; the marker at its top has the longest prefix that can be cached cached."""
        prefix = {"system": list(ask.system), "tools": list(ask.tools)}
        return {
            "max_tokens": min(ask.max_tokens, self.config.max_output), "messages": self._messages(ask), "model": self._model(ask),
            "cache_control": {"type": "ephemeral"}, "stream": True, **{name: blocks for name, blocks in prefix.items() if blocks},
        }  # fmt: skip

    async def _step(self, ask: Ask, growing: Growing) -> Answer:
        client = await self._client()
        import anthropic
        import httpx2

        came = _Came(self, growing)
        request = json.loads(self.body(ask))  # what cannot be sent is a question mark there
        try:
            async with client.messages.with_streaming_response.create(**request, extra_headers=self._headers()) as reply:
                await self._read(reply.http_response.aiter_raw(), came.take, growing)
        except anthropic.APIStatusError as error:
            raise self.refused(error.status_code, error.response.headers, error.body) from None
        except anthropic.APIConnectionError as error:
            raise self.unreached(error) from None
        except httpx2.TransportError as error:
            raise self.broken_off(error) from None
        return came.answer()

    async def count(self, ask: Ask) -> int | None:
        """By /v1/messages/count_tokens."""
        counted = {key: value for key, value in self.request(ask).items() if key not in ("max_tokens", "stream", "cache_control")}
        found = await self._look(lambda client: client.messages.count_tokens(**counted, extra_headers=self._headers()))
        tokens = getattr(found, "input_tokens", None)
        return tokens if isinstance(tokens, int) else None

    async def limits(self) -> tuple[int | None, int | None]:
        """By /v1/models/NAME."""
        found = await self._look(lambda client: client.models.retrieve(self.config.model, extra_headers=self._headers()))
        return getattr(found, "max_input_tokens", None), getattr(found, "max_tokens", None)

    async def close(self) -> None:
        """As in Adapter."""
        if self._made is not None:
            await self._made.close()
            self._made = None

    async def _look(self, question: Any) -> Any:
        """What the server answers, None for any failure."""
        client = await self._client()
        import anthropic

        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return await question(client)
        except (TimeoutError, ValueError, ModelError, anthropic.AnthropicError):
            return None

    def _headers(self) -> dict[str, Any]:
        import anthropic

        return {"Authorization": f"Bearer {self._key()}" if self._key() else anthropic.Omit(), "Accept-Encoding": "identity"}

    async def _client(self) -> "anthropic.AsyncAnthropic":
        if self._made is None:
            made = await asyncio.to_thread(_client, self.config.base_url, 8 if self._keeps else 0)
            self._made = self._made or made  # two chats may have asked at once
        return self._made


def _client(base_url: str, kept: int) -> "anthropic.AsyncAnthropic":
    """Import the SDK and make its client; blocks for seconds."""
    import anthropic
    import anthropic.resources.messages
    import anthropic.resources.models
    import httpx2

    for name in ("anthropic", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)  # below that they log what people say

    class Bounded(httpx2.AsyncByteStream):
        def __init__(self, stream: Any) -> None:
            self.stream = stream

        def __aiter__(self) -> AsyncIterator[bytes]:
            return bounded(aiter(self.stream))

        async def aclose(self) -> None:
            await self.stream.aclose()

    async def bound(reply: httpx2.Response) -> None:
        reply.headers.pop("content-encoding", None)  # was not asked for: a few bytes must not become gigabytes
        reply.stream = Bounded(reply.stream)

    http = httpx2.AsyncClient(
        trust_env=False, follow_redirects=False, timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
        limits=httpx2.Limits(max_connections=8, max_keepalive_connections=kept), event_hooks={"response": [bound]},
    )  # fmt: skip
    where = base_url.rstrip("/").removesuffix("/v1") or "https://api.anthropic.com"
    return anthropic.AsyncAnthropic(
        api_key="", base_url=where, max_retries=0, timeout=http.timeout, http_client=http, open_telemetry=False
    )


class _Came:
    """What the events of one reply said (platform.claude.com/docs/en/build-with-claude/streaming)."""

    def __init__(self, adapter: Adapter, growing: Growing) -> None:
        self.adapter, self.growing = adapter, growing
        self.stop, self.model, self.began = "", "", False
        self.usage: dict[str, int] = {}

    def take(self, event: Json) -> bool:
        """Read one event; whether it is the last."""
        kind = event.get("type")
        self.began |= kind == "message_start"
        if kind == "message_start":
            self.model = event["message"].get("model") or ""
            self._count(event["message"].get("usage"))
        elif kind == "content_block_start":
            self._block(event["index"], event["content_block"])
        elif kind == "content_block_delta":
            self.growing.words(event["index"], event["delta"].get("text"))
            self.growing.arguments(event["index"], event["delta"].get("partial_json"))
        elif kind == "message_delta":
            self.stop = event["delta"].get("stop_reason") or self.stop
            self._count(event.get("usage"))
        elif kind == "error":
            raise self.adapter.failed(event.get("error"), self.growing)
        return kind == "message_stop"

    def _block(self, index: int, block: Json) -> None:
        if block["type"] == "tool_use":
            self.growing.call(index, block.get("id"), block.get("name"), block.get("input"))
        elif block["type"] == "text":
            self.growing.words(index, block.get("text"))

    def _count(self, usage: Json | None) -> None:
        self.usage |= {
            name: value for name, value in (usage or {}).items() if isinstance(value, int)
        }  # later counts are whole, too

    def answer(self) -> Answer:
        """The whole; ModelError when it did not come to an end."""
        if not self.began:
            raise ModelError("wrong", f"{self.adapter.name} does not speak the Messages API: no message began")
        if not self.stop:
            raise self.adapter.broken_off()
        tokens = [self.usage.get(f"{name}_tokens", 0) for name in ("input", "output", "cache_read_input", "cache_creation_input")]
        return self.growing.answer(STOPS.get(self.stop, "end_turn"), Usage(*tokens), self.model)
