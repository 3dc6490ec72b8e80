"""Service shared access signatures of Azure Storage: an address that admits to one blob for a while.

The string to sign is that of versions since 2020-12-06, made with an account's key.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from holdfast.kernel.clock import parse_isoformat
from holdfast.protocol.errors import ProtocolError

VERSION = "2022-11-02"
"""Of the signature; what it admits to does not depend on the version that a client then speaks."""
WRITE = "cw"
"""Permissions: create and write."""
READ = "r"

_FIELDS = ("sp", "st", "se", "si", "sip", "spr", "sv", "sr", "rscc", "rscd", "rsce", "rscl", "rsct")


class SignatureError(ProtocolError):
    """The address does not admit to the blob; the message is for our log."""


class Blob(NamedTuple):
    """What a signature is for."""

    account: str
    container: str
    name: str
    """With slashes, not encoded."""


def sign_blob(
    blob: Blob, key: bytes, expires: str, permissions: str = WRITE, version: str = VERSION
) -> dict[str, str]:
    """The query that admits to `blob` over HTTPS until `expires` (`2026-11-22T08:00:00Z`)."""
    query = {"sv": version, "sr": "b", "se": expires, "sp": permissions, "spr": "https"}
    return {**query, "sig": base64.b64encode(_sign(query, blob, key)).decode()}


def encode_query(query: Mapping[str, str]) -> str:
    """The query as it stands in an address, with its question mark."""
    return "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())


def verify_blob(query: Mapping[str, str], blob: Blob, key: bytes, permission: str, now: float) -> None:
    """SignatureError unless `query` is signed with `key` for `blob`, grants `permission` and is in time."""
    try:
        signature = base64.b64decode(query.get("sig", ""), validate=True)
    except (binascii.Error, ValueError):
        raise SignatureError("the signature is not base64") from None
    if not hmac.compare_digest(signature, _sign(query, blob, key)):
        raise SignatureError("the signature is for another blob, or made with another key")
    if query.get("sr") != "b" or permission not in query.get("sp", ""):
        raise SignatureError("the signature does not grant this")
    try:
        expires = parse_isoformat(query.get("se", ""))
    except ValueError:
        raise SignatureError("the signature has no expiry") from None
    if now > expires:
        raise SignatureError("the signature has expired")


def _sign(query: Mapping[str, str], blob: Blob, key: bytes) -> bytes:
    value = {name: query.get(name, "") for name in _FIELDS}
    lines = (
        value["sp"],
        value["st"],
        value["se"],
        f"/blob/{blob.account}/{blob.container}/{blob.name}",
        value["si"],
        value["sip"],
        value["spr"],
        value["sv"],
        value["sr"],
        "",  # a snapshot's time
        "",  # an encryption scope
        value["rscc"],
        value["rscd"],
        value["rsce"],
        value["rscl"],
        value["rsct"],
    )
    return hmac.digest(key, "\n".join(lines).encode("utf-8", "surrogatepass"), hashlib.sha256)
