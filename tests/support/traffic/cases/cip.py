"""Cases of EtherNet/IP and CIP."""

from tests.support.traffic import enip
from tests.support.traffic.case import ENGINEER, HMI, PLC, ROGUE, Case, Play
from tests.support.traffic.cases.exchanges import tcp, udp


def talk(*pairs: tuple[bytes, bytes], client: str = HMI) -> Play:
    registered = enip.encapsulated(enip.REGISTER, b"\x01\0\0\0", session=0)
    return tcp(44818, (registered, enip.encapsulated(enip.REGISTER, b"\x01\0\0\0")), *pairs, client=client)


def asked(service: int, way: bytes, data: bytes = b"", *, status: int = 0, client: str = HMI) -> Play:
    return talk((enip.ask(service, way, data), enip.reply(service, status=status)), client=client)


def tag(name: str) -> Play:
    return asked(0x4C, enip.symbol(name), b"\x01\0")


def opened(points: tuple[int, int], transport: int = 1) -> Play:
    return talk((enip.forward_open(points, transport), enip.opened()))


def listed(revision: tuple[int, int], status: int = 0x3060) -> Play:
    request = enip.encapsulated(enip.LIST_IDENTITY, session=0)
    return udp(44818, (request, enip.listed(revision, status)))


def pccc(command: int, function: int) -> Play:
    data = b"\x07\x4d\x00\x63\0\0\0" + bytes((command, 0, 1, 0, function, 0, 0))
    return asked(0x4B, enip.path(0x67), data)


read_identity = asked(0x01, enip.path(1))

CASES = (
    Case(
        "new-activity-detected-ethernet-ip-protocol-command",
        talk((enip.encapsulated(0x64), enip.encapsulated(0x64, b"\0\0"))),
        read_identity,
        read_identity,
        source=HMI,
    ),
    Case(
        "new-activity-detected-cip-class",
        asked(0x01, enip.path(0x8B)),
        read_identity,
        read_identity,
        source=HMI,
    ),
    Case(
        "new-activity-detected-cip-class-service",
        asked(0x03, enip.path(1), b"\x01\0\x01\0"),
        read_identity,
        read_identity,
        source=HMI,
    ),
    Case("new-activity-detected-cip-symbol", tag("Valve_2"), tag("Valve_1"), tag("Valve_1"), source=HMI),
    Case(
        "new-activity-detected-cip-pccc-command",
        pccc(0x0F, 0xAA),
        pccc(0x0F, 0xA2),
        pccc(0x0F, 0xA2),
        source=HMI,
    ),
    Case(
        "new-activity-detected-ethernet-ip-i-o-connection",
        opened((102, 103)),
        opened((100, 101)),
        opened((100, 101)),
        source=HMI,
    ),
    Case(
        "ethernet-ip-cip-service-request-failed",
        asked(0x01, enip.path(1), status=5),
        read_identity,
        source=PLC,
    ),
    Case(
        "ethernet-ip-encapsulation-protocol-command-failed",
        talk((enip.encapsulated(0x64), enip.encapsulated(0x64, status=1))),
        read_identity,
        source=PLC,
    ),
    Case(
        "controller-stop", asked(0x07, enip.path(0x8E)), asked(0x07, enip.path(0x72)), source=HMI, name="cip"
    ),
    Case("plc-operating-mode-changed", asked(0x06, enip.path(0x8E)), read_identity, source=HMI, name="cip"),
    Case("controller-reset", asked(0x05, enip.path(1)), asked(0x05, enip.path(0x72)), source=HMI, name="cip"),
    Case(
        "unauthorized-plc-programming",
        asked(0x08, enip.path(0x68), client=ROGUE),
        asked(0x08, enip.path(0x68), client=ENGINEER),
        asked(0x08, enip.path(0x68), client=ENGINEER),
        source=ROGUE,
        name="cip",
    ),
    Case(
        "unauthorized-plc-program-upload",
        asked(0x4B, enip.path(0x6A), b"\0", client=ROGUE),
        asked(0x4B, enip.path(0x74), b"\0", client=ROGUE),
        read_identity,
        source=ROGUE,
        name="cip",
    ),
    Case(
        "unauthorized-plc-configuration-write",
        asked(0x10, enip.path(0xF5), b"\0", client=ROGUE),
        asked(0x10, enip.path(0xF5), b"\0"),
        asked(0x10, enip.path(0xF5), b"\0"),
        source=ROGUE,
        name="cip",
    ),
    Case(
        "firmware-update", asked(0x4D, enip.path(0xA1), b"\xc4\0\1\0x"), read_identity, source=HMI, name="cip"
    ),
    Case(
        "firmware-version-changed",
        listed((21, 3)),
        listed((20, 11)),
        listed((20, 11)),
        source=PLC,
        name="cip",
    ),
)
