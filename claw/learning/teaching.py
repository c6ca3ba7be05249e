"""When what was said and what was meant become an example, and talk about examples."""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from claw.call import ToolCall
from claw.discovery.found import clean
from claw.house import House
from claw.learning.examples import LONGEST_MEANT, LONGEST_SAID, PAGE, Example, Examples
from claw.memory.pages import PageError
from claw.memory.talk import SECRET, MemoryTalk
from claw.messages.inbox import CODE
from claw.names import POINTING, SMALL, fold, stems
from claw.names.words import FILLERS, nouns
from claw.reflex.alias import key, plain, scene
from claw.reflex.grammar import CONDITION, LATER, NEGATED, QUESTION
from claw.reflex.reading import Context, Reading, Request, Topic
from claw.roles import ADULTS
from claw.turns.deciding import Deciding
from claw.turns.replies import wanted
from claw.turns.turn import Turn, outcome_of

LONGEST_LEARNT = 6  # words of a wish that the mind understood
REWORDED_SECONDS = 120.0  # how long what was not understood waits for other words
LONGEST_MISSED, SHOWN = 8, 12  # words; examples that are listed in a chat
STATES = re.compile(r"\b(?:is|are|was|were|am|has|have|had|said|says|told)\b")  # such a sentence tells something
WAYS = "on off open close closed shut lock unlock up down raise lower mute unmute brighter dimmer louder quieter start stop pause"
SIDES = frozenset(WAYS.split())
AIM = ("thing", "ids", "kinds", "sort")  # the slots that say of what
BY_AN_ADULT = "Only an adult can teach me that."
TEACH = "Say, for example, “when I say cosy I mean dim the lamp to 20”."
NOT_READ = "I do not understand “{}” as something to do, so I learnt nothing. " + TEACH


class Teaching:
    """A Subject (turns/turn.py): teach, list, forget. Deciding shows it every message that was read (`learn`)."""

    def __init__(self, examples: Examples, talk: MemoryTalk, deciding: Deciding) -> None:
        self.examples, self.talk, self.deciding = examples, talk, deciding
        self.house, self.reader, self.clock = deciding.house, deciding.reader, deciding.clock
        self._missed: dict[tuple[str, str], tuple[str, float]] = {}  # place and person -> what was not understood last, and when

    # -- unasked

    def learn(self, turn: Turn, reading: Reading | None, text: str, context: Context) -> None:
        """Keep what a correction or a rewording shows; else only whether this was understood."""
        message, now = turn.message, self.clock.monotonic()
        missed, at = self._missed.pop((message.place, message.person), ("", 0.0))
        if reading is None:
            self._missed = {who: one for who, one in self._missed.items() if now - one[1] <= REWORDED_SECONDS}
            if turn.level == "none":
                self._missed[message.place, message.person] = text, now
        elif turn.role in ADULTS and not context.area and self._done(turn, reading):
            if reading.corrects:
                self._seen(
                    turn, context.topic.said, corrected(context.topic, reading, self.house), "corrected", reading.calls, context
                )
            elif missed and now - at <= REWORDED_SECONDS and reworded(missed, text, reading.calls, self.house):
                self._seen(turn, missed, plain(text), "reworded", reading.calls, context)

    def understood(self, turn: Turn) -> None:
        """The mind understood a short wish that the reflex did not, and all of it was done: from now on that needs no model."""
        said, calls = turn.message.text, [step.call for step in turn.steps]
        done = all(step.ruling == "run" and outcome_of(step) == "done" for step in turn.steps)
        if calls and done and turn.role in ADULTS and _lasting(said):
            meant = " and ".join(wanted(self.house, call) for call in calls)
            self._seen(turn, said, meant, "understood", calls, self.deciding.context(turn.message))

    def _done(self, turn: Turn, reading: Reading) -> bool:
        """Whether it was read as a deed, by its own words, and none of it is forbidden."""
        return (
            bool(reading.calls) and reading.level != "alias" and all(s.ruling not in ("refused", "declined") for s in turn.steps)
        )

    def _seen(self, turn: Turn, said: str, meant: str, how: str, calls: Sequence[ToolCall], context: Context) -> None:
        """Keep the pair if the sentence alone comes to the same deeds, and tell it; nothing when the page takes no more."""
        alone = self.reader.read(meant, Context(language=context.language)) if meant else None
        if alone is None or list(alone.calls) != list(calls) or self._unfit(said, meant, context):
            return
        try:
            told = self._keep(turn, plain(said), plain(meant), how)
        except PageError:
            return
        turn.reply = f"{told} {turn.reply}".strip() if turn.asked else f"{turn.reply} {told}".strip()

    def _unfit(self, said: str, meant: str, context: Context) -> str:
        """Why the pair cannot be an example; empty when it can."""
        if len(said) > LONGEST_SAID or len(meant) > LONGEST_MEANT or set('“”"\n') & set(said + meant):
            return f"That is too long for an example, or has quotes in it: at most {LONGEST_SAID} characters, please."
        if SECRET.search(said) or any(CODE.fullmatch(word) for word in said.split()):
            return "That looks like a code, so I did not write it down."
        named = (name for thing in self.talk.calling.things() for name in (thing.name, *self.talk.calling.goes_by(thing)))
        if not fold(said) or stems(said) in map(stems, named):
            return f"“{said}” is a name here, so it can mean many things."
        if self.reader.alias.read(said, Context(question="approval")) or scene(said, context):
            return f"“{said}” already means something to me."
        return f"“{said}” means that already." if key(said) == key(meant) else ""

    def _keep(self, turn: Turn, said: str, meant: str, how: str) -> str:
        """Write the line with the turn; what is told of it."""
        fact, write = self.examples.keep(said, meant, how, turn.message.person)
        turn.writes += [write, partial(self.talk.mind, turn.message.place, fact)]
        return f"From now on “{said}” means “{meant}” (“forget that example” ends it)."

    # -- asked

    def take(self, turn: Turn, request: Request, context: Context) -> None:
        """teach {said, meant}; list; forget {words} (empty: the last one)."""
        verbs = {"teach": self._teach, "list": self._list, "forget": self._forget}
        try:
            turn.reply = verbs[request.verb](turn, request.slots, context)
        except PageError as error:
            turn.reply = str(error)

    def grant(self, turn: Turn, request: Request) -> None:
        """Nothing here asks for a yes."""

    def _teach(self, turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
        said, meant = (clean(str(slots[slot]), LONGEST_MEANT + 1).strip(" \"“”'.!,") for slot in ("said", "meant"))
        turn.request = None
        if turn.role not in ADULTS:
            return BY_AN_ADULT
        alone = self.reader.read(meant, Context(language=context.language))
        if alone is None or alone.unknown or not (alone.calls or alone.options or (alone.topic and alone.reply)):
            return alone.reply if alone and alone.unknown else NOT_READ.format(meant)
        if why := self._unfit(said, meant, context):
            return f"{why} I learnt nothing."
        told = self._keep(turn, said, meant, "taught")
        turn.request = Request("memory", "remember", {"fact": f"“{said}” means “{meant}”"}).plain()  # as it is taken back
        return told

    def _list(self, turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
        found = self.examples.all()
        if not found:
            self.talk.take(turn, Request("memory", "recall", {"words": ""}), context)
            return f"{turn.reply}\nI have learnt no examples yet: I do when you correct me. {TEACH}"
        lines = [f"“{clean(one.said)}” means “{clean(one.meant)}”{_source(one)}" for one in found[-SHOWN:]]
        more = [f"And {len(found) - SHOWN} more: “show the page {PAGE}”."] if len(found) > SHOWN else []
        return "\n".join([f"I have learnt {_many(len(found))}:", *lines, *more])

    def _forget(self, turn: Turn, slots: Mapping[str, Any], context: Context) -> str:
        said, found = clean(str(slots.get("words", ""))).strip(" \"“”'"), self.examples.all()
        if turn.role not in ADULTS:
            return BY_AN_ADULT
        if said:
            fits = [one for one in found if key(one.said) == key(said)]
            fits = fits or [one for one in found if {*stems(said)} <= {*stems(one.said), *stems(one.meant)}]
        else:
            last = self.talk.minded(turn.message.place)
            fits = [one for one in found if last and one.fact.text == last.text] or found[-1:]
        if len(fits) != 1:
            what = f"{_many(len(fits))} fit that" if fits else "There is no such example"
            return f"{what}. Say “what have you learnt”, and then, for example, “forget the example movie time”."
        turn.writes.append(self.talk.memory.forget([fits[0].fact]))
        return f"Forgotten: “{clean(fits[0].said)}” no longer means “{clean(fits[0].meant)}”."


def corrected(topic: Topic, reading: Reading, house: House) -> str:
    """The sentence that was meant by the corrected one; empty when that named another thing or value: a slip is no habit."""
    new = reading.topic or Topic()
    old, thing = str(topic.slots.get("thing", "")), str(new.slots.get("thing", ""))
    others = [{name: slot for name, slot in one.slots.items() if name not in AIM} for one in (topic, new)]
    if not old or not thing or topic.verb != new.verb or others[0] != others[1]:
        return ""
    ids = {id for call in reading.calls for id in call.targets}
    if ids & set(topic.aimed) or stems(old) in map(stems, _given(house, house.devices.keys() - ids)):
        return ""  # fewer of the same are wanted today; or the words are another's name
    if not all({*stems(old)} - SMALL <= _words(house, [id]) for id in ids):
        return ""
    meant, count = re.subn(re.escape(old), lambda _: thing, topic.said, count=1, flags=re.IGNORECASE)
    return re.sub(r"\b(?:the|my|our) (the|my|our)\b", r"\1", meant, flags=re.IGNORECASE) if count else ""


def reworded(missed: str, text: str, calls: Sequence[ToolCall], house: House) -> bool:
    """Whether a text is what was meant by one that was not understood: it named the same thing, and all but one of its words
    are there again; one that forbids, tells, asks or has a time is none."""
    said = plain(missed).casefold()
    if any(one.search(said) for one in (NEGATED, CONDITION, LATER, STATES)) or QUESTION.match(said) or "?" in missed:
        return False
    things = _words(house, {id for call in calls for id in call.targets})
    content, again = _content(said), _content(text) | things
    numbers = [set(re.findall(r"\d+", one)) for one in (said, text)]
    sides = [SIDES & {*fold(one)} for one in (said, text)]
    same = numbers[0] == numbers[1] and sides[0] <= sides[1]
    return same and len(fold(said)) <= LONGEST_MISSED and bool(content & things) and len(content - again) <= 1


def _lasting(said: str) -> bool:
    """Whether words mean the same tomorrow: they are few, and neither tell, ask, forbid nor point at anything."""
    words, text = fold(said), plain(said).casefold()
    if len(words) > LONGEST_LEARNT or QUESTION.match(text) or "?" in said or set(words) & POINTING:
        return False
    return not any(one.search(text) for one in (NEGATED, CONDITION, LATER, STATES))


def _content(text: str) -> set[str]:
    return {*stems(text)} - SMALL - FILLERS - SIDES


def _given(house: House, ids: Collection[str]) -> set[str]:
    """The names that people gave these devices; what a device advertises is none."""
    devices = [house.devices[id] for id in ids]
    return {name for one in devices for name in (house.name(one), *house.aliases(one)) if name != one.name}


def _words(house: House, ids: Collection[str]) -> set[str]:
    """All words by which one speaks of these devices."""
    devices = [house.devices[id] for id in ids if id in house.devices]
    names = (name for one in devices for name in (house.name(one), *house.aliases(one), house.area(one)))
    return {word for name in names for word in stems(name)} | {
        word for one in devices for word in nouns(one.kind, house.sort(one))
    }


def _source(example: Example) -> str:
    return f" ({clean(example.fact.source)})" if example.fact.source else ""


def _many(count: int) -> str:
    return "one example" if count == 1 else f"{count} examples"
