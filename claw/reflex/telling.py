"""Devices and what they report in the words of an answer, shared by all kinds of answers."""

from collections.abc import Sequence

from claw.capabilities import Sensor
from claw.device import Device
from claw.names import Names, Selection, fold
from claw.reflex.events import what
from claw.reflex.states import moving, noticed, status
from claw.turns.replies import are, call_of_it, capital, few, listed, within

MOST, WHOLE = 8, 4  # so many names are listed; of so many devices each is told in full
SUFFIXES = {"lock": " lock", "door": " opener"}
NOTICED_WORDS = ("wet", "leaking", "alarm")  # that say by themselves what was noticed


class Telling:
    """For one house."""

    def __init__(self, names: Names) -> None:
        self.names, self.house = names, names.house
        self.missed = Selection()  # what the words of the last question came to

    def called(self, device: Device, *, short: bool = False) -> str:
        """The device's name with its article; `short` leaves out "lock" where its state says it anyway."""
        name, suffix = call_of_it(self.house, device), SUFFIXES.get(device.kind, "-")
        return name.removesuffix(suffix) if short and name != f"the{suffix}" else name

    def placed(self, device: Device) -> str:
        """Its name with its room, where the name does not say that."""
        name, area = self.called(device, short=True), self.house.area(device)
        return name if not area or set(fold(area)) & set(fold(name)) else f"{name} {within(area)}"

    def describe(self, device: Device, *, short: bool = False) -> str:
        """One sentence with all that it reported."""
        name, now = self.called(device, short=short), moving(device) or status(device)
        if isinstance(device, Sensor) and device.online and noticed(device) and now not in NOTICED_WORDS:
            return capital(f"{name} notices {what(self.house, device)}.")
        if not device.online:
            return f"I can't reach {name}; when I last heard from it, it was {now}." if now else f"I can't reach {name}."
        return capital(f"{name} {are(name)} {now}." if now else f"{name} has not reported anything yet.")

    def listed(self, devices: Sequence[Device], *, rooms: bool = True) -> str:
        """At most eight names, with the rooms that the names leave out."""
        shown = devices if len(devices) <= MOST else devices[: MOST - 1]
        names = [self.placed(one) if rooms else self.called(one, short=True) for one in shown]
        return listed([*names, f"{len(devices) - len(shown)} more"] if len(shown) < len(devices) else names)

    def silent(self, devices: Sequence[Device]) -> str:
        """That some cannot be reached; empty when all can."""
        silent = [self.called(device) for device in devices if not device.online]
        return f" I can't reach {few(silent, WHOLE)}." if silent else ""
