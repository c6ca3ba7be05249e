"""The examples of this house, a line each on the page `examples`.

- “lamp on” means “turn on the floor lamp” (corrected by owner, 2026-11-23)

The page is the truth: people edit it, and delete lines. It is the one page whose text is read as a wish, and only when
somebody says the words before "means".
"""

import os
import re
import time
from dataclasses import dataclass

from claw.memory.pages import COARSE_NS, Fact, Memory, Write
from claw.reflex.alias import key

PAGE = "examples"
LINE = re.compile(r"[“\"](?P<said>[^“”\"]+)[”\"] means [“\"](?P<meant>[^“”\"]+)[”\"]\.?")
WAYS = ("corrected", "reworded", "taught", "understood")  # how an example came; a line by hand says nothing of it
SOURCE = re.compile(rf"(?:{'|'.join(WAYS)}) by .+|")
LONGEST_SAID, LONGEST_MEANT = 120, 200  # characters


@dataclass(frozen=True)
class Example:
    """What somebody said, and the sentence that they meant. `fact`: its line on the page."""

    said: str
    meant: str
    fact: Fact


class Examples:
    """Reads the page; a message costs one look at the times of its file."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._state: tuple[int, ...] | None = ()
        self._meanings: dict[str, str] = {}

    def all(self) -> list[Example]:
        """Every example, in the order of the page."""
        facts = self.memory.facts(PAGE) if self.memory.folder else []
        ours = [fact for fact in facts if SOURCE.fullmatch(fact.source.rpartition(", ")[0])]
        return [Example(m["said"], m["meant"], fact) for fact in ours if (m := LINE.fullmatch(fact.text))]

    def meanings(self) -> dict[str, str]:
        """alias.key of what is said -> what is meant; the same object until the page changes."""
        state = self._now()
        if state != self._state:
            self._meanings = {key(one.said): one.meant for one in self.all()}
            self._state = state if not state or time.time_ns() - state[1] > COARSE_NS else None  # times of files are coarse
        return self._meanings

    def _now(self) -> tuple[int, ...]:
        """By which a change of the page is seen; empty when there is none."""
        try:
            info = os.lstat(self.memory.folder / f"{PAGE}.md") if self.memory.folder else None
        except OSError:
            return ()
        return (info.st_mtime_ns, info.st_ctime_ns, info.st_size, info.st_ino) if info else ()

    def keep(self, said: str, meant: str, how: str, person: str) -> tuple[Fact, Write]:
        """Prepare a line for the page, in place of what the same words meant before; PageError when the page takes none."""
        text = f"“{said}” means “{meant}”"
        old = next((one for one in self.all() if key(one.said) == key(said)), None)
        return Fact(PAGE, text), self.memory.remember(PAGE, text, f"{how} by {person}", old.fact.text if old else "")
