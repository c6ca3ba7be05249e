"""GENA: who wants to hear of changes, and the NOTIFY requests to them (UPnP device architecture 1.0, section 4)."""

import asyncio
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from claw.demo.sonos import documents

SECONDS = 1800  # when a subscriber names no time
LONGEST = 86400


@dataclass
class Subscription:
    """One subscriber of one service, until `ends` (loop time)."""

    sid: str
    service: str
    callback: str
    ends: float
    seq: int = 0
    order: asyncio.Lock = field(default_factory=asyncio.Lock)


class Events:
    """The subscriptions of one player. `current` gives the values of a service for the first NOTIFY."""

    def __init__(self, uid: str, current: Callable[[str], Mapping[str, object]]) -> None:
        self.uid, self.current = uid, current
        self.subscriptions: dict[str, Subscription] = {}
        self.delivered = 0
        self._numbers = itertools.count(1)
        self._sending: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Be able to send (needs a running loop)."""
        connector = aiohttp.TCPConnector(force_close=True)
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5), connector=connector)

    async def close(self) -> None:
        """Forget everybody and stop sending."""
        self.forget()
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def forget(self) -> None:
        """Lose all subscriptions, as a reboot does."""
        self.subscriptions.clear()

    async def subscribe(self, request: web.Request, service: str) -> web.StreamResponse:
        """SUBSCRIBE: a new one with CALLBACK and NT, a renewal with SID; 412 for a SID that is not known."""
        headers, now = request.headers, asyncio.get_running_loop().time()
        seconds = _seconds(headers.get("TIMEOUT", ""))
        if sid := headers.get("SID"):
            if sid not in self.subscriptions:
                return web.Response(status=412)
            self.subscriptions[sid].ends = now + seconds
            return web.Response(headers={"SID": sid, "TIMEOUT": f"Second-{seconds}"})
        callback = re.search(r"<(http://127\.[^>]+)>", headers.get("CALLBACK", ""))
        if callback is None or headers.get("NT") != "upnp:event":
            return web.Response(status=412)
        new = Subscription(f"uuid:{self.uid}_sub{next(self._numbers):010d}", service, callback[1], now + seconds)
        self.subscriptions[new.sid] = new
        response = web.Response(headers={"SID": new.sid, "TIMEOUT": f"Second-{seconds}"})
        await response.prepare(request)
        await response.write_eof()
        self._send(new, self.current(service))
        return response

    def unsubscribe(self, sid: str) -> web.Response:
        """UNSUBSCRIBE; 412 for a SID that is not known."""
        return web.Response(status=200 if self.subscriptions.pop(sid, None) else 412)

    def publish(self, service: str) -> None:
        """Tell every subscriber of the service its values now."""
        now = asyncio.get_running_loop().time()
        for subscription in list(self.subscriptions.values()):
            if subscription.ends < now:
                del self.subscriptions[subscription.sid]
            elif subscription.service == service:
                self._send(subscription, self.current(service))

    def _send(self, subscription: Subscription, values: Mapping[str, object]) -> None:
        task = asyncio.create_task(self._notify(subscription, documents.properties(values)))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _notify(self, to: Subscription, body: str) -> None:
        async with to.order:
            headers = {
                "Content-Type": "text/xml", "NT": "upnp:event", "NTS": "upnp:propchange", "SID": to.sid, "SEQ": str(to.seq),
            }  # fmt: skip
            to.seq += 1
            try:
                assert self._session is not None
                async with self._session.request("NOTIFY", to.callback, data=body.encode(), headers=headers):
                    self.delivered += 1
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass  # as in the real thing: nobody is told, the subscription lives until it ends


def _seconds(timeout: str) -> int:
    asked = re.fullmatch(r"[Ss]econd-(\d{1,9})", timeout)
    return min(int(asked[1]), LONGEST) if asked else SECONDS
