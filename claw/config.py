"""config.toml -> frozen dataclasses. Every key has a default; an error names file, line, key and remedy."""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints
from zoneinfo import available_timezones

from pydantic import TypeAdapter, ValidationError


class ConfigError(Exception):
    """The configuration cannot be used; every line of the text is one mistake."""


@dataclass(frozen=True)
class HouseConfig:
    """[house]: time zone (IANA; empty = the machine's), languages of those who write, and where it stands, in degrees."""

    zone: str = ""
    language: str = "en"
    languages: tuple[str, ...] = ()  # that people also write in; empty = German, French, Spanish, Dutch when recognized
    latitude: float | None = None  # for sunrise and sunset; None = the town that the time zone is named after
    longitude: float | None = None


@dataclass(frozen=True)
class NetworkConfig:
    """[network]: where to look for devices. Empty = every interface that is up, but not loopback; and their subnets."""

    interfaces: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()


@dataclass(frozen=True)
class AreaConfig:
    """[[areas]]: a room or a part of the house; `parent` is another area that it lies in."""

    name: str
    floor: str = ""
    parent: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeviceConfig:
    """[[devices]]: the owner's own name, room, sort and other names for the device with this id (`claw devices` shows ids)."""

    id: str
    name: str | None = None
    area: str | None = None
    sort: str | None = None
    aliases: tuple[str, ...] | None = None


@dataclass(frozen=True)
class SceneConfig:
    """[scenes."NAME"]: sentences that are read one after the other when somebody writes the name."""

    say: tuple[str, ...]


@dataclass(frozen=True)
class SafetyConfig:
    """[safety]: `confirm` and `forbid` name commands that ask first, or never happen. Nothing can be lowered."""

    confirm: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()


@dataclass(frozen=True)
class WebConfig:
    """[web]: the page. `listen`: an address of this machine; `hosts`: names that browsers may call it by, beside its addresses.

    approve_over_http: whether a yes counts that comes over plain http from another machine.
    """

    enabled: bool = True
    listen: str = "127.0.0.1"
    port: int = 8765
    hosts: tuple[str, ...] = ()
    approve_over_http: bool = False


@dataclass(frozen=True)
class TelegramConfig:
    """[telegram]: a bot; its token is the file `secrets/telegram` of the data folder. `api`: its server, https or on loopback."""

    enabled: bool = False
    api: str = "https://api.telegram.org"


@dataclass(frozen=True)
class MatrixConfig:
    """[matrix]: an account; what it needs is in the file `secrets/matrix` of the data folder (docs/bridges.md)."""

    enabled: bool = False


@dataclass(frozen=True)
class RunConfig:
    """[run]: data folder (empty = $XDG_DATA_HOME/claw) and how much is logged."""

    data: str = ""
    log: Literal["debug", "info", "warning", "error"] = "info"


SLEEPY = SceneConfig((
    "turn off all the lights", "turn off all the players", "close all the shades", "lock all the locks",
    "set the bedroom to 18 degrees",
))  # fmt: skip


@dataclass(frozen=True)
class Config:
    """The whole file. `skills` is one free table per skill: [skills.sonos] addresses = ["192.168.1.20"], enabled = false."""

    house: HouseConfig = HouseConfig()
    network: NetworkConfig = NetworkConfig()
    run: RunConfig = RunConfig()
    safety: SafetyConfig = SafetyConfig()
    web: WebConfig = WebConfig()
    telegram: TelegramConfig = TelegramConfig()
    matrix: MatrixConfig = MatrixConfig()
    areas: tuple[AreaConfig, ...] = ()
    devices: tuple[DeviceConfig, ...] = ()
    scenes: dict[str, SceneConfig] = field(default_factory=lambda: {"sleepy time": SLEEPY})
    skills: dict[str, dict[str, Any]] = field(default_factory=dict)

    def sentences(self) -> dict[str, list[str]]:
        """What each scene says, by its name."""
        return {name: list(scene.say) for name, scene in self.scenes.items()}


def load(path: Path | None) -> Config:
    """Read a file (None: all defaults); ConfigError when it cannot be read or is wrong."""
    if path is None:
        return Config()
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); give another file with --config") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    return parse(text, str(path))


def parse(text: str, name: str = "config.toml") -> Config:
    """A Config out of TOML text; ConfigError names line, key, what is wrong and what would be right."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", str(error))
        line = (at and at[1]) or len(text.splitlines())
        raise ConfigError(f"{name}:{line}: {str(error)[: at.start() if at else None]}") from None
    except RecursionError:
        raise ConfigError(f"{name}: is nested too deeply") from None
    wrong = [*_unknown(data, Config, ()), *_invalid(data)]
    if not wrong:
        config: Config = TypeAdapter(Config).validate_python(data)
        wrong = list(_contradictions(config))
        if not wrong:
            return config
    lines = sorted((_line(text, path), ".".join(str(part) for part in path), what) for path, what in wrong)
    raise ConfigError("\n".join(f"{name}:{line}: {key}: {what}" for line, key, what in lines))


Mistake = tuple[tuple[str | int, ...], str]


def _unknown(data: dict[str, Any], kind: Any, path: tuple[str | int, ...]) -> list[Mistake]:
    """Keys that the dataclass does not have, with the nearest one that it has."""
    known, hints, found = {f.name for f in fields(kind)}, get_type_hints(kind), list[Mistake]()
    for key, value in data.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(sorted(known))}"
            found.append(((*path, key), f"unknown key; {hint}"))
        elif value_kinds := [one for one in (hints[key], *get_args(hints[key])) if is_dataclass(one)]:
            found += _below(value, value_kinds[0], get_origin(hints[key]), (*path, key))
    return found


def _below(value: Any, kind: Any, origin: Any, path: tuple[str | int, ...]) -> list[Mistake]:
    if origin is tuple and isinstance(value, list):
        return [m for n, one in enumerate(value) if isinstance(one, dict) for m in _unknown(one, kind, (*path, n))]
    if origin is dict and isinstance(value, dict):
        return [m for key, one in value.items() if isinstance(one, dict) for m in _unknown(one, kind, (*path, key))]
    return _unknown(value, kind, path) if isinstance(value, dict) else []


def _invalid(data: dict[str, Any]) -> list[Mistake]:
    """Values of the wrong type or out of range."""
    try:
        TypeAdapter(Config).validate_python(data)
    except ValidationError as error:
        said = [(one["loc"], WANTED.get(one["type"], one["msg"]), one["input"]) for one in error.errors()]
        return [(_place(loc), f"{what}, got {value!r:.60}") for loc, what, value in said]
    return []


TABLE = "must be a table"
WANTED = {
    "string_type": 'must be a text, such as "this"', "tuple_type": 'must be a list, such as ["this"]', "missing": "is missing",
    "bool_type": "must be true or false", "dict_type": TABLE, "dataclass_type": TABLE, "dataclass_exact_type": TABLE,
}  # fmt: skip


def _place(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Where a mistake is; an element of a list of texts stands where the list does."""
    return loc[:-1] if len(loc) > 1 and isinstance(loc[-1], int) and loc[0] not in ("areas", "devices") else loc


def _contradictions(config: Config) -> list[Mistake]:
    """What each value alone cannot show."""
    found: list[Mistake] = []
    if config.house.zone and config.house.zone not in available_timezones():
        near = difflib.get_close_matches(config.house.zone, available_timezones(), 1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        found.append((("house", "zone"), f'there is no time zone "{config.house.zone}"{hint} (such as "Europe/Berlin")'))
    for subnet in config.network.subnets:
        try:
            ip_network(subnet, strict=False)
        except ValueError:
            found.append((("network", "subnets"), f'"{subnet}" is no subnet; write it like "192.168.1.0/24"'))
    for name, own in config.skills.items():
        found += _skill(name, own)
    found += _web(config.web)
    if not re.fullmatch(r"https://[\w.-]+(:\d+)?/?|http://(127(\.\d+){3}|localhost|\[::1\])(:\d+)?/?", config.telegram.api):
        found.append((("telegram", "api"), f'"{config.telegram.api}" must be https, such as "https://api.telegram.org"'))
    found += _parents(config)
    found += _twice("areas", "name", [area.name for area in config.areas])
    found += _twice("devices", "id", [device.id for device in config.devices])
    return found


def _twice(table: str, key: str, values: list[str]) -> Iterator[Mistake]:
    """What names nothing, or what another names, too."""
    folded = [value.casefold() for value in values]
    for number, value in enumerate(folded):
        if not value.strip():
            yield (table, number, key), "must not be empty"
        elif value in folded[:number]:
            yield (table, number, key), f'"{values[number]}" is there twice; keep one'


def _web(web: WebConfig) -> Iterator[Mistake]:
    """Where the page cannot be."""
    try:
        ip_address(web.listen)
    except ValueError:
        yield ("web", "listen"), f'"{web.listen}" is no address; write it like "192.168.1.20"'
    if not 0 <= web.port < 1 << 16:
        yield ("web", "port"), f"must be from 0 (any that is free) to 65535, got {web.port}"
    for host in web.hosts:
        if not re.fullmatch(r"[\w-]+(\.[\w-]+)*", host):
            yield ("web", "hosts"), f'"{host}" is no bare name; write it like "claw.lan"'


def _skill(name: str, table: dict[str, Any]) -> Iterator[Mistake]:
    """What is wrong with the two keys that mean the same for all skills, or looks like one of them."""
    for key in set(table) - {"addresses", "enabled"}:
        if near := difflib.get_close_matches(key, ("addresses", "enabled"), 1):
            yield ("skills", name, key), f'did you mean "{near[0]}"?'
    if not isinstance(table.get("enabled", True), bool):
        yield ("skills", name, "enabled"), f"must be true or false, got {table['enabled']!r:.60}"
    addresses = table.get("addresses", [])
    if not isinstance(addresses, list):
        yield ("skills", name, "addresses"), f'must be a list, such as ["192.168.1.20"], got {addresses!r:.60}'
        return
    for address in addresses:
        try:
            endpoint(address)
        except ValueError as error:
            yield ("skills", name, "addresses"), str(error)


def endpoint(text: Any) -> tuple[str, int]:
    """Host and port (0: none given) of "192.168.1.20", "player.lan:1400" or "[fd00::2]:80"; ValueError for anything else."""
    shape = re.fullmatch(r"(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?", text) if isinstance(text, str) else None
    if shape is None or int(shape[3] or 0) > 65535:
        raise ValueError(f'{text!r:.60} is no address; write it like "192.168.1.20" or "192.168.1.20:1400"')
    return shape[1] or shape[2], int(shape[3] or 0)


def _parents(config: Config) -> list[Mistake]:
    """Areas that lie in an area that is not there, or in themselves."""
    parents = {area.name.casefold(): area.parent.casefold() for area in config.areas}
    found: list[Mistake] = []
    for number, area in enumerate(config.areas):
        path, above = ("areas", number, "parent"), [area.name.casefold()]
        while (parent := parents.get(above[-1], "")) and parent not in above:
            above.append(parent)
        if parent:
            found.append((path, f'"{area.name}" would lie in itself; name an area outside of it'))
        elif area.parent and area.parent.casefold() not in parents:
            near = difflib.get_close_matches(area.parent, [one.name for one in config.areas], 1)
            found.append((path, f'there is no area "{area.parent}"' + (f'; did you mean "{near[0]}"?' if near else "; add it")))
    return found


def _line(text: str, path: tuple[str | int, ...]) -> int:
    """The line on which a key stands (0 when it cannot be told); TOML parsers do not keep it."""
    at, table, counts = (0, 0), tuple[str | int, ...](), dict[tuple[str, ...], int]()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(#.*)?$", line):
            parts = tuple(part.strip("\"' ") for part in re.findall(r'"[^"]*"|\'[^\']*\'|[^.]+', header[2]))
            table = parts
            if header[1] == "[[":
                counts[parts] = counts.get(parts, -1) + 1
                table = (*parts, counts[parts])
            here = table
        elif key := re.match(r"\s*(\"[^\"]*\"|'[^']*'|[\w.-]+)\s*=", line):
            here = (*table, *key[1].strip("\"'").split("."))
        else:
            continue
        shared = next((n for n, (a, b) in enumerate(zip(here, path, strict=False)) if a != b), min(len(here), len(path)))
        if shared == len(here) and shared > at[0]:
            at = (shared, number)
    return at[1]


def data_folder(option: str, config: Config) -> Path:
    """--data, else the config, else systemd's StateDirectory, else $XDG_DATA_HOME/claw."""
    chosen = option or config.run.data or os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(chosen).expanduser() if chosen else Path(base) / "claw"
