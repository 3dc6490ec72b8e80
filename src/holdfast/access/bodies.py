"""Bodies of this package's resources as typed structures, and back to JSON."""

import re
from typing import TypeVar

import msgspec

from holdfast.access.errors import AccessInvalidError
from holdfast.kernel.json import JsonObject

_PLACE = re.compile(r"^(?P<message>.*?)(?: - at `(?P<place>\$.*)`)?$", re.DOTALL)


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What a resource's JSON body holds: camel case outside, immutable, unknown members refused."""


B = TypeVar("B", bound=msgspec.Struct)


def read_body(body: JsonObject, form: type[B]) -> B:
    """The body as a `form`; AccessInvalidError naming the member when it does not fit."""
    try:
        return msgspec.convert(body, form, strict=True)
    except msgspec.ValidationError as error:
        found = _PLACE.match(str(error))
        message, place = (found["message"], found["place"] or "$") if found else (str(error), "$")
        pointer = place[1:].replace(".", "/").replace("[", "/").replace("]", "") or "/"
        raise AccessInvalidError(f"{pointer}: {message}.", pointer) from error


def to_body(value: msgspec.Struct) -> JsonObject:
    """The structure as a JSON body."""
    body: JsonObject = msgspec.to_builtins(value)
    return body
