"""Answers to what the claw asked: yes, no, a number, stop. An approval runs the stored calls, with nothing read anew."""

from collections.abc import Callable

from claw.call import ToolCall, digest
from claw.house import House
from claw.messages.asks import Asks
from claw.messages.questions import Question, Questions
from claw.turns.turn import Step, Turn

EXPIRED = "That was too long ago, so I did nothing. Please say it again."
Judge = Callable[..., None]  # Deciding.judge


class Answering:
    """Fills a turn whose message was only a word for an open question."""

    def __init__(self, house: House, questions: Questions, asks: Asks, judge: Judge) -> None:
        self.house, self.questions, self.asks, self.judge = house, questions, asks, judge

    def take(self, turn: Turn, control: str) -> None:
        """`control`: yes, no, stop or pick:N."""
        open_ones = self.questions.open(turn.message.chat)
        approvals = [one for one in open_ones if one.kind == "approval"]
        if control.startswith("pick:"):
            self._pick(turn, int(control[5:]), open_ones, approvals)
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
        elif len(waiting) > 1:
            wishes = [f"{number} {_wish(one)}" for number, one in enumerate(waiting, 1)]
            turn.reply, turn.choices = f"Several things wait: {', '.join(wishes)}. Which number?", [_wish(one) for one in waiting]
        elif approvals:
            self._approve(turn, approvals[0])
        else:
            expired = self.questions.expired(turn.message.chat)
            turn.reply = EXPIRED if expired and expired.kind == "approval" else "Nothing is waiting for a yes."

    def _waiting(self, turn: Turn, approvals: list[Question]) -> list[Question]:
        """All that a yes could mean."""
        return [*approvals, *self.asks.takes("yes", turn.message.chat)]

    def _pick(self, turn: Turn, number: int, open_ones: list[Question], approvals: list[Question]) -> None:
        which = [one for one in open_ones if one.kind == "which"]
        waiting = self._waiting(turn, approvals)
        if which and number <= len(which[-1].data):
            calls = [ToolCall.of(call) for call in which[-1].data[number - 1]["calls"]]
            turn.writes.append(lambda: self.questions.close(which[-1].id, "answered", str(number)))
            self.judge(turn, calls)
        elif number > len(waiting):
            turn.reply = "There is no such choice."
        elif waiting[number - 1].kind == "approval":
            self._approve(turn, waiting[number - 1])
        else:
            turn.reply = "Thank you." if self.asks.answer("yes", waiting[number - 1].id) else "There is no such choice."

    def _approve(self, turn: Turn, question: Question) -> None:
        """Run the stored calls, if the question is still open and they are what was asked about."""
        calls = [ToolCall.of(call) for call in question.data]
        if digest(calls) != question.hash or not all(id in self.house.devices for call in calls for id in call.targets):
            turn.reply = "The devices have changed since I asked, so I did nothing. Please say it again."
            return
        turn.writes.append(lambda: self._close_or_fail(question, "approved", turn.message.person))
        self.judge(turn, calls, approved=True)

    def _close_or_fail(self, question: Question, status: str, answer: str) -> None:
        if not self.questions.close(question.id, status, answer):
            raise RuntimeError("the question was answered already")

    def _decline(self, turn: Turn, question: Question) -> None:
        turn.writes.append(lambda: self.questions.close(question.id, "declined", turn.message.person))
        turn.steps += [Step(ToolCall.of(call), "declined") for call in question.data]
        turn.reply = "All right, I did nothing."

    def _nothing_open(self, turn: Turn, open_ones: list[Question]) -> None:
        """A no to "which one?", or to nothing."""
        for one in open_ones:
            if one.kind == "which":
                turn.writes.append(lambda one=one: self.questions.close(one.id, "declined", ""))  # type: ignore[misc]
        turn.reply = "All right."

    def _stop(self, turn: Turn, open_ones: list[Question]) -> None:
        """Drop what is open and halt what moves."""
        for one in open_ones:
            if one.kind == "approval":
                self._decline(turn, one)
        moving = [d for d in self.house.devices.values() if "stop" in d.commands and d.moving]
        if moving:
            self.judge(turn, [ToolCall("stop", tuple(device.id for device in moving))])
        turn.reply = turn.reply or ("" if moving else "Stopped. Nothing is under way.")


def _wish(question: Question) -> str:
    return question.text.split("?")[0][:1].lower() + question.text.split("?")[0][1:]
