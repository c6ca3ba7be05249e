"""“Call that dinner time”: what was just done becomes a scene, which is a routine that waits for its name."""

import re

from claw.call import ToolCall
from claw.house import House
from claw.messages.inbox import Message
from claw.turns.replies import wanted

KEEP_SECONDS = 1800.0  # for how long it can be kept
OFFER = "Say “call that” and a name to keep it."
KEEP = re.compile(
    r"(?:please )?(?:(?:call|name) (?:all )?that|(?:save|keep) (?:all )?that as) [“\"']?(?P<name>\w[\w '’-]{1,39}?)[”\"']?[ .!]*",
    re.IGNORECASE,
)


def scene(text: str, last: Message | None, house: House, now: float) -> str:
    """The sentence that makes a scene of what the last turn did, if it did several things; else empty."""
    said = KEEP.fullmatch(text)
    if said is None or last is None or now - last.at > KEEP_SECONDS:
        return ""
    done = [call for call in (last.record or {}).get("calls", ()) if call["outcome"] == "done"]
    calls = [ToolCall(call["command"], tuple(call["targets"]), call["args"]) for call in done]
    if len(calls) < 2 or any(id not in house.devices for call in calls for id in call.targets):
        return ""
    return f"when I say {said['name']}, {' and '.join(wanted(house, call) for call in calls)}"
