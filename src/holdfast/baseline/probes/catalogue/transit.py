"""Data in transit: nothing but TLS 1.2 or newer, with a certificate that verifies."""

from collections.abc import Iterator

from holdfast.baseline.probes.context import ProbeContext, Surface
from holdfast.baseline.probes.observation import Sight
from holdfast.baseline.probes.sockets import HANDSHAKE, answer_to, client_hello, secured

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
"""A TLS record type (RFC 8446, section 5.1)."""

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
            accepted = answer[:1] == bytes([HANDSHAKE])
            observed = f"a ServerHello of version {answer[9:11].hex()}" if accepted else _refusal(answer)
            yield Sight(f"{surface}, {endpoint}, {name}", "the handshake fails", observed, not accepted)


def _refusal(answer: bytes) -> str:
    return f"alert {answer[6]}" if answer[:1] == bytes([_ALERT]) and len(answer) > 6 else _seen(answer)


_WEAK_SUITES = {
    "no encryption": "00010002002e002c003bc001c006c00bc010",
    "export keys": "00030006000800140011",
    "no authentication": "0018001b003400a6c0150017",
    "RC4, DES or 3DES": "0004000500090012000ac011c012",
    "no forward secrecy": "009c009d002f0035003c003d",
    "CBC": "c013c014c027c028c009c00a",
}
"""Suites of TLS 1.2 by what they lack (the IANA registry's numbers, two bytes each)."""

_TLS_1_2 = b"\3\3"


def weak_suites_refused(context: ProbeContext) -> Iterator[Sight]:
    """Offer TLS 1.2 with nothing but suites that protect too little."""
    for surface, endpoint in context.endpoints.items():
        control = answer_to(context, endpoint, client_hello(_TLS_1_2, context.randomness.bytes(32)))
        if control[:1] != bytes([HANDSHAKE]):
            subject = f"{surface}, {endpoint}, good suites"
            yield Sight(subject, "a handshake begins", _refusal(control), passed=False)
            continue
        for lack, suites in _WEAK_SUITES.items():
            hello = client_hello(_TLS_1_2, context.randomness.bytes(32), bytes.fromhex(suites))
            answer = answer_to(context, endpoint, hello)
            accepted = answer[:1] == bytes([HANDSHAKE])
            observed = "a ServerHello that takes one of them" if accepted else _refusal(answer)
            yield Sight(f"{surface}, {endpoint}, {lack}", "the handshake fails", observed, not accepted)


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
