"""Sentences about what was done: "undo that", "what did you do last night?", "why is the lamp on?"."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from claw.color import SPOKEN
from claw.names import KINDS_SAID, fold, singular
from claw.reflex import times
from claw.reflex.numbers import DAYS, NUMBERS
from claw.reflex.reading import Request
from claw.reflex.states import OPPOSITE, STATES

SLANG = {"wat": "what", "wot": "what", "u": "you", "r": "are", "ur": "your", "didnt": "didn't"}
SHORT = re.compile(rf"\b(?:(what|who|when|why|where|how)(?:'?(s)|'(d))|({'|'.join(SLANG)}))\b")
OOPS = r"(?:(?:no|oops|oop|whoops|sorry|wait|actually|oh|ah|hmm|ugh|damn),? )*"
WRONG = (
    r"(?:(?:that|this|it|that's|it's) (?:was |is )?(?:wrong|a mistake|not what i (?:wanted|meant))"
    r"|i (?:didn't|did not) mean (?:that|it))"
)
LAST = r"(?:the|my|your) (?:last|previous)(?: (?:one|thing|command|action|change|step|message))?(?: you did)?"
THAT = rf"(?:that|it|this|them|{LAST}|what you(?:'ve| have)? (?:just )?(?:did|done))"
AS_BEFORE = r"(?: (?:again|(?:to )?(?:how|what|as|the way|like) (?:it|that|they|everything) (?:was|were)(?: before)?))?"
UNDO = re.compile(
    rf"{OOPS}(?:{WRONG}[,.;:]? )?(?:and |so |please )?(?:(?:undo|revert|reverse|ctrl[ +-]?z)(?: {THAT})?"
    rf"|(?:take|put|change|bring|set|switch|roll) (?:{THAT}|(?P<all>everything)) back{AS_BEFORE}|take back {THAT}"
    r"|(?:undo|revert|reverse|take back) (?P<several>(?:everything|all)\b.*"
    r"|(?:the|my|your|both) (?:last |previous )?(?:two|three|few|\d)\b.*)"
    r"|undo (?P<thing>(?:the|my|our) \w+(?: \w+){0,2}))"
)
REDO = re.compile(rf"{OOPS}(?:redo(?: that| it| {LAST})?|undo (?:the|that|your) undo)")
OFFER = re.compile(
    rf"{OOPS}(?:i (?:didn't|did not) mean (?:that|this|it|the .+)|not that (?:one|lamp|light|room|door)"
    r"|(?:that(?:'s| is| was) )?(?:the )?wrong \w+(?:,? sorry)?|that(?:'s| is| was) not what i (?:wanted|meant|asked for))"
)
AGAIN_DO = re.compile(
    r"(?:and )?(?:(?:(?:do|try) (?:it|that|this|the same)(?: thing)? )?(?:again|once (?:more|again)|one more time)"
    r"|same again|repeat(?: (?:that|it|this))?)"
)

DID = re.compile(
    r"(?:tell me |show me |list )?what (?:all )?"
    r"(?:did you (?P<just>just )?do|have you (?P<just2>just )?(?:done|been (?:doing|up to))"
    r"|you did|you have done|you've done|did you change|have you changed)(?P<tail> .+)?"
    r"|(?:did you do|have you done|did you change) (?:any|some)thing(?P<tail2> .+)?"
    r"|(?:what|(?:(?:did|has) )?(?:any|some)thing) happen(?:ed)?(?P<span> .+)"
    r"|(?:(?:give|tell|show) me |what is )?(?:(?:a|the) )?(?:summary|recap|rundown|report)(?: (?:of|for|on|about))?(?P<span2> .+)"
)
LAST_DEED = re.compile(r"what(?:'s| is| was) the last thing (?:that )?you (?:did|have done|'ve done)|what did you do last")
LOG = re.compile(r"(?:(?:show|give|tell) (?:me )?)?(?:(?:the|your|my|our) )?(?:activity|history|log|activity log)")
MISSED = re.compile(r"what (?:did|have) (?:i|we) miss(?:ed)?|did (?:i|we) miss anything|what is new")
AWAY = re.compile(r"(?:while|when) (?:i|we) (?:was|were) (?:away|out|gone|asleep|sleeping|not (?:here|home|at home))")
THING = re.compile(r"(?:to|with|in|on|about|at) (.+)")
COUNTS = {**NUMBERS, "a": 1, "an": 1, "couple of": 2, "few": 3, "half an": 0.5}
UNITS = {"minute": 60.0, "hour": 3600.0, "day": 86400.0, "week": 7 * 86400.0}
LATELY = re.compile(rf"(?:in|over|during|within|for)? ?the (?:last|past) (?:(\d+|{'|'.join(COUNTS)}) )?({'|'.join(UNITS)})s?")
# what a part of a day means: from this hour to that; last night is from 18:00 to 08:00
PARTS = {"morning": (5, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 32)}

STATE = (
    r"(?P<state>on|off|open|closed|shut|locked|unlocked|playing|paused|stopped|muted|running|cleaning|docked"
    r"|so (?:bright|dim|dark|loud|quiet)|(?:only )?(?:at|set to) \d+(?: ?%| percent| degrees| ?°c?)?"
    rf"|{'|'.join(SPOKEN)})"
)
SAME = {"shut": "closed", "running": "on", "so bright": "brightness", "so dim": "brightness", "so dark": "brightness",
        "so loud": "volume", "so quiet": "volume"}  # fmt: skip
STILL = r"(?:(?:still|already|even|suddenly|currently|all|always|standing|left|now) )?"
AGAIN = r"(?: again| now| today)?(?: (?P<place>(?:in|on) .+))?"
AS_IT_IS = (
    re.compile(
        rf"(?:why|how come|since when|(?:for )?how long) (?:is|are|'s|has|have)(?P<no>n't)? (?P<thing>.+?) (?:been )?{STILL}"
        rf"(?P<not>not )?{STILL}{STATE}{AGAIN}"
    ),
    re.compile(rf"how (?:come|long) (?:has |have )?(?P<thing>.+?) (?:is|are|been) {STILL}(?P<not>not )?{STATE}{AGAIN}"),
    re.compile(rf"who (?:has )?(?:left|let|kept|put) (?P<thing>.+?) {STATE}"),
)
SO = {  # "why is it so warm in the bedroom?": what tells
    "warm|hot|cold|cool|chilly|freezing|stuffy": ("heating", "target"), "loud|noisy": ("speaker", "volume"),
    "dark|gloomy": ("lights", "off"), "bright|light": ("lights", "on"),
}  # fmt: skip
SO_IT_IS = re.compile(rf"(?:why|how come) (?:is it|it is) (?:so |too |this )?(?P<so>{'|'.join(SO)}) (?P<place>(?:in|on|at) .+)")
MUSIC = re.compile(r"why (?:is|'s) there (?P<thing>(?:music|something|sound|a song|a radio)(?: playing)?(?: (?:in|on|at) .+)?)")
BECAME = {  # how a state comes about: the word for it, in the present and in the past
    "on": "(?:turn|switch|put|power|go|come|get)(?:n?ed)? on|turned on|switched on|went on|came on|got on|start(?:ed)?",
    "off": "(?:turn|switch|put|power|go|get|shut)(?:n?ed)? off|turned off|switched off|went off|got off",
    "open": "open(?:ed)?|raised?", "closed": "closed?|shut|lower(?:ed)?", "locked": "lock(?:ed)?", "unlocked": "unlock(?:ed)?",
    "stopped": "stop(?:ped)?|end(?:ed)?", "paused": "paused?", "muted": "muted?", "playing": "play(?:ed)?",
    "": "changed?|moved?|dim(?:med)?|brighten(?:ed)?|set|touch(?:ed)?|adjust(?:ed)?",
}  # fmt: skip
ANY = "|".join(BECAME.values())
WAY = r"(?:turn|switch|put|power|shut)(?:ed)?"
ANYONE = r"(?:anyone|anybody|someone|somebody)"
SELF = (  # who wonders what they did themselves: how it is now tells
    r"(?:(?:did|have) (?:i|we)(?: (?:forget|forgotten|remember) to)?|i (?:think i )?forgot to"
    r"|(?:i (?:can't|cannot|don't|do not) (?:remember|recall|know)|(?:i'm |i am )?not sure) (?:if|whether) (?:i|we))"
)
HOW = r"(?:why|how come|when)"
YOU = rf"(?:{HOW} (?:did|have) you|(?:who|what)(?: has| is| just)?|(?:did|has|have) (?:you|{ANYONE})(?: just)?|{SELF})"
LATELY_SAID = r"(?: (?:already|yet|today|yesterday|last night|this morning|just now))?"
EVENTS = (
    re.compile(rf"(?:what|who) (?:has )?(?:made|caused|got|let) (?P<thing>(?!you\b|i\b|we\b).+?) (?:to )?(?P<verb>{ANY})"),
    re.compile(rf"{HOW} did (?P<thing>(?!you\b|i\b|we\b).+?) (?:last )?(?P<verb>{ANY})"),
    re.compile(rf"{HOW} (?:was|were|has|have) (?P<thing>(?!you\b).+?) (?:last )?(?:been )?(?P<verb>{ANY})(?: by you)?"),
    re.compile(rf"{YOU} (?:last )?(?P<verb>{ANY}) (?P<thing>.+?)(?: to .+)?{LATELY_SAID}"),
    re.compile(rf"{YOU} (?:last )?{WAY} (?P<thing>.+?) (?P<side>on|off)(?: (?P<place>(?:in|on|at) .+))?{LATELY_SAID}"),
)  # fmt: skip
ASKS = (("who|what|(?:did|has|have) (?:any|some)", "who"), ("when", "when"), ("(?:did|have) you", "did"),
        ("(?:for )?how long|since when", "long"), (f"(?:{SELF}) ", "now"))  # fmt: skip
WAS = re.compile(rf"(?:was|were|has|have) (?P<thing>.+?) (?:been )?(?:left )?{STATE} (?P<span>.+)")
IT = frozenset({"it", "that", "this", "them", "these", "those"})
JUST_WHY = re.compile(
    r"(?:why|how come)(?: that| this)?|(?:why|how come) (?:did|have) you (?:do|done) (?:that|it|this)"
    r"|who (?:did|has done) (?:that|it|this)"
)
NO_THING = frozenset({"you", "i", "we", "he", "she", "everyone", "my wife", "my husband"})


def spelt(said: str) -> str:
    """Lower-case words with what is written short written out: "who's", "wat r u"."""
    return SHORT.sub(lambda m: SLANG[m[4]] if m[4] else f"{m[1]} {'is' if m[2] else 'did'}", said)


def read(text: str, now: datetime) -> Request | None:
    """What the sentence asks about the past; None when nothing.

    undo: {}; {"several"}; {"thing"}; {"how"} only offers it. redo: {}; {"again"}, the last deed whatever it was.
    did: {"since", "until"} (seconds since 1970), {"span"} in words, {"thing"}; or {"away"}; or {"last"}.
    why: {"thing", "state"}, with {"event"} when it asks how that came about, and {"asks"}: who, when, long, did (the claw
    itself), now, was (with a span); {} asks about the last deed.
    """
    said = spelt(" ".join(text.casefold().replace("’", "'").split()))
    said = re.sub(r"^was it you (?:who|that)", "did you", re.sub(r"\block(ed)? up$", r"lock\1 the doors", said))
    said = re.sub(r"^did (.+) (?:by (?:itself|themselves|accident)|on (?:its|their) own|all alone)$", r"why did \1", said)
    if AGAIN_DO.fullmatch(said) or REDO.fullmatch(said):
        return Request("history", "redo", {"again": True} if AGAIN_DO.fullmatch(said) else {})
    if undo := UNDO.fullmatch(said):
        several = {"several": True} if undo["all"] or undo["several"] else {}
        return Request("history", "undo", several or ({"thing": undo["thing"]} if undo["thing"] else {}))
    if OFFER.fullmatch(said):
        return Request("history", "undo", {"how": True})
    if (slots := _did(said, now)) is not None:
        return Request("history", "did", slots)
    return None if (slots := _why(said, now)) is None else Request("history", "why", slots)


def _did(said: str, now: datetime) -> dict[str, Any] | None:
    if LAST_DEED.fullmatch(said):
        return {"last": True}
    if LOG.fullmatch(said):
        return _span("today", now)
    asks = DID.fullmatch(said)
    tail = (asks["tail"] or asks["tail2"] or asks["span"] or asks["span2"] or "").strip() if asks else ""
    if asks and (asks["just"] or asks["just2"] or tail == "just"):
        return {"last": True} if tail in ("", "just") else None
    if MISSED.fullmatch(said) or AWAY.fullmatch(tail):
        return {"away": True, "span": "since you last wrote"}
    return _spanned(tail, now, bare=bool(asks["span"] or asks["span2"])) if asks else None


def _spanned(tail: str, now: datetime, *, bare: bool) -> dict[str, Any] | None:
    """The span and the thing of which a tail speaks, in either order; None when it speaks of something else."""
    words = tail.split()
    for cut in range(len(words) + 1):
        for when, what in ((words[:cut], words[cut:]), (words[cut:], words[:cut])):
            thing = THING.fullmatch(" ".join(what))
            span = _span(" ".join(when), now)
            if span and (thing or not what):
                return {**span, "thing": thing[1]} if thing else span
    if not tail:
        return _span("today", now)
    thing = None if bare else THING.fullmatch(tail)
    return {"since": 0.0, "until": now.timestamp(), "span": "", "thing": thing[1]} if thing else None


def _span(said: str, now: datetime) -> dict[str, Any] | None:
    """A span of the past in words, ending now at the latest."""
    found = _edges(said, now)
    if not found:
        return None
    since, until = found
    return {"since": since.timestamp(), "until": min(until, now).timestamp(), "span": said}


def _edges(said: str, now: datetime) -> tuple[datetime, datetime] | None:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    yesterday = today - timedelta(days=1)
    said = said.removeprefix("during ").removeprefix("on ").removeprefix("the ")
    if said in ("today", "so far today", "since this morning"):
        return today, now
    if said in ("yesterday", "since yesterday"):
        return yesterday, now if said.startswith("since") else today
    if said in ("all day", "whole day"):
        return today, now
    if said in ("last night", "overnight", "night", "at night", "all night", "whole night", "since last night", "tonight"):
        begin = today if said == "tonight" and now.hour >= PARTS["morning"][0] else yesterday
        return begin + timedelta(hours=18), now if said.startswith("since") else _part(begin, "night")[1]
    if said == "this week":
        return today - timedelta(days=now.weekday()), now
    if said.removeprefix("last ") in DAYS:
        back = (now.weekday() - DAYS.index(said.removeprefix("last ")) - 1) % 7 + 1
        return today - timedelta(days=back), today - timedelta(days=back - 1)
    if day := re.fullmatch(r"(this|yesterday|last) (morning|afternoon|evening)", said):
        return _part(today if day[1] == "this" else yesterday, day[2])
    if lately := LATELY.fullmatch(said if said.startswith(("in ", "over ", "within ", "for ")) else f"the {said}"):
        count = float(COUNTS.get(lately[1], lately[1]) if lately[1] else 1)
        return datetime.fromtimestamp(now.timestamp() - count * UNITS[lately[2]], now.tzinfo), now
    return _since(said, now, today)


def _part(day: datetime, part: str) -> tuple[datetime, datetime]:
    begin, end = PARTS[part]
    return day + timedelta(hours=begin), day + timedelta(hours=end)


def _since(said: str, now: datetime, today: datetime) -> tuple[datetime, datetime] | None:
    """Since a time of day: the last one that was, of both if morning or evening is not said."""
    time = re.sub(r"^(?:since|after) ", "at ", said)
    found = times.find(time, now) if time != said else []
    if len(found) != 1 or times.cut(time, found) or not {"clock"} <= found[0].slots.keys() <= {"clock", "midnight"}:
        return None
    hour, minute, _, exact = found[0].slots["clock"]
    hours = [hour] if exact or minute or hour == 12 else [hour, hour + 12]
    moments = [today + timedelta(days=day, hours=one, minutes=minute) for day in (-1, 0) for one in hours]
    return max(moment for moment in moments if moment <= now), now


def _why(said: str, now: datetime) -> dict[str, Any] | None:
    if JUST_WHY.fullmatch(said):
        return {}
    if so := SO_IT_IS.fullmatch(said):
        thing, state = next(told for words, told in SO.items() if re.fullmatch(words, so["so"]))
        return {"thing": f"{thing} {so['place']}", "state": state}
    if music := MUSIC.fullmatch(said):
        return {"thing": music["thing"].replace(" playing", ""), "state": "playing"}
    if (was := WAS.fullmatch(said)) and was["state"] in STATES and (span := _span(was["span"], now)):
        return {"thing": was["thing"], "state": was["state"], **span, "asks": "was"}
    if not (slots := _became(said)):
        found = next((match for pattern in AS_IT_IS if (match := pattern.fullmatch(said))), None)
        slots = _is(found.groupdict()) if found else None
    if slots is None:
        return None
    asked = next((word for start, word in ASKS if re.match(start, said)), "")
    if asked == "now" and (slots["thing"] in IT or not slots["state"]):
        return None
    return {} if slots["thing"] in IT else {**slots, "asks": asked} if asked else slots


def _is(given: Mapping[str, str | None]) -> dict[str, Any] | None:
    """Why something is in a state; None for states and things that no house has."""
    thing, said = given["thing"] or "", SAME.get(given["state"] or "", given["state"] or "")
    number = re.search(r"\d+", said)
    state = number[0] if number else said
    strange = said in SPOKEN and not any(singular(word) in KINDS_SAID for word in fold(thing))  # "the sky"
    if thing in IT | NO_THING or strange:
        return None
    if given.get("no") or given.get("not"):
        state = OPPOSITE.get(state, "")
    place = given.get("place")
    return {"thing": f"{thing} {place}" if place else thing, "state": state} if state else None


def _became(said: str) -> dict[str, Any] | None:
    """How a state came about: who did it, or why it happened."""
    for pattern in EVENTS:
        if asks := pattern.fullmatch(said):
            given = asks.groupdict()
            verb = given.get("verb") or f"turned {given['side']}"
            state = next(state for state, words in BECAME.items() if re.fullmatch(words, verb))
            thing = " ".join(word for word in (given["thing"], given.get("place")) if word)
            return None if thing in NO_THING else {"thing": thing, "state": state, "event": True}
    return None
