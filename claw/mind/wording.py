"""What of the model's words is told: no claims of deeds, no markup, and beside calls only what answers a question."""

import re

from claw.house import House
from claw.mind.shown import shown
from claw.mind.talk import Talk
from claw.mind.truth import checked, sentences
from claw.names import Names

NOTHING = "I did nothing."
ASKED = re.compile(r"\?|\b(?:how|what|why|who|whose|wie|warum|wieso|hoe|waarom|comment|pourquoi|cómo)\b|\bqué\b", re.IGNORECASE)
OPENING = re.compile(  # sentences before a call that answer nothing
    r"[^.!]*:|(?:let me|let's|one moment|i can do that|\w{2,}ing)\b.*|(?:sure|of course|no problem|all set)\W*|(?:\S+ ){0,3}\S+!",
    re.IGNORECASE,
)
MARKUP = re.compile(r"\*\*|^#{1,6} ", re.MULTILINE)  # that chats would show as it is


def honest(talk: Talk, words: str, house: House, names: Names) -> str:
    """The words without claims of deeds: what was done is told by the house itself."""
    turn = talk.turn
    did = any(step.ruling == "run" for step in turn.steps)
    told, left_out = checked(
        words,
        did=did,
        planned=(turn.request or {}).get("about") == "routines",
        remembered=bool(talk.said),
        state=shown(house, names),
    )
    told = MARKUP.sub("", told)
    return f"{NOTHING} {told}".strip() if left_out and not told_anything(talk) else told


def answered(talk: Talk, words: str) -> str:
    """What beside its calls answers a question of the person: no preamble, exclamation, or question of its own."""
    if not ASKED.search(talk.text):
        return ""
    pieces = [piece for line in words.split("\n") for piece in sentences(line)]
    return " ".join(one.strip() for one in pieces if not OPENING.fullmatch(one.strip()) and not one.rstrip().endswith("?"))


def told_anything(talk: Talk) -> bool:
    """Whether the person is told anything without the words of the model."""
    return bool(talk.turn.steps or talk.said or talk.asked)
