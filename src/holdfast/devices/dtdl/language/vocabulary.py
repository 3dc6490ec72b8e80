"""The terms of each context: what a bare word in a model stands for.

A JSON-LD context maps terms to identifiers. Ours are fixed and built from the tables; models name them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from holdfast.devices.dtdl.language.classes import LANGUAGES, PRIMITIVES
from holdfast.devices.dtdl.language.cotypes import COTYPES, IOT_CENTRAL, IOT_OPERATIONS
from holdfast.devices.dtdl.language.quantities import CONTEXT_V2, PREFIXES, UNITS
from holdfast.devices.dtdl.language.rules import VERSIONS

DTDL_PREFIX = "dtmi:dtdl:context;"

SHAPES = ("point", "multiPoint", "lineString", "multiLineString", "polygon", "multiPolygon")
"""Geospatial schemas, after GeoJSON (RFC 7946)."""

LIMIT_CONTEXTS = frozenset({"dtmi:dtdl:limits:aio;1", "dtmi:dtdl:limits:onvif;1"})

IMPLIED_VERSION = {IOT_CENTRAL: 2}
"""Extension contexts that may precede the language's own, and the version that they belong to."""

_META = ("metamodel", "model", "DtdlExtension")


class Vocabulary(NamedTuple):
    """One known context."""

    specifier: str
    terms: dict[str, str]
    """Term → identifier."""
    reserved: tuple[str, ...] = ()
    """Prefixes of identifiers that models must not define."""


def primitive_id(name: str, version: int) -> str:
    """The identifier of the standard element of a primitive class: `Double` → `…:Schema:double;2`."""
    return f"dtmi:dtdl:instance:Schema:{name[0].lower()}{name[1:]};{version}"


def command_type_id(name: str, version: int) -> str:
    """The identifier of `synchronous` or `asynchronous`."""
    return f"dtmi:dtdl:instance:CommandType:{name};{version}"


def shape_id(shape: str, version: int) -> str:
    """The identifier of a geospatial schema."""
    return f"dtmi:standard:schema:geospatial:{shape};{version}"


def unit_id(context: str, unit: str) -> str:
    """The identifier of a standard unit."""
    return f"dtmi:standard:unit:{unit};2" if context == CONTEXT_V2 else f"{_base(context)}:unit:{unit}"


def prefix_id(context: str, prefix: str) -> str:
    """The identifier of a standard unit prefix."""
    if context == CONTEXT_V2:
        return f"dtmi:standard:unitprefix:{prefix};2"
    return f"{_base(context)}:unitprefix:{prefix}"


def prefixes(context: str, family: str) -> tuple[str, ...]:
    """The prefixes of a family as the context spells them (v2 has `deka`)."""
    return tuple("deka" if (context, name) == (CONTEXT_V2, "deca") else name for name in PREFIXES[family])


def family_id(context: str, family: str) -> str:
    """The identifier of the enumeration of a family of units."""
    return f"{_base(context)}:enum:{family}"


def _base(context: str) -> str:
    name, _, version = context.partition(";")
    return f"{name}:v{version}"


def _language_terms(version: int) -> Iterator[tuple[str, str]]:
    classes = LANGUAGES[version].classes
    for model_class in classes.values():
        yield model_class.name, model_class.identifier
        for rule in model_class.properties.values():
            yield rule.name, rule.identifier
    for name in PRIMITIVES & classes.keys():
        identifier = primitive_id(name, version)
        yield identifier.partition("Schema:")[2].partition(";")[0], identifier
    for name in ("asynchronous", "synchronous"):
        yield name, command_type_id(name, version)
    for shape in SHAPES:
        yield shape, shape_id(shape, version)
    for name in ("exponent", "languageMajorVersion", "symbol"):
        yield name, f"dtmi:dtdl:property:{name};{version}"
    if version > 2:
        for name in _META:
            yield name, f"dtmi:dtdl:meta:{name};{version}"
    if version > 3:
        yield "scaledDecimal", f"dtmi:standard:schema:scaledDecimal;{version}"


def _unit_terms(context: str) -> Iterator[tuple[str, str]]:
    for family, units in UNITS[context].items():
        if context != CONTEXT_V2:
            yield family, family_id(context, family)
        for unit in units:
            yield unit, unit_id(context, unit)
    for family in PREFIXES:
        if context != CONTEXT_V2:
            yield family, family_id(context, family)
        for prefix in prefixes(context, family):
            yield prefix, prefix_id(context, prefix)
    if context != CONTEXT_V2:
        yield "EnergyRateUnit", family_id(context, "PowerUnit")


def _cotype_terms(context: str) -> Iterator[tuple[str, str]]:
    for cotype in COTYPES.values():
        if cotype.context == context:
            yield cotype.term, cotype.identifier
            for rule in cotype.properties:
                yield rule.name, rule.identifier


_RESERVED = {
    **{f"{DTDL_PREFIX}{version}": ("dtmi:dtdl:", "dtmi:standard:") for version in VERSIONS},
    IOT_CENTRAL: ("dtmi:iotcentral:",),
    IOT_OPERATIONS: ("dtmi:iotoperations:",),
}


def _vocabularies() -> Iterator[Vocabulary]:
    contexts = {cotype.context for cotype in COTYPES.values()}
    for context in sorted(contexts):
        terms: dict[str, str] = {}
        if context.startswith(DTDL_PREFIX):
            terms.update(_language_terms(int(context.removeprefix(DTDL_PREFIX))))
        terms.update(_cotype_terms(context))
        if context in UNITS:
            terms.update(_unit_terms(context))
        if context == IOT_CENTRAL:
            terms.update({name: f"dtmi:iotcentral:schema:{name};2" for name in ("geopoint", "vector")})
        yield Vocabulary(context, terms, _RESERVED.get(context, ()))


VOCABULARIES = {vocabulary.specifier: vocabulary for vocabulary in _vocabularies()}
"""Context specifier → its terms."""

TERMS = {
    identifier: term for vocabulary in VOCABULARIES.values() for term, identifier in vocabulary.terms.items()
}
"""Identifier → the term for it, over all contexts."""

EXTENSIONS = frozenset(specifier.partition(";")[0] for specifier in VOCABULARIES)
"""Known contexts without their version, to tell an unknown extension from an unknown version of one."""
