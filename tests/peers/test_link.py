"""A real link: the daemon on one host, the garage door on another, in network namespaces that this test makes (root only)."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.peers
ROOT = Path(__file__).parent.parent.parent
OURS, THEIRS = f"claw-a{os.getpid()}", f"claw-b{os.getpid()}"

RELAY = """
import asyncio, sys
from aiohttp import web
from zeroconf import ServiceInfo
from zeroconf.asyncio import AsyncZeroconf
async def main():
    door = {"open": False}
    async def handle(request):
        if request.method == "POST": door["open"] = (await request.json())["open"]
        return web.json_response(door)
    app = web.Application(); app.router.add_route("*", "/door", handle)
    runner = web.AppRunner(app); await runner.setup(); await web.TCPSite(runner, "10.99.0.2", 8080).start()
    zeroconf = AsyncZeroconf(interfaces=["10.99.0.2"])
    await zeroconf.async_register_service(ServiceInfo("_garage._tcp.local.", "relay._garage._tcp.local.",
        parsed_addresses=["10.99.0.2"], port=8080, properties={"id": "e8db84"}, server="relay.local."))
    await asyncio.sleep(60)
asyncio.run(main())
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def link() -> Iterator[None]:
    if os.getuid() != 0 or not shutil.which("ip"):
        pytest.skip("needs root and iproute2: apt-get install iproute2, then run as root")
    try:
        ip("netns", "add", OURS)
    except subprocess.CalledProcessError:
        pytest.skip("this machine lets nobody make network namespaces")
    ip("netns", "add", THEIRS)
    try:
        ip("link", "add", "clawa", "netns", OURS, "type", "veth", "peer", "name", "clawb", "netns", THEIRS)
        for space, name, address in ((OURS, "clawa", "10.99.0.1/24"), (THEIRS, "clawb", "10.99.0.2/24")):
            ip("-n", space, "addr", "add", address, "dev", name)
            ip("-n", space, "link", "set", name, "up")
            ip("-n", space, "link", "set", "lo", "up")
        yield
    finally:
        ip("netns", "del", OURS)
        ip("netns", "del", THEIRS)


def claw(data: Path, *words: str) -> list[dict[str, object]]:
    """A command of ours; the unix socket does not care about network namespaces."""
    done = subprocess.run(
        [sys.executable, "-m", "claw.cli", *words, "--data", str(data), "--json"], capture_output=True, text=True, cwd=ROOT
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_device_on_another_host_is_found_with_no_config_and_obeys(link: None, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "skills").mkdir(parents=True, mode=0o700)
    shutil.copy(ROOT / "examples" / "garage_door.py", data / "skills")
    inside = ["ip", "netns", "exec"]
    relay = subprocess.Popen([*inside, THEIRS, sys.executable, "-c", RELAY])
    daemon = subprocess.Popen([*inside, OURS, sys.executable, "-m", "claw.cli", "run", "--data", str(data)], cwd=ROOT)
    try:
        end = time.monotonic() + 30
        while not claw(data, "devices"):
            assert time.monotonic() < end, "the door was not found"
            time.sleep(0.2)
        assert claw(data, "say", "open the garage door")[0]["asked"] == "approval"
        done = claw(data, "say", "yes")[0]
        assert done["reply"] == "The garage door is open."
    finally:
        daemon.terminate()
        relay.kill()
        assert daemon.wait(10) == 0
        relay.wait()
