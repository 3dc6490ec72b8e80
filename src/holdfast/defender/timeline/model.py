"""The event timeline: what happened on the network and to the sensor, in order."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Final


class EventSeverity(StrEnum):
    """How loud an event is."""

    INFO = "INFO"
    NOTICE = "NOTICE"
    ALERT = "ALERT"


class EventType(StrEnum):
    """What happened, in the words of the reference: what our protocols show, and what people do."""

    ALERT_REPORTED = "ALERT_REPORTED"
    ALERT_UPDATED = "ALERT_UPDATED"
    CLEARTEXT_AUTHENTICATION = "CLEARTEXT_AUTHENTICATION"
    CONFIGURATION_CHANGE = "CONFIGURATION_CHANGE"
    CONFIGURATION_READ = "CONFIGURATION_READ"
    DATABASE_ACTION = "DATABASE_ACTION"
    DELETE_DEVICE = "DELETE_DEVICE"
    DEVICE_CREATE = "DEVICE_CREATE"
    DEVICE_UNIFICATION = "DEVICE_UNIFICATION"
    DEVICE_UPDATE = "DEVICE_UPDATE"
    DHCP_UPDATE = "DHCP_UPDATE"
    EXCLUSION_RULE_CREATED = "EXCLUSION_RULE_CREATED"
    EXCLUSION_RULE_REMOVED = "EXCLUSION_RULE_REMOVED"
    EXCLUSION_RULE_UPDATED = "EXCLUSION_RULE_UPDATED"
    FILE_TRANSFER = "FILE_TRANSFER"
    FIRMWARE_CHANGED = "FIRMWARE_CHANGED"
    FIRMWARE_UPDATE = "FIRMWARE_UPDATE"
    FTP_AUTHENTICATION_FAILURE = "FTP_AUTHENTICATION_FAILURE"
    HARDWARE_UPDATE_BY_IDENTIFIER = "HARDWARE_UPDATE_BY_IDENTIFIER"
    INTERNET_ACCESS = "INTERNET_ACCESS"
    PLC_OPERATING_MODE_CHANGED = "PLC_OPERATING_MODE_CHANGED"
    PLC_RESET = "PLC_RESET"
    PLC_START = "PLC_START"
    PLC_STOP = "PLC_STOP"
    PROFINET_DPC_VALUE_SET = "PROFINET_DPC_VALUE_SET"
    PROGRAM_DEVICE = "PROGRAM_DEVICE"
    PROGRAM_UPLOAD_DEVICE = "PROGRAM_UPLOAD_DEVICE"
    REMOTE_ACCESS = "REMOTE_ACCESS"
    SCAN = "SCAN"
    SNMP_TRAP = "SNMP_TRAP"
    TELNET_AUTHENTICATION_FAILURE = "TELNET_AUTHENTICATION_FAILURE"
    USER_DEFINED_RULE_CREATED = "USER_DEFINED_RULE_CREATED"
    USER_DEFINED_RULE_DELETED = "USER_DEFINED_RULE_DELETED"
    USER_DEFINED_RULE_EDITED = "USER_DEFINED_RULE_EDITED"
    USER_DEFINED_RULE_OPERATION = "USER_DEFINED_RULE_OPERATION"


TITLES: Final[Mapping[EventType, str]] = {
    EventType.ALERT_REPORTED: "Alert Detected",
    EventType.ALERT_UPDATED: "Alert Updated",
    EventType.CLEARTEXT_AUTHENTICATION: "Cleartext Authentication",
    EventType.CONFIGURATION_CHANGE: "PLC Configuration Write",
    EventType.CONFIGURATION_READ: "PLC Configuration Read",
    EventType.DATABASE_ACTION: "Database Structure Manipulation",
    EventType.DELETE_DEVICE: "Device Deleted",
    EventType.DEVICE_CREATE: "Device Detected",
    EventType.DEVICE_UNIFICATION: "Device Updated",
    EventType.DEVICE_UPDATE: "Device Updated",
    EventType.DHCP_UPDATE: "Address Update",
    EventType.EXCLUSION_RULE_CREATED: "Exclusion Rule Created",
    EventType.EXCLUSION_RULE_REMOVED: "Exclusion Rule Removed",
    EventType.EXCLUSION_RULE_UPDATED: "Exclusion Rule Updated",
    EventType.FILE_TRANSFER: "File Transfer Detected",
    EventType.FIRMWARE_CHANGED: "PLC Firmware Changed",
    EventType.FIRMWARE_UPDATE: "Firmware Update",
    EventType.FTP_AUTHENTICATION_FAILURE: "FTP Authentication Failure",
    EventType.HARDWARE_UPDATE_BY_IDENTIFIER: "Address Update",
    EventType.INTERNET_ACCESS: "Internet Access",
    EventType.PLC_OPERATING_MODE_CHANGED: "PLC Operating Mode Change Detected",
    EventType.PLC_RESET: "PLC Reset",
    EventType.PLC_START: "PLC Start",
    EventType.PLC_STOP: "PLC Stop",
    EventType.PROFINET_DPC_VALUE_SET: "Profinet SET operation",
    EventType.PROGRAM_DEVICE: "PLC Programming",
    EventType.PROGRAM_UPLOAD_DEVICE: "PLC Program Upload",
    EventType.REMOTE_ACCESS: "Remote Access Connection Established",
    EventType.SCAN: "Scan Device Detected",
    EventType.SNMP_TRAP: "SNMP Trap detected",
    EventType.TELNET_AUTHENTICATION_FAILURE: "Telnet Authentication Failure",
    EventType.USER_DEFINED_RULE_CREATED: "User Defined Rule Created",
    EventType.USER_DEFINED_RULE_DELETED: "User Defined Rule Deleted",
    EventType.USER_DEFINED_RULE_EDITED: "User Defined Rule Edited",
    EventType.USER_DEFINED_RULE_OPERATION: "User Defined Rule Operation",
}
"""What the documented API calls them."""


@dataclass(slots=True)
class TimelineEvent:
    """One thing that happened; repetitions within a minute are counted in the first."""

    time: float
    """Unix seconds."""
    type: EventType
    severity: EventSeverity
    title: str
    devices: tuple[str, ...] = ()
    """Addresses that take part."""
    owner: str = ""
    """Who did it, for what people do."""
    frame: int = 0
    count: int = 1


MAXIMUM_EVENTS = 100_000
FOLD = 60.0
"""Seconds within which the same event of the same devices is the same."""


@dataclass(slots=True)
class Timeline:
    """The newest events, oldest out first."""

    maximum: int = MAXIMUM_EVENTS
    added: int = 0
    """Events that were ever added."""
    _events: deque[TimelineEvent] = field(default_factory=deque)
    _newest: dict[tuple[str, str, tuple[str, ...]], TimelineEvent] = field(default_factory=dict)

    def add(self, event: TimelineEvent) -> None:
        """Take an event."""
        key = (event.type, event.title, event.devices)
        newest = self._newest.get(key)
        if newest is not None and event.time - newest.time < FOLD:
            newest.count += 1
            return
        if len(self._newest) >= self.maximum:
            self._newest.clear()
        self._newest[key] = event
        self._events.append(event)
        self.added += 1
        if len(self._events) > self.maximum:
            self._events.popleft()

    def find(self, wanted: Callable[[TimelineEvent], bool] | None = None) -> Iterator[TimelineEvent]:
        """Events that `wanted` accepts, newest first."""
        for event in reversed(self._events):
            if wanted is None or wanted(event):
                yield event

    def since(self, added: int) -> list[TimelineEvent]:
        """The events behind the first `added`, oldest first, as far as they are still there."""
        number = min(self.added - added, len(self._events))
        return list(islice(reversed(self._events), number))[::-1]

    def __len__(self) -> int:
        return len(self._events)
