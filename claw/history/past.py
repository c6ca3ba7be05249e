"""Past turns: what was begun, how it was before, what came of it, and what caused it. Read from inbox and ledger."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from claw.call import ToolCall
from claw.messages.inbox import CUT, HERE, Inbox, Message, here
from claw.messages.ledger import ENDS, Ledger
from claw.reflex.reading import Request
from claw.turns.acting import Outcome

TAKEN = ("done", "unknown")  # outcomes of what did happen, or may have
SEEN, SEARCHED = 200, 20_000  # how many turns of a chat are looked through, among how many messages of all chats
LEAVING_NOTHING = frozenset({"stop"})  # ends a movement; where it ended is no state that anybody wanted
FOR_GOOD = frozenset({"next_track", "previous_track", "snapshot", *LEAVING_NOTHING})
WITHDRAWN = {("memory", verb) for verb in ("remember", "call", "place")} | {
    ("routines", verb) for verb in ("make", "change", "pause", "resume", "delete")
}
LASTING = WITHDRAWN | {("memory", "forget"), ("memory", "uncall"), ("memory", "restore")}


@dataclass(frozen=True)
class Deed:
    """One call of a turn. `before`: the state of each device before the turn; `outcomes`: empty while it is under way."""

    call: ToolCall
    at: float  # when it was about to be made, and when its end was known
    ended: float
    before: Mapping[str, Mapping[str, Any]]
    outcomes: Mapping[str, Outcome]

    def happened(self, id: str) -> bool:
        """Whether this device did it, or may have."""
        return id in self.outcomes and self.outcomes[id].outcome in TAKEN


class Past:
    """Reads; writes nothing."""

    def __init__(self, ledger: Ledger, inbox: Inbox, named: Callable[[str], str] = str) -> None:
        """`named`: what the person with this id is called."""
        self.ledger, self.inbox, self.store, self.named = ledger, inbox, inbox.store, named

    def message(self, id: int) -> Message | None:
        """The message that began a turn; None when it is not known."""
        try:
            return self.inbox.get(id)
        except KeyError:
            return None

    def deeds(self, turn: int) -> list[Deed]:
        """What a turn began to do, in order."""
        found: dict[int, Deed] = {}
        for row in self.store.all("SELECT * FROM ledger WHERE turn = ? ORDER BY id", turn):
            detail, begun = json.loads(row["detail"]), found.get(row["call"])
            if row["event"] == "intended":
                call = ToolCall(row["command"], tuple(json.loads(row["targets"])), json.loads(row["args"]))
                found[row["call"]] = Deed(call, row["at"], row["at"], detail.get("before", {}), {})
            elif begun and row["event"] in ENDS:
                outcomes = {id: Outcome(**one) for id, one in detail.get("devices", {}).items()}
                found[row["call"]] = Deed(begun.call, begun.at, row["at"], begun.before, outcomes)
        return list(found.values())

    def between(self, since: float, until: float, devices: Collection[str] | None = None) -> list[tuple[float, int]]:
        """When, and which turns, did something in this span (seconds since 1970), with one of these devices or with any."""
        fits = " OR ".join(["instr(targets, ?)"] * len(devices or ())) or "1"
        rows = self.store.all(
            "SELECT min(at) AS begun, turn FROM ledger WHERE event = 'intended' AND at >= ? AND at < ? "
            f"AND ({fits}) GROUP BY turn",
            since, until, *(json.dumps(id) for id in devices or ()),
        )  # fmt: skip
        return [(float(row["begun"]), int(row["turn"])) for row in rows]

    def reminders(self, since: float, until: float) -> list[tuple[float, int]]:
        """The routines of this span that did nothing with a device: what they said is all they did."""
        rows = self.store.all(
            "SELECT at, id FROM inbox WHERE kind = 'routine' AND status = 'done' AND at >= ? AND at < ? "
            "AND NOT EXISTS (SELECT 1 FROM ledger WHERE turn = inbox.id)", since, until,
        )  # fmt: skip
        return [(float(row["at"]), int(row["id"])) for row in rows]

    def last_word(self, message: Message) -> Message | None:
        """What this person wrote or touched before this message, wherever."""
        own = "person = ? AND id < ? AND kind IN ('message', 'touch', 'answer', 'request') ORDER BY id DESC LIMIT 1"
        return next(self.inbox.select(own, message.person, message.id), None)

    def last_of(self, device: str, until: float) -> Iterator[int]:
        """The turns that did something with this device up to then, newest first."""
        rows = self.store.all(
            "SELECT turn FROM ledger WHERE event = 'intended' AND at <= ? AND instr(targets, ?) ORDER BY id DESC LIMIT 50",
            until, json.dumps(device),
        )  # fmt: skip
        yield from dict.fromkeys(int(row["turn"]) for row in rows)

    def here(self, message: Message) -> Iterator[Message]:
        """The ended turns of this chat, and the touches of this person, that left something; newest first."""
        return self.inbox.select(
            "id > (SELECT max(id) - ? FROM inbox) AND status = 'done' AND plan IS NOT NULL AND id != ? "
            f"AND substr(key, 1, 6) != 'lease:' AND ({HERE} OR (kind = 'touch' AND person = ?)) ORDER BY id DESC LIMIT ?",
            SEARCHED, message.id, *here(message.place), message.person, SEEN,
        )  # fmt: skip

    def before(self, message: Message) -> Message | None:
        """The turn of this chat that ended before this one."""
        ended = "chat = ? AND id < ? AND status = 'done' ORDER BY id DESC LIMIT 1"
        return next(self.inbox.select(ended, message.chat, message.id), None)

    def undone(self, message: Message) -> bool:
        """Whether this turn was taken back: by one of which anything was done, and that is no undo that was taken back itself."""
        id = (message.record or {}).get("undone")
        by = self.message(id) if id else None
        if by is None or ((by.plan or {}).get("undoes") and self.undone(by)):
            return False
        calls = (by.record or {}).get("calls", ())
        return not calls or any(call["outcome"] in TAKEN for call in calls)

    def request(self, message: Message) -> Request | None:
        """What the turn wanted of the claw itself, if that lasts."""
        data = (message.plan or {}).get("request") or (json.loads(message.text) if message.kind == "request" else None)
        if not data or message.plan is None or (message.record or {}).get("asked"):
            return None
        wish = Request.of(data)
        return wish if (wish.about, wish.verb) in LASTING else None

    def reversible(self, message: Message) -> bool:
        """Whether something of an ended turn could be taken back; cheap, for lists of turns."""
        record = message.record
        if not record or (not record["calls"] and message.plan is None) or self.undone(message):
            return False
        changed = record.get("changed", {})
        wish = self.request(message)
        return (wish is not None and (wish.about, wish.verb) in WITHDRAWN) or any(
            call["command"] not in FOR_GOOD and (call["outcome"] in TAKEN or any(id in changed for id in call["targets"]))
            for call in record["calls"]
        )

    def said(self, message: Message) -> str:
        """What was wanted, in the words of its record."""
        return str((message.record or {}).get("say", ""))

    def who(self, message: Message, person: str) -> str:
        """Whoever wrote a message, in words for this person: "you", "Mia"."""
        return "you" if message.person == person else self.named(message.person)

    def cause(self, message: Message, person: str = "owner") -> str:
        """Why a turn was, in words for this person: "you wrote “turn on the lamp”", "the routine “wake up” did it"."""
        who, said = self.who(message, person), self.said(message)
        if message.kind == "routine":
            return f"the routine “{said}” did it"
        if message.kind == "touch":
            return f"{who} touched it on the page"
        if message.kind == "answer":
            return self._answered(message, who, said)
        if message.kind == "request":
            return f"{who} pressed undo on the page" if '"undo"' in message.text else f"{who} asked for it on the page"
        if message.kind == "call":
            return self._planned(message, person)
        asked = self.before(message)
        if (message.record or {}).get("level") == "alias" and asked and (asked.record or {}).get("asked"):
            return f"{who} wrote “{self.said(asked)}” and then “{said}”"
        return f"{who} wrote “{said}”"

    def _answered(self, message: Message, who: str, said: str) -> str:
        row = self.store.one("SELECT text FROM questions WHERE id = ?", json.loads(message.text)["question"])
        asked = str(row["text"]).removesuffix(" Yes or no?") if row else ""
        return f"{who} said {said} to “{asked}”" if asked else f"{who} said {said}"

    def _planned(self, message: Message, person: str) -> str:
        """The cause of what the claw told itself to do: a lease that is over, or a wish that had to wait."""
        if message.key.startswith("lease:"):
            return "it had run for as long as it may"
        wish = next(self.inbox.select("key = ?", message.key.split(CUT, 1)[-1]), None)
        return f"{self.cause(wish, person)}, and it had to wait" if wish else "it had been put off until then"
