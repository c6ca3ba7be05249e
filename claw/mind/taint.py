"""Which words are a person's own, and which came from a device, a page or a stranger: data, never a wish."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, get_args

from claw import capabilities
from claw.call import ToolCall
from claw.names import KINDS_SAID, NOUNS, POINTING, PREPOSITIONS, SMALL, Names, Selection, fold, stems
from claw.reflex.grammar import NEGATED
from claw.reflex.numbers import NUMBERS, TENS
from claw.reflex.values import ALARM_MODE, MODE, SHARE, STATES, WHITE

FREE_TEXT = ("title", "source", "items", "done", "unit")  # fields of a state that somebody else writes
LONGEST_SAID, SPAN = 60, 6  # words of a message that are looked at; words of one name
# what a person says for a command; the others are said by their own words
CUES = {
    "turn_on": "on start heat warm", "turn_off": "off out kill stop",
    "set_brightness": "bright brighter dim dimmer to at", "set_color": "make turn set color colour",
    "set_color_temperature": "make turn set warm cold white", "set_speed": "speed fan to at",
    "set_position": "open close up down to at move raise lower", "open": "open up raise", "close": "close shut down lower",
    "stop": "stop halt", "set_tilt": "tilt slats", "close_door": "close shut", "lock": "lock",
    "set_target": "set to at degrees warm", "set_mode": "mode set to heat cool off auto", "play": "play resume music",
    "pause": "pause", "stop_playing": "stop off", "next_track": "next skip", "previous_track": "previous back last",
    "play_media": "play put", "set_volume": "volume loud quiet to at", "mute": "mute silence", "unmute": "unmute",
    "select_source": "source input switch", "start": "start clean vacuum hoover", "pause_cleaning": "pause",
    "return_home": "dock home back", "open_valve": "open on", "close_valve": "close off shut", "arm": "arm",
    "add_item": "add put", "tick_item": "tick done got", "remove_item": "remove delete take off",
}  # fmt: skip
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def foreign(name: str, value: Any) -> bool:
    """Whether a reported value is more than a number, a yes or no, or a word of our own vocabulary."""
    if name in FREE_TEXT:
        return bool(value) and not (name == "unit" and isinstance(value, str) and len(value) <= LONGEST_UNIT)
    if not isinstance(value, str):
        return not isinstance(value, (int, float))
    return value not in VOCABULARY and not (name == "color" and value.isalpha() and len(value) <= LONGEST_COLOR)


LONGEST_COLOR, LONGEST_UNIT = 20, 4
VOCABULARY = frozenset({
    *get_args(capabilities.Mode), *get_args(capabilities.Playback), *get_args(capabilities.Activity), "disarmed", "home", "away",
    "night", "detected", "clear", "normal", "not detected", "unoccupied", "occupied", "shut", "unknown",
    *(word for words in STATES.values() for word in words.split()),
})  # fmt: skip


def named(text: str, names: Names, *, sure: bool = True) -> set[str]:
    """The ids of the devices that these words name, if `sure` beyond doubt; nothing is guessed, and the longest name counts."""
    words = text.split()[:LONGEST_SAID]
    known = [_known(word, names) for word in words]
    places, things, end_before = set[str](), set[str](), 0
    for start in range(len(words)):
        for end in range(min(len(words), start + SPAN), max(start, end_before), -1):
            if not all(known[start:end]):
                continue
            if found := _called(" ".join(words[start:end]).strip(" ,.;:!?"), names, sure):
                (places if found.bare else things).update(device.id for device in found.devices or found.ambiguous)
                end_before = end
                break
    said = set(stems(text))
    kinds = {kind for kind, nouns in NOUNS.items() if said & set(nouns.split())}
    places = {id for id in places if not kinds or names.house.devices[id].kind in kinds}
    return (things & places) or things or places


def _known(word: str, names: Names) -> bool:
    """Whether a name of this house could have the word."""
    return all(one in SMALL or one in names.index.tells or one in KINDS_SAID for one in stems(word))


def _called(span: str, names: Names, sure: bool) -> Selection | None:
    found = names.find(span) if _names(span) else None
    if found is None or found.guess or found.unknown:
        return None
    return found if found.devices or (found.ambiguous and not sure) else None


def _names(span: str) -> bool:
    """Whether a stretch of words could be a name: it does not begin or end with a small word."""
    words = fold(span)
    return bool(words) and not {words[0], words[-1]} & (PREPOSITIONS | POINTING | {"and", "or"})


def own(text: str, call: ToolCall, names: Names) -> bool:
    """Whether the wish stands in these words of a person: every target, every value, and a word for the command."""
    said = stems(text)
    if NEGATED.search(text.casefold()) or not _wished(call.command, said) or not values_said(text, said, call.args):
        return False
    return set(call.targets) <= named(text, names)


def _wished(command: str, said: Sequence[str]) -> bool:
    return bool(set(stems(CUES.get(command, command.replace("_", " ")))) & set(said))


def values_said(text: str, said: Iterable[str], args: Mapping[str, Any]) -> bool:
    """Whether each value stands in the words, as a number or by its words."""
    numbers, words = _numbers(text), set(said)
    words |= _modes(words)

    def stands(value: Any) -> bool:
        return float(value) in numbers if isinstance(value, (int, float)) else set(stems(str(value).replace("_", " "))) <= words

    return all(stands(value) for value in args.values())


def _numbers(text: str) -> set[float]:
    words = fold(text)
    tables = (NUMBERS, TENS, SHARE, WHITE)
    said = {float(number.replace(",", ".")) for number in NUMBER.findall(text)}
    said |= {float(table[word]) for word in words for table in tables if word in table}
    return said | {float(TENS[a] + NUMBERS[b]) for a, b in pairwise(words) if a in TENS and b in NUMBERS}


def _modes(words: set[str]) -> set[str]:
    found = {table[word] for word in words for table in (MODE, ALARM_MODE) if word in table}
    return {part for mode in found for part in mode.split("_")}
