"""Who is in the house: one device over two hubs, pretenders, moves, names, and what outlives a restart."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest

from claw.capabilities import Door, Power
from claw.clock import ManualClock
from claw.device import Device
from claw.events import Events
from claw.house import Area, DeviceChanged, DeviceHeld, DeviceMoved, House
from claw.store import Store
from claw.testing import eventually
from claw.turns.replies import are, call_of_it, spoken


class Lamp(Device, Power):
    kind = "light"


class Gate(Device, Door):
    kind = "door"


class Seen:
    """A house with its clock, and what it published."""

    def __init__(self, path: Path | None = None) -> None:
        self.clock, self.events, self.store = ManualClock(), Events(), Store(path)
        self.held: list[str] = []
        self.changes: list[Device] = []
        self.events.subscribe(DeviceHeld, lambda event: self.held.append(event.reason))
        self.events.subscribe(DeviceChanged, lambda event: self.changes.append(event.device))
        self.house = House(self.store, self.events, self.clock)

    def lamp(self, host: str, *, keyed: bool, name: str = "Hall Lamp") -> tuple[Lamp, str]:
        lamp = Lamp("lamp-1", name)
        lamp.update(on=False)
        return lamp, self.house.adopt(lamp, skill="hue", host=host, keyed=keyed)

    def gate(self, host: str, *, keyed: bool) -> tuple[Gate, str]:
        gate = Gate("gate-1", "Gate")
        return gate, self.house.adopt(gate, skill="gates", host=host, keyed=keyed)


@pytest.fixture
def seen() -> Seen:
    return Seen()


def test_one_lamp_behind_two_hubs_is_one_device(seen: Seen) -> None:
    first, _ = seen.lamp("10.0.0.1", keyed=True)
    _, verdict = seen.lamp("10.0.0.2", keyed=True)
    assert verdict == "spare"
    assert seen.house.devices == {"lamp-1": first}


def test_the_spare_takes_over_and_gives_back(seen: Seen) -> None:
    first, _ = seen.lamp("10.0.0.1", keyed=True)
    second, _ = seen.lamp("10.0.0.2", keyed=True)
    first.offline("its hub is gone")
    assert seen.house.devices["lamp-1"] is second
    first.update(on=True)
    assert seen.house.devices["lamp-1"] is second
    second.offline("its hub is gone too")
    assert seen.house.devices["lamp-1"] is first
    assert seen.house.devices["lamp-1"].online


def test_a_spare_that_comes_back_relieves_a_device_that_is_gone(seen: Seen) -> None:
    first, _ = seen.lamp("10.0.0.1", keyed=True)
    second, _ = seen.lamp("10.0.0.2", keyed=True)
    second.offline("later")
    first.offline("now")
    assert seen.house.devices["lamp-1"] is first
    second.update(on=True)
    assert seen.house.devices["lamp-1"] is second


def test_a_change_is_told_once_however_often_the_hubs_changed_places(seen: Seen) -> None:
    first, _ = seen.lamp("10.0.0.1", keyed=True)
    second, _ = seen.lamp("10.0.0.2", keyed=True)
    for one, other in ((first, second), (second, first)) * 3:
        one.offline("gone")
        one.update(on=False)
        assert seen.house.devices["lamp-1"] is other
    seen.changes.clear()
    first.update(on=True)
    assert seen.changes == [first]


def test_the_same_device_at_the_same_address_is_a_duplicate(seen: Seen) -> None:
    seen.lamp("10.0.0.1", keyed=False)
    assert seen.lamp("10.0.0.1", keyed=False)[1] == "duplicate"


def test_another_skill_cannot_take_an_identity(seen: Seen) -> None:
    lamp, _ = seen.lamp("10.0.0.1", keyed=True)
    assert seen.house.adopt(Lamp("lamp-1", "Hall Lamp"), skill="other", host="10.0.0.9", keyed=True) == "refused"
    assert seen.house.devices["lamp-1"] is lamp


async def test_an_unkeyed_lamp_moves_only_after_a_minute_of_silence(seen: Seen) -> None:
    """It had not changed for an hour: what counts is when it was last there, not when it last had news."""
    lamp, _ = seen.lamp("10.0.0.1", keyed=False)
    seen.clock.advance(3600)
    lamp.offline("it does not answer")
    assert seen.lamp("10.0.0.9", keyed=False)[1] == "held"
    seen.clock.advance(59)
    assert seen.lamp("10.0.0.9", keyed=False)[1] == "held"
    seen.clock.advance(1)
    assert seen.lamp("10.0.0.9", keyed=False)[1] == "adopted"
    assert seen.held[0] == "Hall Lamp answers at a new address while the old one was heard a moment ago"


async def test_an_unkeyed_pretender_does_not_take_over_at_once(seen: Seen) -> None:
    lamp, _ = seen.lamp("10.0.0.1", keyed=False)
    pretender, verdict = seen.lamp("10.0.0.9", keyed=False)
    assert verdict == "spare"
    lamp.offline("it does not answer")
    assert seen.house.devices["lamp-1"] is lamp
    await asyncio.sleep(0)
    seen.clock.advance(60)
    await eventually(lambda: seen.house.devices["lamp-1"] is pretender)


async def test_a_lamp_that_returns_within_the_minute_keeps_its_place(seen: Seen) -> None:
    lamp, _ = seen.lamp("10.0.0.1", keyed=False)
    seen.lamp("10.0.0.9", keyed=False)
    lamp.offline("it does not answer")
    await asyncio.sleep(0)
    lamp.update(on=True)
    seen.clock.advance(60)
    await asyncio.sleep(0.05)
    assert seen.house.devices["lamp-1"] is lamp


class SteppedClock(ManualClock):
    """A clock whose date NTP may set."""

    step = 0.0

    def time(self) -> float:
        return self.at + self.step


def test_a_date_that_jumps_is_no_minute_of_silence() -> None:
    seen, clock = Seen(), SteppedClock()
    seen.house = House(seen.store, seen.events, clock)
    lamp, _ = seen.lamp("10.0.0.1", keyed=False)
    lamp.offline("it does not answer")
    clock.step = 3600.0
    assert seen.lamp("10.0.0.9", keyed=False)[1] == "held"
    clock.advance(60)
    assert seen.lamp("10.0.0.9", keyed=False)[1] == "adopted"


def test_a_move_without_a_key_is_told_and_one_with_a_key_is_not(seen: Seen) -> None:
    moved: list[str] = []
    seen.events.subscribe(DeviceMoved, lambda event: moved.append(event.host))
    lamp, _ = seen.lamp("10.0.0.1", keyed=False)
    lamp.offline("it does not answer")
    seen.clock.advance(60)
    lamp, _ = seen.lamp("10.0.0.9", keyed=False)
    assert moved == ["10.0.0.9"]
    lamp.offline("it does not answer")
    assert seen.lamp("10.0.0.8", keyed=True)[1] == "adopted"
    assert moved == ["10.0.0.9"]


def test_a_keyed_device_moves_at_once(seen: Seen) -> None:
    lamp, _ = seen.lamp("10.0.0.1", keyed=True)
    lamp.offline("it does not answer")
    moved, verdict = seen.lamp("10.0.0.9", keyed=True)
    assert verdict == "adopted"
    assert seen.house.devices["lamp-1"] is moved


def test_an_unkeyed_gate_never_moves_without_the_owner(seen: Seen) -> None:
    gate, _ = seen.gate("10.0.0.1", keyed=False)
    gate.offline("it does not answer")
    seen.clock.advance(7 * 86400)
    assert seen.gate("10.0.0.9", keyed=False)[1] == "held"
    assert seen.held == ["Gate answers at a new address and cannot prove that it is the same door"]
    seen.house.accept_move("gate-1", "10.0.0.9")
    assert seen.gate("10.0.0.9", keyed=False)[1] == "adopted"


def test_an_unkeyed_gate_that_waits_as_a_spare_is_taken_when_the_owner_says_so(seen: Seen) -> None:
    gate, _ = seen.gate("10.0.0.1", keyed=False)
    other, verdict = seen.gate("10.0.0.9", keyed=False)
    assert verdict == "spare"
    gate.offline("it does not answer")
    assert seen.house.devices["gate-1"] is gate
    assert len(seen.held) == 1
    seen.house.accept_move("gate-1", "10.0.0.9")
    assert seen.house.devices["gate-1"] is other


def test_what_leaves_its_hub_is_gone_even_when_it_was_offline_before(seen: Seen) -> None:
    lamp, _ = seen.lamp("10.0.0.1", keyed=True)
    lamp.offline("it may have no power")
    lamp.leave()
    assert not seen.house.devices


def test_names_are_cleaned_at_the_door(seen: Seen) -> None:
    lamp, _ = seen.lamp("10.0.0.1", keyed=True, name="Ha\u202ell\n\n\tLa\x00mp" + "x" * 500)
    assert lamp.name.startswith("Hall Lamp")
    assert len(lamp.name) == 64
    bare, _ = Seen().lamp("10.0.0.1", keyed=True, name="\u200b\u202e")
    assert bare.name == "light"


@pytest.mark.parametrize("nothing", [None, 7, "a\u202e\nb"])
def test_maker_model_and_sort_are_clean_text_whatever_a_skill_gave(seen: Seen, nothing: object) -> None:
    lamp = Lamp("lamp-1", "Lamp")
    for word in ("maker", "model", "sort"):
        setattr(lamp, word, nothing)
    seen.house.adopt(lamp, skill="hue")
    expected = {None: "", 7: "7"}.get(nothing, "a b")  # type: ignore[call-overload]
    assert (lamp.maker, lamp.model, seen.house.sort(lamp)) == (expected,) * 3


def test_why_a_device_is_away_is_clean_text(seen: Seen) -> None:
    lamp, _ = seen.lamp("10.0.0.1", keyed=True)
    lamp.offline("no\u202e\n\x1b[31m answer")
    assert lamp.trouble == "no [31m answer"


def test_names_and_rooms_of_the_owner_outlive_a_restart(tmp_path: Path) -> None:
    before = Seen(tmp_path / "house.db")
    before.lamp("10.0.0.1", keyed=True)
    before.house.describe("lamp-1", name="Reading Lamp", area="Study", aliases=["the good one"])
    before.store.close()
    after = Seen(tmp_path / "house.db")
    lamp, _ = after.lamp("10.0.0.1", keyed=True)
    assert (after.house.name(lamp), after.house.area(lamp), after.house.aliases(lamp)) == (
        "Reading Lamp",
        "Study",
        ["the good one"],
    )
    assert "study" in after.house.areas


def test_a_restart_does_not_let_a_pretender_in(tmp_path: Path) -> None:
    """After a start nothing was heard yet: silence is counted from the start."""
    Seen(tmp_path / "house.db").lamp("10.0.0.1", keyed=False)
    after = Seen(tmp_path / "house.db")
    after.clock.advance(30)
    assert after.lamp("10.0.0.9", keyed=False)[1] == "held"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Floor Lamp", "the floor lamp"), ("Garage Door", "the garage door"), ("Sonos One", "the Sonos One"), ("LG TV", "the LG TV"),
        ("Anna's lamp", "Anna's lamp"), ("Anna's Lamp", "Anna's lamp"), ("my lamp", "my lamp"), ("The Lamp", "the lamp"),
    ],
)  # fmt: skip
def test_a_name_in_mid_sentence(seen: Seen, name: str, said: str) -> None:
    lamp, _ = seen.lamp("10.0.0.1", keyed=True, name=name)
    assert call_of_it(seen.house, lamp) == said


def test_one_device_with_a_plural_name_is_said_in_the_plural() -> None:
    assert [are(it) for it in ("the bedroom shades", "the curtains", "Anna's lights")] == ["are"] * 3
    assert [are(it) for it in ("the bedroom shade", "the glass", "Lars", "the gas", "")] == ["is"] * 5


def test_a_device_named_like_its_room_is_told_apart(seen: Seen) -> None:
    seen.house.add_area(Area("Kitchen"))
    lamp, _ = seen.lamp("10.0.0.1", keyed=True, name="Kitchen")
    assert call_of_it(seen.house, lamp) == "the kitchen light"
    assert spoken("Front Room") == "front room"


def test_what_a_device_goes_by_keeps_its_own_words(seen: Seen) -> None:
    lamp, _ = seen.lamp("10.0.0.1", keyed=True)
    lamp.sort = "oven"
    seen.house.describe("lamp-1", name="Thing", sort="plug", aliases=["the good one"])
    assert seen.house.called(lamp) == ["oven", "plug", "Hall Lamp", "Thing", "the good one"]


def test_what_was_said_of_a_device_in_a_transaction_that_failed_is_not_believed(seen: Seen) -> None:
    seen.house.describe("lamp-1", name="Reading Lamp", area="Study")
    with contextlib.suppress(sqlite3.OperationalError), seen.house.store.transaction():
        seen.house.describe("lamp-1", name="Sunny", aliases=["the sun"])
        seen.house.describe("lamp-2", name="Moony", area="Attic")
        seen.house.add_area(Area("Study", aliases=("blue room",)))
        raise sqlite3.OperationalError("database or disk is full")
    known = seen.house.records["lamp-1"]
    assert (known.owner_name, known.aliases, known.owner_area) == ("Reading Lamp", [], "Study")
    assert "lamp-2" not in seen.house.records
    assert seen.house.areas == {"study": Area("Study")}
    assert House(seen.house.store, seen.house.events, seen.house.clock).records["lamp-1"] == known
