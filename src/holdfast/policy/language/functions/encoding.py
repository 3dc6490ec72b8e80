"""Base64, URIs and data URIs."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from holdfast.policy.language.functions.base import Function
from holdfast.policy.language.functions.containers import json_value
from holdfast.policy.language.values import UNDEFINED

_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ABSOLUTE: Final = re.compile(r"https?://")
_AUTHORITY: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?[^/]*")
_DATA_PREFIX: Final = "data:text/plain;charset=utf8;base64,"


def _text_function(work: Callable[[str], object]) -> Callable[..., object]:
    return lambda value: work(value) if isinstance(value, str) else UNDEFINED


def _decoded(text: str) -> object:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return UNDEFINED


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")


def _decoded_json(text: str) -> object:
    return json_value(_decoded(text))


def _percent_encoded(text: str) -> str:
    return quote(text, safe="-_.~", errors="surrogatepass")


def _percent_decoded(text: str) -> object:
    if _BROKEN_ESCAPE.search(text):
        return UNDEFINED
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except ValueError:
        return UNDEFINED


def _data_uri(text: str) -> object:
    return _DATA_PREFIX + _encoded(text)


def _from_data_uri(text: str) -> object:
    head, comma, data = text.rpartition(",")
    if not comma or not head.startswith("data:"):
        return UNDEFINED
    return _decoded(data) if head.endswith(";base64") else _percent_decoded(data)


def _uri(base: object, relative: object) -> object:
    """`relative` below the folder of `base`, its last segment replaced (RFC 3986, section 5.2.3)."""
    if not (isinstance(base, str) and isinstance(relative, str)):
        return UNDEFINED
    if _ABSOLUTE.match(relative):
        return relative
    authority = _AUTHORITY.match(base)
    start = authority.end() if authority else 0
    folder = base[start:].rpartition("/")[0]
    return f"{base[:start]}{folder}/{relative.lstrip('/')}"


FUNCTIONS: Final = (
    Function("base64", _text_function(_encoded), 1, 1, of_text=True),
    Function("base64ToJson", _text_function(_decoded_json), 1, 1, of_text=True),
    Function("base64ToString", _text_function(_decoded), 1, 1, of_text=True),
    Function("dataUri", _text_function(_data_uri), 1, 1, of_text=True),
    Function("dataUriToString", _text_function(_from_data_uri), 1, 1, of_text=True),
    Function("uri", _uri, 2, 2, of_text=True),
    Function("uriComponent", _text_function(_percent_encoded), 1, 1, of_text=True),
    Function("uriComponentToString", _text_function(_percent_decoded), 1, 1, of_text=True),
)
