"""The platform watched by its own detections, and control, which takes their signals of risk."""

import asyncio
from collections.abc import Iterator
from typing import Final

from holdfast.access.application import APPLICATION
from holdfast.access.conditional.risk import KIND as RISK_SIGNAL
from holdfast.access.reading import everything
from holdfast.access.tokens.kind import KIND as API_TOKEN
from holdfast.access.traces import Traces
from holdfast.alerts.port import AlertSink
from holdfast.cluster.port import Bus
from holdfast.defender.platform.watch import PlatformSurroundings, PlatformWatch
from holdfast.devices.device import DEVICE
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.principal import SYSTEM, PrincipalKind
from holdfast.log.port import LogReader
from holdfast.resources.model import Action, Change, Event
from holdfast.resources.port import ChangePath, ResourceStore
from holdfast.runtime.drills import is_of_probes, probes_network
from holdfast.runtime.instance import Instance
from holdfast.runtime.network import open_monitoring

SIGNAL: Final = "platform.risk-signal"
"""`about`, `level`, `reason`, `until`: what the worker asks of control."""
DEADLINE: Final = 20.0
SOURCE: Final = "platform detections"


def serve_signals(bus: Bus, changes: ChangePath) -> None:
    """Put what detections say of people and addresses where conditional access reads it."""

    async def put(body: JsonObject) -> JsonObject:
        signal: JsonObject = {name: body[name] for name in ("level", "reason", "until")}
        signal["reason"] = str(signal["reason"])[:500]
        change = Change(Action.PUT, RISK_SIGNAL, str(body["about"]), {**signal, "source": SOURCE})
        try:
            await asyncio.to_thread(changes.apply, SYSTEM, change)
        except InvalidError:
            return {}  # an address in another form, or a moment that has passed: no signal
        return {}

    bus.serve(SIGNAL, put)


def open_platform_watch(
    instance: Instance, log: LogReader, alerts: AlertSink, bus: Bus, loop: asyncio.AbstractEventLoop
) -> PlatformWatch:
    """The watch over an instance's own log and audit."""
    store = instance.store
    monitoring = open_monitoring(instance, alerts)

    def signal(about: str, level: str, reason: str, until: float) -> None:
        body: JsonObject = {"about": about, "level": level, "reason": reason, "until": until}
        asyncio.run_coroutine_threadsafe(bus.request("control", SIGNAL, body, DEADLINE), loop).result()

    traces = Traces(instance.database, instance.clock)
    application = store.get(APPLICATION, APPLICATION)
    network = probes_network(str(application.body["idScope"])) if application else ""
    around = PlatformSurroundings(
        alerts,
        lambda device: _group_of(store, device),
        lambda who: _organization_of(store, who),
        signal,
        lambda event: is_of_probes(event, network),
        lambda: _uses(store, traces),
        monitoring.arrived,
    )
    return PlatformWatch(
        monitoring.database,
        instance.events,
        log,
        instance.clock,
        around,
    )


def _uses(store: ResourceStore, traces: Traces) -> Iterator[Event]:
    """The last use of every API token, in the form of an audit record of what it did."""
    tokens = {token.id: token for token in everything(store, API_TOKEN)}
    for identity, use in traces.last_use(API_TOKEN, tokens).items():
        yield Event(
            0, "", use.time, "apiToken.used", API_TOKEN, identity, tokens[identity].organization,
            identity, PrincipalKind.API_TOKEN, identity, "", use.address, "ok", "", "", {},
        )  # fmt: skip


def _group_of(store: ResourceStore, device: str) -> str:
    found = store.get(DEVICE, device)
    return "" if found is None else str(found.body.get("template") or found.body.get("group") or "")


def _organization_of(store: ResourceStore, who: str) -> OrganizationPath:
    found = store.get(DEVICE, who)
    return ROOT if found is None else found.organization
