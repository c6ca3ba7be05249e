"""Matrix: an account of the claw's own, by matrix-nio, encrypted where the room is (https://spec.matrix.org, client-server API).

People are known by their user id (@anna:example.org), for which the homeservers vouch. A device of a person of the house is
trusted when it is first seen; one that comes later is trusted, too, and the owners are told. In an encrypted room only what such
a device encrypted is taken; but Matrix does not encrypt reactions: for who pressed the homeserver vouches.
"""

import asyncio
import hashlib
import importlib
import json
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from claw.bridges.arriving import RECORDING, Arriving, Incoming
from claw.clock import Clock
from claw.messages.outbox import GROUP, Choice, NotSent, Refused
from claw.people.codes import PENDING
from claw.supervise import cancel

log = logging.getLogger("claw.matrix")
POLL_SECONDS, SEND_SECONDS, SLACK_SECONDS = 50.0, 20.0, 15.0
LOOK_SECONDS = 10.0  # for another account, when this one is not taken or there is none
LONGEST_WAIT = 60.0
LARGEST = 20 * 2**20  # bytes of a file
FILTER = {"room": {"timeline": {"limit": 100}}, "presence": {"types": []}, "account_data": {"types": []}}
SIGNS = {"yes": "✅", "no": "❌"}
SERVER = re.compile(r"https://[\w.-]+(:\d+)?/?|http://(127(\.\d+){3}|localhost|\[::1\])(:\d+)?/?")
DEVICE = "CLAW"
WANTED = '{"homeserver": "https://matrix.example.org", "user": "@claw:example.org", "password": "..."}'
MISSING = "a package is missing: pip install claw-house[matrix]"
NO_ACCOUNT = "there is no account: write {wanted} into {file}, readable by nobody else (chmod 600)"
TOLD_NO = "the homeserver does not take this account ({why}): put another token, or a password and another device, into {file}"
UNREAD = "I could not read that: it was not encrypted for me by a device of yours that I know. Please write it again."
NEW_DEVICE = "{user} has a new device on Matrix, {device}, and I trust it. If it is not theirs, remove it there at once"
OVER = {"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED"}
Json = dict[str, Any]


class Rejected(Exception):
    """The homeserver answered that it will not do it. `code`: its errcode; `seconds`: until it may be tried again, or 0."""

    def __init__(self, code: str, why: str, seconds: float = 0.0) -> None:
        super().__init__(f"{code} {why}"[:300])
        self.code, self.seconds = code, seconds


def account(text: str) -> Json:
    """The account that the file of secrets names; ValueError says what is wrong with it, without a word of what is in it."""
    if not text:
        raise ValueError(NO_ACCOUNT)
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise ValueError("{file} must be JSON, such as {wanted}")
    if not SERVER.fullmatch(data.get("homeserver", "")):
        raise ValueError('"homeserver" in {file} must be https, such as "https://matrix.example.org"')
    if not re.fullmatch(r"@[^:\s]+:\S+", data.get("user", "")):
        raise ValueError('"user" in {file} must be a whole id, such as "@claw:example.org"')
    if not (data.get("token") or data.get("password")):
        raise ValueError('"token" or "password" is missing in {file}')
    return data


class Matrix:
    """One account on one device. What is sent with the same transaction id shows once."""

    name, idempotent, approves = "matrix", True, True
    limit = 8000  # an event has at most 65,536 bytes, encrypted and in base64

    def __init__(self, read: Callable[[], str], file: Path, folder: Path, clock: Clock) -> None:
        """`read`: the account as JSON, read anew when not taken; `file`: where it is; `folder`: for the keys of the device."""
        self._read, self.file, self.folder, self.clock = read, file, folder, clock
        self.beat, self.trouble = 0.0, ""
        self._nio: Any = None
        self._client: Any = None  # nio.AsyncClient
        self._ready = False  # the rooms are known
        self._offering: set[asyncio.Task[None]] = set()

    # -- in

    async def run(self, arriving: Arriving) -> None:
        """Sync until cancelled; with an account that the homeserver does not take, wait for another one in the file."""
        tried = ""
        while True:
            tried, found = await self._another(tried)
            try:
                await self._serve(arriving, found)
            except Rejected as no:
                self._trouble(TOLD_NO, why=str(no))
                log.warning("%s", self.trouble)
                arriving.agent.tell(f"Matrix: {self.trouble}.")

    def _trouble(self, text: str, **words: str) -> None:
        for key, value in {"file": str(self.file), "wanted": WANTED, **words}.items():
            text = text.replace(f"{{{key}}}", value)
        self.trouble = text

    async def _another(self, tried: str) -> tuple[str, Json]:
        """An account that was not tried yet, and the library for it."""
        while True:
            self.beat = self.clock.monotonic()
            try:
                if (text := self._read()) != tried or not text:
                    found = account(text)
                    self._nio = await asyncio.to_thread(_library)
                    return text, found
            except ValueError as error:
                self._trouble(str(error))
            except ImportError:
                self.trouble = MISSING
            await self.clock.sleep(LOOK_SECONDS)

    async def _serve(self, arriving: Arriving, found: Json) -> None:
        """Sync with one account; Rejected when it is not taken."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        limits = self._nio.AsyncClientConfig(max_limit_exceeded=0, max_timeouts=0, request_timeout=SEND_SECONDS)
        device = found.get("device") or DEVICE
        self._client = self._nio.AsyncClient(found["homeserver"].rstrip("/"), found["user"], device, str(self.folder), limits)
        self._ready, wait = False, 0.0
        try:
            while True:
                try:
                    if not self._client.access_token:
                        await self._enter(found)
                    await self._round(arriving, POLL_SECONDS if self._ready and not self.trouble else 0.0)
                    self.trouble, wait = "", 0.0
                except Rejected as no:
                    if no.code in OVER or (no.code == "M_FORBIDDEN" and not self._client.access_token):
                        raise
                    self.trouble, wait = f"the homeserver says: {no}", no.seconds or LOOK_SECONDS
                except OSError as error:
                    self.trouble, wait = f"the homeserver cannot be reached: {error}", min(LONGEST_WAIT, max(1.0, wait * 2))
                self.beat = self.clock.monotonic()
                if wait:
                    log.warning("%s; again in %.0f s", self.trouble, wait)
                    await self.clock.sleep(wait)
                    self.beat = self.clock.monotonic()
        finally:
            await cancel(*self._offering)
            client, self._client = self._client, None
            await client.close()
            if client.store:
                client.store.database.close()

    async def _enter(self, found: Json) -> None:
        """Log in. A token belongs to a device already; a password makes one, the same every time."""
        if token := found.get("token"):
            self._client.access_token = token
            try:
                me = await self._ask(self._client.whoami())
            finally:
                self._client.access_token = ""
            self._client.restore_login(me.user_id, me.device_id or DEVICE, token)
        else:
            await self._ask(self._client.login(found["password"], device_name="claw"))

    async def _round(self, arriving: Arriving, seconds: float) -> None:
        """One sync from the place that is committed, to the next. At the very first nothing that was written before is taken."""
        client = self._client
        place = f"{self.name}:{client.user_id}/{client.device_id}"
        since = arriving.store.kept(place)
        client.next_batch = ""  # a round that was not committed is read again
        sync = client.sync(int(seconds * 1000), FILTER, since=since, full_state=not self._ready)
        got = await self._ask(sync, seconds + SLACK_SECONDS)
        await self._keys(arriving)
        batch = await self._invited(arriving, got.rooms.invite)
        for room, info in got.rooms.join.items() if since else ():
            missed = await self._missed(room, info.timeline.prev_batch, since) if info.timeline.limited else []
            batch += [one for event in [*missed, *info.timeline.events] if (one := self._incoming(arriving, room, event))]
        await arriving.take(self, batch, (place, got.next_batch))
        if not self._ready:
            self._ready = True
            arriving.agent.outbox.wake()

    async def _missed(self, room: str, start: str, since: str | None) -> list[Any]:
        """What a sync left out because it was too much, the oldest first."""
        events: list[Any] = []
        while start:
            try:
                got = await self._ask(self._client.room_messages(room, start, since, limit=100))
            except Rejected as no:
                if no.code != "M_FORBIDDEN":
                    raise
                break  # we were put out of the room meanwhile
            events += got.chunk
            start = got.end if got.chunk else ""
        return events[::-1]

    async def _keys(self, arriving: Arriving) -> None:
        """Give out our keys, learn those of others, and trust what people of the house use."""
        client = self._client
        if client.should_upload_keys:
            await self._ask(client.keys_upload())
        if client.should_query_keys:
            await self._ask(client.keys_query())
        if client.should_claim_keys:
            await self._ask(client.keys_claim(client.get_users_for_key_claiming()))
        await self._ask(client.send_to_device_messages())
        known = [one for one in client.device_store if arriving.people.who(self.name, one.user_id) and not one.deleted]
        before = {one.user_id for one in known if one.verified}
        for one in known:
            if not one.verified and client.verify_device(one):
                log.info("trusting the device %s of %s from now on", one.id, one.user_id)
                if one.user_id in before:
                    arriving.agent.tell(f"{NEW_DEVICE.format(user=one.user_id, device=one.display_name or one.id)}.")

    async def _invited(self, arriving: Arriving, rooms: Json) -> list[Incoming]:
        """Come when a person of the house calls, or a stranger to a room of two: that asks for a code, and a few may wait."""
        batch = []
        for room, info in rooms.items():
            calls = [one for one in info.invite_state if getattr(one, "state_key", "") == self._client.user_id]
            call = next((one for one in calls if getattr(one, "membership", "") == "invite"), None)
            if call is None:
                continue
            known, direct = arriving.people.who(self.name, call.sender), bool(call.content.get("is_direct"))
            if not known and not direct:
                await self._quietly(self._ask(self._client.room_leave(room)))
            elif known or len(arriving.people.waiting()) < PENDING:
                await self._quietly(self._ask(self._client.join(room)))
                if not known:
                    batch.append(Incoming(f"mx:invite:{room}", room, call.sender, call.sender))
        return batch

    def _incoming(self, arriving: Arriving, room_id: str, event: Any) -> Incoming | None:
        """An event as the core knows it; None for what is of no use, and what makes no sense."""
        room = self._client.rooms[room_id]
        if event.sender == self._client.user_id:
            return None
        private = max(room.member_count, len(room.users)) <= 2
        try:
            if event.source["type"] == "m.reaction":
                return self._pressed(arriving, room, event, private)
            if isinstance(event, self._nio.MegolmEvent) or event.source["type"] == "m.room.message":
                if self._sealed(arriving, room, event):
                    return self._written(arriving, room, event, private)
                self._unread(arriving, room, event, private)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            log.warning("an event of Matrix that makes no sense is passed over (%s: %s)", type(error).__name__, error)
        return None

    def _sealed(self, arriving: Arriving, room: Any, event: Any) -> bool:
        """Whether in an encrypted room it was decrypted, and is of a device that we trust if a person of the house wrote it."""
        if not room.encrypted and not isinstance(event, self._nio.MegolmEvent):
            return True
        devices = self._client.olm.device_store.active_user_devices(event.sender)
        trusted = {one.curve25519 for one in devices if one.verified}
        return event.decrypted and (not arriving.people.who(self.name, event.sender) or event.sender_key in trusted)

    def _unread(self, arriving: Arriving, room: Any, event: Any, private: bool) -> None:
        log.warning("an event of %s could not be decrypted, or was not encrypted where it must be", event.sender)
        if private and arriving.people.who(self.name, event.sender):
            place = f"{self.name}:{room.room_id}"
            arriving.agent.outbox.put(UNREAD, key=f"unread:{event.event_id}", bridge=self.name, chat=place)

    def _pressed(self, arriving: Arriving, room: Any, event: Any, private: bool) -> Incoming | None:
        """A reaction with one of our signs to a message of ours with choices."""
        relates = event.source["content"]["m.relates_to"]
        row = arriving.agent.outbox.asked(self.name, f"{self.name}:{room.room_id}", relates["event_id"])
        signs = {_sign(_answer(label, number)): _answer(label, number) for number, label in _numbered(row)}
        answer = signs.get(relates["key"].replace("\ufe0f", ""))
        if row is None or answer is None or not private:
            return None
        who = event.sender, room.user_name(event.sender) or event.sender
        return Incoming(f"mx:{event.event_id}", room.room_id, *who, private=True, pressed=f"{row['question'] or 0}:{answer}")

    def _written(self, arriving: Arriving, room: Any, event: Any, private: bool) -> Incoming | None:
        content = event.source["content"]
        relates, kind = content.get("m.relates_to") or {}, content.get("msgtype")
        if kind not in ("m.text", "m.image", "m.audio"):
            return None
        edited = relates.get("rel_type") == "m.replace"
        replied = (relates.get("m.in_reply_to") or {}).get("event_id", "")
        ours = bool(replied and arriving.store.one("SELECT 1 FROM outbox WHERE ref = ?", replied))
        body = content["body"] if kind == "m.text" or content.get("filename", content["body"]) != content["body"] else ""
        quoted, text = _parted(body) if replied else ("", body)
        text, called = self._own(room, text, content)
        files = _file(content) if kind != "m.text" else ()
        voice = kind == "m.audio" and "org.matrix.msc3245.voice" in content
        if kind == "m.audio" and not voice:
            quoted, ours = RECORDING, False  # a sound file may be anybody's
        return Incoming(
            f"mx:edit:{relates['event_id']}" if edited else f"mx:{event.event_id}",
            room.room_id, event.sender, room.user_name(event.sender) or event.sender, text=text, at=event.server_timestamp / 1000,
            private=private, addressed=called or ours, edited=edited, quoted="" if ours else quoted,
            answers=replied if ours else "", voice="".join(files) if voice else "", images=files if kind == "m.image" else (),
        )  # fmt: skip

    def _own(self, room: Any, text: str, content: Json) -> tuple[str, bool]:
        """The words without a mention of the claw, and whether there was one."""
        me = self._client.user_id
        short = me.partition(":")[0]
        names = sorted({me, short, short[1:], room.user_name(me) or me}, key=len, reverse=True)
        call = re.compile(rf"^\s*(?:{'|'.join(map(re.escape, names))})\s*[:,]\s*|{re.escape(me)}", re.IGNORECASE)
        called = me in (content.get("m.mentions") or {}).get("user_ids", ()) or bool(call.search(text))
        return call.sub("", text).strip(), called

    async def fetch(self, ref: str) -> bytes:
        """A picture or voice note that came with a message, decrypted; OSError when it cannot be had."""
        file = json.loads(ref)
        try:
            body: bytes = (await self._ask(self._client.download(file["url"]))).body
            if len(body) > LARGEST:
                raise OSError("it is too large")
            if "key" in file:
                decrypt = importlib.import_module("nio.crypto").decrypt_attachment
                body = decrypt(body, file["key"]["k"], file["hashes"]["sha256"], file["iv"])
        except (Rejected, KeyError, ValueError, self._nio.EncryptionError) as error:
            raise OSError(f"{type(error).__name__}: {error}") from None
        return body

    # -- out

    async def send(self, chat: str, text: str, key: str, choices: Sequence[str]) -> str:
        """Send text; each choice that can be told apart stands under it as a reaction a moment later."""
        ref = await self._say(chat, {"msgtype": "m.text", "body": text}, key)
        if answers := [one.data.partition(":")[2] for one in choices if isinstance(one, Choice)]:
            task = asyncio.create_task(self._offer(chat, ref, answers))
            self._offering.add(task)
            task.add_done_callback(self._offering.discard)
        return ref

    async def _offer(self, chat: str, ref: str, answers: Sequence[str]) -> None:
        for answer in answers:
            about = {"rel_type": "m.annotation", "event_id": ref, "key": _sign(answer)}
            await self._quietly(self._send(chat, "m.reaction", {"m.relates_to": about}, f"{ref}/{answer}"))

    async def picture(self, chat: str, path: str, text: str, key: str) -> str:
        """Send a picture with a text under it, encrypted where the room is."""
        file = Path(path)
        data, kind = file.read_bytes(), "image/png" if path.endswith(".png") else "image/jpeg"
        room = self._room(chat)
        upload = self._client.upload(lambda *_: data, kind, file.name, encrypt=room.encrypted, filesize=len(data))
        sent, keys = await self._heard(upload)
        where = {"file": {**keys, "url": sent.content_uri}} if keys else {"url": sent.content_uri}
        info = {"mimetype": kind, "size": len(data)}
        content = {"msgtype": "m.image", "body": text or file.name, "filename": file.name, "info": info}
        return await self._say(chat, content | where, key)

    async def edit(self, chat: str, ref: str, text: str) -> None:
        """Show another text in place of a message."""
        new = {"msgtype": "m.text", "body": text}
        about = {"rel_type": "m.replace", "event_id": ref}
        await self._say(chat, {**new, "body": f"* {text}", "m.new_content": new, "m.relates_to": about}, f"{ref}/{text}")

    async def typing(self, chat: str) -> None:
        """Show that an answer is on its way."""
        if self._client:
            await self._quietly(self._ask(self._client.room_typing(_id(chat), True, 5000)))

    async def _say(self, chat: str, content: Json, key: str) -> str:
        return str(await self._heard(self._send(chat, "m.room.message", content, key)))

    async def _heard(self, asked: Awaitable[Any]) -> Any:
        """What the homeserver answers to a message; raises as Bridge.send says."""
        try:
            return await asked
        except Rejected as no:
            if no.code in ("M_UNKNOWN_TOKEN", "M_LIMIT_EXCEEDED"):
                raise NotSent(no.seconds or LONGEST_WAIT) from None
            raise Refused(str(no)) from None

    def _room(self, chat: str) -> Any:
        """The room; NotSent while it is not known, as after a start and just after an invitation."""
        if not self._ready or self._client is None or _id(chat) not in self._client.rooms:
            raise NotSent(1.0)
        return self._client.rooms[_id(chat)]

    async def _send(self, chat: str, kind: str, content: Json, key: str) -> str:
        """Send an event to every device in the room; its id. The same key is the same transaction, so it shows once."""
        self._room(chat)
        if self._client.should_query_keys:
            await self._ask(self._client.keys_query())
        once = hashlib.sha256(key.encode()).hexdigest()[:40]
        sent = await self._ask(self._client.room_send(_id(chat), kind, content, once, ignore_unverified_devices=True))
        return str(sent.event_id)

    async def _quietly(self, asked: Awaitable[Any]) -> None:
        """What nothing depends on."""
        try:
            await asked
        except (Rejected, OSError, NotSent) as error:
            log.debug("%s", error)

    async def _ask(self, asked: Awaitable[Any], seconds: float = SEND_SECONDS) -> Any:
        """What the homeserver answers. Rejected; OSError when it is not known whether it did it."""
        import aiohttp

        try:
            async with asyncio.timeout(seconds):
                answer = await asked
        except TimeoutError:
            raise OSError(f"no answer within {seconds:g} s") from None
        except aiohttp.ClientError as error:
            raise OSError(type(error).__name__) from None
        no = answer[0] if isinstance(answer, tuple) else answer
        if isinstance(no, self._nio.ErrorResponse):
            if not no.transport_response or no.transport_response.status >= 500:
                raise OSError(f"it answered with {no.status_code or 'an error of its own'}")
            raise Rejected(no.status_code or "", no.message, (no.retry_after_ms or 0) / 1000)
        return answer


def _library() -> Any:
    """matrix-nio with encryption; ImportError when it is not installed."""
    importlib.invalidate_caches()
    importlib.import_module("vodozemac")
    return importlib.import_module("nio")


def _id(chat: str) -> str:
    """Matrix' own id of a room of ours."""
    return chat.removesuffix(GROUP).partition(":")[2]


def _numbered(row: Any) -> list[tuple[int, str]]:
    """The choices of a message that was sent."""
    return list(enumerate(json.loads(row["choices"]), 1)) if row else []


def _answer(label: str, number: int) -> str:
    return label if label in SIGNS else str(number)


def _sign(answer: str) -> str:
    """The reaction that means an answer: a sign for yes and no, else the keycap of its number."""
    return SIGNS.get(answer) or f"{answer}\u20e3"


def _file(content: Json) -> tuple[str, ...]:
    """A picture or voice note as `fetch` wants it: where it is, and its keys when it is encrypted."""
    if (content.get("info") or {}).get("size", 0) > LARGEST:
        return ()
    return (json.dumps(content.get("file") or {"url": content["url"]}),)


def _parted(body: str) -> tuple[str, str]:
    """What older clients quote before a reply ("> <@anna:example.org> words", an empty line), and the reply itself."""
    lines = body.split("\n")
    first = next((number for number, line in enumerate(lines) if not line.startswith("> ")), len(lines))
    quoted = " ".join(re.sub(r"^> (?:\* )?(?:<\S+> )?", "", line) for line in lines[:first])
    return quoted, "\n".join(lines[first:]).strip()
