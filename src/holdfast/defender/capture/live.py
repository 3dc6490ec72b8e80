"""Packets of a network interface as they pass: Linux's packet socket with a ring of blocks (TPACKET_V3).

The kernel fills blocks and hands each over when it is full or `_TIMEOUT` old; one block becomes one `Block`
of the pipeline. Opening needs CAP_NET_RAW; what comes after needs no privileges at all (`drop_privileges`).
"""

from __future__ import annotations

import mmap
import os
import select
import socket
import struct
from collections.abc import Iterator
from types import TracebackType

from holdfast.defender.capture.errors import CaptureError
from holdfast.defender.capture.packets import Block

_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, _PACKET_RX_RING, _PACKET_STATISTICS, _PACKET_VERSION = 263, 1, 5, 6, 10
_PROMISCUOUS, _TPACKET_V3 = 1, 2
_ALL_PROTOCOLS = 0x0003
_BLOCK_LENGTH = 1 << 20
_BLOCKS = 64
_FRAME_LENGTH = 2048
_TIMEOUT = 100
"""Milliseconds after which the kernel hands over a block that is not full."""
_STATUS_USER, _VLAN_VALID, _VLAN_TPID_VALID = 1, 0x10, 0x40
_BLOCK_STATUS = struct.Struct("=I").unpack_from
_BLOCK_HEADER = struct.Struct("=III").unpack_from
"""Status, number of packets, offset of the first; behind version and private offset."""
_PACKET_HEADER = struct.Struct("=IIIIIIHHIIHH").unpack_from
"""Next offset, seconds, nanoseconds, captured, wire, status, MAC, network, hash, VLAN, its protocol,
padding."""
_SECOND = 1_000_000_000
_ETHERNET = 1
_DEFAULT_VLAN = 0x8100


class LiveCapture:
    """An interface whose packets are captured, all of them where the interface allows (promiscuous)."""

    def __init__(self, interface: str) -> None:
        """Open the interface; raises `CaptureError` when that is not possible."""
        self.interface = interface
        self.dropped = 0
        """Packets that the kernel could not keep because nobody read in time."""
        self._at = 0
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        except (OSError, AttributeError) as error:
            raise CaptureError(f"Packets of {interface} cannot be captured: {error}.") from error
        try:
            self._ring = self._open(interface)
        except OSError as error:
            self._socket.close()
            raise CaptureError(f"Packets of {interface} cannot be captured: {error}.") from error

    def _open(self, interface: str) -> mmap.mmap:
        self._number = number = socket.if_nametoindex(interface)
        self._socket.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V3)
        frames = _BLOCK_LENGTH // _FRAME_LENGTH * _BLOCKS
        ring = struct.pack("=IIIIIII", _BLOCK_LENGTH, _BLOCKS, _FRAME_LENGTH, frames, _TIMEOUT, 0, 0)
        self._socket.setsockopt(_SOL_PACKET, _PACKET_RX_RING, ring)
        memory = mmap.mmap(self._socket.fileno(), _BLOCK_LENGTH * _BLOCKS)
        self._socket.bind((interface, _ALL_PROTOCOLS))
        everything = struct.pack("=iHH8s", number, _PROMISCUOUS, 0, b"")
        self._socket.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, everything)
        return memory

    def __enter__(self) -> LiveCapture:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop capturing."""
        self._ring.close()
        self._socket.close()

    def blocks(self, patience: float = 1.0) -> Iterator[Block]:
        """Blocks of packets as they come; an empty one whenever none came for `patience` seconds.

        An interface that goes down is silent until it is up again; CaptureError when it was removed.
        """
        waiting = select.poll()
        waiting.register(self._socket.fileno(), select.POLLIN | select.POLLERR)
        while True:
            start = self._at * _BLOCK_LENGTH
            (status,) = _BLOCK_STATUS(self._ring, start + 8)
            if not status & _STATUS_USER:
                events = waiting.poll(patience * 1000)
                if not events or events[0][1] & select.POLLERR:
                    self._look_after_interface()
                    yield Block(b"", [], _ETHERNET)
                continue
            block = _copy(self._ring, start)
            self._ring[start + 8 : start + 12] = bytes(4)
            self._at = (self._at + 1) % _BLOCKS
            self._count_dropped()
            yield block

    def _look_after_interface(self) -> None:
        self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # taken, it is told no more
        try:
            number = socket.if_nametoindex(self.interface)
        except OSError:
            number = 0
        if number != self._number:
            raise CaptureError(f"The interface {self.interface} was removed; start the sensor again.")

    def _count_dropped(self) -> None:
        statistics = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 12)
        self.dropped += struct.unpack("=III", statistics)[1]


def _copy(ring: mmap.mmap, start: int) -> Block:
    """The packets of the ring's block at `start`, with the VLAN tags put back that the kernel took out."""
    _, count, offset = _BLOCK_HEADER(ring, start + 8)
    at = start + offset
    parts: list[bytes] = []
    packets: list[tuple[int, int, int, int]] = []
    position = 0
    for _ in range(count):
        following, seconds, nanoseconds, length, wire, status, mac, _, _, vlan, protocol, _ = _PACKET_HEADER(
            ring, at
        )
        data = ring[at + mac : at + mac + length]
        if status & _VLAN_VALID and length >= 12:
            tag = struct.pack(">HH", protocol if status & _VLAN_TPID_VALID else _DEFAULT_VLAN, vlan & 0xFFFF)
            data = data[:12] + tag + data[12:]
            wire += 4
        parts.append(data)
        packets.append((seconds * _SECOND + nanoseconds, position, position + len(data), wire))
        position += len(data)
        at += following
    return Block(b"".join(parts), packets, _ETHERNET)


def drop_privileges(user: int, group: int) -> None:
    """Become another user for good, without supplementary groups; does nothing unless this process is
    root."""
    if os.geteuid() != 0:
        return
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
