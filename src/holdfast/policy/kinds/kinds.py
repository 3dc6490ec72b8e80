"""Policy resources as kinds: refused with the JSON pointer of what is wrong when they are stored.

Ids are names in lower case, bodies what Azure has below `properties`.
"""

import re
from typing import Final

from holdfast.access.reading import everything
from holdfast.kernel.clock import isoformat, parse_isoformat
from holdfast.kernel.errors import ConflictError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.policy.builtin.catalog import built_in
from holdfast.policy.kinds.lookup import Found, find_policy, wrapped
from holdfast.policy.kinds.moving import relocated
from holdfast.policy.kinds.names import (
    ASSIGNMENT,
    ATTESTATION,
    DEFINITION,
    EXEMPTION,
    INITIATIVE,
    name_in,
)
from holdfast.policy.kinds.versions import other_versions, version_kind
from holdfast.policy.language.assignments.model import Assignment, Initiative, PolicyReference
from holdfast.policy.language.assignments.parse import parse_assignment, parse_exemption, parse_initiative
from holdfast.policy.language.assignments.resolve import bindings_of, check_passed_on, within_id
from holdfast.policy.language.errors import DefinitionError
from holdfast.policy.language.lint import Severity, lint
from holdfast.policy.language.rules.definition import parse_definition
from holdfast.policy.language.rules.parameters import misfits
from holdfast.policy.language.values import UNDEFINED
from holdfast.policy.types.catalog import own_catalog
from holdfast.policy.types.documents import scope_of
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._()-]{0,127}")
_PUBLISHED: Final = frozenset({"builtin", "static"})
"""Types of initiatives that others publish: they are taken although some of their definitions are missing."""
_ATTESTED: Final = ("Compliant", "NonCompliant", "Unknown")


def is_own_type(alias: str) -> bool:
    """Whether an alias is of a type of ours, whose aliases must exist."""
    return alias.lower().startswith("holdfast.")


def _check_name(draft: Draft) -> None:
    if _NAME.fullmatch(draft.change.id) is None:
        raise InvalidError(
            "A policy resource's name has 1 to 128 lower-case letters, digits and -._(), "
            "the first a letter or digit.",
            "/name",
        )
    if (draft.change.kind, draft.change.id) in built_in():
        raise ConflictError(f"“{draft.change.id}” is built in; make a copy under another name.")


def _refused(error: DefinitionError) -> InvalidError:
    """The refusal with the pointer as the body has it."""
    field = error.field.removeprefix("/properties") or "/"
    return InvalidError(f"{error.reason} (at {field})", field)


def _validate_definition(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    _check_name(draft)
    findings = lint({"properties": draft.body}, own_catalog(), is_own_type)
    error = next((finding for finding in findings if finding.severity is Severity.ERROR), None)
    if error is not None:
        raise _refused(DefinitionError(error.message, error.pointer))
    return {"policyType": "Custom", "mode": "All", **draft.body}


def _validate_initiative(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    _check_name(draft)
    try:
        initiative = parse_initiative(wrapped(INITIATIVE, draft.change.id, draft.body))
        check_passed_on(initiative)
    except DefinitionError as error:
        raise _refused(error) from None
    is_published = str(draft.body.get("policyType", "")).lower() in _PUBLISHED
    for index, reference in enumerate(initiative.policies):
        found = find_policy(reader, reference.definition_id)
        if found is not None and found.kind == DEFINITION:
            _check_given(reference, found, f"/policyDefinitions/{index}/parameters")
        elif not is_published:
            place = f"/policyDefinitions/{index}/policyDefinitionId"
            raise InvalidError(
                f"There is no policy definition {reference.definition_id}; store it first.", place
            )
    return {"policyType": "Custom", **draft.body}


def _check_given(reference: PolicyReference, found: Found, place: str) -> None:
    """Every parameter without a default has a value."""
    given = {name.lower() for name in reference.parameters}
    for name, parameter in parse_definition(found.document).parameters.items():
        if parameter.default is UNDEFINED and name not in given:
            raise InvalidError(
                f"“{found.name}” needs a value for its parameter {parameter.name}.",
                f"{place}/{parameter.name}",
            )


def _validate_assignment(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    _check_name(draft)
    body: JsonObject = {"enforcementMode": "Default", **draft.body}
    body["scope"] = _checked_scope(draft)
    try:
        assignment = parse_assignment(wrapped(ASSIGNMENT, draft.change.id, body))
        _check_parameters(assignment, reader)
    except DefinitionError as error:
        raise _refused(error) from None
    return body


def _checked_scope(draft: Draft) -> str:
    """The scope, which lies where the resource lives: nobody assigns to what they do not administer."""
    home = scope_of(draft.organization)
    scope = draft.body.get("scope") or home
    if not isinstance(scope, str) or not within_id(home, scope):
        raise InvalidError(f"The scope must be {home} or lie below it.", "/scope")
    return scope


def _check_parameters(assignment: Assignment, reader: Reader) -> None:
    found = find_policy(reader, assignment.definition_id)
    if found is None:
        raise DefinitionError(f"There is no definition {assignment.definition_id}", "/policyDefinitionId")
    initiative = initiative_of(found)
    declared = initiative.parameters if initiative else parse_definition(found.document).parameters
    for misfit in misfits(declared, assignment.parameters):
        raise DefinitionError(misfit.message, f"/parameters/{misfit.parameter}")
    for _binding in bindings_of(assignment, initiative):
        continue  # computing them is the check


def initiative_of(found: Found) -> Initiative | None:
    """The initiative that was found; None when it is a definition."""
    return parse_initiative(found.document) if found.kind == INITIATIVE else None


def _validate_exemption(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    _check_name(draft)
    body: JsonObject = {**draft.body, "scope": _checked_scope(draft)}
    try:
        exemption = parse_exemption(wrapped(EXEMPTION, draft.change.id, body))
    except DefinitionError as error:
        raise _refused(error) from None
    _check_assignment(reader, exemption.assignment_id)
    return body


def _check_assignment(reader: Reader, identifier: str) -> None:
    if reader.get(ASSIGNMENT, name_in(identifier)) is None:
        raise InvalidError(f"There is no policy assignment {identifier}.", "/policyAssignmentId")


def _validate_attestation(draft: Draft, reader: Reader) -> JsonObject:
    """What somebody states about a resource for a policy with the effect manual."""
    if draft.change.action is Action.DELETE:
        return {}
    _check_name(draft)
    body = draft.body
    _check_assignment(reader, str(body.get("policyAssignmentId", "")))
    if body.get("complianceState") not in _ATTESTED:
        raise InvalidError(f"/complianceState must be one of {', '.join(_ATTESTED)}.", "/complianceState")
    _check_moment(body.get("expiresOn"))
    resource = body.get("resourceId")
    if not isinstance(resource, str) or not within_id(scope_of(draft.organization), resource):
        raise InvalidError("/resourceId must name something where the attestation is made.", "/resourceId")
    return {**body, "provisioningState": "Succeeded", **_state_change(draft)}


def _state_change(draft: Draft) -> JsonObject:
    """Who stated the present state, and when; what was before while the state stays."""
    before = draft.before.body if draft.before is not None else {}
    stays = before.get("complianceState") == draft.body.get("complianceState")
    now: JsonObject = {
        "lastComplianceStateChangeBy": draft.principal.name,
        "lastComplianceStateChangeAt": isoformat(draft.now),
    }
    return {name: before.get(name, value) if stays else value for name, value in now.items()}


def _check_moment(value: JsonValue) -> None:
    try:
        if value is not None:
            parse_isoformat(str(value))
    except ValueError:
        raise InvalidError(
            "/expiresOn must be a moment such as 2027-01-31T00:00:00Z.", "/expiresOn"
        ) from None


def _guard_definition(draft: Draft, reader: Reader) -> None:
    """A definition that is in use stays."""
    if draft.change.action is not Action.DELETE:
        return
    wanted = (draft.change.kind, draft.change.id)
    for assignment in everything(reader, ASSIGNMENT):
        found = find_policy(reader, str(assignment.body.get("policyDefinitionId", "")))
        if found is not None and (found.kind, found.name) == wanted:
            raise ConflictError(
                f"“{draft.change.id}” is assigned by “{assignment.id}”; delete the assignment first."
            )
    if any(other_versions(reader, *wanted)):
        raise ConflictError(f"“{draft.change.id}” has other versions; delete them first.")
    if draft.change.kind == DEFINITION:
        _guard_member(draft, reader)


def _guard_member(draft: Draft, reader: Reader) -> None:
    for initiative in everything(reader, INITIATIVE):
        members = initiative.body.get("policyDefinitions")
        for member in members if isinstance(members, list) else ():
            name = name_in(str(member.get("policyDefinitionId", ""))) if isinstance(member, dict) else ""
            if name == draft.change.id:
                raise ConflictError(f"“{draft.change.id}” is part of the initiative “{initiative.id}”.")


def _guard_assignment(draft: Draft, reader: Reader) -> None:
    """Exemptions do not outlive what they are from: they would come to life with the next one of its name."""
    if draft.change.action is not Action.DELETE:
        return
    for exemption in everything(reader, EXEMPTION):
        if name_in(str(exemption.body.get("policyAssignmentId", ""))) == draft.change.id:
            raise ConflictError(f"The exemption “{exemption.id}” is from this assignment; delete it first.")


POLICY_DEFINITION = Kind(
    name=DEFINITION,
    read=Permission.POLICY_READ,
    create=Permission.POLICY_MANAGE,
    update=Permission.POLICY_MANAGE,
    delete=Permission.POLICY_MANAGE,
    validate=_validate_definition,
    guard=_guard_definition,
    indexed={
        "displayName": IndexType.TEXT,
        "policyType": IndexType.TEXT,
        "metadata.category": IndexType.TEXT,
    },
)

POLICY_SET_DEFINITION = Kind(
    name=INITIATIVE,
    read=Permission.POLICY_READ,
    create=Permission.POLICY_MANAGE,
    update=Permission.POLICY_MANAGE,
    delete=Permission.POLICY_MANAGE,
    validate=_validate_initiative,
    guard=_guard_definition,
    indexed={"displayName": IndexType.TEXT, "policyType": IndexType.TEXT},
)

POLICY_DEFINITION_VERSION = version_kind(DEFINITION, _validate_definition)
POLICY_SET_DEFINITION_VERSION = version_kind(INITIATIVE, _validate_initiative)

POLICY_ASSIGNMENT = Kind(
    name=ASSIGNMENT,
    read=Permission.POLICY_READ,
    create=Permission.POLICY_MANAGE,
    update=Permission.POLICY_MANAGE,
    delete=Permission.POLICY_MANAGE,
    validate=_validate_assignment,
    guard=_guard_assignment,
    indexed={"displayName": IndexType.TEXT, "policyDefinitionId": IndexType.TEXT},
    relocated=relocated,
)

POLICY_EXEMPTION = Kind(
    name=EXEMPTION,
    read=Permission.POLICY_READ,
    create=Permission.EXEMPTION_MANAGE,
    update=Permission.EXEMPTION_MANAGE,
    delete=Permission.EXEMPTION_MANAGE,
    validate=_validate_exemption,
    indexed={"policyAssignmentId": IndexType.TEXT, "expiresOn": IndexType.TEXT},
    relocated=relocated,
)

POLICY_ATTESTATION = Kind(
    name=ATTESTATION,
    read=Permission.POLICY_READ,
    create=Permission.ATTESTATION_MANAGE,
    update=Permission.ATTESTATION_MANAGE,
    delete=Permission.ATTESTATION_MANAGE,
    validate=_validate_attestation,
    indexed={"policyAssignmentId": IndexType.TEXT, "resourceId": IndexType.TEXT},
    relocated=relocated,
)
