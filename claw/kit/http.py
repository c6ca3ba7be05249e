"""A small HTTP client for one device: its address only, no redirects, replies limited in size and time, errors for people."""

import contextlib
import json as jsonlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Self

import aiohttp

from claw.device import DeviceError

MAX_BYTES = 1 << 20
IDLE_SECONDS = 5.0  # a kept connection that was idle for longer may be dead, and a POST on it lost


class TooLarge(DeviceError, OSError):
    """A reply has more bytes than are read."""


@dataclass(frozen=True)
class Reply:
    """What came back, whatever its status. Names of headers are found in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """Requests to one host and port. Raises DeviceError for everything that goes wrong.

    Each request has a connection of its own, except within `async with http:`, which keeps them between requests.
    """

    def __init__(self, host: str, port: int, *, ssl: aiohttp.Fingerprint | None = None, seconds: float = 8.0,
                 allows: Callable[[str], bool] | None = None) -> None:  # fmt: skip
        """`allows`: which addresses `at` may lead to (None: those of the same /24, or /64 for IPv6)."""
        self.host, self.ssl, self.timeout, self.allows = host, ssl, aiohttp.ClientTimeout(total=seconds), allows
        self.base = f"{'https' if ssl else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = _session()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def at(self, host: str, port: int, *, seconds: float = 8.0) -> "Http":
        """Plain requests to an address that a device named, sharing what is kept open; DeviceError if it is not of the house."""
        if not self._of_the_house(host):
            raise DeviceError("that is no private IPv4 or IPv6 address of this house")
        http = Http(host, port, seconds=seconds, allows=self.allows)
        http._session = self._session
        return http

    def _of_the_house(self, host: str) -> bool:
        try:
            ip, own = ip_address(host), ip_address(self.host)
        except ValueError:
            return False
        if not ip.is_private or ip.is_loopback != own.is_loopback:
            return False
        near = ip_network(f"{own}/{24 if own.version == 4 else 64}", strict=False)
        return ip == own or (self.allows(host) if self.allows else ip in near)

    async def request(self, path: str, *, method: str = "", json: Any = None, headers: dict[str, str] | None = None) -> Any:
        """GET, or POST when `json` is given, a path that begins with "/"; returns the parsed JSON of the reply."""
        answer = await self.fetch(path, method=method, json=json, headers=headers)
        try:
            return jsonlib.loads(answer)
        except ValueError:
            raise DeviceError("it answered something that is not JSON") from None

    async def fetch(self, path: str, *, method: str = "", json: Any = None, headers: dict[str, str] | None = None) -> bytes:
        """The reply's bytes, at most 1 MiB; a status of 300 or more is an error."""
        reply = await self.exchange(method or ("GET" if json is None else "POST"), path, json=json, headers=headers)
        if reply.status >= 300:
            raise DeviceError(f"it answered with status {reply.status}")
        return reply.body

    async def exchange(
        self, method: str, path: str, *, json: Any = None, data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """The whole reply, whatever its status; of at most 1 MiB and not decompressed."""
        if not path.startswith("/"):
            raise ValueError(f"{path!r} does not begin with /")  # it might name another host
        try:
            async with (
                self._open() as session,
                session.request(
                    method, self.base + path, json=json, data=data, headers=headers, ssl=self.ssl or True, timeout=self.timeout,
                    allow_redirects=False,
                ) as reply,
            ):  # fmt: skip
                return Reply(reply.status, reply.headers, await body(reply, MAX_BYTES))
        except TooLarge:
            raise
        except TimeoutError:
            raise DeviceError("it did not answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            raise DeviceError("it does not answer") from error

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[aiohttp.ClientSession]:
        if self._session is not None:
            yield self._session
        else:
            async with _session() as session:
                yield session


def _session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit_per_host=4, keepalive_timeout=IDLE_SECONDS)
    return aiohttp.ClientSession(connector=connector, auto_decompress=False, skip_auto_headers=("Accept-Encoding",))


async def body(reply: aiohttp.ClientResponse, most: int) -> bytes:
    """What a reply holds, at most so many bytes; TooLarge for more, and its connection is closed."""
    read = bytearray()
    async for chunk in reply.content.iter_any():
        read += chunk
        if len(read) > most:
            reply.close()
            raise TooLarge(f"it answered more than {most >> 20} MiB")
    return bytes(read)
