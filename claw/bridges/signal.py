"""Signal: a number of the claw's own, by a signal-cli daemon that somebody runs beside it (https://github.com/AsamK/signal-cli).

JSON-RPC by POST, and what arrives by Server-Sent Events: signal-cli-jsonrpc(5), names of fields as in signal-cli 0.13.19. People
are known by their account's UUID, for which their keys vouch; a number may change hands. signal-cli hears of no acknowledgement:
what it has written into a connection is not to be had again.
"""

import base64
import json
import logging
import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claw.bridges.arriving import RECORDING, Arriving, Incoming
from claw.bridges.wire import Unreached, faults
from claw.clock import Clock
from claw.messages.outbox import FULL_SECONDS, GROUP, NotSent, Refused

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger("claw.signal")
SEND_SECONDS = 60.0  # signal-cli itself tries again for a while
SILENT_SECONDS = 40.0  # of the stream; signal-cli writes a comment every 15 s
LONGEST_WAIT = 60.0
LONGEST_EVENT = 1 << 20  # bytes
LARGEST = 20 * 2**20  # bytes of a picture
UUID = re.compile(r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}")
THUMBS = {"👍": "yes", "👎": "no"}
MENTION = "\ufffc"  # stands in the text where somebody is mentioned
USER, UNTRUSTED, LIMITED, INTERNAL = -1, -4, -5, -32603  # codes of errors; below -32000 those of JSON-RPC itself
DOWN = (
    "signal-cli does not answer at {url} ({why}): start"
    " signal-cli --account {account} daemon --http HOST:PORT --receive-mode on-connection"
)
WRONG = "what answers at {url} is no signal-cli daemon with the account {account} (status {why}): look at [signal] in the config"
CHANGED = (
    "the safety number of {chat} has changed (a new phone?): ask the person for it, then stop the daemon and run"
    " signal-cli --account {account} trust -v NUMBER {chat}"
)
Json = dict[str, Any]


class Rejected(Exception):
    """signal-cli answered that it did not do it. `kinds`: types of all results; `seconds`: until it may, or 0."""

    def __init__(self, error: Json) -> None:
        super().__init__(f"{error['code']} {error['message']}"[:300])
        results = ((error.get("data") or {}).get("response") or {}).get("results") or ()
        self.code, self.kinds = int(error["code"]), {one.get("type") for one in results}
        self.seconds = max((float(one.get("retryAfterSeconds") or 0) for one in results), default=0.0)


class Signal:
    """One account of a signal-cli daemon. Sends have no key, so what may have gone out is sent again with a remark."""

    name, idempotent, approves = "signal", False, True
    limit = 2000  # longer texts go out as a file

    def __init__(self, url: str, account: str, clock: Clock) -> None:
        """`url`: of the daemon; `account`: its number, such as "+4915112345678"."""
        self.url, self.account, self.clock = url.rstrip("/"), account, clock
        self.beat, self.trouble, self._wait = 0.0, "", 0.0
        self._session: aiohttp.ClientSession | None = None

    # -- in

    async def run(self, arriving: Arriving) -> None:
        """Listen until cancelled, again and again."""
        import aiohttp

        async with aiohttp.ClientSession() as self._session:
            try:
                self._wait = 0.0
                while True:
                    try:
                        await self._listen(arriving, self._session)
                        self._tell(DOWN, "it ended the stream")
                    except OSError as error:
                        self._tell(WRONG if isinstance(error, NotSignal) else DOWN, error)
                    self._wait = min(LONGEST_WAIT, max(1.0, self._wait * 2))
                    log.warning("%s; again in %.0f s", self.trouble, self._wait)
                    self.beat = self.clock.monotonic()
                    await self.clock.sleep(self._wait)
            finally:
                self._session = None

    def _tell(self, trouble: str, why: object, chat: str = "") -> None:
        self.trouble = trouble.format(url=self.url, account=self.account, why=why, chat=chat)

    async def _listen(self, arriving: Arriving, session: "aiohttp.ClientSession") -> None:
        """Take what comes until the stream ends; OSError when it breaks off."""
        import aiohttp

        limits, query = aiohttp.ClientTimeout(sock_connect=10.0, sock_read=SILENT_SECONDS), {"account": self.account}
        where = f"{self.url}/api/v1/events"
        with faults(SILENT_SECONDS):
            async with session.get(where, params=query, timeout=limits, allow_redirects=False) as answer:
                if answer.content_type != "text/event-stream":  # signal-cli has 400 for an account that it does not know
                    raise NotSignal(answer.status)
                rest, self.trouble, self._wait = b"", "", 0.0
                arriving.agent.outbox.wake()
                async for chunk in answer.content.iter_any():
                    self.beat = self.clock.monotonic()
                    *lines, rest = (rest + chunk).split(b"\n")
                    if len(rest) > LONGEST_EVENT:
                        raise OSError("it wrote too long an event")
                    events = [line.removeprefix(b"data:") for line in lines if line.startswith(b"data:")]
                    await self._take(arriving, [one for event in events if (one := self._incoming(arriving, event))])

    async def _take(self, arriving: Arriving, batch: Sequence[Incoming]) -> None:
        """Commit; while the disk takes nothing nothing more is read, and the rest waits where it is."""
        while batch:
            try:
                await arriving.take(self, batch)
                return
            except sqlite3.OperationalError as error:
                log.warning("nothing can be kept (%s); again in %g s", error, FULL_SECONDS)
                await self.clock.sleep(FULL_SECONDS)
                self.beat = self.clock.monotonic()

    def _incoming(self, arriving: Arriving, event: bytes) -> Incoming | None:
        """An event as the core knows it; None for what is of no use, and what makes no sense."""
        try:
            said = json.loads(event)
            if "exception" in said:
                log.warning("signal-cli could not read a message: %s", said["exception"])
            envelope = said["envelope"]
            edit = envelope.get("editMessage")
            data = (edit or envelope).get("dataMessage")
            if not data or not UUID.fullmatch(envelope.get("sourceUuid") or ""):
                return None
            if data.get("reaction"):
                return self._pressed(arriving, envelope, data)
            return self._written(arriving, envelope, data, edit)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            log.warning("an event of signal-cli that makes no sense is passed over (%s: %s)", type(error).__name__, error)
            return None

    def _pressed(self, arriving: Arriving, envelope: Json, data: Json) -> Incoming | None:
        """A thumb at a question of ours in the person's own chat."""
        who, reaction = envelope["sourceUuid"], data["reaction"]
        row = arriving.agent.outbox.asked(self.name, f"{self.name}:{who}", str(reaction["targetSentTimestamp"]))
        answer = THUMBS.get(reaction["emoji"][:1])  # a colour of skin may follow
        if row is None or not row["question"] or answer not in json.loads(row["choices"]):
            return None
        if data.get("groupInfo") or reaction.get("isRemove"):
            return None
        pressed = f"{row['question']}:{answer}"
        return Incoming(f"sg:{who}:{data['timestamp']}", who, who, envelope.get("sourceName") or who, pressed=pressed)

    def _written(self, arriving: Arriving, envelope: Json, data: Json, edit: Json | None) -> Incoming | None:
        who, text, files = envelope["sourceUuid"], data.get("message") or "", data.get("attachments") or ()
        if not text and not files:
            return None
        group, quote = (data.get("groupInfo") or {}).get("groupId", ""), data.get("quote") or {}
        way, chat = self.name + GROUP * bool(group), f"{self.name}:{group or who}"
        ours = str(quote["id"]) if quote and arriving.agent.outbox.asked(way, chat, str(quote["id"])) else ""
        called = any(one.get("number") == self.account for one in data.get("mentions") or ())
        sounds = [one for one in files if _kind(one) == "audio"]
        voice = next((_ref(one, chat) for one in sounds if not one.get("filename")), "")  # else a file, which may be anybody's
        others = RECORDING if sounds and not voice else "" if ours else quote.get("text") or ""
        return Incoming(
            f"sg:edit:{who}:{edit['targetSentTimestamp']}" if edit else f"sg:{who}:{data['timestamp']}",
            group or who, who, envelope.get("sourceName") or who, text=text.replace(MENTION, "").strip(" ,:"),
            at=data["timestamp"] / 1000, private=not group, addressed=called or bool(ours), edited=bool(edit),
            quoted=others, answers=ours, voice=voice,
            images=() if data.get("viewOnce") else tuple(_ref(one, chat) for one in files if _kind(one) == "image"),
        )  # fmt: skip

    async def fetch(self, ref: str) -> bytes:
        """A file that came with a message; OSError when it cannot be had."""
        try:
            return base64.b64decode((await self.call("getAttachment", **json.loads(ref)))["data"], validate=True)
        except (Rejected, KeyError, TypeError, ValueError) as no:
            raise OSError(f"{type(no).__name__}: {no}") from None

    # -- out

    async def send(self, chat: str, text: str, key: str, choices: Sequence[str]) -> str:
        """Send text; its choices stand in the words. The time at which it was sent is its reference."""
        return await self._say(chat, message=text)

    async def picture(self, chat: str, path: str, text: str, key: str) -> str:
        """Send a picture with a text under it."""
        kind = "png" if path.endswith(".png") else "jpeg"
        data = base64.b64encode(Path(path).read_bytes()).decode()
        return await self._say(chat, message=text, attachments=[f"data:image/{kind};filename=picture.{kind};base64,{data}"])

    async def edit(self, chat: str, ref: str, text: str) -> None:
        """Show another text in place of a message."""
        await self._say(chat, message=text, editTimestamp=int(ref))

    async def typing(self, chat: str) -> None:
        """Show that an answer is on its way."""
        try:
            await self.call("sendTyping", **_to(chat))
        except (Rejected, OSError) as error:
            log.debug("typing: %s", error)

    async def _say(self, chat: str, **params: Any) -> str:
        """Anything that counts as a message; raises as Bridge.send says."""
        try:
            sent = await self.call("send", **_to(chat), **params)
        except Rejected as no:
            if no.code == UNTRUSTED or "IDENTITY_FAILURE" in no.kinds:
                self._tell(CHANGED, no, chat.partition(":")[2])
                raise NotSent(LONGEST_WAIT) from None
            if no.code == LIMITED or "RATE_LIMIT_FAILURE" in no.kinds:
                raise NotSent(no.seconds or LONGEST_WAIT) from None
            if no.code < -32000 and no.code != INTERNAL:  # such as an account that is not there
                raise NotSent(LONGEST_WAIT) from None
            if no.code == USER and "NETWORK_FAILURE" not in no.kinds:
                raise Refused(str(no)) from None
            raise OSError(str(no)) from None
        self.trouble = ""
        return str(sent["timestamp"])

    async def call(self, method: str, **params: Any) -> Any:
        """The result of a method. Rejected; Unreached when nothing went out; OSError when it is not known."""
        import aiohttp

        from claw.kit.http import body

        if self._session is None:
            raise Unreached("not running")
        asked = {"jsonrpc": "2.0", "id": method, "method": method, "params": {"account": self.account, **params}}
        limits, where = aiohttp.ClientTimeout(total=SEND_SECONDS, sock_connect=10.0), f"{self.url}/api/v1/rpc"
        with faults(SEND_SECONDS):
            async with self._session.post(where, json=asked, timeout=limits, allow_redirects=False) as answer:
                if answer.status != 200:
                    why = f"it answered with status {answer.status}"
                    raise OSError(why) if answer.status >= 500 else Unreached(why, LONGEST_WAIT)
                said = await body(answer, 2 * LARGEST)
        try:
            answered = json.loads(said)
            no = Rejected(answered["error"]) if answered.get("error") else None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise OSError("it answered something that is no JSON-RPC") from None
        if no:
            raise no
        return answered.get("result")


class NotSignal(OSError):
    """Something else answered, or a daemon without the account."""


def _to(chat: str) -> Json:
    """Whom a chat of ours reaches: a person, or a group, whose id is base64."""
    id = chat.partition(":")[2]
    return {"recipient": [id]} if UUID.fullmatch(id) else {"groupId": id}


def _kind(file: Json) -> str:
    """audio, image, video ... of what came with a message."""
    return str(file.get("contentType") or "").partition("/")[0] if (file.get("size") or 0) <= LARGEST else ""


def _ref(file: Json, chat: str) -> str:
    """A file as `fetch` wants it."""
    to = _to(chat)
    return json.dumps({"id": file["id"], **({"recipient": to["recipient"][0]} if "recipient" in to else to)})
