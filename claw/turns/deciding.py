"""From a message to ruled steps: read it, ask the policy, and keep what must be asked. Nothing is done here."""

import contextlib
import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from claw.call import ToolCall, digest, digest_of
from claw.clock import Clock
from claw.config import Config
from claw.discovery.found import clean
from claw.hosting.secrets import redact
from claw.house import House
from claw.messages.asks import Asks
from claw.messages.inbox import Inbox, Message
from claw.messages.questions import APPROVAL_SECONDS, Questions
from claw.moments import span_words
from claw.people.people import NOBODY, Person
from claw.policy import Policy
from claw.reflex import memories
from claw.reflex.deeds import LISTING
from claw.reflex.explained import nothing_else, road
from claw.reflex.reader import Reader
from claw.reflex.reading import Context, Option, Reading, Request, Topic
from claw.roles import ADULTS, NONE, OWN, sight
from claw.store import Store
from claw.turns.answering import Answering, wish_of
from claw.turns.continuing import AGREES, ASKS, REFUSES, completed, instead
from claw.turns.keeping import KEEP, scene
from claw.turns.replies import call_of_it, called, capital, listed, wanted
from claw.turns.topics import Topics
from claw.turns.turn import Step, Subject, Turn, later

SWITCHES = frozenset({"turn_on", "turn_off", "set_mode"})  # what may be put off, and what replaces it
STALE_SECONDS, STALE_ASK_SECONDS = 600.0, 12 * 3600.0
LONGEST_TEXT = 4000
ONE_BY_ONE = "For a while I do only what needs no yes, so I did nothing. Please write the two wishes one by one."
SCRAP = re.compile(r"(?:please )?(?:cancel|scrap|drop|delete|forget)(?: about)? (?:the |that |my )?(.+?)[ .!]*", re.IGNORECASE)
NOT_UNDERSTOOD = "I did not understand that."
NO_LONGER = "You may not use this house any more."
NOT_YOURS = "That is for the people who live here."
YOURS_ONLY = "I can only tell you what you did yourself."
BY_AN_ADULT = "Only an adult can say yes to that; I asked."
BY_THE_OWNER = "Others had a say in that, so only the owner can say yes; I asked."
IN_PRIVATE = "Others read this chat, so I asked you in our own: please say yes or no there."
ELSEWHERE = "This connection could be overheard, so please say yes or no in the terminal (`claw chat`)."


class Deciding:
    """Turns a message into steps: run, refused, asked, declined, later; and into the writes that go with them."""

    def __init__(self, house: House, store: Store, clock: Clock, config: Config, reader: Reader, policy: Policy,
                 inbox: Inbox, questions: Questions, asks: Asks, approves: Callable[[str], bool]) -> None:  # fmt: skip
        """`approves`: whether a yes counts that comes by this bridge."""
        self.house, self.store, self.clock, self.config, self.reader = house, store, clock, config, reader
        self.policy, self.inbox, self.questions, self.asks = policy, inbox, questions, asks
        self.approves = approves
        self.subjects: dict[str, Subject] = {}
        self.said: Callable[[], dict[str, list[str]]] = dict  # what to do when somebody says this: words -> sentences
        self.examples: Callable[[], Mapping[str, str]] = dict  # of this house: alias.key of what is said -> what is meant
        self.thinks = False  # whether a mind answers what is not understood
        self.learn: Callable[[Turn, Reading | None, str, Context], None] = lambda *_: None  # is shown what was read
        self.topics = Topics(clock)
        self.answering = Answering(house, inbox, questions, asks, self.judge, self.subjects, approves)

    def begin(self, turn: Turn, area: str, language: str) -> None:
        """Fill the turn's steps, reply and writes; nothing for whoever was removed, or whose time is over, but a lease ends."""
        kind, turn.role = turn.message.kind, self.policy.role(turn.message.person)
        if turn.role == NOBODY and not _is_lease(turn.message):
            turn.reply = NO_LONGER if kind in ("message", "touch", "answer") else ""
            return
        if kind == "message":
            with self.in_sight(turn.message.person):
                self.read(turn, area, language)
            return
        data = json.loads(turn.message.text)
        if kind == "call":
            self._due(turn, data)
        elif kind == "tell":
            turn.reply = str(data["text"])
        elif kind == "touch":
            self._act(turn, [ToolCall.of(data)])
        elif kind == "answer":
            self.answering.answer(turn, int(data["question"]), str(data["text"]))
            self.topics.keep(turn, Reading("alias", control="answer"), "")
        else:
            self._hand(turn, Request.of(data), self.context(turn.message, area, language))

    @contextlib.contextmanager
    def in_sight(self, person: str) -> Iterator[None]:
        """For whoever may use some rooms or kinds only, the house has only those: in names, answers and choices."""
        house, mine = self.house, self.policy.sight(person)
        if mine is None:
            yield
            return
        whole, version = house.devices, house.version
        house.devices, house.version = mine, hash((version, *mine))  # another house to the names; no `await` comes in between
        try:
            yield
        finally:
            house.devices, house.version = whole, version

    def _hand(self, turn: Turn, request: Request, context: Context) -> None:
        """A request to its subject, unless it asks for what this person may not see."""
        if hidden := self.hidden(turn.message.person, request):
            turn.reply, turn.request = hidden, None
        else:
            self.subjects[request.about].take(turn, request, context)

    def hidden(self, person: str, request: Request) -> str:
        """Why this person is not told; empty when they are."""
        what = {"memory": "memory", "history": "ledger"}.get(request.about)
        if what is None or request.verb in ("reminder", "undo", "redo"):
            return ""
        seen = sight(self.policy.who(person), what)
        return NOT_YOURS if seen == NONE else YOURS_ONLY if seen == OWN and request.verb == "why" else ""

    def _due(self, turn: Turn, row: dict[str, Any]) -> None:
        """What the claw told itself to do; a lease ends in any case, the rest is asked about when it is late or needs a yes."""
        call, lease = ToolCall.of(row), _is_lease(turn.message)
        if turn.message.key.startswith("later:") and self.clock.time() - turn.message.due > STALE_SECONDS:
            self.late(turn, [call], f"I should have done this {self._ago(turn.message.due)} ago")
        else:
            self.judge(turn, [call], approved=lease or row.get("approved", False))

    def read(self, turn: Turn, area: str, language: str) -> None:
        text = clean(turn.message.text, LONGEST_TEXT + 1)
        if not text:
            turn.reply = without_words(turn.message)
            turn.unread = bool((turn.message.extra or {}).get("images"))
        elif max(len(text), len(turn.message.text)) > LONGEST_TEXT:
            turn.reply = f"That is too long for me: at most {LONGEST_TEXT} characters, please."
        else:
            context = self.context(turn.message, area, language)
            text = text if self.asks.takes(text, turn.message.place) else redact(text)
            if kept := KEEP.match(text) and scene(text, self.inbox.last_lasting(turn.message), self.house, turn.message.at):
                text = kept
            reading = self.reader.read(text, context) or self._late_word(text, context)
            turn.read_ms = (time.perf_counter() - turn.began) * 1000
            pictures = self.thinks and bool((turn.message.extra or {}).get("images"))
            if self._answers_mind(turn, reading) or (pictures and reading and _only_told(reading)):
                turn.unread, turn.reply = True, NOT_UNDERSTOOD
            elif turn.message.spoken or not self._answers_ask(turn, text, reading):
                text, reading = self._with_question(turn, text, reading, context)
                self._take(turn, reading, text, context)
                self._ask_more(turn, text, reading)
                self.learn(turn, reading, text, context)
                self.topics.keep(turn, reading, text)

    def _answers_mind(self, turn: Turn, reading: Reading | None) -> bool:
        """Whether a yes, no or number answers what the mind asked last in this chat: it is read there, and approves nothing."""
        asked = [one for one in self.questions.open(turn.message.place) if one.at <= turn.message.at]
        if not (self.thinks and asked and asked[-1].kind == "mind"):
            return False
        turn.writes.append(partial(self.questions.close, asked[-1].id, "answered", ""))
        return bool(reading and reading.control and reading.control != "stop")

    def _late_word(self, text: str, context: Context) -> Reading | None:
        """A yes with nothing open, or a number or a yes when several questions are: no answer to the last one."""
        for question in ("approval", "which"):
            if question != context.question and (word := self.reader.alias.read(text, replace(context, question=question))):
                return word if word.control else None
        return None

    def _with_question(self, turn: Turn, text: str, reading: Reading | None, context: Context) -> tuple[str, Reading | None]:
        """What the message means beside an open question: the words missing in a wish, or a yes or no with more behind it."""
        last = next((one for one in reversed(self.questions.open(turn.message.place)) if one.kind != "list"), None)
        if last is None or last.at > turn.message.at or (reading and reading.control):
            return text, reading
        if last.kind == "more" and (found := completed(self.reader, str(last.data), text, reading, context)):
            turn.writes.append(partial(self.questions.close, last.id, "answered", ""))
            return found
        if context.question == "approval" and AGREES.match(text):
            return text, Reading("alias", reply=self._please_answer(turn))
        if context.question in ("approval", "which") and (no := REFUSES.match(text)):
            after = instead(self.reader, text[no.end() :], context, planned=isinstance(last.data, dict))
            if after is None:
                return text, Reading("alias", control="no")
            if not after.control:
                self.answering.take(turn, "no")
            return text, after
        return text, reading

    def _ask_more(self, turn: Turn, text: str, reading: Reading | None) -> None:
        """Keep the sentence that was answered by a question: the next words may be what it lacks."""
        if reading and not reading.control and not turn.steps and not turn.asked and ASKS.match(turn.reply):
            turn.request = None  # nothing of it was done
            turn.writes.append(lambda: self.questions.put(turn.message.place, "more", turn.reply, text))

    def _please_answer(self, turn: Turn) -> str:
        """The open approval once more; empty when there is none."""
        asked = [one for one in self.questions.open(turn.message.place) if one.kind == "approval"]
        return f"Please answer yes or no: {wish_of(asked[-1])}?" if asked else ""

    def context(self, message: Message, area: str = "", language: str = "") -> Context:
        """What the reader may know: the last open question of this chat decides what a bare "yes" or "2" means."""
        open_ones = self.questions.open(message.place)
        lists = [one for one in open_ones if one.kind == "list"]
        asked = [one for one in open_ones if one.kind not in ("list", "more", "mind")]
        last = asked[-1] if asked else None
        approvals = [one for one in asked if one.kind == "approval"]
        kind = {"ask": "pair"}.get(last.kind, last.kind) if last else ""
        numbered = last if last and last.kind == "which" else lists[-1] if lists else None
        choices = len(numbered.data) if numbered else len(asked) if approvals and len(asked) > 1 else 0
        return Context(
            chat=message.chat, person=message.person, area=area, language=language or self.config.house.language, question=kind,
            choices=choices, scenes={**self.said(), **self.config.sentences()},
            examples=self.examples() if message.kind == "message" else {},
            topic=self.topics.of(message) if message.kind == "message" else Topic(), extra={
                **({"labels": [option["label"] for option in last.data]} if last and last.kind == "which" else {}),
                **({"refused": True} if self.topics.doubted(message) else {}),
            },
        )  # fmt: skip

    def _answers_ask(self, turn: Turn, text: str, reading: Reading | None) -> bool:
        """Whether the message is the answer that a skill waits for; commands and questions go their own way."""
        control = reading.control if reading else ""
        if (
            reading
            and not reading.unknown
            and not control
            and not _small_talk(reading)
            and not self.asks.claims(text, turn.message.place)
        ):
            return False
        others = {one.kind for one in self.questions.open(turn.message.place)} - {"ask", "more", "mind"}
        if control == "stop" or (control and others - (set() if control.startswith("pick:") else {"list"})):
            return False
        said = self.asks.answer(text) if self.asks.takes(text, turn.message.place) else ""
        if not said:
            return False
        turn.level, turn.reply, turn.secret = "alias", said, True
        turn.writes.append(lambda: self.inbox.hide(turn.message.id))
        return True

    def _take(self, turn: Turn, reading: Reading | None, text: str, context: Context) -> None:
        if reading is None:
            turn.reply = f"{self._not_understood(text, context)} {self._please_answer(turn)}".strip()
            said, writes = turn.reply, len(turn.writes)
            if scrap := SCRAP.fullmatch(text):
                self.subjects["routines"].take(turn, Request("routines", "scrap", {"words": scrap[1]}), context)
            elif request := memories.question(text):
                self.subjects["memory"].take(turn, request, context)
            turn.unread = turn.reply == said and not (turn.steps or turn.writes[writes:] or turn.asked)
            return
        turn.level, turn.reply, turn.unread = reading.level, reading.reply, reading.unknown
        if reading.control:
            self.answering.take(turn, reading.control)
            if turn.steps and reading.control.startswith("pick:"):
                self._take_back(turn, self.topics.wrong(turn.message))
        elif reading.trace == ("negated",):
            self.subjects["routines"].take(turn, Request("routines", "leave", {"words": text}), context)
        elif reading.options:
            self._which(turn, reading.options)
        elif reading.request and reading.calls:
            self._for_a_while(turn, reading.calls, reading.request, context)
        elif reading.request:
            turn.request = reading.request.plain()
            self._hand(turn, reading.request, context)
        elif clash := contradiction(self.house, reading.calls):
            turn.reply = clash
        else:
            self._act(turn, reading.calls)
            if reading.corrects and reading.calls:
                self._take_back(turn, context.topic)

    def _take_back(self, turn: Turn, wrong: Topic) -> None:
        """Bring back what the corrected turn did elsewhere than is wanted now; what would need a yes stays, and that is told."""
        aims = set() if wrong.verb in LISTING else {id for step in turn.steps for id in step.call.targets}
        ids = tuple(id for id in wrong.aimed if id not in aims and id in self.house.devices)
        if not ids or not wrong.did:
            return
        back = Turn(turn.message, turn.before, role=turn.role)
        undo = Request("history", "undo", {"turn": str(wrong.turn)})
        self.subjects["history"].take(back, undo, Context(turn.message.chat, turn.message.person))
        steps = [step for one in back.steps if (step := one.within(ids))]
        if back.asked or not steps or any(step.ruling != "run" for step in steps):
            why = ": to change that back I need a yes" if back.asked else ""
            it = called(self.house, [self.house.devices[id] for id in ids])
            turn.reply = f"{turn.reply} I left {it} as it is{why}.".strip()
            return
        turn.steps[:0] = steps
        if {id for step in back.steps for id in step.call.targets} <= set(ids):
            turn.writes += back.writes  # the whole turn is taken back

    def _for_a_while(self, turn: Turn, calls: Sequence[ToolCall], request: Request, context: Context) -> None:
        """What is done now and ended by a request: both or neither."""
        self._act(turn, calls)
        writes, may = len(turn.writes), not turn.asked and all(step.ruling == "run" for step in turn.steps)
        if may:
            self.subjects[request.about].take(turn, request, context)
        if not may or turn.asked or len(turn.writes) == writes:
            why = ONE_BY_ONE if not may or turn.asked else turn.reply
            turn.steps, turn.writes, turn.asked, turn.choices, turn.reply = [], [], None, [], why

    def _act(self, turn: Turn, calls: Sequence[ToolCall]) -> None:
        """What a person wants now; if that was long ago, they are asked."""
        if calls and self.clock.time() - turn.message.at > STALE_SECONDS:
            self.late(turn, calls, f"You wrote this {self._ago(turn.message.at)} ago")
        else:
            self.judge(turn, calls)

    def _not_understood(self, text: str, context: Context) -> str:
        near = [] if self.thinks else self.reader.nearest(text, context)
        hint = f" Did you mean “{'” or “'.join(near)}”?" if near else ""
        return f"{NOT_UNDERSTOOD}{hint}"

    def judge(self, turn: Turn, calls: Sequence[ToolCall], *, approved: bool = False, granted: Collection[str] = ()) -> None:
        """Split the calls by the policy's verdicts; what needs a yes becomes one question.

        granted: the digests of calls to single devices that a person said yes to beforehand.
        """
        if granted:
            known = [call for one in calls for call in one.apart() if digest([call]) in granted]
            self.judge(turn, known, approved=True)
            calls = [call for one in calls for call in one.apart() if call not in known]
        if asked := [part for call in calls for part in self._ruled(turn, call, approved)]:
            self.put_asked(turn, asked)

    def rule(self, turn: Turn, call: ToolCall, *, unasked: bool, ask: bool) -> list[ToolCall]:
        """The same for one call of the mind, which asks at its end (`put_asked`); ask: it needs a yes, however harmless."""
        return self._ruled(turn, call, approved=False, unasked=unasked, ask=ask)

    def put_asked(self, turn: Turn, asked: Sequence[ToolCall], by: str = "", *, plan: bool = False) -> None:
        """One question for all these calls, each once; by: the role that alone may say yes; plan: they may be kept as a scene."""
        asked = [call for n, call in enumerate(asked) if call not in asked[:n]]
        text = capital(listed([wanted(self.house, call) for call in asked])) + "? Yes or no?"
        data = [call.plain() | ({"by": by} if by else {}) | ({"plan": True} if plan else {}) for call in asked]
        self._put_approval(turn, data, digest(asked), text, APPROVAL_SECONDS, by=by)

    def _ruled(self, turn: Turn, call: ToolCall, approved: bool, *, unasked: bool = False, ask: bool = False) -> list[ToolCall]:
        """Add the steps of a call and the writes that go with them; gives those parts of it that need a yes."""
        gone = tuple(id for id in call.targets if id not in self.house.devices)
        if gone:  # a deed for later whose device did not come back: it fails, and that is told
            turn.steps.append(Step(replace(call, targets=gone), "run", approved=approved))
        call, begun = replace(call, targets=tuple(id for id in call.targets if id not in gone)), len(turn.steps)
        person = "owner" if _is_lease(turn.message) else turn.message.person  # it ends, whoever began it
        unasked = unasked or turn.message.kind == "routine"
        for part, verdict in self.policy.judge(call, approved=approved, unasked=unasked, person=person):
            ruling = {"allow": "run", "refuse": "refused", "confirm": "asked", "later": "later"}[verdict.ruling]
            ruling = "asked" if ask and ruling in ("run", "later") else ruling
            turn.steps.append(Step(part, ruling, verdict.reason, approved))
            if turn.message.kind != "call" and ruling in ("run", "later") and part.command in SWITCHES:
                turn.writes.append(partial(self._forget_later, part))
            if ruling == "later":
                turn.writes.append(partial(self._postpone, turn, part, verdict.due, approved))
        return [step.call for step in turn.steps[begun:] if step.ruling == "asked"]

    def ask(self, turn: Turn, request: Request, text: str) -> None:
        """Ask a person to approve a request; a yes hands it to its subject's `grant`."""
        self._put_approval(turn, request.plain(), digest_of(request.plain()), text, APPROVAL_SECONDS)

    def _put_approval(self, turn: Turn, data: Any, hash: str, text: str, seconds: float, by: str = "") -> None:
        """Keep the question where a yes counts: in this chat, or else in the owner's own."""
        turn.asked, chat, places = "approval", turn.message.place, list[tuple[str, str]]()
        adult, who = turn.role in ((by,) if by else ADULTS), self.policy.who(turn.message.person)
        if self.approves(turn.message.bridge) and adult:
            turn.choices, turn.reply = ["yes", "no"], f"{turn.reply} {text}".strip()
        else:
            places = self.asks.where(turn.message.person if adult else "", self.approves)
            own = places[0][1] != self.asks.chat
            other = BY_THE_OWNER if by else BY_AN_ADULT
            said = text if adult else text.removesuffix(" Yes or no?")
            turn.reply = f"{turn.reply} {said} {(IN_PRIVATE if own else ELSEWHERE) if adult else other}".strip()
            text = text if adult else f"{_called(who)} asks: {text}"
        for old in self.questions.open(places[0][1] if places else chat):
            if old.kind == "which" or old.hash == hash:  # what a number meant before, or the same wish once more
                turn.writes.append(partial(self.questions.close, old.id, "dropped", ""))
        if places:
            key = f"elsewhere:{turn.message.id}"
            ask = partial(self.asks.approval, text, data, hash=hash, seconds=seconds, key=key, places=places)
            turn.writes.append(ask)
        else:
            turn.writes.append(lambda: self.questions.put(chat, "approval", text, data, hash=hash, seconds=seconds))

    def _ago(self, at: float) -> str:
        return span_words((self.clock.time() - at) // 60 * 60)

    def late(self, turn: Turn, calls: Sequence[ToolCall], why: str, **whose: Any) -> None:
        """Ask whether it is still wanted; `why` begins the question; `whose` is kept beside each call."""
        text = f"{why}: shall I still {listed([wanted(self.house, call) for call in calls])}?"
        turn.steps = [Step(call, "asked") for call in calls]
        self._put_approval(turn, [{**call.plain(), **whose} for call in calls], digest(calls), text, STALE_ASK_SECONDS)

    def _which(self, turn: Turn, options: Sequence[Option]) -> None:
        labels = [f"{number} {option.label}" for number, option in enumerate(options, 1)]
        turn.asked, turn.choices = "which", [option.label for option in options]
        turn.reply = f"Which one: {', '.join(labels)}?"
        data = [{"label": option.label, "calls": [call.plain() for call in option.calls]} for option in options]
        turn.writes.append(lambda: self.questions.put(turn.message.place, "which", turn.reply, data))

    def _postpone(self, turn: Turn, call: ToolCall, due: float, approved: bool) -> None:
        """Keep a call for later, one row per device, so that a newer word about one device leaves the others alone."""
        for id in call.targets:
            text = json.dumps({**replace(call, targets=(id,)).plain(), "approved": approved})
            self.store.insert(
                "inbox", key=later(id, turn.message.key), bridge=turn.message.bridge, chat=turn.message.chat,
                person=turn.message.person, kind="call", text=text, at=self.clock.time(), due=due,
            )  # fmt: skip

    def _forget_later(self, call: ToolCall) -> None:
        """A newer word about a device replaces what was put off."""
        for id in call.targets:
            self.inbox.forget(later(id))

    def explain(self, text: str, chat: str) -> dict[str, Any]:
        """What a message would be read as and how it would be ruled; nothing is kept or done."""
        message = Message(0, "", "", chat, "owner", "message", text, self.clock.time(), 0.0, "new", None, None)
        context = self.context(message)
        reading = self.reader.read(clean(text, LONGEST_TEXT), context)
        trace = road(self.reader.explained)
        if reading is None:
            near = self.reader.nearest(text, context)
            return {"level": "none", "trace": trace, "nothing_else": nothing_else("none", trace), "nearest": near, "calls": []}
        ruled = [(part, verdict) for call in reading.calls for part, verdict in self.policy.judge(call)]
        return {
            "level": reading.level, "trace": trace, "nothing_else": nothing_else(reading.level, trace),
            "reply": reading.reply, "control": reading.control,
            "options": [option.label for option in reading.options], "request": reading.request and reading.request.plain(),
            "calls": [
                {**part.plain(), "names": [self.house.name(self.house.devices[id]) for id in part.targets],
                 "ruling": verdict.ruling, "reason": verdict.reason} for part, verdict in ruled
            ],
        }  # fmt: skip


def _is_lease(message: Message) -> bool:
    return message.key.startswith("lease:")


def _called(who: Person | None) -> str:
    return "Somebody" if who is None else who.name if who.name != who.id else f"The {who.name}"


def without_words(message: Message) -> str:
    """The answer to a message in which the person wrote nothing."""
    extra = message.extra or {}
    if extra.get("unheard"):
        return str(extra["unheard"])
    if extra.get("quoted"):
        return "Somebody else wrote that, so I did nothing of it. Tell me in your own words what you want."
    return "I cannot look at pictures yet." if extra.get("images") else "I got an empty message."


def contradiction(house: House, calls: Sequence[ToolCall]) -> str:
    """A sentence for the person when two calls want opposite things of one device at once."""
    seen: dict[tuple[str, str], Any] = {}
    for call in calls:
        for id in call.targets:
            device = house.devices.get(id)
            for name, value in device.goal(call.command, call.args).items() if device else ():
                if device and seen.setdefault((id, name), value) != value:
                    return f"You asked two opposite things of {call_of_it(house, device)}, so I did nothing. Which one?"
    return ""


def _only_told(reading: Reading) -> bool:
    """Whether it was read as a question only; beside a picture that asks what the picture shows."""
    return not (reading.calls or reading.options or reading.control or reading.request)


def _small_talk(reading: Reading) -> bool:
    return reading.level == "alias" and not reading.calls and not reading.options
