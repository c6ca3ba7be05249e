"""systemd's notification protocol (sd_notify(3)): readiness, status and watchdog, where NOTIFY_SOCKET is set."""

import os
import socket


def notify(*lines: str) -> None:
    """Send lines such as READY=1 or WATCHDOG=1; does nothing when not started by systemd."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.sendto("\n".join(lines).encode(), "\0" + address[1:] if address.startswith("@") else address)


def watchdog_seconds() -> float:
    """How often systemd wants to hear from us, halved for safety; 0 = not at all."""
    return int(os.environ.get("WATCHDOG_USEC", "0")) / 2_000_000
