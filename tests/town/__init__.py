"""The house, the people and the rules of the simulated days (tests/days.py)."""
