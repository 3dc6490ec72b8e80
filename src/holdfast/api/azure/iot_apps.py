"""`Microsoft.IoTCentral/iotApps`: this instance as the Azure Resource Manager resource that scripts know.

The resource is the real configuration: every field shown is in force, and what is written goes through the
change path. A field that could do nothing here (another location, another SKU) is refused, not swallowed.
Versions 2021-06-01 and, with the network rules, 2021-11-01-preview. Subscription and resource group are names
that the caller chooses; there is one application, whatever they are.
"""

import uuid

from holdfast.access.application import APPLICATION, Listener
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.kernel.errors import ConflictError, InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

VERSIONS = frozenset({"2021-06-01", "2021-11-01-preview"})
TYPE = "Microsoft.IoTCentral/IoTApps"
"""As the hosted service's answers write it; ids and addresses have `iotApps`."""
LOCATION = "onpremises"
SKU = "ST2"
TEMPLATE = "iotc-pnp-preview@1.0.0"
"""The hosted service's empty application; this one starts empty too."""

READ, MANAGE = Permission.NETWORK_READ, Permission.NETWORK_MANAGE

_AS_PRESENT = frozenset({"location", "sku", "id", "name", "type"})
_FIXED_PROPERTIES = frozenset(
    {"applicationId", "state", "provisioningState", "privateEndpointConnections", "subdomain", "template"}
)
_WRITABLE = frozenset({"displayName", "publicNetworkAccess", "networkRuleSets"})


def _application(request: ApiRequest) -> Resource:
    found = request.services.store.get(APPLICATION, APPLICATION)
    if found is None:
        raise NotFoundError("The application's configuration is not there.")
    return found


def _name(request: ApiRequest) -> str:
    """The application's resource name: the first label of its host name, as a subdomain is one."""
    label = request.services.host.partition(".")[0]
    return label if not label.isdigit() else "holdfast"


def _shown(request: ApiRequest, application: Resource, group: str = "") -> JsonObject:
    subscription = request.path.get("subscription", "")
    name = _name(request)
    place = group or request.path.get("group", "holdfast")
    return {
        "id": f"/subscriptions/{subscription}/resourceGroups/{place}{_PROVIDER}/iotApps/{name}",
        "name": name,
        "type": TYPE,
        "location": LOCATION,
        "sku": {"name": SKU},
        "tags": {},
        "properties": {
            "applicationId": _application_id(request),
            "displayName": application.body["displayName"],
            "subdomain": name,
            "template": TEMPLATE,
            "state": "created",
            "provisioningState": "Succeeded",
            "publicNetworkAccess": application.body["publicNetworkAccess"],
            "networkRuleSets": _rule_sets(application.body),
            "privateEndpointConnections": [],
        },
    }


def _application_id(request: ApiRequest) -> str:
    """A GUID that is this instance's own: made from its ID scope."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{request.services.id_scope}.holdfast"))


# Network rules: the published resource has one set for devices and people, ours has one for each listener.

_OPEN: JsonObject = {"defaultAction": "Allow", "ipRules": []}


def _listener(body: JsonObject, listener: Listener) -> JsonObject:
    listeners = body.get("listeners")
    rules = listeners.get(listener.value) if isinstance(listeners, dict) else None
    return rules if isinstance(rules, dict) else _OPEN


def _rule_sets(body: JsonObject) -> JsonObject:
    """The rules of devices, else those of people; `applyTo…` says for whom exactly these are in force."""
    devices, people = _listener(body, Listener.DEVICES), _listener(body, Listener.PEOPLE)
    shown = devices if devices != _OPEN else people
    return {
        "applyToDevices": shown != _OPEN and devices == shown,
        "applyToIoTCentral": shown != _OPEN and people == shown,
        **shown,
    }


def _listeners_from(value: JsonValue) -> JsonObject:
    field = "/properties/networkRuleSets"
    if not isinstance(value, dict):
        raise InvalidError(f"{field} must be an object.", field)
    if unknown := sorted(set(value) - {"applyToDevices", "applyToIoTCentral", "defaultAction", "ipRules"}):
        raise InvalidError(f"{field} has no field {unknown[0]}.", f"{field}/{unknown[0]}")
    rules: JsonObject = {
        "defaultAction": value.get("defaultAction", "Deny"),
        "ipRules": value.get("ipRules") or [],
    }
    devices = value.get("applyToDevices") is True
    people = value.get("applyToIoTCentral") is True
    return {
        Listener.DEVICES.value: rules if devices else _OPEN,
        Listener.PEOPLE.value: rules if people else _OPEN,
    }


# Operations


def _get(request: ApiRequest) -> Reply:
    _check_name(request)
    return Reply(200, _shown(request, _application(request)))


def _check_name(request: ApiRequest) -> None:
    wanted = request.path["name"]
    if wanted.lower() != _name(request).lower():
        raise NotFoundError(f"There is one application here, {_name(request)}; {wanted} is not it.")


def _list(request: ApiRequest) -> Reply:
    return Reply(200, {"value": [_shown(request, _application(request))]})


def _write(request: ApiRequest) -> Reply:
    _check_name(request)
    application, given = _application(request), request.object()
    properties = given.get("properties", {})
    if not isinstance(properties, dict):
        raise InvalidError("/properties must be an object.", "/properties")
    _refuse_what_does_nothing(given, properties, _shown(request, application))
    patch: JsonObject = {}
    for name in ("displayName", "publicNetworkAccess"):
        if properties.get(name) is not None:
            patch[name] = properties[name]
    if properties.get("networkRuleSets") is not None:
        patch["listeners"] = _listeners_from(properties["networkRuleSets"])
    if not patch:
        return Reply(200, _shown(request, application))
    change = Change(Action.MERGE, APPLICATION, APPLICATION, patch, if_match=request.if_match)
    stored = request.services.changes.apply(request.principal, change).resource
    assert stored is not None
    return Reply(200, _shown(request, stored))


def _refuse_what_does_nothing(given: JsonObject, properties: JsonObject, present: JsonObject) -> None:
    """What was read may be sent back; a field that would have to change what is fixed here is named."""
    if given.get("tags"):
        raise InvalidError("Tags are not kept here.", "/tags")
    if (identity := given.get("identity")) and identity != {"type": "None"}:
        raise InvalidError(
            "Managed identities are made under /api/access/managedIdentities, not on the application.",
            "/identity",
        )
    if unknown := sorted(set(given) - {*_AS_PRESENT, "tags", "identity", "properties"}):
        raise InvalidError(f"The application has no field {unknown[0]}.", f"/{unknown[0]}")
    if unknown := sorted(set(properties) - _WRITABLE - _FIXED_PROPERTIES):
        raise InvalidError(f"The application has no property {unknown[0]}.", f"/properties/{unknown[0]}")
    shown = present["properties"]
    assert isinstance(shown, dict)
    for name in sorted(_AS_PRESENT & given.keys()):
        _refuse_another(name, given[name], present[name], f"/{name}")
    for name in sorted(_FIXED_PROPERTIES & properties.keys()):
        _refuse_another(name, properties[name], shown[name], f"/properties/{name}")


def _refuse_another(name: str, wanted: JsonValue, present: JsonValue, field: str) -> None:
    """Names and addresses are compared as Azure does: without regard to letter case."""
    if wanted not in (None, "") and str(wanted).lower() != str(present).lower():
        raise InvalidError(f"{name} is {present or 'empty'} here, and that stays.", field)


def _delete(_request: ApiRequest) -> Reply:
    raise ConflictError("The application cannot be deleted through its own API; remove the instance instead.")


def _operations(_request: ApiRequest) -> Reply:
    names = {"read": "Read the application", "write": "Change the application"}
    return Reply(
        200,
        {
            "value": [
                {
                    "name": f"{TYPE}/{verb}",
                    "display": {
                        "provider": "Holdfast",
                        "resource": "IoT application",
                        "operation": meaning,
                        "description": meaning,
                    },
                }
                for verb, meaning in names.items()
            ]
        },
    )


def _templates(_request: ApiRequest) -> Reply:
    """What an application can be made from: here the empty one."""
    manifest, _, version = TEMPLATE.partition("@")
    template: JsonObject = {
        "manifestId": manifest,
        "manifestVersion": version,
        "name": "Custom application",
        "title": "Custom application",
        "order": 1,
        "description": "An application without device templates, dashboards or rules.",
        "industry": "",
        "locations": [{"id": LOCATION, "displayName": "On premises"}],
    }
    return Reply(200, {"value": [template]})


def _check_availability(request: ApiRequest) -> Reply:
    wanted = str(request.object().get("name", ""))
    taken = wanted.lower() == _name(request).lower()
    reason: JsonObject = {
        "nameAvailable": False,
        "reason": "AlreadyExists" if taken else "Invalid",
        "message": "This instance is one application and makes no other.",
    }
    return Reply(200, reason)


_PROVIDER = "/providers/Microsoft.IoTCentral"
_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = _SUBSCRIPTION + "/resourceGroups/{group}" + _PROVIDER + "/iotApps"
_APP = _GROUP + "/{name}"

ROUTES = [
    Route("GET", _APP, READ, _get, "Read the application", VERSIONS),
    Route("PUT", _APP, MANAGE, _write, "Configure the application", VERSIONS),
    Route("PATCH", _APP, MANAGE, _write, "Change the application", VERSIONS),
    Route("DELETE", _APP, MANAGE, _delete, "Refused: the instance is the application", VERSIONS),
    Route("GET", _GROUP, READ, _list, "List the application in its group", VERSIONS),
    Route("GET", _SUBSCRIPTION + _PROVIDER + "/iotApps", READ, _list, "List the application", VERSIONS),
    Route(
        "POST",
        _SUBSCRIPTION + _PROVIDER + "/appTemplates",
        READ,
        _templates,
        "List what an application can be made from",
        VERSIONS,
    ),
    Route("GET", _PROVIDER + "/operations", READ, _operations, "What can be done with it", VERSIONS),
    Route(
        "POST",
        _SUBSCRIPTION + _PROVIDER + "/checkNameAvailability",
        READ,
        _check_availability,
        "Whether a name is free",
        VERSIONS,
    ),
    Route(
        "POST",
        _SUBSCRIPTION + _PROVIDER + "/checkSubdomainAvailability",
        READ,
        _check_availability,
        "Whether a subdomain is free",
        VERSIONS,
    ),
]
