"""Each routine as a file that people can read and change: data/routines/ID-WORDS.toml.

TOML, since tomllib reads it, the config is written in it, too, and its comments hold what is only to be read. The row is the
truth: a file that is gone is written again, one that cannot be read is told and left as it is.
"""

import contextlib
import json
import logging
import sqlite3
import tomllib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from claw.clock import Clock
from claw.discovery.found import clean
from claw.files import replace
from claw.moments import when_words
from claw.names import fold
from claw.reflex import schedules
from claw.reflex.reading import Request
from claw.routines.routine import Routine, alive
from claw.store import Store
from claw.when import When, moment

log = logging.getLogger("claw.routines")
PROBE = "turn on the light"  # a wish beside which the words of a time are read
TEXT = """\
# Routine {id}, made by {person} on {made:%Y-%m-%d} with the words: {said}
# Change it and save: it is taken over at once. Deleting this file ends nothing; say "delete routine {id}" for that.
# Next: {next}

when = {when}
do = {do}
late = "{late}"  # if I could not do it in time: skip, run or ask
status = "{status}"  # on or paused
"""
CHOICES = {"late": ("skip", "run", "ask"), "status": ("on", "paused")}


@dataclass(frozen=True)
class Written:
    """What a file says."""

    when: When
    do: str
    catch_up: str
    status: str


class Files:
    """Written after the commit, atomically, for the owner alone."""

    def __init__(self, store: Store, clock: Clock, folder: Path | None, tell: Callable[[Routine, Request, str], object]) -> None:
        """`tell`: hands a request about a routine to the agent, under a key."""
        self.store, self.clock, self.folder, self.tell = store, clock, folder, tell

    def write(self, ids: Collection[int] | None = None) -> None:
        """Write these (None: all) as they are, and remove what is over; what a person changed is left until it is taken over."""
        try:
            if self.folder is not None:
                self.folder.mkdir(mode=0o700, exist_ok=True)
                self._remove(self.folder)
                for one in alive(self.store):
                    if ids is None or one.id in ids:
                        self._write(one, self.folder / (one.file or _name(one)))
        except (OSError, sqlite3.OperationalError) as error:  # nothing is lost: the rows hold all of it
            log.warning("the files of the routines are not up to date: %s", error)

    def _write(self, one: "Routine", path: Path) -> None:
        text, there = self.text(one), _read(path)
        if there and one.file and digest(there) != one.digest:
            return
        if there != text:
            replace(path, text.encode())
        if (path.name, digest(text)) != (one.file, one.digest):
            values = path.name, digest(text), one.id
            self.store.write("UPDATE routines SET file = ?, digest = ? WHERE id = ?", *values)

    def _remove(self, folder: Path) -> None:
        for row in self.store.all("SELECT id, file FROM routines WHERE status = 'over' AND file != ''"):
            (folder / row["file"]).unlink(missing_ok=True)
            self.store.write("UPDATE routines SET file = '' WHERE id = ?", row["id"])

    def check(self) -> None:
        """Hand to the agent what a person changed, each saved file once."""
        for one in alive(self.store) if self.folder else ():
            path = self.folder / one.file if self.folder and one.file else None
            if path and (there := _read(path)) and digest(there) != one.digest:
                slots = {"id": one.id, "text": there, "say": f"the file {one.file}"}
                with contextlib.suppress(FileNotFoundError):  # an editor puts another in its place: that one is told
                    self.tell(one, Request("routines", "edited", slots), f"routine-file:{one.id}:{path.stat().st_mtime_ns}")

    def text(self, one: "Routine") -> str:
        """The whole file."""
        zone = ZoneInfo(one.zone)
        due = f"{datetime.fromtimestamp(one.due, zone):%Y-%m-%d %H:%M} ({one.zone})" if one.due else "when it happens"
        due = due if one.status == "on" else "not while it is paused"
        when = (
            _wall(one.when.at, zone).isoformat()
            if one.when.kind == "once" else _quoted(when_words(one.when, self._now(zone)))
        )  # fmt: skip
        return TEXT.format(
            id=one.id, person=one.person, made=datetime.fromtimestamp(one.made, zone), said=clean(one.said, 4000), next=due,
            when=when, do=_quoted(one.do or one.name), late=one.catch_up, status=one.status,
        )  # fmt: skip

    def read(self, text: str, one: "Routine") -> Written:
        """What a changed file says; ValueError says what is wrong with it."""
        data = tomllib.loads(text)
        for name in data.keys() ^ {"when", "do", "late", "status"}:
            raise ValueError(f"“{name}” is {'not known' if name in data else 'missing'}")
        for name, choices in CHOICES.items():
            if data[name] not in choices:
                raise ValueError(f"“{name}” must be {' or '.join(choices)}")
        if not isinstance(data["do"], str) or not data["do"].strip():
            raise ValueError("“do” must say what to do, in quotes")
        return Written(self._when(data["when"], one), data["do"].strip(), data["late"], data["status"])

    def _when(self, said: object, one: "Routine") -> When:
        zone = ZoneInfo(one.zone)
        now = self._now(zone)
        if isinstance(said, datetime):
            wall = said.replace(tzinfo=None)
            same = one.when.kind == "once" and wall == _wall(one.when.at, zone)
            return one.when if same else When("once", at=moment(wall, zone))
        if said == when_words(one.when, now):
            return one.when
        for request in schedules.read(f"{said} {PROBE}", now):
            if request.verb == "make" and request.slots["do"] == PROBE:
                when = When.of(request.slots["when"])
                if not when.too_often:
                    return when
        raise ValueError(f"I cannot read the time “{said}”; write it like “every weekday at 07:00”")

    def _now(self, zone: ZoneInfo) -> datetime:
        return datetime.fromtimestamp(self.clock.time(), zone)


def digest(text: str) -> str:
    """What tells one text from another."""
    return sha256(text.encode()).hexdigest()


def _read(path: Path) -> str:
    """The text; empty when there is none."""
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _name(one: "Routine") -> str:
    return f"{one.id}-{'-'.join(fold(one.do or one.name))[:40].rstrip('-') or one.kind}.toml"


def _wall(at: float, zone: ZoneInfo) -> datetime:
    """What a clock there shows, to the second."""
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None, microsecond=0)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
