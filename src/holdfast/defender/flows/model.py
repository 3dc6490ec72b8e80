"""Who talks to whom: conversations, their two directions and their endpoints."""

from __future__ import annotations

from typing import Any

import msgspec


class Endpoint(msgspec.Struct, frozen=True, gc=False):
    """One end of a conversation as the capture shows it."""

    mac: str
    """Six octets as `00:1d:9c:c7:b0:70`; empty where the link layer has none. Of the first packet: behind a
    router it is the router's."""
    ip: str
    """IPv4 or IPv6 in text; empty for conversations below IP."""
    port: int
    """TCP, UDP or SCTP port; 0 where there is none."""

    @property
    def address(self) -> str:
        """The IP address, or the MAC address below IP: what an asset is found by."""
        return self.ip or self.mac


class Direction:
    """One half of a conversation: everything that `source` sends to `destination`."""

    __slots__ = (
        "destination",
        "flow",
        "frames",
        "last_time",
        "octets",
        "reverse",
        "source",
        "stream",
        "to_server",
    )

    def __init__(self, flow: Flow, source: Endpoint, destination: Endpoint, to_server: bool) -> None:
        self.flow = flow
        self.source = source
        self.destination = destination
        self.to_server = to_server
        """True when the flow's client is the source."""
        self.frames = 0
        """Packets seen."""
        self.octets = 0
        """Bytes on the wire, link header included."""
        self.last_time = 0
        """Of the newest packet, nanoseconds; 0 when none was seen."""
        self.reverse: Direction = self
        """The other half."""
        self.stream: Any = None  # Any: TCP's reassembly or a datagram session, private to the flows package


class Flow:
    """A conversation: two directions under one identity.

    TCP and UDP flows are keyed by VLANs, addresses and ports; others above IP by addresses and protocol;
    those below IP (GOOSE, PROFINET, ARP, LLDP) by VLANs, MAC addresses and EtherType.
    """

    __slots__ = ("client", "id", "memory", "server", "service", "started", "state", "transport", "vlans")

    def __init__(
        self, identity: int, transport: str, vlans: tuple[int, ...], client: Endpoint, server: Endpoint
    ) -> None:
        self.id = identity
        """Counted from 1 over the whole run; never used twice."""
        self.transport = transport
        """`tcp`, `udp`, `icmp`, `ip` (other IP protocols) or `ethernet`."""
        self.vlans = vlans
        """VLAN identifiers, outer first; a VXLAN network identifier follows as negative number."""
        self.client = Direction(self, client, server, True)
        """What the side that opened the conversation sends. TCP: the sender of SYN. Otherwise the sender of
        the first packet, unless only its port is that of a known service."""
        self.server = Direction(self, server, client, False)
        self.client.reverse = self.server
        self.server.reverse = self.client
        self.service = ""
        """The application protocol once it is recognized, such as `modbus`; empty before."""
        self.state = ""
        """The newest of `record.FLOW_KINDS` that changed it: `opened`, `established`, `answered`, `refused`,
        …"""
        self.started = 0
        """Time of the first packet, nanoseconds."""
        self.memory: dict[str, Any] | None = None  # Any: each consumer keeps what it likes under its own name
        """For consumers: what they want to remember with this flow, under their own name. None until someone
        sets it; emptied when the flow ends (after its `ended` record was consumed)."""
