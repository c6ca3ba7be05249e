"""What the claw did in a span of time: a line for each turn, with its time and its cause, newest last."""

from collections.abc import Collection, Mapping
from typing import Any

from claw.call import ToolCall
from claw.history.past import Deed, Past
from claw.messages.inbox import Message
from claw.moments import at_words
from claw.names import Selection
from claw.reflex.reading import Context
from claw.roles import OWN, sight
from claw.turns.deciding import Deciding
from claw.turns.replies import capital, listed, spoken, the, wanted, within

LINES = 8
PAST = {"set": "set", "put": "put", "make": "made", "go": "went", "send": "sent", "take": "took"}
PAST |= {"stop": "stopped", "skip": "skipped"}


class Account:
    """Composed from the ledger and the inbox; the words of deeds are those of the replies."""

    def __init__(self, past: Past, deciding: Deciding) -> None:
        self.past, self.deciding, self.house, self.clock = past, deciding, deciding.house, deciding.clock

    def reply(self, message: Message, slots: Mapping[str, Any], context: Context) -> str:
        """The account that `did` asks for."""
        if slots.get("last"):
            return self.last(message)
        since, until, apart = float(slots.get("since", 0)), float(slots.get("until", self.clock.time())), 0
        if slots.get("away"):
            word = self.past.last_word(message)
            since, apart = (word.at, word.id) if word else (since, apart)
        ids, nothing = None, f"I did nothing {slots['span']}." if slots.get("span") else "I have done nothing yet."
        if thing := str(slots.get("thing", "")):
            found = self.find(thing, context)
            if not (found.devices or found.ambiguous):
                return self.unknown(found)
            ids = {device.id for device in found.devices or found.ambiguous}
            nothing = f"I did nothing with {the(thing.removeprefix('the '))} {slots.get('span', '')}".strip() + "."
        found_turns = self.past.between(since, until, ids) + ([] if ids else self.past.reminders(since, until))
        turns = [turn for _, turn in sorted(found_turns) if turn not in (message.id, apart)]
        if sight(self.deciding.policy.who(message.person), "ledger") == OWN:
            turns = [turn for turn in turns if (one := self.past.message(turn)) and one.person == message.person]
        return self._told(turns, ids, message.person) or nothing

    def _told(self, turns: list[int], ids: Collection[str] | None, person: str) -> str:
        """At most eight lines, the newest."""
        lines: list[str] = []
        while turns and len(lines) < LINES:
            lines.insert(0, self._line(turns.pop(), ids, person))
            lines = [line for line in lines if line]
        return "\n".join([*lines, *([f"And {len(turns)} more before that; `claw log` has all."] if turns else [])])

    def last(self, message: Message) -> str:
        """The last turn of this chat that did something, and why."""
        for one in self.past.here(message):
            if line := self._line(one.id, None, message.person):
                return line
        return "I have done nothing here yet."

    def find(self, thing: str, context: Context, **narrowed: Any) -> Selection:
        """What is meant, among all that is in the house."""
        return self.deciding.reader.names.find(thing, speaker_area=context.area, **narrowed)

    def unknown(self, found: Selection) -> str:
        """That there is no such thing here."""
        if found.place:
            return f"There is no {spoken(found.unknown)} {within(found.place)}."
        return f"I know no {spoken(found.unknown)} here." + (f" Did you mean {the(found.nearest)}?" if found.nearest else "")

    def _line(self, turn: int, ids: Collection[str] | None, person: str) -> str:
        message = self.past.message(turn)
        deeds = self.deeds(turn, ids)
        reply = str((message.record or {}).get("reply", "")) if message else ""
        if message is None or not (deeds or (message.kind == "routine" and reply)):
            return ""
        what = f"I {deeds}" if deeds else f"I said “{reply}”"
        at = next((deed.at for deed in self.past.deeds(turn)), message.at)
        return capital(f"{self.when(at)} {what}: {self.past.cause(message, person)}.")

    def when(self, at: float) -> str:
        """A moment of the past in words; nobody asks for its second."""
        return at_words(at - at % 60, self.clock.now())

    def deeds(self, turn: int, ids: Collection[str] | None = None) -> str:
        """What a turn did, after "I": "turned on the lamp and could not open the shade (it cannot be reached)"."""
        said = [words for deed in self.past.deeds(turn) for words in self._words(deed, ids)]
        return listed(said) if said else ""

    def _words(self, deed: Deed, ids: Collection[str] | None) -> list[str]:
        """One call in words, the devices with the same outcome together."""
        groups: dict[tuple[str, str], list[str]] = {}
        for id in deed.call.targets:
            if (ids is None or id in ids) and (one := deed.outcomes.get(id)):
                groups.setdefault((one.outcome, "" if one.outcome == "done" else one.detail), []).append(id)
        return [self._phrase(ToolCall(deed.call.command, tuple(same), deed.call.args), *key) for key, same in groups.items()]

    def _phrase(self, call: ToolCall, outcome: str, detail: str) -> str:
        wish = wanted(self.house, call, short=True)
        if outcome == "done":
            return past_tense(wish)
        start = {"unknown": "tried to", "declined": "did not"}.get(outcome, "could not")
        return f"{start} {wish}" + (f" ({detail})" if detail else "")


def past_tense(wish: str) -> str:
    """ "turn on the lamp" -> "turned on the lamp"."""
    verb, _, rest = wish.partition(" ")
    rest = rest.removesuffix(" playing") if verb == "stop" else rest
    return f"{PAST.get(verb) or verb + ('d' if verb.endswith('e') else 'ed')} {rest}".strip()
