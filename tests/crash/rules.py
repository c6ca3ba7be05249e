"""The rules that hold after any crash, checked against the same scenario without one."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from claw.messages.ledger import ENDS
from claw.messages.outbox import REPEAT_NOTE
from tests.crash.life import Life
from tests.crash.world import World, unmarked

ADMITS = ("I was interrupted", "I cannot tell", "so I cannot tell")


@dataclass
class Traces:
    """What a world holds when everything has come to rest."""

    effects: list[str]
    states: dict[str, dict[str, Any]]
    shown: list[tuple[str, str]]
    written: int
    inbox: dict[str, str] = field(default_factory=dict)  # key -> status
    ends: dict[tuple[int, int], list[str]] = field(default_factory=dict)  # turn, call -> its events
    questions: list[str] = field(default_factory=list)
    times: dict[str, list[float]] = field(default_factory=dict)  # device -> when something was done to it
    views: list[str] = field(default_factory=list)  # the messages as they look now

    @property
    def replies(self) -> dict[str, str]:
        """What was shown first of each key."""
        return {key: unmarked(text) for key, text in reversed(self.shown)}


def traces(world: World, life: Life) -> Traces:
    """Look at the world and its file."""
    found = Traces([str(one) for one in world.effects], world.states, list(world.channel.shown), len(world.channel.written))
    found.views = [unmarked(text) for text in world.channel.views()]
    found.inbox = {row["key"]: row["status"] for row in life.rows("SELECT key, status FROM inbox ORDER BY id")}
    for row in life.rows("SELECT turn, call, event FROM ledger ORDER BY id"):
        found.ends.setdefault((row["turn"], row["call"]), []).append(row["event"])
    found.questions = [row["status"] for row in life.rows("SELECT status FROM questions ORDER BY id")]
    for effect in world.effects:
        found.times.setdefault(f"{effect.device} {effect.command}", []).append(effect.at)
    return found


def broken(now: Traces, right: Traces) -> list[str]:
    """The rules that do not hold, each beginning with lost, duplicated or wrong; empty when all is well."""
    admitted = [call for call, events in now.ends.items() if "unknown" in events]
    return [
        *_messages(now, right),
        *_deeds(now, right, len(admitted)),
        *_replies(now, right, len(admitted)),
        *_repeats(now, right),
        *_ledger(now, right),
        *_views(now, right),
    ]


def _messages(now: Traces, right: Traces) -> list[str]:
    """Every message that was written is a row, once, and answered."""
    lost = [f"lost: message {key}" for key in right.inbox if key not in now.inbox]
    more = [f"duplicated: message {key}" for key in now.inbox if key not in right.inbox]
    return lost + more + [f"lost: {key} is {status}" for key, status in now.inbox.items() if status != "done"]


def _deeds(now: Traces, right: Traces, admitted: int) -> list[str]:
    """Every effect once and in order; one may be missing only where the person is told that it is not known."""
    missing, extra = Counter(right.effects) - Counter(now.effects), Counter(now.effects) - Counter(right.effects)
    found = [f"duplicated: {effect}" for effect in extra]
    if missing.total() > admitted:
        found += [f"lost: {effect}" for effect in missing]
    if not missing and not extra and now.effects != right.effects:
        found.append(f"wrong: the order of {now.effects}")
    if not missing and now.states != right.states:
        found.append(f"wrong: the house is {now.states}")
    if not extra and now.times != right.times and not missing:
        found.append(f"wrong: the times {now.times}, not {right.times}")
    return found


def _replies(now: Traces, right: Traces, admitted: int) -> list[str]:
    """One reply to each message, in order, the right one - or one that says what is not known."""
    found = [f"lost: {key} ({text})" for key, text in right.replies.items() if key not in now.replies]
    other = [key for key, text in now.replies.items() if text != right.replies.get(key)]
    honest = [
        key for key in other if any(words in now.replies[key] for words in ADMITS)
    ]  # also of what is quiet when it went well
    found += [f"duplicated: {key} ({now.replies[key]})" for key in other if key not in right.replies and key not in honest]
    found += [f"wrong: {key} says {now.replies[key]!r}" for key in other if key in right.replies and key not in honest]
    if len(honest) < min(admitted, 1):
        found.append("lost: what is unknown was not told")
    if [key for key in dict(now.shown) if key in right.replies] != [key for key in dict(right.shown) if key in now.replies]:
        found.append(f"wrong: the order of the replies {[key for key, _ in now.shown]}")
    return found


def _repeats(now: Traces, right: Traces) -> list[str]:
    """A text that is shown again says that it may be a repeat."""
    again = now.shown.copy()
    for key in now.replies:
        again.remove(next(one for one in again if one[0] == key))
    return [f"duplicated: {key} was shown again unmarked" for key, text in again if not text.startswith(REPEAT_NOTE)]


def _ledger(now: Traces, right: Traces) -> list[str]:
    """Each call has exactly one end, which is the right one or unknown."""
    found = [f"lost: call {call} in the ledger" for call in right.ends if call not in now.ends]
    for call, events in now.ends.items():
        ends = [event for event in events if event in ENDS]
        if len(ends) != 1:
            found.append(f"{'duplicated' if ends else 'lost'}: call {call} has the events {events}")
        elif ends != [event for event in right.ends.get(call, ends) if event in ENDS] and ends != ["unknown"]:
            found.append(f"wrong: call {call} ended as {ends[0]}")
    if now.questions != right.questions:
        found.append(f"wrong: the questions are {now.questions}")
    return found


def _views(now: Traces, right: Traces) -> list[str]:
    """A question shows how it ended; where something became unknown, texts differ."""
    return [f"lost: {text!r} is not to be seen" for text in right.views if now.replies == right.replies and text not in now.views]
