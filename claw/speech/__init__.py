"""From a voice note to words."""
