"""Sensors: whom they talk to, and who sees and reads what they told."""

import contextlib
import socket
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from holdfast.baseline.probes.captures import ZONE, found_alerts, make_zone, staged
from holdfast.baseline.probes.catalogue.at_rest import search
from holdfast.baseline.probes.certificates import Made, as_file, make_certificate
from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.devices import VERSION, demand
from holdfast.baseline.probes.files import read_each
from holdfast.baseline.probes.http import ask
from holdfast.baseline.probes.observation import Sight
from holdfast.defender.uplink.connection import UplinkThread
from holdfast.defender.uplink.spool import Spool
from holdfast.defender.uplink.state import Identity, SensorState
from holdfast.kernel.json import JsonObject, JsonValue

_CONNECT: Final = b"\x10"
"""What an MQTT connection begins with (MQTT 3.1.1, 2.2)."""
_HELLO: Final = b"\x16"
"""What a TLS connection begins with (RFC 8446 5.1)."""
_WORDS: Final = {_CONNECT: "an MQTT CONNECT", _HELLO: "a TLS ClientHello"}
_NOTHING: Final = "nothing: the sensor broke the handshake off"


def trusts_its_platform_alone(context: ProbeContext) -> Iterator[Sight]:
    """Let a sensor connect to a listener of its platform and to others, and read what it says there."""
    now = context.clock.now()
    own, stranger = (make_certificate("platform", now, address=context.source) for _ in range(2))
    with tempfile.TemporaryDirectory(prefix="holdfast-probe-") as folder:
        state = SensorState(Path(folder) / "state", context.clock, context.randomness)
        try:
            for subject, presented, expected in (
                ("a listener with its platform's certificate", own, _WORDS[_CONNECT]),
                ("a listener with another certificate", stranger, _NOTHING),
                ("a listener without TLS", None, _WORDS[_HELLO]),
            ):
                said = _said_to(context, state, own, presented)
                yield Sight(subject, expected, said, said == expected)
        finally:
            state.close()


def _said_to(context: ProbeContext, state: SensorState, root: Made, presented: Made | None) -> str:
    """The first that a sensor, which knows its platform by `root`, says to a listener."""
    with socket.create_server((context.source, 0)) as listener:
        listener.settimeout(context.seconds)
        port = int(listener.getsockname()[1])
        state.enroll(_identity(context, port, root))
        spool = Spool(state)
        uplink = UplinkThread(state, spool, context.clock, context.randomness, lambda _news: None)
        uplink.start()
        try:
            return _first_words(listener, presented)
        finally:
            uplink.stop(grace=0.0)


def _identity(context: ProbeContext, port: int, root: Made) -> Identity:
    own = make_certificate("sensor", context.clock.now())
    key = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return Identity("sensor", context.source, port, own.pem, key, root.pem)


def _first_words(listener: socket.socket, presented: Made | None) -> str:
    with contextlib.ExitStack() as stack:
        taken = stack.enter_context(listener.accept()[0])
        taken.settimeout(listener.gettimeout())
        if presented is not None:
            server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.load_cert_chain(stack.enter_context(as_file(presented)))
            try:
                taken = stack.enter_context(server.wrap_socket(taken, server_side=True))
            except (ssl.SSLError, ConnectionError):
                return _NOTHING
        said = taken.recv(1)
        return _WORDS.get(said, f"{said!r}")


# What the platform keeps of them


def packets_unreadable(context: ProbeContext) -> Iterator[Sight]:
    """Search every raw file for the sentence in the packets that are kept behind an alert."""
    assert context.scratch is not None  # the probe needs it
    with context.scratch.shared() as drill:
        canary = staged(drill)
        alerts = [f"/api/defender/alerts/{alert['id']}" for alert in found_alerts(drill, f"sensor={ZONE}")]
        packets = [ask(drill, "GET", f"{alert}/packets", Persona.KEEPER).text for alert in alerts]
        if not any(canary in text for text in packets):
            raise RuntimeError("the packets behind the alert cannot be read back")
        assert drill.data is not None  # of every drill
        yield from read_each(drill.data, lambda file, path: search(f"platform: {file}", path, canary))


def roles_limited(context: ProbeContext) -> Iterator[Sight]:
    """Ask for what is in one zone as who may only look there, and as an analyst of the zone beside it."""
    assert context.scratch is not None  # the probe needs it
    with context.scratch.shared() as drill:
        staged(drill)
        other = f"other-{context.randomness.bytes(6).hex()}"
        make_zone(drill, other)
        reader = _token(drill, f"{other}-reader", "sensor-read-only", ZONE)
        analyst = _token(drill, f"{other}-analyst", "sensor-security-analyst", other)
        yield from _refused(drill, "who may only look", reader, 200, 403)
        yield from _refused(drill, "an analyst of another zone", analyst, 404, 404)


def _refused(drill: ProbeContext, who: str, token: str, looking: int, deeds: int) -> Iterator[Sight]:
    """Whether looking at an asset, and what may not be done, are answered with these statuses."""
    asset = _asset(drill)
    ends: JsonObject = {"ends": drill.clock.now() + 3600.0, "organization": ZONE}
    asked: tuple[tuple[str, str, JsonObject | None, int], ...] = (
        ("GET", f"/api/defender/assets/{asset}", None, looking),
        ("PATCH", f"/api/defender/assets/{asset}", {"name": "changed"}, deeds),
        ("GET", f"/api/defender/captures/{ZONE}/file", None, deeds),
        ("PUT", f"/api/defender/maintenanceWindows/{ZONE}", ends, 403),
    )
    for method, path, body, wanted in asked:
        seen = ask(drill, method, path, None, body, authorization=token).status
        said = path.replace(f"assets/{asset}", "assets/{id}")
        yield Sight(f"{who}: {method} {said}", f"status {wanted}", f"status {seen}", seen == wanted)


def _asset(drill: ProbeContext) -> str:
    path = f"/api/defender/assets?organization=/{ZONE}/"
    assets = demand(ask(drill, "GET", path, Persona.KEEPER), "reading the assets")["value"]
    if not isinstance(assets, list) or not assets or not isinstance(assets[0], dict):
        raise RuntimeError("the capture showed no asset")
    return str(assets[0]["id"])


def _token(drill: ProbeContext, name: str, role: str, zone: str) -> str:
    body: JsonValue = {"roles": [{"role": role, "organization": zone}]}
    made = ask(drill, "PUT", f"/api/apiTokens/{name}?{VERSION}", Persona.KEEPER, body)
    return str(demand(made, "making a token")["token"])
