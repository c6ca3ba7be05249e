"""The tagger: one tokenizer, the weights that came with the package, and the way from tags to slots."""

import random
import sys
from pathlib import Path

import numpy as np
import pytest

from claw.house import Area
from claw.names import Names
from claw.reflex import values
from claw.reflex.slots import slots_of
from claw.reflex.tagger import HEADS, TAGS, WIDTH, Tagged, Tagger, grams, tagger
from claw.reflex.tagging import Tags
from claw.reflex.tokens import LONGEST, Lexicon, normal, tokens
from tests.simulated_house import SmallHouse

ROOT = Path(__file__).parent.parent
WEIGHTS = ROOT / "claw" / "reflex" / "weights.npz"
sys.path.insert(0, str(ROOT))

from training.generate import Generator  # noqa: E402
from training.phrases import parse, read, unfold  # noqa: E402

HOUSE = Lexicon(
    ["Kitchen Light", "Desk Lamp", "Lena's Lamp", "Garage Door", "TV"], ["Kitchen", "Living Room", "Study"], ["upstairs"]
)


def model() -> Tagger:
    found = tagger()
    assert found is not None
    return found


def words(text: str) -> list[str]:
    return [token.word for token in tokens(normal(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Turn it to 50%!", ["turn", "it", "to", "50", "%", "!"]),
        ("68F", ["68", "f"]),
        ("don’t, it's 21.5°", ["dont", ",", "its", "21.5", "°"]),
        ("kids' room", ["kids", "'", "room"]),
        ("Küche  an", ["küche", "an"]),
        ("twenty-five", ["twenty", "-", "five"]),
        ("", []),
        ("🙂", ["🙂"]),
    ],
)
def test_the_tokenizer_splits_words_numbers_and_signs(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_a_token_knows_where_it_stands() -> None:
    text = normal("set  the “Lamp”  to 50%")
    assert [text[token.start : token.end].casefold() for token in tokens(text)] == words(text)


def test_training_and_running_see_the_same_tokens_and_bits() -> None:
    generator = Generator(7)
    for _ in range(400):
        sample = generator.sample()
        assert list(sample.words) == [token.word for token in tokens(sample.text)]
        assert len(sample.tags) == len(sample.words) == len(sample.bits) <= LONGEST
        assert set(sample.tags) <= set(TAGS)


def test_the_same_seed_draws_the_same_samples() -> None:
    first, second = Generator(3), Generator(3)
    assert [first.sample() for _ in range(60)] == [second.sample() for _ in range(60)]
    assert [Generator(4).sample().text] != [Generator(3).sample().text]


def test_the_flags_say_what_the_house_knows() -> None:
    flags = HOUSE.flags(words("the living room lamp upstairs 20"))
    assert flags[1] & 4
    assert flags[2] & 8  # an area and its second word
    assert flags[3] & 64
    assert flags[3] & 256  # a kind, and a word of a name here
    assert flags[4] & 16
    assert flags[5] & 32
    assert flags[0] == 0


def test_a_template_file_with_a_mistake_is_refused_by_name_and_line(tmp_path: Path) -> None:
    for text, why in (("{lamp} on", "no slot 'lamp'"), ("(a|b", "no '\\)'"), ("a) b", "unbalanced"), ("{Q:x}", "no tag Q")):
        (tmp_path / "one.txt").write_text(f"== turn_on\n{text}\n", "utf-8")
        with pytest.raises(ValueError, match=rf"one.txt:2: .*{why}"):
            read(tmp_path)
    (tmp_path / "one.txt").write_text("turn on {light}\n", "utf-8")
    with pytest.raises(ValueError, match="before any == verb"):
        read(tmp_path)


def test_a_template_unfolds_into_all_that_it_allows() -> None:
    tree, rng = parse("(a|b [c]) {V:x|y}"), random.Random(1)
    drawn = {"".join(text for text, _, _ in unfold(tree, rng)) for _ in range(200)}
    assert drawn == {"a x", "a y", "b  x", "b  y", "b c x", "b c y"}


def test_the_weights_are_small_and_need_no_torch() -> None:
    assert WEIGHTS.stat().st_size <= 2_000_000
    model().read("turn on the lamp", HOUSE)
    assert "torch" not in sys.modules


def test_the_numpy_sums_are_those_of_the_network(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is for training only: pip install -e '.[train]'")
    from training import train

    torch.manual_seed(1)
    net = train.Net(5).eval()
    train.write(net, ["a", "b", "c", "d", "none"], ["turn"], {}, [], tmp_path / "weights.npz")
    generator = Generator(5)
    samples = [generator.sample() for _ in range(20)]
    for sample in samples:
        object.__setattr__(sample, "verb", "none")
    data = train.Data(samples, ["a", "b", "c", "d", "none"])
    own, bits, ids, counts, _, _ = data.batch(torch.arange(20))
    with torch.no_grad():
        verbs, tags = net(own, bits, train.vectors(net, ids, counts))
    ours = Tagger(tmp_path / "weights.npz")
    for n, sample in enumerate(samples):
        mine = ours.scores(sample.words, sample.bits)
        assert np.allclose(mine[0], torch.softmax(verbs[n], 0).numpy(), atol=0.02)
        assert np.allclose(mine[1], torch.softmax(tags[n][: len(sample.words)], 1).numpy(), atol=0.03)


def test_a_word_has_a_bounded_number_of_parts() -> None:
    assert len(grams("a" * 500)) <= 40
    assert grams("lamp") == grams("lamp") != grams("lamb")
    assert WIDTH % HEADS == 0


@pytest.mark.parametrize("text", ["", "   ", "word " * (LONGEST + 1)])
def test_nothing_and_too_much_are_not_read(text: str) -> None:
    assert model().read(text, HOUSE) is None


@pytest.mark.parametrize(
    ("said", "number", "unit"),
    [
        ("50%", 50, "percent"), ("fifty percent", 50, "percent"), ("half", 50, "percent"), ("68F", 68, "fahrenheit"),
        ("21 degrees", 21, "degrees"), ("twenty-one", 21, None), ("21.5", 21.5, None), ("2700k", 2700, "kelvin"), ("-5", -5, None),
        ("full blast", 100, "percent"), ("a third", 33, "percent"), ("two thirds", 67, "percent"), ("a degree", 1, "degrees"),
        ("half a degree", 0.5, "degrees"), ("20 and a half", 20.5, None), ("a couple of degrees", 2, "degrees"),
        ("one hundred", 100, None), ("the lowest", 1, "percent"), ("21°c", 21, "celsius"), ("three quarters", 75, "percent"),
        ("72 degrees fahrenheit", 72, "fahrenheit"), ("minus 5 c", -5, "celsius"), ("all the way down", 1, "percent"),
        ("as bright as it goes", 100, "percent"), ("21,5 °C", 21.5, "celsius"), ("ninety nine", 99, None), ("a hundred percent", 100, "percent"),
    ],
)  # fmt: skip
def test_words_for_a_value(said: str, number: float, unit: str | None) -> None:
    found = values.value(said)
    assert (found.get("number"), found.get("unit")) == (number, unit)


def test_words_that_are_no_value_give_none() -> None:
    assert values.value("purple") == {}
    assert values.looked_up(values.WHITE, "banana") is None
    assert values.looked_up(values.WHITE, "nice and cosy") == 2700


def tagged(verb: str, *pieces: tuple[str, str]) -> Tagged:
    """A text as the tagger would give it: words with their tags."""
    text = " ".join(words for words, _ in pieces)
    found, tags = tokens(text), ""
    starts = [len(" ".join(words for words, _ in pieces[:n])) + bool(n) for n in range(len(pieces))]
    for token in found:
        tags += next(tag for start, (_, tag) in reversed(list(zip(starts, pieces, strict=True))) if token.start >= start)
    return Tagged(text, tuple(found), tags, verb, 1.0, ("none", 0.0), ())


def test_target_words_apart_are_one_thing_with_its_place_and_exception() -> None:
    split = tagged("turn_on", ("turn on", "O"), ("the lights", "T"), ("please", "O"), ("the kitchen", "T"))
    assert slots_of(split) == {"thing": "the lights in the kitchen"}
    but = tagged("turn_off", ("all the lights", "T"), ("off", "O"), ("but leave the hall", "T"), ("on", "O"))
    assert slots_of(but) == {"thing": "all the lights except the hall"}
    without = tagged("turn_on", ("turn on", "O"), ("the kitchen lights without the strip", "T"))
    assert slots_of(without) == {"thing": "the kitchen lights except the strip"}


def test_each_tag_becomes_its_slot() -> None:
    both = tagged("white", ("the lamp", "T"), (":", "O"), ("2700K", "V"), (",", "O"), ("35 %", "V"))
    assert slots_of(both) == {"thing": "the lamp", "number": 2700, "unit": "kelvin"}
    mode = tagged("arm", ("set", "O"), ("the alarm", "T"), ("to", "O"), ("stay", "M"))
    assert slots_of(mode)["alarm_mode"] == "home"
    item = tagged("add_item", ("add", "O"), ("two lemons", "I"), ("to", "O"), ("the list", "T"))
    assert slots_of(item) == {"thing": "the list", "item": "two lemons"}


def test_tags_of_a_house_follow_its_devices(tmp_path: Path) -> None:
    house = SmallHouse(tmp_path).house
    tags = Tags(Names(house))
    before = tags.lexicon()
    assert tags.lexicon() is before
    assert before.flags(["larder"]) == [0]
    house.add_area(Area("Larder"))
    assert tags.lexicon().flags(["larder"]) != [0]
