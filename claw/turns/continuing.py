"""Messages that mean something only with what was said before them: "at six" after "when?", "no, at eight" after "yes or no?"."""

import re
from dataclasses import replace

from claw.reflex.reader import Reader
from claw.reflex.reading import Context, Reading

ASKS = re.compile(r"[^.!?]*\?|Tell me ")  # a reply that begins so wants more words
LINKED = re.compile(r"(?:at|in|on|to|every|for|by|about|of|that)\b", re.IGNORECASE)
AGREES = re.compile(r"\s*(?:yes|yep|yeah|yup|sure)\b", re.IGNORECASE)
REFUSES = re.compile(r"\s*(?:no|nope|nah|none|neither)\b[\s,.;:!-]*", re.IGNORECASE)


def completed(reader: Reader, said: str, words: str, alone: Reading | None, context: Context) -> tuple[str, Reading] | None:
    """The sentence `said` together with the words that it lacked, and its meaning; None when the words are not those.

    alone: what the words mean by themselves; where that is a deed or an answer, it is what is meant.
    """
    if (alone and not alone.unknown and not ASKS.match(alone.reply)) or "?" in words:
        return None
    first, _, last = said.rstrip(" .!?").rpartition(" ")
    inside = re.sub(r"^the | one$", "", words, flags=re.IGNORECASE)
    linked = LINKED.match(words)
    forms = [f"{first} {last} {link}{words}".strip() for link in ("", "at ", "in ", "to ")][: 1 if linked else None]
    within = f"{first} {inside} {last}"  # "turn on the lamp", "the kitchen one"
    for whole in (f"{first.split(' ')[0]} {words}", within, *forms) if inside != words else (*forms, within):
        reading = reader.read(whole, replace(context, question="", choices=0))
        request = reading and reading.request
        if request and request.about == "memory" and whole == within:  # what it has in mind stands behind its question
            continue
        if reading and (reading.calls or reading.options or request or (linked and ASKS.match(reading.reply))):
            return whole, reading
    return None


def instead(reader: Reader, words: str, context: Context, *, planned: bool) -> Reading | None:
    """What is wanted by the words after a no: another choice, another wish, of a plan another time; None when nothing."""
    refused = replace(context, extra={**context.extra, "refused": True})
    for whole in (words, f"make it {words}") if words else ():
        reading = reader.read(whole, refused)
        moved = reading and reading.request and reading.request.verb == "change"
        if reading and (reading.calls or reading.request or reading.control.startswith("pick:")) and (planned or not moved):
            return reading
    return None
