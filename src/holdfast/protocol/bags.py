"""Property bags: a message's properties, written into its topic as `name=value&name2=value2`.

Both sides are percent-encoded (a space is `%20`, a `+` is a plus); a name alone is null, `name=` is the empty
text. Names that begin with `$.` are system properties; the SDKs encode the dollar (`%24.ct`), documents
often do not, and both mean the same.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias
from urllib.parse import quote, unquote

from holdfast.protocol.errors import ProtocolError

Bag: TypeAlias = dict[str, str | None]

MAXIMUM_PROPERTIES: Final = 128
"""Properties in one bag; a message on the hosted service rarely has more than a dozen."""
MAXIMUM_LENGTH: Final = 16 * 1024
"""Characters of a bag as it stands in the topic. The hosted service counts it into the message's 256 KB."""

CREATION_TIME = "iothub-creation-time-utc"
"""When the device measured; charts prefer it to the time of arrival."""
MESSAGE_TYPE = "iothub-MessageType"
RETAIN = "mqtt-retain"

_UNRESERVED = "!'()*"
"""Left readable beside letters, digits and `-._~`, as JavaScript's encodeURIComponent leaves them."""


class BagError(ProtocolError):
    """A property bag is beyond its limits."""


def check_bag(text: str) -> None:
    """BagError when `text` is too long or holds too many properties: all that can be wrong with a bag."""
    if len(text) > MAXIMUM_LENGTH:
        raise BagError(f"The message's properties are longer than {MAXIMUM_LENGTH:,} characters.")
    if text.count("&") >= MAXIMUM_PROPERTIES:
        raise BagError(f"The message has more than {MAXIMUM_PROPERTIES} properties.")


def decode_bag(text: str) -> Bag:
    """The properties in order; of two with one name the later counts.

    An escape that is none stays as it stands, and bytes that are no UTF-8 become U+FFFD: a message is not
    lost for a badly spelled property. Raises BagError.
    """
    check_bag(text)
    bag: Bag = {}
    for part in text.strip("/").split("&"):
        name, equals, value = part.partition("=")
        if name:
            bag[unquote(name)] = unquote(value) if equals else None
    return bag


def encode_bag(bag: Mapping[str, str | None]) -> str:
    """The bag as it stands in a topic."""
    return "&".join(
        _quote(name) if value is None else f"{_quote(name)}={_quote(value)}" for name, value in bag.items()
    )


def _quote(text: str) -> str:
    return quote(text, safe=_UNRESERVED)


def add_to_bag(text: str, name: str, value: str) -> str:
    """`text` with one more property, without taking the others apart."""
    return f"{text}&{_quote(name)}={_quote(value)}" if text else f"{_quote(name)}={_quote(value)}"
