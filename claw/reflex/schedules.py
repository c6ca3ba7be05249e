"""Sentences with a time in them: "every weekday at 7 open the shades", "remind me at six to ...", and talk about routines."""

from collections.abc import Iterator
from datetime import datetime

from claw.reflex.reading import Request


def read(text: str, now: datetime) -> Iterator[Request]:
    """What the sentence may ask for, likeliest first: in `make` of a deed, "do" must still be read as a wish by the reader.

    make: {"kind": deed|reminder|timer, "when": When.plain(), "do": the wish or what to remind of, "name": of a timer}.
    list, pause, resume, delete, left: {"kind": ""|deed|reminder|timer, "words": which one, "all": bool}.
    """
    yield from ()
