"""The pictures in the data folder's media/: each kept once under its hash, told apart by its first bytes, gone after a while."""

import contextlib
import hashlib
import re
from pathlib import Path

from claw.files import replace

LARGEST = 4_000_000  # bytes of one picture
KEPT_SECONDS, KEPT_BYTES = 30 * 86400.0, 200_000_000  # of all together; the oldest go first
STARTS = {"image/jpeg": rb"\xff\xd8\xff", "image/png": rb"\x89PNG\r\n\x1a\n", "image/webp": rb"(?s)RIFF....WEBP"}
SUFFIXES = {"image/png": ".png", "image/webp": ".webp"}


def kind(data: bytes) -> str:
    """The media type that the first 12 bytes of a picture tell: JPEG, PNG or WebP; empty for anything else."""
    return next((type for type, start in STARTS.items() if re.match(start, data)), "")


def keep(folder: Path, data: bytes, name: str = "") -> Path:
    """The file of these bytes, the same for the same bytes unless it is given a name; OSError when it cannot be written."""
    path = folder / (name or hashlib.sha256(data).hexdigest()[:32] + SUFFIXES.get(kind(data), ".jpg"))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace(path, data)
    tidy(folder)
    return path


def kept(folder: Path | None, data: bytes) -> Path | None:
    """The same for a picture of a reply; None when there is no folder or no room for it."""
    if folder is not None and len(data) <= LARGEST:
        with contextlib.suppress(OSError):
            return keep(folder, data)
    return None


def tidy(folder: Path, now: float = 0.0) -> None:
    """Remove the oldest files beyond what is kept, but never the newest; and all that `now` (seconds since 1970) are too old."""
    total = 0
    with contextlib.suppress(OSError):  # what cannot be removed stays
        found = [(path.stat(), path) for path in folder.iterdir()]
        for number, (facts, path) in enumerate(sorted(found, key=lambda one: -one[0].st_mtime)):
            total += facts.st_size
            if now - facts.st_mtime > KEPT_SECONDS or (number and total > KEPT_BYTES):
                path.unlink()
