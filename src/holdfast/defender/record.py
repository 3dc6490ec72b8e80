"""What a dissector tells everything behind it: one `Record` a protocol data unit.

Inventory, engines, the records writer and custom rules all read records and nothing else. A record is made
for every PDU of a segment, so it is cheap to make (one slotted struct, about 50 ns) and its fields are
decoded only when somebody asks for them. Reading order for a consumer, cheapest first:

1. `record.protocol`, `record.kind`, `record.role`: what it is. Dispatch on them.
2. `record.key`: what can be learned about it. Two records of one direction with the same `protocol` and `key`
   mean the same thing (same function, same addresses, same object); only transaction numbers and values may
   differ. A consumer that has judged `(protocol, key)` for this `direction` need not look at the fields
   again.
3. `record.fields`: everything, by the names that Zeek and ICSNPP give to their log columns where they have
   the field.

Records of one run arrive in the order of the frames, but payload that waited for an earlier TCP segment keeps
the frame and time in which it was captured. A record and its `fields` are shared by all consumers:
read only.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Hashable
from typing import Any, Final

from holdfast.defender.flows.model import Direction
from holdfast.kernel.structs import UntrackedStruct

SECOND: Final = 1_000_000_000
"""Record times count nanoseconds; multiply seconds by this."""


def seconds(nanoseconds: int) -> float:
    """The nearest number of seconds. For modules that may be compiled, this one never is: compiled code
    rounds both sides of a division before it divides."""
    return nanoseconds / SECOND


Fields = dict[str, Any]
"""A PDU's fields by name. `Any`: text, numbers, booleans, None, and lists and dicts of them; never bytes."""


class Role(enum.IntEnum):
    """Which part a record plays in its conversation."""

    REQUEST = 0
    """Asks the other side for something: a poll, a command, a query."""
    RESPONSE = 1
    """Answers a request, and does what was asked."""
    FAILURE = 2
    """Answers a request with a refusal or an error (Modbus exception, CIP status, BACnet Error/Reject/Abort,
    …)."""
    NOTICE = 3
    """Is said unasked: publishers, announcements, unsolicited responses, cyclic I/O."""
    MALFORMED = 4
    """Could not be read as its protocol. `kind` says why in a few fixed words; `fields` has `reason` (a
    sentence), `offset` (within the payload that the dissector was given) and `payload` (its first bytes as
    hexadecimal)."""
    FLOW = 5
    """Not a PDU: something about the conversation itself (see `FLOW_KINDS`); `protocol` is the transport."""


REQUEST, RESPONSE, FAILURE, NOTICE, MALFORMED, FLOW = Role
"""The roles by themselves, for what runs once a record: Python 3.11 looks members of an enumeration up slower
than it makes a record."""

FLOW_KINDS: Final = {
    "opened": "the first packet of a conversation: for TCP an attempt, or traffic joined midway",
    "established": "TCP's three-way handshake is complete",
    "answered": "the first packet of the other side, where the transport is not TCP",
    "refused": "a TCP connection attempt was answered by RST, or a UDP packet by ICMP port unreachable",
    "reset": "RST on an established connection",
    "closed": "both sides have sent FIN",
    "ended": "the conversation left the flow table: idle too long, table full, or end of the capture",
    "recognized": "the application protocol is known now; `fields['service']` names it",
    "gap": "bytes of a stream are missing and were skipped; `fields['missing']` counts them",
    "overlap": "retransmitted bytes of a stream differ from the first ones (the first ones were kept)",
}
"""`kind` of the records with `Role.FLOW`; their fields carry the counters of the conversation when they are
read."""


class Record(UntrackedStruct):
    """One dissected PDU. Made with positional arguments by dissectors; see the module's head for how to read
    it.

    `gc=False`: the cycle collector does not visit records, so nothing that a record refers to may hold on to
    records for longer than a flow lives (`FlowTable` empties a flow when it leaves).
    """

    frame: int
    """The frame that completed the PDU, counted from 1 over the whole run."""
    time: int
    """When that frame was captured: nanoseconds since the Unix epoch, UTC."""
    direction: Direction
    """Who said it to whom, and within which flow: `.source`, `.destination`, `.to_server`, `.flow`."""
    protocol: str
    """The dissector's name, such as `modbus`; one of `holdfast.defender.dissect.registry.PROTOCOLS`."""
    kind: str
    """The message's name within its protocol, such as `READ_HOLDING_REGISTERS`."""
    role: Role
    """Request, response, failure, notice, malformed or flow."""
    key: Hashable
    """What two records share when they mean the same; see the module's head."""
    body: Any
    """What `decode` reads: the PDU's bytes, or what the dissector kept of them. Not for consumers."""
    decode: Callable[[Record], Fields]
    """Makes the fields of this kind of record. Not for consumers: read `fields`."""
    request: Record | None = None
    """The request that this answers, where the protocol pairs them and it was seen. Do not keep it."""
    decoded: Fields | None = None
    """The fields, once someone asked. Not for consumers."""

    @property
    def fields(self) -> Fields:
        """Every field by name, decoded at the first reading and kept. Never raises; read only.

        A PDU whose head could be read but whose inside turns out broken has a field `malformed` with the
        reason.
        """
        if self.decoded is None:
            self.decoded = self.decode(self)
        return self.decoded


Emit = Callable[[Record], None]
"""How a dissector hands a record over: usually the `append` of the batch's list."""
