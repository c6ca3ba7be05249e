"""Every development case can be reached by tools: a fake model that makes the right calls, in houses whose reflex is deaf."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from claw.evaluation.evaluate import command_for, run_case
from claw.evaluation.format import load
from claw.evaluation.judging import nearest
from claw.mind.costs import Budget
from claw.mind.fallback import Fallback
from claw.mind.handles import Handles
from claw.mind.tools import GROUP_OF
from claw.mind.wire import Answer, Ask, Block
from claw.reflex.reading import Context, Reading
from tests.said_mind import answer, text, use

EVALS = Path(__file__).parent.parent.parent / "shared" / "evals"
FILES = sorted(EVALS.glob("*/*.yaml"))
EVERY = int(os.environ.get("CLAW_REACH_EVERY", "6"))  # of the cases of a large file; 1 takes a minute of processor time


class Deaf:
    """A reader that understands nothing but the answer to a question."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader

    def read(self, said: str, context: Context) -> Reading | None:
        return self.reader.read(said, context) if context.question else None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reader, name)


class Right:
    """A fake model that makes the calls which a case wants, and says the words which it wants."""

    name = "right"

    def __init__(self, agent: Any, case: Mapping[str, Any]) -> None:
        self.agent, self.case, self.done = agent, case, False

    async def step(self, ask: Ask, on_text: Callable[[str], None], *, seconds: float) -> Answer:
        calls = [] if self.done else self._calls()
        self.done = True
        words = " ".join(str(one[0] if isinstance(one, list) else one) for one in self.case.get("reply", ()))
        return answer(*calls) if calls else answer(text(f"{words}."))

    async def close(self) -> None:
        return None

    def _calls(self) -> list[Block]:
        handles, now = Handles(self.agent.house), {id: dict(device.state) for id, device in self.agent.house.devices.items()}
        wanted = nearest(self.case, now, now)
        return [call for id, fields in wanted.items() for call in self._for(id, fields, handles.of[id], now[id])]

    def _for(self, id: str, fields: Mapping[str, Any], name: str, now: Mapping[str, Any]) -> list[Block]:
        device, calls = self.agent.house.devices[id], []
        for field, value in fields.items():
            value = sum(value) / 2 if isinstance(value, list) and field not in ("items", "done") else value
            if now.get(field) == value:
                continue
            command = command_for(device, field, value, now.get(field))
            if field in ("items", "done"):
                calls += self._items(name, field, value, list(now.get(field) or ()))
            elif command in device.commands:
                takes = bool(device.commands[command].model.model_fields)
                given = {"value": value} if takes else {}
                calls.append(use(GROUP_OF[command], targets=[name], action=command, **given))
        return calls

    def _items(self, name: str, field: str, value: list[str], now: list[str]) -> list[Block]:
        if field == "done":
            return [use("list", targets=[name], action="tick_item", value=one) for one in value if one not in now]
        added = [use("list", targets=[name], action="add_item", value=one) for one in value if one not in now]
        ticked = [item for fields in nearest(self.case, {}, {}).values() for item in fields.get("done", ())]
        gone = [one for one in now if one not in value and one not in ticked]
        return added + [use("list", targets=[name], action="remove_item", value=one) for one in gone]


def prepared(case: Mapping[str, Any]) -> Callable[[Any], None]:
    def prepare(agent: Any) -> None:
        agent.think_with(Fallback([Right(agent, case)], agent.clock), Budget(), {})
        agent.deciding.reader = Deaf(agent.deciding.reader)

    return prepare


@pytest.mark.skipif(not FILES, reason="../shared is absent")
async def test_nearly_every_development_case_is_reached_by_the_right_calls() -> None:
    results = []
    for path in FILES:
        data = load(path)
        for case in data["cases"][:: EVERY if len(data["cases"]) > 200 else 1]:
            if not case.get("before") and not case.get("after"):
                record = await run_case(data["house"], case, str(path), prepared(case))
                results.append((record["result"], path.name, case["say"], record["why"], record["reply"]))
    bad = [one for one in results if one[0] != "ok"]
    assert len(results) > 200
    assert len(bad) <= 0.02 * len(results), bad
