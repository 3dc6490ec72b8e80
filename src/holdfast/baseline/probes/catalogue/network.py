"""The network: listeners where they were put, and nowhere else."""

import ipaddress
from collections.abc import Iterator

from holdfast.baseline.probes.context import Endpoint, ProbeContext
from holdfast.baseline.probes.observation import Sight
from holdfast.baseline.probes.sockets import connected


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
