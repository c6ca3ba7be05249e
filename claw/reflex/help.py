"""Answers about the claw itself, made of what this house has: help, what can you do here, who are you; the time and the date."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from claw.device import Device
from claw.names import KINDS_SAID, Names, fold, singular
from claw.reflex.numbers import DAYS
from claw.reflex.reading import Request
from claw.reflex.recounts import spelt
from claw.turns.replies import call_of_it, called, capital, listed, within

Reads = Callable[[str], bool]  # whether a sentence is understood in this house; what is not is never suggested

WHO = (
    "I am claw, the agent of this house: I do what you write, and look whether it was done. "
    "I read by rules: there is no language model in me yet, and no cloud behind me."
)
NEW = (
    "I look for devices on this network all the time: switch it on, and I ask you for what I need. "
    "What I do not know needs a skill, one Python file: docs/skills.md shows how."
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
TIME = re.compile(
    r"(?:what is )?(?:the )?(?:current )?time|(?:(?:tell me|do you know) )?what time (?:is it|it is|do we have|have we got)"
    r"|how late is it|(?:tell|give) me the time|(?:do you )?(?:have|know) the time"
)
ELSEWHERE = re.compile(rf"(?:{TIME.pattern}) (?:in|at) (?!here).+")
SUN = re.compile(
    r"(?:when|(?:at )?what time) (?:is|does|will) (?:the )?(?:sun )?(?:it )?(sunset|sets?|go(?:es)? down|gets? dark"
    r"|sunrise|rises?|comes? up|gets? light)(?: today| tonight| (tomorrow))?"
)
HOW_TO = re.compile(r"how (?:do|can|should|would) (?:i|we) (?!help |.*\bhow\b)(.+)")
ALWAYS = {  # what is said to any house
    "I am here.": r"are you (?:still )?(?:there|here|awake|listening|ok)|(?:(?:can|do) you )?hear me|(?:you|anyone) there|ping",
    "I understand English.": r"(?:(?:do|can) you )?(?:speak|understand) \w+|what languages? (?:do|can) you (?:speak|understand)",
    NEW: r"how (?:do|can|should) (?:i|we) (?:add|connect|install|set up|pair) (?:\w+ ){0,3}(?:device|gadget|thing)s?",
    WHO: r"who are you|who is (?:this|there|claw)|what are you|what is claw|(?:what is|do you have) (?:your|a) name"
    r"|who am i (?:talking|speaking) to|(?:tell me )?(?:something )?about yourself|introduce yourself|what should i call you"
    r"|are you (?:a |an |some )?(?:robot|bot|human|person|machine|ai|program|computer|alive|real)",
}
LISTING = re.compile(
    r"(?:what|which|list|show me|tell me)(?: all| me)*(?: of)?(?: the| my| your| our)? (?P<what>\w+)"
    r"(?P<tail>(?: (?:are|is) (?:there|here)| (?:do|can) (?:you|we|i) (?:have|know|see|control)| have (?:you|we) got)?"
    r"(?: (?:are |is )?(?P<place>in .+|on the .+|upstairs|downstairs|outside))?)"
)
WEEK = re.compile(r"(?:what|which) (?:calendar )?week(?: number)? is (?:it|this)|(?:what is the )?week number")
MONTH = re.compile(r"(?:what|which) (month|year) (?:is (?:it|this)|do we have)")
DATE = frozenset(("day", "date", "weekday", "today", "tomorrow"))
WORDS = "what which tell me give is was will be it the of week month after yesterday now we have do on next"
AROUND_DATE = DATE | {*WORDS.split(), *DAYS}
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
    "Routines": ("every weekday at 7 {do}", "in ten minutes {do}", "what are my routines?"),
    "Reminders": ("remind me at six to feed the cat", "set a timer for 10 minutes", "what are my timers?"),
    "Memory": ("remember that the spare key is in the drawer", "what do you know about the spare key?"),
    "Undo": ("undo that", "what did you do today?"),
}
SETTING = "a an the my new up make set add create use change delete cancel pause"  # what is done with those
ITS_WORDS = {"Routines": "routine schedule", "Reminders": "reminder timer alarm", "Memory": "memory fact note", "Undo": "undo"}


def sun(text: str, now: datetime) -> Request | None:
    """A question for the next sunrise or sunset."""
    asks = SUN.fullmatch(text.casefold())
    if not asks:
        return None
    side = "sunrise" if asks[1].startswith(("sunr", "rise", "come")) or asks[1].endswith("light") else "sunset"
    return Request("routines", "sun", {"sun": side, "days": [(now.weekday() + 1) % 7] if asks[2] else []})


def read(text: str, names: Names, reads: Reads) -> str:
    """The answer; empty when the sentence asks for something else."""
    words = " ".join(fold(spelt(re.sub(r"(day|morrow)['’]s\b", r"\1", text.casefold().replace("’", "'")))))
    if reply := next((reply for reply, said in ALWAYS.items() if re.fullmatch(said, words)), ""):
        return reply
    if (listing := LISTING.fullmatch(words)) and (reply := _listing(listing, names)):
        return reply
    if GENERAL.fullmatch(words):
        return _general(names, reads)
    return _moment(words.removesuffix(" now"), names.house.clock.now()) or _how(words, names, reads)


def _how(words: str, names: Names, reads: Reads) -> str:
    """How to do something, or what can be done with a thing."""
    about, how = ABOUT.fullmatch(words), HOW_TO.fullmatch(words)
    thing = next((group for group in about.groups() if group), "") if about else how[1] if how else ""
    if not thing:
        return ""
    if topic := _topic(thing):
        return f"{topic}: {_quoted(_of_itself(topic, _a_deed(_deeds(names, _ranked(names), reads)), reads))}"
    if how:
        return f"Write “{thing}”." if reads(thing) else ""
    return _about(thing, names, reads)


def _a_deed(deeds: Iterable[str]) -> str:
    """The first that is no matter of taste."""
    return next((deed for deed in deeds if not deed.startswith("play")), "")


def _ranked(names: Names) -> list[Device]:
    return sorted(names.house.devices.values(), key=_rank)


def _topic(said: str) -> str:
    """Of which of its own abilities somebody speaks: "a timer", "make a routine"; empty when of none."""
    words = {singular(word) for word in said.split()} - {*SETTING.split()}
    return next((title for title, own in ITS_WORDS.items() if words and words <= set(own.split())), "")


def _of_itself(title: str, do: str, reads: Reads) -> list[str]:
    """Readable examples of one of its own abilities; `do`: a deed for those that need one."""
    return [one for example in ITSELF[title] if do or "{do}" not in example if reads(one := example.format(do=do))]


def _listing(asks: re.Match[str], names: Names) -> str:
    """The rooms, or the devices of the house, of a kind or of a room; empty when it is no question for those."""
    what, house = singular(asks["what"]), names.house
    if what == "room" and what != asks["what"] and not asks["place"]:
        return f"The rooms: {listed([area.name for area in house.areas.values()])}." if house.areas else "I know no rooms yet."
    if what == asks["what"] or (what != "device" and (what not in KINDS_SAID or not asks["tail"])):
        return ""
    found = names.find(f"all {'' if what == 'device' else what} {asks['place'] or ''}", all=True)
    rooms: dict[str, list[str]] = {}
    for device in found.devices:
        rooms.setdefault(house.area(device) or "Elsewhere", []).append(house.name(device))
    none = f"There are none {within(found.place)}." if found.place else ""
    return "\n".join(f"{room}: {', '.join(sorted(inside))}" for room, inside in sorted(rooms.items())) or none


def _moment(words: str, now: datetime) -> str:
    """The time, the week, the date: as the clock of the house has them."""
    if TIME.fullmatch(words):
        return f"It is {now:%H:%M}."
    if ELSEWHERE.fullmatch(words):
        return f"I only know the time here: it is {now:%H:%M}."
    if WEEK.fullmatch(words):
        return f"It is week {now.isocalendar().week}."
    if month := MONTH.fullmatch(words):
        return f"It is {now:%B %Y}." if month[1] == "month" else f"It is {now:%Y}."
    said = words.split()
    if words == "date" or (said[:1] in (["what"], ["which"], ["tell"]) and DATE & set(said) and set(said) <= AROUND_DATE):
        if weekday := next((one for one in DAYS if one in words), ""):
            return f"That is {_long(now + timedelta(days=(DAYS.index(weekday) - now.weekday() - 1) % 7 + 1))}."
        day = next((one for one in AWAY if one in words), "today")
        then = now + timedelta(days=AWAY[day])
        return f"{'It is' if day == 'today' else capital(day) + (' was' if AWAY[day] < 0 else ' is')} {_long(then)}."
    return ""


def _long(day: datetime) -> str:
    return f"{day:%A}, {day.day} {day:%B %Y}"


def _general(names: Names, reads: Reads) -> str:
    """At most eight lines; what this house does not understand is not suggested."""
    devices = _ranked(names)
    kinds = {device.kind: [one for one in devices if one.kind == device.kind] for device in devices}
    deeds = [deed for same in kinds.values() for deed in islice(_deeds(names, same, reads), 1)][:4]
    asked = [question for kind in ("lock", "door") for question in islice(_questions(names, kinds.get(kind, []), reads), 1)][:1]
    asked += [question for kind, question in WIDE.items() if kind in kinds and reads(question)]
    groups = {"Devices": deeds, "Questions": [*asked, "what time is it?"][:3]}
    groups |= {title: _of_itself(title, _a_deed(deeds), reads)[:2] for title in ITSELF}
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


def examples(names: Names) -> Iterator[str]:
    """A sentence for each command and each state of every device here."""
    for device in names.house.devices.values():
        it = _it(names, device)
        yield from (example.format(it=it) for command, example in DEEDS.items() if command in device.commands)
        yield from (question.format(it=it) for field, question in ASKED.items() if field in device.state)
    yield from WIDE.values()


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
