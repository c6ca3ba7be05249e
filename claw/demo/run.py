"""`claw demo`: the virtual house in this process, an unchanged `claw run` beside it, and a chat with it."""

import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from claw.console import show
from claw.console.chat import Chat
from claw.console.client import Client, Down
from claw.demo.house import DEVICES, VirtualHouse

SETUP_SECONDS, SETTLE_SECONDS = 60.0, 15.0


async def demo(say: Sequence[str] | None, *, as_json: bool = False) -> int:
    """Play it; 0 if every sentence was answered. With `as_json` stdout carries only records, progress goes to stderr."""
    house = VirtualHouse()
    with tempfile.TemporaryDirectory(prefix="claw-demo-") as folder:
        progress("starting a virtual house: 3 Sonos players, a Hue hub with 6 lamps, a HomeKit bridge with 6 accessories")
        await house.start()
        try:
            async with daemon(house, Path(folder)) as client:
                await settle_in(house, client)
                if say is None:
                    await talk(client)
                    return 0
                return await asyncio.to_thread(speak, client, say, as_json)
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
    (folder / "config.toml").write_text(house.config(str(folder / "data")) + config, "utf-8")
    progress("starting claw run (it knows nothing of this house yet)")
    with (folder / "claw.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "claw.cli", "run", "--config", str(folder / "config.toml"), stderr=log, stdout=log
        )
    try:
        yield await connected(Client(folder / "data", seconds=90), process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


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


async def talk(client: Client) -> None:
    """A chat until the end of the input."""
    if sys.stdin.isatty():
        progress('Write to your house: "turn on the kitchen lights", "is the front door locked?", "open the garage",')
        progress('"play something in the living room", "sleepy time".')
        progress("(Ctrl-D ends it.)\n")
    client.seconds = None
    await asyncio.to_thread(Chat(client).run)


def speak(client: Client, sentences: Sequence[str], as_json: bool) -> int:
    """Say each sentence in turn; an open approval at the end is declined."""
    record: dict[str, Any] = {}
    unanswered = 0
    for text in sentences:
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
