"""Undo; "what did you do last night?"; "why is the lamp on?": composed from the ledger and from what devices reported."""

from collections.abc import Callable

from claw.history.account import Account
from claw.history.past import Past
from claw.history.recorder import Looking
from claw.history.undo import Undo
from claw.history.why import Why
from claw.messages.inbox import Inbox
from claw.messages.ledger import Ledger
from claw.reflex.reading import Context, Request
from claw.store import Store
from claw.turns.deciding import Deciding
from claw.turns.turn import Turn


class HistoryTalk:
    """A Subject (turns/turn.py)."""

    def __init__(self, ledger: Ledger, inbox: Inbox, history: Store, deciding: Deciding, named: Callable[[str], str]) -> None:
        self.events, past = inbox.events, Past(ledger, inbox, named)
        self.account = Account(past, deciding)
        self.undo = Undo(past, history, self.account, deciding)
        self.why = Why(past, history, self.account, deciding)

    def take(self, turn: Turn, request: Request, context: Context) -> None:
        """undo, redo, did, why."""
        turn.level = "grammar"
        self.events.publish(Looking())
        if request.verb == "did":
            turn.reply = self.account.reply(turn.message, request.slots, context)
        elif request.verb == "why":
            turn.reply = self.why.reply(turn.message, request.slots, context)
        else:
            self.undo.take(turn, request, context)

    def grant(self, turn: Turn, request: Request) -> None:
        """Nothing here is asked about as a whole; single calls are, as calls."""
