"""What the parser makes of good models, and what it says of bad ones."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.devices.dtdl.parser import Options, examine, parse, parse_text
from holdfast.devices.dtdl.problems import MAXIMUM_PROBLEMS, MESSAGES, DtdlError
from holdfast.kernel.json import JsonObject, JsonValue
from tests.devices.dtdl.samples import PUMP, interface, nested_objects, property_, telemetry

QUANTITIES = "dtmi:dtdl:extension:quantitativeTypes;1"


def kinds(*documents: JsonValue, options: Options | None = None) -> list[str]:
    verdict = examine(documents, options or Options())
    return [problem.kind for problem in verdict.problems]


def test_a_model_offers_its_contents_by_name_inherited_ones_included() -> None:
    model = parse([PUMP])
    pump = model["dtmi:plant:Pump;2"]
    assert set(model.contents(pump)) == {
        "pressure",
        "mode",
        "place",
        "target",
        "owner",
        "flush",
        "motor",
        "serial",
    }
    assert [one.id for one in model.interfaces()] == [
        "dtmi:plant:Pump;2",
        "dtmi:plant:Motor;1",
        "dtmi:plant:Thing;1",
    ]


def test_elements_without_id_get_one_from_their_place() -> None:
    model = parse([PUMP])
    request = model["dtmi:plant:Pump:_contents:__flush:_request;2"]
    assert (request.kind, request.name) == ("CommandPayload", "seconds")
    assert request.reference("schema") == "dtmi:dtdl:instance:Schema:integer;2"


def test_cotypes_and_what_nobody_defines_are_kept() -> None:
    model = parse([PUMP])
    contents = model.contents(model["dtmi:plant:Pump;2"])
    assert contents["pressure"].cotypes == ["dtmi:standard:class:Pressure;2"]
    assert contents["owner"].undefined_types == ["Cloud", "StringValue"]
    assert contents["owner"].undefined_properties == {"shown": 1}
    assert contents["target"].values["writable"] is True


def test_texts_are_kept_by_language() -> None:
    assert parse([PUMP])["dtmi:plant:Pump;2"].values["displayName"] == {"en": "Pump", "fr": "Pompe"}
    plain = parse([interface(displayName="Pump")])
    assert plain["dtmi:plant:Pump;1"].values["displayName"] == {"en": "Pump"}


def test_identifiers_may_stand_for_terms() -> None:
    content: JsonObject = {
        "@type": "dtmi:dtdl:class:Telemetry;3",
        "dtmi:dtdl:property:name;3": "pressure",
        "dtmi:dtdl:property:schema;3": "dtmi:dtdl:instance:Schema:double;3",
    }
    model = parse([interface(content)])
    assert model.contents(model["dtmi:plant:Pump;1"])["pressure"].kind == "Telemetry"


def test_units_belong_to_their_quantity() -> None:
    good = telemetry(unit="bar") | {"@type": ["Telemetry", "Pressure"]}
    bad = good | {"unit": "metre"}
    assert kinds(interface(good, extensions=[QUANTITIES])) == []
    assert kinds(interface(bad, extensions=[QUANTITIES])) == ["wrongParent"]
    assert kinds(interface(good, version=2)) == []
    assert kinds(interface(bad, version=2)) == ["notRequiredType"]


def test_a_v3_model_may_use_v2_interfaces_and_not_the_reverse() -> None:
    old = interface(telemetry(), version=2, identifier="dtmi:plant:Thing;1")
    new = interface(telemetry("flow"), extends="dtmi:plant:Thing;1")
    assert kinds(old, new) == []
    old = interface(version=2, extends="dtmi:plant:Thing;1")
    new = interface(identifier="dtmi:plant:Thing;1")
    assert kinds(old, new) == ["disallowedVersionReference"]


def test_a_resolver_is_asked_for_what_is_missing() -> None:
    asked: list[tuple[str, ...]] = []

    def resolver(wanted: tuple[str, ...]) -> list[JsonValue]:
        asked.append(wanted)
        return [interface(telemetry(), identifier="dtmi:plant:Thing;1")]

    model = parse([interface(extends="dtmi:plant:Thing;1")], resolver=resolver)
    assert asked == [("dtmi:plant:Thing;1",)]
    assert "pressure" in model.contents(model["dtmi:plant:Pump;1"])


def test_a_resolver_that_leads_nowhere_is_given_up() -> None:
    asked: list[tuple[str, ...]] = []

    def resolver(wanted: tuple[str, ...]) -> list[JsonValue]:
        asked.append(wanted)
        number = len(asked)
        return [
            interface(identifier=f"dtmi:plant:Thing{number};1", extends=f"dtmi:plant:Thing{number + 1};1")
        ]

    with pytest.raises(DtdlError):
        parse([interface(extends="dtmi:plant:Thing1;1")], resolver=resolver)
    assert len(asked) < 100


ENUM: JsonObject = {"@type": "Enum", "valueSchema": "integer", "enumValues": []}
MAP: JsonObject = {
    "@type": "Map",
    "mapKey": {"name": "key", "schema": "string"},
    "mapValue": {"name": "value", "schema": "double"},
}
COMPONENT: JsonObject = {"@type": "Component", "name": "part", "schema": "dtmi:plant:Part;1"}
LEAF = interface(identifier="dtmi:plant:Leaf;1")
PART = interface(
    COMPONENT | {"name": "deeper", "schema": "dtmi:plant:Leaf;1"}, identifier="dtmi:plant:Part;1"
)
RECURSIVE: JsonObject = MAP | {
    "@id": "dtmi:plant:M;1",
    "mapValue": {"name": "value", "schema": "dtmi:plant:M;1"},
}
BASE = interface(telemetry(), identifier="dtmi:plant:Base;1")

REFUSED: list[tuple[str, JsonValue]] = [
    ("notJsonObject", 626),
    ("missingContext", {"@id": "dtmi:plant:Pump;1", "@type": "Interface"}),
    ("emptyContext", interface() | {"@context": []}),
    ("missingDtdlContext", interface() | {"@context": "dtmi:iotcentral:context;2"}),
    ("invalidContext", interface() | {"@context": [None]}),
    ("disallowedLocalContext", interface() | {"@context": ["dtmi:dtdl:context;3", {"a": "dtmi:b;1"}]}),
    ("unrecognizedContextVersion", interface() | {"@context": "dtmi:dtdl:context;9"}),
    ("disallowedContextFragment", interface() | {"@context": "dtmi:dtdl:context;3#limitless"}),
    ("dtdlContextFollowsAffiliate", interface(extensions=[QUANTITIES, "dtmi:dtdl:context;3"])),
    ("nonDtmiContextSpecifier", interface(extensions=["https://example.org/context"])),
    ("invalidContextSpecifier", interface(extensions=["dtmi:1bad;1"])),
    ("missingContextVersion", interface(extensions=["dtmi:someone:else"])),
    ("unresolvableContextVersion", interface(extensions=["dtmi:dtdl:extension:mqtt;99"])),
    ("missingTopLevelId", {"@context": "dtmi:dtdl:context;3", "@type": "Interface"}),
    ("invalidId", interface(identifier="dtmi:plant:_pump;1")),
    ("idNotString", interface(identifier=["dtmi:plant:Pump;1"])),
    ("idTooLongForType", interface(identifier=f"dtmi:{'a' * 150};1")),
    ("idTooLong", interface(identifier=f"dtmi:{'a' * 3000};1")),
    ("reservedId", interface(identifier="dtmi:dtdl:Pump;1")),
    ("duplicateDefinition", [interface(), interface()]),
    ("typeNotRootable", interface() | {"@type": "Telemetry"}),
    ("missingTypes", {"@context": "dtmi:dtdl:context;3", "@id": "dtmi:plant:Pump;1"}),
    ("badType", interface(telemetry() | {"@type": "Field"})),
    ("badType", interface({"@type": "Relationship", "name": "to", "properties": [telemetry()]})),
    ("badType", interface(telemetry(schema="metre"), extensions=[QUANTITIES])),
    ("multipleMaterialTypes", interface(telemetry() | {"@type": ["Telemetry", "Property"]})),
    ("typeUndefinedTerm", interface(telemetry() | {"@type": ["Telemetry", "Whatever"]})),
    ("typeInvalidDtmi", interface(telemetry() | {"@type": ["Telemetry", "dtmi:1;1"]})),
    ("typeNotDtmiNorTerm", interface(telemetry() | {"@type": ["Telemetry", "http://a/b"]})),
    ("typeIrrelevantDtmiOrTerm", interface(telemetry() | {"@type": ["Telemetry", "displayName"]})),
    ("abstractSupplementalType", interface(telemetry() | {"@type": ["Telemetry", "SemanticType"]})),
    (
        "invalidCotype",
        interface({"@type": ["Command", "Pressure"], "name": "c"}, extensions=[QUANTITIES]),
    ),
    (
        "missingCocotype",
        interface(
            {"@type": ["Command", "Cacheable"], "name": "c", "ttl": "PT5M"},
            extensions=["dtmi:dtdl:extension:mqtt;1"],
        ),
    ),
    (
        "missingSupplementalObjectProperty",
        interface(telemetry() | {"@type": ["Telemetry", "Mass"]}, version=2),
    ),
    ("duplicatePropertyName", interface(telemetry() | {"dtmi:dtdl:property:name;3": "pressure"})),
    ("propertyUndefinedTerm", interface(telemetry(whatever=1))),
    ("propertyIrrelevantDtmiOrTerm", interface(telemetry(writable=True))),
    ("propertyNotDtmiNorTerm", interface(telemetry() | {"http://a/b": 1})),
    ("propertyInvalidDtmi", interface(telemetry() | {"dtmi:1;1": 1})),
    ("noTypeThatAllows", interface(telemetry(whatever=1), version=2)),
    ("missingLiteralProperty", interface({"@type": "Telemetry", "schema": "double"})),
    ("missingObjectProperty", interface({"@type": "Telemetry", "name": "pressure"})),
    ("badDtmiOrTerm", interface(telemetry(schema="doubel"))),
    ("refNotStringOrObject", interface(telemetry(schema=7))),
    ("refNotStringOrObject", interface(telemetry(schema=[["double"]]))),
    ("idReference", interface(extends={"@id": "dtmi:plant:Thing;1"})),
    ("objectMultipleValues", interface(telemetry(schema=["double", "float"]))),
    ("objectCountBelowMin", interface(telemetry(schema=ENUM), version=2)),
    ("objectCountAboveMax", interface(*(telemetry(f"t{number}") for number in range(301)), version=2)),
    ("stringNotString", interface(comment=7)),
    ("stringTooLong", interface(comment="a" * 513)),
    ("stringMultipleValues", interface(comment=["a", "b"])),
    ("stringInvalid", interface(telemetry("_pressure"))),
    ("valueObjectInvalidProp", interface(comment={"@value": "a", "value": "a"})),
    ("literalTypeNotSingular", interface(comment={"@value": "a", "@type": ["xsd:string", "xsd:string"]})),
    ("booleanNotBoolean", interface(property_(writable="yes"))),
    ("booleanTypeNotBoolean", interface(property_(writable={"@value": True, "@type": "xsd:string"}))),
    ("valueNotExact", interface({"@type": "Relationship", "name": "to", "minMultiplicity": 1})),
    ("valueBelowMin", interface({"@type": "Relationship", "name": "to", "maxMultiplicity": 0})),
    ("identifierNotDtmi", interface({"@type": "Relationship", "name": "to", "target": "nowhere"})),
    ("langStringInvalidCode", interface(displayName={"english": "Pump"})),
    ("langStringElementCodeNotUnique", interface(displayName=["Pump", {"@value": "P", "@language": "en"}])),
    ("langTagValueInLangMap", interface(displayName={"@value": "Pump", "@language": "en"})),
    ("langStringValueTooLong", interface(displayName="a" * 65, version=2)),
    ("nonUniquePropertyValue", interface(telemetry(), property_("pressure"))),
    (
        "nonConformantDatatype",
        interface(telemetry(schema=ENUM | {"enumValues": [{"name": "a", "enumValue": "x"}]})),
    ),
    ("nonUniqueImportedPropertyValue", [interface(telemetry(), extends="dtmi:plant:Base;1"), BASE]),
    ("excessiveDepthWide", interface(telemetry(schema=nested_objects(7)))),
    ("recursiveStructureNarrow", interface(extends="dtmi:plant:Pump;1")),
    ("recursiveStructureWide", interface(telemetry(schema=RECURSIVE))),
    ("excludedType", interface(property_(schema={"@type": "Array", "elementSchema": "double"}), version=2)),
    ("excludedType", [interface(COMPONENT), PART, LEAF]),
    ("partitionTooLarge", interface(*(telemetry(f"t{n}", comment="a" * 512) for n in range(2000)))),
    ("keywordDisallowed", interface(telemetry() | {"@reverse": 1})),
    ("topLevelGraphDisallowed", interface() | {"@graph": []}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "document"), REFUSED, ids=[kind for kind, _ in REFUSED])
def test_a_bad_model_is_refused_with_the_kind_of_mistake(kind: str, document: JsonValue) -> None:
    assert kind in kinds(document, options=Options(allow_undefined_extensions=False))


def test_every_message_can_be_written() -> None:
    for message in MESSAGES.values():
        assert message.format(property="p", value="v", limit=1, detail="d")


def test_a_problem_names_its_place() -> None:
    verdict = examine([interface(telemetry(), telemetry("_flow"))])
    (problem,) = verdict.problems
    assert problem.pointer == "/contents/1/name"
    assert problem.identifier == "dtmi:dtdl:parsingError:stringInvalid"
    assert "_flow" in problem.message


def test_the_error_counts_what_else_is_wrong() -> None:
    with pytest.raises(DtdlError, match="and 1 more"):
        parse([interface(telemetry("_a"), telemetry("_b"))])


def test_reports_about_a_hostile_document_are_bounded() -> None:
    verdict = examine([interface(*(telemetry(f"_{number}") for number in range(5000)))])
    assert len(verdict.problems) == MAXIMUM_PROBLEMS


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 500 + b"1" + b"}" * 500])
def test_text_that_is_no_model_is_refused(text: bytes) -> None:
    with pytest.raises(DtdlError):
        parse_text(text)


def test_long_chains_cost_no_stack() -> None:
    chain = [
        interface(identifier=f"dtmi:plant:T{number};1", extends=f"dtmi:plant:T{number + 1};1")
        for number in range(3000)
    ]
    last = interface(identifier="dtmi:plant:T3000;1")
    assert "excessiveDepthNarrow" in kinds(*chain, last)


words = st.sampled_from(
    ["@id", "@type", "@context", "name", "schema", "contents", "Interface", "Telemetry", "double", "dtmi:a;1",
     "dtmi:dtdl:context;2", "dtmi:dtdl:context;3", "extends", "fields", "Object", "Enum", "@value", "unit"]
)  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=25,
)


@given(anything)
def test_any_document_gets_a_verdict(document: JsonValue) -> None:
    examine([document])


@settings(max_examples=150)
@given(st.dictionaries(words, anything, max_size=4), st.integers(2, 4))
def test_any_change_of_a_model_gets_a_verdict(change: dict[str, JsonValue], version: int) -> None:
    examine([interface(telemetry() | change, version=version) | {"extends": change.get("extends", [])}])
