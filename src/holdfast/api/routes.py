"""Every operation that is served over HTTP: the tables of all modules in one list."""

from holdfast.api import (
    alerts,
    audit,
    baseline,
    baseline_decisions,
    files,
    fleet,
    instance,
    regulatory,
    shared_access,
    telemetry_live,
)
from holdfast.api.access import decisions, identity, keys, local_methods, people, resources
from holdfast.api.azure import iot_apps, policies, policy_states
from holdfast.api.central import (
    capabilities,
    device_groups,
    device_templates,
    devices,
    enrollment_groups,
    jobs,
    people_and_tokens,
    relationships,
    settings,
    system,
)
from holdfast.api.defender import alerts as network_alerts
from holdfast.api.defender import assets, configuration, console_api, mining, sensor_api, sensors
from holdfast.api.frame import Route

ROUTES: list[Route] = [
    *devices.ROUTES,
    *files.ROUTES,
    *device_templates.ROUTES,
    *device_groups.ROUTES,
    *relationships.ROUTES,
    *capabilities.ROUTES,
    *enrollment_groups.ROUTES,
    *shared_access.ROUTES,
    *fleet.ROUTES,
    *instance.ROUTES,
    *iot_apps.ROUTES,
    *policies.ROUTES,
    *policy_states.ROUTES,
    *jobs.ROUTES,
    *people_and_tokens.ROUTES,
    *settings.ROUTES,
    *system.ROUTES,
    *resources.ROUTES,
    *people.ROUTES,
    *local_methods.ROUTES,
    *audit.ROUTES,
    *telemetry_live.ROUTES,
    *decisions.ROUTES,
    *identity.ROUTES,
    *keys.ROUTES,
    *baseline.ROUTES,
    *baseline_decisions.ROUTES,
    *regulatory.ROUTES,
    *alerts.ROUTES,
    *assets.ROUTES,
    *network_alerts.ROUTES,
    *sensors.ROUTES,
    *configuration.ROUTES,
    *mining.ROUTES,
    *sensor_api.ROUTES,
    *console_api.ROUTES,
]
