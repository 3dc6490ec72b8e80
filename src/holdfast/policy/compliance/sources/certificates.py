"""Certificates as documents of the type `Holdfast.Vault/certificates`."""

from collections.abc import Iterator, Mapping

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonObject
from holdfast.policy.types.documents import PolicyDocument, supplied

TYPE = "Holdfast.Vault/certificates"


def certificate_documents(certificates: Mapping[str, bytes], authority: bytes) -> Iterator[PolicyDocument]:
    """The documents of certificates (PEM, the leaf first) by their name; `authority` is our own's (PEM)."""
    issuer = x509.load_pem_x509_certificate(authority).subject
    for name, pem in certificates.items():
        certificate = x509.load_pem_x509_certificate(pem)
        yield supplied(TYPE, name, _properties(certificate, is_ours=certificate.issuer == issuer))


def _properties(certificate: x509.Certificate, *, is_ours: bool) -> JsonObject:
    key = certificate.public_key()
    return {
        "subject": certificate.subject.rfc4514_string(),
        "notAfter": isoformat(certificate.not_valid_after_utc.timestamp()),
        "keyType": "RSA" if isinstance(key, rsa.RSAPublicKey) else "EC",
        "keyBits": key.key_size if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) else 256,
        "selfIssued": is_ours,
    }
