"""The web door: aiohttp on loopback, or where `--listen` says, while it is under supervision."""

import errno
import logging
import os
import socket
import sys
from ipaddress import ip_address
from typing import Any

from claw.agent import Agent
from claw.config import Config
from claw.discovery.network import reach
from claw.web.bridge import Page
from claw.web.card import card
from claw.web.live import Live
from claw.web.sessions import Sessions

log = logging.getLogger("claw.web")
LOOPBACK = "127.0.0.1"
OWNER = ("web", "web:owner")


class Web:
    """Serves the page and its websocket while it runs; aiohttp is imported then."""

    def __init__(self, agent: Agent, config: Config, listen: str = "") -> None:
        """`listen`: an address of the LAN that stands in for the config's."""
        self.agent, self.config, self.listen = agent, config.web, listen
        self.addresses: list[str] = []  # "http://127.0.0.1:8765"; empty while it is down
        self.sessions, self.live = Sessions(agent.store, agent.clock), Live(agent)
        if self.config.enabled:
            for name, approves in (("web", True), ("web-http", self.config.approve_over_http)):
                agent.outbox.bridges[name] = Page(name, agent, lambda row: self.live.put("chat", message=row), approves=approves)
            self.reach_owner()

    def reach_owner(self) -> None:
        """What is said unasked goes to the page, too, while a phone may see it."""
        self.agent.owners[:] = [one for one in self.agent.owners if one != OWNER] + [OWNER] * self.sessions.any()

    async def run(self) -> None:
        """Serve until cancelled; OSError with the remedy when an address or the port cannot be had."""
        if not self.config.enabled:
            return
        from claw.web.routes import Routes

        runner = await Routes(self).runner()
        try:
            port = self.config.port
            for host in self._hosts():
                sock = _listen(host, port)
                port = sock.getsockname()[1]
                await Routes.open(runner, sock)
                self.addresses.append(f"http://{f'[{host}]' if ':' in host else host}:{port}")
            self._announce()
            await self.live.run()
        finally:
            self.addresses.clear()
            self.live.drop()
            await runner.cleanup()

    def _hosts(self) -> list[str]:
        """The addresses to serve on: loopback first; of "any address" our IPv4 ones."""
        chosen = self.listen or self.config.listen
        wild = ip_address(chosen).is_unspecified
        return list(dict.fromkeys([LOOPBACK, *(reach().addresses if wild else [chosen])]))

    def invite(self) -> str:
        """A fresh address with a one-time code in its fragment: ".../#code=ABCD2345"; empty while the page is down."""
        return f"{self.addresses[-1]}/#code={self.sessions.code()}" if self.addresses else ""

    def page(self, request: dict[str, Any]) -> dict[str, Any]:
        """For `claw web`: a fresh address and the phones; or, with `sign_out` ("all" or an id), how many were signed out."""
        if "sign_out" in request:
            which = request["sign_out"]
            return {"signed_out": self.sign_out(None if which == "all" else int(which))}
        here = bool(self.addresses) and self.addresses[-1].startswith(f"http://{LOOPBACK}:")
        return {"address": self.invite(), "here": here, "phones": self.sessions.plain()}

    def sign_out(self, id: int | None) -> int:
        """End the session with this id, or all (None), and cut what is connected; returns how many ended."""
        ended = self.sessions.end(id)
        self.live.drop(id)
        self.reach_owner()
        return ended

    def _announce(self) -> None:
        """Say where the page is. A code is printed to whoever typed --listen, but never where it would be kept."""
        log.info("the page is at %s; `claw web` prints a code for a phone", " and ".join(self.addresses))
        if self.listen and "JOURNAL_STREAM" not in os.environ:
            print(card(self.invite(), here=len(self.addresses) == 1), file=sys.stderr, flush=True)


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket; OSError in words that say what to do."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=64)
    except OSError as error:
        why = {
            errno.EADDRINUSE: f"port {port} of {host} is taken: end what uses it, or choose another [web] port in the config",
            errno.EADDRNOTAVAIL: f"{host} is no address of this machine (`ip address` lists them): give one to --listen",
            errno.EACCES: f"port {port} is not allowed to this user: choose a [web] port above 1023 in the config",
        }.get(error.errno or 0, f"{host}:{port}: {error.strerror}")
        log.error("no page: %s", why)
        raise OSError(why) from None
