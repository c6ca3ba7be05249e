"""What both wires share: a configured model, the events of its stream, and its errors."""

import asyncio
import contextlib
import json
import math
import re
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from email.utils import parsedate_to_datetime
from typing import Any

from claw.config import ModelConfig, unsafe
from claw.hosting.secrets import redact
from claw.mind.adapters.growing import Growing
from claw.mind.wire import Answer, Ask, Kind, ModelError

LARGEST = 8 << 20  # bytes of a whole reply; 8,000 tokens are 2-3 MB of events
CONNECT_SECONDS = 5.0  # a machine that is off must not take the whole deadline
LAST_SECONDS = 0.25  # for the end of the stream after the answer: only a connection that was read to its end can be kept
LOOK_SECONDS = 10.0  # for questions beside a step
DONE = b"[DONE]"  # the last event of chat completions; {} here
Json = Mapping[str, Any]
KINDS: dict[int, Kind] = {
    401: "key", 402: "money", 403: "key", 404: "missing", 408: "down", 413: "large", 429: "busy", 529: "busy",
}  # fmt: skip
STATUSES = {  # of an error that comes in the stream (anthropic.types.shared.error_type)
    "authentication_error": 401, "billing_error": 402, "permission_error": 403, "not_found_error": 404, "request_too_large": 413,
    "rate_limit_error": 429, "overloaded_error": 529, "invalid_request_error": 400,
}  # fmt: skip
MONEY = re.compile(r"billing|spend_limit|insufficient_quota")
LONG = re.compile(r"prompt is too long|context_length_exceeded|exceed_context_size|maximum context", re.IGNORECASE)


class Adapter(ABC):
    """One configured model. A subclass says what its wire is like."""

    def __init__(self, name: str, config: ModelConfig, key: Callable[[], str]) -> None:
        """`key` is asked anew at each step; ValueError for a base_url that is not safe."""
        if wrong := unsafe(config.base_url):
            raise ValueError(f"[models.{name}] base_url {wrong}")
        self.name, self.config, self._key = name, config, key

    def trouble(self) -> str:
        """Why it cannot be asked now, for `claw status`; "" = it can."""
        if not self.config.key or re.fullmatch(r"[!-~]+", self._key()):
            return ""
        return f"the model {self.name} is left out: put its key into secrets/{self.config.key} of the data folder (chmod 600)"

    def body(self, ask: Ask) -> bytes:
        """What is sent for this, byte by byte; needs no model SDK."""
        return json.dumps(self.request(ask), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

    async def step(self, ask: Ask, on_text: Callable[[str], None], *, seconds: float) -> Answer:
        """As `Model.step` of wire.py."""
        if trouble := self.trouble():
            raise ModelError("key", trouble)
        growing = Growing(on_text)
        try:
            async with asyncio.timeout(seconds):
                return await self._step(ask, growing)
        except TimeoutError:
            raise ModelError("slow", f"{self.name} did not end within {seconds:g} s") from None

    async def _read(self, chunks: AsyncIterator[bytes], take: Callable[[Any], bool], growing: Growing) -> None:
        """Give `take` the data of each event until it says that the answer is whole; and the words to who waits for them."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None) as end, aclosing(_events(chunks)) as events:
                async for data in events:
                    last = self._taken(take, data)
                    growing.tell()
                    if last:
                        end.reschedule(asyncio.get_running_loop().time() + LAST_SECONDS)

    def _taken(self, take: Callable[[Any], bool], data: bytes) -> bool:
        """Let `take` read an event; ModelError where its shape is another than that of the wire."""
        try:
            return take({} if data == DONE else json.loads(data))
        except (KeyError, TypeError, AttributeError, IndexError, ValueError, RecursionError) as error:
            raise ModelError("wrong", self._clean(f"{self.name} answered something else than its wire has: {error!r}")) from None

    def refused(self, status: int, headers: Mapping[str, str], body: Any) -> ModelError:
        """The error of a reply with such a status; `body` is its parsed JSON, or text."""
        told = (body.get("error") or body) if isinstance(body, dict) else body
        said = told if isinstance(told, dict) else {"message": told}
        details = said.get("details")
        codes = " ".join(str(said[key]) for key in ("type", "code") if said.get(key))
        codes += f" {details.get('error_code', '')}" if isinstance(details, dict) else ""
        words = f"{codes} {said.get('message', '')}"
        kind: Kind = KINDS.get(status) or ("down" if status >= 500 else "wrong")
        kind = "money" if MONEY.search(codes) else "large" if status == 400 and LONG.search(words) else kind
        return ModelError(kind, self._clean(f"{self.name} answered {status}: {words}"), _wait(headers))

    def failed(self, error: Any, growing: Growing) -> ModelError:
        """The error that an event in the stream tells: what it says, or `cut` when words had come before."""
        status = STATUSES.get(error.get("type") or "", 500) if isinstance(error, dict) else 500
        found = self.refused(status, {}, {"error": error})
        return ModelError("cut", str(found)) if growing.began else found

    def broken_off(self, error: object = "") -> ModelError:
        """The stream ended before the answer did."""
        return ModelError("cut", self._clean(f"{self.name} broke off {error!r}"))

    def unreached(self, error: BaseException) -> ModelError:
        """No reply came at all."""
        cause = error.__cause__ or error
        if isinstance(cause, ModelError):
            return cause
        return ModelError("down", self._clean(f"{self.name} cannot be reached: {cause!r}"))

    def _clean(self, text: str) -> str:
        text = text.replace(key, "(secret)") if (key := self._key()) else text
        return redact(" ".join(text.split()))[:300]

    @abstractmethod
    def request(self, ask: Ask) -> dict[str, Any]:
        """The body of a request."""

    @abstractmethod
    async def _step(self, ask: Ask, growing: Growing) -> Answer: ...

    @abstractmethod
    async def count(self, ask: Ask) -> int | None:
        """Tokens of a request, as the server counts them; None where it does not."""

    @abstractmethod
    async def limits(self) -> tuple[int | None, int | None]:
        """Tokens of a prompt and of an answer at most, as the server says; None where it does not."""

    @abstractmethod
    async def close(self) -> None:
        """End connections that are kept open; the next step opens new ones."""

    @property
    def _keeps(self) -> bool:
        """Whether connections are kept between steps: not within the house, where llama.cpp closes each after its answer."""
        return not self.config.base_url.startswith("http:")

    def _model(self, ask: Ask) -> str:
        return (ask.strong and self.config.strong) or self.config.model

    def _messages(self, ask: Ask) -> list[Any]:
        """The messages, without pictures for a model that cannot see."""
        return list(ask.messages if self.config.images else _told(ask.messages))


def _told(value: Any) -> Any:
    """Blocks with a sentence in the place of each picture."""
    if isinstance(value, Mapping):
        if value.get("type") == "image":
            return {"type": "text", "text": "(a picture, which this model cannot see)"}
        return {key: _told(one) if key == "content" else one for key, one in value.items()}
    return [_told(one) for one in value] if isinstance(value, list | tuple) else value


async def bounded(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes; ModelError when there are too many."""
    read = 0
    async for chunk in chunks:
        read += len(chunk)
        if read > LARGEST:
            raise ModelError("wrong", f"it sent more than {LARGEST >> 20} MiB")
        yield chunk


async def _events(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """What stands in each `data:` line (html.spec.whatwg.org, server-sent events)."""
    rest = bytearray()
    async for chunk in chunks:
        rest += chunk
        *lines, rest = rest.split(b"\n") if b"\n" in chunk else [rest]
        for line in lines:
            if line.startswith(b"data:"):
                yield bytes(line[5:].strip())


def _wait(headers: Mapping[str, str]) -> float:
    """Seconds of `retry-after`, which is a number or a date."""
    said = headers.get("retry-after") or ""
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(said).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return max(seconds, 0.0) if math.isfinite(seconds) else 0.0
