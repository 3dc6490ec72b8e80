"""Files that people hand over with attestations: kept encrypted under their digest, never changed."""

import hashlib
from typing import Final

from holdfast.baseline.decisions.kinds import EvidenceFile, plain_name
from holdfast.kernel.errors import InvalidError
from holdfast.storage.blobs import Blobs

FOLDER: Final = "evidence-files"
PURPOSE: Final = "evidence-files"
"""The data key that encrypts them."""
MAXIMUM_BYTES: Final = 8 * 1024 * 1024
"""A report or a scan; larger things belong where a link leads."""


class EvidenceFiles:
    """See the module. Blocking and thread-safe."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def keep(self, name: str, content: bytes) -> EvidenceFile:
        """Keep a file; the same content is kept once. InvalidError for one that is empty or too large."""
        if not 0 < len(content) <= MAXIMUM_BYTES:
            raise InvalidError(
                f"A file of evidence has 1 byte to {MAXIMUM_BYTES >> 20} MiB; give a link to larger ones.",
                "/evidenceFile",
            )
        digest = hashlib.sha256(content).hexdigest()
        self._blobs.put(digest, content)
        return EvidenceFile(name=plain_name(name), digest=digest, size=len(content))

    def get(self, digest: str) -> bytes:
        """The content. NotFoundError."""
        return self._blobs.get(digest)

    def size(self, digest: str) -> int:
        """Bytes of the content. NotFoundError; InvalidError for what is no digest."""
        return self._blobs.size(digest)
