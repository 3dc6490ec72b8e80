"""A parsed model: its elements by identifier, and the standard elements that every model may refer to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from holdfast.devices.dtdl.json_ld import Node
from holdfast.devices.dtdl.language.classes import LANGUAGES, PRIMITIVES
from holdfast.devices.dtdl.language.quantities import CONTEXT_V2, PREFIXES, UNITS
from holdfast.devices.dtdl.language.rules import VERSIONS, Class
from holdfast.devices.dtdl.language.vocabulary import (
    SHAPES,
    command_type_id,
    family_id,
    prefix_id,
    prefixes,
    primitive_id,
    shape_id,
    unit_id,
)
from holdfast.kernel.json import JsonObject, JsonValue


@dataclass(slots=True)
class Element:
    """One element of a model, after its class and all properties are known."""

    id: str
    model_class: Class
    pointer: str = ""
    """Where it is defined; empty for standard elements."""
    partition: str = ""
    """The Interface inside which it is defined; empty for Interfaces and standard elements."""
    parent: str = ""
    """The element inside which it is defined."""
    family: str = ""
    """The enumeration that a standard unit belongs to."""
    cotypes: list[str] = field(default_factory=list)
    """Identifiers of the types beside its class."""
    undefined_types: list[str] = field(default_factory=list)
    """Types that no known context defines, as they were written."""
    values: dict[str, JsonValue] = field(default_factory=dict)
    """Literal and identifier properties. Texts for people are objects by language."""
    references: dict[str, list[str]] = field(default_factory=dict)
    """Element properties: identifiers in the order of the document."""
    undefined_properties: JsonObject = field(default_factory=dict)
    """Properties that no known type defines, as they were written."""
    limits: str = ""
    source: Node | None = None

    @property
    def kind(self) -> str:
        """The name of its class."""
        return self.model_class.name

    @property
    def version(self) -> int:
        """The language version it is written in."""
        return self.model_class.version

    @property
    def name(self) -> str:
        """Its `name`, empty where it has none."""
        name = self.values.get("name")
        return name if isinstance(name, str) else ""

    def is_a(self, class_name: str) -> bool:
        """Whether its class is `class_name` or one below."""
        return class_name in self.model_class.ancestors

    def reference(self, property_name: str) -> str:
        """The first identifier that a property refers to, empty when none."""
        found = self.references.get(property_name)
        return found[0] if found else ""


@dataclass
class Model:
    """All elements of what was parsed together."""

    elements: dict[str, Element] = field(default_factory=dict)

    def __getitem__(self, identifier: str) -> Element:
        element = self.get(identifier)
        if element is None:
            raise KeyError(identifier)
        return element

    def __contains__(self, identifier: str) -> bool:
        return self.get(identifier) is not None

    def get(self, identifier: str) -> Element | None:
        """The element, or None."""
        return self.elements.get(identifier) or standard_elements().get(canonical_id(identifier))

    def interfaces(self) -> Iterator[Element]:
        """The Interfaces, in the order of the documents."""
        return (element for element in self.elements.values() if element.kind == "Interface")

    def contents(self, interface: Element) -> dict[str, Element]:
        """Everything that an Interface offers by name, inherited contents included."""
        found: dict[str, Element] = {}
        waiting, seen = [interface.id], set[str]()
        while waiting:
            identifier = waiting.pop(0)
            if identifier in seen or identifier not in self:
                continue
            seen.add(identifier)
            element = self[identifier]
            for reference in element.references.get("contents", []):
                content = self[reference]
                found.setdefault(content.name, content)
            waiting += element.references.get("extends", [])
        return found


def canonical_id(identifier: str) -> str:
    """The identifier of the same primitive in the oldest version that has it: v3's `double` is v2's."""
    return _aliases().get(identifier, identifier)


@cache
def _aliases() -> dict[str, str]:
    aliases = {}
    for name in PRIMITIVES:
        versions = [version for version in VERSIONS if name in LANGUAGES[version].classes]
        for version in versions[1:]:
            aliases[primitive_id(name, version)] = primitive_id(name, versions[0])
    return aliases


@cache
def standard_elements() -> dict[str, Element]:
    """The elements that the language itself defines, by identifier."""
    elements = [*_primitives(), *_units(), *_schemas()]
    return {element.id: element for element in elements}


def _primitives() -> Iterator[Element]:
    for version in VERSIONS:
        classes = LANGUAGES[version].classes
        for name in sorted(PRIMITIVES & classes.keys()):
            identifier = primitive_id(name, version)
            if canonical_id(identifier) == identifier:
                yield Element(identifier, classes[name])
        for name in ("asynchronous", "synchronous"):
            yield Element(command_type_id(name, version), classes["CommandType"])


def _units() -> Iterator[Element]:
    for context, units in UNITS.items():
        families = {**units, **{family: prefixes(context, family) for family in PREFIXES}}
        for family, members in families.items():
            name = prefix_id if family in PREFIXES else unit_id
            identifiers = {member: name(context, member) for member in members}
            yield from (
                _family_v2(family, identifiers)
                if context == CONTEXT_V2
                else _family(family_id(context, family), identifiers, 3 if context.endswith(";1") else 4)
            )


def _family_v2(family: str, members: dict[str, str]) -> Iterator[Element]:
    """Units of v2 are elements of class Unit, told apart by their co-type."""
    member_class = LANGUAGES[2].classes["UnitAttribute" if family in PREFIXES else "Unit"]
    for identifier in members.values():
        yield Element(identifier, member_class, cotypes=[f"dtmi:standard:class:{family};2"])


def _family(enumeration: str, members: dict[str, str], version: int) -> Iterator[Element]:
    """Units of the extension are the values of one Enum a family."""
    classes = LANGUAGES[version].classes
    references = {"enumValues": list(members.values()), "valueSchema": [primitive_id("String", 2)]}
    yield Element(enumeration, classes["Enum"], references=references)
    for member, identifier in members.items():
        values: dict[str, JsonValue] = {"name": member, "enumValue": member}
        yield Element(identifier, classes["EnumValue"], family=enumeration, values=values)


_COORDINATE_LEVELS = {
    "point": 1,
    "multiPoint": 2,
    "lineString": 2,
    "multiLineString": 3,
    "polygon": 3,
    "multiPolygon": 4,
}
"""Shape → how many arrays are nested around its numbers (RFC 7946, section 3.1)."""


def _schemas() -> Iterator[Element]:
    for version in VERSIONS:
        double = primitive_id("Double", 2)
        base = "dtmi:standard:schema:geospatial"
        array = LANGUAGES[version].classes["Array"]
        for level in range(1, 5):
            below = double if level == 1 else f"{base}:coordinates{level - 1};{version}"
            identifier = f"{base}:coordinates{level};{version}"
            yield Element(identifier, array, references={"elementSchema": [below]})
        for shape in SHAPES:
            coordinates = f"{base}:coordinates{_COORDINATE_LEVELS[shape]};{version}"
            type_id = f"{base}:{shape}Type;{version}"
            yield from _constant(type_id, version, shape)
            yield from _object(
                shape_id(shape, version), version, {"type": type_id, "coordinates": coordinates}
            )
    for name, axes in (("geopoint", ("lat", "lon", "alt")), ("vector", ("x", "y", "z"))):
        yield from _object(
            f"dtmi:iotcentral:schema:{name};2", 2, dict.fromkeys(axes, primitive_id("Double", 2))
        )
    scaled = {"scale": primitive_id("Short", 4), "value": primitive_id("Decimal", 4)}
    yield from _object("dtmi:standard:schema:scaledDecimal;4", 4, scaled)


def _object(identifier: str, version: int, fields: dict[str, str]) -> Iterator[Element]:
    path, _, suffix = identifier.partition(";")
    classes = LANGUAGES[version].classes
    members = [f"{path}:{name};{suffix}" for name in fields]
    yield Element(identifier, classes["Object"], references={"fields": members})
    for member, (name, schema) in zip(members, fields.items(), strict=True):
        yield Element(member, classes["Field"], values={"name": name}, references={"schema": [schema]})


def _constant(identifier: str, version: int, shape: str) -> Iterator[Element]:
    """An Enum with one value, the shape's name in GeoJSON: `multiPoint` → "MultiPoint"."""
    classes = LANGUAGES[version].classes
    path, _, suffix = identifier.partition(";")
    member = f"{path}:{shape};{suffix}"
    references = {"enumValues": [member], "valueSchema": [primitive_id("String", 2)]}
    yield Element(identifier, classes["Enum"], references=references)
    values: dict[str, JsonValue] = {"name": shape, "enumValue": shape[0].upper() + shape[1:]}
    yield Element(member, classes["EnumValue"], values=values)
