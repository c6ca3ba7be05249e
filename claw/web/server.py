"""The web door: aiohttp on loopback, or where `--listen` says; rules of hosts, origins, cookies and codes."""

import asyncio

from claw.agent import Agent
from claw.config import Config


class Web:
    """Serves the page and its websocket while it runs; aiohttp is imported then."""

    def __init__(self, agent: Agent, config: Config, listen: str = "") -> None:
        """`listen`: an address of the LAN that stands in for the config's."""
        self.agent, self.config, self.listen = agent, config, listen
        self.addresses: list[str] = []  # "http://127.0.0.1:8765"; empty while it is down

    async def run(self) -> None:
        """Serve until cancelled."""
        await asyncio.Event().wait()

    def invite(self) -> str:
        """A fresh address with a one-time code in its fragment: ".../#code=ABCD2345"; empty while the page is down."""
        return ""
