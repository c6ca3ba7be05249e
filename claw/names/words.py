"""Words as the names are kept and said: folding, plurals, kinds, numbers, and what points or may be left out."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

Words = tuple[str, ...]

ARTICLES = frozenset(["the", "a", "an", "my", "our", "your", "both", "of"])
PREPOSITIONS = frozenset({"in", "on", "at", "from", "for", "inside", "throughout", "across", "around", "to", "by", "near"})
RELATIONS = PREPOSITIONS | {"next", "beside", "above", "over", "under", "underneath", "behind", "below", "with"}
ALL = frozenset(["all", "every", "each", "everything", "everywhere"])
HOME = frozenset(["house", "home", "apartment", "flat", "whole", "entire"])
HERE = frozenset({("here",), ("this", "room"), ("in", "here")})
THIS_FLOOR, THE_ROOM = ("this", "floor"), ("the", "room")
SMALL = {*ARTICLES, *PREPOSITIONS, *ALL, *HOME, "and", "this", "here", "room", "any", "other", "left", "right"}
FLOORS = {"upstair": ("first", "upper", "second", "top", "1"), "downstair": ("ground", "lower", "main", "0")}
LEVELS = {  # of the first word of a floor that tells; 0 is the ground
    "basement": -1, "cellar": -1, "underground": -1, "ground": 0, "lower": 0, "main": 0, "downstair": 0, "0": 0, "1": 1,
    "2": 2, "upper": 2, "upstair": 2, "3": 3, "4": 4, "top": 8, "attic": 9, "loft": 9,
}  # fmt: skip

# words that say nothing of a device and may be left out; "one" also takes the place of a kind
FILLERS = frozenset({
    "please", "pls", "plz", "now", "again", "just", "too", "also", "well", "then", "back", "one", "ones", "thing", "stuff",
    "device", "appliance", "unit",
})  # fmt: skip
OTHERS = frozenset(["other", "others", "rest", "remaining", "remainder"])
IT = frozenset(["it", "that", "this", "them", "those", "these", "they"])
HIM = frozenset(["him", "her", "he", "she"])  # people say it of a vacuum
ONES = frozenset(["one", "ones"])
POINTING = OTHERS | IT | HIM | ONES | {"there", "both", "else"}

COUNTS = ("one two three four five six seven eight nine ten", "first second third fourth fifth sixth", "1st 2nd 3rd 4th 5th 6th")
NUMERALS = {word: str(number) for row in COUNTS for number, word in enumerate(row.split(), 1)}
ORDINALS = frozenset(word for word in NUMERALS if word.endswith(("st", "nd", "rd", "th")))
SHORT = {  # abbreviations and what dictation makes of them, where the house has what they stand for and no such word
    "br": "bedroom", "lr": "living room", "dr": "dining room", "fr": "family room", "mbr": "master bedroom", "kit": "kitchen",
    "bed": "bedroom", "temp": "temperature", "tele": "tv", "tee vee": "tv", "t v": "tv", "a c": "ac", "air con": "ac",
}  # fmt: skip
ROOMS = {  # other words for a room, which hold where no room is called so
    "hall": ("hallway", "entrance hall", "corridor", "entry"), "hallway": ("hall", "corridor", "entry"),
    "corridor": ("hallway", "hall"), "lounge": ("living room",), "sitting room": ("living room",), "bath": ("bathroom",),
    "toilet": ("bathroom",), "loo": ("toilet", "bathroom"), "wc": ("toilet", "bathroom"), "restroom": ("bathroom",),
    "yard": ("backyard", "garden"), "garden": ("backyard", "yard"), "cellar": ("basement",), "basement": ("cellar",),
    "office": ("study", "home office"), "study": ("office", "home office"), "kids room": ("children's room", "child's room"),
    "children's room": ("kids room", "child's room"), "child's room": ("kids room", "children's room"),
}  # fmt: skip
ALSO = {  # words of names for which others say another
    "maker": "machine", "machine": "maker", "fridge": "refrigerator", "refrigerator": "fridge", "couch": "sofa", "sofa": "couch",
    "christma": "xmas", "xma": "christma", "kid": "children", "children": "kid", "drier": "dryer", "dryer": "drier",
    "telly": "tv", "television": "tv", "stove": "cooker", "cooker": "stove", "washer": "washing", "outdoor": "outside",
    "outside": "outdoor", "nightstand": "bedside",
}  # fmt: skip
# real words that are a slip away from one of a house, and no slips
OTHER_WORDS = frozenset({
    "blond", "blend", "blink", "shame", "share", "shape", "certain", "clover", "heather", "waiter", "halfway", "matter",
    "guess", "loving", "giving", "leaving", "flour", "store", "stone", "stable", "cable", "horse", "mouse", "planet",
    "plan", "ratio", "officer", "sturdy", "love", "later", "late", "lift", "left", "bridge", "sight", "fight", "might",
    "tight", "slight", "flight", "stair", "value", "root", "make", "write", "start", "part", "condition", "header", "close",
    "closed", "three", "marker", "pointer", "median", "backward", "font", "move", "opened", "tell", "black", "bind",
    "printed", "garbage", "ever", "counted", "protector", "stale", "slower", "summed", "parity", "heading", "freeze",
    "fringe", "cleaned", "clearer", "closest", "closer", "bunch", "mile", "route", "audit", "beside", "thank", "winner",
    "batch", "lean", "cough", "tally", "soon", "setting", "cheating", "projection", "detection", "wright",
})  # fmt: skip

NOUNS = {  # what people call a kind
    "light": "light lamp lighting bulb",
    "switch": "switch plug outlet socket",
    "fan": "fan ventilator",
    "shade": "shade blind curtain drape shutter cover",
    "door": "door",
    "lock": "lock door",
    "thermostat": "thermostat temperature heating heat climate ac conditioner conditioning hvac aircon air radiator",
    "heater": "heater heating temperature",
    "player": "speaker player music audio sound song media",
    "vacuum": "vacuum hoover vac robot cleaner",
    "valve": "valve water",
    "camera": "camera cam",
    "alarm": "alarm system security",
    "list": "list",
    "sensor": "sensor detector",
}
SORTS = {  # what people call a sort, beside its own name
    "tv": "tv television telly",
    "garage": "garage door opener",
    "gate": "gate",
    "window": "window",
    "awning": "awning",
    "curtain": "curtain drape",
    "blind": "blind shade",
    "sprinkler": "sprinkler irrigation",
    "outlet": "outlet plug socket",
    "plug": "plug outlet socket",
}
OWN_NOUNS_ONLY = ("window", "awning")  # nobody calls these a blind
KINDS_SAID = frozenset(" ".join((*NOUNS.values(), *SORTS.values())).split())  # words that are known though nothing here is one


def fold(text: str) -> list[str]:
    """Lower-case words of a text, apostrophes dropped."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return re.findall(r"[^\W_]+", plain.replace("'s ", " ").replace("'", ""))


def singular(word: str) -> str:
    """An English plural without its ending; other words unchanged."""
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us")) else word


@lru_cache(4096)
def plainly(text: str) -> Words:
    """The words of a name as they are said, without articles."""
    return tuple(word for word in fold(text) if word not in ARTICLES)


@lru_cache(4096)
def stems(text: str) -> Words:
    """The words of a name as the index keeps them."""
    return tuple(map(singular, plainly(text)))


def nouns(kind: str, sort: str) -> set[str]:
    """What a device of this kind and sort is called."""
    words = set(stems(sort)) | set(SORTS.get(sort.casefold(), "").split())
    if kind == "player" and sort and sort != "speaker":  # a TV is no speaker
        return words | (set(NOUNS["player"].split()) - {"speaker"})
    if kind == "heater" and sort:  # "the heating" is not the pool
        return words | {"heater", "temperature"}
    return words if sort in OWN_NOUNS_ONLY else words | set(NOUNS.get(kind, kind).split())


def numbered(words: Sequence[str]) -> Words:
    """Number words as digits, behind what they count: "second lamp" and "lamp two" are "lamp 2"."""
    said = list(words)
    for n, word in enumerate(words[:-1]):
        if word in ORDINALS:
            said[n], said[n + 1] = said[n + 1], said[n]
    kept = [word for word in said if word not in ("number", "no")]
    counts = (next_one != singular(next_one) for next_one in [*kept, ""][1:])  # "two lamps" are not lamp 2
    return tuple(word if count else NUMERALS.get(word, word) for word, count in zip(kept, counts, strict=True))


def level(floor: str) -> int | None:
    """How high a floor is by its name, 0 is the ground; None when the name does not tell."""
    return next((LEVELS[word] for word in numbered([*stems(floor), ""]) if word in LEVELS), None) if floor else None
