"""One turn of the language model: steps within caps, each tool call through the one road, and a reply that claims nothing."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from claw.call import ToolCall
from claw.clock import Clock
from claw.hosting.secrets import redact
from claw.house import House
from claw.messages.inbox import Inbox, Message
from claw.mind import prompt
from claw.mind.blocks import image, numbered, results, text, user
from claw.mind.costs import Costs
from claw.mind.doing import Begun, Doing
from claw.mind.fallback import Fallback
from claw.mind.opening import Opening
from claw.mind.talk import Result, Talk
from claw.mind.veil import Veil
from claw.mind.wire import Answer, Ask, Block, ModelError
from claw.mind.wording import NOTHING, answered, honest, told_anything
from claw.names import Names
from claw.turns.deciding import Deciding
from claw.turns.turn import Turn, outcome_of

log = logging.getLogger("claw.mind")
STEPS, CALLS, SECONDS, MOST = 6, 12, 25.0, 1024  # of one message; tokens of one answer
STRONG_AFTER = 2  # tools that failed in a row
HERE_IT_IS = "Here is the picture."
STOPPED = "I stopped there."
TOO_LONG = "That took me too long, so I stopped there."
TOO_MANY = "That took too many steps, so I stopped there."
URGED = "[the house: nothing of that was done, since no tool was called. Call the tools, or say plainly what is not done.]"
REFUSED = "The language model would not answer that."
SILENT = "I found no answer to that."
TOO_LARGE = "That was too much at once for the language model."
FAILED = {
    "key": "The language model does not accept our key (`claw mind check` tells the owner more).",
    "money": "The language model's account is used up.",
    "missing": "The configured language model does not exist.",
    "large": TOO_LARGE, "busy": "The language model is overloaded right now.", "down": "I cannot reach the language model.",
    "slow": "The language model took too long.", "cut": "The language model broke off in mid-sentence.",
    "wrong": "The language model answered something that I cannot read.",
}  # fmt: skip
CarryOut = Callable[[Turn], Awaitable[None]]


class Mind:
    """Answers what the reflex did not understand. Talks of several chats run side by side."""

    def __init__(self, models: Fallback, house: House, names: Names, deciding: Deciding, doing: Doing, inbox: Inbox,
                 costs: Costs, clock: Clock) -> None:  # fmt: skip
        self.models, self.house, self.names, self.deciding = models, house, names, deciding
        self.doing, self.costs, self.clock = doing, costs, clock
        self.opening = Opening(house, names, inbox, clock)
        self.picture: Callable[[str], bytes | None] = lambda id: None  # what a camera gave when it was last asked
        self.keep: Callable[[bytes], Path | None] = lambda data: None  # where a picture is kept for the reply
        self.veil: Callable[[], Veil] = Veil  # makes what names are told by; one without names changes nothing
        self.hidden: Callable[[Any], Any] = lambda data: data  # the same without what must not leave the house
        self.last: Ask | None = None  # the last request, for `claw mind show-last`
        self._talks: dict[tuple[str, str], Talk] = {}  # by chat and person

    # -- from outside

    def halt(self, place: str) -> bool:
        """Somebody said stop in this chat; whether a talk ran there."""
        halted = [talk for (chat, _), talk in self._talks.items() if chat == place]
        for talk in halted:
            talk.halted.set()
        return bool(halted)

    def clean(self, message: Message) -> bool:
        """Whether this message was answered without words of others."""
        return message.id in self.opening.clean

    def show(self, turn: Turn) -> int:
        """Show the message of this turn to the talk that runs for its person in its chat; its `lead`, 0 when none does."""
        talk = self._talks.get((turn.message.place, turn.message.person))
        if talk is None or talk.halted.is_set():
            return 0
        talk.waiting.append(turn)
        return talk.lead

    async def answer(
        self, turn: Turn, carry_out: CarryOut, waiting: Sequence[Turn] = (), lead: int = 0
    ) -> tuple[list[Turn], list[Turn]]:
        """Fill the turn: steps, each carried out, and the reply.

        waiting: turns to be shown to it; lead: the message with which the thought began, if not this. Gives the turns that
        were shown and end with it, and those that need a talk of their own.
        """
        turn.level, fallback, turn.reply = "mind", turn.reply, ""
        if refusal := self.costs.refusal(turn.message.person):
            turn.level, turn.reply = "none", f"{fallback} {refusal}".strip()
            return [*waiting], []
        with self.deciding.in_sight(turn.message.person):
            talk = self.opening.begin(turn)
        talk.waiting += waiting
        talk.lead = lead or turn.message.id
        key = turn.message.place, turn.message.person
        self._talks[key] = talk
        try:
            words = await self._steps(talk, carry_out)
        except ModelError as error:
            log.warning("no answer from a model: %s: %s", error.kind, error)
            words = "" if talk.halted.is_set() else f"{FAILED[error.kind]} {'' if turn.steps or talk.said else fallback}".strip()
            talk.halted.set()  # what waits would fail as well
        finally:
            if self._talks.get(key) is talk:
                del self._talks[key]
        self._end(talk, words)
        return ([*talk.shown, *talk.waiting], []) if talk.halted.is_set() else (talk.shown, talk.waiting)

    # -- the steps

    async def _steps(self, talk: Talk, carry_out: CarryOut) -> str:
        """Ask and do until there is nothing more to do; what the model says at the end, checked."""
        for _ in range(STEPS):
            answer = await self._step(talk)
            if answer is None:
                return (STOPPED if talk.turn.steps else "") if talk.halted.is_set() else TOO_LONG
            answer = replace(answer, content=numbered(talk, answer.content))
            talk.messages.append({"role": "assistant", "content": list(answer.content) or [text("…")]})
            words = "".join(str(block["text"]) for block in answer.content if block["type"] == "text").strip()
            calls = [block for block in answer.content if block["type"] == "tool_use"]
            if answer.stop == "pause_turn" and not calls:
                talk.messages.append(user(text("Go on.")))
            elif answer.stop in ("refusal", "context"):
                return REFUSED if answer.stop == "refusal" else TOO_LARGE
            elif not calls and not answer.broken and not talk.waiting:
                told = honest(talk, words, self.house, self.names)
                if not told.startswith(NOTHING) or talk.tainted or talk.urged:
                    return told
                talk.urged = True
                talk.messages.append(user(text(URGED)))
            elif not calls and not answer.broken:  # an answer to what it had seen until then
                talk.words += [told] if (told := honest(talk, words, self.house, self.names)) else []
                talk.messages.append(user())
            elif (last := await self._round(talk, calls, answer.broken, carry_out)) is not None:
                return honest(talk, last or answered(talk, words), self.house, self.names)
        return TOO_MANY

    async def _step(self, talk: Talk) -> Answer | None:
        """One answer; None when the time is over or somebody said stop."""
        left = talk.began + SECONDS - self.clock.monotonic()
        if left <= 0 or talk.halted.is_set():
            return None
        self._take_waiting(talk)
        veil, strong = self.veil(), talk.failures >= STRONG_AFTER
        ask = self.last = prompt.ask(veil.hide(talk.system), veil.hide(self.hidden(talk.messages)), MOST, strong=strong)
        asked = time.perf_counter()
        step = asyncio.ensure_future(self.models.step(ask, lambda _: None, seconds=left))
        halted = asyncio.ensure_future(talk.halted.wait())
        try:
            await asyncio.wait((step, halted), return_when=asyncio.FIRST_COMPLETED)
            if not step.done():
                return None
            answer, ms = step.result(), (time.perf_counter() - asked) * 1000
            answer = replace(answer, content=veil.lift(answer.content))
        finally:
            for task in (step, halted):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ModelError):
                await step
        self.costs.add(talk.turn.message.id, talk.turn.message.person, answer.model, answer.usage, ms)
        return answer

    async def _round(self, talk: Talk, calls: Sequence[Block], broken: Sequence[str], carry_out: CarryOut) -> str | None:
        """Do the calls of one answer. None: the model goes on; else what it still has to say: its own question, or nothing."""
        some = calls[: max(0, CALLS - talk.calls)]
        talk.calls += len(calls)
        begun = [self._begin_call(talk, block) for block in some]
        if len(talk.turn.steps) > talk.turn.kept or talk.turn.writes:
            talk.turn.reply = " ".join(talk.said)  # kept with the plan, and told even after a crash
            await carry_out(talk.turn)
        came = [self._result(talk, block, one) for block, one in zip(some, begun, strict=True)]
        talk.tainted |= {one.taint for one in came if one.taint}
        failed = any(one.failed for one in came) or bool(broken)
        talk.failures = talk.failures + 1 if failed else 0
        talk.messages.append(user(*results(calls, came), *[text(f"The call of {name} was cut off.") for name in broken]))
        if len(calls) > len(some):
            talk.said.append(TOO_MANY)
            return ""
        if ending := next((one for block, one in zip(some, came, strict=True) if one.ends and not one.failed), None):
            return ending.text if any(block["name"] == "ask" for block in some) else ""
        goes_on = failed or any(one.reads for one in came) or talk.waiting
        return None if goes_on else ""

    def _begin_call(self, talk: Talk, block: Block) -> Begun | Result:
        if block["name"] != "see":
            return self.doing.begin(talk, block)
        return self.doing.begin(
            talk, {"name": "do", "input": {"targets": [str(block["input"].get("camera", ""))], "command": "snapshot"}}
        )

    def _result(self, talk: Talk, block: Block, begun: Begun | Result) -> Result:
        if isinstance(begun, Result):
            reads = begun.reads and not begun.failed and not begun.text
            return self.doing.read(talk, block) if reads else begun
        return self._seen(talk, begun) if block["name"] == "see" else self.doing.ended(talk, begun)

    def _seen(self, talk: Talk, begun: Begun) -> Result:
        """The picture of a camera, for the model and for the reply."""
        steps = [
            step for step in talk.turn.steps[begun.first : begun.last] if step.ruling == "run" and outcome_of(step) == "done"
        ]
        data = next((data for step in steps for id in step.call.targets if (data := self.picture(id))), None)
        if data is None:
            told = self.doing.ended(talk, begun)
            return Result(f"no picture: {told.text}", reads=True, failed=True)
        if path := self.keep(data):
            talk.pictures.append(path)
        if not self.opening.images:
            talk.said.append(HERE_IT_IS)
            return Result("The person is shown the picture; no model here can look at it.")
        return Result("the picture:", reads=True, image=image(data), taint="picture")

    # -- beginning and end

    def _take_waiting(self, talk: Talk) -> None:
        """What came meanwhile stands before the next step."""
        while talk.waiting:
            turn = talk.waiting.pop(0)
            talk.shown.append(turn)
            talk.messages[-1]["content"].append(text(f"[meanwhile the same person wrote:] {redact(turn.message.text)}"))

    def _end(self, talk: Talk, words: str) -> None:
        """The reply, after what the house tells of the steps; and the one question for all that needs a yes."""
        turn = talk.turn
        words = " ".join(part for part in (*talk.words, words) if part)
        if not (words or told_anything(talk) or talk.halted.is_set()):
            words = SILENT
        turn.reply = " ".join(part for part in (*talk.said, words) if part)
        turn.image = str(talk.pictures[-1]) if talk.pictures else ""
        if words.rstrip().endswith("?"):
            turn.writes.append(lambda: self.deciding.questions.put(turn.message.place, "mind", words, None))
        asked = [call for call in talk.asked if set(call.targets) <= self.house.devices.keys()]
        if asked and not turn.stopped:
            risky = talk.tainted and any(self._risky(call) for call in asked)
            self.deciding.put_asked(turn, asked, by="owner" if risky else "", plan=talk.planned)
        if not talk.tainted:
            self.opening.remember(turn.message.id, words)

    def _risky(self, call: ToolCall) -> bool:
        """Whether it needs a yes whoever wants it."""
        return any(verdict.ruling == "confirm" for _, verdict in self.deciding.policy.judge(call))
