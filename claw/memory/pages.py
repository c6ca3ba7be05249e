"""Pages of markdown: facts as lines with their source, an index to find them, and every version."""

from pathlib import Path

from claw.clock import Clock
from claw.store import Store


class Memory:
    """The pages of one house. The files are the truth, since people may edit them; the index follows."""

    def __init__(self, history: Store, clock: Clock, folder: Path | None) -> None:
        """`folder`: where the pages are; None: nowhere, and nothing is kept."""
        self.history, self.clock, self.folder = history, clock, folder
