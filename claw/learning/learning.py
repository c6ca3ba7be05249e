"""What one house has learnt: its examples, and the layer that was trained on them, while they stand on the page."""

import asyncio
import logging
from pathlib import Path
from typing import Any

from claw.learning.examples import Examples
from claw.learning.layer import Learnt, load, save
from claw.learning.program import Refused, Result, run
from claw.learning.suite import Case, unpack
from claw.learning.teaching import Teaching
from claw.learning.training import House, VerbLayer
from claw.memory.talk import MemoryTalk
from claw.messages.inbox import HIDDEN
from claw.reflex.reading import Context
from claw.reflex.tagger import Layer, Tagger, base, weights
from claw.turns.deciding import Deciding

log = logging.getLogger("claw.learning")
REPLAYED_SECONDS, REPLAYED = 30 * 86400.0, 1000  # the newest different messages of so long are read again
NO_SUITE = (
    "The weights that came with this claw hold no suite to judge a layer by, so I trained nothing. Please install a newer claw."
)
NO_EXAMPLES = "There are no examples to train on: correct me, or say “when I say cosy I mean dim the lamp to 20”."
ASIDE = "what was trained is set aside, since {}: run `claw train` again"


class Learning:
    """Gives the reader examples and layer; `weights`: the file that came with the package."""

    def __init__(self, talk: MemoryTalk, deciding: Deciding, path: Path | None, weights: Any = None) -> None:
        """`path`: of learnt.npz; None: nothing is trained here."""
        self.talk, self.deciding, self.reader, self.path = talk, deciding, deciding.reader, path
        self.weights = weights
        self.examples = Examples(talk.memory)
        self.teaching = Teaching(self.examples, talk, deciding)
        self.learnt: Learnt | None = None
        self.problem = ""
        self._applied: dict[str, str] | None = None
        self._training = False

    def load(self) -> None:
        """Read what was trained; in any thread, before the first message."""
        self.learnt = load(self.path) if self.path and self.path.exists() else None
        damaged = self.path and self.path.exists() and self.learnt is None
        self.problem = ASIDE.format(f"{self.path} cannot be read") if damaged else ""
        self._applied = None

    def meanings(self) -> dict[str, str]:
        """The examples as they are now: alias.key -> what is meant."""
        now = self.examples.meanings()
        if now is not self._applied:
            self._applied = now
            self._apply(now)
        return now

    def _apply(self, now: dict[str, str]) -> None:
        """Use the layer, while it fits the weights and all its examples stand."""
        learnt, before = self.learnt, self.problem
        if learnt is not None:
            gone = [said for said, meant in learnt.examples.items() if now.get(said) != meant]
            foreign = "it belongs to other weights" if learnt.base != base() else ""
            why = foreign or (f"the example “{gone[0]}” is gone" if gone else "")
            self.problem = ASIDE.format(why) if why else ""
        self.reader.tags.layer = learnt.layer if learnt and not self.problem else None
        if self.problem and self.problem != before:
            log.warning("%s", self.problem)

    def status(self) -> dict[str, Any]:
        """For `claw status`: how many examples there are, on how many the layer in use rests, and what is wrong with it."""
        count, learnt = len(self.meanings()), self.learnt
        used = learnt if self.reader.tags.layer else None
        return {
            "examples": count,
            "trained": len(used.examples) if used else 0,
            "day": used.day if used else "",
            "problem": self.problem,
        }

    async def train(self) -> dict[str, Any]:
        """Run the program once; the result as JSON data."""
        if self._training:
            return _plain(Result(False, "I am training already."))
        self._training = True
        try:
            return _plain(await self._run())
        finally:
            self._training = False

    async def _run(self) -> Result:
        if not self.meanings():
            return Result(False, NO_EXAMPLES)
        found = await asyncio.to_thread(_shipped, self.weights or weights())
        if found is None or not found[1]:
            return Result(False, NO_SUITE)
        house = House(self.reader, self.examples.all(), self._said(), self._context(), self._keep)
        return await run(VerbLayer(*found, house))

    def _context(self) -> Context:
        """In which messages are read again: as those of the owner, with nothing asked or spoken of."""
        scenes = {**self.deciding.said(), **self.deciding.config.sentences()}
        return Context(language=self.deciding.config.house.language, scenes=scenes)

    def _said(self) -> list[str]:
        """The messages of late, understood or not, the newest first, each once."""
        rows = self.deciding.store.all(
            "SELECT text FROM inbox WHERE kind = 'message' AND status = 'done' AND at >= ? AND text != ?"
            " GROUP BY text ORDER BY max(id) DESC LIMIT ?",
            self.deciding.clock.time() - REPLAYED_SECONDS, HIDDEN, REPLAYED,
        )  # fmt: skip
        return [str(row["text"]) for row in rows]

    def _keep(self, layer: Layer, examples: dict[str, str]) -> None:
        learnt = Learnt(layer, base(), examples, f"{self.deciding.clock.now():%Y-%m-%d}")
        try:
            if self.path:
                save(self.path, learnt)
        except OSError as error:
            raise Refused(f"{self.path} cannot be written ({error.strerror or error}), so nothing was changed.") from error
        self.learnt, self.problem = learnt, ""
        self._apply(self.meanings())


def _shipped(path: Any) -> tuple[Tagger, list[Case]] | None:
    return (Tagger(path), unpack(path)) if path.is_file() else None


def _plain(result: Result) -> dict[str, Any]:
    """What is told: of the suite and the replay no texts but those that speak against it."""
    return {
        "kept": result.kept,
        "why": result.why,
        "seconds": result.seconds,
        "before": dict(result.before),
        "after": dict(result.after),
    }
