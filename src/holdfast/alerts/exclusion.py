"""When alerts are not wanted: standing exclusion rules, and maintenance windows with an end."""

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from holdfast.alerts.model import AlertType, Report
from holdfast.kernel.errors import ConflictError, InvalidError, NotFoundError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_DAY = 86400.0
_FIRST_MONDAY = 4 * _DAY  # 1970-01-05, so that weekday 0 is Monday


def parse_network(text: str) -> Network:
    """A subnet or single address. Raises InvalidError."""
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise InvalidError(
            f"'{text}' is not a subnet; write it like 10.1.0.0/16 or fd00::/8.", "subnets"
        ) from None


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of every chosen weekday, in minutes after midnight UTC.

    It may run over midnight; with the same beginning and end it is a whole day.
    """

    start: int
    end: int
    weekdays: frozenset[int] = frozenset(range(7))
    """0 is Monday; the day on which the part starts."""

    def contains(self, moment: float) -> bool:
        """Whether Unix seconds `moment` lie in the part."""
        minute = int(moment % _DAY // 60)
        weekday = int((moment - _FIRST_MONDAY) // _DAY) % 7
        if self.start < self.end:
            return self.start <= minute < self.end and weekday in self.weekdays
        if minute >= self.start:
            return weekday in self.weekdays
        return minute < self.end and (weekday - 1) % 7 in self.weekdays


@dataclass(frozen=True, slots=True)
class ExclusionRule:
    """Alerts that match every part that is set are not raised. A rule without any part is refused."""

    name: str
    devices: frozenset[str] = frozenset()
    """Addresses, as source or destination."""
    subnets: tuple[Network, ...] = ()
    types: frozenset[str] = frozenset()
    """Alert type ids."""
    engines: frozenset[str] = frozenset()
    sensors: frozenset[str] = frozenset()
    hours: Hours | None = None

    def __post_init__(self) -> None:
        parts = (self.devices, self.subnets, self.types, self.engines, self.sensors, self.hours)
        if not any(parts):
            raise InvalidError(
                f"The exclusion rule '{self.name}' has no condition and would hide every alert.", "conditions"
            )

    def matches(self, kind: AlertType, report: Report, sensor: str) -> bool:
        """Whether `report` is to be left out."""
        return (
            (not self.types or kind.id in self.types)
            and (not self.engines or kind.engine in self.engines)
            and (not self.sensors or sensor in self.sensors)
            and (self.hours is None or self.hours.contains(report.time))
            and (not self.devices or report.source in self.devices or report.destination in self.devices)
            and (not self.subnets or _within(report, self.subnets))
        )


def _within(report: Report, subnets: Iterable[Network]) -> bool:
    for text in (report.source, report.destination):
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            continue
        if any(address in subnet for subnet in subnets):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window: while it is open, matching alerts are not raised."""

    ticket: str
    opened: float
    ends: float
    engines: frozenset[str] = frozenset()
    sensors: frozenset[str] = frozenset()
    subnets: tuple[Network, ...] = ()

    def covers(self, kind: AlertType, report: Report, sensor: str) -> bool:
        """Whether `report` falls into the window."""
        return (
            self.opened <= report.time < self.ends
            and (not self.engines or kind.engine in self.engines)
            and (not self.sensors or sensor in self.sensors)
            and (not self.subnets or _within(report, self.subnets))
        )


@dataclass(frozen=True, slots=True)
class WindowEvent:
    """One line of the log of maintenance windows."""

    time: float
    action: str
    """`OPEN`, `UPDATE` or `CLOSE`."""
    window: Window
    token: str
    """Who asked."""


MAXIMUM_WINDOW = 30 * _DAY
MAXIMUM_LOG = 10_000


@dataclass(slots=True)
class MaintenanceWindows:
    """The windows that are open, and the log of all."""

    windows: dict[str, Window] = field(default_factory=dict)
    log: list[WindowEvent] = field(default_factory=list)

    def open(self, window: Window, token: str) -> None:
        """Begin a window. Raises ConflictError when the ticket has one, InvalidError for a bad length."""
        self.expire(window.opened)
        if window.ticket in self.windows:
            raise ConflictError(f"The ticket '{window.ticket}' has an open maintenance window already.")
        if not 0 < window.ends - window.opened <= MAXIMUM_WINDOW:
            raise InvalidError("A maintenance window lasts between one minute and 30 days.", "ttl")
        self.windows[window.ticket] = window
        self._record(window.opened, "OPEN", window, token)

    def extend(self, ticket: str, ends: float, now: float, token: str) -> None:
        """Move a window's end. Raises NotFoundError when the ticket has none."""
        window = self._get(ticket, now)
        if not 0 < ends - now <= MAXIMUM_WINDOW:
            raise InvalidError("A maintenance window lasts between one minute and 30 days.", "ttl")
        moved = Window(ticket, window.opened, ends, window.engines, window.sensors, window.subnets)
        self.windows[ticket] = moved
        self._record(now, "UPDATE", moved, token)

    def close(self, ticket: str, now: float, token: str) -> None:
        """End a window before its time. Raises NotFoundError when the ticket has none."""
        window = self._get(ticket, now)
        del self.windows[ticket]
        self._record(now, "CLOSE", window, token)

    def expire(self, now: float) -> None:
        """Remove the windows whose end has passed."""
        for window in [window for window in self.windows.values() if window.ends <= now]:
            del self.windows[window.ticket]
            self._record(window.ends, "CLOSE", window, "")

    def history(self, start: float, end: float, keep: Callable[[WindowEvent], bool]) -> list[WindowEvent]:
        """The log between two moments, oldest first."""
        return [event for event in self.log if start <= event.time <= end and keep(event)]

    def covers(self, kind: AlertType, report: Report, sensor: str) -> bool:
        """Whether any window hides `report`."""
        return any(window.covers(kind, report, sensor) for window in self.windows.values())

    def _get(self, ticket: str, now: float) -> Window:
        self.expire(now)
        window = self.windows.get(ticket)
        if window is None:
            raise NotFoundError(f"The ticket '{ticket}' has no open maintenance window.")
        return window

    def _record(self, time: float, action: str, window: Window, token: str) -> None:
        self.log.append(WindowEvent(time, action, window, token))
        del self.log[:-MAXIMUM_LOG]
