"""Who may use the page: one-time codes that pair a phone, and the tokens that phones keep. Only hashes are stored."""

import hashlib
import hmac
import json
import logging
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from claw.clock import Clock
from claw.discovery.found import clean
from claw.store import Store

log = logging.getLogger("claw.web")
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # nothing that looks like something else
CODE_LENGTH, CODE_SECONDS, TRIES = 8, 600.0, 5
ALL_TRIES = 500  # from all addresses together
OPEN_CODES = 8
OWNER = "owner"  # a person, and the scope of all that the page can do


@dataclass(frozen=True)
class Session:
    """A phone that may use the page, in the name of a person."""

    id: int
    person: str
    scopes: frozenset[str]
    name: str

    @property
    def chat(self) -> str:
        """All phones of a person share one chat."""
        return f"web:{self.person}"

    def key(self, cid: str) -> str:
        """The key in the inbox of what it sent under this name."""
        return f"web:{self.id}:{cid}"


@dataclass
class Code:
    """A one-time code; `tries` are the wrong ones by address, so that a guesser locks out nobody but itself."""

    hash: str
    expires: float  # on the monotonic clock
    tries: Counter[str] = field(default_factory=Counter)

    def spent(self, address: str) -> bool:
        """Whether this address, or all together, guessed too often."""
        return self.tries[address] >= TRIES or self.tries.total() >= ALL_TRIES


class Sessions:
    """Codes live in memory and end with the process; sessions live in the store until somebody signs out."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self._codes: list[Code] = []

    def code(self) -> str:
        """A fresh code: 10 minutes, 5 tries from one address, once."""
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        self._codes = [*self._open()[1 - OPEN_CODES :], Code(_hash(code), self.clock.monotonic() + CODE_SECONDS)]
        return code

    def _open(self) -> list[Code]:
        return [one for one in self._codes if one.expires > self.clock.monotonic()]

    def pair(self, code: str, name: str, address: str) -> str | None:
        """Trade a code for the token of a new session; None when it is wrong, over, or this address guessed too often."""
        given, self._codes = _hash(code.upper().replace("-", "").replace(" ", "")), self._open()
        usable = [one for one in self._codes if not one.spent(address)]
        found = [one for one in usable if hmac.compare_digest(one.hash, given)]
        if not found:
            for one in usable:
                one.tries[address] += 1
            return None
        token, now = secrets.token_urlsafe(32), self.clock.time()
        self.store.insert(
            "sessions", hash=_hash(token), person=OWNER, scopes=[OWNER], name=clean(name) or "phone", made=now, seen=now
        )  # fmt: skip
        self._codes.remove(found[0])
        log.info("a phone was added: %s", clean(name))
        return token

    def find(self, token: str) -> Session | None:
        """The session of a token. It is looked up by its hash, so that the time this takes tells nothing about the token."""
        row = self.store.one("SELECT * FROM sessions WHERE hash = ?", _hash(token))
        return Session(row["id"], row["person"], frozenset(json.loads(row["scopes"])), row["name"]) if row else None

    def any(self) -> bool:
        """Whether some phone may use the page."""
        return self.store.one("SELECT 1 FROM sessions WHERE person = ?", OWNER) is not None

    def seen(self, session: Session) -> None:
        """It was just used."""
        self.store.write("UPDATE sessions SET seen = ? WHERE id = ?", self.clock.time(), session.id)

    def plain(self) -> list[dict[str, Any]]:
        """The phones: id, name, made and seen (seconds since 1970)."""
        return [dict(row) for row in self.store.all("SELECT id, name, made, seen FROM sessions ORDER BY id")]

    def end(self, id: int | None = None) -> int:
        """Sign a phone out, or all of them; returns how many that were."""
        return self.store.write("DELETE FROM sessions WHERE ? IS NULL OR id = ?", id, id).rowcount


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
