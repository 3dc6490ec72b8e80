"""What a sensor knows, as JSON: the output of `sensor analyze --json`."""

from collections.abc import Iterable
from itertools import islice

from holdfast.alerts.model import Alert, Violation
from holdfast.defender.catalogue.table import techniques
from holdfast.defender.findings.model import Finding
from holdfast.defender.findings.risk import AssetRisk, grade, zone_score
from holdfast.defender.inventory.conversations import Conversation, ConversationKey
from holdfast.defender.inventory.model import Asset, Attribute, Name
from holdfast.defender.sensor.assessment import assess
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.timeline.model import TimelineEvent
from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonObject, JsonValue

_EVENTS = 2000
"""The newest events of the timeline that are given out."""


def asset_json(asset: Asset, findings: Iterable[Finding], risk: AssetRisk) -> JsonObject:
    """One asset with the origin of everything that is known of it."""
    return {
        "id": asset.id,
        "name": asset.name,
        "type": asset.type.value,
        "purdue_level": asset.level,
        "vendor": asset.value(Name.VENDOR),
        "model": asset.value(Name.MODEL),
        "firmware": asset.value(Name.FIRMWARE),
        "serial": asset.value(Name.SERIAL),
        "operating_system": asset.value(Name.OPERATING_SYSTEM),
        "plc_mode": asset.value(Name.PLC_MODE),
        "ip_addresses": list(asset.ips),
        "mac_addresses": list(asset.macs),
        "vlans": _list(sorted(asset.vlans)),
        "protocols": [
            {
                "name": name,
                "client": use.client,
                "server": use.server,
                "ports": _list(sorted(use.ports)),
                "first_seen": isoformat(use.first),
                "last_seen": isoformat(use.last),
            }
            for name, use in sorted(asset.protocols.items())
        ],
        "modules": [
            {"rack": rack, "slot": slot}
            | {name.value: _attribute_json(attribute) for name, attribute in sorted(module.items())}
            for (rack, slot), module in sorted(asset.modules.items())
        ],
        "attributes": {
            name.value: [_attribute_json(attribute) for attribute in attributes]
            for name, attributes in sorted(asset.attributes.items())
            if attributes
        },
        "type_candidates": [
            {"type": kind.value, "confidence": confidence, "reason": reason}
            for kind, (confidence, reason) in sorted(asset.types.items(), key=lambda item: -item[1][0])
        ],
        "authorized": asset.authorized,
        "programming": asset.programming,
        "scanner": asset.scanner,
        "important": asset.important,
        "dynamic_address": asset.dynamic,
        "device": asset.enrolled,
        "findings": [finding_json(finding) for finding in findings],
        "risk": {
            "score": risk.score,
            "grade": grade(risk.score).value,
            "deductions": [{"reason": each.reason, "points": each.points} for each in risk.deductions],
        },
        "first_seen": isoformat(asset.first),
        "last_seen": isoformat(asset.last),
    }


def finding_json(finding: Finding) -> JsonObject:
    """One weak point."""
    return {
        "id": finding.weak_point.id,
        "title": finding.weak_point.title,
        "weight": finding.weak_point.weight,
        "detail": finding.detail,
        "protocol": finding.protocol,
        "count": finding.count,
        "peers": _list(sorted(finding.peers or ())),
        "frame": finding.frame,
        "first_seen": isoformat(finding.first),
        "last_seen": isoformat(finding.last),
        "description": finding.weak_point.meaning,
        "remediation": list(finding.weak_point.steps),
    }


def conversation_json(key: ConversationKey, conversation: Conversation) -> JsonObject:
    """One conversation."""
    return {
        "client": key.client,
        "server": key.server,
        "transport": key.transport,
        "port": key.port,
        "protocol": key.protocol,
        "connections": conversation.connections,
        "refused": conversation.refused,
        "client_packets": conversation.client_packets,
        "client_octets": conversation.client_octets,
        "server_packets": conversation.server_packets,
        "server_octets": conversation.server_octets,
        "vlans": _list(sorted(conversation.vlans)),
        "commands": _list(sorted(conversation.commands)),
        "first_seen": isoformat(conversation.first),
        "last_seen": isoformat(conversation.last),
    }


def alert_json(alert: Alert) -> JsonObject:
    """One alert with everything it carries."""
    kind = alert.type
    first = alert.violations[0] if alert.violations else None
    return {
        "id": alert.id,
        "type": kind.id,
        "title": kind.title,
        "engine": kind.engine,
        "severity": alert.severity.value,
        "category": kind.category,
        "attack": {
            "techniques": [_technique_json(identifier) for identifier in kind.techniques],
            "tactics": list(kind.tactics),
        },
        "source": alert.source,
        "destination": alert.destination,
        "protocol": alert.protocol,
        "first_seen": isoformat(alert.first),
        "last_seen": isoformat(alert.last),
        "count": alert.count,
        "status": alert.status.value,
        "resolution": alert.resolution.value,
        "description": kind.meaning,
        "expected": first.expected if first else "",
        "observed": first.observed if first else "",
        "violations": [_violation_json(violation) for violation in alert.violations],
        "violations_dropped": alert.dropped_violations,
        "frames": [frame for violation in alert.violations for frame in violation.frames],
        "remediation": list(kind.steps),
        "sensors": list(alert.sensors),
        "zone": alert.zone,
    }


def event_json(event: TimelineEvent) -> JsonObject:
    """One event of the timeline."""
    return {
        "time": isoformat(event.time),
        "type": event.type.value,
        "severity": event.severity.value,
        "title": event.title,
        "devices": list(event.devices),
        "frame": event.frame,
        "count": event.count,
    }


def sensor_json(sensor: Sensor, problems: list[str]) -> JsonObject:
    """The whole result of a run."""
    risks = assess(sensor)
    score = zone_score(risk for _asset, _findings, risk in risks)
    return {
        "sensor": {
            "name": sensor.settings.name,
            "zone": sensor.settings.zone,
            "site": sensor.settings.site,
            "stage": sensor.learned.stages.stage.value,
        },
        "risk": {"score": score, "grade": None if score is None else grade(score).value},
        "assets": [asset_json(*entry) for entry in risks],
        "conversations": [conversation_json(*item) for item in sensor.conversations.items()],
        "alerts": [alert_json(alert) for alert in sensor.alerts],
        "timeline": [event_json(event) for event in islice(sensor.timeline.find(), _EVENTS)],
        "counters": counters_json(sensor),
        "problems": list(problems),
    }


def counters_json(sensor: Sensor) -> JsonObject:
    """What was counted: traffic, and what became of it."""
    counters, reports = sensor.counters, sensor.alerts.counters
    return {
        "packets": counters.packets,
        "octets": counters.octets,
        "truncated": counters.truncated,
        "undecoded": counters.undecoded,
        "dropped": counters.dropped,
        "records": dict(sorted(counters.records.items())),
        "malformed": dict(sorted(counters.malformed.items())),
        "assets": len(sensor.inventory),
        "conversations": len(sensor.conversations),
        "alerts": len(sensor.alerts),
        "reports": reports.reports,
        "reports_disabled": reports.disabled,
        "reports_excluded": reports.excluded,
        "reports_filtered": sensor.reporter.filtered,
        "learned": sensor.learned.size,
        "faults": dict(sorted(sensor.detection.faults.items())),
    }


def _list(values: Iterable[int | str]) -> list[JsonValue]:
    return list(values)


def _attribute_json(attribute: Attribute) -> JsonObject:
    return {
        "value": attribute.value,
        "protocol": attribute.protocol,
        "frame": attribute.frame,
        "time": isoformat(attribute.time),
        "confidence": attribute.confidence,
    }


def _violation_json(violation: Violation) -> JsonObject:
    return {
        "observed": violation.observed,
        "expected": violation.expected,
        "count": violation.count,
        "first_seen": isoformat(violation.first),
        "last_seen": isoformat(violation.last),
        "frames": _list(violation.frames),
        "learnable": bool(violation.learn),
    }


def _technique_json(identifier: str) -> JsonValue:
    return {"id": identifier, "name": techniques()[identifier].name}
