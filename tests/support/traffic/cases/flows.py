"""Cases of conversations, whatever they carry."""

from tests.support.traffic import modbus
from tests.support.traffic.case import ENGINEER, HMI, PLC, ROGUE, Case, Play
from tests.support.traffic.cases.modbus import ask, poll
from tests.support.traffic.wire import RST, SYN, Wire


def attempts(count: int, *, port: int = 80, answer: int = 0, pause: float = 0.1, client: str = ROGUE) -> Play:
    """Attempts at so many hosts of one network."""

    def traffic(wire: Wire) -> None:
        for number in range(count):
            wire.syn(client, f"10.1.{2 + number // 250}.{1 + number % 250}", port, answer)
            wire.wait(pause)

    return traffic


def ports(count: int, answer: int = RST) -> Play:
    def traffic(wire: Wire) -> None:
        for port in range(1000, 1000 + count):
            wire.syn(ROGUE, PLC, port, answer)
            wire.wait(0.05)

    return traffic


def controllers(count: int, *, talk: int) -> Play:
    """Connections to so many controllers, with so many polls each."""

    def traffic(wire: Wire) -> None:
        for number in range(count):
            connection = wire.connect(HMI, f"10.1.2.{number + 1}", 502)
            for poll_number in range(talk):
                ask(connection, poll_number)
                wire.wait(0.1)
            connection.close()

    return traffic


def sessions(count: int) -> Play:
    def traffic(wire: Wire) -> None:
        for _ in range(count):
            wire.connect(HMI, PLC, 8080).close()
            wire.wait(0.5)

    return traffic


def flood(count: int) -> Play:
    def traffic(wire: Wire) -> None:
        for _ in range(count):
            wire.syn(ROGUE, PLC, 502)
            wire.wait(0.01)

    return traffic


def neighbours(count: int) -> Play:
    def traffic(wire: Wire) -> None:
        for number in range(count):
            wire.arp(1, ROGUE, f"10.1.0.{number + 1}")
            wire.wait(1)

    return traffic


def disconnected(count: int) -> Play:
    """A device that answers, and then `count` attempts that it does not answer."""

    def traffic(wire: Wire) -> None:
        ask(wire.connect(HMI, PLC, 502), 1)
        wire.wait(10)
        for _ in range(count):
            wire.syn(HMI, PLC, 502)
            wire.wait(10)

    return traffic


def outwards(server: str) -> Play:
    def traffic(wire: Wire) -> None:
        connection = wire.connect(HMI, server, 443)
        connection.ask(b"x" * 20, b"y" * 20)

    return traffic


def inwards(client: str, server: str = PLC) -> Play:
    def traffic(wire: Wire) -> None:
        wire.connect(client, server, 502).ask(modbus.frame(modbus.read()), modbus.frame(modbus.registers()))

    return traffic


def squatter(claims: bool) -> Play:
    """A public address that answers ARP on the plant's network, or that only passes through."""

    def traffic(wire: Wire) -> None:
        if claims:
            wire.arp(2, "203.0.114.7", HMI)
        wire.connect("203.0.114.7", "198.41.0.4", 443).ask(b"x", b"y")

    return traffic


def stranger(address: str, port: int) -> Play:
    def traffic(wire: Wire) -> None:
        ask(wire.connect(HMI, PLC, 502), 1)
        if port == 502:
            ask(wire.connect(HMI, address, 502), 1)
        else:
            wire.connect(address, PLC, port).ask(b"a", b"b")

    return traffic


def serving(port: int) -> Play:
    def traffic(wire: Wire) -> None:
        ask(wire.connect(HMI, PLC, 502), 1)
        wire.wait(40)
        wire.connect(HMI, PLC, port).ask(b"a", b"b")

    return traffic


def volume(*megabytes: float) -> Play:
    """So much traffic in each minute, beside a little of others."""

    def traffic(wire: Wire) -> None:
        wire.step = 0.00001
        connection = wire.connect(HMI, PLC, 9000)
        for amount in megabytes:
            end = wire.now + 60
            connection.answer(b"x" * int(amount * 1e6))
            while wire.now < end:
                wire.udp(ENGINEER, 5000, "10.1.0.31", 5000, b"tick")
                wire.wait(5)

    return traffic


CASES = (
    Case("address-scan-detected", attempts(50), attempts(49), source=ROGUE),
    Case("address-scan-detected", attempts(60, answer=RST), poll, source=ROGUE, name="refused"),
    Case("long-duration-address-scan-detected", attempts(50, pause=11), attempts(50, pause=14), source=ROGUE),
    Case("port-scan-detected", ports(25), ports(24), source=ROGUE, destination=PLC),
    Case("port-scan-detected", ports(30, answer=0), poll, source=ROGUE, name="filtered"),
    Case("port-scan-detected", ports(30, answer=SYN), poll, source=ROGUE, name="open"),
    Case("plc-scan-detected", attempts(10, port=502), attempts(10, port=80), source=ROGUE, name="silent"),
    Case("plc-scan-detected", controllers(12, talk=1), controllers(12, talk=30), source=HMI, name="short"),
    Case("arp-address-scan-detected", neighbours(41), neighbours(30), source=ROGUE),
    Case("excessive-number-of-sessions", sessions(50), sessions(49), source=HMI, destination=PLC),
    Case("suspicion-of-denial-of-service-attack", flood(3000), flood(2999), destination=PLC),
    Case(
        "illegal-connection-attempt-on-port-0",
        lambda wire: wire.syn(ROGUE, PLC, 0),
        lambda wire: wire.syn(ROGUE, PLC, 1),
        source=ROGUE,
    ),
    Case(
        "device-is-suspected-to-be-disconnected-unresponsive",
        disconnected(8),
        disconnected(7),
        destination=PLC,
    ),
    Case("internet-access-detected", outwards("198.41.0.4"), outwards("10.9.9.9"), poll, source=HMI),
    Case(
        "unauthorized-internet-connectivity-detected",
        inwards("198.41.0.4"),
        inwards("10.9.9.9"),
        poll,
        source="198.41.0.4",
    ),
    Case(
        "external-address-within-the-network-communicated-with-internet",
        squatter(True),
        squatter(False),
        poll,
        source="203.0.114.7",
    ),
    Case("new-asset-detected", stranger(ROGUE, 8080), stranger(HMI, 8080), poll, source=ROGUE),
    Case(
        "field-device-discovered-unexpectedly",
        stranger("10.1.0.21", 502),
        stranger(HMI, 8080),
        poll,
        source="10.1.0.21",
    ),
    Case("new-port-discovery", serving(8080), serving(502), poll, source=PLC),
    Case(
        "abnormal-traffic-bandwidth",
        volume(2, 2, 2, 2, 2, 2, 2, 7, 0.1),
        volume(2, 2, 2, 2, 2, 2, 2, 5, 0.1),
    ),
    Case(
        "abnormal-traffic-bandwidth-between-devices",
        volume(2, 2, 2, 2, 2, 2, 2, 7, 0.1),
        volume(2, 2, 2, 2, 2, 2, 2, 5, 0.1),
        source=HMI,
        destination=PLC,
    ),
)
