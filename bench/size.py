"""What an installation without extras adds to a fresh venv.

Counted: every file of claw-house and of all that it requires, .pyc included. Not counted: pip, which sqlite-utils requires
and which every venv holds before anything is installed, and numpy, which the tagger runs on; the note says what they weigh.
"""

import importlib.metadata
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement

from bench.row import Bar, Measure, Options, Sample, Samples

ROOT = Path(__file__).parent.parent
SIZE = "installed without extras"


async def measure(options: Options) -> Samples:
    """With --install a fresh venv, else the files of what this environment's metadata require."""
    if options.install:
        return {SIZE: Sample([_fresh() / 1e6], "growth of the site-packages of a new venv, .pyc included")}
    sizes = {name: _size(name) for name in required("claw-house")} | {"claw-house": _own()}
    pip, numpy = sizes.pop("pip", 0), sizes.pop("numpy", 0)
    largest = sorted(sizes, key=lambda name: -sizes[name])[:5]
    note = ", ".join(f"{name} {sizes[name] / 1e6:.1f}" for name in largest)
    return {
        SIZE: Sample(
            [sum(sizes.values()) / 1e6],
            f"{len(sizes)} distributions, .pyc included, without pip ({pip / 1e6:.1f}) and numpy ({numpy / 1e6:.1f}); {note}",
        )
    }


def required(name: str) -> set[str]:
    """The distributions that this one needs without extras (but with those that a requirement asks for), itself included."""
    seen, todo = set[tuple[str, str]](), [(name, "")]
    while todo:
        one = todo.pop()
        if one in seen:
            continue
        seen.add(one)
        for text in importlib.metadata.requires(one[0]) or ():
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": one[1]}):
                todo += [(need.name, extra) for extra in ("", *need.extras)]
    return {importlib.metadata.metadata(name)["Name"] for name, _ in seen}


def _size(name: str) -> int:
    """Bytes of the files in a distribution's RECORD."""
    paths = [Path(str(file.locate())) for file in importlib.metadata.files(name) or ()]
    return sum(path.stat().st_size for path in paths if path.is_file())


def _own() -> int:
    """Bytes of what a wheel of ours would install, compiled."""
    return sum(_folder(ROOT / name) for name in ("claw", "skills", "memory"))


def _folder(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _fresh() -> int:
    """Install into a new venv, away from the checkout, and weigh what came."""
    with tempfile.TemporaryDirectory(prefix="claw-bench-") as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        (packages,) = Path(folder).glob("lib/python*/site-packages")
        before = _folder(packages)
        install = [
            f"{folder}/bin/python",
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "-q",
            "-c",
            "constraints.txt",
            ".",
        ]
        subprocess.run(install, check=True, cwd=ROOT, stdout=sys.stderr)
        return _folder(packages) - before


MEASURE = Measure((Bar(SIZE, "MB", 120),), measure)
