"""Stored resources as the typed documents that policies judge, and back after a policy changed one."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from holdfast.access import settings as access_settings
from holdfast.access.bodies import to_body
from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.policy.types import application
from holdfast.resources import secrets
from holdfast.resources.model import Kind, Resource


class PolicyDocument(NamedTuple):
    """Something that policies judge."""

    id: str
    """Its resource id, see `resource_id`."""
    type: str
    organization: OrganizationPath
    content: JsonObject
    kind: str = ""
    """The stored kind behind it or what it is a part of; empty for what is supplied."""
    name: str = ""
    """The id of the stored resource."""


class View(NamedTuple):
    """How a kind is shown when its body is not shown as it is."""

    properties: Callable[[JsonObject], JsonObject]
    body: Callable[[JsonObject, JsonObject], JsonObject]
    """The body after `properties` (second) were changed from what they were."""


VIEWS: Final[Mapping[str, View]] = {
    "application": View(application.properties_of, application.body_of),
}
"""Kinds with a view of their own; all others show their body."""
PARTS: Final[Mapping[str, str]] = {
    part.lower(): "application" for part in (application.CONNECTION_TYPE, application.LISTENER_TYPE)
}
"""The kind whose documents hold those of a type, by the type in lower case."""


IMPLIED: Final[Mapping[str, tuple[str, JsonObject]]] = {
    access_settings.KIND: (access_settings.APPLICATION, to_body(access_settings.DEFAULTS)),
}
"""What is in force without being stored, until somebody stores it: id and body by kind."""


def scope_of(organization: OrganizationPath) -> str:
    """An organization as a policy scope: `/` for the application, `/organizations/north/plant-1`."""
    return "/" if organization == ROOT else f"/organizations{organization.rstrip('/')}"


def resource_id(organization: OrganizationPath, resource_type: str, name: str) -> str:
    """The id by which scopes, exemptions and states name a resource."""
    return f"{scope_of(organization).rstrip('/')}/providers/{resource_type}/{name}"


def document_of(
    kind: Kind,
    name: str,
    organization: OrganizationPath,
    body: JsonObject,
    *,
    created: float = 0.0,
    modified: float = 0.0,
    facts: Mapping[str, JsonValue] | None = None,
) -> PolicyDocument:
    """A resource of `kind` as a document; `facts` are further properties that its body does not hold."""
    view = VIEWS.get(kind.name)
    shown = secrets.without(body, kind.secrets) if kind.secrets else body
    properties = view.properties(shown) if view is not None else {**shown}
    content: JsonObject = {
        "id": resource_id(organization, kind.policy_type, name),
        "name": name,
        "type": kind.policy_type,
        "properties": {**properties, **(facts or {})},
    }
    if modified:
        content["systemData"] = {"createdAt": isoformat(created), "lastModifiedAt": isoformat(modified)}
    return PolicyDocument(str(content["id"]), kind.policy_type, organization, content, kind.name, name)


def document_of_resource(
    kind: Kind, resource: Resource, facts: Mapping[str, JsonValue] | None = None
) -> PolicyDocument:
    """A stored resource as a document."""
    return document_of(
        kind,
        resource.id,
        resource.organization,
        resource.body,
        created=resource.created,
        modified=resource.modified,
        facts=facts,
    )


def supplied(
    resource_type: str, name: str, properties: JsonObject, organization: OrganizationPath = ROOT
) -> PolicyDocument:
    """A document of something that is no stored resource."""
    identifier = resource_id(organization, resource_type, name)
    content: JsonObject = {"id": identifier, "name": name, "type": resource_type, "properties": properties}
    return PolicyDocument(identifier, resource_type, organization, content)


def parts_of(document: PolicyDocument) -> Iterator[PolicyDocument]:
    """Documents inside of one: the listeners and private networks of the application."""
    if document.kind == "application":
        for resource_type, name, properties in application.parts(document.content):
            part = supplied(resource_type, f"{document.name}/{name}", properties, document.organization)
            yield part._replace(kind=document.kind, name=document.name)


def body_after(kind: Kind, before: JsonObject, content: object) -> JsonObject:
    """The body of a resource whose document, which showed `before`, a policy changed to `content`."""
    properties = content.get("properties") if isinstance(content, dict) else None
    if not isinstance(properties, dict):
        return before
    view = VIEWS.get(kind.name)
    return view.body(before, properties) if view is not None else properties
