"""The signed list of what an auditor gets: an index page or a file that is edited is found like an item."""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from holdfast.baseline.evidence.archive import BUNDLE_FILE, opened
from holdfast.baseline.evidence.chain import ARCHIVE
from holdfast.baseline.evidence.envelope import (
    MAXIMUM_ENVELOPE_BYTES,
    STATEMENT_TYPE,
    EvidenceError,
    decode,
    encode,
    sign,
    verify,
)
from holdfast.kernel.json import JsonObject
from holdfast.keys.port import SigningKey

MANIFEST_FILE: Final = "manifest.json"
_CHUNK_BYTES: Final = 1 << 20


class _Subject(msgspec.Struct, frozen=True):
    name: str
    digest: dict[str, str]


class _Statement(msgspec.Struct, frozen=True, rename="camel"):
    subject: list[_Subject]
    predicate_type: str


def write_manifest(files: Mapping[str, bytes], key: SigningKey) -> bytes:
    """The names and digests of `files`, signed; the same bytes for the same files."""
    content: JsonObject = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": hashlib.sha256(data).hexdigest()}}
            for name, data in sorted(files.items())
        ],
        "predicateType": ARCHIVE,
        "predicate": {},
    }
    return encode(sign(content, key)) + b"\n"


def check_files(path: Path, public: bytes) -> int:
    """How many files of the auditor's ZIP are those that the instance signed; 0 for a bundle alone.

    Raises EvidenceError that names the first that was edited, added or left out.
    """
    if not zipfile.is_zipfile(path):
        return 0
    with opened(path) as archive:
        names = archive.namelist()
        if len(names) != len(set(names)):
            raise EvidenceError(f"{path} holds two files of the same name.")
        listed = _listed(archive, public) if MANIFEST_FILE in names else {}
        if not listed and names == [BUNDLE_FILE]:
            return 0  # sealed by itself
        for name in sorted({*names, *listed} - {MANIFEST_FILE}):
            if name not in names:
                raise EvidenceError(f"{name} is missing from {path}.")
            if listed.get(name) != _digest(archive, name):
                raise EvidenceError(
                    f"{name} in {path} was edited or added after the instance signed its files."
                )
        return len(listed)


def _listed(archive: zipfile.ZipFile, public: bytes) -> dict[str, str]:
    with archive.open(MANIFEST_FILE) as member:
        data = member.read(MAXIMUM_ENVELOPE_BYTES + 1)
    try:
        found = msgspec.json.decode(verify(decode(data), public), type=_Statement)
    except EvidenceError as error:
        raise EvidenceError(f"{MANIFEST_FILE} {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise EvidenceError(f"{MANIFEST_FILE} is no list of files.") from None
    if found.predicate_type != ARCHIVE:
        raise EvidenceError(f"{MANIFEST_FILE} is no list of files.")
    return {subject.name: subject.digest.get("sha256", "") for subject in found.subject}


def _digest(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as member:
        while chunk := member.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
