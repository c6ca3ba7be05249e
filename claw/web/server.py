"""The web door: aiohttp on loopback, or where `--listen` says, while it is under supervision."""

import errno
import logging
import os
import socket
import sys
from contextlib import suppress
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
FREEBIND = 15  # IP_FREEBIND, ip(7): an address that is not there yet may be listened on


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

        runner, port = await Routes(self).runner(), self.config.port
        try:
            for host in self._binds():
                sock = _listen(host, port)
                port = sock.getsockname()[1]
                await Routes.open(runner, sock)
            self.addresses = [f"http://{f'[{host}]' if ':' in host else host}:{port}" for host in self._hosts()]
            self._announce()
            await self.live.run()
        finally:
            self.addresses = []
            self.live.drop()
            await runner.cleanup()

    def _binds(self) -> list[str]:
        """What to listen on: loopback and the chosen address, or one socket for all there will ever be."""
        chosen = self.listen or self.config.listen
        return [chosen] if ip_address(chosen).is_unspecified else list(dict.fromkeys([LOOPBACK, chosen]))

    def _hosts(self) -> list[str]:
        """Where a browser finds it now: loopback first."""
        chosen = self.listen or self.config.listen
        return list(dict.fromkeys([LOOPBACK, *(reach().addresses if ip_address(chosen).is_unspecified else [chosen])]))

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
    """A listening socket, also on an address that will come only later (DHCP at boot); OSError in words that say what to do."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_IP, FREEBIND, 1)
        sock.bind((host, port))
        sock.listen(64)
    except OSError as error:
        sock.close()
        why = {
            errno.EADDRINUSE: f"port {port} of {host} is taken: end what uses it, or choose another [web] port in the config",
            errno.EACCES: f"port {port} is not allowed to this user: choose a [web] port above 1023 in the config",
        }.get(error.errno or 0, f"{host}:{port}: {error.strerror}")
        log.error("no page: %s", why)
        raise OSError(why) from None
    if not _is_own(host):
        log.warning("%s is no address of this machine now (`ip address` lists them): the page is there once it is", host)
    return sock


def _is_own(host: str) -> bool:
    """Whether this machine has the address now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe, suppress(OSError):
        probe.bind((host, 0))
        return True
    return False
