"""The 31-line garage door, driven by a whole daemon: found by mDNS, asked about, opened, read back."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from zeroconf import ServiceInfo

from claw.demo.virtual import Network
from claw.testing import eventually, running, say


class Relay:
    """An ESP8266 that answers GET /door and POST /door."""

    def __init__(self, network: Network) -> None:
        self.network, self.open, self.lies = network, False, False

    async def door(self, request: web.Request) -> web.Response:
        if request.method == "POST" and not self.lies:
            self.open = (await request.json())["open"]
        return web.json_response({"open": self.open})

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/door", self.door)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, self.network.address(50), 8080).start()
        address = self.network.address(50)
        info = ServiceInfo(
            "_garage._tcp.local.", "relay._garage._tcp.local.", parsed_addresses=[address], port=8080,
            properties={"id": "e8db84"}, server="relay.local.",
        )  # fmt: skip
        await self.network.zeroconf.async_register_service(info)
        return runner


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    network = Network()
    one = Relay(network)
    runner = await one.start()
    yield one
    await network.close()
    await runner.cleanup()


async def test_a_dropped_file_is_a_door_that_asks_before_it_opens(relay: Relay, tmp_path: Path) -> None:
    config = f'[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["{relay.network.subnet}"]'
    async with running(tmp_path / "data", config) as daemon:
        assert not daemon.house.devices
        shutil.copy(Path(__file__).with_name("garage_door.py"), tmp_path / "data" / "skills")
        await eventually(lambda: daemon.house.devices, seconds=5)

        asked: dict[str, Any] = await say(daemon, "open the garage door")
        assert (asked["asked"], relay.open) == ("approval", False)
        done = await say(daemon, "yes")
        assert relay.open
        assert done["reply"] == "The garage door is open."

        relay.lies = True
        lied = await say(daemon, "close the garage door")
        assert lied["calls"][0]["outcome"] == "failed"
        assert "still says open" in lied["reply"]
