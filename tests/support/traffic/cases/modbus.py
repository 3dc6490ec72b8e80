"""Cases of Modbus and UMAS."""

from collections.abc import Callable

from tests.support.traffic import modbus
from tests.support.traffic.case import ENGINEER, HMI, PLC, ROGUE, Case, Play
from tests.support.traffic.wire import Connection, Wire


def exchange(*pairs: tuple[bytes, bytes], client: str = HMI, times: int = 1, pause: float = 1.0) -> Play:
    """One connection with requests and their answers (PDUs)."""

    def traffic(wire: Wire) -> None:
        connection = wire.connect(client, PLC, 502)
        number = 0
        for _ in range(times):
            for request, answer in pairs:
                number += 1
                connection.send(modbus.frame(request, transaction=number))
                if answer:
                    connection.answer(modbus.frame(answer, transaction=number))
                wire.wait(pause)

    return traffic


def raw(*messages: bytes, from_server: bool = False) -> Play:
    """Whole frames on an established Modbus connection."""

    def traffic(wire: Wire) -> None:
        connection = wire.connect(HMI, PLC, 502)
        connection.ask(modbus.frame(modbus.read()), modbus.frame(modbus.registers()))
        for message in messages:
            (connection.answer if from_server else connection.send)(message)
            wire.wait(1)

    return traffic


POLL = (modbus.read(), modbus.registers())
poll = exchange(POLL, times=5)
WRITE = (modbus.write(), modbus.write())


def refused(code: int, function: int = 3) -> Play:
    return exchange(POLL, (modbus.read(9000, 10, function), modbus.exception(function, code)))


def umas_exchange(*functions: int, client: str = ENGINEER) -> Play:
    return exchange(*((modbus.umas(function), modbus.umas(0xFE)) for function in functions), client=client)


def identified(revision: str) -> Play:
    answer = modbus.identification(o0="Acme", o1="PLC-1", o2=revision)
    return exchange((bytes((0x2B, 14, 1, 0)), answer), client=ENGINEER)


def unanswered(count: int) -> Play:
    """Polls that are answered, then `count` that are not, while the connection stays."""

    def traffic(wire: Wire) -> None:
        connection = wire.connect(HMI, PLC, 502)
        for number in range(5):
            ask(connection, number)
            wire.wait(1)
        for number in range(count):
            connection.send(modbus.frame(modbus.read(), transaction=100 + number))
            wire.wait(5)
        wire.wait(30)
        ask(wire.connect(ENGINEER, "10.1.0.21", 502), 1)

    return traffic


def ask(connection: Connection, number: int) -> None:
    connection.ask(
        modbus.frame(modbus.read(), transaction=number), modbus.frame(modbus.registers(), transaction=number)
    )


def malformed(count: int) -> Play:
    return raw(*(modbus.frame(b"\x03\0\0\0\x0a\0\0"),) * count)


def polling(*rates: tuple[int, float]) -> Play:
    """Polls: for so many seconds, so many a second."""

    def traffic(wire: Wire) -> None:
        connection = wire.connect(HMI, PLC, 502)
        number = 0
        for seconds, rate in rates:
            for _ in range(int(seconds * rate)):
                number = (number + 1) % 60000
                ask(connection, number)
                wire.wait(1 / rate - 0.002)

    return traffic


def stops(count: int) -> Callable[[Wire], None]:
    return umas_exchange(*[0x41] * count)


def silence(seconds: float) -> Play:
    """Two masters poll; one stops for a while."""

    def traffic(wire: Wire) -> None:
        first, second = wire.connect(HMI, PLC, 502), wire.connect(ENGINEER, "10.1.0.21", 502)
        for number in range(150):
            ask(first, number)
            ask(second, number)
            wire.wait(1)
        for number in range(int(seconds)):
            ask(second, number)
            wire.wait(1)
        ask(first, 1)

    return traffic


def backups(count: int, pause: float) -> Play:
    """Backups at regular times, and traffic of others until long after the next one."""

    def traffic(wire: Wire) -> None:
        for _ in range(count):
            umas_exchange(0x30, 0x31, 0x32)(wire)
            wire.wait(pause)
        for number in range(40):
            ask(wire.connect(HMI, PLC, 502), number)
            wire.wait(10)

    return traffic


UNPERMITTED_WRITE = Case(
    "unpermitted-usage-of-modbus-function-code",
    exchange(POLL, WRITE),
    poll,
    poll,
    source=HMI,
    destination=PLC,
)
CASES = (
    Case("expected-backup-operation-did-not-occur", backups(4, 200), backups(2, 200), source=ENGINEER),
    UNPERMITTED_WRITE,
    Case(
        "unpermitted-usage-of-modbus-function-code",
        exchange(WRITE, client=ROGUE),
        exchange(WRITE),
        exchange(POLL, WRITE),
        source=ROGUE,
        name="stranger",
    ),
    Case(
        "modbus-address-range-violation",
        exchange((modbus.read(100, 30), modbus.registers(30))),
        exchange((modbus.read(105, 5), modbus.registers(5))),
        exchange((modbus.read(100, 20), modbus.registers(20))),
        source=HMI,
    ),
    Case(
        "unpermitted-modbus-schneider-electric-extension",
        umas_exchange(0x04, 0x20),
        umas_exchange(0x04),
        umas_exchange(0x04),
        source=ENGINEER,
    ),
    Case("function-code-raised-unauthorized-exception", refused(3), refused(2), refused(2), source=PLC),
    Case("modbus-exception", refused(2), poll, source=PLC, destination=HMI),
    Case("slave-device-received-illegal-function-code", refused(1, 0x14), refused(2), source=HMI),
    Case("slave-device-received-illegal-data-address-parameter", refused(2), refused(1), source=HMI),
    Case("slave-device-received-illegal-data-value-parameter", refused(3), refused(2), source=HMI),
    Case("slave-device-unrecoverable-failure", refused(4), refused(5), source=PLC),
    Case(
        "illegal-modbus-operation-exception-raised-by-master",
        raw(modbus.frame(b"\x83\x02", transaction=7)),
        raw(modbus.frame(b"\x83\x02", transaction=7), from_server=True),
        source=HMI,
    ),
    Case(
        "illegal-modbus-operation-function-code-zero",
        raw(modbus.frame(b"\0\0\0\0\x01", transaction=7)),
        raw(modbus.frame(b"\x01\0\0\0\x01", transaction=7)),
    ),
    Case(
        "usage-of-a-reserved-function-code",
        raw(modbus.frame(b"\x29\0\0\0\x01", transaction=7)),
        raw(modbus.frame(b"\x41\0\0\0\x01", transaction=7)),
        name="modbus",
    ),
    Case(
        "illegal-protocol-version",
        raw(modbus.frame(modbus.read(), transaction=7, protocol=9)),
        raw(modbus.frame(modbus.read(), transaction=7)),
        name="modbus",
    ),
    Case("excessive-malformed-packets-in-a-single-session", malformed(2), malformed(1)),
    Case(
        "abnormal-exception-pattern-in-slave",
        exchange((modbus.read(9000), modbus.exception(3, 2)), times=20),
        exchange((modbus.read(9000), modbus.exception(3, 2)), times=19),
        source=PLC,
        name="modbus",
    ),
    Case("controller-stop", umas_exchange(0x41), umas_exchange(0x04), source=ENGINEER, name="umas"),
    Case(
        "controller-stop",
        exchange((b"\x08\0\x04\0\0", b"")),
        exchange((b"\x08\0\0\0\0", b"\x08\0\0\0\0")),
        name="listen-only",
    ),
    Case(
        "controller-reset",
        exchange((b"\x08\0\x01\0\0", b"\x08\0\x01\0\0")),
        exchange((b"\x08\0\0\0\0", b"\x08\0\0\0\0")),
        name="modbus",
    ),
    Case("plc-operating-mode-changed", umas_exchange(0x40), umas_exchange(0x04), name="umas"),
    Case("abnormal-termination-of-applications", stops(20), stops(19), source=ENGINEER),
    Case(
        "unauthorized-plc-programming",
        umas_exchange(0x33, 0x34, client=ROGUE),
        umas_exchange(0x33, 0x34, 0x35),
        umas_exchange(0x33, 0x34, 0x35),
        source=ROGUE,
        name="umas",
    ),
    Case(
        "unauthorized-plc-program-upload",
        umas_exchange(0x30, 0x31, client=ROGUE),
        umas_exchange(0x30, 0x31),
        umas_exchange(0x30, 0x31, 0x32),
        source=ROGUE,
        name="umas",
    ),
    Case(
        "unauthorized-plc-configuration-write",
        umas_exchange(0x21, client=ROGUE),
        umas_exchange(0x21),
        umas_exchange(0x21),
        source=ROGUE,
        name="umas",
    ),
    Case(
        "unauthorized-plc-configuration-read",
        umas_exchange(0x03, client=ROGUE),
        umas_exchange(0x03),
        umas_exchange(0x03),
        source=ROGUE,
        name="umas",
    ),
    Case("change-of-device-configuration", umas_exchange(0x21), umas_exchange(0x04), name="umas"),
    Case("firmware-update", raw(modbus.frame(b"\x7d\0", transaction=7)), poll, source=HMI, name="modbus"),
    Case(
        "modbus-firmware-version-changed",
        identified("v2.1"),
        identified("v2.0"),
        identified("v2.0"),
        source=PLC,
    ),
    Case("suspicion-of-unresponsive-modbus-device", unanswered(4), unanswered(2), destination=PLC),
    Case(
        "abnormal-periodic-behavior-in-communication-channel",
        polling((150, 1), (60, 10)),
        polling((210, 1)),
        source=HMI,
    ),
    Case("inactive-communication-channel", silence(110), silence(20), source=HMI),
    Case(
        "new-function-transition",
        exchange(POLL, WRITE, POLL, (modbus.read(0, 8, 1), b"\x01\x01\0")),
        exchange(POLL, WRITE, POLL),
        exchange(POLL, WRITE, POLL),
        source=HMI,
    ),
)
