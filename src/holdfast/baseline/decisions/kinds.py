"""Attestations and exemptions as resources: checked, audited, and never without an end."""

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.baseline.data.catalog import LATER, benchmark, features
from holdfast.kernel.clock import isoformat, parse_isoformat
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader

ATTESTATION: Final = "baselineAttestation"
EXEMPTION: Final = "baselineExemption"

LONGEST_SECONDS: Final = 3 * 366 * 86_400.0
"""Nobody can say today how something stands in four years."""
_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}")

_Text = Annotated[str, Meta(min_length=1, max_length=4_000)]


class EvidenceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A file that was handed over with an attestation."""

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    digest: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256, under which the file is kept."""
    size: Annotated[int, Meta(ge=1)]


def plain_name(name: str) -> str:
    """A name without folders and control characters, so that an archive with it unpacks in its place.

    Of a longer one the end, where the suffix is.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(letter for letter in last if letter.isprintable())[-255:]
    return plain if plain.strip(". ") else "evidence"


class AttestationBody(Body, frozen=True):
    """A person says how a control stands that no probe can see."""

    control: str
    owner: _Text
    """Who answers for it."""
    statement: _Text
    expires: str
    """ISO 8601; afterwards the control is due again."""
    satisfied: bool = True
    evidence: Annotated[str, Meta(max_length=2_000)] = ""
    """A link; with a file it may be empty."""
    evidence_file: EvidenceFile | None = None
    reminder_days: Annotated[int, Meta(ge=0, le=365)] = 14
    """Days before the end at which its owner is reminded."""
    given: str = ""
    """When it was given; set by the change."""
    given_by: str = ""


class ExemptionBody(Body, frozen=True):
    """A control or feature that does not count for a time, because somebody answers for it."""

    category: Literal["mitigated", "accepted"]
    owner: _Text
    reason: _Text
    expires: str
    control: str = ""
    feature: str = ""
    """Its key; one of both is named."""
    given: str = ""
    given_by: str = ""


def _validate_attestation(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    _check_id(draft)
    asked = read_body(draft.body, AttestationBody)
    if not asked.evidence and asked.evidence_file is None:
        raise InvalidError("An attestation needs evidence: a link, or a file.", "/evidence")
    if asked.evidence_file and asked.evidence_file.name != plain_name(asked.evidence_file.name):
        raise InvalidError(
            "The name of the file has no folders and no control characters.", "/evidenceFile/name"
        )
    if asked.evidence and urlsplit(asked.evidence).scheme not in ("https", "http"):
        raise InvalidError("The evidence is a link that begins with https://, or a file.", "/evidence")
    made = msgspec.structs.replace(
        asked,
        control=_control(asked.control),
        expires=_end(asked.expires, draft.now),
        given=isoformat(draft.now),
        given_by=draft.principal.id,
    )
    return to_body(made)


def _validate_exemption(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    _check_id(draft)
    asked = read_body(draft.body, ExemptionBody)
    if bool(asked.control) == bool(asked.feature):
        raise InvalidError("An exemption names a control or a feature, one of both.", "/control")
    if asked.feature and asked.feature not in {feature.key for feature in features()}:
        raise InvalidError(f"There is no feature “{asked.feature}”; give its key.", "/feature")
    made = msgspec.structs.replace(
        asked,
        control=_control(asked.control) if asked.control else "",
        expires=_end(asked.expires, draft.now),
        given=isoformat(draft.now),
        given_by=draft.principal.id,
    )
    return to_body(made)


def _check_id(draft: Draft) -> None:
    if _ID.fullmatch(draft.change.id) is None:
        raise InvalidError("The id has 1 to 64 letters, digits, - and _.", "/id")


def _control(text: str) -> str:
    control = text.upper()
    if control not in benchmark(LATER).control_by_id:
        raise InvalidError(f"{benchmark(LATER).published} has no control “{text}”.", "/control")
    return control


def _end(text: str, now: float) -> str:
    try:
        end = parse_isoformat(text)
    except ValueError:
        raise InvalidError("expires is a moment such as 2027-03-03T12:00:00Z.", "/expires") from None
    if not now < end <= now + LONGEST_SECONDS:
        raise InvalidError("The end lies in the future, and at most three years away.", "/expires")
    return isoformat(end)


ATTESTATION_KIND = Kind(
    name=ATTESTATION,
    read=Permission.ASSESSMENT_READ,
    create=Permission.ATTESTATION_MANAGE,
    update=Permission.ATTESTATION_MANAGE,
    delete=Permission.ATTESTATION_MANAGE,
    validate=_validate_attestation,
    indexed={"control": IndexType.TEXT, "expires": IndexType.TEXT},
    policy_type="Holdfast.Baseline/attestations",
)
EXEMPTION_KIND = Kind(
    name=EXEMPTION,
    read=Permission.ASSESSMENT_READ,
    create=Permission.EXEMPTION_MANAGE,
    update=Permission.EXEMPTION_MANAGE,
    delete=Permission.EXEMPTION_MANAGE,
    validate=_validate_exemption,
    indexed={"control": IndexType.TEXT, "feature": IndexType.TEXT, "expires": IndexType.TEXT},
    policy_type="Holdfast.Baseline/exemptions",
)
DECISION_KINDS = (ATTESTATION_KIND, EXEMPTION_KIND)
