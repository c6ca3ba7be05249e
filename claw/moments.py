"""Moments and spans in words, as people say them near to now."""

from datetime import datetime

from claw.when import When


def at_words(at: float, now: datetime) -> str:
    """A moment (seconds since 1970) seen from local `now`: "at 21:14", "tomorrow at 07:00", "yesterday at 18:22"."""
    return f"at {datetime.fromtimestamp(at, now.tzinfo):%H:%M}"


def span_words(seconds: float) -> str:
    """How long, to two units: "10 minutes", "1 hour 30 minutes", "45 seconds"."""
    return f"{seconds / 60:.0f} minutes"


def when_words(when: When, now: datetime) -> str:
    """When a routine comes: "every weekday at 07:00", "every day at sunset", "tomorrow at 07:00", "every 2 hours"."""
    return when.kind
