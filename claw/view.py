"""The house as plain data for the doors: devices, what waits for a person, and what was done."""

import json
import sqlite3
from itertools import islice
from pathlib import Path
from typing import Any

from claw.agent import Agent
from claw.device import Device
from claw.history.past import Past
from claw.messages.inbox import HIDDEN, Message
from claw.messages.questions import Question
from claw.mind.costs import Costs

SHOWN = 50  # messages of a chat, turns of the log
SEARCHED = 20_000  # rows
DAYS = 14
HEARD = "kind = 'message' AND (status = 'done' OR substr(key, 1, ?) = ?)"  # rows that a chat shows
SAID = "status IN ('sending', 'sent')"


def device(agent: Agent, device: Device) -> dict[str, Any]:
    """One device with its room and state."""
    house = agent.house
    return {
        "id": device.id, "name": house.name(device), "area": house.area(device), "kind": device.kind,
        "sort": house.sort(device), "maker": device.maker, "model": device.model, "online": device.online,
        "trouble": device.trouble,
        "skill": house.records[device.id].skill, "state": device.state, "commands": sorted(device.commands),
    }  # fmt: skip


def waiting(agent: Agent) -> list[dict[str, Any]]:
    """What waits for a person, oldest first: approvals and "which one?" of any chat, and what skills or the house ask."""
    asked = [one for one in agent.questions.open() if one.kind in ("approval", "which")]
    return sorted((question(one) for one in (*asked, *agent.asks.open())), key=lambda one: int(one["id"]))


def question(one: Question) -> dict[str, Any]:
    """An open question; `choices` are its buttons, none for one that takes words."""
    labels = [str(option["label"]) for option in one.data] if one.kind == "which" else []
    return {
        "id": one.id, "kind": one.kind, "text": one.text, "chat": one.chat, "at": one.at, "expires": one.expires,
        "choices": ["yes", "no"] if one.kind == "approval" else labels, "about": one.data["about"] if one.kind == "ask" else "",
    }  # fmt: skip


def turn(agent: Agent, message: Message) -> dict[str, Any]:
    """A turn with its cause and outcome; `undo`: something of it could be taken back; `undone`: it was; `redo`: it is an undo."""
    record, past = message.record or {}, Past(agent.ledger, agent.inbox)
    first, undos = _first(past, message)
    pressed = undos > 0 and message.kind == "request"
    calls = [{name: call[name] for name in ("command", "names", "args", "outcome")} for call in record.get("calls", ())]
    return {
        "id": message.id, "at": max(message.at, message.due), "reply": record.get("reply", ""),
        "say": f"{'undo' if undos % 2 else 'redo'} “{_wish(agent, first)}”" if pressed else _wish(agent, message),
        "who": {"routine": "routine", "call": "claw"}.get(message.kind, "you"), "kind": message.kind,
        "asked": record.get("asked"), "calls": calls, "undo": past.reversible(message), "undone": past.undone(message),
        "redo": undos % 2 == 1,
    }  # fmt: skip


def _first(past: Past, message: Message) -> tuple[Message, int]:
    """What an undo or redo is about in the end, and through how many of them; else the turn itself and 0."""
    undos = 0
    while before := past.message((message.plan or {}).get("undoes") or 0):
        message, undos = before, undos + 1
    return message, undos


def _wish(agent: Agent, message: Message) -> str:
    """What was wanted, in the words of its record; a yes or no with its question."""
    say = str((message.record or {}).get("say", "")) or ("(a photo)" if (message.extra or {}).get("images") else "")
    if message.kind != "answer" or say not in ("yes", "no"):
        return say
    asked = agent.store.one("SELECT text FROM questions WHERE id = ?", json.loads(message.text)["question"])
    return f"{asked['text'].removesuffix(' Yes or no?')} {say.capitalize()}" if asked else say


def log(agent: Agent) -> list[dict[str, Any]]:
    """The newest turns that ended and in which something was said or done, newest first."""
    newest = "id > (SELECT max(id) - ? FROM inbox) AND status = 'done' ORDER BY max(at, due) DESC, id DESC LIMIT ?"
    told = filter(tells, agent.inbox.select(newest, SEARCHED, 4 * SHOWN))
    return [turn(agent, one) for one in islice(told, SHOWN)]


def costs(agent: Agent) -> list[dict[str, Any]]:
    """Per day, the newest first: what the language model took; messages without it, and what they would have cost with it."""
    offset = agent.clock.now().utcoffset()
    day = "date(at + ?, 'unixepoch')"
    rows = agent.store.all(
        f"SELECT {day} AS day, sum(json_extract(record, '$.level') = 'mind') AS mind, count(*) AS messages FROM inbox"
        f" WHERE kind = 'message' AND status = 'done' GROUP BY {day} ORDER BY day DESC LIMIT ?",
        *[offset.total_seconds() if offset else 0.0] * 2, DAYS,
    )  # fmt: skip
    took = {one["day"]: one for one in Costs(agent.history, agent.clock).days(DAYS)}
    return [_cost(dict(row), took.get(row["day"], {})) for row in rows]


def _cost(row: dict[str, Any], took: dict[str, Any]) -> dict[str, Any]:
    reflex, thought = row["messages"] - row["mind"], took.get("messages", 0)
    tokens, money = took.get("input", 0) + took.get("output", 0), took.get("money", 0.0)
    saved = {"tokens": round(tokens / thought * reflex), "money": round(money / thought * reflex, 4)} if thought else {}
    return {"day": row["day"], "reflex": reflex, "mind": row["mind"], "steps": took.get("steps", 0), "tokens": tokens,
            "cached": took.get("read", 0), "money": round(money, 4), "saved": saved}  # fmt: skip


def tells(message: Message) -> bool:
    """Whether something was said or done in this turn; what a command only looked up, and words for a skill, are no news."""
    record = message.record or {}
    if record.get("say") == HIDDEN or (message.kind == "request" and message.plan is None):
        return False
    return bool(record.get("calls") or record.get("reply"))


def chat(agent: Agent, chat: str, mine: str) -> list[dict[str, Any]]:
    """The newest messages of a chat, oldest first. What is queued will be told, and what is not answered yet may turn out
    to be a secret: only its sender (whose keys begin with `mine`) sees it."""
    written, sent = _newest(agent, "inbox", chat, HEARD, len(mine), mine), _newest(agent, "outbox", chat, SAID)
    both = [*(heard(agent.inbox.get(row["id"])) for row in written), *(said(agent, row) for row in sent)]
    return sorted(both, key=lambda one: (one["at"], one["from"] == "claw", int(one["id"].split(":")[1])))[-SHOWN:]


def shows(agent: Agent, chat: str, mine: str, name: str) -> bool:
    """Whether a picture of this name stands in a chat, for whom its keys begin with `mine`."""
    came = f"{HEARD} AND extra IS NOT NULL AND instr(extra, ?)"
    heard_in = (heard(agent.inbox.get(row["id"])) for row in _newest(agent, "inbox", chat, came, len(mine), mine, name))
    said_in = (said(agent, row) for row in _newest(agent, "outbox", chat, f"{SAID} AND image != '' AND instr(image, ?)", name))
    return any(name in one["pictures"] for one in (*heard_in, *said_in))


def _newest(agent: Agent, table: str, chat: str, which: str, *params: object) -> list[sqlite3.Row]:
    """Rows of a chat; a long life of other chats is not searched for them."""
    sql = f"SELECT * FROM {table} WHERE id > (SELECT max(id) - ? FROM {table}) AND chat = ? AND {which} ORDER BY id DESC LIMIT ?"
    return agent.store.all(sql, SEARCHED, chat, *params, SHOWN)


def heard(message: Message) -> dict[str, Any]:
    """What a person wrote, as a message of the chat; `cid` is the phone's own name for it."""
    cid = message.key.split(":", 2)[2] if message.key.startswith("web:") else ""
    return {
        "id": f"in:{message.id}", "cid": cid, "from": "you", "text": message.text, "at": message.at, "choices": [],
        "question": None, "pictures": [Path(one).name for one in (message.extra or {}).get("images", ())],
        "answered": message.status == "done",
    }  # fmt: skip


def said(agent: Agent, row: sqlite3.Row) -> dict[str, Any]:
    """A row of the outbox, with the question that it asks while that is open."""
    choices, text = json.loads(row["choices"]), row["text"]
    question = row["question"] if any(one.id == row["question"] for one in agent.questions.open()) else None
    return {
        "id": f"out:{row['id']}", "cid": "", "from": "claw", "text": text, "at": row["at"], "choices": choices,
        "question": question, "pictures": [Path(row["image"]).name] if row["image"] else [],
    }  # fmt: skip
