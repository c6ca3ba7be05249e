"""What skills are handed besides devices: bounded HTTP, UPnP events, pinned sessions, pacing, pairing."""
