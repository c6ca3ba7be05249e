"""config.toml -> frozen dataclasses. Every key has a default; an error names file, line, key and remedy."""

import difflib
import math
import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit
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
class RoleConfig:
    """[roles.adult], [roles.child], [roles.guest]: commands that always ask first or never happen when such a person wants them.

    areas: rooms that one of them may use who has no limits of their own; empty = all. The owner has no such limits.
    """

    confirm: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()


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
class SignalConfig:
    """[signal]: the number of a signal-cli daemon, empty for none; `url`: where it is, https or on loopback (docs/bridges.md)."""

    account: str = ""
    url: str = "http://127.0.0.1:8080"


@dataclass(frozen=True)
class WhatsAppConfig:
    """[whatsapp]: a linked device, by `claw pair whatsapp`. strangers: whether they are shown a code; else they hear nothing."""

    enabled: bool = False
    strangers: bool = False


@dataclass(frozen=True)
class NtfyConfig:
    """[ntfy]: notices by an ntfy server; the topic, and perhaps a token, are the file `secrets/ntfy` of the data folder."""

    enabled: bool = False
    url: str = "https://ntfy.sh"  # or http on this machine


@dataclass(frozen=True)
class EmailConfig:
    """[email]: notices by e-mail; the password of `user` (empty: `sender`) is the file `secrets/email` of the data folder."""

    enabled: bool = False
    host: str = ""
    port: int = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"  # none, which also means no password: only for a host on this machine
    sender: str = ""
    user: str = ""


@dataclass(frozen=True)
class VoiceConfig:
    """[voice]: `model`: the folder of a Whisper model for faster-whisper; empty = the small English one of claw-house[voice]."""

    model: str = ""


@dataclass(frozen=True)
class PushConfig:
    """[push]: notices of the page on phones. `contact`: whom a push service may write to, a mailto: or https: address.

    services: push services of your own, such as "https://push.lan:8443"; all others must be https at a public address.
    """

    enabled: bool = False
    contact: str = "mailto:claw@example.org"
    services: tuple[str, ...] = ()


@dataclass(frozen=True)
class MindConfig:
    """[mind]: names of [models.NAME] in the order in which they are tried; empty = no language model. Limits: 0 = none.

    Tokens count whole, also those read from a cache; `daily_money` is in the currency of the prices; a day is the house's own.
    """

    models: tuple[str, ...] = ()
    daily_tokens: int = 1_000_000
    daily_money: float = 1.0
    person_tokens: int = 300_000  # a day and person
    aliases: bool = False  # names of people and rooms are replaced before they leave the house


@dataclass(frozen=True)
class ModelConfig:
    """[models.NAME]: a language model behind a server. `api`: the wire that it speaks. Prices are per million tokens."""

    api: Literal["messages", "completions"] = "messages"
    model: str = ""
    strong: str = ""  # a stronger model of the same server; empty = there is none
    base_url: str = ""  # empty = Anthropic's
    key: str = ""  # name of a file in secrets/ of the data folder; empty = the server wants none
    max_output: int = 4096  # tokens of a step at most
    images: bool = False
    price_in: float = 0.0
    price_out: float = 0.0
    price_read: float = 0.0  # from the server's cache
    price_written: float = 0.0


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
    roles: dict[Literal["adult", "child", "guest"], RoleConfig] = field(default_factory=dict)
    web: WebConfig = WebConfig()
    telegram: TelegramConfig = TelegramConfig()
    matrix: MatrixConfig = MatrixConfig()
    whatsapp: WhatsAppConfig = WhatsAppConfig()
    signal: SignalConfig = SignalConfig()
    ntfy: NtfyConfig = NtfyConfig()
    email: EmailConfig = EmailConfig()
    push: PushConfig = PushConfig()
    voice: VoiceConfig = VoiceConfig()
    mind: MindConfig = MindConfig()
    models: dict[str, ModelConfig] = field(default_factory=dict)
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


HOST, HERE = r"[\w.-]+", r"http://(127(\.\d+){3}|localhost|\[::1\])(:\d+)?/?"
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
    if not re.fullmatch(rf"https://{HOST}(:\d+)?/?|{HERE}", config.telegram.api):
        found.append((("telegram", "api"), f'"{config.telegram.api}" must be https, such as "https://api.telegram.org"'))
    if not re.fullmatch(rf"https://{HOST}(:\d+)?/?|{HERE}", config.signal.url):
        found.append((("signal", "url"), f'"{config.signal.url}" must be https, or on this machine: "http://127.0.0.1:8080"'))
    if not re.fullmatch(r"(\+[1-9]\d{5,14})?", config.signal.account):
        found.append((("signal", "account"), f'"{config.signal.account}" is no number; write it like "+4915112345678"'))
    if not re.fullmatch(rf"https://{HOST}(:\d+)?/?|{HERE}", config.ntfy.url):
        found.append((("ntfy", "url"), f'"{config.ntfy.url}" must be https, such as "https://ntfy.sh"'))
    found += _email(config.email)
    found += _push(config.push)
    found += _mind(config)
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


def _email(email: EmailConfig) -> Iterator[Mistake]:
    """What an e-mail cannot go out with."""
    if email.enabled and not re.fullmatch(HOST, email.host):
        yield ("email", "host"), f'"{email.host}" is no mail server; write it like "smtp.example.org"'
    if email.enabled and not re.fullmatch(rf"[\w.+-]+@{HOST}", email.sender):
        yield ("email", "sender"), f'"{email.sender}" is no e-mail address; write it like "claw@example.org"'
    if email.tls == "none" and not re.fullmatch(r"127(\.\d+){3}|localhost", email.host):
        yield ("email", "tls"), '"none" is only for a mail server on this machine; write "starttls", or "tls" for port 465'


def _push(push: PushConfig) -> Iterator[Mistake]:
    """What no push service takes, and what is no origin."""
    if not re.fullmatch(rf"mailto:[\w.+-]+@{HOST}|https://{HOST}\S*", push.contact):
        yield ("push", "contact"), f'"{push.contact}" must be like "mailto:you@example.org"'
    for service in push.services:
        if not re.fullmatch(rf"https://{HOST}(:\d+)?|{HERE}", service) or service.endswith("/"):
            yield ("push", "services"), f'"{service}" must be https without a path, such as "https://push.lan:8443"'


def _mind(config: Config) -> Iterator[Mistake]:
    """Models that are not there, and what no model can be."""
    for name in config.mind.models:
        if name not in config.models:
            near = difflib.get_close_matches(name, config.models, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"add [models.{name}]"
            yield ("mind", "models"), f'there is no model "{name}"; {hint}'
    yield from ((("mind", key), what) for key, what in _negative(config.mind))
    for name, model in config.models.items():
        yield from ((("models", name, key), what) for key, what in _model(model))


def _model(model: ModelConfig) -> Iterator[tuple[str, str]]:
    """Key and mistake."""
    if not model.model.strip():
        yield "model", 'must name a model, such as "claude-haiku-5-5"'
    if not re.fullmatch(r"[\w.-]{0,32}", model.key):
        yield "key", "must be the name of a file in secrets/ of the data folder, not the key itself"
    if wrong := unsafe(model.base_url):
        yield "base_url", wrong
    elif model.api == "completions" and not model.base_url:
        yield "base_url", 'is missing; write it like "http://192.168.1.20:8080"'
    if model.max_output < 1:
        yield "max_output", f"must be 1 or more, got {model.max_output}"
    yield from _negative(model)


def _negative(table: MindConfig | ModelConfig) -> Iterator[tuple[str, str]]:
    for key, value in vars(table).items():
        if isinstance(value, int | float) and key != "max_output" and not 0 <= value < math.inf:
            yield key, f"must be 0 or more, got {value}"


def unsafe(url: str) -> str:
    """Why the talk of the house may not go to this base_url, for people; "" where it may: https, or http within the house."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or parts.scheme not in ("http", "https"):
        return 'is no address of a server; write it like "http://192.168.1.20:11434" or "https://models.example.org"'
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        return "must hold no name, password or question mark; a key belongs into a file in secrets/ (see `key`)"
    if parts.scheme == "https" or host == "localhost":
        return ""
    try:
        return "" if ip_address(host).is_private else f"must be https: {host} is not in this house"
    except ValueError:
        return f'must be https, or http with an address of this house, such as "http://192.168.1.20:11434" instead of "{host}"'


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
