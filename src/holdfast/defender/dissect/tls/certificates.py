"""X.509 certificates of a TLS handshake, read when somebody asks; field names are those of Zeek's
x509.log."""

from __future__ import annotations

import warnings
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from holdfast.defender.dissect.reader import Reader
from holdfast.defender.record import Fields

_MAXIMUM_CHAIN: Final = 16
_UNREADABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
"""What the library raises for certificates that break the rules; devices have many of these."""


def chain(message: bytes, with_context: bool) -> list[bytes]:
    """The encoded certificates of a Certificate message, the server's own first."""
    reader = Reader(message)
    if with_context:
        reader.skip(reader.u8())
    inner = reader.within(reader.unsigned(3))
    found: list[bytes] = []
    while inner.left >= 3 and len(found) < _MAXIMUM_CHAIN:
        found.append(inner.take(inner.unsigned(3)))
        if with_context:
            inner.skip(inner.u16())
    return found


def certificate_fields(encoded: bytes) -> Fields:
    """What a certificate says. One that cannot be read has `malformed` and its fingerprint only."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(encoded)
    fields: Fields = {"fingerprint": digest.finalize().hex()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library about certificates outside of the standard
        try:
            _read(x509.load_der_x509_certificate(encoded), fields)
        except _UNREADABLE as error:
            fields["malformed"] = str(error)
    return fields


def _read(certificate: x509.Certificate, fields: Fields) -> None:
    before, after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    fields |= {
        "version": certificate.version.value + 1,
        "serial": f"{certificate.serial_number:X}",
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "not_valid_before": before.timestamp(),
        "not_valid_after": after.timestamp(),
        "self_signed": certificate.subject == certificate.issuer,
        "sig_alg": certificate.signature_algorithm_oid._name,
    }
    _key(certificate, fields)
    _alternative_names(certificate, fields)


def _key(certificate: x509.Certificate, fields: Fields) -> None:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        fields |= {"key_type": "rsa", "key_length": key.key_size, "exponent": key.public_numbers().e}
    elif isinstance(key, dsa.DSAPublicKey):
        fields |= {"key_type": "dsa", "key_length": key.key_size}
    elif isinstance(key, ec.EllipticCurvePublicKey):
        fields |= {"key_type": "ecdsa", "key_length": key.key_size, "curve": key.curve.name}
    elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        fields["key_type"] = "eddsa"


def _alternative_names(certificate: x509.Certificate, fields: Fields) -> None:
    extensions = certificate.extensions
    for extension in extensions:
        value: Any = extension.value  # of a class by extension
        if isinstance(value, x509.SubjectAlternativeName):
            fields["san_dns"] = value.get_values_for_type(x509.DNSName)
            fields["san_uri"] = value.get_values_for_type(x509.UniformResourceIdentifier)
            fields["san_email"] = value.get_values_for_type(x509.RFC822Name)
            fields["san_ip"] = [str(address) for address in value.get_values_for_type(x509.IPAddress)]
        elif isinstance(value, x509.BasicConstraints):
            fields["ca"] = value.ca
