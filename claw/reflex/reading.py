"""What reading a message gives, and what is known about who wrote it and where."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from claw.call import ToolCall


@dataclass(frozen=True)
class Option:
    """One of several readings that fit: its label for people and what it would do."""

    label: str
    calls: tuple[ToolCall, ...]


@dataclass(frozen=True)
class Request:
    """Something wanted of the claw itself and of no device: `about` names the subject that answers it (Agent.subjects).

    routines: make, list, pause, resume, delete, change, left, sun. memory: remember, recall, forget, call, restore.
    history: undo, redo, did, why.
    """

    about: str
    verb: str
    slots: Mapping[str, Any] = field(default_factory=dict)  # JSON data

    def plain(self) -> dict[str, Any]:
        """As JSON data."""
        return {"about": self.about, "verb": self.verb, "slots": dict(self.slots)}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Request":
        """From JSON data; KeyError when something is missing."""
        return cls(str(data["about"]), str(data["verb"]), dict(data["slots"]))


@dataclass(frozen=True)
class Topic:
    """What was last spoken of in a chat: what "it", "the other one", "again" and "and the bedroom?" are read by."""

    verb: str = ""  # of the wish or question, as in reflex/deeds.py
    slots: Mapping[str, Any] = field(default_factory=dict)  # what was said with it: thing, number, unit, state ...
    devices: tuple[str, ...] = ()  # the ids that it concerned
    did: bool = False  # it was a deed, so that a correction takes it back
    last: tuple[str, ...] = ()  # of several wishes in one message: the devices of the last one
    said: str = ""  # the last message, while it is what this comes from: a correction corrects that
    turn: int = 0  # the message that did it
    besides: tuple["Topic", ...] = ()  # what else one message wanted of the same devices

    @property
    def aimed(self) -> tuple[str, ...]:
        """The devices of the last wish."""
        return self.last or self.devices


@dataclass(frozen=True)
class Reading:
    """What a level made of a message. Exactly one of calls, reply, options, control, request is filled; calls may have a reply.

    Calls may have a request, too, which ends later what they begin: both or neither.

    calls: deeds, in order. reply: said at once (an answer about state, a polite refusal, "there is no such room"), or beside
    calls how they were understood.
    options: several things fit and the claw asks which. control: yes, no, stop, or pick:N of a pending question.
    """

    level: str  # alias, tagger, grammar
    calls: tuple[ToolCall, ...] = ()
    reply: str = ""
    options: tuple[Option, ...] = ()
    control: str = ""
    request: Request | None = None
    unknown: bool = False  # the reply says only which words are not known
    topic: Topic | None = None  # what it speaks of, for the next message
    corrects: str = ""  # the message in place of which this was meant; what that one did elsewhere is taken back
    trace: tuple[str, ...] = ()  # for --explain


@dataclass(frozen=True)
class Context:
    """Who speaks, where, and what the claw last asked in this chat."""

    chat: str = ""
    person: str = "owner"
    area: str = ""  # the room in which the speaker is, when known
    language: str = "en"
    question: str = ""  # kind of the open question of this chat: approval, which, room, pair; "" = none
    choices: int = 0  # how many options that question has
    scenes: dict[str, list[str]] = field(default_factory=dict)  # name -> sentences
    examples: Mapping[str, str] = field(default_factory=dict)  # alias.key of what is said here -> what is meant
    topic: Topic = Topic()
    extra: dict[str, Any] = field(default_factory=dict)


def in_words(verb: str, slots: Mapping[str, Any], came: str = "") -> str:
    """A verb with what was said for it, and what that came to: turn_on  thing "the lamp" -> Desk Lamp."""
    said = ", ".join(
        f"{name} {f'{value:g}' if isinstance(value, float) else json.dumps(value, ensure_ascii=False, default=str)}"
        for name, value in slots.items()
    )
    return f"{verb}  {said}".rstrip() + (f" -> {came}" if came else "")
