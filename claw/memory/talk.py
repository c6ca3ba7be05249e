"""What people say to be remembered, and what they ask to be told again."""

from claw.clock import Clock
from claw.house import House
from claw.memory.pages import Memory
from claw.reflex.reading import Context, Request
from claw.turns.turn import Turn


class MemoryTalk:
    """A Subject (turns/turn.py)."""

    def __init__(self, memory: Memory, house: House, clock: Clock) -> None:
        self.memory, self.house, self.clock = memory, house, clock

    def take(self, turn: Turn, request: Request, context: Context) -> None:
        """remember, recall, forget, call (another name), versions, restore."""
        turn.reply = "I cannot remember things yet."

    def grant(self, turn: Turn, request: Request) -> None:
        """Nothing here is asked about."""
