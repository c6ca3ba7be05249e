"""The vocabulary: kinds of devices, their typed state and their commands. It does not grow with brands."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from claw.color import is_color
from claw.device import Capability, Celsius, Flag, Kelvin, Percent, Safety, Text, command

KINDS = (
    "light", "switch", "fan", "shade", "door", "lock", "thermostat", "heater",
    "player", "vacuum", "valve", "camera", "alarm", "list", "sensor",
)  # fmt: skip


def _color(name: str) -> str:
    if not is_color(name):
        raise ValueError("must be the CSS name of a colour, such as turquoise")
    return name


ColorName = Annotated[Text, AfterValidator(_color)]
Mode = Literal["off", "heat", "cool", "heat_cool", "dry", "fan_only"]
Playback = Literal["playing", "paused", "stopped"]
Activity = Literal["docked", "cleaning", "paused", "returning", "idle"]


class Power(Capability):
    """Something that is on or off."""

    on: Flag

    @command(aims=lambda: {"on": True})
    async def turn_on(self) -> None:
        """Turn it on."""
        raise NotImplementedError

    @command(aims=lambda: {"on": False})
    async def turn_off(self) -> None:
        """Turn it off."""
        raise NotImplementedError


class Brightness(Capability):
    """A lamp that can be dimmed."""

    brightness: Percent

    @command(aims=lambda brightness: {"brightness": brightness} if brightness else {"on": False})
    async def set_brightness(self, brightness: Percent) -> None:
        """Set the brightness in percent; 0 turns it off, more turns it on."""
        raise NotImplementedError


class Color(Capability):
    """A lamp that can be coloured."""

    color: Text

    @command(aims=lambda color: {"color": color})
    async def set_color(self, color: ColorName) -> None:
        """Set the colour by its CSS name (red, warmwhite is a temperature, not a colour)."""
        raise NotImplementedError


class ColorTemperature(Capability):
    """A lamp whose white can be warmer or colder."""

    color_temperature: Kelvin

    @command(aims=lambda color_temperature: {"color_temperature": color_temperature})
    async def set_color_temperature(self, color_temperature: Kelvin) -> None:
        """Set the white in kelvin: 2200 candle, 2700 warm, 4000 neutral, 6500 daylight."""
        raise NotImplementedError


class Speed(Capability):
    """A fan whose speed can be set."""

    speed: Percent

    @command(aims=lambda speed: {"speed": speed} if speed else {"on": False})
    async def set_speed(self, speed: Percent) -> None:
        """Set the speed in percent; 0 turns it off."""
        raise NotImplementedError


class Position(Capability):
    """A motorised shade, blind, curtain, awning or window: 0 is closed, 100 is open."""

    position: Percent
    target_position: Percent  # where it is moving to, when the device tells

    @command(aims=lambda position: {"position": position})
    async def set_position(self, position: Percent) -> None:
        """Move to this position: 0 closed, 100 open."""
        raise NotImplementedError

    @command(aims=lambda: {"position": 100})
    async def open(self) -> None:
        """Open it all the way."""
        await self.set_position(100)

    @command(aims=lambda: {"position": 0})
    async def close(self) -> None:
        """Close it all the way."""
        await self.set_position(0)

    @command()
    async def stop(self) -> None:
        """Stop moving."""
        raise NotImplementedError


class Tilt(Capability):
    """Slats that can be tilted: 0 closed, 100 open."""

    tilt: Percent

    @command(aims=lambda tilt: {"tilt": tilt})
    async def set_tilt(self, tilt: Percent) -> None:
        """Tilt the slats, in percent."""
        raise NotImplementedError


class Door(Capability):
    """A motorised door or gate. Opening one lets people in, so a person confirms it."""

    open: Flag
    target_open: Flag  # what it is moving to, when the device tells

    @command(Safety.CONFIRM, aims=lambda: {"open": True})
    async def open_door(self) -> None:
        """Open the door."""
        raise NotImplementedError

    @command(aims=lambda: {"open": False})
    async def close_door(self) -> None:
        """Close the door."""
        raise NotImplementedError


class Lock(Capability):
    """A door lock. Unlocking one lets people in, so a person confirms it."""

    locked: Flag
    target_locked: Flag  # what was asked of it, when the device tells

    @command(aims=lambda: {"locked": True})
    async def lock(self) -> None:
        """Lock it."""
        raise NotImplementedError

    @command(Safety.CONFIRM, aims=lambda: {"locked": False})
    async def unlock(self) -> None:
        """Unlock it."""
        raise NotImplementedError


class Target(Capability):
    """Something that warms or cools to a set-point."""

    temperature: Celsius  # measured
    target: Celsius

    @command(aims=lambda target: {"target": target})
    async def set_target(self, target: Celsius) -> None:
        """Set the temperature to reach, in degrees Celsius."""
        raise NotImplementedError


class Climate(Capability):
    """The modes of a thermostat or air conditioner."""

    mode: Mode

    @command(aims=lambda mode: {"mode": mode})
    async def set_mode(self, mode: Mode) -> None:
        """Set the mode: off, heat, cool, heat_cool, dry or fan_only."""
        raise NotImplementedError

    @command(aims=lambda: {"mode": {"heat", "cool", "heat_cool", "dry", "fan_only"}})
    async def turn_on(self) -> None:
        """Turn it on in the mode that it had last, else heat."""
        await self.set_mode("heat")

    @command(aims=lambda: {"mode": "off"})
    async def turn_off(self) -> None:
        """Turn it off."""
        await self.set_mode("off")


class Humidity(Capability):
    """Something that measures the relative humidity."""

    humidity: Percent


class Thermostat(Target, Climate):
    """A thermostat: a set-point and a mode."""


class Volume(Capability):
    """A player's loudness."""

    volume: Percent
    muted: Flag

    @command(aims=lambda volume: {"volume": volume})
    async def set_volume(self, volume: Percent) -> None:
        """Set the volume in percent."""
        raise NotImplementedError

    @command(aims=lambda: {"muted": True})
    async def mute(self) -> None:
        """Mute it."""
        raise NotImplementedError

    @command(aims=lambda: {"muted": False})
    async def unmute(self) -> None:
        """Unmute it."""
        raise NotImplementedError


class Player(Capability):
    """A speaker or TV that plays."""

    playback: Playback
    title: Text

    @command(aims=lambda: {"playback": "playing"})
    async def play(self) -> None:
        """Start or go on playing."""
        raise NotImplementedError

    @command(aims=lambda: {"playback": {"paused", "stopped"}})
    async def pause(self) -> None:
        """Pause."""
        raise NotImplementedError

    @command(aims=lambda: {"playback": {"stopped", "paused"}})
    async def stop_playing(self) -> None:
        """Stop playing."""
        raise NotImplementedError

    @command(repeatable=False)
    async def next_track(self) -> None:
        """Skip to the next track."""
        raise NotImplementedError

    @command(repeatable=False)
    async def previous_track(self) -> None:
        """Go back to the previous track."""
        raise NotImplementedError

    @command(aims=lambda media: {"playback": "playing"})
    async def play_media(self, media: Text) -> None:
        """Play this: the name of a favourite or playlist, an address, or "something"."""
        raise NotImplementedError


class Source(Capability):
    """A player's inputs."""

    source: Text

    @command(aims=lambda source: {"source": source})
    async def select_source(self, source: Text) -> None:
        """Choose an input by its name."""
        raise NotImplementedError


class Vacuum(Capability):
    """A robot that cleans floors."""

    activity: Activity

    @command(aims=lambda: {"activity": "cleaning"})
    async def start(self) -> None:
        """Start or go on cleaning."""
        raise NotImplementedError

    @command(aims=lambda: {"activity": {"paused", "idle"}})
    async def pause_cleaning(self) -> None:
        """Pause cleaning."""
        raise NotImplementedError

    @command(aims=lambda: {"activity": {"returning", "docked"}})
    async def return_home(self) -> None:
        """Go back to the dock."""
        raise NotImplementedError


class Valve(Capability):
    """A water or gas valve."""

    open: Flag

    @command(aims=lambda: {"open": True})
    async def open_valve(self) -> None:
        """Open the valve."""
        raise NotImplementedError

    @command(aims=lambda: {"open": False})
    async def close_valve(self) -> None:
        """Close the valve."""
        raise NotImplementedError


class Camera(Capability):
    """A camera."""

    @command(Safety.READ)
    async def snapshot(self) -> bytes:
        """Take a still picture (JPEG)."""
        raise NotImplementedError


class Alarm(Capability):
    """A burglar alarm. Disarming lets people in, so a person confirms it."""

    mode: Literal["disarmed", "home", "away", "night"]

    @command(aims=lambda mode="away": {"mode": mode})
    async def arm(self, mode: Literal["home", "away", "night"] = "away") -> None:
        """Arm it for home, away or night."""
        raise NotImplementedError

    @command(Safety.CONFIRM, aims=lambda: {"mode": "disarmed"})
    async def disarm(self) -> None:
        """Disarm it."""
        raise NotImplementedError


Items = Annotated[list[Text], Field(max_length=500)]


class ListItems(Capability):
    """A shopping or to-do list."""

    items: Items
    done: Items

    @command(repeatable=False)
    async def add_item(self, item: Text) -> None:
        """Put an item on the list."""
        raise NotImplementedError

    @command()
    async def tick_item(self, item: Text) -> None:
        """Tick an item off."""
        raise NotImplementedError

    @command()
    async def remove_item(self, item: Text) -> None:
        """Take an item off the list."""
        raise NotImplementedError


class Sensor(Capability):
    """Something that measures or notices: a number with its unit, or a word (detected, clear, open, wet ...)."""

    value: float | Text
    unit: Text


TOLERANCE = {"brightness": 1.0, "volume": 1.0, "speed": 1.0, "position": 3.0, "tilt": 3.0, "target": 0.5}
KELVIN_TOLERANCE = 0.02


def holds(field: str, wanted: object, reported: object) -> bool:
    """Whether a reported value confirms a wanted one (a set means any of these), within the tolerance of its field."""
    if isinstance(wanted, (set, frozenset)):
        return reported in wanted
    if isinstance(wanted, (int, float)) and isinstance(reported, (int, float)) and not isinstance(wanted, bool):
        slack = KELVIN_TOLERANCE * wanted if field == "color_temperature" else TOLERANCE.get(field, 0.0)
        return abs(wanted - reported) <= slack
    return wanted == reported
