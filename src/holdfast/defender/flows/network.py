"""The general way of a packet: link headers, VLANs, IP of both versions with options and fragments,
tunnels."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from holdfast.defender.counters import Counters
from holdfast.defender.flows import headers
from holdfast.defender.flows.fragments import FragmentTable
from holdfast.defender.flows.headers import vlan_prefix
from holdfast.defender.flows.model import Direction, PayloadReader
from holdfast.defender.flows.transport import Place, Transport

_U16: Final[Callable[[bytes, int], tuple[int]]] = struct.Struct(">H").unpack_from
_Ipv4 = tuple[int, int, int, int, int]
_IPV4_HEADER: Final[Callable[[bytes, int], _Ipv4]] = struct.Struct(">BxHHHxB").unpack_from
_IPV6_HEADER: Final[Callable[[bytes, int], tuple[int, int, int]]] = struct.Struct(">IHB").unpack_from
_MAXIMUM_DEPTH: Final = 4
"""Tunnels within tunnels that are opened."""
_MAXIMUM_EXTENSIONS: Final = 8
_MAXIMUM_TAGS: Final = 8

_LLC_SNAP: Final = b"\xaa\xaa\x03"
_ERSPAN_2, _ERSPAN_3, _BRIDGED_ETHERNET = 0x88BE, 0x22EB, 0x6558
_PPP_IPV4, _PPP_IPV6 = 0x0021, 0x0057
_PORT_UNREACHABLE: Final = b"\x03\x03"
"""Type and code."""


class Network:
    """Opens one layer after the other until a transport is reached, and hands it over."""

    def __init__(self, transport: Transport, counters: Counters, maximum_pending: int) -> None:
        self._transport = transport
        self._counters = counters
        self._fragments = FragmentTable(maximum_pending)
        self._payloads: dict[int, Callable[[bytes, int, int, Place], None]] = {
            headers.IPV4: self.ipv4,
            headers.IPV6: self.ipv6,
            headers.PPPOE_SESSION: self._pppoe,
            **dict.fromkeys(headers.MPLS, self._mpls),
        }
        transport.tunnels[headers.VXLAN_PORT] = ("vxlan", _Vxlan(self))

    def ethernet(self, data: bytes, start: int, end: int, place: Place) -> None:
        """An Ethernet frame (IEEE 802.3)."""
        if end - start < 14:
            self._counters.count_malformed("ethernet")
            return
        if place.link != start:
            place = replace(place, link=start)
        self.payload(_U16(data, start + 12)[0], data, start + 14, end, place)

    def payload(self, kind: int, data: bytes, start: int, end: int, place: Place) -> None:
        """What an EtherType announces, behind any number of VLAN tags (IEEE 802.1Q, 802.1ad)."""
        while kind in headers.VLAN_TAGS and start + 4 <= end and len(place.vlans) < _MAXIMUM_TAGS:
            place = replace(place, vlans=(*place.vlans, _U16(data, start)[0] & 0x0FFF))
            kind, start = _U16(data, start + 2)[0], start + 4
        reader = self._payloads.get(kind)
        if reader is not None:
            reader(data, start, end, place)
        elif place.link < 0:
            self._counters.undecoded += 1
        elif kind <= headers.MAXIMUM_LENGTH:
            self._logical_link(data, start, min(end, start + kind), place)
        else:
            self._transport.ethernet(data, start, end, kind, place)

    def _logical_link(self, data: bytes, start: int, end: int, place: Place) -> None:
        """LLC (IEEE 802.2) and SNAP."""
        if end - start < 3:
            self._counters.undecoded += 1
            return
        if data[start : start + 3] == _LLC_SNAP and end - start >= 8:
            organization = int.from_bytes(data[start + 3 : start + 6], "big")
            protocol = _U16(data, start + 6)[0]
            if organization == 0:
                self.payload(protocol, data, start + 8, end, place)
                return
            kind = 1 << 40 | organization << headers.SNAP_SHIFT | protocol
            self._transport.ethernet(data, start + 8, end, kind, place)
        else:
            self._transport.ethernet(data, start + 3, end, 1 << 48 | data[start], place)

    def _pppoe(self, data: bytes, start: int, end: int, place: Place) -> None:
        """PPPoE session (RFC 2516)."""
        if end - start < 8:
            self._counters.count_malformed("ethernet")
            return
        protocol = _U16(data, start + 6)[0]
        if protocol == _PPP_IPV4:
            self.ipv4(data, start + 8, end, place)
        elif protocol == _PPP_IPV6:
            self.ipv6(data, start + 8, end, place)
        else:
            self._counters.undecoded += 1

    def _mpls(self, data: bytes, start: int, end: int, place: Place) -> None:
        """A stack of MPLS labels (RFC 3032) over IP."""
        while start + 4 < end:
            bottom = data[start + 2] & 1
            start += 4
            if bottom:
                self.raw_ip(data, start, end, place)
                return
        self._counters.undecoded += 1

    def raw_ip(self, data: bytes, start: int, end: int, place: Place) -> None:
        """IP of the version that its first nibble tells."""
        version = data[start] >> 4 if start < end else 0
        if version == 4:
            self.ipv4(data, start, end, place)
        elif version == 6:
            self.ipv6(data, start, end, place)
        else:
            self._counters.undecoded += 1

    def ipv4(self, data: bytes, start: int, end: int, place: Place) -> None:
        """IPv4 (RFC 791)."""
        if end - start < 20:
            self._counters.count_malformed("ip")
            return
        version, total, identification, fragment, protocol = _IPV4_HEADER(data, start)
        position = start + (version & 0x0F) * 4
        total = total or end - start  # segmentation offload leaves it empty
        if version >> 4 != 4 or position < start + 20 or position > end or total < position - start:
            self._counters.count_malformed("ip")
            return
        missing = max(start + total - end, 0)
        finish = min(start + total, end)
        addresses = vlan_prefix(place.vlans) + data[start + 12 : start + 20]
        if fragment & 0x3FFF:
            key = addresses + protocol.to_bytes(1, "big") + identification.to_bytes(2, "big")
            self._fragment(key, fragment, data[position:finish], addresses, protocol, data, place)
        else:
            self._internet(data, position, finish, addresses, protocol, missing, place)

    def ipv6(self, data: bytes, start: int, end: int, place: Place) -> None:
        """IPv6 (RFC 8200) with its extension headers."""
        if end - start < 40:
            self._counters.count_malformed("ip")
            return
        version, length, protocol = _IPV6_HEADER(data, start)
        if version >> 28 != 6:
            self._counters.count_malformed("ip")
            return
        finish = min(start + 40 + length, end) if length else end
        missing = max(start + 40 + length - end, 0)
        addresses = vlan_prefix(place.vlans) + data[start + 8 : start + 40]
        position = start + 40
        for _ in range(_MAXIMUM_EXTENSIONS):
            if protocol == headers.IPV6_FRAGMENT and position + 8 <= finish:
                key = addresses + data[position + 4 : position + 8]
                fragment = _U16(data, position + 2)[0]
                in_ipv4_form = fragment >> 3 | (fragment & 1) << 13
                protocol, payload = data[position], data[position + 8 : finish]
                if in_ipv4_form:
                    self._fragment(key, in_ipv4_form, payload, addresses, protocol, data, place)
                    return
                position += 8
            elif protocol in headers.IPV6_EXTENSIONS and position + 8 <= finish:
                protocol, position = data[position], position + 8 + data[position + 1] * 8
            else:
                break
        if position > finish:
            self._counters.count_malformed("ip")
        else:
            self._internet(data, position, finish, addresses, protocol, missing, place)

    def _fragment(
        self,
        key: bytes,
        fragment: int,
        payload: bytes,
        addresses: bytes,
        protocol: int,
        frame: bytes,
        place: Place,
    ) -> None:
        whole = self._fragments.add(
            key, (fragment & 0x1FFF) * 8, bool(fragment & 0x2000), payload, place.time
        )
        if whole is None:
            return
        macs = frame[place.link : place.link + 12] if place.link >= 0 else b""
        place = replace(place, link=0 if macs else -1)
        self._internet(macs + whole, len(macs), len(macs) + len(whole), addresses, protocol, 0, place)

    def _internet(
        self,
        data: bytes,
        start: int,
        finish: int,
        addresses: bytes,
        protocol: int,
        missing: int,
        place: Place,
    ) -> None:
        """What an IP header announces."""
        if protocol == headers.TCP:
            self._transport.tcp(data, start, finish, addresses, missing, place)
        elif protocol == headers.UDP:
            self._transport.udp(data, start, finish, addresses, missing, place)
        elif protocol in headers.TUNNELS and place.depth < _MAXIMUM_DEPTH:
            place = replace(place, depth=place.depth + 1)
            if protocol == headers.GRE:
                self._generic_encapsulation(data, start, finish, place)
            else:
                self.raw_ip(data, start, finish, place)
        else:
            self._transport.other(data, start, finish, addresses, protocol, place)
            if protocol == headers.ICMP:
                self._unreachable(data, start, finish, place)

    def _unreachable(self, data: bytes, start: int, finish: int, place: Place) -> None:
        """ICMP port unreachable (RFC 792) quotes the packet that was refused."""
        quoted = start + 8
        if finish - start < 36 or data[start : start + 2] != _PORT_UNREACHABLE:
            return
        ports = quoted + (data[quoted] & 0x0F) * 4
        if data[quoted + 9] == headers.UDP and ports + 4 <= finish:
            prefix = vlan_prefix(place.vlans)
            self._transport.refuse(
                "udp", prefix + data[quoted + 12 : quoted + 20] + data[ports : ports + 4], place
            )

    def _generic_encapsulation(self, data: bytes, start: int, end: int, place: Place) -> None:
        """GRE (RFC 2784, RFC 2890) and the mirror tunnels ERSPAN that are made of it."""
        if end - start < 4:
            self._counters.count_malformed("ip")
            return
        flags, kind = struct.unpack_from(">HH", data, start)
        sequenced = bool(flags & 0x1000)
        position = start + 4 + 4 * (bool(flags & 0x8000) + bool(flags & 0x2000) + sequenced)
        if kind == _ERSPAN_2:
            self.ethernet(data, position + (8 if sequenced else 0), end, place)
        elif kind == _ERSPAN_3 and position + 12 <= end:
            self.ethernet(data, position + 12 + 8 * (data[position + 11] & 1), end, place)
        elif kind == _BRIDGED_ETHERNET:
            self.ethernet(data, position, end, place)
        else:
            self.payload(kind, data, position, end, place)


class _Vxlan(PayloadReader):
    """VXLAN (RFC 7348): Ethernet in UDP."""

    __slots__ = ("_network",)

    def __init__(self, network: Network) -> None:
        self._network = network

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `PayloadReader.feed`."""
        vlans = direction.flow.vlans
        if end - start >= 8 and data[start] & 0x08 and len(vlans) < _MAXIMUM_TAGS:
            number = int.from_bytes(data[start + 4 : start + 7], "big")
            place = Place(frame, time, end - start - 8, -1, (*vlans, -number))
            self._network.ethernet(data, start + 8, end, place)
        return end
