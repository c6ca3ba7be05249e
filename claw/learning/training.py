"""`claw train`: a small layer over the frozen encoder, for the examples of this house. A program of the research loop."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from claw.learning.examples import Example
from claw.learning.layer import NORM, SECONDS, STEPS, fit
from claw.learning.program import Figures, Refused
from claw.learning.suite import Case, Score, score
from claw.reflex.alias import key, plain
from claw.reflex.grammar import CONDITION, LATER, NEGATED
from claw.reflex.reader import Reader
from claw.reflex.reading import Context, Reading
from claw.reflex.tagger import Layer, Tagger
from claw.reflex.tagging import TAKEN, UNREAD, Tagging, wish
from claw.reflex.tokens import LONGEST, normal, tokens

OTHERS = 12  # things of the house of which each example is said again, to be fitted to
NO_VERB = "No example is more than its own words, so there is nothing to train; each is understood word for word."


@dataclass(frozen=True)
class House:
    """What the program is about: the examples, the messages of late, in which context they are read again, what keeps a layer."""

    reader: Reader
    examples: Sequence[Example]
    said: Sequence[str]
    context: Context
    keep: Callable[[Layer, dict[str, str]], None]


class VerbLayer:
    """Objective: the tagger takes each example as the verb of its meaning, so that other things said so are read, too.

    Metric: how many examples it takes so. On the half of the shipped suite that is no anchor the share that is read right gets
    no less, nothing of the whole suite that asks nothing is newly taken for a wish, and every other message of the last 30
    days reads as before. Bounds: STEPS, SECONDS and NORM of claw/learning/layer.py; the tags are left as they are, since an
    example does not say which of its words is what.
    """

    objective = "examples are taken as the verb of what they mean"
    metric = "examples taken; the suite gets no worse, nothing of it is newly taken, the replay stays the same"
    bounds = f"{STEPS} steps, {SECONDS:g} s, {NORM:g} of the weights' norm"

    def __init__(self, model: Tagger, suite: Sequence[Case], house: House) -> None:
        """`model`: the shipped weights, for this program alone, since it runs in a thread."""
        self.model, self.suite, self.house, self.reader = model, suite, house, house.reader
        self.examples = {key(one.said): one for one in house.examples}
        self.cases = {said: case for said, one in self.examples.items() if (case := self._case(plain(one.said), one.meant))}

    def _case(self, said: str, meant: str) -> Case | None:
        """An example with the verb of its meaning; None unless its own words with that verb come to the same deeds."""
        reading, found = self.reader.read(meant, self.house.context), tokens(normal(said))
        verb = reading.topic.verb if reading and reading.topic and reading.calls else ""
        if not 0 < len(found) <= LONGEST or verb not in self.model.verbs or verb in UNREAD:
            return None
        words = tuple(token.word for token in found)
        case = Case(words, tuple(self.reader.tags.lexicon().flags(words)), "", verb)
        tagged = replace(self.model.tagged(normal(said), found, case.bits), verb=verb)
        asked = wish(Tagging(tagged))
        come = self.reader.following.come(*asked, self.house.context) if asked else None
        return case if come and reading and come.calls == reading.calls else None

    async def propose(self) -> Layer:
        """Fitted in a thread, beside the other half of the suite."""
        if not self.cases:
            raise Refused(NO_VERB)
        drill = [one for case in self.cases.values() for one in (case, *self._others(case))]
        added = await asyncio.to_thread(fit, self.model, drill, self.suite[::2])
        return Layer(added, self._words(Layer(added, {})))

    def _others(self, case: Case) -> list[Case]:
        """The same said of other things of this house."""
        tags, found = self.model.tagged("", case.tokens, case.bits).tags, []
        if "T" not in tags:
            return []
        first, last = tags.index("T"), tags.rindex("T") + 1
        for name in dict.fromkeys(name for name, _ in self.reader.names.spoken()):
            words = (*case.words[:first], "the", *(token.word for token in tokens(normal(name))), *case.words[last:])
            found.append(Case(words[:LONGEST], tuple(self.reader.tags.lexicon().flags(words[:LONGEST])), "", case.verb))
        return found[:OTHERS]

    def _words(self, layer: Layer) -> dict[str, frozenset[str]]:
        """The words that the examples add to the plain ones of their verb; no word that forbids or says when."""
        words: dict[str, frozenset[str]] = {}
        for case in self.cases.values():
            tagged = self.model.tagged("", case.tokens, case.bits, layer)
            strange = tagged.strange if tagged.verb == case.verb else ()
            new = {word for word in strange if not any(one.search(word) for one in (NEGATED, CONDITION, LATER))}
            words[case.verb] = words.get(case.verb, frozenset()) | new
        return {verb: some for verb, some in words.items() if some}

    async def measure(self, candidate: Layer | None) -> Figures:
        """None: the examples as they are read now, the suite by the weights alone."""
        layer = candidate or self.reader.tags.layer
        taken = [said for said, case in self.cases.items() if self._takes(case, layer)]
        got = await asyncio.to_thread(score, self.model, self.suite, candidate)
        return {
            "examples": {"of": len(self.cases), "taken": len(taken)}, "suite": self._suite(got),
            "replay": await self._replay(candidate) if candidate else {},
        }  # fmt: skip

    def _takes(self, case: Case, layer: Layer | None) -> bool:
        tagged = self.model.tagged("", case.tokens, case.bits, layer)
        return tagged.verb == case.verb and not tagged.strange and tagged.sure >= TAKEN

    def _suite(self, got: Score) -> dict[str, Any]:
        held = range(1, len(self.suite), 2)
        return {"of": len(held), "right": len(got.right.intersection(held)), "taken": sorted(got.taken)}

    async def _replay(self, candidate: Layer) -> dict[str, Any]:
        """The messages that would be read otherwise; each is read twice at the same moment, and others are answered between."""
        texts = [text for text in self.house.said if key(text) not in self.examples]
        changed = []
        for text in texts:
            if _same(self._read(text, self.reader.tags.layer)) != _same(self._read(text, candidate)):
                changed.append(text)
            await asyncio.sleep(0)
        return {"of": len(texts), "changed": changed}

    def _read(self, text: str, layer: Layer | None) -> Reading | None:
        now, self.reader.tags.layer = self.reader.tags.layer, layer
        try:
            return self.reader.read(text, self.house.context)
        finally:
            self.reader.tags.layer = now

    def against(self, before: Figures, after: Figures) -> str:
        """Why it is not kept."""
        new = set(after["suite"]["taken"]) - set(before["suite"]["taken"])
        changed = after["replay"]["changed"]
        if after["examples"]["taken"] <= before["examples"]["taken"]:
            return "no more examples are taken than before"
        if after["suite"]["right"] < before["suite"]["right"]:
            return f"{before['suite']['right'] - after['suite']['right']} fewer cases of the suite would be read right"
        if new:
            return f"{len(new)} cases of the suite that ask nothing would be taken for a wish"
        many = "one earlier message" if len(changed) == 1 else f"{len(changed)} earlier messages"
        return f"{many} would be read otherwise: “{'”, “'.join(changed[:3])}”" if changed else ""

    def keep(self, candidate: Layer, figures: Figures) -> None:
        """In the data folder, and from the next message on."""
        self.house.keep(candidate, {said: self.examples[said].meant for said in self.cases})


def _same(reading: Reading | None) -> Reading | None:
    """What a reading does and says, however it came about."""
    return reading and replace(reading, level="", topic=None, trace=())
