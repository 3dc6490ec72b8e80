"""What conversations show, whatever they carry."""

from holdfast.defender.engines.model import FLOW, Per, Rate, Rule, Table, on
from holdfast.defender.record import Record


def _attempt(record: Record) -> bool:
    return record.direction.to_server


def _port_zero(record: Record) -> str | None:
    direction = record.direction
    if direction.destination.port == 0:
        return f"a connection to port 0 of {direction.destination.ip}"
    return None


_PORT_ZERO = Rule("illegal-connection-attempt-on-port-0", on(FLOW, "opened"), _port_zero, "ports 1 to 65535")

TCP = Table(
    "tcp",
    rules=(_PORT_ZERO,),
    rates=(
        Rate(
            "suspicion-of-denial-of-service-attack",
            on(FLOW, "opened"),
            "{count} connection attempts within {window}",
            "no more attempts than a device can serve",
            when=_attempt,
            per=Per.LISTENER,
        ),
        Rate(
            "excessive-number-of-sessions",
            on(FLOW, "established"),
            "{count} sessions within {window}",
            "a few sessions",
        ),
    ),
)

UDP = Table("udp", rules=(_PORT_ZERO,))
