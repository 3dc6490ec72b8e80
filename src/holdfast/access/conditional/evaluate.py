"""Conditional access, decided: pure functions of compiled policies and the circumstances of a request."""

import datetime
import ipaddress
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from holdfast.access.bodies import read_body
from holdfast.access.conditional.model import Client, Control, Policy, Risk, State, Window
from holdfast.access.conditional.strength import satisfies
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.network import Address, Network, parse_address
from holdfast.kernel.principal import PrincipalKind
from holdfast.resources.model import Resource

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Who asks, from where, when, and how they signed in."""

    principal: str
    kind: PrincipalKind
    client: Client
    address: str
    """The client's IP address; empty when unknown, which lies in no network."""
    now: float
    memberships: frozenset[str] = frozenset()
    """The ids of the principal's groups, and `role:<id>` for each role that it holds."""
    methods: frozenset[str] = frozenset()
    acr: str = ""
    authenticated_at: float = 0.0
    risk: Risk = Risk.NONE
    break_glass: bool = False


class Interval(NamedTuple):
    """A compiled window: minutes of the day, in a zone."""

    days: frozenset[int]
    start: int
    end: int
    zone: zoneinfo.ZoneInfo


@dataclass(frozen=True, slots=True)
class Compiled:
    """A policy with everything parsed that can be parsed beforehand."""

    id: str
    name: str
    state: State
    control: Control
    include: frozenset[str]
    exclude: frozenset[str]
    kinds: frozenset[PrincipalKind]
    clients: frozenset[Client]
    networks: tuple[Network, ...]
    other_networks: tuple[Network, ...]
    times: tuple[Interval, ...]
    other_times: tuple[Interval, ...]
    risk: Risk


class Unmet(NamedTuple):
    """A policy that is not satisfied, and by what it would be."""

    policy: str
    name: str
    needs: str
    """`blocked`, `mfa`, `phishingResistant`, `fresh-sign-in` or `acr`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all policies together say."""

    refused: tuple[Unmet, ...] = ()
    reported: tuple[Unmet, ...] = ()
    """What policies in report-only mode would have refused."""
    applied: tuple[str, ...] = field(default=())
    """The ids of the policies that applied, satisfied or not."""

    @property
    def allowed(self) -> bool:
        """Whether the request may go on."""
        return not self.refused


def compile_policy(stored: Resource) -> Compiled:
    """A stored policy, ready to be evaluated at every request."""
    policy = read_body(stored.body, Policy)
    conditions = policy.conditions
    return Compiled(
        id=stored.id,
        name=policy.display_name,
        state=policy.state,
        control=policy.control,
        include=frozenset(conditions.principals.include),
        exclude=frozenset(conditions.principals.exclude),
        kinds=frozenset(conditions.kinds),
        clients=frozenset(conditions.clients),
        networks=tuple(ipaddress.ip_network(text) for text in conditions.networks.include),
        other_networks=tuple(ipaddress.ip_network(text) for text in conditions.networks.exclude),
        times=tuple(map(_interval, conditions.times.include)),
        other_times=tuple(map(_interval, conditions.times.exclude)),
        risk=Risk[conditions.risk.upper()],
    )


def evaluate(policies: Iterable[Compiled], asked: Circumstances) -> Verdict:
    """Every policy that is not disabled, on one request. Break-glass accounts are never refused."""
    address = _address(asked.address)
    refused: list[Unmet] = []
    reported: list[Unmet] = []
    applied: list[str] = []
    for policy in policies:
        if policy.state is State.DISABLED or not applies(policy, asked, address):
            continue
        applied.append(policy.id)
        needs = _needs(policy.control, asked)
        if needs:
            decisive = policy.state is State.ENABLED and not asked.break_glass
            (refused if decisive else reported).append(Unmet(policy.id, policy.name, needs))
    return Verdict(tuple(refused), tuple(reported), tuple(applied))


def applies(policy: Compiled, asked: Circumstances, address: Address | None) -> bool:
    """Whether every condition of the policy matches."""
    return (
        concerns(policy, asked.principal, asked.kind, asked.memberships)
        and (not policy.clients or asked.client in policy.clients)
        and asked.risk >= policy.risk
        and _matches_network(policy, address)
        and _matches_time(policy, asked.now)
    )


def concerns(policy: Compiled, principal: str, kind: PrincipalKind, memberships: frozenset[str]) -> bool:
    """Whether the policy is about this principal at all, whatever the circumstances."""
    if policy.kinds and kind not in policy.kinds:
        return False
    if principal in policy.exclude or policy.exclude & memberships:
        return False
    return not policy.include or principal in policy.include or bool(policy.include & memberships)


def _matches_network(policy: Compiled, address: Address | None) -> bool:
    """An unknown address is in every network that a policy is about and in none that it leaves out."""
    if address is None:
        return True
    if policy.networks and not any(address in network for network in policy.networks):
        return False
    return not any(address in network for network in policy.other_networks)


def _matches_time(policy: Compiled, now: float) -> bool:
    if policy.times and not any(_within(interval, now) for interval in policy.times):
        return False
    return not any(_within(interval, now) for interval in policy.other_times)


def _within(interval: Interval, now: float) -> bool:
    local = datetime.datetime.fromtimestamp(now, tz=interval.zone)
    minute, day = local.hour * 60 + local.minute, local.weekday()
    if interval.start < interval.end:
        return day in interval.days and interval.start <= minute < interval.end
    yesterday = (day - 1) % 7
    return (day in interval.days and minute >= interval.start) or (
        yesterday in interval.days and minute < interval.end
    )


def _needs(control: Control, asked: Circumstances) -> str:
    """What would satisfy the control; empty when it is satisfied."""
    if control.action == "block":
        return "blocked"
    if not satisfies(asked.methods, control.strength):
        return control.strength.value
    age = asked.now - asked.authenticated_at
    if control.maximum_age_minutes and age > control.maximum_age_minutes * 60:
        return "fresh-sign-in"
    if control.acr and asked.acr not in control.acr:
        return "acr"
    return ""


def _interval(window: Window) -> Interval:
    return Interval(
        frozenset(_DAYS.index(day) for day in window.days),
        _minutes(window.start),
        _minutes(window.end),
        zoneinfo.ZoneInfo(window.zone),
    )


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def _address(text: str) -> Address | None:
    try:
        return parse_address(text)
    except InvalidError:
        return None
