"""What can go wrong with learned traffic."""

from holdfast.kernel.errors import InvalidError


class LearnedError(InvalidError):
    """A file of learned traffic cannot be read or written; the message says why."""

    code = "InvalidLearnedTraffic"
