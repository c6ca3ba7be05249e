"""What `claw skill new` needs to know of each kind: its abilities, what each command sends, and sentences that try it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Shape:
    """One kind. `sends`: command -> arguments of send(); `says`: sentences that try {it}, `then`: the state they lead to."""

    abilities: tuple[str, ...]
    state: dict[str, Any]
    sends: dict[str, str]
    says: tuple[str, ...] = ()
    then: dict[str, Any] = field(default_factory=dict)


SWITCHED = {"turn_on": "on=True", "turn_off": "on=False"}

# fmt: off
SHAPES = {
    "light": Shape(("Power",), {"on": False}, SWITCHED, ("turn on {it}",), {"on": True}),
    "switch": Shape(("Power",), {"on": False}, SWITCHED, ("turn on {it}",), {"on": True}),
    "fan": Shape(("Power", "Speed"), {"on": False, "speed": 0}, SWITCHED | {"set_speed": "on=speed > 0, speed=speed"},
                 ("set {it} to 50 percent",), {"on": True, "speed": 50}),
    "shade": Shape(("Position",), {"position": 0}, {"set_position": "position=position", "stop": "stop=True"},
                   ("open {it}", "set {it} to 40 percent"), {"position": 40}),
    "door": Shape(("Door",), {"open": False}, {"open_door": "open=True", "close_door": "open=False"},
                  ("open {it}",), {"open": True}),
    "lock": Shape(("Lock",), {"locked": True}, {"lock": "locked=True", "unlock": "locked=False"},
                  ("unlock {it}",), {"locked": False}),
    "thermostat": Shape(("Thermostat",), {"temperature": 19.5, "target": 20.0, "mode": "heat"},
                        {"set_target": "target=target", "set_mode": "mode=mode"}, ("set {it} to 22 degrees",), {"target": 22}),
    "heater": Shape(("Power", "Target"), {"on": False, "temperature": 31.0, "target": 35.0},
                    SWITCHED | {"set_target": "target=target"},
                    ("turn on {it}", "set {it} to 38 degrees"), {"on": True, "target": 38}),
    "player": Shape(("Player",), {"playback": "stopped", "title": ""},
                    {"play": 'playback="playing"', "pause": 'playback="paused"', "stop_playing": 'playback="stopped"',
                     "next_track": "skip=1", "previous_track": "skip=-1", "play_media": 'playback="playing", title=media'},
                    ("play {it}", "pause {it}"), {"playback": "paused"}),
    "vacuum": Shape(("Vacuum",), {"activity": "docked"},
                    {"start": 'activity="cleaning"', "pause_cleaning": 'activity="paused"',
                     "return_home": 'activity="returning"'}, ("start {it}",), {"activity": "cleaning"}),
    "valve": Shape(("Valve",), {"open": False}, {"open_valve": "open=True", "close_valve": "open=False"},
                   ("open {it}",), {"open": True}),
    "camera": Shape(("Camera",), {}, {"snapshot": ""}),
    "alarm": Shape(("Alarm",), {"mode": "disarmed"}, {"arm": "mode=mode", "disarm": 'mode="disarmed"'},
                   ("arm {it}",), {"mode": "away"}),
    "list": Shape(("ListItems",), {"items": [], "done": []},
                  {"add_item": "items=[*self.items, item]",
                   "tick_item": "items=[one for one in self.items if one != item], done=[*self.done, item]",
                   "remove_item": "items=[one for one in self.items if one != item]"},
                  ("put milk on {it}",), {"items": ["milk"]}),
    "sensor": Shape(("Sensor",), {"value": 21.5, "unit": "°C"}, {}, ("what is {it}?",), {"value": 21.5}),
}
# fmt: on
