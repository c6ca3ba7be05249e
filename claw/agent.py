"""One turn: a message in, deeds through the one road, a reply out. Chats run side by side, each in order."""

import asyncio
import itertools
import json
import logging
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from claw.call import ToolCall, digest_of
from claw.clock import Clock
from claw.config import Config
from claw.events import Events
from claw.history.talk import HistoryTalk
from claw.hosting.secrets import redact
from claw.house import DeviceAdded, House
from claw.learning.learning import Learning
from claw.media import kept
from claw.memory.calling import Calling, Thing
from claw.memory.pages import Memory
from claw.memory.talk import MemoryTalk
from claw.messages.asks import Asks
from claw.messages.inbox import Answered, Arrived, Inbox, Message, Thinking, lane
from claw.messages.ledger import Ledger
from claw.messages.outbox import GROUP, Outbox, Types
from claw.messages.questions import APPROVAL_SECONDS, Questions
from claw.mind.costs import Budget, Costs, Prices
from claw.mind.doing import Doing
from claw.mind.fallback import Fallback
from claw.mind.loop import Mind
from claw.mind.veil import Veil, each
from claw.names import fold
from claw.people.people import NOBODY, ONE_WAY, People, Person
from claw.people.talk import PeopleTalk
from claw.policy import DAY, Policy, raised
from claw.reflex.alias import STOP
from claw.reflex.reader import Reader
from claw.reflex.reading import Context, Request
from claw.roles import ADULTS
from claw.routines.routines import Routines
from claw.routines.talk import RoutineTalk
from claw.speech.recogniser import Recogniser
from claw.store import Store
from claw.store import history as open_history
from claw.supervise import attempt, cancel
from claw.turns.acting import LATE, STOPPED, UNSEEN, Acting, Outcome
from claw.turns.aftermath import Aftermath
from claw.turns.closing import Closing, private, told_nothing
from claw.turns.deciding import STALE_ASK_SECONDS, STALE_SECONDS, Deciding
from claw.turns.listening import Listening
from claw.turns.replies import called, told
from claw.turns.turn import KEPT, Step, Turn, outcome_of

log = logging.getLogger("claw.agent")
SETTLE_SECONDS = 10.0  # how long what a crash left open waits for known devices that discovery has not found again yet
TYPING_SECONDS = 4.0  # how often a bridge is told to show that an answer is on its way
FRESH_SECONDS = 3.0  # and what arrives later
INTERRUPTED = "I was interrupted while I thought about that. Please say it again."
EVENTS = {"done": "confirmed", "failed": "failed", "unknown": "unknown", "refused": "refused", "declined": "declined"}


class Agent:
    """Reads messages, judges and runs their calls, and answers. Owns inbox, ledger, outbox and questions."""

    def __init__(self, house: House, store: Store, events: Events, clock: Clock, config: Config, reader: Reader, *,
                 history: Store | None = None, data: Path | None = None) -> None:  # fmt: skip
        """`history`: history.db; `data`: the data folder, for pages and routines. Without them nothing of that is kept."""
        self.house, self.store, self.events, self.clock, self.config, self.reader = house, store, events, clock, config, reader
        self.inbox, self.ledger, self.outbox = Inbox(store, events, clock), Ledger(store, clock), Outbox(store, clock)
        self.questions, self.people = Questions(store, clock), People(store, clock)
        self.policy = Policy(
            house, clock, raised(config.safety.confirm, config.safety.forbid), self._who,
            {name: raised(role.confirm, role.forbid) for name, role in config.roles.items()},
        )  # fmt: skip
        self._recall()
        self.acting = Acting(house, self.policy, clock)
        self.asks = Asks(self.questions, self.outbox, events, bridge="terminal", chat="terminal")
        self.asks.reach = lambda person: self.people.addresses(person) if person else self.people.approvers(ADULTS)
        self.deciding = Deciding(
            house, store, clock, config, reader, self.policy, self.inbox, self.questions, self.asks, self.approves
        )  # fmt: skip
        self.owners = self.asks.owners  # where what is said unasked goes
        self.history = history or open_history(None)
        self.routines = Routines(store, self.inbox, events, clock, config, data and data / "routines")
        self.deciding.said = self.routines.said
        talk = MemoryTalk(Memory(self.history, clock, data and data / "pages"), self.deciding)
        talk.people = self.people.ids
        self.learning = Learning(talk, self.deciding, data and data / "learnt.npz")
        self.deciding.examples, self.deciding.learn = self.learning.meanings, self.learning.teaching.learn
        self.deciding.subjects.update(
            routines=RoutineTalk(self.routines, self.deciding, clock, self.asks.places),
            memory=talk,
            learning=self.learning.teaching,
            history=HistoryTalk(self.ledger, self.inbox, self.history, self.deciding, self.people.name),
        )
        self.people_talk = self.deciding.subjects["people"] = PeopleTalk(self.people, self.deciding, self.routines)
        reader.people = lambda: [name for one in self.people.all() for name in (one.name, one.id)]
        self.aftermath = Aftermath(house, self.policy, self.inbox, self.ledger, clock, self.tell)
        self.closing = Closing(house, self.inbox, clock)
        recogniser = Recogniser(clock, model=config.voice.model)
        self.listening = Listening(self.inbox, self.policy.role, recogniser, config.house.language)
        self.mind: Mind | None = None
        self._thinking: dict[int, tuple[str, int]] = {}  # message that holds up no chat -> its place, and whose thought has it
        self._thoughts = set[asyncio.Task[None]]()
        self._chats: dict[str, asyncio.Task[None]] = {}
        self._turns: dict[int, Turn] = {}  # by message
        self._stops: dict[str, int] = {}  # place -> the last message that said stop
        self._wake = asyncio.Event()
        self._count = itertools.count(1)
        self.beat = clock.monotonic()

    def _who(self, id: str) -> Person | None:
        """The person with this id, within the rooms of their role where they have no limits of their own."""
        one = self.people.get(id)
        role = self.config.roles.get(one.role) if one else None  # type: ignore[call-overload]
        return replace(one, areas=role.areas) if one and role and not (one.areas or one.kinds) else one

    def _recall(self) -> None:
        """Let the policy know what was set in motion shortly before a restart."""
        now, offset = self.clock.time(), self.clock.monotonic() - self.clock.time()
        for row in self.ledger.begun_since(now - DAY):
            for id in row["targets"]:
                kind = self.house.records[id].kind if id in self.house.records else ""
                self.policy.recall(id, kind, row["command"], row["args"], row["at"] + offset)

    # -- the worker

    async def run(self) -> None:
        """Go on with what a crash left open, then answer what arrives, until cancelled."""
        added = self.events.subscribe(DeviceAdded, lambda _: self._wake.set())
        subscribed = self.events.subscribe(Arrived, self._arrived), added
        left = self.inbox.open()
        began = self.clock.monotonic()
        self._stops = {message.place: message.id for message in left if _stops(message)}
        settled = False
        try:
            while True:
                self.beat = self.clock.monotonic()
                self._wake.clear()
                due = 0.0 if settled else began - self.beat + self._patience(left)
                if due <= 0 or not self.house.missing():
                    self.house.give_up()
                    settled, due = True, self._dispatch()
                await self.clock.until(self._wake, min(10.0, due))
        finally:
            for unsubscribe in subscribed:
                unsubscribe()
            await cancel(*self._chats.values(), *self._thoughts)
            await self.aftermath.close()
            await self.listening.close()

    def _patience(self, left: Sequence[Message]) -> float:
        """How long known devices may take to be found again after a start (seconds): nobody stands by a routine."""
        return SETTLE_SECONDS if left or any(one.kind == "routine" for one in self.inbox.open()) else FRESH_SECONDS

    def _arrived(self, event: Arrived) -> None:
        if _stops(event.message):
            self._stops[event.message.place] = event.message.id
            for turn in self._turns.values():
                turn.stopped = turn.stopped or turn.message.place == event.message.place
            if self.mind and self.mind.halt(event.message.place):
                self.deciding.answering.halted.add(event.message.id)
        self._wake.set()

    def _dispatch(self) -> float:
        """Start a task for every chat with something due; returns the seconds until the next thing is due."""
        for chat in self.inbox.chats():
            if chat not in self._chats:
                task = self._chats[chat] = asyncio.create_task(self._drain(chat))
                task.add_done_callback(lambda _, chat=chat: self._chats.pop(chat, None))  # type: ignore[misc]
        soonest = self.inbox.soonest()
        return 3600.0 if soonest is None else max(0.05, soonest - self.clock.time())

    async def _drain(self, chat: str) -> None:
        """Answer the due messages of one chat in order."""
        while message := self.inbox.next(chat, self._thinking):
            error = await attempt(self.handle(message, alone=False), f"turn {message.id}")
            await asyncio.sleep(0)  # a turn that waits for no device must not hold up the others
            if isinstance(error, sqlite3.OperationalError):
                await self._end_unwritten()
                await self.clock.sleep(30)  # a full or read-only disk: the message stays and is tried again
            elif error is not None:
                await self._give_up(self.inbox.get(message.id), error)

    async def _end_unwritten(self) -> None:
        """What ran for as long as it may is turned off though nothing can be written; the ledger has it once there is room."""
        for lease in self.inbox.waiting("lease:"):
            if lease.due <= self.clock.time():
                await attempt(self.acting.run(ToolCall.of(json.loads(lease.text)), approved=True), lease.key)

    async def _give_up(self, message: Message, error: Exception) -> None:
        """End a turn that failed inside of us, so that it does not come back for ever; what it did is told."""
        wrong = f"Something in me went wrong ({type(error).__name__}), so I stopped there."
        if message.plan is not None:
            turn = self._resume(message)
            turn.reply = f"{turn.reply} {wrong}".strip()
            error_again = await attempt(self._break_off(turn), f"end of turn {message.id}")
            if error_again is None or isinstance(error_again, sqlite3.OperationalError):
                return
        self._finish(Turn(message, self.house.snapshot(), reply=wrong))

    async def _break_off(self, turn: Turn) -> None:
        """End the calls that have no end as unknown, and the turn."""
        for number, step in enumerate(turn.steps):
            if step.ruling == "run" and not self._ended(turn, number, step):
                step.outcomes = dict.fromkeys(step.call.targets, UNSEEN)
                self._end(turn, number, step)
        self._finish(turn)

    # -- one turn

    async def say(
        self, text: str, *, chat: str = "terminal", person: str = "owner", area: str = "", language: str = ""
    ) -> dict[str, Any]:
        """Put a message in and answer it here and now; for callers that run no worker. Returns the record of the turn."""
        key = f"say:{chat}:{self.clock.time()}:{next(self._count)}"
        message = self.inbox.put(text, key=key, bridge="terminal", chat=chat, person=person)
        assert message is not None
        return await self.handle(message, area=area, language=language)

    async def ask_for(self, request: Request, *, bridge: str = "terminal", chat: str = "terminal") -> dict[str, Any]:
        """Put a request in that a door made, and wait for the record of its turn; needs the worker."""
        text, key = json.dumps(request.plain()), f"request:{self.clock.time()}:{next(self._count)}"
        message = self.inbox.put(text, key=key, bridge=bridge, chat=lane(chat, "requests"), kind="request")
        assert message is not None
        return (await self.inbox.answered(message)).record

    async def handle(self, message: Message, *, area: str = "", language: str = "", alone: bool = True) -> dict[str, Any]:
        """Answer one message and return its record; going on where a crash interrupted it.

        alone: wait for the mind, too; else a turn that it has to think about goes on by itself, and the record is empty.
        """
        message = await self.listening.listen(message)
        turn = self._resume(message) if message.plan is not None else self._begin(message, area, language)
        stop = self._stops.get(message.place, 0)
        turn.stopped = stop > message.id and self.inbox.get(stop).status != "done"
        self._turns[message.id] = turn
        try:
            await self._perform(turn)
            self._ask_anew(turn)
            if self.mind is None or not turn.unread or turn.level == "mind" or turn.role == NOBODY:
                return self._finish(turn)
            turn.redo = False
            if alone:
                return await self._think(self.mind, turn)
        finally:
            self._turns.pop(message.id, None)
        self._think_beside(self.mind, turn)
        return {}

    # -- turns of the mind

    def _veil(self) -> Veil:
        """Aliases for all that has a name of its own here."""
        records = self.house.records.values()
        people, rooms = [one.name for one in self.people.all()], [area.name for area in self.house.areas.values()]
        return Veil(people, rooms, [name for one in records for name in (one.called, *one.aliases)])

    def think_with(self, models: Fallback, budget: Budget, prices: Mapping[str, Prices], media: Path | None = None,
                   *, images: bool = True, aliases: bool = False) -> None:  # fmt: skip
        """From now on what the reflex does not understand goes to these models.

        media: where pictures for replies are kept. images: whether a model can look at them. aliases: it is told no names.
        """
        self.deciding.thinks = True
        costs = Costs(self.history, self.clock, budget, prices)
        memory = self.deciding.subjects["memory"]
        assert isinstance(memory, MemoryTalk)
        doing = Doing(self.house, self.reader.names, self.deciding, memory)
        self.mind = Mind(models, self.house, self.reader.names, self.deciding, doing, self.inbox, costs, self.clock)
        self.mind.picture = lambda id: self.acting.pictures.pop(id, None)
        self.mind.keep, self.mind.opening.images = partial(kept, media), images
        self.mind.hidden = lambda data: each(data, lambda text: self.people.codes.dotted(redact(text)))
        if aliases:
            self.mind.veil = self._veil

    async def _think(self, mind: Mind, turn: Turn) -> dict[str, Any]:
        """Let the mind answer, and then what came meanwhile and no model has seen."""
        record, left = await self._talk(mind, turn, [])
        while left:
            _, left = await self._talk(mind, left[0], left[1:], turn.message.id)
        return record

    async def _talk(self, mind: Mind, turn: Turn, waiting: list[Turn], lead: int = 0) -> tuple[dict[str, Any], list[Turn]]:
        """One talk; the turn ends together with those that were shown meanwhile. Gives its record, and those that were not."""
        self._turns[turn.message.id] = turn
        try:
            shown, left = await mind.answer(turn, self._carry_out, waiting, lead)
        finally:
            self._turns.pop(turn.message.id, None)
        if mind.clean(turn.message) and not shown:
            self.learning.teaching.understood(turn)
        self._commit(turn)
        record = self._finish(turn)
        for other in shown:
            other.level, other.reply = "mind", ""
            self._finish(other)
        return record, left

    def _think_beside(self, mind: Mind, turn: Turn) -> None:
        """Think without holding up the chat; what nobody understands there meanwhile is shown to the running talk."""
        lead = mind.show(turn)
        self._thinking[turn.message.id] = turn.message.place, lead or turn.message.id
        self.events.publish(Thinking(turn.message.place))
        if not lead:
            self._thoughts.add(task := asyncio.create_task(self._thought(mind, turn)))
            task.add_done_callback(self._thoughts.discard)

    def thinks(self, place: str) -> bool:
        """Whether the mind thinks about something in this place now."""
        return any(chat == place for chat, _ in self._thinking.values())

    async def _thought(self, mind: Mind, turn: Turn) -> None:
        typing = asyncio.create_task(self._type(turn.message))
        try:
            error = await attempt(self._think(mind, turn), f"turn {turn.message.id}")
        finally:
            await cancel(typing)
        if isinstance(error, sqlite3.OperationalError):
            await self.clock.sleep(30)  # a full disk: it stays and is tried again
        elif error is not None and (message := self.inbox.get(turn.message.id)).status != "done":
            await self._give_up(message, error)
        self._thinking = {id: one for id, one in self._thinking.items() if one[1] != turn.message.id}
        self.events.publish(Thinking(turn.message.place))
        self._wake.set()

    async def _type(self, message: Message) -> None:
        """Show that an answer is on its way, until cancelled."""
        way = self.outbox.bridge(message.bridge)
        while isinstance(way, Types):
            await attempt(way.typing(message.place), "typing")
            await self.clock.sleep(TYPING_SECONDS)

    def _ask_anew(self, turn: Turn) -> None:
        """After a crash in a talk: ask what it had not asked yet, and leave nobody without an answer."""
        if not turn.redo or turn.level != "mind" or turn.asked:
            return
        turn.kept = len(turn.steps)
        asked = [step.call for step in turn.steps if step.ruling == "asked" and set(step.call.targets) <= set(self.house.devices)]
        if asked and self.clock.time() - turn.message.at <= STALE_SECONDS:
            self.deciding.put_asked(turn, asked, by="owner")  # whether words of others were in it is not known any more
            self._commit(turn)
        elif not turn.reply and all(step.ruling == "asked" for step in turn.steps):
            turn.reply = INTERRUPTED

    async def _carry_out(self, turn: Turn) -> None:
        """Commit what is new in a turn, then do it."""
        self._commit(turn)
        await self._perform(turn)

    def _resume(self, message: Message) -> Turn:
        plan = message.plan or {}
        steps = [
            Step(
                ToolCall.of(step["call"]),
                step["ruling"],
                step["reason"],
                step.get("approved", False),
                back=step.get("back", False),
            )
            for step in plan["steps"]
        ]
        rest = {key: plan[key] for key in KEPT if key in plan}
        role = self.policy.role(message.person)
        return Turn(message, self.house.snapshot(), role=role, steps=steps, redo=True, **rest)

    def _begin(self, message: Message, area: str, language: str) -> Turn:
        """Read and judge; what will be done is committed before any of it is."""
        turn = Turn(message, self.house.snapshot())
        self.deciding.begin(turn, area, language)
        self._commit(turn)
        return turn

    def _commit(self, turn: Turn) -> None:
        """Keep the plan of a turn, and in the ledger what is new in it."""
        if turn.kept == len(turn.steps) and not turn.writes:
            return
        with self.store.transaction():
            for write in turn.writes:
                write()
            self.inbox.begin(turn.message.id, turn.plan())
            for number, step in list(enumerate(turn.steps))[turn.kept :]:
                event = {"run": "intended", "refused": "refused", "declined": "declined"}.get(step.ruling)
                if event:
                    before = {id: turn.before[id] for id in step.call.targets if id in turn.before}
                    self.ledger.append(turn.message.id, number, event, step.call, {"reason": step.reason, "before": before})
                if step.ruling == "run":
                    self.aftermath.intend(turn, step)
        turn.kept, turn.writes = len(turn.steps), []

    def explain(self, text: str, chat: str = "terminal") -> dict[str, Any]:
        """What a message would be read as and how it would be ruled; nothing is kept or done."""
        return self.deciding.explain(text, chat)

    # -- deeds

    async def _perform(self, turn: Turn) -> None:
        """Run the steps in order, each ended in the ledger; a stop skips those that have not begun."""
        redo = turn.redo  # only the first call without an end can have begun before the crash
        for number, step in enumerate(turn.steps):
            if step.ruling != "run" or step.outcomes:
                continue
            if turn.redo and self._ended(turn, number, step):
                continue
            began = time.perf_counter()
            off = STOPPED if turn.stopped else LATE if turn.redo and self._too_late(turn.message, step) else None
            if off and not redo:
                step.outcomes = dict.fromkeys(step.call.targets, off)
            elif off:
                step.outcomes = await self.acting.look(step.call, off)
            else:
                early = partial(self._tell_early, turn, number)
                step.outcomes = await self.acting.run(
                    step.call, redo=redo, anew=turn.redo, approved=step.approved, early=early
                )  # fmt: skip
            redo, step.ms = False, (time.perf_counter() - began) * 1000
            with self.store.transaction():
                self._end(turn, number, step)
                self.aftermath.lease(turn, step)
            self.aftermath.follow(turn, step)

    def _too_late(self, message: Message, step: Step) -> bool:
        """Whether what a crash interrupted is too old to be done now; a lease never is."""
        age = self.clock.time() - max(message.at, message.due)
        limit = APPROVAL_SECONDS if step.approved else STALE_SECONDS
        return not message.key.startswith("lease:") and not -limit <= age <= limit

    def _ended(self, turn: Turn, number: int, step: Step) -> bool:
        """Whether the call has an end in the ledger, whose outcomes it then takes."""
        ended = self.ledger.end_of(turn.message.id, number)
        if ended:
            step.outcomes = {id: Outcome(**one) for id, one in ended["detail"]["devices"].items()}
        return ended is not None

    def _end(self, turn: Turn, number: int, step: Step) -> None:
        detail = {"devices": {id: vars(outcome) for id, outcome in step.outcomes.items()}}
        self.ledger.append(turn.message.id, number, EVENTS[outcome_of(step)], step.call, detail)

    def _tell_early(self, turn: Turn, number: int, outcomes: Mapping[str, Outcome]) -> None:
        """Some devices are slow: say what the others did."""
        call = turn.steps[number].call
        slow = [self.house.devices[id] for id in call.targets if id not in outcomes and id in self.house.devices]
        text = f"{told(self.house, call, outcomes)} I am still waiting for {called(self.house, slow)}."
        self.tell(text, turn.message, f"early:{turn.message.id}:{number}")

    def tell(self, text: str, to: Message | None = None, key: str = "", *, urgent: bool = False) -> None:
        """Say something unasked: in the chat of a message, else to the owner: on the page, and what is urgent everywhere.

        In the quiet hours of whoever reads there it waits for their end, unless it is urgent or belongs to a message.
        """
        key = f"tell:{key or f'{self.clock.time()}:{next(self._count)}'}"
        places = [(to.bridge, to.place)] if to else self.asks.places()
        places = places if urgent else self.people.firsts(places, self.outbox.bridge)
        for number, (bridge, chat) in enumerate(places):
            own = f"{key}:{bridge}:{chat}" if number else key
            wait = 0.0 if to or urgent else self.people.quiet(self.people.at(bridge, chat) or "owner")
            if not wait:
                self.outbox.put(text, key=own, bridge=bridge, chat=chat)
            else:
                held, due = json.dumps({"text": text}), self.clock.time() + wait
                reader = self.people.at(bridge, chat) or "owner"  # who was removed by then is not told
                self.inbox.put(held, key=own, bridge=bridge, chat=lane(chat, "quiet"), person=reader, kind="tell", due=due)

    def propose(self, request: Request, text: str) -> None:
        """Ask the owner, unasked, to approve a request; a yes hands it to its subject's `grant`."""
        data = request.plain()
        key, places = f"propose:{self.clock.time()}:{next(self._count)}", self.asks.where("owner", self.approves)
        with self.store.transaction():
            self.asks.approval(text, data, hash=digest_of(data), seconds=STALE_ASK_SECONDS, key=key, places=places)

    def refused(self, thing: Thing, name: str) -> str:
        """Why a room or device cannot be called so; empty when it can."""
        return Calling(self.house, self.reader).refused(thing, name, Context(scenes=self.config.sentences()))

    def called(self, person: str) -> str:
        """What the person with this id is called."""
        known = self.people.get(person)
        return known.name if known else ""

    def approves(self, bridge: str) -> bool:
        """Whether a yes counts that comes by this bridge."""
        way = self.outbox.bridge(bridge)
        return not bridge.endswith(GROUP) and bridge not in ONE_WAY and (way is None or way.approves)

    # -- the end of a turn

    def _finish(self, turn: Turn) -> dict[str, Any]:
        """Compose the reply from the outcomes, and commit it together with the end of the turn."""
        message, record = turn.message, self.closing.record(turn)
        reply = record["reply"] = redact(record["reply"])
        with self.store.transaction():
            if reply and not told_nothing(turn):
                question = self.questions.asked_by(reply, message.place) if turn.choices else None
                self.outbox.put(
                    reply, key=f"reply:{message.id}", bridge=message.bridge, chat=message.place, choices=turn.choices,
                    question=question, image=turn.image,
                )  # fmt: skip
            self.outbox.settle(f"{self.clock.now():%H:%M}", self.called)
            self.inbox.finish(message.id, record)
            if private(turn):
                self.inbox.hide(message.id)
        self.events.publish(Answered(message, record, turn.before))
        return record


def _stops(message: Message) -> bool:
    return message.kind == "message" and " ".join(fold(message.text)) in STOP
