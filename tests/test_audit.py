"""The ledger is a chain: what was changed, cut out, moved or cut off afterwards is found, from outside, also while claw runs."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import process
import pytest

from claw.call import ToolCall
from claw.clock import ManualClock
from claw.messages.ledger import Ledger
from claw.store import FIRST, Store
from claw.upkeep.audit import Audit, AuditError, verify

OPEN = ToolCall("open_door", ("garage",), {"reason": 'Zoë\'s \u2028 "key"'})


def ledger(data: Path, rows: int = 6) -> Audit:
    """A data folder whose ledger has so many rows; what the audit says of it."""
    data.mkdir(exist_ok=True)
    store = Store(data / "house.db")
    clock, one = ManualClock(), Ledger(store, ManualClock())
    for number in range(rows):
        one.clock = clock
        clock.advance(0.1)
        one.append(number // 2 + 1, 0, ("intended", "confirmed")[number % 2], OPEN, {"devices": {"garage": {"outcome": "done"}}})
    store.close()
    return verify(data)


@contextlib.contextmanager
def forged(data: Path) -> Iterator[sqlite3.Connection]:
    """The file in the hands of somebody who knows how to get past the triggers."""
    with contextlib.closing(sqlite3.connect(data / "house.db")) as conn, conn:
        conn.execute("DROP TRIGGER ledger_update")
        conn.execute("DROP TRIGGER ledger_delete")
        yield conn


def test_a_ledger_as_it_was_written_is_whole(tmp_path: Path) -> None:
    found = ledger(tmp_path)
    assert (found.rows, found.wrong, len(found.head)) == (6, "", 64)
    assert ledger(tmp_path, 2).rows == 8  # another process goes on with the chain
    assert verify(tmp_path).wrong == ""


def test_a_ledger_without_rows_is_whole(tmp_path: Path) -> None:
    assert ledger(tmp_path, 0) == Audit(0, "")


@pytest.mark.parametrize(
    "column", ["turn = 9", "call = 9", "event = 'declined'", "command = 'lock'", "targets = '[]'", "args = '{}'", "detail = '{}'",
               "at = at + 1", "hash = 'x'", "detail = x'00'", "id = 60"],
)  # fmt: skip
def test_a_row_that_was_changed_is_named(tmp_path: Path, column: str) -> None:
    ledger(tmp_path)
    with forged(tmp_path) as conn:
        conn.execute(f"UPDATE ledger SET {column} WHERE id = 4")
    found = verify(tmp_path)
    assert found.row == (5 if column == "id = 60" else 4)  # a row that was moved to the end is missing first
    assert f"row {found.row} " in found.wrong


@pytest.mark.parametrize(("gone", "row", "words"), [("1", 2, "row 1"), ("3", 4, "row 3"), ("3, 4", 5, "rows 3 to 4")])
def test_rows_that_are_missing_are_found(tmp_path: Path, gone: str, row: int, words: str) -> None:
    ledger(tmp_path)
    with forged(tmp_path) as conn:
        conn.execute(f"DELETE FROM ledger WHERE id IN ({gone})")
    found = verify(tmp_path)
    assert found.row == row
    assert found.wrong.endswith(f"missing before it: {words}")


def test_missing_rows_are_found_though_the_others_were_numbered_anew(tmp_path: Path) -> None:
    ledger(tmp_path)
    with forged(tmp_path) as conn:
        conn.execute("DELETE FROM ledger WHERE id = 3")
        for id in (4, 5, 6):
            conn.execute("UPDATE ledger SET id = id - 1 WHERE id = ?", [id])
    assert verify(tmp_path).row == 3


def test_rows_that_changed_places_are_found(tmp_path: Path) -> None:
    ledger(tmp_path)
    with forged(tmp_path) as conn:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            conn.execute("UPDATE ledger SET id = ? WHERE id = ?", [new, old])
    assert verify(tmp_path).row == 2


def test_a_row_that_was_put_in_is_found(tmp_path: Path) -> None:
    ledger(tmp_path)
    with forged(tmp_path) as conn:
        conn.execute(
            "INSERT INTO ledger SELECT 7, turn, call, event, command, targets, args, detail, at, hash FROM ledger WHERE id = 6"
        )
    assert verify(tmp_path).row == 7


def test_rows_that_were_cut_off_are_found_by_the_hash_that_somebody_wrote_down(tmp_path: Path) -> None:
    head = ledger(tmp_path).head
    ledger(tmp_path, 2)
    assert verify(tmp_path, head).wrong == ""  # it went on since, which is right
    assert verify(tmp_path, head[:16].upper() + " ").wrong == ""
    with forged(tmp_path) as conn:
        conn.execute("DELETE FROM ledger WHERE id > 5")
    assert verify(tmp_path).wrong == ""
    assert "rows at the end are missing" in verify(tmp_path, head).wrong


def test_a_chain_that_was_computed_anew_is_found_by_the_hash_that_somebody_wrote_down(tmp_path: Path) -> None:
    head = ledger(tmp_path).head
    (tmp_path / "house.db").unlink()
    with contextlib.closing(Store(tmp_path / "house.db")) as store:
        Ledger(store, ManualClock()).append(1, 0, "intended", ToolCall("lock", ("door",)))
    assert verify(tmp_path).wrong == ""
    assert verify(tmp_path, head).wrong


def test_the_store_itself_changes_and_drops_no_row(tmp_path: Path) -> None:
    ledger(tmp_path)
    with contextlib.closing(Store(tmp_path / "house.db")) as store:
        for deed in ("UPDATE ledger SET event = 'declined'", "DELETE FROM ledger"):
            with pytest.raises(sqlite3.IntegrityError, match="only added to"):
                store.write(deed)
    assert verify(tmp_path).rows == 6


def test_what_was_rolled_back_leaves_no_gap(tmp_path: Path) -> None:
    ledger(tmp_path, 2)
    with contextlib.closing(Store(tmp_path / "house.db")) as store:
        one = Ledger(store, ManualClock())
        with contextlib.suppress(ZeroDivisionError), store.transaction():
            one.append(5, 0, "intended", OPEN)
            raise ZeroDivisionError
        one.append(6, 0, "intended", OPEN)
    assert verify(tmp_path) == Audit(3, verify(tmp_path).head)


def test_a_ledger_of_an_older_claw_becomes_a_chain_at_the_first_start(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "house.db")) as conn, conn:
        for statement in FIRST.split(";"):
            conn.execute(statement)
        conn.execute("CREATE TABLE _sqlite_migrations (id INTEGER PRIMARY KEY, migration_set TEXT, name TEXT, applied_at TEXT)")
        conn.execute("INSERT INTO _sqlite_migrations VALUES (1, 'house', 'first_tables', '')")
        row = (1, 0, "intended", "turn_on", '["lamp"]', "{}", json.dumps({"reason": ""}), 1_790_000_000.25)
        for id in (1, 2, 4):  # and one is missing already: nobody can say more about that
            conn.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (id, *row))
    with pytest.raises(AuditError, match="older claw"):
        verify(tmp_path)
    found = ledger(tmp_path, 2)
    assert (found.rows, found.wrong) == (5, "")
    with forged(tmp_path) as conn:
        conn.execute("UPDATE ledger SET command = 'turn_off' WHERE id = 1")
    assert verify(tmp_path).row == 1


def test_the_command_names_the_first_broken_row_and_ends_with_1(tmp_path: Path) -> None:
    data = tmp_path / "data"
    head = ledger(data).head
    whole = process.claw("audit", "verify", "--data", data)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert f"the ledger is whole: 6 rows\nhead {head}\n" in whole.stdout
    with forged(data) as conn:
        conn.execute("UPDATE ledger SET detail = '{}' WHERE id IN (2, 5)")
    broken = process.claw("audit", "verify", "--data", data, "--json")
    assert (broken.returncode, json.loads(broken.stdout)["row"]) == (1, 2)
    assert "the ledger is broken: row 2 is not as it was written" in process.claw("audit", "verify", "--data", data).stdout
    assert process.claw("audit", "verify", "--data", data, "--head", "abc").returncode == 1
    nothing = process.claw("audit", "verify", "--data", tmp_path / "nothing")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "there is no house in" in nothing.stderr


def test_a_running_house_is_verified_too(tmp_path: Path) -> None:
    with process.running(tmp_path) as claw:
        assert process.claw("audit", "verify", "--data", claw.data).stdout.startswith(
            "the ledger is whole: 0 rows\nhead (none yet)"
        )
        store = claw.data / "house.db"
        with contextlib.closing(sqlite3.connect(store)) as conn, conn:
            conn.execute("INSERT INTO ledger VALUES (1, 1, 0, 'intended', 'unlock', '[]', '{}', '{}', 0, 'forged')")
        assert "row 1 is not as it was written" in process.claw("audit", "verify", "--data", claw.data).stdout
