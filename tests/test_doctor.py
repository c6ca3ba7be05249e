"""`claw doctor`: what is wrong is named with its remedy, with or without a daemon, and nothing is changed."""

import json
import socket
import sqlite3
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import process
import pytest

from claw.clock import ManualClock
from claw.config import Config, parse
from claw.store import Store, history
from claw.upkeep import doctor
from claw.upkeep.doctor import Finding, examine

CONFIG = parse('[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["127.66.0.0/24"]\n[house]\nzone = "Europe/Berlin"\n')


def house(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    for store in (Store(folder / "house.db"), history(folder / "history.db")):
        store.close()
    (folder / "secrets" / "hue").mkdir(mode=0o700, parents=True)
    (folder / "secrets").chmod(0o700)
    (folder / "secrets" / "hue" / "key").write_text("s3cret", "utf-8")
    (folder / "secrets" / "hue" / "key").chmod(0o600)
    (folder / "skills").mkdir(mode=0o700)
    return folder


def found(data: Path, config: Config = CONFIG) -> dict[str, Finding]:
    return {one.check: one for one in examine(config, data)}


def test_a_house_in_order_has_nothing_bad(tmp_path: Path) -> None:
    findings = found(house(tmp_path / "data"))
    assert [one for one in findings.values() if one.state == "bad"] == []
    assert findings["multicast"].state == "ok"
    assert findings["house.db"].says.endswith("whole")
    assert findings["daemon"].remedy.startswith("claw run")


def test_before_the_first_start_it_says_what_comes(tmp_path: Path) -> None:
    findings = found(tmp_path / "none")
    assert findings["data"].remedy == "the first `claw run` makes it"
    assert not (tmp_path / "none").exists()


def damage_database(data: Path) -> None:
    path = data / "house.db"
    content = bytearray(path.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    path.write_bytes(content)


def open_secret(data: Path) -> None:
    (data / "secrets" / "hue" / "key").chmod(0o644)


def open_data(data: Path) -> None:
    data.chmod(0o755)


def broken_skill(data: Path) -> None:
    (data / "skills" / "lamp.py").write_text("def connect(:\n", "utf-8")


@pytest.mark.parametrize(
    ("harm", "check", "remedy"),
    [
        (damage_database, "house.db", "claw restore"),
        (open_secret, "secrets", "chmod -R go="),
        (open_data, "data", "chmod 700"),
        (broken_skill, "skills", "claw skill check"),
    ],
)
def test_what_is_wrong_has_a_remedy(harm: Any, check: str, remedy: str, tmp_path: Path) -> None:
    data = house(tmp_path / "data")
    harm(data)
    finding = found(data)[check]
    assert finding.state == "bad"
    assert remedy in finding.remedy


def test_a_date_before_this_program_was_written_is_bad() -> None:
    finding = doctor.clock(ManualClock(datetime(1970, 1, 2, tzinfo=UTC).timestamp()))
    assert (finding.state, finding.remedy[:6]) == ("bad", "set it")


def test_an_interface_that_is_not_there_is_named(tmp_path: Path) -> None:
    config = replace(CONFIG, network=replace(CONFIG.network, interfaces=("wlan7",)))
    assert "wlan7 is not there" in found(tmp_path / "none", config)["interfaces"].says


def test_a_port_that_another_program_has_is_found_before_the_start(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = replace(CONFIG, web=replace(CONFIG.web, port=taken.getsockname()[1]))
        page = found(tmp_path / "none", config)["page"]
    assert page.state == "bad"
    assert "another address or port" in page.remedy


def test_beside_a_running_daemon_it_asks_it_and_changes_nothing(tmp_path: Path) -> None:
    with process.running(tmp_path) as running:
        began = time.monotonic()
        ended = process.claw("doctor", "--config", tmp_path / "config.toml", "--data", running.data, "--json")
        seconds = time.monotonic() - began
        rows = {row["check"]: row for row in map(json.loads, ended.stdout.splitlines())}
        assert rows["daemon"]["state"] == "ok", rows
        assert rows["terminal"]["state"] == "ok"
        assert ended.returncode == any(row["state"] == "bad" for row in rows.values())
        assert seconds < 5  # the bar of one second is measured in bench/


def test_the_database_is_looked_at_while_another_writes(tmp_path: Path) -> None:
    data = house(tmp_path / "data")
    writer = sqlite3.connect(data / "house.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        assert found(data)["house.db"].state == "ok"
    finally:
        writer.close()


def test_words_for_people_name_the_remedy_under_the_finding() -> None:
    assert doctor.words(Finding("disk", "warn", "0.5 GB free", "make room")).splitlines() == [
        "? disk       0.5 GB free",
        "             -> make room",
    ]
