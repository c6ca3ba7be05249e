"""Undo; "what did you do last night?"; "why is the lamp on?": composed from the ledger and from what devices reported."""

from claw.clock import Clock
from claw.house import House
from claw.messages.inbox import Inbox
from claw.messages.ledger import Ledger
from claw.reflex.reading import Context, Request
from claw.store import Store
from claw.turns.deciding import Deciding
from claw.turns.turn import Turn


class HistoryTalk:
    """A Subject (turns/turn.py)."""

    def __init__(self, ledger: Ledger, inbox: Inbox, history: Store, deciding: Deciding, house: House, clock: Clock) -> None:
        self.ledger, self.inbox, self.history, self.deciding = ledger, inbox, history, deciding
        self.house, self.clock = house, clock

    def take(self, turn: Turn, request: Request, context: Context) -> None:
        """undo, did, why."""
        turn.reply = "I cannot tell yet."

    def grant(self, turn: Turn, request: Request) -> None:
        """Nothing here is asked about."""
