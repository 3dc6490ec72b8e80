"""Conditional access policies as people write them, checked.

A policy applies when every condition that it names matches; then its control decides. All policies that apply
must be satisfied, so adding a policy can only narrow access.
"""

import zoneinfo
from enum import IntEnum, StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import AccessInvalidError
from holdfast.access.people.names import check_name
from holdfast.kernel.json import JsonObject
from holdfast.kernel.network import parse_network
from holdfast.kernel.principal import PrincipalKind

MAXIMUM_ENTRIES = 1000
"""Of one list in a policy."""

TimeOfDay = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class State(StrEnum):
    """Whether a policy decides."""

    ENABLED = "enabled"
    REPORT_ONLY = "reportOnly"
    """It is evaluated and its result recorded, and refuses nobody."""
    DISABLED = "disabled"


class Client(StrEnum):
    """What a request is made with."""

    BROWSER = "browser"
    """A session of the console."""
    BEARER = "bearer"
    """A token of the identity provider: scripts and services."""
    API_TOKEN = "apiToken"  # noqa: S105 - the name of a kind of client


class Risk(IntEnum):
    """How likely it is that the principal is not who it seems."""

    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Window(Struct, frozen=True, forbid_unknown_fields=True):
    """Hours on some days of the week. An `end` before the `start` is on the day after."""

    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...]
    start: TimeOfDay = "00:00"
    end: TimeOfDay = "24:00"
    zone: str = "UTC"
    """A name of the IANA time zone database, such as `Europe/Berlin`."""


class Principals(Body, frozen=True):
    """Whom it concerns: everyone when nothing is included. Ids of users, groups, tokens; `role:<id>`."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class Networks(Body, frozen=True):
    """Where the request comes from: anywhere when nothing is included."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class Times(Body, frozen=True):
    """When: always when nothing is included."""

    include: tuple[Window, ...] = ()
    exclude: tuple[Window, ...] = ()


class Conditions(Body, frozen=True):
    """When a policy applies. What is left out matches everything."""

    principals: Principals = Principals()
    kinds: tuple[PrincipalKind, ...] = ()
    clients: tuple[Client, ...] = ()
    networks: Networks = Networks()
    times: Times = Times()
    risk: Literal["none", "low", "medium", "high"] = "none"
    """Applies from this risk on."""


class Strength(StrEnum):
    """How somebody must have signed in."""

    ANY = "any"
    MFA = "mfa"
    """Two factors of different kinds."""
    PHISHING_RESISTANT = "phishingResistant"
    """A passkey, a smart card or another proof that is bound to this site."""


class Control(Body, frozen=True):
    """What happens when the policy applies."""

    action: Literal["block", "require"] = "require"
    strength: Strength = Strength.ANY
    maximum_age_minutes: Annotated[int, Meta(ge=0, le=525_600)] = 0
    """How long ago the sign-in may be; 0 for any time."""
    acr: tuple[str, ...] = ()
    """The authentication contexts of the provider of which one is needed."""


class Policy(Body, frozen=True):
    """The body of a `conditionalAccessPolicy`."""

    display_name: str
    state: State = State.REPORT_ONLY
    conditions: Conditions = Conditions()
    control: Control = Control()


def checked_policy(body: JsonObject) -> JsonObject:
    """The body with every part checked and normalized. AccessInvalidError naming what is wrong."""
    policy = read_body(body, Policy)
    conditions, control = policy.conditions, policy.control
    if control == Control():
        raise AccessInvalidError("The policy requires nothing; block, or require something.", "/control")
    if control.action == "block" and control != Control(action="block"):
        raise AccessInvalidError("A policy that blocks cannot require something as well.", "/control")
    for field, windows in (("include", conditions.times.include), ("exclude", conditions.times.exclude)):
        for index, window in enumerate(windows):
            _check_window(window, f"/conditions/times/{field}/{index}")
    networks = Networks(
        _networks(conditions.networks.include, "/conditions/networks/include"),
        _networks(conditions.networks.exclude, "/conditions/networks/exclude"),
    )
    normalized = Conditions(
        conditions.principals,
        conditions.kinds,
        conditions.clients,
        networks,
        conditions.times,
        conditions.risk,
    )
    _check_lengths(normalized)
    name = check_name(policy.display_name, "/displayName")
    return to_body(Policy(name, policy.state, normalized, control))


def _networks(texts: tuple[str, ...], field: str) -> tuple[str, ...]:
    return tuple(str(parse_network(text, f"{field}/{index}")) for index, text in enumerate(texts))


def _check_window(window: Window, field: str) -> None:
    if not window.days:
        raise AccessInvalidError(f"{field}/days must name a day.", f"{field}/days")
    if window.start == "24:00" or window.start == window.end:
        raise AccessInvalidError(f"{field} has no length.", field)
    try:
        zoneinfo.ZoneInfo(window.zone)
    except (KeyError, ValueError, OSError) as error:  # unknown, out of the database, too long for a file
        raise AccessInvalidError(
            f"{field}/zone: {window.zone!r} is no time zone; name one such as Europe/Berlin.", f"{field}/zone"
        ) from error


def _check_lengths(conditions: Conditions) -> None:
    lists = {
        "principals/include": conditions.principals.include,
        "principals/exclude": conditions.principals.exclude,
        "networks/include": conditions.networks.include,
        "networks/exclude": conditions.networks.exclude,
        "times/include": conditions.times.include,
        "times/exclude": conditions.times.exclude,
    }
    for field, entries in lists.items():
        if len(entries) > MAXIMUM_ENTRIES:
            raise AccessInvalidError(
                f"/conditions/{field} has {len(entries)} entries; at most {MAXIMUM_ENTRIES}.", field
            )
