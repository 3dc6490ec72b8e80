"""Data at rest: what is stored cannot be read from the raw files."""

import base64
import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import sqlcipher3.dbapi2 as sqlcipher

from holdfast.baseline.probes.context import Persona, ProbeContext
from holdfast.baseline.probes.files import (
    ENCRYPTED_ENTROPY,
    SAMPLE,
    FileKind,
    contains,
    entropy,
    kind_of,
    read_each,
)
from holdfast.baseline.probes.http import ask, in_place
from holdfast.baseline.probes.observation import Sight
from holdfast.defender.uplink.spool import Spool
from holdfast.defender.uplink.state import FILE, LEARNED, SensorState

_MARGIN = 0.02
"""What a short sample of random bytes may miss: 4 KiB of them have 7.95 bits a byte."""

_SQLITE = b"SQLite format 3\0"
_ZEROES = bytes(4096)


def only_encrypted_kinds(context: ProbeContext) -> Iterator[Sight]:
    """Every file is of a known kind, and what should be encrypted looks like noise."""
    assert context.data is not None  # the probe needs the data folder
    yield from filter(None, read_each(context.data, _as_registered))


def _as_registered(name: str, path: Path) -> Sight | None:
    """Whether a file is what its name says; None for those of which there is nothing to see."""
    kind = kind_of(name)
    if kind is None:
        return Sight(name, "a file of a known kind", "a file of a kind that nobody registered", passed=False)
    if kind is FileKind.KEY:
        mode = path.stat().st_mode & 0o777
        return Sight(name, "mode 0600", f"mode {mode:04o}", passed=not mode & 0o077)
    if kind is FileKind.ENCRYPTED:
        with path.open("rb") as file:
            return _noise(name, file.read(SAMPLE))
    return None


def _noise(name: str, sample: bytes) -> Sight:
    expected = "bytes without any pattern"
    if sample.startswith(_SQLITE):
        return Sight(name, expected, "an SQLite database in plain text", passed=False)
    dense = sample.replace(_ZEROES, b"")  # pages that are allocated and not written yet
    if len(dense) < len(_ZEROES):
        return Sight(name, expected, f"{len(dense)} bytes, too few to say anything", passed=True)
    bits = entropy(dense)
    return Sight(name, expected, f"{bits:.2f} bits a byte", passed=bits >= ENCRYPTED_ENTROPY - _MARGIN)


def files_need_the_key(context: ProbeContext) -> Iterator[Sight]:
    """Open a copy of the beginning of every database, without a key and with one that is made up."""
    assert context.data is not None  # the probe needs the data folder
    key = context.randomness.bytes(32)

    def try_each(name: str, path: Path) -> Sight | None:
        if path.suffix != ".db":
            return None
        with path.open("rb") as file, tempfile.NamedTemporaryFile(suffix=".db") as copy:
            copy.write(file.read(SAMPLE))
            copy.flush()
            ways = {"without a key": b"", "with another key": key}
            opened = [how for how, used in ways.items() if _opens(Path(copy.name), used)]
        observed = f"opens {' and '.join(opened)}" if opened else "opens in neither way"
        return Sight(name, "opens neither without a key nor with another", observed, passed=not opened)

    yield from filter(None, read_each(context.data, try_each))


def _opens(path: Path, key: bytes) -> bool:
    """Whether the file gives its schema away; without a key to plain SQLite, else to SQLCipher."""
    connect = sqlcipher.connect if key else sqlite3.connect
    with contextlib.closing(connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        try:
            if key:
                connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            connection.execute("SELECT name FROM sqlite_schema").fetchone()
        except (sqlite3.DatabaseError, sqlcipher.DatabaseError):
            return False
    return True


def canary_not_readable(context: ProbeContext) -> Iterator[Sight]:
    """Store a sentence through the front door and search for it in every raw file."""
    assert context.data is not None  # the probe needs the data folder
    canary = f"canary {context.randomness.bytes(12).hex()}"
    device = f"probe-{context.randomness.bytes(8).hex()}"
    path = f"/api/devices/{device}?api-version=2022-07-31"
    made = ask(context, "PUT", path, Persona.KEEPER, in_place(context, {"displayName": canary}))
    if made.status != 200:
        raise RuntimeError(f"the canary was not stored: {made.status} {made.text}")
    try:
        found = ask(context, "GET", path, Persona.KEEPER)
        if canary not in found.text:
            raise RuntimeError("the canary that was stored cannot be read back")
        yield from read_each(context.data, lambda name, file: search(name, file, canary))
    finally:
        ask(context, "DELETE", path, Persona.KEEPER)


def sensor_state_unreadable(context: ProbeContext) -> Iterator[Sight]:
    """Let a sensor keep a sentence as learned traffic and as a message that waits, and search its files."""
    canary = f"canary {context.randomness.bytes(12).hex()}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "state"
        state = SensorState(folder, context.clock, context.randomness)
        try:
            state.put(LEARNED, canary.encode())
            Spool(state).append([canary.encode()])
            if state.get(LEARNED) != canary.encode():
                raise RuntimeError("the canary that was kept cannot be read back")
            yield from read_each(folder, lambda file, path: search(f"sensor: {file}", path, canary))
            yield _noise("sensor: the database", (folder / FILE).read_bytes()[:SAMPLE])
        finally:
            state.close()


def search(name: str, file: Path, canary: str) -> Sight:
    """Whether a raw file gives a sentence away."""
    hit = contains(file, _spellings(canary))
    observed = "the canary, readable" if hit else "no trace of the canary"
    return Sight(name, "no trace of what was stored", observed, passed=hit is None)


def _spellings(text: str) -> list[bytes]:
    """How a text may stand in a file: as it is, in UTF-16, in Base64."""
    plain = text.encode()
    return [plain, text.encode("utf-16-le"), base64.b64encode(plain)[:-4]]
