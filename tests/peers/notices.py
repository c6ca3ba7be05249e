"""What takes notices, on loopback: fakes of an ntfy server and of a push service with a phone, and a real mail server (aiosmtpd)."""

import asyncio
import contextlib
import datetime
import ipaddress
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

import http_ece
from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from claw.demo.hue.certificate import tls

USER, PASSWORD = "claw@example.org", "horse battery staple"


class Web:
    """A fake: it takes everything at any path, except as `answers` say: statuses, headers, and "cut" after it was taken."""

    def __init__(self) -> None:
        self.base = ""
        self.answers: list[int | tuple[int, dict[str, str]] | str] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []  # path, headers, body of what was taken

    async def take(self, request: web.Request) -> web.Response:
        answer = self.answers.pop(0) if self.answers else 200
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        if status in (200, 500, "cut"):  # whoever answers 500 may have taken it
            self.requests.append((request.path, dict(request.headers), await request.read()))
        if status == "cut":
            assert request.transport
            request.transport.abort()
            status = 200
        return web.json_response({"id": "sPs71M8A2T", "error": "as told"}, status=int(status), headers=headers)

    @property
    def published(self) -> list[dict[str, Any]]:
        """As ntfy reads it: JSON to the root (https://docs.ntfy.sh/publish/#publish-as-json)."""
        assert all(path == "/" for path, _, _ in self.requests)
        return [json.loads(body) for _, _, body in self.requests]

    @property
    def texts(self) -> list[str]:
        return [one["message"] for one in self.published]


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[Web]:
    """One of them on a free port."""
    one, app = Web(), web.Application()
    app.router.add_route("*", "/{path:.*}", one.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        one.base = "http://{}:{}".format(*runner.addresses[0])
        yield one
    finally:
        await runner.cleanup()


class Phone:
    """A browser's end of Web Push: its keys, and what they open, by a library that knows nothing of ours."""

    def __init__(self, service: Web, name: str = "phone-1") -> None:
        self.key, self.auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        point = self.key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        keys = {"p256dh": _text(point), "auth": _text(self.auth)}
        self.service, self.path = service, f"/push/{name}"
        self.subscription = {"endpoint": service.base + self.path, "expirationTime": None, "keys": keys}

    @property
    def notices(self) -> list[dict[str, str]]:
        """What was pushed to it, opened."""
        bodies = [body for path, _, body in self.service.requests if path == self.path]
        return [json.loads(http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth)) for body in bodies]

    @property
    def texts(self) -> list[str]:
        return [one["text"] for one in self.notices]


class Mail:
    """A real mail server that asks for STARTTLS and a password; `answers` are its next ones to RCPT and DATA, "cut" after DATA."""

    def __init__(self) -> None:
        self.port, self.letters, self.logins = 0, list[Message](), list[bytes]()
        self.recipients, self.data = list[str](), list[str]()

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        envelope.rcpt_tos.append(address)
        return self.recipients.pop(0) if self.recipients else "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.data.pop(0) if self.data else "250 OK"
        if answer[0] == "2" or answer == "cut":
            assert isinstance(envelope.content, bytes)
            self.letters.append(message_from_bytes(envelope.content, policy=default))
        if answer == "cut":
            server.transport.abort()
        return answer

    def login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, said: Any) -> AuthResult:
        self.logins.append(said.password)
        return AuthResult(success=(said.login, said.password) == (USER.encode(), PASSWORD.encode()), handled=False)

    @property
    def texts(self) -> list[str]:
        return [str(one.get_content()).strip().replace("\r\n", "\n") for one in self.letters]  # type: ignore[attr-defined]


@contextlib.asynccontextmanager
async def mail(pem: bytes | None) -> AsyncIterator[Mail]:
    """One of them; without a certificate it offers no STARTTLS."""
    one, loop = Mail(), asyncio.get_running_loop()
    how: dict[str, Any] = {"auth_require_tls": False}
    if pem is not None:
        how = {"tls_context": tls(pem), "require_starttls": True, "auth_required": True}
    server = await loop.create_server(
        lambda: SMTP(one, hostname="mail.test", authenticator=one.login, loop=loop, **how), "127.0.0.1", 0
    )  # fmt: skip
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()


def certificate(address: str = "127.0.0.1") -> bytes:
    """A key and its own authority's certificate for an address, as one PEM."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return plain + made.public_bytes(serialization.Encoding.PEM)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
