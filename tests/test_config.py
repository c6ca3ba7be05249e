"""The config file: every mistake is named with its line, its key and what would be right; the example shows every key."""

import re
import tomllib
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from claw.config import Config, ConfigError, data_folder, endpoint, load, parse, unsafe

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"

MISTAKES = [
    ("a table that is misspelt", '[huose]\nzone = ""', 1, "huose", 'did you mean "house"'),
    ("a key that is misspelt", '# mine\n[house]\nzoen = ""', 3, "house.zoen", 'did you mean "zone"'),
    ("a key that exists nowhere", '[run]\ncolour = "red"', 2, "run.colour", "known here: data, log"),
    ("a key in the wrong place", 'zone = ""', 1, "zone", "known here: areas, devices, email, house"),
    ("a key of a list's table", '[[areas]]\nname = "Hall"\naliasses = []', 3, "areas.0.aliasses", 'did you mean "aliases"'),
    ("a key of a scene", '[scenes.party]\nsay = []\nsya = []', 3, "scenes.party.sya", 'did you mean "say"'),
    ("a number for a text", "[house]\nlanguage = 5", 2, "house.language", "must be a text"),
    ("a text for a list", '[network]\ninterfaces = "eth0"', 2, "network.interfaces", 'must be a list, such as ["this"]'),
    ("a number in a list of texts", "[network]\ninterfaces = [5]", 2, "network.interfaces", "must be a text"),
    ("a number for a table", "house = 5", 1, "house", "must be a table"),
    ("a word that is not one of the few", '[run]\nlog = "loud"', 2, "run.log", "'debug', 'info', 'warning' or 'error'"),
    ("a room without a name", '[[areas]]\nfloor = "1"', 1, "areas.0.name", "is missing"),
    ("a room with an empty name", '[[areas]]\nname = " "', 2, "areas.0.name", "must not be empty"),
    ("the same room twice", '[[areas]]\nname = "Hall"\n\n[[areas]]\nname = "hall"', 5, "areas.1.name", '"hall" is there twice'),
    ("the same device twice", '[[devices]]\nid = "a"\n[[devices]]\nid = "a"', 4, "devices.1.id", "there twice"),
    ("a zone that is misspelt", '[house]\nzone = "Europe/Berln"', 2, "house.zone", 'did you mean "Europe/Berlin"'),
    ("a subnet that is none", '[network]\nsubnets = ["192.168.1.0/33"]', 2, "network.subnets", 'write it like "192.168.1.0/24"'),
    ("an address that is none", '[skills.sonos]\naddresses = ["kitchen player"]', 2, "skills.sonos.addresses", "is no address"),
    ("an address that is no list", '[skills.sonos]\naddresses = "192.168.1.5"', 2, "skills.sonos.addresses", "must be a list"),
    ("a word for a truth value", '[skills.sonos]\nenabled = "no"', 2, "skills.sonos.enabled", "must be true or false"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "key", "words"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_a_mistake_is_named_with_its_line_and_its_cure(text: str, line: int, key: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "house.toml")
    first = str(caught.value).splitlines()[0]
    assert first.startswith(f"house.toml:{line}: {key}: ")
    assert words in first


@pytest.mark.parametrize(
    ("text", "line"),
    [("[house]\nzone =", 2), ('[run]\nlog = "x', 2), ("[house]\n[house]\n", 2), ("a = 1\na = 2\n", 2), ("\0", 1), ("[house", 1)],
)  # fmt: skip
def test_what_is_no_toml_is_named_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ConfigError, match=rf"^house\.toml:{line}: "):
        parse(text, "house.toml")


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    with pytest.raises(ConfigError) as caught:
        parse('[house]\nlanguage = 5\n[nework]\n[run]\nlog = "x"\ndatta = ""')
    assert [line.split(":")[1] for line in str(caught.value).splitlines()] == ["2", "3", "5", "6"]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b'\xef\xbb\xbf[house]\r\nlanguage = "de"\r\n')
    assert load(file).house.language == "de"


def test_a_file_that_cannot_be_read_says_which_and_why(tmp_path: Path) -> None:
    utf16 = tmp_path / "utf16.toml"
    utf16.write_bytes('[house]\nlanguage = "de"'.encode("utf-16"))
    for path, words in ((tmp_path / "none.toml", "cannot be read"), (tmp_path, "cannot be read"), (utf16, "save it as UTF-8")):
        with pytest.raises(ConfigError, match=re.escape(f"{path}: ")) as caught:
            load(path)
        assert words in str(caught.value)


def test_no_file_and_an_empty_file_are_all_defaults() -> None:
    assert load(None) == parse("") == Config()


def test_endpoints_have_a_host_and_perhaps_a_port() -> None:
    assert endpoint("192.168.1.20") == ("192.168.1.20", 0)
    assert endpoint("player.lan:1400") == ("player.lan", 1400)
    assert endpoint("[fd00::2]:80") == ("fd00::2", 80)
    for wrong in ("", "a b", "1.2.3.4:99999", "1.2.3.4:x", "http://1.2.3.4", 5, None, ["1.2.3.4"]):
        with pytest.raises(ValueError, match="is no address"):
            endpoint(wrong)


def _keys(kind: Any, path: str = "") -> set[str]:
    """Every key that the dataclasses have, as table.key."""
    found = set()
    for one in fields(kind):
        hint = get_type_hints(kind)[one.name]
        below = [part for part in (hint, *get_args(hint)) if is_dataclass(part)]
        found |= _keys(below[0], f"{path}{one.name}.") if below else {f"{path}{one.name}"}
    return found


def _shown(data: Any, path: str = "") -> set[str]:
    """Every key of the example."""
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return {key for one in data for key in _shown(one, path)}
    if not isinstance(data, dict):
        return {path.removesuffix(".")}
    return {key for name, one in data.items() for key in _shown(one, f"{path}{name}.")}


def test_the_example_shows_every_key_and_no_other() -> None:
    shown = {
        re.sub(r"\.(sleepy time|claude|local|child)\b", "", key) for key in _shown(tomllib.loads(EXAMPLE.read_text("utf-8")))
    }
    assert {key for key in shown if not key.startswith("skills.")} == _keys(Config) - {"skills"}
    assert load(EXAMPLE).skills["sonos"] == {"enabled": True, "addresses": ["192.168.1.20"]}


def test_the_example_shows_the_defaults() -> None:
    example, default = load(EXAMPLE), Config()
    example = replace(example, house=replace(example.house, latitude=None, longitude=None))  # TOML has no word for "none"
    for table in ("house", "mind", "network", "run", "safety", "web", "scenes"):
        assert getattr(example, table) == getattr(default, table)


def test_the_data_folder_is_the_option_else_the_config_else_that_of_systemd(tmp_path: Path) -> None:
    config = parse(f'[run]\ndata = "{tmp_path / "b"}"')
    assert data_folder(str(tmp_path / "a"), config) == tmp_path / "a"
    assert data_folder("", config) == tmp_path / "b"
    assert data_folder("", Config()).name == "claw"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '[[areas]]\nname = "A"\nparent = "B"\n[[areas]]\nname = "B"\nparent = "A"',
            ':3: areas.0.parent: "A" would lie in itself',
        ),
        (
            '[[areas]]\nname = "Hall"\n[[areas]]\nname = "Desk"\nparent = "Hal"',
            ':5: areas.1.parent: there is no area "Hal"; did you mean "Hall"?',
        ),
        ('[skills.hue]\nadresses = ["10.0.0.1"]', 'did you mean "addresses"?'),
        (
            '[mind]\nmodels = ["cluade"]\n[models.claude]\nmodel = "m"',
            ':2: mind.models: there is no model "cluade"; did you mean "claude"?',
        ),
        ('[mind]\nmodels = ["claude"]', "add [models.claude]"),
        ("[mind]\ndaily_money = -1", ":2: mind.daily_money: must be 0 or more"),
        ("[models.a]\nmodel = 'm'\nprice_in = nan", ":3: models.a.price_in: must be 0 or more"),
        ("[models.a]\nmax_output = 5", ":1: models.a.model: must name a model"),
        ("[models.a]\nmodel = 'm'\nmax_output = 0", ":3: models.a.max_output: must be 1 or more"),
        ("[models.a]\nmodel = 'm'\napi = 'completions'", "models.a.base_url: is missing"),
        (
            "[models.a]\nmodel = 'm'\nbase_url = 'http://8.8.8.8'",
            ":3: models.a.base_url: must be https: 8.8.8.8 is not in this house",
        ),
        (
            "[models.a]\nmodel = 'm'\nbase_url = 'http://127.0.0.1.example.org'",
            "must be https, or http with an address of this house",
        ),
        ("[models.a]\nmodel = 'm'\nbase_url = 'https://me:secret@host'", "must hold no name, password"),
        ("[models.a]\nmodel = 'm'\nbase_url = 'http://[::1'", "is no address of a server"),
        ("[models.a]\nmodel = 'm'\nbase_url = 'file:///etc'", "is no address of a server"),
    ],
)
def test_what_no_single_value_shows_is_a_mistake_too(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        parse(text)
    assert says in str(wrong.value)


def test_a_model_may_be_asked_over_http_within_the_house_only() -> None:
    for url in (
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "http://localhost:1",
        "http://192.168.1.20",
        "http://[fd00::2]:1",
        "https://8.8.8.8",
        "",
    ):
        assert not unsafe(url)
    for url in (
        "http://example.org",
        "http://1.1.1.1:80",
        "http://[2606:4700::1]",
        "ftp://127.0.0.1",
        "http://",
        "127.0.0.1:80",
        "http://127.0.0.1:x",
    ):
        assert unsafe(url)


def test_a_key_in_the_config_is_not_told_again() -> None:
    with pytest.raises(ConfigError, match="not the key itself") as wrong:
        parse("[models.a]\nmodel = 'm'\nkey = 'sk-ant-api03-0123456789012345678901234567890123456789'")
    assert "0123456789" not in str(wrong.value)
