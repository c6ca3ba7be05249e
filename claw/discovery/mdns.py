"""Finding by multicast DNS (RFC 6762, 6763): browse the declared types, resolve what answers, survive a flood of names."""

import asyncio
import logging
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import cast

from zeroconf import (  # type: ignore[attr-defined]  # public, but not in __all__
    BadTypeInNameException,
    DNSOutgoing,
    DNSPointer,
    DNSQuestion,
    DNSQuestionType,
    IPVersion,
    ServiceStateChange,
    Zeroconf,
    current_time_millis,
)
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from claw.discovery.found import Found, clean
from claw.discovery.known import Key, Known

log = logging.getLogger(__name__)

TYPE = re.compile(r"_[a-z0-9][a-z0-9_-]{0,14}\._(tcp|udp)\.local\.", re.IGNORECASE)
PTR, IN = 12, 1  # RFC 1035
# Asking for unicast answers, zeroconf's way for a first question, loses them where several programs share port 5353:
# one of them gets the answer. Measured on lo: found after 1.1 s, with multicast answers after 0.1 s.
MULTICAST = DNSQuestionType.QM
SETTLE = 1.5  # seconds; a replaced address leaves the cache after one (RFC 6762, 10.2)
# Strangers' names. zeroconf's list of refreshes has no end, and in its full cache (10,000 records, four a name) a record of
# two minutes is thrown out at once by those that claim 68 years: a real device would never be complete.
FLOOD = 2000


class Mdns:
    """Browsers for the declared types; tells `known` what is there and what left."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.zeroconf: AsyncZeroconf | None = None
        self.trouble = ""
        self._types: dict[str, str] = {}  # type -> TXT key of the id
        self._browsers: list[AsyncServiceBrowser] = []
        self._resolving: dict[Key, asyncio.Task[None]] = {}
        self._waiting: deque[tuple[str, str]] = deque(maxlen=64)  # the newest are looked up first, the oldest fall out
        self._settling: set[Key] = set()
        self._servers: dict[Key, str] = {}
        self._asked: dict[str, float] = {}
        self._strangers = 0
        self._washing: asyncio.Task[None] | None = None

    def watch(self, types: Mapping[str, str]) -> None:
        """Browse more types (type -> TXT key of the id, or empty)."""
        new = {type: id for type, id in types.items() if type not in self._types}
        self._types |= new
        self._browse(new)

    async def start(self, addresses: Sequence[str]) -> None:
        """Open the sockets (with no address: for later); `trouble` says why when that fails."""
        try:
            self.zeroconf = AsyncZeroconf(interfaces=list(addresses), ip_version=IPVersion.V4Only)
            await self.zeroconf.zeroconf.async_wait_for_start()
        except OSError as error:
            self.trouble = f"mDNS does not work: {error.strerror or error}"
            self.zeroconf = None
            return
        self.trouble = ""
        self._browse(self._types)

    async def stop(self) -> None:
        """Close everything."""
        await self._silence()
        tasks = [*self._resolving.values(), *([self._washing] if self._washing else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.zeroconf:
            zeroconf, self.zeroconf = self.zeroconf, None
            await zeroconf.async_close()

    async def network_changed(self, addresses: Sequence[str]) -> None:
        """Listen on these addresses from now on, and ask again; the AsyncZeroconf stays the same object."""
        if self.zeroconf is None:
            await self.start(addresses)
            return
        self.trouble = ""
        try:
            await self.zeroconf.async_update_interfaces(interfaces=list(addresses), ip_version=IPVersion.V4Only)
        except OSError as error:  # an address went away between our look and this
            self.trouble = f"mDNS does not work: {error.strerror or error}"
        await self._silence()
        self._browse(self._types)

    def check(self) -> None:
        """Look again at what was refused or changed unseen, newest first; doubt what zeroconf has no pointer to any more."""
        if self.zeroconf is None:
            return
        if len(self.zeroconf.zeroconf.cache.names()) > FLOOD:
            self._flooded()
        there = set()
        for type, name in reversed(list(self._pointers(self.zeroconf.zeroconf))):
            there.add(_key(type, name))
            self._look(type, name, resolve=False)
        for key in [key for key in self.known.sources if key[0] == "mdns" and key not in there]:
            self.known.doubt(key, partial(self._ask, key[1]))
        self._servers = {key: server for key, server in self._servers.items() if key in self.known.sources}

    def _browse(self, types: Iterable[str]) -> None:
        if self.zeroconf and (wanted := list(types)):
            browser = AsyncServiceBrowser(self.zeroconf.zeroconf, wanted, handlers=[self._changed], question_type=MULTICAST)
            self._browsers.append(browser)

    async def _silence(self) -> None:
        browsers, self._browsers = self._browsers, []
        for browser in browsers:
            await browser.async_cancel()

    def _changed(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        key = _key(service_type, name)
        if state_change is ServiceStateChange.Removed:
            self.known.doubt(key, partial(self._ask, service_type))
            return
        self._look(service_type, name)
        self._strangers += key not in self.known.sources
        if self._strangers > FLOOD:
            self._flooded()

    def _look(self, type: str, name: str, *, resolve: bool = True) -> None:
        """Take a service in from zeroconf's cache, or ask the network for what is missing of it."""
        if self.zeroconf is None:
            return
        if not (info := _info(type, name)):
            self.known.refuse("name")
        elif info.load_from_cache(self.zeroconf.zeroconf):
            self._take(type, name, info)
        elif resolve:
            self._resolve(type, name)

    def _resolve(self, type: str, name: str) -> None:
        key = _key(type, name)
        if key in self._resolving:
            return
        if len(self._resolving) >= self.known.caps.resolves:
            self.known.refuse("busy")
            self._waiting.append((type, name))
            return
        self._resolving[key] = asyncio.create_task(self._request(key, type, name))

    async def _request(self, key: Key, type: str, name: str) -> None:
        try:
            if self.zeroconf and (info := _info(type, name)):
                # False also when only the TXT record is missing
                await info.async_request(self.zeroconf.zeroconf, self.known.caps.answer * 1000, MULTICAST)
                self._take(type, name, info)
        finally:
            del self._resolving[key]
        if self._waiting:
            self._look(*self._waiting.pop())

    def _take(self, type: str, name: str, info: AsyncServiceInfo) -> None:
        key, label = _key(type, name), clean(name[: -len(type) - 1])
        addresses = info.parsed_addresses()  # IPv4 first, newest first
        allowed = [address for address in addresses if self.known.reach.allows(address)]
        if not addresses or not info.port or not label:
            self.known.refuse("no address" if not addresses else "no port" if not info.port else "name")
            return
        txt = self._text(info.properties)
        id = _get(txt, self._types.get(type, "")).lower() or label
        host = self._host(type, name, allowed or addresses)
        self.known.seen(key, Found("mdns", type, label, host, info.port, id, txt))
        if key in self.known.sources:
            self._servers[key] = (info.server or "").lower()

    def _host(self, type: str, name: str, addresses: Sequence[str]) -> str:
        """The newest address; while the known one is still listed that, with another look when a replaced one would be gone."""
        key = _key(type, name)
        source = self.known.sources.get(key)
        if not source or source.found.host not in addresses or source.found.host == addresses[0]:
            return addresses[0]
        if key not in self._settling:
            self._settling.add(key)
            asyncio.get_running_loop().call_later(SETTLE, self._settle, type, name)
        return source.found.host

    def _settle(self, type: str, name: str) -> None:
        self._look(type, name, resolve=False)
        self._settling.discard(_key(type, name))

    def _text(self, properties: Mapping[bytes, bytes | None]) -> dict[str, str]:
        """The TXT record as clean text: at most 64 keys, values of at most 255 characters; what is not UTF-8 is left out."""
        txt = {}
        for key, value in list(properties.items())[:64]:
            try:
                txt[clean(key.decode())] = clean((value or b"").decode(), 255)
            except UnicodeDecodeError:
                self.known.refuse("text")
        return txt

    def _ask(self, type: str) -> None:
        """Ask who is there, at most once a second for a type."""
        now = asyncio.get_running_loop().time()
        if self.zeroconf and now - self._asked.get(type, -1.0) >= 1:
            self._asked[type] = now
            out = DNSOutgoing(0)
            out.add_question(DNSQuestion(type, PTR, IN))
            self.zeroconf.zeroconf.async_send(out)

    def _pointers(self, zeroconf: Zeroconf) -> Iterator[tuple[str, str]]:
        """Type and name of every service that zeroconf holds a pointer to, oldest first."""
        now = current_time_millis()
        for type in self._types:
            for record in zeroconf.cache.async_entries_with_name(type):
                if record.type == PTR and not record.is_expired(now):
                    yield type, cast(DNSPointer, record).alias

    def _flooded(self) -> None:
        self._strangers = 0
        if not self._washing or self._washing.done():
            self._washing = asyncio.create_task(self._wash())

    async def _wash(self) -> None:
        """Forget what was heard of strangers and listen anew: real devices answer the new browsers' first question."""
        if self.zeroconf is None:
            return
        log.info("more than %d mDNS names of strangers: forgetting them and asking anew", FLOOD)
        await self._silence()
        cache, known = self.zeroconf.zeroconf.cache, {key[2] for key in self.known.sources}
        keep = known | set(self._servers.values()) | {type.lower() for type in self._types}
        for name in cache.names():
            cache.async_remove_records(
                record
                for record in cache.async_entries_with_name(name)
                if name not in keep or (record.type == PTR and cast(DNSPointer, record).alias.lower() not in known)
            )
        self._browse(self._types)


def check_types(types: Iterable[str]) -> None:
    """ValueError for a type that is no mDNS service type."""
    for type in types:
        if not TYPE.fullmatch(type):
            raise ValueError(f"{type!r} is no mDNS type: write it like _hue._tcp.local.")


def _key(type: str, name: str) -> Key:
    return "mdns", type, name.lower()  # DNS names are compared without case


def _info(type: str, name: str) -> AsyncServiceInfo | None:
    """An empty record of that service; None for a name that zeroconf refuses (control characters) or that belongs elsewhere."""
    if not name.lower().endswith(f".{type.lower()}"):
        return None
    try:
        return AsyncServiceInfo(type, name)
    except BadTypeInNameException:
        return None


def _get(txt: Mapping[str, str], key: str) -> str:
    """A TXT value; keys are compared without case (RFC 6763, 6.4)."""
    return next((value for name, value in txt.items() if key and name.lower() == key.lower()), "")
