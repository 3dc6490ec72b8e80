"""Cases of BACnet."""

from tests.support.traffic import bacnet
from tests.support.traffic.case import HMI, PLC, ROGUE, Case, Play
from tests.support.traffic.cases.exchanges import udp

PORT = 47808


def talk(*pairs: tuple[bytes, bytes], client: str = HMI) -> Play:
    return udp(
        PORT,
        *((bacnet.local(asked), bacnet.local(answer) if answer else b"") for asked, answer in pairs),
        client=client,
        sport=PORT,
    )


def read(instance: int, answer: bytes = b"") -> Play:
    return talk(
        (
            bacnet.read(bacnet.ANALOG_INPUT, instance, bacnet.PRESENT_VALUE),
            answer or bacnet.value(bacnet.ANALOG_INPUT, instance, bacnet.PRESENT_VALUE, "7"),
        )
    )


def routed(network: int) -> Play:
    return udp(PORT, (bacnet.routed(bacnet.read(0, 1, 85), network), b""), sport=PORT)


def firmware(version: str) -> Play:
    return talk(
        (
            bacnet.read(bacnet.DEVICE, 7, bacnet.FIRMWARE),
            bacnet.value(bacnet.DEVICE, 7, bacnet.FIRMWARE, version),
        )
    )


def commanded(service: int, data: bytes, client: str = HMI) -> Play:
    return talk((bacnet.confirmed(service, data), bacnet.simple_ack(service)), client=client)


def passwords(count: int, code: int) -> Play:
    pair = (bacnet.confirmed(20, b"\x09\x00"), bacnet.error(20, code))
    return talk(*(pair,) * count)


poll = read(1)
WRITE_FILE = b"\xc4" + bacnet.identifier(bacnet.FILE, 1) + b"\x0e\x31\x00\x61\x00\x0f"

CASES = (
    Case("unauthorized-bacnet-object-access", read(2), poll, poll, source=HMI, destination=PLC),
    Case("unauthorized-bacnet-route", routed(9), routed(5), routed(5), source=HMI),
    Case("bacnet-operation-failed", read(1, bacnet.error(12)), poll, source=PLC),
    Case("illegal-bacnet-message", read(1, bacnet.reject()), poll, source=HMI),
    Case(
        "illegal-bacnet-message",
        udp(PORT, (bacnet.local(bacnet.read(0, 1, 85)), b"\x81\x0a\0\x08\x07\x04\0\0"), sport=PORT),
        poll,
        source=PLC,
        name="malformed",
    ),
    Case(
        "controller-reset", commanded(20, b"\x09\x00"), commanded(20, b"\x09\x02"), source=HMI, name="bacnet"
    ),
    Case(
        "controller-stop", commanded(17, b"\x19\x01"), commanded(17, b"\x19\x00"), source=HMI, name="bacnet"
    ),
    Case(
        "unauthorized-plc-programming",
        commanded(7, WRITE_FILE, client=ROGUE),
        commanded(7, WRITE_FILE),
        commanded(7, WRITE_FILE),
        source=ROGUE,
        name="bacnet",
    ),
    Case(
        "unauthorized-plc-programming",
        talk((bacnet.write(bacnet.PROGRAM, 1, bacnet.PROGRAM_CHANGE), bacnet.simple_ack(15))),
        talk((bacnet.write(bacnet.ANALOG_INPUT, 1, bacnet.PRESENT_VALUE), bacnet.simple_ack(15))),
        poll,
        source=HMI,
        name="bacnet-property",
    ),
    Case(
        "firmware-version-changed",
        firmware("2.0"),
        firmware("1.9"),
        firmware("1.9"),
        source=PLC,
        name="bacnet",
    ),
    Case(
        "password-guessing-attempt-detected",
        passwords(100, 26),
        passwords(100, 32),
        source=HMI,
        name="bacnet",
    ),
)
