"""Wiring: opens the data folder alone, starts every part under supervision, and stops cleanly. Start is recovery."""

import asyncio
import contextlib
import errno
import fcntl
import gc
import logging
import os
import resource
import signal
import sqlite3
import stat
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from claw.agent import Agent
from claw.api import Api
from claw.bridges.arriving import Arriving, Polled, watched
from claw.bridges.terminal import Terminal
from claw.clock import Clock
from claw.config import Config
from claw.discovery.browse import Discovery
from claw.disk import Disk
from claw.events import Events
from claw.history.recorder import Recorder
from claw.hosting.connections import Connections, SkillsChanged
from claw.hosting.loading import SkillFile, shipped
from claw.hosting.secrets import FileSecrets, SecretsError, open_folder
from claw.house import Area, DeviceMoved, House
from claw.names import Names
from claw.notify import notify, watchdog_seconds
from claw.reflex.reader import Reader
from claw.rooms import Rooms
from claw.routines.ticker import Ticker
from claw.routines.triggers import Triggers
from claw.store import Store, history
from claw.supervise import Supervised, cancel
from claw.watches import Watches
from claw.web.server import Web

log = logging.getLogger("claw.daemon")
SOCKET_PATH = 107  # unix(7)
CORE = ("agent", "outbox", "api")  # without these the process had better begin anew
EXIT_SECONDS = 0.5  # what a skill left running in a thread or would not end has no longer than this
LAG_SECONDS, BEAT_SECONDS, WRITE_SECONDS = 2.0, 20.0, 60.0


class Busy(RuntimeError):
    """Another daemon has this data folder."""


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; Busy when another one has it, OSError when it cannot be written."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _close_to_others(folder)
    if len(os.fsencode(folder / "claw.sock")) > SOCKET_PATH:
        raise OSError(errno.ENAMETOOLONG, f"the path is longer than the {SOCKET_PATH} bytes that a socket may have", str(folder))
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another claw runs on {folder}: stop it, or use another folder with --data") from None
        yield


def _close_to_others(folder: Path) -> None:
    """A data folder is ours alone: an old one that others can enter is mended, but never a folder of something else."""
    if not stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return
    inside = set(os.listdir(folder))
    if inside and not inside & {"house.db", "secrets", "skills", "lock"}:
        raise SecretsError(f"{folder} is open to others and is no data folder: choose another with --data, or chmod 700 {folder}")
    folder.chmod(0o700)
    log.warning("%s could be entered by others; I did: chmod 700 %s", folder, folder)


class Daemon:
    """All parts of one house. `run()` returns after a signal or `stop()`."""

    def __init__(self, config: Config, data: Path, *, clock: Clock | None = None, listen: str = "") -> None:
        """`listen`: the address for the page, if not the config's."""
        self.config, self.data = config, data
        self.clock, self.events = clock or Clock(config.house.zone), Events()
        self.began = time.monotonic()
        secrets = open_folder(data / "secrets")
        (data / "skills").mkdir(mode=0o700, exist_ok=True)
        self.store, self.history = Store(data / "house.db"), history(data / "history.db")
        self.house = House(self.store, self.events, self.clock)
        self._apply_config()
        self.reader = Reader(self.house, Names(self.house), self.clock)
        self.reader.languages.of_house = config.house.languages
        self.agent = Agent(
            self.house, self.store, self.events, self.clock, config, self.reader, history=self.history, data=data
        )  # fmt: skip
        if config.mind.models:
            self._think(config)
        self.terminal = Terminal(self.agent.inbox)
        self.terminal.on_attach = self.agent.outbox.wake
        self.agent.outbox.bridges["terminal"] = self.terminal
        self.arriving = Arriving(self.agent, data / "media")
        self.bridges: list[Polled] = self._bridges()
        self.agent.outbox.bridges.update({bridge.name: bridge for bridge in self.bridges})
        self.connections = Connections(
            self.house, self.store, self.events, self.clock, config, self.agent.asks,
            folders=[shipped(), data / "skills"], secrets=secrets, scratch=data / "scratch",
        )  # fmt: skip
        self.discovery = Discovery(
            config.network.interfaces, config.network.subnets, self.clock,
            on_found=self.connections.offer, on_lost=self.connections.lost,
        )  # fmt: skip
        self.connections.zeroconf = lambda: self.discovery.zeroconf
        self.connections.allows = lambda host: self.discovery.known.reach.allows(host)
        self.ticker = Ticker(self.agent.routines)
        self.triggers = Triggers(self.house, self.agent.routines, self.events, self.clock, self.agent.tell)
        self.recorder = Recorder(self.house, self.events, self.clock, self.history)
        urgent = partial(self.agent.tell, urgent=True)
        self.disk = Disk(
            data, [self.store, self.history], self.clock, self.agent.outbox, self.agent.owners,
            tell=self.agent.tell, rest=self.recorder.rest,
        )  # fmt: skip
        self.watches = Watches(self.house, self.events, self.clock, urgent, self.agent.tell)
        self.web = Web(self.agent, config, data / "media", listen)
        self.rooms = Rooms(self.house, self.events, self.agent.asks, self.agent.tell, self.agent.propose, self.agent.refused)
        self.rooms.quiet = lambda: self.agent.people.quiet("owner")
        self.agent.deciding.subjects["rooms"] = self.rooms
        self.events.subscribe(SkillsChanged, lambda event: self.agent.tell(event.notice) if event.notice else None)
        self.events.subscribe(DeviceMoved, self._tell_move)
        self.parts: list[Supervised] = []
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._wrote = time.monotonic()

    def _bridges(self) -> list[Polled]:
        """Those that the config names; each is imported only then."""
        bridges: list[Polled] = []
        secrets = FileSecrets(self.data, "secrets")
        read = lambda name: (secrets.get(name) or "").strip()  # noqa: E731 - anew whenever it is asked for
        if self.config.telegram.enabled:
            from claw.bridges.telegram import Telegram

            file = self.data / "secrets" / "telegram"
            bridges.append(Telegram(partial(read, "telegram"), file, self.clock, self.config.telegram.api))
        if self.config.matrix.enabled:
            from claw.bridges.matrix import Matrix

            file = self.data / "secrets" / "matrix"
            bridges.append(Matrix(partial(read, "matrix"), file, self.data / "matrix", self.clock))
        if self.config.whatsapp.enabled:
            from claw.bridges.whatsapp import WhatsApp

            bridges.append(WhatsApp(self.data / "whatsapp", self.clock, strangers=self.config.whatsapp.strangers))
        if self.config.signal.account:
            from claw.bridges.signal import Signal

            bridges.append(Signal(self.config.signal.url, self.config.signal.account, self.clock))
        if self.config.ntfy.enabled:
            from claw.bridges.ntfy import Ntfy

            bridges.append(Ntfy(partial(read, "ntfy"), self.data / "secrets" / "ntfy", self.clock, self.config.ntfy.url))
        if self.config.email.enabled:
            from claw.bridges.email import Email

            bridges.append(Email(partial(read, "email"), self.data / "secrets" / "email", self.clock, self.config.email))
        if self.config.push.enabled and self.config.web.enabled:
            from claw.bridges.push import Push

            bridges.append(Push(self.agent.people, secrets, self.clock, self.config.push))
        return bridges

    def _think(self, config: Config) -> None:
        """Let the agent think with the models of the config; no model SDK is imported before the first question."""
        from claw.mind.adapters.models import models
        from claw.mind.costs import Budget, Prices
        from claw.mind.fallback import Fallback

        prices = {
            name: Prices(one.price_in, one.price_out, one.price_read, one.price_written) for name, one in config.models.items()
        }
        budget = Budget(config.mind.daily_tokens, config.mind.daily_money, config.mind.person_tokens)
        some = models(config, FileSecrets(self.data, "secrets"))
        self.agent.think_with(
            Fallback(some, self.clock), budget, prices, self.data / "media",
            images=any(config.models[name].images for name in config.mind.models), aliases=config.mind.aliases,
        )  # fmt: skip

    def _apply_config(self) -> None:
        for area in self.config.areas:
            said = self.house.areas[key].aliases if (key := area.name.casefold()) in self.house.areas else ()
            self.house.add_area(Area(area.name, area.floor, area.parent, tuple(dict.fromkeys((*area.aliases, *said)))))
        for device in self.config.devices:
            said = tuple(self.house.records[device.id].aliases) if device.id in self.house.records else ()
            aliases = None if device.aliases is None else dict.fromkeys((*device.aliases, *said))
            self.house.describe(device.id, name=device.name, area=device.area, sort=device.sort, aliases=aliases)

    def _tell_move(self, event: DeviceMoved) -> None:
        name = self.house.name(event.device)
        self.agent.tell(f"{name} is at a new address now ({event.host}); its old one was silent, and it cannot prove who it is.")

    def stop(self) -> None:
        """Ask run() to end."""
        self._stopping.set()

    async def run(self) -> None:
        """Start all parts, say READY=1, serve until a signal, stop in the reverse order; RuntimeError when a core part failed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        warming = loop.run_in_executor(None, self._warm)
        api = Api(self.agent, self.terminal, self.connections, self.status, self.web.page, self.data / "claw.sock")
        parts = {
            "agent": self.agent.run, "outbox": self.agent.outbox.run, "api": api.run, "skills": self._skills,
            "rooms": self.rooms.run, **({"watchdog": self._watchdog} if watchdog_seconds() else {}),
            "routines": self.ticker.run, "triggers": self.triggers.run, "history": self.recorder.run, "watches": self.watches.run,
            "web": self.web.run, "disk": self.disk.run,
        }  # fmt: skip
        tasks = [self._start(name, start) for name, start in parts.items()]
        for bridge in self.bridges:  # each alone: one that dies does not touch the others
            tasks.append(self._start(bridge.name, partial(watched, bridge, self.arriving, self.clock), lasting=True))
        await warming
        gc.collect()
        gc.freeze()  # the grammar and the libraries stay for good: the collector need not look at them again
        self.ready.set()
        notify("READY=1", "STATUS=running")
        log.info("ready after %.2f s", time.monotonic() - self.began)
        try:
            await self._stopping.wait()
        finally:
            notify("STOPPING=1")
            self.house.closing = True
            await cancel(*reversed(tasks))
            await self.arriving.close()
            if self.agent.mind:
                await self.agent.mind.models.close()
            self.store.close()
            self.history.close()
        if failed := [part for part in self.parts if part.name in CORE and part.state == "degraded"]:
            raise RuntimeError(f"the part {failed[0].name} failed again and again: {failed[0].problem}")

    def _warm(self) -> None:
        self.agent.learning.load()
        self.reader.warm()

    def _start(self, name: str, start: Callable[[], Awaitable[None]], *, lasting: bool = False) -> "asyncio.Task[None]":
        part = Supervised(name, start, self.clock, self.stop if name in CORE else lambda: None, lasting)
        self.parts.append(part)
        return asyncio.create_task(part.run(), name=name)

    async def _skills(self) -> None:
        """Discovery and the skills that use it, together, since neither is of use alone."""
        await self.discovery.start()
        try:
            self._rescan()
            await self._watch_folders()
        finally:
            await self.connections.stop()
            await self.discovery.stop()

    def _rescan(self) -> None:
        self.connections.rescan()
        try:
            self._look_for(self.connections.usable())  # together: one browser for all types is answered sooner
        except ValueError:
            for file in self.connections.usable():
                try:
                    self._look_for([file])
                except ValueError as error:
                    self.connections.leave_out(file, f"it looks for something that is no such type ({error})")

    def _look_for(self, files: Sequence[SkillFile]) -> None:
        matchers = [matcher for file in files for matcher in file.matchers]
        mdns = {one.what: one.id for one in matchers if one.via == "mdns"}
        self.discovery.watch(mdns, {one.what for one in matchers if one.via == "ssdp"})

    async def _watch_folders(self) -> None:
        """A skill file that is saved, moved in or deleted takes effect at once (inotify: nothing is polled)."""
        from asyncinotify import Inotify, Mask

        changes = Mask.CREATE | Mask.CLOSE_WRITE | Mask.MOVED_TO | Mask.MOVED_FROM | Mask.DELETE | Mask.ATTRIB
        with Inotify() as inotify:
            for folder in self.connections.folders:
                if folder.is_dir():
                    inotify.add_watch(folder, changes)
            async for event in inotify:
                link = event.path is not None and event.path.is_symlink()  # a new file is read when it is complete
                if event.name is None or (event.name.suffix == ".py" and (link or not event.mask & Mask.CREATE)):
                    self._rescan()  # without a name: the folder's own rights changed

    async def _watchdog(self) -> None:
        """Tell systemd that we live, but only while the loop, the inbox worker and the disk do."""
        every = watchdog_seconds()
        await self.ready.wait()
        while True:
            asked = time.monotonic()
            await asyncio.sleep(every)
            lag = time.monotonic() - asked - every
            beat = self.clock.monotonic() - self.agent.beat
            if lag < LAG_SECONDS and beat < BEAT_SECONDS and self._writes():
                notify("WATCHDOG=1")

    def _writes(self) -> bool:
        """Whether a write to the store succeeded less than 60 s ago."""
        with contextlib.suppress(sqlite3.OperationalError):
            self.store.keep("watchdog", str(self.clock.time()))
            self._wrote = time.monotonic()
        return time.monotonic() - self._wrote < WRITE_SECONDS

    def status(self) -> dict[str, Any]:
        """How every part fares, for `claw status`."""
        devices = self.house.devices.values()
        return {
            "ready": self.ready.is_set(),
            "uptime_s": round(time.monotonic() - self.began, 1),
            "data": str(self.data),
            "parts": [{"name": part.name, "state": part.state, "problem": self._problem(part)} for part in self.parts],
            "devices": len(self.house.devices),
            "offline": sorted(self.house.name(device) for device in devices if not device.online),
            "skills": [self._skill(file.name) for file in self.connections.files.values()],
            "network": self.discovery.trouble,
            "disk": self.disk.problem,
            "refused": dict(self.discovery.refused),
            "folders": self.connections.wrong_folders,
            "page": self.web.addresses,
            "routines": len(self.agent.routines.all()),
            "learnt": self.agent.learning.status(),
            "pairing": len(self.agent.asks.open()),
            "mind": self.agent.mind.models.status() if self.agent.mind else [],
            "clock": "" if self.clock.plausible() else "the date is not plausible; nothing scheduled will run until it is",
        }

    def _problem(self, part: Supervised) -> str:
        """What is wrong with a part, or was when it failed last; a bridge that runs says itself what is wrong now."""
        troubles = {bridge.name: bridge.trouble for bridge in self.bridges}
        return troubles.get(part.name, part.problem) if part.state == "running" else part.problem

    def _skill(self, name: str) -> dict[str, Any]:
        file = self.connections.files[name]
        mine = [one for one in self.connections.open.values() if one.file is file]
        states = {one.found.host: one.state for one in sorted(mine, key=lambda one: one.state == "connected")}
        return {"name": name, "problem": file.problem, "connections": states}


async def serve(config: Config, data: Path, *, clock: Clock | None = None, listen: str = "") -> None:
    """`claw run`: lock the folder and run until a signal; after the stop nothing that hangs keeps the process."""
    os.umask(0o077)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a device, a file and a phone each take one
    status = 1
    with locked(data):
        daemon = Daemon(config, data, clock=clock, listen=listen)
        try:
            await daemon.run()
            status = 0
        finally:
            leave = threading.Timer(EXIT_SECONDS, os._exit, (status,))
            leave.daemon = True
            leave.start()
