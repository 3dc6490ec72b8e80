"""The control role: the change path, the API and the console, provisioning, and the health page."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as StarletteRoute

from holdfast.access.application import APPLICATION, Listener
from holdfast.access.control import AccessControl
from holdfast.alerts.desk import AlertDesk
from holdfast.alerts.store.writing import AlertStore
from holdfast.alerts.wire import serve_alerts
from holdfast.api.access.local_methods import LocalDevices
from holdfast.api.application import build
from holdfast.api.files import FileContent
from holdfast.api.routes import ROUTES as API_ROUTES
from holdfast.api.services import Services
from holdfast.api.streams import Streams
from holdfast.baseline.service import Baseline
from holdfast.console.rendering import STATIC_FILES, error_page
from holdfast.console.routes import ROUTES as CONSOLE_ROUTES
from holdfast.console.settings import RunningSettings
from holdfast.defender.network.enrolling import SensorEnrolling
from holdfast.defender.network.reading import Network
from holdfast.delivery.service import Delivery
from holdfast.devices.common_credentials import CommonCredentials
from holdfast.devices.jobs.engine import JobEngine
from holdfast.devices.provisioning import ProvisioningService
from holdfast.devices.wire import serve_provisioning
from holdfast.kernel.errors import UnavailableError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.network import parse_network
from holdfast.log.open import open_reader, open_state
from holdfast.policy.compliance.inventory import Inventory
from holdfast.policy.compliance.reading import PolicyStates
from holdfast.policy.compliance.states import open_states
from holdfast.policy.controls.links import PolicyControls
from holdfast.policy.engine.gate import Gate
from holdfast.resources.changes import QueuedChangePath
from holdfast.resources.integrity import AuditIntegrity
from holdfast.resources.witness import WITNESS_FILE, HeadFile
from holdfast.runtime import metrics
from holdfast.runtime.access import SILENCE_SECONDS, follow_changes, open_access, sas_in_use, tend
from holdfast.runtime.alerts import open_alerts, tend_alerts
from holdfast.runtime.baseline import BaselineParts, BaselineRuns, open_baseline
from holdfast.runtime.certificates import follow_certificate, instance_keys
from holdfast.runtime.delivery import open_delivery
from holdfast.runtime.device_files import open_device_files
from holdfast.runtime.gateway import sas_rule
from holdfast.runtime.instance import Instance, open_instance, server_certificate_of
from holdfast.runtime.network import open_enrolling, open_reading
from holdfast.runtime.people_listener import PeopleListener, server_context
from holdfast.runtime.platform_watch import serve_signals
from holdfast.runtime.policies import open_inventory, open_remediations, run_remediations
from holdfast.runtime.process import Role, spare_collections
from holdfast.runtime.refusals import follow_refusals, record_refusal
from holdfast.runtime.reported import index_reported
from holdfast.runtime.rules import CurrentRules, follow_rules
from holdfast.runtime.shown_settings import shown_settings
from holdfast.runtime.supervisor import Supervisor
from holdfast.telemetry.open import open_last_values
from holdfast.vault.authority import Issued
from holdfast.vault.files import load_into
from holdfast.vault.validity import InstanceKeys

HEALTH_DEADLINE = 2.0


async def run(role: Role) -> None:
    """Run the role until it is told to stop."""
    instance = await asyncio.to_thread(open_instance, role.settings)
    gate = Gate(instance.store, instance.clock)
    changes = await asyncio.to_thread(instance.change_path, gate)
    changes.observe(gate.changed)
    try:
        await _serve(role, instance, changes)
    finally:
        await asyncio.to_thread(changes.close)
        await asyncio.to_thread(instance.close)


async def _serve(role: Role, instance: Instance, changes: QueuedChangePath) -> None:
    services = await asyncio.to_thread(_services, role, instance, changes, role.loop)
    access = services.extension(AccessControl)
    follow_changes(role.cluster.bus, access.authenticator.changed)
    role.spawn(tend(access, role.stopping))
    alerts = services.extension(AlertStore)
    serve_alerts(role.cluster.bus, alerts)
    serve_signals(role.cluster.bus, changes)
    role.spawn(tend_alerts(alerts, role.stopping))
    _serve_provisioning(role, instance, changes, services)
    follow_refusals(role, changes)
    await index_reported(role, instance, services)
    jobs = asyncio.create_task(_job_engine(role, services).run(role.stopping), name="jobs")
    repairs = open_remediations(instance, changes, services.extension(PolicyStates), services.last_values)
    remediations = asyncio.create_task(run_remediations(repairs, role.stopping), name="remediations")
    rules = CurrentRules(instance.store, Listener.PEOPLE)
    issued = await asyncio.to_thread(server_certificate_of, instance)
    listener = await asyncio.to_thread(_listener, role, instance, services, rules, issued)

    def show(renewed: Issued) -> None:
        load_into(listener.context, renewed, instance.randomness)

    role.spawn(follow_certificate(instance, role.stopping, issued, show))
    await follow_rules(role, [rules], listener.enforce)
    settings = role.settings.people
    port = await listener.start(settings.addresses, settings.port)
    structlog.get_logger().info("serving people", addresses=settings.addresses, port=port)
    role.checks["changes"] = changes.healthy
    spare_collections()
    role.ready = True
    if role.settings.baseline.automatic:
        runs = BaselineRuns(services, services.extension(Baseline), alerts, lambda: _is_ready(role))
        role.spawn(runs.run(role.stopping))
    await _until_stopped(role, changes)
    services.extension(BaselineParts).scratch.end_all()
    await listener.stop()
    await asyncio.to_thread(services.extension(BaselineParts).close)
    await asyncio.gather(jobs, remediations)


def _serve_provisioning(
    role: Role, instance: Instance, changes: QueuedChangePath, services: Services
) -> None:
    bus = role.cluster.bus
    common = CommonCredentials(
        instance.store,
        sas_allowed=sas_rule(instance.store),
        trusted=lambda: bus.silent_for() <= SILENCE_SECONDS,
    )
    changes.observe(common.changed)
    follow_changes(bus, common.changed)
    service = ProvisioningService(
        instance.store, changes, common, role.clock, id_scope=services.id_scope, hub=services.host
    )
    serve_provisioning(bus, service)


async def _until_stopped(role: Role, changes: QueuedChangePath) -> None:
    """Return when the role shall stop. After a failed fsync only a new process may trust the disk."""
    while not role.stopping.is_set() and not changes.fatal:
        try:
            async with asyncio.timeout(0.5):
                await role.stopping.wait()
        except TimeoutError:
            continue
    role.stopping.set()


def _job_engine(role: Role, services: Services) -> JobEngine:
    """Jobs change resources, so they run where the change path is."""
    return JobEngine(
        services.store,
        services.changes,
        services.state,
        role.cluster.router,
        services.clock,
        services.randomness,
    )


def _services(
    role: Role, instance: Instance, changes: QueuedChangePath, loop: asyncio.AbstractEventLoop
) -> Services:
    application = instance.store.get(APPLICATION, APPLICATION)
    if application is None:
        raise UnavailableError("The instance was not prepared; start it with `holdfast up`.")
    data = role.settings.data
    id_scope = str(application.body["idScope"])
    alerts, desk = open_alerts(instance, changes)
    access = open_access(instance, changes, id_scope, role.cluster, loop, alerts)
    last_values = open_last_values(data, instance.ring, role.settings.database)
    states = PolicyStates(open_states(data, instance.ring, role.settings.database).database)
    parts = open_baseline(instance, access, id_scope, states)
    return Services(
        clock=instance.clock,
        randomness=instance.randomness,
        store=instance.store,
        changes=changes,
        events=instance.events,
        cluster=role.cluster,
        state=open_state(
            data, instance.ring, instance.clock, instance.randomness, url=role.settings.database
        ),
        log=open_reader(data, instance.ring, instance.clock, role.settings.database),
        last_values=last_values,
        authenticate=access.authenticator,
        loop=loop,
        extensions={
            AccessControl: access,
            AlertStore: alerts,
            AlertDesk: desk,
            Delivery: open_delivery(instance),
            InstanceKeys: instance_keys(instance),
            AuditIntegrity: AuditIntegrity(
                instance.database, instance.ring, instance.clock, HeadFile(data / WITNESS_FILE)
            ),
            Streams: Streams(role.stopping),
            LocalDevices: LocalDevices(partial(sas_in_use, instance.store)),
            Baseline: parts.baseline,
            BaselineParts: parts,
            PolicyStates: states,
            PolicyControls: PolicyControls(instance.store, states),
            Inventory: open_inventory(instance, last_values),
            FileContent: FileContent(open_device_files(role.settings, instance.ring, instance.randomness)[0]),
            Network: open_reading(instance),
            SensorEnrolling: open_enrolling(instance, changes, id_scope),
            RunningSettings: shown_settings(role.settings),
        },
        form_key=instance.ring.data_key("console-forms"),
        host=role.settings.host_names[0],
        id_scope=id_scope,
    )


def _listener(
    role: Role, instance: Instance, services: Services, rules: CurrentRules, issued: Issued
) -> PeopleListener:
    context = server_context()
    load_into(context, issued, instance.randomness)
    refused = metrics.gauge(role.registry, "holdfast_people_refused", "Connections refused by network rules.")
    connections = metrics.gauge(role.registry, "holdfast_people_connections", "Open connections of people.")

    def on_refused(address: str, reason: str) -> None:
        refused.inc()
        record_refusal(services.changes, address, "", f"people listener: {reason}")

    trusted = [parse_network(text) for text in role.settings.people.trusted_proxies]
    app = build(services, [*API_ROUTES, *CONSOLE_ROUTES], [*_pages(role), STATIC_FILES], error_page)
    listener = PeopleListener(app, context, rules, trusted, on_refused)
    connections.set_function(lambda: len(listener.connections))
    return listener


# The health page: open, because load balancers and Prometheus have no token; it names processes and problems.


def _pages(role: Role) -> Sequence[StarletteRoute]:
    def page(answer: Callable[[], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(_request: Request) -> Response:
            return await answer()

        return endpoint

    async def alive() -> Response:
        return JSONResponse({"status": "alive"})

    async def ready() -> Response:
        parts = await _ask_all(role, "health")
        problems = _problems(parts)
        status = "ready" if not problems else "not ready"
        warnings = _sentences(parts, "warnings")
        body = {"status": status, "processes": sorted(parts), "problems": problems, "warnings": warnings}
        return JSONResponse(body, 200 if not problems else 503)

    async def rendered() -> Response:
        parts = await _ask_all(role, "metrics")
        pages = {node: str(part["page"]) for node, part in parts.items() if part}
        return Response(metrics.merge(pages), media_type="text/plain; version=0.0.4")

    return [
        StarletteRoute("/healthz", page(alive)),
        StarletteRoute("/readyz", page(ready)),
        StarletteRoute("/metrics", page(rendered)),
    ]


def _problems(parts: Mapping[str, JsonObject | None]) -> list[str]:
    """What is wrong with the processes, one sentence each."""
    problems = [f"{node} does not answer" for node, part in parts.items() if part is None]
    problems += [f"{node} is not ready" for node, part in parts.items() if part and not part["ready"]]
    return problems + _sentences(parts, "problems")


def _sentences(parts: Mapping[str, JsonObject | None], of: str) -> list[str]:
    """What the processes say under `problems` or `warnings`, each with its process."""
    said = {node: part.get(of) if part else None for node, part in parts.items()}
    return [
        f"{node}: {text}"
        for node, found in said.items()
        if isinstance(found, dict)
        for text in found.values()
    ]


async def _is_ready(role: Role) -> bool:
    return not _problems(await _ask_all(role, "health"))


async def _ask_all(role: Role, method: str) -> dict[str, JsonObject | None]:
    """Every process's answer; None for one that gives none."""

    async def ask(node: str) -> JsonObject | None:
        try:
            return await role.cluster.bus.request(node, method, {}, HEALTH_DEADLINE)
        except UnavailableError:
            return None

    nodes = Supervisor.nodes(role.settings)
    return dict(zip(nodes, await asyncio.gather(*map(ask, nodes)), strict=True))
