"""By which name a request came, over what, and from which page."""

from ipaddress import ip_address

from aiohttp import web

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})  # which no other machine's browser can mean
FORWARDED = frozenset({"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"})


def plain(address: str) -> str:
    """An address as in an URL; one of IPv4 that a socket of IPv6 took is itself again."""
    address = address.removeprefix("::ffff:") if "." in address else address
    return f"[{address}]" if ":" in address else address


def own(request: web.Request) -> tuple[str, int]:
    """Our own end of the connection: address as in an URL, and port; empty when it is gone."""
    name = request.transport.get_extra_info("sockname") if request.transport else None
    address, port = name[:2] if name else ("", 0)
    return plain(address), port


def asked(request: web.Request) -> tuple[str, int]:
    """The name and port that the browser asked for; port -1 for nonsense."""
    host = request.headers.get("Host", "").casefold()
    name, colon, port = host.rpartition(":")
    if not colon or port.endswith("]"):
        name, port = host, "443" if scheme(request) == "https" else "80"
    return name, int(port) if port.isdecimal() and len(port) < 6 else -1


def scheme(request: web.Request) -> str:
    """https where we, or a proxy on this machine, speak it with the browser."""
    near = ip_address(plain(request.remote or "::").strip("[]")).is_loopback
    proxied = near and request.headers.get("X-Forwarded-Proto", "") == "https"
    return "https" if proxied or request.secure else "http"


def is_ours(request: web.Request, hosts: tuple[str, ...]) -> bool:
    """Whether the Host is loopback, the address that was connected to, or a name of the config, with our port."""
    (name, port), (address, listening) = asked(request), own(request)
    ours = {address, *(host.casefold() for host in hosts)} | (LOCAL_NAMES if address in LOCAL_NAMES else set())
    return name in ours and (port == listening or (port == 443 and scheme(request) == "https"))


def is_guarded(request: web.Request) -> bool:
    """Whether nobody on the way could hear or change what is said: https, or a browser on this machine."""
    local = own(request)[0] in LOCAL_NAMES and asked(request)[0] in LOCAL_NAMES
    return scheme(request) == "https" or (local and not FORWARDED & set(request.headers))


def via(request: web.Request) -> str:
    """The bridge over which a message comes so."""
    return "web" if is_guarded(request) else "web-http"


def is_same(request: web.Request) -> bool:
    """Whether the page that asks is our own."""
    return request.headers.get("Origin", "").casefold() == f"{scheme(request)}://{request.headers.get('Host', '').casefold()}"
