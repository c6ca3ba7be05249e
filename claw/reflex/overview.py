"""How a room or the whole house is, in a few sentences: what is on, open, playing, noticed, and how warm it is."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from claw.capabilities import Alarm, Sensor
from claw.device import Device
from claw.reflex.states import is_so, noticed, of_air, status
from claw.turns.replies import are, capital, few, plural_of, within

if TYPE_CHECKING:
    from claw.reflex.telling import Telling

MOST, ROOMS = 4, 3  # so many names, so many temperatures
ON = ("light", "switch", "fan", "heater", "player")


def overview(answers: "Telling", devices: Sequence[Device], place: str) -> str:
    """At most a dozen short sentences; what is off and shut is told together."""
    there = [device for device in devices if device.online]
    said = [*_on(answers, there), *_entries(answers, there), *_air(answers, there), *_others(answers, there)]
    if silent := [answers.called(device) for device in devices if not device.online]:
        said.append(f"I can't reach {few(silent, MOST)}.")
    return " ".join(said) if said else f"Nothing {within(place) if place else 'here'} has told me anything yet."


def _on(answers: "Telling", devices: Sequence[Device]) -> Iterator[str]:
    """What is on, lights first."""
    for lights in (True, False):
        able = [one for one in devices if one.kind in ON and (one.kind == "light") == lights and is_so(one, "on") is not None]
        on = [one for one in able if is_so(one, "on")]
        if lights and len(on) > MOST:
            yield f"{len(on)} of {len(able)} lights are on."
        elif on:
            yield capital(f"{few([answers.placed(one) for one in on], MOST)} {_are(on)} on.")
        elif able and lights:
            yield "No light is on." if len(able) > 1 else capital(f"{answers.called(able[0])} {_are(able)} off.")


def _entries(answers: "Telling", devices: Sequence[Device]) -> Iterator[str]:
    """Doors, windows, locks and valves that stand open; that all are shut when none does."""
    for state, shut in (("open", "closed"), ("unlocked", "locked")):
        able = [one for one in devices if is_so(one, state) is not None]
        if wide := [one for one in able if is_so(one, state)]:
            yield capital(f"{few([answers.placed(one) for one in wide], MOST)} {_are(wide)} {state}.")
        elif able:
            kinds = {one.kind for one in able}
            noun = plural_of(kinds.pop()) if len(kinds) == 1 else "things that open"
            yield capital(
                f"{answers.called(able[0], short=True)} is {shut}." if len(able) == 1 else f"The {noun} are all {shut}."
            )


def _air(answers: "Telling", devices: Sequence[Device]) -> Iterator[str]:
    """How warm it is."""
    measured = [(one, degrees) for one in devices if (degrees := of_air(answers.house, one, "temperature")) is not None]
    rooms = {answers.house.area(one): degrees for one, degrees in sorted(measured, key=lambda pair: isinstance(pair[0], Sensor))}
    if len(rooms) > ROOMS:
        yield f"It is {min(rooms.values()):g} to {max(rooms.values()):g} °C in {len(rooms)} rooms."
    elif rooms:
        yield f"It is {few([_degrees(degrees, room) for room, degrees in rooms.items()], MOST)}."


def _degrees(degrees: float, room: str) -> str:
    return f"{degrees:g} °C {within(room)}" if room else f"{degrees:g} °C"


def _others(answers: "Telling", devices: Sequence[Device]) -> Iterator[str]:
    """Vacuums, alarms, and sensors that notice something."""
    for device in devices:
        if device.kind == "vacuum" or isinstance(device, Alarm):
            name = answers.called(device)
            yield from [capital(f"{name} {are(name)} {status(device)}.")] if device.state else []
        elif isinstance(device, Sensor) and noticed(device):
            yield answers.describe(device)


def _are(devices: Sequence[Device]) -> str:
    return "is" if len(devices) == 1 else "are"
