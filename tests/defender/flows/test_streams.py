"""TCP payload arrives once and in order, whatever the network did to the segments."""

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.defender.capture.packets import Block
from holdfast.defender.pipeline import Batch, Options, Pipeline
from holdfast.defender.record import Role

CLIENT, SERVER = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
SYN, ACK, FIN = 0x02, 0x10, 0x01


def tcp(
    sequence: int, payload: bytes = b"", flags: int = ACK, port: int = 40_000, back: bool = False
) -> bytes:
    """A frame of the connection from 10.0.0.1 to port 502 of 10.0.0.2, or of its other side."""
    source, target = (SERVER, CLIENT) if back else (CLIENT, SERVER)
    ports = (502, port) if back else (port, 502)
    segment = struct.pack(">HHIIBBHHH", *ports, sequence & 0xFFFF_FFFF, 1, 0x50, flags, 8192, 0, 0) + payload
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 0, 0, 64, 6, 0, source, target)
    return bytes(12) + b"\x08\x00" + header + segment


def modbus(number: int) -> bytes:
    """A request to read one holding register; `number` is its transaction and address."""
    return struct.pack(">HHHBBHH", number, 0, 6, 1, 3, number, 1)


class Collect:
    """Keeps what tests look at of every record."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Role]] = []
        self.addresses: list[int] = []
        self.flows = 0

    def consume(self, batch: Batch) -> None:
        for record in batch.records:
            self.seen.append((record.protocol, record.kind, record.role))
            if record.protocol == "modbus" and record.role is Role.REQUEST:
                self.addresses.append(record.fields["address"])
        self.flows = max(self.flows, len(list(batch.flows())))

    def finish(self) -> None:
        pass


def run(frames: list[bytes], options: Options | None = None, kept: int = 65_535) -> Collect:
    """All records of the frames, of which the capture keeps so many bytes each."""
    collect = Collect()
    pipeline = Pipeline([collect], options)
    packets: list[tuple[int, int, int, int]] = []
    data, start = b"".join(frames), 0
    for number, frame in enumerate(frames):
        packets.append((number * 1_000_000, start, start + min(kept, len(frame)), len(frame)))
        start += len(frame)
    pipeline.feed(Block(data, packets, 1))
    pipeline.finish()
    return collect


STREAM = b"".join(modbus(number) for number in range(1, 21))
EXPECTED = list(range(1, 21))
FIRST = 4_294_967_200
"""So that the sequence numbers wrap within the stream."""


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, len(STREAM) - 1), st.integers(1, 80)), min_size=0, max_size=30))
def test_overlapping_and_repeated_segments_change_nothing(pieces: list[tuple[int, int]]) -> None:
    handshake = [tcp(FIRST - 1, flags=SYN), tcp(0, flags=SYN | ACK, back=True), tcp(FIRST)]
    frames = [tcp(FIRST + at, STREAM[at : at + length]) for at, length in pieces]
    rest = [tcp(FIRST + at, STREAM[at : at + 24]) for at in range(0, len(STREAM), 24)]
    found = run(handshake + frames + rest)
    assert found.addresses == EXPECTED
    assert not any(role is Role.MALFORMED for _, _, role in found.seen)


def test_several_pdus_of_a_segment_all_count() -> None:
    assert run([tcp(1, STREAM)]).addresses == EXPECTED


def test_a_hole_is_skipped_and_told() -> None:
    frames = [tcp(1, flags=SYN), tcp(9, flags=SYN | ACK, back=True), tcp(2)]
    frames += [tcp(2, modbus(1)), tcp(2 + 24, modbus(3)), tcp(2 + 36, modbus(4))]
    found = run(frames)
    assert found.addresses == [1, 3, 4]
    assert ("tcp", "gap", Role.FLOW) in found.seen


def test_conversations_are_known_by_the_beginnings_of_their_packets() -> None:
    frames = [tcp(1, flags=SYN), tcp(9, flags=SYN | ACK, back=True), tcp(2)]
    frames += [tcp(2, modbus(1)), tcp(2, modbus(1)), tcp(14, modbus(2)), tcp(14, modbus(2))]
    for kept in range(48, 66):  # the flags are seen, and not the whole request
        found = run(frames, kept=kept)
        assert [kind for _, kind, role in found.seen if role is Role.FLOW and kind != "recognized"] == [
            "opened",
            "established",
            "gap",
            "gap",
            "ended",
        ]
        assert not any(role is Role.MALFORMED for _, _, role in found.seen)


def test_bytes_that_differ_are_told_and_the_first_ones_kept() -> None:
    other = modbus(2)[:-4] + b"\x00\x63\x00\x01"
    frames = [tcp(1, flags=SYN), tcp(9, flags=SYN | ACK, back=True), tcp(2)]
    frames += [tcp(14, modbus(2)), tcp(14, other), tcp(2, modbus(1))]
    found = run(frames)
    assert found.addresses == [1, 2]
    assert ("tcp", "overlap", Role.FLOW) in found.seen


def test_the_flow_table_stays_within_its_limit() -> None:
    frames = [tcp(1, modbus(1), port=10_000 + number) for number in range(200)]
    found = run(frames, Options(maximum_flows=32))
    assert found.flows <= 32
    assert len(found.addresses) == 200
