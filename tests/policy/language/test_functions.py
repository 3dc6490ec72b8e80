import base64
import contextlib
import json
import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.policy.language.errors import DefinitionError, TemplateError
from holdfast.policy.language.evaluation.policy import Circumstances
from holdfast.policy.language.functions.table import CONTEXTUAL, FUNCTIONS, NAMING, REFUSED
from holdfast.policy.language.values import UNDEFINED, same
from tests.policy.language.build import holds, judge, policy, valve

NOTHING = UNDEFINED
TABLE: list[tuple[str, list[object], object]] = [
    ("add", [2, 3], 5),
    ("add", [-2.5, 3.5], 1),
    ("add", ["2", 3], NOTHING),
    ("addDays", ["2024-02-28T06:00:00Z", 2], "2024-03-01T06:00:00Z"),
    ("addDays", ["2024-02-28T06:00:00Z", 1.5], NOTHING),
    ("and", [True, True], True),
    ("and", [True, "true"], False),
    ("array", [7], [7]),
    ("array", [[7]], [7]),
    ("base64", ["pump"], "cHVtcA=="),
    ("base64", [7], NOTHING),
    ("base64ToJson", ["eyJhIjoxfQ=="], {"a": 1}),
    ("base64ToJson", ["cHVtcA=="], NOTHING),
    ("base64ToString", ["cHVtcA=="], "pump"),
    ("base64ToString", ["cHVt\ncA=="], "pump"),
    ("base64ToString", ["?"], NOTHING),
    ("base64ToString", ["/w=="], NOTHING),
    ("bool", ["TRUE"], True),
    ("bool", ["0"], False),
    ("bool", [2], True),
    ("bool", ["yes"], NOTHING),
    ("bool", [None], NOTHING),
    ("cidrHost", ["10.1.2.0/24", 0], "10.1.2.1"),
    ("cidrHost", ["10.1.2.0/24", 255], NOTHING),
    ("cidrSubnet", ["10.144.0.0/20", 24, 3], "10.144.3.0/24"),
    ("cidrSubnet", ["10.144.0.0/20", 24, 16], NOTHING),
    ("cidrSubnet", ["10.144.0.0/20", 19, 0], NOTHING),
    ("coalesce", [None, UNDEFINED, 0], 0),
    ("coalesce", [None], None),
    ("concat", ["valve-", 7, "-", True], "valve-7-true"),
    ("concat", [[1], [2, 3]], [1, 2, 3]),
    ("concat", [], ""),
    ("concat", ["a", [1]], NOTHING),
    ("contains", ["Pump", "UMP"], True),
    ("createArray", [1, "a"], [1, "a"]),
    ("createObject", ["a", 1, "b", None], {"a": 1, "b": None}),
    ("createObject", [[1], 1], NOTHING),
    ("dataUri", ["pump"], "data:text/plain;charset=utf8;base64,cHVtcA=="),
    ("dataUriToString", ["data:text/plain;charset=utf8;base64,cHVtcA=="], "pump"),
    ("dataUriToString", ["data:,a%20b"], "a b"),
    ("dataUriToString", ["cHVtcA=="], NOTHING),
    ("dateTimeAdd", ["2024-01-31T00:00:00Z", "P1M"], "2024-03-01T00:00:00Z"),
    ("dateTimeAdd", ["2024-01-31", "PT90S", "HH:mm:ss"], "00:01:30"),
    ("dateTimeAdd", ["2024-01-31", "1 day"], NOTHING),
    ("dateTimeFromEpoch", [1704067200], "2024-01-01T00:00:00Z"),
    ("dateTimeFromEpoch", [-1], "1969-12-31T23:59:59Z"),
    ("dateTimeFromEpoch", [1.5], NOTHING),
    ("dateTimeFromEpoch", [10**20], NOTHING),
    ("dateTimeToEpoch", ["2024-01-01T01:00:00+01:00"], 1704067200),
    ("dateTimeToEpoch", [1704067200], NOTHING),
    ("div", [7, 2], 3),
    ("div", [-7, 2], -3),
    ("div", [7, 0], NOTHING),
    ("empty", [None], True),
    ("empty", [{}], True),
    ("empty", [0], False),
    ("endsWith", ["valve.JSON", ".json"], True),
    ("endsWith", [7, "7"], NOTHING),
    ("equals", ["A", "a"], True),
    ("false", [], False),
    ("first", [[5, 6]], 5),
    ("first", [""], ""),
    ("first", [[]], None),
    ("first", [7], NOTHING),
    ("flatten", [[[1], [2, [3]], 4]], [1, 2, [3], 4]),
    ("flatten", ["a"], NOTHING),
    ("float", ["2.5"], 2.5),
    ("float", ["x"], NOTHING),
    ("format", ["{0:00000}", 1234.5678], "01235"),
    ("format", ["{0:#.##}", 0.45678], ".46"),
    ("format", ["{0:#,##0.00}", 1234567], "1,234,567.00"),
    ("format", ["{0:#,#,,}", 2147483647], "2,147"),
    ("format", ["{0:##.0 %}", 0.3697], "37.0 %"),
    ("format", ["{0:#0.0#;(#0.0#);-\\0-}", 12.345], "12.35"),
    ("format", ["{0:#0.0#;(#0.0#);-\\0-}", -12.345], "(12.35)"),
    ("format", ["{0:#0.0#;(#0.0#);-\\0-}", 0], "-0-"),
    ("format", ["{0:(###) ###-####}", 1234567890], "(123) 456-7890"),
    ("format", ["{0:# 'bar'}", 68], "68 bar"),
    ("format", ["{0:000}", -7], "-007"),
    ("format", ["{0:0.00}", -0.001], "0.00"),
    ("format", ["{0}-{1}", "a", 7], "a-7"),
    ("format", ["{{{0}}}", True], "{True}"),
    ("format", ["{0,4}|{0,-4}|", 7], "   7|7   |"),
    ("format", ["{0:D4} {0:X} {0:x2}", 10], "0010 A 0a"),
    ("format", ["{0:N1} {0:F0} {1:P1}", 1234.56, 0.25], "1,234.6 1235 25.0 %"),
    ("format", ["{0:E2}", 12345], "1.23E+004"),
    ("format", ["{0}{1}", None, [1]], "[1]"),
    ("format", [7], NOTHING),
    ("greater", [3, 2], True),
    ("greaterOrEquals", ["b", "A"], True),
    ("if", [True, 1, 2], 1),
    ("if", ["true", 1, 2], 2),
    ("indexFromEnd", [[1, 2, 3], 1], 3),
    ("indexFromEnd", ["abc", 1], NOTHING),
    ("indexOf", ["Straße 7", "E 7"], 5),
    ("indexOf", ["Straße", "SS"], 4),
    ("indexOf", ["ßs", "s"], 0),
    ("indexOf", ["abc", ""], 0),
    ("indexOf", ["abc", "z"], -1),
    ("indexOf", [["a", "b", "a"], "a"], 0),
    ("indexOf", [["a", 1], "A"], -1),
    ("int", ["-7.9"], -7),
    ("int", [True], NOTHING),
    ("int", ["٣"], NOTHING),
    ("intersection", [[1, 2, True], [True, 2]], [2, True]),
    ("intersection", [{"a": 1, "b": 2}, {"b": 2, "a": 3}], {"b": 2}),
    ("intersection", [[1], {"a": 1}], NOTHING),
    ("ipRangeContains", ["10.0.0.0/8", "10.1.0.0/16"], True),
    ("ipRangeContains", ["10.0.0.0/8", "11.0.0.1"], False),
    ("ipRangeContains", ["10.0.0.5-10.0.0.9", "10.0.0.7"], True),
    ("ipRangeContains", ["fd00::/8", "10.0.0.1"], NOTHING),
    ("ipRangeContains", ["10.0.0.0", "10.0.0.0/32"], True),
    ("ipRangeContains", ["nowhere", "10.0.0.1"], NOTHING),
    ("ipRangeContains", ["10.0.0.9-10.0.0.5", "10.0.0.7"], NOTHING),
    ("ipRangeContains", [None, 7], NOTHING),
    ("items", [{"b": 2, "a": 1}], [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
    ("items", [[1]], NOTHING),
    ("join", [[1, "a", None], "+"], "1+a+null"),
    ("join", ["a", "+"], NOTHING),
    ("json", ["{"], NOTHING),
    ("json", [1], NOTHING),
    ("json", ['{"a": [1, null]}'], {"a": [1, None]}),
    ("json", [1], NOTHING),
    ("last", ["pump"], "p"),
    ("last", [[5, 6]], 6),
    ("lastIndexOf", ["a-A-a", "A"], 4),
    ("lastIndexOf", ["abc", ""], 3),
    ("lastIndexOf", [["a", "b", "a"], "a"], 2),
    ("length", [{"a": 1, "b": 2}], 2),
    ("length", ["über"], 4),
    ("length", [7], NOTHING),
    ("less", [1, 2], True),
    ("lessOrEquals", [2, 2], True),
    ("max", [1, 3.5, 2], 3.5),
    ("max", [[1, "3"]], NOTHING),
    ("min", [[4, -2]], -2),
    ("min", [[]], NOTHING),
    ("mod", [-7, 3], -1),
    ("mod", [7, 0], NOTHING),
    ("mul", [3, -4], -12),
    ("mul", [10**30, 10**30], NOTHING),
    ("not", [False], True),
    ("not", [True], False),
    ("null", [], None),
    ("objectKeys", [{"b": 1, "a": 2}], ["a", "b"]),
    ("objectKeys", [[1]], NOTHING),
    ("or", [False, True], True),
    ("padLeft", ["7", 3, "0"], "007"),
    ("padLeft", [7, "3"], "  7"),
    ("padLeft", ["7", 10**9, "0"], NOTHING),
    ("padLeft", ["7", -1, "0"], NOTHING),
    ("parseCidr", ["10.0.0.0/30"], {
        "network": "10.0.0.0", "netmask": "255.255.255.252", "broadcast": "10.0.0.3",
        "firstUsable": "10.0.0.1", "lastUsable": "10.0.0.2", "cidr": 30,
    }),
    ("parseCidr", ["10.0.0"], NOTHING),
    ("range", [3, 2], [3, 4]),
    ("range", [3, -1], NOTHING),
    ("replace", ["a-b-c", "-", "+"], "a+b+c"),
    ("replace", ["abc", "", "+"], "abc"),
    ("replace", ["abc", 1, "+"], NOTHING),
    ("shallowMerge", [[{"a": {"x": 1}}, {"a": {"y": 2}}]], {"a": {"y": 2}}),
    ("shallowMerge", [[1]], NOTHING),
    ("skip", [[1, 2, 3], 1], [2, 3]),
    ("skip", ["abc", -1], "abc"),
    ("skip", [7, 1], NOTHING),
    ("skip", ["abc", "1"], NOTHING),
    ("split", ["a,b;c", [",", ";"]], ["a", "b", "c"]),
    ("split", ["a::b:c", [":", "::"]], ["a", "b", "c"]),
    ("split", ["abc", []], ["abc"]),
    ("split", ["abc", 1], NOTHING),
    ("startsWith", ["Valve", "vAL"], True),
    ("startsWith", [None, "a"], NOTHING),
    ("string", [{"a": [1, True]}], '{"a":[1,true]}'),
    ("string", [UNDEFINED], NOTHING),
    ("sub", [2, 5], -3),
    ("substring", ["valve", 1, 3], "alv"),
    ("substring", ["valve", 3], "ve"),
    ("substring", ["valve", 3, 3], NOTHING),
    ("substring", ["valve", -1, 1], NOTHING),
    ("take", ["abc", 2], "ab"),
    ("take", [[1, 2], 9], [1, 2]),
    ("take", [{}, 1], NOTHING),
    ("take", ["abc", -1], ""),
    ("take", ["abc", None], NOTHING),
    ("toLower", ["ÄB"], "äb"),
    ("toLower", [7], NOTHING),
    ("toUpper", ["äb"], "ÄB"),
    ("trim", ["\t a \n"], "a"),
    ("trim", [None], NOTHING),
    ("true", [], True),
    ("tryGet", [{"a": {"b": 1}}, "a", "b"], 1),
    ("tryGet", [[1, 2], 5], None),
    ("tryGet", [[1, 2], -1], None),
    ("tryGet", ["a", 0], None),
    ("tryIndexFromEnd", [[1, 2], 2], 1),
    ("tryIndexFromEnd", [[1, 2], 3], None),
    ("union", [[1, 2, 2], [True, 2]], [1, 2, True]),
    ("union", [{"a": {"x": 1}, "b": 1}, {"a": {"y": 2}, "b": [2]}], {"a": {"x": 1, "y": 2}, "b": [2]}),
    ("union", [[1], {"a": 1}], NOTHING),
    ("uri", ["https://plant.example/a/b", "c?d=e"], "https://plant.example/a/c?d=e"),
    ("uri", ["https://plant.example", "/c"], "https://plant.example/c"),
    ("uri", ["https://plant.example", 7], NOTHING),
    ("uriComponent", ["a b/ü~"], "a%20b%2F%C3%BC~"),
    ("uriComponentToString", ["a%20b%2F"], "a b/"),
    ("uriComponentToString", ["100%"], NOTHING),
    ("uriComponentToString", ["%ff"], NOTHING),
]  # fmt: skip

ERRORS: list[tuple[str, list[object], str]] = [
    ("createObject", ["a"], "even number"),
    ("dateTimeAdd", ["2024-01-01", "P9999Y"], "beyond the years"),
    ("dateTimeAdd", ["2024-01-01", "P1D", "q"], "'q'"),
    ("format", ["{1}", "a"], "no argument"),
    ("format", ["{0:0." + "0" * 500 + "}", 1.5], "too many digits"),
    ("format", ["{x}", "a"], "unmatched opening"),
    ("format", ["a}", "a"], "unmatched closing"),
    ("format", ["{0,x}", "a"], "no alignment"),
    ("format", ["{0,999999999}", "a"], "too wide"),
    ("indexFromEnd", [[1], 2], "out of bounds"),
    ("range", [0, 10_001], "10000"),
    ("range", [2_147_483_647, 1], "2147483647"),
    ("join", [["x" * 100_000] * 9, ""], "more than"),
    ("split", ["x" * 100_000, ["y" + str(number) for number in range(200)]], "too long"),
]

NAMES: list[tuple[str, list[object], object]] = [
    ("guid", ["a", "b", "c"], "a98fa280-e03f-5afa-8d8e-92d0a9c201e8"),
    ("guid", [1], NOTHING),
    ("uniqueString", ["tcgraph"], "ucinj5cqidt4e"),
    ("uniqueString", [""], "aaaaaaaaaaaaa"),
    ("uniqueString", ["tc", "graph"], "yqvfahpmntdbk"),
    ("uniqueString", ["a", 1], NOTHING),
]


@pytest.mark.parametrize(("name", "arguments", "result"), TABLE)
def test_functions_return_what_is_documented(name: str, arguments: list[object], result: object) -> None:
    found = FUNCTIONS[name.lower()].call(*arguments)
    assert found is result if result is UNDEFINED else same(found, result), found


@pytest.mark.parametrize(("name", "arguments", "message"), ERRORS)
def test_what_no_value_could_suit_is_an_error(name: str, arguments: list[object], message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        FUNCTIONS[name.lower()].call(*arguments)


def test_every_function_has_a_row() -> None:
    assert {row[0].lower() for row in TABLE} == set(FUNCTIONS)
    assert {row[0].lower() for row in NAMES} == set(NAMING)


@pytest.mark.parametrize(("name", "arguments", "result"), NAMES)
def test_names_of_deployments_are_those_of_azure(name: str, arguments: list[object], result: object) -> None:
    assert NAMING[name.lower()].call(*arguments) == result


def test_details_may_name_deployments() -> None:
    asked: list[Mapping[str, object]] = []

    def related(request: Mapping[str, object]) -> list[object]:
        asked.append(request)
        return []

    details = {"type": "Plant.Water/parts", "name": "[concat('part', uniqueString('tcgraph'))]"}
    about = Circumstances(related=related)
    judge({"field": "type", "exists": True}, valve(), effect="auditIfNotExists", details=details, about=about)
    assert [request["name"] for request in asked] == ["partucinj5cqidt4e"]


def test_no_function_is_both_known_and_refused() -> None:
    assert set(REFUSED).isdisjoint({*FUNCTIONS, *CONTEXTUAL})


@pytest.mark.parametrize("name", ["guid", "reference", "resourceId", "nosuch"])
def test_what_policies_cannot_call_is_refused_when_compiled(name: str) -> None:
    with pytest.raises(DefinitionError, match=rf"{name}\(\) cannot be called") as refused:
        policy({"value": f"[{name}('a')]", "equals": 1})
    assert refused.value.field == "/policyRule/if/value"


@pytest.mark.parametrize("expression", ["[name]", "[concat(name)]", "[field('name').tags[name]]"])
def test_a_name_alone_is_refused_when_compiled(expression: str) -> None:
    with pytest.raises(DefinitionError, match="'name' is neither a value nor a call"):
        policy({"value": expression, "equals": 1})


@pytest.mark.parametrize(
    "call", ["first()", "first('a', 'b')", "field()", "parameters('a', 'b')", "utcNow('a', 'b')"]
)
def test_a_wrong_number_of_arguments_is_refused_when_compiled(call: str) -> None:
    with pytest.raises(DefinitionError, match="arguments"):
        policy({"value": f"[{call}]", "equals": 1})


@given(
    st.sampled_from([*FUNCTIONS, *NAMING]),
    st.lists(
        st.sampled_from([math.inf, -math.inf, 1e308, 10**30, -1, 0.5, "", "a", "2024-01-01", "\ud800"])
        | st.sampled_from([None, True, UNDEFINED, [], [1, [2]], {}, {"a": 1}, "10.0.0.0/8", "P1D", "{0:E2}"]),
        max_size=4,
    ),
)
def test_no_function_fails_otherwise_than_by_its_own_error(name: str, arguments: list[object]) -> None:
    function = FUNCTIONS.get(name) or NAMING[name]
    if function.minimum <= len(arguments) <= function.maximum:
        with contextlib.suppress(TemplateError):
            function.call(*arguments)


@given(st.text(max_size=30))
def test_what_is_encoded_is_decoded(text: str) -> None:
    for encode, decode in (
        ("base64", "base64tostring"),
        ("uricomponent", "uricomponenttostring"),
        ("datauri", "datauritostring"),
    ):
        assert FUNCTIONS[decode].call(FUNCTIONS[encode].call(text)) == text
    assert FUNCTIONS["base64"].call(text) == base64.b64encode(text.encode()).decode()


@given(st.integers(-(10**9), 10**9), st.integers(-50, 50).filter(bool))
def test_quotient_and_rest_make_the_dividend(dividend: int, divisor: int) -> None:
    quotient = FUNCTIONS["div"].call(dividend, divisor)
    rest = FUNCTIONS["mod"].call(dividend, divisor)
    assert quotient * divisor + rest == dividend  # type: ignore[operator]  # both are integers
    assert quotient == int(dividend / divisor)


@given(st.text(max_size=12), st.text(max_size=3))
def test_joining_what_was_split_gives_the_text(text: str, delimiter: str) -> None:
    assert FUNCTIONS["join"].call(FUNCTIONS["split"].call(text, delimiter), delimiter or "x") == text


@given(st.lists(st.integers(0, 4) | st.booleans(), max_size=6), st.lists(st.integers(0, 4), max_size=6))
def test_a_union_holds_every_member_once(left: list[object], right: list[object]) -> None:
    union = FUNCTIONS["union"].call(left, right)
    assert isinstance(union, list)
    assert len({json.dumps(member) for member in union}) == len(union)
    assert all(any(same(member, each) for each in union) for member in [*left, *right])


def test_a_missing_field_is_the_empty_text_to_functions_of_text() -> None:
    assert holds({"value": "[toLower(field('kind'))]", "equals": ""}, valve())
    assert holds({"value": "[length(field('kind'))]", "equals": 0}, valve())
