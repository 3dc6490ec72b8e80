"""Evidence as it is handed to an auditor: a ZIP with the bundle, the public key and an index page."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from holdfast.baseline.evidence.envelope import EvidenceError

BUNDLE_FILE = "evidence.jsonl"
KEY_FILE = "public-key.pem"


def bundle_lines(path: Path) -> Iterator[bytes]:
    """The lines of a bundle, alone or in the ZIP. Raises EvidenceError when there is none."""
    try:
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                file.seek(0)
                yield from file
                return
        with zipfile.ZipFile(path) as archive, archive.open(BUNDLE_FILE) as member:
            yield from member
    except OSError as error:
        raise EvidenceError(f"{path} cannot be read ({error.strerror}).") from error
    except (zipfile.BadZipFile, KeyError) as error:
        raise EvidenceError(f"{path} holds no {BUNDLE_FILE}: {error}.") from error
