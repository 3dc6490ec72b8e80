"""The network: listeners where they were put, and nobody at them who should not be there."""

import ipaddress
import threading
import time
from collections.abc import Iterator

from holdfast.baseline.probes.context import DRILLS, Endpoint, Persona, ProbeContext
from holdfast.baseline.probes.devices import demand
from holdfast.baseline.probes.http import ask
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


def rules_apply_here(context: ProbeContext) -> Iterator[Sight]:
    """Knock from the probes' own address, which the configured rules admit or not.

    In force is a rule that shuts strangers out; on a loopback address there are none.
    """
    for surface, endpoint in context.endpoints.items():
        rules = context.rules[surface]
        admitted = not rules.verdict(context.source)
        seen = _before_tls(context, endpoint, context.source)
        good = seen.startswith(_TLS_ANSWER) if admitted else not seen
        yield Sight(
            f"{surface}, from {context.source}",
            "a TLS answer, as its rules admit it" if admitted else "closed, as its rules say",
            seen or "closed without a byte",
            good,
            in_force=bool(rules.verdict(STRANGER)) or ipaddress.ip_address(endpoint.address).is_loopback,
        )


_TLS_ANSWER = "an answer: 16"
"""A TLS record with a handshake message."""

OPEN: JsonObject = {
    "publicNetworkAccess": "Enabled",
    "privateNetworks": [],
    "listeners": {
        name: {"defaultAction": "Allow", "ipRules": []} for name in ("devices", "people", "sensors")
    },
}
"""The rules of a new instance."""
_IN_FORCE_SECONDS = 10.0
"""A change of the rules reaches the listeners well within this time."""
_shared_rules = threading.Lock()
"""Both probes change the rules of the instance that they share, so they take turns."""


def other_sources_refused(context: ProbeContext) -> Iterator[Sight]:
    """Let an instance of its own admit the probes' network by rule, and knock from it and from another."""
    only: JsonObject = {"defaultAction": "Deny", "ipRules": [{"filterName": "the probes", "ipMask": DRILLS}]}
    yield from _shut_out(context, {"listeners": {"devices": only, "people": only, "sensors": only}})


def public_access_off(context: ProbeContext) -> Iterator[Sight]:
    """Switch public access off on an instance of its own, and knock from inside and outside."""
    yield from _shut_out(context, {"publicNetworkAccess": "Disabled", "privateNetworks": [DRILLS]})


def _shut_out(context: ProbeContext, rules: JsonObject) -> Iterator[Sight]:
    assert context.scratch is not None  # the probe needs it
    with context.scratch.shared() as drill, _shared_rules:
        _configure(drill, rules)
        try:
            for surface, endpoint in drill.endpoints.items():
                seen = _until_closed(drill, endpoint, context.source)
                with secured(drill, endpoint):
                    pass
                yield Sight(
                    f"{surface}, from another address",
                    "closed before TLS, while the admitted address gets in",
                    seen or "closed without a byte",
                    passed=not seen,
                )
        finally:
            _configure(drill, OPEN)


def _configure(drill: ProbeContext, rules: JsonObject) -> None:
    demand(ask(drill, "PATCH", "/api/application", Persona.KEEPER, rules), "a change of the network rules")


def _until_closed(context: ProbeContext, endpoint: Endpoint, source: str) -> str:
    """What comes back from the endpoint once the rules have reached it; nothing when it is closed."""
    end = context.clock.monotonic() + _IN_FORCE_SECONDS
    while (seen := _before_tls(context, endpoint, source)) and context.clock.monotonic() < end:
        time.sleep(0.05)
    return seen


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
