"""The application's own configuration as a resource: its name, and who may connect from where.

There is one resource of this kind, `application`. The gateway and the control role hold the `NetworkRules`
made from it and renew them when the relay announces a change; the console, the API and the Azure Resource
Manager surface (`Microsoft.IoTCentral/iotApps`) are three faces of this one resource.
"""

from enum import StrEnum

from holdfast.kernel.errors import ConflictError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.network import MAXIMUM_RULES, IpRule, NetworkRules, parse_network
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Draft, Kind, Reader

APPLICATION = "application"
"""The kind's name and the id of its only resource."""


class Listener(StrEnum):
    """The three listeners, each with rules of its own."""

    DEVICES = "devices"
    PEOPLE = "people"
    SENSORS = "sensors"


DEFAULT_BODY: JsonObject = {
    "displayName": "Holdfast",
    "publicNetworkAccess": "Enabled",
    "privateNetworks": ["127.0.0.0/8", "::1/128"],
    "listeners": {listener.value: {"defaultAction": "Allow", "ipRules": []} for listener in Listener},
}
"""What a new instance has. Its listeners are bound to loopback, so `Enabled` admits this machine alone."""


def _strings(value: JsonValue, field: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidError(f"{field} must be a list of texts.", field)
    if len(value) > MAXIMUM_RULES:
        raise InvalidError(f"{field} holds {len(value)} entries; at most {MAXIMUM_RULES} are allowed.", field)
    return [str(item) for item in value]


def _choice(value: JsonValue, allowed: tuple[str, ...], field: str) -> str:
    for choice in allowed:
        if isinstance(value, str) and value.lower() == choice.lower():
            return choice
    raise InvalidError(f"{field} must be {' or '.join(allowed)}.", field)


def _listener(value: JsonValue, field: str) -> JsonObject:
    if not isinstance(value, dict) or (unknown := sorted(set(value) - {"defaultAction", "ipRules"})):
        extra = f"; {unknown[0]} is not known" if isinstance(value, dict) else ""
        raise InvalidError(f"{field} must be an object with defaultAction and ipRules{extra}.", field)
    rules = value.get("ipRules", [])
    if not isinstance(rules, list) or len(rules) > MAXIMUM_RULES:
        raise InvalidError(
            f"{field}/ipRules must be a list of at most {MAXIMUM_RULES} rules.", f"{field}/ipRules"
        )
    checked: list[JsonValue] = []
    names: set[str] = set()
    for number, rule in enumerate(rules):
        place = f"{field}/ipRules/{number}"
        if not isinstance(rule, dict) or not isinstance(name := rule.get("filterName"), str) or not name:
            raise InvalidError(f"{place} needs a filterName and an ipMask.", place)
        if name in names:
            raise InvalidError(f"{place}: another rule is called {name!r} too.", place)
        names.add(name)
        network = parse_network(str(rule.get("ipMask", "")), f"{place}/ipMask")
        checked.append({"filterName": name, "ipMask": str(network)})
    action = _choice(value.get("defaultAction", "Allow"), ("Allow", "Deny"), f"{field}/defaultAction")
    return {"defaultAction": action, "ipRules": checked}


def _validate(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.id != APPLICATION:
        raise InvalidError("There is one application; its id is `application`.", "/id")
    if draft.change.action is Action.DELETE:
        raise ConflictError("The application cannot be deleted; remove the instance instead.")
    body = draft.body
    name = body.get("displayName")
    if not isinstance(name, str) or not 1 <= len(name) <= 128:
        raise InvalidError("/displayName must be a text of 1 to 128 characters.", "/displayName")
    listeners = body.get("listeners", {})
    if not isinstance(listeners, dict) or set(listeners) - {listener.value for listener in Listener}:
        raise InvalidError("/listeners may have devices, people and sensors.", "/listeners")
    checked: JsonObject = {
        **body,
        "publicNetworkAccess": _choice(
            body.get("publicNetworkAccess", "Enabled"), ("Enabled", "Disabled"), "/publicNetworkAccess"
        ),
        "privateNetworks": [
            str(parse_network(text, f"/privateNetworks/{number}"))
            for number, text in enumerate(_strings(body.get("privateNetworks", []), "/privateNetworks"))
        ],
        "listeners": {
            listener.value: _listener(listeners.get(listener.value, {}), f"/listeners/{listener.value}")
            for listener in Listener
        },
    }
    _refuse_locking_out(draft, checked)
    return checked


def _refuse_locking_out(draft: Draft, body: JsonObject) -> None:
    """A person who changes the rules over the network must still get in afterwards."""
    if not draft.principal.address:
        return
    reason = network_rules(body, Listener.PEOPLE).verdict(draft.principal.address)
    if reason:
        message = (
            f"With these rules your own address {draft.principal.address} could not connect any more "
            f"({reason}). "
            "Add it to the people listener's ipRules or to privateNetworks first."
        )
        raise ConflictError(message)


APPLICATION_KIND = Kind(
    name=APPLICATION,
    read=Permission.NETWORK_READ,
    create=Permission.NETWORK_MANAGE,
    update=Permission.NETWORK_MANAGE,
    delete=Permission.NETWORK_MANAGE,
    validate=_validate,
    policy_type="Microsoft.IoTCentral/iotApps",
    deletable=False,
)


def network_rules(body: JsonObject, listener: Listener) -> NetworkRules:
    """The rules of one listener from the application's (validated) body."""
    listeners = body.get("listeners")
    chosen = listeners.get(listener.value) if isinstance(listeners, dict) else None
    rules = chosen if isinstance(chosen, dict) else {}
    named = rules.get("ipRules")
    private = body.get("privateNetworks")
    return NetworkRules(
        default_action="Deny" if rules.get("defaultAction") == "Deny" else "Allow",
        rules=tuple(
            IpRule(str(rule["filterName"]), parse_network(str(rule["ipMask"])))
            for rule in (named if isinstance(named, list) else [])
            if isinstance(rule, dict)
        ),
        public_access=body.get("publicNetworkAccess") != "Disabled",
        private_networks=tuple(parse_network(str(n)) for n in (private if isinstance(private, list) else [])),
    )
