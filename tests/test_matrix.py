"""Matrix without a homeserver: its account, its package, and what it makes of words. The rest: tests/peers/test_matrix.py."""

import re
import sys
from pathlib import Path

import pytest

from claw.bridges.matrix import _parted, account
from claw.config import ConfigError, parse
from claw.console import show
from claw.testing import eventually, running

GOOD = '{"homeserver": "https://matrix.lan:8448", "user": "@claw:lan", "password": "secret words"}'


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "there is no account"),
        ("syt_token", "must be JSON, such as"),
        ('["https://matrix.lan"]', "must be JSON, such as"),
        ('{"homeserver": 1}', "must be JSON, such as"),
        (GOOD.replace("https://matrix.lan", "http://matrix.lan"), '"homeserver" in {file} must be https'),
        (GOOD.replace("https://matrix.lan", "http://127.0.0.1.example.org"), '"homeserver" in {file} must be https'),
        (GOOD.replace("@claw:lan", "claw"), '"user" in {file} must be a whole id'),
        (GOOD.replace("password", "pass"), '"token" or "password" is missing'),
    ],
)
def test_what_is_wrong_with_an_account_is_said_without_what_is_in_it(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=re.escape(what)) as error:
        account(text)
    assert "secret words" not in str(error.value)


def test_an_account_is_read() -> None:
    assert account(GOOD)["user"] == "@claw:lan"
    for here in ("http://127.0.0.1:8008", "http://[::1]:8008", "http://localhost"):
        assert account(GOOD.replace("https://matrix.lan:8448", here))["homeserver"] == here


def test_the_config_has_one_key() -> None:
    assert not parse("").matrix.enabled
    assert parse("[matrix]\nenabled = true").matrix.enabled
    with pytest.raises(ConfigError, match=r'matrix\.enable: unknown key; did you mean "enabled"'):
        parse("[matrix]\nenable = true")


def test_what_an_old_client_quotes_is_told_from_the_reply() -> None:
    assert _parted("> <@ben:lan> open the door\n> now\n\nno, not that") == ("open the door now", "no, not that")
    assert _parted("> 5 degrees is too cold\nwarmer") == ("5 degrees is too cold", "warmer")
    assert _parted("yes") == ("", "yes")


async def test_status_says_which_package_is_missing_and_what_the_file_must_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vodozemac", None)  # importing it fails, as where it is not installed
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "matrix").write_text(GOOD)
    (secrets / "matrix").chmod(0o600)
    config = '[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["127.9.78.0/24"]\n[matrix]\nenabled = true\n'
    async with running(tmp_path, config) as daemon:
        await eventually(lambda: "pip install claw-house[matrix]" in "\n".join(show.status([daemon.status()])))
    (secrets / "matrix").chmod(0o644)
    async with running(tmp_path, config) as daemon:
        await eventually(lambda: "matrix: running there is no account: write {" in "\n".join(show.status([daemon.status()])))
