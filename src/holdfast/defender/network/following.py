"""What people decide on the platform, told to the sensors: setups and rules as desired properties, decisions
about alerts as messages that wait until the sensor is there."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec
import structlog
from sqlalchemy import select

from holdfast.access.people.organizations import MOVED
from holdfast.access.reading import everything, pages
from holdfast.defender.learned.file import dump, load
from holdfast.defender.network.kinds import CAPTURE, RULE, SENSOR, sensor_setup
from holdfast.defender.network.rows import upsert
from holdfast.defender.network.tables import alert_origins, learned
from holdfast.defender.uplink.instructions import SETUP, Decision, InstructionError, Setup, pack_setup
from holdfast.devices import messages
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import OrganizationPath, contains
from holdfast.log.port import QueuedMessage
from holdfast.resources.model import Event, Resource
from holdfast.resources.port import ResourceStore
from holdfast.resources.query import Query
from holdfast.storage.database import Database

DECISION_SECONDS: Final = 30 * 86_400.0
"""How long a decision waits for a sensor that is away."""
_DEEDS = frozenset({"closed", "learned", "muted", "unmuted"})

Ask = Callable[[str, JsonObject], Awaitable[JsonObject]]
"""Asks a gateway process: method and body."""


@dataclass(frozen=True)
class Instructions:
    """Follows the audit log; see the module."""

    store: ResourceStore
    database: Database
    ask: Ask
    clock: Clock

    async def handle(self, event: Event) -> None:
        """Tell whom the event concerns."""
        if event.outcome != "ok":
            return
        if event.kind == SENSOR and event.name != f"{SENSOR}.deleted":
            sensor = self.store.get(SENSOR, event.resource)
            await self._set_up([sensor] if sensor is not None else [], event)
        elif event.kind == RULE or event.name == MOVED:
            await self._set_up(self._sensors_at(event.organization), event)
        elif event.name.partition(".")[0] == "alert" and event.name.partition(".")[2] in _DEEDS:
            await self._tell_decision(event)

    def _sensors_at(self, organization: OrganizationPath) -> Iterator[Resource]:
        return pages(self.store, Query(SENSOR, (organization,), limit=500))

    async def _set_up(self, sensors: Iterable[Resource], event: Event) -> None:
        for sensor in sensors:
            try:
                parts = pack_setup(setup_of(self.store, sensor))
                patch: JsonObject = {SETUP: list[JsonValue](parts)}
                body: JsonObject = {
                    "device": sensor.id,
                    "module": "",
                    "patch": patch,
                    "event": f"{event.id}.{sensor.id}",
                }
                await self.ask(messages.STATE_PATCH_DESIRED, body)
            except InstructionError as error:
                structlog.get_logger().warning("a setup cannot be sent", sensor=sensor.id, reason=str(error))

    async def _tell_decision(self, event: Event) -> None:
        """To every sensor that raised the alert, by the id that it knows it by."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(alert_origins.c.alert, alert_origins.c.sensor).where(
                    alert_origins.c.shown == event.resource
                )
            ).all()
        for row in rows:
            decision = _decision(event, row.alert)
            if self.store.get(SENSOR, row.sensor) is not None:
                await self._send(row.sensor, decision, event)
            elif decision.learned and self.store.get(CAPTURE, row.sensor) is not None:
                self._learn(event.data, decision)

    async def _send(self, sensor: str, decision: Decision, event: Event) -> None:
        now = self.clock.now()
        message = QueuedMessage(
            id=f"{event.id}.{decision.alert}",
            device=sensor,
            module="",
            body=msgspec.json.encode(decision),
            properties="",
            enqueued=now,
            expires=now + DECISION_SECONDS,
            deliveries=0,
        )
        answer = await self.ask(messages.STATE_ENQUEUE, messages.message_body(message))
        if not answer.get("queued"):
            structlog.get_logger().warning(
                "a decision was not sent: the sensor's queue is full", sensor=sensor
            )

    def _learn(self, data: JsonObject, decision: Decision) -> None:
        """Captures of a zone are judged by what the platform keeps for the zone."""
        organization = str(data.get("organization", ""))
        with self.database.write() as connection:
            known = connection.execute(
                select(learned.c.document).where(learned.c.organization == organization)
            ).scalar()
            if known is None:
                return
            traffic = load(known)
            for entry in decision.learned:
                if len(entry) >= 3:
                    traffic.learn(tuple(entry))
            row = {"organization": organization, "document": dump(traffic)}
            upsert(connection, learned, [row])


def setup_of(store: ResourceStore, sensor: Resource) -> Setup:
    """A sensor's own setup, and the custom rules of its organization and all above it."""
    own = sensor_setup(sensor)
    rules = [
        each.body for each in everything(store, RULE) if contains(each.organization, sensor.organization)
    ]
    return Setup(
        own.local,
        own.office,
        own.scanners,
        dict(own.enabled),
        own.stage,
        msgspec.Raw(msgspec.json.encode(rules)),
    )


def _decision(event: Event, alert: str) -> Decision:
    try:
        return msgspec.convert({**event.data, "deed": event.name.partition(".")[2], "alert": alert}, Decision)
    except msgspec.ValidationError as error:
        raise HoldfastError(f"The event {event.id} is no decision about an alert: {error}.") from None
