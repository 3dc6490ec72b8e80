"""Cases of ARP, ICMP, DHCP, names, LLDP, SNMP, MQTT, and of addresses."""

import struct

from tests.support.traffic import network
from tests.support.traffic.case import HMI, PLC, ROGUE, Case, Play
from tests.support.traffic.cases.exchanges import tcp, times, together, udp
from tests.support.traffic.wire import Wire, ethernet, internet, mac_of

SERVER = "10.1.0.5"
STRANGE = "02:00:0a:01:00:66"
CLIENT = "02:00:00:00:00:77"


def asked(name: str, code: int = 0) -> Play:
    answer = network.dns_answer(name, "" if code else "10.1.0.7", code=code)
    return udp(53, (network.dns_query(name), answer), server=SERVER)


def unknown(count: int) -> Play:
    def traffic(wire: Wire) -> None:
        for number in range(count):
            asked(f"x{number}.example", network.NXDOMAIN)(wire)

    return traffic


def pings(count: int, pause: float = 0.1) -> Play:
    def traffic(wire: Wire) -> None:
        for _ in range(count):
            wire.icmp(ROGUE, PLC, 8)
            wire.wait(pause)

    return traffic


def claims(count: int, *, foreign: bool = False, wanted: bool = False) -> Play:
    """ARP answers: of the owner or of a stranger, asked for or not."""

    def traffic(wire: Wire) -> None:
        wire.arp(1, HMI, PLC)
        wire.arp(2, PLC, HMI)
        for _ in range(count):
            if wanted:
                wire.arp(1, HMI, PLC)
            wire.arp(2, PLC, HMI, mac=STRANGE if foreign else "")
            wire.wait(0.5)

    return traffic


def lease(*messages: bytes) -> Play:
    def traffic(wire: Wire) -> None:
        for message in messages:
            from_server = message[0] == 2
            source, destination = (
                (SERVER, "255.255.255.255") if from_server else ("0.0.0.0", "255.255.255.255")
            )
            ports = (67, 68) if from_server else (68, 67)
            payload = struct.pack(">HHHH", *ports, 8 + len(message), 0) + message
            ethertype, packet = internet(source, destination, 17, payload)
            mac = mac_of(SERVER) if from_server else CLIENT
            wire.put(ethernet(mac, "ff:ff:ff:ff:ff:ff", ethertype, packet))
            wire.wait(4)

    return traffic


def announced(port: str = "p1", description: str = "") -> Play:
    def traffic(wire: Wire) -> None:
        for _ in range(2):
            message = network.lldp("switch", port, description=description)
            wire.put(ethernet(STRANGE, "01:80:c2:00:00:0e", 0x88CC, message))
            wire.wait(30)

    return traffic


def managed(kind: int, community: str = "plant") -> Play:
    return udp(161, (network.snmp(kind, community), network.snmp(2, community)))


def grouped(address: str) -> Play:
    def traffic(wire: Wire) -> None:
        wire.udp(HMI, 5000, address, 5000, b"hello group")

    return traffic


def odd(source: str, destination: str) -> Play:
    def traffic(wire: Wire) -> None:
        wire.macs |= {source: STRANGE, destination: mac_of(PLC)}
        wire.udp(source, 5000, destination, 5000, b"hello")

    return traffic


def sign_ins(count: int, code: int, pause: float = 0.4) -> Play:
    pair = (network.mqtt_connect("c1"), network.mqtt_connack(code))
    return times(count, tcp(1883, pair, pause=pause))


discover = network.dhcp(1, CLIENT)
offer = network.dhcp(2, CLIENT, yours="10.1.0.99")
known = asked("historian.plant")

CASES = (
    Case(
        "firmware-change-detected",
        announced(description="Switch, Version 5.1.2"),
        announced(description="Switch, Version 5.1.0"),
        announced(description="Switch, Version 5.1.0"),
    ),
    Case("unauthorized-name-query", asked("update.example"), known, known, source=HMI),
    Case(
        "suspicion-of-malicious-activity-name-queries",
        unknown(25),
        together(unknown(24), times(5, known)),
        source=HMI,
    ),
    Case("icmp-flooding", pings(60), pings(59), source=ROGUE, destination=PLC),
    Case("arp-spoofing", claims(60, foreign=True), claims(60, wanted=True)),
    Case("arp-spoofing", claims(75), claims(60, wanted=True), name="unasked"),
    Case("ip-address-conflict", claims(1, foreign=True), claims(5)),
    Case(
        "device-failed-to-receive-a-dynamic-ip-address",
        lease(*[discover] * 4),
        lease(discover, discover, offer, discover, offer),
        source=CLIENT,
    ),
    Case(
        "device-failed-to-receive-a-dynamic-ip-address",
        lease(network.dhcp(3, CLIENT), network.dhcp(6, CLIENT)),
        lease(network.dhcp(3, CLIENT), network.dhcp(5, CLIENT, yours="10.1.0.99")),
        source=CLIENT,
        destination=SERVER,
        name="refused",
    ),
    Case("new-lldp-device-configuration", announced("p9"), announced(), announced(), source=STRANGE),
    Case("unauthorized-snmp-operation", managed(3), managed(0), managed(0), source=HMI),
    Case(
        "unauthorized-snmp-operation",
        managed(0, "public"),
        managed(0),
        managed(0),
        source=HMI,
        name="community",
    ),
    Case("change-of-device-configuration", managed(3), managed(0), source=HMI, name="snmp"),
    Case(
        "unauthorized-multicast-broadcast-connection",
        grouped("239.1.2.3"),
        grouped("239.1.2.2"),
        grouped("239.1.2.2"),
        source=HMI,
    ),
    Case("illegal-ip-address", odd("224.0.0.5", PLC), odd("10.1.0.8", PLC), source="224.0.0.5"),
    Case("illegal-ip-address", odd(HMI, "127.0.0.1"), odd(HMI, PLC), name="loopback"),
    Case("illegal-ip-address", odd(PLC, PLC), odd(HMI, PLC), name="land"),
    Case("excessive-login-attempts", sign_ins(20, 0), sign_ins(19, 0), source=HMI, name="mqtt"),
    Case(
        "password-guessing-attempt-detected",
        sign_ins(100, 5, 0.1),
        sign_ins(100, 0, 0.1),
        source=HMI,
        name="mqtt",
    ),
)
