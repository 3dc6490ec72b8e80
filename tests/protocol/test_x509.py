"""Device certificates: chains of every length and key, and what must not be accepted."""

import datetime
import hashlib
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from holdfast.protocol.x509 import (
    CLOCK_SKEW,
    MAXIMUM_CERTIFICATE_BYTES,
    MAXIMUM_CHAIN,
    CertificateError,
    check_validity,
    common_name,
    der,
    parse_certificate,
    parse_chain,
    thumbprints,
    verify_chain,
)

NOW = 1_800_000_000.0
DAY = 86_400.0
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Issued(NamedTuple):
    certificate: x509.Certificate
    key: Key


def issue(
    name: str,
    issuer: Issued | None = None,
    ca: bool | None = None,
    key: Key | None = None,
    begins: float = NOW - DAY,
    ends: float = NOW + DAY,
) -> Issued:
    """A certificate without any extension but the basic constraints, which `ca` None leaves out."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime.fromtimestamp(begins, tz=datetime.UTC))
        .not_valid_after(datetime.datetime.fromtimestamp(ends, tz=datetime.UTC))
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return Issued(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


ROOT = issue("root", ca=True)
INTERMEDIATE = issue("intermediate", ROOT, ca=True)
LEAF = issue("dev-1", INTERMEDIATE)


def test_a_leaf_leads_to_its_root_through_what_the_device_presented() -> None:
    path = verify_chain([LEAF.certificate, INTERMEDIATE.certificate], [ROOT.certificate], NOW)
    assert path == (LEAF.certificate, INTERMEDIATE.certificate, ROOT.certificate)


def test_an_intermediate_may_be_the_enrolled_authority() -> None:
    path = verify_chain([LEAF.certificate], [INTERMEDIATE.certificate], NOW)
    assert path == (LEAF.certificate, INTERMEDIATE.certificate)


def test_rsa_leafs_are_accepted() -> None:
    leaf = issue("rsa", INTERMEDIATE, key=rsa.generate_private_key(65537, 2048))
    assert verify_chain([leaf.certificate], [INTERMEDIATE.certificate], NOW)


OTHER_ROOT = issue("root", ca=True)
NO_AUTHORITY = issue("plain", ROOT, ca=False)
SILENT_AUTHORITY = issue("silent", ROOT, ca=None)
EXPIRED = issue("old", INTERMEDIATE, ends=NOW - 1)

BAD_CHAINS = {
    "another root of the same name": ([LEAF, INTERMEDIATE], [OTHER_ROOT]),
    "no authority at all": ([LEAF, INTERMEDIATE], []),
    "a missing intermediate": ([LEAF], [ROOT]),
    "an intermediate that is no authority": ([issue("x", NO_AUTHORITY), NO_AUTHORITY], [ROOT]),
    "an intermediate that does not say": ([issue("x", SILENT_AUTHORITY), SILENT_AUTHORITY], [ROOT]),
    "a leaf that signed another leaf": ([issue("x", LEAF), LEAF, INTERMEDIATE], [ROOT]),
    "an expired leaf": ([EXPIRED, INTERMEDIATE], [ROOT]),
    "a self-signed leaf": ([issue("dev-1")], [ROOT]),
}


@pytest.mark.parametrize("name", BAD_CHAINS)
def test_a_chain_is_refused_for(name: str) -> None:
    chain, authorities = BAD_CHAINS[name]
    with pytest.raises(CertificateError):
        verify_chain([c.certificate for c in chain], [a.certificate for a in authorities], NOW)


def test_a_chain_is_read_leaf_first() -> None:
    chain = parse_chain([der(LEAF.certificate), der(INTERMEDIATE.certificate)])
    assert [common_name(certificate) for certificate in chain] == ["dev-1", "intermediate"]


def test_a_chain_is_bounded() -> None:
    for count in (0, MAXIMUM_CHAIN + 1):
        with pytest.raises(CertificateError):
            parse_chain([der(LEAF.certificate)] * count)
    with pytest.raises(CertificateError):
        parse_certificate(b"x" * (MAXIMUM_CERTIFICATE_BYTES + 1))


def test_a_thumbprint_is_lower_case_hexadecimal_of_either_digest() -> None:
    body = der(LEAF.certificate)
    assert thumbprints(LEAF.certificate) == {
        hashlib.sha1(body).hexdigest(),
        hashlib.sha256(body).hexdigest(),
    }


def test_validity_allows_for_clock_skew() -> None:
    certificate = issue("d", begins=NOW, ends=NOW + DAY).certificate
    check_validity(certificate, NOW - CLOCK_SKEW)
    check_validity(certificate, NOW + DAY + CLOCK_SKEW)
    for moment in (NOW - CLOCK_SKEW - 1, NOW + DAY + CLOCK_SKEW + 1):
        with pytest.raises(CertificateError):
            check_validity(certificate, moment)


def test_a_subject_has_one_common_name() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    for names in ([], ["a", "b"]):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
        builder = builder.public_key(key.public_key()).serial_number(1)
        moment = datetime.datetime.fromtimestamp(NOW, tz=datetime.UTC)
        builder = builder.not_valid_before(moment).not_valid_after(moment + datetime.timedelta(1))
        with pytest.raises(CertificateError):
            common_name(builder.sign(key, hashes.SHA256()))


@given(st.binary(max_size=100), st.integers(0, 2000), st.integers(0, 255))
def test_broken_bytes_are_a_certificate_or_a_certificate_error(data: bytes, at: int, value: int) -> None:
    broken = bytearray(der(LEAF.certificate))
    broken[at % len(broken)] = value
    for candidate in (data, bytes(broken)):
        try:
            chain = parse_chain([candidate, der(INTERMEDIATE.certificate)])
            common_name(chain[0])
            verify_chain(chain, [ROOT.certificate], NOW)
        except CertificateError:
            continue
        assert candidate == der(LEAF.certificate)
