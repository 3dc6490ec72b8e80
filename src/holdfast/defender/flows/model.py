"""Who talks to whom: conversations, their two directions and their endpoints."""

from __future__ import annotations

from typing import Any

from holdfast.kernel.structs import FrozenStruct, UntrackedStruct


class PayloadReader:
    """Whoever takes the payload of a conversation: a `dissect.session.Session`, or a tunnel."""

    __slots__ = ()

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """Take `data[start:end]` and return the position up to which everything was read; see `Session`."""
        return end


class Endpoint(FrozenStruct, frozen=True):
    """One end of a conversation as the capture shows it."""

    mac: str
    """Six octets as `00:1d:9c:c7:b0:70`; empty where the link layer has none. Of the first packet: behind a
    router it is the router's."""
    ip: str
    """IPv4 or IPv6 in text; empty for conversations below IP."""
    port: int
    """TCP or UDP port; 0 where there is none."""

    @property
    def address(self) -> str:
        """The IP address, or the MAC address below IP: what an asset is found by."""
        return self.ip or self.mac


class Direction:
    """One half of a conversation: everything that `source` sends to `destination`."""

    __deletable__ = ("reverse",)  # for mypyc; see docs/compiled.md

    __slots__ = (
        "carry",
        "destination",
        "finished",
        "flow",
        "frames",
        "last_time",
        "next_sequence",
        "octets",
        "queue",
        "reader",
        "reverse",
        "source",
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
        # What follows belongs to the flows package.
        self.reader: PayloadReader | None = None
        """Takes the payload; None when nothing here reads this conversation."""
        self.next_sequence = -1
        """TCP: sequence number of the next byte in order; -1 before the first segment."""
        self.carry = b""
        """TCP: the beginning of a PDU whose rest has not come yet."""
        self.queue: list[Segment] | None = None
        """TCP: segments that came before an earlier one, in the order of their sequence numbers."""
        self.finished = False
        """TCP: FIN was seen."""


class Segment(UntrackedStruct):
    """TCP payload that waits for earlier bytes."""

    sequence: int
    payload: bytes
    frame: int
    time: int


class Flow:
    """A conversation: two directions under one identity.

    TCP and UDP flows are keyed by VLANs, addresses and ports; others above IP by addresses and protocol;
    those below IP (GOOSE, PROFINET, ARP, LLDP) by VLANs, MAC addresses and EtherType.

    `client` and `server`, and the `reverse` of each, are there until the flow has ended and the batch with
    its last record was consumed. Whoever keeps a record for longer has its `direction` with both endpoints.
    """

    __deletable__ = ("client", "server")  # for mypyc; see docs/compiled.md
    __slots__ = (
        "client",
        "errors",
        "handshake",
        "id",
        "keys",
        "memory",
        "server",
        "service",
        "session",
        "started",
        "state",
        "transport",
        "vlans",
    )

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
        self.state = "opened"
        """The newest of `record.FLOW_KINDS` that changed it: `opened`, `established`, `answered`, `refused`,
        …"""
        self.started = 0
        """Time of the first packet, nanoseconds."""
        self.memory: dict[str, Any] | None = None  # Any: each consumer keeps what it likes under its own name
        """For consumers: what they want to remember with this flow, under their own name. None until someone
        sets it; emptied when the flow ends (after its `ended` record was consumed)."""
        # What follows belongs to the flows package.
        self.keys = (b"", b"")
        """Under which the flow table finds the client's and the server's direction."""
        self.session: Any = None  # Any: a dissect.session.Session, which this module cannot import
        self.handshake = False
        """TCP: SYN was seen and the connection is not established yet."""
        self.errors = 0
        """Malformed PDUs so far."""
