"""The exact value of a secret stays in its file: a skill or device that echoes it finds it taken out, wherever it went."""

import json
import logging
from pathlib import Path

import process
import pytest

from claw.hosting import secrets
from claw.hosting.secrets import HIDDEN, FileSecrets, Redacting, open_folder, redact

KEY = 'Zk9-"quoted"/hunter2'
PARROT = f"""
from claw.skill import Device, DeviceError, Player, Power, skill, static

class Parrot(Device, Power, Player):
    kind = "player"
    async def refresh(self): self.update(on=self.state["on"])
    async def turn_on(self):
        self.home.log.error("GET /api/%s/on failed", self.key)
        raise DeviceError(f"401 for /api/{{self.key}}/on")
    async def turn_off(self): raise ValueError(f"no such key: {{self.key}}")
    async def play(self): pass
    async def pause(self): self.update(playback="paused", title=f"Song of {{self.key}}")
    async def stop_playing(self): pass
    async def next_track(self): pass
    async def previous_track(self): pass
    async def play_media(self, media): pass

@skill(static())
async def connect(found, home):
    home.secrets.set("key", {KEY!r})
    parrot = Parrot(id="parrot-1", name=f"parrot {{home.secrets.get('key')}}", area="Hall", model=home.secrets.get("key"), found=found)
    parrot.home, parrot.key = home, home.secrets.get("key")
    parrot.update(on=False, playback="playing", title=f"Ballad of {{parrot.key}}")
    yield parrot
"""
CONFIG = process.CONFIG + '[skills.parrot]\naddresses = ["127.66.0.9"]\n'


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test keeps secret is no secret in the next."""
    monkeypatch.setattr(secrets, "_known", ())


def test_a_secret_that_a_skill_echoes_in_a_name_a_state_or_an_error_is_found_nowhere(tmp_path: Path) -> None:
    (tmp_path / "data" / "skills").mkdir(mode=0o700, parents=True)
    (tmp_path / "data" / "skills" / "parrot.py").write_text(PARROT, "utf-8")
    with process.running(tmp_path, CONFIG) as claw:
        seen = [process.until(lambda: claw.devices().get("parrot-1"))]
        replies = [claw.say(text) for text in (
            "turn on the parrot", "turn off the parrot", "pause the parrot", "what is playing?", "what did you do?",
            f"remember that the parrot's key is {KEY}", "what do you remember about the parrot?",
        )]  # fmt: skip
        seen += [claw.status(), list(claw.client.request("discover")), list(claw.client.request("log"))]
        claw.end()
    assert f"401 for /api/{HIDDEN}/on" in replies[0]
    assert HIDDEN in json.dumps(seen[0])
    for said in (*replies, json.dumps(seen)):
        assert "hunter2" not in said
    files = [path for path in tmp_path.rglob("*") if path.is_file() and "secrets" not in path.parts and path.suffix != ".py"]
    assert {"house.db", "history.db", "log"} <= {path.name for path in files}
    assert [path.name for path in files if b"hunter2" in path.read_bytes()] == []
    assert HIDDEN in (tmp_path / "log").read_text("utf-8")
    assert (tmp_path / "data" / "secrets" / "parrot" / "key").read_text("utf-8") == KEY


def test_what_lies_in_the_folder_at_the_start_is_known_and_what_is_kept_later_is_too(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    (folder / "hue").mkdir(mode=0o700, parents=True)
    folder.chmod(0o700)
    (folder / "telegram").write_text("123456:AAtoken\n", "utf-8")
    open_folder(folder)
    assert redact("GET /bot123456:AAtoken/getMe") == f"GET /bot{HIDDEN}/getMe"
    assert redact("GET /bot123456%3AAAtoken/getMe") == f"GET /bot{HIDDEN}/getMe"
    FileSecrets(folder, "hue").set("key", "a-new-one")
    assert redact("a-new-one and a-new-one") == f"{HIDDEN} and {HIDDEN}"


def test_of_a_pairing_the_keys_are_taken_out_and_its_addresses_are_not() -> None:
    secrets.learn(
        json.dumps({"AccessoryPairingID": "AA:BB:CC:DD:EE:FF", "iOSDeviceLTSK": "0badc0de" * 8, "AccessoryIP": "10.0.0.7"})
    )
    assert redact("AA:BB:CC:DD:EE:FF at 10.0.0.7") == "AA:BB:CC:DD:EE:FF at 10.0.0.7"
    assert redact("0badc0de" * 8) == HIDDEN


def test_a_secret_that_begins_another_leaves_nothing_of_it() -> None:
    secrets.learn("abc-123")
    secrets.learn("abc-123-456")
    assert redact("abc-123-456") == HIDDEN


def test_words_and_short_values_are_no_secrets() -> None:
    for value in (
        "yes",
        "1234",
        "lamp",
        "kitchen",
        "-----BEGIN CERTIFICATE-----\nMIIBszCCARygAwIBAgI\n-----END CERTIFICATE-----",
    ):
        secrets.learn(value)
    assert redact("yes, the kitchen lamp 1234 MIIBszCCARygAwIBAgI") == "yes, the kitchen lamp 1234 MIIBszCCARygAwIBAgI"


def test_a_traceback_in_the_log_holds_no_secret() -> None:
    secrets.learn("s3cret-s3cret")
    try:
        raise ValueError("the key s3cret-s3cret was refused")
    except ValueError as error:
        record = logging.LogRecord("claw", 40, "", 0, "%s", ("s3cret-s3cret",), (ValueError, error, error.__traceback__))
    printed = Redacting("%(message)s").format(record)
    assert "s3cret" not in printed
    assert f"ValueError: the key {HIDDEN} was refused" in printed
