"""Policies at the moment of a change: `modify` and `append` change the request, `deny` refuses it."""

import threading
from collections.abc import Iterator
from typing import Final

from holdfast.access.people.organizations import KIND as ORGANIZATION
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import PolicyDeniedError
from holdfast.kernel.json import JsonObject
from holdfast.policy.engine import words
from holdfast.policy.engine.active import API_VERSION, ENFORCED, Active, ActivePolicy, Loader, context_of
from holdfast.policy.engine.combining import Wish, combined
from holdfast.policy.engine.violation import violation
from holdfast.policy.kinds.names import IN_FORCE
from holdfast.policy.language.assignments.resolve import exempting, judges
from holdfast.policy.language.changes import apply_operations
from holdfast.policy.language.documents import check_depth
from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.evaluation.policy import Circumstances, Document, Outcome
from holdfast.policy.language.evaluation.reasons import Reason
from holdfast.policy.language.rules.model import Effect
from holdfast.policy.types.catalog import own_catalog
from holdfast.policy.types.documents import PolicyDocument, body_after, document_of, parts_of
from holdfast.resources.model import Action, Draft, Kind, Reader


class Gate:
    """See `resources.port.PolicyGate`. Thread-safe."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self.epoch = 0
        self._loader = Loader(reader)
        self._clock = clock
        self._lock = threading.Lock()
        self._loaded = -1
        self._active = Active()

    def changed(self, kind: str, _id: str) -> None:
        """Take note that a resource changed; an observer of the change path."""
        if kind in IN_FORCE or kind == ORGANIZATION:  # scopes follow an organization that moves
            self.epoch += 1

    def evaluate(self, kind: Kind, draft: Draft) -> tuple[JsonObject, tuple[str, ...]]:
        """See `PolicyGate.evaluate`."""
        active = self._current()
        if draft.change.action is Action.DELETE:
            self._check_deletion(active, kind, draft)
            return draft.body, ()
        check_depth(draft.body)
        document = _document(kind, draft, draft.body)
        changed, effects = self._modified(active, document, draft)
        body = draft.body
        if effects:
            body = body_after(kind, body, changed.content)
            document = _document(kind, draft, body)
        for each in (document, *parts_of(document)):
            self._refuse_denied(active, each, draft)
        return body, effects

    def _current(self) -> Active:
        """What is in force, read again when something changed."""
        if self._loaded != self.epoch:
            with self._lock:
                epoch = self.epoch
                if self._loaded != epoch:
                    self._active = self._loader.load()
                    self._loaded = epoch
        return self._active

    def _judged(
        self, active: Active, document: PolicyDocument, draft: Draft, effects: frozenset[Effect]
    ) -> Iterator[Wish]:
        """The enforced policies whose effect, one of `effects`, is to be carried out.

        Raises PolicyDeniedError when one of them cannot be evaluated.
        """
        policies = active.enforced(document.type)
        if not policies:
            return
        subject = self._loader.language.document(document.content, API_VERSION)
        for policy in policies:
            if policy.effect is not None and policy.effect not in effects and not policy.assignment.overrides:
                continue
            if not judges(policy.assignment, document.id, document.content):
                continue
            outcome = self._outcome(policy, subject, document, draft)
            if outcome.effect is not None and outcome.effect not in effects:
                continue
            if self._is_exempt(active, policy, document, draft):
                continue
            _refuse_error(policy, outcome, document)
            if outcome.triggered and outcome.effect in effects:
                yield Wish(policy, outcome)

    def _outcome(
        self,
        policy: ActivePolicy,
        subject: Document,
        document: PolicyDocument,
        draft: Draft,
        *,
        explain: bool = False,
    ) -> Outcome:
        about = Circumstances(
            policy.binding.parameters,
            context_of(policy, document.organization, draft.now),
            effect=policy.binding.effect_for(document.content),
            explain=explain,
            monotonic=self._clock.monotonic,
        )
        return policy.policy.evaluate(subject, about)

    def _is_exempt(
        self, active: Active, policy: ActivePolicy, document: PolicyDocument, draft: Draft
    ) -> bool:
        exemptions = active.exemptions
        return bool(exemptions) and (
            exempting(exemptions, policy.binding, document.id, document.content, draft.now) is not None
        )

    def _modified(
        self, active: Active, document: PolicyDocument, draft: Draft
    ) -> tuple[PolicyDocument, tuple[str, ...]]:
        """The document after every modify and append, and what they did."""
        wishes, conflict = combined(list(self._judged(active, document, draft, _CHANGING)))
        if conflict is not None:
            other = words.decided_by(conflict.other)
            why = f"{other} insists on another value of {conflict.field}"
            raise _denied(conflict.policy, document, why)
        effects: list[str] = []
        for wish in wishes:
            document, done = _carried_out(wish, document)
            effects += done
        return document, tuple(effects)

    def _refuse_denied(self, active: Active, document: PolicyDocument, draft: Draft) -> None:
        for policy, _ in self._judged(active, document, draft, _DENYING):
            reason = self._reason(policy, document, draft)
            why = words.because(reason) or "the resource is as the policy forbids"
            raise _denied(policy, document, why, reason)

    def _check_deletion(self, active: Active, kind: Kind, draft: Draft) -> None:
        if draft.before is None:
            return
        document = _document(kind, draft, draft.before.body)
        for policy, _ in self._judged(active, document, draft, _PROTECTING):
            if "delete" in _denied_actions(policy):
                reason = self._reason(policy, document, draft)
                raise _denied(policy, document, f"{draft.change.id} must not be deleted", reason)

    def _reason(self, policy: ActivePolicy, document: PolicyDocument, draft: Draft) -> Reason | None:
        """The values that are to blame; worked out only now that they matter."""
        subject = self._loader.language.document(document.content, API_VERSION)
        return self._outcome(policy, subject, document, draft, explain=True).reason


_CHANGING: Final = frozenset({Effect.MODIFY, Effect.APPEND})
_DENYING: Final = frozenset({Effect.DENY})
_PROTECTING: Final = frozenset({Effect.DENY_ACTION})


def _document(kind: Kind, draft: Draft, body: JsonObject) -> PolicyDocument:
    created = draft.before.created if draft.before is not None else draft.now
    return document_of(kind, draft.change.id, draft.organization, body, created=created, modified=draft.now)


def _refuse_error(policy: ActivePolicy, outcome: Outcome, document: PolicyDocument) -> None:
    """What an enforced policy cannot decide is refused: a mistake in it must not open a door."""
    why = outcome.error or "; ".join(outcome.faults)
    if why and (outcome.effect is None or outcome.effect in ENFORCED):
        raise _denied(policy, document, f"it cannot be evaluated ({why})")


def _carried_out(wish: Wish, document: PolicyDocument) -> tuple[PolicyDocument, list[str]]:
    policy = wish.policy
    try:
        changed = apply_operations(document.content, wish.operations, own_catalog(), API_VERSION)
    except TemplateError as error:
        raise _denied(policy, document, f"its changes cannot be made ({error})") from None
    if changed.conflicts:
        why = f"the request sets {', '.join(changed.conflicts)} to another value"
        raise _denied(policy, document, why)
    content = changed.resource if isinstance(changed.resource, dict) else document.content
    return document._replace(content=content), [words.change_made(policy, each) for each in changed.changes]


def _denied_actions(policy: ActivePolicy) -> tuple[str, ...]:
    """What `denyAction` refuses: `delete` is all that Azure knows, and what is meant unless it says."""
    details = policy.policy.definition.rule.details
    members = details.members() if details is not None and isinstance(details.value, dict) else {}
    names = members.get("actionnames")
    if names is None or not isinstance(names.value, list):
        return ("delete",)
    return tuple(str(each).lower() for each in names.value)


def _denied(
    policy: ActivePolicy, document: PolicyDocument, why: str, reason: Reason | None = None
) -> PolicyDeniedError:
    effect = policy.binding.effect_for(document.content) or policy.effect
    return PolicyDeniedError(
        words.refusal(policy, why),
        assignment=policy.assignment.id,
        definition=policy.binding.definition_id,
        target=document.id.rpartition("/")[2],
        violation=violation(policy, "" if effect is None else effect.value, reason),
    )
