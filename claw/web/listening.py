"""Sockets that listen, and who may be connected to them: a crowd on the network must not take what the house needs."""

import asyncio
import errno
import logging
import socket
from contextlib import suppress

from aiohttp import web

from claw.web.origins import LOCAL_NAMES, plain

log = logging.getLogger("claw.web")
FREEBIND = 15  # IP_FREEBIND, ip(7): an address that is not there yet may be listened on
UNREAD_MS = 30_000  # how long a peer may leave unread what it is sent
MOST, MOST_OF_ONE = 64, 16  # connections from the network, and of one address there; as many from this machine beside them


async def accept(sock: socket.socket, server: web.Server) -> None:
    """Take connections until cancelled; one too many is closed at once."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            taken, peer = await loop.sock_accept(sock)
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
            if _crowded(server, taken.getsockname()[0], peer[0]):
                taken.close()
            else:
                await loop.connect_accepted_socket(server, taken)
            await asyncio.sleep(0)  # whoever knocks without end must not hold up the house
        except OSError as error:  # no more open files, or it was gone again
            log.warning("a connection to the page could not be taken: %s", error.strerror)
            await asyncio.sleep(0.1)


def _crowded(server: web.Server, own: str, peer: str) -> bool:
    """Whether a connection to this address of ours, from that peer, is one too many."""
    here = plain(own) in LOCAL_NAMES
    ends = [(one.sockname, one.peername) for one in server.connections]
    peers = [theirs[0] for ours, theirs in ends if ours and theirs and (plain(ours[0]) in LOCAL_NAMES) == here]
    return len(peers) >= MOST or (not here and peers.count(peer) >= MOST_OF_ONE)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, also on an address that will come only later (DHCP at boot); OSError in words that say what to do."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_IP, FREEBIND, 1)
        sock.bind((host, port))
        sock.listen(64)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        why = {
            errno.EADDRINUSE: f"port {port} of {host} is taken: end what uses it, or choose another [web] port in the config",
            errno.EACCES: f"port {port} is not allowed to this user: choose a [web] port above 1023 in the config",
        }.get(error.errno or 0, f"{host}:{port}: {error.strerror}")
        log.error("no page: %s", why)
        raise OSError(why) from None
    if not _is_own(host):
        log.warning("%s is no address of this machine now (`ip address` lists them): the page is there once it is", host)
    return sock


def _is_own(host: str) -> bool:
    """Whether this machine has the address now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe, suppress(OSError):
        probe.bind((host, 0))
        return True
    return False
