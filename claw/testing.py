"""For authors of skills: a home for one skill, and a whole daemon in the test's own process."""

import asyncio
import contextlib
import importlib.util
import logging
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from claw.clock import Clock
from claw.config import parse
from claw.daemon import Daemon
from claw.skill import Home


class DictSecrets:
    """Secrets that are kept in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self.kept.get(name)

    def set(self, name: str, value: str) -> None:
        self.kept[name] = value

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)


class Answers:
    """A person who answers questions from a list and keeps what was asked."""

    def __init__(self, *answers: str | None) -> None:
        self.answers, self.asked = list(answers), list[str]()

    async def __call__(self, question: str) -> str | None:
        self.asked.append(question)
        return self.answers.pop(0) if self.answers else None


def home_for(name: str, folder: Path, *, answers: Sequence[str | None] = (), zeroconf: Any = None, **config: Any) -> Home:
    """A Home as the daemon would hand it to the skill `name`."""
    return Home(
        name=name, secrets=DictSecrets(), config=config, ask=Answers(*answers), log=logging.getLogger(f"skill.{name}"),
        clock=Clock(), folder=folder, zeroconf=zeroconf, listen_address=lambda host: "127.0.0.1",
    )  # fmt: skip


def load_skill(path: Path) -> ModuleType:
    """Import a skill file by its path."""
    name = f"claw_skill_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@contextlib.asynccontextmanager
async def running(data: Path, config: str = "", *, clock: Clock | None = None) -> AsyncIterator[Daemon]:
    """A daemon on a data folder, stopped at the end. `config` must name interfaces and subnets, or it looks at the LAN.

    Its page is on a free port, so that several may run.
    """
    parsed = parse(config)
    daemon = Daemon(replace(parsed, web=replace(parsed.web, port=0)), data, clock=clock)
    task = asyncio.create_task(daemon.run())
    try:
        await asyncio.wait([task, asyncio.create_task(daemon.ready.wait())], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield daemon
    finally:
        daemon.stop()
        await task


async def eventually(condition: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Wait until `condition()` is true; AssertionError when it is not in time."""
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < end, f"not within {seconds:g} s"
        await asyncio.sleep(0.01)


async def say(daemon: Daemon, text: str, *, chat: str = "terminal") -> dict[str, Any]:
    """Write to a running daemon through its terminal bridge, and wait for the record of the turn."""
    message = daemon.terminal.receive(text, f"test:{uuid.uuid4().hex}", chat)
    assert message is not None
    async with asyncio.timeout(30):
        return (await daemon.agent.inbox.answered(message)).record
