"""Pages of markdown: facts as lines with their source, an index to find them, and every version."""

import contextlib
import errno
import hashlib
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from claw.clock import Clock
from claw.discovery.found import clean
from claw.files import replace
from claw.hosting.secrets import redact
from claw.names import ARTICLES, PREPOSITIONS, fold
from claw.store import Store

LONGEST_FACT, LONGEST_PAGE, LONGEST_FILE = 500, 64_000, 1_000_000  # characters; bytes that we write; bytes that we read
NAME = re.compile(r"\w[\w -]{0,47}")  # no dot, no slash: a page cannot leave its folder
FACT = re.compile(r"[-*] (?P<text>.+?)(?: \((?P<source>[^()]*, (?:\d{4}-\d\d-\d\d|undated))\))?")
IDLE = ARTICLES | PREPOSITIONS | {  # say nothing about what is looked for
    "i", "you", "we", "me", "us", "it", "is", "are", "was", "were", "am", "be", "do",
    "does", "did", "have", "has", "had", "that", "this", "these", "those", "there", "about", "what", "where",
    "who", "when", "which", "whose", "how", "called", "name", "s", "and", "or", "with",
}  # fmt: skip
TOKENS, FOUND = 16, 20  # words of a question that are searched for; facts that a search gives at most
NEWEST = "substr(source, -10) DESC, rowid DESC"  # the day; of one day the page that was written last, and its last line
DELETED = "deleted by hand"
COARSE_NS = 100_000_000
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO)
Write = Callable[[], object]


class PageError(Exception):
    """It cannot be written so; the text says what to do."""


@dataclass(frozen=True)
class Fact:
    """One line of a page. source: who said it and when, "owner, 2026-11-22"; empty when a person wrote the line by hand."""

    page: str
    text: str
    source: str = ""


@dataclass(frozen=True)
class Version:
    """What a page held from a moment on (seconds since 1970), and why it changed."""

    id: int
    text: str
    why: str
    at: float


class Memory:
    """The pages of one house. The files are the truth, since people may edit them; the index follows when it is used.

    remember, forget and restore only prepare: what they return writes, and may be called again after a crash.
    """

    def __init__(self, history: Store, clock: Clock, folder: Path | None) -> None:
        """`folder`: where the pages are; None: nowhere, and nothing is kept."""
        self.history, self.clock, self.folder = history, clock, folder
        self.may: Callable[[str], bool] = _any  # which pages are shown to whoever asks now
        self._seen: dict[str, tuple[int, ...]] = {}  # page -> the times, size and number of its file when it was read
        with contextlib.suppress(OSError):  # a full disk: the claw runs all the same, and this is tried again
            self._seed()

    def _seed(self) -> None:
        """The pages that come with claw, at the first start."""
        if self.folder is None or self.folder.is_dir():
            return
        self.folder.mkdir(mode=0o700, parents=True)
        for page in sorted(shipped().glob("*.md")):
            shutil.copyfile(page, self.folder / page.name)
            (self.folder / page.name).chmod(0o600)

    # -- reading

    def pages(self) -> dict[str, int]:
        """The names of all pages and how many facts each holds."""
        self._follow()
        counts = dict(map(tuple, self.history.all("SELECT page, count(*) FROM facts GROUP BY page")))
        return {row["name"]: counts.get(row["name"], 0) for row in self.history.all("SELECT name FROM pages ORDER BY name")
                if self.may(row["name"])}  # fmt: skip

    def page(self, words: str) -> str:
        """The name of the page that these words name, also one that was deleted; empty when none."""
        self._follow()
        rows = self.history.all("SELECT name FROM pages UNION ALL SELECT DISTINCT page FROM versions")
        return next((str(row["name"]) for row in rows if fold(row["name"]) == fold(words) and self.may(row["name"])), "")

    def facts(self, page: str) -> list[Fact]:
        """The facts of a page, in its order."""
        self._follow()
        rows = self.history.all("SELECT page, text, source FROM facts WHERE page = ? ORDER BY line", page)
        return [Fact(*row) for row in rows if self.may(page)]

    def find(self, words: str) -> list[Fact]:
        """The facts, or facts of pages, in which all of these words are: the best 20, the newest first."""
        self._follow()
        said = fold(clean(words, 2000))
        tokens = [word for word in said if word not in IDLE] or said
        query = " AND ".join(f'"{token}"' for token in tokens[:TOKENS])
        best = "SELECT rowid, page, text, source FROM facts WHERE facts MATCH ? ORDER BY rank LIMIT ?"
        found = f"SELECT page, text, source FROM ({best}) ORDER BY {NEWEST}"
        return [Fact(*row) for row in self.history.all(found, query, FOUND) if self.may(row["page"])] if query else []

    def newest(self, count: int) -> list[Fact]:
        """What was remembered last, the newest first."""
        self._follow()
        rows = self.history.all(f"SELECT page, text, source FROM facts ORDER BY {NEWEST}")
        return [Fact(*row) for row in rows if self.may(row["page"])][:count]

    def text(self, page: str) -> str:
        """The whole page as it is in its file; empty when there is none."""
        path = self._path(page)
        return path.read_bytes().decode("utf-8", "replace") if _readable(path) else ""

    def versions(self, page: str) -> list[Version]:
        """Every version of a page, the newest first."""
        self._follow()
        rows = self.history.all("SELECT id, text, why, at FROM versions WHERE page = ? ORDER BY id DESC", page)
        return [Version(*row) for row in rows]

    # -- writing

    def remember(self, page: str, text: str, who: str, instead: str = "") -> Write:
        """Add a fact, in place of another if it says so, unless it is there already. PageError when the page takes no more."""
        self._follow()
        before, text = _without(self._before(page), {instead}), clean(redact(text), LONGEST_FACT)
        day = f"{self.clock.now():%Y-%m-%d}" if self.clock.plausible() else "undated"
        source = f"{clean(re.sub(r'[(),]', ' ', who))}, {day}"
        if text.casefold() in (fact.text.casefold() for fact in _facts(page, before)):
            return partial(self._write, page, before, "remembered")
        start = before if before.endswith("\n") or not before else f"{before}\n"
        start = start or f"# {page[:1].upper()}{page[1:].replace('-', ' ')}\n\n"
        return partial(self._write, page, self._fitting(page, f"{start}- {text} ({source})\n"), "remembered")

    def forget(self, facts: Iterable[Fact]) -> Write:
        """Take these facts out of their pages, and out of the older versions: who says "forget" does not mean "keep a copy"."""
        self._follow()
        gone: dict[str, set[str]] = {}
        for fact in facts:
            gone.setdefault(fact.page, set()).add(fact.text)
        after = [(page, _without(self._before(page), texts)) for page, texts in gone.items()]

        def write() -> None:
            self._scrub(gone)  # first: after a crash between the two the page still has the fact, and it is forgotten anew
            for page, text in after:
                self._write(page, text, "forgot something")
            self._scrub(gone)

        return write

    def restore(self, page: str, version: int | None = None, since: float = 0.0) -> tuple[Version, Write]:
        """Bring a version back, by its id, else the last one that was different; PageError when there is none.

        since: when it was asked for; what was brought back after that, before a crash, is the answer.
        """
        now, found = self._before(page), self.versions(page)
        if since and found and found[0].at > since and any(one.text == found[0].text for one in found[1:]):
            return found[0], partial(self._write, page, found[0].text, "restored")
        fits = [one for one in found if (one.id == version if version else one.text != now)]
        if not fits:
            raise PageError(f"There is no {'such' if version else 'other'} version of the page {page}.")
        return fits[0], partial(self._write, page, fits[0].text, "restored")

    def _before(self, page: str) -> str:
        """The text that an edit begins with, byte for byte; PageError when it is not ours to write."""
        if self.folder is None:
            raise PageError("I have no folder for pages here, so I cannot keep that.")
        path = self._path(page)
        if path.exists() and not _readable(path):
            raise PageError(f"The page {page} is no plain file of less than 1 MB, so I leave it alone. Please look at {path}.")
        try:
            return path.read_bytes().decode() if path.exists() else ""
        except UnicodeDecodeError:
            raise PageError(f"The page {page} is not in UTF-8, so I leave it alone. Please save {path} as UTF-8.") from None

    def _fitting(self, page: str, text: str) -> str:
        if len(text.encode()) > LONGEST_PAGE:
            raise PageError(f"The page {page} is full. Please move some of its lines to another file in {self.folder}.")
        return text

    def _write(self, page: str, text: str, why: str) -> None:
        """The file, then the index. After a crash between the two, the index follows the file."""
        path = self._path(page)
        if not path.exists() or path.read_bytes() != text.encode():
            try:
                self._seed()
                replace(path, text.encode())
            except OSError as error:
                if error.errno in FULL:  # as the database says it, so that the turn is tried again
                    raise sqlite3.OperationalError(f"disk is full ({error.strerror})") from error
                raise
        self._index(page, text, why)

    def _scrub(self, gone: dict[str, set[str]]) -> None:
        """Leave no trace of these facts in history.db: not in versions, index or log."""
        with self.history.transaction():
            for page, texts in gone.items():
                for row in self.history.all("SELECT id, text FROM versions WHERE page = ?", page):
                    if (less := _without(row["text"], texts)) != row["text"]:
                        self.history.write("UPDATE versions SET text = ? WHERE id = ?", less, row["id"])
            self.history.write("INSERT INTO facts(facts) VALUES('rebuild')")  # FTS5 keeps the words of deleted rows for a while
        with contextlib.suppress(sqlite3.OperationalError):  # a reader is open: it goes with a later checkpoint
            self.history.one("PRAGMA wal_checkpoint(TRUNCATE)")

    # -- the index

    def _follow(self) -> None:
        """Take over what people changed in the files."""
        with contextlib.suppress(OSError):
            self._seed()
        if self.folder is None or not self.folder.is_dir():
            return
        known = {row["name"]: row["digest"] for row in self.history.all("SELECT name, digest FROM pages")}
        pages = {entry.name[:-3]: entry for entry in os.scandir(self.folder) if entry.name.endswith(".md")}
        pages = {page: entry for page, entry in pages.items() if NAME.fullmatch(page)}
        for page, entry in pages.items():
            with contextlib.suppress(OSError):  # it goes at this moment, or it may not be read
                self._look(page, entry, known.get(page))
        for page in known.keys() - pages.keys():
            self._index(page, "", DELETED)

    def _look(self, page: str, entry: "os.DirEntry[str]", known: str | None) -> None:
        """Read a page whose file has changed since it was read; times of files are too coarse to tell just after a change."""
        info = entry.stat(follow_symlinks=False)
        state = (info.st_mtime_ns, info.st_ctime_ns, info.st_size, info.st_ino)
        path = Path(entry.path)
        if self._seen.get(page) == state or not _readable(path):
            return
        data = path.read_bytes()
        if known != _digest(data):
            self._index(page, data.decode("utf-8", "replace"), "edited by hand" if known else "found", _digest(data))
        if time.time_ns() - info.st_ctime_ns > COARSE_NS:
            self._seen[page] = state

    def _index(self, page: str, text: str, why: str, digest: str = "") -> None:
        """Let the index and the versions follow; nothing is written when they do already. No text: the page is gone."""
        digest = digest or _digest(text.encode())
        row = self.history.one("SELECT digest FROM pages WHERE name = ?", page)
        if row and row["digest"] == digest and why != DELETED:
            return
        with self.history.transaction():
            last = self.history.one("SELECT text FROM versions WHERE page = ? ORDER BY id DESC LIMIT 1", page)
            if last is None or last["text"] != text:
                self.history.insert("versions", page=page, text=text, why=why, at=self.clock.time())
            self.history.write("DELETE FROM facts WHERE page = ?", page)
            self.history.write("DELETE FROM pages WHERE name = ?", page)
            if why == DELETED:
                return
            self.history.insert("pages", name=page, digest=digest)
            rows = [(fact.text, page, number, fact.source) for number, fact in enumerate(_facts(page, text))]
            self.history.conn.executemany("INSERT INTO facts (text, page, line, source) VALUES (?, ?, ?, ?)", rows)

    def _path(self, page: str) -> Path:
        if self.folder is None or not NAME.fullmatch(page):
            raise PageError("A page has a name of letters, digits, spaces and hyphens.")
        return self.folder / f"{page}.md"


def shipped() -> Path:
    """The folder of the pages that come with claw: in the wheel, or beside the package in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "share" / "memory"
    return (inside if inside.is_dir() else package.parent / "memory") / "pages"


def _any(page: str) -> bool:
    return True


def page_name(words: str) -> str:
    """The name of a new page about this."""
    return "-".join(fold(words))[:48].strip("-") or "house"


def _readable(path: Path) -> bool:
    """A plain file of a bearable size; no link, whose end is not ours, and no pipe, which would never end."""
    return path.is_file() and not path.is_symlink() and path.stat().st_size <= LONGEST_FILE and os.access(path, os.R_OK)


def _facts(page: str, text: str) -> list[Fact]:
    lines = (FACT.fullmatch(clean(line, 2 * LONGEST_FACT)) for line in text.splitlines())
    return [Fact(page, line["text"], line["source"] or "") for line in lines if line]


def _without(text: str, facts: Sequence[str] | set[str]) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not any(one.text in facts for one in _facts("", line)))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
