"""Policies in the roles: who keeps the compliance states, who remediates, what both know of this instance."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final

from holdfast.access.reading import everything
from holdfast.alerts.store.reading import AlertReader
from holdfast.delivery.kind import DESTINATION
from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonObject
from holdfast.policy.compliance.inventory import Inventory, Suppliers
from holdfast.policy.compliance.monitor import Monitor
from holdfast.policy.compliance.reading import PolicyStates
from holdfast.policy.compliance.sources.certificates import certificate_documents
from holdfast.policy.compliance.sources.devices import device_facts
from holdfast.policy.compliance.sources.network import ALERTS, alert_documents, sensor_facts
from holdfast.policy.compliance.states import States
from holdfast.policy.remediation.engine import RemediationEngine
from holdfast.policy.types.documents import PolicyDocument, supplied
from holdfast.resources.port import ChangePath
from holdfast.runtime.drills import is_drill
from holdfast.runtime.instance import ROOT_CA_FILE, Instance, server_certificate_of
from holdfast.runtime.kinds import KINDS
from holdfast.telemetry.last_values import LastValues

PAUSE_SECONDS: Final = 1.0
"""How often new remediation tasks are looked for."""


def open_monitor(instance: Instance, states: States, last_values: LastValues) -> Monitor:
    """The monitor of an instance."""
    return Monitor(
        instance.store,
        KINDS,
        open_inventory(instance, last_values),
        states,
        instance.events,
        instance.clock,
    )


def open_remediations(
    instance: Instance, changes: ChangePath, states: PolicyStates, last_values: LastValues
) -> RemediationEngine:
    """The engine of remediation tasks, for the role that writes the control database."""
    inventory = open_inventory(instance, last_values)
    return RemediationEngine(instance.store, changes, KINDS, inventory, states, instance.clock)


async def run_remediations(engine: RemediationEngine, stopping: asyncio.Event) -> None:
    """Carry out remediation tasks until told to stop."""
    while not stopping.is_set():
        if not await asyncio.to_thread(engine.step, stopping.is_set):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_SECONDS):
                    await stopping.wait()


def open_inventory(instance: Instance, last_values: LastValues) -> Inventory:
    """Everything that policies judge on an instance."""
    suppliers = Suppliers(
        sources={
            "Holdfast.Vault/certificates": lambda: _certificates(instance),
            "Holdfast.Vault/keys": lambda: _keys(instance),
            "Holdfast.Platform/auditLogs": lambda: _audit_log(instance),
            ALERTS: lambda: alert_documents(AlertReader(instance.database)),
        },
        facts={
            "device": device_facts(instance.store, last_values.last_times),
            "sensor": sensor_facts(instance.store, last_values.last_times),
        },
        is_drill=is_drill,
    )
    return Inventory(instance.store, KINDS, suppliers)


def _certificates(instance: Instance) -> Iterable[PolicyDocument]:
    authority = (instance.settings.data / ROOT_CA_FILE).read_bytes()
    server = server_certificate_of(instance).chain_pem
    return certificate_documents({"authority": authority, "server": server}, authority)


def _keys(instance: Instance) -> Iterable[PolicyDocument]:
    ring = instance.ring
    properties: JsonObject = {
        "provider": ring.provider_name,
        "rotated": isoformat(ring.rotated),
        "enabled": True,
    }
    yield supplied("Holdfast.Vault/keys", "root", properties)


def _audit_log(instance: Instance) -> Iterable[PolicyDocument]:
    """It is kept without end, and its chain is signed; destinations may ask for a copy of every record."""
    stored = everything(instance.store, DESTINATION)
    forwarded = any(each.body.get("audit") and each.body.get("enabled", True) for each in stored)
    yield supplied("Holdfast.Platform/auditLogs", "audit", {"sealed": True, "forwarded": forwarded})
