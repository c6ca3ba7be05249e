"""Discovery: the one class that the daemon uses. It joins mDNS and SSDP, watches our own addresses, tells what comes and goes."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from zeroconf.asyncio import AsyncZeroconf

from claw.clock import Clock
from claw.discovery.found import Found
from claw.discovery.known import Caps, Ear, Known
from claw.discovery.mdns import Mdns, check_types
from claw.discovery.network import listen_address, reach
from claw.discovery.ssdp import Ssdp, check_targets

CHECK = 30.0  # seconds between looks at our own addresses
SEARCH = 900.0  # seconds between SSDP searches


class Discovery:
    """Finds services on the chosen interfaces and inside the allowed subnets; never raises because of the network, see `trouble`.

    on_found is called for a new service and again whenever its name, address, port or TXT record changes; two announcements
    may claim one id, and who is believed then is the house's business. on_lost is called when a service said goodbye or its time
    ran out, it did not answer once more (3 s), and no other announcement carries its id.
    """

    listen_address = staticmethod(listen_address)

    def __init__(
        self,
        interfaces: Sequence[str],
        subnets: Sequence[str],
        clock: Clock,
        on_found: Ear,
        on_lost: Ear,
        caps: Caps | None = None,
    ) -> None:
        """Names or addresses of interfaces (none = all that are up, not loopback) and CIDRs (none = those of the interfaces).

        ValueError for a subnet that is none.
        """
        self.interfaces, self.subnets, self.clock = interfaces, subnets, clock
        self.known = Known(caps or Caps(), clock, on_found, on_lost)
        self.known.reach = reach(interfaces, subnets)
        self._mdns, self._ssdp = Mdns(self.known), Ssdp(self.known)
        self._tending: asyncio.Task[None] | None = None

    @property
    def zeroconf(self) -> AsyncZeroconf | None:
        """The one mDNS voice, for skills too: one object from start() to stop(), None before, after, and without port 5353."""
        return self._mdns.zeroconf

    @property
    def services(self) -> list[Found]:
        """What is known now, sorted by protocol, type and name."""
        return [self.known.sources[key].found for key in sorted(self.known.sources)]

    @property
    def refused(self) -> Counter[str]:
        """How many announcements were not believed, by reason."""
        return self.known.refused

    @property
    def trouble(self) -> str:
        """What keeps discovery from working, for people; empty when nothing does."""
        return "; ".join(filter(None, (self.known.reach.trouble, self._mdns.trouble, self._ssdp.trouble)))

    def watch(self, mdns: Mapping[str, str], ssdp: Iterable[str] = ()) -> None:
        """Look for these too: mDNS type -> TXT key of the id (may be empty), and SSDP targets.

        May be called at any time, before start() too. ValueError, and nothing is taken, for a malformed type.
        """
        targets = set(ssdp)
        check_types(mdns)
        check_targets(targets)
        self._mdns.watch(mdns)
        self._ssdp.watch(targets)

    async def start(self) -> None:
        """Open the sockets and begin to look."""
        self.known.reach = reach(self.interfaces, self.subnets)
        await self._mdns.start(self.known.reach.addresses)
        await self._ssdp.start(self.known.reach.addresses)
        self._tending = asyncio.create_task(self._tend())

    async def stop(self) -> None:
        """Close everything; nothing is reported as lost."""
        if self._tending:
            self._tending.cancel()
            await asyncio.gather(self._tending, return_exceptions=True)
        self._ssdp.stop()
        await self._mdns.stop()
        self.known.clear()

    async def network_changed(self) -> None:
        """Look at our interfaces anew, lose what lies outside now, and ask again everywhere."""
        self.known.reach = reach(self.interfaces, self.subnets)
        self.known.prune()
        await self._mdns.network_changed(self.known.reach.addresses)
        await self._ssdp.network_changed(self.known.reach.addresses)

    async def _tend(self) -> None:
        searched = self.clock.monotonic()
        while True:
            await self.clock.sleep(CHECK)
            if reach(self.interfaces, self.subnets) != self.known.reach:
                await self.network_changed()
            for way in (self._mdns, self._ssdp):
                if way.trouble:
                    await way.network_changed(self.known.reach.addresses)
            self._mdns.check()
            self._ssdp.check()
            if self.clock.monotonic() - searched >= SEARCH:
                searched = self.clock.monotonic()
                self._ssdp.search()
