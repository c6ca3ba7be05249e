"""docs/skills.md from top to bottom: every block of code is written where it says, checked and run, in the order of the page."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from claw.authoring.check import check
from claw.authoring.new import source
from claw.authoring.trial import serving, trial
from claw.config import parse
from claw.skill import Found
from claw.testing import eventually, home_for, load_skill, say

PAGE = Path(__file__).parent.parent / "docs" / "skills.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


# -- the rule of the page: what has the same name is replaced, the rest stays


def name_of(node: ast.stmt) -> str:
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0])
    return getattr(node, "name", "")


def text_of(node: ast.stmt, text: str) -> str:
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])


def merge(old: Sequence[ast.stmt], text: str, new: Sequence[ast.stmt], news: str) -> list[str]:
    """The statements of `old`, each replaced by the one of `new` with its name; the rest of `new` before and behind."""
    named = {name_of(node): node for node in new if name_of(node)}
    kept = [both(node, text, named.pop(name_of(node)), news) if name_of(node) in named else text_of(node, text) for node in old]
    doc = kept[:1] if isinstance(old[0], ast.Expr) else []
    return [
        *doc,
        *(text_of(one, news) for one in new if not name_of(one)),
        *kept[len(doc) :],
        *(text_of(one, news) for one in named.values()),
    ]


def both(old: ast.stmt, text: str, new: ast.stmt, news: str) -> str:
    if not (isinstance(old, ast.ClassDef) and isinstance(new, ast.ClassDef)):
        return text_of(new, news)
    return "\n".join([news.splitlines()[new.lineno - 1], *merge(old.body, text, new.body, news)])


def put(path: Path, news: str) -> None:
    """Write a block into its file: as a whole, or into what is there."""
    text = path.read_text("utf-8") if path.exists() else ""
    if text and not ast.get_docstring(ast.parse(news)):
        news = "\n\n\n".join(merge(ast.parse(text).body, text, ast.parse(news).body, news)) + "\n"
    path.write_text(news, "utf-8")


def test_a_block_takes_the_place_of_what_has_its_names(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    put(path, '"""Doc."""\nimport os\nA = 1\nB = 2\nclass C:\n    def f(self): return 1\n    def g(self): return 2\n')
    put(
        path,
        "import json\nA = 3\nclass C(dict):\n    def g(self): return 4\n    def h(self): return 5\ndef new(): return json, os\n",
    )
    made = load_skill(path)
    assert (made.__doc__, made.A, made.B, made.new()) == ("Doc.", 3, 2, (json, os))
    assert (made.C().f(), made.C().g(), made.C().h(), issubclass(made.C, dict)) == (1, 4, 5, True)


# -- the page


@pytest.fixture(scope="module")
def skills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The skills folder of somebody who did all that the page says."""
    home = tmp_path_factory.mktemp("home")
    folder = home / ".local" / "share" / "claw" / "skills"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {key: value for key, value in os.environ.items() if key not in ("XDG_DATA_HOME", "STATE_DIRECTORY")}
    for language, text in BLOCKS:
        if language == "sh":
            where = folder if folder.exists() else home
            ended = subprocess.run(
                ["bash", "-e", "-c", text], cwd=where, env=env | {"HOME": str(home), "PATH": path}, capture_output=True, text=True, timeout=60, check=False
            )  # fmt: skip
            assert ended.returncode == 0, f"{text}\n{ended.stdout}{ended.stderr}"
        elif language == "toml":
            assert parse(text).skills == tomllib.loads(text)["skills"]
        else:
            target = folder / text.splitlines()[0].removeprefix("# ")
            put(target, text)
            assert target.name.startswith("test_") or check(target) == []
    return folder


def test_every_block_is_of_a_language_that_is_run_and_names_its_file() -> None:
    assert {language for language, _ in BLOCKS} == {"sh", "toml", "python"}
    assert all(re.match(r"# \w+\.py\n", text) for language, text in BLOCKS if language == "python")
    assert PAGE.read_text("utf-8").count("```") == 2 * len(BLOCKS)


def test_the_page_shows_what_the_command_writes() -> None:
    first = next(text for language, text in BLOCKS if language == "python")
    assert first.removeprefix("# lamp.py\n") == source("lamp", "light")


def test_a_reader_gets_through_the_whole_page(skills: Path) -> None:
    assert {path.name for path in skills.glob("*.py")} == {"lamp.py", "test_lamp.py", "weather.py", "blinds.py"}


def app(**answers: Any) -> web.Application:
    """A server that answers each path with JSON, or with what a function makes of the wish."""
    made = web.Application()

    def route(answer: Any) -> Any:
        async def respond(request: web.Request) -> web.Response:
            wish = await request.json() if request.can_read_body else None
            return web.json_response(answer(request, wish) if callable(answer) else answer)

        return respond

    for path, answer in answers.items():
        made.router.add_route("*", "/" + path.replace("_", "/"), route(answer))
    return made


async def test_the_lamp_tells_its_news(skills: Path) -> None:
    """Its own switch is noticed at once: the claw would ask after a minute."""
    listeners: list[web.WebSocketResponse] = []

    async def news(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        listeners.append(socket)
        async for _ in socket:
            pass
        return socket

    lamp = app(state={"id": "e8db84", "on": False, "level": 40})
    lamp.router.add_get("/news", news)
    async with trial(skills / "lamp.py", lamp) as daemon:
        (device,) = daemon.house.devices.values()
        await eventually(lambda: listeners)
        await listeners[0].send_json({"on": True, "level": 90})
        await eventually(lambda: device.on)
        assert device.brightness == 90
        await listeners[0].close()
        await eventually(lambda: not device.online)
        assert "it hung up" in device.trouble


async def test_the_weather_station_is_paired_by_its_button_and_read_in_a_thread(skills: Path, tmp_path: Path) -> None:
    skill = load_skill(skills / "weather.py")
    pressed = iter([{}, {"key": "secret"}])

    def now(request: web.Request, wish: Any) -> dict[str, Any]:
        return {"celsius": 7.5} if request.headers["Authorization"] == "secret" else {}

    async with serving(app(key=lambda request, wish: next(pressed), now=now)) as port:
        found = Found("static", "", "weather", "127.0.0.1", port, "w1")
        home = home_for("weather", tmp_path, answers=["ok", "ok"])
        assert not skill.paired(found, home)
        assert await skill.pair(found, home, home.ask)
        assert skill.paired(found, home)
        assert "The button was not pressed." in home.ask.asked[1]  # type: ignore[attr-defined]
        home.config["name"] = "roof"
        station = await anext(skill.connect(found, home))
        assert station.name == "roof"
        assert (station.value, station.unit) == (7.5, "°C")


async def test_the_blinds_of_a_hub_know_their_rooms_and_obey(skills: Path) -> None:
    state = {1: {"position": 100, "target": 100}, 2: {"position": 100, "target": 100}}

    def blind(number: int) -> Any:
        def answer(request: web.Request, wish: Any) -> dict[str, int]:
            if wish and "target" in wish:
                state[number] = {"position": wish["target"], "target": wish["target"]}
            return state[number]

        return answer

    listed = {
        "serial": "77",
        "blinds": [{"number": 1, "name": "left", "room": "Study"}, {"number": 2, "name": "right", "room": "Den"}],
    }
    async with trial(skills / "blinds.py", app(blinds=listed, blinds_1=blind(1), blinds_2=blind(2))) as daemon:
        await eventually(lambda: len(daemon.house.devices) == 2)
        record = await say(daemon, "close the blind in the study")
        assert (state[1]["position"], state[2]["position"]) == (0, 100), record
