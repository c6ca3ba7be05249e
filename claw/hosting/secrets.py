"""Keys of skills and doors: a file each, 0600 in a 0700 folder. Never in the database, a log or a prompt."""

import os
import re
import stat
from pathlib import Path

from claw.files import replace


class SecretsError(RuntimeError):
    """The folder of secrets cannot be trusted; the text says what to do."""


def open_folder(folder: Path) -> Path:
    """Make the folder, or check that it is ours alone; SecretsError otherwise."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = folder.stat()
    if info.st_uid != os.getuid() or stat.S_IMODE(info.st_mode) & 0o077:
        raise SecretsError(f"{folder} can be read by others: chmod 700 {folder} (and chown it to the user who runs claw)")
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
        return path.read_text("utf-8")

    def set(self, name: str, value: str) -> None:
        """Keep a secret; written beside and renamed, so that a crash leaves the old or the new one."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(self._path(name), value.encode())

    def delete(self, name: str) -> None:
        """Forget a secret."""
        self._path(name).unlink(missing_ok=True)
