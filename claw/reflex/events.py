"""Whether a condition of a routine is so, as devices reported it, and the words for it."""

from claw.device import Device
from claw.house import House
from claw.names import fold
from claw.reflex.states import is_so
from claw.turns.replies import are, call_of_it, state_words, within
from claw.when import Event

SAID = {  # state -> when it comes to be so, when it is so
    "on": ("goes on", "is on"), "off": ("goes off", "is off"), "open": ("opens", "is open"), "closed": ("closes", "is closed"),
    "playing": ("starts playing", "is playing"), "cleaning": ("starts cleaning", "is cleaning"),
    "docked": ("is back in its dock", "is back in its dock"), "wet": ("gets wet", "is wet"), "running": ("starts", "is running"),
    "done": ("stops", "has stopped"),
}  # fmt: skip
NOTICED = {"motion": "motion", "occupancy": "somebody", "smoke": "smoke", "leak": "water", "water": "water", "gas": "gas"}
SLACK = {"temperature": 0.5, "humidity": 2.0}  # how far a measured value must go back until passing its bound counts anew


def holds(event: Event, device: Device, was: bool | None = None) -> bool | None:
    """Whether it is so now; None when that is not known. What `was` so stays so while a number stays within SLACK."""
    if not device.online:
        return None
    if event.field == "state":
        return is_so(device, str(event.value))
    value = device.state.get(event.field)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    slack = SLACK.get(event.field, SLACK["temperature"] if device.state.get("unit") == "°C" else 0.0) if was else 0.0
    bound = float(event.value)
    return value > bound - slack if event.comparison == "above" else value < bound + slack


def happens(event: Event, name: str, what: str) -> str:
    """ "the front door opens"; `what` is noticed, where something is."""
    many = event.together or are(name) == "are"
    return f"{name} {_said(event, what, 1 if many or event.seconds else 0, many)}{_span(event)}"


def told(event: Event, house: House, device: Device) -> str:
    """What is so now: "the front door is open"."""
    if event.field != "state":
        return f"{event.words} ({state_words(device, event.field)})" if event.field != "value" else event.words
    if event.together:
        return event.words
    name = call_of_it(house, device)
    said = _said(event, what(house, device), 1, are(name) == "are")
    return f"{name} {said.replace('is ', 'has been ', 1) if event.seconds else said}{_span(event)}"


def what(house: House, device: Device) -> str:
    """What a sensor is there to notice."""
    words = fold(" ".join([*house.sorts(device), house.name(device)]))
    return next((NOTICED[word] for word in words if word in NOTICED), "something")


def measured(house: House, device: Device, event: Event) -> str:
    """ "it is warmer than 25 °C in the bedroom", "the washing machine is below 5 W"."""
    side, area = event.comparison, house.area(device)
    unit = str(device.state.get("unit", "")) or {"temperature": "°C", "humidity": "%"}.get(event.field, "%")
    bound = f"{round(float(event.value), 1):g} {unit}"
    where = within(area) if area else f"at {call_of_it(house, device)}"
    if unit == "°C" and event.field in ("temperature", "value"):
        return f"it is {'warmer' if side == 'above' else 'colder'} than {bound} {where}{_span(event)}"
    if event.field == "humidity" or device.sort == "humidity":
        return f"the humidity is {side} {bound} {where}{_span(event)}"
    name = call_of_it(house, device)
    return f"{name if event.field == 'value' else f'the {event.field} of {name}'} is {side} {bound}{_span(event)}"


def _said(event: Event, what: str, now: int, many: bool) -> str:
    state = str(event.value)
    both = {"noticing": (f"notices {what}",) * 2, "quiet": (f"no longer notices {what}",) * 2}.get(state)
    said = (both or SAID.get(state, (f"is {state}",) * 2))[now]
    return said.replace("is ", "are ", 1).replace("has ", "have ", 1) if many else said


def _span(event: Event) -> str:
    from claw.moments import span_words

    return f" for {span_words(event.seconds)}" if event.seconds else ""
