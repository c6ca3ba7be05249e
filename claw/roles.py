"""What each role may do by itself: the columns of the safety table. Not yet: people, areas, and what one may read."""

from dataclasses import dataclass

ADULTS = ("owner", "adult")  # may approve, and make routines; with a call that needs a yes: the owner
POOLS, HEAT = frozenset({"pool"}), frozenset({"hot", "heater"})


@dataclass(frozen=True)
class Role:
    """Up to `volume` (%) and within `target` (C, thermostats) no adult is needed; `asks`, `never`: sorts of heat to start."""

    volume: float = 100.0
    target: tuple[float, float] = (5.0, 35.0)
    asks: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


ROLES = {
    **dict.fromkeys(ADULTS, Role()),
    "child": Role(60.0, (18.0, 24.0), asks=POOLS, never=HEAT),
    "guest": Role(60.0, (18.0, 24.0), never=HEAT | POOLS),
}


def role_of(person: str) -> Role:
    """The role that a person is called by; whoever is not known is a guest."""
    return ROLES.get(person, ROLES["guest"])
