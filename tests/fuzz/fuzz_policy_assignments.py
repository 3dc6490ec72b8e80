"""Assignments: any document is an initiative, an assignment, an exemption or one DefinitionError each."""

import json

from holdfast.policy.language.assignments.parse import parse_assignment, parse_exemption, parse_initiative
from holdfast.policy.language.assignments.resolve import bindings_of, judges
from holdfast.policy.language.documents import read_json
from holdfast.policy.language.errors import DefinitionError


def target(data: bytes) -> None:
    """The bytes are a document, or stand for values inside of one."""
    try:
        document = read_json(data)
    except DefinitionError:
        text = data.decode("latin-1")
        words = [text[start : start + 5] for start in range(0, len(text), 5)]
        keys = (
            "scope",
            "definitionVersion",
            "enforcementMode",
            "notScopes",
            "overrides",
            "resourceSelectors",
        )
        document = {"policyDefinitionId": "x", **dict(zip(keys, words, strict=False))}
        json.dumps(document)
    for parse in (parse_initiative, parse_exemption):
        try:
            parse(document)
        except DefinitionError as error:
            _names_a_place(error)
    try:
        assignment = parse_assignment(document)
        judges(assignment, "/a/b", {"type": "x", "location": "here"})
        list(bindings_of(assignment, parse_initiative(document)))
    except DefinitionError:
        return


def _names_a_place(error: DefinitionError) -> None:
    assert error.field.startswith("/")
