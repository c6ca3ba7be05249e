"""Wakes when the next routine is due. APScheduler is only the alarm clock: nothing lives in it that a restart would lose."""

import asyncio

from claw.routines.routines import Routines


class Ticker:
    """Runs beside the agent."""

    def __init__(self, routines: Routines) -> None:
        self.routines = routines

    async def run(self) -> None:
        """Fire what is due, until cancelled."""
        await asyncio.Event().wait()

    def look(self) -> None:
        """Look now: a routine was made or changed, or the clock jumped."""
