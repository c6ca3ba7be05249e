"""`claw doctor`: what this machine, the data folder and the running claw lack, each with its remedy. No device is asked.

It works with no daemon and no network. The only packets are joins of the mDNS group and one to it that cannot leave the machine.
"""

import contextlib
import ctypes
import os
import shutil
import socket
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from claw.clock import Clock
from claw.config import Config
from claw.console.client import Client, Down
from claw.discovery.network import Reach, reach
from claw.store import advice

GROUP, PORT = "224.0.0.251", 5353  # mDNS, RFC 6762
ECHO_SECONDS = 0.2
LEAST, LITTLE = 100 << 20, 1 << 30  # bytes free
TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
CLIENT_SECONDS = 0.5


@dataclass(frozen=True)
class Finding:
    """What one look showed. state: ok, warn (it works, but not as well as it could) or bad."""

    check: str
    state: str
    says: str
    remedy: str = ""


def examine(config: Config, data: Path) -> Iterator[Finding]:
    """All looks, in the order in which a person would mend things; takes well under a second."""
    network = reach(config.network.interfaces, config.network.subnets)
    yield clock(Clock(config.house.zone))
    yield interfaces(network)
    yield multicast(network)
    yield folder(data)
    yield disk(data)
    for name in ("house.db", "history.db"):
        yield database(data / name)
    yield secrets(data / "secrets")
    yield skills(data / "skills")
    yield from bridges(config, data)


def clock(own: Clock) -> Finding:
    """Whether the machine knows the date, keeps it, and knows where it is."""
    if not own.plausible():
        return Finding("clock", "bad", f"the date is {own.now():%Y-%m-%d}, so nothing scheduled runs",
                       "set it, or switch on time synchronisation: timedatectl set-ntp true")  # fmt: skip
    now = f"{own.now():%Y-%m-%d %H:%M} {own.now().tzname()}"
    if not _synchronised():
        return Finding("clock", "warn", f"{now}, but nothing keeps it right", "timedatectl set-ntp true")
    if own.zone is None and own.now().tzname() == "UTC":
        return Finding("clock", "warn", f"{now}: this machine does not know its time zone, so 7 is 7 UTC",
                       '[house] zone = "Europe/Berlin" in the config, or timedatectl set-timezone')  # fmt: skip
    return Finding("clock", "ok", now)


def _synchronised() -> bool:
    """What the kernel says of its clock (adjtimex(2), which changes nothing with modes = 0); True where it cannot be asked."""
    try:
        return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))) != TIME_ERROR
    except (AttributeError, OSError):
        return True


def interfaces(network: Reach) -> Finding:
    """Whether there is a network to look for devices in."""
    if network.trouble:
        remedy = "plug it in, or name another under [network] interfaces in the config"
        return Finding("interfaces", "bad", network.trouble, remedy)
    return Finding("interfaces", "ok", f"{', '.join(network.addresses)}; devices in {', '.join(map(str, network.subnets))}")


def multicast(network: Reach) -> Finding:
    """Whether what devices say to all can be heard on every interface."""
    for address in network.addresses:
        try:
            heard = _echo(address)
        except OSError as error:
            remedy = f"ip link set multicast on, and a route: ip route add 224.0.0.0/4 dev INTERFACE ({address})"
            return Finding("multicast", "bad", f"{address} cannot join the group of mDNS: {error.strerror or error}", remedy)
        if not heard:
            return Finding("multicast", "bad", f"{address} joined the group of mDNS, but a packet to it did not come back",
                           f"let UDP {PORT} and {GROUP} through the firewall of this machine")  # fmt: skip
    return Finding("multicast", "ok" if network.addresses else "warn", f"heard on {len(network.addresses)} interface(s)")


def _echo(address: str) -> bool:
    """Whether a packet to the group comes back to us; with a time to live of 0 it never leaves the machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", 0))
        joined = socket.inet_aton(GROUP) + socket.inet_aton(address)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
        sock.settimeout(ECHO_SECONDS)
        word = os.urandom(16)
        sock.sendto(word, (GROUP, sock.getsockname()[1]))
        with contextlib.suppress(TimeoutError):
            return sock.recv(64) == word
    return False


def folder(data: Path) -> Finding:
    """Whether the data folder is there, ours, and closed to others."""
    if not data.exists():
        return Finding("data", "warn", f"{data} is not there yet", "the first `claw run` makes it")
    info = data.stat()
    if info.st_uid != os.getuid() and os.getuid():
        remedy = f"run this as that user, or chown it to yours: chown -R $USER {data}"
        return Finding("data", "bad", f"{data} belongs to another user", remedy)
    if stat.S_IMODE(info.st_mode) & 0o077:
        return Finding("data", "bad", f"{data} can be entered by others", f"chmod 700 {data}")
    if not os.access(data, os.W_OK):
        return Finding("data", "bad", f"{data} cannot be written", f"mount it writable, or chmod u+w {data}")
    return Finding("data", "ok", str(data))


def disk(data: Path) -> Finding:
    """Whether there is room for a while."""
    there = next(path for path in (data, *data.parents) if path.exists())
    free = shutil.disk_usage(there).free
    says = f"{free / (1 << 30):.1f} GB free"
    state = "bad" if free < LEAST else "warn" if free < LITTLE else "ok"
    return Finding("disk", state, says, "" if state == "ok" else f"make room on the disk of {there}")


def database(path: Path) -> Finding:
    """Whether every page of the file is whole; read only, also while the daemon writes."""
    if not path.exists():
        return Finding(path.name, "warn", "is not there yet", "the first `claw run` makes it")
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as conn:
            wrong = conn.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        wrong = str(error)
    if wrong != "ok":
        problem = advice(path, sqlite3.DatabaseError(str(wrong).splitlines()[-1]))
        return Finding(path.name, "bad", problem, "stop claw, then `claw restore` a backup")
    return Finding(path.name, "ok", f"{path.stat().st_size / (1 << 20):.1f} MB, whole")


def secrets(path: Path) -> Finding:
    """Whether the keys are closed to others."""
    if not path.exists():
        return Finding("secrets", "ok", "none yet")
    files = [one for one in path.rglob("*") if one.is_file()]
    if open_ones := [one for one in (path, *files) if stat.S_IMODE(one.stat().st_mode) & 0o077]:
        names = ", ".join(str(one) for one in open_ones[:3])
        return Finding("secrets", "bad", f"{names} can be read by others, so they are not used", f"chmod -R go= {path}")
    return Finding("secrets", "ok", f"{len(files)} keys, closed to others")


def skills(own: Path) -> Finding:
    """Whether every skill file can be used."""
    from claw.hosting.loading import scan, shipped

    files, wrong = scan([shipped(), own])
    problems = [*wrong, *(f"{file.name}: {file.problem}" for file in files.values() if file.problem)]
    if problems:
        remedy = "mend the file (`claw skill check FILE`), or take it out of the folder"
        return Finding("skills", "bad", "; ".join(problems), remedy)
    return Finding("skills", "ok", ", ".join(files))


def bridges(config: Config, data: Path) -> Iterator[Finding]:
    """Whether the daemon runs, and how its parts and doors fare."""
    try:
        status = Client(data, seconds=CLIENT_SECONDS).one("status", "status")
    except (Down, RuntimeError, OSError) as error:
        yield Finding("daemon", "warn", str(error), "claw run, or systemctl start claw")
        yield _free(config)
        return
    down = [f"{part['name']}: {part['problem']}" for part in status["parts"] if part["state"] in ("degraded", "waiting")]
    yield Finding("daemon", "bad" if down else "ok", "; ".join(down) or f"runs, {status['devices']} devices",
                  "read its log (journalctl -u claw), mend that, then restart it" if down else "")  # fmt: skip
    yield Finding("terminal", "ok", f"{data / 'claw.sock'} answers")
    page = status["page"]
    shut = config.web.enabled and not page
    yield Finding("page", "bad" if shut else "ok", ", ".join(page) or ("is shut" if shut else "is switched off"),
                  f"see whether another program has port {config.web.port}: ss -ltnp" if shut else "")  # fmt: skip


def _free(config: Config) -> Finding:
    """Whether the page could open its port, now that no daemon has it."""
    if not config.web.enabled:
        return Finding("page", "ok", "is switched off")
    with socket.socket(socket.AF_INET6 if ":" in config.web.listen else socket.AF_INET) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((config.web.listen, config.web.port))
        except OSError as error:
            says = f"{config.web.listen} port {config.web.port}: {error.strerror or error}"
            return Finding("page", "bad", says, "choose another address or port under [web] in the config")
    return Finding("page", "ok", f"{config.web.listen} port {config.web.port} is free")


def words(finding: Finding) -> str:
    """One finding for people."""
    mark = {"ok": "  ", "warn": "? ", "bad": "! "}[finding.state]
    remedy = f"\n{'':13}-> {finding.remedy}" if finding.remedy else ""
    return f"{mark}{finding.check:<10} {finding.says}{remedy}"
