"""An alert as a message: the fields that SIEMs parse, and the whole as JSON for webhooks."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

from holdfast.alerts.model import Alert, Severity
from holdfast.delivery.model import Message, Urgency
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath

_URGENCY = {Severity.HIGH: Urgency.ALERT, Severity.MEDIUM: Urgency.ERROR, Severity.LOW: Urgency.WARNING}

_HARDWARE = re.compile(r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}")

MacOf = Callable[[OrganizationPath, str], str]
"""Gives the hardware address of an IP address that was seen in an organization; empty where it is not
known."""


@dataclass(frozen=True, slots=True)
class SensorOrigin:
    """Where alerts come from, as receivers shall read it."""

    sensor: str
    sensor_id: str = ""
    zone: str = ""
    zone_id: str = ""
    site: str = ""
    site_id: str = ""


def alert_message(alert: Alert, origin: SensorOrigin, mac_of: MacOf) -> Message:
    """The message about an alert. Its id is the alert's, so that receivers see doubles."""
    first = alert.violations[0] if alert.violations else None
    observed = first.observed if first else alert.type.meaning
    text = f"{observed} (expected: {first.expected})" if first and first.expected else observed
    return Message(
        id=alert.id,
        time=alert.first,
        kind=alert.type.id,
        title=alert.type.title,
        text=text,
        urgency=_URGENCY[alert.severity],
        score=alert.severity.cef,
        fields=_fields(alert, origin, mac_of),
        body=_body(alert, origin, text),
    )


def _fields(alert: Alert, origin: SensorOrigin, mac_of: MacOf) -> dict[str, str]:
    source, destination = _address(alert, alert.source, mac_of), _address(alert, alert.destination, mac_of)
    return {
        "protocol": alert.protocol,
        "severity": alert.severity.sensor_name,
        "type": alert.type.engine.title(),
        "UUID": alert.id,
        "start": str(int(alert.first * 1000)),
        "src_ip": source[0],
        "src_mac": source[1],
        "dst_ip": destination[0],
        "dst_mac": destination[1],
        "cat": alert.type.category,
        "sensor": origin.sensor,
        "zone": origin.zone,
        "site": origin.site,
        "techniques": " ".join(alert.type.techniques),
    }


def _address(alert: Alert, party: str, mac_of: MacOf) -> tuple[str, str]:
    """IP and hardware address of a party; both empty when it is something else, such as a policy's."""
    if _HARDWARE.fullmatch(party):
        return "", party
    try:
        ipaddress.ip_address(party)
    except ValueError:
        return "", ""
    return party, mac_of(alert.organization, party)


def _body(alert: Alert, origin: SensorOrigin, text: str) -> JsonObject:
    """The fields of the extended webhook, and ours."""
    return {
        "id": alert.id,
        "time": int(alert.first * 1000),
        "title": alert.type.title,
        "message": text,
        "severity": alert.severity.sensor_name,
        "engine": alert.type.engine,
        "category": alert.type.category,
        "protocol": alert.protocol,
        "sourceDeviceAddress": alert.source,
        "destinationDeviceAddress": alert.destination,
        "remediationSteps": list(alert.type.steps),
        "handled": not alert.open,
        "sensorID": origin.sensor_id,
        "sensorName": origin.sensor,
        "zoneID": origin.zone_id,
        "zoneName": origin.zone,
        "siteID": origin.site_id,
        "siteName": origin.site,
        "techniques": list(alert.type.techniques),
        "tactics": list(alert.type.tactics),
        "additionalInformation": {
            "description": alert.type.meaning,
            "information": [violation.observed for violation in alert.violations],
        },
    }
