import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from holdfast.cli.policy import app

DEFINITION = {
    "properties": {
        "displayName": "Doors are shut",
        "mode": "All",
        "metadata": {"version": "1.0.0", "category": "Doors"},
        "parameters": {
            "effect": {"type": "String", "defaultValue": "Modify", "allowedValues": ["Modify", "Disabled"]}
        },
        "policyRule": {
            "if": {
                "allOf": [
                    {"field": "type", "equals": "House.Parts/doors"},
                    {"field": "House.Parts/doors/state", "notEquals": "shut"},
                ]
            },
            "then": {
                "effect": "[parameters('effect')]",
                "details": {
                    "roleDefinitionIds": ["r"],
                    "operations": [
                        {
                            "condition": "[greater(requestContext().apiVersion, '2021-06-01')]",
                            "operation": "addOrReplace",
                            "field": "House.Parts/doors/state",
                            "value": "shut",
                        }
                    ],
                },
            },
        },
    }
}
CASES = """
builtin: azure.policy.fn.add
cases:
  - {note: right, args: [1, 2], want: 3}
  - {note: wrong, args: [1, 2], want: 4}
"""


def door(name: str, state: str) -> dict[str, object]:
    return {"type": "House.Parts/doors", "name": name, "properties": {"state": state}}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a definition, resources and cases."""
    for name, document in (
        ("d.json", DEFINITION),
        ("r.json", door("front", "open")),
        ("rs.json", [door("front", "open"), door("back", "shut")]),
        ("p.json", {"effect": {"value": "Disabled"}}),
        ("bad.json", {"effect": "Explode", "colour": 1}),
    ):
        (tmp_path / name).write_text(json.dumps(document))
    (tmp_path / "c.yaml").write_text(CASES)
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_evaluate_says_what_and_why(files: Path) -> None:
    result = run("evaluate", "--definition", files / "d.json", "--resource", files / "r.json")
    assert result.exit_code == 0, result.output
    assert "NonCompliant" in result.output
    assert "notEquals 'shut'" in result.output
    assert "'open' → 'shut'" in result.output


def test_evaluate_answers_scripts_in_json(files: Path) -> None:
    result = run("evaluate", "-d", files / "d.json", "-r", files / "rs.json", "--json")
    front, back = json.loads(result.stdout)
    assert (front["compliance"], front["effect"], front["changes"][0]["after"]) == (
        "NonCompliant",
        "Modify",
        "shut",
    )
    assert front["reason"]["children"][1]["expressionValue"] == "open"
    assert (back["compliance"], back["effect"], back["changes"]) == ("Compliant", None, [])


def test_the_newest_api_version_is_asked_with_unless_one_is_said(files: Path) -> None:
    asked = "evaluate", "-d", files / "d.json", "-r", files / "r.json", "--json"
    newest, old = run(*asked), run(*asked, "--api-version", "2021-01-01")
    assert [len(json.loads(each.stdout)["changes"]) for each in (newest, old)] == [1, 0]


def test_parameters_are_used_and_checked(files: Path) -> None:
    disabled = run(
        "evaluate", "-d", files / "d.json", "-r", files / "r.json", "-p", files / "p.json", "--json"
    )
    assert json.loads(disabled.stdout)["compliance"] == "NotApplicable"
    refused = run("evaluate", "-d", files / "d.json", "-r", files / "r.json", "-p", files / "bad.json")
    assert "none of the allowed ones" in str(refused.exception)
    assert "no parameter 'colour'" in str(refused.exception)


def test_lint_ends_with_1_when_a_definition_would_be_refused(files: Path) -> None:
    fine = run("lint", files / "d.json", "--json")
    assert fine.exit_code == 0
    findings = json.loads(fine.stdout)[str(files / "d.json")]
    assert {finding["severity"] for finding in findings} == {"warning"}
    (files / "x.json").write_text(json.dumps({"policyRule": {"if": {}, "then": {"effect": "audit"}}}))
    refused = run("lint", files / "x.json")
    assert refused.exit_code == 1
    assert "/policyRule/if" in refused.output


def test_import_tells_what_it_took_over(files: Path) -> None:
    result = run("import", files, "--library", files / "library")
    assert result.exit_code == 0, result.output
    assert "1 definitions and 0 initiatives" in result.output
    again = run("import", files / "library", "--library", files / "other", "--json")
    assert [each["name"] for each in json.loads(again.stdout)] == ["d"]


def test_cases_count_and_exit(files: Path) -> None:
    result = run("cases", files / "c.yaml", "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (report["passed"], report["failed"], report["deviating"]) == (1, 1, 0)
    assert report["cases"][1]["detail"] == "wanted 4, got 3"
    assert "FAILED" in run("cases", files / "c.yaml").output
    (files / "c.yaml").write_text(CASES.replace("want: 4", "want: 3"))
    assert run("cases", files).exit_code == 0


def test_aliases_lists_types_and_filters_them() -> None:
    everything = json.loads(run("aliases", "--json").stdout)
    assert all({"name", "resourceType", "path"} <= set(each) for each in everything)
    assert json.loads(run("aliases", "nosuchtype", "--json").stdout) == []
