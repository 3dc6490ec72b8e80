"""The application as `Microsoft.IoTCentral/iotApps`: the hosted service's fields that do something here.

| There | Here |
| --- | --- |
| `publicNetworkAccess` | the same |
| `networkRuleSets.defaultAction` | Deny when every listener denies by default, else Allow |
| `networkRuleSets.ipRules` | the rules that every listener has |
| `privateEndpointConnections` | the private networks beyond this machine, always approved |
"""

from collections.abc import Iterator
from typing import Final

from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.network import parse_network

CONNECTION_TYPE: Final = "Microsoft.IoTCentral/iotApps/privateEndpointConnections"
LISTENER_TYPE: Final = "Holdfast.Network/listeners"


def _listeners(body: JsonObject) -> dict[str, JsonObject]:
    found = body.get("listeners")
    listeners = found if isinstance(found, dict) else {}
    return {name: each for name, each in listeners.items() if isinstance(each, dict)}


def _rules(listener: JsonObject) -> list[JsonObject]:
    rules = listener.get("ipRules")
    return [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []


def properties_of(body: JsonObject) -> JsonObject:
    """The properties of the document."""
    listeners = list(_listeners(body).values())
    masks = [{str(rule.get("ipMask")) for rule in _rules(listener)} for listener in listeners]
    common = set.intersection(*masks) if masks else set()
    shared: list[JsonValue] = [
        {"filterName": rule.get("filterName"), "ipMask": rule.get("ipMask")}
        for rule in (_rules(listeners[0]) if listeners else [])
        if str(rule.get("ipMask")) in common
    ]
    denies = bool(listeners) and all(each.get("defaultAction") == "Deny" for each in listeners)
    connections: list[JsonValue] = [
        {"name": network, "properties": _approved()} for network in _private_networks(body)
    ]
    return {
        "displayName": body.get("displayName"),
        "publicNetworkAccess": body.get("publicNetworkAccess"),
        "networkRuleSets": {"defaultAction": "Deny" if denies else "Allow", "ipRules": shared},
        "privateEndpointConnections": connections,
        "listeners": {**_listeners(body)},
    }


def _approved() -> JsonObject:
    return {"privateLinkServiceConnectionState": {"status": "Approved"}}


def _private_networks(body: JsonObject) -> list[str]:
    """The private networks that reach beyond this machine."""
    networks = body.get("privateNetworks")
    texts = [text for text in networks if isinstance(text, str)] if isinstance(networks, list) else []
    return [text for text in texts if not _is_loopback(text)]


def _is_loopback(text: str) -> bool:
    try:
        return parse_network(text).is_loopback
    except InvalidError:
        return False


def body_of(before: JsonObject, properties: JsonObject) -> JsonObject:
    """The body after `properties` were changed."""
    body: JsonObject = {**before}
    for name in ("displayName", "publicNetworkAccess"):
        if name in properties:
            body[name] = properties[name]
    rules = properties.get("networkRuleSets")
    action = rules.get("defaultAction") if isinstance(rules, dict) else None
    shown = properties_of(before)["networkRuleSets"]
    if isinstance(shown, dict) and action is not None and action != shown["defaultAction"]:
        body["listeners"] = {
            name: {**each, "defaultAction": action} for name, each in _listeners(before).items()
        }
    return body


def parts(content: JsonObject) -> Iterator[tuple[str, str, JsonObject]]:
    """What is judged by itself inside of the application: type, name and properties."""
    properties = content.get("properties")
    if not isinstance(properties, dict):
        return
    access = properties.get("publicNetworkAccess")
    for name, listener in _listeners(properties).items():
        yield LISTENER_TYPE, name, {**listener, "publicNetworkAccess": access}
    connections = properties.get("privateEndpointConnections")
    for connection in connections if isinstance(connections, list) else ():
        if isinstance(connection, dict):
            yield CONNECTION_TYPE, str(connection["name"]).replace("/", "_"), _approved()
