"""`claw demo`: the virtual house in this process, an unchanged `claw run` beside it, and a chat with it."""

import asyncio
import contextlib
import ctypes
import json
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from claw.config import WebConfig
from claw.console import show
from claw.console.chat import Chat
from claw.console.client import Client, Down
from claw.demo.house import DEVICES, VirtualHouse

SETUP_SECONDS, SETTLE_SECONDS = 60.0, 15.0


async def demo(say: Sequence[str] | None, *, as_json: bool = False) -> int:
    """Play it; 0 if every sentence was answered. With `as_json` stdout carries only records, progress goes to stderr."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await play(say, as_json)
    except asyncio.CancelledError:
        progress("the demo was stopped; nothing of it is left")
        return 130


async def play(say: Sequence[str] | None, as_json: bool) -> int:
    """The whole demo, cleaned up however it ends."""
    house = VirtualHouse()
    with tempfile.TemporaryDirectory(prefix="claw-demo-") as folder:
        progress("starting a virtual house: 3 Sonos players, a Hue hub with 6 lamps, a HomeKit bridge with 6 accessories")
        await house.start()
        try:
            async with daemon(house, Path(folder)) as client:
                await settle_in(house, client)
                if say is None:
                    progress(f"the page for a phone or a browser: {client.one('page', 'address')}\n")
                if say is None and sys.stdin.isatty():
                    return await aside(lambda: talk(client, as_json))
                sentences = say if say is not None else (line.strip() for line in sys.stdin if line.strip())
                return await aside(lambda: speak(client, sentences, as_json))
        except (Down, RuntimeError) as error:
            progress(f"the demo ended early: {error}\n{_log(Path(folder))}")
            return 1
        finally:
            await house.stop()


def progress(text: str) -> None:
    """A line for people, on stderr."""
    print(text, file=sys.stderr, flush=True)


def _log(folder: Path) -> str:
    log = folder / "claw.log"
    return log.read_text("utf-8", "replace")[-4000:] if log.exists() else ""


@contextlib.asynccontextmanager
async def daemon(house: VirtualHouse, folder: Path, *, config: str = "") -> AsyncIterator[Client]:
    """An unchanged `claw run` in a process of its own, looking only at this house; stopped at the end."""
    (folder / "config.toml").write_text(house.config(str(folder / "data"), port=free_port()) + config, "utf-8")
    progress("starting claw run (it knows nothing of this house yet)")
    with (folder / "claw.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "claw.cli", "run", "--config", str(folder / "config.toml"),
            stderr=log, stdout=log, start_new_session=True, preexec_fn=_die_with_parent,
        )  # fmt: skip
    try:
        yield await connected(Client(folder / "data", seconds=90), process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def free_port(first: int = WebConfig.port) -> int:
    """The page's usual port, or the next one that nobody has."""
    for port in range(first, first + 100):
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("127.0.0.1", port))
            return port
    return 0


def _die_with_parent() -> None:
    """Let the kernel end the daemon when the demo is killed (prctl(2), PR_SET_PDEATHSIG = 1)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


async def connected(client: Client, process: asyncio.subprocess.Process) -> Client:
    """Wait until the daemon listens."""
    for _ in range(600):
        with contextlib.suppress(Down):
            await asyncio.to_thread(client.one, "status", "status")
            return client
        if process.returncode is not None:
            break
        await asyncio.sleep(0.05)
    raise Down("claw run did not start")


async def settle_in(house: VirtualHouse, client: Client) -> None:
    """Answer what the claw asks until it knows every device, then show the house."""
    began, answered = time.monotonic(), set[int]()
    while time.monotonic() - began < SETUP_SECONDS:
        for line in await asyncio.to_thread(list, client.request("asks")):
            ask = line["ask"]
            deed, answer = house.answer(ask["about"]) if ask["id"] not in answered else ("", "")
            if answer:
                answered.add(ask["id"])
                progress(f"  claw asks: {ask['text']}\n  the house {deed}")
                await asyncio.to_thread(client.one, "answer", "answered", id=ask["id"], text=answer)
        devices = await asyncio.to_thread(_devices, client)
        if len([one for one in devices if one["online"]]) >= DEVICES:
            break
        await asyncio.sleep(0.05)
    progress(f"found and paired {len(devices)} devices in {time.monotonic() - began:.1f} s:\n")
    progress("\n".join(show.rooms(devices)) + "\n")


def _devices(client: Client) -> list[dict[str, Any]]:
    return [line["device"] for line in client.request("devices")]


async def aside(work: Callable[[], int]) -> int:
    """Run blocking work in a thread that keeps nobody waiting at the end, since it may stand in input()."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    came: list[int | Exception] = []

    def run() -> None:
        try:
            came.append(work())
        except (Down, RuntimeError, OSError) as error:
            came.append(error)
        loop.call_soon_threadsafe(done.set)

    threading.Thread(target=run, daemon=True).start()
    await done.wait()
    if isinstance(came[0], Exception):
        raise came[0]
    return came[0]


def talk(client: Client, as_json: bool) -> int:
    """A chat until the end of the input."""
    progress('Write to your house: "turn on the kitchen lights", "is the front door locked?", "open the garage",')
    progress('"play something in the living room", "sleepy time".')
    progress("(Ctrl-D ends it.)\n")
    client.seconds = None
    Chat(client, as_json=as_json).run()
    return 0


def speak(client: Client, sentences: Iterable[str], as_json: bool) -> int:
    """Say each sentence in turn; an approval that the next one does not answer is declined."""
    record: dict[str, Any] = {}
    unanswered = 0
    for text in sentences:
        if record.get("asked") == "approval" and not client.one("read", "reading", text=text).get("control"):
            list(client.request("say", text="no"))
        for line in client.request("say", text=text, settle=SETTLE_SECONDS):
            if "message" in line:
                progress(line["message"]["text"])
            else:
                record = line["record"]
        print(json.dumps(record, ensure_ascii=False) if as_json else f"> {text}\n{record['reply']}", flush=True)
        unanswered += not record["reply"]
    if record.get("asked") == "approval":
        list(client.request("say", text="no"))
    return 1 if unanswered else 0
