"""Asks the owner for what the house cannot know: in which room a device stands, and whether one that moved is the same."""

import asyncio
import re

from claw.events import Events
from claw.house import GUARDED, DeviceAdded, DeviceHeld, House
from claw.messages.asks import Asks
from claw.turns.replies import call_of_it

QUIET_SECONDS = 3.0  # after the last new device
NOWHERE = frozenset({"none", "nowhere", "no room", "skip"})


class Rooms:
    """One short question at a time, each asked once."""

    def __init__(self, house: House, events: Events, asks: Asks) -> None:
        self.house, self.asks = house, asks
        self._new = asyncio.Event()
        self._held: dict[tuple[str, str], DeviceHeld] = {}
        self._told: set[tuple[str, str]] = set()
        events.subscribe(DeviceAdded, lambda _: self._new.set())
        events.subscribe(DeviceHeld, self._hold)

    def _hold(self, event: DeviceHeld) -> None:
        host = event.device.found.host if event.device.found else ""
        if (event.device.id, host) not in self._told:
            self._told.add((event.device.id, host))
            self._held[event.device.id, host] = event
            self._new.set()

    async def run(self) -> None:
        """Ask whenever devices came, until cancelled."""
        while True:
            await self._new.wait()
            self._new.clear()
            await asyncio.sleep(QUIET_SECONDS)
            while self._held:
                await self._same(*self._held.popitem())
            for device in self.house.roomless():
                if not self._new.is_set() and device.kind != "list":
                    await self._room(device.id)

    async def _room(self, id: str) -> None:
        known = sorted(area.name for area in self.house.areas.values())
        it = call_of_it(self.house, self.house.devices[id])
        rooms = f"{', '.join(known)}, a new one as “in the …”, or none" if known else "for example “in the hall”, or none"
        self.house.describe(id, room_asked=True)
        answer = await self.asks.ask(
            f"Which room is {it} in? ({rooms})", about=id, accepts=lambda text: self._room_of(text) is not None
        )
        if answer is not None and (room := self._room_of(answer)):
            self.house.describe(id, area=room)

    def _room_of(self, text: str) -> str | None:
        """The room that an answer names, empty for none; None when it is no answer to this."""
        words = text.strip(" .!").casefold()
        if words in NOWHERE:
            return ""
        bare = re.sub(r"^(it'?s |it is )?(in |on |at )?(the |my )?", "", words)
        for key, area in self.house.areas.items():
            if bare == key or bare in (alias.casefold() for alias in area.aliases):
                return area.name
        named = re.fullmatch(r"(?:it'?s |it is )?(?:in|on|at) (?:the |my )?([\w' -]{2,30})", words)
        return named[1].title() if named else None

    async def _same(self, key: tuple[str, str], held: DeviceHeld) -> None:
        """Let the owner say whether a door, lock or camera at a new address is the same; others are only told about."""
        id, host = key
        if held.device.kind not in GUARDED:
            return
        answer = await self.asks.ask(f"{held.reason}. Is it the same one, now at {host}? (yes or no)", about=id)
        if answer and answer.strip(" .!").casefold() in ("yes", "y", "yes it is", "it is"):
            self.house.accept_move(id, host)
