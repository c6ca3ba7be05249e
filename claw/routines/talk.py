"""What people say about routines: make, list, pause, resume, delete; and what a routine that is due does."""

from claw.clock import Clock
from claw.reflex.reading import Context, Request
from claw.routines.routines import Routines
from claw.turns.deciding import Deciding
from claw.turns.turn import Turn


class RoutineTalk:
    """A Subject (turns/turn.py)."""

    def __init__(self, routines: Routines, deciding: Deciding, clock: Clock) -> None:
        self.routines, self.deciding, self.clock = routines, deciding, clock

    def take(self, turn: Turn, request: Request, context: Context) -> None:
        """make, list, pause, resume, delete, left (of a timer), and fire."""
        turn.reply = "I cannot do things later or on a condition yet, so I did nothing."

    def grant(self, turn: Turn, request: Request) -> None:
        """A person said yes to a routine."""
