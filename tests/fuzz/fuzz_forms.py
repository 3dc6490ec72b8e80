"""Forms with files: read, or refused in words."""

import contextlib

from holdfast.console.multipart import parse_multipart
from holdfast.kernel.errors import InvalidError


def target(data: bytes) -> None:
    """A content type up to the first line feed, and a body."""
    content_type, _, body = data.partition(b"\n")
    with contextlib.suppress(InvalidError):
        parse_multipart(content_type.decode("latin-1"), body)
