"""The contract of skills, over every file in skills/ and examples/ unasked; and that breaking it is noticed."""

from pathlib import Path

import pytest

from claw.device import Safety
from claw.hosting.contract import broken_promises
from claw.hosting.loading import read_file

ROOT = Path(__file__).parent.parent
EXAMPLES = [path for path in sorted((ROOT / "examples").glob("*.py")) if "test" not in path.name]
FILES = [*sorted((ROOT / "skills").glob("*.py")), *EXAMPLES]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_skill_keeps_the_contract(path: Path) -> None:
    assert broken_promises(path) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_matchers_are_read_without_running_the_file(path: Path) -> None:
    file = read_file(path)
    assert file.matchers
    assert file.module is None


GOOD = '''"""A relay."""
from claw.skill import Device, Door, Lock, Safety, command, mdns, skill, static

class Thing(Device, Door):
    """A relay."""
    kind = "door"
    async def open_door(self): pass
    async def close_door(self): pass
    async def refresh(self): pass

@skill(mdns("_thing._tcp.local."))
async def connect(found, home):
    """A relay."""
    yield Thing(id="x", name="x")
'''


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"""A relay."""\nfrom', "from", "docstring"),
        ("async def open_door(self): pass", "", "how to open_door"),
        ("async def open_door(self): pass", "def open_door(self): pass", "must be async"),
        ("async def open_door(self): pass", "async def open_door(self, speed): pass", "must take"),
        ("async def refresh(self): pass", "", "refresh"),
        ('kind = "door"', 'kind = "portal"', "portal"),
        ("from claw.skill import", "import claw.house\nfrom claw.skill import", "claw.house"),
        ("from claw.skill import", "import no_such_library\nfrom claw.skill import", "no_such_library"),
        ('mdns("_thing._tcp.local.")', "mdns(NAME)", "literal"),
        ('@skill(mdns("_thing._tcp.local."))', "", "@skill"),
        ("    yield Thing", "    return Thing", "yield"),
        ("async def connect", "async def connect(", "valid Python"),
        ("async def connect", "def connect", "connect must be `async def` (line 12)"),
    ],
)
def test_a_broken_promise_is_said_in_plain_words(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "thing.py"
    path.write_text(GOOD)
    assert broken_promises(path) == []
    path.write_text(GOOD.replace(old, new, 1))
    assert says in " ".join(broken_promises(path))


def test_a_skill_can_raise_the_safety_of_a_command_and_never_lower_it(tmp_path: Path) -> None:
    path = tmp_path / "thing.py"
    lowered = GOOD.replace("    async def open_door", "    @command(Safety.READ)\n    async def open_door")
    path.write_text(lowered.replace("    async def close_door", "    @command(Safety.FORBIDDEN)\n    async def close_door"))
    thing = read_file(path).load().Thing
    assert thing.commands["open_door"].safety is Safety.CONFIRM
    assert thing.commands["close_door"].safety is Safety.FORBIDDEN
