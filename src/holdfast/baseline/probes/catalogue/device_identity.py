"""Devices prove who they are: by a key, or by a certificate, and by nothing that somebody else made."""

from collections.abc import Iterator
from contextlib import ExitStack

from holdfast.baseline.probes.certificates import Made, as_file, make_certificate
from holdfast.baseline.probes.context import Endpoint, ProbeContext, Surface
from holdfast.baseline.probes.device_https import STORED, send_telemetry
from holdfast.baseline.probes.devices import ProbeDevice, probe_device
from holdfast.baseline.probes.mqtt import ACCEPTED, Login, log_in
from holdfast.baseline.probes.observation import Sight

HOUR = 3_600.0

_DEVICE_SURFACES = (Surface.DEVICE_MQTT, Surface.DEVICE_HTTPS, Surface.SENSOR_MQTT)
"""Where devices log in; over HTTPS in a WebSocket."""


def _sight(context: ProbeContext, surface: Surface, what: str, login: Login, *, good: bool) -> Sight:
    code = log_in(context, surface, login)
    seen = "accepted" if code == ACCEPTED else "refused" if code is not None else "the connection was closed"
    return Sight(
        f"{surface}, {what}",
        "accepted" if good else "refused",
        seen if code in (ACCEPTED, None) else f"refused with code {code}",
        (code == ACCEPTED) == good,
        in_force=code == ACCEPTED if good and login.password else None,
    )


def _api_sight(context: ProbeContext, what: str, login: Login, *, good: bool) -> Sight:
    """A request to the device API, which judges every one for itself."""
    status = send_telemetry(context, login)
    return Sight(
        f"device API over HTTPS, {what}",
        "accepted" if good else "refused",
        "accepted" if status == STORED else f"refused with status {status}",
        (status == STORED) == good,
    )


def _surfaces(context: ProbeContext) -> list[Surface]:
    return [surface for surface in _DEVICE_SURFACES if surface in context.endpoints]


def keys_are_judged(context: ProbeContext) -> Iterator[Sight]:
    """Log in with a good signature, then with forged and expired ones and with another device's."""
    with probe_device(context) as device, probe_device(context) as other:
        for surface in _surfaces(context):
            passwords = _signatures(context, context.endpoints[surface], device, other)
            for number, (what, password) in enumerate(passwords.items()):
                login = Login(device.id, password)
                yield _sight(context, surface, what, login, good=number == 0)
    if Surface.DEVICE_HTTPS in context.endpoints:
        # Devices of their own: who failed too often is locked out, whatever comes next.
        with probe_device(context) as device, probe_device(context) as other:
            endpoint = context.endpoints[Surface.DEVICE_HTTPS]
            passwords = _signatures(context, endpoint, device, other)
            for number, (what, password) in enumerate(passwords.items()):
                yield _api_sight(context, what, Login(device.id, password), good=number == 0)


def _signatures(
    context: ProbeContext, endpoint: Endpoint, device: ProbeDevice, other: ProbeDevice
) -> dict[str, str]:
    """The good signature first."""
    now, host = context.clock.now(), endpoint.server_name
    mine, others = f"{host}/devices/{device.id}", f"{host}/devices/{other.id}"
    return {
        "a signature by its own key": device.signature(mine, now + HOUR),
        "a signature by a made-up key": device.signature(mine, now + HOUR, context.randomness.bytes(32)),
        "an expired signature": device.signature(mine, now - HOUR),
        "another device's signature": other.signature(others, now + HOUR),
        "a signature for it by another device's key": other.signature(mine, now + HOUR),
        "a password that is no signature": "let me in",
    }


def certificates_are_judged(context: ProbeContext) -> Iterator[Sight]:
    """Log in with the enrolled certificate, then with others that name the device, and an expired one."""
    now = context.clock.now()
    enrolled, others = make_certificate("probe", now), make_certificate("other", now)
    expired = make_certificate("expired", now, days=-1)
    with (
        probe_device(context, enrolled.pem) as device,
        probe_device(context, others.pem),
        ExitStack() as stack,
    ):
        authority = make_certificate("An authority that nobody enrolled", now)
        chains: dict[str, tuple[Made, ...]] = {
            "the enrolled certificate": (enrolled,),
            "an unknown certificate with its name": (make_certificate(device.id, now),),
            "one of an authority that nobody enrolled": (
                make_certificate(device.id, now, issuer=authority),
                authority,
            ),
            "another device's certificate": (others,),
        }
        files = {what: stack.enter_context(as_file(*chain)) for what, chain in chains.items()}
        late = stack.enter_context(as_file(expired))
        for surface in _surfaces(context):
            for number, (what, file) in enumerate(files.items()):
                login = Login(device.id, certificate=file)
                yield _sight(context, surface, what, login, good=number == 0)
            yield from _expired(context, surface, expired.pem, Login("", certificate=late))
        if Surface.DEVICE_HTTPS in context.endpoints:
            for number, (what, file) in enumerate(files.items()):
                yield _api_sight(context, what, Login(device.id, certificate=file), good=number == 0)


def _expired(context: ProbeContext, surface: Surface, pem: str, login: Login) -> Iterator[Sight]:
    """A certificate that was enrolled and ran out since: taken at the enrollment or not, it opens nothing."""
    what = "an expired certificate"
    try:
        with probe_device(context, pem) as device:
            yield _sight(context, surface, what, login._replace(device=device.id), good=False)
    except RuntimeError as refused:
        yield Sight(f"{surface}, {what}", "refused", f"refused at its enrollment: {refused}", passed=True)
