"""Wakes when the next routine is due. APScheduler is only the alarm clock: nothing lives in it that a restart would lose."""

import asyncio
import contextlib
import logging
from datetime import UTC, datetime, timedelta

from claw.routines.routines import Routines

logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it tells of every job
LOOK_SECONDS = 60.0  # the longest sleep while something is planned: the clock may have jumped


class Ticker:
    """Runs beside the agent."""

    def __init__(self, routines: Routines) -> None:
        self.routines = routines
        self._wake = asyncio.Event()
        routines.changed = self.look

    async def run(self) -> None:
        """Fire what is due, until cancelled."""
        self.routines.files.check()
        self.routines.files.write()
        watching = asyncio.create_task(self._watch_files())
        try:
            await self._tick()
        finally:
            watching.cancel()

    def look(self) -> None:
        """Look now: a routine was made or changed, or the clock jumped."""
        self._wake.set()

    async def _tick(self) -> None:
        while not self.routines.all():
            await self._woken()
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        alarm = AsyncIOScheduler(timezone=UTC)
        alarm.start()
        try:
            while True:
                seconds = min(LOOK_SECONDS, self.routines.fire_due())
                at = datetime.now(UTC) + timedelta(seconds=seconds)
                alarm.add_job(self._ring, "date", run_date=at, id="look", replace_existing=True, misfire_grace_time=None)
                with contextlib.suppress(TimeoutError):  # the alarm sleeps on when the clock is set back
                    async with asyncio.timeout(seconds + 1):
                        await self._woken()
        finally:
            alarm.shutdown(wait=False)

    async def _woken(self) -> None:
        await self._wake.wait()
        self._wake.clear()

    async def _ring(self) -> None:
        self._wake.set()

    async def _watch_files(self) -> None:
        """What a person saves is taken over at once, what was deleted is written again (inotify: nothing is polled)."""
        if (folder := self.routines.files.folder) is None or not folder.is_dir():
            return
        from asyncinotify import Inotify, Mask

        with Inotify() as inotify:
            inotify.add_watch(folder, Mask.CLOSE_WRITE | Mask.MOVED_TO | Mask.DELETE)
            async for _ in inotify:
                self.routines.files.check()
                self.routines.files.write()
