"""How large a request to a language model is, for houses of all sizes: `claw prompt-size`. No model answers any of them."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from claw.config import ModelConfig
from claw.evaluation.evaluate import fresh
from claw.evaluation.format import load
from claw.mind import prompt
from claw.mind.adapters.messages import Messages
from claw.mind.costs import Budget
from claw.mind.fallback import Fallback
from claw.mind.wire import Answer, Ask
from claw.turns.turn import Turn

SIZES = (10, 60, 500, 1000)
ROOM = 12  # devices of a room
SAID = "turn on the lamp"
ROOMS = (
    "Kitchen", "Bedroom", "Bathroom", "Office", "Hall", "Garage", "Attic", "Cellar", "Nursery", "Library", "Terrace", "Pantry",
)  # fmt: skip
THINGS = (
    ("ceiling light", "light", {"on": False, "brightness": 0}), ("lamp", "light", {"on": False}),
    ("reading lamp", "light", {"on": False}), ("speaker", "player", {"playback": "stopped", "volume": 20}),
    ("blind", "shade", {"position": 0}), ("thermostat", "thermostat", {"temperature": 20.0, "target": 20.0, "mode": "heat"}),
    ("plug", "switch", {"on": False}), ("fan", "fan", {"on": False, "speed": 0}), ("motion", "sensor", {"value": "clear"}),
    ("lock", "lock", {"locked": True}), ("desk lamp", "light", {"on": False}), ("humidity", "sensor", {"value": 50, "unit": "%"}),
)  # fmt: skip


Count = Callable[[Ask], Coroutine[Any, Any, int | None]]


class _Silent:
    """A model that answers nothing, so that only the request is made."""

    name = "none"

    async def step(self, ask: Ask, on_text: Callable[[str], None], *, seconds: float) -> Answer:
        return Answer((), "end_turn", model=self.name)

    async def close(self) -> None:
        return None


def sizes(path: Path | None = None, count: Count | None = None) -> Iterator[dict[str, Any]]:
    """Tokens (bytes of the request body / 3.5) and bytes per part, for houses of 10 to 1,000 devices, or that of a file.

    count: asks a provider, whose number is `counted`; left out where it does not count.
    """
    houses = [load(path)["house"]] if path else [house(count) for count in SIZES]
    for data in houses:
        ask = asyncio.run(_request(data))
        body = len(Messages("none", ModelConfig(model="claude"), str).body(ask))
        tokens = round(body / prompt.BYTES_A_TOKEN)
        row = {"devices": len(data["devices"]), "tokens": tokens, "bytes": body, "parts": prompt.parts(ask)}
        counted = asyncio.run(count(ask)) if count else None
        yield row if counted is None else {**row, "counted": counted}


async def _request(data: dict[str, Any]) -> Ask:
    """The first request about "turn on the lamp"."""
    agent = fresh(data)
    agent.think_with(Fallback([_Silent()], agent.clock), Budget(), {})
    message = agent.inbox.put(SAID, key="size", bridge="terminal", chat="terminal")
    await agent.mind.answer(Turn(message, agent.house.snapshot(), role="owner"), agent.handle)
    agent.store.close()
    agent.history.close()
    last: Ask = agent.mind.last
    return last


def house(count: int) -> dict[str, Any]:
    """A house of so many devices, twelve to a room."""
    rooms = [ROOMS[n % len(ROOMS)] + (f" {n // len(ROOMS) + 1}" if n >= len(ROOMS) else "") for n in range(-(-count // ROOM))]
    devices = []
    for n in range(count):
        room, (name, kind, state) = rooms[n // ROOM], THINGS[n % ROOM]
        devices.append({"id": f"d{n}", "name": f"{room} {name}", "area": room, "kind": kind, "state": dict(state)})
    return {"areas": [{"name": room} for room in rooms], "devices": devices}
