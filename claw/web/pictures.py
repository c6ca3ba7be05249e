"""The pictures of a chat: photos that a phone sends, and what stands there, for whoever may see the chat."""

import asyncio
import base64
from pathlib import Path

from aiohttp import web

from claw import view
from claw.agent import Agent
from claw.media import LARGEST, keep, kind
from claw.web.origins import via
from claw.web.sessions import Session
from claw.web.sockets import FULL, NONSENSE, Frame, cid_of, say

LONGEST_BODY = LARGEST * 4 // 3 + (64 << 10)  # of the photo in base64, and the words
MOST, SECONDS = 4, 60.0  # photos that come at once; for one to come
CACHE = "private, max-age=86400"
WANTED = f"A photo is wanted: JPEG, PNG or WebP, up to {LARGEST // 1_000_000} MB."
BUSY = "Too many photos come at once: please send it again in a moment."


class NoPhoto(Exception):
    """It was not taken; in words for a person, why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Pictures:
    """The pictures in one folder, by the chats in which they stand."""

    def __init__(self, agent: Agent, media: Path) -> None:
        self.agent, self.media = agent, media
        self._coming = 0

    async def take(self, session: Session, request: web.Request) -> Frame:
        """{cid, text, age, photo: base64} -> the message, as `say` of the websocket gives it; NoPhoto."""
        if self._coming >= MOST:
            raise NoPhoto(503, BUSY)
        self._coming += 1
        try:
            async with asyncio.timeout(SECONDS):
                return self._take(session, via(request), await request.clone(client_max_size=LONGEST_BODY).json())
        except web.HTTPRequestEntityTooLarge:
            raise NoPhoto(413, WANTED) from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise NoPhoto(400, NONSENSE) from None
        except TimeoutError:
            raise NoPhoto(408, "That took too long.") from None
        finally:
            self._coming -= 1

    def _take(self, session: Session, bridge: str, frame: Frame) -> Frame:
        cid, photo = cid_of(frame), base64.b64decode(frame["photo"], validate=True)
        if len(photo) > LARGEST or not kind(photo):
            raise NoPhoto(415, WANTED)
        try:
            path = keep(self.media, photo)
        except OSError:
            raise NoPhoto(503, FULL) from None
        return say(self.agent, session, bridge, frame, cid, {"images": [str(path)]})

    def show(self, session: Session, name: str) -> web.FileResponse | None:
        """The file of this name, if it is a picture that stands in the chat of this session."""
        path = self.media / name
        if not view.shows(self.agent, session.chat, session.key(""), name):
            return None
        try:
            with path.open("rb") as file:
                type = kind(file.read(12))
        except OSError:
            return None
        return web.FileResponse(path, headers={"Content-Type": type, "Cache-Control": CACHE}) if type else None
