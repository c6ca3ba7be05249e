"""The virtual house: three Sonos players, a Hue hub with six lamps, a HomeKit bridge with six accessories, on loopback."""

import asyncio

from claw.demo.homekit import VirtualHomekit
from claw.demo.hue import HueHub
from claw.demo.sonos import Household
from claw.demo.virtual import Network

DEVICES = 15


class VirtualHouse:
    """Starts and stops everything; presses its own button and reads out its own code when asked."""

    def __init__(self, *, speed: float = 1.0) -> None:
        """`speed`: how much faster than life the motors run."""
        self.network = Network()
        self.sonos = Household(self.network)
        self.hue = HueHub(self.network, 21)
        self.homekit = VirtualHomekit(self.network, 31, speed=speed)

    async def start(self) -> None:
        """Switch everything on."""
        await asyncio.gather(self.sonos.start(), self.hue.start(), self.homekit.start())

    async def stop(self) -> None:
        """Switch everything off and say goodbye."""
        await asyncio.gather(self.sonos.stop(), self.hue.stop(), self.homekit.stop())
        await self.network.close()

    def config(self, data: str = "", *, port: int = 0) -> str:
        """The config.toml that lets a daemon look at this house and at nothing else; `port`: of the page, 0 = any free one."""
        run = f'[run]\ndata = "{data}"\nlog = "warning"\n' if data else ""
        return f'[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["{self.network.subnet}"]\n[web]\nport = {port}\n{run}'

    def answer(self, about: str) -> tuple[str, str]:
        """What the house does and says when the claw asks about one of its things: (deed, answer); empty when it is not asked."""
        if self.homekit.name in about:
            return f"reads the code on its label: {self.homekit.code}", self.homekit.code
        if self.hue.name in about:
            self.hue.press_button()
            return "presses the round button", "pressed"
        return "", ""
