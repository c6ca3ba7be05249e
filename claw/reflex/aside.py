"""Messages of which only a part leans on what was said: talk before or behind it; whom "her" and where "there" means."""

import re
from collections.abc import Iterable, Iterator

from claw.reflex.parts import REMARK

IT = "(?:it|that|them|those|this|these)"
POLITELY = r"(?:(?:(?:can|could|would|will) (?:you|u)|please|pls|just|so|then|now|and|sorry|no|wait|quick|quickly)[, ]+)*"
PUT, UNDO = "put|turn|take|bring|change|set", "undo|cancel|revert|scrap"
ACTS = f"""{PUT}|{UNDO}|scratch|switch|shut|close|open|lock|unlock|dim|lower|raise|make|move|stop|pause|resume|mute|unmute|leave
keep|get|cool|warm|brighten|skip""".replace("\n", "|")
BACK = (
    rf"(?:(?:back|on|off|up|down|out|open|shut|again|please|{IT} (?:was|were|had been)|to|how|as|the way|what"
    rf"|like|before)\b\s*)*"
)
WISH = rf"{POLITELY}(?:(?:{ACTS}) {IT}\b.*|(?:undo|put back|back) (?:how|on|off|up)\b.*|undo(?: please)?$)"
BEHIND = re.compile(rf"(?P<talk>.+?)(?P<cut>\s*[,.;:!?…—–-]+\s+|\s+)(?P<wish>{WISH})")
BEFORE = re.compile(
    rf"(?P<wish>{POLITELY}(?:(?:{UNDO})(?: {IT})?|(?:{PUT}|switch) {IT} {BACK}))"
    r"(?P<cut>\s*[,.;:!?…—–-]+\s*|\s*)(?P<talk>\S.*)"
)
CUT = re.compile(r"(?P<talk>.+)\s*[,.;:!?…—–]+\s+(?P<wish>.+)")
REPORTED = re.compile(
    r"\b(?:said|says?|told|tell|tells|asked|asks?|wrote|heard|wants? (?:me|you|him|her|us|them)|who|why"
    r"|whether|if|when|whenever"
    r"|unless|until|till|once|after|before|while|remember|remind|always|never(?! ?mind)|used to|movie|song|book|imagine)\b"
)
UNFINISHED = re.compile(  # behind such a word a wish is none of the claw's: "she did", "don't", "i had to"
    r"(?:^|.*\W)(?:i|he|she|we|you|they|it|who|someone|somebody|to|not|never|don'?t|dont|didn'?t|always|should|must|did|do|does"
    r"|could|would|will|can|might|may|or|that|the|a|an|my|your|our|his|her|let'?s|'ll|'d|i'll|we'll|we|just"
    r"|and|mum|dad|cannot|can'?t"
    r"|won'?t|gonna|wanna|better|rather)"
)
CLAUSE = re.compile(
    r"\b(?:is|are|was|were|am|has|have|had|got|need\w*|want\w*|like\w*|forgot|hates?|loves?|too|so|way|wait"
    r"|never ?mind|sorry|oops"
    r"|i'?m|\w+'(?:s|re|m|ve)|theyre|hes|shes|thats|its|can'?t|cannot|not|no|oh|duh|hey|hang on)\b"
)
SUBJECT = re.compile(
    r"(?:i|we|he|she|it|they|there|that|this|you)(?:'\w+|s)? \w|(?:i'm|we're|they're|it's|he's|she's)\b"
    r"|(?:because|cos|coz|cause|bc)\b"
    r"|(?:(?:the|my|our|his|her) )?\w+(?:'s)? (?:is|are|was|were|isn't|aren't|has|needs?|wants?|still)\b|sorry|please"
)
TIMED = re.compile(r"\b(?:in|at|for|after|until|till|by|every|tomorrow|tonight|later|when|if|once|before|unless)\b")
UNDONE = re.compile(
    rf"(?:{UNDO}|scratch)(?: {IT})?"
    rf"|(?:(?:{PUT}) {IT} )?back(?: to)? (?:how|as|the way|what|like) {IT} (?:was|were"
    rf"|had been)(?: before)?"
    rf"|(?:{PUT}) {IT} back(?: again)?"
)
BACK_AGAIN = re.compile(
    rf"(?:(?:put|turn|switch|bring|open|close|shut) {IT} )?(?:(?:all )?back )(?P<way>on|off|up|down|open|closed)(?: again)?"
)
IF_SO = re.compile(
    r"(?P<asked>.+?)[?,.;!\s]*\s(?:and |but )?if (?P<way>so|yes|not|no|it is|they are|it'?s not|it isn'?t"
    r"|they aren'?t|it does|it doesn'?t)\b"
    r"[, ]+(?:then |please |can you |could you |just )*(?P<do>.+)"
)
VERB = re.compile(r"'s | is | are | was | were | has | have | needs? |s (?=been )|'re | looks? | seems? ")
SHE = re.compile(r"\b(?:her|his|their)(?= (?!(?:to|and|or|a|the|in|on|off|now|again|too|please|so)\b)[a-z])")
OWNED = re.compile(r"(\w+)(?:'s|’s|s['’])(?!\w)")
SPELT = re.compile(r"\b(?:add|list|remind|remember|note|play|call|say)\b")
HERE = re.compile(r",? (?:(?:in|over|up|down|out) there|there(?=[\s?.!]*$))", re.IGNORECASE)
ASKED_OF = re.compile(
    r"(?:and |also |then |now |please |can you |could you )*(?:is|are|what|how|the|turn|switch|put|set|make|open|close|shut|dim"
    r"|start|stop|lower|raise|warm|cool|heat|play|pause|mute)\b",
    re.IGNORECASE,
)
AGAIN_LATER = re.compile(
    r"(?:and |then )*(?:back )?(?P<way>on|off|open|shut|closed)(?: again)? (?P<when>(?:in|after) (?:a|an|half"
    r"|\d+|\w+) .+|at \d.*)"
)
LATER_SAID = {"on": "turn them on", "off": "turn them off", "open": "open them", "shut": "close them", "closed": "close them"}


def pieces(said: str) -> Iterator[tuple[str, str]]:
    """Ways to see the message as (talk, a wish with a pronoun); the talk tells no wish of others and sets no time."""
    behind = BEHIND.fullmatch(said)
    finished = behind and not REPORTED.search(behind["talk"]) and not UNFINISHED.fullmatch(behind["talk"])
    if behind and finished and (behind["cut"].strip() or CLAUSE.search(behind["talk"])):
        yield behind["talk"], behind["wish"]
    before = BEFORE.fullmatch(said)
    if before and not TIMED.search(before["talk"]) and (before["cut"].strip() or SUBJECT.match(before["talk"])):
        yield before["talk"], before["wish"].strip()


def subjects(talk: str) -> Iterator[str]:
    """What a remark may speak of, the longest first: "sam's lamp" of "sam's lamp is blinding"."""
    for found in reversed([*VERB.finditer(f"{talk} ")]):
        yield talk[: found.start()].removeprefix("hey ").removeprefix("oh ")


def remarks(talk: str) -> bool:
    """Whether it speaks of people or of how it is."""
    return bool(REMARK.match(talk) or re.match(r"(?:that|this|they|he|she|you|too|way|so|bit|a bit|much|not|no)\b", talk))


def with_owner(text: str, owners: Iterable[str], before: str = "") -> str:
    """The text with the name of whom "her" means: who was named in it before, else in the words before; as it is when nobody."""
    own = set(owners)
    if not own or SPELT.search(text.casefold()) or not (her := SHE.search(text.casefold())):
        return text
    for said in (text[: her.start()], before):
        words = re.findall(r"\w+", OWNED.sub(r"\1", said.casefold()))
        named = [one for word in words if (one := word if word in own else word.removesuffix("s")) in own]
        if named:
            return f"{text[: her.start()]}{named[-1]}'s{text[her.end() :]}"
    return text


def with_place(text: str, where: str) -> str:
    """The text with the place that "in there" means; without it beside an "it"."""
    if not where or not ASKED_OF.match(text) or not (there := HERE.search(text)):
        return text
    place = "" if re.search(rf"\b{IT}\b(?! \w+ in there)", text[: there.start()].casefold()) else f" {where}"
    return text[: there.start()] + place + text[there.end() :]
