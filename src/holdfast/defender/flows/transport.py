"""Packets above IP and directly above Ethernet, given to the flow that they belong to."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from holdfast.defender.counters import Counters
from holdfast.defender.dissect.recognition import Recognition
from holdfast.defender.dissect.session import MalformedError, malformed_record
from holdfast.defender.flows.addresses import ip_text, mac_text
from holdfast.defender.flows.events import change_state
from holdfast.defender.flows.headers import opposite_key, vlan_prefix
from holdfast.defender.flows.model import Direction, Endpoint, PayloadReader
from holdfast.defender.flows.table import FlowTable
from holdfast.defender.flows.tcp import ACK, SYN, TcpStreams
from holdfast.defender.record import Emit
from holdfast.kernel.structs import FrozenStruct

_TCP_HEADER: Final[Callable[[bytes, int], tuple[int, int, int, int]]] = struct.Struct(">HHI4xH").unpack_from
_TCP_CUT: Final = 14
"""Bytes of a header up to its flags, which suffice where the capture cut the rest."""
_UDP_HEADER: Final[Callable[[bytes, int], tuple[int, int, int]]] = struct.Struct(">HHH").unpack_from
_PORTS: Final = struct.Struct(">HH").unpack
_WITH_PORTS: Final = frozenset({"tcp", "udp"})


class Place(FrozenStruct, frozen=True):
    """Where a packet stands, for the layers that are opened one after the other."""

    frame: int
    time: int
    wire: int
    link: int
    """Where the innermost Ethernet header begins; -1 without one."""
    vlans: tuple[int, ...]
    """Identifiers of VLANs so far, outer first; those of VXLANs negative."""
    depth: int = 0
    """Tunnels opened so far."""


class Transport:
    """Finds or makes the flow of each packet, counts it there, and feeds the flow's dissector."""

    def __init__(
        self,
        emit: Emit,
        recognition: Recognition,
        counters: Counters,
        maximum_flows: int,
        maximum_pending: int,
    ) -> None:
        self._emit = emit
        self._recognition = recognition
        self._counters = counters
        self.streams = TcpStreams(emit, maximum_pending)
        self.table = FlowTable(emit, recognition.server_ports, maximum_flows, self.streams.flush)
        self._directions = self.table.directions
        self.tunnels: dict[int, tuple[str, PayloadReader]] = {}
        """By UDP port: the name of a tunnel, and who opens its packets."""

    def tcp(self, data: bytes, start: int, finish: int, addresses: bytes, missing: int, place: Place) -> None:
        """A TCP segment with header. `addresses` are the VLAN prefix and both IP addresses; `missing` bytes
        of it were not captured."""
        if finish - start < (_TCP_CUT if missing else 20):
            if not missing:
                self._counters.count_malformed("tcp")
            return
        _, _, sequence, flags = _TCP_HEADER(data, start)
        payload = start + (flags >> 10 & 0x3C)
        if payload > finish + missing or payload < start + 20:
            self._counters.count_malformed("tcp")
            return
        if payload > finish:  # the capture holds only a part of the header
            missing, finish = missing - (payload - finish), payload
        key = addresses + data[start : start + 4]
        direction = self._directions["tcp"].get(key)
        if direction is None or flags & SYN:
            direction = self.tcp_direction(direction, key, data, sequence, flags, place)
        frame, time = place.frame, place.time
        self.streams.segment(direction, data, payload, finish, sequence, flags, frame, time, place.wire)
        if missing:
            self.streams.cut(direction, sequence + finish - payload, missing, frame, time)

    def tcp_direction(
        self, known: Direction | None, key: bytes, data: bytes, sequence: int, flags: int, place: Place
    ) -> Direction:
        """The direction of a segment whose flow is new, or begins anew on the same ports."""
        if known is not None:
            again = flags & SYN and known.next_sequence >= 0 and known.next_sequence != sequence + 1
            if not again or (flags & ACK and known.flow.handshake):
                return known
            self.table.end(known.flow, place.frame)
        started_by_source = not flags & ACK if flags & SYN else None
        return self.open("tcp", key, 6, started_by_source, data, place)

    def udp(self, data: bytes, start: int, finish: int, addresses: bytes, missing: int, place: Place) -> None:
        """A UDP datagram with header; see `tcp`."""
        if finish - start < 8:
            if not missing:
                self._counters.count_malformed("udp")
            return
        length = _UDP_HEADER(data, start)[2]
        if 8 <= length < finish - start:
            finish = start + length
        key = addresses + data[start : start + 4]
        direction = self._directions["udp"].get(key) or self.open("udp", key, 17, None, data, place)
        self.datagram(direction, data, start + 8, finish, place.frame, place.time, place.wire, bool(missing))

    def other(
        self, data: bytes, start: int, finish: int, addresses: bytes, protocol: int, place: Place
    ) -> None:
        """A packet of another IP protocol."""
        transport = "icmp" if protocol in (1, 58) else "ip"
        key = addresses + protocol.to_bytes(1, "big")
        direction = self._directions[transport].get(key)
        if direction is None:
            direction = self.open(transport, key, protocol, None, data, place)
        self._counters.undecoded += direction.reader is None
        self.datagram(direction, data, start, finish, place.frame, place.time, place.wire)

    def ethernet(self, data: bytes, start: int, finish: int, kind: int, place: Place) -> None:
        """A frame whose payload is of EtherType `kind`, or LLC (see `headers.SNAP_SHIFT`)."""
        macs = data[place.link : place.link + 12]
        key = vlan_prefix(place.vlans) + macs + kind.to_bytes(8, "big")
        direction = self._directions["ethernet"].get(key)
        if direction is None:
            direction = self.open("ethernet", key, kind, True, data, place)
        self._counters.undecoded += direction.reader is None
        self.datagram(direction, data, start, finish, place.frame, place.time, place.wire)

    def datagram(
        self, direction: Direction, data: bytes, start: int, finish: int, frame: int, time: int, wire: int,
        cut: bool = False,
    ) -> None:  # fmt: skip
        """Count a packet that needs no reassembly, and feed its payload. What is `cut` by the capture cannot
        be malformed."""
        if not direction.frames and direction.reverse.frames:
            change_state(self._emit, "answered", direction, frame, time)
        direction.frames += 1
        direction.octets += wire
        direction.last_time = time
        reader = direction.reader
        if reader is None or start >= finish:
            return
        try:
            reader.feed(data, start, finish, frame, time, direction)
        except MalformedError as error:
            if not cut:
                self._emit(malformed_record(error, data[start:finish], frame, time, direction))

    def refuse(self, transport: str, key: bytes, place: Place) -> None:
        """ICMP says that nobody listens where the packet with this key went."""
        direction = self._directions[transport].get(key)
        if direction is not None and direction.flow.state == "opened":
            change_state(self._emit, "refused", direction.reverse, place.frame, place.time)

    def open(
        self,
        transport: str,
        key: bytes,
        number: int,
        started_by_source: bool | None,
        data: bytes,
        place: Place,
    ) -> Direction:
        """Make the flow of the first packet with `key`; `number` is its EtherType or IP protocol."""
        prefix = 4 * len(place.vlans)
        if transport == "ethernet":
            opposite = opposite_key(key, prefix, 6, 0)
            ends = _ethernet_ends(data, place.link)
        else:
            tail = 4 if transport in _WITH_PORTS else 1
            address = (len(key) - prefix - tail) // 2
            opposite = opposite_key(key, prefix, address, tail & ~1)
            ends = _internet_ends(key[prefix:], address, data, place.link)
        moment = (place.frame, place.time)
        direction = self.table.open(transport, (key, opposite), place.vlans, ends, started_by_source, moment)
        tunnel = self.tunnels.get(direction.destination.port) if transport == "udp" else None
        if tunnel is not None:
            direction.flow.service, direction.reader = tunnel
        else:
            self._recognition.attach(direction.flow, number, self._emit)
        return direction


def _ethernet_ends(data: bytes, link: int) -> tuple[Endpoint, Endpoint]:
    return (
        Endpoint(mac_text(data[link + 6 : link + 12]), "", 0),
        Endpoint(mac_text(data[link : link + 6]), "", 0),
    )


def _internet_ends(key: bytes, address: int, data: bytes, link: int) -> tuple[Endpoint, Endpoint]:
    """Both ends from a key without VLANs: addresses, then ports where four bytes follow."""
    macs = data[link : link + 12] if link >= 0 else b""
    source, destination, source_mac, destination_mac = _parties(key[: 2 * address], macs)
    ports = key[2 * address :]
    source_port, destination_port = _PORTS(ports) if len(ports) == 4 else (0, 0)
    return Endpoint(source_mac, source, source_port), Endpoint(destination_mac, destination, destination_port)


@lru_cache(maxsize=16_384)
def _parties(addresses: bytes, macs: bytes) -> tuple[str, str, str, str]:
    """Source and destination, by IP and by hardware address, from both IP addresses and what stands in front
    of an Ethernet header."""
    address = len(addresses) // 2
    source, destination = ip_text(addresses[:address]), ip_text(addresses[address:])
    return source, destination, mac_text(macs[6:]), mac_text(macs[:6])
