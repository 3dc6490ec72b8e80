"""The material classes of DTDL v2, v3 and v4 with their properties and limits, as one table.

Sources: the published language descriptions of DTDL v2, v3 and v4, chapters on the metamodel classes.
"""

from collections.abc import Callable
from typing import NamedTuple

from holdfast.devices.dtdl.language.rules import (
    VERSIONS,
    Class,
    Closure,
    Form,
    Language,
    Limit,
    Property,
    versioned,
)

NAME_PATTERN = "^[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?$"


def _limit(usual: int, aio: int, onvif: int) -> Limit:
    return Limit(usual, (("dtmi:dtdl:limits:aio;1", aio), ("dtmi:dtdl:limits:onvif;1", onvif)))


def _since(version: int, lowest: int = 2) -> frozenset[int]:
    """What an element of `version` may refer to: itself and the versions before it."""
    return frozenset(range(lowest, version + 1))


def _only(version: int) -> frozenset[int]:
    return frozenset({version})


def _element(name: str, target: str, versions: frozenset[int], *, required: bool = False) -> Property:
    return Property(name, Form.ELEMENT, target, required, min_count=int(required), versions=versions)


def _entity(version: int) -> tuple[Property, ...]:
    display = Limit(64) if version == 2 else Limit(512)
    description = _limit(512, 2048, 4096) if version == 4 else Limit(512)
    return (
        Property("comment", Form.STRING, max_length=Limit(512)),
        Property("description", Form.LANGUAGE_STRING, plural=True, max_length=description),
        Property("displayName", Form.LANGUAGE_STRING, plural=True, max_length=display),
    )


def _named(version: int) -> tuple[Property, ...]:
    longest = Limit(64) if version == 2 else Limit(512)
    return (
        Property("name", Form.STRING, required=True, min_count=1, max_length=longest, pattern=NAME_PATTERN),
    )


def _schema(version: int) -> tuple[Property, ...]:
    return (_element("schema", "Schema", _since(version), required=True),)


def _array(version: int) -> tuple[Property, ...]:
    return (_element("elementSchema", "Schema", _since(version), required=True),)


def _command(version: int) -> tuple[Property, ...]:
    request, response = (
        ("CommandPayload", "CommandPayload") if version == 2 else ("CommandRequest", "CommandResponse")
    )
    return (
        Property("commandType", Form.ELEMENT, "CommandType", id_required=True, versions=_only(version)),
        Property("request", Form.ELEMENT, request, type_required=False, versions=_only(version)),
        Property("response", Form.ELEMENT, response, type_required=False, versions=_only(version)),
    )


def _payload(version: int) -> tuple[Property, ...]:
    return (Property("nullable", Form.BOOLEAN),) if version == 4 else ()


def _component(version: int) -> tuple[Property, ...]:
    return (
        Property(
            "schema",
            Form.ELEMENT,
            "Interface",
            required=True,
            min_count=1,
            id_required=True,
            versions=_since(version),
        ),
    )


def _enum(version: int) -> tuple[Property, ...]:
    return (
        Property(
            "enumValues",
            Form.ELEMENT,
            "EnumValue",
            required=version == 2,
            plural=True,
            min_count=int(version == 2),
            max_count=100 if version == 2 else None,
            type_required=False,
            versions=_only(version),
            unique=("name", "enumValue"),
            segment="name",
        ),
        Property(
            "valueSchema",
            Form.ELEMENT,
            "PrimitiveSchema",
            required=True,
            min_count=1,
            id_required=True,
            versions=_since(version),
            standard=frozenset({"Integer", "String"}),
        ),
    )


def _enum_value(_version: int) -> tuple[Property, ...]:
    return (Property("enumValue", Form.LITERAL, required=True, min_count=1),)


def _interface(version: int) -> tuple[Property, ...]:
    early = version == 2
    return (
        Property(
            "contents",
            Form.ELEMENT,
            "Content",
            plural=True,
            max_count=300 if early else None,
            versions=_since(version),
            unique=("name",),
            segment="name",
        ),
        Property(
            "extends",
            Form.ELEMENT,
            "Interface",
            plural=True,
            max_count=2 if early else None,
            id_required=True,
            versions=_since(version),
        ),
        Property(
            "schemas", Form.ELEMENT, "ComplexSchema", plural=True, id_required=True, versions=_only(version)
        ),
    )


def _map(version: int) -> tuple[Property, ...]:
    return tuple(
        Property(
            name,
            Form.ELEMENT,
            target,
            required=True,
            min_count=1,
            type_required=False,
            versions=_only(version),
        )
        for name, target in (("mapKey", "MapKey"), ("mapValue", "MapValue"))
    )


def _map_key(version: int) -> tuple[Property, ...]:
    return (
        Property(
            "schema",
            Form.ELEMENT,
            "String",
            required=True,
            min_count=1,
            id_required=True,
            versions=_since(version),
        ),
    )


def _object(version: int) -> tuple[Property, ...]:
    early = version == 2
    return (
        Property(
            "fields",
            Form.ELEMENT,
            "Field",
            required=early,
            plural=True,
            min_count=int(early),
            max_count=30 if early else None,
            type_required=False,
            versions=_only(version),
            unique=("name",),
            segment="name",
        ),
    )


def _property(version: int) -> tuple[Property, ...]:
    return (*_schema(version), Property("writable", Form.BOOLEAN))


def _relationship(version: int) -> tuple[Property, ...]:
    early = version == 2
    return (
        Property("maxMultiplicity", Form.INTEGER, minimum=1, maximum=500 if early else None),
        Property("minMultiplicity", Form.INTEGER, minimum=0, maximum=0),
        Property(
            "properties",
            Form.ELEMENT,
            "Property",
            plural=True,
            max_count=300 if early else None,
            versions=_since(version),
            unique=("name",),
            segment="name",
        ),
        Property("target", Form.IDENTIFIER, max_length=Limit(2048)),
        Property("writable", Form.BOOLEAN),
    )


def _unit(_version: int) -> tuple[Property, ...]:
    return (Property("symbol", Form.STRING),)


def _none(_version: int) -> tuple[Property, ...]:
    return ()


class _Row(NamedTuple):
    name: str
    parent: str
    properties: Callable[[int], tuple[Property, ...]] = _none
    since: int = 2
    abstract: bool = False
    type_optional_since: int = 99
    type_optional_until: int = 99


_ROWS = (
    _Row("Entity", "", _entity, abstract=True),
    _Row("NamedEntity", "Entity", _named, abstract=True),
    _Row("Content", "NamedEntity", abstract=True),
    _Row("Schema", "Entity", abstract=True),
    _Row("ComplexSchema", "Schema", abstract=True),
    _Row("PrimitiveSchema", "Schema", abstract=True),
    _Row("NumericSchema", "PrimitiveSchema", abstract=True),
    _Row("TemporalSchema", "PrimitiveSchema", abstract=True),
    _Row("SchemaField", "NamedEntity", _schema, abstract=True),
    _Row("Interface", "Entity", _interface),
    _Row("Command", "Content", _command),
    _Row("CommandPayload", "SchemaField", _payload, type_optional_since=2, type_optional_until=2),
    _Row("CommandRequest", "CommandPayload", since=3, type_optional_since=3),
    _Row("CommandResponse", "CommandPayload", since=3, type_optional_since=3),
    _Row("CommandType", "Entity"),
    _Row("Component", "Content", _component),
    _Row("Property", "Content", _property),
    _Row("Relationship", "Content", _relationship),
    _Row("Telemetry", "Content", _schema),
    _Row("Array", "ComplexSchema", _array),
    _Row("Enum", "ComplexSchema", _enum),
    _Row("EnumValue", "NamedEntity", _enum_value, type_optional_since=2),
    _Row("Field", "SchemaField", type_optional_since=2),
    _Row("Map", "ComplexSchema", _map),
    _Row("MapKey", "NamedEntity", _map_key, type_optional_since=2),
    _Row("MapValue", "SchemaField", type_optional_since=2),
    _Row("Object", "ComplexSchema", _object),
    _Row("Boolean", "PrimitiveSchema"),
    _Row("String", "PrimitiveSchema"),
    _Row("Bytes", "PrimitiveSchema", since=4),
    _Row("Uuid", "PrimitiveSchema", since=4),
    _Row("Date", "TemporalSchema"),
    _Row("DateTime", "TemporalSchema"),
    _Row("Duration", "TemporalSchema"),
    _Row("Time", "TemporalSchema"),
    _Row("Double", "NumericSchema"),
    _Row("Float", "NumericSchema"),
    _Row("Integer", "NumericSchema"),
    _Row("Long", "NumericSchema"),
    _Row("Byte", "NumericSchema", since=4),
    _Row("Decimal", "NumericSchema", since=4),
    _Row("Short", "NumericSchema", since=4),
    _Row("UnsignedByte", "NumericSchema", since=4),
    _Row("UnsignedInteger", "NumericSchema", since=4),
    _Row("UnsignedLong", "NumericSchema", since=4),
    _Row("UnsignedShort", "NumericSchema", since=4),
    _Row("Unit", "Entity", _unit),
    _Row("UnitAttribute", "NamedEntity"),
    _Row("LatentType", "Entity", since=3),
    _Row("NamedLatentType", "NamedEntity", since=3),
)

CLASS_NAMES = frozenset(row.name for row in _ROWS)

PRIMITIVES = frozenset(
    row.name for row in _ROWS if row.parent in {"PrimitiveSchema", "NumericSchema", "TemporalSchema"}
) - {"NumericSchema", "TemporalSchema"}
"""Classes whose only members are the standard elements (`double`, `string`, …): never declared by a model."""

MATERIALIZED_BY_COTYPE = frozenset({"Unit", "UnitAttribute", "LatentType", "NamedLatentType"})
"""Classes that are never named in `@type` themselves: a co-type of the same kind implies them."""


def _classes(version: int) -> dict[str, Class]:
    classes: dict[str, Class] = {}
    for row in _ROWS:
        if row.since > version:
            continue
        above = classes.get(row.parent)
        own = {rule.name: versioned(rule, version) for rule in row.properties(version)}
        classes[row.name] = Class(
            name=row.name,
            version=version,
            ancestors=frozenset({row.name}) | (above.ancestors if above else frozenset()),
            abstract=row.abstract,
            properties={**(above.properties if above else {}), **own},
            type_optional=row.type_optional_since <= version <= row.type_optional_until,
        )
    return classes


_DEPTH = frozenset({"elementSchema", "schema"})
_PARTS = frozenset(
    {
        "contents",
        "elementSchema",
        "enumValues",
        "fields",
        "mapValue",
        "properties",
        "request",
        "response",
        "schema",
    }
)


def _closures(version: int) -> tuple[Closure, ...]:
    depth = _limit(8, 12, 24) if version == 4 else Limit(5)
    inheritance = Limit(12) if version == 4 else Limit(10)
    size = None if version == 2 else Limit(1024)
    own_schema = version == 4
    closures = [
        Closure("ComplexSchema", _DEPTH, narrow=False, max_depth=depth, allow_self=own_schema),
        Closure("Component", frozenset({"schema", "contents"}), narrow=True, exclude="Component"),
        Closure(
            "Interface",
            frozenset({"extends"}),
            narrow=True,
            max_depth=inheritance,
            max_count=size,
            imported="contents",
        ),
    ]
    if version == 2:
        closures.append(Closure("Property", frozenset({"schema"}), narrow=False, exclude="Array"))
    else:
        closures.append(
            Closure("Interface", _PARTS, narrow=True, max_count=Limit(100_000), allow_self=own_schema)
        )
    return tuple(closures)


LANGUAGES = {
    version: Language(
        version=version,
        classes=_classes(version),
        closures=_closures(version),
        max_partition_bytes=None if version == 2 else Limit(1_048_576),
        restricts_keywords=version > 2,
        lenient_names=version == 2,
        allows_limits=version == 4,
    )
    for version in VERSIONS
}
"""Language version → its metamodel."""
