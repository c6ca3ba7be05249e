"""Who is who: people with a role, their addresses on bridges, and how a stranger becomes one of them."""

import contextlib
import json
import re
import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import time, timedelta
from typing import Any

from claw.clock import Clock
from claw.discovery.found import clean
from claw.people.codes import CODE_SECONDS, PENDING, Codes, code_in, new_code
from claw.store import Store

RESERVED = ("owner", "adult", "child", "guest")  # ids that are their own role: console, page and evaluations use them
NOBODY = "nobody"  # the role of whoever is not known, was removed, or whose time is over: may do nothing at all
ONE_WAY = frozenset({"ntfy", "email", "push"})  # bridges that only notify: nobody is known by an address there
INVITE_SECONDS = 7 * 86400.0
LONGEST_NAME = 40
HOUR = r"(?:[01]\d|2[0-3]):[0-5]\d"
QUIET = re.compile(rf"({HOUR})-(?!\1)({HOUR})")


class PeopleError(ValueError):
    """It cannot be done so; the text says what to do."""


@dataclass(frozen=True)
class Person:
    """Somebody with a role: owner, adult, child, guest.

    begins, until: seconds since 1970 between which a guest may do something. areas, kinds: the rooms and kinds of devices that
    are theirs to use and to ask about; empty = all that the role may. quiet: "22:00-07:00", when nothing unasked is said to them.
    sees: what is granted beyond the role: camera, memory, ledger.
    """

    id: str
    name: str
    role: str
    until: float | None = None
    areas: tuple[str, ...] = ()
    quiet: str = ""
    kinds: tuple[str, ...] = ()
    sees: tuple[str, ...] = ()
    begins: float | None = None


class People:
    """The people of house.db; kept in memory, too, since every verdict asks for a role."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.codes = Codes(store, clock)
        self._load()

    def _load(self) -> None:
        rows = self.store.all("SELECT * FROM people WHERE removed IS NULL ORDER BY made, id")
        self._people: dict[str, Person] = {role: Person(role, role, role) for role in RESERVED} | {
            row["id"]: _person(row) for row in rows
        }

    def _changed(self) -> None:
        self.store.on_rollback(self._load)
        self._load()

    # -- who is it

    def who(self, bridge: str, address: str) -> Person | None:
        """Who writes from this address, also before their time begins; None for a stranger, and for one whose time is over."""
        row = self.store.one("SELECT person FROM addresses WHERE bridge = ? AND address = ?", bridge, address)
        return self.expected(row["person"]) if row and bridge not in ONE_WAY else None

    def get(self, id: str) -> Person | None:
        """The person with this id; None when there is none, outside a guest's time, and while nobody knows the date for that."""
        person = self.expected(id)
        return None if person and self.early(person) else person

    def early(self, person: Person) -> bool:
        """Whether the time of this guest has not begun."""
        return person.begins is not None and self.clock.time() < person.begins

    def expected(self, id: str) -> Person | None:
        """The person with this id, also before their time begins."""
        person = self._people.get(id)
        if person and person.until is not None and not (self.clock.plausible() and self.clock.time() < person.until):
            return None
        return person

    def name(self, id: str) -> str:
        """What the person with this id is called, or was before they were removed; the id for whoever never was one."""
        row = self.store.one("SELECT name FROM people WHERE id = ?", id)
        return str(row["name"]) if row else id

    def role(self, id: str) -> str:
        """Owner, adult, child or guest; `nobody` for whoever may do nothing."""
        person = self.get(id)
        return person.role if person else NOBODY

    def all(self) -> list[Person]:
        """Everybody who was named or has an address, also those whose time is over."""
        return [one for one in self._people.values() if one.id not in RESERVED or self.addresses(one.id)]

    def ids(self) -> list[str]:
        """Every id that was ever given, and the reserved ones."""
        return [*RESERVED, *(str(row["id"]) for row in self.store.all("SELECT id FROM people WHERE id NOT IN ('owner')"))]

    def named(self, name: str) -> Person | None:
        """The person whom this id or name means."""
        words = name.strip().casefold()
        everybody = [*self.all(), self._people["owner"]]
        return next((one for one in everybody if words in (one.id.casefold(), one.name.casefold())), None)

    def addresses(self, person: str) -> list[tuple[str, str]]:
        """The bridges and chats in which the person with this id is reached, the one used first at first."""
        rows = self.store.all("SELECT bridge, chat FROM addresses WHERE person = ? ORDER BY made, bridge", person)
        return [(row["bridge"], row["chat"]) for row in rows] if self.expected(person) else []

    def at(self, bridge: str, chat: str) -> str:
        """The id of the person with this direct chat; empty when there is none."""
        row = self.store.one("SELECT person FROM addresses WHERE bridge = ? AND chat = ?", bridge, chat)
        return str(row["person"]) if row else ""

    def approvers(self, roles: Collection[str]) -> list[tuple[str, str]]:
        """The addresses of everybody in these roles."""
        return [place for id in self._people if self.role(id) in roles for place in self.addresses(id)]

    def firsts(self, places: Sequence[tuple[str, str]], works: Callable[[str], object]) -> list[tuple[str, str]]:
        """Of these places those of nobody (the console, the page), and each person's first on a bridge that works."""
        first: dict[str, tuple[str, str]] = {}
        for place in sorted(places, key=lambda place: not works(place[0])):
            first.setdefault(self.at(*place), place)
        return [place for place in places if first[self.at(*place)] == place or not self.at(*place)]

    # -- where somebody is notified

    def notify(self, person: str, bridge: str, address: str, chat: str) -> None:
        """From now on notify the person with this id there, too; `chat` is reached by no other address."""
        self.store.write("DELETE FROM addresses WHERE bridge = ? AND chat = ?", bridge, chat)
        self._reach(person, bridge, address, chat)

    def forget(self, bridge: str, *, chat: str = "", person: str = "") -> None:
        """Notify nobody in this chat any more, or this person nowhere on this bridge."""
        self.store.write("DELETE FROM addresses WHERE bridge = ? AND (chat = ? OR person = ?)", bridge, chat, person)

    def address(self, bridge: str, chat: str) -> str:
        """The channel's own address of a chat; empty when there is none (any more)."""
        row = self.store.one("SELECT address FROM addresses WHERE bridge = ? AND chat = ?", bridge, chat)
        return str(row["address"]) if row else ""

    def quiet(self, person: str) -> float:
        """Seconds until the quiet hours of the person with this id end; 0 when there are none now."""
        who = self.get(person)
        if who is None or not who.quiet or not self.clock.plausible():
            return 0.0
        now, (begin, end) = self.clock.now(), (time.fromisoformat(one) for one in who.quiet.split("-"))
        inside = begin <= now.time() < end if begin < end else now.time() >= begin or now.time() < end
        until = now.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
        until += timedelta(days=until <= now)
        return until.timestamp() - now.timestamp() if inside else 0.0

    def first(self) -> bool:
        """Whether no owner has an address yet: then only the code that the console shows lets the first one in."""
        owners = [one.id for one in self._people.values() if one.role == "owner"]
        return not any(bridge not in ONE_WAY for id in owners for bridge, _ in self.addresses(id))

    # -- how one comes in

    def stranger(self, bridge: str, address: str, chat: str, name: str) -> str | None:
        """The code to show to a stranger; None when nothing is said.

        Nothing is said when this one was told already (10 minutes), when three wait, and before the first owner has come.
        """
        waiting = self.codes.open("stranger")
        if self.first() or len(waiting) >= PENDING or any((w["bridge"], w["address"]) == (bridge, address) for w in waiting):
            return None
        data = {"chat": chat, "name": clean(name, LONGEST_NAME)}
        return self.codes.keep(new_code(), "stranger", bridge=bridge, address=address, data=data)

    def waiting(self) -> list[dict[str, Any]]:
        """The strangers who were shown a code: bridge, address, name, expires."""
        rows = self.codes.open("stranger")
        return [
            {"bridge": r["bridge"], "address": r["address"], "name": r["data"]["name"], "expires": r["expires"]} for r in rows
        ]

    def claim(self, code: str, person: str = "", role: str = "guest") -> Person | None:
        """Let in the stranger who was shown this code, as a person who is known or a new one; None when no such code is open."""
        with self.store.transaction():
            row = self.codes.find(code_in(code), "stranger")
            return self.let_in(row, person or self.free(row["data"]["name"]), role) if row else None

    def let_in(self, row: dict[str, Any], person: str, role: str) -> Person:
        """The same for the row of an open code."""
        with self.store.transaction():
            somebody = self.named(person) or self.add(person, role)
            self._reach(somebody.id, row["bridge"], row["address"], row["data"]["chat"])
            self.codes.spend(row)
        return somebody

    def first_code(self) -> str:
        """A new code that makes whoever sends it to a bridge the owner; only the console shows it, and only the newest counts."""
        if not self.first():
            raise PeopleError(
                "This house has an owner already: new people are let in by the owner, with the code that they are shown."
            )
        with self.store.transaction():
            self.codes.drop("first")
            return self.codes.keep(new_code(), "first", data={}, seconds=CODE_SECONDS)

    def invite(
        self, name: str, role: str, until: float | None = None, areas: tuple[str, ...] = (), kinds: tuple[str, ...] = (),
        *, code: str = "", begins: float | None = None,
    ) -> str:  # fmt: skip
        """A code (this one, or a new one) that the invited person sends to the bot, once, within a week and before `until`."""
        now = self.clock.time()
        somebody = _checked(Person("", name, role, until, areas, kinds=kinds, begins=begins), now)
        seconds = min(INVITE_SECONDS, until - now if until else INVITE_SECONDS)
        return self.codes.keep(code or new_code(), "invite", data=asdict(somebody), seconds=seconds)

    def redeem(self, bridge: str, address: str, chat: str, text: str, name: str = "") -> Person | None:
        """Let in a stranger who sends an invitation or the first code; None for any other text, and for one who guesses.

        Ask this before `stranger()`. Only in a direct chat: a group never pairs.
        """
        code = code_in(text)
        if not code or not self.codes.may_try(bridge, address):
            return None
        with self.store.transaction():
            row = self.codes.find(code, "invite", "first")
            if row is None or (row["kind"] == "first" and not self.first()):
                self.codes.wrong(bridge, address)
                return None
            self.codes.spend(row)
            somebody = self._the_first(name) if row["kind"] == "first" else self._invited(row["data"])
            self._reach(somebody.id, bridge, address, chat)
        return somebody

    def _the_first(self, name: str) -> Person:
        """The owner of the console, called by the name that the bridge told."""
        owner: Person = self._people["owner"]
        if owner.name == owner.id and (name := clean(name, LONGEST_NAME)):
            with contextlib.suppress(PeopleError):
                return self.change(owner.id, name=name)
        return owner

    def _invited(self, data: dict[str, Any]) -> Person:
        tuples = {key: tuple(value) for key, value in data.items() if isinstance(value, list)}
        return self._put(_checked(Person(**{**data, **tuples, "id": "", "name": self.free(data["name"])}), self.clock.time()))

    def free(self, name: str) -> str:
        """A name that means nobody yet: what strangers call themselves must not make them somebody who is known."""
        return next(free for n in range(1, 10**6) if not self.named(free := name + f" {n}" * (n > 1)))

    def _reach(self, id: str, bridge: str, address: str, chat: str) -> None:
        self.store.write("DELETE FROM addresses WHERE bridge = ? AND address = ?", bridge, address)
        self.store.insert("addresses", bridge=bridge, address=address, chat=chat, person=id, made=self.clock.time())
        self.store.write("DELETE FROM guesses WHERE bridge = ? AND address = ?", bridge, address)

    # -- changes, by the owner

    def check(
        self, name: str, role: str, until: float | None = None, areas: tuple[str, ...] = (), kinds: tuple[str, ...] = (),
        *, begins: float | None = None,
    ) -> Person:  # fmt: skip
        """The new person that this would be, not added; PeopleError when that cannot be."""
        if self.named(name):
            raise PeopleError(f"There is somebody called {name} already: take another name.")
        return _checked(Person("", name, role, until, areas, kinds=kinds, begins=begins), self.clock.time())

    def add(self, name: str, role: str, until: float | None = None, *, begins: float | None = None) -> Person:
        """A new person without an address; PeopleError when that cannot be."""
        return self._put(self.check(name, role, until, begins=begins))

    def _put(self, person: Person) -> Person:
        person = replace(person, id=self._new_id(person.name))
        self._write(person)
        return person

    def _write(self, person: Person) -> None:
        row = {key: json.dumps(value) if isinstance(value, tuple) else value for key, value in asdict(person).items()}
        self.store.write(
            f"INSERT INTO people ({', '.join(row)}, made) VALUES ({', '.join('?' * len(row))}, ?)"
            f" ON CONFLICT(id) DO UPDATE SET {', '.join(f'{key} = excluded.{key}' for key in row)}",
            *row.values(), self.clock.time(),
        )  # fmt: skip
        self._changed()

    def _new_id(self, name: str) -> str:
        """An id that nobody has or had: what a removed person left open never comes to another of that name."""
        base = re.sub(r"\W+", "-", name.casefold()).strip("-") or "person"
        taken = {row["id"] for row in self.store.all("SELECT id FROM people")} | {*RESERVED, NOBODY}
        return next(id for number in range(1, 10**6) if (id := base if number == 1 else f"{base}-{number}") not in taken)

    def change(self, id: str, **fields: Any) -> Person:
        """Another name, role, begins, until, areas, kinds, quiet, sees; PeopleError when that cannot be."""
        changed = self.checked(id, **fields)
        self._write(changed)
        return changed

    def checked(self, id: str, **fields: Any) -> Person:
        """How the person would be after such a change."""
        person = self._people.get(id)
        if person is None:
            raise PeopleError("There is nobody of that name here.")
        changed = _checked(replace(person, **fields), self.clock.time())
        if person.role == "owner" and changed.role != "owner" and self._last_owner(id):
            raise PeopleError("A house needs an owner: make somebody else an owner first.")
        if id in RESERVED and changed.role != id:
            raise PeopleError(f"The {id} is who sits at the console of this house, and stays so.")
        return changed

    def remove(self, id: str) -> None:
        """From now on this person may do nothing, and is a stranger on every bridge; PeopleError for the last owner."""
        self.check_removal(id)
        with self.store.transaction():
            self.store.write("DELETE FROM addresses WHERE person = ?", id)
            self.store.write("UPDATE people SET removed = ? WHERE id = ?", self.clock.time(), id)
            self._changed()

    def check_removal(self, id: str) -> None:
        """PeopleError when this person cannot be removed."""
        if id not in self._people or (id in RESERVED and not self.addresses(id)):
            raise PeopleError("There is nobody of that name here.")
        if self._last_owner(id):
            raise PeopleError("A house needs an owner: make somebody else an owner first.")

    def _last_owner(self, id: str) -> bool:
        owners = [one.id for one in self.all() if one.role == "owner"]
        return owners == [id]


def _person(row: sqlite3.Row) -> Person:
    lists = {key: tuple(json.loads(row[key])) for key in ("areas", "kinds", "sees")}
    return Person(row["id"], row["name"], row["role"], row["until"], quiet=row["quiet"], begins=row["begins"], **lists)


def _checked(person: Person, now: float) -> Person:
    """The person with a clean name; PeopleError when the role, the name or the time cannot be."""
    name = clean(person.name, LONGEST_NAME)
    if not re.search(r"[^\W\d_]", name) or (name.casefold() in (*RESERVED, NOBODY) and name.casefold() != person.id):
        raise PeopleError(f"“{person.name}” is no name for a person.")
    if person.quiet and not QUIET.fullmatch(person.quiet):
        raise PeopleError("Quiet hours are written like 22:00-07:00.")
    if person.role not in RESERVED:
        raise PeopleError(f"“{person.role}” is no role: owner, adult, child or guest.")
    if person.until is not None and person.role != "guest":
        raise PeopleError("Only a guest comes for a time: leave the time out, or make it a guest.")
    if person.until is not None and person.until <= now:
        raise PeopleError("That time is over already.")
    return replace(person, name=name)
