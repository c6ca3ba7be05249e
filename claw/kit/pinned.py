"""TLS of devices that sign their certificates themselves: only the one seen at pairing is spoken to after that."""

import asyncio
import hashlib
import json
import ssl
from typing import Any

import aiohttp

from claw.device import DeviceError
from claw.kit.http import TooLarge, body

LARGEST = 4 << 20  # bytes of a reply


async def fingerprint(host: str, port: int, *, seconds: float = 8.0) -> str:
    """SHA-256, in hex, of the certificate that is shown there now; OSError (or TimeoutError) when there is none."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with asyncio.timeout(seconds):
        _, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        return hashlib.sha256(writer.get_extra_info("ssl_object").getpeercert(binary_form=True)).hexdigest()
    finally:
        writer.close()


def session(pin: str, *, seconds: float = 8.0, connections: int = 3) -> aiohttp.ClientSession:
    """For libraries that want one: it speaks only to this certificate, follows no redirect and reads 4 MiB of JSON at most.

    Raises aiohttp.ServerFingerprintMismatch; DeviceError for a redirect, ValueError for too much.
    """
    connector = aiohttp.TCPConnector(ssl=aiohttp.Fingerprint(bytes.fromhex(pin)), limit_per_host=connections)
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_refuse)
    return aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(total=seconds), response_class=_Capped, read_bufsize=1 << 19,
        trace_configs=[trace],
    )  # fmt: skip


class _Capped(aiohttp.ClientResponse):
    async def json(self, **_: Any) -> Any:
        try:
            return json.loads(await body(self, LARGEST))
        except TooLarge as error:
            raise ValueError(str(error)) from None  # nonsense, and no fault of the connection


async def _refuse(*_: Any) -> None:
    raise DeviceError("it sent us to another address")
