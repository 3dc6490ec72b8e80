"""What people configure of network monitoring, as resources: their changes are authorized, judged and
audited.

Sites and zones are organizations: a sensor, a capture or a rule lives at a node of the tree, and who holds a
role there or above sees it.
"""

import re
from collections.abc import Container, Iterable, Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.alerts.exclusion import MAXIMUM_WINDOW, ExclusionRule, Hours, Window, parse_network
from holdfast.alerts.model import AlertType
from holdfast.defender.catalogue.table import ENGINES, alert_types
from holdfast.defender.dissect.registry import PROTOCOLS
from holdfast.defender.inventory.model import AssetType
from holdfast.defender.learned.stages import Stage
from holdfast.defender.network.queries import Subject, checked_columns, checked_filters
from holdfast.defender.platform.types import BY_ID as PLATFORM_TYPES
from holdfast.defender.platform.types import ENGINE as PLATFORM
from holdfast.defender.rules.file import parse_rules
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader, Resource

SENSOR: Final = "sensor"
CAPTURE: Final = "capture"
ASSET: Final = "asset"
EXCLUSION: Final = "alertExclusion"
WINDOW: Final = "maintenanceWindow"
RULE: Final = "detectionRule"
QUERY: Final = "networkQuery"

EXCLUDED_ENGINES: Final = (*ENGINES.values(), PLATFORM)
"""Whose alerts exclusion rules and maintenance windows may leave out."""

_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9\-._:]{0,126}[A-Za-z0-9\-])?")
_Name = Annotated[str, Meta(min_length=1, max_length=148)]
_Short = Annotated[str, Meta(max_length=256)]
_Networks = Annotated[list[_Short], Meta(max_length=1000)]


class SensorSetup(Body, frozen=True):
    """How a sensor is to work; sent to it whenever it changes."""

    local: _Networks = msgspec.field(default_factory=list)
    """Public ranges that belong to the plant."""
    office: _Networks = msgspec.field(default_factory=list)
    """IT subnets, between which only malware is reported."""
    scanners: _Networks = msgspec.field(default_factory=list)
    """Addresses of approved scanners."""
    enabled: dict[_Short, bool] = msgspec.field(default_factory=dict)
    """Alert types that are on or off against their default."""
    stage: Stage | None = None
    """The stage to enter; None leaves it."""


class SensorBody(Body, frozen=True):
    """A sensor: the device of the same id reports what it hears."""

    display_name: _Name
    description: _Short = ""
    setup: SensorSetup = msgspec.field(default_factory=SensorSetup)


class CaptureBody(Body, frozen=True):
    """A capture file that a person uploaded to be analyzed."""

    display_name: _Name
    octets: Annotated[int, Meta(ge=1)]
    stage: Stage | None = None
    """None: learn where the zone has learned nothing yet, judge where it has."""


class AssetEdit(Body, frozen=True):
    """What people say of an asset; members that are left out stay as they were seen."""

    name: _Name | msgspec.UnsetType = msgspec.UNSET
    type: AssetType | msgspec.UnsetType = msgspec.UNSET
    authorized: bool | msgspec.UnsetType = msgspec.UNSET
    important: bool | msgspec.UnsetType = msgspec.UNSET
    scanner: bool | msgspec.UnsetType = msgspec.UNSET
    programming: bool | msgspec.UnsetType = msgspec.UNSET
    description: _Short | msgspec.UnsetType = msgspec.UNSET
    location: _Short | msgspec.UnsetType = msgspec.UNSET
    device: _Short | msgspec.UnsetType = msgspec.UNSET
    """Id of the enrolled device that it is; the empty text unlinks it."""


class HoursBody(Body, frozen=True):
    """A part of every chosen weekday (0 is Monday), in minutes after midnight UTC."""

    start: Annotated[int, Meta(ge=0, lt=1440)]
    end: Annotated[int, Meta(ge=0, lt=1440)]
    weekdays: list[Annotated[int, Meta(ge=0, le=6)]] = msgspec.field(default_factory=lambda: list(range(7)))


class ExclusionBody(Body, frozen=True):
    """Alerts of the organization that match every part that is set are not raised."""

    display_name: _Name
    devices: _Networks = msgspec.field(default_factory=list)
    subnets: _Networks = msgspec.field(default_factory=list)
    types: _Networks = msgspec.field(default_factory=list)
    engines: _Networks = msgspec.field(default_factory=list)
    sensors: _Networks = msgspec.field(default_factory=list)
    hours: HoursBody | None = None


class WindowBody(Body, frozen=True):
    """A maintenance window; its id is the ticket's."""

    ends: float
    """Unix seconds."""
    opened: float = 0.0
    """Set when it is made."""
    engines: _Networks = msgspec.field(default_factory=list)
    sensors: _Networks = msgspec.field(default_factory=list)
    subnets: _Networks = msgspec.field(default_factory=list)


class QueryBody(Body, frozen=True):
    """A saved question to what sensors saw."""

    display_name: _Name
    subject: Subject
    filters: dict[_Short, str | bool | float] = msgspec.field(default_factory=dict)
    columns: list[_Short] = msgspec.field(default_factory=list)
    """None: all."""


def excluded_types() -> Mapping[str, AlertType]:
    """The alerts that exclusion rules may leave out, by id: of sensors, and of the platform itself."""
    return {**alert_types(), **PLATFORM_TYPES}


def _checked_id(draft: Draft) -> None:
    if _ID.fullmatch(draft.change.id) is None:
        raise InvalidError(
            "An id has 1 to 128 letters, digits and -._: beginning with a letter or digit.", "/id"
        )


def _sensor(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    _checked_id(draft)
    asked = read_body(draft.body, SensorBody)
    for text in (*asked.setup.local, *asked.setup.office):
        parse_network(text)
    _check_types(asked.setup.enabled, alert_types(), "/setup/enabled")
    return to_body(asked)


def _capture(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    _checked_id(draft)
    return to_body(read_body(draft.body, CaptureBody))


def _asset(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    return to_body(read_body(draft.body, AssetEdit))


def _exclusion(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    _checked_id(draft)
    asked = read_body(draft.body, ExclusionBody)
    _check_types(asked.types, excluded_types(), "/types")
    _check_engines(asked.engines)
    body = to_body(asked)
    exclusion_rule(body)
    return body


def _window(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    _checked_id(draft)
    asked = read_body(draft.body, WindowBody)
    before = draft.before.body if draft.before is not None else {}
    was_open = float(str(before.get("ends", 0.0))) > draft.now
    opened = float(str(before["opened"])) if was_open else draft.now
    if not 0 < asked.ends - draft.now <= MAXIMUM_WINDOW:
        raise InvalidError("A maintenance window ends ahead, within 30 days.", "/ends")
    _check_engines(asked.engines)
    body: JsonObject = {**to_body(asked), "opened": opened}
    maintenance_window(draft.change.id, body)
    return body


def _rule(draft: Draft, _reader: Reader) -> JsonObject:
    """Checked by the parser that the sensor uses too; see `rules.file`."""
    if draft.change.action is Action.DELETE:
        return {}
    _checked_id(draft)
    parse_rules(msgspec.json.encode([draft.body]), PROTOCOLS)
    return draft.body


def _query(draft: Draft, _reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    _checked_id(draft)
    asked = read_body(draft.body, QueryBody)
    checked_filters(asked.subject, asked.filters)
    checked_columns(asked.subject, asked.columns)
    return to_body(asked)


def exclusion_rule(body: JsonObject) -> ExclusionRule:
    """The rule of a checked body. InvalidError for a bad subnet, or no condition at all."""
    asked = read_body(body, ExclusionBody)
    hours = asked.hours
    return ExclusionRule(
        asked.display_name,
        frozenset(asked.devices),
        tuple(parse_network(text) for text in asked.subnets),
        frozenset(asked.types),
        frozenset(asked.engines),
        frozenset(asked.sensors),
        Hours(hours.start, hours.end, frozenset(hours.weekdays)) if hours else None,
    )


def maintenance_window(ticket: str, body: JsonObject) -> Window:
    """The window of a checked body. InvalidError for a bad subnet."""
    asked = read_body(body, WindowBody)
    subnets = tuple(parse_network(text) for text in asked.subnets)
    return Window(
        ticket, asked.opened, asked.ends, frozenset(asked.engines), frozenset(asked.sensors), subnets
    )


def sensor_setup(sensor: Resource) -> SensorSetup:
    """How a stored sensor is to work."""
    return read_body(sensor.body, SensorBody).setup


def _check_types(names: Iterable[str], known: Container[str], field: str) -> None:
    for name in names:
        if name not in known:
            raise InvalidError(f"There is no alert '{name}'; docs/alerts.md lists their ids.", field)


def _check_engines(names: Iterable[str]) -> None:
    for name in names:
        if name not in EXCLUDED_ENGINES:
            raise InvalidError(
                f"There is no engine '{name}'; there are {', '.join(EXCLUDED_ENGINES)}.", "/engines"
            )


_MANAGE = Permission.SENSOR_MANAGE
_HANDLE = Permission.ALERT_MANAGE

NETWORK_KINDS: tuple[Kind, ...] = (
    Kind(
        SENSOR,
        Permission.SENSOR_READ,
        _MANAGE,
        _MANAGE,
        _MANAGE,
        _sensor,
        indexed={"displayName": IndexType.TEXT},
        policy_type="Holdfast.Defender/sensors",
    ),
    Kind(
        CAPTURE,
        Permission.SENSOR_READ,
        Permission.ASSET_MANAGE,
        Permission.ASSET_MANAGE,
        Permission.ASSET_MANAGE,
        _capture,
        indexed={"displayName": IndexType.TEXT},
    ),
    Kind(
        ASSET,
        Permission.ASSET_READ,
        Permission.ASSET_MANAGE,
        Permission.ASSET_MANAGE,
        Permission.ASSET_MANAGE,
        _asset,
        indexed={"device": IndexType.TEXT},
    ),
    Kind(
        EXCLUSION,
        Permission.ALERT_READ,
        _HANDLE,
        _HANDLE,
        _HANDLE,
        _exclusion,
        indexed={"displayName": IndexType.TEXT},
        policy_type="Holdfast.Defender/alertExclusions",
    ),
    Kind(
        WINDOW,
        Permission.ALERT_READ,
        _HANDLE,
        _HANDLE,
        _HANDLE,
        _window,
        indexed={"ends": IndexType.NUMBER},
        policy_type="Holdfast.Defender/maintenanceWindows",
    ),
    Kind(
        RULE,
        Permission.ALERT_READ,
        _HANDLE,
        _HANDLE,
        _HANDLE,
        _rule,
        indexed={"name": IndexType.TEXT},
        policy_type="Holdfast.Defender/detectionRules",
    ),
    Kind(
        QUERY,
        Permission.ASSET_READ,
        Permission.ASSET_MANAGE,
        Permission.ASSET_MANAGE,
        Permission.ASSET_MANAGE,
        _query,
        indexed={"displayName": IndexType.TEXT},
    ),
)
"""Every kind of this package."""
