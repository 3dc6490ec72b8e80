"""Conformance: the published cases where they are there, and own ones of the same form in any case."""

import json
import re
from pathlib import Path

import pytest

from holdfast.policy.cases.files import CaseFileError, read_suite
from holdfast.policy.cases.results import Report, Verdict
from holdfast.policy.cases.suite import deviations, run_cases
from tests.support.shared import shared

CONFORMANCE = Path(__file__).parents[3] / "docs" / "policy-conformance.md"

OWN = {
    "parser_cases/own.yaml": r"""
cases:
  - note: parses
    parse_level: policy_rule
    policy_rule: '{"if": {"field": "type", "equals": "X"}, "then": {"effect": "audit"}}'
  - note: refused
    policy_rule: '{"if": {"allOf": 7}, "then": {"effect": "audit"}}'
    want_parse_error: true
  - note: a definition
    parse_level: policy_definition
    policy_rule: '{"properties": {"displayName": "no rule"}}'
    want_parse_error: true
""",
    "builtin_cases/own.yaml": r"""
builtin: azure.policy.fn.pad_left
cases:
  - {note: value, args: ["7", 3, "0"], want: "007"}
  - {note: nothing, args: [[], 3, "0"], want_undefined: true}
  - {note: "null", builtin: azure.policy.fn.first, args: [[]], want_null: true}
  - {note: error, builtin: azure.policy.fn.range, args: [0, 99999], want_error: "too many"}
  - {note: all, builtin: azure.policy.logic_all, args: [], want: true}
  - {note: division, builtin: azure.policy.fn.int_div, args: [-7, 2], want: -3}
  - {note: parameter, builtin: azure.policy.get_parameter, args: [{a: 1}, {a: 2, b: 3}, b], want: 3}
  - {note: field, builtin: azure.policy.resolve_field, args: [{A: [{B: yes}]}, "a[0].b"], want: "yes"}
""",
    "normalization_cases/own.yaml": r"""
aliases_json: |
  [{"namespace": "Own", "resourceTypes": [{"resourceType": "things", "aliases": [
    {"name": "Own/things/list[*].a", "defaultPath": "properties.list[*].properties.a"}]}]}]
cases:
  - note: there and back
    input: {type: Own/things, properties: {list: [{name: n, properties: {a: 1}}]}}
    expected_normalized: {type: Own/things, list: [{name: n, a: 1}]}
    round_trip: true
  - note: back and there
    input: {type: Own/things, list: [{name: n, a: 1}]}
    expected_denormalized: {type: Own/things, properties: {list: [{name: n, properties: {a: 1}}]}}
    reverse_round_trip: true
  - note: other arrays
    input: {properties: {Rows: [{properties: {B: 1}}]}}
    sub_resource_arrays: [rows]
    resource_type: Own/others
    expected_normalized: {rows: [{b: 1}]}
  - note: envelope
    input: {name: n}
    context: {c: 1}
    expected_envelope: {resource: {name: n}, context: {c: 1}, parameters: {}}
""",
    "policy_cases/own.yaml": r"""
aliases: own_aliases.json
policy_definition: |
  {"parameters": {"effect": {"type": "String", "defaultValue": "Audit"}},
   "policyRule": {"if": {"field": "Own/things/list[*].a", "equals": 1},
                  "then": {"effect": "[parameters('effect')]"}}}
cases:
  - note: fires
    resource: {type: Own/things, properties: {list: [{properties: {a: 1}}]}}
    want_effect: Audit
  - note: does not
    resource: {type: Own/things, properties: {list: [{properties: {a: 2}}]}}
    want_undefined: true
  - note: parameter
    parameters: {effect: Disabled}
    resource: {type: Own/things, properties: {list: []}}
    want_effect: ~
  - note: related
    policy_rule: |
      {"if": {"value": "[resourceGroup().location]", "equals": "eastus"},
       "then": {"effect": "auditIfNotExists", "details": {"type": "Own/things",
                "existenceCondition": {"field": "Own/things/list[*].a", "equals": 1}}}}
    resource: {name: n}
    host_await: [{key: {type: Own/things}, response: {properties: {list: [{properties: {a: 3}}]}}}]
    want_effect: auditIfNotExists
    want_details: {type: Own/things}
  - note: version
    policy_rule: '{"if": {"field": "apiVersion", "less": "2021"}, "then": {"effect": "deny"}}'
    api_version: "2020-01-01"
    resource: {}
    want_effect: deny
  - note: not modifiable
    policy_rule: |
      {"if": {"field": "name", "equals": "n"}, "then": {"effect": "modify", "details":
       {"operations": [{"operation": "remove", "field": "Own/things/list[*].a"}]}}}
    resource: {}
    want_compile_error: true
""",
}
ALIASES = [
    {
        "namespace": "Own",
        "resourceTypes": [
            {
                "resourceType": "things",
                "aliases": [
                    {"name": "Own/things/list[*].a", "defaultPath": "properties.list[*].properties.a"}
                ],
            }
        ],
    }
]


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A folder of cases in the published layout."""
    for name, text in OWN.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "aliases").mkdir()
    (tmp_path / "aliases" / "own_aliases.json").write_text(json.dumps(ALIASES), encoding="utf-8")
    return tmp_path


def failures(report: Report) -> list[str]:
    return [f"{each.file} {each.case}: {each.detail}" for each in report.of(Verdict.FAILED)]


def test_own_cases_pass(suite: Path) -> None:
    report = run_cases([suite])
    assert failures(report) == []
    assert {each.kind for each in report.results} == {"parser", "functions", "normalization", "policy"}
    assert report.ok


PUBLISHED = shared("policy-cases")
FOLDERS = (
    [] if PUBLISHED is None else sorted(path for path in PUBLISHED.iterdir() if any(path.glob("*.yaml")))
)


def test_published_cases_pass() -> None:
    for folder in FOLDERS:
        report = run_cases([folder])
        assert failures(report) == []
        assert len(report.results) > 50


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("builtin_cases/own.yaml", 'want: "007"', 'want: "070"'),
        ("builtin_cases/own.yaml", "want_null: true", "want_undefined: true"),
        ("builtin_cases/own.yaml", "args: [0, 99999]", "args: [0, 9]"),
        ("parser_cases/own.yaml", '{"allOf": 7}', '{"allOf": []}'),
        ("normalization_cases/own.yaml", "list: [{name: n, a: 1}]}", "list: [{name: n, a: true}]}"),
        ("policy_cases/own.yaml", "want_effect: Audit", "want_effect: audit"),
        ("policy_cases/own.yaml", "want_effect: ~", "want_effect: Disabled"),
        ("policy_cases/own.yaml", "want_details: {type: Own/things}", "want_details: {type: x}"),
        ("policy_cases/own.yaml", "{key: {type: Own/things}, response", "{key: {type: Other}, response"),
        ("policy_cases/own.yaml", "want_compile_error: true", "want_undefined: true"),
    ],
)
def test_a_wrong_expectation_is_noticed(suite: Path, name: str, old: str, new: str) -> None:
    path = suite / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert (len(failures(run_cases([path]))) == 1) is (old != "{key: {type: Own/things}, response")


def test_an_unanswered_lookup_finds_nothing(suite: Path) -> None:
    path = suite / "policy_cases" / "own.yaml"
    text = (
        path.read_text(encoding="utf-8")
        .replace("a: 3", "a: 1")
        .replace("want_effect: auditIfNotExists", "want_undefined: true")
    )
    path.write_text(text.replace("    want_details: {type: Own/things}\n", ""), encoding="utf-8")
    assert failures(run_cases([path])) == []


@pytest.mark.parametrize(
    "text", ["", "7", "a: [", "cases: 7", "cases: [7]", "cases: []\nx: !!python/object:os.system {}"]
)
def test_a_file_that_is_no_suite_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CaseFileError):
        run_cases([path])


def test_a_stray_file_in_a_folder_fails_without_hiding_the_others(suite: Path) -> None:
    (suite / "parser_cases" / "a_stray.yaml").write_text("name: not a suite", encoding="utf-8")
    report = run_cases([suite])
    assert len(failures(report)) == 1
    assert report.number(Verdict.PASSED) > 10


def test_yaml_is_read_without_surprises(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "cases:\n  - {a: yes, b: 2024-01-01, c: 010, d: 1:30, e: 1e3, f: ~, g: off}", encoding="utf-8"
    )
    assert read_suite(path).cases == (
        {"a": "yes", "b": "2024-01-01", "c": 10, "d": "1:30", "e": 1000.0, "f": None, "g": "off"},
    )


def test_aliases_that_blow_up_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    path = tmp_path / "x.yaml"
    path.write_text("\n".join([*lines, "cases: []"]), encoding="utf-8")
    with pytest.raises(CaseFileError, match="more than"):
        read_suite(path)


def test_nothing_to_run_is_not_a_success(tmp_path: Path) -> None:
    assert not run_cases([tmp_path]).ok
    with pytest.raises(CaseFileError):
        run_cases([tmp_path / "none"])


def test_deviations_are_the_ones_that_the_page_explains() -> None:
    page = CONFORMANCE.read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([^`]+#[^`]+)` \|", page, re.MULTILINE))
    assert listed == set(deviations())
