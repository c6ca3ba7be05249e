"""The household: three players with fixed identities, their favourites and playlists, and who plays with whom."""

import asyncio
import hashlib

from claw.demo.sonos.documents import Track
from claw.demo.sonos.player import VirtualSonos
from claw.demo.virtual import Network

ROOMS = {"Living Room": "949F3E0A1B01", "Kitchen": "949F3E0A1B02", "Bedroom": "949F3E0A1B03"}  # name -> MAC, for good
STATION = "object.item.audioItem.audioBroadcast"
PLAYLIST = "object.container.playlistContainer"


def _track(title: str, creator: str) -> Track:
    path = f"{creator}/{title}".replace(" ", "%20")
    return Track(title, f"x-file-cifs://nas/music/{path}.mp3", creator)


RAIN = [_track("Rain on Tin", "The Gutters"), _track("Paper Boats", "The Gutters"), _track("Long Way to Harbour", "The Gutters")]
SOUP = [_track("Slow Simmer", "Copper Pots"), _track("Thyme", "Copper Pots")]
LOUD = [_track("Everybody In", "Floor Nine"), _track("Kitchen Floor", "Floor Nine")]


class Household:
    """Living Room, Kitchen and Bedroom on addresses .11, .12 and .13 of the network. Close it with stop()."""

    def __init__(self, network: Network, *, announce: bool = True) -> None:
        self.network = network
        self.id = "Sonos_" + hashlib.sha1(network.prefix.encode()).hexdigest()[:26]  # no two houses share one
        self.favourites = [
            Track("Morning Jazz", "x-sonosapi-stream:s90001?sid=254&flags=8224&sn=0", kind=STATION, duration="0:00:00"),
            Track("Rainy Evening", "x-rincon-cpcontainer:1006206crainy?sid=9&flags=8300&sn=1", kind=PLAYLIST),
            Track("Radio Harbour", "x-rincon-mp3radio://radio.invalid/harbour", kind=STATION, duration="0:00:00"),
        ]
        self.saved = [
            Track("Dinner", "file:///jffs/settings/savedqueues.rsq#1", kind=PLAYLIST),
            Track("Party", "file:///jffs/settings/savedqueues.rsq#2", kind=PLAYLIST),
        ]
        self.playlists = {self.favourites[1].uri: RAIN, self.saved[0].uri: SOUP, self.saved[1].uri: LOUD}
        self.players = [
            VirtualSonos(network, 11 + number, name, f"RINCON_{mac}01400", self, announce=announce)
            for number, (name, mac) in enumerate(ROOMS.items())
        ]
        for player in self.players:
            player.queue = list(RAIN)

    @property
    def present(self) -> list[VirtualSonos]:
        """The players that are switched on."""
        return [player for player in self.players if player.running]

    def __getitem__(self, name: str) -> VirtualSonos:
        """A player by the name of its room."""
        return next(player for player in self.players if player.name == name)

    def by_uid(self, uid: str) -> VirtualSonos | None:
        """A player that is switched on, by its RINCON id."""
        return next((player for player in self.present if player.uid == uid), None)

    def regrouped(self) -> None:
        """Tell everybody the new topology."""
        for player in self.present:
            player.publish("ZoneGroupTopology")

    async def start(self) -> None:
        """Switch all players on."""
        await asyncio.gather(*(player.start() for player in self.players))

    async def stop(self, *, goodbye: bool = True) -> None:
        """Switch all players off."""
        await asyncio.gather(*(player.stop(goodbye=goodbye) for player in self.players))
