"""The unit file, judged by systemd itself."""

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from claw.testing import eventually, running

UNIT = Path(__file__).parent.parent.parent / "systemd" / "claw.service"
BREAKS_BUBBLEWRAP = ("ProtectKernelTunables", "ProcSubset", "RestrictNamespaces", "PrivateUsers")


@pytest.mark.peers
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze: apt-get install systemd")
    unit = tmp_path / "claw.service"
    python = re.sub(r"^ExecStart=.*$", f"ExecStart={sys.executable} -m claw.cli run", UNIT.read_text(), flags=re.M)
    unit.write_text(python.replace("User=claw", "User=root"))
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True)
    assert "claw.service" not in verified.stderr, verified.stderr


def test_the_hardening_leaves_bubblewrap_working() -> None:
    settings = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line and not line.startswith("#"))
    assert not [key for key in BREAKS_BUBBLEWRAP if settings.get(key, "no") not in ("no", "false")]
    assert "@mount" in settings["SystemCallFilter"]
    assert "AF_NETLINK" in settings["RestrictAddressFamilies"]
    assert settings["RestartPreventExitStatus"] == "78"


async def test_the_daemon_tells_systemd_that_it_is_ready_and_then_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        said: list[str] = []

        def listen() -> bool:
            try:
                said.append(systemd.recv(4096).decode())
            except BlockingIOError:
                return False
            return any("WATCHDOG=1" in one for one in said)

        async with running(tmp_path / "data", '[network]\ninterfaces = ["127.0.0.1"]\nsubnets = ["127.255.255.0/24"]'):
            await eventually(listen)
        assert said[0].startswith("READY=1")
