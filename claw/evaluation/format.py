"""Reads evaluation files and checks them throughout, as evals/FORMAT.md says; every mistake names its place."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claw.device import DeviceError

PERSONS = ("owner", "adult", "child", "guest")
AREA_KEYS = {"name": str, "floor": str, "parent": str, "aliases": list}
DEVICE_KEYS = dict.fromkeys(["id", "name", "area", "kind", "class", "maker", "model"], str) | {"aliases": list, "state": dict}
CASE_KEYS = {
    "say": str, "area": str, "set": dict, "expect": dict, "any_of": list, "ignore": dict, "approval": str, "reply": list,
    "reply_not": list, "before": list, "after": str, "person": str, "language": str, "category": str,
}  # fmt: skip


class FormatError(Exception):
    """A file does not fit the format; the text says where and why."""


def load(path: Path) -> dict[str, Any]:
    """The file, checked throughout; FormatError names the place and the reason."""
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: {' '.join(str(error).split())}") from None
    try:
        _check_keys(data)
        _check(data)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    return dict(data)


def _check_keys(data: Any, place: str = "file") -> None:
    if isinstance(data, dict):
        for key, value in data.items():
            if not isinstance(key, str):
                hint = " (quote 'on' and 'off')" if isinstance(key, bool) else ""
                raise FormatError(f"{place}: the key {key!r} is no string{hint}")
            _check_keys(value, f"{place}.{key}".removeprefix("file."))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            _check_keys(value, f"{place}[{number}]")


def _table(data: Any, place: str, keys: Mapping[str, type], *needed: str) -> None:
    if not isinstance(data, dict):
        raise FormatError(f"{place}: must be a mapping")
    for key, value in data.items():
        if key not in keys:
            raise FormatError(f"{place}: unknown key {key!r}; known are {', '.join(keys)}")
        if not isinstance(value, keys[key]):
            raise FormatError(f"{place}.{key}: must be a {keys[key].__name__}, not {value!r}")
    for key in needed:
        if key not in data:
            raise FormatError(f"{place}: {key!r} is missing")


def _check(data: Any) -> None:
    _table(data, "file", {"house": dict, "cases": list}, "house", "cases")
    _table(data["house"], "house", {"areas": list, "devices": list}, "devices")
    areas = data["house"].get("areas", [])
    for number, area in enumerate(areas):
        _table(area, f"house.areas[{number}]", AREA_KEYS, "name")
    rooms = {area["name"] for area in areas}
    devices: dict[str, Any] = {}
    for number, device in enumerate(data["house"]["devices"]):
        place = f"house.devices[{number}]"
        _table(device, place, DEVICE_KEYS, "id", "name", "kind", "state")
        if device["id"] in devices:
            raise FormatError(f"{place}.id: {device['id']!r} stands there twice")
        if "area" in device and device["area"] not in rooms:
            raise FormatError(f"{place}.area: there is no area {device['area']!r}")
        devices[device["id"]] = _sample(device, place)
    for number, case in enumerate(data["cases"]):
        _check_case(case, f"cases[{number}]", devices)


def _sample(device: Mapping[str, Any], place: str) -> Any:
    """A device of this kind, to check values with."""
    from claw.evaluation.simulated import PARTS, kind_of

    if device["kind"] not in PARTS:
        raise FormatError(f"{place}.kind: {device['kind']!r} is none of {', '.join(PARTS)}")
    for name in device["state"]:
        if name not in PARTS[device["kind"]]:
            raise FormatError(f"{place}.state: a {device['kind']} has no {name!r}; it has {', '.join(PARTS[device['kind']])}")
    made = kind_of(device["kind"], frozenset(device["state"]))(device["id"], device["name"])
    _fill(made, device["state"], f"{place}.state")
    return made


def _fill(device: Any, state: Mapping[str, Any], place: str) -> None:
    for name, value in state.items():
        if name not in device.listed:
            raise FormatError(f"{place}: {device.id!r} has no {name!r} in its state")
        try:
            device.update(**{name: value})
        except DeviceError as error:
            raise FormatError(f"{place}.{name}: {error}") from None


def _check_case(case: Any, place: str, devices: Mapping[str, Any]) -> None:
    _table(case, place, CASE_KEYS, "say")
    if ("expect" in case) == ("any_of" in case):
        raise FormatError(f"{place}: needs either 'expect' or 'any_of'")
    for key, allowed in (("approval", ("required",)), ("person", PERSONS)):
        if key in case and case[key] not in allowed:
            raise FormatError(f"{place}.{key}: {case[key]!r} is none of {', '.join(allowed)}")
    if "after" in case and not re.fullmatch(r"(\d+(\.\d+)?\s*[smhd]\s*)+", case["after"]):
        raise FormatError(f"{place}.after: {case['after']!r} is no time like 30s, 10m or 2h")
    if case.get("any_of") == []:
        raise FormatError(f"{place}.any_of: is empty")
    for key in ("reply", "reply_not", "before"):
        for words in case.get(key, ()):
            several = words if key == "reply" and isinstance(words, list) and words else [words]
            if not all(isinstance(one, str) or (_is_number(one) and key != "before") for one in several):
                raise FormatError(f"{place}.{key}: {words!r} is no text (quote words like 'on', 'off', 'yes' and 'no')")
    for key in ("set", "expect", "ignore"):
        _check_changes(case.get(key, {}), f"{place}.{key}", devices, key)
    for number, changes in enumerate(case.get("any_of", ())):
        _check_changes(changes, f"{place}.any_of[{number}]", devices, "expect")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_changes(changes: Any, place: str, devices: Mapping[str, Any], key: str) -> None:
    if not isinstance(changes, dict):
        raise FormatError(f"{place}: must be a mapping of device ids")
    for id, fields in changes.items():
        if id not in devices:
            raise FormatError(f"{place}: there is no device {id!r}")
        shaped = isinstance(fields, list if key == "ignore" else dict)
        if not shaped:
            raise FormatError(f"{place}.{id}: must be a {'list of fields' if key == 'ignore' else 'mapping of fields'}")
        for name in fields:
            if name not in devices[id].listed:
                raise FormatError(f"{place}: {id!r} has no {name!r} in its state")
        if key != "ignore":
            ranges = _ranges(fields, f"{place}.{id}") if key == "expect" else set()
            _fill(devices[id], {name: value for name, value in fields.items() if name not in ranges}, f"{place}.{id}")


def _ranges(fields: Mapping[str, Any], place: str) -> set[str]:
    """The names of the fields whose expected value is a range [low, high]."""
    names = {name for name, value in fields.items() if isinstance(value, list) and name not in ("items", "done")}
    for name in names:
        value = fields[name]
        if len(value) != 2 or not all(map(_is_number, value)) or value[0] > value[1]:
            raise FormatError(f"{place}.{name}: {value!r} is no range [low, high]")
    return names
