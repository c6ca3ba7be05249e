"""The rules of a simulated day: what must hold at any time, and what must hold when everything has come to rest."""

import json
import re
import sqlite3
from collections import Counter, defaultdict
from typing import Any

from claw.bridges.arriving import STRANGER
from claw.call import ToolCall, digest
from claw.messages.outbox import REPEAT_NOTE
from claw.upkeep.audit import verify
from tests.town.town import CONFIRMED, LEASED, PEOPLE, STRANGERS, Deed, Town

APPROVERS = {"owner", *(name.casefold() for name, role in PEOPLE.values() if role == "adult")}
CODE = re.compile(re.escape(STRANGER).replace(r"\{code\}", r"[\w-]+"))
PERSON = {id: "owner" if role == "owner" else name.casefold() for id, (name, role) in PEOPLE.items()}
SLACK = 900.0  # seconds in which a process and a device that are both well must have ended a lease


class Checks:
    """Looks at the file with a connection of its own, and at what was seen."""

    def __init__(self, town: Town) -> None:
        self.town, self.head = town, ""

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """What is committed now."""
        conn = sqlite3.connect(f"file:{self.town.path}?mode=ro", uri=True)
        conn.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in conn.execute(sql)]
        finally:
            conn.close()

    def always(self, when: str) -> None:
        """What must hold at any time."""
        self.town.log(f"check {when}")
        self._ledger()
        self._twice()
        self._approvals()
        self._leases()
        self._strangers()
        self._repeats()
        self._runs()

    def _ledger(self) -> None:
        """The chain holds, and goes on from where it was."""
        audit = verify(self.town.path.parent, self.head)
        if audit.wrong:
            self.town.blame(f"the ledger: {audit.wrong}")
        self.head = audit.head
        ends = Counter((row["turn"], row["call"]) for row in self.rows("SELECT turn, call FROM ledger WHERE event != 'intended'"))
        for turn, count in ends.items():
            if count > 1:
                self.town.blame(f"call {turn} has {count} ends")

    def _twice(self) -> None:
        """Within a turn a deed makes its difference once; what can be repeated may be, by the process after a crash."""
        done = defaultdict[Any, list[Deed]](list)
        for deed in self.town.deeds:
            if deed.changed and deed.turn:
                done[deed.what].append(deed)
        for deeds in done.values():
            lives = [deed.life for deed in deeds]
            if len(lives) > len(set(lives)) or (len(deeds) > 1 and deeds[0].command == "next_track"):
                self.town.blame(f"twice: {deeds}")

    def _approvals(self) -> None:
        """What needs a yes was done for the yes of somebody who may give it, or for a routine that was granted it."""
        turns = {row["id"]: row for row in self.rows("SELECT id, person, kind, text, plan, extra FROM inbox")}
        approved = self.rows("SELECT * FROM questions WHERE kind = 'approval' AND status = 'approved'")
        for deed in self.town.deeds:
            if deed.command not in CONFIRMED:
                continue
            turn = turns.get(deed.turn)
            steps = json.loads(turn["plan"] or "{}").get("steps", []) if turn else []
            if turn is None or not any(step.get("approved") and step["call"]["command"] == deed.command for step in steps):
                self.town.blame(f"no approval: {deed}")
            elif turn["kind"] == "routine":
                mark = digest([ToolCall(deed.command, (deed.device,), dict(deed.args))])
                granted = mark in json.loads(turn["text"])["slots"]["granted"]
                if not granted or not any(mark in one["data"] and one["answer"] == "owner" for one in approved):
                    self.town.blame(f"a routine that the owner did not grant it: {deed}")
            elif turn["person"] not in APPROVERS or not any(deed.device in one["data"] for one in approved):
                self.town.blame(f"approved by {turn['person']}: {deed}")

    def _leases(self) -> None:
        """What may only run for a time has ended, if for a while the process, the device and the disk were well."""
        town, now = self.town, self.town.clock.at
        for id, since in town.on_since.items():
            well = max(town.fine_since[id], town.born_at, town.room_since) if town.modes[id] == "ok" and not town.full else now
            if now - since > LEASED[id] + SLACK and now - well > SLACK:
                town.blame(f"the {id} is on for {now - since:.0f} s")

    def _strangers(self) -> None:
        for id in STRANGERS:
            for message in self.town.peer.sent[id]:
                if not CODE.fullmatch(message["text"].removeprefix(REPEAT_NOTE)):
                    self.town.blame(f"a stranger reads {message['text']!r}")
        for row in self.rows("SELECT DISTINCT person FROM inbox"):
            if row["person"] not in PERSON.values():
                self.town.blame(f"{row['person']} is somebody")

    def _repeats(self) -> None:
        """What is shown again says so."""
        shown = Counter((key, chat) for key, chat, text in self.town.shown if not text.startswith(REPEAT_NOTE))
        for (key, chat), times in shown.items():
            if times > 1:
                self.town.blame(f"{key} was shown {times} times in {chat}")

    def _runs(self) -> None:
        """A daily routine fires once on a date of the house."""
        days = self.rows(
            "SELECT routine, date(runs.due, 'unixepoch') AS day, count(*) AS times FROM runs JOIN routines ON routines.id = routine"
            " WHERE outcome = 'fired' AND json_extract(spec, '$.kind') = 'daily' GROUP BY 1, 2"
        )
        for row in days:
            if row["times"] > 1:
                self.town.blame(f"routine {row['routine']} fired {row['times']} times on {row['day']}")

    # -- when everything has come to rest

    def at_rest(self) -> None:
        """Everything that was written is answered, and nothing is left over."""
        rows = {row["key"]: row for row in self.rows("SELECT * FROM inbox")}
        said = {row["key"] for row in self.rows("SELECT key FROM outbox")}
        for key, (who, text) in self.town.written.items():
            if key not in rows and f"said:{key}" not in said:
                self.town.blame(f"lost: {key} of {who}, {text!r}")
        shown = {(key, chat) for key, chat, _ in self.town.shown}
        for key, row in rows.items():
            reply = json.loads(row["record"] or "{}").get("reply", "")
            later = row["due"] > self.town.clock.time()
            if row["status"] != "done" and not later:
                self.town.blame(f"not answered: {key} {row['text']!r} ({row['status']})")
            elif key in self.town.written and not reply:
                self.town.blame(f"an empty answer: {key} {row['text']!r}")
            elif key in self.town.written and row["person"] != PERSON[self.town.written[key][0]]:
                self.town.blame(f"{key} is taken for a message of {row['person']}")
            elif key in self.town.written and (f"reply:{row['id']}", row["chat"]) not in shown:
                self.town.blame(f"not shown: the answer to {key} {row['text']!r}: {reply!r}")
        for row in self.rows("SELECT * FROM outbox WHERE status IN ('queued', 'sending')"):
            self.town.blame(f"not sent: {row['key']} to {row['chat']} ({row['status']}, {row['tries']} tries)")
        for part in self.town.life.parts:
            if part.state != "running":
                self.town.blame(f"{part.name} is {part.state}: {part.problem}")
        self.town.counts["messages"], self.town.counts["rows"] = len(self.town.written), len(rows)
