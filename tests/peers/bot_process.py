"""What the two bots of test_bot_api.py share: a process that imports its library once, and forks a bot for each test."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any


def tell(**said: Any) -> None:
    """One line of JSON for the test."""
    print(json.dumps(said), flush=True)


def fork_bots(main: Callable[[str, str], Awaitable[None]]) -> None:
    """For each [base, token, folder] on stdin start a bot with its stdout and stderr in the folder, and print its process id."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in iter(sys.stdin.readline, ""):
        base, token, folder = json.loads(line)
        if child := os.fork():
            print(child, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT, 0o600), number)
        asyncio.run(main(base, token))  # type: ignore[arg-type]
        return
