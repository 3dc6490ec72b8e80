"""Risk signals: what detections say about a principal or an address, for a while.

A detection (of this product or of somebody else's, through the API) puts a `riskSignal`; conditional access
reads it at the next request. Its id is `principal:<id>` or `address:<ip>`, so a later signal replaces it.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.conditional.model import Risk
from holdfast.access.errors import AccessInvalidError
from holdfast.access.ports import Ports
from holdfast.access.reading import everything
from holdfast.kernel.json import JsonObject
from holdfast.kernel.network import parse_address
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM
from holdfast.resources.model import Action, Change, Draft, IndexType, Kind, Reader, Resource
from holdfast.resources.query import Compare, Operator

KIND = "riskSignal"
MAXIMUM_SECONDS = 30 * 86_400.0
PRINCIPAL = "principal:"
ADDRESS = "address:"


class RiskSignal(Body, frozen=True):
    """The body."""

    level: Literal["low", "medium", "high"]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    until: float
    """Unix seconds; at most 30 days ahead."""
    source: Annotated[str, Meta(max_length=128)] = ""
    """The detection: an alert's id, an engine's name."""


class Signal(NamedTuple):
    """A stored signal, as decisions read it."""

    level: Risk
    until: float


Signals = Mapping[str, Signal]


def signals_from(stored: Iterable[Resource]) -> Signals:
    """The stored signals by what they are about."""
    bodies = ((signal.id, read_body(signal.body, RiskSignal)) for signal in stored)
    return {about: Signal(Risk[body.level.upper()], body.until) for about, body in bodies}


def risk_of(signals: Signals, principal: str, address: str, now: float) -> Risk:
    """The highest risk that is signalled about the principal or the address."""
    found = (signals.get(PRINCIPAL + principal), signals.get(ADDRESS + address))
    return max((s.level for s in found if s is not None and s.until > now), default=Risk.NONE)


def remove_lapsed(ports: Ports) -> None:
    """Delete the signals whose time is over. Blocking."""
    over = Compare("until", Operator.LESS_OR_EQUAL, ports.clock.now())
    for signal in list(everything(ports.store, KIND, over)):
        ports.changes.apply(SYSTEM, Change(Action.DELETE, KIND, signal.id))


def _validate(draft: Draft, _reader: Reader) -> JsonObject:
    about = draft.change.id
    if about.startswith(ADDRESS):
        if str(parse_address(about.removeprefix(ADDRESS))) != about.removeprefix(ADDRESS):
            raise AccessInvalidError("Write the address in its shortest form.", "/id")
    elif not about.startswith(PRINCIPAL):
        raise AccessInvalidError(f"A signal is about `{PRINCIPAL}<id>` or `{ADDRESS}<ip>`.", "/id")
    if draft.organization != ROOT:
        raise AccessInvalidError("Risk signals belong to the application.")
    asked = read_body(draft.body, RiskSignal)
    if not draft.now < asked.until <= draft.now + MAXIMUM_SECONDS:
        raise AccessInvalidError("/until must lie ahead, at most 30 days.", "/until")
    return to_body(asked)


RISK_SIGNAL = Kind(
    name=KIND,
    read=Permission.ACCESS_READ,
    create=Permission.ACCESS_MANAGE,
    update=Permission.ACCESS_MANAGE,
    delete=Permission.ACCESS_MANAGE,
    validate=_validate,
    indexed={"level": IndexType.TEXT, "until": IndexType.NUMBER},
)
