"""A second HomeKit stack: homebridge (JavaScript) with its dummy plug, paired and switched by our skill.

Its mDNS library speaks on every interface, so all of it runs in a network namespace of its own that has nothing but loopback.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers import npm

pytestmark = pytest.mark.peers
PACKAGES = ("homebridge@1.11.4", "homebridge-dummy@0.9.0")
CODE, MAC, PORT = "031-45-155", "0E:3C:22:18:EC:79", 51999
ROOT = Path(__file__).parent.parent.parent

DRIVER = f"""
import asyncio, json, subprocess, sys
from pathlib import Path
from claw.skill import Found
from claw.testing import home_for, load_skill

async def main(folder, modules):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    bridge = await asyncio.create_subprocess_exec("node", modules + "/.bin/homebridge", "-I", "-U", folder, "-P", modules,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", {PORT})
                writer.close()
                break
            except OSError:
                await asyncio.sleep(0.1)
        skill = load_skill(Path("skills/homekit.py"))
        home = home_for("homekit", Path(folder), answers=["{CODE}"])
        found = Found("mdns", "_hap._tcp.local.", "Homebridge", "127.0.0.1", {PORT}, "{MAC.lower()}", {{"id": "{MAC}", "sf": "1", "ci": "2"}})
        paired = await skill.pair(found, home, home.ask)
        devices = skill.connect(found, home)
        plug = await anext(devices)
        await plug.turn_on()
        await plug.refresh()
        on = plug.on
        await plug.turn_off()
        await plug.refresh()
        print(json.dumps({{"paired": paired, "name": plug.name, "kind": plug.kind, "on": on, "then": plug.on}}))
        await devices.aclose()
    finally:
        bridge.terminate()
        await bridge.wait()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    if os.getuid() != 0 or not all(map(shutil.which, ("npm", "unshare", "ip"))):
        pytest.skip("needs root, npm, unshare and ip: apt-get install npm util-linux iproute2")
    npm.install(tmp_path, *PACKAGES)
    return tmp_path / "node_modules"


def test_our_skill_pairs_and_switches_a_foreign_accessory(modules: Path, tmp_path: Path) -> None:
    folder = tmp_path / "homebridge"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({
        "bridge": {"name": "Homebridge", "username": MAC, "port": PORT, "pin": CODE},
        "accessories": [{"accessory": "DummySwitch", "name": "Coffee Machine", "stateful": True}], "platforms": [],
    }))  # fmt: skip
    alone = ["unshare", "--net", sys.executable, "-c", DRIVER, str(folder), str(modules)]
    done = subprocess.run(alone, capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"paired": True, "name": "Coffee Machine", "kind": "switch", "on": True, "then": False}
