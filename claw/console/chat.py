"""A chat in the terminal: what is typed goes out exactly once, what the claw says appears when it says it."""

import contextlib
import json
import sys
import threading
import time
import uuid
from typing import Any

from claw.console.client import Client, Down

SIGN_SECONDS = 1.5


class Chat:
    """Reads lines until the end of the input; works through a restart of the daemon."""

    def __init__(self, client: Client, *, as_json: bool = False, patience: float = SIGN_SECONDS) -> None:
        """`patience`: seconds after which somebody at a terminal is shown that the answer takes a while."""
        self.client, self.as_json, self.patience = client, as_json, patience
        self._shown: set[str] = set()
        self._ended = False

    def run(self) -> None:
        """Until Ctrl-D, `quit` or `exit`."""
        threading.Thread(target=self._listen, daemon=True).start()
        while (line := self._line()) is not None:
            if line.strip() in ("quit", "exit", "/quit", "/exit"):
                break
            if line.strip():
                self._say(line.strip())
        self._ended = True

    def _line(self) -> str | None:
        try:
            return input("> " if sys.stdin.isatty() and not self.as_json else "")
        except (EOFError, KeyboardInterrupt):
            print(file=sys.stderr)
            return None

    def _say(self, text: str) -> None:
        """Send with a key of our own, so that trying again after a restart cannot do it twice."""
        key = uuid.uuid4().hex
        sign = threading.Timer(self.patience, lambda: print("…", flush=True))
        sign.daemon = True
        if sys.stdout.isatty() and not self.as_json:
            sign.start()
        try:
            self._send(text, key)
        finally:
            sign.cancel()

    def _send(self, text: str, key: str) -> None:
        for _ in range(30):
            try:
                for line in self.client.request("say", text=text, key=key):
                    self._show(line)
                return
            except RuntimeError as error:
                if "taken before" not in str(error):
                    print(f"! {error}", file=sys.stderr)
                return
            except Down:
                time.sleep(1)
        print("! the claw is down; your message was not taken", file=sys.stderr)

    def _show(self, line: dict[str, Any]) -> None:
        if "record" in line:
            self._shown.add(f"reply:{line['id']}")
            self._print(line["record"], with_picture(line["record"]["reply"], line["picture"]))
        elif "message" in line and line["message"]["key"] not in self._shown:
            self._shown.add(line["message"]["key"])
            self._print(line["message"], with_picture(line["message"]["text"], line["message"].get("picture", "")))

    def _print(self, row: dict[str, Any], words: str) -> None:
        print(json.dumps(row, ensure_ascii=False) if self.as_json else words, flush=True)

    def _interrupt(self, line: dict[str, Any]) -> None:
        """Show what comes unasked above the prompt, and the prompt anew."""
        prompting = sys.stdin.isatty() and not self.as_json and line["message"]["key"] not in self._shown
        print("\r" if prompting else "", end="")
        self._show(line)
        print("> " if prompting else "", end="", flush=True)

    def _listen(self) -> None:
        """Show what comes unasked; replies to what was typed here are shown by the one who typed."""
        while not self._ended:
            with contextlib.suppress(Down, RuntimeError):
                for line in self.client.request("chat"):
                    time.sleep(0.1 if line["message"]["key"].startswith("reply:") else 0)
                    if not self._ended:
                        self._interrupt(line)
            time.sleep(1)


def with_picture(words: str, path: str) -> str:
    """Words for a terminal, which shows no picture but can say where it is."""
    return f"{words}\n(picture: {path})" if path else words
