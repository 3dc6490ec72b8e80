"""Decisions from where they are kept: the resources as they are now, the evidence as they once were."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from holdfast.access.bodies import read_body
from holdfast.access.reading import everything
from holdfast.baseline.decisions.kinds import ATTESTATION, EXEMPTION, AttestationBody, ExemptionBody
from holdfast.baseline.decisions.model import Attestation, Category, Decisions, Exemption
from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.json import JsonObject
from holdfast.resources.model import Reader

_DAY: Final = 86_400.0


class Decision(NamedTuple):
    """A decision as it is written into the evidence."""

    kind: str
    id: str
    body: JsonObject | None
    """None when it was taken back."""

    @property
    def subject(self) -> str:
        """What the evidence calls it."""
        return f"{self.kind}/{self.id}"

    def content(self) -> JsonObject:
        """For the evidence."""
        return {"kind": self.kind, "id": self.id, "body": self.body}

    @classmethod
    def from_content(cls, content: JsonObject) -> "Decision":
        """From the evidence."""
        body = content["body"]
        return cls(str(content["kind"]), str(content["id"]), body if isinstance(body, dict) else None)


def stored_decisions(reader: Reader) -> tuple[Decision, ...]:
    """Every attestation and exemption as it is now."""
    return tuple(
        Decision(kind, resource.id, resource.body)
        for kind in (ATTESTATION, EXEMPTION)
        for resource in everything(reader, kind)
    )


def decisions_of(found: Iterable[Decision]) -> Decisions:
    """What assessments work with."""
    known = [each for each in found if each.body is not None]
    return Decisions(
        attestations=tuple(_attestation(each) for each in known if each.kind == ATTESTATION),
        exemptions=tuple(_exemption(each) for each in known if each.kind == EXEMPTION),
    )


def news(stored: Iterable[Decision], recorded: Iterable[Decision]) -> Iterator[Decision]:
    """What the evidence has to be told, so that it says what is stored: new, changed, taken back."""
    known = {each.subject: each for each in recorded}
    for each in stored:
        if known.pop(each.subject, None) != each:
            yield each
    for gone in known.values():
        if gone.body is not None:
            yield gone._replace(body=None)


def _attestation(decision: Decision) -> Attestation:
    body = read_body(decision.body or {}, AttestationBody)
    file = body.evidence_file
    return Attestation(
        id=decision.id,
        control=body.control,
        satisfied=body.satisfied,
        owner=body.owner,
        statement=body.statement,
        evidence=body.evidence,
        file=file.name if file else "",
        file_digest=file.digest if file else "",
        given=parse_isoformat(body.given),
        expires=parse_isoformat(body.expires),
        reminder=body.reminder_days * _DAY,
    )


def _exemption(decision: Decision) -> Exemption:
    body = read_body(decision.body or {}, ExemptionBody)
    return Exemption(
        id=decision.id,
        control=body.control or None,
        feature=body.feature or None,
        category=Category(body.category),
        owner=body.owner,
        reason=body.reason,
        given=parse_isoformat(body.given),
        expires=parse_isoformat(body.expires),
    )
