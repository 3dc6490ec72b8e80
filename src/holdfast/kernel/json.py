"""JSON values as the product handles them: immutable by convention, compared by canonical text."""

import hashlib
import json
from collections.abc import Mapping

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]


def canonical(value: JsonValue) -> bytes:
    """One text for one value: sorted keys, no blanks, UTF-8. What digests and signatures are made over."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: JsonValue) -> str:
    """The SHA-256 of `canonical(value)` as hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def merge_patch(target: JsonValue, patch: JsonValue) -> JsonValue:
    """Apply a JSON merge patch (RFC 7396): null removes a member; neither argument is changed."""
    if not isinstance(patch, dict):
        return patch
    merged: JsonObject = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def pointer_step(key: object) -> str:
    """A key or an index as a step of a JSON pointer (RFC 6901), such as `/value`."""
    return "/" + str(key).replace("~", "~0").replace("/", "~1")


def pointer_keys(pointer: str) -> list[str]:
    """The keys and indexes that a JSON pointer leads along; none for the whole document."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def at_path(value: JsonValue, path: str) -> JsonValue:
    """The value at a dotted path (`a.b.c`) of nested objects, or None where there is none."""
    for part in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value
