"""The built-in authority issues what strict clients accept, and only that."""

import ssl

import pytest
from cryptography import x509

from holdfast.kernel.clock import SystemClock, SystemRandomness
from holdfast.vault.authority import (
    DAY,
    RENEW_BEFORE,
    SERVER_LIFETIME,
    Issued,
    check_issued,
    create_authority,
    load_authority,
    names_of,
    needs_renewal,
)
from holdfast.vault.errors import CertificateError
from holdfast.vault.files import load_into

NAMES = ["plant.example.org", "127.0.3.1", "::1", "*.devices.example.org"]
NOW = SystemClock().now()
AUTHORITY = create_authority("Test root", NOW)


def _contexts(issued: Issued, trusted_pem: bytes) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load_into(server, issued, SystemRandomness())
    client = ssl.create_default_context(cadata=trusted_pem.decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    return server, client


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> None:
    """A TLS handshake in memory; raises ssl.SSLCertVerificationError when the client refuses."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server_side = server.wrap_bio(to_server, to_client, server_side=True)
    client_side = client.wrap_bio(to_client, to_server, server_hostname=host)
    pending = [client_side, server_side]
    for _ in range(10):
        for side in list(pending):
            try:
                side.do_handshake()
                pending.remove(side)
            except ssl.SSLWantReadError:
                continue
        if not pending:
            return
    pytest.fail("the handshake does not come to an end")


@pytest.mark.parametrize("host", ["plant.example.org", "127.0.3.1", "::1", "pump-1.devices.example.org"])
def test_strict_clients_that_trust_the_root_accept_every_name(host: str) -> None:
    server, client = _contexts(AUTHORITY.issue_server(NAMES, NOW), AUTHORITY.certificate_pem)
    _handshake(server, client, host)


def test_clients_refuse_a_name_that_was_not_asked_for() -> None:
    server, client = _contexts(AUTHORITY.issue_server(NAMES, NOW), AUTHORITY.certificate_pem)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        _handshake(server, client, "other.example.org")


def test_clients_of_another_root_refuse() -> None:
    stranger = create_authority("Test root", NOW)
    server, client = _contexts(AUTHORITY.issue_server(NAMES, NOW), stranger.certificate_pem)
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(server, client, "plant.example.org")


def test_a_server_certificate_cannot_issue_others() -> None:
    issued = AUTHORITY.issue_server(["a.example.org"], NOW)
    leaf, root = x509.load_pem_x509_certificates(issued.chain_pem)
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert root == AUTHORITY.certificate
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "got 0"),
        (["a"] * 101, "got 101"),
        (["exa mple.org"], "neither a host name"),
        (["bücher.example"], "xn--"),
        (["a" * 64 + ".org"], "neither a host name"),
        (["-a.org"], "neither a host name"),
        (["a.org\n"], "neither a host name"),
        (["*.*.org"], "neither a host name"),
        (["10.0.0.0/8"], "neither a host name"),
    ],
)
def test_names_that_are_none_are_refused(names: list[str], said: str) -> None:
    with pytest.raises(CertificateError, match=said):
        AUTHORITY.issue_server(names, NOW)


def test_names_are_lower_cased_and_kept_once() -> None:
    issued = AUTHORITY.issue_server(["Plant.Example.ORG", "plant.example.org"], NOW)
    assert names_of(issued.chain_pem) == {"plant.example.org"}


def test_renewal_is_due_a_month_before_the_end_for_other_names_and_another_root() -> None:
    chain = AUTHORITY.issue_server(NAMES, NOW).chain_pem
    late = NOW + SERVER_LIFETIME - RENEW_BEFORE + DAY
    assert not needs_renewal(chain, NAMES, AUTHORITY, NOW)
    assert not needs_renewal(chain, list(reversed(NAMES)), AUTHORITY, NOW)
    assert needs_renewal(chain, NAMES, AUTHORITY, late)
    assert needs_renewal(chain, [*NAMES, "new.example.org"], AUTHORITY, NOW)
    assert needs_renewal(chain, NAMES, create_authority("Test root", NOW), NOW)


def test_an_authority_is_the_same_after_loading() -> None:
    loaded = load_authority(AUTHORITY.certificate_pem, AUTHORITY.key_pem)
    assert not needs_renewal(AUTHORITY.issue_server(NAMES, NOW).chain_pem, NAMES, loaded, NOW)


@pytest.mark.parametrize(
    ("certificate", "key"),
    [
        (b"", AUTHORITY.key_pem),
        (AUTHORITY.certificate_pem, b"-----BEGIN"),
        (AUTHORITY.certificate_pem, create_authority("x", NOW).key_pem),
    ],
)
def test_an_authority_whose_parts_do_not_fit_is_refused(certificate: bytes, key: bytes) -> None:
    with pytest.raises(CertificateError):
        load_authority(certificate, key)


@pytest.mark.parametrize(
    "issued",
    [
        Issued(b"", b""),
        Issued(AUTHORITY.certificate_pem, b"key"),
        Issued(AUTHORITY.certificate_pem, create_authority("x", NOW).key_pem),
    ],
)
def test_a_certificate_that_cannot_be_shown_says_so_before_it_is(issued: Issued) -> None:
    check_issued(AUTHORITY.issue_server(NAMES, NOW))
    with pytest.raises(CertificateError):
        check_issued(issued)
