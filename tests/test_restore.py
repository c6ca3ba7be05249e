"""From a state before to the calls that bring it back: what is on its way elsewhere has left it already."""

from typing import Any

import pytest

from claw.capabilities import Door, Lock, Position
from claw.device import Device
from claw.history.restore import calls_back


class Bolt(Device, Lock):
    kind = "lock"


class Gate(Device, Door):
    kind = "door"


class Blind(Device, Position):
    kind = "shade"


@pytest.mark.parametrize(
    ("kind", "before", "now", "command"),
    [
        (Bolt, {"locked": True}, {"locked": True, "target_locked": False}, "lock"),
        (Gate, {"open": False}, {"open": False, "target_open": True}, "close_door"),
        (Blind, {"position": 0}, {"position": 0, "target_position": 100}, "set_position"),
        (Blind, {"position": 0}, {"position": 40, "target_position": 100}, "set_position"),
        (Bolt, {"locked": True}, {"locked": True, "target_locked": True}, ""),
        (Blind, {"position": 70}, {"position": 70}, ""),
    ],
)
def test_what_moves_is_not_where_it_still_seems_to_be(
    kind: type[Device], before: dict[str, Any], now: dict[str, Any], command: str
) -> None:
    device = kind("one", "One")
    device.update(**now)
    assert [call.command for call in calls_back(device, before)] == ([command] if command else [])
