"""Who writes on a simulated day: three people in Telegram, strangers there, and somebody at the terminal."""

import asyncio
import random
import sqlite3
from typing import Any

from tests.crash.world import Crash
from tests.peers.bot_api import TOKEN
from tests.town.town import STRANGERS, Town

BOT = int(TOKEN.split(":")[0])
PAUSE, AT_ONCE = 420.0, 0.2  # seconds between two messages of one person, on average; the share that come at once
WORDS = (  # and how often
    ("turn on the kitchen lamp", 6), ("turn off the kitchen lamp", 6), ("turn on the hall lamp", 3), ("turn off all the lights", 2),
    ("set the hall lamp to 70 percent", 3), ("make the kitchen lamp brighter", 3), ("next track", 6), ("turn the volume up", 3),
    ("add milk to the shopping list", 3), ("what is on the shopping list", 1), ("open the garage door", 6),
    ("close the garage door", 3), ("unlock the front door", 5), ("lock the front door", 3), ("turn on the sauna", 5),
    ("turn off the sauna", 1), ("turn on the spa", 4), ("turn on the bedroom fan", 2), ("turn off the bedroom fan", 2),
    ("in ten minutes skip this song", 3), ("in 40 minutes open the garage door", 2), ("every day at {soon} turn on the hall lamp", 1),
    ("every 20 minutes skip this song", 1), ("whenever the garage door opens turn on the hall lamp", 1),
    ("set a timer for 15 minutes", 2), ("remind me in half an hour to feed the cat", 2), ("undo that", 2), ("stop", 1),
    ("sing me something about cheese", 1), ("is the garage door open", 2), ("yes", 6), ("no", 2), ("delete routine 1", 1),
    ("turn on the hall lamp and skip this song", 3), ("turn on the lamp", 2), ("2", 1), ("good morning", 1),
)  # fmt: skip


class Writer:
    """Chooses what to say."""

    def __init__(self, town: Town, seed: str) -> None:
        self.town, self.chances = town, random.Random(seed)

    def words(self) -> str:
        """Some sentence."""
        text = self.chances.choices([text for text, _ in WORDS], [often for _, often in WORDS])[0]
        now = self.town.clock.now()
        return text.replace("{soon}", f"{now.hour:02}:{min(59, now.minute + self.chances.randint(1, 30)):02}")

    async def pause(self) -> None:
        """Until the next message."""
        if self.chances.random() >= AT_ONCE:
            await asyncio.sleep(self.chances.expovariate(1 / PAUSE))


class Somebody(Writer):
    """One of the people, in a direct chat with the bot."""

    def __init__(self, town: Town, id: int, seed: str) -> None:
        super().__init__(town, seed)
        self.id, self.person = id, town.persons[id]
        self.last: dict[str, Any] = {}

    async def live(self, end: float) -> None:
        """Write, press and edit until then (steady seconds)."""
        while self.town.clock.at < end:
            await self.pause()
            chance = self.chances.random()
            if chance < 0.4 and self._press():
                continue
            if chance > 0.96 and self.last:
                self.person.edits(self.last, "unlock the front door")
                self.town.log(f"edit {self.id}")
            else:
                self._write(self.words())
                await asyncio.sleep(self.chances.uniform(0, 90))  # somebody who asked looks at the answer
                if chance > 0.5:
                    self._press()

    def _write(self, text: str) -> None:
        self.town.written[f"tg:{BOT}:{self.town.peer.next_id}"] = (self.id, text)
        self.last = self.person.writes(text)
        self.town.log(f"write {self.id} {text!r}")

    def _press(self) -> bool:
        """A button of one of the newest messages, in time or too late; one that was answered has none any more."""
        bot = self.town.peer.me["id"]
        sent = [one for (chat, _), one in self.town.peer.messages.items() if chat == self.id and one["from"]["id"] == bot]
        keyboards = [one for one in sent[-3:] if one.get("reply_markup")]
        if not keyboards:
            return False
        shown = self.chances.choice(keyboards)
        button = self.chances.choice(shown["reply_markup"]["inline_keyboard"][0])
        for _ in range(self.chances.choice([1, 1, 1, 2])):  # some press twice
            self.town.written[f"tg:{BOT}:{self.town.peer.next_id}"] = (self.id, "")
            self.person.presses(button["text"], message=shown)
        self.town.log(f"press {self.id} {button['text']} under {shown['text']!r}")
        return True


class Stranger(Writer):
    """Some strangers who write whatever comes to mind."""

    async def live(self, end: float) -> None:
        """Until then (steady seconds)."""
        while self.town.clock.at < end:
            await self.pause()
            self.town.persons[self.chances.choice(STRANGERS)].writes(self.chances.choice([self.words(), "12345678", "/start"]))


class Typist(Writer):
    """At the terminal, which writes the same line again when it did not hear that it was taken."""

    async def live(self) -> None:
        """Until cancelled."""
        number = 0
        while True:
            await self.pause()
            text, number = self.words(), number + 1
            self.town.written[f"term:{number}"] = (1001, text)
            self.town.log(f"write terminal {text!r}")
            while not self._taken(text, str(number)) or self.chances.random() < 0.05:  # noqa: ASYNC110 - there is no event
                await asyncio.sleep(2)

    def _taken(self, text: str, key: str) -> bool:
        """Whether the daemon said that it has it."""
        life = self.town.life
        try:
            if life is None or not life.alive:
                return False
            life.terminal.receive(text, key)
        except (Crash, sqlite3.OperationalError):
            return False
        return True
