"""Six hours of three seeds with nothing wrong, and mistakes that such hours find. More seeds: `python -m tests.days --seeds 200`."""

from collections.abc import Callable, Sequence

import pytest

from claw.bridges.arriving import Incoming, Polled
from claw.device import Device
from claw.policy import Verdict
from tests.days import play
from tests.town.life import Life


@pytest.mark.parametrize("seed", [1, 2, 5])  # with one of each night in which the clocks change
def test_hours_in_which_much_goes_wrong_end_well(seed: int) -> None:
    wrong, counts = play(seed, 6.0)
    assert wrong == [], f"again: python -m tests.days --seed {seed} --hours 6 --tell"
    assert counts["messages"] > 150
    assert min(counts["deed"], counts["fault"], counts["device"]) > 40
    assert min(counts["dead"], counts["jump"], counts["disk"]) > 0


def no_note(life: Life) -> None:
    """Takes Telegram for a network that shows one key once."""
    life.telegram.idempotent = True


def place_first(life: Life) -> None:
    """Commits the place of the bridge before what came."""
    take = life.arriving.take

    async def hasty(bridge: Polled, batch: Sequence[Incoming], cursor: tuple[str, str] | None = None) -> None:
        if cursor:
            life.store.keep(*cursor)
        await take(bridge, batch)

    life.arriving.take = hasty  # type: ignore[method-assign]


def no_lease(life: Life) -> None:
    """Lets everything run for ever."""
    life.agent.policy.lease = lambda device, command, args=None: 0.0  # type: ignore[method-assign]


def trusting(life: Life) -> None:
    """Allows whatever would be asked about."""
    verdict = life.agent.policy.verdict

    def allowed(device: Device, *args: object, **more: object) -> Verdict:
        found = verdict(device, *args, **more)  # type: ignore[arg-type]
        return Verdict("allow") if found.ruling == "confirm" else found

    life.agent.policy.verdict = allowed  # type: ignore[method-assign]


def talkative(life: Life) -> None:
    """Tells strangers more than a code."""
    life.agent.people.stranger = lambda *_: "(and the key lies under the mat) 12345678"  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("mistake", "hours", "what"),
    [
        (no_note, 5.0, "was shown 2 times"), (no_lease, 5.0, "is on for"), (trusting, 1.0, "no approval"),
        (talkative, 1.0, "a stranger reads"), (place_first, 2.0, "lost: tg:"),
    ],
)  # fmt: skip
def test_a_mistake_is_found(mistake: Callable[[Life], None], hours: float, what: str) -> None:
    for seed in range(1, 7):  # which of them finds it changes with every change of the code
        wrong, _ = play(seed, hours, mistakes=mistake)
        if any(what in one for one in wrong):
            return
    raise AssertionError(f"nobody noticed that {mistake.__doc__}")


def test_a_seed_always_plays_the_same() -> None:
    assert play(7, 1.0) == play(7, 1.0)
