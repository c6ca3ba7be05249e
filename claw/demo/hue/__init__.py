"""A virtual Hue hub of our own (API v2), driven by the unmodified aiohue."""

from claw.demo.hue.hub import HueHub
from claw.demo.hue.lamp import Lamp, demo_lamps

__all__ = ["HueHub", "Lamp", "demo_lamps"]
