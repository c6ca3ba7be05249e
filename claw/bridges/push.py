"""Web Push (RFC 8030): notices on phones that have the page, encrypted for the phone (RFC 8291), signed by us (RFC 8292).

What it is sent through is an address that a browser named, so it must be https at a public address, and is followed nowhere.
"""

import hashlib
import json
import os
import socket
from base64 import urlsafe_b64decode, urlsafe_b64encode
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from claw.bridges.oneway import Gone, OneWay, Rejected, post
from claw.clock import Clock
from claw.config import PushConfig
from claw.hosting.secrets import FileSecrets
from claw.people.people import People

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

TTL_SECONDS, TOKEN_SECONDS = 86400, 12 * 3600  # how long a service keeps a notice; how long a signature counts (24 h at most)
LONGEST_ADDRESS = 1000  # characters
WRONG = "This browser named a push service that I do not send to, so this phone is not notified."


class Push(OneWay):
    """Sends to phones; `address` of a phone is "endpoint p256dh auth". The same key twice shows one notice: it is its tag."""

    name, limit, idempotent = "push", 800, True  # characters, of 3,993 bytes

    def __init__(self, people: People, secrets: FileSecrets, clock: Clock, config: PushConfig) -> None:
        super().__init__(clock)
        self.people, self._secrets, self.config = people, secrets, config

    def _own(self) -> "EllipticCurvePrivateKey":
        """Our key, made when it is first needed."""
        from cryptography.hazmat.primitives.asymmetric import ec

        if not (kept := self._secrets.get("push")):
            made = ec.generate_private_key(ec.SECP256R1())
            self._secrets.set("push", kept := _text(made.private_numbers().private_value.to_bytes(32, "big")))
        return ec.derive_private_key(int.from_bytes(_bytes(kept), "big"), ec.SECP256R1())

    def key(self) -> str:
        """Our public key, as a browser wants it (applicationServerKey)."""
        return _text(_point(self._own()))

    def address(self, said: Any) -> str:
        """The address in what a browser calls a subscription; ValueError, with words for people, when it cannot be one."""
        try:
            endpoint, keys = said["endpoint"], said["keys"]
            _encrypted(b"", keys["p256dh"], keys["auth"])
            if not self._may(endpoint):
                raise ValueError(endpoint)
            return f"{endpoint} {keys['p256dh']} {keys['auth']}"
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(WRONG) from None

    def _may(self, endpoint: str) -> bool:
        """Whether to send there: to an own service, or by https to what is not plainly within the house."""
        url = urlsplit(endpoint)
        if _origin(endpoint) in self.config.services:
            return True
        try:
            public = ip_address(url.hostname or "").is_global
        except ValueError:
            public = True  # a name: Public looks at what it stands for, when it is sent
        plain = endpoint.isascii() and endpoint.isprintable() and " " not in endpoint and "@" not in url.netloc
        return public and plain and url.scheme == "https" and bool(url.hostname) and len(endpoint) <= LONGEST_ADDRESS

    async def deliver(self, to: str, text: str, key: str) -> None:
        """Encrypt and send; a phone that is gone is forgotten."""
        endpoint, *keys = self.people.address(self.name, f"{self.name}:{to}").split() or [""]
        if not endpoint or not self._may(endpoint):
            raise Gone("that phone is not notified any more")
        topic = _text(hashlib.sha256(key.encode()).digest()[:24])  # RFC 8030, 5.4: 32 letters at most
        notice = json.dumps({"text": text, "tag": topic}, ensure_ascii=False).encode()
        headers = {"TTL": str(TTL_SECONDS), "Urgency": "high", "Topic": topic, "Content-Encoding": "aes128gcm",
                   "Content-Type": "application/octet-stream", "Authorization": self._signed(endpoint)}  # fmt: skip
        resolver = None if _origin(endpoint) in self.config.services else _public()
        try:
            await post(endpoint, self.clock, data=_encrypted(notice, *keys), headers=headers, resolver=resolver)
        except Rejected as no:
            if no.code not in (404, 410):
                raise
            self.people.forget(self.name, chat=f"{self.name}:{to}")
            raise Gone(str(no)) from None

    def _signed(self, endpoint: str) -> str:
        """A JWT that says who sends (RFC 8292)."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        claims = {"aud": _origin(endpoint), "exp": int(self.clock.time()) + TOKEN_SECONDS, "sub": self.config.contact}
        parts = ({"typ": "JWT", "alg": "ES256"}, claims)
        said = ".".join(_text(json.dumps(part).encode()) for part in parts)
        r, s = utils.decode_dss_signature(self._own().sign(said.encode(), ec.ECDSA(hashes.SHA256())))
        return f"vapid t={said}.{_text(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}, k={self.key()}"


def _encrypted(text: bytes, p256dh: str, auth: str) -> bytes:
    """One record of aes128gcm for the phone with these keys (RFC 8291, 3.4); ValueError when they are none."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    def derived(size: int, salt: bytes, info: bytes, secret: bytes) -> bytes:
        return HKDF(hashes.SHA256(), size, salt, info).derive(secret)

    theirs, secret, salt, own = _bytes(p256dh), _bytes(auth), os.urandom(16), ec.generate_private_key(ec.SECP256R1())
    if len(secret) != 16:
        raise ValueError("auth has 16 bytes")
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
    key = derived(32, secret, b"WebPush: info\0" + theirs + _point(own), shared)
    sealed = AESGCM(derived(16, salt, b"Content-Encoding: aes128gcm\0", key))
    nonce = derived(12, salt, b"Content-Encoding: nonce\0", key)
    head = salt + (4096).to_bytes(4, "big") + bytes([len(_point(own))]) + _point(own)
    return head + sealed.encrypt(nonce, text + b"\x02", None)


def _point(key: "EllipticCurvePrivateKey") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _public() -> Any:
    """A resolver that finds only public addresses, so that no name leads into the house."""
    from aiohttp.resolver import ThreadedResolver

    class Public(ThreadedResolver):
        async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> Any:
            found = [one for one in await super().resolve(host, port, family) if ip_address(one["host"]).is_global]
            if not found:
                raise OSError(f"{host} has no public address")
            return found

    return Public()


def _origin(endpoint: str) -> str:
    return "{0.scheme}://{0.netloc}".format(urlsplit(endpoint))


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
