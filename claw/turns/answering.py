"""Answers to what the claw asked: yes, no, a number, stop. An approval runs the stored calls, with nothing read anew."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from claw.call import ToolCall, digest, digest_of
from claw.house import House
from claw.messages.asks import Asks
from claw.messages.inbox import Inbox
from claw.messages.questions import NUMBERED, UNANSWERED, Question, Questions
from claw.names import fold
from claw.reflex.reading import Context, Request
from claw.roles import ADULTS
from claw.turns.keeping import OFFER
from claw.turns.replies import listed, wanted
from claw.turns.turn import Step, Subject, Turn

GONE = "That question is no longer open, so I did nothing. Please say it again."
EXPIRED = "That was too long ago, so I did nothing. Please say it again."
OVERHEARD = (
    "I take no yes over this connection, since others may hear it. Say it in the terminal (`claw chat`) or in our own chat."
)
SPOKEN = "I take no spoken yes, since a voice can be played back. Please press the button, or write it."
NO_ADULT = "Only an adult of this house can say yes to that, so I did nothing."
NO_OWNER = "Others had a say in that, so only the owner can say yes to it; I did nothing."
NO_CHOICE = "There is no such choice."
DONE = "It is done already: say “undo that” to take it back."
EVERYTHING = ("terminal", "web", "web-http")  # the bridges on which the owner sees and answers all that waits
ASKED_BY = re.compile(r"(?!The )[^:]{1,40} asks: ")
CANCELLED = re.compile(r"\bcancel (?:that|it|this)\b", re.IGNORECASE)
PLANNED_SECONDS, DONE_SECONDS = 300.0, 120.0  # for how long a bare no means what was planned, or done, here last
Judge = Callable[..., None]  # Deciding.judge


class Answering:
    """Fills a turn whose message was only a word for an open question."""

    def __init__(self, house: House, inbox: Inbox, questions: Questions, asks: Asks, judge: Judge,
                 subjects: Mapping[str, Subject], approves: Callable[[str], bool]) -> None:  # fmt: skip
        self.house, self.inbox, self.questions, self.asks, self.judge = house, inbox, questions, asks, judge
        self.clock = questions.clock
        self.subjects, self.approves = subjects, approves
        self.halted = set[int]()  # messages that stopped a talk of the mind

    def answer(self, turn: Turn, id: int, text: str) -> None:
        """A button of the question with this id was pressed: "yes", "no", or the number of a choice."""
        anywhere = turn.message.bridge in EVERYTHING
        open_ones = self.questions.open(None if anywhere else turn.message.place)
        question = next((one for one in open_ones if one.id == id), None)
        turn.level = "alias"
        if question is None or question.kind not in ("approval", "which", "list"):
            turn.reply = GONE
        elif question.kind == "list":
            self._pick_shown(turn, question, int(text) if text.isdecimal() else 0, open_ones)
        elif question.kind == "which":
            self._choose(turn, question, int(text) if text.isdecimal() else 0)
        elif text != "yes":
            self._decline(turn, question)
        else:
            self._approve(turn, question)

    def take(self, turn: Turn, control: str) -> None:
        """`control`: yes, no, stop or pick:N."""
        open_ones = self.questions.open(turn.message.place)
        approvals = [one for one in open_ones if one.kind == "approval"]
        if control.startswith("pick:"):
            self._pick(turn, int(control[5:]), open_ones)
        elif control == "stop":
            self._stop(turn, open_ones)
        elif control == "yes":
            self._yes(turn, open_ones, approvals)
        elif approvals:
            for one in approvals:
                self._decline(turn, one)
        else:
            self._nothing_open(turn, open_ones)

    def _yes(self, turn: Turn, open_ones: list[Question], approvals: list[Question]) -> None:
        """A bare yes approves the one thing that is asked; with several it acts on none of them."""
        waiting = self._waiting(turn, approvals)
        if open_ones and open_ones[-1].kind == "which":
            turn.reply = open_ones[-1].text
        elif waiting and turn.message.spoken:
            turn.reply = SPOKEN
        elif len(waiting) > 1:
            self._list(turn, waiting)
        elif approvals:
            self._approve(turn, approvals[0])
        elif not self.approves(turn.message.bridge) and any(one.kind == "approval" for one in self.questions.open()):
            turn.reply = OVERHEARD
        else:
            expired = self.questions.expired(turn.message.place)
            only_polite = {"ok", "okay"} & set(fold(turn.message.text))
            turn.reply = (
                EXPIRED if expired and expired.kind == "approval"
                else "All right." if only_polite else "Nothing is waiting for a yes."
            )  # fmt: skip

    def _waiting(self, turn: Turn, approvals: list[Question]) -> list[Question]:
        """All that a yes could mean."""
        return [*approvals, *self.asks.takes("yes", turn.message.place)]

    def _list(self, turn: Turn, waiting: list[Question]) -> None:
        """Number what waits, and keep the list: a number means what was shown, whatever has expired since."""
        wishes = [wish_of(one) for one in waiting]
        numbered = ", ".join(f"{number} {wish}" for number, wish in enumerate(wishes, 1))
        turn.reply, turn.choices = f"Several things wait: {numbered}. Which number?", wishes
        ids = [one.id for one in waiting]
        turn.writes.append(lambda: self.questions.put(turn.message.place, "list", turn.reply, ids))

    def _pick(self, turn: Turn, number: int, open_ones: list[Question]) -> None:
        """A number picks from what was shown last."""
        shown = [one for one in open_ones if one.kind in NUMBERED]
        if not shown:
            self._list(turn, self._waiting(turn, [one for one in open_ones if one.kind == "approval"]))
        elif shown[-1].at > turn.message.at:  # written before it was shown
            turn.reply = shown[-1].text
        elif shown[-1].kind == "which":
            self._choose(turn, shown[-1], number)
        else:
            self._pick_shown(turn, shown[-1], number, open_ones)

    def _pick_shown(self, turn: Turn, shown: Question, number: int, open_ones: list[Question]) -> None:
        """The question with this number in a list."""
        if 0 < number <= len(shown.data):
            self._pick_question(turn, shown, shown.data[number - 1], open_ones)
        else:
            turn.reply = NO_CHOICE

    def _choose(self, turn: Turn, shown: Question, number: int) -> None:
        """Do what the option with this number says."""
        if not 0 < number <= len(shown.data):
            turn.reply = NO_CHOICE
            return
        turn.writes.append(lambda: self.questions.close(shown.id, "answered", str(number)))
        self.judge(turn, [ToolCall.of(call) for call in shown.data[number - 1]["calls"]])

    def _pick_question(self, turn: Turn, shown: Question, id: int, open_ones: list[Question]) -> None:
        if turn.message.spoken:
            turn.reply = SPOKEN
            return
        question = next((one for one in [*open_ones, *self.asks.open()] if one.id == id), None)
        turn.writes.append(lambda: self.questions.close(shown.id, "answered", str(id)))
        if question and question.kind == "approval":
            self._approve(turn, question)
        else:
            turn.reply = (self.asks.answer("yes", id) if question else "") or GONE

    def _approve(self, turn: Turn, question: Question) -> None:
        """Do what is stored, if the yes counts, the question was there when it was written, and it is what was asked about."""
        if turn.message.spoken:
            turn.reply = SPOKEN
            return
        if not self.approves(turn.message.bridge) or turn.role not in ADULTS:
            turn.reply = OVERHEARD if turn.role in ADULTS else NO_ADULT
            return
        if isinstance(question.data, list) and any(call.get("by", turn.role) != turn.role for call in question.data):
            turn.reply = NO_OWNER
            return
        if question.at > turn.message.at:
            turn.reply = question.text
            return
        if isinstance(question.data, dict):
            self._grant(turn, question)
            return
        calls = [ToolCall.of(call) for call in question.data]
        if digest(calls) != question.hash or not self._still_says(question, calls):
            turn.reply = "The devices have changed since I asked, so I did nothing. Please say it again."
            turn.writes.append(lambda: self.questions.close(question.id, "dropped", ""))
            return
        turn.writes.append(lambda: self._close_or_fail(question, "approved", turn.message.person))
        self.judge(turn, calls, approved=True)
        if len(calls) > 1 and all(call.get("plan") for call in question.data):
            turn.reply = f"{turn.reply} {OFFER}".strip()

    def _still_says(self, question: Question, calls: list[ToolCall]) -> bool:
        """Whether the devices are all there, and the question would name them as it did: a name may be another's by now."""
        there = all(id in self.house.devices for call in calls for id in call.targets)
        return there and listed([wanted(self.house, call) for call in calls]).casefold() in question.text.casefold()

    def _grant(self, turn: Turn, question: Question) -> None:
        """The same for a request."""
        if digest_of(question.data) != question.hash:
            turn.reply = GONE
            return
        turn.writes.append(lambda: self._close_or_fail(question, "approved", turn.message.person))
        request, turn.request = Request.of(question.data), question.data
        self.subjects[request.about].grant(turn, request)

    def _close_or_fail(self, question: Question, status: str, answer: str) -> None:
        if not self.questions.close(question.id, status, answer):
            raise RuntimeError("the question was answered already")

    def _decline(self, turn: Turn, question: Question) -> None:
        turn.writes.append(lambda: self.questions.close(question.id, "declined", turn.message.person))
        calls = [] if isinstance(question.data, dict) else question.data
        turn.steps += [Step(ToolCall.of(call), "declined") for call in calls]
        turn.reply = "All right, I did nothing."

    def _nothing_open(self, turn: Turn, open_ones: list[Question]) -> None:
        """A no to "which one?" or "when?", or to what was planned or done last."""
        dropped = self._drop_questions(turn, open_ones)
        if dropped or not self._take_back(turn):
            turn.reply = "All right." if dropped else "All right, I do nothing."

    def _drop_questions(self, turn: Turn, open_ones: list[Question]) -> bool:
        """Whether a question was open that no yes answers; it is closed."""
        found = [one for one in open_ones if one.kind in UNANSWERED]
        for one in found:
            turn.writes.append(partial(self.questions.close, one.id, "declined", ""))
        return bool(found)

    def _take_back(self, turn: Turn) -> bool:
        """Take back what was planned here a moment ago; what is done is not, but told. False if there is neither."""
        last = self.inbox.last_lasting(turn.message)
        if last is None or last.plan is None or last.plan.get("undoes") or (record := last.record or {}).get("undone"):
            return False
        wish, age = None if record.get("asked") else last.plan.get("request"), self.clock.time() - last.at
        planned = wish is not None and (wish["about"], wish["verb"]) == ("routines", "make")
        put_off = bool(last.plan["steps"]) and not record["calls"]
        if wish and planned and wish["slots"]["when"]["kind"] != "once" and not self.inbox.follows(turn.message, last):
            return False  # what comes again and again was approved: a no to something else does not end it
        done = age < DONE_SECONDS and (wish or record["calls"]) and all(call["outcome"] == "done" for call in record["calls"])
        meant = done and CANCELLED.search(turn.message.text)  # a bare no may mean anything
        if meant or (age < PLANNED_SECONDS and last.kind != "routine" and (planned or put_off) and not record.get("asked")):
            context = Context(turn.message.place, turn.message.person)
            self.subjects["history"].take(turn, Request("history", "undo", {"turn": str(last.id)}), context)
        elif done:
            turn.reply = DONE
        return bool(turn.reply or turn.steps)

    def _stop(self, turn: Turn, open_ones: list[Question]) -> None:
        """Drop what is open and what was put off in this chat, and halt what moves."""
        for one in open_ones:
            if one.kind == "approval":
                self._decline(turn, one)
        moving = [d for d in self.house.devices.values() if "stop" in d.commands and d.moving]
        if moving:
            self.judge(turn, [ToolCall("stop", tuple(device.id for device in moving))])
        if wishes := self._drop_later(turn):
            turn.reply = f"{turn.reply or 'All right.'} I will not {listed(wishes, 'or')}."
        dropped = self._drop_questions(turn, open_ones)
        if turn.reply or moving:
            return
        if turn.message.id in self.halted:
            self.halted.discard(turn.message.id)
            turn.reply = "I stopped thinking about that."
        elif dropped:
            turn.reply = "All right."
        elif not self._take_back(turn):
            turn.reply = "Stopped. Nothing is under way."
            self.subjects["routines"].take(turn, Request("routines", "standing"), Context(turn.message.place))

    def _drop_later(self, turn: Turn) -> list[str]:
        """Drop what this chat put off; returns the wishes, the devices of one call together."""
        calls: dict[str, list[ToolCall]] = defaultdict(list)
        for row in self.inbox.waiting("later:", turn.message.place):
            turn.writes.append(partial(self.inbox.forget, row.key))
            call = ToolCall.of(json.loads(row.text))
            calls[f"{call.command} {call.args}"].append(call)
        merged = [replace(same[0], targets=tuple(id for call in same for id in call.targets)) for same in calls.values()]
        return [wanted(self.house, call) for call in merged]


def wish_of(question: Question) -> str:
    """What a yes to this question would do, as the middle of a sentence."""
    wish = question.text.split("?")[0].removesuffix(". Yes or no")
    return wish if wish.startswith("I ") or ASKED_BY.match(wish) else wish[:1].lower() + wish[1:]
