"""A real `claw run` in a process of its own, and the other commands beside it."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from claw.console.client import Client, Down

CONFIG = '[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["127.66.0.0/24"]\n[web]\nport = 0\n'
CLAW = [sys.executable, "-m", "claw.cli"]


def until(condition: Callable[[], Any], *, seconds: float = 10.0) -> Any:
    """Poll until the condition is true and return it; AssertionError when it is not in time."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {seconds:g} s"
        time.sleep(0.01)
    return value


def claw(*args: str | Path, input: str = "") -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run([*CLAW, *map(str, args)], input=input, capture_output=True, text=True, timeout=30, check=False)


class Running:
    """`claw run` on a data folder; stdout and stderr are kept apart."""

    def __init__(self, folder: Path, config: str = CONFIG) -> None:
        self.folder, self.data = folder, folder / "data"
        (folder / "config.toml").write_text(config, "utf-8")
        (self.data / "skills").mkdir(mode=0o700, parents=True, exist_ok=True)
        self.client = Client(self.data, seconds=20)
        with (folder / "out").open("ab") as out, (folder / "log").open("ab") as log:
            command = [*CLAW, "run", "--config", str(folder / "config.toml"), "--data", str(self.data)]
            self.process = subprocess.Popen(command, stdout=out, stderr=log)

    def ready(self) -> "Running":
        """Wait until it answers."""
        until(self.status)
        return self

    def status(self) -> dict[str, Any]:
        """Its status, empty while it does not answer."""
        assert self.process.poll() is None, (self.folder / "log").read_text("utf-8")
        with contextlib.suppress(Down):
            return dict(self.client.one("status", "status"))
        return {}

    def devices(self) -> dict[str, dict[str, Any]]:
        """Its devices by id."""
        return {line["device"]["id"]: line["device"] for line in self.client.request("devices")}

    def say(self, text: str) -> str:
        """Say something; the reply."""
        return str(self.client.one("say", "record", text=text)["reply"])

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=10)


@contextlib.contextmanager
def running(folder: Path, config: str = CONFIG) -> Iterator[Running]:
    """A `claw run` that answers; killed at the end if it still lives."""
    one = Running(folder, config)
    try:
        yield one.ready()
    finally:
        one.end(signal.SIGKILL)
