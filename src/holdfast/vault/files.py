"""The authority and the server certificate at rest: two sealed files that need no database.

The supervisor calls `server_certificate` at the start and once a day; the other roles call `load_server` when
they start and when they hear that it changed.
"""

import json
import os
import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import HoldfastError
from holdfast.keys.port import KeyRing
from holdfast.vault.authority import Authority, Issued, create_authority, load_authority, needs_renewal
from holdfast.vault.errors import AuthorityUnavailableError

AUTHORITY = "authority.sealed"
SERVER = "server.sealed"


def open_authority(folder: Path, keys: KeyRing, clock: Clock, name: str = "Holdfast root") -> Authority:
    """The instance's authority in `folder`; the first call makes it.

    Raises AuthorityUnavailableError when it is there and cannot be read: a new root would cut off every
    device that trusts the old one, so that is for a person to decide.
    """
    path = folder / AUTHORITY
    if path.exists():
        return load_authority(*_load(path, keys))
    authority = create_authority(name, clock.now())
    _store(path, keys, Issued(authority.certificate_pem, authority.key_pem))
    return authority


def server_certificate(folder: Path, keys: KeyRing, clock: Clock, names: Sequence[str]) -> Issued:
    """The certificate of the listeners for `names`; issued anew when there is none or it is due."""
    authority = open_authority(folder, keys, clock)
    if (folder / SERVER).exists():
        present = load_server(folder, keys)
        if not needs_renewal(present.chain_pem, names, authority, clock.now()):
            return present
    issued = authority.issue_server(names, clock.now())
    _store(folder / SERVER, keys, issued)
    return issued


def load_server(folder: Path, keys: KeyRing) -> Issued:
    """The server certificate that `server_certificate` left in `folder`."""
    return _load(folder / SERVER, keys)


def load_into(context: ssl.SSLContext, issued: Issued, randomness: Randomness) -> None:
    """Give a standard-library TLS context the certificate; new handshakes use it from then on.

    `ssl` reads keys from files only, so the key passes through one that is encrypted with a passphrase of
    this moment and gone before the call returns.
    """
    passphrase = randomness.bytes(32).hex().encode()
    key = load_pem_private_key(issued.key_pem, password=None)
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    with tempfile.NamedTemporaryFile(prefix="holdfast-", suffix=".pem") as file:
        file.write(issued.chain_pem + encrypted)
        file.flush()
        context.load_cert_chain(file.name, password=passphrase)


def _store(path: Path, keys: KeyRing, issued: Issued) -> None:
    plain = json.dumps({"chain": issued.chain_pem.decode(), "key": issued.key_pem.decode()}).encode()
    _write(path, keys.seal(plain, path.name))


def _load(path: Path, keys: KeyRing) -> Issued:
    try:
        kept = json.loads(keys.open(path.read_bytes(), path.name))
        return Issued(kept["chain"].encode(), kept["key"].encode())
    except (OSError, ValueError, KeyError, HoldfastError) as error:
        raise AuthorityUnavailableError(
            f"{path} cannot be read: it is damaged, or was sealed under other keys. "
            "Restore it from a backup together with the instance's keys."
        ) from error


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a temporary file, fsynced, renamed, and the folder fsynced."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
