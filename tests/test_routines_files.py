"""Each routine is a file that people read and change: written after the commit, taken over when it is saved."""

import asyncio
import shutil
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from test_routines import BERLIN, START, House

from claw.agent import Agent
from claw.clock import ManualClock
from claw.config import Config
from claw.reflex.reader import Reader
from claw.routines.ticker import Ticker
from claw.supervise import Supervised, cancel
from claw.testing import eventually


class Home(House):
    """A house with a data folder, in which the ticker runs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "house.db", ManualClock(START, str(BERLIN)))
        reader = Reader(self.house, self.agent.reader.names, self.clock)
        self.agent = Agent(self.house, self.store, self.agent.events, self.clock, Config(), reader, data=folder)
        self.folder = folder / "routines"
        self.furnish()

    def start(self) -> None:
        """As the daemon does."""
        self.tasks = [asyncio.create_task(part()) for part in (self.agent.run, Ticker(self.agent.routines).run)]

    async def stop(self) -> None:
        await cancel(*self.tasks)

    @property
    def files(self) -> dict[str, str]:
        return {path.name: path.read_text("utf-8") for path in sorted(self.folder.glob("*"))}

    async def edit(self, old: str, new: str) -> str:
        """Save a change as an editor does, and wait for what is said about it."""
        (path,) = self.folder.iterdir()
        said, text = len(self.heard), path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")
        await eventually(lambda: len(self.heard) > said)
        return self.heard[-1]


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    one = Home(tmp_path)
    one.start()
    yield one
    await one.stop()
    one.store.close()


NAME = "1-turn-on-the-porch-lamp.toml"
FILE = """\
# Routine 1, made by owner on 2026-03-04 with the words: every day at 12:00 turn on the porch lamp
# Change it and save: it is taken over at once. Deleting this file ends nothing; say "delete routine 1" for that.
# Next: 2026-03-04 12:00 (Europe/Berlin)

when = "every day at 12:00"
do = "turn on the porch lamp"
late = "skip"  # if I could not do it in time: skip, run or ask
status = "on"  # on or paused
"""


async def test_a_routine_is_a_file_that_only_its_owner_reads(home: Home) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await eventually(lambda: home.files == {NAME: FILE})
    assert stat.S_IMODE((home.folder / NAME).stat().st_mode) == 0o600
    assert home.agent.routines.plain()[0]["file"] == NAME


async def test_it_follows_the_routine_and_goes_with_it(home: Home) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await home.reply("pause routine 1")
    await eventually(lambda: 'status = "paused"' in home.files.get(NAME, ""))
    await home.reply("delete routine 1")
    await eventually(lambda: home.files == {})


async def test_a_time_that_a_person_changes_is_taken_over(home: Home) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await eventually(lambda: bool(home.files))
    said = await home.edit('"every day at 12:00"', '"every weekday at 13:30"')
    assert said == f"I took over your change of {NAME}: every weekday at 13:30 turn on the porch lamp."
    assert home.agent.routines.all()[0].due == START + 3.5 * 3600
    await eventually(lambda: "# Next: 2026-03-04 13:30" in home.files.get(NAME, ""))
    assert "(paused)" in await home.edit('status = "on"', 'status = "paused"')
    assert home.agent.routines.all()[0].due is None


async def test_a_change_back_counts_as_well(home: Home) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    for _ in range(2):
        await eventually(lambda: '"every day at 12:00"' in home.files.get(NAME, ""))
        await home.edit("12:00", "13:00")
        await eventually(lambda: "# Next: 2026-03-04 13:00" in home.files.get(NAME, ""))
        await home.edit('"every day at 13:00"', '"every day at 12:00"')
        await eventually(lambda: "# Next: 2026-03-04 12:00" in home.files.get(NAME, ""))
        assert home.agent.routines.all()[0].when.time == "12:00"


async def test_a_deed_for_once_has_its_date(home: Home) -> None:
    await home.reply("in ten minutes turn on the porch lamp")
    await eventually(lambda: "when = 2026-03-04T10:10:00" in home.files.get(NAME, ""))
    await home.edit("2026-03-04T10:10:00", "2026-03-05T08:00:00")
    assert home.agent.routines.all()[0].due == START + 22 * 3600


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '"every day at 12:00"',
            '"when pigs fly"',
            "I cannot read the time “when pigs fly”; write it like “every weekday at 07:00”",
        ),
        ('"every day at 12:00"', '"every day at 12:00', "Illegal character"),
        ('late = "skip"', 'late = "never"', "“late” must be skip or run or ask"),
        ('late = "skip"', "", "“late” is missing"),
        ('late = "skip"', 'lates = "skip"', " is "),
        ('do = "turn on the porch lamp"', "do = 3", "“do” must say what to do, in quotes"),
        ('do = "turn on the porch lamp"', 'do = "sing to the moon"', "I cannot plan “sing to the moon”."),
    ],
)
async def test_what_cannot_be_read_is_told_and_the_last_good_one_stays(home: Home, old: str, new: str, said: str) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await eventually(lambda: bool(home.files))
    told = await home.edit(old, new)
    assert told.startswith(f"I did not take over what was changed in {NAME}")
    assert said in told
    (one,) = home.agent.routines.all()
    assert (one.when.time, one.do, one.catch_up, one.status) == ("12:00", "turn on the porch lamp", "skip", "on")
    assert new in home.files[NAME]  # the person's work is not overwritten
    await home.pass_(2 * 3600)
    assert home.lamp.on
    assert new in home.files[NAME]


async def test_a_call_that_nobody_approved_asks_first(home: Home) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await eventually(lambda: bool(home.files))
    said = await home.edit('turn on the porch lamp"\nlate', 'open the garage door"\nlate')
    assert said == f"You changed {NAME}. Every day at 12:00 I will open the garage door, first today. Yes or no?"
    assert home.agent.routines.all()[0].do == "turn on the porch lamp"
    await home.reply("yes")
    assert await home.pass_(2 * 3600) == []
    assert home.garage.open


async def test_a_yes_to_a_changed_file_does_not_bring_back_what_was_deleted_meanwhile(home: Home) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await eventually(lambda: bool(home.files))
    await home.edit('turn on the porch lamp"\nlate', 'open the garage door"\nlate')
    home.agent.routines.delete(1)  # on the page, while the question was open
    assert await home.reply("yes") == "It was deleted meanwhile."
    assert home.agent.routines.all() == []


async def test_the_question_about_a_changed_file_goes_with_its_routine(home: Home) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await eventually(lambda: bool(home.files))
    await home.edit('turn on the porch lamp"\nlate', 'open the garage door"\nlate')
    assert (await home.reply("delete routine 1")).startswith("Deleted: ")
    assert await home.reply("yes") == "Nothing is waiting for a yes."
    assert home.agent.routines.all() == []


@pytest.mark.parametrize(
    ("old", "new", "planned"),
    [
        ('"every day at 12:00"', '"every minute"', "Every minute I will open the garage door"),
        ('late = "skip"', 'late = "run"', "Every day at 12:00 I will open the garage door"),
        ('door"\nlate', 'door and turn on the porch lamp"\nlate', "open the garage door and turn on the porch lamp"),
    ],
)
async def test_what_was_approved_is_neither_moved_nor_added_to_without_a_yes(
    home: Home, old: str, new: str, planned: str
) -> None:
    await home.approved("every day at 12:00 open the garage door")
    await eventually(lambda: bool(home.files))
    before = home.agent.routines.all()[0]
    said = await home.edit(old, new)
    assert said.startswith("You changed 1-open-the-garage-door.toml. ")
    assert said.endswith("Yes or no?")
    assert planned in said
    (one,) = home.agent.routines.all()
    assert (one.when, one.do, one.catch_up) == (before.when, before.do, before.catch_up)


async def test_what_was_approved_is_paused_without_a_yes(home: Home) -> None:
    await home.approved("in ten minutes open the garage door")
    await eventually(lambda: bool(home.files))
    assert "(paused)" in await home.edit('status = "on"', 'status = "paused"')


async def test_files_are_watched_again_after_an_error(home: Home) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await eventually(lambda: bool(home.files))
    watching = Supervised("routines", Ticker(home.agent.routines).run, home.clock)
    await cancel(home.tasks.pop())
    home.tasks.append(asyncio.create_task(watching.run()))
    home.store.write("CREATE TRIGGER full BEFORE INSERT ON inbox WHEN NEW.kind = 'routine' BEGIN SELECT no_room(); END")
    home.store.conn.create_function("no_room", 0, lambda: 1 / 0)  # any error of the database
    (home.folder / NAME).write_text(FILE.replace("12:00", "13:00"), "utf-8")
    await eventually(lambda: watching.state == "waiting")
    home.store.write("DROP TRIGGER full")
    home.clock.advance(60)
    await eventually(lambda: home.heard[-1].startswith(f"I took over your change of {NAME}"))
    (home.folder / NAME).unlink()
    await eventually(lambda: NAME in home.files)


async def test_a_folder_that_is_deleted_is_made_and_watched_again(home: Home) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await eventually(lambda: bool(home.files))
    shutil.rmtree(home.folder)
    await eventually(lambda: home.folder.is_dir() and home.files == {NAME: FILE})
    assert (await home.edit("12:00", "13:00")).startswith("I took over")


async def test_a_timer_names_its_file_and_is_renamed_in_it(home: Home) -> None:
    await home.reply("set a 10 minute pizza timer")
    await eventually(lambda: 'do = "pizza timer"' in home.files.get("1-pizza-timer.toml", ""))
    assert await home.edit('do = "pizza timer"', 'do = "cake timer"') == (
        "I took over your change of 1-pizza-timer.toml: the cake timer."
    )
    assert await home.pass_(600) == ["Your cake timer is done."]


async def test_a_file_that_is_deleted_is_written_again(home: Home) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await eventually(lambda: bool(home.files))
    (home.folder / NAME).unlink()
    await eventually(lambda: home.files == {NAME: FILE})
    await home.stop()
    (home.folder / NAME).unlink()
    home.start()
    await eventually(lambda: home.files == {NAME: FILE})


async def test_what_was_changed_while_it_was_stopped_is_taken_over_at_the_start(home: Home) -> None:
    await home.approved("every day at 12:00 turn on the porch lamp")
    await eventually(lambda: bool(home.files))
    await home.stop()
    (home.folder / NAME).write_text(FILE.replace('late = "skip"', 'late = "run"'), "utf-8")
    home.start()
    await eventually(lambda: home.agent.routines.all()[0].catch_up == "run")
    assert home.heard[-1].startswith(f"I took over your change of {NAME}")


async def test_words_with_quotes_and_lines_stay_in_their_place(home: Home) -> None:
    await home.reply('remind me at six to say "hi" \\ to the\ncat')
    await eventually(lambda: len(home.files) == 1)
    (text,) = home.files.values()
    (one,) = home.agent.routines.all()
    assert home.agent.routines.files.read(text, one).do == one.do


async def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "routines").write_text("a file where the folder should be", "utf-8")
    one = Home(tmp_path)
    one.start()
    assert await one.reply("set a timer for 10 minutes") == "Your 10-minute timer is set: it ends at 10:10."
    assert await one.pass_(600) == ["Your 10-minute timer is done."]
    await one.stop()
    one.store.close()
