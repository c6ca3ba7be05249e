"""The other end of the daemon's socket, for the command line: requests as JSON lines, blocking."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Down(Exception):
    """No daemon listens; the text says how to start one."""


class Client:
    """A fresh connection per request."""

    def __init__(self, data: Path, *, seconds: float | None = None) -> None:
        self.path, self.seconds = data / "claw.sock", seconds

    def request(self, op: str, **fields: Any) -> Iterator[dict[str, Any]]:
        """The answer's lines; Down when there is no daemon, RuntimeError with its own words when it says no."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(self.seconds)
            try:
                sock.connect(str(self.path))
                sock.sendall(json.dumps({"op": op, **fields}).encode() + b"\n")
                with sock.makefile("rb") as lines:
                    for line in lines:
                        answer = json.loads(line)
                        if "error" in answer:
                            raise RuntimeError(answer["error"])
                        if "end" in answer:
                            return
                        yield answer
            except PermissionError:
                raise Down(f"the claw on {self.path.parent} belongs to another user: run this as that user") from None
            except (FileNotFoundError, NotADirectoryError, ConnectionError, TimeoutError):
                raise Down(
                    f"no claw is running on {self.path.parent} (start it with `claw run`, or name its folder with --data)"
                ) from None
        raise Down("the claw stopped while it was answering")

    def one(self, op: str, key: str, **fields: Any) -> Any:
        """The value of `key` in the first line that has it."""
        return next(line[key] for line in self.request(op, **fields) if key in line)
