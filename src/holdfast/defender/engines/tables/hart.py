"""HART-IP (FieldComm Group, TP10300) and the HART commands in it."""

from collections.abc import Callable

from holdfast.defender.engines.model import MALFORMED, REQUESTS, Act, Deed, Rule, Table, on
from holdfast.defender.engines.tables.rows import states
from holdfast.defender.record import Record

_WRITES = frozenset({
    6, 17, 18, 19, 22, 34, 35, 36, 37, 40, 43, 44, 45, 46, 47, 49, 50, 51, 53, 55, 56, 59, 64, 65, 79,
})  # fmt: skip
"""Universal and common-practice commands that change the device (HCF_SPEC-127, HCF_SPEC-151)."""
_RESET = frozenset({42})


def _command(numbers: frozenset[int]) -> Callable[[Record], bool]:
    def test(record: Record) -> bool:
        key = record.key
        return isinstance(key, tuple) and len(key) > 1 and key[1] in numbers

    return test


HART_IP = Table(
    "hart_ip",
    industrial=True,
    rules=(Rule("illegal-protocol-version", on(MALFORMED, "version"), states("{reason}"), "version 1"),),
    deeds=(
        Deed(Act.CONFIGURE, on(REQUESTS), "changes the field device", _command(_WRITES)),
        Deed(Act.RESET, on(REQUESTS), "resets the field device", _command(_RESET)),
    ),
)
