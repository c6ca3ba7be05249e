"""Codes that let somebody in: eight characters, kept as hashes, for a short time, and few guesses."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Collection
from typing import Any

from claw.clock import Clock
from claw.store import Store

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no 0 O 1 I
LENGTH = 8
CODE_SECONDS = 600.0
PENDING = 3  # codes of strangers that wait, in all
WRONG, WRONG_SECONDS = 5, 86400.0  # so many wrong tries of an address, then none of it counts for so long
FOUR = rf"([{ALPHABET}{ALPHABET.lower()}]{{4}})"
SHOWN = re.compile(rf"(?<![A-Z0-9])(?=({FOUR}[ -]?{FOUR})(?![A-Za-z0-9]))")
CODE = re.compile(rf"\s*{FOUR}[ -]?{FOUR}\s*")
DOTS = "•" * LENGTH  # in place of a code that counts no more
EARLIER = 3600.0  # seconds by which the message that asked for a code may be older than the code
TEXTS = ("outbox", "text"), ("inbox", "text"), ("inbox", "plan"), ("inbox", "record"), ("inbox", "extra")  # may hold one


def code_in(text: str) -> str:
    """The code that a text is, in capitals; empty when it is none."""
    found = CODE.fullmatch(text)
    return (found[1] + found[2]).upper() if found else ""


def new_code() -> str:
    """A code that nobody has."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _dotted(text: str, hashes: Collection[str]) -> str:
    """A text without the codes that have these hashes."""
    codes = {found[1] for found in SHOWN.finditer(text) if _hash((found[2] + found[3]).upper()) in hashes}
    for code in codes:
        text = text.replace(code, DOTS)
    return text


class Codes:
    """The table of open codes and of wrong tries. kind: stranger (for the owner to approve), invite, first."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock

    def keep(
        self, code: str, kind: str, *, bridge: str = "", address: str = "", data: dict[str, Any], seconds: float = CODE_SECONDS
    ) -> str:
        """Let this code count for so long and return it; nobody can read it later."""
        now = self.clock.time()
        with self.store.transaction():
            self.expire()
            self.store.insert(
                "codes", hash=_hash(code), kind=kind, bridge=bridge, address=address, data=data, made=now, expires=now + seconds
            )
        return code

    def open(self, kind: str) -> list[dict[str, Any]]:
        """The codes of this kind that still count, oldest first; one from the future (the clock went back) does not."""
        now = self.clock.time()
        rows = self.store.all("SELECT * FROM codes WHERE kind = ? AND expires > ? AND made <= ? ORDER BY id", kind, now, now)
        return [{**dict(row), "data": json.loads(row["data"])} for row in rows]

    def dotted(self, text: str) -> str:
        """A text without the codes that count now."""
        rows = self.store.all("SELECT hash FROM codes")
        return _dotted(text, {row["hash"] for row in rows}) if rows else text

    def find(self, code: str, *kinds: str) -> dict[str, Any] | None:
        """The open row of a code; every one is compared in full, so that the time tells nothing."""
        hash, found = _hash(code), None
        for row in (row for kind in kinds for row in self.open(kind)):
            if hmac.compare_digest(row["hash"], hash):
                found = row
        return found

    def get(self, hash: str) -> dict[str, Any] | None:
        """The open row of a stranger with this hash; an id may be another's by now."""
        return next((row for row in self.open("stranger") if row["hash"] == hash), None)

    def spend(self, row: dict[str, Any]) -> None:
        """A code counts once."""
        self._end("id = ?", row["id"])

    def drop(self, kind: str) -> None:
        """Forget all codes of a kind."""
        self._end("kind = ?", kind)

    def expire(self) -> None:
        """Forget the codes whose time is over, and those of the future: the clock was set back."""
        now = self.clock.time()
        self._end("expires <= ? OR made > ?", now, now)

    def _end(self, which: str, *params: Any) -> None:
        """Forget codes, and put dots in their place wherever they were shown or written."""
        ended = self.store.all(f"SELECT hash, made FROM codes WHERE {which}", *params)
        if not ended:
            return
        hashes, since = {row["hash"] for row in ended}, min(row["made"] for row in ended) - EARLIER
        with self.store.transaction():
            self.store.write(f"DELETE FROM codes WHERE {which}", *params)
            for table, column in TEXTS:
                for row in self.store.all(f"SELECT id, {column} AS text FROM {table} WHERE at >= ?", since):
                    if (text := _dotted(row["text"] or "", hashes)) != (row["text"] or ""):
                        self.store.write(f"UPDATE {table} SET {column} = ? WHERE id = ?", text, row["id"])
            unsent = "status IN ('queued', 'sending') AND substr(key, 1, 5) = 'said:'"  # to a stranger: dots are of no use there
            self.store.write(f"DELETE FROM outbox WHERE {unsent} AND instr(text, ?)", DOTS)
            self.store.erase()

    def may_try(self, bridge: str, address: str) -> bool:
        """Whether a code from this address still counts."""
        row = self.store.one("SELECT * FROM guesses WHERE bridge = ? AND address = ?", bridge, address)
        return row is None or row["tries"] < WRONG or row["at"] <= self.clock.time() - WRONG_SECONDS

    def wrong(self, bridge: str, address: str) -> None:
        """Count a wrong try; a day without one forgets those before."""
        now = self.clock.time()
        with self.store.transaction():
            self.store.write("DELETE FROM guesses WHERE at <= ?", now - WRONG_SECONDS)
            self.store.write(
                "INSERT INTO guesses VALUES (?, ?, 1, ?) ON CONFLICT DO UPDATE SET tries = tries + 1, at = excluded.at",
                bridge, address, now,
            )  # fmt: skip
