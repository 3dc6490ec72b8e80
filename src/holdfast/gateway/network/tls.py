"""TLS for devices, through pyOpenSSL.

The standard library cannot ask for a client certificate without verifying its chain, and a device that is
known by its certificate's thumbprint presents a self-signed one. So TLS accepts whatever a device presents,
and the session judges it at every CONNECT (see `gateway.authentication`). For the same reason no TLS session
is resumed: a resumed one would bring a certificate that nobody looked at again.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto
from OpenSSL._util import ffi, lib

from holdfast.kernel.errors import StartupError

CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""TLS 1.2 suites with forward secrecy and authenticated encryption only (RFC 9325 section 4.2); TLS 1.3 has
no others."""

_SSL_MODE_RELEASE_BUFFERS = 0x10
"""Gives the record buffers back while a connection is idle; halves its memory. pyOpenSSL has no name for
it."""

_OPTIONS = (
    SSL.OP_NO_TICKET
    | SSL.OP_NO_COMPRESSION
    | SSL.OP_NO_RENEGOTIATION
    | SSL.OP_CIPHER_SERVER_PREFERENCE
    | SSL.OP_SINGLE_ECDH_USE
)


class ServerCertificate(NamedTuple):
    """What the gateway shows to devices."""

    chain_pem: bytes
    """The leaf first."""
    key_pem: bytes


def server_context(certificates: Sequence[ServerCertificate]) -> SSL.Context:
    """A context that shows the certificate for the host name that a device asks for (SNI), else the first
    one.

    StartupError when a certificate or key cannot be used.
    """
    contexts = [_context(certificate) for certificate in certificates]
    by_name: dict[str, SSL.Context] = {}
    for context, certificate in zip(contexts, certificates, strict=True):
        for name in _host_names(certificate):
            by_name.setdefault(name, context)

    def choose(connection: SSL.Connection) -> None:
        name = (connection.get_servername() or b"").decode("ascii", "replace").lower()
        chosen = by_name.get(name) or by_name.get("*." + name.partition(".")[2])
        if chosen is not None and chosen is not contexts[0]:
            connection.set_context(chosen)

    if len(contexts) > 1:
        contexts[0].set_tlsext_servername_callback(choose)
    return contexts[0]


def _host_names(certificate: ServerCertificate) -> list[str]:
    leaf = x509.load_pem_x509_certificate(certificate.chain_pem)
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [name.lower() for name in names.get_values_for_type(x509.DNSName)]


def _context(certificate: ServerCertificate) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(CIPHERS)
    context.set_options(_OPTIONS)
    context.set_mode(_SSL_MODE_RELEASE_BUFFERS)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_session_id(b"holdfast")  # or a client that offers an old session is cut off, not ignored
    context.set_verify(SSL.VERIFY_PEER, _accept_any)
    try:
        leaf, *others = x509.load_pem_x509_certificates(certificate.chain_pem)
        key = load_pem_private_key(certificate.key_pem, password=None)
        context.use_certificate(leaf)
        context.use_privatekey(key)  # type: ignore[arg-type]  # OpenSSL refuses kinds of keys that it cannot use
        for other in others:
            context.add_extra_chain_cert(other)
        context.check_privatekey()
    except (SSL.Error, ValueError, TypeError) as error:
        raise StartupError(
            "The gateway's TLS certificate cannot be used: the chain must be PEM with the leaf first, "
            "and the key must be the leaf's."
        ) from error
    return context


def _accept_any(
    _connection: SSL.Connection, _certificate: crypto.X509, _error: int, _depth: int, _ok: int
) -> bool:
    return True


RECORD_BYTES: Final = 16 * 1024
"""A TLS record's payload (RFC 8446 section 5.1)."""

# What pyOpenSSL itself calls, without what it does around it: `Connection.recv` makes a buffer of a record's
# size for each read, and both ask for an error after every call. That is two fifths of what a read or a write
# costs, and a device with one message in flight pays for one of each a message. The names have no
# underscore-free spelling; the versions are locked, and every test over TLS goes through here.
_read: Final = lib.SSL_read
_write: Final = lib.SSL_write
_record: Final = ffi.new("char[]", RECORD_BYTES)
"""Shared by all connections: only the event loop's thread reads, and takes a copy at once."""
_record_bytes: Final = ffi.buffer(_record)


def read_record(ssl: object) -> bytes:
    """At most one record's payload, empty when `failure` says why; called in the event loop's thread. `ssl`
    is the `_ssl` of a connection, which is not looked at: a message saves its way through the cache."""
    count = _read(ssl, _record, RECORD_BYTES)
    record: bytes = _record_bytes[:count] if count > 0 else b""
    return record


def write_record(ssl: object, data: bytes) -> int:
    """Send at most a record's payload; how much was taken, 0 when `failure` says why."""
    count: int = _write(ssl, data, len(data))
    return max(count, 0)


def failure(connection: SSL.Connection) -> SSL.Error:
    """Why the last read or write of the connection failed, as pyOpenSSL would have raised it."""
    try:
        connection._raise_ssl_error(connection._ssl, -1)
    except SSL.Error as error:
        return error
    return SSL.Error()


def peer_chain(connection: SSL.Connection) -> tuple[bytes, ...]:
    """The DER bytes of what the device presented, leaf first; empty when it presented nothing.

    Not parsed here: they are a stranger's bytes. On the server's side OpenSSL keeps the leaf beside the
    chain.
    """
    leaf = connection.get_peer_certificate()
    if leaf is None:
        return ()
    others = connection.get_peer_cert_chain() or ()
    ders = (crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) for certificate in (leaf, *others))
    return tuple(dict.fromkeys(ders))
