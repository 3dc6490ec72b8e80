"""The hello messages of TLS and what is computed from them: names, versions, JA3, JA3S, JA4."""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple

from holdfast.defender.dissect.decoding import text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import MalformedError
from holdfast.defender.dissect.tables import names
from holdfast.defender.record import Fields

VERSIONS: Final = {
    0x0002: "SSLv2",
    0x0300: "SSLv3",
    0x0301: "TLSv10",
    0x0302: "TLSv11",
    0x0303: "TLSv12",
    0x0304: "TLSv13",
}
"""By Zeek's names."""
_JA4_VERSIONS: Final = {0x0002: "s2", 0x0300: "s3", 0x0301: "10", 0x0302: "11", 0x0303: "12", 0x0304: "13"}
_SERVER_NAME, _GROUPS, _POINT_FORMATS, _SIGNATURES, _PROTOCOLS, _SUPPORTED_VERSIONS, _KEY_SHARE = (
    0, 10, 11, 13, 16, 43, 51,
)  # fmt: skip
_NO_HASH: Final = "0" * 12
_ALPHANUMERIC: Final = re.compile(rb"[0-9A-Za-z]")


class Hello(NamedTuple):
    """A client's or server's hello, read."""

    version: int
    """That of the message; `supported_versions` overrides it since TLS 1.3."""
    session: bytes
    ciphers: tuple[int, ...]
    extensions: tuple[int, ...]
    """Types in the order on the wire."""
    values: dict[int, bytes]
    """Contents of extensions by type."""

    @property
    def server_name(self) -> str:
        """The host name that the client asks for, empty without one."""
        value = self.values.get(_SERVER_NAME, b"")
        if len(value) < 5 or value[2] != 0:
            return ""
        return text(value[5 : 5 + int.from_bytes(value[3:5], "big")])

    @property
    def protocols(self) -> list[bytes]:
        """Application protocols (ALPN), the preferred one first."""
        value = self.values.get(_PROTOCOLS, b"")[2:]
        found: list[bytes] = []
        while value and len(value) > value[0]:
            found.append(value[1 : 1 + value[0]])
            value = value[1 + value[0] :]
        return found

    @property
    def versions(self) -> list[int]:
        """Versions of the `supported_versions` extension; the message's version without one."""
        value = self.values.get(_SUPPORTED_VERSIONS, b"")
        numbers = _numbers(value if len(value) == 2 else value[1:])
        return [number for number in numbers if not _is_grease(number)] or [self.version]

    def numbers(self, extension: int) -> tuple[int, ...]:
        """The list of numbers that an extension holds behind its length."""
        return _numbers(self.values.get(extension, b"")[2:])


def _numbers(octets: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets) - 1, 2))


def _is_grease(number: int) -> bool:
    """Whether a number is one of those that clients sprinkle in to keep servers tolerant (RFC 8701)."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def _serious(numbers: tuple[int, ...]) -> list[int]:
    return [number for number in numbers if not _is_grease(number)]


def read_client_hello(message: bytes) -> Hello:
    """`message` is the handshake message behind its header. Raises `MalformedError`."""
    reader = Reader(message)
    version = reader.u16()
    reader.skip(32)
    session = reader.take(reader.u8())
    ciphers = _numbers(reader.take(reader.u16()))
    reader.skip(reader.u8())
    return Hello(version, session, ciphers, *_extensions(reader))


def read_server_hello(message: bytes) -> Hello:
    """`message` is the handshake message behind its header. Raises `MalformedError`."""
    reader = Reader(message)
    version = reader.u16()
    reader.skip(32)
    session = reader.take(reader.u8())
    cipher = reader.u16()
    reader.skip(1)
    return Hello(version, session, (cipher,), *_extensions(reader))


def read_old_client_hello(message: bytes) -> Hello:
    """A client's hello in SSL version 2's shape; `message` begins with its type."""
    reader = Reader(message, 1)
    version, ciphers, session, challenge = reader.u16(), reader.u16(), reader.u16(), reader.u16()
    kinds = reader.take(ciphers)
    taken = reader.take(session)
    reader.skip(challenge)
    numbers = (int.from_bytes(kinds[at : at + 3], "big") for at in range(0, len(kinds) - 2, 3))
    return Hello(version, taken, tuple(numbers), (), {})


def _extensions(reader: Reader) -> tuple[tuple[int, ...], dict[int, bytes]]:
    if reader.left < 2:
        return (), {}
    inner = reader.within(reader.u16())
    types: list[int] = []
    values: dict[int, bytes] = {}
    while inner.left >= 4:
        kind = inner.u16()
        types.append(kind)
        values[kind] = inner.take(inner.u16())
    if inner.left:
        raise MalformedError("extension", "The extensions end within a header.", inner.position)
    return tuple(types), values


def cipher_name(number: int) -> str:
    """IANA's name of a cipher suite."""
    return names("tls_ciphers").get(number, f"unknown-{number}")


def version_name(number: int) -> str:
    """Zeek's name of a version."""
    return VERSIONS.get(number, f"unknown-{number}")


def client_fields(hello: Hello, fields: Fields) -> None:
    """Everything that is in a client's hello."""
    groups = names("tls_groups")
    fields |= {
        "version": version_name(max(hello.versions)),
        "record_version": version_name(hello.version),
        "server_name": hello.server_name or None,
        "client_ciphers": [cipher_name(number) for number in _serious(hello.ciphers)],
        "client_versions": [version_name(number) for number in hello.versions],
        "extensions": list(hello.extensions),
        "client_curves": [groups.get(number, str(number)) for number in _serious(hello.numbers(_GROUPS))],
        "client_protocols": [text(protocol) for protocol in hello.protocols],
        "session_id": hello.session.hex() or None,
        "ja3": ja3(hello),
        "ja4": ja4(hello),
    }


def server_fields(hello: Hello, fields: Fields) -> None:
    """Everything that is in a server's hello."""
    share = hello.values.get(_KEY_SHARE, b"")[:2]
    group = int.from_bytes(share, "big")
    fields |= {
        "version": version_name(hello.versions[0]),
        "cipher": cipher_name(hello.ciphers[0]),
        "curve": names("tls_groups").get(group, str(group)) if share else None,
        "next_protocol": text(hello.protocols[0]) if hello.protocols else None,
        "extensions": list(hello.extensions),
        "session_id": hello.session.hex() or None,
        "ja3s": ja3s(hello),
    }


def _joined(numbers: list[int]) -> str:
    return "-".join(map(str, numbers))


def ja3(hello: Hello) -> str:
    """The JA3 fingerprint of a client: MD5 over version, ciphers, extensions, groups and point formats."""
    formats = list(hello.values.get(_POINT_FORMATS, b"")[1:])
    parts = [
        str(hello.version),
        _joined(_serious(hello.ciphers)),
        _joined(_serious(hello.extensions)),
        _joined(_serious(hello.numbers(_GROUPS))),
        _joined(formats),
    ]
    return hashlib.md5(",".join(parts).encode(), usedforsecurity=False).hexdigest()


def ja3s(hello: Hello) -> str:
    """The JA3S fingerprint of a server: MD5 over version, cipher and extensions."""
    plain = f"{hello.version},{hello.ciphers[0]},{_joined(list(hello.extensions))}"
    return hashlib.md5(plain.encode(), usedforsecurity=False).hexdigest()


def ja4(hello: Hello) -> str:
    """The JA4 fingerprint of a client on TCP (FoxIO's specification)."""
    ciphers, extensions = _serious(hello.ciphers), _serious(hello.extensions)
    version = _JA4_VERSIONS.get(max(hello.versions), "00")
    named = "d" if _SERVER_NAME in hello.values else "i"
    counts = f"{min(len(ciphers), 99):02}{min(len(extensions), 99):02}"
    sorted_ciphers = ",".join(sorted(f"{number:04x}" for number in ciphers))
    sorted_extensions = ",".join(
        sorted(f"{number:04x}" for number in extensions if number not in (_SERVER_NAME, _PROTOCOLS))
    )
    signatures = ",".join(f"{number:04x}" for number in _serious(hello.numbers(_SIGNATURES)))
    if signatures:
        sorted_extensions += f"_{signatures}"
    ends = _protocol_ends(hello.protocols)
    return f"t{version}{named}{counts}{ends}_{_short_hash(sorted_ciphers)}_{_short_hash(sorted_extensions)}"


def _protocol_ends(protocols: list[bytes]) -> str:
    """First and last character of the preferred application protocol."""
    first = protocols[0] if protocols else b""
    if not first:
        return "00"
    ends = first[:1] + first[-1:]
    if all(_ALPHANUMERIC.match(ends, at) for at in (0, 1)):
        return ends.decode("ascii")
    return first.hex()[0] + first.hex()[-1]


def _short_hash(plain: str) -> str:
    return hashlib.sha256(plain.encode()).hexdigest()[:12] if plain else _NO_HASH
