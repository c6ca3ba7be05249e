"""Virtual HomeKit accessories (needs the extra "demo"): hub.py is what a controller talks to, parts.py what it finds."""

from claw.demo.homekit.hub import VirtualHomekit
from claw.demo.homekit.parts import PARTS, Garage, LeakSensor, Lock, MotionSensor, Part, Shade, Thermostat

__all__ = ["PARTS", "Garage", "LeakSensor", "Lock", "MotionSensor", "Part", "Shade", "Thermostat", "VirtualHomekit"]
