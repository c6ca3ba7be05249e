"""A fake: a language-model server on loopback that says what a script tells it, by both wires, with their rare faults.

Covered: streaming of the Messages API and of chat completions, token counts, model limits, a cache of prefixes. Not: answers in one
piece, batches, anything that understands.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from claw.mind.wire import Usage

Json = dict[str, Any]
Fault = Literal["", "drop", "end", "error", "garbage", "shape", "endless", "hang", "silent"]
STOPS = {  # of wire.py, as each server says it
    "context": ("model_context_window_exceeded", "length"), "max_tokens": ("max_tokens", "length"), "refusal": ("refusal", "content_filter"),
    "tool_use": ("tool_use", "tool_calls"), "end_turn": ("end_turn", "stop"), "pause_turn": ("pause_turn", "stop"),
}  # fmt: skip


@dataclass(frozen=True)
class Say:
    """One answer, in parts of `part` characters. An input that is text goes out as it stands, for JSON that is none.

    fault, after so many events - drop: the connection breaks, with 0 before a status; end: the stream ends too early; error: an error event of `type`;
    garbage: no JSON; shape: JSON of another wire; endless: words for ever; hang: nothing more; silent: not even a status.
    """

    text: str = ""
    calls: Sequence[tuple[str, Any]] = ()
    stop: str = ""  # one of STOPS; "" = by what there is
    usage: Usage | None = None  # None: bytes / 3.5, and what was cached
    part: int = 8
    chunk: int = 0  # bytes that are written at once, which splits events and characters; 0: whole events
    fault: Fault = ""
    after: int = 0
    type: str = "overloaded_error"
    closes: bool = False  # the connection afterwards, without having said so, as llama.cpp does


@dataclass(frozen=True)
class Fail:
    """A reply with a status and no stream."""

    status: int
    type: str = ""
    message: str = "not now"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None  # in the place of an error


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    raw: bytes
    body: Json
    gone: Callable[[], bool]  # whether who asked has left


class ModelServer:
    """Answers by `script`, a list that is used up or a function of the request's body; keeps all requests of both wires."""

    def __init__(self, script: Sequence[Say | Fail] | Callable[[Json], Say | Fail] = (), *, bare: bool = False) -> None:
        """`bare`: without token counts and model limits, as most small servers are."""
        self.script: list[Say | Fail] | Callable[[Json], Say | Fail] = script if callable(script) else list(script)
        self.asked: list[Asked] = []
        self.bare, self.url = bare, ""
        self._cached: set[str] = set()
        self._end = asyncio.Event()

    def app(self) -> web.Application:
        """What it serves."""
        app = web.Application(client_max_size=32 << 20)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_post("/v1/chat/completions", self._completions)
        if not self.bare:
            app.router.add_post("/v1/messages/count_tokens", self._count)
            app.router.add_get("/v1/models/{name}", self._limits)
            app.router.add_get("/v1/models", self._list)
        return app

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, _message_events)

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, _completion_events)

    async def _answer(self, request: web.Request, events: "Events") -> web.StreamResponse:
        raw = await request.read()
        transport = request.transport
        asked = Asked(
            request.path, request.headers.copy(), raw, json.loads(raw), lambda: transport is None or transport.is_closing()
        )
        self.asked.append(asked)
        answer = self._next(asked.body)
        if isinstance(answer, Fail):
            error = {"type": "error", "error": {"type": answer.type, "code": answer.type, "message": answer.message}}
            body = json.dumps(error).encode() if answer.body is None else answer.body
            return web.Response(status=answer.status, body=body, headers={"Content-Type": "application/json", **answer.headers})
        if answer.fault == "silent":
            await self._end.wait()
        if answer.fault == "drop" and not answer.after and transport:
            transport.abort()
        return await self._stream(request, answer, events(answer, self._usage(asked.body, answer), str(asked.body["model"])))

    def _next(self, body: Json) -> Say | Fail:
        if callable(self.script):
            return self.script(body)
        return self.script.pop(0) if self.script else Fail(500, "api_error", "the script has no more answers")

    def _usage(self, body: Json, answer: Say) -> Usage:
        """As bytes / 3.5; a prefix that was there before is read from the cache, another is written to it."""
        if answer.usage is not None:
            return answer.usage
        system = body.get("system") or [one for one in body["messages"] if one["role"] == "system"]
        prefix = json.dumps([body.get("tools"), system])
        known = prefix in self._cached
        self._cached.add(prefix)
        whole, cached = int(len(json.dumps(body)) / 3.5), int(len(prefix) / 3.5)
        return Usage(max(0, whole - cached), len(answer.text) // 3 + 20 * len(answer.calls), cached * known, cached * (not known))

    async def _stream(self, request: web.Request, say: Say, events: list[bytes]) -> web.StreamResponse:
        reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        with contextlib.suppress(ConnectionError):  # who asked has left
            await reply.prepare(request)
            for number, event in enumerate(events):
                if say.fault and number >= say.after:
                    await self._break(request, reply, say, event)
                    return reply
                for at in range(0, len(event), say.chunk or len(event)):
                    await reply.write(event[at : at + (say.chunk or len(event))])
                    await asyncio.sleep(0)
            await reply.write_eof()
            if say.closes and request.transport:
                request.transport.close()
        return reply

    async def _break(self, request: web.Request, reply: web.StreamResponse, say: Say, event: bytes) -> None:
        if say.fault == "drop" and request.transport is not None:
            request.transport.abort()
        elif say.fault == "hang":
            await self._end.wait()
        while say.fault == "endless" and not self._end.is_set():
            await reply.write(event * 100)
        broken = {"garbage": b'data: {"type": "mess\n\n', "shape": b"data: [1, 2]\n\n",
                  "error": _event({"type": "error", "error": {"type": say.type, "message": "no more"}})}  # fmt: skip
        await reply.write(broken.get(say.fault, b""))
        await reply.write_eof()

    async def _count(self, request: web.Request) -> web.Response:
        return web.json_response({"input_tokens": int(len(await request.read()) / 3.5)})

    async def _limits(self, request: web.Request) -> web.Response:
        return web.json_response(_model(request.match_info["name"]))

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response({"data": [_model("small")]})

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["ModelServer"]:
        """Listen on a free port of 127.0.0.1; `url` says where."""
        runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            self._end.set()
            await runner.cleanup()


Events = Callable[[Say, Usage, str], list[bytes]]


def _model(name: str) -> Json:
    return {"id": name, "type": "model", "display_name": name, "created_at": "2026-01-01T00:00:00Z", "lifecycle": "active",
            "max_input_tokens": 32000, "max_tokens": 4000, "max_model_len": 32000}  # fmt: skip


def _event(data: Json) -> bytes:
    name = f"event: {data['type']}\n" if "type" in data else ""
    return f"{name}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def _parts(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


def _inputs(say: Say) -> list[tuple[str, str, str]]:
    """Id, name and JSON of each call."""
    return [(f"call_{number}_{name}", name, input if isinstance(input, str) else json.dumps(input, ensure_ascii=False))
            for number, (name, input) in enumerate(say.calls)]  # fmt: skip


def _message_events(say: Say, usage: Usage, model: str) -> list[bytes]:
    """platform.claude.com/docs/en/build-with-claude/streaming."""
    counted = {"input_tokens": usage.input, "cache_read_input_tokens": usage.read, "cache_creation_input_tokens": usage.written}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [], "stop_reason": None,
               "usage": {**counted, "output_tokens": 1}}  # fmt: skip
    found: list[Json] = [{"type": "message_start", "message": message}, {"type": "ping"}]
    blocks: list[tuple[Json, str, list[str]]] = []
    if say.text:
        blocks.append(({"type": "text", "text": ""}, "text", list(_parts(say.text, say.part))))
    for id, name, input in _inputs(say):
        start = {"type": "tool_use", "id": id, "name": name, "input": {}}
        blocks.append((start, "partial_json", ["", *_parts(input, say.part)]))
    for index, (start, kind, parts) in enumerate(blocks):
        found.append({"type": "content_block_start", "index": index, "content_block": start})
        delta = {"text": "text_delta", "partial_json": "input_json_delta"}[kind]
        found += [{"type": "content_block_delta", "index": index, "delta": {"type": delta, kind: part}} for part in parts]
        found.append({"type": "content_block_stop", "index": index})
    stop = STOPS[say.stop or ("tool_use" if say.calls else "end_turn")][0]
    found.append(
        {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": {"output_tokens": usage.output}}
    )
    return [_event(one) for one in [*found, {"type": "message_stop"}]]


def _completion_events(say: Say, usage: Usage, model: str) -> list[bytes]:
    """platform.openai.com/docs/api-reference/chat-streaming."""
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": part} for part in _parts(say.text, say.part)]
    for index, (id, name, input) in enumerate(_inputs(say)):
        call = {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}
        deltas.append({"tool_calls": [call]})
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": part}}]} for part in _parts(input, say.part)]
    stop = STOPS[say.stop or ("tool_use" if say.calls else "end_turn")][1]
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": model, "usage": None}
    counted = {"prompt_tokens": usage.input + usage.read + usage.written, "completion_tokens": usage.output,
               "prompt_tokens_details": {"cached_tokens": usage.read}}  # fmt: skip
    found = [{**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    found.append({**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": stop}]})
    return [_event(one) for one in [*found, {**chunk, "choices": [], "usage": counted}]] + [b"data: [DONE]\n\n"]
