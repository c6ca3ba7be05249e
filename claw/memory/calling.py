"""Other names that people give to rooms and devices: which thing is meant, and whether the name can be had."""

import re
from dataclasses import replace

from claw.device import Device
from claw.discovery.found import clean
from claw.house import Area, House
from claw.names import ALL, ARTICLES, FLOORS, HOME, KINDS_SAID, PREPOSITIONS, SMALL, fold, stems
from claw.reflex.alias import DEEDS, scene
from claw.reflex.numbers import DAYS, MONTHS, NUMBERS, ORDINALS, TENS
from claw.reflex.reader import Reader
from claw.reflex.reading import Context, Topic
from claw.turns.replies import call_of_it, listed, the

LONGEST_NAME, MOST_WORDS = 40, 4
SIGNS = re.compile(r"[\w '’-]+")
WORDS = {
    "verbs": """turn switch power put set make change dim brighten open close shut lock unlock raise lower mute unmute pause
        resume start stop play bring move tilt arm disarm run skip remind wake cancel delete undo redo call rename remember
        forget tell show""",
    "pointing": """i me you it he him she they them we us this that these those here there who what which when where why
        how and or then if but except not until""",
    "times": """today tomorrow yesterday tonight now soon later morning noon afternoon evening night midnight sunset
        sunrise day week month year hour minute second weekday weekend half past quarter""",
}
VERBS, POINTING, TIMES = (frozenset(words.split()) for words in WORDS.values())
# no name by themselves
VAGUE = (SMALL | HOME | DEEDS | KINDS_SAID | TIMES).union(FLOORS, DAYS, MONTHS, NUMBERS, TENS, ORDINALS, "123456")
Thing = Area | Device


def fits(name: str) -> bool:
    """Whether a name is of a bearable length and of words, not only of digits and signs."""
    short = len(name) <= LONGEST_NAME and len(name.split()) <= MOST_WORDS
    return short and SIGNS.fullmatch(name) is not None and any(map(str.isalpha, fold(name)))


class Calling:
    """Finds things by what they are called, and changes what they are called."""

    def __init__(self, house: House, reader: Reader) -> None:
        self.house, self.reader = house, reader

    def thing(self, words: str) -> Thing | None:
        """The one room or device that these words name; None when there is none, or several."""
        said = stems(words)
        for area in self.house.areas.values():
            if said in map(stems, self.goes_by(area)):
                return area
        found = self.reader.names.find(words)
        return found.devices[0] if len(found.devices) == 1 and not (found.guess or found.bare) else None

    def several(self, words: str) -> str:
        """The devices among which these words do not choose, for people; empty when that is not so."""
        devices = self.reader.names.find(words).ambiguous
        return listed([call_of_it(self.house, device) for device in devices[:4]], "or") if devices else ""

    def divide(self, said: str) -> tuple[Thing, str] | None:
        """ "the study the blue room": the thing and its new name. The name begins with an article or a capital, if one does;
        else behind a whole name; else as late as can be."""
        words = said.split()
        known = {stems(name) for thing in self.things() for name in self.goes_by(thing)}

        def worse(cut: int) -> tuple[bool, bool, int]:
            first, before = words[cut], words[cut - 1]
            begins = first.casefold() in ARTICLES or (first.istitle() and not before.istitle())
            return not begins, stems(" ".join(words[:cut])) not in known or first.casefold() in KINDS_SAID, -cut

        cuts = sorted(range(1, len(words)), key=worse)
        found = ((self.thing(" ".join(words[:cut])), " ".join(words[cut:])) for cut in cuts)
        return next(((thing, name) for thing, name in found if thing), None)

    def things(self) -> list[Thing]:
        """All rooms, then all devices."""
        return [*self.house.areas.values(), *self.house.devices.values()]

    def goes_by(self, thing: Thing) -> list[str]:
        """Its name, then its other names."""
        names = (thing.name, *thing.aliases) if isinstance(thing, Area) else (self.house.name(thing), *self.house.aliases(thing))
        kept: dict[str, str] = {}
        for name in names:
            kept.setdefault(" ".join(fold(name)), name)
        return list(kept.values())

    def it(self, thing: Thing) -> str:
        """How people call it, with its article."""
        return the(thing.name) if isinstance(thing, Area) else call_of_it(self.house, thing)

    def refused(self, thing: Thing, name: str, context: Context) -> str:
        """Why it cannot be called so; empty when it can."""
        said = fold(name)
        if not fits(name):
            return f"A name is at most {MOST_WORDS} words of letters and digits, in at most {LONGEST_NAME} characters."
        meant = self.reader.read(name, replace(context, question="approval", scenes={}, topic=Topic()))  # also yes and no
        if meant and meant.level != "tagger":  # that one reads it otherwise once it is a name here
            return f"“{name}” already means something to me. Please choose another name."
        if scene(name, context):
            return f"“{name}” is already the name of a scene."
        if {*stems(name)} <= VAGUE or {*said} <= VAGUE or (ALL | POINTING) & {*said} or said[0] in VERBS | PREPOSITIONS:
            return f"“{name}” can mean many things, so I would mix them up. Please choose another name."
        others = (one for one in self.things() if one is not thing and one != thing)
        taken = {stems(word): one for one in others for word in (*self.goes_by(one), getattr(one, "floor", ""))}
        other = self.it(taken[stems(name)]) if stems(name) in taken else ""
        return f"“{name}” is already what you call {other}. Please choose another name." if other else ""

    def call(self, thing: Thing, name: str, *, also: bool) -> None:
        """From now on it goes by this name, too. Unless `also`, a device is shown with it; a room keeps its name, to which
        all else refers.

        The name stands among the aliases as well, so that it goes on working when the config names the device.
        """
        name = clean(name, LONGEST_NAME)
        others = [one for one in self.goes_by(thing) if fold(one) != fold(name)]
        if isinstance(thing, Area):
            self.house.add_area(replace(thing, aliases=(*others[1:], name)))
        else:
            self.house.describe(thing.id, name=None if also else name, aliases=[*others, name])

    def keep(self, thing: Thing, names: list[str]) -> None:
        """From now on it goes by these names only; a room by its own first."""
        if isinstance(thing, Area):
            self.house.add_area(replace(thing, aliases=tuple(names[1:])), anew=True)
        else:
            self.house.describe(thing.id, name=names[0], aliases=names[1:])
