"""A trial of a skill without its device: a whole claw on loopback with this one skill, and a server in the device's place."""

import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from claw.daemon import Daemon
from claw.testing import eventually, running, say

PORT = 8123  # of `serve`
CONFIG = '[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["127.0.0.1/32"]\n[skills.{name}]\naddresses = ["127.0.0.1:{port}"]\n'


@contextlib.asynccontextmanager
async def serving(app: web.Application, port: int = 0, *, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Answer with `app` on an address of loopback; yields the port (a free one, if none is given)."""
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def trial(skill: Path, app: web.Application, *, seconds: float = 10.0) -> AsyncIterator[Daemon]:
    """A claw in which this skill has found the device that `app` answers for; AssertionError with the reason if it did not."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        (data / "skills").mkdir(mode=0o700, parents=True)
        shutil.copyfile(skill, data / "skills" / skill.name)
        data.chmod(0o700)
        async with serving(app) as port, running(data, CONFIG.format(name=skill.stem, port=port)) as daemon:
            with contextlib.suppress(AssertionError):
                await eventually(lambda: daemon.house.devices or _problem(daemon, skill.stem), seconds=seconds)
            assert daemon.house.devices, f"{skill.name} gave no device: {_problem(daemon, skill.stem) or 'it has no static()'}"
            yield daemon


def _problem(daemon: Daemon, name: str) -> str:
    """Why there is no device; empty while it may still come."""
    if (file := daemon.connections.files.get(name)) is None:
        return ""
    return file.problem or next((one.problem for one in daemon.connections.open.values() if one.file is file), "")


async def tell(daemon: Daemon, sentence: str) -> str:
    """Write a sentence as a person does, and yes if the claw wants to know; prints both sides and returns the last reply."""
    record = await say(daemon, sentence)
    print(f"> {sentence}\n{record['reply']}")
    return await tell(daemon, "yes") if record["asked"] == "approval" else str(record["reply"])


def main(module: Mapping[str, Any], app: web.Application) -> None:
    """Run the tests of this module; or with the word `serve` be the device until Ctrl-C, for a claw that runs."""
    if sys.argv[1:] == ["serve"]:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(app, module["SKILL"].stem))
        return
    tests: dict[str, Callable[[], None]] = {name: one for name, one in module.items() if name.startswith("test_")}
    for name, test in tests.items():
        test()
        print(f"well: {name[5:].replace('_', ' ')}")


async def _serve(app: web.Application, name: str) -> None:
    async with serving(app, PORT) as port:
        print(f"The virtual {name} answers at 127.0.0.1:{port} until Ctrl-C. In the config of your claw:\n\n[skills.{name}]")
        print(f'addresses = ["127.0.0.1:{port}"]', flush=True)
        await asyncio.Event().wait()
