"""Capture files of every format give the same packets, and broken ones give what is before the damage."""

import contextlib
import gzip
import struct
from pathlib import Path

import pytest

from holdfast.defender.capture.errors import CaptureError
from holdfast.defender.capture.files import CaptureFile
from holdfast.defender.capture.folders import CaptureSet, find_captures
from holdfast.defender.capture.packets import LATEST, MAXIMUM_PACKET, Packet
from holdfast.defender.capture.writer import pcap_bytes

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
PAYLOADS = [bytes([number]) * (60 + number) for number in range(5)]


def _pcap(order: str, nanoseconds: bool) -> bytes:
    magic, unit = (0xA1B23C4D, 1) if nanoseconds else (0xA1B2C3D4, 1000)
    content = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    for number, payload in enumerate(PAYLOADS):
        seconds, rest = divmod(START + number * 5_000, SECOND)
        length = len(payload)
        content += struct.pack(order + "IIII", seconds, rest // unit, length, length) + payload
    return content


def _block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = len(body) + 12
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length)


def _pcapng(order: str) -> bytes:
    """Two interfaces: the first counts microseconds, the second nanoseconds."""
    content = _block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    content += _block(order, 1, struct.pack(order + "HHI", 1, 0, 0))
    resolution = struct.pack(order + "HHBxxxHH", 9, 1, 9, 0, 0)
    content += _block(order, 1, struct.pack(order + "HHI", 1, 0, 0) + resolution)
    for number, payload in enumerate(PAYLOADS):
        interface = number % 2
        stamp = (START + number * 5_000) // (1 if interface else 1000)
        length = len(payload)
        head = struct.pack(order + "IIIII", interface, stamp >> 32, stamp & 0xFFFF_FFFF, length, length)
        content += _block(order, 6, head + payload)
    return content


def _read(path: Path) -> tuple[list[tuple[int, bytes]], str]:
    capture = CaptureFile(path)
    packets = [
        (time, block.data[start:end]) for block in capture.blocks() for time, start, end, _ in block.packets
    ]
    return packets, capture.problem


EXPECTED = [(START + number * 5_000, payload) for number, payload in enumerate(PAYLOADS)]
FORMATS = {
    "pcap, little": _pcap("<", False),
    "pcap, big": _pcap(">", False),
    "pcap, nanoseconds": _pcap("<", True),
    "pcapng, little": _pcapng("<"),
    "pcapng, big": _pcapng(">"),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("compressed", [False, True])
def test_every_format_gives_the_same_packets(name: str, compressed: bool, tmp_path: Path) -> None:
    path = tmp_path / "some.pcap"
    content = FORMATS[name]
    path.write_bytes(gzip.compress(content) if compressed else content)
    assert _read(path) == (EXPECTED, "")


def _timed(order: str, stamp: int, payload: bytes, options: bytes = b"") -> bytes:
    length = len(payload)
    head = struct.pack(order + "IIIII", 0, stamp >> 32, stamp & 0xFFFF_FFFF, length, length)
    return _block(order, 6, head + payload + bytes(-length % 4) + options)


def test_a_pcapng_file_may_hold_whatever_its_specification_allows(tmp_path: Path) -> None:
    """Comments on packets, blocks of other kinds, then a section in the other byte order whose interface
    counts nanoseconds since a moment of its own; the file is compressed in two parts."""
    content = _block("<", 0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, 4096))
    content += _block("<", 1, struct.pack("<HHI", 1, 0, 0))
    comment = struct.pack("<HH5sxxxHH", 1, 5, b"hello", 0, 0)
    content += b"".join(_timed("<", time // 1000, payload, comment) for time, payload in EXPECTED[:2])
    content += _block("<", 4, bytes(16)) + _block("<", 5, bytes(32)) + _block("<", 0xBAD, b"of a vendor")
    content += _block(">", 0x0A0D0D0A, struct.pack(">IHHq", 0x1A2B3C4D, 1, 0, -1))
    options = struct.pack(">HHBxxxHHqHH", 9, 1, 9, 14, 8, START // SECOND, 0, 0)
    content += _block(">", 1, struct.pack(">HHI", 1, 0, 0) + options)
    content += b"".join(_timed(">", time - START, payload) for time, payload in EXPECTED[2:])
    path = tmp_path / "some.pcapng.gz"
    path.write_bytes(gzip.compress(content[:300]) + gzip.compress(content[300:]) + bytes(512))
    assert _read(path) == (EXPECTED, "")


@pytest.mark.parametrize("name", FORMATS)
def test_a_truncated_file_gives_the_packets_before_the_damage(name: str, tmp_path: Path) -> None:
    path = tmp_path / "some.pcap"
    content = FORMATS[name]
    for length in range(40, len(content)):
        path.write_bytes(content[:length])
        try:
            packets, problem = _read(path)
        except CaptureError:
            continue
        assert packets == EXPECTED[: len(packets)]
        if problem:
            assert any(character.isdigit() for character in problem), "an offset is named"
        else:
            assert len(packets) < len(EXPECTED)


def _lengths(path: Path) -> list[tuple[int, int]]:
    """Bytes captured and on the wire, of each packet."""
    return [
        (end - start, wire) for block in CaptureFile(path).blocks() for _, start, end, wire in block.packets
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_a_length_on_the_wire_that_cannot_be_is_not_believed(name: str, tmp_path: Path) -> None:
    """Shorter than what was captured, or longer than any packet: the packet counts as whole."""
    order = ">" if "big" in name else "<"
    captured = len(PAYLOADS[1])
    both = struct.pack(order + "II", captured, captured)
    path = tmp_path / "capture"
    for wire in (0, 3, 1514, 0x7FFF_FFFF, 0xFFFF_FFFF):
        path.write_bytes(FORMATS[name].replace(both, struct.pack(order + "II", captured, wire)))
        assert _lengths(path)[1] == (captured, 1514 if wire == 1514 else captured)


@pytest.mark.parametrize("name", FORMATS)
def test_any_broken_header_costs_packets_and_never_more(name: str, tmp_path: Path) -> None:
    """Each byte of the first headers in turn takes other values."""
    content = FORMATS[name][:220]
    path = tmp_path / "capture"
    for position in range(len(content)):
        for value in (0x00, 0xFF, content[position] ^ 0x01):
            path.write_bytes(content[:position] + bytes([value]) + content[position + 1 :])
            with contextlib.suppress(CaptureError):
                for time, start, end, wire in (
                    packet for block in CaptureSet([path]).blocks() for packet in block.packets
                ):
                    assert 0 <= time <= LATEST
                    assert 0 <= end - start <= wire <= MAXIMUM_PACKET


def test_what_is_no_capture_is_named(tmp_path: Path) -> None:
    path = tmp_path / "some.pcap"
    path.write_bytes(b"%PDF-1.7 not a capture at all")
    with pytest.raises(CaptureError, match=r"some\.pcap is neither pcap nor pcapng"):
        CaptureFile(path)
    with pytest.raises(CaptureError, match="does not exist"):
        find_captures([tmp_path / "absent.pcap"])


def test_files_are_merged_by_time(tmp_path: Path) -> None:
    packets = [Packet(number, START + number, 1, 60, bytes([number]) * 60) for number in range(6)]
    (tmp_path / "a.pcap").write_bytes(pcap_bytes(packets[3:]))
    (tmp_path / "b.pcap").write_bytes(pcap_bytes(packets[:3]))
    times = [
        time for block in CaptureSet(find_captures([tmp_path])).blocks() for time, _, _, _ in block.packets
    ]
    assert times == [START + number for number in range(6)]
