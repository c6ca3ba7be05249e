"""Our own interfaces, and the addresses that we believe: what lies outside is ignored, whoever announces it."""

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network, ip_address, ip_interface, ip_network
from pathlib import Path

import ifaddr

Subnet = IPv4Network | IPv6Network
Interface = IPv4Interface | IPv6Interface


@dataclass(frozen=True)
class Reach:
    """Where we listen (our IPv4 addresses), and the subnets whose devices we believe."""

    addresses: tuple[str, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    missing: tuple[str, ...] = ()  # interfaces of the config that are not there

    @property
    def trouble(self) -> str:
        """What is wrong with the network, for people; empty when nothing is."""
        if self.missing:
            return f"network interface {', '.join(self.missing)} is not there"
        return "" if self.addresses else "no network interface is up"

    @property
    def loopback(self) -> bool:
        """Whether loopback was chosen, as an interface or as a subnet."""
        return any(ip_address(address).is_loopback for address in self.addresses) or any(net.is_loopback for net in self.subnets)

    def allows(self, address: str) -> bool:
        """Whether a device may stand at this address (a literal; anything else is False)."""
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        odd = ip.is_multicast or ip.is_unspecified or (ip.version == 4 and ip.is_reserved)
        mapped = ip.version == 6 and ip.ipv4_mapped is not None
        inside = any(ip in subnet for subnet in self.subnets)
        return inside and not odd and not mapped and (self.loopback or not ip.is_loopback)


def reach(interfaces: Sequence[str] = (), subnets: Sequence[str] = ()) -> Reach:
    """Look at the machine's interfaces now. Names or addresses; none = all that are up and not loopback.

    Without `subnets` (CIDR) it is those of the chosen interfaces. ValueError for a subnet that is none.
    """
    own = list(_own())
    chosen = [(name, ip) for name, ip in own if ({name, str(ip.ip)} & set(interfaces) if interfaces else _usable(name, ip))]
    there = {word for name, ip in chosen for word in (name, str(ip.ip))}
    return Reach(
        addresses=tuple(dict.fromkeys(str(ip.ip) for _, ip in chosen if ip.version == 4)),
        subnets=tuple(dict.fromkeys(map(_subnet, subnets) if subnets else (ip.network for _, ip in chosen))),
        missing=tuple(word for word in interfaces if word not in there),
    )


def listen_address(host: str) -> str:
    """Our own address as a device at `host` (an address literal) sees it; OSError without a route, ValueError for a name.

    Connecting a UDP socket chooses a route and sends nothing.
    """
    family = socket.AF_INET if ip_address(host).version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((host, 9))
        return str(probe.getsockname()[0])


def _own() -> Iterator[tuple[str, Interface]]:
    """Each interface's name with each of its addresses; link-local IPv6 is left out, since an URL cannot carry its scope."""
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            address = ip_interface(f"{ip.ip if isinstance(ip.ip, str) else ip.ip[0]}/{ip.network_prefix}")
            if not (address.version == 6 and address.is_link_local):
                yield adapter.name, address


def _usable(name: str, ip: Interface) -> bool:
    return not ip.ip.is_loopback and _up(name)


def _up(name: str) -> bool:
    """The interface's IFF_UP flag; getifaddrs also lists addresses of interfaces that are down. True where there is no sysfs."""
    try:
        return bool(int(Path("/sys/class/net", name, "flags").read_text(), 16) & 1)
    except (OSError, ValueError):
        return True


def _subnet(text: str) -> Subnet:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is no subnet: write it like 192.168.1.0/24") from None
