"""Notices by ntfy (https://docs.ntfy.sh/publish/#publish-as-json). Whoever knows a topic can write to it, so it is not read."""

import re
from collections.abc import Callable
from pathlib import Path

from claw.bridges.oneway import OneWay, Rejected, Unsent, post
from claw.clock import Clock

TOPIC = re.compile(r"[\w-]{12,40}", re.ASCII)  # ntfy takes 64; a person's name may come behind it
NO_TOPIC = "write a topic that nobody guesses (12 to 40 letters or digits) into {file} (chmod 600), and below it a token, if any"


class Ntfy(OneWay):
    """One server. The owner's topic is the one in the file, another person's has `-` and the id behind it."""

    name, limit = "ntfy", 1000  # characters, of 4,096 bytes; what is longer would become a file

    def __init__(self, secret: Callable[[], str], file: Path, clock: Clock, url: str) -> None:
        """`secret`: the topic, then perhaps an access token; read anew each time. `file`: where it is, for people."""
        super().__init__(clock)
        self._secret, self.file, self.url = secret, file, url

    def lacks(self) -> str:
        """A topic."""
        words = self._secret().split()
        return "" if 0 < len(words) < 3 and TOPIC.fullmatch(words[0]) else NO_TOPIC.format(file=self.file)

    async def deliver(self, to: str, text: str, key: str) -> None:
        """Publish. ntfy knows no key, so what may have gone out is marked by the outbox when it goes again."""
        topic, *token = self._secret().split()
        notice = {"topic": topic if to == "owner" else f"{topic}-{to}"[:64], "title": "claw", "message": text}
        try:
            await post(self.url, self.clock, json=notice, headers={"Authorization": f"Bearer {token[0]}"} if token else None)
        except Rejected as no:
            if no.code in (401, 403):
                raise Unsent(f"{no} (is the token in {self.file} right?)", mend=True) from None
            raise
