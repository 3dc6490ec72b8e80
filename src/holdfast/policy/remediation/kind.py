"""Remediation tasks as resources: who may ask for one, who agrees, and that only the engine does the rest."""

from typing import Final

import msgspec

from holdfast.access.bodies import read_body, to_body
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import ConflictError, ForbiddenError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import PrincipalKind
from holdfast.policy.kinds.kinds import initiative_of
from holdfast.policy.kinds.lookup import find_policy, wrapped
from holdfast.policy.kinds.names import ASSIGNMENT, REMEDIATION, name_in
from holdfast.policy.language.assignments.model import Assignment
from holdfast.policy.language.assignments.parse import parse_assignment
from holdfast.policy.remediation.model import MAXIMUM_RESOURCES, Asked, Task, TaskState, read_task
from holdfast.policy.remediation.undo import undoable
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader

APPROVAL_KEY: Final = "remediationApproval"
"""`metadata.remediationApproval: required` of an assignment asks for a second person."""
APPROVE: Final = "approve"
CANCEL: Final = "cancel"
DECISION: Final = "decision"
"""The member by which a person decides about a task, `approve` or `cancel`, with a merge patch."""

_KEPT: Final = {each.encode_name for each in msgspec.structs.fields(Task)} - {
    each.encode_name for each in msgspec.structs.fields(Asked)
}
"""What the engine keeps in a task, ignored in what a person sends."""


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    if draft.principal.kind is PrincipalKind.SYSTEM:
        return to_body(read_body(draft.body, Task))
    if draft.before is None:
        return to_body(_new(draft, reader))
    if draft.change.action is Action.MERGE and set(draft.change.body) == {DECISION}:
        return to_body(_decided(draft, read_task(draft.before)))
    raise ConflictError("A remediation is approved or cancelled, not changed; make another one.")


def _new(draft: Draft, reader: Reader) -> Task:
    asked = read_body({k: value for k, value in draft.body.items() if k not in _KEPT}, Asked)
    if asked.resource_count > MAXIMUM_RESOURCES:
        raise InvalidError(
            f"A remediation sets right {MAXIMUM_RESOURCES} resources at most; "
            "make another one for the rest when it has ended.",
            "/resourceCount",
        )
    stored = reader.get(ASSIGNMENT, name_in(asked.policy_assignment_id))
    if stored is None:
        raise InvalidError(
            f"There is no policy assignment {asked.policy_assignment_id}.", "/policyAssignmentId"
        )
    assignment = parse_assignment(wrapped(ASSIGNMENT, stored.id, stored.body))
    _check_reference(asked, assignment, reader)
    if asked.undoes:
        _check_undone(asked, reader)
    waits = _needs_approval(assignment) and not asked.dry_run
    now = isoformat(draft.now)
    return Task(
        **msgspec.structs.asdict(asked),
        provisioning_state=TaskState.AWAITING_APPROVAL if waits else TaskState.ACCEPTED,
        status_message="Somebody else has to approve it." if waits else "",
        created_by=draft.principal.name,
        created_by_id=draft.principal.id,
        created_on=now,
        last_updated_on=now,
    )


def _check_reference(asked: Asked, assignment: Assignment, reader: Reader) -> None:
    found = find_policy(reader, assignment.definition_id)
    initiative = initiative_of(found) if found is not None else None
    known = {""} if initiative is None else {each.reference_id for each in initiative.policies}
    if asked.policy_definition_reference_id not in known:
        raise InvalidError(
            "Name a policy of the assigned initiative; a definition assigned by itself has no reference.",
            "/policyDefinitionReferenceId",
        )


def _check_undone(asked: Asked, reader: Reader) -> None:
    stored = reader.get(REMEDIATION, asked.undoes)
    task = None if stored is None else read_task(stored)
    if task is None or name_in(task.policy_assignment_id) != name_in(asked.policy_assignment_id):
        raise InvalidError(f"There is no remediation “{asked.undoes}” of this assignment.", "/undoes")
    if not task.provisioning_state.has_ended or not any(undoable(task)):
        raise ConflictError(f"“{asked.undoes}” changed nothing that could be taken back, or still runs.")


def _needs_approval(assignment: Assignment) -> bool:
    return assignment.metadata.get(APPROVAL_KEY) == "required"


def _decided(draft: Draft, task: Task) -> Task:
    decision = draft.change.body[DECISION]
    changed = msgspec.structs.replace(task, last_updated_on=isoformat(draft.now), status_message="")
    if decision == CANCEL:
        if task.provisioning_state.has_ended:
            raise ConflictError("The remediation has ended already.")
        return msgspec.structs.replace(changed, provisioning_state=TaskState.CANCELED)
    if decision != APPROVE:
        raise InvalidError(f"/{DECISION} must be {APPROVE} or {CANCEL}.", f"/{DECISION}")
    if task.provisioning_state is not TaskState.AWAITING_APPROVAL:
        raise ConflictError("The remediation does not wait for approval.")
    if task.created_by_id == draft.principal.id:
        raise ForbiddenError("Who asked for a remediation cannot approve it; ask somebody else.")
    return msgspec.structs.replace(
        changed, provisioning_state=TaskState.ACCEPTED, approved_by=draft.principal.name
    )


def _guard(draft: Draft, _reader: Reader) -> None:
    if draft.change.action is not Action.DELETE or draft.before is None:
        return
    if read_task(draft.before).provisioning_state is TaskState.RUNNING:
        raise ConflictError("The remediation runs; cancel it first.")


REMEDIATION_KIND = Kind(
    name=REMEDIATION,
    read=Permission.POLICY_READ,
    create=Permission.POLICY_REMEDIATE,
    update=Permission.POLICY_REMEDIATE,
    delete=Permission.POLICY_REMEDIATE,
    validate=_validate,
    guard=_guard,
    indexed={"provisioningState": IndexType.TEXT, "policyAssignmentId": IndexType.TEXT},
)
