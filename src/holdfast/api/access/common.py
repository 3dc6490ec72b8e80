"""What the operations under `/api/access` share: the services, shapes, and fields of a body."""

from holdfast.access.control import AccessControl
from holdfast.access.people.organizations import path_of
from holdfast.access.sessions.service import Origin
from holdfast.api.frame import ApiRequest
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.resources import secrets
from holdfast.resources.model import Kind, Resource


def access(request: ApiRequest) -> AccessControl:
    """The services of access control."""
    return request.services.extension(AccessControl)


def origin(request: ApiRequest) -> Origin:
    """Where the request comes from."""
    return Origin(request.principal.address, request.headers.get("user-agent", ""))


def cookie(request: ApiRequest, name: str) -> str:
    """The value of a cookie; empty when the browser sent none."""
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return next((value for key, _, value in pairs if key == name), "")


def shown(resource: Resource, kind: Kind) -> JsonObject:
    """A resource as these operations show it: its body without secrets, with id, place and etag."""
    return {
        "id": resource.id,
        **secrets.without(resource.body, kind.secrets),
        "organizationPath": resource.organization,
        "etag": f'"{resource.etag}"',
    }


def text(body: JsonObject, name: str, default: str | None = None) -> str:
    """A text of the body. InvalidError when it is missing without a default, or something else."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise InvalidError(f"{name} must be a text.", f"/{name}")
    return value


def texts(body: JsonObject, name: str) -> tuple[str, ...]:
    """A list of texts of the body; empty when it is missing. InvalidError when it is something else."""
    value: JsonValue = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidError(f"{name} must be a list of texts.", f"/{name}")
    return tuple(str(item) for item in value)


def number(body: JsonObject, name: str, default: float) -> float:
    """A number of the body. InvalidError when it is something else."""
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidError(f"{name} must be a number.", f"/{name}")
    return float(value)


def place(request: ApiRequest, organization_id: str) -> OrganizationPath:
    """Where an organization lies; the application for an empty id. InvalidError when there is none."""
    return path_of(request.services.store, organization_id) if organization_id else ROOT
