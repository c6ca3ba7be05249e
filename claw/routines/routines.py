"""The routines of a house: their rows, and which of them are due. A fired one is a row of the inbox with a unique key."""

import asyncio
import contextlib
import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from claw.clock import Clock
from claw.config import Config
from claw.events import Events
from claw.messages.inbox import Inbox
from claw.moments import at_words, when_words
from claw.reflex.reading import Request
from claw.routines.files import Files, Written
from claw.routines.places import place, zone_name
from claw.routines.routine import Routine, RoutinesChanged, alive, of_row
from claw.store import Store
from claw.turns.turn import worst
from claw.when import When

LONGEST_WAIT = 3600.0
MOST_MISSED = 1000  # of an interval are told one by one after a long time off; who was off for a year wants no million rows
GRACE = {"deed": 600.0}  # seconds; what only says something has one minute
# A word that comes late is still of use, and says that it is late. A deed that was for once is wanted, but perhaps not any more.
# One that comes again would do at noon what was meant for the morning.
# What somebody opened an hour ago is asked about, too.
CATCH_UP = {"timer": "run", "reminder": "run", "deed once": "ask", "deed at an event": "ask", "deed": "skip"}
# The question about a late run of a routine (Deciding.late).
ASKED = "kind = 'approval' AND json_type(data) = 'array' AND json_extract(data, '$[0].routine') = ?"
# Runs for once which came too late when the clock was wrong, and of which nothing was done or decided: their time is yet to
# come, or they ran more than a day ahead of now. (By less a clock may be corrected at a start, which must repeat nothing.)
REVIVED = f"""
SELECT runs.id, routine, runs.due, message FROM runs JOIN routines ON routines.id = routine
WHERE max(runs.due, runs.at - 86400) > ? AND runs.at - runs.due > grace
AND outcome IN ('fired', 'missed') AND json_extract(spec, '$.kind') = 'once'
AND NOT EXISTS (SELECT 1 FROM ledger WHERE turn = message AND event = 'intended')
AND NOT EXISTS (SELECT 1 FROM questions WHERE status != 'open' AND {ASKED.replace("?", "routine")})
"""


class Routines:
    """Reads and writes them. Writes are part of the caller's transaction."""

    def __init__(self, store: Store, inbox: Inbox, events: Events, clock: Clock, config: Config, folder: Path | None) -> None:
        """`folder`: where each is kept as a readable file, too; None: nowhere."""
        self.store, self.inbox, self.events, self.clock, self.config = store, inbox, events, clock, config
        self.files = Files(store, clock, folder, self.message)
        self.changed: Callable[[], None] = lambda: None  # the ticker looks anew
        self._touched: set[int] = set()
        self._reader = ""  # see seen_by
        self._seen = math.inf  # the last time that was read from the clock

    # -- looking

    def get(self, id: int) -> Routine | None:
        """The one with this id, also when it is over."""
        row = self.store.one("SELECT * FROM routines WHERE id = ?", id)
        return of_row(row) if row else None

    def all(self) -> list[Routine]:
        """Those that are not over and that may be seen now, oldest first."""
        return [one for one in alive(self.store) if self.shows(one)]

    def shows(self, one: Routine) -> bool:
        """Whether this one may be seen now."""
        return self._reader in ("", one.person) or one.kind == "timer"

    @contextlib.contextmanager
    def seen_by(self, person: str) -> Iterator[None]:
        """For this person only what they planned themselves is there, and timers; "": everything. No `await` comes inside."""
        before, self._reader = self._reader, person
        try:
            yield
        finally:
            self._reader = before

    def plain(self) -> list[dict[str, Any]]:
        """The same for the doors: id, name, kind, when (words), do, status, next, last {due, at, outcome}, file."""
        return [
            {
                "id": one.id, "name": one.name, "kind": one.kind, "when": when_words(one.when, self.now(one.zone)), "do": one.do,
                "status": one.status, "next": one.due, "last": self._last(one), "file": one.file,
            }
            for one in self.all()
        ]  # fmt: skip

    def _last(self, routine: Routine) -> dict[str, Any] | None:
        row = self.store.one(
            "SELECT runs.due, runs.at, runs.outcome, inbox.record FROM runs LEFT JOIN inbox ON inbox.id = runs.message "
            "WHERE routine = ? ORDER BY runs.due DESC LIMIT 1", routine.id,
        )  # fmt: skip
        if row is None:
            return None
        record = json.loads(row["record"] or "{}")
        outcome = "asked" if record.get("asked") else worst(call["outcome"] for call in record.get("calls", ()))
        outcome = "failed" if routine.kind == "deed" and outcome == "done" and not record.get("calls") else outcome
        return {
            "due": row["due"],
            "at": row["at"],
            "outcome": outcome if record and row["outcome"] == "fired" else row["outcome"],
        }

    @property
    def zone(self) -> str:
        """The zone that a new one is in."""
        return zone_name(self.clock)

    def now(self, zone: str) -> datetime:
        """Local time there."""
        return datetime.fromtimestamp(self.clock.time(), ZoneInfo(zone))

    def at(self, at: float) -> str:
        """A moment in words, as they are said in this house."""
        return at_words(at, self.now(self.zone))

    def words(self, when: When) -> str:
        """When one comes, in words, as they are said in this house."""
        return when_words(when, self.now(self.zone))

    def next(self, when: When, zone: str, after: float | None = None) -> float | None:
        """Its first moment after `after`, or after now."""
        where = place(self.config.house, zone)[0] if when.kind == "sun" else None
        return when.next(self.clock.time() if after is None else after, ZoneInfo(zone), where)

    def comes(self, when: When, zone: str, id: int = 0) -> bool:
        """Whether it may come yet; `id`: of the routine, since what waits for an event once waits no more when that was."""
        if when.event is None:
            return self.next(when, zone) is not None
        return when.recurs or not self.store.one("SELECT 1 FROM runs WHERE routine = ? AND outcome = 'fired'", id)

    def said(self) -> dict[str, list[str]]:
        """What to do when somebody says this: words -> sentences, for those that wait for it."""
        rows = self.store.all(
            "SELECT json_extract(spec, '$.event.value') AS words, do FROM routines "
            "WHERE status = 'on' AND json_extract(spec, '$.event.field') = 'said'"
        )
        return {str(row["words"]): [row["do"]] for row in rows}

    # -- changing

    def put(self, kind: str, when: When, do: str, *, said: str, person: str, bridge: str, chat: str,
            name: str = "", granted: Sequence[str] = (), area: str = "") -> int:  # fmt: skip
        """Keep a new one; returns its id."""
        how = " at an event" if when.event else "" if when.recurs else " once"
        zone, catch_up = self.zone, CATCH_UP[f"deed{how}" if kind == "deed" else kind]
        id = self.store.insert(
            "routines", name=name or do, kind=kind, said=said, person=person, bridge=bridge, chat=chat, spec=when.plain(),
            zone=zone, do=do, due=self.next(when, zone), grace=GRACE.get(kind, 60.0), catch_up=catch_up, granted=list(granted),
            made=self.clock.time(), area=area,
        )  # fmt: skip
        self.touched(id)
        return id

    def pause(self, id: int) -> None:
        """It neither comes nor is missed until it is resumed."""
        self._set(id, status="paused", due=None)

    def resume(self, id: int) -> None:
        """It comes again from now on; one whose only time has passed is over."""
        routine = self.get(id)
        comes = routine is not None and self.comes(routine.when, routine.zone, id)
        self._set(id, status="on" if comes else "over", due=self.next(routine.when, routine.zone) if routine else None)

    def delete(self, id: int) -> None:
        """It ends; its row stays for what is told about the past."""
        self._set(id, status="over", due=None)

    def change(self, one: Routine, new: Written, granted: Sequence[str], digest: str) -> None:
        """Take over what a person changed, in words or in its file, which has this digest."""
        due = self.next(new.when, one.zone) if new.status == "on" else None
        timer, spec, calls = one.kind == "timer", json.dumps(new.when.plain()), json.dumps(list(granted))
        names = {"name": new.do if timer or one.name == one.do else one.name, "do": "" if timer else new.do}
        columns = {"spec": spec, "granted": calls, "digest": digest, "due": due}
        self._set(one.id, catch_up=new.catch_up, status=new.status, **names, **columns)

    def begin(self, id: int) -> None:
        """A run begins; one that comes no more is over with it."""
        if (one := self.get(id)) and one.due is None and one.status == "on" and not (one.when.event and one.recurs):
            self.store.write("UPDATE routines SET status = 'over' WHERE id = ?", id)
        self.touched(id)

    def drop(self, id: int, due: float, outcome: str) -> None:
        """A run that waited does not take place: missed, or dropped since it was paused or deleted meanwhile."""
        self.store.write("UPDATE runs SET outcome = ? WHERE routine = ? AND due = ?", outcome, id, due)

    def _set(self, id: int, **columns: Any) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        self.store.write(f"UPDATE routines SET {names} WHERE id = ?", *columns.values(), id)
        self.touched(id)

    def touched(self, *ids: int) -> None:
        """Let the files, the doors and the ticker know, after the transaction that we are in."""
        self._touched.update(ids)
        with contextlib.suppress(RuntimeError):  # without a loop nobody listens
            asyncio.get_running_loop().call_soon(self._settle)

    def _settle(self) -> None:
        ids, self._touched = self._touched, set()
        self.files.write(ids)
        self.events.publish(RoutinesChanged())
        self.changed()

    # -- firing

    def fire_due(self) -> float:
        """Put what is due into the inbox, or mark it missed; returns the seconds until the next is due (at most 3600)."""
        now = self.clock.time()
        if not self.clock.plausible():
            return LONGEST_WAIT
        if now < self._seen:
            self._set_back(now)
        self._seen = now
        if rows := self.due(now):
            with self.store.transaction():
                self._tell_missed([(one, dues) for one in map(of_row, rows) if (dues := self._fire(one, now))])
            self.touched(*(row["id"] for row in rows))
        soonest = self.store.one("SELECT min(due) AS due FROM routines WHERE due IS NOT NULL")
        return min(LONGEST_WAIT, max(0.0, soonest["due"] - now)) if soonest and soonest["due"] else LONGEST_WAIT

    def due(self, now: float) -> list[sqlite3.Row]:
        """The rows that are due."""
        return self.store.all("SELECT * FROM routines WHERE due <= ? ORDER BY due, id", now)

    def _set_back(self, now: float) -> None:
        """The clock was set back, or we just started: what is due later than it should be is due anew, but no run comes twice.

        What was only missed, or came too late, in a future that is not so yet may still come.
        """
        with self.store.transaction():
            for row in self.store.all(REVIVED, now):
                self.store.write("DELETE FROM runs WHERE id = ?", row["id"])
                self.store.write("DELETE FROM inbox WHERE id = ? AND status = 'new'", row["message"])
                self.store.write(f"UPDATE questions SET status = 'dropped' WHERE status = 'open' AND {ASKED}", row["routine"])
                self._set(row["routine"], status="on", due=row["due"])
            self.store.write("DELETE FROM runs WHERE outcome = 'missed' AND due > ?", now)
            for one in self.all():
                due = self.next(one.when, one.zone) if one.recurs else one.due
                if one.kind == "timer" and one.due and one.made > now:  # it runs for as long as it was set for
                    due = now + one.due - one.made
                    self._set(one.id, due=due, made=now, spec=json.dumps(When("once", at=due).plain()))
                elif due and one.due and due < one.due:
                    self._set(one.id, **self._anew(one, due))

    def _anew(self, one: Routine, due: float) -> dict[str, Any]:
        """An interval must not stop until the clock is where it was: it goes on a trifle beside its old beat."""
        if one.when.kind != "interval":
            return {"due": due}
        return {"due": due + 0.001, "spec": json.dumps(When("interval", at=due + 0.001, every=one.when.every).plain())}

    def _fire(self, one: Routine, now: float) -> list[float]:
        """Fire the last of what is due, if it is not too late for it; returns what was missed."""
        dues, due = list[float](), one.due
        if one.when.kind == "interval":
            due = max(one.due or 0.0, self.next(one.when, one.zone, now - one.when.every * MOST_MISSED) or 0.0)
        while due is not None and due <= now:
            dues.append(due)
            due = self.next(one.when, one.zone, due)
        known = {row["due"] for row in self.store.all("SELECT due FROM runs WHERE routine = ? AND due >= ?", one.id, dues[0])}
        fired = dues.pop() if one.catch_up != "skip" or now - dues[-1] <= one.grace else None
        missed = [one for one in dues if one not in known]
        for when in missed:
            self.store.insert("runs", routine=one.id, due=when, at=now, outcome="missed")
        if fired is not None and fired not in known:
            self._put(one, fired, now)
        over = due is None and fired is None
        self.store.write("UPDATE routines SET due = ?, status = ? WHERE id = ?", due, "over" if over else "on", one.id)
        return missed

    def happened(self, one: Routine, device: str, told: str, due: float) -> None:
        """The event of one was: fire it; `told` says what is so now. Part of the caller's transaction."""
        self._put(one, due, self.clock.time(), {"device": device, **({"do": told} if one.name == "notice" else {})})
        self.touched(one.id)

    def _put(self, one: Routine, due: float, now: float, more: Mapping[str, Any] = MappingProxyType({})) -> None:
        slots = {
            "id": one.id, "kind": one.kind, "do": one.do, "name": one.name, "say": one.said, "due": due, "grace": one.grace,
            "catch_up": one.catch_up, "granted": list(one.granted), "recurs": one.recurs, "seconds": due - one.made,
            **more,
        }  # fmt: skip
        key = ":".join(["routine", str(one.id), *([str(more["device"])] if more else []), str(due), str(now)])
        message = self.message(one, Request("routines", "fire", slots), key)
        self.store.insert("runs", routine=one.id, due=due, at=now, outcome="fired", message=message)

    def message(self, one: Routine, request: Request, key: str) -> int | None:
        """Put something about it into the inbox, in the chat where it was made; None when the key is known."""
        text = json.dumps(request.plain())
        put = self.inbox.put(text, key=key, bridge=one.bridge, chat=one.chat, person=one.person, kind="routine")
        return put.id if put else None

    def _tell_missed(self, missed: Sequence[tuple[Routine, list[float]]]) -> None:
        """One message in each chat about all that was missed."""
        chats = defaultdict[tuple[str, str], list[tuple[Routine, list[float]]]](list)
        for one, dues in missed:
            chats[one.bridge, one.chat].append((one, dues))
        for some in chats.values():
            rows = [{"id": one.id, "do": one.do, "count": len(dues), "last": dues[-1]} for one, dues in some]
            request = Request("routines", "missed", {"missed": rows, "say": "what I missed"})
            self.message(some[0][0], request, f"missed:{rows[0]['id']}:{rows[0]['last']}:{self.clock.time()}")
