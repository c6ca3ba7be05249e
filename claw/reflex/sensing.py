"""Answers about what plays, what is noticed, and how warm or humid it is."""

from collections.abc import Sequence

from claw.capabilities import Sensor
from claw.device import Device
from claw.names import Selection, fold
from claw.reflex.states import measure, noticed, of_air
from claw.reflex.telling import MOST, WHOLE, Telling
from claw.turns.replies import capital, few, title_of, within

SENSES = {  # what is noticed -> the words for sensors that notice it
    "leak": {"leak", "water", "moisture", "flood"}, "motion": {"motion", "occupancy", "presence", "movement"},
    "smoke": {"smoke", "fire"}, "carbon monoxide": {"monoxide", "co"}, "gas": {"gas"},
}  # fmt: skip
NOBODY_KNOWS = "I cannot know whether anyone is there."


class Sensing(Telling):
    """For one house."""

    def playing(self, devices: Sequence[Device], place: str, whether: bool) -> str:
        """What plays where, with the titles that the players tell."""
        playing = [device for device in devices if device.online and device.state.get("playback") == "playing"]
        where = within(place) if place else f"on {self.called(devices[0])}" if len(devices) == 1 else ""
        if not playing:
            return f"{'No, nothing' if whether else 'Nothing'} is playing {where}".strip() + "." + self.silent(devices)
        said = []
        for device in playing:
            what = title_of([device]).strip() or ("music" if whether else "something")
            said.append(f"{what} is playing {where if where and len(playing) == 1 else f'on {self.called(device)}'}")
        text = "Yes, " * whether + few(said, MOST)
        untitled = not whether and len(said) == 1 and text.startswith("something")
        return capital(text) + (", but it does not tell me what." if untitled else ".") + self.silent(devices)

    def noticing(self, what: str, thing: str) -> str:
        """What the sensors for leaks, motion or smoke say; empty when the place is not known."""
        found = self.names.find(thing, all=True) if thing else Selection(tuple(self.house.devices.values()))
        self.missed = found
        if not (found.devices or found.ambiguous or found.place):
            return ""
        sensors = [one for one in found.devices or found.ambiguous if self._senses(one, what)]
        if not sensors:
            return f"There is no {what} sensor {within(found.place) if found.place else 'here'}."
        noticing = [device for device in sensors if device.online and noticed(device)]
        if noticing:
            names = few([self.called(device) for device in noticing], MOST)
            return f"Yes, {names} {'notices' if len(noticing) == 1 else 'notice'} {'a leak' if what == 'leak' else what}."
        sure = all(device.online and noticed(device) is False for device in sensors)
        if len(sensors) > WHOLE:
            none = f"o, none of the {len(sensors)} {what} sensors notices anything."
            return f"N{none}" if sure else f"N{none}{self.silent(sensors)}"
        said = " ".join(self.describe(device) for device in sensors)
        return f"No, {said[0].lower()}{said[1:]}" if sure else said

    def presence(self, thing: str) -> str:
        """Who is somewhere, as far as motion sensors can tell; empty where there is none, or no place was said."""
        said = self.noticing("motion", thing) if thing else ""
        return "" if said.startswith("There is no") else capital(said.removeprefix("No, "))

    def _senses(self, device: Device, what: str) -> bool:
        """Whether it is a sensor that notices this, and no meter."""
        if not isinstance(device, Sensor) or (device.state and noticed(device) is None):
            return False
        sorts = fold(" ".join(self.house.sorts(device)))
        return not SENSES.get(what, {what}).isdisjoint(sorts or fold(self.house.name(device)))

    def measures(self, devices: Sequence[Device], what: str) -> str:
        """How warm or humid it is in each room, the sensors of rooms before thermostats."""
        unit = "°C" if what == "temperature" else "%"
        by_room: dict[str, Device] = {}
        for device in sorted(devices, key=lambda one: not isinstance(one, Sensor)):
            area = self.house.area(device) if of_air(self.house, device, what) is not None else ""
            by_room.setdefault(f" {within(area)}" if area else device.id, device)
        said = []
        for room, device in list(by_room.items())[:MOST]:
            value, there = f"{measure(device, what):g} {unit}", "is" if device.online else "was"
            told = f"It {there} {value}{room}" if room[0] == " " else capital(f"{self.called(device)} {there} at {value}")
            said.append(told if device.online else f"{told} when I last heard from it")
        more = len(by_room) - len(said)
        return ". ".join([*said, *([f"{more} more rooms tell theirs, too"] if more else [])]) + "."
