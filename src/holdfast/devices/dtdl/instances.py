"""Whether a JSON value is an instance of a schema: what telemetry and properties are held to."""

import math
import re
from collections.abc import Callable, Iterator

from holdfast.devices.dtdl.literals import DURATION
from holdfast.devices.dtdl.model import Element, Model
from holdfast.kernel.json import JsonValue

MAXIMUM_VIOLATIONS = 20
"""After that many the rest of a value is not looked at."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})")
_DATE_TIME = re.compile(f"{_DATE.pattern}T{_TIME.pattern}")
_DECIMAL = re.compile(r"[+-]?(?:[1-9][0-9]*|0)(?:\.[0-9]*)?")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")

_INTEGERS = {
    "Byte": (-(2**7), 2**7 - 1),
    "Short": (-(2**15), 2**15 - 1),
    "Integer": (-(2**31), 2**31 - 1),
    "Long": (-(2**63), 2**63 - 1),
    "UnsignedByte": (0, 2**8 - 1),
    "UnsignedShort": (0, 2**16 - 1),
    "UnsignedInteger": (0, 2**32 - 1),
    "UnsignedLong": (0, 2**64 - 1),
}
"""Class → its range, both ends included (XML Schema part 2, section 3.4)."""

INT32_RANGE = range(-(2**31), 2**31)
INT64_RANGE = range(-(2**63), 2**63)

_LARGEST_FLOAT = 3.4028234663852886e38

_TEXTS = {
    "String": (None, "text"),
    "Date": (_DATE, "a date such as 2026-11-22"),
    "Time": (_TIME, "a time such as 03:24:00Z"),
    "DateTime": (_DATE_TIME, "a moment such as 2026-11-22T03:24:00Z"),
    "Duration": (DURATION, "a duration such as PT5M"),
    "Decimal": (_DECIMAL, "a decimal number as text"),
    "Bytes": (_BASE64, "base64 text"),
    "Uuid": (_UUID, "a UUID"),
}


def is_instance_text(text: str, schema: str) -> bool:
    """Whether text is an instance of a primitive schema such as `dateTime`."""
    pattern = _TEXTS[schema[0].upper() + schema[1:]][0]
    return pattern is None or pattern.fullmatch(text) is not None


def violations(value: JsonValue, schema: str, model: Model) -> list[str]:
    """Why `value` is no instance of the schema element, empty when it is one: `fields.x: not a number`."""
    found: list[str] = []
    for violation in _check(value, model.get(schema), model, ""):
        found.append(violation)
        if len(found) >= MAXIMUM_VIOLATIONS:
            break
    return found


def _check(value: JsonValue, schema: Element | None, model: Model, path: str) -> Iterator[str]:
    if schema is None:
        return
    kind = schema.kind
    if kind in _INTEGERS:
        yield from _integer(value, kind, path)
    elif kind in _TEXTS:
        yield from _text(value, kind, path)
    elif kind in _COMPLEX:
        yield from _COMPLEX[kind](value, schema, model, path)


def _said(path: str, what: str) -> str:
    return f"{path}: {what}" if path else what


def _integer(value: JsonValue, kind: str, path: str) -> Iterator[str]:
    low, high = _INTEGERS[kind]
    whole = isinstance(value, float) and value.is_integer()
    if isinstance(value, bool) or not (isinstance(value, int) or whole):
        yield _said(path, "not a whole number")
    elif isinstance(value, int | float) and not low <= value <= high:
        yield _said(path, f"not between {low} and {high}")


def _text(value: JsonValue, kind: str, path: str) -> Iterator[str]:
    pattern, meant = _TEXTS[kind]
    if not isinstance(value, str) or (pattern and not pattern.fullmatch(value)):
        yield _said(path, f"not {meant}")


def _boolean(value: JsonValue, _schema: Element, _model: Model, path: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield _said(path, "not true or false")


def _floating(value: JsonValue, schema: Element, _model: Model, path: str) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield _said(path, "not a number")
    elif not math.isfinite(value) or (schema.kind == "Float" and abs(value) > _LARGEST_FLOAT):
        yield _said(path, "not a finite number")


def _array(value: JsonValue, schema: Element, model: Model, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield _said(path, "not an array")
        return
    member = model.get(schema.reference("elementSchema"))
    for index, item in enumerate(value):
        yield from _check(item, member, model, f"{path}[{index}]")


def _object(value: JsonValue, schema: Element, model: Model, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _said(path, "not an object")
        return
    fields = {field.name: field for field in map(model.get, schema.references.get("fields", ())) if field}
    for name, item in value.items():
        place = f"{path}.{name}" if path else name
        if name not in fields:
            yield _said(place, "not a field of the schema")
        else:
            yield from _check(item, model.get(fields[name].reference("schema")), model, place)


def _map(value: JsonValue, schema: Element, model: Model, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _said(path, "not an object")
        return
    entry = model.get(schema.reference("mapValue"))
    member = model.get(entry.reference("schema")) if entry else None
    for name, item in value.items():
        yield from _check(item, member, model, f"{path}.{name}" if path else name)


def _enum(value: JsonValue, schema: Element, model: Model, path: str) -> Iterator[str]:
    members = map(model.get, schema.references.get("enumValues", ()))
    allowed = [member.values.get("enumValue") for member in members if member]
    if isinstance(value, bool) or value not in allowed:
        yield _said(path, "not one of " + ", ".join(str(item) for item in allowed[:10]))


_COMPLEX: dict[str, Callable[[JsonValue, Element, Model, str], Iterator[str]]] = {
    "Boolean": _boolean,
    "Double": _floating,
    "Float": _floating,
    "Array": _array,
    "Object": _object,
    "Map": _map,
    "Enum": _enum,
}
