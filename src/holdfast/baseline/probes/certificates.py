"""Certificates that probes present."""

import contextlib
import datetime
import ipaddress
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_DAY = 86_400.0


class Made(NamedTuple):
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        """The certificate alone."""
        return self.certificate.public_bytes(Encoding.PEM).decode()


def make_certificate(
    name: str, now: float, *, days: float = 1, issuer: Made | None = None, address: str = ""
) -> Made:
    """A certificate for `name` that ends `days` after `now` (Unix seconds), by `issuer` or by itself.

    With an IP `address` it is good for a listener there.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    end = now + days * _DAY
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_moment(min(now, end) - _DAY))
        .not_valid_after(_moment(end))
    )
    if address:
        place = x509.IPAddress(ipaddress.ip_address(address))
        builder = builder.add_extension(x509.SubjectAlternativeName([place]), critical=False)
    return Made(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)


@contextlib.contextmanager
def as_file(*chain: Made) -> Iterator[Path]:
    """The chain, leaf first, and the leaf's key in one PEM file, which TLS wants; gone afterwards."""
    private = chain[0].key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write("".join(made.pem for made in chain) + private)
        file.flush()
        yield Path(file.name)
