"""Certificates as people hand them to enrollments: read from PEM, checked, described."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.protocol.x509 import MAXIMUM_CERTIFICATE_BYTES, CertificateError, parse_certificate


def parse_pem(text: object, field: str) -> x509.Certificate:
    """A certificate from PEM, or from the bare base64 of its DER, as the hosted API takes it.

    InvalidError naming `field` when it is none.
    """
    if not isinstance(text, str) or not text.strip():
        raise InvalidError(f"{field} must be a certificate in PEM.", field)
    stripped = text.strip()
    if len(stripped) > 2 * MAXIMUM_CERTIFICATE_BYTES:
        raise InvalidError(f"{field} is longer than any certificate.", field)
    if not stripped.startswith("-----BEGIN"):
        stripped = f"-----BEGIN CERTIFICATE-----\n{stripped}\n-----END CERTIFICATE-----\n"
    try:
        certificate = x509.load_pem_x509_certificate(stripped.encode())
        return parse_certificate(certificate.public_bytes(Encoding.DER))
    except (ValueError, CertificateError) as error:
        raise InvalidError(f"{field} is not an X.509 certificate in PEM: {error}", field) from None


def to_pem(certificate: x509.Certificate) -> str:
    """The certificate as PEM text."""
    return certificate.public_bytes(Encoding.PEM).decode()


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether its basic constraints let it issue certificates."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def sha1(certificate: x509.Certificate) -> str:
    """The SHA-1 thumbprint, upper case, as the hosted API shows it. It names; nothing is proven by it."""
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - an identifier


def information(certificate: x509.Certificate) -> JsonObject:
    """What people are shown of a certificate."""
    return {
        "sha1Thumbprint": sha1(certificate),
        "sha256Thumbprint": certificate.fingerprint(hashes.SHA256()).hex().upper(),
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serialNumber": f"{certificate.serial_number:x}",
        "notBefore": isoformat(certificate.not_valid_before_utc.timestamp()),
        "notAfter": isoformat(certificate.not_valid_after_utc.timestamp()),
    }
