"""Cases of OPC UA and HART-IP."""

import struct

from tests.support.traffic import opcua
from tests.support.traffic.case import HMI, PLC, Case, Play
from tests.support.traffic.cases.exchanges import tcp, udp


def talk(*pairs: tuple[bytes, bytes], policy: str = opcua.NONE, mode: int = 1, pause: float = 0.1) -> Play:
    opening = ((opcua.hello(), opcua.ACKNOWLEDGE), (opcua.open_channel(policy, mode), b""))
    return tcp(4840, *opening, *pairs, pause=pause)


def read(name: str = "Level", answer: bytes = b"") -> Play:
    return talk((opcua.read(name), answer or opcua.read_answer()))


def sessions(count: int, *, refused: bool, pause: float = 0.1) -> Play:
    pairs = [
        (
            opcua.activate("ada", number),
            opcua.fault(opcua.DENIED, number) if refused else opcua.activated(number),
        )
        for number in range(2, count + 2)
    ]
    return talk(*pairs, pause=pause)


def field_command(command: int) -> Play:
    """A HART command through a HART-IP server, after its session is set up."""
    initiate = struct.pack(">BBBBHH", 1, 0, 0, 0, 1, 13) + struct.pack(">BI", 1, 600000)
    opened = struct.pack(">BBBBHH", 1, 1, 0, 0, 1, 13) + struct.pack(">BI", 1, 600000)
    frame = bytes((0x82, 0xA6, 0x95, 0xEB, 0x27, 0xB8, command, 0))
    checksum = 0
    for octet in frame:
        checksum ^= octet
    passed = struct.pack(">BBBBHH", 1, 0, 3, 0, 2, 8 + len(frame) + 1) + frame + bytes((checksum,))
    return udp(5094, (initiate, opened), (passed, b""))


def reported(severity: int) -> Play:
    """A client subscribes to events and is told of one."""
    subscribing = opcua.watch_events("Severity", "Message")
    return talk((subscribing, b""), (opcua.publish(3), opcua.event(severity, request=3)))


policy = read()

CASES = (
    Case(
        "unauthorized-opc-ua-activity",
        talk((opcua.read("Level"), b""), policy=opcua.BASIC256, mode=3),
        policy,
        policy,
        source=HMI,
    ),
    Case(
        "unauthorized-opc-ua-activity",
        talk((opcua.activate("ada"), opcua.activated())),
        talk((opcua.activate(), opcua.activated())),
        talk((opcua.activate(), opcua.activated())),
        source=HMI,
        name="session",
    ),
    Case("unauthorized-opc-ua-request-response", read("Valve"), read("Level"), read("Level"), source=HMI),
    Case(
        "opc-ua-server-raised-an-event-that-requires-user-s-attention",
        reported(667),
        reported(666),
        source=PLC,
        destination=HMI,
    ),
    Case("opc-ua-service-request-failed", read(answer=opcua.fault()), policy, source=PLC),
    Case(
        "illegal-protocol-version",
        tcp(4840, (opcua.hello(7), opcua.ACKNOWLEDGE)),
        policy,
        source=HMI,
        name="opcua",
    ),
    Case(
        "unexpected-message-length",
        tcp(4840, (opcua.hello(url="opc.tcp://" + "A" * 33000), opcua.ACKNOWLEDGE)),
        policy,
        source=HMI,
        name="opcua",
    ),
    Case("excessive-login-attempts", sessions(20, refused=False), sessions(19, refused=False), name="opcua"),
    Case(
        "password-guessing-attempt-detected",
        sessions(100, refused=True),
        sessions(99, refused=True),
        source=HMI,
        name="opcua",
    ),
    Case("controller-reset", field_command(42), field_command(0), source=HMI, name="hart"),
    Case("change-of-device-configuration", field_command(18), field_command(0), source=HMI, name="hart"),
)
