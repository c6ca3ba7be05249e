"""A backup holds the whole house and is put back only when every byte of it is right."""

import io
import itertools
import json
import os
import shutil
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import process
import pytest

from claw.hosting.secrets import FileSecrets
from claw.store import Store, history
from claw.upkeep.backup import BackupError, backup, restore

FILES = {
    "pages/study.md": "# Study\n\n- The spare key is in the drawer. (owner, 2026-11-23)\n",
    "skills/lamp.py": '"""A lamp."""\n',
    "routines/shades.md": "# Open the shades\n",
}


def house(folder: Path) -> Path:
    """A data folder with something of everything in it."""
    folder.mkdir(mode=0o700)
    for store in (Store(folder / "house.db"), history(folder / "history.db")):
        store.close()
    with closing(sqlite3.connect(folder / "house.db", isolation_level=None)) as conn:
        conn.execute("INSERT INTO areas VALUES ('Study', '', '', '[]')")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(mode=0o700, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    FileSecrets(folder / "secrets", "hue").set("key", "s3cret")
    return folder


def areas(data: Path) -> list[str]:
    store = Store(data / "house.db")
    try:
        return [row["name"] for row in store.all("SELECT name FROM areas")]
    finally:
        store.close()


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    data, file = house(tmp_path / "data"), tmp_path / "saved.tar.gz"
    backup(data, file)
    shutil.rmtree(data)
    assert restore(file, data) is None
    assert areas(data) == ["Study"]
    assert {name: (data / name).read_text("utf-8") for name in FILES} == FILES
    assert FileSecrets(data / "secrets", "hue").get("key") == "s3cret"
    assert {stat.S_IMODE(path.stat().st_mode) for path in data.rglob("*")} <= {0o600, 0o700}
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_a_backup_is_closed_to_others_and_replaces_nothing(tmp_path: Path) -> None:
    data, file = house(tmp_path / "data"), tmp_path / "saved.tar.gz"
    backup(data, file)
    before = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(BackupError, match="is there already"):
        backup(data, file)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] != []
    assert not list(tmp_path.glob(".claw-backup-*"))


def test_without_secrets_no_key_is_in_it(tmp_path: Path) -> None:
    data, file = house(tmp_path / "data"), tmp_path / "saved.tar.gz"
    backup(data, file, secrets=False)
    with tarfile.open(file) as tar:
        assert not [name for name in tar.getnames() if name.startswith("secrets")]


def test_the_folder_that_was_there_is_kept_beside_the_restored_one(tmp_path: Path) -> None:
    data, file = house(tmp_path / "data"), tmp_path / "saved.tar.gz"
    backup(data, file)
    (data / "pages" / "study.md").write_text("changed since", "utf-8")
    old = restore(file, data)
    assert old is not None
    assert (old / "pages" / "study.md").read_text("utf-8") == "changed since"
    assert (data / "pages" / "study.md").read_text("utf-8") == FILES["pages/study.md"]


def damaged(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-200])


def no_archive(file: Path) -> None:
    file.write_bytes(b"not a backup at all")


def rewritten(change: Callable[[dict[str, bytes]], None]) -> Callable[[Path], None]:
    """A backup whose members somebody changed."""

    def write(file: Path) -> None:
        with tarfile.open(file) as tar:
            members = {one.name: tar.extractfile(one).read() for one in tar if one.isreg()}  # type: ignore[union-attr]
        change(members)
        with tarfile.open(file, "w:gz") as tar:
            for name, content in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))

    return write


def escape(members: dict[str, bytes]) -> None:
    members["../outside"] = b"gotcha"
    manifest = json.loads(members["manifest.json"])
    members["manifest.json"] = json.dumps({**manifest, "files": {**manifest["files"], "../outside": "0"}}).encode()


def folder_as_file(members: dict[str, bytes]) -> None:
    members["skills"] = b"no folder"
    manifest = json.loads(members["manifest.json"])
    members["manifest.json"] = json.dumps({**manifest, "files": {**manifest["files"], "skills": "0"}}).encode()


def file_as_folder(members: dict[str, bytes]) -> None:
    members["pages/study.md/more.md"] = b"below a file"
    manifest = json.loads(members["manifest.json"])
    manifest["files"]["pages/study.md/more.md"] = "0"
    members["manifest.json"] = json.dumps(manifest).encode()


def other_words(members: dict[str, bytes]) -> None:
    members["pages/study.md"] = b"something else"


def one_missing(members: dict[str, bytes]) -> None:
    del members["pages/study.md"]


def newer(members: dict[str, bytes]) -> None:
    """A database that a later claw wrote; its sum is right."""
    import hashlib
    import tempfile

    with tempfile.NamedTemporaryFile() as temporary:
        Path(temporary.name).write_bytes(members["house.db"])
        with sqlite3.connect(temporary.name) as conn:
            conn.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('house', 'from_2031', '')")
        conn.close()
        members["house.db"] = Path(temporary.name).read_bytes()
    manifest = json.loads(members["manifest.json"])
    manifest["files"]["house.db"] = hashlib.sha256(members["house.db"]).hexdigest()
    members["manifest.json"] = json.dumps(manifest).encode()


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (damaged, "it is damaged"),
        (no_archive, "no backup"),
        (Path.unlink, "is not there"),
        (rewritten(escape), "which no backup of claw does"),
        (rewritten(folder_as_file), "which no backup of claw does"),
        (rewritten(file_as_folder), "cannot be unpacked"),
        (rewritten(other_words), "is not what was saved"),
        (rewritten(one_missing), "is not what was saved"),
        (rewritten(newer), "written by a newer claw"),
    ],
    ids=["cut", "other file", "missing", "path outside", "folder as file", "file as folder", "changed", "lacking", "newer"],
)
def test_what_is_not_right_is_not_put_back(harm: Callable[[Path], None], says: str, tmp_path: Path) -> None:
    data, file = house(tmp_path / "data"), tmp_path / "saved.tar.gz"
    backup(data, file)
    harm(file)
    with pytest.raises(BackupError, match=says):
        restore(file, data)
    assert areas(data) == ["Study"]
    assert {path.name for path in tmp_path.iterdir()} <= {"data", "saved.tar.gz"}


def test_a_house_that_runs_is_saved_as_of_one_moment_and_not_replaced(tmp_path: Path) -> None:
    with process.running(tmp_path) as running:
        saved = process.claw("backup", tmp_path / "saved.tar.gz", "--data", running.data)
        assert "keep it like the key of the house" in saved.stdout
        put_back = process.claw("restore", tmp_path / "saved.tar.gz", "--data", running.data)
        assert put_back.returncode == 1
        assert "another claw runs on" in put_back.stderr
        assert running.status()["ready"]
        elsewhere = process.claw("restore", tmp_path / "saved.tar.gz", "--data", tmp_path / "elsewhere", "--json")
        assert json.loads(elsewhere.stdout) == {"data": str(tmp_path / "elsewhere"), "kept": None, "skills": []}
    assert (tmp_path / "elsewhere" / "house.db").exists()


def test_files_that_change_meanwhile_do_not_spoil_the_backup(tmp_path: Path) -> None:
    data, ended = house(tmp_path / "data"), threading.Event()

    def write_on() -> None:
        for number in itertools.count():
            fresh = data / "routines" / "new"
            fresh.write_text(f"# run {number}\n" * 1000, "utf-8")
            fresh.replace(data / "routines" / "shades.md")
            if ended.is_set():
                return

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        for number in range(5):
            backup(data, tmp_path / f"saved{number}.tar.gz")
            restore(tmp_path / f"saved{number}.tar.gz", tmp_path / f"data{number}")
    finally:
        ended.set()
        writer.join()


def test_a_link_in_the_data_folder_is_not_followed(tmp_path: Path) -> None:
    data, file = house(tmp_path / "data"), tmp_path / "saved.tar.gz"
    (tmp_path / "private").write_text("of somebody else", "utf-8")
    os.symlink(tmp_path / "private", data / "pages" / "link.md")
    backup(data, file)
    with tarfile.open(file) as tar:
        assert "pages/link.md" not in tar.getnames()


def test_the_config_file_goes_along(tmp_path: Path) -> None:
    data, file, config = house(tmp_path / "data"), tmp_path / "saved.tar.gz", tmp_path / "mine.toml"
    config.write_text("[run]\nlog = 'debug'\n", "utf-8")
    backup(data, file, config=config)
    restore(file, tmp_path / "new")
    assert (tmp_path / "new" / "config.toml").read_text("utf-8") == config.read_text("utf-8")
