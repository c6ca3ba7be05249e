"""The tools that a model sees: one per group of capabilities, however many brands and devices there are."""

import json
from collections.abc import Mapping
from typing import Any

TARGETS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
TEXT: dict[str, Any] = {"type": "string"}
# tool -> what the model reads of it, and the commands of capabilities.py that it gives
ACTING: dict[str, tuple[str, tuple[str, ...]]] = {
    "switch": ("Anything on or off; fan speed %", ("turn_on", "turn_off", "set_speed")),
    "light": ("value: %, CSS colour, K", ("set_brightness", "set_color", "set_color_temperature")),
    "climate": ("value: °C; off, heat, cool, heat_cool, dry, fan_only", ("set_target", "set_mode")),
    "cover": ("Shades; value: % open", ("open", "close", "stop", "set_position", "set_tilt")),
    "media": (
        "Speakers, TVs; value: %, title, source",
        ("play", "pause", "stop_playing", "next_track", "previous_track", "play_media", "set_volume", "mute", "unmute",
         "select_source"),
    ),
    "door": ("Doors, alarm; value of arm: home, away, night",
             ("lock", "unlock", "open_door", "close_door", "arm", "disarm")),
    "machine": ("Vacuums, valves", ("start", "pause_cleaning", "return_home", "open_valve", "close_valve")),
    "list": ("value: item", ("add_item", "tick_item", "remove_item")),
}  # fmt: skip
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "do": ("Any command that find showed", {"targets": TARGETS, "command": TEXT, "args": {"type": "object"}}),
    "look": ("State now", {"targets": TARGETS}),
    "find": ("Devices by words; their commands", {"words": TEXT}),
    "see": ("A camera's picture", {"camera": TEXT}),
    "remember": ("Keep a fact", {"fact": TEXT}),
    "recall": ("Search what was remembered", {"words": TEXT}),
    "plan": ("Several English wishes, approved once. when: a routine: every weekday at 7, when I say movie",
             {"do": TARGETS, "when": TEXT}),
    "ask": ("Ask the person", {"question": TEXT}),
}  # fmt: skip


def _schema(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties)}


def _acting(name: str) -> dict[str, Any]:
    said, commands = ACTING[name]
    properties = {"targets": TARGETS, "action": {"enum": list(commands)}, "value": {}}
    if not any(command.startswith(VALUED) for command in commands):
        del properties["value"]
    return {"name": name, "description": said, "input_schema": _schema(properties) | {"required": ["targets", "action"]}}


VALUED = ("set_", "play_media", "select_", "arm", "add_", "tick_", "remove_")  # commands with an argument
TOOLS: list[dict[str, Any]] = [
    *(_acting(name) for name in ACTING),
    *({"name": name, "description": said, "input_schema": _schema(properties)}
      for name, (said, properties) in OTHERS.items()),
]  # fmt: skip
GROUP_OF = {command: name for name, (_, commands) in reversed(ACTING.items()) for command in commands}


def size() -> int:
    """Bytes of the tool list as it goes over the wire."""
    return len(json.dumps(TOOLS, ensure_ascii=False, separators=(",", ":")).encode())
