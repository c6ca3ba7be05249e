"""Template files: `== verb`, then one template a line, with (a|b), [optional], {slot} and {Tag:words}.

Reading a file checks it: unknown slots, unbalanced brackets and lines before a header are errors that name file and line.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.houses import NOUNS, UNIONS
from training.values import SLOTS

FOLDER = Path(__file__).parent / "phrases"
TAGS = "OTVCWMXISNHJK"
SPECIAL = ("place", "here", "all", *UNIONS, *NOUNS)
PIECE = re.compile(r"\{(?:([A-Z]):)?|[()\[\]|}]|[^{}()\[\]|]+")
Node = tuple[str, object]  # ("text", words), ("slot", name), ("tag", (tag, node)), ("all", nodes), ("one", nodes)


@dataclass(frozen=True)
class Phrase:
    """One template of a verb."""

    verb: str
    tree: Node
    line: str


def read(folder: Path = FOLDER) -> list[Phrase]:
    """All templates of the folder; ValueError names the line that is wrong."""
    found = [phrase for path in sorted(folder.glob("*.txt")) for phrase in _file(path)]
    return list({(phrase.verb, phrase.line): phrase for phrase in found}.values())


def _file(path: Path) -> Iterator[Phrase]:
    verb = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if text.startswith("=="):
            verb = text.strip("= ")
        elif text and not text.startswith("#"):
            if not verb:
                raise ValueError(f"{path.name}:{number}: a template before any == verb")
            try:
                yield Phrase(verb, parse(text), text)
            except ValueError as error:
                raise ValueError(f"{path.name}:{number}: {error} in {text!r}") from None


def parse(text: str) -> Node:
    """The tree of a template."""
    pieces = [(m[0], m[1] or "") for m in PIECE.finditer(text)]
    if "".join(piece for piece, _ in pieces) != text:
        raise ValueError("a sign that is none")
    tree, rest = _one(pieces)
    if rest:
        raise ValueError(f"unbalanced {rest[0][0]!r}")
    return tree


def _one(pieces: list[tuple[str, str]]) -> tuple[Node, list[tuple[str, str]]]:
    """Alternatives up to a closing bracket."""
    forms: list[list[Node]] = [[]]
    while pieces and pieces[0][0] not in ")]}":
        (piece, tag), pieces = pieces[0], pieces[1:]
        if piece == "|":
            forms.append([])
        elif piece in ("(", "["):
            inner, pieces = _closed(pieces, {"(": ")", "[": "]"}[piece])
            forms[-1].append(inner if piece == "(" else ("one", [inner, ("text", "")]))
        elif piece.startswith("{"):
            inner, pieces = _closed(pieces, "}")
            forms[-1].append(("tag", (_tag(tag), inner)) if tag else ("slot", _slot(inner)))
        else:
            forms[-1].append(("text", piece))
    nodes: list[Node] = [("all", form) for form in forms]
    return (nodes[0] if len(nodes) == 1 else ("one", nodes)), pieces


def _closed(pieces: list[tuple[str, str]], sign: str) -> tuple[Node, list[tuple[str, str]]]:
    inner, rest = _one(pieces)
    if not rest or rest[0][0] != sign:
        raise ValueError(f"no {sign!r}")
    return inner, rest[1:]


def _tag(tag: str) -> str:
    if tag not in TAGS:
        raise ValueError(f"no tag {tag}")
    return tag


def _slot(node: Node) -> str:
    kind, forms = node
    parts = forms if kind == "all" else ()
    name = "".join(str(part[1]) for part in parts) if all(part[0] == "text" for part in parts) else ""  # type: ignore[union-attr, index]
    if name not in SLOTS and name not in SPECIAL:
        raise ValueError(f"no slot {name!r}")
    return name


def unfold(tree: Node, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """A random way through it: (text, tag, slot) pieces; `slot` is to be filled."""
    kind, inner = tree
    if kind == "text":
        yield str(inner), "O", ""
    elif kind == "slot":
        yield "", "", str(inner)
    elif kind == "tag":
        tag, node = inner  # type: ignore[misc]
        yield from ((text, tag, slot) for text, _, slot in unfold(node, rng))
    elif kind == "one":
        yield from unfold(rng.choice(inner), rng)  # type: ignore[arg-type]
    else:
        for node in inner:  # type: ignore[attr-defined]
            yield from unfold(node, rng)
