"""Speech recognition at home, in a process that starts with the first voice note and ends when it is not needed any more."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any, Protocol

from claw.clock import Clock
from claw.supervise import cancel

log = logging.getLogger("claw.speech")
WORKER = Path(__file__).with_name("worker.py")
LIMIT_SECONDS, IDLE_SECONDS = 30.0, 600.0
LARGEST = 8 << 20  # bytes of a recording; two minutes are half a megabyte on most channels
ENVIRONMENT = {"HF_HUB_OFFLINE": "1"}  # nothing is fetched, and nothing of ours is handed on
MISSING = "I cannot listen to voice notes: on my machine `pip install claw-house[voice]` is missing. Please write it."
NO_MODEL = "I cannot listen to voice notes: the model in [voice] of the config cannot be loaded ({why}). Please write it."
ERRORS = {
    "long": "That voice note is longer than I listen to, which is 2 minutes. Please say it in fewer words, or write it.",
    "language": "I understand spoken English only. Please write it.",
    "broken": "I could not play that voice note. Please send it again, or write it.",
    "slow": f"I could not make that voice note out within {LIMIT_SECONDS:g} seconds. Please write it.",
    "silent": "I heard no words in that voice note. Please say it again, or write it.",
    "lost": "I could not fetch that voice note. Please send it again, or write it.",
}


class Unheard(Exception):
    """A recording did not become words; the text says why and what to do, for people."""


class Missing(Unheard):
    """There is no recogniser; the text is for the owner."""


class Hears(Protocol):
    """What listens to recordings."""

    async def heard(self, path: Path, language: str) -> str:
        """The words of a recording, never none; Unheard. `language`: as in the config, such as "en"."""
        ...

    async def close(self) -> None:
        """Let go of what it holds; it can be asked again."""
        ...


class Recogniser:
    """One process, one recording at a time. Whatever a recording does to it, it takes only the process with it."""

    def __init__(self, clock: Clock, *, python: str = sys.executable, model: str = "", seconds: float = LIMIT_SECONDS) -> None:
        """`python`: one that has the packages; `model`: a folder with another Whisper model; `seconds`: for one recording."""
        self.clock, self.python, self.model, self.seconds = clock, python, model, seconds
        self.process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()
        self._idle: asyncio.Task[None] | None = None

    async def heard(self, path: Path, language: str) -> str:
        """The words of a recording, never none; Unheard, or Missing without the packages."""
        async with self._lock:
            await cancel(self._idle)
            answer = await self._answer(path, language)
            self._idle = asyncio.create_task(self._rest(), name="speech: idle")
        if why := answer.get("why"):
            log.warning("a voice note was not recognised: %s", why)
        if answer.get("error") == "missing":
            raise Missing(MISSING)
        if answer.get("error") == "model":
            raise Missing(NO_MODEL.format(why=why))
        if not answer.get("text"):
            raise Unheard(ERRORS[answer.get("error", "silent")])
        return str(answer["text"])

    async def _answer(self, path: Path, language: str) -> dict[str, Any]:
        """What the process says; one that answers nothing in time, or nothing at all, is ended."""
        answer: dict[str, Any] = {"error": "broken", "why": "the process ended"}
        done = False
        try:
            if path.stat().st_size > LARGEST:
                return {"error": "long"}
            async with asyncio.timeout(self.seconds):
                answer = await self._ask(path, language)
            done = answer.get("error") not in ("missing", "model")
        except TimeoutError:
            answer = {"error": "slow"}
        except (OSError, ValueError) as error:  # also a pipe that broke, and an answer that is none
            answer |= {"why": f"{type(error).__name__}: {error}"}
        finally:
            if not done:
                await self._end()
        return answer

    async def _ask(self, path: Path, language: str) -> dict[str, Any]:
        if self.process is None:
            self.process = await asyncio.create_subprocess_exec(
                self.python, "-E", "-P", "-B", str(WORKER), self.model, cwd="/", env=ENVIRONMENT,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # so that whatever it starts ends with it
            )  # fmt: skip
            if (first := await self._line()) != {}:
                return first
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"path": str(path.absolute()), "language": language}).encode() + b"\n")
        await self.process.stdin.drain()
        return await self._line()

    async def _line(self) -> dict[str, Any]:
        assert self.process
        assert self.process.stdout
        answer = json.loads(await self.process.stdout.readline())
        if not isinstance(answer, dict):
            raise ValueError("the answer is no object")
        return answer

    async def _rest(self) -> None:
        """Give the memory back after ten minutes without a voice note."""
        await self.clock.sleep(IDLE_SECONDS)
        async with self._lock:
            await self._end()

    async def _end(self) -> None:
        process, self.process = self.process, None
        if process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.communicate()

    async def close(self) -> None:
        """End the process."""
        await cancel(self._idle)
        await self._end()
