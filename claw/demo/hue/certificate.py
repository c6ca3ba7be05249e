"""The self-signed certificate of a Hue hub: an EC key on P-256, and the bridge id as its common name, as real ones have it."""

import ssl
import tempfile
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def make_certificate(bridge_id: str) -> bytes:
    """A new key and its certificate, as one PEM; takes about a millisecond."""
    key = ec.generate_private_key(ec.SECP256R1())
    parts = ((NameOID.COUNTRY_NAME, "NL"), (NameOID.ORGANIZATION_NAME, "Philips Hue"), (NameOID.COMMON_NAME, bridge_id))
    name = x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])
    start = datetime(2024, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * 14))
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return plain + certificate.public_bytes(serialization.Encoding.PEM)


def tls(pem: bytes) -> ssl.SSLContext:
    """A server's context with that key and certificate (the ssl module reads them from files only)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(pem)
        file.flush()
        context.load_cert_chain(file.name)
    return context
