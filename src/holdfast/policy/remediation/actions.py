"""What deployIfNotExists comes to here: deployment templates of the published definitions as our own changes.

A new one is an entry of `ACTIONS`, by the type that the definition deploys.
"""

from collections.abc import Callable, Mapping
from typing import Final

from holdfast.kernel.errors import ConflictError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.network import parse_network
from holdfast.policy.types.application import CONNECTION_TYPE

Deploy = Callable[[JsonObject, Mapping[str, object]], JsonObject]
"""From a resource's body and the parameters of the policy (names in lower case) to the body after it.

Raises ConflictError with the reason when it cannot be done.
"""


def _add_private_network(body: JsonObject, parameters: Mapping[str, object]) -> JsonObject:
    """A private endpoint is a private network here; a parameter of the assignment names it."""
    networks = body.get("privateNetworks")
    present: list[JsonValue] = list(networks) if isinstance(networks, list) else []
    for value in parameters.values():
        network = _private_network(value)
        if network is not None:
            return {**body, "privateNetworks": [*present, network]}
    raise ConflictError(
        "A private endpoint is a private network here: give one of the assignment's parameters "
        "(privateEndpointSubnetId) the network, such as 10.4.0.0/16."
    )


def _private_network(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        network = parse_network(value)
    except InvalidError:
        return None
    return str(network) if network.is_private and network.prefixlen > 0 else None


ACTIONS: Final[Mapping[str, Deploy]] = {CONNECTION_TYPE.lower(): _add_private_network}
"""By the deployed type in lower case."""


def action_for(related_type: str) -> Deploy:
    """What deploying a type comes to. ConflictError when there is no such thing here."""
    action = ACTIONS.get(related_type.lower())
    if action is None:
        raise ConflictError(f"It deploys {related_type}, which is nothing that this product could make.")
    return action
