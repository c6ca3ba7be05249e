"""claw: one daemon that lives in a home, knows its devices and obeys what people write."""

__version__ = "0.1.0"
