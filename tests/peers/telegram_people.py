"""The people of the Bot API test peer: they write, edit, press and forward; and how a Telegram server reads text and pictures."""

import html
import itertools
import re
import struct
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.peers.bot_api import BotApi

Json = dict[str, Any]
TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline", "s": "strikethrough",
    "strike": "strikethrough", "del": "strikethrough", "code": "code", "pre": "pre", "a": "text_link", "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
}  # fmt: skip
PLAIN = re.compile(r"(?P<bot_command>(?<![\w/])/\w{1,64}(?:@\w{3,32})?)|(?P<mention>(?<!\w)@\w{4,32})|(?P<url>https?://\S*[\w/])")


class Refused(Exception):
    """An answer with `ok` false; `parameters` as ResponseParameters."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        self.code = code
        self.body: Json = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters


def bad(what: str) -> Refused:
    """400."""
    return Refused(400, f"Bad Request: {what}")


def units(text: str) -> int:
    """Length as entities count it: UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def formatted(source: str, mode: str = "", given: list[Json] | None = None) -> tuple[str, list[Json]]:
    """Text as people see it and its entities, those that a server finds by itself too."""
    if mode.lower() not in ("", "html"):
        raise bad("unsupported parse_mode")
    text, entities = _html(source) if mode else (source, given or [])
    text, lead = text.strip(), units(text) - units(text.lstrip())
    entities = [{**one, "offset": max(0, one["offset"] - lead)} for one in entities]
    for found in PLAIN.finditer(text):
        start, end = units(text[: found.start()]), units(text[: found.end()])
        if not any(one["offset"] < end and start < one["offset"] + one["length"] for one in entities):
            entities.append({"type": str(found.lastgroup), "offset": start, "length": end - start})
    entities = [
        {**one, "length": min(one["length"], units(text) - one["offset"])} for one in entities if one["offset"] < units(text)
    ]
    return text, sorted(entities, key=lambda one: (one["offset"], -one["length"]))


def _html(source: str) -> tuple[str, list[Json]]:
    """parse_mode HTML."""
    text, entities, open_tags = "", list[Json](), list[tuple[str, int, Json]]()
    for part in re.finditer(r"<(/?)([a-zA-Z-]*)([^<>]*)>|[^<]+|<", source):
        closing, tag, at = part[1], (part[2] or "").lower(), len(source[: part.start()].encode())
        if not part[0].startswith("<"):
            text += re.sub(r"&(lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);", lambda one: html.unescape(one[0]), part[0])
        elif tag not in TAGS:
            raise bad(f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset {at}')
        elif not closing:
            link = re.search(r"href\s*=\s*[\"']([^\"']+)", part[3])
            open_tags.append((tag, units(text), {"type": TAGS[tag], **({"url": link[1]} if link else {})}))
        elif not open_tags or open_tags[-1][0] != tag:
            raise bad(f"can't parse entities: Unexpected end tag at byte offset {at}")
        else:
            _, start, entity = open_tags.pop()
            entities += [{**entity, "offset": start, "length": units(text) - start}] if units(text) > start else []
    if open_tags:
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{open_tags[-1][0]}\"")
    return text, entities


def picture(width: int, height: int) -> bytes:
    """A grey PNG."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class Chat:
    """A private chat, group or supergroup; `state` of the bot in it: unknown, seen, member, left, kicked."""

    def __init__(self, peer: "BotApi", view: Json, state: str) -> None:
        self.peer, self.view, self.state, self.migrated = peer, view, state, 0
        self.id, self.kind = int(view["id"]), str(view["type"])
        peer.chats[self.id] = self

    def becomes(self, state: str, by: Json) -> None:
        """The bot is added, removed, blocked or unblocked."""
        old, self.state = self.state, state
        sides = {f"{name}_chat_member": self.peer.membership(one) for name, one in (("old", old), ("new", state))}
        self.peer.push("my_chat_member", {"chat": self.view, "from": by, "date": self.peer.now(), **sides})

    def migrates(self, to: int, by: "Person") -> "Chat":
        """The group becomes a supergroup with another id."""
        new = self.peer.group(to, self.view["title"], kind="supergroup")
        self.migrated = to
        self.peer.push("message", self.peer.new(self, by.user, migrate_to_chat_id=to))
        self.peer.push("message", self.peer.new(new, by.user, migrate_from_chat_id=self.id))
        return new


class Person:
    """Somebody with the app. Without `chat` all happens in the private chat with the bot."""

    def __init__(self, peer: "BotApi", user: Json) -> None:
        names: Json = {key: user[key] for key in ("first_name", "last_name", "username") if key in user}
        self.peer, self.user, self.id = peer, user, int(user["id"])
        self.chat = Chat(peer, {"id": self.id, "type": "private", **names}, "unknown")

    def send(self, chat: Chat | None, reply_to: Json | None = None, **content: Any) -> Json:
        """Any message; the bot gets it if it may see it."""
        chat = chat or self.chat
        if chat.kind == "private" and chat.state in ("unknown", "seen"):
            chat.state = "member"
        message = self.peer.new(chat, self.user, reply_to_message=quoted(reply_to), **content)
        if self.peer.sees(chat, message):
            self.chat.state = "seen" if self.chat.state == "unknown" else self.chat.state
            self.peer.push("message", message)
        return message

    def writes(self, text: str, *, chat: Chat | None = None, reply_to: Json | None = None, **more: Any) -> Json:
        words, entities = formatted(text)
        return self.send(chat, reply_to, text=words, entities=entities, **more)

    def edits(self, message: Json, text: str) -> None:
        """Write one's own message anew."""
        words, entities = formatted(text)
        message |= {"text": words, "entities": entities, "edit_date": self.peer.now()}
        if self.peer.sees(self.peer.chats[message["chat"]["id"]], message):
            self.peer.push("edited_message", message)

    def sends_photo(self, data: bytes | None = None, caption: str = "", *, chat: Chat | None = None) -> Json:
        words, entities = formatted(caption)
        return self.send(chat, photo=self.peer.sizes(data or picture(1280, 960)), caption=words, caption_entities=entities)

    def sends_voice(self, data: bytes, seconds: int = 1, *, chat: Chat | None = None) -> Json:
        return self.send(chat, voice={**self.peer.keep(data, "voice", "oga"), "duration": seconds, "mime_type": "audio/ogg"})

    def forwards(self, text: str, origin: "Person | str", *, chat: Chat | None = None) -> Json:
        """Pass on what another wrote; a str is the name of somebody who hides the account."""
        who: Json = {"type": "hidden_user", "sender_user_name": origin}
        if isinstance(origin, Person):
            who = {"type": "user", "sender_user": origin.user}
        return self.writes(text, chat=chat, forward_origin={**who, "date": self.peer.now() - 60})

    def presses(self, label: str, *, chat: Chat | None = None, message: Json | None = None) -> str:
        """Press a button of the newest message that has it, or of a copy taken earlier (a late press); the id of the query."""
        for shown in [message] if message else reversed(self.peer.sent[(chat or self.chat).id]):
            for button in itertools.chain(*shown.get("reply_markup", {}).get("inline_keyboard", [])):
                if button["text"] == label:
                    return self.peer.query(self.user, shown, button["callback_data"])
        raise AssertionError(f"no button {label!r} in sight")


def quoted(message: Json | None) -> Json | None:
    """A message as reply_to_message: without one of its own."""
    return message and {key: value for key, value in message.items() if key != "reply_to_message"}
