"""What the owner is told unasked: a leak, a door left open at night, a device that has been silent for a day."""

import asyncio
from collections.abc import Callable

from claw.clock import Clock
from claw.events import Events
from claw.house import House

Tell = Callable[..., None]  # Agent.tell


class Watches:
    """Listens to the house; nothing is polled but the time."""

    def __init__(self, house: House, events: Events, clock: Clock, tell: Tell) -> None:
        self.house, self.events, self.clock, self.tell = house, events, clock, tell

    async def run(self) -> None:
        """Watch until cancelled."""
        await asyncio.Event().wait()
