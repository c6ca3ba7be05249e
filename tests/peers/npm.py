"""Installing what comes from npm; where that cannot be, the test skips, saying so."""

import shutil
import subprocess
from pathlib import Path

import pytest

SECONDS = 90.0  # a registry that is not reached may hang


def install(place: Path, *packages: str, scripts: bool = True) -> None:
    """Put these packages into a folder's node_modules; the test skips when that fails or takes too long."""
    if not shutil.which("npm"):
        pytest.skip("there is no npm: apt-get install npm")
    quiet = ["--silent", "--no-save", "--no-audit", "--no-fund", *([] if scripts else ["--ignore-scripts"])]
    try:
        done = subprocess.run(
            ["npm", "install", *quiet, "--prefix", str(place), *packages], capture_output=True, timeout=SECONDS
        ).returncode
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm could not install {' '.join(packages)} within {SECONDS:g} s")
    if done:
        pytest.skip(f"npm could not install {' '.join(packages)}")
