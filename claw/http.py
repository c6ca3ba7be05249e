"""A small HTTP client for one device: its address only, no redirects, replies limited in size and time, errors for people."""

import json as jsonlib
from typing import Any

import aiohttp

from claw.device import DeviceError

MAX_BYTES = 1 << 20


class Http:
    """Requests to one host and port. Raises DeviceError for everything that goes wrong."""

    def __init__(self, host: str, port: int, *, ssl: aiohttp.Fingerprint | None = None, seconds: float = 8.0) -> None:
        self.base = f"{'https' if ssl else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
        self.ssl, self.timeout = ssl, aiohttp.ClientTimeout(total=seconds)

    async def request(self, path: str, *, method: str = "", json: Any = None, headers: dict[str, str] | None = None) -> Any:
        """GET, or POST when `json` is given, a path that begins with "/"; returns the parsed JSON of the reply."""
        body = await self.fetch(path, method=method, json=json, headers=headers)
        try:
            return jsonlib.loads(body)
        except ValueError:
            raise DeviceError("it answered something that is not JSON") from None

    async def fetch(self, path: str, *, method: str = "", json: Any = None, headers: dict[str, str] | None = None) -> bytes:
        """The reply's bytes, at most 1 MiB."""
        method = method or ("GET" if json is None else "POST")
        try:
            async with (
                aiohttp.ClientSession(timeout=self.timeout) as session,
                session.request(
                    method, self.base + path, json=json, headers=headers, ssl=self.ssl or True, allow_redirects=False
                ) as reply,
            ):
                body = await reply.content.read(MAX_BYTES + 1)
                while not reply.content.at_eof() and len(body) <= MAX_BYTES:
                    body += await reply.content.read(MAX_BYTES + 1 - len(body))
        except TimeoutError:
            raise DeviceError("it did not answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise DeviceError(f"it cannot be reached ({type(error).__name__})") from error
        if len(body) > MAX_BYTES:
            raise DeviceError("it answered more than 1 MiB")
        if reply.status >= 300:
            raise DeviceError(f"it answered with status {reply.status}")
        return body
