"""Pairing is a conversation: ask for a code or a pressed button until it works, a few times at most."""

from collections.abc import Awaitable, Callable
from typing import Protocol

DECLINED = ("", "no", "stop", "cancel")


class Ask(Protocol):
    """Ask a person; the answer is text, or None when nobody answered in time."""

    async def __call__(self, question: str) -> str | None: ...


async def ask_until(ask: Ask, question: str, attempt: Callable[[str], Awaitable[str]], *, times: int = 3, last: str = "") -> bool:
    """Ask, and try with the answer, until `attempt` returns "" instead of what is wrong, in a sentence for people.

    Returns False when nobody answers, somebody says no, or `times` answers did not work. `last` warns before the last try.
    """
    problem = ""
    for left in reversed(range(times)):
        answer = await ask(" ".join(filter(None, (problem, "" if left else last, question))))
        if answer is None or answer.strip().lower() in DECLINED:
            return False
        problem = await attempt(answer)
        if not problem:
            return True
    return False
