"""What an auditor asks for: the evidence of a period with an index by control, in one archive."""

from collections.abc import Callable

from holdfast.baseline.evidence.archive import BUNDLE_FILE, KEY_FILE, write_archive
from holdfast.baseline.evidence.bundle import public_key_pem
from holdfast.baseline.evidence.manifest import MANIFEST_FILE
from holdfast.baseline.evidence.store import EvidenceStore
from holdfast.baseline.probes.probe import DAY
from holdfast.baseline.publishing.html import publish_html
from holdfast.baseline.publishing.publication import Publication

INDEX_FILE = "index.html"
_READ_ME = (
    "index.html shows how every control stood and what was seen.\n"
    "files/ holds what was handed over with attestations; the evidence names the SHA-256 of each.\n"
    f"{BUNDLE_FILE} is the signed evidence, {MANIFEST_FILE} the signed list of these files. Check all of it\n"
    "offline with\n\n"
    f"    holdfast evidence verify THIS.zip --key {KEY_FILE}\n\n"
    "and compare the key with the one that you were given in another way.\n"
)


def audit_archive(
    publication: Publication,
    evidence: EvidenceStore,
    since: float,
    until: float,
    files: Callable[[str], bytes] | None = None,
) -> bytes:
    """The archive for a period (Unix seconds): state at its end, evidence within it and what it rests on.

    `files` gives the files that were handed over with attestations, by their digest.
    """
    (index,) = publish_html(publication).values()
    content = {
        INDEX_FILE: index,
        BUNDLE_FILE: b"".join(evidence.bundle(min(since, until - DAY), until)),
        KEY_FILE: public_key_pem(evidence.public_key),
        "README.txt": _READ_ME.encode(),
        **(_handed_over(publication, files) if files else {}),
    }
    return write_archive({**content, MANIFEST_FILE: evidence.manifest(content)})


def _handed_over(publication: Publication, files: Callable[[str], bytes]) -> dict[str, bytes]:
    """The files of the attestations that count; their digests are in the evidence."""
    attestations = {
        control.attestation
        for assessment in publication.assessments
        for control in assessment.controls
        if control.attestation and control.attestation.file_digest
    }
    return {f"files/{each.file_digest}/{each.file}": files(each.file_digest) for each in attestations}
