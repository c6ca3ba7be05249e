"""Speech that a machine speaks (espeak-ng), as voice notes in Opus, to the recogniser that is installed: it hears the sentence.

faster-whisper has an environment of its own inside ours (make test-peers, voice.txt), so that ours stays without.
"""

import shutil
import subprocess
import sys
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from claw.clock import Clock, ManualClock
from claw.speech.recogniser import ERRORS, Recogniser, Unheard
from claw.turns.answering import SPOKEN
from tests.simulated_house import SmallHouse

PYTHON = Path(sys.prefix) / "voice" / "bin" / "python"
OPUS = """
import sys, av
with av.open(sys.argv[1]) as source, av.open(sys.argv[2], "w", format="ogg") as target:
    stream, resampler = target.add_stream("libopus", rate=48000, layout="mono"), av.AudioResampler("flt", "mono", 48000, 960)
    for frame in [*source.decode(audio=0), None]:
        for part in resampler.resample(frame):
            target.mux(stream.encode(part))
    target.mux(stream.encode(None))
"""
pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(not PYTHON.exists(), reason=f"no faster-whisper at {PYTHON}: run `make test-peers`"),
    pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is missing: apt-get install espeak-ng"),
]


@pytest.fixture
async def recogniser() -> AsyncIterator[Recogniser]:
    one = Recogniser(Clock(), python=str(PYTHON), seconds=120.0)  # a machine that runs tests may be busy
    yield one
    await one.close()


def spoken(folder: Path, text: str) -> Path:
    """A voice note in which a machine says this."""
    plain, note = folder / "plain.wav", folder / "note.voice"
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", plain, text], check=True)
    subprocess.run([PYTHON, "-I", "-c", OPUS, plain, note], check=True)
    return note


def silent(folder: Path, seconds: int = 3) -> Path:
    note = folder / "note.voice"
    with wave.open(str(note), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", "none"))
        file.writeframes(bytes(2 * 16000 * seconds))
    return note


@pytest.mark.parametrize("sentence", ["turn on the kitchen lamp", "unlock the front door", "close the bedroom shade", "stop"])
async def test_it_hears_what_is_said(recogniser: Recogniser, tmp_path: Path, sentence: str) -> None:
    assert (await recogniser.heard(spoken(tmp_path, sentence), "en")).rstrip(".!").casefold() == sentence


async def test_a_spoken_wish_is_done_and_a_spoken_yes_is_not_taken(recogniser: Recogniser, tmp_path: Path) -> None:
    house = SmallHouse(tmp_path, ManualClock())
    agent = house.agent
    agent.listening.recogniser = recogniser

    async def says(text: str) -> str:
        message = agent.inbox.put("", key=text, bridge="terminal", chat="terminal", extra={"voice": str(spoken(tmp_path, text))})
        assert message
        return str((await agent.handle(message))["reply"])

    assert (await says("turn on the kitchen lamp")).endswith("The kitchen lamp is on.")
    assert house["lamp"].state["on"]
    assert (await says("open the garage door")).endswith("Open the garage door? Yes or no?")
    assert (await says("yes")).endswith(SPOKEN)
    assert not house["gate"].state["open"]
    house.close()


async def test_silence_has_no_words(recogniser: Recogniser, tmp_path: Path) -> None:
    with pytest.raises(Unheard, match="I heard no words"):
        await recogniser.heard(silent(tmp_path), "en")


async def test_what_is_longer_than_two_minutes_is_not_listened_to(recogniser: Recogniser, tmp_path: Path) -> None:
    with pytest.raises(Unheard, match="longer than I listen to"):
        await recogniser.heard(silent(tmp_path, 121), "en")


async def test_a_model_that_knows_english_only_says_so(recogniser: Recogniser, tmp_path: Path) -> None:
    with pytest.raises(Unheard, match="English only"):
        await recogniser.heard(silent(tmp_path), "de")


async def test_hostile_files_are_answered_and_name_no_other_file(recogniser: Recogniser, tmp_path: Path) -> None:
    """A playlist would have FFmpeg open what it names: a file of ours, or an address."""
    target = spoken(tmp_path, "turn on the kitchen lamp").rename(tmp_path / "other.ogg")
    lists = [
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{target}\n#EXT-X-ENDLIST\n", f"ffconcat version 1.0\nfile {target}\n",
    ]  # fmt: skip
    data = [b"", b"OggS", bytes(range(256)) * 40, target.read_bytes()[:200], *(one.encode() for one in lists)]
    for number, one in enumerate(data):
        (note := tmp_path / f"{number}.voice").write_bytes(one)
        with pytest.raises(Unheard) as caught:
            await recogniser.heard(note, "en")
        assert str(caught.value) in (ERRORS["broken"], ERRORS["silent"]), one[:20]
    assert "kitchen" in await recogniser.heard(target, "en")
