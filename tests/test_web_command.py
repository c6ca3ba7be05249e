"""`claw run --listen` and `claw web` as a person meets them: processes, a QR code, and sentences."""

import json
import re
import resource
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import process
import pytest

from claw.config import ConfigError, parse

ADDRESS = re.compile(r"http://[\d.]+:\d+/#code=[A-HJ-NP-Z2-9]{8}")


@pytest.fixture(scope="module")
def claw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.Running]:
    with process.running(tmp_path_factory.mktemp("claw")) as one:
        process.until(lambda: one.status()["page"])
        yield one


def pair(address: str, name: str) -> int:
    """What a browser does with an invitation."""
    page, code = address.split("/#code=")
    body = json.dumps({"code": code, "name": name}).encode()
    request = urllib.request.Request(f"{page}/pair", body, {"Origin": page})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return int(answer.status)


def test_it_prints_an_address_a_qr_code_and_the_phones(claw: process.Running) -> None:
    first = process.claw("web", "--data", claw.data)
    assert first.returncode == 0
    assert "▄" in first.stdout
    assert "reached from this machine only" in first.stdout
    found = ADDRESS.search(first.stdout)
    assert found
    assert pair(found[0], "Anna's phone") == 204
    assert re.search(r"\d+ Anna's phone", process.claw("web", "--data", claw.data).stdout)


def test_with_json_it_is_one_object(claw: process.Running) -> None:
    page = json.loads(process.claw("web", "--json", "--data", claw.data).stdout)
    assert set(page) == {"address", "here", "phones"}
    assert ADDRESS.fullmatch(page["address"])


def test_it_signs_one_phone_out_or_all(claw: process.Running) -> None:
    for name in ("one", "two", "three"):
        pair(json.loads(process.claw("web", "--json", "--data", claw.data).stdout)["address"], name)
    phones = json.loads(process.claw("web", "--json", "--data", claw.data).stdout)["phones"]
    two = next(one["id"] for one in phones if one["name"] == "two")
    assert process.claw("web", "--sign-out", str(two), "--data", claw.data).stdout == "signed out: 1\n"
    assert process.claw("web", "--sign-out", str(two), "--data", claw.data).stdout == "signed out: 0\n"
    ended = process.claw("web", "--sign-out", "all", "--json", "--data", claw.data)
    assert json.loads(ended.stdout) == {"signed_out": len(phones) - 1}


def test_without_a_page_it_says_so(tmp_path: Path) -> None:
    with process.running(tmp_path, process.CONFIG + "enabled = false\n") as one:
        ended = process.claw("web", "--data", one.data)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith("claw: there is no page now")


def listening(folder: Path, *, journal: bool) -> str:
    """What `claw run --listen` writes to stderr until its page is up."""
    config, data = folder / "config.toml", folder / "data"
    config.write_text(process.CONFIG, "utf-8")
    env = {"PATH": "/usr/bin:/bin"} | ({"JOURNAL_STREAM": "8:1"} if journal else {})
    command = [*process.CLAW, "run", "--listen", "127.7.8.9", "--config", str(config), "--data", str(data)]
    with (folder / "log").open("w+", encoding="utf-8") as log:
        running = subprocess.Popen(command, stderr=log, env=env)
        try:
            process.until(lambda: "the page is at" in (folder / "log").read_text("utf-8"))
            process.until(lambda: journal or ADDRESS.search((folder / "log").read_text("utf-8")))
        finally:
            running.terminate()
            running.wait(10)
    return (folder / "log").read_text("utf-8")


def test_listen_puts_it_on_that_address_and_prints_the_way_in(tmp_path: Path) -> None:
    said = listening(tmp_path, journal=False)
    found = ADDRESS.search(said)
    assert found
    assert found[0].startswith("http://127.7.8.9:")
    assert "▄" in said
    assert re.search(r"the page is at http://127\.0\.0\.1:\d+ and http://127\.7\.8\.9:\d+", said)


def test_a_journal_is_told_no_code(tmp_path: Path) -> None:
    assert "code=" not in listening(tmp_path, journal=True)


@pytest.mark.parametrize("words", [["run", "--listen", "my-pc"], ["web", "--sign-out", "everybody"]])
def test_wrong_words_end_with_2(words: list[str]) -> None:
    ended = process.claw(*words)
    assert ended.returncode == 2
    assert "invalid" in ended.stderr


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('listen = "my-pc"', 'web.listen: "my-pc" is no address'),
        ("port = 65536", "web.port: must be from 0"),
        ('hosts = ["http://claw.lan"]', 'web.hosts: "http://claw.lan" is no bare name'),
    ],
)
def test_a_config_of_the_page_that_cannot_be_is_refused(table: str, words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        parse(f"[web]\n{table}\n")


def test_it_may_open_as_many_files_as_the_machine_lets_it(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, hard - 1), hard))
    try:
        with process.running(tmp_path) as one:
            assert resource.prlimit(one.process.pid, resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
