"""Virtual Sonos players of our own: what an unmodified SoCo, a UPnP control point and a GENA subscriber see of a household."""

from claw.demo.sonos.household import Household
from claw.demo.sonos.player import VirtualSonos

__all__ = ["Household", "VirtualSonos"]
