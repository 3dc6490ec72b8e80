"""The chain of evidence: each item names the one before it, so that none can go missing unnoticed."""

import hashlib
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

from holdfast.baseline.evidence.envelope import (
    STATEMENT_TYPE,
    Envelope,
    EvidenceError,
    sign_body,
    statement,
    verify,
)
from holdfast.kernel.json import JsonObject, canonical, digest
from holdfast.keys.port import SigningKey

BEGINNING: Final = "0" * 64
"""What the first item of an instance names as the one before it."""

_TYPES: Final = "https://holdfast.invalid/evidence"
"""Our predicate types; `.invalid` says that nothing is to be fetched there (RFC 6761 section 6.4)."""

OBSERVATION: Final = f"{_TYPES}/observation/v1"
DECISION: Final = f"{_TYPES}/decision/v1"
"""An attestation or an exemption, given or withdrawn."""
CHANGE: Final = f"{_TYPES}/change/v1"
"""A control whose state became another one."""
BUNDLE: Final = f"{_TYPES}/bundle/v1"
ARCHIVE: Final = f"{_TYPES}/archive/v1"


class Link(NamedTuple):
    """The place of an item in the chain."""

    sequence: int
    """Counts from 1."""
    digest: str
    """SHA-256 of the item's statement, hexadecimal."""


START: Final = Link(0, BEGINNING)


class Item(NamedTuple):
    """One verified item."""

    link: Link
    previous: str
    predicate_type: str
    subject: str
    instance: str
    content: JsonObject
    """The observation or decision."""


class _Predicate(msgspec.Struct, frozen=True):
    instance: str
    sequence: int
    previous: str
    content: dict[str, Any]  # any JSON object; msgspec cannot resolve the recursive JsonValue


class _Subject(msgspec.Struct, frozen=True):
    name: str
    digest: dict[str, str]


class _Statement(msgspec.Struct, frozen=True, rename="camel"):
    type: str = msgspec.field(name="_type")
    subject: tuple[_Subject, ...]
    predicate_type: str
    predicate: _Predicate


def append(
    previous: Link, instance: str, predicate_type: str, subject: str, content: JsonObject, key: SigningKey
) -> tuple[Link, Envelope]:
    """The next item of the chain of `instance` after `previous`, signed."""
    predicate: JsonObject = {
        "instance": instance,
        "sequence": previous.sequence + 1,
        "previous": previous.digest,
        "content": content,
    }
    body = canonical(statement(subject, digest(content), predicate_type, predicate))
    return Link(previous.sequence + 1, _digest_of(body)), sign_body(body, key)


def open_item(envelope: Envelope, public: bytes) -> Item:
    """The item in an envelope. Raises EvidenceError for a wrong signature or a malformed statement."""
    body = verify(envelope, public)
    try:
        content = msgspec.json.decode(body, type=_Statement)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EvidenceError(f"holds no statement of evidence ({error})") from None
    subject = content.subject[0] if len(content.subject) == 1 else None
    if content.type != STATEMENT_TYPE or subject is None:
        raise EvidenceError("is no in-toto statement v1 about one subject")
    if subject.digest.get("sha256") != digest(content.predicate.content):
        raise EvidenceError(f"about {subject.name} has a digest that is not that of its content")
    return Item(
        link=Link(content.predicate.sequence, _digest_of(body)),
        previous=content.predicate.previous,
        predicate_type=content.predicate_type,
        subject=subject.name,
        instance=content.predicate.instance,
        content=content.predicate.content,
    )


def check_chain(items: Iterable[Item], after: Link = START) -> Link:
    """The last link, when the items follow each other and the first one follows `after`.

    Raises EvidenceError that names the first item which was dropped, reordered or belongs elsewhere.
    """
    last, instance = after, ""
    for item in items:
        expected = last.sequence + 1
        if instance and item.instance != instance:
            raise EvidenceError(f"Item {item.link.sequence} belongs to another instance, {item.instance}.")
        if item.link.sequence != expected:
            found = f"{item.link.sequence} follows {last.sequence}"
            raise EvidenceError(f"Item {expected} is missing or out of order: {found}.")
        if item.previous != last.digest:
            raise EvidenceError(
                f"Item {expected} does not name the item before it; one of them was replaced."
            )
        last, instance = item.link, item.instance
    return last


def _digest_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
