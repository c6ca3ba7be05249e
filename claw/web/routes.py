"""The door's requests: the page's files, a code for a cookie, and the websocket; and the rules that all of them obey."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from aiohttp import web

from claw.bridges.arriving import Links
from claw.bridges.push import Push
from claw.reflex.reading import Request
from claw.web import origins
from claw.web.assets import assets
from claw.web.card import svg
from claw.web.live import Live
from claw.web.pictures import NoPhoto, Pictures
from claw.web.sessions import OWNER, Session
from claw.web.sockets import Socket

LONGEST_BODY, LONGEST_MESSAGE = 16 << 10, 64 << 10  # bytes
MOST_SOCKETS = 32
COOKIE, COOKIE_SECONDS = "claw", 400 * 86400
HEARTBEAT_SECONDS = 30.0
WHOLE_SECONDS = 10.0  # until a connection has sent a whole request, its first or the next one
STRANGER = "This phone is not signed in."
NO_PUSH = "This house notifies no phone: see [push] in the config."
WRONG_CODE = "That code is wrong or no longer good. `claw web`, on the machine where claw runs, prints a fresh one."
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' {}; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Routes:
    """What may be asked of the door."""

    def __init__(self, live: Live, hosts: tuple[str, ...], media: Path, patience: float = WHOLE_SECONDS) -> None:
        """`hosts`: names of ours beside the addresses; `media`: the folder of the pictures; `patience`: seconds until a
        connection has sent a whole request."""
        self.patience = patience
        self.live, self.agent, self.sessions, self.hosts = live, live.agent, live.sessions, hosts
        self._assets, self._pictures = assets(), Pictures(live.agent, media)
        self._said: set[str] = set()  # keys of answers to skills that were taken

    async def runner(self) -> web.AppRunner:
        """Ready to take connections. There is no access log: an address may hold what is nobody's business."""
        app = web.Application(client_max_size=LONGEST_BODY, middlewares=[web.middleware(partial(self._guard))])
        app.on_response_prepare.append(_secure)
        app.router.add_post("/pair", self._pair)
        app.router.add_post("/leave", self._leave)
        app.router.add_get("/live", self._live, allow_head=False)
        app.router.add_get("/link/{bridge}.svg", self._link, allow_head=False)
        app.router.add_get("/media/{name}", self._picture, allow_head=False)
        app.router.add_post("/photo", self._photo)
        app.router.add_get("/push", self._push, allow_head=False)
        app.router.add_post("/push", self._push)
        for path in self._assets:
            app.router.add_get(path, self._asset)
        runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=1.0, keepalive_timeout=self.patience, lingering_time=1.0
        )  # fmt: skip
        await runner.setup()
        return runner

    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """No name but ours (a rebound one is a stranger's page), and nothing from another page."""
        if not origins.is_ours(request, self.hosts):
            return _no(421, "This is not a name of mine: see [web] hosts in the config.")
        if request.method == "POST" and not origins.is_same(request):
            return _no(403, "This came from another page.")
        try:
            return await handler(request)
        except sqlite3.OperationalError:
            return _no(503, "Nothing was taken: the disk is full.")

    def _session(self, request: web.Request) -> Session | None:
        session = self.sessions.find(request.cookies.get(COOKIE, ""))
        return session if session and OWNER in session.scopes else None

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        return self._assets[request.path].answer(request)

    async def _pair(self, request: web.Request) -> web.StreamResponse:
        """A code for a cookie."""
        try:
            async with asyncio.timeout(self.patience):
                body = await request.json()
            code, name = str(body["code"]), str(body.get("name", ""))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return _no(400, "A code is wanted, as JSON.")
        except TimeoutError:
            return _no(408, "That took too long.")
        token = self.sessions.pair(code, name, request.remote or "")
        if token is None:
            return _no(403, WRONG_CODE)
        self.live.reach_owner()
        return _with_cookie(web.Response(status=204), request, token, COOKIE_SECONDS)

    async def _leave(self, request: web.Request) -> web.StreamResponse:
        if session := self._session(request):
            self.live.sign_out(session.id)
        return _with_cookie(web.Response(status=204), request, "", 0)

    async def _push(self, request: web.Request) -> web.StreamResponse:
        """The key with which a browser subscribes to notices; or its subscription, which is kept until it signs out."""
        session, push = self._session(request), self.agent.outbox.bridges.get("push")
        if session is None:
            return _no(401, STRANGER)
        if not isinstance(push, Push):
            return _no(404, NO_PUSH)
        if request.method == "GET":
            return web.json_response({"key": push.key()})
        try:
            async with asyncio.timeout(self.patience):
                address = push.address(await request.json())
        except (ValueError, RecursionError) as error:
            return _no(400, str(error))
        except TimeoutError:
            return _no(408, "That took too long.")
        said = {"by": "push", "phone": str(session.id), "address": address, "say": "notify this phone"}
        record = await self.agent.ask_for(Request("people", "notify", said), bridge="web", chat=session.chat)
        return web.json_response({"reply": record["reply"]})

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        """A picture of the chat of whoever asks."""
        session, name = self._session(request), request.match_info["name"]
        if session is None:
            return _no(401, STRANGER)
        return self._pictures.show(session, name) or _no(404, "There is no such picture here.")

    async def _photo(self, request: web.Request) -> web.StreamResponse:
        """A photo and its words, as a message of the chat."""
        session = self._session(request)
        if session is None:
            return _no(401, STRANGER)
        try:
            return web.json_response(await self._pictures.take(session, request))
        except NoPhoto as error:
            return _no(error.status, str(error))

    async def _link(self, request: web.Request) -> web.StreamResponse:
        """The picture that links an account to a bridge, for the owner; nothing while there is nothing to scan."""
        if self._session(request) is None:
            return _no(401, STRANGER)
        bridge = self.agent.outbox.bridges.get(request.match_info["bridge"])
        scan = (await bridge.link())["scan"] if isinstance(bridge, Links) and not bridge.linked else ""
        return web.Response(text=svg(scan), content_type="image/svg+xml") if scan else web.Response(status=204)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """The websocket of a phone."""
        session = self._session(request)
        if session is None:
            return _no(401, STRANGER)
        if not origins.is_same(request):
            return _no(403, "This came from another page.")
        if len(self.live.sockets) >= MOST_SOCKETS:
            return _no(503, "Too many pages are open.")
        ws = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=LONGEST_MESSAGE, compress=True, timeout=2.0)
        _with_cookie(ws, request, request.cookies[COOKIE], COOKIE_SECONDS)  # it ends 400 days after the last use
        via, agent = origins.via(request), self.agent
        one = Socket(ws, partial(_abort, request), agent, session, via, self.live.since, self._said)
        epoch, since = request.query.get("epoch", ""), request.query.get("since", "")
        self.live.sockets.add(one)  # before anything is awaited: it counts, and a sign-out finds it
        try:
            await ws.prepare(request)
            with suppress(sqlite3.OperationalError):
                self.sessions.seen(session)
            await one.serve(*self.live.hello(session, epoch, since, approves=agent.approves(via)))
        finally:
            self.live.sockets.discard(one)
        return ws


def _no(status: int, why: str) -> web.Response:
    return web.json_response({"error": why}, status=status)


def _abort(request: web.Request) -> None:
    if request.transport:
        request.transport.abort()


def _with_cookie(response: web.StreamResponse, request: web.Request, value: str, seconds: int) -> web.StreamResponse:
    https = origins.scheme(request) == "https"
    response.set_cookie(COOKIE, value, max_age=seconds, path="/", httponly=True, samesite="Strict", secure=https)
    return response


async def _secure(request: web.Request, response: web.StreamResponse) -> None:
    """The headers of every answer."""
    name, port = origins.asked(request)
    socket_address = f"{origins.scheme(request).replace('http', 'ws')}://{name}:{port}"
    policy = POLICY.format("" if response.status == 421 else socket_address)  # a name that is not ours is not repeated
    response.headers.update({
        "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
        "Server": "claw",
    })  # fmt: skip
    response.headers.setdefault("Cache-Control", "no-store")
