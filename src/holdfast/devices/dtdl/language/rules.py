"""The words in which the tables of this folder describe the language: classes, properties, limits.

DTDL is described by a metamodel: classes with properties, and types that may be added to an element beside
its class ("co-types"). The tables state it as data; the parser reads the tables.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

VERSIONS = (2, 3, 4)
"""The language versions, as the major version of the context `dtmi:dtdl:context;N`."""


class Form(StrEnum):
    """What a property's values look like in JSON."""

    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMERIC = "numeric"
    DURATION = "duration"
    LANGUAGE_STRING = "langString"
    LITERAL = "literal"
    """A string, number or boolean; another property says which."""
    JSON = "json"
    IDENTIFIER = "identifier"
    """A DTMI that needs not be defined."""
    IRI = "iri"
    """An identifier or a term, such as the name of another property."""
    ELEMENT = "element"
    """An element in place, or the identifier of one."""


class Limit(NamedTuple):
    """A number that a limit context may raise (`dtmi:dtdl:limits:…`, DTDL v4 only)."""

    usual: int
    extended: tuple[tuple[str, int], ...] = ()
    """Limit context → value."""

    def under(self, context: str) -> int:
        """The limit where `context` (empty for none) applies."""
        return dict(self.extended).get(context, self.usual)


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a class in one language version, or of a co-type."""

    name: str
    form: Form
    target: str = ""
    """The class of the values of an ELEMENT property."""
    required: bool = False
    plural: bool = False
    min_count: int = 0
    max_count: int | None = None
    max_length: Limit | None = None
    pattern: str = ""
    minimum: int | None = None
    maximum: int | None = None
    id_required: bool = False
    type_required: bool = True
    standard: frozenset[str] = frozenset()
    """Narrows `target`: the standard elements of these classes alone (`integer` and `string` for enums)."""
    versions: frozenset[int] = frozenset()
    """The language versions that an element value may have; empty for any."""
    unique: tuple[str, ...] = ()
    """Properties of the values that must differ among them."""
    segment: str = ""
    """The property of a value from which its generated identifier is made."""
    family: str = ""
    """The identifier of the enumeration that the value must belong to (units of v3 and later)."""
    types: frozenset[str] = frozenset()
    """Co-types of which the value must have one (units of v2)."""
    distinct: bool = False
    """The value differs from those of the siblings."""
    instance_of: str = ""
    """The property whose schema the value must conform to."""
    identifier: str = ""
    """The property's own DTMI."""


@dataclass(frozen=True, slots=True)
class Class:
    """A material class in one language version."""

    name: str
    version: int
    ancestors: frozenset[str]
    """Names of the class and all above it."""
    abstract: bool
    properties: dict[str, Property]
    type_optional: bool
    """Whether `@type` may be left out where the property says what is meant."""

    @property
    def identifier(self) -> str:
        """The class's DTMI."""
        return f"dtmi:dtdl:class:{self.name};{self.version}"


class CotypeKind(StrEnum):
    """What a co-type does to the element that has it."""

    ADJUNCT = "adjunct"
    SEMANTIC = "semantic"
    UNIT = "Unit"
    """Makes the element a Unit (v2)."""
    UNIT_ATTRIBUTE = "UnitAttribute"
    LATENT = "LatentType"
    NAMED_LATENT = "NamedLatentType"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What the value of a property must be where a co-type is present."""

    property: str
    classes: frozenset[str] = frozenset()
    """Class names of which the value must be one."""
    cotypes: frozenset[str] = frozenset()
    """Co-types of which the value must have one."""
    values: frozenset[str] = frozenset()
    """Identifiers of which the value must be one."""


@dataclass(frozen=True, slots=True)
class ParentRequirement:
    """What the element that refers to this one through `property` must be."""

    property: str
    cotypes: frozenset[str]
    """Co-types of which the parent must have one."""
    none_other: str = ""
    """A co-type that no sibling may have."""
    some_other: str = ""
    """A co-type that some sibling must have."""


@dataclass(frozen=True, slots=True)
class SiblingReference:
    """A property whose value names a sibling (`annotates` of the annotation extension)."""

    property: str
    classes: frozenset[str]
    disallowed: str = ""
    """A co-type that the sibling must not have."""
    overrides: str = ""
    """A property naming what of the sibling is overridden, and which must exist on it."""


@dataclass(frozen=True, slots=True)
class Cotype:
    """A type that may stand in `@type` beside the class."""

    identifier: str
    term: str
    context: str
    kind: CotypeKind
    classes: frozenset[str]
    """Names of the classes that it may be added to."""
    versions: frozenset[int]
    abstract: bool = False
    properties: tuple[Property, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    parents: tuple[ParentRequirement, ...] = ()
    siblings: tuple[SiblingReference, ...] = ()
    needs: frozenset[str] = frozenset()
    """Co-types that must be present too."""
    excludes: frozenset[str] = frozenset()
    """Co-types that must not be present."""
    alternatives: frozenset[str] = frozenset()
    """Co-types that allow it on an element of another class."""


class Closure(NamedTuple):
    """A restriction over all that can be reached from an element through some properties."""

    root: str
    """The class it starts at."""
    properties: frozenset[str]
    narrow: bool
    """Follow only `properties`; otherwise follow all and count only these."""
    max_depth: Limit | None = None
    max_count: Limit | None = None
    exclude: str = ""
    """A class that must not be reached."""
    imported: str = ""
    """A property whose values, with their names, are united along the way (`contents` through `extends`)."""
    allow_self: bool = False


@dataclass(frozen=True, slots=True)
class Language:
    """One version of the language."""

    version: int
    classes: dict[str, Class] = field(default_factory=dict)
    closures: tuple[Closure, ...] = ()
    max_partition_bytes: Limit | None = None
    restricts_keywords: bool = True
    """Whether JSON-LD keywords without a meaning here are refused."""
    lenient_names: bool = False
    """Whether properties and types that nobody defines are accepted (v2)."""
    allows_limits: bool = False
    """Whether `@context` may hold limit contexts."""


def versioned(rule: Property, version: int) -> Property:
    """The rule with its identifier for one language version."""
    return replace(rule, identifier=f"dtmi:dtdl:property:{rule.name};{version}")
