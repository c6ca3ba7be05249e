"""The layer: fitted to examples beside an anchor, and its file `learnt.npz`. Numpy only; the same input gives the same layer."""

import io
import json
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claw.files import replace
from claw.learning.program import Refused
from claw.learning.suite import Case
from claw.reflex.tagger import WIDTH, Layer, Tagger, shares

STEPS, SECONDS, NORM = 150, 10.0, 0.3  # at most; NORM: of that of the weights that it adds to
DECAY, ANCHOR, PUSH, MOMENTUM = (
    1e-3,
    4.0,
    0.95,
    0.9,
)  # ANCHOR: weight of the suite beside the examples; PUSH: the share that is aimed at


@dataclass(frozen=True)
class Learnt:
    """A layer with what it rests on: the weights (`base`), and the examples by alias.key, each with its meaning."""

    layer: Layer
    base: str
    examples: dict[str, str]
    day: str


def fit(model: Tagger, examples: Sequence[Case], anchors: Sequence[Case], seconds: float = SECONDS) -> Any:
    """What is added to the verbs' weights so that the examples' verbs win and the anchors keep their shares.

    Gradient descent on cross entropy to both, with weight decay; at most STEPS steps and NORM. Refused after so many seconds.
    """
    np, began = model.np, time.monotonic()
    rows = [model.pooled(model.encode(case.words, case.bits)) for case in (*examples, *anchors)]
    f = np.array(rows, np.float64)
    base = f @ model.w["verb.weight"].astype(np.float64) + model.w["verb.bias"]
    wanted = shares(np, base)
    for n, case in enumerate(examples):
        wanted[n] = (1 - PUSH) / (len(model.verbs) - 1)
        wanted[n, model.verbs.index(case.verb)] = PUSH
    weight = np.r_[np.full(len(examples), 1 / len(examples)), np.full(len(anchors), ANCHOR / max(1, len(anchors)))]
    rate = 1 / (0.5 * float(np.linalg.norm((f * weight[:, None]).T @ f)) + DECAY)  # no step is too long
    most, added = NORM * float(np.linalg.norm(model.w["verb.weight"])), np.zeros((2 * WIDTH, len(model.verbs)))
    momentum = np.zeros_like(added)
    for _ in range(STEPS):
        if time.monotonic() - began > seconds:
            raise Refused(
                f"Training took longer than {seconds:g} s, so nothing was changed. Please try it when the machine is idle."
            )
        slope = f.T @ ((shares(np, base + f @ added) - wanted) * weight[:, None]) + DECAY * added
        momentum = MOMENTUM * momentum - rate * slope
        added += momentum
        added *= min(1.0, most / (float(np.linalg.norm(added)) or 1.0))
    return added.astype(np.float32)


def save(path: Path, learnt: Learnt) -> None:
    """The whole file or the old one."""
    import numpy as np

    words = {verb: sorted(some) for verb, some in learnt.layer.words.items()}
    notes = json.dumps({"base": learnt.base, "examples": learnt.examples, "words": words, "day": learnt.day})
    data = io.BytesIO()
    np.savez_compressed(data, verb=learnt.layer.verb, notes=np.frombuffer(notes.encode(), np.uint8))
    replace(path, data.getvalue())


def load(path: Path) -> Learnt | None:
    """What the file holds; None when there is none, or it is damaged."""
    import numpy as np

    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            verb, notes = file["verb"], json.loads(file["notes"].tobytes())
        words = {str(verb): frozenset(map(str, some)) for verb, some in notes["words"].items()}
        return Learnt(Layer(verb.astype(np.float32), words), str(notes["base"]), dict(notes["examples"]), str(notes["day"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile):
        return None
