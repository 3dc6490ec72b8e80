"""SSH up to the beginning of encryption (RFC 4253). Key: (kind, version or algorithms)."""

from __future__ import annotations

import re
from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import Dissector, MalformedError, Session
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import Emit, Fields, Record, Role

NAME: Final = "ssh"
_VERSION: Final = re.compile(rb"SSH-(\d\.\d{1,2})-([^\r\n]{1,200})\r?\n")
_MAXIMUM_LINE: Final = 255
_MAXIMUM_PACKET: Final = 35_000
_KEX_INIT, _NEW_KEYS = 20, 21
_LISTS: Final = (
    "kex_algorithms",
    "host_key_algorithms",
    "encryption_client_to_server",
    "encryption_server_to_client",
    "mac_client_to_server",
    "mac_server_to_client",
    "compression_client_to_server",
    "compression_server_to_client",
    "languages_client_to_server",
    "languages_server_to_client",
)


class SshSession(Session):
    """One connection: versions, key exchange, then silence."""

    __slots__ = ("_encrypted", "_greeted")

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._greeted = [False, False]
        self._encrypted = [False, False]

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        side = direction.to_server
        if self._encrypted[side]:
            return end
        if not self._greeted[side]:
            start = self._greeting(data, start, end, frame, time, direction)
        while self._greeted[side] and start + 6 <= end and not self._encrypted[side]:
            length = int.from_bytes(data[start : start + 4], "big")
            if not 2 <= length <= _MAXIMUM_PACKET:
                self._encrypted[side] = True  # joined in the middle
                return end
            stop = start + 4 + length
            if stop > end:
                return start
            self._packet(data[start + 5 : stop - data[start + 4]], frame, time, direction)
            start = stop
        return end if self._encrypted[side] else start

    def gap(self, direction: Direction, missing: int) -> None:
        """See `Session.gap`."""
        self._encrypted[direction.to_server] = True

    def _greeting(
        self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction
    ) -> int:
        found = _VERSION.search(data, start, end)
        if found is None:
            if end - start > 20 * _MAXIMUM_LINE:
                raise MalformedError("version", "No version line was found.")
            return start
        self._greeted[direction.to_server] = True
        kind = "client version" if direction.to_server else "server version"
        banner = found[0].strip()
        self.emit(
            Record(frame, time, direction, NAME, kind, Role.NOTICE, (kind, banner), banner, _version_fields)
        )
        return found.end()

    def _packet(self, payload: bytes, frame: int, time: int, direction: Direction) -> None:
        if not payload:
            return
        if payload[0] == _KEX_INIT:
            kind = "key exchange"
            key = (kind, payload[17:])
            self.emit(Record(frame, time, direction, NAME, kind, Role.NOTICE, key, payload, _exchange_fields))
        elif payload[0] == _NEW_KEYS:
            self._encrypted[direction.to_server] = True


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with a version line."""
    return data[start : min(start + 8, end)] in (b"SSH-2.0-", b"SSH-1.99", b"SSH-1.5-")


@fields_of
def _version_fields(record: Record, fields: Fields) -> None:
    _, version, software = text(record.body).split("-", 2)
    fields["version"] = 1 if version == "1.5" else 2
    fields["client" if record.direction.to_server else "server"] = text(record.body)
    fields["software"] = software


@fields_of
def _exchange_fields(record: Record, fields: Fields) -> None:
    reader = Reader(record.body, 17)
    for name in _LISTS:
        fields[name] = [part for part in text(reader.take(reader.u32())).split(",") if part]


DISSECTOR: Dissector = Dissector(
    name=NAME, session=SshSession, recognize=recognize, tcp=(22, 2222), over=("tcp",)
)
