"""A bundle of evidence: a part of the chain that can be verified offline with nothing but the public key.

A bundle is text: one envelope a line, and a last line that says, signed, how many items there are and how the
chain stands before and after them. So nothing can be edited, dropped, reordered or cut off.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from holdfast.baseline.evidence.chain import BUNDLE, Item, Link, check_chain, open_item
from holdfast.baseline.evidence.envelope import (
    Envelope,
    EvidenceError,
    decode,
    encode,
    sign,
    statement,
    verify,
)
from holdfast.kernel.json import JsonObject, digest
from holdfast.keys.port import SigningKey

MAXIMUM_ITEMS = 5_000_000


class _Seal(msgspec.Struct, frozen=True):
    """What the last line says."""

    instance: str
    before: Link
    after: Link
    count: int
    until: float


class _SealPredicate(msgspec.Struct, frozen=True):
    content: _Seal


class _SealStatement(msgspec.Struct, frozen=True, rename="camel"):
    predicate_type: str
    predicate: _SealPredicate


class Verified(NamedTuple):
    """A bundle in which nothing is wrong."""

    instance: str
    items: tuple[Item, ...]
    until: float
    """Until when the bundle tells everything, Unix seconds."""


def write_bundle(
    envelopes: Sequence[Envelope], before: Link, instance: str, until: float, key: SigningKey
) -> Iterator[bytes]:
    """The lines of a bundle of `envelopes`, which follow `before` in the chain and are all until then.

    The same envelopes and moment give the same bytes.
    """
    last = before
    for envelope in envelopes:
        last = open_item(envelope, key.public).link
        yield encode(envelope) + b"\n"
    seal: JsonObject = msgspec.to_builtins(_Seal(instance, before, last, len(envelopes), until))
    content = statement("bundle", digest(seal), BUNDLE, {"content": seal})
    yield encode(sign(content, key)) + b"\n"


def verify_bundle(lines: Iterable[bytes], public: bytes) -> Verified:
    """Check every signature, the chain and the seal of a bundle.

    Raises EvidenceError that names the first line or item in which something is wrong.
    """
    envelopes = list(_envelopes(lines))
    if not envelopes:
        raise EvidenceError("The bundle is empty.")
    *rest, (number, last) = envelopes
    seal = _seal(number, last, public)
    items = tuple(_item(number, envelope, public) for number, envelope in rest)
    if len(items) != seal.count:
        raise EvidenceError(f"The bundle was sealed with {seal.count} items and has {len(items)}.")
    if any(item.instance != seal.instance for item in items):
        raise EvidenceError("The bundle was sealed by another instance than that of its items.")
    if check_chain(items, seal.before) != seal.after:
        raise EvidenceError("The last item is not the one that the bundle was sealed with.")
    return Verified(seal.instance, items, seal.until)


def _envelopes(lines: Iterable[bytes]) -> Iterator[tuple[int, Envelope]]:
    for number, line in enumerate(lines, 1):
        if number > MAXIMUM_ITEMS:
            raise EvidenceError(f"The bundle has more than {MAXIMUM_ITEMS} lines.")
        if line.strip():
            try:
                yield number, decode(line)
            except EvidenceError as error:
                raise EvidenceError(f"Line {number} {error}.") from None


def _item(number: int, envelope: Envelope, public: bytes) -> Item:
    try:
        return open_item(envelope, public)
    except EvidenceError as error:
        raise EvidenceError(f"Line {number} {error}.") from None


def _seal(number: int, envelope: Envelope, public: bytes) -> _Seal:
    try:
        content = msgspec.json.decode(verify(envelope, public), type=_SealStatement)
    except EvidenceError as error:
        raise EvidenceError(f"Line {number}, which should seal the bundle, {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise EvidenceError(f"Line {number} does not seal the bundle; the end is cut off.") from None
    if content.predicate_type != BUNDLE:
        raise EvidenceError(f"Line {number} does not seal the bundle; the end is cut off.")
    return content.predicate.content


def public_key_pem(public: bytes) -> bytes:
    """A raw Ed25519 public key in the form in which it is handed over."""
    key = Ed25519PublicKey.from_public_bytes(public)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_public_key(pem: bytes) -> bytes:
    """The raw key again. Raises EvidenceError when the PEM holds no Ed25519 public key."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise EvidenceError(f"The public key cannot be read: {error}.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise EvidenceError("The public key is not an Ed25519 key, which evidence is signed with.")
    return key.public_bytes_raw()
