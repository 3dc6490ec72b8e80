"""Data mining: questions to what sensors saw, that people save, and their answers as rows for CSV."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from holdfast.defender.timeline.model import EventType
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue, at_path


class Subject(StrEnum):
    """What is asked about."""

    ASSETS = "assets"
    CONNECTIONS = "connections"
    EVENTS = "events"
    ALERTS = "alerts"


FILTERS: Mapping[Subject, frozenset[str]] = {
    Subject.ASSETS: frozenset(
        {"search", "type", "vendor", "authorized", "important", "sensor", "since", "before", "protocol"}
    ),
    Subject.CONNECTIONS: frozenset({"asset", "address", "protocol", "port", "sensor", "since", "before"}),
    Subject.EVENTS: frozenset({"type", "severity", "address", "sensor", "search", "since", "before"}),
    Subject.ALERTS: frozenset(
        {"status", "severity", "engine", "type", "sensor", "address", "since", "before"}
    ),
}
"""Names of filters by subject; the lists of the API take the same. `since` and `before` are RFC 3339 moments;
in a query they may be so long ago, `-24h` or `-7d`.
"""

COLUMNS: Mapping[Subject, tuple[str, ...]] = {
    Subject.ASSETS: (
        "id",
        "name",
        "type",
        "vendor",
        "model",
        "firmware",
        "serial",
        "operating_system",
        "ip_addresses",
        "mac_addresses",
        "vlans",
        "protocols",
        "purdue_level",
        "authorized",
        "important",
        "programming",
        "scanner",
        "plc_mode",
        "risk.score",
        "first_seen",
        "last_seen",
        "sensors",
        "organization",
        "device",
    ),
    Subject.CONNECTIONS: (
        "client",
        "server",
        "transport",
        "port",
        "protocol",
        "connections",
        "refused",
        "client_packets",
        "client_octets",
        "server_packets",
        "server_octets",
        "commands",
        "first_seen",
        "last_seen",
        "sensors",
        "organization",
    ),
    Subject.EVENTS: (
        "time",
        "type",
        "severity",
        "title",
        "devices",
        "owner",
        "count",
        "sensor",
        "organization",
    ),
    Subject.ALERTS: (
        "id",
        "type",
        "title",
        "engine",
        "severity",
        "category",
        "source",
        "destination",
        "protocol",
        "status",
        "resolution",
        "count",
        "observed",
        "expected",
        "first_seen",
        "last_seen",
        "sensors",
        "organization",
    ),
}
"""Columns that a query may choose, dotted where a member lies deeper."""

PREDEFINED: Mapping[str, tuple[str, Subject, Mapping[str, str | bool]]] = {
    "programming": ("Programming commands", Subject.EVENTS, {"type": EventType.PROGRAM_DEVICE}),
    "remote-access": ("Remote access", Subject.EVENTS, {"type": EventType.REMOTE_ACCESS}),
    "internet": ("Internet activity", Subject.EVENTS, {"type": EventType.INTERNET_ACCESS}),
    "unauthorized": ("Devices that nobody authorized", Subject.ASSETS, {"authorized": False}),
    "important": ("Important devices", Subject.ASSETS, {"important": True}),
    "active": ("Devices active within a day", Subject.ASSETS, {"since": "-24h"}),
    "inactive": ("Devices silent for a week", Subject.ASSETS, {"before": "-7d"}),
}
"""Questions that everybody has: title, subject, filters."""

_AGO = re.compile(r"-(\d{1,4})([hd])")
_SECONDS = {"h": 3600.0, "d": 86_400.0}

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell as a formula; values come from the wire (OWASP, CSV injection)."""


def checked_filters(subject: Subject, filters: Iterable[str]) -> None:
    """InvalidError for a filter that the subject does not have."""
    for name in filters:
        if name not in FILTERS[subject]:
            known = ", ".join(sorted(FILTERS[subject]))
            raise InvalidError(
                f"{subject} cannot be filtered by '{name}'; there are {known}.", f"/filters/{name}"
            )


def at_moment(filters: Mapping[str, str | bool | float], now: float) -> Mapping[str, str | bool | float]:
    """The filters with moments for what is said as so long ago."""
    return {
        name: isoformat(now - int(ago[1]) * _SECONDS[ago[2]])
        if name in ("since", "before") and (ago := _AGO.fullmatch(str(value)))
        else value
        for name, value in filters.items()
    }


def checked_columns(subject: Subject, columns: Iterable[str]) -> None:
    """InvalidError for a column that the subject does not have."""
    for name in columns:
        if name not in COLUMNS[subject]:
            known = ", ".join(COLUMNS[subject])
            raise InvalidError(f"{subject} have no column '{name}'; there are {known}.", "/columns")


def csv_text(columns: Sequence[str], rows: Iterable[JsonObject]) -> str:
    """The rows as CSV (RFC 4180) with a head line."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_defused(at_path(row, column)) for column in columns])
    return text.getvalue()


def cell_text(value: JsonValue) -> str:
    """A value in one line."""
    if isinstance(value, list):
        return " ".join(_word(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _defused(value: JsonValue) -> str:
    text = cell_text(value)
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(value, int | float) else text


def _word(value: JsonValue) -> str:
    if isinstance(value, dict):  # a protocol's use: its name says enough
        return str(value.get("name", ""))
    return str(value)
