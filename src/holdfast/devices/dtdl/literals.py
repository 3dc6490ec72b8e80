"""Values that are no elements: texts, numbers, truth values, durations, identifiers, translations.

A value stands plainly (`true`), in an array of one, or as `{"@value": true, "@type": "xsd:boolean"}`.
"""

import re
from typing import NamedTuple

from holdfast.devices.dtdl.context import Context
from holdfast.devices.dtdl.json_ld import Item, Node, Unusable, Values, kind_of
from holdfast.devices.dtdl.language.rules import Form, Property
from holdfast.devices.dtdl.problems import Problems
from holdfast.kernel.json import JsonObject, JsonValue

DURATION = re.compile(
    r"P(?!$)(?:(?:(?:\d+Y|\d+\.\d+Y$)?(?:\d+M|\d+\.\d+M$)?)|(?:\d+W|\d+\.\d+W$)?)(?:\d+D|\d+\.\d+D$)?"
    r"(?:T(?!$)(?:\d+H|\d+\.\d+H$)?(?:\d+M|\d+\.\d+M$)?(?:\d+(?:\.\d+)?S)?)?"
)
"""ISO 8601 durations: a fraction only in the last part, weeks not beside years and months."""

LANGUAGE_CODE = re.compile(r"[a-z]{2,4}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?")
"""The part of BCP 47 that DTDL allows: `en`, `zh-Hant`, `sr-Latn-RS`, `es-419`."""

DEFAULT_LANGUAGE = "en"

_XSD = "http://www.w3.org/2001/XMLSchema#"
INT32 = range(-(2**31), 2**31)


class _Scalar(NamedTuple):
    """How one form of literal is named in problems, and its XML Schema type."""

    prefix: str
    noun: str
    datatype: str


_SCALARS = {
    Form.STRING: _Scalar("string", "String", "string"),
    Form.BOOLEAN: _Scalar("boolean", "Boolean", "boolean"),
    Form.INTEGER: _Scalar("integer", "Integer", "integer"),
    Form.NUMERIC: _Scalar("numeric", "Numeric", "decimal"),
    Form.DURATION: _Scalar("duration", "Duration", "duration"),
}


class Place(NamedTuple):
    """Where a property stands, for problems."""

    element: str
    pointer: str
    context: Context
    problems: Problems

    def report(
        self, kind: str, rule: Property, *, value: object = "", limit: object = "", detail: str = ""
    ) -> None:
        """Note a problem with the property."""
        self.problems.add(
            kind,
            f"{self.pointer}/{rule.name}",
            element=self.element,
            property=rule.name,
            value=value,
            limit=limit,
            detail=detail,
        )


def read(values: Values, rule: Property, place: Place) -> JsonValue:
    """The value of a literal or identifier property; None where it is absent or wrong."""
    if rule.form is Form.LANGUAGE_STRING:
        return _language_string(values, rule, place)
    prefix = "identifier" if rule.form in {Form.IDENTIFIER, Form.IRI} else _prefix(rule.form)
    if len(values.items) > 1:
        place.report(f"{prefix}MultipleValues", rule)
        return None
    if not values.items:
        if rule.required:
            place.report(f"{prefix}CountBelowMin", rule)
        return None
    item = values.items[0]
    if rule.form in {Form.IDENTIFIER, Form.IRI}:
        return _identifier(item, rule, place)
    if rule.form is Form.LITERAL:
        return _literal(item, rule, place)
    return _scalar(item, rule, place)


def _prefix(form: Form) -> str:
    return _SCALARS[form].prefix if form in _SCALARS else "literal"


def _scalar(item: Item, rule: Property, place: Place) -> JsonValue:
    scalar = _SCALARS[rule.form]
    if isinstance(item, Node):
        item = _unwrapped(item, rule, scalar, place)
        if item is None:
            return None
    elif not _fits(item, rule.form):
        place.report(f"{scalar.prefix}Not{scalar.noun}", rule, value=_shown(item))
        return None
    _check_range(item, rule, place)
    return item if isinstance(item, str | bool | int | float) else None


def _fits(item: Item, form: Form) -> bool:
    match form:
        case Form.STRING:
            return isinstance(item, str)
        case Form.BOOLEAN:
            return isinstance(item, bool)
        case Form.INTEGER:
            return _is_whole(item)
        case Form.NUMERIC:
            return isinstance(item, int | float) and not isinstance(item, bool)
        case _:
            return isinstance(item, str) and DURATION.fullmatch(item) is not None


def _is_whole(item: Item) -> bool:
    """A 32-bit whole number, also when written as 3.0."""
    if isinstance(item, bool) or not isinstance(item, int | float):
        return False
    return item == item // 1 and int(item) in INT32 if abs(item) < 2**53 else False


def _unwrapped(node: Node, rule: Property, scalar: _Scalar, place: Place) -> str | bool | int | float | None:
    """The value of a value object; None when it is wrong."""
    _check_value_object(node, rule, place)
    if node.value is None:
        place.report(f"{scalar.prefix}ObjectNoValue", rule)
        return None
    if node.types is not None:
        if len(node.types) != 1:
            place.report("literalTypeNotSingular", rule)
            return None
        if node.types[0] not in {f"xsd:{scalar.datatype}", _XSD + scalar.datatype}:
            place.report(f"{scalar.prefix}TypeNot{scalar.noun}", rule)
            return None
    item = None if node.value.plural or not node.value.items else node.value.items[0]
    if not _fits(item, rule.form) or not isinstance(item, str | bool | int | float):
        place.report(f"{scalar.prefix}ValueNot{scalar.noun}", rule)
        return None
    return item


def _check_value_object(node: Node, rule: Property, place: Place) -> None:
    if node.context is not None:
        place.report("valueObjectContext", rule)
    if node.id is not None:
        place.report("valueObjectId", rule)
    if node.graph:
        place.report("valueObjectGraph", rule)
    if place.context.known.restricts_keywords:
        if node.language is not None:
            place.report("valueObjectLanguage", rule)
        for keyword in node.keywords:
            place.report("valueObjectKeyword", rule, value=keyword)
    for name in node.properties:
        place.report("valueObjectInvalidProp", rule, value=name)


def _check_range(item: object, rule: Property, place: Place) -> None:
    if isinstance(item, str):
        if rule.max_length and len(item) > (longest := rule.max_length.under(place.context.limits)):
            place.report("stringTooLong", rule, limit=longest)
        if rule.pattern and not re.fullmatch(rule.pattern, item):
            place.report("stringInvalid", rule, value=item, detail=rule.pattern)
    elif isinstance(item, int | float) and not isinstance(item, bool):
        _check_bounds(item, rule, place)


def _check_bounds(number: float, rule: Property, place: Place) -> None:
    low, high = rule.minimum, rule.maximum
    below, above = low is not None and number < low, high is not None and number > high
    if not below and not above:
        return
    if low == high:
        place.report("valueNotExact", rule, value=number, limit=low)
    elif low is not None and high is not None:
        kind = "valueBelowRange" if below else "valueAboveRange"
        place.report(kind, rule, value=number, limit=f"{low} to {high}")
    else:
        place.report(
            "valueBelowMin" if below else "valueAboveMax", rule, value=number, limit=low if below else high
        )


def _literal(item: Item, rule: Property, place: Place) -> JsonValue:
    """A text, number or truth value; whether it is the right one is known when another property is."""
    if isinstance(item, Node):
        _check_value_object(item, rule, place)
        if item.value is None:
            place.report("literalObjectNoValue", rule)
            return None
        if item.types is not None and len(item.types) != 1:
            place.report("literalTypeNotSingular", rule)
            return None
        item = None if item.value.plural or not item.value.items else item.value.items[0]
    if isinstance(item, str | bool | int | float):
        return item
    place.report("literalNotValid", rule, value=_shown(item))
    return None


def _identifier(item: Item, rule: Property, place: Place) -> JsonValue:
    if not isinstance(item, str):
        place.report("identifierNotString", rule, value=_shown(item))
        return None
    identifier = place.context.identifier(item)
    if identifier is None and rule.form is Form.IRI and ":" in item and not item.startswith("dtmi:"):
        identifier = item
    if identifier is None:
        kind = "identifierNotDtmi" if rule.form is Form.IDENTIFIER else "identifierNotUri"
        place.report(kind, rule, value=item)
        return None
    if rule.max_length and len(identifier) > (longest := rule.max_length.under(place.context.limits)):
        place.report("identifierTooLong", rule, limit=longest)
    return identifier


def _language_string(values: Values, rule: Property, place: Place) -> JsonObject:
    first = values.items[0] if values.items else None
    if not values.plural and isinstance(first, Node):
        return _language_map(first, rule, place)
    texts: JsonObject = {}
    for item in values.items:
        code, text = _language_entry(item, rule, place)
        if code in texts:
            place.report("langStringElementCodeNotUnique", rule, value=code)
        elif code:
            texts[code] = text
        _check_text(text, rule, place)
    return texts


def _check_text(text: str | None, rule: Property, place: Place) -> None:
    if text is not None and rule.max_length:
        longest = rule.max_length.under(place.context.limits)
        if len(text) > longest:
            place.report("langStringValueTooLong", rule, limit=longest)


def _language_entry(item: Item, rule: Property, place: Place) -> tuple[str, str | None]:
    """Language code and text of one entry of an array; an empty code where there is none to keep."""
    if isinstance(item, str):
        return DEFAULT_LANGUAGE, item
    if not isinstance(item, Node):
        place.report("langStringElementNotStringOrObject", rule, value=_shown(item))
        return "", None
    code = DEFAULT_LANGUAGE if item.language is None else str(item.language)
    if not code:
        place.report("langStringElementCodeNotString", rule)
    elif not LANGUAGE_CODE.fullmatch(code):
        place.report("langStringElementInvalidCode", rule, value=code)
    _check_language_entry(item, rule, place)
    if item.value is None:
        place.report("langStringElementNoValue", rule)
        return code, None
    text = None if item.value.plural or not item.value.items else item.value.items[0]
    if not isinstance(text, str):
        place.report("langStringElementValueNotString", rule)
        return code, None
    return code, text


def _check_language_entry(node: Node, rule: Property, place: Place) -> None:
    if node.context is not None:
        place.report("langStringElementContext", rule)
    if node.id is not None:
        place.report("langStringElementId", rule)
    if node.graph:
        place.report("langStringElementGraph", rule)
    if place.context.known.restricts_keywords:
        if node.types is not None:
            place.report("langStringElementType", rule)
        for keyword in node.keywords:
            place.report("langStringElementKeyword", rule, value=keyword)
    for name in node.properties:
        place.report("langStringElementInvalidProp", rule, value=name)


def _language_map(node: Node, rule: Property, place: Place) -> JsonObject:
    if set(node.source) == {"@language", "@value"}:
        shown = f'{{"{node.language}": …}}'
        place.report("langTagValueInLangMap", rule, value=shown)
        return {}
    for keyword in (name for name in node.source if name.startswith("@")):
        place.report("langMapObjKeyword", rule, value=keyword)
    texts: JsonObject = {}
    for code, entry in node.properties.items():
        if not LANGUAGE_CODE.fullmatch(code):
            place.report("langStringInvalidCode", rule, value=code)
        text = None if entry.plural else entry.items[0]
        if not isinstance(text, str):
            place.report("langStringValueNotString", rule, value=code)
            continue
        _check_text(text, rule, place)
        texts[code] = text
    return texts


def _shown(item: Item) -> str:
    """A value for a message."""
    if isinstance(item, Node):
        return "an object"
    if isinstance(item, Unusable):
        return item.shown
    return f'"{item}"' if isinstance(item, str) else kind_of(item) if item is None else str(item)
