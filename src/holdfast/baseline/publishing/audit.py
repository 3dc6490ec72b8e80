"""What an auditor asks for: the evidence of a period with an index by control, in one archive."""

from holdfast.baseline.evidence.archive import BUNDLE_FILE, KEY_FILE, write_archive
from holdfast.baseline.evidence.bundle import public_key_pem
from holdfast.baseline.evidence.store import EvidenceStore
from holdfast.baseline.publishing.html import publish_html
from holdfast.baseline.publishing.publication import Publication

INDEX_FILE = "index.html"
_READ_ME = (
    "index.html shows how every control stood and what was seen.\n"
    f"{BUNDLE_FILE} is the signed evidence. Check it offline with\n\n"
    f"    holdfast evidence verify {BUNDLE_FILE} --key {KEY_FILE}\n\n"
    "and compare the key with the one that you were given in another way.\n"
)


def audit_archive(publication: Publication, evidence: EvidenceStore, since: float, until: float) -> bytes:
    """The archive for a period (Unix seconds): state at its end, evidence within it."""
    (index,) = publish_html(publication).values()
    return write_archive(
        {
            INDEX_FILE: index,
            BUNDLE_FILE: b"".join(evidence.bundle(since, until)),
            KEY_FILE: public_key_pem(evidence.public_key),
            "README.txt": _READ_ME.encode(),
        }
    )
