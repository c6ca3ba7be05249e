"""The accessories of the virtual HomeKit bridge. Their state is the value of their characteristics; attributes read it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar

from pyhap.accessory import Accessory
from pyhap.const import CATEGORY_DOOR_LOCK, CATEGORY_GARAGE_DOOR_OPENER, CATEGORY_SENSOR, CATEGORY_THERMOSTAT
from pyhap.const import CATEGORY_WINDOW_COVERING as CATEGORY_SHADE

MODES = ("off", "heat", "cool", "heat_cool")  # the numbers of TargetHeatingCoolingState


class Part(Accessory):  # type: ignore[misc]
    """One accessory; `seconds` is how long its motor takes (a thermostat: per 0.1 degree)."""

    service: ClassVar[str] = ""
    extras: ClassVar[list[str]] = []
    seconds: float = 1.0

    def __init__(self, driver: Any, name: str, *, aid: int | None, serial: str, speed: float) -> None:
        super().__init__(driver, name, aid=aid)
        self.set_info_service("1.0", "Virtual House", type(self).__name__, serial)
        self.main = self.add_preload_service(self.service, self.extras)
        self.seconds = type(self).seconds / speed
        self.reachable = True  # False: the bridge has lost it and says so
        self._motor: asyncio.Task[None] | None = None

    @property
    def available(self) -> bool:
        """What HAP-python asks before it answers for this part."""
        return self.reachable

    def setup_message(self) -> None:
        """Stay quiet: HAP-python would print the code."""

    def get(self, name: str) -> Any:
        """The value of a characteristic, by its HAP name."""
        return self.main.get_characteristic(name).value

    def put(self, **values: Any) -> None:
        """Set characteristics from the inside; subscribers get an event."""
        for name, value in values.items():
            self.main.get_characteristic(name).set_value(value)

    def on_write(self, name: str, react: Any) -> None:
        """Call `react(value)` when a controller writes this characteristic."""
        self.main.get_characteristic(name).setter_callback = react

    def run_motor(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin a movement in place of the one under way."""
        self.halt()
        self._motor = asyncio.get_running_loop().create_task(work)

    def begin(self) -> None:
        """The power is on."""

    def halt(self) -> None:
        """The power is off, or another movement begins."""
        if self._motor:
            self._motor.cancel()


class Thermostat(Part):
    """Its temperature drifts towards the target when the mode lets it."""

    category, service, extras, seconds = CATEGORY_THERMOSTAT, "Thermostat", ["CurrentRelativeHumidity"], 2.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.put(CurrentTemperature=19.0, TargetTemperature=19.0, TargetHeatingCoolingState=1, CurrentRelativeHumidity=45)

    temperature = property(lambda self: self.get("CurrentTemperature"))
    target = property(lambda self: self.get("TargetTemperature"))
    humidity = property(lambda self: self.get("CurrentRelativeHumidity"))
    mode = property(lambda self: MODES[self.get("TargetHeatingCoolingState")])

    def begin(self) -> None:
        self.run_motor(self._drift())

    async def _drift(self) -> None:
        while True:
            gap = round(self.target - self.temperature, 1)
            works = (gap > 0 and "heat" in self.mode) or (gap < 0 and "cool" in self.mode)
            self.put(CurrentHeatingCoolingState=0 if not works else 1 if gap > 0 else 2)
            if works:
                self.put(CurrentTemperature=round(self.temperature + (0.1 if gap > 0 else -0.1), 1))
            await asyncio.sleep(self.seconds)

    def by_hand(self, *, target: float | None = None, mode: str | None = None, temperature: float | None = None) -> None:
        """Somebody turns the dial, or opens a window."""
        if target is not None:
            self.put(TargetTemperature=target)
        if mode is not None:
            self.put(TargetHeatingCoolingState=MODES.index(mode))
        if temperature is not None:
            self.put(CurrentTemperature=temperature)


class Shade(Part):
    """Moves by one percent at a time, 10 s from end to end; `sticks_at` is a position where it gets stuck."""

    category, service, extras, seconds = CATEGORY_SHADE, "WindowCovering", ["HoldPosition"], 10.0
    sticks_at: int | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by_hand(100)
        self.on_write("TargetPosition", lambda target: self.run_motor(self._travel(target)))
        self.on_write("HoldPosition", lambda _: self.by_hand(self.position))

    position = property(lambda self: self.get("CurrentPosition"))
    target = property(lambda self: self.get("TargetPosition"))
    moving = property(lambda self: self.get("PositionState") != 2)

    async def _travel(self, target: int) -> None:
        step = 1 if target > self.position else -1
        self.put(PositionState=1 if step > 0 else 0)
        while self.position not in (target, self.sticks_at):
            await asyncio.sleep(self.seconds / 100)
            self.put(CurrentPosition=self.position + step)
        self.put(PositionState=2)

    def by_hand(self, position: int) -> None:
        """Somebody moves it (or stops it) there."""
        self.halt()
        self.put(CurrentPosition=position, TargetPosition=position, PositionState=2)


class Lock(Part):
    """A bolt that takes a second; `jams` makes the next movements fail."""

    category, service = CATEGORY_DOOR_LOCK, "LockMechanism"
    jams: bool = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by_hand(locked=True)
        self.on_write("LockTargetState", lambda target: self.run_motor(self._turn(target)))

    locked = property(lambda self: self.get("LockCurrentState") == 1)
    jammed = property(lambda self: self.get("LockCurrentState") == 2)
    target_locked = property(lambda self: self.get("LockTargetState") == 1)

    async def _turn(self, target: int) -> None:
        await asyncio.sleep(self.seconds)
        self.put(LockCurrentState=2 if self.jams else target)

    def by_hand(self, *, locked: bool) -> None:
        """Somebody turns the key."""
        self.halt()
        self.put(LockCurrentState=int(locked), LockTargetState=int(locked))


class Garage(Part):
    """A door that takes 5 s; `blocked` makes it stop half-way."""

    category, service, seconds = CATEGORY_GARAGE_DOOR_OPENER, "GarageDoorOpener", 5.0
    blocked: bool = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by_hand(open=False)
        self.on_write("TargetDoorState", lambda target: self.run_motor(self._travel(target)))

    open = property(lambda self: self.get("CurrentDoorState") != 1)
    moving = property(lambda self: self.get("CurrentDoorState") in (2, 3))

    async def _travel(self, target: int) -> None:  # 0 open, 1 closed, 2 opening, 3 closing, 4 stopped
        self.put(CurrentDoorState=2 + target, ObstructionDetected=False)
        await asyncio.sleep(self.seconds)
        self.put(CurrentDoorState=4 if self.blocked else target, ObstructionDetected=self.blocked)

    def by_hand(self, *, open: bool) -> None:
        """Somebody uses the button in the garage and the door has arrived."""
        self.halt()
        self.put(CurrentDoorState=int(not open), TargetDoorState=int(not open))


class LeakSensor(Part):
    """Dry until somebody spills."""

    category, service = CATEGORY_SENSOR, "LeakSensor"
    wet = property(lambda self: self.get("LeakDetected") == 1)

    def by_hand(self, *, wet: bool) -> None:
        """Spill or wipe."""
        self.put(LeakDetected=int(wet))


class MotionSensor(Part):
    """Clear until somebody walks by."""

    category, service = CATEGORY_SENSOR, "MotionSensor"
    detected = property(lambda self: self.get("MotionDetected"))

    def by_hand(self, *, detected: bool) -> None:
        """Walk by, or leave."""
        self.put(MotionDetected=detected)


PARTS: tuple[tuple[type[Part], str], ...] = (
    (Thermostat, "Bedroom Thermostat"),
    (Shade, "Bedroom Shade"),
    (Lock, "Front Door Lock"),
    (Garage, "Garage Door"),
    (LeakSensor, "Kitchen Leak Sensor"),
    (MotionSensor, "Hall Motion Sensor"),
)
