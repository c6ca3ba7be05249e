"""The house as plain data for the doors: devices, what waits for a person, and what was done."""

from typing import Any

from claw.agent import Agent
from claw.device import Device
from claw.history.past import Past
from claw.messages.inbox import Message
from claw.messages.questions import Question


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
    """A turn with its cause and outcome; `undo`: something of it could be taken back."""
    record = message.record or {}
    calls = [{name: call[name] for name in ("command", "names", "args", "outcome")} for call in record.get("calls", ())]
    return {
        "id": message.id, "at": max(message.at, message.due), "say": record.get("say", ""), "reply": record.get("reply", ""),
        "who": {"routine": "routine", "call": "claw"}.get(message.kind, "you"), "kind": message.kind,
        "asked": record.get("asked"), "calls": calls, "undo": Past(agent.ledger, agent.inbox).reversible(message),
    }  # fmt: skip
