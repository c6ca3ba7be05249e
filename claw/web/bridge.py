"""The page as a bridge of the outbox: a chat is its rows in the database, so sending is telling whoever looks."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from claw import view
from claw.agent import Agent
from claw.messages.inbox import CODE, HIDDEN, Message

SHOWN = 50  # messages of a chat, turns of the log
SEARCHED = 20_000  # rows
Row = dict[str, Any]


class Page:
    """web, or web-http where a yes could be overheard. It needs no phone to be there."""

    idempotent = True  # a message has the id of its row
    limit = 100_000

    def __init__(self, name: str, agent: Agent, tell: Callable[[Row], None], *, approves: bool) -> None:
        """`tell`: show a message to the phones that are there."""
        self.name, self.agent, self.tell, self.approves = name, agent, tell, approves

    async def send(self, chat: str, text: str, key: str, choices: Sequence[str]) -> str:
        """Show it on every phone that is there; the others read it when they come."""
        row = self.agent.store.one("SELECT * FROM outbox WHERE key = ?", key)
        if row is not None:
            self.tell(_said(self.agent, row))
        return key


def heard(message: Message) -> Row:
    """What a person wrote on a page, as a message of the chat."""
    text = HIDDEN if CODE.fullmatch(message.text) else message.text
    return _heard(message.id, message.key, text, message.at)


def _heard(id: int, key: str, text: str, at: float) -> Row:
    cid = key.split(":", 2)[2] if key.startswith("web:") else ""
    return {"id": f"in:{id}", "cid": cid, "from": "you", "text": text, "at": at, "choices": [], "question": None}


def _said(agent: Agent, row: sqlite3.Row) -> Row:
    """A row of the outbox; the open question that it asked is the one whose text it ends with."""
    choices, text = json.loads(row["choices"]), row["text"]
    asked = [one for one in agent.questions.open(row["chat"]) if one.kind in ("approval", "which")] if choices else []
    question = next((one.id for one in asked if row["at"] >= one.at and text.endswith(one.text)), None)
    return {
        "id": f"out:{row['id']}", "cid": "", "from": "claw", "text": text, "at": row["at"], "choices": choices,
        "question": question,
    }  # fmt: skip


def history(agent: Agent, chat: str) -> list[Row]:
    """The newest messages of a chat, oldest first; what is still queued will be told."""
    written = _newest(agent, "inbox", chat, "kind = 'message'")
    sent = _newest(agent, "outbox", chat, "status IN ('sending', 'sent')")
    both = [*(_heard(row["id"], row["key"], row["text"], row["at"]) for row in written), *(_said(agent, row) for row in sent)]
    return sorted(both, key=lambda one: (one["at"], one["from"] == "claw", int(one["id"].split(":")[1])))[-SHOWN:]


def _newest(agent: Agent, table: str, chat: str, which: str) -> list[sqlite3.Row]:
    """Rows of a chat; a long life of other chats is not searched for them."""
    sql = f"SELECT * FROM {table} WHERE id > (SELECT max(id) - ? FROM {table}) AND chat = ? AND {which} ORDER BY id DESC LIMIT ?"
    return agent.store.all(sql, SEARCHED, chat, SHOWN)


def turn(agent: Agent, message: Message) -> Row | None:
    """A turn that ended, for the log; None when nothing was said or done."""
    record = message.record or {}
    return view.turn(agent, message) if record.get("calls") or record.get("reply") else None


def log(agent: Agent) -> list[Row]:
    """The newest turns first."""
    rows = agent.store.all("SELECT id FROM inbox WHERE status = 'done' ORDER BY id DESC LIMIT ?", 2 * SHOWN)
    turns = (turn(agent, agent.inbox.get(row["id"])) for row in rows)
    return [one for one in turns if one is not None][:SHOWN]
