"""The parser's verdicts on the published conformance cases, and on cases of the same form of our own."""

import json
from pathlib import Path

import pytest

from holdfast.devices.dtdl import cases
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from tests.devices.dtdl.samples import PUMP, interface, telemetry
from tests.support.shared import shared

OWN: list[JsonObject] = [
    {"valid": True, "options": [], "input": [PUMP]},
    {
        "valid": False,
        "options": ["DisallowUndefinedExtensions"],
        "input": [interface(telemetry(), extensions=["dtmi:someone:else;1"])],
        "expect": {
            "parsingErrors": [{"ValidationID": "dtmi:dtdl:parsingError:unresolvableContextSpecifier"}]
        },
    },
    {
        "valid": True,
        "options": ["AllowUndefinedExtensions"],
        "input": [interface(telemetry(), extensions=["dtmi:someone:else;1"])],
    },
    {
        "valid": False,
        "options": [],
        "input": [interface(extends="dtmi:plant:Thing;1")],
        "expect": {"unresolvedIdentifiers": ["dtmi:plant:Thing;1"]},
    },
    {
        "valid": True,
        "options": [],
        "quirks": ["TolerateSolecismsInParse"],
        "input": [interface(version=2, extends={"@id": "dtmi:plant:Thing;1"})],
        "resolution": [
            {
                "request": ["dtmi:plant:Thing;1"],
                "response": [interface(version=2, identifier="dtmi:plant:Thing;1")],
            }
        ],
        "expect": {
            "elements": [
                {
                    "id": "dtmi:plant:Pump;1",
                    "type": "Interface",
                    "properties": {"extends": ["dtmi:plant:Thing;1"]},
                }
            ]
        },
    },
]


def case_folders() -> list[Path]:
    return [
        folder
        for name in ("solecisms", "specification", "doc-examples")
        if (folder := shared("dtdl-cases", name))
    ]


def test_our_own_cases_pass() -> None:
    outcomes = cases.run(json.dumps(OWN).encode())
    assert [outcome.failure for outcome in outcomes] == [""] * len(OWN)


def test_published_cases_pass() -> None:
    failures = [
        f"{folder.name}/{path.name}[{outcome.number}]: {outcome.failure}"
        for folder in case_folders()
        for path in sorted(folder.glob("*.json"))
        for outcome in cases.run(path.read_bytes())
        if not outcome.passed
    ]
    assert failures == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"valid": False}, "must be invalid"),
        ({"expect": {"parsingErrors": [{"ValidationID": "dtmi:dtdl:parsingError:badType"}]}}, "must report"),
        ({"expect": {"unresolvedIdentifiers": ["dtmi:a;1"]}}, "must miss"),
        ({"expect": {"elements": [{"id": "dtmi:plant:Pump;2", "type": "Telemetry"}]}}, "another element"),
    ],
)
def test_a_case_that_expects_something_else_fails(change: JsonObject, said: str) -> None:
    (outcome,) = cases.run(json.dumps(OWN[0] | change).encode())
    assert said in outcome.failure


@pytest.mark.parametrize("text", [b"{", b"[1]", b'{"valid":true}', b"[" * 5000])
def test_what_is_no_case_file_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidError):
        cases.run(text)
