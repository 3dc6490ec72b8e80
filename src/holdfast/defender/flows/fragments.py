"""Reassembly of IP fragments (RFC 791, RFC 8200 section 4.5), bounded in bytes and time."""

from __future__ import annotations

from typing import Final

from holdfast.defender.record import SECOND

_TIMEOUT: Final = 30 * SECOND
_MAXIMUM_LENGTH: Final = 65_535
_MAXIMUM_FRAGMENTS: Final = 512
"""Pieces of one datagram: 65,535 bytes in pieces of 128."""


class _Datagram:
    __slots__ = ("begun", "length", "octets", "pieces")

    def __init__(self, begun: int) -> None:
        self.begun = begun
        self.length = -1
        self.octets = 0
        self.pieces: dict[int, bytes] = {}


class FragmentTable:
    """Datagrams of which some fragments came. Where fragments overlap, the one that came first counts."""

    def __init__(self, maximum_octets: int) -> None:
        self._maximum_octets = maximum_octets
        self._octets = 0
        self._datagrams: dict[bytes, _Datagram] = {}

    def add(self, key: bytes, offset: int, more: bool, payload: bytes, time: int) -> bytes | None:
        """Take a fragment; `key` names its datagram. Returns the whole payload once it is complete."""
        datagram = self._datagrams.get(key)
        if datagram is None or time - datagram.begun > _TIMEOUT:
            self._drop(key)
            self._make_room(len(payload))
            datagram = self._datagrams[key] = _Datagram(time)
        if offset + len(payload) > _MAXIMUM_LENGTH or len(datagram.pieces) >= _MAXIMUM_FRAGMENTS:
            self._drop(key)
            return None
        if not more and datagram.length < 0:
            datagram.length = offset + len(payload)
        if offset not in datagram.pieces:
            datagram.pieces[offset] = payload
            datagram.octets += len(payload)
            self._octets += len(payload)
        if datagram.length < 0 or datagram.octets < datagram.length:
            return None
        whole = _join(datagram)
        if whole is not None:
            self._drop(key)
        return whole

    def _make_room(self, wanted: int) -> None:
        while self._datagrams and self._octets + wanted > self._maximum_octets:
            self._drop(next(iter(self._datagrams)))

    def _drop(self, key: bytes) -> None:
        datagram = self._datagrams.pop(key, None)
        if datagram is not None:
            self._octets -= datagram.octets


def _join(datagram: _Datagram) -> bytes | None:
    """The whole payload, or None while something is missing."""
    covered = 0
    for offset in sorted(datagram.pieces):
        if offset > covered:
            return None
        covered = max(covered, offset + len(datagram.pieces[offset]))
    if covered < datagram.length:
        return None
    whole = bytearray(max(covered, datagram.length))
    for offset, payload in reversed(datagram.pieces.items()):  # what came first is written last, and stays
        whole[offset : offset + len(payload)] = payload
    return bytes(whole[: datagram.length])
