"""Pictures on the page and in the terminal: photos that phones send, pictures of replies and who may see them, thinking."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from phone import Phone, house, phone
from said_mind import SaidModel, Waits, answer, text, thinking, use
from whole_house import JumpClock
from yarl import URL

from claw.console.chat import Chat
from claw.console.client import Client
from claw.daemon import Daemon
from claw.evaluation.simulated import STILL, build
from claw.media import KEPT_SECONDS, LARGEST
from claw.testing import eventually
from claw.web.pictures import LONGEST_BODY

JPEG, PNG, WEBP = b"\xff\xd8\xff\xe0 a pool", b"\x89PNG\r\n\x1a\n a pool", b"RIFF\x10\x00\x00\x00WEBPVP8 a pool"
EYE = {"areas": [], "devices": [{"id": "eye", "name": "Door Camera", "area": "Hall", "kind": "camera", "state": {"on": True}}]}


@pytest.fixture
def clock() -> JumpClock:
    return JumpClock()


@pytest_asyncio.fixture
async def daemon(tmp_path: Path, clock: JumpClock) -> AsyncIterator[Daemon]:
    async with house(tmp_path / "data", clock=clock) as daemon:
        yield daemon


@pytest_asyncio.fixture
async def anna(daemon: Daemon) -> AsyncIterator[Phone]:
    async with phone(daemon) as one:
        await one.open()
        yield one


def photo(data: bytes, **more: Any) -> dict[str, Any]:
    return {"cid": "p1", "text": "", "photo": base64.b64encode(data).decode(), **more}


async def sent(one: Phone, data: bytes, **more: Any) -> dict[str, Any]:
    """Send a photo; the answer."""
    async with one.http.post("/photo", json=photo(data, **more)) as reply:
        assert reply.status == 200, await reply.text()
        return dict(await reply.json())


async def asked(one: Phone, name: str) -> tuple[int, str]:
    """Status and media type of a picture."""
    async with one.http.get(URL(f"{one.base}/media/{name}", encoded=True)) as reply:
        return reply.status, reply.content_type


def replied(daemon: Daemon, data: bytes, name: str = "door.jpg", *, chat: str = "web:owner", where: str = "media") -> str:
    """Let the claw say something with this picture; its name."""
    path = daemon.data / where / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    daemon.agent.outbox.put("Here.", key=f"r:{name}:{chat}", bridge="web", chat=chat, image=str(path))
    return name


def looks(daemon: Daemon, *said: Any) -> SaidModel:
    """A mind that looks through a camera, then says this."""
    build(EYE, daemon.house)
    model = SaidModel(answer(use("see", camera="Door Camera")), *said)
    thinking(daemon, model, media=daemon.data / "media")  # type: ignore[arg-type]
    return model


# -- photos


@pytest.mark.parametrize(("data", "suffix"), [(JPEG, ".jpg"), (PNG, ".png"), (WEBP, ".webp")])
async def test_a_photo_with_words_is_one_message_and_is_obeyed(daemon: Daemon, anna: Phone, data: bytes, suffix: str) -> None:
    said = [(await sent(anna, data, text="turn on the kitchen lamp"))["message"] for _ in range(2)]
    (row,) = daemon.agent.inbox.select("kind = 'message'")
    (path,) = (row.extra or {})["images"]
    assert (Path(path).read_bytes(), Path(path).suffix, Path(path).parent) == (data, suffix, daemon.data / "media")
    assert (row.key, row.bridge, row.chat, row.text) == ("web:1:p1", "web", "web:owner", "turn on the kitchen lamp")
    assert [(one["id"], one["cid"], one["pictures"]) for one in said] == [("in:1", "p1", [Path(path).name])] * 2
    await anna.heard("chat", lambda one: one["message"]["text"] == "The kitchen lamp is on.")
    heard = await anna.heard("chat", lambda one: one["message"]["from"] == "you")
    assert heard["message"] == {**said[0], "answered": True}
    assert await asked(anna, Path(path).name) == (200, f"image/{suffix[1:].replace('jpg', 'jpeg')}")


async def test_a_photo_without_words_goes_to_the_mind(daemon: Daemon, anna: Phone) -> None:
    thinking(daemon, model := SaidModel(answer(text("That is a pool."))))  # type: ignore[arg-type]
    await sent(anna, WEBP)
    await anna.heard("chat", lambda one: one["message"]["text"] == "That is a pool.")
    shown = model.asked[0].messages[-1]["content"][0]["source"]
    assert (shown["media_type"], base64.b64decode(shown["data"])) == ("image/webp", WEBP)
    assert (await anna.heard("turn"))["turn"]["say"] == "(a photo)"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (photo(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), 415),
        (photo(b"GIF89a and so on"), 415),
        (photo(b""), 415),
        (photo(JPEG + b" " * LARGEST), 415),
        (photo(JPEG + b" " * LONGEST_BODY), 413),
        (photo(JPEG, cid=""), 400),
        (photo(JPEG, text=1), 400),
        (photo(JPEG, age="old"), 400),
        (photo(JPEG, photo="no base64"), 400),
        (photo(JPEG, photo=None), 400),
        ([], 400),
    ],
)  # fmt: skip
async def test_what_is_no_photo_is_refused_in_words(daemon: Daemon, anna: Phone, body: Any, status: int) -> None:
    async with anna.http.post("/photo", data=io.BytesIO(json.dumps(body).encode())) as reply:
        assert reply.status == status
        assert (await reply.json())["error"]
    assert not daemon.agent.inbox.open()
    assert not list(daemon.agent.inbox.select("1"))


async def test_only_our_own_page_on_a_phone_that_is_signed_in_sends_and_sees(daemon: Daemon, anna: Phone) -> None:
    name = replied(daemon, JPEG)
    await anna.heard("chat")
    async with phone(daemon, paired=False) as stranger:
        assert (await asked(stranger, name))[0] == 401
        async with stranger.http.post("/photo", json=photo(JPEG)) as reply:
            assert reply.status == 401
    async with anna.http.post("/photo", json=photo(JPEG), headers={"Origin": "http://evil.example"}) as reply:
        assert reply.status == 403
    assert (await asked(anna, name))[0] == 200
    assert not list(daemon.agent.inbox.select("1"))


# -- pictures of replies


async def test_a_picture_of_a_reply_is_shown_by_what_its_bytes_are(daemon: Daemon, anna: Phone) -> None:
    name = replied(daemon, PNG, "really-a-png.jpg")
    assert (await anna.heard("chat"))["message"]["pictures"] == [name]
    async with anna.http.get(f"/media/{name}") as reply:
        assert (reply.status, await reply.read(), reply.headers["Content-Type"]) == (200, PNG, "image/png")
        assert reply.headers["Cache-Control"].startswith("private, max-age=")
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'")
    await anna.close()
    assert (await anna.open())["state"]["chat"][-1]["pictures"] == [name]


async def test_what_does_not_stand_in_the_own_chat_is_not_there(daemon: Daemon, anna: Phone, tmp_path: Path) -> None:
    hidden = [
        replied(daemon, JPEG, "of-a-child.jpg", chat="web:child"),
        replied(daemon, b"<html><script>", "page.jpg"),
        replied(daemon, JPEG, "outside.jpg", where="elsewhere"),
    ]
    (daemon.data / "media" / "unsaid.jpg").write_bytes(JPEG)
    await anna.heard("chat", lambda one: one["message"]["pictures"] == ["outside.jpg"])
    names = [
        *hidden,
        "unsaid.jpg",
        "none.jpg",
        "..",
        "%2e%2e",
        "../house.db",
        "..%2fhouse.db",
        "..%2felsewhere%2foutside.jpg",
        "jpg",
        "",
    ]
    assert {name: (await asked(anna, name))[0] for name in names} == dict.fromkeys(names, 404)


async def test_a_photo_that_is_not_answered_yet_is_its_senders_alone(daemon: Daemon, anna: Phone) -> None:
    thinking(daemon, model := Waits(answer(text("A pool."))))  # type: ignore[arg-type]
    (name,) = (await sent(anna, JPEG))["message"]["pictures"]
    async with phone(daemon) as other:
        await other.open()
        assert ((await asked(anna, name))[0], (await asked(other, name))[0]) == (200, 404)
        model.free.set()
        await other.heard("chat", lambda one: one["message"]["pictures"] == [name])
        assert (await asked(other, name))[0] == 200


async def test_what_a_camera_shows_reaches_the_page(daemon: Daemon, anna: Phone) -> None:
    looks(daemon, answer(text("A parcel stands at the door.")))
    await anna.send("say", text="who is at the door then")
    said = (await anna.heard("chat", lambda one: one["message"]["from"] == "claw"))["message"]
    assert said["text"] == "A parcel stands at the door."
    async with anna.http.get(f"/media/{said['pictures'][0]}") as reply:
        assert await reply.read() == STILL


async def test_the_terminal_says_where_the_picture_is(daemon: Daemon, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    looks(daemon, answer(text("A parcel stands at the door.")))
    talk = Chat(Client(daemon.data, seconds=20))
    await asyncio.to_thread(talk._say, "who is at the door then")
    words, picture, _ = capsys.readouterr().out.split("\n")
    assert words == "A parcel stands at the door."
    path = picture.removeprefix("(picture: ").removesuffix(")")
    assert Path(path).read_bytes() == STILL
    lines: list[dict[str, Any]] = []
    daemon.terminal.attach("terminal", lines.append)
    daemon.agent.outbox.put("Look.", key="look", bridge="terminal", chat="terminal", image=path)
    await eventually(lambda: [line for line in lines if line["key"] == "look"])
    talk._show({"message": next(line for line in lines if line["key"] == "look")})
    assert capsys.readouterr().out == f"Look.\n(picture: {path})\n"


# -- thinking


async def test_the_page_is_told_while_the_mind_thinks_and_the_terminal_is_not(daemon: Daemon, anna: Phone) -> None:
    lines: list[dict[str, Any]] = []
    thinking(daemon, model := Waits(answer(text("Basil wants sun."))))  # type: ignore[arg-type]
    daemon.terminal.attach("terminal", lines.append)
    await anna.send("say", text="turn on the kitchen lamp")
    await anna.heard("chat", lambda one: one["message"]["from"] == "claw")
    assert not [one for one in anna.frames if one["type"] == "thinking"]  # the reflex does not think
    assert anna.frames[0]["state"]["thinking"] is False
    await anna.send("say", text="how much sun does basil want")
    await anna.heard("thinking", lambda one: one["on"])
    async with phone(daemon) as other:
        assert (await other.open())["state"]["thinking"] is True
        model.free.set()
        await other.heard("thinking", lambda one: not one["on"])
    await anna.heard("chat", lambda one: one["message"]["text"] == "Basil wants sun.")
    assert [one["on"] for one in anna.frames if one["type"] == "thinking"] == [True, False]
    assert lines == []


async def test_a_mind_that_thinks_in_another_chat_does_not_show(daemon: Daemon, anna: Phone) -> None:
    thinking(daemon, SaidModel(answer(text("Basil wants sun."))))  # type: ignore[arg-type]
    daemon.terminal.receive("how much sun does basil want", "k")
    await eventually(lambda: not daemon.agent.inbox.open() and not daemon.agent.thinks("terminal"))
    await anna.send("say", text="turn on the kitchen lamp")
    await anna.heard("chat", lambda one: one["message"]["from"] == "claw")
    assert not [one for one in anna.frames if one["type"] == "thinking"]


# -- room


async def test_pictures_go_after_thirty_days(daemon: Daemon, anna: Phone, clock: JumpClock) -> None:
    (name,) = (await sent(anna, JPEG, text="turn on the kitchen lamp"))["message"]["pictures"]
    clock.advance(KEPT_SECONDS - 100)
    daemon.disk._look()
    assert (await asked(anna, name))[0] == 200
    clock.advance(200)
    await eventually(lambda: not list((daemon.data / "media").iterdir()))
    assert (await asked(anna, name))[0] == 404
