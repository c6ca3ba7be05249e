"""May this call happen? The classes, floors and bounds of the safety table, in code below every reader and model."""

import difflib
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from claw import capabilities
from claw.call import ToolCall
from claw.clock import Clock
from claw.config import ConfigError
from claw.device import Capability, Device, DeviceError, Safety
from claw.house import House

HOT_SORTS = frozenset({"oven", "stove", "iron", "fireplace", "space heater", "grill", "fryer", "kettle heater"})
FORBIDDEN_SORTS = frozenset({"gas hob", "gas stove", "chlorine", "chlorinator"})
HOT_KINDS = ("switch", "heater", "valve", "light", "thermostat")
LAMPS = (["light"], ["lights"], ["lamp"], ["lamps"])
SWITCHING_ON = frozenset({"turn_on", "open_valve", "set_target", "set_mode", "set_speed", "set_brightness", "start"})
LEASES = {"spa": 4 * 3600.0, "hot tub": 4 * 3600.0, "sauna": 3 * 3600.0, "pool": 48 * 3600.0}  # seconds; then off, by code
COMPRESSOR_REST = 600.0  # seconds between two starts
SHADE_MOVES = 6  # a minute and motor, by a person's own words
MOVES = frozenset({"set_position", "open", "close", "set_tilt"})


@dataclass(frozen=True)
class Bounds:
    """Set-points in C: outside `never` no approval helps, outside `freely` a person is asked."""

    never: tuple[float, float]
    freely: tuple[float, float]


THERMOSTAT = Bounds((5, 35), (16, 28))
HEATERS = {
    "pool": Bounds((0, 40), (0, 32)),
    "spa": Bounds((0, 40), (0, 40)),
    "hot tub": Bounds((0, 40), (0, 40)),
    "sauna": Bounds((0, 100), (0, 100)),
    "shower": Bounds((0, 45), (0, 45)),
    "": Bounds((0, 65), (0, 65)),
}


@dataclass(frozen=True)
class Verdict:
    """allow: do it. confirm: a person says yes first. refuse: never, and why. later: at `due`, not before."""

    ruling: str
    reason: str = ""
    due: float = 0.0


ALLOW, CONFIRM = Verdict("allow"), Verdict("confirm")


class Policy:
    """Judges each device of a call; the only state is the memory of moves and compressor starts."""

    def __init__(self, house: House, clock: Clock, raised: Mapping[str, Safety] | None = None) -> None:
        """`raised`: command -> class from the owner's config, which can only raise."""
        self.house, self.clock, self.raised = house, clock, dict(raised or {})
        self._moves: dict[str, deque[float]] = defaultdict(deque)
        self._starts: dict[str, float] = {}

    def judge(self, call: ToolCall, *, approved: bool = False) -> list[tuple[ToolCall, Verdict]]:
        """The call split by verdict, in the order of its targets; DeviceError when an argument is wrong."""
        parts: dict[Verdict, list[str]] = {}
        for id in call.targets:
            verdict = self.verdict(self.house.devices[id], call.command, call.args)
            if approved and verdict.ruling == "confirm":
                verdict = ALLOW
            parts.setdefault(verdict, []).append(id)
        return [(ToolCall(call.command, tuple(ids), call.args), verdict) for verdict, ids in parts.items()]

    def verdict(self, device: Device, command: str, args: Mapping[str, Any]) -> Verdict:
        """The ruling for one device."""
        if command not in device.commands:
            return Verdict("refuse", f"it cannot {command.replace('_', ' ')}")
        try:
            args = device.commands[command].check(args)
        except DeviceError as error:
            return Verdict("refuse", str(error))
        safety = max(device.commands[command].safety, self.raised.get(command, Safety.READ), self._floor(device, command, args))
        if safety >= Safety.FORBIDDEN:
            return Verdict("refuse", "that is never done from here")
        bounds, limit = self._bounds(device, command, args), self._rate(device, command, args)
        if bounds.ruling == "refuse":
            return bounds
        if limit.ruling != "allow":
            return limit
        return CONFIRM if safety >= Safety.CONFIRM else bounds

    def _floor(self, device: Device, command: str, args: Mapping[str, Any]) -> Safety:
        """The least class that the device's kind and sort ask for."""
        sort = f"{self.house.sort(device)} {self.house.name(device)}".casefold()
        starts = command in SWITCHING_ON and args.get("brightness", args.get("speed", 1)) != 0 and args.get("mode") != "off"
        starts = starts and not (device.kind in ("light", "switch") and sort.split()[-1:] in LAMPS)  # "fireplace lamp"
        if starts and any(word in sort for word in FORBIDDEN_SORTS):
            return Safety.FORBIDDEN
        if starts and device.kind in HOT_KINDS and any(_says(sort, word) for word in HOT_SORTS):
            return Safety.CONFIRM
        if device.kind == "camera" and command in ("turn_off", "share"):
            return Safety.CONFIRM
        if command in ("firmware_update", "factory_reset"):
            return Safety.FORBIDDEN
        return Safety.READ

    def _bounds(self, device: Device, command: str, args: Mapping[str, Any]) -> Verdict:
        if command != "set_target":
            return ALLOW
        bounds = THERMOSTAT if device.kind == "thermostat" else self._heater(device)
        low, high = bounds.never
        if not low <= args["target"] <= high:
            return Verdict("refuse", f"{args['target']:g} °C is outside of what is safe ({low:g} to {high:g} °C)")
        low, high = bounds.freely
        return ALLOW if low <= args["target"] <= high else CONFIRM

    def _heater(self, device: Device) -> Bounds:
        words = f"{self.house.sort(device)} {self.house.name(device)}".casefold()
        return next((bounds for sort, bounds in HEATERS.items() if sort and _says(words, sort)), HEATERS[""])

    def _rate(self, device: Device, command: str, args: Mapping[str, Any]) -> Verdict:
        now = self.clock.monotonic()
        if command in MOVES:
            moves = self._moves[device.id]
            while moves and moves[0] <= now - 60:
                moves.popleft()
            if len(moves) >= SHADE_MOVES:
                return Verdict("refuse", f"its motor moved {SHADE_MOVES} times in the last minute; give it a rest")
        if self._starts_compressor(device, command, args) and device.id in self._starts:
            wait = self._starts[device.id] + COMPRESSOR_REST - now
            if wait > 0:
                return Verdict("later", "its compressor needs a rest of 10 minutes", self.clock.time() + wait)
        return ALLOW

    def _starts_compressor(self, device: Device, command: str, args: Mapping[str, Any]) -> bool:
        if device.kind != "thermostat" or device.state.get("mode") != "off":
            return False
        return _heats(command, args)

    def note(self, device: Device, command: str, args: Mapping[str, Any]) -> None:
        """Remember a deed that counts against a rate; called just before it is made."""
        if command in MOVES:
            self._moves[device.id].append(self.clock.monotonic())
        if self._starts_compressor(device, command, args):
            self._starts[device.id] = self.clock.monotonic()

    def recall(self, id: str, kind: str, command: str, args: Mapping[str, Any], at: float) -> None:
        """Take over a deed of before a restart (`at`: monotonic seconds); a thermostat may have been off then, so it counts."""
        if command in MOVES:
            self._moves[id].append(at)
        if kind == "thermostat" and _heats(command, args):
            self._starts[id] = at

    def lease(self, device: Device, command: str) -> float:
        """Seconds after which what this command starts is ended by code; 0 = no lease."""
        if device.kind != "heater" or command not in ("turn_on", "set_target"):
            return 0.0
        words = f"{self.house.sort(device)} {self.house.name(device)}".casefold()
        return next((seconds for sort, seconds in LEASES.items() if _says(words, sort)), 0.0)


def _heats(command: str, args: Mapping[str, Any]) -> bool:
    return command == "turn_on" or (command == "set_mode" and args.get("mode") != "off")


def _says(words: str, wanted: str) -> bool:
    return f" {wanted} " in f" {words} "


def raised(confirm: Sequence[str], forbid: Sequence[str]) -> dict[str, Safety]:
    """Command -> class out of the owner's config; ConfigError for a command that does not exist."""
    known = {
        name
        for one in vars(capabilities).values()
        if isinstance(one, type) and issubclass(one, Capability)
        for name in one.commands
    }
    for name in (*confirm, *forbid):
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise ConfigError(f'safety: there is no command "{name}"' + (f'; did you mean "{near[0]}"?' if near else ""))
    return {**dict.fromkeys(confirm, Safety.CONFIRM), **dict.fromkeys(forbid, Safety.FORBIDDEN)}
