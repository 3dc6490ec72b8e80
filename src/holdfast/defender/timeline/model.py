"""The event timeline: what happened on the network and to the sensor, in order."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice


class EventSeverity(StrEnum):
    """How loud an event is."""

    INFO = "INFO"
    NOTICE = "NOTICE"
    ALERT = "ALERT"


class EventType(StrEnum):
    """What happened, in the words of the reference; those of protocols that we dissect, and of the sensor."""

    ALERT_REPORTED = "ALERT_REPORTED"
    ALERT_UPDATED = "ALERT_UPDATED"
    BACK_TO_NORMAL = "BACK_TO_NORMAL"
    CLEARTEXT_AUTHENTICATION = "CLEARTEXT_AUTHENTICATION"
    CONFIGURATION_CHANGE = "CONFIGURATION_CHANGE"
    CONFIGURATION_READ = "CONFIGURATION_READ"
    CUSTOM_EVENT = "CUSTOM_EVENT"
    DATABASE_ACTION = "DATABASE_ACTION"
    DELETE_DEVICE = "DELETE_DEVICE"
    DEVICE_CONNECTION_CREATED = "DEVICE_CONNECTION_CREATED"
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
    HTTP_BASIC_AUTHENTICATION = "HTTP_BASIC_AUTHENTICATION"
    INTERNET_ACCESS = "INTERNET_ACCESS"
    MMS_PROGRAM_DEVICE = "MMS_PROGRAM_DEVICE"
    MMS_PROGRAM_OPERATION = "MMS_PROGRAM_OPERATION"
    MUTED_ALERT = "MUTED_ALERT"
    NOTIFICATION = "NOTIFICATION"
    PLC_MODULE_CHANGE = "PLC_MODULE_CHANGE"
    PLC_OPERATING_MODE_CHANGED = "PLC_OPERATING_MODE_CHANGED"
    PLC_RESET = "PLC_RESET"
    PLC_START = "PLC_START"
    PLC_STOP = "PLC_STOP"
    PROFINET_DPC_VALUE_SET = "PROFINET_DPC_VALUE_SET"
    PROGRAM_DEVICE = "PROGRAM_DEVICE"
    PROGRAM_UPLOAD_DEVICE = "PROGRAM_UPLOAD_DEVICE"
    REMOTE_ACCESS = "REMOTE_ACCESS"
    REMOTE_PROCESS_EXECUTION = "REMOTE_PROCESS_EXECUTION"
    REPORT_CREATED = "REPORT_CREATED"
    S7PLUS_PLC_MODE_CHANGE = "S7PLUS_PLC_MODE_CHANGE"
    S7_PLC_MODE_CHANGE = "S7_PLC_MODE_CHANGE"
    SCAN = "SCAN"
    SIEMENS_S_7_AUTHENTICATION = "SIEMENS_S_7_AUTHENTICATION"
    SIEMENS_S_7_MEMORY_BLOCK_OPERATION = "SIEMENS_S_7_MEMORY_BLOCK_OPERATION"
    SNMP_TRAP = "SNMP_TRAP"
    SYSLOG_MSG = "SYSLOG_MSG"
    TELNET_AUTHENTICATION_FAILURE = "TELNET_AUTHENTICATION_FAILURE"
    USER_DEFINED_RULE_CREATED = "USER_DEFINED_RULE_CREATED"
    USER_DEFINED_RULE_DELETED = "USER_DEFINED_RULE_DELETED"
    USER_DEFINED_RULE_EDITED = "USER_DEFINED_RULE_EDITED"
    USER_DEFINED_RULE_OPERATION = "USER_DEFINED_RULE_OPERATION"
    USER_LOGIN = "USER_LOGIN"
    USER_OPERATION = "USER_OPERATION"


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
