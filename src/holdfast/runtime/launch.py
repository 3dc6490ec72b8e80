"""From settings to a running instance: prepare the data folder, then supervise the roles."""

from collections.abc import Callable

from holdfast.runtime.access import first_token, open_access
from holdfast.runtime.instance import Instance, Prepared, prepare
from holdfast.runtime.settings import Settings
from holdfast.runtime.supervisor import Supervisor


def addresses(settings: Settings) -> dict[str, str]:
    """Where the instance is reached, by what for."""
    host = settings.host_names[0]
    return {
        "console and API": f"https://{host}:{settings.people.port}",
        "devices (MQTT)": f"{host}:{settings.devices.mqtt_port}",
        "devices (WebSocket, HTTPS)": f"{host}:{settings.devices.https_port}",
    }


def welcome(settings: Settings, prepared: Prepared, instance: Instance) -> str:
    """Make what a new instance needs to be used, and say it: the one time that the token is shown."""
    changes = instance.change_path()
    try:
        token = first_token(open_access(instance, changes, prepared.id_scope))
    finally:
        changes.close()
    return token


async def launch(
    settings: Settings,
    announce: Callable[[str], None],
    started: Callable[[Prepared, str], None] = lambda _prepared, _token: None,
) -> None:
    """Run an instance until SIGTERM or SIGINT.

    `announce` gets what a person should read at the start; `started` the same for a program (the token is
    empty unless this start made the instance). StartupError when something stands in the way.
    """
    with prepare(settings) as (prepared, instance):
        token = welcome(settings, prepared, instance) if prepared.is_new else ""
    lines = [f"{name}: {address}" for name, address in addresses(settings).items()]
    lines += [f"ID scope: {prepared.id_scope}", f"root certificate: {prepared.root_ca}"]
    if token:
        lines += ["API token of the first administrator (shown this once):", f"  {token}"]
    announce("\n".join(lines))
    supervisor = Supervisor(settings)
    await supervisor.run(lambda: started(prepared, token))
