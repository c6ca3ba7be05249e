"""The tagger: a small transformer of our own, run with numpy; which verb a message means, and what each of its words is.

Weights come from training/train.py. Covered: English. Not covered: what the words name (claw.names) and whether it may be done.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any
from zlib import crc32

from claw.names import ARTICLES
from claw.reflex.tokens import (
    AREA,
    FLAGS,
    FLOOR,
    HERE,
    IN_AREA,
    IN_NAME,
    KIND,
    LONGEST,
    NAME,
    NUMBER,
    Lexicon,
    Token,
    normal,
    tokens,
)

BUCKETS, SLICE, WIDTH, HEADS, LAYERS, DEPTH = 16384, 64, 128, 4, 2, 256
AROUND = 2  # neighbours on each side that a word is seen with
GRAMS = 40  # n-grams of a word that count
TAGS = "OTVCWMXISNHJK"
PLAIN, TARGET = TAGS.index("O"), TAGS.index("T")
LIKELY = 0.04  # a word of this house is a target already when it is as likely as that
LINKING = "in on at by near of my our your the next to over under beside behind above from inside"
LINKS = frozenset(LINKING.split(" "))
CAUSING = frozenset(["because", "cause", "cos", "coz", "bc", "or", "since", "so", "as", "otherwise", "else"])
REASONING = (
    "i im ive id ill its it theres there were weve we he hes she shes they theyre you youre thats baby kids everyone nobody "
    "someone somebody for like than before after while too way oh now is"
)
DEFINITE = frozenset(["the", "my", "our", "his", "her", "their"])
POLITE = frozenset(["please", "pls", "plz", "thanks", "now", "off", "on", "up", "down", "open", "shut"])
OWNING = DEFINITE | {"your", "this", "these", "that", "those"}
BEGINNING = (
    "turn switch put open close shut lock unlock set dim brighten start stop play pause mute unmute lower raise make add remove "
    "kill arm disarm clean vacuum water heat warm resume increase decrease change run"
)
WISHING = (
    "cool skip reduce paint tilt send crank bring take get let give call order buy tell text remind draw fetch boil find show "
    "check cancel undo and then also plus please can could would will do dont never not no if when unless until at in on by"
)
REASONS = CAUSING | set(REASONING.split(" "))  # words with which a clause begins
BEGINNINGS = frozenset(BEGINNING.split(" "))  # with which a wish does
WISHES = BEGINNINGS | frozenset(WISHING.split(" "))  # and what may stand before one: what follows them is never mere talk
EXCEPTING = frozenset(["bar", "except", "excluding", "minus", "save", "barring"])  # of exceptions, which are no plain words
SPARED = "but without not just skip leave keep besides apart only spare"
SPARING = EXCEPTING | frozenset(SPARED.split(" "))  # with which an exception begins
JOINING = frozenset([",", ".", ";", "and", "&", "plus", "then", "also", "no", "not", "to", "on"])
UNIT_SIGNS = frozenset(["%", "°", "c", "f", "k", "degree", "degrees", "deg", "percent", "pct", "kelvin", "celsius", "fahrenheit"])
NAMED = NAME | AREA
OF_HOUSE = NAME | IN_NAME | AREA | IN_AREA | HERE
FRAMED = 1000  # words whose vectors are kept
SUITE = "suite."  # how the names of arrays begin that only claw.learning reads


@dataclass(frozen=True)
class Tagged:
    """What the tagger makes of a text; `sure` (0-1) is the share of its verb, less where a tag is in doubt."""

    text: str
    tokens: tuple[Token, ...]
    tags: str
    verb: str
    sure: float
    next: tuple[str, float]  # the second verb and its share
    strange: tuple[str, ...]  # plain words that no wish or question of the training is made of


@dataclass(frozen=True, eq=False)
class Layer:
    """What the examples of a house add: to the verbs' scores (a row per feature), and words that are plain beside a verb."""

    verb: Any  # 2 * WIDTH rows, a column per verb
    words: Mapping[str, frozenset[str]]


def grams(word: str) -> list[int]:
    """The buckets of a word: itself and its parts of 3 to 5 letters."""
    framed = f"<{word[:24]}>"
    parts = {framed[at : at + n] for n in (3, 4, 5) for at in range(len(framed) - n + 1)} | {framed}
    return [crc32(part.encode()) % BUCKETS for part in sorted(parts)][:GRAMS]


def _whole(words: Sequence[str], marks: list[str]) -> str:
    """The tags, targets that only a preposition parts as one, and whole clauses only as talk: "and run me a bath" is none."""
    for n in (n for n, word in enumerate(words) if word in DEFINITE):  # "the two guest suites" is one thing, all its words
        end = next((k for k in range(n + 1, min(n + 4, len(marks))) if marks[k] == "T"), n)
        if all(marks[k] in "OK" and words[k].isalpha() and words[k] not in LINKS | WISHES | {"same"} for k in range(n + 1, end)):
            marks[n + 1 : end] = "T" * max(0, end - n - 1)
    for n in range(1, len(marks) - 1):
        gap = next((k for k in (1, 2, 3) if n + k < len(marks) and marks[n + k] == "T"), 0)
        if (
            marks[n - 1] == "T"
            and gap
            and words[n + gap] not in SPARING
            and all(marks[n + k] == "O" and words[n + k] in LINKS for k in range(gap))
        ):
            marks[n : n + gap] = "T" * gap
        if marks[n - 1] == "I" and marks[n] == "O" and marks[n + 1] == "I" and words[n] not in JOINING:
            marks[n] = "I"  # "washing up liquid"
    for n, mark in enumerate(marks):
        if mark == "K" and n and marks[n - 1] != "K" and words[n].isalpha() and not _begins(words, n, marks[n - 1]):
            end = next((k for k in range(n, len(marks)) if marks[k] != "K"), len(marks))
            marks[n:end] = "O" * (end - n)
    return "".join(marks)


def _begins(words: Sequence[str], n: int, before: str) -> bool:
    """Whether a clause may begin at this word: behind a sign, with a word for it, or right behind what is meant or its value."""
    if not words[n - 1].isalnum() or words[n] in WISHES:
        return not words[n - 1].isalnum()
    if words[n] in OWNING:  # "locking my phone" is no talk
        return before in "TVCWMXI" or words[n - 1] in CAUSING | POLITE
    return words[n] in REASONS or words[n - 1] in CAUSING or before in "TVCWMXI"


class Tagger:
    """Holds the weights; `read` takes about 0.3 ms."""

    def __init__(self, path: Any) -> None:
        import numpy as np

        self.np = np
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files if not name.startswith(SUITE)}
        notes = json.loads(arrays.pop("notes").tobytes())
        self.verbs: list[str] = notes["verbs"]
        words = frozenset(notes["words"].split())
        self.plain = {"O": words, "J": words}  # what is said beside a wish may be any words
        self.table, self.scale = arrays.pop("table"), float(arrays.pop("scale"))
        self.w = {name: value.astype(np.float32) for name, value in arrays.items()}
        for name in [name for name in self.w if name.endswith("weight") and self.w[name].ndim == 2]:
            self.w[name] = np.ascontiguousarray(self.w[name].T)
        self.mean = np.full((WIDTH, 1), 1 / WIDTH, np.float32)  # x @ mean takes a quarter of the time of x.mean(1)
        self._vectors: dict[str, Any] = {}

    def read(self, text: str, lexicon: Lexicon, layer: Layer | None = None) -> Tagged | None:
        """The reading of a text in a house; None for an empty or very long one."""
        text = normal(text)
        found = tokens(text)
        if not 0 < len(found) <= LONGEST:
            return None
        return self.tagged(text, found, lexicon.flags([token.word for token in found]), layer)

    def tagged(self, text: str, found: Sequence[Token], bits: Sequence[int], layer: Layer | None = None) -> Tagged:
        """The same for tokens with their bits."""
        words = [token.word for token in found]
        verbs, tags = self.scores(words, bits, layer)
        best = tags.argmax(1)
        order = verbs.argsort()[::-1]
        of_house = [
            bool(bit & (OF_HOUSE | FLOOR)) and (share > LIKELY or bit & (NAMED | FLOOR))
            for bit, share in zip(bits, tags[:, TARGET], strict=True)
        ]
        for n in range(1, len(bits)):  # "turn on the heat": behind "the" a kind of device is no plain word
            of_house[n] |= bool(bits[n] & KIND) and words[n - 1] in ARTICLES and tags[n].argmax() == PLAIN
        of_house[0] &= bool(tags[0, TARGET] > LIKELY)  # "light up the den": what begins a wish may be its verb
        named = ["T" if n == 0 and here else TAGS[n] for n, here in zip(best, of_house, strict=True)]
        for n in range(len(named) - 1, 0, -1):  # "two degrees more" is two
            if named[n] == "V" and named[n - 1] == "O" and bits[n - 1] & NUMBER:
                named[n - 1] = "V"
        for n in range(1, len(named)):  # "72 f"
            named[n] = "V" if named[n - 1] == "V" and words[n] in UNIT_SIGNS and named[n] == "O" else named[n]
        marks = _whole(words, named)
        learnt = layer.words.get(self.verbs[order[0]], frozenset()) if layer else frozenset[str]()
        strange = tuple(
            word
            for word, tag in zip(words, marks, strict=True)
            if tag in self.plain and word.isalpha() and word not in self.plain[tag] and word not in learnt
        )
        sure = float(verbs[order[0]]) * float(tags.max(1).min()) ** 0.5
        second = (self.verbs[order[1]], float(verbs[order[1]]))
        return Tagged(text, tuple(found), marks, self.verbs[order[0]], sure, second, strange)

    def scores(self, words: Sequence[str], bits: Sequence[int], layer: Layer | None = None) -> tuple[Any, Any]:
        """The shares of the verbs, and for each word those of the tags."""
        verbs, tags = self._heads(self.encode(words, bits), layer)
        return shares(self.np, verbs), shares(self.np, tags)

    def encode(self, words: Sequence[str], bits: Sequence[int]) -> Any:
        """The last layer: a row for the whole and one for each word."""
        np, w, length = self.np, self.w, len(words)
        x = np.zeros((length + 2 * AROUND, SLICE + FLAGS), np.float32)
        for n, word in enumerate(words, AROUND):
            x[n, :SLICE] = self._vector(word)
        x[AROUND : AROUND + length, SLICE:] = (np.array(bits)[:, None] >> np.arange(FLAGS)) & 1
        whole = np.zeros((length + 1, WIDTH), np.float32)
        wide = np.concatenate([x[n : n + length] for n in range(2 * AROUND + 1)], 1)
        whole[1:] = wide @ w["entry.weight"] + w["entry.bias"]
        whole += w["place"][: length + 1]
        for n in range(LAYERS):
            whole = self._block(whole, f"blocks.{n}.")
        return self._norm(whole, "last")

    def pooled(self, encoded: Any) -> Any:
        """What the verb is read from: the row for the whole, and the mean of the words' (2 * WIDTH)."""
        return self.np.concatenate([encoded[0], encoded[1:].mean(0)])

    def _heads(self, encoded: Any, layer: Layer | None) -> tuple[Any, Any]:
        w, whole = self.w, self.pooled(encoded)
        verbs = whole @ w["verb.weight"] + w["verb.bias"]
        return verbs + whole @ layer.verb if layer else verbs, encoded[1:] @ w["tag.weight"] + w["tag.bias"]

    def _vector(self, word: str) -> Any:
        if word not in self._vectors:
            if len(self._vectors) >= FRAMED:
                self._vectors.clear()
            self._vectors[word] = self.table[grams(word)].astype(self.np.float32).mean(0) * self.scale
        return self._vectors[word]

    def _block(self, x: Any, name: str) -> Any:
        np, w, size = self.np, self.w, WIDTH // HEADS
        qkv = (self._norm(x, name + "one") @ w[name + "qkv.weight"] + w[name + "qkv.bias"]).reshape(len(x), 3, HEADS, size)
        q, k, v = qkv.transpose(1, 2, 0, 3)
        y = shares(np, q @ k.transpose(0, 2, 1) / size**0.5) @ v
        x = x + y.transpose(1, 0, 2).reshape(len(x), WIDTH) @ w[name + "out.weight"] + w[name + "out.bias"]
        inner = np.maximum(self._norm(x, name + "two") @ w[name + "up.weight"] + w[name + "up.bias"], 0)
        return x + inner @ w[name + "down.weight"] + w[name + "down.bias"]

    def _norm(self, x: Any, name: str) -> Any:
        centred = x - x @ self.mean
        width = self.np.sqrt((centred * centred) @ self.mean + 1e-5)
        return centred / width * self.w[name + ".weight"] + self.w[name + ".bias"]


def shares(np: Any, scores: Any) -> Any:
    """Scores as shares of one, along the last axis."""
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def weights() -> Any:
    """The file of the weights that come with the package; it may be missing."""
    return resources.files("claw.reflex") / "weights.npz"


@cache
def tagger() -> Tagger | None:
    """The one that came with the package; None when it has no weights."""
    return Tagger(weights()) if weights().is_file() else None


@cache
def base() -> str:
    """By which these weights are known: what was learnt on others fits no more; empty without weights."""
    return hashlib.sha256(weights().read_bytes()).hexdigest() if weights().is_file() else ""
