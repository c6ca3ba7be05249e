"""Undo: what brings back the state before a turn, and the sentences about what cannot be brought back."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from claw.call import ToolCall
from claw.capabilities import holds
from claw.device import Device
from claw.history.account import Account
from claw.history.past import LEAVING_NOTHING, Deed, Past
from claw.history.restore import LISTED, RESTORED, alike, calls_back, items_back, together
from claw.messages.inbox import CUT, Message
from claw.reflex.reading import Context, Request
from claw.store import Store
from claw.turns.deciding import STALE_SECONDS, Deciding
from claw.turns.replies import call_of_it, called, capital, listed, the, wanted
from claw.turns.turn import Turn

SETTLE_SECONDS, MOVE_SECONDS = 10.0, 120.0  # in which a device still reports what a deed changed; one that moves
RECENT_SECONDS = 600.0  # a turn that is older is named when it is taken back
LISTINGS = ("add_item", "remove_item", "tick_item")
Notes = defaultdict[str, list[Device]]  # what cannot be brought back -> where


class Undo:
    """Fills a turn with what takes another one back, and marks that one as undone in the same transaction."""

    def __init__(self, past: Past, history: Store, account: Account, deciding: Deciding) -> None:
        self.past, self.history, self.account, self.deciding = past, history, account, deciding
        self.house, self.clock = deciding.house, deciding.clock

    def take(self, turn: Turn, request: Request, context: Context) -> None:
        """undo {}, {"turn"}, {"several"}, {"thing"} or {"how"}; redo {} or {"again"}."""
        if self.clock.time() - turn.message.at > STALE_SECONDS:
            turn.reply = "You wrote that a while ago, so I left everything as it is. Say it again if you still want it."
        elif "turn" in request.slots:
            self._by_id(turn, str(request.slots["turn"]), context)
        elif request.slots.get("again"):
            self._again(turn, context)
        else:
            self._last(turn, request, context)

    def _last(self, turn: Turn, request: Request, context: Context) -> None:
        """The newest turn, or the newest that did something with a thing and nothing else; which would be next is said."""
        thing, slots = str(request.slots.get("thing", "")), request.slots
        ids = {device.id for device in self.account.find(thing, context, all=True).devices} if thing else set()
        standing = self._standing(turn.message, redo=request.verb == "redo")
        found = (one for one in standing if not thing or ids & self._touched(one))
        target, before = next(found, None), next(found, None) if slots.get("several") else None
        said = self.past.said(target) if target else ""
        if target is None:
            turn.reply = f"There is nothing to {request.verb}{f' with {thing}' if thing else ''}."
        elif thing and not self._touched(target) <= ids:
            turn.reply = f"“{said}” did more than that, so I left it. Say how you want {thing} instead."
        elif slots.get("how"):
            turn.reply = f"Say “undo that” and I take back “{said}”. {self._named(turn.message, target)}".strip()
        else:
            self._back(turn, target, context)
            more = f"One thing at a time: say “undo that” again for “{self.past.said(before)}”." if before else ""
            turn.reply = " ".join(part for part in (turn.reply, self._named(turn.message, target), more) if part)

    def _touched(self, message: Message) -> set[str]:
        return {id for deed in self.past.deeds(message.id) for id in deed.call.targets if deed.happened(id)}

    def _again(self, turn: Turn, context: Context) -> None:
        """Do what was done here last once more; if that was an undo, what it took back."""
        done = (one for one in self.past.here(turn.message) if self.past.deeds(one.id) or self.past.request(one))
        again = {"about": "history", "verb": "redo", "slots": {"again": True}}
        last = next((one for one in done if (one.plan or {}).get("request") != again), None)
        if last and (last.plan or {}).get("undoes"):
            self._last(turn, Request("history", "redo"), context)
        elif last and not self.past.request(last):
            bare = replace(context, question="", choices=0)
            reading = self.deciding.reader.read(last.text, bare) if last.kind == "message" else None
            calls = reading.calls if reading else ()
            self.deciding.judge(turn, calls or [deed.call for deed in self.past.deeds(last.id)])
        else:
            turn.reply = f"Please write “{self.past.said(last)}” again." if last else "I have done nothing here yet."

    def _by_id(self, turn: Turn, id: str, context: Context) -> None:
        target = self.past.message(int(id)) if id.isdecimal() else None
        if target is None:
            turn.reply = "I do not know that any more, so I did nothing."
        elif target.status != "done":
            turn.reply = "That is still under way. Say stop, or undo it when it is done."
        elif self.past.undone(target):
            turn.reply = "That was undone already."
        elif not self._left_something(target):
            turn.reply = "There is nothing to undo."
        else:
            self._back(turn, target, context)

    def _standing(self, message: Message, *, redo: bool = False) -> Iterator[Message]:
        """The turns here that left something and stand, newest first; an undo is taken back by redo only."""
        for one in self.past.here(message):
            undoes = (one.plan or {}).get("undoes")
            fits = self._is_undo(undoes) if redo else not undoes and self._left_something(one)
            if fits and not self.past.undone(one):
                yield one

    def _is_undo(self, undoes: int | None) -> bool:
        """Whether a turn that takes back this one is an undo: it takes back no undo itself."""
        original = self.past.message(undoes) if undoes else None
        return original is not None and not (original.plan or {}).get("undoes")

    def _left_something(self, message: Message) -> bool:
        """Whether a turn changed anything, or put something off that is still waiting."""
        if self.past.request(message) or self._waiting(message):
            return True
        changed = (message.record or {}).get("changed", {})
        return any(
            deed.happened(id) and (id in changed or not self._was_so(deed, id))
            for deed in self.past.deeds(message.id)
            for id in deed.call.targets
            if deed.call.command not in LEAVING_NOTHING
        )

    def _was_so(self, deed: Deed, id: str) -> bool:
        """Whether a deed aimed at what was so already."""
        goal, before = self._goal(deed, id), deed.before.get(id, {})
        same = all(holds(field, value, before.get(field)) for field, value in goal.items())
        return bool(goal) and same and deed.call.command != "play_media"

    def _goal(self, deed: Deed, id: str) -> dict[str, Any]:
        device = self.house.devices.get(id)
        return device.goal(deed.call.command, deed.call.args) if device else {}

    def _named(self, message: Message, target: Message) -> str:
        """Which turn it was, unless it is plain: the one that this person wrote a moment ago."""
        at = max(target.at, target.due)
        if target.kind == "message" and self.clock.time() - at < RECENT_SECONDS and target.chat == message.chat:
            return ""
        return f"That was “{self.past.said(target)}” {self.account.when(at)}."

    # -- composing

    def _back(self, turn: Turn, target: Message, context: Context) -> None:
        """Bring back the state before `target`, as far as the devices allow."""
        original = self.past.message((target.plan or {}).get("undoes") or 0)
        if original and self.past.request(original):
            turn.reply = f"To have “{self.past.said(original)}” again, please write it again."
            return
        turn.undoes, notes = target.id, Notes(list)
        calls = together(self._calls(target, notes))
        said = [self._withdrawn(turn, target, context), self._not_later(turn, target)]
        said += [self._noted(text, devices) for text, devices in notes.items()]
        turn.reply = " ".join(capital(text) for text in said if text)
        self.deciding.judge(turn, calls)
        if not turn.steps and not turn.reply:
            turn.reply = "Everything is as it was before."
        if not turn.asked or any(step.ruling in ("run", "later") for step in turn.steps):
            turn.writes.append(lambda: self._mark(target.id, turn.message.id))

    def _noted(self, text: str, devices: list[Device]) -> str:
        many = len(devices) > 1
        text = text.replace("it is: it was", "they are: they were").replace("it is.", "they are.") if many else text
        return text.replace("{it}", called(self.house, devices)) if devices else text

    def _mark(self, target: int, by: int) -> None:
        self.past.store.write("UPDATE inbox SET record = json_set(record, '$.undone', ?) WHERE id = ?", by, target)

    def _calls(self, target: Message, notes: Notes) -> list[ToolCall]:
        deeds: dict[str, list[Deed]] = defaultdict(list)
        mended = [ToolCall.of(step["call"]) for step in (target.plan or {}).get("steps", ()) if step.get("back")]
        for deed in self.past.deeds(target.id):
            for id in deed.call.targets:
                if deed.happened(id) and deed.call not in mended:  # what it took back itself was a mistake
                    deeds[id].append(deed)
        return [call for id, done in deeds.items() for call in self._at(id, done, target, notes)]

    def _at(self, id: str, deeds: list[Deed], target: Message, notes: Notes) -> list[ToolCall]:
        """What brings one device back; what cannot be is noted."""
        device = self.house.devices.get(id)
        before = next((deed.before[id] for deed in deeds if id in deed.before), None)
        if device is None:
            record = self.house.records.get(id)
            name = record.called if record else "one device"
            notes[f"I could not bring back {the(name)}: it is not there any more."] = []
            return []
        if before is None:
            notes["I do not know how {it} was before, so I left it."].append(device)
            return []
        if any(deed.outcomes[id].outcome == "unknown" for deed in deeds):
            notes["I never learnt whether {it} had done it."].append(device)
        self._note_lost(device, deeds, before, notes)
        if self._changed_since(device, deeds, before, target):
            notes["I left {it} as it is: it was changed since."].append(device)
            return []
        listing = [call for deed in deeds if deed.call.command in LISTINGS for call in items_back(device, before, deed.call)]
        return calls_back(device, before) + listing

    def _note_lost(self, device: Device, deeds: list[Deed], before: Mapping[str, Any], notes: Notes) -> None:
        """What no command brings back: a track, a picture, and what the house has no word for."""
        for deed in deeds:
            command, goal = deed.call.command, self._goal(deed, device.id)
            if command in ("next_track", "previous_track"):
                notes["I cannot bring back the track that was playing on {it}."].append(device)
            elif command == "play_media" and before.get("playback") == "playing":
                title = f"“{before['title']}”" if before.get("title") else "what was playing"
                notes[f"I cannot bring back {title} on {{it}}."].append(device)
            elif command == "snapshot":
                notes["The picture that {it} took is taken; that I cannot undo."].append(device)
            elif command not in LISTINGS and command not in LEAVING_NOTHING and not set(goal) & RESTORED:
                wish = wanted(self.house, ToolCall(command, (device.id,), deed.call.args))
                notes[f"I cannot undo this: {wish}."] = []
            elif command in LISTINGS and not items_back(device, before, deed.call):
                notes["I left {it} as it is."].append(device)

    def _changed_since(self, device: Device, deeds: list[Deed], before: Mapping[str, Any], target: Message) -> bool:
        """Whether somebody changed it after the turn: what it shows is neither what the turn left nor what was before."""
        goal = {field: value for deed in deeds for field, value in self._goal(deed, device.id).items()}
        left = {**before, **(target.record or {}).get("changed", {}).get(device.id, {})}
        sure = all(deed.outcomes[device.id].outcome == "done" for deed in deeds)
        moved = any(deed.outcomes[device.id].moving for deed in deeds)
        ended = max(deed.ended for deed in deeds)
        for field in RESTORED - set(LISTED):
            now = device.state.get(field)
            if now is None or (field in before and alike(field, before[field], now)):
                continue
            if field not in goal:
                if not alike(field, left.get(field), now) and self._later(device.id, field, ended + SETTLE_SECONDS):
                    return True
            elif (
                sure
                and not self._as_told(device, field, goal[field])
                and not self._halted(device.id, target)
                and (not moved or self._later(device.id, field, ended + MOVE_SECONDS))
            ):
                return True
        return False

    def _as_told(self, device: Device, field: str, value: Any) -> bool:
        return holds(field, value, device.state.get(field)) or holds(field, value, device.state.get(f"target_{field}"))

    def _later(self, id: str, field: str, at: float) -> bool:
        """Whether it changed after this moment, as far as that was recorded; what was not recorded counts as later."""
        row = self.history.one("SELECT at FROM changes WHERE device = ? AND field = ? ORDER BY at DESC LIMIT 1", id, field)
        return row is None or row["at"] > at

    def _halted(self, id: str, target: Message) -> bool:
        """Whether we stopped it on its way."""
        since = self.clock.time() + 1
        return any(
            deed.call.command in LEAVING_NOTHING
            for turn in self.past.last_of(id, since) if turn > target.id
            for deed in self.past.deeds(turn) if id in deed.call.targets
        )  # fmt: skip

    # -- what is no state of a device

    def _withdrawn(self, turn: Turn, target: Message, context: Context) -> str:
        """Take back what the turn wanted of the claw itself, through the subject that did it, or say what to write."""
        wish = self.past.request(target)
        if not wish:
            return ""
        request = self._opposite(wish, target)
        if request is None:
            return f"I cannot take back “{self.past.said(target)}” by myself; please write what you want instead."
        turn.reply, own = "", turn.request
        self.deciding.subjects[request.about].take(turn, request, context)
        said, turn.reply, turn.request = turn.reply, "", own
        return said

    def _opposite(self, wish: Request, target: Message) -> Request | None:
        """What takes a wish back; None when nothing does."""
        slots = wish.slots
        if wish.verb in ("pause", "resume"):
            return Request(wish.about, "resume" if wish.verb == "pause" else "pause", slots)
        if wish.verb == "remember":
            return Request(wish.about, "forget", {"words": slots["fact"]})
        if wish.verb == "call":
            return Request(wish.about, "uncall", {"said": slots.get("said") or slots["name"]})
        if wish.verb == "place":
            return Request(wish.about, "place", {"thing": slots["thing"], "area": slots["before"]})
        if wish.verb == "change":
            return Request(wish.about, "change", {"id": slots["id"], "when": slots["was"], "date": True})
        if (wish.about, wish.verb) == ("routines", "delete"):
            return Request(wish.about, "restore", {"ids": [slots.get("id")], **slots})
        row = self.past.store.one(
            "SELECT id FROM routines WHERE made >= ? AND chat = ? AND said = ? ORDER BY id LIMIT 1",
            target.at, target.place, slots.get("said") or slots.get("say") or slots.get("do"),
        )  # fmt: skip
        return Request(wish.about, "delete", {"id": row["id"]}) if row and wish.verb == "make" else None

    def _waiting(self, target: Message) -> list[Message]:
        """What the turn put off and what has not begun."""
        return [row for row in self.past.inbox.waiting("later:") if row.key.endswith(f"{CUT}{target.key}")]

    def _not_later(self, turn: Turn, target: Message) -> str:
        """Drop what the turn put off."""
        rows = self._waiting(target)
        for row in rows:
            turn.writes.append(partial(self.past.inbox.forget, row.key))
        ids = [row.key.removeprefix("later:").split(CUT)[0] for row in rows]
        names = [call_of_it(self.house, self.house.devices[id]) for id in ids if id in self.house.devices]
        return f"what waited for {listed(names)} is dropped." if names else "it will not be done later." if rows else ""
