"""`claw demo` as its own process: records, approvals, and that nothing of it stays."""

import asyncio
import json
import signal
import sys
from pathlib import Path


async def demo(*words: str, env: dict[str, str] | None = None) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "claw.cli", "demo", *words, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=env,
    )  # fmt: skip


async def test_an_approval_is_answered_by_the_next_sentence_and_otherwise_declined() -> None:
    sentences = ("open the garage", "yes", "unlock the front door", "turn on the floor lamp", "yes")
    process = await demo("--json", *(word for text in sentences for word in ("--say", text)))
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    opened, yes, unlocked, lamp, late = (json.loads(line) for line in out.splitlines())
    assert process.returncode == 0
    assert (opened["asked"], opened["changed"]) == ("approval", {})
    assert [list(state.values()) for state in yes["changed"].values()] == [[True]]
    assert (unlocked["asked"], lamp["asked"]) == ("approval", None)
    assert late["reply"] == "Nothing is waiting for a yes."
    keys = ["say", "reply", "level", "read_ms", "ms", "asked", "calls", "changed"]
    assert all(list(record) == keys for record in (opened, yes, unlocked, lamp, late))
    assert list(yes["calls"][0]) == ["command", "targets", "names", "args", "outcome", "ms"]


async def test_a_demo_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    process = await demo("--say", "sleepy time", env={"TMPDIR": str(tmp_path), "PATH": ""})
    assert process.stderr is not None
    while (line := await asyncio.wait_for(process.stderr.readline(), 30)) and b"found and paired" not in line:
        pass
    (folder,) = tmp_path.glob("claw-demo-*")
    process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 130
    assert not folder.exists()
    running = [cmd.read_bytes() for cmd in Path("/proc").glob("[0-9]*/cmdline") if cmd.exists()]
    assert not [one for one in running if str(folder).encode() in one]
