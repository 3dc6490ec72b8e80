"""NTLM sign-ins ([MS-NLMP]) within SMB, DCE/RPC and HTTP: who signs in, from which computer."""

from __future__ import annotations

import struct
from typing import Final

from holdfast.defender.record import Fields

_SIGNATURE: Final = b"NTLMSSP\0"
_CHALLENGE, _AUTHENTICATE = 2, 3
_FIELD: Final = struct.Struct("<HHI").unpack_from
_UNICODE: Final = 0x01
_TARGET_NAMES: Final = {
    1: "server_nb_computer_name",
    2: "server_nb_domain_name",
    3: "server_dns_computer_name",
    4: "server_dns_domain_name",
    5: "server_tree_name",
}
"""By Zeek's names."""


def ntlm_fields(octets: bytes, fields: Fields) -> None:
    """Fill in what the first NTLM message within `octets` says; nothing when there is none."""
    start = octets.find(_SIGNATURE)
    if start < 0 or len(octets) < start + 32:
        return
    message = octets[start:]
    sort = int.from_bytes(message[8:12], "little")
    if sort == _AUTHENTICATE and len(message) >= 64:
        unicode = bool(message[60] & _UNICODE)
        for name, at in (("domainname", 28), ("username", 36), ("hostname", 44)):
            fields[name] = _string(message, at, unicode) or None
    elif sort == _CHALLENGE and len(message) >= 48:
        fields["target_name"] = _string(message, 12, bool(message[20] & _UNICODE)) or None
        _target(message, fields)


def _value(message: bytes, at: int) -> bytes:
    length, _, offset = _FIELD(message, at)
    return message[offset : offset + length]


def _string(message: bytes, at: int, unicode: bool) -> str:
    return _value(message, at).decode("utf-16-le" if unicode else "cp1252", "replace")


def _target(message: bytes, fields: Fields) -> None:
    pairs = _value(message, 40)
    while len(pairs) >= 4:
        kind, length = int.from_bytes(pairs[:2], "little"), int.from_bytes(pairs[2:4], "little")
        if not kind:
            return
        if kind in _TARGET_NAMES:
            fields[_TARGET_NAMES[kind]] = pairs[4 : 4 + length].decode("utf-16-le", "replace")
        pairs = pairs[4 + length :]
