"""Sentences about what was done: "undo that", "what did you do last night?", "why is the lamp on?"."""

from datetime import datetime

from claw.reflex.reading import Request


def read(text: str, now: datetime) -> Request | None:
    """What the sentence asks about the past; None when nothing.

    undo: {}. did: {"since", "until"} (seconds since 1970), {"thing"}. why: {"thing", "state"}.
    """
    return None
