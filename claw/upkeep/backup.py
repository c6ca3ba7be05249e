"""`claw backup` and `claw restore`: everything of a house in one file, checked before anything is put back."""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
import zlib
from contextlib import closing, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any

from claw import __version__

DATABASES, TRAINED = ("house.db", "history.db"), "learnt.npz"
FOLDERS = ("pages", "skills", "routines", "secrets")
CONFIG, MANIFEST = "config.toml", "manifest.json"
LARGEST, LARGEST_MANIFEST = 4 << 30, 64 << 20  # bytes that a backup may unpack to


class BackupError(RuntimeError):
    """It was not done; the text says why and what to do. Nothing was changed."""


def backup(data: Path, to: Path, *, secrets: bool = True, config: Path | None = None) -> dict[str, Any]:
    """Write a copy of the whole data folder, and of the config file, to `to` (0600), also while claw runs; returns its manifest.

    A restore puts the config file into the data folder. Without `secrets` every device has to be paired anew after it.
    BackupError when there is nothing to save, or `to` is there.
    """
    if not (data / "house.db").exists():
        raise BackupError(f"there is no house in {data}: name its folder with --data")
    if to.exists():
        raise BackupError(f"{to} is there already: give another name")
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=".claw-backup-") as scratch:
        copies, fresh = Path(scratch) / "copies", Path(scratch) / "whole"
        _copy_files(data, copies, secrets=secrets, config=config)
        files = {path.relative_to(copies).as_posix(): path for path in sorted(copies.rglob("*")) if path.is_file()}
        manifest = {"claw": __version__, "made": int(time.time()), "files": {name: _sum(path) for name, path in files.items()}}
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w:gz") as tar:
                _add(tar, MANIFEST, json.dumps(manifest, indent=1).encode())
                for name, path in files.items():
                    tar.add(path, name, recursive=False, filter=_plain)
            raw.flush()
            os.fsync(raw.fileno())
        fresh.rename(to)
    return manifest


def _copy_files(data: Path, copies: Path, *, secrets: bool, config: Path | None) -> None:
    """Copy all that is saved: claw may be running and write on, so only the copies can be summed."""
    copies.mkdir()
    for name in DATABASES:
        if (data / name).exists():
            _copy_database(data / name, copies / name)
    if (data / TRAINED).is_file():
        _copy(data / TRAINED, copies / TRAINED)
    for folder in FOLDERS if secrets else FOLDERS[:-1]:
        for path in sorted((data / folder).rglob("*")):
            if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
                _copy(path, copies / path.relative_to(data))
    if config:
        _copy(config, copies / CONFIG)


def _copy(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):  # it was deleted meanwhile
        shutil.copyfile(path, to)


def _copy_database(path: Path, to: Path) -> None:
    """A copy as of one moment, though the daemon writes (SQLite's online backup)."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source, closing(sqlite3.connect(to)) as copy:
        source.backup(copy)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    tar.addfile(member, io.BytesIO(content))


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def restore(file: Path, data: Path) -> Path | None:
    """Put a backup in the place of a data folder; returns where the old one is kept, if there was one.

    BackupError when the file is damaged, not ours, or of a newer claw; Busy when a claw runs on the folder.
    """
    from claw.daemon import locked

    fresh = Path(tempfile.mkdtemp(dir=_parent(data), prefix=f".{data.name}-restore-"))
    try:
        manifest = _unpack(file, fresh)
        _check(fresh, manifest)
        old = None
        if data.exists() and any(data.iterdir()):
            with locked(data):
                old = data.with_name(f"{data.name}.before-{time.strftime('%Y%m%d-%H%M%S')}")
                data.rename(old)
        elif data.exists():
            data.rmdir()
        fresh.rename(data)
        return old
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _parent(data: Path) -> Path:
    data.parent.mkdir(parents=True, exist_ok=True)
    return data.parent


def _unpack(file: Path, to: Path) -> dict[str, Any]:
    """Unpack what the manifest names, and nothing else; returns the manifest."""
    try:
        with tarfile.open(file, "r:gz") as tar:
            first = tar.next()
            if first is None or first.name != MANIFEST or first.size > LARGEST_MANIFEST:
                raise BackupError(f"{file} is no backup of claw")
            manifest: dict[str, Any] = json.loads(_content(tar, first).read())
            left = LARGEST
            while member := tar.next():
                left -= member.size
                if not member.isreg() or member.name not in manifest["files"] or not _ours(member.name) or left < 0:
                    raise BackupError(f"{file} holds {member.name!r:.80}, which no backup of claw does")
                _write(_content(tar, member), to, member.name)
    except FileNotFoundError:
        raise BackupError(f"{file} is not there") from None
    except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{file} cannot be unpacked ({error}): it is damaged or no backup, or the disk is full") from None
    return manifest


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(member)
    if stream is None:
        raise ValueError(f"{member.name} is no file")
    return stream


def _write(content: IO[bytes], folder: Path, name: str) -> None:
    """One file of the backup, on the disk when this returns."""
    path = folder / name
    for inner in reversed(path.parents[: len(PurePosixPath(name).parents) - 1]):
        inner.mkdir(mode=0o700, exist_ok=True)  # `parents=True` would leave their mode to the umask
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(content, file)
        file.flush()
        os.fsync(file.fileno())


def _ours(name: str) -> bool:
    path = PurePosixPath(name)
    inside = len(path.parts) > 1 and path.parts[0] in FOLDERS and ".." not in path.parts
    return name in (*DATABASES, TRAINED, CONFIG) or inside


def _check(fresh: Path, manifest: dict[str, Any]) -> None:
    """Every file is there and whole, and the databases can be opened by this claw."""
    from claw.store import Store, StoreError, history

    for name, digest in manifest["files"].items():
        if not (fresh / name).is_file() or _sum(fresh / name) != digest:
            raise BackupError(f"the backup is damaged: {name} is not what was saved; use another backup")
    if "house.db" not in manifest["files"]:
        raise BackupError("the backup holds no house.db; use another backup")
    try:
        Store(fresh / "house.db").close()
        if (fresh / "history.db").exists():
            history(fresh / "history.db").close()
    except StoreError as error:
        raise BackupError(str(error)) from None
