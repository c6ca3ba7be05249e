"""Sentences about what the claw knows: "remember that ...", "call the study the blue room", "what do you know about ...?"."""

import re
from collections.abc import Callable, Iterator
from functools import partial

from claw.reflex.reading import Request

Read = tuple[str, dict[str, str]]  # verb, slots

DONT = r"(?:don['’]?t|do not|never)"
KEEP = (
    r"(?:remember|memori[sz]e|note(?: down)?|make a note|take (?:a )?note|write down|jot down|keep in mind|bear in mind"
    rf"|{DONT} (?:ever )?forget)"
)
MAY = r"(?:you can |you may |from now on,? )?"
TOLD = (
    r"(?:i(?:['’]ve| have)? (?:ever |just )?(?:said|told you|wrote)(?: to you)?|you (?:know|remember)"
    r"|you(?:['’]ve| have) (?:noted|written down))"
)
WORDS, THING = r"(?P<words>.+)", r"(?P<thing>(?:the|my|our) .+?)"
KNOW = r"(?:do you (?:know|remember) |can you tell me |tell me )"
VERBS = r"(?:is|are|was|were|has|have|had|lives?|likes?|hates?|needs?|comes?|goes|belongs?|works?|can|cannot|must|will|should)"
LEARNT = ("examples", "unlearn")  # forms that claw/learning answers
DOING = r"[\"“]?(?:turn|switch|set|dim|brighten|open|close|shut|lock|raise|lower|mute|unmute|pause|play|start|stop|make|put)"
KIN = r"(?:wife|husband|partner|son|daughter|mum|mom|mother|dad|father|brother|sister|dog|cat|boss|doctor|landlord)"
ARTICLE = r"(?:the|my|our)"
NAME = r"[\"“”„«»‘'](?P<quoted>.+?)[\"“”«»’']|(?P<name>.+?)"
AGAIN = r"(?: (?:again|any ?more|any longer|too|instead|for short|from now on))?"
ABOUT = r"(?:about|of|on|regarding)"
PAGE = r"(?:the |your |my )?(?:memory )?page (?:about |on |of |for |called |named )?(?:the |my )?(?P<page>.+?)"
NO_FACT = re.compile(  # "remember that time we ...", "remember when ...", "remember this as ..."
    r"(?:that |this )?(?:time|day|night|one|guy|girl|song|movie|film) (?:we|you|i|when|he|she|with|from)\b.*"
    r"|(?:when|how|what|who|why|where|if|whether|this|these|me|us|it)\b.*", re.IGNORECASE)  # fmt: skip
TIMED = re.compile(
    r"\b(?:at \w+|in (?:an?|half|\d+|\w+ (?:minutes?|hours?|days?|weeks?))\b|tomorrow|tonight|today|every|daily|weekly|monthly"
    r"|(?:on |next )?(?:mon|tues|wednes|thurs|fri|satur|sun)days?|morning|afternoon|evening|noon|midnight|sunset|sunrise|\d)",
    re.IGNORECASE,
)
NOT_A_NAME = frozenset(
    {"later", "back", "again", "now", "soon", "tomorrow", "today", "tonight", "maybe", "when", "if", "a", "an"}
)
NO_PIECE = re.compile(r"\b(?:music|songs?|sound|audio|media|heat|heating|temperature|water|air)$", re.IGNORECASE)  # in a room
PLANS = r"(?!.*\b(?:reminders?|timers?|alarms?|routines?|plans?|questions?|lists?)\b)"  # not for the memory to forget
PHONE = re.compile(r"\b(?:off|back|again|later|today|tomorrow|tonight|soon|when|if|because)\b", re.IGNORECASE)
NOT_ASKED = re.compile(  # what memory does not hold: presence, routines, the sun, a word for what was said before
    r"(?:it|he|she|they|this|that|these|those|there|here|you|i|we|me|home|everybody|everyone|anybody|anyone|somebody|someone)\b.*"
    r"|(?:at|in|on|inside|outside|upstairs|downstairs)\b.*|(?:the |my |your )?(?:next|nearest|closest|sun|sunset|sunrise|alarm"
    r"|alarms|timer|timers|reminder|reminders|routine|routines|remote|battery)\b.*|(?-i:[a-z]+ing\b).*|.*\b(?:on|off|closed|locked"
    r"|unlocked|due|over|home|online|offline|running|playing|ready|done|finished)", re.IGNORECASE)  # fmt: skip
ALL = frozenset(["", "everything", "anything", "all", "something", "a lot"])
LAST = re.compile(
    r"forget (?:(?:that|this)(?: again)?|(?:what|the (?:last )?(?:thing|fact)(?: that)?) i (?:just |last )?(?:said|told you)"
    r"|the last (?:thing|fact|one))", re.IGNORECASE)  # fmt: skip


def _forms(verb: str, *patterns: str) -> list[tuple[str, re.Pattern[str]]]:
    return [(verb, re.compile(pattern, re.IGNORECASE)) for pattern in patterns]


FORMS = [
    *_forms("restore",
        rf"(?:restore|bring back|revert|roll back) {PAGE}"
        r"(?: (?:to )?(?:its )?(?:last |previous |older? )?version(?: (?P<version>\d+))?)?"),
    *_forms("versions",
        rf"(?:show (?:me )?|list |what are )?(?:all )?(?:the )?(?:old |older |earlier |previous )?versions of {PAGE}"),
    *_forms("before", rf"what did {PAGE} say (?:before|earlier|previously|yesterday)"),
    *_forms("show",
        rf"(?:show|read)(?: me)?(?: out)? {PAGE}", rf"what(?:['’]?s| is| does| stands)(?: written)? (?:on |in )?{PAGE}(?: say)?",
        r"show (?:me )?the (?P<page>(?!web |last |next |first |front |home )[\w' -]+?) page"),
    *_forms("reminder", r"(?:remember|don['’]?t (?:let me )?forget|do not forget) to (?P<do>.+)"),
    *_forms("of",
        rf"(?:remember|{DONT} (?:let me )?forget) "
        rf"(?P<of>{ARTICLE} (?!time\b|day\b|night\b)[\w'’-]+(?: (?!{VERBS}\b)[\w'’-]+){{0,2}})"),
    *_forms("nothing", rf"{KEEP} (?:that|this|something|things)|(?:make|take) a note"),
    *_forms("correct",
        rf"(?:no|nope|wrong|actually|sorry|correction)[,.;:! ]+(?:it|he|she|they)(?P<rest>(?:['’]s|['’]re| {VERBS}) "
        r"(?!(?:fine|ok|okay|good|right|all|enough|too|not|nothing|you|your|wrong|on|off)\b).+)"),
    *_forms("mistake",
        r"(?:no[, ]+)?(?:(?:that|this|it)(?:['’]s| is| was) (?:wrong|not (?:right|true|correct)|incorrect|false)|wrong)"),
    *_forms("remember",
        rf"{KEEP}(?: this| the following)?(?: that\b| the fact that\b|\s*[:,])\s*(?:that )?(?P<fact>.+)",
        rf"(?:remember|memori[sz]e|(?:keep|bear) in mind|{DONT} forget) "
        rf"(?P<fact>.+? {VERBS} .+|(?:i|we|he|she|there) \w+ .+|(?:i|we|he|she|there|it)['’]\w+ .+)",
        rf"(?P<fact>.+? {VERBS} .+?)\s*[,.;:!–-]+\s*(?:please |and )?{KEEP} (?:that|this|it)",
        rf"(?:fyi|for your information|just so you know)[,:]? (?P<fact>.+? {VERBS} .+)",
        rf"(?P<fact>my (?:{KIN}['’]s )?(?:favou?rite [\w'’ -]+?|birthday|address|(?:phone |mobile )?number) (?:is|are) "
        r"(?!not\b|off\b).+)",
        rf"(?P<fact>my {KIN} (?:is|are) (?:called|named) .+)",
        rf"(?P<fact>my (?:{KIN}['’]s )?name(?:['’]s| is) "
        r"(?!(?:not|on|in|at|the|an?|no|too|so)\b)\w[\w'’-]*(?: \w[\w'’-]*){0,2})"),
    *_forms("me", r"call me (?P<me>(?:(?:dr|mr|mrs|ms|prof)\.? )?\w[\w'’-]*)(?: from now on)?"),
    *_forms("self", r"what(?:['’]?s| is) my name|who am i|what am i called|do you know (?:me|my name|who i am)"),
    *_forms("also",
        rf"{THING} (?:is|are) (?:also|otherwise) (?:called|named|known as) (?:{NAME}){AGAIN}",
        rf"{THING} also goes by (?:{NAME}){AGAIN}",
        rf"another (?:name|word) for (?P<thing>.+?) is (?:{NAME})",
        rf"(?:when|if) i say (?:{NAME}),? i mean (?P<thing>.+)",
        rf"by (?:{NAME}),? i mean (?P<thing>.+)",
        rf"(?!(?:it|that|this|what|which|he|she|no|yes)\b)(?:{NAME}) means (?P<thing>(?:{ARTICLE}|{DOING}) .+)"),
    *_forms("examples",
        r"what (?:have you|did you) (?:learn(?:ed|t)?)(?: so far| here| from (?:me|us))?",
        r"(?:show (?:me )?|list |what are )(?:all )?(?:of )?(?:the |your |my )?(?:learn(?:ed|t) )?examples"),
    *_forms("unlearn",
        r"forget (?:that|this|the|the last|your last) example(?: again)?",
        r"(?:forget|delete|drop|remove) the example (?:about |for |of |with |that )?(?P<words>.+)"),
    *_forms("told",
        rf"{THING} (?:is|are) (?:now |from now on )?(?:called|named|known as) (?:{NAME}){AGAIN}",
        rf"(?:i|we)(?: always| usually| also)? call (?P<said>{ARTICLE} \S+ .+)"),
    *_forms("place",
        rf"(?:move|assign) {THING} (?:in|into|on|to) (?P<area>{ARTICLE} .+)",
        rf"(?P<told>{THING} (?:is|are|stands|hangs|belongs)(?: now)? (?:in|on|to) (?P<area>{ARTICLE} .+))"),
    *_forms("names", rf"what (?:is|are) {THING} (?:also )?called", rf"what do (?:we|you|i) call {THING}"),
    *_forms("call",
        rf"{MAY}(?:call|rename|name) (?P<thing>it) (?:to )?(?!(?:a|an|off|back|quits|even)\b)(?:{NAME}){AGAIN}",
        rf"(?:{MAY}(?:re)?name|change the name of) (?P<thing>.+?) (?:to|as|into) (?:{NAME}){AGAIN}",
        rf"give (?P<thing>.+?) (?:the|another|a new) (?:name|nickname|alias)[,:]? (?:{NAME}){AGAIN}",
        rf"from now on,? (?P<thing>.+?) (?:is|are|shall be|will be) "
        rf"(?:{NAME.partition('|')[0]}|(?P<name>(?-i:[A-Z])\w*|{ARTICLE} .+))",
        rf"{MAY}(?:call|rename|name) (?P<thing>.+?) [\"“„«‘'](?P<quoted>[^\"“”„«»]+)[\"”“»’']{AGAIN}",
        rf"{MAY}(?:call|rename|name) (?P<said>(?:the|my|our) \S+ .+?){AGAIN}",
        rf"{MAY}(?:call|rename|name) (?P<said>(?!(?:me|him|her|us|them)\b)\S+ (?:.+ )?(?-i:[A-Z]).*?){AGAIN}",
        rf"(?:call|rename) (?P<said>{ARTICLE} \S+)"),
    *_forms("forget",
        rf"(?:forget|delete|remove|erase) (?:everything|all|anything|whatever|what)(?: that)? {TOLD} about {WORDS}",
        r"forget (?:everything |all )?about (?P<words>(?!it$|that$|this$).+)",
        rf"(?:forget|{DONT} remember) (?:the fact )?that {WORDS}",
        r"forget (?P<words>everything(?: you (?:know|remember))?)",
        rf"(?:{DONT}|stop) call(?:ing)? (?P<old>.+?)(?: any ?more| any longer)",
        r"(?:forget|remove|delete|drop) the (?:name|nickname|alias) (?P<old>.+)",
        rf"forget {PLANS}(?P<words>{ARTICLE} .+)"),
    *_forms("recall",
        rf"what (?:all )?(?:do|can) you (?:know|remember|tell me)(?: {ABOUT} {WORDS})?",
        rf"(?:what|whatever) (?:did i|have i|i(?:['’]ve)?) (?:ever )?(?:said|say|tell|told)(?: you| to you)? {ABOUT} {WORDS}",
        rf"(?:tell me )?(?:everything|all|what|whatever|something)(?: that)? (?:you know|you remember|is known) {ABOUT} {WORDS}",
        rf"what have you (?:remembered|noted|written down|learned|learnt)(?: {ABOUT} {WORDS})?",
        rf"do you (?:know|remember) (?:anything|something|a thing) {ABOUT} {WORDS}",
        r"(?P<words>)(?:what did i|do you remember what i) (?:ask|asked|tell|told|say|said)(?: to)?(?: you)?"
        r"(?: to remember| yesterday| today)?",
        r"tell me (?:something |more |all |everything )?about (?P<words>(?!the weather|the news|yourself|you\b).+)",
        r"(?P<words>)(?:show (?:me )?|list |what are )(?:all )?(?:your |the )?(?:memory|memories|memory pages|pages|notes)",
        r"(?P<words>)what is in your memory"),
    *_forms("ask",
        rf"{KNOW}?where(?:['’]s|['’]re| is| are| was| were| did| do| does) {WORDS}",
        rf"{KNOW}?(?:who(?:['’]s| is| are)|when(?:['’]s| is| are| do| does)) {WORDS}",
        rf"{KNOW}(?:where|who|when) (?P<words>.+?) (?:is|are|was|were|has|have|lives?|comes?)",
        rf"{KNOW}where (?P<words>(?:i|we) \w+ .+)",
        r"do you (?:still )?remember (?P<words>(?:the|my|our|where|what) .+)"),
]  # fmt: skip
DID = re.compile(r"(?:(?:i|we|you) )?(?:put|leave|left|park|parked|keep|store|stored|hide|hid|have|find) ", re.IGNORECASE)

QUESTION = re.compile(
    rf"{KNOW}?(?:what|which|whose|how|who|when|where|why|(?:what|where|who|when)s|is|are|does|do|did|has|have|was|were)\b",
    re.IGNORECASE,
)


def read(text: str) -> Request | None:
    """What the sentence asks of the memory, or about examples ("learning": list, forget {"words"}); None when nothing.

    remember: {"fact"}. reminder: {"do"} (without a time). recall: {"words"} (empty: all). forget: {"words"} (empty: the last).
    correct: {"rest"} with its verb (empty: it is wrong). place: {"thing", "area"}. uncall: {"said"}.
    call: {"thing", "name", "also"} or undivided {"said"}. show, before, versions, restore: {"page", "version"}. "told": it is a
    statement, of which nobody knows whether it was meant for the memory.
    """
    if LAST.fullmatch(text):
        return Request("memory", "forget", {"words": ""})
    return next(_requests(text), None)


def question(text: str) -> Request | None:
    """A question that nobody else understood: a page may have its words ({"words"}); None when it is none."""
    return Request("memory", "question", {"words": text}) if QUESTION.match(text) or text.rstrip().endswith("?") else None


def _requests(text: str) -> Iterator[Request]:
    for verb, form in FORMS:
        if (match := form.fullmatch(text)) and (read := READ[verb]({k: v.strip(" ,") for k, v in match.groupdict("").items()})):
            yield Request("learning" if verb in LEARNT else "memory", *read)


def _remember(said: dict[str, str]) -> Read | None:
    fact = said["fact"]
    if fact.casefold().startswith("to "):
        return _reminder({"do": fact[3:]})
    return None if NO_FACT.fullmatch(fact) or len(fact.split()) < 2 else ("remember", {"fact": fact})


def _reminder(said: dict[str, str]) -> Read | None:
    return None if TIMED.search(said["do"]) else ("reminder", said)


def _me(said: dict[str, str]) -> Read | None:
    return None if said["me"].casefold() in NOT_A_NAME else ("remember", {"fact": f"I am called {said['me']}"})


def _call(said: dict[str, str], **more: str) -> Read | None:
    if "said" in said:
        return None if PHONE.search(said["said"]) else ("call", {"said": said["said"], **more})
    return "call", {"thing": said["thing"], "name": said.get("quoted") or said.get("name", ""), **more}


def _forget(said: dict[str, str]) -> Read:
    return ("uncall", {"said": said["old"]}) if "old" in said else ("forget", {"words": said["words"]})


def _recall(said: dict[str, str]) -> Read:
    return "recall", {"words": "" if said["words"].casefold() in ALL else said["words"]}


def _ask(said: dict[str, str]) -> Read | None:
    words = DID.sub("", re.sub(r"^(?:where|what|who|when) ", "", said["words"], flags=re.IGNORECASE))
    words = re.sub(r" (?:is|are|was|were)$", "", words)
    return None if NOT_ASKED.fullmatch(words) else ("recall", {"words": words})


def _page(said: dict[str, str], verb: str) -> Read:
    return verb, {name: value for name, value in said.items() if value}


READ: dict[str, Callable[[dict[str, str]], Read | None]] = {
    "self": lambda said: ("recall", {"words": "me"}), "also": partial(_call, also="yes"), "told": partial(_call, told="yes"),
    "names": lambda said: ("recall", {"words": said["thing"]}),
    "of": lambda said: None if TIMED.search(said["of"]) else ("reminder", said),
    "nothing": lambda said: ("remember", {"fact": ""}), "mistake": lambda said: ("correct", {}),
    "correct": lambda said: ("correct", {"rest": re.sub("^['’]re", "are", re.sub("^['’]s", "is", said["rest"]))}),
    "examples": lambda said: ("list", {}), "unlearn": lambda said: ("forget", said),
    "place": lambda said: None if NO_PIECE.search(said["thing"]) else _page(said, "place"),
    "remember": _remember, "reminder": _reminder, "me": _me, "call": _call, "forget": _forget, "recall": _recall, "ask": _ask,
    **{verb: partial(_page, verb=verb) for verb in ("show", "before", "versions", "restore")},
}  # fmt: skip
