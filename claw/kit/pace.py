"""Pace: for hubs whose radio carries only so many commands a second."""

from claw.clock import Clock


class Pace:
    """Lets `burst` turns through at once, after that one every `seconds`."""

    def __init__(self, clock: Clock, seconds: float, burst: int = 1) -> None:
        self.clock, self.seconds, self.slack = clock, seconds, (burst - 1) * seconds
        self._due = 0.0

    async def turn(self) -> None:
        """Wait for the next free place; turns come in the order of asking."""
        now = self.clock.monotonic()
        due = max(self._due, now - self.slack)
        self._due = due + self.seconds
        if due > now:
            await self.clock.sleep(due - now)
