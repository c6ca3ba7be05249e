"""Telegram: a bot with a long poll (https://core.telegram.org/bots/api). People are known by the number `from.id`.

The token is in every URL, so no URL is logged, and no error of aiohttp that might hold one goes further than this file.
"""

import asyncio
import json
import logging
import re
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claw.bridges.arriving import RECORDING, Arriving, Incoming
from claw.bridges.wire import faults
from claw.clock import Clock
from claw.messages.outbox import Choice, NotSent, Refused, parted

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger("claw.telegram")
POLL_SECONDS, SEND_SECONDS = 50, 20.0
LOOK_SECONDS, LONGEST_TRY = 10.0, 600.0  # for another token when this one is not taken; and until this one is tried again
LONGEST_WAIT = 60.0
SECOND = 1.05  # of Telegram's limits, with room for the way there
LARGEST = 20 * 2**20  # bytes; getFile gives no larger ones
MENU = {"help": "What I understand", "stop": "Stop what moves and drop what I asked", "undo": "Take back what was done last"}
NOT_OWN = {"forward_origin", "forward_date", "via_bot"}  # marks what another wrote: forward_date before Bot API 7.0
UPDATES = ("message", "edited_message", "callback_query")
TOLD_NO = "Telegram does not take this token (has it been revoked?): get one from @BotFather and put it into {file}. "
TOLD_NO += "Meanwhile I try this one again, every 10 minutes at least"
NO_TOKEN = "there is no token: get one from @BotFather and put it into {file}, readable by nobody else (chmod 600)"
TWICE = "another program (or a webhook) uses this bot's token: stop it, or get a new token from @BotFather for {file}"
Json = dict[str, Any]


class Rejected(Exception):
    """Telegram answered that it will not do it. `code`: 400, 401, 403, 404, 409, 429; `more`: retry_after, migrate_to_chat_id."""

    def __init__(self, code: int, why: str, more: Json) -> None:
        super().__init__(f"{code} {why}"[:300])
        self.code, self.more = code, more


class Telegram:
    """One bot. Sends have no key, so what may have gone out is sent again with a remark."""

    name, idempotent, approves = "telegram", False, True
    limit = 4096

    def __init__(self, token: Callable[[], str], file: Path, clock: Clock, api: str = "https://api.telegram.org") -> None:
        """`token`: read anew when the old one is not taken; `file`: where it is, for people."""
        self._read, self.file, self.clock, self.api = token, file, clock, api.rstrip("/")
        self.beat, self.trouble, self.bot, self.username = 0.0, "", 0, ""
        self._token = self._tried = ""
        self._session: aiohttp.ClientSession | None = None
        self._pace = Pace(clock)
        self._answering: set[asyncio.Task[None]] = set()

    # -- in

    async def run(self, arriving: Arriving) -> None:
        """Poll until cancelled; a token that Telegram does not take is tried again, later and later, unless another one comes."""
        import aiohttp

        self._token = self._tried = ""
        wait = 0.0
        async with aiohttp.ClientSession() as self._session:
            try:
                while True:
                    self._token = await self._another(wait)
                    try:
                        await self._serve(arriving)
                    except Rejected as no:  # 401, or 404 for what has not even the shape of a token
                        wait = min(LONGEST_TRY, 2 * wait) if self._token == self._tried else LOOK_SECONDS
                        log.warning("Telegram does not take the token: %s; again in %.0f s", no, wait)
                        self._trouble(TOLD_NO)
                        if self._token != self._tried:
                            arriving.agent.tell(f"{self.trouble}.")
                        self._tried, self._token = self._token, ""
            finally:
                self._session = None
                for task in self._answering:
                    task.cancel()

    async def _another(self, wait: float) -> str:
        """A token that was not tried yet; after so many seconds also the one that was: what refused it may have passed."""
        again = self.clock.monotonic() + wait
        while not (token := self._read()) or (token == self._tried and self.clock.monotonic() < again):
            self._trouble(self.trouble if token else NO_TOKEN)
            self.beat = self.clock.monotonic()
            await self.clock.sleep(LOOK_SECONDS)
        return token

    def _trouble(self, text: str) -> None:
        self.trouble = text.replace("{file}", str(self.file))

    async def _serve(self, arriving: Arriving) -> None:
        """Poll with one token; Rejected when it is not taken. The cursor is the bot's own, so another bot begins anew."""
        self.bot, wait = 0, 0.0
        while True:
            try:
                if not self.bot:
                    await self._meet()
                    arriving.agent.outbox.wake()
                await self._poll(arriving, 0 if self.trouble else POLL_SECONDS)  # to know soon that it is over
                self.trouble, self._tried, wait = "", "", 0.0
            except Rejected as no:
                if no.code in (401, 404):
                    raise
                self._trouble(TWICE if no.code == 409 else f"Telegram says: {no}")
                wait = float(no.more.get("retry_after", 10.0))
            except OSError as error:
                self.trouble, wait = f"Telegram cannot be reached: {error}", min(LONGEST_WAIT, max(1.0, wait * 2))
            self.beat = self.clock.monotonic()
            if wait:
                log.warning("%s; again in %.0f s", self.trouble, wait)
                await self.clock.sleep(wait)
                self.beat = self.clock.monotonic()

    async def _meet(self) -> None:
        if not re.fullmatch(r"\d+:[\w-]+", self._token):
            raise Rejected(401, "it has not the shape of a token", {})
        me = await self.call("getMe")
        commands = [{"command": name, "description": what} for name, what in MENU.items()]
        await self.call("setMyCommands", commands=commands)
        self.bot, self.username = int(me["id"]), str(me["username"])

    async def _poll(self, arriving: Arriving, seconds: int) -> None:
        """One poll of so many seconds. The next one, with the cursor committed here, tells Telegram to forget what came."""
        cursor = f"{self.name}:{self.bot}"
        offset = int(arriving.store.kept(cursor) or 0)
        updates = await self.call("getUpdates", seconds=seconds + 10.0, offset=offset, timeout=seconds, allowed_updates=UPDATES)
        if updates:
            updates.sort(key=lambda one: one["update_id"])
            batch = [one for update in updates if (one := self._incoming(update))]
            await arriving.take(self, batch, (cursor, str(updates[-1]["update_id"] + 1)))
            for update in updates:
                self._thank(update)

    def _incoming(self, update: Json) -> Incoming | None:
        """An update as the core knows it; None for what is of no use, and what Telegram may one day send in another shape."""
        key = f"tg:{self.bot}:{update['update_id']}"
        try:
            if query := update.get("callback_query"):
                return self._pressed(query, key)
            edited = "edited_message" in update
            return self._written(update["edited_message"] if edited else update["message"], key, edited)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            log.warning("an update of Telegram that makes no sense is passed over (%s: %s)", type(error).__name__, error)
            return None

    def _pressed(self, query: Json, key: str) -> Incoming | None:
        if "message" not in query or "data" not in query:
            return None
        chat = query["message"]["chat"]
        return Incoming(key, str(chat["id"]), *_who(query["from"]), private=chat["type"] == "private", pressed=query["data"])

    def _written(self, message: Json, key: str, edited: bool) -> Incoming | None:
        chat, text, before = message["chat"], message.get("text") or message.get("caption") or "", message.get("reply_to_message")
        if "from" not in message or chat["type"] == "channel" or not {"text", "photo", "voice", "audio"} & message.keys():
            return None
        replied: Json = before or {}
        ours, forwarded = replied.get("from", {}).get("id") == self.bot, bool(NOT_OWN & message.keys())
        command = re.match(rf"/\w+(?:@{self.username})?(?!@)\b", text, re.IGNORECASE)
        mention = re.compile(rf"@{self.username}\b", re.IGNORECASE)
        others = "" if ours else message.get("quote", replied).get("text") or replied.get("caption") or ""
        voice = "" if forwarded else message.get("voice", {}).get("file_id", "")
        others = text if forwarded else others
        if {"voice", "audio"} & message.keys() and not voice:
            others = others or RECORDING
        return Incoming(
            f"tg:{self.bot}:edit:{chat['id']}:{message['message_id']}" if edited else key,
            str(chat["id"]), *_who(message["from"]), text="" if forwarded else mention.sub("", text).strip(" ,:"),
            at=float(message["date"]), private=chat["type"] == "private", edited=edited,
            addressed=ours or bool(command or mention.search(text)), quoted=others,
            answers=str(replied["message_id"]) if ours else "", voice=voice,
            images=tuple(size["file_id"] for size in message.get("photo", ())[-1:]),
        )  # fmt: skip

    def _thank(self, update: Json) -> None:
        """Let the button that was pressed come to rest, once what it meant is committed; it may be too late for that."""
        if query := update.get("callback_query"):
            task = asyncio.create_task(self._quietly("answerCallbackQuery", callback_query_id=query["id"]))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    async def fetch(self, ref: str) -> bytes:
        """A file that came with a message; OSError when it cannot be had."""
        try:
            path = (await self.call("getFile", file_id=ref))["file_path"]
        except (Rejected, KeyError) as no:
            raise OSError(str(no)) from None
        return await self._request("GET", f"/file/bot{self._token}/{path}", SEND_SECONDS)

    # -- out

    def measure(self, text: str) -> int:
        """Telegram counts UTF-16 code units."""
        return len(text.encode("utf-16-le")) // 2

    async def send(self, chat: str, text: str, key: str, choices: Sequence[str]) -> str:
        """Send text, with a button for each choice that can be told apart; the message's number."""
        buttons = [{"text": label, "callback_data": label.data} for label in choices if isinstance(label, Choice)]
        rows = [buttons] if len(buttons) == 2 else [[one] for one in buttons]
        more = {"reply_markup": {"inline_keyboard": rows}} if rows else {}
        return await self._say("sendMessage", chat, text=text, link_preview_options={"is_disabled": True}, **more)

    async def picture(self, chat: str, path: str, text: str, key: str) -> str:
        """Send a picture with a text of at most 1,024 characters under it; what is longer is cut."""
        return await self._say("sendPhoto", chat, photo=Path(path), caption=parted(text, 1024, self.measure)[0])

    async def edit(self, chat: str, ref: str, text: str) -> None:
        """Show another text in place of a message, without its buttons."""
        try:
            await self._say("editMessageText", chat, message_id=int(ref), text=text)
        except Refused as no:
            if "not modified" not in str(no):
                raise

    async def typing(self, chat: str) -> None:
        """Show that an answer is on its way."""
        await self._quietly("sendChatAction", chat_id=_number(chat), action="typing")

    async def _quietly(self, method: str, **params: Any) -> None:
        """What nothing depends on."""
        try:
            await self.call(method, **params)
        except (Rejected, OSError, NotSent) as error:
            log.debug("%s: %s", method, error)

    async def _say(self, method: str, chat: str, **params: Any) -> str:
        """Anything that counts as a message; raises as Bridge.send says."""
        if (wait := self._pace.wait(chat)) > 0:
            raise NotSent(wait)
        try:
            sent = await self.call(method, chat_id=_number(chat), **params)
        except Rejected as no:
            if no.code in (401, 404, 429):
                raise NotSent(float(no.more.get("retry_after", LONGEST_WAIT))) from None
            if moved := no.more.get("migrate_to_chat_id"):  # a group that became a supergroup
                return await self._say(method, str(moved), **params)
            raise Refused(str(no)) from None
        return str(sent["message_id"])

    # -- the wire

    async def call(self, method: str, *, seconds: float = SEND_SECONDS, photo: Path | None = None, **params: Any) -> Any:
        """The result of a method. Rejected; NotSent when nothing went out; OSError when it is not known."""
        import aiohttp

        more: Json = {"json": params}
        if photo:
            more = {"data": aiohttp.FormData(params)}
            more["data"].add_field("photo", photo.read_bytes(), filename=photo.name)
        body = await self._request("POST", f"/bot{self._token}/{method}", seconds, **more)
        try:
            answer = json.loads(body)
            if answer["ok"]:
                return answer["result"]
            no = Rejected(int(answer["error_code"]), str(answer["description"]), answer.get("parameters") or {})
        except (ValueError, KeyError, TypeError):
            raise OSError("it answered something that is no JSON of the Bot API") from None
        if no.code >= 500:
            raise OSError(str(no))
        raise no

    async def _request(self, verb: str, path: str, seconds: float, **more: Any) -> bytes:
        """The body of an answer; a fault comes without the URL, which holds the token."""
        import aiohttp

        from claw.kit.http import body

        if self._session is None or not self._token:
            raise NotSent
        limits = aiohttp.ClientTimeout(total=seconds, sock_connect=10.0)
        request = self._session.request(verb, self.api + path, timeout=limits, allow_redirects=False, **more)
        with faults(seconds):
            async with request as answer:
                if answer.status >= (400 if verb == "GET" else 500):  # a method says in JSON why it was refused
                    raise OSError(f"it answered with status {answer.status}")
                return await body(answer, LARGEST)


class Pace:
    """Telegram's limits: a message a second in a chat, 20 a minute in a group, 30 a second in all."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._sent: deque[tuple[float, str]] = deque()

    def wait(self, chat: str) -> float:
        """Seconds until one may be sent to this chat; 0 counts as sent now."""
        now, group = self.clock.monotonic(), _number(chat).startswith("-")
        while self._sent and self._sent[0][0] <= now - 61.0:
            self._sent.popleft()
        every, own = [at for at, _ in self._sent], [at for at, to in self._sent if to == chat]
        rules = ((every, 30, SECOND), (own, 1, SECOND), (own if group else [], 20, 60.0 + SECOND))
        left = max(times[-most] + seconds - now if len(times) >= most else 0.0 for times, most, seconds in rules)
        if left <= 0:
            self._sent.append((now, chat))
        return max(0.0, left)


def _number(chat: str) -> str:
    """Telegram's own number of a chat of ours."""
    return chat.rpartition(":")[2]


def _who(user: Json) -> tuple[str, str]:
    """The address and the name of a user."""
    return str(user["id"]), " ".join(filter(None, (user.get("first_name"), user.get("last_name"))))
