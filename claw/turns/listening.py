"""A voice note becomes the text of its message: after it was committed, and before it is read."""

import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from claw.discovery.found import clean
from claw.messages.inbox import Inbox, Message
from claw.people.people import NOBODY
from claw.speech.recogniser import ERRORS, Hears, Missing, Unheard

LONGEST_TEXT, LONGEST_SHOWN = 4000, 200
DEAF = "I cannot listen to voice notes yet. Please write it."
HEARD = "I heard “{words}”."


class Listening:
    """What was heard is committed with the message, so that a restart neither loses it nor listens again."""

    def __init__(self, inbox: Inbox, role: Callable[[str], str], recogniser: Hears, language: str) -> None:
        """`role`: of a person, by id; `language`: that is spoken in the house."""
        self.inbox, self.role, self.recogniser, self.language = inbox, role, recogniser, language
        self.fetch: Callable[[Message], Awaitable[Message]] | None = None  # brings the files of a message

    async def listen(self, message: Message) -> Message:
        """The message, with the words of its voice note as its text if it has one; the recording is deleted then."""
        message = await self.fetch(message) if self.fetch else message
        extra = message.extra or {}
        if "voice" not in extra:
            return message
        if not {"heard", "unheard"} & extra.keys() and self.role(message.person) != NOBODY:
            message = await self._recognised(message, extra["voice"])
        if extra["voice"]:
            with contextlib.suppress(OSError):
                Path(extra["voice"]).unlink()
        return message

    async def _recognised(self, message: Message, file: str) -> Message:
        try:
            words = clean(await self.recogniser.heard(Path(file), self.language), LONGEST_TEXT) if file else ""
            if words:
                return self.inbox.hear(message, f"{message.text} {words}".strip(), {"heard": True})
            why = ERRORS["silent" if file else "lost"]
        except Missing as error:
            why = str(error) if self.role(message.person) == "owner" else DEAF
        except Unheard as error:
            why = str(error)
        return self.inbox.hear(message, message.text, {"unheard": why})

    async def close(self) -> None:
        """Let go of the recogniser."""
        await self.recogniser.close()


def heard(message: Message) -> str:
    """What was heard, to be shown with the reply; empty for what was written."""
    if not message.spoken:
        return ""
    short = message.text if len(message.text) <= LONGEST_SHOWN else f"{message.text[:LONGEST_SHOWN]}…"
    return HEARD.format(words=short.rstrip("."))
