"""Skills at work: every found service that a skill looks for gets a supervised connection, paired if it must be."""

import asyncio
import contextlib
import logging
import sqlite3
from collections import defaultdict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from claw.clock import Clock
from claw.config import Config, endpoint
from claw.device import Device, DeviceError
from claw.discovery.found import Found, clean
from claw.discovery.network import listen_address
from claw.events import Events
from claw.hosting.boundary import as_device_error, guard
from claw.hosting.contract import mistakes
from claw.hosting.loading import DEATHS, Markers, SkillFile, scan
from claw.hosting.secrets import FileSecrets, redact
from claw.house import House
from claw.messages.asks import Asks
from claw.skill import Home
from claw.store import Store
from claw.supervise import cancel

log = logging.getLogger("claw.connections")
BACK_OFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
SETTLED_SECONDS = 10.0  # a connect that lived so long did not end the process
PAIR_AGAIN_SECONDS, PAIR_FAILED_SECONDS = 24 * 3600.0, 600.0  # after nobody answered; after it went wrong
NOT_PAIRED = "it is not paired; `claw pair` starts again"
GONE_CHECK_SECONDS = 3.0
ADDRESSES = 8  # that are remembered of one service which is announced at several
LONGEST_ID, LONGEST_QUESTION = 256, 500
POLL_SECONDS, MISSES = 60.0, 3
CLEAN_UP_SECONDS, STOP_SECONDS = 1.0, 2.2  # what a skill has for its finally, and all of them together at the end


@dataclass(frozen=True)
class SkillsChanged:
    """A skill file came, went or changed, or was left out: `notice` is for the owner, empty when there is nothing to tell."""

    notice: str = ""


@dataclass(eq=False)
class Connection:
    """One skill at one service. state: connecting, connected, pairing, unpaired, retrying, duplicate, held or closed."""

    file: SkillFile
    found: Found
    state: str = "connecting"
    problem: str = ""
    tried: set[tuple[str, int]] = field(default_factory=set)  # where it failed since it last worked
    devices: list[Device] = field(default_factory=list)
    task: asyncio.Task[None] | None = None
    anew: bool = False  # pair once more, though there is a key
    again: asyncio.Event = field(default_factory=asyncio.Event)
    together: Callable[..., Awaitable[bool]] | None = None  # its own object, so that two hubs are never mixed


class Connections:
    """Scans skill folders, offers what discovery finds to the skills that look for it, and keeps their connections alive."""

    def __init__(self, house: House, store: Store, events: Events, clock: Clock, config: Config, asks: Asks, *,
                 folders: list[Path], secrets: Path, scratch: Path) -> None:  # fmt: skip
        self.house, self.events, self.clock, self.config, self.asks = house, events, clock, config, asks
        self.folders, self.secrets, self.scratch = folders, secrets, scratch
        self.markers = Markers(store)
        self.back_off: tuple[float, ...] = BACK_OFF  # seconds between two tries
        self.files: dict[str, SkillFile] = {}
        self.wrong_folders: list[str] = []
        self.open: dict[tuple[str, str], Connection] = {}
        self.zeroconf: Callable[[], Any] = lambda: None
        self.allows: Callable[[str], bool] | None = None  # which addresses a skill may be led to by what discovery found
        self.pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="skill")
        self._services: dict[str, Found] = {}
        self._places: dict[str, list[Found]] = {}  # every announcement of a service: the one that last worked, then the oldest
        self._closing: dict[tuple[str, str], set[asyncio.Task[None]]] = {}
        self._probation = asyncio.Lock()
        self._importing: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    # -- skill files

    def rescan(self) -> None:
        """Read the folders; what is new or changed is connected, what is gone is closed."""
        files, self.wrong_folders = scan(self.folders)
        for name in {*self.files, *files}:
            old, new = self.files.get(name), files.get(name)
            if old and new and old.hash == new.hash:
                files[name] = old
                continue
            for connection in [one for one in self.open.values() if one.file.name == name]:
                self._close(connection)
        self.files = files
        for file in files.values():
            self._judge(file)
        for found in list(self._services.values()):
            self.offer(found)
        self._offer_static()

    def _judge(self, file: SkillFile) -> None:
        """Leave out what ended the process twice, and what the config disables."""
        if self.config.skills.get(file.name, {}).get("enabled") is False:
            file.problem, file.left_out = "disabled in the config", True
        elif not file.left_out and self.markers.deaths(file) >= DEATHS:
            self.leave_out(file, "it was at work when the claw ended, twice; change the file to try it again")
        elif file.problem and not file.left_out:
            self.leave_out(file, file.problem)

    def usable(self) -> list[SkillFile]:
        """The skills that may run."""
        return [file for file in self.files.values() if not file.left_out]

    def leave_out(self, file: SkillFile, problem: str) -> None:
        """Do without this skill until its file changes, and tell the owner."""
        file.left_out, file.problem = True, problem
        self.events.publish(SkillsChanged(f"I left out the skill {file.name}: {problem}."))

    def _offer_static(self) -> None:
        for file in self.files.values():
            if any(matcher.via == "static" for matcher in file.matchers):
                for address in self.config.skills.get(file.name, {}).get("addresses", []):
                    self._offer_to(file, Found("static", "", file.name, *endpoint(address), f"static:{address}"))

    # -- services

    def offer(self, found: Found) -> None:
        """Something was found, or has news."""
        found = replace(found, allows=self.allows)
        self._services[f"{found.via}:{found.id}"] = found
        self._remember(found)
        for file in self.files.values():
            if any((matcher.via, matcher.what) == (found.via, found.type) for matcher in file.matchers):
                self._offer_to(file, found)

    def _remember(self, found: Found) -> None:
        """Where else this service is announced: one of them may be an impostor."""
        places = self._places.setdefault(f"{found.via}:{found.id}", [])
        known = next((number for number, one in enumerate(places) if _address(one) == _address(found)), None)
        if known is not None:
            places[known] = found
        else:
            places.append(found)
            if len(places) > ADDRESSES:
                del places[1]

    def _offer_to(self, file: SkillFile, found: Found) -> None:
        key = (file.name, f"{found.via}:{found.id}")
        if file.left_out:
            return
        if (known := self.open.get(key)) is not None:
            if _address(known.found) == _address(found):
                known.again.set()
            else:
                asyncio.get_running_loop().create_task(self._maybe_move(known, found))
            return
        connection = self.open[key] = Connection(file, found)
        self._begin(connection)

    def _begin(self, connection: Connection) -> None:
        connection.task = asyncio.create_task(self._run(connection), name=f"{connection.file.name} {connection.found.host}")
        connection.task.add_done_callback(partial(self._died, connection))

    def _died(self, connection: Connection, task: asyncio.Task[None]) -> None:
        """The last resort: a connection that ended though it never should is logged, and begun again after a while."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.error("%s at %s died", connection.file.name, connection.found.host, exc_info=error)
        connection.state, connection.problem = "retrying", f"its skill failed ({type(error).__name__})"
        asyncio.get_running_loop().call_later(self.back_off[-1], self._begin_again, connection)

    def _begin_again(self, connection: Connection) -> None:
        if self.open.get(self._key(connection)) is connection:
            self._begin(connection)

    async def _maybe_move(self, connection: Connection, found: Found) -> None:
        """A known service is announced elsewhere: it keeps its address while the old one answers, or a person pairs it."""
        if connection.state == "pairing":
            return
        if not await self._answers(connection) and self.open.get(self._key(connection)) is connection:
            self._close(connection)
            self.offer(found)

    def lost(self, found: Found) -> None:
        """Discovery says that it left; believed once its devices do not answer."""
        self._services.pop(f"{found.via}:{found.id}", None)
        self._places.pop(f"{found.via}:{found.id}", None)
        for connection in [one for one in self.open.values() if self._key(one)[1] == f"{found.via}:{found.id}"]:
            asyncio.get_running_loop().create_task(self._maybe_gone(connection))

    async def _maybe_gone(self, connection: Connection) -> None:
        await self.clock.sleep(GONE_CHECK_SECONDS)
        if self._key(connection)[1] not in self._services and not await self._answers(connection):
            self._close(connection)

    async def _answers(self, connection: Connection) -> bool:
        """Whether any device of this connection still answers; each is asked for its state."""
        return any(await asyncio.gather(*(self._refresh(device) for device in connection.devices)))

    async def _refresh(self, device: Device) -> bool:
        try:
            await guard(device.refresh(), who=f"{device.id} refresh", seconds=5, errors=device.errors)
        except DeviceError as error:
            device.offline(str(error))
        return device.online

    def _key(self, connection: Connection) -> tuple[str, str]:
        return connection.file.name, f"{connection.found.via}:{connection.found.id}"

    def _close(self, connection: Connection) -> None:
        key, task = self._key(connection), connection.task
        self.open.pop(key, None)
        if task is not None:
            task.cancel()
            self._closing.setdefault(key, set()).add(task)
            task.add_done_callback(partial(self._closed, key))
        for other in self.open.values():
            if other.state == "duplicate" and other.file.name == connection.file.name:
                other.again.set()

    def _closed(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        self._closing[key].discard(task)
        if not self._closing[key]:
            del self._closing[key]

    async def stop(self) -> None:
        """Close every connection and wait for their clean-up."""
        for connection in list(self.open.values()):
            self._close(connection)
        await cancel(*(task for tasks in self._closing.values() for task in tasks), seconds=STOP_SECONDS)
        self.pool.shutdown(wait=False, cancel_futures=True)

    # -- one connection

    async def _run(self, connection: Connection) -> None:
        """Connect, and again after a failure with back-off; new word from discovery cuts the wait short."""
        if before := self._closing.get(self._key(connection)):
            await asyncio.wait(before)  # else the old version's devices would make ours duplicates
        failures = 0
        while True:
            began = self.clock.monotonic()
            try:
                with as_device_error(f"{connection.file.name} at {connection.found.host}"):
                    await self._once(connection)
            except DeviceError as error:
                connection.problem = str(error)
                log.warning("%s at %s: %s", connection.file.name, connection.found.host, error)
                for device in connection.devices:
                    device.offline(connection.problem)
                self.house.explain(connection.file.name, connection.found.host, connection.problem)
            finally:
                worked = bool(connection.devices)
                for device in connection.devices:
                    self.house.drop(device)
                connection.devices.clear()
            failures = 1 if self.clock.monotonic() - began > 60 else failures + 1
            await self._pause(connection, failures)
            self._turn_to_another(connection, worked=worked)

    def _turn_to_another(self, connection: Connection, *, worked: bool) -> None:
        """After a connect that failed: on to where else it is announced, the address that last worked first."""
        if worked or connection.state == "duplicate":
            connection.tried.clear()
            return
        connection.tried.add(_address(connection.found))
        places = self._places.get(self._key(connection)[1], [])
        untried = [one for one in places if _address(one) not in connection.tried]
        if not untried:
            connection.tried.clear()
        if untried or places:
            connection.found = (untried or places)[0]

    async def _pause(self, connection: Connection, failures: int) -> None:
        """Wait until it makes sense to try again."""
        unpaired = PAIR_AGAIN_SECONDS if connection.problem == NOT_PAIRED else PAIR_FAILED_SECONDS
        waits = {"unpaired": unpaired, "duplicate": PAIR_AGAIN_SECONDS, "held": 20.0}
        if connection.state not in waits:
            connection.state = "retrying"
        wait = waits.get(connection.state, self.back_off[min(failures, len(self.back_off)) - 1])
        connection.again.clear()
        await self.clock.until(connection.again, wait)

    async def _once(self, connection: Connection) -> None:
        """One try; a disk that is full or read-only is a trouble like any other."""
        try:
            await self._connect(connection)
        except sqlite3.OperationalError as error:
            raise DeviceError(str(error)) from error

    async def _connect(self, connection: Connection) -> None:
        """Import, pair if needed, and take in what the skill yields until it ends."""
        connection.state, connection.problem = "connecting", ""
        suspect = self.markers.deaths(connection.file) > 0
        async with self._probation if suspect else contextlib.nullcontext():
            module = await self._import(connection.file)
        home = self.home(connection)
        connection.together = partial(module.together) if hasattr(module, "together") else None
        if hasattr(module, "pair") and not await self._pair(connection, module, home):
            return
        async with self._probation if suspect else contextlib.nullcontext():
            first = await self._first(connection, module, home)
        if first is not None:
            await self._rest(connection, *first)

    async def _import(self, file: SkillFile) -> ModuleType:
        """The skill's module; one that cannot be imported is tried again, since a missing library may be installed meanwhile.

        Imported in a thread: a library takes up to half a second, and one that hangs stops only its own skill.
        """
        self.markers.begin(file, "import")
        try:
            async with self._importing[file.hash]:
                new = file.module is None
                module = await asyncio.get_running_loop().run_in_executor(self.pool, file.load)
                if new and file.path.parent == self.folders[-1]:
                    await self._check(file)
            file.left_out, file.problem = False, ""
            return module
        except DeviceError as error:
            if not file.left_out:
                self.leave_out(file, str(error))
            raise
        finally:
            self.markers.end(file, well=False)

    async def _check(self, file: SkillFile) -> None:
        """Tell the owner what will not work in a skill of their own, in the words of `claw skill check`."""
        with contextlib.suppress(DeviceError):
            for mistake in await asyncio.get_running_loop().run_in_executor(self.pool, mistakes, file):
                self.events.publish(SkillsChanged(f"In the skill {file.name}: {mistake}."))

    async def _pair(self, connection: Connection, module: ModuleType, home: Home) -> bool:
        """True when the skill holds a key, asking a person for one if not; else `problem` says what went wrong."""
        with as_device_error(f"{connection.file.name} paired"):
            if module.paired(connection.found, home) and not connection.anew:
                return True
        connection.state, connection.anew = "pairing", False
        who, errors = f"{connection.file.name} pair", connection.file.spec.errors
        try:
            if await guard(module.pair(connection.found, home, home.ask), who=who, seconds=None, errors=errors):
                return True
            connection.problem = NOT_PAIRED
        except DeviceError as error:
            connection.problem = str(error)
        connection.state = "unpaired"
        return False

    async def _first(self, connection: Connection, module: ModuleType, home: Home) -> tuple[Any, asyncio.Task[Any]] | None:
        """Begin the skill's generator under a marker; it is wiped at the first device or after 10 s."""
        with as_device_error(connection.file.name):
            generator = connection.file.spec.connect(connection.found, home)
        self.markers.begin(connection.file, "connect")
        well = False
        step = self._next(connection, generator)
        try:
            await asyncio.wait([step], timeout=SETTLED_SECONDS)
            well = True
        finally:
            self.markers.end(connection.file, well=well)
            if not well:
                await self._clean_up(connection, generator, step)
        return generator, step

    def _next(self, connection: Connection, generator: Any) -> asyncio.Task[Any]:
        """The skill's next device; a task, in which even SystemExit must not get loose: it would end the loop."""

        async def step() -> Any:
            with as_device_error(connection.file.name, connection.file.spec.errors):
                return await anext(generator, None)

        return asyncio.create_task(step(), name=f"{connection.file.name} connect")

    async def _clean_up(self, connection: Connection, generator: Any, step: asyncio.Task[Any]) -> None:
        """Let the skill's finally run, but wait neither for ever nor for what it raises."""
        await cancel(step, seconds=CLEAN_UP_SECONDS)
        with contextlib.suppress(DeviceError):
            await guard(generator.aclose(), who=f"{connection.file.name} clean-up", seconds=CLEAN_UP_SECONDS)

    async def _rest(self, connection: Connection, generator: Any, step: asyncio.Task[Any]) -> None:
        try:
            while (device := await _outcome(step)) is not None:
                if not self._take(connection, device):
                    return
                step = self._next(connection, generator)
            await self._poll(connection)
        finally:
            await self._clean_up(connection, generator, step)

    async def _poll(self, connection: Connection) -> None:
        """A skill that has yielded all it has and pushes nothing is asked now and then, until nothing answers any more."""
        if not connection.devices:
            raise DeviceError(connection.problem or "its skill gave no device")
        misses = 0
        while misses < MISSES:
            await self.clock.sleep(POLL_SECONDS)
            misses = 0 if await self._answers(connection) else misses + 1
        raise DeviceError("it does not answer any more")

    def _take(self, connection: Connection, device: Device) -> bool:
        """Adopt one device; False when this connection is not needed or not trusted."""
        file, found = connection.file, connection.found
        if wrong := _misshapen(device):
            raise DeviceError(f"its skill gave {wrong}")
        if device in connection.devices:
            log.warning("%s yielded %s twice; the second is ignored", file.name, device.id)
            return True
        device.together, device.errors = connection.together, file.spec.errors
        verdict = self.house.adopt(device, skill=file.name, host=found.host, keyed=hasattr(file.module, "pair"))
        if verdict in ("adopted", "spare"):
            connection.devices.append(device)
            connection.state = "connected"
            if len(connection.devices) == 1:
                self._worked(connection)
            return True
        if verdict == "duplicate":
            connection.problem = "another connection has it already"
            if not connection.devices:
                connection.state = "duplicate"
                return False
            log.warning("%s yielded %s twice; the second is ignored", file.name, device.id)
            return True
        if verdict == "refused":
            connection.problem = f"{device.id} is the identity of a device of the skill {self.house.records[device.id].skill}"
            connection.state = "connected" if connection.devices else "held"
            return True
        connection.state, connection.problem = "held", "it appeared at a new address without proof that it is the same device"
        return False

    def _worked(self, connection: Connection) -> None:
        """It works here: what was announced elsewhere until now is out of date."""
        if (key := self._key(connection)[1]) in self._places:
            self._places[key] = [connection.found]

    def _doubts(self, connection: Connection) -> str:
        """What a person should know before pairing: that more than one address claims to be this."""
        found = connection.found
        others = sorted({one.host for one in self._places.get(self._key(connection)[1], [])} - {found.host})
        return f" (This is about {found.host}; {', '.join(others)} claims to be the same.)" if others else ""

    def home(self, connection: Connection) -> Home:
        """The narrow view of the home for one skill."""
        name = connection.file.name
        folder = self.scratch / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = connection.found.name

        async def ask(question: str) -> str | None:
            return await self.asks.ask(clean(redact(question), LONGEST_QUESTION) + self._doubts(connection), about=about)

        return Home(
            name=name, secrets=FileSecrets(self.secrets, name), config=dict(self.config.skills.get(name, {})), ask=ask,
            log=logging.getLogger(f"skill.{name}"), clock=self.clock, folder=folder, zeroconf=self.zeroconf(),
            listen_address=listen_address, pool=self.pool,
        )  # fmt: skip

    def pair_again(self) -> int:
        """Ask anew for everything that is not paired, or that will not have us any more; returns how many there are."""
        refused = [one for one in self.open.values() if one.state == "retrying" and hasattr(one.file.module, "pair")]
        for connection in refused:  # its key or certificate is no longer good, and the owner wants a new one
            connection.anew = True
        waiting = [one for one in self.open.values() if one.state == "unpaired"] + refused
        for connection in waiting:
            connection.again.set()
        return len(waiting)


def _misshapen(device: Device) -> str:
    """What a skill gave that is no device as it should be; empty when it is one."""
    if not isinstance(device, Device) or not all(isinstance(one, str) for one in (device.id, device.name, device.area)):
        return "something that is no device with an id, a name and an area as text"
    if not device.id:
        return f"{device.name} no id"
    if not device.id.isprintable() or len(device.id) > LONGEST_ID:
        return f"{device.name} an id that is no plain text"
    return "" if isinstance(device.kind, str) and device.kind else f"{device.name} no kind"


def _address(found: Found) -> tuple[str, int]:
    return found.host, found.port


async def _outcome(step: asyncio.Task[Any]) -> Any:
    """The result of a task; unlike `await step`, our own cancellation is not left to a skill that may swallow it."""
    await asyncio.wait([step])
    return step.result()
