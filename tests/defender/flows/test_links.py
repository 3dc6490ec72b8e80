"""Whatever a link wraps a packet into, the message inside is found between the right parties.

The frames are scapy's, which knows the wrappings from elsewhere.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple

import pytest
from scapy.layers.inet import ICMP, IP, UDP, IPOption_NOP
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.l2 import GRE, LLC, SNAP, CookedLinux, Dot1AD, Dot1Q, Dot3, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

from holdfast.defender.capture.packets import Block
from holdfast.defender.counters import Counters
from holdfast.defender.pipeline import Batch, Pipeline
from holdfast.defender.record import Role

ETHERNET, NULL, RAW, RAW_BSD, COOKED, LOOP, IPV4_ONLY, IPV6_ONLY, COOKED_2 = (
    1,
    0,
    101,
    12,
    113,
    108,
    228,
    229,
    276,
)
REQUEST = struct.pack(">HHHBBHH", 7, 0, 6, 1, 3, 100, 2)
"""Modbus: read two registers from 100 on."""
CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
CLIENT_6, SERVER_6 = "2001:db8::1", "2001:db8::2"


class Heard(NamedTuple):
    """A message and where it was found."""

    kind: str
    source: str
    destination: str
    vlans: tuple[int, ...]
    address: int


class Collect:
    """Keeps messages and what happened to conversations."""

    def __init__(self) -> None:
        self.messages: list[Heard] = []
        self.happened: list[str] = []
        self.counters = Counters()

    def consume(self, batch: Batch) -> None:
        self.counters = batch.counters
        for record in batch.records:
            if record.role is Role.FLOW:
                self.happened.append(record.kind)
            elif record.protocol == "modbus" and record.role is Role.REQUEST:
                ends = record.direction.source.ip, record.direction.destination.ip
                vlans = record.direction.flow.vlans
                self.messages.append(Heard(record.kind, *ends, vlans, record.fields["address"]))

    def finish(self) -> None:
        pass


def hear(frames: Iterable[bytes], link_type: int = ETHERNET) -> Collect:
    """All records of the frames."""
    collect, data, packets = Collect(), b"", []
    for number, frame in enumerate(frames):
        packets.append((number * 1_000_000, len(data), len(data) + len(frame), len(frame)))
        data += frame
    pipeline = Pipeline([collect])
    pipeline.feed(Block(data, packets, link_type))
    pipeline.finish()
    return collect


def message(payload: bytes = REQUEST) -> Packet:
    """The request from client to server over IPv4."""
    return IP(src=CLIENT, dst=SERVER) / UDP(sport=40000, dport=502) / Raw(payload)


def message_6(*between: Packet) -> Packet:
    """The request over IPv6, behind extension headers."""
    packet: Packet = IPv6(src=CLIENT_6, dst=SERVER_6)
    for each in between:
        packet = packet / each
    return packet / UDP(sport=40000, dport=502) / Raw(REQUEST)


def tunnel(protocol: int, *, outer: bytes = b"") -> Packet:
    """An IPv4 packet between two routers with this protocol; `outer` stands in front of what is inside."""
    return IP(src="192.0.2.1", dst="192.0.2.2", proto=protocol) / Raw(outer)


IN_ETHERNET = bytes(Ether() / message())
LINKS = {
    "plain": (ETHERNET, Ether() / message(), ()),
    "options": (
        ETHERNET,
        Ether() / IP(src=CLIENT, dst=SERVER, options=[IPOption_NOP()] * 4) / message().payload,
        (),
    ),
    "vlan": (ETHERNET, Ether() / Dot1Q(vlan=5) / message(), (5,)),
    "qinq": (ETHERNET, Ether() / Dot1AD(vlan=100) / Dot1Q(vlan=5) / message(), (100, 5)),
    "snap": (ETHERNET, Dot3() / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x0800) / message(), ()),
    "pppoe": (ETHERNET, Ether() / PPPoE(sessionid=3) / PPP(proto=0x21) / message(), ()),
    "mpls": (ETHERNET, Ether(type=0x8847) / Raw(b"\0\x01\0\x40\0\x02\x01\x40" + bytes(message())), ()),
    "gre": (ETHERNET, Ether() / tunnel(47) / GRE() / message(), ()),
    "gre with everything": (
        ETHERNET,
        Ether() / tunnel(47) / GRE(chksum_present=1, key_present=1, seqnum_present=1) / message(),
        (),
    ),
    "gre of ethernet": (ETHERNET, Ether() / tunnel(47) / GRE(proto=0x6558) / Raw(IN_ETHERNET), ()),
    "erspan 1": (ETHERNET, Ether() / tunnel(47) / Raw(b"\0\0\x88\xbe" + IN_ETHERNET), ()),
    "erspan 2": (
        ETHERNET,
        Ether() / tunnel(47) / Raw(b"\x10\0\x88\xbe\0\0\0\x01" + bytes(8) + IN_ETHERNET),
        (),
    ),
    "erspan 3": (
        ETHERNET,
        Ether() / tunnel(47) / Raw(b"\x10\0\x22\xeb\0\0\0\x01" + bytes(12) + IN_ETHERNET),
        (),
    ),
    "erspan 3 with a platform's header": (
        ETHERNET,
        Ether()
        / tunnel(47)
        / Raw(b"\x10\0\x22\xeb\0\0\0\x01" + bytes(11) + b"\x01" + bytes(8) + IN_ETHERNET),
        (),
    ),
    "ip in ip": (ETHERNET, Ether() / tunnel(4) / message(), ()),
    "vxlan": (
        ETHERNET,
        Ether()
        / IP(src="192.0.2.1", dst="192.0.2.2")
        / UDP(sport=50000, dport=4789)
        / VXLAN(vni=77, flags=8)
        / IN_ETHERNET,
        (-77,),
    ),
    "raw": (RAW, message(), ()),
    "raw of BSD": (RAW_BSD, message(), ()),
    "IPv4 alone": (IPV4_ONLY, message(), ()),
    "loopback": (NULL, Raw(b"\x02\0\0\0") / message(), ()),
    "loopback of OpenBSD": (LOOP, Raw(b"\0\0\0\x02") / message(), ()),
    "cooked": (COOKED, CookedLinux() / message(), ()),
    "tap": (240, Raw(bytes(4)) / Raw(IN_ETHERNET), ()),
    "tap with preamble": (241, Raw(bytes(12)) / Raw(IN_ETHERNET), ()),
    "preamble": (274, Raw(b"\x55" * 7 + b"\xd5") / Raw(IN_ETHERNET), ()),
    "switch tag": (282, Raw(bytes(4)) / Raw(IN_ETHERNET), ()),
    "cooked 2": (COOKED_2, Raw(b"\x08\0" + bytes(18)) / message(), ()),
}
LINKS_6 = {
    "plain": (ETHERNET, Ether() / message_6()),
    "extension headers": (ETHERNET, Ether() / message_6(IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt())),
    "a single fragment": (ETHERNET, Ether() / message_6(IPv6ExtHdrFragment(id=1))),
    "pppoe": (ETHERNET, Ether() / PPPoE() / PPP(proto=0x57) / message_6()),
    "in IPv4": (ETHERNET, Ether() / tunnel(41) / message_6()),
    "raw": (RAW, message_6()),
    "IPv6 alone": (IPV6_ONLY, message_6()),
}


@pytest.mark.parametrize(("link_type", "packet", "vlans"), LINKS.values(), ids=LINKS)
def test_the_message_is_found(link_type: int, packet: Packet, vlans: tuple[int, ...]) -> None:
    assert hear([bytes(packet)], link_type).messages == [
        Heard("READ_HOLDING_REGISTERS", CLIENT, SERVER, vlans, 100)
    ]


@pytest.mark.parametrize(("link_type", "packet"), LINKS_6.values(), ids=LINKS_6)
def test_the_message_is_found_over_ipv6(link_type: int, packet: Packet) -> None:
    assert hear([bytes(packet)], link_type).messages == [
        Heard("READ_HOLDING_REGISTERS", CLIENT_6, SERVER_6, (), 100)
    ]


def _pieces() -> list[tuple[str, list[bytes]]]:
    """A message in fragments of eight bytes, in several orders."""
    datagram = bytes(message())[20:]
    parts = [datagram[at : at + 8] for at in range(0, len(datagram), 8)]
    last = len(parts) - 1
    four = [
        Ether() / IP(src=CLIENT, dst=SERVER, proto=17, id=9, flags=int(at < last), frag=at) / Raw(part)
        for at, part in enumerate(parts)
    ]
    six = [
        Ether()
        / IPv6(src=CLIENT_6, dst=SERVER_6)
        / IPv6ExtHdrFragment(nh=17, id=9, offset=at, m=int(at < last))
        / Raw(part)
        for at, part in enumerate(parts)
    ]
    return [
        ("in order", [bytes(each) for each in four]),
        ("backwards", [bytes(each) for each in four[::-1]]),
        ("twice", [bytes(each) for each in (*four[:-1], *four)]),
        ("IPv6", [bytes(each) for each in six]),
        ("IPv6 backwards", [bytes(each) for each in six[::-1]]),
    ]


@pytest.mark.parametrize(("name", "frames"), _pieces(), ids=[name for name, _ in _pieces()])
def test_fragments_are_put_together(name: str, frames: list[bytes]) -> None:
    assert len(frames) > 1
    assert [each.address for each in hear(frames).messages] == [100]


def test_a_fragment_that_is_lost_leaves_nothing_behind() -> None:
    frames = _pieces()[0][1]
    assert hear(frames[1:]).messages == []
    assert hear([*frames[1:], bytes(Ether() / message())]).messages[0].address == 100


def test_who_is_told_that_nobody_listens_was_refused() -> None:
    asked = message(b"\0" * 20)
    answer = IP(src=SERVER, dst=CLIENT) / ICMP(type=3, code=3) / Raw(bytes(asked))
    assert "refused" in hear([bytes(Ether() / asked), bytes(Ether() / answer)]).happened


@pytest.mark.parametrize(("link_type", "packet", "vlans"), LINKS.values(), ids=LINKS)
def test_packets_that_are_cut_anywhere_are_survived(
    link_type: int, packet: Packet, vlans: tuple[int, ...]
) -> None:
    whole = bytes(packet)
    heard = hear([whole[:length] for length in range(len(whole))], link_type)
    assert heard.counters.packets == len(whole)
    assert heard.messages == []
