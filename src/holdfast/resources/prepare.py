"""What happens to a change before the transaction: draft, authorization, policy, validation.

All of it is a pure function of the change and the rows it reads, so it may run again inside the transaction
when the resource or the policies changed in between.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from holdfast.kernel.errors import ConflictError, InvalidError, NotFoundError, PreconditionFailedError
from holdfast.kernel.json import JsonObject, merge_patch
from holdfast.kernel.organizations import ROOT, OrganizationPath, name
from holdfast.kernel.principal import Principal
from holdfast.resources import secrets
from holdfast.resources.model import Action, Change, Draft, Kind, Reader, Resource, unchecked
from holdfast.resources.port import Authorizer, PolicyGate

MAXIMUM_BODY_BYTES = 4 << 20
"""More than any document that people configure by hand; the hosted service takes 4 MB as well."""
MAXIMUM_ID_LENGTH = 256


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may say no to a change, and the kinds there are."""

    kinds: Mapping[str, Kind]
    authorizer: Authorizer
    gate: PolicyGate

    @property
    def nodes(self) -> Kind | None:
        """The kind whose resources are the organization tree; None where there is no tree."""
        return next((kind for kind in self.kinds.values() if kind.is_node), None)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A change that was allowed, as long as etag and policy epoch are still those it was judged on."""

    kind: Kind
    draft: Draft
    effects: tuple[str, ...]
    epoch: int

    def still_holds(self, current: Resource | None, epoch: int) -> bool:
        """Whether the judgement is good for the rows as they are now."""
        return epoch == self.epoch and _state(self.draft.before) == _state(current)


def _state(resource: Resource | None) -> tuple[str, OrganizationPath] | None:
    """What a judgement rests on. The place too: it changes with an organization above, the etag does not."""
    return (resource.etag, resource.organization) if resource else None


class NoPolicies:
    """A gate that lets everything pass, for instances and tests without policies."""

    epoch = 0

    def evaluate(self, kind: Kind, draft: Draft) -> tuple[JsonObject, tuple[str, ...]]:
        """The body as it is."""
        return draft.body, ()


def prepare(rules: Rules, principal: Principal, change: Change, reader: Reader, now: float) -> Prepared:
    """Judge one change against the rows that `reader` sees."""
    kind = _kind(rules, change)
    _check_shape(change)
    before = reader.get(change.kind, change.id)
    epoch = rules.gate.epoch
    draft = Draft(
        principal=principal,
        change=change,
        organization=_organization(change, before),
        before=before,
        body=_body(change, before),
        now=now,
    )
    _check_exists(kind, change, before)
    rules.authorizer.check(principal, kind, draft)
    _check_preconditions(kind, change, before)

    draft, effects = _judge(rules.gate, kind, draft, reader)
    return Prepared(kind, draft, effects, epoch)


def _judge(gate: PolicyGate, kind: Kind, draft: Draft, reader: Reader) -> tuple[Draft, tuple[str, ...]]:
    """Policy, then validation; and policy again when validation filled something in, so that nothing
    passes a policy by being left out."""
    if draft.change.action is Action.EMIT:
        return draft, ()
    body, effects = evaluate(gate, kind, draft)
    if draft.change.action is Action.DELETE:
        return draft, effects
    draft = replace(draft, body=body)
    valid = kind.validate(draft, reader)
    if valid != body:
        draft = replace(draft, body=valid)
        body, more = evaluate(gate, kind, draft)
        if body != valid:
            draft = replace(draft, body=body)
            draft = replace(draft, body=kind.validate(draft, reader))
            effects += more
    return draft, effects


def revalidated(prepared: Prepared, reader: Reader) -> Prepared:
    """The same judgement with validation repeated, because it may read other rows than the resource's own."""
    kind, draft = prepared.kind, prepared.draft
    if kind.validate is unchecked or draft.change.action in (Action.DELETE, Action.EMIT):
        return prepared
    return replace(prepared, draft=replace(draft, body=kind.validate(draft, reader)))


def check_place(rules: Rules, prepared: Prepared, reader: Reader) -> None:
    """ConflictError where something would come to an organization that moved or went meanwhile."""
    draft = prepared.draft
    stays = draft.before is not None and draft.before.organization == draft.organization
    if stays or draft.organization == ROOT or draft.change.action is Action.EMIT:
        return
    nodes = rules.nodes
    if nodes is None or prepared.kind is nodes:
        return
    node = reader.get(nodes.name, name(draft.organization))
    if node is None or node.organization != draft.organization:
        raise ConflictError(
            f"The {nodes.name} “{name(draft.organization)}” was moved or removed meanwhile; try again."
        )


def guard(prepared: Prepared, reader: Reader) -> None:
    """Let the kind look, inside the transaction, at what the change means for other resources."""
    kind, draft = prepared.kind, prepared.draft
    if kind.guard is not None and draft.change.action is not Action.EMIT:
        kind.guard(draft, reader)


def evaluate(gate: PolicyGate, kind: Kind, draft: Draft) -> tuple[JsonObject, tuple[str, ...]]:
    """Ask the gate, which sees no secrets."""
    if not kind.policy_type:
        return draft.body, ()
    if not kind.secrets:
        return gate.evaluate(kind, draft)
    before = draft.before
    if before is not None:
        before = replace(before, body=secrets.without(before.body, kind.secrets))
    seen = replace(draft, before=before, body=secrets.without(draft.body, kind.secrets))
    body, effects = gate.evaluate(kind, seen)
    return secrets.restored(body, draft.body, kind.secrets), effects


def _kind(rules: Rules, change: Change) -> Kind:
    kind = rules.kinds.get(change.kind)
    if kind is None:
        raise InvalidError(f"There is no kind of resource named “{change.kind}”.", "kind")
    if change.action is Action.DELETE and not kind.deletable:
        raise ConflictError(f"A {kind.name} cannot be deleted.")
    return kind


def _check_shape(change: Change) -> None:
    if not 0 < len(change.id) <= MAXIMUM_ID_LENGTH or "\0" in change.id:
        raise InvalidError(f"An id has 1 to {MAXIMUM_ID_LENGTH} characters.", "id")
    try:
        size = len(json.dumps((change.id, change.body), allow_nan=False, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError):
        raise InvalidError("The id or the body holds something that JSON cannot carry.", "body") from None
    if size > MAXIMUM_BODY_BYTES:
        raise InvalidError(f"The body has {size} bytes; at most {MAXIMUM_BODY_BYTES} are taken.", "body")


def _organization(change: Change, before: Resource | None) -> OrganizationPath:
    if change.organization is not None:
        return change.organization
    return before.organization if before else ROOT


def _body(change: Change, before: Resource | None) -> JsonObject:
    match change.action:
        case Action.DELETE:
            return {}
        case Action.MERGE:
            merged = merge_patch(before.body if before else {}, change.body)
            return merged if isinstance(merged, dict) else {}
        case _:
            return change.body


def _check_exists(kind: Kind, change: Change, before: Resource | None) -> None:
    """Before authorization, so that what is absent and what is hidden read the same."""
    if before is None and change.action in (Action.MERGE, Action.DELETE):
        raise NotFoundError(f"There is no {kind.name} “{change.id}”.")


def _check_preconditions(kind: Kind, change: Change, before: Resource | None) -> None:
    if before is None:
        if change.if_match is not None:
            raise PreconditionFailedError(f"There is no {kind.name} “{change.id}” that could match the etag.")
        return
    if change.action is Action.CREATE:
        raise ConflictError(f"The {kind.name} “{change.id}” exists already.")
    if change.if_match not in (None, "*", before.etag):
        raise PreconditionFailedError(
            f"The {kind.name} “{change.id}” was changed meanwhile; read it again and repeat the change."
        )
