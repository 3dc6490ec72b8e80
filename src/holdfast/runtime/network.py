"""Network monitoring in the processes: what the worker takes in, and what control reads."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache

from prometheus_client import CollectorRegistry

from holdfast.access.people.organizations import move_in
from holdfast.access.reading import everything
from holdfast.alerts.port import AlertSink
from holdfast.alerts.store.reading import AlertReader
from holdfast.cluster.port import Bus
from holdfast.defender.network.alerts import Unwanted
from holdfast.defender.network.captures import CaptureRuns
from holdfast.defender.network.chronicle import Chronicle
from holdfast.defender.network.enrolling import SensorEnrolling, SensorPlace
from holdfast.defender.network.feed import SensorGauges
from holdfast.defender.network.following import Instructions
from holdfast.defender.network.intake import Intake, Surroundings
from holdfast.defender.network.kinds import (
    ASSET,
    CAPTURE,
    EXCLUSION,
    RULE,
    WINDOW,
    exclusion_rule,
    maintenance_window,
)
from holdfast.defender.network.linking import linked_device
from holdfast.defender.network.open import open_network, open_packets
from holdfast.defender.network.packets import PacketStore
from holdfast.defender.network.presence import Arrival, Presence
from holdfast.defender.network.rating import Ratings
from holdfast.defender.network.reading import Network
from holdfast.defender.network.tending import Tending
from holdfast.kernel.errors import UnavailableError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import OrganizationPath, contains
from holdfast.resources.model import Event
from holdfast.resources.port import ChangePath, ResourceStore
from holdfast.runtime.instance import Instance
from holdfast.runtime.metrics import gauge
from holdfast.runtime.relay import GATEWAY_DEADLINE, RETRY_SECONDS
from holdfast.storage.database import Database
from holdfast.vault.authority import Authority
from holdfast.vault.files import open_authority


def open_reading(instance: Instance) -> Network:
    """What pages and the API read."""
    settings = instance.settings
    database = open_network(settings.data, instance.ring, settings.database)
    return Network(database, open_packets(settings.data, instance.ring, instance.randomness))


def open_enrolling(instance: Instance, changes: ChangePath, id_scope: str) -> SensorEnrolling:
    """How sensors become devices: on the sensors' listener where there is one, else on the devices'."""
    settings = instance.settings
    port = settings.sensors.mqtt_port if settings.sensors.addresses else settings.devices.mqtt_port
    place = SensorPlace(settings.sensors.host_name or settings.host_names[0], port, id_scope)

    def authority() -> Authority:
        return open_authority(instance.certificates, instance.ring, instance.clock)

    return SensorEnrolling(instance.store, changes, authority, instance.clock, place)


@dataclass(frozen=True)
class Monitoring:
    """The writing end, in the worker."""

    intake: Intake
    captures: CaptureRuns
    tending: Tending
    ratings: Ratings
    database: Database
    arrived: Callable[[Mapping[str, Arrival]], None]
    """Takes which devices connected; see `presence`."""

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def open_monitoring(instance: Instance, alerts: AlertSink) -> Monitoring:
    """The writing end; `alerts` takes what people shall see."""
    settings, store = instance.settings, instance.store
    database = open_network(settings.data, instance.ring, settings.database)
    blobs = open_packets(settings.data, instance.ring, instance.randomness)
    presence = Presence(database)
    around = Surroundings(
        hand_on=alerts.take_alerts,
        said=lambda number: _said(store, number),
        linked=lambda asset, organization: linked_device(store, asset, organization, presence.devices_at),
        unwanted=lambda: unwanted(store),
    )
    packets = PacketStore(blobs, instance.randomness)
    intake = Intake(database, packets, around)
    tending = Tending(database, packets, instance.clock, around.said, around.linked)
    captures = CaptureRuns(
        store, database, blobs, intake, instance.clock, lambda organization: rules_at(store, organization)
    )
    ratings = Ratings(database, AlertReader(instance.database))
    return Monitoring(
        intake,
        captures,
        tending,
        ratings,
        database,
        lambda arrived: presence.take(arrived, around.said, around.linked),
    )


def unwanted(store: ResourceStore) -> Unwanted:
    """The exclusions and maintenance windows there are."""
    exclusions = [(each.organization, exclusion_rule(each.body)) for each in everything(store, EXCLUSION)]
    windows = [
        (each.organization, maintenance_window(each.id, each.body)) for each in everything(store, WINDOW)
    ]
    return Unwanted(exclusions, windows)


def rules_at(store: ResourceStore, organization: OrganizationPath) -> list[JsonValue]:
    """The custom rules that hold at a node: those of the node and of all above it."""
    return [each.body for each in everything(store, RULE) if contains(each.organization, organization)]


def _said(store: ResourceStore, number: int) -> JsonObject:
    edit = store.get(ASSET, str(number))
    return {} if edit is None else edit.body


def follow_captures(monitoring: Monitoring) -> Callable[[Event], Awaitable[None]]:
    """Analyzes what is uploaded, one after the other."""

    async def handle(event: Event) -> None:
        if event.kind == CAPTURE and event.outcome == "ok":
            if event.name == f"{CAPTURE}.deleted":
                await monitoring.captures.forget(event.resource)
            elif event.name == f"{CAPTURE}.created":
                await monitoring.captures.run(event.resource)

    return handle


SENSOR_METRICS = {
    "packets": "Packets seen since its start.",
    "dropped": "Packets lost since its start.",
    "processor": "Per cent of one core.",
    "memory": "Bytes that it holds.",
    "spool_bytes": "Bytes that wait for the platform.",
    "spool_lost": "Messages given up because the spool was full.",
    "silent_for": "Seconds since the last packet.",
}
"""Members of a sensor's health that are metrics."""


@cache
def sensor_gauges(registry: CollectorRegistry) -> SensorGauges:
    """The metrics `holdfast_sensor_…` of every sensor; made once, whoever runs the job again."""
    return SensorGauges(
        {
            member: gauge(registry, f"holdfast_sensor_{member}", meaning, "sensor")
            for member, meaning in SENSOR_METRICS.items()
        }
    )


def instructions(instance: Instance, monitoring: Monitoring, bus: Bus) -> Instructions:
    """What tells sensors what people decided."""

    async def ask(method: str, body: JsonObject) -> JsonObject:
        while True:
            try:
                return await bus.request("gateway", method, body, GATEWAY_DEADLINE)
            except UnavailableError:
                await asyncio.sleep(RETRY_SECONDS)

    return Instructions(instance.store, monitoring.database, ask, instance.clock)


def follow_edits(monitoring: Monitoring) -> Callable[[Event], Awaitable[None]]:
    """Shows what people say of assets, moves what was seen along with its organization, and notes in the
    timeline what people do."""
    chronicle, intake = Chronicle(monitoring.database), monitoring.intake

    async def handle(event: Event) -> None:
        await asyncio.to_thread(chronicle.take, event)
        if event.outcome != "ok":
            return
        if move := move_in(event):
            await asyncio.to_thread(intake.relocate, move)
        elif event.kind == ASSET and event.resource.isdigit():
            work = intake.remove_asset if event.name == f"{ASSET}.removed" else intake.renew_asset
            await asyncio.to_thread(work, int(event.resource))

    return handle
