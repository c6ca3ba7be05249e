"""Routines, reminders and timers: rows with a next time, fired into the inbox exactly once or visibly missed."""
