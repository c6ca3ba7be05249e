"""Where one message is cut into several wishes: so that each part reads as a clear wish of its own."""

from collections.abc import Callable, Sequence
from functools import cache

from claw.reflex.tagger import BEGINNINGS, Tagged
from claw.reflex.tagging import TAKEN, Tagging, wish
from claw.reflex.tokens import Token

Read = Callable[[str], Tagging | None]
SEPARATING = frozenset([",", ".", ";", ":", "!", "-", "–", "—", "/", "+", "and", "then", "&", "n", "plus", "also", "oh", "but"])
MOST = 7  # places at which a message may be cut: the parts between them are read one by one, 0.3 ms each


def cut(tagged: Tagged, read: Read) -> list[str]:
    """The wishes of the text, all of it but talk around them; empty unless each is clear and there are two."""
    places = _places(tagged)
    if not 2 < len(places) <= MOST + 2:
        return []

    @cache
    def worth(start: int, end: int) -> float:
        """The share by which a stretch of tokens is one wish; 0 when it is none."""
        text = _between(tagged, start, end)
        tagging = read(text) if text else None
        if tagging is None or not tagging.taken or tagging.verb.startswith("ask") or not wish(tagging):
            return 0.0
        return tagging.tagged.sure

    best: dict[int, tuple[int, float, tuple[str, ...]]] = {places[0]: (0, 1.0, ())}  # by where they end: parts, the worst, texts
    for n, end in enumerate(places[1:], 1):
        ways = []
        for start in places[:n]:
            if start in best and (share := worth(start, end)) >= TAKEN:
                count, worst, texts = best[start]
                ways.append((count + 1, min(worst, share), (*texts, _between(tagged, start, end))))
            elif start in best and _talk(tagged, start, end):
                ways.append(best[start])
        if ways:
            best[end] = max(ways, key=lambda way: way[:2])
    found = best.get(places[-1], (0, 0.0, ()))[2]
    return [*found] if len(found) > 1 else []


def _places(tagged: Tagged) -> list[int]:
    """The tokens before which it may be cut: behind what separates, and before a word with which a wish begins."""
    words = [token.word for token in tagged.tokens]
    both = SEPARATING | BEGINNINGS
    return [0, *(n for n in range(1, len(words)) if words[n] in both and words[n - 1] not in SEPARATING), len(words)]


def _stretch(tagged: Tagged, start: int, end: int) -> Sequence[Token]:
    """The tokens of a part, without what only separates it from others."""
    found = list(tagged.tokens[start:end])
    while found and found[0].word in SEPARATING:
        found.pop(0)
    while found and found[-1].word in SEPARATING:
        found.pop()
    return found


def _between(tagged: Tagged, start: int, end: int) -> str:
    found = _stretch(tagged, start, end)
    return tagged.text[found[0].start : found[-1].end] if found else ""


def _talk(tagged: Tagged, start: int, end: int) -> bool:
    """Whether nothing is wished there: all of it talk or signs."""
    return all(
        tag == "K" or token.word in SEPARATING
        for token, tag in zip(tagged.tokens[start:end], tagged.tags[start:end], strict=True)
    )
