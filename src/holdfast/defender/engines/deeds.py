"""What the acts of all protocols mean to the engines: one policy, one rule and one rate for each."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from holdfast.defender.engines.model import Act, Deed, Rate, Rule, Scenario, Table
from holdfast.defender.learned.traffic import Entry
from holdfast.defender.record import Record

_POLICY: Final = {
    Act.PROGRAM: "unauthorized-plc-programming",
    Act.UPLOAD: "unauthorized-plc-program-upload",
    Act.CONFIGURE: "unauthorized-plc-configuration-write",
    Act.INSPECT: "unauthorized-plc-configuration-read",
}
"""Acts that are normal between some devices and a violation between others."""

_INCIDENT: Final = {
    Act.STOP: "controller-stop",
    Act.START: "plc-operating-mode-changed",
    Act.RESET: "controller-reset",
    Act.FIRMWARE: "firmware-update",
    Act.CONFIGURE: "change-of-device-configuration",
}
"""Acts that are worth telling whoever does them."""

UNAUTHENTICATED: Final = frozenset(
    {"modbus", "umas", "dnp3", "cip", "s7comm", "bacnet", "iec104", "mms", "pn_dcp"}
)
"""Protocols in which whoever reaches a device may act on it."""

_TERMINATION: Final = "abnormal-termination-of-applications"


def expand(table: Table) -> Table:
    """The table with the rows that its deeds stand for."""
    scenarios = tuple(_scenario(deed) for deed in table.deeds if deed.act in _POLICY)
    rules = tuple(_rule(deed) for deed in table.deeds if deed.act in _INCIDENT)
    rates = tuple(_rate(deed) for deed in table.deeds if deed.act is Act.STOP)
    return replace(
        table,
        scenarios=table.scenarios + scenarios,
        rules=table.rules + rules,
        rates=table.rates + rates,
    )


def _scenario(deed: Deed) -> Scenario:
    return Scenario(
        name=f"act.{deed.act.value}",
        alert=_POLICY[deed.act],
        select=deed.select,
        what=_entries(deed),
        text="{0}",
        steady=deed.steady,
    )


def _entries(deed: Deed) -> Callable[[Record], Iterable[Entry]]:
    def entries(record: Record) -> Iterator[Entry]:
        if deed.when is None or deed.when(record):
            yield (f"{record.protocol}: {deed.text}",)

    return entries


def _rule(deed: Deed) -> Rule:
    def observe(record: Record) -> str | None:
        return deed.text if deed.when is None or deed.when(record) else None

    return Rule(
        alert=deed.alert or _INCIDENT[deed.act],
        select=deed.select,
        observe=observe,
        expected="only while somebody works on the device",
        steady=deed.steady,
    )


def _rate(deed: Deed) -> Rate:
    return Rate(
        alert=_TERMINATION,
        select=deed.select,
        text="{count} stop commands within {window}",
        expected="a stop now and then",
        when=deed.when,
        steady=deed.steady,
    )
