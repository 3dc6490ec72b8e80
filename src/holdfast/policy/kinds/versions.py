"""Other versions of a definition or initiative than the present one, for assignments that name a range.

The body is `{"definition": name, "version": "1.2.0", "properties": {…}}`, the id `name@1.2.0`.
"""

from collections.abc import Callable, Iterator
from typing import Final

from holdfast.access.reading import pages
from holdfast.kernel.errors import ConflictError, InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.policy.kinds.names import VERSIONS_OF
from holdfast.policy.language.assignments.versions import version_from
from holdfast.resources.model import Action, Draft, Guard, IndexType, Kind, Reader, Resource, Validator
from holdfast.resources.query import Compare, Operator, Query

MAXIMUM_VERSIONS: Final = 100
"""Of one definition."""

Check = Callable[[Draft, Reader], JsonObject]
"""Checks the draft of a definition or initiative and gives its body."""


def version_id(name: str, version: str) -> str:
    """The id of the resource that keeps a version."""
    return f"{name}@{version.lower()}"


def version_body(name: str, version: str, properties: JsonObject) -> JsonObject:
    """The body of the resource that keeps a version."""
    return {"definition": name, "version": version, "properties": properties}


def stored_version(properties: JsonObject) -> str:
    """The version that a body says it has; empty when it says none."""
    metadata = properties.get("metadata")
    own = properties.get("version")
    found = own if own is not None else metadata.get("version") if isinstance(metadata, dict) else None
    return found if isinstance(found, str) and version_from(found) is not None else ""


def other_versions(reader: Reader, kind: str, name: str) -> Iterator[Resource]:
    """Every kept version of a definition or initiative."""
    return pages(reader, Query(VERSIONS_OF[kind], (ROOT,), Compare("definition", Operator.EQUAL, name)))


def version_kind(kind: str, check: Check) -> Kind:
    """The kind that keeps versions of `kind`, whose bodies `check` judges."""
    return Kind(
        name=VERSIONS_OF[kind],
        read=Permission.POLICY_READ,
        create=Permission.POLICY_MANAGE,
        update=Permission.POLICY_MANAGE,
        delete=Permission.POLICY_MANAGE,
        validate=_validator(kind, check),
        guard=_guard(kind),
        indexed={"definition": IndexType.TEXT, "version": IndexType.TEXT},
    )


def _validator(kind: str, check: Check) -> Validator:
    def validate(draft: Draft, reader: Reader) -> JsonObject:
        if draft.change.action is Action.DELETE:
            return {}
        name, version, properties = (draft.body.get(key) for key in ("definition", "version", "properties"))
        if not (isinstance(name, str) and isinstance(version, str) and isinstance(properties, dict)):
            raise InvalidError("A version needs definition, version and properties.", "/")
        if version_from(version) is None or draft.change.id != version_id(name, version):
            raise InvalidError("A version is three numbers such as 1.2.0 or 1.2.0-preview.", "/version")
        if reader.get(kind, name) is None:
            raise NotFoundError(f"There is no “{name}” that could have a version; store it first.")
        checked = check(_inner(draft, kind, name, properties), reader)
        return version_body(name, version, {**checked, "version": version})

    return validate


def _inner(draft: Draft, kind: str, name: str, properties: JsonObject) -> Draft:
    """The draft as if the definition itself were stored."""
    change = draft.change
    asked = type(change)(Action.PUT, kind, name, properties, change.organization)
    return Draft(draft.principal, asked, draft.organization, None, properties, draft.now)


def _guard(kind: str) -> Guard:
    def guard(draft: Draft, reader: Reader) -> None:
        if draft.before is not None or draft.change.action is Action.DELETE:
            return
        of_it = Compare("definition", Operator.EQUAL, str(draft.body["definition"]))
        if reader.count(VERSIONS_OF[kind], (ROOT,), of_it) >= MAXIMUM_VERSIONS:
            raise ConflictError(f"{MAXIMUM_VERSIONS} versions are kept already; delete one first.")

    return guard
