"""Who may use the house, by chat and by `claw people`: everybody is listed for adults; the owner alone changes, with a yes."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from claw.moments import at_words
from claw.people.codes import code_in, new_code
from claw.people.people import ONE_WAY, People, PeopleError, Person
from claw.reflex import people as sentences
from claw.reflex.reading import Context, Request
from claw.roles import ADULTS
from claw.routines.routines import Routines
from claw.turns.deciding import NOT_YOURS, Deciding
from claw.turns.replies import capital, listed
from claw.turns.turn import Turn

OWNER_ONLY = "Only the owner of this house can change who may use it."
NO_CODE = "No stranger was shown this code, or its 10 minutes are over. They can write to me again and get a new one."
NO_TIME = "I do not understand until when. Say, for example, “until Friday”, “this weekend”, or “for 3 days”."
WHOLE = frozenset({"everything", "anything", "all", "all of it", "the house", "the whole house", "this house", "my house"})
NOT_SET_UP = "I cannot notify by {by}: it is not set up in this house (docs/bridges.md says how)."
BY_PUSH = "Please open my page over https on the phone that I shall notify, and press “Notify this phone” under Activity."
NO_MAILBOX = "“{}” is no e-mail address. Say, for example: “notify me by email at me@example.org”."
MAILBOX = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+", re.ASCII)
Slots = Mapping[str, Any]
Change = tuple[str, Callable[[], str]]  # the question for it, and what makes it (writes are added then) and says so


class PeopleTalk:
    """A Subject (turns/turn.py): list, pair, invite, add, limit, remove, role, quiet, notify."""

    def __init__(self, people: People, deciding: Deciding, routines: Routines) -> None:
        self.people, self.deciding, self.routines = people, deciding, routines
        self.policy, self.house, self.clock = deciding.policy, deciding.house, deciding.clock

    def take(self, turn: Turn, request: Request, context: Context) -> None:
        """The owner is asked; a command at the console is its own yes."""
        turn.level, turn.request, turn.secret = "grammar", None, request.verb == "pair" or "phone" in request.slots
        if request.verb == "list":
            turn.reply = "\n".join(map(self.words, self.people.all())) if turn.role in ADULTS else NOT_YOURS
            turn.reply = turn.reply or "Only you, at the console."
            return
        own = not request.slots.get("name") and (request.verb == "quiet" or (request.verb == "notify" and turn.role in ADULTS))
        if turn.role != "owner" and not own:
            turn.reply = OWNER_ONLY
            return
        try:
            slots = self._resolved(request) | ({"name": turn.message.person} if own else {})
            text, make = self._change(turn, request.verb, slots)
        except PeopleError as error:
            turn.reply = str(error)
            return
        if own or (turn.message.kind == "request" and turn.message.bridge == "terminal"):
            turn.reply = make()
        else:
            self.deciding.ask(turn, Request("people", request.verb, slots), f"{capital(text)}? Yes or no?")

    def grant(self, turn: Turn, request: Request) -> None:
        """The owner said yes; what has changed meanwhile is judged anew."""
        turn.request = None
        try:
            turn.reply = self._change(turn, request.verb, request.slots)[1]() if turn.role == "owner" else OWNER_ONLY
        except PeopleError as error:
            turn.reply = str(error)

    def words(self, one: Person) -> str:
        """One line about a person."""
        reached = {bridge for bridge, _ in self.people.addresses(one.id)}
        bridges, notified = sorted(reached - ONE_WAY), sorted(reached & ONE_WAY)
        parts = [f"{one.name}: {one.role}" if one.name != one.role else capital(one.role)]
        if one.until is not None:
            over = "" if self.people.expected(one.id) else " (over)"
            parts[0] += f"{self._term(one)}{over}"
        parts += [f"may use {self.policy.limits(one)} only"] if one.areas or one.kinds else []
        parts += [f"quiet {one.quiet}"] if one.quiet else []
        parts += [f"sees {listed(one.sees)}"] if one.sees else []
        parts += [f"notified by {listed(notified)}"] if notified else []
        parts += [f"on {listed(bridges)}"] if bridges else [] if notified else ["no address yet"]
        return f"{', '.join(parts)}."

    def _term(self, one: Person) -> str:
        """When a guest may do something: " from Saturday at 00:00 until Sunday at 23:59"; empty for always."""
        begins = f" from {self._at(one.begins)}" if one.begins and self.people.early(one) else ""
        return begins + (f" until {self._at(one.until)}" if one.until else "")

    def _at(self, at: float) -> str:
        return at_words(at, self.clock.now()).removeprefix("at ").removeprefix("on ")

    # -- what is wanted, as data that a question can keep

    def _resolved(self, request: Request) -> dict[str, Any]:
        """The slots with ids in place of words; PeopleError when they mean nothing here."""
        slots = dict(request.slots)
        if words := slots.pop("when", ""):
            words = "until tomorrow" if words == "tomorrow" else words  # it came from `--until`
            slots |= sentences.term(str(words), self.clock.now())
            if not slots["until"]:
                raise PeopleError(NO_TIME)
        if request.verb == "pair":
            row = self.people.codes.find(code_in(str(slots.pop("code"))), "stranger")
            if row is None:
                raise PeopleError(NO_CODE)
            return {**slots, "row": row["hash"]}
        if request.verb == "invite" and not slots.get("name"):
            kin, slots["name"] = slots.pop("kin", "guest"), slots.pop("called", "")
            if not slots["name"]:
                raise PeopleError(f"What is your {kin} called? Please say it with the name, such as “let my {kin} Anna ...”.")
        if request.verb == "quiet":
            slots.setdefault("quiet", "")
        if "what" in slots:
            if re.search(r"\b(?:until|till|for)\b", str(slots["what"])):
                raise PeopleError(NO_TIME)
            areas, kinds = self._meant(str(slots.pop("what")))
            slots |= {"areas": areas, "kinds": kinds}
        return {**slots, "say": f"{request.verb} {slots.get('name', '')}".strip()}

    def _meant(self, what: str) -> tuple[list[str], list[str]]:
        """The rooms, and the kinds or ids of devices, that words mean; neither for the whole house."""
        areas, kinds = list[str](), list[str]()
        for part in [] if what.casefold() in WHOLE else what.replace(" and ", ",").split(","):
            words = part.strip().removeprefix("the ").removeprefix("all the ").strip()
            found = self.deciding.reader.names.find(words, all=True)
            area = next(
                (a.name for k, a in self.house.areas.items() if words.casefold() in (k, *map(str.casefold, a.aliases))), ""
            )
            devices = found.devices or found.ambiguous
            if area:
                areas.append(area)
            elif devices and not found.place and set(devices) == {d for d in self._all() if d.kind == devices[0].kind}:
                kinds.append(devices[0].kind)
            elif devices:
                kinds += [device.id for device in devices]
            else:
                raise PeopleError(f"I know no “{words}” here. Say a room, or a kind of thing such as “the lights”.")
        return areas, kinds

    def _all(self) -> Any:
        return self.house.devices.values()

    # -- changes

    def _change(self, turn: Turn, verb: str, slots: Slots) -> Change:
        """PeopleError when it cannot be."""
        changes = {"pair": self._pair, "invite": self._invite, "add": self._add, "remove": self._remove,
                   "notify": self._notify}  # fmt: skip
        return changes.get(verb, self._alter)(turn, slots)

    def _pair(self, turn: Turn, slots: Slots) -> Change:
        """Let in the stranger whose code it was."""
        row = self.people.codes.get(str(slots["row"]))
        if row is None:
            raise PeopleError(NO_CODE)
        me = slots.get("name") == "me" or (slots.get("role") == "owner" and not slots.get("name"))
        name = turn.message.person if me else str(slots.get("name") or self.people.free(row["data"]["name"]))
        known = self.people.named(name)
        role = known.role if known else str(slots.get("role") or "guest")
        if known and slots.get("role") not in (None, "", known.role):
            raise PeopleError(
                f"{known.name} is {_a(known.role)} already. Say “make {known.name} {_a(str(slots['role']))}” first."
            )
        if not known:
            self.people.check(name, role)
        who = f"“{row['data']['name']}” on {row['bridge']}" if row["data"]["name"] else f"the stranger on {row['bridge']}"

        def make() -> str:
            turn.writes.append(partial(self.people.let_in, row, name, role))
            return f"{name} may use this house from {row['bridge']} now, as {_a(role)}."

        return f"let in {who} as {_a(role)}{f', {name}' if name != role else ''}", make

    def _invite(self, turn: Turn, slots: Slots) -> Change:
        """A code to hand on."""
        name, role, until = str(slots["name"]), str(slots.get("role") or "guest"), slots.get("until")
        begins = slots.get("begins")
        limits = tuple(slots.get("areas", ())), tuple(slots.get("kinds", ()))
        one = self.people.check(name, role, until, *limits, begins=begins)
        what = self.policy.limits(one) or "what " + _a(role) + " may"
        till = self._term(one)

        def make() -> str:
            code = new_code()
            turn.writes.append(partial(self.people.invite, one.name, role, until, *limits, code=code, begins=begins))
            return f"Hand on this code: {code}. Whoever sends it to me first is {one.name}, and may use {what}{till}."

        return f"invite {one.name} as {_a(role)}, to use {what}{till}", make

    def _add(self, turn: Turn, slots: Slots) -> Change:
        begins = slots.get("begins")
        one = self.people.check(str(slots["name"]), str(slots.get("role") or "guest"), slots.get("until"), begins=begins)

        def make() -> str:
            turn.writes.append(partial(self.people.add, one.name, one.role, one.until, begins=begins))
            return f"{one.name} is {_a(one.role)} of this house{self._term(one) if begins else ' now'}."

        return f"add {one.name} as {_a(one.role)}", make

    def _remove(self, turn: Turn, slots: Slots) -> Change:
        """Together with what they planned: it is paused."""
        one = self._known(slots)
        self.people.check_removal(one.id)
        plans = [
            plan.id for plan in self.routines.all() if plan.person == one.id and plan.status == "on" and plan.kind != "timer"
        ]

        def make() -> str:
            turn.writes.append(partial(self.people.remove, one.id))
            turn.writes.extend(partial(self.routines.pause, id) for id in plans)
            paused = f" I paused what {one.name} had planned ({len(plans)})." if plans else ""
            return f"{one.name} may not use this house any more.{paused}"

        return f"remove {one.name}, {_a(one.role)}", make

    def _alter(self, turn: Turn, slots: Slots) -> Change:
        """Another role, other limits, another end, other quiet hours."""
        one = self._known(slots)
        fields: dict[str, Any] = {key: tuple(slots[key]) for key in ("areas", "kinds", "sees") if key in slots}
        fields |= {key: slots[key] for key in ("role", "until", "quiet") if key in slots}
        if "until" in slots:
            fields["begins"] = slots.get("begins")
        if not fields:
            raise PeopleError("Please say what shall change.")
        if fields.get("role", "guest") != "guest":
            fields["until"] = fields["begins"] = None
        changed = self.people.checked(one.id, **fields)

        def make() -> str:
            turn.writes.append(partial(self.people.change, one.id, **fields))
            return f"Done. {capital(self.words(changed))}"

        return f"change {one.name} to this: {self.words(changed).removesuffix('.')}", make

    def _notify(self, turn: Turn, slots: Slots) -> Change:
        """Notify somebody by ntfy, e-mail or, as the page says, on this phone; or, with `off`, not any more."""
        one, by = self._known(slots), str(slots["by"])
        who = "you" if one.id == turn.message.person else one.name
        if slots.get("off"):

            def end() -> str:
                turn.writes.append(partial(self.people.forget, by, person=one.id))
                return f"I do not notify {who} by {by} any more."

            return f"stop notifying {who} by {by}", end
        way = self.deciding.asks.outbox.bridge(by)
        if way is None:
            raise PeopleError(NOT_SET_UP.format(by=by))
        address, chat, where = self._target(one, by, slots)
        others = [bridge for bridge, _ in self.people.addresses(one.id) if bridge != by]
        first = f" What is urgent comes there; the rest, as before, by {others[0]}." if others else ""
        lacks = f" But first {trouble}." if (trouble := getattr(way, "trouble", "")) else ""

        def make() -> str:
            turn.writes.append(partial(self.people.notify, one.id, by, address, f"{by}:{chat}"))
            return f"I notify {who} by {by} now{where}.{first}{lacks}"

        return f"notify {who} by {by}{where}", make

    def _target(self, one: Person, by: str, slots: Slots) -> tuple[str, str, str]:
        """Address and chat on the bridge, and where that is, for people; PeopleError when it cannot be."""
        if by == "push":
            if "phone" not in slots:
                raise PeopleError(BY_PUSH)
            return str(slots["address"]), str(slots["phone"]), " on this phone"
        if by == "email":
            if not MAILBOX.fullmatch(to := str(slots.get("to", ""))):
                raise PeopleError(NO_MAILBOX.format(to))
            return to, to, f" at {to}"
        topic = "".join(char if char.isascii() else f"{ord(char):x}" for char in one.id)
        return topic, topic, f" (topic: what is in secrets/ntfy{f', and -{topic} behind it' if topic != 'owner' else ''})"

    def _known(self, slots: Slots) -> Person:
        name = str(slots.get("name", ""))
        one = self.people.named(name) or self.people.get(name)
        if one is None:
            raise PeopleError("There is nobody of that name here.")
        return one


def _a(role: str) -> str:
    """an adult, the owner."""
    return f"{'an' if role[0] in 'ao' else 'a'} {role}"
