"""Types that may be added to an element beside its class: semantic types and the types of the extensions.

Sources: the language descriptions' chapters on extensions (annotation, historization, mqtt, overriding,
quantitativeTypes, requirement, iotcentral, iotoperations). To add an extension, add its rows here.
"""

from collections.abc import Iterator

from holdfast.devices.dtdl.language.classes import CLASS_NAMES, LANGUAGES, NAME_PATTERN
from holdfast.devices.dtdl.language.mqtt import mqtt_cotypes
from holdfast.devices.dtdl.language.quantities import CONTEXT_V2, EXTENSION, PREFIXES, QUANTITIES, UNITS
from holdfast.devices.dtdl.language.rules import (
    VERSIONS,
    Cotype,
    CotypeKind,
    Form,
    Limit,
    ParentRequirement,
    Property,
    Requirement,
    SiblingReference,
)

IOT_CENTRAL = "dtmi:iotcentral:context;2"
IOT_OPERATIONS = "dtmi:iotoperations:context;4"

_SINCE_3 = frozenset({3, 4})
_FIELDS = frozenset({"CommandRequest", "CommandResponse", "Field", "MapValue", "Property", "Telemetry"})
_VALUES = frozenset({"Property", "Telemetry"})
_NUMERIC = (Requirement("schema", classes=frozenset({"NumericSchema"})),)


def _abstract() -> Iterator[Cotype]:
    """The roots of the hierarchy, which no element may name."""
    for version in VERSIONS:
        context = f"dtmi:dtdl:context;{version}"
        names = ("SemanticType", "SemanticUnit") + (("AdjunctType",) if version > 2 else ())
        for name in names:
            yield Cotype(
                f"dtmi:dtdl:class:{name};{version}",
                name,
                context,
                CotypeKind.ADJUNCT,
                CLASS_NAMES,
                frozenset(VERSIONS),
                abstract=True,
            )
        if version > 2:
            target = Property(
                "aliasFor",
                Form.ELEMENT,
                "Entity",
                required=True,
                min_count=1,
                identifier=f"dtmi:dtdl:property:aliasFor;{version}",
            )
            yield Cotype(
                f"dtmi:dtdl:class:Alias;{version}",
                "Alias",
                context,
                CotypeKind.ADJUNCT,
                frozenset(LANGUAGES[version].classes) - {"CommandPayload"},
                frozenset({version}),
                properties=(target,),
            )


def _quantities_v2() -> Iterator[Cotype]:
    """Semantic types of v2, whose units are elements of class Unit."""

    def unit_type(name: str, kind: CotypeKind, *properties: Property, on: str = "") -> Cotype:
        return Cotype(
            f"dtmi:standard:class:{name};2",
            name,
            CONTEXT_V2,
            kind,
            frozenset({on}) if on else frozenset(),
            frozenset({2}) if on else frozenset(),
            properties=properties,
        )

    def part(name: str, target: str, *, cotype: str = "", required: bool = True) -> Property:
        types = frozenset({f"dtmi:standard:class:{cotype};2"}) if cotype else frozenset[str]()
        return Property(
            name, Form.ELEMENT, target, required, types=types, identifier=f"dtmi:dtdl:property:{name};2"
        )

    symbol = Property("symbol", Form.STRING, required=True, identifier="dtmi:dtdl:property:symbol;2")
    exponent = Property("exponent", Form.INTEGER, required=True, identifier="dtmi:dtdl:property:exponent;2")
    yield Cotype(
        "dtmi:standard:class:QuantitativeType;2",
        "QuantitativeType",
        CONTEXT_V2,
        CotypeKind.SEMANTIC,
        _VALUES,
        frozenset({2}),
        abstract=True,
    )
    for quantity, family in QUANTITIES[CONTEXT_V2].items():
        yield Cotype(
            f"dtmi:standard:class:{quantity};2",
            quantity,
            CONTEXT_V2,
            CotypeKind.SEMANTIC,
            _VALUES,
            frozenset({2}),
            properties=(part("unit", "Unit", cotype=family),),
            requirements=_NUMERIC,
        )
    for family in UNITS[CONTEXT_V2]:
        yield unit_type(family, CotypeKind.UNIT)
    for family in PREFIXES:
        yield unit_type(family, CotypeKind.UNIT_ATTRIBUTE, exponent, symbol)
        scaled = family.replace("Prefix", "Unit")
        prefix = part("prefix", "UnitAttribute", cotype=family, required=False)
        yield unit_type(scaled, CotypeKind.ADJUNCT, part("baseUnit", "Unit"), prefix, on="Unit")
    ratio = (part("bottomUnit", "Unit"), part("topUnit", "Unit"))
    yield unit_type("RatioUnit", CotypeKind.ADJUNCT, *ratio, on="Unit")


def _quantities_extension(number: int) -> Iterator[Cotype]:
    """Semantic types of the quantitativeTypes extension, whose units are values of standard enumerations."""
    context = f"{EXTENSION};{number}"
    base = f"{EXTENSION}:v{number}"
    version = 3 if number == 1 else 4

    def property_id(name: str) -> str:
        inherited = name in {"symbol", "exponent"}
        return f"dtmi:dtdl:property:{name};{version}" if inherited else f"{base}:property:{name}"

    def part(name: str, family: str = "", *, required: bool = True) -> Property:
        return Property(
            name,
            Form.ELEMENT,
            "EnumValue",
            required,
            family=f"{base}:enum:{family}" if family else "",
            identifier=property_id(name),
        )

    def adjunct(name: str, *properties: Property) -> Cotype:
        return Cotype(
            f"{base}:class:{name}",
            name,
            context,
            CotypeKind.ADJUNCT,
            frozenset({"EnumValue"}),
            frozenset({version}),
            properties=properties,
        )

    symbol = Property("symbol", Form.STRING, required=True, identifier=property_id("symbol"))
    exponent = Property("exponent", Form.INTEGER, required=True, identifier=property_id("exponent"))
    yield Cotype(
        f"{base}:class:QuantitativeType",
        "QuantitativeType",
        context,
        CotypeKind.SEMANTIC,
        _FIELDS,
        frozenset({version}),
        abstract=True,
    )
    for quantity, family in QUANTITIES[context].items():
        yield Cotype(
            f"{base}:class:{quantity}",
            quantity,
            context,
            CotypeKind.SEMANTIC,
            _FIELDS,
            frozenset({version}),
            properties=(part("unit", family),),
            requirements=_NUMERIC,
        )
    yield adjunct("SymbolicUnit", symbol)
    yield adjunct("UnitPrefix", exponent, symbol)
    yield adjunct("BinaryUnit", part("baseUnit"), part("prefix", "BinaryPrefix", required=False))
    yield adjunct("DecimalUnit", part("baseUnit"), part("prefix", "DecimalPrefix", required=False))
    yield adjunct("RatioUnit", part("bottomUnit"), part("topUnit"))


def _iot_central() -> Iterator[Cotype]:
    def semantic(name: str, requirement: Requirement, *properties: Property) -> Cotype:
        return Cotype(
            f"dtmi:iotcentral:class:{name};2",
            name,
            IOT_CENTRAL,
            CotypeKind.SEMANTIC,
            _VALUES,
            frozenset({2}),
            properties=properties,
            requirements=(requirement,),
        )

    def unit(family: str) -> Property:
        return Property(
            "unit",
            Form.ELEMENT,
            "Unit",
            types=frozenset({f"dtmi:standard:class:{family};2"}),
            identifier="dtmi:dtdl:property:unit;2",
        )

    vector = Requirement("schema", values=frozenset({"dtmi:iotcentral:schema:vector;2"}))
    places = frozenset(
        f"dtmi:standard:schema:geospatial:{shape};2"
        for shape in ("point", "multiPoint", "lineString", "multiLineString", "polygon", "multiPolygon")
    ) | {"dtmi:iotcentral:schema:geopoint;2"}
    yield semantic("AccelerationVector", vector, unit("AccelerationUnit"))
    yield semantic("VelocityVector", vector, unit("VelocityUnit"))
    yield semantic("Event", Requirement("schema", classes=frozenset({"NumericSchema", "String"})))
    yield semantic("State", Requirement("schema", classes=frozenset({"Enum"})))
    yield semantic("Location", Requirement("schema", values=places))


def _annotation(number: int) -> Iterator[Cotype]:
    base = f"dtmi:dtdl:extension:annotation:v{number}:ValueAnnotation"
    annotates = Property("annotates", Form.STRING, required=True, min_count=1, identifier=f"{base}:annotates")
    yield Cotype(
        base,
        "ValueAnnotation",
        f"dtmi:dtdl:extension:annotation;{number}",
        CotypeKind.ADJUNCT,
        _VALUES,
        frozenset({3}) if number == 1 else _SINCE_3,
        properties=(annotates,),
        siblings=(SiblingReference("annotates", _VALUES, disallowed=base),),
    )
    override = f"dtmi:dtdl:extension:overriding:v{number}:Override"
    overrides = Property(
        "overrides", Form.IRI, required=True, min_count=1, identifier=f"{override}:overrides"
    )
    yield Cotype(
        override,
        "Override",
        f"dtmi:dtdl:extension:overriding;{number}",
        CotypeKind.ADJUNCT,
        frozenset({"Property"}),
        frozenset({3}) if number == 1 else _SINCE_3,
        properties=(overrides,),
        siblings=(SiblingReference("annotates", _VALUES, overrides="overrides"),),
        needs=frozenset({base}),
    )


def _simple(extension: str, number: int, name: str, *classes: str) -> Cotype:
    return Cotype(
        f"dtmi:dtdl:extension:{extension}:v{number}:{name}",
        name,
        f"dtmi:dtdl:extension:{extension};{number}",
        CotypeKind.ADJUNCT,
        frozenset(classes),
        frozenset({3}) if number == 1 and extension != "requirement" else _SINCE_3,
    )


def _iot_operations() -> Iterator[Cotype]:
    def cotype(
        name: str,
        *classes: str,
        properties: tuple[Property, ...] = (),
        requirements: tuple[Requirement, ...] = (),
        parent: ParentRequirement | None = None,
        excludes: str = "",
    ) -> Cotype:
        return Cotype(
            own(name),
            name,
            IOT_OPERATIONS,
            CotypeKind.ADJUNCT,
            frozenset(classes),
            frozenset({4}),
            properties=properties,
            requirements=requirements,
            parents=(parent,) if parent else (),
            excludes=frozenset({own(excludes)}) if excludes else frozenset(),
        )

    def own(name: str) -> str:
        return f"dtmi:iotoperations:class:{name};4"

    def value(
        name: str, form: Form, *, required: bool = True, pattern: str = "", conforms: str = ""
    ) -> Property:
        return Property(
            name,
            form,
            required=required,
            min_count=int(required),
            max_length=Limit(128) if form is Form.STRING else None,
            pattern=pattern,
            instance_of=conforms,
            identifier=f"dtmi:iotoperations:property:{name};4",
        )

    bounds = tuple(
        value(name, Form.NUMERIC, required=False, conforms="schema") for name in ("maximum", "minimum")
    )
    yield cotype("Composite", "Interface", properties=(value("ontology", Form.STRING),), excludes="Event")
    yield cotype(
        "Congruence",
        *("Array", "Enum", "Interface", "Map", "Object"),
        properties=(value("typeRef", Form.STRING),),
    )
    yield cotype("Detail", "Object")
    yield cotype("Event", "Interface")
    group = value("group", Form.STRING, pattern=NAME_PATTERN)
    yield cotype("GroupMember", "Command", properties=(group,))
    yield cotype("HasCapability", "Relationship", excludes="HasComponent")
    yield cotype("HasComponent", "Relationship")
    yield cotype("Limited", *_FIELDS, properties=bounds, requirements=_NUMERIC)
    places = value("decimalPlaces", Form.INTEGER)
    yield cotype("Precise", *_FIELDS, properties=(places,), requirements=_NUMERIC)
    yield cotype(
        "Qualified",
        *("Command", "Component", "Field", "Property", "Relationship", "Telemetry"),
        properties=(value("namespace", Form.STRING),),
    )
    factor = value("scaleFactor", Form.NUMERIC, conforms="schema")
    yield cotype("ScaledStatically", *_FIELDS, properties=(factor,), requirements=_NUMERIC)
    subject = ParentRequirement("fields", frozenset({own("Detail")}), none_other=own("Subject"))
    yield cotype("Subject", "Field", parent=subject)


def _all() -> Iterator[Cotype]:
    yield from _abstract()
    yield from _quantities_v2()
    for number in (1, 2, 3):
        yield from _quantities_extension(number)
    yield from _iot_central()
    for number in (1, 2):
        yield from _annotation(number)
        yield _simple("historization", number, "Historized", "Property", "Telemetry")
    yield _simple("requirement", 1, "Required", "Field")
    yield _simple("requirement", 2, "Required", "Field", "Property")
    for number in (1, 2, 3, 4):
        yield from mqtt_cotypes(number)
    yield from _iot_operations()


COTYPES = {cotype.identifier: cotype for cotype in _all()}
"""Identifier → co-type."""
