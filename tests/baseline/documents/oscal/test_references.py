"""What schema validation does not see is found."""

import json

import pytest

from holdfast.baseline.documents.oscal.references import reference_problems

CATALOG = {
    "catalog": {
        "uuid": "u-1",
        "metadata": {"oscal-version": "1.2.1"},
        "groups": [{"controls": [{"id": "ns-1", "parts": [{"id": "ns-1_smt"}]}, {"id": "ns-2"}]}],
    }
}
RESULTS = {
    "assessment-results": {
        "uuid": "u-2",
        "results": [
            {
                "uuid": "u-3",
                "observations": [{"uuid": "u-4"}],
                "findings": [
                    {
                        "uuid": "u-5",
                        "target": {"target-id": "ns-1_smt"},
                        "related-observations": [{"observation-uuid": "u-4"}],
                    }
                ],
                "reviewed-controls": {"include-controls": [{"control-id": "ns-2"}]},
                "links": [{"href": "#u-4"}],
            }
        ],
    }
}


def problems(*changes: tuple[str, str]) -> list[str]:
    texts = {"catalog": json.dumps(CATALOG), "results": json.dumps(RESULTS)}
    for old, new in changes:
        assert any(old in text for text in texts.values())
        texts = {name: text.replace(old, new, 1) for name, text in texts.items()}
    return list(reference_problems({name: text.encode() for name, text in texts.items()}))


def test_sound_documents_have_no_problems() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            '"u-5"',
            '"u-4"',
            "the uuid u-4 is already used at results/assessment-results/results/0/observations/0/uuid",
        ),
        (
            '"observation-uuid": "u-4"',
            '"observation-uuid": "u-9"',
            "related-observations/0/observation-uuid: u-9 does not",
        ),
        (
            '"ns-2"}]',
            '"ns-1"}]',
            "the control id ns-1 is already used at catalog/catalog/groups/0/controls/0/id",
        ),
        ('"control-id": "ns-2"', '"control-id": "ns-3"', "control-id: ns-3 does not exist"),
        ('"target-id": "ns-1_smt"', '"target-id": "ns-7_smt"', "target-id: ns-7_smt does not exist"),
        ('"#u-4"', '"#u-8"', "href: u-8 does not exist"),
        ('"1.2.1"', '"9.9"', "OSCAL version 9.9 instead of 1.2.1"),
    ],
)
def test_a_fault_is_found_where_it_is(old: str, new: str, expected: str) -> None:
    assert any(expected in found for found in problems((old, new)))
