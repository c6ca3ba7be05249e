"""What only notifies: nothing that comes back is read, and no yes counts. Texts with a yes to give say where to give it."""

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

from claw.bridges.arriving import Arriving
from claw.clock import Clock
from claw.messages.outbox import NotSent, Refused

BEAT_SECONDS, SEND_SECONDS, LATER_SECONDS, LONGEST_WAIT = 60.0, 20.0, 30.0, 3600.0
LARGEST = 64 << 10  # bytes of an answer


class OneWay:
    """A bridge that sends. Those below it say in `lacks` what a person must set up, and send in `deliver`."""

    name: str
    limit: int
    idempotent, approves = False, False

    def __init__(self, clock: Clock) -> None:
        self.clock, self.beat, self._wrong = clock, clock.monotonic(), ""
        self._tell: Callable[[str], None] = lambda text: None

    def lacks(self) -> str:
        """What is missing before anything can be sent, for people; empty when nothing is."""
        return ""

    async def deliver(self, to: str, text: str, key: str) -> None:
        """Send to the channel's own id of a chat. Raises as `Bridge.send` says."""
        raise NotImplementedError

    @property
    def trouble(self) -> str:
        """What is wrong, for people; empty when it works."""
        return self.lacks() or self._wrong

    async def run(self, arriving: Arriving) -> None:
        """Receive nothing, until cancelled."""
        self._tell = arriving.agent.tell
        arriving.agent.outbox.wake()
        while True:
            self.beat = self.clock.monotonic()
            await self.clock.sleep(BEAT_SECONDS)

    async def send(self, chat: str, text: str, key: str, choices: Sequence[str]) -> str:
        """Send a text without choices; what is refused, or a person must mend, is told to the owner, once for the same reason."""
        if self.lacks():
            raise NotSent(LATER_SECONDS)
        try:
            await self.deliver(chat.partition(":")[2], text, key)
        except Gone:
            raise
        except (NotSent, Refused, OSError) as error:
            no = isinstance(error, Refused) or (isinstance(error, Unsent) and error.mend)
            before, self._wrong = self._wrong, f"{self.name} {'refuses to notify' if no else 'cannot be reached'}: {error}"
            if no and before != self._wrong:
                with contextlib.suppress(sqlite3.OperationalError):  # a full disk: then `claw status` says it
                    self._tell(f"{self._wrong}.")
            raise
        self._wrong = ""
        return key


class Unsent(NotSent):
    """It surely did not go out, and why. `mend`: a person must do something first."""

    def __init__(self, why: str, seconds: float = LATER_SECONDS, *, mend: bool = False) -> None:
        super().__init__(seconds)
        self.args, self.mend = (why,), mend


class Rejected(Refused):
    """A server will never take it. `code`: its status."""

    def __init__(self, code: int, why: str = "") -> None:
        super().__init__(f"status {code} {' '.join(why.split())[:200]}".strip())
        self.code = code


class Gone(Refused):
    """The address is no more, and was forgotten: nobody need know."""


async def post(url: str, clock: Clock, *, resolver: Any = None, **what: Any) -> None:
    """POST once, follow nothing. Unsent: no connection, or 429; Rejected: another status below 500; OSError: not known."""
    import aiohttp

    from claw.kit.http import body

    limits = aiohttp.ClientTimeout(total=SEND_SECONDS, sock_connect=10.0)
    try:
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=resolver), timeout=limits) as session,
            session.post(url, allow_redirects=False, **what) as answer,
        ):
            said = b"" if answer.status < 300 else await body(answer, LARGEST)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise Unsent(type(error).__name__) from None
    except TimeoutError:
        raise OSError(f"no answer within {SEND_SECONDS:g} s") from None
    except aiohttp.ClientError as error:
        raise OSError(type(error).__name__) from None
    if answer.status == 429:
        raise Unsent("too many at once", _wait(answer.headers.get("Retry-After", ""), clock))
    if answer.status >= 500:
        raise OSError(f"it answered with status {answer.status}")
    if answer.status >= 300:
        raise Rejected(answer.status, said.decode(errors="replace"))


def _wait(after: str, clock: Clock) -> float:
    """Seconds or a date (RFC 9110, 10.2.3), as seconds from 1 s to an hour."""
    seconds = float(after) if after.isdecimal() and len(after) < 9 else LATER_SECONDS
    with contextlib.suppress(ValueError):
        seconds = parsedate_to_datetime(after).timestamp() - clock.time()
    return min(LONGEST_WAIT, max(1.0, seconds))
