"""What reading a message gives, and what is known about who wrote it and where."""

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
    extra: dict[str, Any] = field(default_factory=dict)
