"""What can go wrong with captures."""

from holdfast.kernel.errors import InvalidError


class CaptureError(InvalidError):
    """A capture file or interface cannot be read; the message says where and why."""

    code = "InvalidCapture"
