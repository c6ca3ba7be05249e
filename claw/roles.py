"""What each role may do by itself, and what it may see: the columns of the safety table."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from claw.people.people import RESERVED, Person

ADULTS = ("owner", "adult")  # may approve, and make routines; with a call that needs a yes: the owner
POOLS, HEAT = frozenset({"pool"}), frozenset({"hot", "heater"})
ALL, COMMON, OWN, NONE = "all", "common", "own", "none"  # how much of the memory, the ledger, the cameras somebody sees
GRANTED = {"camera": ALL, "memory": COMMON, "ledger": ALL}  # what is seen by whom it was granted beyond the role


@dataclass(frozen=True)
class Role:
    """Up to `volume` (%) and within `target` (C, thermostats) no adult is needed; `asks`, `never`: sorts of heat to start."""

    volume: float = 100.0
    target: tuple[float, float] = (5.0, 35.0)
    asks: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    sees: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(GRANTED, NONE))


ROLES = {
    "owner": Role(sees=dict.fromkeys(GRANTED, ALL)),
    "adult": Role(sees={"camera": ALL, "memory": COMMON, "ledger": ALL}),
    "child": Role(60.0, (18.0, 24.0), asks=POOLS, never=HEAT, sees=dict.fromkeys(GRANTED, OWN)),
    "guest": Role(60.0, (18.0, 24.0), never=HEAT | POOLS),
}
assert set(ROLES) == set(RESERVED)
STAND_INS = {role: Person(role, role, role) for role in ROLES}


def stand_in(id: str) -> Person | None:
    """The person of a house without people: an id that is a role."""
    return STAND_INS.get(id)


def sight(person: Person | None, what: str) -> str:
    """How much of `what` (camera, memory, ledger) this person may see: all, common, own, none."""
    if person is None:
        return NONE
    return GRANTED[what] if what in person.sees and person.role != "owner" else ROLES[person.role].sees[what]
