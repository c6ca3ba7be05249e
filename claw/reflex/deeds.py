"""The tables of verbs: which command of which capability each means, by which step, and what a room lacks for it."""

from claw import capabilities
from claw.device import Capability

Deed = tuple[type[Capability], str]
Step = tuple[type[Capability], str, str, float, float, float]  # command, field, step, lowest, highest

# verb: what it means; the first capability that a device has decides
MEANT = """
turn_on: Power.turn_on Climate.turn_on Vacuum.start Valve.open_valve Player.play
turn_off: Power.turn_off Climate.turn_off Vacuum.return_home Valve.close_valve Player.stop_playing
open: Position.open Door.open_door Valve.open_valve
close: Position.close Door.close_door Valve.close_valve
lock: Lock.lock
unlock: Lock.unlock
start: Vacuum.start Player.play Power.turn_on Climate.turn_on Valve.open_valve
clean: Vacuum.start
stop_cleaning: Vacuum.pause_cleaning
stop_water: Valve.close_valve
water: Valve.open_valve
stop: Vacuum.pause_cleaning Player.stop_playing Position.stop Valve.close_valve Climate.turn_off Power.turn_off
return: Vacuum.return_home
pause: Player.pause Vacuum.pause_cleaning
resume: Player.play Vacuum.start
stop_playing: Player.stop_playing
next: Player.next_track
previous: Player.previous_track
mute: Volume.mute
unmute: Volume.unmute
play: Player.play_media
source: Source.select_source
brightness: Brightness.set_brightness
color: Color.set_color
white: ColorTemperature.set_color_temperature
target: Target.set_target
mode: Climate.set_mode
speed: Speed.set_speed
tilt: Tilt.set_tilt
volume: Volume.set_volume
arm: Alarm.arm
disarm: Alarm.disarm
add_item: ListItems.add_item
tick_item: ListItems.tick_item
remove_item: ListItems.remove_item
set: Brightness.set_brightness Position.set_position Speed.set_speed Target.set_target Volume.set_volume
"""


def _deeds(said: str) -> tuple[Deed, ...]:
    """ "Power.turn_on Valve.open_valve" with the capabilities themselves."""
    return tuple((getattr(capabilities, kind), command) for kind, command in (one.split(".") for one in said.split()))


DEEDS = {verb: _deeds(said) for verb, said in (row.split(": ") for row in MEANT.strip().splitlines())}
# home-assistant-intents says HassTurnOn for opening and locking too; the words of the template have decided which
DEEDS["ha_on"] = (*DEEDS["turn_on"], *_deeds("Position.open Door.open_door Lock.lock"))
DEEDS["ha_off"] = (*DEEDS["turn_off"], *_deeds("Position.close Door.close_door Lock.unlock"))


def _steps(brightness: float = 0, volume: float = 0, target: float = 0, kelvin: float = 0, speed: float = 0,
           position: float = 0) -> tuple[Step, ...]:  # fmt: skip
    steps: tuple[Step, ...] = (
        (capabilities.Brightness, "set_brightness", "brightness", brightness, 1, 100),
        (capabilities.Volume, "set_volume", "volume", volume, 0, 100),
        (capabilities.Target, "set_target", "target", target, 5, 100),
        (capabilities.ColorTemperature, "set_color_temperature", "color_temperature", kelvin, 2000, 6500),
        (capabilities.Speed, "set_speed", "speed", speed, 25 if speed < 0 else 0, 100),
        (capabilities.Position, "set_position", "position", position, 0, 100),
    )
    return tuple(one for one in steps if one[3])


STEPS = {
    "brighter": _steps(brightness=20), "dimmer": _steps(brightness=-20),
    "up": _steps(brightness=20, volume=10, target=1, speed=25, position=100),
    "down": _steps(brightness=-20, volume=-10, target=-1, speed=-25, position=-100),
    "louder": _steps(volume=10), "quieter": _steps(volume=-10),
    "warmer": _steps(target=1, kelvin=-500), "colder": _steps(target=-1, kelvin=500),
    "faster": _steps(speed=25), "slower": _steps(speed=-25),
}  # fmt: skip
DEEDS |= {verb: tuple(step[:2] for step in steps) for verb, steps in STEPS.items()}

# the one argument of each command that has one; that of a set_... is called as the rest of its name
ARGUMENT = {command: command.removeprefix("set_") for said in DEEDS.values() for _, command in said if command.startswith("set_")}
ARGUMENT |= {"play_media": "media", "select_source": "source", "arm": "mode"}
ARGUMENT |= dict.fromkeys(("add_item", "tick_item", "remove_item"), "item")

LIGHTING = ("turn_on", "turn_off", "ha_on", "ha_off", "brightness", "brighter", "dimmer", "up", "down", "color", "white")
BARE: dict[str, tuple[str, ...]] = {  # what is meant when only a room was named
    **dict.fromkeys(LIGHTING, ("light",)), **dict.fromkeys(("warmer", "colder", "target"), ("thermostat", "heater")),
    "open": ("shade", "door"), "close": ("shade", "door"), "start": ("vacuum",),
}  # fmt: skip
# a thermostat off is frost: by name only
EVERYTHING: dict[str, tuple[str, ...]] = {"turn_on": ("light",), "turn_off": ("light", "switch", "fan", "player", "heater")}
PLAYING = ("pause", "stop_playing", "stop", "next", "previous", "mute", "unmute", "volume", "louder", "quieter", "resume")
LISTING = ("add_item", "remove_item", "tick_item")
SOUGHT = {  # what a room lacks, beside BARE
    "ask_temperature": "thermometer", "ask_humidity": "humidity sensor", "ask_playing": "player", "play": "player",
    "lock": "lock", "unlock": "lock",
}  # fmt: skip
DARKER = ("dimmer", "down")
ALL_THE_WAY = {"up": "open", "down": "close"}  # of a shade, unless a bit or a number was said
UNABLE = {  # what a device that was named is not made for; for the others "cannot do that"
    "color": "cannot show colours", "lock": "cannot be locked", "unlock": "cannot be unlocked",
    "brightness": "cannot be dimmed", "open": "cannot be opened", "close": "cannot be closed",
}  # fmt: skip
INSTEAD = {"open": "unlock", "close": "lock"}  # for a door that has a lock and no motor
NO_MEDIA = {"with", "in", "at", "for", "to", "by", "around", "along", "outside", "nice", "fair", "safe", "dead", "dumb", "it"}
PERCENT = ("set_brightness", "set_position", "set_speed", "set_volume", "set_tilt")
LOWEST, HIGHEST = 5.0, 100.0  # degrees that any room, pool or sauna can be asked for; the policy is narrower
