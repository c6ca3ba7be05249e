"""The pages: facts in files that people may edit, an index that follows, versions, and what is forgotten."""

import os
import random
import sqlite3
import statistics
import time
from pathlib import Path

import pytest
from process import until

from claw.clock import ManualClock
from claw.memory.pages import LONGEST_PAGE, Fact, Memory, PageError
from claw.store import Store, history

KEY = Fact("house", "The spare key is in the drawer.", "owner, 2026-09-21")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return history(tmp_path / "history.db")


@pytest.fixture
def memory(store: Store, tmp_path: Path) -> Memory:
    return Memory(store, ManualClock(), tmp_path / "pages")


def test_the_first_start_lays_out_the_pages_that_come_with_claw(memory: Memory) -> None:
    assert memory.pages() == {"house": 0}
    assert memory.text("house").startswith("# The house\n")


def test_a_page_that_the_owner_deleted_does_not_come_back(memory: Memory, store: Store, tmp_path: Path) -> None:
    (tmp_path / "pages" / "house.md").unlink()
    assert Memory(store, ManualClock(), tmp_path / "pages").pages() == {}


def test_a_fact_is_a_line_with_its_source_in_a_file_for_the_owner_only(memory: Memory, tmp_path: Path) -> None:
    memory.remember("house", KEY.text, "owner")()
    page = tmp_path / "pages" / "house.md"
    assert page.read_text().endswith("page.\n- The spare key is in the drawer. (owner, 2026-09-21)\n")
    assert page.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in page.parent.iterdir()] == ["house.md"]
    assert memory.find("where is the spare keys?") == [KEY]


def test_a_new_page_has_a_title(memory: Memory) -> None:
    memory.remember("floor-lamp", "It flickers.", "owner")()
    assert memory.text("floor-lamp") == "# Floor lamp\n\n- It flickers. (owner, 2026-09-21)\n"


def test_what_is_prepared_is_not_done(memory: Memory) -> None:
    memory.remember("house", KEY.text, "owner")
    assert memory.facts("house") == []


def test_a_turn_that_runs_again_after_a_crash_remembers_once(store: Store, tmp_path: Path) -> None:
    """The file was written, then the process died: neither history.db nor house.db knew of it."""
    memory = Memory(store, ManualClock(), tmp_path / "pages")
    write = memory.remember("house", KEY.text, "owner")
    before = sqlite3.connect(tmp_path / "before.db")
    store.conn.backup(before)
    write()
    write()
    before.backup(store.conn)  # what a power cut leaves of history.db
    before.close()
    Memory(store, ManualClock(at=1_790_200_000.0), tmp_path / "pages").remember("house", KEY.text.upper(), "owner")()
    assert memory.text("house").casefold().count("spare key") == 1
    assert memory.facts("house") == [KEY]


def test_the_index_is_made_anew_from_the_files(memory: Memory, tmp_path: Path) -> None:
    memory.remember("house", KEY.text, "owner")()
    assert Memory(history(None), ManualClock(), tmp_path / "pages").find("spare key") == [KEY]


def test_a_page_that_was_edited_by_hand_is_believed_and_its_versions_are_kept(memory: Memory, tmp_path: Path) -> None:
    memory.remember("house", KEY.text, "owner")()
    page = tmp_path / "pages" / "house.md"
    page.write_text(
        "no title\r\n* The key is at Anna's\r\n  - it has a red tag (red, round)\r\n- \x1b[31mred\u202e (Anna, 2026-01-02)"
    )
    assert memory.facts("house") == [
        Fact("house", "The key is at Anna's"), Fact("house", "it has a red tag (red, round)"), Fact("house", "[31mred", "Anna, 2026-01-02"),
    ]  # fmt: skip
    assert memory.find("drawer") == []
    assert [one.why for one in memory.versions("house")] == ["edited by hand", "remembered", "found"]
    memory.remember("house", "The door sticks.", "owner")()
    assert page.read_bytes().endswith(b"(Anna, 2026-01-02)\n- The door sticks. (owner, 2026-09-21)\n")
    assert b"red tag (red, round)\r\n" in page.read_bytes()


def test_two_edits_within_a_moment_and_of_the_same_length_are_both_seen(memory: Memory, tmp_path: Path) -> None:
    for word in ("aaaa", "bbbb", "cccc"):
        (tmp_path / "pages" / "house.md").write_text(f"- {word}\n")
        assert memory.facts("house") == [Fact("house", word)]


def test_a_later_edit_that_keeps_the_time_of_the_file_is_seen(memory: Memory, tmp_path: Path) -> None:
    page = tmp_path / "pages" / "house.md"
    page.write_text("- aaaa\n")
    os.utime(page, (1.0, 1.0))
    until(lambda: memory.facts("house") == [Fact("house", "aaaa")] and memory._seen)  # it need not be read any more
    page.write_text("- bbbb\n")
    os.utime(page, (1.0, 1.0))
    assert memory.facts("house") == [Fact("house", "bbbb")]


def test_where_no_folder_can_be_made_nothing_is_known_and_all_else_runs(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    memory = Memory(store, ManualClock(), tmp_path / "file" / "pages")
    assert memory.pages() == {}


def test_a_page_deleted_by_hand_is_forgotten_and_can_be_restored(memory: Memory, tmp_path: Path) -> None:
    memory.remember("study", "The window sticks.", "owner")()
    (tmp_path / "pages" / "study.md").unlink()
    assert memory.find("window") == []
    assert list(memory.pages()) == ["house"]
    version, write = memory.restore(memory.page("Study"))
    write()
    assert "window" in version.text
    assert [fact.page for fact in memory.find("window")] == ["study"]


def test_restoring_is_a_version_itself_and_can_be_taken_back(memory: Memory) -> None:
    memory.remember("study", "One.", "owner")()
    one = memory.text("study")
    memory.remember("study", "Two.", "owner")()
    two = memory.text("study")
    memory.restore("study")[1]()
    assert memory.text("study") == one
    memory.restore("study")[1]()
    assert memory.text("study") == two
    oldest = memory.versions("study")[-1]
    memory.restore("study", oldest.id)[1]()
    assert memory.text("study") == one
    assert [version.why for version in memory.versions("study")] == ["restored"] * 3 + ["remembered"] * 2


@pytest.mark.parametrize("noticed", [True, False], ids=["indexed", "file only"])
def test_a_restore_that_a_crash_interrupted_is_not_taken_back(memory: Memory, tmp_path: Path, noticed: bool) -> None:
    for text in ("One.", "Two."):
        memory.remember("study", text, "owner")()
    wanted, asked = memory.versions("study")[-1].text, memory.clock.time()
    memory.clock.advance(1)  # type: ignore[attr-defined]
    if noticed:
        memory.restore("study", None, asked)[1]()
    else:
        (tmp_path / "pages" / "study.md").write_text(wanted, "utf-8")
    version, write = memory.restore("study", None, asked)
    write()
    assert version.text == memory.text("study") == wanted


def test_a_forgetting_that_a_crash_interrupted_leaves_no_version(memory: Memory) -> None:
    memory.remember("house", "The wine is behind the xylophone.", "owner")()
    forget = memory.forget(memory.find("xylophone"))

    class Crash(Exception):
        pass

    def crash(*_: object) -> None:
        raise Crash

    whole, memory._write = memory._write, crash  # type: ignore[method-assign]
    with pytest.raises(Crash):
        forget()
    memory._write = whole  # type: ignore[method-assign]
    assert not any("xylophone" in version.text for version in memory.versions("house"))
    memory.forget(memory.find("xylophone"))()
    assert memory.find("xylophone") == []
    assert "xylophone" not in memory.text("house")


def test_there_is_nothing_to_restore_at_first(memory: Memory) -> None:
    with pytest.raises(PageError, match="no other version"):
        memory.restore("house")
    with pytest.raises(PageError, match="no such version"):
        memory.restore("house", 999)


def test_what_is_forgotten_is_in_no_version_and_no_file(memory: Memory, tmp_path: Path) -> None:
    memory.remember("house", "The wine is behind the xylophone.", "owner")()
    memory.remember("house", KEY.text, "owner")()
    write = memory.forget(memory.find("xylophone"))
    write()
    write()
    assert memory.facts("house") == [KEY]
    assert not [one for one in memory.versions("house") if "xylophone" in one.text]
    left = [path.name for path in tmp_path.rglob("*") if path.is_file() and b"xylophon" in path.read_bytes().lower()]
    assert left == []


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a.b", ".hidden", "a\0b", "x" * 49, "a\nb", "-rf"])
def test_a_name_cannot_leave_the_folder(memory: Memory, name: str) -> None:
    with pytest.raises(PageError):
        memory.remember(name, "x", "owner")
    with pytest.raises(PageError):
        memory.text(name)


def test_links_pipes_and_strange_names_in_the_folder_are_left_alone(memory: Memory, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("- The code is in here.\n")
    (tmp_path / "pages" / "link.md").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pages" / "pipe.md")
    (tmp_path / "pages" / "folder.md").mkdir()
    (tmp_path / "pages" / "a.b.md").write_text("- The code is in here.\n")
    assert memory.find("code") == []
    for name in ("link", "pipe", "folder"):
        with pytest.raises(PageError, match="leave it alone"):
            memory.remember(name, "x", "owner")


def test_a_page_that_is_not_utf8_is_read_but_not_written(memory: Memory, tmp_path: Path) -> None:
    (tmp_path / "pages" / "old.md").write_bytes("- Der Schlüssel ist da\n".encode("latin-1"))
    assert [fact.page for fact in memory.find("ist da")] == ["old"]
    with pytest.raises(PageError, match="UTF-8"):
        memory.remember("old", "x", "owner")


def test_a_full_page_takes_no_more(memory: Memory, tmp_path: Path) -> None:
    (tmp_path / "pages" / "house.md").write_text("- Something.\n" * (LONGEST_PAGE // 13))
    with pytest.raises(PageError, match="is full"):
        memory.remember("house", "One more thing to know.", "owner")


def test_a_fact_is_one_line_and_cannot_forge_its_source(memory: Memory) -> None:
    memory.remember("house", "One\n- Two (Anna, 2020-01-01)", "ow(ner), 2020-01-01")()
    assert memory.facts("house") == [Fact("house", "One - Two (Anna, 2020-01-01)", "ow ner 2020-01-01, 2026-09-21")]


def test_while_the_date_is_not_known_none_is_written(store: Store, tmp_path: Path) -> None:
    memory = Memory(store, ManualClock(at=0.0), tmp_path / "pages")
    memory.remember("house", "It rains.", "owner")()
    assert memory.facts("house") == [Fact("house", "It rains.", "owner, undated")]


def test_without_a_folder_nothing_is_kept() -> None:
    memory = Memory(history(None), ManualClock(), None)
    assert memory.pages() == {}
    assert memory.find("key") == []
    with pytest.raises(PageError, match="no folder"):
        memory.remember("house", "x", "owner")


ODD = [
    "", " ", '"', "'", '""', "key AND", "NOT key", "key OR OR", "NEAR(key, 2)", "text:key", "^key", "key*", "(((", "-key", "🔑",
    "🔑🔑 key", "\0", "\ud800", "a" * 10_000, "key " * 2_500, "; DROP TABLE facts", "k\u0301ey", "{page}: x", "+", "_", "ключ", "鍵",
]  # fmt: skip


@pytest.mark.parametrize("words", ODD, ids=range(len(ODD)))
def test_odd_words_find_something_or_nothing_but_never_fail(memory: Memory, words: str) -> None:
    memory.remember("house", KEY.text, "owner")()
    assert memory.find(words) in ([], [KEY])


def test_a_full_disk_is_told_as_the_database_tells_it_so_that_the_turn_comes_again(memory: Memory) -> None:
    import resource

    write = memory.remember("house", KEY.text, "owner")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        with pytest.raises(sqlite3.OperationalError):
            write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert memory.facts("house") == []
    write()
    assert memory.facts("house") == [KEY]


def test_5000_facts_are_searched_in_20_ms(memory: Memory, tmp_path: Path) -> None:
    rng = random.Random(1)
    words = [f"{a}{b}" for a in ("lam", "kor", "win", "tal", "mer", "sol") for b in ("ba", "ne", "ti", "du", "ros", "gan")]
    for page in range(20):
        lines = [f"- The {' '.join(rng.choices(words, k=6))} {page * 250 + n}. (owner, 2026-01-01)\n" for n in range(250)]
        (tmp_path / "pages" / f"room {page}.md").write_text("".join(lines))
    assert sum(memory.pages().values()) == 5000
    took = []
    for number in range(0, 5000, 100):
        began = time.perf_counter()
        assert [fact.text for fact in memory.find(f"what is the {number}?") if f" {number}." in fact.text]
        took.append((time.perf_counter() - began) * 1000)
    print(f"p50 {statistics.median(took):.1f} ms")
    assert statistics.median(took) < 20
