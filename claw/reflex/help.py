"""Answers about the claw itself, made of what this house has: help, what can you do, who are you."""

from claw.house import House


def read(text: str, house: House) -> str:
    """The answer; empty when the sentence asks for something else."""
    return ""
