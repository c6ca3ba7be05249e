"""Whether the house shows what a sentence says of it: "the front door is locked", "it is 19 degrees in the bedroom"."""

import re
from collections.abc import Callable, Iterable

from claw.capabilities import holds
from claw.device import Device
from claw.house import House
from claw.names import Names, Selection, stems
from claw.reflex.states import STATES, is_so, measure, of_air

LITTLE = (
    r"(?:(?:now|just|already|still|currently|both|all|safely|again|also|too|fully|completely|indeed|turned|switched|"
    r"right now|at the moment) )*"
)
WORDS = {"opened": "open", "shut": "closed", "finished": "done"}
SAID = "|".join(sorted({*STATES, *WORDS} - {"done", "empty"}, key=len, reverse=True))
WHERE = r"(?: (?P<where>(?:in|on|at) (?:the |your )?[\w' -]{2,40}))?"
TAIL = r"(?: (?:now|again|too|right now|currently|at the moment|already|for you))*"
IS = r"(?: (?:is|are)|'s|'re|:)"
STATE = re.compile(rf"(?P<thing>[\w' -]{{2,80}}?){IS} (?P<no>not |no longer )?{LITTLE}(?P<state>{SAID}){WHERE}?{TAIL}")
NUMBER = r"(?:about |around |exactly )?(?P<number>-?\d{1,3}(?:[.,]\d+)?) ?(?P<unit>°c?|degrees?(?: celsius)?|percent|%)?"
SET = re.compile(rf"(?P<thing>[\w' -]{{2,80}}?){IS} {LITTLE}(?P<set>set to|set at|dimmed to|at) {NUMBER}{WHERE}{TAIL}")
AIR = re.compile(
    rf"(?:it(?: is|'s)|(?:the )?(?P<what>temperature|humidity)(?: is|'s)?(?P<there> (?:in|on|at) [\w' -]{{2,40}}?)?(?: is|"
    rf"'s)?) {LITTLE}{NUMBER}"
    rf"{WHERE}{TAIL}"
)
AND = re.compile(r",? (?:and|but|while) (?=[^,]{3,60}? (?:is|are) )|[,;] (?=[^,;]{3,60}? (?:is|are) )")
FIELDS = {"degrees": ("target", "temperature"), "percent": ("brightness", "volume", "speed", "position")}
COUNTED = re.compile(r"(?:\d+|one|two|three|four|five|six|some|most|none|no|any|many|several|half)\b|it$|they$|that$|this$")

So = Callable[[Device], bool | None]  # of one device; None when it does not tell


def shown(house: House, names: Names) -> Callable[[str], bool | None]:
    """Asked with a sentence: True when devices that answer report it so, False when one reports otherwise, None: not known."""
    return Showing(house, names).so


class Showing:
    """For one house."""

    def __init__(self, house: House, names: Names) -> None:
        self.house, self.names = house, names

    def so(self, sentence: str) -> bool | None:
        """Of all parts of the sentence; one that is not so makes it false."""
        said = " ".join(sentence.replace("’", "'").lower().replace(" n't", "n't").replace("n't", " not").split()).strip(" .!…-*•")
        said = re.sub(r"^(?:(?:yes|no|okay|ok|sure|and|currently|right now)[,:]? )+", "", said)
        parts = AND.split(said) if all(re.search(IS, part) for part in AND.split(said)) else [said]
        return _all([self._part(part) for part in parts])

    def _part(self, said: str) -> bool | None:
        if found := AIR.fullmatch(said):
            return self._air(found)
        if found := SET.fullmatch(said):
            return self._set(found)
        if found := STATE.fullmatch(said):
            state = WORDS.get(found["state"], found["state"])
            so = self._each(found, lambda device: is_so(device, state))
            return so if so is None or not found["no"] else not so
        return None

    def _each(self, found: re.Match[str], so: So) -> bool | None:
        """Whether it is so of all that are meant; where one of several is meant, only what all of them agree on is known."""
        chosen = self._meant(found, so)
        told = [so(device) if device.online else None for device in chosen.devices or chosen.ambiguous]
        return None if chosen.ambiguous and len(set(told)) > 1 else _all(told)

    def _meant(self, found: re.Match[str], so: So) -> Selection:
        """The devices that the sentence is about and that tell it; none where it is only a guess or counts them."""
        thing = re.sub(r"^(?:both|all(?: of)?) (?:the |your )?", "all ", found["thing"].strip())
        if COUNTED.match(thing):
            return Selection()
        where = f" {found['where']}" if found["where"] else ""
        chosen = self._find(f"{thing}{where}", lambda device: so(device) is not None)
        return Selection() if chosen.bare else chosen

    def _find(self, words: str, fits: Callable[[Device], bool]) -> Selection:
        """Nothing for words that this house does not know, before they are searched for."""
        if not words or not any(stem in self.names.index.tells for stem in stems(words)):
            return Selection()
        chosen = self.names.find(words.replace("your ", "the "), all=words.startswith("all "), fits=fits)
        return Selection() if chosen.guess or chosen.unknown else chosen

    def _set(self, found: re.Match[str]) -> bool | None:
        """What is set to, or at, a number; of a place its air."""
        unit = "percent" if (found["unit"] or "") in ("%", "percent") else "degrees"
        fields = FIELDS[unit] if found["unit"] else (*FIELDS["degrees"], *FIELDS["percent"])
        fields = tuple(field for field in fields if found["set"] == "at" or field != "temperature")
        number = float(found["number"].replace(",", "."))

        def so(device: Device) -> bool | None:
            told = [holds(field, number, device.state[field]) for field in fields if device.state.get(field) is not None]
            return any(told) if told else None

        told = self._each(found, so)
        return told if told is not None or unit == "percent" else self._measured("temperature", found["thing"], number)

    def _air(self, found: re.Match[str]) -> bool | None:
        what = found["what"] or ("humidity" if (found["unit"] or "") in ("%", "percent") else "temperature")
        if not found["unit"] and not found["what"]:
            return None  # "it is 19" may be a time
        return self._measured(what, found["where"] or found["there"] or "", float(found["number"].replace(",", ".")))

    def _measured(self, what: str, where: str, number: float) -> bool | None:
        """Whether one of the meters there shows this number, rounded as people say it."""
        chosen = self._find(re.sub(r"^ ?(?:in|on|at) ", "", where), lambda device: of_air(self.house, device, what) is not None)
        values = [measure(device, what) for device in chosen.devices or chosen.ambiguous if device.online]
        near = [abs(value - number) <= (0.6 if number == int(number) else 0.15) for value in values if value is not None]
        return any(near) if near else None


def _all(told: Iterable[bool | None]) -> bool | None:
    told = list(told)
    return False if False in told else None if None in told or not told else True
