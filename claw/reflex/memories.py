"""Sentences about what the claw knows: "remember that ...", "call the study the blue room", "what do you know about ...?"."""

from claw.reflex.reading import Request


def read(text: str) -> Request | None:
    """What the sentence asks of the memory; None when nothing.

    remember: {"fact"}. recall: {"words"}. forget: {"words"} (empty: the last). call: {"thing", "name"}.
    versions, restore: {"page"}.
    """
    return None
