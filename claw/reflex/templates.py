"""The templates of one language, and of those the few that a sentence can possibly fit.

hassil itself leaves out templates whose literal words are missing, and then tries about 50 of 1,059 on each sentence. Looked at
first here, and as safe: with which word a template begins and ends, and whether the names and values that it needs stand there.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from typing import Any

from claw.reflex.languages import spoken, unaccented

OPEN = "?"  # no word has it: names, numbers and wildcards begin and end with anything
ELSEWHERE = (["scene"], ["script"], "scene", "script")  # scenes are read by their names before any template
BARE_NAME = re.compile(r"(\[[^\]]*\] ?)?\{name\}")  # a template that would act on a name alone
DEEPEST = 20  # rules within rules


@dataclass(frozen=True)
class Template:
    """One sentence template, and what a text must have to fit it."""

    intent: str
    block: Any  # hassil's IntentData with this one sentence
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    clauses: tuple[tuple[str, ...], ...]  # one fragment of each
    lists: frozenset[str]  # a value of each


class Templates:
    """home-assistant-intents with our own templates merged in; they do not depend on the house."""

    def __init__(self, data: dict[str, Any]) -> None:
        from hassil.intents import Intents

        for intent in data["intents"].values():
            blocks = [one for one in intent["data"] if one.get("requires_context", {}).get("domain") not in ELSEWHERE]
            sentences = [(block, one) for block in blocks for one in block["sentences"] if not BARE_NAME.fullmatch(one)]
            intent["data"] = [{**block, "sentences": [one]} for block, one in sentences]
        self.intents = Intents.from_dict(data)
        if spoken(data["language"]):  # then the text is tidied to digits before; spelling out a range takes 50 ms
            for values in self.intents.slot_lists.values():
                values.words = False  # type: ignore[attr-defined]
        self.all = [
            _template(name, block, self.intents) for name, intent in self.intents.intents.items() for block in intent.data
        ]
        self._edges: dict[tuple[str, ...], dict[tuple[str, ...], list[int]]] = {}  # starts, ends -> where in `all`
        for n, one in enumerate(self.all):
            self._edges.setdefault(one.starts, {}).setdefault(one.ends, []).append(n)

    def near(self, text: str, lists: Mapping[str, Any]) -> Any:
        """hassil's Intents with those templates only that this text may fit, given the names of the house."""
        from hassil.intents import Intent
        from hassil.util import normalize_for_matching, remove_skip_words

        if self.intents.settings.ignore_whitespace:
            return self.intents
        whole = normalize_for_matching(text).text.casefold()
        bare = remove_skip_words(whole, self.intents.skip_words, False).strip()
        both, lists = f"{whole}\n{bare}", {**self.intents.slot_lists, **lists}
        present = cache(lambda name: _occurs(lists.get(name), whole))
        found: dict[str, Any] = {}
        for one in self._edged({whole, bare}):
            if all(any(word in both for word in clause) for clause in one.clauses) and all(map(present, one.lists)):
                found.setdefault(one.intent, Intent(one.intent)).data.append(one.block)
        return replace(self.intents, intents=found)

    def _edged(self, texts: Collection[str]) -> list[Template]:
        """The templates that begin and end as one of the texts does, in their order."""
        begun = [by_end for starts, by_end in self._edges.items() if any(text.startswith(starts) for text in texts)]
        ended = (some for by_end in begun for ends, some in by_end.items() if any(text.endswith(ends) for text in texts))
        return [self.all[n] for n in sorted(chain.from_iterable(ended))]


@cache
def templates(language: str) -> Templates | None:
    """The templates of a language, compiled once in a process (about 0.4 s); None when nobody wrote any.

    Those of other languages than English have no accents, as people write them on phones; so must be the text and the names.
    """
    import home_assistant_intents
    from hassil.util import merge_dict

    data = home_assistant_intents.get_intents(language)
    if not data:
        return None
    merge_dict(data, {key: value for key, value in spoken(language).items() if key != "words"})
    return Templates(data if language == "en" else json.loads(unaccented(json.dumps(data, ensure_ascii=False))))


def _template(intent: str, block: Any, intents: Any) -> Template:
    sentence, rules = block.sentences[0], {**intents.expansion_rules, **block.expansion_rules}
    edges = (_edges(sentence.expression, rules, end, 0) for end in (0, -1))
    starts, ends = (("",) if words & {"", OPEN} else tuple(sorted(words)) for words in edges)
    clauses = tuple(tuple(clause) for clause in sentence.get_required_clauses(rules))
    return Template(intent, block, starts, ends, clauses, _lists(sentence.expression, rules, 0) - block.slot_lists.keys())


def _edges(expression: Any, rules: Mapping[str, Any], end: int, depth: int) -> frozenset[str]:
    """The words with which a text that fits begins (end 0) or ends (-1); "" if it may be no word at all, OPEN if any."""
    from hassil.expression import Alternative, Permutation, RuleReference, Sequence, TextChunk
    from hassil.util import PUNCTUATION_STR

    if isinstance(expression, TextChunk):
        word = (expression.text.casefold().split() or [""])[end]
        return frozenset([OPEN if set(word) & set(PUNCTUATION_STR) else word])
    if isinstance(expression, RuleReference) and expression.rule_name in rules and depth < DEEPEST:
        return _edges(rules[expression.rule_name].expression, rules, end, depth + 1)
    if isinstance(expression, (Alternative, Permutation)):
        return frozenset().union(*(_edges(one, rules, end, depth + 1) for one in expression.items))
    found = frozenset([""] if isinstance(expression, Sequence) else [OPEN])
    for item in getattr(expression, "items", ())[:: end or 1]:
        if "" not in found:
            break
        found = (found - {""}) | _edges(item, rules, end, depth + 1)
    return found


def _lists(expression: Any, rules: Mapping[str, Any], depth: int) -> frozenset[str]:
    """The lists of which a text that fits must hold a value."""
    from hassil.expression import ListReference, Permutation, RuleReference, Sequence

    if isinstance(expression, ListReference):
        return frozenset() if expression.is_inline_range else frozenset([expression.list_name])
    if isinstance(expression, RuleReference) and expression.rule_name in rules and depth < DEEPEST:
        return _lists(rules[expression.rule_name].expression, rules, depth + 1)
    if isinstance(expression, (Sequence, Permutation)):
        return frozenset().union(*(_lists(one, rules, depth + 1) for one in expression.items))
    return frozenset()


def _occurs(values: Any, text: str) -> bool:
    """Whether a value of the list may stand in the text; True where that is not cheap to know."""
    from hassil.intents import RangeSlotList, TextSlotList

    if isinstance(values, RangeSlotList):
        return values.words or any(letter.isdigit() for letter in text)
    if not isinstance(values, TextSlotList):
        return True
    starts = [0, *(n + 1 for n, letter in enumerate(text) if not letter.isalnum())]
    return any(values.get_candidates(text[start:]) for start in starts)
