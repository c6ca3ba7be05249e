"""The tagger level: a text with a verb and tags -> slots -> what that comes to in this house; several wishes part by part.

Every word must be accounted for: the words of targets by claw.names, the plain ones by the training's own. Else it passes on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Any

from claw.names import VIEWS, Names
from claw.reflex import deeds, values
from claw.reflex.mending import Mending, heard
from claw.reflex.slots import further, slots_of, torn
from claw.reflex.states import OPPOSITE
from claw.reflex.tagger import BEGINNINGS, Layer, Tagged, tagger
from claw.reflex.tokens import Lexicon

TAKEN, NOTHING = 0.6, 0.8  # from which share on a reading counts, and from which on it is believed that nothing is asked
ASKED = 0.5  # of questions
TAKEN_BARE = 0.8  # of one or two words that name nothing: "fry it"
SURELY_NOTHING, SHORT = 0.95, 7  # then not even a slip is looked for, but in a message of few words
SURELY = 0.8  # from which on a "when" or a "not" is believed to be no part of the wish
REMEMBERED = 32  # readings: one message is looked at in several ways
HEARD = 0.75  # from which on it is believed that other words were said than stand there
BY_ITSELF = "brighter dimmer warmer colder louder quieter faster slower up down pause resume next previous mute unmute stop"
ALONE = frozenset(BY_ITSELF.split(" "))  # wishes of one word; "vacuum" and "lamp" are none
BOTH_WAYS = frozenset(["on", "off"])
LEAST_TALK = 3  # words
UNREAD = ("none", "later", "several", "same")
ANY = re.compile(r"^(?:any|some)(?:thing|body|one)?\b(?: of)?(?: the\b)?\s*(?:else\b)?\s*", re.IGNORECASE)

ABSOLUTE = ("brightness", "set", "target", "volume", "speed")
LESS = re.compile(
    r"\b(?:less|low|lower\w*|down|dim\w*|reduc\w*|decreas\w*|quieter|softer|darker|cool\w*|cold\w*|slow\w*|retract\w*|clos\w*|cut|drop)\b",
    re.I,
)
MORE = re.compile(
    r"\b(?:up|rais\w*|increas\w*|bright\w*|loud\w*|warm\w*|hott\w*|fast\w*|high\w*|open\w*|extend\w*|boost)\b", re.I
)
LOWER = re.compile(r"\b(?:fresh\w*|low|lower|down|less|quieter|softer|darker|dimmer|cooler|colder|slower)\b", re.IGNORECASE)
HIGHER = re.compile(r"\b(?:up|higher|louder|brighter|warmer|hotter|faster)\b", re.IGNORECASE)
CONTRARY = {
    **dict.fromkeys(("up", "brighter", "louder", "warmer", "faster"), (LOWER, HIGHER)),
    **dict.fromkeys(("down", "dimmer", "quieter", "colder", "slower"), (HIGHER, LOWER)),
}
MOVES = {"open": "up", "close": "down"}
BIT = re.compile(
    r"\b(?:a (?:little |tiny |wee )?(?:bit|crack|touch|tad|smidge|notch)|a little|slightly|somewhat|partly)\b", re.IGNORECASE
)
COMFORT, WARM_SURE = range(14, 29), 0.75  # "set the bedroom to 19" is warmth: nobody dims a lamp to 19
PROPERTIES = {"volume": "volume", "brightness": "brightness", "temperature": "target", "speed": "speed"}
ALIKE = (  # between which the thing itself decides, so that their shares add up
    frozenset(ABSOLUTE), frozenset(["up", "brighter", "louder", "warmer", "faster"]),
    frozenset(["down", "dimmer", "quieter", "colder", "slower"]),
)  # fmt: skip
HALVED = {"bright": "dimmer", "loud": "quieter", "fast": "slower"}
HALF_AS = re.compile(r"\bhalf (?:as|that|so) (bright|loud|fast)\b", re.IGNORECASE)
WARM = re.compile(
    r"\b(?:heat\w*|warm\w*|cool\w*|temp\w*|thermostats?|radiators?|ac|a/?c|air ?con\w*|climate|boiler|pool|spa|sauna|degrees?)\b",
    re.IGNORECASE,
)
WARMTH = {
    **dict.fromkeys(("up", "brighter", "louder", "faster"), "warmer"),
    **dict.fromkeys(("down", "dimmer", "quieter", "slower"), "colder"),
}
LONG = re.compile(r"\b(?:long|how much time|since|for (?:ages|a while)|all (?:day|night)|whole)\b", re.IGNORECASE)
WHICH = re.compile(r"(?:.*\b(?:which|whats?|how many|where|list|number of|name)\b|(?:show|give) )", re.IGNORECASE)
ROOMS = re.compile(r"^(?:(?:which|what) )?rooms?(?: (?:in|have))? ", re.IGNORECASE)
VAGUE = re.compile(r"^(?:which|what) (?=\w)|\b(tv|ac)s\b", re.IGNORECASE)
STUFF = re.compile(r"^(?:(?:all|the|all the) )?(?:things|devices|stuff|gadgets|appliances)\b ?", re.IGNORECASE)
FORGOTTEN = re.compile(r"\bforg[eo]t", re.IGNORECASE)  # "did i forget to lock the door?": is it unlocked
DRY = re.compile(r"\b(?:sensor|detector)\b.* (dry|wet)$", re.IGNORECASE)
OUTSIDE = re.compile(r"\b(?:outside|outdoors)\b", re.IGNORECASE)
SHOPS = re.compile(r"(?:the )?(?:shops?|stores?|supermarket|grocer\w*|market)", re.IGNORECASE)
ANYONE = re.compile(r"\b(?:any|some)(?:one|body)\b", re.IGNORECASE)
YES_NO = re.compile(r"(?:is|are|any\w*|do|does)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Tagging:
    """What the tagger says of a text in one house: a verb with its slots; or that it asks nothing; or parts."""

    tagged: Tagged

    @property
    def verb(self) -> str:
        """The likeliest."""
        return self.tagged.verb

    @cached_property
    def slots(self) -> dict[str, Any]:
        """What was said with the verb."""
        return slots_of(self.tagged)

    @cached_property
    def parts(self) -> list[str]:
        """The wishes of which there are several."""
        return _parts(self.tagged) if self.verb == "several" else []

    @property
    def more(self) -> list[tuple[str, dict[str, Any]]]:
        """The wishes that the other values are: "blue at 30 %"."""
        return list(further(self.tagged))

    @cached_property
    def plain(self) -> set[str]:
        """The words that are of the wish itself."""
        return {token.word for token, tag in zip(self.tagged.tokens, self.tagged.tags, strict=True) if tag == "O"}

    @cached_property
    def taken(self) -> bool:
        """Whether it is sure enough, and made of known words."""
        words = sum(token.word.isalpha() and tag != "K" for token, tag in zip(self.tagged.tokens, self.tagged.tags, strict=True))
        alone = self.verb in ALONE or self.verb.startswith("ask") or ("V" in self.tagged.tags and self.verb in NEEDED)
        said = words > 1 or (words == 1 and alone)
        other, share = self.tagged.next
        if self.verb.startswith("ask"):  # an answer does no harm, and names what it is about
            known = not self.tagged.strange or "T" in self.tagged.tags
            return said and known and self.tagged.sure + share * other.startswith("ask") >= ASKED
        sure = self.tagged.sure + share * any(self.verb in alike and other in alike for alike in ALIKE)
        enough = TAKEN if words > len(BOTH_WAYS) or {"T", "V"} & set(self.tagged.tags) else TAKEN_BARE
        astray = "there" in self.plain  # "shutters there open": a place that it does not know
        clear = not astray and not self.plain >= BOTH_WAYS and not self.tagged.strange
        return said and clear and sure >= enough and self.verb not in UNREAD

    @property
    def clear(self) -> bool:
        """Whether there is no need to look for slips in it."""
        parts = bool(self.parts) and self.tagged.sure >= TAKEN and not self.tagged.strange
        nothing = self.tagged.verb == "none" and self.tagged.sure >= SURELY_NOTHING and len(self.tagged.tokens) > SHORT
        return self.taken or parts or nothing

    @cached_property
    def doubtful(self) -> bool:
        """Whether it may well be several wishes."""
        begun = sum(
            tag == "O" and token.word in BEGINNINGS for token, tag in zip(self.tagged.tokens, self.tagged.tags, strict=True)
        )
        return self.verb != "none" and (self.verb == "several" or begun > 1 or not self.taken)

    def spares(self, word: str) -> bool:
        """Whether this word stands in its targets only, as that of an exception: "all but not the hall"."""
        tags = [tag for token, tag in zip(self.tagged.tokens, self.tagged.tags, strict=True) if token.word == word]
        return bool(tags) and set(tags) == {"T"}

    def beside(self, *patterns: re.Pattern[str]) -> bool:
        """Whether some word of these patterns stands in it, but only in talk beside a wish that is surely one."""
        sure = self.verb in deeds.DEEDS and self.tagged.sure >= SURELY and not self.tagged.strange
        if not sure or "K" not in self.tagged.tags:
            return False
        found = [m.span() for one in patterns for m in one.finditer(self.tagged.text.casefold())]
        places = [
            (token.end > start and token.start < end, tag)
            for token, tag in zip(self.tagged.tokens, self.tagged.tags, strict=True) for start, end in found
        ]  # fmt: skip
        return bool(found) and all(tag == "K" for there, tag in places if there)

    @property
    def follows(self) -> bool:
        """Whether it asks for the same of something else."""
        return self.tagged.verb == "same" and self.tagged.sure >= TAKEN and not self.tagged.strange

    @property
    def nothing(self) -> bool:
        """Whether it surely asks for nothing."""
        return self.tagged.verb == "none" and self.tagged.sure >= NOTHING

    def told(self) -> tuple[str, ...]:
        """For --explain: each word with its tag, the verb, its share, and what spoke against it."""
        words = " ".join(f"{token.word}/{tag}" for token, tag in zip(self.tagged.tokens, self.tagged.tags, strict=True))
        second = f"{self.tagged.next[0]} {self.tagged.next[1]:.2f}"
        strange = f"; strange: {', '.join(self.tagged.strange)}" if self.tagged.strange else ""
        return (f"tags: {words}", f"tagger: {self.tagged.verb} {self.tagged.sure:.2f}, next {second}{strange}")


class Tags:
    """Runs the tagger for one house; the house's words are indexed anew when it changes."""

    def __init__(self, names: Names) -> None:
        self.names, self.mending = names, Mending(names)
        self._lexicon = lru_cache(VIEWS)(lambda version: _lexicon(names))
        self.layer: Layer | None = None  # what this house's examples add
        self._readings: dict[tuple[str, int, Layer | None], Tagging | None] = {}

    def read(self, text: str) -> Tagging | None:
        """What the tagger makes of the text; None without weights, or for an empty or very long text."""
        model, lexicon = tagger(), self.lexicon()
        asked = text, self.names.house.version, self.layer
        if asked in self._readings:
            return self._readings[asked]
        if len(self._readings) >= REMEMBERED:
            self._readings.clear()
        tagged = model.read(text, lexicon, self.layer) if model else None
        self._readings[asked] = found = Tagging(tagged) if tagged else None
        return found

    def mended(self, text: str) -> str:
        """The text without its slips, where that makes a clear wish or question of it; else as it is."""
        better = heard(text)
        found = self.read(better)
        if found is None or found.clear:
            return better if found and found.verb != "none" else text
        free = _free(found)
        readings = [(again, one) for one in self.mending.versions(better, free) if (again := self.read(one)) and again.clear]
        readings = [(again, one) for again, one in readings if again.verb == found.verb != "none" or "thing" in again.slots]
        wishes = [(round(again.tagged.sure, 1), again, one) for again, one in readings]
        if not wishes:
            return text
        _, again, best = max(wishes, key=lambda one: one[0])  # of equal ones the first: nearest to the names of the house
        return _kept(found, again) or best

    def misheard(self, text: str) -> Iterator[str]:
        """The text with names that some of its words sound like, where that makes a sure wish of it."""
        before = self.read(text)
        for version in self.mending.misheard(text):
            again = self.read(version)
            likely = again and (again.tagged.sure >= HEARD or (before and again.verb == before.verb))
            if again and likely and again.taken and again.verb in deeds.DEEDS:
                yield version

    def without_talk(self, text: str) -> str:
        """The text without what is only said before or behind a wish; the same text where there is nothing of that kind."""
        found = self.read(text)
        marks = found.tagged.tags if found else ""
        if not found or "K" not in marks:
            return text
        tokens = [token for token, tag in zip(found.tagged.tokens, marks, strict=True) if tag != "K"]
        inside = marks.strip("K")
        if not tokens or "K" in inside or len(marks) - len(inside) < LEAST_TALK:
            return text
        return found.tagged.text[tokens[0].start : tokens[-1].end].strip(" ,.;-")

    def lexicon(self) -> Lexicon:
        """The words of the house as it is now."""
        return self._lexicon(self.names.house.version)


def _lexicon(names: Names) -> Lexicon:
    areas = [name for area in names.house.areas.values() for name in (area.name, *area.aliases)]
    floors = {area.floor for area in names.house.areas.values() if area.floor}
    return Lexicon([name for name, _ in names.spoken()], areas, floors)


NEEDED = {  # verb -> the slot without which it was not understood
    "brightness": "number", "set": "number", "target": "number", "tilt": "number", "speed": "number", "volume": "number",
    "color": "color", "white": "white", "mode": "mode", "source": "media", "play": "media", "ask_noticed": "noticed",
    "add_item": "item", "tick_item": "item", "remove_item": "item",
    "ask_is": "state", "ask_which": "state", "ask_since": "state",
}  # fmt: skip


def wish(tagging: Tagging) -> tuple[str, dict[str, Any]] | None:
    """The verb and slots as wishes and answers take them; None when a value is missing or not known."""
    verb, slots = _stepped(tagging), dict(tagging.slots)
    if verb == "none" or _contrary(verb, tagging.tagged):
        return None
    if re.search(r"\bby (?:a )?half\b", tagging.tagged.text, re.IGNORECASE):
        slots["share"] = 0.5
    if half := HALF_AS.search(tagging.tagged.text):  # of what it is now
        thing = {name: value for name, value in slots.items() if name == "thing"}
        verb, slots = HALVED[half[1].casefold()], {**thing, "share": 0.5}
    if verb in MOVES.values() and BIT.search(tagging.tagged.text):
        slots["bit"] = True
    if verb == "white" and slots.get("number", 0) > 1000:
        slots["white"] = slots["number"]
    if verb == "arm":
        slots.setdefault("alarm_mode", "away")
    unknown = torn(tagging.tagged) or any(value is None for value in slots.values())
    if unknown or NEEDED.get(verb, "thing") not in slots.keys() | {"thing"}:
        return None
    return asked(verb, slots, tagging.tagged.text) if verb.startswith("ask") else (verb, slots)


def _contrary(verb: str, tagged: Tagged) -> bool:
    """Whether its plain words say the other way than the verb: "a little more low" is not louder."""
    if verb not in CONTRARY:
        return False
    plain = " ".join(token.word for token, tag in zip(tagged.tokens, tagged.tags, strict=True) if tag == "O")
    other, own = CONTRARY[verb]
    return bool(other.search(plain) and not own.search(plain))


def _stepped(tagging: Tagging) -> str:
    """The verb that the words around it make of it: "down 20" is a step, "open a bit" not all, "22" of light or heat."""
    verb, tagged, slots = tagging.verb, tagging.tagged, tagging.slots
    before = tagged.tokens[tagged.tags.index("V") - 1].word if "V" in tagged.tags[1:] else ""
    if verb in ABSOLUTE and before in ("up", "down"):
        return before
    if (
        verb == "set"
        and slots.get("number", 0) < 1000
        and (named := next((meant for word, meant in PROPERTIES.items() if word in tagging.plain), ""))
    ):
        return named
    if verb in (*ABSOLUTE, *MOVES) and before == "by":
        return "down" if LESS.search(tagged.text) else "up" if MORE.search(tagged.text) else "none"
    if verb in MOVES and "number" in slots:
        return MOVES[verb] if before in ("another", "further", "more") else "set"
    if verb in MOVES and BIT.search(tagged.text):
        return MOVES[verb]
    if verb == "target" and "unit" not in slots and not WARM.search(tagged.text):
        warm = tagged.sure >= WARM_SURE and slots.get("number", 0) in COMFORT
        return "target" if warm else "set"
    degrees = slots.get("unit") in ("degrees", "celsius", "fahrenheit")
    return WARMTH.get(verb, "target" if verb == "set" else verb) if degrees else verb


def asked(verb: str, slots: dict[str, Any], text: str) -> tuple[str, dict[str, Any]]:
    """A question as the answers take it: what of the thing, whether a yes or a no is wanted, since when or how long."""
    aspect = values.aspect(text)
    if SHOPS.fullmatch(str(slots.get("thing", ""))):
        slots["thing"] = "shopping list"
    if verb == "ask" or (verb, aspect) == ("ask_playing", "source"):
        return "ask", slots | ({"aspect": aspect} if aspect else {})
    if verb == "ask_since":
        long = bool(LONG.search(text))
        return verb, slots | {"asks": "long" if long else "when", **({} if long else {"event": True})}
    if verb == "ask_noticed" and ANYONE.search(text):
        return verb, slots | {"presence": True}
    if verb == "ask_noticed" and (dry := DRY.search(text)):  # "is the leak sensor dry?"
        return "ask_state", {
            "thing": f"{slots['noticed']} sensor {slots.get('thing', '')}".strip(),
            "state": dry[1],
            "whether": True,
        }
    if FORGOTTEN.search(text) and (state := slots.get("state")) in ("off", "closed", "locked"):
        slots["state"] = OPPOSITE[state]
    if verb in ("ask_temperature", "ask_humidity") and "thing" not in slots and (outside := OUTSIDE.search(text)):
        slots["thing"] = outside[0]
    whether = verb == "ask_is" or bool(YES_NO.match(text) if verb == "ask_playing" else not WHICH.match(text))
    if verb in ("ask_is", "ask_which"):
        thing = ROOMS.sub("", str(slots.pop("thing", "" if verb == "ask_which" else "everything")))
        slots |= {"either": True} if verb == "ask_is" and re.search(r"\w or \w", text) else {}
        thing = STUFF.sub("", VAGUE.sub(r"\1", thing))
        bare = ANY.sub("", thing)
        bare = f"any {bare}" if bare and (bare != thing or (whether and verb == "ask_which")) else bare
        verb, slots = "ask_state", slots | ({"thing": bare} if bare else {})
    return verb, slots | ({"whether": True} if whether else {})


def _free(tagging: Tagging) -> str:
    """ "-" for each token that no slip may be looked for in: titles and items may be any words."""
    return "".join("-" if tag in "IX" else " " for tag in tagging.tagged.tags)


def _kept(before: Tagging, after: Tagging) -> str:
    """The mended text with its titles and items as they were written; empty when the words do not match one by one."""
    old, new = before.tagged, after.tagged
    if len(old.tokens) != len(new.tokens):
        return ""
    text, last = "", 0
    for was, token, kept in zip(old.tokens, new.tokens, _free(after), strict=True):
        said = old.text[was.start : was.end] if kept == "-" else new.text[token.start : token.end]
        text, last = text + new.text[last : token.start] + said, token.end
    return text + new.text[last:]


def _parts(tagged: Tagged) -> list[str]:
    """The wishes between the joining words; what is only said beside them is none."""
    runs = [[*run] for joining, run in groupby(range(len(tagged.tags)), lambda n: tagged.tags[n] == "J") if not joining]
    wishes = [told for run in runs if (told := _trimmed(run, tagged.tags))]
    return [tagged.text[tagged.tokens[run[0]].start : tagged.tokens[run[-1]].end] for run in wishes]


def _trimmed(run: list[int], tags: str) -> list[int]:
    """The places from the first to the last that are no talk."""
    told = [n for n in run if tags[n] != "K"]
    return [n for n in run if told[0] <= n <= told[-1]] if told else []


assert NEEDED.keys() - {"ask_noticed", "ask_is", "ask_which", "ask_since"} <= deeds.DEEDS.keys()
