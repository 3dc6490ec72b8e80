"""`holdfast sensor run` and `holdfast sensor enroll`: a live interface, and the way to the platform."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from holdfast.alerts.model import Alert
from holdfast.cli.remote import DEFAULT_URL, Ca, Token, Url, open_remote
from holdfast.defender.capture.live import LiveCapture
from holdfast.defender.learned.stages import Stage
from holdfast.defender.sensor.results import alert_json, counters_json
from holdfast.defender.sensor.snmp import Secrets, agent_at, values_of
from holdfast.defender.sensor.starting import Options, prepared, take_privileges
from holdfast.defender.uplink.enrollment import identity_from, identity_of_files, make_request
from holdfast.defender.uplink.provisioning import provision
from holdfast.defender.uplink.state import SensorState
from holdfast.kernel.clock import SystemClock, SystemRandomness
from holdfast.kernel.errors import InvalidError

State = Annotated[
    Path,
    typer.Option(
        "--state", envvar="HOLDFAST_SENSOR_STATE", help="Folder for what the sensor keeps, encrypted."
    ),
]
DEFAULT_STATE = Path("/var/lib/holdfast-sensor")


def run(
    interface: Annotated[str, typer.Option("--interface", "-i", help="Interface at the mirror port.")],
    state: State = DEFAULT_STATE,
    user: Annotated[
        str, typer.Option(help="Who to be once the interface is open, when started as root.")
    ] = "nobody",
    stage: Annotated[
        Stage | None, typer.Option(help="Enter a stage; without it the last one goes on.")
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="Custom rules (JSON); see docs/defender.md.")] = None,
    office: Annotated[
        list[str] | None, typer.Option(help="IT subnet: only malware is reported in it.")
    ] = None,
    local: Annotated[list[str] | None, typer.Option(help="Public range that belongs to the plant.")] = None,
    name: Annotated[str, typer.Option(help="What an unenrolled sensor is called in alerts.")] = "local",
    snmp: Annotated[
        str, typer.Option(help="Tell health over SNMP at this address (:PORT) of the management network.")
    ] = "",
    seconds: Annotated[float | None, typer.Option(help="Stop by itself after so many seconds.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for everything.")] = False,
) -> None:
    """Watch a network live until it is stopped. An enrolled sensor reports to the platform."""
    stopping = _stop_on_signals()
    options = Options(interface, state, stage, rules, tuple(office or ()), tuple(local or ()), name)
    secrets = Secrets(*(os.environ.get(f"HOLDFAST_SNMP_{part.upper()}", "") for part in Secrets._fields))
    with LiveCapture(interface) as capture, agent_at(snmp, secrets) as agent:
        take_privileges(user, state)
        with prepared(options, capture, _alert_teller(json), _teller(json)) as live:
            if agent is not None:
                agent.start(lambda: values_of(live, state))
            ends = None if seconds is None else live.clock.monotonic() + seconds
            _teller(json)(f"watching {interface}")
            live.run(lambda: stopping.is_set() or (ends is not None and live.clock.monotonic() >= ends))
            sensor = live.sensor
    if json:
        _line({"counters": counters_json(sensor)})
    else:
        counters = sensor.counters
        typer.echo(
            f"{counters.packets} packets, {counters.dropped} lost, {len(sensor.inventory)} assets, "
            f"{len(sensor.alerts)} alerts; stage: {sensor.learned.stages.stage}"
        )


def enroll(
    sensor: Annotated[str, typer.Argument(help="The sensor's id on the platform.")] = "",
    state: State = DEFAULT_STATE,
    organization: Annotated[str, typer.Option(help="Id of the organization that is its zone.")] = "",
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    url: Url = DEFAULT_URL,
    token: Token = "",
    ca: Ca = None,
    certificate: Annotated[
        Path | None, typer.Option(help="Certificate of an enrollment group's authority, instead of a token.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="Its key.")] = None,
    host: Annotated[str, typer.Option(help="Provisioning host, with a certificate.")] = "",
    port: Annotated[int, typer.Option(help="Its MQTT port.")] = 8883,
    id_scope: Annotated[str, typer.Option(help="ID scope, with a certificate.")] = "",
) -> None:
    """Make this sensor a device, or renew its certificate.

    The device is the platform's, and the sensor reports as it.
    """
    clock, randomness = SystemClock(), SystemRandomness()
    if certificate is not None:
        if key is None or ca is None or not host or not id_scope:
            raise InvalidError("With --certificate, also say --key, --ca, --host and --id-scope.")
        first = identity_of_files(host, port, certificate, key, ca)
        identity = provision(first, id_scope, clock, randomness)
    else:
        if not sensor:
            raise InvalidError("Say the sensor's id: holdfast sensor enroll line-3.")
        made = make_request(sensor)
        body = {"certificateRequest": made.request, "displayName": name, "organization": organization}
        with open_remote(url, token, ca) as remote:
            answer = remote.post(f"/api/defender/sensors/{sensor}/enroll", body)
        identity = identity_from(answer, made.key)
    kept = SensorState(state, clock, randomness)
    kept.enroll(identity)
    kept.close()
    typer.echo(
        f"{identity.device} is enrolled; `holdfast sensor run --interface …` reports to "
        f"{identity.host}:{identity.port}."
    )


def _stop_on_signals() -> threading.Event:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    return stopping


def _alert_teller(json: bool) -> Callable[[Alert], None]:
    def tell(alert: Alert) -> None:
        if json:
            _line({"alert": alert_json(alert)})
            return
        observed = alert.violations[0].observed if alert.violations else ""
        parties = " → ".join(party for party in (alert.source, alert.destination) if party)
        typer.echo(f"{alert.severity.upper():6} {alert.type.title}: {parties}: {observed}")

    return tell


def _teller(json: bool) -> Callable[[str], None]:
    def tell(text: str) -> None:
        if json:
            _line({"news": text})
        else:
            typer.echo(f"holdfast: {text}", err=True)

    return tell


def _line(document: object) -> None:
    typer.echo(msgspec.json.encode(document).decode())
