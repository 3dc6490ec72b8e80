"""From settings to a running instance: prepare the data folder, then supervise the roles."""

import asyncio
import socket
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from holdfast.access.first_start import FirstStart
from holdfast.kernel.errors import StartupError
from holdfast.runtime.access import welcome
from holdfast.runtime.instance import Instance, Prepared, key_ring, prepare
from holdfast.runtime.key_watch import watch_key
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


def sign_in_link(settings: Settings, first: FirstStart) -> str:
    """The first administrator's link; its secret stands behind the #, where no server's log sees it."""
    return f"{addresses(settings)['console and API']}/sign-in/link#{first.link}"


def check_ports(settings: Settings) -> None:
    """StartupError when something else listens where this instance wants to.

    Gateway processes share their ports, so the system would let a second instance share them too, and
    devices would reach either.
    """
    for name, taken, port in settings.ports():
        for address in taken:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            with socket.socket(family, socket.SOCK_STREAM) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    trial.bind((address, port))
                except OSError as error:
                    raise StartupError(
                        f"Cannot listen on {address} port {port} ({error.strerror}): stop what uses it, "
                        f"or set {name} to another port."
                    ) from error


def _first_start(prepared: Prepared, instance: Instance) -> FirstStart | None:
    """Make the first administrator; the one time that the link and the token are there to be shown."""
    changes = instance.change_path()
    try:
        return welcome(instance, changes, prepared.id_scope)
    finally:
        changes.close()


class Announcement(NamedTuple):
    """What a person or a program should know at the start."""

    addresses: dict[str, str]
    id_scope: str
    root_certificate: str
    """The file that devices and browsers trust."""
    sign_in_link: str
    """Of the first administrator; empty unless this start made the instance, shown this once."""
    token: str
    """Of the first administrator; likewise."""

    def text(self) -> str:
        """For people."""
        lines = [f"{name}: {address}" for name, address in self.addresses.items()]
        lines += [f"ID scope: {self.id_scope}", f"root certificate: {self.root_certificate}"]
        if self.token:
            lines += ["sign-in link of the first administrator (shown this once, good for an hour):"]
            lines += [f"  {self.sign_in_link}"]
            lines += ["API token of the first administrator (shown this once):", f"  {self.token}"]
        return "\n".join(lines)

    def json(self) -> str:
        """For programs, in one line."""
        return msgspec.json.encode(self._asdict()).decode()


async def launch(settings: Settings, announce: Callable[[Announcement], None]) -> None:
    """Run an instance until SIGTERM or SIGINT; `announce` is told what is needed to reach it.

    StartupError when something stands in the way, or when the key is taken away meanwhile.
    """
    check_ports(settings)
    with prepare(settings) as (prepared, instance):
        first = _first_start(prepared, instance)
    announce(
        Announcement(
            addresses(settings),
            prepared.id_scope,
            str(prepared.root_ca),
            sign_in_link(settings, first) if first else "",
            first.token if first else "",
        )
    )
    supervisor = Supervisor(settings)
    watching = asyncio.create_task(watch_key(key_ring(settings), supervisor.stop))
    await supervisor.run()
    watching.cancel()
    if watching.done():
        raise StartupError(await watching)
