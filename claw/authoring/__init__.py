"""For people who add a device: a skill to begin with, a check of it, and a trial without the device."""
