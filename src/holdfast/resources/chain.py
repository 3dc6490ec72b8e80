"""The chain over the audit log: why an edited, dropped, reordered or cut-off record is found.

Every record has a digest. A head is what the digests up to a record come to when each is hashed together
with the one before; it is signed, and kept in the database and in a file outside of it. Whoever changes a
record must change its digest, hence every later head, and cannot sign those; whoever cuts off the end must
cut it off in both places.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from holdfast.kernel.json import JsonObject, canonical
from holdfast.keys.port import SigningKey

GENESIS = "0" * 64
"""What the first record is chained to."""


class Head(NamedTuple):
    """A signed head of the chain."""

    first: int
    """The first record that this head added."""
    last: int
    head: str
    """What the chain comes to after the record `last`, hexadecimal."""
    time: float
    key: str
    """The id of the signing key."""
    signature: str = ""
    """Ed25519 over `statement`, hexadecimal."""


def chained(previous: str, digests: Iterable[str]) -> str:
    """What the chain comes to after records with these digests (hexadecimal SHA-256)."""
    value = bytes.fromhex(previous)
    for digest in digests:
        value = hashlib.sha256(value + bytes.fromhex(digest)).digest()
    return value.hex()


def statement(head: Head, instance: str) -> bytes:
    """The bytes that are signed: the head, and the instance that it belongs to."""
    fields: JsonObject = dict(head._replace(signature="")._asdict())
    return canonical({**fields, "instance": instance, "type": "holdfast audit head"})


def sign(head: Head, instance: str, key: SigningKey) -> Head:
    """The head with its signature."""
    private = Ed25519PrivateKey.from_private_bytes(key.private)
    return head._replace(signature=private.sign(statement(head, instance)).hex())


def is_signed(head: Head, instance: str, public_key: bytes) -> bool:
    """Whether the signature is that of the key's owner over exactly this head."""
    try:
        signature = bytes.fromhex(head.signature)
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, statement(head, instance))
    except (InvalidSignature, ValueError):
        return False
    return True
