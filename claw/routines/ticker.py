"""Wakes when the next routine is due. APScheduler is only the alarm clock: nothing lives in it that a restart would lose."""

import asyncio
import contextlib
import logging
from datetime import UTC, datetime, timedelta

from claw.routines.routines import Routines
from claw.supervise import cancel

logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it tells of every job
LOOK_SECONDS = 60.0  # the longest sleep: the clock may have jumped


class Ticker:
    """Runs beside the agent."""

    def __init__(self, routines: Routines) -> None:
        self.routines = routines
        self._wake = asyncio.Event()
        routines.changed = self.look

    async def run(self) -> None:
        """Fire what is due, until cancelled; what goes wrong in either part ends both, so that both begin anew."""
        parts = [asyncio.create_task(part) for part in (self._watch_files(), self._tick())]
        try:
            await asyncio.gather(*parts)
        finally:
            await cancel(*parts)

    def look(self) -> None:
        """Look now: a routine was made or changed, or the clock jumped."""
        self._wake.set()

    async def _tick(self) -> None:
        while self.routines.fire_due() and not self.routines.all():  # what is over may come again when the clock is set back
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
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
        files = self.routines.files
        files.write()
        while files.folder is not None and files.folder.is_dir():
            from asyncinotify import Inotify, Mask

            with Inotify() as inotify:
                inotify.add_watch(files.folder, Mask.CLOSE_WRITE | Mask.MOVED_TO | Mask.DELETE)
                files.check()  # after the watch began, so that no change falls between
                async for event in inotify:
                    files.check()
                    files.write()
                    if event.mask & Mask.IGNORED:  # the folder itself was deleted, and there is a new one
                        break
