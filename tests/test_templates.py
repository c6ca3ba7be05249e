"""The filter before hassil: it may leave out only templates that cannot match, and it must leave out most."""

from itertools import islice
from typing import Any

import pytest
from hassil.intents import TextSlotList
from hassil.recognize import recognize_all
from hassil.sample import sample_expression

from claw.reflex.templates import Templates, templates

NAMES: dict[str, Any] = {
    "name": TextSlotList.from_tuples([("Moon", "Moon", {"domain": "light"}), ("Big Fan", "Big Fan", {"domain": "fan"})], False),
    "area": TextSlotList.from_tuples([("Loft", "Loft"), ("Tool Shed", "Tool Shed")], False),
    "floor": TextSlotList.from_tuples([("first", "first")], False),
    "color": TextSlotList.from_tuples([("red", "red")], False),
}
SENTENCES = {
    "en": [
        "turn on the moon", "please turn on moon for me", "could you turn the moon off", "TURN ON the Moon!", "moon on",
        "set the loft to 20 degrees", "set loft brightness to 50%", "loft red", "turn off all lights in the tool shed",
        "set tool-shed lights to red", "is the moon on", "what's the temperature in the loft", "play jazz in the loft",
        "add milk to the shopping list", "pause", "skip to the next song in the loft", "big fan 50 percent", "it is cold here",
    ],
    "de": ["Schalte Moon ein", "mach das Licht im Loft an", "wie warm ist es im Loft", "Loft auf 20 Grad stellen", "stopp"],
    "fr": ["allume Moon", "éteins la lumière dans Loft", "quelle est la température dans Loft"],
}  # fmt: skip


def compiled(language: str) -> Templates:
    found = templates(language)
    assert found is not None
    return found


def results(text: str, intents: Any, language: str) -> set[tuple[str, str, str]]:
    found = recognize_all(text, intents, slot_lists=NAMES, language=language)
    return {(one.intent.name, str(one.intent_sentence and one.intent_sentence.text), str(one.entities)) for one in found}


@pytest.mark.parametrize(("language", "text"), [(language, text) for language, some in SENTENCES.items() for text in some])
def test_what_is_left_matches_as_much_as_all_templates_do(language: str, text: str) -> None:
    whole = compiled(language)
    assert results(text, whole.near(text, NAMES), language) == results(text, whole.intents, language)


def test_a_sentence_made_from_a_template_keeps_it() -> None:
    whole = compiled("en")
    rules, lists = whole.intents.expansion_rules, {**whole.intents.slot_lists, **NAMES}
    checked = 0
    for one in whole.all[::7]:
        local = {**lists, **one.block.slot_lists}
        if any(not isinstance(local[name], TextSlotList) for name in one.lists):
            continue  # numbers and wildcards: their samples are no sentences
        expression = one.block.sentences[0].expression
        for text in islice(sample_expression(expression, local, {**rules, **one.block.expansion_rules}), 5):
            left = whole.near(text, local).intents
            assert one.block in (left[one.intent].data if one.intent in left else []), (text, one.block.sentence_texts)
            checked += 1
    assert checked > 100


def test_few_of_a_thousand_templates_are_left() -> None:
    whole = compiled("en")
    left = sum(len(intent.data) for intent in whole.near("turn on the lights in the loft", NAMES).intents.values())
    assert len(whole.all) > 900
    assert left < 30


def test_an_unknown_language_has_none() -> None:
    assert templates("tlh") is None
