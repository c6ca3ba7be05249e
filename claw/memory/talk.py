"""What people say to be remembered, and what they ask to be told again."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

from claw import roles
from claw.device import Device
from claw.discovery.found import clean
from claw.house import Area
from claw.memory.calling import VERBS, Calling, Thing
from claw.memory.pages import LONGEST_FACT, Fact, Memory, PageError, page_name
from claw.messages.inbox import CODE
from claw.moments import day_words
from claw.names import PREPOSITIONS, fold, stems
from claw.people.people import RESERVED
from claw.reflex import memories
from claw.reflex.answers import Answers
from claw.reflex.parts import THEN
from claw.reflex.reading import Context, Request
from claw.roles import sight
from claw.turns.deciding import Deciding
from claw.turns.replies import OWN, are, call_of_it, capital, few, listed, the, within
from claw.turns.turn import Turn

SHOWN, LINES = 4, 6  # facts of an answer; lines of a page in a chat
PAGES, DEVICES = 9, 6  # so many parts at most, when they are listed
NEWEST = 5  # facts that are told when nothing was asked about in particular
LAST_SECONDS, CORRECTED_SECONDS = 600.0, 120.0  # how long "forget that", and "no, it is ...", mean what was remembered last
CODES = r"(?<!zip )(?<!post )(?<!postal )(?<!dress )(?<!area )(?<!qr )(?<!bar )(?<!error )(?<!fault )codes?"
KEY = rf"\b(?:passwords?|passphrase|passcode|passwort|pins?|{CODES}|combination|kombination)\b(?! (?:name|word|board)s?\b)"
PLACE = r"(?:on|in|under|at|behind|with|near|inside|above|beside|next|by|from|kept|not)\b"
SECRET = re.compile(  # "the code is 4711", "4711 is the code", "open it with the code 4711"
    rf"{KEY}.*?(?:\b(?:is|are|was|ist|lautet)\b|[:=])(?!\s*{PLACE})"
    rf"|^(?!there\b|here\b|it\b)\S+ (?:is|are) (?:[\w'’-]+ ){{0,4}}?{KEY}|^(?=.*{KEY}).*(?<!\S)(?=\S*\d)\S{{3,}}",
    re.IGNORECASE,
)
EXAMPLES = "examples"  # the page of claw/learning/examples.py
NO_SECRETS = "I do not keep passwords or codes"
HOW = re.compile(r"how (?:much|many|often|long)\b", re.IGNORECASE)
FIRST_PERSON = re.compile(r"\b(?:i|my|me|mine|we|our|us)\b", re.IGNORECASE)
SELF = re.compile(r"(?:i|my|me|i['’]\w+)\b", re.IGNORECASE)
SMALL_START = re.compile(r"(?:The|A|An|There|It|He|She|They|This|In|On|At|Every|All|Both|No)\b")
WHERE_TO_BEGIN = "Tell me, for example: “remember that the spare key is in the drawer”."
UNKNOWN_THING = "I know no such room or device here. Say, for example, “the study is also called the blue room”."
BY_AN_ADULT = "Only an adult gives names here."
NO_CALLS = "I know no such room or device, and I cannot make phone calls."


class MemoryTalk:
    """A Subject (turns/turn.py). Text from pages is data: it is cleaned, shown, and never read as a wish."""

    def __init__(self, memory: Memory, deciding: Deciding) -> None:
        self.memory, self.deciding, self.house, self.clock = memory, deciding, deciding.house, deciding.clock
        self.calling = Calling(self.house, deciding.reader)
        self.answers = Answers(deciding.reader.names)
        self.people: Callable[[], Iterable[str]] = lambda: RESERVED  # the ids of whoever may have a page of their own
        self._last: dict[str, tuple[Fact, float]] = {}  # chat -> what was remembered last, and when; a restart forgets it
        self._named: dict[str, str] = {}  # chat -> the name that was given last

    def take(self, turn: Turn, request: Request, context: Context) -> None:
        """What memories.read gives."""
        verbs: dict[str, Callable[[Turn, Mapping[str, Any], Context], str]] = {
            "remember": self._remember, "reminder": _reminder, "recall": self._recall, "forget": self._forget,
            "question": self._question, "call": self._call, "uncall": self._uncall, "show": self._show, "before": self._before,
            "versions": self._versions, "restore": self._restore, "correct": self._correct, "place": self._place,
        }  # fmt: skip
        if request.verb in ("call", "uncall") and turn.role not in roles.ADULTS:
            turn.reply = BY_AN_ADULT  # a name holds for everybody, and the language model is told it as the house's own
            return
        whole, self.memory.may = self.memory.may, self._pages_of(turn.message.person)
        try:
            turn.reply = verbs.get(request.verb, _unknown)(turn, request.slots, context) or turn.reply
        except PageError as error:
            turn.reply = str(error)
        finally:
            self.memory.may = whole

    def _pages_of(self, person: str) -> Callable[[str], bool]:
        """Which pages this person is shown: a child its own, an adult those that are nobody else's, too."""
        own, policy = page_name(person), self.deciding.policy
        seen = sight(policy.who(person), "memory")
        others = {page_name(one) for one in self.people()} - {own}
        rules: dict[str, Callable[[str], bool]] = {
            roles.ALL: lambda page: True, roles.COMMON: lambda page: page not in others, roles.OWN: lambda page: page == own,
        }  # fmt: skip
        return rules.get(seen, lambda page: False)

    def found(self, words: str, person: str) -> list[Fact]:
        """The facts about these words that this person is shown, the best first."""
        whole, self.memory.may = self.memory.may, self._pages_of(person)
        try:
            return self.memory.find(words)
        finally:
            self.memory.may = whole

    def grant(self, turn: Turn, request: Request) -> None:
        """Forget several facts, as approved; those that have changed since stay."""
        wanted = [Fact(*one) for one in request.slots["facts"]]
        facts = [fact for fact in wanted if fact in self.memory.facts(fact.page)]
        try:
            turn.writes.append(self.memory.forget(facts))
            turn.reply = f"Forgotten: {_things(len(facts))}." if facts else "They were gone already."
        except PageError as error:
            turn.reply = str(error)

    # -- facts

    def _remember(self, turn: Turn, slots: Mapping[str, Any], context: Context, instead: Fact | None = None) -> str:
        said = clean(str(slots.get("fact", "")), LONGEST_FACT + 1).rstrip(".! ")
        if not fold(said):
            return f"What shall I remember? {WHERE_TO_BEGIN}"
        if len(said) > LONGEST_FACT:
            return f"That is too long for one fact: at most {LONGEST_FACT} characters, please."
        if SECRET.search(said) or any(CODE.fullmatch(word) for word in said.split()):
            turn.secret, turn.request = True, None  # so that it is not kept with the message, either
            return f"{NO_SECRETS}: my pages are plain text, so I did not write it down."
        if wish := self._wish(said):
            turn.request = None
            return f"“{capital(wish)}” asks for a deed, so I kept nothing and did nothing. Say it by itself to have it done."
        fact = Fact(instead.page if instead else self._page_for(said, turn.message.person), f"{capital(said)}.")
        turn.writes.append(self.memory.remember(fact.page, fact.text, turn.message.person, instead.text if instead else ""))
        turn.writes.append(partial(self.mind, turn.message.place, fact))
        quoted = instead or FIRST_PERSON.search(said)
        return f"I'll remember: “{capital(said)}.”" if quoted else f"I'll remember that {_small(said)}."

    def _wish(self, said: str) -> str:
        """What of a would-be fact asks for a deed: all of it, or a part that begins with a verb; empty when nothing does."""
        for part in dict.fromkeys([said, *THEN.split(said)[1:]]):
            reading = self.deciding.reader.read(part, Context()) if (fold(part) or [""])[0] in VERBS else None
            if reading and (reading.calls or reading.options or (reading.request and reading.request.about == "routines")):
                return part
        return ""

    def _correct(self, turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
        """ "No, it is under the mat": the same of what was remembered just now, in place of it."""
        fact, right = self._last_fact(turn, CORRECTED_SECONDS), str(slots.get("rest", ""))
        if not right:
            return "How is it, then? Say “no, it is ...”, or “forget that”." if fact else "Say “undo that”, and I take it back."
        subject = fact and re.match(rf"(.+?) {memories.VERBS} ", fact.text)
        if not fact or not subject:
            return _hint(turn, "")
        said = f"{subject[1]} {right}"
        turn.request = Request("memory", "remember", {"fact": said}).plain()  # as it is taken back
        return self._remember(turn, {"fact": said}, context, fact)

    def _last_fact(self, turn: Turn, seconds: float) -> Fact | None:
        """What was remembered last in this chat, if that was less than so many seconds ago."""
        fact, at = self._last.get(turn.message.place, (None, 0.0))
        return fact if self.clock.monotonic() - at <= seconds else None

    def mind(self, place: str, fact: Fact) -> None:
        """From now on "forget that" means this in this chat."""
        self._last[place] = fact, self.clock.monotonic()

    def minded(self, place: str) -> Fact | None:
        """What "forget that" means in this chat."""
        fact, at = self._last.get(place, (None, 0.0))
        return fact if self.clock.monotonic() - at <= LAST_SECONDS else None

    def _page_for(self, said: str, person: str) -> str:
        """The page of the longest name of a room or device in it, else the speaker's own, else the house's."""
        words = stems(said)
        all_named = ((stems(name), thing) for thing in self.calling.things() for name in self._names(thing))
        named = [(len(name), thing) for name, thing in all_named if _within(name, words)]
        if named:
            return self._page_of(max(named, key=lambda one: one[0])[1])
        return page_name(person) if SELF.match(said) else "house"

    def _names(self, thing: Thing) -> list[str]:
        own = [thing.name] if isinstance(thing, Device) else []
        return list(dict.fromkeys([*self.calling.goes_by(thing), *own]))

    def _page_of(self, thing: Thing) -> str:
        pages = (self.memory.page(name) for name in self._names(thing))
        return next(filter(None, pages), "") or page_name(self._names(thing)[0])

    def _recall(self, turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
        words = clean(str(slots.get("words", "")), LONGEST_FACT)
        if not words:
            return self._all(turn.message.person)
        thing = self.calling.thing(words)
        facts, present = self._about(words, thing, turn.message.person), self._present(thing)
        lines = [self._told(fact, turn.message.person) for fact in facts[:SHOWN]]
        if len(facts) > SHOWN:
            lines.append(f"And {_things(len(facts) - SHOWN)} more: “show the page {facts[SHOWN].page}”.")
        if facts or present:
            return "\n".join([*lines, *([present] if present else [])])
        it = _yours(words)
        if re.search(KEY, words, re.IGNORECASE):
            return f"{NO_SECRETS}."
        if near := self.memory.find(_head(words)):
            return f"I know nothing about {it}, but this: {self._told(near[0], turn.message.person)}"
        return f"I know nothing about {it} yet."

    def _question(self, turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
        """A question that was not understood, if pages have all of its words."""
        words = str(slots["words"])
        facts = (self.memory.find(words) or self.memory.find(HOW.sub("", words)))[:SHOWN]
        secret = f"{NO_SECRETS}." if re.search(KEY, words, re.IGNORECASE) else ""
        turn.level = "grammar" if facts or secret else turn.level
        return "\n".join(self._told(fact, turn.message.person) for fact in facts) or secret

    def _all(self, person: str) -> str:
        pages = {page: count for page, count in self.memory.pages().items() if count}
        if not pages:
            return f"I remember nothing yet. {WHERE_TO_BEGIN}"
        shown = [f"{page} ({count})" for page, count in sorted(pages.items(), key=lambda one: -one[1])]
        on = "one page" if len(pages) == 1 else f"{len(pages)} pages"
        heading = f"I remember {_things(sum(pages.values()))} on {on}: {few(shown, PAGES)}."
        return "\n".join([heading, *(self._told(fact, person) for fact in self.memory.newest(NEWEST))])

    def _about(self, words: str, thing: Thing | None, person: str) -> list[Fact]:
        """What the pages say of it, under each of its names."""
        if words.casefold() in ("me", "myself", "us"):
            return self.memory.facts(page_name(person))[::-1]
        names = [words] if thing is None else self._names(thing)
        page = self._page_of(thing) if thing else self.memory.page(words)
        return list(dict.fromkeys([*self.memory.facts(page)[::-1], *(fact for name in names for fact in self.memory.find(name))]))

    def _present(self, thing: Thing | None) -> str:
        """What is there now, and what else it is called."""
        if thing is None:
            return ""
        it, others = self.calling.it(thing), self.calling.goes_by(thing)[1:]
        others = [the(name) for name in others] if isinstance(thing, Area) else others
        also = f" It is also called {listed(others)}." if others else ""
        if isinstance(thing, Device):
            state = self.answers.reply("ask", {"thing": self.house.name(thing), "area": self.house.area(thing)}, Context())
            area = self.house.area(thing)
            return f"{capital(it)} is {within(area)}. {state}{also}".strip() if area else f"{state}{also}"
        inside = self.house.within(thing.name)
        there = (one for one in self.house.devices.values() if self.house.area(one).casefold() in inside)
        devices = [call_of_it(self.house, one) for one in there]
        if not devices:
            return f"{capital(it)} has no devices.{also}"
        return f"{capital(it)} has {len(devices)} device{'s' * (len(devices) > 1)}: {few(devices, DEVICES)}.{also}"

    def _told(self, fact: Fact, person: str) -> str:
        text = clean(fact.text, LONGEST_FACT)
        text = f"“{text}”" if FIRST_PERSON.search(text) else text
        if not fact.source or fact.page == EXAMPLES:
            return text
        who, _, day = fact.source.rpartition(", ")
        told = f"({'you' if who == person else clean(who)} told me{self._day(day)})"
        return f"{text[:-1]} {told}." if text.endswith(".") else f"{text} {told}"

    def _day(self, day: str) -> str:
        """ " today", " on Monday", " on 3 May"; empty when it is not known."""
        try:
            return f" {day_words(date.fromisoformat(day), self.clock.now().date())}"
        except ValueError:
            return ""

    def _forget(self, turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
        words = clean(str(slots.get("words", "")), LONGEST_FACT)
        if not words:
            fact = self._last_fact(turn, LAST_SECONDS)
            if fact is None:
                return "What shall I forget? Say, for example, “forget that the spare key is in the drawer”."
            turn.writes.append(partial(self._last.pop, turn.message.place, None))
            return self._gone(turn, [one for one in self.memory.facts(fact.page) if one.text == fact.text])
        if fold(words)[0] == "everything":
            return "That would be all that I know. Please say about what, or delete the pages in my data folder."
        facts = self._about(words, self.calling.thing(words), turn.message.person)
        facts = [fact for fact in facts if fold(fact.text) == fold(words)] or facts
        if len(facts) > 1:
            self._ask(turn, facts)
            return ""
        if not facts and (called := re.fullmatch(r".+ (?:is|are) (?:also )?(?:called|known as) (.+)", words)):
            return self._uncall(turn, {"said": called[1]}, context)
        return self._gone(turn, facts) if facts else "I know nothing about that, so there is nothing to forget."

    def _gone(self, turn: Turn, facts: list[Fact]) -> str:
        turn.writes.append(self.memory.forget(facts))
        said = clean(facts[0].text, LONGEST_FACT) if facts else ""
        said = said if said.startswith("“") else f"“{said}”"
        return f"Forgotten: {said}" if facts else "It was gone already."

    def _ask(self, turn: Turn, facts: list[Fact]) -> None:
        shown = few([f"“{clean(fact.text, 80)}”" for fact in facts], SHOWN + 1)
        request = Request("memory", "forget", {"facts": [[fact.page, fact.text, fact.source] for fact in facts]})
        self.deciding.ask(turn, request, f"Forget {_things(len(facts))}: {shown}? Yes or no?")

    # -- names

    def _call(self, turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
        thing, given, old = self._meant(turn, slots)
        name = _bare(given)
        if thing is None:
            words = str(slots.get("thing", ""))
            if slots.get("also") and VERBS & {*fold(words)[:1]}:  # "when I say cosy I mean dim the lamp to 20"
                teach = Request("learning", "teach", {"said": given, "meant": words})
                self.deciding.subjects["learning"].take(turn, teach, context)
                return turn.reply
            if several := self.calling.several(words) if words else "":
                return f"Which one do you mean: {several}? Please say its whole name."
            return _hint(turn) if slots.get("told") else UNKNOWN_THING if words else NO_CALLS
        it, names = self.calling.it(thing), self.calling.goes_by(thing)
        if not name:
            return f"What shall I call {it}? Say “call {it}”, and then its new name."
        if isinstance(thing, Area) and fold(name) == fold(thing.name) and fold(old) in map(fold, names[1:]):
            turn.request = Request("memory", "uncall", {"said": old}).plain()
            return self._uncall(turn, {"said": old}, context)
        also = isinstance(thing, Area) or bool(slots.get("also"))
        if fold(name) in map(fold, names if also else names[:1]) or (also and self.calling.thing(name) == thing):
            return f"{capital(it)} is called that already."
        if refused := self.calling.refused(thing, name, context):
            return refused
        name = given if isinstance(thing, Device) and re.fullmatch(r"the \w+", given) else name  # it is said with its article
        turn.writes.append(partial(self.calling.call, thing, name, also=also))
        turn.writes.append(partial(self._named.__setitem__, turn.message.place, name))
        if also:
            return f"{capital(it)} is also called {the(name) if isinstance(thing, Area) else f'“{name}”'} now."
        others = [f"“{one}”" for one in names if fold(one) != fold(name)]
        return f"I call {it} “{name}” now. {listed(others)} still work{'s' * (len(others) == 1)}."

    def _meant(self, turn: Turn, slots: Mapping[str, Any]) -> tuple[Thing | None, str, str]:
        """What is to be named, its new name (empty: none was said), and the name by which it was meant."""
        if said := str(slots.get("said", "")):
            whole = [one for one in self.calling.things() if stems(said) in map(stems, self.calling.goes_by(one))]
            thing, name = (whole[0], "") if whole else self.calling.divide(said) or (None, "")
            return thing, name, ""
        old = str(slots.get("thing", ""))
        old = self._named.get(turn.message.place, "") if old.casefold() == "it" else _bare(old)
        return self.calling.thing(old) if old else None, str(slots.get("name", "")), old

    def _uncall(self, turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
        """ "the study the blue room", or the name alone."""
        said = str(slots.get("said", ""))
        name = _bare((self.calling.divide(said) or (None, said))[1])
        thing = self.calling.thing(name)
        names = self.calling.goes_by(thing) if thing else []
        left = [one for one in names if stems(one) != stems(name)]
        if not thing or not left or len(left) == len(names) or (isinstance(thing, Area) and left[0] != thing.name):
            return f"Nothing here has “{name}” as another name."
        turn.writes.append(partial(self.calling.keep, thing, left))
        return f"“{name}” is no name here any more. I call it {the(left[0])}."

    def _place(self, turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
        """A device stands in another room now, or (empty, as it is taken back) in none."""
        words = str(slots.get("area", ""))
        thing, area = self.calling.thing(str(slots["thing"])), self.calling.thing(words) if words else None
        if not isinstance(thing, Device) or thing.kind == "vacuum" or (words and not isinstance(area, Area)):
            return _hint(turn) if slots.get("told") else UNKNOWN_THING
        it, before, now = self.calling.it(thing), self.house.area(thing), area.name if isinstance(area, Area) else ""
        if before.casefold() == now.casefold():
            return f"{capital(it)} is {within(now)} already."
        if turn.request and turn.request["verb"] == "place":
            turn.request["slots"]["before"] = before
        turn.writes.append(partial(self.house.describe, thing.id, area=now))
        left = f", no longer {within(before)}" if before else ""
        return f"{capital(it)} {are(it)} {within(now) if now else 'in no room'} now{left}."

    # -- pages

    def _page(self, turn: Turn, slots: Mapping[str, Any]) -> str:
        words = re.sub(r"^(?:the|my|our|your) ", "", clean(str(slots.get("page", ""))), flags=re.IGNORECASE)
        thing = self.calling.thing(words) if words else None
        words = page_name(turn.message.person) if words.casefold() == "me" else words
        if page := self.memory.page(words) or (self.memory.page(self._page_of(thing)) if thing else ""):
            return page
        known = list(self.memory.pages())
        raise PageError(
            (f"There is no page “{words}”." if words else "Which page?") + (f" I have {listed(known[:8])}." if known else "")
        )

    def _show(self, turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
        page = self._page(turn, slots)
        return _excerpt(self.memory.text(page), whole=bool(slots.get("whole"))) or f"The page {page} is empty."

    def _before(self, turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
        page = self._page(turn, slots)
        version, _ = self.memory.restore(page)
        return f"{_excerpt(version.text) or 'It was empty.'}\nTo have it back, say “restore the page {page}”."

    def _versions(self, turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
        page = self._page(turn, slots)
        found = self.memory.versions(page)
        lines = [f"{one.id}: {one.why}, {self._at(one.at)}" for one in found[: None if slots.get("whole") else LINES]]
        more = f"\nand {len(found) - len(lines)} older ones" if len(found) > len(lines) else ""
        return "\n".join(lines) + more

    def _at(self, at: float) -> str:
        then = datetime.fromtimestamp(at, self.clock.now().tzinfo)
        return f"{then:%H:%M}{self._day(f'{then:%Y-%m-%d}')}"

    def _restore(self, turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
        page = self._page(turn, slots)
        version, write = self.memory.restore(page, _number(slots.get("version")), turn.message.at)
        turn.writes.append(write)
        return f"The page {page} is again as it was at {self._at(version.at)}:\n{_excerpt(version.text, SHOWN)}"


def _reminder(turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
    if of := slots.get("of"):
        return f"When shall I remind you of {of}? Say, for example, “remind me of {of} at six”."
    return f"When shall I remind you to {slots['do']}? Say, for example, “remind me at six to {slots['do']}”."


def _hint(turn: Turn, fact: str | None = None) -> str:
    """For what sounds like something to know and was not said to be remembered, or (empty) for nothing of the kind."""
    fact = clean(turn.message.text).rstrip(".! ") if fact is None else fact
    turn.level, turn.request = "none", None
    return "I did not understand that." + (f" To have me remember it, say “remember that {_small(fact)}”." if fact else "")


def _unknown(turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
    return "My memory cannot do that."


def _things(count: int) -> str:
    return "one thing" if count == 1 else f"{count} things"


def _small(said: str) -> str:
    """Inside a sentence: without the capital of a word that is no name."""
    return said[0].lower() + said[1:] if SMALL_START.match(said) else said


def _yours(words: str) -> str:
    """ "my phone" as the claw says it: "your phone"; names stay as they are."""
    if words.casefold() in ("me", "myself"):
        return "you"
    return re.sub(r"\bmy\b", "your", _small(words) if OWN.match(words) else words, flags=re.IGNORECASE)


def _number(value: Any) -> int | None:
    return int(value) if str(value or "").isdecimal() else None


def _bare(name: str) -> str:
    """A name without quotes and article, as it is kept."""
    return clean(re.sub(r"^(?:the|a|an) ", "", name.strip(" \"“”'"), flags=re.IGNORECASE))


def _head(words: str) -> str:
    """The noun that the words are about: "key" of "the spare key to the shed"."""
    said = fold(words)
    cut = next((number for number, word in enumerate(said) if number and word in PREPOSITIONS), len(said))
    return said[cut - 1] if said else ""


def _within(name: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return bool(name) and any(words[at : at + len(name)] == name for at in range(len(words)))


def _excerpt(text: str, lines: int = LINES, *, whole: bool = False) -> str:
    """The lines of a page as they may be shown."""
    shown = [line for line in (clean(line, LONGEST_FACT) for line in text.splitlines()) if line]
    if whole or len(shown) <= lines:
        return "\n".join(shown)
    return "\n".join([*shown[:lines], f"and {len(shown) - lines} more lines"])
