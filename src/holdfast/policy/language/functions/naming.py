"""`guid` and `uniqueString`: names that a deployment derives from texts, the same at each evaluation.

Details of effects may call them (published definitions find the resource that they would deploy by such a
name); conditions may not, see docs/policy-conformance.md.
"""

import hashlib
import uuid
from collections.abc import Callable
from typing import Final

from holdfast.policy.language.functions.base import ANY, Function
from holdfast.policy.language.values import UNDEFINED

_NAMESPACE: Final = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
"""The namespace of `guid()`, documented with the function."""
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_LENGTH: Final = 13
_WORD: Final = 0xFFFF_FFFF
_FIRST: Final = 0x239B961B
_SECOND: Final = 0xAB0E9789


def _of_texts(name: Callable[[bytes], str]) -> Callable[..., object]:
    def named(*texts: object) -> object:
        known = [text for text in texts if isinstance(text, str)]
        whole = "-".join(known).encode("utf-8", "surrogatepass")
        return name(whole) if len(known) == len(texts) else UNDEFINED

    return named


def _guid(data: bytes) -> str:
    """A version-5 UUID (RFC 9562, section 5.5)."""
    digest = hashlib.sha1(_NAMESPACE.bytes + data, usedforsecurity=False).digest()
    return str(uuid.UUID(bytes=digest[:16], version=5))


def _unique_string(data: bytes) -> str:
    """Thirteen letters and digits: the hash, five bits each from the top, padded with zeros below."""
    bits = _hash(data) << 1
    return "".join(_LETTERS[bits >> 5 * place & 31] for place in reversed(range(_LENGTH)))


def _hash(data: bytes) -> int:
    """MurmurHash3 with two 32-bit lanes, as Azure Resource Manager names storage: 64 bits."""
    low = high = 0
    whole = len(data) - len(data) % 8
    for at in range(0, whole, 8):
        low ^= _mixed(data[at : at + 4], _FIRST, 15, _SECOND)
        low = (_rotated(low, 19) + high) * 5 + 0x561CCD1B & _WORD
        high ^= _mixed(data[at + 4 : at + 8], _SECOND, 17, _FIRST)
        high = (_rotated(high, 13) + low) * 5 + 0x0BCAA747 & _WORD
    low ^= _mixed(data[whole : whole + 4], _FIRST, 15, _SECOND)
    high ^= _mixed(data[whole + 4 :], _SECOND, 17, _FIRST)
    low, high = _added(low ^ len(data), high ^ len(data))
    low, high = _added(_finished(low), _finished(high))
    return high << 32 | low


def _mixed(part: bytes, before: int, turn: int, after: int) -> int:
    return _rotated(int.from_bytes(part, "little") * before & _WORD, turn) * after & _WORD


def _rotated(word: int, turn: int) -> int:
    return (word << turn | word >> 32 - turn) & _WORD


def _added(low: int, high: int) -> tuple[int, int]:
    low = low + high & _WORD
    return low, high + low & _WORD


def _finished(word: int) -> int:
    word ^= word >> 16
    word = word * 0x85EBCA6B & _WORD
    word ^= word >> 13
    word = word * 0xC2B2AE35 & _WORD
    return word ^ word >> 16


FUNCTIONS: Final = (
    Function("guid", _of_texts(_guid), 1, ANY, of_text=True),
    Function("uniqueString", _of_texts(_unique_string), 1, ANY, of_text=True),
)
