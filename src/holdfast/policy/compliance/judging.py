"""What every policy in force says of one resource."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from holdfast.access.reading import everything
from holdfast.kernel.clock import Clock, parse_isoformat
from holdfast.kernel.json import JsonObject
from holdfast.policy.compliance.related import RelatedDocuments
from holdfast.policy.engine.active import Active, ActivePolicy, context_of
from holdfast.policy.kinds.names import ATTESTATION, name_in
from holdfast.policy.language.assignments.resolve import exempting, judges
from holdfast.policy.language.evaluation.policy import Circumstances, Compliance, Document, Language, Outcome
from holdfast.policy.language.evaluation.reasons import Reason
from holdfast.policy.language.limits import JUDGING_SECONDS
from holdfast.policy.language.rules.model import Effect
from holdfast.policy.types.documents import PolicyDocument
from holdfast.resources.model import Reader


class State(StrEnum):
    """What is kept of a policy and a resource; names as published."""

    COMPLIANT = "Compliant"
    NON_COMPLIANT = "NonCompliant"
    ERROR = "Error"
    """It could not be evaluated, or only by leaving out a condition that could not."""
    PROTECTED = "Protected"
    EXEMPT = "Exempt"
    UNKNOWN = "Unknown"
    """Nobody stated yet whether it complies."""

    @property
    def is_against(self) -> bool:
        """Whether it counts against compliance."""
        return self in (State.NON_COMPLIANT, State.ERROR)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One policy about one resource."""

    policy: ActivePolicy
    state: State
    effect: str
    reason: Reason | None = None
    """Only where the state is against compliance."""
    error: str = ""
    exemption: str = ""
    """The id of the exemption that is honoured."""


Attestations = Mapping[tuple[str, str, str], tuple[State, float | None]]
"""What people stated: by assignment's name, reference and resource, each in lower case; with its end."""


class Judge:
    """Judges resources by what was in force when it was made."""

    def __init__(
        self,
        active: Active,
        language: Language,
        related: RelatedDocuments,
        attestations: Attestations,
        clock: Clock,
    ) -> None:
        self._active = active
        self._language = language
        self._related = related
        self._attestations = attestations
        self._clock = clock

    def judge(self, document: PolicyDocument) -> Iterator[Judgement]:
        """What is said of a resource; policies that are not applicable say nothing."""
        policies = self._active.concerning(document.type)
        if not policies:
            return
        subject = self._language.document(document.content)
        for policy in policies:
            if not judges(policy.assignment, document.id, document.content):
                continue
            outcome = self._outcome(policy, subject, document)
            if outcome.compliance is not Compliance.NOT_APPLICABLE:
                yield self._judgement(policy, outcome, subject, document)

    def outcome(self, policy: ActivePolicy, document: PolicyDocument) -> Outcome:
        """What a policy would do with a resource; not applicable where it is exempt or out of scope."""
        now = self._clock.now()
        exempt = exempting(self._active.exemptions, policy.binding, document.id, document.content, now)
        if exempt is not None or not judges(policy.assignment, document.id, document.content):
            return Outcome(Compliance.NOT_APPLICABLE)
        return self._outcome(policy, self._language.document(document.content), document)

    def _judgement(
        self, policy: ActivePolicy, outcome: Outcome, subject: Document, document: PolicyDocument
    ) -> Judgement:
        now = self._clock.now()
        exemption = exempting(self._active.exemptions, policy.binding, document.id, document.content, now)
        if exemption is not None:
            return Judgement(policy, State.EXEMPT, outcome.effect_name, exemption=exemption.id)
        state = State(outcome.compliance)
        if outcome.effect is Effect.MANUAL:
            state = self._attested(policy, document, now) or state
        error = outcome.error
        if state is State.COMPLIANT and outcome.faults:
            state, error = State.ERROR, "; ".join(outcome.faults)
        if not state.is_against:
            return Judgement(policy, state, outcome.effect_name)
        explained = self._outcome(policy, subject, document, explain=True)
        return Judgement(policy, state, outcome.effect_name, explained.reason, error)

    def _outcome(
        self, policy: ActivePolicy, subject: Document, document: PolicyDocument, *, explain: bool = False
    ) -> Outcome:
        about = Circumstances(
            policy.binding.parameters,
            context_of(policy, document.organization, self._clock.now()),
            related=self._related.of(document),
            effect=policy.binding.effect_for(document.content),
            explain=explain,
            monotonic=self._clock.monotonic,
            seconds=JUDGING_SECONDS,
        )
        return policy.policy.evaluate(subject, about)

    def _attested(self, policy: ActivePolicy, document: PolicyDocument, now: float) -> State | None:
        assignment, reference = policy.key
        found = self._attestations.get((assignment, reference.lower(), document.id.lower()))
        if found is None or (found[1] is not None and found[1] <= now):
            return None
        return found[0]


_ATTESTABLE: Final = {state.value: state for state in (State.COMPLIANT, State.NON_COMPLIANT, State.UNKNOWN)}


def attestations(reader: Reader) -> Attestations:
    """Everything that people stated."""
    return dict(_attestation(stored.body) for stored in everything(reader, ATTESTATION))


def _attestation(body: JsonObject) -> tuple[tuple[str, str, str], tuple[State, float | None]]:
    key = (
        name_in(str(body["policyAssignmentId"])),
        str(body.get("policyDefinitionReferenceId") or "").lower(),
        str(body["resourceId"]).lower(),
    )
    expires = body.get("expiresOn")
    end = None if expires is None else parse_isoformat(str(expires))
    return key, (_ATTESTABLE[str(body["complianceState"])], end)
