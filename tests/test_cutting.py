"""Several wishes in one message, with and without signs between them; and conditions that are none."""

from typing import Any

import pytest

from claw.evaluation.evaluate import fresh
from claw.reflex.parts import needed

HOUSE: dict[str, Any] = {
    "areas": [{"name": "Pantry"}, {"name": "Loft"}],
    "devices": [
        {"id": "tv", "name": "TV", "area": "Loft", "kind": "player", "class": "tv",
         "state": {"on": False, "playback": "stopped", "volume": 50, "muted": False}},
        {"id": "bulb", "name": "Pantry Bulb", "area": "Pantry", "kind": "light", "state": {"on": True, "brightness": 60}},
        {"id": "globe", "name": "Globe", "area": "Loft", "kind": "light", "state": {"on": True, "brightness": 80}},
        {"id": "breeze", "name": "Breeze", "area": "Loft", "kind": "fan", "state": {"on": False, "speed": 0}},
        {"id": "roll", "name": "Roller Blind", "area": "Loft", "kind": "shade", "class": "blind", "state": {"position": 100}},
        {"id": "bolt", "name": "Front Door", "kind": "lock", "state": {"locked": False}},
        {"id": "food", "name": "Food List", "kind": "list", "state": {"items": ["rice"], "done": []}},
        {"id": "jobs", "name": "Job List", "kind": "list", "state": {"items": ["sweep"], "done": []}},
    ],
}  # fmt: skip
SEVERAL: list[tuple[str, dict[str, dict[str, Any]]]] = [
    ("pantry bulb off, tv on and volume 20", {"bulb": {"on": False}, "tv": {"on": True, "volume": 20}}),
    ("shut the roller blind turn the globe off and lock the front door",
     {"roll": {"position": 0}, "globe": {"on": False}, "bolt": {"locked": True}}),
    ("globe off n lock the front door", {"globe": {"on": False}, "bolt": {"locked": True}}),
    ("turn the tv on and the globe off", {"tv": {"on": True}, "globe": {"on": False}}),
    ("globe off, breeze on at 30%", {"globe": {"on": False}, "breeze": {"on": True, "speed": 30}}),
    ("turn on the tv and mute it", {"tv": {"on": True, "muted": True}}),
    ("globe half as bright", {"globe": {"brightness": 40}}),

    ("globe off thanks, ingrid", {"globe": {"on": False}}),
    ("lock the front door, globe off, my mother is here", {"bolt": {"locked": True}, "globe": {"on": False}}),
]  # fmt: skip


async def changed(text: str) -> dict[str, dict[str, Any]]:
    agent = fresh(HOUSE)
    before = {id: dict(device.state) for id, device in agent.house.devices.items()}
    await agent.say(text)
    after = {id: dict(device.state) for id, device in agent.house.devices.items()}
    agent.store.close()
    agent.history.close()
    return {
        id: {name: value for name, value in state.items() if before[id][name] != value and name != "playback"}
        for id, state in after.items() if state != before[id]
    }  # fmt: skip


@pytest.mark.parametrize(("text", "changes"), SEVERAL, ids=[text for text, _ in SEVERAL])
async def test_every_part_is_done(text: str, changes: dict[str, dict[str, Any]]) -> None:
    assert await changed(text) == changes


@pytest.mark.parametrize(
    "text", ["globe off and order me a pizza", "lock the front door and walk the dog", "globe off, breeze on at blorf"]
)
async def test_what_is_understood_in_part_only_is_not_done(text: str) -> None:
    assert await changed(text) == {}


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("if the oven is still on, turn it off", "turn the oven off"),
        ("lock the front door if it isn't locked", "lock the front door"),
        ("if the garage is open please close it", "close the garage"),
        ("switch off the lights if they are on", "switch off the lights"),
        ("if the window is open turn it off", "if the window is open turn it off"),
        ("turn off the fan if it is cold", "turn off the fan if it is cold"),
        ("if the lamp is on turn on the fan", "if the lamp is on turn on the fan"),
        ("if it rains close it", "if it rains close it"),
    ],
)
def test_a_state_that_a_wish_only_ends_is_no_condition(text: str, wish: str) -> None:
    assert needed(text) == wish
