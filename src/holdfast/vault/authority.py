"""The built-in certificate authority: one root, which issues the certificates of the instance's listeners.

An instance must be able to start without anybody's help, and no certificate of it may be shared with another
instance; so the first start makes a root of its own, and devices are given that root. Profiles follow RFC
5280 4.2 and the stricter reading of OpenSSL's X509_V_FLAG_X509_STRICT (Python 3.13's default), so that both
kinds of clients accept what is issued here.
"""

import datetime
import ipaddress
import re
from collections.abc import Sequence
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from holdfast.vault.errors import CertificateError

DAY = 86_400.0
ROOT_LIFETIME = 3650 * DAY
"""Ten years: the root is burnt into devices, which seldom get a new one."""
SERVER_LIFETIME = 90 * DAY
RENEW_BEFORE = 30 * DAY
"""A third of the lifetime, as ACME clients do: a failed renewal leaves a month to notice."""
BACKDATED = 300.0
"""Certificates begin five minutes ago, for devices whose clocks are late."""
MAXIMUM_NAMES = 100
"""The number of names that public authorities accept in one certificate."""

_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*\Z"
)


class Issued(NamedTuple):
    """A certificate with its private key."""

    chain_pem: bytes
    """The leaf first, then the root that issued it."""
    key_pem: bytes
    """PKCS #8, unencrypted: for memory only."""


class Authority(NamedTuple):
    """A root certificate and its key, in memory."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        """The root as devices and browsers are given it."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The root's key as PKCS #8, unencrypted: only ever sealed and never written as it is."""
        return _key_pem(self.key)

    def issue_server(self, names: Sequence[str], now: float) -> Issued:
        """A certificate for the host names and IP addresses `names`, valid for `SERVER_LIFETIME` from `now`.

        Raises CertificateError for no names, too many, or one that is neither a host name nor an address.
        """
        subjects = subject_names(names)
        key = ec.generate_private_key(ec.SECP256R1())
        # Clients look at the alternative names only; the common name (at most 64 characters) is for people.
        common_name = next((name for name in names if len(name) <= 64), "holdfast")
        usage = _key_usage(digital_signature=True)
        builder = (
            _builder(common_name, self.certificate.subject, key.public_key(), now, SERVER_LIFETIME)
            .add_extension(x509.SubjectAlternativeName(subjects), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )
        leaf = builder.sign(self.key, hashes.SHA256())
        return Issued(leaf.public_bytes(Encoding.PEM) + self.certificate_pem, _key_pem(key))


def create_authority(name: str, now: float) -> Authority:
    """A new root whose common name is `name`, valid for `ROOT_LIFETIME`. It may sign leafs only."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    builder = (
        _builder(name, subject, key.public_key(), now, ROOT_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
    )
    return Authority(builder.sign(key, hashes.SHA256()), key)


def load_authority(certificate_pem: bytes, key_pem: bytes) -> Authority:
    """The authority again from what was kept of it. CertificateError when the two do not belong together."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        key = load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError) as error:
        raise CertificateError("The authority's certificate or key is not readable as PEM.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise CertificateError("The authority's key does not belong to its certificate.")
    return Authority(certificate, key)


def check_issued(issued: Issued) -> None:
    """CertificateError unless the certificate and the key can be read and belong together."""
    try:
        key = load_pem_private_key(issued.key_pem, password=None)
        leaf = x509.load_pem_x509_certificate(issued.chain_pem)
    except (ValueError, TypeError) as error:
        raise CertificateError("The server certificate or its key is not readable as PEM.") from error
    if key.public_key() != leaf.public_key():
        raise CertificateError("The server certificate's key does not belong to it.")


def subject_names(names: Sequence[str]) -> list[x509.GeneralName]:
    """Host names (also `*.example.org`) and IP addresses as subject alternative names, without doubles."""
    if not 0 < len(names) <= MAXIMUM_NAMES:
        raise CertificateError(
            f"A certificate needs 1 to {MAXIMUM_NAMES} host names or addresses; got {len(names)}."
        )
    return [_subject_name(name) for name in dict.fromkeys(name.lower() for name in names)]


def names_of(chain_pem: bytes) -> frozenset[str]:
    """The host names and addresses for which the first certificate of a chain is good."""
    return frozenset(str(entry.value) for entry in _alternative_names(_leaf(chain_pem)))


def needs_renewal(chain_pem: bytes, names: Sequence[str], authority: Authority, now: float) -> bool:
    """Whether a server certificate is due: near its end, for other names, or issued by another root."""
    leaf = _leaf(chain_pem)
    wanted = frozenset(str(entry.value) for entry in subject_names(names))
    return (
        leaf.not_valid_after_utc.timestamp() - now < RENEW_BEFORE
        or names_of(chain_pem) != wanted
        or leaf.issuer != authority.certificate.subject
        or not _signed_by(leaf, authority)
    )


def fingerprint(certificate: x509.Certificate) -> str:
    """The SHA-256 of the certificate as hexadecimal, which people compare when they install a root."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def _signed_by(leaf: x509.Certificate, authority: Authority) -> bool:
    identifier = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    return identifier == x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())


def _leaf(chain_pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(chain_pem)
    except ValueError as error:
        raise CertificateError("The server certificate is not readable as PEM.") from error


def _alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def _subject_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        if _HOST_NAME.match(name) is None:
            raise CertificateError(
                f"{name!r} is neither a host name nor an IP address; write it in ASCII (xn--…)."
            ) from None
        return x509.DNSName(name)


def _builder(
    common_name: str, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, now: float, lifetime: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_moment(now - BACKDATED))
        .not_valid_after(_moment(now + lifetime))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
