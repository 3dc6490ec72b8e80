"""Signed statements: in-toto Statement v1 in a DSSE envelope (secure-systems-lab/dsse, protocol.md)."""

import base64
import binascii
import functools
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, canonical
from holdfast.keys.port import SigningKey

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
MAXIMUM_ENVELOPE_BYTES: Final = 1 << 20


class EvidenceError(InvalidError):
    """Evidence is not what it should be; the message says which item and what is wrong."""


class Signature(msgspec.Struct, frozen=True):
    """One signature over the payload."""

    keyid: str
    sig: str
    """Base64."""


class Envelope(msgspec.Struct, frozen=True, rename="camel"):
    """A payload with its signatures, in the JSON form of the specification."""

    payload: str
    """Base64 of the statement."""
    payload_type: str
    signatures: tuple[Signature, ...]

    @property
    def body(self) -> bytes:
        """The statement's bytes. Raises EvidenceError when they are not Base64."""
        return _decoded(self.payload)


def statement(subject: str, digest: str, predicate_type: str, predicate: JsonObject) -> JsonObject:
    """An in-toto statement about one subject with a SHA-256 digest (hexadecimal)."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": subject, "digest": {"sha256": digest}}],
        "predicateType": predicate_type,
        "predicate": predicate,
    }


def sign(content: JsonObject, key: SigningKey) -> Envelope:
    """The statement `content` in a signed envelope."""
    return sign_body(canonical(content), key)


def sign_body(body: bytes, key: SigningKey) -> Envelope:
    """The bytes of a statement in a signed envelope."""
    signature = _private_key(key.private).sign(_signed_bytes(PAYLOAD_TYPE, body))
    return Envelope(_encoded(body), PAYLOAD_TYPE, (Signature(key.key_id, _encoded(signature)),))


def verify(envelope: Envelope, public: bytes) -> bytes:
    """The statement's bytes, when the raw Ed25519 key `public` signed them.

    Raises EvidenceError otherwise. Key ids are hints (DSSE protocol.md), so every signature is tried.
    """
    body = envelope.body
    signed = _signed_bytes(envelope.payload_type, body)
    key = _public_key(public)
    for signature in envelope.signatures:
        try:
            key.verify(_decoded(signature.sig), signed)
        except InvalidSignature:
            continue
        return body
    raise EvidenceError("is not signed by the given key, or was edited after it was signed")


def encode(envelope: Envelope) -> bytes:
    """The envelope as one line of JSON."""
    return msgspec.json.encode(envelope)


def decode(data: bytes) -> Envelope:
    """The envelope in one line of JSON. Raises EvidenceError when it is none."""
    if len(data) > MAXIMUM_ENVELOPE_BYTES:
        raise EvidenceError("is larger than 1 MiB, which no evidence is")
    try:
        return msgspec.json.decode(data, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EvidenceError(f"is no envelope ({error})") from None


_private_key = functools.lru_cache(maxsize=2)(Ed25519PrivateKey.from_private_bytes)
_public_key = functools.lru_cache(maxsize=2)(Ed25519PublicKey.from_public_bytes)
"""Unpacking a key takes as long as using it, and an instance signs with one."""


def _signed_bytes(payload_type: str, body: bytes) -> bytes:
    """The pre-authentication encoding: what is really signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


def _encoded(data: bytes) -> str:
    return base64.standard_b64encode(data).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise EvidenceError("holds something that is not Base64") from None
