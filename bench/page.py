"""The page in a house of 60 devices: the bytes of its first view over the wire, and a finger until the device is told.

Everything runs in one process, so that the moment of sending and that of the device's command are on one clock.
"""

import asyncio
import json
import struct
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from bench.row import Bar, Measure, Options, Sample, Samples, quantile
from claw.config import parse
from claw.daemon import Daemon
from claw.evaluation.simulated import build
from claw.testing import eventually
from claw.web.assets import assets

WEIGHT, FILES, HELLO = "page and hello, 60 devices, over the wire", "its files, packed", "its hello, deflated"
TOUCH, TOUCH_95, RESULT = "touch to the device's command, p50", "touch to the device's command, p95", "touch to its result"
CONFIG = '[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["127.66.8.0/24"]\n[web]\nport = 0\n'
STATES: dict[str, dict[str, Any]] = {
    "light": {"on": True, "brightness": 70, "color_temperature": 2700}, "switch": {"on": False}, "shade": {"position": 40},
    "lock": {"locked": True}, "thermostat": {"temperature": 20.5, "target": 21.0, "mode": "heat"},
    "sensor": {"value": 19.5, "unit": "C"},
    "player": {"on": True, "playback": "playing", "title": "Rain on Tin", "volume": 20, "muted": False, "source": "Radio"},
    "fan": {"on": False, "speed": 30}, "door": {"open": False}, "vacuum": {"activity": "docked"},
}  # fmt: skip
KINDS = ("light", "light", "switch", "shade", "light", "sensor", "player", "thermostat", "fan", "lock", "door", "vacuum")
ROOMS = ("Living Room", "Kitchen", "Bedroom", "Bathroom", "Hall", "Office", "Garden", "Garage", "Attic", "Cellar")


def sixty() -> dict[str, Any]:
    """A house of 60 devices in 10 rooms."""
    devices = [
        {
            "id": f"hue-00178801e321f7de-{number:02}", "name": f"{ROOMS[number % 10]} {KINDS[number % 12].title()} {number}",
            "area": ROOMS[number % 10], "kind": KINDS[number % 12], "state": STATES[KINDS[number % 12]], "maker": "Signify",
            "model": f"LCA{number:03}",
        }
        for number in range(60)
    ]  # fmt: skip
    return {"areas": [{"name": name} for name in ROOMS], "devices": devices}


async def measure(options: Options) -> Samples:
    """A daemon in this process, and one browser."""
    with tempfile.TemporaryDirectory(prefix="claw-bench-") as folder:
        daemon = Daemon(parse(CONFIG), Path(folder) / "data-of-claw")
        running = asyncio.create_task(daemon.run())
        try:
            await asyncio.wait_for(daemon.ready.wait(), 30)
            await eventually(lambda: daemon.web.addresses)
            build(sixty(), daemon.house)
            return await _measured(daemon, 40 if options.quick else 200)
        finally:
            daemon.stop()
            await running


async def _measured(daemon: Daemon, rounds: int) -> Samples:
    base = daemon.web.addresses[0]
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(base, cookie_jar=jar, headers={"Origin": base}) as http:
        async with http.post("/pair", json={"code": daemon.web.sessions.code(), "name": "bench"}) as answer:
            answer.raise_for_status()
        async with http.ws_connect("/live", compress=15) as ws:
            await ws.receive()
            touches, results = await _touches(daemon, ws, rounds)
        cookie = next(f"{one.key}={one.value}" for one in jar)
    files = sum([await _bytes(base, path) for path in assets()])
    hello = await _hello_bytes(base, cookie)
    return {
        WEIGHT: Sample([(files + hello) / 1000], "headers included, with 50 turns in the log"),
        FILES: Sample([files / 1000]), HELLO: Sample([hello / 1000]), RESULT: Sample(results),
        TOUCH: Sample(touches, "socket, commit, policy, ledger"), TOUCH_95: Sample([quantile(touches, 0.95)]),
    }  # fmt: skip


async def _touches(daemon: Daemon, ws: aiohttp.ClientWebSocketResponse, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds from sending to the device's command, and to its result."""
    lamps = [one for one in daemon.house.devices.values() if one.kind == "light"]
    touches, results = [], []
    for number in range(-5, rounds):
        lamp = lamps[number % len(lamps)]
        told: list[float] = []
        forget = lamp.subscribe(lambda *_, told=told: told.append(time.perf_counter()))  # a simulated device changes at once
        began = time.perf_counter()
        command = "turn_off" if lamp.state["on"] else "turn_on"
        await ws.send_json({"op": "touch", "cid": f"c{number}", "device": lamp.id, "command": command, "args": {}})
        while (frame := json.loads((await ws.receive()).data))["type"] != "result":
            pass
        if not frame["ok"]:
            raise RuntimeError(f"the touch was not done: {frame}")
        if number >= 0:
            touches.append((told[0] - began) * 1000)
            results.append((time.perf_counter() - began) * 1000)
        forget()
        await asyncio.sleep(0.06)  # a finger, not a flood
    return touches, results


async def _bytes(base: str, path: str) -> int:
    """All bytes of the answer to one GET, as a browser asks for it."""
    reader, writer = await asyncio.open_connection(*_place(base))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {base[7:]}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"{path}: {answer[:40]!r}")
    return len(answer)


async def _hello_bytes(base: str, cookie: str) -> int:
    """The bytes of the upgrade and of the first frame, as the server compressed it."""
    reader, writer = await asyncio.open_connection(*_place(base))
    lines = (
        f"GET /live HTTP/1.1\r\nHost: {base[7:]}\r\nOrigin: {base}\r\nCookie: {cookie}\r\nConnection: Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {'A' * 22}==\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    )
    writer.write(lines.encode())
    head = await reader.readuntil(b"\r\n\r\n")
    first = await reader.readexactly(2)
    size, more = first[1] & 127, b""
    if size > 125:
        more = await reader.readexactly(2 if size == 126 else 8)
        (size,) = struct.unpack("!H" if size == 126 else "!Q", more)
    if not first[0] & 0x40:
        raise RuntimeError("the hello was not compressed")
    await reader.readexactly(size)
    writer.close()
    return len(head) + 2 + len(more) + int(size)


def _place(base: str) -> tuple[str, int]:
    host, port = base[7:].split(":")
    return host, int(port)


MEASURE = Measure(
    (Bar(WEIGHT, "kB", 60), Bar(FILES, "kB"), Bar(HELLO, "kB"), Bar(TOUCH, "ms", 20), Bar(TOUCH_95, "ms"), Bar(RESULT, "ms")),
    measure,
)
