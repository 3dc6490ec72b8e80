"""TCP (RFC 9293): the connection's states, and its payload in order.

In-order segments go straight to the dissector. Segments that arrive early wait; bytes that were seen before
are dropped, and where two versions of the same waiting bytes exist, the first one counts (RFC 5722's advice
for fragments; what most receivers do). Bytes that the capture lacks are skipped once the receiver has
acknowledged them or too much waits.
"""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect.session import MalformedError, malformed_record
from holdfast.defender.flows.events import announce, change_state
from holdfast.defender.flows.model import Direction, Flow, Segment
from holdfast.defender.record import Emit

FIN: Final = 0x01
SYN: Final = 0x02
RST: Final = 0x04
ACK: Final = 0x10
_CONTROL: Final = FIN | SYN | RST
_MASK: Final = 0xFFFF_FFFF
_HALF: Final = 0x8000_0000
_BELIEVABLE_DISTANCE: Final = 1 << 24
"""Sequence numbers further apart than this belong to another connection on the same ports."""
_MAXIMUM_WAITING: Final = 256
"""Segments of one direction that may wait for an earlier one; a 64 KiB window holds 45 full ones."""
_MAXIMUM_CARRY: Final = 256 * 1024
"""Bytes of an unfinished PDU. Sessions skip over longer ones themselves."""
_PATIENCE: Final = 8
"""Malformed PDUs after which a flow that has hardly anything else is no longer dissected."""


class TcpStreams:
    """Gives each direction's bytes to its dissector once and in order."""

    def __init__(self, emit: Emit, maximum_waiting_octets: int) -> None:
        self._emit = emit
        self._maximum_waiting_octets = maximum_waiting_octets
        self.waiting_octets = 0
        """Bytes that wait for earlier ones, over all flows."""

    def segment(
        self, direction: Direction, data: bytes, start: int, finish: int,
        sequence: int, flags: int, frame: int, time: int, wire: int,
    ) -> None:  # fmt: skip
        """Take one segment with the payload `data[start:finish]`. The hot path: most segments pass right
        through."""
        direction.frames += 1
        direction.octets += wire
        direction.last_time = time
        if flags & _CONTROL or direction.flow.handshake:
            self._change_state(direction, sequence, flags, frame, time)
            if flags & SYN:
                sequence += 1  # SYN counts as one byte in front of the payload (RFC 7413 allows some)
        if direction.reverse.queue is not None and flags & ACK:
            self._acknowledged(direction.reverse, data, start - (flags >> 10 & 0x3C), frame, time)
        if start == finish:
            return
        if sequence == direction.next_sequence and direction.queue is None:
            direction.next_sequence = (sequence + finish - start) & _MASK
            reader = direction.reader
            if reader is None:
                return
            if direction.carry:
                self._continue(direction, data, start, finish, frame, time)
                return
            try:
                used = reader.feed(data, start, finish, frame, time, direction)
            except MalformedError as error:
                self._malformed(direction, error, data[start:finish], frame, time)
                return
            if used < finish:
                direction.carry = data[used:finish]
        else:
            self._out_of_order(direction, Segment(sequence, data[start:finish], frame, time))

    def _acknowledged(self, direction: Direction, data: bytes, header: int, frame: int, time: int) -> None:
        """`direction`'s receiver names the next byte that it expects; the capture may lack what is before
        it."""
        number = int.from_bytes(data[header + 8 : header + 12], "big")
        while direction.queue and _before(direction.queue[0].sequence, number):
            self._skip_to(direction, direction.queue[0].sequence, frame, time)
            self._drain(direction)

    def cut(self, direction: Direction, end: int, missing: int, frame: int, time: int) -> None:
        """The last segment was `missing` bytes longer than what the capture holds of it, up to the sequence
        number `end`."""
        if direction.next_sequence == end & _MASK and direction.queue is None:
            self._skip_to(direction, (end + missing) & _MASK, frame, time)

    def flush(self, flow: Flow, frame: int, time: int) -> None:
        """The flow ends: hand over what waits, across all gaps."""
        for direction in (flow.client, flow.server):
            while direction.queue:
                self._skip_to(direction, direction.queue[0].sequence, frame, time)
                self._drain(direction)

    def _deliver(self, direction: Direction, data: bytes, frame: int, time: int) -> None:
        """Give bytes that are next in order to the dissector."""
        direction.next_sequence = (direction.next_sequence + len(data)) & _MASK
        if direction.reader is not None:
            self._continue(direction, data, 0, len(data), frame, time)

    def _continue(
        self, direction: Direction, data: bytes, start: int, finish: int, frame: int, time: int
    ) -> None:
        data = direction.carry + data[start:finish]
        direction.carry = b""
        reader = direction.reader
        assert reader is not None
        try:
            used = reader.feed(data, 0, len(data), frame, time, direction)
        except MalformedError as error:
            self._malformed(direction, error, data, frame, time)
            return
        if len(data) - used > _MAXIMUM_CARRY:
            endless = MalformedError("too long", f"A PDU is not complete after {len(data) - used} bytes.")
            self._malformed(direction, endless, data, frame, time)
        else:
            direction.carry = data[used:]

    def _malformed(
        self, direction: Direction, error: MalformedError, payload: bytes, frame: int, time: int
    ) -> None:
        flow = direction.flow
        self._emit(malformed_record(error, payload, frame, time, direction))
        if flow.errors > _PATIENCE and flow.errors * 4 > flow.client.frames + flow.server.frames:
            stop_dissecting(flow)

    def _out_of_order(self, direction: Direction, segment: Segment) -> None:
        expected = direction.next_sequence
        if expected < 0:
            direction.next_sequence = segment.sequence
            self._deliver(direction, segment.payload, segment.frame, segment.time)
            return
        distance = (segment.sequence - expected) & _MASK
        if distance >= _HALF:
            distance -= _MASK + 1
        if abs(distance) > _BELIEVABLE_DISTANCE:
            self._start_over(direction, segment)
            return
        if distance < 0:
            if -distance >= len(segment.payload):
                return  # a retransmission of what was delivered
            segment = Segment(expected, segment.payload[-distance:], segment.frame, segment.time)
        self._enqueue(direction, segment)
        self._drain(direction)
        self._bound_waiting(direction, segment)

    def _start_over(self, direction: Direction, segment: Segment) -> None:
        self.flush(direction.flow, segment.frame, segment.time)
        direction.carry = b""
        direction.next_sequence = segment.sequence
        if direction.flow.session is not None:
            direction.flow.session.gap(direction, 0)
        self._deliver(direction, segment.payload, segment.frame, segment.time)

    def _enqueue(self, direction: Direction, segment: Segment) -> None:
        """Put what is new of `segment` into the queue, at its place."""
        if direction.queue is None:
            direction.queue = [segment]
            self.waiting_octets += len(segment.payload)
            return
        base = direction.next_sequence
        pieces, conflicting = [segment], 0
        for other in direction.queue:
            parts = [_subtract(piece, other, base) for piece in pieces]
            pieces = [piece for kept, _ in parts for piece in kept]
            conflicting += sum(differing for _, differing in parts)
        self.waiting_octets += sum(len(piece.payload) for piece in pieces)
        direction.queue = sorted(direction.queue + pieces, key=lambda each: (each.sequence - base) & _MASK)
        if conflicting:
            details = {"differing": conflicting}
            announce(self._emit, "overlap", direction, segment.frame, segment.time, details)

    def _drain(self, direction: Direction) -> None:
        """Deliver what is in order at the head of the queue."""
        queue = direction.queue
        while queue and queue[0].sequence == direction.next_sequence:
            segment = queue.pop(0)
            self.waiting_octets -= len(segment.payload)
            self._deliver(direction, segment.payload, segment.frame, segment.time)
        if not queue:
            direction.queue = None

    def _bound_waiting(self, direction: Direction, segment: Segment) -> None:
        while (queue := direction.queue) and (
            len(queue) > _MAXIMUM_WAITING or self.waiting_octets > self._maximum_waiting_octets
        ):
            self._skip_to(direction, queue[0].sequence, segment.frame, segment.time)
            self._drain(direction)

    def _skip_to(self, direction: Direction, sequence: int, frame: int, time: int) -> None:
        missing = (sequence - direction.next_sequence) & _MASK
        if not missing:
            return
        direction.next_sequence = sequence
        direction.carry = b""
        announce(self._emit, "gap", direction, frame, time, {"missing": missing})
        if direction.flow.session is not None:
            direction.flow.session.gap(direction, missing)

    def _change_state(self, direction: Direction, sequence: int, flags: int, frame: int, time: int) -> None:
        flow = direction.flow
        if flags & RST:
            self._reset(direction, frame, time)
        elif flags & SYN:
            direction.next_sequence = (sequence + 1) & _MASK
            flow.handshake = True
        elif flow.handshake and flags & ACK and direction.to_server and flow.server.next_sequence >= 0:
            flow.handshake = False
            change_state(self._emit, "established", direction, frame, time)
        if flags & FIN and not direction.finished:
            direction.finished = True
            if direction.reverse.finished and flow.state not in ("reset", "refused"):
                change_state(self._emit, "closed", direction, frame, time)

    def _reset(self, direction: Direction, frame: int, time: int) -> None:
        flow = direction.flow
        if flow.state in ("reset", "refused", "closed"):
            return
        attempted = flow.handshake and flow.server.next_sequence < 0
        refused = attempted and not direction.to_server
        flow.handshake = False
        change_state(self._emit, "refused" if refused else "reset", direction, frame, time)


def stop_dissecting(flow: Flow) -> None:
    """Nothing here reads this flow: let its packets pass by counted only."""
    flow.session = None
    for direction in (flow.client, flow.server):
        direction.reader = None
        direction.carry = b""


def _before(earlier: int, later: int) -> bool:
    return 0 < ((later - earlier) & _MASK) < _HALF


def _subtract(piece: Segment, other: Segment, base: int) -> tuple[list[Segment], int]:
    """What of `piece` lies outside of `other`, and how many of the bytes inside differ."""
    begin, other_begin = (piece.sequence - base) & _MASK, (other.sequence - base) & _MASK
    end, other_end = begin + len(piece.payload), other_begin + len(other.payload)
    low, high = max(begin, other_begin), min(end, other_end)
    if low >= high:
        return [piece], 0
    mine = piece.payload[low - begin : high - begin]
    theirs = other.payload[low - other_begin : high - other_begin]
    differing = 0 if mine == theirs else sum(a != b for a, b in zip(mine, theirs, strict=True))
    kept: list[Segment] = []
    if begin < low:
        kept.append(Segment(piece.sequence, piece.payload[: low - begin], piece.frame, piece.time))
    if high < end:
        kept.append(Segment((base + high) & _MASK, piece.payload[high - begin :], piece.frame, piece.time))
    return kept, differing
