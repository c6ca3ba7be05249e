"""Answers about the claw itself, made of what this house has: help, what can you do here, who are you; the time and the date."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from claw.device import Device
from claw.names import Names, fold
from claw.turns.replies import call_of_it, called, capital, within

Reads = Callable[[str], bool]  # whether a sentence is understood in this house; what is not is never suggested

WHO = (
    "I am claw, the agent of this house: a program on a machine of yours that does what you write and looks whether it was done. "
    "I read by rules: there is no language model in me yet, and no cloud behind me."
)
CAN = (
    r"(?:what (?:else |all )?(?:can|could) (?:you|i|we)(?: all)? (?:do|say|ask|write|tell|control)|what do you do"
    r"|what may i (?:ask|say|write))"
)
GENERAL = re.compile(
    rf"(?:help|{CAN})(?: (?:me|you|to you|for (?:me|us)|now|here|in here|in (?:this|the|my) house|at home|with you))?"
    r"|(?:i )?need (?:some |your )?help|(?:show|tell) me what (?:you can do|i can (?:say|ask|write))|commands|examples"
    r"|what (?:commands|sentences) (?:do you (?:know|understand)|are there)|what (?:are you able to do|do you know how to do)"
    r"|how (?:do|can|should) i (?:use|talk to|speak to) (?:you|this)|how does (?:this|it) work|what do you understand"
)
ABOUT = re.compile(
    rf"(?:help(?: me)?|{CAN}) (?:with|in|on|about|at|for) (.+)|what can ((?:the|my|our) .+?) do"
    r"|(?:help|how do i use) ((?:the|my|our) .+)"
)
NAME = re.compile(
    r"who are you|who is (?:this|there|claw)|what are you|what is claw|(?:what is|do you have) (?:your|a) name"
    r"|who am i (?:talking|speaking) to|(?:tell me )?(?:something )?about yourself|introduce yourself|what should i call you"
    r"|are you (?:a |an |some )?(?:robot|bot|human|person|machine|ai|program|computer|alive|real)"
)
TIME = re.compile(
    r"(?:what is )?(?:the )?(?:current )?time|(?:(?:tell me|do you know) )?what time (?:is it|it is|do we have|have we got)"
    r"|how late is it|(?:tell|give) me the time|(?:do you )?(?:have|know) the time"
)
WEEK = re.compile(r"(?:what|which) (?:calendar )?week(?: number)? is (?:it|this)|(?:what is the )?week number")
MONTH = re.compile(r"(?:what|which) (month|year) (?:is (?:it|this)|do we have)")
DATE = frozenset(("day", "date", "weekday", "today", "tomorrow"))
WORDS = "what which tell me give is was will be it the of week month after yesterday now we have do"
AROUND_DATE = DATE | set(WORDS.split())
AWAY = {"the day after tomorrow": 2, "tomorrow": 1, "yesterday": -1, "today": 0}  # in days

DEEDS = {  # of the first that a device has comes its example in the short list
    "play_media": "play something on {it}", "set_target": "set {it} to 21 degrees", "lock": "lock {it}",
    "close_door": "close {it}", "start": "start {it}", "add_item": "add milk to {it}", "arm": "arm {it}",
    "turn_on": "turn on {it}", "open": "open {it}", "open_valve": "open {it}", "turn_off": "turn off {it}",
    "set_brightness": "dim {it} to 30 %",
    "set_color": "make {it} blue", "set_color_temperature": "make {it} warmer", "close": "close {it}",
    "set_position": "set {it} to 50 %", "unlock": "unlock {it}", "open_door": "open {it}", "pause": "pause {it}",
    "set_volume": "set the volume of {it} to 30", "mute": "mute {it}", "next_track": "next track on {it}",
    "set_mode": "set {it} to heat", "set_speed": "set {it} to 50 %", "set_tilt": "tilt {it} to 50 %",
    "return_home": "send {it} home", "close_valve": "close {it}", "disarm": "disarm {it}",
}  # fmt: skip
ASKED = {
    "locked": "is {it} locked?", "open": "is {it} open?", "playback": "what is playing on {it}?", "on": "is {it} on?",
    "position": "is {it} open?", "items": "what is on {it}?", "temperature": "what is the temperature of {it}?",
    "value": "what does {it} say?", "activity": "what is {it} doing?",
}  # fmt: skip
KINDS = ("light", "shade", "lock", "thermostat", "player", "door", "vacuum", "fan", "heater", "switch", "list", "valve", "alarm")
WIDE = {
    "light": "which lights are on?", "thermostat": "what's the temperature?", "player": "what is playing?",
    "shade": "which shades are open?",
}  # fmt: skip
ITSELF = {
    "Routines": ("every weekday at 7 {do}", "in ten minutes {do}", "remind me at six to feed the cat", "what are my routines?"),
    "Memory": ("remember that the spare key is in the drawer", "what do you know about the spare key?"),
    "Undo": ("undo that", "what did you do today?"),
}


def read(text: str, names: Names, reads: Reads) -> str:
    """The answer; empty when the sentence asks for something else."""
    words = re.sub(r"\b(what|who)s\b", r"\1 is", " ".join(fold(re.sub(r"(?<=\w)['’]s\b", "s", text))))
    if GENERAL.fullmatch(words):
        return _general(names, reads)
    if NAME.fullmatch(words):
        return WHO
    if moment := _moment(words.removesuffix(" now"), names.house.clock.now()):
        return moment
    about = ABOUT.fullmatch(words)
    thing = next((group for group in about.groups() if group), "") if about else ""
    return _about(thing, names, reads) if thing else ""


def _moment(words: str, now: datetime) -> str:
    """The time, the week, the date: as the clock of the house has them."""
    if TIME.fullmatch(words):
        return f"It is {now:%H:%M}."
    if WEEK.fullmatch(words):
        return f"It is week {now.isocalendar().week}."
    if month := MONTH.fullmatch(words):
        return f"It is {now:%B %Y}." if month[1] == "month" else f"It is {now:%Y}."
    words = re.sub(r"\b(today|tomorrow|yesterday)s\b", r"\1", words)
    said = words.split()
    if words == "date" or (said[:1] in (["what"], ["which"], ["tell"]) and DATE & set(said) and set(said) <= AROUND_DATE):
        day = next((one for one in AWAY if one in words), "today")
        then = now + timedelta(days=AWAY[day])
        return f"{'It is' if day == 'today' else capital(day) + (' was' if AWAY[day] < 0 else ' is')} {_long(then)}."
    return ""


def _long(day: datetime) -> str:
    return f"{day:%A}, {day.day} {day:%B %Y}"


def _general(names: Names, reads: Reads) -> str:
    """At most eight lines; what this house does not understand is not suggested."""
    devices = sorted(names.house.devices.values(), key=_rank)
    kinds = {device.kind: [one for one in devices if one.kind == device.kind] for device in devices}
    deeds = [deed for same in kinds.values() for deed in islice(_deeds(names, same, reads), 1)][:4]
    asked = [question for kind in ("lock", "door") for question in islice(_questions(names, kinds.get(kind, []), reads), 1)][:1]
    asked += [question for kind, question in WIDE.items() if kind in kinds and reads(question)]
    do = next((deed for deed in deeds if not deed.startswith("play")), "")
    groups = {"Devices": deeds, "Questions": [*asked, "what time is it?"][:3]}
    for title, sentences in ITSELF.items():
        fits = (one.format(do=do) for one in sentences if do or "{do}" not in one)
        groups[title] = list(islice((one for one in fits if reads(one)), 2))
    rooms = sorted({names.house.area(device) for device in devices if device.commands} - {""})
    groups["More"] = [f"what can you do {within(room)}?" for room in rooms[:1]]
    first = "Write what you want in your own words, for example:" if deeds else "I have found no devices yet."
    return "\n".join([first, *(f"{title}: {_quoted(examples)}" for title, examples in groups.items() if examples)])


def _rank(device: Device) -> tuple[int, str]:
    return (KINDS.index(device.kind) if device.kind in KINDS else len(KINDS)), device.name


def _about(thing: str, names: Names, reads: Reads) -> str:
    """What can be said of a room, of a kind of device or of a single one."""
    found = names.find(thing, all=True)
    devices = sorted(found.devices or found.ambiguous, key=_rank)
    bare = re.sub(r"^(the|my|our|a|an) ", "", thing)
    if not devices:
        return f"There is nothing for me to do {within(found.place)}." if found.place else f"I know no {bare} here."
    what = capital(within(found.place)) if found.place and found.bare else f"With {called(names.house, devices)}"
    deeds, asked = list(islice(_deeds(names, devices, reads), 6)), list(islice(_questions(names, devices, reads), 2))
    lines = [f"{what}: {_quoted(deeds)}" if deeds else f"{what} there is nothing to do, only to ask."]
    return "\n".join([*lines, *([f"Questions: {_quoted(asked)}"] if asked else [])])


def _deeds(names: Names, devices: Sequence[Device], reads: Reads) -> Iterator[str]:
    """Readable examples of what these devices can be told, each command once for a kind of device."""
    shown = set[tuple[str, str]]()
    for command, example in DEEDS.items():
        for device in devices:
            if command in device.commands and (device.kind, command) not in shown:
                wish = example.format(it=_it(names, device))
                if reads(wish):
                    shown.add((device.kind, command))
                    yield wish


def _questions(names: Names, devices: Sequence[Device], reads: Reads) -> Iterator[str]:
    """Readable examples of what can be asked about these devices."""
    for device in devices:
        field = next((field for field in ASKED if field in device.state), "")
        if field and reads(question := ASKED[field].format(it=_it(names, device))):
            yield question


def _it(names: Names, device: Device) -> str:
    it = call_of_it(names.house, device)
    return it.removesuffix(" lock") if it != "the lock" else it


def _quoted(sentences: Sequence[str]) -> str:
    return ", ".join(f"“{one}”" for one in sentences)
