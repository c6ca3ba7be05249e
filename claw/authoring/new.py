"""`claw skill new`: a skill that works at once, and beside it a virtual device with a test; nothing is ever overwritten."""

import inspect
import keyword
import os
import re
import shlex
import shutil
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from string import Template

import claw.skill
from claw import capabilities
from claw.authoring.shapes import SHAPES, Shape
from claw.hosting.loading import shipped

LONGEST_NAME, LONGEST_LABEL = 32, 15  # of a skill, and of a DNS-SD type (RFC 6763)


class Refused(RuntimeError):
    """It cannot be written; the text says why and what to do."""


def write(name: str, like: str, folder: Path) -> tuple[Path, Path]:
    """Write NAME.py and test_NAME.py, which the daemon does not take for a skill; Refused, and nothing is written."""
    _check(name, like)
    paths = folder / f"{name}.py", folder / f"test_{name}.py"
    if there := next((path for path in paths if path.exists() or path.is_symlink()), None):
        raise Refused(f"{there} is there already, and nothing was written: choose another name, or another folder with --to")
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    for path, text in zip(reversed(paths), (test(name, like), source(name, like)), strict=True):
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w", encoding="utf-8") as file:
            file.write(text)
    return paths


def steps(skill: Path, live: Path) -> list[str]:
    """What to do next, as three lines; `live` is the folder that the daemon watches."""
    claw = "claw" if shutil.which("claw") else str(Path(sys.argv[0]).absolute())
    place = "It is live" if skill.parent.resolve() == live.resolve() else f"Copy it into {live}; it is live"
    return [
        f"1. Edit {skill.name} where it says `change`, then: {claw} skill check {shlex.quote(str(skill.absolute()))}",
        f"2. Try it without the device: {claw} skill try {shlex.quote(str(skill.absolute()))}",
        f"3. {place} within 2 s of each save. If the device does not announce itself, name its address in the config: "
        f'[skills.{skill.stem}] addresses = ["192.168.1.50"]',
    ]


def _check(name: str, like: str) -> None:
    if not re.fullmatch(rf"[a-z][a-z0-9_]{{0,{LONGEST_NAME - 1}}}", name) or keyword.iskeyword(name) or name.startswith("test_"):
        raise Refused(
            f"{name!r} cannot be the name of a skill: use small letters, digits and _, with a letter first and at most "
            f"{LONGEST_NAME} of them, such as desk_lamp"
        )
    if name in sys.stdlib_module_names or name in packages_distributions():
        raise Refused(
            f"{name} is a library of Python's, which yours would hide from its test: choose another name, such as my_{name}"
        )
    if (shipped() / f"{name}.py").exists():
        raise Refused(
            f"{name} is a skill that comes with claw, and yours would replace it: choose another name, such as my_{name}"
        )
    if like not in SHAPES:
        raise Refused(f"there is no kind {like!r}: --like takes {', '.join(capabilities.KINDS)}")


def source(name: str, like: str) -> str:
    """The text of NAME.py for a device of the kind `like`."""
    shape, words, made = SHAPES[like], _words(name), _class(name)
    imports = sorted({"Device", "mdns", "skill", "static", *shape.abilities}, key=lambda one: (one.islower(), one))
    fields = ", ".join(f'{field}=reply["{field}"]' for field in shape.state)
    return SKILL.substitute(
        name=name, words=words, like=_a(like), kind=like, type=made, label=re.sub("_+", "-", name)[:LONGEST_LABEL].strip("-"),
        imports=", ".join(imports), bases=", ".join(("Device", *shape.abilities)),
        commands="".join(_command(shape, command) for command in shape.sends),
        state=STATE.substitute(fields=fields) if fields else NO_STATE,
    )  # fmt: skip


def _command(shape: Shape, command: str) -> str:
    """One method: its signature is the capability's own."""
    ability = next(vars(claw.skill)[one] for one in shape.abilities if command in vars(claw.skill)[one].commands)
    parameters = inspect.signature(ability.commands[command].function).parameters.values()
    takes = ", ".join(
        one.name if one.default is one.empty else f"{one.name}={one.default!r}".replace("'", '"') for one in parameters
    )
    does = f"await self.send({shape.sends[command]})" if shape.sends[command] else 'return await self.http.fetch("/picture.jpg")'
    return f"\n    async def {command}({takes}):\n        {does}\n"


def test(name: str, like: str) -> str:
    """The text of test_NAME.py: the device as a server on loopback, and what must hold."""
    shape, words = SHAPES[like], _words(name)
    it = words if words.startswith(("my ", "our ")) else f"the {words}"
    told = [f'await tell(daemon, "{one.format(it=it)}")' for one in shape.says]
    for field, value in shape.then.items():
        same = f"{'is' if isinstance(value, bool) else '=='} {value!r}"
        told += [f"assert device.{field} {same}  # what the claw knows", f'assert virtual.state["{field}"] {same}']
    told += ['assert (await device.snapshot()).startswith(b"\\xff\\xd8")'] if like == "camera" else []
    camera = like == "camera"
    return TEST.substitute(
        name=name, state=repr({"id": "e8db84", **shape.state}).replace("'", '"'), tell="tell, " if shape.says else "",
        told="\n".join(f"        {line}" for line in told).replace("'", '"'),
        picture=PICTURE if camera else "", route=ROUTE if camera else "",
    )  # fmt: skip


def _words(name: str) -> str:
    return " ".join(name.replace("_", " ").split())


def _a(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _class(name: str) -> str:
    """LampPost for lamp_post, but never a name of claw.skill."""
    made = "".join(part.capitalize() for part in name.split("_"))
    return f"My{made}" if made in claw.skill.__all__ else made


SKILL = Template('''\
"""The $words: $like that answers GET and POST /state with JSON."""

from claw.skill import $imports


class $type($bases):
    """What it is and can do. Other abilities, such as Brightness: claw/capabilities.py."""

    kind = "$kind"  # and if people call it otherwise: sort = "..."
$commands$state

@skill(mdns("_$label._tcp.local."), static())  # change: how it announces itself
async def connect(found, home):
    """The $words."""
    about = await found.http.request("/state")
    device = $type(id=f"$name-{about['id']}", name="$words", found=found)  # change: its lasting id
    await device.refresh()
    yield device
''')

STATE = Template('''
    async def refresh(self):
        await self.send()

    async def send(self, **wish):
        """POST a wish, or GET the state; what the device reports is what we know."""
        reply = await self.http.request("/state", json=wish or None)  # change: its path
        self.update($fields)  # change: our words = its words
''')

NO_STATE = """
    async def refresh(self):
        await self.http.request("/state")  # change: anything that shows that it answers
        self.update()
"""

TEST = Template('''\
"""A virtual device for $name.py, and what must hold: run by `claw skill try $name.py`, or by pytest."""

import asyncio
from pathlib import Path

from aiohttp import web

from claw.authoring.trial import main, ${tell}trial

SKILL = Path(__file__).with_name("$name.py")
STATE = $state  # change: what your device reports


class Virtual:
    """Answers as your device does: change it together with the skill."""

    def __init__(self):
        self.state = dict(STATE)

    async def answer(self, request):
        """GET tells the state, POST changes it."""
        if request.method == "POST":
            wish = await request.json()
            self.state.update({name: value for name, value in wish.items() if name in self.state})
        return web.json_response(self.state)
$picture
    def app(self):
        app = web.Application()
        app.router.add_route("*", "/state", self.answer)
$route        return app


def test_it_does_what_it_is_told():
    asyncio.run(told())


async def told():
    virtual = Virtual()
    async with trial(SKILL, virtual.app()) as daemon:  # a whole claw, on this machine only
        (device,) = daemon.house.devices.values()
$told


if __name__ == "__main__":
    main(globals(), Virtual().app())
''')

PICTURE = """
    async def picture(self, request):
        return web.Response(body=b"\\xff\\xd8 a picture", content_type="image/jpeg")
"""
ROUTE = '        app.router.add_get("/picture.jpg", self.picture)\n'
