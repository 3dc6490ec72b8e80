"""ArcSight Common Event Format, version 0 (implementation standard, revision 25)."""

from holdfast import __version__
from holdfast.delivery.model import Message

VENDOR = "Holdfast"
_HEADER = str.maketrans({"\\": r"\\", "|": r"\|", "\r": " ", "\n": " "})
_EXTENSION = str.maketrans({"\\": r"\\", "=": r"\=", "\r": r"\r", "\n": r"\n"})


def cef(message: Message, product: str) -> str:
    """`CEF:0|vendor|product|version|event class|name|severity|extension`.

    `product` is the part of Holdfast that speaks: a sensor's name, or `platform`.
    """
    header = (VENDOR, product, __version__, message.kind, message.title)
    extension = {"msg": message.text, "externalId": message.id, "rt": str(int(message.time * 1000))}
    extension |= message.fields
    pairs = (
        f"{_key(key)}={value.translate(_EXTENSION)}"
        for key, value in extension.items()
        if value and _key(key)
    )
    parts = "|".join(part.translate(_HEADER) for part in header)
    return f"CEF:0|{parts}|{message.score}|{' '.join(pairs)}"


def _key(text: str) -> str:
    """Extension keys are letters, digits and a few marks; what would end one is left out."""
    return "".join(c for c in text if c.isalnum() or c in "_.-")
