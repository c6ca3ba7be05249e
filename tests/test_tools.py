"""The golden file of the tool list: what a model sees changes only on purpose."""

import difflib
import json
from pathlib import Path

from claw.mind import tools

GOLDEN = Path(__file__).parent / "golden" / "tools.json"
MOST, BYTES = 16, 3500
RENEW = """The tools that a model sees have changed:
{diff}
If that is meant, renew the golden file: .venv/bin/python -m tests.test_tools"""


def wire() -> str:
    """The tool list in the order in which it goes over the wire, one key a line."""
    return json.dumps(tools.TOOLS, ensure_ascii=False, indent=1) + "\n"


def difference(before: str, now: str) -> str:
    """What differs, line by line; empty when nothing does."""
    return "\n".join(
        difflib.unified_diff(before.splitlines(), now.splitlines(), GOLDEN.name, "claw/mind/tools.py", n=2, lineterm="")
    )


def test_the_tools_are_those_of_the_golden_file() -> None:
    diff = difference(GOLDEN.read_text(encoding="utf-8"), wire())
    assert not diff, RENEW.format(diff=diff)


def test_a_changed_description_shows_in_the_difference() -> None:
    diff = difference(wire(), wire().replace("State now", "State then"))
    assert '-  "description": "State now"' in diff
    assert '+  "description": "State then"' in diff


def test_there_are_few_tools_and_they_are_small() -> None:
    assert len(tools.TOOLS) <= MOST
    assert tools.size() <= BYTES
    assert len({tool["name"] for tool in tools.TOOLS}) == len(tools.TOOLS)


if __name__ == "__main__":
    GOLDEN.write_text(wire(), encoding="utf-8")
