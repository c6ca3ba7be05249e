"""The words of messages that lean on the one before: openings of follow-ups and corrections, steps, values."""

import re
from typing import Any

from claw.color import SPOKEN, is_color
from claw.names import fold
from claw.reflex import deeds, values
from claw.reflex.numbers import NUMBERS, TENS
from claw.reflex.reading import Topic

GAP = r"[\s,.;:!-]+"
SIGHED = (
    r"(?:oh|a+h+|a+w+|och|aye|yeah|wh?o[aw]\w*|my (?:god|goodness|word)|my(?=,)|lol|omg|bruh|bro|dude|mate|please|thanks"
    r"|d'?oh|duh|ouch|ow+|brr+|hey|ha+|haha|yuck|phew|wow|gee|gosh|oh dear|dear me|bother|rats|ok(?:ay)?|well)"
)
REFUSED = (  # what says that the last message was understood wrongly
    r"(?:no+(?! (?:more|less|further|longer|later|way|one)\b)|nope|nah?|naw|(?:oo?ps|who+ps)[\w-]*|wait"
    r"|hang on|hold on|actually"
    r"|(?:(?:i'm|i am) )?(?:(?:so|very|really|terribly) )*(?:sorry|soz|sry)|my (?:bad|mistake|fault|apologies)|apologies|h+m+"
    r"|(?:i )?beg your pardon|(?:i )?(?:do )?apologi[sz]e|(?:how )?silly(?: of)? me|never ?mind|nvm|jk"
    r"|just kidding|u+h+m*|e+r+m*"
    r"|(?:scrap|scratch|forget) that|correction|(?:i )?misspoke|not (?:quite|exactly)|eh|ugh+|a+r+gh+|e+w+|yikes|blimey|je+z"
    r"|christ|d[aeo][mr]n|crap|shoot|shit|fuck|bugger|drat|excuse me|gosh|gracious|(?:goodness|dear|pardon)(?: me)?)"
)
WRONG = (
    r"(?:(?:(?:that|it)(?:'s| is| was) )?(?:the )?wrong(?: (?!the\b|i\b)\w+)?"
    r"|not th(?:at|is|[eo]se)(?: (?:ones?|list|\w*(?:lamp|light|room|door)s?))?"
    r"|not (?:there|it|them)|not (?:(?:in|on) )?(?:the|my) [\w' ]+?(?=,| (?:the|my|in|but)\b)"
    r"|not (?P<not>[\w'% ]+?)(?=[,.;:] ?| but )"
    r"|i (?:didn't|did not) mean (?:[\w' ]+?(?=,)|that(?: one)?|it))"
)
I_SAID = r"i (?:only |just |actually )?(?:meant|mean|said|want(?:ed)?|asked for)|meant"
MEANT = rf"(?:{I_SAID})(?: to say)?(?: that| it| them)?(?: to be)?|make (?:that|it)|change (?:that|it) to|rather|but"
CORRECTS = re.compile(
    rf"(?P<no>(?>(?:(?:{SIGHED}|{REFUSED})(?:{GAP}|$))*))(?P<wrong>(?>(?:{WRONG}(?:{GAP}|$))?))"
    rf"(?:[\w' -]{{2,40}}[,.;:!]+ (?=i meant ))?(?P<meant>(?>(?:(?:{MEANT}){GAP})*))"
    rf"(?P<rest>.+?)(?P<tail>(?:,? (?:instead|rather|{I_SAID}|(?:is|was) what (?:{I_SAID})|my bad|so?rr?y))*"
    r"(?:,? (?:and )?not (?:(?:in |on )?(?:the|my|that|this)\b.*|(?P<nor>.+)))?)(?:,? (?:dear|love|darling"
    r"|mate|lol|haha|oops|of course|silly me|please))*"
)
REFUSING = re.compile(rf"(?:.*{GAP})?{REFUSED}\b")
OPENED = re.compile(rf"(?:(?:{SIGHED}|{REFUSED}){GAP})+(?=\w)")
PART = re.compile(r"(?:(?P<only>only)|(?:(?:but|and|only) )?(?:not|except)(?: for)?|all but) (?P<rest>[\w' ]+)")
OFF_LIST = re.compile(
    r"(?:take|cross|remove|delete|drop|forget|scrap)(?: the)? (?P<item>.+?)(?: (?:back )?(?:off|out))?(?: again)?"
)
SAME = r"(?:the )?same(?: thing| again| goes| here)?|(?:do|make) (?:the same|that|this|it|likewise)(?: thing)?|ditto|likewise"
ALSO = re.compile(
    rf"(?P<also>(?>(?:(?:and|also|then|plus|next|now|but)\s)*)(?>(?:(?:what|how) about\s|(?:{SAME}) (?:for|with|in|on|at|to)\s"
    r"|(?:for|do)\s)?)(?>(?:in|on|at)\s)?)(?P<rest>.+?)"
    rf"(?P<too>(?:,? (?:too|also|as well|next|the same|likewise|ditto|like that|in the same way|should be the same))*)"
)
SOME = r"(?:(?:even|still|just|(?:a )?(?:bit|little|touch|tad|lot|notch)|slightly|much|some|way|far|one|go|keep going) )*"
LESSENED = r"(?:(?:that|it)(?:'s| is)|they(?:'re| are))?\s?(?:(?:still|a (?:little )?bit|a little|wa+y|much|far|just|really) )*"
MORE = re.compile(
    rf"{SOME}(?P<side>more|further|higher|less|lower)(?: (?:still|again|than that|please|a (?:little )?(?:bit"
    rf"|touch|tad)))*|{LESSENED}not? enough"
)
MUCH = re.compile(
    rf"{LESSENED}(?:too (?:much|far|strong)|not (?:so|that|quite so) (?:much|far)|not (?:all the way|fully"
    rf"|completely)|not as much)|(?:go )?(?:a )?(?:little )?(?:bit )?back (?:a (?:little )?(?:bit|touch|tad)|a little)"
    rf"|{SOME}less (?P<less>\w+)|{LESSENED}(?:too|not (?:so|that|quite so)|not) (?P<how>\w+)(?P<yet> enough)?"
)
STEPPED = re.compile(
    r"(?P<by>(?:by |another )?\S+(?: (?:%|percent|degrees?))?) (?P<side>more|less|higher|lower)|another (?P<some>.+)"
)
COMPARED = re.compile(rf"{SOME}(?P<verb>\w+er)(?: (?:still|again|yet|than that))*")
STILL = re.compile(r"(?:and|but)?\s?(?:now|still|again|and)?")
WITH_IT = re.compile(r"(?:pause|resume|start|stop|change|make|set|move) (?:it|that|them)\b(?! (?:the|my|in)\b)")
MARKED = re.compile(r"(?:and|also|then|now|no|same|(?:what|how) about)\b")
LONE = re.compile(r"\d+|[a-z]+")
OTHER_ONE = re.compile(r"^(?:the )?other (?:side|end)$")
AIMLESS = re.compile(r"(?:all the way |back )*(?:up|down)(?: again)?")
EVERY = re.compile(
    r"(?:no+ |i meant |actually |make (?:that|it) |oh |sorry )*(?:(?P<both>both(?: of (?:them|those))?)"
    r"|all of them|them all|all (?:two|three|four|five))"
)
LIST = re.compile(
    r"(?:.+? (?:to|on|onto|for) )??(?:(?:to|on|onto|for|it's for) )?(?:the |my |our )(?P<list>[\w' -]+?)"
    r"(?: list| one)(?: instead| rather| of course| please)*"
)
MOVED = re.compile(
    r"(?:(?:move|put|stick|add|shift|switch) (?:it|that|them|those)(?: over| back)? (?:to|on|onto)\b"
    r"|(?:it|that|this|they|those)(?:'s| is| are| was| were)? ?(?:(?:should|ought to|was to|were to"
    r"|needs to) (?:be|go|have been|have gone)"
    r"|belongs?|goes?|(?:meant|supposed) (?:to be|to go|for)|for)\b)"
)
SHARED = re.compile(
    r"(?:(?:make|set|put|turn) (?:it|that) )?(?:(?P<half>half (?:of )?that|half as (?:much|bright|loud|fast)|halve (?:it|that))"
    r"|(?:double|twice) (?:that|it)|twice as (?:much|bright|loud|fast)|double)(?: please)?"
)
ASIDE = re.compile(r"(?:put|make|turn|set|get|have|bring|take|move) (?:it|that|them|this|those|these) (?=\w)")
BEFORE = re.compile(
    r"(?:(?:go|(?:put|change|make) (?:it|them|that)) )?(?:back )?(?:to )?"
    r"(?:(?:(?:i'd|i would) rather )?(?:you )?(?:leave|left|have|keep|kept) (?:it|them|that) )?"
    r"(?:how|what|the way|as|like) (?:it|they|that) (?:was|were)(?: before)?|(?:back to|like|as) before|back to normal"
    r"|(?:(?:it|that|i) (?:was|liked it) )?(?:better|nicer) before|i(?:'ve| have)? changed my mind|i take (?:it|that) back"
    r"|i (?:didn't|did not) want (?:that|it)|(?:(?:put|take|change|bring) (?:it|that|them) back|take (?:it"
    r"|that) off)(?: again)?"
    r"|jk|(?:just|only) (?:kidd|jok)ing|(?:undo|revert|scrap|scratch)(?: (?:that|it))?|forget i (?:said|asked) (?:that|it)"
    r"|(?P<used>i(?:'m| am)? still (?:need(?:ed)?|using|reading|watching)(?: (?:that|it|them))?)"
)
NO_THING = re.compile(
    r"(?:turn|switch|put|flip|open|close|shut|lock|unlock|set|play|start|stop|pause|dim|make|raise|lower|mute"
    r"|unmute|arm|clean|wake"
    r"|add|remove|is|are|was|were|do|does|did|can|could|will|would|should|has|have|what|which|who|whose|where"
    r"|when|why|how|if|i|you"
    r"|he|she|we|they|remind|tell|give|get|let|thanks?|never|don't|in an?|in \d+|at \d+)\b(?!-)"
)
LED = re.compile(
    r"^(?:(?:on )?second thoughts?,? |more like |better |let's (?:say|try|do|make (?:it|that)) |try |go (?:to"
    r"|for|with) |say )(?:to |at )?(?=\S+$|\d)"
)
ON_OFF = re.compile(
    r"(?:(?:leave|keep) (?:it|them|that) )?(?:back |all the way |turn(?:ed)? |switch(?:ed)? )?(?P<way>on|off"
    r"|open|close|shut|up|down)d?"
    r"(?: again)?(?: with (?:it|that|both|all|them|those|em)(?: of them)?)?"
)
WAYS = {"on": "turn_on", "off": "turn_off", "open": "open", "up": "open", "close": "close", "shut": "close", "down": "close"}
OTHER_SIDE = re.compile(r"(?:the )?(?:other|opposite|wrong) (?:way|direction)(?: a?round)?|the opposite")
VALUED = re.compile(r"(?P<thing>.+?) (?:to|at|in|on) (?P<value>.+)")
UNITS = "percent per cent pct degree degrees celsius fahrenheit kelvin c f k a and point the way"
UNIT_WORDS = frozenset(UNITS.split())
NUMBER_WORDS = frozenset(NUMBERS) | frozenset(TENS) | frozenset(values.SHARE) | {"hundred"}
ADJECTIVES = {"brighter": "dark dim gloomy", "dimmer": "bright light glaring", "quieter": "loud noisy", "slower": "fast",
              "louder": "quiet soft faint", "colder": "warm hot", "warmer": "cold cool chilly", "faster": "slow",
              "down": "high", "up": "low"}  # fmt: skip
AGAINST = {word: verb for verb, words in ADJECTIVES.items() for word in words.split()}
COMPARISONS = {**dict.fromkeys(("darker", "dimmer"), "dimmer"), **dict.fromkeys(("quieter", "softer"), "quieter"),
               **dict.fromkeys(("warmer", "hotter"), "warmer"), **dict.fromkeys(("colder", "cooler"), "colder"),
               **{verb: verb for verb in ("brighter", "louder", "faster", "slower")}}  # fmt: skip
PAIRS = (("up", "down"), ("brighter", "dimmer"), ("louder", "quieter"), ("warmer", "colder"), ("faster", "slower"),
         ("open", "close"), ("turn_on", "turn_off"))  # fmt: skip
OTHER_WAY = {one: other for pair in PAIRS for one, other in (pair, pair[::-1])}
UPWARD = {**dict.fromkeys(("brightness", "set", "turn_on", "ha_on", "target", "open"), "up"), "volume": "louder",
          "play": "louder", "speed": "faster", "close": "down"}  # fmt: skip
ABSOLUTE = {"brighter": "brightness", "dimmer": "brightness", "louder": "volume", "quieter": "volume", "faster": "speed",
            "slower": "speed"}  # fmt: skip
SLOTS = """number unit level color white mode alarm_mode media source item state whether noticed aspect
position brightness volume_level percentage temperature color_temperature volume_step"""
VALUE_SLOTS = frozenset(SLOTS.split())  # what stays when another thing is named
NUMERIC = ("brightness", "set", "target", "volume", "speed", "tilt")
IT = re.compile(r"\b(?:(?:all|both) of )?(?:it|them|those|these)\b", re.IGNORECASE)
SPELT = (*deeds.LISTING, "play")  # whose items and titles may be any words
TALK = re.compile(r"\b(?:i|my|you|your|he|she|it|they|we|about|that|this|is|was|for|what|typo|dear|indeed|\w+ly)\b")
MOST_NAMES = 3
LINKING = """and also then plus next now what how about of same the thing again here goes please do that this it for with in on at
to likewise ditto as well too like way set make should be including include together along can could you only just even one ones
there s is are"""
LINKS = frozenset(LINKING.split())


def corrects(said: re.Match[str]) -> bool:
    return bool(said["wrong"].strip() or said["meant"].strip() or said["tail"].strip() or REFUSING.match(said["no"]))


def explicit(said: re.Match[str]) -> bool:
    """Whether its words surely stand for those of the wish before, so that they may be a title or an item, too."""
    short = said["no"].endswith(", ") and len(said["rest"].split()) < 3 and not TALK.search(said["rest"])
    return bool(said["meant"].strip() or said["tail"].strip() or said["not"] or short)


def stepped(said: str, topic: Topic) -> tuple[str, dict[str, Any]]:
    """The verb of a relative wish after this topic, with the step if one was said; no verb when it is none."""
    upward = topic.verb if topic.verb in deeds.STEPS else UPWARD.get(topic.verb, "")
    downward, said = OTHER_WAY.get(upward, ""), ASIDE.sub("", said, count=1)
    if more := MORE.fullmatch(said):
        if more["side"] in ("higher", "lower"):
            return ("up" if more["side"] == "higher" else "down"), {}
        return (downward if more["side"] == "less" else upward), {}
    if much := MUCH.fullmatch(said):
        if much["less"]:
            return AGAINST.get(much["less"], ""), {}
        if not much["how"]:
            return downward, {}
        verb = AGAINST.get(much["how"], "")
        enough = much["yet"] or ("enough" in said)
        return (OTHER_WAY.get(verb, "") if enough else verb), {}
    if by := STEPPED.fullmatch(said):
        number = values.value(by["by"] or by["some"])
        known = set(fold(re.sub(r"^(?:by|another) ", "", by["by"] or by["some"]))) <= NUMBER_WORDS | UNIT_WORDS
        number = number if number and (known or re.search(r"\d", said)) else {}
        side = downward if by["side"] in ("less", "lower") else upward
        return (side, number) if number else ("", {})
    compared = COMPARED.fullmatch(said)
    return (COMPARISONS.get(compared["verb"], ""), {}) if compared else ("", {})


def shared(said: str, topic: Topic) -> tuple[str, dict[str, Any]] | None:
    """Half or twice the number that was said last; None for other words, and for degrees."""
    found, number = SHARED.fullmatch(said), topic.slots.get("number")
    if not found or not isinstance(number, (int, float)) or topic.verb not in NUMERIC or topic.verb == "target":
        return None
    if topic.slots.get("unit") not in (None, "", "percent"):
        return None
    return topic.verb, {"number": number / 2 if found["half"] else min(100, number * 2)}


def alone(words: str, topic: Topic) -> bool:
    """Whether such words may be a value with nothing around them: "blue", "off", and "30" after another number."""
    return (
        not LONE.fullmatch(words) or words in SPOKEN or words in WAYS or topic.verb in (*NUMERIC, *deeds.STEPS, "open", "close")
    )


def _number(words: str) -> dict[str, Any]:
    """The number that the words are, and nothing else; a code like 031-45-154 is none."""
    bare = re.sub(r"\b\d{1,5}(?:[.,]\d+)?(?![\d-])|[%°]", " ", words, count=2)
    said = set(fold(words)) - UNIT_WORDS
    return values.value(words) if said and not re.search(r"\d", bare) and set(fold(bare)) <= NUMBER_WORDS | UNIT_WORDS else {}


def value(words: str, topic: Topic, *, sure: bool) -> tuple[str, dict[str, Any]] | None:
    """The verb and slots for other words for a value; `sure`: they stand for one, so titles and items count, too."""
    said, words = (
        words,
        re.sub(r"^(?:(?:only|just|maybe|i think) )?(?:(?:to|at|in|on|by|with|be|only|just) (?!$))?", "", words),
    )
    words = LED.sub("", words)
    words = re.sub(r" (?:is|will|would|should)(?: be)? (?:better|enough|plenty|fine|nicer|do)$", "", words)
    if OTHER_SIDE.fullmatch(words):
        return (OTHER_WAY[topic.verb], {}) if topic.verb in OTHER_WAY else None
    if words in ("all the way", "fully", "completely") and topic.verb in WAYS.values():
        return topic.verb, {}
    if way := ON_OFF.fullmatch(words):
        pair = next((pair for pair in PAIRS[:-1] if topic.verb in pair), ("open", "close"))
        if way["way"] in ("up", "down") and topic.verb == "set" and AIMLESS.fullmatch(words):
            return ("open" if way["way"] == "up" else "close"), {}
        if way["way"] in ("up", "down"):
            return (pair[way["way"] == "down"], {}) if topic.verb in pair else None
        doors = way["way"] not in ("on", "off")
        return (WAYS[way["way"]], {}) if not doors or topic.verb in ("open", "close", "lock", "unlock", "set") else None
    if number := _number(words):
        if number["number"] > 1000 or number.get("unit") == "kelvin":
            return "white", {"white": number["number"]}
        return ABSOLUTE.get(topic.verb, topic.verb if topic.verb in NUMERIC else "set"), number
    if words in SPOKEN or (sure and is_color(words.replace(" ", ""))):
        return "color", {"color": words}
    if set(fold(words)) <= values.WHITE.keys() and ("white" in words or topic.verb in ("white", "color")):
        return "white", {"white": values.looked_up(values.WHITE, words)}
    if topic.verb == "mode" and words in values.MODE:
        return "mode", {"mode": values.MODE[words]}
    if sure and topic.verb == "play" and len(words.split()) < 5:
        return "play", {"media": words}
    item = sure and topic.verb in deeds.LISTING and len(words.split()) < 4 and words == said and "list" not in words
    return (topic.verb, {"item": words}) if item else None
