"""Files that devices upload: what is known of each, and what a process needs to serve them."""

from collections.abc import Callable
from typing import NamedTuple

from holdfast.devices.file_uploads import UploadSettings
from holdfast.kernel.errors import ForbiddenError, InvalidError
from holdfast.storage.blobs import Blobs

MAXIMUM_OPEN = 10
"""Uploads that a device may have begun and not reported, as on the hosted hub."""
MAXIMUM_NAME = 1024
"""Characters of a blob's whole name, as in Azure Storage."""
PART_BYTES = 1 << 20
"""A file is kept in pieces of this size: what one request keeps in memory."""


class QuotaExceededError(ForbiddenError):
    """The device has as many uploads, files or bytes as it may."""

    code = "IotHubQuotaExceeded"


class UploadLimits(NamedTuple):
    """Bounds of one device."""

    file_bytes: int = 1 << 30
    device_bytes: int = 10 << 30
    files: int = 1000


class Part(NamedTuple):
    """A piece of a file."""

    blob: str
    """Its name in the blob store."""
    size: int


class StoredBlock(NamedTuple):
    """A block as the device named it, in pieces."""

    id: str
    """In hexadecimal; empty for the one block of a file that came in one request."""
    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Bytes of the block."""
        return sum(part.size for part in self.parts)


class Upload(NamedTuple):
    """One file of a device, from the request to upload it."""

    id: str
    """The correlation id that the device was given."""
    device: str
    name: str
    """As the device named it: without the device's id in front."""
    created: float
    expires: float
    """When the address that the device was given ends."""
    done: bool = False
    """Whether the upload was reported, or its time is over: nothing is taken for it any more."""
    committed: float = 0.0
    """When content was committed last; 0: there is none."""
    size: int = 0
    etag: str = ""
    content_type: str = ""
    address: str = ""
    """Where the file is when it is not here: an `https://` address without a signature."""


class Uploads(NamedTuple):
    """What serves uploads in a process."""

    blobs: Blobs
    key: bytes
    """Signs the addresses that devices are given."""
    settings: Callable[[], UploadSettings]
    """The present setting; blocking. NotFoundError when uploads are not set up."""
    limits: UploadLimits = UploadLimits()


def check_name(name: object) -> str:
    """The name that a device may give a file. InvalidError for one that leaves its folder or hides.

    Parts between slashes are neither empty nor dots, and nothing in it is a control character, a backslash
    or a character that changes the direction of what is shown behind it.
    """
    if not isinstance(name, str) or not 0 < len(name) <= MAXIMUM_NAME - 129:
        raise InvalidError(f"blobName must be a text of 1 to {MAXIMUM_NAME - 129} characters.", "/blobName")
    if any(part in {"", ".", ".."} or part.endswith((".", " ")) for part in name.split("/")):
        raise InvalidError(
            "blobName has an empty part between slashes, or one that ends with a dot or a blank.", "/blobName"
        )
    if not name.isprintable() or "\\" in name:
        raise InvalidError("blobName holds a backslash or a character that cannot be shown.", "/blobName")
    return name
