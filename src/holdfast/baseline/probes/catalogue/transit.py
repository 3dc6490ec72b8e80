"""Data in transit: nothing but TLS 1.2 or newer, with a certificate that verifies."""

from collections.abc import Iterator

from holdfast.baseline.probes.context import ProbeContext, Surface
from holdfast.baseline.probes.observation import Sight
from holdfast.baseline.probes.sockets import answer_to, secured

_HTTP = b"GET / HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n"
_MQTT = bytes.fromhex("100d00044d515454040200050001") + b"p"
"""An MQTT 3.1.1 CONNECT of the client `p` (OASIS MQTT 3.1.1, section 3.1)."""

_OPENINGS = {
    Surface.DEVICE_MQTT: _MQTT,
    Surface.SENSOR_MQTT: _MQTT,
    Surface.DEVICE_HTTPS: _HTTP,
    Surface.PEOPLE: _HTTP,
}

_ALERT = 0x15
_HANDSHAKE = 0x16
"""TLS record types (RFC 8446, section 5.1)."""

_OLD_VERSIONS = {"SSL 3.0": b"\3\0", "TLS 1.0": b"\3\1", "TLS 1.1": b"\3\2"}


def plaintext_refused(context: ProbeContext) -> Iterator[Sight]:
    """Speak the protocol of each listener without TLS."""
    for surface, endpoint in context.endpoints.items():
        answer = answer_to(context, endpoint, _OPENINGS[surface])
        refused = not answer or answer[0] == _ALERT
        yield Sight(f"{surface}, {endpoint}", "no answer but a TLS alert", _seen(answer), refused)


def _seen(answer: bytes) -> str:
    if not answer:
        return "the connection was closed without an answer"
    if answer[0] == _ALERT:
        return "a TLS alert"
    return f"an answer in plain text: {answer[:60]!r}"


def old_tls_refused(context: ProbeContext) -> Iterator[Sight]:
    """Offer nothing newer than each old version of TLS, by hand: a TLS library might refuse by itself."""
    for surface, endpoint in context.endpoints.items():
        for name, version in _OLD_VERSIONS.items():
            answer = answer_to(context, endpoint, client_hello(version, context.randomness.bytes(32)))
            accepted = answer[:1] == bytes([_HANDSHAKE])
            observed = f"a ServerHello of version {answer[9:11].hex()}" if accepted else _refusal(answer)
            yield Sight(f"{surface}, {endpoint}, {name}", "the handshake fails", observed, not accepted)


def _refusal(answer: bytes) -> str:
    return f"alert {answer[6]}" if answer[:1] == bytes([_ALERT]) and len(answer) > 6 else _seen(answer)


def client_hello(version: bytes, random: bytes) -> bytes:
    """A ClientHello of at most `version` (RFC 4346, section 7.4.1.2), with the usual suites of its time."""
    suites = bytes.fromhex("c013c014c009c00a002f0035000a")
    extensions = bytes.fromhex("000a0006000400170018000b00020100")
    body = version + random + b"\0" + _sized(suites, 2) + b"\1\0" + _sized(extensions, 2)
    return bytes([_HANDSHAKE]) + b"\3\0" + _sized(b"\1" + _sized(body, 3), 2)


def _sized(content: bytes, width: int) -> bytes:
    return len(content).to_bytes(width, "big") + content


def certificate_verifies(context: ProbeContext) -> Iterator[Sight]:
    """Connect with verification on and look at what was agreed."""
    for surface, endpoint in context.endpoints.items():
        expected = f"a certificate for {endpoint.server_name} and TLS 1.2 or newer"
        try:
            with secured(context, endpoint) as tls:
                version, cipher = str(tls.version()), tls.cipher()
        except OSError as error:
            yield Sight(f"{surface}, {endpoint}", expected, f"{type(error).__name__}: {error}", passed=False)
            continue
        good = version in ("TLSv1.2", "TLSv1.3")
        yield Sight(f"{surface}, {endpoint}", expected, f"{version}, {cipher[0] if cipher else '?'}", good)
