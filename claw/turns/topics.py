"""What was last spoken of, for each person in each chat; in memory only, so that "it" means nothing after a restart."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from claw.clock import Clock
from claw.messages.inbox import Message
from claw.reflex.reading import Reading, Topic
from claw.turns.turn import Turn

TOPIC_SECONDS = 600.0  # without a message


@dataclass
class Kept:
    """A topic, and when its person last wrote here."""

    topic: Topic
    at: float
    wrong: Topic = field(default_factory=Topic)  # what an answer to "which one?" corrects
    doubted: bool = False  # it was said to be wrong, but not yet what was meant


class Topics:
    """Keeps the topics; nobody's "it" is what another person spoke of."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._kept: dict[tuple[str, str], Kept] = {}

    def of(self, message: Message) -> Topic:
        """What this person last spoke of here; an empty topic when that is unknown or too long ago."""
        return self._at(message).topic

    def wrong(self, message: Message) -> Topic:
        """What the answer to the open question corrects; an empty topic when it corrects nothing."""
        return self._at(message).wrong

    def doubted(self, message: Message) -> bool:
        """Whether the last message said only that the one before was understood wrongly."""
        return self._at(message).doubted

    def keep(self, turn: Turn, reading: Reading | None, text: str) -> None:
        """Remember what a decided turn spoke of."""
        message, old = turn.message, self._at(turn.message)
        doubted = bool(reading and reading.request and reading.request.slots.get("how"))
        topic = old.topic if doubted else _after(old.topic, turn, reading, text)
        topic = replace(topic, turn=message.id) if turn.steps else topic
        wrong = old.topic if reading and reading.options and reading.corrects else Topic()
        self._kept = {key: kept for key, kept in self._kept.items() if self._lives(kept)}
        self._kept[message.place, message.person] = Kept(topic, self.clock.monotonic(), wrong, doubted)

    def _at(self, message: Message) -> Kept:
        kept = self._kept.get((message.place, message.person))
        return kept if kept and self._lives(kept) else Kept(Topic(), 0.0)

    def _lives(self, kept: Kept) -> bool:
        return self.clock.monotonic() - kept.at <= TOPIC_SECONDS


def _after(old: Topic, turn: Turn, reading: Reading | None, text: str) -> Topic:
    """The topic after a turn; what was no wish and no question leaves it, but it is no more the last thing said."""
    done = _ids(step.call.targets for step in turn.steps if step.ruling in ("run", "later") and not step.back)
    if reading and reading.control:
        acted = bool(done) and reading.control != "stop"
        return replace(old, devices=done, last=(), did=True) if acted else replace(old, did=False)
    if reading and (reading.topic or reading.calls):
        topic = reading.topic or Topic(devices=_ids(call.targets for call in reading.calls))
        return replace(topic, did=bool(done), said=text)
    if reading and reading.request and reading.request.verb == "undo":
        return replace(old, did=False)
    if reading and reading.request and reading.request.verb not in ("did", "why", "redo"):
        return replace(old, verb="", slots={}, did=False, said="")
    return replace(old, did=False, said="") if reading else old


def _ids(targets: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id for some in targets for id in some))
