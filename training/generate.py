"""Samples for the tagger: phrases in random houses, put together, distorted, and told as what asks for nothing.

A sample is a text with a tag for each character's word, its verb and the house's flags. `python -m training.generate` shows some.
"""

import argparse
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from claw.reflex.tagger import OF_HOUSE
from claw.reflex.tokens import COLOR, KIND, LONGEST, NUMBER, tokens
from training.houses import PEOPLE, RandomHouse, invented
from training.phrases import Phrase, read, unfold
from training.values import SLOTS, TALK, when

Piece = tuple[str, str]  # words and their tag
IMPERATIVE = re.compile(
    r"^(turn|switch|put|open|close|shut|lock|unlock|set|dim|brighten|start|stop|play|pause|mute|unmute|lower|raise|make|add|remove|kill|arm"
    r"|disarm|clean|vacuum|water|heat|cool|warm|skip|resume|increase|decrease|reduce|change|paint|tilt|run|send|crank|bring|take|get|let|give)\b"
)
FIRST = """please|pls|plz|hey claw|claw|hey|hi|ok claw|can you|could you|could you please|can you please|would you|will you|would you mind to|
i want you to|i'd like you to|i need you to|please can you|hey can you|just|now|ok|okay|so|can u|could u|be so kind and|kindly|go ahead and|
let's|i want to|i would like to|yo|hey there|and|well|um|uh|actually|oh and|also|please go and|try to|do me a favor and|hey dobby|quickly""".replace(
    "\n", ""
).split("|")
LAST = "please|pls|plz|thanks|thank you|thx|now|right now|for me|will you|would you|ok|asap|quickly|immediately|claw|cheers|again|right away|at once|if you can|if possible|please and thanks|mate|dear|a moment|real quick|today|then|then please|instead|too|as well".split(
    "|"
)
JOINS = """ and | and | and then |, then |, |, |, and |; |. |. | then | and also |, also | plus | & |. then | while you're at it |, and please | but |
 and please | as well as | and um | and uh then | oh and |, oh and |. oh and |. and |. also |... | - | / |, plus | then also |! | and can you |, can you |. please | after that """.replace(
    "\n", ""
).split("|")
CONTRARIES = {
    "turn_on": "turn_off", "turn_off": "turn_on", "open": "close", "close": "open", "lock": "unlock", "warmer": "colder", "pause": "resume",
    "brighter": "dimmer", "dimmer": "brighter", "louder": "quieter", "up": "down", "color": "brightness", "add_item": "tick_item",
    "tick_item": "add_item", "brightness": "turn_off", "set": "close", "target": "mode", "clean": "stop_cleaning", "arm": "lock",
}  # fmt: skip
FORBIDDING = """don't|do not|dont|never|please don't|no need to|don't you|you don't have to|i don't want you to|i didn't say|you should not|
we must not|don't ever|there is no need to|i never said|nobody asked you to|i wouldn't|let's not|better not|not now, don't|don't yet|
you needn't|i'd rather you didn't|under no circumstances|i told you not to|please do not|please never|i don't want to|why should i|try not to|
forget to|it is wrong to|you can't|i won't|he refused to|without having to|instead of having to|i hate to""".replace(
    "\n", ""
).split("|")
TELLING = """she said|he told me to|{person} told me to|mum asked me to|i was about to|i already|i forgot to|what happens if i|what if i|
what would happen if you|imagine you|suppose you|i could|i might|i should have|did you|did {person}|why did you|why did {person}|when did you|
how do i|how can i|is it possible to|do you know how to|are you able to|should i|shall we|would it help to|i think {person} will|i dreamt that you|
it would be nice to|the manual says|the sign says|the song goes|his text said|i wrote|he shouted|i'm gonna|we're gonna|gonna|can one|could one|can anyone|are there words to|is there a way to|does it hurt to|the book is called|remember when you|it took me
 ages to|i am going to|i will|i'm about to|we used to|you had to|he always wants to|she loves to|the kids like to|{person} used to|thanks to
 you i can|i was told to|i saw {person}|who will|who is going to|wouldn't it be funny to|if only you could|i wish you could|nobody can|the
 neighbour wants to|my boss wants me to|at work we|in the film they|the app can|google can|can alexa|at the hotel i had to|every time i|
i like to|i prefer to|i hope you did not|do people really|is it safe to|is it bad to|does it cost much to|how much does it cost to|it says""".replace(
    "\n", ""
).split("|")
ELSEWHERE = "at my sister's place|at work|in the office downtown|at my parents'|at the neighbours|in my old flat|at {person}'s house|in the hotel|in the car|at the cinema|in the game|in minecraft|in the movie|at school|on the boat|in the story|at church|in my dream|on tv yesterday|in sims".split(
    "|"
)
ASKED = re.compile(
    r"(?:.*, )?(can|could|would|will|may|is|are|was|what|which|who|how|did|do|does|have|has|when|where|why|any|whats|hows|tell|show|check|give"
    r"|anything|should|shall|isnt|arent|didnt|report|status|since|read|list|count|name"
    r"|isn't|aren't|didn't|am|remind|whos|wheres|i wonder|i(?: want| need|'?d like) to know)\b", re.IGNORECASE)  # fmt: skip
OWNED = re.compile(r"(\b(the|my|a|our|all|his|her|their|your|new|old)|(?<!what)(?<!how)(?<!where)(?<!long)'s)\s*$")
PAST = {
    "put": "put",
    "shut": "shut",
    "set": "set",
    "make": "made",
    "get": "got",
    "give": "gave",
    "bring": "brought",
    "take": "took",
    "run": "ran",
    "send": "sent",
    "let": "let",
    "dim": "dimmed",
    "stop": "stopped",
    "skip": "skipped",
    "heat": "heated",
    "play": "played",
    "arm": "armed",
    "water": "watered",
    "crank": "cranked",
    "clean": "cleaned",
    "lower": "lowered",
    "cool": "cooled",
    "warm": "warmed",
    "tilt": "tilted",
}
DOERS = "someone|somebody|he|she|they|we|i|my sister|the kids|mum|dad|the cat|the cleaner|my flatmate|grandma|the guests|the neighbour|who|nobody|the wind|my phone|alexa|the landlord|it|whoever".split(
    "|"
)
EMOJI = "🙂|👍|🙏|😴|💡|❤️|😅|🥶|🔥|😂|✨|🎵".split("|")


SPARED = ("turn_on", "turn_off", "open", "close", "set", "lock", "brightness", "dimmer", "color", "white", "pause", "volume")
FILLERS = """yeah|basically|like|jeez|man|dude|bro|honestly|tbh|rn|lol|kinda|literally|um|er|hmm|right|sorry|oh|ah|well|so|ok so|so yeah|
you know|i guess|i think|maybe|somehow|really|simply|once more|then|for god's sake|for once|omg|pretty please|darling|honey|love|buddy|my friend|
sweetie|for a bit|for the love of god|damn|ffs|gosh|wow|phew|ugh|oof|haha|anyway|alright|right then|listen|look|finally|real quick|super quick|
if you don't mind|if it's not too much trouble|would be great|would be nice|that would be lovely|ta|much appreciated|gracias|merci|bitte|innit""".replace(
    "\n", ""
).split("|")
EXCEPTIONS = "except|except for|but not|but leave|just not|not|but keep|leave|apart from|besides|other than|everything but|without|minus|only not|excluding|save for|aside from|but don't touch|and leave|with the exception of|bar".split(
    "|"
)
BEHIND = ", |. | - |, | because |... | cause | or | since |; | | | | as |! | coz | bc ".split("|")
SIGNED = ", {person}|. thanks, {person}| thanks {person}| - {person}|. many thanks, {person}|. {person}| x| xx| xxx|, love {person}|. cheers {person}".split(
    "|"
)
STAYING = "on|alone|as it is|as is|off|be|out|out of it|how it is|open|untouched|like that".split("|")


@dataclass(frozen=True)
class Sample:
    """A text, a tag and the house's bits for each of its tokens, and its verb."""

    text: str
    words: tuple[str, ...]
    tags: str
    bits: tuple[int, ...]
    verb: str


class Generator:
    """Draws samples; the same seed gives the same ones; without noise, nobody mistypes."""

    def __init__(self, seed: int, *, noise: bool = True) -> None:
        self.rng, self.noise = random.Random(seed), noise
        phrases = read()
        self.verbs: dict[str, list[Phrase]] = {}
        for phrase in phrases:
            self.verbs.setdefault(phrase.verb, []).append(phrase)
        self.deeds = sorted(verb for verb in self.verbs if verb not in ("none", "same", "talk") and not verb.startswith("ask"))
        self.asks = sorted(verb for verb in self.verbs if verb.startswith("ask"))
        self.house = RandomHouse(self.rng)
        self.drawn = 0

    def sample(self) -> Sample:
        """The next one."""
        self.drawn += 1
        if self.drawn % 20 == 0:
            self.house = RandomHouse(self.rng)
        while True:
            pieces, verb = self._whole()
            found = self._sample(pieces, verb)
            if 0 < len(found.words) <= LONGEST:
                return found

    def _whole(self) -> tuple[list[Piece], str]:
        """One message, and what it is."""
        rng, luck = self.rng, self.rng.random()
        if luck < 0.42:
            verb = self._verb()
            pieces = self.phrase(verb)
            if verb in SPARED and rng.random() < 0.08:
                pieces = self._sparing(pieces)
            pieces = self._around(pieces, verb)
        elif luck < 0.51:
            pieces, verb = self._later(), "later"
        elif luck < 0.61:
            pieces, verb = self._several(), "several"
        elif luck < 0.72:
            pieces, verb = self._told(), "none"
        else:
            pieces, verb = self.phrase("none"), "none"
            if rng.random() < 0.15:
                pieces = [*pieces, (rng.choice((". ", " and ", ", ", " - ")), "O"), *self.phrase("none")]
        return pieces, verb

    def _verb(self) -> str:
        """A deed or a question, those with more templates more often."""
        rng = self.rng
        if "same" in self.verbs and rng.random() < 0.07:
            return "same"
        verbs = self.asks if self.asks and rng.random() < 0.2 else self.deeds
        return rng.choices(verbs, [len(self.verbs[verb]) ** 0.6 for verb in verbs])[0]

    def _common(self) -> str:
        """A deed, those with more templates more often."""
        return self.rng.choices(self.deeds, [len(self.verbs[verb]) ** 0.5 for verb in self.deeds])[0]

    def phrase(self, verb: str) -> list[Piece]:
        """A random template of the verb, filled."""
        pieces: list[Piece] = []
        for text, tag, slot in unfold(self.rng.choice(self.verbs[verb]).tree, self.rng):
            words, own = self._fill(slot) if slot else (text, tag)
            if own == "T" and pieces and OWNED.search(pieces[-1][0]):
                words = re.sub(r"^(the|my|a|our|all|this|that) ", "", words)
            pieces.append((words, tag if slot and tag else own))
        return pieces

    def _fill(self, slot: str) -> Piece:
        if slot in SLOTS:
            tag, draw = SLOTS[slot]
            return draw(self.rng), tag
        if slot in ("place", "here"):
            return (self.house.place() if slot == "place" else self.house.here()), "T"
        return self.house.target(slot), "T"

    def _around(self, pieces: list[Piece], verb: str) -> list[Piece]:
        """With politeness, or something said before."""
        rng = self.rng
        if verb in self.deeds and rng.random() < 0.10:
            pieces = [
                *self._talk(),
                (rng.choice((", ", ". ", "! ", " - ", " so ", ", ", "... ", " ", " ", " ", ": ")), "K"),
                *pieces,
            ]
        elif verb in self.deeds and rng.random() < 0.08:
            pieces = [*pieces, (rng.choice(BEHIND), "K"), *self._talk()]
        elif verb in self.deeds and rng.random() < 0.3 and IMPERATIVE.match(pieces[0][0]):
            pieces = [(rng.choice(FIRST) + rng.choice((" ", " ", ", ")), "O"), *pieces]
        if verb in self.deeds and rng.random() < 0.16:
            pieces = [*pieces, (rng.choice((" ", ", ")) + rng.choice(LAST), "O")]
        if verb in self.deeds and rng.random() < 0.04:
            pieces = [*pieces, (rng.choice(SIGNED), "K")]
        if verb in (*self.deeds, *self.asks) and rng.random() < 0.07:
            filler = rng.choice(FILLERS)
            pieces = (
                [*pieces, (f"{rng.choice((' ', ', '))}{filler}", "O")]
                if rng.random() < 0.5
                else [(f"{filler}{rng.choice((' ', ', '))}", "O"), *pieces]
            )
        return pieces

    def _talk(self) -> list[Piece]:
        """Something said beside a wish."""
        if "talk" not in self.verbs or self.rng.random() < 0.2:
            return [(self.rng.choice(TALK), "K")]
        return [(text, "K") for text, _ in self.phrase("talk")]

    def _sparing(self, pieces: list[Piece]) -> list[Piece]:
        """With an exception behind the whole: "all lights off but leave the hall on"."""
        rng = self.rng
        slot = rng.choice(("light", "light", "any", "shade", "power"))
        kept = self.house.target(slot) if rng.random() < 0.7 else self.house.place()
        word = rng.choice(EXCEPTIONS)
        stays = (
            [(f" {rng.choice(STAYING)}", "T")]
            if word in ("but leave", "but keep", "leave", "and leave") and rng.random() < 0.7
            else []
        )
        return [*pieces, (rng.choice((" ", ", ", " - ", " (")), "O"), (f"{word} {kept}", "T"), *stays]

    def _deed(self) -> list[Piece]:
        while True:
            pieces = self.phrase(self._verb())
            if not any("?" in text for text, _ in pieces):
                return pieces

    def _state(self) -> str:
        """A clause about the house: "the door is open"."""
        rng = self.rng
        said = rng.choice(("{} is {}", "{} is {}", "{} goes {}", "{} gets {}", "{} turns {}", "{} are {}", "{} opens", "{} closes", "{} is done", "{} stops", "{} is above 25", "it is warmer than 22 in {}", "{} is too warm", "{} is not {}"))  # fmt: skip
        return said.format(self.house.target("any"), SLOTS["state"][1](rng))

    def _later(self) -> list[Piece]:
        """A deed with a time or a condition; or a wish to be told."""
        rng = self.rng
        condition = (when(rng, self._state), "H")
        if rng.random() < 0.12:
            tell = rng.choice(("tell me", "let me know", "remind me", "remind me to call {person}", "notify me", "wake me", "set a timer", "set an alarm", "send me a message", "warn me", "remind me to buy milk", "ping me", "remind me about the cake", "set a pasta timer"))  # fmt: skip
            pieces = [(tell.format(person=rng.choice(PEOPLE)), "O")]
        else:
            pieces = self.phrase(rng.choices(self.deeds, [len(self.verbs[verb]) ** 0.6 for verb in self.deeds])[0])
        if rng.random() < 0.35:
            return self._around([condition, (rng.choice((" ", ", ", ", please ", " then ")), "O"), *pieces], "later")
        return self._around([*pieces, (rng.choice((" ", " ", ", ")), "O"), condition], "later")

    def _several(self) -> list[Piece]:
        """Two or three wishes, joined; each of them as it would be said alone."""
        rng = self.rng
        verb = self._common()
        pieces, join = self.phrase(verb), rng.choice(JOINS)
        for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
            luck = rng.random()
            verb = verb if luck < 0.25 else CONTRARIES.get(verb, verb) if luck < 0.4 else self._common()
            pieces = [*pieces, (join if rng.random() < 0.4 else rng.choice(JOINS), "J"), *self.phrase(verb)]
        if rng.random() < 0.2:
            pieces = [(rng.choice(FIRST) + " ", "O"), *pieces]
        elif rng.random() < 0.16:
            pieces = [*self._talk(), (rng.choice((", ", ". ", " - ", "! ", " so ", ": ", " ", " ")), "K"), *pieces]
        elif rng.random() < 0.14:
            pieces = [*pieces, (rng.choice(BEHIND), "K"), *self._talk()]
        return pieces

    def _told(self) -> list[Piece]:
        """A deed forbidden, reported, quoted, imagined, or of another house."""
        rng, form = self.rng, self.rng.random()
        for _ in range(50):
            pieces = self.phrase(rng.choices(self.deeds, [len(self.verbs[verb]) ** 0.6 for verb in self.deeds])[0])
            if IMPERATIVE.match(pieces[0][0]):
                break
        if form < 0.30:
            return self._tagless([(rng.choice(FORBIDDING) + " ", "O"), *pieces])
        if form < 0.45 and (done := self._done(pieces)):
            return self._tagless(done)
        if form < 0.78:
            end = rng.choice(
                (
                    "",
                    "",
                    " yesterday",
                    "?",
                    " again",
                    " all day",
                    " by accident",
                    " and laughed",
                    ", he said",
                    " or not",
                    " myself",
                    " by hand",
                )
            )
            return self._tagless([(rng.choice(TELLING) + rng.choice((" ", " ", ' "')), "O"), *pieces, (end, "O")])
        if form < 0.88:
            return self._tagless([*pieces, (" " + rng.choice(ELSEWHERE), "O")])
        quote = rng.choice(('"', "'", "“"))
        after = rng.choice((" is what she said", " was the title of the mail", " - great song", ", says the sign", " he wrote", " lol", " is a stupid name", " was my first idea", ", my mum always said"))  # fmt: skip
        return self._tagless([(quote, "O"), *pieces, ({"“": "”"}.get(quote, quote) + after, "O")])

    def _done(self, pieces: Sequence[Piece]) -> list[Piece]:
        """As what somebody did: "mia has turned the lamp off again"."""
        verb, _, rest = pieces[0][0].partition(" ")
        past = PAST.get(verb, f"{verb.rstrip('e')}ed")
        who = self.rng.choice((*PEOPLE, *DOERS))
        when = self.rng.choice(
            ("", "", " has", " had", " just", " already", " have", "'s", " then", " finally", " also", " always")
        )
        end = self.rng.choice(
            (
                "",
                "",
                " last night",
                " again",
                ", finally",
                " and left",
                " so i froze",
                " when we got home",
                " lol",
                ", thanks",
                " yesterday",
                " by mistake",
                " for me",
                " before i came",
            )
        )
        talk = [(", ", "O"), *self._talk()] if self.rng.random() < 0.15 else []
        return [(f"{who}{when} {past} {rest}", "O"), *pieces[1:], (end, "O"), *talk]

    def _tagless(self, pieces: Sequence[Piece]) -> list[Piece]:
        return [(text.replace("{person}", self.rng.choice(PEOPLE)), tag) for text, tag in pieces]

    def _sample(self, pieces: Sequence[Piece], verb: str) -> Sample:
        """Distort the words, join them, and tag the tokens of the whole."""
        rng = self.rng
        pieces = [(text.replace("{person}", rng.choice(PEOPLE)), tag) for text, tag in pieces]
        if self.noise and rng.random() < 0.35:
            pieces = [(distorted(text, rng), tag) for text, tag in pieces]
        text, marks = "", ""
        for words, tag in pieces:
            words = re.sub(r"\s+", " ", words)
            if not text or (words.startswith(" ") and text.endswith((" ", '"', "'"))):
                words = words.lstrip()
            text, marks = text + words, marks + tag * len(words)
        text, marks = text.rstrip(), marks[: len(text.rstrip())]
        if rng.random() < 0.12:
            text = text[:1].upper() + text[1:]
        if end := self._end(text, verb):
            text, marks = text + end, marks + "O" * len(end)
        found = tokens(text)
        words = tuple(token.word for token in found)
        tags = "".join(marks[token.start] for token in found)
        bits = tuple(self.house.lexicon.flags(words))
        if self.noise and rng.random() < 0.25:
            words, bits = self._strange(words, bits)
            text = " ".join(words)
        return Sample(text, words, tags, bits, verb)

    def _strange(self, words: Sequence[str], bits: Sequence[int]) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """With words of the house that nobody has heard before: what they are is told by their bits alone."""
        new: dict[str, str] = {}
        for word, bit in zip(words, bits, strict=True):
            if bit & OF_HOUSE and not bit & NUMBER and word.isalpha() and self.rng.random() < 0.6:
                new.setdefault(word, invented(self.rng))
        changed = tuple(new.get(word, word) for word in words)
        return changed, tuple(bit & ~(KIND | COLOR) if word in new else bit for word, bit in zip(words, bits, strict=True))

    def _end(self, text: str, verb: str) -> str:
        """A final sign: a question in the words of a statement has its mark, a wish has none unless it is asked as one."""
        rng = self.rng
        asked = bool(ASKED.match(text))
        if verb in self.asks and (not asked or rng.random() < 0.3):
            return "?"
        signs = [".", ".", "!", "...", "!!", f" {rng.choice(EMOJI)}", *("?" if asked or verb in ("none", "same") else "")]
        return rng.choice(signs) if rng.random() < 0.12 else ""


def distorted(text: str, rng: random.Random) -> str:
    """With a slip of the finger, without an apostrophe or article, or in capitals."""
    luck = rng.random()
    if luck < 0.25:
        return text.replace("'", "")
    if luck < 0.4:
        return re.sub(r"\b(the|a|my) ", "", text)
    if luck < 0.5:
        return text.title() if luck < 0.47 else text.upper()
    words = text.split(" ")
    at = rng.randrange(len(words))
    if len(words[at]) > 3 and words[at].isalpha() and luck < 0.85:
        words[at] = slip(words[at], rng)
    return " ".join(words)


def slip(word: str, rng: random.Random) -> str:
    """One letter wrong, doubled, missing, or two swapped."""
    at = rng.randrange(1, len(word))
    form = rng.randrange(4)
    if form == 0:
        return word[:at] + word[at + 1 :]
    if form == 1:
        return word[:at] + rng.choice("aeiourstlnm") + word[at + 1 :]
    if form == 2:
        return word[:at] + word[at - 1] + word[at:]
    return word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]


def main() -> None:
    """Show samples, or check the template files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only read the templates and count them")
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    phrases = read()
    if options.check:
        verbs = sorted({phrase.verb for phrase in phrases})
        print(f"{len(phrases)} templates:", ", ".join(f"{v} {sum(p.verb == v for p in phrases)}" for v in verbs))
        return
    generator = Generator(options.seed)
    for _ in range(options.count):
        sample = generator.sample()
        print(
            f"{sample.verb:14} {sample.text}\n{'':14} {' '.join(f'{w}/{t}' for w, t in zip(sample.words, sample.tags, strict=True))}"
        )


if __name__ == "__main__":
    main()
