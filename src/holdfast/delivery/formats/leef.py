"""IBM QRadar Log Event Extended Format, version 1.0: header fields by `|`, attributes by tabs."""

from holdfast import __version__
from holdfast.delivery.formats.cef import VENDOR
from holdfast.delivery.model import Message

_HEADER = str.maketrans({"|": "/", "\t": " ", "\r": " ", "\n": " "})
_VALUE = str.maketrans({"\t": " ", "\r": " ", "\n": " "})


def leef(message: Message, product: str) -> str:
    """`LEEF:1.0|vendor|product|version|event|attributes`; without escapes, so marks are replaced."""
    header = (VENDOR, product, __version__, message.kind)
    attributes = {
        "title": message.title,
        "msg": message.text,
        "sev": str(message.score),
        "devTime": str(int(message.time * 1000)),
        "id": message.id,
    }
    attributes |= message.fields
    pairs = (
        f"{_key(key)}={value.translate(_VALUE)}" for key, value in attributes.items() if value and _key(key)
    )
    return f"LEEF:1.0|{'|'.join(part.translate(_HEADER) for part in header)}|" + "\t".join(pairs)


def _key(text: str) -> str:
    return "".join(c for c in text if c.isalnum() or c in "_-")
