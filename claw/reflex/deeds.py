"""The tables of verbs: which command of which capability each means, by which step, and what a room lacks for it."""

from claw.capabilities import (
    Alarm,
    Brightness,
    Climate,
    Color,
    ColorTemperature,
    Door,
    ListItems,
    Lock,
    Player,
    Position,
    Power,
    Source,
    Speed,
    Target,
    Tilt,
    Vacuum,
    Valve,
    Volume,
)
from claw.device import Capability

Deed = tuple[type[Capability], str]

DEEDS: dict[str, tuple[Deed, ...]] = {  # the first capability that a device has decides
    "turn_on": ((Power, "turn_on"), (Climate, "turn_on"), (Vacuum, "start"), (Valve, "open_valve"), (Player, "play")),
    "turn_off": (
        (Power, "turn_off"),
        (Climate, "turn_off"),
        (Vacuum, "return_home"),
        (Valve, "close_valve"),
        (Player, "stop_playing"),
    ),
    "open": ((Position, "open"), (Door, "open_door"), (Valve, "open_valve")),
    "close": ((Position, "close"), (Door, "close_door"), (Valve, "close_valve")),
    "lock": ((Lock, "lock"),),
    "unlock": ((Lock, "unlock"),),
    "start": ((Vacuum, "start"), (Player, "play"), (Power, "turn_on"), (Climate, "turn_on"), (Valve, "open_valve")),
    "clean": ((Vacuum, "start"),),
    "stop_cleaning": ((Vacuum, "pause_cleaning"),),
    "stop_water": ((Valve, "close_valve"),),
    "water": ((Valve, "open_valve"),),
    "stop": (
        (Vacuum, "pause_cleaning"),
        (Player, "stop_playing"),
        (Position, "stop"),
        (Valve, "close_valve"),
        (Climate, "turn_off"),
        (Power, "turn_off"),
    ),
    "return": ((Vacuum, "return_home"),),
    "pause": ((Player, "pause"), (Vacuum, "pause_cleaning")),
    "resume": ((Player, "play"), (Vacuum, "start")),
    "stop_playing": ((Player, "stop_playing"),),
    "next": ((Player, "next_track"),),
    "previous": ((Player, "previous_track"),),
    "mute": ((Volume, "mute"),),
    "unmute": ((Volume, "unmute"),),
    "play": ((Player, "play_media"),),
    "source": ((Source, "select_source"),),
    "brightness": ((Brightness, "set_brightness"),),
    "color": ((Color, "set_color"),),
    "white": ((ColorTemperature, "set_color_temperature"),),
    "target": ((Target, "set_target"),),
    "mode": ((Climate, "set_mode"),),
    "speed": ((Speed, "set_speed"),),
    "tilt": ((Tilt, "set_tilt"),),
    "volume": ((Volume, "set_volume"),),
    "arm": ((Alarm, "arm"),),
    "disarm": ((Alarm, "disarm"),),
    "add_item": ((ListItems, "add_item"),),
    "tick_item": ((ListItems, "tick_item"),),
    "remove_item": ((ListItems, "remove_item"),),
    "set": (
        (Brightness, "set_brightness"),
        (Position, "set_position"),
        (Speed, "set_speed"),
        (Target, "set_target"),
        (Volume, "set_volume"),
    ),
}
# home-assistant-intents says HassTurnOn for opening and locking too; the words of the template have decided which
DEEDS["ha_on"] = (*DEEDS["turn_on"], (Position, "open"), (Door, "open_door"), (Lock, "lock"))
DEEDS["ha_off"] = (*DEEDS["turn_off"], (Position, "close"), (Door, "close_door"), (Lock, "unlock"))

STEPS: dict[str, tuple[tuple[type[Capability], str, str, float, float, float], ...]] = {  # command, field, step, lowest, highest
    "brighter": ((Brightness, "set_brightness", "brightness", 20, 1, 100),),
    "dimmer": ((Brightness, "set_brightness", "brightness", -20, 1, 100),),
    "up": (
        (Brightness, "set_brightness", "brightness", 20, 1, 100),
        (Volume, "set_volume", "volume", 10, 0, 100),
        (Target, "set_target", "target", 1, 5, 100),
    ),
    "down": (
        (Brightness, "set_brightness", "brightness", -20, 1, 100),
        (Volume, "set_volume", "volume", -10, 0, 100),
        (Target, "set_target", "target", -1, 5, 100),
    ),
    "louder": ((Volume, "set_volume", "volume", 10, 0, 100),),
    "quieter": ((Volume, "set_volume", "volume", -10, 0, 100),),
    "warmer": (
        (Target, "set_target", "target", 1, 5, 100),
        (ColorTemperature, "set_color_temperature", "color_temperature", -500, 2000, 6500),
    ),
    "colder": (
        (Target, "set_target", "target", -1, 5, 100),
        (ColorTemperature, "set_color_temperature", "color_temperature", 500, 2000, 6500),
    ),
    "faster": ((Speed, "set_speed", "speed", 25, 0, 100),),
    "slower": ((Speed, "set_speed", "speed", -25, 25, 100),),
}
for _verb, _steps in STEPS.items():
    DEEDS[_verb] = tuple((step[0], step[1]) for step in _steps)

ARGUMENT = {
    "set_brightness": "brightness",
    "set_position": "position",
    "set_speed": "speed",
    "set_target": "target",
    "set_volume": "volume",
    "set_tilt": "tilt",
    "set_color": "color",
    "set_color_temperature": "color_temperature",
    "set_mode": "mode",
    "play_media": "media",
    "select_source": "source",
    "arm": "mode",
    "add_item": "item",
    "tick_item": "item",
    "remove_item": "item",
}
BARE = {  # what is meant when only a room was named
    **dict.fromkeys(
        ("turn_on", "turn_off", "ha_on", "ha_off", "brightness", "brighter", "dimmer", "up", "down", "color", "white"), ("light",)
    ),
    **dict.fromkeys(("warmer", "colder", "target"), ("thermostat", "heater")),
    "open": ("shade", "door"),
    "close": ("shade", "door"),
    "start": ("vacuum",),
}
EVERYTHING = {
    "turn_on": ("light",),
    "turn_off": ("light", "switch", "fan", "player", "heater"),
}  # a thermostat off is frost: by name only
PLAYING = ("pause", "stop_playing", "stop", "next", "previous", "mute", "unmute", "volume", "louder", "quieter", "resume")
PRONOUNS = ("it", "them", "they", "that", "this", "one", "him", "her")
SOUGHT = {
    "ask_temperature": "thermometer",
    "ask_humidity": "humidity sensor",
    "ask_playing": "player",
    "play": "player",
    "lock": "lock",
    "unlock": "lock",
}  # what a room lacks, beside BARE
DARKER = ("dimmer", "down")
UNABLE = {  # what a device that was named is not made for; for the others "cannot do that"
    "color": "cannot show colours",
    "lock": "cannot be locked",
    "unlock": "cannot be unlocked",
    "brightness": "cannot be dimmed",
    "open": "cannot be opened",
    "close": "cannot be closed",
}
INSTEAD = {"open": "unlock", "close": "lock"}  # for a door that has a lock and no motor
NO_MEDIA = {"with", "in", "at", "for", "to", "by", "around", "along", "outside", "nice", "fair", "safe", "dead", "dumb", "it"}
PERCENT = ("set_brightness", "set_position", "set_speed", "set_volume", "set_tilt")
LOWEST, HIGHEST = 5.0, 100.0  # degrees that any room, pool or sauna can be asked for; the policy is narrower
