"""Talks as they come with a good chat model and its usual faults: who says what, which tools it calls, and each reply to the letter."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from claw.device import DeviceError
from claw.mind.wire import Answer, Ask, Block, ModelError
from claw.supervise import cancel
from claw.testing import eventually
from claw.turns.replies import together
from tests.said_mind import SaidModel, answer, text, thinking, use
from tests.simulated_house import SmallHouse

HERE = Path(__file__).parent
ROOT = HERE.parent
FILES = sorted((HERE / "conversations").glob("*.yaml"))
JPEG = b"\xff\xd8\xff\xe0 a photo"
YIELDS = 50  # turns of the loop in which what was written meanwhile has its say


def _block(one: Any, number: int) -> Block:
    """A text, or {tool: input}."""
    if isinstance(one, str):
        return text(one)
    ((tool, given),) = one.items()
    return {**use(tool, **given), "id": f"call_{number}"}


def recorded(step: list[Any]) -> Answer | ModelError:
    """What the model answered in one step: texts, {tool: input}, {stop: why it ended}, or {error: kind}."""
    marks = {key: value for one in step if isinstance(one, dict) for key, value in one.items() if key in ("stop", "error")}
    if "error" in marks:
        return ModelError(marks["error"], "recorded")
    blocks = [one for one in step if isinstance(one, str) or not {"stop", "error", "meanwhile"} & one.keys()]
    return answer(*(_block(one, number) for number, one in enumerate(blocks)), stop=marks.get("stop"))


class Recorded(SaidModel):
    """Plays the steps of one turn after the other; {meanwhile: text} is written by the person before the step ends."""

    def __init__(self) -> None:
        super().__init__()
        self.house: SmallHouse | None = None
        self.steps: list[list[Any]] = []

    async def step(self, ask: Ask, on_text: Any, *, seconds: float) -> Answer:
        self.asked.append(ask)
        assert self.steps, "the model is asked more often than it was recorded"
        step = self.steps.pop(0)
        for one in step:
            if isinstance(one, dict) and "meanwhile" in one:
                assert self.house is not None
                write(self.house, one["meanwhile"])
                for _ in range(YIELDS):
                    await asyncio.sleep(0)
        said = recorded(step)
        if isinstance(said, ModelError):
            raise said
        return said


def write(house: SmallHouse, said: str, person: str = "owner", photo: Path | None = None) -> int:
    """Put a message in as a chat does; its id."""
    house.clock.advance(1)
    key, extra = f"said:{house.clock.time()}", {"images": [str(photo)]} if photo else None
    message = house.agent.inbox.put(said, key=key, bridge="terminal", chat="terminal", person=person, extra=extra)
    assert message is not None
    return message.id


def settled(folder: Path, data: Mapping[str, Any], talk: Mapping[str, Any], model: Recorded) -> SmallHouse:
    """The house of the file as the conversation wants it, thinking with the recorded model."""
    plan = yaml.safe_dump(yaml.safe_load((ROOT / data["house"]).read_text())["house"])
    house = thinking(SmallHouse(folder, plan=plan, state=talk.get("set")), model, media=folder / "media")
    for id, why in talk.get("offline", {}).items():
        house[id].offline(why)
    for id, why in talk.get("breaks", {}).items():
        house[id].obey = _refuser(why)  # type: ignore[method-assign]
    model.house = house
    return house


def _refuser(why: str) -> Any:
    def obey(command: Any, args: Any) -> None:
        raise DeviceError(why)

    return obey


async def replayed(folder: Path, data: Mapping[str, Any], talk: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What came of each turn: the replies (one for each message, but empty ones), what changed, and what was asked."""
    model = Recorded()
    house = settled(folder, data, talk, model)
    worker, came = asyncio.create_task(house.agent.run()), list[dict[str, Any]]()
    for turn in talk["turns"]:
        before, answered = {id: dict(device.state) for id, device in house.devices.items()}, len(house.answered)
        model.steps = [list(step) for step in turn.get("model", ())]
        wanted = 1 + sum(isinstance(one, dict) and "meanwhile" in one for step in model.steps for one in step)
        write(house, turn["say"], talk.get("person", "owner"), _photo(folder) if turn.get("photo") else None)
        await eventually(lambda more=answered + wanted: len(house.answered) >= more)
        ended = sorted(house.answered[answered:], key=lambda one: one.message.id)
        now = {id: {name: value for name, value in device.state.items() if before[id].get(name) != value}
               for id, device in house.devices.items()}  # fmt: skip
        replies = [str(one.record["reply"]) for one in ended if one.record["reply"]]
        came.append({"reply": replies[0] if len(replies) == 1 else replies, "changed": {id: some for id, some in now.items() if some},
                     "asked": next((one.record["asked"] for one in ended if one.record["asked"]), None), "left": len(model.steps)})  # fmt: skip
    await cancel(worker)
    house.close()
    return came


def _photo(folder: Path) -> Path:
    path = folder / "photo.jpg"
    path.write_bytes(JPEG)
    return path


def _talks() -> list[Any]:
    files = [(path, yaml.safe_load(path.read_text())) for path in FILES]
    return [pytest.param(data, talk, id=f"{path.stem}: {talk['name']}") for path, data in files for talk in data["conversations"]]


@pytest.mark.parametrize(("data", "talk"), _talks())
async def test_a_recorded_conversation_comes_to_the_same_replies_and_deeds(
    tmp_path: Path, data: Mapping[str, Any], talk: Mapping[str, Any]
) -> None:
    if not (ROOT / data["house"]).exists():
        pytest.skip(f"{data['house']} is absent")
    came = await replayed(tmp_path, data, talk)
    wanted = [
        {"reply": turn["reply"], "changed": turn.get("changed", {}), "asked": turn.get("asked"), "left": 0}
        for turn in talk["turns"]
    ]
    assert came == wanted


@pytest.mark.parametrize(
    ("apart", "joined"),
    [
        (["The lamp is at 35 %.", "The lamp is on."], ["The lamp is on and at 35 %."]),
        (["The lamp is red.", "The fan is on.", "The lamp is at 20 %."], None),
        (["The lamp is on.", "The lamp is off."], None),
        (["The lamp is at 10 %.", "The lamp is at 20 %."], None),
        (["The globe is off again.", "The globe is on."], None),
        (["I could not dim it: it is off.", "I could not open it: it is off."], None),
        (["The list now has tea.", "The list now has milk.", "The list now has figs."], ["The list now has tea, milk and figs."]),
        (["The TV is playing “A. B is on”.", "The TV is at volume 20 %."], None),
    ],
)
def test_what_is_said_of_one_thing_is_one_sentence(apart: list[str], joined: list[str] | None) -> None:
    assert together(apart) == (joined or apart)
