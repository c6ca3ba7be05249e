"""The web door: aiohttp on loopback, or where `--listen` says, while it is under supervision."""

import asyncio
import logging
import os
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from claw.agent import Agent
from claw.config import Config
from claw.discovery.network import reach
from claw.supervise import cancel
from claw.web.bridge import Page
from claw.web.card import card
from claw.web.live import Live
from claw.web.sessions import Sessions

log = logging.getLogger("claw.web")
LOOPBACK = "127.0.0.1"


class Web:
    """Serves the page and its websocket while it runs; aiohttp is imported then."""

    def __init__(self, agent: Agent, config: Config, media: Path, listen: str = "") -> None:
        """`media`: the folder of the pictures; `listen`: an address of the LAN that stands in for the config's."""
        self.agent, self.config, self.media, self.listen = agent, config.web, media, listen
        self.addresses: list[str] = []  # "http://127.0.0.1:8765"; empty while it is down
        self.sessions = Sessions(agent.store, agent.clock)
        self.live = Live(agent, self.sessions)
        if self.config.enabled:
            for name, approves in (("web", True), ("web-http", self.config.approve_over_http)):
                agent.outbox.bridges[name] = Page(name, agent, lambda row: self.live.put("chat", message=row), approves=approves)
            self.live.reach_owner()

    async def run(self) -> None:
        """Serve until cancelled; OSError with the remedy when an address or the port cannot be had."""
        if not self.config.enabled:
            return
        from claw.web.listening import accept, listen
        from claw.web.routes import Routes

        runner, port, socks = await Routes(self.live, self.config.hosts, self.media).runner(), self.config.port, []
        assert runner.server is not None
        parts: list[asyncio.Task[None]] = []
        try:
            for host in self._binds():
                sock = listen(host, port)
                port = sock.getsockname()[1]
                socks.append(sock)
            self.addresses = [f"http://{f'[{host}]' if ':' in host else host}:{port}" for host in self._hosts()]
            self._announce()
            parts += [asyncio.create_task(one) for one in (self.live.run(), *(accept(sock, runner.server) for sock in socks))]
            await asyncio.gather(*parts)
        finally:
            self.addresses = []
            await cancel(*parts)
            for sock in socks:
                sock.close()
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
            return {"signed_out": self.live.sign_out(None if which == "all" else int(which))}
        here = bool(self.addresses) and self.addresses[-1].startswith(f"http://{LOOPBACK}:")
        return {"address": self.invite(), "here": here, "phones": self.sessions.plain()}

    def _announce(self) -> None:
        """Say where the page is. A code is printed to whoever typed --listen, but never where it would be kept."""
        log.info("the page is at %s; `claw web` prints a code for a phone", " and ".join(self.addresses))
        if self.listen and "JOURNAL_STREAM" not in os.environ:
            print(card(self.invite(), here=len(self.addresses) == 1), file=sys.stderr, flush=True)
