"""The network: listeners where they were put, and nobody at them who should not be there."""

import ipaddress
from collections.abc import Callable, Iterator

from holdfast.baseline.probes.context import Endpoint, ProbeContext
from holdfast.baseline.probes.observation import Sight
from holdfast.baseline.probes.sockets import client_hello, connected, secured
from holdfast.kernel.json import JsonObject


def only_chosen_addresses_listen(context: ProbeContext) -> Iterator[Sight]:
    """Knock at the same ports of another address of this machine: that of the probes."""
    for surface, endpoint in context.endpoints.items():
        subject = f"{surface}, port {endpoint.port}"
        with connected(context, endpoint):
            pass
        if ipaddress.ip_address(endpoint.address).is_unspecified:
            yield Sight(subject, "an answer on the chosen addresses", "listens on all of them", True, False)
            continue
        other = Endpoint(context.source, endpoint.port, endpoint.server_name)
        expected = f"an answer on {endpoint.address} and none on {context.source}"
        open_too = _answers(context, other)
        observed = f"{context.source} answers too" if open_too else "only the chosen address answers"
        yield Sight(subject, expected, observed, not open_too, in_force=not open_too)


def _answers(context: ProbeContext, endpoint: Endpoint) -> bool:
    try:
        with connected(context, endpoint):
            return True
    except OSError:
        return False


STRANGER = "203.0.113.7"
"""An address of the public network (TEST-NET-3, RFC 5737)."""


def other_sources_refused(context: ProbeContext) -> Iterator[Sight]:
    """Let an instance of its own admit one address by rule, and knock from it and from another."""

    def only(address: str) -> JsonObject:
        rules: JsonObject = {
            "defaultAction": "Deny",
            "ipRules": [{"filterName": "the probe", "ipMask": address}],
        }
        return {"listeners": {"devices": rules, "people": rules, "sensors": rules}}

    yield from _shut_out(context, only)


def public_access_off(context: ProbeContext) -> Iterator[Sight]:
    """Switch public access off on an instance of its own, and knock from inside and outside."""
    yield from _shut_out(
        context, lambda address: {"publicNetworkAccess": "Disabled", "privateNetworks": [address]}
    )


def _shut_out(context: ProbeContext, application: Callable[[str], JsonObject]) -> Iterator[Sight]:
    assert context.scratch is not None  # the probe needs it
    with context.scratch(application) as drill:
        for surface, endpoint in drill.endpoints.items():
            rules = context.rules.get(surface)
            in_force = bool(rules and rules.verdict(STRANGER))
            with secured(drill, endpoint):
                pass
            seen = _before_tls(drill, endpoint, context.source)
            yield Sight(
                f"{surface}, from another address",
                "closed before TLS, while the admitted address gets in",
                seen or "closed without a byte",
                passed=not seen,
                in_force=in_force,
            )


def _before_tls(context: ProbeContext, endpoint: Endpoint, source: str) -> str:
    """What comes back to the beginning of a TLS handshake from `source`; nothing when it is closed."""
    try:
        with connected(context, endpoint, source) as connection:
            connection.sendall(client_hello(b"\3\3", context.randomness.bytes(32)))
            answer = connection.recv(64)
    except ConnectionError:
        return ""
    except TimeoutError:
        return "an open connection that stays silent"
    return f"an answer: {answer[:5].hex()}" if answer else ""
