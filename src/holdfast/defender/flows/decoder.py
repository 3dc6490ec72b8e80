"""From a block of captured packets to the flows behind them.

`_ethernet` is the way of nearly all packets: Ethernet, IPv4 without options or fragments, TCP or UDP, whole.
One `unpack_from` reads every header field that matters, and 12 of the bytes are the flow's key as they stand.
Whatever is different takes the general way through `Network`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from holdfast.defender.capture.packets import Block
from holdfast.defender.counters import Counters
from holdfast.defender.dissect.recognition import Recognition
from holdfast.defender.flows.headers import IPV4, TCP, UDP
from holdfast.defender.flows.network import Network
from holdfast.defender.flows.table import FlowTable
from holdfast.defender.flows.tcp import SYN
from holdfast.defender.flows.transport import Place, Transport
from holdfast.defender.record import Emit

_Headers = tuple[int, int, int, int, int, bytes, int, int]
_HEADERS: Final[Callable[[bytes, int], _Headers]] = struct.Struct(">12xHBxHxxHxB2x12sI4xH").unpack_from
"""Ethernet's type; IPv4's version and length, total length, fragment, protocol; addresses with ports; TCP's
sequence number, and data offset with flags."""
_SHORTEST: Final = 54
"""Ethernet, IPv4 and TCP headers; `_HEADERS` reads no further."""
_BEFORE_ETHERNET: Final = {
    240: 4,  # netANALYZER: what the tap says of the frame
    241: 12,  # the same, and the preamble
    274: 8,  # IEEE 802.3br: the preamble
    282: 4,  # the tag of a Broadcom switch
}
"""Bytes in front of the Ethernet header, by LINKTYPE."""
_NO_VLANS: Final[tuple[int, ...]] = ()

_Layer = Callable[[bytes, int, int, Place], None]


class Decoder:
    """Takes blocks of packets; records come out of `emit`."""

    def __init__(
        self,
        emit: Emit,
        recognition: Recognition,
        counters: Counters,
        maximum_flows: int,
        maximum_pending: int,
    ) -> None:
        self._counters = counters
        self._transport = Transport(emit, recognition, counters, maximum_flows, maximum_pending)
        self._network = network = Network(self._transport, counters, maximum_pending)
        self._frame = 0
        self._layers: dict[int, _Layer] = {  # LINKTYPE values (https://www.tcpdump.org/linktypes.html)
            0: self._null,
            12: network.raw_ip,
            14: network.raw_ip,
            101: network.raw_ip,
            108: self._null,
            113: self._linux_cooked,
            228: network.raw_ip,
            229: network.raw_ip,
            276: self._linux_cooked_2,
            **{number: self._ethernet_behind(octets) for number, octets in _BEFORE_ETHERNET.items()},
        }

    @property
    def table(self) -> FlowTable:
        """The flows that are known now."""
        return self._transport.table

    @property
    def frame(self) -> int:
        """Number of the newest frame."""
        return self._frame

    def decode(self, block: Block) -> None:
        """Take all packets of a block."""
        counters = self._counters
        counters.packets += len(block.packets)
        octets, truncated = self._ethernet(block) if block.link_type == 1 else self._other(block)
        counters.octets += octets
        counters.truncated += truncated

    def _ethernet(self, block: Block) -> tuple[int, int]:
        """The block's bytes on the wire, and how many of its packets are not whole."""
        data, frame = block.data, self._frame
        transport, streams, network = self._transport, self._transport.streams, self._network
        known_tcp, known_udp = transport.table.directions["tcp"], transport.table.directions["udp"]
        octets = truncated = 0
        for time, start, end, wire in block.packets:
            frame += 1
            octets += wire
            length = end - start
            if length < wire:
                truncated += 1
            if length < _SHORTEST:
                network.ethernet(data, start, end, Place(frame, time, wire, start, _NO_VLANS))
                continue
            kind, version, total, fragment, protocol, key, sequence, flags = _HEADERS(data, start)
            finish = start + 14 + total
            if kind != IPV4 or version != 0x45 or fragment & 0x3FFF or finish > end:
                network.ethernet(data, start, end, Place(frame, time, wire, start, _NO_VLANS))
            elif protocol == TCP and (payload := start + 34 + (flags >> 10 & 0x3C)) <= finish:
                direction = known_tcp.get(key)
                if direction is None or flags & SYN:
                    place = Place(frame, time, wire, start, _NO_VLANS)
                    direction = transport.tcp_direction(direction, key, data, sequence, flags, place)
                streams.segment(direction, data, payload, finish, sequence, flags, frame, time, wire)
            elif protocol == UDP and start + 42 <= finish:
                direction = known_udp.get(key)
                if direction is None:
                    place = Place(frame, time, wire, start, _NO_VLANS)
                    direction = transport.open("udp", key, UDP, None, data, place)
                transport.datagram(direction, data, start + 42, finish, frame, time, wire)
            else:
                network.ethernet(data, start, end, Place(frame, time, wire, start, _NO_VLANS))
        self._frame = frame
        return octets, truncated

    def _other(self, block: Block) -> tuple[int, int]:
        """See `_ethernet`."""
        layer = self._layers.get(block.link_type)
        data, frame = block.data, self._frame
        if layer is None:
            self._counters.undecoded += len(block.packets)
        octets = truncated = 0
        for time, start, end, wire in block.packets:
            frame += 1
            octets += wire
            truncated += wire > end - start
            if layer is not None:
                layer(data, start, end, Place(frame, time, wire, -1, _NO_VLANS))
        self._frame = frame
        return octets, truncated

    def _ethernet_behind(self, octets: int) -> _Layer:
        """Ethernet behind so many bytes."""

        def layer(data: bytes, start: int, end: int, place: Place) -> None:
            self._network.ethernet(data, start + octets, end, place)

        return layer

    def _null(self, data: bytes, start: int, end: int, place: Place) -> None:
        """BSD loopback: four bytes of address family, which differ between systems; IP tells its version
        itself."""
        self._network.raw_ip(data, start + 4, end, place)

    def _linux_cooked(self, data: bytes, start: int, end: int, place: Place) -> None:
        """LINKTYPE_LINUX_SLL."""
        if end - start >= 16:
            kind = int.from_bytes(data[start + 14 : start + 16], "big")
            self._network.payload(kind, data, start + 16, end, place)

    def _linux_cooked_2(self, data: bytes, start: int, end: int, place: Place) -> None:
        """LINKTYPE_LINUX_SLL2."""
        if end - start >= 20:
            kind = int.from_bytes(data[start : start + 2], "big")
            self._network.payload(kind, data, start + 20, end, place)
