"""What people read: short sentences about deeds, composed from their outcomes and never from what anyone claims."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any
from weakref import WeakKeyDictionary

from claw.call import ToolCall
from claw.capabilities import holds
from claw.device import Device
from claw.discovery.found import clean
from claw.house import House
from claw.names import KINDS_SAID, fold, singular
from claw.turns.acting import Outcome

PLAIN: dict[tuple[str, Any], str] = {
    ("set_brightness", 0): "turn_off", ("set_speed", 0): "turn_off", ("set_position", 0): "close", ("set_position", 100): "open",
}  # fmt: skip
THEY = {"is": "are", "was": "were", "does": "do", "has": "have"}
UNITS = {
    **dict.fromkeys(("brightness", "volume", "speed", "position", "tilt", "humidity"), " %"),
    **dict.fromkeys(("target", "temperature"), " °C"), "color_temperature": " K",
}  # fmt: skip
SIDES = {  # what true and false mean
    "on": ("off", "on"), "locked": ("unlocked", "locked"), "open": ("closed", "open"), "muted": ("not muted", "muted"),
}  # fmt: skip

# words that are no name by themselves: "Floor Lamp" is said "floor lamp", while "Sonos One" and "LG TV" stay as they are
WORDS = """
air alarm attic awning back balcony basement bath bathroom bed bedroom bedside bell big blind blinds boiler bookshelf cabinet
camera ceiling cellar cleaner closet coffee conditioner corner corridor couch counter cupboard curtain curtains deck
desk detector dining dish dishwasher door downstairs driveway dryer entrance entry fan fireplace floor fountain freezer
fridge front garage garden gate ground guest gym hall hallway heater heating hob hood iron island kettle kids kitchen
lamp lamps landing large laundry lawn leak left library light lights living lock loft lounge machine main master
microwave mirror motion motor nightstand nursery office opener outdoor outlet outside oven pantry path patio pendant plug
pond pool porch radiator reading rear right robot roof room sauna sensor shade shades shed shelf shopping shower shutter
shutters side sink small smoke socket sofa spa space speaker spot spots sprinkler stairs stove strip studio study switch
system table terrace thermostat toilet tub upstairs utility vacuum valve ventilator wall wardrobe washer washing water
window windows workshop yard
battery house humidity list lists meter temperature thermometer
aisle arc blackout compressor courtyard drapes drip extractor floodlight great grocery hot line parlour pendants standard
stable stables
aquarium candle chandelier charger clock computer globe humidifier lantern monitor printer projector radio soundbar stereo
subwoofer torch tree
"""
COMMON = frozenset(WORDS.split()) | {"the", "my", "our"}
OPEN_PLACES = ("balcony", "terrace", "patio", "porch", "deck", "roof", "driveway", "landing")  # one is on them, not in them
OWN = re.compile(r"(the|my|our) |[A-Z]\w*['’]s ")  # names that take no article: "the" again, "Anna's lamp"

# command -> (what is then so, while it is on its way, what was wanted as "to ...")
SAID = {
    "turn_on": ("{is} on", "", "turn on {it}"),
    "turn_off": ("{is} off", "", "turn off {it}"),
    "set_brightness": ("{is} at {brightness} %", "", "set {it} to {brightness} %"),
    "set_color": ("{is} {color}", "", "make {it} {color}"),
    "set_color_temperature": ("{is} at {color_temperature} K", "", "set {it} to {color_temperature} K"),
    "set_speed": ("{is} at {speed} %", "", "set {it} to {speed} %"),
    "set_position": ("{is} at {position} %", "{is} moving to {position} %", "move {it} to {position} %"),
    "open": ("{is} open", "{is} opening", "open {it}"),
    "close": ("{is} closed", "{is} closing", "close {it}"),
    "stop": ("{was} told to stop", "", "stop {it}"),
    "set_tilt": ("{is} tilted to {tilt} %", "", "tilt {it} to {tilt} %"),
    "open_door": ("{is} open", "{is} opening", "open {it}"),
    "close_door": ("{is} closed", "{is} closing", "close {it}"),
    "lock": ("{is} locked", "{is} locking", "lock {it}"),
    "unlock": ("{is} unlocked", "{is} unlocking", "unlock {it}"),
    "set_target": ("{is} set to {target:g} °C", "", "set {it} to {target:g} °C"),
    "set_mode": ("{is} in {mode} mode", "", "set {it} to {mode} mode"),
    "play": ("{is} playing{title}", "", "start {it} playing"),
    "pause": ("{is} paused", "", "pause {it}"),
    "stop_playing": ("{has} stopped", "", "stop {it} playing"),
    "next_track": ("{was} told to skip to the next track", "", "skip a track on {it}"),
    "previous_track": ("{was} told to go back a track", "", "go back a track on {it}"),
    "play_media": ("{is} playing{title}", "", "play {media} on {it}"),
    "select_source": ("{is} on {source}", "", "switch {it} to {source}"),
    "set_volume": ("{is} at volume {volume} %", "", "set the volume of {it} to {volume} %"),
    "mute": ("{is} muted", "", "mute {it}"),
    "unmute": ("{is} no longer muted", "", "unmute {it}"),
    "start": ("{is} cleaning", "", "start {it}"),
    "pause_cleaning": ("{is} paused", "", "pause {it}"),
    "return_home": ("{is} going back to the dock", "", "send {it} to the dock"),
    "open_valve": ("{is} open", "", "open {it}"),
    "close_valve": ("{is} closed", "", "close {it}"),
    "arm": ("{is} armed ({mode})", "", "arm {it} ({mode})"),
    "disarm": ("{is} disarmed", "", "disarm {it}"),
    "add_item": ("{was} told to add {item}", "", "add {item} to {it}"),
    "tick_item": ("{was} told to tick off {item}", "", "tick {item} off {it}"),
    "remove_item": ("{was} told to remove {item}", "", "take {item} off {it}"),
    "snapshot": ("took a picture", "", "take a picture with {it}"),
}  # fmt: skip


LISTS_SO = {  # the same where the list shows it
    "add_item": "now {has} {item}", "tick_item": "{has} {item} ticked off", "remove_item": "no longer {has} {item}",
}  # fmt: skip
NAMED = (" has", " have", " add", " off", " remove")  # behind them stand names, of which there may be many
ABOUT = re.compile(r"(?!I )([^.]+? (?:is|are|(?:now|no longer) ha(?:s|ve)|(?:was|were) told to (?:add|remove|tick off)))"
                   r" ((?:[^.]|\.(?! ))+)\.")  # fmt: skip
SIDE_WORDS = frozenset({word for pair in SIDES.values() for word in pair})

_counted = WeakKeyDictionary[House, tuple[int, Counter[str]]]()


def spoken(name: str) -> str:
    """A name as it is said in mid-sentence: common words without their capitals, everything else as it was given."""
    return " ".join(word.lower() if word.istitle() and word.lower() in COMMON else word for word in name.split(" "))


def the(name: str) -> str:
    """A name in mid-sentence with its article: "the kitchen lamp", "Anna's lamp"."""
    name = spoken(name)
    return name if OWN.match(name) else f"the {name}"


def within(place: str) -> str:
    """In which room or on which floor: "in the kitchen", "on the first floor", "upstairs"."""
    if place.casefold() in ("upstairs", "downstairs", "outside", "outdoors"):
        return place.casefold()
    if place.casefold().endswith("floor"):
        return f"on the {place.casefold()}"
    return f"{'on' if place.casefold() in OPEN_PLACES else 'in'} {the(place)}"


def listed(names: Sequence[str], last: str = "and") -> str:
    """a; a and b; a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def few(names: Sequence[str], most: int) -> str:
    """The same with at most so many parts, of which the last may be "9 more"."""
    return listed(names if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} more"])


def plural_of(noun: str) -> str:
    """lights, switches."""
    return noun + ("es" if noun.endswith(("ch", "sh", "s")) else "s")


def call_of_it(house: House, device: Device) -> str:
    """The device as a person would call it: "the kitchen lamp"; a player named after its room is "the kitchen speaker"."""
    name, area = house.name(device), house.area(device)
    if name.casefold() == area.casefold() or name.casefold() in house.areas:
        name = f"{name} {house.sort(device) or device.kind}"
    if area and area.casefold() not in name.casefold() and _bearers(house, name) > 1:
        name = f"{area} {name}"
    return name if _given(house, device, name) else the(name)


def _bearers(house: House, name: str) -> int:
    """How many devices bear this name; counted anew when house.version has changed."""
    version, names = _counted.get(house, (-1, Counter[str]()))
    if version != house.version:
        names = Counter(house.name(device).casefold() for device in house.devices.values())
        _counted[house] = (house.version, names)
    return names[name.casefold()]


def _given(house: House, device: Device, name: str) -> bool:
    """Whether the owner gave it one name like a person's: "Sunny" and not "the Sunny"."""
    record = house.records.get(device.id)
    owned = record is not None and record.owner_name == name
    return owned and name.isalpha() and name.lower() not in COMMON and singular(name.lower()) not in KINDS_SAID


def are(it: str) -> str:
    """ "is", or "are" for one device whose name is a plural: "the living room shades"."""
    last = (fold(it) or [""])[-1]
    return "are" if singular(last) != last and singular(last) in KINDS_SAID | COMMON else "is"


def called(house: House, devices: Sequence[Device]) -> str:
    """Several devices in few words: "the kitchen lights", "all 6 lights", or their names."""
    if len(devices) < 3 and not _whole_rooms(house, devices):
        return listed([call_of_it(house, device) for device in devices])
    kinds = {device.kind for device in devices}
    if len(kinds) == 1 and len(devices) > 1:
        kind = kinds.pop()
        plural = plural_of(kind)
        same = [device for device in house.devices.values() if device.kind == kind]
        if len(same) == len(devices) and len(devices) > 2:
            return f"all {len(devices)} {plural}"
        if rooms := _whole_rooms(house, devices):
            return f"the {listed([spoken(room) for room in rooms])} {plural}"
    return few([call_of_it(house, device) for device in devices], 4)


def _whole_rooms(house: House, devices: Sequence[Device]) -> list[str]:
    """The rooms that these devices fill, when they are all of their kind there and there are several."""
    if len(devices) < 2 or len({device.kind for device in devices}) > 1:
        return []
    rooms = list(dict.fromkeys(house.area(device) for device in devices))
    every = [d for d in house.devices.values() if d.kind == devices[0].kind and house.area(d) in rooms]
    return rooms if all(rooms) and len(rooms) < 3 and len(every) == len(devices) and len(devices) > len(rooms) else []


def wanted(house: House, call: ToolCall, *, short: bool = False) -> str:
    """A call as "to ..." says it, with its final values: "open the garage door"; `short` does not name each of many."""
    devices = [house.devices[id] for id in call.targets if id in house.devices]
    it = listed([call_of_it(house, device) for device in devices]) if devices else "something that is not there"
    it = called(house, devices) if short and devices else it
    text = _said(call)[2]
    return _fill(text, _short(call, it) if len(devices) == 1 else it, call.args, len(devices) > 1) + _unsaid(call, text)


def _unsaid(call: ToolCall, text: str) -> str:
    """The arguments that have no place in the text of a call: " (amount 30, unit ml)"; a person approves all of them."""
    named = {name for _, name, _, _ in Formatter().parse(text)}
    left = {} if _plain(call) else {name: value for name, value in call.args.items() if name not in named}
    said = [name.replace("_", " ") + " " + clean(str(value), 2000) for name, value in left.items()]
    return f" ({', '.join(said)})" if said else ""


def _said(call: ToolCall) -> tuple[str, str, str]:
    """The three texts for a call; dimming to 0 is turning off, moving to 100 is opening."""
    plain = call.command.replace("_", " ")
    return SAID.get(_plain(call) or call.command, (f"{{was}} told to {plain}", "", f"{plain} {{it}}"))


def _plain(call: ToolCall) -> str:
    """The command that says the same without an argument, if there is one."""
    values = tuple(call.args.values())
    return PLAIN.get((call.command, values[0]), "") if len(values) == 1 and isinstance(values[0], (int, float)) else ""


def _it(house: House, call: ToolCall, devices: Sequence[Device]) -> str:
    """The devices in the words that go with the command: one unlocks the front door, not the front door lock."""
    it = called(house, devices)
    return _short(call, it) if len(devices) == 1 else it


def _short(call: ToolCall, it: str) -> str:
    return it.removesuffix(" lock") if call.command in ("lock", "unlock") and it.count(" ") > 1 else it


def told(house: House, call: ToolCall, outcomes: Mapping[str, Outcome]) -> str:
    """What became of a call, in one or a few sentences."""
    sentences: list[str] = []
    for outcome, ids in _groups(outcomes).items():
        devices = [house.devices[id] for id in ids if id in house.devices]
        it = _it(house, call, devices) if devices else "a device that is gone"
        sentences.append(_sentence(house, call, outcome, devices, it))
    return " ".join(sentences)


def _groups(outcomes: Mapping[str, Outcome]) -> dict[Outcome, list[str]]:
    groups: dict[Outcome, list[str]] = {}
    for id, outcome in sorted(outcomes.items(), key=lambda item: item[1].outcome != "done"):
        groups.setdefault(outcome, []).append(id)
    return groups


def _sentence(house: House, call: ToolCall, outcome: Outcome, devices: Sequence[Device], it: str) -> str:
    done, moving, to = _said(call)
    many = len(devices) > 1 or are(it) == "are"
    args = {**call.args, "title": title_of(devices)}
    if outcome.outcome == "done":
        done = LISTS_SO[call.command] if _lists_so(call, devices) else done
        return capital(f"{it} {_fill(moving if outcome.moving and moving else done, it, args, many)}.")
    wish, detail = _fill(to, it, call.args, many), _detail(outcome.detail, many)
    if outcome.outcome == "declined":
        return f"I did not {wish}: {detail}."
    if outcome.outcome == "unknown":
        return f"I tried to {wish}, but {detail}."
    if outcome.outcome == "failed" and outcome.detail == "it did not do it" and devices:
        return f"I tried to {wish}, but {'they' if many else 'it'} {_still(call, devices, many)}."
    return f"I could not {wish}: {detail}."


def _lists_so(call: ToolCall, devices: Sequence[Device]) -> bool:
    """Whether the lists themselves show what a call about an item was to bring about."""
    if call.command not in LISTS_SO or not devices:
        return False
    item, field = str(call.args.get("item", "")).casefold(), "done" if call.command == "tick_item" else "items"
    shown = [device.state.get(field) for device in devices]
    there = call.command != "remove_item"
    return all(one is not None and (item in [str(each).casefold() for each in one]) == there for one in shown)


def together(sentences: Sequence[str]) -> list[str]:
    """What is said of one thing as one sentence: "The lamp is on and at 35 %."; never two values of one sort."""
    groups: list[tuple[str, dict[str, str]]] = []
    for sentence in sentences:
        found = ABOUT.fullmatch(sentence)
        about, rest = (found[1], found[2]) if found else (sentence, "")
        sort = _sort(about, rest)
        if groups and groups[-1][0] == about and sort not in groups[-1][1]:
            groups[-1][1][sort] = rest
        else:
            groups.append((about, {sort: rest}))
    joined = [(about, sorted(rests.values(), key=lambda rest: rest != "on")) for about, rests in groups]
    return [f"{about} {listed(rests)}." if rests[0] else about for about, rests in joined]


def _sort(about: str, rest: str) -> str:
    """What is told of a thing: a side (on, locked), a number with its unit, one word, or one name of many."""
    if about.endswith(NAMED):
        return rest
    return "side" if rest.removesuffix(" again") in SIDE_WORDS else re.sub(r"[\d.]+|^\w+$", "", rest)


def _detail(text: str, many: bool) -> str:
    """What went wrong without the programmer's word for it, and in the plural for several devices."""
    text = re.sub(r" \(\w*(Error|Exception|Timeout|Disconnected)\w*\)", "", text)
    if not many:
        return text
    text = re.sub(r"\bit (is|was|does|has)\b", lambda verb: f"they {THEY[verb[1]]}", text)
    return re.sub(r"\bits\b", "their", re.sub(r"\breach it\b", "reach them", re.sub(r"\bit(?= \w)", "they", text)))


def _still(call: ToolCall, devices: Sequence[Device], many: bool) -> str:
    """What a device reports instead of what was asked of it."""
    device = devices[0]
    for field, value in device.goal(call.command, call.args).items():
        if field in device.state and not holds(field, value, device.state[field]):
            return f"still say{'' if many else 's'} {state_words(device, field)}"
    return "did not confirm it"


def state_words(device: Device, field: str) -> str:
    """One reported field in words: "unlocked", "at 40 %", "18 °C"."""
    value = device.state.get(field)
    if value is None:
        return "nothing"
    if field in SIDES:
        return SIDES[field][bool(value)]
    if field == "position":
        return {0: "closed", 100: "open"}.get(value, f"{value} % open")
    return f"{value:g}{UNITS.get(field, '')}" if isinstance(value, (int, float)) else clean(str(value).replace("_", " "))


def title_of(devices: Sequence[Device]) -> str:
    """The one title that they report, quoted and with a space before it; empty when there is none, or several."""
    titles = {device.state.get("title") for device in devices}
    title = clean(str(titles.pop() or "")) if len(titles) == 1 else ""
    return f" “{title}”" if title else ""


def _fill(text: str, it: str, args: Mapping[str, Any], many: bool) -> str:
    verbs = {one: THEY[one] if many else one for one in ("is", "was", "has")}
    values = {"it": it, "title": "", **verbs, **args, "mode": str(args.get("mode", "")).replace("_", " ")}
    return text.format(**{**values, "media": args.get("media") or "something"})


def capital(text: str) -> str:
    """The same with a capital first letter."""
    return text[:1].upper() + text[1:]
