"""The alias level: words of the reader (yes, no, stop, the second), scenes by the owner's name, small talk.

Whole messages only. No name that a device advertised is ever compared here.
"""

import re
from collections.abc import Collection
from functools import lru_cache

from claw.names import ARTICLES, PREPOSITIONS, fold, singular, stems
from claw.reflex.numbers import NUMBERS, ORDINALS
from claw.reflex.reading import Context, Reading

AGREEING = """yes|y|yep|yeah|yup|ok|okay|sure|sure thing|yes please|yes do it|do it|do that|go ahead|go for it|please do|confirm
of course|certainly|definitely|absolutely
ja|jawohl|ja bitte|ja gerne|gerne|klar|na klar|genau|mach das|ja mach das|in ordnung
oui|ouais|daccord|bien sûr|vas y|fais le|oui vas y
sí|si|claro|vale|de acuerdo|hazlo|sí por favor|si por favor|por supuesto|jawel|doe maar|prima|zeker|ja hoor|ja graag"""
REFUSING = """no|n|nope|nah|no thanks|no thank you|dont|do not|dont do it|do not do it|dont do that|please dont|leave it
rather not|better not|never mind|nevermind|forget it|forget about it|neither|none|none of them|none of these|none of those
not now|not yet|no way
nein|nö|nee|ne|nein danke|nee danke|lieber nicht|bitte nicht|lass es|lass das|auf keinen fall|non
non merci|laisse tomber|surtout pas|no gracias|mejor no|déjalo|dejalo
para nada|nee bedankt|nee dank je|liever niet|laat maar|niet doen"""
HALTING = """stop|cancel|wait|halt|abort|stop it|stop that|hold on|cancel that|no wait|no stop
stopp|halt stopp|warte|abbrechen|abbruch|arrête|arrete|attends|annule|annuler
para|espera|cancela|cancelar|stop maar|wacht|annuleer|annuleren"""
YES, NO, STOP = (frozenset(re.split(r"[|\n]", words)) for words in (AGREEING, REFUSING, HALTING))
NODDED, SHOOK = (re.compile(f"[{signs}][\U0001f3fb-\U0001f3ff]?") for signs in ("\U0001f44d\U0001f44c\u2705", "\U0001f44e"))


def _said(words: Collection[str], around: str) -> re.Pattern[str]:
    """One or more of the words, with nothing but what stands `around` such a word."""
    core = "|".join(sorted(words, key=len, reverse=True))
    return re.compile(rf"(?:(?:{around}) )*(?:{core})(?: (?:{core}|{around}))*")


POLITELY = "bitte|danke|merci|gracias|por favor|sil te plaît|bedankt|alsjeblieft|graag"
AGREED = _said(YES, f"{POLITELY}|please|then|now|why not|i am sure|im sure")
REFUSED = _said(NO, f"{POLITELY}|oh|ah|actually|sorry|please|thanks|thank you|then|after all|now|well|ok|okay|hmm|just")
HALTED = _said(STOP, "oh|ah|actually|sorry|please|no|ok|okay")
THANKING = "thanks|thank you|thank you very much|thanks a lot|cheers|great|perfect|well done|good job|nice|cool thanks"
THANKING += "|danke|danke schön|danke dir|vielen dank|dankeschön|super danke|merci|merci beaucoup|gracias|muchas gracias"
THANKING += "|dank je|dank je wel|bedankt|dankjewel|dank u|dank u wel"
GREETING = "hello|hi|hey|good morning|good evening|good afternoon|hello there|hi there|hey there|morning"
ASKING = "how are you|how are you today|how are you doing|hows it going|how is it going|how do you do"
LEAVING = "good night|goodnight|night|night night|sleep well|bye|goodbye|bye bye|see you|see you later|see you tomorrow"
THANKS, HELLO, WELL, BYE = (frozenset(words.split("|")) for words in (THANKING, GREETING, ASKING, LEAVING))
FOREIGN = """eins un uno een erste erster ersten premier première primero primera primer eerste
zwei deux dos twee zweite zweiter zweiten deuxième segundo segunda tweede
drei trois tres drie dritte dritter dritten troisième tercero tercera derde
vier quatre cuatro vierte vierter quatrième cuarto vierde"""
ABROAD = {word: n for n, row in enumerate(FOREIGN.splitlines(), 1) for word in row.split()}
COUNTED = {**ABROAD, **NUMBERS, **ORDINALS}
CHOOSING = re.compile("the|number|option|one|der|die|das|den|nummer|le|la|numéro|el|número|de|het")
EVERY = frozenset(["both", "all", "all of them", "both of them", "either", "any", "everything"])
DEEDS = frozenset(["lock", "open", "close", "play", "water", "clean", "vacuum", "dim", "on", "off"])
POLITE = re.compile(
    r"^((hey|hi|hello|thanks|thank you|ok|okay|so|well|now|actually|please|pls|plz|just|kindly|claw|(?:can|could) u"
    r"|(?:can|could|would|will) you"
    r"|can i have|may i have|i want you to|i want to|i want|i would like you to|i would like to|i would like|i'd like you to"
    r"|i'd like to|i'd like|i need you to|let's|lets|go ahead and"
    r"|(?:if|when(?:ever)?) (?:you (?:can|could|would|like|please|do ?n['’]?t mind|wouldn['’]?t mind|(?:have|get) (?:a|the) \w+"
    r"|are ready)|(?:it is |it['’]?s |that is |that['’]?s )?(?:possible|ok(?:ay)?|not too much trouble)))[,!.\s]+)+"
    r"|([,.!\s]+(if (?:you (?:can|could|would|please|do ?n['’]?t mind)|possible)|when you (?:can|(?:have|get) (?:a|the) \w+)"
    r"|please(?: and thank you)?|pls|plz|thanks|thx|cheers|thank you|for me"
    r"|now|then|right now|right away|immediately|would you|will you|claw))+$", re.IGNORECASE)  # fmt: skip


WHETHER = re.compile(
    r"(?:tell me|check|see) (?:if|whether) (?!there\b)(.+?) (is|are) (?:still )?"
    r"(on|off|open|closed|shut|locked|unlocked|playing|running|muted|paused|wet|dry)", re.IGNORECASE)  # fmt: skip


EACH = re.compile(r"\b(?:each and every|every single)(?= )", re.IGNORECASE)


@lru_cache(64)  # one message is looked at in several ways
def plain(text: str) -> str:
    """The message without politeness around it; a message of nothing else stays as it is."""
    before = EACH.sub("every", text.strip())
    text = before.rstrip(" .!?")
    while (less := POLITE.sub("", text).strip(" ,")) != text and less:
        text = less
    if asked := WHETHER.fullmatch(text):
        return f"{asked[2]} {asked[1]} {asked[3]}"
    return text or before


class Alias:
    """Reads what is said to the reader itself; scenes are found here and read by the whole reader."""

    level = "alias"

    def read(self, text: str, context: Context) -> Reading | None:
        """A control word, an answer to the open question, or small talk; None for everything else."""
        words = " ".join(fold(text.replace("'s", "s").replace("’s", "s")))
        words = "yes" if NODDED.fullmatch(text.strip()) else "no" if SHOOK.fullmatch(text.strip()) else words
        if control := self._control(words, context):
            return Reading(self.level, control=control, trace=(f"a word of the reader: {control}",))
        several = context.question == "which" and words in EVERY
        reply = "Only one can be chosen: its number or its name, please." if several else self._talk(words)
        return Reading(self.level, reply=reply, trace=("small talk",)) if reply else None

    def _control(self, words: str, context: Context) -> str:
        no, stop = REFUSED.fullmatch(words), HALTED.fullmatch(words)
        if context.question in ("approval", "pair") and (no or AGREED.fullmatch(words) or words == "forget that"):
            return "no" if no or words == "forget that" else "yes"
        if context.question == "which" and not no and not stop and (pick := _pick(words, context)):
            return f"pick:{pick}"
        return "no" if no else "stop" if stop else ""

    def _talk(self, words: str) -> str:
        for said, reply in (
            (THANKS, "You're welcome."),
            (HELLO, "Hello."),
            (WELL, "I am fine, thank you."),
            (BYE, "Good night." if "night" in words or "sleep" in words else "Goodbye."),
        ):
            if words in said:
                return reply
        return ""


def scene(text: str, context: Context) -> str:
    """The name of the owner's scene that the whole message is; empty when none."""
    if not context.scenes:
        return ""
    names = {" ".join(fold(name)): name for name in context.scenes}
    return names.get(" ".join(fold(text))) or names.get(" ".join(fold(plain(text))), "")


def key(text: str) -> str:
    """What is the same for messages that are word for word the same, but for politeness; a question is no wish."""
    return " ".join(fold(plain(text))) + "?" * text.rstrip().endswith("?")


def _pick(words: str, context: Context) -> int:
    """Which option was chosen, from 1; 0 when the words choose none."""
    labels = [stems(str(label)) for label in context.extra.get("labels", ())]
    if labels.count(stems(words)) == 1:
        return labels.index(stems(words)) + 1
    said = [word for word in words.split() if not CHOOSING.fullmatch(word)] or words.split()
    if said == ["last"]:
        return context.choices
    number = COUNTED.get(said[0], int(said[0]) if said[0].isdecimal() else 0) if len(said) == 1 else 0
    if number:
        return number if number <= context.choices else 0
    if words in DEEDS:  # "lock" is a wish, though an option be a lock
        return 0
    part = {singular(word) for word in said} - ARTICLES - PREPOSITIONS
    fits = [n for n, label in enumerate(labels, 1) if part and part <= set(label)]
    return fits[0] if len(fits) == 1 else 0
