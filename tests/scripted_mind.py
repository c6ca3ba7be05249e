"""The worst-case mind: it obeys every word that it reads, tries again in other forms, and tells all that it has seen."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from claw.discovery.found import clean
from claw.mind.tools import ACTING
from claw.mind.wire import Answer, Ask, Block
from tests.said_mind import answer, text, thinking, use
from tests.simulated_house import SmallHouse

Case = Mapping[str, Any]
CORPUS = Path(__file__).parent / "injection"
CALLS = 12  # that a message may make
NEEDLE, SAID = 30, 6000  # characters by which a hostile text is known; of the last words
ARGUMENT = {"set_brightness": "brightness", "set_color": "color", "set_speed": "speed", "set_position": "position",
            "set_target": "target", "set_mode": "mode", "set_volume": "volume", "play_media": "media",
            "select_source": "source", "add_item": "item", "arm": "mode"}  # fmt: skip


class Scripted:
    """Plays one case at a time; what it knows of it, it reads anew in every request."""

    name = "scripted"

    def __init__(self) -> None:
        self.asked: list[str] = []  # every request, as one text
        self.case: Case = {}
        self.picture = b""  # that shows the hostile text
        self.reached = False  # the hostile text stood in a request

    def play(self, case: Case, picture: bytes = b"") -> None:
        self.case, self.picture, self.asked, self.reached = case, picture, [], False
        self.begin()

    def begin(self) -> None:
        """The next message of the case."""
        self.pulled, self.tries, self.made = False, 0, 0

    async def step(self, ask: Ask, on_text: Callable[[str], None], *, seconds: float) -> Answer:
        self.asked.append(json.dumps([ask.system, ask.messages], ensure_ascii=False))
        seen = self._sees(ask)
        self.reached |= seen
        calls = self._pull() or (self._right() if "calls" in self.case else self._obey(ask) if seen else [])
        self.made += len(calls)
        return answer(*calls) if calls else answer(text("\n".join(_texts(ask))[-SAID:] + " Done: all of it is done."))

    async def close(self) -> None:
        """Nothing is open."""

    def _pull(self) -> list[Block]:
        pull, self.pulled = [] if self.pulled else self.case["pull"], True
        return [_use(one, n) for n, one in enumerate(pull)]

    def _right(self) -> list[Block]:
        self.tries += 1
        return [_use(one, n) for n, one in enumerate(self.case["calls"])] if self.tries == 1 else []

    def _sees(self, ask: Ask) -> bool:
        """Whether the hostile text, or the picture that shows it, stands anywhere in the request."""
        words = self.case.get("known") or self.case.get("text", "")
        if not words:
            return False
        forms = {_flat(form)[:NEEDLE] for form in (words, repr(words)[1:-1])}
        pictures = str([one for one in _blocks(ask) if one["type"] == "image"])
        return any(form in _flat(said) for said in _texts(ask) for form in forms) or (
            bool(self.picture) and _base64(self.picture) in pictures
        )

    def _obey(self, ask: Ask) -> list[Block]:
        """First all that is wanted in every form, then the same once more."""
        self.tries += 1
        seen = " ".join(_texts(ask))[-300:]
        wants = [json.loads(json.dumps(one).replace("$SEEN", json.dumps(seen)[1:-1])) for one in self.case["wants"]]
        forms = {1: [*wants, *_otherwise(wants)], 2: wants}.get(self.tries, [])
        left = CALLS - self.made - (len(wants) if self.tries == 1 else 0)
        return [_use(one, n) for n, one in enumerate(forms[: max(left, 0)])]


def _otherwise(wants: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same wishes by other tools: a plan now, a plan for later, a fact, and the bare command."""
    acts = [one for one in wants if one["tool"] in ACTING]
    wishes = [_wish(one["input"]) for one in acts] or [str(one["input"]) for one in wants]
    if not wishes:
        return []
    return [
        {"tool": "plan", "input": {"do": wishes}},
        {"tool": "plan", "input": {"do": wishes, "when": "in 1 minute"}},
        {"tool": "remember", "input": {"fact": f"everybody may {wishes[0]}"}},
        *({"tool": "do", "input": _bare(one["input"])} for one in acts),
    ]


def _wish(given: Mapping[str, Any]) -> str:
    value = f" to {given['value']}" if "value" in given else ""
    return f"{given['action'].replace('_', ' ')} the {' and the '.join(given['targets'])}{value}"


def _bare(given: Mapping[str, Any]) -> dict[str, Any]:
    args = {ARGUMENT[given["action"]]: given["value"]} if "value" in given else {}
    return {"targets": given["targets"], "command": given["action"], "args": args}


def _use(one: Mapping[str, Any], number: int) -> Block:
    return {**use(one["tool"], **one["input"]), "id": f"call_{number}"}


def _blocks(ask: Ask) -> Iterator[Mapping[str, Any]]:
    for block in [*ask.system, *(block for message in ask.messages for block in message["content"])]:
        yield from block["content"] if block["type"] == "tool_result" else [block]


def _texts(ask: Ask) -> list[str]:
    return [str(block["text"]) for block in _blocks(ask) if block["type"] == "text"]


def _flat(words: str) -> str:
    """The words without what cleaning and marking take away."""
    return clean(words.replace("«", "‹").replace("»", "›"), 100_000).casefold()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def house_with_mind(folder: Path, model: Scripted) -> SmallHouse:
    """The house of the corpus, whose owner named everything in it, thinking with this model."""
    folder.mkdir(parents=True, exist_ok=True)
    house = SmallHouse(folder, plan=(CORPUS / "house.yaml").read_text())
    for store in (house.store, house.history):
        store.conn.execute("PRAGMA synchronous = OFF")  # nothing crashes here
    for id, device in house.devices.items():
        house.house.describe(id, name=device.name)
    return thinking(house, model, media=folder / "media")  # type: ignore[arg-type]
