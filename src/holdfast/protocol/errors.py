"""The base of what the sans-I/O protocol parsers raise.

Each parser raises one subclass, whatever bytes it is given. The message says what is wrong in words that are
safe in a log: it never quotes the peer's bytes.
"""

from holdfast.kernel.errors import InvalidError


class ProtocolError(InvalidError):
    """What a peer sent breaks the rules of its protocol."""
