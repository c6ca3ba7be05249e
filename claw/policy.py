"""May this call happen? The classes, floors and bounds of the safety table, in code below every reader and model."""

import difflib
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from claw import capabilities
from claw.call import ToolCall
from claw.clock import Clock
from claw.config import ConfigError
from claw.device import Capability, Device, DeviceError, Safety
from claw.house import House
from claw.names import stems
from claw.people.people import NOBODY, Person
from claw.roles import ALL, OWN, ROLES, sight, stand_in

HOT_SORTS = frozenset({
    "oven", "stove", "cooker", "cooktop", "stovetop", "hob", "iron", "fireplace", "grill", "fryer", "kettle heater",
    "space heater", "spaceheater", "electric heater", "fan heater", "portable heater",
})  # fmt: skip
FORBIDDEN_SORTS = frozenset({"gas hob", "gas stove", "gas cooker", "gas cooktop", "gas valve", "chlorine", "chlorinator"})
HOT_KINDS = ("switch", "heater", "valve", "light", "thermostat", "fan")
# last words of what only stands beside something hot: "fireplace lamp", "cooker hood"
BESIDE = {"light": ("light", "lamp"), "switch": ("light", "lamp", "hood"), "fan": ("fan", "hood")}
ENTRANCES = frozenset({"gate", "garage door", "garage opener"})  # also behind a shade or a switch
OPENING = frozenset({"turn_on", "open", "set_position"})
SWITCHING_ON = frozenset({"turn_on", "open_valve", "set_target", "set_mode", "set_speed", "set_brightness", "start"})
SPAS = ("spa", "hot tub", "hottub", "jacuzzi", "whirlpool")
LEASES = {**dict.fromkeys(SPAS, 4 * 3600.0), "sauna": 3 * 3600.0, "pool": 48 * 3600.0}  # seconds; then off, by code
POOL_HEATERS = ("pool heater", "pool heating", "pool heat pump")  # a switch named "pool pump" has no lease
WARM_SORTS = ("sauna", "water heater", "boiler", "immersion heater", "heater")  # behind a plug
COMPRESSOR_REST = 600.0  # seconds between two starts
SHADE_MOVES = 6  # a minute and motor, by a person's own words
UNASKED_REST, UNASKED_MOVES, DAY = 60.0, 30, 86400.0  # by whatever acts unasked: seconds between two moves, and moves a day
MOVES = frozenset({"set_position", "open", "close", "set_tilt"})


@dataclass(frozen=True)
class Bounds:
    """Set-points in C: outside `never` no approval helps, outside `freely` a person is asked."""

    never: tuple[float, float]
    freely: tuple[float, float]


THERMOSTAT = Bounds((5, 35), (16, 28))
HEATERS = {
    "pool": Bounds((0, 40), (0, 32)),
    **dict.fromkeys(SPAS, Bounds((0, 40), (0, 40))),
    "sauna": Bounds((0, 100), (0, 100)),
    "shower": Bounds((0, 45), (0, 45)),
}
OTHER_HEATER = Bounds((0, 65), (0, 65))


@dataclass(frozen=True)
class Verdict:
    """allow: do it. confirm: a person says yes first. refuse: never, and why. later: at `due`, not before."""

    ruling: str
    reason: str = ""
    due: float = 0.0


ALLOW, CONFIRM = Verdict("allow"), Verdict("confirm")
NO_MORE = "whoever asked for that may not use this house any more"


class Policy:
    """Judges each device of a call; the only state is the memory of moves and compressor starts."""

    def __init__(
        self, house: House, clock: Clock, raised: Mapping[str, Safety] | None = None,
        who: Callable[[str], Person | None] = stand_in, roles: Mapping[str, Mapping[str, Safety]] | None = None,
    ) -> None:  # fmt: skip
        """`raised`: command -> class from the owner's config, which can only raise; `roles`: the same per role.

        `who`: the person with this id now.
        """
        self.house, self.clock, self.raised, self.who, self.roles = house, clock, dict(raised or {}), who, dict(roles or {})
        self._moves: dict[str, deque[float]] = defaultdict(deque)
        self._starts: dict[str, float] = {}

    def judge(
        self, call: ToolCall, *, approved: bool = False, unasked: bool = False, person: str = "owner"
    ) -> list[tuple[ToolCall, Verdict]]:
        """The call split by verdict, in the order of its targets, with the arguments as they were checked and judged.

        unasked: nobody wants it right now (a routine does); motors are spared then. person: the id of who wants it.
        """
        parts: dict[tuple[Verdict, str], tuple[dict[str, Any], list[str]]] = {}
        for id in call.targets:
            device = self.house.devices[id]
            verdict = self.verdict(device, call.command, call.args, approved=approved, unasked=unasked, person=person)
            args = dict(call.args)
            if verdict.ruling != "refuse":
                args = device.commands[call.command].check(args)
            parts.setdefault((verdict, repr(args)), (args, []))[1].append(id)
        return [(ToolCall(call.command, tuple(ids), args), verdict) for (verdict, _), (args, ids) in parts.items()]

    def verdict(
        self, device: Device, command: str, args: Mapping[str, Any], *, approved: bool = False, unasked: bool = False,
        person: str = "owner",
    ) -> Verdict:  # fmt: skip
        """The ruling for one device; what needs a yes asks before it is put off, and may be put off when it has it."""
        if command not in device.commands:
            return Verdict("refuse", f"it cannot {command.replace('_', ' ')}")
        try:
            args = device.commands[command].check(args)
        except DeviceError as error:
            return Verdict("refuse", str(error))
        who = self.who(person)
        ours = self.roles.get(who.role, {}) if who else {}
        raised = max(self.raised.get(command, Safety.READ), ours.get(command, Safety.READ))
        safety = max(device.commands[command].safety, raised, self._floor(device, command, args))
        if who is None or (limit := self._limit(who, device, command)):
            return Verdict("refuse", limit if who else NO_MORE)
        if safety >= Safety.FORBIDDEN:
            return Verdict("refuse", "that is never done from here")
        bounds, rate = self._bounds(device, command, args), self._rate(device, command, args, unasked)
        if bounds.ruling == "refuse":
            return bounds
        if rate.ruling == "refuse":
            return rate
        own = self._own(device, command, args, who)
        if own.ruling == "refuse":
            return own
        asks = safety >= Safety.CONFIRM or "confirm" in (bounds.ruling, own.ruling)
        return CONFIRM if asks and not approved else rate

    # -- who wants it

    def role(self, person: str) -> str:
        """The role of the person with this id now."""
        who = self.who(person)
        return who.role if who else NOBODY

    def uses(self, who: Person, device: Device) -> bool:
        """Whether this device is among those that the person may use and ask about."""
        if not (who.areas or who.kinds) or {device.kind, device.id, *self.house.sorts(device)} & {*who.kinds}:
            return True
        area = self.house.area(device).casefold()
        return any(area in self.house.within(one) for one in who.areas)

    def sight(self, person: str) -> dict[str, Device] | None:
        """The devices that exist for a person who may use only some of them; None for everybody else."""
        who = self.who(person)
        if who is None or not (who.areas or who.kinds):
            return None
        return {id: device for id, device in self.house.devices.items() if self.uses(who, device)}

    def _limit(self, who: Person, device: Device, command: str) -> str:
        """Why this person may not use this device at all; empty when they may. What moves may be stopped by anybody."""
        if command == "snapshot" and (seen := sight(who, "camera")) != ALL and not (seen == OWN and who.areas):
            return "you may not see the cameras"
        return "" if command == "stop" or self.uses(who, device) else f"you may use {self.limits(who)} only"

    def limits(self, who: Person) -> str:
        """What a person with limits may use: "the kitchen and the lights"."""
        named = {id: record.called for id, record in self.house.records.items() if id in who.kinds}
        rooms = [area.casefold() for area in who.areas]
        return " and ".join(f"the {one}" for one in (*rooms, *(named.get(kind) or _several(kind) for kind in who.kinds)))

    def _own(self, device: Device, command: str, args: Mapping[str, Any], who: Person) -> Verdict:
        """What the role of this person asks for."""
        role = ROLES[who.role]
        if command == "set_volume":
            return CONFIRM if args["volume"] > role.volume else ALLOW
        heat = self._heat(device, command, args) if role.asks or role.never else ""
        if heat in role.never:
            return Verdict("refuse", "only an adult of this house may do that")
        low, high = role.target
        cool = command == "set_target" and device.kind == "thermostat" and not low <= args["target"] <= high
        return CONFIRM if cool or heat in role.asks else ALLOW

    def _heat(self, device: Device, command: str, args: Mapping[str, Any]) -> str:
        """Which sort of heat this starts: hot (an oven), pool (a spa, too), heater; empty when none."""
        words = self._words(device)
        if not _starts(command, args) or device.kind not in HOT_KINDS:
            return ""
        if any(_says(words, word) for word in HOT_SORTS):
            return "hot"
        if self.lease(device, command, args) and not _says(words, "sauna"):
            return "pool"
        return "heater" if device.kind == "heater" or (device.kind == "switch" and _heats_water(words)) else ""

    def _floor(self, device: Device, command: str, args: Mapping[str, Any]) -> Safety:
        """The least class that the device's kind and sort ask for."""
        words = self._words(device)
        starts = _starts(command, args)
        if starts and (any(word in words for word in FORBIDDEN_SORTS) or (device.kind == "valve" and _says(words, "gas"))):
            return Safety.FORBIDDEN
        if starts and device.kind in HOT_KINDS and any(_says(words, word) for word in HOT_SORTS):
            return Safety.CONFIRM
        if self._is_entrance(device) and _opens(device, command, args):
            return Safety.CONFIRM
        if device.kind == "camera" and command in ("turn_off", "share"):
            return Safety.CONFIRM
        if command in ("firmware_update", "factory_reset"):
            return Safety.FORBIDDEN
        return Safety.READ

    def _words(self, device: Device) -> str:
        """All that it goes by, folded; without what says that it only stands beside something hot ("fireplace lamp")."""
        called = [stems(text) for text in self.house.called(device)]
        beside = BESIDE.get(device.kind, ())
        return " ".join(" ".join(words) for words in called if words and words[-1] not in beside)

    def _is_entrance(self, device: Device) -> bool:
        """Whether it is a garage door or a gate, though of another kind."""
        if device.kind not in ("shade", "switch"):
            return False
        called = self.house.called(device) if device.kind == "shade" else self.house.sorts(device)
        words = self._words(device)
        return any(_says(words, word) for word in ENTRANCES) or ("garage",) in [stems(text) for text in called]

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
        """The tightest bounds of all words that fit."""
        words = self._words(device)
        fits = [bounds for sort, bounds in HEATERS.items() if _says(words, sort)] or [OTHER_HEATER]
        return Bounds(_narrowest([one.never for one in fits]), _narrowest([one.freely for one in fits]))

    def _rate(self, device: Device, command: str, args: Mapping[str, Any], unasked: bool) -> Verdict:
        now = self.clock.monotonic()
        if command in MOVES and (tired := self._tired(self._moves[device.id], now, unasked)):
            return Verdict("refuse", tired)
        if self._starts_compressor(device, command, args) and device.id in self._starts:
            wait = self._starts[device.id] + COMPRESSOR_REST - now
            if wait > 0:
                return Verdict("later", "its compressor needs a rest of 10 minutes", self.clock.time() + wait)
        return ALLOW

    def _tired(self, moves: deque[float], now: float, unasked: bool) -> str:
        """Why a motor may not move again now; empty when it may."""
        while moves and moves[0] <= now - DAY:
            moves.popleft()
        if unasked and moves and moves[-1] > now - UNASKED_REST:
            return "its motor moved less than a minute ago"
        if unasked and len(moves) >= UNASKED_MOVES:
            return f"its motor moved {UNASKED_MOVES} times in the last day; give it a rest"
        if sum(at > now - 60 for at in moves) >= SHADE_MOVES:
            return f"its motor moved {SHADE_MOVES} times in the last minute; give it a rest"
        return ""

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

    def lease(self, device: Device, command: str, args: Mapping[str, Any] | None = None) -> float:
        """Seconds after which what this command starts is ended by code; 0 = no lease."""
        if device.kind not in ("heater", "switch") or command not in SWITCHING_ON or (args or {}).get("mode") == "off":
            return 0.0
        words = self._words(device)
        fits = [seconds for sort, seconds in LEASES.items() if _says(words, sort)]
        if device.kind == "switch" and not any(_says(words, sort) for sort in POOL_HEATERS):
            fits = [seconds for seconds in fits if seconds != LEASES["pool"]]
        return min(fits, default=0.0)


def _starts(command: str, args: Mapping[str, Any]) -> bool:
    """Whether it switches something on; a brightness or speed of 0 does not."""
    return command in SWITCHING_ON and args.get("brightness", args.get("speed", 1)) != 0 and args.get("mode") != "off"


def _heats_water(words: str) -> bool:
    return any(_says(words, word) for word in WARM_SORTS)


def _heats(command: str, args: Mapping[str, Any]) -> bool:
    return command == "turn_on" or (command == "set_mode" and args.get("mode") != "off")


def _opens(device: Device, command: str, args: Mapping[str, Any]) -> bool:
    """Whether it opens further than where it is or is moving to; a place that nobody knows counts as closed."""
    here = device.state.get("position", 0)
    return command in OPENING and args.get("position", 101) > min(here, device.state.get("target_position", here))


def _several(kind: str) -> str:
    return f"{kind}{'es' if kind.endswith('ch') else 's'}"


def _narrowest(ranges: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return max(low for low, _ in ranges), min(high for _, high in ranges)


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
