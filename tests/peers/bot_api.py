"""A Telegram Bot API server on loopback, faithful to https://core.telegram.org/bots/api, with telegram_people.py for who writes to its bot.

test_bot_api.py proves it with aiogram and python-telegram-bot. The texts of errors and the rules of the queue of updates are those of
the public server's source (tdlib/telegram-bot-api). Left out: legacy fields (forward_from ...), parse_mode other than HTML, channels, albums,
webhooks (`webhook` only makes getUpdates fail), the 3 s that the real one delays a second 409. Guessed: QUERY_SECONDS.
"""

import asyncio
import contextlib
import copy
import itertools
import json
import math
import re
import struct
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from claw.clock import Clock
from tests.peers.telegram_people import Chat, Json, Person, Refused, bad, formatted, picture, quoted, units

TOKEN = "4242:AAEloopback-token-of-the-test-peer_0"
DAY, LINK_SECONDS, QUERY_SECONDS = 86400, 3600, 60
LIMITS = ((30, 1, "all"), (1, 1, "chat"), (20, 60, "group"))  # so many messages in so many seconds
UNASKED = {"chat_member", "message_reaction", "message_reaction_count"}  # only who names them in allowed_updates gets them
SECOND = "terminated by other getUpdates request; make sure that only one bot instance is running"
HOOKED = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
SAME = "specified new message content and reply markup are exactly the same as a current content and reply markup of the message"
BAD_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
FAULTS = {
    "401": "Unauthorized", "403": "Forbidden: bot was blocked by the user", "429": "Too Many Requests: retry after {retry_after}",
    "500": "Internal Server Error",
}  # fmt: skip
ACTIONS = {"typing", "upload_photo", "record_voice", "upload_voice", "upload_document", "choose_sticker", "find_location"}


class Call:
    """The parameters of one request, whichever way they were sent."""

    def __init__(self, values: Json, files: dict[str, bytes]) -> None:
        self.values, self.files = values, files

    @classmethod
    async def read(cls, request: web.Request) -> "Call":
        """Query string, JSON, form or multipart."""
        values: Json = dict(request.query)
        files: dict[str, bytes] = {}
        if request.content_type == "application/json":
            values |= json.loads(await request.read() or b"{}")
        else:
            for name, part in (await request.post()).items():
                if isinstance(part, web.FileField):
                    with part.file as file:
                        files[name] = file.read()
                else:
                    values[name] = part
        return cls(values, files)

    def text(self, name: str) -> str:
        return str(self.values.get(name) or "")

    def number(self, name: str, default: int = 0) -> int:
        try:
            return int(self.values.get(name) or default)
        except (TypeError, ValueError):
            raise bad(f"invalid {name} specified") from None

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("true", "1")

    def data(self, name: str) -> Any:
        """A nested value: itself in a JSON body, JSON text in a form."""
        value = self.values.get(name) or None
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError:
            raise bad(f"can't parse {name} JSON object") from None


class BotApi:
    """The server's memory. `sent` is what people see of the bot now, `calls` what it asked for; `limits` turns flood control on."""

    def __init__(self, token: str = TOKEN, *, clock: Clock | None = None, limits: bool = False, privacy: bool = True) -> None:
        self.clock, self.limits, self.privacy, self.base = clock or Clock(), limits, privacy, ""
        self.chats, self.messages = dict[int, Chat](), dict[tuple[int, int], Json]()
        self.calls, self.answers, self.asked = list[tuple[str, Json]](), dict[str, Json](), dict[str, float]()
        self.files, self.links, self.commands = dict[str, tuple[bytes, str]](), dict[str, tuple[bytes, float]](), list[Json]()
        self.webhook, self.token, self.me = "", "", Json()
        self.faults, self._ids, self._sent_at = list[tuple[str, str, int]](), Counter[int](), list[tuple[float, int]]()
        self.poll: asyncio.Event | None = None
        self.lost = ""  # of files: "path" (getFile names none), "gone" (there is nothing at it)
        self.rotate(token)

    def now(self) -> int:
        return int(self.clock.time())

    def rotate(self, token: str) -> None:
        """A new token: of the same bot (its queue stays), or of another one, whom nobody has written to yet."""
        self.token, bot = token, int(token.split(":")[0])
        if self.poll:
            self.poll.set()
        if bot != self.me.get("id"):
            self.me = {"id": bot, "is_bot": True, "first_name": "Claw", "username": f"claw_{bot}_bot"}
            self.updates, self.confirmed, self.next_id = list[tuple[float, Json]](), list[Json](), bot * 1000 + 1
            self.allowed: set[str] | None = None
            for chat in self.chats.values():
                chat.state = "unknown"

    def person(self, id: int, name: str, *, username: str = "") -> Person:
        """Somebody new; the bot cannot write to them before they wrote to it."""
        more = {"username": username} if username else {}
        return Person(self, {"id": id, "is_bot": False, "first_name": name, **more, "language_code": "en"})

    def group(self, id: int, title: str, *, kind: str = "group", by: Person | None = None) -> Chat:
        """A group with the bot in it; with `by` the bot is told that it was added."""
        chat = Chat(self, {"id": id, "type": kind, "title": title}, "left" if by else "member")
        if by:
            chat.becomes("member", by.user)
            self.push("message", self.new(chat, by.user, new_chat_members=[self.me]))
        return chat

    def membership(self, state: str) -> Json:
        """The bot as a ChatMember."""
        return {"user": self.me, "status": state} | ({"until_date": 0} if state == "kicked" else {})

    def fault(self, method: str, kind: str, *, times: int = 1, retry_after: int = 1) -> None:
        """What happens to the next calls: 401, 403, 429, 500, 502, drop, hang; with " after apply" only the answer is lost.

        For getUpdates also repeat (what was confirmed last comes again) and reverse.
        """
        self.faults += [(method, kind, retry_after)] * times

    @property
    def sent(self) -> dict[int, list[Json]]:
        """Messages of the bot by chat, oldest first, as edited since; deleted ones are gone."""
        sent = defaultdict[int, list[Json]](list)
        for (chat, _), message in self.messages.items():
            if message["from"]["id"] == self.me["id"]:
                sent[chat].append(copy.deepcopy(message))
        return sent

    def new(self, chat: Chat, sender: Json, **content: Any) -> Json:
        """Write a message down. Supergroups count their own, all other chats of a bot together."""
        counter = chat.id if chat.kind == "supergroup" else 0
        self._ids[counter] += 1
        message: Json = {"message_id": self._ids[counter], "from": sender, "chat": chat.view, "date": self.now()}
        message |= {key: value for key, value in content.items() if value}
        self.messages[chat.id, message["message_id"]] = message
        return message

    def sees(self, chat: Chat, message: Json) -> bool:
        """Privacy mode: of a group only commands for it, mentions of it, replies to it."""
        text, name = message.get("text") or message.get("caption") or "", self.me["username"].lower()
        command = re.match(r"/\w+(?:@(\w+))?", text)
        meant = (command and (command[1] or name).lower() == name) or re.search(rf"@{name}\b", text, re.IGNORECASE)
        replied = message.get("reply_to_message", {}).get("from", {}).get("id") == self.me["id"]
        in_it = chat.state == "member" and not chat.migrated
        return in_it and bool(chat.kind == "private" or not self.privacy or meant or replied)

    def push(self, kind: str, content: Json) -> None:
        """Queue an update as it is now, unless the bot did not ask for its kind."""
        if kind in self.allowed if self.allowed else kind not in UNASKED:
            self.updates.append((self.clock.time(), {"update_id": self.next_id, kind: copy.deepcopy(content)}))
            self.next_id += 1
            if self.poll:
                self.poll.set()

    def batch(self, offset: int, limit: int) -> list[Json]:
        """Forget what is older than a day or below the offset; one that lies far in the future forgets nothing."""
        offset = self.next_id + offset if offset < 0 else offset
        self.updates = [(at, one) for at, one in self.updates if at > self.clock.time() - DAY]
        if offset <= self.next_id + 10 and (gone := [one for _, one in self.updates if one["update_id"] < offset]):
            self.confirmed, self.updates = gone, self.updates[len(gone) :]
        return [one for _, one in self.updates[:limit]]

    def query(self, user: Json, shown: Json, data: str) -> str:
        """A callback query; a message that was deleted since is an InaccessibleMessage."""
        chat, number = shown["chat"], shown["message_id"]
        id = str(self.me["id"] * 10**9 + len(self.asked))
        self.asked[id] = self.clock.monotonic()
        message: Json = self.messages.get((chat["id"], number)) or {"chat": chat, "message_id": number, "date": 0}
        where = {"message": message, "chat_instance": str(chat["id"] * 7)}
        self.push("callback_query", {"id": id, "from": user, **where, "data": data})
        return id

    def keep(self, data: bytes, folder: str, suffix: str) -> Json:
        """A file on the server: its file_id, file_unique_id and file_size."""
        number = len(self.files)
        id = f"AgACAgIAAxkBAAIB{number:06d}"
        self.files[id] = (data, f"{folder}/file_{number}.{suffix}")
        return {"file_id": id, "file_unique_id": f"AQAD{number:06d}", "file_size": len(data)}

    def sizes(self, data: bytes) -> list[Json]:
        """A photo as the server keeps it: small ones first, the one that was sent last."""
        if not data.startswith((b"\xff\xd8", b"\x89PNG")):
            raise bad("IMAGE_PROCESS_FAILED")
        width, height = struct.unpack(">II", data[16:24]) if data.startswith(b"\x89PNG") else (1280, 960)
        small = [(side, max(1, side * height // width)) for side in (90, 320, 800) if side < width]
        kept = [(*size, picture(*size)) for size in small] + [(width, height, data)]
        return [{**self.keep(content, "photos", "jpg"), "width": wide, "height": high} for wide, high, content in kept]

    def flood(self, chat: Chat) -> None:
        """Flood control, on the clock handed in."""
        now = self.clock.monotonic()
        self._sent_at = [(at, id) for at, id in self._sent_at if now - at < 60]
        for most, seconds, whose in LIMITS if self.limits else ():
            recent = [at for at, id in self._sent_at if now - at < seconds and (whose == "all" or id == chat.id)]
            if len(recent) >= most and (whose != "group" or chat.kind != "private"):
                wait = max(1, math.ceil(recent[-most] + seconds - now))
                raise Refused(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        self._sent_at.append((now, chat.id))

    async def method(self, request: web.Request) -> web.StreamResponse:
        """POST or GET /bot<token>/<method>."""
        name, call = request.match_info["method"], await Call.read(request)
        self.calls.append((name, call.values))
        kind, retry_after = next(((kind, after) for method, kind, after in self.faults if method == name), ("", 0))
        if kind:
            self.faults.remove((name, kind, retry_after))
        when = kind.removesuffix(" after apply")
        try:
            if kind == when and kind not in ("", "repeat", "reverse"):
                return await self._fail(request, when, retry_after)
            self._admit(request.match_info["token"])
            result = await Methods(self).run(name, call, kind)
            return (
                await self._fail(request, when, retry_after)
                if kind != when
                else web.json_response({"ok": True, "result": result})
            )
        except Refused as refused:
            return web.json_response(refused.body, status=refused.code)

    def _admit(self, token: str) -> None:
        if not re.fullmatch(r"\d+:[\w-]+", token):
            raise Refused(404, "Not Found")
        if token != self.token:
            raise Refused(401, "Unauthorized")

    async def _fail(self, request: web.Request, kind: str, retry_after: int) -> web.StreamResponse:
        if kind == "502":
            return web.Response(status=502, text=BAD_GATEWAY, content_type="text/html")
        if kind == "hang":
            await asyncio.Event().wait()
        if kind == "drop":
            assert request.transport
            request.transport.abort()
            return web.Response()
        parameters = {"retry_after": retry_after} if kind == "429" else {}
        raise Refused(int(kind), FAULTS[kind].format(**parameters), **parameters)

    async def download(self, request: web.Request) -> web.Response:
        """GET /file/bot<token>/<path>: what getFile named within the hour."""
        try:
            self._admit(request.match_info["token"])
            data, until = self.links.get(request.match_info["path"], (b"", 0.0))
            if self.clock.time() >= until:
                raise Refused(404, "Not Found")
            return web.Response(body=data, content_type="application/octet-stream")
        except Refused as refused:
            return web.json_response(refused.body, status=refused.code)


class Methods:
    """The methods of the API; names are not case-sensitive."""

    def __init__(self, peer: BotApi) -> None:
        self.peer = peer

    async def run(self, name: str, call: Call, fault: str) -> Any:
        """The result of a call; Refused."""
        public = {one.lower(): one for one in vars(Methods) if not one.startswith("_") and one != "run"}
        found = public.get(name.lower())
        if found is None:
            raise Refused(404, "Not Found: method not found")
        if found == "getUpdates":
            return await self.getUpdates(call, fault)
        return getattr(self, found)(call)

    async def getUpdates(self, call: Call, fault: str) -> list[Json]:
        peer, mine, token = self.peer, asyncio.Event(), self.peer.token
        if peer.webhook:
            raise Refused(409, f"Conflict: {HOOKED}")
        if (allowed := call.data("allowed_updates")) is not None:
            peer.allowed = set(allowed) or None
        before, peer.poll = peer.poll, mine
        if before:
            before.set()
        where = call.number("offset"), min(max(call.number("limit", 100), 1), 100)
        if not (batch := peer.batch(*where)) and fault != "repeat":
            await peer.clock.until(mine, min(call.number("timeout"), 50))
            if peer.token != token:
                raise Refused(401, "Unauthorized")
            if peer.poll is not mine:
                raise Refused(409, f"Conflict: {SECOND}")
            batch = peer.batch(*where)
        peer.poll = None
        return (peer.confirmed if fault == "repeat" else []) + (batch[::-1] if fault == "reverse" else batch)

    def getMe(self, call: Call) -> Json:
        more = dict.fromkeys(("supports_inline_queries", "can_connect_to_business", "has_main_web_app"), False)
        return {**self.peer.me, "can_join_groups": True, "can_read_all_group_messages": not self.peer.privacy, **more}

    def deleteWebhook(self, call: Call) -> bool:
        self.peer.webhook = ""
        if call.flag("drop_pending_updates"):
            self.peer.updates.clear()
        return True

    def sendMessage(self, call: Call) -> Json:
        text, entities = self._words(call, "text")
        chat = self._open(call)
        if units(text) > 4096:
            raise bad("message is too long")
        return self._say(chat, call, text=text, entities=entities, link_preview_options=call.data("link_preview_options"))

    def sendPhoto(self, call: Call) -> Json:
        caption, entities = formatted(call.text("caption"), call.text("parse_mode"), call.data("caption_entities"))
        chat, given = self._open(call), call.text("photo")
        upload = call.files.get(given.removeprefix("attach://") if given.startswith("attach://") else "photo")
        if units(caption) > 1024:
            raise bad("message caption is too long")
        if upload is None and not given:
            raise bad("there is no photo in the request")
        if upload is None and given not in self.peer.files:
            raise bad("wrong file identifier/HTTP URL specified")
        shown = [one["photo"] for one in self.peer.messages.values() if "photo" in one]
        kept = next((sizes for sizes in shown if any(size["file_id"] == given for size in sizes)), None)
        photo = self.peer.sizes(upload) if upload is not None else kept
        if photo is None:
            raise bad("can't use file of type Voice as Photo")
        return self._say(chat, call, photo=photo, caption=caption, caption_entities=entities)

    def editMessageText(self, call: Call) -> Json:
        text, entities = self._words(call, "text")
        message = self._own(call, "edited", "edit")
        if "text" not in message:
            raise bad("there is no text in the message to edit")
        if units(text) > 4096:
            raise bad("MESSAGE_TOO_LONG")
        return self._change(message, text=text, entities=entities, reply_markup=self._keyboard(call))

    def editMessageReplyMarkup(self, call: Call) -> Json:
        return self._change(self._own(call, "edited", "edit"), reply_markup=self._keyboard(call))

    def deleteMessage(self, call: Call) -> bool:
        message = self._own(call, "deleted", "delete")
        del self.peer.messages[message["chat"]["id"], message["message_id"]]
        return True

    def answerCallbackQuery(self, call: Call) -> bool:
        id, now = call.text("callback_query_id"), self.peer.clock.monotonic()
        if now - self.peer.asked.get(id, -math.inf) > QUERY_SECONDS:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        self.peer.answers[id] = {"text": call.text("text"), "show_alert": call.flag("show_alert")}
        return True

    def sendChatAction(self, call: Call) -> bool:
        if call.text("action") not in ACTIONS:
            raise bad("wrong parameter action in request")
        return bool(self._open(call))

    def getFile(self, call: Call) -> Json:
        id = call.text("file_id")
        if id not in self.peer.files:
            raise bad("invalid file_id")
        data, path = self.peer.files[id]
        if len(data) > 20 * 2**20:
            raise bad("file is too big")
        self.peer.links[path] = (data, self.peer.clock.time() + (0 if self.peer.lost == "gone" else LINK_SECONDS))
        about = {"file_id": id, "file_unique_id": f"AQAD{id[-6:]}", "file_size": len(data)}
        return about if self.peer.lost == "path" else about | {"file_path": path}

    def setMyCommands(self, call: Call) -> bool:
        commands = call.data("commands") or []
        if not all(re.fullmatch(r"[a-z0-9_]{1,32}", one["command"]) for one in commands):
            raise bad("BOT_COMMAND_INVALID")
        self.peer.commands = commands
        return True

    def getChat(self, call: Call) -> Json:
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
        more = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(gifts, True)}
        return {**self._chat(call).view, **more}

    def leaveChat(self, call: Call) -> bool:
        self._open(call).becomes("left", self.peer.me)
        return True

    def _chat(self, call: Call) -> Chat:
        if not (id := call.text("chat_id")):
            raise bad("chat_id is empty")
        chat = self.peer.chats.get(int(id)) if re.fullmatch(r"-?\d+", id) else None
        if chat is None or chat.state == "unknown":
            raise bad("chat not found")
        if chat.migrated:
            raise Refused(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated)
        return chat

    def _open(self, call: Call) -> Chat:
        """A chat that the bot may write to."""
        chat = self._chat(call)
        if chat.state == "seen":
            raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
        if chat.state != "member" and chat.kind == "private":
            raise Refused(403, "Forbidden: bot was blocked by the user")
        if chat.state != "member":
            out = "was kicked from" if chat.state == "kicked" else "is not a member of"
            raise Refused(403, f"Forbidden: bot {out} the {chat.kind} chat")
        return chat

    def _words(self, call: Call, name: str) -> tuple[str, list[Json]]:
        text, entities = formatted(call.text(name), call.text("parse_mode"), call.data("entities"))
        if not text:
            raise bad("text must be non-empty" if call.text(name) else "message text is empty")
        return text, entities

    def _keyboard(self, call: Call) -> Json | None:
        """reply_markup as a message shows it: inline keyboards only."""
        markup = call.data("reply_markup") or {}
        for button in itertools.chain(*markup.get("inline_keyboard", [])):
            if len(button) < 2:
                raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
            if not 1 <= len(button.get("callback_data", "x").encode()) <= 64:
                raise bad("BUTTON_DATA_INVALID")
        return markup if any(markup.get("inline_keyboard", [])) else None

    def _say(self, chat: Chat, call: Call, **content: Any) -> Json:
        markup, reply = self._keyboard(call), call.data("reply_parameters") or {}
        quote = self.peer.messages.get((chat.id, reply.get("message_id", 0)))
        if reply and quote is None and not reply.get("allow_sending_without_reply"):
            raise bad("message to be replied not found")
        self.peer.flood(chat)
        return self.peer.new(chat, self.peer.me, reply_to_message=quoted(quote), reply_markup=markup, **content)

    def _own(self, call: Call, done: str, what: str) -> Json:
        message = self.peer.messages.get((self._open(call).id, call.number("message_id")))
        if message is None:
            raise bad(f"message to {what} not found")
        if message["from"]["id"] != self.peer.me["id"]:
            raise bad(f"message can't be {done}")
        return message

    def _change(self, message: Json, **content: Any) -> Json:
        if all((message.get(key) or None) == (value or None) for key, value in content.items()):
            raise bad(f"message is not modified: {SAME}")
        self.peer.flood(self.peer.chats[message["chat"]["id"]])
        for key, value in content.items():
            message.pop(key, None)
            message |= {key: value} if value else {}
        message["edit_date"] = self.peer.now()
        return message


@contextlib.asynccontextmanager
async def bot_api(
    token: str = TOKEN, *, clock: Clock | None = None, limits: bool = False, privacy: bool = True
) -> AsyncIterator[BotApi]:
    """A server on a free port of 127.0.0.1; `base` is its address."""
    peer = BotApi(token, clock=clock, limits=limits, privacy=privacy)
    app = web.Application(client_max_size=50 * 2**20)
    app.router.add_route("*", "/bot{token}/{method}", peer.method)
    app.router.add_get("/file/bot{token}/{path:.+}", peer.download)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    peer.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield peer
    finally:
        await runner.cleanup()
