"""The page as a bridge of the outbox: a chat is its rows in the database, so sending is telling whoever looks."""

from collections.abc import Callable, Sequence
from typing import Any

from claw import view
from claw.agent import Agent


class Page:
    """web, or web-http where a yes could be overheard. It needs no phone to be there."""

    idempotent = True  # a message has the id of its row
    limit = 100_000

    def __init__(self, name: str, agent: Agent, tell: Callable[[dict[str, Any]], None], *, approves: bool) -> None:
        """`tell`: show a message to the phones that are there."""
        self.name, self.agent, self.tell, self.approves = name, agent, tell, approves

    async def send(self, chat: str, text: str, key: str, choices: Sequence[str]) -> str:
        """Show it on every phone that is there; the others read it when they come."""
        row = self.agent.store.one("SELECT * FROM outbox WHERE key = ?", key)
        if row is not None:
            self.tell(view.said(self.agent, row))
        return key
