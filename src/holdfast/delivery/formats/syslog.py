"""Syslog messages: RFC 5424, and the framing on streams of RFC 6587 and RFC 5425."""

from holdfast.delivery.model import Message
from holdfast.kernel.clock import isoformat

USER = 1
"""Facility `user-level messages` (RFC 5424 §6.2.1)."""
STRUCTURED_DATA_ID = "holdfast@32473"
"""Enterprise number 32473 is reserved for documents (RFC 5612); receivers match by the name."""
MAXIMUM_DATAGRAM = 2048
"""What a receiver over UDP should take (RFC 5424 §6.1)."""

_NIL = "-"
_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_QUOTED = str.maketrans({"\\": r"\\", '"': r"\"", "]": r"\]"})


def priority(message: Message) -> int:
    """PRI: facility times eight plus severity."""
    return USER * 8 + int(message.urgency)


def rfc5424(message: Message, host: str, app: str) -> str:
    """A message with its fields as structured data and its title and text as message."""
    return f"{_header(message, host, app)} {_structured(message)} {_BOM}{_one_line(_words(message))}"


def enveloped(message: Message, host: str, app: str, content: str) -> str:
    """`content` (CEF, LEEF, plain text) as the message of a header without structured data.

    Tabs stay: they part the attributes of LEEF, whose values have none.
    """
    line = "\t".join(map(_one_line, content.split("\t")))
    return f"{_header(message, host, app)} {_NIL} {line}"


def octet_counted(text: str) -> bytes:
    """One frame of a stream: the length in bytes, a blank, the message (RFC 6587 §3.4.1, RFC 5425 §4.3)."""
    data = text.encode("utf-8", "replace")
    return b"%d %s" % (len(data), data)


def datagram(text: str) -> bytes:
    """One datagram, cut at a whole character where it is too long."""
    data = text.encode("utf-8", "replace")
    if len(data) <= MAXIMUM_DATAGRAM:
        return data
    return data[:MAXIMUM_DATAGRAM].decode("utf-8", "ignore").encode()


def _header(message: Message, host: str, app: str) -> str:
    names = (_name(host, 255), _name(app, 48), _NIL, _name(message.kind, 32))
    return f"<{priority(message)}>1 {isoformat(message.time)} {' '.join(names)}"


def _structured(message: Message) -> str:
    pairs = {"id": message.id} | dict(message.fields)
    parts = (
        f'{_name(key, 32)}="{_one_line(value).translate(_QUOTED)}"' for key, value in pairs.items() if value
    )
    return f"[{STRUCTURED_DATA_ID} {' '.join(parts)}]"


def _name(text: str, length: int) -> str:
    """Printable ASCII without what would end a name (RFC 5424 §6.3.3)."""
    kept = "".join(c for c in text if "!" <= c <= "~" and c not in '="]')
    return kept[:length] or _NIL


def _words(message: Message) -> str:
    return f"{message.title}: {message.text}" if message.text else message.title


def _one_line(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
