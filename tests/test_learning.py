"""What a house learns: examples on a page, read word for word at once; and the layer that `claw train` fits to them."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from claw.console import show
from claw.learning import layer as layers
from claw.learning.program import Refused
from claw.learning.suite import Case, pack, score, unpack
from claw.reflex.tagger import Tagger, weights
from claw.reflex.tokens import Lexicon, normal, tokens
from tests.said_mind import SaidModel, answer, thinking, use
from tests.simulated_house import SmallHouse
from tests.test_following import Home


@cache
def unknown() -> str:
    """A verb that these weights do not know."""
    house = Lexicon(["Bedroom Lamp", "Kitchen Lamp"], ["Bedroom", "Kitchen"], [])
    words = ["zap", "unleash", "smite", "bamboozle", "blort", "vanquish", "wibble"]
    read = {word: Tagger(weights()).read(f"{word} the bedroom lamp", house) for word in words}
    return next(word for word, found in read.items() if found and found.strange == (word,) and found.tags == "OTTT")


Z = unknown()
ZAP, OFF = f"{Z} the bedroom lamp", "turn off the bedroom lamp"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[SmallHouse]:
    one = SmallHouse(tmp_path)
    yield one
    one.close()


def page(home: SmallHouse) -> Path:
    folder = home.agent.learning.examples.memory.folder
    assert folder is not None
    return folder / "examples.md"


def lines(home: SmallHouse) -> list[str]:
    return [line for line in page(home).read_text("utf-8").splitlines() if line.startswith("- ")] if page(home).exists() else []


async def heard(home: SmallHouse, *texts: str) -> str:
    """The level on which the last of these messages was read."""
    for text in texts:
        await home.say(text)
    return str((home.last().record or {})["level"])


# -- unasked


async def test_other_words_for_what_was_not_understood_become_an_example_that_is_read_at_once(home: SmallHouse) -> None:
    await home.say(ZAP)
    assert f"From now on “{ZAP}” means “{OFF}”" in await home.say(f"please {OFF}")
    assert lines(home) == [f"- “{ZAP}” means “{OFF}” (reworded by owner, {home.clock.now():%Y-%m-%d})"]
    await home.say("turn on the bedroom lamp")
    assert await heard(home, f"{Z.capitalize()} the bedroom lamp, please!") == "alias"
    assert home["spot"].state["on"] is False


@pytest.mark.parametrize(
    ("said", "then"),
    [
        (f"{Z} the bedroom lamp", "turn on the kitchen lamp"),  # another thing
        (f"{Z} and fry the bedroom lamp", OFF),  # too little in common
        (f"I {Z} the bedroom lamp", OFF), (f"the bedroom lamp is {Z}ped", OFF), (f"{Z} the bedroom lamp?", OFF),
        (f"don't {Z} the bedroom lamp", OFF), (f"{Z} the bedroom lamp tonight", OFF), (f"{Z} on the bedroom lamp", OFF),
        (f"{Z} the bedroom lamp 40", "dim the bedroom lamp to 30"),
        (f"my password {Z} lamp", OFF),
    ],
)  # fmt: skip
async def test_what_may_have_meant_something_else_is_no_example(home: SmallHouse, said: str, then: str) -> None:
    assert await heard(home, said) == "none"
    assert "From now on" not in await home.say(then)
    assert lines(home) == []


async def test_other_words_count_only_soon_and_with_nothing_between(home: SmallHouse) -> None:
    await home.say(ZAP)
    home.clock.advance(121)
    await home.say(OFF)
    await home.say(ZAP)
    await home.say("is the kitchen lamp on?")
    await home.say(OFF)
    await home.say(ZAP)
    await home.agent.say(OFF, chat="elsewhere")
    assert lines(home) == []


async def test_only_adults_teach(home: SmallHouse) -> None:
    for person, refusal in (("guest", "the people who live here"), ("child", "Only an adult")):
        await home.agent.say(ZAP, person=person)
        await home.agent.say(OFF, person=person)
        taught = await home.agent.say(f"when I say cosy I mean {OFF}", person=person)
        assert refusal in taught["reply"]
    assert lines(home) == []


async def test_a_correction_becomes_an_example(tmp_path: Path) -> None:
    home = Home(tmp_path)
    said = await home.say("loft on please", "no, i meant the loft fan")
    assert "The loft fan is on. From now on “loft on” means “the loft fan on”" in said
    await home.say("turn off the loft fan")
    assert await home.changed("loft on") == {"fan.on": True}


@pytest.mark.parametrize(
    ("said", "then"),
    [
        ("turn on the globe", "no i meant the porch light"), ("dim the globe to 20", "no, 30"),  # a slip
        ("turn on the den lights", "no, just the globe"),  # today
        ("open the den shade", "no, close it"), ("loft on", "undo that"),
    ],
)  # fmt: skip
async def test_a_slip_is_no_habit(tmp_path: Path, said: str, then: str) -> None:
    home = Home(tmp_path)
    assert "From now on" not in await home.say(said, then)
    assert home.agent.learning.meanings() == {}


async def test_a_name_that_a_person_gave_keeps_its_meaning_and_one_that_a_device_advertises_does_not(tmp_path: Path) -> None:
    for given in (True, False):
        (folder := tmp_path / str(given)).mkdir()
        home = Home(folder)
        if given:
            home.house.describe("beam", name="Loft")
        await home.say("turn on the loft", "no, i meant the loft fan")
        assert len(home.agent.learning.meanings()) == (not given)


async def test_the_same_words_mean_what_was_said_last(home: SmallHouse) -> None:
    for meant in (OFF, "turn on the kitchen lamp"):
        await home.say(f"when I say cosy I mean {meant}")
    assert [line.split(" (")[0] for line in lines(home)] == ["- “cosy” means “turn on the kitchen lamp”"]
    assert await heard(home, "cosy") == "alias"
    assert home["lamp"].state["on"] is True


async def test_what_a_model_understood_is_kept_when_the_reflex_reads_it_so(home: SmallHouse) -> None:
    thinking(home, SaidModel(answer(use("switch", targets=["Bedroom Lamp"], action="turn_off"))))
    assert "From now on" in await home.say(ZAP)
    assert home.agent.learning.meanings() == {ZAP: OFF}


# -- asked


async def test_teaching_listing_and_forgetting_by_chat(home: SmallHouse) -> None:
    assert "From now on “bingo” means" in await home.say("when I say bingo I mean dim the bedroom lamp to 20")
    assert "From now on “Movie time” means" in await home.say("“Movie time” means “turn off all the lights”")
    said = await home.say("what have you learnt?")
    assert said.splitlines()[0] == "I have learnt 2 examples:"
    assert "“bingo” means “dim the bedroom lamp to 20” (taught by owner" in said
    assert "no longer means" in await home.say("forget the example bingo")
    assert "no longer means" in await home.say("forget that example")
    assert home.agent.learning.meanings() == {}
    assert await heard(home, "bingo") == "none"


async def test_forget_that_and_undo_end_the_example_that_was_learnt_last(home: SmallHouse) -> None:
    for word in ("forget that", "undo that"):
        await home.say(f"when I say cosy I mean {OFF}")
        assert await home.say(word) == f"Forgotten: “cosy” means “{OFF}”"
        assert lines(home) == []
    assert not home.history.all("SELECT 1 FROM versions WHERE text LIKE '%cosy%'")


@pytest.mark.parametrize(
    "said", ["stop", "yes", "thanks", "sleepy time", "kitchen lamp", "the bedroom", "123-45-678", "the code is 4711"]
)
async def test_what_means_something_already_is_not_taught(home: SmallHouse, said: str) -> None:
    await home.say(f"when I say {said} I mean turn on the bedroom fan")
    assert home.agent.learning.meanings() == {}


async def test_a_meaning_that_is_not_understood_is_not_taught(home: SmallHouse) -> None:
    assert "learnt nothing" in await home.say("when I say bingo I mean turn the moon into cheese")
    assert lines(home) == []


async def test_another_name_for_a_thing_is_still_that(home: SmallHouse) -> None:
    assert "also called" in await home.say("when I say the den I mean the bedroom")
    assert lines(home) == []


# -- the page


async def test_the_page_is_the_truth_and_people_edit_it(home: SmallHouse) -> None:
    page(home).write_text('# Examples\n\n- "fry it" means "turn on the bedroom fan"\n- no example\n', "utf-8")
    assert await heard(home, "fry it") == "alias"
    assert home["fan"].state["on"] is True
    page(home).write_text("- “fry it” means “turn off the bedroom fan”\n", "utf-8")
    await home.say("Fry it!")
    assert home["fan"].state["on"] is False
    page(home).unlink()
    assert await heard(home, "fry it") == "none"


async def test_a_remembered_fact_is_no_example(home: SmallHouse) -> None:
    page(home).write_text("- “fry it” means “unlock the front door” (guest, 2026-11-22)\n", "utf-8")
    assert await heard(home, "fry it") == "none"


async def test_a_meaning_that_needs_a_yes_asks_each_time(home: SmallHouse) -> None:
    await home.say("when I say let her in I mean open the garage door")
    for _ in range(2):
        assert await home.say("let her in") == "Open the garage door? Yes or no?"
        assert home["gate"].state["open"] is False
        await home.say("no")


async def test_an_example_beats_no_scene_no_control_word_and_reads_no_part_of_a_sentence(home: SmallHouse) -> None:
    page(home).write_text(
        "".join(f"- “{said}” means “turn on the kitchen lamp”\n" for said in ("sleepy time", "stop", "fry it")), "utf-8"
    )
    for said in ("sleepy time", "stop", "fry it now and then", "remind me at 19:00 to fry it", "don't fry it", "fry it?"):
        await home.say(said)
        assert home["lamp"].state["on"] is False, said


async def test_an_example_whose_thing_is_gone_is_read_as_it_stands(home: SmallHouse) -> None:
    page(home).write_text("- “turn on the kitchen lamp” means “turn on the chandelier”\n- “fry it” means “stop”\n", "utf-8")
    await home.say("turn on the kitchen lamp")
    assert home["lamp"].state["on"] is True
    assert await heard(home, "fry it") == "none"


# -- training

SAID = [
    *(f"{wish} the {thing}" for wish in ("turn on", "turn off", "please switch on", "is", "start", "what about", "mute")
      for thing in ("kitchen lamp", "desk fan", "blind in the study", "tv")),
    *(f"{talk}{end}" for talk in ("she read the paper", "the cat sleeps on the sofa", "we had lamb stew for lunch", "he broke a lamp")
      for end in ("", " yesterday", " and laughed", " again, as ever")),
    "dim the kitchen lamp to 30", "set the fan to 50 %", "make the lamp blue", "play some jazz", "add milk to the list", "it is late",
]  # fmt: skip


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights of the package with their suite."""
    return with_suite(tmp_path_factory.mktemp("weights") / "weights.npz", samples())


@cache
def samples() -> tuple[Case, ...]:
    """Every sentence as the weights read it by themselves, so that all of them are right before."""
    model, house = Tagger(weights()), Lexicon(["Kitchen Lamp", "Desk Fan", "Blind"], ["Kitchen", "Study"], [])
    found = [model.read(text, house) for text in SAID]
    cases = [(one, tuple(token.word for token in one.tokens)) for one in found if one]
    return tuple(Case(words, tuple(house.flags(words)), one.tags, one.verb) for one, words in cases)


def with_suite(path: Path, cases: Sequence[Case]) -> Path:
    with np.load(weights()) as file:
        arrays = {name: file[name] for name in file.files if not name.startswith("suite.")}
    np.savez(path, **arrays, **(pack(cases) if cases else {}))
    return path


async def taught(home: SmallHouse, path: Path) -> SmallHouse:
    """The same house, that was told what the verb means."""
    home.agent.learning.weights = path
    await home.say(f"when I say {ZAP} I mean {OFF}")
    return home


async def test_training_reads_other_things_said_as_in_the_examples(home: SmallHouse, shipped: Path, tmp_path: Path) -> None:
    await taught(home, shipped)
    result = await home.agent.learning.train()
    assert (result["kept"], result["why"]) == (True, "")
    assert [result[when]["examples"]["taken"] for when in ("before", "after")] == [0, 1]
    assert result["after"]["suite"]["right"] >= result["before"]["suite"]["right"] > 20
    assert "kept: it holds from now on" in show.training(result)
    await home.say("turn on the kitchen lamp")
    assert await heard(home, f"{Z} the kitchen lamp") == "tagger"
    assert home["lamp"].state["on"] is False
    again = home.again(tmp_path)
    again.agent.learning.load()
    assert await heard(again, f"{Z} the kitchen lamp") == "tagger"
    assert again.agent.learning.status()["trained"] == 1
    again.agent.learning.weights = shipped
    assert (await again.agent.learning.train())["why"] == "no more examples are taken than before"
    assert again.agent.learning.status()["trained"] == 1
    again.close()


async def test_what_was_trained_on_an_example_that_is_gone_is_set_aside(home: SmallHouse, shipped: Path) -> None:
    await taught(home, shipped)
    assert (await home.agent.learning.train())["kept"]
    await home.say("forget that example")
    assert await heard(home, f"{Z} the kitchen lamp") == "none"
    assert f"the example “{ZAP}” is gone" in home.agent.learning.status()["problem"]


async def test_a_layer_for_other_weights_or_a_damaged_one_is_set_aside(home: SmallHouse, shipped: Path, tmp_path: Path) -> None:
    learning = (await taught(home, shipped)).agent.learning
    assert (await learning.train())["kept"]
    assert learning.learnt is not None
    path = tmp_path / "learnt.npz"
    layers.save(path, layers.Learnt(learning.learnt.layer, "others", learning.learnt.examples, "2026-11-23"))
    for why in ("belongs to other weights", "cannot be read"):
        learning.load()
        await home.say("hello")
        assert home.reader.tags.layer is None
        assert why in learning.status()["problem"]
        path.write_bytes(path.read_bytes()[:200])
    assert (await learning.train())["kept"]


async def test_a_layer_that_takes_what_asks_nothing_is_dropped(home: SmallHouse, tmp_path: Path) -> None:
    said = tuple(token.word for token in tokens(normal(f"{Z} the kitchen lamp")))
    quoted = Case(said, tuple(home.reader.tags.lexicon().flags(said)), "OTTT", "none")
    cases = list(samples())
    cases[1] = quoted  # an odd one: it is judged by, not held fast
    result = await (await taught(home, with_suite(tmp_path / "weights.npz", cases))).agent.learning.train()
    assert not result["kept"]
    assert "suite" in result["why"]
    assert "not kept" in show.training(result)
    assert not (tmp_path / "learnt.npz").exists()
    assert await heard(home, f"{Z} the kitchen lamp") == "none"


async def test_a_layer_that_reads_earlier_messages_otherwise_is_dropped(home: SmallHouse, shipped: Path) -> None:
    await home.say(f"{Z} the kitchen lamp")
    result = await (await taught(home, shipped)).agent.learning.train()
    assert result["why"] == f"one earlier message would be read otherwise: “{Z} the kitchen lamp”"
    home.clock.advance(31 * 86400)
    assert (await home.agent.learning.train())["kept"]


async def test_without_a_suite_or_examples_or_anything_to_generalise_nothing_is_trained(
    home: SmallHouse, shipped: Path, tmp_path: Path
) -> None:
    learning = home.agent.learning
    assert "There are no examples" in (await learning.train())["why"]
    learning.weights = shipped
    await home.say("when I say cosy I mean turn on the kitchen lamp")
    assert "word for word" in (await learning.train())["why"]
    learning.weights = with_suite(tmp_path / "weights.npz", ())
    result = await learning.train()
    assert "no suite" in result["why"]
    assert show.training(result).startswith("not trained: ")
    assert not (tmp_path / "learnt.npz").exists()


def test_the_same_examples_give_the_same_layer_within_its_bounds(shipped: Path) -> None:
    model, suite = Tagger(shipped), unpack(shipped)
    words = (f"{Z}", "the", "desk", "lamp")
    case = Case(words, tuple(Lexicon(["Desk Lamp"], [], []).flags(words)), "OTTT", "turn_off")
    first, second = (layers.fit(Tagger(shipped), [case], suite[::2]) for _ in range(2))
    assert np.array_equal(first, second)
    assert 0 < np.linalg.norm(first) <= layers.NORM * np.linalg.norm(model.w["verb.weight"]) * 1.001
    with pytest.raises(Refused, match="longer than"):
        layers.fit(model, [case], suite, seconds=-1.0)


def test_the_suite_comes_back_as_it_was_packed(shipped: Path) -> None:
    assert tuple(unpack(shipped)) == samples()
    got = score(Tagger(shipped), unpack(shipped), None)
    assert len(got.right) == len(samples()) > 40
    assert not got.taken
