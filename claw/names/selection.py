"""What words came to."""

from collections.abc import Callable
from dataclasses import dataclass, field

from claw.device import Device


@dataclass(frozen=True)
class Selection:
    """What the words mean: devices; or `ambiguous` ones of which one was meant; or `unknown` words (in a known `place`)."""

    devices: tuple[Device, ...] = ()
    ambiguous: tuple[Device, ...] = ()
    group: bool = False  # several were meant
    bare: bool = False  # only a place was named, no kind of thing
    unknown: str = ""
    place: str = ""
    named: tuple[Device, ...] = ()  # beside a bare place: those that were named themselves
    guess: bool = False  # only after a typing slip was corrected
    suggest: Callable[[], str] | None = field(default=None, compare=False, repr=False)

    @property
    def nearest(self) -> str:
        """The name that unknown words are much like; empty when there is none. It takes a while to find."""
        return self.suggest() if self.suggest else ""
