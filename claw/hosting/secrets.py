"""Keys of skills and doors: a file each, 0600 in a 0700 folder. Never in the database, a log or a prompt.

Whatever goes out passes `redact`: texts of skills and devices where they come in, the ledger, the outbox and the pages of memory
where they are written, the log where it is printed.
"""

import contextlib
import json
import logging
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from claw.files import replace

HIDDEN = "(secret)"
SHORTEST, SHORTEST_MIXED = 8, 6  # characters of a secret: of letters only, a word that may mean something else; and of others
SECRET_FIELD = re.compile(r"(?:key|secret|token|password|pass|psk|pin|code|LTSK)$", re.IGNORECASE)  # of JSON, as of HomeKit
LONGEST_SECRET = 64 << 10  # bytes of a file
_known: tuple[str, ...] = ()  # the longest first; of the whole process, since its log is one, too


def redact(text: str) -> str:
    """The text without the exact value of any secret that this process has read or written."""
    for value in _known:
        if value in text:
            text = text.replace(value, HIDDEN)
    return text


def redacted(value: Any) -> Any:
    """The same for what a device reports: text, also inside lists and dicts; anything else stays as it is."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [redacted(one) for one in value]
    return {key: redacted(one) for key, one in value.items()} if isinstance(value, dict) else value


def learn(secret: str) -> None:
    """From now on take this secret out of what goes out, also where it is quoted for JSON or a URL."""
    global _known
    found = {spelt for value in _values(secret) for spelt in (value, json.dumps(value)[1:-1], quote(value, safe=""))}
    _known = tuple(sorted({*_known, *found}, key=len, reverse=True))


def _values(secret: str) -> Iterator[str]:
    """What of a secret must not be seen: all of it; of JSON the fields that say so; nothing of a certificate."""
    try:
        data = json.loads(secret)
    except ValueError:
        data = None
    if isinstance(data, dict):
        found = {str(value) for name, value in data.items() if SECRET_FIELD.search(name)}
    elif "BEGIN CERTIFICATE" in secret:
        found = set()
    else:
        found = {secret.strip(), *(line.strip() for line in secret.split("\n") if "-----" not in line)}
    yield from (text for text in found if len(text) >= (SHORTEST if text.isalpha() else SHORTEST_MIXED))


class Redacting(logging.Formatter):
    """A log without secrets, also in tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class SecretsError(RuntimeError):
    """The folder of secrets cannot be trusted; the text says what to do."""


def open_folder(folder: Path) -> Path:
    """Make the folder, or check that it is ours alone; SecretsError otherwise."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = folder.stat()
    if info.st_uid != os.getuid() or stat.S_IMODE(info.st_mode) & 0o077:
        raise SecretsError(f"{folder} can be read by others: chmod 700 {folder} (and chown it to the user who runs claw)")
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # what we cannot read we cannot tell either
            if path.is_file() and path.stat().st_size <= LONGEST_SECRET:
                learn(path.read_text("utf-8", "replace"))
    return folder


class FileSecrets:
    """The secrets of one skill, as files in a folder of its own."""

    def __init__(self, folder: Path, skill: str) -> None:
        self.folder = folder / skill

    def _path(self, name: str) -> Path:
        return self.folder / re.sub(r"[^\w.-]", lambda char: f"%{ord(char[0]):02x}", name)

    def get(self, name: str) -> str | None:
        """The secret, or None; a file that others can read counts as missing."""
        path = self._path(name)
        if not path.is_file() or stat.S_IMODE(path.stat().st_mode) & 0o077:
            return None
        secret = path.read_text("utf-8")
        learn(secret)
        return secret

    def set(self, name: str, value: str) -> None:
        """Keep a secret; written beside and renamed, so that a crash leaves the old or the new one."""
        learn(value)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(self._path(name), value.encode())

    def delete(self, name: str) -> None:
        """Forget a secret."""
        self._path(name).unlink(missing_ok=True)
