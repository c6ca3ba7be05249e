"""My garage door: a relay on an ESP8266 that answers GET /door and POST /door."""

from claw.skill import Device, Door, mdns, skill


class Garage(Device, Door):
    """The door and its relay."""

    kind, sort = "door", "garage"

    async def open_door(self):
        await self.send(open=True)

    async def close_door(self):
        await self.send(open=False)

    async def refresh(self):
        await self.send()

    async def send(self, **wish):
        """POST a wish or GET the state; what the device reports is what we know."""
        reply = await self.http.request("/door", json=wish or None)
        self.update(open=reply["open"])


@skill(mdns("_garage._tcp.local."))
async def connect(found, home):
    """The garage door."""
    door = Garage(id=f"garage-{found.txt['id']}", name="garage door", found=found)
    await door.refresh()
    yield door
