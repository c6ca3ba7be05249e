"""What skills for UPnP devices share: XML without a DTD, and events (GENA: UPnP device architecture 1.0, section 4)."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from typing import Self
from xml.etree.ElementTree import Element, fromstring

from aiohttp import web

from claw.clock import Clock
from claw.device import Device, DeviceError
from claw.kit.http import Http

MINUTE, SOON, TRIES = 60.0, 5.0, 3  # between readings; after one that failed; then a device is given up
SECONDS = 300  # that a subscription lasts; renew in time
CLOSE_SECONDS = 0.5  # for telling all devices that we go
Topic = tuple[Http, str]  # a device, and the path of one of its services' eventSubURL


def xml_text(body: bytes) -> str:
    """A document for a library's own parser; DeviceError if it, or a document escaped within it, has a DTD."""
    text = body.decode(errors="replace")
    if "!DOCTYPE" in text:
        raise DeviceError("it answered with a DTD, which is not read")
    return text


def xml(text: str) -> Element:
    """The root of a document; DeviceError if it is none or has a DTD."""
    try:
        return fromstring(xml_text(text.encode()))
    except SyntaxError:  # ParseError is one
        raise DeviceError("it answered something that makes no sense") from None


class Subscriptions:
    """Calls `pushed(path)` with a topic's path when its device says that something changed; what it says is not read.

    Listens within `async with`, on `address` (ours, as the devices see it) under a path that nobody can guess;
    without an address there are no events.
    """

    def __init__(self, address: str, pushed: Callable[[str], None]) -> None:
        self.address, self.pushed, self.news = address, pushed, asyncio.Event()
        self.secret, self.callback = f"/{secrets.token_urlsafe(16)}", ""
        self._sids: dict[Topic, str] = {}
        self._runner = web.ServerRunner(web.Server(self._notified), shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        if self.address:
            await web.TCPSite(self._runner, self.address, 0).start()
            self.callback = f"http://{self.address}:{self._runner.addresses[0][1]}{self.secret}"
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.gather(*map(self._unsubscribe, list(self._sids)))
        await self._runner.cleanup()

    async def _notified(self, request: web.BaseRequest) -> web.Response:
        path = request.path.removeprefix(self.secret)
        if path == request.path or request.method != "NOTIFY":
            return web.Response(status=404)
        self.pushed(path)
        self.news.set()
        return web.Response()

    async def follow(self, device: Device, topics: Callable[[], set[Topic]], clock: Clock) -> None:
        """Refresh a device when something is pushed, and each minute with a renewal; raises when three in a row have failed."""
        failures, due = 0, 0.0
        while True:
            self.news.clear()
            late = failures > 0 or clock.monotonic() >= due
            try:
                await device.refresh()
                await self.keep(topics(), renew=late)
            except DeviceError as error:
                if (task := asyncio.current_task()) and task.cancelling():
                    raise asyncio.CancelledError from None  # of an error and a cancellation at once, gather() gives the error
                device.offline(str(error))
                failures += 1
                if failures == TRIES:
                    raise
                await clock.sleep(SOON)
            else:
                failures, due = 0, clock.monotonic() + MINUTE if late else due
                await clock.until(self.news, due - clock.monotonic())

    async def keep(self, topics: set[Topic], *, renew: bool = False) -> None:
        """Be subscribed to these topics and no others, as far as the devices answer; `renew` finds out who has forgotten us."""
        for topic in self._sids.keys() - topics:
            await self._unsubscribe(topic)
        wanted = topics if self.callback else set()
        for topic in wanted if renew else wanted - self._sids.keys():
            with contextlib.suppress(DeviceError):
                await self._subscribe(topic)

    async def _subscribe(self, topic: Topic) -> None:
        """Renew by the SID; subscribe anew without one, or when the device does not know it (status 412)."""
        http, path = topic
        anew = {"CALLBACK": f"<{self.callback}{path}>", "NT": "upnp:event"}
        sid = self._sids.pop(topic, "")
        for headers in ({"SID": sid}, anew) if sid else (anew,):
            reply = await http.exchange("SUBSCRIBE", path, headers=headers | {"TIMEOUT": f"Second-{SECONDS}"})
            if reply.status == 200:
                self._sids[topic] = reply.headers.get("SID", "")
                return

    async def _unsubscribe(self, topic: Topic) -> None:
        http, path = topic
        with contextlib.suppress(DeviceError):
            await http.exchange("UNSUBSCRIBE", path, headers={"SID": self._sids.pop(topic)})
